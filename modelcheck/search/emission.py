"""Successors by machine code alone: one call expands many rows, counts, and keeps what may be new.

A system that has its successors as machine code (`system.NativeSuccessors`) is called from here a few rows at a time,
so that what it writes stays in the nearest cache. Of its answer most is never looked at again: a step that changes
nothing, and a target that was met a moment ago, found in a small table of states that are stored or on their way into
the store before this one. Every comparison is of whole states: what is left out is certainly not new.

What is met depends on who expanded what, but only duplicates are left out, so nothing else does. For that, a lane must
take its rows in ascending order, and what is emitted must be inserted in the order of the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.regions import address
from modelcheck.system import NativeSuccessors, States

FEW = 64  # rows that a system is asked for at a time
TRANSITIONS = 4096  # room for what they lead to, at first
FILTER_WORDS = 1 << 16

# the arguments of `emit` (see `emitting`), one word each
FIELDS = (
    "expand states rows row_of done few capacity targets sources actions fault_capacity faults coverage counts "
    "taken changed moves filter filter_shift out_capacity out_targets out_parents out_actions used fault_count "
    "generated"
).split()
AT = {name: i for i, name in enumerate(FIELDS)}


def _filter_bits(width: int) -> int:
    return max(1, (FILTER_WORDS // width).bit_length() - 1)


def apart(shape: int | tuple[int, ...], kind: Any) -> NDArray[Any]:
    """Zeros of 8 bytes, in lines of the cache that no other worker writes to."""
    line = 16  # numbers: processors fetch two lines together
    count = int(np.prod(shape))
    array = np.zeros(count + 2 * line, kind)
    first = -(address(array) // 8) % line
    return array[first : first + count].reshape(shape)


class Lane:
    """The arrays of one worker, and the arguments of `emit`. known: a state that is stored, (1, width)."""

    def __init__(self, system: NativeSuccessors, known: States, actions: int, guards: int):
        self.width = known.shape[1]
        self.arguments = apart(len(FIELDS), np.uint64)
        self.address = address(self.arguments)
        self.arrays: dict[str, NDArray[Any]] = {}
        bits = _filter_bits(self.width)
        self.set(expand=system.address, few=FEW, filter_shift=64 - bits)
        self.hold(filter=np.repeat(known, 1 << bits, axis=0), counts=apart(2, np.int64))
        self.hold(coverage=np.zeros(guards, np.uint8), taken=apart(actions, np.int64), changed=apart(actions, np.int64))
        self.room_for_answers(TRANSITIONS)

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.arguments[AT[name]] = value

    def get(self, name: str) -> int:
        return int(self.arguments[AT[name]])

    def hold(self, **arrays: NDArray[Any]) -> None:
        self.arrays.update(arrays)
        self.set(**{name: address(array) for name, array in arrays.items()})

    def room_for_answers(self, count: int) -> None:
        """What was told of faults is kept."""
        faults = np.empty((count, 3), np.int32)
        told = self.get("fault_count")
        if told:
            faults[:told] = self.arrays["faults"][:told]
        self.set(capacity=count, fault_capacity=count)
        self.hold(targets=np.empty((count, self.width), np.uint64), faults=faults)
        self.hold(sources=np.empty(count, np.int32), actions=np.empty(count, np.int32))

    def begin(self, states: States, rows: NDArray[np.int64], moves: NDArray[np.bool_]) -> None:
        """A block: nothing is counted yet. states: those of the rows, (n, width); moves: (n,), False."""
        for name in ("taken", "changed", "coverage"):
            self.arrays[name][:] = 0
        self.set(fault_count=0, generated=0, used=0)
        self.hold(states=states, row_of=rows, moves=moves)

    def told_faults(self) -> NDArray[np.int64]:
        """As in `Successors`, but for the numbers of sites."""
        return self.arrays["faults"][: self.get("fault_count")].astype(np.int64)
