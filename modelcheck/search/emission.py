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

from modelcheck.search.assembler import I8, I32, I64, POINTER, Function, Module, Value
from modelcheck.search.hashing import C1
from modelcheck.system import NativeSuccessors, States

FEW = 64  # rows that a system is asked for at a time
TRANSITIONS = 4096  # room for what they lead to, at first
FILTER_WORDS = 1 << 16

# the arguments of `emit`, one word each
FIELDS = (
    "expand states rows row_of done few capacity targets sources actions fault_capacity faults coverage counts "
    "taken changed moves filter filter_shift out_capacity out_targets out_parents out_actions used fault_count "
    "generated"
).split()
_AT = {name: i for i, name in enumerate(FIELDS)}


def _filter_bits(width: int) -> int:
    return max(1, (FILTER_WORDS // width).bit_length() - 1)


def build(module: Module, width: int) -> None:
    """emit(arguments): expands rows from `done` on, until all are, or an output is full; adds to `done`, `used`,
    `fault_count` and `generated`. Gives 0, or 1 where a single row did not fit into what the system writes, or 2 where
    what it wrote did not fit into the `out` arrays."""
    f = Function(module, "emit", "*arguments")
    b = f.b
    of = {n: f.load(f.of["arguments"], i) for i, n in enumerate(FIELDS)}
    for name in ("states", "row_of", "targets", "sources", "actions", "coverage", "counts", "taken", "changed"):
        of[name] = b.inttoptr(of[name], POINTER)
    for name in ("moves", "filter", "out_targets", "out_parents", "out_actions"):
        of[name] = b.inttoptr(of[name], POINTER)
    done, used, faults, generated = (
        f.variable(of[n]) for n in ("done", "used", "fault_count", "generated")
    )  # fmt: skip

    def tell() -> None:
        for name, variable in (("done", done), ("used", used), ("fault_count", faults), ("generated", generated)):
            f.store(f.of["arguments"], _AT[name], f.get(variable))

    with f.loop(lambda: f.is_(f.get(done), "<", of["rows"])):
        first = f.get(done)
        consumed = _call(f, of, width, first, f.get(faults))
        with f.then(f.is_(consumed, "==", 0)):
            tell()
            b.ret(I64(1))
        count = f.load(of["counts"], 0)
        with f.then(f.is_(b.add(f.get(used), count), ">", of["out_capacity"])):
            tell()
            b.ret(I64(2))
        _renumber(f, of, first, f.get(faults), f.load(of["counts"], 1))
        f.add(faults, f.load(of["counts"], 1))
        f.add(generated, count)
        with f.counting(count) as i:
            _take(f, of, width, first, i, used)
        f.add(done, consumed)
    tell()
    f.finish(0)


def _call(f: Function, of: dict[str, Value], width: int, first: Value, faults: Value) -> Value:
    """The rows that the system took of the next few."""
    b = f.b
    left = b.sub(of["rows"], first)
    some = b.select(f.is_(left, "<", of["few"]), left, of["few"])
    block = f.at(of["states"], b.mul(first, I64(width)))
    entry = b.inttoptr(b.add(of["faults"], b.mul(faults, I64(12))), POINTER)
    room = b.sub(of["fault_capacity"], faults)
    outputs = [of[n] for n in ("targets", "sources", "actions")]
    expand = f.at(f.of["arguments"], _AT["expand"])
    return f.call(expand, block, some, of["capacity"], *outputs, room, entry, of["coverage"], of["counts"])


def _renumber(f: Function, of: dict[str, Value], first: Value, faults: Value, count: Value) -> None:
    """The rows of faults, from those of the few to those of the part; they count as moves."""
    b = f.b
    with f.counting(b.add(faults, count), faults) as i:
        at = b.mul(i, I64(3))
        entry = b.inttoptr(of["faults"], POINTER)
        row = b.add(f.load(entry, at, I32), first)
        f.store(entry, at, row, I32)
        f.store(of["moves"], row, 1, I8)


def _take(f: Function, of: dict[str, Value], width: int, first: Value, i: Value, used: Value) -> None:
    """Counts a transition, and writes its target behind the others: it stays there unless the next one is written
    over it. Without a branch, for no processor could foretell it."""
    b = f.b
    row, action = b.add(first, f.load(of["sources"], i, I32)), f.load(of["actions"], i, I32)
    target, source = f.at(of["targets"], b.mul(i, I64(width))), f.at(of["states"], b.mul(row, I64(width)))
    words = [f.load(target, word) for word in range(width)]
    differs = b.not_(f.same(source, target, width))
    f.store(of["moves"], row, 1, I8)
    f.store(of["taken"], action, b.add(f.load(of["taken"], action), I64(1)))
    f.store(of["changed"], action, b.add(f.load(of["changed"], action), b.zext(differs, I64)))
    met = f.at(of["filter"], b.mul(_place(f, of, words), I64(width)))
    kept = b.and_(differs, b.not_(f.same(met, target, width)))
    at = f.get(used)
    out = f.at(of["out_targets"], b.mul(at, I64(width)))
    for number, word in enumerate(words):
        f.store(met, number, word)
        f.store(out, number, word)
    f.store(of["out_parents"], at, f.load(of["row_of"], row), I32)
    f.store(of["out_actions"], at, action, I32)
    f.set(used, b.add(at, b.zext(kept, I64)))


def _place(f: Function, of: dict[str, Value], words: list[Value]) -> Value:
    """Where in the filter a state would be."""
    b, h = f.b, I64(0)
    for number, word in enumerate(words):
        h = b.mul(b.xor(h, word), I64(C1))
        h = b.xor(h, b.lshr(h, I64(32))) if number + 1 < len(words) else h
    return b.lshr(h, of["filter_shift"])


def apart(shape: int | tuple[int, ...], kind: Any) -> NDArray[Any]:
    """Zeros of 8 bytes, in lines of the cache that no other worker writes to."""
    line = 16  # numbers: processors fetch two lines together
    count = int(np.prod(shape))
    array = np.zeros(count + 2 * line, kind)
    first = -(array.ctypes.data // 8) % line
    return array[first : first + count].reshape(shape)


class Lane:
    """The arrays of one worker, and the arguments of `emit`. known: a state that is stored, (1, width)."""

    def __init__(self, system: NativeSuccessors, known: States, actions: int, guards: int):
        self.width = known.shape[1]
        self.arguments = apart(len(FIELDS), np.uint64)
        self.address = self.arguments.ctypes.data
        self.arrays: dict[str, NDArray[Any]] = {}
        bits = _filter_bits(self.width)
        self.set(expand=system.address, few=FEW, filter_shift=64 - bits)
        self.hold(filter=np.repeat(known, 1 << bits, axis=0), counts=apart(2, np.int64))
        self.hold(coverage=np.zeros(guards, np.uint8), taken=apart(actions, np.int64), changed=apart(actions, np.int64))
        self.room_for_answers(TRANSITIONS)

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.arguments[_AT[name]] = value

    def get(self, name: str) -> int:
        return int(self.arguments[_AT[name]])

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

    def begin(self, states: States, rows: NDArray[np.int64], moves: NDArray[np.bool_]) -> None:
        """A block: nothing is counted yet. states: those of the rows, (n, width); moves: (n,), False."""
        for name in ("taken", "changed", "coverage"):
            self.arrays[name][:] = 0
        self.set(fault_count=0, generated=0)
        self.hold(states=states, row_of=rows, moves=moves)

    def told_faults(self) -> NDArray[np.int64]:
        """As in `Successors`, but for the numbers of sites."""
        return self.arrays["faults"][: self.get("fault_count")].astype(np.int64)
