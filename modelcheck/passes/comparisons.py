"""Comparisons: chains, equality over one type, order of integers, inclusion of sets, membership, `is None`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import (
    BOOL,
    EnumType,
    IntType,
    OptionType,
    ScalarsetType,
    SeqType,
    SetType,
    TextType,
    Type,
    show,
)
from modelcheck.passes import clock_terms, comprehensions, typecheck
from modelcheck.passes.conversions import apply, coerce, is_nothing, loose, plain, unify
from modelcheck.passes.simplify import fold, may_fault

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

_ORDER = {"<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}
_INCLUSION = {"<": (Op.PROPER_SUBSET, False), "<=": (Op.SUBSET, False), ">": (Op.PROPER_SUBSET, True),
              ">=": (Op.SUBSET, True)}  # fmt: skip


def compare(ctx: Context, e: s.Compare) -> n.Expr:
    """A chain is the conjunction of its links; an operand between two links is evaluated once."""
    timed = clock_terms.compare(ctx, e)
    if timed is not None:
        return timed
    links = _links(ctx, e, 0, None)
    return links[0] if len(links) == 1 else n.Logic("and", tuple(links), e.span)


def _links(ctx: Context, e: s.Compare, i: int, saved: n.Expr | None) -> list[n.Expr]:
    """The links from number i on. `saved`: the left operand of the first, already typed. Where the later ones have
    effects, they happen only if the first holds."""
    left, right = (e.first, *e.rest)[i : i + 2]
    link, shared = _link(ctx, e.ops[i], left, right, e.span if len(e.ops) == 1 else _join(left, right), saved)
    if i + 1 == len(e.ops):
        return [link]
    late = ctx if ctx.emit is None else replace(ctx, emit=[])
    further = _links(late, e, i + 1, shared)
    if not late.emit:
        return [link, *further]
    result = ctx.fresh("condition", BOOL, e.span)
    value = further[0] if len(further) == 1 else n.Logic("and", tuple(further), e.span)
    ctx.emit.append(n.Assign(result, link, e.span))
    ctx.emit.append(n.If(result, (*late.emit, n.Assign(result, value, e.span)), (), None, e.span))
    return [result]


def _join(left: s.Expr, right: s.Expr) -> Span:
    a, b = left.span, right.span
    return Span(a.source, a.line, a.column, b.end_line, b.end_column)


def _link(
    ctx: Context, op: str, left: s.Expr, right: s.Expr, span: Span, saved: n.Expr | None
) -> tuple[n.Expr, n.Expr | None]:
    """One comparison, and its right operand for the next link; None where that operand has no type of its own."""
    if op in ("is", "is not"):
        return _is_none(ctx, op, left, right, span, saved), None
    if op in ("in", "not in"):
        found, domain = _membership(ctx, left, right, span, saved)
        return (n.Apply(Op.NOT, (found,), BOOL, span) if op == "not in" else found), domain
    if needs_type(left) and saved is None:
        b = typecheck.expression(ctx, right)
        a = typecheck.expression(ctx.pure(), left, loose(b.type))
    else:
        a, b = _operands(ctx, left, saved, lambda t: typecheck.expression(ctx, right, loose(t)))
    return _relation(ctx, op, a, b, span), b


def _operands(
    ctx: Context, left: s.Expr, saved: n.Expr | None, right: Callable[[Type | None], n.Expr]
) -> tuple[n.Expr, n.Expr]:
    """Both operands, in order; the right one is told the type of the left one."""
    types: list[Type] = []

    def first() -> n.Expr:
        found = saved if saved is not None else typecheck.expression(ctx, left)
        types.append(found.type)
        return found

    a, b = typecheck.in_order(ctx, first, lambda: right(types[0] if types else None))
    return a, b


def needs_type(e: s.Expr) -> bool:
    """Whether an operand is a literal that takes its type from the other one, which is then looked at first."""
    match e:
        case s.Literal_(value):
            return value is None or isinstance(value, str)
        case s.Display(_, items):
            return not items or any(map(needs_type, items))
        case s.Call(s.Name("set"), ()):
            return True
    return False


def _relation(ctx: Context, op: str, a: n.Expr, b: n.Expr, span: Span) -> n.Expr:
    if op in ("==", "!="):
        return _equal(ctx, op, a, b, span)
    a, b = plain(a), plain(b)
    if isinstance(a.type, SetType) and isinstance(b.type, SetType):
        a, b = unify(ctx, a, b, span, f"`{op}`")
        inclusion, swapped = _INCLUSION[op]
        return fold(n.Apply(inclusion, (b, a) if swapped else (a, b), BOOL, span))
    for x in (a, b):
        if isinstance(x.type, ScalarsetType | EnumType):
            hint = "its values can be compared for equality only"
            raise ctx.error("T022", span, f"{show(x.type)} has no order", hint)
    return fold(apply(ctx, _ORDER[op], (a, b), span))


def _equal(ctx: Context, op: str, a: n.Expr, b: n.Expr, span: Span) -> n.Expr:
    for x, y in ((a, b), (b, a)):  # `x == None` is `x is None`
        if isinstance(y, n.Const) and y.value is None and isinstance(x.type, OptionType):
            found: n.Expr = n.Apply(Op.IS_NONE, (x,), BOOL, span)
            return fold(found if op == "==" else n.Apply(Op.NOT, (found,), BOOL, span))
    if not (isinstance(a.type, IntType) and isinstance(b.type, IntType)):
        a, b = unify(ctx, a, b, span, f"`{op}`")
    return fold(n.Apply(Op.EQ if op == "==" else Op.NE, (a, b), BOOL, span))


def _is_none(ctx: Context, op: str, left: s.Expr, right: s.Expr, span: Span, saved: n.Expr | None) -> n.Expr:
    if not isinstance(right, s.Literal_) or right.value is not None:
        raise ctx.error("T023", span, "`is` compares with None only", "write `==`")
    value = saved if saved is not None else typecheck.expression(ctx, left)
    if not isinstance(value.type, OptionType):
        hint = "only an Option can be None: leave the test out, or declare `Option(of, init=None)`"
        raise ctx.error("T023", span, f"{show(value.type)} is never None", hint)
    found = n.Apply(Op.IS_NONE, (value,), BOOL, span)
    return fold(n.Apply(Op.NOT, (found,), BOOL, span) if op == "is not" else found)


# --- membership -------------------------------------------------------------------------------------------------------


def _membership(
    ctx: Context, left: s.Expr, right: s.Expr, span: Span, saved: n.Expr | None
) -> tuple[n.Expr, n.Expr | None]:
    """`left in right`, and the domain where it has a type of its own."""
    if isinstance(right, s.Display) and right.kind != "dict":
        return _in_display(ctx, left, right, span, saved), None
    if needs_type(left) and saved is None:
        domain = comprehensions.domain(ctx, right)
        element = typecheck.expression(ctx.pure(), left, loose(domain.type.of))
    else:
        element, domain = _operands(ctx, left, saved, lambda _: comprehensions.domain(ctx, right))
    return contains(ctx, element, domain, span), domain


def _in_display(ctx: Context, left: s.Expr, right: s.Display, span: Span, saved: n.Expr | None) -> n.Expr:
    """`x in (a, b)`: `x == a or x == b`, once all of them are evaluated."""
    types: list[Type] = []

    def first() -> n.Expr:
        found = saved if saved is not None else typecheck.expression(ctx, left)
        types.append(found.type)
        return found

    def item(e: s.Expr) -> n.Expr:
        return typecheck.expression(ctx, e, loose(types[0]) if types else None)

    def tests(element: n.Expr, *items: n.Expr) -> n.Expr:
        found = tuple(_equal(ctx, "==", element, i, span) for i in items)
        return n.Logic("or", found, span) if found else n.Const(False, BOOL, span)

    makers = [lambda e=e: item(e) for e in right.items]
    if saved is None and needs_type(left) and makers:
        items = typecheck.in_order(ctx, *makers)
        operands = [typecheck.expression(ctx.pure(), left, loose(items[0].type)), *items]
    else:
        operands = typecheck.in_order(ctx, first, *makers)
    found = _evaluated(ctx, operands, tests, span) if any(map(may_fault, operands[2:])) else tests(*operands)
    return fold(found)


def contains(ctx: Context, element: n.Expr, domain: n.Expr, span: Span) -> n.Expr:
    """`element in domain`. An integer that the domain's type cannot hold is not in it, and no error."""
    found = _contains(ctx, element, domain, span)
    if isinstance(found, n.Logic) and may_fault(domain):
        found = _evaluated(ctx, [element, domain], lambda e, d: _contains(ctx, e, d, span), span)
    return fold(found)


def _contains(ctx: Context, element: n.Expr, domain: n.Expr, span: Span) -> n.Expr:
    if is_nothing(domain.type.of):  # both are evaluated all the same
        return _evaluated(ctx, [element, domain], lambda *_: n.Const(False, BOOL, span), span)
    op = Op.HOLDS if isinstance(domain.type, SeqType) else Op.IN
    of, t = domain.type.of, element.type
    if isinstance(t, EnumType) and isinstance(of, TextType) and isinstance(domain, n.Const):
        return n.Apply(Op.IN, (element, _literals(domain, t)), BOOL, span)
    if isinstance(t, OptionType) and not isinstance(of, OptionType):
        present = n.Apply(Op.NOT, (n.Apply(Op.IS_NONE, (element,), BOOL, span),), BOOL, span)
        return n.Logic("and", (present, _contains(ctx, plain(element), domain, span)), span)
    inside = n.Apply(op, (coerce(ctx, element, of, span), domain), BOOL, span)
    if not (isinstance(t, IntType) and isinstance(of, IntType)):
        return inside
    tests = []
    if t.lo < of.lo:
        tests.append(n.Apply(Op.GE, (element, n.Const(of.lo, of)), BOOL, span))
    if t.hi > of.hi:
        tests.append(n.Apply(Op.LE, (element, n.Const(of.hi, of)), BOOL, span))
    return n.Logic("and", (*tests, inside), span) if tests else inside


def _literals(domain: n.Const, t: EnumType) -> n.Const:
    """The strings of a constant that are literals of an Enum, as a set of it."""
    return n.Const(frozenset(domain.value) & frozenset(t.literals), SetType(t), domain.span)


def _evaluated(ctx: Context, operands: list[n.Expr], build: Callable[..., n.Expr], span: Span) -> n.Expr:
    """`build` of the operands, with all of them evaluated before it, in order."""
    names = [e if isinstance(e, n.Const | n.Local) else ctx.fresh("value", e.type, e.span) for e in operands]
    found = build(*names)
    for name, value in reversed(list(zip(names, operands))):
        if isinstance(name, n.Local) and name is not value:
            found = n.Bind(name, value, found, found.type, span)
    return found
