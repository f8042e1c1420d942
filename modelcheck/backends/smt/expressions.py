"""Expressions as trees of scalars, with the conditions under which evaluating them fails.

A `Flow` follows the order of evaluation. What happens at a point of it happens under its `path`, the conditions that
led there; where evaluation can stop (a fault, a guard, a choice of nothing) a `Stop` is recorded, and what follows has
the path that goes on. A branch leaves its own conditions behind, not what stopped in it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Iterator, Sequence

from modelcheck.backends import Unsupported
from modelcheck.backends.smt import terms
from modelcheck.backends.smt.emit import EMIT, Application, emit
from modelcheck.backends.smt.terms import (
    Bool,
    Integer,
    choice,
    conjunction,
    disjunction,
    implication,
    negation,
    same,
    within,
)
from modelcheck.backends.smt.values import Value, constant, default, either, ordinals, picked
from modelcheck.errors import Diagnostic, InternalError, Span, SpecError
from modelcheck.ir.layout import set_diagnostic, universe
from modelcheck.ir.nodes import (
    Apply,
    Bind,
    Cond,
    Const,
    Construct,
    Element,
    Expr,
    Field,
    Local,
    Logic,
    Quantifier,
    Variable,
)
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import INT64, ArrayType, IntType, SeqType, SetType, ascending, cardinality

SET_LIMIT = 4096  # values of the element type of a set that is no constant


@dataclass(frozen=True, slots=True)
class Stop:
    """Where evaluation ends under a condition: with a fault, or (kind None) without a successor."""

    condition: Bool
    kind: FaultKind | None
    span: Span | None = None
    message: str | None = None


@dataclass(slots=True)
class Flow:
    """A point in the evaluation of one body. `variables` and `locals` are trees; `after` those of the next state."""

    variables: list[Value]
    after: Sequence[Value] = ()
    locals: dict[str, Value] = field(default_factory=dict)
    path: tuple[Bool, ...] = ()
    stops: list[Stop] = field(default_factory=list)

    # --- where evaluation goes ---

    def stop(self, when: Bool, kind: FaultKind | None, span: Span | None, message: str | None = None) -> None:
        """Evaluation ends here where `when` is true."""
        condition = conjunction((*self.path, when))
        if condition is not False:
            self.stops.append(Stop(condition, kind, span, message))
            self.path = (*self.path, negation(when))

    @contextmanager
    def under(self, *conditions: Bool) -> Iterator[None]:
        """What is evaluated within happens only where the conditions hold."""
        outside, count = self.path, len(self.stops)
        self.path = (*outside, *conditions)
        yield
        self.path = (*outside, *(negation(s.condition) for s in self.stops[count:]))

    @contextmanager
    def bound(self, name: str, value: Value) -> Iterator[None]:
        before = dict(self.locals)
        self.locals[name] = value
        yield
        self.locals = before

    # --- values ---

    def value(self, expr: Expr) -> Value:
        match expr:
            case Const(natural, t):
                return constant(t, natural)
            case Variable(index):
                return self.after[index] if expr.after else self.variables[index]
            case Local(name):
                return self.locals[name]
            case Apply():
                return self._applied(expr)
            case Logic(connective, args):
                return self._logic(connective, args)
            case Cond(test, then, otherwise, t):
                return self._conditional(test, then, otherwise, t)
            case Field(record, name):
                return self.value(record)[record.type.position(name)]
            case Element(array, index):
                return self.element(expr, self.value(array), self.value(index))
            case Construct(items, t):
                return self._constructed(t, [self.value(i) for i in items], expr.span)
            case Bind(local, bound, body):
                with self.bound(local.name, self.value(bound)):
                    return self.value(body)
            case Quantifier():
                return _QUANTIFIERS[expr.kind](self, expr)
        raise InternalError(f"{type(expr).__name__} is not an expression over states")

    def _applied(self, expr: Apply) -> Value:
        row = EMIT[expr.op]
        if isinstance(row, Unsupported):
            raise SpecError([Diagnostic("B003", f"the solver has no {expr.op.name}: {row.why}", expr.span)])
        match expr:
            case Apply(Op.IN, (number, Apply(Op.RANGE, (first, end)))):
                x, low, high = (self.value(e) for e in (number, first, end))
                return conjunction((x >= low, x < high))  # however long the range is
        self._small(expr.type, expr.span)
        args = [self.value(a) for a in expr.args]

        def fails(kind: FaultKind, when: Bool) -> None:
            self.stop(when, kind, expr.span)

        operands = tuple(a.type for a in expr.args)
        return emit(Application(expr.op, expr.type, operands, fails), *args)

    def _small(self, t: Any, span: Span | None) -> None:
        if isinstance(t, SetType) and cardinality(t.of) > SET_LIMIT:
            raise SpecError([set_diagnostic(t, SET_LIMIT, span)])

    def _logic(self, connective: str, args: tuple[Expr, ...]) -> Bool:
        if connective == "implies":
            left = self.value(args[0])
            if left is False:
                return True
            with self.under(left):
                return implication(left, self.value(args[1]))
        stops = connective == "or"  # the value that ends it
        found: list[Bool] = []
        for arg in args:
            with self.under(*found if not stops else map(negation, found)):
                found.append(self.value(arg))
            if found[-1] is stops:
                break
        return disjunction(found) if stops else conjunction(found)

    def _conditional(self, test: Expr, then: Expr, otherwise: Expr, t: Any) -> Value:
        chosen = self.value(test)
        if isinstance(chosen, bool):
            return self.value(then if chosen else otherwise)
        with self.under(chosen):
            first = self.value(then)
        with self.under(negation(chosen)):
            second = self.value(otherwise)
        return either(t, chosen, first, second)

    def element(self, expr: Element, container: Value, index: Value) -> Value:
        """The element of an array, or of a sequence that is assigned to, with the check of its index."""
        self.check_index(expr, container, index)
        items = container[1] if isinstance(expr.array.type, SeqType) else container
        return picked(expr.type, positions(expr, index, len(items)), items) if items else default(expr.type)

    def check_index(self, expr: Element, container: Value, index: Value) -> None:
        match expr.array.type, expr.index.type:
            case ArrayType(IntType(lo, hi)), IntType(least, most):
                if not (lo <= least and most <= hi):
                    self.stop(negation(within(index, lo, hi)), FaultKind.INDEX, expr.span)
            case SeqType(), _:
                self.stop(disjunction((index < 0, index >= container[0])), FaultKind.INDEX, expr.span)

    def _constructed(self, t: Any, items: list[Value], span: Span | None) -> Value:
        match t:
            case SetType(of):
                self._small(t, span)
                tests = [ordinals(of, item) for item in items]
                return tuple(disjunction(test[i] for test in tests) for i in range(cardinality(of)))
            case SeqType(of, capacity):
                return len(items), (*items, *(default(of),) * (capacity - len(items)))
        return tuple(items)

    # --- loops ---

    def members(self, domain: Expr) -> list[tuple[Value, Bool]]:
        """(member, whether it is one) of everything that a loop over a domain may visit, in order."""
        if isinstance(domain, Const) and isinstance(domain.type, SetType):
            of = domain.type.of
            return [(constant(of, m), True) for m in ascending(of, domain.value)]
        value = self.value(domain)
        if isinstance(domain.type, SetType):
            pairs = list(zip(map(partial(constant, domain.type.of), universe(domain.type.of)), value))
        else:
            pairs = [(item, value[0] > i) for i, item in enumerate(value[1])]
        return [(member, inside) for member, inside in pairs if inside is not False]

    def visit(self, expr: Quantifier, each: Callable[[Bool, Value], Bool]) -> None:
        """Evaluates the body for each member in order. `each` gets the condition under which the member counts, and the
        body; it says under which condition the loop goes on."""
        going: list[Bool] = []
        for member, inside in self.members(expr.domain):
            with self.bound(expr.local.name, member), self.under(*going, inside):
                guard = True if expr.guard is None else self.value(expr.guard)
                if guard is False:
                    continue
                with self.under(guard):
                    body = self.value(expr.body)
                    going.append(each(conjunction((inside, guard)), body))


def positions(expr: Element, index: Value, count: int) -> list[Bool]:
    """For each of the elements, whether it is the one at the index."""
    match expr.array.type:
        case ArrayType(IntType(lo)):
            return [same(index, lo + i) for i in range(count)]
        case ArrayType(of):
            return ordinals(of, index)
    return [same(index, i) for i in range(count)]


# --- comprehensions ---------------------------------------------------------------------------------------------------


def _all(flow: Flow, expr: Quantifier) -> Bool:
    found: list[Bool] = []

    def each(counts: Bool, body: Value) -> Bool:
        found.append(implication(counts, body))
        return found[-1]

    flow.visit(expr, each)
    return conjunction(found)


def _any(flow: Flow, expr: Quantifier) -> Bool:
    found: list[Bool] = []

    def each(counts: Bool, body: Value) -> Bool:
        found.append(conjunction((counts, body)))
        return negation(found[-1])

    flow.visit(expr, each)
    return disjunction(found)


def _sum(flow: Flow, expr: Quantifier) -> Integer:
    sums: list[Integer] = [0]
    safe = _sum_is_small(expr)

    def each(counts: Bool, body: Value) -> Bool:
        sums.append(terms.total((sums[-1], choice(counts, body, 0))))
        if not safe:
            flow.stop(negation(within(sums[-1], *INT64)), FaultKind.OVERFLOW, expr.span)
        return True

    flow.visit(expr, each)
    return sums[-1]


def _sum_is_small(expr: Quantifier) -> bool:
    """Whether no partial sum can leave 64 bits."""
    t, of = expr.body.type, expr.domain.type
    most = of.capacity if isinstance(of, SeqType) else cardinality(of.of)
    return most * max(abs(t.lo), abs(t.hi)) <= INT64[1]


def _extreme(flow: Flow, expr: Quantifier) -> Integer:
    exists: Bool = False
    best: Integer = default(expr.body.type)

    def each(counts: Bool, body: Value) -> Bool:
        nonlocal exists, best
        better = body <= best if expr.kind == "min" else body >= best
        best = choice(conjunction((counts, disjunction((negation(exists), better)))), body, best)
        exists = disjunction((exists, counts))
        return True

    flow.visit(expr, each)
    flow.stop(negation(exists), FaultKind.EMPTY, expr.span)
    return best


def _set(flow: Flow, expr: Quantifier) -> Value:
    of = expr.type.of
    found: list[list[Bool]] = [[] for _ in range(cardinality(of))]

    def each(counts: Bool, body: Value) -> Bool:
        for tests, it in zip(found, ordinals(of, body)):
            tests.append(conjunction((counts, it)))
        return True

    flow.visit(expr, each)
    return tuple(map(disjunction, found))


def _array(flow: Flow, expr: Quantifier) -> Value:
    found: list[Value] = []

    def each(_: Bool, body: Value) -> Bool:
        found.append(body)
        return True

    flow.visit(expr, each)
    return tuple(found)


def _seq(flow: Flow, expr: Quantifier) -> Value:
    of, capacity = expr.type.of, expr.type.capacity
    length, items = default(expr.type)

    def each(counts: Bool, body: Value) -> Bool:
        nonlocal length, items
        flow.stop(length >= capacity, FaultKind.FULL, expr.span)
        here = [conjunction((counts, same(length, i))) for i in range(capacity)]
        items = tuple(either(of, test, body, item) for test, item in zip(here, items))
        length = choice(counts, length + 1, length)
        return True

    flow.visit(expr, each)
    return length, items


_QUANTIFIERS: dict[str, Callable[[Flow, Quantifier], Value]] = {
    "all": _all,
    "any": _any,
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    "set": _set,
    "array": _array,
    "seq": _seq,
}
