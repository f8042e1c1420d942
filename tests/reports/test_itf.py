"""ITF: values there and back for every type, both spellings on reading, bytes that do not change."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

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
    values,
)
from modelcheck.reports import itf

COLOR = EnumType(("red", "green"), "Color")
RM = ScalarsetType(3, "RM")
SLOT = RecordType("Slot", (("count", IntType(-2, 2)), ("owner", OptionType(RM))))

TYPES: list[Type] = [
    BOOL,
    IntType(-3, 3),
    COLOR,
    RM,
    SetType(IntType(0, 2)),
    SetType(RM),
    SeqType(COLOR, 2),
    OptionType(BOOL),
    OptionType(OptionType(IntType(0, 1))),
    ArrayType(IntType(1, 2), BOOL),
    ArrayType(COLOR, SetType(BOOL)),
    ArrayType(OptionType(BOOL), IntType(0, 1)),
    SLOT,
    ArrayType(RM, SLOT),
]


@pytest.mark.parametrize("of", TYPES, ids=str)
def test_there_and_back(of: Type) -> None:
    for value in islice(values(of), 400):
        for bigint in (True, False):
            assert itf.decode(of, json.loads(json.dumps(itf.encode(of, value, bigint=bigint)))) == value


@pytest.mark.parametrize(
    "of, value, data",
    [
        (IntType(-20, 20), -12, {"#bigint": "-12"}),
        (SetType(IntType(0, 3)), frozenset({2, 0}), {"#set": [{"#bigint": "0"}, {"#bigint": "2"}]}),
        (SeqType(BOOL, 3), (True, False), [True, False]),
        (ArrayType(COLOR, BOOL), (True, False), {"#map": [["red", True], ["green", False]]}),
        (OptionType(BOOL), None, {"tag": "None", "value": {"#tup": []}}),
        (OptionType(BOOL), True, {"tag": "Some", "value": True}),
        (RecordType("R", (("a", BOOL), ("b", COLOR))), (True, "red"), {"a": True, "b": "red"}),
        (RM, 1, "RM1"),
    ],
    ids=str,
)
def test_spelling(of: Type, value: object, data: object) -> None:
    assert itf.encode(of, value) == data
    assert itf.decode(of, data) == value


@pytest.mark.parametrize(
    "of, data",
    [
        (IntType(0, 3), {"#bigint": "4"}),
        (IntType(0, 3), True),
        (IntType(0, 3), {"#bigint": "x"}),
        (IntType(0, 3), None),
        (BOOL, 1),
        (COLOR, "blue"),
        (RM, "RM7"),
        (RM, []),
        (SetType(BOOL), [True]),
        (SeqType(BOOL, 1), [True, True]),
        (ArrayType(COLOR, BOOL), {"#map": [["red", True]]}),
        (OptionType(BOOL), True),
        (SLOT, {"count": {"#bigint": "0"}}),
    ],
    ids=str,
)
def test_misfits(of: Type, data: object) -> None:
    with pytest.raises(itf.Misfit):
        itf.decode(of, data)


@pytest.mark.parametrize("value", [True, 3, -1, "text", (1, "a", (False,))], ids=str)
def test_constants_there_and_back(value: object) -> None:
    assert itf.decode_constant(json.loads(json.dumps(itf.encode_constant(value)))) == value


@pytest.mark.parametrize(
    "name, slug",
    [("without the drain", "without-the-drain"), ("v5, 2 vcpus", "v5-2-vcpus"), ("???", "case"), ("a/../b", "a-b")],
)
def test_slugs(name: str, slug: str) -> None:
    assert itf.slug(name) == slug


def test_traces_of_other_tools_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.itf.json"
    data = {"vars": ["n"], "params": [], "loop": None, "states": [{"n": 1}, {"#meta": {"index": 1}, "n": {"#bigint": "2"}}]}
    path.write_text(json.dumps(data))
    recorded = itf.read(path)
    assert (recorded.spec, recorded.loop, len(recorded.states)) == (None, None, 2)
    assert recorded.actions() == (None, None)
    assert [itf.decode(IntType(0, 3), s["n"]) for s in recorded.states] == [1, 2]
