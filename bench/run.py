"""The same protocols in this tool, in SPIN, TLC and C, interleaved: python bench/run.py [--sizes 1e5 1e6] [--rounds 3]

Every round runs every tool once on a protocol, so that what else the machine does falls on all of them; medians are
compared. There is a pause before every search, so that all of them find memory in the same state. Counts that differ
end the run with exit code 1. TLC takes part where TLC_JAR names its jar, once unless --slow-rounds says more. With
--keep FILE, each run is appended to FILE as it ends, and those of the same commit that are there already count: a
measurement that was stopped goes on. With --write, what was measured becomes RESULTS.md, or a file of the given name.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import tools
from protocols import HERE, PROTOCOLS, Protocol, Size
from report import BASE, Results, table, targets
from tools import TOOLS, Run, Tool

sys.path.insert(0, str(HERE.parent))

from modelcheck import backends, checker  # noqa: E402

ABOUT = """
One action is one step in every tool, and only the protocol's variables are stored: distinct states and transitions are
equal, and checked in every run, but for SPIN with reduction and for -DBFS_PAR, which stores hashes.

- modelcheck: the whole command is `modelcheck check --property INVARIANT --no-deadlock`; search and bytes are those of
  `bench/measure.py`, a process of its own that does the same. It checks the invariant, the others check nothing. Its
  search holds everything from the first state to the last but loading the compiler and compiling the spec; its bytes
  are those above the started process.
- SPIN: -O2 -DSAFETY, a hash table of the right size, deadlocks not looked for. The whole command holds `spin -a` and
  gcc, and the search is all of `pan`. -DBFS_PAR runs on two cores.
- TLC: one worker, Java's default heap; its bytes are those of the whole process.
- C: `bench/c/search.c`, breadth first with parents. The whole command holds gcc.
- Before every search nothing runs for some seconds: a host of virtual machines takes memory back two seconds after it
  was freed, and gives it slowly, so that otherwise the order of the runs decides, by up to a second.
"""


@dataclass(slots=True)
class Journal:
    """The runs so far. path: where each is kept as a line of JSON, if anywhere."""

    commit: str
    path: Path | None
    runs: dict[tuple[str, str, str], list[Run]] = field(default_factory=lambda: defaultdict(list))
    loads: list[float] = field(default_factory=list)

    def read(self) -> None:
        if self.path is None or not self.path.exists():
            return
        for line in self.path.read_text().splitlines():
            entry = json.loads(line)
            if entry["commit"] == self.commit:
                self._add(tuple(entry["key"]), Run(**entry["run"]), entry["load"])

    def add(self, key: tuple[str, str, str], run: Run, load: float) -> None:
        self._add(key, run, load)
        if self.path is not None:
            with open(self.path, "a") as out:
                out.write(json.dumps({"commit": self.commit, "key": key, "run": asdict(run), "load": load}) + "\n")

    def _add(self, key: tuple[str, str, str], run: Run, load: float) -> None:
        self.runs[key].append(run)
        self.loads.append(load)


def agrees(run: Run, size: Size) -> bool:
    """SPIN prints eight digits of a count."""
    pairs = (run.distinct, size.distinct), (run.transitions, size.generated - 1)
    return all(abs(got - wanted) <= (wanted * 1e-7 if wanted >= 10**8 else 0) for got, wanted in pairs)


def measure(journal: Journal, protocol: Protocol, name: str, tool: Tool) -> None:
    """One run, into the journal. A tool that fails is told of and left out; exits where a count is wrong."""
    size, load = protocol.sizes[name], os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = tool.run(protocol, size, Path(folder))
        except RuntimeError as error:
            if tool.name.startswith(BASE):
                sys.exit(str(error))
            print(f"{tool.name}, {protocol.name} {size.macros} did not run: {error}", file=sys.stderr, flush=True)
            return
    if run.exact and not agrees(run, size):
        sys.exit(
            f"{tool.name}, {protocol.name} {size.macros}: {run.distinct} states and {run.transitions} "
            f"transitions, not {size.distinct} and {size.generated - 1}"
        )
    journal.add((protocol.name, name, tool.name), run, load)


def words(protocol: Protocol, size: Size) -> int:
    """How many 64-bit words a state of ours has."""
    return backends.build("python", checker.compiled(str(protocol.spec), None, dict(size.constants))).width


def commit() -> str:
    """The commit, marked where anything else than the results differs from it."""

    def told(*command: str) -> str:
        return subprocess.run(["git", "-C", str(HERE), *command], capture_output=True, text=True).stdout.strip()

    changed = told("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)bench/*.md")
    return (told("rev-parse", "--short", "HEAD") or "unknown") + ("-dirty" if changed else "")


def machine() -> str:
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        models = [x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")]
        processor = models[0].split(":")[1].strip() if models else processor
    return f"{date.today()}, {processor}, {os.cpu_count()} cores, Python {platform.python_version()}"


def head(journal: Journal) -> list[str]:
    """The commit, the machine and what else it did."""
    return [
        "# Results\n",
        "Written by `bench/run.py --write`.\n",
        f"Commit {journal.commit}, {machine()}. Medians of interleaved rounds, whose number is in the tables. Load "
        f"average of the last minute before a run: {statistics.median(journal.loads):.1f} in the middle, "
        f"{max(journal.loads):.1f} at most (the measurement itself makes about 1).",
        ABOUT.rstrip(),
    ]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    protocols, names = [p.name for p in PROTOCOLS], [t.name for t in TOOLS]
    parser.add_argument("--protocols", nargs="*", choices=protocols, default=protocols)
    parser.add_argument("--sizes", nargs="*", choices=["1e5", "1e6", "1e7"], default=["1e5", "1e6"])
    parser.add_argument("--tools", nargs="*", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rounds", type=int, default=1, help="of TLC")
    parser.add_argument("--settle", type=float, default=3.0, metavar="SECONDS", help="pause before every search")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="append each run, and go on from those there")
    parser.add_argument("--write", nargs="?", const="RESULTS.md", metavar="NAME", help="write bench/NAME (RESULTS.md)")
    return parser.parse_args()


def rounds(journal: Journal, protocol: Protocol, name: str, options: argparse.Namespace) -> None:
    for done in range(options.rounds):
        for tool in TOOLS:
            wanted = min(options.rounds, options.slow_rounds) if tool.slow else options.rounds
            so_far = len(journal.runs[protocol.name, name, tool.name])
            if tool.present and tool.name in {BASE, *options.tools} and so_far < min(wanted, done + 1):
                measure(journal, protocol, name, tool)


def main() -> None:
    options = arguments()
    tools.SETTLE = options.settle
    journal = Journal(commit(), options.keep)
    journal.read()
    results = Results(journal.runs, {})
    names = [tool.name for tool in TOOLS]
    for protocol in (p for p in PROTOCOLS if p.name in options.protocols):
        for name in (n for n in protocol.sizes if n in options.sizes):
            rounds(journal, protocol, name, options)
            print("\n".join(table(results, protocol, name, names)), flush=True)
    measured = [(p, n) for p in PROTOCOLS for n in p.sizes if journal.runs.get((p.name, n, BASE))]
    for protocol, name in measured:  # those that were kept too
        results.words[protocol.name, name] = words(protocol, protocol.sizes[name])
    summary = head(journal) + targets(results)
    print("\n".join(["", *summary]), flush=True)
    if options.write:
        tables = [line for protocol, name in measured for line in table(results, protocol, name, names)]
        (HERE / options.write).write_text("\n".join([*summary, "\n## Measurements", *tables]) + "\n")


if __name__ == "__main__":
    main()
