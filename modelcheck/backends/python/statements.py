"""The body of a step as Python text: every way through it ends by appending a successor to the output.

A `when` opens an `if` around what follows; a `choose` opens a `for`. An `if` of the spec whose branches neither block
nor choose is an `if` of its own, with what follows after it; of the others each branch is followed by its own copy, or
by a call of a function, where that is too long. A fault raises, and ends the innermost `for` of a choice.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable

from modelcheck.backends.python.code import Block, condition, names, negate, otherwise
from modelcheck.backends.python.cursor import Cursor
from modelcheck.backends.python.expressions import Expressions, Path
from modelcheck.backends.python.loops import iterable
from modelcheck.backends.python.runtime import BLOCKED
from modelcheck.backends.python.shape import bindings, forks, is_direct, writes
from modelcheck.backends.python.conditions import loop_values
from modelcheck.backends.python.unit import Unit
from modelcheck.errors import Diagnostic, SpecError
from modelcheck.ir import layout
from modelcheck.ir.nodes import (
    Apply,
    Assert,
    Assign,
    Choose,
    Const,
    Expr,
    For,
    If,
    Local,
    Stmt,
    When,
    walk,
)
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import SetType, cardinality, ordinal

DEEPEST = 14  # indentation in one function; CPython allows 20 loops and tries below each other
COPIED = 5  # statements after an `if` that are repeated in both branches
UNROLL, UNROLL_NODES = 16, 400
ROUNDS_LIMIT = 200  # of a loop whose body chooses: each round is a call within the last one
OUTPUT = ("row", "T", "A", "F", "G")

Finish = Callable[[Cursor], None]  # adds what comes at the end of a way


class Body:
    """Generates one body. `action`: the text of the action id."""

    def __init__(self, unit: Unit, body: tuple[Stmt, ...], action: int):
        self.unit = unit
        self.action = action
        self.g = Expressions(unit, Cursor(0))
        self.assigned = Counter(bindings(body))
        self.body = body

    def generate(self, known_mask: int = 0, known: int = 0) -> Block:
        """All ways through the body, from the state `s` of row `row`, some bits of which are known."""
        full = (1 << self.unit.layout.bits) - 1
        cursor = Cursor(full, dest=self.unit.fresh("t"), known_mask=known_mask, known=known)
        return self.segment(self.body, cursor, self.finish)

    def finish(self, cursor: Cursor) -> None:
        cursor.lines += [f"T.append({cursor.stored()})", f"A.append({self.action})"]

    def segment(self, items: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> Block:
        """A block of its own in which a fault ends no other way."""
        cursor.faulty, cursor.joined = False, False
        self.run(items, cursor, finish)
        if not cursor.faulty:
            return cursor.lines
        return ["try:", cursor.lines, "except _Stop as e:", [f"_report(F, row, {self.action}, e)"]]

    def run(self, items: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> None:
        """Adds the statements to the cursor's lines, and after them what `finish` adds."""
        self.g.cursor = cursor
        while items:
            statement, items = items[0], items[1:]
            if cursor.depth > DEEPEST and not cursor.joined and isinstance(statement, If | When | Choose | For):
                self.call((statement, *items), cursor, finish)
                return
            match statement:
                case Assign(target, value):
                    self.assign(target, value)
                case Assert():
                    self.check(statement)
                case When():
                    if not self.when(statement, items, cursor, finish):
                        return
                case If():
                    if not self.branch(statement, items, cursor, finish):
                        return
                case Choose(local, domain):
                    self.choose(local, domain, items, cursor, finish)
                    return
                case For():
                    items = self.loop(statement, items, cursor, finish)
                    if items is None:
                        return
        finish(cursor)

    # --- guards and branches ---

    def note(self, site: int | None) -> Block:
        return [] if site is None else [f"G[{site}] = 1"]

    def check(self, statement: Assert) -> None:
        test = self.g.test(statement.test)
        if test is not True:
            failing = self.g.fail(FaultKind.ASSERT, statement.span, statement.message)
            self.g.cursor.lines += [f"if {condition(negate(test))}:", [failing]]

    def when(self, statement: When, rest: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> bool:
        """Whether the statements that follow are still to be added here."""
        test = self.g.test(statement.test)
        if test is True:
            cursor.lines += self.note(statement.site)
            return True
        if cursor.joined:
            cursor.faulty = True
            cursor.lines += [f"if {condition(negate(test))}:", [f"_fail({BLOCKED})"], *self.note(statement.site)]
            return True
        if test is False:
            cursor.lines.append("pass")
            return False
        inner = cursor.fork(lines=self.note(statement.site))
        inner.learn(test)
        cursor.lines += [f"if {condition(test)}:", inner.lines]
        self.run(rest, inner, finish)
        cursor.faulty |= inner.faulty
        return False

    def branch(self, statement: If, rest: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> bool:
        """Whether the statements that follow are still to be added here."""
        test = self.g.test(statement.test)
        if isinstance(test, bool):
            cursor.lines += self.note(statement.site) if test else []
            taken = statement.then if test else statement.otherwise
            self.run((*taken, *rest), cursor, finish)
            return False
        copied = len(rest) <= COPIED and all(isinstance(r, Assign | Assert) for r in rest)
        if cursor.joined or not copied and not forks((statement,)):
            self.join(statement, test, cursor)
            return True
        if not copied:
            self.assigned.update(bindings((statement,)))  # what is bound in a branch is no constant after it
            self.name_locals((statement,), cursor)
            finish = self.function(rest, cursor, finish, writes((statement,), self.unit.layout))
            rest = ()
        then = self.note(statement.site)
        inner = cursor.fork(lines=then)
        inner.learn(test)
        self.run((*statement.then, *rest), inner, finish)
        other = cursor.fork(depth=cursor.depth if len(statement.otherwise) == 1 else cursor.depth + 1)
        other.learn(negate(test))
        lines = other.lines
        self.run((*statement.otherwise, *rest), other, finish)
        cursor.faulty |= inner.faulty or other.faulty
        cursor.lines += [f"if {condition(test)}:", then, *otherwise(lines)]
        return False

    def join(self, statement: If, test: Any, cursor: Cursor) -> None:
        """An `if` with what follows after it. The test was generated at the cursor as it is."""
        self.name_locals((statement,), cursor)
        self.settle((statement,), cursor)
        then = cursor.fork(lines=self.note(statement.site), joined=True)
        then.learn(test)
        self.run(statement.then, then, Cursor.flush)
        other = cursor.fork(joined=True)
        other.learn(negate(test))
        self.run(statement.otherwise, other, Cursor.flush)
        cursor.faulty |= then.faulty or other.faulty
        cursor.lines += [f"if {condition(test)}:", then.lines or ["pass"], *otherwise(other.lines)]
        both = then.known_mask & other.known_mask & ~(then.known ^ other.known)
        cursor.known_mask, cursor.known = both, then.known & both
        self.g.cursor = cursor

    def settle(self, statements: tuple[Stmt, ...], cursor: Cursor) -> None:
        """Before code that may or may not store: what is pending is written, and the state stands where it writes."""
        cursor.flush()
        if writes(statements, self.unit.layout) and cursor.source != cursor.dest:
            cursor.put_state(cursor.source)

    def name_locals(self, statements: tuple[Stmt, ...], cursor: Cursor) -> None:
        """Gives a value to locals that only some branch may bind, so that code after it can pass them on."""
        for name in dict.fromkeys(bindings(statements)):
            text = self.g.local(name)
            if text not in cursor.bound and name not in cursor.env:
                cursor.lines.append(f"{text} = 0")
                cursor.bound |= {text}

    # --- choices and loops ---

    def choose(self, local: Local, domain: Expr, rest: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> None:
        over = iterable(self.g, domain)
        if cursor.parts:
            cursor.flush()
        restored: Block = []
        for name in dict.fromkeys(bindings(rest)):
            text = self.g.local(name)
            if text in cursor.bound:
                saved = self.unit.temporary()
                cursor.lines.append(f"{saved} = {text}")
                restored.append(f"{text} = {saved}")
        text = self.g.local(local.name)
        inner = cursor.fork(
            lines=restored, dest=self.unit.fresh("t"), bound=cursor.bound | {text}, depth=cursor.depth + 2
        )
        block = self.segment(rest, inner, finish)
        cursor.lines += [f"for {text} in {over}:", block or ["pass"]]

    def loop(self, statement: For, rest: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> tuple[Stmt, ...] | None:
        """The statements still to be added here, or None."""
        local, domain, body = statement.local, statement.domain, statement.body
        constant = self.g.fold(domain)
        if constant is not None and self.assigned[local.name] == 1 and not cursor.joined:
            values = loop_values(constant)
            if len(values) <= UNROLL and len(values) * sum(1 for b in body for _ in walk(b)) <= UNROLL_NODES:
                self.assigned.update(bindings(body))  # what is bound in each round is no constant
                rounds = ((Assign(local, Const(v, local.type)), *body) for v in values)
                self.run(tuple(x for r in rounds for x in r) + rest, cursor, finish)
                return None
        self.assigned.update(bindings(body))
        self.name_locals((statement,), cursor)
        if any(isinstance(n, Choose) for b in body for n in walk(b)):
            self.recurse(statement, rest, cursor, finish)
            return None
        self.plain_loop(statement, cursor)
        return rest

    def plain_loop(self, statement: For, cursor: Cursor) -> None:
        over = iterable(self.g, statement.domain)
        self.settle(statement.body, cursor)
        cursor.forget(writes(statement.body, self.unit.layout))
        text = self.g.local(statement.local.name)
        inner = cursor.fork(joined=True, bound=cursor.bound | {text})
        self.run(statement.body, inner, Cursor.flush)
        cursor.faulty |= inner.faulty
        cursor.lines += [f"for {text} in {over}:", inner.lines or ["pass"]]
        self.g.cursor = cursor

    def recurse(self, statement: For, rest: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> None:
        """A loop whose body chooses: a function of the round, which calls itself for the next one."""
        t = statement.domain.type
        rounds = cardinality(t.of) if isinstance(t, SetType) else t.capacity
        if rounds > ROUNDS_LIMIT:
            hint = f"loop over at most {ROUNDS_LIMIT} elements, or take the choice out of the loop"
            raise SpecError([Diagnostic("B004", "a loop that chooses has too many rounds", statement.span, hint)])
        over, items, number = iterable(self.g, statement.domain), self.unit.temporary(), self.unit.temporary()
        cursor.flush()
        cursor.lines.append(f"{items} = {over}")
        state, name, text = self.unit.fresh("t"), self.unit.fresh("_r"), self.g.local(statement.local.name)
        passed = ", ".join([*OUTPUT, items, *sorted(cursor.bound)])
        known = cursor.bound | {items, number}

        def entered(lines: Block, bound: frozenset[str]) -> Cursor:
            c = cursor.fork(lines=lines, source=state, dest=state, depth=2, bound=bound)
            c.forget(writes(statement.body, self.unit.layout))
            return c

        def again(c: Cursor) -> None:
            c.lines.append(f"{name}({c.stored()}, {number} + 1, {passed})")

        first = self.segment(statement.body, entered([f"{text} = {items}[{number}]"], known | {text}), again)
        last = self.segment(rest, entered([], known), finish)
        block: Block = [f"if {number} < len({items}):", first, "else:", last or ["pass"]]
        self.unit.define("r", f"{state}, {number}, {passed}", block, name)
        self.g.cursor = cursor
        cursor.lines.append(f"{name}({cursor.stored()}, 0, {passed})")

    def call(self, items: tuple[Stmt, ...], cursor: Cursor, finish: Finish) -> None:
        """Puts statements into a function of their own."""
        self.function(items, cursor, finish, 0)(cursor)

    def function(self, items: tuple[Stmt, ...], cursor: Cursor, finish: Finish, written: int) -> Finish:
        """Defines a function of the state and the locals that runs the statements, and gives what calls it. What is
        known here holds in it but for the bits `written` on the way to the calls."""
        state, name = self.unit.fresh("t"), self.unit.fresh("_k")
        inner = cursor.fork(source=state, dest=state, depth=1, mask=0, ones=0, parts=(), part_mask=0)
        inner.forget(written | cursor.mask)
        block = self.segment(items, inner, finish) or ["pass"]
        self.g.cursor = cursor
        given = cursor.bound | set(OUTPUT)
        parameters = ", ".join([state, *(n for n in names(block) if n in given)])
        self.unit.define("k", parameters, block, name)
        arguments = parameters.removeprefix(state)

        def call(c: Cursor) -> None:
            c.lines.append(f"{name}({c.stored()}{arguments})")

        return call

    # --- assignments ---

    def assign(self, target: Expr, value: Expr) -> None:
        g, cursor = self.g, self.g.cursor
        if isinstance(target, Local):
            self.assign_local(target, value)
            return
        if self.in_place_set(target, value):
            return
        constant = g.fold(value)
        text, faulty = g.watched(lambda: None if constant is not None else g.bits(target.type, g.value(value)))
        bits = None if constant is None else layout.pattern(target.type, constant.value)
        if faulty or (text is not None and not is_direct(target)):
            name = self.unit.temporary()  # a fault comes before those of the target, and before later stores
            cursor.lines.append(f"{name} = {text}")
            text = name
        path = g.path(target)
        if path.base is not None:
            self.store_local(path, str(bits) if text is None else text)
        elif path.shift:
            cursor.flush()
            self.store_shifted(path, str(bits) if text is None else text)
        elif bits is not None:
            cursor.put(path.region, bits << path.offset)
        elif path.region:
            cursor.put_part(path.region, f"{text} << {path.offset}" if path.offset else str(text))

    def assign_local(self, target: Local, value: Expr) -> None:
        g, cursor = self.g, self.g.cursor
        constant = g.fold(value)
        if constant is not None and self.assigned[target.name] == 1 and not cursor.joined:
            cursor.env = {**cursor.env, target.name: Const(constant.value, target.type)}
            return
        text = g.value(value)
        if cursor.parts:
            cursor.flush()
        name = g.local(target.name)
        cursor.lines.append(f"{name} = {text}")
        cursor.bound |= {name}

    def store_shifted(self, path: Path, text: str) -> None:
        cursor = self.g.cursor
        at, mask = self.unit.temporary(), (1 << layout.size(path.type)) - 1
        cursor.lines.append(f"{at} = {path.position}")
        cursor.forget(path.region)
        if text == str(mask):
            cursor.put_state(f"{cursor.source} | {mask} << {at}")
        else:
            cursor.put_state(f"{cursor.source} ^ ({cursor.source} >> {at} & {mask} ^ {text}) << {at}")

    def store_local(self, path: Path, text: str) -> None:
        """A part of a local. What is pending may depend on its old value."""
        cursor, name, mask = self.g.cursor, path.base, (1 << layout.size(path.type)) - 1
        if cursor.parts:
            cursor.flush()
        at = self.unit.temporary() if path.shift else str(path.offset)
        if path.shift:
            cursor.lines.append(f"{at} = {path.position}")
        cursor.lines.append(f"{name} ^= ({name} >> {at} & {mask} ^ {text}) << {at}")

    def in_place_set(self, target: Expr, value: Expr) -> bool:
        """`s = s | {x}` and the like, of a part at a constant place, without reading it."""
        match value:
            case Apply(Op.WITH | Op.WITHOUT | Op.UNION | Op.DIFFERENCE as op, (whole, other)) if whole == target:
                return self._set_bits(target, op, other)
        return False

    def _set_bits(self, target: Expr, op: Op, other: Expr) -> bool:
        g, cursor = self.g, self.g.cursor
        if not is_direct(target):
            return False
        constant = g.fold(other)
        path = g.path(target)
        if path.base is not None or path.shift:
            return False
        of = path.type.of
        if constant is not None:
            whole = op in (Op.UNION, Op.DIFFERENCE)
            bits = layout.pattern(path.type, constant.value) if whole else 1 << ordinal(of, constant.value)
            mask = bits << path.offset
            cursor.put(mask, mask if op in (Op.WITH, Op.UNION) else 0)
            return True
        if op is not Op.WITH:
            return False
        text, faulty = g.watched(lambda: g.ordinal(of, g.value(other)))
        if faulty:
            text = self._kept(text)
        cursor.flush()
        cursor.forget(path.region)
        cursor.put_state(f"{cursor.source} | 1 << {text}" + (f" + {path.offset}" if path.offset else ""))
        return True

    def _kept(self, text: str) -> str:
        name = self.unit.temporary()
        self.g.cursor.lines.append(f"{name} = {text}")
        return name
