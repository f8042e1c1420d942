"""Specs gone wrong: whole ones that were cut, shuffled and spliced at random, and texts that break parsers.

`mutants(count, seed)` is the same sequence on every machine and run. Whatever reads a spec must answer each of them
with diagnostics, or accept it.
"""

from __future__ import annotations

import ast
import random
import re
import warnings
from typing import Callable, Iterator, Sequence

DEASSIGN = '''\
"""virtio-pci ioeventfd: a guest kick racing with deassign."""

from modelcheck import Bool, Case, Const, Int, Spec, always, at, counts, eventually, holds, implies, invariant, process
from modelcheck import assume, temporal, violates, when, where

kicks = Const(2)                         # -D kicks=3
drain = Const(True)                      # test and clear the eventfd once KVM has let go of it
assume(kicks >= 1, "a guest that never kicks loses nothing")


class Deassign(Spec):
    assigned = Bool(init=True)           # KVM turns the guest's port write into an eventfd signal
    handler = Bool(init=True)            # the fd is in the main loop's select set
    signalled = Bool(init=False)         # the eventfd's counter is above zero
    added = Int(0, kicks, init=0)        # buffers the guest has made available
    seen = Int(0, kicks, init=0)         # buffers the device has looked at

    def notify_vq(self):                 # a plain method is inlined where it is called
        self.seen = self.added

    @process(fair="weak")
    def vcpu(self):
        for _ in range(kicks):
            yield "add buffer"           # what follows, up to the next yield, is one atomic step of this name
            self.added += 1
            yield "kick"
            if self.assigned:
                self.signalled = True
            else:
                self.notify_vq()

    @process(fair="weak")
    def main_loop(self):
        while True:
            yield "select"
            when(self.handler and self.signalled)
            self.signalled = False
            self.notify_vq()

    @process(fair="weak")
    def stop(self):
        yield "unset handler"
        self.handler = False
        yield "deassign"
        self.assigned = False
        yield "test and clear"
        if drain and self.signalled:
            self.signalled = False
            self.notify_vq()

    @invariant
    def no_notify_is_lost(self):
        """A buffer that the device has not seen has a wake-up on its way."""
        return implies(self.seen < self.added, at(self.vcpu, "kick") or self.signalled)

    @temporal
    def every_buffer_is_seen(self):
        return eventually(always(self.seen == self.added))


CASES = [
    Case("patched", Deassign, holds("no_notify_is_lost", "every_buffer_is_seen"), counts(distinct=40)),
    Case("without the drain", Deassign, violates("no_notify_is_lost", length=6), where(drain=False)),
]
'''

MAIN_LOOP = '''\
from modelcheck import Array, Bool, Const, Enum, Int, Option, Range, Record, Ref, Seq, Set, Spec
from modelcheck import action, action_invariant, choose, constraint, idle, procedure, process, reachable, when

queues = Const(2)
Queue = Range(queues)
Phase = Enum("idle", "busy")


class EventFd(Record):
    """A non-blocking eventfd."""
    counter = Int(0, 2, init=0)

    def readable(self):
        return self.counter > 0

    def signal(self):
        self.counter = min(self.counter + 1, 2)

    def test_and_clear(self):
        was_readable = self.counter > 0
        self.counter = 0
        return was_readable


class MainLoop(Spec):
    notifier = Array(Queue, EventFd(counter=1))   # active=1: the first poll reports a kick that nobody sent
    handler = Array(Queue, Bool(init=True))       # in the select set and not deleted
    mutex = Bool(init=False)
    owner = Option(Queue, init=None)
    log = Seq(Queue, 3, init=())
    phase = Phase(init="idle")
    seen = Set(Queue, init=set())

    def init(self):
        self.phase = choose("idle", "busy")

    def notify_vq(self, q):
        self.seen |= {q}

    def drain(self, notifier: Ref[EventFd]):
        if notifier.test_and_clear():
            self.mutex = False

    @procedure
    def lock(self, q):
        yield "lock"
        when(not self.mutex)
        self.mutex, self.owner = True, q

    @process(fair="weak")
    def main_loop(self):
        while True:
            yield idle("select")                  # the global mutex is dropped while it sleeps
            ready = {q for q in Queue if self.handler[q] and self.notifier[q].readable()}
            when(len(ready) > 0)
            yield from self.lock(0)
            for q in Queue:
                if q in ready:
                    yield "dispatch", "vl.c:1340"
                    if self.handler[q] and self.notifier[q].test_and_clear():
                        self.notify_vq(q)
                elif self.log == [] or 0 < len(self.log) <= 2:
                    continue
            yield "unlock"
            assert self.mutex, "taken above"
            self.mutex = False

    @action(q=Queue)
    def kick(self, q):
        when(q not in self.seen)
        self.notifier[q].signal()

    @action_invariant
    def never_unseen(self, after):
        return self.seen <= after.seen

    @reachable
    def all_seen(self):
        return all(q in self.seen for q in Queue) and sum(1 if self.handler[q] else 0 for q in Queue) > 1

    @constraint
    def short(self):
        return -len(self.log) > -3
'''.replace("self.mutex, self.owner = True, q", "self.mutex = True\n        self.owner = q")

CORPUS = (DEASSIGN, MAIN_LOOP)

TOKENS = (
    *"self . ( ) [ ] { } : , = == += -= *= := -> ** * // / % @ ~ << | & ^ < <= and or not in is if else elif".split(),
    *"for while def class return yield from import lambda try: except: with async await global del raise pass".split(),
    *"break continue assert None True False ... 0 1 -1 0x10 1.5 1j b'x' f'{x}' '' 'label' '\\ud800' init= ANY".split(),
    *"9223372036854775808 99999999999999999999 Const Int(0,3,init=0) Set() Array(Queue) choose( when( at(".split(),
    *"done( idle( Ref[ Spec Record eval( print( __class__ implies( eventually( super() \\ # ;".split(),
    "\n",
    "\n    ",
)
ODD = "\0\t\r\f\v\x1b\x85\u00e9\u2028\u202e\ufeff\U0001f600\ud800\x7f\n "

Mutation = Callable[[random.Random, str, Sequence[str]], str]


def _cut(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    start = rng.randrange(len(text) + 1)
    return text[:start] + text[start + rng.randrange(1, 40) :]


def _truncate(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _insert_token(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    at = rng.randrange(len(text) + 1)
    return f"{text[:at]} {rng.choice(TOKENS)} {text[at:]}"


def _replace_word(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    """One word gives way to a token, or to another word of the text: most results still parse."""
    words = list(re.finditer(r"\w+|[^\w\s]+", text))
    if not words:
        return rng.choice(TOKENS)
    old = rng.choice(words)
    new = rng.choice(words)[0] if rng.random() < 0.6 else rng.choice(TOKENS)
    return text[: old.start()] + new + text[old.end() :]


def _lines(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    """A line twice, gone, elsewhere, or at another depth."""
    lines = text.split("\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines.insert(j, lines[i])
        case 1:
            del lines[i]
        case 2:
            lines[i], lines[j] = lines[j], lines[i]
        case _:
            lines[i] = " " * rng.choice((0, 1, 4, 8, 12)) + lines[i].lstrip()
    return "\n".join(lines)


def _splice(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    other = rng.choice(corpus)
    at, start = rng.randrange(len(text) + 1), rng.randrange(len(other))
    return text[:at] + other[start : start + rng.randrange(200)] + text[at:]


def _odd_character(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(ODD) + text[at:]


def _deepen(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    """A word, deep inside brackets or operators."""
    words = list(re.finditer(r"\b[a-z]\w*\b", text))
    if not words:
        return text
    word, n = rng.choice(words), rng.choice((3, 30, 70, 300))
    left, right = rng.choice((("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("", " + 1"), ("", ".x"), ("f(", ")")))
    return text[: word.start()] + left * n + word[0] + right * n + text[word.end() :]


def _graft(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    """An expression gives way to another one, or to a literal: most results are Python, and wrong in type."""
    own, others = _expressions(text), _expressions(rng.choice(corpus))
    if not own or not others:
        return text
    start, end = rng.choice(own)[:2]
    graft = rng.choice(LITERALS) if rng.random() < 0.3 else rng.choice(rng.choice((own, others)))[2]
    return f"{text[:start]}{graft}{text[end:]}"


def _regraft(rng: random.Random, text: str, corpus: Sequence[str]) -> str:
    """A simple statement gives way to another one of the text."""
    own = _expressions(text, ast.stmt)
    if not own:
        return text
    start, end = rng.choice(own)[:2]
    return text[:start] + rng.choice(own)[2] + text[end:]


def _expressions(text: str, kind: type[ast.expr] | type[ast.stmt] = ast.expr) -> list[tuple[int, int, str]]:
    """Where every expression (or statement) of one line starts and ends, and its text; none of what is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, kind) and node.lineno == node.end_lineno and node.end_col_offset:
            begin = starts[node.lineno - 1]
            start, end = begin + node.col_offset, begin + node.end_col_offset
            found.append((start, end, text[start:end]))
    return found


LITERALS = (
    "0", "1", "-1", "True", "None", '"idle"', "set()", "{1, 2}", "(1, 2)", "[0]", "self", "Queue", "Queue()", "x",
    "self.x", "2**63 - 1", "1 // 0", "choose(1, 2)", "self.vcpu", "{q: 0 for q in Queue}", "[q for q in Queue]",
    "at(self.vcpu, 'kick')", "EventFd()", "self.notify_vq()", "not 1", "1 < True", "'a' < 'b'", "min()", "len(3)",
    "range(10**9)", "Int(5, 1)", "ANY",
)  # fmt: skip
SURFACE_MUTATIONS: tuple[Mutation, ...] = (_graft, _graft, _graft, _regraft, _lines, _replace_word)
MUTATIONS: tuple[Mutation, ...] = (
    _cut, _truncate, _insert_token, _replace_word, _replace_word, _replace_word, _lines, _lines, _splice,
    _odd_character, _deepen,
)  # fmt: skip


def mutants(count: int, seed: int = 0, corpus: Sequence[str] = CORPUS) -> Iterator[str]:
    """`count` texts, each a member of the corpus after one to four mutations. Half of them are meant to be Python
    still, and to be wrong only in what they mean."""
    rng = random.Random(seed)
    for _ in range(count):
        text = rng.choice(corpus)
        mutations = rng.choice((SURFACE_MUTATIONS, MUTATIONS))
        for _ in range(rng.choice((1, 1, 2, 4))):
            text = rng.choice(mutations)(rng, text, corpus)
        yield text


def _in_spec(statement: str) -> str:
    """A statement in a process of a spec that is otherwise right."""
    return f'{MAIN_LOOP}\n    @process\n    def other(self):\n        yield "here"\n        {statement}\n'


DEEP = 20_000
PATHOLOGICAL = {
    "empty": "",
    "blank": "\n \n\n",
    "only a byte order mark": "\ufeff",
    "NUL": "x = \0",
    "lone surrogate": 'x = "\ud800"',
    "surrogate in a string": _in_spec('self.phase = "\\ud800"'),
    "carriage returns": MAIN_LOOP.replace("\n", "\r"),
    "form feeds": MAIN_LOOP.replace("\n\n", "\n\f\n"),
    "tabs": MAIN_LOOP.replace("    ", "\t"),
    "tabs and spaces": MAIN_LOOP.replace("        ", "\t"),
    "line feeds and carriage returns": MAIN_LOOP.replace("\n", "\r\n"),
    "escape codes": _in_spec('self.phase = "\x1b[31m"'),
    "reversed text": _in_spec("self.mutex = True  # \u202e eslaF"),
    "another encoding": "# -*- coding: utf-16 -*-\n" + MAIN_LOOP,
    "unknown encoding": "# coding: klingon\n" + MAIN_LOOP,
    "minus signs": "x = Const(" + "-" * DEEP + "1)",
    "nots": _in_spec("when(" + "not " * DEEP + "self.mutex)"),
    "brackets": "x = Const(" + "(" * 150 + "1" + ")" * 150 + ")",
    "brackets without end": "x = Const" + "(" * DEEP,
    "sum": _in_spec("when(" + " + ".join(["1"] * DEEP) + " > 0)"),
    "short sum": _in_spec("when(" + " + ".join(["1"] * 500) + " > 0)"),
    "dots": _in_spec("self" + ".x" * DEEP + " = 1"),
    "calls": _in_spec("self" + "()" * DEEP),
    "subscripts": _in_spec("self.a" + "[0]" * 500 + " = 1"),
    "conditionals": _in_spec("x = " + "1 if self.mutex else " * DEEP + "0"),
    "powers": "x = Const(" + "2 ** " * DEEP + "2)",
    "comparisons": _in_spec("when(0" + " < 1" * DEEP + ")"),
    "wide or": _in_spec("when(" + " or ".join(["self.mutex"] * 2000) + ")"),
    "lambdas": "x = " + "lambda: " * DEEP + "1",
    "elifs": _in_spec("if self.mutex: pass\n" + "        elif self.mutex: pass\n" * 2000),
    "ifs": _in_spec("if self.mutex:") + "".join(f"{' ' * (12 + i)}if self.mutex:\n" for i in range(80)),
    "classes": "".join(f"{' ' * i}class A(Spec):\n" for i in range(99)),
    "decimal digits": f"x = Const({'9' * 5000})",
    "hexadecimal digits": f"x = Const(0x{'f' * 50_000})",
    "hexadecimal digits in odd places": f"@0x{'f' * 9000}\nclass A(Spec):\n    def f(self) -> 0x{'f' * 9000}: pass",
    "least integer": _in_spec("x = -9223372036854775808"),
    "formatted strings": "x = " + "f'{" * 40,
    "nested formatted strings": "x = f\"{f'{1}'}\"",
    "unfinished string": 'x = "',
    "unfinished docstring": '"""' + MAIN_LOOP,
    "backslash at the end": "x = 1 + \\",
    "long line": "# " + "x" * 500_000,
    "long name": f"{'x' * 100_000} = Const(1)",
    "many mistakes": "import os\n" * 500,
    "many classes": "".join(f"class C{i}: x = y = {i}.5\n" for i in range(200)),
    "wide characters": _in_spec('\u00e9\u00e9 = "\U0001f600" + lambda: 1'),
    "walrus in a comprehension": _in_spec("x = {(y := q) for q in Queue}"),
    "annotation of all": "x: " + "[" * 90 + "]" * 90,
    "itself": "from .spec import Spec\n",
    "from nowhere": "from . import *\nfrom .. import a\nfrom .... import b\nfrom .....a.b.c import d\n",
    "match": _in_spec("match self.mutex:\n            case {'a': [*_]}: pass"),
    "async": _in_spec("async with x as y, z: await x"),
    "stars": _in_spec("f(*a, **b, c=1, c=2, *d)\n        *x, y = *z, 1\n        print(*[*a], {**b})"),
    "deletions": _in_spec("del self.x, y[0], z.w"),
    "deep in a hint": f"Case(a={'(' * 100}{')' * 100})\nCASES = [Case('a', B, c={'-' * 59}1)]",
}
