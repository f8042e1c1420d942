"""Whole models: formulas against the reference interpreter, transition by transition; and formulas read back as text."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import z3

from modelcheck.backends import smt
from modelcheck.backends.smt import readable
from modelcheck.errors import SpecError
from modelcheck.ir import evaluate
from modelcheck.ir.nodes import Action, Model, Place, Process, Variable, VariableDecl
from modelcheck.ir.ops import Op
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
)
from tests import models
from tests.backends.against import explore
from tests.backends.smt_against import Asked, compare
from tests.backends.test_models import BUILT, SHAPES, bound_first, shaped
from tests.models import apply, assign, integer, model, variable
from tests.random_models import random_model


@pytest.mark.parametrize("make", BUILT, ids=lambda f: f.__name__)
def test_models(make: Callable[[], Model]) -> None:
    m = make()
    assert compare(m, smt.build(m), most=40) > 0


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_random_models(first: int) -> None:
    for seed in range(first, first + 20):
        m = random_model(seed)
        try:
            compare(m, smt.build(m), most=8)
        except AssertionError as error:
            raise AssertionError(f"random_model({seed})") from error


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_steps(name: str) -> None:
    m = shaped(bound_first(SHAPES[name]))
    assert compare(m, smt.build(m), most=12) == 12


def test_what_is_nested_too_deeply_is_refused() -> None:
    total: Any = Variable(0, IntType(0, 1))
    for _ in range(4000):
        total = apply(Op.MOD, apply(Op.ADD, total, integer(1)), integer(2))
    decls = [variable("n", IntType(0, 1))]
    start = assign(Variable(0, IntType(0, 1)), models.Const(0, IntType(0, 1)))
    with pytest.raises(SpecError) as caught:
        smt.build(model("deep", decls, [start], [Action("a", (assign(Variable(0, IntType(0, 1)), total),))]))
    assert [d.code for d in caught.value.diagnostics] == ["B005"]


def test_a_formula_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a choice not held to its domain, or a store of one branch lost, the comparison would say so."""
    from modelcheck.backends.smt import statements

    m = models.choices()
    monkeypatch.setattr(statements, "member", lambda *_: True)
    with pytest.raises(AssertionError):
        compare(m, smt.build(m), most=40)
    monkeypatch.undo()
    m = models.kick_and_serve()
    monkeypatch.setattr(statements, "_joined", lambda test, a, b: b)
    with pytest.raises(AssertionError):
        compare(m, smt.build(m), most=40)


# --- formulas as expressions and as text ------------------------------------------------------------------------------

COLOUR, PEER = EnumType(("red", "green", "blue"), "Colour"), ScalarsetType(3, "Peer")
SLOT = RecordType("Slot", (("count", IntType(0, 3)), ("used", BOOL)))
PARTS = [
    variable("n", IntType(0, 7)), variable("m", IntType(-3, 3)), variable("b", BOOL), variable("colour", COLOUR),
    variable("peer", PEER), variable("seen", SetType(PEER)), variable("queue", SeqType(IntType(0, 3), 2)),
    variable("owner", OptionType(PEER)), variable("table", ArrayType(COLOUR, BOOL)), variable("slot", SLOT),
    VariableDecl("run.place", IntType(0, 3), "place", 0),
]  # fmt: skip
PLACES = tuple(Place(label, label) for label in ("idle", "try", "wait", "critical"))


def parts_model() -> Model:
    initial = [
        assign(Variable(i, d.type), models.Const(next(models.values(d.type)), d.type)) for i, d in enumerate(PARTS)
    ]
    run = Process("run", (), PLACES, len(PARTS) - 1, 0)
    return model("parts", PARTS, initial, [], processes=[run])


def scalar(system: smt.SmtSystem, name: str) -> Any:
    return next(c for c in system.before if c.decl().name() == name)


TEXTS: dict[str, tuple[Callable[[Callable[[str], Any]], Any], str]] = {
    "an interval": (lambda s: z3.And(s("n.0") <= 5, s("n.0") >= 2), "self.n <= 5; self.n >= 2"),
    "a negation": (lambda s: z3.Not(s("n.0") <= 5), "self.n > 5"),
    "the only value left": (lambda s: s("n.0") < 1, "self.n == 0"),
    "two variables": (lambda s: s("n.0") + -1 * s("m.0") <= 0, "self.n <= self.m"),
    "one less": (lambda s: s("n.0") + -1 * s("m.0") <= -1, "self.n < self.m"),
    "a distance": (lambda s: s("n.0") - s("m.0") >= 2, "self.n >= self.m + 2"),
    "a factor": (lambda s: 2 * s("n.0") + 3 * s("m.0") == 4, "2 * self.n + 3 * self.m == 4"),
    "an enum": (lambda s: s("colour.0") == 1, 'self.colour == "green"'),
    "an enum that is not": (lambda s: s("colour.0") != 1, 'self.colour in {"red", "blue"}'),
    "an order of an enum": (lambda s: s("colour.0") <= 0, 'self.colour == "red"'),
    "a peer": (lambda s: s("peer.0") > 1, "self.peer == Peer2"),
    "a member": (lambda s: s("seen.1"), "Peer1 in self.seen"),
    "a place": (lambda s: s("run.place.0") == 3, 'at(self.run, "critical")'),
    "several places": (
        lambda s: z3.Or(s("run.place.0") == 3, s("run.place.0") == 0), 'at(self.run, "idle") or at(self.run, "critical")'
    ),
    "all places but one": (lambda s: s("run.place.0") >= 1, 'not at(self.run, "idle")'),
    "an implication": (
        lambda s: z3.Or(z3.Not(s("b.0")), s("run.place.0") == 2), 'implies(self.b, at(self.run, "wait"))'
    ),
    "none together": (lambda s: z3.Not(z3.And(s("b.0"), s("seen.0"))), "not (self.b and Peer0 in self.seen)"),
    "an item": (lambda s: z3.And(s("queue.0") > 0, s("queue.1") == 2), "len(self.queue) > 0; self.queue[0] == 2"),
    "an owner": (lambda s: z3.And(s("owner.0"), s("owner.1") == 2), "not self.owner is None; self.owner == Peer2"),
    "an element": (lambda s: s("table.2"), 'self.table["blue"]'),
    "a field": (lambda s: z3.Implies(s("slot.1"), s("slot.0") >= 1), "implies(self.slot.used, self.slot.count >= 1)"),
    "nothing": (lambda s: z3.Or(s("run.place.0") >= 1, s("run.place.0") == 0), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_formulas_in_the_words_of_the_spec(name: str) -> None:
    system = smt.build(parts_model())
    make, text = TEXTS[name]
    assert "; ".join(system.readable(make(lambda part: scalar(system, part)))) == text


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_formula_read_back_means_the_same(first: int) -> None:
    """Predicates of random models: the expression that is read out of the formula has the interpreter's value."""
    read = 0
    for seed in range(first, first + 20):
        m = random_model(seed)
        system = smt.build(m)
        asked = Asked(m, system)
        for i in range(len(m.predicates)):
            formula = z3.simplify(system.predicate(i).holds)
            try:
                expr = readable.expression(m, system.state, formula)
            except readable.Unreadable:
                continue
            for state in explore(m, 5):
                wanted = z3.is_true(asked.at(formula, state))
                assert interpreted(m, expr, state) in (wanted, None), (seed, i, state)
                read += 1
    assert read > 30


def interpreted(m: Model, expr: Any, state: Any) -> bool | None:
    """None where the interpreter cannot say: an item beyond the end, the value of None, a sum beyond 64 bits."""
    try:
        return evaluate.evaluate(m, expr, state)
    except evaluate.EvaluationError:
        return None


def test_the_text_of_a_type_with_bounds() -> None:
    """What types say need not be said."""
    for m in (models.counter(3), parts_model()):
        system = smt.build(m)
        assert system.readable(z3.And([c >= 0 for c in system.before if c.decl().name() == "n.0"])) == ()
    s = scalar(smt.build(parts_model()), "m.0")
    assert smt.build(parts_model()).readable(z3.Or(s < -3, s > 3, s == 1)) == ("self.m == 1",)
