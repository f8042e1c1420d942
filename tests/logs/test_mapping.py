"""Small specs with a LOG of their own, and what follows from it: places, steps without lines, values, ends."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from modelcheck import frontends, logs, validation
from modelcheck.reports import itf

HEAD = """
from modelcheck import (Bool, Clock, Int, Log, Spec, Time, at, between, choose, enters, ignored, implies, invariant, line,
    observe, process, returns, silent, urgent, when)
"""

# The silent step sets the clock to 0, or to something of 0 .. 9; then it is looked at, at once.
TWO_WAYS = '''
time = Time("us")


class TwoWays(Spec):
    x = Clock()

    @process
    def p(self):
        yield "set"
        wide = choose(False, True)
        if wide:
            self.x = between(0, 9)
        else:
            self.x = 0
        yield urgent("look")
        observe("age", self.x)

    @invariant
    def young(self):
        return self.x <= 4


LOG = Log(TwoWays, line("looked", "look", age="age"), line("ready", at="look"), silent("set"))
'''

# Two locks in two orders; taking the second one leaves no line.
LOCKS = '''
class Locks(Spec):
    a = Bool(init=False)
    b = Bool(init=False)

    @process
    def left(self):
        yield "take a"
        when(not self.a)
        self.a = True
        yield "left goes on"
        when(not self.b)

    @process
    def right(self):
        yield "take b"
        when(not self.b)
        self.b = True
        yield "right goes on"
        when(not self.a)

    @invariant
    def one_at_a_time(self):
        return not (self.a and self.b)


LOG = Log(Locks, enters("lock a", "take a"), returns("lock a"), line("lock b", "take b"), silent("left goes on", "right goes on"))
'''

# A step may or may not be taken without a line: whether it was, nobody knows at the end.
PERHAPS = '''
class Perhaps(Spec):
    n = Int(0, 1, init=0)

    @process
    def p(self):
        yield "first"
        yield "raise"
        self.n = 1
        yield "last"

    @process
    def q(self):
        yield "other"

    @invariant
    def zero(self):
        return self.n == 0


LOG = Log(Perhaps, line("first", "first"), line("last", "last"), line("other", "other"), silent("raise"))
'''


def validated(text: str, *lines: str) -> validation.Validation:
    """lines: names of events, with `name=value` for a field, `args` after a blank."""
    program = frontends.load_text(HEAD + text)
    found = []
    for written in lines:
        name, *rest = written.split()
        fields = ", ".join(f'"{x.split("=")[0]}": {x.split("=")[1]}' for x in rest if "=" in x)
        words = ", ".join(f'"{x}"' for x in rest if "=" not in x)
        found.append(f'{{"event": "{name}", "args": [{words}], "fields": {{{fields}}}}}')
    log = logs.read_text("\n".join(found), "a.ndjson")
    return validation.validate_spec(program, log, told=lambda m: partial(itf.encode_state, m, bigint=False))


# spec, lines: exit code, line that is refused, names violated in every run (with whether at the end), in some at the end
CASES: list[tuple[str, tuple[str, ...], int, int | None, list[tuple[str, bool]], tuple[str, ...]]] = [
    # Both ways lead to one state; only the wider one has an age of 5.
    (TWO_WAYS, ("looked age=5",), 12, None, [("young", True)], ()),
    (TWO_WAYS, ("looked age=4",), 0, None, [], ()),
    (TWO_WAYS, ("ready",), 0, None, [], ()),  # of 0 .. 9 some are young: in no end every age is above 4
    (TWO_WAYS, ("looked age=10",), 22, 1, [], ()),
    (TWO_WAYS, ("ready", "looked age=0"), 0, None, [], ()),
    (TWO_WAYS, ("looked age=0", "ready"), 22, 2, [], ()),  # it has gone on: it stands elsewhere
    # Left alone with its lock it goes on, or will.
    (LOCKS, ("lock a",), 0, None, [], ()),
    # Whether the left one has gone on or not, nobody gives lock a back: the right one never goes on.
    (LOCKS, ("lock a", "lock b"), 12, None, [("one_at_a_time", True), ("deadlock", True)], ()),
    (LOCKS, ("lock b", "lock b"), 22, 2, [], ()),
    (PERHAPS, ("first", "other"), 0, None, [], ("zero",)),
    (PERHAPS, ("first", "last"), 12, None, [("zero", True)], ()),
]


@pytest.mark.parametrize("text, lines, code, line, certain, possible", CASES, ids=lambda x: str(x)[-40:])
def test_what_a_log_says(
    text: str, lines: tuple[str, ...], code: int, line: int | None, certain: Any, possible: tuple[str, ...]
) -> None:
    v = validated(text, *lines)
    refused = v.demands.items[v.refusal.demand].lines[0] if v.refusal else None
    assert (v.exit_code, refused, [(x.name, x.at_end) for x in v.violations], v.possible) == (code, line, certain, possible)
    assert (v.trace is None) == (code == 22)


def test_what_would_have_been_allowed() -> None:
    v = validated(TWO_WAYS, "looked age=10")
    assert v.refusal is not None
    assert [(a.title, a.word, a.values) for a in v.refusal.allowed] == [("p: look", "looked", (("age", 0, 9),))]
    assert [r.text for r in v.refusal.reasons][0] == "age would be 0, not 10"
