"""QEMU's aio_notify: does the waiter of aio_poll see every request, though the notifier may skip the event?

After docs/spin/aio_notify.promela (Paolo Bonzini, QEMU eabc977973, 2015). The waiter raises notify_me, looks whether there
is something to do, sleeps on the eventfd if not, and lowers it again. The notifier adds a request, then sets the eventfd
only if notify_me is raised.

SPIN, with `-a -f`, finds no error in the waiter that does not look (`-DBUG`): the run ends in a state without successor,
and its weak fairness does not extend such a run by stuttering. In TLA+ a behaviour that can go no further stutters for
ever: the request that nobody will see is a violation. SPIN agrees without `-f`.
"""

from modelcheck import (
    Bool, Case, Const, Int, Range, Set, Spec, always, choose, counts, deadlocks, eventually, holds, idle, invariant,
    process, temporal, violates, when, where,
)  # fmt: skip

requests = Const(4, Int(1, 5))
look_again = Const(True)  # once notify_me is raised, the waiter looks for requests before it sleeps

Request = Range(requests)


class AioNotify(Spec):
    notify_me = Bool(init=False)
    event = Bool(init=False)
    pending = Set(Request, init=set())
    done = Set(Request, init=set())

    @process(fair="weak")
    def waiter(self):
        fetched = Set(Request, init=set())
        while True:
            yield "raise notify_me"
            self.notify_me = True
            yield "look"
            if not look_again or len(self.pending) == 0:
                yield idle("sleep")
                when(self.event)
                yield "clear event"
                self.event = False
            yield "lower notify_me"
            self.notify_me = False
            yield "fetch"
            fetched = self.pending
            self.pending = set()
            yield "bottom halves"
            self.done |= fetched

    @process(fair="weak")
    def notifier(self):
        for request in Request:
            yield "add request"
            self.pending.add(request)
            yield "look at notify_me"
            if self.notify_me:
                yield "set event"
                self.event = True
            yield "synchronous or not"
            synchronous = choose(True, False)
            if synchronous:
                yield "wait for completion"
                when(len(self.pending) == 0)

    @invariant
    def only_what_was_asked_is_done(self):
        return len(self.pending & self.done) == 0

    @temporal
    def every_request_is_done(self):
        return eventually(always(len(self.done) == requests))


CASES = [
    Case("the fix", AioNotify, holds("every_request_is_done"), counts(distinct=892, generated=1748, depth=26)),
    Case("does not look again", AioNotify, violates("every_request_is_done", length=7), deadlocks(length=6),
         where(look_again=False)),
]
