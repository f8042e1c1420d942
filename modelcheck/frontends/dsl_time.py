"""The names of a spec that speak of time. Like the rest of `dsl`, they are typed for editors and do nothing.

A clock is an int to an editor: it is compared, subtracted from another clock and set. What else an int can do, the
checker refuses of a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Literal, TypeVar

if TYPE_CHECKING:
    from modelcheck.frontends.dsl import Steps

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Time:
    """The unit of every time of a spec, for reports, and whether instants are integers: `time = Time("ns")`."""

    unit: Literal["", "ns", "us", "ms", "s", "min", "h"] = ""
    discrete: bool = False


def Param(low: int, high: int) -> int:
    """A number that nobody knows: the same in a whole run, somewhere in low .. high. `-D name=value` says which."""
    return low


def Clock() -> int:
    """Grows with time, from 0. It is set, compared and subtracted from another clock."""
    return 0


@dataclass(frozen=True, eq=False)
class Timer:
    """A countdown of at most `max`, off or armed. A method with `@expires` says what happens when it is due, or up to
    `late` later. With `period` it is armed again for that long each time. Without such a method it just runs out."""

    max: int
    late: int = 0
    period: int | None = None

    def arm(self, low: int, high: int | None = None, /) -> None:
        """It is due in `low`, or in an unknown time of low .. high."""

    def disarm(self) -> None:
        """It is off: nothing remains."""

    @property
    def remaining(self) -> int:
        """How long until it is due; 0 where it is off, or overdue."""
        return 0

    @property
    def armed(self) -> bool:
        return False

    @property
    def expired(self) -> bool:
        """Armed, and due."""
        return False


def between(low: int, high: int) -> int:
    """An unknown time of low .. high: `self.x = between(1, 5)` sets a clock to it."""
    return low


def after(low: int, high: int | None = None) -> str:
    """`yield "check", after(0, 100)`: the process stays at the label for at least `low`, at most `high`."""
    return ""


def urgent(label: str) -> str:
    """`yield urgent("gettime")`: time stands still while a process is there."""
    return label


def committed(label: str) -> str:
    """`yield committed("send")`: time stands still, and only processes at such labels take steps."""
    return label


def observe(name: str, value: int) -> None:
    """Notes a quantity for the witness; `--pin name=value` asks for runs where it has that value."""


def deadline(function: F, /) -> F:
    """Upper bounds on clocks, as a condition: time does not pass beyond them."""
    return _marked("deadline", function, {})


def expires(timer: str, /) -> Callable[[Callable[..., Any]], Steps]:
    """One atomic step, taken when the timer of that name is due: `@expires("alarm") def sigalrm(self)`. For an array of
    timers the method takes the index."""
    return lambda function: _marked("expires", function, {"timer": timer})


def _marked(kind: str, function: Any, options: dict[str, Any]) -> Any:
    function.modelcheck = (kind, options)
    return function


__all__ = [
    "Clock", "Param", "Time", "Timer", "after", "between", "committed", "deadline", "expires", "observe", "urgent",
]  # fmt: skip
