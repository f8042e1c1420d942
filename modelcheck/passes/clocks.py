"""Clocks and timers in the discrete state, and the paths that lead to them.

There a clock is a variable of one value and a timer one of two, off and armed; so they stand in arrays and records like
anything else, and `self.port[i].alarm` is typed as any path is. Only what is said of them is special.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Iterator

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.types import (
    CLOCK,
    TIMER,
    ArrayType,
    EnumType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    Type,
    values,
)

MAX_TIME = 1 << 56
UNITS = {"ns": 1, "us": 1_000, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}  # in ns

Key = tuple[int | str | tuple[object], ...]  # the variable's index, then names of fields and (index,) of elements


@dataclass(frozen=True, slots=True)
class TimerOptions:
    """`handled`: a method with @expires takes its expiry; then it is no later than `late`."""

    maximum: int
    late: int
    period: int | None
    handled: bool


@dataclass(frozen=True, slots=True)
class ClockInfo:
    """`number` from 1, as in `ir.timing`."""

    number: int
    name: str
    timer: TimerOptions | None
    span: Span


def is_timer(t: Type) -> bool:
    return t == TIMER and isinstance(t, EnumType) and t.name == TIMER.name


@cache
def holds_clock(t: Type) -> bool:
    """Whether a value of the type is, or has in it, a clock or a timer."""
    match t:
        case EnumType():
            return t == CLOCK or is_timer(t)
        case ArrayType(_, of) | SetType(of) | SeqType(of) | OptionType(of):
            return holds_clock(of)
        case RecordType(_, fields):
            return any(holds_clock(of) for _, of in fields)
    return False


def of_family(t: Type) -> tuple[tuple[Type, ...], Type]:
    """The index types of an array (of arrays ...), the outermost first, and what it holds; no indices for the rest."""
    found: list[Type] = []
    while isinstance(t, ArrayType):
        found.append(t.index)
        t = t.of
    return tuple(found), t


# --- paths ------------------------------------------------------------------------------------------------------------


def key_of(path: n.Expr) -> Key | None:
    """Where a path leads; None where an index is not known before the search."""
    match path:
        case n.Variable(index):
            return (index,)
        case n.Field(record, name):
            inner = key_of(record)
            return None if inner is None else (*inner, name)
        case n.Element(array, n.Const(value)):
            inner = key_of(array)
            return None if inner is None else (*inner, (value,))
    return None


def open_index(path: n.Expr) -> n.Element | None:
    """The outermost element of a path whose index is not a constant."""
    match path:
        case n.Field(record):
            return open_index(record)
        case n.Element(array, index):
            return open_index(array) or (None if isinstance(index, n.Const) else path)
    return None


def closed(path: n.Expr, element: n.Element) -> Iterator[tuple[n.Const, n.Expr]]:
    """The path for every value that the index of one of its elements can have."""
    t = element.array.type
    assert isinstance(t, ArrayType)
    for value in values(t.index):
        const = n.Const(value, t.index, element.span)
        yield const, _replaced(path, element, const)


def _replaced(path: n.Expr, element: n.Element, index: n.Const) -> n.Expr:
    match path:
        case n.Element(array, old) if path is element:
            return n.Element(array, index, path.type, path.span)
        case n.Element(array, old):
            return n.Element(_replaced(array, element, index), old, path.type, path.span)
        case n.Field(record, name):
            return n.Field(_replaced(record, element, index), name, path.type, path.span)
    return path
