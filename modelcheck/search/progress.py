"""What a search tells while it runs, and what it asks the machine."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Callable

INTERVAL_S = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    generated: int
    distinct: int
    queued: int
    depth: int
    seconds: float


Report = Callable[[Progress], None]


class Clock:
    """Seconds since the start, and whether it is time again for what should be done a few times a second only."""

    def __init__(self) -> None:
        self.start = perf_counter()
        self._due: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        return perf_counter() - self.start

    def due(self, what: str) -> bool:
        """True at most once in INTERVAL_S for each `what`; the first time at once."""
        now = perf_counter()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + INTERVAL_S
        return True


def resident_bytes() -> int:
    """The memory that this process holds now; its peak, where the system does not tell. Takes about 20 microseconds."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
