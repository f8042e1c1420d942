"""Regions of parameters: unions of polyhedra, with z3 to decide about them.

A question that z3 does not answer within its limits raises `Undecided`: nothing is ever concluded from silence.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf
from random import Random
from typing import Any, Iterable, Sequence

import z3

from modelcheck.ir.timing import Timing
from modelcheck.ir import linear
from modelcheck.ir.linear import HalfSpace, Point, Polyhedron, Region
from modelcheck.timed.stopping import Stopping

MILLISECONDS, MEGABYTES = 5_000, 2_048  # for one question; for all of z3
VERSION = f"z3 {z3.get_version_string()}"
TRIES = 16  # valuations that are guessed before z3 is asked for one


class Undecided(Exception):
    """z3 has not answered."""


@dataclass(slots=True)
class Space:
    """All valuations within the extents that satisfy the assumptions: integers in discrete time, else reals."""

    extents: tuple[tuple[int, int], ...]
    assumptions: Polyhedron
    integers: bool
    variables: tuple[Any, ...]
    asked: int = 0
    until: float = inf  # the `time.monotonic()` from which on nothing is asked any more
    stopping: Stopping = field(default_factory=Stopping)

    def everywhere(self) -> Polyhedron:
        """The assumptions and the extents as half-spaces."""
        count = len(self.extents)
        bounds: list[HalfSpace] = []
        for i, (low, high) in enumerate(self.extents):
            unit = tuple(int(k == i) for k in range(count))
            bounds += [HalfSpace((-low, *unit), False), HalfSpace((high, *linear.minus(unit)), False)]
        return (*bounds, *self.assumptions)

    def contains(self, point: Sequence[Fraction | int]) -> bool:
        return linear.holds(self.everywhere(), point)

    # --- z3 ---

    def half(self, half: HalfSpace) -> Any:
        total = half.expr[0] + sum(c * v for c, v in zip(half.expr[1:], self.variables) if c)
        if isinstance(total, int):
            return z3.BoolVal(total > 0 or (total == 0 and not half.strict))
        return total > 0 if half.strict else total >= 0

    def polyhedron(self, polyhedron: Polyhedron) -> Any:
        return z3.And([self.half(h) for h in polyhedron])

    def union(self, union: Iterable[Polyhedron]) -> Any:
        return z3.Or([self.polyhedron(p) for p in union])

    def point(self, *formulas: Any) -> Point | None:
        """A valuation of the space that satisfies the formulas; None where there is none. Raises Undecided."""
        self._ask()
        solver = z3.Solver()
        solver.set("timeout", MILLISECONDS)
        solver.add(self.polyhedron(self.everywhere()), *formulas)
        answer = solver.check()
        if answer == z3.unknown:
            raise self._undecided(solver.reason_unknown())
        if answer == z3.unsat:
            return None
        model = solver.model()
        return tuple(_fraction(model.eval(v, model_completion=True)) for v in self.variables)

    def _ask(self) -> None:
        if self.stopping.noted or time.monotonic() > self.until:
            raise Undecided("out of time")
        self.asked += 1

    def _undecided(self, reason: str) -> Undecided:
        """z3 has its own way to learn of Ctrl-C."""
        self.stopping.noted |= "interrupted" in reason
        return Undecided(reason)

    def included(self, polyhedron: Polyhedron, union: Region) -> bool:
        return self.point(self.polyhedron(polyhedron), z3.Not(self.union(union))) is None

    def outside(self, regions: Sequence[Polyhedron], random: Random) -> Point | None:
        """A valuation in none of the regions; None where they are everything. Whole numbers are preferred, and what
        lies at no border: there, more than is needed would be equal. Raises Undecided."""
        for _ in range(TRIES):
            guess = tuple(Fraction(random.randint(low, high)) for low, high in self.extents)
            if self.contains(guess) and not any(linear.holds(p, guess) for p in regions):
                return guess
        outside = z3.Not(self.union(regions))
        found = self.point(outside)
        if found is None or all(v.denominator == 1 for v in found):
            return found
        whole = self.point(outside, *(z3.IsInt(v) for v in self.variables))
        return whole or found

    def anywhere(self, random: Random) -> Point | None:
        """A random valuation of whole numbers; None where there is none."""
        for _ in range(TRIES):
            guess = tuple(Fraction(random.randint(low, high)) for low, high in self.extents)
            if self.contains(guess):
                return guess
        return self._whole(random)

    def beside(self, half: HalfSpace, random: Random) -> Point | None:
        """A valuation of whole numbers at the border of a half-space, or just beyond it; None where there is none."""
        low, high = random.choice(((0, 0), (-1, -1), (0, 1)))
        inside = HalfSpace((half.expr[0] - low, *half.expr[1:]), False)
        below = HalfSpace(linear.minus((half.expr[0] - high, *half.expr[1:])), False)
        return self._whole(random, self.polyhedron((inside, below)))

    def _whole(self, random: Random, *formulas: Any) -> Point | None:
        """Somewhere: each parameter is on a random side of a random number, as far as that is possible."""
        whole = [*formulas, *([] if self.integers else [z3.IsInt(v) for v in self.variables])]
        found = self.point(*whole)
        for i in random.sample(range(len(self.extents)), len(self.extents)) if found else ():
            wish, variable = random.randint(*self.extents[i]), self.variables[i]
            wished = [*whole, variable >= wish if random.random() < 0.5 else variable <= wish]
            better = self.point(*wished)
            if better is not None:
                whole, found = wished, better
        return found

    # --- simpler ---

    def simplified(self, union: Region) -> Region:
        """The same region of the space, in few polyhedra with few half-spaces. Those may overlap: each is made as large
        as the whole region allows. Raises Undecided."""
        whole = self.union(union)
        found: list[Polyhedron] = []
        for polyhedron in sorted(union, key=len):
            if not found or not self.included(polyhedron, tuple(found)):
                found.append(self._grown(polyhedron, whole))
        for polyhedron in sorted(found, key=len, reverse=True):
            others = tuple(p for p in found if p is not polyhedron)
            if self.included(polyhedron, others):
                found = list(others)
        return tuple(sorted(self.lean(p) for p in found))

    def _grown(self, polyhedron: Polyhedron, whole: Any) -> Polyhedron:
        """Without each half-space that the region does not need there."""
        kept = list(polyhedron)
        for half in sorted(polyhedron, key=lambda h: (-sum(map(bool, h.expr[1:])), h)):
            rest = tuple(h for h in kept if h is not half)
            if self.point(self.polyhedron(rest), z3.Not(whole)) is None:
                kept = list(rest)
        return tuple(kept)

    def lean(self, polyhedron: Polyhedron) -> Polyhedron:
        """Without what follows from the rest."""
        kept = list(polyhedron)
        for half in polyhedron:
            rest = tuple(h for h in kept if h is not half)
            if self.point(self.polyhedron(rest), z3.Not(self.half(half))) is None:
                kept = list(rest)
        return tuple(sorted(kept))

    def least(self, expr: linear.Linear, union: Region) -> tuple[Fraction, Point | None] | None:
        """The greatest lower bound of an expression over the region, and where it is that; no place where it only comes
        as near as you like. None where the region is empty. Raises Undecided."""
        best: Fraction | None = None
        for polyhedron in union:
            optimizer = z3.Optimize()
            optimizer.set("timeout", MILLISECONDS)
            optimizer.add(self.polyhedron((*self.everywhere(), *polyhedron)))
            goal = optimizer.minimize(expr[0] + sum(c * v for c, v in zip(expr[1:], self.variables) if c))
            self._ask()
            answer = optimizer.check()
            if answer == z3.unknown:
                raise self._undecided(optimizer.reason_unknown())
            if answer == z3.sat:
                value = _fraction(goal.lower_values()[1])
                best = value if best is None else min(best, value)
        if best is None:
            return None
        return best, self.point(self.union(_where(union, expr, best)))

    def smallest(self, exprs: Sequence[linear.Linear], union: Region) -> Point | None:
        """The valuation of whole numbers in the region where the first expression is least, of those the one where the
        next is, and so on; None where there is none. Raises Undecided."""
        whole = replace(self, integers=True, variables=tuple(z3.Int(f"whole {v}") for v in self.variables))
        point = None
        for expr in exprs:
            found = whole.least(expr, union)
            if found is None:
                return None
            value, point = found
            union = _where(union, expr, value)
        return point


def _where(union: Region, expr: linear.Linear, value: Fraction) -> Region:
    """The part of a region where an expression has a value."""
    scaled = tuple(c * value.denominator for c in expr)
    exactly = (scaled[0] - value.numerator, *scaled[1:])
    equal = (HalfSpace(exactly, False), HalfSpace(linear.minus(exactly), False))
    return tuple((*polyhedron, *equal) for polyhedron in union)


def space_of(timing: Timing) -> Space:
    z3.set_param("memory_max_size", MEGABYTES)
    variable = z3.Real if timing.dense else z3.Int
    names = tuple(variable(p.name) for p in timing.params)
    extents = tuple((p.low, p.high) for p in timing.params)
    assumed = []
    for a in timing.assumptions:
        expr = [a.bound.constant] + [0] * len(names)
        for p, c in a.bound.params:
            expr[1 + p] += c
        assumed.append(HalfSpace(tuple(expr), a.strict))
    return Space(extents, tuple(assumed), not timing.dense, names)


def _fraction(value: Any) -> Fraction:
    return Fraction(value.as_long()) if z3.is_int_value(value) else value.as_fraction()
