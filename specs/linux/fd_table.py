"""A process's table of file descriptors (fs/file.c): numbers are used again, lowest first, and two may mean
one file.

Three things that are easily taken for one: the number, the open file that it means (`struct file`: an
eventfd, a pipe's end), and whoever else holds on to that file (KVM, a vhost worker, a sleeping select). A
number that was closed and used again means another file to those who still go by the number.
"""

from modelcheck import (
    Array, Case, Const, Int, Option, Range, Record, Spec, action, action_invariant, implies, invariant,
    reachable, when, where,
)  # fmt: skip

from .errno import EBADF, EMFILE

fds = Const(3, Int(1, 8))    # how many numbers there are: RLIMIT_NOFILE
files = Const(2, Int(1, 8))  # open files, each by its number

Fd = Range(fds)
File = Range(files)


class FdTable(Record):
    file = Array(Fd, Option(File, init=None))  # None: the number is free

    def is_open(self, fd):
        """Of any number, also -1 and those beyond the table."""
        return 0 <= fd < fds and self.file[fd] is not None

    def refers(self, file):
        """Some number means the file."""
        return any(self.file[fd] == file for fd in Fd)

    def install(self, file):
        """The lowest free number, which means the file from now on (open, eventfd, pipe), or -EMFILE."""
        for fd in Fd:
            if self.file[fd] is None:
                self.file[fd] = file
                return fd
        return -EMFILE

    def dup(self, fd):
        """Another number for the same file, or -EBADF, -EMFILE."""
        if not self.is_open(fd):
            return -EBADF
        return self.install(self.file[fd])

    def dup2(self, fd, to):
        """`to` means what `fd` means; what it meant before is closed. -EBADF where `fd` is free."""
        if not self.is_open(fd):
            return -EBADF
        self.file[to] = self.file[fd]
        return to

    def close(self, fd):
        """0 or -EBADF. The file itself lives on while another number or somebody in the kernel refers to it."""
        if not self.is_open(fd):
            return -EBADF
        self.file[fd] = None
        return 0


class Operations(Spec):
    """Every operation in every order, on free numbers too."""

    table = FdTable()
    result = Int(-24, fds - 1, init=0)

    @action(file=File)
    def open(self, file):
        when(not self.table.refers(file))
        self.result = self.table.install(file)

    @action(fd=Fd)
    def dup(self, fd):
        self.result = self.table.dup(fd)

    @action(fd=Fd, to=Fd)
    def dup2(self, fd, to):
        self.result = self.table.dup2(fd, to)

    @action(fd=Fd)
    def close(self, fd):
        self.result = self.table.close(fd)

    @action_invariant
    def one_number_at_a_time(self, after):
        """No operation touches more than one entry."""
        return sum(1 for fd in Fd if self.table.file[fd] != after.table.file[fd]) <= 1

    @action_invariant
    def a_refused_operation_changes_nothing(self, after):
        return implies(after.result < 0, after.table == self.table)

    @invariant
    def a_number_that_was_handed_out_is_open(self):
        return implies(self.result > 0, self.table.is_open(self.result))

    @reachable
    def all_numbers_mean_one_file(self):
        return all(self.table.file[fd] == 0 for fd in Fd)


class Reuse(Spec):
    """Somebody remembers a number while its owner closes it and opens another file."""

    table = FdTable()
    remembered = Option(Fd, init=None)
    meant = Option(File, init=None)  # what the number meant when it was remembered

    @action(file=File)
    def open(self, file):
        when(not self.table.refers(file))
        self.table.install(file)

    @action(fd=Fd)
    def close(self, fd):
        self.table.close(fd)

    @action(fd=Fd)
    def remember(self, fd):
        when(self.table.is_open(fd))
        self.remembered = fd
        self.meant = self.table.file[fd]

    @reachable
    def the_number_means_another_file(self):
        return (
            self.remembered is not None
            and self.table.is_open(self.remembered)
            and self.table.file[self.remembered] != self.meant
        )


CASES = [
    Case("every order", Operations),
    Case("a number is used again", Reuse),
    Case("four numbers, three files", Operations, where(fds=4, files=3)),
]
