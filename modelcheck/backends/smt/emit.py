"""The operator table of this back end: one row is an operator's formula, and when it faults.

A row gets the application and the trees of its operands; it gives the tree of the result, and hands every condition
under which the operator faults to `site.fails`. What the result is where a fault is certain does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from modelcheck.backends import Unsupported
from modelcheck.backends.smt import terms
from modelcheck.backends.smt.terms import Bool, conjunction, choice, disjunction, negation, same, within
from modelcheck.backends.smt.values import Value, default, either, equal, member, ordinals, parts, selected
from modelcheck.ir.layout import universe
from modelcheck.ir.ops import FaultKind, Op, fits, possible_faults
from modelcheck.ir.types import (
    INT64,
    ArrayType,
    EnumType,
    IntType,
    OptionType,
    SeqType,
    SetType,
    Type,
)


@dataclass(frozen=True, slots=True)
class Application:
    """One place where an operator is applied. `fails` takes a kind of fault and the condition under which it occurs."""

    op: Op
    type: Any
    operands: tuple[Any, ...]
    fails: Callable[[FaultKind, Bool], None]

    def can(self, kind: FaultKind) -> bool:
        return kind in possible_faults(self.op, self.type, self.operands)


Row = Callable[..., Value]


def emit(at: Application, *args: Value) -> Value:
    """The result of a supported operator."""
    row = EMIT[at.op]
    assert not isinstance(row, Unsupported), at.op
    return row(at, *args)


# --- integers ---------------------------------------------------------------------------------------------------------


def _bounded(at: Application, result: terms.Integer) -> terms.Integer:
    if at.can(FaultKind.OVERFLOW):
        at.fails(FaultKind.OVERFLOW, negation(within(result, *INT64)))
    return result


def _interval(t: IntType) -> tuple[int, int]:
    return t.lo, t.hi


def _product(at: Application, a: Value, b: Value) -> Value:
    return _bounded(at, terms.product(a, b, *map(_interval, at.operands)))


def _nonzero(at: Application, b: Value) -> None:
    if at.can(FaultKind.DIVISION):
        at.fails(FaultKind.DIVISION, same(b, 0))


def _quotient(at: Application, a: Value, b: Value) -> Value:
    _nonzero(at, b)
    return _bounded(at, terms.quotient(a, b, _interval(at.operands[1])))


def _remainder(at: Application, a: Value, b: Value) -> Value:
    _nonzero(at, b)
    return terms.remainder(a, b, _interval(at.operands[1]))


# --- sets -------------------------------------------------------------------------------------------------------------


def _range(at: Application, a: Value, b: Value) -> Value:
    of = at.type.of
    return tuple(conjunction((a <= k, k < b)) for k in range(of.lo, of.hi + 1))


def _bitwise(join: Callable[[Bool, Bool], Bool]) -> Row:
    return lambda _, a, b: tuple(map(join, a, b))


def _subset(_: Application, a: Value, b: Value) -> Value:
    return conjunction(map(terms.implication, a, b))


def _proper_subset(at: Application, a: Value, b: Value) -> Value:
    return conjunction((_subset(at, a, b), negation(conjunction(map(same, a, b)))))


def _with(at: Application, s: Value, v: Value) -> Value:
    return tuple(disjunction(pair) for pair in zip(s, ordinals(at.type.of, v)))


def _without(at: Application, s: Value, v: Value) -> Value:
    return tuple(conjunction((inside, negation(it))) for inside, it in zip(s, ordinals(at.type.of, v)))


def _remove(at: Application, s: Value, v: Value) -> Value:
    at.fails(FaultKind.ABSENT, negation(member(at.type.of, v, s)))
    return _without(at, s, v)


# --- sequences --------------------------------------------------------------------------------------------------------


def _append(at: Application, s: Value, v: Value) -> Value:
    length, items = s
    at.fails(FaultKind.FULL, length >= at.type.capacity)
    return length + 1, tuple(either(at.type.of, same(length, i), v, item) for i, item in enumerate(items))


def _concat(at: Application, a: Value, b: Value) -> Value:
    """The item at i is a's where a is longer than i, else b's at i less the length of a, whatever that is."""
    of, capacity = at.type.of, at.type.capacity
    length = a[0] + b[0]
    if at.can(FaultKind.FULL):
        at.fails(FaultKind.FULL, length > capacity)
    items = []
    for i in range(capacity):
        item = a[1][i] if i < len(a[1]) else default(of)
        for start in range(min(i, len(a[1])), -1, -1):
            later = b[1][i - start] if i - start < len(b[1]) else default(of)
            item = either(of, same(a[0], start), later, item)
        items.append(item)
    return length, tuple(items)


def _item(at: Application, s: Value, index: Value) -> Value:
    length, items = s
    at.fails(FaultKind.INDEX, disjunction((index < 0, index >= length)))
    return selected(at.type, index, items) if items else default(at.type)


def _filled(at: Application, s: Value) -> None:
    at.fails(FaultKind.EMPTY, same(s[0], 0))


def _first(at: Application, s: Value) -> Value:
    _filled(at, s)
    return s[1][0] if s[1] else default(at.type)


def _last(at: Application, s: Value) -> Value:
    _filled(at, s)
    return selected(at.type, s[0] - 1, s[1]) if s[1] else default(at.type)


def _rest(at: Application, s: Value) -> Value:
    _filled(at, s)
    return s[0] - 1, (*s[1][1:], default(at.type.of)) if s[1] else ()


def _front(at: Application, s: Value) -> Value:
    _filled(at, s)
    of = at.type.of
    return s[0] - 1, tuple(either(of, same(s[0] - 1, i), default(of), item) for i, item in enumerate(s[1]))


def _holds(at: Application, v: Value, s: Value) -> Value:
    of, length = at.operands[0], s[0]
    return disjunction(conjunction((length > i, equal(of, v, item))) for i, item in enumerate(s[1]))


# --- options and casts ------------------------------------------------------------------------------------------------


def _get(at: Application, v: Value) -> Value:
    at.fails(FaultKind.NONE, negation(v[0]))
    return v[1]


def _cast(at: Application, v: Value) -> Value:
    [before] = at.operands
    if not fits(before, at.type):
        at.fails(FaultKind.RANGE, negation(belongs(before, at.type, v)))
    return recast(before, at.type, v)


def belongs(a: Type, b: Type, v: Value) -> Bool:
    """Whether a value of `a` is one of `b`, which differs from it in intervals and capacities at most."""
    if fits(a, b):
        return True
    match a, b:
        case IntType(), IntType(lo, hi):
            return within(v, lo, hi)
        case EnumType(literals), EnumType(known):
            return disjunction(same(v, i) for i, literal in enumerate(literals) if literal in known)
        case SetType(x), SetType(y):
            kept = set(universe(y))
            return conjunction(negation(inside) for inside, one in zip(v, universe(x)) if one not in kept)
        case OptionType(x), OptionType(y):
            return terms.implication(v[0], belongs(x, y, v[1]))
        case SeqType(x), SeqType(y, capacity):
            items = (terms.implication(v[0] > i, belongs(x, y, item)) for i, item in enumerate(v[1]))
            return conjunction((v[0] <= capacity, *items))
        case ArrayType(_, x), ArrayType(_, y):
            return conjunction(belongs(x, y, item) for item in v)
    raise TypeError((a, b))


def recast(a: Type, b: Type, v: Value) -> Value:
    """The tree of `b` for a value of `a` that belongs to it: other members, capacities and defaults."""
    match a, b:
        case EnumType(literals), EnumType(known) if literals != known:
            moved = [known.index(literal) if literal in known else 0 for literal in literals]
            return selected(b, v, moved)
        case SetType(x), SetType(y) if x != y:
            places = {one: i for i, one in enumerate(universe(x))}
            return tuple(v[places[one]] if one in places else False for one in universe(y))
        case OptionType(x), OptionType(y) if x != y:
            return v[0], either(y, v[0], recast(x, y, v[1]), default(y))
        case SeqType(x, m), SeqType(y, n):
            items = tuple(either(y, v[0] > i, recast(x, y, item), default(y)) for i, item in enumerate(v[1][:n]))
            return v[0], items + (default(y),) * (n - m)
        case ArrayType(), ArrayType():
            return tuple(map(recast, parts(a), parts(b), v))
    return v


EMIT: dict[Op, Row | Unsupported] = {
    Op.NOT: lambda _, a: negation(a),
    Op.ADD: lambda at, a, b: _bounded(at, a + b),
    Op.SUB: lambda at, a, b: _bounded(at, a - b),
    Op.MUL: _product,
    Op.FLOORDIV: _quotient,
    Op.MOD: _remainder,
    Op.NEG: lambda at, a: _bounded(at, -a),
    Op.ABS: lambda at, a: _bounded(at, choice(a < 0, -a, a)),
    Op.MIN: lambda _, a, b: choice(a <= b, a, b),
    Op.MAX: lambda _, a, b: choice(a >= b, a, b),
    Op.EQ: lambda at, a, b: equal(at.operands[0], a, b),
    Op.NE: lambda at, a, b: negation(equal(at.operands[0], a, b)),
    Op.LT: lambda _, a, b: a < b,
    Op.LE: lambda _, a, b: a <= b,
    Op.GT: lambda _, a, b: a > b,
    Op.GE: lambda _, a, b: a >= b,
    Op.RANGE: _range,
    Op.IN: lambda at, v, s: member(at.operands[0], v, s),
    Op.UNION: _bitwise(lambda a, b: disjunction((a, b))),
    Op.INTERSECTION: _bitwise(lambda a, b: conjunction((a, b))),
    Op.DIFFERENCE: _bitwise(lambda a, b: conjunction((a, negation(b)))),
    Op.SYMMETRIC_DIFFERENCE: _bitwise(lambda a, b: negation(same(a, b))),
    Op.SUBSET: _subset,
    Op.PROPER_SUBSET: _proper_subset,
    Op.CARDINALITY: lambda _, s: terms.count(s),
    Op.WITH: _with,
    Op.WITHOUT: _without,
    Op.REMOVE: _remove,
    Op.APPEND: _append,
    Op.CONCAT: _concat,
    Op.LENGTH: lambda _, s: s[0],
    Op.ITEM: _item,
    Op.FIRST: _first,
    Op.LAST: _last,
    Op.REST: _rest,
    Op.FRONT: _front,
    Op.HOLDS: _holds,
    Op.IS_NONE: lambda _, v: negation(v[0]),
    Op.SOME: lambda _, v: (True, v),
    Op.GET: _get,
    Op.CAST: _cast,
}
