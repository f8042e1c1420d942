"""How far the values of clocks have to be told apart: for each discrete state, lower and upper bounds of each clock.

The lower bound of a clock is the greatest c of the comparisons x > c and x >= c that may still be made before it is
set, the upper bound that of x < c and x <= c; NEVER where there is none, INFINITY where it is compared with another
clock. They are found before the search, from the bodies of the actions: in each process backward from the places where
a comparison is made, through the steps that do not set the clock. A comparison is made at a place of the clock's home,
the process without which it is never mentioned, or of the process that makes it; one that is made at no place of any
process counts everywhere. A state's bounds are the greatest of those of the places where its processes stand. Source:
Behrmann, Bouyer, Fleury and Larsen, "Static guard analysis in timed automata verification", TACAS 2003.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Action, Apply, Assign, Const, Expr, For, If, Logic, Model, Stmt, Variable, When, walk
from modelcheck.ir.ops import Op
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Reset, TimedProperty, Timing
from modelcheck.ir.types import IntType, cardinality
from modelcheck.system import States
from modelcheck.timed.dbm import INFINITY, NEVER

MOST_PATHS = 256  # ways through a body that are told apart
Demands = dict[int, frozenset[int]]  # place variable -> where it must stand


@dataclass(frozen=True, slots=True)
class _Path:
    """A way through a body. needed: where processes stand before; moved: place variable -> where to, None: anywhere;
    flags: what is certainly executed; perhaps: what may be."""

    needed: frozenset[tuple[int, frozenset[int]]] = frozenset()
    moved: frozenset[tuple[int, int | None]] = frozenset()
    flags: frozenset[int] = frozenset()
    perhaps: frozenset[int] = frozenset()


def demands(expr: Expr, places: frozenset[int]) -> Demands:
    """Where processes must stand for the expression to be true, as far as its shape tells."""
    match expr:
        case Apply(Op.CAST, (inner,)):
            return demands(inner, places)
        case Apply(Op.EQ, (Variable(v), Const(value))) | Apply(Op.EQ, (Const(value), Variable(v))) if v in places:
            return {v: frozenset([value])}
        case Apply(Op.IN, (Variable(v), Const(value))) if v in places:
            return {v: frozenset(value)}
        case Logic("and", args):
            return _all_of(demands(a, places) for a in args)
        case Logic("or", args):
            parts = [demands(a, places) for a in args]
            return {v: frozenset().union(*(p[v] for p in parts)) for v in parts[0] if all(v in p for p in parts)}
    return {}


def _all_of(parts: Iterable[Demands]) -> Demands:
    together: Demands = {}
    for part in parts:
        for v, where in part.items():
            together[v] = together.get(v, where) & where
    return together


@dataclass(frozen=True, slots=True)
class _Reader:
    """Follows bodies as far as they concern places and registers."""

    places: frozenset[int]
    registers: frozenset[int]

    def through(self, paths: frozenset[_Path], body: Sequence[Stmt]) -> frozenset[_Path]:
        for statement in body:
            match statement:
                case When(test):
                    paths = frozenset(self.needing(p, test) for p in paths)
                case If(test, then, otherwise):
                    into = frozenset(self.needing(p, test) for p in paths)
                    paths = self.through(into, then) | self.through(paths, otherwise)
                case Assign(Variable(v), value):
                    paths = frozenset(self.assigned(p, v, value) for p in paths)
                case For(_, _, inner):
                    paths = frozenset(self.loosely(p, inner) for p in paths)
            if len(paths) > MOST_PATHS:
                paths = frozenset([_merged(paths)])
        return paths

    def needing(self, path: _Path, test: Expr) -> _Path:
        """The path where a test is true: of places, as far as they have not been left."""
        moved = {v for v, _ in path.moved}
        new = {v: where for v, where in demands(test, self.places).items() if v not in moved}
        return replace(path, needed=frozenset(_all_of([dict(path.needed), new]).items())) if new else path

    def assigned(self, path: _Path, v: int, value: Expr) -> _Path:
        if v in self.places:
            to = value.value if isinstance(value, Const) else None
            return replace(path, moved=frozenset({**dict(path.moved), v: to}.items()))
        if v not in self.registers:
            return path
        if isinstance(value, Const) and value.value is True:
            return replace(path, flags=path.flags | {v})
        return replace(path, perhaps=path.perhaps | {v})

    def loosely(self, path: _Path, body: Sequence[Stmt]) -> _Path:
        """The path after statements that are executed any number of times."""
        nodes = [n for s in body for n in walk(s)]
        targets = {n.target.index for n in nodes if isinstance(n, Assign) and isinstance(n.target, Variable)}
        moved = {**dict(path.moved), **{v: None for v in targets & self.places}}
        return replace(path, moved=frozenset(moved.items()), perhaps=path.perhaps | (targets & self.registers))


def _merged(paths: frozenset[_Path]) -> _Path:
    """One path that stands for all: what only some of them do is uncertain."""
    needs = [dict(p.needed) for p in paths]
    common = {v: frozenset().union(*(n[v] for n in needs)) for v in needs[0] if all(v in n for n in needs)}
    moves = [dict(p.moved) for p in paths]
    first = moves[0]
    moved = {v: first[v] if all(m.get(v, -1) == first.get(v) for m in moves) else None for m in moves for v in m}
    flags = frozenset.intersection(*(p.flags for p in paths))
    perhaps = frozenset().union(*(p.flags | p.perhaps for p in paths))
    return _Path(frozenset(common.items()), frozenset(moved.items()), flags, perhaps)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A clock against `lower` and `upper` bounds (NEVER: not), where the processes stand as needed."""

    clock: int
    lower: int
    upper: int
    needed: Demands
    process: int | None = None  # the place variable of the process that makes it


@dataclass(frozen=True, slots=True)
class _Edge:
    """Processes that stand as needed move, and `resets` are set."""

    needed: Demands
    moved: dict[int, int | None]
    resets: frozenset[int]
    process: int | None  # as of a comparison


class StaticBounds:
    """Bounds by place. params: an extent (least, greatest) for each parameter. properties: those that are checked."""

    def __init__(
        self, model: Model, timing: Timing, params: Sequence[tuple[int, int]], properties: Iterable[TimedProperty]
    ):
        self.model, self.timing, self.params = model, timing, params
        self.layout, self.clocks = Layout(model.variables), len(timing.clocks) + 1
        self.places = [i for i, v in enumerate(model.variables) if v.kind == "place" and isinstance(v.type, IntType)]
        self.edges: list[_Edge] = []
        self.comparisons: list[_Comparison] = []
        reader = _Reader(frozenset(self.places), timing.registers)
        for number, action in enumerate(model.actions):
            self._read(reader, action, timing.programs[number])
        self._read_predicates(properties)
        self.home = [self._home(x) for x in range(self.clocks)]
        shape = (2, self.clocks)
        self.everywhere = np.full(shape, NEVER, np.int64)
        self.everywhere[:, 0] = 0
        self.table = {v: np.full((cardinality(model.variables[v].type), *shape), NEVER, np.int64) for v in self.places}
        for comparison in self.comparisons:
            self._place(comparison)
        self._propagate()

    # --- reading the model ---

    def _read(self, reader: _Reader, action: Action, program: Sequence[ClockSite]) -> None:
        own = None if action.process is None else self.model.processes[action.process].variable
        start = _Path()
        if own is not None and action.place is not None:
            start = _Path(frozenset([(own, frozenset([action.place]))]))
        for path in reader.through(frozenset([start]), action.body):
            reset: set[int] = set()
            needed = dict(path.needed)
            for site in program:
                sure = site.flag is None or site.flag in path.flags
                if not sure and site.flag not in path.perhaps:
                    continue
                match site.op:
                    case Constrain(atom):
                        self.comparisons += [
                            replace(c, process=own) for c in self._compared(atom, needed) if c.clock not in reset
                        ]
                    case Reset(clock) if sure:
                        reset.add(clock)
            self.edges.append(_Edge(needed, dict(path.moved), frozenset(reset), own))

    def _read_predicates(self, properties: Iterable[TimedProperty]) -> None:
        tests = [(d.predicate, (d.atom,)) for d in self.timing.deadlines]
        tests += [case for p in properties for case in p.cases]
        for predicate, atoms in tests:
            needed = {} if predicate is None else demands(self.model.predicates[predicate], frozenset(self.places))
            self.comparisons += [c for atom in atoms for c in self._compared(atom, needed)]

    def _compared(self, atom: Atom, needed: Demands) -> list[_Comparison]:
        least, greatest = self._extent(atom.bound)
        if atom.left and atom.right:
            return [_Comparison(x, INFINITY, INFINITY, needed) for x in (atom.left, atom.right)]
        if atom.left:
            return [_Comparison(atom.left, NEVER, max(0, greatest), needed)]
        return [_Comparison(atom.right, max(0, -least), NEVER, needed)] if atom.right else []

    def _extent(self, bound: Bound) -> tuple[int, int]:
        parts = [(c * self.params[p][0], c * self.params[p][1]) for p, c in bound.params]
        if bound.register is not None:
            t = self.model.variables[bound.register].type
            parts.append((bound.factor * t.lo, bound.factor * t.hi) if isinstance(t, IntType) else (0, bound.factor))
        return bound.constant + sum(map(min, parts)), bound.constant + sum(map(max, parts))

    def _home(self, clock: int) -> int | None:
        """The process that takes part wherever the clock is compared or set, of several the one that most often does it
        itself: its place variable."""
        mentions: list[_Comparison | _Edge] = [c for c in self.comparisons if c.clock == clock]
        mentions += [e for e in self.edges if clock in e.resets]
        common = [v for v in self.places if mentions and all(v in m.needed for m in mentions)]
        return max(common, key=lambda v: sum(m.process == v for m in mentions), default=None)

    # --- bounds ---

    def _place(self, c: _Comparison) -> None:
        home = self.home[c.clock]
        at = next((v for v in (home, c.process, *c.needed) if v is not None and v in c.needed), None)
        new = (c.lower, c.upper)
        if at is None:
            self.everywhere[:, c.clock] = np.maximum(self.everywhere[:, c.clock], new)
            return
        for place in c.needed[at]:
            row = self.table[at][self._ordinal(at, place)]
            row[:, c.clock] = np.maximum(row[:, c.clock], new)

    def _ordinal(self, v: int, place: int) -> int:
        t = self.model.variables[v].type
        assert isinstance(t, IntType)
        return place - t.lo

    def _propagate(self) -> None:
        """Backward, until nothing changes."""
        steps = [step for e in self.edges for v, to in e.moved.items() for step in self._moves(e, v, to)]
        changed = True
        while changed:
            changed = False
            for table, sources, targets, kept in steps:
                flowing = table[targets].max(axis=0) if len(targets) else table[:0].sum(axis=0)
                for source in sources:
                    better = kept & (flowing > table[source])
                    if better.any():
                        table[source][better] = flowing[better]
                        changed = True

    def _moves(
        self, e: _Edge, v: int, to: int | None
    ) -> list[tuple[NDArray[np.int64], list[int], list[int], NDArray[np.bool_]]]:
        """The table, the places that the process may come from and go to, and the clocks that are not set."""
        if v not in self.table:
            return []
        table = self.table[v]
        everywhere = range(len(table))
        sources = [self._ordinal(v, p) for p in e.needed[v]] if v in e.needed else list(everywhere)
        targets = list(everywhere) if to is None else [self._ordinal(v, to)]
        kept = np.array([x not in e.resets for x in range(self.clocks)])
        return [(table, sources, targets, np.broadcast_to(kept, (2, self.clocks)))] if sources else []

    def of(self, rows: States, alive: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Lower and upper bounds: (n, 2, clocks). rows: discrete states, (n, width). alive: (n, clocks); a clock that
        is not has no bounds."""
        found = np.tile(self.everywhere, (len(rows), 1, 1))
        for v, table in self.table.items():
            np.maximum(found, table[bits(rows, self.layout.offsets[v], self.layout.sizes[v])], out=found)
        return np.where(alive[:, None, :], found, NEVER)


def bits(rows: States, offset: int, size: int) -> NDArray[np.int64]:
    """The pattern of a variable of up to 62 bits in each row."""
    word, shift = divmod(offset, 64)
    found = rows[:, word] >> np.uint64(shift) if size else np.zeros(len(rows), np.uint64)
    if shift + size > 64:
        found = found | rows[:, word + 1] << np.uint64(64 - shift)
    return (found & np.uint64((1 << size) - 1)).astype(np.int64)
