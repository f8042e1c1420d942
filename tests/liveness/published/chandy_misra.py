"""Dining philosophers who hand each other dirty forks (Chandy and Misra).

tlaplus/Examples, DiningPhilosophers.cfg with NP = 5: 67 distinct states, NobodyStarves holds ("success" in the manifest).
The processes are weakly fair there, and so they are here. Seats are numbered from 0.
"""

from modelcheck import (
    Array, Bool, Case, Const, Range, Record, Spec, at, counts, holds, infinitely_often, invariant, process, temporal,
)  # fmt: skip

philosophers = Const(5)

Seat = Range(philosophers)


class Fork(Record):
    holder = Seat(init=0)
    clean = Bool(init=False)


class ChandyMisra(Spec):
    forks = Array(Seat, Fork())
    hungry = Array(Seat, Bool(init=True))

    def init(self):
        for fork in Seat:
            self.forks[fork].holder = 0 if fork == 1 else fork

    def can_eat(self, p):
        left = p
        right = (p + 1) % philosophers
        mine = self.forks[left].holder == p and self.forks[right].holder == p
        return mine and self.forks[left].clean and self.forks[right].clean

    def hand_over(self, p):
        left = p
        right = (p + 1) % philosophers
        if self.forks[left].holder == p and not self.forks[left].clean:
            self.forks[left].holder = (p + philosophers - 1) % philosophers
            self.forks[left].clean = True
        elif self.forks[right].holder == p and not self.forks[right].clean:
            self.forks[right].holder = right
            self.forks[right].clean = True

    @process(each=Seat, fair="weak")
    def philosopher(self, me):
        while True:
            yield "loop"
            self.hand_over(me)
            if self.hungry[me]:
                if self.can_eat(me):
                    yield "eat"
                    self.hungry[me] = False
                    self.forks[me].clean = False
                    self.forks[(me + 1) % philosophers].clean = False
            else:
                yield "think"
                self.hungry[me] = True

    @invariant
    def exclusive_access(self):
        return not any(
            at(self.philosopher[p], "eat") and at(self.philosopher[(p + 1) % philosophers], "eat") for p in Seat
        )

    @temporal
    def nobody_starves(self):
        return all(infinitely_often(not self.hungry[p]) for p in Seat)


CASES = [Case("5 philosophers", ChandyMisra, holds("exclusive_access", "nobody_starves"), counts(distinct=67))]
