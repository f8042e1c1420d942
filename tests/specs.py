"""Small specs as text, for tests of everything from the parser to the exit code. Each is written into a folder of the
test's own by `written`."""

from __future__ import annotations

from pathlib import Path

IMPORTS = (
    "from modelcheck import (Array, Bool, Case, Const, Int, Range, Record, Set, Spec, action, action_invariant, always,\n"
    "    assertion_fails, assume, at, choose, constraint, counts, deadlocks, evaluation_error, eventually, holds, idle,\n"
    "    implies, invariant, only, process, reachable, temporal, vacuous, violates, when, where)\n"
)

# Counts to `limit` and stays there. Wrong beyond `bound`; deadlocks unless it may rest.
COUNTER = '''
limit = Const(5)
bound = Const(9)
guard = Const(0)
rest = Const(True)


class Counter(Spec):
    """A counter."""
    n = Int(0, 20, init=0)

    @action
    def up(self):
        when(self.n < limit)
        self.n += 1

    @action
    def stay(self):
        when(rest and self.n == limit)
        self.n = self.n

    @invariant
    def bounded(self):
        """It stays below the bound."""
        return implies(self.n >= guard, self.n < bound)

    @invariant
    def never_negative(self):
        return self.n >= 0

    @reachable
    def full(self):
        return self.n == limit
'''

# A mutex that is taken in the wrong order: a deadlock with places and guards.
LOCKS = '''
class Locks(Spec):
    a = Bool(init=False)
    b = Bool(init=False)

    @process
    def left(self):
        yield "take a", "locks.c:10"
        when(not self.a)
        self.a = True
        yield "take b", "locks.c:11"
        when(not self.b)
        self.b = True
        yield "give back"
        self.a = False
        self.b = False

    @process
    def right(self):
        yield "take b"
        when(not self.b)
        self.b = True
        yield "take a"
        when(not self.a)
        self.a = True
        yield "give back"
        self.a = False
        self.b = False
'''

ASSERTS = '''
class Asserts(Spec):
    n = Int(0, 3, init=0)

    @action
    def up(self):
        assert self.n < 2, "two is too many"
        self.n += 1
'''

OVERFLOWS = '''
class Overflows(Spec):
    n = Int(0, 3, init=0)

    @action
    def up(self):
        self.n += 1
'''

TEMPORAL = '''
class Temporal(Spec):
    n = Int(0, 3, init=0)

    @action(fair="weak")
    def up(self):
        self.n = (self.n + 1) % 4

    @invariant
    def small(self):
        return self.n <= 3

    @temporal
    def comes_back(self):
        return always(eventually(self.n == 0))
'''

# Nothing makes it go on: it may stay at 0, where it started.
UNFAIR = TEMPORAL.replace('@action(fair="weak")', "@action").replace("self.n == 0", "self.n == 1")

# Behaviours beyond the constraint are not known.
CUT = TEMPORAL + """
    @constraint
    def short(self):
        return self.n < 2
"""

CONSTRAINED = '''
class Constrained(Spec):
    n = Int(0, 9, init=0)

    @action
    def up(self):
        self.n = (self.n + 1) % 10

    @invariant
    def small(self):
        return self.n < 9

    @constraint
    def first_half(self):
        return self.n < 5
'''

UNUSED = '''
class Unused(Spec):
    n = Int(0, 3, init=0)

    @action
    def up(self):
        self.n = (self.n + 1) % 4

    @action(fair="weak")
    def never(self):
        when(self.n > 5)
        self.n = 0

    @invariant
    def small(self):
        return self.n <= 3
'''

ASSUMES = '''
limit = Const(3)
assume(limit >= 1, "there is something to count")


class Assumes(Spec):
    n = Int(0, 9, init=0)

    @action
    def up(self):
        self.n = (self.n + 1) % (limit + 1)
'''

EVERY = {
    "counter": COUNTER,
    "locks": LOCKS,
    "asserts": ASSERTS,
    "overflows": OVERFLOWS,
    "temporal": TEMPORAL,
    "unfair": UNFAIR,
    "cut": CUT,
    "constrained": CONSTRAINED,
    "unused": UNUSED,
    "assumes": ASSUMES,
}


def written(folder: Path, name: str, *, cases: str = "", text: str | None = None) -> Path:
    """The spec of that name as a file, with the cases given (the items of CASES)."""
    path = folder / f"{name}.py"
    body = IMPORTS + (EVERY[name] if text is None else text)
    path.write_text(body + (f"\n\nCASES = [\n{cases}\n]\n" if cases else ""), encoding="utf-8")
    return path
