"""The transitions of an exploration as arrays, in compressed sparse rows.

A step that changes nothing is left out: nobody can tell it from a stuttering step, which every state has anyway, and
fairness does not speak of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.search.expand import answers
from modelcheck.search.exploration import Exploration
from modelcheck.search.store import Store
from modelcheck.system import States, TransitionSystem
from modelcheck.liveness import kernels

MANY = 50_000  # states from which a native index is worth its start
Find = Callable[[States], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Graph:
    """`target[first[row]:first[row + 1]]` are the rows that steps out of a row lead to, `action` the ids of the steps.

    first: (n + 1,) int32, or int64 for more than 2**31 transitions.  target: (m,) int32.  action: (m,) uint16, or int32
    where there are more than 65,536 actions.  initial: rows.
    """

    first: NDArray[Any]
    target: NDArray[np.int32]
    action: NDArray[Any]
    initial: NDArray[np.int64]

    @property
    def states(self) -> int:
        return len(self.first) - 1

    def rows_with(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The rows that have a step of the chosen actions. chosen: (actions,)."""
        found = np.zeros(self.states, np.bool_)
        edges = np.flatnonzero(chosen[self.action])
        found[np.searchsorted(self.first, edges, "right") - 1] = True
        return found


def graph_of(exploration: Exploration, system: TransitionSystem, find: Find | None = None) -> Graph:
    """The graph of a complete exploration, by expanding its states once more. `find` gives the rows of states, for a
    search that still has its index."""
    find = find or index(exploration.states)
    bound, count = exploration.generated, len(exploration.states)
    target = np.empty(bound, np.int32)
    action = np.empty(bound, np.uint16 if len(system.actions) <= 1 << 16 else np.int32)
    first = np.zeros(count + 1, np.int32 if bound < 1 << 31 else np.int64)
    filled = 0
    for offset, answer in answers(system, exploration.states):
        kept = np.flatnonzero((answer.target != exploration.states[offset + answer.source]).any(axis=1))
        rows, end = find(answer.target[kept]), filled + len(kept)
        if (rows < 0).any():
            raise InternalError("a successor of an explored state was not explored")
        target[filled:end], action[filled:end] = rows, answer.action[kept]
        counts = np.bincount(answer.source[kept], minlength=answer.consumed)
        first[offset + 1 : offset + 1 + answer.consumed] = filled + np.cumsum(counts)
        filled = end
    return Graph(first, target[:filled], action[:filled], np.flatnonzero(exploration.parent < 0))


# --- from states to rows ----------------------------------------------------------------------------------------------


def index(states: States) -> Find:
    """The row of each state among `states`, or -1. states: (n, width), all different."""
    if len(states) < MANY or states.shape[1] == 0 or not find_spec("numba"):
        store = Store(states.shape[1])
        nowhere = np.zeros(len(states), np.int64)
        store.insert(states, nowhere, nowhere)
        return store.find
    words, width = np.ascontiguousarray(states).ravel(), states.shape[1]
    slots = np.full(1 << int(2 * len(states)).bit_length(), -1, np.int32)
    kernels.compiled(kernels.fill)(words, width, slots)

    def find(wanted: States) -> NDArray[np.int64]:
        out = np.empty(len(wanted), np.int64)
        kernels.compiled(kernels.look_up)(words, width, slots, np.ascontiguousarray(wanted).ravel(), out)
        return out

    return find
