"""What the language accepts, and what it refuses: where, and under which code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelcheck.errors import Span, SpecError
from modelcheck.frontends import load_text, python
from modelcheck.frontends.python.codes import CODES
from modelcheck.ir import surface
from modelcheck.ir.surface import Expr, Stmt
from tests.frontends.mutate import MAIN_LOOP

HEAD = "from modelcheck import Bool, Case, Const, Int, Range, Spec, assume, holds, idle, process, where, counts\n"


def codes(text: str) -> list[str]:
    """`line:column code` of every diagnostic, columns from 1 as users see them."""
    try:
        load_text(text)
    except SpecError as error:
        return [f"{d.place.removeprefix('spec.py:')} {d.code}" for d in error.diagnostics]
    return []


def method(statements: str) -> str:
    """The statements, from line 4 and column 9 on, in a method of a spec."""
    lines = "\n".join(f"        {line}" for line in statements.split("\n"))
    return f"{HEAD}class S(Spec):\n    def f(self, x):\n{lines}\n"


def statement(text: str) -> Stmt:
    return load_text(method(text)).module.classes[0].functions[0].body[0]


def expression(text: str) -> Expr:
    found = statement(f"y = {text}")
    assert isinstance(found, surface.Assign)
    return found.value


# --- accepted ---------------------------------------------------------------------------------------------------------

ACCEPTED = [
    "",
    "\n",
    '"""A spec with nothing in it."""',
    "from modelcheck import Spec",
    HEAD + "n = Const(2)",
    "from modelcheck import (\n    Spec,\n    Const as Constant,\n)\nn = Constant(-1)",
    HEAD + 'order = Const(("unset", "close"))\nn = Const(2, Int(1, 8))',
    HEAD + 'k = Const(2)\nassume(k >= 1, "why")\nassume(k < 5)',
    HEAD + "class S(Spec):\n    pass",
    HEAD + "class S(Spec):\n    '''Only a text.'''",
    HEAD + "class S(Spec):\n    a = Bool(init=True)\nclass T(S):\n    a = Bool(init=False)",
    HEAD + "class S(Spec): pass\nCASES = [Case('a', S)]",
    HEAD + "class S(Spec): pass\nCASES: list = [Case('a', S, holds())]",
    HEAD + "class S(Spec): pass\nCASES = (Case('a', S, where(n=1), counts(depth=2)),)",
    method("pass"),
    method("self.a, = 1,").replace("self.a, = 1,", "self.a = 1, 2"),
    method("'''Only a text.'''"),
    method("x += 1\nself.a[0].b -= 2\nself.s |= {1}\nself.s ^= self.t"),
    method("return"),
    method("return x"),
    method("for _ in range(3):\n    if x:\n        break\n    continue"),
    method("while True:\n    yield 'a'"),
    method("assert x, 'why'\nassert x"),
    method("yield 'a', 'f.c:1'\nyield idle('b')\nyield idle('c'), 'f.c:2'"),
    method("yield from self.p(1)\ny = yield from self.q.p(a=1)\nself.z = yield from self.p()"),
    method("y = {k: v for k in self.s for v in self.t if k if v}"),
    method("y = all(a for a in x)"),
    method("y = 0x7fffffffffffffff - -0x8000000000000000 + 1_000"),
    method("y = 'a' 'b'"),
    method("y = x[1, 2]"),
    method("y = 1 < x <= 3 != 4 and x is not None and x not in {1} or not x in [2]"),
    method("self.\u00e9t\u00e9 = 1"),
    method("def_ = 1").replace("f(self, x)", "f(self, x: Ref[EventFd])"),
    "# -*- coding: utf-8 -*-\n" + HEAD,
    method("pass").replace("\n", "\r\n"),
    method("pass  #\ta tab in a comment"),
    "\ufeff" + HEAD,
    method("y = set()"),
    method("y = list(3)").replace("class S", "list = Range(3)\nclass S"),
    MAIN_LOOP,
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    assert codes(text) == []


S = surface
AT = load_text("").module.source  # spans do not take part in comparisons: any will do
SPAN = Span(AT, 1, 0, 1, 0)


def lit(value: object) -> surface.Literal_:
    return S.Literal_(value, SPAN)


def name(id: str) -> surface.Name:
    return S.Name(id, SPAN)


EXPRESSIONS = [
    ("1", lit(1)),
    ("None", lit(None)),
    ("'a' 'b'", lit("ab")),
    ("-9223372036854775808", lit(-(2**63))),
    ("self.a[0]", S.Subscript(S.Attribute(name("self"), "a", SPAN), lit(0), SPAN)),
    ("a + b ** 2", S.Binary("+", name("a"), S.Binary("**", name("b"), lit(2), SPAN), SPAN)),
    ("not -a", S.Unary("not", S.Unary("-", name("a"), SPAN), SPAN)),
    ("a or b or c", S.BoolOp("or", (name("a"), name("b"), name("c")), SPAN)),
    ("a < b is not c", S.Compare(name("a"), ("<", "is not"), (name("b"), name("c")), SPAN)),
    ("a if b else c", S.IfExp(name("b"), name("a"), name("c"), SPAN)),
    ("{1: a}", S.Display("dict", (S.Display("tuple", (lit(1), name("a")), SPAN),), SPAN)),
    ("f(a, k=1)", S.Call(name("f"), (name("a"),), (("k", lit(1)),), SPAN)),
    (
        "{a for a in b if c}",
        S.Comprehension("set", name("a"), (S.Generator("a", name("b"), (name("c"),), SPAN),), SPAN),
    ),
    (
        "any(a for a in b)",
        S.Call(
            name("any"),
            (S.Comprehension("generator", name("a"), (S.Generator("a", name("b"), (), SPAN),), SPAN),),
            (),
            SPAN,
        ),
    ),
    (
        "{k: v for k in b}",
        S.Comprehension("dict", name("v"), (S.Generator("k", name("b"), (), SPAN),), SPAN, name("k")),
    ),
]


@pytest.mark.parametrize("text, wanted", EXPRESSIONS, ids=[text for text, _ in EXPRESSIONS])
def test_expressions(text: str, wanted: Expr) -> None:
    assert expression(text) == wanted


STATEMENTS = [
    ("x = 1", S.Assign(name("x"), lit(1), SPAN)),
    ("x //= 2", S.AugAssign(name("x"), "//", lit(2), SPAN)),
    ("yield 'a'", S.Yield("a", "step", None, SPAN)),
    ("yield 'a', 's'", S.Yield("a", "step", "s", SPAN)),
    ("yield idle('a')", S.Yield("a", "idle", None, SPAN)),
    ("yield idle('a'), 's'", S.Yield("a", "idle", "s", SPAN)),
    ("yield idle('a', 's')", S.Yield("a", "idle", "s", SPAN)),
    (
        "y = yield from self.p()",
        S.CallProcedure(S.Call(S.Attribute(name("self"), "p", SPAN), (), (), SPAN), name("y"), SPAN),
    ),
    (
        "if a: pass\nelif b: return\nelse: f()",
        S.If(
            name("a"),
            (S.Pass(SPAN),),
            (S.If(name("b"), (S.Return(None, SPAN),), (S.Evaluate(S.Call(name("f"), (), (), SPAN), SPAN),), SPAN),),
            SPAN,
        ),
    ),
    ("for i in a: break", S.For("i", name("a"), (S.Break(SPAN),), SPAN)),
    ("while a: continue", S.While(name("a"), (S.Continue(SPAN),), SPAN)),
    ("assert a, 'b'", S.Assert(name("a"), "b", SPAN)),
]


@pytest.mark.parametrize("text, wanted", STATEMENTS, ids=[text for text, _ in STATEMENTS])
def test_statements(text: str, wanted: Stmt) -> None:
    assert statement(text) == wanted


def test_the_parts_of_a_module() -> None:
    module = load_text(
        '"""Doc."""\nfrom modelcheck import Case as C, Const, Spec, assume, process as proc, violates as fails\n'
        "n = Const(2)\nassume(n > 0, 'why')\n"
        'class S(Spec):\n    """A spec.\n\n        Indented.\n    """\n'
        '    @proc(each=n, fair="weak")\n    def p(self, i):\n'
        "        '''Runs.'''\n        yield 'a'\nCASES = [C('one', S, fails('p', length=3))]\n"
    ).module
    spec, case = module.classes[0], module.cases[0]
    assert (module.doc, spec.name, spec.base, spec.doc) == ("Doc.", "S", "Spec", "A spec.\n\nIndented.")
    assert module.names[:2] == (("C", "Case"), ("Const", "Const"))
    assert [(d.name, d.span.place) for d in module.definitions] == [("n", "spec.py:3:1")]
    assert [a.reason for a in module.assumptions] == ["why"]
    function = spec.functions[0]
    assert (function.name, function.doc, function.has_yield, function.span.text) == ("p", "Runs.", True, "p")
    assert [p.name for p in function.parameters] == ["i"]
    assert [(d.name, [k for k, _ in d.keywords]) for d in function.decorators] == [("process", ["each", "fair"])]
    assert (case.name, case.spec, [e.name for e in case.expectations]) == ("one", "S", ["violates"])


def test_spans_count_characters_and_stop_where_the_line_of_a_block_ends() -> None:
    found = statement("if self.\u00e9 == '\U0001f600' and bad:\n    pass")
    assert found.span.text == "if self.\u00e9 == '\U0001f600' and bad"
    assert isinstance(found, surface.If) and isinstance(found.test, surface.BoolOp)
    assert found.test.args[1].span.text == "bad"


# --- refused: (text, the diagnostics) ---------------------------------------------------------------------------------

M, C = HEAD, HEAD + "class S(Spec): pass\n"  # a module, and one with a spec: the next line is 2, or 3
REFUSED_MODULES = [
    ("x = 1\0", "1:6 P003"),
    ("x = 1\fy", "1:6 P003"),
    ("class S:\n\tpass", "2:1 P003"),
    ("a\rb", "1:2 P003"),
    ("# \u202e", "1:3 P003"),
    ("x = '\ud800'", "1:6 P003"),
    ("# coding: latin-1\n", "1:11 P001"),
    ("x = (", "1:5 P004"),
    ("if x:\npass", "2:1 P004"),
    ("x = 1 +", "1:8 P004"),
    ("x = 'a", "1:5 P004"),
    ("  x = 1", "1:3 P004"),
    (M + "x = " + "-" * 61 + "1", "2:64 P005"),
    (M + "x = " + "-" * 9999 + "1", "2:1 P002"),
    ("import os", "1:8 P010"),
    ("import modelcheck", "1:8 P010"),
    ("import modelcheck as m, os", "1:8 P010", "1:25 P010"),
    ("from modelcheck import *", "1:24 P010"),
    ("from modelcheck.frontends.dsl import Spec", "1:1 P010"),
    ("from typing import Any", "1:1 P010"),
    ("from . import a", "1:15 P010"),
    ("from .a import *", "1:16 P010"),
    ("from __future__ import annotations", "1:1 P010"),
    ("from modelcheck import Spce", "1:24 P011"),
    ("from modelcheck import check, Spec", "1:24 P011"),
    ("from modelcheck import min", "1:24 P011"),
    ("from .nowhere import A, B", "1:22 P012"),
    ("from .spec import A", "1:19 P014"),
    (M + "if TYPE_CHECKING:\n    pass", "2:1 P015"),
    (M + "if __name__ == '__main__':\n    f()", "2:1 P015"),
    (M + "def f(): pass", "2:1 P015"),
    (M + "x: int = 3", "2:1 P015"),
    (M + "x, y = 1, 2", "2:1 P015"),
    (M + "x = y = Const(1)", "2:1 P015"),
    (M + "print(1)", "2:1 P015"),
    (M + "asume(True)", "2:1 P015"),
    (M + "with x: pass", "2:1 P015"),
    (M + "del x", "2:1 P015"),
    (M + "'''text'''", "2:1 P015"),
    (M + "...", "2:1 P015"),
    (M + "CASES += []", "2:1 P015"),
    (M + "global x", "2:1 P015"),
    (M + "pass", "2:1 P015"),
    (M + "x.y = 1", "2:1 P015"),
    (M + "x = 3", "2:5 P016"),
    (M + "x = 'a', 'b'", "2:5 P016"),
    (M + "y = {1}", "2:5 P016"),
    (M + "y = Int", "2:5 P016"),
    (M + "y = a + b", "2:5 P016"),
    (M + "y = 1.5", "2:5 P041"),
    (M + "n = Const(1)\nn = Const(2)", "3:1 P017"),
    (M + "Case = Const(1)", "2:1 P017"),
    (C + "S = Const(1)", "3:1 P017"),
    (C + "class S(Spec): pass", "3:7 P017"),
    (M + "from modelcheck import Spec", "2:24 P017"),
    (C + "CASES = []\nCASES = []", "4:1 P017"),
    (C + "CASES = [Case('a', S), Case('a', S)]", "3:24 P017"),
    (M + "assume()", "2:1 P018"),
    (M + "assume(True, why)", "2:1 P018"),
    (M + "assume(True, reason='x')", "2:1 P018"),
    (M + "LOG = 3", "2:7 P050"),
    (M + "CASES = Case", "2:9 P019"),
    (M + "CASES = [S]", "2:10 P019"),
    (C + "CASES = [Case(S)]", "3:10 P019"),
    (C + "CASES = [Case('', S)]", "3:10 P019"),
    (C + "CASES = [Case('a', S())]", "3:10 P019"),
    (C + "CASES = [Case('a', S, n=3)]", "3:23 P019"),
    (C + "CASES = [Case('a', S, **x)]", "3:23 P019"),
    (C + "CASES = [Case('a', *S)]", "3:10 P019"),
    (C + "CASES = [Case(name='a', spec=S)]", "3:15 P019", "3:25 P019", "3:10 P019"),
    (C + "CASES = [Case('a', S, 3)]", "3:23 P020"),
    (C + "CASES = [Case('a', S, hold('x'))]", "3:23 P020"),
    (C + "CASES = [Case('a', S, holds(x))]", "3:29 P020"),
    (C + "CASES = [Case('a', S, counts(size=1))]", "3:30 P020"),
    (C + "CASES = [Case('a', S, counts(1))]", "3:23 P020", "3:30 P020"),
    (C + "CASES = [Case('a', S, where(3))]", "3:23 P020", "3:29 P020"),
    (C + "CASES = [Case('a', S, counts(depth='x'))]", "3:36 P020"),
    (C + "CASES = [Case('a', S, counts(depth=-1))]", "3:36 P020"),
    (C + "CASES = [Case('a', S, *x)]", "3:23 P020"),
    (C + "CASES = [Case('a', S, violates('x'))]", "3:23 P025"),
    (C + "CASES = [Case('a', S, counts(**x))]", "3:30 P020", "3:30 P045"),
    ("assume(True)", "1:1 P025"),
    ("CASES = [Case('a', S)]", "1:10 P025"),
    (M + "class S: pass", "2:7 P021"),
    (M + "class S(Spec, Record): pass", "2:15 P021"),
    (M + "class S(a.Spec): pass", "2:9 P021"),
    (M + "class S(Spec, metaclass=X): pass", "2:15 P021"),
    (M + "@dataclass\nclass S(Spec): pass", "2:2 P021"),
    (M + "__all__ = Const(1)", "2:1 P047"),
    (M + "class __S(Spec): pass", "2:7 P047"),
    (M + "x = Range(3).y", "2:5 P016"),
    (M + "x = lambda: 1", "2:5 P040"),
]

# Parts of a class, from line 3 and column 5 on.
REFUSED_PARTS = [
    ("a: int = 3", "3:8 P026"),
    ("a = b = Bool()", "3:5 P022"),
    ("a, b = 1, 2", "3:5 P022"),
    ("class T(Spec): pass", "3:5 P022"),
    ("if x: pass", "3:5 P022"),
    ("for i in x: pass", "3:5 P022"),
    ("...", "3:5 P022"),
    ("pass\n    'text'", "4:5 P022"),
    ("import os", "3:5 P022"),
    ("from modelcheck import Int", "3:5 P022"),
    ("async def f(self): pass", "3:5 P022"),
    ("f()", "3:5 P022"),
    ("del x", "3:5 P022"),
    ("with x: pass", "3:5 P022"),
    ("a.b = Bool()", "3:5 P022"),
    ("a = Bool()\n    a = Bool()", "4:5 P017"),
    ("a = Bool()\n    def a(self): pass", "4:9 P017"),
    ("'''\x7f'''", "3:8 P003"),
    ("'''\\x1b'''", "3:5 P043"),
    ("def f(self): '''\\ud800'''", "3:18 P043"),
    ("def __init__(self): pass", "3:9 P047"),
    ("__x = Bool()", "3:5 P047"),
    ("def f(): pass", "3:9 P024"),
    ("def f(x): pass", "3:11 P024"),
    ("def f(self, x=1): pass", "3:19 P024"),
    ("def f(self, *a): pass", "3:18 P024"),
    ("def f(self, **a): pass", "3:19 P024"),
    ("def f(self, *, a): pass", "3:20 P024"),
    ("def f(self, a, /): pass", "3:11 P024", "3:17 P024"),
    ("def f(self, a, a): pass", "3:20 P024"),
    ("def f(self, self): pass", "3:17 P024"),
    ("def f(self: S): pass", "3:17 P026"),
    ("def f(self) -> int: pass", "3:20 P026"),
    ("def f(self, q: 'Ref[Q]'): pass", "3:20 P026"),
    ("def f(self, __x): pass", "3:17 P047"),
    ("@invariant\n    def f(self): pass", "3:6 P025"),
    ("@proces\n    def f(self): pass", "3:6 P023"),
    ("@property\n    def f(self): pass", "3:6 P023"),
    ("@a.process\n    def f(self): pass", "3:6 P023"),
    ("@f()()\n    def f(self): pass", "3:6 P023"),
    ("@process\n    @process\n    def f(self): pass", "4:6 P023"),
    ("@process('weak')\n    def f(self): pass", "3:14 P023"),
    ("@process(far='weak')\n    def f(self): pass", "3:14 P023"),
    ("@process(fair='fair')\n    def f(self): pass", "3:19 P023"),
    ("@process(fair=True)\n    def f(self): pass", "3:19 P023"),
    ("@process(unfair='a')\n    def f(self): pass", "3:21 P023"),
    ("@process(unfair=(1,))\n    def f(self): pass", "3:21 P023"),
    ("@process(**x)\n    def f(self): pass", "3:14 P023", "3:14 P045"),
]

# Statements, from line 4 and column 9 on.
REFUSED_STATEMENTS = [
    ("try:\n    x = 1.5\nexcept E:\n    pass", "4:9 P030", "5:17 P041"),
    ("raise E", "4:9 P030"),
    ("with a:\n    b = 1j", "4:9 P030", "5:17 P041"),
    ("del x", "4:9 P030"),
    ("global x", "4:9 P030"),
    ("nonlocal x", "4:9 P030"),
    ("import os", "4:9 P030"),
    ("from .a import b", "4:9 P030"),
    ("def g(): pass", "4:9 P030"),
    ("class T: pass", "4:9 P030"),
    ("match x:\n    case 1: pass", "4:9 P030"),
    ("async def g(): pass", "4:9 P030"),
    ("async for i in x: pass", "4:9 P030"),
    ("a = b = 1", "4:9 P031"),
    ("a, b = 1, 2", "4:9 P031"),
    ("[a] = x", "4:9 P031"),
    ("*a, = x", "4:9 P031"),
    ("self = 1", "4:9 P031"),
    ("a: int = 1", "4:12 P026"),
    ("a: int", "4:12 P026"),
    ("self.a: int = 1.5", "4:17 P026", "4:23 P041"),
    ("x", "4:9 P032"),
    ("x == 1", "4:9 P032"),
    ("self.f", "4:9 P032"),
    ("pass\n'text'", "5:9 P032"),
    ("x + 1", "4:9 P032"),
    ("[f(i) for i in x]", "4:9 P032"),
    ("...", "4:9 P041"),
    ("yield", "4:9 P033"),
    ("yield 1", "4:15 P033"),
    ("yield ''", "4:15 P033"),
    ("yield ' '", "4:15 P033"),
    ("yield x", "4:15 P033"),
    ("yield f'{x}'", "4:15 P033"),
    ("yield 'a', 1", "4:20 P033"),
    ("yield 'a', 'b', 'c'", "4:15 P033"),
    ("yield idle()", "4:15 P033"),
    ("yield idle(x)", "4:20 P033"),
    ("yield wait('a')", "4:15 P033"),
    ("yield idle('a', 'b'), 'c'", "4:15 P033"),
    ("yield idle(label='a')", "4:15 P033"),
    ("yield 'a\\nb'", "4:15 P043"),
    ("yield from x", "4:9 P033"),
    ("yield from f()", "4:9 P033"),
    ("y = yield 'a'", "4:13 P034"),
    ("return (yield 'a')", "4:17 P034"),
    ("f((yield))", "4:12 P034"),
    ("return (yield from self.f())", "4:17 P034"),
    ("break", "4:9 P035"),
    ("continue", "4:9 P035"),
    ("if x:\n    break", "5:13 P035"),
    ("for i in x: pass\nelse: pass", "5:15 P036"),
    ("while x: pass\nelse: pass", "5:15 P036"),
    ("assert x, 1", "4:19 P037"),
    ("assert x, f'{x}'", "4:19 P037"),
    ("for i, j in x: pass", "4:13 P038"),
    ("for self in x: pass", "4:13 P038"),
    ("for self.i in x: pass", "4:13 P038"),
    ("x /= 2", "4:9 P044"),
    ("x <<= 2", "4:9 P044"),
    ("a, b += 1", "4:9 P004"),
]

# Expressions, from line 4 and column 13 on.
REFUSED_EXPRESSIONS = [
    ("lambda: 1", "4:13 P040"),
    ("f'{x}'", "4:13 P040"),
    ("(z := 1)", "4:14 P040"),
    ("await x", "4:13 P040"),
    ("[*a]", "4:14 P040"),
    ("a[1:2]", "4:15 P040"),
    ("1.5", "4:13 P041"),
    ("1e3", "4:13 P041"),
    ("2j", "4:13 P041"),
    ("b'x'", "4:13 P041"),
    ("...", "4:13 P041"),
    ("9223372036854775808", "4:13 P042"),
    ("-9223372036854775809", "4:14 P042"),
    ("0x" + "f" * 9000, "4:13 P042"),
    ("9" * 5000, "4:1 P004"),
    ("'\\t'", "4:13 P043"),
    ("'\\ud800'", "4:13 P043"),
    ("'\\0'", "4:13 P043"),
    ("'''a\nb'''", "4:13 P043"),
    ("x / 2", "4:13 P044"),
    ("x << 2", "4:13 P044"),
    ("x >> 2", "4:13 P044"),
    ("x @ y", "4:13 P044"),
    ("~x", "4:13 P044"),
    ("f(*a)", "4:15 P045"),
    ("f(**a)", "4:15 P045"),
    ("f(a=1, a=2)", "4:20 P045"),
    ("f()()", "4:13 P045"),
    ("a[0]()", "4:13 P045"),
    ("(f if x else g)()", "4:14 P045"),
    ("eval('x')", "4:13 P046"),
    ("int(x)", "4:13 P046"),
    ("sorted(x)", "4:13 P046"),
    ("super().f()", "4:13 P046"),
    ("getattr(self, 'x')", "4:13 P046"),
    ("print(x)", "4:13 P046"),
    ("__import__('os')", "4:13 P046", "4:13 P047"),
    ("'a'.upper()", "4:13 P047"),
    ("1 .real", "4:13 P047"),
    ("f'{x}'.y", "4:13 P047", "4:13 P040"),
    ("self.__class__", "4:13 P047"),
    ("__name__", "4:13 P047"),
    ("[i for i, j in x]", "4:20 P048"),
    ("[i async for i in x]", "4:26 P048"),
    ("f(1, (i for i in x))", "4:18 P048"),
    ("(i for i in x)", "4:13 P048"),
    ("f(i for i in x, 1)", "4:15 P004"),
    ("f(k=(i for i in x))", "4:17 P048"),
    ("{}", "4:13 P049"),
    ("{**a}", "4:16 P049"),
    ("'\u00e9\u00e9' + 1.5 + '\U0001f600' + 2.5", "4:20 P041", "4:32 P041"),
]

REFUSED = [
    *REFUSED_MODULES,
    *((f"{HEAD}class S(Spec):\n    {text}\n", *wanted) for text, *wanted in REFUSED_PARTS),
    *((method(text), *wanted) for text, *wanted in REFUSED_STATEMENTS),
    *((method(f"y = {text}"), *wanted) for text, *wanted in REFUSED_EXPRESSIONS),
]


@pytest.mark.parametrize(
    "text, wanted", [(text, wanted) for text, *wanted in REFUSED], ids=[text[-40:].strip() for text, *_ in REFUSED]
)
def test_refused(text: str, wanted: list[str]) -> None:
    assert _comparable(codes(text)) == _comparable(wanted)


def _comparable(found: list[str]) -> list[str]:
    """Where in its line a syntax error stands differs between versions of Python."""
    return sorted(re.sub(r":\d+ P004", " P004", item) for item in found)


def test_every_code_is_refused_by_some_text_and_none_is_unknown() -> None:
    seen = {place.split()[1] for _, *wanted in REFUSED for place in wanted}
    package = Path(python.__file__).parent
    texts = [path.read_text() for path in (*package.glob("*.py"), package.parent / "source.py")]
    used = {code for text in texts for code in re.findall(r"P\d\d\d", text)}
    assert used <= CODES.keys()
    assert seen | {"P013"} == CODES.keys()  # P013 takes two files: see test_files


def test_every_file_and_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("x = 1.5\nimport os\n")
    (tmp_path / "spec.py").write_text("from .part import x\ny = lambda: 1\nz = 2\n")
    with pytest.raises(SpecError) as caught:
        load_text((tmp_path / "spec.py").read_text(), str(tmp_path / "spec.py"))
    found = [f"{Path(d.span.source.path).name}:{d.span.line} {d.code}" for d in caught.value.diagnostics if d.span]
    assert found == ["spec.py:2 P040", "spec.py:3 P016", "part.py:1 P041", "part.py:2 P010"]
