"""Which sub-formulas decide, and which values are shown in them."""

from dataclasses import replace

import pytest

from modelcheck.errors import Source, Span
from modelcheck.ir.evaluate import blockers, initial
from modelcheck.ir.explain import explain
from modelcheck.ir.nodes import Bind, Cond, Const, Local, Logic, Quantifier, Variable
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import BOOL, ArrayType, EnumType, IntType, OptionType
from tests import models
from tests.models import apply, boolean, both, either, element, every, implies, integer, model, negate, variable

T = IntType(0, 3)
PHASE = EnumType(("idle", "busy"), "Phase")
DECLS = (variable("a", T), variable("b", T), variable("q", ArrayType(T, PHASE)), variable("o", OptionType(T)))
A, B, Q, MAYBE = (Variable(i, d.type) for i, d in enumerate(DECLS))
M = model("explained", DECLS, (), ())
STATE = (1, 2, ("idle", "busy", "idle", "idle"), None)
X = Local("x$2", T)  # as a pass names the second local of that name

LESS, MORE = apply(Op.LT, A, B), apply(Op.GT, A, B)  # true, false
AFTER = Variable(0, T, after=True)
LESS_SHOWN = ("self.a < self.b", True, [("self.a", "1"), ("self.b", "2")], [])
MORE_SHOWN = ("self.a > self.b", False, [("self.a", "1"), ("self.b", "2")], [])
IDLE = apply(Op.EQ, element(Q, X), Const("idle", PHASE))
BUSY_SHOWN = ('self.q[x] == "idle"', False, [("self.q[x]", '"busy"')], [("x", "1")])


def over(kind, body, guard=None):
    return Quantifier(kind, X, every(T), body, BOOL, guard)


def of_source(formula, start, end):
    """The formula with that span of the first line of a source."""
    return replace(formula, span=Span(Source("s.py", "implies(a < b,\n        a > b)"), 1, start, 1, end))


CASES = {
    "an atom": (MORE, False, [MORE_SHOWN]),
    "implies, false": (implies(LESS, MORE), False, [LESS_SHOWN, MORE_SHOWN]),
    "implies, true on the left": (implies(MORE, MORE), True, [MORE_SHOWN]),
    "implies, true on the right": (implies(LESS, LESS), True, [LESS_SHOWN]),
    "and, the first that is false": (both(LESS, MORE, negate(LESS)), False, [MORE_SHOWN]),
    "and, true": (both(LESS, negate(MORE)), True, [LESS_SHOWN, MORE_SHOWN]),
    "or, all that are false": (either(MORE, negate(LESS)), False, [MORE_SHOWN, LESS_SHOWN]),
    "or, the first that is true": (either(MORE, LESS, MORE), True, [LESS_SHOWN]),
    "not": (negate(either(MORE, LESS)), False, [LESS_SHOWN]),
    "the branch of a condition": (Cond(LESS, MORE, boolean(True), BOOL), False, [LESS_SHOWN, MORE_SHOWN]),
    "each clause once": (both(LESS, LESS), True, [LESS_SHOWN]),
    "a constant says nothing": (either(boolean(False), MORE), False, [MORE_SHOWN]),
    "all, the first counterexample": (over("all", IDLE), False, [BUSY_SHOWN]),
    "all, of those not excluded": (
        over("all", apply(Op.LT, X, integer(2)), apply(Op.GT, X, B)), False, [("x < 2", False, [], [("x", "3")])],
    ),
    "any, the first witness": (over("any", negate(IDLE)), True, [BUSY_SHOWN]),
    "any, none": (
        over("any", apply(Op.GT, X, integer(3))), False, [("any(x > 3 for x in {0, 1, 2, 3})", False, [], [])],
    ),
    "a bind": (Bind(X, A, apply(Op.GT, X, B), BOOL), False, [("x > self.b", False, [("x", "1"), ("self.b", "2")], [])]),
    "an element and its index": (
        apply(Op.NE, element(Q, A), Const("busy", PHASE)), False,
        [('self.q[self.a] != "busy"', False, [("self.q[self.a]", '"busy"'), ("self.a", "1")], [])],
    ),
    "the next state": (
        apply(Op.LE, AFTER, A), False, [("after.a <= self.a", False, [("after.a", "3"), ("self.a", "1")], [])],
    ),
    "the text of the source": (of_source(MORE, 8, 13), False, [("a < b", False, MORE_SHOWN[2], [])]),
    "a part that was not evaluated": (
        apply(Op.EQ, Cond(apply(Op.IS_NONE, MAYBE), integer(0), apply(Op.GET, MAYBE), T), A), False,
        [
            ("(0 if self.o is None else self.o) == self.a", False,
             [("0 if self.o is None else self.o", "0"), ("self.o", "None"), ("self.a", "1")], []),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_clauses_that_decide(name):
    expr, value, expected = CASES[name]
    found = explain(M, expr, STATE, (3, *STATE[1:]))
    assert found.value is value and found.failure is None
    assert [(c.text, c.value, list(c.atoms), list(c.where)) for c in found.clauses] == expected


def test_a_place_is_shown_by_its_label():
    m = models.kick_and_serve()
    found = explain(m, m.properties[0].expr, (1, 0, False, 0, 0, 0))
    assert [c.atoms for c in found.clauses][1::2] == [(("guest", 'at "add buffer"'),), (("server", 'at "select"'),)]


def test_a_phrase_of_the_source_is_not_taken_apart():
    where = models.span_of("at(self.guest, somewhere)")
    parts = tuple(replace(apply(Op.EQ, A, integer(n)), span=where) for n in (0, 2))
    found = explain(M, Logic("or", parts, where), STATE)
    assert [c.text for c in found.clauses] == [where.text]


def test_a_formula_that_faults_has_no_value():
    m = models.every_fault()
    found = explain(m, m.properties[0].expr, initial(m)[0].state)
    assert found.value is None and found.clauses == () and found.failure.kind is FaultKind.NONE


def test_what_blocks_a_step():
    m = models.choices()
    blocked = blockers(m, (0, frozenset(), None), 0)[1]
    found = explain(m, blocked.expr, blocked.state, locals=blocked.locals)
    assert [(c.text, c.value, c.atoms) for c in found.clauses] == [("x == y", True, (("x", "1"), ("y", "1")))]
