"""A pipe whose ring has as many pages as the spec has units: a unit is a page, written and read at once."""

from __future__ import annotations

import fcntl
import os
import select
import signal
from typing import Any

from tests.conformance.machine.libc import attempt

PAGE = 4096
F_SETPIPE_SZ = 1031


class Pipe:
    def __init__(self, most: int) -> None:
        self.most = most
        self.reader = self.writer = -1
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def begin(self) -> Any:
        for fd in (self.reader, self.writer):
            if fd >= 0:
                os.close(fd)
        self.reader, self.writer = os.pipe2(os.O_NONBLOCK)
        room = fcntl.fcntl(self.writer, F_SETPIPE_SZ, self.most * PAGE)
        assert room == self.most * PAGE, f"a pipe of {room} bytes"
        return self._observed(0)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self._observed(getattr(self, label)(**args))

    def read(self) -> int:
        data = attempt(os.read, self.reader, PAGE)
        return data if isinstance(data, int) else len(data) // PAGE

    def write(self) -> int:
        done = attempt(os.write, self.writer, bytes(PAGE))
        return done // PAGE if done > 0 else done

    def close_reader(self) -> int:
        os.close(self.reader)
        self.reader = -1
        return 0

    def close_writer(self) -> int:
        os.close(self.writer)
        self.writer = -1
        return 0

    def _observed(self, result: int) -> dict[str, Any]:
        return {"result": result, "reader": _events(self.reader), "writer": _events(self.writer)}


def _events(fd: int) -> tuple[str, ...] | None:
    """What poll says of an end, None of one that is closed."""
    if fd < 0:
        return None
    poll = select.poll()
    poll.register(fd, select.POLLIN | select.POLLOUT)
    found = sum(events for _, events in poll.poll(0))
    names = {"in": select.POLLIN, "out": select.POLLOUT, "hup": select.POLLHUP, "err": select.POLLERR}
    return tuple(name for name, bit in names.items() if found & bit)
