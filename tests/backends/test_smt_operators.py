"""Every operator on every operand of small types: formulas against the interpreter, that is, against the table.

The operands are those of `test_operators`. A row's formula is asked with the scalars of the operands put in the place of
its constants, so it is the symbolic form that is tested, not what is computed for known operands.
"""

from __future__ import annotations

import pytest
import z3

from modelcheck.backends import Unsupported, smt
from modelcheck.backends.smt.emit import EMIT
from modelcheck.errors import SpecError
from modelcheck.ir import evaluate
from modelcheck.ir.nodes import Apply, Assign, Const, Model, Variable
from modelcheck.ir.ops import OPS, Op
from modelcheck.ir.types import BOOL, IntType, SetType
from tests.backends.smt_against import Asked, compare, fault_set
from tests.backends.test_operators import OPERANDS, SIGNED, applications, applied, others
from tests.models import action, apply, assign, model, span_of, variable

def symbolic(m: Model, few: bool = False) -> None:
    """Asserts that the action that applies the operator to variables does on every operand (on about a dozen) what the
    interpreter says."""
    system = smt.build(m)
    asked = Asked(m, system)
    states = [o.state for o in evaluate.initial(m) if o.state is not None]
    step = next((s for s in system.steps if s.action == 0), None)
    for state in states[:: 1 + len(states) // 12] if few else states:
        [way] = evaluate.outcomes(m, state, 0)
        assert asked.faults(0, state) == fault_set([way]), state
        if way.state is None:
            assert step is None or z3.is_false(asked.at(step.taken, state)), state
        else:
            assert step is not None and z3.is_true(asked.at(step.relation, state, way.state)), (state, way.state)


def has_one_result(m: Model) -> None:
    """Asserts that no operands lead to two results."""
    system = smt.build(m)
    again = [z3.Const(f"again {i}", c.sort()) for i, c in enumerate(system.after)]
    solver = z3.Solver()
    for step in (s for s in system.steps if s.action == 0):
        solver.add(system.typed, step.relation, z3.substitute(step.relation, *zip(system.after, again)))
        solver.add(z3.Or([a != b for a, b in zip(system.after, again)]))
        assert solver.check() == z3.unsat


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_every_operand(op: Op) -> None:
    for m in applications(op):
        symbolic(m)
        has_one_result(m)


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_in_every_way_that_it_can_be_applied(op: Op) -> None:
    """To locals and constants, in place, as a predicate: a few operands of the first two pairs of types."""
    for m in applications(op)[:2]:
        compare(m, smt.build(m), most=4)


@pytest.mark.parametrize("op, other", [(op, o) for op in Op for o in others(op)], ids=lambda op: op.name)
def test_another_row_is_noticed(op: Op, other: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMIT, op, EMIT[other])
    with pytest.raises(Exception):
        for m in applications(op):
            symbolic(m, few=True)


def test_every_operator_has_a_row() -> None:
    assert set(EMIT) == set(Op) == set(OPERANDS)
    assert all(callable(row) or isinstance(row, Unsupported) for row in EMIT.values())


def test_an_unsupported_operator_is_refused_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMIT, Op.MIN, Unsupported("it was not asked for"))
    with pytest.raises(SpecError) as caught:
        smt.build(applied(Op.MIN, (SIGNED, SIGNED), SIGNED))
    [found] = caught.value.diagnostics
    assert (found.code, found.span.text if found.span else "") == ("B003", "MIN")


def test_a_set_that_is_too_large_is_refused_where_it_stands() -> None:
    wide = IntType(0, 10**6)
    decls = [variable("n", wide), variable("b", BOOL)]
    n, b = (Variable(i, d.type) for i, d in enumerate(decls))
    inside = apply(Op.EQ, apply(Op.CARDINALITY, apply(Op.RANGE, n, n, type=SetType(wide), text="range")), n)
    with pytest.raises(SpecError) as caught:
        smt.build(model("large", decls, [assign(n, n), assign(b, inside)], []))
    [found] = caught.value.diagnostics
    assert (found.code, found.span) == ("B001", span_of("range"))


def test_a_test_for_a_long_range_is_two_comparisons() -> None:
    wide = IntType(0, 10**15)
    decls = [variable("n", wide), variable("b", BOOL)]
    n, b = (Variable(i, d.type) for i, d in enumerate(decls))
    inside = apply(Op.IN, n, apply(Op.RANGE, Const(5, wide), Const(10**12, wide), type=SetType(wide)))
    first = [assign(n, Const(0, wide)), assign(b, Const(False, BOOL))]
    m = model("long", decls, first, [action("ask", assign(b, inside))])
    asked = Asked(m, smt.build(m))
    for value, expected in ((4, False), (5, True), (10**12 - 1, True), (10**12, False)):
        for answer in (False, True):  # the interpreter would make the set
            possible = asked.at(asked.system.steps[0].relation, (value, False), (value, answer))
            assert z3.is_true(possible) is (answer is expected)


WIDE = IntType(-(10**6), 10**6)


@pytest.mark.parametrize("op", [Op.FLOORDIV, Op.MOD, Op.MUL], ids=lambda op: op.name)
@pytest.mark.parametrize("a, b", [(7, 3), (-7, 3), (7, -3), (-7, -3), (999_999, -1000), (0, 5), (-1, 10**6)])
def test_products_and_quotients_of_wide_operands(op: Op, a: int, b: int) -> None:
    """Where no case can be made for each value. Division rounds down."""
    result = OPS[op].rule(WIDE, WIDE)
    assert result is not None
    decls = [variable("a", WIDE), variable("b", WIDE), variable("r", result)]
    x, y, r = (Variable(i, d.type) for i, d in enumerate(decls))
    body = Assign(r, Apply(op, (x, y), result))
    initial = [Assign(v, Const(0, v.type)) for v in (x, y, r)]
    m = model("wide", decls, initial, [action("apply", body)])
    system = smt.build(m)
    [way] = evaluate.outcomes(m, (a, b, 0), 0)
    assert way.state is not None
    wrong = (*way.state[:2], way.state[2] + 1)
    asked = Asked(m, system)
    told = [asked.at(system.steps[0].relation, (a, b, 0), after) for after in (way.state, wrong)]
    assert list(map(z3.is_true, told)) == [True, False]
