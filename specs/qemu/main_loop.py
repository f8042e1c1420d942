"""QEMU's main loop with an I/O thread, December 2010 (vl.c: main_loop_wait): is a new handler ever called?

Every function of QEMU runs under one global mutex; the main loop drops it around select() alone. The list of
handlers may change while it sleeps, and nothing wakes it: select watches what was in the list when it was
entered, until it times out after a second (qemu_calculate_timeout, with CONFIG_IOTHREAD). Since 55ce75faf2
setting a handler notifies the main loop.

`MainLoop` is the loop itself, for others to build on: they say what `dispatch` does for a number that is
ready, and what `requests` are served at the end of a round (vl.c: main_loop).
"""

from modelcheck import (
    Bool, Case, Const, Enum, Record, Spec, at, eventually, idle, invariant, procedure, process, temporal, violates,
    when, where,
)  # fmt: skip

from ..linux.fd_table import Fd
from ..linux.mutex import Mutex
from ..linux.select import HandlerList, Select, recheck_deleted, select_times_out
from .event_notifier import EventNotifier, OpenFiles, active

set_handler_notifies = Const(False)      # qemu_set_fd_handler calls qemu_notify_event (55ce75faf2)

# What has been used after it was cleaned up.
Misuse = Enum("nothing", "deassign-on-closed-fd", "select-on-closed-fd", "handler-read-closed-or-reused-fd",
              "handler-on-freed-vq", "pio-on-freed-device")  # fmt: skip


class NotifyPipe(Record):
    """What wakes the main loop (cpus.c: qemu_event_init): an eventfd, whose handler only empties it."""

    full = Bool(init=False)

    def qemu_event_increment(self):
        """Never waits: a full pipe says it already."""
        self.full = True

    def qemu_event_read(self):
        self.full = False


class MainLoop(Spec):
    mutex = Mutex(held=True)             # qemu_global_mutex; the main loop holds it at the start
    files = OpenFiles()
    handlers = HandlerList()
    select = Select()
    pipe = NotifyPipe()
    misuse = Misuse(init="nothing")      # the first one

    def misused(self, what):
        if self.misuse == "nothing":
            self.misuse = what

    def qemu_set_fd_handler(self, fd, opaque):
        self.handlers.set_handler(fd, opaque)
        if set_handler_notifies:
            self.pipe.qemu_event_increment()

    def asleep(self):
        """In select(), and nothing but its timeout will wake it."""
        return (
            at(self.main_loop, "select")
            and not self.pipe.full
            and len(self.select.ready(self.files.table, self.files.readable())) == 0
        )

    @process(fair="strong")
    def main_loop(self):
        while True:
            yield "fill fd_set", "vl.c:1296"
            self.handlers.free_deleted()
            entered = self.select.enter(self.files.table, self.handlers.watched())
            if entered < 0:
                self.misused("select-on-closed-fd")   # returns -1 at once, for ever
            self.mutex.unlock()
            yield idle("select"), "vl.c: main_loop_wait"
            ready = self.select.ready(self.files.table, self.files.readable())
            when(len(ready) > 0 or self.pipe.full or select_times_out)
            self.select = Select()
            yield "lock", "vl.c: main_loop_wait"
            self.mutex.lock()
            self.pipe.qemu_event_read()
            for fd in Fd:
                if fd in ready:
                    yield from self.dispatch(fd)
            yield from self.requests()

    @procedure
    def dispatch(self, fd):
        """A handler that empties the eventfd."""
        yield "dispatch", "vl.c: main_loop_wait"
        if self.handlers.is_live(fd) or (self.handlers.handler[fd].present and not recheck_deleted):
            self.files.eventfd[self.files.table.file[fd]].test_and_clear()

    @procedure
    def requests(self):
        yield "run timers", "vl.c: main_loop_wait"


class NewHandler(MainLoop):
    """Another thread sets a handler for an eventfd that is readable from the start, then writes to it."""

    notifier = EventNotifier()
    handled = Bool(init=False)

    @process(fair="strong")
    def thread(self):
        yield "lock"
        self.mutex.lock()
        yield "init"
        self.notifier.init(self.files, active, self.select.sources)
        yield "set handler", "vl.c:1028"
        self.qemu_set_fd_handler(self.notifier.fd, 0)
        yield "unlock"
        self.mutex.unlock()
        yield "write"
        self.files.eventfd[self.files.table.file[self.notifier.fd]].signal()

    @procedure
    def dispatch(self, fd):
        yield "dispatch", "vl.c: main_loop_wait"
        if self.handlers.is_live(fd) or (self.handlers.handler[fd].present and not recheck_deleted):
            self.handled = self.handled or self.notifier.test_and_clear(self.files)

    @temporal
    def the_handler_is_called(self):
        return eventually(self.handled)

    @invariant
    def nothing_waits_for_the_timeout(self):
        return not (self.asleep() and not self.mutex.held and self.notifier.is_set(self.files))

    @invariant
    def the_mutex_is_held_outside_select(self):
        return self.mutex.held or at(self.main_loop, "select") or at(self.main_loop, "lock")


CASES = [
    Case("select times out", NewHandler, violates("nothing_waits_for_the_timeout")),
    Case("select never times out", NewHandler, violates("nothing_waits_for_the_timeout"),
         violates("the_handler_is_called"), where(select_times_out=False)),
    Case("setting a handler notifies", NewHandler, where(select_times_out=False, set_handler_notifies=True)),
]
