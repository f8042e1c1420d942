"""Four people cross a bridge at night. They have one torch, and no more than two can go at once, as fast as the slower.

They need 5, 10, 20 and 25 minutes; all are over after 60, and no sooner: the two fastest go and one comes back, the two
slowest go together and the other of the fast ones comes back: 10 + 5 + 25 + 10 + 10, or the fast ones the other way
round. That nothing is faster: G. Rote, Crossing the bridge at night, Bulletin of the EATCS 78, 2002.
"""

from modelcheck import (
    Array, Bool, Case, Clock, Const, Range, Spec, Time, choose, holds, implies, invariant, process, reachable, violates,
    when, where,
)  # fmt: skip

minutes = Const((5, 10, 20, 25))
least = Const(60)

time = Time("min")
Person = Range(4)


class Bridge(Spec):
    now = Clock()
    x = Clock()                          # since somebody stepped on the bridge
    over = Array(Person, Bool(init=False))
    torch_over = Bool(init=False)

    @process
    def torch(self):
        first = Person(init=0)
        second = Person(init=0)          # the same: he goes alone
        while True:
            yield "set out"
            first = choose(Person)
            second = choose(Person)
            when(first <= second)
            when(self.over[first] == self.torch_over and self.over[second] == self.torch_over)
            self.x = 0
            yield "cross"
            when(self.x >= max(minutes[first], minutes[second]))
            self.torch_over = not self.torch_over
            self.over[first] = self.torch_over
            self.over[second] = self.torch_over

    @invariant
    def no_sooner(self):
        return implies(all(self.over[p] for p in Person), self.now >= least)

    @reachable
    def all_over(self):
        return all(self.over[p] for p in Person) and self.now <= least


CASES = [
    Case("60 minutes", Bridge, holds("no_sooner", "all_over")),
    Case("and no more are needed", Bridge, violates("no_sooner", length=11), where(least=61)),  # five ways, two steps each
    # Where the second fastest is no help, the fastest walks each of the others over: 20 + 1 + 21 + 1 + 22.
    Case("the fastest walks with each", Bridge, holds("no_sooner", "all_over"), where(minutes=(1, 20, 21, 22), least=65)),
]
