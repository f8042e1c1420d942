"""A process tells its neighbour that it has begun, then looks whether the other neighbour has: somebody has seen a 1.

The register between them is regular, not atomic: while it is written, a read gives either value. After SimpleRegular in
TeachingConcurrency of https://github.com/tlaplus/Examples, whose manifest has the count for 8 processes (there, the
states in which all are done have a step to themselves as well).
"""

from modelcheck import (
    Array, Bool, Case, Const, Int, Range, Set, Spec, choose, counts, done, implies, invariant, process, when, where,
)  # fmt: skip

processes = Const(4, Int(1, 12))

Process = Range(processes)


class SimpleRegular(Spec):
    register = Array(Process, Set(Bool, init={False}))  # the values that a read may give
    seen = Array(Process, Bool(init=False))

    @process(each=Process)
    def neighbour(self, me):
        yield "begin write"
        self.register[me] = {False, True}
        yield "end write"
        self.register[me] = {True}
        yield "read"
        value = choose(Bool)
        when(value in self.register[(me - 1) % processes])
        self.seen[me] = value

    @invariant
    def somebody_has_seen_it(self):
        return implies(all(done(self.neighbour[p]) for p in Process), any(self.seen[p] for p in Process))


CASES = [Case("8 processes", SimpleRegular, where(processes=8), counts(distinct=277_726, depth=25))]
