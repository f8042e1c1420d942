"""How fast native code expands states, the search left out: `python bench/native.py [specs/a.py name=value ...]`.

All states of the spec are found first, then expanded in blocks, over and over. Printed for each spec: the seconds to
generate and to compile its code (with nothing cached) and to load it again, and millions of transitions per second,
into the output arrays alone (`kernel`) and through the interface of the searches (`system`).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

from modelcheck import passes
from modelcheck.backends import llvm
from modelcheck.backends.llvm.generate import generate
from modelcheck.backends.llvm.system import NativeSystem, Output
from modelcheck.frontends import load
from modelcheck.ir.nodes import Model
from modelcheck.machinecode import cache
from modelcheck.search.bfs import search
from modelcheck.search.exploration import Goal, Limits
from modelcheck.system import States

SPECS = Path(__file__).resolve().parent.parent / "specs"
DEFAULT = [
    ("two_phase_commit.py", {"managers": "7"}), ("dining_philosophers.py", {"philosophers": "8"}),
    ("ewd840.py", {"nodes": "5"}), ("bakery.py", {"processes": "3"}), ("deassign.py", {"vcpus": "2", "queues": "2"}),
    ("peterson.py", {}), ("die_hard.py", {}),
]  # fmt: skip
BLOCK, CAPACITY, AT_LEAST_S = 1024, 1 << 17, 0.5


def built(model: Model) -> tuple[NativeSystem, list[float]]:
    """The system and the seconds of generating, of building with nothing cached, of building again."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder, patch.object(cache, "directory", lambda: Path(folder)):
        for make in (generate, llvm.build, llvm.build):
            start = time.perf_counter()
            system = make(model)
            seconds.append(time.perf_counter() - start)
    assert isinstance(system, NativeSystem)
    return system, seconds


def kernel(system: NativeSystem, states: States, out: Output) -> int:
    """Expands all rows into the same arrays; gives the number of transitions."""
    call, total = system.native["expand"], 0
    others = [a.ctypes.data for a in (out.targets, out.sources, out.actions)]
    rest = [a.ctypes.data for a in (out.faults, out.coverage, out.counts)]
    for i in range(0, len(states), BLOCK):
        block = states[i : i + BLOCK]
        done = call(block.ctypes.data, len(block), CAPACITY, *others, CAPACITY, *rest)
        assert done == len(block), "the block has too many successors"
        total += int(out.counts[0])
    return total


def through_system(system: NativeSystem, states: States, out: Output | None = None) -> int:
    return sum(len(system.successors(states[i : i + BLOCK]).source) for i in range(0, len(states), BLOCK))


def rate(run, system: NativeSystem, states: States) -> float:
    """Millions of transitions per second, the best of several rounds."""
    best, spent = 0.0, 0.0
    out = Output.of(CAPACITY, system.width, system.guards)
    while spent < AT_LEAST_S:
        start = time.perf_counter()
        count = run(system, states, out)
        seconds = time.perf_counter() - start
        best, spent = max(best, count / seconds / 1e6), spent + seconds
    return best


def report(path: Path, constants: dict[str, str]) -> None:
    model = passes.compile(load(path), None, constants)
    system, (generating, compiling, loading) = built(model)
    found = search(system, Goal(deadlock=False), limits=Limits(states=400_000), thorough=True)
    states = np.ascontiguousarray(found.states)
    count = through_system(system, states)
    name = " ".join([path.stem, *(f"{k}={v}" for k, v in constants.items())])
    print(
        f"{name:32} {system.width} words {len(states):9,} states {count:11,} transitions   "
        f"generate {generating:.3f} s   build {compiling:.3f} s   cached {loading:.3f} s   "
        f"kernel {rate(kernel, system, states):6.1f} M/s   system {rate(through_system, system, states):6.1f} M/s",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    if not arguments:
        for name, constants in DEFAULT:
            report(SPECS / name, constants)
        return
    report(Path(arguments[0]), dict(a.split("=", 1) for a in arguments[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
