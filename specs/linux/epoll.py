"""epoll, level and edge triggered (fs/eventpoll.c): one registration of one file for EPOLLIN.

A wake-up puts the registration on the ready list; epoll_wait takes it off and asks the file whether it is
readable. If it is, it is reported, and only a level triggered registration goes back on the list: so what was
reported once on an edge is reported again only after another wake-up. An eventfd wakes at every write that
succeeds, also at a write of 0.
"""

from modelcheck import (
    Bool, Case, Const, Int, Record, Spec, action, eventually_always, holds, idle, implies, invariant,
    process, reachable, temporal, violates, when, where,
)  # fmt: skip

from .eventfd import EventFd, Written, eventfd_max

kicks = Const(2, Int(1, 8))
read_all = Const(True)       # the waiter reads until nothing is left


class LevelTriggered(Record):
    queued = Bool(init=False)  # on the ready list

    def wake(self):
        self.queued = True

    def wait(self, readable):
        """epoll_wait without waiting: whether the file is reported."""
        self.queued = self.queued and readable
        return self.queued


class EdgeTriggered(LevelTriggered):
    """With EPOLLET."""

    def wait(self, readable):
        reported = self.queued and readable
        self.queued = False
        return reported


class Operations(Spec):
    """An eventfd that is watched level and edge triggered at once."""

    eventfd = EventFd()
    level = LevelTriggered()
    edge = EdgeTriggered()
    result = Int(-22, eventfd_max + 1, init=0)

    def wake(self):
        self.level.wake()
        self.edge.wake()

    @action(value=Written)
    def write(self, value):
        self.result = self.eventfd.write(value)
        if self.result == 0:
            self.wake()

    @action
    def read(self):
        self.result = self.eventfd.read()

    @action
    def signal(self):
        self.eventfd.signal()
        self.wake()
        self.result = 0

    @action
    def wait_level(self):
        self.result = 1 if self.level.wait(self.eventfd.readable()) else 0

    @action
    def wait_edge(self):
        self.result = 1 if self.edge.wait(self.eventfd.readable()) else 0

    @invariant
    def what_is_readable_is_reported_by_level(self):
        return implies(self.eventfd.readable(), self.level.queued)

    @reachable
    def readable_and_not_reported_by_edge(self):
        return self.eventfd.readable() and not self.edge.queued


class Consumer(Spec):
    """A waiter that takes one unit of work for each report, or all that there is."""

    eventfd = EventFd()
    epoll = EdgeTriggered()
    waiting = Int(0, kicks, init=0)  # units of work

    @process
    def guest(self):
        for _ in range(kicks):
            yield "kick"
            self.waiting += 1
            self.eventfd.signal()
            self.epoll.wake()

    @process(fair="weak")
    def consumer(self):
        while True:
            yield idle("wait")
            reported = self.epoll.wait(self.eventfd.readable())
            when(reported)
            yield "work"
            if read_all:
                self.eventfd.test_and_clear()
                self.waiting = 0
            else:
                self.waiting -= 1

    @temporal
    def all_work_is_done(self):
        return eventually_always(self.waiting == 0)


class OneByOne(Consumer):
    """Level triggered: the eventfd is left readable until the work is done."""

    epoll = LevelTriggered()

    @process(fair="weak")
    def consumer(self):
        while True:
            yield idle("wait")
            reported = self.epoll.wait(self.eventfd.readable())
            when(reported)
            yield "work"
            self.waiting -= 1
            if self.waiting == 0:
                self.eventfd.test_and_clear()


CASES = [
    Case("every order", Operations),
    Case("edge triggered, all at once", Consumer, holds("all_work_is_done")),
    Case("edge triggered, one by one", Consumer, violates("all_work_is_done"), where(read_all=False)),
    Case("level triggered, one by one", OneByOne, holds("all_work_is_done")),
]
