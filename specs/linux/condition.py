"""Condition variables over a mutex (POSIX): to wait releases the mutex and sleeps in one step.

A signal wakes one of those who wait, any one; with nobody waiting it is lost. A thread that was woken has to
get the mutex again, and may find that what it waited for is gone: so it looks in a loop. POSIX allows a wait
to return without a signal (`spurious`), and a timed wait returns at any time.
"""

from modelcheck import (
    Case, Const, Int, Record, Ref, Set, Spec, action, action_invariant, choose, counts, deadlocks,
    evaluation_error, eventually, holds, only, process, temporal, violates, when, where,
)  # fmt: skip

from .mutex import Mutex, Thread, threads

spurious = Const(True)
wait_in_a_loop = Const(True)      # `while (!there) wait`, not `if`
signal_under_mutex = Const(True)  # what is waited for changes under the mutex
wake = Const("signal")            # or "broadcast"


class Condition(Record):
    waiting = Set(Thread, init=set())

    def sleep(self, thread, mutex: Ref[Mutex]):
        """The first half of pthread_cond_wait."""
        mutex.unlock()
        self.waiting.add(thread)

    def wake_up(self, thread, mutex: Ref[Mutex]):
        """The second half, for the step after: the thread has been signalled, or wakes for no reason."""
        when(thread not in self.waiting or spurious)
        mutex.lock()
        self.waiting.discard(thread)

    def signal(self):
        """Wakes one, whichever; nobody where nobody waits."""
        if len(self.waiting) > 0:
            thread = choose(self.waiting)
            self.waiting.discard(thread)

    def broadcast(self):
        self.waiting = set()


class Operations(Spec):
    """Every operation in every order, by threads that wait for nothing in particular."""

    condition = Condition()

    @action(thread=Thread)
    def wait(self, thread):
        when(thread not in self.condition.waiting)
        self.condition.waiting.add(thread)

    @action
    def signal(self):
        self.condition.signal()

    @action
    def broadcast(self):
        self.condition.broadcast()

    @action_invariant
    def one_thread_at_a_time_unless_broadcast(self, after):
        return len(self.condition.waiting) - len(after.condition.waiting) <= 1 or len(after.condition.waiting) == 0


class Handover(Spec):
    """Items are put one by one; every other thread takes one."""

    mutex = Mutex()
    condition = Condition()
    there = Int(0, threads, init=0)
    taken = Int(0, threads, init=0)

    @process(fair="weak")
    def producer(self):
        for _ in range(threads):
            yield "lock"
            if signal_under_mutex:
                self.mutex.lock()
            yield "put"
            self.there += 1
            yield "wake"
            if wake == "signal":
                self.condition.signal()
            else:
                self.condition.broadcast()
            yield "unlock"
            if signal_under_mutex:
                self.mutex.unlock()

    @process(each=Thread, fair="strong")
    def consumer(self, me):
        yield "lock"
        self.mutex.lock()
        while True:
            yield "look"
            if self.there > 0:
                break
            yield "wait"
            self.condition.sleep(me, self.mutex)
            yield "woken"
            self.condition.wake_up(me, self.mutex)
            if not wait_in_a_loop:
                break
        yield "take"
        self.there -= 1
        self.taken += 1
        self.mutex.unlock()

    @temporal
    def everybody_gets_one(self):
        return eventually(self.taken == threads)


CASES = [
    Case("every order", Operations, where(threads=3), counts(distinct=8)),  # who waits: any set of three threads
    Case("in a loop", Handover, holds("everybody_gets_one"), where(spurious=False)),
    Case("in a loop, woken without a signal again and again", Handover, violates("everybody_gets_one")),
    Case("three consumers", Handover, where(spurious=False, threads=3)),
    Case("broadcast", Handover, where(wake="broadcast", spurious=False)),
    Case("if instead of while", Handover, evaluation_error(), only("deadlock"), where(wait_in_a_loop=False)),
    Case("without the mutex", Handover, deadlocks(), violates("everybody_gets_one"),
         where(signal_under_mutex=False, spurious=False)),
]
