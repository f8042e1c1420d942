"""signalfd: signals read from a descriptor (fs/signalfd.c). It shows what is pending for whoever looks.

A read and a poll speak of the signals of the thread that reads or polls and of those of its process: the same
descriptor can be ready for one thread and not for another. Signals are pending only while they are blocked:
QEMU blocks SIGALRM, SIGIO and its SIG_IPI everywhere and reads them in the main loop (cpus.c:348,
sigfd_handler).
"""

from modelcheck import (
    Case, Option, Record, Ref, Set, Spec, action, action_invariant, implies, reachable, when, where,
)  # fmt: skip

from .mutex import Thread
from .signals import Signal, Signals, queue_max


class SignalFd(Record):
    mask = Set(Signal, init={"SIGUSR1", "SIGALRM", "SIGRTMIN"})

    def readable(self, thread, signals: Ref[Signals]):
        """For this thread."""
        return len(signals.pending(thread) & self.mask) > 0

    def read(self, thread, signals: Ref[Signals]):
        """One signalfd_siginfo, or None for EAGAIN."""
        return signals.take(thread, self.mask)


class Operations(Spec):
    """Threads that block all signals, and read from one signalfd."""

    signals = Signals()
    signalfd = SignalFd()
    result = Option(Signal, init=None)

    def init(self):
        for signal in Signal:
            for thread in Thread:
                self.signals.blocked[thread].add(signal)

    @action(signal=Signal)
    def kill(self, signal):
        when(self.signals.shared[signal] < queue_max and signal not in {"SIGUSR2", "SIGIO"})
        self.signals.kill(signal)
        self.result = None

    @action(thread=Thread, signal=Signal)
    def pthread_kill(self, thread, signal):
        when(self.signals.private[thread][signal] < queue_max and signal in {"SIGALRM", "SIGIO"})
        self.signals.pthread_kill(thread, signal)
        self.result = None

    @action(thread=Thread)
    def read(self, thread):
        self.result = self.signalfd.read(thread, self.signals)

    @action_invariant
    def a_read_takes_what_was_pending(self, after):
        return implies(after.result is not None, after.result in self.signals.pending(0) | self.signals.pending(1))

    @reachable
    def ready_for_one_thread_only(self):
        return self.signalfd.readable(0, self.signals) and not self.signalfd.readable(1, self.signals)


CASES = [
    Case("every order", Operations, where(queue_max=1)),
    Case("queued", Operations, where(queue_max=2)),
]
