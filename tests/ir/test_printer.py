"""Values, expressions, models and programs as text."""

import pytest

from modelcheck.errors import Source, Span
from modelcheck.ir import surface as f
from modelcheck.ir.nodes import Bind, Cond, Const, Construct, Local, Quantifier, Variable, children, walk
from modelcheck.ir.ops import Op
from modelcheck.ir.printer import print_expr, print_model, print_program, show_value
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
from tests.models import apply, both, either, element, field_of, implies, integer, model, negate, variable
from tests.random_models import random_model

DIGIT, NODE, PHASE = IntType(0, 9), ScalarsetType(2, "Node"), EnumType(("idle", "busy"))
SLOT = RecordType("Slot", (("phase", PHASE), ("owner", OptionType(NODE))))


@pytest.mark.parametrize(
    "t, value, text",
    [
        (BOOL, True, "True"),
        (DIGIT, 7, "7"),
        (PHASE, "idle", '"idle"'),
        (NODE, 1, "Node1"),
        (SetType(DIGIT), frozenset({9, 1, 5}), "{1, 5, 9}"),
        (SetType(PHASE), frozenset({"busy", "idle"}), '{"idle", "busy"}'),
        (SeqType(DIGIT, 3), (3, 1), "[3, 1]"),
        (SeqType(DIGIT, 3), (), "[]"),
        (OptionType(NODE), None, "None"),
        (OptionType(NODE), 0, "Node0"),
        (ArrayType(IntType(0, 1), BOOL), (True, False), "[True, False]"),
        (ArrayType(IntType(1, 2), BOOL), (True, False), "{1: True, 2: False}"),
        (ArrayType(NODE, DIGIT), (4, 5), "{Node0: 4, Node1: 5}"),
        (SLOT, ("busy", 1), 'Slot(phase="busy", owner=Node1)'),
    ],
)
def test_a_value(t, value, text):
    assert show_value(t, value) == text


DECLS = tuple(map(variable, "absq", (DIGIT, DIGIT, SetType(DIGIT), ArrayType(NODE, SLOT))))
A, B, S, Q = (Variable(i, d.type) for i, d in enumerate(DECLS))
M = model("printed", DECLS, (), ())
X = Local("x", DIGIT)
LESS, EQUAL = apply(Op.LT, A, B), apply(Op.EQ, A, B)


@pytest.mark.parametrize(
    "expr, text",
    [
        (apply(Op.ADD, A, apply(Op.MUL, B, integer(2))), "self.a + self.b * 2"),
        (apply(Op.MUL, apply(Op.ADD, A, B), integer(-2)), "(self.a + self.b) * -2"),
        (apply(Op.SUB, A, apply(Op.SUB, B, A)), "self.a - (self.b - self.a)"),
        (apply(Op.SUB, apply(Op.SUB, A, B), A), "self.a - self.b - self.a"),
        (apply(Op.NEG, apply(Op.ADD, A, B)), "-(self.a + self.b)"),
        (apply(Op.EQ, LESS, EQUAL), "(self.a < self.b) == (self.a == self.b)"),
        (negate(LESS), "not self.a < self.b"),
        (negate(both(LESS, EQUAL)), "not (self.a < self.b and self.a == self.b)"),
        (both(either(LESS, EQUAL), LESS), "(self.a < self.b or self.a == self.b) and self.a < self.b"),
        (implies(LESS, EQUAL), "implies(self.a < self.b, self.a == self.b)"),
        (apply(Op.IN, A, apply(Op.UNION, S, S)), "self.a in self.s | self.s"),
        (apply(Op.WITH, S, A), "self.s.add(self.a)"),
        (apply(Op.CARDINALITY, S), "len(self.s)"),
        (apply(Op.RANGE, integer(0), A), "range(0, self.a)"),
        (Cond(LESS, A, B, DIGIT), "self.a if self.a < self.b else self.b"),
        (apply(Op.ADD, Cond(LESS, A, B, DIGIT), A), "(self.a if self.a < self.b else self.b) + self.a"),
        (field_of(element(Q, Const(1, NODE)), "phase"), "self.q[Node1].phase"),
        (Variable(0, DIGIT, after=True), "after.a"),
        (apply(Op.CAST, apply(Op.ADD, A, B), type=DIGIT), "self.a + self.b as 0..9"),
        (apply(Op.GET, field_of(element(Q, Const(1, NODE)), "owner")), "self.q[Node1].owner"),
        (Construct((A, B), S.type), "{self.a, self.b}"),
        (Quantifier("all", X, S, apply(Op.LT, X, A), BOOL), "all(x < self.a for x in self.s)"),
        (Quantifier("set", X, S, X, S.type, LESS), "{x for x in self.s if self.a < self.b}"),
        (Bind(X, A, apply(Op.ADD, X, B), IntType(0, 18)), "x + self.b where x = self.a"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_an_expression(expr, text):
    assert print_expr(expr, M) == text


def test_a_model_reads_like_a_grammar():
    lines = print_model(models.kick_and_serve()).splitlines()
    start = lines.index("action 2 server: select fair=weak")
    assert lines[start + 1 : start + 4] == [
        "    when self.signalled",
        "    self.signalled = False",
        "    self.server.place = 1",
    ]
    assert "process server fair=weak: idle 'select', 'serve'; starts at 'select'" in lines


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_model_it_has_a_text(seed):
    m = random_model(seed)
    assert print_model(m).count("\naction ") == len(m.actions)
    for node in (n for p in m.predicates for n in walk(p)):
        assert len(print_expr(node, m)) >= len(children(node))


SPAN = Span(Source("specs/a.py", ""), 1, 0, 1, 1)


def name(text):
    return f.Name(text, SPAN)


def literal(value):
    return f.Literal_(value, SPAN)


def test_a_program_reads_like_its_source():
    flag = f.Attribute(name("self"), "flag", SPAN)
    test = f.Compare(literal(0), ("<", "<="), (name("i"), literal(2)), SPAN)
    power = f.Binary("**", f.Binary("**", literal(2), literal(3), SPAN), literal(2), SPAN)
    ready = f.Comprehension("set", name("q"), (f.Generator("q", name("Queue"), (test,), SPAN),), SPAN)
    body = (
        f.Yield("go", "idle", None, SPAN),
        f.If(test, (f.Break(SPAN),), (f.AugAssign(flag, "+", power, SPAN),), SPAN),
        f.While(f.Unary("not", f.BoolOp("or", (flag, test), SPAN), SPAN), (f.Pass(SPAN),), SPAN),
        f.Assign(f.Subscript(flag, name("i"), SPAN), ready, SPAN),
        f.Evaluate(f.Call(name("when"), (literal(True),), (("why", literal("so")),), SPAN), SPAN),
        f.Yield("stop", "step", "a.c:1", SPAN),
        f.Return(None, SPAN),
    )
    process = f.Decorator("process", (), (("fair", literal("weak")),), SPAN)
    function = f.Function("run", (f.Parameter("i", name("Queue"), SPAN),), (process,), body, "", True, SPAN)
    field = f.FieldDef("flag", f.Call(name("Bool"), (), (("init", literal(False)),), SPAN), SPAN)
    spec = f.ClassDef("A", "Spec", (field,), (function,), "", SPAN)
    n = f.Definition("n", f.Call(name("Const"), (literal(2),), (), SPAN), SPAN)
    case = f.CaseDef("plain", "A", (f.Expectation("holds", (literal("safe"),), (), SPAN),), SPAN)
    module = f.Module(SPAN.source, "", (), (), (n,), (f.Assumption(test, "why", SPAN),), (spec,), (case,))
    assert print_program(f.Program("specs/a.py", {"specs/a.py": module})) == (
        "# specs/a.py\n"
        "n = Const(2)\n"
        'assume(0 < i <= 2, "why")\n'
        "class A(Spec):\n"
        "    flag = Bool(init=False)\n"
        '    @process(fair="weak")\n'
        "    def run(self, i: Queue):\n"
        '        yield idle("go")\n'
        "        if 0 < i <= 2:\n"
        "            break\n"
        "        else:\n"
        "            self.flag += (2 ** 3) ** 2\n"
        "        while not (self.flag or 0 < i <= 2):\n"
        "            pass\n"
        "        self.flag[i] = {q for q in Queue if 0 < i <= 2}\n"
        '        when(True, why="so")\n'
        '        yield "stop", "a.c:1"\n'
        "        return\n"
        "case 'plain': A, holds(\"safe\")\n"
    )
