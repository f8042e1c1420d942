"""The operator table: one row is one operator, and its row is its meaning.

A row gives the symbol (for reports), the type rule (operand types -> result type, or None where the operands do not
fit), the meaning on natural values, and the evaluation faults that the meaning can raise. The connectives that stop
early (`and`, `or`, `implies`, `a if c else b`) are no operators: they are nodes, see `nodes.py`.

Operand types are settled before an operator is applied: the type checker inserts CAST, SOME and GET where an author
mixes types, so `==` compares equal types (integers excepted: any two integer types compare) and both operands of a set
operator have the result's type. Integer results have the exact interval of the operation, cut to 64 bits; an
operation whose exact interval is larger can overflow, which `possible_faults` tells a back end in advance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Callable

from modelcheck.ir.types import (
    BOOL,
    INT64,
    ArrayType,
    BoolType,
    IntType,
    OptionType,
    SeqType,
    SetType,
    Type,
    cardinality,
    contains,
)


class FaultKind(Enum):
    """The evaluation errors of the language, and a failed assert. The value is the text that reports use."""

    RANGE = "a value outside its type"
    INDEX = "an index out of range"
    FULL = "a sequence that is full"
    EMPTY = "a sequence or set that is empty"
    ABSENT = "an element that is not in the set"
    DIVISION = "a division by zero"
    OVERFLOW = "an integer beyond 64 bits"
    NONE = "an option that is None"
    ASSERT = "a failed assertion"


class Fault(Exception):
    """Raised by a meaning. Whoever evaluates adds where it happened."""

    def __init__(self, kind: FaultKind, detail: str = ""):
        super().__init__(kind.value)
        self.kind = kind
        self.detail = detail


class Op(Enum):
    NOT = auto()
    ADD = auto()
    SUB = auto()
    MUL = auto()
    FLOORDIV = auto()
    MOD = auto()
    NEG = auto()
    ABS = auto()
    MIN = auto()
    MAX = auto()
    EQ = auto()
    NE = auto()
    LT = auto()
    LE = auto()
    GT = auto()
    GE = auto()
    RANGE = auto()  # the set {a, .., b - 1}; the result type's element interval holds every possible member
    IN = auto()  # element, set
    UNION = auto()
    INTERSECTION = auto()
    DIFFERENCE = auto()
    SYMMETRIC_DIFFERENCE = auto()
    SUBSET = auto()
    PROPER_SUBSET = auto()
    CARDINALITY = auto()
    WITH = auto()  # set, element: s.add
    WITHOUT = auto()  # set, element: s.discard
    REMOVE = auto()  # set, element: s.remove, a fault where it is absent
    APPEND = auto()  # sequence, element
    CONCAT = auto()  # both operands and the result may have different capacities
    LENGTH = auto()
    ITEM = auto()  # sequence, index from 0; a negative index is a fault
    FIRST = auto()
    LAST = auto()
    REST = auto()  # all but the first: pop(0)
    FRONT = auto()  # all but the last: pop()
    HOLDS = auto()  # element, sequence: `in`
    IS_NONE = auto()
    SOME = auto()  # value -> option
    GET = auto()  # option -> value
    CAST = auto()  # to the type of the node: same value, checked to belong to it


Rule = Callable[..., "Type | None"]


@dataclass(frozen=True, slots=True)
class Row:
    symbol: str
    rule: Rule
    meaning: Callable[..., Any]  # (result type, *natural values) -> natural value
    faults: frozenset[FaultKind] = field(default=frozenset())


def _clip(lo: int, hi: int) -> IntType:
    return IntType(max(INT64[0], min(lo, INT64[1])), min(INT64[1], max(hi, INT64[0])))


def _exact(op: Op, *types: IntType) -> tuple[int, int]:
    """The exact interval of an integer operation on intervals; for division, of the defined results."""
    a = types[0]
    match op:
        case Op.NEG:
            return -a.hi, -a.lo
        case Op.ABS:
            return (0 if a.lo <= 0 <= a.hi else min(abs(a.lo), abs(a.hi))), max(abs(a.lo), abs(a.hi))
    b = types[1]
    match op:
        case Op.ADD:
            return a.lo + b.lo, a.hi + b.hi
        case Op.SUB:
            return a.lo - b.hi, a.hi - b.lo
        case Op.MUL:
            corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
            return min(corners), max(corners)
        case Op.MIN:
            return min(a.lo, b.lo), min(a.hi, b.hi)
        case Op.MAX:
            return max(a.lo, b.lo), max(a.hi, b.hi)
        case Op.FLOORDIV:
            divisors = {d for d in (b.lo, b.hi, -1, 1) if b.lo <= d <= b.hi and d}
            corners = [x // d for x in (a.lo, a.hi) for d in divisors] or [0]
            return min(corners), max(corners)
        case Op.MOD:
            return min(0, b.lo + 1 if b.lo < 0 else 0), max(0, b.hi - 1 if b.hi > 0 else 0)
    raise TypeError(op)


def _integers(op: Op) -> Rule:
    def rule(*types: Type) -> Type | None:
        if not all(isinstance(t, IntType) for t in types):
            return None
        return _clip(*_exact(op, *types))

    return rule


def _bounded(meaning: Callable[..., int]) -> Callable[..., int]:
    def checked(_: Type, *args: int) -> int:
        result = meaning(*args)
        if not INT64[0] <= result <= INT64[1]:
            raise Fault(FaultKind.OVERFLOW, str(result))
        return result

    return checked


def _nonzero(meaning: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def checked(a: int, b: int) -> int:
        if b == 0:
            raise Fault(FaultKind.DIVISION, f"{a} by 0")
        return meaning(a, b)

    return checked


def _predicate(fits: Callable[..., bool]) -> Rule:
    return lambda *types: BOOL if fits(*types) else None


def _both(kind: type) -> Callable[[Type, Type], bool]:
    return lambda a, b: isinstance(a, kind) and isinstance(b, kind)


def _same(a: Type, b: Type) -> bool:
    return a == b or (isinstance(a, IntType) and isinstance(b, IntType))


def _same_set(a: Type, b: Type) -> Type | None:
    return a if isinstance(a, SetType) and a == b else None


def _set_and_element(a: Type, b: Type) -> Type | None:
    return a if isinstance(a, SetType) and a.of == b else None


def _cast(t: Type, value: Any) -> Any:
    if not contains(t, value):
        raise Fault(FaultKind.RANGE)
    return value


def _append(t: SeqType, seq: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    return _concat(t, seq, (value,))


def _concat(t: SeqType, a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(a) + len(b) > t.capacity:
        raise Fault(FaultKind.FULL, f"the capacity is {t.capacity}")
    return a + b


def _item(_: Type, seq: tuple[Any, ...], index: int) -> Any:
    if not 0 <= index < len(seq):
        raise Fault(FaultKind.INDEX, f"index {index}, length {len(seq)}")
    return seq[index]


def _remove(_: Type, members: frozenset[Any], value: Any) -> frozenset[Any]:
    if value not in members:
        raise Fault(FaultKind.ABSENT)
    return members - {value}


def _filled(meaning: Callable[[tuple[Any, ...]], Any]) -> Callable[[Type, tuple[Any, ...]], Any]:
    def checked(_: Type, seq: tuple[Any, ...]) -> Any:
        if not seq:
            raise Fault(FaultKind.EMPTY)
        return meaning(seq)

    return checked


def _get(_: Type, value: Any) -> Any:
    if value is None:
        raise Fault(FaultKind.NONE)
    return value


def _seq_rule(result: Callable[[SeqType], Type]) -> Rule:
    return lambda t: result(t) if isinstance(t, SeqType) else None


def _range_rule(a: Type, b: Type) -> Type | None:
    if not _both(IntType)(a, b):
        return None
    return SetType(IntType(a.lo, max(a.lo - 1, b.hi - 1)))


def _concat_rule(a: Type, b: Type) -> Type | None:
    fits = isinstance(a, SeqType) and isinstance(b, SeqType) and a.of == b.of
    return SeqType(a.of, a.capacity + b.capacity) if fits else None


_EMPTY, _OVERFLOW = frozenset({FaultKind.EMPTY}), frozenset({FaultKind.OVERFLOW})
_order = _predicate(_both(IntType))
_equal = _predicate(_same)
_subset = _predicate(lambda a, b: isinstance(a, SetType) and a == b)

OPS: dict[Op, Row] = {
    Op.NOT: Row("not", _predicate(lambda a: isinstance(a, BoolType)), lambda _, a: not a),
    Op.ADD: Row("+", _integers(Op.ADD), _bounded(lambda a, b: a + b), _OVERFLOW),
    Op.SUB: Row("-", _integers(Op.SUB), _bounded(lambda a, b: a - b), _OVERFLOW),
    Op.MUL: Row("*", _integers(Op.MUL), _bounded(lambda a, b: a * b), _OVERFLOW),
    Op.FLOORDIV: Row(
        "//", _integers(Op.FLOORDIV), _bounded(_nonzero(lambda a, b: a // b)), _OVERFLOW | {FaultKind.DIVISION}
    ),
    Op.MOD: Row("%", _integers(Op.MOD), _bounded(_nonzero(lambda a, b: a % b)), frozenset({FaultKind.DIVISION})),
    Op.NEG: Row("-", _integers(Op.NEG), _bounded(lambda a: -a), _OVERFLOW),
    Op.ABS: Row("abs", _integers(Op.ABS), _bounded(abs), _OVERFLOW),
    Op.MIN: Row("min", _integers(Op.MIN), lambda _, a, b: min(a, b)),
    Op.MAX: Row("max", _integers(Op.MAX), lambda _, a, b: max(a, b)),
    Op.EQ: Row("==", _equal, lambda _, a, b: a == b),
    Op.NE: Row("!=", _equal, lambda _, a, b: a != b),
    Op.LT: Row("<", _order, lambda _, a, b: a < b),
    Op.LE: Row("<=", _order, lambda _, a, b: a <= b),
    Op.GT: Row(">", _order, lambda _, a, b: a > b),
    Op.GE: Row(">=", _order, lambda _, a, b: a >= b),
    Op.RANGE: Row("range", _range_rule, lambda _, a, b: frozenset(range(a, b))),
    Op.IN: Row("in", _predicate(lambda a, b: isinstance(b, SetType) and b.of == a), lambda _, a, b: a in b),
    Op.UNION: Row("|", _same_set, lambda _, a, b: a | b),
    Op.INTERSECTION: Row("&", _same_set, lambda _, a, b: a & b),
    Op.DIFFERENCE: Row("-", _same_set, lambda _, a, b: a - b),
    Op.SYMMETRIC_DIFFERENCE: Row("^", _same_set, lambda _, a, b: a ^ b),
    Op.SUBSET: Row("<=", _subset, lambda _, a, b: a <= b),
    Op.PROPER_SUBSET: Row("<", _subset, lambda _, a, b: a < b),
    Op.CARDINALITY: Row(
        "len", lambda t: IntType(0, cardinality(t.of)) if isinstance(t, SetType) else None, lambda _, a: len(a)
    ),
    Op.WITH: Row("add", _set_and_element, lambda _, s, v: s | {v}),
    Op.WITHOUT: Row("discard", _set_and_element, lambda _, s, v: s - {v}),
    Op.REMOVE: Row("remove", _set_and_element, _remove, frozenset({FaultKind.ABSENT})),
    Op.APPEND: Row(
        "append", lambda s, v: s if isinstance(s, SeqType) and s.of == v else None, _append, frozenset({FaultKind.FULL})
    ),
    Op.CONCAT: Row("+", _concat_rule, _concat, frozenset({FaultKind.FULL})),
    Op.LENGTH: Row("len", _seq_rule(lambda t: IntType(0, t.capacity)), lambda _, s: len(s)),
    Op.ITEM: Row(
        "[]",
        lambda s, i: s.of if isinstance(s, SeqType) and isinstance(i, IntType) else None,
        _item,
        frozenset({FaultKind.INDEX}),
    ),
    Op.FIRST: Row("first", _seq_rule(lambda t: t.of), _filled(lambda s: s[0]), _EMPTY),
    Op.LAST: Row("last", _seq_rule(lambda t: t.of), _filled(lambda s: s[-1]), _EMPTY),
    Op.REST: Row("rest", _seq_rule(lambda t: t), _filled(lambda s: s[1:]), _EMPTY),
    Op.FRONT: Row("front", _seq_rule(lambda t: t), _filled(lambda s: s[:-1]), _EMPTY),
    Op.HOLDS: Row("in", _predicate(lambda v, s: isinstance(s, SeqType) and s.of == v), lambda _, v, s: v in s),
    Op.IS_NONE: Row("is None", _predicate(lambda t: isinstance(t, OptionType)), lambda _, v: v is None),
    Op.SOME: Row("", lambda t: OptionType(t), lambda _, v: v),
    Op.GET: Row("", lambda t: t.of if isinstance(t, OptionType) else None, _get, frozenset({FaultKind.NONE})),
    Op.CAST: Row("", lambda t: t, _cast, frozenset({FaultKind.RANGE})),  # the result type is the node's own
}


def possible_faults(op: Op, result: Type, operands: tuple[Type, ...]) -> frozenset[FaultKind]:
    """The faults that an application can really raise, judged by the types of its operands."""
    faults = OPS[op].faults
    if FaultKind.OVERFLOW in faults:
        lo, hi = _exact(op, *operands)
        if INT64[0] <= lo and hi <= INT64[1]:
            faults -= {FaultKind.OVERFLOW}
    if FaultKind.DIVISION in faults and not operands[1].lo <= 0 <= operands[1].hi:
        faults -= {FaultKind.DIVISION}
    if op is Op.CAST and fits(operands[0], result):
        faults = frozenset()
    if op is Op.CONCAT and operands[0].capacity + operands[1].capacity <= result.capacity:
        faults = frozenset()
    return faults


def fits(a: Type, b: Type) -> bool:
    """Whether every value of `a` is a value of `b`, so that a cast cannot fail."""
    match a, b:
        case IntType(lo, hi), IntType(lo2, hi2):
            return lo2 <= lo and hi <= hi2
        case SetType(x), SetType(y):
            return fits(x, y)
        case OptionType(x), OptionType(y):
            return fits(x, y)
        case SeqType(x, m), SeqType(y, n):
            return m <= n and fits(x, y)
        case ArrayType(i, x), ArrayType(j, y):
            return i == j and fits(x, y)
    return a == b
