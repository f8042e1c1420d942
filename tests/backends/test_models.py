"""Whole models: the Python back end against the reference interpreter, on all that a search can ask."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, Callable

import numpy as np
import pytest

from modelcheck import backends
from modelcheck.backends import python
from modelcheck.backends.python import system as building
from modelcheck.errors import SpecError, UsageError
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import (
    Action,
    Apply,
    Assert,
    Assign,
    Bind,
    Choose,
    Cond,
    Const,
    Construct,
    Expr,
    For,
    Guard,
    If,
    Local,
    Model,
    Place,
    Process,
    Quantifier,
    Stmt,
    Variable,
    VariableDecl,
    When,
)
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, IntType, SeqType, SetType
from tests import models
from tests.backends.against import compare, explore, rows
from tests.models import action, apply, assign, both, cast, element, equal, every, integer, model, span_of, variable
from tests.random_models import random_model

BUILT = [
    models.counter, models.two_phase_commit, models.kick_and_serve, models.every_fault, models.choices, models.wide,
]  # fmt: skip


@pytest.mark.parametrize("make", BUILT, ids=lambda f: f.__name__)
def test_models(make: Callable[[], Model]) -> None:
    m = make()
    assert compare(m, python.build(m)) > 0


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_random_models(first: int) -> None:
    for seed in range(first, first + 50):
        m = random_model(seed)
        try:
            compare(m, python.build(m), most=60)
        except AssertionError as error:
            raise AssertionError(f"random_model({seed})") from error


# --- shapes of steps that random models lack --------------------------------------------------------------------------

N, M = IntType(0, 7), IntType(0, 3)
SOME = SetType(M)
SEQ = SeqType(M, 3)
DECLS = [variable("n", N), variable("m", M), variable("s", SOME), variable("q", SEQ), variable("b", BOOL)]
n, m, s, q, b = (Variable(i, d.type, d.span) for i, d in enumerate(DECLS))


def local(name: str, t: Any = M) -> Local:
    return Local(name, t)


def bump(by: Expr = Const(1, IntType(1, 1))) -> Assign:
    """n = (n + by) % 8"""
    return assign(n, apply(Op.MOD, apply(Op.ADD, n, by), integer(8)))


def spread(name: str) -> tuple[Stmt, ...]:
    """A choice of two values, added to n."""
    return Choose(local(name, IntType(0, 1)), every(IntType(0, 1)), name, span_of(name)), bump(
        local(name, IntType(0, 1))
    )


def risky(name: str) -> Assign:
    """Faults unless n < 3."""
    return assign(m, apply(Op.ADD, n, integer(1)), name)


def when(op: Op, part: Expr, bound: int, site: int | None = None) -> When:
    return When(apply(op, part, integer(bound)), site, span_of("when"))


def nested_whens(count: int) -> tuple[Stmt, ...]:
    return tuple(x for i in range(count) for x in (When(apply(Op.NE, n, apply(Op.MIN, m, integer(i % 3)))), bump()))


def nested_ifs(count: int) -> tuple[Stmt, ...]:
    if count == 0:
        return (bump(),)
    return (If(apply(Op.LT, n, m), nested_ifs(count - 1), (Assign(b, apply(Op.LT, m, n)),), count % 4),)


def elifs(count: int) -> tuple[Stmt, ...]:
    otherwise: tuple[Stmt, ...] = ()
    for i in reversed(range(count)):
        test = equal(apply(Op.ADD, apply(Op.MUL, n, integer(4)), m), integer(i))
        otherwise = (If(test, (Assign(m, Const(i % 4, M)),), otherwise),)
    return otherwise


def chain(count: int) -> Expr:
    total: Expr = n
    for i in range(count):
        total = apply(Op.MOD, apply(Op.ADD, total, m), integer(8 - i % 3))
    return total


def wrapped(count: int) -> Expr:
    found: Expr = apply(Op.LT, n, m)
    for i in range(count):
        found = apply(Op.EQ, found, b) if i % 2 else both(apply(Op.NE, n, m), apply(Op.NOT, found))
    return found


def lots(count: int) -> tuple[Stmt, ...]:
    return tuple(bump(m) for _ in range(count))


x, y, z, t = local("x"), local("y"), local("z", N), local("t", SOME)

SHAPES: dict[str, tuple[Stmt, ...]] = {
    "a loop over constants that chooses": (For(x, every(M), (*spread("c"), risky("RANGE"))), bump(m)),
    "a loop over a set that chooses": (For(x, s, (*spread("c"), Assign(m, x))), bump(m)),
    "a loop over a sequence that chooses and blocks": (
        Assign(z, n), For(x, q, (when(Op.LT, n, 6, 0), *spread("c"), assign(z, n))), Assign(n, z), risky("RANGE"),
    ),
    "loops that choose in each other": (For(x, s, (For(y, q, (*spread("c"), Assign(m, y))), bump(x))), bump()),
    "a loop that chooses after a loop that does": (For(x, s, spread("c")), For(y, s, spread("d")), Assign(b, Const(True, BOOL))),
    "a branch of a loop that chooses": (
        Assign(z, n),
        For(x, s, (If(apply(Op.LT, x, m), (*spread("c"), Assign(z, n)), (risky("RANGE"),), 1), *lots(2))),
        assign(n, z), *lots(6),
    ),
    "a loop that blocks": (For(x, s, (when(Op.LT, n, 6, 0), bump(x))), Assign(b, Const(True, BOOL))),
    "a branch of a loop that blocks": (For(x, s, (If(equal(x, m), (when(Op.LT, n, 4, 2),), (bump(),), 1),)), Assign(m, x)),
    "a branch that chooses, and much after it": (
        If(b, (*spread("c"), Assign(z, n)), (Assign(z, Const(5, N)),), 0), *lots(6), assign(n, apply(Op.MIN, z, n)),
    ),
    "a branch that blocks, and a branch after it": (
        If(b, (when(Op.LT, n, 4, 1),), (risky("RANGE"),), 0), If(apply(Op.LT, n, m), (bump(),), (), 2), *lots(6),
    ),
    "a constant bound in a branch": (
        Assign(z, Const(1, N)), If(b, (Assign(z, Const(2, N)), *spread("c")), (), 0), *lots(6), Assign(n, z),
    ),
    "a constant bound in one branch alone": (
        If(b, (Assign(z, Const(2, N)), *spread("c")), (), 0), *lots(6), If(b, (Assign(n, z),)),
    ),
    "a local changed after a choice": (
        Assign(z, n), *spread("c"), assign(z, apply(Op.MIN, apply(Op.ADD, z, m), integer(7))), *spread("d"),
        assign(z, apply(Op.MIN, apply(Op.ADD, z, n), integer(7))), Assign(n, z),
    ),
    "many choices": tuple(x for i in range(7) for x in spread(f"c{i}")),
    "many choices that block and fault": (
        *(x for i in range(8) for x in (*spread(f"c{i}"), when(Op.NE, n, i % 4, i % 4))), risky("RANGE"),
    ),
    "a choice from the choices": (
        Choose(t, every(SOME), "t"), Choose(y, t, "y"), Assign(s, t), Assign(m, y),
    ),
    "a fault in one way": (Choose(x, every(M), "x"), assign(m, apply(Op.ADD, x, m), "RANGE"), bump()),
    "faults in order": (
        assign(m, apply(Op.ADD, m, integer(1)), "FIRST"),
        assign(element(q, m, "INDEX"), apply(Op.SUB, m, integer(1)), "VALUE"), risky("LAST"),
    ),
    "stores in order": (Assign(m, Const(2, M)), Assign(n, cast(m, N)), Assign(m, Const(1, M)), bump(m), Assign(s, Construct((m, x), SOME))),
    "a set changed in place": (
        Assign(s, apply(Op.WITH, s, Const(2, M))), Assign(s, apply(Op.WITHOUT, s, Const(0, M))),
        Assign(s, apply(Op.WITH, s, m)), Assign(s, apply(Op.UNION, s, Const(frozenset({1}), SOME))),
        Assign(s, apply(Op.DIFFERENCE, s, Const(frozenset({2}), SOME))), Assign(m, Cond(b, m, m, M)),
    ),
    "what a guard tells": (
        When(equal(m, integer(2))), When(b), Assign(m, Const(3, M)), Assign(b, Const(False, BOOL)), Assign(m, Const(2, M)),
    ),
    "an assertion": (Assert(apply(Op.LT, n, integer(6)), "small", span_of("assert")), bump()),
    "nested guards": nested_whens(30),
    "nested branches": nested_ifs(40),
    "a chain of branches": elifs(32),
    "a long sum": (assign(n, chain(150)),),
    "a deep test": (When(wrapped(120), 0), bump()),
    "a binding used often": (
        assign(n, Bind(z, chain(3), apply(Op.MIN, z, apply(Op.MAX, z, Bind(x, m, apply(Op.MIN, x, z), M))), N)),
    ),
    "a long loop": (For(local("i", IntType(0, 99)), every(IntType(0, 99)), (bump(m),)),),
    "quantifiers over what is held": (
        When(Quantifier("any", x, s, apply(Op.LT, x, m), BOOL)),
        assign(n, Quantifier("sum", y, s, cast(y, IntType(0, 1)), IntType(0, 6), guard=apply(Op.LT, y, integer(2)))),
    ),
}  # fmt: skip


def shaped(*bodies: tuple[Stmt, ...]) -> Model:
    """One action for each body and a few that lead everywhere."""
    x, some, r = local("x0"), local("s0", SOME), local("r0", M)
    actions = [action(f"body {i}", *body) for i, body in enumerate(bodies)]
    actions += [
        action("n", bump()),
        action("m", Choose(x, every(M), "x"), Assign(m, x)),
        action("s", Choose(some, every(SOME), "s"), Assign(s, some)),
        action("q", Choose(r, every(M), "r"), assign(q, apply(Op.APPEND, q, r))),
        action("b", Assign(b, apply(Op.NOT, b))),
    ]
    initial = [
        Assign(n, Const(0, N)), Assign(m, Const(1, M)), Assign(s, Const(frozenset({0, 3}), SOME)),
        Assign(q, Const((2,), SEQ)), Assign(b, Const(False, BOOL)),
    ]  # fmt: skip
    guards = [Guard("when", span_of(f"guard {i}")) for i in range(4)]
    return model("shaped", DECLS, initial, actions, guards=guards)


def bound_first(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Some bodies look at x after a loop that may not have run."""
    return (Assign(x, Const(3, M)), *body) if any(isinstance(s, Assign) for s in body[-1:]) else body


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    found = shaped(bound_first(SHAPES[name]))
    assert compare(found, python.build(found), most=60) == 60


def test_much_code_goes_into_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "ONE_FUNCTION", 20)
    monkeypatch.setattr(building, "MANY_LINES", 8)
    found = shaped(*(bound_first(body) for body in list(SHAPES.values())[:12]))
    compare(found, python.build(found), most=60)


def test_more_than_can_be_nested_is_refused() -> None:
    locals_ = [local(f"i{i}") for i in range(25)]
    body: tuple[Stmt, ...] = (bump(),)
    for each in locals_:
        body = (For(each, s, body),)
    with pytest.raises(SpecError) as caught:
        python.build(shaped(body))
    assert [d.code for d in caught.value.diagnostics] == ["B005"]


def test_too_many_rounds_with_a_choice_are_refused() -> None:
    wide = IntType(0, 999)
    decls = [*DECLS, variable("w", SetType(wide))]
    body = For(Local("i", wide), Variable(5, SetType(wide)), spread("c"), span_of("the loop"))
    found = model("rounds", decls, [], [action("a", body)])
    with pytest.raises(SpecError) as caught:
        python.build(found)
    assert [(d.code, d.span.text) for d in caught.value.diagnostics if d.span] == [("B004", "the loop")]


def test_a_huge_set_is_refused_where_it_is_made() -> None:
    huge = IntType(0, 10**9)
    made = Construct((cast(n, huge),), SetType(huge))
    body = When(apply(Op.LT, apply(Op.CARDINALITY, apply(Op.UNION, made, made, text="huge")), integer(3)))
    with pytest.raises(SpecError) as caught:
        python.build(shaped((body,)))
    assert [d.code for d in caught.value.diagnostics] == ["B001"]


def test_a_long_range_is_a_loop() -> None:
    upper = IntType(0, 10**15)
    test = apply(Op.IN, cast(n, upper), apply(Op.RANGE, Const(0, IntType(0, 0)), Const(10**15, upper)), type=BOOL)
    assert isinstance(test, Apply)
    python.build(shaped((When(test), bump())))


# --- places -----------------------------------------------------------------------------------------------------------


def placed(places: int, processes: int, shuffled: bool) -> Model:
    """Processes that jump between places, with actions of their own and others in between, in any order of ids."""
    t = IntType(0, places - 1)
    decls = [variable("n", N), *(VariableDecl(f"p{i}", t, "place", i) for i in range(processes))]
    n = Variable(0, N)
    kinds = ["step", "idle", *["step"] * (places - 3), "done"][-places:]
    where = tuple(Place(f"l{i}", f"l{i}", kind) for i, kind in enumerate(kinds))
    actions: list[Action] = [action(f"free {i}", When(equal(n, integer(i))), Assign(n, Const(7, N))) for i in range(3)]
    for i in range(processes):
        at = Variable(1 + i, t)
        for place in range(places - 1):
            jump = Assign(at, Const((place * 3 + 1) % places, t))
            actions.append(action(f"l{place}", bump_of(n), jump, process=i, place=place, fairness="weak"))
            if place % 3 == 0:
                actions.append(action(f"l{place}'", Assign(at, Const(place + 1, t)), process=i, place=place))
    if shuffled:
        random.Random(places).shuffle(actions)
    peers = tuple(Process(f"p{i}", (("i", i, t),), where, 1 + i, 0) for i in range(processes))
    initial = [Assign(Variable(i, d.type), Const(0, d.type)) for i, d in enumerate(decls)]
    return model("placed", decls, initial, actions, processes=peers)


def bump_of(n: Variable) -> Assign:
    return assign(n, apply(Op.MOD, apply(Op.ADD, n, integer(1)), integer(8)))


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("places, processes", [(2, 1), (3, 2), (4, 2), (5, 1), (9, 2), (16, 1), (17, 2)])
def test_places(places: int, processes: int, shuffled: bool) -> None:
    found = placed(places, processes, shuffled)
    assert compare(found, python.build(found), most=200) > 1


def test_the_table_of_actions() -> None:
    system = python.build(placed(3, 2, False))
    table = [(a.title, a.process, a.label, a.args, a.group, a.fairness) for a in system.actions]
    assert table[2:6] == [
        ("free 2", -1, "free 2", (), 2, None),
        ("p0[0]: l0", 0, "l0", (("i", 0),), 3, "weak"),
        ("p0[0]: l0'", 0, "l0'", (("i", 0),), 4, None),
        ("p0[0]: l1", 0, "l1", (("i", 0),), 3, "weak"),
    ]
    assert system.actions[6].group == 5


def test_a_process_of_one_place() -> None:
    for kind, rests in (("idle", True), ("step", False)):
        found = replace(shaped(), processes=(Process("p", (), (Place("l", "l", kind),), None, 0),))
        system = python.build(found)
        assert system.terminated(system.initial().target).tolist() == [rests]


# --- blocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [models.wide, models.kick_and_serve], ids=["two words and more", "one word"])
def test_empty_blocks(make: Callable[[], Model]) -> None:
    found = make()
    system = python.build(found)
    nothing = np.empty((0, system.width), np.uint64)
    answer = system.successors(nothing)
    assert (answer.consumed, len(answer.source), answer.target.shape) == (0, 0, (0, system.width))
    assert system.predicates(nothing, [0][: len(found.predicates)]).shape == (0, min(1, len(found.predicates)))
    assert system.terminated(nothing).shape == (0,)


def test_blocks_do_not_matter() -> None:
    found = models.choices()
    system, layout = python.build(found), Layout(found.variables)
    block = rows(layout, explore(found, 100))
    whole = system.successors(block)
    parts = [system.successors(block[i : i + 7]) for i in range(0, len(block), 7)]
    assert np.concatenate([p.target for p in parts]).tolist() == whole.target.tolist()
    assert np.concatenate([p.source + 7 * i for i, p in enumerate(parts)]).tolist() == whole.source.tolist()
    assert np.any([p.coverage for p in parts], axis=0).tolist() == whole.coverage.tolist()
    dtypes = [x.dtype for x in (whole.source, whole.action, whole.target, whole.faults, whole.coverage)]
    assert dtypes == [np.int64, np.int64, np.uint64, np.int64, np.bool_]


def test_back_ends_by_name() -> None:
    assert backends.build("python", models.counter()).width == 1
    with pytest.raises(UsageError):
        backends.build("cobol", models.counter())


# --- the comparison itself must be able to fail -----------------------------------------------------------------------


class Broken:
    """A system that lies in one way."""

    def __init__(self, system: Any, **lies: Callable[[Any], Any]):
        self.system, self.lies = system, lies

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.system, name)
        if name not in self.lies:
            return found
        return lambda *args: self.lies[name](found(*args))


def swapped(a: Any) -> Any:
    return replace(a, action=a.action[::-1])


LIES: dict[str, dict[str, Callable[[Any], Any]]] = {
    "another initial state": {"initial": lambda a: replace(a, target=a.target + np.uint64(1))},
    "one successor less": {
        "successors": lambda a: replace(a, source=a.source[:-1], action=a.action[:-1], target=a.target[:-1])
    },
    "another order": {"successors": swapped},
    "no fault": {"successors": lambda a: replace(a, faults=a.faults[:0])},
    "another site": {"successors": lambda a: replace(a, faults=a.faults * np.array([1, 1, 0]))},
    "another coverage": {"successors": lambda a: replace(a, coverage=~a.coverage)},
    "another predicate": {"predicates": lambda a: 1 - a},
    "another end": {"terminated": lambda a: ~a},
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_noticed(lie: str) -> None:
    odd = Assert(apply(Op.NE, m, integer(2)), None, span_of("assert"))
    found = shaped((when(Op.LT, n, 5, 0), assign(m, apply(Op.ADD, m, integer(1)), "RANGE"), odd))
    found = replace(found, predicates=(apply(Op.LT, n, m),), guards=found.guards[:1])
    compare(found, python.build(found), most=60)
    with pytest.raises(AssertionError):
        compare(found, Broken(python.build(found), **LIES[lie]), most=60)  # type: ignore[arg-type]
