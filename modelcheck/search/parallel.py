"""Workers: threads that share the parts of a block, and wait for each other.

A part is given to a worker by its number, and answers come in the order of the parts: who did what is never seen. What
runs beside other parts must not hold Python's lock for long, or nothing is gained.
"""

from __future__ import annotations

import os
from queue import SimpleQueue
from threading import Thread
from typing import Any, Callable, Iterable, Protocol, Sequence, TypeVar

import numpy as np
from numpy.typing import NDArray

from modelcheck.system import States, TransitionSystem

T = TypeVar("T")
R = TypeVar("R")

MOST_WORKERS = 16  # so many are tested
SHARE = 2048  # states: less is not worth a second worker


def _nothing() -> None:
    pass


class Crew(Protocol):
    """Whoever does the parts of one thing: threads here, processes or machines where somebody writes them."""

    size: int

    def map(self, work: Callable[[T], R], parts: Iterable[T], give_up: Callable[[], None] = _nothing) -> list[R]:
        """work(part) for every part, all of them finished; the first exception is raised after that. give_up: tells
        parts that wait for each other that one of them may not come."""
        ...

    def close(self) -> None: ...


class Alone:
    size = 1

    def map(self, work: Callable[[T], R], parts: Iterable[T], give_up: Callable[[], None] = _nothing) -> list[R]:
        return [work(part) for part in parts]

    def close(self) -> None:
        pass


class Threads:
    """The caller is one of them. A search waits for all of them some thousand times, so they are told by the plainest
    queues that there are: futures take twice as long."""

    def __init__(self, size: int):
        self.size = size
        self._tasks: list[SimpleQueue[Any]] = [SimpleQueue() for _ in range(size - 1)]
        self._threads = [Thread(target=_serve, args=(tasks,), daemon=True) for tasks in self._tasks]
        for thread in self._threads:
            thread.start()

    def map(self, work: Callable[[T], R], parts: Iterable[T], give_up: Callable[[], None] = _nothing) -> list[R]:
        waiting, done = list(parts), SimpleQueue()
        helping = min(self.size, len(waiting)) - 1
        shares: list[list[R]] = [[]] * self.size
        failed: list[BaseException] = []
        told = 0
        try:
            for i in range(1, helping + 1):
                told = i  # no exception comes between this line and the next, in which nothing is called before
                self._tasks[i - 1].put((done, i, work, waiting[i :: self.size], give_up))
            shares[0] = [work(part) for part in waiting[:: self.size]]
        except BaseException:
            give_up()
            raise
        finally:
            for _ in range(told):
                i, share, error = done.get()
                shares[i] = share
                failed += [error] if error else []
        if failed:
            raise failed[0]
        return [shares[i % self.size][i // self.size] for i in range(len(waiting))]

    def close(self) -> None:
        for tasks in self._tasks:
            tasks.put(None)
        for thread in self._threads:
            thread.join()


def _serve(tasks: SimpleQueue[Any]) -> None:
    """One thread's work, until it is told that there is no more."""
    while (task := tasks.get()) is not None:
        done, number, work, parts, give_up = task
        share, failed = [], None
        try:
            share = [work(part) for part in parts]
        except BaseException as error:
            give_up()
            failed = error
        done.put((number, share, failed))
        del task, done, work, parts, give_up, share, failed  # nothing is kept until the next task comes


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
