"""Every row of the operator table on natural values: what it gives, or the fault that it raises."""

import pytest

from modelcheck.ir.evaluate import EvaluationError, evaluate
from modelcheck.ir.nodes import Apply, Const
from modelcheck.ir.ops import OPS, FaultKind, Op, possible_faults
from modelcheck.ir.types import (
    BOOL,
    INT64,
    ArrayType,
    EnumType,
    IntType,
    OptionType,
    ScalarsetType,
    SeqType,
    SetType,
)
from tests.models import apply

DIGIT, WIDE = IntType(-9, 9), IntType(*INT64)
MAX, MIN = INT64[1], INT64[0]
COLOUR, NODE = EnumType(("red", "green")), ScalarsetType(3, "Node")
SET, SEQ, MAYBE = SetType(DIGIT), SeqType(DIGIT, 2), OptionType(DIGIT)


def s(*members):
    return frozenset(members)


# operator, operands as (value, type), what comes out; a third item names the type of the result where it is free
CASES = [
    (Op.NOT, [(True, BOOL)], False),
    (Op.NOT, [(False, BOOL)], True),
    (Op.ADD, [(2, DIGIT), (-3, DIGIT)], -1),
    (Op.ADD, [(MAX, WIDE), (1, DIGIT)], FaultKind.OVERFLOW),
    (Op.SUB, [(2, DIGIT), (-3, DIGIT)], 5),
    (Op.SUB, [(MIN, WIDE), (1, DIGIT)], FaultKind.OVERFLOW),
    (Op.MUL, [(-2, DIGIT), (3, DIGIT)], -6),
    (Op.MUL, [(2**32, WIDE), (2**31, WIDE)], FaultKind.OVERFLOW),
    (Op.MUL, [(-(2**32), WIDE), (2**31, WIDE)], MIN),
    (Op.FLOORDIV, [(7, DIGIT), (2, DIGIT)], 3),
    (Op.FLOORDIV, [(-7, DIGIT), (2, DIGIT)], -4),
    (Op.FLOORDIV, [(7, DIGIT), (-2, DIGIT)], -4),
    (Op.FLOORDIV, [(1, DIGIT), (0, DIGIT)], FaultKind.DIVISION),
    (Op.FLOORDIV, [(MIN, WIDE), (-1, WIDE)], FaultKind.OVERFLOW),
    (Op.MOD, [(-7, DIGIT), (3, DIGIT)], 2),
    (Op.MOD, [(7, DIGIT), (-3, DIGIT)], -2),
    (Op.MOD, [(MIN, WIDE), (-1, WIDE)], 0),
    (Op.MOD, [(7, DIGIT), (0, DIGIT)], FaultKind.DIVISION),
    (Op.NEG, [(3, DIGIT)], -3),
    (Op.NEG, [(MIN, WIDE)], FaultKind.OVERFLOW),
    (Op.ABS, [(-3, DIGIT)], 3),
    (Op.ABS, [(MIN, WIDE)], FaultKind.OVERFLOW),
    (Op.MIN, [(-3, DIGIT), (2, DIGIT)], -3),
    (Op.MAX, [(-3, DIGIT), (2, DIGIT)], 2),
    (Op.EQ, [(2, DIGIT), (2, WIDE)], True),
    (Op.EQ, [("red", COLOUR), ("green", COLOUR)], False),
    (Op.EQ, [(1, NODE), (1, NODE)], True),
    (Op.EQ, [(s(1, 2), SET), (s(2, 1), SET)], True),
    (Op.EQ, [((1, 2), SEQ), ((2, 1), SEQ)], False),
    (Op.EQ, [(None, MAYBE), (0, MAYBE)], False),
    (Op.NE, [(2, DIGIT), (3, DIGIT)], True),
    (Op.NE, [((0, 1), ArrayType(BOOL, DIGIT)), ((0, 1), ArrayType(BOOL, DIGIT))], False),
    (Op.LT, [(2, DIGIT), (3, DIGIT)], True),
    (Op.LE, [(3, DIGIT), (3, DIGIT)], True),
    (Op.GT, [(2, DIGIT), (3, DIGIT)], False),
    (Op.GE, [(-3, DIGIT), (-3, DIGIT)], True),
    (Op.RANGE, [(-1, DIGIT), (2, DIGIT)], s(-1, 0, 1)),
    (Op.RANGE, [(2, DIGIT), (2, DIGIT)], s()),
    (Op.RANGE, [(3, DIGIT), (-1, DIGIT)], s()),
    (Op.IN, [(1, DIGIT), (s(1, 2), SET)], True),
    (Op.IN, [("red", COLOUR), (s("green"), SetType(COLOUR))], False),
    (Op.UNION, [(s(1), SET), (s(2), SET)], s(1, 2)),
    (Op.INTERSECTION, [(s(1, 2), SET), (s(2, 3), SET)], s(2)),
    (Op.DIFFERENCE, [(s(1, 2), SET), (s(2, 3), SET)], s(1)),
    (Op.SYMMETRIC_DIFFERENCE, [(s(1, 2), SET), (s(2, 3), SET)], s(1, 3)),
    (Op.SUBSET, [(s(1), SET), (s(1), SET)], True),
    (Op.SUBSET, [(s(1), SET), (s(2), SET)], False),
    (Op.PROPER_SUBSET, [(s(1), SET), (s(1), SET)], False),
    (Op.PROPER_SUBSET, [(s(), SET), (s(1), SET)], True),
    (Op.CARDINALITY, [(s(1, 5), SET)], 2),
    (Op.WITH, [(s(1), SET), (1, DIGIT)], s(1)),
    (Op.WITH, [(s(1), SET), (2, DIGIT)], s(1, 2)),
    (Op.WITHOUT, [(s(1), SET), (2, DIGIT)], s(1)),
    (Op.REMOVE, [(s(1), SET), (1, DIGIT)], s()),
    (Op.REMOVE, [(s(1), SET), (2, DIGIT)], FaultKind.ABSENT),
    (Op.APPEND, [((1,), SEQ), (2, DIGIT)], (1, 2)),
    (Op.APPEND, [((1, 2), SEQ), (2, DIGIT)], FaultKind.FULL),
    (Op.CONCAT, [((1, 2), SEQ), ((3,), SEQ)], (1, 2, 3)),
    (Op.CONCAT, [((1,), SEQ), ((3,), SEQ)], (1, 3), SEQ),
    (Op.CONCAT, [((1, 2), SEQ), ((3,), SEQ)], FaultKind.FULL, SEQ),
    (Op.LENGTH, [((1, 2), SEQ)], 2),
    (Op.ITEM, [((1, 2), SEQ), (1, DIGIT)], 2),
    (Op.ITEM, [((1, 2), SEQ), (2, DIGIT)], FaultKind.INDEX),
    (Op.ITEM, [((1, 2), SEQ), (-1, DIGIT)], FaultKind.INDEX),
    (Op.FIRST, [((1, 2), SEQ)], 1),
    (Op.FIRST, [((), SEQ)], FaultKind.EMPTY),
    (Op.LAST, [((1, 2), SEQ)], 2),
    (Op.LAST, [((), SEQ)], FaultKind.EMPTY),
    (Op.REST, [((1, 2), SEQ)], (2,)),
    (Op.REST, [((), SEQ)], FaultKind.EMPTY),
    (Op.FRONT, [((1, 2), SEQ)], (1,)),
    (Op.FRONT, [((), SEQ)], FaultKind.EMPTY),
    (Op.HOLDS, [(2, DIGIT), ((1, 2), SEQ)], True),
    (Op.HOLDS, [(3, DIGIT), ((1, 2), SEQ)], False),
    (Op.IS_NONE, [(None, MAYBE)], True),
    (Op.IS_NONE, [(0, MAYBE)], False),
    (Op.SOME, [(0, DIGIT)], 0),
    (Op.GET, [(0, MAYBE)], 0),
    (Op.GET, [(None, MAYBE)], FaultKind.NONE),
    (Op.CAST, [(3, DIGIT)], 3, IntType(0, 3)),
    (Op.CAST, [(4, DIGIT)], FaultKind.RANGE, IntType(0, 3)),
    (Op.CAST, [(s(1, 4), SET)], FaultKind.RANGE, SetType(IntType(0, 3))),
    (Op.CAST, [((1, 2), SEQ)], FaultKind.RANGE, SeqType(DIGIT, 1)),
    (Op.CAST, [(None, MAYBE)], None, OptionType(IntType(0, 3))),
    (Op.CAST, [((1, 9), ArrayType(BOOL, DIGIT))], FaultKind.RANGE, ArrayType(BOOL, IntType(0, 3))),
]


def application(op, operands, result_type=None) -> Apply:
    return apply(op, *(Const(value, t) for value, t in operands), type=result_type)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0].name}{[v for v, _ in c[1]]}")
def test_the_meaning_of_a_row(case):
    op, operands, expected, *result_type = case
    expr = application(op, operands, *result_type)
    if isinstance(expected, FaultKind):
        with pytest.raises(EvaluationError) as caught:
            evaluate(None, expr, ())
        assert caught.value.kind is expected
        assert expected in possible_faults(op, expr.type, tuple(a.type for a in expr.args))
    else:
        value = evaluate(None, expr, ())
        assert value == expected and type(value) is type(expected)


def test_every_row_and_every_fault_of_a_row_is_in_the_table():
    faults = {(op, expected) for op, _, expected, *_ in CASES if isinstance(expected, FaultKind)}
    assert {op for op, *_ in CASES} == set(Op) == set(OPS)
    assert faults == {(op, kind) for op, row in OPS.items() for kind in row.faults}


@pytest.mark.parametrize(
    "op, types",
    [
        (Op.ADD, (BOOL, DIGIT)),
        (Op.NOT, (DIGIT,)),
        (Op.EQ, (COLOUR, DIGIT)),
        (Op.EQ, (NODE, DIGIT)),
        (Op.LT, (NODE, NODE)),
        (Op.LT, (COLOUR, COLOUR)),
        (Op.IN, (BOOL, SET)),
        (Op.UNION, (SET, SetType(WIDE))),
        (Op.APPEND, (SEQ, BOOL)),
        (Op.GET, (DIGIT,)),
        (Op.LENGTH, (SET,)),
    ],
    ids=lambda x: x.name if isinstance(x, Op) else "",
)
def test_operands_that_do_not_fit_have_no_result(op, types):
    assert OPS[op].rule(*types) is None
