"""Parts of packed values in memory: read and written in place, at bit positions known or computed.

Memory is an array of 64-bit words, lowest first; a part may straddle words and nothing beyond its own last bit is ever
touched. A part of up to 64 bits comes as an i64, a wider one as an integer of whole words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from modelcheck.backends.llvm.code import WORD, Code, Value, constant
from modelcheck.ir import layout
from modelcheck.ir.types import Type


def width(size: int) -> int:
    """The bits of the integer that holds a pattern of `size` bits."""
    return max(1, (size + WORD - 1) // WORD) * WORD


def words(size: int) -> int:
    return width(size) // WORD


@dataclass(frozen=True, slots=True)
class Path:
    """A part of type `type` at bit `offset` + `shift` of the words at `base`. Whatever `shift` is, the part lies within
    bits `first` .. `last` of the base."""

    base: str
    type: Type
    first: int
    last: int
    offset: int = 0
    shift: Value | None = None
    stride: int = WORD  # every term of the shift is a multiple of it

    def part(self, t: Type, offset: int) -> Path:
        at = self.offset + offset
        if self.shift is not None:
            return replace(self, type=t, offset=at)
        return replace(self, type=t, offset=at, first=at, last=at + layout.size(t) - 1)

    def moved(self, code: Code, t: Type, offset: int, stride: int, index: Value) -> Path:
        """The part of that type at `offset` + index * stride. `index` is in range where control comes."""
        if index.number is not None:
            return self.part(t, offset + index.number * stride)
        term = code.mul(index, constant(stride))
        shift = term if self.shift is None else code.add(self.shift, term)
        step = _common(stride, self.stride) if self.shift is not None else _power(stride)
        return replace(self, type=t, offset=self.offset + offset, shift=shift, stride=step)


def whole(base: str, t: Type) -> Path:
    """All of a value that has memory of its own."""
    return Path(base, t, 0, layout.size(t) - 1)


def _power(n: int) -> int:
    """The largest power of two that divides n, at most a word."""
    return min(WORD, n & -n) if n else WORD


def _common(a: int, b: int) -> int:
    return min(_power(a), _power(b))


@dataclass(frozen=True, slots=True)
class _Spot:
    """Up to 64 bits at a computed place: the word, how far into it, and the word of the last bit where that may be
    another one."""

    word: str
    bit: Value
    next: str | None


def _spot(code: Code, p: Path, offset: int, size: int) -> _Spot:
    """For `size` bits at `offset` from the start of the part."""
    assert p.shift is not None
    at = p.offset + offset
    if p.first // WORD == p.last // WORD:
        position = code.add(p.shift, constant(at - p.first // WORD * WORD))
        return _Spot(code.element(p.base, p.first // WORD), position, None)
    position = code.add(p.shift, constant(at))
    bit = code.and_(position, constant(WORD - 1))
    word = code.element(p.base, code.lshr(position, 6))
    step = _common(p.stride, at) if at else p.stride
    if size <= step:
        return _Spot(word, bit, None)
    last = code.lshr(code.add(position, constant(size - 1)), 6)
    return _Spot(word, bit, code.element(p.base, last))


def read(code: Code, p: Path, size: int | None = None) -> Value:
    """The pattern of the part (of its first `size` bits), as an integer of width(size) bits."""
    size = layout.size(p.type) if size is None else size
    if size == 0:
        return constant(0)
    if p.shift is None:
        return _read_known(code, p.base, p.offset, size)
    if size <= WORD:
        return _read_word(code, p, 0, size)
    result = constant(0, width(size))
    for i in range(words(size)):
        piece = _read_word(code, p, i * WORD, min(WORD, size - i * WORD))
        result = code.or_(result, code.shl(code.resize(piece, result.bits), i * WORD))
    return result


def _read_known(code: Code, base: str, offset: int, size: int) -> Value:
    first, last, bit = offset // WORD, (offset + size - 1) // WORD, offset % WORD
    if size > WORD:
        count = last - first + 1
        block = code.load(code.element(base, first), count * WORD, 8)
        return code.resize(_masked(code, code.lshr(block, bit), size), width(size))
    low = code.lshr(code.load(code.element(base, first), WORD), bit)
    if last > first:
        high = code.load(code.element(base, last), WORD)
        low = code.or_(low, code.shl(high, WORD - bit))
    return _masked(code, low, size) if last > first or bit + size < WORD else low


def _read_word(code: Code, p: Path, offset: int, size: int) -> Value:
    spot = _spot(code, p, offset, size)
    low = code.lshr(code.load(spot.word, WORD), spot.bit)
    if spot.next is not None:
        high = code.shl(code.load(spot.next, WORD), 1)
        low = code.or_(low, code.shl(high, code.sub(constant(WORD - 1), spot.bit)))
    return _masked(code, low, size)


def _masked(code: Code, v: Value, size: int) -> Value:
    return code.and_(v, constant((1 << size) - 1, v.bits))


def write(code: Code, p: Path, v: Value) -> None:
    """Replaces the part by a pattern of width(size) bits."""
    size = layout.size(p.type)
    for i in range(words(size) if size else 0):
        count = min(WORD, size - i * WORD)
        piece = code.resize(code.lshr(v, i * WORD), WORD)
        if p.shift is not None:
            _write_word(code, p, i * WORD, count, piece)
        else:
            _write_known(code, p.base, p.offset + i * WORD, count, piece)


def _write_known(code: Code, base: str, offset: int, size: int, v: Value) -> None:
    while size:
        word, bit = code.element(base, offset // WORD), offset % WORD
        count = min(size, WORD - bit)
        mask = ((1 << count) - 1) << bit
        piece = code.and_(code.shl(v, bit), constant(mask))
        old = code.and_(code.load(word, WORD), constant(~mask)) if count < WORD else constant(0)
        code.store(code.or_(old, piece), word)
        v, offset, size = code.lshr(v, count) if count < WORD else v, offset + count, size - count


def _write_word(code: Code, p: Path, offset: int, size: int, v: Value) -> None:
    spot, mask = _spot(code, p, offset, size), constant((1 << size) - 1)
    _merge(code, spot.word, code.shl(mask, spot.bit), code.shl(v, spot.bit))
    if spot.next is not None:
        back = code.sub(constant(WORD - 1), spot.bit)
        high, piece = code.lshr(code.lshr(mask, 1), back), code.lshr(code.lshr(v, 1), back)
        _merge(code, spot.next, high, piece)


def _merge(code: Code, word: str, mask: Value, v: Value) -> None:
    old = code.and_(code.load(word, WORD), code.not_(mask))
    code.store(code.or_(old, v), word)
