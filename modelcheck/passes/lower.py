"""Builds the CORE model of a spec: its processes and actions typed, cut into steps and numbered.

Locals that live from step to step become variables, with their initial value wherever they are not live; all others
stay names within their step. The end of a step assigns the place variable and resets what has died.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, Iterator

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.types import (
    ArrayType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    Type,
    show,
    values,
)
from modelcheck.passes import declarations, inline, statements
from modelcheck.passes.binders import settled
from modelcheck.passes.clock_sites import Sites
from modelcheck.passes.clock_terms import expiry
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
from modelcheck.passes.dependencies import Body
from modelcheck.passes.instances import Instance, Lowering, Stay, Timed
from modelcheck.passes.names import World
from modelcheck.passes.processes import Guards, PlaceInfo, Walker, static_names
from modelcheck.passes.resolve import Resolver
from modelcheck.passes.simplify import all_values, fold_body, fold_linear
from modelcheck.passes.sizes import least
from modelcheck.passes.spec import MAX_INSTANCES, ActionDef, Family, Spec, action
from modelcheck.passes.spec import expiry as clock_expiry
from modelcheck.passes.typed import Goto, Scope, TStmt, Yield, walk


Part = tuple[Instance | n.Action, bool]  # with whether it is urgent


class Builder:
    """Collects the parts of a model. Everything is typed before anything is numbered, so that all errors are found."""

    def __init__(self, world: World, spec: Spec):
        self.world = world
        self.spec = spec
        self.guards = Guards({})
        self.sites = Sites(spec.clocks)
        self.timed = Timed()
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

    def _walked(
        self, member: Member, scope: dict[str, Binding], first: tuple[TStmt, ...] = ()
    ) -> tuple[n.Stmt, ...]:
        """The body of an action, or of `init`; `first` comes before it."""
        body, _ = self._typed(member, scope, steps=False)
        walker = Walker(self.world.report, self.guards, self.sites, (*first, *body), process=False)
        return fold_body(settled(walker.start(), {}))

    def _instance(self, family: Family, values_: tuple[Any, ...]) -> Instance:
        member = family.member
        names = [p.name for p in member.function.parameters]
        args = tuple(zip(names, values_, family.indices))
        scope: dict[str, Binding] = {"self": SpecSelf()}
        scope |= {name: Value(n.Const(v, t)) for name, v, t in args}
        body, declared = self._typed(member, scope, steps=True)
        self._check_labels(body)
        walker = Walker(self.world.report, self.guards, self.sites, body, process=True)
        prologue = self._check_start(member, walker.start(), declared)
        bodies = walker.steps()
        sites = _call_sites(walker)
        places = [_place(p.stop, p.frame, sites) for p in walker.places]
        stays = [self._stay(p) for p in walker.places]
        urgency = [p.stop.urgency for p in walker.places]
        return Instance(family, args, places, bodies, prologue, declared, stays, urgency)

    def _stay(self, place: PlaceInfo) -> Stay:
        if place.stop.stay is None:
            return None
        low, high = (None if x is None else fold_linear(x, place.env) for x in place.stop.stay)
        for bound in (low, high):
            if bound is not None and bound.expr is not None and any(isinstance(x, n.Local) for x in walk(bound.expr)):
                hint = "it is bounded by constants, parameters and variables of the spec: keep it in a variable"
                self.world.report.error("T032", place.stop.span, "a local in the bounds of a stay", hint)
        assert low is not None
        return low, high

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
        parts: list[Part] = []
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
        for part, urgent in parts:
            if isinstance(part, Instance):
                self.actions += Lowering(self, part, number).actions()
                number += 1
            else:
                self.timed.urgent_actions += [len(self.actions)] if urgent else []
                self.actions.append(part)
        self.actions = [replace(a, body=self.resolver.body(a.body)) for a in self.actions]
        self.initial = list(self.resolver.body((*self.initial, *first)))

    def _parts(self, name: str) -> list[Part]:
        """What a method of the spec gives: the instances of a process, or of an action."""
        family, definition = self.spec.families.get(name), self.spec.actions.get(name)
        if family is not None:
            return [(self._instance(family, v), False) for v in family.instances]
        if definition is None:
            return []
        info = self.spec.variables.get(definition.timer or "")
        timer = None if info is None else n.Variable(info.index, info.type, info.span)
        return list(self._action_instances(definition, SpecSelf(), "", timer))

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

    def _action_instances(
        self, definition: ActionDef, me: Binding, prefix: str, timer: n.Expr | None
    ) -> Iterator[Part]:
        """Of an @expires, `timer` is what expires, or the array of those that do."""
        function = definition.member.function
        for chosen in product(*(tuple(values(t)) for t in definition.types)):
            args = tuple(zip((p.name for p in function.parameters), chosen, definition.types))
            scope: dict[str, Binding] = {"self": me}
            scope |= {name: Value(n.Const(v, t)) for name, v, t in args}
            indices = [n.Const(v, t) for _, v, t in args]
            first = () if timer is None else expiry(self.spec, timer, indices, function.span)
            body = self._walked(definition.member, scope, first)
            label = prefix + definition.name
            action = n.Action(label, body, args=args, fairness=definition.fairness, span=function.span)
            yield action, definition.urgent

    def _record_actions(self) -> list[Part]:
        """The actions of every record that a variable holds, also in arrays and in other records."""
        found: list[Part] = []
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

    def _actions_of(self, path: n.Expr, title: str, record: ClassInfo) -> Iterator[Part]:
        assert isinstance(path.type, RecordType)
        fields = dict(path.type.fields)
        for name, member in record.functions.items():
            try:
                match kind_of(member.function):
                    case "action":
                        definition, timer = action(self.world, name, member), None
                    case "expires":
                        definition = clock_expiry(self.world, record, name, member, fields)
                        timer = n.Field(path, definition.timer or "", fields[definition.timer or ""], path.span)
                    case _:
                        continue
                yield from self._action_instances(definition, Place(path), title + ".", timer)
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
            if any(kind_of(m.function) in ("action", "expires") for m in record.functions.values()):
                hint = "hold it in an Array, or write the action in the spec"
                message = f"nobody takes the actions of {record.name} in {show(holder)}"
                self.world.report.error("N006", span, message, hint)


# --- places and initial values -------------------------------------------------------------------------------------


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
