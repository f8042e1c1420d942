"""Types and declared variables: `Int(0, 3, init=0)`, `Array(Queue, EventFd(counter=1))`, `Ack = Set(Vcpu)`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.layout import STATE_LIMIT, UNIVERSE_LIMIT, count_up_to, oversized_set, set_diagnostic, size
from modelcheck.ir.types import (
    BOOL,
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
    values,
)
from modelcheck.passes import conversions, typecheck
from modelcheck.passes.context import Bad, ClassInfo, Dsl, TypeName, did_you_mean

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


def is_declaration(ctx: Context, e: s.Expr) -> bool:
    """Whether an expression declares something: a call of a type, `Int(0, 3, init=0)`, `Phase(init="idle")`."""
    match e:
        case s.Call(s.Name(name)) if ctx.local(name) is None and name in ctx.world.known(ctx.module):
            binding = ctx.world.lookup(ctx.module, name, e.span)
            if isinstance(binding, TypeName):
                return binding.record is None
            return isinstance(binding, Dsl) and binding.name in CONSTRUCTORS
    return False


def variable(ctx: Context, e: s.Expr, name: str) -> tuple[Type, Init]:
    """Type and initial value of `name = e`, a state variable, a field or a declared local."""
    t = type_of(ctx, e).type
    _check_size(ctx, e, t, name)
    return t, initial(ctx, e, t, name)


MOST_VALUES = 65_536  # that `init=ANY` stands for


def _check_size(ctx: Context, e: s.Expr, t: Type, name: str) -> None:
    """Refuses what no state could hold before anything is made of it; the layout refuses by the same limits."""
    large = oversized_set(t)
    if large is not None:
        found = set_diagnostic(large, UNIVERSE_LIMIT, e.span)
        raise ctx.error(found.code, e.span, found.message, found.hint or "")
    if size(t) > STATE_LIMIT:
        hint = f"a state has at most {STATE_LIMIT} bits: make the type smaller"
        raise ctx.error("B002", e.span, f"`{name}` alone takes {size(t)} bits", hint)


def variable_or_first(ctx: Context, e: s.Expr, name: str) -> tuple[Type, Init]:
    """The same, with some initial value in the place of a wrong one: its uses are then checked all the same."""
    try:
        return variable(ctx, e, name)
    except Bad:
        t = type_of(ctx, e).type
        _check_size(ctx, e, t, name)
        if count_up_to(t, 1) == 0:
            raise
        return t, Fixed(n.Const(next(iter(values(t))), t))


def initial(ctx: Context, e: s.Expr, t: Type, name: str) -> Init:
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
    if isinstance(e, s.Name) and isinstance(b := ctx.lookup(e.id, e.span), Dsl) and b.name == "ANY":
        if count_up_to(t, MOST_VALUES + 1) > MOST_VALUES:
            hint = "declare a smaller type, or one initial value, and let `init` or a step choose parts"
            raise ctx.error("T018", e.span, f"ANY stands for more than {MOST_VALUES} values of {show(t)}", hint)
        return Anything()
    if isinstance(t, ScalarsetType) and isinstance(e, s.Literal_) and isinstance(e.value, int):
        hint = "its values have no names: write `init=ANY`, or declare an Option with `init=None`"
        raise ctx.error("T001", e.span, f"{e.value} is no value of {show(t)}", hint)
    return Fixed(typecheck.constant(ctx, e, t))


def _record_init(ctx: Context, call: s.Call, info: ClassInfo, t: RecordType) -> Init:
    if call.args:
        hint = f"write `{info.name}(field=value)`"
        raise ctx.error("T004", call.args[0].span, "the fields of a record are given by name", hint)
    fields = dict(t.fields)
    for name, value in call.keywords:
        if name not in fields:
            hint = did_you_mean(name, fields, f"its fields are {', '.join(fields)}")
            raise ctx.error("N002", value.span, f"{info.name} has no field `{name}`", hint)
    given, parts = dict(call.keywords), []
    for name, field_type in t.fields:
        definition, module = info.fields[name]
        if name in given:
            parts.append(init_value(ctx, given[name], field_type))
        else:
            parts.append(initial(ctx.world.context(module), definition.value, field_type, name))
    return Fields(tuple(parts))


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
                case Dsl(constructor) if constructor in CONSTRUCTORS:
                    _only_init(ctx, constructor, keywords)
                    return TypeName(_construct(ctx, constructor, e))
    hint = "types: Bool, Int(lo, hi), Range(n), Enum(...), Scalarset(n), Set(of), Seq(of, n), Option(of), Array(i, of)"
    raise ctx.error("T017", e.span, "this is no type", hint)


def _only_init(ctx: Context, name: str, keywords: tuple[tuple[str, s.Expr], ...]) -> None:
    for keyword, value in keywords:
        if keyword != "init":
            raise ctx.error("T004", value.span, f"`{name}` has no option `{keyword}`", "its only option is `init=`")


def _construct(ctx: Context, constructor: str, e: s.Call) -> Type:
    counts, usage = _ARGUMENTS[constructor]
    if len(e.args) not in counts:
        raise ctx.error("T004", e.span, f"`{constructor}` does not take {len(e.args)} arguments", f"write `{usage}`")
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
            count = _integer(ctx, e.args[0])
            if count < 0:
                raise ctx.error("T018", e.span, f"Range({count}) is less than empty", "its argument counts the values")
            return IntType(0, count - 1)
        case "Enum":
            return EnumType(_literals(ctx, e))
        case "Scalarset":
            return ScalarsetType(_integer(ctx, e.args[0]), "Scalarset")
        case "Set":
            return SetType(_part(ctx, e.args[0]))
        case "Seq":
            return SeqType(_part(ctx, e.args[0]), _integer(ctx, e.args[1]))
        case "Option":
            of = _part(ctx, e.args[0])
            if isinstance(of, OptionType):
                raise ctx.error("T018", e.span, "an Option of an Option", "one None is enough: write `Option(of)`")
            return OptionType(of)
    index = type_of(ctx, e.args[0]).type
    if not is_scalar(index):
        hint = "an array is indexed by Bool, Int, Range, Enum, Scalarset or an Option of these"
        raise ctx.error("T013", e.args[0].span, f"{show(index)} cannot index an array", hint)
    return ArrayType(index, _part(ctx, e.args[1]))


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
        hint = "bounds and sizes are integers"
        raise ctx.error("T001", e.span, f"this is {conversions.what(found)}, and an integer is wanted", hint)
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
    return replace(t, name=name) if isinstance(t, IntType | EnumType | ScalarsetType) else t


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
        kind = member.function.decorators[0].name if member.function.decorators else None
        if kind not in (None, "procedure", "action"):
            hint = "declare it in the spec, and let it use the record"
            ctx.error("N006", member.function.span, f"a record has no `@{kind}`", hint)
    return t
