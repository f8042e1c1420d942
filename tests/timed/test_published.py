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

JOBS = ((3, 2),), ((2, 5), (2, 4)), ((1, 4),), ((3, 5), (1, 3))  # job-shop.sh 3 4 5 15 3: machine, duration
# name, text, visited, transitions, stored, nodes with equality
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
    ("csmacd 7", published.csmacd(7), 7490, 17511, 7490, 128337),
    ("train gate 2", published.train_gate(2), 56, 84, 56, 56),
    ("train gate 3", published.train_gate(3), 765, 1503, 765, 765),
    ("train gate 4", published.train_gate(4), 12000, 28800, 12000, 12000),
    ("fddi 3", published.fddi(3), 82, 105, 56, 219),
    ("fddi 5", published.fddi(5), 352, 465, 140, 1461),
    ("fddi 8", published.fddi(8), 2635, 3588, 341, 18311),
    ("critical region 2", published.critical_region(2), 219, 673, 191, 544),
    ("critical region 3", published.critical_region(3), 3872, 16675, 3015, 65653),
    ("corsso 2", published.corsso(2), 573, 1480, 573, 5238),
    ("dining 3", published.dining(3), 40, 108, 40, 274),
    ("dining 4", published.dining(4), 177, 644, 177, 8861),
    ("dining 5", published.dining(5), 911, 4145, 911, 284601),
    ("ad94", published.AD94, 4, 5, 4, 7),
    ("fire alarm 4", published.fire_alarm(4), 27, 48, 27, 31),
    ("fire alarm 5", published.fire_alarm(5), 46, 100, 46, 51),
    ("fischer async 3", published.fischer_async(3), 71, 126, 65, 71),
    ("fischer async 4", published.fischer_async(4), 268, 552, 220, 292),
    ("gps 2 3", published.gps(2, 3, 3, 10), 16, 18, 16, 16),
    ("gps 3 2", published.gps(3, 2, 3, 10), 20, 22, 20, 20),
    ("job shop", published.job_shop(3, 15, JOBS), 375, 679, 375, 3086),
    ("leader election 3", published.leader_election(3), 154, 210, 154, 244),
    ("leader election 4", published.leader_election(4), 1471, 2848, 1471, 4455),
    ("parallel 6", published.parallel(6), 65, 193, 65, 65),
    ("parallel b 3", published.parallel_hurrying(3, lock=False), 79, 336, 79, 2848),
    ("parallel b 4", published.parallel_hurrying(4, lock=False), 633, 3640, 633, 229973),
    ("parallel c 3", published.parallel_hurrying(3, lock=True), 49, 180, 49, 1312),
    ("parallel c 4", published.parallel_hurrying(4, lock=True), 261, 1240, 261, 28311),
    ("corsso 2, acquiring longer", published.corsso(2, 3, 12, (1, 3)), 1259, 3276, 1187, 7298),
    ("dining 4, slow", published.dining(4, 5, 7, 2), 211, 704, 211, 21855),
    ("fischer 3, short waits", published.fischer(3, 1), 71, 126, 65, 71),
]


def explored(text: str, options: Options = Options(thorough=True), backend: str = "python") -> TimedExploration:
    model = Network(text).model()
    return explore(model, backends.build(backend, model), options)


@pytest.mark.parametrize("text, counts", [(c[1], c[2:]) for c in COUNTS], ids=[c[0] for c in COUNTS])
def test_the_counts_are_tcheckers(text: str, counts: tuple[int, int, int, int]) -> None:
    seen = explored(text)
    assert (seen.visited, seen.transitions, seen.stored) == counts[:3]
    assert seen.exploration.complete
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
