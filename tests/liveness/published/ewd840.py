"""Termination detection on a ring, and what it implements.

tlaplus/Examples, ewd840: EWD840.cfg with N = 3, 302 distinct states, Liveness holds; SyncTerminationDetection.cfg with
N = 7, 129 distinct states, Quiescence and Liveness hold. Both as published ("success" in the manifest). Fairness is that
of the modules: the steps of the token together, and the detection alone.
"""

from modelcheck import (
    ANY, Array, Bool, Case, Const, Enum, Range, Spec, action, always, choose, counts, deadlocks, holds, implies, invariant,
    leads_to, temporal, when, where,
)  # fmt: skip

nodes = Const(3)

Node = Range(nodes)
Color = Enum("white", "black")


class Ewd840(Spec):
    active = Array(Node, Bool(init=ANY))
    color = Array(Node, Color(init=ANY))
    token_at = Node(init=ANY)
    token = Color(init="black")

    @action(fair="weak")
    def system(self):
        if self.token_at == 0:
            when(self.token == "black" or self.color[0] == "black")
            self.token_at = nodes - 1
            self.token = "white"
            self.color[0] = "white"
        else:
            i = self.token_at
            when(not self.active[i] or self.color[i] == "black" or self.token == "black")
            self.token_at = i - 1
            if self.color[i] == "black":
                self.token = "black"
            self.color[i] = "white"

    @action(i=Node, j=Node)
    def send_message(self, i, j):
        when(self.active[i] and i != j)
        self.active[j] = True
        if j > i:
            self.color[i] = "black"

    @action(i=Node)
    def deactivate(self, i):
        when(self.active[i])
        self.active[i] = False

    def detected(self):
        return self.token_at == 0 and self.token == "white" and self.color[0] == "white" and not self.active[0]

    @invariant
    def termination_detection(self):
        return implies(self.detected(), all(not self.active[i] for i in Node))

    @temporal
    def liveness(self):
        return leads_to(all(not self.active[i] for i in Node), self.detected())


class SyncTerminationDetection(Spec):
    active = Array(Node, Bool(init=ANY))
    detected = Bool(init=ANY)

    def init(self):
        when(not self.detected or self.terminated())

    def terminated(self):
        return all(not self.active[n] for n in Node)

    @action(i=Node)
    def terminate(self, i):
        when(self.active[i])
        self.active[i] = False
        at_once = choose(True, False)
        if at_once:
            self.detected = self.terminated()

    @action(i=Node, j=Node)
    def wake_up(self, i, j):
        when(self.active[i])
        self.active[j] = True

    @action(fair="weak")
    def detect_termination(self):
        when(self.terminated())
        self.detected = True

    @invariant
    def detection_is_correct(self):
        return implies(self.detected, self.terminated())

    @temporal
    def quiescence(self):
        return always(implies(self.terminated(), always(self.terminated())))

    @temporal
    def liveness(self):
        return leads_to(self.terminated(), self.detected)


CASES = [
    Case("EWD840", Ewd840, holds("termination_detection", "liveness"), deadlocks(), counts(distinct=302)),
    Case("SyncTerminationDetection", SyncTerminationDetection, holds("quiescence", "liveness"), where(nodes=7),
         counts(distinct=129)),
]  # fmt: skip
