"""eventfds, what is ready, and the numbers of descriptors."""

from __future__ import annotations

import errno
import os
import select
from typing import Any

from tests.conformance.facts import fact
from tests.conformance.machine.libc import attempt, counter
from tests.conformance.machine.threads import READ, SELECT, Worker, in_call

NONBLOCK, SEMAPHORE = os.EFD_NONBLOCK, os.EFD_SEMAPHORE


def selected(*fds: int) -> Any:
    return attempt(lambda: select.select(fds, [], [], 0)[0])


def polled(fd: int, mask: int = select.POLLIN | select.POLLOUT) -> int:
    poll = select.poll()
    poll.register(fd, mask)
    return sum(events for _, events in poll.poll(0))


def write(fd: int, value: int) -> int:
    return attempt(os.write, fd, value.to_bytes(8, "little"))


def read(fd: int) -> int:
    return attempt(os.eventfd_read, fd)


# --- eventfd ----------------------------------------------------------------------------------------------------------


@fact((True, 1))
def initial():
    """An initial value of 1 is readable at once."""
    fd = os.eventfd(1, NONBLOCK)
    return selected(fd) == [fd], read(fd)


@fact((3, -errno.EAGAIN))
def coalesce():
    """Three writes are one read of 3."""
    fd = os.eventfd(0, NONBLOCK)
    for _ in range(3):
        write(fd, 1)
    return read(fd), read(fd)


@fact((1, 1, 1, -errno.EAGAIN))
def semaphore():
    """With EFD_SEMAPHORE three writes are three reads of 1."""
    fd = os.eventfd(0, NONBLOCK | SEMAPHORE)
    for _ in range(3):
        write(fd, 1)
    return tuple(read(fd) for _ in range(4))


@fact((8, -errno.EAGAIN))
def saturated():
    """A write of 2^64 - 2 goes in, and another of 1 does not."""
    fd = os.eventfd(0, NONBLOCK)
    return write(fd, 2**64 - 2), write(fd, 1)


@fact(select.POLLIN)
def not_writable():
    """At 2^64 - 2 it is readable and not writable."""
    fd = os.eventfd(0, NONBLOCK)
    write(fd, 2**64 - 2)
    return polled(fd)


@fact(select.POLLIN | select.POLLOUT)
def writable_below():
    """At 2^64 - 3 it is writable."""
    fd = os.eventfd(0, NONBLOCK)
    write(fd, 2**64 - 3)
    return polled(fd)


@fact(-errno.EINVAL)
def invalid():
    """A write of 2^64 - 1 is EINVAL."""
    return write(os.eventfd(0, NONBLOCK), 2**64 - 1)


@fact((8, []))
def zero():
    """A write of 0 does not make it readable."""
    fd = os.eventfd(0, NONBLOCK)
    return write(fd, 0), selected(fd)


@fact((-errno.EINVAL, 5))
def short_read():
    """A read of 4 bytes is EINVAL and takes nothing."""
    fd = os.eventfd(5, NONBLOCK)
    return attempt(os.read, fd, 4), counter(fd)


@fact(-errno.EINVAL)
def short_write():
    """A write of 4 bytes is EINVAL."""
    return attempt(os.write, os.eventfd(0, NONBLOCK), bytes(4))


@fact((False, True, 7))
def blocking():
    """A blocking read sleeps until there is something to read."""
    fd, thread = os.eventfd(0), Worker()
    thread.start(lambda: os.eventfd_read(fd))
    slept = thread.settled(in_call(READ))[0]
    os.eventfd_write(fd, 7)
    return slept, *thread.settled(lambda _: False)


# --- poll, select, epoll ----------------------------------------------------------------------------------------------


@fact((select.POLLOUT, select.POLLIN | select.POLLOUT))
def poll_in():
    """poll says IN exactly if the counter is above zero."""
    fd = os.eventfd(0, NONBLOCK)
    before = polled(fd)
    write(fd, 1)
    return before, polled(fd)


@fact(([], True, True))
def select_level():
    """select is level triggered: it says so until it is read."""
    fd = os.eventfd(0, NONBLOCK)
    before = selected(fd)
    write(fd, 1)
    return before, selected(fd) == [fd], selected(fd) == [fd]


@fact((1, 1, 0))
def epoll_level():
    """epoll without EPOLLET reports it until it is read."""
    fd, epoll = os.eventfd(0, NONBLOCK), select.epoll()
    epoll.register(fd, select.EPOLLIN)
    write(fd, 1)
    found = len(epoll.poll(0)), len(epoll.poll(0))
    read(fd)
    return *found, len(epoll.poll(0))


@fact((1, 0, 1, 0))
def epoll_edge():
    """epoll with EPOLLET reports each write once, though nobody has read."""
    fd, epoll = os.eventfd(0, NONBLOCK), select.epoll()
    epoll.register(fd, select.EPOLLIN | select.EPOLLET)
    found = []
    for _ in range(2):
        write(fd, 1)
        found += [len(epoll.poll(0)), len(epoll.poll(0))]
    return tuple(found)


@fact((True, 1))
def epoll_dup():
    """epoll goes on reporting a descriptor that was closed while a dup of it is open."""
    fd, epoll = os.eventfd(0, NONBLOCK), select.epoll()
    epoll.register(fd, select.EPOLLIN)
    other = os.dup(fd)
    os.close(fd)
    write(other, 1)
    found = epoll.poll(0)
    return found == [(fd, select.EPOLLIN)], len(found)


@fact((1, 0))
def epoll_closed():
    """The last close of a file takes it out of epoll."""
    fd, epoll = os.eventfd(1, NONBLOCK), select.epoll()
    epoll.register(fd, select.EPOLLIN)
    before = len(epoll.poll(0))
    os.close(fd)
    return before, len(epoll.poll(0))


# --- descriptors ------------------------------------------------------------------------------------------------------


@fact(-errno.EBADF)
def select_closed():
    """select on a closed descriptor is EBADF."""
    fd = os.eventfd(0)
    os.close(fd)
    return selected(fd)


@fact(select.POLLNVAL)
def poll_closed():
    """poll on a closed descriptor is POLLNVAL."""
    fd = os.eventfd(0)
    os.close(fd)
    return polled(fd)


@fact(True)
def lowest():
    """The lowest free number is used again."""
    first, _, third = (os.eventfd(0) for _ in range(3))
    os.close(third)
    os.close(first)
    return os.eventfd(0) == first


@fact((1, 1))
def duplicated():
    """Two numbers of one eventfd have one counter."""
    fd = os.eventfd(0, NONBLOCK)
    other = os.dup(fd)
    write(other, 1)
    return counter(fd), read(fd)


def select_in_a_thread(*fds: int) -> tuple[Worker, int]:
    """One that is asleep in select(), on one more eventfd that ends it."""
    thread, end = Worker(), os.eventfd(0, NONBLOCK)
    thread.start(lambda: select.select([*fds, end], [], [])[0])
    assert not thread.settled(in_call(*SELECT))[0]
    return thread, end


@fact(False)
def close_does_not_wake():
    """A close in another thread does not wake select."""
    fd = os.eventfd(0)
    thread, _ = select_in_a_thread(fd)
    os.close(fd)
    return thread.settled(in_call(*SELECT))[0]


@fact(False)
def new_number_not_seen():
    """A descriptor that is opened, and readable, is not seen by a select in progress that watches its number."""
    fd = os.eventfd(0)
    thread, _ = select_in_a_thread(fd)
    os.close(fd)
    assert os.eventfd(1) == fd
    return thread.settled(in_call(*SELECT))[0]


@fact((True, True))
def dup_wakes():
    """A sleeper is woken through another number of the file."""
    fd = os.eventfd(0)
    other = os.dup(fd)
    thread, _ = select_in_a_thread(fd)
    write(other, 1)
    returned, ready = thread.settled(in_call(*SELECT))
    return returned, ready == [fd]


@fact((False, True))
def set_later():
    """A handler that is added while select sleeps is not heard until something else wakes it."""
    first, second = os.eventfd(0), os.eventfd(1)
    thread, _ = select_in_a_thread(first)
    slept = thread.settled(in_call(*SELECT))[0]
    write(first, 1)
    return slept, thread.settled(lambda _: False)[1] == [first] and selected(second) == [second]
