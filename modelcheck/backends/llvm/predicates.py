"""Predicates: one function each, over the rows of a block."""

from __future__ import annotations

from typing import Sequence

from modelcheck.backends.llvm.code import WORD, Code, constant
from modelcheck.backends.llvm.expressions import Expressions
from modelcheck.backends.llvm.frame import param
from modelcheck.backends.llvm.unit import Unit
from modelcheck.ir.nodes import Expr
from modelcheck.system import FALSE, FAULT, TRUE

PREDICATE_PARAMETERS = "ptr readonly %states, ptr readonly %afters, i64 %n, ptr noalias %answers, i64 %stride"


def judge(unit: Unit, name: str, tests: Sequence[Expr]) -> None:
    """Defines the function that writes TRUE for the rows where all tests are true, else FALSE, or FAULT; the answers
    are bytes `stride` apart."""
    code, width = Code(), unit.layout.width
    slot, head, body, done = code.slot(WORD), code.block("head"), code.block("row"), code.block("done")
    answer, fault, false, end = code.slot(8), code.block("fault"), code.block("false"), code.block("end")
    code.store(constant(0), slot)
    code.jump(head)
    code.place(head)
    row = code.load(slot, WORD)
    code.branch(code.compare("lt", row, param("n")), body, done)
    code.place(body)
    at = code.mul(row, constant(width))
    state, after = code.element("%states", at), code.element("%afters", at)
    g = Expressions(unit, code, state, lambda kind, span, message: fault, after)
    for test in tests:
        further = code.block("further")
        code.branch(g.value(test), further, false)
        code.place(further)
    for label, number in ((None, TRUE), (false, FALSE), (fault, FAULT)):
        if label is not None:
            code.place(label)
        code.store(constant(number, 8), answer)
        code.jump(end)
    code.place(end)
    code.store(code.load(answer, 8), code.element("%answers", code.mul(row, param("stride")), 8))
    code.store(code.add(row, constant(1)), slot)
    code.jump(head)
    code.place(done)
    code.finish("ret void")
    unit.define(f"void @{name}({PREDICATE_PARAMETERS})", code)
