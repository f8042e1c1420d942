"""What two workers do with one table, step by step and so the same every time: `insert` and `commit` as they are called
for chunks, whoever is first."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from modelcheck.search.native_store import NativeStore
from modelcheck.search.regions import address
from modelcheck.search.table import LOST, OFFERED, PIECE, PLACES, SEGMENT_BITS

SHIFT, AREAS = 3, 4  # of the positions in a piece; chunks at work
HALF = AREAS << SHIFT
SEGMENTS = 1 << SEGMENT_BITS


@dataclass
class Chunk:
    """What a chunk of that number led to, and where it claims slots. left: of each segment."""

    number: int
    targets: NDArray[np.uint64]
    left: int = 100
    slot_of: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(8, np.uint64))
    claims: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(8 + 24, np.uint32))
    claimed: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(1, np.uint64))


class Bench:
    """A store, and the pieces of the chunks."""

    def __init__(self) -> None:
        self.store = NativeStore(1, 9)
        self.pieces = np.zeros((2 * AREAS, PIECE), np.uint64)
        self.first = self.store.number(2 * HALF, 2 * HALF, self.pieces, SHIFT)
        self.taken = np.zeros(SEGMENTS, np.uint64)
        self.parent, self.action = np.arange(8, dtype=np.int32), np.arange(8, dtype=np.int32)
        self.rows = 0

    def ticket(self, chunk: Chunk) -> int:
        return self.first + (chunk.number % len(self.pieces) << SHIFT)

    def insert(self, chunk: Chunk, start: int = 0) -> int:
        """Gives how far it came."""
        turn, targets = chunk.number % len(self.pieces), chunk.targets
        self.pieces[turn, [OFFERED, PLACES]] = address(targets), address(chunk.slot_of)
        hashes, left = self.store.digest(targets), np.full(SEGMENTS, chunk.left, np.uint64)
        arrays = chunk.slot_of, chunk.claims, chunk.claimed, left, self.taken
        return self.store.kernels["insert"](
            *self.store._index, address(targets), address(hashes), len(targets), start, self.ticket(chunk), HALF,
            *map(address, arrays),
        )  # fmt: skip

    def commit(self, chunk: Chunk) -> None:
        where = map(address, (self.parent, self.action))
        columns = self.store._columns
        claimed = int(chunk.claimed[0])
        fresh = self.store.kernels["commit"](
            self.store._index[0], address(chunk.targets), address(chunk.slot_of), address(chunk.claims), claimed,
            self.rows, self.ticket(chunk), *where, *columns,
        )  # fmt: skip
        lost = int(self.pieces[chunk.number % len(self.pieces), LOST])
        assert fresh == claimed - lost
        self.rows += fresh
        self.store.reach(self.rows)


def states(*values: int) -> NDArray[np.uint64]:
    return np.array(values, np.uint64)[:, None]


@pytest.mark.parametrize("first", range(2 * AREAS + 1))
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_first_chunk_has_the_state_whoever_was_there_first(first: int, order: tuple[int, ...]) -> None:
    """Chunks of any three numbers that follow each other, also where the numbers of their tickets begin again."""
    bench = Bench()
    chunks = [Chunk(first + i, states(*v)) for i, v in enumerate(((1, 2, 1), (3, 2, 4), (4, 5, 1, 3, 5)))]
    for i in order:
        assert bench.insert(chunks[i]) == len(chunks[i].targets)
    for chunk in chunks:
        bench.commit(chunk)
    assert bench.store.states[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert bench.store.parent.tolist() == bench.store.action.tolist() == [0, 1, 0, 2, 1]
    assert int(bench.taken.sum()) == 5  # slots, not tickets
    assert bench.store.find(states(5, 4, 6, 1)).tolist() == [4, 3, -1, 0]


def test_a_chunk_may_be_committed_before_later_ones_are_inserted() -> None:
    bench = Bench()
    first, second, third = Chunk(0, states(1, 2)), Chunk(1, states(2, 3, 1)), Chunk(2, states(3, 4))
    bench.insert(second)
    bench.insert(first)
    bench.commit(first)
    bench.insert(third)
    bench.commit(second)
    bench.commit(third)
    assert bench.store.states[:, 0].tolist() == [1, 2, 3, 4] and bench.store.parent.tolist() == [0, 1, 1, 1]


def test_where_no_slot_is_left_it_goes_on_after_growth() -> None:
    """A ticket that gave way does not follow its slot, and one that stays does."""
    bench = Bench()
    later, before = Chunk(5, states(*range(8))), Chunk(4, states(3, 9, 5))
    assert bench.insert(later) == 8
    before.left = 0
    assert bench.insert(before) == 1  # 3 is there: to take its slot needs no other
    bench.store.use(bench.taken)
    bench.store.grow()
    before.left = 1
    assert bench.insert(before, 1) == 3
    bench.commit(before)
    bench.commit(later)
    assert bench.store.states[:, 0].tolist() == [3, 9, 5, 0, 1, 2, 4, 6, 7]
    assert bench.store.find(states(*range(10))).tolist() == [3, 4, 5, 0, 6, 2, 7, 8, -1, 1]


def test_tickets_are_numbered_anew_where_they_have_not_given_way() -> None:
    bench = Bench()
    later, before = Chunk(1, states(7, 8, 9)), Chunk(0, states(8))
    bench.insert(later)
    bench.insert(before)
    slots, old = later.slot_of[:3], bench.ticket(later) + np.arange(3)
    assert bench.store.holding(slots, old).tolist() == [True, False, True]
    given = [(later, np.array([0, 2])), (before, np.array([0]))]
    bench.first = bench.store.number(1 << 20, 2 * HALF, bench.pieces, SHIFT)  # longer numbers, and shorter tags
    for chunk, positions in given:
        bench.store.renumber(chunk.slot_of[positions], bench.ticket(chunk) + positions)
    assert bench.insert(Chunk(2, states(9, 7, 8))) == 3 and int(bench.pieces[:, LOST].sum()) == 1
    bench.commit(before)
    bench.commit(later)
    assert bench.store.states[:, 0].tolist() == [8, 7, 9]
    assert bench.store.find(states(7, 8, 9, 10)).tolist() == [1, 0, 2, -1]
