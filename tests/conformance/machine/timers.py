"""POSIX timers and timerfds, without waiting for time to pass.

An armed timer is one that is due in PERIOD_S. It "expires" by being set to a time in the past, on the clock
of the day: a periodic one to as many periods ago as it shall have expired times. That is the kernel's own way
to an expiry; only the clock did not have to get there.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
import time
from typing import Any

from tests.conformance.machine.libc import Itimerspec, Timespec, attempt, libc

PERIOD_S = 10_000
ABSTIME = 1
CLOCK_REALTIME = 0


def setting(value_s: float, periodic: bool) -> Itimerspec:
    whole = int(value_s)
    value = Timespec(whole, int((value_s - whole) * 1e9) if value_s else 0)
    return Itimerspec(Timespec(PERIOD_S if periodic else 0, 0), value)


def past(expiries: int) -> float:
    """When a periodic timer must have been due first, to have expired so often by now."""
    return time.time() - (expiries - 1) * PERIOD_S - 1


class TimerFd:
    def __init__(self) -> None:
        self.fd, self.expiries, self.periodic = -1, 0, False

    def begin(self) -> Any:
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = libc.timerfd_create(CLOCK_REALTIME, os.O_NONBLOCK)
        self.expiries = 0
        return self._observed(0)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self._observed(getattr(self, label)(**args))

    def settime(self, periodic: bool) -> int:
        self.expiries, self.periodic = 0, periodic
        return self._set(0, setting(PERIOD_S, periodic))

    def disarm(self) -> int:
        self.expiries, self.periodic = 0, False
        return self._set(0, setting(0, False))

    def expire(self) -> int:
        self.expiries += 1
        done = self._set(ABSTIME, setting(past(self.expiries), self.periodic))
        select.select([self.fd], [], [])  # its interrupt has come
        return done

    def read(self) -> int:
        data = attempt(os.read, self.fd, 8)
        self.expiries = 0
        return struct.unpack("=Q", data)[0] if isinstance(data, bytes) else data

    def _set(self, flags: int, to: Itimerspec) -> int:
        return libc.timerfd_settime(self.fd, flags, ctypes.byref(to), None)

    def _observed(self, result: int) -> dict[str, Any]:
        left = Itimerspec()
        libc.timerfd_gettime(self.fd, ctypes.byref(left))
        poll, edge = select.poll(), select.epoll()
        poll.register(self.fd, select.POLLIN)
        edge.register(self.fd, select.EPOLLIN | select.EPOLLET)
        ready = (bool(select.select([self.fd], [], [], 0)[0]), bool(poll.poll(0)), bool(edge.poll(0)))
        edge.close()
        return {
            "result": result, "ready": ready, "armed": left.value.sec > 0 or left.value.nsec > 0,
            "periodic": left.interval.sec > 0,
        }  # fmt: skip


class Sigevent(ctypes.Structure):
    """struct sigevent, SIGEV_SIGNAL being 0."""

    _fields_ = [
        ("value", ctypes.c_void_p), ("signo", ctypes.c_int), ("notify", ctypes.c_int), ("pad", ctypes.c_char * 48)
    ]  # fmt: skip


class Timer:
    """A timer that sends SIGALRM, which stays blocked: what is delivered is taken by sigtimedwait."""

    def __init__(self) -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # timers of one processor expire in order
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        self.fence, self.timer = TimerFd(), None
        self.fence.begin()

    def begin(self) -> Any:
        if self.timer is not None:
            libc.timer_delete(self.timer)
        while signal.sigtimedwait([signal.SIGALRM], 0) is not None:
            pass
        self.timer, event = ctypes.c_void_p(), Sigevent(signo=signal.SIGALRM)
        assert libc.timer_create(CLOCK_REALTIME, ctypes.byref(event), ctypes.byref(self.timer)) == 0
        self.expiries, self.periodic = 0, False
        return self._observed(0)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self._observed(getattr(self, label)(**args))

    def settime(self, periodic: bool) -> int:
        self.expiries, self.periodic = 0, periodic
        return self._set(0, setting(PERIOD_S, periodic))

    def disarm(self) -> int:
        self.expiries, self.periodic = 0, False
        return self._set(0, setting(0, False))

    def expire(self) -> int:
        self.expiries += 1
        self._set(ABSTIME, setting(past(self.expiries), self.periodic))
        self.fence.expire()
        self.fence.read()
        return 0

    def deliver(self) -> int:
        self.expiries = 0
        info = signal.sigtimedwait([signal.SIGALRM], 0)
        return 0 if info is None else 1 + libc.timer_getoverrun(self.timer)

    def _set(self, flags: int, to: Itimerspec) -> int:
        return libc.timer_settime(self.timer, flags, ctypes.byref(to), None)

    def is_armed(self) -> bool:
        left = self._left()
        return left.value.sec > 0 or left.value.nsec > 0

    def _left(self) -> Itimerspec:
        left = Itimerspec()
        libc.timer_gettime(self.timer, ctypes.byref(left))
        return left

    def _observed(self, expiries: int) -> dict[str, Any]:
        return {
            "expiries": expiries, "armed": self.is_armed(), "periodic": self._left().interval.sec > 0,
            "pending": signal.SIGALRM in signal.sigpending(),
        }  # fmt: skip
