"""Timed models against TChecker: python bench/timed.py [--tck PATH] [--rounds 3] [--write] [MODEL...]

Where `tck-reach` is installed (or named), each model is written in its notation too. Counts that differ end the run.
With --write, what was measured becomes TIMED.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from run import commit, machine  # noqa: E402

from modelcheck import backends  # noqa: E402
from modelcheck.timed.checking import Options, explore  # noqa: E402
from tests.timed import published, tchecker  # noqa: E402
from tests.timed.networks import Network  # noqa: E402

ABOUT = """

Both explore the whole zone graph: breadth-first, Extra_LU+ by location, full covering; their counts are equal. Time is
that of the search alone: TChecker's RUNNING_TIME_SECONDS, ours between the built discrete system and the end of the
search, without loading numba. "once" is the first search of a process, everything included; on a new installation
the first of all compiles the kernels too. The ratio is TChecker's time over ours. Memory is the peak of the process.
"""
HEADS = "model", "visited", "transitions", "stored", "ours, s", "once, s", "MB", "TChecker, s", "MB", "ratio"
MODELS = {
    "fischer 7": lambda: published.fischer(7),
    "fischer 8": lambda: published.fischer(8),
    "csmacd 7": lambda: published.csmacd(7),
    "train gate 5": lambda: published.train_gate(5),
}


def explored(text: str) -> tuple[float, list[int]]:
    """Seconds; visited, transitions, stored."""
    model = Network(text).model()
    system = backends.build("llvm", model)
    started = time.perf_counter()
    seen = explore(model, system, Options(thorough=True))
    return time.perf_counter() - started, [seen.visited, seen.transitions, seen.stored]


def ours(name: str, rounds: int) -> dict[str, Any]:
    """In a process of its own."""
    command = [sys.executable, __file__, "--alone", name, "--rounds", str(rounds)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def alone(name: str, rounds: int) -> None:
    once, counts = explored(MODELS[name]())
    seconds = [explored(MODELS[name]())[0] for _ in range(rounds)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"once": once, "seconds": statistics.median(seconds), "counts": counts, "mb": peak // 1024}))


def theirs(tck: str, name: str, rounds: int) -> dict[str, Any]:
    text = tchecker.written(Network(MODELS[name]()))
    told = [answer for _ in range(rounds) if (answer := tchecker.ask(tck, text))]
    seconds, first = statistics.median(t.seconds for t in told), told[0]
    counts = [first.visited, first.transitions, first.stored]
    return {"seconds": seconds, "counts": counts, "mb": first.bytes >> 20}


def measured(name: str, tck: str | None, rounds: int) -> list[str]:
    """A row of the table. Exits where counts differ."""
    us = ours(name, rounds)
    them = theirs(tck, name, rounds) if tck else None
    if them and them["counts"] != us["counts"]:
        sys.exit(f"{name}: ours {us['counts']}, TChecker {them['counts']}")
    row = [name, *map(str, us["counts"]), f"{us['seconds']:.3f}", f"{us['once']:.2f}", str(us["mb"])]
    if them:
        row += [f"{them['seconds']:.3f}", str(them["mb"]), f"{them['seconds'] / us['seconds']:.2f}"]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", choices=[[], *MODELS], default=[])
    parser.add_argument("--tck", default=shutil.which("tck-reach"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write bench/TIMED.md")
    parser.add_argument("--alone")
    given = parser.parse_args()
    if given.alone:
        return alone(given.alone, given.rounds)
    heads = HEADS if given.tck else HEADS[:7]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    print("\n".join(lines), flush=True)
    for name in given.models or MODELS:
        lines.append(f"| {' | '.join(measured(name, given.tck, given.rounds))} |")
        print(lines[-1], flush=True)
    if given.write:
        about = f"Commit {commit()}, {machine()}. Medians of {given.rounds} rounds."
        text = "\n".join(["# Timed models\n", "Written by `bench/timed.py --write`.\n", about + ABOUT, *lines])
        (HERE / "TIMED.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
