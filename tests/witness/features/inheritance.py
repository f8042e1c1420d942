"""Variants: a class that overrides a method, a process, a property, a variable; parts imported from another file."""

from modelcheck import (
    Array, Case, Const, Int, Range, Spec, counts, done, evaluation_error, holds, implies, invariant, process, violates,
    when, where,
)  # fmt: skip

from .parts import Filling, Tank
from .parts import size as tank_size

tanks = Const(2)
Number = Range(tanks)


class Doubled(Filling):
    """Overrides a helper that an inherited process calls."""

    def amount(self):
        return min(2, self.tank.room())


class Eager(Filling):
    """Overrides the process, and calls the inherited helper."""

    @process
    def fill(self):
        yield "fill"
        when(self.tank.room() > 0)
        self.pour()
        yield "again"
        self.pour()
        self.pour()


class Strict(Doubled):
    """Overrides a property and adds one; a new initial value for an inherited variable."""

    filled = Int(0, 9, init=1)

    @invariant
    def bounded(self):
        return self.tank.level < tank_size

    @invariant
    def counts_from_one(self):
        return self.filled > 0 and implies(done(self.fill), self.filled == tank_size + 1)


class Rows(Spec):
    """Imported records in an array; the constant of the other file is late-bound here too."""

    row = Array(Number, Tank(level=1))

    @process(each=Number)
    def fill(self, i):
        yield "fill"
        self.row[i].level = tank_size
        yield "check"
        assert self.row[i].room() == 0

    @invariant
    def bounded(self):
        return all(self.row[i].level <= tank_size for i in Number)


CASES = [
    Case("a helper", Doubled, holds("bounded")),
    Case("a process", Eager, evaluation_error(length=2)),
    Case("a process, larger", Eager, where(size=3), counts(distinct=3, generated=3)),
    Case("properties", Strict, violates("bounded", length=2), holds("counts_from_one")),
    Case("rows", Rows, holds("bounded"), counts(distinct=9)),
    Case("three larger rows", Rows, holds("bounded"), where(tanks=3, size=4), counts(distinct=27)),
]
