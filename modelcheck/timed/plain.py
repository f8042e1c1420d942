"""Zones by plain Python: the engine that every exploration starts with, and the one that kernels are compared with."""

from __future__ import annotations

from typing import Any, Protocol, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.timed import dbm
from modelcheck.timed.dbm import Matrix, RawAtom, ZoneOp
from modelcheck.timed.discrete import DiscreteStates, Mode
from modelcheck.timed.effects import zone_ops

Rows = NDArray[np.int64]  # (n, 1 + clocks * clocks): the number of a discrete state, and a zone
WAITING, EXPANDED, RETIRED = 0, 1, 2


class Engine(Protocol):
    """What is done to many zones at a time."""

    def successors(self, rows: Rows) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
        """The steps out of rows that are possible, in order: target, row that it comes from, number of the step. The
        discrete steps out of the rows are known. Raises SpecError where a condition of time fails in a target."""
        ...

    def possible(self, rows: Rows, atoms: Sequence[RawAtom]) -> NDArray[np.bool_]:
        """Whether there is a time in a row at which all atoms hold."""
        ...

    def stuck(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether there is a time in a row from which on no step will ever be possible. Their steps are known."""
        ...


def enter(d: Matrix, n: int, mode: Mode) -> bool:
    """Into a state of a mode: its deadlines, time passes, abstracted. False: nothing is left."""
    if not dbm.constrain_all(d, n, mode.deadlines):
        return False
    if mode.delay:
        dbm.up(d, n)
        dbm.constrain_all(d, n, mode.deadlines)
    dbm.extrapolate(d, n, mode.lower, mode.upper)
    return True


class Plain:
    def __init__(self, discrete: DiscreteStates):
        self.discrete, self.n, self.dense = discrete, len(discrete.timing.clocks) + 1, discrete.timing.dense
        self._ops: list[tuple[ZoneOp, ...]] = []

    def ops(self, program: int) -> tuple[ZoneOp, ...]:
        known = self.discrete.effects.programs
        self._ops += [zone_ops(p, self.dense) for p in known[len(self._ops) :]]
        return self._ops[program]

    def mode(self, state: int) -> Mode:
        number = int(self.discrete.mode.values[state])
        if number < 0:
            raise self.discrete.faulty()
        return self.discrete.modes[number]

    def steps(self, state: int) -> list[tuple[int, int, int]]:
        """Number, program and target of each."""
        x = self.discrete
        first, size = int(x.first.values[state]), int(x.size.values[state])
        here = slice(first, first + size)
        return list(zip(range(first, first + size), x.program.values[here].tolist(), x.target.values[here].tolist()))

    def successors(self, rows: Rows) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
        found: list[list[int]] = []
        source, step = [], []
        for r, (state, *zone) in enumerate(rows.tolist()):
            dbm.constrain_all(zone, self.n, self.mode(state).deadlines)  # which its abstraction may have dropped
            for number, program, target in self.steps(state):
                d = zone.copy()
                if dbm.run(d, self.n, self.ops(program)) and enter(d, self.n, self.mode(target)):
                    found.append([target, *d])
                    source.append(r)
                    step.append(number)
        targets = np.array(found, np.int64).reshape(len(found), rows.shape[1])
        return targets, np.array(source, np.int64), np.array(step, np.int64)

    def possible(self, rows: Rows, atoms: Sequence[RawAtom]) -> NDArray[np.bool_]:
        return np.array([dbm.constrain_all(row[1:], self.n, atoms) for row in rows.tolist()], np.bool_)

    def stuck(self, rows: Rows) -> NDArray[np.bool_]:
        return np.array([bool(self.remaining(row)) for row in rows], np.bool_)

    def remaining(self, row: Rows) -> list[Matrix]:
        """The times of one row from which on no step will ever be possible, in zones that do not overlap."""
        state, *zone = row.tolist()
        own, n, rest = self.mode(state), self.n, [zone]
        for _, program, target in self.steps(state):
            before = dbm.everything(n)
            if (
                dbm.constrain_all(before, n, self.mode(target).deadlines)
                and dbm.unrun(before, n, self.ops(program))
                and dbm.constrain_all(before, n, own.deadlines)
            ):
                if own.delay:
                    dbm.down(before, n)
                rest = dbm.without(rest, n, before, self.dense)
        return rest


def insert(
    states: Rows, parent: Any, action: Any, following: Any, head: Any, status: Any, linked: Any, counts: Any,
    level: int, shortest: bool, targets: Rows, source: Any, row_of: Any, taken: Any, expanded: Any,
) -> None:  # fmt: skip
    """See `kernels.insert`, which this is word for word but for the comparison."""
    t = 0
    for k, row in enumerate(row_of.tolist()):
        if row >= 0:
            expanded[k] = status[row] != RETIRED
            if expanded[k]:
                status[row] = EXPANDED
        while t < len(targets) and source[t] == k:
            if (row < 0 or expanded[k]) and not _covered(
                states, following, head, status, linked, counts, level, shortest, targets[t]
            ):
                count, state = int(counts[0]), int(targets[t, 0])
                states[count], parent[count], action[count] = targets[t], row, taken[t]
                following[count], head[state] = head[state], count
                status[count], linked[count] = WAITING, 1
                counts[:2] += 1
            t += 1


def _covered(
    states: Rows, following: Any, head: Any, status: Any, linked: Any, counts: Any, level: int, shortest: bool,
    new: Rows,
) -> bool:  # fmt: skip
    """Whether a zone of the same discrete state includes it; unlinks what it includes."""
    before, member = -1, int(head[new[0]])
    while member >= 0:
        if (new <= states[member]).all():
            return True
        after = int(following[member])
        if (new >= states[member]).all():
            if before < 0:
                head[new[0]] = after
            else:
                following[before] = after
            linked[member] = 0
            counts[1] -= 1
            if status[member] == WAITING and (member >= level or not shortest):
                status[member] = RETIRED
                counts[2] += 1
        else:
            before = member
        member = after
    return False
