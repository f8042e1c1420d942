"""Difference bound matrices in plain Python: what the kernels mean, their oracle, and all that a small check needs.

A matrix over n clocks (clock 0 is the constant zero) is a flat list of n * n *raw bounds*; entry i * n + j bounds
clock i - clock j. The raw bound 2c + 1 means <= c, 2c means < c, INFINITY no bound: so the order of the integers is the
order of the bounds. Finite raw bounds lie within +-2**58, so that no sum of two reaches INFINITY.

A matrix is *closed* where no bound can be lowered by a sum of others. All functions take and leave closed matrices
(`extrapolate` closes again), change their argument in place, and say with False that nothing is left; what is then in
the matrix is not promised. Source: Bengtsson and Yi, "Timed automata: semantics, algorithms and tools", 2004;
extrapolation: Behrmann, Bouyer, Larsen and Pelanek, "Lower and upper bounds in zone-based abstractions", STTT 2006.
"""

from __future__ import annotations

from typing import Iterable, Sequence

INFINITY = 1 << 60
LE_ZERO = 1
NEVER = -INFINITY  # as a lower or an upper bound of `extrapolate`: the clock is not compared before it is set

Matrix = list[int]
RawAtom = tuple[int, int, int]  # left, right, raw bound
ZONE_OPS = CONSTRAIN, RESET = 0, 1
ZoneOp = tuple[int, int, int, int]  # CONSTRAIN, left, right, raw bound; or RESET, clock, low, high


def raw(bound: int, strict: bool, dense: bool) -> int:
    """<= bound, or < bound. Among integers the second is <= bound - 1."""
    return 2 * bound + (0 if strict else 1) if dense else 2 * (bound - strict) + 1


def plus(a: int, b: int) -> int:
    return INFINITY if a == INFINITY or b == INFINITY else a + b - ((a | b) & 1)


def opposite(bound: int, dense: bool) -> int:
    """The bound of j - i where i - j exceeds this one."""
    return 1 - bound if dense else -bound


def zero(n: int) -> Matrix:
    """All clocks are zero."""
    return [LE_ZERO] * (n * n)


def close(d: Matrix, n: int) -> bool:
    """Floyd and Warshall."""
    for k in range(n):
        for i in range(n):
            through = d[i * n + k]
            if through != INFINITY:
                for j in range(n):
                    d[i * n + j] = min(d[i * n + j], plus(through, d[k * n + j]))
        if d[k * n + k] < LE_ZERO:
            return False
    return all(d[i * n + i] >= LE_ZERO for i in range(n))


def constrain(d: Matrix, n: int, i: int, j: int, bound: int) -> bool:
    """With clock i - clock j within the bound too."""
    if bound >= d[i * n + j]:
        return True
    if plus(d[j * n + i], bound) < LE_ZERO:
        return False
    d[i * n + j] = bound
    for k in range(n):
        through = plus(d[k * n + i], bound)
        if through != INFINITY:
            for m in range(n):
                d[k * n + m] = min(d[k * n + m], plus(through, d[j * n + m]))
    return True


def constrain_all(d: Matrix, n: int, atoms: Iterable[RawAtom]) -> bool:
    return all(constrain(d, n, i, j, bound) for i, j, bound in atoms)


def reset(d: Matrix, n: int, x: int, low: int, high: int) -> None:
    """Clock x takes some value of [low .. high]."""
    for k in range(n):
        d[x * n + k] = plus(2 * high + 1, d[k])
        d[k * n + x] = plus(d[k * n], 1 - 2 * low)
    d[x * n + x] = LE_ZERO


def up(d: Matrix, n: int) -> None:
    """Any time passes."""
    for i in range(1, n):
        d[i * n] = INFINITY


def down(d: Matrix, n: int) -> None:
    """Whatever comes here when time passes; no clock below zero."""
    for i in range(1, n):
        d[i] = min(LE_ZERO, *(d[j * n + i] for j in range(1, n)))


def free(d: Matrix, n: int, x: int) -> None:
    """Clock x may have any value from zero on."""
    for k in range(n):
        d[x * n + k] = INFINITY
        d[k * n + x] = d[k * n]
    d[x * n + x] = LE_ZERO


def run(d: Matrix, n: int, program: Sequence[ZoneOp]) -> bool:
    """Constraints and resets in order."""
    for kind, a, b, c in program:
        if kind == RESET:
            reset(d, n, a, b, c)
        elif not constrain(d, n, a, b, c):
            return False
    return True


def unrun(d: Matrix, n: int, program: Sequence[ZoneOp]) -> bool:
    """What the program leads into d from."""
    for kind, a, b, c in reversed(program):
        if kind == RESET:
            if not constrain(d, n, a, 0, 2 * c + 1) or not constrain(d, n, 0, a, 1 - 2 * b):
                return False
            free(d, n, a)
        elif not constrain(d, n, a, b, c):
            return False
    return True


def everything(n: int) -> Matrix:
    """Clocks from zero on."""
    d = [INFINITY] * (n * n)
    for i in range(n):
        d[i] = d[i * n + i] = LE_ZERO
    return d


def extrapolate(d: Matrix, n: int, lower: Sequence[int], upper: Sequence[int]) -> None:
    """Extra_LU+, and closed again: values that no comparison to come can tell apart are put together. lower[x]: the
    greatest c of comparisons x > c or x >= c; upper[x] likewise for < and <=; NEVER where there is none, INFINITY where
    the value itself must be kept; both 0 for clock 0. Preserves which sequences of steps are possible. With lower =
    upper it is Extra_M+, which also preserves which are not. Neither does for clocks that are compared with each
    other."""
    floor = d[:n]
    beyond = [-(b >> 1) > limit for b, limit in zip(floor, upper)]
    changed = False
    for i in range(1, n):
        above = -(floor[i] >> 1) > lower[i]
        for j in range(n):
            entry = d[i * n + j]
            if i != j and entry != INFINITY and (above or entry >> 1 > lower[i] or beyond[j]):
                d[i * n + j] = INFINITY
                changed = True
    for j in range(1, n):
        if beyond[j]:
            d[j] = LE_ZERO if upper[j] == NEVER else -2 * upper[j]
            changed |= d[j] != floor[j]
    if changed:
        close(d, n)


def includes(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether all of b is in a."""
    return all(x >= y for x, y in zip(a, b))


def without(zones: list[Matrix], n: int, taken: Matrix, dense: bool) -> list[Matrix]:
    """What of the zones is not in `taken`, in pieces that do not overlap."""
    pieces = []
    for zone in zones:
        rest = zone.copy()
        for i in range(n):
            for j in range(n):
                bound = taken[i * n + j]
                if bound >= rest[i * n + j]:
                    continue
                piece = rest.copy()
                if constrain(piece, n, j, i, opposite(bound, dense)):
                    pieces.append(piece)
                if not constrain(rest, n, i, j, bound):
                    break
            else:
                continue
            break
    return pieces
