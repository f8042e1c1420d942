"""Fischer's mutual exclusion: a lock made of one shared word and of time.

A process that finds the word free writes its number within `write` units, waits for more than `wait` units and enters
if its number still stands there. So every write is over before anybody looks, if and only if write <= wait.
L. Lamport, A fast mutual exclusion algorithm, 1987, attributes it to M. Fischer; this is the timed automaton of the
benchmarks of UPPAAL and TChecker.
"""

from modelcheck import (
    Array, Case, Clock, Const, Option, Range, Spec, Time, at, counts, deadline, holds, implies, invariant, only,
    process, violates, when, where,
)  # fmt: skip

processes = Const(3)
write = Const(10)                        # the longest time from looking at the word to writing it
wait = Const(10)                         # between writing and looking again
strictly = Const(True)                   # longer than `wait`; otherwise as long

time = Time()
Process = Range(processes)


class Fischer(Spec):
    x = Array(Process, Clock())
    owner = Option(Process, init=None)   # the shared word

    def waited(self, i):
        return self.x[i] > wait if strictly else self.x[i] >= wait

    @process(each=Process)
    def contender(self, i):
        while True:
            yield "idle"
            when(self.owner is None)
            self.x[i] = 0
            while True:
                yield "request"
                self.x[i] = 0
                self.owner = i
                yield "wait"
                if self.owner is not None:
                    when(self.owner == i and self.waited(i))
                    break
                self.x[i] = 0
            yield "critical"
            self.owner = None

    @deadline
    def writes_come_in_time(self):
        return all(implies(at(self.contender[i], "request"), self.x[i] <= write) for i in Process)

    @invariant
    def one_at_a_time(self):
        return all(
            implies(at(self.contender[i], "critical") and at(self.contender[j], "critical"), i == j)
            for i in Process
            for j in Process
        )


# The numbers of zones are those of TChecker's tck-reach (covering, d711ace) on the same automaton.
CASES = [
    Case("three processes", Fischer, holds("one_at_a_time"), only("one_at_a_time"), counts(distinct=65)),
    Case("four processes", Fischer, holds("one_at_a_time"), only("one_at_a_time"), counts(distinct=220), where(processes=4)),
    Case("five processes", Fischer, holds("one_at_a_time"), only("one_at_a_time"), counts(distinct=727), where(processes=5)),
    Case("nothing is stuck", Fischer, holds("one_at_a_time")),
    Case("the wait as long as the write", Fischer, violates("one_at_a_time", length=7), where(strictly=False)),
    Case("the wait shorter than the write", Fischer, violates("one_at_a_time", length=7), where(wait=9)),
    Case("a longer wait", Fischer, holds("one_at_a_time"), where(wait=11, strictly=False)),
]
