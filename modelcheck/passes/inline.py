"""Inlines helpers and procedures where they are called.

A helper without effects becomes an expression (`pure`). One that assigns, waits, chooses or asserts becomes statements
in front of the expression that called it. The first is tried; `NotPure` says that the second is needed, and where no
statement can stand (a property, the body of a comprehension) that is the author's error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Iterator

from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import Type
from modelcheck.passes import conversions, pure, references, statements, typecheck
from modelcheck.passes.context import Binding, Member, NotPure, Place, Value
from modelcheck.passes.simplify import fold
from modelcheck.passes.typed import Break, Leave, Loop, Result, Scope, TStmt

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

# --- calling helpers --------------------------------------------------------------------------------------------------


def helper(ctx: Context, e: s.Call, member: Member, me: Binding, expected: Type | None) -> n.Expr:
    """The value of a helper call."""
    check_call(ctx, e, member, steps=False)
    try:
        return _as_expression(ctx, e, member, me, expected)
    except NotPure:
        if ctx.emit is None:
            raise
    found = as_statements(ctx, e, member, me, expected, ctx.site)
    if found is None:
        hint = "give it a `return value`"
        raise ctx.error("T029", e.span, f"`{member.function.name}` returns no value", hint)
    return found


def check_call(ctx: Context, e: s.Call, member: Member, *, steps: bool) -> None:
    function = member.function
    kind = function.decorators[0].name if function.decorators else None
    if kind not in (None, "procedure"):
        hint = "move what is shared into a method without decorator"
        raise ctx.error("T027", e.span, f"`{function.name}` is a @{kind} and is not called", hint)
    if function.has_yield and kind != "procedure":
        hint = "decorate it with `@procedure`"
        raise ctx.error("P069", function.span, f"`{function.name}` has steps and is no procedure", hint)
    if kind == "procedure" and not steps:
        hint = f"write `yield from self.{function.name}(...)`, or `x = yield from ...`, in a process"
        raise ctx.error("T027", e.span, f"`{function.name}` has steps of its own and cannot be called here", hint)
    if any(function is called for called, _ in ctx.calls):
        hint = "calls are inlined, so they cannot recurse: write a loop"
        raise ctx.error("N007", e.span, f"`{function.name}` calls itself", hint)


def _parameters(ctx: Context, e: s.Call, member: Member) -> list[tuple[s.Parameter, s.Expr]]:
    function = member.function
    given = list(zip(function.parameters, e.args))
    by_name = {p.name: p for p in function.parameters[len(e.args) :]}
    for name, value in e.keywords:
        if name not in by_name:
            hint = f"its parameters are {', '.join(p.name for p in function.parameters) or 'none'}"
            raise ctx.error("T004", value.span, f"`{function.name}` takes no `{name}` here", hint)
        given.append((by_name.pop(name), value))
    if len(e.args) > len(function.parameters) or by_name:
        names = ", ".join(p.name for p in function.parameters)
        hint = f"write `{function.name}({names})`"
        raise ctx.error("T004", e.span, f"`{function.name}` takes {len(function.parameters)} arguments", hint)
    return given


def _is_ref(parameter: s.Parameter) -> bool:
    match parameter.annotation:
        case s.Subscript(s.Name("Ref")):
            return True
    return False


def _arguments(ctx: Context, e: s.Call, member: Member, me: Binding) -> tuple[dict[str, Binding], list[tuple]]:
    """The names of the helper's body, and (local, value) of the arguments that must be evaluated first."""
    scope: dict[str, Binding] = {"self": me}
    given = _parameters(ctx, e, member)
    makers = [lambda a=a, p=p: _argument(ctx, p, a) for p, a in given]
    saved = []
    for (parameter, arg), value in zip(given, typecheck.in_order(ctx, *makers)):
        if _is_ref(parameter):
            scope[parameter.name] = Place(references.freeze_indices(ctx, value))
        elif isinstance(value, n.Const):
            scope[parameter.name] = Value(value)
        else:
            local = ctx.fresh(parameter.name, value.type, arg.span)
            saved.append((local, value))
            scope[parameter.name] = Value(local)
    return scope, saved


def _argument(ctx: Context, parameter: s.Parameter, arg: s.Expr) -> n.Expr:
    found = typecheck.expression(ctx, arg)
    if _is_ref(parameter) and not references.is_path(found):
        hint = "pass a variable, a field or an element"
        raise ctx.error("T028", arg.span, f"`{parameter.name}` is a Ref: it stands for a place in the state", hint)
    return found


def _inside(ctx: Context, e: s.Call, member: Member, scope: dict[str, Binding]) -> Context:
    calls_ = (*ctx.calls, (member.function, e.span))
    return replace(ctx, module=member.module, scopes=[scope, {}], calls=calls_)


def _as_expression(ctx: Context, e: s.Call, member: Member, me: Binding, expected: Type | None) -> n.Expr:
    outer = ctx.pure()
    scope, saved = _arguments(outer, e, member, me)
    found = pure.value_of(_inside(outer, e, member, scope), member.function, expected)
    for local, value in reversed(saved):
        found = n.Bind(local, value, found, found.type, e.span)
    return replace(fold(found), span=e.span)


def as_statements(
    ctx: Context, e: s.Call, member: Member, me: Binding, expected: Type | None, site: tuple[int, ...]
) -> n.Local | None:
    """Emits the body of a helper or procedure; the local that holds its result, or None where it has none."""
    scope, saved = _arguments(ctx, e, member, me)
    ctx.emit.extend(n.Assign(local, value, value.span) for local, value in saved)
    inner = replace(_inside(ctx, e, member, scope), emit=[], site=site, expected=expected)
    statements.run(inner, member.function.body)
    body = tuple(inner.emit)
    results = [r for r in _flat(body) if isinstance(r, Result)]
    result = None
    if results:
        if not leaves(body):
            hint = "end it with a `return value`"
            raise ctx.error("T029", member.function.span, f"`{member.function.name}` may end without a value", hint)
        values, t = conversions.join_all(ctx, [r.value for r in results], e.span, "the results")
        result = ctx.fresh(member.function.name, t, e.span)
        final = {id(r): n.Assign(result, v, r.span) for r, v in zip(results, values)}
        body = _map(body, lambda stmt: final.get(id(stmt), stmt))
    ctx.emit.append(Scope(body, e.span, None if result is None else result.name))
    return result


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
            case n.When(n.Const(False)) | n.Assert(n.Const(False)):
                return True
    return False


def _own_loop(body: tuple[TStmt, ...]) -> list[TStmt]:
    """The statements of a loop, without those of loops inside."""
    found: list[TStmt] = []
    for stmt in body:
        found.append(stmt)
        if isinstance(stmt, n.If):
            found += _own_loop((*stmt.then, *stmt.otherwise))
        elif isinstance(stmt, Scope):
            found += _own_loop(stmt.body)
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
    """Every statement, nested ones included."""
    for stmt in body:
        yield stmt
        match stmt:
            case n.If(_, then, otherwise):
                yield from every((*then, *otherwise))
            case n.For(_, _, inner) | Loop(inner) | Scope(inner):
                yield from every(inner)


def _map(body: tuple[TStmt, ...], change: Callable[[TStmt], TStmt]) -> tuple[TStmt, ...]:
    out = []
    for stmt in body:
        match stmt:
            case n.If(_, then, otherwise):
                stmt = replace(stmt, then=_map(then, change), otherwise=_map(otherwise, change))
            case n.For(_, _, inner) | Loop(inner):
                stmt = replace(stmt, body=_map(inner, change))
        out.append(change(stmt))
    return tuple(out)


def has_steps(member: Member) -> bool:
    return member.function.has_yield or any(d.name == "procedure" for d in member.function.decorators)
