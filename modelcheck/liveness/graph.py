"""The transitions of an exploration as arrays, in compressed sparse rows.

A step that changes nothing is left out: nobody can tell it from a stuttering step, which every state has anyway, and
fairness does not speak of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.search.expand import answers
from modelcheck.search.exploration import Exploration
from modelcheck.search.regions import zeros
from modelcheck.system import TransitionSystem
from modelcheck.liveness import kernels


@dataclass(frozen=True, slots=True)
class Graph:
    """`target[first[row]:first[row + 1]]` are the rows that steps out of a row lead to, `action` the ids of the steps.

    first: (n + 1,) int32, or int64 for more than 2**31 transitions.  target: (m,) int32.  action: (m,) uint8, uint16 or
    int32, as many actions as there are.  initial: rows.
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


def graph_of(exploration: Exploration, system: TransitionSystem) -> Graph:
    """The graph of a complete exploration, by expanding its states once more. Raises InternalError where the system
    does not give the transitions again that the exploration counted."""
    edges, (count, width) = int(exploration.changed.sum()), exploration.states.shape
    target, action = zeros(edges + 1, np.int32), zeros(edges + 1, action_type(len(system.actions)))
    first, filled = zeros(count + 1, np.int32 if edges < 1 << 31 else np.int64), 0
    words, mask = flat(exploration.states), (1 << count.bit_length()) - 1
    slots, moved = zeros(2 * count + count // 2 + 8, np.uint32), np.empty(0, np.int64)
    kernels.run(kernels.fill, edges, words, width, count, slots, mask)
    for offset, answer in answers(system, exploration.states):
        if len(moved) <= len(answer.source):
            moved, hashes = (np.empty(2 * len(answer.source) + 1, np.int64) for _ in range(2))
        moves = flat(answer.target), flat(answer.source), flat(answer.action)
        filled = kernels.run(
            kernels.enter, edges, words, width, slots, mask, *moves, offset, answer.consumed, moved, hashes,
            first, target, action, filled,
        )  # fmt: skip
        if filled < 0:
            break
    if filled != edges:
        raise InternalError("the transitions of the explored states are not those that were explored")
    return Graph(first, target[:edges], action[:edges], np.flatnonzero(exploration.parent < 0))


def flat(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array).ravel()


def action_type(actions: int) -> type[np.integer[Any]]:
    return np.uint8 if actions <= 1 << 8 else np.uint16 if actions <= 1 << 16 else np.int32
