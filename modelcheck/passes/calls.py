"""Calls in expressions: functions of the language, records, operations of sets and sequences, helpers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, ArrayType, FormulaType, IntType, RecordType, SeqType, SetType, Type, show
from modelcheck.passes import comprehensions, conversions, declarations, inline, references, typecheck
from modelcheck.passes.context import ClassInfo, Dsl, Member, NotPure, Place, SpecSelf, TypeName, did_you_mean
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
            return _operation(ctx, e, value, name, expected)
    hint = "call a method, such as `self.notify_vq()`, or a function of the language"
    raise ctx.error("T004", e.span, "this cannot be called", hint)


def _named(ctx: Context, e: s.Call, name: str, expected: Type | None) -> n.Expr:
    if ctx.local(name) is None and name in _BUILTINS and name not in ctx.world.known(ctx.module):
        return _BUILTINS[name](ctx, e, expected)
    match ctx.lookup(name, e.function.span):
        case Dsl(original) if original in TEMPORAL:
            return _temporal(ctx, e, original)
        case Dsl(original) if original in _FUNCTIONS:
            return _FUNCTIONS[original](ctx, e)
        case Dsl(original):
            hint = _MISPLACED.get(original, "it is no function of values")
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
    "assume": "it stands at the top of the file",
    **{name: "declare variables in the class body, locals as `x = Int(0, 3, init=0)`" for name in
       ("Bool", "Int", "Enum", "Range", "Scalarset", "Set", "Seq", "Option", "Array", "Const")},
}  # fmt: skip


def _count(ctx: Context, e: s.Call, count: int, usage: str) -> None:
    if len(e.args) != count or e.keywords:
        raise ctx.error("T004", e.span, f"this takes {count} arguments", f"write `{usage}`")


def _implies(ctx: Context, e: s.Call) -> n.Expr:
    _count(ctx, e, 2, "implies(a, b)")
    left, right = (typecheck.expression(ctx.pure(), a, BOOL) for a in e.args)
    if isinstance(left.type, FormulaType) or isinstance(right.type, FormulaType):
        return n.Temporal("implies", (left, right), e.span)
    sides = tuple(typecheck.as_bool(ctx, x, a.span) for x, a in zip((left, right), e.args))
    return n.Logic("implies", sides, e.span)


def _temporal(ctx: Context, e: s.Call, operator: str) -> n.Expr:
    if not ctx.temporal:
        hint = "temporal formulas are written in a method decorated `@temporal`"
        raise ctx.error("T020", e.span, f"`{operator}` speaks of behaviours, not of states", hint)
    _count(ctx, e, TEMPORAL[operator], f"{operator}({', '.join('pq'[: TEMPORAL[operator]])})")
    args = tuple(typecheck.expression(ctx, a, BOOL) for a in e.args)
    checked = tuple(a if isinstance(a.type, FormulaType) else typecheck.as_bool(ctx, a, x.span)
                    for a, x in zip(args, e.args))  # fmt: skip
    return n.Temporal(operator, checked, e.span)


_FUNCTIONS: dict[str, Callable[[Context, s.Call], n.Expr]] = {
    "implies": _implies,
    "at": references.at,
    "done": references.done,
    "happens": lambda ctx, e: references.step_test(ctx, "happens", e),
    "enabled": lambda ctx, e: references.step_test(ctx, "enabled", e),
}

# --- built-in functions of Python -------------------------------------------------------------------------------------


def _len(ctx: Context, e: s.Call, _: Type | None) -> n.Expr:
    _count(ctx, e, 1, "len(x)")
    t = comprehensions.type_domain(ctx, e.args[0])
    if t is not None:
        count = comprehensions.cardinality(t)
        return n.Const(count, IntType(count, count), e.span)
    arg = conversions.plain(typecheck.expression(ctx, e.args[0]))
    match arg.type:
        case SetType():
            return fold(n.Apply(Op.CARDINALITY, (arg,), typecheck.OPS[Op.CARDINALITY].rule(arg.type), e.span))
        case SeqType(_, capacity):
            return fold(n.Apply(Op.LENGTH, (arg,), IntType(0, capacity), e.span))
        case ArrayType(index):
            count = comprehensions.cardinality(index)
            return n.Const(count, IntType(count, count), e.span)
    raise ctx.error("T002", e.span, f"{conversions.what(arg)} has no length", "sets, sequences and arrays have one")


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
    return fold(typecheck.apply(ctx, Op.ABS, (typecheck.expression(ctx, e.args[0]),), e.span))


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
    local = ctx.fresh("member", found.type.of, e.span)
    return n.Quantifier("set", local, found, local, SetType(found.type.of), None, e.span)


def _list(ctx: Context, e: s.Call, expected: Type | None) -> n.Expr:
    if not e.args and not e.keywords:
        return comprehensions.display(ctx, s.Display("list", (), e.span), expected)
    raise ctx.error("T004", e.span, "`list` and `tuple` make empty sequences only", "write `[x for x in X]`")


def _range(ctx: Context, e: s.Call, _: Type | None) -> n.Expr:
    return comprehensions.domain(ctx, e)


_BUILTINS: dict[str, Callable[[Context, s.Call, Type | None], n.Expr]] = {
    "len": _len,
    "all": _quantified("all"),
    "any": _quantified("any"),
    "sum": _quantified("sum"),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "abs": _abs,
    "set": _set,
    "list": _list,
    "tuple": _list,
    "range": _range,
}

# --- records, operations and helpers ----------------------------------------------------------------------------------


def _record(ctx: Context, e: s.Call, t: RecordType, info: ClassInfo) -> n.Expr:
    """A record value: fields not given have their declared initial values."""
    if e.args:
        raise ctx.error("T004", e.args[0].span, "the fields of a record are given by name", f"write `{info.name}(f=v)`")
    given = dict(e.keywords)
    for name, value in e.keywords:
        if name not in dict(t.fields):
            hint = did_you_mean(name, dict(t.fields), f"its fields are {', '.join(dict(t.fields))}")
            raise ctx.error("N002", value.span, f"{info.name} has no field `{name}`", hint)
    items = []
    for name, of in t.fields:
        if name in given:
            items.append(typecheck.typed(ctx, given[name], of))
            continue
        definition, module = info.fields[name]
        init = declarations.initial(ctx.world.context(module), definition.value, of, name)
        if declarations.has_any(init):
            raise ctx.error("T016", e.span, f"field `{name}` needs a value", f"its declaration says ANY: `{name}=...`")
        items.append(n.Const(declarations.value_of(init, of), of, e.span))
    return n.Construct(tuple(items), t, e.span)


def method(ctx: Context, e: s.Call) -> tuple[Member, Binding] | None:
    """The helper that a call `x.name(...)` names and what `self` is in it; None where it is no helper."""
    match e.function:
        case s.Attribute(s.Name(receiver), name) if isinstance(me := ctx.lookup(receiver, e.function.span), SpecSelf):
            member = ctx.spec.info.functions.get(name)
            if member is None:
                if name in ctx.spec.info.fields:
                    hint = f"leave out the parentheses: `self.{name}`"
                    raise ctx.error("T004", e.span, f"`{name}` is a variable, not a method", hint)
                hint = did_you_mean(name, ctx.spec.info.functions, f"define it: `def {name}(self)`")
                raise ctx.error("N002", e.function.span, f"{ctx.spec.info.name} has no method `{name}`", hint)
            return member, me
        case s.Attribute(value, name) if references.process(ctx, value) is None:
            t = conversions.inner(_quiet_type(ctx, value))
            if isinstance(t, RecordType):
                info = ctx.world.records[t]
                if name not in info.functions:
                    hint = did_you_mean(name, info.functions, f"its methods are {', '.join(info.functions) or 'none'}")
                    raise ctx.error("N002", e.function.span, f"{info.name} has no method `{name}`", hint)
                path = conversions.plain(typecheck.expression(ctx, value))
                if not references.is_path(path):
                    if ctx.emit is None:
                        return info.functions[name], Place(path)
                    saved = ctx.fresh("record", path.type, value.span)
                    ctx.emit.append(n.Assign(saved, path, value.span))
                    path = saved
                return info.functions[name], Place(references.freeze_indices(ctx, path))
    return None


def _quiet_type(ctx: Context, e: s.Expr) -> Type:
    """The type of a receiver, found without emitting anything."""
    try:
        return typecheck.expression(ctx.pure(), e).type
    except NotPure:  # as in `self.next().method()`
        hint = "bind it to a name first"
        raise ctx.error("T028", e.span, "a method is called on a variable, field, element or name", hint) from None


_SET_UPDATES = {"add": Op.WITH, "discard": Op.WITHOUT, "remove": Op.REMOVE}


def _operation(ctx: Context, e: s.Call, value: s.Expr, name: str, expected: Type | None) -> n.Expr:
    """`pop` is the only operation of a sequence that is also a value; the others are statements."""
    if ctx.emit is None:
        t = _quiet_type(ctx, value)
        if isinstance(t, SetType | SeqType) and name in (*_SET_UPDATES, "append", "pop"):
            raise NotPure(e.span, f"changes a {'set' if isinstance(t, SetType) else 'sequence'}")
    found = update(ctx, e)
    if found is not None:
        return found
    hint = "it is a statement of its own; to have the new value, write `s | {x}` or `q + [x]`"
    raise ctx.error("T027", e.span, f"`{name}` gives no value", hint)


def update(ctx: Context, e: s.Call) -> n.Expr | None:
    """Emits the change that `x.add(v)`, `x.append(v)`, `x.pop()`, ... make; the value popped, or None."""
    value, name = e.function.value, e.function.name
    if references.process(ctx, value) is not None:
        raise ctx.error("T004", e.span, "a process has no methods", "helpers are methods of the spec")
    target = references.lvalue(ctx, value)
    match target.type:
        case SetType(of) if name in _SET_UPDATES:
            _count(ctx, e, 1, f"s.{name}(x)")
            element = typecheck.typed(ctx, e.args[0], of)
            changed = n.Apply(_SET_UPDATES[name], (target, element), target.type, e.span)
            ctx.emit.append(n.Assign(target, changed, e.span))
            return None
        case SeqType(of) if name == "append":
            _count(ctx, e, 1, "q.append(x)")
            element = typecheck.typed(ctx, e.args[0], of)
            ctx.emit.append(n.Assign(target, n.Apply(Op.APPEND, (target, element), target.type, e.span), e.span))
            return None
        case SeqType(of) if name == "pop":
            first = _pops_first(ctx, e)
            popped = ctx.fresh("popped", of, e.span)
            take, rest = (Op.FIRST, Op.REST) if first else (Op.LAST, Op.FRONT)
            ctx.emit.append(n.Assign(popped, n.Apply(take, (target,), of, e.span), e.span))
            ctx.emit.append(n.Assign(target, n.Apply(rest, (target,), target.type, e.span), e.span))
            return popped
    known = {SetType: "add, discard, remove", SeqType: "append, pop"}.get(type(target.type), "none")
    raise ctx.error("N002", e.function.span, f"{show(target.type)} has no method `{name}`", f"it has {known}")


def _pops_first(ctx: Context, e: s.Call) -> bool:
    match e.args:
        case ():
            return False
        case (s.Literal_(0),):
            return True
    raise ctx.error("T004", e.span, "`pop` takes the last element or the first", "write `q.pop()` or `q.pop(0)`")
