"""Timed models against TChecker: python bench/timed.py [--tck PATH] [--rounds 3] [MODEL...]

Where `tck-reach` is installed (or named), each model is written in its notation too, and both explore the whole zone
graph: breadth-first, Extra_LU+ by location, full covering. Counts that differ end the run. Time is that of the search
alone: TChecker's RUNNING_TIME_SECONDS, ours between the built discrete system and the end of the search, without
loading numba ("once": the first search of a process, everything included). Of the rounds the median is shown, memory is
the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from modelcheck import backends  # noqa: E402
from modelcheck.ir.types import ArrayType, IntType, cardinality  # noqa: E402
from modelcheck.timed.checking import Options, explore  # noqa: E402
from tests.timed import published  # noqa: E402
from tests.timed.networks import Network  # noqa: E402

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


def in_tchecker(text: str) -> str:
    """The network in TChecker's notation."""
    net = Network(text)
    lines = ["system:network", *(f"clock:1:{c}" for c in net.clocks)]
    for (name, decl), start in zip(net.ints.items(), net.initial):
        size, of = 1, decl.type
        if isinstance(of, ArrayType):
            size, of = cardinality(of.index), of.of
        assert isinstance(of, IntType)
        lines.append(f"int:{size}:{of.lo}:{of.hi}:{start}:{name}")
    events = dict.fromkeys(e.event for p in net.processes for e in p.edges)
    lines += [f"event:{e}" for e in events]
    for p in net.processes:
        lines.append(f"process:{p.name}")
        for i, x in enumerate(p.locations):
            marks = [
                m for m, holds in (("initial:", not i), ("committed:", x.committed), ("urgent:", x.urgent)) if holds
            ]
            marks += [f"invariant: {_joined(x.invariant)}"] if x.invariant else []
            lines.append(f"location:{p.name}:{x.name}{{{' : '.join(marks)}}}")
        for e in p.edges:
            source, target = (p.locations[i].name for i in (e.source, e.target))
            parts = [f"provided: {_joined(e.guard)}"] if e.guard else []
            parts += [f"do: {e.do}"] if e.do else []
            lines.append(f"edge:{p.name}:{source}:{target}:{e.event}{{{' : '.join(parts)}}}")
    lines += ["sync:" + ":".join(f"{p}@{e}" for p, e in sync) for sync in net.syncs]
    return "\n".join(lines) + "\n"


def _joined(text: str) -> str:
    return text.replace(" and ", " && ")


def theirs(tck: str, name: str, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tck"
        file.write_text(in_tchecker(MODELS[name]()))
        told = []
        for _ in range(rounds):
            run = subprocess.run(
                [tck, "-a", "covreach", "-s", "bfs", str(file)], capture_output=True, text=True, check=True
            )
            told.append(dict(re.findall(r"^(\w+) (\S+)$", run.stdout, re.M)))
    counts = [int(told[0][key]) for key in ("VISITED_STATES", "VISITED_TRANSITIONS", "STORED_STATES")]
    seconds = statistics.median(float(t["RUNNING_TIME_SECONDS"]) for t in told)
    return {"seconds": seconds, "counts": counts, "mb": int(told[0]["MEMORY_MAX_RSS"]) // 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", choices=[[], *MODELS], default=[])
    parser.add_argument("--tck", default=shutil.which("tck-reach"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone")
    given = parser.parse_args()
    if given.alone:
        return alone(given.alone, given.rounds)
    heads = ("visited", 8), ("steps", 8), ("stored", 8), ("ours s", 8), ("once s", 7), ("MB", 5), ("TChecker s", 11)
    print(f"{'model':14}", *(f"{head:>{width}}" for head, width in (*heads, ("MB", 5))))
    for name in given.models or MODELS:
        us = ours(name, given.rounds)
        them = theirs(given.tck, name, given.rounds) if given.tck else None
        if them and them["counts"] != us["counts"]:
            sys.exit(f"{name}: ours {us['counts']}, TChecker {them['counts']}")
        row = [*(f"{count:8}" for count in us["counts"]), f"{us['seconds']:8.3f} {us['once']:7.2f} {us['mb']:5}"]
        row += [f"{them['seconds']:11.3f} {them['mb']:5}"] if them else []
        print(f"{name:14}", *row)


if __name__ == "__main__":
    main()
