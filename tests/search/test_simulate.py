import numpy as np
import pytest

from modelcheck.search.bfs import search
from modelcheck.search.exploration import Goal, Limits
from modelcheck.search.simulate import simulate
from tests.interpreted import Interpreted
from tests.models import choices, two_phase_commit
from tests.search.systems import TwoPhaseCommit, counter, mailbox

STEP = Goal(step_invariants=(0,))
CASES = {
    "invariant": (lambda: mailbox(4), Goal(invariants=(0,)), "invariant"),
    "deadlock": (lambda: mailbox(3, impatient=True), Goal(), "deadlock"),
    "fault": (lambda: mailbox(3, careless=True), Goal(), "fault"),
    "step": (lambda: counter(30, relations=(lambda n, m: n < 25 or m != 27,)), STEP, "step_invariant"),
    "choices": (lambda: Interpreted(choices()), Goal(invariants=(0,)), "invariant"),
}


@pytest.mark.parametrize("make, goal, kind", CASES.values(), ids=CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_it_finds_what_is_wrong_and_the_walk_is_one(make, goal, kind, seed):
    system = make()
    result = simulate(system, goal, steps=2000, seed=seed)
    assert result.finding is not None and result.finding.kind == kind
    assert result.finding.state == len(result.rows) - 1 and result.actions[0] == -1
    assert result.rows[0].tolist() in system.initial().target.tolist()
    for before, action, after in zip(result.rows, result.actions[1:], result.rows[1:]):
        answer = system.successors(before[None, :])
        assert [int(action), after.tolist()] in [[a, t] for a, t in zip(answer.action.tolist(), answer.target.tolist())]


def test_the_seed_decides():
    def walk(seed):
        system = counter(60, invariants=(lambda n: n < 50,))
        return simulate(system, Goal(invariants=(0,)), steps=100, seed=seed).rows

    assert np.array_equal(walk(7), walk(7))
    assert len({walk(seed).tobytes() for seed in range(5)}) == 5


def test_walks_end_and_begin_again():
    result = simulate(mailbox(2), Goal(), steps=50, seed=3, walks=8)
    assert (result.finding, result.stopped) == (None, None)
    assert result.walks > 8 and result.longest <= search(mailbox(2), Goal()).depth
    assert result.steps == result.taken.sum() > 0


@pytest.mark.parametrize(
    "limits, stopped, longest",
    [
        (Limits(depth=3), None, 3),
        (Limits(states=100), "states", None),
        (Limits(time_s=0.0), "time", 1),
        (Limits(memory=1), "memory", 1),
    ],
)
def test_limits(limits, stopped, longest):
    result = simulate(TwoPhaseCommit(4), Goal(deadlock=False), steps=200, seed=0, walks=5, limits=limits)
    assert result.stopped == stopped and longest in (None, result.longest)


def test_a_walk_does_not_go_on_where_a_constraint_cuts():
    system = counter(50, invariants=(lambda n: n < 10,))
    result = simulate(system, Goal(constraints=(0,)), steps=100, seed=0, walks=4)
    assert result.finding is None and result.longest <= 11


def test_an_initial_state_may_be_wrong():
    result = simulate(counter(5, invariants=(lambda n: False,)), Goal(invariants=(0,)), steps=5, seed=0)
    assert (result.finding.kind, result.rows.tolist(), result.actions.tolist()) == ("invariant", [[0]], [-1])


def test_the_initialisation_may_fail():
    system = counter(5, start_faults=(0,), sites=mailbox(1).sites)
    result = simulate(system, Goal(), steps=5, seed=0)
    assert (result.finding.kind, result.finding.state, len(result.rows)) == ("fault", -1, 0)


def test_a_part_of_a_block_may_be_answered():
    goal = Goal(deadlock=False)
    whole, part = (simulate(counter(40, capacity=c), goal, steps=60, seed=5, walks=9) for c in (10**9, 9))
    assert whole.steps == part.steps
    assert simulate(counter(40, capacity=2), goal, steps=60, seed=5, walks=9).steps == whole.steps


def test_models_walk():
    assert simulate(Interpreted(two_phase_commit(2)), Goal(deadlock=False), steps=20, seed=1, walks=3).steps == 60
