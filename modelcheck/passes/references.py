"""What `self` leads to: variables, processes and where they stand, places that can be assigned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, ArrayType, IntType, RecordType, SeqType, Type, show
from modelcheck.passes import conversions, statements, typecheck
from modelcheck.passes.context import Bad, Dsl, Place, SpecClass, SpecSelf, TypeName, Value, did_you_mean
from modelcheck.passes.simplify import fold
from modelcheck.passes.typed import PlaceTest, ProcessLocal, StepTest

if TYPE_CHECKING:
    from modelcheck.passes.spec import Family
    from modelcheck.passes.typecheck import Context


def name(ctx: Context, e: s.Name) -> n.Expr:
    match ctx.lookup(e.id, e.span):
        case Value(expr) | Place(expr):
            return replace(expr, span=e.span)
        case TypeName():
            hint = f"a type is used in declarations, in `for x in {e.id}` and in `choose({e.id})`"
            raise ctx.error("T010", e.span, f"`{e.id}` is a type, not a value", hint)
        case SpecSelf():
            raise ctx.error("T010", e.span, f"`{e.id}` is the whole state", f"name a variable, such as `{e.id}.x`")
        case Dsl(name):
            raise ctx.error("T010", e.span, f"`{name}` is no value", f"call it: `{name}(...)`")
        case SpecClass():
            raise ctx.error("T010", e.span, f"`{e.id}` is a spec, not a value", "name a variable of it: `self.x`")
    raise AssertionError(e)


def attribute(ctx: Context, e: s.Attribute) -> n.Expr:
    local = process_local(ctx, e)
    if local is not None:
        return local
    if isinstance(e.value, s.Name) and isinstance(me := ctx.lookup(e.value.id, e.value.span), SpecSelf):
        return variable(ctx, e, me)
    record = conversions.plain(typecheck.expression(ctx, e.value))
    if not isinstance(record.type, RecordType):
        raise ctx.error("T011", e.span, f"{show(record.type)} has no field `{e.name}`", "only records have fields")
    fields = dict(record.type.fields)
    if e.name not in fields:
        hint = did_you_mean(e.name, fields, f"its fields are {', '.join(fields)}")
        raise ctx.error("N002", e.span, f"{record.type.name} has no field `{e.name}`", hint)
    return n.Field(record, e.name, fields[e.name], e.span)


def subscript(ctx: Context, e: s.Subscript) -> n.Expr:
    array: list[n.Expr] = []

    def make_index() -> n.Expr:
        expected = array[0].type.index if isinstance(array[0].type, ArrayType) else None
        return typecheck.expression(ctx, e.index, expected)

    def make_array() -> n.Expr:
        array.append(conversions.plain(typecheck.expression(ctx, e.value)))
        return array[0]

    base, index = typecheck.in_order(ctx, make_array, make_index)
    match base.type:
        case ArrayType(t, of):
            return n.Element(base, array_index(ctx, index, t, e.index.span), of, e.span)
        case SeqType():
            if isinstance(index, n.Const) and isinstance(index.value, int) and index.value < 0:
                hint = f"write `x[len(x) - {-index.value}]`"
                raise ctx.error("T012", e.index.span, "a sequence is indexed from 0", hint)
            return typecheck.apply(ctx, Op.ITEM, (base, index), e.span)
    raise ctx.error("T011", e.span, f"{show(base.type)} has no elements to index", "only arrays and sequences have")


def array_index(ctx: Context, index: n.Expr, t: Type, span: Span) -> n.Expr:
    """An index: an integer may be too large (a fault at run time), anything else is of the index type."""
    if isinstance(t, IntType) and isinstance(conversions.inner(index.type), IntType):
        return conversions.plain(index)
    return conversions.coerce(ctx, index, t, span)


def variable(ctx: Context, e: s.Attribute, me: SpecSelf) -> n.Variable:
    """`self.name`, or `after.name`."""
    found = ctx.spec.variables.get(e.name)
    if found is not None:
        return n.Variable(found.index, found.type, e.span, me.after)
    member = ctx.spec.info.functions.get(e.name)
    if member is not None:
        kind = member.function.decorators[0].name if member.function.decorators else None
        hint = f"call it: `self.{e.name}(...)`"
        if kind == "process":
            hint = f'write `at(self.{e.name}, "label")`'
        raise ctx.error("T010", e.span, f"`{e.name}` is a method, not a value", hint)
    if e.name in ctx.spec.info.fields:  # its declaration is wrong, and has been reported
        raise Bad
    hint = f"declare it in the class body: `{e.name} = Int(lo, hi, init=...)`"
    hint = did_you_mean(e.name, [*ctx.spec.variables, *ctx.spec.info.functions], hint)
    raise ctx.error("N002", e.span, f"{ctx.spec.info.name} has no `{e.name}`", hint)


# --- processes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProcessReference:
    family: Family
    indices: tuple[s.Expr, ...]
    after: bool
    span: Span


def process(ctx: Context, e: s.Expr) -> ProcessReference | None:
    """`self.vcpu`, `self.vcpu[i]`, `self.link[a, b]`, `self.link[a][b]`; None where the expression is no process."""
    indices: list[s.Expr] = []
    inner = e
    while isinstance(inner, s.Subscript):
        index = inner.index
        parts = index.items if isinstance(index, s.Display) and index.kind == "tuple" else (index,)
        indices[:0] = parts
        inner = inner.value
    match inner:
        case s.Attribute(s.Name(name), attribute) if ctx.spec is not None and attribute in ctx.spec.families:
            me = ctx.local(name)
            if isinstance(me, SpecSelf):
                return ProcessReference(ctx.spec.families[attribute], tuple(indices), me.after, e.span)
    return None


def _need_process(ctx: Context, e: s.Expr) -> ProcessReference:
    found = process(ctx, e)
    if found is None:
        names = ", ".join(ctx.spec.families) if ctx.spec else ""
        hint = f"write `self.name` of a process: {names}" if names else "the spec has no process"
        raise ctx.error("T019", e.span, "this is no process", hint)
    return found


def _instances(
    ctx: Context, ref: ProcessReference, make: Callable[[int], n.Expr], t: Type, *, partial: bool = False
) -> n.Expr:
    """`make(number)` for the instance that the indices name, chosen at run time where they are not constant.

    partial: fewer indices than the family has types stand for every instance that matches (an `or`).
    """
    family, wanted = ref.family, len(ref.family.indices)
    if len(ref.indices) != wanted and not (partial and not ref.indices):
        index = ", ".join("i" for _ in family.indices)
        hint = f"write `self.{family.name}[{index}]`" if wanted else f"write `self.{family.name}`"
        raise ctx.error("T019", ref.span, f"`{family.name}` has {wanted} indices, not {len(ref.indices)}", hint)
    indices = [typecheck.typed(ctx.pure(), e, index) for e, index in zip(ref.indices, family.indices)]
    chosen: n.Expr | None = None
    for offset, values in reversed(list(enumerate(family.instances))):
        made = make(family.first + offset)
        if chosen is None:
            chosen = made
            continue
        test = _conjunction(
            [n.Apply(Op.EQ, (i, n.Const(v, i.type)), BOOL, ref.span) for i, v in zip(indices, values)], ref.span
        )
        if not indices:
            chosen = n.Logic("or", (made, chosen), ref.span)
        else:
            chosen = n.Cond(test, made, chosen, t, ref.span)
    if chosen is None:
        raise ctx.error("T019", ref.span, f"`{family.name}` has no instance", "its types are empty")
    return fold(chosen)


def _conjunction(tests: list[n.Expr], span: Span) -> n.Expr:
    return tests[0] if len(tests) == 1 else n.Logic("and", tuple(tests), span)


def at(ctx: Context, e: s.Call) -> n.Expr:
    """`at(self.vcpu[1], "kick")`."""
    if len(e.args) != 2 or e.keywords:
        raise ctx.error("T004", e.span, "`at` takes a process and a label", 'write `at(self.vcpu[1], "kick")`')
    ref = _need_process(ctx, e.args[0])
    label = _label(ctx, ref, e.args[1])
    return replace_span(_instances(ctx, ref, lambda i: PlaceTest(i, label, e.span, ref.after), BOOL), e.span)


def done(ctx: Context, e: s.Call) -> n.Expr:
    if len(e.args) != 1 or e.keywords:
        raise ctx.error("T004", e.span, "`done` takes a process", "write `done(self.vcpu[1])`")
    ref = _need_process(ctx, e.args[0])
    return replace_span(_instances(ctx, ref, lambda i: PlaceTest(i, None, e.span, ref.after), BOOL), e.span)


def replace_span(e: n.Expr, span: Span) -> n.Expr:
    return replace(e, span=span)


def _label(ctx: Context, ref: ProcessReference, e: s.Expr) -> str:
    match e:
        case s.Literal_(str() as label):
            plain = label.partition("#")[0]
            if plain not in ref.family.labels:
                hint = did_you_mean(label, ref.family.labels, f"its labels are {', '.join(sorted(ref.family.labels))}")
                raise ctx.error("N005", e.span, f'`{ref.family.name}` has no step "{label}"', hint)
            return label
    raise ctx.error("T004", e.span, "a label is a string", f'write `at(self.{ref.family.name}, "label")`')


def process_local(ctx: Context, e: s.Attribute) -> n.Expr | None:
    """`self.vcpu[1].queue`: a declared local; None where the expression is something else."""
    ref = process(ctx, e.value)
    if ref is None:
        return None
    if e.name not in ref.family.locals:
        known = ref.family.locals
        hint = did_you_mean(e.name, known, f"its declared locals are {', '.join(known) or 'none'}")
        raise ctx.error("N002", e.span, f"process `{ref.family.name}` declares no `{e.name}`", hint)
    t = ref.family.locals[e.name]
    return replace_span(_instances(ctx, ref, lambda i: ProcessLocal(i, e.name, t, e.span, ref.after), t), e.span)


def step_test(ctx: Context, kind: str, e: s.Call) -> n.Expr:
    """`happens(self.vcpu[1], "kick")`, `enabled(self.prepare, rm)`: in temporal properties."""
    if not ctx.temporal:
        hint = "it speaks of the step that comes next: use it in a @temporal property"
        raise ctx.error("T020", e.span, f"`{kind}` is a predicate of steps", hint)
    if not e.args or e.keywords:
        raise ctx.error("T004", e.span, f"`{kind}` takes a process and a label", f'write `{kind}(self.vcpu, "kick")`')
    match e.args[0]:
        case s.Attribute(s.Name(name), action) if action in ctx.spec.actions and isinstance(ctx.local(name), SpecSelf):
            types = ctx.spec.actions[action].types
            if len(e.args) not in (1, 1 + len(types)):
                hint = f"`{action}` has {len(types)} parameters: give all or none"
                raise ctx.error("T004", e.span, f"`{kind}` has the wrong number of arguments", hint)
            args = tuple(typecheck.constant(ctx, a, t).value for a, t in zip(e.args[1:], types))
            return StepTest(kind, None, None, action, args or None, e.span)
    ref = _need_process(ctx, e.args[0])
    label = _label(ctx, ref, e.args[1]) if len(e.args) > 1 else None
    make = lambda i: StepTest(kind, i, label, None, None, e.span)  # noqa: E731
    if not ref.indices and ref.family.indices:
        instances = tuple(make(ref.family.first + k) for k in range(len(ref.family.instances)))
        return n.Temporal("or", instances, e.span)
    values = tuple(typecheck.constant(ctx, x, t).value for x, t in zip(ref.indices, ref.family.indices))
    if values not in ref.family.instances:
        raise ctx.error("T019", ref.span, "there is no such instance", f"write `self.{ref.family.name}[i]`")
    return make(ref.family.first + ref.family.instances.index(values))


# --- places to assign -------------------------------------------------------------------------------------------------


def lvalue(ctx: Context, e: s.Expr) -> n.Lvalue:
    """A place that can be assigned; T021 for anything else."""
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
            path = typecheck.expression(ctx, e)
            return _assignable(ctx, path, e)
    raise ctx.error("T021", e.span, "this cannot be assigned", "assign to a variable, a field, an element or a local")


def _assignable(ctx: Context, path: n.Expr, e: s.Expr) -> n.Lvalue:
    match path:
        case n.Variable(after=True):
            raise ctx.error("T021", e.span, "the next state cannot be assigned", "a property only looks at it")
        case n.Variable():
            return path
        case n.Local() if _is_declared(ctx, path):
            return path
        case n.Field(record):
            _assignable(ctx, record, e)
            return path
        case n.Element(array):
            _assignable(ctx, array, e)
            return path
        case n.Apply(Op.ITEM, (seq, index)):
            _assignable(ctx, seq, e)
            return n.Element(seq, index, path.type, path.span)
    hint = "assign to a variable, a field, an element or a declared local"
    raise ctx.error("T021", e.span, "this cannot be assigned", hint)


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


def freeze_indices(ctx: Context, e: n.Expr) -> n.Expr:
    """The path with each index evaluated now, so that a helper which changes the index still means the same place."""
    match e:
        case n.Field(inner):
            return replace(e, record=freeze_indices(ctx, inner))
        case n.Element(inner, index):
            inner = freeze_indices(ctx, inner)
            if isinstance(index, n.Const) or ctx.emit is None:
                return replace(e, array=inner)
            saved = ctx.fresh("index", index.type, index.span)
            ctx.emit.append(n.Assign(saved, index, index.span))
            return replace(e, array=inner, index=saved)
    return e
