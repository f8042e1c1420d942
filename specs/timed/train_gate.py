"""A bridge for one train at a time, and its gate.

A train that approaches can be stopped within 10 units; after that it crosses, 10 to 20 units after its approach. The
gate keeps the trains that wait in a queue and lets the next one go when the bridge is free. It is the timed automaton of
the benchmarks of UPPAAL and TChecker, with its ring of a queue, so that the numbers of states are the published ones.
"""

from modelcheck import (
    Array, Bool, Case, Clock, Const, Int, Range, Spec, Time, at, counts, deadline, holds, implies, invariant, only,
    process, when, where,
)  # fmt: skip

trains = Const(3)

time = Time("s")
Train = Range(trains)


class TrainGate(Spec):
    x = Array(Train, Clock())            # since the train's last step
    occupied = Bool(init=False)          # a train is on the bridge, or may go there
    stopping = Bool(init=False)          # the gate is about to stop the last train
    ring = Array(Train, Train(init=0))   # the trains that may go on, in their order
    head = Train(init=0)
    length = Int(0, trains, init=0)

    def is_first(self, t):
        return self.length > 0 and self.ring[self.head] == t

    def is_last(self, t):
        return self.length > 0 and self.ring[(self.head + self.length - 1) % trains] == t

    @process(each=Train)
    def train(self, t):
        while True:
            yield "far"
            when(not self.stopping)
            if not self.occupied:
                when(self.length == 0)
            self.ring[(self.head + self.length) % trains] = t
            self.length += 1
            self.x[t] = 0
            self.stopping = self.occupied
            self.occupied = True
            yield "near"
            if self.stopping:
                when(self.is_last(t) and self.x[t] <= 10)
                self.stopping = False
                yield "stopped"
                when(not self.occupied and self.is_first(t))
                self.occupied = True
                self.x[t] = 0
                yield "starting"
                when(not self.stopping and self.x[t] >= 7)
            else:
                when(self.x[t] >= 10)
            self.x[t] = 0
            yield "on the bridge"
            when(not self.stopping and self.occupied and self.is_first(t) and self.x[t] >= 3)
            self.head = (self.head + 1) % trains
            self.length -= 1
            self.occupied = False

    @deadline
    def speed(self):
        return all(
            implies(at(self.train[t], "near"), self.x[t] <= 20)
            and implies(at(self.train[t], "near") and self.stopping and self.is_last(t), self.x[t] <= 0)
            and implies(at(self.train[t], "starting"), self.x[t] <= 15)
            and implies(at(self.train[t], "on the bridge"), self.x[t] <= 5)
            for t in Train
        )

    @invariant
    def one_at_a_time(self):
        return all(
            implies(at(self.train[s], "on the bridge") and at(self.train[t], "on the bridge"), s == t)
            for s in Train
            for t in Train
        )


# The numbers of zones are those of TChecker's tck-reach (covering, d711ace) on the same automaton.
CASES = [
    Case("two trains", TrainGate, holds("one_at_a_time"), counts(distinct=56), where(trains=2)),
    Case("three trains", TrainGate, holds("one_at_a_time"), counts(distinct=765)),
    Case("four trains", TrainGate, only("one_at_a_time"), counts(distinct=12_000), where(trains=4)),
]
