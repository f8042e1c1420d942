"""A store of fingerprints: 8 bytes a state, however wide it is, beside its parent, its action and the table.

A fingerprint is the hash. Two states that share one are taken for one state, so something may be missed: with n states
among g generated, at a probability of n * (g - n) / 2**64, as TLC calculates it (its "optimistic" figure). States of
one word never share one. The vectors of the two levels at work are kept beside, others are rebuilt when they are asked
for: along the way to a state, each step is taken again and the successor with the right fingerprint is the one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.search.expand import answer_of
from modelcheck.search.hashing import hashes
from modelcheck.search.native_store import Batch, NativeStore
from modelcheck.search.parallel import Crew
from modelcheck.search.regions import release
from modelcheck.search.blocks import Blocks
from modelcheck.search.store import Changes, Key
from modelcheck.system import NativeSuccessors, States, Successors, TransitionSystem


class CompactStore:
    """See `store.Store`. `states` holds the vectors of the levels that are not closed; its other rows are undefined."""

    def __init__(self, width: int, actions: int, crew: Crew | None = None, expected: int = 0):
        self._prints = NativeStore(1, actions, crew, expected, vector=width)
        self._closed = 0

    def __len__(self) -> int:
        return len(self._prints)

    @property
    def states(self) -> States:
        return self._prints.vectors[: len(self)]

    @property
    def parent(self) -> NDArray[Any]:
        return self._prints.parent

    @property
    def action(self) -> NDArray[Any]:
        return self._prints.action

    def insert(self, targets: States, parents: NDArray[Any], actions: NDArray[Any]) -> NDArray[np.int64]:
        """As `Store.insert`."""
        return self._prints.insert(targets, parents, actions)

    def batch(
        self, key: Key, targets: States, source: NDArray[Any] | None, row_of: NDArray[Any], action: NDArray[Any]
    ) -> Batch:
        return self._prints.batch(key, targets, source, row_of, action)

    def insert_all(self, batches: Sequence[Batch]) -> None:
        self._prints.insert_all(batches)

    def changes(self, before: States, answer: Successors, actions: int) -> Changes:
        return self._prints.changes(before, answer, actions)

    def blocks(self, system: NativeSuccessors, known: States, guards: int) -> Blocks:
        return self._prints.blocks(system, known, guards)

    def find(self, rows: States) -> NDArray[np.int64]:
        """The row with the fingerprint of each state, or -1."""
        return self._prints.find(hashes(rows)[:, None])

    @property
    def cached(self) -> bool:
        return self._prints.cached

    def memory(self) -> int:
        """Bytes held."""
        return self._prints.memory() + (len(self) - self._closed) * 8 * self._prints.vector

    def close_level(self, first: int) -> None:
        release(self._prints.vectors[self._closed : first])
        self._closed = first

    def spill(self, folder: Path, cold: int) -> bool:
        return False

    def recovered(self, system: TransitionSystem, count: int) -> Any:
        return Rebuilt(system, self._prints.recovered(system, count)[:, 0], self.parent[:count], self.action[:count])

    def omission(self, generated: int) -> float:
        count = len(self)
        return 0.0 if self._prints.vector == 1 else min(1.0, count * max(0, generated - count) / 2.0**64)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """States by row, as if it were an array. A row costs as many calls of the system as it has ancestors."""

    system: TransitionSystem
    prints: NDArray[np.uint64]
    parent: NDArray[Any]
    action: NDArray[Any]

    def __len__(self) -> int:
        return len(self.prints)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.prints), self.system.width

    def __getitem__(self, rows: Any) -> States:
        wanted = np.arange(len(self))[rows]
        known: dict[int, States] = {}
        for row in self._ancestors(np.atleast_1d(wanted)):
            known[row] = self._initial(row) if self.parent[row] < 0 else self._step(known[int(self.parent[row])], row)
        found = [known[row] for row in np.atleast_1d(wanted).tolist()]
        states = np.array(found, np.uint64).reshape(-1, self.system.width)
        return states if wanted.ndim else states[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> States:
        return self[:]

    def tolist(self) -> list[list[int]]:
        return self[:].tolist()

    def _ancestors(self, rows: NDArray[np.int64]) -> list[int]:
        """The rows and all that lead to them, ascending: parents come first."""
        found: set[int] = set()
        for row in rows.tolist():
            while row >= 0 and row not in found:
                found.add(row)
                row = int(self.parent[row])
        return sorted(found)

    def _initial(self, row: int) -> States:
        return self._chosen(self.system.initial().target, row)

    def _step(self, state: States, row: int) -> States:
        answer = answer_of(self.system, state[None, :])
        return self._chosen(answer.target[answer.action == self.action[row]], row)

    def _chosen(self, states: States, row: int) -> States:
        matching = states[hashes(states) == self.prints[row]]
        if not len(matching):
            raise InternalError(f"row {row} is not reached again by the step that reached it")
        return matching[0]
