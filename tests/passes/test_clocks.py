"""What is said of clocks: what the passes refuse, and the programs that the rest becomes.

The programs are written out by hand from the language's rules: `x >= 3` is 0 - x <= -3, a timer with maximum 10 that is
armed for 4 sets its clock to 6.
"""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from modelcheck import passes
from modelcheck.errors import SpecError
from modelcheck.frontends import dsl_time, load_text
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Observe, Reset
from modelcheck.passes.clocks import UNITS

HEAD = """\
from modelcheck import (
    Array, Bool, Clock, Const, Int, Option, Param, Range, Record, Ref, Seq, Spec, Time, Timer, action,
    action_invariant, after, assume, at, between, choose, committed, constraint, deadline, done, eventually, expires,
    idle, implies, invariant, observe, process, reachable, temporal, urgent, when,
)

time = Time("ns")
"""

SPEC = """\
Q = Range(2)
lat = Param(1, 9)


class Port(Record):
    quiet = Clock()
    alarm = Timer(max=10)
    hits = Int(0, 3, init=0)

    def restart(self):
        self.quiet = 0

    @expires("alarm")
    def fired(self):
        self.hits = 1


class S(Spec):
    x = Clock()
    y = Clock()
    z = Array(Q, Clock())
    t = Timer(max=10)
    u = Timer(max=20, late=5)
    w = Timer(max=8)
    port = Array(Q, Port())
    n = Int(0, 3, init=0)
    k = Q(init=0)
    b = Bool(init=False)

    @expires("t")
    def t_due(self):
        self.b = True

    @expires("u")
    def u_due(self):
        pass

    @action
    def f(self):
{body}
"""

# The statements of an action, with the place of the mistake.
STATEMENTS = {
    "a clock as a value": "self.n = §T032§self.x",
    "a clock as an index": "self.n = self.z[§T032§self.x]",
    "a name for a clock": "x = §T032§self.x",
    "a clock in a set": "s = {§T032§self.x}",
    "a clock as a condition": "when(§T032§self.x)",
    "a clock assigned to a clock": "self.x = §T032§self.y",
    "a clock that is added to": "§T032§self.x += 1",
    "clocks assigned together": "§T032§self.z = [0 for i in Q]",
    "a record with clocks, copied": "§T032§self.port[0] = self.port[1]",
    "a record with clocks as a value": "p = §T032§self.port[0]",
    "a timer assigned": "§T032§self.t = 3",
    "what remains, as a value": "self.n = §T032§self.t.remaining",
    "a parameter as a value": "self.n = §T032§lat",
    "a comparison of parameters": "when(§T032§lat > 3)",
    "membership": "when(§T032§self.x in {1, 2})",
    "a sum of clocks": "when(§T033§self.x + self.y < 3)",
    "a multiple of a clock": "when(§T033§2 * self.x < 3)",
    "a product of unknowns": "when(self.x < §T033§lat * lat)",
    "a sum that is observed": '§T033§observe("s", self.x + self.y)',
    "an assertion that has no cases": "§T034§assert self.n == (1 if self.x < 3 else 0)",
    "a clock in a conditional integer inside": "§T034§self.n = 1 + (1 if self.x < 3 else 0)",
    "a negative time": "self.x = §T006§-1",
    "an empty range": "self.x = §T006§between(5, 3)",
    "a timer armed beyond its maximum": "§T006§self.t.arm(11)",
    "a timer that may be armed beyond it": "§T006§self.w.arm(3 * self.n)",
    "a timer armed for nothing": "§T004§self.t.arm()",
    "a timer disarmed with something": "§T004§self.t.disarm(1)",
    "what a timer has not": "when(§N002§self.t.running)",
    "between of one": "self.x = §T004§between(1)",
    "between elsewhere": "self.n = §T027§between(1, 2)",
    "no time": "self.x = §T002§self.b",
    "observe without a name": "§T004§observe(self.x)",
}

# Whole specs.
TEXTS = {
    "a clock with an initial value": "class S(Spec):\n    x = Clock(init=§T004§3)\n",
    "a timer without a maximum": "class S(Spec):\n    t = §T004§Timer()\n",
    "a timer with a negative maximum": "class S(Spec):\n    t = Timer(max=§T006§-1)\n",
    "a period beyond the maximum": 'class S(Spec):\n    t = §T006§Timer(max=3, period=4)\n\n    @expires("t")\n    def f(self):\n        pass\n',
    "a periodic timer that is late": 'class S(Spec):\n    t = §T032§Timer(max=3, period=3, late=1)\n\n    @expires("t")\n    def f(self):\n        pass\n',
    "late for nobody": "class S(Spec):\n    t = §T032§Timer(max=3, late=1)\n",
    "a clock in a sequence": "class S(Spec):\n    q = §T032§Seq(E, 2, init=())\n\n\nclass E(Record):\n    x = Clock()\n",
    "a clock of a named type": "A = Timer(max=3)\n\n\nclass S(Spec):\n    z = Array(Range(2), §T032§A())\n",
    "a clock that is a local": 'class S(Spec):\n    @process\n    def p(self):\n        x = §T027§Clock()\n        yield "a"\n',
    "no such timer": 'class S(Spec):\n    t = Timer(max=3)\n\n    @expires(§N002§"u")\n    def f(self):\n        pass\n',
    "two steps for one timer": 'class S(Spec):\n    t = Timer(max=3)\n\n    @expires(§N003§"t")\n    def f(self):\n        pass\n\n    @expires("t")\n    def g(self):\n        pass\n',
    "an index that is not taken": 'class S(Spec):\n    t = Array(Range(2), Timer(max=3))\n\n    @expires("t")\n    def §T004§f(self):\n        pass\n',
    "a temporal property": "class S(Spec):\n    x = Clock()\n\n    @temporal\n    def §T034§f(self):\n        return eventually(self.x > 3)\n",
    "an action invariant": "class S(Spec):\n    x = Clock()\n\n    @action_invariant\n    def §T034§f(self, after):\n        return self.x > 3\n",
    "a constraint": "class S(Spec):\n    x = Clock()\n\n    @constraint\n    def §T034§f(self):\n        return self.x < 3\n",
    "a deadline without a clock": "class S(Spec):\n    b = Bool(init=False)\n    x = Clock()\n\n    @deadline\n    def §T034§f(self):\n        return self.b\n",
    "a deadline that is a lower bound": "class S(Spec):\n    x = Clock()\n\n    @deadline\n    def f(self):\n        return §T034§self.x >= 3\n",
    "a deadline with a way out": "class S(Spec):\n    x = Clock()\n    y = Clock()\n\n    @deadline\n    def f(self):\n        return §T034§self.x <= 3 or self.y <= 3\n",
    "a local in a stay": 'class S(Spec):\n    @process\n    def p(self):\n        yield "a"\n        d = choose(1, 2)\n        §T032§yield "b", after(d, d)\n        when(d > 0)\n',
    "a stay that may be empty": 'class S(Spec):\n    n = Int(0, 3, init=0)\n\n    @process\n    def p(self):\n        yield "a", §T006§after(self.n, 2)\n',
    "a parameter without bounds": "§T004§p = Param(3)\n\n\nclass S(Spec):\n    x = Clock()\n",
    "a parameter with no value": "p = §T018§Param(3, 2)\n\n\nclass S(Spec):\n    x = Clock()\n",
    "an assumption that is not linear": 'p = Param(1, 3)\nassume(§T033§p != 2, "why")\n\n\nclass S(Spec):\n    x = Clock()\n',
    "the unit as a value": "class S(Spec):\n    n = Int(0, 3, init=0)\n\n    @action\n    def f(self):\n        self.n = §T010§time\n",
    "a stay where no time passes": 'class S(Spec):\n    @process\n    def p(self):\n        yield urgent("a"), §P033§after(0, 1)\n',
    "a stay without times": 'class S(Spec):\n    @process\n    def p(self):\n        yield "a", §P033§after()\n',
    "an urgent label with its source inside": 'class S(Spec):\n    @process\n    def p(self):\n        yield §P033§urgent("a", "b.c:1")\n',
    "an expiry of two timers": 'class S(Spec):\n    x = Clock()\n\n    @§P023§expires("t", "u")\n    def f(self):\n        pass\n',
    "an urgent action that tests a clock": "class S(Spec):\n    n = Int(0, 1, init=0)\n    x = Clock()\n\n    @action(urgent=True)\n    def f(self):\n        §T034§when(self.n == 0 and self.x >= 3)\n        self.n = 1\n",
    "an urgency that is no Bool": "class S(Spec):\n    x = Clock()\n\n    @action(urgent=§P023§1)\n    def f(self):\n        pass\n",
    "a unit that is none": 'class S(Spec):\n    x = Clock()\n\n\nt = Time(§T001§"lightyear")\n',
    "time with more than a unit": 'class S(Spec):\n    x = Clock()\n\n\n§T004§t = Time("ns", dense=True)\n',
}


def whole(body: str) -> str:
    indented = "\n".join("        " + line for line in body.split("\n"))
    return HEAD + SPEC.replace("{body}", indented)


REFUSED = {**{name: whole(body) for name, body in STATEMENTS.items()}, **{n: HEAD + t for n, t in TEXTS.items()}}


def marked(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text without its marks, and (code, line, column) of each."""
    found, lines = [], []
    for number, line in enumerate(text.split("\n"), 1):
        while "§" in line:
            start = line.index("§")
            code = line[start + 1 : start + 5]
            line = line[:start] + line[start + 6 :]
            found.append((code, number, start))
        lines.append(line)
    return "\n".join(lines), found


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    text, expected = marked(REFUSED[name])
    with pytest.raises(SpecError) as caught:
        passes.compile(load_text(text), "S")
    found = [(d.code, d.span.line, d.span.column) for d in caught.value.diagnostics if d.span]
    assert found == expected


def test_editors_know_the_units_that_the_passes_know() -> None:
    assert get_args(get_type_hints(dsl_time.Time)["unit"]) == ("", *UNITS)


IN_A_RECORD = """
class Port(Record):
    alarm = Timer(max=5)
    due = Bool(init=False)
{handler}

class S(Spec):
    port = Array(Range(2), Port())

    @process
    def p(self):
        yield "a"
        self.port[0].alarm.arm(3)
{action}
"""
AT_THE_SPEC = '\n    @expires("{name}")\n    def f(self):\n        pass\n'
AS_TOLD = (
    '\n    @expires("alarm")\n    def f(self):\n        self.due = True\n',
    "\n    @action(urgent=True)\n    def f(self):\n        when(self.port[0].due)\n        self.port[0].due = False\n",
)


@pytest.mark.parametrize("name", ["port.alarm", "port[0].alarm", "alarm"])
def test_the_timer_of_a_record_is_told_with_its_class(name: str) -> None:
    """And what the hint says to write compiles."""
    text = HEAD + IN_A_RECORD.format(handler="", action=AT_THE_SPEC.format(name=name))
    with pytest.raises(SpecError) as caught:
        passes.compile(load_text(text), "S")
    [found] = caught.value.diagnostics
    line = text.split("\n").index("class Port(Record):") + 1
    assert found.code == "N002" and name in found.message and "Port" in found.message
    assert found.hint and f":{line}:" in found.hint and '`@expires("alarm")`' in found.hint and "urgent" in found.hint
    handler, action = AS_TOLD
    assert passes.compile(load_text(HEAD + IN_A_RECORD.format(handler=handler, action=action)), "S").timing


@pytest.mark.parametrize("kind, word", [("invariant", "an"), ("action_invariant", "an"), ("temporal", "a")])
def test_a_kind_is_told_with_its_article(kind: str, word: str) -> None:
    text = HEAD + f"class S(Spec):\n    x = Clock()\n\n    @{kind}\n    def f(self, a, b):\n        return True\n"
    with pytest.raises(SpecError) as caught:
        passes.compile(load_text(text), "S")
    assert [d.message for d in caught.value.diagnostics] == [f"{word} @{kind} has the wrong parameters"]


@pytest.mark.parametrize("unit", ['"ns"', '"min"', '""', "", "discrete=True"])
def test_time_that_is_declared_needs_no_note(unit: str) -> None:
    text = HEAD.replace('time = Time("ns")', f"time = Time({unit})") + "class S(Spec):\n    x = Clock()\n"
    assert [d.code for d in passes.compile(load_text(text)).notes] == []


# --- programs ---------------------------------------------------------------------------------------------------------


def compiled(body: str, **constants: object) -> Model:
    return passes.compile(load_text(whole(body)), "S", constants)


def program(body: str) -> list[str]:
    """The sites of action f, one line each: `[flag] x - y <= 3`, `x := [1 .. 2]`."""
    model = compiled(body)
    timing = model.timing
    assert timing is not None
    number = next(i for i, a in enumerate(model.actions) if a.label == "f")
    return [shown(model, site) for site in timing.programs[number]]


def shown(model: Model, site: ClockSite) -> str:
    assert model.timing is not None
    names = ["0", *(c.name for c in model.timing.clocks)]

    def bound(b: Bound) -> str:
        text = str(b.constant)
        if b.register is not None:
            text += f" + {b.factor}*{model.variables[b.register].name}"
        return text + "".join(f" + {c}*{model.timing.params[p].name}" for p, c in b.params)

    match site.op:
        case Constrain(Atom(left, right, b, strict)):
            text = f"{names[left]} - {names[right]} {'<' if strict else '<='} {bound(b)}"
        case Reset(clock, low, high):
            text = f"{names[clock]} := {bound(low)}" + (f" .. {bound(high)}" if low != high else "")
        case Observe(quantity, left, right, offset):
            name = model.timing.quantities[quantity]
            text = f"{name}: {names[left]} - {names[right]} + {bound(offset)}"
    return text if site.flag is None else f"[{model.variables[site.flag].name}] {text}"


PROGRAMS = {
    "when(self.x >= 3)": ["0 - x <= -3"],
    "when(3 < self.x)": ["0 - x < -3"],
    "when(self.x == 3)": ["x - 0 <= 3", "0 - x <= -3"],
    "when(1 <= self.x < 3)": ["0 - x <= -1", "x - 0 < 3"],
    "when(self.x - self.y < 3)": ["x - y < 3"],
    "when(self.x + 2 <= self.y - lat)": ["x - y <= -2 + -1*lat"],
    "when(self.x <= 2 * lat + 1)": ["x - 0 <= 1 + 2*lat"],
    "when(self.x - self.x < 3)\nself.x = 0": ["x := 0"],
    "when(self.x <= 2 * self.n + 1)": ["x - 0 <= 0 + 1*bound 0"],
    "self.x = between(1, 5)": ["x := 1 .. 5"],
    "self.x = self.n": ["x := 0 + 1*bound 0"],
    "self.t.arm(4)": ["t := 6"],
    "self.t.arm(1, 4)": ["t := 6 .. 9"],
    "self.t.arm(self.n)": ["t := 10 + -1*bound 0"],
    "self.port[1].quiet = 0": ["port[1].quiet := 0"],
    "self.port[1].restart()": ["port[1].quiet := 0"],
    "for i in Q:\n    self.z[i] = i": ["z[0] := 0", "z[1] := 1"],
    "self.z[self.k] = 0": ["[flag 0] z[0] := 0", "[flag 1] z[1] := 0"],
    "for i in {self.k}:\n    self.z[i] = 0": ["[flag 0] z[0] := 0", "[flag 1] z[1] := 0", "[flag 2] z[1] := 0"],
    "if self.b:\n    self.x = 0\nself.y = 0": ["[flag 0] x := 0", "y := 0"],
    "if self.x < 3:\n    self.y = 0": ["[flag 0] x - 0 < 3", "[flag 1] y := 0", "[flag 2] 0 - x <= -3"],
    "if not self.x < 3:\n    self.y = 0": ["[flag 0] x - 0 < 3", "[flag 1] 0 - x <= -3", "[flag 2] y := 0"],
    "if self.b and self.x < 3:\n    self.y = 0": ["[flag 0] x - 0 < 3", "[flag 1] y := 0", "[flag 2] 0 - x <= -3"],
    "if self.x == 3:\n    self.y = 0": [  # 3 and not 3 are two ways each: below or above
        "[flag 0] x - 0 <= 3", "[flag 1] 0 - x <= -3", "[flag 2] y := 0", "[flag 3] x - 0 < 3", "[flag 4] 0 - x < -3",
    ],
    "when(self.b or self.x > 3)": ["[flag 0] 0 - x < -3"],
    "assert self.x < 3": ["[flag 0] x - 0 < 3", "[flag 1] 0 - x <= -3"],
    "self.b = self.x > 3": ["[flag 0] 0 - x < -3", "[flag 1] x - 0 <= 3"],
    "self.n = 1 if self.x > 3 else 2": ["[flag 0] 0 - x < -3", "[flag 1] x - 0 <= 3"],
    # Armed or not is discrete; what remains of one that is off is 0, which is at most 4.
    "when(self.t.remaining <= 4)": ["[flag 0] 0 - t <= -6"],
    "when(self.t.remaining > 4)": ["[flag 0] t - 0 < 6"],
    "when(self.t.expired)": ["0 - t <= -10"],
    "when(self.t.armed)\nself.x = 0": ["x := 0"],
    # u may be overdue: then nothing remains either.
    "when(self.u.remaining > 4)": ["[flag 0] 0 - u <= -20", "[flag 1] u - 0 < 20", "[flag 2] u - 0 < 16"],
    'observe("left", self.t.remaining)': ["[flag 0] left: 0 - t + 10", "[flag 1] left: 0 - 0 + 0"],
    'observe("since", self.x - self.y + 1)': ["since: x - y + 1"],
}


@pytest.mark.parametrize("body", PROGRAMS)
def test_programs(body: str) -> None:
    assert program(body) == PROGRAMS[body]


# --- parameters and deadlines -----------------------------------------------------------------------------------------


def test_assumptions_on_parameters() -> None:
    """a + 2 <= b says b - a - 2 >= 0; b < 9 says 9 - b > 0. One that is fixed is a constant."""
    text = HEAD + 'a = Param(1, 9)\nb = Param(2, 20)\nassume(a + 2 <= b < 9, "why")\n\n\nclass S(Spec):\n    x = Clock()\n'
    timing = passes.compile(load_text(text), "S").timing
    assert timing is not None and [(p.name, p.low, p.high) for p in timing.params] == [("a", 1, 9), ("b", 2, 20)]
    found = [(x.bound.constant, x.bound.params, x.strict) for x in timing.assumptions]
    assert found == [(-2, ((0, -1), (1, 1)), False), (9, ((1, -1),), True)]
    timing = passes.compile(load_text(text), "S", {"a": 3}).timing
    assert timing is not None and [p.name for p in timing.params] == ["b"]
    assert [x.bound.constant for x in timing.assumptions] == [-5, 9]


def test_deadlines() -> None:
    """Those of timers that are handled, u with 5 more, and of the ports' alarms; a bound by n for each of its values."""
    text = whole("self.n = 1") + (
        "\n    @deadline\n    def soon(self):\n"
        "        return implies(self.b, self.x <= self.n + 1) and self.x - self.y < 7\n"
    )
    timing = passes.compile(load_text(text), "S").timing
    assert timing is not None
    names = ["0", *(c.name for c in timing.clocks)]
    found = [(names[d.atom.left], names[d.atom.right], d.atom.bound.constant, d.atom.strict) for d in timing.deadlines]
    declared = [("x", "0", n + 1, False) for n in range(4)] + [("x", "y", 7, True)]
    timers = [("t", "0", 10, False), ("u", "0", 25, False)] + [(f"port[{i}].alarm", "0", 10, False) for i in (0, 1)]
    assert sorted(found) == sorted(declared + timers)
