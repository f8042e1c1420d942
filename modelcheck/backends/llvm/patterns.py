"""Between what generated code holds and bit patterns, between patterns and ordinals."""

from __future__ import annotations

from typing import Any

from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.code import WORD, Code, Value, constant
from modelcheck.backends.llvm.memory import whole, width
from modelcheck.backends.llvm.unit import Unit
from modelcheck.errors import InternalError
from modelcheck.ir import layout
from modelcheck.ir.types import (
    ArrayType,
    BoolType,
    IntType,
    OptionType,
    RecordType,
    SeqType,
    Type,
    cardinality,
)


def value_bits(t: Type) -> int:
    """The width of the integer that holds a value of the type."""
    match t:
        case BoolType():
            return 1
        case IntType():
            return WORD
    return width(layout.size(t))


def literal(t: Type, value: Any) -> Value:
    if isinstance(t, IntType):
        return constant(value)
    return constant(layout.pattern(t, value), value_bits(t))


def pattern_of(code: Code, t: Type, v: Value) -> Value:
    """The pattern of a value, as an integer of whole words."""
    match t:
        case BoolType():
            return code.resize(v, WORD)
        case IntType(lo):
            return code.sub(v, constant(lo))
    return v


def inner(code: Code, t: Type, bits: Value) -> Value:
    """The value of a pattern of at least as many bits as the value's."""
    match t:
        case BoolType():
            return code.resize(bits, 1)
        case IntType(lo):
            return code.add(code.resize(bits, WORD), constant(lo))
    return code.resize(bits, value_bits(t))


def rank(code: Code, t: Type, bits: Value) -> Value:
    """The ordinal of a pattern, as an i64. Sets and integers of more than 64 bits have none that matters."""
    if layout.is_ordinal(t):
        return code.resize(bits, WORD)
    match t:
        case OptionType(of):
            within = rank(code, of, code.resize(code.sub(bits, constant(1, bits.bits)), width(layout.size(of))))
            return code.select(code.is_zero(bits), constant(0), code.add(within, constant(1)))
        case ArrayType(index, of):
            return _mixed(code, bits, [(of, layout.element_offset(t, i)) for i in range(cardinality(index))])
        case RecordType(_, fields):
            return _mixed(code, bits, [(of, layout.field_offset(t, name)) for name, of in fields])
        case SeqType():
            return _sequence_rank(code, t, bits)
    raise InternalError(f"{t} has no order")


def part(code: Code, bits: Value, t: Type, offset: int) -> Value:
    """The pattern of a part of a pattern."""
    size = layout.size(t)
    cut = code.resize(code.lshr(bits, offset), width(size))
    return code.and_(cut, constant((1 << size) - 1, cut.bits))


def _mixed(code: Code, bits: Value, parts: list[tuple[Type, int]]) -> Value:
    total = constant(0)
    for of, offset in parts:
        of_part = rank(code, of, part(code, bits, of, offset))
        total = code.add(code.mul(total, constant(cardinality(of))), of_part)
    return total


def _sequence_rank(code: Code, t: SeqType, bits: Value) -> Value:
    """The shorter sequences come first; an item beyond the length counts as the least."""
    n, head = cardinality(t.of), layout.count_bits(t)
    length = code.and_(code.resize(bits, WORD), constant((1 << head) - 1))
    total, before = constant(0), constant(0)
    for i in range(t.capacity):
        there = code.compare("lt", constant(i), length)
        item = rank(code, t.of, part(code, bits, t.of, layout.element_offset(t, i)))
        longer = code.add(code.mul(total, constant(n)), item)
        total = code.select(there, longer, total)
        before = code.add(before, code.select(there, constant(n**i), constant(0)))
    return code.add(before, total)


def rank_of(code: Code, t: Type, v: Value) -> Value:
    """The ordinal of a value, as an i64."""
    return rank(code, t, pattern_of(code, t, v))


def of_rank(code: Code, unit: Unit, t: Type, at: Value) -> Value:
    """The value of an ordinal, an i64."""
    if layout.is_ordinal(t):
        return inner(code, t, code.resize(at, width(layout.size(t))))
    size = layout.size(t)
    table = unit.table([layout.pattern(t, v) for v in layout.universe(t)], size)
    entry = code.element(table, code.mul(at, constant(memory.words(size))))
    return inner(code, t, memory.read(code, whole(entry, t)))
