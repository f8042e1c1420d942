"""z3 asked again, about everything that zones have decided: which steps are possible, which zones cover which, and
whether a witness is a solution. One query each, about a millisecond: for small models.

z3 sees a zone as constraints over real (in discrete time, integer) variables, and a step as the chain of its tests and
sets: nothing is shared with the matrices but the bounds themselves.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Sequence

import numpy as np
import z3

from modelcheck.timed.checking import TimedExploration
from modelcheck.timed.dbm import CONSTRAIN, INFINITY, RawAtom, ZoneOp
from modelcheck.timed.effects import zone_ops
from modelcheck.timed.plain import Rows
from modelcheck.timed.witness import Path, Witness

MILLISECONDS, MEGABYTES = 2_000, 1_024  # for one question; for all of z3
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Audit:
    """How many questions of each kind, how many of them z3 did not answer in time, and where it disagrees."""

    steps: int
    pruned: int
    covered: int
    unknown: int
    disagreements: tuple[str, ...]

    @property
    def agreed(self) -> bool:
        return not self.disagreements


class _Asking:
    """One solver, and the clocks of a moment as terms. Clock 0 is zero."""

    def __init__(self, clocks: int, dense: bool):
        self.number = z3.Real if dense else z3.Int
        self.zero: Any = z3.RealVal(0) if dense else z3.IntVal(0)
        self.solver = z3.Solver()
        self.solver.set("timeout", MILLISECONDS)
        self.names = iter(range(1 << 62))
        self.clocks: list[Any] = [self.zero, *(self.fresh() for _ in range(clocks - 1))]

    def fresh(self) -> Any:
        return self.number(f"t{next(self.names)}")

    def atom(self, clocks: Sequence[Any], atom: RawAtom) -> Any:
        left, right, bound = atom
        difference = clocks[left] - clocks[right]
        return difference <= (bound >> 1) if bound & 1 else difference < (bound >> 1)

    def require(self, clocks: Sequence[Any], atoms: Iterable[RawAtom]) -> None:
        self.solver.add([*(self.atom(clocks, a) for a in atoms), *(c >= 0 for c in clocks[1:])])

    def run(self, clocks: Sequence[Any], ops: Iterable[ZoneOp]) -> list[Any]:
        """The clocks after a program."""
        after = list(clocks)
        for kind, a, b, c in ops:
            if kind == CONSTRAIN:
                self.require(after, [(a, b, c)])
            else:
                after[a] = self.fresh()
                self.solver.add(after[a] >= b, after[a] <= c)
        return after

    def later(self, clocks: Sequence[Any], delay: Any) -> list[Any]:
        return [self.zero, *(c + delay for c in clocks[1:])]


def atoms_of(zone: Sequence[int], n: int) -> Iterator[RawAtom]:
    return ((i, j, zone[i * n + j]) for i in range(n) for j in range(n) if i != j and zone[i * n + j] != INFINITY)


class _Report:
    """Counts, and what z3 does not agree to."""

    def __init__(self) -> None:
        self.counts = {"steps": 0, "pruned": 0, "covered": 0, "unknown": 0}
        self.wrong: list[str] = []

    def judge(self, kind: str, answer: Any, expected: Any, where: str) -> None:
        self.counts[kind] += 1
        if answer == z3.unknown:
            self.counts["unknown"] += 1
        elif answer != expected:
            self.wrong.append(f"{where}: {kind}, and z3 says {answer}")


@contextmanager
def _capped() -> Iterator[None]:
    """z3 with so much memory and no more; then without a limit again."""
    z3.set_param("memory_max_size", MEGABYTES)
    try:
        yield
    finally:
        z3.set_param("memory_max_size", 0)


def audit(seen: TimedExploration) -> Audit:
    """Every discrete step out of every zone that was expanded: possible or pruned; and covered, where it was
    possible."""
    report = _Report()
    with _capped():
        covers = _covers(seen)
        for row in np.flatnonzero(seen.exploration.expanded).tolist():
            _audit_row(seen, row, covers, report)
    return Audit(**report.counts, disagreements=tuple(report.wrong[:MOST_SHOWN]))


def _audit_row(seen: TimedExploration, row: int, covers: dict[int, list[Rows]], report: _Report) -> None:
    targets, _, taken = seen.system.engine.successors(seen.zones[row : row + 1])
    possible = dict(zip(taken.tolist(), targets))
    for number, program, target in seen.system.plain.steps(int(seen.zones[row, 0])):
        kind, expected = ("steps", z3.sat) if number in possible else ("pruned", z3.unsat)
        report.judge(kind, _step(seen, row, program, target), expected, f"row {row}, step {number}")
    for number, found in possible.items():
        cover = next((c for c in covers.get(int(found[0]), ()) if (found <= c).all()), None)
        outside = z3.sat if cover is None else _outside(seen, found, cover)
        report.judge("covered", outside, z3.unsat, f"row {row}, step {number}")


def _step(seen: TimedExploration, row: int, program: int, target: int) -> Any:
    """Whether a discrete step out of a zone is possible."""
    plain, n = seen.system.plain, seen.system.n
    asking = _Asking(n, seen.system.timing.dense)
    asking.require(asking.clocks, atoms_of(seen.zones[row, 1:].tolist(), n))
    asking.require(asking.clocks, plain.mode(int(seen.zones[row, 0])).deadlines)
    asking.require(asking.run(asking.clocks, plain.ops(program)), plain.mode(target).deadlines)
    return asking.solver.check()


def _covers(seen: TimedExploration) -> dict[int, list[Rows]]:
    """The zones that are expanded, or still to be, by discrete state."""
    found: dict[int, list[Rows]] = {}
    for row in np.flatnonzero(seen.linked).tolist():
        found.setdefault(int(seen.zones[row, 0]), []).append(seen.zones[row])
    return found


def _outside(seen: TimedExploration, inner: Rows, outer: Rows) -> Any:
    """Whether there is a time in one zone that is not in another."""
    n = seen.system.n
    asking = _Asking(n, seen.system.timing.dense)
    asking.require(asking.clocks, atoms_of(inner[1:].tolist(), n))
    outside = [z3.Not(asking.atom(asking.clocks, a)) for a in atoms_of(outer[1:].tolist(), n)]
    asking.solver.add(z3.Or(outside))
    return asking.solver.check()


def audit_witness(path: Path, witness: Witness) -> bool:
    """Whether z3 finds the times and the clocks of a witness to be a solution of its path. What it cannot answer in
    time is not agreed to."""
    with _capped():
        return _solved(path, witness)


def _solved(path: Path, witness: Witness) -> bool:
    asking = _Asking(path.clocks, path.dense)
    clocks: list[Any] = [asking.zero] * path.clocks
    now: Any = asking.zero
    moments = [*witness.times, witness.end]
    for step, program in enumerate(path.programs):
        if step:
            now, clocks = _delayed(asking, path, step - 1, now, clocks, moments[step])
        clocks = asking.run(clocks, zone_ops(program, path.dense))
        if step < len(path.modes):
            asking.require(clocks, path.modes[step].deadlines)
        asking.solver.add([c == v for c, v in zip(clocks[1:], witness.clocks[step][1:])])
    if len(path.programs) == len(path.modes):
        now, clocks = _delayed(asking, path, len(path.modes) - 1, now, clocks, moments[-1])
    asking.require(clocks, path.end)
    return asking.solver.check() == z3.sat


def _delayed(
    asking: _Asking, path: Path, state: int, now: Any, clocks: list[Any], moment: Any
) -> tuple[Any, list[Any]]:
    """The time and the clocks at a moment, in a state."""
    delay, mode = asking.fresh(), path.modes[state]
    asking.solver.add(delay >= 0 if mode.delay else delay == 0, now + delay == moment)
    after = asking.later(clocks, delay)
    asking.require(after, mode.deadlines)
    return now + delay, after
