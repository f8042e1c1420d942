"""Signals: blocked, pending, coalesced or queued, directed to a thread or to the process (kernel/signal.c).

A signal that is directed to the process is taken by any thread that does not block it; one that all block
stays pending for whoever unblocks it first, or waits for it. A thread looks at its own signals before those
of the process, and within each at the lowest number: `Signal` is in the order of the numbers. A standard
signal that is pending already is not queued again; each real-time signal is.
"""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Option, Record, Set, Spec, action, at, deadlocks, invariant, process,
    reachable, when, where,
)  # fmt: skip

from .mutex import Thread

queue_max = Const(2, Int(1, 8))   # real-time signals of one number that are pending at most for one target
mask_first = Const(True)          # the waiter blocks the signal before it looks, and unblocks it as it goes to sleep

Signal = Enum("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGIO", "SIGRTMIN")


class Signals(Record):
    blocked = Array(Thread, Set(Signal, init=set()))
    private = Array(Thread, Array(Signal, Int(0, queue_max, init=0)))  # pending for the thread
    shared = Array(Signal, Int(0, queue_max, init=0))                  # pending for the process

    def is_queued(self, signal):
        """Of a real-time signal each instance is kept."""
        return signal == "SIGRTMIN"

    def kill(self, signal):
        """To the process: kill, a timer's expiry, SIGIO."""
        self.shared[signal] = self.shared[signal] + 1 if self.is_queued(signal) else 1

    def pthread_kill(self, thread, signal):
        self.private[thread][signal] = self.private[thread][signal] + 1 if self.is_queued(signal) else 1

    def is_pending(self, thread, signal):
        """For the thread or for the process: what sigpending answers of a signal that the thread blocks."""
        return self.private[thread][signal] > 0 or self.shared[signal] > 0

    def pending(self, thread):
        return {signal for signal in Signal if self.is_pending(thread, signal)}

    def deliverable(self, thread):
        """What interrupts the thread: a system call that sleeps ends with EINTR, KVM_RUN leaves the guest."""
        return self.pending(thread) - self.blocked[thread]

    def block(self, thread, signal):
        self.blocked[thread].add(signal)

    def unblock(self, thread, signal):
        self.blocked[thread].discard(signal)

    def take(self, thread, signals):
        """Dequeues one of `signals` for the thread, or gives None: sigtimedwait without waiting, a read of a signalfd,
        the delivery to a handler."""
        for signal in Signal:
            if signal in signals and self.private[thread][signal] > 0:
                self.private[thread][signal] -= 1
                return signal
        for signal in Signal:
            if signal in signals and self.shared[signal] > 0:
                self.shared[signal] -= 1
                return signal
        return None


class Operations(Spec):
    """Two threads: thread 0 with a handler for every signal, thread 1, which blocks them all and waits for some."""

    signals = Signals()
    taken = Option(Signal, init=None)               # by the last sigtimedwait
    handled = Array(Signal, Int(0, 2 * queue_max, init=0))  # by handlers, within the last step

    def init(self):
        for signal in Signal:
            for thread in Thread:
                self.signals.blocked[thread].add(signal)

    def deliver(self):
        """Thread 0 runs the handler of whatever it can take, as it returns from the kernel."""
        self.taken = None
        for signal in Signal:
            self.handled[signal] = 0
            if signal not in self.signals.blocked[0]:
                self.handled[signal] = self.signals.private[0][signal] + self.signals.shared[signal]
                self.signals.private[0][signal] = 0
                self.signals.shared[signal] = 0

    @action(signal=Signal)
    def kill(self, signal):
        when(self.signals.shared[signal] < queue_max)
        self.signals.kill(signal)
        self.deliver()

    @action(thread=Thread, signal=Signal)
    def pthread_kill(self, thread, signal):
        when(self.signals.private[thread][signal] < queue_max)
        self.signals.pthread_kill(thread, signal)
        self.deliver()

    @action(signal=Signal)
    def block(self, signal):
        when(signal not in self.signals.blocked[0])
        self.signals.block(0, signal)
        self.deliver()

    @action(signal=Signal)
    def unblock(self, signal):
        when(signal in self.signals.blocked[0])
        self.signals.unblock(0, signal)
        self.deliver()

    @action(thread=Thread)
    def sigtimedwait(self, thread):
        """For all signals at once, without waiting."""
        self.deliver()
        self.taken = self.signals.take(thread, {s for s in Signal})

    @invariant
    def a_standard_signal_is_pending_once(self):
        return all(self.signals.is_queued(s) or self.signals.shared[s] <= 1 for s in Signal)

    @invariant
    def nothing_deliverable_stays(self):
        return len(self.signals.deliverable(0)) == 0

    @reachable
    def a_real_time_signal_is_queued(self):
        return self.signals.shared["SIGRTMIN"] == queue_max


class Sleeper(Spec):
    """A thread looks at a flag, then sleeps until a signal interrupts it; the signal's handler sets the flag.

    pselect, ppoll and KVM_RUN with KVM_SET_SIGNAL_MASK unblock the signal and go to sleep in one step.
    """

    signals = Signals()
    flag = Bool(init=False)                # set by the handler
    handled = Option(Signal, init=None)

    def init(self):
        if mask_first:
            self.signals.block(0, "SIGALRM")

    @process
    def handler(self):
        """Runs on thread 0 wherever that is in user code, if it does not block the signal."""
        yield "handle"
        when(not at(self.sleeper, "sleep"))
        when("SIGALRM" in self.signals.deliverable(0))
        self.handled = self.signals.take(0, self.signals.deliverable(0))
        self.flag = True

    @process
    def sleeper(self):
        yield "look"
        if not self.flag:
            yield "enter the kernel"
            if mask_first:
                self.signals.unblock(0, "SIGALRM")
            yield "sleep"
            when(len(self.signals.deliverable(0)) > 0)  # EINTR

    @process
    def timer(self):
        yield "expire"
        self.signals.kill("SIGALRM")


CASES = [
    Case("a lone thread, coalesced and queued", Operations, where(threads=1)),
    Case("sleeps with the signal masked until it sleeps", Sleeper),
    Case("the handler runs before the sleep", Sleeper, deadlocks(), where(mask_first=False)),
]
