"""Logs that servers copy from each other: some server may be behind for ever.

tlaplus/Examples, FiniteMonotonic: MCDistributedReplicatedLog.cfg with 3 servers, one value and a lag of 3 is published as
"liveness failure": InSync does not hold, "because followers are permitted to copy only a prefix of the missing suffix".
AllExtending is a theorem there. With one value a log is its length, and the view of the model drops what all logs have:
the state is by how much each is ahead of the shortest.
"""

from modelcheck import (
    Array, Case, Const, Int, Range, Spec, action, choose, happens, holds, infinitely_often, invariant, temporal, violates,
    when,
)  # fmt: skip

lag = Const(3)

Server = Range(3)
Length = Range(lag + 1)


class ReplicatedLog(Spec):
    length = Array(Server, Int(0, lag, init=0))

    def drop_the_common_prefix(self):
        shared = min(self.length[s] for s in Server)
        for s in Server:
            self.length[s] -= shared

    @action(s=Server, fair="weak")
    def copy(self, s):
        ahead = choose(Server)
        when(self.length[ahead] > self.length[s])
        more = choose(Length)
        missing = self.length[ahead] - self.length[s]
        when(missing - 1 <= more and more <= missing)
        self.length[s] += more
        self.drop_the_common_prefix()

    @action(s=Server, fair="weak")
    def extend(self, s):
        when(all(self.length[other] <= self.length[s] for other in Server))
        more = choose(Length)
        when(more <= lag - self.length[s])
        self.length[s] += more

    @invariant
    def the_shortest_counts_from_zero(self):
        return any(self.length[s] == 0 for s in Server)

    @temporal
    def all_extending(self):
        return all(infinitely_often(happens(self.copy, s) or happens(self.extend, s)) for s in Server)

    @temporal
    def in_sync(self):
        return all(infinitely_often(self.length[i] == self.length[j]) for i in Server for j in Server)


CASES = [Case("a lag of 3", ReplicatedLog, holds("all_extending"), violates("in_sync"))]
