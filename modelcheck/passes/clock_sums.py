"""Sums of integers of the discrete state and unknown parameters: what a time can be, by the types and assumptions."""

from __future__ import annotations

from functools import reduce
from itertools import combinations
from typing import TYPE_CHECKING

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.types import IntType
from modelcheck.passes import typecheck
from modelcheck.passes.typed import Linear

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context


def minus(e: Linear) -> Linear:
    params = tuple((number, -by) for number, by in e.params)
    return Linear(-e.constant, e.expr, -e.factor if e.expr is not None else 1, params)


def plus(ctx: Context, a: Linear, b: Linear, span: Span) -> Linear:
    params = dict(a.params)
    for number, by in b.params:
        params[number] = params.get(number, 0) + by
    left = tuple(sorted((number, by) for number, by in params.items() if by))
    constant = a.constant + b.constant
    if a.expr is None or b.expr is None:
        some = a if a.expr is not None else b
        return Linear(constant, some.expr, some.factor, left)
    both = typecheck.binary(ctx, "+", scaled(ctx, a, span), scaled(ctx, b, span), span)
    return Linear(constant, both, 1, left)


def scaled(ctx: Context, e: Linear, span: Span) -> n.Expr:
    assert e.expr is not None
    if e.factor == 1:
        return e.expr
    return typecheck.binary(ctx, "*", e.expr, number(e.factor, span), span)


def number(value: int, span: Span) -> n.Const:
    return n.Const(value, IntType(value, value), span)


def never_negative(ctx: Context, e: Linear, span: Span) -> bool:
    """By types, bounds of parameters and up to two of the assumptions on them. Where constants contradict an
    assumption, that is what is reported."""
    if ctx.world.contradicted:
        return True
    known = [Linear(a.bound.constant, params=a.bound.params) for a in ctx.world.assumptions]
    return any(
        least(ctx, reduce(lambda rest, a: plus(ctx, rest, minus(a), span), chosen, e)) >= 0
        for count in range(3)
        for chosen in combinations(known, count)
    )


def least(ctx: Context, e: Linear) -> int:
    """The least value that a time can have, by types and the bounds of parameters. The greatest of e is minus that of
    minus e."""
    found = e.constant
    if e.expr is not None:
        assert isinstance(e.expr.type, IntType)
        found += min(e.factor * e.expr.type.lo, e.factor * e.expr.type.hi)
    for number, by in e.params:
        p = ctx.world.params[number]
        found += min(by * p.low, by * p.high)
    return found
