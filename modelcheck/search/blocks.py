"""Blocks of rows, expanded and inserted by all workers in machine code: what `block_kernel` works on.

Between two blocks a search is in Python, which looks at what is new and whether it has to stop. Within a block nobody
is: a chunk of two thousand rows takes less than a tenth of a millisecond, and threads that wait for each other through
Python would lose as much at each meeting. So chunks can be small, and what they write stays in the near caches.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.machinecode import Code
from modelcheck.search import block_words as k
from modelcheck.search.emission import Lane, apart
from modelcheck.search.parallel import SHARE, Alone, Crew
from modelcheck.search.regions import address
from modelcheck.search.store import Changes
from modelcheck.search.table import COMMIT_AHEAD, OFFERED, PIECE, PLACES, SEGMENT_COUNT
from modelcheck.system import NativeSuccessors, States

ROWS_ALONE = 1 << 12  # words of rows in a chunk: what it leads to stays in the cache of the processor
ROWS_TOGETHER = 1 << 11
AREAS_EACH = 4  # for each worker, at least: one may be ahead of another by so many chunks as there are areas
SHARES_EACH = 8  # the part of the slots that are left which a worker may take before it looks again, by all workers
FIRST_ROOM = 4  # targets of a row that may be new, in an area to begin with

# arrays of an area, by the words that hold their addresses; of targets there are `width` words each
AREA = {
    k.PARENTS: np.int32, k.ACTIONS: np.int32, k.TARGETS: np.uint64, k.HASHES: np.uint64, k.ANSWERS: np.uint8,
}  # fmt: skip
OF_ONE = {k.FLAGS: np.uint8}
OF_MANY = {k.SLOT_OF: np.uint64, k.CLAIMS: np.uint32}
OUT = {"parents": k.PARENTS, "actions": k.ACTIONS, "capacity": k.ROOM}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of a block of rows, counted over all transitions; the states are in the store. faults: as in
    `Successors`, in order. seen: of each predicate that was asked for, a bit for every answer that it gave for some
    state that is new, 1 << FALSE and so on."""

    generated: int
    changes: Changes
    faults: NDArray[np.int64]
    coverage: NDArray[np.bool_]
    seen: dict[int, int]


class Table(Protocol):
    """What blocks need of a store."""

    kernels: Code
    head: NDArray[np.uint64]
    rows: int
    vector: int  # words of a state, where something else is stored in its place

    def __len__(self) -> int: ...

    def addresses(self) -> dict[str, int]:
        """Of the header, the segments, the rows, the columns of parents, actions, and of vectors."""
        ...

    def grow(self) -> None: ...

    def use(self, taken: NDArray[np.uint64]) -> None: ...

    def number(self, rows: int, tickets: int, pieces: NDArray[np.uint64], shift: int) -> int: ...

    def holding(self, slots: NDArray[np.uint64], tickets: NDArray[np.int64]) -> NDArray[np.bool_]: ...

    def renumber(self, slots: NDArray[np.uint64], tickets: NDArray[np.int64]) -> None: ...

    def reach(self, count: int) -> None: ...


@dataclass(slots=True)
class _Arrays:
    """Room for some targets, and all that goes with them. words: hold the addresses, and are read by the kernels."""

    words: NDArray[np.uint64]
    kinds: dict[int, Any]
    widths: dict[int, int]
    room: int = 0
    arrays: dict[int, NDArray[Any]] = field(default_factory=dict)

    def make_room(self, room: int, used: int = 0) -> None:
        """For so many; the first `used` are kept."""
        length = room + COMMIT_AHEAD
        for word, kind in self.kinds.items():
            array = (np.zeros if word == k.CLAIMS else np.empty)((length, self.widths.get(word, 1)), kind)
            if used:
                array[:used] = self.arrays[word][:used]
            self.arrays[word], self.words[word] = array, address(array)
        self.words[k.ROOM] = self.room = room


class _Gang:
    """Some workers, with their lanes and areas."""

    def __init__(self, table: Table, crew: Crew, system: NativeSuccessors, lanes: list[Lane]):
        self.table, self.crew, self.system, self.lanes = table, crew, system, lanes
        self.width = lanes[0].width
        size, alone = crew.size, crew.size == 1
        self.chunk = max(1, (ROWS_ALONE if alone else ROWS_TOGETHER) // self.width)
        self.kernel = table.kernels["work_alone" if alone else "work"]
        self.progress = apart((size, k.LINE), np.uint64)
        self.shared = apart(k.SHARED, np.uint64)
        areas = 1 if alone else 1 << (AREAS_EACH * size - 1).bit_length()
        self.words, self.pieces = apart((areas, k.AREA), np.uint64), apart((2 * areas, PIECE), np.uint64)
        self.emitted = k.VECTOR if table.vector else k.TARGETS
        kinds = {**AREA, **(OF_ONE if alone else OF_MANY), self.emitted: np.uint64}
        self.areas = [_Arrays(words, kinds, {self.emitted: self.width}) for words in self.words]
        for area in self.areas:
            area.make_room(FIRST_ROOM * self.chunk)
        self.left, self.taken = (apart((size, SEGMENT_COUNT), np.uint64) for _ in range(2))
        self.progress[:, k.LEFT] = [address(left) for left in self.left]
        self.addresses = np.array([lane.address for lane in self.lanes], np.uint64)
        self.ids: tuple[int, ...] | None = None
        self.first_ticket = self.shift = 0
        self.set(
            workers=size, areas=areas, chunk_rows=self.chunk, most=table.rows, lanes=address(self.addresses),
            progress=address(self.progress), table=address(self.words), taken=address(self.taken),
            share=(SHARES_EACH * size - 1).bit_length(), **{"yield": _yielding()}, **table.addresses(),
        )  # fmt: skip

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.shared[getattr(k, name.upper())] = value

    def ask(self, ids: tuple[int, ...]) -> None:
        """Those predicates, of every new state."""
        self.ids, self.judges = ids, np.array([self.system.judges[i] for i in ids], np.uint64)
        self.seen = apart((self.crew.size, len(ids) + k.LINE), np.uint64)
        self.progress[:, k.SEEN] = [address(seen) for seen in self.seen]
        self.set(judges=address(self.judges), judged=len(ids))

    def explore(self, states: States, row_of: NDArray[np.int64], ids: tuple[int, ...]) -> Outcome:
        """states: (n, width), contiguous, those of the rows."""
        if ids != self.ids:
            self.ask(ids)
        count, moves = len(row_of), np.zeros(len(row_of), np.bool_)
        for lane in self.lanes:
            lane.begin(states, row_of, moves)
        self.set(chunks=-(-count // self.chunk), block_rows=count, total=len(self.table), next=0, retired=0, lock=0)
        self.seen[:] = self.left[:] = 0
        self.progress[:, [k.REACHED, k.FRESH, k.LOOKED]] = 0
        self.progress[:, k.CHUNK] = k.NONE
        self.words[:, [k.CLAIMED, k.INSERTED]] = 0
        self.words[:, k.FREE] = np.arange(len(self.words))
        self.number()
        while any(codes := self.run()):
            for code in set(codes):
                self.mend(code)
        self.table.reach(int(self.shared[k.TOTAL]))
        return self.outcome(moves)

    def number(self) -> None:
        """Says which numbers are rows, and which are tickets. Tickets that are in the table are written anew. There is
        room for more rows than the chunks at work can lead to: something gets done before that is asked for again."""
        total, given, tickets = int(self.shared[k.TOTAL]), [], 0
        rows = total + self.lanes[0].get("used")
        if self.crew.size > 1:
            given = [self.given(area) for area in range(len(self.areas)) if self.words[area, k.CLAIMED]]
            self.pieces[:, [OFFERED, PLACES]] = np.tile(self.words[:, [k.TARGETS, k.SLOT_OF]], (2, 1))
            self.shift = max(area.room - 1 for area in self.areas).bit_length()
            tickets = len(self.pieces) << self.shift
            rows = total + tickets
        self.first_ticket = self.table.number(rows, tickets, self.pieces, self.shift)
        for area, slots, positions in given:
            self.table.renumber(slots, self.ticket(area) + positions)

    def ticket(self, area: int) -> int:
        """The first of the chunk in an area."""
        chunk = (int(self.words[area, k.TAKER]) >> k.TAKER_BITS) - 1
        return self.first_ticket + (chunk % len(self.pieces) << self.shift)

    def given(self, area: int) -> tuple[int, NDArray[np.uint64], NDArray[np.int64]]:
        """The area, and of those of its tickets that are in the table, the addresses of their slots and positions."""
        arrays, claimed = self.areas[area].arrays, int(self.words[area, k.CLAIMED])
        positions = arrays[k.CLAIMS][:claimed, 0].astype(np.int64)
        slots = arrays[k.SLOT_OF][positions, 0]
        still = self.table.holding(slots, self.ticket(area) + positions)
        return area, slots[still], positions[still]

    def run(self) -> list[int]:
        """What the workers say."""
        self.set(leaving=0)
        codes = self.crew.map(self.work, range(self.crew.size), self.give_up)
        self.table.use(self.taken.sum(axis=0))
        self.taken[:] = 0
        return codes

    def work(self, number: int) -> int:
        return self.kernel(address(self.shared), number)

    def give_up(self) -> None:
        """Nobody waits any more for one who does not come."""
        self.set(leaving=1)

    def mend(self, code: int) -> None:
        """Does what the workers cannot go on without."""
        match code:
            case k.DONE | k.PAUSED:
                pass
            case k.LACKING:
                for lane, progress in zip(self.lanes, self.progress.tolist()):
                    if progress[k.CHUNK] != k.NONE:
                        self.make_room(lane, progress[k.STATUS], progress[k.CHUNK])
                self.number()
            case k.FULL:
                self.table.grow()
            case k.NUMBERS:
                self.number()
            case k.NO_ROWS:
                raise MemoryError
            case _:
                raise InternalError(f"a worker came back with {code}")

    def make_room(self, lane: Lane, lacking: int, chunk: int) -> None:
        """For a worker to go on with its chunk."""
        if lacking == 1:
            lane.room_for_answers(4 * lane.get("capacity"))
        if lacking == 2:
            area = self.areas[chunk % len(self.areas)]
            area.make_room(2 * area.room + lane.get("capacity"), lane.get("used"))
            outputs = {**OUT, "targets": self.emitted}
            lane.set(**{f"out_{name}": int(area.words[at]) for name, at in outputs.items()})

    def outcome(self, moves: NDArray[np.bool_]) -> Outcome:
        lanes = self.lanes
        told = np.concatenate([lane.told_faults() for lane in lanes])
        faults = told[np.argsort(told[:, 0], kind="stable")]  # all of a row were told by one lane
        taken, changed = (sum(lane.arrays[name] for lane in lanes) for name in ("taken", "changed"))
        coverage = np.logical_or.reduce([lane.arrays["coverage"] for lane in lanes])
        generated = sum(lane.get("generated") for lane in lanes)
        seen = dict(zip(self.ids or (), np.bitwise_or.reduce(self.seen).tolist()))
        return Outcome(generated, Changes(taken, changed, moves), self.system.faults(faults), coverage, seen)


class Blocks:
    """Blocks, by all workers or, if they are small, by one."""

    def __init__(self, table: Table, crew: Crew, system: NativeSuccessors, known: States, actions: int, guards: int):
        """known: a state that is stored, (1, width)."""
        lanes = [Lane(system, known, actions, guards) for _ in range(crew.size)]
        self.alone = _Gang(table, Alone(), system, lanes[:1])
        self.together = _Gang(table, crew, system, lanes) if crew.size > 1 else self.alone

    def explore(self, states: States, row_of: NDArray[np.int64], ids: tuple[int, ...]) -> Outcome:
        """Everything that one step leads to is in the store after that, in order, with its parents: rows of the store.
        states: (n, width), those of the rows `row_of`, which ascend from call to call. ids: predicates to be asked of
        every new state."""
        gang = self.together if len(row_of) >= SHARE else self.alone
        return gang.explore(np.ascontiguousarray(states), row_of, ids)


def _yielding() -> int:
    """The address of a C function without arguments that leaves the processor to another thread for a moment."""
    return ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0
