"""Lamport's bakery: draw a ticket higher than any you see, then wait for every lower one. Each read and write of a
shared variable is a step of its own.

After Lamport, "A new solution of Dijkstra's concurrent programming problem", CACM 17 (1974). Each process enters a
bounded number of times, which bounds the tickets. Customers who come for ever exceed any bound, as long as there is always
one in the shop (Lamport says so). With a bound, one who sees the highest ticket has to leave the doorway and come again,
and may do so for ever: whoever waits for the doorway to be empty needs strong fairness.
"""

from modelcheck import (
    Array, Bool, Case, Const, Int, Range, Spec, at, counts, evaluation_error, holds, invariant, leads_to, only,
    procedure, process, reachable, temporal, violates, when, where,
)  # fmt: skip

processes = Const(2, Int(2, 4))
entries = Const(2, Int(1, 4))                          # of each process
doorway = Const(True)                                  # wait for those who are still drawing

Process = Range(processes)


class Bakery(Spec):
    drawing = Array(Process, Bool(init=False))
    ticket = Array(Process, Int(0, processes * entries, init=0))  # 0: not interested

    def comes_before(self, a, b):
        return self.ticket[a] < self.ticket[b] or (self.ticket[a] == self.ticket[b] and a < b)

    @process(each=Process, fair="weak")
    def customer(self, me):
        highest = Int(0, processes * entries, init=0)
        for _ in range(entries):
            yield "enter doorway"
            self.drawing[me] = True
            highest = 0
            for other in Process:
                yield "read ticket"
                highest = max(highest, self.ticket[other])
            yield "draw ticket"
            self.ticket[me] = highest + 1
            yield "leave doorway"
            self.drawing[me] = False
            for other in Process:
                if other != me:
                    if doorway:
                        yield "wait for drawing"
                        when(not self.drawing[other])
                    yield "wait for turn"
                    when(self.ticket[other] == 0 or self.comes_before(me, other))
            yield "critical"
            self.ticket[me] = 0

    @invariant
    def mutual_exclusion(self):
        return not any(
            a != b and at(self.customer[a], "critical") and at(self.customer[b], "critical")
            for a in Process
            for b in Process
        )

    @temporal
    def everybody_gets_in(self):
        return all(
            leads_to(at(self.customer[me], "enter doorway"), at(self.customer[me], "critical")) for me in Process
        )

    @reachable
    def same_ticket(self):
        """Two may draw the same number: then the lower process goes first."""
        return any(a != b and self.ticket[a] == self.ticket[b] and self.ticket[a] > 0 for a in Process for b in Process)


class BoundedTickets(Bakery):
    """Customers come again for ever; no ticket is drawn above the highest one."""

    def draw(self, me, highest):
        if highest < processes * entries:
            self.ticket[me] = highest + 1

    @procedure
    def visit(self, me):
        highest = Int(0, processes * entries, init=0)
        yield "enter doorway"
        self.drawing[me] = True
        for other in Process:
            yield "read ticket"
            highest = max(highest, self.ticket[other])
        yield "draw ticket"
        self.draw(me, highest)
        drawn = self.ticket[me] > 0
        yield "leave doorway"
        self.drawing[me] = False
        if drawn:
            for other in Process:
                if other != me:
                    yield "wait for drawing"
                    when(not self.drawing[other])
                    yield "wait for turn"
                    when(self.ticket[other] == 0 or self.comes_before(me, other))
            yield "critical"
            self.ticket[me] = 0

    @process(each=Process, fair="weak")
    def customer(self, me):
        while True:
            yield from self.visit(me)


class BoundedTicketsStronglyFair(BoundedTickets):
    @process(each=Process, fair="strong")
    def customer(self, me):
        while True:
            yield from self.visit(me)


class AnyTicket(BoundedTickets):
    def draw(self, me, highest):
        self.ticket[me] = highest + 1


CASES = [
    Case("2 processes", Bakery, holds("mutual_exclusion", "same_ticket"),
         counts(distinct=657, generated=1071, depth=33)),
    Case("3 processes, 1 entry", Bakery, holds("mutual_exclusion", "same_ticket"), where(processes=3, entries=1)),
    Case("without the doorway", Bakery, violates("mutual_exclusion", length=13), where(doorway=False)),
    Case("for ever, bounded tickets", BoundedTickets, holds("mutual_exclusion"), violates("everybody_gets_in", length=35)),
    Case("for ever, bounded tickets, strongly fair", BoundedTicketsStronglyFair,
         holds("mutual_exclusion", "everybody_gets_in")),
    # A ticket more takes the two of them eight steps more, and nothing keeps them from going on.
    Case("for ever, any ticket", AnyTicket, evaluation_error(length=32), only("mutual_exclusion")),
    Case("for ever, any ticket, higher bound", AnyTicket, evaluation_error(length=48), only("mutual_exclusion"),
         where(entries=3)),
]
