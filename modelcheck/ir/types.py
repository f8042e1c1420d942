"""Types, and the natural values that inhabit them.

A *natural value* is what the reference interpreter computes with and what reports print from; it is always hashable:

    BoolType       bool                      SetType      frozenset of natural values
    IntType        int                       SeqType      tuple of the elements
    EnumType       str, the literal          OptionType   None, or the value
    ScalarsetType  int, 0 <= v < size        ArrayType    tuple, one value per index in ascending order
    TextType       str (constants only)      RecordType   tuple, one value per field in order of declaration
    TupleType      tuple (constants only)

How a value is laid out in a state vector is decided in `layout.py` and nowhere else. Names of types are for reports:
two types with equal contents are the same type, except scalarsets and records, which are known by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, product
from typing import Any, Iterator

INT64 = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, slots=True)
class BoolType:
    pass


@dataclass(frozen=True, slots=True)
class IntType:
    """lo <= value <= hi. Intermediate results of arithmetic have such types too, up to 64 bits."""

    lo: int
    hi: int
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EnumType:
    literals: tuple[str, ...]
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ScalarsetType:
    """Interchangeable values: equality is the only comparison."""

    size: int
    name: str


@dataclass(frozen=True, slots=True)
class SetType:
    of: Type


@dataclass(frozen=True, slots=True)
class SeqType:
    of: Type
    capacity: int


@dataclass(frozen=True, slots=True)
class OptionType:
    of: Type


@dataclass(frozen=True, slots=True)
class ArrayType:
    index: Type
    of: Type


@dataclass(frozen=True, slots=True)
class RecordType:
    name: str
    fields: tuple[tuple[str, Type], ...]

    def position(self, name: str) -> int:
        return next(i for i, (field_name, _) in enumerate(self.fields) if field_name == name)


@dataclass(frozen=True, slots=True)
class TextType:
    """A string that is no enum literal yet: constants and messages. Never part of a state."""


@dataclass(frozen=True, slots=True)
class TupleType:
    """A constant tuple. Never part of a state."""

    items: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class FormulaType:
    """A temporal formula: a value of behaviours, not of states."""


Type = (
    BoolType | IntType | EnumType | ScalarsetType | SetType | SeqType | OptionType
    | ArrayType | RecordType | TextType | TupleType | FormulaType
)  # fmt: skip

BOOL, TEXT, FORMULA = BoolType(), TextType(), FormulaType()


# In the discrete part of a model with time a clock has one value and a timer two; what clocks show is no part of it.
CLOCK = EnumType(("a clock",), "Clock")
TIMER = EnumType(("off", "armed"), "Timer")


def tells_nothing(t: Type) -> bool:
    """Whether a type holds clocks alone."""
    match t:
        case EnumType():
            return t == CLOCK
        case ArrayType(_, of):
            return tells_nothing(of)
        case RecordType(_, fields):
            return bool(fields) and all(tells_nothing(of) for _, of in fields)
    return False


def cardinality(t: Type) -> int:
    """How many values a type of states has. May be astronomically large; it is exact."""
    match t:
        case BoolType():
            return 2
        case IntType(lo, hi):
            return max(0, hi - lo + 1)
        case EnumType(literals):
            return len(literals)
        case ScalarsetType(size):
            return size
        case SetType(of):
            return 1 << cardinality(of)
        case SeqType(of, capacity):
            n = cardinality(of)
            return sum(n**k for k in range(capacity + 1))
        case OptionType(of):
            return 1 + cardinality(of)
        case ArrayType(index, of):
            return cardinality(of) ** cardinality(index)
        case RecordType(_, fields):
            total = 1
            for _, of in fields:
                total *= cardinality(of)
            return total
    raise TypeError(f"no state has a value of {t}")


def values(t: Type) -> Iterator[Any]:
    """Every natural value in ascending order: the order of loops, choices and ordinals."""
    match t:
        case BoolType():
            return iter((False, True))
        case IntType(lo, hi):
            return iter(range(lo, hi + 1))
        case EnumType(literals):
            return iter(literals)
        case ScalarsetType(size):
            return iter(range(size))
        case SetType(of):
            members = tuple(values(of))
            return (frozenset(m for i, m in enumerate(members) if n >> i & 1) for n in range(1 << len(members)))
        case SeqType(of, capacity):
            return chain.from_iterable(product(tuple(values(of)), repeat=k) for k in range(capacity + 1))
        case OptionType(of):
            return chain((None,), values(of))
        case ArrayType(index, of):
            return product(tuple(values(of)), repeat=cardinality(index))
        case RecordType(_, fields):
            return product(*(tuple(values(of)) for _, of in fields))
    raise TypeError(f"no state has a value of {t}")


def contains(t: Type, value: Any) -> bool:
    """Whether a natural value belongs to the type. Never raises."""
    match t:
        case BoolType():
            return isinstance(value, bool)
        case IntType(lo, hi):
            return isinstance(value, int) and not isinstance(value, bool) and lo <= value <= hi
        case EnumType(literals):
            return isinstance(value, str) and value in literals
        case ScalarsetType(size):
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size
        case SetType(of):
            return isinstance(value, frozenset) and all(contains(of, v) for v in value)
        case SeqType(of, capacity):
            return isinstance(value, tuple) and len(value) <= capacity and all(contains(of, v) for v in value)
        case OptionType(of):
            return value is None or contains(of, value)
        case ArrayType(index, of):
            return isinstance(value, tuple) and len(value) == cardinality(index) and all(contains(of, v) for v in value)
        case RecordType(_, fields):
            return (
                isinstance(value, tuple)
                and len(value) == len(fields)
                and all(contains(of, v) for (_, of), v in zip(fields, value))
            )
        case TextType():
            return isinstance(value, str)
        case TupleType(items):
            return isinstance(value, tuple) and len(value) == len(items) and all(map(contains, items, value))
    return False


def ordinal(t: Type, value: Any) -> int:
    """The position of a value in `values(t)`, without enumerating where that can be avoided."""
    match t:
        case BoolType():
            return int(value)
        case IntType(lo):
            return value - lo
        case EnumType(literals):
            return literals.index(value)
        case ScalarsetType():
            return value
        case SetType(of):
            return sum(1 << ordinal(of, v) for v in value)
        case SeqType(of):
            n, rank = cardinality(of), 0
            for v in value:
                rank = rank * n + ordinal(of, v)
            return sum(n**k for k in range(len(value))) + rank
        case OptionType(of):
            return 0 if value is None else 1 + ordinal(of, value)
        case ArrayType(_, of):
            return _mixed_radix((of,) * len(value), value)
        case RecordType(_, fields):
            return _mixed_radix(tuple(of for _, of in fields), value)
    raise TypeError(f"no state has a value of {t}")


def _mixed_radix(types: tuple[Type, ...], items: tuple[Any, ...]) -> int:
    rank = 0
    for of, v in zip(types, items):
        rank = rank * cardinality(of) + ordinal(of, v)
    return rank


def ascending(t: Type, members: frozenset[Any]) -> list[Any]:
    """The members of a set of `t` in the order in which loops visit them."""
    return sorted(members, key=lambda v: ordinal(t, v))


def is_scalar(t: Type) -> bool:
    """Types whose values can index an array: one small number each."""
    match t:
        case BoolType() | IntType() | EnumType() | ScalarsetType():
            return True
        case OptionType(of):
            return is_scalar(of)
    return False


def is_state(t: Type) -> bool:
    """Whether a state may hold a value of the type."""
    match t:
        case TextType() | TupleType() | FormulaType():
            return False
        case SetType(of) | OptionType(of) | SeqType(of):
            return is_state(of)
        case ArrayType(index, of):
            return is_state(index) and is_state(of)
        case RecordType(_, fields):
            return all(is_state(of) for _, of in fields)
    return True


def join(a: Type, b: Type) -> Type | None:
    """The smallest type that holds the values of both, or None where no type does."""
    match a, b:
        case IntType(lo, hi), IntType(lo2, hi2):
            return a if a == b else IntType(min(lo, lo2), max(hi, hi2))
        case SetType(x), SetType(y):
            return _wrap(SetType, join(x, y))
        case OptionType(x), OptionType(y):
            return _wrap(OptionType, join(x, y))
        case OptionType(x), y:
            return _wrap(OptionType, join(x, y))
        case x, OptionType(y):
            return _wrap(OptionType, join(x, y))
        case SeqType(x, m), SeqType(y, n):
            of = join(x, y)
            return SeqType(of, max(m, n)) if of else None
        case ArrayType(i, x), ArrayType(j, y) if i == j:
            of = join(x, y)
            return ArrayType(i, of) if of else None
    return a if a == b else None


def _wrap(make: Any, of: Type | None) -> Type | None:
    return None if of is None else make(of)


def show(t: Type) -> str:
    """The type as an author would write it."""
    match t:
        case BoolType():
            return "Bool"
        case IntType(lo, hi, name):
            return name or f"{lo}..{hi}"
        case EnumType(literals, name):
            return name or "Enum(" + ", ".join(f'"{x}"' for x in literals) + ")"
        case ScalarsetType(_, name) | RecordType(name):
            return name
        case SetType(of):
            return f"Set({show(of)})"
        case SeqType(of, capacity):
            return f"Seq({show(of)}, {capacity})"
        case OptionType(of):
            return f"Option({show(of)})"
        case ArrayType(index, of):
            return f"Array({show(index)}, {show(of)})"
        case TextType():
            return "string"
        case TupleType(items):
            return "(" + ", ".join(map(show, items)) + ")"
        case FormulaType():
            return "temporal formula"
    raise TypeError(t)
