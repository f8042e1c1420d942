"""What generated code calls: the way out of a step that fails, and loops over sets and sequences."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, NoReturn

from modelcheck.ir import layout
from modelcheck.ir.types import IntType, SeqType, Type, contains

MEMO_LIMIT = 1 << 16  # entries of a table of sets or sequences met so far
BLOCKED = -1  # the site of a `when` that is false inside a loop


class Stop(Exception):
    """Ends one way of a step. Its argument is the site, or BLOCKED."""


def fail(site: int) -> NoReturn:
    raise Stop(site)


def report(faults: list[tuple[int, int, int]], row: int, action: int, stop: Stop) -> None:
    site = stop.args[0]
    if site != BLOCKED:
        faults.append((row, action, site))


def inner_value(t: Type, bits: int) -> Any:
    """What generated code holds for a pattern: integers are natural, everything else is its pattern."""
    return bits + t.lo if isinstance(t, IntType) else bits


class Members(dict[int, tuple[Any, ...]]):
    """The members of sets of `of`, ascending, by the pattern of the set. Filled as sets are met."""

    def __init__(self, of: Type):
        self.of = of
        self.patterns = None if layout.is_ordinal(of) else [layout.pattern(of, v) for v in layout.universe(of)]

    def __missing__(self, bits: int) -> tuple[Any, ...]:
        found = layout.ones(bits)
        if self.patterns is not None:
            members = tuple(self.patterns[i] for i in found)
        else:
            members = tuple(inner_value(self.of, i) for i in found)
        if len(self) >= MEMO_LIMIT:
            self.clear()
        self[bits] = members
        return members


class Items(dict[int, tuple[Any, ...]]):
    """The items of sequences of the type, in order, by the pattern of the sequence. Filled as sequences are met."""

    def __init__(self, of: SeqType):
        self.of = of

    def __missing__(self, bits: int) -> tuple[Any, ...]:
        stride, count = layout.size(self.of.of), layout.count_bits(self.of)
        mask, rest = (1 << stride) - 1, bits >> count
        items = tuple(inner_value(self.of.of, rest >> i * stride & mask) for i in range(bits & (1 << count) - 1))
        if len(self) >= MEMO_LIMIT:
            self.clear()
        self[bits] = items
        return items


def ordinals(of: Type) -> dict[int, int]:
    """Pattern -> ordinal."""
    return {layout.pattern(of, v): i for i, v in enumerate(layout.universe(of))}


def converter(source: Type, target: Type) -> Callable[[int], int | None]:
    """Pattern of `source` -> pattern of the same value in `target`, None where it does not belong to it."""

    @lru_cache(maxsize=MEMO_LIMIT)
    def convert(bits: int) -> int | None:
        natural = layout.value(source, bits)
        return layout.pattern(target, natural) if contains(target, natural) else None

    return convert
