"""Types statements, and emits them with the helpers and procedures that they call.

Names bound without a declaration are constants of their block: visible in it and in blocks inside it, nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Mapping

from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import (
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    TextType,
    Type,
    is_state,
    show,
)
from modelcheck.passes import calls, clock_terms, clocks, comprehensions, declarations, inline, references, typecheck
from modelcheck.passes.context import Bad, Binding, Broken, Declared, Dsl, Expired, NotPure, Place, SpecSelf, Value
from modelcheck.passes.conversions import coerce, inner, is_nothing, join_all
from modelcheck.passes.simplify import fold
from modelcheck.passes.sizes import has_scalarset
from modelcheck.passes.typed import SOURCE_SITE, Break, Continue, Leave, Loop, Result, TStmt, Yield

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context


def run(ctx: Context, body: tuple[s.Stmt, ...]) -> None:
    """Emits the typed statements. An error gives up its statement, and what it would have bound."""
    for stmt in body:
        ctx.world.report.spend(stmt.span)
        try:
            _STATEMENTS[type(stmt)](ctx, stmt)
        except Bad:
            pass
        except NotPure as impure:
            no_effects(ctx, impure)
        else:
            continue
        target = getattr(stmt, "target", None)
        if isinstance(target, s.Name) and ctx.local(target.id) is None:
            ctx.scopes[-1][target.id] = Broken()


def no_effects(ctx: Context, impure: NotPure) -> Bad:
    hint = "call the helper in a statement of its own, and use its result here"
    return ctx.error("T028", impure.span, f"no helper that {impure.why} can be called here", hint)


def block(ctx: Context, body: tuple[s.Stmt, ...], bound: dict[str, Binding] | None = None) -> tuple[TStmt, ...]:
    """The statements of a nested block. What it binds is gone afterwards."""
    inner = replace(ctx, emit=[], scopes=[*ctx.scopes, dict(bound or {})])
    run(inner, body)
    expire(ctx, inner.scopes[-1])
    return tuple(inner.emit)


def expire(ctx: Context, scope: Mapping[str, Binding]) -> None:
    """Marks the names of a block that has ended."""
    for name, binding in scope.items():
        if ctx.local(name) is None and isinstance(binding, Value | Expired):
            span = binding.span if isinstance(binding, Expired) else binding.expr.span
            ctx.scopes[-1][name] = Expired(span) if span is not None else Broken()


# --- assignments ------------------------------------------------------------------------------------------------------


def _assign(ctx: Context, stmt: s.Assign) -> None:
    if _is_procedure(ctx, stmt.value):
        return _call_procedure(ctx, s.CallProcedure(stmt.value, stmt.target, stmt.span))
    if is_choose(ctx, stmt.value):
        return _choose(ctx, stmt)
    if isinstance(stmt.target, s.Name):
        if declarations.is_declaration(ctx, stmt.value):
            return _declare(ctx, stmt)
        if not is_assignable(ctx, stmt.target.id):
            value = bound(ctx, stmt)
            if _is_text(fold(value)):
                ctx.scopes[-1][stmt.target.id] = Value(fold(value))
                return None
            local = ctx.fresh(stmt.target.id, value.type, stmt.target.span)
            ctx.emit.append(n.Assign(local, value, stmt.span))
            ctx.scopes[-1][stmt.target.id] = Value(local)
            return None
    target = references.target(ctx, stmt.target)
    if clocks.holds_clock(target.type):
        return clock_terms.assign(ctx, stmt, target)
    value = typecheck.typed(ctx, stmt.value, target.type)
    ctx.emit.append(n.Assign(target, value, stmt.span))


def _is_text(e: n.Expr) -> bool:
    """Whether an expression is a constant that no state holds: strings, and what is empty in every way."""
    match e:
        case n.Const(_, SetType(of) | SeqType(of)):
            return is_nothing(of) or not is_state(of)
    return False


def is_assignable(ctx: Context, name: str) -> bool:
    binding = ctx.local(name)
    return isinstance(binding, Place | Broken) or (isinstance(binding, Value) and binding.assignable)


def bound(ctx: Context, stmt: s.Assign) -> n.Expr:
    """The value that a name is bound to, once and for all."""
    value = typecheck.expression(ctx, stmt.value)
    check_unbound(ctx, stmt.target)
    if references.is_path(value) and not isinstance(value, n.Local) and isinstance(value.type, RecordType):
        hint = "use it in place, or pass it to a helper whose parameter says `r: Ref[...]`"
        raise ctx.error("T030", stmt.span, "a name for a record held in a variable would be a second record", hint)
    if isinstance(value.type, SetType | SeqType) and is_nothing(value.type.of) and not isinstance(stmt.value, s.Name):
        kind = "Set(of, init=set())" if isinstance(value.type, SetType) else "Seq(of, capacity, init=())"
        hint = f"declare it: `{stmt.target.span.text} = {kind}`"
        raise ctx.error("T009", stmt.value.span, "what is empty has no type here", hint)
    if ctx.spec is not None and stmt.target.span.text in ctx.spec.variables:
        hint = f"to change the variable, write `self.{stmt.target.span.text} = ...`"
        message = f"`{stmt.target.span.text}` is a name of this block only"
        ctx.world.report.note("N104", stmt.target.span, message, hint)
    return value


def check_unbound(ctx: Context, target: s.Name) -> None:
    if isinstance(ctx.local(target.id), Value | Place):
        hint = f"declare it, so that it may change: `{target.id} = {sketch(ctx.local(target.id))}`"
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


def _declare(ctx: Context, stmt: s.Assign) -> None:
    initial = declared(ctx, stmt)
    local = ctx.fresh(stmt.target.id, initial.type, stmt.target.span)
    ctx.declared[local.name] = Declared(stmt.target.id, initial, own=not ctx.calls)
    ctx.emit.append(n.Assign(local, initial, stmt.span))
    ctx.scopes[-1][stmt.target.id] = Value(local, assignable=True)


def declared(ctx: Context, stmt: s.Assign) -> n.Const:
    """The initial value of a declared local."""
    name = stmt.target.id
    t, init = declarations.variable(ctx, stmt.value, name)
    if declarations.has_any(init):
        raise ctx.error("T016", stmt.span, "a local starts with one value, not ANY", f"write `{name} = choose(...)`")
    if isinstance(ctx.local(name), Value):
        raise ctx.error("N003", stmt.target.span, f"`{name}` is declared twice", "give the second another name")
    return n.Const(declarations.value_of(init, t), t, stmt.span)


def _aug_assign(ctx: Context, stmt: s.AugAssign) -> None:
    target = references.target(ctx, stmt.target)
    if clocks.holds_clock(target.type):
        hint = "time adds to clocks; a step sets them: `self.x = 0`"
        raise ctx.error("T032", stmt.span, "a clock is not added to", hint)
    indices = (lambda i=i: i for i in references.indices(target))
    operands = (lambda: calls.read(target), lambda: typecheck.expression(ctx, stmt.value, target.type))
    *found, left, right = typecheck.in_order(ctx, *indices, *operands)
    value = typecheck.binary(ctx, stmt.op, left, right, stmt.span)
    target = references.with_indices(target, found)
    ctx.emit.append(n.Assign(target, coerce(ctx, value, target.type, stmt.span), stmt.span))


# --- choices ----------------------------------------------------------------------------------------------------------


def is_choose(ctx: Context, e: s.Expr) -> bool:
    match e:
        case s.Call(s.Name(name)) if ctx.names(name):
            return ctx.world.lookup(ctx.module, name, e.span) == Dsl("choose")
    return False


def _choose(ctx: Context, stmt: s.Assign) -> None:
    call, shown = stmt.value, stmt.target.span.text
    name = stmt.target.id if isinstance(stmt.target, s.Name) else "chosen"
    if isinstance(stmt.target, s.Name) and not is_assignable(ctx, name):
        check_unbound(ctx, stmt.target)
        over = _alternatives(ctx, call, None)
        local = ctx.fresh(name, over.type.of, stmt.span)
        ctx.emit.append(n.Choose(local, over, shown, stmt.span))
        ctx.scopes[-1][name] = Value(local)
        return
    target = references.target(ctx, stmt.target)
    over = _alternatives(ctx, call, target.type)
    local = ctx.fresh(name, over.type.of, stmt.span)
    ctx.emit.append(n.Choose(local, over, shown, stmt.span))
    ctx.emit.append(n.Assign(target, coerce(ctx, local, target.type, stmt.span), stmt.span))


def _alternatives(ctx: Context, call: s.Call, t: Type | None) -> n.Expr:
    usage = "write `choose(1, 2, 3)`, `choose(a_set)` or `choose(Type)`"
    if not call.args or call.keywords:
        raise ctx.error("T004", call.span, "`choose` takes values, a set or a type", usage)
    if len(call.args) == 1:
        strings = SetType(t) if t is not None and isinstance(inner(t), EnumType) else None
        over = comprehensions.domain(ctx, call.args[0], strings)
        if not isinstance(over.type, SetType):
            raise ctx.error("T024", call.args[0].span, f"nothing can be chosen from {show(over.type)}", usage)
        return over
    items = typecheck.in_order(ctx, *(lambda a=a: typecheck.expression(ctx, a, t) for a in call.args))
    items, of = join_all(ctx, items, call.span, "`choose`")
    if isinstance(of, TextType) and isinstance(t, EnumType):
        items, of = [coerce(ctx, x, t, call.span) for x in items], t
    if isinstance(of, TextType):
        hint = "declare the local with its Enum first: `x = Phase(init=...)`, or `choose(Phase)`"
        raise ctx.error("T009", call.span, "these strings have no type here", hint)
    comprehensions.bounded(ctx, of, call.span)
    return fold(n.Construct(tuple(items), SetType(of), call.span))


# --- calls ------------------------------------------------------------------------------------------------------------


def _evaluate(ctx: Context, stmt: s.Evaluate) -> None:
    call = stmt.value
    match call:
        case s.Call(s.Name(name)) if ctx.names(name):
            match ctx.world.lookup(ctx.module, name, call.span):
                case Dsl("when"):
                    return _when(ctx, call)
                case Dsl("observe"):
                    return clock_terms.observe(ctx, call)
        case s.Call(s.Attribute()):
            if clock_terms.timer_call(ctx, call):
                return None
            if _is_procedure(ctx, call):
                return _call_procedure(ctx, s.CallProcedure(call, None, stmt.span))
            found = calls.method(ctx, call)
            if found is None:
                calls.update(ctx, call)
            else:
                inline.check_call(ctx, call, found[0], steps=False)
                inline.as_statements(ctx, call, *found, None, ctx.site, wanted=False)
            return None
    typecheck.expression(ctx, call)
    hint = "assign it, or call a helper that changes the state"
    raise ctx.error("T031", stmt.span, "this statement does nothing", hint)


def _when(ctx: Context, call: s.Call) -> None:
    if len(call.args) != 1 or call.keywords:
        raise ctx.error("T004", call.span, "`when` takes one condition", "write `when(condition)`")
    test = typecheck.condition(ctx, call.args[0])
    ctx.emit.append(n.When(test, SOURCE_SITE, call.span))


def _is_procedure(ctx: Context, e: s.Expr) -> bool:
    """Whether an expression is a call of a @procedure."""
    match e:
        case s.Call(s.Attribute(s.Name(receiver), name)) if isinstance(ctx.local(receiver), SpecSelf):
            member = ctx.spec.info.functions.get(name)
            return member is not None and inline.has_steps(member)
        case s.Call(s.Attribute(_, name)):
            known = [info.functions[name] for info in ctx.world.records.values() if name in info.functions]
            if any(map(inline.has_steps, known)):
                found = calls.method(ctx.pure(), e)
                return found is not None and inline.has_steps(found[0])
    return False


def _call_procedure(ctx: Context, stmt: s.CallProcedure) -> None:
    if not ctx.steps:
        hint = "only processes and other procedures have steps"
        raise ctx.error("P061", stmt.span, "a procedure is called in a process or a procedure", hint)
    found = calls.method(ctx, stmt.call)
    if found is None:
        hint = "write `yield from self.name(...)` with the name of a @procedure"
        raise ctx.error("T027", stmt.span, "this is no procedure", hint)
    name = found[0].function.name
    if not inline.has_steps(found[0]):
        hint = f"it has no steps: call it without `yield from`, `self.{name}(...)`"
        raise ctx.error("T027", stmt.span, f"`{name}` is no procedure", hint)
    inline.check_call(ctx, stmt.call, found[0], steps=True)
    site = (*ctx.site, stmt.span.line, stmt.span.column)
    result = inline.as_statements(ctx, stmt.call, *found, None, site, wanted=stmt.target is not None)
    if stmt.target is None:
        return
    if result is None:
        raise ctx.error("T029", stmt.span, f"`{name}` returns no value", "give it a `return value`")
    if isinstance(stmt.target, s.Name) and not is_assignable(ctx, stmt.target.id):
        check_unbound(ctx, stmt.target)
        ctx.scopes[-1][stmt.target.id] = Value(result)
    else:
        target = references.target(ctx, stmt.target)
        ctx.emit.append(n.Assign(target, coerce(ctx, result, target.type, stmt.span), stmt.span))


# --- control flow -----------------------------------------------------------------------------------------------------


def _if(ctx: Context, stmt: s.If) -> None:
    test = _condition(ctx, stmt.test)
    then, otherwise = block(ctx, stmt.then), block(ctx, stmt.otherwise)
    if test is None:
        raise Bad
    ctx.emit.append(n.If(test, then, otherwise, SOURCE_SITE, stmt.test.span))


def _condition(ctx: Context, e: s.Expr) -> n.Expr | None:
    """A condition; None where it is wrong, so that the caller can go on and look at what depends on it."""
    try:
        return typecheck.condition(ctx, e)
    except Bad:
        return None
    except NotPure as impure:
        no_effects(ctx, impure)
        return None


def check_order(ctx: Context, over: Type, stmt: s.For) -> None:
    """A sequence has an order of its own; the members of a set have that of their type."""
    if isinstance(over, SetType) and isinstance(over.of, TextType):
        hint = 'write a tuple, `("a", "b")`, or declare the set with an Enum'
        raise ctx.error("T022", stmt.domain.span, "a set of strings has no order", hint)
    if isinstance(over, SetType) and has_scalarset(over.of):
        hint = "use all(...), any(...), a set or an array comprehension, or make it a Range"
        raise ctx.error("T022", stmt.domain.span, "a loop would give the values of a Scalarset an order", hint)


def _for(ctx: Context, stmt: s.For) -> None:
    try:
        over = comprehensions.domain(ctx, stmt.domain)
        check_order(ctx, over.type, stmt)
    except Bad:
        block(ctx, stmt.body, {stmt.target: Broken()})
        raise
    if not isinstance(over, n.Const):
        saved = ctx.fresh("domain", over.type, stmt.domain.span)
        ctx.emit.append(n.Assign(saved, over, stmt.domain.span))
        over = saved
    local = ctx.fresh(stmt.target, over.type.of, stmt.span)
    body = block(ctx, stmt.body, {stmt.target: Value(local)})
    ctx.emit.append(n.For(local, over, body, stmt.span))


def _while(ctx: Context, stmt: s.While) -> None:
    inner = replace(ctx, emit=[], scopes=[*ctx.scopes, {}])
    test = _condition(inner, stmt.test)
    head = tuple(inner.emit)
    body = block(ctx, stmt.body)
    if test is None:
        raise Bad
    test = fold(test)
    if not (isinstance(test, n.Const) and test.value is True):
        head = (*head, n.If(test, (), (Break(stmt.span),), None, stmt.test.span))
    ctx.emit.append(Loop((*head, *body), stmt.span))


def _return(ctx: Context, stmt: s.Return) -> None:
    drops = ctx.dropped and isinstance(stmt.value, s.Literal_)
    if stmt.value is not None and not drops:
        if not ctx.calls:
            hint = "write `return` alone"
            raise ctx.error("T029", stmt.span, "a process or action returns no value", hint)
        ctx.emit.append(Result(typecheck.expression(ctx, stmt.value, ctx.expected), stmt.span))
    ctx.emit.append(Leave(stmt.span, empty=stmt.value is None))


def _assert(ctx: Context, stmt: s.Assert) -> None:
    ctx.emit.append(n.Assert(typecheck.condition(ctx, stmt.test), stmt.message, stmt.span))


def _yield(ctx: Context, stmt: s.Yield) -> None:
    place = Yield(stmt.label, stmt.kind, stmt.source, ctx.site, stmt.span, None, stmt.urgency)
    try:
        place = replace(place, stay=None if stmt.after is None else clock_terms.stay(ctx, stmt.after))
    finally:  # what is wrong with its times is not that a loop has no `yield`
        ctx.emit.append(place)


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
