"""`modelcheck synthesize`, what `check` says of parameters, of pins that exclude a run, and of an audit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelcheck import synthesis
from modelcheck.cli import main
from modelcheck.errors import InternalError
from modelcheck.ir.linear import HalfSpace
from modelcheck.reports.json import schema
from modelcheck.timed import audit
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
