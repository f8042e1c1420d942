"""Types statements, and emits them with the helpers and procedures that they call.

Names bound without a declaration are constants of their block: visible in it and in blocks inside it, nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import (
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    TextType,
    Type,
    show,
)
from modelcheck.passes import calls, comprehensions, conversions, declarations, inline, references, typecheck
from modelcheck.passes.context import Bad, Binding, Broken, Dsl, Expired, NotPure, Place, Value
from modelcheck.passes.simplify import fold
from modelcheck.passes.typed import SOURCE_SITE, Break, Continue, Leave, Loop, Result, TStmt, Yield

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

def run(ctx: Context, body: tuple[s.Stmt, ...]) -> None:
    """Emits the typed statements. An error gives up its statement, and what it would have bound."""
    for stmt in body:
        try:
            _STATEMENTS[type(stmt)](ctx, stmt)
        except Bad:
            target = getattr(stmt, "target", None)
            if isinstance(target, s.Name) and ctx.local(target.id) is None:
                ctx.scopes[-1][target.id] = Broken()
        except NotPure as why:
            hint = "call the helper in a statement of its own, and use its result here"
            where = "" if why.span.line == stmt.span.line else f", in line {why.span.line}"
            ctx.error("T028", stmt.span, f"no helper that {why.does}{where} can be called in this expression", hint)


def block(ctx: Context, body: tuple[s.Stmt, ...], bound: dict[str, Binding] | None = None) -> tuple[TStmt, ...]:
    """The statements of a nested block. What it binds is gone afterwards."""
    inner = replace(ctx, emit=[], scopes=[*ctx.scopes, dict(bound or {})])
    run(inner, body)
    for name, binding in inner.scopes[-1].items():
        if ctx.local(name) is None and isinstance(binding, Value):
            ctx.scopes[-1][name] = Expired(binding.expr.span or body[0].span)
    return tuple(inner.emit)


def _assign(ctx: Context, stmt: s.Assign) -> None:
    procedure = _procedure(ctx, stmt.value)
    if procedure:
        return _call_procedure(ctx, s.CallProcedure(stmt.value, stmt.target, stmt.span))
    if is_choose(ctx, stmt.value):
        return _choose(ctx, stmt)
    if isinstance(stmt.target, s.Name):
        if declarations.is_declaration(ctx, stmt.value):
            return _declare(ctx, stmt)
        if not _is_assignable(ctx, stmt.target.id):
            return _bind(ctx, stmt)
    target = references.lvalue(ctx.pure(), stmt.target)
    value = typecheck.typed(ctx, stmt.value, target.type)
    ctx.emit.append(n.Assign(target, value, stmt.span))


def _is_assignable(ctx: Context, name: str) -> bool:
    binding = ctx.local(name)
    return isinstance(binding, Place | Broken) or (isinstance(binding, Value) and binding.assignable)


def _bind(ctx: Context, stmt: s.Assign) -> None:
    value = typecheck.expression(ctx, stmt.value)
    check_unbound(ctx, stmt.target, False)
    check_no_alias(ctx, value, stmt)
    if isinstance(value.type, SetType) and value.type.of == conversions.NOTHING:
        hint = f"declare it: `{stmt.target.id} = Set(of, init=set())`"
        raise ctx.error("T009", stmt.value.span, "an empty set has no type here", hint)
    if ctx.spec is not None and stmt.target.id in ctx.spec.variables:
        hint = f"to change the variable, write `self.{stmt.target.id} = ...`"
        ctx.world.report.note("N104", stmt.target.span, f"`{stmt.target.id}` is a name of this block only", hint)
    local = ctx.fresh(stmt.target.id, value.type, stmt.target.span)
    ctx.emit.append(n.Assign(local, value, stmt.span))
    ctx.scopes[-1][stmt.target.id] = Value(local)


def check_unbound(ctx: Context, target: s.Name, augmented: bool) -> None:
    binding = ctx.local(target.id)
    if augmented or isinstance(binding, Value | Place):
        hint = f"declare it, so that it may change: `{target.id} = {sketch(binding)}`"
        raise ctx.error("N008", target.span, f"`{target.id}` is bound twice", hint)


def sketch(binding: Binding | None) -> str:
    """How a local of the type of `binding` is declared."""
    t = binding.expr.type if isinstance(binding, Value | Place) else None
    match t:
        case BoolType():
            return "Bool(init=...)"
        case IntType(name=None) | None | TextType():
            return "Int(lo, hi, init=...)"
        case EnumType(name=None):
            return "Phase(init=...)"
        case SetType() | SeqType() | OptionType() | ArrayType():
            return f"{show(t)[:-1]}, init=...)"
    return f"{show(t)}(init=...)"


def check_no_alias(ctx: Context, value: n.Expr, stmt: s.Assign | s.AugAssign) -> None:
    path = references.is_path(value) and not isinstance(value, n.Local)
    if path and isinstance(value.type, RecordType):
        hint = "use it in place, or pass it to a helper whose parameter says `r: Ref[...]`"
        raise ctx.error("T030", stmt.span, "a name for a record held in a variable would be a second record", hint)


def _declare(ctx: Context, stmt: s.Assign) -> None:
    name = stmt.target.id
    t, init = declarations.variable(ctx, stmt.value, name)
    if declarations.has_any(init):
        hint = f"write `{name} = choose(...)`"
        raise ctx.error("T016", stmt.span, "a local starts with one value, not ANY", hint)
    binding = ctx.local(name)
    if isinstance(binding, Value) and not isinstance(binding, Expired):
        raise ctx.error("N003", stmt.target.span, f"`{name}` is declared twice", "give the second another name")
    local = ctx.fresh(name, t, stmt.target.span)
    ctx.declared[local.name] = (name, n.Const(declarations.value_of(init, t), t, stmt.span))
    ctx.emit.append(n.Assign(local, ctx.declared[local.name][1], stmt.span))
    ctx.scopes[-1][name] = Value(local, assignable=True)


def is_choose(ctx: Context, e: s.Expr) -> bool:
    match e:
        case s.Call(s.Name(name)) if ctx.local(name) is None and name in ctx.world.known(ctx.module):
            return ctx.world.lookup(ctx.module, name, e.span) == Dsl("choose")
    return False


def _choose(ctx: Context, stmt: s.Assign) -> None:
    call, shown = stmt.value, stmt.target.span.text
    if ctx.emit is None:
        raise NotPure(stmt.span, "chooses")
    fixed = isinstance(stmt.target, s.Name) and not _is_assignable(ctx, stmt.target.id)
    target = None if fixed else references.lvalue(ctx.pure(), stmt.target)
    over = _alternatives(ctx, call, None if target is None else target.type)
    name = stmt.target.id if isinstance(stmt.target, s.Name) else "chosen"
    local = ctx.fresh(name, over.type.of, stmt.span)
    ctx.emit.append(n.Choose(local, over, shown, stmt.span))
    if target is None:
        check_unbound(ctx, stmt.target, False)
        ctx.scopes[-1][name] = Value(local)
    else:
        ctx.emit.append(n.Assign(target, conversions.coerce(ctx, local, target.type, stmt.span), stmt.span))


def _alternatives(ctx: Context, call: s.Call, t: Type | None) -> n.Expr:
    usage = "write `choose(1, 2, 3)`, `choose(a_set)` or `choose(Type)`"
    if not call.args or call.keywords:
        raise ctx.error("T004", call.span, "`choose` takes values, a set or a type", usage)
    if len(call.args) == 1:
        over = comprehensions.domain(ctx, call.args[0])
        if not isinstance(over.type, SetType):
            raise ctx.error("T024", call.args[0].span, f"nothing can be chosen from {show(over.type)}", usage)
        return over
    items = [typecheck.expression(ctx, a, t) for a in call.args]
    items, of = conversions.join_all(ctx, items, call.span, "`choose`")
    if isinstance(of, TextType) and isinstance(t, EnumType):
        items, of = [conversions.coerce(ctx, x, t, call.span) for x in items], t
    if isinstance(of, TextType):
        hint = "declare the local with its Enum first: `x = Phase(init=...)`, or `choose(Phase)`"
        raise ctx.error("T009", call.span, "these strings have no type here", hint)
    return fold(n.Construct(tuple(items), SetType(of), call.span))


def _aug_assign(ctx: Context, stmt: s.AugAssign) -> None:
    target = references.lvalue(ctx.pure(), stmt.target)
    read = target
    if isinstance(target, n.Element) and not hasattr(target.array.type, "index"):
        read = n.Apply(Op.ITEM, (target.array, target.index), target.type, target.span)
    left, right = typecheck.in_order(ctx, lambda: read, lambda: typecheck.expression(ctx, stmt.value, target.type))
    value = typecheck.binary(ctx, stmt.op, left, right, stmt.span)
    ctx.emit.append(n.Assign(target, conversions.coerce(ctx, value, target.type, stmt.span), stmt.span))


def _evaluate(ctx: Context, stmt: s.Evaluate) -> None:
    call = stmt.value
    match call:
        case s.Call(s.Name(name)) if ctx.local(name) is None and name in ctx.world.known(ctx.module):
            if ctx.world.lookup(ctx.module, name, call.span) == Dsl("when"):
                return _when(ctx, call)
        case s.Call(s.Attribute()):
            if _procedure(ctx, call):
                return _call_procedure(ctx, s.CallProcedure(call, None, stmt.span))
            found = calls.method(ctx, call)
            if found is None:
                calls.update(ctx, call)
            else:
                inline.check_call(ctx, call, found[0], steps=False)
                inline.as_statements(ctx, call, *found, None, ctx.site)
            return None
    if isinstance(call, s.Call):
        typecheck.expression(ctx, call)
    hint = "assign it, or call a helper that changes the state"
    raise ctx.error("T031", stmt.span, "this statement does nothing", hint)


def _when(ctx: Context, call: s.Call) -> None:
    if len(call.args) != 1 or call.keywords:
        raise ctx.error("T004", call.span, "`when` takes one condition", "write `when(condition)`")
    test = typecheck.condition(ctx, call.args[0])
    ctx.emit.append(n.When(test, SOURCE_SITE, call.span))


def _if(ctx: Context, stmt: s.If) -> None:
    test = typecheck.condition(ctx, stmt.test)
    then, otherwise = block(ctx, stmt.then), block(ctx, stmt.otherwise)
    ctx.emit.append(n.If(test, then, otherwise, SOURCE_SITE, stmt.test.span))


def check_order(ctx: Context, t: Type, stmt: s.For) -> None:
    if isinstance(t, ScalarsetType):
        hint = "use all(...), any(...), a set or an array comprehension, or make it a Range"
        raise ctx.error("T022", stmt.domain.span, "a loop would give the values of a Scalarset an order", hint)


def _for(ctx: Context, stmt: s.For) -> None:
    over = comprehensions.domain(ctx, stmt.domain)
    check_order(ctx, over.type.of, stmt)
    if not isinstance(over, n.Const):
        saved = ctx.fresh("domain", over.type, stmt.domain.span)
        ctx.emit.append(n.Assign(saved, over, stmt.domain.span))
        over = saved
    local = ctx.fresh(stmt.target, over.type.of, stmt.span)
    body = block(ctx, stmt.body, {stmt.target: Value(local)})
    ctx.emit.append(n.For(local, over, body, stmt.span))


def _while(ctx: Context, stmt: s.While) -> None:
    inner = replace(ctx, emit=[], scopes=[*ctx.scopes, {}])
    test = fold(typecheck.condition(inner, stmt.test))
    head = tuple(inner.emit)
    if not (isinstance(test, n.Const) and test.value is True):
        head = (*head, n.If(test, (), (Break(stmt.span),), None, stmt.test.span))
    ctx.emit.append(Loop((*head, *block(ctx, stmt.body)), stmt.span))


def _return(ctx: Context, stmt: s.Return) -> None:
    if stmt.value is not None:
        if not ctx.calls:
            hint = "write `return` alone"
            raise ctx.error("T029", stmt.span, "a process or action returns no value", hint)
        ctx.emit.append(Result(typecheck.expression(ctx, stmt.value, ctx.expected), stmt.span))
    ctx.emit.append(Leave(stmt.span))


def _assert(ctx: Context, stmt: s.Assert) -> None:
    ctx.emit.append(n.Assert(typecheck.condition(ctx, stmt.test), stmt.message, stmt.span))


def _yield(ctx: Context, stmt: s.Yield) -> None:
    if not ctx.steps:
        hint = "decorate the method with `@process`, or with `@procedure` and call it with `yield from`"
        raise ctx.error("P061", stmt.span, "a `yield` stands in a process or a procedure", hint)
    ctx.emit.append(Yield(stmt.label, stmt.kind, stmt.source, ctx.site, stmt.span))


def _procedure(ctx: Context, e: s.Expr) -> bool:
    """Whether an expression is a call of a @procedure."""
    match e:
        case s.Call(s.Attribute(s.Name(receiver), name)):
            spec = ctx.spec
            if receiver == "self" and spec is not None and name in spec.info.functions:
                return inline.has_steps(spec.info.functions[name])
        case s.Call(s.Attribute(_, name)):
            known = [info.functions[name] for info in ctx.world.records.values() if name in info.functions]
            return any(map(inline.has_steps, known)) and inline.has_steps((calls.method(ctx.pure(), e) or known)[0])
    return False


def _call_procedure(ctx: Context, stmt: s.CallProcedure) -> None:
    if not ctx.steps:
        hint = "only processes and other procedures have steps"
        raise ctx.error("P061", stmt.span, "a procedure is called in a process or a procedure", hint)
    found = calls.method(ctx, stmt.call)
    if found is None:
        hint = "write `yield from self.name(...)` with the name of a @procedure"
        raise ctx.error("T027", stmt.span, "this is no procedure", hint)
    if not inline.has_steps(found[0]):
        hint = f"it has no steps: call it without `yield from`, `self.{found[0].function.name}(...)`"
        raise ctx.error("T027", stmt.span, f"`{found[0].function.name}` is no procedure", hint)
    inline.check_call(ctx, stmt.call, found[0], steps=True)
    site = (*ctx.site, stmt.span.line, stmt.span.column)
    result = inline.as_statements(ctx, stmt.call, *found, None, site)
    if stmt.target is None:
        return
    if result is None:
        raise ctx.error("T029", stmt.span, f"`{found[0].function.name}` returns no value", "give it a `return value`")
    if isinstance(stmt.target, s.Name) and not _is_assignable(ctx, stmt.target.id):
        check_unbound(ctx, stmt.target, False)
        ctx.scopes[-1][stmt.target.id] = Value(result)
    else:
        target = references.lvalue(ctx.pure(), stmt.target)
        ctx.emit.append(n.Assign(target, conversions.coerce(ctx, result, target.type, stmt.span), stmt.span))


_STATEMENTS = {
    s.Assign: _assign,
    s.AugAssign: _aug_assign,
    s.Evaluate: _evaluate,
    s.If: _if,
    s.For: _for,
    s.While: _while,
    s.Break: lambda ctx, stmt: ctx.emit.append(Break(stmt.span)),
    s.Continue: lambda ctx, stmt: ctx.emit.append(Continue(stmt.span)),
    s.Pass: lambda ctx, stmt: None,
    s.Return: _return,
    s.Assert: _assert,
    s.Yield: _yield,
    s.CallProcedure: _call_procedure,
}
