"""A thread that does what it is told, one call at a time, and of which one can tell that it sleeps in a
system call.

There is no time-out in this. When a call that wakes a thread returns, the thread is marked (try_to_wake_up),
and its state in /proc is R until it has run: S means that no wake-up is on its way. What it sleeps in is
asked after that, since /proc's `syscall` says the same of a thread that is about to run.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

READ, WRITE, FUTEX = 0, 1, 202  # x86-64
SELECT = (23, 270)  # select, pselect6

Asleep = Callable[[list[str]], bool]  # of the system call that a thread sleeps in: number and arguments


class Worker:
    """`start` begins a call, `settled` tells how it stands, `call` does both for one that does not sleep."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        self.busy = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        # kept open: to open them later would take a number that a test may speak of
        self.state, self.entry = (
            os.open(f"/proc/self/task/{self.thread.native_id}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            for name in ("stat", "syscall")
        )

    def _run(self) -> None:
        while True:
            function = self.calls.get()
            try:
                self.answers.put((True, function()))
            except Exception as error:
                self.answers.put((False, error))

    def start(self, function: Callable[[], Any]) -> None:
        assert not self.busy, "one call at a time"
        self.busy = True
        self.calls.put(function)

    def settled(self, asleep: Asleep) -> tuple[bool, Any]:
        """Waits until the call has returned, or sleeps: whether it has returned, and what."""
        while self.answers.empty():
            sleeps = os.pread(self.state, 200, 0).rpartition(b") ")[2].startswith(b"S")
            words = os.pread(self.entry, 200, 0).decode("ascii").split()
            if sleeps and words[0] != "running" and asleep(words):
                return False, None
            time.sleep(0)
        self.busy = False
        well, answer = self.answers.get()
        if not well:
            raise answer
        return True, answer

    def call(self, function: Callable[[], Any]) -> Any:
        self.start(function)
        return self.settled(lambda _: False)[1]


def here(function: Callable[[], Any]) -> Any:
    """`Worker.call` of the thread that asks."""
    return function()


def in_call(*numbers: int) -> Asleep:
    return lambda words: int(words[0]) in numbers


def at_futex(start: int, size: int) -> Asleep:
    """On a futex within this memory: a mutex, a condition variable."""
    return lambda words: int(words[0]) == FUTEX and start <= int(words[1], 16) < start + size
