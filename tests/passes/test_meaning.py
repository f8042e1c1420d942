"""What a spec means, by many small texts: the compiled model, run by the reference interpreter, against CPython.

Each text stands under its name. In STEPS it is what one step of one process does; in PROCESSES it is a process; in
PROPERTIES it is what is checked of processes that are always the same. A text from its first `def` or decorator on is
part of the class. tests/witness says how CPython runs a spec, and how the two are held against each other.
"""

from __future__ import annotations

import re
from textwrap import indent

import pytest

from modelcheck import passes
from modelcheck.frontends import dsl, load_text
from tests.witness.compare import match
from tests.witness.cpython import explore_text

HEAD = f"from modelcheck import {', '.join(name for name in dsl.__all__)}\n"
BASE = """
Pair = Range(2)
Small = Range(3)
Light = Enum("red", "green", "yellow")


class Cell(Record):
    value = Int(0, 9, init=0)
    on = Bool(init=False)

    def bump(self):
        self.value += 1
        return self.value > 1

    def get(self):
        return self.value

    @procedure
    def work(self):
        yield "work"
        self.value += 1
        yield "rest"
        self.on = self.value > 1


class S(Spec):
    n = Int(-20, 20, init=0)
    m = Int(-20, 20, init=0)
    b = Bool(init=False)
    a = Array(Small, Int(-20, 20, init=0))
    s = Set(Small, init={0, 2})
    q = Seq(Small, 3, init=())
    o = Option(Small, init=None)
    light = Light(init="red")
    cell = Cell()
    cells = Array(Pair, Cell(value=1))
    log = Seq(Int(-20, 20), 12, init=())

    def two(self):
        self.n = 2
        return 5

    def up(self):
        self.n += 1
        return self.n

    def yes(self):
        self.n += 1
        return True

    def no(self):
        self.n += 1
        return False
"""

STEPS = """
# an index of an augmented assignment is evaluated once
self.a[self.n] += self.two()

# an index that is computed is evaluated once
self.n = 1
self.a[self.n - 1] += self.two()

# an operand of a chain keeps its value
if 3 > self.n < self.two():
    self.m = 9

# a chain stops early
if 3 < self.n < self.two():
    self.m = 9

# a chain reads again what it names again
if self.n < self.two() > self.n:
    self.m = 9

# a chain of constants and effects
if 0 <= self.n < 1 < self.two():
    self.m = 9

# an operand between two links is evaluated once
if 0 < self.up() < 2:
    self.m = self.n

# a chain with membership
if 0 == self.up() in self.s:
    self.m = self.n

# members of a tuple: the effect comes later
if self.n in (1, self.two()):
    self.m = 9

# members of a tuple: all are evaluated
if self.n in (0, self.two()):
    self.m = 9

# members of a tuple: a fault in one that is not needed
if self.n in (0, 6 // self.n):
    self.m = 9

# members of a set in braces
if self.n in {0, self.two()}:
    self.m = 9

# a fault in the set that is looked into
if 25 in {self.a[self.n + 5]}:
    self.m = 9

# a value outside the type of the set
if self.n + 7 in self.s:
    self.m = 9

# what lies outside the type is not equal
self.b = self.s == {5} or self.q == [7] or self.n == 99 or {0, 2, 9} == self.s

# what lies outside the type, and what does not
self.b = self.s | {5} >= {5} and 5 in self.s | {5} and len(self.q + [7]) == 1 and self.s != {0, 2, 9}

# literals of an Enum beside a variable
if {"red"} != {self.light}:
    self.m = 1
if (self.light if self.b else "green") == "green" and ("green" if self.b else self.light) == "red":
    self.n = 1

# None in a set
self.b = None in {self.o} and {None, 1} == {self.o, 1} and {self.o} == {None} and None not in (self.o, 1)

# None is in no set of values
if self.o in self.s:
    self.m = 9

# None has no order
if self.o < 1:
    self.m = 9

# an option compared with a value
if self.o == 1:
    self.m = 9
else:
    self.m = 8

# an option compared with itself
if self.o == self.o:
    self.m = 9

# values appended, effects in order
self.q.append(self.n)
self.q.append(self.up())
self.log.append(self.q.pop(0) + self.q.pop())

# two pops in one expression
self.q = (0, 1, 2)
self.n = self.q.pop() - self.q.pop(0)

# items of a list, effects in order
self.log = [self.n, self.up(), self.n, self.up()]

# arguments, effects in order
self.n = self.sub(self.n, self.up())
def sub(self, x, y):
    return x * 10 - y

# arguments by name, effects in order
self.n = self.sub(y=self.n, x=self.up())
def sub(self, x, y):
    return x * 10 - y

# only one side of a conditional expression
self.m = self.up() if self.no() else self.two()

# the test of a conditional expression comes first
self.m = self.n if self.yes() else 0

# and, or with effects
self.b = self.no() and self.yes() or self.yes() and self.no()

# not of effects
self.b = not (self.no() or not self.yes())
self.m = self.n

# and: what came before keeps its value
self.b = self.n == 0 and self.yes() and self.n == 1

# or: what came before keeps its value
self.b = self.n == 1 or self.yes() or self.no()

# nested conditions with effects
if self.yes() and (self.no() or self.yes()):
    self.m = self.n

# an index is evaluated after the value
self.a[self.n] = self.two()

# an index with an effect, then a read
self.m = self.a[self.up()] + self.n

# an index that is an element
self.a[self.a[0]] = self.up()

# a method of an element
self.cells[self.n].bump()
self.m = self.cells[0].value

# methods of elements in a condition
if self.cells[self.n].bump() and self.cells[1].bump():
    self.m = self.cells[0].value

# an assigned record is a copy
self.cells[0] = self.cells[1]
self.cells[1].bump()
self.m = self.cells[0].value

# records compared
self.b = self.cells[0] == self.cells[1] and self.cell != self.cells[0]

# a name for an array is a copy
x = self.a
self.a[0] = 3
self.m = x[0]

# operators of sets
self.s = self.s | {1}
self.s ^= {0}
self.s -= {2}
self.s &= {1, 2}
self.s.add(0)

# inclusion of sets
self.b = self.s <= {0, 1, 2} and not self.s < self.s and self.s >= {0}

# a loop over a set that changes
for x in self.s:
    self.s.discard(2)
    self.log.append(x)

# break out of a loop over a set
for x in self.s:
    if x == 2:
        break
    self.log.append(x)

# continue and return in a loop
for x in Small:
    if x == 1:
        continue
    self.log.append(x)
    if self.n == 3:
        return
    self.n += 3

# return out of a loop in a helper
self.m = self.find(2)
def find(self, w):
    for x in Small:
        self.n += 1
        if x == w:
            return x
    return -1

# break out of the inner loop
for x in Small:
    for y in Small:
        if y > x:
            break
        self.log.append(x * 3 + y)
    else_ = 0
    self.n += else_

# a loop over a tuple
for x in (2, 0, 1):
    self.log.append(x)

# a loop over a list that was computed before
for x in [self.n + 3, self.n]:
    self.n += 1
    self.log.append(x)

# a loop over a range that was computed before
self.n = 3
for i in range(self.n):
    self.n -= 1
    self.log.append(i)

# a loop downwards
for i in range(5, 0, -2):
    self.log.append(i)

# a loop over an Enum
for l in Light:
    if l != "red":
        self.light = l
        break

# two conditions in a comprehension
self.s = {x for x in Small if x != 1 if x < 2}

# two loops in a comprehension
self.s = {(x + y) % 3 for x in Small for y in Pair if x > y}

# a sum over two domains
self.m = sum(x * y for x in Small for y in self.s)

# least and greatest
self.m = min(x for x in self.s) + max(self.s) + min(3, self.n, 2) + max([1, 2])

# the least of nothing
self.m = min(x for x in self.s if x > 5)

# any and all
self.b = any(x > 1 for x in self.s) and all(x < 2 for x in Small if x in (0, 1))

# floor of constants
self.m = -7 // 2 + -7 % 3
self.n = 7 % -3

# floor of variables
self.n = -7
self.m = self.n // 2 * 10 + self.n % 3

# negation and absolute value
self.n = 3
self.m = -self.n + abs(-self.n)

# a member outside its type
self.s.add(self.n + 3)

# remove what is not there
self.s.remove(1)

# discard what is not there
self.s.discard(1)
self.s.remove(0)

# append to what is full
self.q = (0, 1, 2)
self.q.append(1)

# an index beyond the length
self.q = (0, 1)
self.m = self.q[self.n + 2]

# items assigned
self.q = (0, 1)
self.q[1] = 2
self.q[0] += 1

# sequences compared
self.q = (0, 1)
self.b = self.q == [0, 1] and self.q != []

# options assigned
self.o = 1
self.m = self.o + 1
self.o = None
self.b = self.o is None

# None where a value is wanted
self.m = self.o

# an assertion comes in order
assert self.n == 0
self.n += 1
assert self.n == 0
self.n = 99

# a fault comes in order
self.n = self.m + 30
assert False

# a false guard before a fault
when(self.n == 1)
self.n = self.n // 0

# a fault before a false guard
self.m = 6 // self.n
when(self.n == 1)

# two choices
x = choose(Small)
self.n = x
y = choose(self.s)
self.m = y

# a choice from nothing
self.s = set()
x = choose(self.s)
self.n = x

# a choice in one branch
if self.b:
    self.n = 1
else:
    self.n = choose(1, 2)
self.m = self.n

# choices in a loop
for i in Pair:
    self.a[i] = choose(1, 2)
self.m = self.a[0] + self.a[1]

# a choice in a helper
self.m = self.pick()
def pick(self):
    x = choose(Small)
    if x == 1:
        return 7
    return x

# choices in a condition
if self.pick() > 1 and self.pick() > 1:
    self.m = 1
def pick(self):
    x = choose(Small)
    return x

# a choice among equal values
self.n = choose(1, 1, 2)

# a choice with None
self.o = choose(None, 1)

# choices in a loop over a set
for i in self.s:
    self.a[i] = choose(0, 1)

# helpers that return early
self.m = self.f(1) + self.f(0)
def f(self, x):
    if x == 0:
        self.n += 1
        return 3
    self.n += 2
    return 4

# a helper that returns a constant
self.m = self.f()
def f(self):
    self.n += 1
    return 5

# a helper that calls another
self.m = self.f(2)
def f(self, k):
    return self.g(k) + self.g(k + 1)
def g(self, k):
    self.n += k
    return self.n

# a declared local
x = Int(0, 9, init=3)
x += self.up()
self.m = x

# a declared local has a type
x = Int(0, 3, init=3)
x += 1

# names of blocks
x = 1
for i in Pair:
    y = x + i
    self.log.append(y)

# a Ref stands for one place
self.f(self.cells[self.n])
def f(self, c: Ref[Cell]):
    self.n = 1
    c.value += 3

# a dict over a type
self.a = {i: i * 2 for i in Small}

# a dict written out, effects in order
self.a = {0: self.n, 1: self.up(), 2: self.up()}

# a dict in another order, effects in order
self.a = {2: self.n, 1: self.up(), 0: self.up()}

# a list for an array, effects in order
self.a = [self.up(), self.up(), self.n]

# an array from an array
self.a = [self.a[i] + i for i in Small]

# implies stops early
self.b = implies(self.n == 1, 6 // self.n == 2)

# sets of options
self.b = {self.o} == {None}

# membership in a sequence
self.b = 2 in self.q or 9 in self.q

# a set taken from a set, with an effect
self.s -= {self.up()}

# a set joined to a set
self.s |= {x for x in Small}

# a record made with an effect
self.cell = Cell(value=self.up())
self.m = self.cell.get()

# fields of a new record, effects in order
self.cell = Cell(on=self.yes(), value=self.n)

# a record in a set
self.b = self.cells[0] in {Cell(value=1)}

# conditions compared
self.b = (self.n == 0) == (self.m == 0)

# conditional expressions, one in the other
self.m = 1 if self.n > 0 else 2 if self.n == 0 else 3

# a name for an option is a copy
p = self.o
self.o = 2
self.b = p is None
"""

PROCESSES = """
# a declared local
x = Int(0, 3, init=0)
yield "a"
x = 2
yield "b"
self.n += x
yield "c"
self.n += 1
yield "d"

# a name that lives across a step
yield "a"
x = self.n + 1
yield "b"
self.n += x
yield "c"

# a loop with steps
for i in Small:
    yield "a"
    if i == 1:
        continue
    self.log.append(i)
    yield "b"
    self.log.append(i + 10)
yield "c"

# a loop with steps over a set that changes
yield "s"
for i in self.s:
    yield "a"
    self.s.discard(2)
    self.log.append(i)
yield "c"

# break out of a loop with steps
yield "s"
for i in self.s:
    yield "a"
    self.log.append(i)
    if i == 0:
        break
yield "c"

# a loop with steps over a sequence that is emptied
yield "s"
self.q = (2, 0, 2)
yield "t"
for i in self.q:
    yield "a"
    self.log.append(i)
    self.q = ()
yield "c"

# a loop with steps over a list that was computed before
yield "s"
for i in [self.n + 1, self.n + 2]:
    self.n += 1
    yield "a"
    self.log.append(i)
yield "c"

# nested loops with steps
for i in Pair:
    for j in Pair:
        if i == j:
            continue
        yield "a"
        self.log.append(i * 10 + j)
    yield "b"
    self.log.append(i)
yield "end"

# a local assigned in a loop without steps
yield "x"
last = Int(0, 9, init=9)
for i in Small:
    last = i
self.n = last
yield "e"

# while with continue
x = Int(0, 5, init=0)
yield "s"
while x < 3:
    yield "a"
    x += 1
    if x == 2:
        continue
    self.log.append(x)
yield "e"
self.n = x
yield "f"

# an effect in the test of a while
yield "s"
while self.up() < 3:
    yield "a"
    self.m += self.n
yield "e"

# or with an effect in the test of a while
yield "s"
while not (self.n > 2 or self.up() > 2):
    yield "a"
yield "e"

# an idle place
while True:
    yield idle("i")
    when(self.n < 2)
    self.n += 1
    if self.n == 1:
        yield "j"

# results of procedures
yield "a"
x = yield from self.get(1)
self.n += x
y = yield from self.get(2)
self.n += x * y
yield "e"
@procedure
def get(self, k):
    yield "p"
    self.m += k
    if self.m > 2:
        return 7
    yield "q"
    return self.m

# a constant result lives across a step
yield "a"
x = yield from self.get(1)
yield "b"
self.n += x
yield "e"
@procedure
def get(self, k):
    yield "p"
    self.m += k
    return 7

# procedures in procedures
yield "a"
yield from self.outer(1)
yield from self.outer(2)
yield "e"
@procedure
def outer(self, k):
    for i in Pair:
        yield from self.inner(k + i)
@procedure
def inner(self, k):
    c = Int(0, 9, init=0)
    yield "p"
    c = k
    yield "q"
    self.n += c

# a procedure in each branch
yield "a"
if self.n == 0:
    yield from self.inner(1)
else:
    yield from self.inner(2)
yield "e"
@procedure
def inner(self, k):
    yield "p"
    self.n += k

# return out of a loop with steps
yield "a"
x = yield from self.find()
self.m = x
yield "e"
@procedure
def find(self):
    for i in Small:
        yield "look"
        if i == self.n + 1:
            return i
    return -1

# a result assigned to an element
yield "a"
self.a[self.n] = yield from self.get(1)
yield "e"
@procedure
def get(self, k):
    yield "p"
    self.n = k
    return 5

# a result assigned to a local
x = Int(0, 9, init=1)
yield "a"
x = yield from self.get(x)
yield "b"
self.n = x
yield "e"
@procedure
def get(self, k):
    yield "p"
    return k + 2

# an argument lives across steps
yield "a"
yield from self.get(self.n + 1)
yield "e"
@procedure
def get(self, k):
    yield "p"
    self.n = 9
    yield "q"
    self.m = k

# a choice lives across a step
yield "a"
x = choose(Small)
yield "b"
self.n = x
yield "c"

# choices assigned to places
yield "a"
self.cell.value = choose(1, 2)
self.a[self.cell.value] = choose(self.s)
yield "c"

# a choice assigned to an option
x = Option(Small, init=None)
yield "a"
x = choose(None, 1)
yield "b"
if x is not None:
    self.n = x
yield "c"

# return from a process
yield "a"
if self.n == 0:
    return
yield "b"

# return out of a loop of a process
for i in Small:
    yield "a"
    if i == 1:
        return
yield "b"

# branches on constants
for i in Pair:
    if i == 0:
        yield "a"
        self.n += 1
    else:
        yield "b"
        self.n += 2
yield "c"

# a local set
x = Set(Small, init=set())
yield "a"
x.add(1)
yield "b"
self.s = x | {0}
x.discard(1)
yield "c"
self.m = len(x)
yield "d"

# a local array
x = Array(Pair, Int(0, 9, init=1))
yield "a"
x[1] = 5
yield "b"
self.n = x[0] + x[1]
yield "c"

# a local declared in a loop
for i in Small:
    yield "a"
    x = Int(0, 9, init=0)
    x += i
    yield "b"
    self.log.append(x)
yield "c"

# idle places only
yield idle("a")
self.n = 1
yield idle("b")

# a local declared in a while
yield "s"
while self.n < 3:
    x = Int(0, 9, init=0)
    yield "a"
    x += 1
    yield "b"
    self.n += x
yield "e"

# a name bound in a while
yield "s"
while self.n < 3:
    x = self.n
    yield "a"
    self.n = x + 1
yield "e"

# an early return in front of steps
yield "a"
if self.t(1):
    yield "b"
    self.m += 1
else:
    yield "c"
    self.m += 2
yield "d"
def t(self, k):
    if self.n == k:
        return True
    self.n += k
    return self.n > 3

# break and return out of a while in a for
for i in Small:
    while True:
        yield "a"
        self.n += 1
        if self.n % 2 == 0:
            break
        if self.n > 4:
            return
    self.log.append(i)
yield "e"

# asserts between steps
yield "a"
self.n += 1
assert self.n == 1
yield "b"
self.n += 1
assert self.n < 2, "x"
yield "c"

# a guard behind an assignment
yield "a"
self.n += 1
when(self.n > 1)
yield "b"
# procedures of records
yield "a"
yield from self.cells[0].work()
yield from self.cell.work()
yield "e"
"""

PROPERTIES = """
# a count in a loop
def count(self):
    c = Int(0, 9, init=0)
    for i in Small:
        if self.a[i] > 0:
            c += 1
    return c
@invariant
def p(self):
    return self.count() < 3

# a return in a loop
def first(self):
    for i in Small:
        if self.a[i] > 0:
            return i
    return 9
@invariant
def p(self):
    return self.first() != 1

# break and continue
def f(self):
    c = Int(0, 99, init=0)
    for i in Small:
        if i == 1:
            continue
        if self.a[i] > 1:
            break
        c += self.a[i] + 1
    return c
@invariant
def p(self):
    return self.f() != 2

# continue in long loops
def f(self):
    c = Int(0, 99, init=0)
    for i in range(12):
        if self.a[i % 3] == i:
            c += 3
            continue
        y = c + 1
        if self.b:
            c = y
            continue
        if y == 4:
            continue
        c = y + 1
    return c
@invariant
def p(self):
    return self.f() != 17

# a loop over a set
def f(self):
    c = Int(0, 99, init=0)
    for i in self.s:
        c = c * 2 + i
    return c
@invariant
def p(self):
    return self.f() != 2

# a loop over a sequence
def f(self):
    c = Int(0, 99, init=0)
    for i in self.q:
        c = c * 3 + i
    return c
@invariant
def p(self):
    return self.f() != 5

# a fault in a branch that gives nothing
def f(self):
    c = Int(0, 99, init=0)
    if self.n > 0:
        x = 6 // (self.n - 1)
    else:
        c = 1
    return c
@invariant
def p(self):
    return self.f() != 5

# two locals changed in branches
def f(self):
    c = Int(0, 99, init=0)
    d = Int(0, 99, init=5)
    if self.n > 0:
        c = d
        d = c + 1
    elif self.m > 0:
        c = 7
    return c * 10 + d
@invariant
def p(self):
    return self.f() != 56

# an early return
def f(self):
    if self.n > 2:
        return True
    x = self.n + 1
    if x == 1:
        return self.b
    return x > 1
@invariant
def p(self):
    return not self.f()

# a local beyond its type
def f(self):
    c = Int(0, 2, init=0)
    for i in Small:
        c += self.a[i]
    return c
@invariant
def p(self):
    return self.f() >= 0

# both states
@action_invariant
def p(self, after):
    return after.n >= self.n and implies(self.b, after.b)

# a helper of the next state
def total(self):
    return sum(self.a[i] for i in Small) + self.n
@action_invariant
def p(self, after):
    return after.total() >= self.total()

# a record of the next state
@action_invariant
def p(self, after):
    return after.cells[0].get() <= self.cells[0].get() + 1 and at(self.run, "a") == (not at(after.run, "b") or True)

# places of the next state
@action_invariant
def p(self, after):
    return not (at(self.run, "a") and at(after.run, "c"))

# a reachable and a constraint
@reachable
def p(self):
    return self.n == 2 and at(self.run, "b")
@constraint
def c(self):
    return self.n < 4

# the local of a process
@invariant
def p(self):
    return implies(at(self.run, "b"), self.run.x == self.n)

# places of all instances
@invariant
def p(self):
    return all(implies(at(self.w[i], "two"), self.a[i] > 0) for i in Pair)

# the place of an instance chosen at run time
@invariant
def p(self):
    return not at(self.w[self.n % 2], "two")

# processes that are done
@invariant
def p(self):
    return not (done(self.w[0]) and done(self.w[1]) and done(self.run))

# a conditional expression
@invariant
def p(self):
    return (self.a[0] if self.n == 0 else self.a[1]) < 1

# an option that is tested
@invariant
def p(self):
    return self.o is None or self.o < 1

# an option that is not tested
@invariant
def p(self):
    return self.o < 2

# quantifiers with a condition
@invariant
def p(self):
    return all(any(self.a[i] == self.a[j] for j in Small if j != i) for i in Small)

# sets built and compared
@invariant
def p(self):
    return {x for x in Small if self.a[x] == 0} >= {2} or len({self.a[x] for x in Small}) == 1

# a helper as argument of itself
def g(self, i, j):
    return self.a[i] + j
@invariant
def p(self):
    return self.g(self.n % 3, self.g(0, 1)) < 3

# records compared, or a method
@invariant
def p(self):
    return self.cells[0] == Cell(value=1) or self.cells[1].get() > 1
"""

RUNNING = """
    @process
    def run(self):
        x = Int(-20, 20, init=0)
        yield "a"
        self.n = 1
        x = self.n
        self.a[0] = 1
        yield "b"
        self.m = x
        self.cells[0].bump()
        self.o = choose(1, 2)
        self.q.append(2)
        yield "c"
        self.n = self.n + x
        self.q.append(1)
        self.s.discard(0)

    @process(each=Pair)
    def w(self, i):
        k = Int(0, 3, init=0)
        yield "one"
        self.a[i] += 1
        k = i + 1
        yield "two"
        self.a[i] = k
        self.b = True

"""

ENVIRONMENT = """
    @action
    def env(self):
        when(self.n == 0)
        self.n = 1
        self.s.discard(0)
"""


def texts(table: str) -> dict[str, tuple[str, str]]:
    """name -> (statements, members of the class)."""
    found = {}
    for part in re.split(r"^# ", table, flags=re.MULTILINE)[1:]:
        name, _, text = part.partition("\n")
        members = re.search(r"^(def |@)", text, re.MULTILINE)
        at = members.start() if members else len(text)
        assert name not in found, name
        found[name] = text[:at], text[at:]
    return found


def same(text: str) -> None:
    match(passes.compile(load_text(HEAD + text), "S"), explore_text(HEAD + text, "S"))


@pytest.mark.parametrize("name", texts(STEPS))
def test_a_step(name: str) -> None:
    statements, members = texts(STEPS)[name]
    process = f"@process\ndef run(self):\n    yield 'go'\n{indent(statements, '    ')}    yield 'end'\n"
    same(BASE + indent(f"\n{members}\n{process}", "    "))


@pytest.mark.parametrize("environment", ["", ENVIRONMENT], ids=["alone", "interrupted"])
@pytest.mark.parametrize("name", texts(PROCESSES))
def test_a_process(name: str, environment: str) -> None:
    statements, members = texts(PROCESSES)[name]
    process = f"@process\ndef run(self):\n{indent(statements, '    ')}\n"
    same(BASE + indent(f"\n{members}\n{process}", "    ") + environment)


@pytest.mark.parametrize("name", texts(PROPERTIES))
def test_a_property(name: str) -> None:
    _, members = texts(PROPERTIES)[name]
    same(BASE + RUNNING + indent(members, "    "))
