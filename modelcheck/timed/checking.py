"""Exploring a timed model: what the checker asks, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Literal

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError, UsageError
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import TimedProperty, Timing
from modelcheck.search import bfs
from modelcheck.search.exploration import UNLIMITED, Exploration, Finding, Goal, Limits
from modelcheck.search.progress import Report
from modelcheck.system import Successors, TransitionSystem
from modelcheck.timed.bounds import StaticBounds
from modelcheck.timed.dbm import INFINITY, RawAtom
from modelcheck.timed.discrete import DiscreteStates
from modelcheck.timed.effects import Effects, Program, Valuation
from modelcheck.timed.plain import Engine
from modelcheck.timed.store import ZoneStore
from modelcheck.timed.witness import Path, Policy, Witness, concretise
from modelcheck.timed.zones import ZoneSystem

Kind = Literal["property", "quiescent", "timelock"]


@dataclass(frozen=True, slots=True)
class Options:
    """What to look at, and how. goal: of the properties without clocks; its `deadlock` is not looked at, `quiescent`
    and `timelock` are what it becomes where there is time. properties: numbers in `Timing.properties`. params: a value
    for each parameter. covering False keeps every zone that differs: slower, and needed where behaviours without end
    are looked at. shortest: see `store`; None: where something is violated, and then in a second search, so that what
    holds is counted as TChecker counts, and what fails is shown in as few steps as can be. engine: as in `zones`: one
    that notes what it decides, say."""

    goal: Goal = Goal()
    properties: tuple[int, ...] = ()
    quiescent: bool = False
    timelock: bool = False
    params: Valuation = ()
    covering: bool = True
    shortest: bool | None = None
    limits: Limits = UNLIMITED
    thorough: bool = False
    progress: Report | None = None
    interrupted: Callable[[], bool] | None = None
    upgrade: Callable[[], TransitionSystem | None] | None = None
    engine: Callable[[DiscreteStates], Engine] | None = None


def system_of(model: Model, timing: Timing, system: TransitionSystem, options: Options) -> ZoneSystem:
    """The zones of a model. system: its discrete part, as built. Raises SpecError (C0nn), UsageError."""
    if len(options.params) != len(timing.params):
        raise UsageError(f"{len(timing.params)} parameters have {len(options.params)} values")
    properties = [timing.properties[i] for i in options.properties]
    bounds = StaticBounds(model, timing, [(v, v) for v in options.params], properties)
    effects = Effects(model, timing, system, options.params)
    bisimilar = options.quiescent or options.timelock
    discrete = DiscreteStates(effects, bounds, bisimilar=bisimilar, upgrade=options.upgrade)
    return ZoneSystem(discrete, properties, engine=options.engine)


@dataclass(frozen=True, slots=True)
class TimedFinding:
    """Something found that speaks of time. property: a number in `Timing.properties`. finding.state: the row; its
    kind is "reachable" for a witness, else "invariant"; its predicate has no meaning outside this room."""

    kind: Kind
    finding: Finding
    property: int | None = None


@dataclass(frozen=True, slots=True)
class TimedExploration:
    """exploration: as of an untimed model, one row for each zone, its `states` discrete; `findings` those without
    clocks. zones: the rows as they were searched; linked: those that no other one includes. visited, transitions and
    stored count zones as TChecker does."""

    exploration: Exploration
    timed: tuple[TimedFinding, ...]
    zones: NDArray[np.int64]
    linked: NDArray[np.bool_]
    system: ZoneSystem
    transitions: int

    @property
    def stored(self) -> int:
        return int(self.linked.sum())

    @property
    def visited(self) -> int:
        return int(self.exploration.expanded.sum())

    def rows_to(self, row: int) -> list[int]:
        """The rows from an initial one to this one; none to row -1."""
        rows = []
        while row >= 0:
            rows.append(row)
            row = int(self.exploration.parent[row])
        return rows[::-1]

    def program(self, before: int, row: int) -> Program:
        """What the step between two rows of a path does with clocks: of several ways, the first. before: -1 for an
        initial row."""
        answer = self._steps(before)
        here = (answer.target.view(np.int64) == self.zones[row]).all(axis=1)
        here &= answer.action == self.exploration.action[row]
        return self._effect(answer, here)

    def _steps(self, row: int) -> Successors:
        return self.system.initial() if row < 0 else self.system.successors(self.zones[row : row + 1].view(np.uint64))

    def _effect(self, answer: Successors, here: NDArray[np.bool_]) -> Program:
        if answer.effect is None or not here.any():
            raise InternalError("a step of a trace is not found again")
        return self.system.effects.programs[int(answer.effect[here.argmax()])]

    def path(self, found: TimedFinding | Finding) -> Path:
        """The way to something found, for times to be put to it."""
        finding = found.finding if isinstance(found, TimedFinding) else found
        rows = self.rows_to(finding.state)
        programs = [self.program(before, row) for before, row in zip((-1, *rows), rows)]
        programs += self._last(finding)
        modes = tuple(self.system.plain.mode(int(self.zones[row, 0])) for row in rows)
        end = self._end(found) if isinstance(found, TimedFinding) else ()
        return Path(tuple(programs), modes, end, self.system.n, self.system.timing.dense)

    def _last(self, finding: Finding) -> list[Program]:
        """What was found on the way out of the last row, or fails there."""
        if finding.kind == "fault":
            assert finding.action is not None and finding.site is not None
            row = self.zones[finding.state] if finding.state >= 0 else None
            return [self.system.failing_program(row, finding.action, finding.site)]
        if finding.target is None:
            return []
        answer = self._steps(finding.state)
        here = (self.system.discrete_rows(answer.target) == np.array(finding.target, np.uint64)).all(axis=1)
        return [self._effect(answer, here & (answer.action == finding.action))]

    def _end(self, found: TimedFinding) -> tuple[RawAtom, ...]:
        """What holds at the end of the way to a finding."""
        row = self.zones[found.finding.state]
        if found.property is not None:
            number = found.finding.predicate
            assert number is not None
            return self.system.case(row[None, :], self.system.properties[number - self.system.first_timed])
        rest, n = self.system.plain.remaining(row)[0], self.system.n
        atoms = [(i, j, rest[i * n + j]) for i in range(n) for j in range(n) if i != j]
        return tuple(atom for atom in atoms if atom[2] != INFINITY)

    def witness(self, found: TimedFinding | Finding, policy: Policy = "smallest") -> Witness:
        """Times for the way to something found; of a fault and a step invariant, the last is that of the last step.
        Raises InternalError where there are none."""
        return concretise(self.path(found), policy)


def explore(model: Model, system: TransitionSystem, options: Options) -> TimedExploration:
    """Zone by zone until everything asked is decided, or a limit is reached. Raises SpecError (C0nn) where a clock that
    is compared with another has no deadline, and for conditions of time that cannot be evaluated."""
    assert model.timing is not None
    seen = _explore(system_of(model, model.timing, system, options), options)
    violated = any(f.kind != "reachable" for f in (*seen.exploration.findings, *(t.finding for t in seen.timed)))
    if violated and options.covering and options.shortest is None:
        return explore(model, system, replace(options, shortest=True))
    return seen


def _explore(zones: ZoneSystem, options: Options) -> TimedExploration:
    store = ZoneStore(zones.width, shortest=bool(options.shortest)) if options.covering else None
    goal = _goal(zones, options)
    seen = bfs.search(
        zones,
        goal,
        limits=options.limits,
        thorough=options.thorough,
        progress=options.progress,
        interrupted=options.interrupted,
        covering=store,
    )
    rows = np.ascontiguousarray(seen.states).view(np.int64)
    timed = tuple(_timed(zones, options, f) for f in seen.findings if _speaks_of_time(zones, f))
    plain = tuple(f for f in seen.findings if not _speaks_of_time(zones, f))
    initial = int(seen.levels[1]) if len(seen.levels) > 1 else 0
    return TimedExploration(
        replace(seen, states=zones.discrete_rows(seen.states), findings=tuple(_discrete(zones, f) for f in plain)),
        timed,
        rows,
        np.ones(len(rows), np.bool_) if store is None else store.is_linked()[: len(rows)].copy(),
        zones,
        seen.generated - initial,
    )


def _goal(zones: ZoneSystem, options: Options) -> Goal:
    reachable = [zones.is_witnessed(p) for p in zones.properties]
    invariants = [zones.first_timed + i for i, wanted in enumerate(reachable) if not wanted]
    invariants += [zones.quiescent] if options.quiescent else []
    invariants += [zones.timelock] if options.timelock else []
    reachables = [zones.first_timed + i for i, wanted in enumerate(reachable) if wanted]
    goal = options.goal
    return replace(
        goal,
        invariants=(*goal.invariants, *invariants),
        reachables=(*goal.reachables, *reachables),
        deadlock=False,
    )


def _speaks_of_time(zones: ZoneSystem, finding: Finding) -> bool:
    return finding.kind in ("invariant", "reachable") and (finding.predicate or 0) >= zones.first_timed


def _discrete(zones: ZoneSystem, finding: Finding) -> Finding:
    """With the target, if there is one, as a discrete state."""
    if finding.target is None:
        return finding
    row = zones.discrete_rows(np.array([finding.target], np.uint64))[0]
    return replace(finding, target=tuple(row.tolist()))


def _timed(zones: ZoneSystem, options: Options, finding: Finding) -> TimedFinding:
    number = finding.predicate
    if number == zones.quiescent:
        return TimedFinding("quiescent", finding)
    if number == zones.timelock:
        return TimedFinding("timelock", finding)
    assert number is not None
    return TimedFinding("property", finding, options.properties[number - zones.first_timed])


def timed_properties(model: Model) -> tuple[TimedProperty, ...]:
    """Those of the model that speak of clocks."""
    return model.timing.properties if model.timing else ()
