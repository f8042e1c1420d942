"""Scalars that are known or symbolic: a Python bool or int, or a z3 term. Known parts are computed at once, so that the
formulas speak of nothing but what a state or a choice leaves open.

Integers are z3's unbounded ones: linear arithmetic over them is what Spacer works with, and an interval of 64 bits
costs no more than one of two. What the language bounds (overflow, types) is said beside the terms, as conditions.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Sequence

import z3

Bool = Any  # bool or z3.BoolRef
Integer = Any  # int or z3.ArithRef
Scalar = Any

MOST_CASES = 64  # values of an operand that a product or a quotient of two unknowns is split over


def is_known(x: Scalar) -> bool:
    return isinstance(x, (bool, int))


def term(x: Scalar) -> z3.ExprRef:
    """The z3 term of a scalar."""
    if isinstance(x, bool):
        return z3.BoolVal(x)
    return z3.IntVal(x) if isinstance(x, int) else x


def negation(a: Bool) -> Bool:
    if isinstance(a, bool):
        return not a
    return a.arg(0) if z3.is_not(a) else z3.Not(a)


def conjunction(parts: Iterable[Bool]) -> Bool:
    return _joined(parts, True, z3.And)


def disjunction(parts: Iterable[Bool]) -> Bool:
    return _joined(parts, False, z3.Or)


def _joined(parts: Iterable[Bool], neutral: bool, join: Callable[..., Any]) -> Bool:
    found: dict[int, Any] = {}
    for part in parts:
        if part is (not neutral):
            return part
        if part is not neutral:
            found[part.get_id()] = part
    left = list(found.values())
    return neutral if not left else left[0] if len(left) == 1 else join(*left)


def implication(a: Bool, b: Bool) -> Bool:
    return disjunction((negation(a), b))


def same(a: Scalar, b: Scalar) -> Bool:
    """Equality of two scalars of one sort."""
    if is_known(a) and is_known(b):
        return a == b
    if is_known(a):
        a, b = b, a
    if isinstance(b, bool):
        return a if b else negation(a)
    return True if not is_known(b) and a.eq(b) else a == b


def choice(test: Bool, a: Scalar, b: Scalar) -> Scalar:
    """`a if test else b`."""
    if isinstance(test, bool):
        return a if test else b
    if same(a, b) is True:
        return a
    if isinstance(a, bool):
        return disjunction((test, b)) if a else conjunction((negation(test), b))
    if isinstance(b, bool):
        return disjunction((negation(test), a)) if b else conjunction((test, a))
    return z3.If(test, a, b)


def total(parts: Sequence[Integer]) -> Integer:
    known = sum(p for p in parts if is_known(p))
    rest = [p for p in parts if not is_known(p)]
    if not rest:
        return known
    return z3.Sum(*rest, known) if known else z3.Sum(*rest) if len(rest) > 1 else rest[0]


def count(bits: Sequence[Bool]) -> Integer:
    """How many of the conditions are true."""
    return total([choice(bit, 1, 0) for bit in bits])


def within(a: Integer, lo: int, hi: int) -> Bool:
    return conjunction((a >= lo, a <= hi))


# --- products and quotients -------------------------------------------------------------------------------------------

Interval = tuple[int, int]


def product(a: Integer, b: Integer, a_in: Interval, b_in: Interval) -> Integer:
    """a * b: linear where one is known, a case for each value of a small one; else a product that z3 may give up on."""
    if is_known(a) or is_known(b):
        return a * b
    (lo, hi), (lo2, hi2) = a_in, b_in
    if min(hi - lo, hi2 - lo2) >= MOST_CASES:
        return a * b
    if hi2 - lo2 < hi - lo:
        a, b, lo, hi = b, a, lo2, hi2
    return split(a, range(lo, hi + 1), lambda k: k * b)


def split(a: Integer, cases: Sequence[int], make: Callable[[int], Scalar]) -> Scalar:
    """`make` of the value of `a`, case by case; the last one stands for every other value."""
    result = make(cases[-1])
    for k in reversed(cases[:-1]):
        result = choice(same(a, k), make(k), result)
    return result


def quotient(a: Integer, b: Integer, b_in: Interval) -> Integer:
    """a // b rounded down. Means nothing where b is 0."""
    return _divided(_quotient, a, b, b_in)


def remainder(a: Integer, b: Integer, b_in: Interval) -> Integer:
    """a % b with the sign of b. Means nothing where b is 0."""
    return _divided(_remainder, a, b, b_in)


def _divided(divide: Callable[[Any, Any, int], Any], a: Integer, b: Integer, b_in: Interval) -> Integer:
    """z3's remainders are never negative, which is Python's way for divisors above zero alone: other divisors have
    their sign changed, together with the dividend's."""
    lo, hi = b_in

    if is_known(b):
        return _by(divide, a, b) if b else 0
    divisors = [k for k in range(lo, hi + 1) if k] if hi - lo < MOST_CASES else []
    if divisors:
        return split(b, divisors, lambda k: _by(divide, a, k))
    return z3.If(b > 0, divide(a, b, 1), divide(a, b, -1))


def _by(divide: Callable[[Any, Any, int], Any], a: Integer, k: int) -> Integer:
    return divide(a, k, 1 if k > 0 else -1)


def _quotient(a: Any, b: Any, sign: int) -> Any:
    if sign < 0:
        return _quotient(-a, -b, 1)
    return a // b if is_known(a) and is_known(b) else term(a) / b


def _remainder(a: Any, b: Any, sign: int) -> Any:
    if sign < 0:
        return -_remainder(-a, -b, 1)
    return a % b if is_known(a) and is_known(b) else term(a) % b
