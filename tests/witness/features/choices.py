"""`choose` branches the step, once for each value, in all its forms."""

from modelcheck import (
    Bool, Case, Enum, Int, Range, Set, Spec, action, choose, counts, deadlocks, holds, idle, invariant, process,
    reachable, when,
)  # fmt: skip

Small = Range(3)
Color = Enum("red", "green")


class Forms(Spec):
    n = Int(0, 9, init=0)
    color = Color(init="red")
    flag = Bool(init=False)
    pool = Set(Small, init={0, 2})

    @action
    def literals(self):
        self.n = choose(2, 1, 2)

    @action
    def type(self):
        self.color = choose(Color)
        self.flag = choose(Bool)

    @action
    def variable(self):
        taken = choose(self.pool)
        self.pool.remove(taken)
        self.n = taken

    @action
    def computed(self):
        self.n = choose({x + 3 for x in self.pool if x > 0})

    @action
    def dependent(self):
        a = choose(1, 2)
        b = choose(range(a))
        when(a + b != 2)
        self.n = 5 + a + b

    @reachable
    def all_taken(self):
        return self.n == 8 and len(self.pool) == 0

    @invariant
    def possible(self):
        return self.n != 7


class FromNothing(Spec):
    """A choice from an empty set disables the step."""

    pool = Set(Small, init=set(Small))

    @process
    def run(self):
        while True:
            yield "take"
            taken = choose({x for x in self.pool if x != 1})
            self.pool.discard(taken)


class Resting(FromNothing):
    @process
    def run(self):
        while True:
            yield idle("take")
            taken = choose({x for x in self.pool if x != 1})
            self.pool.discard(taken)


class InLoops(Spec):
    bits = Int(0, 7, init=0)

    @process
    def run(self):
        yield "draw"
        for i in range(3):
            bit = choose(0, 1)
            if bit == 1:
                self.bits += 2 ** 2 if i == 2 else i + 1


CASES = [
    Case("forms", Forms, holds("possible", "all_taken")),
    Case("from nothing", FromNothing, deadlocks(length=3), counts(distinct=4, generated=5)),
    Case("resting", Resting, counts(distinct=4, generated=5)),
    Case("in loops", InLoops, counts(distinct=9, generated=9, depth=2)),
]
