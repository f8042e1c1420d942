"""Is a kick lost? Vcpus kick queues while the main loop starts and stops their ioeventfds.

A vcpu picks a queue, adds a buffer, then kicks: by the queue's eventfd where that is assigned, else it looks at the
buffer at once. The main loop starts a queue (assign, set handler), stops it (deassign, unset handler, test and clear,
look), or dispatches its eventfd (clear, look), one of them at a time.
"""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Range, Spec, at, choose, counts, invariant, process, when,
)  # fmt: skip

vcpus = Const(2, Int(1, 8))
queues = Const(2, Int(1, 4))

Vcpu = Range(vcpus)
Queue = Range(queues)
Work = Enum("start", "stop", "dispatch")


class LostKick(Spec):
    counter = Array(Queue, Int(0, 2, init=0))  # of the eventfd
    assigned = Array(Queue, Bool(init=False))
    handler = Array(Queue, Bool(init=False))
    pending = Array(Queue, Bool(init=False))  # a buffer that nobody has looked at

    @process(each=Vcpu)
    def vcpu(self, me):
        while True:
            yield "pick"
            q = choose(Queue)
            yield "add"
            self.pending[q] = True
            yield "kick"
            if self.assigned[q]:
                self.counter[q] = min(self.counter[q] + 1, 2)
            else:
                yield "look"
                self.pending[q] = False

    @process
    def main_loop(self):
        while True:
            yield "select"
            q = choose(Queue)
            work = choose(Work)
            if work == "start":
                when(not self.assigned[q])
                self.assigned[q] = True
                yield "set handler"
                self.handler[q] = True
            elif work == "stop":
                when(self.assigned[q])
                self.assigned[q] = False
                yield "unset handler"
                self.handler[q] = False
                yield "test and clear"
                if self.counter[q] > 0:
                    self.counter[q] = 0
                    yield "drain"
                    self.pending[q] = False
            else:
                when(self.handler[q] and self.counter[q] > 0)
                self.counter[q] = 0
                yield "dispatch"
                self.pending[q] = False

    @invariant
    def no_kick_is_lost(self):
        """A buffer that nobody has looked at has a wake-up on its way, or somebody is about to look at one."""
        return all(
            not self.pending[q]
            or self.counter[q] > 0
            or any(at(self.vcpu[v], "kick") or at(self.vcpu[v], "look") for v in Vcpu)
            or at(self.main_loop, "drain")
            or at(self.main_loop, "dispatch")
            for q in Queue
        )


# Found by an enumeration in C++ from the text above, and by the Promela and the C of bench/.
CASES = [Case("2 vcpus", LostKick, counts(distinct=17_312, generated=61_677, depth=35))]
