"""What a search tells while it runs, and what it asks the machine."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Callable

INTERVAL_S = 0.2
RESERVE = 0.04  # of the memory of the machine


@dataclass(frozen=True, slots=True)
class Progress:
    """native: what native code took, once it is there: "native code compiled in 0.31 s"."""

    generated: int
    distinct: int
    queued: int
    depth: int
    seconds: float
    native: str = ""


Report = Callable[[Progress], None]


class Clock:
    """Seconds since the start, and whether it is time again for what should be done a few times a second only."""

    def __init__(self) -> None:
        self.start = perf_counter()
        self._due: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        return perf_counter() - self.start

    def due(self, what: str, interval_s: float | None = None) -> bool:
        """True at most once in an interval for each `what`; the first time at once."""
        if perf_counter() < self._due.get(what, 0.0):
            return False
        self.after(what, INTERVAL_S if interval_s is None else interval_s)
        return True

    def after(self, what: str, interval_s: float) -> None:
        """It is not due before that."""
        self._due[what] = perf_counter() + interval_s


def memory_is_short(limit: int | None, spilling: bool) -> bool:
    """Whether this process holds more than `limit` bytes, or the machine has next to nothing left. spilling: pages of
    files are not counted, for the system can take them back."""
    return (limit is not None and resident_bytes(files=not spilling) > limit) or machine_is_full()


def machine_is_full() -> bool:
    """Whether less than RESERVE of the memory is left to the machine, or to the container, and this process holds more
    than that. False where the system does not tell. Takes about 60 microseconds."""
    try:
        with open("/proc/meminfo", "rb") as meminfo:
            kilobytes = {line.split(b":")[0]: int(line.split()[1]) for line in meminfo.readlines()[:3]}
        least = RESERVE * kilobytes[b"MemTotal"] * 1024
        if kilobytes[b"MemAvailable"] * 1024 < least:
            return resident_bytes() > least
        with open("/sys/fs/cgroup/memory.max", "rb") as most, open("/sys/fs/cgroup/memory.stat", "rb") as stat:
            held = {name: int(n) for name, n in (line.split() for line in stat.readlines()[:1])}
            limit = most.read().strip()
        return limit != b"max" and held[b"anon"] > (1 - RESERVE) * int(limit)
    except (OSError, KeyError, ValueError):
        return False


def resident_bytes(*, files: bool = True) -> int:
    """The memory that this process holds now; its peak, where the system does not tell. Takes about 20 microseconds.
    files: count pages of mapped files."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            _, resident, shared = map(int, statm.read().split()[:3])
        return (resident if files else resident - shared) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
