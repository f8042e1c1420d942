"""The layout: every value of every small type has a pattern of its own and comes back from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelcheck.errors import SpecError
from modelcheck.ir import layout
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import VariableDecl
from modelcheck.ir.types import (
    BOOL,
    ArrayType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    Type,
    ordinal,
    show,
    values,
)
from tests.models import span_of

BIT, TRIPLE = IntType(0, 1), IntType(-1, 1)
PAIR = RecordType("Pair", (("x", TRIPLE), ("on", BOOL)))

# type, bits
SIZES: list[tuple[Type, int]] = [
    (BOOL, 1),
    (IntType(5, 5), 0),
    (IntType(-3, 4), 3),
    (IntType(-(2**63), 2**63 - 1), 64),
    (EnumType(("a", "b", "c")), 2),
    (EnumType(("only",)), 0),
    (ScalarsetType(4, "S"), 2),
    (OptionType(TRIPLE), 2),
    (OptionType(IntType(0, 3)), 3),
    (OptionType(PAIR), 4),
    (OptionType(IntType(1, 1)), 1),
    (SetType(TRIPLE), 3),
    (SetType(PAIR), 6),
    (SetType(SetType(BIT)), 4),
    (SetType(OptionType(BIT)), 3),
    (SeqType(BIT, 0), 0),
    (SeqType(BIT, 2), 4),
    (SeqType(IntType(1, 1), 3), 2),
    (SeqType(PAIR, 1), 4),
    (ArrayType(TRIPLE, TRIPLE), 6),
    (ArrayType(BOOL, SeqType(BIT, 1)), 4),
    (ArrayType(BOOL, IntType(1, 1)), 0),
    (PAIR, 3),
    (RecordType("Outer", (("p", PAIR), ("a", ArrayType(BOOL, BIT)), ("o", OptionType(BOOL)))), 7),
]


@pytest.mark.parametrize("t, bits", SIZES, ids=lambda x: show(x) if not isinstance(x, int) else "")
def test_sizes(t: Type, bits: int) -> None:
    assert layout.size(t) == bits


SMALL = [t for t, bits in SIZES if bits < 64]


@pytest.mark.parametrize("t", SMALL, ids=show)
def test_every_value_comes_back(t: Type) -> None:
    everything = list(values(t))
    patterns = [layout.pattern(t, v) for v in everything]
    assert [layout.value(t, p) for p in patterns] == everything
    assert len(set(patterns)) == len(everything)
    assert all(0 <= p < layout.limit(t) <= 1 << layout.size(t) for p in patterns)


@pytest.mark.parametrize("t", SMALL, ids=show)
def test_ordinals_are_patterns_where_it_is_said(t: Type) -> None:
    if layout.is_ordinal(t):
        assert all(layout.pattern(t, v) == ordinal(t, v) for v in values(t))


def test_parts_stand_where_the_offsets_say() -> None:
    t = ArrayType(BOOL, PAIR)
    bits = layout.pattern(t, ((-1, False), (1, True)))
    element = bits >> layout.element_offset(t, 1) & (1 << layout.size(PAIR)) - 1
    assert layout.value(PAIR, element) == (1, True)
    assert layout.value(BOOL, element >> layout.field_offset(PAIR, "on") & 1) is True
    queue = SeqType(PAIR, 2)
    assert layout.pattern(queue, ((1, True),)) == 1 | 0b110 << layout.element_offset(queue, 0)


def declared(*types: Type) -> Layout:
    return Layout(tuple(VariableDecl(f"v{i}", t, span=span_of(f"v{i}", line=i + 1)) for i, t in enumerate(types)))


def test_variables_follow_each_other() -> None:
    found = declared(BOOL, IntType(0, 4), IntType(9, 9), SetType(IntType(0, 59)), BOOL)
    assert (found.offsets, found.sizes) == ((0, 1, 4, 4, 64), (1, 3, 0, 60, 1))
    assert (found.bits, found.width) == (65, 2)
    assert declared().width == 1


WIDE = (IntType(0, 2**63 - 1), BOOL, IntType(-(2**63), 2**63 - 1), SeqType(IntType(0, 1000), 9))
STATES: list[tuple[Any, ...]] = [
    (0, False, 0, ()),
    (2**63 - 1, True, -(2**63), (1000,) * 9),
    (12345, True, 2**63 - 1, (1, 2, 3)),
]


@pytest.mark.parametrize("parts", [4, 2, 1, 0])
def test_states_come_back_from_rows(parts: int) -> None:
    found = declared(*WIDE[:parts])
    states = [s[:parts] for s in STATES]
    packed = [found.encode(s) for s in states]
    rows = np.frombuffer(found.pack(packed), np.uint64).reshape(-1, found.width)
    assert rows.shape == (3, found.width)
    assert found.unpack(rows) == packed
    assert found.unpack(rows[1:2]) == packed[1:2]
    assert found.unpack(rows[::2]) == packed[::2]
    assert [found.decode(p) for p in packed] == states
    assert found.unpack(np.empty((0, found.width), np.uint64)) == []
    assert len(found.pack([])) == 0


def test_words_are_little_endian() -> None:
    found = declared(IntType(0, 2**63 - 1), IntType(0, 2**63 - 1))
    assert list(found.pack([2**64 + 7])) == [7, 1]


TOO_LARGE: list[tuple[str, tuple[Type, ...], list[int]]] = [
    ("B001", (BOOL, SetType(IntType(0, 4096))), [2]),
    ("B001", (SetType(SetType(IntType(0, 12))), BOOL, SetType(SetType(SetType(IntType(0, 10**9))))), [1, 3]),
    ("B001", (ArrayType(BOOL, OptionType(SetType(ArrayType(IntType(0, 10**6), BOOL)))),), [1]),
    ("B001", (SeqType(SetType(RecordType("R", (("a", IntType(0, 99)), ("b", IntType(0, 99))))), 2),), [1]),
    ("B002", (BOOL, ArrayType(IntType(0, 65534), BOOL), BOOL, BOOL), [3]),
    ("B002", (ArrayType(IntType(0, 10**12), ArrayType(IntType(0, 10**12), BOOL)),), [1]),
    ("B002", (SeqType(BOOL, 70000),), [1]),
]


@pytest.mark.parametrize("code, types, lines", TOO_LARGE)
def test_what_is_too_large_is_refused(code: str, types: tuple[Type, ...], lines: list[int]) -> None:
    with pytest.raises(SpecError) as caught:
        declared(*types)
    assert [d.code for d in caught.value.diagnostics] == [code] * len(lines)
    assert [d.span.line for d in caught.value.diagnostics if d.span] == lines
    assert all(d.hint for d in caught.value.diagnostics)


def test_the_largest_are_accepted() -> None:
    assert declared(SetType(IntType(1, 4096))).bits == 4096
    assert declared(ArrayType(IntType(0, 65535), BOOL)).bits == 65536
