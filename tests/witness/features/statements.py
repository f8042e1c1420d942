"""Statements: what a step does, and where it ends."""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Range, Seq, Set, Spec, action, assertion_fails, choose, counts, deadlocks,
    done, holds, implies, invariant, process, reachable, when,
)  # fmt: skip

rounds = Const(3)
parts = Const(("a", "b", "c"))
Pair = Range(2)
Light = Enum("red", "green", "yellow")
Small = Range(5)


class Assignments(Spec):
    """In order, within one step; augmented ones read what was just written."""

    a = Int(-20, 20, init=1)
    b = Int(-20, 20, init=2)
    flags = Array(Pair, Bool(init=False))

    @process
    def run(self):
        yield "swap"
        old = self.a
        self.a = self.b
        self.b = old
        yield "compute"
        self.a += 3
        self.b -= self.a
        self.a *= 2
        self.a //= 3
        self.b %= 3
        self.flags[self.b - 2] = True

    @invariant
    def result(self):
        return implies(done(self.run), self.a == 3 and self.b == 2 and self.flags[0] and not self.flags[1])


class Branches(Spec):
    n = Int(0, 30, init=0)

    @process
    def run(self):
        for i in range(4):
            yield "step"
            if i == 0:
                self.n += 1
            elif self.n == 1:
                self.n += 2
                if self.n == 3:
                    pass
                else:
                    self.n = 30
            else:
                self.n *= 2

    @invariant
    def result(self):
        return implies(done(self.run), self.n == 12)


class GapBeforeBody(Spec):
    """The test of a `while` belongs to the step before the body: another process may run in between."""

    n = Int(0, 3, init=0)

    @process(each=Pair)
    def run(self, me):
        yield "start"
        while self.n < 2:
            yield "add"
            self.n += 1

    @reachable
    def overshoots(self):
        return self.n == 3


class TestInBody(Spec):
    n = Int(0, 3, init=0)

    @process(each=Pair)
    def run(self, me):
        while True:
            yield "add"
            if self.n == 2:
                break
            self.n += 1

    @invariant
    def never_overshoots(self):
        return self.n <= 2


class Jumps(Spec):
    log = Seq(Int(0, 9), 6, init=())

    @process
    def run(self):
        for i in range(5):
            yield "visit"
            if i == 1:
                continue
            if i == 3:
                break
            self.log.append(i)
            yield "visited"
            self.log.append(i + 5)
        yield "after"
        self.log.append(9)
        early = choose(False, True)
        if early:
            return
        yield "late"
        self.log.append(0)

    @invariant
    def result(self):
        return implies(done(self.run), self.log == [0, 5, 2, 7, 9] or self.log == [0, 5, 2, 7, 9, 0])


class NestedJumps(Spec):
    log = Seq(Int(0, 99), 9, init=())

    @process
    def run(self):
        i = Int(0, 3, init=0)
        yield "begin"
        while i < 3:
            yield "outer"
            i += 1
            for j in range(3):
                if j == i:
                    break
                yield "inner"
                if j == 0 and i == 2:
                    continue
                self.log.append(10 * i + j)
            yield "next"

    @invariant
    def result(self):
        return implies(done(self.run), self.log == [10, 21, 30, 31, 32])


class LoopsWithinAStep(Spec):
    total = Int(0, 100, init=0)
    lights = Array(Light, Int(0, 9, init=0))
    order = Seq(Light, 3, init=())

    @process
    def run(self):
        yield "count"
        for i in range(1, 5):
            if i == 3:
                continue
            self.total += i
        for light in Light:
            self.lights[light] += 2
            self.order.append(light)
        for light in {x for x in Light if x != "green"}:
            self.lights[light] += 1
        yield "search"
        for i in range(10):
            if i * i > 20:
                break
            self.total = i

    @invariant
    def result(self):
        return implies(
            done(self.run),
            self.total == 4
            and self.lights["red"] == 3
            and self.lights["green"] == 2
            and self.lights["yellow"] == 3
            and self.order == ["red", "green", "yellow"],
        )


class LoopOverTypeWithSteps(Spec):
    visited = Seq(Light, 6, init=())

    @process(each=Pair)
    def run(self, me):
        for light in Light:
            if light != "green" or me == 1:
                yield "visit"
                when(len(self.visited) < 6)
                self.visited.append(light)

    @invariant
    def five_visits(self):
        return implies(done(self.run[0]) and done(self.run[1]), len(self.visited) == 5)


class LoopOverSnapshot(Spec):
    """The domain of a loop is evaluated once; a bound set is a value, whatever becomes of the variable."""

    members = Set(Small, init={1, 3})
    visited = Seq(Small, 5, init=())

    @process
    def run(self):
        yield "look"
        ready = self.members
        self.members.add(4)
        for m in Small:
            if m in ready:
                yield "visit"
                self.visited.append(m)
                self.members.discard(3)
        yield "again"
        for m in self.members:
            self.members.add(0)
            self.visited.append(m)

    @invariant
    def result(self):
        return implies(done(self.run), self.visited == [1, 3, 1, 4] and self.members == {0, 1, 4})


class LoopOverConstants(Spec):
    """A loop over a tuple of constants; a constant decides before the search which steps there are."""

    log = Seq(Int(0, 9), 9, init=())

    @process
    def run(self):
        for part in parts:
            if part == "a":
                yield "first"
                self.log.append(1)
            elif part == "b" and rounds > 2:
                for _ in range(rounds - 1):
                    yield "second"
                    self.log.append(2)
            else:
                yield "third"
                self.log.append(3)

    @invariant
    def result(self):
        return implies(done(self.run), self.log == [1, 2, 2, 3])


class Asserted(Spec):
    n = Int(0, 5, init=0)

    @process(each=Pair)
    def run(self, me):
        for _ in range(2):
            yield "add"
            self.n += 1
            assert self.n < 4, "four steps"


class WhenInTheMiddle(Spec):
    """A guard holds where it is reached; what the step has assigned before is undone with it."""

    n = Int(0, 9, init=0)

    @process
    def run(self):
        yield "twice"
        self.n += 2
        when(self.n == 3)
        self.n += 1

    @action
    def add(self):
        when(self.n == 0)
        self.n = 1

    @invariant
    def never_two(self):
        return self.n != 2


class Stuck(WhenInTheMiddle):
    @action
    def add(self):
        when(self.n == 0)
        self.n = 3


CASES = [
    Case("assignments", Assignments, holds("result"), counts(distinct=3, generated=3, depth=3)),
    Case("branches", Branches, holds("result"), counts(distinct=5)),
    Case("gap before body", GapBeforeBody, holds("overshoots")),
    Case("test in body", TestInBody, holds("never_overshoots")),
    Case("jumps", Jumps, holds("result")),
    Case("nested jumps", NestedJumps, holds("result")),
    Case("loops within a step", LoopsWithinAStep, holds("result")),
    Case("loop over a type, with steps", LoopOverTypeWithSteps, holds("five_visits")),
    Case("loop over a snapshot", LoopOverSnapshot, holds("result")),
    Case("loop over constants", LoopOverConstants, holds("result"), counts(distinct=5, generated=5, depth=5)),
    Case("asserted", Asserted, assertion_fails(length=4)),
    Case("when in the middle", WhenInTheMiddle, holds("never_two")),
    Case("stuck", Stuck, deadlocks(length=2)),
]
