"""Every operator on every operand of small types: machine code against the interpreter. The operands are those of
`test_operators`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from modelcheck.backends import Unsupported, llvm
from modelcheck.backends.llvm.code import FALSE, Value, constant
from modelcheck.backends.llvm.emit import EMIT
from modelcheck.errors import SpecError
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, OptionType, SeqType, SetType, Type, cardinality, show
from modelcheck.machinecode import cache
from tests.backends.against import compare
from tests.backends.test_operators import BIT, SIGNED, applications, applied


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "directory", lambda: tmp_path / "cache")


def agrees(op: Op) -> None:
    for m in applications(op):
        count = 1
        for d in m.variables[:-1]:
            count *= cardinality(d.type)
        compare(m, llvm.build(m), most=count)


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_every_operand(op: Op) -> None:
    agrees(op)


@pytest.mark.parametrize("op", [Op.IN, Op.WITH], ids=lambda op: op.name)
@pytest.mark.parametrize("of", [SeqType(BOOL, 2), OptionType(SeqType(BIT, 2)), SeqType(OptionType(BIT), 1)], ids=show)
def test_sets_of_what_is_not_laid_out_by_ordinal(op: Op, of: Type) -> None:
    members = SetType(of)
    types = (of, members) if op is Op.IN else (members, of)
    m = applied(op, types, BOOL if op is Op.IN else members)
    assert compare(m, llvm.build(m), most=500) > 100


def test_every_operator_has_a_row() -> None:
    assert set(EMIT) == set(Op)
    assert all(callable(row) for row in EMIT.values()), "this back end has all of them"


def swapped(other: Op) -> Any:
    return EMIT[other]


def changed(op: Op, change: Callable[..., Value]) -> Any:
    """The row with its result changed: `change(call, result)`."""
    row = EMIT[op]
    return lambda c, *args: change(c, row(c, *args))


def given(op: Op, change: Callable[..., tuple[Value, ...]]) -> Any:
    """The row with its operands changed."""
    row = EMIT[op]
    return lambda c, *args: row(c, *change(c, *args))


def careless(op: Op) -> Any:
    """The row without its check."""
    row = EMIT[op]
    return lambda c, *args: row(replace(c, fail_if=lambda test, kind: None), *args)


def opposite(op: Op) -> Any:
    return changed(op, lambda c, v: c.code.not_(v))


def below(c: Any, v: Value) -> Value:
    return c.code.sub(v, constant(1, v.bits))


# A mistake for every row. None of them divides by zero or writes beyond what it was given.
MISTAKES: dict[Op, Any] = {
    Op.NOT: changed(Op.NOT, lambda c, v: FALSE),
    Op.ADD: swapped(Op.SUB),
    Op.SUB: careless(Op.SUB),
    Op.MUL: careless(Op.MUL),
    Op.FLOORDIV: given(Op.FLOORDIV, lambda c, a, b: (c.code.add(a, c.code.and_(b, constant(1))), b)),
    Op.MOD: changed(Op.MOD, lambda c, v: c.code.intrinsic("abs", v, more="i1 false")),
    Op.NEG: careless(Op.NEG),
    Op.ABS: careless(Op.ABS),
    Op.MIN: swapped(Op.MAX),
    Op.MAX: given(Op.MAX, lambda c, a, b: (a, a)),
    Op.EQ: swapped(Op.LE),
    Op.NE: swapped(Op.LT),
    Op.LT: swapped(Op.LE),
    Op.LE: swapped(Op.LT),
    Op.GT: swapped(Op.GE),
    Op.GE: swapped(Op.GT),
    Op.RANGE: given(Op.RANGE, lambda c, a, b: (a, below(c, b))),
    Op.IN: opposite(Op.IN),
    Op.UNION: swapped(Op.SYMMETRIC_DIFFERENCE),
    Op.INTERSECTION: swapped(Op.DIFFERENCE),
    Op.DIFFERENCE: swapped(Op.SYMMETRIC_DIFFERENCE),
    Op.SYMMETRIC_DIFFERENCE: swapped(Op.UNION),
    Op.SUBSET: swapped(Op.PROPER_SUBSET),
    Op.PROPER_SUBSET: swapped(Op.SUBSET),
    Op.CARDINALITY: changed(Op.CARDINALITY, lambda c, v: c.code.and_(v, constant(1))),
    Op.WITH: swapped(Op.WITHOUT),
    Op.WITHOUT: swapped(Op.WITH),
    Op.REMOVE: swapped(Op.WITHOUT),
    Op.APPEND: lambda c, s, v: s,
    Op.CONCAT: given(Op.CONCAT, lambda c, a, b: (a, constant(0, b.bits))),
    Op.LENGTH: given(Op.LENGTH, lambda c, s: (c.code.lshr(s, 1),)),
    Op.ITEM: given(Op.ITEM, lambda c, s, i: (s, c.code.intrinsic("smax", i, constant(0)))),
    Op.FIRST: swapped(Op.LAST),
    Op.LAST: swapped(Op.FIRST),
    Op.REST: swapped(Op.FRONT),
    Op.FRONT: swapped(Op.REST),
    Op.HOLDS: opposite(Op.HOLDS),
    Op.IS_NONE: opposite(Op.IS_NONE),
    Op.SOME: changed(Op.SOME, below),
    Op.GET: careless(Op.GET),
    Op.CAST: careless(Op.CAST),
}


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_a_mistake_is_noticed(op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMIT, op, MISTAKES[op])
    with pytest.raises((AssertionError, KeyError, IndexError)):
        agrees(op)


def test_an_unsupported_operator_is_refused_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMIT, Op.MIN, Unsupported("it was not asked for"))
    with pytest.raises(SpecError) as caught:
        llvm.build(applied(Op.MIN, (SIGNED, SIGNED), SIGNED))
    [found] = caught.value.diagnostics
    assert (found.code, found.span.text if found.span else "") == ("B003", "MIN")
