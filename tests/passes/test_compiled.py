"""What the passes make of a spec: places and labels, live locals, constants, types, guards, read and write sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from modelcheck import passes
from modelcheck.errors import AssumptionError, SpecError, UsageError
from modelcheck.frontends import dsl, load, load_text
from modelcheck.ir import evaluate
from modelcheck.ir.nodes import Assign, Const, Model, walk
from modelcheck.ir.types import show
from modelcheck.passes import spec, typecheck
from modelcheck.passes.context import SpecSelf
from modelcheck.passes.names import World

HEAD = f"from modelcheck import {', '.join(dsl.__all__)}\n"
PARTS = """
k = Const(2)
mode = Const("fast")
order = Const(("a", "b"))
Q = Range(2)
Color = Enum("red", "green")


class Cell(Record):
    x = Int(0, 3, init=0)

    @action
    def kick(self):
        self.x = 1


class S(Spec):
    n = Int(0, 9, init=0)
    m = Int(-5, 5, init=0)
    b = Bool(init=False)
    a = Array(Q, Int(0, 3, init=0))
    s = Set(Q, init=set())
    q = Seq(Q, 2, init=())
    o = Option(Q, init=None)
    c = Color(init="red")
"""


def compiled(members: str, name: str = "S", **constants: Any) -> Model:
    return passes.compile(load_text(HEAD + PARTS + indent(members, "    ")), name, constants)


def process(statements: str, members: str = "", **constants: Any) -> Model:
    body = indent(statements, "    ")
    return compiled(f"{members}\n@process\ndef p(self):\n{body}\n", **constants)


def first(model: Model) -> dict[str, Any]:
    """The variables of the first initial state, by name."""
    return dict(zip((v.name for v in model.variables), evaluate.initial(model)[0].state))


def names(model: Model, indices: frozenset[int]) -> str:
    return " ".join(sorted(model.variables[i].name for i in indices))


# --- places and labels ------------------------------------------------------------------------------------------------

LOCK = '@procedure\ndef lock(self, k):\n    yield "try"\n    when(self.n == 0)\n    self.n = k\n    yield "got"\n    self.n = 0\n'
BOTH = LOCK + '@procedure\ndef both(self):\n    yield from self.lock(1)\n    yield from self.lock(2)\n'

# statements, members of the class, labels of all places, loop variables known at each
PLACES = {
    "in order": ('yield "a"\nyield "b"', "", "a b done", [{}, {}, {}]),
    "never done": ('while True:\n    yield "a"\n    self.n = 1', "", "a", [{}]),
    "a while": ('yield "s"\nwhile self.n < 3:\n    yield "a"\n    self.n += 1', "", "s a done", [{}, {}, {}]),
    "a loop over a constant": ('for i in range(k):\n    yield "a"', "", "a a done", [{"i": 0}, {"i": 1}, {}]),
    "a loop over a tuple": ('for x in order:\n    yield "a"', "", "a a done", [{"x": "a"}, {"x": "b"}, {}]),
    "a loop over a type": ('for x in Color:\n    yield "a"', "", "a a done", [{"x": "red"}, {"x": "green"}, {}]),
    "a loop over nothing": ('for x in range(0):\n    yield "a"\nyield "b"', "", "b done", [{}, {}]),
    "a loop over a set": ('yield "s"\nfor x in self.s:\n    yield "a"', "", "s a a done", [{}, {"x": 0}, {"x": 1}, {}]),
    "a loop over a sequence": ('yield "s"\nfor x in self.q:\n    yield "a"', "", "s a a done", [{}, {}, {}, {}]),
    "nested loops": (
        'for i in Q:\n    for j in Q:\n        yield "a"', "", "a a a a done",
        [{"i": 0, "j": 0}, {"i": 0, "j": 1}, {"i": 1, "j": 0}, {"i": 1, "j": 1}, {}],
    ),
    "one name in both loops": (
        'for i in Q:\n    for j in range(1):\n        for i in range(7, 8):\n            yield "a"', "", "a a done",
        [{"i'": 0, "j": 0, "i": 7}, {"i'": 1, "j": 0, "i": 7}, {}],
    ),
    "a branch on a constant": ('if k == 2:\n    yield "a"\nelse:\n    yield "b"', "", "a done", [{}, {}]),
    "a procedure": ("yield from self.lock(1)", LOCK, "try got done", [{}, {}, {}]),
    "a procedure without `yield from`": ('yield "a"\nself.lock(1)', LOCK, "a try got done", [{}, {}, {}, {}]),
    "a procedure twice": (
        "yield from self.lock(1)\nyield from self.lock(2)", LOCK, "try#1 got#1 try#2 got#2 done", [{}] * 5,
    ),
    "a procedure twice through another": (
        "yield from self.both()\nyield from self.both()", BOTH,
        "try#1 got#1 try#2 got#2 try#3 got#3 try#4 got#4 done", [{}] * 9,
    ),
    "a procedure in a loop": (
        "for i in Q:\n    yield from self.lock(1)", LOCK, "try got try got done",
        [{"i": 0}, {"i": 0}, {"i": 1}, {"i": 1}, {}],
    ),
    "an early return": ('yield "a"\nif self.b:\n    return\nyield "b"', "", "a done b".replace("done b", "b done"), [{}] * 3),
    "no steps at all": ("pass", "", "done", [{}]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_places(name: str) -> None:
    statements, members, labels, static = PLACES[name]
    model = process(statements, members)
    places = model.processes[0].places
    assert " ".join(p.label for p in places) == labels
    assert [{n: v for n, v, _ in p.static} for p in places] == static
    assert [p.kind == "done" for p in places] == [p.label == "done" for p in places]
    assert (model.processes[0].variable is None) == (len(places) == 1)


def test_what_a_place_knows() -> None:
    model = process('yield "a", "f.c:1"\nyield idle("b")\nyield idle("c"), "f.c:3"')
    assert [(p.kind, p.source) for p in model.processes[0].places[:3]] == [
        ("step", "f.c:1"), ("idle", None), ("idle", "f.c:3"),
    ]  # fmt: skip


def test_families() -> None:
    text = '@process(each=(Q, Color), fair="strong", unfair=("b",))\ndef p(self, i, c):\n    yield "a"\n    self.a[i] = 1\n    yield "b"\n'
    model = compiled(text)
    assert [p.title for p in model.processes] == ["p[0,red]", "p[0,green]", "p[1,red]", "p[1,green]"]
    assert [(a.label, a.fairness) for a in model.actions[:2]] == [("a", "strong"), ("b", None)]
    assert [(a.process, a.place) for a in model.actions] == [(p, k) for p in range(4) for k in range(2)]


def test_actions_of_records() -> None:
    model = compiled("one = Cell()\nmany = Array(Q, Array(Color, Cell(x=2)))\n@action(i=Q)\ndef act(self, i):\n    self.n = i\n")
    assert [model.action_title(i) for i in range(len(model.actions))] == [
        "act(i=0)", "act(i=1)", "one.kick", "many[0][red].kick", "many[0][green].kick", "many[1][red].kick",
        "many[1][green].kick",
    ]  # fmt: skip


# --- live locals ------------------------------------------------------------------------------------------------------

# statements, members, the variables of the process besides its place, the locals that live at each place
LIVE = {
    "within a step": ('yield "a"\nx = self.n + 1\nself.n = x', "", [], [[], []]),
    "across a step": ('yield "a"\nx = self.n\nyield "b"\nself.n = x\nyield "c"', "", ["p.x"], [[], ["x"], [], []]),
    "a constant": ('x = k + 1\nyield "a"\nself.n = x', "", [], [[], []]),
    "declared and dead": ('x = Int(0, 3, init=1)\nyield "a"\nx = 2\nself.n = x', "", [], [[], []]),
    "declared and never changed": ('x = Int(0, 3, init=1)\nyield "a"\nself.n = x\nyield "b"', "", [], [[], [], []]),
    "declared and changed": (
        'x = Int(0, 3, init=1)\nyield "a"\nself.n = x\nx = 2\nyield "b"\nself.n = x', "", ["p.x"], [["x"], ["x"], []],
    ),
    "assigned on one way": (
        'x = Int(0, 3, init=1)\nyield "a"\nif self.b:\n    x = 2\nyield "b"\nself.n = x', "", ["p.x"], [["x"], ["x"], []],
    ),
    "a loop variable": ('for i in Q:\n    yield "a"\n    self.n = i', "", [], [[], [], []]),
    "what is left of a set": (
        'yield "s"\nfor x in self.s:\n    yield "a"', "", ["p.domain"], [[], ["domain"], [], []],
    ),
    "a local of a procedure": (
        'x = Int(0, 3, init=0)\nyield "a"\ny = yield from self.get()\nx = y\nyield "c"\nself.n = x',
        '@procedure\ndef get(self):\n    x = Int(0, 9, init=5)\n    yield "b"\n    x += 1\n    return x\n', ["p.x", "p.x$2"],
        [[], ["x"], ["x"], []],
    ),
    "a choice": ('yield "a"\nx = choose(Q)\nyield "b"\nself.n = x', "", ["p.x"], [[], ["x"], []]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIVE)
def test_live_locals(name: str) -> None:
    statements, members, stored, live = LIVE[name]
    model = process(statements, members)
    assert [v.name for v in model.variables if v.kind == "local"] == stored
    assert [list(p.live) for p in model.processes[0].places] == live


def test_a_dead_local_has_its_initial_value_again() -> None:
    model = process('x = Int(0, 3, init=1)\nyield "a"\nx = 3\nyield "b"\nself.n = x\nyield "c"\nself.n += 1')
    state, seen = evaluate.initial(model)[0].state, []
    while ways := evaluate.successors(model, state):
        seen.append(state[-1])
        state = ways[0][1].state
    assert [*seen, state[-1]] == [1, 3, 1, 1]


# --- constants --------------------------------------------------------------------------------------------------------

FILES = {
    "main.py": "from modelcheck import Const, Int, Spec, assume, invariant\n"
    "from .parts import size as width, Cell, depth\n"
    "size = Const(1)\n"
    'assume(size < 50, "small")\n'
    "class S(Spec):\n"
    "    n = Int(0, 99, init=size)\n"
    "    w = Int(0, 99, init=width + depth)\n"
    "    c = Cell()\n"
    "    @invariant\n"
    "    def p(self):\n"
    "        return self.c.small()\n",
    "parts.py": "from modelcheck import Const as C, Int, Record\n"
    "from .deep import depth, flags\n"
    "size = C(2)\n"
    "twice = C(size * 2)\n"
    "only = C(7)\n"
    "class Cell(Record):\n"
    "    x = Int(0, 99, init=twice + only)\n"
    "    y = Int(0, 99, init=sum(1 for f in flags if f))\n"
    "    def small(self):\n"
    "        return self.x < 90\n",
    "deep.py": "from modelcheck import Const, Int\n"
    "depth = Const(3, Int(0, 20))\n"
    "flags = Const((True, False))\n",
}

# overrides -> the variables n, w and c; or what the usage error speaks of
OVERRIDES: list[tuple[dict[str, Any], Any]] = [
    ({}, (1, 5, (11, 1))),
    ({"size": 4}, (4, 5, (11, 1))),
    ({"size": "4"}, (4, 5, (11, 1))),
    ({"width": 4}, (1, 7, (15, 1))),  # by the name that the main file has for it
    ({"depth": 10}, (1, 12, (11, 1))),  # through two imports
    ({"twice": "8"}, (1, 5, (15, 1))),  # by its name in the only file that has it
    ({"only": 0}, (1, 5, (4, 1))),
    ({"flags": "true,yes,1"}, (1, 5, (11, 3))),
    ({"flags": "(false)"}, (1, 5, (11, 0))),
    ({"flags": ()}, (1, 5, (11, 0))),
    ({"flags": [True, True]}, (1, 5, (11, 2))),
    ({"depth": 21}, "depth"),  # outside its type
    ({"size": True}, "size"),
    ({"size": "four"}, "size"),
    ({"size": 2**63}, "size"),
    ({"flags": "red"}, "flags"),
    ({"flags": 3}, "flags"),
    ({"sise": 3}, "sise"),
]


def write(folder: Path) -> str:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder / "main.py")


@pytest.mark.parametrize("constants, wanted", OVERRIDES, ids=[str(c) for c, _ in OVERRIDES])
def test_overrides(constants: dict[str, Any], wanted: Any, tmp_path: Path) -> None:
    program = load(write(tmp_path))
    if isinstance(wanted, str):
        with pytest.raises(UsageError, match=wanted):
            passes.compile(program, None, constants)
        return
    model = passes.compile(program, None, constants)
    assert tuple(first(model).values()) == wanted


def test_the_constants_of_a_model_are_told_apart(tmp_path: Path) -> None:
    found = dict(passes.compile(load(write(tmp_path))).constants)
    assert {k: v for k, v in found.items() if "size" not in k} == {
        "depth": 3, "flags": (True, False), "only": 7, "twice": 4,
    }  # fmt: skip
    assert found["size"] == 1 and [v for k, v in found.items() if k.startswith("size of ")] == [2]


def test_a_name_in_several_files_must_be_imported(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "deep.py").write_text(FILES["deep.py"] + "only = Const(3)\n", encoding="utf-8")
    with pytest.raises(UsageError, match="several files"):
        passes.compile(load(path), None, {"only": 1})


@pytest.mark.parametrize("text, value", [("x,y,x", ("x", "y", "x")), (("y",), ("y",)), ("", ()), ("(z)", ("z",))])
def test_a_tuple_of_strings(text: Any, value: Any) -> None:
    assert dict(compiled("", order=text).constants)["order"] == value


def test_constants_decide_branches_and_types() -> None:
    text = "@action\ndef f(self):\n    if k > 2 and self.b:\n        self.n = 1\n    elif mode == 'fast':\n        self.m = k * 2\n"
    for k, mode, body in ((2, "fast", 1), (2, "slow", 0), (3, "slow", 1)):
        assert len(compiled(text, k=k, mode=mode).actions[0].body) == body


def test_a_false_assumption_and_a_mistake_are_told_together() -> None:
    text = HEAD + "k = Const(1)\nassume(k > 0, 'why')\nclass S(Spec):\n    n = Int(0, k - 1, init=0)\n"
    program = load_text(text)
    assert passes.compile(program).variables
    with pytest.raises(SpecError) as caught:
        passes.compile(program, None, {"k": 0})
    assert [d.code for d in caught.value.diagnostics] == ["A001", "T018"]
    assert not isinstance(caught.value, AssumptionError)


# --- inheritance ------------------------------------------------------------------------------------------------------

BASE = """
class Base(Spec):
    n = Int(0, 9, init=1)
    m = Int(0, 9, init=2)

    def value(self):
        return self.n

    @process
    def p(self):
        yield "base"
        self.m = self.value()

    @action
    def act(self):
        self.n = self.value()

    @invariant
    def inv(self):
        return self.value() == 1


class Derived(Base):
    n = Int(0, 5, init=3)
    extra = Bool(init=True)

    def value(self):
        return self.n + 1

    @process
    def p(self):
        yield "derived"
        yield "again"

    @invariant
    def inv(self):
        return self.extra

    def act(self):
        return 1


class Plain(Base):
    def p(self):
        return 0
"""


def test_what_a_derived_spec_overrides_stands_in_its_place() -> None:
    program = load_text(HEAD + BASE)
    base, derived, plain = (passes.compile(program, name) for name in ("Base", "Derived", "Plain"))
    assert [(v.name, show(v.type)) for v in derived.variables] == [
        ("n", "0..5"), ("m", "0..9"), ("extra", "Bool"), ("p", "0..2"),
    ]  # fmt: skip
    assert [a.label for a in base.actions] == ["base", "act"]
    assert [a.label for a in derived.actions] == ["derived", "again"]
    assert [a.label for a in plain.actions] == ["act"] and not plain.processes
    assert [evaluate.predicate(m, 0, evaluate.initial(m)[0].state) for m in (base, derived)] == [True, True]


def test_which_spec_is_meant() -> None:
    assert passes.spec_names(load_text(HEAD + BASE)) == ("Base", "Derived", "Plain")
    with pytest.raises(UsageError, match="Derived"):
        passes.compile(load_text(HEAD + BASE))
    one = load_text(HEAD + BASE + "\nCASES = [Case('a', Plain, holds('inv'))]\n")
    assert passes.compile(one).name == "Plain"
    with pytest.raises(UsageError, match="Plain"):
        passes.compile(one, "Plane")


# --- types ------------------------------------------------------------------------------------------------------------

TYPES = {
    "self.n": "0..9", "self.n + self.m": "-5..14", "self.n - self.m": "-5..14", "self.n * self.m": "-45..45",
    "-self.m": "-5..5", "abs(self.m)": "0..5", "self.n // 2": "0..4", "self.m // self.n": "-5..5", "self.n % 4": "0..3",
    "self.m % -3": "-2..0", "min(self.n, self.m)": "-5..5", "max(self.n, self.m, 3)": "3..9", "k": "2..2",
    "2 ** 10": "1024..1024", "self.n if self.b else self.m": "-5..9", "len(self.s)": "0..2", "len(self.q)": "0..2",
    "len(self.a)": "2..2", "len(Color)": "2..2", "sum(self.a[i] for i in Q)": "0..6",
    "sum(self.m for i in self.s)": "-10..10", "max(self.a[i] for i in Q)": "0..3", "self.o + 1": "1..2",
    "{self.n, self.m}": "Set(-5..9)", "{x + 1 for x in self.s}": "Set(1..2)", "[self.n, 3]": "Seq(0..9, 2)",
    "self.q + [self.n]": "Seq(0..9, 3)", "[i + 1 for i in Q]": "Array(Q, 1..2)", "{i: self.b for i in Q}": "Array(Q, Bool)",
    "self.c": "Color", "self.o": "Option(Q)", "self.s | {5}": "Set(0..5)", "self.n in {1}": "Bool",
    "9223372036854775807 + self.n": "9223372036854775807..9223372036854775807",
    "1 if self.b else self.o": "Option(0..1)",
}  # fmt: skip


@pytest.mark.parametrize("text", TYPES)
def test_types(text: str) -> None:
    program = load_text(HEAD + PARTS + f"    @action\n    def f(self):\n        x = {text}\n")
    world = World(program, {})
    declared = spec.declare(world, world.spec("S"))
    ctx = replace(world.context(program.main), scopes=[{"self": SpecSelf()}], spec=declared, emit=[])
    value = program.module.classes[-1].functions[0].body[0].value
    assert show(typecheck.expression(ctx, value).type) == TYPES[text]


# --- guards, antecedents, read and write sets, spans ------------------------------------------------------------------

GUARDS = {
    "when(self.b)": ["when self.b"],
    "if self.b:\n    self.n = 1": ["if self.b"],
    "if self.n > 0 and k == 2:\n    self.n = 1\nelif self.b:\n    self.n = 2": ["if self.n > 0 and k == 2", "if self.b"],
    "if k == 3:\n    when(self.b)": [],
    "when(k == 2)": [],
    "for i in Q:\n    if self.a[i] == i:\n        self.n = i": ["if self.a[i] == i"],
    "if self.check():\n    self.n = 1": ["when self.n < 5", "if self.check()"],
    'if at(self.w, "here"):\n    self.n = 1': [],
}


@pytest.mark.parametrize("text", GUARDS)
def test_guards(text: str) -> None:
    members = 'def check(self):\n    when(self.n < 5)\n    return self.b\n@process\ndef w(self):\n    if k == 3:\n        yield "here"\n'
    model = compiled(f"{members}@action\ndef f(self):\n{indent(text, '    ')}\n")
    found = [f"{g.kind} {g.span.text.removeprefix('when(').removesuffix(')') if g.kind == 'when' else g.span.text}" for g in model.guards]
    assert found == GUARDS[text]


# the formula, and of each of its left sides whether it holds in the initial state
ANTECEDENTS: dict[str, tuple[bool, ...]] = {
    "implies(self.n == 0, self.b)": (True,),
    "implies(self.n == 1, self.b)": (False,),
    "implies(k == 3, self.b)": (False,),
    "implies(k == 3 and self.b, self.n == 0)": (False,),
    "implies(k == 2, self.b)": (),
    "self.b": (),
    "not implies(self.b, self.b)": (),
    "all(implies(self.a[i] == i, self.b) for i in Q)": (True,),
    "all(implies(self.a[i] == 2, self.b) for i in Q)": (False,),
    "all(implies(self.n == i + j, self.b) for i in Q for j in Q if i != j)": (False,),
    "all(implies(self.n == i + j, self.b) for i in Q for j in Q)": (True,),
    "self.helper(0)": (True,),
    "self.helper(1)": (False,),
    "self.helper(self.n)": (True,),
    "implies(self.n == 0, self.b) and implies(self.n == 1, self.b)": (True, False),
    "self.b and implies(self.n == 1, self.b)": (False,),
    "all(self.b and implies(self.a[i] == 2, self.b) and implies(self.a[i] == i, self.b) for i in Q)": (False, True),
    "implies(self.n == 0, implies(self.n == 1, self.b))": (True,),
    "implies(self.n == 1, self.b) or implies(self.n == 0, self.b)": (),
}


@pytest.mark.parametrize("text", ANTECEDENTS)
def test_antecedents(text: str) -> None:
    helper = "def helper(self, x):\n    y = x + 1\n    return implies(self.n + 1 == y, self.b)\n"
    model = compiled(f"{helper}@invariant\ndef p(self):\n    return {text}\n")
    first = evaluate.initial(model)[0].state
    found = tuple(evaluate.predicate(model, number, first) for number in model.properties[0].antecedents)
    assert found == ANTECEDENTS[text]


ACCESS = {
    "self.n = self.m": ("m", "n"),
    "self.n += 1": ("n", "n"),
    "self.a[self.n] = 1": ("n", "a"),
    "self.a[0] = self.a[1]": ("a", "a"),
    "when(self.b)\nself.n = 1": ("b", "n"),
    "if self.b:\n    self.n = self.m\nelse:\n    self.s.add(0)": ("b m s", "n s"),
    "x = choose(self.s)\nself.q = (x,)": ("s", "q"),
    "x = self.q.pop()\nself.o = x": ("q", "o q"),
    "for i in self.s:\n    self.n = i": ("s", "n"),
    "assert self.c == 'red'": ("c", ""),
    "self.n = sum(self.a[i] for i in Q if i in self.s)": ("a s", "n"),
    "if k == 3:\n    self.n = self.m": ("", ""),
}


@pytest.mark.parametrize("text", ACCESS)
def test_read_and_write_sets(text: str) -> None:
    action = compiled(f"@action\ndef f(self):\n{indent(text, '    ')}\n").actions[0]
    model = compiled(f"@action\ndef f(self):\n{indent(text, '    ')}\n")
    assert (names(model, action.reads), names(model, action.writes)) == ACCESS[text]


def test_a_step_reads_its_place_and_writes_where_it_goes() -> None:
    model = process('yield "a"\nself.n = 1\nyield "b"\nwhile True:\n    yield "c"\n    self.m = 1')
    assert [(names(model, a.reads), names(model, a.writes)) for a in model.actions] == [
        ("p", "n p"), ("p", "p"), ("p", "m"),
    ]  # fmt: skip


def test_spans() -> None:
    text = '@process\ndef p(self):\n    yield "a"\n    self.n = 1\n@action\ndef act(self):\n    self.m = 1\n@invariant\ndef inv(self):\n    return True\n'
    model = compiled(text)
    assert [a.span.text for a in model.actions] == ['yield "a"', "act"]
    assert [(v.name, v.span.text) for v in model.variables if v.span][:2] == [("n", "n"), ("m", "m")]
    assert model.properties[0].span.text == "inv" and model.processes[0].span.text == "p" and model.span.text == "S"
    for action in model.actions:
        for node in (x for stmt in action.body for x in walk(stmt)):
            assert node.span is not None or isinstance(node, (Assign, Const)) or "place" in model.variables[node.index].kind


# --- initial states ---------------------------------------------------------------------------------------------------

INITIAL = {
    "": 1,
    "x = Q(init=ANY)": 2,
    "x = Q(init=ANY)\ny = Array(Q, Bool(init=ANY))": 8,
    "x = Cell(x=ANY)": 4,
    "x = Option(Q, init=ANY)": 3,
    "def init(self):\n    self.n = choose(1, 2, 3)": 3,
    "def init(self):\n    self.n = choose(1, 2, 3)\n    when(self.n != 2)": 2,
    "x = Q(init=ANY)\ndef init(self):\n    if self.x == 1:\n        self.n = choose(Q)": 3,
    "def init(self):\n    for i in Q:\n        self.a[i] = choose(0, 3)\n    when(self.a[0] <= self.a[1])": 3,
}


@pytest.mark.parametrize("members", INITIAL)
def test_initial_states(members: str) -> None:
    outcomes = evaluate.initial(compiled(members + "\n"))
    assert len(outcomes) == INITIAL[members] and not any(o.failure for o in outcomes)


def test_a_process_starts_with_its_initial_values() -> None:
    model = process('x = Int(0, 3, init=2)\nif k == 2:\n    yield "a"\nyield "b"\nx += 1\nyield "c"\nself.n = x', k=3)
    found = first(model)
    assert (model.processes[0].places[found["p"]].label, found["p.x"]) == ("b", 2)
