"""The states of a model and the steps between them, with the times at which they are possible.

A *node* of the search for a run is a discrete state by number and a zone, a difference bound matrix over the model's
clocks and one more, the *log's clock*: the time since the first stamp of the log. It begins to run at the first line
that has a stamp. Zones are exact: nothing is extrapolated, for a log looks at times more closely than the spec does;
but for those before the first line of a log that begins anywhere. A model without time has empty zones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Protocol, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Observe, Reset, Timing
from modelcheck.logs.events import Interval
from modelcheck.system import States, TransitionSystem
from modelcheck.timed import dbm
from modelcheck.timed.bounds import StaticBounds
from modelcheck.timed.dbm import INFINITY, NEVER, Matrix
from modelcheck.timed.discrete import DiscreteStates, Mode
from modelcheck.timed.effects import Effects, Evaluated, Program, raw_atom, zone_ops
from modelcheck.timed.plain import Plain

Pins = Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Edge:
    """A step. action: -1 for the initialisation. observed: the quantities that it notes."""

    action: int
    target: int
    observed: frozenset[int] = frozenset()
    program: Program = ()


class Space(Protocol):
    """A model for the matcher. `later` lets any time pass in a state, `take` is None where the step is not possible at
    any time of the zone; what either gives is a new zone."""

    model: Model

    def initial(self) -> list[Edge]: ...
    def edges(self, state: int) -> list[Edge]: ...
    def fails(self, state: int) -> bool: ...
    def rows(self, states: Sequence[int]) -> States: ...
    def natural(self, state: int) -> tuple[object, ...]: ...
    def start(self, edge: Edge) -> Matrix | None: ...
    def later(self, state: int, zone: Matrix) -> Matrix: ...
    def take(self, zone: Matrix, program: Program, target: int) -> Matrix | None: ...
    def coarse(self, state: int, zone: Matrix) -> Matrix: ...
    def program(self, edge: Edge | None, window: Interval, pins: Pins, *, starts: bool, runs: bool) -> Program: ...


class Untimed:
    """A model without time."""

    def __init__(self, model: Model, system: TransitionSystem):
        self.model, self.system, self.layout = model, system, Layout(model.variables)
        self._rows: list[NDArray[np.uint64]] = []
        self._failing: set[int] = set()
        self._numbers: dict[bytes, int] = {}
        self._edges: dict[int, list[Edge]] = {}
        self._natural: dict[int, tuple[object, ...]] = {}

    def number(self, row: NDArray[np.uint64]) -> int:
        known = self._numbers.setdefault(row.tobytes(), len(self._rows))
        if known == len(self._rows):
            self._rows.append(row.copy())
        return known

    def initial(self) -> list[Edge]:
        return [Edge(-1, self.number(row)) for row in self.system.initial().target]

    def edges(self, state: int) -> list[Edge]:
        if state not in self._edges:
            answer = self.system.successors(self.rows([state]))
            self._edges[state] = [Edge(a, self.number(t)) for a, t in zip(answer.action.tolist(), answer.target)]
            self._failing |= {state} if len(answer.faults) else set()
        return self._edges[state]

    def fails(self, state: int) -> bool:
        """Whether a step out of it ends in an error. Its edges are known."""
        return state in self._failing

    def rows(self, states: Sequence[int]) -> States:
        return np.array([self._rows[s] for s in states], np.uint64).reshape(len(states), self.system.width)

    def natural(self, state: int) -> tuple[object, ...]:
        if state not in self._natural:
            self._natural[state] = self.layout.decode(self.layout.unpack(self.rows([state]))[0])
        return self._natural[state]

    def start(self, edge: Edge) -> Matrix | None:
        return []

    def later(self, state: int, zone: Matrix) -> Matrix:
        return zone

    def take(self, zone: Matrix, program: Program, target: int) -> Matrix | None:
        return zone

    def coarse(self, state: int, zone: Matrix) -> Matrix:
        return zone

    def program(self, edge: Edge | None, window: Interval, pins: Pins, *, starts: bool, runs: bool) -> Program:
        return ()


class Timed:
    """A model with time. finest: no constant that a log compares a clock with is greater."""

    def __init__(self, model: Model, timing: Timing, system: TransitionSystem, finest: int):
        self.model, self.timing, self.finest = model, timing, finest
        effects = Effects(model, timing, system, ())
        bounds = StaticBounds(model, timing, [], list(timing.properties))
        # bisimilar: then what a timer has left, at most its maximum, is told apart as finely as a log may ask
        self.discrete = DiscreteStates(effects, bounds, bisimilar=True)
        self.plain = Plain(self.discrete)
        self.clock = len(timing.clocks) + 1  # the log's
        self.n = self.clock + 1
        self.watched = _watched(timing)
        self.layout = Layout(model.variables)
        self._edges: dict[int, list[Edge]] = {}
        self._natural: dict[int, tuple[object, ...]] = {}

    def initial(self) -> list[Edge]:
        answer = self.discrete.effects.initial()
        assert answer.effect is not None
        states = self.discrete.numbers(answer.target)
        self.discrete.settle(states)
        return [self._edge(-1, p, s) for p, s in zip(answer.effect.tolist(), states.tolist())]

    def edges(self, state: int) -> list[Edge]:
        if state not in self._edges:
            self.discrete.expand(np.array([state]))
            actions = self.discrete.action.values
            steps = self.plain.steps(state)
            self._edges[state] = [self._edge(int(actions[i]), program, target) for i, program, target in steps]
        return self._edges[state]

    def fails(self, state: int) -> bool:
        return state in self.discrete.failing

    def _edge(self, action: int, program: int, target: int) -> Edge:
        sites = self.discrete.effects.programs[program]
        noted = frozenset(e.site.op.quantity for e in sites if isinstance(e.site.op, Observe))
        return Edge(action, target, noted, sites)

    def rows(self, states: Sequence[int]) -> States:
        return self.discrete.rows[np.array(states, np.int64)]

    def natural(self, state: int) -> tuple[object, ...]:
        if state not in self._natural:
            self._natural[state] = self.layout.decode(self.layout.unpack(self.rows([state]))[0])
        return self._natural[state]

    def mode(self, state: int) -> Mode:
        return self.plain.mode(state)

    # --- zones ---

    def start(self, edge: Edge) -> Matrix | None:
        return self.take(dbm.zero(self.n), edge.program, edge.target)

    def later(self, state: int, zone: Matrix) -> Matrix:
        d, mode = zone.copy(), self.mode(state)
        if mode.delay:
            dbm.up(d, self.n)
            dbm.constrain_all(d, self.n, mode.deadlines)
        return d

    def take(self, zone: Matrix, program: Program, target: int) -> Matrix | None:
        d, mode = zone.copy(), self.mode(target)
        possible = dbm.run(d, self.n, zone_ops(program, self.timing.dense))
        if not possible or not dbm.constrain_all(d, self.n, mode.deadlines):
            return None
        for x in self._dead(mode):
            dbm.free(d, self.n, x)
        return d

    def _dead(self, mode: Mode) -> list[int]:
        """Clocks that nobody looks at before they are set."""
        bounds = enumerate(zip(mode.lower, mode.upper))
        return [x for x, pair in bounds if x and pair == (NEVER, NEVER) and x not in self.watched]

    def coarse(self, state: int, zone: Matrix) -> Matrix:
        """After any time, and extrapolated as far as neither the spec nor the log will notice: so there are only
        finitely many of them."""
        d, mode = self.later(state, zone), self.mode(state)
        sides = []
        for side in (mode.lower, mode.upper):
            watched = (max(b, self.finest) if x in self.watched else b for x, b in enumerate(side))
            sides.append([*watched, NEVER])
        dbm.extrapolate(d, self.n, *sides)
        return d

    def program(self, edge: Edge | None, window: Interval, pins: Pins, *, starts: bool, runs: bool) -> Program:
        """What a step does with clocks, its time within the window by the log's clock, what it observes within the
        pins. edge None: only time is looked at. starts: the log's clock begins to run here; runs: it is running."""
        sites = edge.program if edge else ()
        return (*self._at(window, starts, runs), *(part for e in sites for part in (e, *self._pinned(e, pins))))

    def _at(self, window: Interval, starts: bool, runs: bool) -> Program:
        found: list[Evaluated] = []
        if starts and window.high is not None:
            op = Reset(self.clock, Bound(window.low), Bound(window.high))
            found.append(Evaluated(ClockSite(op, None), window.low, window.high))
        elif runs:
            found.append(_site(0, self.clock, -window.low))
        else:  # the log's clock means nothing yet
            found.append(Evaluated(ClockSite(Reset(self.clock, Bound(0), Bound(0)), None), 0, 0))
        if window.high is not None and (starts or runs):
            found.append(_site(self.clock, 0, window.high, not window.exact))
        return tuple(found)

    def _pinned(self, e: Evaluated, pins: Pins) -> Program:
        match e.site.op:
            case Observe(quantity, left, right) if quantity in pins:
                low, high = pins[quantity]
                return _site(left, right, high - e.low), _site(right, left, e.low - low)
        return ()

    def range(self, zone: Matrix, left: int, right: int) -> tuple[int, int | None]:
        """Between what left - right lies in a zone, rounded outwards."""
        above, below = zone[left * self.n + right], zone[right * self.n + left]
        return -(below >> 1), None if above >= INFINITY else above >> 1

    def atoms(self, atoms: Sequence[Atom]) -> list[tuple[int, int, int]]:
        return [raw_atom(a, (), self.timing.dense) for a in atoms]


def _watched(timing: Timing) -> frozenset[int]:
    """Clocks that a log may look at where the spec does not: those that are observed, but for timers with a deadline,
    which the spec looks at while they are armed."""
    programs = (*timing.programs, timing.initial)
    ops = [site.op for program in programs for site in program if isinstance(site.op, Observe)]
    bounded = {d.atom.left for d in timing.deadlines if timing.clocks[d.atom.left - 1].timer}
    return frozenset(x for op in ops for x in (op.left, op.right) if x) - bounded


def _site(left: int, right: int, bound: int, strict: bool = False) -> Evaluated:
    return Evaluated(ClockSite(Constrain(Atom(left, right, Bound(bound), strict)), None), bound, bound)


def finest(timing: Timing, log_times: Sequence[int]) -> int:
    """A constant that no comparison before the first line of a log exceeds."""
    return max([0, *(c.maximum or 0 for c in timing.clocks), *map(abs, log_times)])

