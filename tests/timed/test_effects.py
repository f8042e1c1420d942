"""Programs from registers: tests in the middle of a step, values of variables in bounds, faults, parameters, pins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modelcheck import backends
from modelcheck.errors import SpecError, UsageError
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import (
    Assert,
    Assign,
    Choose,
    Const,
    If,
    Local,
    Model,
    Place,
    Process,
    Property,
    Variable,
    VariableDecl,
    When,
)
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.timing import (
    Atom,
    Bound,
    ClockDecl,
    ClockSite,
    Constrain,
    Deadline,
    Observe,
    Param,
    Reset,
    TimedProperty,
    Timing,
)
from modelcheck.ir.types import BOOL, IntType
from modelcheck.search.exploration import Finding
from modelcheck.timed.checking import Options, TimedExploration, explore
from modelcheck.timed.effects import Effects
from modelcheck.timed.pins import pinned
from tests.models import action, apply, assign, boolean, equal, every, integer, model, span_of
from tests.models import cast as cast_to

PLACE, REGISTER, COUNT = IntType(0, 2), IntType(0, 7), IntType(0, 3)
place, early, late, register, count = (
    Variable(i, t) for i, t in enumerate((PLACE, BOOL, BOOL, REGISTER, COUNT))
)  # fmt: skip
X = 1


def at(where: int) -> Any:
    return equal(place, Const(where, PLACE))


def race(*, asserts: bool = False, deadline: int = 9) -> Model:
    """Place 0: by x <= 5 to place 1, otherwise to place 2 (or, with `asserts`, to a failed assert); x is zero in place 0
    and grows to `deadline`. Place 1: counts to 3, a step every 1 + count units, that is at 0, 1 + 0, 1 + 1, 1 + 2."""
    which = Local("which", BOOL)
    first = (assign(early, boolean(True)), assign(place, Const(1, PLACE)))
    fails = (Assert(boolean(False), "too late", span_of("assert")),) if asserts else ()
    second = (assign(late, boolean(True)), *fails, assign(place, Const(2, PLACE)))
    more = cast_to(apply(Op.ADD, count, integer(1)), COUNT)
    built = model(
        "race",
        [
            VariableDecl("p.place", PLACE, "place", 0),
            VariableDecl("early", BOOL, "register"),
            VariableDecl("late", BOOL, "register"),
            VariableDecl("amount", REGISTER, "register"),
            VariableDecl("count", COUNT),
        ],
        [
            Assign(place, Const(0, PLACE)), Assign(early, boolean(False)), Assign(late, boolean(False)),
            Assign(register, Const(0, REGISTER)), Assign(count, Const(0, COUNT)),
        ],
        [
            action("decide", Choose(which, every(BOOL), ""), If(which, first, second), process=0, place=0),
            action(
                "tick", When(apply(Op.LT, count, integer(3))), Assign(register, cast_to(count, REGISTER)),
                Assign(count, more), process=0, place=1,
            ),
        ],
        processes=[Process("p", (), tuple(Place(x, x) for x in ("start", "early", "late")), 0, 0)],
    )  # fmt: skip
    due = Bound(1, register.index)
    programs = (
        (
            ClockSite(Constrain(Atom(X, 0, Bound(5))), early.index),
            ClockSite(Constrain(Atom(0, X, Bound(-5), strict=True)), late.index),
            ClockSite(Observe(0, X, 0, Bound(100)), None),
            ClockSite(Reset(X, Bound(0), Bound(0)), None),
        ),
        (
            ClockSite(Constrain(Atom(X, 0, due)), None),
            ClockSite(Constrain(Atom(0, X, Bound(-1, register.index, -1))), None),
            ClockSite(Reset(X, Bound(0), Bound(0)), None),
        ),
    )
    timing = Timing(
        (ClockDecl("x"),), programs, frozenset([early.index, late.index, register.index]), (),
        (Deadline(0, Atom(X, 0, Bound(deadline))),), quantities=("seen",),
    )  # fmt: skip
    return replace(built, predicates=(at(0),), timing=timing)


def run(m: Model, options: Options = Options(thorough=True)) -> TimedExploration:
    return explore(m, backends.build("python", m), options)


def reached(m: Model, options: Options = Options(thorough=True)) -> set[tuple[int, int]]:
    """(place, count) of every state; registers are clear in all of them."""
    layout = Layout(m.variables)
    states = [layout.decode(packed) for packed in layout.unpack(run(m, options).exploration.states)]
    assert {s[1:4] for s in states} == {(False, False, 0)}
    return {(s[0], s[4]) for s in states}


@pytest.mark.parametrize(
    "deadline, expected",
    [
        (9, {(0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0)}),
        (5, {(0, 0), (1, 0), (1, 1), (1, 2), (1, 3)}),  # never later than 5
    ],
)
def test_only_branches_that_time_allows_are_taken(deadline: int, expected: set[tuple[int, int]]) -> None:
    assert reached(race(deadline=deadline)) == expected


def test_bounds_take_the_values_of_variables() -> None:
    """Ticks after 1, 2 and 3 units: 6 in all."""
    seen = run(race())
    layout = Layout(race().variables)
    states = [layout.decode(packed) for packed in layout.unpack(seen.exploration.states)]
    row = next(i for i, s in enumerate(states) if s[4] == 3)
    witness = seen.witness(arrival(row))
    assert witness.times == (0, 0, 1, 3, 6)


def arrival(row: int) -> Finding:
    """As if the state were what was looked for."""
    return Finding("invariant", row, 0)


def test_equal_programs_have_one_number() -> None:
    m = race()
    assert m.timing is not None
    effects = Effects(m, m.timing, backends.build("python", m), ())
    start = effects.initial().target
    first, second = effects.successors(start), effects.successors(np.repeat(start, 2, axis=0))
    assert first.effect is not None and second.effect is not None
    assert first.effect.tolist() * 2 == second.effect.tolist()
    assert len(set(first.effect.tolist())) == 2 and len(effects.programs) == 3  # with that of the initial state


@pytest.mark.parametrize("deadline, fails", [(9, True), (5, False)])
def test_a_step_fails_only_when_it_can_come_that_far(deadline: int, fails: bool) -> None:
    seen = run(race(asserts=True, deadline=deadline))
    kinds = [seen.system.sites[f.site].kind for f in seen.exploration.findings if f.site is not None]
    assert kinds == ([FaultKind.ASSERT] if fails else [])
    if fails:
        witness = seen.witness(seen.exploration.findings[0])
        assert witness.times == (0, 6)  # later than 5: a unit more


def test_a_pin_is_a_constraint_on_what_is_observed() -> None:
    """The observed value is x + 100 when it is decided: 103 is early, 108 late, 110 beyond the deadline."""
    m = race()
    assert m.timing is not None
    ends = {}
    for value in (103, 108, 110):
        ends[value] = {p for p, _ in reached(replace(m, timing=pinned(m.timing, {0: value})))}
    assert ends == {103: {0, 1}, 108: {0, 2}, 110: {0}}


def test_what_is_observed_is_told() -> None:
    m = race()
    assert m.timing is not None
    seen = run(replace(m, timing=pinned(m.timing, {0: 103})))
    witness = seen.witness(arrival(1))
    assert [(o.step, o.quantity, o.value) for o in witness.observed] == [(1, 0, 103)] and witness.times == (0, 3)


@pytest.mark.parametrize("limit, late_too", [(5, False), (6, True)])
def test_parameters_have_values(limit: int, late_too: bool) -> None:
    m = race()
    assert m.timing is not None
    deadline = Deadline(0, Atom(X, 0, Bound(-1, params=((0, 1),))))
    m = replace(m, timing=replace(m.timing, deadlines=(deadline,), params=(Param("limit", 1, 100),)))
    assert ((2, 0) in reached(m, Options(thorough=True, params=(limit + 1,)))) is late_too
    with pytest.raises(UsageError):
        run(m)


def test_time_ignored_is_the_effects_alone() -> None:
    """What is pruned: place 2, where the deadline comes first."""
    m = race(deadline=5)
    assert m.timing is not None
    effects = Effects(m, m.timing, backends.build("python", m), ())
    targets = effects.successors(effects.initial().target).target
    assert {s[0] for s in map(Layout(m.variables).decode, Layout(m.variables).unpack(targets))} == {1, 2}


@pytest.mark.parametrize("dense, reachable", [(True, True), (False, False)])
def test_discrete_time_has_integers_alone(dense: bool, reachable: bool) -> None:
    """0 < x < 1."""
    m = race()
    assert m.timing is not None
    atoms = Atom(0, X, Bound(0), strict=True), Atom(X, 0, Bound(1), strict=True)
    timing = replace(m.timing, dense=dense, properties=(TimedProperty(0, ((None, atoms),)),))
    m = replace(m, timing=timing, properties=(Property("between", "invariant", boolean(True)),))
    assert bool(run(m, Options(properties=(0,))).timed) is reachable


# --- what is refused ---


def test_lower_and_upper_bounds_apart_cannot_tell_that_nothing_happens() -> None:
    """Extra_LU+ keeps what can be reached, and not what cannot."""
    seen = run(race())
    with pytest.raises(UsageError):
        seen.system.predicates(seen.zones.view(np.uint64), [seen.system.quiescent])


def compared(bounded: bool) -> Model:
    """Two clocks, compared with each other in place 0."""
    m = race()
    assert m.timing is not None
    deadlines = m.timing.deadlines + ((Deadline(0, Atom(2, 0, Bound(20))),) if bounded else ())
    site = ClockSite(Constrain(Atom(X, 2, Bound(3))), None)
    timing = replace(
        m.timing,
        clocks=(ClockDecl("x"), ClockDecl("y", span=span_of("y"))),
        deadlines=deadlines,
        programs=((site, *m.timing.programs[0]), m.timing.programs[1]),
    )
    return replace(m, timing=timing)


def test_clocks_that_are_compared_with_each_other_need_a_deadline() -> None:
    with pytest.raises(SpecError) as refused:
        run(compared(bounded=False))
    assert [(d.code, d.span) for d in refused.value.diagnostics] == [("C001", span_of("y"))]
    assert run(compared(bounded=True)).exploration.complete


@pytest.mark.parametrize("low, high", [(-1, 3), (4, 3), (0, 1 << 57)])
def test_a_clock_is_set_to_something_there_is(low: int, high: int) -> None:
    m = race()
    assert m.timing is not None
    site = ClockSite(Reset(X, Bound(low), Bound(high)), None, span_of("x"))
    timing = replace(m.timing, programs=((site,), m.timing.programs[1]))
    with pytest.raises(SpecError) as refused:
        run(replace(m, timing=timing))
    assert [(d.code, d.span) for d in refused.value.diagnostics] == [("C002", span_of("x"))]
