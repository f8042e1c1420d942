"""Mutexes: who waits, who gets it. `Mutex` knows whether it is held; `OwnedMutex` by whom.

A thread that waits is a process at a step whose guard is the mutex. Weak fairness of that process is not
enough for it ever to get the mutex, as a pthread mutex promises no order: see `everybody_enters`.
"""

from modelcheck import (
    Array, Bool, Case, Const, Int, Option, Range, Record, Spec, action, assertion_fails, at, counts, deadlocks, holds,
    implies, infinitely_often, invariant, only, procedure, process, temporal, violates, when, where,
)  # fmt: skip

threads = Const(2, Int(1, 8))

Thread = Range(threads)


class Mutex(Record):
    held = Bool(init=False)

    def lock(self):
        """Waits: the step is not taken before the mutex is free."""
        when(not self.held)
        self.held = True

    def trylock(self):
        """Whether it was free, and is held now."""
        was_free = not self.held
        self.held = True
        return was_free

    def unlock(self):
        assert self.held, "unlocks a mutex that nobody holds"
        self.held = False


class OwnedMutex(Record):
    """A mutex that knows its holder. To lock it twice is an error, and to unlock another's (PTHREAD_MUTEX_ERRORCHECK:
    EDEADLK, EPERM)."""

    holder = Option(Thread, init=None)

    def lock(self, thread):
        assert self.holder != thread, "locks a mutex that it holds: waits for itself"
        when(self.holder is None)
        self.holder = thread

    def trylock(self, thread):
        if self.holder is not None:
            return False
        self.holder = thread
        return True

    def unlock(self, thread):
        assert self.holder == thread, "unlocks a mutex that it does not hold"
        self.holder = None


class Operations(Spec):
    """Every operation in every order, right or wrong."""

    mutex = OwnedMutex()
    locked = Bool(init=False)  # by the last operation

    @action(thread=Thread)
    def lock(self, thread):
        self.mutex.lock(thread)
        self.locked = True

    @action(thread=Thread)
    def trylock(self, thread):
        self.locked = self.mutex.trylock(thread)

    @action(thread=Thread)
    def unlock(self, thread):
        self.mutex.unlock(thread)
        self.locked = False

    @invariant
    def who_locks_it_holds_it(self):
        return implies(self.locked, self.mutex.holder is not None)


class Critical(Spec):
    """Threads that go in and out for ever."""

    mutex = OwnedMutex()

    @process(each=Thread, fair="weak")
    def thread(self, me):
        while True:
            yield "lock"
            self.mutex.lock(me)
            yield "inside"
            self.mutex.unlock(me)

    @invariant
    def one_at_a_time(self):
        return sum(1 for t in Thread if at(self.thread[t], "inside")) <= 1

    @temporal
    def everybody_enters(self):
        return all(infinitely_often(at(self.thread[t], "inside")) for t in Thread)


class StronglyFair(Critical):
    """A mutex that hands itself over to whoever has waited long enough (a fair mutex, a queue of waiters)."""

    @process(each=Thread, fair="strong")
    def thread(self, me):
        while True:
            yield "lock"
            self.mutex.lock(me)
            yield "inside"
            self.mutex.unlock(me)


class Relock(Critical):
    """A function that takes the mutex is called by one that holds it."""

    @process(each=Thread)
    def thread(self, me):
        while True:
            yield "lock"
            self.mutex.lock(me)
            yield "inside"
            self.mutex.lock(me)


class TwoMutexes(Spec):
    """Two threads take two mutexes; `Order` says who takes which first."""

    first = Mutex()
    second = Mutex()

    @procedure
    def both(self):
        yield "lock first"
        self.first.lock()
        yield "lock second"
        self.second.lock()
        yield "unlock second"
        self.second.unlock()
        yield "unlock first"
        self.first.unlock()

    @process
    def this(self):
        while True:
            yield from self.both()

    @process
    def that(self):
        while True:
            yield from self.both()


class Crossed(TwoMutexes):
    @process
    def that(self):
        while True:
            yield "lock second"
            self.second.lock()
            yield "lock first"
            self.first.lock()
            yield "unlock first"
            self.first.unlock()
            yield "unlock second"
            self.second.unlock()


class Polling(Spec):
    """A thread that only tries: it goes on without the mutex, and says so."""

    mutex = Mutex()
    inside = Array(Thread, Bool(init=False))

    @process(each=Thread)
    def thread(self, me):
        while True:
            yield "try"
            self.inside[me] = self.mutex.trylock()
            yield "leave"
            if self.inside[me]:
                self.inside[me] = False
                self.mutex.unlock()

    @invariant
    def one_at_a_time(self):
        return sum(1 for t in Thread if self.inside[t]) <= 1


CASES = [
    Case("every order, right or wrong", Operations, assertion_fails(length=1)),
    Case("weakly fair threads", Critical, holds("one_at_a_time"), violates("everybody_enters"), counts(distinct=3)),
    Case("strongly fair threads", StronglyFair, holds("everybody_enters")),
    Case("three threads", StronglyFair, where(threads=3), counts(distinct=4)),
    Case("locked twice", Relock, only("one_at_a_time"), assertion_fails(length=2)),
    Case("in one order", TwoMutexes),
    Case("in crossed order", Crossed, deadlocks(length=3)),
    Case("trylock", Polling),
]
