"""Lamport's mutual exclusion by timestamps, over first-in-first-out channels. Clocks stop at `most`.

After Lamport, "Time, clocks, and the ordering of events in a distributed system", CACM 21 (1978), with the steps of
lamport_mutex in https://github.com/tlaplus/Examples, whose constraint on the clocks is a guard here.
"""

from modelcheck import (
    Array, Case, Const, Enum, Int, Range, Record, Seq, Set, Spec, action, counts, deadlocks, invariant, when,
)  # fmt: skip

processes = Const(3, Int(2, 4))
most = Const(3, Int(1, 12))

Process = Range(processes)
Kind = Enum("request", "acknowledge", "release")


class Message(Record):
    kind = Kind(init="request")
    clock = Int(0, most, init=0)


class LamportMutex(Spec):
    clock = Array(Process, Int(1, most, init=1))
    request = Array(Process, Array(Process, Int(0, most, init=0)))  # request[p][q]: of q, as p knows it; 0: none
    acknowledged = Array(Process, Set(Process, init=set()))
    network = Array(Process, Array(Process, Seq(Message, 3, init=[])))
    critical = Set(Process, init=set())

    @action(p=Process)
    def ask(self, p):
        when(self.request[p][p] == 0)
        self.request[p][p] = self.clock[p]
        self.acknowledged[p] = {p}
        for q in Process:
            if q != p:
                self.network[p][q].append(Message(kind="request", clock=self.clock[p]))

    @action(p=Process, q=Process)
    def receive_request(self, p, q):
        when(p != q and len(self.network[q][p]) > 0)
        when(self.network[q][p][0].kind == "request")
        when(max(self.network[q][p][0].clock, self.clock[p]) < most)
        message = self.network[q][p].pop(0)
        self.request[p][q] = message.clock
        self.clock[p] = max(message.clock, self.clock[p]) + 1
        self.network[p][q].append(Message(kind="acknowledge", clock=0))

    @action(p=Process, q=Process)
    def receive_acknowledgement(self, p, q):
        when(p != q and len(self.network[q][p]) > 0)
        when(self.network[q][p][0].kind == "acknowledge")
        self.network[q][p].pop(0)
        self.acknowledged[p].add(q)

    @action(p=Process, q=Process)
    def receive_release(self, p, q):
        when(p != q and len(self.network[q][p]) > 0)
        when(self.network[q][p][0].kind == "release")
        self.network[q][p].pop(0)
        self.request[p][q] = 0

    @action(p=Process)
    def enter(self, p):
        when(len(self.acknowledged[p]) == processes)
        when(all(
            q == p or self.request[p][q] == 0 or self.request[p][p] < self.request[p][q]
            or (self.request[p][p] == self.request[p][q] and p < q)
            for q in Process
        ))  # fmt: skip
        self.critical.add(p)

    @action(p=Process)
    def leave(self, p):
        when(p in self.critical)
        self.critical.remove(p)
        self.request[p][p] = 0
        self.acknowledged[p] = set()
        for q in Process:
            if q != p:
                self.network[p][q].append(Message(kind="release", clock=0))

    @invariant
    def mutual_exclusion(self):
        return len(self.critical) <= 1


CASES = [Case("clocks to 3", LamportMutex, deadlocks(), counts(distinct=10_209, generated=31_491))]
