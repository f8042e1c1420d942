"""Calls that are copied from an earlier one: nothing is lost, nothing is shared, and the text is typed once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from modelcheck import passes
from modelcheck.errors import SpecError
from modelcheck.frontends import dsl, load_text
from modelcheck.ir import evaluate
from modelcheck.ir import nodes as n
from modelcheck.passes import pure, templates, typed
from modelcheck.passes.templates import Templates

FEATURES = sorted((Path(__file__).parents[1] / "witness" / "features").glob("*.py"))
HEAD = f"from modelcheck import {', '.join(dsl.__all__)}\n"


def test_every_node_is_copied_or_a_leaf() -> None:
    kinds = {*get_args(n.Expr), *get_args(n.Stmt), *get_args(typed.TStmt), typed.ClockTest, typed.Linear}
    kinds |= {typed.PlaceTest, typed.ProcessLocal, typed.StepTest}
    kinds -= {n.Local, typed.Result}  # renamed; gone from what is kept
    assert kinds - templates._FIELDS.keys() == set()


def test_every_part_that_may_hold_a_local_is_copied() -> None:
    """By the annotations: an expression, a statement, a local or a tuple of them."""
    words = ("Expr", "Stmt", "Local", "Lvalue", "Linear", "ClockTest")
    for kind, parts in templates._PARTS.items():
        fields = {name: str(f.type) for name, f in kind.__dataclass_fields__.items()}
        assert {name for name, annotation in fields.items() if any(w in annotation for w in words)} == set(parts), kind


# A helper that is called in several ways; what it is called with the second time is wrong, or another value.
SEVERAL = HEAD + """
Q = Range(3)
Phase = Enum("idle", "busy")


class Cell(Record):
    count = Int(0, 99, init=0)

    def add(self, k):
        before = self.count
        self.count += k
        return before


class T(Spec):
    n = Int(0, 999, init=0)
    cell = Array(Q, Cell())
    phase = Phase(init="idle")

    def both(self, i, k):
        return self.cell[i].add(k) * 10 + self.cell[(i + 1) % 3].add(k + 1)

    def twice(self, i):
        x = self.both(i, 1)
        y = self.both(i, 2)
        return x + y

    @action
    def go(self):
        when(self.n == 0)
        a = self.twice(0)
        b = self.twice(0)
        c = self.both(2, 1)
        self.n = a + b + c
"""


def test_copies_do_not_share_names() -> None:
    """By hand: twice(0) gives 0*10 + 0, then 1*10 + 2; again 3*10 + 5, 4*10 + 7; then both(2, 1) gives 0*10 + 6."""
    model = passes.compile(load_text(SEVERAL))
    (initial,) = evaluate.initial(model)
    (after,) = evaluate.outcomes(model, initial.state, 0)
    assert after.failure is None
    assert after.state[:2] == (12 + 35 + 47 + 6, ((8,), (10,), (1,)))


WRONG = {
    "another type": ("self.n = self.both(0, 1)\n        self.n = self.both(0, True)", ["T002", "T029"]),
    "another constant": ("self.n = self.pick(1)\n        self.n = self.pick(0)", ["T002"]),
    "the same mistake twice": ("self.n = self.both(0, True)\n        self.n = self.both(0, True)", ["T002", "T029"]),
    "a helper that is being inlined": ("self.n = self.inner()\n        self.n = self.outer(0)", ["N007"]),
    "helpers that call each other": ("self.ping()\n        self.pong()", ["N007"]),
    "nothing": ("self.n = self.inner()\n        self.n = self.outer(1)", []),
}
HELPERS = """
    def pick(self, k):
        if k == 1:
            return 1
        return self.n + self.phase

    def outer(self, k):
        if k == 0:
            return self.inner()
        return 1

    def inner(self):
        return self.outer(1)

    def ping(self):
        self.n = 1
        self.pong()

    def pong(self):
        self.n = 2
        self.ping()

    @action
    def more(self):
        """


def told(text: str) -> tuple[Any, ...]:
    """The diagnostics, or the model without the numbers in its names."""
    try:
        model = passes.compile(load_text(text))
    except SpecError as error:
        return tuple((d.code, d.place, d.message) for d in error.diagnostics)
    return (re.sub(r"\$\d+", "", repr((model.initial, model.actions, model.predicates, model.notes))),)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_later_call_is_found(name: str, monkeypatch: Any) -> None:
    """Codes as listed, and everything as if each call were typed again."""
    statements, codes = WRONG[name]
    text = SEVERAL + HELPERS + statements + "\n"
    found = told(text)
    assert sorted({d[0] for d in found if codes}) == codes
    monkeypatch.setattr(templates, "_fits", lambda ctx, template: False)
    assert told(text) == found


@pytest.mark.parametrize("path", FEATURES, ids=lambda path: path.name)
def test_models_are_as_if_each_call_were_typed_again(path: Path, monkeypatch: Any) -> None:
    found = [told(text) for text in variants(path)]
    monkeypatch.setattr(templates, "_fits", lambda ctx, template: False)
    assert [told(text) for text in variants(path)] == found


def variants(path: Path) -> list[str]:
    """The text of a spec file for each of its classes: that of the first case is compiled."""
    text = path.read_text().partition("CASES = [")[0]
    names = re.findall(r"^class (\w+)\((?!Record)", text, re.MULTILINE)
    return [f'{text}CASES = [Case("it", {name})]\n' for name in names]


def test_a_helper_is_typed_once_for_each_signature(monkeypatch: Any) -> None:
    """`step` stands in two procedures, each called twice: with two kinds of arguments it is typed twice."""
    text = HEAD + """
class T(Spec):
    n = Int(0, 99, init=0)

    def step(self, k):
        return self.n + k

    @procedure
    def one(self, k):
        yield "one"
        self.n = self.step(k) % 9
        self.n = self.step(3) % 9

    @process
    def p(self):
        yield "start"
        for k in range(2):
            yield from self.one(k)
            yield from self.one(k)
        for k in range(2):
            yield from self.one(k)
"""
    typed_names: list[str] = []
    value_of = pure.value_of

    def counting(ctx: Any, function: Any, expected: Any) -> n.Expr:
        typed_names.append(function.name)
        return value_of(ctx, function, expected)

    monkeypatch.setattr(pure, "value_of", counting)
    model = passes.compile(load_text(text))
    assert typed_names == ["step", "step"]
    labels = [place.label for place in model.processes[0].places]
    assert labels == ["start", "one#1", "one#2", "one#1", "one#2", "one#3", "one#3", "done"]


def test_kept_calls_belong_to_one_choice_of_constants() -> None:
    program = load_text(SEVERAL)
    first, second = (passes.compile(program) for _ in range(2))
    assert first.actions == second.actions
    assert Templates().known == {}
