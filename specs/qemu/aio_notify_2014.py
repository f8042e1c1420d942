"""QEMU's aio_notify of 2014: the notifier skips the event while a waiter says that it is dispatching.

After docs/spin/aio_notify.promela of QEMU 0ceb849bd3 (Paolo Bonzini), since replaced. One waiter is safe, which is what
that file verifies. A second one that polls the same context and leaves, as a nested aio_poll does, breaks it: the notifier
skips the event for the sake of one that dispatches for the last time, or the one that leaves takes the event along, and
the other sleeps on.
"""

from modelcheck import (
    Bool, Case, Const, Int, Range, Set, Spec, always, choose, counts, deadlocks, eventually, holds, procedure, process,
    temporal, violates, when, where,
)  # fmt: skip

requests = Const(3, Int(1, 5))
nested = Const(False)  # a second waiter, which polls some number of times

Request = Range(requests)


class AioNotify2014(Spec):
    dispatching = Bool(init=False)
    event = Bool(init=False)
    pending = Set(Request, init=set())
    done = Set(Request, init=set())

    @procedure
    def aio_poll(self):
        blocking = Bool(init=False)
        fetched = Set(Request, init=set())
        yield "compute blocking"
        blocking = len(self.pending) == 0
        yield "fetch"
        fetched = self.pending
        self.pending = set()
        yield "bottom halves"
        self.done |= fetched
        if blocking:
            yield "sleep"
            when(self.event)
            yield "clear event"
            self.event = False
        yield "start dispatching"
        self.dispatching = True
        yield "end dispatching"
        self.dispatching = False

    @process(fair="weak")
    def waiter(self):
        while True:
            yield "look"
            if len(self.done) == requests:
                break
            yield from self.aio_poll()

    @process(fair="weak")
    def nested_waiter(self):
        if not nested:
            return
        while True:
            yield "poll or leave"
            again = choose(True, False)
            if not again:
                break
            yield from self.aio_poll()

    @process(fair="weak")
    def notifier(self):
        for request in Request:
            yield "add request"
            self.pending.add(request)
            yield "look at dispatching"
            if not self.dispatching:
                yield "set event"
                self.event = True
            yield "synchronous or not"
            synchronous = choose(True, False)
            if synchronous:
                yield "wait for completion"
                when(len(self.pending) == 0)

    @temporal
    def every_request_is_done(self):
        return eventually(always(len(self.done) == requests))


CASES = [
    Case("one waiter", AioNotify2014, holds("every_request_is_done"), counts(distinct=735, generated=1433, depth=22)),
    Case("a second waiter", AioNotify2014, violates("every_request_is_done", length=19), deadlocks(length=18),
         where(nested=True)),
]
