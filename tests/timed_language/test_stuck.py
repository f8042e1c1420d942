"""Why a model with time is stuck: which condition of time stops each step, at the end of time where there is one; and
properties on clocks that are to be reached."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from modelcheck.checker import check_model
from modelcheck.errors import SpecError
from modelcheck.exploring import Options
from modelcheck.ir import clockwork
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import Atom, Bound
from modelcheck.reports import times, why
from modelcheck.reports.terminal import heading
from modelcheck.result import Result
from modelcheck.trace import Trace
from tests.timed_language.test_cpython import HEAD, model_of

DENSE = HEAD.replace(", discrete=True", "")

LATE = """
class S(Spec):
    x = Clock()

    @process
    def p(self):
        yield "a"
        self.x = 0
        yield "b"
        when(self.x == 3)
"""

TOO_EARLY = """
class S(Spec):
    x = Clock()

    @process
    def p(self):
        yield "a", after(0, 5)
        when(self.x > 5)
"""

STRICT = (
    TOO_EARLY.replace("after(0, 5)", '"f.c:1"')
    + """
    @deadline
    def limit(self):
        return self.x < 5
"""
)

MISSED = """
class S(Spec):
    n = Int(0, 1, init=0)
    x = Clock()
    t = Timer(max=50)

    def init(self):
        self.t.arm(50)

    @expires("t")
    def due(self):
        self.n = 1

    @deadline
    def limit(self):
        return implies(self.n == 1, self.x <= 9)
"""

TIMERS = """
class S(Spec):
    t = Timer(max=5)
    u = Timer(max=9)
    n = Int(0, 1, init=0)

    def init(self):
        self.t.arm(5)
        self.u.arm(9)

    @process
    def p(self):
        yield urgent("a")
        when(self.u.remaining - self.t.remaining < 4)
"""

COMMITTED = """
class S(Spec):
    n = Int(0, 1, init=0)

    @process
    def p(self):
        yield committed("a")
        when(self.n == 1)

    @process
    def q(self):
        yield "b"
        self.n = 1
"""

# text, action, how long time goes on (None: for ever), what stops it: (condition, whether of a deadline)
CASES: dict[str, tuple[str, int, Fraction | None, list[tuple[str, bool]]]] = {
    "the moment is over": (LATE, 1, None, [("x <= 3 ns is false: x = 4 ns", False)]),
    "time ends before it comes": (TOO_EARLY, 0, Fraction(5), [("x > 5 ns is false: x = 5 ns", False)]),
    "just before a strict deadline": (STRICT, 0, Fraction(9, 2), [("x > 5 ns is false: x = 9/2 ns", False)]),
    "a deadline where it leads": (MISSED, 0, Fraction(50), [("x <= 9 ns is false: x = 50 ns", True)]),
}


def stuck(model: Model) -> Trace:
    [found] = [p for p in check_model(model, Options()).properties if p.name in ("deadlock", "timelock")]
    assert found.trace is not None and found.trace.timeline is not None
    return found.trace


@pytest.mark.parametrize("name", CASES)
def test_what_of_time_stops_a_step(name: str) -> None:
    """The bounds and moments are read off the text of each spec."""
    text, action, lasts, wanted = CASES[name]
    model = model_of(DENSE + text)
    trace = stuck(model)
    assert trace.timeline is not None
    state, clocks = trace.steps[-1].state, trace.timeline.at_end
    delay = clockwork.longest_delay(model, state, clocks)
    assert (None if delay is None else trace.timeline.end + delay) == lasts
    later = clockwork.delayed(model, state, clocks, delay or Fraction(0))
    found = clockwork.refused(model, state, later, action)
    assert [(times.condition(model, r), r.deadline) for r in found] == wanted
    assert [r.span is not None for r in found] == [True]
    assert all(
        told.endswith(text) for told, (text, _) in zip(times.refusals(model, trace, action), wanted, strict=True)
    )


def test_a_test_that_can_hold_in_several_ways_is_told_as_written() -> None:
    """What remains of a timer is 0 where it is overdue: a comparison of two has four cases."""
    model = model_of(DENSE + TIMERS)
    [told] = times.refusals(model, stuck(model), 0)
    assert told.endswith(": when(self.u.remaining - self.t.remaining < 4)")


TURNS = """
class S(Spec):
    x = Clock()
    t = Timer(max=9)

    def init(self):
        self.t.arm(7)

    @expires("t")
    def due(self):
        self.x = 0
"""


@pytest.mark.parametrize(
    "left, right, bound, text",
    [
        (2, 0, 4, "t.remaining >= 5 ns is false: t.remaining = 7 ns"),  # at most 4 of 9 on the clock, which shows 2
        (0, 2, -3, "t.remaining <= 6 ns is false: t.remaining = 7 ns"),
        (1, 2, -4, "x + t.remaining <= 5 ns is false: x + t.remaining = 7 ns"),
        (2, 1, 1, "t.remaining + x >= 8 ns is false: t.remaining + x = 7 ns"),
        (0, 1, -1, "x >= 1 ns is false: x = 0 ns"),
    ],
)
def test_conditions_on_timers_tell_what_remains(left: int, right: int, bound: int, text: str) -> None:
    """x - t <= -4 with t = 9 - remaining is x + remaining <= 5, and so on."""
    model = model_of(DENSE + TURNS)
    clocks = (Fraction(0), Fraction(0), Fraction(2))
    assert (
        times.condition(model, clockwork.Refused(Atom(left, right, Bound(bound)), bound, clocks, False, None)) == text
    )


def test_a_step_that_waits_for_a_committed_process() -> None:
    model = model_of(DENSE + COMMITTED)
    state = stuck(model).steps[-1].state
    assert [clockwork.waits_for_committed(model, state, i) for i in range(2)] == [False, True]


# --- properties on clocks that are to be reached ---

REACHED = """
class S(Spec):
    x = Clock()

    @process
    def p(self):
        yield "a", after(2, 3)
        yield "b"

    @reachable
    def seen(self):
        return at(self.p, "b") and {}
"""


def answer(result: Result, name: str) -> tuple[Any, Any]:
    [found] = [p for p in result.properties if p.name == name]
    return found.verdict, found.trace and found.trace.timeline and found.trace.timeline.end


@pytest.mark.parametrize(
    "condition, wanted",
    [("self.x < 2", ("vacuous", None)), ("self.x <= 2", ("holds", 2)), ("self.x >= 7", ("holds", 7))],
)
def test_a_condition_on_clocks_is_reached_where_time_allows(condition: str, wanted: tuple[str, Any]) -> None:
    """`b` is reached 2 to 3 after the start, and never left."""
    assert answer(check_model(model_of(DENSE + REACHED.format(condition))), "seen") == wanted


# --- why a property on clocks is violated ---

TWO_STEPS = """
class S(Spec):
    x = Clock()
    y = Clock()
    t = Timer(max=9)
    n = Int(0, 1, init=0)

    def init(self):
        self.t.arm(7)

    @process
    def p(self):
        yield "a", after(2, 4)
        self.y = 0
        self.n = 1
        yield idle("b")
        when(False)

    @expires("t")
    def due(self):
        pass

    @deadline
    def limit(self):
        return self.x <= 9 and self.y <= 9

    @{kind}
    def f(self):
        return {formula}
"""


@pytest.mark.parametrize(
    "kind, formula, time, told",
    [
        # `a` is taken at 2 at the earliest, and sets y to 0; what is not an instant that can be named is a unit later.
        ("invariant", "implies(self.n == 1, self.x - self.y < 2)", 2,
         ["self.n == 1 is true: self.n = 1", "x - y < 2 ns is false: x - y = 2 ns"]),
        ("invariant", "self.x <= 2", 3, ["x <= 2 ns is false: x = 3 ns"]),
        ("invariant", "implies(self.t.armed, self.t.remaining >= 5)", 3,
         ["self.t.armed is true: self.t = \"armed\"", "t.remaining >= 5 ns is false: t.remaining = 4 ns"]),
        ("invariant", "self.t.remaining >= 5", 3,
         ["self.t == \"armed\" is true: self.t = \"armed\"", "t.remaining >= 5 ns is false: t.remaining = 4 ns"]),
        ("invariant", "self.x < 3 or self.n == 1", 3,
         ["self.n == 1 is false: self.n = 0", "x < 3 ns is false: x = 3 ns"]),
        ("reachable", "self.n == 0 and self.x == 4", 4,
         ["self.n == 0 is true: self.n = 0", "x <= 4 ns is true: x = 4 ns", "x >= 4 ns is true: x = 4 ns"]),
    ],
)  # fmt: skip
def test_a_property_on_clocks_is_explained_with_their_values(kind: str, formula: str, time: int, told: list[str]) -> None:
    model = model_of(DENSE + TWO_STEPS.format(kind=kind, formula=formula))
    [found] = [p for p in check_model(model).properties if p.name == "f"]
    assert found.trace is not None
    lines = why.explain(model, found.trace).splitlines()
    value = "true" if kind == "reachable" else "false"
    start = lines.index(f"  It is {value} at {time} ns, because")
    assert [line.strip() for line in lines[start + 1 :]] == told


# --- what a spec is told ---


def test_a_comparison_without_a_deadline_is_told_with_its_state() -> None:
    """x and y may grow apart from everything known while n is 0 and the process waits at `a`."""
    text = """
class S(Spec):
    x = Clock()
    y = Clock()
    n = Int(0, 1, init=0)

    @process
    def p(self):
        yield "a"
        when(self.x - self.y > 3)
"""
    with pytest.raises(SpecError) as refused:
        check_model(model_of(DENSE + text))
    [found] = refused.value.diagnostics
    assert found.code == "C001" and 'n = 0, p at "a"' in found.message


ACTIONS_ALONE = """
class S(Spec):
    x = Clock()
    y = Clock()
    b = Bool(init=False)

    @action
    def turn(self):
        self.x = 0
        self.b = not self.b
{deadline}
    @invariant
    def close(self):
        return implies(self.b, self.y - self.x <= 3)
"""


def test_a_comparison_at_no_label_is_told_to_count_everywhere() -> None:
    """The condition `b` says nothing of labels; the deadline that the hint asks for is one that helps."""
    with pytest.raises(SpecError) as refused:
        check_model(model_of(DENSE + ACTIONS_ALONE.format(deadline="")))
    [found] = refused.value.diagnostics
    assert found.code == "C001" and found.hint and "in every state" in found.hint
    bounded = "\n    @deadline\n    def limit(self):\n        return self.x <= 100 and self.y <= 100\n"
    result = check_model(model_of(DENSE + ACTIONS_ALONE.format(deadline=bounded)))
    assert [p.name for p in result.properties if p.verdict == "violated"] == ["close"]


def test_an_initial_state_that_breaks_a_deadline_is_none() -> None:
    text = LATE + "\n    @deadline\n    def limit(self):\n        return self.x < 0\n"
    result = check_model(model_of(DENSE + text))
    assert result.statistics is not None and result.statistics.generated == 0
    assert (result.exit_code, [v.name for v in result.vacuity]) == (21, ["initial"])
    assert "there is no initial state" in result.vacuity[0].message


# condition, head of the file, when the last step was possible: read off the bounds
LAST = {
    "up to a bound": ("self.x <= 5", DENSE, "after 5 ns"),
    "below a bound": ("self.x < 5", DENSE, "from 5 ns on"),
    "below a bound in whole numbers": ("self.x < 5", HEAD, "after 4 ns"),
    "at one moment": ("self.x == 0", DENSE, "after 0 ns"),
    "far away": ("self.x <= 1_000_000_007", DENSE, "after 1000000007 ns"),
    "never": ("self.x < 0", DENSE, ""),
}


@pytest.mark.parametrize("name", LAST)
def test_when_the_last_step_was_possible(name: str) -> None:
    condition, head, wanted = LAST[name]
    step = f'        yield "a"\n        when({condition})\n'
    model = model_of(f"{head}\nclass S(Spec):\n    x = Clock()\n\n    @process\n    def p(self):\n{step}")
    trace = stuck(model)
    assert times.too_late(model, trace) == wanted
    assert (f"{wanted} no step can be taken any more" if wanted else "at any time") in why.explain(model, trace, width=200)
    assert ("some time after" in heading(trace)) == bool(wanted)


def test_when_the_last_step_was_possible_after_others() -> None:
    """The step before is taken at some time, and `b` is possible until 3 ns after that."""
    model = model_of(DENSE + LATE.replace("self.x == 3", "self.x <= 3"))
    trace = stuck(model)
    assert trace.timeline is not None
    arrived = trace.timeline.instants[-1].time
    assert times.too_late(model, trace) == f"after {arrived + 3} ns"
