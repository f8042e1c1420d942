"""Mutual exclusion that does not hang on time, and progress that does.

Fischer's lock with a second word behind it: where times are not what was promised, two processes may get past the
first, but not past the second. What can be lost is progress: one that fails behind `enter` leaves the flag set, and
then everybody waits for ever. With pause > delay that does not happen; with pause == delay it does, for then
the slowest write can come at the moment when somebody else looks.
N. Lynch, N. Shavit, Timing-based mutual exclusion, RTSS 1992.
"""

from modelcheck import (
    Bool, Case, Const, Option, Range, Spec, Time, after, at, deadlocks, holds, implies, invariant, process, when,
    where,
)  # fmt: skip

processes = Const(2)
delay = Const(2)                         # the longest time of a step
pause = Const(3)                         # the shortest time between writing the word and looking at it

time = Time()
Process = Range(processes)


class LynchShavit(Spec):
    owner = Option(Process, init=None)
    taken = Bool(init=False)

    @process(each=Process)
    def contender(self, i):
        while True:
            yield "idle"
            when(self.owner is None)
            yield "write", after(0, delay)
            self.owner = i
            yield "pause", after(pause)
            if self.owner == i:
                yield "test", after(0, delay)
                if not self.taken:
                    yield "enter", after(0, delay)
                    self.taken = True
                    yield "look", after(0, delay)
                    if self.owner == i:
                        yield "critical"
                        self.taken = False
                        yield "leave", after(0, delay)
                        self.owner = None

    @invariant
    def one_at_a_time(self):
        return all(
            implies(at(self.contender[i], "critical") and at(self.contender[j], "critical"), i == j)
            for i in Process
            for j in Process
        )


CASES = [
    Case("time as promised", LynchShavit, holds("one_at_a_time")),
    Case("as long a pause as a step", LynchShavit, holds("one_at_a_time"), deadlocks(), where(pause=2)),
    Case("no pause", LynchShavit, holds("one_at_a_time"), deadlocks(), where(pause=0)),
]
