"""The store that covers zones by others, and what the one search makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from modelcheck import backends
from modelcheck.errors import UsageError
from modelcheck.search import bfs
from modelcheck.search.exploration import Goal, Limits
from modelcheck.timed import discrete
from modelcheck.timed.checking import Options, TimedExploration, explore
from modelcheck.timed.plain import Plain, Rows
from modelcheck.timed.store import ZoneStore
from tests.models import counter, negate
from tests.timed import published
from tests.timed.networks import Network

# From l0 straight to t, with x = y; or by c, where y is set at any time: 0 <= y <= x, one level later, and first in
# the queue. The second covers the first before its turn, so full covering finds `bad` only from the second.
OVERTAKEN = """
clock x y
process P
location l0
location c
location t
location bad
location other
edge l0 c tau
edge l0 t tau
edge c t tau | | y = 0
edge t bad tau | x <= 3 and y >= 1
edge t other tau | x >= 2 and y <= 1
"""


def search(text: str, options: Options, **bad: str) -> TimedExploration:
    network = Network(text)
    model = network.model()
    if bad:
        model = replace(model, predicates=(*model.predicates, negate(network.places(**bad))))
        options = replace(options, goal=Goal(invariants=(len(model.predicates) - 1,)))
    return explore(model, backends.build("python", model), options)


@pytest.mark.parametrize("shortest, steps", [(False, 3), (True, 2), (None, 2)])
def test_a_violation_is_shown_in_the_fewest_steps(shortest: bool | None, steps: int) -> None:
    seen = search(OVERTAKEN, Options(shortest=shortest), P="bad")
    (finding,) = seen.exploration.findings
    assert len(seen.rows_to(finding.state)) - 1 == steps
    assert len(seen.witness(finding).times) - 1 == steps


def test_what_holds_is_counted_with_full_covering() -> None:
    """5 zones are visited, not 6: the one that was overtaken is not, and its two steps do not count, though they were
    taken in one block with those of what overtook it. The others: from l0 to c and t, from c to t, to bad and other."""
    seen = search(OVERTAKEN, Options(thorough=True))
    assert (seen.visited, seen.transitions, seen.stored, len(seen.zones)) == (5, 5, 5, 6)
    assert int(seen.exploration.taken.sum()) == 5
    assert seen.exploration.complete and seen.exploration.queued == 0


def test_a_retired_row_is_not_expanded_and_not_counted() -> None:
    """fischer 5: 977 zones are visited, 2290 steps taken, 727 stay (TChecker); the others found are retired."""
    seen = search(published.fischer(5), Options(thorough=True))
    assert int(seen.exploration.expanded.sum()) == 977 < len(seen.zones)
    assert int(seen.exploration.taken.sum()) == seen.transitions == 2290
    assert seen.exploration.queued == 0


def test_a_limit_says_how_many_are_queued() -> None:
    seen = search(published.fischer(5), Options(thorough=True, limits=Limits(depth=6)))
    assert seen.exploration.stopped == "depth" and not seen.exploration.complete
    waiting = len(seen.zones) - seen.visited
    assert 0 < seen.exploration.queued <= waiting


def test_a_constraint_leaves_rows_out_of_the_queue() -> None:
    """Rows that it cuts may be covered too; neither are counted twice."""
    network = Network(published.fischer(4))
    model = network.model()
    kept = negate(network.places(P1="cs"))
    model = replace(model, predicates=(*model.predicates, kept))
    goal = Goal(constraints=(len(model.predicates) - 1,))
    seen = explore(model, backends.build("python", model), Options(goal=goal, thorough=True))
    cut = seen.system.predicates(seen.zones.view(np.uint64), goal.constraints)[:, 0] == 0
    assert seen.exploration.queued == 0
    assert seen.exploration.constrained == int(cut.sum()) > 0
    assert not seen.exploration.expanded[cut].any()


def test_another_engine_may_do_the_work() -> None:
    """One that notes how many rows it is asked for: fischer 3 expands 71 (TChecker); none was retired in its block."""
    asked: list[int] = []

    class Noting(Plain):
        def successors(self, rows: Rows) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
            asked.append(len(rows))
            return super().successors(rows)

    seen = search(published.fischer(3), Options(thorough=True, engine=Noting))
    assert sum(asked) == seen.visited == 71


def test_covering_is_not_combined_with_what_moves_states_elsewhere(tmp_path: Path) -> None:
    system = backends.build("python", counter())
    with pytest.raises(UsageError):
        bfs.search(system, Goal(), covering=ZoneStore(5), spill=tmp_path)


def test_many_discrete_states_are_expanded_by_the_upgraded_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the counts of TChecker, as before."""
    monkeypatch.setattr(discrete, "NATIVE_AT", 100)
    model = Network(published.fischer(5)).model()
    asked = []

    def upgrade() -> object:
        asked.append(True)
        return backends.build("llvm", model)

    seen = explore(model, backends.build("python", model), Options(thorough=True, upgrade=upgrade))  # type: ignore
    assert asked == [True]
    assert (seen.visited, seen.transitions, seen.stored) == (977, 2290, 727)


def test_the_store_finds_the_zone_that_includes_another() -> None:
    store = ZoneStore(3)
    rows = np.array([[0, 5, 9], [0, 9, 5], [1, 1, 1]], np.int64)
    nowhere = np.full(3, -1, np.int64)
    store.insert(rows.view(np.uint64), nowhere, nowhere)
    asked = np.array([[0, 4, 9], [0, 6, 6], [1, 1, 1], [7, 0, 0]], np.int64)
    assert store.find(asked.view(np.uint64)).tolist() == [0, -1, 2, -1]
