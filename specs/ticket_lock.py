"""A ticket lock: draw a number, wait until it is served, hand on to the next one.

The numbers never come back: the lock serves `last` customers and then stops giving tickets. Exploring takes states in
proportion to `last`; a proof does not:

    modelcheck prove specs/ticket_lock.py --no-deadlock -D last=1000000000000

As in Mellor-Crummey and Scott, "Algorithms for Scalable Synchronization on Shared-Memory Multiprocessors", TOCS 9 (1991).
"""

from modelcheck import (
    Case, Const, Int, Range, Spec, at, deadlocks, holds, invariant, process, violates, when, where,
)  # fmt: skip

threads = Const(2, Int(1, 16))
last = Const(4)
atomic = Const(True)                     # drawing a number is one step: fetch-and-add

Thread = Range(threads)


class TicketLock(Spec):
    next_ticket = Int(0, last, init=0)
    now_serving = Int(0, last, init=0)

    @process(each=Thread)
    def customer(self, me):
        ticket = Int(0, last, init=0)
        while True:
            yield "draw"
            when(self.next_ticket < last)
            ticket = self.next_ticket
            if not atomic:
                yield "count"
                when(self.next_ticket < last)
            self.next_ticket += 1
            yield "wait"
            when(self.now_serving == ticket)
            yield "critical"
            self.now_serving += 1

    @invariant
    def mutual_exclusion(self):
        return all(
            not (at(self.customer[a], "critical") and at(self.customer[b], "critical"))
            for a in Thread for b in Thread if a < b
        )

    @invariant
    def nobody_is_served_early(self):
        return self.now_serving <= self.next_ticket


CASES = [
    Case("2 threads", TicketLock, holds("mutual_exclusion", "nobody_is_served_early"), deadlocks()),
    Case("3 threads", TicketLock, holds("mutual_exclusion", "nobody_is_served_early"), deadlocks(), where(threads=3)),
    Case("read, then add", TicketLock, violates("mutual_exclusion"), deadlocks(), where(atomic=False)),
]
