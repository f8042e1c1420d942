"""What every reader makes of a log: events, each with when it began and ended, as far as the log says.

Times are integers, in units that `Log` names, since the first stamp of the log. A stamp is an instant that was cut to a
resolution: it stands for an interval [low, high).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from modelcheck.errors import Diagnostic, Source, Span


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= time < high; high None: no bound. exact: time <= high."""

    low: int = 0
    high: int | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A number that a line shows. `is_time`: in units of the log."""

    value: int
    is_time: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A call, a signal, or whatever a format has. name: of the call, of the signal. words: its arguments and the flags
    in them; result: its words, None where it does not return in the log. line, ends: the lines on which it begins and
    returns; order: those in which its two ends stand for the program, which may differ from the order of the lines.

    step, state, observed: where the format names a step of the spec itself, part of the state after it, quantities.
    """

    name: str
    line: int
    ends: int
    thread: str = ""
    words: frozenset[str] = frozenset()
    result: tuple[str, ...] | None = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    begun: Interval = Interval()
    ended: Interval = Interval()
    order: tuple[int, int] = (0, 0)
    step: str | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    observed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Log:
    """unit: "ns", or "" for times in the spec's own. last: the last stamp, None in a log without times."""

    source: Source
    format: str
    events: tuple[Event, ...]
    unit: str = ""
    last: Interval | None = None


def malformed(source: Source, line: int, message: str, hint: str) -> Diagnostic:
    """L001: a line that is not of its format."""
    return Diagnostic("L001", message, whole_line(source, line), hint)


def whole_line(source: Source, line: int) -> Span:
    text = source.line(line)
    return Span(source, line, len(text) - len(text.lstrip()), line, max(1, len(text.rstrip())))
