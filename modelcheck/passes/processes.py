"""Cuts a typed body into steps: walks it from each `yield` to the next, and makes one action's body of each walk.

A *place* is a `yield` together with what is known there at compile time: the rounds of the loops over constants around
it and the calls that it stands in. So loops over constants are unrolled where they hold a `yield`, procedures get
places of their own for each call, and conditions on constants vanish. A walk is a tree: where a branch leaves the
common path (it yields, breaks, returns or chooses), the rest of the step is walked once for each branch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Literal

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, IntType, SeqType, TextType, Type, is_scalar, show
from modelcheck.passes.clock_sites import SITE, Sites
from modelcheck.passes.clock_steps import Branching, folded, opened, speaks
from modelcheck.passes.context import Reporter
from modelcheck.passes.dependencies import gotos
from modelcheck.passes.inline import every
from modelcheck.passes.simplify import all_values, fold, fold_linear, is_const, members
from modelcheck.passes.typed import (
    SOURCE_SITE,
    Break,
    ClockGuard,
    ClockNote,
    ClockSet,
    Continue,
    Goto,
    Leave,
    Loop,
    Scope,
    TStmt,
    Yield,
    walk,
)

DONE = -1  # the place of a process that has returned, until places are numbered
MAX_PLACES = 4096
MAX_STEP = 20_000  # statements of one step
MAX_DEPTH = 150  # of branches one inside the other
UNROLL_STATEMENTS = 400  # a loop without `yield` over constants is unrolled up to this many statements


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What comes after: the continuation of a walk. Frames with equal contents are the same object.

    seq: the statements from `index` on.  round: the end of round `index` of a loop over `values`.  loop: the end of a
    round of a `while`.  scope: the end of an inlined call.  join: back to the common path.  end: of the body.
    """

    kind: Literal["seq", "round", "loop", "scope", "join", "end"]
    node: Any
    index: int
    env: dict[str, n.Expr]
    next: Frame | None
    values: tuple[n.Expr, ...] = ()


@dataclass(slots=True)
class Guards:
    """The source's `if`s and `when`s that are left after folding, numbered over the whole model."""

    numbers: dict[tuple[str, Span], int]

    def number(self, kind: str, span: Span) -> int:
        return self.numbers.setdefault((kind, span), len(self.numbers))

    def table(self) -> tuple[n.Guard, ...]:
        return tuple(n.Guard(kind, span) for kind, span in self.numbers)


@dataclass(slots=True)
class PlaceInfo:
    stop: Yield
    frame: Frame
    env: dict[str, n.Expr]


class Walker:
    """Walks one body. `places` fill as `yield`s are reached; `bodies[i]` is the step that starts at place i."""

    def __init__(self, report: Reporter, guards: Guards, sites: Sites, body: tuple[TStmt, ...], *, process: bool):
        self.report = report
        self.guards = guards
        self.sites = sites
        self.branching = Branching(report)
        self.process = process
        self.places: list[PlaceInfo] = []
        self.single = _assigned_once(body, clocks=bool(sites.clocks))
        self._body = body
        self._numbers: dict[tuple[int, int], int] = {}
        self._frames: dict[tuple, Frame] = {}
        self._joins: list[Frame] = []  # kept, since frames are told apart by identity
        self._active: set[tuple[int, int]] = set()
        self._escapes: dict[tuple[int, bool, bool], bool] = {}
        self._measures: dict[int, tuple[int, bool]] = {}
        self._size = 0
        self._depth = 0
        self._end = self._frame("end", None, 0, {}, None)

    def start(self) -> tuple[n.Stmt | Goto, ...]:
        """The way from the beginning: to the first `yield` of a process, through the whole body of an action."""
        return self._fresh(self._body, 0, {}, self._end)

    def steps(self) -> list[tuple[n.Stmt | Goto, ...]]:
        """The step from every place; finds further places on the way."""
        bodies = []
        while len(bodies) < len(self.places):
            place = self.places[len(bodies)]
            self._size = 0
            bodies.append(self._fresh((), 0, place.env, place.frame))
            if len(self.places) > MAX_PLACES:
                hint = "loop over a smaller constant, or keep the count in a variable"
                raise self.report.error("P063", place.stop.span, f"more than {MAX_PLACES} places in one process", hint)
        return bodies

    def _fresh(self, body: tuple, index: int, env: dict, frame: Frame) -> tuple:
        self._active = set()
        return tuple(self._run(body, index, env, frame))

    def _frame(self, kind, node, index, env, next, values=()) -> Frame:
        key = (kind, id(node), index, id(next))
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = Frame(kind, node, index, env, next, values)
        return found

    # --- the walk

    def _run(self, body: tuple[TStmt, ...], index: int, env: dict[str, n.Expr], k: Frame) -> list:
        out: list = []
        while index < len(body):
            stmt, index = body[index], index + 1
            self._count(stmt)
            rest = (body, index, env, k)
            timed = self._timed(stmt, env, rest) if self.sites.clocks else None
            if timed is not None and self.escapes(timed):
                return [*out, *self._run(timed, 0, env, self._rest(rest))]
            if timed is not None:
                out += self._run(timed, 0, env, self._join())
                continue
            match stmt:
                case n.Assign(n.Local(name), value) if name in self.single:
                    value = fold(value, env, unroll=True)
                    if isinstance(value, n.Const):
                        env = {**env, name: value}
                    else:
                        out.append(replace(stmt, value=value))
                case n.Assign(target, value):
                    out.append(n.Assign(fold(target, env), fold(value, env, unroll=True), stmt.span))
                case n.Assert(test):
                    test = fold(test, env, unroll=True)
                    if not is_const(test, True):
                        out.append(replace(stmt, test=test))
                case n.When(test):
                    test = fold(test, env, unroll=True)
                    if is_const(test, False):
                        return [*out, n.When(test, None, stmt.span)]
                    if not is_const(test, True):
                        out.append(n.When(test, self._site("when", stmt.site, stmt.span), stmt.span))
                case n.Choose(local, domain):
                    out.append(n.Choose(local, fold(domain, env, unroll=True), stmt.shown, stmt.span))
                case n.If(test):
                    test = fold(test, env, unroll=True)
                    if isinstance(test, n.Const):
                        branch = stmt.then if test.value else stmt.otherwise
                        return [*out, *self._run(branch, 0, env, self._rest(rest))]
                    if not self.escapes(stmt.then) and not self.escapes(stmt.otherwise):
                        out.append(self._joined(stmt, test, env))
                        continue
                    return [*out, self._split(stmt, test, env, self._rest(rest))]
                case n.For():
                    values = self._values(stmt, env)
                    if values is None:
                        inner = tuple(self._run(stmt.body, 0, env, self._join()))
                        out.append(replace(stmt, domain=fold(stmt.domain, env, unroll=True), body=inner))
                    elif self.escapes(stmt.body, in_loop=True):
                        return [*out, *self._round(stmt, values, 0, env, self._rest(rest))]
                    else:
                        out += self._round(stmt, values, 0, env, self._join())
                case Loop():
                    return [*out, *self._loop(stmt, env, self._rest(rest))]
                case Scope(inner):
                    if self.escapes(inner, in_scope=True):
                        return [*out, *self._run(inner, 0, env, self._frame("scope", stmt, 0, env, self._rest(rest)))]
                    out += self._run(inner, 0, env, self._frame("scope", stmt, 0, env, self._join()))
                case ClockGuard() | ClockSet() | ClockNote():
                    out += self.sites.marks(folded(stmt, env, fold_linear))
                case Yield():
                    return [*out, self._goto(stmt, env, self._rest(rest))]
                case Break() | Continue() | Leave():
                    return [*out, *self._leave(stmt, k)]
        return [*out, *self._resume(k)]

    def _timed(self, stmt: TStmt, env: dict[str, n.Expr], rest: tuple) -> tuple[TStmt, ...] | None:
        """A statement with a condition on clocks as branches, one on the clock of an index that is not known by cases;
        None for any other."""
        make: Callable[[], tuple[TStmt, ...] | None]
        match stmt:
            case n.When(test) if speaks(test):
                make = lambda: self.branching.required(fold(test, env, unroll=True), stmt.span)  # noqa: E731
            case n.If(test, then, otherwise) if speaks(test):
                make = lambda: self.branching.split(fold(test, env, unroll=True), then, otherwise, stmt.span)  # noqa: E731
            case n.Assign(target, value) if speaks(value):
                make = lambda: self.branching.stored(target, fold(value, env, unroll=True), stmt.span)  # noqa: E731
            case n.Assert(test) if speaks(test):
                fails = replace(stmt, test=n.Const(False, BOOL, stmt.span))
                make = lambda: self.branching.split(fold(test, env, unroll=True), (), (fails,), stmt.span)  # noqa: E731
            case ClockSet() | ClockNote():
                make = lambda: opened(folded(stmt, env, fold_linear))  # noqa: E731
            case _:
                return None
        k = self._rest(rest)
        return self.branching.made((id(stmt), id(k)), (stmt, k), make)

    def _count(self, stmt: TStmt) -> None:
        self.report.spend(stmt.span)
        self._size += 1
        if self._size > MAX_STEP:
            hint = "put a `yield` in between, or loop over less"
            raise self.report.error("P064", stmt.span, f"a step with more than {MAX_STEP} statements", hint)

    def _site(self, kind: str, site: int | None, span: Span) -> int | None:
        return self.guards.number(kind, span) if site == SOURCE_SITE else None

    def _rest(self, rest: tuple) -> Frame:
        body, index, env, k = rest
        return k if index == len(body) else self._frame("seq", body, index, env, k)

    def _join(self) -> Frame:
        """A frame of its own each time: what comes after it depends on where the common path is."""
        frame = Frame("join", None, 0, {}, None)
        self._joins.append(frame)
        return frame

    def _joined(self, stmt: n.If, test: n.Expr, env: dict[str, n.Expr]) -> n.If:
        then, otherwise = (self._branch(b, env, self._join(), stmt) for b in (stmt.then, stmt.otherwise))
        return n.If(test, then, otherwise, self._site("if", stmt.site, stmt.span), stmt.span)

    def _split(self, stmt: n.If, test: n.Expr, env: dict[str, n.Expr], k: Frame) -> n.If:
        then, otherwise = (self._branch(b, env, k, stmt) for b in (stmt.then, stmt.otherwise))
        separate = gotos(then) != gotos(otherwise) and not any(map(_changes_state, (then, otherwise)))
        if self.process and separate and _reads_shared(test):
            hint = "put the test behind the `yield`, if test and action are to be one step"
            self.report.note("N103", stmt.span, "this test decides the next label one step before it is used", hint)
        return n.If(test, then, otherwise, self._site("if", stmt.site, stmt.span), stmt.span)

    def _branch(self, body: tuple[TStmt, ...], env: dict[str, n.Expr], k: Frame, stmt: TStmt) -> tuple:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            hint = "put a `yield` in between, or let a helper or `any(...)` find what the loop looks for"
            raise self.report.error("P068", stmt.span, f"more than {MAX_DEPTH} branches, one inside the other", hint)
        found = tuple(self._run(body, 0, env, k))
        self._depth -= 1
        return found

    def _resume(self, k: Frame) -> list:
        match k.kind:
            case "end":
                return [Goto(DONE)] if self.process else []
            case "join":
                return []
            case "seq":
                return self._run(k.node, k.index, k.env, k.next)
            case "round":
                return self._round(k.node, k.values, k.index + 1, k.env, k.next)
            case "loop":
                return self._loop(k.node, k.env, k.next)
        return self._resume(k.next)

    def _leave(self, stmt: Break | Continue | Leave, k: Frame) -> list:
        wanted = ("scope",) if isinstance(stmt, Leave) else ("round", "loop")
        while k.kind not in wanted:
            if k.kind in ("end", "scope") or k.next is None:
                hint = "it belongs into a `for` or a `while`"
                raise self.report.error("P065", stmt.span, "a jump outside a loop", hint)
            k = k.next
        return self._resume(k if isinstance(stmt, Continue) else k.next)

    def _loop(self, stmt: Loop, env: dict[str, n.Expr], k: Frame) -> list:
        key = (id(stmt), id(k))
        if key in self._active:
            hint = "each round of a `while` must pass a `yield`; run a `for` over a type, or put a `yield` first"
            raise self.report.error("P066", stmt.span, "a round of this loop may pass no `yield`", hint)
        self._active.add(key)
        try:
            return self._run(stmt.body, 0, env, self._frame("loop", stmt, 0, env, k))
        finally:
            self._active.discard(key)

    def _goto(self, stop: Yield, env: dict[str, n.Expr], k: Frame) -> Goto:
        number = self._numbers.setdefault((id(stop), id(k)), len(self.places))
        if number == len(self.places):
            self.places.append(PlaceInfo(stop, k, env))
        return Goto(number)

    def escapes(self, body: tuple[TStmt, ...], *, in_loop: bool = False, in_scope: bool = False) -> bool:
        """Whether some way through the statements leaves the common path: it yields, chooses, or jumps out of them."""
        key = (id(body), in_loop, in_scope)
        if key not in self._escapes:
            self._escapes[key] = any(self._escaping(stmt, in_loop, in_scope) for stmt in body)
        return self._escapes[key]

    def _escaping(self, stmt: TStmt, in_loop: bool, in_scope: bool) -> bool:
        match stmt:
            case Yield() | n.Choose() | Loop():
                return True
            case n.If(test) | n.When(test) | n.Assert(test) | n.Assign(_, test) if self.sites.clocks and speaks(test):
                return True
            case Break() | Continue():
                return not in_loop
            case Leave():
                return not in_scope
            case n.If(_, then, otherwise):
                return any(self.escapes(side, in_loop=in_loop, in_scope=in_scope) for side in (then, otherwise))
            case n.For(_, _, inner):
                return self.escapes(inner, in_loop=True, in_scope=in_scope)
            case Scope(inner):
                return self.escapes(inner, in_scope=True)
        return False

    # --- loops over finite domains

    def _values(self, stmt: n.For, env: dict[str, n.Expr]) -> tuple[n.Const, ...] | None:
        """The values of the rounds of a loop that is unrolled (None values for the rounds of a sequence that is known
        at run time); None where it stays a loop."""
        domain = fold(stmt.domain, env, unroll=True)
        leaving = self.escapes(stmt.body) or self._measured(stmt.body)[1]
        if isinstance(domain, n.Const):
            found = members(domain)
            small = len(found) * self._measured(stmt.body)[0] <= UNROLL_STATEMENTS
            if leaving or small or isinstance(domain.type.of, TextType):
                return tuple(n.Const(v, domain.type.of, stmt.span) for v in found)
            return None
        if not leaving:
            return None
        if isinstance(domain.type, SeqType):
            return (n.Const(None, BOOL),) * domain.type.capacity
        if not is_scalar(domain.type.of):
            hint = "run over a type and test `in` inside"
            raise self.report.error("P067", stmt.span, f"a loop with steps over a set of {show(domain.type.of)}", hint)
        return tuple(n.Const(v, domain.type.of, stmt.span) for v in members(all_values(domain.type.of)))

    def _measured(self, body: tuple[TStmt, ...]) -> tuple[int, bool]:
        """The number of statements, and whether some of them set or note clocks."""
        found = self._measures.get(id(body))
        if found is None:
            inside = list(every(body))
            found = len(inside), any(isinstance(x, ClockSet | ClockNote) for x in inside)
            self._measures[id(body)] = found
        return found

    def _round(self, stmt: n.For, values: tuple[n.Const, ...], i: int, env: dict[str, n.Expr], k: Frame) -> list:
        if i == len(values):
            return self._resume(k)
        self._count(stmt)
        domain = fold(stmt.domain, env, unroll=True)
        if isinstance(domain, n.Const):
            inner = {**env, stmt.local.name: values[i]}
            return self._run(stmt.body, 0, inner, self._frame("round", stmt, i, env, k, values))
        head, test, inner = self._member(stmt, domain, values[i], env)
        frame = self._frame("round", stmt, i, env, k, values)
        taken = (*head, *self._branch(stmt.body, inner, frame, stmt))
        behind = k if isinstance(domain.type, SeqType) else frame  # an exhausted sequence stays so
        return [n.If(test, taken, self._branch((), env, behind, stmt), None, stmt.span)]

    def _member(self, stmt: n.For, domain: n.Expr, value: n.Const, env: dict[str, n.Expr]) -> tuple:
        """Of a loop over a set or sequence known at run time: what takes the next member out of what is left."""
        span, name = stmt.span, stmt.local.name
        if isinstance(domain.type, SeqType):
            length = n.Apply(Op.LENGTH, (domain,), IntType(0, domain.type.capacity), span)
            test = n.Apply(Op.GT, (length, n.Const(0, IntType(0, 0))), BOOL, span)
            take = n.Assign(stmt.local, n.Apply(Op.FIRST, (domain,), domain.type.of, span), span)
            return (take, n.Assign(domain, n.Apply(Op.REST, (domain,), domain.type, span), span)), test, env
        test = n.Apply(Op.IN, (value, domain), BOOL, span)
        left = n.Assign(domain, n.Apply(Op.WITHOUT, (domain, value), domain.type, span), span)
        return (left,), test, {**env, name: value}


def static_names(frame: Frame | None) -> tuple[tuple[str, Any, Type], ...]:
    """The loop variables that are known at a place, the outermost first: (name, value, type)."""
    found: list[tuple[str, Any, Type]] = []
    while frame is not None:
        if frame.kind == "round" and frame.values[frame.index].value is not None:
            value = frame.values[frame.index]
            name = frame.node.local.name.partition("$")[0]
            taken = {other for other, _, _ in found}
            while name in taken:
                name += "'"
            found.insert(0, (name, value.value, value.type))
        frame = frame.next
    return tuple(found)


def _changes_state(body: tuple) -> bool:
    """Whether some way assigns a variable: then the test and what it guards are one step."""
    for stmt in body:
        match stmt:
            case n.Assign(n.Local(name)) if name.startswith(SITE):
                return True
            case n.Assign(target) if any(isinstance(x, n.Variable) for x in walk(target)):
                return True
            case n.If(_, then, otherwise) if _changes_state((*then, *otherwise)):
                return True
    return False


def _reads_shared(test: n.Expr) -> bool:
    return any(isinstance(x, n.Variable) for x in walk(test))


def _changed_local(target: n.Lvalue) -> str:
    """The local of which a part is assigned; "" where it is a part of a variable. Its indices are only read."""
    match target:
        case n.Field(whole) | n.Element(whole):
            return _changed_local(whole)
        case n.Local(name):
            return name
    return ""


def _assigned_once(body: tuple[TStmt, ...], *, clocks: bool) -> set[str]:
    """Locals with one assignment in the text: their value, where constant, is known from there on."""
    seen: dict[str, int] = {}
    for stmt in every(body):
        match stmt:
            case n.Assign(n.Local(name), value) if clocks and speaks(value):  # it becomes one assignment in each branch
                seen[name] = seen.get(name, 0) + 2
            case n.Assign(n.Local(name)):
                seen[name] = seen.get(name, 0) + 1
            case n.Assign(target):
                name = _changed_local(target)
                seen[name] = seen.get(name, 0) + 2
            case Scope(_, _, str() as name):  # assigned inside, used behind: a walk forgets what it knew inside
                seen[name] = seen.get(name, 0) + 2
    return {name for name, count in seen.items() if count == 1}
