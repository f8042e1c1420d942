"""Signals, waiting for them, and timers."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import time

from tests.conformance.facts import fact
from tests.conformance.facts.descriptors import read, selected, write
from tests.conformance.machine.libc import Itimerspec, libc
from tests.conformance.machine.signals import mask_of
from tests.conformance.machine.threads import Worker
from tests.conformance.machine.timers import Sigevent, setting

AT_ONCE_S = 0.001
FOR_EVER_S = 10_000
F_SETSIG = 10


# --- signals ----------------------------------------------------------------------------------------------------------


def arrived(number: int) -> int:
    """How often a signal that is blocked can be taken."""
    count = 0
    while signal.sigtimedwait([number], 0) is not None:
        count += 1
    return count


def asynchronous(fd: int, number: int) -> int:
    """Asks for a signal as the descriptor turns ready. What F_SETFL gives."""
    fcntl.fcntl(fd, F_SETSIG, number)
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    return fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)


@fact((0, False, 0))
def async_eventfd():
    """O_ASYNC on an eventfd: F_SETFL gives 0, the flag is not set, no signal comes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    fd = os.eventfd(0)
    done = asynchronous(fd, signal.SIGUSR1)
    write(fd, 1)
    return done, bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ASYNC), arrived(signal.SIGUSR1)


@fact((0, True, 1))
def async_pipe():
    """O_ASYNC on a pipe: the flag is set, one signal comes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    reader, writer = os.pipe()
    done = asynchronous(reader, signal.SIGUSR1)
    os.write(writer, b"x")
    return done, bool(fcntl.fcntl(reader, fcntl.F_GETFL) & os.O_ASYNC), arrived(signal.SIGUSR1)


@fact((0, True, 1))
def async_socket():
    """O_ASYNC on a socket: the flag is set, one signal comes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    reader, writer = socket.socketpair()
    done = asynchronous(reader.fileno(), signal.SIGUSR1)
    writer.send(b"x")
    return done, bool(fcntl.fcntl(reader, fcntl.F_GETFL) & os.O_ASYNC), arrived(signal.SIGUSR1)


@fact((0, False, 0))
def async_timerfd():
    """O_ASYNC on a timerfd: as on an eventfd."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    fd = libc.timerfd_create(time.CLOCK_MONOTONIC, 0)
    done = asynchronous(fd, signal.SIGUSR1)
    libc.timerfd_settime(fd, 0, ctypes.byref(setting(AT_ONCE_S, False)), None)
    select.select([fd], [], [])
    return done, bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ASYNC), arrived(signal.SIGUSR1)


@fact(1)
def coalesced():
    """A standard signal that is sent three times is pending once."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGUSR2)
    return arrived(signal.SIGUSR2)


@fact(3)
def queued():
    """A real-time signal that is sent three times is pending three times."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGRTMIN)
    return arrived(signal.SIGRTMIN)


@fact([11, 12, 13])
def sigqueue_in_order():
    """Real-time signals sent by sigqueue come in the order in which they were sent, each with its value."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
    for value in (11, 12, 13):
        libc.sigqueue(os.getpid(), signal.SIGRTMIN, ctypes.c_void_p(value))
    info = ctypes.create_string_buffer(128)  # si_value.sival_int is at 24
    values = []
    while libc.sigtimedwait(mask_of((signal.SIGRTMIN,)), info, ctypes.byref(setting(0, False).value)) > 0:
        values.append(struct.unpack_from("=i", info, 24)[0])
    return values


@fact((True, False))
def per_thread():
    """pthread_kill makes a signal pending for that thread and no other."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    thread = Worker()
    signal.pthread_kill(thread.thread.ident or 0, signal.SIGUSR1)
    return signal.SIGUSR1 in thread.call(signal.sigpending), signal.SIGUSR1 in signal.sigpending()


@fact((True, True))
def per_process():
    """kill makes a signal that all block pending for every thread."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    thread = Worker()
    os.kill(os.getpid(), signal.SIGUSR1)
    return signal.SIGUSR1 in thread.call(signal.sigpending), signal.SIGUSR1 in signal.sigpending()


@fact((True, False))
def signalfd_readable():
    """A signalfd is readable while a signal of its mask is pending, and a read takes the signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    fd = libc.signalfd(-1, mask_of((signal.SIGALRM,)), os.O_NONBLOCK)
    os.kill(os.getpid(), signal.SIGALRM)
    ready = selected(fd) == [fd]
    os.read(fd, 128)
    return ready, signal.SIGALRM in signal.sigpending()


# --- waiting ----------------------------------------------------------------------------------------------------------


class Flag:
    def __init__(self) -> None:
        self.is_set = False
        signal.signal(signal.SIGUSR1, self.set)

    def set(self, *_: object) -> None:
        self.is_set = True


@fact((True, False))
def check_then_select():
    """A handler that runs between the look at its flag and select leaves select asleep."""
    flag, timed_out = Flag(), False
    if not flag.is_set:  # the look
        os.kill(os.getpid(), signal.SIGUSR1)  # the handler runs here
        timed_out = select.select([], [], [], 0.05) == ([], [], []) and flag.is_set
    return timed_out, not flag.is_set


@fact((-errno.EINTR, True))
def ppoll_unmasks():
    """ppoll that unblocks the signal as it goes to sleep is ended by it: EINTR, at once."""
    flag = Flag()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)
    done = libc.ppoll(None, 0, ctypes.byref(setting(FOR_EVER_S, False).value), mask_of(()))
    error = -ctypes.get_errno() if done < 0 else done
    return error, flag.is_set


# --- timers -----------------------------------------------------------------------------------------------------------


def alarm(value_s: float) -> ctypes.c_void_p:
    """A one-shot timer that sends SIGALRM, which is blocked."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    timer, event = ctypes.c_void_p(), Sigevent(signo=signal.SIGALRM)
    assert libc.timer_create(time.CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(timer)) == 0
    set_timer(timer, value_s)
    return timer


def set_timer(timer: ctypes.c_void_p, value_s: float, periodic: bool = False) -> None:
    assert libc.timer_settime(timer, 0, ctypes.byref(setting(value_s, periodic)), None) == 0


def left_ns(timer: ctypes.c_void_p) -> int:
    left = Itimerspec()
    libc.timer_gettime(timer, ctypes.byref(left))
    return left.value.sec * 10**9 + left.value.nsec


@fact((True, 0, True))
def one_shot():
    """A one-shot timer has 0 left after its expiry, even while its signal is pending."""
    timer = alarm(FOR_EVER_S)
    before = left_ns(timer) > 0
    set_timer(timer, AT_ONCE_S)
    while signal.SIGALRM not in signal.sigpending():
        time.sleep(AT_ONCE_S)
    return before, left_ns(timer), signal.SIGALRM in signal.sigpending()


@fact((1, True))
def two_expiries():
    """Two expiries are one pending signal, and an overrun."""
    timer = alarm(FOR_EVER_S)
    often = Itimerspec()
    often.value.nsec = often.interval.nsec = 1_000_000
    libc.timer_settime(timer, 0, ctypes.byref(often), None)
    time.sleep(0.02)
    taken = signal.sigtimedwait([signal.SIGALRM], 0) is not None
    overruns = libc.timer_getoverrun(timer)
    set_timer(timer, 0)
    return int(taken), overruns >= 1


@fact((-errno.EAGAIN, True, 1, []))
def timerfd():
    """A timerfd is read like an eventfd: EAGAIN, then readable, then the number of expiries."""
    fd = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
    before = read(fd)
    libc.timerfd_settime(fd, 0, ctypes.byref(setting(AT_ONCE_S, False)), None)
    ready = select.select([fd], [], [])[0] == [fd]
    return before, ready, read(fd), selected(fd)
