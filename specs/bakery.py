"""Lamport's bakery: draw a ticket higher than any you see, then wait for every lower one. Each read and write of a
shared variable is a step of its own.

After Lamport, "A new solution of Dijkstra's concurrent programming problem", CACM 17 (1974). Each process enters a
bounded number of times, which bounds the tickets.
"""

from modelcheck import (
    Array, Bool, Case, Const, Int, Range, Spec, at, counts, holds, invariant, leads_to, process, reachable, temporal,
    violates, when, where,
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


CASES = [
    Case("2 processes", Bakery, holds("mutual_exclusion", "same_ticket"),
         counts(distinct=657, generated=1071, depth=33)),
    Case("3 processes, 1 entry", Bakery, holds("mutual_exclusion", "same_ticket"), where(processes=3, entries=1)),
    Case("without the doorway", Bakery, violates("mutual_exclusion", length=13), where(doorway=False)),
]
