"""How every type is laid out in a state vector. Decided here and nowhere else.

Every value of a state type has one *bit pattern*, a number of `size(type)` bits:

    Bool                1 bit                     Set      one bit per ordinal of the element type
    Int                 value - lo                Seq      the length, then `capacity` items; unused items are zero
    Enum, Scalarset     ordinal                   Array    the elements, the one of ordinal i at i * size(of)
    Option              0 for None, 1 + pattern   Record   the fields, in order of declaration

The first part of a compound stands in the lowest bits. Patterns are canonical: two values are equal exactly if their
patterns are. A type of one value takes no bits. A state is the concatenation of its variables, first variable lowest:
one integer of `bits` bits, which a row of a block holds as little-endian 64-bit words. Nothing is aligned: a part may
straddle two words, so that the layout is the same arithmetic on one wide integer in every back end. Rows are made and
read without numpy, which this room does not know.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from sys import byteorder
from typing import Any, Iterable, Protocol, Sequence

from modelcheck.errors import Diagnostic, Span, SpecError
from modelcheck.ir.nodes import VariableDecl
from modelcheck.ir.types import (
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    Type,
    cardinality,
    ordinal,
    show,
    values,
)

UNIVERSE_LIMIT = 4096  # values of the element type of a set that is part of a state
STATE_LIMIT = 65536  # bits of a state


@lru_cache(maxsize=4096)
def limit(t: Type) -> int:
    """Patterns of the type lie in range(limit(t)); not each of them need be the pattern of a value."""
    match t:
        case OptionType(of):
            return 1 + limit(of)
        case BoolType() | IntType() | EnumType() | ScalarsetType():
            return max(1, cardinality(t))
    return 1 << size(t)


@lru_cache(maxsize=4096)
def size(t: Type) -> int:
    """The bits of a pattern."""
    match t:
        case SetType(of):
            return cardinality(of)
        case SeqType(of, capacity):
            return count_bits(t) + capacity * size(of)
        case ArrayType(index, of):
            return cardinality(index) * size(of)
        case RecordType(_, fields):
            return sum(size(of) for _, of in fields)
    return (limit(t) - 1).bit_length()


def count_bits(t: SeqType) -> int:
    """The bits of a sequence's length, its lowest part."""
    return t.capacity.bit_length()


def element_offset(t: Type, position: int) -> int:
    """Where the element of ordinal `position` of an array starts, or the item `position` of a sequence."""
    match t:
        case ArrayType(_, of):
            return position * size(of)
        case SeqType(of):
            return count_bits(t) + position * size(of)
    raise TypeError(f"{t} has no elements")


def field_offset(t: RecordType, name: str) -> int:
    """Where the field starts."""
    return sum(size(of) for _, of in t.fields[: t.position(name)])


def is_ordinal(t: Type) -> bool:
    """Whether the pattern of every value is its ordinal."""
    match t:
        case OptionType(of):
            return is_ordinal(of)
        case SeqType() | ArrayType() | RecordType():
            return False
    return True


@lru_cache(maxsize=256)
def universe(t: Type) -> tuple[Any, ...]:
    """Every natural value by ordinal. For the element types of sets: it enumerates."""
    return tuple(values(t))


def pattern(t: Type, value: Any) -> int:
    """The bit pattern of a natural value. The value must belong to the type."""
    match t:
        case OptionType(of):
            return 0 if value is None else 1 + pattern(of, value)
        case SeqType(of):
            return len(value) | _concatenate((of,) * len(value), value) << count_bits(t)
        case ArrayType(_, of):
            return _concatenate((of,) * len(value), value)
        case RecordType(_, fields):
            return _concatenate(tuple(of for _, of in fields), value)
    return ordinal(t, value)


def _concatenate(types: Iterable[Type], items: Iterable[Any]) -> int:
    result, offset = 0, 0
    for of, item in zip(types, items):
        result |= pattern(of, item) << offset
        offset += size(of)
    return result


def value(t: Type, bits: int) -> Any:
    """The natural value of a pattern."""
    match t:
        case BoolType():
            return bits == 1
        case IntType(lo):
            return bits + lo
        case EnumType(literals):
            return literals[bits]
        case OptionType(of):
            return None if bits == 0 else value(of, bits - 1)
        case SetType(of):
            members = universe(of)
            return frozenset(members[i] for i in ones(bits))
        case SeqType(of):
            count = count_bits(t)
            return _split((of,) * (bits & (1 << count) - 1), bits >> count)
        case ArrayType(index, of):
            return _split((of,) * cardinality(index), bits)
        case RecordType(_, fields):
            return _split(tuple(of for _, of in fields), bits)
    return bits


def _split(types: Iterable[Type], bits: int) -> tuple[Any, ...]:
    items = []
    for of in types:
        items.append(value(of, bits & (1 << size(of)) - 1))
        bits >>= size(of)
    return tuple(items)


def ones(bits: int) -> list[int]:
    """The positions of the ones, ascending."""
    positions = []
    while bits:
        low = bits & -bits
        positions.append(low.bit_length() - 1)
        bits ^= low
    return positions


# --- what is too large ------------------------------------------------------------------------------------------------


def count_up_to(t: Type, cap: int) -> int:
    """min(cardinality(t), cap), where the exact number could be astronomical."""
    match t:
        case SetType(of):
            n = count_up_to(of, 64)
            return cap if n >= 64 else min(cap, 1 << n)
        case OptionType(of):
            return min(cap, 1 + count_up_to(of, cap))
        case SeqType(of, capacity):
            return _product(cap, (1 + count_up_to(of, cap) for _ in range(min(capacity, 64))))
        case ArrayType(index, of):
            return _product(cap, (count_up_to(of, cap) for _ in range(min(count_up_to(index, cap), 64))))
        case RecordType(_, fields):
            return _product(cap, (count_up_to(of, cap) for _, of in fields))
    return min(cap, cardinality(t))


def _product(cap: int, counts: Iterable[int]) -> int:
    total = 1
    for count in counts:
        total = min(cap, total * count)
    return total


def oversized_set(t: Type, most: int = UNIVERSE_LIMIT) -> SetType | None:
    """A set type within `t` whose element type has more than `most` values."""
    match t:
        case SetType(of):
            return oversized_set(of, most) or (t if count_up_to(of, most + 1) > most else None)
        case OptionType(of) | SeqType(of):
            return oversized_set(of, most)
        case ArrayType(index, of):
            return oversized_set(index, most) or oversized_set(of, most)
        case RecordType(_, fields):
            return next((found for _, of in fields if (found := oversized_set(of, most))), None)
    return None


def set_diagnostic(t: SetType, most: int, span: Span | None) -> Diagnostic:
    return Diagnostic(
        "B001",
        f"`{show(t)}` is a set over more than {most} values",
        span,
        "give the elements a smaller type: a set takes one bit for each value that could be in it",
    )


def _check(variables: Sequence[VariableDecl]) -> None:
    """Raises SpecError for variables that cannot be laid out."""
    problems = [
        set_diagnostic(found, UNIVERSE_LIMIT, v.span) for v in variables if (found := oversized_set(v.type)) is not None
    ]
    if problems:
        raise SpecError(problems)
    bits = 0
    for v in variables:
        bits += size(v.type)
        if bits > STATE_LIMIT:
            hint = f"`{v.name}` alone takes {size(v.type)} bits; make its type, or the types before it, smaller"
            raise SpecError([Diagnostic("B002", f"a state takes more than {STATE_LIMIT} bits", v.span, hint)])


# --- states -----------------------------------------------------------------------------------------------------------


class Rows(Protocol):
    """64-bit words in the order of the machine: a numpy array of rows, or what `pack` gives."""

    def tobytes(self) -> bytes: ...


@dataclass(frozen=True)
class Layout:
    """Where the variables stand: variable i takes `sizes[i]` bits from `offsets[i]`; `width` counts 64-bit words.
    Raises SpecError (B001, B002) for a type or a state that is too large."""

    variables: tuple[VariableDecl, ...]
    offsets: tuple[int, ...] = field(init=False)
    sizes: tuple[int, ...] = field(init=False)
    bits: int = field(init=False)
    width: int = field(init=False)

    def __post_init__(self) -> None:
        _check(self.variables)
        sizes = tuple(size(v.type) for v in self.variables)
        bits = sum(sizes)
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "offsets", tuple(sum(sizes[:i]) for i in range(len(sizes))))
        object.__setattr__(self, "bits", bits)
        object.__setattr__(self, "width", max(1, (bits + 63) // 64))

    def encode(self, state: Sequence[Any]) -> int:
        """The integer of a tuple of natural values, in the order of the variables."""
        return sum(pattern(v.type, x) << at for v, x, at in zip(self.variables, state, self.offsets))

    def decode(self, packed: int) -> tuple[Any, ...]:
        return tuple(
            value(v.type, packed >> at & (1 << n) - 1) for v, at, n in zip(self.variables, self.offsets, self.sizes)
        )

    def pack(self, states: Sequence[int]) -> array[int]:
        """Integers to rows: `width` unsigned 64-bit words for each, lowest first, in one flat array."""
        if self.width == 1:
            return array("Q", states)
        words = array("Q")
        words.frombytes(b"".join([s.to_bytes(8 * self.width, "little") for s in states]))
        if byteorder == "big":
            words.byteswap()
        return words

    def unpack(self, rows: Rows) -> list[int]:
        """Rows to integers."""
        words = array("Q", rows.tobytes())
        if self.width == 1:
            return words.tolist()
        if byteorder == "big":
            words.byteswap()
        data, count = words.tobytes(), 8 * self.width
        return [int.from_bytes(data[i : i + count], "little") for i in range(0, len(data), count)]
