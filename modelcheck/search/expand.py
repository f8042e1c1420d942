"""Successors of rows, however little of a block a system answers at a time."""

from __future__ import annotations

from typing import Iterator

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.search import large_store
from modelcheck.search.exploration import Exploration
from modelcheck.search.parallel import Alone
from modelcheck.search.store import Store
from modelcheck.system import States, Successors, TransitionSystem

BLOCK = 4096
LARGE = 100_000  # states: from here on the native store is worth loading


def answer_of(system: TransitionSystem, states: States) -> Successors:
    """The successors of the first rows of a block, at least one. states: (n, width), n > 0."""
    answer = system.successors(states)
    if not 0 < answer.consumed <= len(states):
        raise InternalError(f"of a block of {len(states)} states, {answer.consumed} were consumed")
    return answer


def answers(system: TransitionSystem, states: States, block: int = BLOCK) -> Iterator[tuple[int, Successors]]:
    """The successors of every row, in order, each answer with the row that its `source` and `faults` count from."""
    start = 0
    while start < len(states):
        answer = answer_of(system, states[start : start + block])
        yield start, answer
        start += answer.consumed


def deadlocked(system: TransitionSystem, states: States, answer: Successors) -> NDArray[np.int64]:
    """The rows of an answer that have neither successor nor fault and may not rest, ascending."""
    moves = np.zeros(answer.consumed, np.bool_)
    moves[answer.source] = moves[answer.faults[:, 0]] = True
    return stuck(system, states, moves)


def stuck(system: TransitionSystem, states: States, moves: NDArray[np.bool_]) -> NDArray[np.int64]:
    """As `deadlocked`. moves: of each row, whether it has a successor or a fault."""
    stuck = np.flatnonzero(~moves)
    return stuck[~system.terminated(states[stuck])] if len(stuck) else stuck


def transitions(exploration: Exploration, system: TransitionSystem) -> Iterator[tuple[int, int, int]]:
    """Every (row, action, target row) out of the states that the exploration expanded, in order. A target that was not
    found (it lies beyond a limit) has row -1."""
    large = exploration.distinct > LARGE
    store = large_store(system.width, len(system.actions), Alone(), exploration.distinct, False) if large else None
    store = store or Store(system.width)
    store.insert(exploration.states, exploration.parent, exploration.action)
    rows = np.flatnonzero(exploration.expanded)
    for offset, answer in answers(system, exploration.states[rows]):
        sources = rows[offset + answer.source]
        yield from zip(sources.tolist(), answer.action.tolist(), store.find(answer.target).tolist())
