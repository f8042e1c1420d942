"""The time of a model, from what its steps, places, timers and properties say: a `timing.Timing`.

Whatever waits for a condition on the discrete state is split into a state predicate and clock constraints: deadlines
into clauses, properties into the cases in which they fail. A bound that depends on the state is written out for every
value that it can have there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Iterator

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import timing
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, BoolType, IntType
from modelcheck.passes import pure
from modelcheck.passes.clock_steps import opened_test, speaks
from modelcheck.passes.clock_terms import ARMED, negation
from modelcheck.passes.clocks import Key
from modelcheck.passes.context import Bad, NotPure, SpecSelf, TimeUnit, kind_of
from modelcheck.passes.lower import Builder
from modelcheck.passes.simplify import fold
from modelcheck.passes.typed import ClockTest, Linear

MAX_CASES = 4096

Literal = n.Expr | ClockTest
Case = tuple[Literal, ...]


@dataclass(slots=True)
class TimeOf:
    """Builds the timing of a model. `predicates` is the model's table, which grows."""

    builder: Builder
    predicates: list[n.Expr]
    deadlines: list[timing.Deadline] = field(default_factory=list)
    properties: list[timing.TimedProperty] = field(default_factory=list)
    _numbers: dict[n.Expr, int] = field(default_factory=dict)

    # --- the whole

    def timing(
        self, programs: list[tuple[timing.ClockSite, ...]], initial: tuple[timing.ClockSite, ...]
    ) -> timing.Timing | None:
        """None for a model without time."""
        sites, timed, world = self.builder.sites, self.builder.timed, self.builder.world
        self._stays()
        self._timers()
        if not (sites.clocks or sites.stays or timed.urgent or timed.committed or timed.urgent_actions):
            return None
        self._check_urgent(programs)
        unit = world.time_unit() or self._unsaid()
        first = len(self.builder.variables)
        return timing.Timing(
            clocks=tuple(self._clocks()),
            programs=tuple(programs),
            registers=frozenset(range(first, first + len(sites.registers))),
            initial=initial,
            deadlines=tuple(self.deadlines),
            urgent=tuple(self.number(self._fold(e)) for e in timed.urgent),
            committed=tuple((self.number(self._fold(e)), process) for e, process in timed.committed),
            urgent_actions=frozenset(timed.urgent_actions),
            params=tuple(world.params),
            assumptions=tuple(world.assumptions),
            properties=tuple(self.properties),
            quantities=tuple(sites.quantities),
            dense=not unit.discrete,
            unit=unit.unit,
        )

    def _unsaid(self) -> TimeUnit:
        """What time is where no file says it: a default that nobody should be surprised by."""
        spec = self.builder.spec.info
        message = f"nothing says what the times of {spec.name} are: they have no unit, and instants may be fractions"
        hint = 'write `time = Time("ns")`; `Time("ns", discrete=True)` where instants are whole numbers; or `Time()`'
        self.builder.world.report.note("N106", spec.span, message, hint)
        return TimeUnit("", False)

    def _check_urgent(self, programs: list[tuple[timing.ClockSite, ...]]) -> None:
        """Time stands still where an urgent action is possible: whether it is must not depend on time."""
        for action in self.builder.timed.urgent_actions:
            tests = [site for site in programs[action] if isinstance(site.op, timing.Constrain)]
            if tests:
                span = tests[0].span or self.builder.actions[action].span
                hint = "leave out `urgent=True`, and say in a `@deadline` how long it may wait"
                self.builder.world.report.error("T034", span, "an urgent action cannot test a clock", hint)

    def _clocks(self) -> Iterator[timing.ClockDecl]:
        for key, info in self.builder.sites.clocks.items():
            if info.timer is None:
                yield timing.ClockDecl(info.name, None, span=info.span)
            else:
                yield timing.ClockDecl(info.name, self.predicate(self._armed(key)), True, info.timer.maximum, info.span)
        for i, name in enumerate(self.builder.sites.stays):
            number = len(self.builder.sites.clocks) + 1 + i
            stays = [s for s in self.builder.timed.stays if s.clock == number]
            alive = _any([self._fold(s.at) for s in stays])
            yield timing.ClockDecl(f"{name}'s stay", self.predicate(alive), span=stays[0].span)

    # --- predicates

    def _fold(self, e: n.Expr) -> n.Expr:
        return self.builder.resolver.expr(e, unroll=True)

    def number(self, e: n.Expr) -> int:
        """The number of a state predicate."""
        if e not in self._numbers:
            self._numbers[e] = len(self.predicates)
            self.predicates.append(e)
        return self._numbers[e]

    def predicate(self, e: n.Expr) -> int | None:
        """None for what is always true."""
        return None if isinstance(e, n.Const) and e.value is True else self.number(e)

    def _armed(self, key: Key) -> n.Expr:
        return n.Apply(Op.EQ, (self._path(key), ARMED), BOOL)

    def _path(self, key: Key) -> n.Expr:
        index, *parts = key
        assert isinstance(index, int)
        path: n.Expr = n.Variable(index, self.builder.variables[index].type)
        for part in parts:
            if isinstance(part, tuple):
                path = n.Element(path, n.Const(part[0], path.type.index), path.type.of)
            else:
                path = n.Field(path, part, dict(path.type.fields)[part])
        return path

    # --- deadlines

    def _timers(self) -> None:
        for key, info in self.builder.sites.clocks.items():
            if info.timer is not None and info.timer.handled:
                bound = timing.Bound(info.timer.maximum + info.timer.late)
                armed = self.predicate(self._armed(key))
                self.deadlines.append(timing.Deadline(armed, timing.Atom(info.number, 0, bound), info.span))

    def _stays(self) -> None:
        for stay in self.builder.timed.stays:
            if stay.high is not None:
                high = replace(stay.high, expr=None if stay.high.expr is None else self._fold(stay.high.expr))
                for condition, bound in valued(high):
                    at = _all([self._fold(stay.at), *condition])
                    atom = timing.Atom(stay.clock, 0, bound)
                    self.deadlines.append(timing.Deadline(self.predicate(at), atom, stay.span))

    def declared_deadlines(self) -> None:
        """The methods with @deadline."""
        builder = self.builder
        for name, member in builder.spec.info.functions.items():
            if kind_of(member.function) != "deadline":
                continue
            ctx = builder.world.context(member.module)
            ctx = replace(ctx, scopes=[{"self": SpecSelf()}, {}], spec=builder.spec)
            span = member.function.span
            try:
                self._clauses(self._fold(pure.value_of(ctx, member.function, BOOL)), (), span)
            except Bad:
                continue
            except NotPure as impure:
                hint = 'write one formula: `implies(at(self.p, "wait"), self.x <= 5)`'
                builder.world.report.error("T028", impure.span, f"in the deadline `{name}`, this {impure.why}", hint)

    def _clauses(self, e: n.Expr, condition: Case, span: Span) -> None:
        """Adds a deadline for each clause of a conjunction: where the discrete `condition` holds, so does the test."""
        for case in self.cases(n.Apply(Op.NOT, (e,), BOOL, span), span):
            tests = [x for x in case if isinstance(x, ClockTest)]
            if len(tests) != 1:
                what = "this deadline has no clock" if not tests else "this deadline is met in one of two ways"
                hint = "write upper bounds, each under a condition on the state: `implies(a, self.x <= 5)`"
                raise self.builder.world.report.error("T034", tests[0].span if tests else span, what, hint)
            test = negation(tests[0])
            if test.left is None:
                hint = "a deadline is an upper bound; a step that comes too early has a `when(self.x >= 5)`"
                raise self.builder.world.report.error("T034", test.span, "a lower bound in a deadline", hint)
            discrete = [*condition, *(x for x in case if not isinstance(x, ClockTest))]
            for known, bound in valued(test.bound):
                atom = timing.Atom(*self._sides(test), bound, test.strict)
                self.deadlines.append(timing.Deadline(self.predicate(_all([*discrete, *known])), atom, test.span))

    def _sides(self, test: ClockTest) -> tuple[int, int]:
        number = self.builder.sites.number
        return number(test.left), number(test.right)

    # --- properties

    def property(self, index: int, p: n.Property) -> n.Property:
        """A property that speaks of clocks; in the model it says what can be said without: that it cannot fail (a
        reachable: that it can be witnessed) whatever the clocks show."""
        span = p.span or self.builder.spec.info.span
        e = self._fold(p.expr)
        wanted = e if p.kind == "reachable" else n.Apply(Op.NOT, (e,), BOOL, span)
        found, discrete = [], []
        for case in self.cases(wanted, span):
            tests = [x for x in case if isinstance(x, ClockTest)]
            plain = [x for x in case if not isinstance(x, ClockTest)]
            for known in product(*(list(valued(t.bound)) for t in tests)):
                condition = _all([*plain, *(x for given, _ in known for x in given)])
                atoms = tuple(timing.Atom(*self._sides(t), bound, t.strict) for t, (_, bound) in zip(tests, known))
                found.append((self.predicate(condition), atoms))
                discrete.append(condition)
                self._few(found, span)
        self.properties.append(timing.TimedProperty(index, tuple(found)))
        possible = _any(discrete)
        shown = possible if p.kind == "reachable" else fold(n.Apply(Op.NOT, (possible,), BOOL, span))
        self.predicates.append(shown)
        return replace(p, expr=shown, predicate=len(self.predicates) - 1)

    def _few(self, found: list, span: Span) -> None:
        if len(found) > MAX_CASES:
            hint = "split it into several properties, or narrow the types of the bounds"
            raise self.builder.world.report.error("T034", span, f"more than {MAX_CASES} cases of clocks", hint)

    # --- cases

    def cases(self, e: n.Expr, span: Span) -> list[Case]:
        """The disjuncts of an expression: conjunctions of conditions on the state and of tests on clocks."""
        found = self._cases(e, True, span)
        self._few(found, span)
        return found

    def _cases(self, e: n.Expr, sign: bool, span: Span) -> list[Case]:
        match e:
            case ClockTest():
                opened = opened_test(e)
                if opened is not None:
                    return self._cases(opened, sign, span)
                return [(e if sign else negation(e),)]
            case n.Const(bool() as value):
                return [()] if value is sign else []
            case _ if not speaks(e):
                return [(e if sign else fold(n.Apply(Op.NOT, (e,), BOOL, span)),)]
            case n.Apply(Op.NOT, (inner,)):
                return self._cases(inner, not sign, span)
            case n.Logic("implies", (left, right)):
                return self._either([(left, not sign), (right, sign)], sign, span)
            case n.Logic(connective, args):
                return self._either([(a, sign) for a in args], sign is (connective == "or"), span)
            case n.Cond(test, then, otherwise):
                yes = self._either([(test, True), (then, sign)], False, span)
                return [*yes, *self._either([(test, False), (otherwise, sign)], False, span)]
            case n.Bind(local, value, body):
                return self._cases(fold(body, {local.name: value}), sign, span)
            case n.Apply(Op.EQ | Op.NE as op, (a, b)) if isinstance(a.type, BoolType):
                same = n.Cond(a, b, n.Apply(Op.NOT, (b,), BOOL, span), BOOL, span)
                return self._cases(same, sign is (op is Op.EQ), span)
        hint = "write `all` and `any` over types of few values, `and`, `or`, `not` and `implies`"
        raise self.builder.world.report.error("T034", span, "a condition on clocks that has no cases", hint)

    def _either(self, parts: list[tuple[n.Expr, bool]], disjunction: bool, span: Span) -> list[Case]:
        """The cases of a disjunction of parts, each with its sign, or of their conjunction."""
        each = [self._cases(e, sign, span) for e, sign in parts]
        if disjunction:
            found = [case for cases in each for case in cases]
        else:
            found = [()]
            for cases in each:
                found = [(*a, *b) for a in found for b in cases]
                self._few(found, span)
        self._few(found, span)
        return found


def valued(e: Linear) -> Iterator[tuple[list[n.Expr], timing.Bound]]:
    """A bound for every value of the expression in it, each with the condition under which it is the bound."""
    if e.expr is None:
        yield [], timing.Bound(e.constant, params=e.params)
        return
    assert isinstance(e.expr.type, IntType)
    for value in range(e.expr.type.lo, e.expr.type.hi + 1):
        equal = n.Apply(Op.EQ, (e.expr, n.Const(value, e.expr.type)), BOOL, e.expr.span)
        yield [equal], timing.Bound(e.constant + e.factor * value, params=e.params)


def _all(parts: list[n.Expr]) -> n.Expr:
    """Each part once, though a timer of which two things are said is armed for both."""
    return fold(n.Logic("and", tuple(dict.fromkeys(parts)))) if parts else n.Const(True, BOOL)


def _any(parts: list[n.Expr]) -> n.Expr:
    return fold(n.Logic("or", tuple(parts))) if parts else n.Const(False, BOOL)
