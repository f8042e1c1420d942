"""What the lines of a log mean to a model: which steps they stand for, which quantities they show.

Data alone; `passes.logs` makes it of a spec's LOG, `validation` goes by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from modelcheck.errors import Span

Moment = Literal["line", "enters", "returns"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """An event by name, with these words among its arguments and these in its result. `result` None: any, also none."""

    name: str
    words: frozenset[str] = frozenset()
    result: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A quantity (its number) has the value of a field of line number `part` of the entry."""

    quantity: int
    part: int
    field: str


@dataclass(frozen=True, slots=True)
class StepName:
    """The actions of a label; `to`: of these only the steps after which their process stands at this label."""

    text: str
    actions: frozenset[int]
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Lines of one thread, one for each pattern, and what happens there: one of the steps, or none if there are none.
    `at`: some process of these stands there, (process, place)."""

    moment: Moment
    patterns: tuple[Pattern, ...]
    steps: tuple[StepName, ...] = ()
    readings: tuple[Reading, ...] = ()
    at: frozenset[tuple[int, int]] | None = None
    text: str = ""
    span: Span | None = field(default=None, compare=False)

    @property
    def says_nothing(self) -> bool:
        return not self.steps and self.at is None


@dataclass(frozen=True, slots=True)
class LogMap:
    """`silent`: actions that leave no line. `anywhere`: a log may begin in the middle of a run."""

    entries: tuple[Entry, ...] = ()
    silent: frozenset[int] = frozenset()
    anywhere: bool = False

    @property
    def shown(self) -> frozenset[int]:
        """The quantities that logs show."""
        return frozenset(r.quantity for e in self.entries for r in e.readings)
