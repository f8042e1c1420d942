"""How large a type is, without enumerating it: what the passes write out value by value must be known to be small."""

from __future__ import annotations

from typing import Any

from modelcheck.ir.layout import STATE_LIMIT, UNIVERSE_LIMIT, count_up_to, oversized_set, set_diagnostic, size
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
    show,
)

MAX_DOMAIN = 65_536  # values of what a loop, a choice or a comprehension runs over; parts of a variable
MAX_ROUNDS = 1 << 24  # of comprehensions one inside the other, in one evaluation
MAX_INITIAL = 1 << 20  # initial states by `init=ANY`


def inhabited(t: Type) -> bool:
    match t:
        case ArrayType(index, of):
            return inhabited(index) and inhabited(of)
        case RecordType(_, fields):
            return all(inhabited(of) for _, of in fields)
        case SetType() | SeqType() | OptionType():
            return True
    return cardinality(t) > 0


def least(t: Type) -> Any:
    """The first of the values of an inhabited type."""
    match t:
        case BoolType():
            return False
        case IntType(lo):
            return lo
        case EnumType(literals):
            return literals[0]
        case ScalarsetType():
            return 0
        case SetType():
            return frozenset()
        case SeqType():
            return ()
        case OptionType():
            return None
        case ArrayType(index, of):
            return (least(of),) * cardinality(index)
        case RecordType(_, fields):
            return tuple(least(of) for _, of in fields)
    raise TypeError(f"no state has a value of {t}")


def parts(t: Type) -> int:
    """The number of scalars and sets in a value: what it takes to write it out."""
    match t:
        case ArrayType(index, of):
            return cardinality(index) * parts(of)
        case SeqType(of, capacity):
            return capacity * parts(of)
        case OptionType(of):
            return parts(of)
        case RecordType(_, fields):
            return sum(parts(of) for _, of in fields)
    return 1


def has_scalarset(t: Type) -> bool:
    """Whether an order on the values of the type would be one on those of a Scalarset."""
    match t:
        case ScalarsetType():
            return True
        case OptionType(of) | SetType(of) | SeqType(of):
            return has_scalarset(of)
        case ArrayType(index, of):
            return has_scalarset(index) or has_scalarset(of)
        case RecordType(_, fields):
            return any(has_scalarset(of) for _, of in fields)
    return False


def exceeds(t: Type, most: int) -> bool:
    """Whether a type of states has more than `most` values. A bound: a type of sequences may have a few less."""
    return count_up_to(t, most + 1) > most


def unfit(t: Type) -> tuple[str, str, str] | None:
    """Why no variable can have the type, as code, message and hint; None where one can. The layout refuses by the same
    limits, too late for who writes values out. `t` is a type of states."""
    if not inhabited(t):
        return "T018", f"{show(t)} has no value", "give each part of it a value: check the constants that it depends on"
    large = oversized_set(t)
    if large is not None:
        found = set_diagnostic(large, UNIVERSE_LIMIT, None)
        return found.code, found.message, found.hint or ""
    if size(t) > STATE_LIMIT:
        return "B002", f"{show(t)} takes more than {STATE_LIMIT} bits", "make the type smaller: no state has more bits"
    if parts(t) > MAX_DOMAIN:
        hint = f"at most {MAX_DOMAIN} are possible: make its index type smaller"
        return "T018", f"{show(t)} has {parts(t)} parts", hint
    return None
