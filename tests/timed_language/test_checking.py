"""Specs with clocks from the text to the verdict: exit codes, pins, parameters, time ignored, traces saved and replayed.
What is expected of dynticks is in timers.md's table: which variants hang, and which do even where time is ignored."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelcheck.checker import check_model, compiled
from modelcheck.cli import main
from modelcheck.exploring import Options
from modelcheck.ir import clockwork
from modelcheck.ir.clockwork import Instant, NotARun
from modelcheck.reports.json import schema
from modelcheck.result import Result

ROOT = Path(__file__).parents[2]
DYNTICKS, FISCHER, CSMA = (ROOT / "specs" / f for f in ("dynticks.py", "timed/fischer.py", "timed/csma_cd.py"))

HEAD = """\
from modelcheck import (
    Bool, Clock, Int, Param, Spec, Time, Timer, after, always, assume, at, deadline, eventually, expires, implies,
    invariant, observe, process, temporal, urgent, when,
)

time = Time("ns")
"""


def run(*arguments: str) -> tuple[int, str]:
    """The exit code, and what was printed on both streams; standard output alone of a command that prints JSON."""
    out, error = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = main(list(arguments))
    return code, out.getvalue() + ("" if "json" in arguments else error.getvalue())


def checked(path: Path, options: Options = Options(thorough=True), **constants: Any) -> Result:
    return check_model(compiled(path, None, constants), options)


def violated(result: Result) -> dict[str, str]:
    return {p.name: p.kind for p in result.properties if p.verdict == "violated"}


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_exit_codes() -> None:
    assert run("check", str(FISCHER), "-q")[0] == 0
    assert run("check", str(FISCHER), "-q", "-D", "strictly=false")[0] == 12
    code, text = run("check", str(CSMA), "-q", "-D", "patience=26")
    assert code == 11 and "Time comes to an end after 3 steps" in text
    code, text = run("check", str(DYNTICKS), "-q", "--property", "timers_are_served", "-D", "worst=1000000")
    assert code == 12


def test_a_quiescent_state_is_a_deadlock_of_its_own_kind() -> None:
    assert violated(checked(DYNTICKS)) == {
        "the_guest_is_left": "invariant", "timers_are_served": "invariant", "deadlock": "quiescent",
    }  # fmt: skip


# remedy -> whether the guest is never left, with time and without
TIMELESS = {
    "none": (True, True),
    "mask": (False, False),
    "rearm": (False, False),
    "ipi": (False, False),
    "immediate exit": (False, False),
    "timerfd, I/O thread": (False, False),
    "timerfd": (True, True),
    "SIGIO": (True, True),
}


@pytest.mark.parametrize("remedy", TIMELESS)
def test_time_ignored(remedy: str) -> None:
    options = Options(properties=("the_guest_is_left",), deadlock=False)
    found = [
        "the_guest_is_left" in violated(checked(DYNTICKS, o, remedy=remedy))
        for o in (options, Options(properties=options.properties, deadlock=False, prune=False))
    ]
    assert tuple(found) == TIMELESS[remedy]


def test_pruning_leaves_out_what_time_forbids() -> None:
    """Without time nothing keeps Fischer's processes apart: the discrete automaton has 4 places for each, and an owner."""
    timeless = checked(FISCHER, Options(prune=False, thorough=True))
    assert violated(timeless).keys() >= {"one_at_a_time"} and not timeless.pruned
    assert violated(checked(FISCHER)) == {}


# --- quantities and parameters ----------------------------------------------------------------------------------------


def test_a_pinned_quantity_has_its_value() -> None:
    result = checked(DYNTICKS, Options(pins=(("remaining", 24_203),), properties=("the_guest_is_left",)))
    assert result.trace is not None and result.trace.timeline is not None
    assert result.trace.timeline.followed.observed == ((1, "remaining", Fraction(24_203)),)
    assert result.trace.timeline.instants[-1].time == 24_203


def test_an_unknown_quantity_is_refused() -> None:
    code, text = run("check", str(DYNTICKS), "--pin", "remainder=3")
    assert code == 1 and "did you mean `remaining`?" in text


PARAMETER = HEAD + """
rem = Param(1, 100)
assume(rem < 50, "half")


class S(Spec):
    t = Timer(max=100)
    b = Bool(init=False)

    def init(self):
        self.t.arm(rem)

    @process
    def p(self):
        yield "a", after(0, 30)

    @expires("t")
    def due(self):
        self.b = True

    @invariant
    def soon(self):
        return implies(self.b, at(self.p, "a"))
"""


def test_parameters(tmp_path: Path) -> None:
    path = tmp_path / "spec.py"
    path.write_text(PARAMETER)
    code, text = run("check", str(path))
    assert code == 1 and "rem has no value" in text
    assert run("check", str(path), "-q", "-D", "rem=20", "--no-deadlock")[0] == 12
    assert run("check", str(path), "-q", "-D", "rem=60")[0] == 10  # the assumption
    assert run("check", str(path), "-q", "-D", "rem=101")[0] == 1


def test_temporal_properties_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "spec.py"
    path.write_text(HEAD + "class S(Spec):\n    x = Clock()\n\n    @process\n    def p(self):\n        yield \"a\", after(1, 2)\n\n"
                    "    @temporal\n    def ends(self):\n        return eventually(always(at(self.p, \"a\")))\n")  # fmt: skip
    code, text = run("check", str(path))
    assert code == 1 and "`ends` is @temporal" in text
    assert run("simulate", str(path))[0] == 1


# --- traces -----------------------------------------------------------------------------------------------------------


def saved(tmp_path: Path, path: Path, *arguments: str) -> Path:
    file = tmp_path / "trace.itf.json"
    run("check", str(path), "-q", "--save", str(file), *arguments)
    return file


BROKEN = {  # what is changed in the file -> what replay says
    "a step that comes too late": (("states", 3, "#meta", "time", "200000"), "a deadline has passed"),
    "time that goes back": (("states", 4, "#meta", "time", "0"), "time goes back"),
    "a value out of its range": (("states", 0, "#meta", "values", ["1000001"]), "which is not in 0 .. 999999"),
    "an end that is none": (("#meta", "end", "0"), "not possible"),
    "a time that is no number": (("states", 3, "#meta", "time", "soon"), "no number"),
}


def test_a_saved_trace_replays(tmp_path: Path) -> None:
    file = saved(tmp_path, DYNTICKS, "--property", "the_guest_is_left")
    assert run("replay", str(file))[0] == 0


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_trace_does_not_replay(name: str, tmp_path: Path) -> None:
    file = saved(tmp_path, DYNTICKS, "--property", "the_guest_is_left")
    data = json.loads(file.read_text())
    (*path, last, value), told = BROKEN[name]
    inner = data
    for part in path:
        inner = inner[part]
    inner[last] = value
    file.write_text(json.dumps(data))
    code, text = run("replay", str(file))
    assert code == 22 and told in text


@pytest.mark.parametrize("spec, arguments", [(DYNTICKS, ()), (CSMA, ("-D", "patience=26")), (FISCHER, ("-D", "wait=9"))])
def test_json_is_what_the_schema_says(spec: Path, arguments: tuple[str, ...]) -> None:
    _, text = run("check", str(spec), "--format", "json", *arguments)
    data = json.loads(text)
    jsonschema.validate(data, schema())
    assert {"time", "clocks"} <= data["trace"]["steps"][-1].keys()
    assert not any(name.startswith(("flag", "bound")) for name in data["trace"]["steps"][0]["state"])


def test_a_report_shows_times() -> None:
    text = run("check", str(CSMA), "-D", "patience=26")[1]
    assert "4  26 us  noise" in text and "x[0] = 26 us" in text and "flag" not in text
    text = run("check", str(CSMA), "-D", "patience=26", "--columns")[1]
    assert "4  26 us" in text


# --- the reference semantics ------------------------------------------------------------------------------------------


def instants(result: Result, **changed: Any) -> list[Instant]:
    assert result.trace is not None and result.trace.timeline is not None
    found = list(result.trace.timeline.instants)
    for key, time in changed.items():
        number = int(key.removeprefix("at"))
        found[number] = Instant(Fraction(time), found[number].values)
    return found


# Fischer's trace of 7 states at 0, 0, 0, 0, 10, 10, 20: what is impossible about other times.
CHANGED = [
    ({"at4": 9, "at5": 9}, "the clocks do not allow it"),  # not waited as long as 10
    ({"at3": 11, "at4": 30, "at5": 30, "at6": 40}, "a deadline has passed"),  # written after 11
    ({"at1": -1}, "time goes back"),
    ({"at0": 1}, "begins at time 0"),
]


@pytest.mark.parametrize("changed, told", CHANGED)
def test_a_run_with_other_times_is_none(changed: dict[str, int], told: str) -> None:
    result = checked(FISCHER, Options(deadlock=False), strictly=False)
    assert result.trace is not None and result.model is not None
    path = [(s.action, s.state) for s in result.trace.steps]
    clockwork.follow(result.model, path, instants(result))
    with pytest.raises(NotARun, match=told):
        clockwork.follow(result.model, path, instants(result, **changed))
