"""The operators in generated Python: one row each, a function of the call and the texts of its operands.

Operands stand in order and are evaluated as often as they are named: what is needed twice is kept by `call.keep`,
which evaluates it where it stands first. An operand is a name, a number, a call or parenthesised. Integers are natural
values, all else is its pattern (see `ir.layout`); so a set is a mask, and the empty sequence and None are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Union

from modelcheck.backends import Unsupported
from modelcheck.ir import layout
from modelcheck.ir.ops import FaultKind, Op, fits
from modelcheck.ir.types import INT64, IntType, OptionType, SeqType, SetType, Type


@dataclass(frozen=True, slots=True)
class Call:
    """One application: its types, the faults that it can raise, and what the generator offers.

    keep(text): (text that also binds a name, the name).  fail(kind): an expression that raises.
    shared(what, *types): the global name of a table or a function.  bits(type, text): the pattern of what an operand
    holds, as an operand; inner(type, text): back from it, as an expression.  ordinal(type, text): its ordinal.
    """

    type: Type
    types: tuple[Type, ...]
    faults: frozenset[FaultKind]
    keep: Callable[[str], tuple[str, str]]
    fail: Callable[[FaultKind], str]
    shared: Callable[..., str]
    bits: Callable[[Type, str], str]
    ordinal: Callable[[Type, str], str]
    inner: Callable[[Type, str], str]


Row = Union[Callable[..., str], Unsupported]


def _bounded(code: str) -> Callable[..., str]:
    def row(c: Call, *args: str) -> str:
        text = code.format(*args)
        if FaultKind.OVERFLOW not in c.faults:
            return text
        first, again = c.keep(text)
        return f"{again} if {INT64[0]} <= {first} <= {INT64[1]} else {c.fail(FaultKind.OVERFLOW)}"

    return row


def _divide(operator: str) -> Callable[..., str]:
    def row(c: Call, a: str, b: str) -> str:
        divisor = f"({b} or {c.fail(FaultKind.DIVISION)})" if FaultKind.DIVISION in c.faults else b
        return _bounded(f"{{0}} {operator} {{1}}")(c, a, divisor)

    return row


def _plain(code: str) -> Callable[..., str]:
    return lambda c, *args: code.format(*args)


def _choice(operator: str) -> Callable[..., str]:
    def row(c: Call, a: str, b: str) -> str:
        (first, x), (second, y) = c.keep(a), c.keep(b)
        return f"{x} if {first} {operator} {second} else {y}"

    return row


def _range(c: Call, a: str, b: str) -> str:
    (first, x), (second, y) = c.keep(a), c.keep(b)
    lo = c.type.of.lo
    return f"(1 << {y} - {lo}) - (1 << {x} - {lo}) if {first} < {second} else 0"


def _proper_subset(c: Call, a: str, b: str) -> str:
    (first, x), (second, y) = c.keep(a), c.keep(b)
    return f"({first} != {second} and not {x} & ~{y})"


def _with(c: Call, s: str, v: str) -> str:
    return f"{s} | 1 << {c.ordinal(c.types[1], v)}"


def _without(c: Call, s: str, v: str) -> str:
    return f"{s} & ~(1 << {c.ordinal(c.types[1], v)})"


def _remove(c: Call, s: str, v: str) -> str:
    (first, x), (second, bit) = c.keep(s), c.keep(f"1 << {c.ordinal(c.types[1], v)}")
    return f"{x} ^ {bit} if {first} & {second} else {c.fail(FaultKind.ABSENT)}"


@dataclass(frozen=True, slots=True)
class _Seq:
    """The numbers of a sequence type's layout. `count`: the mask of the length."""

    count: int
    head: int
    stride: int
    item: int
    capacity: int


def _seq(t: SeqType) -> _Seq:
    head, stride = layout.count_bits(t), layout.size(t.of)
    return _Seq((1 << head) - 1, head, stride, (1 << stride) - 1, t.capacity)


def _append(c: Call, s: str, v: str) -> str:
    q = _seq(c.types[0])
    if q.capacity == 0:
        return f"({s}, {v}, {c.fail(FaultKind.FULL)})[0]"
    (first, x), (second, y) = c.keep(s), c.keep(c.bits(c.types[1], v))
    length = f"({x} & {q.count})"
    added = f"({x} + 1 | {y} << {q.head} + {length} * {q.stride})"
    return f"{added} if (({first} & {q.count}) < {q.capacity}) & ({second} >= 0) else {c.fail(FaultKind.FULL)}"


def _concat(c: Call, a: str, b: str) -> str:
    p, q, r = _seq(c.types[0]), _seq(c.types[1]), _seq(c.type)
    (first, x), (second, y) = c.keep(a), c.keep(b)
    n, length = c.keep(f"{first} & {p.count}")
    total, both = c.keep(f"{n} + ({second} & {q.count})")
    items = f"{x} >> {p.head} << {r.head} | {y} >> {q.head} << {r.head} + {length} * {r.stride}"
    if FaultKind.FULL not in c.faults:
        return f"{total} | {items}"
    return f"({both} | {items}) if {total} <= {r.capacity} else {c.fail(FaultKind.FULL)}"


def _item(c: Call, s: str, i: str) -> str:
    q = _seq(c.types[0])
    (first, x), (second, y) = c.keep(s), c.keep(i)
    item = c.inner(c.type, f"{x} >> {q.head} + {y} * {q.stride} & {q.item}")
    below = f"({first} & {q.count}) > {second}"
    within = below if c.types[1].lo >= 0 else f"({below}) & ({y} >= 0)"
    return f"{item} if {within} else {c.fail(FaultKind.INDEX)}"


def _filled(code: str) -> Callable[[Call, str], str]:
    """Rows that fault on the empty sequence, which is 0. `code` is of the kept operand {0}."""

    def row(c: Call, s: str) -> str:
        q = _seq(c.types[0])
        first, x = c.keep(s)
        text = code.format(x, count=q.count, head=q.head, stride=q.stride, item=q.item)
        return f"{c.inner(c.type, text)} if {first} else {c.fail(FaultKind.EMPTY)}"

    return row


def _holds(c: Call, v: str, s: str) -> str:
    return f"{v} in {c.shared('items', c.types[1])}[{s}]"


def _get(c: Call, v: str) -> str:
    first, x = c.keep(v)
    return f"{c.inner(c.type, f'{x} - 1')} if {first} else {c.fail(FaultKind.NONE)}"


def _cast(c: Call, v: str) -> str:
    source, target = c.types[0], c.type
    match source, target:
        case IntType(), IntType():
            return _cast_integer(c, v)
        case (SetType(IntType() as a), SetType(IntType() as b)):
            return _cast_set(c, v, a, b)
        case (OptionType(IntType() as a), OptionType(IntType() as b)) if a.lo == b.lo and fits(a, b):
            return v
    if source == target:
        return v
    converted = f"{c.shared('converter', source, target)}({v})"
    if not c.faults:
        return converted
    first, x = c.keep(converted)
    return f"{x} if {first} is not None else {c.fail(FaultKind.RANGE)}"


def _cast_integer(c: Call, v: str) -> str:
    a, b = c.types[0], c.type
    if not c.faults:
        return v
    first, x = c.keep(v)
    low, high = f"{b.lo} <= " if a.lo < b.lo else "", f" <= {b.hi}" if a.hi > b.hi else ""
    return f"{x} if {low}{first}{high} else {c.fail(FaultKind.RANGE)}"


def _cast_set(c: Call, v: str, a: IntType, b: IntType) -> str:
    shift = f"<< {a.lo - b.lo}" if a.lo >= b.lo else f">> {b.lo - a.lo}"
    if not c.faults:
        return f"{v} {shift}" if a.lo != b.lo else v
    foreign = sum(1 << i for i in range(a.hi - a.lo + 1) if not b.lo <= a.lo + i <= b.hi)
    first, x = c.keep(v)
    return f"{x} {shift} if not {first} & {foreign} else {c.fail(FaultKind.RANGE)}"


EMIT: dict[Op, Any] = {
    Op.NOT: _plain("not {0}"),
    Op.ADD: _bounded("{0} + {1}"),
    Op.SUB: _bounded("{0} - {1}"),
    Op.MUL: _bounded("{0} * {1}"),
    Op.FLOORDIV: _divide("//"),
    Op.MOD: _divide("%"),
    Op.NEG: _bounded("-{0}"),
    Op.ABS: _bounded("abs({0})"),
    Op.MIN: _choice("<="),
    Op.MAX: _choice(">="),
    Op.EQ: _plain("{0} == {1}"),
    Op.NE: _plain("{0} != {1}"),
    Op.LT: _plain("{0} < {1}"),
    Op.LE: _plain("{0} <= {1}"),
    Op.GT: _plain("{0} > {1}"),
    Op.GE: _plain("{0} >= {1}"),
    Op.RANGE: _range,
    Op.IN: lambda c, v, s: f"1 << {c.ordinal(c.types[0], v)} & {s} != 0",
    Op.UNION: _plain("{0} | {1}"),
    Op.INTERSECTION: _plain("{0} & {1}"),
    Op.DIFFERENCE: _plain("{0} & ~{1}"),
    Op.SYMMETRIC_DIFFERENCE: _plain("{0} ^ {1}"),
    Op.SUBSET: _plain("{0} & ~{1} == 0"),
    Op.PROPER_SUBSET: _proper_subset,
    Op.CARDINALITY: _plain("({0}).bit_count()"),
    Op.WITH: _with,
    Op.WITHOUT: _without,
    Op.REMOVE: _remove,
    Op.APPEND: _append,
    Op.CONCAT: _concat,
    Op.LENGTH: lambda c, s: f"{s} & {_seq(c.types[0]).count}",
    Op.ITEM: _item,
    Op.FIRST: _filled("{0} >> {head} & {item}"),
    Op.LAST: _filled("{0} >> {head} + (({0} & {count}) - 1) * {stride} & {item}"),
    Op.REST: _filled("({0} - 1 & {count} | {0} >> {head} + {stride} << {head})"),
    Op.FRONT: _filled("({0} - 1 & (1 << {head} + (({0} & {count}) - 1) * {stride}) - 1)"),
    Op.HOLDS: _holds,
    Op.IS_NONE: _plain("not {0}"),
    Op.SOME: lambda c, v: f"{c.bits(c.types[0], v)} + 1",
    Op.GET: _get,
    Op.CAST: _cast,
}
