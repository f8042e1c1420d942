"""Conversions between types, explicit in CORE: a CAST where a check is left for run time, SOME and GET for options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.ops import OPS, Op
from modelcheck.ir.types import (
    ArrayType,
    BoolType,
    EnumType,
    FormulaType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    TextType,
    Type,
    contains,
    join,
    show,
)
from modelcheck.passes import comprehensions
from modelcheck.passes.context import describe, did_you_mean, which
from modelcheck.passes.sizes import least

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

NOTHING = IntType(0, -1)  # the element type of `set()` and `()` until the surroundings give one; see `loose`


def loose(t: Type | None) -> Type | None:
    """A type for the literals on the other side of an operator, where integers may lie outside `t`: `self.s == {9}` is
    False and no error, but the strings in `self.phases == {"idle"}` are literals of its Enum."""
    match t:
        case IntType():
            return NOTHING
        case SetType(of):
            return SetType(loose(of))
        case OptionType(of):
            return OptionType(loose(of))
        case SeqType(of, capacity):
            return SeqType(loose(of), capacity)
        case ArrayType(index, of):
            return ArrayType(index, loose(of))
    return t


def _is_loose(t: Type) -> bool:
    """Whether integers of the type are of any size."""
    match t:
        case SetType(of) | OptionType(of) | SeqType(of) | ArrayType(_, of):
            return _is_loose(of)
    return t == NOTHING


def is_nothing(t: Type) -> bool:
    """Whether no value has the type: that of the elements of what is empty, and what is computed from them."""
    return isinstance(t, IntType) and t.lo > t.hi


def coerce(ctx: Context, e: n.Expr, t: Type, span: Span) -> n.Expr:
    """The expression as a value of `t`, checked at run time where types leave it open; T001 where no value fits."""
    match e.type, t:
        case a, b if a == b:
            return e
        case IntType(), IntType():
            return _cast(e, t, span)
        case a, _ if is_nothing(a) and (never := _never(ctx, e, t, span)) is not None:
            return never
        case TextType(), EnumType():
            _check_literals(ctx, [e.value] if isinstance(e, n.Const) else [], t, span)
            return _cast(e, t, span)
        case (SetType(TextType()), SetType(EnumType() as of)) | (SeqType(TextType()), SeqType(EnumType() as of)):
            _check_literals(ctx, sorted(e.value) if isinstance(e, n.Const) else [], of, span)
            return _cast(e, t, span)
        case OptionType(a), OptionType(b) if join(a, b) is not None:
            return _cast(e, t, span)
        case OptionType(), b:
            return coerce(ctx, n.Apply(Op.GET, (e,), e.type.of, span), t, span)
        case a, OptionType(b):
            return n.Apply(Op.SOME, (coerce(ctx, e, b, span),), t, span)
        case SeqType(), ArrayType() if isinstance(e, n.Construct):
            return comprehensions.array_of(ctx, e.items, t, span)
        case (SetType(), SetType()) | (SeqType(), SeqType()) | (ArrayType(), ArrayType()) if _convertible(e.type, t):
            return _cast(e, t, span)
    raise ctx.error("T001", span, f"this is {what(e)}, and {show(t)} is wanted", _how(e.type, t))


def _check_literals(ctx: Context, texts: Iterable[str], t: EnumType, span: Span) -> None:
    for text in texts:
        if text not in t.literals:
            hint = did_you_mean(text, t.literals, which("literals", t.literals))
            raise ctx.error("T007", span, f'"{text}" is no literal of {show(t)}', hint)


def _never(ctx: Context, e: n.Expr, t: Type, span: Span) -> n.Expr | None:
    """A member of what is empty as a value of `t`: a loop or a name never has one, an index always fails."""
    match e:
        case n.Local():
            return n.Const("" if isinstance(t, TextType) else least(t), t, span)
        case n.Apply(Op.ITEM, (empty, index)):
            return n.Apply(Op.ITEM, (coerce(ctx, empty, SeqType(t, empty.type.capacity), span), index), t, span)
    return None


def wanted(ctx: Context, e: n.Expr, t: Type | None, span: Span) -> n.Expr:
    """The part of a value whose type the surroundings want: as it is, where they only have a hint."""
    return e if t is None or _is_loose(t) or isinstance(e.type, FormulaType) else coerce(ctx, e, t, span)


def _how(found: Type, wanted: Type) -> str:
    return _CONVERSIONS.get((type(found), type(wanted)), f"write a value of {show(wanted)}")


TO_INTEGER = "write `(1 if x else 0)` to count a Bool"
_CONVERSIONS = {
    (BoolType, IntType): TO_INTEGER,
    (IntType, BoolType): "write the comparison, such as `n > 0`",
    (SetType, SeqType): "a set has no order: write a list",
    (SeqType, SetType): "write `{...}` for a set",
    (IntType, ScalarsetType): "values of a Scalarset have no names: use ANY, choose, or a parameter",
    (SeqType, ArrayType): "write `[f(i) for i in Index]` with the index type of the array",
}


def _convertible(a: Type, b: Type) -> bool:
    """Whether some value of `a` may be a value of `b` after a checked cast."""
    match a, b:
        case IntType(), IntType():
            return True
        case SetType(x), SetType(y):
            return _convertible(x, y)
        case OptionType(x), OptionType(y):
            return _convertible(x, y)
        case SeqType(x, _), SeqType(y, _):
            return _convertible(x, y)
        case ArrayType(i, x), ArrayType(j, y):
            return i == j and _convertible(x, y)
        case TextType(), EnumType():
            return True
    return a == b or is_nothing(a)


def _cast(e: n.Expr, t: Type, span: Span) -> n.Expr:
    if isinstance(e, n.Const) and contains(t, e.value):
        return n.Const(e.value, t, e.span)
    return n.Apply(Op.CAST, (e,), t, span)


def what(e: n.Expr) -> str:
    """What an expression is, for messages: its type, or the constant itself."""
    if isinstance(e, n.Const) and isinstance(e.value, int | str):
        return f"the {show(e.type) if isinstance(e.value, bool | str) else 'integer'} {describe(e.value)}"
    return show(e.type)


def plain(e: n.Expr) -> n.Expr:
    """An operand that is an option stands for its value."""
    return n.Apply(Op.GET, (e,), e.type.of, e.span) if isinstance(e.type, OptionType) else e


def inner(t: Type) -> Type:
    return t.of if isinstance(t, OptionType) else t


# --- several operands -------------------------------------------------------------------------------------------------


def unify(ctx: Context, a: n.Expr, b: n.Expr, span: Span, user: str) -> tuple[n.Expr, n.Expr]:
    """Both as values of the smallest type that holds both; T002 where there is none."""
    if a.type == b.type and not isinstance(a.type, FormulaType):
        return a, b
    for x, y in ((a, b), (b, a)):
        if isinstance(x.type, TextType) and isinstance(inner(y.type), EnumType):
            coerced = coerce(ctx, x, y.type, span)
            return (coerced, b) if x is a else (a, coerced)
    _no_formulas(ctx, (a, b), span, user)
    t = join(something(a.type, b.type), something(b.type, a.type))
    if t is None:
        raise ctx.error("T002", span, f"{user} takes values of one type, not {what(a)} and {what(b)}", _apart((a, b)))
    return coerce(ctx, a, t, span), coerce(ctx, b, t, span)


def join_all(ctx: Context, items: list[n.Expr], span: Span, user: str) -> tuple[list[n.Expr], Type]:
    """All as values of the smallest type that holds all. `items` is not empty."""
    _no_formulas(ctx, items, span, user)
    t = items[0].type
    for item in items[1:]:
        joined = join(something(t, item.type), something(item.type, t))
        if joined is None:
            message = f"{user} has values of one type, not {show(t)} and {show(item.type)}"
            raise ctx.error("T002", item.span or span, message, _apart(items))
        t = joined
    return [coerce(ctx, item, t, item.span or span) for item in items], t


def _no_formulas(ctx: Context, items: Iterable[n.Expr], span: Span, user: str) -> None:
    if any(isinstance(e.type, FormulaType) for e in items):
        hint = "they are combined by `and`, `or`, `not`, `implies` and temporal operators"
        raise ctx.error("T020", span, f"{user} takes values, and a temporal formula is none", hint)


def something(t: Type, other: Type) -> Type:
    """`t`, with what it leaves open taken from the other side: the type of the elements of what is empty, the Enum of
    strings."""
    match t, other:
        case SetType(a), SetType(b):
            return SetType(something(a, b))
        case SeqType(a, capacity), SeqType(b):
            return SeqType(something(a, b), capacity)
        case TextType(), EnumType():
            return other
    return other if is_nothing(t) else t


def _apart(items: Iterable[n.Expr]) -> str:
    """What to do about operands of different types."""
    types = [e.type for e in items]
    if any(isinstance(t, BoolType) for t in types) and any(isinstance(t, IntType) for t in types):
        return TO_INTEGER
    records = [t.name for t in types if isinstance(t, RecordType)]
    if records:
        return f"compare its fields, or write `{records[0]}(field=value)`"
    return "write both sides with values of one type"


def apply(ctx: Context, op: Op, args: tuple[n.Expr, ...], span: Span) -> n.Expr:
    """The application, its type by the operator's rule; T002 where the operands do not fit."""
    args = tuple(plain(a) for a in args)
    t = OPS[op].rule(*(a.type for a in args))
    if t is None:
        found = " and ".join(map(what, args))
        hint = TO_INTEGER if any(isinstance(a.type, BoolType) for a in args) else _TAKES.get(op, "it takes integers")
        raise ctx.error("T002", span, f"`{OPS[op].symbol}` does not take {found}", hint)
    return n.Apply(op, args, t, span)


_TAKES = {
    Op.ADD: "it takes two integers, or two sequences; sets are joined by `|`",
    Op.SUB: "it takes two integers, or two sets",
    Op.ITEM: "an index is an integer",
    Op.CONCAT: "both sequences have elements of one type",
}
