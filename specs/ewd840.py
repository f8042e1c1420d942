"""Dijkstra's termination detection on a ring: a token goes round and comes back white only if everybody was idle.

After EWD 840 (Dijkstra, Feijen, van Gasteren). Counts: the manifest of ewd840 in https://github.com/tlaplus/Examples
has 302 distinct states for 3 nodes. Its depth of 10 is a slip, TLC itself finds 9; its 2001 generated states count every
true disjunct of the token's guard as a step of its own: there are 1817 steps.
"""

from modelcheck import (
    ANY, Array, Bool, Case, Const, Enum, Int, Range, Spec, action, counts, deadlocks, holds, implies, invariant,
    leads_to, reachable, temporal, violates, when, where,
)  # fmt: skip

nodes = Const(3, Int(2, 8))
blacken = Const(True)                                  # sending against the token's direction makes a node black

Node = Range(nodes)
Color = Enum("white", "black")


class TerminationDetection(Spec):
    active = Array(Node, Bool(init=ANY))
    color = Array(Node, Color(init=ANY))               # black: has sent a message behind the token's back
    token_at = Node(init=ANY)
    token = Color(init="black")

    @action(fair="weak")
    def initiate_probe(self):
        """Node 0 starts another round when the last one was not conclusive."""
        when(self.token_at == 0 and (self.token == "black" or self.color[0] == "black"))
        self.token_at = nodes - 1
        self.token = "white"
        self.color[0] = "white"

    @action(node=Node, fair="weak")
    def pass_token(self, node):
        when(node > 0 and self.token_at == node)
        when(not self.active[node] or self.color[node] == "black" or self.token == "black")
        self.token_at = node - 1
        if self.color[node] == "black":
            self.token = "black"
        self.color[node] = "white"

    @action(sender=Node, receiver=Node)
    def send(self, sender, receiver):
        when(self.active[sender] and sender != receiver)
        self.active[receiver] = True
        if receiver > sender and blacken:
            self.color[sender] = "black"

    @action(node=Node)
    def deactivate(self, node):
        when(self.active[node])
        self.active[node] = False

    def detected(self):
        return self.token_at == 0 and self.token == "white" and self.color[0] == "white" and not self.active[0]

    @invariant
    def detection_is_right(self):
        return implies(self.detected(), all(not self.active[node] for node in Node))

    @temporal
    def termination_is_detected_in_the_end(self):
        """Weak fairness of the token's steps is enough: once all are idle nothing wakes anybody."""
        return leads_to(all(not self.active[node] for node in Node), self.detected())

    @reachable
    def termination_is_detected(self):
        return self.detected()


# A ring that has detected its termination has nothing left to do: a deadlock, and the only one.
CASES = [
    Case("3 nodes", TerminationDetection, holds("detection_is_right"), deadlocks(length=4),
         counts(distinct=302, generated=1817, depth=9)),
    Case("5 nodes", TerminationDetection, holds("detection_is_right"), deadlocks(length=6), where(nodes=5)),
    Case("nobody turns black", TerminationDetection, violates("detection_is_right", length=6), deadlocks(length=4),
         where(blacken=False)),
]
