"""Workers: threads that share the parts of a block, and wait for each other.

A part is given to a worker by its number, and answers come in the order of the parts: who did what is never seen. What
runs beside other parts must not hold Python's lock for long, or nothing is gained.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterable, Protocol, Sequence, TypeVar

import numpy as np
from numpy.typing import NDArray

from modelcheck.system import States, TransitionSystem

T = TypeVar("T")
R = TypeVar("R")

MOST_WORKERS = 16  # a state is owned by its segment of the table, the highest bits of its hash
SHARE = 2048  # states: less is not worth a second worker


class Crew(Protocol):
    """Whoever does the parts of one thing: threads here, processes or machines where somebody writes them."""

    size: int

    def map(self, work: Callable[[T], R], parts: Iterable[T]) -> list[R]:
        """work(part) for every part, all of them finished; the first exception is raised after that."""
        ...

    def close(self) -> None: ...


class Alone:
    size = 1

    def map(self, work: Callable[[T], R], parts: Iterable[T]) -> list[R]:
        return [work(part) for part in parts]

    def close(self) -> None:
        pass


class Threads:
    """The caller is one of them."""

    def __init__(self, size: int):
        self.size = size
        self._pool = ThreadPoolExecutor(size - 1, "search")

    def map(self, work: Callable[[T], R], parts: Iterable[T]) -> list[R]:
        waiting = list(parts)
        others = [self._pool.submit(self._share, work, waiting[i :: self.size]) for i in range(1, self.size)]
        try:
            shares = [self._share(work, waiting[:: self.size])]
        finally:
            failed = [error for other in others if (error := other.exception())]
        if failed:
            raise failed[0]
        shares += [other.result() for other in others]
        return [shares[i % self.size][i // self.size] for i in range(len(waiting))]

    @staticmethod
    def _share(work: Callable[[T], R], parts: list[T]) -> list[R]:
        return [work(part) for part in parts]

    def close(self) -> None:
        self._pool.shutdown(wait=True)


def crew(workers: int) -> Crew:
    return Threads(min(workers, MOST_WORKERS)) if workers > 1 else Alone()


def usable_cores() -> int:
    """What `workers="auto"` stands for."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Shared:
    """The predicates of a system, answered by all workers together."""

    def __init__(self, system: TransitionSystem, crew: Crew):
        self.system, self.crew, self.sites = system, crew, system.sites

    def predicates(self, states: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        return self._divided(len(states), lambda part: self.system.predicates(states[part], ids))

    def step_predicates(self, states: States, after: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        return self._divided(len(states), lambda part: self.system.step_predicates(states[part], after[part], ids))

    def _divided(self, count: int, ask: Callable[[slice], Any]) -> Any:
        size = max(SHARE, -(-count // self.crew.size))
        parts = [slice(first, first + size) for first in range(0, count, size)]
        return ask(slice(None)) if len(parts) < 2 else np.concatenate(self.crew.map(ask, parts))
