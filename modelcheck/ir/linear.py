"""Linear expressions over the parameters of a model, and half-spaces: plain tuples of integers.

An expression is (constant, coefficient of parameter 0, of parameter 1, ...). A half-space says that one is >= 0, or > 0
where it is strict. `Extents` are the least and the greatest value of each parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd
from typing import Iterable, Sequence


Linear = tuple[int, ...]
Point = tuple[Fraction, ...]
Extents = Sequence[tuple[int, int]]


def constant(value: int, params: int) -> Linear:
    return (value,) + (0,) * params


def plus(a: Linear, b: Linear) -> Linear:
    return tuple(map(int.__add__, a, b))


def minus(a: Linear) -> Linear:
    return tuple(-x for x in a)


def at(expr: Linear, point: Sequence[Fraction | int]) -> Fraction | int:
    return expr[0] + sum(c * v for c, v in zip(expr[1:], point))


def extremes(expr: Linear, extents: Extents) -> tuple[int, int]:
    """The least and the greatest value that the extents alone leave the expression."""
    low = high = expr[0]
    for c, (least, greatest) in zip(expr[1:], extents):
        low += c * (least if c > 0 else greatest)
        high += c * (greatest if c > 0 else least)
    return low, high


@dataclass(frozen=True, slots=True, order=True)
class HalfSpace:
    expr: Linear
    strict: bool

    def holds(self, point: Sequence[Fraction | int]) -> bool:
        value = at(self.expr, point)
        return value > 0 or (value == 0 and not self.strict)

    def opposite(self) -> HalfSpace:
        return HalfSpace(minus(self.expr), not self.strict)


Polyhedron = tuple[HalfSpace, ...]  # all of them hold; (): everything
Region = tuple[Polyhedron, ...]  # one of them holds; (): nowhere


def holds(polyhedron: Polyhedron, point: Sequence[Fraction | int]) -> bool:
    return all(h.holds(point) for h in polyhedron)


def normal(half: HalfSpace, *, integers: bool) -> HalfSpace:
    """Without common factors. Among integers no half-space is strict, and constants are cut to what matters."""
    expr, strict = half.expr, half.strict
    if integers and strict:
        expr, strict = (expr[0] - 1, *expr[1:]), False
    common = reduce(gcd, expr[1:], 0)
    if common > 1 and (integers or expr[0] % common == 0):
        expr = (expr[0] // common, *(c // common for c in expr[1:]))
    return HalfSpace(expr, strict)


def pruned(halves: Iterable[HalfSpace], extents: Extents, *, integers: bool) -> Polyhedron:
    """The same within the extents: of half-spaces with equal coefficients the smallest, and none that holds everywhere.
    Not every redundant one is found."""
    least: dict[Linear, tuple[int, bool]] = {}  # direction -> (constant, closed)
    for half in halves:
        half = normal(half, integers=integers)
        low = extremes(half.expr, extents)[0]
        if low > 0 or (low == 0 and not half.strict):
            continue
        direction, found = half.expr[1:], (half.expr[0], not half.strict)
        least[direction] = min(least.get(direction, found), found)
    return tuple(sorted(HalfSpace((c, *direction), not closed) for direction, (c, closed) in least.items()))


# --- text -------------------------------------------------------------------------------------------------------------


def shown(polyhedron: Polyhedron, names: Sequence[str], *, integers: bool) -> str:
    """`a < r + l < a + b and r >= 1000`; `always`. Among integers `r <= 250999` is written `r < 251000`: rounder."""
    links = []
    for half in sorted(polyhedron):
        if not half.strict and HalfSpace(minus(half.expr), False) in polyhedron:
            if half.expr > minus(half.expr):
                links.append((*_sides(half.expr, names), "=="))
        else:
            links.append(_link(half, names, integers))
    return " and ".join(_chained(links)) or "always"


Link = tuple[str, str, str]  # left, right, operator


def _link(half: HalfSpace, names: Sequence[str], integers: bool) -> Link:
    expr, strict = half.expr, half.strict
    if integers and not strict:
        open_ = (expr[0] + 1, *expr[1:])
        if _roundness(open_) > _roundness(expr):
            expr, strict = open_, True
    return (*_sides(expr, names), "<" if strict else "<=")


def _roundness(expr: Linear) -> int:
    """How many zeros the constant ends in."""
    if expr[0] == 0:
        return 99 if sum(map(bool, expr[1:])) > 1 else 0
    text = str(abs(expr[0]))
    return len(text) - len(text.rstrip("0"))


def _sides(expr: Linear, names: Sequence[str]) -> tuple[str, str]:
    """left <= right says that the expression is >= 0."""
    left, right = (
        [name if abs(c) == 1 else f"{abs(c)} * {name}" for name, c in zip(names, expr[1:]) if c * sign > 0]
        for sign in (-1, 1)
    )
    if expr[0]:
        (left if expr[0] < 0 else right).append(str(abs(expr[0])))
    return " + ".join(left) or "0", " + ".join(right) or "0"


def _chained(links: list[Link]) -> list[str]:
    """With `a < b` and `b < c` as one; `r >= 5` for a lonely `5 <= r`."""
    found, left = [], list(links)
    while left:
        chain = [left.pop(0)]
        while (after := next((x for x in left if x[0] == chain[-1][1]), None)) is not None:
            left.remove(after)
            chain.append(after)
        while (before := next((x for x in left if x[1] == chain[0][0]), None)) is not None:
            left.remove(before)
            chain.insert(0, before)
        a, b, op = chain[0]
        if len(chain) == 1 and a.isdigit() and op != "==":
            found.append(f"{b} {op.replace('<', '>')} {a}")
        else:
            found.append(a + "".join(f" {op} {b}" for _, b, op in chain))
    return found
