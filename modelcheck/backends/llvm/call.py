"""One application of an operator, as the rows of the table see it, and what several of them do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.code import WORD, Code, Value, constant
from modelcheck.backends.llvm.memory import Path, whole
from modelcheck.backends.llvm.patterns import rank_of, value_bits
from modelcheck.backends.llvm.unit import Unit
from modelcheck.ir import layout
from modelcheck.ir.ops import FaultKind
from modelcheck.ir.types import BOOL, SeqType, SetType, Type

LARGEST_SHIFT = 256  # bits of an integer that is shifted by a computed amount; a wider one is written to memory


@dataclass(frozen=True, slots=True)
class Call:
    """One application: its types, the faults that it can raise, and where its code goes."""

    code: Code
    unit: Unit
    type: Type
    types: tuple[Type, ...]
    faults: frozenset[FaultKind]
    fail_if: Callable[[Value, FaultKind], None]

    def ordinal(self, t: Type, v: Value) -> Value:
        """The ordinal of a value, as an i64."""
        return rank_of(self.code, t, v)

    def bit(self, t: SetType, at: Value) -> Value:
        """The set of the one element of that ordinal."""
        code, bits = self.code, value_bits(t)
        if bits <= LARGEST_SHIFT or at.number is not None:
            return code.shl(constant(1, bits), at)
        slot = self.memory(t, constant(0, bits))
        memory.write(code, slot.moved(code, BOOL, 0, 1, at), constant(1))
        return memory.read(code, slot)

    def has(self, t: SetType, members: Value, at: Value) -> Value:
        """Whether the element of that ordinal is in a set."""
        code = self.code
        if members.bits <= LARGEST_SHIFT or at.number is not None:
            return code.resize(code.lshr(members, at), 1)
        slot = self.memory(t, members)
        return code.resize(memory.read(code, slot.moved(code, BOOL, 0, 1, at)), 1)

    def memory(self, t: Type, bits: Value) -> Path:
        """A copy of a pattern in memory."""
        address = self.code.words(bits.bits // WORD)
        self.code.store(bits, address, 8)
        return whole(address, t)

    def item(self, t: SeqType, items: Value, at: Value) -> Value:
        """The pattern of the item at an index of a sequence."""
        stride, head = layout.size(t.of), layout.count_bits(t)
        if stride == 0:
            return constant(0)
        slot = self.memory(t, items)
        return memory.read(self.code, slot.moved(self.code, t.of, head, stride, at))

    def with_item(self, t: SeqType, items: Value, at: Value, item: Value) -> Value:
        """The pattern of a sequence with an item replaced."""
        stride, head = layout.size(t.of), layout.count_bits(t)
        if stride == 0:
            return items
        slot = self.memory(t, items)
        memory.write(self.code, slot.moved(self.code, t.of, head, stride, at), item)
        return memory.read(self.code, slot)

    def length(self, t: Type, items: Value) -> Value:
        """The length of a sequence, an i64."""
        assert isinstance(t, SeqType)
        head = layout.count_bits(t)
        return self.code.and_(self.code.resize(items, WORD), constant((1 << head) - 1))
