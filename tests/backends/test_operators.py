"""Every operator on every operand of small types: generated code against the interpreter, that is, against the table.

Each operator is applied in every way that generated code tells apart: to parts of the state, to locals, to constants,
and with its result written over its first operand.
"""

from __future__ import annotations

from typing import Any

import pytest

from modelcheck.backends import Unsupported, python
from modelcheck.backends.python.emit import EMIT
from modelcheck.errors import SpecError
from modelcheck.ir.nodes import Action, Apply, Assign, Choose, Const, Expr, Local, Model, Stmt, Variable
from modelcheck.ir.ops import OPS, Op
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
    cardinality,
    values,
)
from tests.backends.against import compare
from tests.models import action, every, model, span_of, variable

BIT, SIGNED, UPPER = IntType(0, 1), IntType(-2, 2), IntType(2, 4)
LARGE, LEAST = IntType(2**63 - 2, 2**63 - 1), IntType(-(2**63), -(2**63) + 1)
COLOUR, PEER = EnumType(("red", "green", "blue")), ScalarsetType(3, "Peer")
PAIR = RecordType("Pair", (("x", SIGNED), ("on", BOOL)))
SMALL = RecordType("Small", (("x", IntType(1, 2)), ("on", BOOL)))
TABLE = ArrayType(BOOL, IntType(1, 2))
Q0, Q1, Q2, QP = SeqType(UPPER, 0), SeqType(UPPER, 1), SeqType(UPPER, 2), SeqType(PAIR, 1)

_NUMBERS = [(SIGNED, SIGNED), (UPPER, SIGNED), (LARGE, SIGNED), (LEAST, SIGNED), (LARGE, LEAST)]
_SAME = [(t, t) for t in (BOOL, SIGNED, COLOUR, PEER, SetType(BIT), Q2, OptionType(SIGNED), TABLE, PAIR)]
_SETS = [SetType(BIT), SetType(UPPER), SetType(SMALL), SetType(OptionType(BIT)), SetType(TABLE)]
_SEQS = [Q2, Q1, QP, SeqType(IntType(3, 3), 2), SeqType(BOOL, 3)]

# operator -> tuples of operand types; for CAST, (operand, result)
OPERANDS: dict[Op, list[tuple[Type, ...]]] = {
    Op.NOT: [(BOOL,)],
    **{op: _NUMBERS for op in (Op.ADD, Op.SUB, Op.MUL, Op.FLOORDIV, Op.MOD)},
    **{op: _NUMBERS for op in (Op.MIN, Op.MAX, Op.LT, Op.LE, Op.GT, Op.GE)},
    **{op: [(SIGNED,), (UPPER,), (LEAST,), (LARGE,)] for op in (Op.NEG, Op.ABS)},
    **{op: _SAME + [(SIGNED, UPPER), (BIT, LARGE)] for op in (Op.EQ, Op.NE)},
    Op.RANGE: [(SIGNED, SIGNED), (UPPER, SIGNED), (SIGNED, UPPER)],
    Op.IN: [(t.of, t) for t in _SETS] + [(BOOL, SetType(BOOL)), (PEER, SetType(PEER))],
    **{
        op: [(t, t) for t in _SETS]
        for op in (
            Op.UNION, Op.INTERSECTION, Op.DIFFERENCE, Op.SYMMETRIC_DIFFERENCE, Op.SUBSET, Op.PROPER_SUBSET,
        )
    },
    Op.CARDINALITY: [(t,) for t in (*_SETS, SetType(SIGNED), SetType(PAIR))],
    **{op: [(t, t.of) for t in _SETS] for op in (Op.WITH, Op.WITHOUT, Op.REMOVE)},
    Op.APPEND: [(t, t.of) for t in (Q0, *_SEQS)],
    Op.CONCAT: [(Q1, Q1), (Q2, Q1), (Q1, Q2), (Q0, Q1), (Q2, Q2), (QP, QP)],
    Op.ITEM: [(t, i) for t in (Q0, *_SEQS) for i in (SIGNED, BIT)],
    **{op: [(t,) for t in (Q0, *_SEQS)] for op in (Op.LENGTH, Op.FIRST, Op.LAST, Op.REST, Op.FRONT)},
    Op.HOLDS: [(t.of, t) for t in _SEQS],
    **{op: [(OptionType(t),) for t in (SIGNED, PEER, PAIR, SetType(BIT))] for op in (Op.IS_NONE, Op.GET)},
    Op.SOME: [(SIGNED,), (PEER,), (PAIR,), (SetType(BIT),), (BOOL,)],
    Op.CAST: [
        (SIGNED, UPPER), (UPPER, SIGNED), (SIGNED, BIT), (SIGNED, IntType(-3, 3)), (LARGE, UPPER), (PAIR, PAIR),
        (SetType(SIGNED), SetType(UPPER)), (SetType(UPPER), SetType(SIGNED)), (SetType(BIT), SetType(SIGNED)),
        (OptionType(SIGNED), OptionType(UPPER)), (OptionType(BIT), OptionType(IntType(0, 3))),
        (OptionType(BIT), OptionType(SIGNED)), (Q2, Q1), (Q1, Q2), (Q2, SeqType(SIGNED, 3)), (TABLE, ArrayType(BOOL, UPPER)),
        (SetType(OptionType(BIT)), SetType(OptionType(IntType(-1, 0)))),
    ],
}  # fmt: skip

ROUNDED = {Op.CONCAT: [Q2, SeqType(UPPER, 4), QP, SeqType(PAIR, 2)]}  # result types other than the rule's


def results(op: Op, types: tuple[Type, ...]) -> list[tuple[tuple[Type, ...], Type]]:
    """(operand types, result type) of each application to test."""
    if op is Op.CAST:
        return [(types[:1], types[1])]
    if op in ROUNDED:
        return [(types, t) for t in ROUNDED[op] if t.of == types[0].of and t.capacity >= max(x.capacity for x in types)]
    t = OPS[op].rule(*types)
    assert t is not None, (op, types)
    return [(types, t)]


def applications(op: Op) -> list[Model]:
    return [applied(op, *found) for types in OPERANDS[op] for found in results(op, types)]


def applied(op: Op, types: tuple[Type, ...], result: Type) -> Model:
    """All operands as initial states; one action for each way to apply the operator."""
    names = ("a", "b")[: len(types)]
    decls = [*(variable(n, t) for n, t in zip(names, types)), variable("r", result)]
    *operands, r = (Variable(i, d.type, d.span) for i, d in enumerate(decls))
    locals_ = [Local(f"x{i}", t) for i, t in enumerate(types)]
    bound: list[Stmt] = [Assign(x, v) for x, v in zip(locals_, operands)]

    def to(target: Any, args: tuple[Expr, ...]) -> Assign:
        return Assign(target, Apply(op, args, result, span_of(op.name)))

    actions: list[Action] = [
        action("variables", to(r, tuple(operands))),
        action("locals", *bound, to(r, tuple(locals_))),
    ]
    for i, t in enumerate(types):
        if cardinality(t) <= 8:
            for v in values(t):
                args = (*operands[:i], Const(v, t), *operands[i + 1 :])
                actions.append(action(f"constant {i} {v}", to(r, args)))
    if result == types[0]:
        actions.append(action("in place", to(operands[0], tuple(operands))))
        actions += [action("in place", to(operands[0], (operands[0], Const(v, t)))) for t in types[1:] for v in _few(t)]
    chosen = [Choose(x, every(x.type), x.name) for x in locals_]
    default = Assign(r, Const(next(values(result)), result))
    initial = [*chosen, *(Assign(v, x) for v, x in zip(operands, locals_)), default]
    named = {}
    if result == BOOL:
        named = {"direct": Apply(op, tuple(operands), BOOL), "negated": Apply(Op.NOT, (r,), BOOL)}
    return model("applied", decls, initial, actions, invariants=named)


def _few(t: Type) -> list[Any]:
    found = list(values(t))
    return [*found[:6], *found[6:][-3:]]


def agrees(op: Op) -> None:
    for m in applications(op):
        count = 1
        for d in m.variables[:-1]:
            count *= cardinality(d.type)
        compare(m, python.build(m), most=count)


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_every_operand(op: Op) -> None:
    agrees(op)


def test_every_operator_has_a_row() -> None:
    assert set(EMIT) == set(Op)
    assert all(callable(row) or isinstance(row, Unsupported) for row in EMIT.values())


def arity(op: Op) -> int:
    return 1 if op is Op.CAST else len(OPERANDS[op][0])


def others(op: Op) -> list[Op]:
    """A few operators of the same arity, which mean something else."""
    same = [o for o in Op if arity(o) == arity(op) and o is not op]
    at = list(Op).index(op)
    following = sorted(same, key=lambda o: (list(Op).index(o) - at) % len(Op))
    return following[:2]


@pytest.mark.parametrize("op, other", [(op, o) for op in Op for o in others(op)], ids=lambda op: op.name)
def test_another_row_is_noticed(op: Op, other: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMIT, op, EMIT[other])
    with pytest.raises(Exception):
        agrees(op)


def test_an_unsupported_operator_is_refused_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMIT, Op.MIN, Unsupported("it was not asked for"))
    with pytest.raises(SpecError) as caught:
        python.build(applied(Op.MIN, (SIGNED, SIGNED), SIGNED))
    [found] = caught.value.diagnostics
    assert (found.code, found.span.text if found.span else "") == ("B003", "MIN")


def test_the_table_of_operands_is_complete() -> None:
    assert set(OPERANDS) == set(Op)
