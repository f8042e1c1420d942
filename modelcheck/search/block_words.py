"""The words by which `blocks` and `block_kernel` tell each other things, and the codes."""

from __future__ import annotations

DONE, LACKING, NUMBERS, FULL, NO_ROWS, PAUSED = range(6)
"""LACKING: the lane has no room for what it emits. NUMBERS: row numbers or tickets might not fit into the slots. FULL:
a segment of the table is. NO_ROWS: the store has no more of them. PAUSED: another worker left with one of these."""

LINE = 16  # words: what is written by different workers lies so far apart
PATIENCE = 1 << 12  # looks, before a worker that waits leaves the processor to others

# words that all workers share: first what they only read. SHARE: the logarithm of the part of the slots that are left
# which a worker may take before it looks again. NEXT: the next chunk to be taken. RETIRED: so many chunks have been
# given their rows, TOTAL in all. TOUCHED: of each column, the last page that was
(WORKERS, CHUNKS, CHUNK_ROWS, BLOCK_ROWS, AREAS, YIELD, HEAD, SEGMENTS, ROWS, PARENT, ACTION, LANES, PROGRESS, TABLE,
 MOST, JUDGES, JUDGED, VECTORS, TAKEN, SHARE) = range(20)  # fmt: skip
NEXT, LEAVING, LOCK, RETIRED, TOUCHED = (LINE * i for i in range(2, 7))
TOTAL = RETIRED + 1
SHARED = LINE * 7

# words of an area. ROOM: for so many targets. VECTOR: what was emitted, where something else is stored in its place.
# FLAGS: of `work_alone`, which does without the following. CLAIMED: so many CLAIMS. START: the row of its first state
# that is new. TAKER: the chunk + 1, and in the lowest TAKER_BITS who took it. FREE: the chunk that may use it.
# INSERTED: the last chunk of which all is in the table, + 1
(ROOM, PARENTS, ACTIONS, TARGETS, HASHES, ANSWERS, VECTOR, FLAGS, SLOT_OF, CLAIMS, CLAIMED, START, TAKER, FREE,
 INSERTED) = range(15)  # fmt: skip
AREA = LINE
TAKER_BITS = 8

# words of a worker's progress. STATUS: what `emit` gave. CHUNK: at work, or NONE. REACHED, FRESH: of `work_alone`, how
# many of its targets are in the table, and how many of them were new. LOOKED: all before that chunk are committed, or
# another's. Then addresses: of what it has seen of each predicate, and of how many slots of each segment it may take
STATUS, CHUNK, REACHED, FRESH, LOOKED, SEEN, LEFT = range(7)
NONE = (1 << 64) - 1
