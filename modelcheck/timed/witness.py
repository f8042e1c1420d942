"""Times for a trace: when each step is taken, and what was chosen, of a path of the zone graph.

The zones of a path are abstracted; which times are possible is found anew, exactly. The unknowns are the time of each
step, and for each clock that is set to a value of an interval the time when it would have been zero. All constraints
are differences. The path is possible, for abstraction keeps which paths are: where there is no solution, that is an
error of ours.

Policies: *smallest* takes the shortest time in all, then the earliest time of each step from left to right, then the
least values of what was chosen. *separated* the same, with at least one unit between two steps wherever that is
possible. *roundest* prefers, in the same order, numbers that end in zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Sequence

from modelcheck.errors import InternalError
from modelcheck.ir.timing import Atom, Constrain, Observe, Reset
from modelcheck.timed.dbm import RawAtom, raw
from modelcheck.timed.differences import Differences, Limit, Number
from modelcheck.timed.discrete import Mode
from modelcheck.timed.effects import Program

Policy = Literal["smallest", "separated", "roundest"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A clock was set to that value by step number `step` (0: the initialisation): each time that one was, in order."""

    step: int
    clock: int
    value: Number


@dataclass(frozen=True, slots=True)
class Observed:
    step: int
    quantity: int
    value: Number


@dataclass(frozen=True, slots=True)
class Witness:
    """times: of each step, the first is 0. end: when what was looked for holds, after the last step. clocks: the values
    of all clocks (number 0 is zero) after each step, and at the end."""

    times: tuple[Number, ...]
    end: Number
    clocks: tuple[tuple[Number, ...], ...]
    choices: tuple[Choice, ...]
    observed: tuple[Observed, ...]


@dataclass(frozen=True, slots=True)
class _Sum:
    """plus - minus + offset, of variables."""

    plus: int
    minus: int
    offset: Number


@dataclass(frozen=True, slots=True)
class Path:
    """programs[i] leads to a state of modes[i]; one program more where the last step does not arrive (it fails, or all
    that is known of its target is that it may be taken). end: atoms that hold after some delay in the last state."""

    programs: tuple[Program, ...]
    modes: tuple[Mode, ...]
    end: tuple[RawAtom, ...]
    clocks: int
    dense: bool


class _Equations:
    def __init__(self, path: Path):
        self.path, self.system = path, Differences()
        self.base = [_Sum(0, 0, 0)] * path.clocks  # clock x at time t: t - base[x].minus + base[x].offset
        self.now = 0
        self.times: list[int] = []
        self.readings: list[list[_Sum]] = []
        self.chosen: list[tuple[int, int, _Sum]] = []
        self.observed: list[tuple[int, int, _Sum]] = []
        for step, program in enumerate(path.programs):
            if step:
                self.delay(path.modes[step - 1])
            self.times.append(self.now)
            self.run(step, program)
            if step < len(path.modes):
                self.require(path.modes[step].deadlines)
            self.readings.append(self.reading())
        if len(path.programs) == len(path.modes):
            self.delay(path.modes[-1])
        self.require(path.end)
        self.readings.append(self.reading())

    def delay(self, mode: Mode) -> None:
        later = self.system.variable()
        self.system.add(self.now, later, (0, 1))
        if not mode.delay:
            self.system.add(later, self.now, (0, 1))
        self.now = later
        self.require(mode.deadlines)

    def difference(self, left: int, right: int) -> _Sum:
        """Clock left - clock right, now."""
        of_left, of_right = (self.base[x] for x in (left, right))
        offset = of_left.offset - of_right.offset
        if left and right:
            return _Sum(of_right.minus, of_left.minus, offset)
        if left:
            return _Sum(self.now, of_left.minus, offset)
        return _Sum(of_right.minus, self.now, offset) if right else _Sum(0, 0, 0)

    def require(self, atoms: Sequence[RawAtom]) -> None:
        for left, right, bound in atoms:
            self.within(self.difference(left, right), (bound >> 1, bound & 1))

    def within(self, value: _Sum, limit: Limit) -> None:
        self.system.add(value.plus, value.minus, (limit[0] - value.offset, limit[1]))

    def run(self, step: int, program: Program) -> None:
        for e in program:
            match e.site.op:
                case Constrain(Atom(left, right, _, strict)):
                    self.require([(left, right, raw(e.low, strict, self.path.dense))])
                case Reset(clock) if e.low == e.high:
                    self.base[clock] = _Sum(0, self.now, e.low)
                    self.chosen.append((step, clock, _Sum(0, 0, e.low)))
                case Reset(clock):
                    start = self.system.variable()
                    value = _Sum(self.now, start, 0)
                    self.within(value, (e.high, 1))
                    self.within(_Sum(start, self.now, 0), (-e.low, 1))
                    self.base[clock] = _Sum(0, start, 0)
                    self.chosen.append((step, clock, value))
                case Observe(quantity, left, right):
                    found = self.difference(left, right)
                    self.observed.append((step, quantity, _Sum(found.plus, found.minus, found.offset + e.low)))

    def reading(self) -> list[_Sum]:
        return [self.difference(x, 0) for x in range(self.path.clocks)]


def concretise(path: Path, policy: Policy = "smallest") -> Witness:
    """Raises InternalError where the path is not possible."""
    equations = _Equations(path)
    system = equations.system
    moments = [*equations.times, equations.now]
    if not system.solve():
        raise InternalError("the zones allow a trace for which there are no times")
    if policy == "separated":
        for earlier, later in zip(moments, moments[1:]):
            if earlier != later and system.fits(earlier, later, (-1, 1)):
                system.add(earlier, later, (-1, 1))
                system.solve()
    order = moments if policy == "roundest" else [moments[-1], *moments]
    for v in dict.fromkeys(order):
        if v:
            system.fix(v, system.roundest(v) if policy == "roundest" else system.least(v))
    for _, _, value in equations.chosen:
        at, start = system.least(value.plus), value.minus
        if start:
            system.fix(start, system.roundest(start, at, -1) if policy == "roundest" else system.greatest(start))
    return _read(equations)


def _read(equations: _Equations) -> Witness:
    system = equations.system

    def value(s: _Sum) -> Number:
        found = system.least(s.plus) - system.least(s.minus) + s.offset
        return int(found) if found == int(found) else found

    def time(v: int) -> Number:
        return value(_Sum(v, 0, 0))

    return Witness(
        tuple(time(v) for v in equations.times),
        time(equations.now),
        tuple(tuple(value(s) for s in reading) for reading in equations.readings),
        tuple(Choice(step, clock, value(s)) for step, clock, s in equations.chosen),
        tuple(Observed(step, quantity, value(s)) for step, quantity, s in equations.observed),
    )
