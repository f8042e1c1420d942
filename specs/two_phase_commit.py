"""Two-phase commit: resource managers agree with a transaction manager to commit or to abort.

After Gray and Lamport, "Consensus on Transaction Commit", TODS 31 (2006). Counts: the manifest of transaction_commit in
https://github.com/tlaplus/Examples for 3 managers, the comment at the end of its TwoPhase.tla for 6.
"""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Scalarset, Set, Spec, action, counts, holds, invariant, reachable, when, where,
)  # fmt: skip

managers = Const(3, Int(1, 9))

RM = Scalarset(managers)
Phase = Enum("working", "prepared", "committed", "aborted")
Decision = Enum("undecided", "committed", "aborted")


class TwoPhaseCommit(Spec):
    rm = Array(RM, Phase(init="working"))
    tm = Decision(init="undecided")
    heard = Set(RM, init=set())          # managers whose "prepared" the transaction manager has received
    prepared_sent = Set(RM, init=set())  # messages stay on the network: sent once, received any number of times
    commit_sent = Bool(init=False)
    abort_sent = Bool(init=False)

    @action(m=RM)
    def prepare(self, m):
        when(self.rm[m] == "working")
        self.rm[m] = "prepared"
        self.prepared_sent.add(m)

    @action(m=RM)
    def choose_to_abort(self, m):
        when(self.rm[m] == "working")
        self.rm[m] = "aborted"

    @action(m=RM)
    def receive_prepared(self, m):
        when(self.tm == "undecided" and m in self.prepared_sent)
        self.heard.add(m)

    @action
    def commit(self):
        when(self.tm == "undecided" and len(self.heard) == managers)
        self.tm = "committed"
        self.commit_sent = True

    @action
    def abort(self):
        when(self.tm == "undecided")
        self.tm = "aborted"
        self.abort_sent = True

    @action(m=RM)
    def receive_commit(self, m):
        when(self.commit_sent)
        self.rm[m] = "committed"

    @action(m=RM)
    def receive_abort(self, m):
        when(self.abort_sent)
        self.rm[m] = "aborted"

    @invariant
    def consistent(self):
        """No manager commits what another has aborted."""
        return not (any(self.rm[m] == "committed" for m in RM) and any(self.rm[m] == "aborted" for m in RM))

    @reachable
    def all_commit(self):
        return all(self.rm[m] == "committed" for m in RM)


CASES = [
    Case(
        "3 managers", TwoPhaseCommit, holds("consistent", "all_commit"), counts(distinct=288, generated=1146, depth=11)
    ),
    Case("6 managers", TwoPhaseCommit, holds("consistent", "all_commit"), where(managers=6),
         counts(distinct=50816, generated=402306, depth=20)),
]
