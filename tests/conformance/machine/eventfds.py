"""eventfds, watched by select, poll and epoll. The kernel's own signal comes from an asynchronous read
(io_submit)."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import tempfile
from typing import Any

from tests.conformance.behaviours import BLOCKED
from tests.conformance.machine.libc import attempt, counter, libc, result
from tests.conformance.machine.threads import READ, WRITE, Worker, in_call

TOP = 2**64 - 2  # the most that a write reaches


class Iocb(ctypes.Structure):
    """struct iocb of <linux/aio_abi.h>, little endian."""

    _fields_ = [
        ("data", ctypes.c_uint64), ("key", ctypes.c_uint32), ("rw_flags", ctypes.c_int32),
        ("opcode", ctypes.c_uint16), ("priority", ctypes.c_int16), ("fd", ctypes.c_uint32),
        ("buffer", ctypes.c_uint64), ("bytes", ctypes.c_uint64), ("offset", ctypes.c_int64),
        ("reserved", ctypes.c_uint64), ("flags", ctypes.c_uint32), ("resfd", ctypes.c_uint32),
    ]  # fmt: skip


IO_SETUP, IO_GETEVENTS, IO_SUBMIT = 206, 208, 209  # x86-64
PREAD, RESFD = 0, 1


class KernelSignal:
    """eventfd_signal() by the kernel: the end of an asynchronous read of one byte signals an eventfd."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()
        self.file.write(b"x")
        self.file.flush()
        self.context = ctypes.c_ulong(0)
        if libc.syscall(IO_SETUP, 8, ctypes.byref(self.context)) < 0:
            raise OSError(ctypes.get_errno(), "io_setup")
        self.buffer, self.events = ctypes.create_string_buffer(8), ctypes.create_string_buffer(64)

    def signal(self, fd: int) -> int:
        request = Iocb(opcode=PREAD, fd=self.file.fileno(), buffer=ctypes.addressof(self.buffer), bytes=1)
        request.flags, request.resfd = RESFD, fd
        requests = (ctypes.c_void_p * 1)(ctypes.addressof(request))
        if libc.syscall(IO_SUBMIT, self.context, 1, requests) != 1:
            return result(-1)
        done = libc.syscall(IO_GETEVENTS, self.context, 1, 1, self.events, None)
        return 0 if done == 1 else result(-1)


class Scale:
    """Which real counts stand for those of the spec: 0..low for themselves, the others are counted from the top."""

    def __init__(self, most: int, low: int) -> None:
        self.most, self.low = most, low

    def real(self, count: int) -> int:
        return count if count <= self.low else TOP - (self.most - count)

    def count(self, real: int) -> int:
        return real if real <= self.low else real - TOP + self.most

    def increment(self, count: int, value: int) -> int:
        """What has to be written to a counter at `count` for a write of `value`."""
        if value > self.most:
            return 2**64 - 1
        beyond = count + value - self.most
        if value == 0 or beyond <= 0:
            return self.real(count + value) - self.real(count)
        return max(0, TOP - self.real(count)) + beyond


class EventFds:
    """One eventfd. Observes the result, the counter, and readiness by every means."""

    def __init__(self, most: int, *, low: int = 1, semaphore: bool = False) -> None:
        self.scale, self.flags = Scale(most, low), os.EFD_NONBLOCK | (os.EFD_SEMAPHORE if semaphore else 0)
        self.semaphore, self.kernel = semaphore, KernelSignal()
        self.fd = -1
        self.level, self.edge, self.either = (select.epoll() for _ in range(3))

    def begin(self) -> Any:
        if self.fd >= 0:
            os.close(self.fd)  # which takes it out of every epoll set
        self.fd = os.eventfd(0, self.flags)
        self.level.register(self.fd, select.EPOLLIN)
        self.edge.register(self.fd, select.EPOLLIN | select.EPOLLET)
        self.either.register(self.fd, select.EPOLLIN | select.EPOLLOUT)
        return self._observed(0)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self._observed(getattr(self, label)(**args))

    def write(self, value: int) -> int:
        data = self.scale.increment(self._count(), value).to_bytes(8, "little")
        done = attempt(os.write, self.fd, data)
        return 0 if done == 8 else done

    def read(self) -> int:
        data = attempt(os.read, self.fd, 8)
        if isinstance(data, int):
            return data
        value = int.from_bytes(data, "little")
        return value if self.semaphore else self.scale.count(value)

    def signal(self) -> int:
        """A signal adds 1; where the scale has a gap, the rest of it is written first."""
        count = self._count()
        gap = self.scale.real(min(count + 1, self.scale.most + 1)) - self.scale.real(count) - 1
        if gap > 0:
            os.write(self.fd, gap.to_bytes(8, "little"))
        return self.kernel.signal(self.fd)

    def wait_level(self) -> int:
        return len(self.level.poll(0))

    def wait_edge(self) -> int:
        return len(self.edge.poll(0))

    def _count(self) -> int:
        return self.scale.count(counter(self.fd))

    def _observed(self, outcome: int) -> dict[str, Any]:
        readable, writable, _ = select.select([self.fd], [self.fd], [], 0)
        poll = select.poll()
        poll.register(self.fd, select.POLLIN | select.POLLOUT)
        polled = sum(events for _, events in poll.poll(0))
        either = sum(events for _, events in self.either.poll(0))
        return {
            "result": outcome, "count": self._count(), "poll": polled, "epoll": either,
            "select": (bool(readable), bool(writable)),
        }  # fmt: skip


class BlockingEventFd(EventFds):
    """Without O_NONBLOCK, read and written by a thread. One that sleeps there is ended by a signal: EINTR."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.flags = 0
        self.thread = Worker()
        self.buffer = ctypes.create_string_buffer(8)
        signal.signal(signal.SIGUSR1, lambda *_: None)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        outcome = getattr(self, label)(**args)
        return BLOCKED if outcome == -errno.EINTR else self._observed(outcome)

    def write(self, value: int) -> int:
        self.buffer.raw = self.scale.increment(self._count(), value).to_bytes(8, "little")
        done = self._unless_asleep(libc.write, WRITE)
        return 0 if done == 8 else done

    def read(self) -> int:
        done = self._unless_asleep(libc.read, READ)
        return self.scale.count(int.from_bytes(self.buffer.raw, "little")) if done == 8 else done

    def _unless_asleep(self, call: Any, number: int) -> int:
        self.thread.start(lambda: result(call(self.fd, self.buffer, 8)))
        returned, done = self.thread.settled(in_call(number))
        if not returned:
            signal.pthread_kill(self.thread.thread.ident or 0, signal.SIGUSR1)
            _, done = self.thread.settled(lambda _: False)
        return done
