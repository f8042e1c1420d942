"""Sets, sequences, options, arrays, records; comprehensions over them."""

from modelcheck import (
    ANY, Array, Bool, Case, Enum, Int, Option, Range, Record, Scalarset, Seq, Set, Spec, action, choose, counts,
    deadlocks, done, holds, implies, invariant, process, when,
)  # fmt: skip

Small = Range(4)
Pair = Range(2)
Color = Enum("red", "green", "blue")
Node = Scalarset(3)


class Sets(Spec):
    s = Set(Small, init={0, 1})
    t = Set(Small, init={1, 2})
    colors = Set(Color, init={"blue"})
    log = Seq(Bool, 20, init=())

    @process
    def run(self):
        yield "algebra"
        self.log.append((self.s | self.t) == {0, 1, 2})
        self.log.append((self.s & self.t) == {1})
        self.log.append(self.s - self.t == {0})
        self.log.append((self.s ^ self.t) == {0, 2})
        self.log.append(self.s & self.t <= self.s and not self.s <= self.t)
        self.log.append(self.s & self.t < self.s and not self.s < self.s)
        self.log.append(1 in self.s and 3 not in self.s and len(self.s) == 2)
        yield "change"
        self.s.add(3)
        self.s.add(3)
        self.s.discard(2)
        self.s.remove(0)
        self.t |= {3}
        self.t -= {1}
        self.colors.add("red")
        yield "look"
        self.log.append(self.s == {1, 3} and self.t == {2, 3})
        self.log.append(min(self.s) == 1 and max(self.s) == 3 and sum(self.s) == 4)
        self.log.append(self.colors == {"red", "blue"} and "green" not in self.colors)
        self.log.append({x + 1 for x in self.s if x > 1} == {4})
        self.log.append(self.s != set() and len(self.s & {0}) == 0)
        self.s = {x for x in Small if x not in self.t}
        self.log.append(self.s == {0, 1})

    @invariant
    def all_true(self):
        return all(self.log[i] for i in range(len(self.log))) and implies(done(self.run), len(self.log) == 13)


class Sequences(Spec):
    q = Seq(Small, 4, init=(2,))
    log = Seq(Bool, 20, init=())

    @process
    def run(self):
        yield "queue"
        self.q.append(3)
        self.q.append(1)
        first = self.q.pop(0)
        last = self.q.pop()
        self.log.append(first == 2 and last == 1 and self.q == [3])
        yield "index"
        self.q += [0, 1]
        self.q[1] = 2
        self.log.append(len(self.q) == 3 and self.q[0] == 3 and self.q[len(self.q) - 1] == 1)
        self.log.append(2 in self.q and 0 not in self.q)
        self.q[2] += 1
        self.log.append([x for x in self.q if x == 2] == [2, 2])
        yield "whole"
        self.q = [x + 1 for x in [0, 1, 2]]
        self.log.append(self.q == [1, 2, 3])
        self.log.append(sum(x for x in self.q) == 6 and max(x for x in self.q) == 3)
        for x in self.q:
            if x == 2:
                self.q.pop(0)
        self.log.append(self.q == [2, 3])
        self.q = []
        self.log.append(len(self.q) == 0)

    @invariant
    def all_true(self):
        return all(x for x in self.log) and implies(done(self.run), len(self.log) == 8)


class Options(Spec):
    holder = Option(Small, init=None)
    log = Seq(Bool, 20, init=())

    @process
    def run(self):
        yield "set"
        self.log.append(self.holder is None)
        self.holder = choose(Small)
        yield "read"
        self.log.append(self.holder is not None and self.holder < 4)
        when(self.holder != 3)
        self.log.append(self.holder == 0 or self.holder + 1 > 1)
        self.holder = None if self.holder == 1 else self.holder
        yield "clear"
        self.log.append(self.holder is None or self.holder != 1)
        self.holder = None

    @invariant
    def all_true(self):
        return all(x for x in self.log)


class Arrays(Spec):
    by_color = Array(Color, Int(0, 9, init=1))
    by_bool = Array(Bool, Small(init=2))
    grid = Array(Pair, Array(Pair, Small(init=0)))
    sets = Array(Pair, Set(Small, init={3}))
    log = Seq(Bool, 20, init=())

    @process
    def run(self):
        yield "elements"
        self.by_color["green"] = 5
        self.by_bool[self.by_color["red"] == 1] += 1
        self.grid[0][1] = 3
        self.grid[self.grid[0][1] - 2][0] = 1
        self.sets[1].add(0)
        self.log.append(self.by_bool[True] == 3 and self.by_bool[False] == 2)
        self.log.append(self.grid[0][1] + self.grid[1][0] == 4 and self.sets[1] == {0, 3} and self.sets[0] == {3})
        yield "whole"
        self.by_color = [2 if c == "red" else 3 for c in Color]
        self.log.append(self.by_color["red"] == 2 and self.by_color["blue"] == 3)
        self.grid[1] = self.grid[0]
        self.grid[0][0] = 2
        self.log.append(self.grid[1][0] == 0 and self.grid[1][1] == 3)
        self.by_bool = {b: 1 if b else 0 for b in Bool}
        self.log.append(self.by_bool[True] == 1 and self.grid[0] != self.grid[1])
        self.log.append(sum(self.by_color[c] for c in Color) == 8 and min(self.by_color[c] for c in Color) == 2)
        self.log.append(any(self.grid[i][j] == 2 for i in Pair for j in Pair if i == j))

    @invariant
    def all_true(self):
        return all(x for x in self.log) and implies(done(self.run), len(self.log) == 7)


class Point(Record):
    x = Small(init=0)
    y = Small(init=0)

    def norm(self):
        return self.x + self.y


class Records(Spec):
    """Records are values: assigning copies, `==` compares, sets hold them."""

    a = Point(x=1)
    b = Point()
    seen = Set(Point, init=set())
    path = Seq(Point, 3, init=())
    log = Seq(Bool, 20, init=())

    @process
    def run(self):
        yield "copy"
        self.b = self.a
        self.b.y = 2
        self.log.append(self.a.y == 0 and self.b.x == 1 and self.a != self.b)
        self.a.y += 2
        self.log.append(self.a == self.b)
        yield "collect"
        self.seen.add(self.a)
        self.seen.add(self.b)
        self.path.append(self.a)
        self.a.x = 3
        self.path.append(self.a)
        self.log.append(len(self.seen) == 1 and self.b in self.seen and self.a not in self.seen)
        self.log.append(self.path[0].x == 1 and self.path[1].norm() == 5)
        self.a = Point(x=2, y=1)
        self.seen.add(Point(y=3))
        self.log.append(self.a.norm() == 3 and any(p.x == 0 and p.norm() == 3 for p in self.seen))

    @invariant
    def all_true(self):
        return all(x for x in self.log) and implies(done(self.run), len(self.log) == 5)


class Initial(Spec):
    """`init=ANY`, refined by `init`."""

    color = Color(init=ANY)
    point = Point(x=ANY, y=1)
    flags = Array(Pair, Bool(init=ANY))
    n = Small(init=0)

    def init(self):
        when(self.flags[0] or self.flags[1])
        self.n = choose(0, 1, 2)
        when(self.n <= self.point.x)
        if self.color == "red":
            self.flags[0] = False

    @action
    def stay(self):
        self.n = self.n

    @invariant
    def refined(self):
        return self.n <= self.point.x and implies(self.color == "red", not self.flags[0])


class Alike(Spec):
    """Values of a Scalarset have no order and no names."""

    owner = Option(Node, init=None)
    asked = Set(Node, init=set())
    served = Array(Node, Bool(init=False))

    @action(node=Node)
    def ask(self, node):
        when(node not in self.asked and not self.served[node])
        self.asked.add(node)

    @action
    def grant(self):
        when(self.owner is None)
        self.owner = choose(self.asked)

    @action(node=Node)
    def release(self, node):
        when(self.owner == node)
        self.owner = None
        self.asked.remove(node)
        self.served[node] = True

    @action
    def again(self):
        when(all(self.served[n] for n in Node))
        self.served = {n: False for n in Node}

    @invariant
    def owner_has_asked(self):
        return implies(self.owner is not None, self.owner in self.asked)


CASES = [
    Case("sets", Sets, holds("all_true")),
    Case("sequences", Sequences, holds("all_true")),
    Case("options", Options, holds("all_true"), deadlocks(length=2)),
    Case("arrays", Arrays, holds("all_true")),
    Case("records", Records, holds("all_true")),
    Case("initial states", Initial, holds("refined"), counts(distinct=72, generated=153, depth=1)),
    Case("alike", Alike, holds("owner_has_asked")),
]
