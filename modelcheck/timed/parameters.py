"""Zones at one valuation of the parameters, and what they say of others.

An entry of a matrix is its value at the valuation, and beside it an expression over the parameters: a bound that is
implied for *all* valuations, whichever of several was the smallest at this one. So the zones contain, at every other
valuation, what can be reached there, as long as three kinds of decisions are right there too: that a zone is empty,
that one is included in another, that the abstraction took a lower bound for a weaker one. These are recorded, as
half-spaces. States from which, with time ignored, nothing bad can be reached are left out. Where nothing bad is
found, they describe a region of valuations at which nothing bad can be reached. Where something is found, the path to
it says under which valuations that very path can be taken (`projection`). Compare: Etienne Andre and others, "An
inverse method for parametric timed automata", IJFCS 2009, which records every comparison and so describes smaller
regions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import ceil, floor, lcm
from typing import Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import UsageError
from modelcheck.ir.nodes import Model, Property
from modelcheck.ir.timing import TimedProperty, Timing
from modelcheck.system import FAULT, TRUE, TransitionSystem
from modelcheck.ir import linear
from modelcheck.timed.bounds import StaticBounds
from modelcheck.timed.dbm import INFINITY, LE_ZERO, NEVER, plus
from modelcheck.timed.discrete import DiscreteStates
from modelcheck.timed.effects import Effects
from modelcheck.ir.linear import HalfSpace, Linear, Point, Polyhedron
from modelcheck.timed.plain import Plain
from modelcheck.timed.projection import SymbolicAtom, SymbolicPath, SymbolicProgram, symbolic, symbolic_atom
from modelcheck.timed.stopping import Stopping

MOST_STATES = 200_000  # with time ignored


class OutOfTime(Exception):
    """The exploration was cut off."""


@dataclass(slots=True)
class Zone:
    """values: raw bounds as in `dbm`, times the common denominator of the valuation; exprs: the same over the
    parameters, None beside INFINITY."""

    values: list[int]
    exprs: list[Linear | None]

    def copy(self) -> Zone:
        return Zone(self.values.copy(), self.exprs.copy())


class Numbers:
    """A valuation, and what is decided at it. `recorded`: what must hold elsewhere for that to be right there."""

    def __init__(self, point: Point, dense: bool):
        self.point, self.dense = point, dense
        self.scale = lcm(*(v.denominator for v in point))
        self._scaled = tuple(int(v * self.scale) for v in point)
        self.zero: Linear = linear.constant(0, len(point))
        self.recorded: set[HalfSpace] = set()

    def raw(self, expr: Linear, strict: bool) -> tuple[int, Linear]:
        """A bound. Among integers < c is <= c - 1."""
        if strict and not self.dense:
            expr, strict = (expr[0] - 1, *expr[1:]), False
        value = expr[0] * self.scale + sum(c * v for c, v in zip(expr[1:], self._scaled))
        return 2 * value + (not strict), expr

    def record(self, expr: Linear, strict: bool) -> None:
        """The expression is >= 0 (> 0) at this valuation, and must be elsewhere. Constants are, everywhere."""
        if any(expr[1:]):
            self.recorded.add(HalfSpace(expr, strict))

    # --- matrices ---

    def all_zero(self, n: int) -> Zone:
        return Zone([LE_ZERO] * (n * n), [self.zero] * (n * n))

    def constrain(self, d: Zone, n: int, i: int, j: int, bound: tuple[int, Linear]) -> bool:
        """See `dbm.constrain`. Where nothing is left, that is recorded."""
        value, expr = bound
        if value >= d.values[i * n + j]:
            return True
        back = d.exprs[j * n + i]
        around = plus(d.values[j * n + i], value)
        if around < LE_ZERO:
            assert back is not None
            self.record(linear.minus(linear.plus(back, expr)), bool(around & 1))
            return False
        d.values[i * n + j], d.exprs[i * n + j] = value, expr
        for k in range(n):
            through = plus(d.values[k * n + i], value)
            if through != INFINITY:
                for m in range(n):
                    found = plus(through, d.values[j * n + m])
                    if found < d.values[k * n + m]:
                        d.values[k * n + m] = found
                        d.exprs[k * n + m] = _sum(_sum(d.exprs[k * n + i], expr), d.exprs[j * n + m])
        return True

    def require(self, d: Zone, n: int, atoms: Sequence[SymbolicAtom]) -> bool:
        return all(self.constrain(d, n, a.left, a.right, self.raw(a.bound, a.strict)) for a in atoms)

    def run(self, d: Zone, n: int, program: SymbolicProgram) -> bool:
        for op in program:
            match op:
                case SymbolicAtom():
                    if not self.require(d, n, [op]):
                        return False
                case _:
                    high, low = self.raw(op.high, False), self.raw(linear.minus(op.low), False)
                    for k in range(n):
                        x, y = op.clock * n + k, k * n + op.clock
                        d.values[x], d.exprs[x] = plus(high[0], d.values[k]), _sum(high[1], d.exprs[k])
                        d.values[y], d.exprs[y] = plus(low[0], d.values[k * n]), _sum(low[1], d.exprs[k * n])
                    d.values[op.clock * n + op.clock], d.exprs[op.clock * n + op.clock] = LE_ZERO, self.zero
        return True

    def up(self, d: Zone, n: int) -> None:
        for i in range(1, n):
            d.values[i * n], d.exprs[i * n] = INFINITY, None

    def extrapolate(self, d: Zone, n: int, lower: Sequence[int], upper: Sequence[int]) -> None:
        """See `dbm.extrapolate`. A bound that is dropped is weaker at every valuation; where a lower bound is replaced
        by a number, that is recorded."""
        floors = d.values[:n]
        above = [-(b >> 1) > _times(limit, self.scale) for b, limit in zip(floors, lower)]
        beyond = [-(b >> 1) > _times(limit, self.scale) for b, limit in zip(floors, upper)]
        changed = False
        for i in range(1, n):
            for j in range(n):
                entry = d.values[i * n + j]
                if entry == INFINITY or i == j:
                    continue
                if above[i] or entry >> 1 > _times(lower[i], self.scale) or beyond[j]:
                    d.values[i * n + j], d.exprs[i * n + j] = INFINITY, None
                    changed = True
        for j in range(1, n):
            if beyond[j]:
                self._lowered(d, j, 0 if upper[j] == NEVER else upper[j], upper[j] == NEVER)
                changed |= d.values[j] != floors[j]
        if changed:
            self._close(d, n)

    def _lowered(self, d: Zone, j: int, limit: int, never: bool) -> None:
        """Clock j is only known to be > limit; to be >= 0 where it is compared with nothing, as it always is."""
        old = d.exprs[j]
        assert old is not None
        if not never:
            self.record((-limit - old[0], *linear.minus(old[1:])), bool(d.values[j] & 1))
        d.values[j] = LE_ZERO if never else -2 * limit * self.scale
        d.exprs[j] = linear.constant(-limit, len(self.point))

    def _close(self, d: Zone, n: int) -> None:
        for k in range(n):
            for i in range(n):
                through = d.values[i * n + k]
                if through != INFINITY:
                    for j in range(n):
                        found = plus(through, d.values[k * n + j])
                        if found < d.values[i * n + j]:
                            d.values[i * n + j] = found
                            d.exprs[i * n + j] = _sum(d.exprs[i * n + k], d.exprs[k * n + j])

    def included(self, d: Zone, other: Zone) -> bool:
        """Whether d is in the other. If so, that is recorded."""
        if any(x > y for x, y in zip(d.values, other.values)):
            return False
        for x, y, raw, bound in zip(d.exprs, other.exprs, d.values, other.values):
            if y is not None and x != y:
                assert x is not None
                self.record(linear.plus(y, linear.minus(x)), bool(raw & 1) and not bound & 1)
        return True


def _sum(a: Linear | None, b: Linear | None) -> Linear | None:
    return None if a is None or b is None else linear.plus(a, b)


def _times(limit: int, scale: int) -> int:
    return limit if abs(limit) == INFINITY else limit * scale


# --- exploring --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Explored:
    """path: to where the property fails, if it does; safe: half-spaces, recorded where it does not. zones: how many."""

    path: SymbolicPath | None
    safe: Polyhedron
    zones: int


@dataclass(slots=True)
class _Row:
    state: int
    zone: Zone
    parent: int
    program: int


class Parametric:
    """A model with parameters, and a property of it: an invariant that may fail or a reachable that may be
    witnessed. The discrete part is explored once, for all valuations. `relevant`: from which discrete states
    something bad can be reached with time ignored; None where that is not known. Without a target nothing is
    bad. Raises SpecError as `checking.system_of`."""

    def __init__(self, model: Model, timing: Timing, system: TransitionSystem, target: Property | None):
        self.model, self.timing, self.target = model, timing, target
        self.low = [p.low for p in timing.params]
        self.extents = [(p.low, p.high) for p in timing.params]
        self.n = len(timing.clocks) + 1
        self.speaks = [t for t in timing.properties if model.properties[t.property] is target]
        self.effects = Effects(model, timing, system, self.low)
        self.discrete = _discrete(self.effects, model, timing, self.extents, self.speaks)
        self.plain = Plain(self.discrete)
        self.deadlines = [symbolic_atom(d.atom, len(self.low), d.span) for d in timing.deadlines]
        self.relevant: NDArray[np.bool_] | None = None
        self.stopping = Stopping()
        self._programs: list[SymbolicProgram] = []
        self._alive: dict[int, list[bool]] = {}
        self._bad: dict[int, bool] = {}
        self._cases: dict[int, list[tuple[SymbolicAtom, ...]]] = {}

    def ignore_time(self, until: float) -> bool:
        """Explores the discrete part alone, and finds `relevant`. Whether anything bad can be reached there; True where
        the time `until` or the room for MOST_STATES does not suffice to know."""
        answer = self.effects.initial()
        self.discrete.numbers(answer.target)
        done = 0
        while done < len(self.discrete):
            if self.stopping.noted or time.monotonic() > until or len(self.discrete) > MOST_STATES:
                return True
            level = np.arange(done, len(self.discrete))
            done = len(self.discrete)
            self.discrete.expand(level)
        x, size = self.discrete, len(self.discrete)
        source = np.empty(len(x.target.values), np.int64)
        order = np.argsort(x.first.values, kind="stable")
        source[:] = np.repeat(order, x.size.values[order])
        relevant = np.array([self.bad(s) or bool(self.cases(s)) for s in range(size)], np.bool_)
        known = -1
        while known != (known := int(relevant.sum())):
            relevant[source[relevant[x.target.values]]] = True
        self.relevant = relevant
        return bool(relevant[: len(np.unique(self.discrete.numbers(answer.target)))].any())

    def program(self, number: int) -> SymbolicProgram:
        known = self.effects.programs
        self._programs += [symbolic(p, self.low, len(self.low)) for p in known[len(self._programs) :]]
        return self._programs[number]

    def limits(self, state: int) -> list[SymbolicAtom]:
        """The deadlines of a discrete state."""
        return [self.deadlines[number] for _, _, number in self.plain.mode(state).deadlines]

    def alive(self, state: int) -> list[bool]:
        if state not in self._alive:
            found = [True]
            for clock in self.timing.clocks:
                found.append(clock.alive is None or self._true(state, clock.alive))
            self._alive[state] = found
        return self._alive[state]

    def _true(self, state: int, predicate: int) -> bool:
        answer = self.effects.predicates(self.discrete.rows[state : state + 1], [predicate])[0, 0]
        if answer == FAULT:
            raise UsageError("a condition cannot be evaluated in every state: `modelcheck check` shows where")
        return bool(answer == TRUE)

    def bad(self, state: int) -> bool:
        """Of a property without clocks."""
        if state not in self._bad:
            p = self.target
            if p is None or p.predicate is None or self.speaks:
                self._bad[state] = False
            else:
                self._bad[state] = self._true(state, p.predicate) is (p.kind == "reachable")
        return self._bad[state]

    def cases(self, state: int) -> list[tuple[SymbolicAtom, ...]]:
        """Of a property with clocks: it fails where the atoms of one of these hold."""
        if state not in self._cases:
            here = [c for t in self.speaks for c in t.cases if c[0] is None or self._true(state, c[0])]
            self._cases[state] = [tuple(symbolic_atom(a, len(self.low)) for a in atoms) for _, atoms in here]
        return self._cases[state]

    def explore(self, point: Point, until: float) -> Explored:
        """At one valuation. until: `time.monotonic()` at which OutOfTime is raised, as when it is to stop."""
        return _Run(self, point, until).explore()

    def path(self, steps: Sequence[tuple[int, int]], end: tuple[SymbolicAtom, ...] = ()) -> SymbolicPath:
        """Along (program, state)."""
        return SymbolicPath(
            tuple(self.program(p) for p, _ in steps),
            tuple(self.plain.mode(s).delay for _, s in steps),
            tuple(tuple(self.limits(s)) for _, s in steps),
            end,
        )


def _discrete(
    effects: Effects, model: Model, timing: Timing, extents: Sequence[tuple[int, int]], speaks: list[TimedProperty]
) -> DiscreteStates:
    """Where a deadline holds, its number stands for its bound, which hangs on the parameters."""
    states = DiscreteStates(effects, StaticBounds(model, timing, extents, speaks), bisimilar=False)
    states.deadlines = [(d.atom.left, d.atom.right, i) for i, d in enumerate(timing.deadlines)]
    return states


@dataclass(slots=True)
class _Run:
    """Breadth-first, at one valuation."""

    of: Parametric
    point: Point
    until: float
    numbers: Numbers = field(init=False)
    bounds: StaticBounds = field(init=False)
    rows: list[_Row] = field(default_factory=list)
    chains: dict[int, list[int]] = field(default_factory=dict)
    limits: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = Numbers(self.point, self.of.timing.dense)
        around = [(floor(v), ceil(v)) for v in self.point]
        self.bounds = StaticBounds(self.of.model, self.of.timing, around, self.of.speaks)

    def explore(self) -> Explored:
        found, level = self.initial(), 0
        while found is None and level < len(self.rows):
            level_end = len(self.rows)
            self.of.discrete.expand(np.array(sorted({r.state for r in self.rows[level:level_end]}), np.int64))
            for row in range(level, level_end):
                found = found or self.expand(row)
            level = level_end
        if found is not None:
            return Explored(found, (), len(self.rows))
        recorded = linear.pruned(self.numbers.recorded, self.of.extents, integers=not self.of.timing.dense)
        return Explored(None, recorded, len(self.rows))

    def initial(self) -> SymbolicPath | None:
        answer = self.of.effects.initial()
        assert answer.effect is not None
        states = self.of.discrete.numbers(answer.target)
        self.of.discrete.settle(states)
        for state, program in zip(states.tolist(), answer.effect.tolist()):
            found = self.reach(-1, program, state, self.numbers.all_zero(self.of.n))
            if found is not None:
                return found
        return None

    def expand(self, row: int) -> SymbolicPath | None:
        if self.of.stopping.noted or time.monotonic() > self.until:
            raise OutOfTime
        here = self.rows[row]
        for _, program, target in self.of.plain.steps(here.state):
            found = self.reach(row, program, target, here.zone.copy())
            if found is not None:
                return found
        return None

    def reach(self, parent: int, program: int, state: int, zone: Zone) -> SymbolicPath | None:
        """Takes a step. Gives the path where something bad is possible then."""
        numbers, n = self.numbers, self.of.n
        if self.of.relevant is not None and not self.of.relevant[state]:
            return None
        deadlines = self.of.limits(state)
        if not numbers.run(zone, n, self.of.program(program)) or not numbers.require(zone, n, deadlines):
            return None
        if self.of.plain.mode(state).delay:
            numbers.up(zone, n)
            numbers.require(zone, n, deadlines)
        exact = zone.copy() if self.of.cases(state) else zone
        numbers.extrapolate(zone, n, *self.limits_of(state))
        if self.of.bad(state):
            return self.path(parent, program, state, ())
        for case in self.of.cases(state):
            if numbers.require(exact.copy(), n, case):
                return self.path(parent, program, state, case)
        chain = self.chains.setdefault(state, [])
        if not any(numbers.included(zone, self.rows[other].zone) for other in chain):
            chain.append(len(self.rows))
            self.rows.append(_Row(state, zone, parent, program))
        return None

    def limits_of(self, state: int) -> tuple[list[int], list[int]]:
        if state not in self.limits:
            alive = np.array([self.of.alive(state)], np.bool_)
            lower, upper = self.bounds.of(self.of.discrete.rows[state : state + 1], alive)[0].tolist()
            self.limits[state] = lower, upper
        return self.limits[state]

    def path(self, parent: int, program: int, state: int, end: tuple[SymbolicAtom, ...]) -> SymbolicPath:
        steps = [(program, state)]
        while parent >= 0:
            row = self.rows[parent]
            steps.append((row.program, row.state))
            parent = row.parent
        return self.of.path(steps[::-1], end)
