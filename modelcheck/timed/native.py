"""Zones by machine code, once there are many. Loaded when it is needed, for numba takes its time."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.timed import kernels
from modelcheck.timed.dbm import RawAtom
from modelcheck.timed.discrete import DiscreteStates, Growing
from modelcheck.timed.effects import zone_ops
from modelcheck.timed.plain import Rows

# numba's functions have no types that a checker could follow
insert: Any = kernels.insert
_successors: Any = kernels.successors
_possible: Any = kernels.possible
_stuck: Any = kernels.stuck


class _Lists:
    """Lists of rows of numbers, one after the other."""

    def __init__(self, columns: int):
        self._first, self._rows = Growing(), Growing(np.int64, (columns,))
        self._first.extend([0])

    def extend(self, lists: Sequence[Sequence[Sequence[int]]]) -> None:
        ends = np.cumsum([len(rows) for rows in lists], dtype=np.int64) + self._rows.count
        rows = [row for rows in lists for row in rows]
        if rows:
            self._rows.extend(rows)
        self._first.extend(ends)

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self._first.values, self._rows.values


class Native:
    """See `plain.Engine`."""

    def __init__(self, discrete: DiscreteStates):
        self.discrete, self.n, self.dense = discrete, len(discrete.timing.clocks) + 1, discrete.timing.dense
        self._ops, self._atoms = _Lists(4), _Lists(3)
        self._delay, self._bounds = Growing(np.bool_), Growing(np.int64, (2, self.n))
        self._programs = 0

    def _steps(self) -> tuple[NDArray[np.int64], ...]:
        """Of all discrete states; programs and modes are brought up to date."""
        x = self.discrete
        programs, modes = x.effects.programs[self._programs :], x.modes[self._delay.count :]
        if programs:
            self._ops.extend([zone_ops(p, self.dense) for p in programs])
            self._programs += len(programs)
        if modes:
            self._atoms.extend([m.deadlines for m in modes])
            self._delay.extend([m.delay for m in modes])
            self._bounds.extend([(m.lower, m.upper) for m in modes])
        return x.first.values, x.size.values, x.program.values, x.target.values

    def successors(self, rows: Rows) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
        steps = self._steps()
        room = int(steps[1][rows[:, 0]].sum())
        out = np.empty((room + 1, rows.shape[1]), np.int64)  # one more, for what turns out to be impossible
        source, step = np.empty(room, np.int64), np.empty(room, np.int64)
        found = _successors(
            rows, self.n, *steps, *self._ops.arrays, self.discrete.mode.values, *self._atoms.arrays, self._delay.values,
            self._bounds.values, out, source, step,
        )  # fmt: skip
        if found < 0:
            raise self.discrete.faulty()
        return out[:found], source[:found], step[:found]

    def possible(self, rows: Rows, atoms: Sequence[RawAtom]) -> NDArray[np.bool_]:
        out = np.zeros(len(rows), np.bool_)
        _possible(rows, self.n, np.array(atoms, np.int64).reshape(len(atoms), 3), out)
        return out

    def stuck(self, rows: Rows) -> NDArray[np.bool_]:
        steps, out = self._steps(), np.zeros(len(rows), np.bool_)
        modes = self.discrete.mode.values, *self._atoms.arrays, self._delay.values
        _stuck(rows, self.n, *steps, *self._ops.arrays, *modes, self.dense, out)
        return out
