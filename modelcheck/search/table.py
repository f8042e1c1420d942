"""What the native store and its kernels must agree on, and the kernels as they are called. See `native_store`."""

from __future__ import annotations

from functools import lru_cache

from modelcheck.machinecode import Code
from modelcheck.machinecode.maker import Maker

COMMIT_AHEAD = 24
GROUP = 16  # slots: a line of the cache
SEGMENT_BITS = 6  # of a hash, the highest: which segment of the table

# words of a table's header, and of one segment's
ROWS, COUNT, SHIFT, PIECES, PIECE_SHIFT = range(5)
SLOTS, CAPACITY, USED, LIMIT = range(4)

PARTS = "assembler emission emitting hashing round_kernel round_words table".split()
MAKER = Maker("modelcheck.search.kernels", tuple(f"modelcheck.search.{part}" for part in PARTS))


@lru_cache(maxsize=8)
def kernels(width: int, action_bits: int) -> Code:
    """digest, divide, insert, insert_alone, commit, find, rehash, changes, emit, work, work_alone: see
    `kernels.text`."""
    return MAKER.code(width, action_bits)
