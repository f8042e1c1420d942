"""What a spec class declares: its variables, its families of processes, its actions, before any body is typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any, Iterator, Literal

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import Type, cardinality, is_scalar, show, values
from modelcheck.passes import declarations
from modelcheck.passes.context import Bad, ClassInfo, Member, did_you_mean
from modelcheck.passes.names import World

MAX_INSTANCES = 4096
Fairness = Literal["weak", "strong"] | None


@dataclass(frozen=True, slots=True)
class VariableInfo:
    index: int
    name: str
    type: Type
    init: declarations.Init
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A process and its instances. `first` is the number of the first instance; `labels` are those in its text and in
    the procedures of the spec; `locals` its declared locals by name."""

    name: str
    member: Member
    indices: tuple[Type, ...]
    first: int
    fairness: Fairness
    unfair: frozenset[str]
    labels: frozenset[str]
    locals: dict[str, Type]
    initials: dict[str, n.Const]

    @property
    def instances(self) -> list[tuple[Any, ...]]:
        return list(product(*(tuple(values(t)) for t in self.indices)))


@dataclass(frozen=True, slots=True, eq=False)
class ActionDef:
    """An @action of the spec, with the type of each parameter."""

    name: str
    member: Member
    types: tuple[Type, ...]
    fairness: Fairness


@dataclass(slots=True)
class Spec:
    info: ClassInfo
    variables: dict[str, VariableInfo] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    actions: dict[str, ActionDef] = field(default_factory=dict)


def declare(world: World, info: ClassInfo) -> Spec:
    """The declarations of a spec class; errors are reported and what is wrong left out."""
    spec = Spec(info)
    for name, (definition, module) in info.fields.items():
        ctx = world.context(module)
        try:
            t, init = declarations.variable_or_first(ctx, definition.value, name)
        except Bad:
            continue
        spec.variables[name] = VariableInfo(len(spec.variables), name, t, init, definition.span)
    first = 0
    for name, member in info.functions.items():
        kind = member.function.decorators[0].name if member.function.decorators else None
        try:
            if kind == "process":
                family = _family(world, info, name, member, first)
                first += len(family.instances)
                spec.families[name] = family
            elif kind == "action":
                spec.actions[name] = action(world, name, member)
        except Bad:
            continue
    return spec


def _family(world: World, info: ClassInfo, name: str, member: Member, first: int) -> Family:
    function, ctx = member.function, world.context(member.module)
    options = _options(world, member, ("each", "fair", "unfair"))
    each = options.get("each")
    parts = each.items if isinstance(each, s.Display) else () if each is None else (each,)
    indices = tuple(_index_type(world, member, part) for part in parts)
    if len(indices) != len(function.parameters):
        hint = f"`each` has {len(indices)} types: the method takes self and {len(indices)} parameters"
        raise ctx.error("T004", function.span, f"process `{name}` does not take what `each` gives", hint)
    _bounded(world, member, indices)
    procedures = [m for m in info.functions.values() if m.function.has_yield]
    labels = frozenset(y.label for m in procedures for y in _yields(m.function.body))
    own = frozenset(y.label for y in _yields(function.body))
    unfair = _labels(world, member, options.get("unfair"), labels)
    declared = dict(_locals(world, member))
    local_types = {name: init.type for name, init in declared.items()}
    fairness = _fairness(world, member, options)
    return Family(name, member, indices, first, fairness, unfair, own | labels, local_types, declared)


def action(world: World, name: str, member: Member) -> ActionDef:
    """An @action: of the spec, or of a record. Each parameter's type comes from the keyword of its name."""
    function, ctx = member.function, world.context(member.module)
    names = tuple(p.name for p in function.parameters)
    options = _options(world, member, ("fair", *names))
    missing = [p for p in names if p not in options]
    if missing:
        hint = f"write `@action({missing[0]}=SomeType)`"
        raise ctx.error("T004", function.span, f"action `{name}` does not say where `{missing[0]}` ranges", hint)
    types = tuple(_index_type(world, member, options[p]) for p in names)
    _bounded(world, member, types)
    if function.has_yield:
        hint = "an action is one atomic step; write a @process for several"
        raise ctx.error("P060", function.span, f"action `{name}` has a `yield`", hint)
    return ActionDef(name, member, types, _fairness(world, member, options))


def _index_type(world: World, member: Member, e: s.Expr) -> Type:
    ctx = world.context(member.module)
    t = declarations.type_of(ctx, e).type
    if not is_scalar(t):
        hint = "instances are numbered by Bool, Int, Range, Enum, Scalarset or an Option of these"
        raise ctx.error("T013", e.span, f"{show(t)} cannot number instances", hint)
    return t


def _bounded(world: World, member: Member, types: tuple[Type, ...]) -> None:
    count = 1
    for t in types:
        count *= cardinality(t)
    if count > MAX_INSTANCES:
        hint = "make the types smaller, or let the step `choose` its value"
        message = f"`{member.function.name}` has {count} instances; at most {MAX_INSTANCES} are possible"
        raise world.context(member.module).error("T014", member.function.span, message, hint)


def _options(world: World, member: Member, known: tuple[str, ...]) -> dict[str, s.Expr]:
    decorator, ctx = member.function.decorators[0], world.context(member.module)
    if decorator.args:
        hint = "write its arguments by name, such as `each=Vcpu` or `fair=\"weak\"`"
        raise ctx.error("T004", decorator.args[0].span, f"`@{decorator.name}` takes no positional argument", hint)
    for name, value in decorator.keywords:
        if name not in known:
            hint = did_you_mean(name, known, f"it takes {', '.join(known)}")
            raise ctx.error("T004", value.span, f"`@{decorator.name}` has no option `{name}` here", hint)
    return dict(decorator.keywords)


def _fairness(world: World, member: Member, options: dict[str, s.Expr]) -> Fairness:
    match options.get("fair"):
        case None | s.Literal_(None):
            return None
        case s.Literal_("weak" | "strong" as fairness):
            return fairness
        case other:
            ctx = world.context(member.module)
            raise ctx.error("T004", other.span, "fairness is unknown", 'write `fair="weak"` or `fair="strong"`')


def _labels(world: World, member: Member, e: s.Expr | None, known: frozenset[str]) -> frozenset[str]:
    items = e.items if isinstance(e, s.Display) else () if e is None else (e,)
    found = set()
    for item in items:
        ctx = world.context(member.module)
        if not isinstance(item, s.Literal_) or not isinstance(item.value, str):
            raise ctx.error("T004", item.span, "`unfair` takes labels", 'write `unfair=("kick",)`')
        if item.value not in known:
            hint = did_you_mean(item.value, known, f"the labels are {', '.join(sorted(known)) or 'none'}")
            raise ctx.error("N005", item.span, f'there is no step "{item.value}"', hint)
        found.add(item.value)
    return frozenset(found)


def _yields(body: tuple[s.Stmt, ...]) -> Iterator[s.Yield]:
    for stmt in statements(body):
        if isinstance(stmt, s.Yield):
            yield stmt


def statements(body: tuple[s.Stmt, ...]) -> Iterator[s.Stmt]:
    """Every statement of a body, nested ones included."""
    for stmt in body:
        yield stmt
        match stmt:
            case s.If(_, then, otherwise):
                yield from statements((*then, *otherwise))
            case s.For(_, _, inner) | s.While(_, inner):
                yield from statements(inner)


def _locals(world: World, member: Member) -> Iterator[tuple[str, n.Const]]:
    """The declared locals of a process with their initial values. What is wrong is reported where it is typed."""
    ctx = world.context(member.module)
    for stmt in statements(member.function.body):
        match stmt:
            case s.Assign(s.Name(name), value) if declarations.is_declaration(ctx, value):
                try:
                    t, init = declarations.variable(ctx, value, name)
                except Bad:
                    continue
                if not declarations.has_any(init):
                    yield name, n.Const(declarations.value_of(init, t), t)
