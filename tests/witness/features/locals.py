"""Locals: declared ones may be reassigned, a name bound once is a constant of its scope. Both may live across steps."""

from modelcheck import (
    Array, Bool, Case, Enum, Int, Option, Range, Seq, Set, Spec, choose, counts, done, evaluation_error, holds, implies,
    invariant, procedure, process, reachable, when,
)  # fmt: skip

Pair = Range(2)
Small = Range(4)
Phase = Enum("new", "half", "old")


class Accumulates(Spec):
    result = Int(0, 99, init=0)

    @process
    def run(self):
        total = Int(0, 20, init=0)
        phase = Phase(init="new")
        seen = Set(Small, init=set())
        yield "begin"
        while total < 4:
            yield "add"
            step = choose(1, 2)
            total += step
            seen.add(step)
            phase = "half" if total < 3 else "old"
            if phase == "old":
                yield "record"
                self.result = 10 * total + len(seen)

    @invariant
    def sums(self):
        return implies(done(self.run), self.result in {41, 42, 52, 51})


class BoundOnce(Spec):
    """Names that live across steps, in a loop that binds them anew each time."""

    a = Int(0, 9, init=0)
    log = Seq(Int(0, 9), 4, init=())

    @process
    def run(self):
        for i in range(2):
            yield "read"
            seen = self.a
            wide = {x for x in Small if x <= seen}
            when(len(wide) > 0)
            yield "write"
            self.a = seen + len(wide)
            self.log.append(i + seen)

    @process
    def other(self):
        yield "add"
        self.a += 1

    @reachable
    def lost_update(self):
        return done(self.other) and done(self.run) and self.a == 3

    @reachable
    def seen_late(self):
        return self.log == [0, 3]


class ChosenLives(Spec):
    """A name bound by `choose`, and one bound by a procedure, live across steps like any other."""

    log = Seq(Small, 2, init=())

    @procedure
    def ask(self):
        yield "ask"
        answer = choose(0, 2)
        yield "answer"
        return answer

    @process
    def run(self):
        yield "choose"
        drawn = choose(Small)
        when(drawn > 1)
        got = yield from self.ask()
        yield "use"
        self.log.append(drawn)
        self.log.append(got)

    @invariant
    def kept(self):
        return implies(done(self.run), self.log[0] >= 2 and self.log[1] != 1)

    @reachable
    def both(self):
        return self.log == [3, 2]


class DeadLocals(Spec):
    """A local that is not needed any more is no part of the state: the two ways to the end meet."""

    flag = Bool(init=False)

    @process
    def run(self):
        n = Int(0, 3, init=0)
        yield "choose"
        n = choose(1, 2, 3)
        yield "use"
        self.flag = n > 0
        yield "rest"
        self.flag = True


class SeenInProperties(Spec):
    turn = Pair(init=0)

    @process(each=Pair)
    def run(self, me):
        mine = Small(init=0)
        yield "begin"
        while mine < 3:
            yield "count"
            when(self.turn == me)
            mine += 1
            self.turn = 1 - me

    @invariant
    def never_two_apart(self):
        return abs(self.run[0].mine - self.run[1].mine) <= 1 or done(self.run[0])


class OptionsAndArrays(Spec):
    holder = Option(Pair, init=None)
    result = Int(0, 9, init=0)

    @process
    def run(self):
        mine = Option(Small, init=None)
        table = Array(Pair, Int(0, 9, init=0))
        yield "first"
        mine = choose(Small)
        table[0] = mine + 1
        yield "second"
        if mine is not None and mine > 1:
            self.holder = mine - 2
        table[1] += table[0]
        yield "third"
        self.result = table[0] + table[1]

    @invariant
    def doubled(self):
        return implies(self.result > 0, self.result % 2 == 0)

    @invariant
    def held(self):
        return implies(self.holder is not None, self.result == 0 or self.result >= 6)


class OutOfRange(Spec):
    """A declared local is checked as a variable is."""

    @process
    def run(self):
        n = Int(0, 2, init=0)
        for _ in range(4):
            yield "add"
            n += 1


CASES = [
    Case("accumulates", Accumulates, holds("sums")),
    Case("bound once", BoundOnce, holds("lost_update", "seen_late")),
    Case("chosen lives", ChosenLives, holds("kept", "both"), counts(distinct=15, generated=15, depth=5)),
    Case("dead locals", DeadLocals, counts(distinct=6, generated=8, depth=4)),
    Case("seen in properties", SeenInProperties, holds("never_two_apart")),
    Case("options and arrays", OptionsAndArrays, holds("doubled", "held")),
    Case("out of range", OutOfRange, evaluation_error(length=3)),
]
