"""The language of time against CPython: the same discrete states, verdicts and stuck states, in discrete time."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from modelcheck import passes
from modelcheck.checker import check_model
from modelcheck.exploring import Options
from modelcheck.frontends import load_text
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model
from modelcheck.result import Result
from modelcheck.search.exploration import Exploration
from tests.timed_language.cpython import explored, visible
from tests.timed_language.random_specs import random_spec

HEAD = """\
from modelcheck import (
    ANY, Array, Bool, Clock, Enum, Int, Range, Spec, Time, Timer, action, after, at, between, choose, committed, deadline,
    done, expires, idle, implies, invariant, observe, process, reachable, urgent, when,
)

time = Time("ns", discrete=True)
"""

SPECS = {
    "an assert on a clock in one of two branches, and more behind it": """
class S(Spec):
    n = Int(0, 2, init=0)
    x = Clock()
    t = Timer(max=9)

    def init(self):
        self.t.arm(4)

    @process
    def p(self):
        yield "a", after(0, 5)
        self.n = choose(0, 1)
        if self.n == 0:
            assert self.x <= 3
        self.n = 2
        yield idle("b")

    @expires("t")
    def due(self):
        if self.n == 0:
            assert self.x <= 4
        self.n = 1
""",
    "a stay": """
class S(Spec):
    @process
    def p(self):
        yield "a", after(2, 3)
        yield "b", after(1)
        yield idle("c")
        when(False)
""",
    "two stays": """
class S(Spec):
    n = Int(0, 2, init=0)

    @process
    def p(self):
        yield "a", after(1, 3)
        self.n = 1
        yield "b", after(2, 4)

    @process
    def q(self):
        yield "a", after(2, 2)
        if self.n == 1:
            self.n = 2

    @reachable
    def both(self):
        return self.n == 2
""",
    "a clock that is set to what nobody knows": """
class S(Spec):
    x = Clock()
    n = Int(0, 3, init=0)

    @process
    def p(self):
        yield "a"
        self.x = between(1, 4)
        yield "b", after(1, 1)
        if self.x == 3:
            self.n = 1
        elif self.x > 3 and self.x < 5:
            self.n = 2
        elif not self.x >= 5:
            self.n = 3
""",
    "differences": """
class S(Spec):
    x = Clock()
    y = Clock()
    n = Int(0, 3, init=0)

    @process
    def p(self):
        yield "a", after(1, 4)
        self.y = 0
        yield "b", after(0, 3)
        if self.x - self.y <= 2:
            self.n = 1
        if self.y < self.x - 3:
            self.n += 2

    @deadline
    def soon(self):
        return self.x <= 12 and self.y <= 12
""",
    "a timer": """
class S(Spec):
    t = Timer(max=5)
    n = Int(0, 3, init=0)

    @process
    def p(self):
        yield urgent("set")
        self.t.arm(2, 4)
        yield "look", after(1, 3)
        if self.t.remaining <= 1:
            self.n = 1
        if not self.t.armed:
            self.n = 2
        yield idle("rest")
        when(False)

    @expires("t")
    def due(self):
        self.n = min(self.n + 2, 3)
""",
    "a timer that comes late": """
class S(Spec):
    t = Timer(max=5, late=2)
    n = Int(0, 3, init=0)

    @process
    def p(self):
        yield urgent("set")
        self.t.arm(2)
        yield "look", after(0, 4)
        if self.t.remaining == 0 and self.t.armed:
            self.n = 1
        elif self.t.remaining > 1:
            self.n = 2
        yield "end"

    @expires("t")
    def due(self):
        when(self.n != 2)
""",
    "a timer that is overdue": """
class S(Spec):
    t = Timer(max=5, late=2)
    x = Clock()
    n = Int(0, 4, init=0)

    @process
    def p(self):
        yield urgent("set")
        self.t.arm(2)
        self.x = 0
        yield "look", after(0, 6)
        if not self.t.remaining >= 0:
            self.n = 1
        elif self.t.armed and self.x == 4:
            self.n = 2
        elif self.t.armed and self.x == 3 and self.t.remaining == 0:
            self.n = 3
        elif self.t.armed and self.x >= 3:
            self.n = 4

    @expires("t")
    def due(self):
        pass
""",
    "a timer that nobody handles": """
class S(Spec):
    t = Timer(max=4)
    late = Bool(init=False)

    @process
    def p(self):
        yield urgent("set")
        self.t.arm(3)
        yield "wait", after(0, 6)
        self.late = self.t.expired
        self.t.disarm()
""",
    "a periodic timer": """
class S(Spec):
    t = Timer(max=6, period=2)
    x = Clock()
    n = Int(0, 3, init=0)

    def init(self):
        self.t.arm(1, 3)

    @process
    def p(self):
        yield idle("rest")
        when(False)

    @expires("t")
    def due(self):
        if self.n < 3:
            self.n += 1
            self.x = 0

    @invariant
    def never_soon(self):
        return implies(self.n == 3, self.x >= 0)

    @invariant
    def wrong(self):
        return implies(self.n == 2, self.x < 2)
""",
    "two timers compared": """
class S(Spec):
    a = Timer(max=4)
    b = Timer(max=6)
    first = Bool(init=False)

    def init(self):
        self.a.arm(1, 4)
        self.b.arm(2, 5)

    @process
    def p(self):
        yield "look", after(0, 2)
        self.first = self.a.remaining < self.b.remaining

    @expires("a")
    def a_due(self):
        pass

    @expires("b")
    def b_due(self):
        pass
""",
    "a family of timers and clocks": """
Q = Range(2)

class S(Spec):
    t = Array(Q, Timer(max=4))
    x = Array(Q, Clock())
    n = Array(Q, Int(0, 2, init=0))

    @process
    def p(self):
        yield urgent("set")
        for q in Q:
            self.t[q].arm(q + 1, 3)
        i = choose(Q)
        self.x[i] = between(0, 2)
        yield "wait", after(2, 3)
        j = choose(Q)
        if self.x[j] >= 4:
            self.n[j] = 2

    @expires("t")
    def due(self, q):
        self.n[q] = 1
""",
    "a committed label": """
class S(Spec):
    n = Int(0, 3, init=0)

    @process
    def p(self):
        yield "a", after(1, 2)
        yield committed("b")
        self.n += 1
        yield committed("c")
        self.n += 1

    @process
    def q(self):
        yield "a", after(1, 2)
        self.n = 0
        yield "b"
""",
    "an urgent action": """
class S(Spec):
    x = Clock()
    n = Int(0, 2, init=0)

    @action(urgent=True)
    def now(self):
        when(self.n == 1)
        self.n = 2

    @process
    def p(self):
        yield "a", after(1, 3)
        self.x = 0
        self.n = 1
        yield "b"
        when(self.n == 2 and self.x == 0)

    @invariant
    def at_once(self):
        return implies(self.n == 1, self.x <= 0)
""",
    "time comes to an end": """
class S(Spec):
    x = Clock()

    @process
    def p(self):
        yield "a", after(0, 5)
        when(self.x < 2)
        yield "b", after(0, 3)
        when(self.x >= 3)

    @deadline
    def limit(self):
        return implies(at(self.p, "b"), self.x <= 4)
""",
    "an assertion on clocks that fails": """
class S(Spec):
    x = Clock()
    n = Int(0, 3, init=0)

    @process
    def p(self):
        yield "a", after(1, 4)
        self.n = 1
        assert self.x < 4 or self.n == 2
        self.n = 2
        yield "b", after(0, 2)
        assert implies(self.n == 2, self.x <= 5)
""",
    "an assertion on clocks that holds": """
class S(Spec):
    x = Clock()
    t = Timer(max=6)

    @process
    def p(self):
        yield urgent("arm")
        self.t.arm(2, 6)
        yield "a", after(1, 4)
        assert self.x < 5 and implies(self.t.armed, self.t.remaining <= 5)

    @expires("t")
    def due(self):
        assert self.x >= 2
""",
    "initial states that break a deadline": """
class S(Spec):
    n = Int(0, 3, init=ANY)
    x = Clock()

    def init(self):
        self.x = between(2, 3)

    @process
    def p(self):
        yield "a", after(1, 2)
        self.x = 0

    @deadline
    def limit(self):
        return implies(at(self.p, "a"), self.x <= 2 * self.n)

    @invariant
    def wrong(self):
        return implies(self.n == 2, self.x <= 2)
""",
    "a deadline that a step cannot meet": """
class S(Spec):
    x = Clock()
    b = Bool(init=False)

    @process
    def p(self):
        yield "a", after(0, 6)
        self.b = True
        yield "b"
        when(False)

    @deadline
    def limit(self):
        return implies(self.b, self.x <= 4)
""",
    "bounds that depend on the state": """
class S(Spec):
    x = Clock()
    n = Int(0, 2, init=0)

    @process
    def p(self):
        n = choose(0, 1, 2)
        yield "a"
""".replace("        n = choose(0, 1, 2)\n", "")
    + """        self.n = choose(0, 1, 2)
        self.x = self.n
        yield "b"
        when(self.x >= 2 * self.n + 1)

    @deadline
    def limit(self):
        return implies(at(self.p, "b"), self.x <= self.n + 2)

    @invariant
    def bounded(self):
        return implies(at(self.p, "b"), self.x <= self.n + 1)
""",
}


def model_of(text: str) -> Model:
    return passes.compile(load_text(text), "S")


def discrete_states(model: Model, seen: Exploration) -> set[tuple[Any, ...]]:
    layout = Layout(model.variables)
    found = set()
    for word in layout.unpack(seen.states):
        state = layout.decode(word)
        shown = tuple(v for d, v in zip(model.variables, state) if d.kind == "variable" and not d.hidden)
        standing = (p.places[p.start if p.variable is None else state[p.variable]] for p in model.processes)
        found.add((shown, tuple(None if p.kind == "done" else p.plain for p in standing)))
    return found


def agree(text: str) -> Result:
    witness = explored(text, "S")
    model = model_of(text)
    result = check_model(model, Options(thorough=True))
    assert result.exploration is not None
    assert discrete_states(model, result.exploration) == visible(witness), text
    answers = {p.name: p.verdict for p in result.properties}
    quiescent, timelock = witness.stuck()
    assert (answers.pop("deadlock", None) == "violated") == quiescent, text
    assert (answers.pop("timelock", None) == "violated") == timelock, text
    fails = witness.graph.shortest("assertion") is not None
    assert (answers.pop("assertion", None) == "violated") == fails, text
    assert {n for n, v in answers.items() if v == "violated"} == set(witness.graph.violations), text
    reached = {p.name for p in result.properties if p.kind == "reachable" and p.verdict == "holds"}
    assert reached == set(witness.graph.witnesses), text
    return result


@pytest.mark.parametrize("name", SPECS)
def test_specs(name: str) -> None:
    agree(HEAD + SPECS[name])


SEEDS = range(36)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_specs(seed: int) -> None:
    agree(HEAD + random_spec(Random(seed)))


def test_random_specs_are_not_all_alike() -> None:
    """Stuck states, timelocks and violations occur among them, and some have none."""
    told = set()
    for seed in SEEDS:
        result = check_model(model_of(HEAD + random_spec(Random(seed))), Options(thorough=True))
        told |= {(p.name, p.verdict) for p in result.properties}
    assert {("deadlock", "violated"), ("timelock", "violated"), ("odd", "violated"), ("odd", "holds")} <= told
