"""What names lead to: constants, locals, variables and their parts; and places that can be assigned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import ArrayType, IntType, RecordType, SeqType, Type, show
from modelcheck.passes import clock_terms, places, statements, typecheck
from modelcheck.passes.clocks import is_timer
from modelcheck.passes.context import (
    Bad,
    Dsl,
    Parameter,
    Place,
    SpecClass,
    SpecSelf,
    TimeUnit,
    TypeName,
    Value,
    did_you_mean,
    kind_of,
    which,
)
from modelcheck.passes.conversions import apply, coerce, inner, plain

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context


def name(ctx: Context, e: s.Name) -> n.Expr:
    match ctx.lookup(e.id, e.span):
        case Value(n.Const(value, t)):
            return n.Const(value, t, e.span)
        case Value(n.Local(local, t)):
            return n.Local(local, t, e.span)
        case Value(expr) | Place(expr):
            return replace(expr, span=e.span)
        case TypeName():
            hint = f"a type is used in declarations, in `for x in {e.id}` and in `choose({e.id})`"
            raise ctx.error("T010", e.span, f"`{e.id}` is a type, not a value", hint)
        case SpecSelf():
            raise ctx.error("T010", e.span, f"`{e.id}` is the whole state", f"name a variable, such as `{e.id}.x`")
        case Dsl(name):
            raise ctx.error("T010", e.span, f"`{name}` is no value", f"call it: `{name}(...)`")
        case Parameter():
            hint = "compare it with a clock, `self.x <= lat`, or use it as a time: `after(0, lat)`"
            raise ctx.error("T032", e.span, f"`{e.id}` is an unknown time, not a value", hint)
        case TimeUnit():
            raise ctx.error("T010", e.span, f"`{e.id}` is the unit of time, not a value", "write the number itself")
        case SpecClass():
            hint = "name a variable of it, such as `self.x`"
            raise ctx.error("T010", e.span, f"`{e.id}` is a spec, not a value", hint)
    raise AssertionError(e)


def attribute(ctx: Context, e: s.Attribute) -> n.Expr:
    local = places.process_local(ctx, e)
    if local is not None:
        return local
    if isinstance(e.value, s.Name) and isinstance(me := ctx.lookup(e.value.id, e.value.span), SpecSelf):
        return variable(ctx, e, me)
    record = plain(typecheck.place(ctx, e.value))
    if is_timer(record.type):
        return clock_terms.timer_attribute(ctx, record, e.name, e.span)
    if not isinstance(record.type, RecordType):
        raise ctx.error("T011", e.span, f"{show(record.type)} has no field `{e.name}`", "only records have fields")
    fields = dict(record.type.fields)
    if e.name not in fields:
        if e.name in ctx.world.records[record.type].fields:  # its declaration is wrong, and has been reported
            raise Bad
        hint = did_you_mean(e.name, fields, which("fields", fields))
        raise ctx.error("N002", e.span, f"{record.type.name} has no field `{e.name}`", hint)
    return n.Field(record, e.name, fields[e.name], e.span)


def subscript(ctx: Context, e: s.Subscript) -> n.Expr:
    array: list[n.Expr] = []

    def make_index() -> n.Expr:
        expected = array[0].type.index if array and isinstance(array[0].type, ArrayType) else None
        return typecheck.expression(ctx, e.index, expected)

    def make_array() -> n.Expr:
        array.append(plain(typecheck.place(ctx, e.value)))
        return array[0]

    base, index = typecheck.in_order(ctx, make_array, make_index)
    match base.type:
        case ArrayType(t, of):
            return n.Element(base, array_index(ctx, index, t, e.index.span), of, e.span)
        case SeqType():
            if isinstance(index, n.Const) and isinstance(index.value, int) and index.value < 0:
                hint = f"write `x[len(x) - {-index.value}]`"
                raise ctx.error("T012", e.index.span, "a sequence is indexed from 0", hint)
            return apply(ctx, Op.ITEM, (base, index), e.span)
    hint = "only arrays and sequences have"
    raise ctx.error("T011", e.span, f"{show(base.type)} has no elements to index", hint)


def array_index(ctx: Context, index: n.Expr, t: Type, span: Span) -> n.Expr:
    """An index: an integer may be too large (a fault at run time), anything else is of the index type."""
    if isinstance(t, IntType) and isinstance(inner(index.type), IntType):
        return plain(index)
    return coerce(ctx, index, t, span)


def variable(ctx: Context, e: s.Attribute, me: SpecSelf) -> n.Variable:
    """`self.name`, or `after.name`."""
    found = ctx.spec.variables.get(e.name)
    if found is not None:
        return n.Variable(found.index, found.type, e.span, me.after)
    member = ctx.spec.info.functions.get(e.name)
    if member is not None:
        hint = f"call it: `self.{e.name}(...)`"
        if kind_of(member.function) == "process":
            hint = f'write `at(self.{e.name}, "label")`'
        raise ctx.error("T010", e.span, f"`{e.name}` is a method, not a value", hint)
    if e.name in ctx.spec.info.fields:  # its declaration is wrong, and has been reported
        raise Bad
    hint = f"declare it in the class body: `{e.name} = Int(lo, hi, init=...)`"
    hint = did_you_mean(e.name, [*ctx.spec.variables, *ctx.spec.info.functions], hint)
    raise ctx.error("N002", e.span, f"{ctx.spec.info.name} has no `{e.name}`", hint)


# --- places to assign -------------------------------------------------------------------------------------------------

ASSIGNABLE = "assign to a variable, a field, an element or a declared local"


def lvalue(ctx: Context, e: s.Expr) -> n.Lvalue:
    """A place that can be assigned, or changed in place; T021 for anything else."""
    match e:
        case s.Name(name):
            match ctx.lookup(name, e.span):
                case Value(n.Local() as local, True):
                    return local
                case Place(expr):
                    return expr
                case Value():
                    hint = f"declare it, so that it may change: `{name} = {statements.sketch(ctx.local(name))}`"
                    raise ctx.error("N008", e.span, f"`{name}` is bound once and cannot change", hint)
        case s.Attribute() | s.Subscript():
            path = typecheck.place(ctx, e)
            return _assignable(ctx, path, e)
    raise ctx.error("T021", e.span, "this cannot be assigned", ASSIGNABLE)


def target(ctx: Context, e: s.Expr) -> n.Lvalue:
    """The left side of an assignment. Its indices have no effects: they would come before those of the right side."""
    if isinstance(e, s.Name) and isinstance(ctx.local(e.id), Place):
        hint = f"assign its fields, `{e.id}.field = ...`: under Python, `{e.id}` would become another name"
        raise ctx.error("T021", e.span, f"`{e.id}` stands for a place in the state", hint)
    return lvalue(ctx.pure(), e)


def _assignable(ctx: Context, path: n.Expr, e: s.Expr) -> n.Lvalue:
    match path:
        case n.Variable():
            return path
        case n.Local() if _is_declared(ctx, path):
            return path
        case n.Field(record):
            return replace(path, record=_assignable(ctx, record, e))
        case n.Element(array):
            return replace(path, array=_assignable(ctx, array, e))
        case n.Apply(Op.ITEM, (seq, index)):
            return n.Element(_assignable(ctx, seq, e), index, path.type, path.span)
    raise ctx.error("T021", e.span, "this cannot be assigned", ASSIGNABLE)


def _is_declared(ctx: Context, local: n.Local) -> bool:
    return any(
        isinstance(b, Value) and b.assignable and isinstance(b.expr, n.Local) and b.expr.name == local.name
        for scope in ctx.scopes
        for b in scope.values()
    )


def is_path(e: n.Expr) -> bool:
    """Whether an expression is a place in the state: what a Ref parameter can stand for."""
    match e:
        case n.Variable() | n.Local():
            return True
        case n.Field(inner) | n.Element(inner):
            return is_path(inner)
        case n.Apply(Op.ITEM, (inner, _)):
            return is_path(inner)
    return False


def indices(path: n.Expr) -> list[n.Expr]:
    """The indices in a path, from the outside in (`self.a[i].b[j]`: i, j)."""
    match path:
        case n.Field(inner):
            return indices(inner)
        case n.Element(inner, index) | n.Apply(Op.ITEM, (inner, index)):
            return [*indices(inner), index]
    return []


def with_indices(path: n.Expr, found: list[n.Expr]) -> n.Expr:
    """The path with other indices, one for each of `indices`."""
    match path:
        case n.Field(inner):
            return replace(path, record=with_indices(inner, found))
        case n.Element(inner):
            return replace(path, array=with_indices(inner, found[:-1]), index=found[-1])
        case n.Apply(Op.ITEM, (inner, _)):
            return replace(path, args=(with_indices(inner, found[:-1]), found[-1]))
    return path


def freeze_indices(ctx: Context, path: n.Expr) -> n.Expr:
    """The path with each index evaluated now, so that a helper which changes the index still means the same place."""
    if ctx.emit is None:
        return path
    found = []
    for index in indices(path):
        if not isinstance(index, n.Const):
            saved = ctx.fresh("index", index.type, index.span)
            ctx.emit.append(n.Assign(saved, index, index.span))
            index = saved
        found.append(index)
    return with_indices(path, found)
