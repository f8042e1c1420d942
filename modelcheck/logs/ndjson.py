"""Logs of one JSON object per line, such as a program writes about itself.

`{"step": "vcpu: kick"}` names a step of the spec, by its label or its title; `{"event": "ioctl", "args": ["KVM_RUN"],
"result": "-1 EINTR", "fields": {"left": 7}}` is a line for the spec's LOG. Both may have "t": when, a number in the
spec's units, or [earliest, latest]; "thread"; "state": part of the state afterwards, as `--format json` writes states;
"observed": {"remaining": 24203}. Times that are no integers are widened to the units around them.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any, Callable

from modelcheck.errors import Diagnostic, Source, SpecError
from modelcheck.logs.events import Event, Field, Interval, Log, malformed

MOST = 1 << 56  # units of time, as in a spec
FORM = 'write {"step": "vcpu: kick", "t": 12, "state": {"assigned": true}}'


class _Odd(Exception):
    """What is wrong with an object."""


def read(source: Source) -> Log:
    events, wrong, last = [], [], None
    for number, text in enumerate(source.text.split("\n"), 1):
        if text.strip():
            try:
                event = _event(number, json.loads(text))
            except (ValueError, RecursionError):
                wrong.append(malformed(source, number, "this line is not JSON", FORM))
            except _Odd as odd:
                wrong.append(malformed(source, number, str(odd), FORM))
            else:
                events.append(event)
                wrong += _backwards(source, event, last)
                last = event.begun if event.begun.high is not None else last
    if wrong:
        raise SpecError(wrong)
    return _from_zero(Log(source, "ndjson", tuple(events), "", last))


def _backwards(source: Source, event: Event, last: Interval | None) -> list[Diagnostic]:
    if last is None or event.begun.high is None or event.begun.high >= last.low:
        return []
    return [malformed(source, event.line, "time goes back in this line", "lines stand in the order of time")]


def _from_zero(log: Log) -> Log:
    """With times since the first stamp: no time is below zero."""
    base = min((e.begun.low for e in log.events if e.begun.high is not None), default=0)

    def moved(i: Interval) -> Interval:
        return replace(i, low=i.low - base, high=i.high - base) if i.high is not None else i

    events = tuple(replace(e, begun=moved(e.begun), ended=moved(e.ended)) for e in log.events)
    return replace(log, events=events, last=moved(log.last) if log.last else None)


def _event(line: int, data: Any) -> Event:
    if not isinstance(data, dict):
        raise _Odd("a line is an object")
    for key in data.keys() - KEYS.keys():
        raise _Odd(f"there is no `{key}` in a line of a log; there may be {', '.join(KEYS)}")
    given = {key: KEYS[key](key, value) for key, value in data.items()}
    if ("step" in given) == ("event" in given):
        raise _Odd('a line has either a "step" or an "event"')
    when = given.get("t", Interval())
    return Event(
        name=given.get("event") or given["step"],
        line=line,
        ends=line,
        thread=given.get("thread", ""),
        words=given.get("args", frozenset()),
        result=given.get("result", ()),
        fields=given.get("fields", {}),
        begun=when,
        ended=when,
        order=(line, line),
        step=given.get("step"),
        state=given.get("state", {}),
        observed=given.get("observed", {}),
    )


# --- the keys ---------------------------------------------------------------------------------------------------------


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _Odd(f"`{key}` is a string")
    return value


def _time(key: str, value: Any) -> Interval:
    ends = value if isinstance(value, list) else [value, value]
    if len(ends) != 2 or not all(_is_number(x) for x in ends) or ends[0] > ends[1]:
        raise _Odd(f"`{key}` is a number below 2**56, or [earliest, latest]")
    return Interval(math.floor(ends[0]), math.ceil(ends[1]), exact=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MOST


def _words(key: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise _Odd(f"`{key}` is a list of words")
    return frozenset(map(str, value))


def _object(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Odd(f"`{key}` is an object")
    return value


def _numbers(key: str, value: Any) -> dict[str, int]:
    for name, number in _object(key, value).items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise _Odd(f"`{key}` has integers; {name} is none")
    return value


KEYS: dict[str, Callable[[str, Any], Any]] = {
    "step": _text,
    "event": _text,
    "t": _time,
    "thread": _text,
    "args": _words,
    "result": lambda key, value: tuple(_text(key, value).split()),
    "fields": lambda key, value: {name: Field(number, True) for name, number in _numbers(key, value).items()},
    "state": _object,
    "observed": _numbers,
}
