"""Readers of logs: what the lines of strace and of NDJSON give, and what is refused, by line."""

from __future__ import annotations

from typing import Any

import pytest

from modelcheck import logs
from modelcheck.errors import SpecError
from modelcheck.logs.events import Event, Interval

US, S = 1_000, 1_000_000_000  # in ns


def events(text: str, path: str = "a.strace") -> tuple[Event, ...]:
    return logs.read_text(text, path).events


def one(text: str) -> Event:
    (found,) = events(text)
    return found


# line: name, thread, some of its words, result, fields. The forms are those of strace 4.5 (the report of 2011) and 6.1.
CALLS: dict[str, tuple[str, str, set[str], tuple[str, ...] | None, dict[str, int]]] = {
    "08:04:34.985177 ioctl(11, KVM_RUN, 0)   = 0": ("ioctl", "", {"11", "KVM_RUN"}, ("0",), {"result": 0}),
    "ioctl(11, KVM_RUN, 0)   = -1 EINTR (Interrupted system call)": (
        "ioctl", "", {"KVM_RUN"}, ("-1", "EINTR"), {"result": -1}),
    "[pid  712] 08:04:34.9 write(6, \"a)b\\\" ,c\", 7) = 7 <0.000012>": ("write", "712", {"6", "7"}, ("7",), {"result": 7}),
    "712  08:04:34 openat(AT_FDCWD, \"x\", O_RDONLY|O_CLOEXEC) = 3": (
        "openat", "712", {"O_CLOEXEC", "O_RDONLY|O_CLOEXEC"}, ("3",), {"result": 3}),
    "timer_gettime(0, {it_interval={0, 0}, it_value={0, 24203}}) = 0": (
        "timer_gettime", "", {"0"}, ("0",), {"it_value": 24203, "it_interval": 0, "result": 0}),
    "timer_gettime(0, {it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=1, tv_nsec=5}}) = 0": (
        "timer_gettime", "", {"0"}, ("0",), {"it_value": S + 5, "it_interval": 0, "result": 0}),
    "setitimer(ITIMER_REAL, {it_interval={0, 0}, it_value={0, 20}}, NULL) = 0": (
        "setitimer", "", {"ITIMER_REAL"}, ("0",), {"it_value": 20 * US, "it_interval": 0, "result": 0}),
    "setitimer(ITIMER_REAL, {it_interval={0, 0}, it_value={0, 20}}, {it_interval={0, 1}, it_value={0, 3}}) = 0": (
        "setitimer", "", {"ITIMER_REAL"}, ("0",), {"it_value": 20 * US, "it_interval": 0, "result": 0}),
    "exit_group(0)                           = ?": ("exit_group", "", {"0"}, ("?",), {}),
    "08:04:34.986754 ioctl(11, KVM_RUN^C <unfinished ...>": ("ioctl", "", {"11", "KVM_RUN"}, None, {}),
    "ioctl(11, KVM_RUN, 0^Cstrace: Process 42 detached\n <detached ...>": ("ioctl", "", {"KVM_RUN", "0"}, None, {}),
    "timer_settime(0, 0, {it_interval={0, 0}, it_value={0,\n273000}}, NULL) = 0": (
        "timer_settime", "", {"NULL"}, ("0",), {"it_value": 273000, "it_interval": 0, "result": 0}),
    "08:04:34.985242 --- SIGALRM (Alarm clock) @ 0 (0) ---": ("SIGALRM", "", set(), (), {}),
    "712 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---": ("SIGCHLD", "712", set(), (), {}),
    "+++ killed by SIGKILL (core dumped) +++": ("killed", "", {"SIGKILL"}, (), {}),
}  # fmt: skip


@pytest.mark.parametrize("text", CALLS)
def test_a_line_of_strace(text: str) -> None:
    event, (name, thread, words, result, fields) = one(text), CALLS[text]
    assert (event.name, event.thread, event.result) == (name, thread, result)
    assert words <= event.words
    assert {key: field.value for key, field in event.fields.items()} == fields


STAMPS: dict[str, tuple[str, list[tuple[int, int]]]] = {
    "to the microsecond": ("08:00:00.000001 a() = 0\n08:00:00.000003 b() = 0", [(0, US), (2 * US, 3 * US)]),
    "to the second": ("08:00:00 a() = 0\n08:00:02 b() = 0", [(0, S), (2 * S, 3 * S)]),
    "since 1970": ("1290000000.5 a() = 0\n1290000001.5 b() = 0", [(0, S // 10), (S, S + S // 10)]),
    "past midnight": ("23:59:59.9 a() = 0\n00:00:00.1 b() = 0", [(0, S // 10), (S // 5, S // 5 + S // 10)]),
    # each difference was cut to a microsecond, so the sum of n may be n microseconds off
    "relative": (
        "     0.000000 a() = 0\n     0.000010 b() = 0\n     0.000010 c() = 0",
        [(0, US), (8 * US, 12 * US), (17 * US, 23 * US)],
    ),
}


@pytest.mark.parametrize("name", STAMPS)
def test_stamps_are_intervals_since_the_first(name: str) -> None:
    text, wanted = STAMPS[name]
    assert [(e.begun.low, e.begun.high) for e in events(text)] == wanted


def test_a_call_returns_before_the_next_stamp_of_its_thread_or_when_it_says() -> None:
    text = "1 08:00:00.000000 a() = 0\n2 08:00:00.000005 b() = 0 <0.000007>\n1 08:00:00.000020 c() = 0"
    a, b, c = events(text)
    assert a.ended == Interval(0, 21 * US)
    assert b.ended == Interval(5 * US + 6 * US, 6 * US + 8 * US)  # both ends of the stamp and of the time it took
    assert c.ended == Interval(20 * US, None)


def test_an_unfinished_call_ends_where_it_is_resumed() -> None:
    text = (
        "1 08:00:00.000000 read(5, <unfinished ...>\n"
        "2 08:00:00.000001 write(6, \"x\", 1) = 1\n"
        "1 08:00:00.000002 <... read resumed>\"x\", 8) = 1\n"
    )
    read, write = events(text)
    assert (read.line, read.ends, read.result, read.order) == (1, 3, ("1",), (1, 3))
    assert read.ended == Interval(2 * US, 3 * US) and {"5", "8"} <= read.words
    assert write.order == (2, 2)


def test_an_interrupted_call_returns_behind_the_handler() -> None:
    """The program sees EINTR when the handler is done: rt_sigreturn gives that very value."""
    text = (
        "08:00:00.000000 ioctl(11, KVM_RUN, 0) = -1 EINTR (Interrupted system call)\n"
        "08:00:00.000010 --- SIGALRM (Alarm clock) @ 0 (0) ---\n"
        "08:00:00.000015 --- SIGUSR1 (User) @ 0 (0) ---\n"
        "08:00:00.000020 rt_sigreturn(0x1) = 0\n"
        "08:00:00.000030 rt_sigreturn(0x1) = -1 EINTR (Interrupted system call)\n"
        "08:00:00.000040 read(5, \"x\", 8) = 1\n"
    )
    assert events(text)[0].order == (1, 5)  # both handlers, one inside the other
    assert events(text)[0].ended == Interval(0, 41 * US)
    without = "\n".join(line for line in text.split("\n") if "rt_sigreturn" not in line)
    assert events(without)[0].order == (1, 3)
    cut = "\n".join(text.split("\n")[:4])
    assert events(cut)[0].result is None  # the log ends while a handler runs


REFUSED: dict[str, list[int]] = {
    "a() = 0\nnonsense\nb() = 0\n<--- guest": [2, 4],
    "a(1, 2)": [1],
    "<... read resumed>) = 0": [1],
    "1 read(5, <unfinished ...>\n1 <... write resumed>) = 0": [2],
    "08:00:00.5 a() = 0\n08:00:00.4 b() = 0": [2],
    "08:00:00.5 a() = 0\nb() = 0": [2],
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_strace_is_refused_by_line(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        events(text)
    assert [d.span.line for d in refused.value.diagnostics if d.span] == REFUSED[text]
    assert {d.code for d in refused.value.diagnostics} == {"L001"}
    assert all(d.hint for d in refused.value.diagnostics)


# --- NDJSON -----------------------------------------------------------------------------------------------------------


def test_objects_by_line() -> None:
    text = (
        '{"step": "vcpu: kick", "t": 7, "state": {"n": 1}, "observed": {"left": 3}}\n\n'
        '{"event": "ioctl", "args": ["KVM_RUN", 0], "result": "-1 EINTR", "fields": {"x": 2}, "t": [8.5, 9], "thread": "a"}'
    )
    step, event = events(text, "a.ndjson")
    assert (step.step, step.line, step.state, step.observed) == ("vcpu: kick", 1, {"n": 1}, {"left": 3})
    assert (event.name, event.line, event.words, event.result) == ("ioctl", 3, {"KVM_RUN", "0"}, ("-1", "EINTR"))
    assert step.begun == Interval(0, 0, exact=True)
    assert event.begun == Interval(1, 2, exact=True)  # 8.5 .. 9, less 7, in whole units


ODD: dict[str, list[int]] = {
    '{"step": "a"}\n{"step": }\n{"step": "b"': [2, 3],
    "[1]": [1],
    '{"stop": "a"}': [1],
    '{"step": "a", "event": "b"}': [1],
    '{"t": 1}': [1],
    '{"step": ""}': [1],
    '{"step": "a", "t": true}': [1],
    '{"step": "a", "t": 1e400}': [1],
    '{"step": "a", "t": [2, 1]}': [1],
    '{"step": "a", "observed": {"x": 1.5}}': [1],
    '{"step": "a", "state": 3}': [1],
    '{"step": "a", "t": 2}\n{"step": "a", "t": 1}': [2],
    '{"step": "a", "args": "x"}': [1],
}


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_log_in_json_is_refused_by_line(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        events(text, "a.ndjson")
    assert [d.span.line for d in refused.value.diagnostics if d.span] == ODD[text]


@pytest.mark.parametrize("path, text, format", [
    ("a.txt", ' {"step": "a"}', "ndjson"), ("a.txt", "a() = 0", "strace"), ("a.jsonl", "", "ndjson"), ("a.log", "", "strace"),
])  # fmt: skip
def test_formats_go_by_name_and_look(path: str, text: str, format: Any) -> None:
    assert logs.read_text(text, path).format == format
