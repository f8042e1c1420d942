"""Explicit graphs as systems, random ones and random formulas about them, for tests of liveness."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Sequence

import numpy as np

from modelcheck.ir.nodes import ActionPredicate, Expr, Model, Property, Temporal, Variable
from modelcheck.ir.types import BOOL
from modelcheck.search import bfs
from modelcheck.search.exploration import Goal
from modelcheck.system import FAULT, ActionInfo, States, Successors
from modelcheck.liveness.checking import Space, space

ATOMS = 3
P = tuple(Variable(i, BOOL) for i in range(ATOMS))


@dataclass
class Explicit:
    """`edges[state]` are (action, target), in order of actions. `fairness[action]` is (group, weak, strong or None).
    `truth[atom]` are the states where an atom holds, `faults[atom]` those where it has no value."""

    start: tuple[int, ...]
    edges: tuple[tuple[tuple[int, int], ...], ...]
    fairness: tuple[tuple[int, str | None], ...]
    truth: tuple[frozenset[int], ...]
    faults: tuple[frozenset[int], ...] = (frozenset(),) * ATOMS
    width: int = 1
    guards: int = 0
    sites: tuple = ()
    actions: tuple[ActionInfo, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.actions = tuple(
            ActionInfo(f"a{i}", -1, f"a{i}", (), group, kind, None) for i, (group, kind) in enumerate(self.fairness)
        )

    def initial(self) -> Successors:
        return self._answer([[(-1, s) for s in self.start]])

    def successors(self, states: States) -> Successors:
        return self._answer([list(self.edges[s]) for s in states[:, 0].tolist()])

    def _answer(self, rows: list[list[tuple[int, int]]]) -> Successors:
        moves = [(i, a, t) for i, ways in enumerate(rows) for a, t in ways]
        return Successors(
            source=np.array([m[0] for m in moves], np.int64),
            action=np.array([m[1] for m in moves], np.int64),
            target=np.array([m[2] for m in moves], np.uint64).reshape(-1, 1),
            consumed=len(rows),
            faults=np.empty((0, 3), np.int64),
            coverage=np.zeros(0, np.bool_),
        )

    def predicates(self, states: States, ids: Sequence[int]):
        rows = [[FAULT if s in self.faults[i] else s in self.truth[i] for i in ids] for s in states[:, 0].tolist()]
        return np.array(rows, np.uint8).reshape(len(states), len(ids))

    def step_predicates(self, states: States, after: States, ids: Sequence[int]):
        return np.ones((len(states), len(ids)), np.uint8)

    def terminated(self, states: States):
        return np.zeros(len(states), np.bool_)


def model_of(*formulas: Expr) -> Model:
    """A model that has the atoms as predicates, and the formulas as properties p0, p1, ..."""
    properties = tuple(Property(f"p{i}", "temporal", f) for i, f in enumerate(formulas))
    return Model("Explicit", "explicit.py", (), (), (), (), (), properties, P, ())


def space_of(system: Explicit, model: Model) -> Space:
    return space(model, system, bfs.search(system, Goal(deadlock=False), thorough=True))


# --- formulas ---------------------------------------------------------------------------------------------------------


def T(operator: str, *args: Expr) -> Temporal:
    return Temporal(operator, args)


def happens(*actions: int) -> ActionPredicate:
    return ActionPredicate("happens", frozenset(actions))


def enabled(*actions: int) -> ActionPredicate:
    return ActionPredicate("enabled", frozenset(actions))


UNARY = ("always", "eventually", "infinitely_often", "eventually_always", "not")
BINARY = ("leads_to", "until", "weak_until", "and", "or", "implies")


def random_formula(rng: random.Random, depth: int, actions: int) -> Expr:
    if depth == 0 or rng.random() < 0.15:
        if rng.random() < 0.75:
            return rng.choice(P)
        members = rng.sample(range(actions), rng.randint(1, min(2, actions)))
        return rng.choice((happens, enabled))(*members)
    if rng.random() < 0.5:
        return T(rng.choice(UNARY), random_formula(rng, depth - 1, actions))
    operator = rng.choice(BINARY)
    return T(operator, *(random_formula(rng, depth - 1, actions) for _ in range(2)))


def random_system(rng: random.Random, most: int = 8) -> Explicit:
    count, actions = rng.randint(1, most), rng.randint(1, 5)
    kinds = [rng.choice((None, "weak", "weak", "strong")) for _ in range(rng.randint(1, 3))]
    fairness = []
    for _ in range(actions):
        group = rng.randrange(len(kinds))
        kind = kinds[group] if rng.random() < 0.85 else None
        fairness.append((group if kind else group + len(kinds), kind))
    density = rng.choice((0.6, 1.2, 2.0))
    edges = []
    for _ in range(count):
        ways = {(rng.randrange(actions), rng.randrange(count)) for _ in range(int(rng.expovariate(1 / density) + 0.5))}
        edges.append(tuple(sorted(ways)))
    truth = tuple(frozenset(s for s in range(count) if rng.random() < 0.5) for _ in range(ATOMS))
    start = tuple(rng.sample(range(count), min(count, rng.choice((1, 1, 2)))))
    return Explicit(start, tuple(edges), tuple(fairness), truth)
