"""Evaluation errors: immediate, in program order, with a verdict of their own."""

from modelcheck import (
    Array, Case, Const, Int, Option, Range, Record, Seq, Set, Spec, action, assertion_fails, choose, counts,
    evaluation_error, holds, implies, invariant, process, when, where,
)  # fmt: skip

kind = Const("range")
late = Const(False)
Small = Range(3)


class Cell(Record):
    value = Int(0, 3, init=0)


class Errors(Spec):
    """Each kind, in the second step."""

    n = Int(0, 3, init=0)
    big = Int(0, 9223372036854775807, init=9223372036854775807)
    a = Array(Small, Int(0, 3, init=0))
    s = Set(Small, init={0})
    q = Seq(Small, 2, init=(1,))
    o = Option(Small, init=None)
    cells = Array(Small, Cell())

    @process
    def run(self):
        yield "fine"
        self.n = 3
        yield "error"
        if kind == "range":
            self.n += 1
        elif kind == "range below":
            self.n = self.n - 4
        elif kind == "field":
            self.cells[1].value = self.n + 1
        elif kind == "element":
            self.a[0] = self.n + 1
        elif kind == "member":
            self.s.add(self.n)
        elif kind == "index":
            self.n = self.a[self.n]
        elif kind == "index below":
            self.a[self.n - 4] = 0
        elif kind == "item":
            self.n = self.q[1]
        elif kind == "negative item":
            self.q[self.n - 4] = 0
        elif kind == "full":
            self.q.append(0)
            self.q.append(0)
        elif kind == "too long":
            self.q = self.q + self.q + self.q
        elif kind == "pop":
            self.q.pop()
            self.q.pop()
        elif kind == "pop first":
            self.q.pop(0)
            self.q.pop(0)
        elif kind == "remove":
            self.s.remove(2)
        elif kind == "divide":
            self.n = 6 // (self.n - 3)
        elif kind == "modulo":
            self.n = 6 % (self.n - 3)
        elif kind == "overflow":
            self.n = (self.big + 1) % 4
        elif kind == "product":
            self.n = (self.big * self.big) % 4
        elif kind == "none":
            self.n = self.o + 1
        elif kind == "none assigned":
            self.n = self.o
        elif kind == "min":
            self.n = min(x for x in self.s if x > 0)
        elif kind == "max":
            self.n = max(self.s - {0})
        elif kind == "assert":
            assert self.n < 3, "n is 3"
        yield "after"


class Order(Spec):
    """An error before a false `when` counts, one after it does not; a guard that was true does not undo it."""

    n = Int(0, 1, init=0)

    @process
    def run(self):
        yield "set"
        self.n = 1
        yield "step"
        if late:
            when(self.n == 0)
        self.n += 1
        when(self.n == 0)

    @action
    def stay(self):
        self.n = self.n


class OneBranch(Spec):
    """An error ends its own branch of the step; the others go on."""

    n = Int(0, 2, init=0)

    @process
    def run(self):
        yield "step"
        x = choose(0, 1, 2)
        self.n = 2 // x
        yield "end"


class Guarded(Spec):
    """Nothing is evaluated that need not be."""

    q = Seq(Small, 2, init=())
    o = Option(Small, init=None)
    n = Int(0, 6, init=0)

    @process
    def run(self):
        for _ in range(2):
            yield "step"
            if len(self.q) > 0 and self.q[0] == 1:
                self.n = 1
            if self.o is None or self.o > 1:
                self.n = 2 if self.o is None else self.o
            self.n = 6 // self.n if self.n > 0 else 0
            self.q.append(1)
            self.o = 1

    @invariant
    def implied(self):
        return implies(len(self.q) > 0, self.q[0] == 1) and implies(self.o is not None, self.o > 0)


class InProperty(Spec):
    n = Int(0, 3, init=0)

    @process
    def run(self):
        for _ in range(3):
            yield "add"
            self.n += 1

    @invariant
    def divides(self):
        return 6 // (2 - self.n) != 0


CASES = [
    Case("range", Errors, evaluation_error(length=2), where(kind="range")),
    Case("range below", Errors, evaluation_error(length=2), where(kind="range below")),
    Case("field", Errors, evaluation_error(length=2), where(kind="field")),
    Case("element", Errors, evaluation_error(length=2), where(kind="element")),
    Case("member", Errors, evaluation_error(length=2), where(kind="member")),
    Case("index", Errors, evaluation_error(length=2), where(kind="index")),
    Case("index below", Errors, evaluation_error(length=2), where(kind="index below")),
    Case("item", Errors, evaluation_error(length=2), where(kind="item")),
    Case("negative item", Errors, evaluation_error(length=2), where(kind="negative item")),
    Case("full", Errors, evaluation_error(length=2), where(kind="full")),
    Case("too long", Errors, evaluation_error(length=2), where(kind="too long")),
    Case("pop", Errors, evaluation_error(length=2), where(kind="pop")),
    Case("pop first", Errors, evaluation_error(length=2), where(kind="pop first")),
    Case("remove", Errors, evaluation_error(length=2), where(kind="remove")),
    Case("divide", Errors, evaluation_error(length=2), where(kind="divide")),
    Case("modulo", Errors, evaluation_error(length=2), where(kind="modulo")),
    Case("overflow", Errors, evaluation_error(length=2), where(kind="overflow")),
    Case("product", Errors, evaluation_error(length=2), where(kind="product")),
    Case("none", Errors, evaluation_error(length=2), where(kind="none")),
    Case("none assigned", Errors, evaluation_error(length=2), where(kind="none assigned")),
    Case("min", Errors, evaluation_error(length=2), where(kind="min")),
    Case("max", Errors, evaluation_error(length=2), where(kind="max")),
    Case("assert", Errors, assertion_fails(length=2), where(kind="assert")),
    Case("no error", Errors, where(kind="")),
    Case("error before guard", Order, evaluation_error(length=2)),
    Case("guard before error", Order, where(late=True)),
    Case("one branch", OneBranch, evaluation_error(length=1), counts(distinct=5, generated=5)),
    Case("guarded", Guarded, holds("implied")),
    Case("in a property", InProperty, evaluation_error(length=3)),
]
