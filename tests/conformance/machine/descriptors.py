"""A table of descriptors, and a thread that sleeps in select(). Files are eventfds."""

from __future__ import annotations

import os
import resource
import select
from typing import Any

from tests.conformance.machine.libc import attempt
from tests.conformance.machine.threads import SELECT, Worker, in_call


def lowest_free() -> int:
    fd = os.dup(0)
    os.close(fd)
    return fd


class Table:
    """The numbers from the lowest free one on, as many as the spec has; beyond them the process may open none. A file
    is told from others by its counter: IDENTITY plus its number in the spec."""

    IDENTITY = 1000

    def __init__(self, fds: int) -> None:
        self.fds, self.base = fds, lowest_free()
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.base + fds, self.base + fds))

    def begin(self) -> Any:
        for fd in range(self.fds):
            attempt(os.close, self.base + fd)
        return self._observed(0)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self._observed(getattr(self, label)(**args))

    def open(self, file: int) -> int:
        return self._number(attempt(os.eventfd, self.IDENTITY + file, os.EFD_NONBLOCK))

    def dup(self, fd: int) -> int:
        return self._number(attempt(os.dup, self.base + fd))

    def dup2(self, fd: int, to: int) -> int:
        return self._number(attempt(os.dup2, self.base + fd, self.base + to))

    def close(self, fd: int) -> int:
        return attempt(os.close, self.base + fd) or 0

    def _number(self, fd: int) -> int:
        return fd - self.base if fd >= 0 else fd

    def _meant(self, fd: int) -> int | None:
        """Which file a number means: its counter is read, and written back."""
        count = attempt(os.eventfd_read, self.base + fd)
        if count < 0:
            return None
        os.eventfd_write(self.base + fd, count)
        return count - self.IDENTITY

    def _observed(self, result: int) -> dict[str, Any]:
        return {"result": result, "files": tuple(self._meant(fd) for fd in range(self.fds))}


class Sleeper:
    """select() in a thread of its own. Beside the numbers of the spec it watches one more, which ends it."""

    def __init__(self, fds: int) -> None:
        self.fds, self.thread = fds, Worker()
        self.end = os.eventfd(0, os.EFD_NONBLOCK)
        self.base = lowest_free()
        self.returned: set[int] = set()
        self.failed = False

    def begin(self) -> Any:
        if self.thread.busy:
            os.eventfd_write(self.end, 1)
            self.thread.settled(lambda _: False)
            os.eventfd_read(self.end)
        for fd in range(self.fds):
            attempt(os.close, self.base + fd)
        self.files: dict[int, int] = {}  # what each number means
        self.returned, self.failed = set(), False
        return self._observed()

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        getattr(self, label)(**args)
        if self.thread.busy:
            returned, ready = self.thread.settled(in_call(*SELECT))
            if returned:
                self.failed = isinstance(ready, int)
                self.returned = set() if self.failed else {fd - self.base for fd in ready[0]}
        return self._observed()

    def start(self, first: int, second: int) -> None:
        watched = {self.base + first, self.base + second, self.end}
        self.returned, self.failed = set(), False
        self.thread.start(lambda: attempt(select.select, watched, [], []))

    def signal(self, file: int) -> None:
        os.eventfd_write(self._number(file), 1)

    def clear(self, file: int) -> None:
        attempt(os.eventfd_read, self._number(file))

    def open(self, file: int) -> None:
        if len(self.files) < self.fds:  # the spec's table is full before the machine's is
            self.files[os.eventfd(0, os.EFD_NONBLOCK) - self.base] = file

    def dup(self, fd: int) -> None:
        if len(self.files) < self.fds:
            self.files[os.dup(self.base + fd) - self.base] = self.files[fd]

    def close(self, fd: int) -> None:
        os.close(self.base + fd)
        del self.files[fd]

    def _number(self, file: int) -> int:
        return self.base + next(fd for fd, meant in self.files.items() if meant == file)

    def _observed(self) -> dict[str, Any]:
        return {"asleep": self.thread.busy, "returned": frozenset(self.returned), "failed": self.failed}
