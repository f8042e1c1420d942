"""Properties, places, families, fairness notes, deadlock and rest."""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Range, Record, Set, Spec, action, action_invariant, at, constraint, counts,
    deadlocks, done, holds, idle, implies, invariant, only, process, reachable, violates, when, where,
)  # fmt: skip

limit = Const(3)
Pair = Range(2)
Side = Enum("left", "right")


class Steps(Spec):
    """An action invariant speaks of every step, also of those between states that are known already."""

    n = Int(0, 5, init=0)

    @process(each=Pair)
    def run(self, me):
        while True:
            yield "add"
            when(self.n < 5)
            self.n += 1
            yield "back"
            if self.n == limit and me == 1:
                self.n = 0

    @action_invariant
    def never_falls(self, after):
        return after.n >= self.n

    @action_invariant
    def in_small_steps(self, after):
        return implies(after.n > self.n, after.n == self.n + 1 and at(self.run[0], "add") != at(after.run[0], "add")
                       or at(after.run[1], "back"))  # fmt: skip

    @invariant
    def bounded(self):
        return self.n <= 5


class Cut(Spec):
    """States outside the constraint are kept, and not expanded."""

    n = Int(0, 9, init=0)

    @action(by=Range(3))
    def add(self, by):
        when(self.n + by <= 9)
        self.n += by

    @constraint
    def small(self):
        return self.n <= limit

    @invariant
    def below_seven(self):
        return self.n < 7


class Links(Spec):
    """A family over two types, `each=(Pair, Side)`; the places of its instances."""

    sent = Array(Pair, Set(Side, init=set()))

    @process(each=(Pair, Side), fair="strong", unfair=("rest",))
    def link(self, node, side):
        if node == 0 or side == "left":
            yield "send", "net.c:12"
            self.sent[node].add(side)
        yield idle("rest"), "net.c:20"
        when(len(self.sent[1 - node]) == 2)

    @invariant
    def one_side_at_a_time(self):
        return implies(done(self.link[1, "left"]), len(self.sent[0]) == 2) and not done(self.link[0, "right"])

    @reachable
    def all_rest(self):
        return all(at(self.link[n, s], "rest") or done(self.link[n, s]) for n in Pair for s in Side)


class Mixed(Spec):
    """Actions and processes side by side."""

    light = Bool(init=False)
    crossed = Int(0, 2, init=0)

    @action
    def switch(self):
        self.light = not self.light

    @action(side=Side, to=Bool)
    def force(self, side, to):
        when(side == "left" and to != self.light)
        self.light = to

    @process
    def pedestrian(self):
        for _ in range(2):
            yield "cross"
            when(self.light)
            self.crossed += 1

    @reachable
    def across(self):
        return done(self.pedestrian) and not self.light


class Door(Record):
    open = Bool(init=False)

    @action
    def toggle(self):
        self.open = not self.open

    @action(to=Bool)
    def push(self, to):
        when(self.open != to)
        self.open = to


class House(Record):
    front = Door()
    locked = Bool(init=False)

    @action
    def lock(self):
        when(not self.front.open)
        self.locked = True


class RecordActions(Spec):
    """Actions of records: of every record that a variable holds, in arrays and in other records too."""

    doors = Array(Pair, Door())
    house = House()

    @action
    def slam(self):
        when(self.house.locked)
        for i in Pair:
            self.doors[i].open = False

    @reachable
    def locked_and_open(self):
        return self.house.locked and self.house.front.open and self.doors[0].open


class Waiting(Spec):
    """Idle, done and waiting processes: a deadlock is where one of them neither rests nor is done."""

    tokens = Int(0, 2, init=1)
    greedy = Bool(init=False)

    @process(fair="weak")
    def server(self):
        while True:
            yield idle("wait")
            when(self.tokens == 2)
            self.tokens = 0
            yield "serve"

    @process
    def client(self):
        yield "give"
        self.tokens += 1
        if limit > 3:
            yield "take"
            when(self.tokens == 2)

    @process
    def nothing(self):
        pass


class TerminatedActions(Spec):
    """A spec of actions deadlocks in every state without a successor."""

    n = Int(0, 2, init=0)

    @action
    def add(self):
        when(self.n < 2)
        self.n += 1


class Stutters(TerminatedActions):
    """A step that changes nothing is a transition."""

    @action
    def stay(self):
        pass

    @invariant
    def small(self):
        return self.n < 2


CASES = [
    Case("steps", Steps, violates("never_falls", length=6), deadlocks(length=11)),
    Case("steps, no reset", Steps, deadlocks(length=11), where(limit=9)),
    Case("families", Links, holds("one_side_at_a_time", "all_rest")),
    Case("mixed", Mixed, holds("across")),
    Case("actions of records", RecordActions, holds("locked_and_open"), counts(distinct=16)),
    Case("waiting", Waiting, counts(distinct=4)),
    Case("waiting for nothing", Waiting, deadlocks(length=4), where(limit=4)),
    Case("terminated actions", TerminatedActions, deadlocks(length=3)),
    Case("stutters", Stutters, violates("small", length=3), counts(distinct=3, generated=6, depth=3)),
    Case("stutters, nothing asked", Stutters, only("small"), violates("small", length=3)),
]
