"""From fair components to a counterexample: the shortest stem, then the shortest fair cycle.

The measure. Steps that change the state count one; stuttering counts nothing unless the formula speaks of steps. Among
the nodes of the product in fair components the nearest to an initial one is entered (of the automaton's ways too, so
what the formula has to see first is part of the stem); of several as near, the one with the shortest cycle through it
that has all marks and is fair; of several of those, the first in breadth-first order. What is then found is folded:
stuttering steps that say nothing are left out, a cycle that repeats itself is cut to one round, and a stem that ends as
the cycle does is shortened. The search for the shortest cycle goes over sets of what is still to be met; beyond
`BUDGET` visits the cycle is the nearest next thing to be met, again and again, and then the way back: `Lasso.shortest`
is then False.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator

import numpy as np

from modelcheck.errors import InternalError
from modelcheck.liveness import kernels
from modelcheck.liveness.emptiness import Components
from modelcheck.liveness.fairness import STRONG, WEAK, Fairness
from modelcheck.liveness.product import STUTTER, Product

BUDGET = 100_000  # (node, what is met) pairs looked at for all cycles together

NO_BOUND = 1 << 60

Step = tuple[int, int]  # a node, and the edge out of it, or STUTTER
Move = tuple[int, int]  # a state, and the action by which it is left, or STUTTER
Met = tuple[int, int, int, int]  # bits: marks; weak groups taken or seen disabled; strong ones seen enabled; taken
NOTHING_MET: Met = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Lasso:
    """An infinite behaviour. `rows` of the exploration; `actions[i]` led to `rows[i]` (STUTTER: nothing happened, and
    the state is the one before; also STUTTER for the initial state). The last state equals the one before `loop` and is
    followed by `rows[loop]` through `actions[loop]`: so no step is left untold. `loop` is at least 1.

    `loop` is None for the finite violation of an `always` of a state predicate, in its last state: any continuation
    will do. `shortest`: whether the cycle is the shortest by the measure above.
    """

    rows: tuple[int, ...]
    actions: tuple[int, ...]
    loop: int | None
    shortest: bool = True

    @property
    def stutters(self) -> bool:
        """Whether it ends in a state for ever."""
        return self.loop is not None and self.actions[self.loop :] == (STUTTER,)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The moves from an initial state to the loop, and those of the loop."""

    stem: tuple[Move, ...]
    cycle: tuple[Move, ...]

    def lasso(self, shortest: bool = True) -> Lasso:
        moves = (*self.stem, *self.cycle)
        rows = (*(row for row, _ in moves), self.cycle[0][0])
        return Lasso(rows, (STUTTER, *(action for _, action in moves)), len(self.stem) + 1, shortest)


def find(product: Product, fairness: Fairness, components: Components) -> tuple[Behaviour, bool]:
    """A violating behaviour, folded, and whether its cycle is the shortest. There is a fair component."""
    way = nearest(product, fairness, components)
    behaviour = Behaviour(_moves(product, way.stem), _moves(components.product, way.cycle))
    return folded(behaviour, product.free), way.shortest


@dataclass(frozen=True, slots=True)
class Way:
    """Steps (node, edge out of it): the stem in the product, the cycle in that of the components."""

    stem: tuple[Step, ...]
    cycle: tuple[Step, ...]
    shortest: bool


def nearest(product: Product, fairness: Fairness, components: Components, budget: int = BUDGET) -> Way:
    """The stem and the cycle by the measure, before they are folded."""
    stems, entries = _stems(product, components)
    start, best, bound = entries[0], None, NO_BOUND
    for entry in entries:
        cycles = _Cycles(components, fairness, _lasting(product, entry))
        found, budget = cycles.shortest(budget, bound)
        if found is not None:
            start, best, bound = entry, found, cost(found, product.free)
        if budget <= 0 or bound <= 1:
            break
    exact = best is not None and (budget > 0 or bound <= 1)
    cycle = best or _Cycles(components, fairness, _lasting(product, start)).greedy()
    return Way(tuple(stems(start)), tuple(cycle), exact)


def cost(steps: Iterable[Step], free: bool) -> int:
    """Of a cycle. One that only stutters is shown as one step."""
    return max(1, sum(e != STUTTER or not free for _, e in steps))


def _moves(product: Product, steps: tuple[Step, ...]) -> tuple[Move, ...]:
    action = product.graph.action
    return tuple((node // product.states, STUTTER if e == STUTTER else int(action[e])) for node, e in steps)


def _lasting(product: Product, node: int) -> int:
    """The number of a node among those in which a run may stay."""
    row, q = divmod(node, product.states)
    return row * int(product.accepting.sum()) + int(product.accepting[:q].sum())


def _stems(product: Product, components: Components) -> tuple[Callable[[int], list[Step]], list[int]]:
    """The nearest nodes in fair components, and how to get to each: (node, edge out of it) from an initial node on.
    The nodes are those of the product that is handed in."""
    seen, queue = np.zeros(product.nodes, np.uint8), np.empty(product.nodes, np.int32)
    parent, step = (np.full(product.nodes + 1, -1, np.int32) for _ in range(2))
    goal = np.zeros((product.graph.states, product.states), np.int32)
    goal[:, product.accepting] = components.mark.reshape(product.graph.states, -1)
    goal = np.append(goal.ravel(), np.int32(0))
    initial = product.initial
    queue[: len(initial)] = initial
    rest = (int(product.free), queue, len(initial), seen, parent, step, goal)
    low, high = kernels.run(kernels.reach, product.edges, product.walk, *rest)
    level = queue[low:high]

    def stem(node: int) -> list[Step]:
        steps = []
        while parent[node] >= 0:
            before = int(parent[node])
            steps.append((before, int(step[node])))
            node = before
        return steps[::-1]

    return stem, level[goal[level] < 0].tolist()


# --- cycles -----------------------------------------------------------------------------------------------------------


class _Cycles:
    """Cycles through one node that stay in its component. The entry is a node of `components.product`."""

    def __init__(self, components: Components, fairness: Fairness, entry: int):
        self.product, self.fairness, self.entry = components.product, fairness, entry
        self.mark, self.home = components.mark, int(components.mark[entry])
        self.marks = self.product.automaton.all_marks
        self.weak = self._bits(WEAK)
        self.strong = self._bits(STRONG)
        self._enabled: dict[int, int] = {}

    def _bits(self, demand: int) -> int:
        return sum(1 << int(g) for g in np.flatnonzero(self.fairness.demand == demand))

    def successors(self, node: int) -> Iterator[tuple[int, int, int]]:
        return ((w, e, m) for w, e, m in self.product.successors(node) if self.mark[w] == self.home)

    def enabled(self, node: int) -> int:
        """The groups enabled in a node's state, as bits."""
        row = node // self.product.states
        if row not in self._enabled:
            graph = self.product.graph
            actions = graph.action[int(graph.first[row]) : int(graph.first[row + 1])]
            found = {int(g) for g in self.fairness.group[actions]}
            self._enabled[row] = sum(1 << g for g in found if g >= 0)
        return self._enabled[row]

    def taken(self, edge: int) -> int:
        if edge == STUTTER:
            return 0
        group = int(self.fairness.group[self.product.graph.action[edge]])
        return 1 << group if group >= 0 else 0

    def visited(self, met: Met, node: int) -> Met:
        """What is met once a node has been passed."""
        enabled = self.enabled(node)
        return met[0], met[1] | self.weak & ~enabled, met[2] | self.strong & enabled, met[3]

    def passed(self, met: Met, other: int, edge: int, marks: int) -> Met:
        """What is met after one step more."""
        taken = self.taken(edge)
        more = (met[0] | marks, met[1] | taken & self.weak, met[2], met[3] | taken & self.strong)
        return self.visited(more, other)

    def fair(self, met: Met) -> bool:
        return met[0] == self.marks and met[1] == self.weak and met[2] & ~met[3] == 0

    def shortest(self, budget: int, bound: int) -> tuple[list[Step] | None, int]:
        """The shortest cycle if it is shorter than `bound` (None also where the budget ends), and the budget left."""
        first = (self.entry, self.visited(NOTHING_MET, self.entry))
        came: dict[tuple[int, Met], tuple] = {first: ()}
        price, queue, done, last = {first: 0}, deque([first]), set(), None
        while queue and budget > 0:
            at = queue.popleft()
            if at in done or max(1, price[at]) >= bound:
                continue
            done.add(at)
            budget -= 1
            for other, edge, marks in self.successors(at[0]):
                then = (other, self.passed(at[1], other, edge, marks))
                total = price[at] + (edge != STUTTER or not self.product.free)
                if other == self.entry and self.fair(then[1]) and max(1, total) < bound:
                    bound, last = max(1, total), (at, edge)
                if total < price.get(then, bound):
                    price[then], came[then] = total, (at, edge)
                    (queue.append if total > price[at] else queue.appendleft)(then)
        return (None if last is None or budget <= 0 else self._path(came, last)), budget

    def _path(self, came: dict, last: tuple) -> list[Step]:
        steps = []
        while last:
            at, edge = last
            steps.append((at[0], edge))
            last = came[at]
        return steps[::-1]

    def greedy(self) -> list[Step]:
        """A fair cycle: to whatever is nearest and not met yet, until all is met, then back. The way back may show a
        strongly fair group enabled for the first time; then once more."""
        met, node, steps = self.visited(NOTHING_MET, self.entry), self.entry, []
        while not (steps and node == self.entry and self.fair(met)):
            due = None if self.fair(met) else met
            for before, edge, marks, after in self._nearest(node, due):
                met, node = self.passed(met, after, edge, marks), after
                steps.append((before, edge))
        return steps

    def _nearest(self, source: int, met: Met | None) -> list[tuple[int, int, int, int]]:
        """The shortest way to a step that meets something more, or, where nothing is due (None), back to the entry:
        (node, edge, marks, node after)."""
        came: dict[int, tuple[int, int, int, int]] = {}
        queue = deque([source])
        while queue:
            node = queue.popleft()
            for other, edge, marks in self.successors(node):
                way = (node, edge, marks, other)
                if other == self.entry if met is None else self._gains(met, self.passed(met, other, edge, marks)):
                    return self._back(came, source, way)
                if other not in came and other != source:
                    came[other] = way
                    queue.append(other)
        raise InternalError("a fair component lacks what makes it one")

    def _back(self, came: dict, source: int, way: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
        ways = [way]
        while ways[-1][0] != source:
            ways.append(came[ways[-1][0]])
        return ways[::-1]

    def _gains(self, met: Met, then: Met) -> bool:
        """Whether something has been met that is needed."""
        return bool(then[0] & ~met[0] or then[1] & ~met[1] or then[3] & met[2] & ~met[3])


# --- folding ----------------------------------------------------------------------------------------------------------


def folded(b: Behaviour, free: bool) -> Behaviour:
    """The same behaviour, up to stuttering where that is free, in its shortest spelling."""
    stem, cycle = list(b.stem), list(b.cycle)
    if free:
        stem = [m for m in stem if m[1] != STUTTER]
        cycle = [m for m in cycle if m[1] != STUTTER] or cycle[:1]
    cycle = _period(cycle)
    while stem and stem[-1] == cycle[-1]:
        stem.pop()
        cycle = [cycle[-1], *cycle[:-1]]
    return Behaviour(tuple(stem), tuple(cycle))


def _period(cycle: list[Move]) -> list[Move]:
    """One round of a cycle that repeats itself."""
    size = len(cycle)
    shortest = next(n for n in range(1, size + 1) if size % n == 0 and cycle[:n] * (size // n) == cycle)
    return cycle[:shortest]
