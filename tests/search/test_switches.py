"""The second pass against every shortest path there is, by brute force, on small random systems."""

import random

import numpy as np
import pytest

from modelcheck.search.bfs import search
from modelcheck.search.exploration import Goal
from modelcheck.search.switches import agents, fewest_switches
from tests.search.systems import Fails, Toy, action, mailbox

ACTIONS = (action("a", 0), action("b", 1), action("c", 0), action("d", 2), action("e"), action("f"))
AGENT = (0, 1, 0, 2, 3, 4)


def system(seed: int, *, faulty: bool = False, **more) -> Toy:
    """30 states that move, up to 40; actions and targets at random, a third of them possibly backwards."""
    chance = random.Random(seed)

    def move(s: int) -> tuple[int, int | Fails]:
        nearest = s - 6 if chance.random() < 0.3 else s + 1
        return chance.randrange(6), chance.randrange(nearest, s + 9) % 40

    moves = {s: sorted({move(s) for _ in range(5)}) for s in range(30)}
    if faulty:
        for s in range(20, 30):
            moves[s][0] = (moves[s][0][0], Fails(s % 2))
    return Toy((0, 1), lambda s: moves.get(s, []), ACTIONS, sites=mailbox(1).sites, **more)


def brute_force(toy: Toy, length: int, is_end) -> int:
    """The fewest switches among all paths of `length` states whose last state, or one step out of it, is an end.
    is_end(state): None, or the agents of which one more step is taken (-1: none)."""
    best = 10**9
    stack = [(s, None, 0, 1) for s in toy.start]
    while stack:
        state, last, switches, states = stack.pop()
        if states == length:
            for agent in is_end(state):
                best = min(best, switches + (agent not in (-1, last) and last is not None))
            continue
        for a, target in toy.step(state):
            if not isinstance(target, Fails):
                stack.append((target, AGENT[a], switches + (last not in (None, AGENT[a])), states + 1))
    return best


def bad_relation(s: int, t: int) -> bool:
    return s < 24 or t % 3 != 0


def ends_of(kind: str, toy: Toy, asserted: bool):
    def invariant(s):
        return [-1] if s >= 33 else []

    def deadlock(s):
        return [] if toy.step(s) else [-1]

    def fault(s):
        return [AGENT[a] for a, t in toy.step(s) if isinstance(t, Fails) and (t.site == 0) == asserted]

    def step_invariant(s):
        return [AGENT[a] for a, t in toy.step(s) if not isinstance(t, Fails) and not bad_relation(s, t)]

    return {"invariant": invariant, "deadlock": deadlock, "fault": fault, "step_invariant": step_invariant}[kind]


GOALS = {
    "invariant": Goal(invariants=(0,), deadlock=False),
    "deadlock": Goal(),
    "fault": Goal(deadlock=False),
    "step_invariant": Goal(step_invariants=(0,), deadlock=False),
}


@pytest.mark.parametrize("kind", GOALS)
@pytest.mark.parametrize("seed", range(25))
def test_against_all_shortest_paths(kind, seed):
    toy = system(seed, faulty=kind == "fault", invariants=(lambda s: s < 33,), relations=(bad_relation,))
    seen = search(toy, GOALS[kind], thorough=True)
    for finding in (f for f in seen.findings if f.kind == kind):
        path = fewest_switches(seen, toy, finding)
        assert path is not None
        depth = int(np.searchsorted(seen.levels, finding.state, "right"))
        asserted = finding.site is not None and toy.sites[finding.site].is_assert
        assert len(path.rows) == len(path.actions) == depth
        assert path.switches == brute_force(toy, depth, ends_of(kind, toy, asserted))
        assert taken(toy, path.rows[:, 0].tolist(), path.actions.tolist())
        assert seen.states[path.finding.state].tolist() == path.rows[-1].tolist()
        own = [AGENT[a] for a in path.actions[1:]]
        own += [AGENT[path.finding.action]] if path.finding.action is not None else []
        assert path.switches == sum(a != b for a, b in zip(own, own[1:]))


def taken(toy: Toy, states: list[int], actions: list[int]) -> bool:
    pairs = zip(states, actions[1:], states[1:])
    return states[0] in toy.start and all((a, t) in toy.step(s) for s, a, t in pairs)


def test_agents_are_processes_and_actions_by_title():
    again = (*ACTIONS, action("e"))
    numbers = agents(again)
    assert numbers.tolist() == [*AGENT, 3]


def test_it_gives_up_beyond_its_bound():
    toy = system(0)
    seen = search(toy, Goal(), thorough=True)
    assert fewest_switches(seen, toy, seen.findings[0], bound=2) is None


def test_it_prefers_a_process_that_goes_on():
    moves = {0: [(0, 1), (1, 2)], 1: [(1, 3), (2, 4)], 2: [(0, 3)], 3: [(0, 5)], 4: [(0, 6)]}
    toy = Toy((0,), lambda s: moves.get(s, []), ACTIONS, invariants=(lambda s: s < 5,))
    seen = search(toy, Goal((0,)))
    path = fewest_switches(seen, toy, seen.findings[0])
    assert (path.rows[:, 0].tolist(), path.actions.tolist(), path.switches) == ([0, 1, 4, 6], [-1, 0, 2, 0], 0)
