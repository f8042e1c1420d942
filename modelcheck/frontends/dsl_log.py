"""The names of a spec that say what the lines of a log mean. Like the rest of `dsl`, they are typed for editors and do
nothing.

A pattern is the name of a call, a signal or an event, then words among its arguments, then `= ` and words of its
result: `"ioctl KVM_RUN = -1 EINTR"`. A step is named by its label, `"kick"` or `"vcpu: kick"`, and where that makes a
difference by the label that its process goes on to: `"guest -> check"`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcheck.frontends.dsl import Expectation, Spec


@dataclass(frozen=True)
class LogEntry:
    kind: str
    names: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


class Log:
    """`LOG = Log(TheSpec, line(...), ..., where(constant=value))`: how `modelcheck validate` reads a log. With
    `begins="anywhere"` the log may begin in the middle of a run; otherwise it begins in an initial state. Every line
    of a log is one that an entry speaks of, every step one that an entry names."""

    def __init__(self, spec: type[Spec], /, *entries: LogEntry | Expectation, begins: str = "initially") -> None:
        self.spec, self.entries, self.begins = spec, entries, begins


def line(pattern: str, /, *steps: str, at: str | None = None, **quantities: str) -> LogEntry:
    """One of these steps is taken between the beginning of the call and its return; without steps, none is. Several
    patterns, `"timer_gettime, timer_settime"`, stand for that many lines of one thread, one after the other. `at`: the
    label where a process stands then. Of `quantities`, `remaining="it_value"`, the step observes all, with the values
    that the line shows, and no other one that the log speaks of."""
    return LogEntry("line", (pattern, *steps), {"at": at, **quantities})


def enters(pattern: str, /, *steps: str, at: str | None = None, **quantities: str) -> LogEntry:
    """The same of the moment at which the call begins."""
    return LogEntry("enters", (pattern, *steps), {"at": at, **quantities})


def returns(pattern: str, /, *steps: str, at: str | None = None, **quantities: str) -> LogEntry:
    """The same of the moment at which the call returns. A call that a signal interrupts returns to its program after
    the signal's handler."""
    return LogEntry("returns", (pattern, *steps), {"at": at, **quantities})


def ignored(*patterns: str) -> LogEntry:
    """Lines that say nothing."""
    return LogEntry("ignored", patterns)


def silent(*steps: str) -> LogEntry:
    """Steps that leave no line."""
    return LogEntry("silent", steps)


__all__ = ["Log", "enters", "ignored", "line", "returns", "silent"]
