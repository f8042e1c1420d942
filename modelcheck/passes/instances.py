"""Gives one process instance its variables, and its steps their last form.

Locals that live from step to step become variables, with their initial value wherever they are not live; all others
stay names within their step. The end of a step assigns the place variable and resets what has died. A process that
stays at labels for some time has a clock of its own, which is reset where it comes to one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Iterator

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, IntType, Type, is_state
from modelcheck.passes.binders import settled
from modelcheck.passes.clock_sums import minus
from modelcheck.passes.context import Declared
from modelcheck.passes.dependencies import Body, assigned, gotos, live_locals
from modelcheck.passes.processes import DONE
from modelcheck.passes.simplify import fold_body
from modelcheck.passes.sizes import least
from modelcheck.passes.spec import Family
from modelcheck.passes.typed import Goto, Linear, walk

if TYPE_CHECKING:
    from modelcheck.passes.lower import Builder

Stay = tuple[Linear, Linear | None] | None  # how long at a place, at least and at most


@dataclass(frozen=True, slots=True)
class StayAt:
    """Where `at` holds, the clock is at most `high`; None: as long as it likes."""

    clock: int
    at: n.Expr
    high: Linear | None
    span: Span | None


@dataclass(slots=True)
class Timed:
    """What steps and places say of time, for `clock_model`."""

    stays: list[StayAt] = field(default_factory=list)
    urgent: list[n.Expr] = field(default_factory=list)
    committed: list[tuple[n.Expr, int]] = field(default_factory=list)
    urgent_actions: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Instance:
    """One process instance, cut into steps: bodies by place, its declared locals by fresh name."""

    family: Family
    args: tuple[tuple[str, Any, Type], ...]
    places: list[n.Place]
    bodies: list[Body]
    prologue: Body
    declared: dict[str, Declared]
    stays: list[Stay]
    urgency: list[str | None]


class Lowering:
    """Gives one process instance its variables, and its actions their last form."""

    def __init__(self, builder: Builder, i: Instance, number: int):
        self.builder, self.i, self.number = builder, i, number
        self.live = live_locals(i.bodies)
        self.places = list(i.places)
        self.span = i.family.member.function.span
        self.names = {fresh: declared.name for fresh, declared in i.declared.items()}
        if any(DONE in gotos(b) for b in (*i.bodies, i.prologue)):
            self.places.append(n.Place("done", "done", "done", span=self.span))
        self.title = n.Process(i.family.name, i.args, (), None, 0).title
        self.place: n.Variable | None = None
        if len(self.places) > 1:
            self.place = self._variable(self.title, IntType(0, len(self.places) - 1), "place")
        self.stored = self._stored()
        self.clock = builder.sites.stay(self.title) if any(i.stays) else None
        self._waiting()

    def _waiting(self) -> None:
        """What the places say of time: bounds of stays, and where none passes."""
        timed = self.builder.timed
        for k, (stay, urgency) in enumerate(zip(self.i.stays, self.i.urgency)):
            if stay is not None and self.clock is not None:
                timed.stays.append(StayAt(self.clock, self._at(k), stay[1], self.places[k].span))
            if urgency == "urgent":
                timed.urgent.append(self._at(k))
            elif urgency == "committed":
                timed.committed.append((self._at(k), self.number))

    def _at(self, k: int) -> n.Expr:
        if self.place is None:
            return n.Const(True, BOOL)
        return n.Apply(Op.EQ, (self.place, n.Const(k, self.place.type)), BOOL, self.places[k].span)

    def _stayed(self, k: int) -> list[n.Stmt]:
        """The beginning of a step: its process has stayed long enough."""
        stay = self.i.stays[k]
        if stay is None or self.clock is None or stay[0] == Linear():
            return []
        return self.builder.sites.mark("constrain", (0, self.clock), (minus(stay[0]),), self.places[k].span)

    def actions(self) -> list[n.Action]:
        """The steps; the process itself, and its initial values, are added to the builder."""
        start = next(iter(gotos(self.i.prologue)), DONE) % len(self.places)
        initial = [(self.place, n.Const(start, self.place.type))] if self.place is not None else []
        self.builder.initial += [n.Assign(v, value) for v, value in (*initial, *self.stored.values())]
        places = tuple(
            replace(p, live=tuple(sorted(map(self._source, live)))) for p, live in zip(self.places, [*self.live, ()])
        )
        shown = tuple((self._source(x), v.index) for x, (v, _) in self.stored.items())
        family, index = self.i.family, None if self.place is None else self.place.index
        self.builder.processes.append(
            n.Process(family.name, self.i.args, places, index, start, shown, family.fairness, self.span)
        )
        own = {d.name: self.stored[x][0].index for x, d in self.i.declared.items() if d.own and x in self.stored}
        self.builder.resolver.locals.append(own)
        return [self._step(k) for k in range(len(self.i.bodies))]

    def _source(self, fresh: str) -> str:
        """What a local is called in the source."""
        return self.names.get(fresh, fresh.partition("$")[0])

    def _variable(self, name: str, t: Type, kind: Any, span: Span | None = None) -> n.Variable:
        variables = self.builder.variables
        variables.append(n.VariableDecl(name, t, kind, self.number, span))
        return n.Variable(len(variables) - 1, t, span)

    def _stored(self) -> dict[str, tuple[n.Variable, n.Const]]:
        """Locals that live at some place: fresh name -> (variable, initial value)."""
        types = {x.name: x for body in self.i.bodies for stmt in body for x in _locals(stmt)}
        stored: dict[str, tuple[n.Variable, n.Const]] = {}
        taken: set[str] = set()
        for name in sorted(frozenset().union(*self.live)):
            local = types[name]
            if not is_state(local.type):
                hint = "declare the local with an Enum that has these strings: `x = Phase(init=...)`"
                message = f"`{self._source(name)}` is a string that lives from step to step"
                self.builder.world.report.error("T015", local.span or self.span, message, hint)
                continue
            source = name if self._source(name) in taken else self._source(name)
            taken.add(source)
            declared = self.i.declared.get(name)
            init = declared.initial if declared else n.Const(least(local.type), local.type)
            stored[name] = (self._variable(f"{self.title}.{source}", local.type, "local", local.span), init)
        return stored

    def _step(self, k: int) -> n.Action:
        body, place = (*self._stayed(k), *self.i.bodies[k]), self.places[k]
        kept = self.live[k].union(*(self.live[t] for t in gotos(body) if t != DONE)) & self.stored.keys()
        dying = frozenset(kept & (self.live[k] | assigned(body)))
        env = {name: self.stored[name][0] for name in kept}
        body = fold_body(settled(self._ended(body, k, dying), env))
        fairness = None if place.plain in self.i.family.unfair else self.i.family.fairness
        at = None if self.place is None else k
        return n.Action(place.label, body, self.number, at, place.static, fairness, span=place.span)

    def _ended(self, body: Body, here: int, dying: frozenset[str]) -> tuple[n.Stmt, ...]:
        """The step with what its end does: it moves the process, and resets the locals that die."""
        out: list[n.Stmt] = []
        for stmt in body:
            match stmt:
                case Goto(place):
                    alive = self.live[place] if place != DONE else frozenset()
                    out += [n.Assign(*self.stored[x]) for x in sorted(dying - alive)]
                    if self.clock is not None and place != DONE and self.i.stays[place] is not None:
                        out += self.builder.sites.mark("reset", (self.clock,), (Linear(), Linear()), self.span)
                    if self.place is not None and place != here:
                        out.append(n.Assign(self.place, n.Const(place % len(self.places), self.place.type)))
                case n.If(_, then, otherwise):
                    sides = (self._ended(side, here, dying) for side in (then, otherwise))
                    out.append(n.If(stmt.test, *sides, stmt.site, stmt.span))
                case _:
                    out.append(stmt)
        return tuple(out)


def _locals(stmt: n.Stmt | Goto) -> Iterator[n.Local]:
    match stmt:
        case Goto():
            return
        case n.If(test, then, otherwise):
            yield from (x for x in walk(test) if isinstance(x, n.Local))
            for inner in (*then, *otherwise):
                yield from _locals(inner)
        case n.For(_, domain, inner):
            yield from (x for x in walk(domain) if isinstance(x, n.Local))
            for part in inner:
                yield from _locals(part)
        case _:
            yield from (x for x in walk(stmt) if isinstance(x, n.Local))
