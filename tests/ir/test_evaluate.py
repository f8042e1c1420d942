"""The reference interpreter: expressions that bind, statements, their order, and whole models."""

import pytest

from modelcheck.ir.evaluate import (
    EvaluationError,
    Outcome,
    blockers,
    evaluate,
    initial,
    outcomes,
    predicate,
    step_predicate,
    successors,
    terminated,
)
from modelcheck.ir.nodes import (
    Assert,
    Assign,
    Bind,
    Choose,
    Cond,
    Const,
    Construct,
    For,
    If,
    Local,
    Logic,
    Quantifier,
    Variable,
    When,
)
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import BOOL, INT64, ArrayType, EnumType, IntType, OptionType, RecordType, SeqType, SetType
from tests import models
from tests.models import action, apply, boolean, cast, element, field_of, integer, model, span_of, variable

DIGIT, SMALL = IntType(0, 9), IntType(0, 3)
SOME_DIGITS = Const(frozenset({7, 2, 5}), SetType(DIGIT))
X = Local("x", DIGIT)
BOOM = apply(Op.FLOORDIV, integer(1), Const(0, SMALL), text="BOOM")  # a fault where it is evaluated
FAULTY = apply(Op.EQ, BOOM, integer(0))


def each(kind, body, t, domain=SOME_DIGITS, guard=None):
    local = Local("x", domain.type.of)
    return Quantifier(kind, local, domain, body, t, guard, span_of("EACH"))


def big(n):
    return Const((INT64[1],) * n, SeqType(IntType(*INT64), 3))


AB = EnumType(("a", "b"))
PAIR = Const((4, 5), ArrayType(IntType(3, 4), DIGIT))
X_IS_NOT_5, X_ABOVE_9 = apply(Op.NE, X, integer(5)), apply(Op.GT, X, integer(9))
EXPRESSIONS = {
    "and stops": (Logic("and", (boolean(False), FAULTY)), False),
    "and goes on": (Logic("and", (boolean(True), FAULTY)), FaultKind.DIVISION),
    "or stops": (Logic("or", (boolean(True), FAULTY)), True),
    "implies stops": (Logic("implies", (boolean(False), FAULTY)), True),
    "implies gives its right side": (Logic("implies", (boolean(True), boolean(False))), False),
    "only the branch taken": (Cond(boolean(True), integer(1), BOOM, DIGIT), 1),
    "a bind evaluates its value": (Bind(X, cast(BOOM, DIGIT), integer(1), DIGIT), FaultKind.DIVISION),
    "bind": (Bind(X, Const(4, DIGIT), apply(Op.MUL, X, X), DIGIT), 16),
    "all": (each("all", X_IS_NOT_5, BOOL), False),
    "all but those excluded": (each("all", X_IS_NOT_5, BOOL, guard=X_IS_NOT_5), True),
    "all of nothing": (each("all", FAULTY, BOOL, guard=X_ABOVE_9), True),
    "all stops, in ascending order": (
        each("all", Cond(apply(Op.EQ, X, integer(2)), boolean(False), FAULTY, BOOL), BOOL), False,
    ),
    "any": (each("any", apply(Op.EQ, X, integer(5)), BOOL), True),
    "any of nothing": (each("any", boolean(True), BOOL, guard=X_ABOVE_9), False),
    "sum": (each("sum", X, IntType(0, 90)), 14),
    "sum of nothing": (each("sum", X, IntType(0, 90), guard=X_ABOVE_9), 0),
    "a partial sum": (each("sum", Local("x", IntType(*INT64)), IntType(*INT64), big(2)), FaultKind.OVERFLOW),
    "min": (each("min", X, DIGIT), 2),
    "max": (each("max", X, DIGIT), 7),
    "min of nothing": (each("min", X, DIGIT, guard=X_ABOVE_9), FaultKind.EMPTY),
    "set": (each("set", apply(Op.MOD, X, integer(5)), SetType(IntType(0, 4))), frozenset({0, 2})),
    "seq in ascending order": (each("seq", X, SeqType(DIGIT, 3)), (2, 5, 7)),
    "seq in order": (each("seq", X, SeqType(DIGIT, 3), Const((7, 2), SeqType(DIGIT, 3))), (7, 2)),
    "seq that is full": (each("seq", X, SeqType(DIGIT, 2)), FaultKind.FULL),
    "array": (each("array", apply(Op.NOT, Local("x", BOOL)), ArrayType(BOOL, BOOL), models.every(BOOL)), (True, False)),
    "construct": (Construct((integer(1), integer(1)), SetType(IntType(1, 1))), frozenset({1})),
    "element by its index": (element(Const((4, 5), ArrayType(AB, DIGIT)), Const("b", AB)), 5),
    "element of an interval": (element(PAIR, integer(4)), 5),
    "element below": (element(PAIR, integer(2)), FaultKind.INDEX),
    "element above": (element(PAIR, integer(5)), FaultKind.INDEX),
    "left to right": (apply(Op.ADD, BOOM, element(PAIR, integer(1))), FaultKind.DIVISION),
    "right to left it is not": (apply(Op.ADD, element(PAIR, integer(1)), BOOM), FaultKind.INDEX),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression(name):
    expr, expected = EXPRESSIONS[name]
    if isinstance(expected, FaultKind):
        with pytest.raises(EvaluationError) as caught:
            evaluate(None, expr, ())
        assert caught.value.kind is expected
    else:
        assert evaluate(None, expr, ()) == expected


# --- statements: the outcomes of a body in the state (n=1, a=[10, 20, 30, 40], q=[1, 2], r) ---------------------------

POINT = RecordType("Point", (("at", ArrayType(SMALL, DIGIT)), ("on", BOOL)))
DECLS = [
    variable("n", SMALL),
    variable("a", ArrayType(SMALL, IntType(0, 99))),
    variable("q", SeqType(DIGIT, 3)),
    variable("r", POINT),
]
N, A, Q, R = (Variable(i, d.type, d.span) for i, d in enumerate(DECLS))
START = (1, (10, 20, 30, 40), (1, 2), ((0, 0, 0, 0), False))
Y = Local("y", SMALL)
FEW = Const(frozenset({2, 0, 3}), SetType(SMALL))
NONE = Const(frozenset(), SetType(SMALL))
COPY = Local("c", A.type)
NESTED = Local("m", ArrayType(SMALL, Q.type))


def to_n(value, text="ASSIGN"):
    return models.assign(N, value, text)


def a_at(index):
    return element(A, index, "INDEX")


def changed(**parts):
    return tuple(parts.get(name, old) for name, old in zip("naqr", START))


FAULT_AT_INDEX = Assign(element(A, cast(BOOM, SMALL)), Const(0, A.type.of))
BODIES = {
    "nothing": ([], [START]),
    "in order": ([to_n(integer(2)), Assign(a_at(N), Const(0, A.type.of))], [changed(n=2, a=(10, 20, 0, 40))]),
    "an element of a field": (
        [Assign(element(field_of(R, "at"), N), Const(5, DIGIT))], [changed(r=((0, 5, 0, 0), False))],
    ),
    "an element of a sequence": ([Assign(element(Q, N, "Q"), Const(9, DIGIT))], [changed(q=(1, 9))]),
    "beyond a sequence": ([Assign(element(Q, integer(2), "Q"), Const(9, DIGIT))], [(FaultKind.INDEX, "Q")]),
    "below a sequence": ([Assign(element(Q, integer(-1), "Q"), Const(9, DIGIT))], [(FaultKind.INDEX, "Q")]),
    "the value before the index": (
        [Assign(a_at(cast(BOOM, SMALL)), apply(Op.GET, Const(None, OptionType(A.type.of)), text="NONE"))],
        [(FaultKind.NONE, "NONE")],
    ),
    "the outer index before the inner": (
        [Assign(NESTED, Const(((1, 2),) * 4, NESTED.type)),
         Assign(element(element(NESTED, integer(7), "OUTER"), cast(BOOM, SMALL)), Const(0, DIGIT))],
        [(FaultKind.INDEX, "OUTER")],
    ),
    "a range": ([to_n(apply(Op.ADD, N, integer(3)))], [(FaultKind.RANGE, "ASSIGN")]),
    "a guard before a fault": ([When(boolean(False)), FAULT_AT_INDEX], []),
    "a fault before a guard": ([FAULT_AT_INDEX, When(boolean(False))], [(FaultKind.DIVISION, "BOOM")]),
    "an assert": ([Assert(boolean(False), "no", span_of("HERE"))], [(FaultKind.ASSERT, "HERE")]),
    "an if": ([If(apply(Op.EQ, N, integer(1)), (to_n(integer(3)),), (to_n(integer(0)),))], [changed(n=3)]),
    "an else": ([If(apply(Op.EQ, N, integer(2)), (to_n(integer(3)),), (to_n(integer(0)),))], [changed(n=0)]),
    "choices ascend": ([Choose(Y, FEW, "y"), to_n(Y)], [changed(n=0), changed(n=2), changed(n=3)]),
    "no choice": ([Choose(Y, NONE, "y"), FAULT_AT_INDEX], []),
    "a choice that is blocked or faults": (
        [Choose(Y, FEW, "y"), When(apply(Op.NE, Y, integer(0))), to_n(apply(Op.ADD, Y, integer(1)))],
        [changed(n=3), (FaultKind.RANGE, "ASSIGN")],
    ),
    "a choice in a branch runs the rest": (
        [If(boolean(True), (Choose(Y, FEW, "y"), to_n(Y))), When(apply(Op.GT, N, integer(0)))],
        [changed(n=2), changed(n=3)],
    ),
    "a loop ascends": (
        [For(Y, FEW, (Assign(Q, apply(Op.APPEND, apply(Op.REST, Q), cast(Y, DIGIT))),))], [changed(q=(2, 3))],
    ),
    "a loop over a sequence": (
        [For(X, Q, (Assign(a_at(cast(X, SMALL)), cast(X, A.type.of)),))], [changed(a=(10, 1, 2, 40))],
    ),
    "a domain is evaluated once": ([For(X, Q, (Assign(Q, Const((), Q.type)), to_n(X)))], [changed(q=(), n=2)]),
    "a loop that blocks": ([For(Y, FEW, (When(apply(Op.LT, Y, integer(3))),))], []),
    "a loop over nothing": ([For(Y, NONE, (FAULT_AT_INDEX,))], [START]),
    "a choice in a loop": (
        [For(Y, Const(frozenset({0, 1}), SetType(SMALL)),
             (Choose(X, SOME_DIGITS, "x"), Assign(a_at(Y), cast(X, A.type.of))))],
        [changed(a=(x, y, 30, 40)) for x in (2, 5, 7) for y in (2, 5, 7)],
    ),
    "a local is assigned again": (
        [Assign(X, Const(1, DIGIT)), Assign(X, cast(apply(Op.ADD, X, integer(1)), DIGIT)), to_n(X)], [changed(n=2)],
    ),
    "a part of a local": (
        [Assign(COPY, A), Assign(element(COPY, N), Const(0, A.type.of)), Assign(A, COPY)],
        [changed(a=(10, 0, 30, 40))],
    ),
}  # fmt: skip


def seen(outcome: Outcome):
    if outcome.failure is None:
        return outcome.state
    assert outcome.state is None and outcome.failure.span is not None
    return outcome.failure.kind, outcome.failure.span.text


@pytest.mark.parametrize("name", BODIES)
def test_the_outcomes_of_a_body(name):
    body, expected = BODIES[name]
    start = [Assign(target, Const(value, target.type)) for target, value in zip((N, A, Q, R), START)]
    m = model("bodies", DECLS, start, [action("body", *body)])
    assert [o.state for o in initial(m)] == [START]
    assert [seen(o) for o in outcomes(m, START, 0)] == expected


def test_a_step_never_changes_the_state_that_it_starts_from():
    m = models.wide(3)
    before, again = initial(m)[0].state, initial(m)[0].state
    assert successors(m, before)[0][1].state != before and before == again


# --- models -----------------------------------------------------------------------------------------------------------


def explore(m):
    """(generated, distinct, depth, faults, deadlocks), breadth first, by the interpreter alone."""
    found = [o.state for o in initial(m)]
    generated, depth, faults, deadlocks = len(found), 0, 0, 0
    known, level = set(found), list(dict.fromkeys(found))
    while level:
        depth, following = depth + 1, []
        for state in level:
            ways = [o for _, o in successors(m, state)]
            faults += sum(o.failure is not None for o in ways)
            deadlocks += not ways and not terminated(m, state)
            targets = [o.state for o in ways if o.failure is None]
            generated += len(targets)
            following += [t for t in dict.fromkeys(targets) if t not in known]
            known.update(targets)
        level = following
    return generated, len(known), depth, faults, deadlocks


@pytest.mark.parametrize(
    "m, expected",
    [
        (models.counter(), (5, 4, 4, 0, 0)),
        (models.two_phase_commit(3), (1146, 288, 11, 0, 0)),  # tlaplus/Examples
        (models.kick_and_serve(), (21, 17, 8, 0, 0)),
        (models.choices(), (1123, 176, 6, 205, 0)),
        (models.wide(20), (81, 80, 80, 0, 0)),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_the_state_space_of_a_model(m, expected):
    assert explore(m) == expected


def test_every_kind_of_fault():
    m = models.every_fault()
    state = initial(m)[0].state
    for i, a in enumerate(m.actions):
        failures = [o.failure for o in outcomes(m, state, i)]
        expected = {"blocked first": [], "blocked too late": ["RANGE"]}.get(a.label, [a.label.split(" ")[0]])
        assert [f.kind.name for f in failures] == [f.span.text for f in failures] == expected, a.label
    with pytest.raises(EvaluationError):
        predicate(m, 0, state)
    assert {a.label.split(" ")[0] for a in m.actions} - {"blocked"} == set(FaultKind.__members__)


def test_choices_are_reported_in_order_with_their_values():
    m = models.choices()
    assert [o.chosen for o in initial(m)] == [(("n", n, IntType(0, 4)),) for n in (0, 1, 2)]
    pairs = [tuple(v for _, v, _ in o.chosen) for o in outcomes(m, (0, frozenset(), None), 0)]
    assert pairs == [(1, 0), (2, 0)]


def test_step_predicates_see_both_states():
    m = models.counter()
    assert step_predicate(m, 0, (1,), (2,)) and step_predicate(m, 0, (3,), (0,))
    assert not step_predicate(m, 0, (1,), (3,))


def test_a_step_is_taken_only_where_its_process_stands():
    m = models.kick_and_serve()
    start = initial(m)[0].state
    assert [m.actions[i].label for i, _ in successors(m, start)] == ["add buffer"]
    assert outcomes(m, start, 1) == [] == blockers(m, start, 1)


@pytest.mark.parametrize(
    "guest, server, rests", [(2, 0, True), (2, 1, False), (0, 0, False)], ids=["done and idle", "busy", "at a step"]
)
def test_rest(guest, server, rests):
    assert terminated(models.kick_and_serve(), (0, 0, False, guest, server, 0)) is rests


def test_a_model_without_processes_never_rests():
    assert not terminated(models.counter(), (0,))


def test_blockers_name_what_stops_each_way():
    m = models.kick_and_serve()
    [blocked] = blockers(m, initial(m)[0].state, 2)
    assert (blocked.kind, blocked.span.text, blocked.locals) == ("when", "when(self.signalled)", ())
    m = models.choices()
    [blocked] = blockers(m, (0, frozenset(), None), 1)
    assert (blocked.kind, blocked.span.text) == ("choose", "choose(self.pool)")
    stopped = blockers(m, (0, frozenset(), None), 0)
    assert [[v for _, v, _ in b.locals] for b in stopped] == [[0, 0], [1, 1], [2, 2]]
    assert {tuple(name for name, _, _ in b.locals) for b in stopped} == {("x", "y")}


def test_blockers_see_the_state_as_the_step_has_left_it():
    m = model("late", DECLS, [], [action("body", to_n(integer(3)), When(apply(Op.LT, N, integer(3))))])
    [blocked] = blockers(m, START, 0)
    assert blocked.state == changed(n=3)
