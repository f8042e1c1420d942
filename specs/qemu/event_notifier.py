"""QEMU's EventNotifier of 2010 (hw/event_notifier.c): an eventfd by its number alone. Who reads whose?

`event_notifier_init(e, 1)` makes the eventfd readable before anybody has kicked: the first look after a start
finds a notification that nobody sent, and so looks at the ring. `event_notifier_cleanup` closes the number
and leaves it in `e->fd` (until 105e1023a8, 2019): whoever uses the notifier afterwards reads, or deassigns, a
number that is closed or belongs to somebody else.
"""

from modelcheck import (
    Array, Bool, Case, Const, Int, Option, Record, Ref, Set, Spec, done, implies, invariant, process, violates,
    where,
)  # fmt: skip

from ..linux.eventfd import EventFd
from ..linux.fd_table import Fd, FdTable, File

active = Const(1, Int(0, 1))             # event_notifier_init(notifier, active)
forgets = Const(False)                   # cleanup sets e->fd to -1, as since 2019


class OpenFiles(Record):
    """A process's numbers, and the eventfds that they mean. A file that nobody holds is used again."""

    table = FdTable()
    eventfd = Array(File, EventFd())
    foreign = Array(File, Bool(init=False))  # opened by somebody else; whatever it is, it can be read now

    def eventfd_2(self, count, held, foreign):
        """eventfd(count, EFD_NONBLOCK | EFD_CLOEXEC): the lowest free number. `held`: files that the kernel
        holds, which live on without a number."""
        file = min(f for f in File if f not in held and not self.table.refers(f))
        self.eventfd[file].counter = count
        self.foreign[file] = foreign
        return self.table.install(file)

    def readable(self):
        return {file for file in File if self.eventfd[file].readable()}

    def is_notifier(self, fd):
        """The number means an eventfd that an EventNotifier has opened."""
        return self.table.is_open(fd) and not self.foreign[self.table.file[fd]]


class EventNotifier(Record):
    fd = Option(Fd, init=None)

    def init(self, files: Ref[OpenFiles], active, held):
        self.fd = files.eventfd_2(active, held, False)

    def file(self, files: Ref[OpenFiles]):
        """What the number means now: None where it is closed."""
        return files.table.file[self.fd]

    def is_open(self, files: Ref[OpenFiles]):
        return self.fd is not None and files.table.is_open(self.fd)

    def is_set(self, files: Ref[OpenFiles]):
        return self.is_open(files) and files.eventfd[files.table.file[self.fd]].readable()

    def test_and_clear(self, files: Ref[OpenFiles]):
        """A read without waiting: False also where the number is closed."""
        return self.is_open(files) and files.eventfd[files.table.file[self.fd]].test_and_clear()

    def cleanup(self, files: Ref[OpenFiles]):
        if self.fd is not None:
            files.table.close(self.fd)
        if forgets:
            self.fd = None


class TwoOwners(Spec):
    """A notifier that is kicked, cleaned up and still asked, while somebody else opens a file."""

    files = OpenFiles()
    notifier = EventNotifier()
    foreign_reads = Bool(init=False)
    answers = Int(0, 2, init=0)
    held = Set(File, init=set())         # by nobody in the kernel

    @process
    def owner(self):
        yield "init", "hw/event_notifier.c: event_notifier_init"
        self.notifier.init(self.files, active, self.held)
        for _ in range(2):
            yield "test and clear", "hw/event_notifier.c: event_notifier_test_and_clear"
            if self.notifier.test_and_clear(self.files):
                self.answers += 1
        yield "cleanup", "hw/event_notifier.c: event_notifier_cleanup"
        self.notifier.cleanup(self.files)
        yield "test and clear after cleanup"
        self.foreign_reads = self.notifier.is_set(self.files) and not self.files.is_notifier(self.notifier.fd)

    @process
    def other(self):
        yield "open"
        self.files.eventfd_2(1, self.held, True)

    @invariant
    def one_notification_is_one_answer(self):
        """The eventfd starts with a notification that nobody sent, and gives it away once."""
        return implies(done(self.owner), self.answers == active)

    @invariant
    def nobody_reads_what_is_foreign(self):
        return not self.foreign_reads


CASES = [
    Case("cleanup leaves the number", TwoOwners, violates("nobody_reads_what_is_foreign", length=7)),
    Case("cleanup forgets the number", TwoOwners, where(forgets=True)),
    Case("starts at 0", TwoOwners, where(forgets=True, active=0)),
]
