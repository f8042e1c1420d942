"""Each rule of CORE, broken once: the model is refused; and what must not be refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck.errors import InternalError, Source, Span
from modelcheck.ir import surface
from modelcheck.ir.nodes import (
    ActionPredicate,
    Apply,
    Assign,
    Bind,
    Choose,
    Cond,
    Const,
    Construct,
    Element,
    Field,
    For,
    If,
    Local,
    Logic,
    Quantifier,
    Temporal,
    Variable,
    When,
)
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, TEXT, ArrayType, EnumType, IntType, OptionType, RecordType, SeqType, SetType
from modelcheck.ir.verify import check_core, verify_core, verify_surface
from tests import models
from tests.models import action, apply, boolean, both, every, integer, model, variable
from tests.random_models import random_model

T = IntType(0, 3)
N, S = Variable(0, T), Variable(1, SetType(T))
X, Y = Local("x", T), Local("y", T)
ANY = Quantifier("any", X, S, apply(Op.EQ, X, N), BOOL)
ZERO, EMPTY = Const(0, T), Const((), SeqType(T, 2))
DECLS = (variable("n", T), variable("s", S.type))
INITIAL = (Assign(N, ZERO), Assign(S, every(T)))


def with_body(*body):
    return model("broken", DECLS, INITIAL, [action("step", *body)])


def with_initial(*body):
    return model("broken", DECLS, body, [])


def with_test(expr):
    return with_body(When(expr))


def with_value(expr):
    return with_body(Assign(Local("v", expr.type), expr))


FINE = {
    **{f.__name__: f() for f in (models.counter, models.two_phase_commit, models.kick_and_serve, models.every_fault,
                                 models.choices, models.wide)},
    "a wider interval": with_value(apply(Op.ADD, N, N, type=IntType(-1, 100))),
    "a wider range": with_value(apply(Op.RANGE, integer(3), integer(1), type=SetType(T))),
    "any capacity": with_value(apply(Op.CONCAT, EMPTY, EMPTY, type=SeqType(T, 9))),
    "one name in two branches": with_body(If(boolean(True), (Choose(X, S, "x"),), (Choose(X, S, "x"),))),
    "one name in two scopes": with_test(both(ANY, ANY)),
    "bound in both branches": with_body(If(boolean(True), (Assign(X, N),), (Assign(X, N),)), Assign(N, X)),
    "bound where it goes on": with_body(If(boolean(True), (Assign(X, N),), (When(boolean(False)),)), Assign(N, X)),
    "initial by branches": with_initial(If(boolean(True), INITIAL, INITIAL)),
    "a choice in the last branch": with_body(If(boolean(True), (If(boolean(True), (Choose(X, S, "x"),)),))),
}  # fmt: skip

ARRAY = ArrayType(T, BOOL)
HAPPENS = ActionPredicate("happens", frozenset({0}))
BROKEN = {
    # declarations
    "a variable without values": replace(with_body(), variables=(variable("n", IntType(3, 0)), DECLS[1])),
    "a variable of no state": replace(with_body(), variables=(DECLS[0], variable("s", TEXT))),
    "no such variable": with_body(Assign(Variable(7, T), ZERO)),
    "a variable of another type": with_test(Variable(0, BOOL)),
    "a place without a process": replace(with_body(), actions=(replace(action("step"), place=0),)),
    "no such process": replace(with_body(), actions=(replace(action("step"), process=0, place=0),)),
    "no such place": replace(
        models.kick_and_serve(), actions=(replace(models.kick_and_serve().actions[0], place=3),)
    ),
    "no such guard": with_body(When(boolean(True), 0)),
    "no such predicate": replace(models.counter(), predicates=()),
    "a predicate that is no Bool": replace(with_body(), predicates=(N,)),
    "after in an action": with_value(Variable(0, T, after=True)),
    "after in a state predicate": replace(
        with_body(), predicates=(apply(Op.EQ, Variable(0, T, after=True), N),)
    ),
    "a formula in an action": with_body(When(Temporal("always", (boolean(True),)))),
    "happens in a predicate": replace(with_body(), predicates=(HAPPENS,)),
    # choices and bindings
    "a choice before the last statement": with_body(If(boolean(True), (Choose(X, S, "x"),)), Assign(N, N)),
    "a choice in a nested branch": with_body(
        If(boolean(True), (If(boolean(True), (Choose(X, S, "x"),)), Assign(N, N)))
    ),
    "a choice in a loop": with_body(For(X, S, (Choose(Y, S, "y"),))),
    "an unbound local": with_body(Assign(N, X)),
    "bound in one branch": with_body(If(boolean(True), (Assign(X, N),)), Assign(N, X)),
    "bound in a loop": with_body(For(X, S, (Assign(Y, X),)), Assign(N, Y)),
    "used outside": with_body(Assign(N, Bind(X, N, X, T)), Assign(N, X)),
    "bound twice": with_body(Choose(X, S, "x"), Choose(X, S, "x")),
    "an interval of a sum": with_value(Quantifier("sum", X, S, X, IntType(0, 11))),
    "bound within itself": with_value(Bind(X, N, Bind(X, X, X, T), T)),
    "two types": with_body(Assign(X, N), Assign(Local("x", BOOL), boolean(True))),
    "initial without a variable": with_initial(Assign(N, ZERO)),
    "initial on one way only": with_initial(If(boolean(True), INITIAL, INITIAL[:1])),
    "initial reads too early": with_initial(Assign(N, apply(Op.MIN, N, N)), Assign(S, every(T))),
    # types
    "a value outside its type": with_value(Const(4, T)),
    "a bool as an integer": with_value(Const(True, T)),
    "a text": with_value(Const("x", TEXT)),
    "operands": with_value(Apply(Op.ADD, (boolean(True), N), T)),
    "too few operands": with_value(Apply(Op.ADD, (N,), T)),
    "too narrow": with_value(apply(Op.ADD, N, N, type=T)),
    "beyond 64 bits": with_value(apply(Op.ADD, N, N, type=IntType(0, 2**63))),
    "result of a set operator": with_value(Apply(Op.UNION, (S, S), SetType(IntType(0, 9)))),
    "a cast between shapes": with_value(apply(Op.CAST, N, type=BOOL)),
    "an option of an option": with_value(apply(Op.SOME, Const(None, OptionType(T)))),
    "a connective": with_test(Logic("and", (N, boolean(True)))),
    "implies of three": with_test(Logic("implies", (boolean(True),) * 3)),
    "a test": with_test(N),
    "the test of a cond": with_value(Cond(N, N, N, T)),
    "the branches of a cond": with_value(Cond(boolean(True), N, boolean(True), T)),
    "a field": with_value(Field(Const((0,), RecordType("R", (("a", T),))), "b", T)),
    "an element": with_value(Element(Const((True,) * 4, ARRAY), boolean(True), BOOL)),
    "an element of a sequence": with_value(Element(Const((0,), SeqType(T, 2)), N, T)),
    "a short array": with_value(Construct((boolean(True),), ARRAY)),
    "a full sequence": with_value(Construct((N, N), SeqType(T, 1))),
    "a member": with_value(Construct((boolean(True),), S.type)),
    "a bind": with_value(Bind(X, boolean(True), X, T)),
    "the local of a quantifier": with_test(Quantifier("all", Local("x", BOOL), S, boolean(True), BOOL)),
    "the body of a quantifier": with_test(Quantifier("all", X, S, X, BOOL)),
    "the guard of a quantifier": with_test(Quantifier("all", X, S, boolean(True), BOOL, X)),
    "the domain of a quantifier": with_test(Quantifier("all", X, N, boolean(True), BOOL)),
    "an array of some indices": with_value(Quantifier("array", X, S, boolean(True), ARRAY)),
    "an array with a guard": with_value(Quantifier("array", X, every(T), boolean(True), ARRAY, boolean(True))),
    "an assignment": with_body(Assign(N, integer(0))),
    "a target": with_body(Assign(apply(Op.FIRST, Const((0,), SeqType(T, 2))), ZERO)),
    "a choice from a sequence": with_body(Choose(X, Const((0,), SeqType(T, 2)), "x")),
    "an enum literal": with_value(Const("c", EnumType(("a", "b")))),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_a_well_formed_model(name):
    assert verify_core(FINE[name]) == []
    check_core(FINE[name])


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule(name):
    assert verify_core(BROKEN[name])
    with pytest.raises(InternalError):
        check_core(BROKEN[name])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_random_models_are_well_formed_and_depend_on_their_seed_alone(seed):
    assert verify_core(random_model(seed)) == []
    assert random_model(seed) == random_model(seed)


def test_a_surface_program():
    source = Source("specs/a.py", "")
    span = Span(source, 1, 0, 1, 1)
    module = surface.Module(source, "", (), (), (), (), (), ())
    assert verify_surface(surface.Program("specs/a.py", {"specs/a.py": module})) == []
    assert verify_surface(surface.Program("specs/b.py", {"specs/a.py": module}))
    missing = replace(module, imports=(surface.Import("specs/b.py", "B", "B", span),))
    assert verify_surface(surface.Program("specs/a.py", {"specs/a.py": missing}))
    inner = surface.While(surface.Literal_(True, span), (surface.Yield("go", "step", None, span),), span)
    function = surface.Function("p", (), (), (inner,), "", False, span)
    silent = replace(module, classes=(surface.ClassDef("A", "Spec", (), (function,), "", span),))
    assert verify_surface(surface.Program("specs/a.py", {"specs/a.py": silent}))
