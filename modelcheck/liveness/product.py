"""The product of a state graph and an automaton: never built, only walked.

A node is a state with what the rest of the behaviour must still be like: `row * states + q`. Besides the steps of the
graph every state has a stuttering step to itself; the automaton reads it like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterator

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import UsageError
from modelcheck.system import FAULT, TRUE
from modelcheck.liveness.buchi import Automaton, Edge
from modelcheck.liveness.graph import Graph
from modelcheck.liveness.letters import Letters
from modelcheck.liveness.reduce import accepting_states

STUTTER = -1
MOST_NODES = (1 << 31) - 2


@dataclass(frozen=True, slots=True)
class Product:
    """`start`, `follow` and `marks` are the automaton as a table over (state, letter, kind): see `kernels`. `free`: a
    stuttering step costs nothing, because the formula does not speak of steps.
    accepting: (states,) bool, where the automaton may stay for ever."""

    graph: Graph
    letters: Letters
    automaton: Automaton
    start: NDArray[np.int32]
    follow: NDArray[np.int32]
    marks: NDArray[np.int64]
    accepting: NDArray[np.bool_]
    free: bool

    @property
    def states(self) -> int:
        return len(self.automaton.edges)

    @property
    def nodes(self) -> int:
        return self.graph.states * self.states

    @property
    def edges(self) -> int:
        """About as many as a kernel looks at."""
        return (len(self.graph.target) + self.graph.states) * self.states

    @property
    def walk(self) -> tuple[Any, ...]:
        """What every kernel is given first."""
        g, a = self.graph, self.letters
        arrays = g.first, g.target, g.action, a.letter, a.kind, self.start, self.follow, self.marks
        return *arrays, self.states, len(a.values), len(a.happening)

    @property
    def degree(self) -> int:
        """The most steps out of a state."""
        return int(np.diff(self.graph.first).max(initial=0))

    @property
    def branching(self) -> int:
        """The most ways that the automaton has for one step."""
        return int(np.diff(self.start).max(initial=0))

    def lasting(self) -> Product:
        """The same over those states of the automaton where a run may stay for ever; they are numbered anew, in order,
        and there is no initial one."""
        kept = np.flatnonzero(self.accepting).tolist()
        number = {q: i for i, q in enumerate(kept)}
        leaving = [self.automaton.edges[q] for q in kept]
        edges = (tuple(replace(e, target=number[e.target]) for e in out if e.target in number) for out in leaving)
        return product(self.graph, self.letters, Automaton(0, tuple(edges), self.automaton.sets))

    @property
    def initial(self) -> NDArray[np.int64]:
        return self.graph.initial * self.states

    def successors(self, node: int) -> Iterator[tuple[int, int, int]]:
        """(node, edge of the graph or STUTTER, marks) in the order of the kernels."""
        row, q = divmod(node, self.states)
        table = (q * len(self.letters.values) + int(self.letters.letter[row])) * len(self.letters.happening)
        yield from ((row * self.states + r, STUTTER, m) for r, m in self._entries(table))
        for e in range(int(self.graph.first[row]), int(self.graph.first[row + 1])):
            base = int(self.graph.target[e]) * self.states
            kind = int(self.letters.kind[self.graph.action[e]])
            yield from ((base + r, e, m) for r, m in self._entries(table + kind))

    def _entries(self, entry: int) -> Iterator[tuple[int, int]]:
        for j in range(int(self.start[entry]), int(self.start[entry + 1])):
            yield int(self.follow[j]), int(self.marks[j])


def product(graph: Graph, letters: Letters, automaton: Automaton) -> Product:
    if graph.states * len(automaton.edges) > MOST_NODES:
        raise UsageError("a temporal property is too large for so many states: check its parts as properties")
    start, follow, marks = [0], [], []
    for out in automaton.edges:
        for values in letters.values:
            for happening in letters.happening:
                fitting = [e for e in out if _fits(e, letters, values, happening)]
                follow += [e.target for e in fitting]
                marks += [e.marks for e in fitting]
                start.append(len(follow))
    return Product(
        graph,
        letters,
        automaton,
        np.array(start, np.int32),
        np.array(follow, np.int32),
        np.array(marks, np.int64),
        np.array(accepting_states(automaton), np.bool_),
        not any(letters.of_steps),
    )


def _fits(e: Edge, letters: Letters, values: NDArray[np.uint8], happening: NDArray[np.bool_]) -> bool:
    """Whether an edge may be taken. A predicate that cannot be evaluated has no value at all: see `faulty`."""
    return all(
        bool(happening[i]) == bool(e.positive >> i & 1) if steps else _decided(e, i, int(values[i]))
        for i, steps in enumerate(letters.of_steps)
        if (e.positive | e.negative) >> i & 1
    )


def _decided(e: Edge, atom: int, value: int) -> bool:
    return value != FAULT and (value == TRUE) == bool(e.positive >> atom & 1)


def faulty(p: Product) -> NDArray[np.int32]:
    """(states, letters): the first atom without a value of which the automaton would have to know it there, or -1."""
    found = np.full((p.states, len(p.letters.values)), -1, np.int32)
    for q, out in enumerate(p.automaton.edges):
        for letter, values in enumerate(p.letters.values):
            blamed = [atom for e in out for atom in _blamed(e, p.letters, values)]
            found[q, letter] = min(blamed, default=-1)
    return found


def _blamed(e: Edge, letters: Letters, values: NDArray[np.uint8]) -> list[int]:
    asked = [i for i, steps in enumerate(letters.of_steps) if not steps and (e.positive | e.negative) >> i & 1]
    faults = [i for i in asked if values[i] == FAULT]
    return faults if all(i in faults or _decided(e, i, int(values[i])) for i in asked) else []
