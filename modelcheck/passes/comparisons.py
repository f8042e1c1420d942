"""Comparisons: chains, equality over one type, order of integers, inclusion of sets, membership, `is None`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, EnumType, OptionType, ScalarsetType, SeqType, SetType, Type, show
from modelcheck.passes import comprehensions, conversions, typecheck
from modelcheck.passes.simplify import fold

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

_ORDER = {"<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}
_INCLUSION = {"<": (Op.PROPER_SUBSET, False), "<=": (Op.SUBSET, False), ">": (Op.PROPER_SUBSET, True),
              ">=": (Op.SUBSET, True)}  # fmt: skip


def compare(ctx: Context, e: s.Compare) -> n.Expr:
    """A chain is the conjunction of its links; an operand between two links is evaluated once."""
    links, left, saved = [], e.first, None
    for i, (op, right) in enumerate(zip(e.ops, e.rest)):
        link, shared = _link(ctx, op, left, right, e.span if len(e.ops) == 1 else _join(left, right), saved)
        links.append(link)
        left, saved = right, shared if i + 1 < len(e.ops) else None
    return links[0] if len(links) == 1 else n.Logic("and", tuple(links), e.span)


def _join(left: s.Expr, right: s.Expr) -> Span:
    a, b = left.span, right.span
    return Span(a.source, a.line, a.column, b.end_line, b.end_column)


def _link(
    ctx: Context, op: str, left: s.Expr, right: s.Expr, span: Span, saved: n.Expr | None
) -> tuple[n.Expr, n.Expr | None]:
    """One comparison, and its right operand for the next link. `saved`: the left operand, already typed."""
    if op in ("is", "is not"):
        return _is_none(ctx, op, left, right, span), None
    if op in ("in", "not in"):
        found = _membership(ctx, left, right, span, saved)
        return (n.Apply(Op.NOT, (found,), BOOL, span) if op == "not in" else found), None
    if _needs_type(left) and saved is None:
        b = typecheck.expression(ctx, right)
        a = typecheck.expression(ctx, left, b.type)
    else:
        types: list[Type] = []

        def first() -> n.Expr:
            found = saved if saved is not None else typecheck.expression(ctx, left)
            types.append(found.type)
            return found

        a, b = typecheck.in_order(ctx, first, lambda: typecheck.expression(ctx, right, types[0]))
    return _relation(ctx, op, a, b, span), b


def _needs_type(e: s.Expr) -> bool:
    match e:
        case s.Literal_(value):
            return value is None or isinstance(value, str)
        case s.Display(_, items):
            return not items or any(map(_needs_type, items))
        case s.Call(s.Name("set"), ()):
            return True
    return False


def _relation(ctx: Context, op: str, a: n.Expr, b: n.Expr, span: Span) -> n.Expr:
    if op in ("==", "!="):
        for x, y in ((a, b), (b, a)):  # `x == None` is `x is None`
            if isinstance(y, n.Const) and y.value is None and isinstance(x.type, OptionType):
                found: n.Expr = n.Apply(Op.IS_NONE, (x,), BOOL, span)
                return found if op == "==" else n.Apply(Op.NOT, (found,), BOOL, span)
        if not _integers(a, b):
            a, b = conversions.unify(ctx, a, b, span, f"`{op}`")
        return fold(typecheck.n.Apply(Op.EQ if op == "==" else Op.NE, (a, b), BOOL, span))
    a, b = conversions.plain(a), conversions.plain(b)
    if isinstance(a.type, SetType) and isinstance(b.type, SetType):
        a, b = conversions.unify(ctx, a, b, span, f"`{op}`")
        inclusion, swapped = _INCLUSION[op]
        return fold(n.Apply(inclusion, (b, a) if swapped else (a, b), BOOL, span))
    for x in (a, b):
        if isinstance(x.type, ScalarsetType | EnumType):
            hint = "its values can be compared for equality only"
            raise ctx.error("T022", span, f"{show(x.type)} has no order", hint)
    return fold(typecheck.apply(ctx, _ORDER[op], (a, b), span))


def _integers(a: n.Expr, b: n.Expr) -> bool:
    return type(a.type) is type(b.type) and hasattr(a.type, "lo")


def _is_none(ctx: Context, op: str, left: s.Expr, right: s.Expr, span: Span) -> n.Expr:
    if not isinstance(right, s.Literal_) or right.value is not None:
        raise ctx.error("T023", span, "`is` compares with None only", "write `==`")
    value = typecheck.expression(ctx, left)
    if not isinstance(value.type, OptionType):
        hint = "only an Option can be None"
        raise ctx.error("T023", span, f"{show(value.type)} is never None", hint)
    found = n.Apply(Op.IS_NONE, (value,), BOOL, span)
    return fold(n.Apply(Op.NOT, (found,), BOOL, span) if op == "is not" else found)


def _membership(ctx: Context, left: s.Expr, right: s.Expr, span: Span, saved: n.Expr | None) -> n.Expr:
    if isinstance(right, s.Display) and right.kind in ("tuple", "list", "set"):
        element = saved if saved is not None else typecheck.expression(ctx, left)
        items = [typecheck.expression(ctx, item, element.type) for item in right.items]
        tests = tuple(_relation(ctx, "==", element, item, span) for item in items)
        return fold(n.Logic("or", tests, span)) if tests else n.Const(False, BOOL, span)
    domains: list[n.Expr] = []

    def of() -> Type | None:
        if not domains:
            domains.append(comprehensions.domain(ctx, right))
        return domains[0].type.of

    if _needs_type(left) and saved is None:
        element = typecheck.expression(ctx, left, of())
    else:
        first = lambda: saved if saved is not None else typecheck.expression(ctx, left)  # noqa: E731
        element, second = typecheck.in_order(ctx, first, lambda: (of(), domains[0])[1])
        domains[0] = second
    return contains(ctx, element, domains[0], span)


def contains(ctx: Context, element: n.Expr, domain: n.Expr, span: Span) -> n.Expr:
    """`element in domain`. An integer that the domain's type cannot hold is not in it, and no error."""
    op = Op.HOLDS if isinstance(domain.type, SeqType) else Op.IN
    of, t = domain.type.of, element.type
    if t == of:
        return fold(n.Apply(op, (element, domain), BOOL, span))
    if isinstance(t, OptionType) and not isinstance(of, OptionType):
        present = n.Apply(Op.NOT, (n.Apply(Op.IS_NONE, (element,), BOOL, span),), BOOL, span)
        return n.Logic("and", (present, contains(ctx, conversions.plain(element), domain, span)), span)
    if hasattr(t, "lo") and hasattr(of, "lo"):
        inside = n.Apply(op, (conversions.coerce(ctx, element, of, span), domain), BOOL, span)
        tests = []
        if t.lo < of.lo:
            tests.append(n.Apply(Op.GE, (element, n.Const(of.lo, of)), BOOL, span))
        if t.hi > of.hi:
            tests.append(n.Apply(Op.LE, (element, n.Const(of.hi, of)), BOOL, span))
        return fold(n.Logic("and", (*tests, inside), span) if tests else inside)
    return fold(n.Apply(op, (conversions.coerce(ctx, element, of, span), domain), BOOL, span))
