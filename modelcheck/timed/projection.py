"""The parameters under which a path can be taken: its times are eliminated, exactly.

The unknowns of a path are the time of each step, and for each clock that is set to a value of an interval the time when
it would have been zero. All constraints are differences of two of them, bounded by an expression over the parameters.
To eliminate one unknown, every bound from below is added to every bound from above: what is left are bounds among the
others, and in the end half-spaces over the parameters. No comparison is made on the way, so that the answer is exact
for all parameters at once. Each constraint knows where it comes from: so the same system also says why a path is not
possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Literal, Sequence

from modelcheck.errors import Span
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Observe, Reset
from modelcheck.ir import linear
from modelcheck.timed.effects import Program
from modelcheck.ir.linear import Extents, HalfSpace, Linear, Polyhedron

Reason = Literal["order", "still", "guard", "deadline", "range", "end"]


@dataclass(frozen=True, slots=True)
class SymbolicAtom:
    """left - right <= bound, or < where strict; clocks by number, the bound over the parameters."""

    left: int
    right: int
    bound: Linear
    strict: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SymbolicReset:
    clock: int
    low: Linear
    high: Linear
    span: Span | None = None


SymbolicProgram = tuple[SymbolicAtom | SymbolicReset, ...]


@dataclass(frozen=True, slots=True)
class SymbolicPath:
    """As `witness.Path`: programs[i] leads to a state where time may pass as delays[i] says, within deadlines[i]; one
    program more where the last step does not arrive. end: atoms that hold after some delay in the last state."""

    programs: tuple[SymbolicProgram, ...]
    delays: tuple[bool, ...]
    deadlines: tuple[tuple[SymbolicAtom, ...], ...]
    end: tuple[SymbolicAtom, ...] = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """Unknown `above` minus unknown `below` is at most the bound (less than, where strict). Of step number `step`;
    `atom`: what it says of clocks."""

    above: int
    below: int
    bound: Linear
    strict: bool
    reason: Reason
    step: int
    atom: SymbolicAtom | None = None


# --- reading programs -------------------------------------------------------------------------------------------------


def symbolic(program: Program, params: Sequence[int], count: int) -> SymbolicProgram:
    """What an evaluated program says for all parameters. params: the values that it was evaluated with."""

    def bound(of: Bound, value: int) -> Linear:
        """The part of the register is what the parameters leave of the value."""
        found = [value - sum(c * params[p] for p, c in of.params)] + [0] * count
        for p, c in of.params:
            found[1 + p] += c
        return tuple(found)

    ops: list[SymbolicAtom | SymbolicReset] = []
    for e in program:
        match e.site:
            case ClockSite(Constrain(atom), _, span):
                ops.append(SymbolicAtom(atom.left, atom.right, bound(atom.bound, e.low), atom.strict, span))
            case ClockSite(Reset(clock, low, high), _, span):
                ops.append(SymbolicReset(clock, bound(low, e.low), bound(high, e.high), span))
            case ClockSite(Observe()):
                pass  # says nothing of what is possible
    return tuple(ops)


def symbolic_atom(atom: Atom, count: int, span: Span | None = None) -> SymbolicAtom:
    """Of an atom without a register."""
    found = [atom.bound.constant] + [0] * count
    for p, c in atom.bound.params:
        found[1 + p] += c
    return SymbolicAtom(atom.left, atom.right, tuple(found), atom.strict, span)


# --- the system of a path ---------------------------------------------------------------------------------------------


class System:
    """The constraints of a path. Unknown 0 is the time of the first step, which is zero."""

    def __init__(self, path: SymbolicPath, clocks: int, params: int, *, dense: bool):
        self.dense, self.zero = dense, linear.constant(0, params)
        self.constraints: list[Constraint] = []
        self.unknowns, self.now, self.step = 1, 0, 0
        self.base: list[tuple[int, Linear]] = [(0, self.zero)] * clocks  # of clock x: now - base[0] + base[1]
        for self.step, program in enumerate(path.programs):
            if self.step:
                self.delay(path, self.step - 1)
            self.run(program)
            if self.step < len(path.delays):
                self.require(path.deadlines[self.step], "deadline")
        if len(path.programs) == len(path.delays):
            self.step += 1
            self.delay(path, len(path.delays) - 1)
        self.require(path.end, "end")

    def unknown(self) -> int:
        self.unknowns += 1
        return self.unknowns - 1

    def delay(self, path: SymbolicPath, state: int) -> None:
        before, self.now = self.now, self.unknown()
        self.add(before, self.now, self.zero, False, "order")
        if not path.delays[state]:
            self.add(self.now, before, self.zero, False, "still")
        self.require(path.deadlines[state], "deadline")

    def run(self, program: SymbolicProgram) -> None:
        for op in program:
            match op:
                case SymbolicAtom():
                    self.require([op], "guard")
                case SymbolicReset(clock, low, high) if low == high:
                    self.base[clock] = (self.now, low)
                case SymbolicReset(clock, low, high, span):
                    start = self.unknown()
                    self.base[clock] = (start, self.zero)
                    most = SymbolicAtom(clock, 0, high, False, span)
                    least = SymbolicAtom(0, clock, linear.minus(low), False, span)
                    self.require([most, least], "range")

    def require(self, atoms: Iterable[SymbolicAtom], reason: Reason) -> None:
        for atom in atoms:
            (left, plus), (right, less) = self._reading(atom.left), self._reading(atom.right)
            bound = linear.plus(atom.bound, linear.plus(less, linear.minus(plus)))
            self.add(right, left, bound, atom.strict, reason, atom)

    def _reading(self, clock: int) -> tuple[int, Linear]:
        """(start, offset): the clock is now - start + offset. Clock 0 is 0 now."""
        return self.base[clock] if clock else (self.now, self.zero)

    def add(
        self, above: int, below: int, bound: Linear, strict: bool, reason: Reason, atom: SymbolicAtom | None = None
    ) -> None:
        if strict and not self.dense:
            bound, strict = (bound[0] - 1, *bound[1:]), False
        self.constraints.append(Constraint(above, below, bound, strict, reason, self.step, atom))


# --- elimination ------------------------------------------------------------------------------------------------------

Edges = dict[tuple[int, int], list[tuple[Linear, bool]]]  # (above, below) -> (bound, strict)


def possible(system: System, extents: Extents) -> Polyhedron:
    """The parameters, within their extents, for which the system has a solution."""
    edges: Edges = {}
    found: list[HalfSpace] = []

    def add(above: int, below: int, bound: Linear, strict: bool) -> None:
        if above == below:
            found.append(HalfSpace(bound, strict))
        else:
            edges[above, below] = _with(edges.get((above, below), []), (bound, strict), extents)

    for c in system.constraints:
        add(c.above, c.below, c.bound, c.strict)
    left = set(range(system.unknowns))
    while left:
        v = min(left, key=lambda v: _cost(edges, v))
        left.remove(v)
        into = [(a, bounds) for (a, b), bounds in edges.items() if b == v]
        out = [(b, bounds) for (a, b), bounds in edges.items() if a == v]
        edges = {pair: bounds for pair, bounds in edges.items() if v not in pair}
        for above, some in into:
            for below, others in out:
                for x, s in some:
                    for y, t in others:
                        add(above, below, linear.plus(x, y), s or t)
    return linear.pruned(found, extents, integers=not system.dense)


def _cost(edges: Edges, v: int) -> tuple[int, int]:
    """How many bounds the elimination of an unknown makes."""
    into = sum(len(bounds) for (_, b), bounds in edges.items() if b == v)
    out = sum(len(bounds) for (a, _), bounds in edges.items() if a == v)
    return into * out, v


def _with(bounds: list[tuple[Linear, bool]], new: tuple[Linear, bool], extents: Extents) -> list[tuple[Linear, bool]]:
    """One bound more; without those that another one is below, whatever the parameters are."""
    if any(_implies(b, new, extents) for b in bounds):
        return bounds
    return [*(b for b in bounds if not _implies(new, b, extents)), new]


def _implies(bound: tuple[Linear, bool], other: tuple[Linear, bool], extents: Extents) -> bool:
    (expr, strict), (above, above_strict) = bound, other
    low = linear.extremes(linear.plus(above, linear.minus(expr)), extents)[0]
    return low > 0 or (low == 0 and (strict or not above_strict))
