"""Calls in expressions: functions of the language, records, operations of sets and sequences, helpers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import OPS, Op
from modelcheck.ir.types import BOOL, ArrayType, FormulaType, IntType, RecordType, SeqType, SetType, Type, show
from modelcheck.passes import comprehensions, declarations, inline, places, references, typecheck
from modelcheck.passes.context import (
    ClassInfo,
    Dsl,
    Member,
    NotPure,
    Place,
    SpecSelf,
    TypeName,
    did_you_mean,
    which,
)
from modelcheck.passes.conversions import apply, coerce, plain, what
from modelcheck.passes.simplify import fold

if TYPE_CHECKING:
    from modelcheck.passes.context import Binding
    from modelcheck.passes.typecheck import Context

TEMPORAL = {"always": 1, "eventually": 1, "infinitely_often": 1, "eventually_always": 1,
            "leads_to": 2, "until": 2, "weak_until": 2}  # fmt: skip


def call(ctx: Context, e: s.Call, expected: Type | None = None) -> n.Expr:
    """A call as an expression. Its effects, if any, go to `ctx.emit` first."""
    match e.function:
        case s.Name(name):
            return _named(ctx, e, name, expected)
        case s.Attribute(value, name):
            found = method(ctx, e)
            if found is not None:
                return inline.helper(ctx, e, *found, expected)
            return _operation(ctx, e, value, name)
    hint = "call a method, such as `self.notify_vq()`, or a function of the language"
    raise ctx.error("T004", e.span, "this cannot be called", hint)


def _named(ctx: Context, e: s.Call, name: str, expected: Type | None) -> n.Expr:
    if ctx.local(name) is None and name in BUILTINS and name not in ctx.world.known(ctx.module):
        return BUILTINS[name](ctx, e, expected)
    match ctx.lookup(name, e.function.span):
        case Dsl(original) if original in TEMPORAL:
            return _temporal(ctx, e, original)
        case Dsl(original) if original in _FUNCTIONS:
            return _FUNCTIONS[original](ctx, e)
        case Dsl(original):
            hint = _MISPLACED.get(original, "it is part of declarations and cases, and no function of values")
            raise ctx.error("T027", e.span, f"`{original}` cannot stand here", hint)
        case TypeName(RecordType() as t, ClassInfo() as info):
            return _record(ctx, e, t, info)
        case TypeName():
            hint = 'declare a local, `x = Phase(init="idle")`, as a statement of its own'
            raise ctx.error("T027", e.span, f"a declaration of {name} cannot stand here", hint)
    raise ctx.error("T004", e.span, f"`{name}` cannot be called", f"helpers are methods: write `self.{name}(...)`")


_MISPLACED = {
    "choose": "it is the whole right side of an assignment: write `x = choose(...)`",
    "when": "it is a statement of its own: write `when(condition)`",
    "idle": 'write `yield idle("label")`',
    "urgent": 'write `yield urgent("label")`',
    "committed": 'write `yield committed("label")`',
    "after": 'it stands behind a label: `yield "label", after(0, 5)`',
    "between": "it is the whole right side of an assignment to a clock: `self.x = between(1, 5)`",
    "observe": "it is a statement of its own",
    "assume": "it stands at the top of the file",
    **{name: "declare variables in the class body, locals as `x = Int(0, 3, init=0)`" for name in
       ("Bool", "Int", "Enum", "Range", "Scalarset", "Set", "Seq", "Option", "Array", "Const")},
    **{name: "clocks and timers are declared in the class body of a Spec or a Record" for name in ("Clock", "Timer")},
}  # fmt: skip


def _count(ctx: Context, e: s.Call, wanted: int, usage: str) -> None:
    if len(e.args) != wanted or e.keywords:
        number = "one argument" if wanted == 1 else f"{wanted} arguments"
        raise ctx.error("T004", e.span, f"this takes {number}", f"write `{usage}`")


def _implies(ctx: Context, e: s.Call) -> n.Expr:
    _count(ctx, e, 2, "implies(a, b)")
    sides = _conditions(ctx.pure(), e)
    if any(isinstance(x.type, FormulaType) for x in sides):
        return n.Temporal("implies", sides, e.span)
    return n.Logic("implies", sides, e.span)


def _temporal(ctx: Context, e: s.Call, operator: str) -> n.Expr:
    if not ctx.temporal:
        hint = "temporal formulas are written in a method decorated `@temporal`"
        raise ctx.error("T020", e.span, f"`{operator}` speaks of behaviours, not of states", hint)
    _count(ctx, e, TEMPORAL[operator], f"{operator}({', '.join('pq'[: TEMPORAL[operator]])})")
    return n.Temporal(operator, _conditions(ctx, e), e.span)


def _conditions(ctx: Context, e: s.Call) -> tuple[n.Expr, ...]:
    """The arguments, each a condition or a formula."""
    found = typecheck.in_order(ctx, *(lambda a=a: typecheck.expression(ctx, a, BOOL) for a in e.args))
    return tuple(
        x if isinstance(x.type, FormulaType) else typecheck.as_bool(ctx, x, a.span) for x, a in zip(found, e.args)
    )


_FUNCTIONS: dict[str, Callable[[Context, s.Call], n.Expr]] = {
    "implies": _implies,
    "at": places.at,
    "done": places.done,
    "happens": lambda ctx, e: places.step_test(ctx, "happens", e),
    "enabled": lambda ctx, e: places.step_test(ctx, "enabled", e),
}

# --- built-in functions of Python -------------------------------------------------------------------------------------


def _len(ctx: Context, e: s.Call, _: Type | None) -> n.Expr:
    _count(ctx, e, 1, "len(x)")
    t = comprehensions.type_domain(ctx, e.args[0])
    if t is not None:
        comprehensions.bounded(ctx, t, e.args[0].span)
        return _number(comprehensions.cardinality(t), e.span)
    arg = plain(typecheck.expression(ctx, e.args[0]))
    match arg.type:
        case SetType() if isinstance(fold(arg), n.Const):
            return _number(len(fold(arg).value), e.span)
        case SetType(of):
            comprehensions.bounded(ctx, of, e.args[0].span)
            return fold(n.Apply(Op.CARDINALITY, (arg,), OPS[Op.CARDINALITY].rule(arg.type), e.span))
        case SeqType(_, capacity):
            return fold(n.Apply(Op.LENGTH, (arg,), IntType(0, capacity), e.span))
        case ArrayType(index):
            return _number(comprehensions.cardinality(index), e.span)
    raise ctx.error("T002", e.span, f"{what(arg)} has no length", "sets, sequences and arrays have one")


def _number(value: int, span: Span) -> n.Const:
    return n.Const(value, IntType(value, value), span)


def _quantified(kind: n.QuantifierKind) -> Callable[[Context, s.Call, Type | None], n.Expr]:
    def build(ctx: Context, e: s.Call, _: Type | None) -> n.Expr:
        _count(ctx, e, 1, f"{kind}(p(x) for x in X)")
        arg = e.args[0]
        if isinstance(arg, s.Comprehension) and arg.kind in ("generator", "list"):
            return replace(comprehensions.quantify(ctx, kind, arg), span=e.span)
        if kind == "sum":
            return _over_members(ctx, kind, arg, e)
        hint = f"write `{kind}(p(x) for x in X)`"
        raise ctx.error("T004", arg.span, f"`{kind}` takes a generator", hint)

    return build


def _over_members(ctx: Context, kind: n.QuantifierKind, arg: s.Expr, e: s.Call) -> n.Expr:
    """`sum(x)`, `min(x)`, `max(x)` of the members of a set or sequence."""
    member = s.Name("member", arg.span)
    generated = s.Comprehension("generator", member, (s.Generator("member", arg, (), arg.span),), arg.span)
    return replace(comprehensions.quantify(ctx, kind, generated), span=e.span)


def _extreme(kind: n.QuantifierKind) -> Callable[[Context, s.Call, Type | None], n.Expr]:
    def build(ctx: Context, e: s.Call, _: Type | None) -> n.Expr:
        if e.keywords or not e.args:
            raise ctx.error("T004", e.span, f"`{kind}` takes integers", f"write `{kind}(a, b)`")
        if len(e.args) > 1:
            items = typecheck.in_order(ctx, *(lambda a=a: typecheck.expression(ctx, a) for a in e.args))
            return comprehensions.extreme(ctx, kind, items, e.span)
        arg = e.args[0]
        if isinstance(arg, s.Comprehension) and arg.kind == "generator":
            return replace(comprehensions.quantify(ctx, kind, arg), span=e.span)
        return _over_members(ctx, kind, arg, e)

    return build


def _abs(ctx: Context, e: s.Call, _: Type | None) -> n.Expr:
    _count(ctx, e, 1, "abs(x)")
    return fold(apply(ctx, Op.ABS, (typecheck.expression(ctx, e.args[0]),), e.span))


def _set(ctx: Context, e: s.Call, expected: Type | None) -> n.Expr:
    if not e.args and not e.keywords:
        return comprehensions.empty_set(e, expected)
    _count(ctx, e, 1, "set()")
    arg = e.args[0]
    if isinstance(arg, s.Comprehension) and arg.kind == "generator":
        return typecheck.expression(ctx, replace(arg, kind="set"), expected)
    found = comprehensions.domain(ctx, arg)
    if isinstance(found.type, SetType):
        return found
    comprehensions.bounded(ctx, found.type.of, arg.span)
    local = ctx.fresh("member", found.type.of, e.span)
    return n.Quantifier("set", local, found, local, SetType(found.type.of), None, e.span)


def _range(ctx: Context, e: s.Call, _: Type | None) -> n.Expr:
    return comprehensions.range_(ctx, e)


BUILTINS: dict[str, Callable[[Context, s.Call, Type | None], n.Expr]] = {
    "len": _len,
    "all": _quantified("all"),
    "any": _quantified("any"),
    "sum": _quantified("sum"),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "abs": _abs,
    "set": _set,
    "range": _range,
}

# --- records, operations and helpers ----------------------------------------------------------------------------------


def _record(ctx: Context, e: s.Call, t: RecordType, info: ClassInfo) -> n.Expr:
    """A record value: fields not given have their declared initial values."""
    fields = dict(t.fields)
    declarations.check_fields(ctx, e, info, fields)
    makers = (lambda name=name, value=value: typecheck.typed(ctx, value, fields[name]) for name, value in e.keywords)
    given = dict(zip((name for name, _ in e.keywords), typecheck.in_order(ctx, *makers)))
    items = []
    for name, of in t.fields:
        if name in given:
            items.append(given[name])
            continue
        definition, module = info.fields[name]
        init = declarations.initial(ctx.world.context(module), definition.value, of, name)
        if declarations.has_any(init):
            raise ctx.error("T016", e.span, f"field `{name}` needs a value", f"its declaration says ANY: `{name}=...`")
        items.append(n.Const(declarations.value_of(init, of), of, e.span))
    return fold(n.Construct(tuple(items), t, e.span))


def method(ctx: Context, e: s.Call) -> tuple[Member, Binding] | None:
    """The helper that a call `x.name(...)` names and what `self` is in it; None where it is no helper."""
    match e.function:
        case s.Attribute(s.Name(receiver), name) if isinstance(me := ctx.lookup(receiver, e.function.span), SpecSelf):
            member = ctx.spec.info.functions.get(name)
            if member is not None:
                return member, me
            if name in ctx.spec.info.fields:
                raise ctx.error("T004", e.span, f"`{name}` is a variable, not a method", f"write `self.{name}`")
            hint = did_you_mean(name, ctx.spec.info.functions, f"define it: `def {name}(self)`")
            raise ctx.error("N002", e.function.span, f"{ctx.spec.info.name} has no method `{name}`", hint)
        case s.Attribute(value, name) if places.process(ctx, value) is None:
            mark = 0 if ctx.emit is None else len(ctx.emit)
            path = plain(typecheck.place(ctx, value))
            if isinstance(path.type, RecordType):
                return _record_method(ctx, e, path, name)
            if ctx.emit is not None:
                del ctx.emit[mark:]  # typed again by who knows what else it can be
    return None


def _record_method(ctx: Context, e: s.Call, path: n.Expr, name: str) -> tuple[Member, Binding]:
    info = ctx.world.records[path.type]
    if name not in info.functions:
        hint = did_you_mean(name, info.functions, which("methods", info.functions))
        raise ctx.error("N002", e.function.span, f"{info.name} has no method `{name}`", hint)
    if references.is_path(path):
        return info.functions[name], Place(references.freeze_indices(ctx, path))
    if ctx.emit is not None:
        saved = ctx.fresh("record", path.type, path.span)
        ctx.emit.append(n.Assign(saved, path, path.span))
        path = saved
    return info.functions[name], Place(path)


_SET_UPDATES = {"add": Op.WITH, "discard": Op.WITHOUT, "remove": Op.REMOVE}
OPERATIONS = {SetType: tuple(_SET_UPDATES), SeqType: ("append", "pop")}


def _operation(ctx: Context, e: s.Call, value: s.Expr, name: str) -> n.Expr:
    """`pop` is the only operation of a sequence that is also a value; the others are statements."""
    if ctx.emit is None:
        t = typecheck.expression(ctx, value).type
        if name in OPERATIONS.get(type(t), ()):
            raise NotPure(e.span, f"changes `{value.span.text}`")
    found = update(ctx, e)
    if found is not None:
        return found
    hint = "it is a statement of its own; to have the new value, write `s | {x}` or `q + [x]`"
    raise ctx.error("T027", e.span, f"`{name}` gives no value", hint)


def update(ctx: Context, e: s.Call) -> n.Expr | None:
    """Emits the change that `x.add(v)`, `x.append(v)`, `x.pop()`, ... make; the value popped, or None."""
    value, name = e.function.value, e.function.name
    if places.process(ctx, value) is not None:
        raise ctx.error("T004", e.span, "a process has no methods", "helpers are methods of the spec")
    target = references.lvalue(ctx, value)
    match target.type:
        case SetType(of) if name in _SET_UPDATES:
            target, element = _with_argument(ctx, e, target, of, f"s.{name}(x)")
            changed = n.Apply(_SET_UPDATES[name], (read(target), element), target.type, e.span)
            ctx.emit.append(n.Assign(target, changed, e.span))
            return None
        case SeqType(of) if name == "append":
            target, element = _with_argument(ctx, e, target, of, "q.append(x)")
            changed = n.Apply(Op.APPEND, (read(target), element), target.type, e.span)
            ctx.emit.append(n.Assign(target, changed, e.span))
            return None
        case SeqType(of) if name == "pop":
            return _pop(ctx, e, target, of)
    operations = OPERATIONS.get(type(target.type), ())
    hint = did_you_mean(name, operations, which("methods", operations))
    raise ctx.error("N002", e.function.span, f"{show(target.type)} has no method `{name}`", hint)


def _with_argument(ctx: Context, e: s.Call, target: n.Lvalue, of: Type, usage: str) -> tuple[n.Lvalue, n.Expr]:
    """The element, and the target with its indices evaluated before it."""
    _count(ctx, e, 1, usage)
    indices = (lambda i=i: i for i in references.indices(target))
    *found, element = typecheck.in_order(ctx, *indices, lambda: typecheck.expression(ctx, e.args[0], of))
    return references.with_indices(target, found), coerce(ctx, element, of, e.args[0].span)


def _pop(ctx: Context, e: s.Call, target: n.Lvalue, of: Type) -> n.Local:
    take, rest = (Op.FIRST, Op.REST) if _pops_first(ctx, e) else (Op.LAST, Op.FRONT)
    popped, before = ctx.fresh("popped", of, e.span), read(target)
    ctx.emit.append(n.Assign(popped, n.Apply(take, (before,), of, e.span), e.span))
    ctx.emit.append(n.Assign(target, n.Apply(rest, (before,), target.type, e.span), e.span))
    return popped


def read(target: n.Lvalue) -> n.Expr:
    """A place to assign as a value: elements of sequences are items."""
    match target:
        case n.Field(record):
            return replace(target, record=read(record))
        case n.Element(array, index) if isinstance(array.type, SeqType):
            return n.Apply(Op.ITEM, (read(array), index), target.type, target.span)
        case n.Element(array):
            return replace(target, array=read(array))
    return target


def _pops_first(ctx: Context, e: s.Call) -> bool:
    if not e.keywords:
        match e.args:
            case ():
                return False
            case (s.Literal_(0),):
                return True
    raise ctx.error("T004", e.span, "`pop` takes the last element or the first", "write `q.pop()` or `q.pop(0)`")
