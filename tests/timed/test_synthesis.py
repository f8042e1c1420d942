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
from modelcheck.timed import parameters, projection, synthesis
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
MODELS = 12  # of each flavour, at 16 valuations each


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
    return any(places[0] == len(net.processes[0].locations) - 1 for places, _ in Brute(net, of.most).explore().depth)


def contradictions(of: Template) -> list[tuple[int, ...]]:
    """The valuations at which the regions are wrong."""
    found = synthesized(of)
    assert found.complete
    wrong = [p for p in POINTS if any(linear.holds(b, p) for b in found.bad) != violated(of, p)]
    return wrong + [p for p in POINTS if any(linear.holds(s, p) for s in found.safe) == violated(of, p)]


@pytest.mark.parametrize("flavour", FLAVOURS.values(), ids=FLAVOURS)
def test_regions_agree_with_plain_explorations(flavour: Flavour) -> None:
    wrong = {seed: contradictions(t) for seed, t in templates(flavour, MODELS)}
    assert not {seed: points for seed, points in wrong.items() if points}


@pytest.mark.parametrize("flavour", [FLAVOURS["discrete"], FLAVOURS["discrete intervals"], FLAVOURS["dense"]], ids=str)
def test_plain_explorations_agree_with_explicit_clocks(flavour: Flavour) -> None:
    compared = 0
    for _, of in templates(flavour, 6):
        for point in POINTS[::5]:
            try:
                expected = reached(of, point)
            except OverflowError:
                continue
            assert violated(of, point) == expected
            compared += 1
    assert compared >= 12


def test_both_answers_occur() -> None:
    """So that agreement says something: regions with a border inside."""
    inside = 0
    for _, of in templates(FLAVOURS["dense"], MODELS):
        answers = {any(linear.holds(b, p) for b in found.bad) for found in [synthesized(of)] for p in POINTS}
        inside += len(answers) == 2
    assert inside >= 2


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


@pytest.mark.parametrize("dense, expected", [(True, HalfSpace((0, 1, -1), True)), (False, HalfSpace((-1, 1, -1), False))])
def test_a_step_before_another(dense: bool, expected: HalfSpace) -> None:
    """Some time x >= q has x < p if and only if q < p; of whole numbers, q + 1 <= p."""
    found = synthesized(Template(ORDER, dense, 3))
    assert found.bad == ((expected,),)


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
    known = (*found.bad, *found.safe, *found.unexplored)
    assert all(sum(any(linear.holds(p, point) for p in region) for region in (found.bad, found.safe, found.unexplored)) == 1 for point in POINTS)
    assert known


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


MUTATIONS = {
    "nothing is recorded": (Numbers, "record", without_recording),
    "projections are too large": (synthesis, "possible", shifted),
    "coverings are not recorded": (
        Numbers,
        "included",
        lambda self, d, other: all(x <= y for x, y in zip(d.values, other.values)),
    ),
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

    assert any(noticed(t) for name in ("dense", "dense intervals") for _, t in templates(FLAVOURS[name], 150))
