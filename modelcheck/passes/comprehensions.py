"""Displays, comprehensions and quantifiers, and the finite domains that they and loops run over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import (
    BOOL,
    INT64,
    ArrayType,
    FormulaType,
    IntType,
    SeqType,
    SetType,
    TextType,
    Type,
    cardinality,
    is_scalar,
    is_state,
    show,
    values,
)
from modelcheck.passes import declarations, typecheck
from modelcheck.passes.context import Bad, Dsl, TypeName, Value, describe
from modelcheck.passes.conversions import NOTHING, apply, join_all, plain, wanted, what
from modelcheck.passes.simplify import all_values, effort, fold, is_const, largest, members
from modelcheck.passes.sizes import MAX_DOMAIN, MAX_ROUNDS, exceeds, has_scalarset

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

MAX_FORMULAS = 1000  # temporal, of one quantifier

# --- domains ----------------------------------------------------------------------------------------------------------


def domain(ctx: Context, e: s.Expr, expected: Type | None = None) -> n.Expr:
    """What `for` runs over: a type, `range(...)`, a set or a sequence, as a typed set or sequence."""
    t = type_domain(ctx, e)
    if t is not None:
        bounded(ctx, t, e.span)
        return n.Const(all_values(t).value, SetType(t), e.span)
    found = plain(typecheck.expression(ctx, e, expected))
    if isinstance(found.type, SetType | SeqType):
        return fold(found)
    hint = "run over a type, a set, a sequence or a range"
    if isinstance(found.type, ArrayType):
        hint = f"run over its indices: `for i in {show(found.type.index)}`"
    elif isinstance(found.type, IntType):
        hint = "write `range(n)`"
    raise ctx.error("T024", e.span, f"nothing can run over {what(found)}", hint)


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


def bounded(ctx: Context, t: Type, span: Span) -> None:
    """Refuses to run over the values of a large type, and to build a set of them; strings of no Enum have no type."""
    if not is_state(t):
        hint = "name the strings with an Enum, and use its type"
        raise ctx.error("T015", span, f"a set of {show(t)} is not known before the search", hint)
    if exceeds(t, MAX_DOMAIN):
        hint = f"at most {MAX_DOMAIN} are possible: declare a smaller type"
        raise ctx.error("T018", span, f"{show(t)} has too many values for a set or a loop", hint)


def range_(ctx: Context, e: s.Call) -> n.Expr:
    """`range(n)`, `range(a, b)`, `range(a, b, step)`."""
    if not 1 <= len(e.args) <= 3 or e.keywords:
        raise ctx.error("T004", e.span, "`range` takes one to three arguments", "write `range(n)` or `range(a, b)`")
    bounds = typecheck.in_order(ctx, *(lambda a=a: plain(typecheck.expression(ctx, a)) for a in e.args))
    bounds = [fold(b, unroll=True) for b in bounds]
    for bound, arg in zip(bounds, e.args):
        if not isinstance(bound.type, IntType):
            hint = "a range is one of integers; for a type, write `for x in Type`"
            raise ctx.error("T001", arg.span, f"this is {show(bound.type)}, and an integer is wanted", hint)
    if len(bounds) == 1:
        bounds.insert(0, n.Const(0, IntType(0, 0), e.span))
    if all(isinstance(b, n.Const) for b in bounds):
        return _constant_range(ctx, e, [b.value for b in bounds])
    if len(bounds) == 3:
        raise ctx.error("T005", e.span, "a range with a step has constant bounds", "skip values with an `if`")
    found = apply(ctx, Op.RANGE, tuple(bounds), e.span)
    bounded(ctx, found.type.of, e.span)
    return found


def _constant_range(ctx: Context, e: s.Call, bounds: list[int]) -> n.Const:
    if len(bounds) == 3 and bounds[2] == 0:
        raise ctx.error("T004", e.span, "the step of a range is not 0", "write 1, or -1 to count down")
    found = range(*bounds)
    if found[MAX_DOMAIN:]:
        hint = f"at most {MAX_DOMAIN} are possible"
        raise ctx.error("T018", e.span, "a range with too many values", hint)
    of = IntType(min(found, default=0), max(found, default=-1))
    if len(bounds) == 3 and bounds[2] < 0:
        return n.Const(tuple(found), SeqType(of, len(found)), e.span)
    return n.Const(frozenset(found), SetType(of), e.span)


# --- displays ---------------------------------------------------------------------------------------------------------


def display(ctx: Context, e: s.Display, expected: Type | None) -> n.Expr:
    if e.kind == "dict":
        return _dict(ctx, e, expected)
    of = expected.of if isinstance(expected, SetType | SeqType | ArrayType) else None
    if not e.items:
        return n.Const((), SeqType(expected.of if isinstance(expected, SeqType) else NOTHING, 0), e.span)
    items = typecheck.in_order(ctx, *(lambda item=item: typecheck.expression(ctx, item, of) for item in e.items))
    if isinstance(expected, ArrayType) and e.kind == "list":
        return array_of(ctx, tuple(items), expected, e.span)
    items = [wanted(ctx, x, of, x.span or e.span) for x in items]
    items, t = join_all(ctx, items, e.span, "a display")
    if e.kind == "set" and is_state(t):
        bounded(ctx, t, e.span)
    return n.Construct(tuple(items), SetType(t) if e.kind == "set" else SeqType(t, len(items)), e.span)


def empty_set(e: s.Call, expected: Type | None) -> n.Const:
    """`set()`."""
    t = expected if isinstance(expected, SetType) else SetType(NOTHING)
    return n.Const(frozenset(), t, e.span)


def array_of(ctx: Context, items: tuple[n.Expr, ...], t: ArrayType, span: Span) -> n.Construct:
    """A list written for an array: one value per index."""
    size = cardinality(t.index)
    if len(items) != size:
        raise ctx.error("T025", span, f"{len(items)} values for an array of {size}", "write one value per index")
    found, of = join_all(ctx, [wanted(ctx, x, t.of, x.span or span) for x in items], span, "a list")
    return n.Construct(tuple(found), ArrayType(t.index, of), span)


def _dict(ctx: Context, e: s.Display, expected: Type | None) -> n.Expr:
    if not isinstance(expected, ArrayType):
        hint = "assign it to a variable declared `Array(index, of)`, or write a comprehension over a type"
        raise ctx.error("T009", e.span, "a dict display has no type here", hint)
    pairs = [item.items for item in e.items if isinstance(item, s.Display)]
    keys = [typecheck.constant(ctx, key, expected.index) for key, _ in pairs]
    parts = typecheck.in_order(ctx, *(lambda v=v: typecheck.expression(ctx, v, expected.of) for _, v in pairs))
    found: dict[object, n.Expr] = {}
    for key, part, (_, value) in zip(keys, parts, pairs):
        if key.value in found:
            hint = "write one value per index"
            raise ctx.error("T025", key.span or e.span, f"two values for index {describe(key.value)}", hint)
        found[key.value] = replace(part, span=value.span)
    missing = [v for v in values(expected.index) if v not in found]
    if missing:
        raise ctx.error("T025", e.span, f"no value for index {describe(missing[0])}", "write one value per index")
    return array_of(ctx, tuple(found[v] for v in values(expected.index)), expected, e.span)


# --- comprehensions and quantifiers -----------------------------------------------------------------------------------


def comprehension(ctx: Context, e: s.Comprehension, expected: Type | None) -> n.Expr:
    match e.kind:
        case "generator":
            hint = "write `all(...)`, `any(...)`, `sum(...)`, `min(...)`, `max(...)` around it, or `{...}` for a set"
            raise ctx.error("T009", e.span, "a generator is no value", hint)
        case "set":
            of = expected.of if isinstance(expected, SetType) else None
            found = quantify(ctx, "set", e, of)
            return found if len(e.generators) == 1 else _flat(ctx, e, found)
    if len(e.generators) > 1:
        hint = "nest two comprehensions, or use a set"
        raise ctx.error("T026", e.span, "a list or dict comprehension has one `for`", hint)
    if e.kind == "dict" or not isinstance(expected, SeqType):
        index = type_domain(ctx, e.generators[0].domain)
        if index is None and isinstance(expected, ArrayType):
            index = _same_values(ctx, e.generators[0].domain, expected.index)
        if index is not None and is_scalar(index) and not e.generators[0].guards:
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
    bounded(ctx, index, generator.domain.span)
    if e.kind == "dict" and not (isinstance(e.key, s.Name) and e.key.id == generator.target):
        raise ctx.error("T026", e.span, "the key is the variable of the `for`", "write `{i: f(i) for i in Index}`")
    of = expected.of if isinstance(expected, ArrayType) else None
    inner, local = _bind(ctx, generator.target, index, generator.span)
    body = typecheck.expression(inner, e.element, of)
    body = wanted(ctx, body, of, e.element.span)
    if isinstance(body.type, FormulaType):
        raise _no_formula(ctx, e.span)
    t = ArrayType(index, body.type)
    return n.Quantifier("array", local, all_values(index), body, t, None, e.span)


def quantify(ctx: Context, kind: n.QuantifierKind, e: s.Comprehension, of: Type | None = None) -> n.Expr:
    """`kind(element for ... in ... if ...)`; several generators nest. `of`: the type wanted for the element."""
    found = _nest(ctx, kind, e, 0, of)
    if effort(found) > MAX_ROUNDS:
        hint = f"at most {MAX_ROUNDS} rounds are possible: run over smaller types"
        raise ctx.error("T018", e.span, "this runs over too many values", hint)
    return found


def _nest(ctx: Context, kind: n.QuantifierKind, e: s.Comprehension, i: int, of: Type | None) -> n.Expr:
    generator = e.generators[i]
    over = domain(ctx.pure() if i else ctx, generator.domain)
    if kind == "seq" and isinstance(over.type, SetType) and isinstance(over.type.of, TextType):
        hint = 'write a tuple, `("a", "b")`, or declare the set with an Enum'
        raise ctx.error("T022", e.span, "a set of strings has no order", hint)
    if kind == "seq" and isinstance(over.type, SetType) and has_scalarset(over.type.of):
        hint = "a Scalarset has no order: build a set, or an array over the whole type"
        raise ctx.error("T022", e.span, "a list over a Scalarset would give it an order", hint)
    if ctx.temporal and kind in ("all", "any") and isinstance(over, n.Const):
        formula = _formula(ctx, kind, e, i, over)
        if formula is not None:
            return formula
    inner, local = _bind(ctx, generator.target, over.type.of, generator.span)
    guards = tuple(typecheck.condition(inner, g) for g in generator.guards)
    guard = _conjunction(guards)
    body = _nest(inner, kind, e, i + 1, of) if i + 1 < len(e.generators) else _element(inner, kind, e.element, of)
    if isinstance(body.type, FormulaType):
        raise _no_formula(ctx, e.span)
    if kind == "set" and i + 1 == len(e.generators) and is_state(body.type):
        bounded(ctx, body.type, e.span)
    return n.Quantifier(kind, local, over, body, _result(kind, body, over, guard), guard, e.span)


def _conjunction(guards: tuple[n.Expr, ...]) -> n.Expr | None:
    if len(guards) < 2:
        return guards[0] if guards else None
    return n.Logic("and", guards, guards[0].span)


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
        found = plain(found)
        if not isinstance(found.type, IntType):
            hint = "write `sum(1 for x in ... if ...)` to count" if kind == "sum" else "only integers have an order"
            raise ctx.error("T002", e.span, f"`{kind}` takes integers, not {show(found.type)}", hint)
        return found
    return wanted(ctx, found, of, e.span)


def _result(kind: str, body: n.Expr, over: n.Expr, guard: n.Expr | None) -> Type:
    match kind:
        case "all" | "any":
            return BOOL
        case "set":
            return SetType(body.type)
        case "seq":
            return SeqType(body.type, largest(over))
        case "sum":
            rounds, t = largest(over), body.type
            lo, hi = rounds * t.lo, rounds * t.hi
            if guard is not None or not isinstance(over, n.Const):
                lo, hi = min(0, lo), max(0, hi)
            return IntType(*(max(INT64[0], min(bound, INT64[1])) for bound in (lo, hi)))
    return body.type


def _formula(ctx: Context, kind: str, e: s.Comprehension, i: int, over: n.Const) -> n.Expr | None:
    """`all` or `any` of temporal formulas: one formula per constant of the domain. None where they are no formulas.
    Where no constant is left, there is nothing to tell them apart, and no difference."""
    generator, parts = e.generators[i], []
    if len(over.value) > MAX_FORMULAS:
        hint = f"at most {MAX_FORMULAS} formulas are possible: run over a smaller type"
        raise ctx.error("T018", e.span, "a formula for each of too many values", hint)
    for value in members(over):
        inner = ctx.pure()
        inner.scopes[-1][generator.target] = Value(n.Const(value, over.type.of, generator.span))
        guard = _conjunction(tuple(typecheck.condition(inner, g) for g in generator.guards))
        guard = None if guard is None else fold(guard, unroll=True)
        if guard is not None and is_const(guard, False):
            continue
        more = i + 1 < len(e.generators)
        body = _nest(inner, kind, e, i + 1, None) if more else _element(inner, kind, e.element, None)
        if not isinstance(body.type, FormulaType):
            return None
        if guard is not None and not is_const(guard, True):
            body = n.Temporal("implies" if kind == "all" else "and", (guard, body), e.span)
        if isinstance(body, n.Temporal):
            body = replace(body, instance=((generator.target, value, over.type.of), *body.instance))
        parts.append(body)
    if not parts:
        return n.Const(kind == "all", BOOL, e.span)
    return parts[0] if len(parts) == 1 else n.Temporal("and" if kind == "all" else "or", tuple(parts), e.span)


def _no_formula(ctx: Context, span: Span) -> Bad:
    hint = "write `all(...)` or `any(...)` over a type"
    return ctx.error("T020", span, "temporal formulas are quantified over constants", hint)


def _flat(ctx: Context, e: s.Comprehension, nested: n.Expr) -> n.Expr:
    """`{f(a, b) for a in A for b in B}`: every value of the element's type that some `f(a, b)` equals. `nested` is the
    set of sets, one level for each `for`."""
    of = nested.type
    for _ in e.generators:
        of = of.of
    member = ctx.fresh("member", of, e.span)
    test = _exists(nested, member, len(e.generators), e.span)
    found = n.Quantifier("set", member, all_values(of), member, SetType(of), test, e.span)
    if effort(found) > MAX_ROUNDS:
        hint = "give the elements a smaller type, or run over smaller ones"
        raise ctx.error("T018", e.span, f"a set of {show(of)} built by several `for`", hint)
    return found


def _exists(q: n.Expr, wanted: n.Local, depth: int, span: Span) -> n.Expr:
    body = q.body
    test = _exists(body, wanted, depth - 1, span) if depth > 1 else n.Apply(Op.EQ, (body, wanted), BOOL, span)
    return n.Quantifier("any", q.local, q.domain, test, BOOL, q.guard, span)


def extreme(ctx: Context, kind: str, items: list[n.Expr], span: Span) -> n.Expr:
    """`min(a, b, ...)` and `max(a, b, ...)`."""
    found = plain(items[0])
    for item in items[1:]:
        found = apply(ctx, Op[kind.upper()], (found, item), span)
    return fold(replace(found, span=span))
