"""The operators in LLVM IR: one row each, a function of the call and the values of its operands.

Integers are natural values in an i64, a Bool is an i1, all else is its pattern (see `ir.layout`) in an integer of whole
words; so a set is a mask, and the empty sequence and None are 0. A fault branches away: what follows a `fail_if` may
rely on its being false.
"""

from __future__ import annotations

from typing import Any, Callable, Union

from modelcheck.backends import Unsupported
from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.call import LARGEST_SHIFT, Call
from modelcheck.backends.llvm.code import FALSE, WORD, Value, constant
from modelcheck.backends.llvm.convert import convert
from modelcheck.backends.llvm.loops import counted
from modelcheck.backends.llvm.memory import width
from modelcheck.backends.llvm.patterns import inner, pattern_of, value_bits
from modelcheck.ir import layout
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import INT64, IntType, SeqType, SetType

UNROLLED = 8  # items of a sequence that are looked at one by one

Row = Union[Callable[..., Value], Unsupported]

# --- integers ---------------------------------------------------------------------------------------------------------


def _arithmetic(name: str, checked: str) -> Callable[..., Value]:
    def row(c: Call, a: Value, b: Value) -> Value:
        if FaultKind.OVERFLOW not in c.faults:
            return c.code.binary(name, a, b)
        result, wrong = c.code.overflowing(checked, a, b)
        c.fail_if(wrong, FaultKind.OVERFLOW)
        return result

    return row


_LEAST = constant(INT64[0])


def _division(c: Call, a: Value, b: Value) -> tuple[Value, Value, Value]:
    """(quotient and remainder as C has them, whether the floor is one below). Divides by what is not 0 and does not
    overflow."""
    code = c.code
    quotient, remainder = code.binary("sdiv", a, b), code.binary("srem", a, b)
    opposite = code.compare("lt", code.xor(remainder, b), constant(0))
    return quotient, remainder, code.and_(code.nonzero(remainder), opposite)


def _natural(c: Call) -> bool:
    """Neither operand is negative: division needs no sign."""
    a, b = c.types
    return isinstance(a, IntType) and isinstance(b, IntType) and a.lo >= 0 and b.lo >= 0


def _nonzero(c: Call, b: Value) -> None:
    if FaultKind.DIVISION in c.faults:
        c.fail_if(c.code.is_zero(b), FaultKind.DIVISION)


def _floordiv(c: Call, a: Value, b: Value) -> Value:
    code = c.code
    _nonzero(c, b)
    if _natural(c):
        return code.binary("udiv", a, b)
    if FaultKind.OVERFLOW in c.faults:
        least, minus_one = code.compare("eq", a, _LEAST), code.compare("eq", b, constant(-1))
        c.fail_if(code.and_(least, minus_one), FaultKind.OVERFLOW)
    quotient, _, below = _division(c, a, b)
    return code.sub(quotient, code.resize(below, WORD))


def _mod(c: Call, a: Value, b: Value) -> Value:
    code = c.code
    _nonzero(c, b)
    if _natural(c):
        return code.binary("urem", a, b)
    safe = code.select(code.compare("eq", b, constant(-1)), constant(1), b)  # the least integer by -1 traps
    _, remainder, below = _division(c, a, safe)
    return code.add(remainder, code.select(below, safe, constant(0)))


def _neg(c: Call, a: Value) -> Value:
    if FaultKind.OVERFLOW in c.faults:
        c.fail_if(c.code.compare("eq", a, _LEAST), FaultKind.OVERFLOW)
    return c.code.sub(constant(0), a)


def _abs(c: Call, a: Value) -> Value:
    if FaultKind.OVERFLOW in c.faults:
        c.fail_if(c.code.compare("eq", a, _LEAST), FaultKind.OVERFLOW)
    return c.code.intrinsic("abs", a, more="i1 false")


def _compare(order: str) -> Callable[..., Value]:
    """Of integers the values are compared; otherwise equal values of a type have equal patterns."""
    return lambda c, a, b: c.code.compare(order, a, b)


# --- sets -------------------------------------------------------------------------------------------------------------


def _range(c: Call, a: Value, b: Value) -> Value:
    """The ones of all below b without those of all below a."""
    code, t = c.code, c.type
    assert isinstance(t, SetType) and isinstance(t.of, IntType)
    bits = value_bits(t)
    room = bits + WORD if layout.size(t) == bits else bits  # for the shift by the number of all elements

    def below(v: Value) -> Value:
        one = code.shl(constant(1, room), code.sub(v, constant(t.of.lo)))
        return code.resize(code.sub(one, constant(1, room)), bits)

    members = code.and_(below(b), code.not_(below(a)))
    return code.select(code.compare("lt", a, b), members, constant(0, bits))


def _in(c: Call, v: Value, s: Value) -> Value:
    return c.has(c.types[1], s, c.ordinal(c.types[0], v))


def _difference(c: Call, a: Value, b: Value) -> Value:
    return c.code.and_(a, c.code.not_(b))


def _subset(c: Call, a: Value, b: Value) -> Value:
    return c.code.is_zero(_difference(c, a, b))


def _proper_subset(c: Call, a: Value, b: Value) -> Value:
    return c.code.and_(_subset(c, a, b), c.code.compare("ne", a, b))


def _cardinality(c: Call, s: Value) -> Value:
    return c.code.resize(c.code.intrinsic("ctpop", s), WORD)


def _with(c: Call, s: Value, v: Value) -> Value:
    return c.code.or_(s, c.bit(c.types[0], c.ordinal(c.types[1], v)))


def _without(c: Call, s: Value, v: Value) -> Value:
    return _difference(c, s, c.bit(c.types[0], c.ordinal(c.types[1], v)))


def _remove(c: Call, s: Value, v: Value) -> Value:
    at = c.ordinal(c.types[1], v)
    c.fail_if(c.code.not_(c.has(c.types[0], s, at)), FaultKind.ABSENT)
    return c.code.xor(s, c.bit(c.types[0], at))


# --- sequences --------------------------------------------------------------------------------------------------------


def _append(c: Call, s: Value, v: Value) -> Value:
    t, code = c.types[0], c.code
    assert isinstance(t, SeqType)
    length = c.length(c.types[0], s)
    c.fail_if(code.compare("ge", length, constant(t.capacity), "u"), FaultKind.FULL)
    if t.capacity == 0:
        return s
    longer = code.add(s, constant(1, s.bits))
    return c.with_item(t, longer, length, pattern_of(code, t.of, v))


def _concat(c: Call, a: Value, b: Value) -> Value:
    code, (p, q), r = c.code, c.types, c.type
    assert isinstance(p, SeqType) and isinstance(q, SeqType) and isinstance(r, SeqType)
    bits, head, stride = value_bits(r), layout.count_bits(r), layout.size(r.of)
    first = c.length(p, a)
    total = code.add(first, c.length(q, b))
    if FaultKind.FULL in c.faults:
        c.fail_if(code.compare("gt", total, constant(r.capacity), "u"), FaultKind.FULL)
    if r.capacity == 0:
        return constant(0, bits)
    if bits > LARGEST_SHIFT:
        return _concat_items(c, a, b, first, total)
    front = code.resize(code.lshr(a, layout.count_bits(p)), bits)
    back = code.resize(code.lshr(b, layout.count_bits(q)), bits)
    shifted = code.shl(back, code.mul(first, constant(stride)))
    items = code.shl(code.or_(front, shifted), head)
    return code.or_(items, code.resize(total, bits))


def _concat_items(c: Call, a: Value, b: Value, first: Value, total: Value) -> Value:
    """Item by item, where shifting the whole is too much code."""
    code, (p, q), r = c.code, c.types, c.type
    assert isinstance(p, SeqType) and isinstance(q, SeqType) and isinstance(r, SeqType)
    head, stride, bits = layout.count_bits(r), layout.size(r.of), value_bits(r)
    front = code.shl(code.resize(code.lshr(a, layout.count_bits(p)), bits), head)
    new, source = c.memory(r, code.or_(front, code.resize(total, bits))), c.memory(q, b)

    def one(at: Value) -> None:
        item = memory.read(code, source.moved(code, q.of, layout.count_bits(q), stride, at))
        memory.write(code, new.moved(code, r.of, head, stride, code.add(first, at)), item)

    if stride:
        counted(code, constant(0), c.length(q, b), one)
    return memory.read(code, new)


def _item(c: Call, s: Value, i: Value) -> Value:
    t = c.types[0]
    assert isinstance(t, SeqType)
    c.fail_if(c.code.compare("ge", i, c.length(c.types[0], s), "u"), FaultKind.INDEX)
    if t.capacity == 0 or (i.number is not None and i.number >= t.capacity):
        return constant(0, value_bits(c.type))
    return inner(c.code, c.type, c.item(t, s, i))


def _filled(row: Callable[[Call, SeqType, Value], Value]) -> Callable[[Call, Value], Value]:
    """Rows that fault on the empty sequence."""

    def checked(c: Call, s: Value) -> Value:
        t = c.types[0]
        assert isinstance(t, SeqType)
        c.fail_if(c.code.is_zero(s), FaultKind.EMPTY)
        return row(c, t, s) if t.capacity else constant(0, value_bits(c.type))

    return checked


def _first(c: Call, t: SeqType, s: Value) -> Value:
    return inner(c.code, c.type, c.item(t, s, constant(0)))


def _last(c: Call, t: SeqType, s: Value) -> Value:
    return inner(c.code, c.type, c.item(t, s, c.code.sub(c.length(c.types[0], s), constant(1))))


def _rest(c: Call, t: SeqType, s: Value) -> Value:
    code, head = c.code, layout.count_bits(t)
    items = code.shl(code.lshr(code.lshr(s, head), layout.size(t.of)), head)
    return code.or_(items, code.resize(code.sub(c.length(c.types[0], s), constant(1)), s.bits))


def _front(c: Call, t: SeqType, s: Value) -> Value:
    last = c.code.sub(c.length(c.types[0], s), constant(1))
    shorter = c.code.sub(s, constant(1, s.bits))
    return c.with_item(t, shorter, last, constant(0, width(layout.size(t.of))))


def _holds(c: Call, v: Value, s: Value) -> Value:
    t, code = c.types[1], c.code
    assert isinstance(t, SeqType)
    wanted, length, slot = pattern_of(code, t.of, v), c.length(t, s), c.memory(t, s)
    head, stride, found = layout.count_bits(t), layout.size(t.of), code.slot(1)
    code.store(FALSE, found)

    def one(at: Value) -> None:
        item = memory.read(code, slot.moved(code, t.of, head, stride, at))
        there = code.and_(code.compare("lt", at, length), code.compare("eq", item, wanted))
        code.store(code.or_(code.load(found, 1), there), found)

    if t.capacity <= UNROLLED:
        for i in range(t.capacity):
            one(constant(i))
    else:
        counted(code, constant(0), length, one)
    return code.load(found, 1)


# --- options  ------------------------------------------------------------------------------------------------


def _some(c: Call, v: Value) -> Value:
    code, bits = c.code, value_bits(c.type)
    return code.add(code.resize(pattern_of(code, c.types[0], v), bits), constant(1, bits))


def _get(c: Call, v: Value) -> Value:
    c.fail_if(c.code.is_zero(v), FaultKind.NONE)
    return inner(c.code, c.type, c.code.sub(v, constant(1, v.bits)))


EMIT: dict[Op, Any] = {
    Op.NOT: lambda c, a: c.code.not_(a),
    Op.ADD: _arithmetic("add", "sadd"),
    Op.SUB: _arithmetic("sub", "ssub"),
    Op.MUL: _arithmetic("mul", "smul"),
    Op.FLOORDIV: _floordiv,
    Op.MOD: _mod,
    Op.NEG: _neg,
    Op.ABS: _abs,
    Op.MIN: lambda c, a, b: c.code.intrinsic("smin", a, b),
    Op.MAX: lambda c, a, b: c.code.intrinsic("smax", a, b),
    Op.EQ: _compare("eq"),
    Op.NE: _compare("ne"),
    Op.LT: _compare("lt"),
    Op.LE: _compare("le"),
    Op.GT: _compare("gt"),
    Op.GE: _compare("ge"),
    Op.RANGE: _range,
    Op.IN: _in,
    Op.UNION: lambda c, a, b: c.code.or_(a, b),
    Op.INTERSECTION: lambda c, a, b: c.code.and_(a, b),
    Op.DIFFERENCE: _difference,
    Op.SYMMETRIC_DIFFERENCE: lambda c, a, b: c.code.xor(a, b),
    Op.SUBSET: _subset,
    Op.PROPER_SUBSET: _proper_subset,
    Op.CARDINALITY: _cardinality,
    Op.WITH: _with,
    Op.WITHOUT: _without,
    Op.REMOVE: _remove,
    Op.APPEND: _append,
    Op.CONCAT: _concat,
    Op.LENGTH: lambda c, s: c.length(c.types[0], s),
    Op.ITEM: _item,
    Op.FIRST: _filled(_first),
    Op.LAST: _filled(_last),
    Op.REST: _filled(_rest),
    Op.FRONT: _filled(_front),
    Op.HOLDS: _holds,
    Op.IS_NONE: lambda c, v: c.code.is_zero(v),
    Op.SOME: _some,
    Op.GET: _get,
    Op.CAST: lambda c, v: convert(c, c.types[0], c.type, v),
}
