"""The body of a step as LLVM IR: every way through it ends by writing a successor, by a fault, or nowhere.

A `Choose` on the way of all others is a loop around what follows it, on copies of the state and of the locals that are
assigned there. Where choices stand within branches and loops, what follows is run again for each way, the choices of
the last run given back to it and the last of them that has a further value moved on: so no code is repeated, however
branches, loops and choices nest.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterable, Iterator

from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.code import WORD, Code, Value, constant
from modelcheck.backends.llvm.expressions import Expressions, Slot
from modelcheck.backends.llvm.frame import Frame
from modelcheck.backends.llvm.loops import each
from modelcheck.backends.llvm.patterns import literal, of_rank, pattern_of, rank_of
from modelcheck.errors import Diagnostic, InternalError, Span, SpecError
from modelcheck.ir import layout
from modelcheck.ir.nodes import (
    Apply,
    Assert,
    Assign,
    Choose,
    Const,
    Element,
    Expr,
    Field,
    For,
    If,
    Local,
    Stmt,
    Variable,
    When,
    walk,
)
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import IntType, SeqType, cardinality

CHOICES_LIMIT = 4096  # that one way through a step can make where they are run again


@dataclass(frozen=True, slots=True)
class Replay:
    """The choices of a way, as ordinals: `now` those made, `then` what comes after each (-1: nothing), `given`: how
    many of them are prescribed, `made`: how many have been made. Addresses."""

    now: str
    then: str
    given: str
    made: str


class Body:
    """Generates one body into a frame. `next`: the label of what comes when a way is over."""

    def __init__(self, frame: Frame, body: tuple[Stmt, ...], action: int, state: str, owned: bool):
        self.frame = frame
        self.code: Code = frame.code
        self.action = action
        self.body = body
        self.owned = owned
        self.next = ""
        self.replay: Replay | None = None
        self.g = Expressions(frame.unit, frame.code, state, self.fail)
        self.assigned: set[str] = set()
        for local in _assigned(body):
            self.g.env[local.name] = self.g.slot(local.type)

    def generate(self) -> None:
        """All ways through the body; control goes on after them."""
        self.next = self.code.block("next")
        self.run(self.body)
        self.code.place(self.next)

    def fail(self, kind: FaultKind, span: Span | None, message: str | None) -> str:
        return self.frame.fault(self.frame.unit.site(kind, span, message), self.action, self.next)

    # --- ways ---

    def run(self, items: tuple[Stmt, ...]) -> None:
        """The statements and the end of the way."""
        for i, statement in enumerate(items):
            if self.replay is None:
                if isinstance(statement, Choose):
                    self.choose(statement, items[i + 1 :])
                    return
                if _chooses(statement):
                    self.run_again(items[i:])
                    return
            self.statement(statement)
        self.frame.successor(self.action, self.g.state)
        self.code.jump(self.next)

    def block(self, items: tuple[Stmt, ...]) -> None:
        for statement in items:
            self.statement(statement)

    def statement(self, statement: Stmt) -> None:
        match statement:
            case Assign(target, value):
                self.assign(target, value)
            case Assert(test, message):
                wrong = self.code.not_(self.g.value(test))
                self.g.fail_if(wrong, FaultKind.ASSERT, statement.span, message)
            case When(test, site):
                further = self.code.block("when")
                self.code.branch(self.g.value(test), further, self.next)
                self.code.place(further)
                self.note(site)
            case If():
                self.branch(statement)
            case For():
                self.loop(statement)
            case Choose():
                self.decide(statement)

    def note(self, site: int | None) -> None:
        if site is not None:
            self.frame.cover(site)

    def branch(self, statement: If) -> None:
        code, test = self.code, self.g.value(statement.test)
        self.own((statement,))
        then, otherwise, end = code.block("then"), code.block("else"), code.block("end")
        code.branch(test, then, otherwise)
        code.place(then)
        self.note(statement.site)
        self.block(statement.then)
        code.jump(end)
        code.place(otherwise)
        self.block(statement.otherwise)
        code.place(end)

    def loop(self, statement: For) -> None:
        self.own(statement.body)
        body, local = statement.body, statement.local

        def one(element: Any) -> None:
            with self.given(local, element, body):
                self.block(body)

        each(self.g, statement.domain, _nodes(body), one, snapshot=True)

    @contextmanager
    def given(self, local: Local, element: Any, body: tuple[Stmt, ...]) -> Iterator[None]:
        """Gives the local of a loop or a choice its value; within it a constant one is known."""
        slot = self.g.env[local.name]
        assert isinstance(slot, Slot)
        self.set_local(local, literal(local.type, element.value) if isinstance(element, Const) else element)
        known = isinstance(element, Const) and local.name not in {r.name for r in _assigned(body)}
        self.g.env[local.name] = element if known else slot
        yield
        self.g.env[local.name] = slot

    # --- choices ---

    def choose(self, statement: Choose, rest: tuple[Stmt, ...]) -> None:
        def one(element: Any) -> None:
            with self.copied(rest), self.given(statement.local, element, rest):
                self.run(rest)

        each(self.g, statement.domain, _nodes(rest), one)
        self.code.jump(self.next)

    @contextmanager
    def copied(self, rest: tuple[Stmt, ...]) -> Iterator[None]:
        """Within it the state and the locals that `rest` assigns are copies; a way that is over comes to its end."""
        state, owned, env, following = self.g.state, self.owned, dict(self.g.env), self.next
        self.next = self.code.block("way")
        if owned and _writes(rest):
            self.g.state = self.fresh(state)
        for local in _assigned(rest):
            slot = env[local.name]
            if local.name in self.assigned and isinstance(slot, Slot):
                mine = self.g.slot(slot.type)
                self.g.put(mine, self.g.get(slot))
                self.g.env[local.name] = mine
        yield
        self.code.place(self.next)
        self.g.state, self.owned, self.g.env, self.next = state, owned, env, following

    def fresh(self, state: str) -> str:
        """A copy of the state at an address."""
        count = self.frame.unit.layout.width
        words = self.code.words(count)
        self.code.copy(words, state, count)
        return words

    def own(self, items: tuple[Stmt, ...]) -> None:
        """Before something is written: the state as a copy that may be."""
        if not self.owned and _writes(items):
            self.g.state, self.owned = self.fresh(self.g.state), True

    def run_again(self, items: tuple[Stmt, ...]) -> None:
        """The statements once for each way through their choices."""
        code = self.code
        most = self.choices(items)
        if most > CHOICES_LIMIT:
            hint = f"loop over fewer elements, or take the choice out of the loop; the limit is {CHOICES_LIMIT}"
            raise SpecError([Diagnostic("B004", "a step that makes too many choices", items[0].span, hint)])
        r = Replay(code.words(most), code.words(most), code.slot(WORD), code.slot(WORD))
        again, back, out = code.block("again"), code.block("back"), code.block("out")
        code.store(constant(0), r.given)
        code.jump(again)
        code.place(again)
        code.store(constant(0), r.made)
        self.replay = r
        with self.copied(items):
            self.run(items)
        self.replay = None
        code.jump(back)
        code.place(back)
        self.move_on(r, again, back, out)
        code.place(out)
        code.jump(self.next)

    def move_on(self, r: Replay, again: str, back: str, out: str) -> None:
        """To the next way: the last choice that has a further value takes it."""
        code, some, further = self.code, self.code.block("some"), self.code.block("further")
        made = code.load(r.made, WORD)
        code.branch(code.is_zero(made), out, some)
        code.place(some)
        last = code.sub(made, constant(1))
        code.store(last, r.made)
        following = code.load(code.element(r.then, last), WORD)
        code.branch(code.compare("lt", following, constant(0)), back, further)
        code.place(further)
        code.store(following, code.element(r.now, last))
        code.store(made, r.given)
        code.jump(again)

    def decide(self, statement: Choose) -> None:
        """One choice of a way that is run again."""
        code, r, local = self.code, self.replay, statement.local
        if r is None:
            raise InternalError("a choice within a branch that is not run again")
        members = self.g.value(statement.domain)
        number = code.load(r.made, WORD)
        given, fresh, chosen = code.block("given"), code.block("fresh"), code.block("chosen")
        code.branch(code.compare("lt", number, code.load(r.given, WORD)), given, fresh)
        code.place(given)
        old = code.load(code.element(r.now, number), WORD)
        ways = [(old, code.label)]
        code.jump(chosen)
        code.place(fresh)
        some = code.block("some")
        code.branch(code.is_zero(members), self.next, some)
        code.place(some)
        first = code.resize(code.intrinsic("cttz", members, more="i1 true"), WORD)
        code.store(first, code.element(r.now, number))
        ways.append((first, code.label))
        code.place(chosen)
        at = code.phi(WORD, ways)
        code.store(code.add(number, constant(1)), r.made)
        code.store(self.following(members, at), code.element(r.then, number))
        self.set_local(local, of_rank(code, self.frame.unit, local.type, at))

    def following(self, members: Value, at: Value) -> Value:
        """The ordinal of the next member of a set, or -1."""
        code = self.code
        rest = code.and_(members, code.shl(constant(-2, members.bits), at))
        least = code.resize(code.intrinsic("cttz", rest, more="i1 false"), WORD)
        return code.select(code.is_zero(rest), constant(-1), least)

    def choices(self, items: Iterable[Stmt]) -> int:
        """How many choices one way through the statements can make."""
        total = 0
        for s in items:
            match s:
                case Choose():
                    total += 1
                case If(_, then, otherwise):
                    total += max(self.choices(then), self.choices(otherwise))
                case For(_, domain, body):
                    total += self.rounds(domain) * self.choices(body)
        return total

    def rounds(self, domain: Expr) -> int:
        known, t = self.g.fold(domain), domain.type
        if known is not None:
            return len(known.value)
        return t.capacity if isinstance(t, SeqType) else cardinality(t.of)

    # --- assignments ---

    def assign(self, target: Expr, value: Expr) -> None:
        if isinstance(target, Local):
            self.set_local(target, self.g.value(value))
            return
        root = _root(target)
        if isinstance(root, Variable):
            self.own((Assign(target, value),))
        else:
            self.assigned.add(root.name)
        if not self.changed_in_place(target, value):
            bits = pattern_of(self.code, target.type, self.g.value(value))
            memory.write(self.code, self.g.path(target), bits)

    def set_local(self, local: Local, v: Value) -> None:
        slot = self.g.env[local.name]
        assert isinstance(slot, Slot), local.name
        self.g.put(slot, v)
        self.assigned.add(local.name)

    def changed_in_place(self, target: Expr, value: Expr) -> bool:
        """`s = s | {x}` and the like of what is wide, without reading the whole of it."""
        match value:
            case Apply(Op.WITH | Op.WITHOUT | Op.APPEND, (old, _), t) if old == target and layout.size(t) > WORD:
                if _is_direct(target):
                    change = self.append if isinstance(t, SeqType) else self.change_bit
                    change(target, value)
                    return True
        return False

    def change_bit(self, target: Expr, value: Apply) -> None:
        element = value.args[1]
        at = rank_of(self.code, element.type, self.g.value(element))
        place = self.g.path(target).moved(self.code, _BIT, 0, 1, at)
        memory.write(self.code, place, constant(value.op is Op.WITH))

    def append(self, target: Expr, value: Apply) -> None:
        code, t, item = self.code, value.type, value.args[1]
        assert isinstance(t, SeqType)
        bits, place, count = pattern_of(code, t.of, self.g.value(item)), self.g.path(target), IntType(0, t.capacity)
        length = memory.read(code, place.part(count, 0))
        self.g.fail_if(code.compare("ge", length, constant(t.capacity), "u"), FaultKind.FULL, value.span)
        memory.write(code, place.moved(code, t.of, layout.count_bits(t), layout.size(t.of), length), bits)
        memory.write(code, place.part(count, 0), code.add(length, constant(1)))



_BIT = IntType(0, 1)


def _is_direct(target: Expr) -> bool:
    """Whether finding the place of a target evaluates nothing."""
    match target:
        case Variable() | Local():
            return True
        case Field(record):
            return _is_direct(record)
        case Element(array, index):
            return isinstance(index, Const) and not isinstance(array.type, SeqType) and _is_direct(array)
    raise InternalError(f"{target} is no target")


def _root(target: Expr) -> Variable | Local:
    match target:
        case Field(container) | Element(container):
            return _root(container)
        case Variable() | Local():
            return target
    raise InternalError(f"{target} is no target")


def _below(items: Iterable[Stmt]) -> Iterator[Any]:
    for s in items:
        yield from walk(s)


def _nodes(items: Iterable[Stmt]) -> int:
    return sum(1 for _ in _below(items))


def _assigned(items: Iterable[Stmt]) -> list[Local]:
    """The locals that get a value in the statements, each once."""
    found: dict[str, Local] = {}
    for node in _below(items):
        match node:
            case Assign(target):
                if isinstance(root := _root(target), Local):
                    found.setdefault(root.name, root)
            case Choose(local) | For(local):
                found.setdefault(local.name, local)
    return list(found.values())


def _writes(items: Iterable[Stmt]) -> bool:
    """Whether a variable of the state is assigned."""
    return any(isinstance(n, Assign) and isinstance(_root(n.target), Variable) for n in _below(items))


def _chooses(statement: Stmt) -> bool:
    return any(isinstance(n, Choose) for n in walk(statement))
