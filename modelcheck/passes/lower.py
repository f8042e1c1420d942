"""Builds the CORE model of a spec: its processes and actions typed, cut into steps and numbered.

Locals that live from step to step become variables, with their initial value wherever they are not live; all others
stay names within their step. The end of a step assigns the place variable and resets what has died.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterator

from modelcheck.ir import nodes as n
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, ArrayType, IntType, RecordType, SetType, Type, values
from modelcheck.passes import declarations, inline, statements
from modelcheck.passes.binders import settled
from modelcheck.passes.context import Bad, Binding, ClassInfo, Member, Place, SpecSelf, Value
from modelcheck.passes.dependencies import Body, assigned, gotos, live_locals
from modelcheck.passes.names import World
from modelcheck.passes.processes import DONE, Guards, Walker, static_names
from modelcheck.passes.simplify import all_values, fold, fold_body
from modelcheck.passes.spec import ActionDef, Family, Spec, action
from modelcheck.passes.typecheck import Context
from modelcheck.passes.typed import Goto, PlaceTest, ProcessLocal, Scope, TStmt, Yield, walk


@dataclass(slots=True)
class Instance:
    """One process instance, cut into steps: bodies by place, its declared locals by fresh name."""

    family: Family
    args: tuple[tuple[str, Any, Type], ...]
    places: list[n.Place]
    bodies: list[Body]
    prologue: Body
    declared: dict[str, tuple[str, n.Const]]


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

    # --- typing bodies

    def _typed(self, member: Member, scope: dict[str, Binding], *, steps: bool) -> tuple[tuple[TStmt, ...], Context]:
        ctx = self.world.context(member.module)
        ctx = replace(ctx, scopes=[scope, {}], emit=[], spec=self.spec, steps=steps)
        statements.run(ctx, member.function.body)
        return (Scope(tuple(ctx.emit), member.function.span),), ctx

    def _instance(self, family: Family, values_: tuple[Any, ...]) -> Instance:
        member = family.member
        names = [p.name for p in member.function.parameters]
        args = tuple(zip(names, values_, family.indices))
        scope: dict[str, Binding] = {"self": SpecSelf()}
        scope |= {name: Value(n.Const(v, t)) for name, v, t in args}
        body, ctx = self._typed(member, scope, steps=True)
        self._check_labels(member, body)
        walker = Walker(self.world.report, self.guards, body, process=True)
        prologue = self._check_start(member, walker.start(), ctx)
        bodies = walker.steps()
        sites = _call_sites(walker)
        places = [_place(p.stop, p.frame, sites) for p in walker.places]
        return Instance(family, args, places, [tuple(b) for b in bodies], prologue, ctx.declared)

    def _check_labels(self, member: Member, body: tuple[TStmt, ...]) -> None:
        seen: dict[tuple[str, tuple[int, ...]], Yield] = {}
        for stop in _stops(body):
            first = seen.setdefault((stop.label, stop.site), stop)
            if first.span != stop.span:
                hint = f"its first use is at line {first.span.line}: give one of them another name"
                self.world.report.error("N003", stop.span, f'the label "{stop.label}" is used twice', hint)

    def _check_start(self, member: Member, body: Body, ctx: Context) -> Body:
        """Where a process starts must be known before the search: P062 otherwise."""
        for stmt in body:
            match stmt:
                case Goto():
                    continue
                case n.Assign(n.Local(name), n.Const()) if name in ctx.declared:
                    continue
            hint = "put a `yield` in front of it; only declarations and conditions on constants come before the first"
            span = stmt.span or member.function.span
            self.world.report.error("P062", span, "this stands before the first `yield`", hint)
            return ()
        return body

    # --- the parts, in the order of the source

    def build(self) -> None:
        """Types and cuts everything; the caller looks at the errors before it goes on."""
        self._initial_values()
        instances: list[Instance] = []
        parts: list[tuple[str, Any]] = []
        for name in self.spec.info.functions:
            try:
                if name in self.spec.families:
                    family = self.spec.families[name]
                    found = [self._instance(family, v) for v in family.instances]
                    parts += [("process", i) for i in found]
                    instances += found
                elif name in self.spec.actions:
                    parts += [("action", a) for a in self._action_instances(self.spec.actions[name], SpecSelf(), "")]
            except Bad:
                continue
        parts += [("action", a) for a in self._record_actions()]
        if self.world.report.errors:
            return
        lowered = {id(i): self._lower(number, i) for number, i in enumerate(instances)}
        for kind, part in parts:
            self.actions += [part] if kind == "action" else lowered[id(part)]
        self._init_method()
        resolver = Resolver(self)
        self.actions = [replace(a, body=resolver.body(a.body)) for a in self.actions]
        self.initial = list(resolver.body(tuple(self.initial)))

    def _action_instances(self, definition: ActionDef, me: Binding, prefix: str) -> Iterator[n.Action]:
        names = [p.name for p in definition.member.function.parameters]
        for chosen in _tuples(definition.types):
            args = tuple(zip(names, chosen, definition.types))
            scope: dict[str, Binding] = {"self": me}
            scope |= {name: Value(n.Const(v, t)) for name, v, t in args}
            body, _ = self._typed(definition.member, scope, steps=False)
            found = Walker(self.world.report, self.guards, body, process=False).start()
            span = definition.member.function.span
            label = prefix + definition.name
            yield n.Action(label, fold_body(settled(found, {})), args=args, fairness=definition.fairness, span=span)

    def _record_actions(self) -> Iterator[n.Action]:
        """The actions of every record that a variable holds, also in arrays and in other records."""
        for info in self.spec.variables.values():
            root = n.Variable(info.index, info.type, info.span)
            for path, title, record in self._records(root, info.name, info.type):
                for name, member in record.functions.items():
                    if member.function.decorators and member.function.decorators[0].name == "action":
                        try:
                            definition = action(self.world, name, member)
                            yield from self._action_instances(definition, Place(path), title + ".")
                        except Bad:
                            continue

    def _records(self, path: n.Expr, title: str, t: Type) -> Iterator[tuple[n.Expr, str, ClassInfo]]:
        match t:
            case RecordType(_, fields):
                yield path, title, self.world.records[t]
                for name, of in fields:
                    yield from self._records(n.Field(path, name, of, path.span), f"{title}.{name}", of)
            case ArrayType(index, of) if isinstance(of, RecordType | ArrayType):
                for value in values(index):
                    element = n.Element(path, n.Const(value, index), of, path.span)
                    yield from self._records(element, f"{title}[{value}]", of)

    # --- initial states

    def _initial_values(self) -> None:
        for info in self.spec.variables.values():
            variable = n.Variable(info.index, info.type, info.span)
            self.initial += _initialise(variable, info.init, info.name, self.world)

    def _init_method(self) -> None:
        member = self.spec.info.functions.get("init")
        if member is None or member.function.decorators:
            return
        body, _ = self._typed(member, {"self": SpecSelf()}, steps=False)
        if not self.world.report.errors:
            found = Walker(self.world.report, self.guards, body, process=False).start()
            self.initial += fold_body(settled(found, {}))

    # --- numbering

    def _lower(self, number: int, i: Instance) -> list[n.Action]:
        live = live_locals(i.bodies)
        returns = any(DONE in gotos(b) for b in (*i.bodies, i.prologue))
        places = list(i.places)
        if returns:
            places.append(n.Place("done", "done", "done", span=i.family.member.function.span))
        title = n.Process(i.family.name, i.args, (), None, 0).title
        variable = self._variable(title, IntType(0, len(places) - 1), "place", number) if len(places) > 1 else None
        stored = self._stored(title, number, i, live)
        names = {fresh: source for fresh, (source, _) in i.declared.items()}
        for k, names_live in enumerate(live):
            places[k] = replace(places[k], live=tuple(sorted(names.get(x, x.partition("$")[0]) for x in names_live)))
        ends = Ends(variable, len(places), stored, live)
        start = next((g for g in gotos(i.prologue)), DONE) % len(places)
        if variable is not None:
            self.initial.append(n.Assign(variable, n.Const(start, variable.type)))
        self.initial += [n.Assign(var, init) for var, init in stored.values()]
        shown = tuple((names.get(x, x.partition("$")[0]), v.index) for x, (v, _) in stored.items())
        fairness, span = i.family.fairness, i.family.member.function.span
        index = None if variable is None else variable.index
        self.processes.append(n.Process(i.family.name, i.args, tuple(places), index, start, shown, fairness, span))
        return [self._step(number, i, k, places[k], ends) for k in range(len(i.bodies))]

    def _variable(self, name: str, t: Type, kind: Any, process: int, span: Any = None) -> n.Variable:
        self.variables.append(n.VariableDecl(name, t, kind, process, span))
        return n.Variable(len(self.variables) - 1, t, span)

    def _stored(self, title: str, number: int, i: Instance, live: list[frozenset[str]]) -> dict:
        """Locals that live at some place: fresh name -> (variable, initial value)."""
        types = {x.name: x for b in i.bodies for stmt in b for x in _locals(stmt)}
        stored = {}
        for name in sorted(frozenset().union(*live)):
            local = types[name]
            source, init = i.declared.get(name, (name.partition("$")[0], None))
            if any(v.name == f"{title}.{source}" for v in self.variables):
                source = name
            init = init or n.Const(next(iter(values(local.type))), local.type)
            stored[name] = (self._variable(f"{title}.{source}", local.type, "local", number, local.span), init)
        return stored

    def _step(self, number: int, i: Instance, k: int, place: n.Place, ends: Ends) -> n.Action:
        body = i.bodies[k]
        targets = gotos(body)
        kept = ends.live[k].union(*(ends.live[t] for t in targets if t != DONE))
        env = {name: ends.stored[name][0] for name in kept}
        dying = kept & (ends.live[k] | assigned(body))
        body = fold_body(settled(ends.lowered(body, k, dying), env))
        fairness = None if place.plain in i.family.unfair else i.family.fairness
        at = None if ends.variable is None else k
        return n.Action(place.label, body, number, at, place.static, fairness, span=place.span)


@dataclass(frozen=True, slots=True)
class Ends:
    """What the end of a step does: moves the process, and resets the locals that die."""

    variable: n.Variable | None
    places: int
    stored: dict[str, tuple[n.Variable, n.Const]]
    live: list[frozenset[str]]

    def lowered(self, body: Body, here: int, dying: frozenset[str]) -> tuple[n.Stmt, ...]:
        out: list[n.Stmt] = []
        for stmt in body:
            match stmt:
                case Goto(place):
                    alive = self.live[place] if place != DONE else frozenset()
                    resets = sorted(dying - alive)
                    out += [n.Assign(self.stored[x][0], self.stored[x][1]) for x in resets]
                    if self.variable is not None and place != here:
                        t = self.variable.type
                        out.append(n.Assign(self.variable, n.Const(place % self.places, t)))
                case n.If(_, then, otherwise):
                    sides = (self.lowered(side, here, dying) for side in (then, otherwise))
                    out.append(n.If(stmt.test, *sides, stmt.site, stmt.span))
                case _:
                    out.append(stmt)
        return tuple(out)


class Resolver:
    """Replaces what waited for the places: tests of where a process stands, and locals read from outside."""

    def __init__(self, builder: Builder):
        self.processes = builder.processes
        self.spec = builder.spec
        self.variables = builder.variables

    def expr(self, e: n.Expr, *, unroll: bool) -> n.Expr:
        return fold(e, unroll=unroll, resolve=self._resolve)

    def body(self, body: tuple[n.Stmt, ...]) -> tuple[n.Stmt, ...]:
        waiting = any(isinstance(x, PlaceTest | ProcessLocal) for stmt in body for x in walk(stmt))
        return fold_body(body, resolve=self._resolve) if waiting else body

    def _resolve(self, e: n.Expr) -> n.Expr:
        match e:
            case PlaceTest(number, label):
                return self._place_test(self.processes[number], label, e)
            case ProcessLocal(number, name):
                return self._local(number, name, e)
        return e

    def _place_test(self, process: n.Process, label: str | None, e: PlaceTest) -> n.Expr:
        wanted = frozenset(
            k
            for k, place in enumerate(process.places)
            if (place.kind == "done" if label is None else place.kind != "done" and label in (place.plain, place.label))
        )
        if process.variable is None:
            return n.Const(bool(wanted), BOOL, e.span)
        t = self.variables[process.variable].type
        variable = n.Variable(process.variable, t, e.span, e.after)
        if len(wanted) == 1:
            return n.Apply(Op.EQ, (variable, n.Const(next(iter(wanted)), t)), BOOL, e.span)
        return n.Apply(Op.IN, (variable, n.Const(wanted, SetType(t))), BOOL, e.span) if wanted else n.Const(False, BOOL)

    def _local(self, number: int, name: str, e: ProcessLocal) -> n.Expr:
        index = dict(self.processes[number].locals).get(name)
        if index is not None:
            return n.Variable(index, e.type, e.span, e.after)
        family = next(f for f in self.spec.families.values() if f.first <= number < f.first + len(f.instances))
        return family.initials[name]


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


def _stops(body: tuple[TStmt, ...]) -> Iterator[Yield]:
    for stmt in inline.every(body):
        if isinstance(stmt, Yield):
            yield stmt


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


def _tuples(types: tuple[Type, ...]) -> Iterator[tuple[Any, ...]]:
    if not types:
        yield ()
        return
    for value in values(types[0]):
        for rest in _tuples(types[1:]):
            yield (value, *rest)


def _initialise(target: n.Lvalue, init: declarations.Init, name: str, world: World) -> Iterator[n.Stmt]:
    """Assigns a variable its declared initial value; ANY in a part of it chooses that part."""
    t = target.type
    if not declarations.has_any(init):
        yield n.Assign(target, n.Const(declarations.value_of(init, t), t), target.span)
        return
    if isinstance(target, n.Variable):
        yield n.Assign(target, n.Const(next(iter(values(t))), t), target.span)
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

