"""Peterson's mutual exclusion of two processes: raise your flag, give the other the turn, wait while it insists.

Counts: the manifest of locks_auxiliary_vars in https://github.com/tlaplus/Examples (Peterson.tla, the same six steps).
"""

from modelcheck import (
    Array, Bool, Case, Range, Spec, at, counts, holds, invariant, leads_to, process, reachable, temporal, violates, when,
)  # fmt: skip

Process = Range(2)


class Peterson(Spec):
    flag = Array(Process, Bool(init=False))
    turn = Process(init=0)

    @process(each=Process, fair="weak", unfair=("idle",))
    def run(self, me):
        while True:
            yield "idle"
            yield "raise flag"
            self.flag[me] = True
            yield "give turn"
            self.turn = 1 - me
            yield "wait"
            when(not self.flag[1 - me] or self.turn == me)
            yield "critical"
            yield "lower flag"
            self.flag[me] = False

    def inside(self, me):
        return at(self.run[me], "critical") or at(self.run[me], "lower flag")

    @invariant
    def mutual_exclusion(self):
        return not (self.inside(0) and self.inside(1))

    @temporal
    def nobody_starves(self):
        """Who raises the flag gets in, though nobody has to leave idle."""
        return all(leads_to(at(self.run[me], "give turn"), at(self.run[me], "critical")) for me in Process)

    @reachable
    def contention(self):
        """Both want to enter."""
        return at(self.run[0], "wait") and at(self.run[1], "wait")


class TurnFirst(Peterson):
    """Gives the turn before it raises the flag: both get in."""

    @process(each=Process)
    def run(self, me):
        while True:
            yield "idle"
            yield "give turn"
            self.turn = 1 - me
            yield "raise flag"
            self.flag[me] = True
            yield "wait"
            when(not self.flag[1 - me] or self.turn == me)
            yield "critical"
            yield "lower flag"
            self.flag[me] = False


class AfterYou(Peterson):
    """Without a turn, each lowers its flag when it sees the other's: they may do so in step, for ever, however fair."""

    @process(each=Process, fair="strong", unfair=("idle",))
    def run(self, me):
        while True:
            yield "idle"
            while True:
                yield "raise flag"
                self.flag[me] = True
                yield "give turn"
                if not self.flag[1 - me]:
                    break
                self.flag[me] = False
            yield "critical"
            yield "lower flag"
            self.flag[me] = False

    @reachable
    def contention(self):
        return at(self.run[0], "give turn") and at(self.run[1], "give turn")


CASES = [
    Case("correct", Peterson, holds("mutual_exclusion", "contention", "nobody_starves"),
         counts(distinct=42, generated=77, depth=11)),
    Case("after you", AfterYou, holds("mutual_exclusion"), violates("nobody_starves", length=9)),
    Case("turn first", TurnFirst, violates("mutual_exclusion", length=9), violates("nobody_starves", length=3)),
]
