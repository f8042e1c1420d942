"""z3 within limits: no query without a deadline, and a ceiling on the memory of the library.

An answer that did not come in time is `None`, never a guess.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator

import z3

VERSION = z3.get_version_string()
MEGABYTE = 1 << 20


class OutOfMemory(Exception):
    """z3 has reached its ceiling: nothing more can be asked."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`deadline` on the clock of `time.monotonic`."""

    deadline: float

    @property
    def left_s(self) -> float:
        return self.deadline - time.monotonic()

    def part(self, share: float) -> Budget:
        """A budget that ends when that share of what is left is used up."""
        return Budget(time.monotonic() + max(0.0, self.left_s) * share)

    def at_most(self, seconds: float) -> Budget:
        """A budget of so many seconds, or of what is left."""
        return Budget(min(self.deadline, time.monotonic() + seconds))


@contextmanager
def ceiling(memory: int) -> Iterator[None]:
    """All that z3 holds in this process stays below so many bytes. Raises OutOfMemory where that is not enough."""
    z3.set_param("memory_max_size", max(1, memory // MEGABYTE))
    try:
        yield
    except z3.Z3Exception as error:
        judge(str(error))
        raise
    finally:
        z3.set_param("memory_max_size", 0)  # no limit: what was found is still to be told


def lasting(seconds: float) -> Budget:
    """Begins now."""
    return Budget(time.monotonic() + seconds)


def milliseconds(limit: Budget) -> int:
    return max(1, min(2**31 - 1, int(limit.left_s * 1000)))


def satisfiable(solver: z3.Solver, limit: Budget, *assumptions: Any) -> bool | None:
    """Whether there is a model; None where z3 does not know, or has no time left. Raises OutOfMemory,
    KeyboardInterrupt."""
    if limit.left_s <= 0:
        return None
    solver.set("timeout", milliseconds(limit))
    try:
        answer = solver.check(*assumptions)
    except z3.Z3Exception as error:
        judge(str(error))
        return None
    if answer == z3.unknown:
        judge(solver.reason_unknown())
        return None
    return answer == z3.sat


def judge(reason: str) -> None:
    """Raises what a reason for not knowing says of the whole run."""
    if "memory" in reason:
        raise OutOfMemory(reason)
    if "interrupted from keyboard" in reason:
        raise KeyboardInterrupt


def refuted(limit: Budget, *formulas: Any) -> bool:
    """Whether the formulas contradict each other, asked on its own."""
    solver = z3.Solver()
    solver.add(*formulas)
    return satisfiable(solver, limit) is False
