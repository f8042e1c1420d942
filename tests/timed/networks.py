"""Networks of timed automata as CORE models with a timing: the notation of TChecker in few lines, read for tests.

    int id 0 2 0                               a name, least, greatest, initial value; `int buffer[3] 1 3 1`: an array
    clock x1
    process P1
    location req | x1 <= 10                    the first of a process is initial; `committed`, `urgent` before the bar
    edge req wait tau | x1 <= 10 and id == 0 | x1 = 0; id = 1
    sync P1@go Gate@go1                        events that no sync names are steps of one process

An edge whose event starts with `now` is urgent.
A clock is set to a number or to `[low, high]`. Atoms of clocks are `x < 5`, `x == 5`, `x - y <= 3` and the like.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from itertools import product

from modelcheck.ir.nodes import (
    Action,
    Assign,
    Const,
    Element,
    Expr,
    Model,
    Place,
    Process,
    Stmt,
    Variable,
    VariableDecl,
    When,
)
from modelcheck.ir.ops import Op
from modelcheck.ir.timing import Atom, Bound, ClockDecl, ClockSite, Constrain, Deadline, Reset, Timing
from modelcheck.ir.types import ArrayType, IntType
from tests.models import action, apply, both, cast, element, equal, integer, model

COMPARE = {ast.Eq: Op.EQ, ast.NotEq: Op.NE, ast.Lt: Op.LT, ast.LtE: Op.LE, ast.Gt: Op.GT, ast.GtE: Op.GE}
ARITHMETIC = {ast.Add: Op.ADD, ast.Sub: Op.SUB, ast.Mult: Op.MUL, ast.Mod: Op.MOD}


@dataclass
class Location:
    name: str
    invariant: str
    committed: bool
    urgent: bool


@dataclass
class Edge:
    source: int
    target: int
    event: str
    guard: str
    do: str


@dataclass
class Automaton:
    name: str
    locations: list[Location] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def at(self, name: str) -> int:
        return [x.name for x in self.locations].index(name)


@dataclass
class Network:
    text: str
    dense: bool = True
    clocks: list[str] = field(default_factory=list)
    ints: dict[str, VariableDecl] = field(default_factory=dict)
    initial: list[int] = field(default_factory=list)
    processes: list[Automaton] = field(default_factory=list)
    syncs: list[list[tuple[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for line in filter(None, map(str.strip, self.text.splitlines())):
            head, *parts = (p.strip() for p in line.split("|"))
            kind, *words = head.split()
            getattr(self, f"_{kind}")(words, parts)

    def _int(self, words: list[str], _: list[str]) -> None:
        name, lo, hi, start = words[0], *map(int, words[1:])
        t = IntType(lo, hi)
        if "[" in name:
            name, size = name.rstrip("]").split("[")
            t = ArrayType(IntType(0, int(size) - 1), t)
        self.ints[name] = VariableDecl(name, t)
        self.initial.append(start)

    def _clock(self, words: list[str], _: list[str]) -> None:
        self.clocks += words

    def _process(self, words: list[str], _: list[str]) -> None:
        self.processes.append(Automaton(words[0]))

    def _location(self, words: list[str], parts: list[str]) -> None:
        place = Location(words[0], parts[0] if parts else "", "committed" in words, "urgent" in words)
        self.processes[-1].locations.append(place)

    def _edge(self, words: list[str], parts: list[str]) -> None:
        p = self.processes[-1]
        guard, do = (*parts, "", "")[:2]
        p.edges.append(Edge(p.at(words[0]), p.at(words[1]), words[2], guard, do))

    def _sync(self, words: list[str], _: list[str]) -> None:
        self.syncs.append([(w.split("@")[0], w.split("@")[1]) for w in words])

    # --- to a model ---

    def variable(self, name: str) -> Variable:
        index = list(self.ints).index(name) + len(self.processes)
        return Variable(index, self.ints[name].type)

    def place(self, process: int) -> Variable:
        return Variable(process, IntType(0, max(1, len(self.processes[process].locations) - 1)))

    def expr(self, e: ast.expr) -> Expr:
        match e:
            case ast.Constant(int(value)):
                return integer(value)
            case ast.Name(name):
                return self.variable(name)
            case ast.Subscript(ast.Name(name), index):
                return self.element(name, index)
            case ast.BinOp(left, op, right):
                return apply(ARITHMETIC[type(op)], self.expr(left), self.expr(right))
            case ast.Compare(left, [op], [right]):
                return apply(COMPARE[type(op)], self.expr(left), self.expr(right))
        raise ValueError(ast.dump(e))

    def element(self, name: str, index: ast.expr) -> Element:
        array = self.variable(name)
        assert isinstance(array.type, ArrayType)
        return element(array, cast(self.expr(index), array.type.index))

    def clocks_of(self, e: ast.expr) -> tuple[int, int] | None:
        """(left, right) where the expression is a clock or a difference of two."""
        match e:
            case ast.Name(name) if name in self.clocks:
                return self.clocks.index(name) + 1, 0
            case ast.BinOp(ast.Name(a), ast.Sub(), ast.Name(b)) if a in self.clocks:
                return self.clocks.index(a) + 1, self.clocks.index(b) + 1
        return None

    def conjunction(self, text: str) -> tuple[list[Expr], list[Atom]]:
        """What a guard or an invariant says of variables, and of clocks."""
        if not text:
            return [], []
        tree = ast.parse(text, mode="eval").body
        tests, atoms = [], []
        for part in tree.values if isinstance(tree, ast.BoolOp) else [tree]:
            assert isinstance(part, ast.Compare), text
            sides = self.clocks_of(part.left)
            if sides is None:
                tests.append(self.expr(part))
            else:
                limit = int(eval(compile(ast.Expression(part.comparators[0]), "", "eval")))
                atoms += atoms_of(*sides, type(part.ops[0]), limit)
        return tests, atoms

    def statements(self, text: str) -> tuple[list[Stmt], list[Reset]]:
        assigned, resets = [], []
        for s in ast.parse(text).body:
            assert isinstance(s, ast.Assign)
            match s.targets[0], s.value:
                case ast.Name(name), value if name in self.clocks:
                    low, high = (
                        ast.literal_eval(x) for x in (value.elts if isinstance(value, ast.List) else [value] * 2)
                    )
                    resets.append(Reset(self.clocks.index(name) + 1, Bound(low), Bound(high)))
                case ast.Name(name), value:
                    v = self.variable(name)
                    assigned.append(Assign(v, cast(self.expr(value), v.type)))
                case ast.Subscript(ast.Name(name), index), value:
                    target = self.element(name, index)
                    assigned.append(Assign(target, cast(self.expr(value), target.type)))
        return assigned, resets

    def steps(self) -> list[list[tuple[int, Edge]]]:
        """Edges that are taken together: those of each sync, then those of single processes."""
        index = {p.name: i for i, p in enumerate(self.processes)}
        found: list[list[tuple[int, Edge]]] = []
        for sync in self.syncs:
            choices = [[(index[p], e) for e in self.processes[index[p]].edges if e.event == event] for p, event in sync]
            found += [list(together) for together in product(*choices)]
        named = {pair for sync in self.syncs for pair in sync}
        alone = [[(i, e)] for i, p in enumerate(self.processes) for e in p.edges if (p.name, e.event) not in named]
        return found + alone

    def action_of(self, step: list[tuple[int, Edge]]) -> tuple[Action, tuple[ClockSite, ...]]:
        body: list[Stmt] = [When(equal(self.place(i), Const(e.source, self.place(i).type))) for i, e in step]
        sites: list[ClockSite] = []
        for _, e in step:
            tests, atoms = self.conjunction(e.guard)
            body += [When(t) for t in tests]
            sites += [ClockSite(Constrain(a), None) for a in atoms]
        for i, e in step:
            assigned, resets = self.statements(e.do)
            body += [*assigned, Assign(self.place(i), Const(e.target, self.place(i).type))]
            sites += [ClockSite(r, None) for r in resets]
        owner = max(step, key=self._priority)[0]
        label = " ".join(f"{self.processes[i].name}.{e.event}" for i, e in step)
        return action(label, *body, process=owner), tuple(sites)

    def _priority(self, part: tuple[int, Edge]) -> tuple[bool, bool]:
        """Of those who take a step together, it counts as that of one at a committed location, else with clocks."""
        process, e = part
        _, atoms = self.conjunction(e.guard)
        return self.processes[process].locations[e.source].committed, bool(atoms or self.statements(e.do)[1])

    def model(self) -> Model:
        predicates: list[Expr] = []

        def predicate(e: Expr) -> int:
            predicates.append(e)
            return len(predicates) - 1

        deadlines, committed, urgent = [], [], []
        for i, p in enumerate(self.processes):
            for number, place in enumerate(p.locations):
                here = equal(self.place(i), Const(number, self.place(i).type))
                deadlines += [Deadline(predicate(here), a) for a in self.conjunction(place.invariant)[1]]
                committed += [(predicate(here), i)] if place.committed else []
                urgent += [predicate(here)] if place.urgent else []
        steps = self.steps()
        built = [self.action_of(step) for step in steps]
        hurried = frozenset(i for i, step in enumerate(steps) if any(e.event.startswith("now") for _, e in step))
        decls = [
            *(VariableDecl(p.name, self.place(i).type, "place", i) for i, p in enumerate(self.processes)),
            *self.ints.values(),
        ]
        start = [Assign(self.place(i), Const(0, self.place(i).type)) for i in range(len(self.processes))]
        for v, value in zip(self.ints, self.initial):
            t = self.ints[v].type
            natural = (
                (value,) * (t.index.hi + 1) if isinstance(t, ArrayType) and isinstance(t.index, IntType) else value
            )
            start.append(Assign(self.variable(v), Const(natural, t)))
        processes = [
            Process(p.name, (), tuple(Place(x.name, x.name) for x in p.locations), i, 0)
            for i, p in enumerate(self.processes)
        ]
        timing = Timing(
            tuple(ClockDecl(c) for c in self.clocks), tuple(sites for _, sites in built), frozenset(), (),
            tuple(deadlines), tuple(urgent), tuple(committed), hurried, dense=self.dense,
        )  # fmt: skip
        plain = model("network", decls, start, [a for a, _ in built], processes=processes)
        return replace(plain, predicates=tuple(predicates), timing=timing)

    def places(self, **where: str) -> Expr:
        """That processes stand at locations."""
        index = {p.name: i for i, p in enumerate(self.processes)}
        tests = [
            equal(self.place(index[p]), Const(self.processes[index[p]].at(at), self.place(index[p]).type))
            for p, at in where.items()
        ]
        return both(*tests) if len(tests) > 1 else tests[0]


def atoms_of(left: int, right: int, relation: type, limit: int) -> list[Atom]:
    upper = [Atom(left, right, Bound(limit), relation is ast.Lt)]
    lower = [Atom(right, left, Bound(-limit), relation is ast.Gt)]
    return upper if relation in (ast.Lt, ast.LtE) else lower if relation in (ast.Gt, ast.GtE) else upper + lower
