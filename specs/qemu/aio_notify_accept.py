"""QEMU's aio_notify with a flag that spares waiters a read of the eventfd: is the flag set before the event or after it?

After docs/spin/aio_notify_accept.promela (Paolo Bonzini, QEMU 05e514b1d4). A waiter clears the event only if the flag says
that it was set. Verdicts are SPIN's with `-a -f`, among them the one of which the file says that CHECK_REQ does not detect
the bug: a flag set too early loses no request, it leaves the event set, and the waiters spin.
"""

from modelcheck import (
    Bool, Case, Const, Int, Spec, choose, holds, idle, infinitely_often, only, procedure, process, temporal, violates,
    when, where,
)  # fmt: skip

check_req = Const(False)            # set the event only for a waiter that has announced itself, and watch the request
notify = Const(("event", "flag"))   # in what order the notifier sets them; the other way round is BUG1
skip_if_flagged = Const(False)      # leaves the event alone where the flag is set: BUG2


class AioNotifyAccept(Spec):
    notify_me = Int(0, 2, init=0)
    notified = Bool(init=False)
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
                for part in notify:
                    if part == "flag":
                        yield "set flag"
                        self.notified = True
                    else:
                        if skip_if_flagged:
                            yield "look at flag"
                        if not (skip_if_flagged and self.notified):
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
        yield "test and clear flag"
        was_notified = self.notified
        self.notified = False
        if was_notified:
            yield "clear event"
            self.event = False
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
    Case("the fix", AioNotifyAccept, holds("event_comes_and_goes"), only("event_comes_and_goes")),
    Case("flag before event", AioNotifyAccept, violates("event_comes_and_goes", length=27), only("event_comes_and_goes"),
         where(notify=("flag", "event"))),
    Case("no event if flagged", AioNotifyAccept, violates("event_comes_and_goes", length=33), only("event_comes_and_goes"),
         where(skip_if_flagged=True)),
    Case("the fix, watching the request", AioNotifyAccept, holds("request_is_taken"), only("request_is_taken"),
         where(check_req=True)),
    Case("flag before event, watching the request", AioNotifyAccept, holds("request_is_taken"),
         only("request_is_taken"), where(check_req=True, notify=("flag", "event"))),
    Case("no event if flagged, watching the request", AioNotifyAccept, violates("request_is_taken", length=28),
         only("request_is_taken"), where(check_req=True, skip_if_flagged=True)),
]
