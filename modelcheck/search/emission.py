"""Successors by machine code alone: one call expands many rows, counts, and keeps what may be new.

A system that has its successors as machine code (`system.NativeSuccessors`) is called from here a few rows at a time,
so that what it writes stays in the nearest cache. Of its answer most is never looked at again: a step that changes
nothing, and a target that was met a moment ago, found in a small table of states that are stored or on their way into
the store before this one. Every comparison is of whole states: what is left out is certainly not new.

What is met depends on who expanded what, but only duplicates are left out, so nothing else does. For that, a lane must
take its rows in ascending order, and what all lanes emitted must be stored before they emit again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcheck.machinecode import Code
from modelcheck.search.store import Changes
from modelcheck.system import NativeSuccessors, States

FEW = 64  # rows that a system is asked for at a time
TRANSITIONS = 4096  # room for what they lead to, at first
FILTER_WORDS = 1 << 15

# the arguments of `emit` (see `emitting`), one word each
FIELDS = (
    "expand states rows row_of done few capacity targets sources actions fault_capacity faults coverage counts "
    "taken changed moves filter filter_shift out_capacity out_targets out_parents out_actions used fault_count "
    "generated"
).split()
AT = {name: i for i, name in enumerate(FIELDS)}


def _filter_bits(width: int) -> int:
    return max(1, (FILTER_WORDS // width).bit_length() - 1)


@dataclass(frozen=True, slots=True)
class Emitted:
    """What came out of rows: the targets that may be new, in order, with their parents (rows of the store) and actions,
    int32; and what was counted of all transitions. faults: as in `Successors`. All arrays are valid until the lane
    emits again."""

    targets: States
    parents: NDArray[np.int32]
    actions: NDArray[np.int32]
    generated: int
    changes: Changes
    faults: NDArray[np.int64]
    coverage: NDArray[np.bool_]


def _apart(count: int) -> NDArray[np.int64]:
    """Zeros, in lines of the cache that no other worker writes to."""
    line = 16  # numbers: processors fetch two lines together
    array = np.zeros(count + 2 * line, np.int64)
    first = -(array.ctypes.data // 8) % line
    return array[first : first + count]


class Lane:
    """The arrays of one worker. known: a state that is stored, (1, width)."""

    def __init__(self, code: Code, system: NativeSuccessors, known: States, actions: int, guards: int):
        self.emit, self.system, self.width = code["emit"], system, known.shape[1]
        self.arguments = np.zeros(len(FIELDS), np.uint64)
        self.arrays: dict[str, NDArray[Any]] = {}
        bits = _filter_bits(self.width)
        self.set(expand=system.address, few=FEW, filter_shift=64 - bits)
        self.hold(filter=np.repeat(known, 1 << bits, axis=0), counts=_apart(2))
        self.hold(coverage=np.zeros(guards, np.uint8), taken=_apart(actions), changed=_apart(actions))
        self.room_for_answers(TRANSITIONS)
        self.room_for_targets(0, 4 * TRANSITIONS)

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.arguments[AT[name]] = value

    def get(self, name: str) -> int:
        return int(self.arguments[AT[name]])

    def hold(self, **arrays: NDArray[Any]) -> None:
        self.arrays.update(arrays)
        self.set(**{name: array.__array_interface__["data"][0] for name, array in arrays.items()})

    def room_for_answers(self, count: int) -> None:
        """What was told of faults is kept."""
        faults = np.empty((count, 3), np.int32)
        told = self.get("fault_count")
        if told:
            faults[:told] = self.arrays["faults"][:told]
        self.set(capacity=count, fault_capacity=count)
        self.hold(targets=np.empty((count, self.width), np.uint64), faults=faults)
        self.hold(sources=np.empty(count, np.int32), actions=np.empty(count, np.int32))

    def room_for_targets(self, used: int, count: int) -> None:
        """What is there of them is kept."""
        kinds = {"out_targets": np.uint64, "out_parents": np.int32, "out_actions": np.int32}
        for name, kind in kinds.items():
            shape = (count + 1, self.width) if name == "out_targets" else count + 1
            array = np.empty(shape, kind)
            if used:
                array[:used] = self.arrays[name][:used]
            self.hold(**{name: array})
        self.set(out_capacity=count)

    def expand(self, states: States, rows: NDArray[np.int64]) -> Emitted:
        """states: those of the rows, (n, width)."""
        states, count = np.ascontiguousarray(states), len(rows)
        moves = np.zeros(count, np.bool_)
        for name in ("taken", "changed", "coverage"):
            self.arrays[name][:] = 0
        self.set(rows=count, done=0, used=0, fault_count=0, generated=0)
        self.hold(states=states, row_of=rows, moves=moves)
        while (lacking := self.emit(self.arguments.ctypes.data)) != 0:
            if lacking == 1:
                self.room_for_answers(4 * self.get("capacity"))
            else:
                self.room_for_targets(self.get("used"), 2 * self.get("out_capacity") + self.get("capacity"))
        used, faults, a = self.get("used"), self.get("fault_count"), self.arrays
        return Emitted(
            a["out_targets"][:used], a["out_parents"][:used], a["out_actions"][:used], self.get("generated"),
            Changes(a["taken"], a["changed"], moves), self.system.faults(a["faults"][:faults].astype(np.int64)),
            a["coverage"] != 0,
        )  # fmt: skip
