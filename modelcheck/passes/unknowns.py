"""What a module says of time: its unit, unknown parameters, and what is assumed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcheck.ir import surface as s
from modelcheck.ir import timing
from modelcheck.ir.types import IntType, TextType
from modelcheck.passes import clock_terms, typecheck
from modelcheck.passes.clock_sums import minus, plus
from modelcheck.passes.clocks import MAX_TIME, UNITS
from modelcheck.passes.context import Parameter, TimeUnit
from modelcheck.passes.typed import Linear
from modelcheck.passes.walks import names_in

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context


def parameter(ctx: Context, definition: s.Definition) -> timing.Param:
    """`rem = Param(1, 1_000_000)`."""
    call = definition.value
    assert isinstance(call, s.Call)
    if len(call.args) != 2 or call.keywords:
        hint = f"write `{definition.name} = Param(1, 1_000_000)`: the bounds are part of the question"
        raise ctx.error("T004", definition.span, "a parameter has a least and a greatest value", hint)
    low, high = (typecheck.constant(ctx, a) for a in call.args)
    for found, arg in zip((low, high), call.args):
        if not isinstance(found.type, IntType) or abs(found.value) > MAX_TIME:
            raise ctx.error("T006", arg.span, "this is no bound of a time", "an integer of at most 2**56")
    if low.value > high.value:
        raise ctx.error("T018", call.span, f"{low.value} .. {high.value} is empty", "the least value comes first")
    return timing.Param(definition.name, low.value, high.value, definition.span)


def time_unit(ctx: Context, definition: s.Definition) -> TimeUnit:
    """`time = Time("ns", discrete=True)`."""
    call = definition.value
    assert isinstance(call, s.Call)
    given = {**dict(zip(("unit", "discrete"), call.args)), **dict(call.keywords)}
    if len(call.args) > 2 or not given.keys() <= {"unit", "discrete"}:
        hint = 'write `time = Time("ns")` or `Time("ns", discrete=True)`'
        raise ctx.error("T004", definition.span, "time has a unit, and may be discrete", hint)
    unit = typecheck.constant(ctx, given["unit"]) if "unit" in given else None
    if unit is not None and not isinstance(unit.type, TextType):
        raise ctx.error("T001", given["unit"].span, "the unit is a string", 'write `Time("ns")`')
    if unit is not None and unit.value not in ("", *UNITS):
        hint = f"units are {', '.join(UNITS)}; write `Time()` for times without one"
        raise ctx.error("T001", given["unit"].span, f'"{unit.value}" is no unit of time', hint)
    discrete = "discrete" in given and typecheck.constant(ctx, given["discrete"], typecheck.BOOL).value
    return TimeUnit("" if unit is None else unit.value, discrete)


# --- assumptions on parameters ----------------------------------------------------------------------------------------


def speaks(ctx: Context, e: s.Expr) -> bool:
    """Whether an assumption is about parameters that have no value yet."""
    return any(isinstance(ctx.lookup(x.id, x.span), Parameter) for x in names_in(e) if ctx.names(x.id))


def assumed(ctx: Context, e: s.Expr) -> list[timing.LinearAssumption]:
    """`a <= b + 3`, chains of such comparisons and conjunctions of them."""
    match e:
        case s.BoolOp("and", args):
            return [x for a in args for x in assumed(ctx, a)]
        case s.Compare(first, ops, rest):
            operands = (first, *rest)
            return [x for op, a, b in zip(ops, operands, rest) for x in _link(ctx, op, a, b, e)]
    hint = "write comparisons of sums, `lchk + lent <= 1_000_000`, with `and` between them"
    raise ctx.error("T033", e.span, "this is no linear assumption on parameters", hint)


def _link(ctx: Context, op: str, a: s.Expr, b: s.Expr, e: s.Compare) -> list[timing.LinearAssumption]:
    left, right = clock_terms.linear(ctx, a), clock_terms.linear(ctx, b)
    up = plus(ctx, right, minus(left), e.span)  # up >= 0 says left <= right
    down = minus(up)
    wanted = {"<=": [(up, False)], "<": [(up, True)], ">=": [(down, False)], ">": [(down, True)],
              "==": [(up, False), (down, False)]}  # fmt: skip
    if op not in wanted:
        raise ctx.error("T033", e.span, f"`{op}` is no linear assumption", "compare with < <= == >= >")
    return [timing.LinearAssumption(_bound(x), strict, e.span) for x, strict in wanted[op]]


def _bound(e: Linear) -> timing.Bound:
    assert e.expr is None, "an assumption reads no state"
    return timing.Bound(e.constant, params=e.params)
