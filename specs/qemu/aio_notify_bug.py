"""QEMU's aio_notify with two waiters: the eventfd has to be cleared before the request is.

After docs/spin/aio_notify_bug.promela (Paolo Bonzini, QEMU 21a03d17f2). A permanent and a temporary waiter poll one
eventfd; the notifier makes requests for a while. SPIN's verdicts with `-a -f` are ours. Among them: the check that the
file documents for the wrong order (`-DBUG`) finds nothing, and there is nothing to find. As long as the notifier sets the
event each time, a cleared one comes back; the loss shows only where it looks at notify_me first (`-DCHECK_REQ`).
"""

from modelcheck import (
    Bool, Case, Const, Int, Spec, choose, holds, idle, infinitely_often, only, procedure, process, temporal, violates,
    when, where,
)  # fmt: skip

check_req = Const(False)  # set the event only for a waiter that has announced itself, and watch the request instead
clear = Const(("event", "request"))  # what a waiter clears first; the bug is the other order


class AioNotifyBug(Spec):
    notify_me = Int(0, 2, init=0)
    event = Bool(init=False)
    request = Bool(init=False)
    notifier_done = Bool(init=False)

    @process(fair="weak")
    def notifier(self):
        while True:
            yield "another request or none"
            another = choose(True, False)
            if not another:
                break
            yield "request"
            self.request = True
            yield "look at notify_me"
            if not check_req or self.notify_me > 0:
                yield "set event"
                self.event = True
        yield "finish"
        self.notifier_done = True

    @procedure
    def aio_poll(self):
        yield "raise notify_me"
        self.notify_me += 1
        yield "look at request"
        if not self.request:
            yield idle("sleep")
            when(self.event)
        yield "lower notify_me"
        self.notify_me -= 1
        for part in clear:
            if part == "event":
                yield "clear event"
                self.event = False
            else:
                yield "clear request"
                self.request = False

    @process(fair="weak")
    def waiter(self):
        while True:
            yield from self.aio_poll()

    @process(fair="weak")
    def temporary_waiter(self):
        while True:
            yield "poll or leave"
            again = choose(True, False)
            if not again:
                break
            yield from self.aio_poll()

    @temporal
    def event_comes_and_goes(self):
        """While the notifier is there, waiters neither sleep for ever nor spin for ever."""
        return infinitely_often(self.event or self.notifier_done) and infinitely_often(not self.event)

    @temporal
    def request_is_taken(self):
        return infinitely_often(not self.request)


CASES = [
    Case("the fix", AioNotifyBug, holds("event_comes_and_goes"), only("event_comes_and_goes")),
    Case("event cleared late", AioNotifyBug, holds("event_comes_and_goes"), only("event_comes_and_goes"),
         where(clear=("request", "event"))),
    Case("the fix, watching the request", AioNotifyBug, holds("request_is_taken"), only("request_is_taken"),
         where(check_req=True)),
    Case("event cleared late, watching the request", AioNotifyBug, violates("request_is_taken", length=20),
         only("request_is_taken"), where(check_req=True, clear=("request", "event"))),
]
