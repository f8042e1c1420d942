"""select() and a main loop's list of handlers, as in QEMU's vl.c of 2010: what a sleeper sees of changes.

`Select` is one call of select(). At its entry it looks up each descriptor and queues itself on the *files*
that they mean at that moment; it wakes for these files alone, then looks at the *numbers* again (fs/select.c:
do_select). A descriptor that is closed meanwhile, or a handler that is added, does not wake it.

`HandlerList` is the list of IOHandlerRecord (vl.c): a record that is unset is only marked as deleted,
since the main loop may be walking the list; a set for the same number makes use of it again. The list is kept
by number here: it never has two records for one, and what the order of dispatch changes is left to the spec
that walks it.
"""

from modelcheck import (
    Array, Bool, Case, Const, Int, Range, Record, Ref, Set, Spec, action, assertion_fails, at, deadlocks,
    eventually_always, holds, idle, only, process, reachable, temporal, violates, when, where,
)  # fmt: skip

from .errno import EBADF
from .eventfd import EventFd
from .fd_table import Fd, FdTable, File

opaques = Const(2, Int(1, 8))           # devices that handlers are called for
select_reports_closed = Const(True)     # since Linux 5.17; before, a number closed while select slept was passed over
recheck_deleted = Const(True)           # the main loop looks at `deleted` again before it calls a handler
select_times_out = Const(True)          # after a while select returns though nothing is ready
leaving = Const(("unset", "close"))     # of a device that goes away

Opaque = Range(opaques)


class Select(Record):
    """One call of select() for reading. `watched`: its fd_set. `sources`: the files on whose wait queues it is."""

    watched = Set(Fd, init=set())
    sources = Set(File, init=set())

    def enter(self, table: Ref[FdTable], watched):
        """0, or -EBADF where one of the numbers is free."""
        if any(not table.is_open(fd) for fd in watched):
            return -EBADF
        self.watched = watched
        self.sources = {file for file in File if any(table.file[fd] == file for fd in watched)}
        return 0

    def ready(self, table: Ref[FdTable], readable):
        """The numbers that it returns, or an empty set while it sleeps on. `readable`: the files that can be read.
        A sleeper looks when one of its `sources` is signalled. To ask at any other time is right as long as no number
        was used again while it slept on a file that is readable still."""
        if len(self.sources & readable) == 0:
            return set()
        return {fd for fd in self.watched
                if table.file[fd] in readable or (select_reports_closed and not table.is_open(fd))}  # fmt: skip


class Handler(Record):
    """One IOHandlerRecord."""

    present = Bool(init=False)
    deleted = Bool(init=False)
    opaque = Opaque(init=0)


class HandlerList(Record):
    handler = Array(Fd, Handler())

    def set_handler(self, fd, opaque):
        """qemu_set_fd_handler2 with a handler (vl.c:1028): a record of that number is used again, deleted or not."""
        self.handler[fd] = Handler(present=True, deleted=False, opaque=opaque)

    def unset_handler(self, fd):
        """qemu_set_fd_handler2 without one: the record stays until the main loop frees it."""
        if self.handler[fd].present:
            self.handler[fd].deleted = True

    def is_live(self, fd):
        return self.handler[fd].present and not self.handler[fd].deleted

    def watched(self):
        """What goes into the fd_set."""
        return {fd for fd in Fd if self.is_live(fd)}

    def free_deleted(self):
        """After the dispatch (vl.c: main_loop_wait)."""
        for fd in Fd:
            if self.handler[fd].deleted:
                self.handler[fd] = Handler()


class Sleeper(Spec):
    """One thread calls select() on two numbers; meanwhile files are signalled, numbers closed and used again."""

    table = FdTable()
    eventfd = Array(File, EventFd())
    select = Select()
    asleep = Bool(init=False)
    returned = Set(Fd, init=set())  # by the last select()
    error = Bool(init=False)        # it failed with EBADF

    def look(self):
        ready = self.select.ready(self.table, {file for file in File if self.eventfd[file].readable()})
        if len(ready) > 0:
            self.returned = ready
            self.asleep = False
            self.select = Select()

    @action(first=Fd, second=Fd)
    def start(self, first, second):
        when(not self.asleep and first <= second)
        self.error = self.select.enter(self.table, {first, second}) != 0
        self.returned = set()
        if not self.error:
            self.asleep = True
            self.look()

    @action(file=File)
    def signal(self, file):
        """Through any number that means the file. It wakes those who are queued on the file, and nobody else."""
        when(self.table.refers(file) and self.eventfd[file].writable())
        self.eventfd[file].signal()
        if file in self.select.sources:
            self.look()

    @action(file=File)
    def clear(self, file):
        when(self.table.refers(file))
        self.eventfd[file].test_and_clear()

    @action(file=File)
    def open(self, file):
        """A new eventfd. A file that the sleeper holds on to is not a new one."""
        when(not self.table.refers(file) and file not in self.select.sources)
        self.eventfd[file] = EventFd()
        self.table.install(file)

    @action(fd=Fd)
    def dup(self, fd):
        when(self.table.is_open(fd))
        self.table.dup(fd)

    @action(fd=Fd)
    def close(self, fd):
        when(self.table.is_open(fd))
        self.table.close(fd)

    @reachable
    def sleeps_though_its_number_is_readable(self):
        """Of a file that was opened under a number that was closed while it slept."""
        return self.asleep and any(
            self.table.is_open(fd) and self.eventfd[file].readable() and self.table.file[fd] == file
            for fd in self.select.watched for file in File
        )  # fmt: skip


class MainLoop(Spec):
    """A main loop, and a device that goes away while another comes and gets the same number."""

    table = FdTable()
    eventfd = Array(File, EventFd())
    select = Select()
    handlers = HandlerList()
    gone = Bool(init=False)             # device 0

    def init(self):
        self.table.install(0)
        self.handlers.set_handler(0, 0)

    def readable(self):
        return {file for file in File if self.eventfd[file].readable()}

    def call(self, fd):
        """The handler reads the eventfd that its number means now, if there is something in it."""
        assert not (self.gone and self.handlers.handler[fd].opaque == 0), "calls the handler of a device that is gone"
        assert self.table.is_open(fd), "reads a closed eventfd"
        self.eventfd[self.table.file[fd]].test_and_clear()

    @process(fair="weak")
    def main_loop(self):
        while True:
            yield "fill fd_set", "vl.c:1296"
            entered = self.select.enter(self.table, self.handlers.watched())
            assert entered == 0, "select fails with EBADF"
            yield idle("select"), "vl.c: main_loop_wait"
            ready = self.select.ready(self.table, self.readable())
            when(len(ready) > 0 or select_times_out)
            self.select = Select()
            for fd in Fd:
                if fd in ready:
                    yield "dispatch", "vl.c: main_loop_wait"
                    if self.handlers.is_live(fd) or (self.handlers.handler[fd].present and not recheck_deleted):
                        self.call(fd)
            yield "free deleted records", "vl.c: main_loop_wait"
            self.handlers.free_deleted()

    @process(fair="weak")
    def devices(self):
        for part in leaving:
            if part == "unset":
                yield "unset handler"
                self.handlers.unset_handler(0)
                self.gone = True
            else:
                yield "close"
                self.table.close(0)
        yield "open another"
        self.table.install(1)
        yield "set handler"
        self.handlers.set_handler(0, 1)

    @process(each=File, fair="weak")
    def signaller(self, file):
        yield "signal"
        self.eventfd[file].signal()

    @temporal
    def the_second_device_is_heard(self):
        return eventually_always(not self.eventfd[1].readable())

    @reachable
    def a_number_is_ready_for_a_file_that_is_not(self):
        """The stale bit of a number that was used again: harmless, as the handler's read does not wait."""
        return at(self.main_loop, "dispatch") and self.table.file[0] == 1 and not self.eventfd[1].readable()


CASES = [
    Case("a sleeper whose numbers are closed", Sleeper, deadlocks(length=6), where(eventfd_max=1)),
    Case("a number is used again", MainLoop, holds("the_second_device_is_heard"), where(eventfd_max=1)),
    Case("select never times out", MainLoop, violates("the_second_device_is_heard", length=9),
         where(eventfd_max=1, select_times_out=False)),
    Case("deleted records are called", MainLoop, assertion_fails(length=5),
         only("a_number_is_ready_for_a_file_that_is_not"), where(eventfd_max=1, recheck_deleted=False)),
    Case("closed before it is unset", MainLoop, assertion_fails(length=2),
         only("a_number_is_ready_for_a_file_that_is_not"), where(eventfd_max=1, leaving=("close", "unset"))),
    Case("closed numbers are passed over", MainLoop, where(eventfd_max=1, select_reports_closed=False)),
]
