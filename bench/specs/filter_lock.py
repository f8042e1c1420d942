"""Peterson's filter lock: a process that climbs a level waits until nobody else is as high, or another came after it.

The wait looks at one process at a time. After Peterson, "Myths about the mutual exclusion problem", IPL 12 (1981).
"""

from modelcheck import Array, Case, Const, Int, Range, Spec, action, counts, invariant, when

processes = Const(3, Int(2, 8))

Process = Range(processes)
Level = Range(processes)                       # 0: not interested; processes - 1: in the critical section


class FilterLock(Spec):
    level = Array(Process, Level(init=0))      # as the others see it
    last = Array(Level, Process(init=0))       # who came to a level last
    phase = Array(Process, Int(0, 3, init=0))  # 0 idle, 1 has announced its level, 2 waits, 3 may enter
    looking = Array(Process, Process(init=0))  # at whom, while it waits

    @action(p=Process)
    def announce(self, p):
        when(self.phase[p] == 0 and self.level[p] < processes - 1)
        self.level[p] += 1
        self.phase[p] = 1

    @action(p=Process)
    def come_last(self, p):
        when(self.phase[p] == 1)
        self.last[self.level[p]] = p
        self.phase[p] = 2

    @action(p=Process)
    def look(self, p):
        """Passes one process that is lower; all of them, when another came after."""
        when(self.phase[p] == 2)
        other = self.looking[p]
        when(other == p or self.level[other] < self.level[p] or self.last[self.level[p]] != p)
        if other == processes - 1:
            self.looking[p] = 0
            self.phase[p] = 3 if self.level[p] == processes - 1 else 0
        else:
            self.looking[p] = other + 1

    @action(p=Process)
    def leave(self, p):
        when(self.phase[p] == 3)
        self.level[p] = 0
        self.phase[p] = 0

    @invariant
    def mutual_exclusion(self):
        return not any(p != q and self.phase[p] == 3 and self.phase[q] == 3 for p in Process for q in Process)


CASES = [Case("3 processes", FilterLock, counts(distinct=1236, generated=2955))]
