"""Helpers are inlined where they are called; procedures are inlined with their steps."""

from modelcheck import (
    Array, Bool, Case, Const, Int, Range, Record, Ref, Seq, Spec, at, choose, counts, done, holds, implies, invariant,
    procedure, process, reachable, when,
)  # fmt: skip

capacity = Const(2)
Pair = Range(2)


class EffectsInConditions(Spec):
    """`and`, `or` and `not` stop early, effects included."""

    calls = Int(0, 20, init=0)
    hits = Int(0, 20, init=0)
    ready = Bool(init=False)

    def test(self, answer):
        self.calls += 1
        return answer

    @process
    def run(self):
        yield "and"
        if self.ready and self.test(True):
            self.hits += 1
        yield "or"
        if not self.ready or self.test(True):
            self.hits += 1
        self.ready = True
        yield "both"
        if self.ready and self.test(True) and self.test(False) and self.test(True):
            self.hits += 1
        yield "not"
        if not self.test(False) and (self.test(False) or self.test(True)):
            self.hits += 1
        yield "when"
        when(self.ready and self.test(True))
        got = self.test(False) or self.test(False)
        if not got:
            self.hits += 1

    @invariant
    def result(self):
        return implies(done(self.run), self.calls == 8 and self.hits == 3)


class ManyReturns(Spec):
    n = Int(0, 9, init=0)
    log = Seq(Int(0, 9), 9, init=())

    def grade(self, n):
        if n < 2:
            return 0
        for i in range(2, 5):
            if n == i:
                self.log.append(i)
                return i
        if n == 7:
            self.log.append(7)
        elif n > 7:
            return 8
        return 9

    @process
    def run(self):
        yield "choose"
        self.n = choose(1, 3, 7, 8)
        yield "grade"
        grade = self.grade(self.n)
        self.log.append(grade)

    @invariant
    def result(self):
        return implies(
            done(self.run),
            (self.n == 1 and self.log == [0])
            or (self.n == 3 and self.log == [3, 3])
            or (self.n == 7 and self.log == [7, 9])
            or (self.n == 8 and self.log == [8]),
        )


class HelperWithChoiceAndGuard(Spec):
    n = Int(0, 9, init=0)

    def pick(self, low):
        x = choose(0, 1, 2, 3)
        when(x >= low)
        return x

    @process
    def run(self):
        yield "pick"
        a = self.pick(2)
        b = self.pick(a)
        self.n = a + b

    @invariant
    def result(self):
        return implies(done(self.run), self.n == 4 or self.n == 5 or self.n == 6)


class Counter(Record):
    value = Int(0, 9, init=0)
    total = Int(0, 99, init=0)

    def add(self, n):
        self.value += n
        self.total += self.value
        return self.value

    def reset(self):
        was = self.value
        self.value = 0
        return was

    def is_set(self):
        return self.value > 0


class RecordMethods(Spec):
    """Methods of records in variables and arrays; a parameter `Ref[...]` is the caller's record."""

    one = Counter(value=2)
    many = Array(Pair, Counter())

    def move(self, source: Ref[Counter], target: Ref[Counter], n):
        source.value -= n
        return target.add(n)

    @process
    def run(self):
        yield "methods"
        self.many[0].add(3)
        first = self.one.add(1)
        self.many[1].value = first
        yield "references"
        moved = self.move(self.many[0], self.one, 2)
        self.many[1].add(moved)
        for q in Pair:
            self.move(self.one, self.many[q], 1)
        yield "conditions"
        if self.many[0].is_set() and self.many[0].reset() == 2 and not self.many[0].is_set():
            self.one.total = 50

    @invariant
    def result(self):
        return implies(
            done(self.run),
            self.one.value == 3
            and self.one.total == 50
            and self.many[0].value == 0
            and self.many[0].total == 5
            and self.many[1].value == 9
            and self.many[1].total == 17,
        )


class Procedures(Spec):
    """The same procedure at two places and in two processes; its locals are its own."""

    mutex = Bool(init=False)
    inside = Int(0, 2, init=0)
    shared = Int(0, 9, init=0)

    @procedure
    def acquire(self, tries):
        seen = Int(0, 3, init=0)
        for _ in range(tries):
            yield "try"
            seen += 1
            if not self.mutex:
                self.mutex = True
                return seen
        yield "wait"
        when(not self.mutex)
        self.mutex = True
        return 0

    @process(each=Pair)
    def run(self, me):
        yield from self.acquire(1)
        yield "first"
        self.inside += 1
        yield "leave"
        self.inside -= 1
        self.mutex = False
        got = yield from self.acquire(2)
        yield "second"
        self.inside += 1
        self.shared = got
        yield "leave again"
        self.inside -= 1
        self.mutex = False

    @invariant
    def one_inside(self):
        return self.inside <= 1

    @invariant
    def after_the_lock(self):
        return implies(at(self.run[0], "first") or at(self.run[0], "second"), self.mutex)

    @reachable
    def second_try(self):
        return self.shared == 2

    @reachable
    def both_try(self):
        return at(self.run[0], "try") and at(self.run[1], "wait")


class Channel(Record):
    items = Seq(Int(0, 9), capacity, init=())

    @procedure
    def send(self, n):
        yield "send"
        when(len(self.items) < capacity)
        self.items.append(n)

    @procedure
    def receive(self):
        yield "receive"
        when(len(self.items) > 0)
        return self.items.pop(0)


class Pipe(Spec):
    """Procedures of records, in two processes and nested in a procedure of the spec."""

    inlet = Channel()
    outlet = Channel()
    received = Seq(Int(0, 9), 3, init=())

    @procedure
    def relay(self):
        item = yield from self.inlet.receive()
        yield "think"
        yield from self.outlet.send(item + 1)

    @process
    def producer(self):
        for i in range(3):
            yield from self.inlet.send(i)

    @process
    def worker(self):
        for _ in range(3):
            yield from self.relay()

    @process
    def consumer(self):
        for _ in range(3):
            n = yield from self.outlet.receive()
            self.received.append(n)

    @invariant
    def in_order(self):
        return implies(len(self.received) == 3, self.received == [1, 2, 3])


CASES = [
    Case("effects in conditions", EffectsInConditions, holds("result"), counts(distinct=6)),
    Case("many returns", ManyReturns, holds("result")),
    Case("helper with choice and guard", HelperWithChoiceAndGuard, holds("result"), counts(distinct=4, generated=4)),
    Case("methods of records", RecordMethods, holds("result")),
    Case("procedures", Procedures, holds("one_inside", "after_the_lock", "second_try", "both_try")),
    Case("procedures of records", Pipe, holds("in_order")),
]
