"""The one loop: counts, findings, stop rules and limits, the same however the work is divided."""

from dataclasses import fields

import numpy as np
import pytest

from modelcheck.errors import InternalError
from modelcheck.search import bfs
from modelcheck.search.bfs import search
from modelcheck.search.exploration import Exploration, Finding, Goal, Limits
from tests.interpreted import Interpreted
from tests.models import choices, every_fault, kick_and_serve, two_phase_commit, wide
from tests.search.systems import Fails, Toy, TwoPhaseCommit, Workers, action, counter, dynticks, mailbox

SILENT = Goal(deadlock=False)


def same(one: Exploration, other: Exploration) -> bool:
    names = [f.name for f in fields(Exploration) if f.name not in ("seconds", "native")]
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@pytest.mark.parametrize("managers, generated, distinct, depth", [(3, 1146, 288, 11), (6, 402_306, 50_816, 20)])
def test_published_counts(managers, generated, distinct, depth):
    seen = search(TwoPhaseCommit(managers), Goal(invariants=(0,), deadlock=False))
    assert (seen.generated, seen.distinct, seen.depth) == (generated, distinct, depth)
    assert seen.complete and not seen.findings
    assert seen.taken.sum() == generated - 1 and seen.initial_enabled


def test_two_systems_of_one_protocol_agree():
    seen, model = (search(s, SILENT) for s in (TwoPhaseCommit(3), Interpreted(two_phase_commit(3))))
    assert (seen.generated, np.diff(seen.levels).tolist()) == (model.generated, np.diff(model.levels).tolist())


SYSTEMS = {
    "two-phase commit": (lambda: TwoPhaseCommit(4), Goal(invariants=(0,))),
    "mailbox": (lambda: mailbox(5, careless=True), Goal(invariants=(0,), reachables=(1,))),
    "dynticks": (lambda: dynticks(guarded=False), Goal(invariants=(0,), deadlock=False)),
    "all faults": (lambda: Interpreted(every_fault()), Goal(invariants=(0,))),
    "choices": (lambda: Interpreted(choices()), Goal(invariants=(0,))),
    "several words": (lambda: Interpreted(wide(6)), Goal(deadlock=False)),
    "processes": (lambda: Interpreted(kick_and_serve(3)), Goal(invariants=(0,), reachables=(2,))),
    "constraint": (lambda: counter(40, invariants=(lambda n: n < 20 or n > 25,)), Goal(constraints=(0,))),
    "relations": (
        lambda: counter(9, relations=(lambda n, m: m - n < 2, lambda n, m: None if m == 9 else True)),
        Goal(step_invariants=(0, 1), step_watched=(0,)),
    ),
}


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("make, goal", SYSTEMS.values(), ids=SYSTEMS)
def test_block_sizes_make_no_difference(make, goal, thorough):
    whole = search(make(), goal, thorough=thorough, block=4096)
    for block in (1, 7):
        assert same(whole, search(make(), goal, thorough=thorough, block=block))


@pytest.mark.parametrize("capacity", [1, 3])
@pytest.mark.parametrize("goal", [Goal(), Goal(constraints=(0,))], ids=["all", "cut"])
def test_a_system_may_answer_a_part_of_a_block(goal, capacity):
    def make(**more) -> Toy:
        return counter(90, range(0, 80, 3), invariants=(lambda n: n % 7 != 1,), **more)

    part = make(capacity=capacity)
    assert same(search(make(), goal), search(part, goal, block=16))
    assert max(part.calls) > capacity


def test_a_system_that_answers_nothing_is_an_error_of_ours():
    with pytest.raises(InternalError):
        search(counter(4, capacity=0), Goal())


@pytest.mark.parametrize("make", [lambda: mailbox(4, careless=True), lambda: counter(30), lambda: TwoPhaseCommit(4)])
@pytest.mark.parametrize("thorough", [False, True])
def test_two_workers_find_the_same(make, thorough):
    alone = search(make(), Goal(), thorough=thorough)
    assert same(alone, search(Workers((make(), make())), Goal(), thorough=thorough, block=16))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_block_that_took_long_is_followed_by_smaller_ones(monkeypatch, workers):
    """Limits are looked at between blocks. Nothing else depends on how large they are; a limit of states does."""
    goal, asked = Goal((0,), deadlock=False), []

    def looks(**how):
        asked.clear()
        seen = search(
            TwoPhaseCommit(6), goal, block=8, native_at=1, workers=workers, interrupted=lambda: asked.append(1), **how
        )
        return seen, len(asked)

    plain, few = looks()
    monkeypatch.setattr(bfs, "PATIENCE_S", 0.0)
    slow, many = looks()
    assert same(plain, slow) and many > 4 * few
    limited = [looks(limits=Limits(states=3000))[0]]
    monkeypatch.setattr(bfs, "PATIENCE_S", 60.0)
    limited.append(looks(limits=Limits(states=3000))[0])
    assert limited[0].stopped == "states" and same(*limited)


def test_workers_may_answer_parts():
    one, other = (counter(90, range(0, 80, 3), capacity=capacity) for capacity in (1, 2))
    assert same(search(counter(90, range(0, 80, 3)), Goal()), search(Workers((one, other)), Goal(), block=16))
    assert max(one.calls) > 1 and max(other.calls) > 2


# --- findings ---------------------------------------------------------------------------------------------------------


def line(*ways, **more) -> Toy:
    """State i goes to each of ways[i]; two actions."""
    moves = {i: list(enumerate(targets)) for i, targets in enumerate(ways)}
    return Toy((0,), lambda s: moves.get(s, []), (action("a"), action("b")), **more)


INV, REACH = (lambda s: s != 2), (lambda s: s == 4)
FINDINGS = {
    "invariant": (line([1], [2], [3], [4], [4], invariants=(INV,)), Goal((0,)), [Finding("invariant", 2, 0)], 3),
    "initial": (line([0], invariants=(lambda s: False,)), Goal((0,)), [Finding("invariant", 0, 0)], 1),
    "both": (
        line([1], [2], [3], [4], [4], invariants=(INV, REACH)),
        Goal((0,), reachables=(1,)),
        [Finding("invariant", 2, 0), Finding("reachable", 4, 1)],
        5,
    ),
    "reachable alone": (
        line([1], [2], [3], [4], [5], [5], invariants=(REACH,)), Goal(reachables=(0,)), [Finding("reachable", 4, 0)], 6,
    ),
    "deadlock": (line([1, 2], [1], [3], [2]), Goal(), [], 3),
    "deadlock found": (line([1, 2], [1], [4], [3]), Goal(), [Finding("deadlock", 3)], 3),
    "at rest": (line([1], rests=lambda s: s == 1), Goal(), [], 2),
    "deadlock not asked for": (line([1]), SILENT, [], 2),
    "fault": (
        line([1], [Fails(0), 2], [Fails(1)], sites=mailbox(1).sites), Goal(), [Finding("fault", 1, None, 0, 0)], 3,
    ),
    "initial fault": (
        line([0], start_faults=(1,), sites=mailbox(1).sites), Goal(), [Finding("fault", -1, None, -1, 1)], 1,
    ),
    "predicate fault": (
        line([1], [2], [2], invariants=(lambda s: None if s == 1 else True,)),
        Goal((0,)), [Finding("predicate_fault", 1, 0)], 2,
    ),
    "constraint fault": (
        line([1], [2], [2], invariants=(lambda s: None if s == 1 else True,)),
        Goal(constraints=(0,)), [Finding("predicate_fault", 1, 0)], 2,
    ),
    "step": (
        line([1, 0], [2, 0], [2], relations=(lambda s, t: t >= s,)),
        Goal(step_invariants=(0,)), [Finding("step_invariant", 1, 0, 1, None, (0,))], 3,
    ),
    "step fault": (
        line([1, 0], [0], relations=(lambda s, t: None if s == 1 else True,)),
        Goal(step_invariants=(0,)), [Finding("step_predicate_fault", 1, 0, 0, None, (0,))], 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("system, goal, findings, depth", FINDINGS.values(), ids=FINDINGS)
def test_findings(system, goal, findings, depth):
    seen = search(system, goal)
    assert (list(seen.findings), seen.depth) == (findings, depth)
    assert seen.stopped is None


def test_thorough_explores_all_and_keeps_the_first_of_each_kind():
    system = line([1], [2], [3, Fails(0)], [4, Fails(1)], [Fails(0)], invariants=(INV,), sites=mailbox(1).sites)
    seen = search(system, Goal((0,)), thorough=True)
    assert seen.complete
    assert [(f.kind, f.state) for f in seen.findings] == [("fault", 2), ("invariant", 2), ("fault", 3)]


def test_the_level_of_a_decision_is_finished_and_no_more():
    seen = search(counter(20, invariants=(lambda n: n != 3,)), Goal((0,)))
    assert (seen.states[:, 0].tolist(), seen.levels.tolist()) == ([0, 1, 2, 3, 4], [0, 1, 3, 5])
    assert (seen.generated, seen.queued, seen.complete) == (7, 2, False)
    assert seen.expanded.tolist() == [True] * 3 + [False] * 2


def test_parents_are_the_least():
    seen = search(line([1, 2], [3, 4], [4, 3], [3], [4]), Goal())
    assert (seen.parent.tolist(), seen.action.tolist()) == ([-1, 0, 0, 1, 1], [-1, 0, 1, 0, 1])


def test_states_that_a_constraint_cuts_are_looked_at_and_not_expanded():
    system = line([1, 2], [3], [], [4], [4], invariants=(lambda s: s != 2, lambda s: s not in (2, 3)))
    seen = search(system, Goal(invariants=(0,), constraints=(1,)), thorough=True)
    assert [(f.kind, f.state) for f in seen.findings] == [("invariant", 2)]
    assert (seen.distinct, seen.constrained, seen.queued, seen.complete) == (4, 2, 0, False)
    assert seen.expanded.tolist() == [True, True, False, False] and seen.stopped is None


def test_a_state_where_a_constraint_fails_is_not_expanded():
    system = line([1], [2], [3], [3], invariants=(lambda s: None if s == 2 else True,))
    seen = search(system, Goal(constraints=(0,)), thorough=True)
    assert (seen.distinct, seen.constrained) == (3, 1)
    assert [(f.kind, f.state) for f in seen.findings] == [("predicate_fault", 2)]


def test_figures_of_actions_and_predicates():
    invariants, relations = (lambda s: s == 1, lambda s: s == 7), (lambda s, t: s < t,)
    system = line([0, 1], [1], invariants=invariants, relations=relations, guards=2)
    seen = search(system, Goal(watched=(0, 1), step_watched=(0,)))
    assert (seen.taken.tolist(), seen.changed.tolist()) == ([2, 1], [0, 1])
    assert (seen.watched, seen.step_watched) == ({0: True, 1: False}, {0: True})
    assert seen.coverage.tolist() == [True, True] and seen.faulted.tolist() == [False, False]


@pytest.mark.parametrize(
    "system, enabled",
    [
        (line([]), False),
        (line([0]), True),
        (Toy((), lambda s: [], ()), False),
        (line([Fails(0)], sites=mailbox(1).sites), True),
    ],
    ids=["stuck", "moves", "no initial state", "fails"],
)
def test_initial_enabled(system, enabled):
    assert search(system, SILENT).initial_enabled == enabled


# --- limits -----------------------------------------------------------------------------------------------------------

LIMITS = {
    "states": (Limits(states=10), "states", None),
    "enough states": (Limits(states=101), None, 101),
    "depth": (Limits(depth=3), "depth", 5),
    "enough depth": (Limits(depth=52), None, 101),
    "one level": (Limits(depth=1), "depth", 1),
    "no time": (Limits(time_s=0.0), "time", 1),
    "no memory": (Limits(memory=1), "memory", 1),
    "enough": (Limits(10**6, 10**6, 1000.0, 2**50), None, 101),
}


@pytest.mark.parametrize("limits, stopped, distinct", LIMITS.values(), ids=LIMITS)
def test_limits(limits, stopped, distinct):
    seen = search(counter(100), Goal(), limits=limits, block=8)
    assert seen.stopped == stopped and distinct in (None, seen.distinct)
    assert seen.complete == (stopped is None)
    assert seen.queued == seen.distinct - seen.expanded.sum()
    assert (seen.queued > 0) == (stopped is not None)


class Breaks(Toy):
    """Breaks off at the n-th call of a method."""

    def arm(self, method: str, n: int, error: type[BaseException]):
        inner, self.left = getattr(self, method), n

        def armed(*args):
            self.left -= 1
            if self.left == 0:
                raise error
            return inner(*args)

        setattr(self, method, armed)
        return self


@pytest.mark.parametrize("error, stopped", [(KeyboardInterrupt, "interrupt"), (MemoryError, "memory")])
@pytest.mark.parametrize("method", ["successors", "predicates", "step_predicates", "initial"])
@pytest.mark.parametrize("n", [1, 5])
def test_a_search_that_is_broken_off_is_consistent(error, stopped, method, n):
    toy = counter(50, invariants=(lambda n: True,), relations=(lambda n, m: True,))
    system = Breaks(**{f.name: getattr(toy, f.name) for f in fields(Toy)}).arm(method, n, error)
    seen = search(system, Goal(invariants=(0,), step_invariants=(0,)), block=3)
    if method == "initial" and n > 1:
        assert seen.complete
        return
    assert seen.stopped == stopped and not seen.complete
    assert len(seen.states) == len(seen.parent) == len(seen.action) == len(seen.expanded)
    assert seen.levels[-1] == seen.distinct and (np.diff(seen.levels) > 0).all()
    assert seen.queued == seen.distinct - seen.expanded.sum()
    assert seen.generated == 0 or seen.generated == 1 + seen.taken.sum()


def test_a_search_can_be_asked_to_stop():
    asked = iter([False, False, True])
    seen = search(counter(50), Goal(), block=1, interrupted=lambda: next(asked))
    assert (seen.stopped, seen.expanded.sum()) == ("interrupt", 2)


def test_progress_ends_with_the_last_figures():
    told = []
    seen = search(counter(50), Goal(), progress=told.append)
    last = told[-1]
    assert (last.generated, last.distinct, last.queued, last.depth) == (seen.generated, 51, 0, seen.depth)
    assert len(told) <= 2 + seen.seconds / 0.2


# --- a clock ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("guarded, violated", [(False, True), (True, False)], ids=["untimed", "timed"])
def test_the_race_is_lost_only_without_the_clock(guarded, violated):
    seen = search(dynticks(guarded=guarded), Goal(invariants=(0,), deadlock=False))
    assert bool(seen.findings) == violated and seen.complete != violated
