"""Values whose type their use decides: what is empty, strings of an Enum in sets and tuples; values that nobody wants."""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Range, Record, Seq, Set, Spec, action, choose, counts, holds, invariant, procedure,
    process, reachable, violates, when, where,
)  # fmt: skip

marks = Const(())
numbers = Const(())
Phase = Enum("idle", "busy", "gone")
Q = Range(3)


class Marked(Spec):
    """Constants that are empty until a case fills them."""

    found = Set(Int(0, 9), init=set())
    n = Int(0, 9, init=0)
    flag = Bool(init=False)

    def is_in(self, what, where):
        return what in where

    def count(self, items):
        total = Int(0, 9, init=0)
        for _ in items:
            total += 1
        return total

    def note(self, items):
        for item in items:
            if item == "x":
                self.found.add(1)

    @process
    def reader(self):
        yield "membership"
        if "x" in marks or self.is_in("x", marks):
            self.found.add(0)
        self.note(marks)
        if self.n in numbers or 3 in numbers:
            self.found.add(2)
        yield "quantifiers"
        if any(m == "x" for m in marks) and all(m != "z" for m in marks):
            self.found.add(3)
        named = marks
        if self.is_in("y", named) or marks == ("x", "y") or marks != ():
            self.found.add(4)
        self.n = len(marks) + self.count(marks) + sum(1 for m in marks if m == "y")
        for m in marks:
            yield "each"
            self.flag = m == "y"
        for k in numbers:
            yield "number"
            self.n = k

    @invariant
    def nothing_is_found(self):
        return self.found == set() and self.n == 0 and not self.flag


class Held(Spec):
    """An empty set for a helper that looks into it, also in `init`."""

    n = Int(0, 3, init=0)
    taken = Bool(init=False)

    def take(self, x, held):
        if x in held:
            self.taken = True

    def free(self, x, held):
        return x not in held

    def init(self):
        self.n = choose(1, 2)
        self.take(self.n, set())
        when(self.free(self.n, set()) and self.free(self.n, {1}))

    @action
    def again(self):
        when(not self.free(self.n, set()) or not self.free(self.n, {2, 3}))
        self.take(self.n, {self.n})

    @invariant
    def only_two(self):
        return self.n == 2


class Strings(Spec):
    """Sets and tuples of strings, typed where they are used."""

    phase = Enum("idle", "busy", "gone", init="idle")
    phases = Set(Phase, init={"idle"})
    order = Seq(Phase, 3, init=("idle", "busy"))
    now = Phase(init="idle")
    hits = Int(0, 9, init=0)

    def among(self, allowed):
        return self.now in allowed

    def within(self, allowed):
        return self.phases <= allowed

    def same(self, allowed):
        return self.phases == allowed

    def ordered(self, wanted):
        return self.order == wanted

    def put(self, allowed):
        self.phases = self.phases | allowed
        for p in ("busy", "gone"):
            if p in allowed and self.now != p:
                self.hits += 1

    @process
    def run(self):
        yield "look"
        allowed = ("idle", "gone")
        if self.now in allowed and self.among({"idle", "busy"}) and not self.among(("busy", "gone")):
            self.hits = 1
        if self.within({"idle", "gone"}) and self.same({"idle"}) and self.ordered(["idle", "busy"]):
            self.hits += 1
        yield "put"
        self.put({"gone", "busy"})
        if self.same({"idle", "busy", "gone"}) and not self.within({"idle"}) and not self.ordered(["busy"]):
            self.hits += 1
        self.phase = choose({"busy", "gone"})

    @reachable
    def all_hit(self):
        return self.hits == 5 and self.phase == "gone"


class Dropped(Spec):
    """Values that their caller does not want, None among them."""

    n = Int(0, 3, init=0)

    def take(self):
        if self.n == 0:
            return None
        self.n -= 1
        return self.n

    def add(self):
        if self.n == 3:
            return "full"
        self.n += 1
        return None

    @procedure
    def twice(self):
        yield "one"
        self.add()
        if self.n == 3:
            return None
        yield "two"
        self.add()
        return self.n

    @process
    def run(self):
        yield "begin"
        self.take()
        self.add()
        yield from self.twice()
        yield from self.twice()
        self.take()

    @reachable
    def three(self):
        return self.n == 3


class Fork(Record):
    held = Bool(init=False)

    @procedure
    def take(self, who):
        yield "take"
        when(not self.held)
        self.held = True
        yield "taken"
        assert who < 4


class Table(Spec):
    """What is constant for an instance, before its first step."""

    fork = Array(Q, Fork())
    n = Int(0, 9, init=0)

    @procedure
    def grab(self, k):
        yield from self.fork[(k + 1) % 3].take(k + 1)

    @process(each=Q)
    def eater(self, i):
        right = (i + 1) % 3
        meals = Int(0, 9, init=2 * i + 1)
        plate = Int(0, 9, init=i)  # noqa: F841 (the invariant reads it)
        for k in range(i, i + 1):
            yield from self.grab(k)
        self.n = meals
        meals = right
        yield "eat"
        self.fork[right].held = False

    @invariant
    def odd_or_nothing(self):
        return self.n in (0, 1, 3, 5)

    @invariant
    def one_plate_each(self):
        return all(self.eater[i].plate == i for i in Q)

    @reachable
    def most(self):
        return self.n == 5


CASES = [
    Case("nothing is marked", Marked, holds("nothing_is_found"), counts(distinct=3, generated=3)),
    Case("x is marked", Marked, violates("nothing_is_found", length=2), where(marks=("x",))),
    Case("y and x are marked", Marked, violates("nothing_is_found", length=2), where(marks=("y", "x"))),
    Case("z is marked", Marked, violates("nothing_is_found", length=3), where(marks=("z",))),
    Case("numbers", Marked, violates("nothing_is_found", length=2), where(numbers=(3, 4))),
    Case("an empty set", Held, holds("only_two"), counts(distinct=2)),
    Case("strings", Strings, holds("all_hit")),
    Case("dropped", Dropped, holds("three")),
    Case("constant for an instance", Table, holds("odd_or_nothing", "one_plate_each", "most")),
]
