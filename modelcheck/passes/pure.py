"""A helper without effects as one expression, so that guards and properties read like one formula.

Its statements are run on expressions: names become bindings, a branch that assigns a declared local becomes a
conditional value of it, loops are unrolled over the values that their domain can have. A branch that returns, or leaves
a loop, becomes a conditional expression with the rest of the helper behind each side. `NotPure` says that the helper
has effects, or is too long for that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, FormulaType, IntType, SeqType, Type, is_scalar
from modelcheck.passes import comprehensions, declarations, references, statements, typecheck
from modelcheck.passes.context import Bad, Binding, Broken, NotPure, Value
from modelcheck.passes.conversions import coerce, join_all
from modelcheck.passes.simplify import all_values, fold, may_fault, members
from modelcheck.passes.sizes import exceeds
from modelcheck.passes.walks import walk

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

MAX_STATEMENTS = 2000  # run in one helper, each as often as it is run
MAX_DEPTH = 100  # of bindings and conditional expressions one inside the other


@dataclass(frozen=True, slots=True)
class _Open:
    """The beginning of a block, with the names that it binds."""

    bound: dict[str, Binding]


@dataclass(frozen=True, slots=True)
class _Close:
    """The end of a block; of a round of a loop, where `continue` goes; of a loop, where `break` goes."""

    depth: int
    kind: Literal["block", "round", "loop"]


@dataclass(frozen=True, slots=True)
class _Guarded:
    """Statements that run where a typed condition holds."""

    test: n.Expr
    body: tuple[Any, ...]
    span: Span


Todo = tuple[Any, Any] | None  # what is left to run: (statement or one of the above, the rest)
Lets = list[tuple[n.Local, n.Expr]]
Sides = tuple[tuple[Any, ...], tuple[Any, ...]]  # of a branch: what is run where its test is true, and where not


def value_of(ctx: Context, function: s.Function, expected: Type | None) -> n.Expr:
    """What a function without effects returns, as an expression; NotPure where it has effects."""
    run = _Run(function, expected)
    found = run.value(replace(ctx, scopes=[*ctx.scopes, {}]), _push(function.body, None), 0)
    if run.bad is not None:
        raise run.bad
    if found is None:
        hint = "end it with a `return value`"
        raise ctx.error("T029", function.span, f"`{function.name}` may end without a value", hint)
    return found


def _push(body: tuple[Any, ...], rest: Todo) -> Todo:
    for stmt in reversed(body):
        rest = (stmt, rest)
    return rest


def _block(ctx: Context, body: tuple[Any, ...]) -> tuple[Any, ...]:
    return (_Open({}), *body, _Close(len(ctx.scopes), "block"))


@dataclass(slots=True)
class _Run:
    function: s.Function
    expected: Type | None
    budget: int = MAX_STATEMENTS
    bad: Bad | None = None

    def value(self, ctx: Context, todo: Todo, depth: int) -> n.Expr | None:
        """What the statements return; None where they may end without a value."""
        lets: Lets = []
        found = self.run(ctx, todo, depth, lets)
        if found is None:
            return None
        if isinstance(found.type, FormulaType) and lets:
            hint = "write the expression itself where it is used: a name would have the value of the first state"
            raise ctx.error("T020", lets[0][0].span or self.function.span, "a formula speaks of many states", hint)
        return _bound(lets, found)

    def run(self, ctx: Context, todo: Todo, depth: int, lets: Lets) -> n.Expr | None:
        """Runs the statements: adds to `lets` what they bind, and gives what they return; None at their end."""
        while todo is not None:
            item, todo = todo
            self._spend(depth + len(lets))
            match item:
                case s.Return(value):
                    return None if value is None else typecheck.expression(ctx, value, self.expected)
                case s.Break() | s.Continue():
                    todo = _behind(ctx, todo, item)
                case s.If() | _Guarded():
                    test, sides = _branches(ctx, item)
                    if isinstance(test, n.Const):
                        todo = _push(_block(ctx, sides[0 if test.value else 1]), todo)
                    elif any(map(_jumps, sides)):
                        return self._split(ctx, test, sides, todo, depth + len(lets))
                    else:
                        self._merge(ctx, test, sides, depth + len(lets), lets)
                case s.For():
                    todo = _push(self._rounds(ctx, item, lets), todo)
                case _Open(bound):
                    ctx.scopes.append(dict(bound))
                case _Close(outer):
                    _close(ctx, outer)
                case s.Assign() | s.AugAssign():
                    self._assign(ctx, item, lets)
                case s.Pass():
                    continue
                case _:
                    raise NotPure(item.span, _EFFECTS.get(type(item), "has effects"))
        return None

    def _assign(self, ctx: Context, stmt: s.Assign | s.AugAssign, lets: Lets) -> None:
        """What follows a wrong statement is still looked at."""
        try:
            _let(ctx, stmt, lets)
        except Bad as reported:
            self.bad = reported
            if isinstance(stmt.target, s.Name) and ctx.local(stmt.target.id) is None:
                ctx.scopes[-1][stmt.target.id] = Broken()

    def _spend(self, depth: int) -> None:
        self.budget -= 1
        if self.budget < 0 or depth > MAX_DEPTH:
            why = "takes too many statements: write `all`, `any`, `sum`, `min`, `max` or a set instead of a loop"
            raise NotPure(self.function.span, why)

    def _split(self, ctx: Context, test: n.Expr, sides: Sides, todo: Todo, depth: int) -> n.Expr | None:
        """A branch that returns, or leaves a loop: the rest is run behind each side."""
        values = []
        for side in sides:
            inner = _copy(ctx)
            values.append(self.value(inner, _push(_block(inner, side), todo), depth + 1))
        if None in values:
            return None
        (then, otherwise), t = join_all(ctx, values, test.span or self.function.span, "the results")
        return n.Cond(test, then, otherwise, t, test.span)

    def _merge(self, ctx: Context, test: n.Expr, sides: Sides, depth: int, lets: Lets) -> None:
        """A branch that only assigns: each local that one side changes has a conditional value behind it."""
        found: list[tuple[Context, Lets]] = []
        for side in sides:
            inner, inside = _copy(ctx), []
            self.run(inner, _push(_block(inner, side), None), depth + 1, inside)
            found.append((inner, inside))
        decided = ctx.fresh("test", BOOL, test.span)
        lets.append((decided, test))
        for scope, *after in zip(ctx.scopes, *(inner.scopes for inner, _ in found)):
            for name, before in list(scope.items()):
                if any(later[name] is not before for later in after):
                    values = [_bound(inside, later[name].expr) for later, (_, inside) in zip(after, found)]
                    local = ctx.fresh(name, before.expr.type, test.span)
                    lets.append((local, n.Cond(decided, values[0], values[1], local.type, test.span)))
                    scope[name] = Value(local, assignable=True)
            for later in after:
                scope.update({name: gone for name, gone in later.items() if name not in scope})
        if any(may_fault(value) for _, inside in found for _, value in inside):  # also where nothing came of it
            true = n.Const(True, BOOL, test.span)
            values = [_bound(inside, true) for _, inside in found]
            lets.append((ctx.fresh("checked", BOOL, test.span), n.Cond(decided, values[0], values[1], BOOL, test.span)))

    def _rounds(self, ctx: Context, loop: s.For, lets: Lets) -> tuple[Any, ...]:
        """A loop unrolled over the values that its domain can have."""
        over = comprehensions.domain(ctx, loop.domain)
        statements.check_order(ctx, over.type, loop)
        if not isinstance(over, n.Const):
            saved = ctx.fresh("domain", over.type, loop.domain.span)
            lets.append((saved, over))
            over = saved
        depth = len(ctx.scopes)
        rounds: list[Any] = []
        once = _without_continue(loop.body)
        for test, value in self._members(ctx, loop, over):
            ctx.world.report.spend(loop.span)
            body = (_Open({loop.target: Value(value)}), *once, _Close(depth, "round"))
            rounds += body if test is None else (_Guarded(test, body, loop.span),)
        return (*rounds, _Close(depth, "loop"))

    def _members(self, ctx: Context, loop: s.For, over: n.Expr) -> list[tuple[n.Expr | None, n.Expr]]:
        """The values that the loop visits, each with the condition under which it does."""
        of, span = over.type.of, loop.span
        if isinstance(over, n.Const):
            return [(None, n.Const(v, of, span)) for v in members(over)]
        if isinstance(over.type, SeqType):
            length = n.Apply(Op.LENGTH, (over,), IntType(0, over.type.capacity), span)
            places = [n.Const(i, IntType(i, i), span) for i in range(over.type.capacity)]
            return [(n.Apply(Op.GT, (length, i), BOOL, span), n.Apply(Op.ITEM, (over, i), of, span)) for i in places]
        if not is_scalar(of) or exceeds(of, self.budget):
            raise NotPure(loop.span, "loops over a set with too many possible members")
        known = [n.Const(v, of, span) for v in members(all_values(of))]
        return [(n.Apply(Op.IN, (v, over), BOOL, span), v) for v in known]


_EFFECTS = {
    s.Evaluate: "changes the state, or waits",
    s.While: "has a `while`",
    s.Assert: "asserts",
    s.Yield: "has steps",
    s.CallProcedure: "has steps",
}


def _bound(lets: Lets, e: n.Expr) -> n.Expr:
    for local, value in reversed(lets):
        e = n.Bind(local, value, e, e.type, local.span)
    return e


def _copy(ctx: Context) -> Context:
    return replace(ctx, scopes=[dict(scope) for scope in ctx.scopes])


def _close(ctx: Context, depth: int) -> None:
    while len(ctx.scopes) > depth:
        statements.expire(ctx, ctx.scopes.pop())


def _behind(ctx: Context, todo: Todo, jump: s.Break | s.Continue) -> Todo:
    """What is left to run behind the loop, or the round, that is being run."""
    kind = "loop" if isinstance(jump, s.Break) else "round"
    while todo is not None:
        item, todo = todo
        if isinstance(item, _Close) and item.kind == kind:
            _close(ctx, item.depth)
            return todo
    raise ctx.error("P065", jump.span, "a jump outside a loop", "it belongs into a `for` or a `while`")


def _without_continue(body: tuple[s.Stmt, ...]) -> tuple[s.Stmt, ...]:
    """The body of a loop, where a branch that ends in `continue` has the rest of the round on its other side. So the
    branch only assigns, and need not be followed on both ways to the end of the helper."""
    for i, stmt in enumerate(body):
        match stmt:
            case s.Continue():
                return body[:i]
            case s.If(_, (*_, s.Continue()), otherwise):
                other = _without_continue((*otherwise, *body[i + 1 :]))
                return (*body[:i], replace(stmt, then=_without_continue(stmt.then), otherwise=other))
            case s.If(_, then, (*_, s.Continue())):
                other = _without_continue((*then, *body[i + 1 :]))
                return (*body[:i], replace(stmt, then=other, otherwise=_without_continue(stmt.otherwise)))
    return body


def _jumps(body: tuple[Any, ...]) -> bool:
    """Whether some statement returns, or leaves a loop."""
    return any(isinstance(x, s.Return | s.Break | s.Continue) for x in walk(body))


def _branches(ctx: Context, item: s.If | _Guarded) -> tuple[n.Expr, Sides]:
    """The test, and what is run where it is true and where it is false."""
    match item:
        case s.If(test, then, otherwise):
            return fold(typecheck.condition(ctx, test)), (then, otherwise)
    return item.test, (item.body, ())


def _let(ctx: Context, stmt: s.Assign | s.AugAssign, lets: Lets) -> None:
    """A name stands for a value from here on: for a constant itself, for anything else in a binding."""
    if not isinstance(stmt.target, s.Name):
        raise NotPure(stmt.span, f"assigns `{stmt.target.span.text}`")
    name, scope = stmt.target.id, ctx.scopes[-1]
    assignable = statements.is_assignable(ctx, name)
    if isinstance(stmt, s.AugAssign) or (assignable and not declarations.is_declaration(ctx, stmt.value)):
        value = _changed(ctx, stmt, name)
        scope = next(found for found in reversed(ctx.scopes) if name in found)
    elif statements.is_choose(ctx, stmt.value):
        raise NotPure(stmt.span, "chooses")
    elif declarations.is_declaration(ctx, stmt.value):
        value, assignable = statements.declared(ctx, stmt), True
    else:
        value = statements.bound(ctx, stmt)
    value = fold(value)
    if not isinstance(value, n.Const) and not isinstance(value.type, FormulaType):
        lets.append((ctx.fresh(name, value.type, stmt.target.span), value))
        value = lets[-1][0]
    scope[name] = Value(value, assignable)


def _changed(ctx: Context, stmt: s.Assign | s.AugAssign, name: str) -> n.Expr:
    """The new value of a declared local."""
    binding = ctx.lookup(name, stmt.target.span)
    if not (isinstance(binding, Value) and binding.assignable):
        references.target(ctx, stmt.target)  # raises: it says why this cannot change
        raise AssertionError(stmt)
    t = binding.expr.type
    if isinstance(stmt, s.Assign):
        if statements.is_choose(ctx, stmt.value):
            raise NotPure(stmt.span, "chooses")
        return typecheck.typed(ctx, stmt.value, t)
    right = typecheck.expression(ctx, stmt.value, t)
    return coerce(ctx, typecheck.binary(ctx, stmt.op, binding.expr, right, stmt.span), t, stmt.span)
