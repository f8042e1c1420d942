"""The state store of large searches: 8 bytes a word, 4 for the parent, 1 or 2 for the action, 5 to 8.8 for the table.

The vectors stand once, in the order of discovery. The table is open addressing over 32-bit slots: in the low bits the
row number plus one, in the bits above a tag, the part of the hash that the place of the slot does not tell; 0 is empty.
It is cut into 16 segments by the highest bits of the hash, of any capacity (the place is hash * capacity >> 32), which
grow to 7/4, one at a time, at a load of 4/5 (twice the size would take 10 bytes). With the rows, row numbers get longer
and tags shorter, in place.

What is inserted comes in batches, and several may be inserted together: each worker inserts, from all of them in order,
the states that it owns by hash. A new state has a ticket in its slot until all workers are done; then tickets become
row numbers in the order of the batches. So the rows are the same for every number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from modelcheck.search import kernels as k
from modelcheck.search.archive import CHUNK, HEAD, write
from modelcheck.search.parallel import Alone, Crew
from modelcheck.search.regions import available, replace_by_file, reserved, slots
from modelcheck.search.store import Changes, Key
from modelcheck.system import States, Successors, TransitionSystem

__all__ = ["NativeStore", "available"]

SEGMENTS = 1 << k.SEGMENT_BITS
MOST_ROWS = (1 << 31) - (1 << 24)
LEAST_CAPACITY = 1 << 12
FIRST_SHIFT = 16
BULK = 1 << 16


def _plain(column: NDArray[Any]) -> NDArray[np.int64]:
    """As the kernels read it: a system may answer with any view."""
    return np.ascontiguousarray(column, np.int64)


def _address(array: NDArray[Any]) -> int:
    return array.__array_interface__["data"][0]


@dataclass(slots=True)
class Batch:
    """Targets on their way into the store, in the order of discovery. row_of[source[i]] is the parent of targets[i].

    order: positions by owner; those of owner o from starts[o] on. flags: 1 for what turned out to be new. `fresh`
    counts those for each owner, at a distance that keeps workers out of each other's cache lines."""

    targets: States
    source: NDArray[np.int64]
    row_of: NDArray[np.int64]
    action: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    order: NDArray[np.uint32]
    starts: NDArray[np.int64]
    flags: NDArray[np.uint8]
    slot_of: NDArray[np.uint64]
    places: NDArray[np.uint32]
    fresh: NDArray[np.uint64]

    @property
    def new(self) -> int:
        return int(self.fresh.sum())


@dataclass(slots=True)
class _Scratch:
    """Arrays for a batch that are used again."""

    capacity: int = -1
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def get(self, size: int) -> dict[str, NDArray[Any]]:
        if size > self.capacity:
            self.capacity = size + size // 4
            kinds = {"hashes": np.uint64, "order": np.uint32, "flags": np.uint8, "slot_of": np.uint64}
            self.arrays = {n: np.empty(self.capacity + 8, t) for n, t in {**kinds, "places": np.uint32}.items()}
        return self.arrays


class NativeStore:
    """See `store.Store`. parent: int32; action: int8, int16 or int32. `insert` is one batch by one worker.

    An insertion that is broken off by an exception leaves the rows below `len` as they were, but must not be continued.
    Raises MemoryError beyond MOST_ROWS rows."""

    def __init__(self, width: int, actions: int, crew: Crew | None = None, expected: int = 0):
        self.crew = crew or Alone()
        kind = next(t for t in (np.int8, np.int16, np.int32) if actions <= np.iinfo(t).max)
        self.kernels = k.kernels(width, 8 * np.dtype(kind).itemsize)
        self._states = reserved(MOST_ROWS, width, np.uint64)
        self._parent = reserved(MOST_ROWS, None, np.int32)
        self._action = reserved(MOST_ROWS, None, kind)
        self._rows = min(len(self._states), len(self._parent), len(self._action))
        self._width, self._count = width, 0
        self._head = np.zeros(5, np.uint64)
        self._head[k.ROWS], self._head[k.SHIFT] = _address(self._states), FIRST_SHIFT
        self._segments = np.zeros((SEGMENTS, 4), np.uint64)
        self._slots: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)] * SEGMENTS
        for segment in range(SEGMENTS):
            self._place(segment, max(LEAST_CAPACITY, 3 * expected // (2 * SEGMENTS)))
        self._scratch: dict[Key, _Scratch] = {}
        self._in_order = np.empty(0, np.uint32)
        self._spilled = 0  # rows
        self._files: list[Path] = []
        finalize(self, _remove, self._files)

    def __len__(self) -> int:
        return self._count

    @property
    def states(self) -> States:
        return self._states[: self._count]

    @property
    def parent(self) -> NDArray[np.int32]:
        return self._parent[: self._count]

    @property
    def action(self) -> NDArray[Any]:
        return self._action[: self._count]

    # --- insertion ---

    def insert(self, targets: States, parents: NDArray[Any], actions: NDArray[Any]) -> NDArray[np.int64]:
        """As `Store.insert`."""
        positions = []
        for start in range(0, len(targets), BULK):
            part = slice(start, start + BULK)
            batch = self.batch((0, 0), targets[part], np.arange(len(parents[part])), parents[part], actions[part])
            self.insert_all([batch])
            positions.append(start + np.flatnonzero(batch.flags))
        return np.concatenate(positions) if positions else np.empty(0, np.int64)

    def batch(
        self,
        key: Key,
        targets: States,
        source: NDArray[np.int64],
        row_of: NDArray[np.int64],
        action: NDArray[np.int64],
    ) -> Batch:
        """Hashed, and divided among the owners. key: one of its own for each of those to be inserted together; the
        batch is valid until another one of that key is made."""
        targets, size = np.ascontiguousarray(targets), len(targets)
        s = self._scratch.setdefault(key, _Scratch()).get(size)
        self.kernels["digest"](_address(targets), size, _address(s["hashes"]))
        starts = np.zeros(self.crew.size + 2, np.int64)
        if self.crew.size == 1:
            starts[1] = size
            order = self._ascending(size)
        else:
            order = s["order"]
            self.kernels["divide"](_address(s["hashes"]), size, self.crew.size, _address(order), _address(starts))
        s["flags"][: size + 8] = 0
        return Batch(
            targets, _plain(source), _plain(row_of), _plain(action), s["hashes"], order, starts, s["flags"][:size],
            s["slot_of"], s["places"], np.zeros((self.crew.size, 8), np.uint64),
        )  # fmt: skip

    def insert_all(self, batches: Sequence[Batch]) -> None:
        """All of them, in order."""
        piece_shift = max(1, max(len(b.targets) for b in batches)).bit_length()
        self._head[k.COUNT], self._head[k.PIECE_SHIFT] = self._count, piece_shift
        self._lengthen(self._count + (len(batches) << piece_shift) + 1)
        pieces = np.array([(_address(b.targets), _address(b.slot_of)) for b in batches], np.uint64)
        self._head[k.PIECES] = _address(pieces)

        def insert_owned(owner: int) -> None:
            for number, batch in enumerate(batches):
                self._insert_owned(batch, self._count + (number << piece_shift), owner)

        self.crew.map(insert_owned, range(self.crew.size))
        ends = self._count + np.cumsum([b.new for b in batches])
        if ends[-1] > self._rows:
            raise MemoryError
        self.crew.map(lambda i: self._commit(batches[i], int(ends[i]) - batches[i].new), range(len(batches)))
        self._count = int(ends[-1])

    def _insert_owned(self, batch: Batch, ticket: int, owner: int) -> None:
        start, end = batch.starts[owner : owner + 2].tolist()
        while start < end:
            start = self.kernels["insert"](
                _address(self._head), _address(self._segments), _address(batch.targets), _address(batch.hashes),
                _address(batch.order), end, start, ticket, _address(batch.flags), _address(batch.slot_of),
                _address(batch.places), _address(batch.fresh[owner]),
            )  # fmt: skip
            if start < end:
                self._grow(int(batch.hashes[batch.order[start]]) >> (64 - k.SEGMENT_BITS))

    def _commit(self, batch: Batch, first: int) -> None:
        self.kernels["commit"](
            _address(self._head), _address(batch.targets), _address(batch.flags), _address(batch.slot_of),
            _address(batch.source), _address(batch.row_of), _address(batch.action), len(batch.targets), first,
            _address(self._states), _address(self._parent), _address(self._action),
        )  # fmt: skip

    def _ascending(self, size: int) -> NDArray[np.uint32]:
        if size > len(self._in_order):
            self._in_order = np.arange(2 * size, dtype=np.uint32)
        return self._in_order

    def digest(self, targets: States) -> NDArray[np.uint64]:
        """The hashes."""
        targets, hashes = np.ascontiguousarray(targets), np.empty(len(targets), np.uint64)
        self.kernels["digest"](_address(targets), len(targets), _address(hashes))
        return hashes

    def changes(self, before: States, answer: Successors, actions: int) -> Changes:
        """As `Store.changes`."""
        taken, changed = np.zeros(actions, np.int64), np.zeros(actions, np.int64)
        moves = np.zeros(answer.consumed, np.bool_)
        before, target = np.ascontiguousarray(before), np.ascontiguousarray(answer.target)
        source, action = _plain(answer.source), _plain(answer.action)
        self.kernels["changes"](
            _address(before), _address(source), _address(action), _address(target), len(target), _address(taken),
            _address(changed), _address(moves),
        )  # fmt: skip
        return Changes(taken, changed, moves)

    # --- growth ---

    def _place(self, segment: int, capacity: int) -> None:
        """A new and empty array for a segment."""
        self._slots[segment] = slots(capacity)
        self._segments[segment, [k.SLOTS, k.CAPACITY, k.LIMIT]] = (
            _address(self._slots[segment]), capacity, capacity * 4 // 5
        )  # fmt: skip

    def _grow(self, segment: int) -> None:
        old = self._slots[segment]
        self._place(segment, len(old) * 7 // 4)
        self.kernels["rehash"](_address(self._head), _address(self._segments), _address(old), len(old))

    def _lengthen(self, rows: int) -> None:
        """Makes room for row numbers below `rows`, at the price of a bit of the tags for each doubling."""
        shift = int(self._head[k.SHIFT])
        if rows >> 32:
            raise MemoryError
        while rows >> shift:
            for s in self._slots:
                s &= ~np.uint32(1 << shift)
            shift += 1
        self._head[k.SHIFT] = shift

    # --- questions ---

    def find(self, rows: States) -> NDArray[np.int64]:
        """The row of each state in the store, or -1."""
        rows, hashes = np.ascontiguousarray(rows), self.digest(rows)
        places, found = np.empty(len(rows), np.uint32), np.empty(len(rows), np.int64)
        self._head[k.COUNT] = self._count
        self.kernels["find"](
            _address(self._head), _address(self._segments), _address(rows), _address(hashes), len(rows),
            _address(places), _address(found),
        )  # fmt: skip
        return found

    def memory(self) -> int:
        """Bytes held: of the arrays as much as there are rows."""
        row = 8 * self._width + 4 + self._action.dtype.itemsize
        scratch = sum(a.nbytes for s in self._scratch.values() for a in s.arrays.values())
        return self._count * row + sum(s.nbytes for s in self._slots) + scratch

    # --- memory ---

    def close_level(self, first: int) -> None:
        pass

    def spill(self, folder: Path, cold: int) -> bool:
        """Maps chunks of rows from files in place of their memory: all that are whole below `cold`, or if there are
        none, one that is not so cold. The files are there as long as the store. False where they cannot be written."""
        columns = self._states, self._parent, self._action
        end = max(cold // CHUNK * CHUNK, self._spilled + CHUNK)
        if end > self._count:
            return False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for first in range(self._spilled, end, CHUNK):
                chunk = [c[first : first + CHUNK] for c in columns]
                part = write(folder, first, chunk)
                self._files.append(folder / part.name)
                replace_by_file(chunk, folder / part.name, HEAD)
                self._spilled = first + CHUNK
        except OSError:  # the disk is full, say
            return False
        return True

    def recovered(self, system: TransitionSystem, count: int) -> States:
        """The table is given back: nothing can be inserted or found after that."""
        self._slots.clear()
        self._scratch.clear()
        return self._states[:count]

    def omission(self, generated: int) -> float:
        return 0.0


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
