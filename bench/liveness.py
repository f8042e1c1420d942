"""What a temporal property costs beyond the plain search: python bench/liveness.py [--sizes 1e5 1e6] [--rounds 3]

Each protocol gets weak fairness on every action and a property that holds of it, so that the whole graph is looked at.
Each run is a process of its own: the invariants alone, then the invariants and the property. Time is that of the check,
imports and compilation of native code included; memory is the peak of the process. Bytes beyond the plain search are
shared out as the budget of 6 bytes per transition and 16 bytes per state: a figure of 1.00 uses all of it.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from modelcheck import checker  # noqa: E402
from modelcheck.exploring import Options  # noqa: E402

PER_TRANSITION, PER_STATE, TIMES = 6, 16, 3.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A protocol, and a class to be appended to its text that adds the property."""

    spec: Path
    base: str
    property: str
    sizes: dict[str, dict[str, int]]

    def text(self) -> str:
        return (
            f"{self.spec.read_text()}\n\n"
            f"from modelcheck import eventually, infinitely_often, leads_to, temporal\n\n\n"
            f"class Live({self.base}):\n    @temporal\n    def live(self):\n        return {self.property}\n"
        )


SUBJECTS = {
    "two_phase_commit": Subject(
        HERE.parent / "specs" / "two_phase_commit.py", "TwoPhaseCommit",
        'eventually(all(self.rm[m] == "committed" or self.rm[m] == "aborted" for m in RM))',
        {"1e5": {"managers": 7}, "1e6": {"managers": 8}},
    ),
    "dining_philosophers": Subject(
        HERE / "specs" / "dining_philosophers.py", "DiningPhilosophers",
        'leads_to(self.phase[0] == "hungry", any(self.phase[s] == "eating" for s in Seat))',
        {"1e5": {"philosophers": 8}, "1e6": {"philosophers": 10}},
    ),
    "ewd840": Subject(
        HERE / "specs" / "ewd840.py", "TerminationDetection",
        'leads_to(all(not self.active[n] for n in Node), '
        'self.token_at == 0 and self.token == "white" and self.color[0] == "white")',
        {"1e5": {"nodes": 7}, "1e6": {"nodes": 8}},
    ),
    "lost_kick": Subject(
        HERE / "specs" / "lost_kick.py", "LostKick",
        'leads_to(at(self.vcpu[0], "look"), at(self.vcpu[0], "pick"))',
        {"1e5": {"vcpus": 3, "queues": 2}, "1e6": {"vcpus": 4, "queues": 2}},
    ),
}  # fmt: skip


# --- one run ----------------------------------------------------------------------------------------------------------


def one(name: str, size: str, temporal: bool) -> dict[str, Any]:
    """A check in this process."""
    subject = SUBJECTS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "live.py"
        path.write_text(subject.text())
        model = checker.compiled(path, "Live", subject.sizes[size])
    model = replace(model, actions=tuple(replace(a, fairness="weak") for a in model.actions))
    kinds = ("invariant", "temporal") if temporal else ("invariant",)
    asked = tuple(p.name for p in model.properties if p.kind in kinds)
    started = time.perf_counter()
    result = checker.check_model(model, Options(properties=asked, deadlock=False))
    seconds = time.perf_counter() - started
    assert result.verdict == "holds" and result.exploration is not None, result
    return {
        "seconds": seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "distinct": result.exploration.distinct,
        "changing": int(result.exploration.changed.sum()),
        "generated": result.exploration.generated,
    }


# --- all of them ------------------------------------------------------------------------------------------------------


def run(name: str, size: str, temporal: bool) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", name, size, "live" if temporal else "plain"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def row(name: str, size: str, rounds: int) -> tuple[str, bool]:
    """One line of the table, and whether it is within the budget."""
    runs = [(run(name, size, False), run(name, size, True)) for _ in range(rounds)]
    plain, live = ([r[i] for r in runs] for i in range(2))

    def median(of: list[dict[str, Any]], what: str) -> float:
        return statistics.median(r[what] for r in of)

    seconds = median(plain, "seconds"), median(live, "seconds")
    more = median(live, "peak") - median(plain, "peak")
    states, transitions = plain[0]["distinct"], plain[0]["changing"]
    budget = PER_TRANSITION * transitions + PER_STATE * states
    ratio, used = seconds[1] / seconds[0], more / budget
    line = (
        f"| {name} | {states:,} | {transitions:,} | {seconds[0]:.2f} | {seconds[1]:.2f} | {ratio:.2f} "
        f"| {more / 1e6:.0f} | {budget / 1e6:.0f} | {used:.2f} |"
    )
    return line, ratio <= TIMES and used <= 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=3, metavar=("PROTOCOL", "SIZE", "plain|live"), help=argparse.SUPPRESS)
    parser.add_argument("--protocols", nargs="*", choices=list(SUBJECTS), default=list(SUBJECTS))
    parser.add_argument("--sizes", nargs="*", choices=["1e5", "1e6"], default=["1e6"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.one:
        name, size, what = options.one
        print(json.dumps(one(name, size, what == "live")))
        return
    columns = "protocol", "states", "changing transitions", "plain, s", "with the property, s", "ratio", "more MB"
    print(f"| {' | '.join((*columns, 'budget MB', 'used'))} |\n{'|---' * 9}|")
    within = True
    for size in options.sizes:
        for name in options.protocols:
            line, met = row(name, size, options.rounds)
            within &= met
            print(line, flush=True)
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
