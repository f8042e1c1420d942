"""CAST: a value as one of another type of the same shape, part by part where patterns differ."""

from __future__ import annotations

from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.call import Call
from modelcheck.backends.llvm.code import Value, constant
from modelcheck.backends.llvm.patterns import inner, pattern_of, value_bits
from modelcheck.errors import InternalError
from modelcheck.ir import layout
from modelcheck.ir.ops import FaultKind, fits
from modelcheck.ir.types import ArrayType, IntType, OptionType, SeqType, SetType, Type, cardinality, contains, ordinal


def convert(c: Call, source: Type, target: Type, v: Value) -> Value:
    """The value as one of another type of the same shape; it faults where it does not belong to it."""
    code = c.code
    if source == target:
        return v
    match source, target:
        case IntType(), IntType(lo, hi):
            if not fits(source, target):
                above = code.compare("gt", code.sub(v, constant(lo)), constant(hi - lo), "u")
                c.fail_if(above, FaultKind.RANGE)
            return v
        case SetType(), SetType():
            return _convert_set(c, source, target, v)
        case OptionType(of), OptionType(to):
            return _convert_option(c, of, to, target, v)
        case SeqType(), SeqType():
            return _convert_sequence(c, source, target, v)
        case ArrayType(index, of), ArrayType(_, to):
            slot, new = c.memory(source, v), c.memory(target, constant(0, value_bits(target)))
            for i in range(cardinality(index)):
                old = memory.read(code, slot.part(of, layout.element_offset(source, i)))
                made = pattern_of(code, to, convert(c, of, to, inner(code, of, old)))
                memory.write(code, new.part(to, layout.element_offset(target, i)), made)
            return memory.read(code, new)
    raise InternalError(f"{source} is cast to {target}")


def _convert_set(c: Call, source: SetType, target: SetType, v: Value) -> Value:
    """By intervals of elements that keep their distance, which for integers is a single one."""
    code, bits = c.code, max(value_bits(source), value_bits(target))
    moves: dict[int, int] = {}  # how far elements move up -> which
    foreign = 0
    for i, member in enumerate(layout.universe(source.of)):
        if contains(target.of, member):
            by = ordinal(target.of, member) - i
            moves[by] = moves.get(by, 0) | 1 << i
        else:
            foreign |= 1 << i
    if foreign:
        c.fail_if(code.nonzero(code.and_(v, constant(foreign, v.bits))), FaultKind.RANGE)
    result, wide = constant(0, bits), code.resize(v, bits)
    for by, which in moves.items():
        kept = code.and_(wide, constant(which, bits))
        result = code.or_(result, code.shl(kept, by) if by >= 0 else code.lshr(kept, -by))
    return code.resize(result, value_bits(target))


def _convert_option(c: Call, of: Type, to: Type, target: Type, v: Value) -> Value:
    code, some, end = c.code, c.code.block("some"), c.code.block("end")
    ways = [(constant(0, value_bits(target)), code.label)]
    code.branch(code.is_zero(v), end, some)
    code.place(some)
    made = convert(c, of, to, inner(code, of, code.sub(v, constant(1, v.bits))))
    bits = code.resize(pattern_of(code, to, made), value_bits(target))
    ways.append((code.add(bits, constant(1, bits.bits)), code.label))
    code.place(end)
    return code.phi(value_bits(target), ways)


def _convert_sequence(c: Call, source: SeqType, target: SeqType, v: Value) -> Value:
    code, length = c.code, c.length(source, v)
    if source.capacity > target.capacity:
        c.fail_if(code.compare("gt", length, constant(target.capacity), "u"), FaultKind.RANGE)
    slot = c.memory(source, v)
    new = c.memory(target, code.resize(length, value_bits(target)))
    end = code.block("end")
    for i in range(min(source.capacity, target.capacity)):
        more = code.block("item")
        code.branch(code.compare("lt", constant(i), length), more, end)
        code.place(more)
        old = memory.read(code, slot.part(source.of, layout.element_offset(source, i)))
        made = pattern_of(code, target.of, convert(c, source.of, target.of, inner(code, source.of, old)))
        memory.write(code, new.part(target.of, layout.element_offset(target, i)), made)
    code.place(end)
    return memory.read(code, new)
