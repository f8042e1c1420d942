"""Zones as a transition system: what the search explores of a timed model.

A row is the number of a discrete state and a zone: the times, after any delay, at which the model may be there. Only
steps that are possible at some of these times have a target. Beside the model's predicates there are others, numbered
after them: one for each property that speaks of clocks, then *not quiescent* and *not in a timelock*. In a quiescent
state time can go on for ever and nothing can ever happen, though not every process is done or idle; in a timelock
neither time can go on nor any step be taken.
"""

from __future__ import annotations

from typing import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import UsageError
from modelcheck.ir.timing import TimedProperty
from modelcheck.system import FALSE, TRUE, States, Successors
from modelcheck.timed import dbm, loaded, native
from modelcheck.timed.discrete import DiscreteStates
from modelcheck.timed.effects import Program, raw_atom, zone_ops
from modelcheck.timed.plain import Engine, Plain, Rows, enter

NATIVE_AT = 400  # rows: fewer are done before numba is loaded
ROOM = 1 << 15  # steps in one answer


class ZoneSystem:
    """See the module. properties: those of the model's timing that are looked at, by order of their predicates.
    engine: what works on zones, in place of plain Python and, from `native_at` rows on, machine code."""

    def __init__(
        self,
        discrete: DiscreteStates,
        properties: Sequence[TimedProperty],
        *,
        native_at: int = NATIVE_AT,
        engine: Callable[[DiscreteStates], Engine] | None = None,
    ):
        self.discrete, self.effects, self.timing = discrete, discrete.effects, discrete.timing
        self.properties = tuple(properties)
        self.n = len(self.timing.clocks) + 1
        self.width = 1 + self.n * self.n
        self.actions, self.sites, self.guards = self.effects.actions, self.effects.sites, self.effects.guards
        self.first_timed = len(self.effects.model.predicates)
        self.quiescent = self.first_timed + len(self.properties)
        self.timelock = self.quiescent + 1
        self.plain = Plain(discrete)
        self.engine: Engine = engine(discrete) if engine else self.plain
        self._rows, self._native_at = 0, 0 if loaded() and native_at == NATIVE_AT else native_at

    # --- steps ---

    def initial(self) -> Successors:
        answer = self.effects.initial()
        assert answer.effect is not None
        states = self.discrete.numbers(answer.target)
        self.discrete.settle(states)
        kept, rows = [], []
        for i, (state, program) in enumerate(zip(states.tolist(), answer.effect.tolist())):
            d = dbm.zero(self.n)
            if dbm.run(d, self.n, self.plain.ops(program)) and enter(d, self.n, self.plain.mode(state)):
                kept.append(i)
                rows.append([state, *d])
        faults = []
        if len(answer.faults):
            ways = self.effects.failing(np.zeros((1, self.effects.width), np.uint64), -1)
            faults = [(0, -1, site) for site, program in ways if self._may_run(dbm.zero(self.n), program)]
        return Successors(
            np.zeros(len(kept), np.int64), answer.action[kept], _packed(rows, self.width), 1, _triples(faults),
            answer.coverage, answer.effect[kept],
        )  # fmt: skip

    def successors(self, states: States) -> Successors:
        rows = np.ascontiguousarray(states).view(np.int64)
        self.discrete.expand(rows[:, 0])
        steps = np.cumsum(self.discrete.size.values[rows[:, 0]])
        consumed = max(1, int(np.searchsorted(steps, ROOM, "right")))
        rows = rows[:consumed]
        self._count(consumed)
        target, source, step = self.engine.successors(rows)
        return Successors(
            source, self.discrete.action.values[step], target.view(np.uint64), consumed, self._faults(rows),
            self.discrete.coverage.copy(), self.discrete.program.values[step],
        )  # fmt: skip

    def _count(self, rows: int) -> None:
        """Goes on in machine code where there are many."""
        self._rows += rows
        if self._rows > self._native_at and self.engine is self.plain:
            module = native()
            if module:
                self.engine = module.Native(self.discrete)
            self._native_at = self._rows if module else 1 << 62

    def _faults(self, rows: Rows) -> NDArray[np.int64]:
        found, failing = [], self.discrete.failing
        if failing:
            for r in np.flatnonzero(np.isin(rows[:, 0], list(failing))).tolist():
                ways = failing[int(rows[r, 0])]
                found += [(r, w.action, w.site) for w in ways if self._may_run(rows[r, 1:].tolist(), w.program)]
        return _triples(found)

    def failing_program(self, row: Rows | None, action: int, site: int) -> Program:
        """What a step that fails at a site executes before that, where it may. row: None for the initialisation."""
        if row is None:
            ways, zone = self.effects.failing(np.zeros((1, self.effects.width), np.uint64), -1), dbm.zero(self.n)
        else:
            state, *zone = row.tolist()
            ways = [(w.site, w.program) for w in self.discrete.failing[state] if w.action == action]
        return next(program for s, program in ways if s == site and self._may_run(list(zone), program))

    def _may_run(self, zone: dbm.Matrix, program: Program) -> bool:
        return dbm.run(zone, self.n, zone_ops(program, self.timing.dense))

    # --- what holds ---

    def predicates(self, states: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        rows = np.ascontiguousarray(states).view(np.int64)
        answer = np.empty((len(rows), len(ids)), np.uint8)
        plain = [(column, i) for column, i in enumerate(ids) if i < self.first_timed]
        if plain:
            told, which = np.unique(rows[:, 0], return_inverse=True)
            values = self.effects.predicates(self.discrete.rows[told], [i for _, i in plain])
            answer[:, [column for column, _ in plain]] = values[which.ravel()]
        if self.quiescent in ids or self.timelock in ids:
            stuck = self._stuck(rows)
            for column, i in enumerate(ids):
                if i in (self.quiescent, self.timelock):
                    answer[:, column] = np.where(stuck & (self._ends(rows) == (i == self.timelock)), FALSE, TRUE)
        for column, i in enumerate(ids):
            if self.first_timed <= i < self.quiescent:
                timed = self.properties[i - self.first_timed]
                answer[:, column] = np.where(self._possible(rows, timed) == self.is_witnessed(timed), TRUE, FALSE)
        return answer

    def is_witnessed(self, timed: TimedProperty) -> bool:
        """Whether its cases are where it holds: a reachable. Those of others are where they fail."""
        return self.effects.model.properties[timed.property].kind == "reachable"

    def _possible(self, rows: Rows, timed: TimedProperty) -> NDArray[np.bool_]:
        """Where one of the cases is possible."""
        found = np.zeros(len(rows), np.bool_)
        for predicate, atoms in timed.cases:
            asked = np.flatnonzero(~found & self._where(rows, predicate))
            raw = [raw_atom(a, self.effects.params, self.timing.dense) for a in atoms]
            found[asked] = self.engine.possible(rows[asked], raw)
        return found

    def _where(self, rows: Rows, predicate: int | None) -> NDArray[np.bool_]:
        if predicate is None:
            return np.ones(len(rows), np.bool_)
        return self.effects.predicates(self.discrete.rows[rows[:, 0]], [predicate])[:, 0] == TRUE

    def case(self, row: Rows, timed: TimedProperty) -> tuple[dbm.RawAtom, ...]:
        """The atoms of the first case that is possible in a row where the property was found. row: (1, width)."""
        for predicate, atoms in timed.cases:
            raw = tuple(raw_atom(a, self.effects.params, self.timing.dense) for a in atoms)
            if self._where(row, predicate)[0] and self.plain.possible(row, raw)[0]:
                return raw
        raise AssertionError("no case holds where the property was found")

    def _stuck(self, rows: Rows) -> NDArray[np.bool_]:
        if not self.discrete.bisimilar:
            raise UsageError("an abstraction that keeps what can be reached does not keep that nothing can happen")
        states = rows[:, 0]
        self.discrete.expand(states)
        self._count(0)
        asked = ~np.isin(states, list(self.discrete.failing))  # where a step fails, something happens
        asked &= self._ends(rows) | ~self.effects.terminated(self.discrete.rows[states])
        stuck = np.zeros(len(rows), np.bool_)
        stuck[asked] = self.engine.stuck(np.ascontiguousarray(rows[asked]))
        return stuck

    def _ends(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether time comes to an end in the row's discrete state."""
        modes, x = self.discrete.modes, self.discrete
        ends = np.array([not m.delay or any(right == 0 for _, right, _ in m.deadlines) for m in modes], np.bool_)
        return ends[x.mode.values[rows[:, 0]]]

    def step_predicates(self, states: States, after: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        return self.effects.step_predicates(self.discrete_rows(states), self.discrete_rows(after), ids)

    def terminated(self, states: States) -> NDArray[np.bool_]:
        return self.effects.terminated(self.discrete_rows(states))

    def discrete_rows(self, states: States) -> States:
        """The discrete states of rows."""
        return self.discrete.rows[states[:, 0].astype(np.int64)]


def _packed(rows: list[list[int]], width: int) -> States:
    return np.array(rows, np.int64).reshape(len(rows), width).view(np.uint64)


def _triples(faults: list[tuple[int, int, int]]) -> NDArray[np.int64]:
    return np.array(faults, np.int64).reshape(len(faults), 3)
