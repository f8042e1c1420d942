"""The state store: every distinct state once, in the order of discovery, with the way it was found.

Membership is a dict, keyed by the int of a one-word state and by the bytes of a wider one: exact, about 130 bytes a
state beside the packed arrays. `native_store` takes over from it in large searches, and keeps the order (the first
occurrence wins, rows count up).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.system import States, Successors, TransitionSystem

INITIAL_CAPACITY = 1024


def keys(states: States) -> list[Any]:
    """One hashable key per row; equal exactly where the rows are."""
    count, width = states.shape
    if width == 1:
        return states[:, 0].tolist()
    if width == 0:
        return [0] * count
    return np.ascontiguousarray(states).view(f"V{8 * width}").ravel().tolist()


def grown(array: NDArray[Any], capacity: int) -> NDArray[Any]:
    """A longer array that starts with the old one; what follows is not initialised."""
    longer = np.empty((capacity, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


@dataclass(frozen=True, slots=True)
class Changes:
    """Of the transitions out of a block: how many each action has, how many of them lead to another state; and of each
    row, whether there is one."""

    taken: NDArray[np.int64]
    changed: NDArray[np.int64]
    moves: NDArray[np.bool_]


Key = tuple[int, int]  # of a batch: the part of a block, and which of the answers to it


class StateStore(Protocol):
    """What a search needs of a store. Batches are what `batch` gives, `insert_all` inserts them in order."""

    @property
    def states(self) -> States: ...

    @property
    def parent(self) -> NDArray[Any]: ...

    @property
    def action(self) -> NDArray[Any]: ...

    def __len__(self) -> int: ...

    def insert(self, targets: States, parents: NDArray[Any], actions: NDArray[Any]) -> NDArray[np.int64]: ...

    def batch(
        self, key: Key, targets: States, source: NDArray[Any] | None, row_of: NDArray[Any], action: NDArray[Any]
    ) -> Any: ...

    def insert_all(self, batches: Sequence[Any]) -> Any: ...

    def changes(self, before: States, answer: Successors, actions: int) -> Changes: ...

    def find(self, rows: States) -> NDArray[np.int64]: ...

    def memory(self) -> int: ...

    def close_level(self, first: int) -> None:
        """Vectors of rows below `first` are not read again by the search."""
        ...

    def spill(self, folder: Path, cold: int) -> bool:
        """Moves rows to files, those below `cold` first. False where there is nothing left to move."""
        ...

    def recovered(self, system: TransitionSystem, count: int) -> States:
        """The first rows, for whoever reads the result. The store is not asked for anything else after that but for its
        columns."""
        ...

    def omission(self, generated: int) -> float:
        """How probable it is that a state was taken for another one."""
        ...


class Store:
    """States by row. The arrays are views: they stay valid, and unchanged, when the store grows.

    Every state offered draws a ticket, and the dict keeps the ticket of the first of equal ones: one pass in C over a
    block, whose new states are those that kept their own. Tickets of stored states ascend, so a row is found from its
    ticket by bisection. An insertion that is broken off by an exception leaves the rows below `len` as they were, but
    must not be continued.
    """

    def __init__(self, width: int):
        self._first: dict[Any, int] = {}
        self._offered = 0
        self._states = np.empty((INITIAL_CAPACITY, width), np.uint64)
        self._parent = np.empty(INITIAL_CAPACITY, np.int64)
        self._action = np.empty(INITIAL_CAPACITY, np.int64)
        self._ticket = np.empty(INITIAL_CAPACITY, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def states(self) -> States:
        return self._states[: self._count]

    @property
    def parent(self) -> NDArray[np.int64]:
        return self._parent[: self._count]

    @property
    def action(self) -> NDArray[np.int64]:
        return self._action[: self._count]

    def insert(self, targets: States, parents: NDArray[np.int64], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Adds the states that are new, the first of equal ones with its parent and action, in the order given.
        Gives their positions in the block, ascending; they are the store's last rows. targets: (m, width)."""
        size, drawn = len(targets), self._offered
        self._offered += size
        kept = map(self._first.setdefault, keys(targets), range(drawn, drawn + size))
        tickets = np.arange(drawn, drawn + size)
        positions = np.flatnonzero(np.fromiter(kept, np.int64, size) == tickets)
        start, end = self._count, self._count + len(positions)
        self._reserve(end)
        self._states[start:end] = targets[positions]
        self._parent[start:end] = parents[positions]
        self._action[start:end] = actions[positions]
        self._ticket[start:end] = tickets[positions]
        self._count = end
        return positions

    def batch(
        self, key: Key, targets: States, source: NDArray[Any] | None, row_of: NDArray[Any], action: NDArray[Any]
    ) -> tuple[States, NDArray[Any], NDArray[Any]]:
        """Targets to be inserted together with others; row_of[source[i]], or without `source` row_of[i], is the parent
        of targets[i]."""
        return targets, row_of if source is None else row_of[source], action

    def insert_all(self, batches: Sequence[tuple[States, NDArray[np.int64], NDArray[np.int64]]]) -> None:
        for batch in batches:
            self.insert(*batch)

    def changes(self, before: States, answer: Successors, actions: int) -> Changes:
        """before: the block, as far as it was answered."""
        moves = np.zeros(answer.consumed, np.bool_)
        moves[answer.source] = True
        changed = answer.action[(before[answer.source] != answer.target).any(axis=1)]
        return Changes(
            np.bincount(answer.action, minlength=actions), np.bincount(changed, minlength=actions), moves
        )  # fmt: skip

    def find(self, rows: States) -> NDArray[np.int64]:
        """The row of each state in the store, or -1."""
        get = self._first.get
        tickets = np.array([get(key, -1) for key in keys(rows)], np.int64)
        found = np.searchsorted(self._ticket[: self._count], tickets)
        return np.where(tickets < 0, -1, found)

    def memory(self) -> int:
        """Bytes held, the keys estimated."""
        arrays = self._states.nbytes + self._parent.nbytes + self._action.nbytes + self._ticket.nbytes
        key = 32 if self._states.shape[1] <= 1 else 33 + 8 * self._states.shape[1]
        return arrays + sys.getsizeof(self._first) + self._count * (key + 32)

    def _reserve(self, count: int) -> None:
        """Doubles one array after the other, so that only one is held twice at a time."""
        if count > len(self._states):
            capacity = max(count, 2 * len(self._states))
            self._states = grown(self._states, capacity)
            self._parent = grown(self._parent, capacity)
            self._action = grown(self._action, capacity)
            self._ticket = grown(self._ticket, capacity)

    def close_level(self, first: int) -> None:
        pass

    def spill(self, folder: Path, cold: int) -> bool:
        return False

    def recovered(self, system: TransitionSystem, count: int) -> States:
        return self._states[:count]

    def omission(self, generated: int) -> float:
        return 0.0
