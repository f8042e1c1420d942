"""CSMA/CD: stations on one wire, which hear a collision only after a while.

A station that finds the wire free begins to send; for `sigma` units, the time that a signal travels, others do not hear
it and may begin too. Then all are told, and those that sent try again within twice that time. It is the timed automaton
of the benchmarks of UPPAAL and TChecker. There a sender accepts the news of a collision for `sigma` units after it
began, though it can come later, at most 2 * sigma: time then comes to an end, a mistake of the model (`patience`).
"""

from modelcheck import (
    Array, Case, Clock, Const, Enum, Int, Range, Spec, Time, at, choose, counts, deadline, holds, implies, invariant,
    only, process, timelocks, urgent, violates, when, where,
)  # fmt: skip

stations = Const(3)
length = Const(808)                      # how long it takes to send a message
sigma = Const(26)                        # how long a signal travels
patience = Const(52)                     # how long a sender expects to hear of a collision
heard = Const(52)                        # what is to be shown: how late it hears of one

time = Time("us")
Station = Range(stations)
Wire = Enum("free", "taken", "collision")
Phase = Enum("wait", "send", "retry")


class CsmaCd(Spec):
    wire = Wire(init="free")
    y = Clock()                          # since somebody began or ended
    x = Array(Station, Clock())          # since the station came to its label
    told = Int(0, stations, init=0)      # how many stations know of the collision

    @process
    def noise(self):
        """Tells every station of a collision, one after the other, all at one instant."""
        while True:
            yield "none"
            when(self.wire == "collision" and self.y < sigma)
            yield urgent("is heard")
            when(self.told == stations and self.y < sigma)
            self.told = 0
            self.wire = "free"
            self.y = 0

    def hears_of_it(self, i):
        return at(self.noise, "is heard") and self.told == i

    def begin(self):
        """Nobody is heard on the wire."""
        if self.wire == "free":
            self.wire = "taken"
        else:
            when(self.wire == "taken" and self.y < sigma)
            self.wire = "collision"
        self.y = 0

    def busy(self):
        when(self.wire == "taken" and self.y >= sigma)

    @process(each=Station)
    def station(self, i):
        then = Phase(init="wait")
        while True:
            yield "wait"
            self.x[i] = 0
            if self.hears_of_it(i):
                self.told += 1
                then = choose("wait", "retry")
            else:
                then = choose("send", "retry")
                if then == "send":
                    self.begin()
                else:
                    self.busy()
            while then != "wait":
                if then == "send":
                    yield "send"
                    if self.hears_of_it(i):
                        when(self.x[i] < patience)
                        self.told += 1
                        then = "retry"
                    else:
                        when(self.wire == "taken" and self.x[i] == length)
                        self.wire = "free"
                        self.y = 0
                        then = "wait"
                else:
                    yield "retry"
                    when(self.x[i] < 2 * sigma)
                    if self.hears_of_it(i):
                        self.told += 1
                    else:
                        then = choose("send", "retry")
                        if then == "send":
                            self.begin()
                        else:
                            self.busy()
                self.x[i] = 0

    @deadline
    def limits(self):
        return implies(at(self.noise, "none") and self.wire == "collision", self.y < sigma) and all(
            implies(at(self.station[i], "send"), self.x[i] <= length)
            and implies(at(self.station[i], "retry"), self.x[i] < 2 * sigma)
            for i in Station
        )

    @invariant
    def collisions_are_heard_in_time(self):
        """Two stations send at once for no longer than twice the time that a signal travels."""
        return all(
            implies(i != j and at(self.station[i], "send") and at(self.station[j], "send"), self.x[i] <= heard)
            for i in Station
            for j in Station
        )


# The numbers of zones are those of TChecker's tck-reach (covering, d711ace) on the same automaton. That the original
# (patience=26) ends in a timelock has been confirmed with it, through an observer, after delays of 0, 25 and 1. The
# bound of 2 * sigma is sharp: it is the supremum over its zones.
CASES = [
    Case("three stations", CsmaCd, holds("collisions_are_heard_in_time")),
    Case("zones of three", CsmaCd, only("collisions_are_heard_in_time"), counts(distinct=70)),
    Case("zones of four", CsmaCd, only("collisions_are_heard_in_time"), counts(distinct=258), where(stations=4)),
    Case("heard sooner", CsmaCd, violates("collisions_are_heard_in_time"), where(heard=51)),
    Case("too little patience", CsmaCd, holds("collisions_are_heard_in_time"), timelocks(length=4), where(patience=26)),
]
