"""The same protocols in this tool, in SPIN and in C, interleaved: python bench/run.py [--sizes 1e5 1e6] [--rounds 3]

Every round runs every tool once on a protocol, so that what else the machine does falls on all of them; medians are
compared. Counts that differ end the run with exit code 1. With --write, the tables are put into bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from protocols import HERE, PROTOCOLS, Protocol, Size
from tools import TOOLS, Run, Tool

BASE = "modelcheck"  # whose time the ratios are of


def agrees(run: Run, size: Size) -> bool:
    """SPIN prints eight digits of a count."""
    pairs = (run.distinct, size.distinct), (run.transitions, size.generated - 1)
    return all(abs(got - wanted) <= (wanted * 1e-7 if wanted >= 10**8 else 0) for got, wanted in pairs)


def measured(protocol: Protocol, size: Size, tools: list[Tool], rounds: int) -> dict[str, list[Run]]:
    """The runs of each tool. Exits where a count is wrong."""
    runs: dict[str, list[Run]] = {tool.name: [] for tool in tools}
    for _ in range(rounds):
        for tool in tools:
            with tempfile.TemporaryDirectory() as folder:
                run = tool.run(protocol, size, Path(folder))
            if run.exact and not agrees(run, size):
                sys.exit(
                    f"{tool.name}, {protocol.name} {size.macros}: {run.distinct} states and {run.transitions} "
                    f"transitions, not {size.distinct} and {size.generated - 1}"
                )
            runs[tool.name].append(run)
    return runs


def table(protocol: Protocol, name: str, size: Size, runs: dict[str, list[Run]]) -> list[str]:
    """One row for each tool, medians. Ratios: how many times as long as this tool took."""
    constants = ", ".join(f"{value} {constant}" for constant, value in size.constants.items())
    lines = [
        f"\n### {protocol.name}, {constants}: {size.distinct:,} states, {size.generated:,} generated (about {name})\n",
        "| tool | whole command, s | search, s | whole / ours | search / ours | states/s | bytes/state |",
        "|---|---|---|---|---|---|---|",
    ]

    def median(tool: str, what: str) -> float:
        return statistics.median(getattr(run, what) for run in runs[tool])

    for tool, of_tool in runs.items():
        whole, search = median(tool, "whole"), median(tool, "search")
        lines.append(
            f"| {tool} | {whole:.2f} | {search:.2f} | {whole / median(BASE, 'whole'):.2f} "
            f"| {search / median(BASE, 'search'):.2f} | {of_tool[0].distinct / search:,.0f} "
            f"| {median(tool, 'bytes') / of_tool[0].distinct:.0f} |"
        )
    return lines


def head(rounds: int) -> list[str]:
    """The commit and the machine."""
    commit = subprocess.run(
        ["git", "-C", str(HERE), "describe", "--always", "--dirty"], capture_output=True, text=True
    ).stdout.strip()  # fmt: skip
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        models = [x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")]
        processor = models[0].split(":")[1].strip() if models else processor
    load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
    return [
        "# Results\n",
        f"Commit {commit}, {date.today()}, {processor}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"medians of {rounds}, interleaved; load average before the first run {load}. See `bench/run.py`.",
        "\nModelcheck checks the invariants as well; its bytes are those above the started process. "
        "SPIN's whole command holds `spin -a` and gcc, C's holds gcc.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--protocols", nargs="*", choices=[p.name for p in PROTOCOLS], default=[p.name for p in PROTOCOLS]
    )
    parser.add_argument("--sizes", nargs="*", choices=["1e5", "1e6", "1e7"], default=["1e5", "1e6"])
    parser.add_argument("--tools", nargs="*", choices=[t.name for t in TOOLS], default=[t.name for t in TOOLS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the tables into bench/RESULTS.md")
    options = parser.parse_args()
    lines = head(options.rounds)
    print("\n".join(lines), flush=True)
    for protocol in PROTOCOLS:
        tools = [t for t in TOOLS if t.present and t.takes(protocol) and t.name in {BASE, *options.tools}]
        for name, size in protocol.sizes.items():
            if protocol.name in options.protocols and name in options.sizes:
                rows = table(protocol, name, size, measured(protocol, size, tools, options.rounds))
                print("\n".join(rows), flush=True)
                lines += rows
    if options.write:
        (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
