"""What the steps of a timed model do with clocks, as numbers beside the transitions of its discrete part.

The discrete part is an ordinary model whose steps leave in registers which of their sites were executed. `Effects` is
that model as a system without registers: they are cleared in every target, and the numbers of the programs that they
tell stand in the column `effect`. A program is what the executed sites do, with every bound evaluated; equal programs
have one number, in order of first appearance. Where processes are committed, steps of others are left out.

Explored as it is, this is the model with time ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import Diagnostic, SpecError
from modelcheck.ir import evaluate
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Observe, Reset, Timing
from modelcheck.ir.types import IntType
from modelcheck.system import TRUE, States, Successors, TransitionSystem
from modelcheck.timed.dbm import CONSTRAIN, RESET, RawAtom, ZoneOp, raw

MOST = 1 << 56  # time units: sums of bounds must stay below `dbm.INFINITY`
Valuation = Sequence[int]  # of the parameters, by number


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An executed site. low, high: the evaluated bounds of a Reset; the bound of a Constrain, the offset of an Observe
    twice."""

    site: ClockSite
    low: int
    high: int


Program = tuple[Evaluated, ...]


def value_of(bound: Bound, register: int, params: Valuation) -> int:
    return bound.constant + bound.factor * register + sum(c * params[p] for p, c in bound.params)


def _value(bound: Bound, registers: Mapping[int, int], params: Valuation) -> int:
    return value_of(bound, 0 if bound.register is None else registers[bound.register], params)


def raw_atom(atom: Atom, params: Valuation, dense: bool) -> RawAtom:
    """Of an atom without a register."""
    return atom.left, atom.right, raw(value_of(atom.bound, 0, params), atom.strict, dense)


def zone_ops(program: Program, dense: bool) -> tuple[ZoneOp, ...]:
    """What a program does to zones: everything but to observe."""
    ops: list[ZoneOp] = []
    for e in program:
        match e.site.op:
            case Constrain(atom):
                ops.append((CONSTRAIN, atom.left, atom.right, raw(e.low, atom.strict, dense)))
            case Reset(clock):
                ops.append((RESET, clock, e.low, e.high))
    return tuple(ops)


def _bounds(site: ClockSite) -> tuple[Bound, Bound]:
    match site.op:
        case Constrain(Atom(bound=bound)) | Observe(offset=bound):
            return bound, bound
        case Reset(_, low, high):
            return low, high
    raise TypeError(site)


def evaluated(sites: Sequence[ClockSite], registers: Mapping[int, int], params: Valuation) -> Program:
    """The sites that were executed. registers: variable -> what the step left in it. Raises SpecError (C002) for a time
    beyond 2**56 units, and for a clock that is set to less than zero or to a value of an empty interval."""
    program = []
    for site in sites:
        if site.flag is None or registers[site.flag]:
            low, high = (_value(b, registers, params) for b in _bounds(site))
            if isinstance(site.op, Reset) and not 0 <= low <= high:
                text = f"a clock cannot be set to a value of [{low} .. {high}]"
                raise SpecError([Diagnostic("C002", text, site.span, "clocks are never below zero")])
            if max(abs(low), abs(high)) > MOST:
                raise SpecError([Diagnostic("C002", "a time is beyond 2**56 units", site.span, "use a larger unit")])
            program.append(Evaluated(site, low, high))
    return tuple(program)


@dataclass(frozen=True, slots=True)
class _Register:
    variable: int
    offset: int
    size: int
    least: int


class Effects:
    """The discrete part of a timed model. `programs[number]` is what an effect means."""

    def __init__(self, model: Model, timing: Timing, system: TransitionSystem, params: Valuation):
        self.model, self.timing, self.system, self.params = model, timing, system, params
        self.width, self.actions = system.width, system.actions
        self.sites, self.guards = system.sites, system.guards
        self.predicates, self.step_predicates = system.predicates, system.step_predicates
        self.terminated = system.terminated
        self.layout = Layout(model.variables)
        self.registers = [self._register(v) for v in sorted(timing.registers)]
        self.mask = _mask(self.registers, self.width)
        self.programs: list[Program] = []
        self._numbers: dict[Program, int] = {}
        self._told: dict[bytes, int] = {}

    def _register(self, variable: int) -> _Register:
        t, layout = self.model.variables[variable].type, self.layout
        least = t.lo if isinstance(t, IntType) else 0
        return _Register(variable, layout.offsets[variable], layout.sizes[variable], least)

    def replace_system(self, system: TransitionSystem) -> None:
        """Goes on with another system of the same states, actions, sites and predicates."""
        self.system = system
        self.predicates, self.step_predicates = system.predicates, system.step_predicates
        self.terminated = system.terminated

    def initial(self) -> Successors:
        return self._told_apart(self.system.initial())

    def successors(self, states: States) -> Successors:
        answer = self.system.successors(states)
        if self.timing.committed:
            answer = self._committed(states[: answer.consumed], answer)
        return self._told_apart(answer)

    def _told_apart(self, answer: Successors) -> Successors:
        """The registers taken out of the targets, and what they mean beside them."""
        told = np.column_stack((answer.action.view(np.uint64), answer.target & self.mask))
        _, first, which = np.unique(told, axis=0, return_index=True, return_inverse=True)
        numbers = np.empty(len(first), np.int64)
        for i in np.argsort(first):
            at = int(first[i])
            key = told[at].tobytes()
            if key not in self._told:
                self._told[key] = self.number(self._program(int(answer.action[at]), told[at, 1:]))
            numbers[i] = self._told[key]
        return replace(answer, target=answer.target & ~self.mask, effect=numbers[which.ravel()])

    def number(self, program: Program) -> int:
        known = self._numbers.setdefault(program, len(self.programs))
        if known == len(self.programs):
            self.programs.append(program)
        return known

    def _program(self, action: int, told: NDArray[np.uint64]) -> Program:
        word = self.layout.unpack(told.reshape(1, -1))[0]
        values = {r.variable: (word >> r.offset & (1 << r.size) - 1) + r.least for r in self.registers}
        return evaluated(self.sites_of(action), values, self.params)

    def sites_of(self, action: int) -> tuple[ClockSite, ...]:
        return self.timing.initial if action < 0 else self.timing.programs[action]

    def _committed(self, states: States, answer: Successors) -> Successors:
        """Without the steps that wait for a committed process."""
        committed = self.timing.committed
        holds = self.system.predicates(states, [predicate for predicate, _ in committed]) == TRUE
        processes = np.array([a.process for a in self.actions], np.int64)
        may = np.tile(~holds.any(axis=1)[:, None], (1, len(self.actions)))
        for column, (_, process) in enumerate(committed):
            may |= holds[:, column, None] & (processes == process)
        kept = may[answer.source, answer.action]
        faults = answer.faults[may[answer.faults[:, 0], answer.faults[:, 1]]]
        return replace(
            answer, source=answer.source[kept], action=answer.action[kept], target=answer.target[kept], faults=faults
        )

    def failing(self, state: States, action: int) -> list[tuple[int, Program]]:
        """The ways in which an action (-1: the initialisation) fails in a state: the site, and what was executed before
        it. Asks the interpreter, for a system does not tell. state: (1, width)."""
        if action < 0:
            ways = evaluate.initial(self.model)
        else:
            ways = evaluate.outcomes(self.model, self.layout.decode(self.layout.unpack(state)[0]), action)
        found = []
        for way in ways:
            if way.failure is not None and way.at is not None:
                known = {i: v for i in self.timing.registers if isinstance(v := way.at[i], int)}
                told = {i: 0 for i in self.timing.registers} | known
                program = evaluated(self.sites_of(action), told, self.params)
                found.append((self._site(way.failure), program))
        return found

    def _site(self, failure: evaluate.EvaluationError) -> int:
        place = failure.kind, failure.span
        return next(number for number, site in enumerate(self.sites) if (site.kind, site.span) == place)


def _mask(registers: Sequence[_Register], width: int) -> NDArray[np.uint64]:
    bits = sum(((1 << r.size) - 1) << r.offset for r in registers)
    return np.array([bits >> (64 * word) & (1 << 64) - 1 for word in range(width)], np.uint64)
