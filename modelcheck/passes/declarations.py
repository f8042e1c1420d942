"""Types and declared variables: `Int(0, 3, init=0)`, `Array(Queue, EventFd(counter=1))`, `Ack = Set(Vcpu)`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.layout import count_up_to
from modelcheck.ir.types import (
    BOOL,
    CLOCK,
    TIMER,
    ArrayType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    TextType,
    Type,
    cardinality,
    is_scalar,
    show,
)
from modelcheck.passes import typecheck
from modelcheck.passes.clocks import holds_clock
from modelcheck.passes.context import Bad, ClassInfo, Dsl, TypeName, did_you_mean, kind_of, which
from modelcheck.passes.sizes import MAX_DOMAIN, MAX_INITIAL, exceeds, inhabited, least, unfit

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

# --- initial values ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fixed:
    value: n.Const


@dataclass(frozen=True, slots=True)
class Anything:
    """`init=ANY`."""


@dataclass(frozen=True, slots=True)
class Each:
    """The same for every element of an array."""

    of: Init


@dataclass(frozen=True, slots=True)
class Fields:
    of: tuple[Init, ...]


Init = Fixed | Anything | Each | Fields

CONSTRUCTORS = ("Bool", "Int", "Enum", "Range", "Scalarset", "Set", "Seq", "Option", "Array")
CLOCKS = {"Clock": CLOCK, "Timer": TIMER}
TIMER_OPTIONS = ("max", "late", "period")


def is_declaration(ctx: Context, e: s.Expr) -> bool:
    """Whether an expression declares something: a call of a type, `Int(0, 3, init=0)`, `Phase(init="idle")`."""
    match e:
        case s.Call(s.Name(name)) if ctx.names(name):
            binding = ctx.world.lookup(ctx.module, name, e.span)
            if isinstance(binding, TypeName):
                return binding.record is None
            return isinstance(binding, Dsl) and binding.name in CONSTRUCTORS
    return False


def variable(ctx: Context, e: s.Expr, name: str) -> tuple[Type, Init]:
    """Type and initial value of `name = e`, a state variable, a field or a declared local."""
    t = state_type(ctx, e)
    return t, initial(ctx, e, t, name)


def variable_or_first(ctx: Context, e: s.Expr, name: str) -> tuple[Type, Init]:
    """The same, with some initial value in the place of a wrong one: its uses are then checked all the same."""
    t = state_type(ctx, e)
    try:
        return t, initial(ctx, e, t, name)
    except Bad:
        return t, Fixed(n.Const(least(t), t))


def state_type(ctx: Context, e: s.Expr) -> Type:
    """The type that a declaration gives, one that a state can hold."""
    t = type_of(ctx, e).type
    problem = unfit(t)
    if problem is not None:
        code, message, hint = problem
        raise ctx.error(code, e.span, message, hint)
    return t


def initial(ctx: Context, e: s.Expr, t: Type, name: str) -> Init:
    if holds_clock(t) and not isinstance(t, ArrayType | RecordType):
        return Fixed(n.Const(least(t), t))
    match e:
        case s.Call(s.Name(function), args, keywords):
            binding = ctx.lookup(function, e.span)
            if isinstance(binding, TypeName) and binding.record is not None:
                return _record_init(ctx, e, binding.record, t)
            if isinstance(binding, Dsl) and binding.name == "Array" and "init" not in dict(keywords):
                return Each(initial(ctx, args[1], t.of, name))
            given = dict(keywords).get("init")
            if given is not None:
                return init_value(ctx, given, t)
    hint = f"write `{name} = {_sketch(e)}`"
    raise ctx.error("T016", e.span, f"`{name}` has no initial value", hint)


def _sketch(e: s.Expr) -> str:
    text = e.span.text
    if isinstance(e, s.Call):
        return f"{text[:-1]}{', ' if e.args or e.keywords else ''}init=...)"
    return f"{text}(init=...)"


def init_value(ctx: Context, e: s.Expr, t: Type) -> Init:
    if isinstance(e, s.Name) and ctx.lookup(e.id, e.span) == Dsl("ANY"):
        if exceeds(t, MAX_DOMAIN):
            hint = f"an initial value is one of at most {MAX_DOMAIN}: choose its parts in `def init(self)`"
            raise ctx.error("T018", e.span, f"{show(t)} has too many values for ANY", hint)
        return Anything()
    if isinstance(t, ScalarsetType) and isinstance(e, s.Literal_) and isinstance(e.value, int):
        hint = "its values have no names: write `init=ANY`, or declare an Option with `init=None`"
        raise ctx.error("T001", e.span, f"{e.value} is no value of {show(t)}", hint)
    return Fixed(typecheck.constant(ctx, e, t))


def _record_init(ctx: Context, call: s.Call, info: ClassInfo, t: RecordType) -> Init:
    check_fields(ctx, call, info, dict(t.fields))
    given, parts = dict(call.keywords), []
    for name, field_type in t.fields:
        definition, module = info.fields[name]
        if name in given:
            parts.append(init_value(ctx, given[name], field_type))
        else:
            parts.append(initial(ctx.world.context(module), definition.value, field_type, name))
    return Fields(tuple(parts))


def check_fields(ctx: Context, e: s.Call, info: ClassInfo, fields: dict[str, Type]) -> None:
    """The arguments of `EventFd(counter=1)`."""
    if e.args:
        raise ctx.error("T004", e.args[0].span, "the fields of a record are given by name", f"write `{info.name}(f=v)`")
    for name, value in e.keywords:
        if name not in fields:
            hint = did_you_mean(name, fields, which("fields", fields))
            raise ctx.error("N002", value.span, f"{info.name} has no field `{name}`", hint)


def value_of(init: Init, t: Type) -> Any:
    """The natural value of an initial value that has no ANY."""
    match init:
        case Fixed(const):
            return const.value
        case Each(of):
            return (value_of(of, t.of),) * cardinality(t.index)
        case Fields(parts):
            return tuple(value_of(part, of) for part, (_, of) in zip(parts, t.fields))
    raise TypeError(init)


def has_any(init: Init) -> bool:
    match init:
        case Anything():
            return True
        case Each(of):
            return has_any(of)
        case Fields(parts):
            return any(map(has_any, parts))
    return False


def alternatives(init: Init, t: Type) -> int:
    """How many initial values there are, or MAX_INITIAL + 1 where they are more."""
    most, total = MAX_INITIAL + 1, 1
    match init:
        case Anything():
            return count_up_to(t, most)
        case Each(of) if has_any(of):
            of_each = [alternatives(of, t.of)] * cardinality(t.index)
        case Fields(parts):
            of_each = [alternatives(part, of) for part, (_, of) in zip(parts, t.fields)]
        case _:
            return 1
    for n_values in of_each:
        total = min(most, total * n_values)
    return total


# --- types ------------------------------------------------------------------------------------------------------------


def type_of(ctx: Context, e: s.Expr) -> TypeName:
    """The type that an expression writes, its initial value ignored."""
    match e:
        case s.Name(name):
            binding = ctx.lookup(name, e.span)
            match binding:
                case TypeName():
                    return binding
                case Dsl("Bool"):
                    return TypeName(BOOL)
        case s.Call(s.Name(name), args, keywords):
            binding = ctx.lookup(name, e.function.span)
            match binding:
                case TypeName(_, record):
                    if args:
                        hint = f"write `{name}(init=...)`" if record is None else f"write `{name}(field=value)`"
                        raise ctx.error("T004", args[0].span, f"`{name}` takes no positional argument", hint)
                    if record is None:
                        _only_init(ctx, name, keywords)
                    return binding
                case Dsl(constructor) if constructor in CLOCKS:
                    return TypeName(_clock(ctx, constructor, e))
                case Dsl(constructor) if constructor in CONSTRUCTORS:
                    _only_init(ctx, constructor, keywords)
                    return TypeName(_construct(ctx, constructor, e))
    hint = "types: Bool, Int(lo, hi), Range(n), Enum(...), Scalarset(n), Set(of), Seq(of, n), Option(of), Array(i, of)"
    raise ctx.error("T017", e.span, "this is no type", hint)


def _clock(ctx: Context, constructor: str, e: s.Call) -> Type:
    """What the options of a timer say is read where its declaration is (`clocks`)."""
    known, usage = ((), "Clock()") if constructor == "Clock" else (TIMER_OPTIONS, "Timer(max=1_000_000)")
    for name, value in e.keywords:
        if name not in known:
            hint = f"write `{usage}`: clocks start at 0, timers off, or as `def init(self)` says"
            raise ctx.error("T004", value.span, f"`{constructor}` has no option `{name}`", hint)
    if e.args:
        raise ctx.error("T004", e.args[0].span, f"`{constructor}` takes no positional argument", f"write `{usage}`")
    return CLOCKS[constructor]


def _only_init(ctx: Context, name: str, keywords: tuple[tuple[str, s.Expr], ...]) -> None:
    for keyword, value in keywords:
        if keyword != "init":
            raise ctx.error("T004", value.span, f"`{name}` has no option `{keyword}`", "its only option is `init=`")


def _construct(ctx: Context, constructor: str, e: s.Call) -> Type:
    counts, usage = _ARGUMENTS[constructor]
    if len(e.args) not in counts:
        number = "one argument" if len(e.args) == 1 else f"{len(e.args)} arguments"
        raise ctx.error("T004", e.span, f"`{constructor}` does not take {number}", f"write `{usage}`")
    match constructor:
        case "Bool":
            return BOOL
        case "Int":
            lo, hi = (_integer(ctx, a) for a in e.args)
            if lo > hi:
                hint = "the bounds are the least and the greatest value"
                raise ctx.error("T018", e.span, f"{lo}..{hi} is empty", hint)
            return IntType(lo, hi)
        case "Range":
            return IntType(0, _size(ctx, e, e.args[0]) - 1)
        case "Enum":
            return EnumType(_literals(ctx, e))
        case "Scalarset":
            return ScalarsetType(_size(ctx, e, e.args[0]), "Scalarset")
        case "Set":
            return SetType(_part(ctx, e.args[0]))
        case "Seq":
            return SeqType(_part(ctx, e.args[0]), _size(ctx, e, e.args[1], MAX_DOMAIN))
        case "Option":
            of = _part(ctx, e.args[0])
            if isinstance(of, OptionType):
                raise ctx.error("T018", e.span, "an Option of an Option", "one None is enough: write `Option(of)`")
            return OptionType(of)
    return ArrayType(_index(ctx, e.args[0]), _part(ctx, e.args[1]))


def _index(ctx: Context, e: s.Expr) -> Type:
    """The index type of an array."""
    t = type_of(ctx, e).type
    if not is_scalar(t):
        hint = "an array is indexed by Bool, Int, Range, Enum, Scalarset or an Option of these"
        raise ctx.error("T013", e.span, f"{show(t)} cannot index an array", hint)
    if not inhabited(t) or cardinality(t) > MAX_DOMAIN:
        hint = f"an array has 1 to {MAX_DOMAIN} elements"
        raise ctx.error("T018", e.span, f"{show(t)} has {cardinality(t)} values", hint)
    return t


def _size(ctx: Context, e: s.Call, arg: s.Expr, most: int | None = None) -> int:
    """The number of values, or of elements, that a type is given."""
    found = _integer(ctx, arg)
    if found < 0 or (most is not None and found > most):
        hint = "a number of things is not negative" if found < 0 else f"at most {most} are possible"
        raise ctx.error("T018", arg.span, f"{found} is no size for `{e.span.text}`", hint)
    return found


_ARGUMENTS = {
    "Bool": ((0,), "Bool(init=False)"),
    "Int": ((2,), "Int(0, 3, init=0)"),
    "Range": ((1,), "Range(n)` for 0 .. n-1, `Int(a, b)"),
    "Enum": (range(1, 10_000), 'Enum("idle", "busy")'),
    "Scalarset": ((1,), "Scalarset(n)"),
    "Set": ((1,), "Set(of, init=set())"),
    "Seq": ((2,), "Seq(of, capacity, init=())"),
    "Option": ((1,), "Option(of, init=None)"),
    "Array": ((2,), "Array(index, of)"),
}


def _part(ctx: Context, e: s.Expr) -> Type:
    return type_of(ctx, e).type


def _integer(ctx: Context, e: s.Expr) -> int:
    found = typecheck.constant(ctx, e)
    if not isinstance(found.type, IntType):
        hint = "write a number, or the name of a constant that is one"
        raise ctx.error("T001", e.span, f"this is {show(found.type)}, and an integer is wanted", hint)
    return found.value


def _literals(ctx: Context, e: s.Call) -> tuple[str, ...]:
    found: list[str] = []
    for arg in e.args:
        const = typecheck.constant(ctx, arg)
        if not isinstance(const.type, TextType):
            raise ctx.error("T001", arg.span, "a literal of an Enum is a string", 'write `Enum("idle", "busy")`')
        if const.value in found:
            raise ctx.error("N003", arg.span, f'"{const.value}" stands twice in this Enum', "leave one of them out")
        found.append(const.value)
    return tuple(found)


def named(t: Type, name: str) -> Type:
    """The type with the name of its definition, for reports."""
    return replace(t, name=name) if isinstance(t, IntType | EnumType | ScalarsetType) and not holds_clock(t) else t


def record_type(ctx: Context, info: ClassInfo) -> RecordType:
    """The type of a record class. Two classes of one name get types of different names."""
    fields = []
    for name, (definition, module) in info.fields.items():
        try:
            fields.append((name, variable(ctx.world.context(module), definition.value, name)[0]))
        except Bad:
            continue
    t = RecordType(info.name, tuple(fields))
    if ctx.world.records.setdefault(t, info) is not info:
        t = RecordType(f"{info.name} of {info.module}", tuple(fields))
        ctx.world.records[t] = info
    for member in info.functions.values():
        kind = kind_of(member.function)
        if kind not in (None, "procedure", "action", "expires"):
            hint = "declare it in the spec, and let it use the record"
            ctx.error("N006", member.function.span, f"a record has no `@{kind}`", hint)
    return t
