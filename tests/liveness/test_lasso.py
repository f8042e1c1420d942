"""The measure of lassos, against a search over everything that could be met; folding; assumption cores."""

from __future__ import annotations

import heapq
import random

import pytest

from modelcheck.liveness import minimal_fairness
from modelcheck.liveness.buchi import Automaton, Edge, automaton
from modelcheck.liveness.checking import check
from modelcheck.liveness.emptiness import fair_components, reachable
from modelcheck.liveness.formula import Literal, leaves, negation, translate
from modelcheck.liveness.lasso import Behaviour, cost, folded, nearest
from modelcheck.liveness.letters import letters_of
from modelcheck.liveness.product import STUTTER, Product, product
from modelcheck.liveness.reduce import reduced
from tests.liveness.graphs import Explicit, T, P, model_of, random_formula, random_system, space_of


def walked(system: Explicit, formula) -> tuple[Product, object]:
    model = model_of(formula)
    shared = space_of(system, model)
    atoms = leaves(formula)
    letters = letters_of(model, system, shared.exploration.states, shared.graph, atoms)
    negated = negation(translate(formula, lambda e: Literal(atoms.index(e), True)))
    return product(shared.graph, letters, reduced(automaton(negated))), shared.fairness


def cheapest(found: Product, fairness) -> tuple[int, int] | None:
    """(steps of the stem, steps of the cycle) by the measure: Dijkstra over nodes and the set of all events so far."""

    def price(edge: int) -> int:
        return 0 if edge == STUTTER and found.free else 1

    def enabled(node: int) -> set[int]:
        row = node // found.states
        actions = found.graph.action[found.graph.first[row] : found.graph.first[row + 1]]
        return {int(g) for g in fairness.group[actions]} & {*range(len(fairness.groups))}

    def passed(node: int) -> frozenset:
        on = enabled(node)
        return frozenset([("on", g) for g in on] + [("off", g) for g in range(len(fairness.groups)) if g not in on])

    def met(events: frozenset) -> bool:
        for g, group in enumerate(fairness.groups):
            excused = ("off", g) in events if group.kind == "weak" else ("on", g) not in events
            if not excused and ("taken", g) not in events:
                return False
        return all(("mark", i) in events for i in range(found.automaton.sets))

    def after(events: frozenset, node: int, edge: int, marks: int) -> frozenset:
        taken = {("taken", int(fairness.group[found.graph.action[edge]]))} if edge != STUTTER else set()
        return events | passed(node) | taken | {("mark", i) for i in range(found.automaton.sets) if marks >> i & 1}

    def cycle(entry: int) -> int | None:
        queue, best, number = [(0, 0, entry, passed(entry))], {}, 0
        while queue:
            spent, order, node, events = heapq.heappop(queue)
            if order and node == entry and met(events):
                return max(1, spent)
            if (node, events) in best and order:
                continue
            best[node, events] = spent
            for other, edge, marks in found.successors(node):
                number += 1
                heapq.heappush(queue, (spent + price(edge), number, other, after(events, other, edge, marks)))
        return None

    stems, queue = {}, [(0, int(node)) for node in found.initial]
    while queue:
        spent, node = heapq.heappop(queue)
        if node not in stems:
            stems[node] = spent
            for other, edge, _ in found.successors(node):
                heapq.heappush(queue, (spent + price(edge), other))
    ways = [(stem, loop) for node, stem in stems.items() if (loop := cycle(node)) is not None]
    return min(ways, default=None)


@pytest.mark.parametrize("block", range(10))
def test_stem_and_cycle_are_the_shortest(block: int) -> None:
    for seed in range(10 * block, 10 * block + 10):
        rng = random.Random(seed)
        system = random_system(rng, 6)
        found, fairness = walked(system, random_formula(rng, 3, len(system.actions)))
        components = fair_components(found, fairness, reachable(found))
        expected = cheapest(found, fairness)
        assert (components.count > 0) == (expected is not None), seed
        if expected is not None:
            way = nearest(found, fairness, components)
            stem = sum(edge != STUTTER or not found.free for _, edge in way.stem)
            assert way.shortest and (stem, cost(way.cycle, found.free)) == expected, seed
            rough = nearest(found, fairness, components, budget=1)
            assert cost(rough.cycle, found.free) >= expected[1], seed


def test_stuttering_is_looked_at_before_any_step() -> None:
    """Three stutters and a step come to the same node as two steps, and cost less: 0 -> 2 instead of 0 -> 1 -> 2, then
    back. There are two nodes to go back from; the one that only the two steps lead to is found first. By hand, for no
    formula of the random ones needs so long a row of stutters."""
    everywhere, two = (frozenset({0, 1, 2}), frozenset({2}))
    steps = ((0, 1), (1, 2)), ((2, 2),), ((3, 0),)
    system = Explicit((0,), steps, ((0, None),) * 4, (two, frozenset({1}), everywhere))
    p, q = 1, 2  # the bits of P[0], which holds in state 2, and of P[1], which holds in state 1
    slow, fast = Edge(1, 0, p, 0), Edge(2, 0, p, 0)
    edges = (
        (slow, fast), (Edge(5, q, 0, 0), Edge(6, q, 0, 0)), (Edge(3, 0, q, 0),), (Edge(4, 0, q, 0),),
        (Edge(6, 0, q, 0),), (Edge(0, p, 0, 1),), (Edge(0, p, 0, 1),),
    )  # fmt: skip
    formula = T("and", P[0], P[1])
    shared = space_of(system, model_of(formula))
    letters = letters_of(shared.model, system, shared.exploration.states, shared.graph, leaves(formula))
    found = product(shared.graph, letters, Automaton(0, edges, 1))
    components = fair_components(found, shared.fairness, reachable(found))
    way = nearest(found, shared.fairness, components)
    assert cheapest(found, shared.fairness) == (0, 2)
    assert (len(way.stem), cost(way.cycle, found.free), way.shortest) == (0, 2, True)


def test_a_cycle_beyond_the_budget_says_so() -> None:
    ring = tuple(((i, (i + 1) % 6), (6 + i, (i + 2) % 6)) for i in range(6))
    system = Explicit((0,), ring, tuple((i, "strong") for i in range(12)), (frozenset(),) * 3)
    found, fairness = walked(system, T("eventually", P[0]))
    components = fair_components(found, fairness, reachable(found))
    assert nearest(found, fairness, components).shortest
    assert not nearest(found, fairness, components, budget=5).shortest


S = STUTTER
FOLDED = [  # stem, cycle, whether stuttering is free, stem and cycle afterwards
    ([(0, 1)], [(1, 2), (0, 1)], True, [], [(0, 1), (1, 2)]),
    ([(0, 1), (1, S)], [(1, 2), (2, S), (2, 3)], True, [(0, 1)], [(1, 2), (2, 3)]),
    ([(0, 1), (1, S)], [(1, 2), (2, S), (2, 3)], False, [(0, 1), (1, S)], [(1, 2), (2, S), (2, 3)]),
    ([(0, 1)], [(1, S), (1, S)], True, [(0, 1)], [(1, S)]),
    ([], [(0, 1), (1, 0), (0, 1), (1, 0)], True, [], [(0, 1), (1, 0)]),
]


@pytest.mark.parametrize("stem, cycle, free, after_stem, after_cycle", FOLDED)
def test_folding(stem, cycle, free: bool, after_stem, after_cycle) -> None:
    assert folded(Behaviour(tuple(stem), tuple(cycle)), free) == Behaviour(tuple(after_stem), tuple(after_cycle))


@pytest.mark.parametrize("seed", range(40))
def test_an_assumption_core_is_minimal(seed: int) -> None:
    rng = random.Random(seed)
    system, formula = random_system(rng, 6), T("leads_to", P[0], P[1])
    model = model_of(formula)
    shared = space_of(system, model)
    core = minimal_fairness(shared, model.properties[0])
    assert (core is not None) == (check(shared, model.properties[0]).holds is True)
    if core is not None:
        kept = [shared.fairness.groups.index(m.group) for m in core.members]
        assert check(shared, model.properties[0], shared.fairness.only(kept)).holds
        for g in kept:
            fewer = shared.fairness.only([k for k in kept if k != g])
            assert check(shared, model.properties[0], fewer).holds is False
