"""Blocks of rows, expanded and inserted by all workers in machine code: what `round_kernel` works on.

Between two blocks a search is in Python, which looks at what is new and whether it has to stop. Within a block nobody
is: a round of a few thousand rows takes less than a millisecond, and threads that wait for each other through Python
would lose a tenth of it at each meeting. So rounds can be small, and what they write stays in the near caches.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.machinecode import Code
from modelcheck.search import round_words as k
from modelcheck.search.emission import Lane, apart
from modelcheck.search.parallel import SHARE, Alone, Crew
from modelcheck.search.regions import address
from modelcheck.search.store import Changes
from modelcheck.search.table import COMMIT_AHEAD, PIECE_SHIFT
from modelcheck.system import NativeSuccessors, States

ROWS_ALONE = 1 << 12  # words of rows in a chunk: what it leads to stays in the cache of the processor
ROWS_TOGETHER = 1 << 11
AREAS_EACH = 4  # chunks of a round, for each worker: who is done with one takes the next
FIRST_ROOM = 4  # targets of a row that may be new, in an area to begin with

# arrays of an area, by the words that hold their addresses, and of a worker; of targets there are `width` words each
AREA = {
    k.PARENTS: np.int32, k.ACTIONS: np.int32, k.TARGETS: np.uint64, k.HASHES: np.uint64, k.ORDER: np.uint32,
    k.FLAGS: np.uint8, k.SLOT_OF: np.uint64, k.ANSWERS: np.uint8,
}  # fmt: skip
OWN = {k.EMITTED: np.uint64, k.HASHED: np.uint64, k.MARKS: np.uint32, k.CHOSEN: np.uint32}
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
    """What the rounds need of a store."""

    kernels: Code
    head: NDArray[np.uint64]
    rows: int
    vector: int  # words of a state, where something else is stored in its place

    def __len__(self) -> int: ...

    def addresses(self) -> dict[str, int]:
        """Of the header, the segments, the rows, the columns of parents, actions, and of vectors."""
        ...

    def grow(self) -> None: ...

    def lengthen(self, numbers: int) -> None: ...

    def open_tickets(self, first: int, pieces: int, shift: int) -> None: ...

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
            array = np.empty((length, self.widths.get(word, 1)), kind)
            if used:
                array[:used] = self.arrays[word][:used]
            self.arrays[word], self.words[word] = array, address(array)
        self.room = room


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
        areas = 1 if alone else AREAS_EACH * size
        self.words, self.pieces = apart((areas, k.AREA), np.uint64), np.zeros((areas, 2), np.uint64)
        widths = {k.VECTOR: table.vector} if table.vector else {k.TARGETS: self.width, k.EMITTED: self.width}
        kinds = {**AREA, k.VECTOR: np.uint64} if table.vector else AREA
        self.areas = [_Arrays(words, kinds, widths) for words in self.words]
        self.own = [] if alone else [_Arrays(words, OWN, widths) for words in self.progress]
        self.emitted = k.VECTOR if table.vector else k.TARGETS if alone else k.EMITTED
        self.starts, self.fresh = apart((areas, k.LINE * 2), np.int64), apart((areas, 2 * size * k.APART), np.uint64)
        for number, area in enumerate(self.areas):
            self.words[number, k.STARTS], self.words[number, k.FRESH] = map(
                address, (self.starts[number], self.fresh[number])
            )
            area.make_room(FIRST_ROOM * self.chunk)
        self.words[:, k.ROOM] = FIRST_ROOM * self.chunk
        self.match_room(FIRST_ROOM * self.chunk)
        self.addresses = np.array([lane.address for lane in self.lanes], np.uint64)
        self.ids: tuple[int, ...] | None = None
        self.set(
            workers=size, areas=areas, chunk_rows=self.chunk, most=table.rows, lanes=address(self.addresses),
            progress=address(self.progress), table=address(self.words), **{"yield": _yielding()}, **table.addresses(),
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
        self.set(chunks=-(-count // self.chunk), block_rows=count, total=len(self.table), phase=k.EXPANDING)
        self.set(next=0, first=0)
        self.progress[:, k.STATUS] = self.seen[:] = 0
        self.progress[:, k.CHUNK] = k.NONE
        self.number_tickets()
        while (code := self.run()) != k.DONE:
            self.mend(code)
        self.table.reach(int(self.shared[k.TOTAL]))
        return self.outcome(moves)

    def number_tickets(self) -> None:
        self.pieces[:] = self.words[:, (k.TARGETS, k.SLOT_OF)]
        shift = max(area.room for area in self.areas).bit_length()
        first = int(self.shared[k.TOTAL]) if self.own else self.table.rows
        self.table.open_tickets(first, address(self.pieces), shift)

    def run(self) -> int:
        """What all workers say."""
        codes = set(self.crew.map(self.work, range(self.crew.size), self.give_up))
        if len(codes) != 1:
            raise InternalError(f"workers disagree: {sorted(codes)}")
        return codes.pop()

    def work(self, number: int) -> int:
        return self.kernel(address(self.shared), number)

    def give_up(self) -> None:
        """Nobody waits any more for one who does not come."""
        self.shared[k.GIVEN_UP] = 1

    def mend(self, code: int) -> None:
        """Does what the workers cannot go on without."""
        match code:
            case k.LACKING:
                for number, progress in enumerate(self.progress.tolist()):
                    self.make_room(number, progress[k.STATUS], progress[k.CHUNK])
                self.number_tickets()
            case k.FULL:
                self.table.grow()
            case k.NUMBERS:
                self.make_numbers()
            case _:
                raise InternalError(f"a worker came back with {code}")

    def make_room(self, number: int, lacking: int, chunk: int) -> None:
        """For the worker of that number to go on with its chunk."""
        lane = self.lanes[number]
        if lacking == 1:
            lane.room_for_answers(4 * lane.get("capacity"))
        if lacking == 2:
            area = self.areas[chunk - int(self.shared[k.FIRST]) if self.own else 0]
            area.make_room(2 * area.room + lane.get("capacity"), lane.get("used"))
            self.words[:, k.ROOM] = [a.room for a in self.areas]
            lane.set(**{f"out_{name}": int(area.words[at]) for name, at in OUT.items()})
            if self.emitted != k.EMITTED:
                lane.set(out_targets=int(area.words[self.emitted]))
            self.match_room(area.room)

    def match_room(self, room: int) -> None:
        """Every worker may expand into the largest area."""
        for lane, own in zip(self.lanes, self.own):
            if own.room < room:
                own.make_room(room, lane.get("used"))
            if self.emitted == k.EMITTED:
                lane.set(out_targets=int(own.words[k.EMITTED]))

    def make_numbers(self) -> None:
        total, first, chunks = (int(self.shared[at]) for at in (k.TOTAL, k.FIRST, k.CHUNKS))
        offered = int(self.words[: chunks - first, k.USED].sum())  # in this round
        if total + offered > self.table.rows:
            raise MemoryError
        tickets = len(self.areas) << int(self.table.head[PIECE_SHIFT]) if self.own else offered
        self.table.lengthen(total + tickets + 1)

    def outcome(self, moves: NDArray[np.bool_]) -> Outcome:
        lanes = self.lanes
        told = np.concatenate([lane.told_faults() for lane in lanes])
        faults = told[np.argsort(told[:, 0], kind="stable")]  # all of a row were told by one lane
        taken, changed = (sum(lane.arrays[name] for lane in lanes) for name in ("taken", "changed"))
        coverage = np.logical_or.reduce([lane.arrays["coverage"] for lane in lanes])
        generated = sum(lane.get("generated") for lane in lanes)
        seen = dict(zip(self.ids or (), np.bitwise_or.reduce(self.seen).tolist()))
        return Outcome(generated, Changes(taken, changed, moves), self.system.faults(faults), coverage, seen)


class Rounds:
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
