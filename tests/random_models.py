"""Random small CORE models over the whole IR: every operator, node, statement and type, faults, choices and places.

`random_model(seed)` is a function of its seed alone (about a millisecond or two); `models()` is the Hypothesis
strategy that draws seeds. Every model passes `verify_core`. Spans are unique per model, so faults can be told apart by
theirs. Nothing promises that the state space is small: explore it with a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any, Callable

from hypothesis import strategies as st

from modelcheck.errors import Source, Span
from modelcheck.ir.nodes import (
    Action,
    Apply,
    Assert,
    Assign,
    Bind,
    Choose,
    Cond,
    Const,
    Construct,
    Element,
    Expr,
    Field,
    For,
    Guard,
    If,
    Local,
    Logic,
    Model,
    Place,
    Process,
    Property,
    Quantifier,
    Stmt,
    Variable,
    VariableDecl,
    When,
)
from modelcheck.ir.ops import OPS, Op, fits
from modelcheck.ir.types import (
    BOOL,
    INT64,
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    Type,
    cardinality,
    is_scalar,
    values,
)
from tests.models import read_by, written_by

SOURCE = Source("specs/random.py", "")
COLOUR = EnumType(("red", "green", "blue"), "Colour")
NODE = ScalarsetType(3, "Node")
FLAGS = RecordType("Flags", (("on", BOOL), ("level", IntType(0, 2))))
SCALARS: tuple[Type, ...] = (
    BOOL, IntType(0, 1), IntType(0, 3), IntType(-2, 2), IntType(5, 5), IntType(1, 4), COLOUR, NODE, OptionType(NODE),
    OptionType(IntType(0, 2)), EnumType(("only",)), ScalarsetType(1, "Lone"),
)  # fmt: skip
NUMBERS: tuple[Type, ...] = (
    IntType(0, 200), IntType(-100, 1000), IntType(0, 2**40), IntType(*INT64), IntType(-(2**63), 0),
    IntType(2**62, 2**63 - 1),
)  # fmt: skip
ELEMENTS: tuple[Type, ...] = (*SCALARS, IntType(0, 70), FLAGS, OptionType(BOOL), SetType(BOOL), SeqType(BOOL, 1))
MEMBERS: tuple[Type, ...] = (*ELEMENTS, *NUMBERS[:4], SetType(NODE), SeqType(IntType(0, 3), 2), OptionType(FLAGS))


def models() -> st.SearchStrategy[Model]:
    return st.integers(0, 2**32).map(random_model)


def random_model(seed: int) -> Model:
    return _Maker(Random(seed)).model()


@lru_cache(maxsize=None)
def _descents(t: Type) -> tuple[tuple[Type, tuple[str, ...]], ...]:
    """Every part of a value of the type: (its type, the fields, elements and items that lead there)."""
    found: list[tuple[Type, tuple[str, ...]]] = [(t, ())]
    match t:
        case RecordType(_, fields):
            parts = [("." + name, of) for name, of in fields]
        case ArrayType(_, of):
            parts = [("element", of)]
        case SeqType(of):
            parts = [("item", of)]
        case _:
            parts = []
    found += [(inner, (step, *chain)) for step, of in parts for inner, chain in _descents(of)]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What an expression may mention: `variables` by index, `locals`, and the next state in step predicates."""

    variables: tuple[int, ...]
    locals: tuple[Local, ...] = ()
    after: bool = False

    def with_(self, *more: Local) -> _Scope:
        return replace(self, locals=(*self.locals, *more))


class _Maker:
    def __init__(self, random: Random):
        self.random = random
        self.spans = 0
        self.names = 0
        self.free: dict[Type, list[str]] = {}  # names of locals whose scope has ended
        self.decls: list[VariableDecl] = []
        self.guards: list[Guard] = []

    # --- small things ---

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def pick(self, items: Any) -> Any:
        return items[self.random.randrange(len(items))]

    def span(self) -> Span:
        self.spans += 1
        return Span(SOURCE, self.spans, 0, self.spans, 1)

    def local(self, t: Type) -> Local:
        self.names += 1
        return Local(f"v{self.names}", t, self.span())

    def inner(self, t: Type) -> Local:
        """A local of an expression: now and then by the name of one that is out of scope."""
        free = self.free.get(t)
        return Local(free.pop(), t, self.span()) if free and self.chance(40) else self.local(t)

    def within(self, local: Local, t: Type | None, scope: _Scope, depth: int) -> Expr:
        """The body of a local of an expression, whose scope ends with it; None: an integer of any type."""
        scope = scope.with_(local)
        body = self.number(scope, depth) if t is None else self.expr(t, scope, depth)
        self.free.setdefault(local.type, []).append(local.name)
        return body

    def site(self, kind: Any) -> int | None:
        if self.chance(30):
            return None
        self.guards.append(Guard(kind, self.span()))
        return len(self.guards) - 1

    # --- types and values ---

    def type(self) -> Type:
        match self.random.randrange(10):
            case 0 | 1 | 2:
                return self.pick(SCALARS)
            case 3:
                return self.pick(NUMBERS)
            case 4:
                return SetType(self.pick(ELEMENTS))
            case 5:
                return SeqType(self.pick(MEMBERS), self.random.randint(1, 3))
            case 6:
                return OptionType(self.pick([t for t in MEMBERS if not isinstance(t, OptionType)]))
            case 7:
                return ArrayType(self.pick(SCALARS), self.pick(MEMBERS))
            case 8:
                names = [f"f{i}" for i in range(self.random.randint(1, 3))]
                return RecordType(f"R{self.random.randrange(10**9)}", tuple((n, self.pick(MEMBERS)) for n in names))
        return ArrayType(self.pick(SCALARS), SetType(self.pick(SCALARS)))

    def value(self, t: Type) -> Any:
        match t:
            case BoolType():
                return self.chance(50)
            case IntType(lo, hi):
                return self.pick((lo, hi, self.random.randint(lo, hi), self.random.randint(lo, hi)))
            case EnumType(literals):
                return self.pick(literals)
            case ScalarsetType(size):
                return self.random.randrange(size)
            case SetType(of):
                return frozenset(self.value(of) for _ in range(self.random.randint(0, 3)) if cardinality(of))
            case SeqType(of, capacity):
                return tuple(self.value(of) for _ in range(self.random.randint(0, capacity)))
            case OptionType(of):
                return None if self.chance(40) else self.value(of)
            case ArrayType(index, of):
                return tuple(self.value(of) for _ in range(cardinality(index)))
            case RecordType(_, fields):
                return tuple(self.value(of) for _, of in fields)
        raise TypeError(t)

    # --- expressions ---

    def apply(self, op: Op, *args: Expr, type: Type | None = None) -> Apply:
        exact = type if type is not None else OPS[op].rule(*(a.type for a in args))
        assert exact is not None, (op, args)
        if isinstance(exact, IntType) and type is None and op in _WIDENED and self.chance(15):
            exact = IntType(max(INT64[0], exact.lo - 1), min(INT64[1], exact.hi + 2))
        return Apply(op, args, exact, self.span())

    def cast(self, expr: Expr, to: Type) -> Expr:
        return expr if expr.type == to else self.apply(Op.CAST, expr, type=to)

    def parts(self, scope: _Scope, wanted: Callable[[Type], bool]) -> list[tuple[Expr, tuple[str, ...]]]:
        """The variables and locals with the ways into them that end at a wanted type."""
        roots: list[Expr] = [Variable(i, self.decls[i].type, self.span()) for i in scope.variables]
        roots += [replace(r, after=True) for r in roots] if scope.after else []
        roots += scope.locals
        return [(root, chain) for root in roots for t, chain in _descents(root.type) if wanted(t)]

    def follow(self, root: Expr, chain: tuple[str, ...], scope: _Scope, depth: int, target: bool = False) -> Expr:
        for step in chain:
            match root.type:
                case RecordType() as record:
                    root = Field(root, step[1:], dict(record.fields)[step[1:]], self.span())
                case ArrayType(index, of):
                    wide = isinstance(index, IntType) and self.chance(10)
                    root = Element(root, self.small(scope) if wide else self.expr(index, scope, depth), of, self.span())
                case SeqType(of) if target:
                    root = Element(root, self.small(scope), of, self.span())
                case SeqType():
                    root = self.apply(Op.ITEM, root, self.small(scope))
        return root

    def part(self, wanted: Callable[[Type], bool], scope: _Scope, depth: int) -> Expr | None:
        found = self.parts(scope, wanted)
        if not self.chance(20):  # an item of a sequence faults more often than not
            found = [(root, chain) for root, chain in found if "item" not in chain]
        return self.follow(*self.pick(found), scope, max(0, depth - 1)) if found else None

    def leaf(self, t: Type, scope: _Scope) -> Expr:
        found = self.part(lambda other: other == t, scope, 0) if self.chance(75) else None
        return found if found is not None else Const(self.value(t), t, self.span())

    def expr(self, t: Type, scope: _Scope, depth: int) -> Expr:
        """An expression of exactly that type."""
        if depth <= 0 or self.chance(15):
            return self.leaf(t, scope)
        match self.random.randrange(8):
            case 0:
                test = self.expr(BOOL, scope, depth - 1)
                then, otherwise = self.expr(t, scope, depth - 1), self.expr(t, scope, depth - 1)
                return Cond(test, then, otherwise, t, self.span())
            case 1:
                local = self.inner(self.any_type(scope))
                value = self.expr(local.type, scope, depth - 1)
                body = self.within(local, t, scope, depth - 1)
                return Bind(local, value, body, t, self.span())
            case 2 if (found := self.unwrapped(t, scope, depth)) is not None:
                return found
        return self.of_kind(t, scope, depth)

    def any_type(self, scope: _Scope) -> Type:
        """A type that something in scope has, most of the time."""
        found = self.parts(scope, lambda _: True) if self.chance(80) else []
        if not found:
            return self.pick(SCALARS)
        root, chain = self.pick(found)
        return next(t for t, way in _descents(root.type) if way == chain)

    def unwrapped(self, t: Type, scope: _Scope, depth: int) -> Expr | None:
        """A value out of an option or a sequence: GET, FIRST, LAST; each may fault."""
        wrapped = self.part(lambda o: isinstance(o, OptionType | SeqType) and o.of == t, scope, depth)
        if wrapped is None:
            return None
        return self.apply(Op.GET if isinstance(wrapped.type, OptionType) else self.pick((Op.FIRST, Op.LAST)), wrapped)

    def of_kind(self, t: Type, scope: _Scope, depth: int) -> Expr:
        match t:
            case BoolType():
                return self.boolean(scope, depth)
            case IntType():
                return self.fitted(self.number(scope, depth), t)
            case SetType():
                return self.set(t, scope, depth)
            case SeqType():
                return self.seq(t, scope, depth)
            case OptionType(of):
                if self.chance(60):
                    return self.apply(Op.SOME, self.expr(of, scope, depth - 1))
                return self.recast(t, scope, depth)
            case ArrayType():
                return self.array(t, scope, depth)
            case RecordType(_, fields):
                return Construct(tuple(self.expr(of, scope, depth - 1) for _, of in fields), t, self.span())
        return self.leaf(t, scope)

    def recast(self, t: Type, scope: _Scope, depth: int) -> Expr:
        """A CAST from a type of the same shape, if there is one in scope."""
        found = self.part(lambda o: o != t and _recastable(o, t), scope, depth)
        return self.cast(found, t) if found is not None else self.leaf(t, scope)

    def small(self, scope: _Scope) -> Expr:
        """An integer of a small interval that may lie outside whatever it indexes."""
        lo = self.random.randint(-1, 1)
        return self.fitted(self.number(scope, 0), IntType(lo, lo + self.random.randint(0, 4)), faults=0)

    def fitted(self, expr: Expr, t: IntType, faults: int = 10) -> Expr:
        """The integer brought into an interval: by a cast that may fault, or between two bounds."""
        if not fits(expr.type, t) and not self.chance(faults):
            lowest = self.apply(Op.MAX, expr, _integer(t.lo), type=None if faults else _max(expr.type, t.lo))
            expr = Apply(Op.MIN, (lowest, _integer(t.hi)), _within(lowest.type, t.hi), self.span())
        return self.cast(expr, t)

    def number(self, scope: _Scope, depth: int) -> Expr:
        """An integer of any type."""
        if depth <= 0:
            found = self.part(lambda o: isinstance(o, IntType), scope, 0) if self.chance(75) else None
            return found if found is not None else _integer(self.pick((-7, -1, 0, 1, 2, 3, 64, 2**63 - 1, -(2**63))))
        below = depth - 1
        match self.random.randrange(12):
            case 0 | 1 | 2 | 3 | 4:
                op = self.pick((Op.ADD, Op.SUB, Op.MUL, Op.FLOORDIV, Op.MOD, Op.MIN, Op.MAX))
                return self.apply(op, self.number(scope, below), self.number(scope, below))
            case 5 | 6:
                return self.apply(self.pick((Op.NEG, Op.ABS)), self.number(scope, below))
            case 7 if (found := self.part(lambda o: isinstance(o, SetType), scope, below)) is not None:
                return self.apply(Op.CARDINALITY, found)
            case 8 if (found := self.part(lambda o: isinstance(o, SeqType), scope, below)) is not None:
                return self.apply(Op.LENGTH, found)
            case 9 | 10:
                return self.aggregate(scope, below)
        return self.number(scope, 0)

    def aggregate(self, scope: _Scope, depth: int) -> Expr:
        domain, local, guard = self.domain(scope, depth)
        body = self.within(local, None, scope, depth)
        kind = self.pick(("sum", "min", "max"))
        t = body.type
        if kind == "sum":
            most = domain.type.capacity if isinstance(domain.type, SeqType) else cardinality(domain.type.of)
            t = IntType(max(INT64[0], min(0, t.lo * most)), min(INT64[1], max(0, t.hi * most)))
        return Quantifier(kind, local, domain, body, t, guard, self.span())

    def domain(self, scope: _Scope, depth: int) -> tuple[Expr, Local, Expr | None]:
        """A domain to loop over, the local for its members, and perhaps a guard."""
        found = self.part(lambda o: isinstance(o, SetType | SeqType), scope, depth) if self.chance(40) else None
        if found is None:
            t = SetType(self.pick(SCALARS))
            found = self.every(t.of) if self.chance(60) else self.expr(t, scope, depth)
        local = self.inner(found.type.of)
        return found, local, self.expr(BOOL, scope.with_(local), depth) if self.chance(35) else None

    def every(self, t: Type) -> Const:
        return Const(frozenset(values(t)), SetType(t), self.span())

    def boolean(self, scope: _Scope, depth: int) -> Expr:
        below = depth - 1
        match self.random.randrange(12):
            case 0:
                return self.apply(Op.NOT, self.expr(BOOL, scope, below))
            case 1 | 2:
                connective = self.pick(("and", "or", "implies"))
                count = 2 if connective == "implies" else self.random.randint(1, 3)
                return Logic(connective, tuple(self.expr(BOOL, scope, below) for _ in range(count)), self.span())
            case 3 | 4:
                t = self.any_type(scope)
                return self.apply(self.pick((Op.EQ, Op.NE)), self.expr(t, scope, below), self.expr(t, scope, below))
            case 5 | 6:
                op = self.pick((Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE))
                return self.apply(op, self.number(scope, below), self.number(scope, below))
            case 7 if (found := self.part(lambda o: isinstance(o, SetType), scope, below)) is not None:
                if self.chance(50):
                    return self.apply(Op.IN, self.expr(found.type.of, scope, below), found)
                return self.apply(self.pick((Op.SUBSET, Op.PROPER_SUBSET)), found, self.expr(found.type, scope, below))
            case 8 if (found := self.part(lambda o: isinstance(o, SeqType), scope, below)) is not None:
                return self.apply(Op.HOLDS, self.expr(found.type.of, scope, below), found)
            case 9 if (found := self.part(lambda o: isinstance(o, OptionType), scope, below)) is not None:
                return self.apply(Op.IS_NONE, found)
            case 10 | 11:
                domain, local, guard = self.domain(scope, below)
                body = self.within(local, BOOL, scope, below)
                return Quantifier(self.pick(("all", "any")), local, domain, body, BOOL, guard, self.span())
        return self.leaf(BOOL, scope)

    def set(self, t: SetType, scope: _Scope, depth: int) -> Expr:
        below = depth - 1
        match self.random.randrange(8):
            case 0 | 1:
                op = self.pick((Op.UNION, Op.INTERSECTION, Op.DIFFERENCE, Op.SYMMETRIC_DIFFERENCE))
                return self.apply(op, self.expr(t, scope, below), self.expr(t, scope, below))
            case 2 | 3:
                op = self.pick((Op.WITH, Op.WITH, Op.WITHOUT, Op.REMOVE))
                return self.apply(op, self.expr(t, scope, below), self.expr(t.of, scope, below))
            case 4:
                items = tuple(self.expr(t.of, scope, below) for _ in range(self.random.randint(0, 3)))
                return Construct(items, t, self.span())
            case 5:
                domain, local, guard = self.domain(scope, below)
                body = self.within(local, t.of, scope, below)
                return Quantifier("set", local, domain, body, t, guard, self.span())
            case 6 if isinstance(t.of, IntType):
                return self.cast(self.apply(Op.RANGE, self.small(scope), self.small(scope)), t)
        return self.recast(t, scope, depth)

    def seq(self, t: SeqType, scope: _Scope, depth: int) -> Expr:
        below = depth - 1
        match self.random.randrange(8):
            case 0 | 1:
                return self.apply(Op.APPEND, self.expr(t, scope, below), self.expr(t.of, scope, below))
            case 2:
                return self.apply(self.pick((Op.REST, Op.FRONT)), self.expr(t, scope, below))
            case 3 | 4:
                short = SeqType(t.of, self.random.randint(1, 2))
                return self.apply(Op.CONCAT, self.expr(t, scope, below), self.expr(short, scope, below), type=t)
            case 5:
                items = tuple(self.expr(t.of, scope, below) for _ in range(self.random.randint(0, t.capacity)))
                return Construct(items, t, self.span())
            case 6:
                domain, local, guard = self.domain(scope, below)
                body = self.within(local, t.of, scope, below)
                return Quantifier("seq", local, domain, body, t, guard, self.span())
        return self.recast(t, scope, depth)

    def array(self, t: ArrayType, scope: _Scope, depth: int) -> Expr:
        if self.chance(20):
            return self.recast(t, scope, depth)
        if self.chance(60):
            local = self.inner(t.index)
            body = self.within(local, t.of, scope, depth - 1)
            return Quantifier("array", local, self.every(t.index), body, t, None, self.span())
        items = tuple(self.expr(t.of, scope, depth - 1) for _ in range(cardinality(t.index)))
        return Construct(items, t, self.span())

    # --- statements ---

    def body(self, scope: _Scope, size: int, depth: int, choices: bool) -> tuple[list[Stmt], _Scope]:
        """Up to `size` statements; `choices` allows a Choose among them, and a last If that contains one."""
        body: list[Stmt] = []
        for _ in range(self.random.randint(1, size)):
            statement, scope = self.statement(scope, depth, choices)
            body.append(statement)
        if choices and depth > 0 and self.chance(25):
            body.append(self.branch(scope, depth, True))
        return body, scope

    def statement(self, scope: _Scope, depth: int, choices: bool) -> tuple[Stmt, _Scope]:
        match self.random.randrange(16):
            case 0 if self.chance(70):
                test = self.expr(BOOL, scope, 2)
                return When(test, self.site("when"), self.span()), scope
            case 1 if self.chance(30):
                return Assert(self.expr(BOOL, scope, 2), self.pick((None, "as assumed")), self.span()), scope
            case 2 | 3 if depth > 0:
                return self.branch(scope, depth, False), scope
            case 4 | 5 if depth > 0:
                domain, local, _ = self.domain(scope, 1)
                inner, _ = self.body(scope.with_(local), 2, depth - 1, False)
                return For(local, domain, tuple(inner), self.span()), scope
            case 6 | 7 if choices:
                t = SetType(self.pick(SCALARS))
                domain = self.every(t.of) if self.chance(40) else self.expr(t, scope, 1)
                local = self.local(t.of)
                return Choose(local, domain, local.name, self.span()), scope.with_(local)
            case 8:
                local = self.local(self.any_type(scope))
                return Assign(local, self.expr(local.type, scope, 2), self.span()), scope.with_(local)
        return self.assignment(scope), scope

    def assignment(self, scope: _Scope) -> Assign:
        found = [p for p in self.parts(replace(scope, after=False), lambda _: True) if not self.is_place(p[0])]
        found = [p for p in found if "item" not in p[1] or self.chance(20)]
        if not found:
            return Assign(self.local(BOOL), self.expr(BOOL, scope, 1), self.span())
        target = self.follow(*self.pick(found), scope, 1, target=True)
        return Assign(target, self.expr(target.type, scope, 2), self.span())

    def is_place(self, root: Expr) -> bool:
        return isinstance(root, Variable) and self.decls[root.index].kind == "place"

    def branch(self, scope: _Scope, depth: int, choices: bool) -> If:
        test = self.expr(BOOL, scope, 2)
        then, _ = self.body(scope, 2, depth - 1, choices)
        otherwise = self.body(scope, 2, depth - 1, choices)[0] if self.chance(50) else []
        return If(test, tuple(then), tuple(otherwise), self.site("if"), self.span())

    # --- models ---

    def model(self) -> Model:
        for i in range(self.pick((1, 2, 2, 3, 3, 4, 6))):
            self.decls.append(VariableDecl(f"x{i}", self.type(), span=self.span()))
        processes = tuple(self.process(i) for i in range(self.pick((0, 0, 1, 2))))
        everything = _Scope(tuple(range(len(self.decls))))
        initial = self.initial(processes)
        actions = [self.action(f"a{i}", everything) for i in range(self.random.randint(0 if processes else 2, 4))]
        for i, process in enumerate(processes):
            actions += self.steps(i, process, everything)
        self.random.shuffle(actions)
        predicates = tuple(self.expr(BOOL, everything, 3) for _ in range(self.random.randint(1, 4)))
        step = tuple(self.expr(BOOL, replace(everything, after=True), 3) for _ in range(self.random.randint(0, 2)))
        properties = [
            Property(f"p{i}", "reachable" if i == 0 else "invariant", e, predicate=i, span=self.span())
            for i, e in enumerate(predicates)
        ]
        properties += [
            Property(f"s{i}", "action_invariant", e, predicate=i, span=self.span()) for i, e in enumerate(step)
        ]
        return Model(
            "random", SOURCE.path, (), tuple(self.decls), initial, tuple(actions), processes, tuple(properties),
            predicates, step, tuple(self.guards),
        )  # fmt: skip

    def process(self, number: int) -> Process:
        kinds = ["step"] + [self.pick(("step", "idle")) for _ in range(self.random.randint(0, 2))]
        kinds += ["done"] if self.chance(50) else []
        places = tuple(Place(kind if kind == "done" else f"l{i}", f"l{i}", kind) for i, kind in enumerate(kinds))
        variable = None
        if len(places) > 1:
            variable = len(self.decls)
            place_type = IntType(0, len(places) - 1)
            self.decls.append(VariableDecl(f"process{number}.place", place_type, "place", number, self.span()))
        return Process(f"process{number}", (), places, variable, 0, span=self.span())

    def initial(self, processes: tuple[Process, ...]) -> tuple[Stmt, ...]:
        body: list[Stmt] = []
        for i, decl in enumerate(self.decls):
            scope, target = _Scope(tuple(range(i))), Variable(i, decl.type, self.span())
            if decl.kind == "place":
                body.append(Assign(target, Const(0, decl.type), self.span()))
            elif is_scalar(decl.type) and cardinality(decl.type) <= 4 and self.chance(30):
                local = self.local(decl.type)
                body.append(Choose(local, self.every(decl.type), decl.name, self.span()))
                body.append(Assign(target, local, self.span()))
            else:
                value = self.expr(decl.type, scope, 1) if self.chance(20) else Const(self.value(decl.type), decl.type)
                body.append(Assign(target, value, self.span()))
        if self.chance(15):
            body.append(When(self.expr(BOOL, _Scope(tuple(range(len(self.decls)))), 1), None, self.span()))
        return tuple(body)

    def action(self, label: str, scope: _Scope, tail: tuple[Stmt, ...] = (), **more: Any) -> Action:
        body, _ = self.body(scope, 3, 2, choices=not tail)
        whole = (*body, *tail)
        return Action(label, whole, reads=read_by(whole), writes=written_by(whole), span=self.span(), **more)

    def steps(self, number: int, process: Process, scope: _Scope) -> list[Action]:
        """One action for each place but the last "done", which ends by going somewhere."""
        actions: list[Action] = []
        for place, where in enumerate(process.places):
            if where.kind == "done":
                continue
            moves: tuple[Stmt, ...] = ()
            if process.variable is not None:
                place_type = self.decls[process.variable].type
                target = Variable(process.variable, place_type)
                there = [(Assign(target, Const(self.value(place_type), place_type), self.span()),) for _ in range(2)]
                test = self.expr(BOOL, scope, 1)
                moves = (If(test, there[0], there[1], self.site("if"), self.span()),) if self.chance(40) else there[0]
            actions.append(self.action(where.label, scope, moves, process=number, place=place))
        return actions


_WIDENED = {
    Op.ADD, Op.SUB, Op.MUL, Op.FLOORDIV, Op.MOD, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.LENGTH, Op.CARDINALITY,
}  # fmt: skip


def _integer(value: int) -> Const:
    return Const(value, IntType(value, value))


def _max(t: IntType, lo: int) -> IntType:
    return IntType(max(t.lo, lo), max(t.hi, lo))


def _within(t: IntType, hi: int) -> IntType:
    return IntType(min(t.lo, hi), min(t.hi, hi))


def _recastable(a: Type, b: Type) -> bool:
    match a, b:
        case IntType(), IntType():
            return True
        case (SetType(x), SetType(y)) | (OptionType(x), OptionType(y)) | (SeqType(x), SeqType(y)):
            return x == y or _recastable(x, y)
        case ArrayType(i, x), ArrayType(j, y):
            return i == j and (x == y or _recastable(x, y))
    return False
