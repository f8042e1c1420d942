"""A strace that is made here, of a small Python program, against a spec of it; and what a LOG may not say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from modelcheck import validation
from modelcheck.errors import SpecError
from modelcheck.reports import itf

PROGRAM = """
import os, signal, time
signal.signal(signal.SIGALRM, lambda *_: os.write(2, b"alarm"))
os.write(2, b"begin")
signal.setitimer(signal.ITIMER_REAL, 0.02)
time.sleep(0.05)
os.write(2, b"end")
"""

# The program sleeps, is interrupted by its alarm, and sleeps on. `slack`: what strace and the machine may take.
SPEC = '''
from modelcheck import Bool, Clock, Const, Log, Spec, Time, Timer, after, deadline, expires, ignored, implies, line, observe, process, returns, silent, when

time = Time("us")
slack = Const(1_000_000)
due = Const(20_000)
sleeps = Const(50_000)


class Sleeper(Spec):
    alarm = Timer(max=100_000, late=slack)
    rung = Bool(init=False)
    since_begin = Clock()

    @process
    def program(self):
        yield "begin"
        self.since_begin = 0
        yield "set", after(0, slack)
        self.alarm.arm(due)
        observe("it_value", self.alarm.remaining)
        yield "sleep"
        when(self.rung)
        yield "handle", after(0, slack)
        yield "sleep on"
        when(self.since_begin >= sleeps)
        yield "end", after(0, slack)

    @expires("alarm")
    def ring(self):
        self.rung = True


LOG = Log(
    Sleeper,
    line('write "begin"', "begin"),
    line("setitimer", "set", it_value="it_value"),
    line("SIGALRM", "ring"),
    returns("clock_nanosleep = ?", "sleep"),
    returns("clock_nanosleep = 0", "sleep on"),
    line('write "alarm"', "handle"),
    line('write "end"', "end"),
    ignored("rt_sigreturn", "exited"),
)
'''
CALLS = "trace=write,clock_nanosleep,setitimer,rt_sigreturn"


def traced(folder: Path, *flags: str) -> Path:
    """The strace of the program. Where strace cannot trace, the test is skipped, and says so."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    log = folder / "fresh.strace"
    command = [strace, *flags, "-e", CALLS, "-o", str(log), sys.executable, "-S", "-E", "-c", PROGRAM]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if run.returncode or "alarm" not in log.read_text():
        pytest.skip(f"strace does not work here: {run.stderr.strip()[:200]}")
    return log


def validated(folder: Path, log: Path, **constants: object) -> validation.Validation:
    spec = folder / "sleeper.py"
    spec.write_text(SPEC)
    return validation.validate_spec(spec, log, told=lambda m: partial(itf.encode_state, m, bigint=False), constants=constants)


@pytest.mark.parametrize("flags", [("-tt",), ("-ttt", "-T"), ("-f", "-tt"), ("-r",), ("-t",), ()], ids=" ".join)
def test_a_fresh_strace_is_a_behaviour(flags: tuple[str, ...], tmp_path: Path) -> None:
    v = validated(tmp_path, traced(tmp_path, *flags))
    assert v.verdict == "behaviour", v.refusal
    assert v.trace is not None
    taken = [title for title in v.trace.actions if title not in ("init", "ring")]
    assert taken == [f"program: {label}" for label in ("begin", "set", "sleep", "handle", "sleep on", "end")]


def test_a_fresh_strace_of_another_program_is_refused(tmp_path: Path) -> None:
    """It sleeps for 0.05 s; a program that sleeps for 90 s would not have returned so soon. strace shows that the alarm
    is set to 20 ms; another value is refused where it is set."""
    log = traced(tmp_path, "-tt")
    lines = log.read_text().split("\n")
    back = next(i for i, text in enumerate(lines, 1) if "clock_nanosleep" in text and text.endswith(" = 0"))
    v = validated(tmp_path, log, sleeps=90_000_000)
    assert v.refusal is not None and v.demands.items[v.refusal.demand].lines[0] == back
    set_ = next(i for i, text in enumerate(lines, 1) if "setitimer" in text)
    v = validated(tmp_path, log, due=30_000)
    assert v.refusal is not None and v.demands.items[v.refusal.demand].lines[0] == set_


# --- what a LOG may not say -------------------------------------------------------------------------------------------

# change of SPEC: code and the text that the place begins with
WRONG: dict[str, tuple[str, str, str, str]] = {
    "an unknown step": ('"handle"),', '"handel"),', "N005", '"handel"'),
    "an unknown place after a step": ('"sleep"),', '"sleep -> bed"),', "N005", '"sleep -> bed"'),
    "an unknown quantity": ("it_value=", "it_valve=", "N002", '"it_value"'),
    "no field": ('"it_value")', '"a.b.c")', "P050", '"a.b.c"'),
    "a step that nothing speaks of": ('    line("SIGALRM", "ring"),\n', "", "N005", "Log("),
    "an unknown constant": ("    ignored(", "    where(slak=3),\n    ignored(", "P025", "where"),
    "an entry that is none": ("    ignored(", "    observe(", "P050", "observe("),
    "a pattern that is no string": ('line("SIGALRM",', "line(3,", "P050", 'line(3, "ring")'),
    "an unknown beginning": ('"exited"),\n', '"exited"),\n    begins="never",\n', "P050", "begins"),
    "a value that is no string": ('it_value="it_value")', "it_value=3)", "P050", "it_value=3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_log_mapping_is_a_diagnostic(name: str, tmp_path: Path) -> None:
    old, new, code, place = WRONG[name]
    head, log = SPEC.split("LOG = ")
    assert log.count(old) == 1
    spec = tmp_path / "sleeper.py"
    spec.write_text(f"{head}LOG = {log.replace(old, new)}")
    trace = tmp_path / "a.strace"
    trace.write_text('08:00:00.0 write(2, "begin", 5) = 5\n')
    with pytest.raises(SpecError) as refused:
        validation.validate_spec(spec, trace, told=lambda m: partial(itf.encode_state, m, bigint=False))
    found = [(d.code, d.span.text) for d in refused.value.diagnostics if d.span]
    assert any(c == code and text.startswith(place) for c, text in found), found


def test_a_line_without_the_field_is_a_diagnostic(tmp_path: Path) -> None:
    log = tmp_path / "a.strace"
    log.write_text('08:00:00.0 write(2, "begin", 5) = 5\n08:00:00.0 setitimer(ITIMER_REAL, 0x7ff, NULL) = 0\n')
    with pytest.raises(SpecError) as refused:
        validated(tmp_path, log)
    assert [(d.code, d.span.line) for d in refused.value.diagnostics if d.span] == [("L004", 2)]
