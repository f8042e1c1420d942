"""Is a kick lost? Vcpus kick queues while the main loop starts and stops their ioeventfds.

A vcpu picks a queue, adds a buffer, then kicks: by the queue's eventfd where that is assigned, else it is served at
once. The main loop assigns and deassigns a queue's eventfd; deassigning removes the handler and drains the counter.
"""

from modelcheck import Array, Bool, Case, Const, Enum, Int, Range, Spec, action, counts, invariant, when

vcpus = Const(2, Int(1, 8))
queues = Const(1, Int(1, 4))

Vcpu = Range(vcpus)
Queue = Range(queues)
Phase = Enum("idle", "add", "kick", "serve")


class LostKick(Spec):
    counter = Array(Queue, Int(0, 2, init=0))  # of the eventfd
    assigned = Array(Queue, Bool(init=False))
    handler = Array(Queue, Bool(init=False))
    pending = Array(Queue, Bool(init=False))   # a buffer that nobody has looked at
    phase = Array(Vcpu, Phase(init="idle"))
    queue = Array(Vcpu, Queue(init=0))         # 0 unless the vcpu is busy

    @action(v=Vcpu, q=Queue)
    def pick(self, v, q):
        when(self.phase[v] == "idle")
        self.queue[v] = q
        self.phase[v] = "add"

    @action(v=Vcpu)
    def add(self, v):
        when(self.phase[v] == "add")
        self.pending[self.queue[v]] = True
        self.phase[v] = "kick"

    @action(v=Vcpu)
    def kick(self, v):
        when(self.phase[v] == "kick")
        if self.assigned[self.queue[v]]:
            self.counter[self.queue[v]] = min(self.counter[self.queue[v]] + 1, 2)
            self.phase[v] = "idle"
            self.queue[v] = 0
        else:
            self.phase[v] = "serve"

    @action(v=Vcpu)
    def serve(self, v):
        when(self.phase[v] == "serve")
        self.pending[self.queue[v]] = False
        self.phase[v] = "idle"
        self.queue[v] = 0

    @action(q=Queue)
    def start(self, q):
        when(not self.assigned[q] and not self.handler[q])
        self.assigned[q] = True

    @action(q=Queue)
    def set_handler(self, q):
        when(self.assigned[q] and not self.handler[q])
        self.handler[q] = True

    @action(q=Queue)
    def dispatch(self, q):
        when(self.handler[q] and self.counter[q] > 0)
        self.counter[q] = 0
        self.pending[q] = False

    @action(q=Queue)
    def deassign(self, q):
        when(self.assigned[q] and self.handler[q])
        self.assigned[q] = False

    @action(q=Queue)
    def drain(self, q):
        """Removes the handler, and serves what was signalled before the deassign."""
        when(not self.assigned[q] and self.handler[q])
        self.handler[q] = False
        if self.counter[q] > 0:
            self.counter[q] = 0
            self.pending[q] = False

    @invariant
    def no_kick_is_lost(self):
        """A buffer that nobody has looked at has a wake-up on its way."""
        return all(
            not self.pending[q]
            or self.counter[q] > 0
            or any(self.queue[v] == q and (self.phase[v] == "kick" or self.phase[v] == "serve") for v in Vcpu)
            for q in Queue
        )


CASES = [Case("2 vcpus", LostKick, counts(distinct=268, generated=911))]
