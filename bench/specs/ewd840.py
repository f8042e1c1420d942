"""Dijkstra's termination detection (EWD 840) from one initial state: all active and white, a black token at node 0."""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Range, Spec, action, counts, deadlocks, implies, invariant, when,
)  # fmt: skip

nodes = Const(4, Int(2, 12))

Node = Range(nodes)
Color = Enum("white", "black")


class TerminationDetection(Spec):
    active = Array(Node, Bool(init=True))
    color = Array(Node, Color(init="white"))
    token_at = Node(init=0)
    token = Color(init="black")

    @action
    def initiate_probe(self):
        when(self.token_at == 0 and (self.token == "black" or self.color[0] == "black"))
        self.token_at = nodes - 1
        self.token = "white"
        self.color[0] = "white"

    @action(node=Node)
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
        if receiver > sender:
            self.color[sender] = "black"

    @action(node=Node)
    def deactivate(self, node):
        when(self.active[node])
        self.active[node] = False

    @invariant
    def detection_is_right(self):
        detected = self.token_at == 0 and self.token == "white" and self.color[0] == "white" and not self.active[0]
        return implies(detected, all(not self.active[node] for node in Node))


CASES = [Case("4 nodes", TerminationDetection, deadlocks(), counts(distinct=670, generated=5875))]
