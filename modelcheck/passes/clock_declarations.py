"""The clocks and timers that a spec declares, also in its arrays and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Mapping

from modelcheck.errors import Span
from modelcheck.ir import surface as s
from modelcheck.ir.types import BOOL, ArrayType, EnumType, RecordType, Type, show, values
from modelcheck.passes import typecheck
from modelcheck.passes.clocks import MAX_TIME, ClockInfo, Key, TimerOptions, holds_clock, is_timer, of_family
from modelcheck.passes.context import Bad, ClassInfo, Dsl, did_you_mean, kind_of, which

if TYPE_CHECKING:
    from modelcheck.passes.names import World
    from modelcheck.passes.typecheck import Context

MAX_CLOCKS = 1024


class _Gathering:
    def __init__(self, world: World):
        self.world = world
        self.found: dict[Key, ClockInfo] = {}

    def at(self, ctx: Context, e: s.Expr, t: Type, key: Key, name: str, handled: bool, span: Span) -> None:
        """Every clock in a declaration `name = e` of type `t`."""
        if not holds_clock(t):
            return
        match t:
            case EnumType():
                options = _timer(ctx, e, handled) if is_timer(t) else None
                self.found[key] = ClockInfo(len(self.found) + 1, name, options, span)
                if len(self.found) > MAX_CLOCKS:
                    hint = "declare fewer, or smaller arrays of them"
                    raise ctx.error("T014", span, f"more than {MAX_CLOCKS} clocks", hint)
            case ArrayType(index, of):
                part = _element(ctx, e)
                for value in values(index):
                    self.at(ctx, part, of, (*key, (value,)), f"{name}[{value}]", handled, span)
            case RecordType(_, fields):
                info = self.world.records[t]
                for field, of in fields:
                    self.field(info, field, of, key, name)
            case _:
                hint = "hold it in a variable, an Array or a record of its own"
                raise ctx.error("T032", e.span, f"a clock in {show(t)} is no clock of its own", hint)

    def field(self, info: ClassInfo, field: str, of: Type, key: Key, name: str) -> None:
        definition, module = info.fields[field]
        handled = field in handled_timers(info)
        self.at(
            self.world.context(module), definition.value, of, (*key, field), f"{name}.{field}", handled, definition.span
        )


def declared(world: World, info: ClassInfo, variables: list[tuple[int, str, Type]]) -> dict[Key, ClockInfo]:
    """The clocks of a spec by path, in order of the file. Errors are reported and what is wrong left out."""
    gathering = _Gathering(world)
    handled = handled_timers(info)
    for index, name, t in variables:
        definition, module = info.fields[name]
        try:
            gathering.at(world.context(module), definition.value, t, (index,), name, name in handled, definition.span)
        except Bad:
            continue
    return gathering.found


def handled_timers(info: ClassInfo) -> dict[str, str]:
    """The timers of a class whose expiry is a step: name of the timer -> name of the method."""
    found: dict[str, str] = {}
    for name, member in info.functions.items():
        if kind_of(member.function) == "expires":
            (timer,) = member.function.decorators[0].args
            assert isinstance(timer, s.Literal_)
            found[timer.value] = name
    return found


def no_such_timer(
    ctx: Context, info: ClassInfo, argument: s.Literal_, of: Mapping[str, Type], known: list[str]
) -> Exception:
    """What is wrong with `@expires("...")` in a class with fields `of`, of which `known` are timers."""
    name = str(argument.value).rpartition(".")[2]
    for t in of.values():
        for record in _records(t):
            if is_timer(of_family(dict(record.fields).get(name, BOOL))[1]):
                owner = ctx.world.records[record]
                message = f"the timer `{argument.value}` is one of the record {owner.name}, where its expiry belongs"
                hint = (
                    f'write `@expires("{name}")` in `class {owner.name}` ({owner.span.place}); what it sets there, an '
                    f"`@action(urgent=True)` of {info.name} can wait for"
                )
                return ctx.error("N002", argument.span, message, hint)
    hint = did_you_mean(argument.value, known, which("timers", known))
    return ctx.error("N002", argument.span, f"{info.name} has no timer `{argument.value}`", hint)


def _records(t: Type) -> Iterator[RecordType]:
    """The records that a value of the type has in it, from the outside in."""
    _, held = of_family(t)
    if isinstance(held, RecordType):
        yield held
        for _, of in held.fields:
            yield from _records(of)


def _element(ctx: Context, e: s.Expr) -> s.Expr:
    """What an array of clocks holds."""
    match e:
        case s.Call(s.Name(name), (_, of)) if ctx.lookup(name, e.span) == Dsl("Array"):
            return of
    raise ctx.error("T032", e.span, "the clocks in this are not written out", "write `Array(Index, Clock())` here")


def _timer(ctx: Context, e: s.Expr, handled: bool) -> TimerOptions:
    match e:
        case s.Call(s.Name(name), _, keywords) if ctx.lookup(name, e.span) == Dsl("Timer"):
            given = {name: _time(ctx, value) for name, value in keywords}
        case _:
            raise ctx.error("T032", e.span, "this timer is not written out", "write `Timer(max=1_000_000)` here")
    if "max" not in given:
        raise ctx.error("T004", e.span, "a timer has a greatest value", "write `Timer(max=1_000_000)`")
    options = TimerOptions(given["max"], given.get("late", 0), given.get("period"), handled)
    if options.late and not handled:
        hint = 'write a method with `@expires("...")` that says what happens, or leave `late` out'
        raise ctx.error("T032", e.span, "nothing happens when this timer is due, late or not", hint)
    if options.period is not None and not 1 <= options.period <= options.maximum:
        raise ctx.error("T006", e.span, "the period is no time that the timer can have", "it lies in 1 .. max")
    if options.period is not None and (options.late or not handled):
        hint = "let the expiry be one step and what comes late another: the schedule goes on without delay"
        raise ctx.error("T032", e.span, "a periodic timer expires on time, in a step", hint)
    return options


def _time(ctx: Context, e: s.Expr) -> int:
    found = typecheck.constant(ctx, e)
    if not isinstance(found.value, int) or isinstance(found.value, bool) or not 0 <= found.value <= MAX_TIME:
        raise ctx.error("T006", e.span, "this is no time", "times are integers from 0 to 2**56, in the spec's unit")
    return found.value
