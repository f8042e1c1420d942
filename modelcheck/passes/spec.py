"""What a spec class declares: its variables, its families of processes, its actions, before any body is typed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any, Iterator, Literal, Mapping

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import Type, cardinality, is_scalar, show, values
from modelcheck.passes import clock_declarations, clocks, declarations, inline
from modelcheck.passes.context import Bad, Broken, ClassInfo, Member, Value, did_you_mean, kind_of, which
from modelcheck.passes.names import World
from modelcheck.passes.sizes import MAX_INITIAL
from modelcheck.passes.walks import method_calls, names_in, nodes, walk, yields

MAX_INSTANCES = 4096
Fairness = Literal["weak", "strong"] | None


@dataclass(frozen=True, slots=True)
class VariableInfo:
    index: int
    name: str
    type: Type
    init: declarations.Init
    span: Span


@dataclass(frozen=True, slots=True)
class LocalInfo:
    """A declared local of a process, with its initial value in each instance."""

    type: Type
    initial: tuple[n.Const, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A process and its instances, the arguments of each. `first` is the number of the first instance; `labels` are
    those in its text and in the procedures that it calls; `locals` are its declared locals by name (None for a name
    that is declared in several blocks)."""

    name: str
    member: Member
    indices: tuple[Type, ...]
    instances: tuple[tuple[Any, ...], ...]
    first: int
    fairness: Fairness
    unfair: frozenset[str]
    labels: frozenset[str]
    locals: dict[str, LocalInfo | Broken | None]


@dataclass(frozen=True, slots=True, eq=False)
class ActionDef:
    """An @action, with the type of each parameter; or an @expires, with the indices of its timer's array and the name
    of the timer in the spec or record."""

    name: str
    member: Member
    types: tuple[Type, ...]
    fairness: Fairness
    urgent: bool = False
    timer: str | None = None


@dataclass(slots=True)
class Spec:
    info: ClassInfo
    variables: dict[str, VariableInfo] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    actions: dict[str, ActionDef] = field(default_factory=dict)
    clocks: dict[clocks.Key, clocks.ClockInfo] = field(default_factory=dict)


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
    _few_initial_states(world, spec)
    spec.clocks = clock_declarations.declared(world, info, [(v.index, v.name, v.type) for v in spec.variables.values()])
    first = 0
    for name, member in info.functions.items():
        try:
            match kind_of(member.function):
                case "process":
                    spec.families[name] = _family(world, info, name, member, first)
                    first += len(spec.families[name].instances)
                case "action":
                    spec.actions[name] = action(world, name, member)
                case "expires":
                    of = {v.name: v.type for v in spec.variables.values()}
                    spec.actions[name] = expiry(world, info, name, member, of)
        except Bad:
            continue
    return spec


def _few_initial_states(world: World, spec: Spec) -> None:
    found = 1
    for v in spec.variables.values():
        found *= declarations.alternatives(v.init, v.type)
        if found > MAX_INITIAL:
            hint = "let fewer variables start with ANY, or with smaller types; choose them in the first step"
            message = f"there are more than {MAX_INITIAL} initial states"
            world.report.error("T018", v.span, message, hint)
            return


# --- processes --------------------------------------------------------------------------------------------------------


def _family(world: World, info: ClassInfo, name: str, member: Member, first: int) -> Family:
    function, ctx = member.function, world.context(member.module)
    options = dict(function.decorators[0].keywords)
    each = options.get("each")
    parts = each.items if isinstance(each, s.Display) else () if each is None else (each,)
    indices = tuple(_index_type(world, member, part) for part in parts)
    if len(indices) != len(function.parameters):
        hint = f"`each` has {len(indices)} types: the method takes self and {len(indices)} parameters"
        raise ctx.error("T004", function.span, f"process `{name}` does not take what `each` gives", hint)
    instances = _instances(world, member, indices)
    labels = frozenset(y.label for text in _texts(world, info, function) for y in yields(text))
    unfair = _unfair(world, member, name, options.get("unfair"), labels)
    declared: dict[str, LocalInfo | Broken | None] = {}
    for local, initial in _locals(world, member, instances, indices):
        declared[local] = None if local in declared else initial
    fairness = _fairness(options)
    return Family(name, member, indices, instances, first, fairness, unfair, labels, declared)


def _texts(world: World, info: ClassInfo, function: s.Function) -> Iterator[s.Function]:
    """A process and the procedures that it may call, each once: those of the name, whatever they are called on."""
    known: dict[str, list[s.Function]] = {}
    for owner in (info, *world.records.values()):
        for name, member in owner.functions.items():
            if inline.has_steps(member) and kind_of(member.function) != "process":
                known.setdefault(name, []).append(member.function)
    waiting, seen = [function], {id(function)}
    while waiting:
        text = waiting.pop()
        yield text
        for callee in (f for name in method_calls(text) for f in known.get(name, ())):
            if id(callee) not in seen:
                seen.add(id(callee))
                waiting.append(callee)


def _unfair(
    world: World, member: Member, name: str, e: s.Expr | None, labels: frozenset[str]
) -> frozenset[str]:
    """The labels of `unfair=("kick",)`."""
    found = set()
    for item in (x for x in walk(e) if isinstance(x, s.Literal_) and isinstance(x.value, str)):
        if item.value not in labels:
            hint = did_you_mean(item.value, labels, which("labels", sorted(labels)))
            raise world.context(member.module).error("N005", item.span, f'`{name}` has no step "{item.value}"', hint)
        found.add(item.value)
    return frozenset(found)


def _locals(
    world: World, member: Member, instances: tuple[tuple[Any, ...], ...], indices: tuple[Type, ...]
) -> Iterator[tuple[str, LocalInfo | Broken]]:
    """The declared locals of a process. What is wrong with one is reported where it is typed, in each instance; here,
    only that its type is not the same in every instance."""
    ctx = world.context(member.module)
    names = [p.name for p in member.function.parameters]
    loops = {x.target: Value(n.Local("", declarations.BOOL)) for x in nodes(member.function) if isinstance(x, s.For)}
    unknown = loops | {p: Value(n.Local("", t)) for p, t in zip(names, indices)}
    known = [loops | {p: Value(n.Const(v, t)) for p, v, t in zip(names, args, indices)} for args in instances]
    for stmt in nodes(member.function):
        match stmt:
            case s.Assign(s.Name(name), s.Call() as value) if declarations.is_declaration(ctx, value):
                before = dict(world.report.errors)
                try:
                    t = declarations.state_type(replace(ctx, scopes=[unknown]), value)
                except Bad:
                    if not any(x.id in names for x in names_in(value.args)):
                        world.report.errors = before
                    yield name, Broken()
                    continue
                before = dict(world.report.errors)
                try:
                    inits = [declarations.initial(replace(ctx, scopes=[scope]), value, t, name) for scope in known]
                except Bad:
                    world.report.errors = before
                    yield name, Broken()
                    continue
                yield name, _local(t, inits)


def _local(t: Type, inits: list[declarations.Init]) -> LocalInfo | Broken:
    if any(map(declarations.has_any, inits)):
        return Broken()
    return LocalInfo(t, tuple(n.Const(declarations.value_of(init, t), t) for init in inits))


# --- actions ----------------------------------------------------------------------------------------------------------


def action(world: World, name: str, member: Member) -> ActionDef:
    """An @action: of the spec, or of a record. Each parameter's type comes from the keyword of its name."""
    function, ctx = member.function, world.context(member.module)
    names = [p.name for p in function.parameters]
    options = dict(function.decorators[0].keywords)
    for option, value in options.items():
        if option not in ("fair", "urgent", *names):
            hint = did_you_mean(option, names, which("parameters", names))
            raise ctx.error("T004", value.span, f"action `{name}` has no parameter `{option}`", hint)
    missing = [p for p in names if p not in options]
    if missing:
        hint = f"write `@action({missing[0]}=SomeType)`"
        raise ctx.error("T004", function.span, f"action `{name}` does not say where `{missing[0]}` ranges", hint)
    types = tuple(_index_type(world, member, options[p]) for p in names)
    _instances(world, member, types)
    match options.get("urgent"):
        case s.Literal_(True):
            return ActionDef(name, member, types, _fairness(options), urgent=True)
    return ActionDef(name, member, types, _fairness(options))


def expiry(world: World, info: ClassInfo, name: str, member: Member, of: Mapping[str, Type]) -> ActionDef:
    """An @expires of a spec or a record with variables, or fields, `of`."""
    function, ctx = member.function, world.context(member.module)
    (argument,) = function.decorators[0].args
    assert isinstance(argument, s.Literal_)
    timer = argument.value
    known = [x for x, t in of.items() if clocks.is_timer(clocks.of_family(t)[1])]
    if timer not in known:
        raise clock_declarations.no_such_timer(ctx, info, argument, of, known)
    if clock_declarations.handled_timers(info)[timer] != name:
        hint = "let one method do both"
        raise ctx.error("N003", argument.span, f"two methods say what happens when `{timer}` is due", hint)
    types = clocks.of_family(of[timer])[0]
    if len(types) != len(function.parameters):
        names = "".join(f", {p}" for p in "ijklmn"[: len(types)])
        hint = f"write `def {name}(self{names})`: one parameter for each index of the timer"
        raise ctx.error("T004", function.span, f"`{name}` does not take the indices of `{timer}`", hint)
    _instances(world, member, types)
    return ActionDef(name, member, types, None, timer=timer)


# --- shared -----------------------------------------------------------------------------------------------------------


def _index_type(world: World, member: Member, e: s.Expr) -> Type:
    ctx = world.context(member.module)
    t = declarations.type_of(ctx, e).type
    if not is_scalar(t):
        hint = "instances are numbered by Bool, Int, Range, Enum, Scalarset or an Option of these"
        raise ctx.error("T013", e.span, f"{show(t)} cannot number instances", hint)
    return t


def _instances(world: World, member: Member, types: tuple[Type, ...]) -> tuple[tuple[Any, ...], ...]:
    """Every tuple of arguments, in ascending order."""
    number = prod(map(cardinality, types))
    if number > MAX_INSTANCES:
        hint = "make the types smaller, or let the step `choose` its value"
        message = f"`{member.function.name}` has {number} instances; at most {MAX_INSTANCES} are possible"
        raise world.context(member.module).error("T014", member.function.span, message, hint)
    return tuple(product(*(tuple(values(t)) for t in types)))


def _fairness(options: dict[str, s.Expr]) -> Fairness:
    match options.get("fair"):
        case s.Literal_("weak" | "strong" as fairness):
            return fairness
    return None
