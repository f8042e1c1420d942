"""The regions of parameters against plain explorations at every valuation, and against explicit clocks; known answers;
and that a broken step of the synthesis is noticed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from modelcheck import backends
from modelcheck.ir import linear
from modelcheck.ir.linear import HalfSpace
from modelcheck.search.exploration import Goal
from modelcheck.timed import projection, synthesis
from modelcheck.timed.checking import Options, explore
from modelcheck.timed.parameters import Numbers, Parametric
from modelcheck.timed.synthesis import Synthesis, synthesize
from tests.timed.brute import Brute
from tests.timed.parametric import POINTS, Template, template, templates
from tests.timed.random_networks import Flavour

FLAVOURS = {
    "dense": Flavour(),
    "dense intervals": Flavour(intervals=True),
    "dense diagonals": Flavour(diagonals=True),
    "discrete": Flavour(dense=False),
    "discrete intervals": Flavour(dense=False, intervals=True),
}
# Seeds of models that are violated at some corners of the parameters and not at others, of the first 75 of each flavour:
# most are at all or at none.
BORDERS = {
    "dense": (2, 5, 14, 19, 37, 49, 56, 57, 59, 81),
    "dense intervals": (2, 14, 19, 21, 33, 43, 49, 53, 56, 57, 59),
    "dense diagonals": (30, 33, 35, 46, 60),
    "discrete": (2, 5, 14, 19, 37, 49, 56, 57, 59, 81),
    "discrete intervals": (2, 14, 19, 21, 33, 43, 49, 53, 56, 57, 59),
}
OTHERS = 3  # besides, of each flavour


def synthesized(of: Template, seconds: float = 60) -> Synthesis:
    model = of.parametric()
    assert model.timing is not None
    parametric = Parametric(model, model.timing, backends.build("python", model), model.properties[0])
    now = time.monotonic()
    parametric.ignore_time(now + seconds)
    return synthesize(parametric, until=now + seconds, iterations=200)


def violated(of: Template, point: tuple[int, ...]) -> bool:
    """By zones without parameters."""
    model = of.model(point)
    target = model.properties[0].predicate
    assert target is not None
    seen = explore(model, backends.build("python", model), Options(goal=Goal(invariants=(target,))))
    return bool(seen.exploration.findings)


def reached(of: Template, point: tuple[int, ...]) -> bool:
    """By explicit clocks. Raises OverflowError where there are too many."""
    net = of.at(point)
    last = len(net.processes[0].locations) - 1
    return any(places[0] == last for places, _ in Brute(net, of.most).explore().depth)


def contradictions(of: Template) -> list[tuple[int, ...]]:
    """The valuations at which the regions are wrong."""
    found = synthesized(of)
    assert found.complete
    answers = {p: violated(of, p) for p in POINTS}
    wrong = [p for p in POINTS if any(linear.holds(b, p) for b in found.bad) != answers[p]]
    return wrong + [p for p in POINTS if any(linear.holds(s, p) for s in found.safe) == answers[p]]


@pytest.mark.parametrize("name", FLAVOURS)
def test_regions_agree_with_plain_explorations(name: str) -> None:
    """At all 16 valuations of each model."""
    models = [*((seed, template(seed, FLAVOURS[name])) for seed in BORDERS[name]), *templates(FLAVOURS[name], OTHERS)]
    wrong = {seed: contradictions(t) for seed, t in models}
    assert not {seed: points for seed, points in wrong.items() if points}


@pytest.mark.parametrize("name", FLAVOURS)
def test_the_border_is_inside(name: str) -> None:
    """So that agreement says something."""
    for seed in BORDERS[name][:3]:
        of = template(seed, FLAVOURS[name])
        assert len({violated(of, p) for p in POINTS}) == 2


@pytest.mark.parametrize("name", ["discrete", "discrete intervals", "dense"])
def test_plain_explorations_agree_with_explicit_clocks(name: str) -> None:
    compared = 0
    for seed in BORDERS[name][:5]:
        of = template(seed, FLAVOURS[name])
        for point in POINTS[::5]:
            try:
                expected = reached(of, point)
            except OverflowError:
                continue
            assert violated(of, point) == expected
            compared += 1
    assert compared >= 8


# --- known answers ---

RACE = """
clock x y
process timer
location armed | x <= {p}
location fired
edge armed fired tau | x == {p} |
process cpu
location user | y <= {q}
location guest
edge user guest tau | y == {q} |
"""


@pytest.mark.parametrize("dense", [True, False])
def test_a_timer_against_a_step(dense: bool) -> None:
    """The timer fires at p whatever q is: then the first process is at its second place, for all valuations."""
    found = synthesized(Template(RACE, dense, 3))
    assert found.bad == ((),) and found.safe == () and found.complete


ORDER = """
clock x
int v 0 1 0
process first
location start
location wrong
edge start wrong tau | v == 1 and x < {p} |
process second
location start
location done
edge start done tau | x >= {q} | v = 1
"""


@pytest.mark.parametrize(
    "dense, expected", [(True, HalfSpace((0, 1, -1), True)), (False, HalfSpace((-1, 1, -1), False))]
)
def test_a_step_before_another(dense: bool, expected: HalfSpace) -> None:
    """Some time x >= q has x < p if and only if q < p; of whole numbers, q + 1 <= p."""
    found = synthesized(Template(ORDER, dense, 3))
    assert found.bad == ((expected,),)


COVERED = """
clock x
process only
location start
location second urgent
location wrong
edge start second tau | | x = [0, {p}]
edge start second tau | | x = [0, {q}]
edge second wrong tau | x >= 3 |
"""
ABSTRACTED = """
clock x
process only
location start
location middle
location wrong
edge start middle tau | x >= {p} |
edge middle wrong tau | x <= 1 |
"""
CRAFTED = {
    "a zone is covered where q <= p": (COVERED, lambda p, q: max(p, q) >= 3),
    "a lower bound beyond all others": (ABSTRACTED, lambda p, q: p <= 1),
}


@pytest.mark.parametrize("text, expected", CRAFTED.values(), ids=CRAFTED)
def test_what_must_be_recorded(text: str, expected: Any) -> None:
    found = synthesized(Template(text, True, 3))
    assert [p for p in POINTS if any(linear.holds(b, p) for b in found.bad)] == [p for p in POINTS if expected(*p)]


def test_time_that_is_ignored_answers_at_once() -> None:
    of = Template(ORDER.replace("v = 1", "v = 0"), True, 3)
    found = synthesized(of)
    assert found.safe == ((),) and len(found.safe_at) == 1 and found.zones == 0


def test_a_limit_leaves_a_region_unexplored() -> None:
    model = Template(ORDER, True, 3).parametric()
    assert model.timing is not None
    parametric = Parametric(model, model.timing, backends.build("python", model), model.properties[0])
    found = synthesize(parametric, until=time.monotonic() + 60, iterations=1)
    assert not found.complete and found.stopped and len(found.bad_at) + len(found.safe_at) == 1
    regions = found.bad, found.safe, found.unexplored
    assert all(sum(any(linear.holds(p, x) for p in region) for region in regions) == 1 for x in POINTS)


# --- text ---


@pytest.mark.parametrize(
    "halves, integers, text",
    [
        ([((0, -1, 1, 0), True), ((0, 0, -1, 1), True)], False, "a < b < c"),
        ([((-1, -1, 1, 0), False), ((-1, 0, -1, 1), False)], True, "a < b < c"),
        ([((250_999, 0, -1, 0), False)], True, "b < 251000"),
        ([((-5, 1, 0, 0), False)], True, "a >= 5"),
        ([((0, 2, -1, -3), False)], False, "b + 3 * c <= 2 * a"),
        ([((0, 1, -1, 0), False), ((0, -1, 1, 0), False)], False, "b == a"),
        ([], False, "always"),
    ],
)
def test_text(halves: Any, integers: bool, text: str) -> None:
    assert linear.shown(tuple(HalfSpace(e, s) for e, s in halves), "abc", integers=integers) == text


# --- broken on purpose ---


def without_recording(self: Any, expr: Any, strict: bool) -> None:
    pass


def shifted(system: Any, extents: Any) -> Any:
    """As if every path were possible a little further."""
    found = projection.possible(system, extents)
    return tuple(HalfSpace((h.expr[0] + 1, *h.expr[1:]), h.strict) for h in found)


def included_unrecorded(self: Any, d: Any, other: Any) -> bool:
    return all(x <= y for x, y in zip(d.values, other.values))


def lowered_unrecorded(self: Any, d: Any, j: int, limit: int, never: bool) -> None:
    d.values[j], d.exprs[j] = -2 * limit * self.scale, (-limit, 0, 0)


MUTATIONS = {
    "nothing is recorded": (Numbers, "record", without_recording),
    "projections are too large": (synthesis, "possible", shifted),
    "coverings are not recorded": (Numbers, "included", included_unrecorded),
    "what is abstracted is not recorded": (Numbers, "_lowered", lowered_unrecorded),
}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_a_broken_synthesis_is_noticed(mutation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, broken = mutation
    monkeypatch.setattr(owner, name, broken)

    def noticed(of: Template) -> bool:
        try:
            return bool(contradictions(of))
        except Exception as error:  # the regions contradict each other: noticed by synthesize itself
            return "bad and safe" in str(error) or "does not hold there" in str(error)

    models = [*(Template(text, True, 3) for text, _ in CRAFTED.values())]
    models += [template(seed, FLAVOURS["dense"]) for seed in BORDERS["dense"]]
    assert any(map(noticed, models))
