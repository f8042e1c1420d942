"""A helper without effects as one expression, so that guards and properties read like one formula.

Branches become conditional expressions, each with the rest of the helper behind it; loops are unrolled over the values
that their domain can have; names become bindings. `NotPure` says that the helper has effects, or too many ways through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, SetType, Type, is_scalar
from modelcheck.passes import comprehensions, conversions, declarations, statements, typecheck
from modelcheck.passes.context import NotPure, Value
from modelcheck.passes.simplify import all_values, fold, members

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

MAX_WAYS = 2000  # through a helper without effects; beyond it, it is inlined as statements


@dataclass(slots=True)
class _Budget:
    """How many more ways through the function at `span` may be looked at."""

    left: int
    span: Span


@dataclass(frozen=True, slots=True)
class _Let:
    """`name` stands for a constant from here on: one round of a loop."""

    name: str
    value: n.Expr


@dataclass(frozen=True, slots=True)
class _Guarded:
    """Statements that run where a typed condition holds."""

    test: n.Expr
    body: tuple


_DOES = {
    s.Assert: "asserts",
    s.While: "loops with `while`",
    s.Break: "leaves a loop early",
    s.Continue: "leaves a loop early",
    s.Yield: "has a `yield`",
    s.CallProcedure: "calls a procedure",
}


def value_of(ctx: Context, function: s.Function, expected: Type | None) -> n.Expr:
    """What a function without effects returns, as an expression; NotPure where it has effects."""
    budget = _Budget(MAX_WAYS, function.span)
    found = _value(ctx, list(function.body), {}, expected, budget)
    if found is None:
        hint = "end it with a `return value`"
        raise ctx.error("T029", function.span, f"`{function.name}` may end without a value", hint)
    return found


def _value(
    ctx: Context, todo: list, declared: dict[str, Type], expected: Type | None, budget: _Budget
) -> n.Expr | None:
    budget.left -= 1
    if budget.left < 0:
        raise NotPure(budget.span, f"has more than {MAX_WAYS} ways through it")
    for i, item in enumerate(todo):
        rest = todo[i + 1 :]
        match item:
            case s.Pass():
                continue
            case _Let(name, value):
                ctx.scopes[-1][name] = Value(value)
            case s.Return(value):
                if value is None:
                    return None
                return typecheck.expression(ctx, value, expected)
            case s.Assign(s.Name() | s.Attribute() | s.Subscript()) | s.AugAssign():
                bound = _let(ctx, item, declared)
                if bound is not None:
                    body = _value(ctx, rest, declared, expected, budget)
                    return body and n.Bind(bound[0], bound[1], body, body.type, item.span)
            case s.If(test, then, otherwise):
                condition = fold(typecheck.condition(ctx, test))
                return _branch(ctx, condition, then, otherwise, rest, declared, expected, budget, item.span)
            case _Guarded(test, body):
                return _branch(ctx, test, body, (), rest, declared, expected, budget, test.span)
            case s.For():
                return _value(ctx, [*_rounds(ctx, item), *rest], declared, expected, budget)
            case _:
                raise NotPure(item.span, _DOES.get(type(item), "calls a helper that changes the state"))
    return None


def _branch(ctx, condition, then, otherwise, rest, declared, expected, budget, span) -> n.Expr | None:
    if isinstance(condition, n.Const):
        return _value(ctx, [*(then if condition.value else otherwise), *rest], declared, expected, budget)
    sides = []
    for side in (then, otherwise):
        inner = replace(ctx, scopes=[dict(scope) for scope in ctx.scopes])
        found = _value(inner, [*side, *rest], dict(declared), expected, budget)
        if found is None:
            return None
        sides.append(found)
    values, t = conversions.join_all(ctx, sides, span, "the results")
    return n.Cond(condition, values[0], values[1], t, span)


def _let(ctx: Context, stmt: s.Assign | s.AugAssign, declared: dict[str, Type]) -> tuple[n.Local, n.Expr] | None:
    """Binds a name in an expression: None where it stands for a constant, else what must be bound around the rest."""
    if not isinstance(stmt.target, s.Name):
        raise NotPure(stmt.span, "changes the state")
    name = stmt.target.id
    if isinstance(stmt, s.AugAssign):
        left, right = typecheck.expression(ctx, stmt.target), typecheck.expression(ctx, stmt.value)
        value = typecheck.binary(ctx, stmt.op, left, right, stmt.span)
    elif statements.is_choose(ctx, stmt.value):
        raise NotPure(stmt.span, "chooses")
    elif declarations.is_declaration(ctx, stmt.value):
        t, init = declarations.variable(ctx, stmt.value, name)
        declared[name] = t
        value = n.Const(declarations.value_of(init, t), t, stmt.span)
    else:
        value = typecheck.expression(ctx, stmt.value, declared.get(name))
    if name in declared:
        value = conversions.coerce(ctx, value, declared[name], stmt.span)
    else:
        statements.check_unbound(ctx, stmt.target, isinstance(stmt, s.AugAssign))
        statements.check_no_alias(ctx, value, stmt)
    value = fold(value)
    scope = next((sc for sc in reversed(ctx.scopes) if name in sc), ctx.scopes[-1])
    if isinstance(value, n.Const):
        scope[name] = Value(value)
        return None
    local = ctx.fresh(name, value.type, stmt.span)
    scope[name] = Value(local)
    return local, value


def _rounds(ctx: Context, loop: s.For) -> list:
    """A loop without effects, unrolled over the values that its domain can have."""
    over = comprehensions.domain(ctx, loop.domain)
    if any(isinstance(x, s.Break | s.Continue) for x in loop.body):
        raise NotPure(loop.span, "leaves a loop early")
    statements.check_order(ctx, over.type.of, loop)
    if isinstance(over, n.Const):
        return [item for v in members(over) for item in (_Let(loop.target, n.Const(v, over.type.of)), *loop.body)]
    if not isinstance(over.type, SetType) or not is_scalar(over.type.of):
        raise NotPure(loop.span, "loops over something that is known at run time only")
    rounds = []
    for value in members(all_values(over.type.of)):
        const = n.Const(value, over.type.of, loop.span)
        test = n.Apply(Op.IN, (const, over), BOOL, loop.span)
        rounds.append(_Guarded(test, (_Let(loop.target, const), *loop.body)))
    return rounds
