"""Values of the language as trees of scalars.

    Bool          a Bool                           Set      one Bool for each ordinal of the element type
    Int           an integer                       Seq      (length, items): items beyond the length are the default
    Enum          the position of the literal      Array    the elements, in order of their indices
    Scalarset     an integer                       Record   the fields, in order of declaration
    Option        (is there a value, the value): the default where there is none

Because of the defaults a value has one tree, and equality is that of the scalars (`leaves`). The default of a type is
its first value in the same sense.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Any, Callable, Iterator, Sequence

import z3

from modelcheck.backends.smt.terms import Bool, Scalar, choice, conjunction, disjunction, negation, same, within
from modelcheck.ir.layout import universe
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
)

Value = Any


def parts(t: Type) -> tuple[Type, ...]:
    """The types of the parts of an array, a record or the items of a sequence."""
    match t:
        case ArrayType(index, of):
            return (of,) * cardinality(index)
        case SeqType(of, capacity):
            return (of,) * capacity
        case RecordType(_, fields):
            return tuple(of for _, of in fields)
    raise TypeError(f"{t} has no parts")


@lru_cache(maxsize=4096)
def default(t: Type) -> Value:
    match t:
        case BoolType():
            return False
        case IntType(lo):
            return lo
        case EnumType() | ScalarsetType():
            return 0
        case SetType(of):
            return (False,) * cardinality(of)
        case OptionType(of):
            return False, default(of)
        case SeqType():
            return 0, tuple(map(default, parts(t)))
    return tuple(map(default, parts(t)))


def constant(t: Type, natural: Any) -> Value:
    """The tree of a natural value."""
    match t:
        case BoolType() | IntType() | ScalarsetType():
            return natural
        case EnumType(literals):
            return literals.index(natural)
        case SetType(of):
            return tuple(member in natural for member in universe(of))
        case OptionType(of):
            return default(t) if natural is None else (True, constant(of, natural))
        case SeqType(of, capacity):
            items = tuple(constant(of, item) for item in natural)
            return len(items), items + (default(of),) * (capacity - len(items))
    return tuple(map(constant, parts(t), natural))


def natural(t: Type, value: Value) -> Any:
    """The natural value of a tree whose scalars are all known."""
    match t:
        case EnumType(literals):
            return literals[value]
        case SetType(of):
            return frozenset(member for member, inside in zip(universe(of), value) if inside)
        case OptionType(of):
            return natural(of, value[1]) if value[0] else None
        case SeqType(of):
            return tuple(natural(of, item) for item in value[1][: value[0]])
        case ArrayType() | RecordType():
            return tuple(map(natural, parts(t), value))
    return value


def leaves(t: Type, value: Value) -> Iterator[Scalar]:
    """The scalars of a tree, in a fixed order."""
    match t:
        case SetType():
            yield from value
        case OptionType(of):
            yield value[0]
            yield from leaves(of, value[1])
        case SeqType():
            yield value[0]
            for of, item in zip(parts(t), value[1]):
                yield from leaves(of, item)
        case ArrayType() | RecordType():
            for of, part in zip(parts(t), value):
                yield from leaves(of, part)
        case _:
            yield value


def grown(t: Type, take: Callable[[bool], Scalar]) -> Value:
    """A tree of the type from its scalars: `take(is it a Bool)` is called in the order of `leaves`."""
    match t:
        case BoolType():
            return take(True)
        case SetType(of):
            return tuple(take(True) for _ in range(cardinality(of)))
        case OptionType(of):
            return take(True), grown(of, take)
        case SeqType():
            return take(False), tuple(grown(of, take) for of in parts(t))
        case ArrayType() | RecordType():
            return tuple(grown(of, take) for of in parts(t))
    return take(False)


def symbols(t: Type, prefix: str) -> Value:
    """A tree of fresh constants `prefix.0`, `prefix.1`, .. in the order of `leaves`."""
    count = iter(range(1 << 30))

    def take(is_bool: bool) -> Scalar:
        name = f"{prefix}.{next(count)}"
        return z3.Bool(name) if is_bool else z3.Int(name)

    return grown(t, take)


def typed(t: Type, value: Value) -> Bool:
    """Whether the scalars are those of a value of the type, defaults included."""
    match t:
        case IntType(lo, hi):
            return within(value, lo, hi)
        case EnumType() | ScalarsetType():
            return within(value, 0, cardinality(t) - 1)
        case OptionType(of):
            return choice(value[0], typed(of, value[1]), equal(of, value[1], default(of)))
        case SeqType(of, capacity):
            used = [
                choice(value[0] > i, typed(of, item), equal(of, item, default(of))) for i, item in enumerate(value[1])
            ]
            return conjunction((within(value[0], 0, capacity), *used))
        case ArrayType() | RecordType():
            return conjunction(map(typed, parts(t), value))
    return True


def equal(t: Type, a: Value, b: Value) -> Bool:
    """Equality of two values of one type, or of two integer types."""
    return conjunction(map(same, leaves(t, a), leaves(t, b)))


def either(t: Type, test: Bool, a: Value, b: Value) -> Value:
    """`a if test else b`, scalar by scalar."""
    if isinstance(test, bool):
        return a if test else b
    pairs = iter([choice(test, x, y) for x, y in zip(leaves(t, a), leaves(t, b))])
    return grown(t, lambda _: next(pairs))


def ordinals(t: Type, value: Value) -> list[Bool]:
    """For each value of a type, in ascending order, whether it is this one. Indices of arrays, members of sets."""
    match t:
        case BoolType():
            return [negation(value), value]
        case IntType(lo, hi):
            return [same(value, k) for k in range(lo, hi + 1)]
        case EnumType() | ScalarsetType():
            return [same(value, k) for k in range(cardinality(t))]
    return [equal(t, value, constant(t, k)) for k in universe(t)]


def selected(t: Type, index: Scalar, items: Sequence[Value]) -> Value:
    """items[index], for an index that is inside; the last item for any other."""
    return picked(t, [same(index, i) for i in range(len(items))], items)


def picked(t: Type, tests: Sequence[Bool], items: Sequence[Value]) -> Value:
    """The item whose test is true, where exactly one is; the last one where none is."""
    result = items[-1]
    for test, item in zip(reversed(tests[:-1]), reversed(items[:-1])):
        result = either(t, test, item, result)
    return result


def member(of: Type, value: Value, members: Value) -> Bool:
    """Whether a value is in a set of its type."""
    if isinstance(of, IntType | EnumType | ScalarsetType) and all(isinstance(m, bool) for m in members):
        lo = of.lo if isinstance(of, IntType) else 0
        return disjunction(within(value, lo + first, lo + last) for first, last in _runs(members))
    return disjunction(conjunction(pair) for pair in zip(ordinals(of, value), members))


def _runs(members: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The first and the last position of each run of members."""
    positions = [i for i, inside in enumerate(members) if inside]
    for _, run in groupby(enumerate(positions), lambda pair: pair[1] - pair[0]):
        found = [position for _, position in run]
        yield found[0], found[-1]
