"""Conditions on clocks in steps: each becomes branches, of which every one begins with what holds in it.

`if a and self.x > 3` looks at `a` first, then chooses between `x > 3` and `x <= 3`: one of the two is cut off where the
time is known. So the discrete step stays an ordinary one, and conditions that never met a clock stay as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, ArrayType, BoolType, IntType, SetType
from modelcheck.passes import clocks
from modelcheck.passes.clock_terms import negation
from modelcheck.passes.context import Reporter
from modelcheck.passes.simplify import fold
from modelcheck.passes.typed import SOURCE_SITE, ClockGuard, ClockNote, ClockSet, ClockTest, TStmt, walk

BOTH = n.Const(frozenset((False, True)), SetType(BOOL))
Body = tuple[TStmt, ...]


def speaks(e: n.Expr) -> bool:
    """Whether an expression has a test on clocks in it."""
    return any(isinstance(x, ClockTest) for x in walk(e))


@dataclass(slots=True)
class Branching:
    """Turns conditions into branches. What was made once is kept: places are told apart by the statements around."""

    report: Reporter
    _made: dict[tuple[int, int], tuple[Any, Body | None]] = field(default_factory=dict)
    _count: int = 0

    def made(self, key: tuple[int, int], alive: Any, make: Callable[[], Body | None]) -> Body | None:
        """What `make` gives, the same object for the same key. `alive`: what the ids in the key belong to."""
        if key not in self._made:
            self._made[key] = alive, make()
        return self._made[key][1]

    def split(self, test: n.Expr, then: Body, otherwise: Body, span: Span) -> Body:
        """`if test: then else: otherwise`."""
        match test:
            case ClockTest():
                return self._test(test, then, otherwise, span)
            case _ if not speaks(test):
                return (n.If(test, then, otherwise, None, span),)
            case n.Apply(Op.NOT, (inner,)):
                return self.split(inner, otherwise, then, span)
            case n.Logic("implies", (left, right)):
                return self.split(left, self.split(right, then, otherwise, span), then, span)
            case n.Logic(connective, args):
                first, rest = _parted(test, args)
                if rest is None:
                    return self.split(first, then, otherwise, span)
                if connective == "and":
                    return self.split(first, self.split(rest, then, otherwise, span), otherwise, span)
                return self.split(first, then, self.split(rest, then, otherwise, span), span)
            case n.Cond(decided, yes, no):
                sides = (self.split(side, then, otherwise, span) for side in (yes, no))
                return self.split(decided, *sides, span)
            case n.Bind(local, value, body):
                return (n.Assign(local, value, span), *self.split(body, then, otherwise, span))
            case n.Apply(Op.EQ | Op.NE as op, (a, b)) if isinstance(a.type, BoolType):
                same = n.Cond(a, b, n.Apply(Op.NOT, (b,), BOOL, span), BOOL, span)
                sides = (then, otherwise) if op is Op.EQ else (otherwise, then)
                return self.split(same, *sides, span)
        raise self.refusal(span)

    def required(self, test: n.Expr, span: Span) -> Body:
        """`when(test)`."""
        match test:
            case ClockTest():
                cases = opened_test(test)
                return (ClockGuard(test, span),) if cases is None else self.required(cases, span)
            case n.Logic("and", args):
                return tuple(stmt for a in args for stmt in self.required(a, span))
            case n.Bind(local, value, body):
                return (n.Assign(local, value, span), *self.required(body, span))
            case _ if not speaks(test):
                return (n.When(test, SOURCE_SITE, span),)
            case n.Logic("or", args):
                first, rest = _parted(test, args)
                return self.split(first, (), () if rest is None else self.required(rest, span), span)
            case n.Logic("implies", (left, right)):
                return self.split(left, self.required(right, span), (), span)
            case n.Cond(decided, yes, no):
                return self.split(decided, self.required(yes, span), self.required(no, span), span)
            case n.Apply(Op.NOT, (ClockTest() as inner,)):
                return self.required(negation(inner), span)
            case n.Apply(Op.NOT, (n.Logic("and" | "or" as connective, args),)):
                inverted = tuple(n.Apply(Op.NOT, (a,), BOOL, span) for a in args)
                return self.required(n.Logic("or" if connective == "and" else "and", inverted, span), span)
        return self.split(test, (), (n.When(n.Const(False, BOOL, span), None, span),), span)

    def stored(self, target: n.Lvalue, value: n.Expr, span: Span) -> Body:
        """`target = value` of a Bool that depends on clocks, or of a conditional value."""
        match value:
            case n.Cond(decided, yes, no) if not isinstance(value.type, BoolType):
                sides = ((n.Assign(target, side, span),) for side in (yes, no))
                return self.split(decided, *sides, span)
            case n.Apply(Op.CAST, (n.Cond(decided, yes, no),)):
                casts = (fold(n.Apply(Op.CAST, (side,), value.type, span)) for side in (yes, no))
                return self.split(decided, *((n.Assign(target, side, span),) for side in casts), span)
        if not isinstance(value.type, BoolType):
            raise self.refusal(span)
        sides = ((n.Assign(target, n.Const(x, BOOL, span), span),) for x in (True, False))
        return self.split(value, *sides, span)

    def refusal(self, span: Span) -> Exception:
        hint = "make it an `if`, a `when` or an `assert` of its own: comparisons of clocks, with `and`, `or` and `not`"
        return self.report.error("T034", span, "a condition on clocks cannot stand here", hint)

    def _test(self, test: ClockTest, then: Body, otherwise: Body, span: Span) -> Body:
        cases = opened_test(test)
        if cases is not None:
            return self.split(cases, then, otherwise, span)
        self._count += 1
        local = n.Local(f"test {self._count}", BOOL, span)
        sides = (ClockGuard(test, span), *then), (ClockGuard(negation(test), span), *otherwise)
        return n.Choose(local, BOTH, "", span), n.If(local, *sides, None, span)


# --- indices that are not known before the search ---------------------------------------------------------------------


def opened_test(test: ClockTest) -> n.Expr | None:
    """A test by cases of such an index; None where every index is known."""
    for name in ("left", "right"):
        path = getattr(test, name)
        element = None if path is None else clocks.open_index(path)
        if element is not None:
            chosen: n.Expr | None = None
            for is_it, at in reversed(_cases(path, element)):
                one = replace(test, **{name: at})
                chosen = one if chosen is None else n.Cond(is_it, one, chosen, BOOL, test.span)
            return chosen
    return None


def opened(stmt: ClockSet | ClockNote) -> Body | None:
    """A statement likewise."""
    for name in ("clock",) if isinstance(stmt, ClockSet) else ("left", "right"):
        path = getattr(stmt, name)
        element = None if path is None else clocks.open_index(path)
        if element is not None:
            chosen: Body | None = None
            for is_it, at in reversed(_cases(path, element)):
                one: Body = (replace(stmt, **{name: at}),)
                chosen = one if chosen is None else (n.If(is_it, one, chosen, None, stmt.span),)
            return chosen
    return None


def _cases(path: n.Expr, element: n.Element) -> list[tuple[n.Expr, n.Expr]]:
    """(condition on the index, the path where it holds). An index outside its type faults."""
    t = element.array.type
    assert isinstance(t, ArrayType)
    index = element.index
    if isinstance(t.index, IntType) and index.type != t.index:
        index = n.Apply(Op.CAST, (index,), t.index, element.span)
    return [(n.Apply(Op.EQ, (index, v), BOOL, element.span), at) for v, at in clocks.closed(path, element)]


# --- parts ------------------------------------------------------------------------------------------------------------


def _parted(test: n.Logic, args: tuple[n.Expr, ...]) -> tuple[n.Expr, n.Expr | None]:
    """The first operand, or the first few where they are all discrete, and the rest."""
    count = 1
    if not speaks(args[0]):
        while count < len(args) and not speaks(args[count]):
            count += 1
    first, rest = args[:count], args[count:]
    return _joined(test, first), _joined(test, rest) if rest else None


def _joined(test: n.Logic, args: tuple[n.Expr, ...]) -> n.Expr:
    return args[0] if len(args) == 1 else replace(test, args=args)


def folded(stmt: Any, env: dict[str, n.Expr], linear: Callable[..., Any]) -> Any:
    """A statement on clocks with what is known put in."""
    match stmt:
        case ClockGuard(test, span):
            return ClockGuard(fold(test, env, unroll=True), span)
        case ClockSet(clock, low, high, span):
            return ClockSet(fold(clock, env), linear(low, env), linear(high, env), span)
        case ClockNote(name, left, right, offset, span):
            sides = (None if side is None else fold(side, env) for side in (left, right))
            return ClockNote(name, *sides, linear(offset, env), span)
    return stmt
