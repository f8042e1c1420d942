"""`modelcheck synthesize`, what `check` says of parameters, of pins that exclude a run, and of an audit."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelcheck import passes, synthesis
from modelcheck.checker import load
from modelcheck.cli import main
from modelcheck.errors import InternalError, SpecError
from modelcheck.ir.linear import HalfSpace
from modelcheck.reports.json import schema
from modelcheck.timed import audit
from modelcheck.timed.parameters import Parametric
from modelcheck.timed.polyhedra import Space
from modelcheck.timed.synthesis import Synthesis

SPEC = """
from modelcheck import (
    Bool, Clock, Const, Param, Spec, Time, Timer, action, after, assume, at, constraint, done, expires, implies, invariant,
    observe, process, reachable, when,
)

offset = Const(0)
due = Param(1, 100)
work = Param(0, 100)
other = Param(0, 3)
assume(work <= 90, "a day has so many hours")

time = Time("ns")


class Late(Spec):
    alarm = Timer(max=100)
    rang = Bool(init=False)
    early = Bool(init=False)

    def init(self):
        self.alarm.arm(due)

    @process
    def worker(self):
        yield "work", after(work, work)
        observe("left", self.alarm.remaining)
        self.early = not self.rang

    @expires("alarm")
    def ring(self):
        self.rang = True

    @invariant
    def in_time(self):
        return implies(done(self.worker), self.early)

    @reachable
    def overtaken(self):
        return self.rang and not done(self.worker)

    @invariant
    def no_alarm(self):
        return implies(self.early, True)
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "late.py"
    path.write_text(SPEC)
    return str(path)


def told(capsys: Any, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--format", "json"])
    answer = json.loads(capsys.readouterr().out)
    jsonschema.validate(answer, schema())
    return code, answer


def test_the_region_of_a_violation(spec: str, capsys: Any) -> None:
    """The alarm may ring before the work is done if and only if due <= work: at the same instant, in either order."""
    code, answer = told(capsys, "synthesize", spec, "--property", "in_time", "--least", "work + 2 * due")
    regions = answer["regions"]
    assert (code, answer["exit_code"], answer["verdict"], answer["property"]) == (12, 12, "violated", "in_time")
    assert [p["constraints"] for p in regions["bad"]] == [
        [{"constant": 0, "coefficients": {"due": -1, "work": 1}, "strict": False}]
    ]
    assert [p["text"] for p in regions["safe"]] == ["work < due"]
    assert regions["smallest"] == [{"expression": "work + 2 * due", "value": "3", "attained": True}]
    assert regions["example"] == {"due": "1", "work": "1", "other": "0"}
    assert regions["confirmed"] and regions["samples"] == 6 and regions["stopped"] is None
    assert [p["idle"] for p in regions["parameters"]] == [False, False, True]
    assert answer["trace"]["steps"][-1]["time"] == "1"


def test_a_parameter_with_a_value(spec: str, capsys: Any) -> None:
    code, answer = told(capsys, "synthesize", spec, "--property", "in_time", "-D", "work=7")
    assert code == 12 and [p["text"] for p in answer["regions"]["bad"]] == ["due <= 7"]
    code, answer = told(capsys, "synthesize", spec, "--property", "in_time", "-D", "due=91")
    assert (code, answer["verdict"], answer["trace"]) == (0, "holds", None)


def test_the_region_of_a_witness(spec: str, capsys: Any) -> None:
    code, answer = told(capsys, "synthesize", spec, "--property", "overtaken")
    assert (code, answer["verdict"]) == (0, "holds") and [p["text"] for p in answer["regions"]["bad"]] == [
        "due <= work"
    ]
    assert told(capsys, "synthesize", spec, "--property", "overtaken", "-D", "due=95")[0] == 21


def test_time_may_not_matter(spec: str, capsys: Any) -> None:
    code, answer = told(capsys, "synthesize", spec, "--property", "no_alarm")
    assert code == 0 and answer["regions"]["timeless"]


def test_a_limit_says_what_is_known(spec: str, capsys: Any) -> None:
    code, answer = told(capsys, "synthesize", spec, "--property", "in_time", "--iterations", "0")
    assert (code, answer["verdict"], answer["complete"]) == (20, "incomplete", False)
    assert [p["text"] for p in answer["regions"]["unexplored"]] == ["always"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--property", "nothing"),
        ("--property", "in_time", "--least", "work * due"),
        ("--property", "in_time", "--least", "nobody"),
        ("--property", "in_time", "-D", "work=1", "-D", "due=1", "-D", "other=1"),
    ],
)
def test_what_is_refused(spec: str, arguments: tuple[str, ...]) -> None:
    assert main(["synthesize", spec, *arguments]) == 1


def test_regions_that_a_check_contradicts_are_noticed(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the border lay elsewhere."""
    found = synthesis.synthesis.synthesize

    def moved(parametric: Any, **limits: Any) -> Synthesis:
        border = HalfSpace((-20, 0, 1, 0), False)
        return replace(found(parametric, **limits), bad=((border,),), safe=((border.opposite(),),))

    monkeypatch.setattr(synthesis.synthesis, "synthesize", moved)
    with pytest.raises(InternalError):
        synthesis.synthesize_spec(spec, {}, synthesis.Options("in_time"))


# --- what check says ---


def test_a_trace_says_under_which_parameters_it_is_possible(spec: str, capsys: Any) -> None:
    """Of this interleaving: the alarm rings, then the work is done. It has no other conditions."""
    assert main(["check", spec, "--property", "in_time", "-D", "due=3", "-D", "work=5", "-D", "other=0"]) == 12
    assert "This interleaving is possible if and only if: due <= work." in capsys.readouterr().out


def test_a_pin_that_excludes_a_run(spec: str, capsys: Any) -> None:
    """With 2 left when the work is done, after 1 .. 5: due is 3, not 7. What is pinned, how long the work takes and when
    the alarm is due exclude each other."""
    fixed = ("-D", "due=5", "-D", "work=5", "-D", "other=0")
    assert main(["check", spec, "--property", "in_time", "--no-deadlock", "--pin", "left=2", *fixed]) in (0, 21)
    out = capsys.readouterr().out
    assert "These exclude each other:" in out and "left is what was pinned" in out


def test_an_explanation_is_no_longer_than_it_must_be(capsys: Any) -> None:
    """Two stretches of 10 us at most do not reach 24203 ns: four constraints, each of which is needed."""
    arguments = ("--property", "the_guest_is_left", "--no-deadlock", "--pin", "remaining=24203", "-D", "latest=10000")
    assert main(["check", "specs/dynticks.py", *arguments]) == 0
    lines = capsys.readouterr().out.split("These exclude each other:\n")[1].split("\n\n")[0].splitlines()
    assert sum("vcpu's stay <= 10000 ns" in line for line in lines) == 2
    assert sum("remaining is what was pinned" in line for line in lines) == 1
    assert sum("alarm.remaining <= 0 ns" in line for line in lines) == 1 and len(lines) == 4


def test_an_audit_is_reported(spec: str, capsys: Any) -> None:
    fixed = ("-D", "due=3", "-D", "work=5", "-D", "other=0")
    assert main(["check", spec, "--property", "in_time", "--audit", "z3", *fixed]) == 12
    assert "z3 agrees with" in capsys.readouterr().out


def test_an_audit_that_disagrees_is_an_error_of_ours(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = ("-D", "due=3", "-D", "work=5", "-D", "other=0")
    monkeypatch.setattr(audit, "audit_witness", lambda path, witness: False)
    assert main(["check", spec, "--property", "in_time", "--audit", "z3", *fixed]) == 255


RANGES = """
from modelcheck import Clock, Param, Spec, Time, after, assume, between, done, invariant, process, when

time = Time("ns")
a = Param(1, 20)
m = Param(1, 20)
b = Param(1, 20)
{assumed}


class S(Spec):
    x = Clock()

    @process
    def p(self):
        while True:
            yield "a", after(a, b)
            self.x = between(b - a, b)
            yield "b"
            when(self.x <= 5)

    @invariant
    def short(self):
        return self.x <= 12
"""


@pytest.mark.parametrize("assumed", ["assume(a <= b)", "assume(a < b)", "assume(a <= m <= b)", "assume(a + 3 <= b)"])
def test_ranges_that_assumptions_keep_from_being_empty(assumed: str, tmp_path: Path, capsys: Any) -> None:
    """In the first stay x grows to b, and is then set to at most b, and grows at \"b\" for ever."""
    path = tmp_path / "ranges.py"
    path.write_text(RANGES.format(assumed=assumed))
    model = passes.compile(load(path))
    assert model.timing is not None and len(model.timing.params) == 3
    assert main(["check", str(path), "-q", "-D", "a=9", "-D", "m=9", "-D", "b=3"]) == 10  # the assumption is false
    assert "T006" not in capsys.readouterr().err


@pytest.mark.parametrize("assumed", ["", "assume(b <= a)", "assume(a <= m)", "assume(a <= b + 1)"])
def test_ranges_that_may_be_empty(assumed: str, tmp_path: Path) -> None:
    """That is all that is said: the loop has its `yield`s."""
    path = tmp_path / "ranges.py"
    path.write_text(RANGES.format(assumed=assumed))
    with pytest.raises(SpecError) as caught:
        passes.compile(load(path))
    assert [d.code for d in caught.value.diagnostics] == ["T006", "T006"]


REGION = """
from modelcheck import Clock, Int, Param, Spec, Time, after, invariant, process, when

time = Time("ns")
a = Param(1, 20)
b = Param(1, 20)


class S(Spec):
    x = Clock()
    n = Int(0, 1, init=0)

    @process
    def p(self):
        yield "a", after(a, 20)
        when(self.x < b)
        self.n = 1

    @invariant
    def never(self):
        return self.n == 0
"""


@pytest.mark.parametrize(
    "least, value, example",
    [
        ((), None, ("1", "2")),
        (("a - b",), "-19", ("1", "20")),
        (("b - a",), "0", ("1", "2")),
        (("b", "a"), "1", ("1", "2")),
    ],
)
def test_an_example_is_where_the_least_value_is(
    least: tuple[str, ...], value: str | None, example: tuple[str, str], tmp_path: Path, capsys: Any
) -> None:
    """It is violated if and only if a < b: the least b - a is as near to 0 as you like, and 1 in whole numbers."""
    path = tmp_path / "region.py"
    path.write_text(REGION)
    code, answer = told(
        capsys, "synthesize", str(path), "--property", "never", *(x for e in least for x in ("--least", e))
    )
    assert code == 12 and [p["text"] for p in answer["regions"]["bad"]] == ["a < b"]
    assert tuple(answer["regions"]["example"].values()) == example
    assert value is None or answer["regions"]["smallest"][0]["value"] == value


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("owner, method", [(Parametric, "explore"), (Space, "union"), (Space, "half")])
def test_an_interrupt_is_called_one(
    owner: type, method: str, number: int, spec: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it arrives: in an exploration, between z3's calls."""
    original = getattr(owner, method)

    def interrupted(*arguments: Any, **named: Any) -> Any:
        os.kill(os.getpid(), number)
        return original(*arguments, **named)

    monkeypatch.setattr(owner, method, interrupted)
    before = signal.getsignal(number)
    code, answer = told(capsys, "synthesize", spec, "--property", "in_time")
    assert (answer["regions"]["stopped"], answer["regions"]["confirmed"]) == ("interrupted", False)
    assert code == (12 if answer["regions"]["bad"] else 130)
    assert signal.getsignal(number) is before or number == signal.SIGTERM  # main sets its own


def test_an_interrupted_check_contradicts_no_region(spec: str, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original = synthesis.checker.check_model

    def interrupted(*arguments: Any) -> Any:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:  # as a search does
            return replace(original(*arguments), verdict="incomplete")
        return original(*arguments)

    monkeypatch.setattr(synthesis.checker, "check_model", interrupted)
    code, answer = told(capsys, "synthesize", spec, "--property", "in_time")
    assert (code, answer["regions"]["samples"], answer["regions"]["confirmed"]) == (12, 0, True)


@pytest.mark.parametrize("flags", [("--pin", "x=3"), ("--audit", "z3")])
def test_what_is_asked_about_time_needs_clocks(flags: tuple[str, ...], spec: str, capsys: Any) -> None:
    assert main(["check", str(Path(__file__).parents[2] / "specs/kick.py"), *flags]) == 1
    assert "no clocks" in capsys.readouterr().err
    assert main(["check", spec, "-D", "due=1", "-D", "work=1", "-D", "other=1", "--no-prune", *flags]) == 1
    assert "--no-prune" in capsys.readouterr().err
