"""Peterson's filter lock: a process that climbs a level waits until nobody else is as high, or another came after it.

The wait looks at all processes at once. After Peterson, "Myths about the mutual exclusion problem", IPL 12 (1981).
"""

from modelcheck import (
    Array, Case, Const, Int, Option, Range, Spec, at, counts, invariant, process, when, where,
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
            yield "start"
            for mine in range(1, processes):
                self.level[me] = mine
                yield "come last"
                self.last[mine] = me
                yield "wait"
                when(self.last[mine] != me or all(other == me or self.level[other] < mine for other in Process))
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
CASES = [Case("4 processes", FilterLock, where(processes=4), counts(distinct=5744, generated=15_849))]
