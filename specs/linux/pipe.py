"""A pipe: units in a ring, a reading end and a writing end (fs/pipe.c). As QEMU's main loop is notified
through one.

`pipe_max` is the room in units. What a unit is, is the user's choice: the pages of the ring, or the eight
bytes of QEMU's qemu_event_increment, of which 64 KiB hold 8192.
"""

from modelcheck import (
    Bool, Case, Const, Int, Record, Spec, action, action_invariant, deadlocks, eventually, holds, idle, implies,
    process, reachable, temporal, violates, when, where,
)  # fmt: skip

from .errno import EAGAIN, EPIPE

pipe_max = Const(2, Int(1, 16))
notifications = Const(3, Int(1, 9))
notify_first = Const(False)  # the notifier writes to the pipe before it has set what it notifies of


class Pipe(Record):
    units = Int(0, pipe_max, init=0)
    reader = Bool(init=True)         # the reading end is open
    writer = Bool(init=True)

    def readable(self):
        """POLLIN of the reading end."""
        return self.units > 0

    def writable(self):
        """POLLOUT of the writing end; one without a reader is ready as well, for an error."""
        return self.units < pipe_max

    def hung_up(self):
        """POLLHUP of the reading end: all that will ever come is what is in it."""
        return not self.writer

    def failed(self):
        """POLLERR of the writing end."""
        return not self.reader

    def read(self):
        """1 for a unit, 0 for the end, or -EAGAIN."""
        if self.units > 0:
            self.units -= 1
            return 1
        return -EAGAIN if self.writer else 0

    def write(self):
        """1 for a unit, -EAGAIN, or -EPIPE (with SIGPIPE) where nobody reads."""
        if not self.reader:
            return -EPIPE
        if self.units == pipe_max:
            return -EAGAIN
        self.units += 1
        return 1

    def close_reader(self):
        self.reader = False

    def close_writer(self):
        self.writer = False

    def drain(self):
        """QEMU's qemu_event_read: reads until nothing is left."""
        self.units = 0


class Operations(Spec):
    pipe = Pipe()
    result = Int(-32, 1, init=0)

    @action
    def read(self):
        when(self.pipe.reader)
        self.result = self.pipe.read()

    @action
    def write(self):
        when(self.pipe.writer)
        self.result = self.pipe.write()

    @action
    def close_reader(self):
        when(self.pipe.reader)
        self.pipe.close_reader()
        self.result = 0

    @action
    def close_writer(self):
        when(self.pipe.writer)
        self.pipe.close_writer()
        self.result = 0

    @action_invariant
    def a_refused_operation_changes_nothing(self, after):
        return implies(after.result < 0, after.pipe == self.pipe)

    @reachable
    def the_end(self):
        """Everything was read, and nobody will write: a read gives 0."""
        return self.pipe.reader and self.pipe.hung_up() and not self.pipe.readable()


class Notify(Spec):
    """A notifier that ignores a full pipe, and a sleeper that drains it, then looks (qemu_notify_event, cpus.c:299)."""

    pipe = Pipe()
    asked = Int(0, notifications, init=0)
    seen = Int(0, notifications, init=0)

    @process(fair="weak")
    def notifier(self):
        for _ in range(notifications):
            if notify_first:
                yield "write early"
                self.pipe.write()
            yield "ask"
            self.asked += 1
            if not notify_first:
                yield "write"
                self.pipe.write()  # EAGAIN is as good: a full pipe wakes the sleeper

    @process(fair="weak")
    def sleeper(self):
        while True:
            yield idle("sleep")
            when(self.pipe.readable())
            yield "drain"
            self.pipe.drain()
            yield "look"
            self.seen = self.asked

    @temporal
    def every_request_is_seen(self):
        return eventually(self.seen == notifications)


CASES = [
    Case("every order, until both ends are closed", Operations, deadlocks(length=3)),
    Case("one unit", Operations, deadlocks(length=3), where(pipe_max=1)),
    Case("notify", Notify, holds("every_request_is_seen")),
    Case("notify, one unit", Notify, where(pipe_max=1)),
    Case("notified too early", Notify, violates("every_request_is_seen"), where(notify_first=True)),
]
