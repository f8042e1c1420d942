"""TChecker's figures for its own examples: tck-reach -a covreach -s bfs, commit d711ace (elapsed zones, Extra_LU+ with
bounds by location, full covering), and nodes of the zone graph with equality. All are exact, so that any bound that is
off by one, any zone too many or too few, and any order of covering shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelcheck import backends
from modelcheck.ir.nodes import Property
from modelcheck.ir.timing import Atom, Bound, TimedProperty
from modelcheck.search.exploration import Goal
from modelcheck.timed.checking import Options, TimedExploration, explore
from tests.models import negate
from tests.timed import published
from tests.timed.networks import Network

# name, text, visited, transitions, stored, nodes with equality (None: not known, or too many for a test)
COUNTS = [
    ("fischer 3", published.fischer(3), 71, 126, 65, 71),
    ("fischer 4", published.fischer(4), 268, 552, 220, 292),
    ("fischer 5", published.fischer(5), 977, 2290, 727, 1277),
    ("fischer 6", published.fischer(6), 3458, 9132, 2378, 5798),
    ("fischer 7", published.fischer(7), 11951, 35266, 7737, 26651),
    ("csmacd 3", published.csmacd(3), 70, 147, 70, 391),
    ("csmacd 4", published.csmacd(4), 258, 583, 258, 1979),
    ("csmacd 5", published.csmacd(5), 850, 1977, 850, 8582),
    ("csmacd 6", published.csmacd(6), 2594, 6081, 2594, 34098),
    ("csmacd 7", published.csmacd(7), 7490, 17511, 7490, None),  # 128337
    ("train gate 2", published.train_gate(2), 56, 84, 56, 56),
    ("train gate 3", published.train_gate(3), 765, 1503, 765, 765),
    ("train gate 4", published.train_gate(4), 12000, 28800, 12000, 12000),
    ("fddi 3", published.fddi(3), 82, 105, 56, 219),
    ("fddi 5", published.fddi(5), 352, 465, 140, 1461),
    ("fddi 8", published.fddi(8), 2635, 3588, 341, None),
    ("critical region 2", published.critical_region(2), 219, 673, 191, 544),
    ("critical region 3", published.critical_region(3), 3872, 16675, 3015, None),  # 65653
    ("corsso 2", published.corsso(2), 573, 1480, 573, None),
    ("dining 3", published.dining(3), 40, 108, 40, 274),
    ("dining 4", published.dining(4), 177, 644, 177, 8861),
    ("dining 5", published.dining(5), 911, 4145, 911, None),  # 284601
    ("ad94", published.AD94, 4, 5, 4, 7),
]


def explored(text: str, options: Options = Options(thorough=True), backend: str = "python") -> TimedExploration:
    model = Network(text).model()
    return explore(model, backends.build(backend, model), options)


@pytest.mark.parametrize("text, counts", [(c[1], c[2:]) for c in COUNTS], ids=[c[0] for c in COUNTS])
def test_the_counts_are_tcheckers(text: str, counts: tuple[int, int, int, int | None]) -> None:
    seen = explored(text)
    assert (seen.visited, seen.transitions, seen.stored) == counts[:3]
    assert seen.exploration.complete
    if counts[3] is not None:
        assert explored(text, Options(thorough=True, covering=False)).visited == counts[3]


def test_the_counts_do_not_depend_on_the_back_end() -> None:
    seen = explored(published.fischer(5), backend="llvm")
    assert (seen.visited, seen.transitions, seen.stored) == (977, 2290, 727)


def reaching(text: str, **where: str) -> TimedExploration:
    """Until processes stand at locations."""
    network = Network(text)
    model = network.model()
    model = replace(model, predicates=(*model.predicates, negate(network.places(**where))))
    goal = Goal(invariants=(len(model.predicates) - 1,))
    return explore(model, backends.build("python", model), Options(goal=goal))


# Verdicts: Fischer's algorithm excludes each other if and only if the wait is longer than the write (Lamport 1987);
# the others from TChecker.
VERDICTS = [
    ("fischer", published.fischer(4), {"P1": "cs", "P2": "cs"}, False),
    ("fischer, waiting as long", published.fischer(4, test=">="), {"P1": "cs", "P2": "cs"}, True),
    ("train gate", published.train_gate(3), {"T1": "Cross", "T2": "Cross"}, False),
    ("dining, neighbours", published.dining(4), {"P1": "eat", "P2": "eat"}, False),
    ("dining, opposite", published.dining(4), {"P1": "eat", "P3": "eat"}, True),
    ("critical region", published.critical_region(2), {"cell1": "error"}, True),
]


@pytest.mark.parametrize("text, where, expected", [v[1:] for v in VERDICTS], ids=[v[0] for v in VERDICTS])
def test_verdicts(text: str, where: dict[str, str], expected: bool) -> None:
    assert bool(reaching(text, **where).exploration.findings) is expected


# What never has a future: TChecker's csmacd has a timelock (confirmed there by an observer: `cd` demands x < 26 while x
# may be up to 52); with x < 52 there is none. corsso and ad94 end quiescent.
FUTURES = [
    ("fischer 3", published.fischer(3), False, False),
    ("train gate 3", published.train_gate(3), False, False),
    ("fddi 3", published.fddi(3), False, False),
    ("critical region 2", published.critical_region(2), None, False),
    ("dining 3", published.dining(3), False, False),
    ("corsso 2", published.corsso(2), True, False),
    ("ad94", published.AD94, True, False),
    ("csmacd 3", published.csmacd(3), False, True),
    ("csmacd 3, telling late stations too", published.csmacd(3, late=52), False, False),
]


@pytest.mark.parametrize("text, quiescent, timelock", [f[1:] for f in FUTURES], ids=[f[0] for f in FUTURES])
def test_futures(text: str, quiescent: bool | None, timelock: bool) -> None:
    kinds = {f.kind for f in explored(text, Options(quiescent=True, timelock=True)).timed}
    assert ("timelock" in kinds) is timelock
    assert quiescent is None or ("quiescent" in kinds) is quiescent


@pytest.mark.parametrize("stations, overlap, reachable", [(3, 51, True), (3, 52, False), (4, 51, True), (4, 52, False)])
def test_csmacd_stations_send_together_for_less_than_twice_sigma(stations: int, overlap: int, reachable: bool) -> None:
    """The second begins less than sigma = 26 after the first, and both know of it less than sigma later."""
    network = Network(published.csmacd(stations))
    model = network.model()
    both = network.places(S1="Start", S2="Start")
    assert model.timing is not None
    late = Atom(0, network.clocks.index("x1") + 1, Bound(-overlap))
    timed = TimedProperty(0, ((len(model.predicates), (late,)),))
    model = replace(
        model,
        predicates=(*model.predicates, both),
        properties=(Property("overlap", "invariant", both),),
        timing=replace(model.timing, properties=(timed,)),
    )
    seen = explore(model, backends.build("python", model), Options(properties=(0,)))
    assert bool(seen.timed) is reachable
