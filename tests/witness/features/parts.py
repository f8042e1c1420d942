"""What `inheritance.py` imports: a record and a spec that depend on a constant of this file."""

from modelcheck import Case, Const, Int, Record, Spec, invariant, process

size = Const(2)


class Tank(Record):
    level = Int(0, size, init=0)

    def room(self):
        return size - self.level


class Filling(Spec):
    tank = Tank()
    filled = Int(0, 9, init=0)

    def amount(self):
        return 1

    @process
    def fill(self):
        for _ in range(size):
            yield "fill"
            self.pour()

    def pour(self):
        self.tank.level += self.amount()
        self.filled += 1

    @invariant
    def bounded(self):
        return self.tank.level <= size


CASES = [Case("filling", Filling)]
