"""Linux's eventfd: a counter of 64 bits (fs/eventfd.c). Can a signal be lost, and when does a writer have to
wait?

Every operation runs under one lock of the kernel, so each is one atomic step. `eventfd_max` stands for 2^64 -
2, the most that a write can reach; one more stands for 2^64 - 1, where only the kernel's own signal gets to.
With `eventfd_max=1` the counter tells no more than "signalled or not", which is all that most users look at.
"""

from modelcheck import (
    Case, Const, Int, Record, Spec, action, action_invariant, counts, deadlocks, eventually, holds, implies,
    invariant, process, reachable, temporal, when, where,
)  # fmt: skip

from .errno import EAGAIN, EINVAL

eventfd_max = Const(3, Int(1, 1000))
items = Const(4, Int(1, 9))       # that a producer hands over

Written = Int(0, eventfd_max + 1)


class EventFd(Record):
    """What read and write do without O_NONBLOCK is `read_blocking` and `write_blocking`."""

    counter = Int(0, eventfd_max + 1, init=0)

    def readable(self):
        """POLLIN."""
        return self.counter > 0

    def writable(self):
        """POLLOUT: a write of 1 would not block."""
        return self.counter < eventfd_max

    def failed(self):
        """POLLERR: the kernel's signals have reached 2^64 - 1."""
        return self.counter > eventfd_max

    def taken(self):
        """What a read takes, of a counter above zero."""
        return self.counter

    def read(self):
        """The value read, or -EAGAIN."""
        if self.counter == 0:
            return -EAGAIN
        value = self.taken()
        self.counter -= value
        return value

    def write(self, value):
        """0, -EAGAIN, or -EINVAL for 2^64 - 1."""
        if value > eventfd_max:
            return -EINVAL
        if self.counter + value > eventfd_max:
            return -EAGAIN
        self.counter += value
        return 0

    def read_blocking(self):
        when(self.counter > 0)
        return self.read()

    def write_blocking(self, value):
        when(value > eventfd_max or self.counter + value <= eventfd_max)
        return self.write(value)

    def signal(self):
        """eventfd_signal(ctx, 1) of the kernel, as an ioeventfd does it: never waits, stops at 2^64 - 1."""
        self.counter = min(self.counter + 1, eventfd_max + 1)

    def test_and_clear(self):
        """QEMU's event_notifier_test_and_clear: a read without waiting, of an eventfd without EFD_SEMAPHORE."""
        return self.read() > 0


class Semaphore(EventFd):
    """With EFD_SEMAPHORE a read takes 1."""

    def taken(self):
        return 1


class Operations(Spec):
    """Every operation in every order."""

    eventfd = EventFd()
    result = Int(-22, eventfd_max + 1, init=0)  # of the last operation

    @action(value=Written)
    def write(self, value):
        self.result = self.eventfd.write(value)

    @action
    def read(self):
        self.result = self.eventfd.read()

    @action
    def signal(self):
        self.eventfd.signal()
        self.result = 0

    @invariant
    def can_be_read_or_written(self):
        """Nobody ever has to wait on both sides."""
        return self.eventfd.readable() or self.eventfd.writable()

    @action_invariant
    def a_refused_operation_changes_nothing(self, after):
        return implies(after.result < 0, after.eventfd == self.eventfd)

    @action_invariant
    def only_a_signal_fails_it(self, after):
        """A write stops at 2^64 - 2."""
        return implies(after.eventfd.failed() and not self.eventfd.failed(), self.eventfd.counter == eventfd_max)

    @reachable
    def fails(self):
        return self.eventfd.failed()


class SemaphoreOperations(Operations):
    eventfd = Semaphore()


class Blocking(Spec):
    """The same without O_NONBLOCK: where a call would wait, the action cannot be taken."""

    eventfd = EventFd()
    result = Int(-22, eventfd_max + 1, init=0)

    @action(value=Written)
    def write(self, value):
        self.result = self.eventfd.write_blocking(value)

    @action
    def read(self):
        self.result = self.eventfd.read_blocking()


class Transfer(Spec):
    """A producer and a consumer that block, as with EFD_SEMAPHORE: nothing is lost and nobody is left waiting."""

    eventfd = Semaphore()
    sent = Int(0, items, init=0)
    received = Int(0, items, init=0)

    @process(fair="weak")
    def producer(self):
        for _ in range(items):
            yield "write", "fs/eventfd.c: eventfd_write"
            self.eventfd.write_blocking(1)
            self.sent += 1

    @process(fair="weak")
    def consumer(self):
        for _ in range(items):
            yield "read", "fs/eventfd.c: eventfd_read"
            self.received += self.eventfd.read_blocking()

    @invariant
    def nothing_is_lost(self):
        return self.sent == self.received + self.eventfd.counter

    @temporal
    def everything_arrives(self):
        return eventually(self.received == items)


class TransferAtOnce(Transfer):
    """Without EFD_SEMAPHORE a read takes all that was written: a consumer that counts its reads waits for ever."""

    eventfd = EventFd()


CASES = [
    Case("every order", Operations),
    Case("signalled or not", Operations, where(eventfd_max=1)),
    Case("semaphore", SemaphoreOperations),
    Case("blocking", Blocking),
    Case("one by one", Transfer, holds("nothing_is_lost", "everything_arrives"), counts(distinct=14)),
    Case("one at a time", Transfer, where(eventfd_max=1)),
    Case("all at once", TransferAtOnce, deadlocks(length=7)),
]
