"""Logs of strace: with -t, -tt, -ttt or -r, with or without -f and -T, whole or `<unfinished ...>` and `resumed`.

A stamp is when the call was entered, or when the process was stopped for the signal, cut to its resolution. The return
of a call has no stamp: it lies before the next stamp of its thread, or, with -T, where that says. Of -r the stamps are
summed up, so they become less exact from line to line.

A call that ends in EINTR because of a signal has returned to its program when the signal's handler has: its return
stands behind `rt_sigreturn`, or right behind the signal where the log has no such line.

A line that mail has broken inside of braces or brackets is put together again; lines that begin with `#` are remarks.
Source: strace's manual page, and `printflags`, `tprint_*` of its sources for the forms of lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Iterable

from modelcheck.errors import Diagnostic, Source, SpecError
from modelcheck.logs.events import Event, Field, Interval, Log, malformed

PREFIX = re.compile(
    r"(?:\[pid\s+(?P<pid>\d+)\]\s+|(?P<bare>\d+)\s+(?=[\d<+\-a-z_]))?"
    r"(?:(?P<clock>\d\d:\d\d:\d\d(?:\.\d+)?)\s+|\s*(?P<seconds>\d+\.\d+)\s+)?(?:\(\+\s*[\d.]+\)\s+)?"
)
SIGNAL = re.compile(r"--- (?P<name>SIG\w+)\b.*---$")
STOPPED = re.compile(r"--- stopped by (?P<name>SIG\w+) ---$")
EXITED = re.compile(r"\+\+\+ (?P<word>exited|killed)(?: with| by) (?P<what>\w+)(?: \(core dumped\))? \+\+\+$")
RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>,?\s*(?P<rest>.*)$")
CALL = re.compile(r"(?P<name>[a-z_]\w*)\((?P<rest>.*)$", re.DOTALL)
UNFINISHED = re.compile(r"(?:\^C)?(?:strace: Process \d+ detached)?\s*<(?:unfinished \.\.\.|detached \.\.\.)>$")
CHATTER = re.compile(r"(?:strace: |Process \d+ (?:attached|detached|suspended|resumed))")
TOOK = re.compile(r"\s*<(?P<seconds>\d+\.\d+)>\s*$")
NUMBER = re.compile(r"-?\d+\Z")
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
EPOCH = 100_000_000  # seconds: stamps beyond are of -ttt
MICROSECONDS = ("setitimer", "getitimer", "select", "gettimeofday", "settimeofday", "utimes")  # {seconds, microseconds}
TIMES = {"tv_sec": SECOND, "tv_usec": 1000, "tv_nsec": 1}
INTERRUPTED = frozenset(["EINTR", "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK"])
HANDLED = ("rt_sigreturn", "sigreturn")
FORM = 'strace writes `08:04:34.985177 ioctl(11, KVM_RUN, 0) = 0`'


@dataclass(frozen=True, slots=True)
class _Line:
    """number, last: of the first and last line of text. stamp: in ns, None without one; it stands for an instant from
    stamp - early to stamp + late."""

    number: int
    last: int
    thread: str
    text: str
    stamp: int | None
    late: int
    early: int = 0


@dataclass(slots=True)
class _State:
    """What has been read: `open` are unfinished calls, by thread, as numbers of events."""

    source: Source
    events: list[Event] = field(default_factory=list)
    open: dict[str, int] = field(default_factory=dict)
    wrong: list[Diagnostic] = field(default_factory=list)

    def refuse(self, line: _Line, message: str, hint: str = FORM) -> None:
        self.wrong.append(malformed(self.source, line.number, message, hint))


def read(source: Source) -> Log:
    """Raises SpecError."""
    state = _State(source)
    lines = _in_order(state, _lines(source))
    for line in lines:
        _read(state, line)
    if state.wrong:
        raise SpecError(state.wrong)
    events = _ended(state.events, lines)
    last = next((_interval(x) for x in reversed(lines) if x.stamp is not None), None)
    return Log(source, "strace", tuple(sorted(_reordered(events), key=lambda e: e.line)), "ns", last)


# --- lines and stamps -------------------------------------------------------------------------------------------------


def _lines(source: Source) -> list[_Line]:
    """The lines that say something, put together where they are broken, with times as they are written."""
    found: list[_Line] = []
    for number, text in enumerate(source.text.split("\n"), 1):
        text = text.rstrip()
        if not text.strip() or text.startswith("#") or CHATTER.match(text):
            continue
        prefix = PREFIX.match(text)
        assert prefix is not None
        stamped = prefix["clock"] or prefix["seconds"]
        if found and not stamped and _is_open(found[-1].text):
            found[-1] = replace(found[-1], text=f"{found[-1].text} {text.strip()}", last=number)
            continue
        stamp, resolution = _stamp(stamped)
        thread = prefix["pid"] or prefix["bare"] or ""
        found.append(_Line(number, number, thread, text[prefix.end() :].strip(), stamp, resolution))
    return found


def _is_open(text: str) -> bool:
    """Whether a call breaks off inside of its arguments."""
    return bool(CALL.match(text)) and not UNFINISHED.search(text) and _closing(text, text.index("(") + 1) is None


def _stamp(text: str | None) -> tuple[int | None, int]:
    if text is None:
        return None, 0
    *larger, seconds = text.split(":")
    whole, _, digits = seconds.partition(".")
    total = int(whole) + sum(int(x) * 60**i for i, x in enumerate(reversed(larger), 1))
    return total * SECOND + int((digits + "0" * 9)[:9]), SECOND // 10 ** min(len(digits), 9)


def _in_order(state: _State, lines: list[_Line]) -> list[_Line]:
    """With stamps in ns since the first one. Times of day go on at midnight; those of -r are summed up."""
    stamped = [x for x in lines if x.stamp is not None]
    relative = bool(stamped) and all(
        x.stamp is not None and x.stamp < EPOCH * SECOND and _is_relative(state.source.line(x.number)) for x in stamped
    )
    found, base, before, days = [], None, 0, 0
    for line in lines:
        if line.stamp is None:
            if stamped:
                state.refuse(line, "this line has no time, and others have")
            found.append(line)
            continue
        if relative:
            before += line.stamp
            slack = line.late * (len(found) + 1)
            found.append(replace(line, stamp=before - (stamped[0].stamp or 0), late=slack, early=slack))
            continue
        now = line.stamp + days
        if now < before - DAY // 2:
            days, now = days + DAY, now + DAY
        elif now < before:
            state.refuse(line, "time goes back in this line", "lines stand in the order of time")
        base, before = now if base is None else base, max(now, before)
        found.append(replace(line, stamp=now - base))
    return found


def _is_relative(text: str) -> bool:
    prefix = PREFIX.match(text)
    return prefix is not None and prefix["seconds"] is not None


def _interval(line: _Line) -> Interval:
    if line.stamp is None:
        return Interval()
    return Interval(max(0, line.stamp - line.early), line.stamp + line.late)


# --- one line ---------------------------------------------------------------------------------------------------------


def _read(state: _State, line: _Line) -> None:
    text = line.text
    if found := SIGNAL.match(text) or STOPPED.match(text):
        _instant(state, line, found["name"])
    elif found := EXITED.match(text):
        _instant(state, line, found["word"], frozenset([found["what"]]))
    elif found := RESUMED.match(text):
        _resume(state, line, found["name"], found["rest"])
    elif found := CALL.match(text):
        _call(state, line, found["name"], found["rest"])
    else:
        state.refuse(line, "this is no line of strace")


def _instant(state: _State, line: _Line, name: str, words: frozenset[str] = frozenset()) -> None:
    """A signal, or the end of a process: it begins and ends at once."""
    when = _interval(line)
    state.events.append(
        Event(name, line.number, line.last, line.thread, words, (), {}, when, when, (line.number, line.number))
    )


def _call(state: _State, line: _Line, name: str, rest: str) -> None:
    when = _interval(line)
    event = Event(name, line.number, line.last, line.thread, begun=when, order=(line.number, line.number), result=None)
    cut = UNFINISHED.search(rest)
    if cut:
        state.open[line.thread] = len(state.events)
        words, fields = _arguments(name, rest[: cut.start()])
        state.events.append(replace(event, words=words, fields=fields))
        return
    _finish(state, line, event, rest)


def _resume(state: _State, line: _Line, name: str, rest: str) -> None:
    number = state.open.pop(line.thread, None)
    if number is None or state.events[number].name != name:
        state.refuse(line, f"no call of {name} is unfinished here", "keep the line with `<unfinished ...>`")
        return
    event = state.events[number]
    resumed = replace(event, ends=line.last, ended=_interval(line), order=(event.order[0], line.number))
    _finish(state, line, resumed, rest, at=number)


def _finish(state: _State, line: _Line, event: Event, rest: str, at: int | None = None) -> None:
    """With the arguments that `rest` has, and what it gives as the result."""
    end = _closing(rest, 0)
    result = re.match(r"\)\s*=\s*(.+)$", rest[end:]) if end is not None else None
    if end is None or result is None:
        state.refuse(line, "this call has no result", "a call ends in `) = result`, or in `<unfinished ...>`")
        return
    words, shown = _arguments(event.name, rest[:end])
    took = TOOK.search(result[1])
    gives = tuple(TOOK.sub("", result[1]).split("(")[0].split())
    fields = {**event.fields, **shown}
    if gives and NUMBER.match(gives[0]):
        fields["result"] = Field(int(gives[0]))
    done = replace(event, words=event.words | words, fields=fields, result=gives)
    if took and event.begun.high is not None and at is None:
        spent, _ = _stamp(took["seconds"])
        width = event.begun.high - event.begun.low
        low = event.begun.low + max(0, (spent or 0) - width)
        done = replace(done, ended=Interval(low, event.begun.high + (spent or 0) + width))
    if at is None:
        state.events.append(done)
    else:
        state.events[at] = done


# --- arguments --------------------------------------------------------------------------------------------------------


def _closing(text: str, start: int) -> int | None:
    """Where the parenthesis closes that was opened before `start`; strings are passed over."""
    depth, i = 1, start
    while i < len(text):
        c = text[i]
        if c == '"':
            i += 1
            while i < len(text) and text[i] != '"':
                i += 2 if text[i] == "\\" else 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    return None


def _arguments(name: str, text: str) -> tuple[frozenset[str], dict[str, Field]]:
    """Words and fields of what stands in the parentheses of a call."""
    words: set[str] = set()
    fields: dict[str, Field] = {}
    for part in _split(text):
        words |= {part, *part.split("|")}
        _fields(name, part, fields)
    return frozenset(words), fields


def _split(text: str) -> list[str]:
    """At the commas that stand in no bracket and no string."""
    parts, start, i = [], 0, 0
    while i < len(text):
        if text[i] in "([{":
            i = _closing(text, i + 1) or len(text)
        elif text[i] == '"':
            i += 1
            while i < len(text) and text[i] != '"':
                i += 2 if text[i] == "\\" else 1
        elif text[i] == ",":
            parts.append(text[start:i].strip())
            start = i + 1
        i += 1
    return [part for part in (*parts, text[start:].strip()) if part]


def _fields(name: str, text: str, fields: dict[str, Field], key: str = "") -> None:
    """The numbers in `{it_value={tv_sec=0, tv_nsec=24203}}`, and in `{it_value={0, 24203}}`: one of a time. Of several
    of a name the first counts: what a timer is set to, not what it was."""
    found = re.match(r"(\w+)=(.*)$", text, re.DOTALL)
    key, text = (found[1], found[2]) if found else (key, text)
    if NUMBER.match(text) and key:
        fields.setdefault(key, Field(int(text)))
    if not (text.startswith("{") and text.endswith("}")):
        return
    parts = _split(text[1:-1])
    time = _time(name, parts)
    if time is not None and key:
        fields.setdefault(key, Field(time, is_time=True))
    elif time is None:
        for part in parts:
            _fields(name, part, fields, "")


def _time(name: str, parts: list[str]) -> int | None:
    """`tv_sec=0, tv_nsec=24203`, or the same without names, in ns."""
    if len(parts) != 2:
        return None
    named = [re.match(r"(tv_\w+)=(-?\d+)$", p) for p in parts]
    if all(named):
        return sum(int(m[2]) * TIMES.get(m[1], 0) for m in named if m)
    if all(NUMBER.match(p) for p in parts):
        return int(parts[0]) * SECOND + int(parts[1]) * (1000 if name in MICROSECONDS else 1)
    return None


# --- returns ----------------------------------------------------------------------------------------------------------


def _ended(events: list[Event], lines: list[_Line]) -> list[Event]:
    """With the time of a return where no line has one: between the call and the next stamp of its thread."""
    stamps: dict[str, list[_Line]] = {}
    for line in lines:
        stamps.setdefault(line.thread, []).append(line)
    found = []
    for event in events:
        if event.ended == Interval():
            later = next((x for x in stamps[event.thread] if x.number > event.ends and x.stamp is not None), None)
            event = replace(event, ended=Interval(event.begun.low, _interval(later).high if later else None))
        found.append(event)
    return found


def _reordered(events: list[Event]) -> Iterable[Event]:
    """With returns that a signal interrupts behind the handler."""
    by_thread: dict[str, list[Event]] = {}
    for event in sorted(events, key=lambda e: e.line):
        by_thread.setdefault(event.thread, []).append(event)
    handled = any(e.name in HANDLED for e in events)
    signalled = any(e.name.startswith("SIG") for e in events)
    for own in by_thread.values():
        for i, event in enumerate(own):
            interrupted = bool(INTERRUPTED & {*(event.result or ())}) and event.name not in HANDLED
            if interrupted and signalled and i + 1 == len(own):
                yield replace(event, result=None)  # the log ends before the signal, and so before the return
            elif interrupted and i + 1 < len(own) and own[i + 1].name.startswith("SIG"):
                yield _behind_the_handler(event, own[i + 1 :], handled)
            else:
                yield event


def _behind_the_handler(event: Event, later: list[Event], handled: bool) -> Event:
    """The return of a call that a signal has interrupted. handled: whether the log shows where handlers return; where
    this one never does, the call does not return either."""
    last = _end_of_handler(later) if handled else _last_signal(later)
    if last is None:
        return replace(event, result=None)
    return replace(event, ended=replace(last.ended, low=event.begun.low), order=(event.order[0], last.ends))


def _last_signal(later: list[Event]) -> Event:
    return list(takewhile(lambda e: e.name.startswith("SIG"), later))[-1]


def _end_of_handler(later: list[Event]) -> Event | None:
    """The `rt_sigreturn` after which no handler runs any more."""
    running = 0
    for event in later:
        running += event.name.startswith("SIG") - (event.name in HANDLED)
        if running == 0:
            return event
    return None
