"""Random small specs as text, from a seed: two processes and an action over a few small variables.

Everything that the language leaves to control flow turns up: nested branches and loops with and without steps in them,
breaks, choices, guards, helpers with effects and early returns, procedures, locals that live across steps. Values
mostly stay in range; some do not, so that evaluation errors and failed asserts are compared too.
"""

from __future__ import annotations

from random import Random

HEADER = '''"""Seed {seed}."""

from modelcheck import (
    Array, Bool, Int, Option, Range, Record, Seq, Set, Spec, action, at, choose, done, idle, implies, invariant, procedure,
    process, when,
)

Pair = Range(2)
Small = Range(3)


class Cell(Record):
    value = Small(init=0)

    def bump(self):
        self.value = (self.value + 1) % 3
        return self.value == 0


class Random(Spec):
    a = Small(init=1)
    b = Small(init=0)
    flag = Bool(init=False)
    table = Array(Pair, Small(init=0))
    members = Set(Small, init={{0}})
    queue = Seq(Small, 2, init=())
    holder = Option(Pair, init=None)
    cell = Cell()

    def touch(self, n):
        if n == 0:
            return self.flag
        self.flag = not self.flag
        for i in Pair:
            if self.table[i] == n:
                return True
        return False

    @procedure
    def handshake(self, n):
        count = Small(init=0)
        yield "offer"
        count = (self.a + n) % 3
        yield "accept"
        return count
'''

ATOMS = ("self.a", "self.b", "self.table[0]", "self.table[self.a % 2]", "len(self.members)", "len(self.queue)",
         "self.cell.value", "0", "1", "2")  # fmt: skip
TESTS = ("self.flag", "self.touch({e})", "{e} == {e}", "{e} < {e}", "{e} in self.members", "{e} in self.queue",
         "self.holder is None", "self.holder == 1", "self.cell.bump()", "len(self.queue) > 0",
         "any(self.table[i] == {e} for i in Pair)", "all(x > 0 for x in self.members)")  # fmt: skip
EFFECTS = (
    "self.a = {e} % 3", "self.b = min({e}, 2)", "self.a = ({e} + {e}) % 3", "self.table[{e} % 2] = {e} % 3",
    "self.b = choose(self.members)", "self.flag = {t}", "self.members.add({e} % 3)", "self.members.discard({e} % 3)",
    "self.members = {{x for x in Small if x != {e}}}", "self.holder = choose(Pair)", "self.holder = None",
    "self.cell.bump()", "self.touch({e})", "self.table = [(x + 1) % 3 for x in Pair]", "self.a = choose(0, {e} % 3)",
    "self.cell.value = {e} % 3", "self.b += 1", "self.queue.append({e} % 3)", "self.a = self.queue.pop(0)",
    "self.members.remove(2)", "self.b = 2 // {e}", "assert {t}",
)  # fmt: skip
RISKY = 6  # the last so many effects may fail
GUARDS = ("when({t})", "when(len(self.queue) < 2)", "when(self.b < 2)")


class Writer:
    def __init__(self, seed: int):
        self.random = Random(seed)
        self.lines: list[str] = []
        self.labels = 0
        self.names = 0

    def pick(self, options: tuple[str, ...], bound: tuple[str, ...]) -> str:
        text = self.random.choice(options)
        while "{e}" in text:
            text = text.replace("{e}", self.random.choice((*ATOMS, *bound, *bound)), 1)
        while "{t}" in text:
            text = text.replace("{t}", self.test(bound), 1)
        return text.replace("{{", "{").replace("}}", "}")

    def test(self, bound: tuple[str, ...]) -> str:
        kind = self.random.randrange(5)
        first = self.pick(TESTS, bound)
        if kind == 0:
            return f"({first} and {self.pick(TESTS, bound)})"
        if kind == 1:
            return f"({first} or not {self.pick(TESTS, bound)})"
        return f"not {first}" if kind == 2 else first

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def effect(self, bound: tuple[str, ...]) -> str:
        safe = self.random.random() < 0.75
        return self.pick(EFFECTS[:-RISKY] if safe else EFFECTS, bound)

    def step(self, depth: int) -> None:
        self.labels += 1
        kind = f'idle("l{self.labels}")' if self.random.random() < 0.2 else f'"l{self.labels}"'
        self.add(depth, f"yield {kind}")

    def block(self, depth: int, size: int, loop: bool, steps: bool, bound: tuple[str, ...]) -> None:
        """Statements; a name bound here is used in the rest of the block only."""
        for _ in range(self.random.randint(1, size)):
            kind = self.random.randrange(14)
            if kind <= 3 or depth > 5:
                self.add(depth, self.effect(bound))
            elif kind == 4 and steps:
                self.step(depth)
            elif kind == 5 and self.random.random() < 0.4:
                self.add(depth, self.pick(GUARDS, bound))
            elif kind == 6:
                self.names += 1
                self.add(depth, self.pick((f"x{self.names} = {{e}}", f"x{self.names} = choose(Small)"), bound))
                bound = (*bound, f"x{self.names}")
            elif kind <= 8:
                self.branch(depth, loop, steps, bound)
            elif kind == 9:
                self.loop(depth, steps, bound)
            elif kind == 10 and loop:
                self.add(depth, f"if {self.test(bound)}:")
                self.add(depth + 1, self.random.choice(("break", "continue")))
            elif kind == 11 and steps:
                self.add(depth, "local = yield from self.handshake(local)")
            else:
                self.add(depth, self.effect(bound))

    def branch(self, depth: int, loop: bool, steps: bool, bound: tuple[str, ...]) -> None:
        self.add(depth, f"if {self.test(bound)}:")
        self.block(depth + 1, 2, loop, steps, bound)
        if self.random.random() < 0.5:
            self.add(depth, "else:")
            self.block(depth + 1, 2, loop, steps, bound)

    def loop(self, depth: int, steps: bool, bound: tuple[str, ...]) -> None:
        self.names += 1
        name = f"i{self.names}"
        domain = self.random.choice(("Pair", "range(2)", "range(1, 3)") + (() if steps else ("self.members",)))
        self.add(depth, f"for {name} in {domain}:")
        if steps and self.random.random() < 0.7:
            self.step(depth + 1)
        self.block(depth + 1, 2, True, steps, (*bound, name))

    def process(self, name: str, family: bool) -> None:
        self.lines.append("")
        self.add(1, "@process(each=Pair)" if family else "@process")
        self.add(1, f"def {name}(self, me):" if family else f"def {name}(self):")
        self.add(2, "local = Small(init=0)")
        bound = ("local", "me") if family else ("local",)
        if self.random.random() < 0.5:
            self.step(2)
            self.block(2, 3, False, True, bound)
        else:
            self.add(2, "while True:")
            self.step(3)
            self.add(3, f"if {self.test(bound)}:")
            self.add(4, self.random.choice(("break", "return")))
            self.block(3, 2, True, True, bound)
            self.step(2)
        self.add(2, "local = {} % 3".format(self.random.choice(ATOMS)))
        self.step(2)
        self.add(2, "self.a = local")


def random_spec(seed: int) -> str:
    """The text of a spec class `Random`."""
    w = Writer(seed)
    w.process("first", family=w.random.random() < 0.3)
    w.process("second", family=False)
    w.lines += ["", "    @action", "    def environment(self):"]
    w.add(2, f"when({w.test(())})")
    w.block(2, 2, False, False, ())
    w.lines += ["", "    @invariant", "    def property(self):"]
    atoms = [w.random.choice(ATOMS) for _ in range(2)]
    w.add(2, f"return implies(self.flag and not done(self.second), {atoms[0]} + {atoms[1]} < 4)")
    return HEADER.format(seed=seed) + "\n".join(w.lines) + "\n"
