"""The words by which `rounds` and `round_kernel` tell each other things, and the codes."""

from __future__ import annotations

DONE, LACKING, NUMBERS, FULL, ABANDONED = range(5)
"""LACKING: some lane has no room for what it emits. NUMBERS: row numbers or tickets would not fit into the slots.
FULL: a segment of the table is."""

LINE = 16  # words: what is written by different workers lies so far apart
PATIENCE = 1 << 12  # looks, before a worker that waits leaves the processor to others

# words that all workers share: first what they only read
(WORKERS, CHUNKS, CHUNK_ROWS, BLOCK_ROWS, AREAS, YIELD, HEAD, SEGMENTS, ROWS, PARENT, ACTION, LANES, PROGRESS, TABLE,
 MOST, PHASE, JUDGES, JUDGED, VECTORS) = range(19)  # fmt: skip
ARRIVED, GENERATION, NEXT, FIRST, TOTAL, GIVEN_UP = (LINE * i for i in range(2, 8))
SHARED = LINE * 8
EXPANDING, INSERTING = 0, 1  # phases

# words of an area. ROOM: for so many targets. VECTOR: what was emitted, where something else is stored in its place.
# WHO: the worker that expanded the chunk, and will commit it
(ROOM, PARENTS, ACTIONS, TARGETS, HASHES, ORDER, FLAGS, SLOT_OF, ANSWERS, VECTOR, STARTS, FRESH, USED, BUSY,
 WHO) = range(15)  # fmt: skip
AREA = LINE
APART = 8  # words from the count of one owner's new states to that of the next

# words of a worker's progress; then addresses: of what it emits, the hashes, what `commit` writes, and what it has seen
# of each predicate
STATUS, CHUNK, AT_AREA, REACHED, STOPPED, EMITTED, HASHED, MARKS, CHOSEN, SEEN = range(10)
NONE = (1 << 64) - 1
