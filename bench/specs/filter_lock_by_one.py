"""Peterson's filter lock: a process that climbs a level waits until nobody else is as high, or another came after it.

The wait looks at one process at a time. After Peterson, "Myths about the mutual exclusion problem", IPL 12 (1981).
"""

from modelcheck import (
    Array, Case, Const, Int, Option, Range, Spec, at, counts, invariant, process, when,
)  # fmt: skip

processes = Const(3, Int(2, 8))

Process = Range(processes)
Level = Range(processes)  # 0: not interested


class FilterLock(Spec):
    level = Array(Process, Level(init=0))  # as the others see it
    last = Array(Level, Option(Process, init=None))  # who came to a level last

    @process(each=Process)
    def contender(self, me):
        while True:
            for mine in range(1, processes):
                yield "announce"
                self.level[me] = mine
                yield "come last"
                self.last[mine] = me
                for other in Process:
                    yield "look"
                    when(other == me or self.level[other] < mine or self.last[mine] != me)
            yield "enter"
            yield "critical"
            self.level[me] = 0

    @invariant
    def mutual_exclusion(self):
        return not any(
            p != q and at(self.contender[p], "critical") and at(self.contender[q], "critical")
            for p in Process
            for q in Process
        )


# Found by an enumeration in C++ from the text above, and by the Promela and the C of bench/.
CASES = [Case("3 processes", FilterLock, counts(distinct=1617, generated=3871))]
