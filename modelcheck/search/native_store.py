"""The state store of large searches: 8 bytes a word, 4 for the parent, 1 or 2 for the action, 5 to 8.8 for the table.

The vectors stand once, in the order of discovery. The table is open addressing over 32-bit slots: in the low bits the
row number plus one, in the bits above a tag, the part of the hash that the place of the slot does not tell; 0 is empty.
It is cut into 64 segments by the highest bits of the hash, of one capacity (the place is hash * capacity >> 32), which
lie one after the other. At a load of about 4/5 the table grows where it is, to 7/4 or, while that is little memory, to
four times as much, for each growth reads every row: the segments move up, the last one first, into what is free or has
been left. So no more than a segment is held twice, and all of it lies in large pages. With the rows, row numbers get
longer and tags shorter, in place.

Targets that come in batches are inserted in their order, by one worker. Where a system has its successors as machine
code, `blocks` expands and inserts: all workers insert into one table, and a new state has a ticket in its slot until
all that comes before it is there too; then tickets become row numbers in the order of discovery. So the rows are the
same for every number of workers. Segments are the partition by hash: when the table grows, each is one worker's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from modelcheck.search import table as k
from modelcheck.search.archive import CHUNK, HEAD, Part, read, write
from modelcheck.search.blocks import Blocks
from modelcheck.search.parallel import Alone, Crew
from modelcheck.search.regions import address, available, release, replace_by_file, reserved, room
from modelcheck.search.store import Changes, Key
from modelcheck.system import NativeSuccessors, States, Successors, TransitionSystem

__all__ = ["NativeStore", "available"]

SEGMENTS = k.SEGMENT_COUNT
MOST_ROWS = (1 << 31) - (1 << 24)
LEAST_CAPACITY = 1 << 12
SMALL = 1 << 14  # the capacity of a segment below which it grows to four times as much; the table has 4 MB then
FIRST_SHIFT = 16
BULK = 1 << 16
SCRATCH = {"hashes": np.uint64, "flags": np.uint8}


def _plain(column: NDArray[Any]) -> NDArray[np.int64]:
    """As the kernels read it: a system may answer with any view."""
    return np.ascontiguousarray(column, np.int64)


def _short(column: NDArray[Any]) -> NDArray[np.int32]:
    return np.ascontiguousarray(column, np.int32)


@dataclass(slots=True)
class Batch:
    """Targets on their way into the store, in the order of discovery. columns: what is stored of them, (n, width), the
    states, their parents and actions, int32. flags: 1 for what turned out to be new, so many as `fresh` says. at:
    addresses, those of the arrays of `_Scratch` among them."""

    columns: tuple[NDArray[Any], ...]
    flags: NDArray[np.uint8]
    fresh: NDArray[np.uint64]
    at: dict[str, int]

    @property
    def new(self) -> int:
        return int(self.fresh[0])


@dataclass(slots=True)
class _Scratch:
    """Arrays for a batch that are used again, and where they are: to ask an array takes a microsecond."""

    capacity: int = -1
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)

    def fit(self, size: int) -> None:
        if size > self.capacity:
            self.capacity = size + size // 4
            self.arrays = {name: np.zeros(self.capacity, kind) for name, kind in SCRATCH.items()}
            self.at = {name: address(array) for name, array in self.arrays.items()}


class NativeStore:
    """See `store.Store`. parent: int32; action: int8, int16 or int32. `insert` is one batch by one worker.

    An insertion that is broken off by an exception leaves the rows below `len` as they were, but must not be continued,
    and nothing can be found after it.
    rows: room for so many, fewer where address space is limited. vector: words of a state, where what is stored stands
    for it only; states then have a column of their own, `vectors`. Raises MemoryError where there is no room."""

    def __init__(
        self, width: int, actions: int, crew: Crew | None = None, expected: int = 0, rows: int = MOST_ROWS,
        vector: int = 0,
    ):  # fmt: skip
        self.crew = crew or Alone()
        kind = next(t for t in (np.int8, np.int16, np.int32) if actions <= np.iinfo(t).max)
        hits = k.kernels.cache_info().hits
        self.kernels = k.kernels(width, 8 * np.dtype(kind).itemsize, vector)
        self.cached = self.kernels.cached or k.kernels.cache_info().hits > hits  # its code was there already
        slots = 2 * np.dtype(np.uint32).itemsize
        self.rows = room(8 * width + 4 + np.dtype(kind).itemsize + slots + 8 * vector, rows)
        self._states = reserved(self.rows, width, np.uint64)
        self._parent = reserved(self.rows, None, np.int32)
        self._action = reserved(self.rows, None, kind)
        self._width, self._actions, self._count = width, actions, 0
        self.head = np.zeros(5, np.uint64)
        self.head[k.ROWS], self.head[k.SHIFT] = address(self._states), FIRST_SHIFT
        self._segments = np.zeros((SEGMENTS, 4), np.uint64)
        self._index = address(self.head), address(self._segments)
        self.vector, none = vector, np.empty((0, 0), np.uint64)
        self.vectors = reserved(self.rows, vector, np.uint64) if vector else none
        self._columns = address(self._states), address(self._parent), address(self._action)
        self._table = reserved(2 * self.rows, None, np.uint32)
        self._capacity = _whole(max(LEAST_CAPACITY, 3 * expected // (2 * SEGMENTS)))  # of a segment
        if SEGMENTS * self._capacity > len(self._table):
            raise MemoryError
        for segment in range(SEGMENTS):
            self._place(segment, self._capacity)
        self._scratch: dict[Key, _Scratch] = {}
        self._spilled = 0  # rows
        self._files: list[Path] = []
        self._parts: list[tuple[Path, Part]] = []  # folders, and what was written there
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
            batch = self.batch((0, 0), targets[part], None, parents[part], actions[part])
            self.insert_all([batch])
            positions.append(start + np.flatnonzero(batch.flags))
        return np.concatenate(positions) if positions else np.empty(0, np.int64)

    def batch(
        self, key: Key, targets: States, source: NDArray[Any] | None, row_of: NDArray[Any], action: NDArray[Any]
    ) -> Batch:
        """Hashed. key: one of its own for each of those to be inserted together; the batch is valid until another one
        of that key is made. targets: states, whatever is stored of them."""
        vectors = targets = np.ascontiguousarray(targets)
        if self.vector:
            targets = self.prints(vectors)
        size = len(targets)
        parents = row_of if source is None else row_of[source]
        scratch = self._scratch.setdefault(key, _Scratch())
        scratch.fit(size)
        parents, actions, fresh = _short(parents), _short(action), np.zeros(1, np.uint64)
        at = {
            **scratch.at, "targets": address(targets), "parents": address(parents), "actions": address(actions),
            "fresh": address(fresh), "vectors": address(vectors),
        }  # fmt: skip
        self.kernels["digest"](at["targets"], size, at["hashes"])
        flags = scratch.arrays["flags"][:size]
        flags[:] = 0
        return Batch((targets, vectors, parents, actions), flags, fresh, at)

    def insert_all(self, batches: Sequence[Batch]) -> None:
        """All of them, in order."""
        for batch in batches:
            self._insert(batch)

    def _insert(self, batch: Batch) -> None:
        size, done, at = len(batch.flags), 0, batch.at
        where = at["parents"], at["actions"], *self._columns
        if self.vector:
            where = *where, at["vectors"], address(self.vectors)
        if self._count + size > self.rows:
            raise MemoryError
        self.lengthen(self._count + size + 1)
        self.head[k.FIRST_TICKET] = self.rows  # no row is a ticket
        while True:
            done = self.kernels["insert_alone"](
                *self._index, at["targets"], at["hashes"], size, done, self._count, at["flags"], at["fresh"], *where
            )  # fmt: skip
            if done == size:
                break
            self.grow()
        self._count += batch.new

    def prints(self, states: States) -> States:
        """What is stored in their place, (n, 1)."""
        prints = np.empty((len(states), 1), np.uint64)
        self.kernels["prints"](address(states), len(states), address(prints))
        return prints

    def digest(self, targets: States) -> NDArray[np.uint64]:
        """The hashes."""
        targets, hashes = np.ascontiguousarray(targets), np.empty(len(targets), np.uint64)
        self.kernels["digest"](address(targets), len(targets), address(hashes))
        return hashes

    def changes(self, before: States, answer: Successors, actions: int) -> Changes:
        """As `Store.changes`."""
        taken, changed = np.zeros(actions, np.int64), np.zeros(actions, np.int64)
        moves = np.zeros(answer.consumed, np.bool_)
        before, target = np.ascontiguousarray(before), np.ascontiguousarray(answer.target)
        source, action = _plain(answer.source), _plain(answer.action)
        self.kernels["changes"](
            address(before), address(source), address(action), address(target), len(target), address(taken),
            address(changed), address(moves),
        )  # fmt: skip
        return Changes(taken, changed, moves)

    def blocks(self, system: NativeSuccessors, known: States, guards: int) -> Blocks:
        """For all workers to expand rows. known: a state that is there, one row."""
        return Blocks(self, self.crew, system, known, self._actions, guards)

    def addresses(self) -> dict[str, int]:
        """As `blocks.Table`."""
        head, segments, rows, parent, action = *self._index, *self._columns
        columns = {"rows": rows, "parent": parent, "action": action, "vectors": address(self.vectors)}
        return {"head": head, "segments": segments, **columns}

    def number(self, rows: int, tickets: int, pieces: NDArray[np.uint64], shift: int) -> int:
        """Makes room for so many rows, and for tickets in place of the highest row numbers, of which the first is
        given: each stands for a position in a piece, of 1 << shift positions. pieces: as in `table`."""
        self.lengthen(rows + tickets + 1)
        first = (1 << int(self.head[k.SHIFT])) - 1 - tickets
        self.head[[k.FIRST_TICKET, k.PIECES, k.PIECE_SHIFT]] = first, address(pieces), shift
        return first

    def holding(self, slots: NDArray[np.uint64], tickets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each slot, of which there is the address, has that ticket."""
        mask = np.uint32((1 << int(self.head[k.SHIFT])) - 1)
        return self._table[self._slots_at(slots)] & mask == tickets + 1

    def renumber(self, slots: NDArray[np.uint64], tickets: NDArray[np.int64]) -> None:
        """Gives each slot another ticket."""
        mask, places = np.uint32((1 << int(self.head[k.SHIFT])) - 1), self._slots_at(slots)
        self._table[places] = self._table[places] & ~mask | (tickets + 1).astype(np.uint32)

    def _slots_at(self, slots: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where in the table those are, of which there are the addresses."""
        return (slots.astype(np.int64) - address(self._table)) // 4

    def use(self, taken: NDArray[np.uint64]) -> None:
        """So many slots of each segment were taken."""
        self._segments[:, k.USED] += taken

    def reach(self, count: int) -> None:
        """The rows before that one were written by `blocks`."""
        self._count = count

    # --- growth ---

    def _place(self, segment: int, capacity: int) -> None:
        """Where a segment is, and how large."""
        self._segments[segment, [k.SLOTS, k.CAPACITY, k.LIMIT]] = (
            address(self._table) + 4 * segment * capacity, capacity, capacity * 4 // 5
        )  # fmt: skip

    def grow(self) -> None:
        old = self._capacity
        most = len(self._table) // SEGMENTS // k.GROUP * k.GROUP
        new = min(4 * old if old < SMALL else _whole(old * 7 // 4), most)
        if new <= old:
            raise MemoryError
        for wave in _waves(old, new):
            self.crew.map(lambda segment: self._move(segment, old, new), wave)
        self._capacity = new

    def _move(self, segment: int, old: int, new: int) -> None:
        """Where the segment lies over itself, it is copied first."""
        slots = self._table[segment * old : (segment + 1) * old]
        if segment * new < (segment + 1) * old:
            slots = slots.copy()
        used = max(0, SEGMENTS * old - segment * new)  # slots of what was another segment, or this one
        self._table[segment * new : segment * new + min(used, new)] = 0
        self._place(segment, new)
        filled = np.zeros(new // k.GROUP, np.uint8)
        self.kernels["rehash"](
            *self._index, address(slots), old, address(filled)
        )  # fmt: skip

    def lengthen(self, rows: int) -> None:
        """Makes room for row numbers below `rows`, at the price of a bit of the tags for each doubling."""
        shift = int(self.head[k.SHIFT])
        if rows >> 32:
            raise MemoryError
        while rows >> shift:
            table = self._table[: SEGMENTS * self._capacity]
            table &= ~np.uint32(1 << shift)
            shift += 1
        self.head[k.SHIFT] = shift

    # --- questions ---

    def find(self, rows: States) -> NDArray[np.int64]:
        """The row of each state in the store, or -1."""
        rows, hashes = np.ascontiguousarray(rows), self.digest(rows)
        found = np.empty(len(rows), np.int64)
        self.head[k.FIRST_TICKET] = self._count  # no row is a ticket
        self.kernels["find"](*self._index, address(rows), address(hashes), len(rows), address(found))
        return found

    def memory(self) -> int:
        """Bytes held: of the arrays as much as there are rows."""
        row = 8 * self._width + 4 + self._action.dtype.itemsize
        scratch = sum(a.nbytes for s in self._scratch.values() for a in s.arrays.values())
        return self._count * row + 4 * SEGMENTS * self._capacity + scratch

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
                self._parts.append((folder, part))
                replace_by_file(chunk, folder / part.name, HEAD)
                self._spilled = first + CHUNK
        except OSError:  # the disk is full, say
            return False
        return True

    def recovered(self, system: TransitionSystem, count: int) -> States:
        """The table is given back: nothing can be inserted or found after that. Raises MissingFile where a file does
        not hold what was written any more: what the search read from it may have been wrong."""
        for folder, part in self._parts:
            read(folder, part)
        release(self._table[: SEGMENTS * self._capacity])
        self._scratch.clear()
        return self._states[:count]

    def omission(self, generated: int) -> float:
        return 0.0


def _whole(slots: int) -> int:
    """The next multiple of a group."""
    return -(-slots // k.GROUP) * k.GROUP


def _waves(old: int, new: int) -> list[range]:
    """The segments in the order in which they can move to where they are to be, those of a wave at the same time: what
    lies beyond all that have not moved is free."""
    waves, left = [], SEGMENTS
    while left:
        lowest = min(-(-left * old // new), left - 1)
        waves.append(range(lowest, left))
        left = lowest
    return waves


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
