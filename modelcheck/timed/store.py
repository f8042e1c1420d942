"""A state store that keeps only the largest zones: of each discrete state a chain of zones none of which includes
another.

What is included in a zone of the chain is not stored. What a new zone includes leaves the chain, and if its turn has
not come yet it is *retired*: it is not expanded any more. So rows stay as they are, and traces through them are valid,
but the search expands fewer. This is the covering that TChecker calls full.

A row may be retired by one of the next level, whose steps come one level later: then the first trace that is found may
be longer than the shortest. With `shortest`, only rows of its own level retire a row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.store import Changes, Key, grown
from modelcheck.system import States, Successors, TransitionSystem
from modelcheck.timed import loaded, native, plain

NATIVE_AT = 1_000  # rows
CAPACITY = 1024


class ZoneStore:
    """See `search.store.StateStore`; the first word of a row is its discrete state's number. `linked`: how many zones
    are in the chains."""

    def __init__(self, width: int, *, shortest: bool = False, native_at: int = NATIVE_AT):
        self.shortest, self.native_at = shortest, -1 if loaded() and native_at == NATIVE_AT else native_at
        self._columns: dict[str, NDArray[Any]] = {
            "states": np.empty((CAPACITY, width), np.int64),
            **{name: np.empty(CAPACITY, np.int64) for name in ("parent", "action", "following")},
            **{name: np.empty(CAPACITY, np.uint8) for name in ("status", "linked")},
        }
        self._head = np.full(CAPACITY, -1, np.int64)
        self._counts = np.zeros(3, np.int64)  # rows, rows linked, rows retired
        self._level = 0  # the first row of the level that is being found
        self._insert = plain.insert

    def __len__(self) -> int:
        return int(self._counts[0])

    @property
    def states(self) -> States:
        return self._column("states").view(np.uint64)

    @property
    def parent(self) -> NDArray[np.int64]:
        return self._column("parent")

    @property
    def action(self) -> NDArray[np.int64]:
        return self._column("action")

    @property
    def linked(self) -> int:
        return int(self._counts[1])

    @property
    def retired(self) -> int:
        """Rows that were taken out before their turn."""
        return int(self._counts[2])

    def _column(self, name: str) -> NDArray[Any]:
        return self._columns[name][: len(self)]

    def waiting(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those that are still to be expanded."""
        return rows[self._columns["status"][rows] != plain.RETIRED]

    def is_retired(self) -> NDArray[np.bool_]:
        """Of every row."""
        return self._column("status") == plain.RETIRED

    def is_linked(self) -> NDArray[np.bool_]:
        return self._column("linked") != 0

    # --- insertion ---

    def insert(self, targets: States, parents: NDArray[Any], actions: NDArray[Any]) -> NDArray[np.int64]:
        """Of rows that nothing leads to. Gives the positions of those that were stored."""
        before = len(self)
        self.insert_all([(targets, np.zeros(len(targets), np.int64), np.array([-1]), actions)])
        return np.arange(before, len(self))

    def batch(
        self, key: Key, targets: States, source: NDArray[Any] | None, row_of: NDArray[Any], action: NDArray[Any]
    ) -> tuple[States, NDArray[Any], NDArray[Any], NDArray[Any]]:
        assert source is not None
        return targets, source, row_of, action

    def insert_all(self, batches: Sequence[Any]) -> list[NDArray[np.bool_]]:
        """Of each batch, of which of its rows the turn came before they were retired: only their steps count."""
        return [self._insert_one(*batch) for batch in batches]

    def _insert_one(
        self, targets: States, source: NDArray[Any], row_of: NDArray[Any], action: NDArray[Any]
    ) -> NDArray[np.bool_]:
        rows = np.ascontiguousarray(targets).view(np.int64)
        self._reserve(len(rows), int(rows[:, 0].max()) if len(rows) else 0)
        c, turns = self._columns, np.ones(len(row_of), np.bool_)
        self._insert(
            c["states"], c["parent"], c["action"], c["following"], self._head, c["status"], c["linked"], self._counts,
            self._level, self.shortest, rows, source.astype(np.int64), row_of.astype(np.int64), action.astype(np.int64),
            turns,
        )  # fmt: skip
        return turns

    def _reserve(self, more: int, state: int) -> None:
        count = len(self) + more
        if len(self) > self.native_at and self._insert is plain.insert:
            module = native()
            self._insert = module.insert if module else plain.insert
            self.native_at = len(self) if module else 1 << 62
        if count > len(self._columns["parent"]):
            for name, column in self._columns.items():
                self._columns[name] = grown(column, max(count, 2 * len(column)))
        if state >= len(self._head):
            known = len(self._head)
            self._head = grown(self._head, max(state + 1, 2 * known))
            self._head[known:] = -1

    # --- what the search asks for besides ---

    def changes(self, before: States, answer: Successors, actions: int) -> Changes:
        """A step that only sets clocks changes the state where its zone differs."""
        moves = np.zeros(answer.consumed, np.bool_)
        moves[answer.source] = True
        differs = before[answer.source, 0] != answer.target[:, 0]
        same = np.flatnonzero(~differs)
        differs[same] = (before[answer.source[same]] != answer.target[same]).any(axis=1)
        changed = answer.action[differs]
        return Changes(
            np.bincount(answer.action, minlength=actions), np.bincount(changed, minlength=actions), moves
        )  # fmt: skip

    def find(self, rows: States) -> NDArray[np.int64]:
        """The row of a zone that includes each of them, or -1."""
        found = np.full(len(rows), -1, np.int64)
        for i, row in enumerate(rows.view(np.int64)):
            member = self._head[row[0]] if row[0] < len(self._head) else -1
            while member >= 0 and not (row <= self._columns["states"][member]).all():
                member = self._columns["following"][member]
            found[i] = member
        return found

    def memory(self) -> int:
        return sum(c.nbytes for c in self._columns.values()) + self._head.nbytes

    def close_level(self, first: int) -> None:
        self._level = len(self)

    def spill(self, folder: Path, cold: int) -> bool:
        return False

    def recovered(self, system: TransitionSystem, count: int) -> States:
        return self.states[:count]

    def omission(self, generated: int) -> float:
        return 0.0
