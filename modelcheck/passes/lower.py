"""Builds the CORE model of a spec: its processes and actions typed, cut into steps and numbered.

Locals that live from step to step become variables, with their initial value wherever they are not live; all others
stay names within their step. The end of a step assigns the place variable and resets what has died.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Iterator

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.types import (
    ArrayType,
    IntType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    Type,
    is_state,
    show,
    values,
)
from modelcheck.passes import declarations, inline, statements
from modelcheck.passes.binders import settled
from modelcheck.passes.context import (
    Bad,
    Binding,
    ClassInfo,
    Declared,
    Member,
    Place,
    SpecSelf,
    Value,
    kind_of,
)
from modelcheck.passes.dependencies import Body, assigned, gotos, live_locals
from modelcheck.passes.names import World
from modelcheck.passes.processes import DONE, Guards, Walker, static_names
from modelcheck.passes.resolve import Resolver
from modelcheck.passes.simplify import all_values, fold_body
from modelcheck.passes.sizes import least
from modelcheck.passes.spec import MAX_INSTANCES, ActionDef, Family, Spec, action
from modelcheck.passes.typed import Goto, Scope, TStmt, Yield, walk


@dataclass(slots=True)
class Instance:
    """One process instance, cut into steps: bodies by place, its declared locals by fresh name."""

    family: Family
    args: tuple[tuple[str, Any, Type], ...]
    places: list[n.Place]
    bodies: list[Body]
    prologue: Body
    declared: dict[str, Declared]


class Builder:
    """Collects the parts of a model. Everything is typed before anything is numbered, so that all errors are found."""

    def __init__(self, world: World, spec: Spec):
        self.world = world
        self.spec = spec
        self.guards = Guards({})
        self.variables = [n.VariableDecl(v.name, v.type, span=v.span) for v in spec.variables.values()]
        self.initial: list[n.Stmt] = []
        self.processes: list[n.Process] = []
        self.actions: list[n.Action] = []
        self.resolver = Resolver(spec, self.variables, self.processes)

    # --- typing bodies

    def _typed(
        self, member: Member, scope: dict[str, Binding], *, steps: bool
    ) -> tuple[tuple[TStmt, ...], dict[str, Declared]]:
        ctx = self.world.context(member.module)
        ctx = replace(ctx, scopes=[scope, {}], emit=[], spec=self.spec, steps=steps)
        statements.run(ctx, member.function.body)
        return (Scope(tuple(ctx.emit), member.function.span),), ctx.declared

    def _walked(self, member: Member, scope: dict[str, Binding]) -> tuple[n.Stmt, ...]:
        """The body of an action, or of `init`."""
        body, _ = self._typed(member, scope, steps=False)
        return fold_body(settled(Walker(self.world.report, self.guards, body, process=False).start(), {}))

    def _instance(self, family: Family, values_: tuple[Any, ...]) -> Instance:
        member = family.member
        names = [p.name for p in member.function.parameters]
        args = tuple(zip(names, values_, family.indices))
        scope: dict[str, Binding] = {"self": SpecSelf()}
        scope |= {name: Value(n.Const(v, t)) for name, v, t in args}
        body, declared = self._typed(member, scope, steps=True)
        self._check_labels(body)
        walker = Walker(self.world.report, self.guards, body, process=True)
        prologue = self._check_start(member, walker.start(), declared)
        bodies = walker.steps()
        sites = _call_sites(walker)
        places = [_place(p.stop, p.frame, sites) for p in walker.places]
        return Instance(family, args, places, bodies, prologue, declared)

    def _check_labels(self, body: tuple[TStmt, ...]) -> None:
        seen: dict[tuple[str, tuple[int, ...]], Yield] = {}
        for stop in (stmt for stmt in inline.every(body) if isinstance(stmt, Yield)):
            first = seen.setdefault((stop.label, stop.site), stop)
            if first.span != stop.span:
                hint = f"its first use is at line {first.span.line}: give one of them another name"
                self.world.report.error("N003", stop.span, f'the label "{stop.label}" is used twice', hint)

    def _check_start(self, member: Member, body: Body, declared: dict[str, Declared]) -> Body:
        """Where a process starts must be known before the search: P062 otherwise."""
        for stmt in body:
            match stmt:
                case Goto():
                    continue
                case n.Assign(n.Local(name), value) if name in declared and value == declared[name].initial:
                    continue
            hint = "put a `yield` in front of it; only declarations and conditions on constants come before the first"
            span = stmt.span or member.function.span
            self.world.report.error("P062", span, "this stands before the first `yield`", hint)
            return ()
        return body

    # --- the parts, in the order of the source

    def build(self) -> None:
        """Types and cuts everything; the caller looks at the errors before it goes on."""
        for info in self.spec.variables.values():
            variable = n.Variable(info.index, info.type, info.span)
            self.initial += _initialise(variable, info.init, info.name, self.world)
        parts: list[Instance | n.Action] = []
        for name in self.spec.info.functions:
            try:
                parts += self._parts(name)
            except Bad:
                continue
        parts += self._record_actions()
        first = self._first()
        if self.world.report.errors:
            return
        number = 0
        for part in parts:
            if isinstance(part, Instance):
                self.actions += Lowering(self, part, number).actions()
                number += 1
            else:
                self.actions.append(part)
        self.actions = [replace(a, body=self.resolver.body(a.body)) for a in self.actions]
        self.initial = list(self.resolver.body((*self.initial, *first)))

    def _parts(self, name: str) -> list[Instance | n.Action]:
        """What a method of the spec gives: the instances of a process, or of an action."""
        family, definition = self.spec.families.get(name), self.spec.actions.get(name)
        if family is not None:
            return [self._instance(family, v) for v in family.instances]
        return [] if definition is None else list(self._action_instances(definition, SpecSelf(), ""))

    def _first(self) -> tuple[n.Stmt, ...]:
        """What `init` does to the declared initial values."""
        member = self.spec.info.functions.get("init")
        if member is None or kind_of(member.function) is not None:
            return ()
        if member.function.parameters:
            span = member.function.span
            self.world.report.error("T004", span, "`init` takes no parameters", "write `def init(self)`")
            return ()
        try:
            return self._walked(member, {"self": SpecSelf()})
        except Bad:
            return ()

    def _action_instances(self, definition: ActionDef, me: Binding, prefix: str) -> Iterator[n.Action]:
        function = definition.member.function
        for chosen in product(*(tuple(values(t)) for t in definition.types)):
            args = tuple(zip((p.name for p in function.parameters), chosen, definition.types))
            scope: dict[str, Binding] = {"self": me}
            scope |= {name: Value(n.Const(v, t)) for name, v, t in args}
            body = self._walked(definition.member, scope)
            label = prefix + definition.name
            yield n.Action(label, body, args=args, fairness=definition.fairness, span=function.span)

    def _record_actions(self) -> list[n.Action]:
        """The actions of every record that a variable holds, also in arrays and in other records."""
        found: list[n.Action] = []
        for info in self.spec.variables.values():
            root = n.Variable(info.index, info.type, info.span)
            for path, title, record in self._records(root, info.name, info.type, info.span):
                found += self._actions_of(path, title, record)
                if len(found) > MAX_INSTANCES:
                    hint = "hold fewer records, or let one action of the spec `choose` among them"
                    message = f"the records in `{info.name}` have more than {MAX_INSTANCES} actions"
                    self.world.report.error("T014", info.span, message, hint)
                    return []
        return found

    def _actions_of(self, path: n.Expr, title: str, record: ClassInfo) -> Iterator[n.Action]:
        for name, member in record.functions.items():
            if kind_of(member.function) == "action":
                try:
                    yield from self._action_instances(action(self.world, name, member), Place(path), title + ".")
                except Bad:
                    continue

    def _records(self, path: n.Expr, title: str, t: Type, span: Span) -> Iterator[tuple[n.Expr, str, ClassInfo]]:
        """The records in a variable, each with its place and its title."""
        match t:
            case RecordType(_, fields):
                yield path, title, self.world.records[t]
                for name, of in fields:
                    yield from self._records(n.Field(path, name, of, path.span), f"{title}.{name}", of, span)
            case ArrayType(index, of) if isinstance(of, RecordType | ArrayType | OptionType | SeqType | SetType):
                for value in values(index):
                    element = n.Element(path, n.Const(value, index), of, path.span)
                    yield from self._records(element, f"{title}[{value}]", of, span)
            case OptionType(of) | SeqType(of) | SetType(of):
                self._check_no_actions(of, t, span)

    def _check_no_actions(self, t: Type, holder: Type, span: Span) -> None:
        """Records that come and go have no actions of their own."""
        for _, _, record in self._records(n.Local("", t), "", t, span):
            if any(kind_of(m.function) == "action" for m in record.functions.values()):
                hint = "hold it in an Array, or write the action in the spec"
                message = f"nobody takes the actions of {record.name} in {show(holder)}"
                self.world.report.error("N006", span, message, hint)


# --- one process ------------------------------------------------------------------------------------------------------


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
        body, place = self.i.bodies[k], self.places[k]
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
                    if self.place is not None and place != here:
                        out.append(n.Assign(self.place, n.Const(place % len(self.places), self.place.type)))
                case n.If(_, then, otherwise):
                    sides = (self._ended(side, here, dying) for side in (then, otherwise))
                    out.append(n.If(stmt.test, *sides, stmt.site, stmt.span))
                case _:
                    out.append(stmt)
        return tuple(out)


def _call_sites(walker: Walker) -> dict[str, list[tuple[int, ...]]]:
    """For each label the calls through which it is reached, in order of the text."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for place in walker.places:
        found.setdefault(place.stop.label, set()).add(place.stop.site)
    return {label: sorted(sites) for label, sites in found.items()}


def _place(stop: Yield, frame: Any, sites: dict[str, list[tuple[int, ...]]]) -> n.Place:
    """A label that is reached through several calls is numbered by them: `acquire#2`. Lines would say more, but a saved
    trace is to outlive a comment."""
    calls = sites[stop.label]
    label = stop.label if len(calls) == 1 else f"{stop.label}#{calls.index(stop.site) + 1}"
    return n.Place(label, stop.label, stop.kind, static_names(frame), (), stop.source, stop.span)


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


def _initialise(target: n.Lvalue, init: declarations.Init, name: str, world: World) -> Iterator[n.Stmt]:
    """Assigns a variable its declared initial value; ANY in a part of it chooses that part."""
    t = target.type
    if not declarations.has_any(init):
        yield n.Assign(target, n.Const(declarations.value_of(init, t), t), target.span)
        return
    if isinstance(target, n.Variable):
        yield n.Assign(target, n.Const(least(t), t), target.span)
    match init:
        case declarations.Anything():
            local = n.Local(world.names.fresh("initial"), t, target.span)
            yield n.Choose(local, all_values(t), name, target.span)
            yield n.Assign(target, local, target.span)
        case declarations.Each(of):
            for value in values(t.index):
                element = n.Element(target, n.Const(value, t.index), t.of, target.span)
                yield from _initialise(element, of, f"{name}[{value}]", world)
        case declarations.Fields(parts):
            for part, (field, of) in zip(parts, t.fields):
                yield from _initialise(n.Field(target, field, of, target.span), part, f"{name}.{field}", world)
