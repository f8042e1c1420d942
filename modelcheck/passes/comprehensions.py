"""Displays, comprehensions and quantifiers, and the finite domains that they and loops run over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.layout import count_up_to
from modelcheck.ir.ops import OPS, Op
from modelcheck.ir.types import (
    BOOL,
    INT64,
    ArrayType,
    FormulaType,
    IntType,
    ScalarsetType,
    SeqType,
    SetType,
    Type,
    cardinality,
    join,
    show,
    values,
)
from modelcheck.passes import conversions, declarations, typecheck
from modelcheck.passes.context import Dsl, TypeName, Value
from modelcheck.passes.simplify import all_values, fold, members

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

MAX_DOMAIN = 65_536

# --- domains ----------------------------------------------------------------------------------------------------------


def domain(ctx: Context, e: s.Expr) -> n.Expr:
    """What `for` runs over: a type, `range(...)`, a set or a sequence, as a typed set or sequence."""
    t = type_domain(ctx, e)
    if t is not None:
        if count_up_to(t, MAX_DOMAIN + 1) > MAX_DOMAIN:
            hint = f"a domain has at most {MAX_DOMAIN} values"
            raise ctx.error("T018", e.span, f"{show(t)} has more than {MAX_DOMAIN} values", hint)
        return n.Const(all_values(t).value, SetType(t), e.span)
    match e:
        case s.Call(s.Name("range"), args, ()) if ctx.local("range") is None:
            return _range(ctx, e, args)
    found = conversions.plain(typecheck.expression(ctx, e))
    if isinstance(found.type, SetType | SeqType):
        return fold(found)
    hint = None
    if isinstance(found.type, ArrayType):
        hint = f"run over its indices: `for i in {show(found.type.index)}`"
    elif isinstance(found.type, IntType):
        hint = "write `range(n)`"
    raise ctx.error("T024", e.span, f"nothing can run over {conversions.what(found)}", hint)


def type_domain(ctx: Context, e: s.Expr) -> Type | None:
    """The type that an expression names; None where it is a value."""
    match e:
        case s.Name(name):
            match ctx.lookup(name, e.span):
                case TypeName(t):
                    return t
                case Dsl("Bool"):
                    return BOOL
        case s.Call() if declarations.is_declaration(ctx, e):
            return declarations.type_of(ctx, e).type
    return None


def _range(ctx: Context, e: s.Call, args: tuple[s.Expr, ...]) -> n.Expr:
    if not 1 <= len(args) <= 3:
        raise ctx.error("T004", e.span, "`range` takes one to three arguments", "write `range(n)` or `range(a, b)`")
    bounds = typecheck.in_order(ctx, *(lambda a=a: conversions.plain(typecheck.expression(ctx, a)) for a in args))
    bounds = [fold(b, unroll=True) for b in bounds]
    for bound, arg in zip(bounds, args):
        if not isinstance(bound.type, IntType):
            hint = "write `range(n)` with integers"
            raise ctx.error("T001", arg.span, f"this is {conversions.what(bound)}, and an integer is wanted", hint)
    if len(bounds) == 1:
        bounds.insert(0, n.Const(0, IntType(0, 0), e.span))
    if all(isinstance(b, n.Const) for b in bounds):
        return _constant_range(ctx, e, [b.value for b in bounds])
    if len(bounds) == 3:
        raise ctx.error("T005", e.span, "a range with a step has constant bounds", "skip values with an `if`")
    found = typecheck.apply(ctx, Op.RANGE, tuple(bounds), e.span)
    if cardinality(found.type.of) > MAX_DOMAIN:
        hint = f"a domain has at most {MAX_DOMAIN} values: declare a smaller type"
        raise ctx.error("T018", e.span, f"a range with up to {cardinality(found.type.of)} values", hint)
    return found


def _constant_range(ctx: Context, e: s.Call, bounds: list[int]) -> n.Const:
    if len(bounds) == 3 and bounds[2] == 0:
        raise ctx.error("T004", e.span, "the step of a range is not 0", "write `range(n)`")
    found = range(*bounds)
    if len(found) > MAX_DOMAIN:
        raise ctx.error("T018", e.span, f"a range of {len(found)} values", f"a domain has at most {MAX_DOMAIN} values")
    of = IntType(min(found, default=0), max(found, default=-1))
    if len(bounds) == 3 and bounds[2] < 0:
        return n.Const(tuple(found), SeqType(of, len(found)), e.span)
    return n.Const(frozenset(found), SetType(of), e.span)


def largest(domain: n.Expr) -> int:
    """How many elements the domain can have at most."""
    if isinstance(domain, n.Const):
        return len(domain.value)
    return domain.type.capacity if isinstance(domain.type, SeqType) else cardinality(domain.type.of)


# --- displays ---------------------------------------------------------------------------------------------------------


def display(ctx: Context, e: s.Display, expected: Type | None) -> n.Expr:
    if e.kind == "dict":
        return _dict(ctx, e, expected)
    of = expected.of if isinstance(expected, SetType | SeqType | ArrayType) else None
    if not e.items:
        return _empty(e, expected)
    items = typecheck.in_order(ctx, *(lambda item=item: typecheck.expression(ctx, item, of) for item in e.items))
    if isinstance(expected, ArrayType) and e.kind == "list":
        return array_of(ctx, tuple(items), expected, e.span)
    items = [x if of is None else conversions.coerce(ctx, x, of, x.span or e.span) for x in items]
    items, t = conversions.join_all(ctx, items, e.span, "a display")
    kind = SetType(t) if e.kind == "set" else SeqType(t, len(items))
    return n.Construct(tuple(items), kind, e.span)


def _empty(e: s.Display, expected: Type | None) -> n.Const:
    if isinstance(expected, SeqType):
        return n.Const((), SeqType(expected.of, 0), e.span)
    return n.Const((), SeqType(conversions.NOTHING, 0), e.span)


def empty_set(e: s.Call, expected: Type | None) -> n.Const:
    """`set()`."""
    t = expected if isinstance(expected, SetType) else SetType(conversions.NOTHING)
    return n.Const(frozenset(), t, e.span)


def array_of(ctx: Context, items: tuple[n.Expr, ...], t: ArrayType, span: Span) -> n.Construct:
    """A list written for an array: one value per index."""
    count = cardinality(t.index)
    if len(items) != count:
        raise ctx.error("T025", span, f"{len(items)} values for an array of {count}", "write one value per index")
    return n.Construct(tuple(conversions.coerce(ctx, x, t.of, x.span or span) for x in items), t, span)


def _dict(ctx: Context, e: s.Display, expected: Type | None) -> n.Expr:
    if not isinstance(expected, ArrayType):
        hint = "assign it to a variable declared `Array(index, of)`, or write a comprehension over a type"
        raise ctx.error("T009", e.span, "a dict display has no type here", hint)
    found: dict[object, n.Expr] = {}
    for item in e.items:
        key = typecheck.constant(ctx, item.items[0], expected.index)
        found[key.value] = typecheck.typed(ctx, item.items[1], expected.of)
    missing = [v for v in values(expected.index) if v not in found]
    if missing:
        raise ctx.error("T025", e.span, f"no value for index {missing[0]}", "write one value per index")
    return n.Construct(tuple(found[v] for v in values(expected.index)), expected, e.span)


# --- comprehensions and quantifiers -----------------------------------------------------------------------------------


def comprehension(ctx: Context, e: s.Comprehension, expected: Type | None) -> n.Expr:
    match e.kind:
        case "generator":
            hint = "write `all(...)`, `any(...)`, `sum(...)`, `min(...)`, `max(...)` around it, or `{...}` for a set"
            raise ctx.error("T009", e.span, "a generator is no value", hint)
        case "set" if len(e.generators) == 1:
            of = expected.of if isinstance(expected, SetType) else None
            return quantify(ctx, "set", e, of)
        case "set":
            return _set_of_several(ctx, e, expected)
    if len(e.generators) > 1:
        hint = "nest two comprehensions, or use a set"
        raise ctx.error("T026", e.span, "a list or dict comprehension has one `for`", hint)
    if e.kind == "dict" or not isinstance(expected, SeqType):
        index = type_domain(ctx, e.generators[0].domain)
        if index is None and isinstance(expected, ArrayType):
            index = _same_values(ctx, e.generators[0].domain, expected.index)
        if index is not None and not e.generators[0].guards:
            return _array(ctx, e, index, expected)
        if e.kind == "dict":
            hint = "write `{i: f(i) for i in Index}` with the index type of an array"
            raise ctx.error("T026", e.span, "a dict comprehension runs over a whole type", hint)
    return quantify(ctx, "seq", e, expected.of if isinstance(expected, SeqType) else None)


def _same_values(ctx: Context, e: s.Expr, index: Type) -> Type | None:
    found = domain(ctx.pure(), e)
    same = isinstance(found, n.Const) and isinstance(found.type, SetType) and found.value == frozenset(values(index))
    return index if same else None


def _array(ctx: Context, e: s.Comprehension, index: Type, expected: Type | None) -> n.Expr:
    generator = e.generators[0]
    if e.kind == "dict" and not (isinstance(e.key, s.Name) and e.key.id == generator.target):
        raise ctx.error("T026", e.span, "the key is the variable of the `for`", "write `{i: f(i) for i in Index}`")
    of = expected.of if isinstance(expected, ArrayType) else None
    inner, local = _bind(ctx, generator.target, index, generator.span)
    body = typecheck.expression(inner, e.element, of)
    if of is not None:
        body = conversions.coerce(ctx, body, of, e.element.span)
    t = ArrayType(index, body.type)
    return n.Quantifier("array", local, all_values(index), body, t, None, e.span)


def quantify(ctx: Context, kind: n.QuantifierKind, e: s.Comprehension, of: Type | None = None) -> n.Expr:
    """`kind(element for ... in ... if ...)`; several generators nest. `of`: the type wanted for the element."""
    return _nest(ctx, kind, e, 0, of)


def _nest(ctx: Context, kind: n.QuantifierKind, e: s.Comprehension, i: int, of: Type | None) -> n.Expr:
    generator = e.generators[i]
    over = domain(ctx.pure() if i else ctx, generator.domain)
    if kind == "seq" and isinstance(over.type, SetType) and isinstance(over.type.of, ScalarsetType):
        hint = "a Scalarset has no order: build a set, or an array over the whole type"
        raise ctx.error("T022", e.span, "a list over a Scalarset would give it an order", hint)
    inner, local = _bind(ctx, generator.target, over.type.of, generator.span)
    guards = tuple(typecheck.condition(inner, g) for g in generator.guards)
    guard = None if not guards else guards[0] if len(guards) == 1 else n.Logic("and", guards, guards[0].span)
    if i + 1 < len(e.generators):
        body = _nest(inner, kind, e, i + 1, of)
    else:
        body = _element(inner, kind, e.element, of)
    if isinstance(body.type, FormulaType):
        return _formula(ctx, kind, local, over, guard, body, e.span)
    return n.Quantifier(kind, local, over, body, _result(ctx, kind, body, over, guard, e.span), guard, e.span)


def _bind(ctx: Context, target: str, t: Type, span: Span) -> tuple[Context, n.Local]:
    inner = ctx.pure()
    local = inner.fresh(target, t, span)
    inner.scopes[-1][target] = Value(local)
    return inner, local


def _element(ctx: Context, kind: str, e: s.Expr, of: Type | None) -> n.Expr:
    found = typecheck.expression(ctx, e, BOOL if kind in ("all", "any") else of)
    if kind in ("all", "any"):
        return found if isinstance(found.type, FormulaType) else typecheck.as_bool(ctx, found, e.span)
    if kind in ("sum", "min", "max"):
        found = conversions.plain(found)
        if not isinstance(found.type, IntType):
            hint = "write `sum(1 for x in ... if ...)` to count" if kind == "sum" else "other types have no order"
            raise ctx.error("T002", e.span, f"`{kind}` takes integers, not {show(found.type)}", hint)
        return found
    return found if of is None else conversions.coerce(ctx, found, of, e.span)


def _result(ctx: Context, kind: str, body: n.Expr, over: n.Expr, guard: n.Expr | None, span: Span) -> Type:
    match kind:
        case "all" | "any":
            return BOOL
        case "set":
            return SetType(body.type)
        case "seq":
            return SeqType(body.type, largest(over))
        case "sum":
            count, t = largest(over), body.type
            lo, hi = count * t.lo, count * t.hi
            if guard is not None or not isinstance(over, n.Const):
                lo, hi = min(0, lo), max(0, hi)
            return IntType(max(lo, INT64[0]), min(hi, INT64[1]))
    return body.type


def _formula(
    ctx: Context, kind: str, local: n.Local, over: n.Expr, guard: n.Expr | None, body: n.Expr, span: Span
) -> n.Expr:
    """`all` and `any` over temporal formulas: one formula per constant of the domain."""
    guard = None if guard is None else fold(guard)
    if kind not in ("all", "any") or not isinstance(over, n.Const):
        hint = "write `all(...)` or `any(...)` over a type"
        raise ctx.error("T020", span, "temporal formulas are quantified over constants", hint)
    parts = []
    for value in members(over):
        env = {local.name: n.Const(value, local.type)}
        if guard is None or getattr(fold(guard, env), "value", None) is True:
            parts.append(fold(body, env))
    if not parts:
        return n.Const(kind == "all", BOOL, span)
    return n.Temporal("and" if kind == "all" else "or", tuple(parts), span)


def _set_of_several(ctx: Context, e: s.Comprehension, expected: Type | None) -> n.Expr:
    """`{f(a, b) for a in A for b in B}`: every value of the element's type that some `f(a, b)` equals."""
    found = quantify(ctx, "set", e, expected.of if isinstance(expected, SetType) else None)
    t = found.type
    while isinstance(t.of, SetType) and isinstance(found.body, n.Quantifier):
        found, t = found.body, found.body.type
    if count_up_to(t.of, MAX_DOMAIN + 1) > MAX_DOMAIN:
        raise ctx.error("T018", e.span, f"a set of {show(t.of)} built by several `for`", "use a smaller type")
    local = ctx.fresh("member", t.of, e.span)
    exists = quantify(ctx, "set", e, expected.of if isinstance(expected, SetType) else None)
    test = _exists(exists, local, e.span)
    return n.Quantifier("set", local, all_values(t.of), local, SetType(t.of), test, e.span)


def _exists(q: n.Quantifier, wanted: n.Local, span: Span) -> n.Expr:
    body = q.body
    nested = isinstance(body, n.Quantifier) and body.kind == "set" and body.type == q.type.of
    test = _exists(body, wanted, span) if nested else n.Apply(Op.EQ, (body, wanted), BOOL, span)
    return n.Quantifier("any", q.local, q.domain, test, BOOL, q.guard, span)


def extreme(ctx: Context, kind: str, items: list[n.Expr], span: Span) -> n.Expr:
    """`min(a, b, ...)` and `max(a, b, ...)`."""
    op = Op[kind.upper()]
    found = conversions.plain(items[0])
    for item in items[1:]:
        found = typecheck.apply(ctx, op, (found, item), span)
    if not isinstance(found.type, IntType):
        hint = "only integers have an order"
        raise ctx.error("T002", span, f"`{kind}` takes integers, not {conversions.what(found)}", hint)
    return fold(found)


__all__ = ["OPS", "comprehension", "display", "domain", "extreme", "join", "quantify"]
