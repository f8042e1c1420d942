"""What the native store and its kernels must agree on, and the kernels as they are called. See `native_store`."""

from __future__ import annotations

from functools import lru_cache

from modelcheck.machinecode import Code
from modelcheck.machinecode.maker import Maker

COMMIT_AHEAD = 24
GROUP = 16  # slots: a line of the cache
SEGMENT_BITS = 6  # of a hash, the highest: which segment of the table
SEGMENT_COUNT = 1 << SEGMENT_BITS

# words of a table's header, of one segment's, and of a piece: its targets, where their slots are, and how many of its
# tickets gave way to others
ROWS, FIRST_TICKET, SHIFT, PIECES, PIECE_SHIFT = range(5)
SLOTS, CAPACITY, USED, LIMIT = range(4)
OFFERED, PLACES, LOST = range(3)
SEGMENT_WORDS, PIECE = 4, 4

PARTS = "assembler emission emitting hashing regions block_kernel block_words table target_kernels".split()
MAKER = Maker("modelcheck.search.kernels", tuple(f"modelcheck.search.{part}" for part in PARTS))


@lru_cache(maxsize=8)
def kernels(width: int, action_bits: int, vector: int = 0) -> Code:
    """digest, insert, insert_alone, commit, find, rehash, changes, emit, work, work_alone. vector: words of a
    state, where its hash is stored in its place, beside a column of vectors; there is `prints` then."""
    return MAKER.code(width, action_bits, vector)
