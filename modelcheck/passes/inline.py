"""Inlines helpers and procedures where they are called.

A helper without effects becomes an expression (`pure`). One that assigns, waits, chooses or asserts becomes statements
in front of the expression that called it. The first is tried; `NotPure` says that the second is needed, and where no
statement can stand (a property, the body of a comprehension) that is the author's error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Iterator

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import FormulaType, Type, show
from modelcheck.passes import declarations, pure, references, statements, templates, typecheck
from modelcheck.passes.context import Binding, Dsl, Member, NotPure, Place, Value, a_kind, kind_of
from modelcheck.passes.conversions import join_all
from modelcheck.passes.simplify import fold, is_const, may_fault
from modelcheck.passes.templates import MAX_CALLS
from modelcheck.passes.typed import Break, Leave, Loop, Result, Scope, TStmt

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

# --- calling helpers --------------------------------------------------------------------------------------------------


def helper(ctx: Context, e: s.Call, member: Member, me: Binding, expected: Type | None) -> n.Expr:
    """The value of a helper call."""
    check_call(ctx, e, member, steps=False)
    try:
        return _as_expression(ctx, e, member, me, expected)
    except NotPure as impure:
        if ctx.emit is None:
            raise NotPure(e.span, impure.why) from None
    found = as_statements(ctx, e, member, me, expected, ctx.site, wanted=True)
    if found is None:
        hint = "give it a `return value`"
        raise ctx.error("T029", e.span, f"`{member.function.name}` returns no value", hint)
    return found


def check_call(ctx: Context, e: s.Call, member: Member, *, steps: bool) -> None:
    function = member.function
    kind = kind_of(function)
    if kind not in (None, "procedure") and not (kind == "temporal" and ctx.temporal):
        hint = "move what is shared into a method without decorator"
        raise ctx.error("T027", e.span, f"`{function.name}` is {a_kind(kind)} and is not called", hint)
    if has_steps(member) and not steps:
        hint = f"write `yield from self.{function.name}(...)`, or `x = yield from ...`, in a process"
        raise ctx.error("T027", e.span, f"`{function.name}` has steps of its own and cannot be called here", hint)
    if any(function is called for called, _ in ctx.calls):
        hint = "calls are inlined, so they cannot recurse: write a loop"
        raise ctx.error("N007", e.span, f"`{function.name}` calls itself", hint)
    if len(ctx.calls) >= MAX_CALLS:
        hint = "calls are inlined: let one helper do the work of several"
        raise ctx.error("P068", e.span, f"calls of more than {MAX_CALLS} helpers, one inside the other", hint)


def has_steps(member: Member) -> bool:
    return member.function.has_yield or kind_of(member.function) == "procedure"


# --- arguments --------------------------------------------------------------------------------------------------------


def _parameters(ctx: Context, e: s.Call, member: Member) -> list[tuple[s.Parameter, s.Expr]]:
    """Each parameter with its argument, in the order of the arguments."""
    function = member.function
    names = [p.name for p in function.parameters]
    hint = f"write `{function.name}({', '.join(names)})`"
    given = list(zip(function.parameters, e.args))
    by_name = {p.name: p for p in function.parameters[len(e.args) :]}
    for name, value in e.keywords:
        if name not in by_name:
            raise ctx.error("T004", value.span, f"`{function.name}` takes no `{name}` here", hint)
        given.append((by_name.pop(name), value))
    if len(e.args) > len(names) or by_name:
        raise ctx.error("T004", e.span, f"`{function.name}` takes {len(names)} arguments", hint)
    return given


def _is_ref(ctx: Context, member: Member, parameter: s.Parameter) -> bool:
    match parameter.annotation:
        case s.Subscript(s.Name(name)):
            return ctx.world.lookup(member.module, name, parameter.annotation.span) == Dsl("Ref")
    return False


def _arguments(ctx: Context, e: s.Call, member: Member, me: Binding) -> tuple[dict[str, Binding], list[tuple]]:
    """The names of the helper's body, and (local, value) of the arguments that must be evaluated first."""
    scope: dict[str, Binding] = {"self": me}
    given = _parameters(ctx, e, member)
    makers = (lambda p=p, a=a: _argument(ctx, member, p, a, scope) for p, a in given)
    saved = []
    for (parameter, arg), value in zip(given, typecheck.in_order(ctx, *makers)):
        if parameter.name in scope:
            continue
        value = fold(value) if isinstance(value, n.Construct) else value
        if isinstance(value, n.Const) or isinstance(value.type, FormulaType):
            scope[parameter.name] = Value(value)
        else:
            local = ctx.fresh(parameter.name, value.type, arg.span)
            saved.append((local, value))
            scope[parameter.name] = Value(local)
    return scope, saved


def _argument(
    ctx: Context, member: Member, parameter: s.Parameter, arg: s.Expr, scope: dict[str, Binding]
) -> n.Expr:
    """The value of an argument. One for a Ref parameter is put into the scope, as a place and not as a value."""
    if parameter.annotation is None:
        return typecheck.expression(ctx, arg)
    world = ctx.world.context(member.module)
    if not _is_ref(ctx, member, parameter):
        return typecheck.typed(ctx, arg, declarations.type_of(world, parameter.annotation).type)
    wanted = declarations.type_of(world, parameter.annotation.index).type
    path = typecheck.place(ctx, arg)
    if not references.is_path(path):
        hint = "pass a variable, a field or an element"
        raise ctx.error("T028", arg.span, f"`{parameter.name}` is a Ref: it stands for a place in the state", hint)
    if path.type != wanted:
        hint = f"pass a place of this type, or write `{parameter.name}: Ref[...]` for that of the argument"
        raise ctx.error("T001", arg.span, f"this is {show(path.type)}, and {show(wanted)} is wanted", hint)
    scope[parameter.name] = Place(references.freeze_indices(ctx, path))
    return n.Const(True, typecheck.BOOL, arg.span)


# --- the two ways -----------------------------------------------------------------------------------------------------


def _inside(ctx: Context, e: s.Call, member: Member, scope: dict[str, Binding]) -> Context:
    calls_ = (*ctx.calls, (member.function, e.span))
    return replace(ctx, module=member.module, scopes=[scope, {}], calls=calls_)


def _as_expression(ctx: Context, e: s.Call, member: Member, me: Binding, expected: Type | None) -> n.Expr:
    outer = ctx.pure()
    scope, saved = _arguments(outer, e, member, me)
    inner = replace(_inside(outer, e, member, scope), expected=expected)
    make = lambda: pure.value_of(inner, member.function, expected)  # noqa: E731
    found = templates.inlined(inner, member.function, "value", make)
    if isinstance(found.type, FormulaType) and saved:
        hint = "write the formula out, or quantify: `all(self.name(x) for x in Type)`"
        raise ctx.error("T020", e.span, "the arguments of a temporal formula are constants", hint)
    for local, value in reversed(saved):
        found = n.Bind(local, value, found, found.type, e.span)
    return replace(fold(found), span=e.span)


def as_statements(
    ctx: Context, e: s.Call, member: Member, me: Binding, expected: Type | None, site: tuple[int, ...], *, wanted: bool
) -> n.Local | None:
    """Emits the body of a helper or procedure; the local that holds its result, None where it has none, or none is
    wanted."""
    scope, saved = _arguments(ctx, e, member, me)
    ctx.emit.extend(n.Assign(local, value, value.span) for local, value in saved)
    inner = replace(_inside(ctx, e, member, scope), emit=[], site=site, expected=expected, dropped=not wanted)
    make = lambda: _body(inner, e.span, member, wanted)  # noqa: E731
    body, result = templates.inlined(inner, member.function, wanted, make)
    ctx.emit.append(Scope(body, e.span, None if result is None else result.name))
    return None if result is None else replace(result, span=e.span)


def _body(inner: Context, span: Span, member: Member, wanted: bool) -> tuple[tuple[TStmt, ...], n.Local | None]:
    """The statements of a helper, and the local that holds its result. `span`: of the call, for what is wrong."""
    statements.run(inner, member.function.body)
    body = tuple(inner.emit)
    results = [r for r in _flat(body) if isinstance(r, Result)]
    if not wanted or not results:
        return _map(body, lambda stmt: _unused(inner, stmt) if isinstance(stmt, Result) else (stmt,)), None
    _check_results(inner, member, body)
    values, t = join_all(inner, [r.value for r in results], span, "the results")
    result = inner.fresh(member.function.name, t, member.function.span)
    final = {id(r): n.Assign(result, v, r.span) for r, v in zip(results, values)}
    return _map(body, lambda stmt: (final.get(id(stmt), stmt),)), result


def _check_results(ctx: Context, member: Member, body: tuple[TStmt, ...]) -> None:
    """Every way out of a helper whose value is used gives one."""
    name, hint = member.function.name, "end it with a `return value`"
    for stmt in _flat(body):
        if isinstance(stmt, Leave) and stmt.empty:
            raise ctx.error("T029", stmt.span, f"`{name}` returns no value here", "write `return value`")
    if not leaves(body):
        raise ctx.error("T029", member.function.span, f"`{name}` may end without a value", hint)


def _unused(ctx: Context, result: Result) -> tuple[TStmt, ...]:
    """A result that nobody uses is still evaluated, where that can fail."""
    if not may_fault(result.value):
        return ()
    return (n.Assign(ctx.fresh("unused", result.value.type, result.span), result.value, result.span),)


# --- walking statements -----------------------------------------------------------------------------------------------


def leaves(body: tuple[TStmt, ...]) -> bool:
    """Whether every way through the statements ends in a `return` (or never ends)."""
    for stmt in body:
        match stmt:
            case Leave():
                return True
            case n.If(_, then, otherwise) if leaves(then) and leaves(otherwise):
                return True
            case Loop(inner) if not any(isinstance(x, Break) for x in _own_loop(inner)):
                return True
            case n.When(test) | n.Assert(test) if is_const(test, False):
                return True
    return False


def _own_loop(body: tuple[TStmt, ...]) -> list[TStmt]:
    """The statements of a loop, without those of loops inside."""
    found: list[TStmt] = []
    for stmt in body:
        found.append(stmt)
        if isinstance(stmt, n.If):
            found += _own_loop((*stmt.then, *stmt.otherwise))
    return found


def _flat(body: tuple[TStmt, ...]) -> list[TStmt]:
    """Every statement, without those of scopes inside: their results are their own."""
    found: list[TStmt] = []
    for stmt in body:
        found.append(stmt)
        match stmt:
            case n.If(_, then, otherwise):
                found += _flat((*then, *otherwise))
            case n.For(_, _, inner) | Loop(inner):
                found += _flat(inner)
    return found


def every(body: tuple[TStmt, ...]) -> Iterator[TStmt]:
    """Every statement, nested ones included, in order of the text."""
    waiting = list(reversed(body))
    while waiting:
        stmt = waiting.pop()
        yield stmt
        match stmt:
            case n.If(_, then, otherwise):
                waiting += (*reversed(otherwise), *reversed(then))
            case n.For(_, _, inner) | Loop(inner) | Scope(inner):
                waiting += reversed(inner)


def _map(body: tuple[TStmt, ...], change: Callable[[TStmt], tuple[TStmt, ...]]) -> tuple[TStmt, ...]:
    """The statements of `_flat`, each replaced by what `change` makes of it."""
    out: list[TStmt] = []
    for stmt in body:
        match stmt:
            case n.If(_, then, otherwise):
                stmt = replace(stmt, then=_map(then, change), otherwise=_map(otherwise, change))
            case n.For(_, _, inner) | Loop(inner):
                stmt = replace(stmt, body=_map(inner, change))
        out += change(stmt)
    return tuple(out)
