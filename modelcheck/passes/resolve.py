"""What waits for the last: where processes stand, when all have places; guards, when all folding is done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterable, Mapping

from modelcheck.ir import nodes as n
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, FormulaType, SetType, is_state
from modelcheck.passes.simplify import fold, fold_body
from modelcheck.passes.spec import LocalInfo, Spec
from modelcheck.passes.typed import PlaceTest, ProcessLocal, walk


@dataclass(slots=True)
class Resolver:
    """Replaces tests of where a process stands, and locals read from outside. `locals`: for each process the variables
    of the locals that it declares in its own text."""

    spec: Spec
    variables: list[n.VariableDecl]
    processes: list[n.Process] = field(default_factory=list)
    locals: list[dict[str, int]] = field(default_factory=list)

    def expr(self, e: n.Expr, *, unroll: bool) -> n.Expr:
        return fold(e, unroll=unroll, resolve=self._resolve)

    def body(self, body: tuple[n.Stmt, ...]) -> tuple[n.Stmt, ...]:
        waiting = any(isinstance(x, PlaceTest | ProcessLocal) for stmt in body for x in walk(stmt))
        return fold_body(body, resolve=self._resolve) if waiting else body

    def _resolve(self, e: n.Expr) -> n.Expr:
        match e:
            case PlaceTest(number, label):
                return self._place_test(number, label, e)
            case ProcessLocal(number, name):
                return self._local(number, name, e)
        return e

    def _place_test(self, number: int, label: str | None, e: PlaceTest) -> n.Expr:
        process = self.processes[number]
        wanted = frozenset(k for k in range(len(process.places)) if self.stands(number, k, label))
        if process.variable is None:
            return n.Const(bool(wanted), BOOL, e.span)
        t = self.variables[process.variable].type
        variable = n.Variable(process.variable, t, e.span, e.after)
        if len(wanted) == 1:
            return n.Apply(Op.EQ, (variable, n.Const(next(iter(wanted)), t)), BOOL, e.span)
        return n.Apply(Op.IN, (variable, n.Const(wanted, SetType(t))), BOOL, e.span) if wanted else n.Const(False, BOOL)

    def stands(self, number: int, k: int, label: str | None) -> bool:
        """Whether the place has the label, with the number of its call or without; None: whether it is `done`."""
        place = self.processes[number].places[k]
        if label is None or place.kind == "done":
            return label is None and place.kind == "done"
        return label in (place.plain, place.label)

    def _local(self, number: int, name: str, e: ProcessLocal) -> n.Expr:
        index = self.locals[number].get(name)
        if index is not None:
            return n.Variable(index, e.type, e.span, e.after)
        family = next(f for f in self.spec.families.values() if f.first <= number < f.first + len(f.instances))
        initial = family.locals[name]
        assert isinstance(initial, LocalInfo), "reported where it is read"
        return initial.initial[number - family.first]


# --- guards -----------------------------------------------------------------------------------------------------------


def with_guards_in_use(model: n.Model) -> n.Model:
    """The model without the guards that folding has removed, and the others numbered in order of the text."""
    bodies = [model.initial, *(a.body for a in model.actions)]
    places = [(g.span.source.path, g.span.line, g.span.column) for g in model.guards]
    used = sorted({site for body in bodies for site in _sites(body)}, key=lambda site: places[site])
    numbers = {old: new for new, old in enumerate(used)}
    actions = tuple(replace(a, body=_renumbered(a.body, numbers)) for a in model.actions)
    guards = tuple(model.guards[i] for i in used)
    return replace(model, initial=_renumbered(model.initial, numbers), actions=actions, guards=guards)


def _sites(body: Iterable[n.Stmt]) -> Iterable[int]:
    for stmt in body:
        match stmt:
            case n.If(_, then, otherwise, site):
                yield from () if site is None else (site,)
                yield from _sites((*then, *otherwise))
            case n.When(_, int(site)):
                yield site
            case n.For(_, _, inner):
                yield from _sites(inner)


def _renumbered(body: tuple[n.Stmt, ...], numbers: Mapping[int, int]) -> tuple[n.Stmt, ...]:
    out: list[n.Stmt] = []
    for stmt in body:
        match stmt:
            case n.If(_, then, otherwise, site):
                sides = {"then": _renumbered(then, numbers), "otherwise": _renumbered(otherwise, numbers)}
                stmt = replace(stmt, site=None if site is None else numbers[site], **sides)
            case n.When(_, int(site)):
                stmt = replace(stmt, site=numbers[site])
            case n.For(_, _, inner):
                stmt = replace(stmt, body=_renumbered(inner, numbers))
        out.append(stmt)
    return tuple(out)


# --- strings ----------------------------------------------------------------------------------------------------------


def strings(body: Iterable[n.Stmt | n.Expr]) -> Iterable[n.Expr]:
    """The expressions whose value is, or holds, a string that is not known before the search: no state has one."""
    known: dict[int, bool] = {}  # types are shared by many nodes
    for part in body:
        for x in walk(part):
            t = getattr(x, "type", BOOL)
            if id(t) not in known:
                known[id(t)] = isinstance(t, FormulaType) or is_state(t)
            if not known[id(t)] and not isinstance(x, n.Const):
                yield x
