"""What is said of clocks, typed: comparisons, settings, timers armed and disarmed, quantities observed, stays.

Both sides of a comparison are sums of clocks, times that remain, unknown parameters and integers of the discrete
state. A comparison becomes difference constraints, `ClockTest`s: a timer with maximum H has H minus its clock left, and
0 where it is off. What is no difference of clocks (`x + y`, `2 * x`) is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, CLOCK, TIMER, ArrayType, IntType
from modelcheck.passes import references, typecheck
from modelcheck.passes.clock_sums import least, minus, never_negative, number, plus, scaled
from modelcheck.passes.clocks import TimerOptions, is_timer, key_of
from modelcheck.passes.context import Bad, Dsl, NotPure, Parameter
from modelcheck.passes.conversions import apply, what
from modelcheck.passes.simplify import fold
from modelcheck.passes.typed import ClockGuard, ClockNote, ClockSet, ClockTest, Linear, TStmt

if TYPE_CHECKING:
    from modelcheck.passes.spec import Spec
    from modelcheck.passes.typecheck import Context

ZERO = Linear()
ARMED = n.Const("armed", TIMER)
OFF = n.Const("off", TIMER)


@dataclass(frozen=True, slots=True)
class Term:
    """A clock, or with `timer` the time that remains of one, with its sign in a sum."""

    sign: int
    path: n.Expr
    timer: TimerOptions | None


Sum = tuple[tuple[Term, ...], Linear]

# --- linear expressions -----------------------------------------------------------------------------------------------


def _times(ctx: Context, e: Linear, by: int) -> Linear:
    params = tuple((number, c * by) for number, c in e.params if by)
    return Linear(e.constant * by, e.expr if by else None, e.factor * by if e.expr is not None and by else 1, params)


def linear(ctx: Context, e: s.Expr) -> Linear:
    """A time: integers of the discrete state, constants and parameters. No clock."""
    terms, found = total(ctx.pure(), e)
    if terms:
        hint = "compare it with another clock: `self.x - self.y < 3`"
        raise ctx.error("T032", e.span, "a clock, where a time that steps know is wanted", hint)
    return found


def total(ctx: Context, e: s.Expr, sign: int = 1) -> Sum:
    """A sum of clocks, times that remain, parameters and integers."""
    match e:
        case s.Binary("+" | "-" as op, left, right) if speaks(ctx, e):
            clocks, rest = total(ctx, left, sign)
            more, other = total(ctx, right, sign if op == "+" else -sign)
            return (*clocks, *more), plus(ctx, rest, other, e.span)
        case s.Binary("*", left, right):
            found = _product(ctx, e, left, right, sign)
            if found is not None:
                return found
        case s.Unary("-", operand) if speaks(ctx, e):
            return total(ctx, operand, -sign)
        case s.Name(name) if isinstance(ctx.lookup(name, e.span), Parameter):
            binding = ctx.lookup(name, e.span)
            assert isinstance(binding, Parameter)
            return (), Linear(params=((binding.number, sign),))
        case s.Attribute(value, "remaining") if (path := timer_path(ctx, value)) is not None:
            return (Term(sign, path, options(ctx, path)),), ZERO
        case _ if (path := _path(ctx, e)) is not None and path.type == CLOCK and not is_timer(path.type):
            return (Term(sign, path, None),), ZERO
    return (), _discrete(ctx, e, sign)


def _discrete(ctx: Context, e: s.Expr, sign: int) -> Linear:
    found = fold(typecheck.expression(ctx, e))
    if not isinstance(found.type, IntType):
        raise ctx.error("T002", e.span, f"a time is an integer, not {what(found)}", "write a number, or a clock")
    if isinstance(found, n.Const):
        return Linear(sign * found.value)
    return Linear(0, found, sign)


def _product(ctx: Context, e: s.Binary, left: s.Expr, right: s.Expr, sign: int) -> Sum | None:
    """A product of which one side is a constant; None where neither is, or nothing but integers is in it."""
    for factor, other in ((left, right), (right, left)):
        if speaks(ctx, factor):
            continue
        by = fold(typecheck.expression(ctx.pure(), factor), unroll=True)
        if not isinstance(by, n.Const) or not isinstance(by.type, IntType):
            continue
        terms, rest = total(ctx, other, sign)
        if terms and by.value != 1:
            hint = "divide the other side: times are compared as they are"
            raise ctx.error("T033", e.span, "a multiple of a clock", hint)
        return terms, _times(ctx, rest, by.value)
    if speaks(ctx, e):
        raise ctx.error("T033", e.span, "a product of what is not known", "one side is a constant: `3 * lat`")
    return None


# --- paths ------------------------------------------------------------------------------------------------------------


def speaks(ctx: Context, e: s.Expr) -> bool:
    """Whether an operand has a clock, a time that remains or a parameter in it, so that it is no plain integer."""
    match e:
        case s.Binary(_, left, right):
            return speaks(ctx, left) or speaks(ctx, right)
        case s.Unary("-" | "+", operand):
            return speaks(ctx, operand)
        case s.Name(name) if ctx.names(name) and isinstance(ctx.world.lookup(ctx.module, name, e.span), Parameter):
            return True
        case s.Attribute(value, "remaining") if timer_path(ctx, value) is not None:
            return True
    path = _path(ctx, e)
    return path is not None and path.type == CLOCK


def _path(ctx: Context, e: s.Expr) -> n.Expr | None:
    """The path that an expression is, where the spec has clocks and it may lead to one."""
    if ctx.spec is None or not ctx.spec.clocks or not isinstance(e, s.Attribute | s.Subscript | s.Name):
        return None
    root = e
    while isinstance(root, s.Attribute | s.Subscript):
        root = root.value
    if not isinstance(root, s.Name) or ctx.local(root.id) is None:
        return None
    if isinstance(e, s.Attribute) and e.name in ("remaining", "armed", "expired"):
        return None
    try:
        found = typecheck.place(ctx.pure(), e)
    except (Bad, NotPure):
        return None
    return found if references.is_path(found) else None


def timer_path(ctx: Context, e: s.Expr) -> n.Expr | None:
    path = _path(ctx, e)
    return path if path is not None and is_timer(path.type) else None


def options(ctx: Context, path: n.Expr) -> TimerOptions:
    """What a timer was declared with: the same for every element of an array."""
    wanted = _plain_key(path)
    for key, info in ctx.spec.clocks.items():
        if tuple(part for part in key if not isinstance(part, tuple)) == wanted and info.timer is not None:
            return info.timer
    raise Bad  # its declaration is wrong, and has been reported


def _plain_key(path: n.Expr) -> tuple[int | str, ...]:
    match path:
        case n.Variable(index):
            return (index,)
        case n.Field(record, name):
            return (*_plain_key(record), name)
        case n.Element(array):
            return _plain_key(array)
    raise Bad


# --- comparisons ------------------------------------------------------------------------------------------------------


def compare(ctx: Context, e: s.Compare) -> n.Expr | None:
    """A chain of comparisons of which some operand speaks of clocks; None where none does."""
    if ctx.spec is None or not (ctx.spec.clocks or ctx.world.params):
        return None
    operands = (e.first, *e.rest)
    if not any(speaks(ctx, x) for x in operands):
        return None
    links = [relation(ctx, op, a, b, e.span) for op, a, b in zip(e.ops, operands, e.rest)]
    return fold(links[0] if len(links) == 1 else n.Logic("and", tuple(links), e.span))


def relation(ctx: Context, op: str, left: s.Expr, right: s.Expr, span: Span) -> n.Expr:
    if op not in ("<", "<=", "==", "!=", ">=", ">"):
        raise ctx.error("T032", span, f"`{op}` is no comparison of clocks", "compare them with < <= == != >= >")
    inner = ctx.pure()
    clocks, rest = total(inner, left)
    more, other = total(inner, right, -1)
    terms = (*clocks, *more)
    if not terms:
        hint = "parameters are the same in a whole run: say what they can be in `assume(...)`"
        raise ctx.error("T032", span, "a comparison of parameters is no condition on a state", hint)
    return _running(ctx, op, terms, plus(inner, rest, other, span), span)


def _running(ctx: Context, op: str, terms: tuple[Term, ...], rest: Linear, span: Span) -> n.Expr:
    """The comparison of a sum with 0, by cases: which of its timers are armed, or overdue."""
    for i, term in enumerate(terms):
        if term.timer is not None:
            without = _running(ctx, op, (*terms[:i], *terms[i + 1 :]), rest, span)
            left = replace(term, sign=-term.sign, timer=None)
            known = plus(ctx, rest, Linear(term.sign * term.timer.maximum), span)
            running = _running(ctx, op, (*terms[:i], left, *terms[i + 1 :]), known, span)
            if term.timer.late or not term.timer.handled:
                due = _due(term.path, term.timer, span)
                running = n.Cond(due, without, running, BOOL, span)
            armed = n.Apply(Op.EQ, (term.path, ARMED), BOOL)  # without a span: the text says something else
            return n.Cond(armed, running, without, BOOL, span)
    return _difference(ctx, op, terms, rest, span)


def _due(path: n.Expr, timer: TimerOptions, span: Span) -> ClockTest:
    return ClockTest(None, path, Linear(-timer.maximum), False, span)


def _difference(ctx: Context, op: str, terms: tuple[Term, ...], rest: Linear, span: Span) -> n.Expr:
    terms = tuple(t for i, t in enumerate(terms) if not any(_cancels(t, u) for j, u in enumerate(terms) if i != j))
    if not terms and not rest.params:
        value = rest.expr if rest.expr is not None else number(0, span)
        left = scaled(ctx, Linear(0, value, rest.factor), span)
        return fold(apply(ctx, _OPS[op], (left, number(-rest.constant, span)), span))
    plus_, minus_ = ([t.path for t in terms if t.sign == sign] for sign in (1, -1))
    if len(plus_) > 1 or len(minus_) > 1:
        hint = "compare one clock with a time, or the difference of two: `self.x - self.y < 3`"
        raise ctx.error("T033", span, "a sum of clocks", hint)
    left, right = plus_[0] if plus_ else None, minus_[0] if minus_ else None
    below = ClockTest(left, right, minus(rest), False, span)
    above = ClockTest(right, left, rest, False, span)
    match op:
        case "<=":
            return below
        case "<":
            return replace(below, strict=True)
        case ">=":
            return above
        case ">":
            return replace(above, strict=True)
        case "==":
            return n.Logic("and", (below, above), span)
    return n.Logic("or", (replace(below, strict=True), replace(above, strict=True)), span)


_OPS = {"<": Op.LT, "<=": Op.LE, "==": Op.EQ, "!=": Op.NE, ">=": Op.GE, ">": Op.GT}


def _cancels(a: Term, b: Term) -> bool:
    return a.path == b.path and a.sign == -b.sign


def negation(test: ClockTest) -> ClockTest:
    return ClockTest(test.right, test.left, minus(test.bound), not test.strict, test.span)


# --- timers as values -------------------------------------------------------------------------------------------------


def timer_attribute(ctx: Context, path: n.Expr, name: str, span: Span) -> n.Expr:
    """`self.alarm.armed`, `self.alarm.expired`."""
    armed = n.Apply(Op.EQ, (path, ARMED), BOOL, span)
    match name:
        case "armed":
            return armed
        case "expired":
            return n.Logic("and", (armed, _due(path, options(ctx, path), span)), span)
        case "remaining":
            hint = "compare it, `self.alarm.remaining <= 5`, or `observe` it"
            raise ctx.error("T032", span, "the time that remains is known only by comparisons", hint)
    hint = "it has `remaining`, `armed`, `expired`, `arm(...)` and `disarm()`"
    raise ctx.error("N002", span, f"a timer has no `{name}`", hint)


# --- statements -------------------------------------------------------------------------------------------------------


def assign(ctx: Context, stmt: s.Assign, target: n.Lvalue) -> None:
    """`self.x = 0`, `self.x = between(1, 5)`."""
    if target.type != CLOCK or is_timer(target.type):
        hint = "write `.arm(...)` or `.disarm()` of a timer; set clocks one by one"
        raise ctx.error("T032", stmt.span, "this is not assigned as a whole: it is, or holds, a clock", hint)
    low, high = _range(ctx, stmt.value)
    ctx.emit.append(ClockSet(target, low, high, stmt.span))


def _range(ctx: Context, e: s.Expr) -> tuple[Linear, Linear]:
    match e:
        case s.Call(s.Name(name), args, keywords) if ctx.names(name) and _is(ctx, name, "between", e.span):
            if len(args) != 2 or keywords:
                raise ctx.error("T004", e.span, "`between` takes two times", "write `between(low, high)`")
            return _ordered(ctx, *(linear(ctx, a) for a in args), e.span)
    found = linear(ctx, e)
    _not_negative(ctx, found, e.span)
    return found, found


def _is(ctx: Context, name: str, word: str, span: Span) -> bool:
    return ctx.world.lookup(ctx.module, name, span) == Dsl(word)


def _ordered(ctx: Context, low: Linear, high: Linear, span: Span) -> tuple[Linear, Linear]:
    _not_negative(ctx, low, span)
    same = (low.expr, low.factor) == (high.expr, high.factor)
    a, b = (replace(x, expr=None, factor=1) if same else x for x in (low, high))
    if not never_negative(ctx, plus(ctx, b, minus(a), span), span):
        hint = "the first time is at most the second: `assume(a <= b)` of two parameters, or write `a, a + d`"
        raise ctx.error("T006", span, "the range may be empty", hint)
    return low, high


def _not_negative(ctx: Context, e: Linear, span: Span) -> None:
    if not never_negative(ctx, e, span):
        raise ctx.error("T006", span, "this may be negative", "times begin at 0: narrow the types of what is in it")


def timer_call(ctx: Context, call: s.Call) -> bool:
    """`self.alarm.arm(...)`, `self.alarm.disarm()` as a statement: whether it was one, and is emitted."""
    if not isinstance(call.function, s.Attribute) or call.function.name not in ("arm", "disarm"):
        return False
    path = timer_path(ctx, call.function.value)
    if path is None:
        return False
    if call.function.name == "disarm":
        if call.args or call.keywords:
            raise ctx.error("T004", call.span, "`disarm` takes nothing", "write `self.alarm.disarm()`")
        ctx.emit.append(n.Assign(path, OFF, call.span))
        return True
    if not 1 <= len(call.args) <= 2 or call.keywords:
        raise ctx.error("T004", call.span, "`arm` takes a time, or the range of an unknown one", "write `arm(1, 100)`")
    maximum = options(ctx, path).maximum
    low, high = _ordered(ctx, linear(ctx, call.args[0]), linear(ctx, call.args[-1]), call.span)
    if -least(ctx, minus(high)) > maximum:
        hint = "raise `max` of the timer, or narrow the types of what is in it"
        raise ctx.error("T006", call.span, f"this may be more than the timer's maximum, {maximum}", hint)
    ctx.emit.append(n.Assign(path, ARMED, call.span))
    first, last = (plus(ctx, Linear(maximum), minus(x), call.span) for x in (high, low))
    ctx.emit.append(ClockSet(path, first, last, call.span))
    return True


def expiry(spec: Spec, timer: n.Expr, indices: list[n.Const], span: Span) -> tuple[TStmt, ...]:
    """What the step of an @expires begins with: its timer is due; then it is off, or armed for the next period."""
    path = timer
    for index in indices:
        assert isinstance(path.type, ArrayType)
        path = n.Element(path, index, path.type.of, span)
    key = key_of(path)
    assert key is not None
    if key not in spec.clocks:  # its declaration is wrong, and has been reported
        raise Bad
    options = spec.clocks[key].timer
    assert options is not None
    armed = n.When(n.Apply(Op.EQ, (path, ARMED), BOOL), None, span)
    due = ClockGuard(_due(path, options, span), span)
    if options.period is None:
        return armed, due, n.Assign(path, OFF, span)
    next_ = Linear(options.maximum - options.period)
    return armed, due, ClockSet(path, next_, next_, span)


def observe(ctx: Context, call: s.Call) -> None:
    """`observe("remaining", self.alarm.remaining)`."""
    match call.args:
        case (s.Literal_(str() as name), value) if not call.keywords:
            terms, rest = total(ctx.pure(), value)
            _noted(ctx, name, terms, rest, call.span)
            return
    hint = 'write `observe("remaining", self.alarm.remaining)`'
    raise ctx.error("T004", call.span, "`observe` takes a name and a time", hint)


def _noted(ctx: Context, name: str, terms: tuple[Term, ...], rest: Linear, span: Span) -> None:
    for i, term in enumerate(terms):
        if term.timer is not None:
            armed = n.Apply(Op.EQ, (term.path, ARMED), BOOL, span)
            known = plus(ctx, rest, Linear(term.sign * term.timer.maximum), span)
            left = replace(term, sign=-term.sign, timer=None)
            sides = []
            for others, offset in (((*terms[:i], left, *terms[i + 1 :]), known), ((*terms[:i], *terms[i + 1 :]), rest)):
                inner = replace(ctx, emit=[])
                _noted(inner, name, others, offset, span)
                sides.append(tuple(inner.emit))
            ctx.emit.append(n.If(armed, *sides, None, span))
            return
    plus_, minus_ = ([t.path for t in terms if t.sign == sign] for sign in (1, -1))
    if len(plus_) > 1 or len(minus_) > 1:
        raise ctx.error("T033", span, "a sum of clocks", "observe one clock, or the difference of two")
    ctx.emit.append(ClockNote(name, plus_[0] if plus_ else None, minus_[0] if minus_ else None, rest, span))


def stay(ctx: Context, e: s.After) -> tuple[Linear, Linear | None]:
    """The bounds of `after(low, high)`."""
    low = linear(ctx, e.low)
    high = None if e.high is None else linear(ctx, e.high)
    if high is not None:
        low, high = _ordered(ctx, low, high, e.span)
    else:
        _not_negative(ctx, low, e.span)
    return low, high
