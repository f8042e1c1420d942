"""What the passes refuse: each text marks the place where it is wrong with its code, `when(§T003§self.n)`."""

from __future__ import annotations

import re

import pytest

from modelcheck import passes
from modelcheck.errors import AssumptionError, SpecError
from modelcheck.frontends import load_text
from modelcheck.passes.codes import CODES
from tests.passes import test_clocks

HEAD = """\
from modelcheck import (
    ANY, Array, Bool, Case, Clock, Const, Enum, Int, Option, Range, Record, Ref, Scalarset, Seq, Set, Spec, action,
    action_invariant, always, assume, at, choose, constraint, done, enabled, eventually, happens, holds, idle, implies,
    invariant, leads_to, procedure, process, reachable, temporal, until, violates, when, where,
)

"""

# A spec around the statements of an action, of a process, or the formula of an invariant.
PARTS = """\
Phase = Enum("idle", "busy")
Q = Range(2)
RM = Scalarset(3)
size = Const(2)
order = Const(("a", "b"))


class Loose(Record):
    count = Int(0, 2, init=ANY)


class E(Record):
    count = Int(0, 2, init=0)

    def up(self):
        self.count += 1

    def full(self):
        return self.count == 2


class S(Spec):
    n = Int(0, 3, init=0)
    b = Bool(init=False)
    phase = Phase(init="idle")
    e = Array(Q, E())
    o = Option(Q, init=None)
    s = Set(Q, init=set())
    q = Seq(Q, 3, init=())
    a = Array(Q, Int(0, 3, init=0))
    r = RM(init=ANY)

    def set_n(self):
        self.n = 1

    def get_n(self):
        return self.n

    def changed(self, x):
        self.n = x
        return True

    def new(self):
        return E()

    def with_ref(self, e: Ref[E]):
        e.up()

    @action
    def another(self):
        self.n = 1

    @invariant
    def fine(self):
        return True

    @procedure
    def steps(self):
        yield "in a procedure"
        self.n = 0

    @process
    def p(self):
        local = Int(0, 3, init=0)
        yield "one"
        local = 1
        yield "two"
        self.n = local

    @process(each=Q)
    def family(self, i):
        yield "first"
        self.a[i] = 1

"""
ACTION = PARTS + "    @action\n    def act(self):\n"
PROCESS = PARTS + "    @process\n    def proc(self):\n"
INVARIANT = PARTS + "    @invariant\n    def inv(self):\n        return "
FORMULA = PARTS + "    def ever(self, x):\n        return eventually(self.n == x)\n\n    @temporal\n    def formula(self):\n        return "

IN_AN_ACTION = {
    "an unknown variable": "§N002§self.m = 2",
    "an unknown method": "§N002§self.foo()",
    "an unknown method of a record": "§N002§self.e[0].upp()",
    "an unknown method of a set": "§N002§self.s.append(1)",
    "an unknown method of a sequence": "§N002§self.q.add(1)",
    "an unknown field": "self.n = §N002§self.e[0].cnt",
    "an unknown name": "self.n = §N001§nn",
    "a Bool for an integer": "self.n = §T001§self.b",
    "an integer for a Bool": "self.b = §T001§1",
    "no literal of the Enum": 'self.phase = §T007§"bussy"',
    "a truth value of an integer": "when(§T003§self.n)",
    "a truth value of a set": "if §T003§self.s: pass",
    "a truth value of an option": "assert §T003§self.o",
    "plus of a string": '§T002§self.n += "a"',
    "plus of a Bool": "self.n = §T002§self.n + True",
    "a set operator of integers": "self.n = §T002§self.n | 1",
    "values of two types in a choice": 'x = choose(1, §T002§"a")',
    "two types compared": "when(§T002§self.n == self.b)",
    "an order of an Enum": 'when(§T022§self.phase < "busy")',
    "an order of a Scalarset": "when(§T022§self.r < self.r)",
    "a loop over a Scalarset": "for r in §T022§RM:\n            self.r = r",
    "a name bound twice": "x = 1\n        §N008§x = 2",
    "a name changed": "x = 1\n        §N008§x += 2",
    "a name from a block that has ended": "if self.b:\n            x = 1\n        self.n = §N009§x",
    "a declared local twice": "x = Int(0, 1, init=0)\n        §N003§x = Int(0, 1, init=0)",
    "a local without an initial value": "x = §T016§Int(0, 1)",
    "a local that starts with anything": "§T016§x = Int(0, 1, init=ANY)",
    "an empty set without a type": "x = §T009§set()",
    "None without a type": "x = §T009§None",
    "strings without a type": 'x = §T009§choose("a", "b")',
    "a name for a record": "§T030§x = self.e[0]",
    "an index from the end": "self.n = self.q[§T012§-1]",
    "an index of an integer": "self.n = §T011§self.n[0]",
    "a field of an integer": "self.n = §T011§self.n.x",
    "a choice from an integer": "x = choose(§T024§self.n)",
    "a choice from a sequence": "x = choose(§T024§self.q)",
    "a choice in an expression": "self.n = max(§T027§choose(1, 2), 1)",
    "a choice of nothing": "x = §T004§choose()",
    "a loop over an integer": "for i in §T024§3: pass",
    "a loop over an array": "for i in §T024§self.a: pass",
    "a type as a value": "self.n = §T010§Q",
    "a method as a value": "self.n = §T010§self.get_n",
    "a process as a value": "self.n = §T010§self.p",
    "the state as a value": "self.n = §T010§self",
    "a statement without effect": '§T031§at(self.p, "one")',
    "two conditions": "§T004§when(True, False)",
    "too few arguments": "§T004§self.changed()",
    "a helper without a value": "self.n = §T029§self.set_n()",
    "a procedure in an action": "§P061§self.steps()",
    "an assignment to a method of a record": "§N002§self.e[0].full = 1",
    "an assignment to a process's local": "§T021§self.p.local = 1",
    "`is` of two values": "when(§T023§self.n is self.n)",
    "`is None` of an integer": "when(§T023§self.n is None)",
    "a power of a variable": "self.n = §T005§2 ** self.n",
    "a huge power": "self.n = §T008§2 ** 64",
    "a length of an integer": "self.n = §T002§len(self.n)",
    "a quantifier over a set of Bools": "self.b = all(§T004§self.s)",
    "a sum of Bools": "self.n = sum(§T002§self.b for i in Q)",
    "an array of the wrong length": "self.a = §T025§[1]",
    "a dict that lacks an index": "self.a = §T025§{0: 1}",
    "a list over a Scalarset": "self.q = §T022§[0 for r in RM]",
    "a range with a variable step": "for i in §T005§range(0, 3, self.n): pass",
    "a list with two loops": "self.q = §T026§[i for i in Q for j in Q]",
    "a pop in the middle": "x = §T004§self.q.pop(1)",
    "a helper with effects in a comprehension": "self.s = {i for i in Q if §T028§self.changed(i)}",
    "a string that is not known before the search": 'x = (§T015§"a" if self.b else "b")\n        when(x == "a")',
    "always in an action": "when(§T020§always(self.b))",
    "happens in an action": 'when(§T020§happens(self.p, "one"))',
    "a loop that never yields": "§P066§while self.n < 2:\n            self.n += 1",
    "a value returned": "§T029§return 3",
    "a positional field": "self.e[0] = E(§T004§1)",
    "a declaration as a value": "self.n = §T027§Int(0, 3)",
    "a name that is no function": "self.n = §T004§size(3)",
    "two arguments for one": "self.n = §T002§len(self.n)\n        self.n = §T004§abs(1, 2)",
    "the least of nothing at all": "self.n = §T004§min()",
    "a field that starts with anything": "x = §T016§Loose()",
    "a change as a value": "self.b = §T027§self.s.add(1)",
    "a method of a process": "§T004§self.p.add(1)",
    "strings in a set": "x = §T015§{p for p in order if self.b}",
    "a set of large numbers": "x = §T018§{0, 100000}",
    "a range without an end": "for i in §T004§range(): pass",
    "a range of Bools": "for i in range(§T001§self.b): pass",
    "a range that stands still": "for i in §T004§range(0, 3, 0): pass",
    "a long range": "for i in §T018§range(10**18): pass",
    "a long range at run time": "for i in §T018§range(self.n, 100000): pass",
    "a loop over a large type": "for i in §T018§Int(0, 100000): pass",
    "a dict without a type": "x = §T009§{0: 1, 1: 2}",
    "an index twice in a dict": "self.a = {0: 1, §T025§0: 2, 1: 3}",
    "a loop over a set of strings": 'for p in §T022§{"idle", "busy"}:\n            self.phase = p',
    "a list over a set of strings": 'x = §T022§[p for p in {"idle", "busy"}]',
    "a generator as a value": "self.changed§T009§(x for x in Q)",
    "a dict over a set": "self.a = §T026§{i: 1 for i in self.s}",
    "a dict with another key": "self.a = §T026§{i + 1: 1 for i in Q}",
    "too many rounds": "self.b = all§T018§(x + y + z > 0 for x in Int(0, 999) for y in Int(0, 999) for z in Int(0, 99))",
    "a large set by several loops": "x = §T018§{a * 200 + b for a in Int(0, 200) for b in Int(0, 200)}",
    "a Scalarset by number": "self.r = §T001§1",
    "a value for a Ref": "self.with_ref(§T028§E())",
    "another record for a Ref": "self.with_ref(§T001§self.n)",
    "a type that is changed": "§T021§Q += 1",
    "a spec as a value": "self.n = §T010§S",
    "the value of a helper that is assigned": "§T021§self.new().count = 1",
    "a method of a new record that changes it": "x = E()\n        §T021§x.count = 1",
    "a constant from a choice": "x = Int(0, §T005§self.q.pop(), init=0)",
    "a constant from a local": "x = self.n\n        y = Int(0, §T005§x, init=0)",
    "a constant that takes long":
        "x = Int(0, §T005§sum(a * b for a in Int(0, 999) for b in Int(0, 999)), init=0)",
    "a list where a set is wanted": "self.s = §T001§[0]",
    "an element of another type": "self.s = {0, §T001§True}",
    "two kinds in one display": "x = [1, §T002§True]",
    "a set where a sequence is wanted": "self.q = §T001§{0}",
    "a difference of sequences": "self.q = §T002§self.q - [1]",
    "an Enum in a sum": 'self.n = §T002§self.n + self.phase',
    "a comparison of a record with a number": "when(§T002§self.e[0] == 1)",
    "a membership of another type": 'when(§T001§True in self.s)',
    "a step in an expression": "self.n = self.get_n() + §T027§self.steps()",
    "a call of an action": "§T027§self.another()",
    "a call of a property": "when(§T027§self.fine())",
    "an unknown field given": "self.e[0] = E(cnt=§N002§1)",
}  # fmt: skip

IN_A_PROCESS = {
    "a step before the first yield": "§P062§self.n = 1\n        yield \"a\"",
    "a test before the first yield": "if §P062§self.b:\n            yield \"a\"\n        yield \"b\"",
    "a label twice": 'yield "a"\n        self.n = 1\n        §N003§yield "a"',
    "a round without a yield": 'yield "a"\n        §P066§while True:\n            self.n = 1',
    "an unknown procedure": 'yield "a"\n        yield from §N002§self.nothing()',
    "a helper as a procedure": 'yield "a"\n        §T027§yield from self.set_n()',
    "a procedure without a value": 'yield "a"\n        §T029§x = yield from self.steps()',
    "a procedure in an expression": 'yield "a"\n        self.n = 1 + §T027§self.steps()',
    "a procedure of a set": 'yield "a"\n        §T027§yield from self.s.add(1)',
    "a string that lives from step to step":
        'yield "a"\n        x = "a" if self.b else "b"\n        yield "b"\n        if §T015§x == "a":\n            self.n = 1',
    "an assignment before the first yield": 'x = Int(0, 3, init=0)\n        §P062§x = 2\n        yield "a"\n        self.n = x',
    "a choice before the first yield": '§P062§x = choose(Q)\n        yield "a"\n        self.n = x',
}

IN_AN_INVARIANT = {
    "an unknown label": 'at(self.p, §N005§"three")',
    "an unknown process": 'at(§T019§self.q, "one")',
    "an index of a single process": 'at(§T019§self.p[0], "one")',
    "no index of a family": 'at(§T019§self.family, "first")',
    "an unknown local": "§N002§self.p.nothing == 1",
    "no label": "§T004§at(self.p)",
    "the place done": 'at(self.p, §N005§"done")',
    "a label of another process": 'at(self.p, §N005§"first")',
    "a label that is no string": "at(self.p, §T004§1)",
    "done of two": "§T004§done(self.p, self.p)",
    "a pop of a set": "§N002§self.s.pop() == 1",
    "a pop": "§T028§self.q.pop() == 1",
    "a helper with effects": "§T028§self.changed(1)",
    "several mistakes at once": 'at(self.p, §N005§"x") or §N002§self.m == 1 or §N001§y',
}

IN_A_FORMULA = {
    "a number": "always(§T003§self.n)",
    "two arguments": "§T004§always(self.b, self.b)",
    "a formula in a sum": "sum(§T002§always(self.b) for i in Q) > 0",
    "a formula in a list": "len(§T020§[always(self.b) for i in Q]) > 0",
    "a formula compared": "§T020§always(self.b) == self.b",
    "formulas in a tuple": "self.b in (§T020§always(self.b),)".replace("self.b in (§T020§always(self.b),)", "§T020§self.b in (always(self.b),)"),
    "formulas over a set": "all§T020§(eventually(self.n == i) for i in self.s)",
    "a choice between formulas": "§T020§always(self.b) if self.b else eventually(self.b)",
    "a helper whose argument changes": "§T020§self.ever(self.n)",
    "happens of nothing": "§T004§happens()",
    "happens of two labels": '§T004§happens(self.p, "one", "two")',
    "happens of a variable": "happens(§T019§self.n)",
    "happens of an unknown step": 'happens(self.p, §N005§"three")',
    "too many arguments of an action": "§T004§enabled(self.another, 1)",
    "an instance that is not there": "enabled(self.family[§T006§7])",
    "an instance that is not constant": "enabled(self.family[§T005§self.n])",
    "half an index": "enabled(§T019§self.p[0])",
}

AT_THE_TOP = {
    "a helper that calls itself":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def f(self, x):\n        return §N007§self.f(x)\n\n"
        "    @action\n    def g(self):\n        self.n = self.f(1)\n",
    "a yield in an action": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @action\n    def §P060§g(self):\n"
        "        yield \"a\"\n        self.n = 1\n",
    "a helper with a yield and no decorator":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def §P069§f(self):\n        yield \"a\"\n        self.n = 1\n\n"
        "    @process\n    def p(self):\n        yield \"b\"\n        yield from self.f()\n",
    "an invariant that changes the state":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @invariant\n    def f(self):\n        §T028§self.n = 1\n"
        "        return True\n",
    "an invariant that is no condition":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @invariant\n    def §T003§f(self):\n        return self.n\n",
    "a result on some ways only":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def §T029§f(self):\n        if self.n > 1:\n            return 1\n\n"
        "    @action\n    def g(self):\n        self.n = self.f()\n",
    "a loop with steps over a set of sets":
        "class T(Spec):\n    n = Set(Set(Bool), init=set())\n\n    @process\n    def p(self):\n        yield \"a\"\n"
        "        §P067§for x in self.n:\n            yield \"b\"\n            self.n.discard(x)\n",
    "more places than are sensible":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @process\n    def p(self):\n        for i in range(9999):\n"
        "            §P063§yield \"a\"\n            self.n = 0\n",
    "an unknown base": "class §N006§T(Q):\n    pass\n\nQ = Range(2)\n",
    "an unknown type": "class T(Spec):\n    n = §N001§Foo(init=1)\n",
    "no type": "class T(Spec):\n    n = §T017§3\n",
    "no initial value": "class T(Spec):\n    n = §T016§Int(0, 3)\n",
    "an initial value outside": "class T(Spec):\n    n = Int(0, 3, init=§T006§5)\n",
    "an empty interval": "class T(Spec):\n    n = §T018§Int(3, 1, init=3)\n",
    "one bound": "class T(Spec):\n    n = §T004§Int(3, init=3)\n",
    "an option of an option": "class T(Spec):\n    o = §T018§Option(Option(Bool), init=None)\n",
    "an array over a set": "class T(Spec):\n    a = Array(§T013§Set(Bool), Bool(init=True))\n",
    "a constant that needs itself": "k = Const(§N004§k + 1)\n\nclass T(Spec):\n    n = Int(0, k, init=0)\n",
    "a division by zero": "k = Const(0)\n\nclass T(Spec):\n    n = Int(0, §T006§3 // k, init=0)\n",
    "no constant": "class T(Spec):\n    n = Int(0, 3, init=0)\n    m = Int(0, §T005§self.n, init=0)\n",
    "a parameter without a type": "class T(Spec):\n    b = Bool(init=True)\n\n    @action\n    def §T004§f(self, x):\n        self.b = x\n",
    "too many instances": "class T(Spec):\n    b = Bool(init=True)\n\n    @action(x=Range(9999))\n    def §T014§f(self, x):\n        self.b = x > 1\n",
    "instances of a set": "class T(Spec):\n    b = Bool(init=True)\n\n    @action(x=§T013§Set(Bool))\n    def f(self, x):\n        self.b = True\n",
    "parameters of a property": "class T(Spec):\n    b = Bool(init=True)\n\n    @action_invariant\n    def §T004§f(self):\n        return self.b\n",
    "an invariant in a record": "class R(Record):\n    b = Bool(init=True)\n\n    @invariant\n    def §N006§f(self):\n        return self.b\n\nclass T(Spec):\n    r = R()\n",
    "each without a parameter": "class T(Spec):\n    b = Bool(init=True)\n\n    @process(each=Bool)\n    def §T004§f(self):\n        yield \"a\"\n        self.b = True\n",
    "unfair by an unknown label": "class T(Spec):\n    b = Bool(init=True)\n\n    @process(fair=\"weak\", unfair=(§N005§\"z\",))\n    def f(self):\n        yield \"a\"\n        self.b = True\n",
    "a constant without a value": "§T004§k = Const()\n\nclass T(Spec):\n    n = Int(0, 3, init=0)\n",
    "a constant that is a set": "k = Const(§T001§{1, 2})\n\nclass T(Spec):\n    n = Int(0, 3, init=0)\n",
    "a constant outside its type": "k = Const(§T006§9, Int(0, 3))\n\nclass T(Spec):\n    n = Int(0, k, init=0)\n",
    "an initial value beyond 64 bits": "class T(Spec):\n    n = Int(0, 3, init=§T008§2**62 * 4)\n",
    "a number for a Scalarset": "R = Scalarset(2)\n\nclass T(Spec):\n    r = R(init=§T001§0)\n",
    "a value for a named type": "P = Range(2)\n\nclass T(Spec):\n    p = P(§T004§1)\n",
    "an unknown option of a type": "class T(Spec):\n    n = Int(0, 3, initial=§T004§1)\n",
    "a negative size": "class T(Spec):\n    q = Seq(Bool, §T018§-1, init=())\n",
    "a negative Range": "Q = Range(§T018§-1)\n\nclass T(Spec):\n    q = Q(init=0)\n",
    "a size that is a string": 'Q = Range(§T001§"a")\n\nclass T(Spec):\n    q = Q(init=0)\n',
    "a type without a value": "class T(Spec):\n    n = §T018§Range(0)(init=0)\n".replace("Range(0)(init=0)", "Empty(init=0)") + "\nEmpty = Range(0)\n",
    "an array without an element": "Empty = Range(0)\n\nclass T(Spec):\n    a = Array(§T018§Empty, Bool(init=True))\n",
    "a huge index type": "class T(Spec):\n    a = Array(§T018§Int(0, 10**9), Bool(init=True))\n",
    "an array of many parts": "class T(Spec):\n    a = §T018§Array(Int(0, 999), Array(Int(0, 999), Int(1, 1, init=1)))\n",
    "a set over a large type": "class T(Spec):\n    s = §B001§Set(Int(0, 10**6), init=set())\n",
    "a state of too many bits": "class T(Spec):\n    a = §B002§Array(Int(0, 999), Seq(Int(0, 99), 99, init=()))\n",
    "anything of a large type": "class T(Spec):\n    n = Int(0, 10**6, init=§T018§ANY)\n",
    "too many initial states": "class T(Spec):\n    n = Int(0, 999, init=ANY)\n    §T018§m = Int(0, 9999, init=ANY)\n",
    "`init` with a parameter": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def §T004§init(self, x):\n        self.n = x\n",
    "`init` with a step": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def §P061§init(self):\n        yield \"a\"\n",
    "an invariant with a step": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @invariant\n    def §P061§inv(self):\n        yield \"a\"\n",
    "a record that acts in a sequence":
        "class R(Record):\n    n = Int(0, 3, init=0)\n\n    @action\n    def act(self):\n        self.n = 1\n\n"
        "class T(Spec):\n    §N006§q = Seq(R, 2, init=())\n",
    "an option of an action": "class T(Spec):\n    b = Bool(init=True)\n\n    @action(x=Bool, y=§T004§Bool)\n    def f(self, x):\n        self.b = x\n",
    "a local declared in two blocks, read from outside":
        "class T(Spec):\n    b = Bool(init=True)\n\n    @process\n    def p(self):\n        yield \"s\"\n        if self.b:\n"
        "            x = Int(0, 1, init=0)\n            yield \"a\"\n            x = 1\n        else:\n            x = Int(0, 2, init=0)\n"
        "            yield \"b\"\n            x = 1\n\n    @invariant\n    def inv(self):\n        return §N003§self.p.x == 0\n",
    "a local whose type is not the same for all":
        "class T(Spec):\n    b = Bool(init=True)\n\n    @process(each=Range(2))\n    def p(self, i):\n"
        "        x = Int(0, §T005§i, init=0)\n        yield \"a\"\n        x = 0\n",
    "a Ref that is assigned":
        "class R(Record):\n    n = Int(0, 3, init=0)\n\nclass T(Spec):\n    r = R()\n\n    def f(self, r: Ref[R]):\n        §T021§r = R()\n\n"
        "    @action\n    def g(self):\n        self.f(self.r)\n",
    "an annotation of Python's": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def f(self, x: §N001§int):\n        self.n = x\n",
    "an annotation that is no type":
        "k = Const(1)\n\nclass T(Spec):\n    n = Int(0, 3, init=0)\n\n    def f(self, x: §T017§k):\n        self.n = x\n\n"
        "    @action\n    def g(self):\n        self.f(1)\n",
    "a result on some ways only, with effects":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def §T029§f(self):\n        self.n = 2\n        if self.n > 1:\n            return 1\n\n"
        "    @action\n    def g(self):\n        self.n = self.f()\n",
    "a return without a value":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def f(self):\n        self.n = 2\n        if self.n > 1:\n            return 1\n"
        "        §T029§return\n\n    @action\n    def g(self):\n        self.n = self.f()\n",
    "a name in a formula":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @temporal\n    def f(self):\n        §T020§x = self.n\n        return always(self.n == x)\n",
    "a property that takes too long":
        "class T(Spec):\n    a = Array(Range(300), Bool(init=True))\n\n    @invariant\n    def §T028§f(self):\n"
        "        c = Int(0, 300, init=0)\n        for i in range(300):\n            if self.a[i]:\n                c += 1\n        return c > 0\n",
    "a step of too many branches":
        "class T(Spec):\n    a = Array(Range(300), Bool(init=True))\n    n = Int(0, 300, init=0)\n\n    @action\n    def f(self):\n"
        "        for i in range(300):\n            if §P068§self.a[i]:\n                break\n            self.n = i\n",
    "calls too deep":
        "class T(Spec):\n    n = Int(0, 300, init=0)\n\n    def f0(self):\n        self.n = 1\n\n"
        + "".join(f"    def f{i}(self):\n        {'§P068§' if i == 11 else ''}self.f{i - 1}()\n\n" for i in range(1, 51))
        + "    @action\n    def g(self):\n        self.f50()\n",
    "calls that multiply":
        "class T(Spec):\n    n = Int(0, 300, init=0)\n\n    def f0(self):\n        §P064§self.n = 1\n\n"
        + "".join(f"    def f{i}(self):\n        self.f{i - 1}()\n        self.f{i - 1}()\n\n" for i in range(1, 31))
        + "    @action\n    def g(self):\n        self.f30()\n",
    "several mistakes at once":
        "class T(Spec):\n    n = Int(0, 3, init=§T006§4)\n    s = Set(§N001§Foo, init=set())\n\n    @action\n    def f(self):\n"
        "        if §T003§self.n:\n            §N002§self.x = 1\n        for i in §T024§self.n:\n            self.n = §N001§y\n"
        "        while §T003§self.n:\n            self.n = §T002§True + 1\n        self.n = §N002§self.u + §N002§self.v\n"
        "        self.g(§N002§self.w, §N001§z)\n\n    def g(self, a, b):\n        self.n = a\n\n    def §P069§h(self):\n        yield \"a\"\n\n"
        "    def init(self):\n        self.n = §N001§q\n\n    @invariant\n    def inv(self):\n        x = §N001§u\n        y = §N001§v\n"
        "        return x and y and §N002§self.k\n",
    "a string of no Enum in a set that is passed":
        "P = Enum(\"a\", \"b\")\n\nclass T(Spec):\n    s = Set(P, init=set())\n\n    def within(self, allowed):\n"
        "        return §T007§self.s <= allowed\n\n    @action\n    def f(self):\n        when(self.within({\"a\", \"c\"}))\n",
    "None where a helper's value is wanted":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def f(self):\n        if self.n > 1:\n            return §T009§None\n"
        "        self.n = 2\n        return 1\n\n    @action\n    def g(self):\n        self.f()\n        self.n = self.f()\n",
    "a temporal property in an action":
        "class T(Spec):\n    b = Bool(init=True)\n\n    @temporal\n    def f(self):\n        return always(self.b)\n\n"
        "    @action\n    def g(self):\n        when(§T027§self.f())\n",
    "a temporal property that calls itself":
        "class T(Spec):\n    b = Bool(init=True)\n\n    @temporal\n    def f(self):\n        return always(§N007§self.g())\n\n"
        "    @temporal\n    def g(self):\n        return §N007§self.f() or §N007§self.g()\n",
    "a local that starts with a variable":
        "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @process(each=Range(2))\n    def p(self, i):\n"
        "        x = Int(0, 3, init=§T005§self.n)\n        y = Int(0, 3, init=§T006§i + 3)\n        z = Int(0, §T005§self.n, init=i)\n        yield \"a\"\n        self.n = x + y + z\n",
    "an Enum literal twice": "P = Enum(\"a\", §N003§\"a\")\n\nclass T(Spec):\n    p = P(init=\"a\")\n",
}  # fmt: skip


def marked(text: str) -> tuple[str, set[tuple[str, int, int]]]:
    """The text without its marks, and (code, line, column from 1) of each."""
    lines, found = [], set()
    for number, line in enumerate(text.split("\n"), 1):
        while mark := re.search(r"§([NTPAB]\d+)§", line):
            found.add((mark[1], number, mark.start() + 1))
            line = line[: mark.start()] + line[mark.end() :]
        lines.append(line)
    return "\n".join(lines), found


def mistakes(text: str) -> set[tuple[str, int, int]]:
    program = load_text(text)
    try:
        for name in passes.spec_names(program):
            passes.compile(program, name)
    except SpecError as error:
        assert all(d.hint for d in error.diagnostics), [d.message for d in error.diagnostics if not d.hint]
        return {(d.code, d.span.line, d.span.column + 1) for d in error.diagnostics if d.span}
    return set()


IN_CASES = {
    "an unknown spec": "§N001§Case(\"a\", U)",
    "an unknown constant": "Case(\"a\", T, where(l=§N001§1))",
    "a constant of another kind": "Case(\"a\", T, where(k=§T001§\"x\"))",
    "an unknown name": "Case(\"a\", T, where(k=§N001§x))",
}


@pytest.mark.parametrize("name", IN_CASES)
def test_refused_cases(name: str) -> None:
    text = "k = Const(1)\n\nclass T(Spec):\n    n = Int(0, k, init=0)\n\nCASES = [" + IN_CASES[name] + "]\n"
    text, expected = marked(HEAD + text)
    with pytest.raises(SpecError) as caught:
        passes.cases(load_text(text))
    assert all(d.hint for d in caught.value.diagnostics)
    assert {(d.code, d.span.line, d.span.column + 1) for d in caught.value.diagnostics if d.span} == expected


TEXTS = {
    **{f"action: {k}": HEAD + ACTION + "        " + v + "\n" for k, v in IN_AN_ACTION.items()},
    **{f"process: {k}": HEAD + PROCESS + "        " + v + "\n" for k, v in IN_A_PROCESS.items()},
    **{f"invariant: {k}": HEAD + INVARIANT + v + "\n" for k, v in IN_AN_INVARIANT.items()},
    **{f"formula: {k}": HEAD + FORMULA + v + "\n" for k, v in IN_A_FORMULA.items()},
    **{f"top: {k}": HEAD + v for k, v in AT_THE_TOP.items()},
}


@pytest.mark.parametrize("name", TEXTS)
def test_refused(name: str) -> None:
    text, expected = marked(TEXTS[name])
    assert mistakes(text) == expected


def test_every_code_has_a_text() -> None:
    texts = (*TEXTS.values(), *IN_CASES.values(), *test_clocks.REFUSED.values())
    shown = {code for text in texts for code in re.findall(r"§([NTPB]0\d\d)§", text)}
    shown |= {code for text in NOTES.values() for code in re.findall(r"§(N1\d\d)§", text)}
    ours = {code for code in shown if not re.match(r"P0[0-4]\d", code)}  # those are the front end's
    assert CODES.keys() == {*ours, "A001", "P065"}


def test_a_jump_outside_a_loop_is_met_only_where_a_front_end_left_a_gap() -> None:
    text = HEAD + "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @action\n    def f(self):\n        break\n"
    with pytest.raises(SpecError) as caught:
        load_text(text)
    assert [d.code for d in passes.diagnose(caught.value.partial)] == ["P065"]


def test_what_is_wrong_with_a_local_is_said_once() -> None:
    """It stands in every instance, and is looked at for `self.p[0].x` too."""
    text = TEXTS["top: a local that starts with a variable"]
    with pytest.raises(SpecError) as caught:
        passes.compile(load_text(marked(text)[0]))
    assert [d.code for d in caught.value.diagnostics] == ["T005", "T006", "T005"]


NOTES = {
    "a constant that nobody reads": "§N101§k = Const(1)\n\nclass T(Spec):\n    n = Int(0, 3, init=0)\n",
    "a helper that nobody calls": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def §N102§f(self):\n        return 1\n",
    "a test a step ahead": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @process\n    def p(self):\n        yield \"a\"\n"
    "        while §N103§self.n < 2:\n            yield \"b\"\n            self.n += 1\n",
    "a name that nobody uses": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    def f(self):\n        return 1\n\n"
    "    @action\n    def g(self):\n        §N105§x = self.f()\n        y = 2\n        _z = self.f()\n"
    "        w = Int(0, 3, init=0)\n        w = choose(1, 2)\n        self.n = y\n",
    "a local named like a variable": "class T(Spec):\n    n = Int(0, 3, init=0)\n\n    @action\n    def f(self):\n"
    "        §N104§n = 1\n        self.n = n\n",
    "clocks without `Time(...)`": "class §N106§T(Spec):\n    x = Clock()\n\n    @action\n    def f(self):\n        when(self.x >= 2)\n",
}


@pytest.mark.parametrize("name", NOTES)
def test_notes(name: str) -> None:
    text, expected = marked(HEAD + NOTES[name])
    model = passes.compile(load_text(text))
    assert {(d.code, d.span.line, d.span.column + 1) for d in model.notes if d.span} == expected


def test_false_assumptions() -> None:
    text, expected = marked(HEAD + "k = Const(0)\n§A001§assume(k > 0, 'why')\n\nclass T(Spec):\n    n = Int(0, 3, init=0)\n")
    with pytest.raises(AssumptionError) as caught:
        passes.compile(load_text(text))
    assert {(d.code, d.span.line, d.span.column + 1) for d in caught.value.diagnostics if d.span} == expected
    passes.compile(load_text(text), constants={"k": "1"})
