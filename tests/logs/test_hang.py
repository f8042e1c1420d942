"""The strace of the report against specs/dynticks.py: it is a behaviour that ends in the hang; what is changed in it is
refused at the line where no run goes on. The reasons are reckoned by hand beside each."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Callable

import pytest

from modelcheck import cli, logs, validation
from modelcheck.errors import SpecError
from modelcheck.frontends import load_text
from modelcheck.reports import itf

ROOT = Path(__file__).resolve().parents[2]
SPEC, STRACE = ROOT / "specs/dynticks.py", ROOT / "specs/qemu/hang.strace"
TEXT = STRACE.read_text()


def validated(text: str, **constants: object) -> validation.Validation:
    log = logs.read_text(text, "hang.strace")
    return validation.validate_spec(SPEC, log, told=lambda m: partial(itf.encode_state, m, bigint=False), constants=constants)


@pytest.fixture(scope="module")
def hang() -> validation.Validation:
    return validated(TEXT)


def steps(v: validation.Validation) -> list[tuple[int | None, str, Fraction]]:
    """(line, step, ns since the first stamp) of each step but the initialisation."""
    assert v.trace is not None and v.trace.timeline is not None
    lines = [None if i is None else v.demands.items[i].lines[0] for i in v.demand_of]
    times = [instant.time - v.zero for instant in v.trace.timeline.instants]
    return list(zip(lines, v.trace.actions, times))[1:]


def test_it_ends_where_the_guest_is_not_left(hang: validation.Validation) -> None:
    assert (hang.verdict, hang.exit_code) == ("violated", 12)
    (violation,) = hang.violations
    assert (violation.name, violation.at_end) == ("the_guest_is_left", True)
    assert hang.demands.items[violation.first].lines == (29, 29)  # and nowhere before
    assert hang.trace is not None and hang.trace.states[-1]["vcpu"] == "guest"


def test_the_last_round_is_the_race(hang: validation.Validation) -> None:
    """As the report tells it: timer_gettime, too early a return, the test, the expiry, the signal, the entry."""
    last = [(line, step) for line, step, _ in steps(hang)][-6:]
    assert last == [
        (24, "vcpu: guest"), (25, "vcpu: device"), (None, "vcpu: check"), (None, "expiry"), (26, "signal"), (29, "vcpu: enter"),
    ]  # fmt: skip


def test_every_step_lies_within_the_stamps_of_its_line(hang: validation.Validation) -> None:
    """Stamps read here by a regular expression of the test's own. A step may be as late as the next line but one, where
    two calls are one step; where a call is interrupted, as late as the line after its handler."""
    stamps = {}
    for number, line in enumerate(TEXT.split("\n"), 1):
        if found := re.match(r"08:04:34\.(\d{6}) ", line):
            stamps[number] = (int(found[1]) - 985177) * 1000
    after = {n: [s for m, s in stamps.items() if m > n] for n in stamps}
    seen = 0
    for line, step, time in steps(hang):
        if line is not None:
            latest = 6 if step == "vcpu: guest" else 2
            ends = [*after[line], float("inf"), float("inf")]
            assert stamps[line] <= time < ends[latest - 1] + 1000, (line, step)
            seen += 1
    assert seen == 15  # KVM_RUN is entered 5 times and returns 4 times, 3 signals, the timer is looked at 3 times
    times = [time for _, _, time in steps(hang)]
    assert times == sorted(times)


def test_what_the_log_shows_is_what_the_run_observes(hang: validation.Validation) -> None:
    assert hang.trace is not None and hang.trace.timeline is not None
    first = next(i for i, line in enumerate(hang.demand_of) if line is not None)
    told = [(name, int(value)) for step, name, value in hang.trace.timeline.followed.observed if step >= first]
    assert told == [("it_value", 0), ("set_to", 273_000), ("it_value", 0), ("set_to", 250_000), ("it_value", 24_203)]


def test_the_expiry_is_24203_ns_after_the_look(hang: validation.Validation) -> None:
    told = {step: time for _, step, time in steps(hang)}  # the last one of each
    assert told["expiry"] - told["vcpu: device"] == 24_203


# --- changed logs -----------------------------------------------------------------------------------------------------


def without(stamp: str) -> Callable[[str], str]:
    return lambda text: "".join(x for x in text.splitlines(True) if stamp not in x)


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert text.count(old) == 1
        return text.replace(old, new)

    return change


def swapped(first: str, second: str) -> Callable[[str], str]:
    """The calls of two stamps change places; the stamps stay."""
    def change(text: str) -> str:
        a, b = (next(x for x in text.splitlines() if stamp in x) for stamp in (first, second))
        ends = a.split(" ", 1)[1], b.split(" ", 1)[1]
        return text.replace(a, f"{a.split(' ')[0]} {ends[1]}").replace(b, f"{b.split(' ')[0]} {ends[0]}")

    return change


# change: (line that is refused, step that comes closest)
CHANGED: dict[str, tuple[Callable[[str], str], int, str]] = {
    # Set for 250 us between .986246 and .986360, and looked at from .986533 on: no more than 77 us can be left.
    "600 us left": (replaced("{0, 24203}", "{0, 600000}"), 25, "vcpu: device"),
    # With little left it would have been set again, and the next line would say so.
    "nothing left": (replaced("{0, 24203}", "{0, 0}"), 25, "vcpu: device"),
    # 200 us are less than the least delta.
    "set too short": (replaced("273000}", "200000}"), 10, "vcpu: main loop"),
    # Longer than the next deadline of any timer may be.
    "set too long": (replaced("{0,\n273000}", "{0,\n310000}"), 10, "vcpu: main loop"),
    # The timer that is due 250 us after .985588 has no signal at .985928: that is 28 us after its expiry at the most.
    "set for another time": (replaced("{0,\n273000}", "{0,\n250000}"), 14, "signal"),
    # No signal interrupts the guest, so KVM_RUN cannot end in EINTR; the timer was due before the main loop looks.
    "the second signal is missing": (without("985928"), 13, "vcpu: guest"),
    # The timer is off after its signal: nothing remains.
    "the look after the signal": (swapped("986533", "986585"), 26, "vcpu: device"),
    # Nothing has interrupted the guest when the main loop is there.
    "the signal after select": (swapped("985928", "986124"), 13, "vcpu: guest"),
    # No signal comes, and the guest is interrupted.
    "EINTR": (replaced("986406 ioctl(11, KVM_RUN, 0)   = 0", "986406 ioctl(11, KVM_RUN, 0)   = -1 EINTR (x)"), 23, "vcpu: guest"),
    # Half a second in the kernel between the last test and the entry: more than a stretch of code takes.
    "a late entry": (replaced("08:04:34.986754", "08:04:35.486754"), 29, "vcpu: enter"),
    # A timer that is set without having been looked at.
    "a look is missing": (without("985538"), 10, ""),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_log_is_refused_at_its_line(name: str) -> None:
    change, line, step = CHANGED[name]
    try:
        v = validated(change(TEXT))
    except SpecError as refused:  # of a call that no entry speaks of where it stands
        assert [d.span.line for d in refused.diagnostics if d.span] == [line]
        return
    assert (v.verdict, v.exit_code) == ("refused", 22)
    assert v.refusal is not None
    assert v.demands.items[v.refusal.demand].lines[0] == line
    assert step in [r.step for r in v.refusal.reasons]


def test_what_could_be_left_is_told() -> None:
    """Set for 250 us before .986360, and looked at after KVM_RUN was entered at .986465: at most 145 us."""
    v = validated(TEXT.replace("24203", "600000"))
    assert v.refusal is not None
    assert "it_value would be between 0 and 145000, not 600000" in [r.text for r in v.refusal.reasons]


def test_with_less_time_for_a_stretch_of_code_the_last_entry_is_too_late() -> None:
    """The test comes before the signal, at .986585, and at most 100 us later the guest is entered: by .986686."""
    v = validated(TEXT, latest=100_000)
    assert v.refusal is not None and v.demands.items[v.refusal.demand].lines[0] == 29
    assert [(a.title, a.times) for a in v.refusal.allowed if a.title == "vcpu: enter"] == [
        ("vcpu: enter", (1_408_000, 1_509_000))
    ]


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_command_says_it_in_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", str(SPEC), str(STRACE)]) == 12
    text = capsys.readouterr().out
    assert "it_value is 24203 ns" in text and "the_guest_is_left" in text
    assert cli.main(["validate", str(SPEC), str(STRACE), "--format", "json"]) == 12
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["exit_code"], told["refusal"]) == ("violated", 12, None)
    assert told["ignored"] == {"write": 3, "rt_sigreturn": 3, "ioctl KVM_INTERRUPT": 1}  # counted in the file
    assert told["trace"]["steps"][-1]["line"] == 29


def test_a_refused_log_in_text_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "changed.strace"
    log.write_text(TEXT.replace("24203", "600000"))
    assert cli.main(["validate", str(SPEC), str(log)]) == 22
    assert f"{log}:25:1: error L010" in capsys.readouterr().out
    assert cli.main(["validate", str(SPEC), str(log), "--format", "json"]) == 22
    told = json.loads(capsys.readouterr().out)
    assert told["refusal"]["line"] == 25 and told["trace"] is None and told["refusal"]["allowed"]


def test_a_log_that_is_none_is_a_diagnostic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "odd.strace"
    log.write_text("08:00:00.1 ioctl(11, KVM_RUN, 0) = 0\nodd\n")
    assert cli.main(["validate", str(SPEC), str(log)]) == 150
    assert f"{log}:2:1: error L001" in capsys.readouterr().err
    log.write_text("08:00:00.1 ioctl(11, KVM_RUN, 0) = -1 EAGAIN (Again)\n08:00:00.1 mmap() = 0\n08:00:00.1 mmap() = 0\n")
    assert cli.main(["validate", str(SPEC), str(log)]) == 150
    told = capsys.readouterr().err
    assert told.count("error L002") == 2 and "EAGAIN" in told and "`mmap" in told
    assert cli.main(["validate", str(SPEC), str(tmp_path / "missing")]) == 255


WHOLE = [i for i, line in enumerate(TEXT.splitlines(), 1) if not TEXT.splitlines()[i:] or TEXT.splitlines()[i][:3] == "08:"]


IN_A_HANDLER = 15  # whose call is interrupted: that it returns has no line yet


@pytest.mark.parametrize("lines", [n for n in WHOLE if n > 4 and n != IN_A_HANDLER])
def test_what_begins_a_run_is_a_run(lines: int) -> None:
    """The log is one of a run, so is each of its beginnings: also one that has a look at the timer, and not yet the call
    that sets it, which together are one step."""
    v = validated("\n".join(TEXT.splitlines()[:lines]) + "\n")
    assert v.verdict in ("behaviour", "violated")
    within = lines in (10, 19)  # in both rounds the next line sets the timer; behind line 25 none does
    assert v.demands.cut == (("timer_gettime, timer_settime",) if within else ())


def test_fixme_a_log_that_ends_in_a_handler_is_refused() -> None:
    """It should be a behaviour: the guest is left by then, and the line that says so comes behind the handler."""
    assert validated("\n".join(TEXT.splitlines()[:IN_A_HANDLER]) + "\n").verdict == "refused"


def test_a_line_that_only_begins_something_demands_nothing() -> None:
    """No entry speaks of `open` alone, but the log ends there."""
    spec = load_text(
        "from modelcheck import Log, Spec, line, process\n\n\n"
        "class S(Spec):\n    @process\n    def p(self):\n        yield 'a'\n        yield 'b'\n\n\n"
        "LOG = Log(S, line('read', 'a'), line('open, close', 'b'))\n"
    )
    text = "10:00:00.000001 read(3) = 0\n10:00:00.000002 open(3) = 0\n"
    log = logs.read_text(text, "x.strace")
    told = lambda m: partial(itf.encode_state, m, bigint=False)  # noqa: E731
    v = validation.validate_spec(spec, log, told=told)
    assert (v.verdict, v.demands.cut) == ("behaviour", ("open, close",))
    with pytest.raises(SpecError):
        validation.validate_spec(spec, logs.read_text(text + "10:00:00.000003 read(3) = 0\n", "x.strace"), told=told)
