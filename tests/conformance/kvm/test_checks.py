"""What KVM does with port writes, ioeventfds and signals: each check a guest of a few bytes, in a process of
its own."""

from __future__ import annotations

import errno
import os
import select
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.kvm.guest import INTERRUPTED, NEEDS_KVM, PORT, SHORT_KICK, SPIN, Guest, kick, watchdog
from tests.conformance.machine.libc import counter
from tests.conformance.remote import Named, Remote

pytestmark = NEEDS_KVM

LONG_ENOUGH_S = 0.1  # for a guest that nothing will ever stop
NEVER_S = 30.0  # where the watchdog should have nothing to do
CHECKS: dict[str, tuple[Callable[[], Any], Any]] = {}


def check(expected: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def enter(function: Callable[[], Any]) -> Callable[[], Any]:
        CHECKS[(function.__doc__ or "").strip().rstrip(".")] = (function, expected)
        return function

    return enter


def notifier(value: int = 0) -> int:
    return os.eventfd(value, os.EFD_NONBLOCK)


def assigned(program: bytes, queue: int | None = 0) -> tuple[Guest, int]:
    guest, fd = Guest(program), notifier()
    assert guest.ioeventfd(fd, queue) == 0
    return guest, fd


@check(("io", PORT, 2, 7))
def exits():
    """A port write without an ioeventfd leaves the guest, with port, size and value."""
    return Guest(kick(queue=7)).run()


@check(("hlt", 1))
def no_exit():
    """With one there is no exit, and the counter is 1."""
    guest, fd = assigned(kick())
    return guest.run(), counter(fd)


@check(("hlt", 1000))
def thousand():
    """A thousand kicks make the counter 1000."""
    guest, fd = assigned(kick(times=1000))
    return guest.run(), counter(fd)


@check((0, [1]))
def coalesced():
    """A thousand kicks are one readable event."""
    guest, fd = assigned(kick(times=1000))
    guest.run()
    epoll = select.epoll()
    epoll.register(fd, select.EPOLLIN | select.EPOLLET)
    found = [len(epoll.poll(0))]
    return len(epoll.poll(0)), found


def of_three(queue: int) -> tuple[Any, ...]:
    guest, fds = Guest(kick(queue)), [notifier() for _ in range(3)]
    for number, fd in enumerate(fds):
        assert guest.ioeventfd(fd, number) == 0
    return guest.run(), *map(counter, fds)


@check(("hlt", 1, 0, 0))
def datamatch_0():
    """Of three queues, a kick of the first signals the first."""
    return of_three(0)


@check(("hlt", 0, 1, 0))
def datamatch_1():
    """Of three queues, a kick of the second signals the second."""
    return of_three(1)


@check(("hlt", 0, 0, 1))
def datamatch_2():
    """Of three queues, a kick of the third signals the third."""
    return of_three(2)


@check((("io", PORT, 2, 3), 0, 0, 0))
def datamatch_none():
    """A kick of a queue that none is assigned to leaves the guest."""
    return of_three(3)


@check(("hlt", 1))
def wildcard():
    """Without datamatch any value matches."""
    guest, fd = assigned(kick(queue=77), None)
    return guest.run(), counter(fd)


@check((("io", PORT, 1, 0), 0))
def length():
    """A write of one byte does not match an ioeventfd of two."""
    guest, fd = assigned(SHORT_KICK)
    return guest.run(), counter(fd)


@check(-errno.EEXIST)
def exists():
    """A second assign of the same key is EEXIST."""
    guest, _ = assigned(kick())
    return guest.ioeventfd(notifier(), 0)


@check(0)
def other_key():
    """The same eventfd can be assigned to another queue."""
    guest, fd = assigned(kick())
    return guest.ioeventfd(fd, 1)


@check(-errno.ENOENT)
def another():
    """A deassign with another eventfd is ENOENT."""
    guest, _ = assigned(kick())
    return guest.ioeventfd(notifier(), 0, deassign=True)


@check((0, -errno.ENOENT))
def twice():
    """A second deassign is ENOENT."""
    guest, fd = assigned(kick())
    return guest.ioeventfd(fd, 0, deassign=True), guest.ioeventfd(fd, 0, deassign=True)


@check(-errno.EBADF)
def closed():
    """A deassign by a number that is closed is EBADF."""
    guest, fd = assigned(kick())
    os.close(fd)
    return guest.ioeventfd(fd, 0, deassign=True)


@check(-errno.EINVAL)
def no_eventfd():
    """An assign of a descriptor that is no eventfd is EINVAL."""
    return Guest(kick()).ioeventfd(os.pipe()[0], 0)


@check(("hlt", -errno.EEXIST))
def swallowed():
    """After a close without a deassign kicks are swallowed, and a new assign is EEXIST."""
    guest, fd = assigned(kick())
    os.close(fd)
    return guest.run(), guest.ioeventfd(notifier(), 0)


@check(("hlt", -errno.ENOENT, 0))
def number_reused():
    """A number that was closed and used again is ENOENT to the deassign, and the new eventfd gets no kick."""
    guest, fd = assigned(kick())
    os.close(fd)
    again = notifier()
    assert again == fd
    return guest.run(), guest.ioeventfd(again, 0, deassign=True), counter(again)


@check((0, 1, ("io", PORT, 2, 0)))
def kick_then_deassign():
    """A kick before the deassign stays in the counter, and the next write leaves the guest."""
    guest, fd = assigned(kick())
    guest.run()
    done = guest.ioeventfd(fd, 0, deassign=True)
    guest.load(kick())
    return done, counter(fd), guest.run()


@check((0, "hlt", 1))
def again():
    """After a deassign the key is free for another."""
    guest, fd = assigned(kick())
    guest.ioeventfd(fd, 0, deassign=True)
    other = notifier()
    return guest.ioeventfd(other, 0), guest.run(), counter(other)


@check(("hlt", 2**64 - 1, True))
def saturated():
    """KVM's signal goes beyond what a write can: to 2^64 - 1, which is POLLERR."""
    guest, fd = assigned(kick(times=5))
    os.eventfd_write(fd, 2**64 - 2)
    left = guest.run()
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return left, counter(fd), bool(poll.poll(0)[0][1] & select.POLLERR)


@check((INTERRUPTED, True))
def not_interrupted():
    """An eventfd that is readable does not interrupt the guest: the watchdog does."""
    guest, fd = assigned(SPIN)
    os.eventfd_write(fd, 1)
    with watchdog(LONG_ENOUGH_S) as barked:
        return guest.run(), barked.is_set()


@check((1, INTERRUPTED, True))
def handler_before_run():
    """A handler that ran before KVM_RUN leaves the guest running until the watchdog's signal."""
    ran = []
    signal.signal(signal.SIGALRM, lambda *_: ran.append(1))
    guest = Guest(SPIN)
    with watchdog(LONG_ENOUGH_S) as barked:
        os.kill(os.getpid(), signal.SIGALRM)
        handled = len(ran)
        return handled, guest.run(), barked.is_set()


@check((INTERRUPTED, False, True))
def signal_mask():
    """A signal that is blocked but inside KVM_RUN (KVM_SET_SIGNAL_MASK) and pending before it: EINTR at once."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    guest = Guest(SPIN)
    with watchdog(NEVER_S) as barked:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        assert guest.signal_mask(()) == 0
        os.kill(os.getpid(), signal.SIGALRM)
        return guest.run(), barked.is_set(), signal.SIGALRM in signal.sigpending()


@check((INTERRUPTED, False))
def immediate_exit():
    """immediate_exit, set by a handler before KVM_RUN: EINTR at once."""
    guest = Guest(SPIN)
    signal.signal(signal.SIGALRM, lambda *_: guest.immediate_exit(True))
    with watchdog(NEVER_S) as barked:
        os.kill(os.getpid(), signal.SIGALRM)
        return guest.run(), barked.is_set()


@check(((INTERRUPTED,) * 20, False))
def periodic():
    """With a periodic timer the guest is left again and again."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    guest = Guest(SPIN)
    with watchdog(NEVER_S) as barked:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        left = tuple(guest.run() for _ in range(20))
        signal.setitimer(signal.ITIMER_REAL, 0)
        return left, barked.is_set()


@pytest.mark.parametrize("name", CHECKS)
def test_check(name: str) -> None:
    function, expected = CHECKS[name]
    with Remote(lambda: Named({name: function})) as machine:
        assert machine.perform(name, {}) == expected
