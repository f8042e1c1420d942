"""The meaning of temporal formulas on a lasso, read off their definitions: no automaton, no normal form.

What the search finds is confirmed by it, and tests hold the search against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from modelcheck.errors import InternalError
from modelcheck.ir.nodes import Const, Expr, Temporal

Leaf = Callable[[Expr, int], bool]


def holds(expr: Expr, length: int, loop: int, leaf: Leaf) -> bool:
    """Whether a formula holds of the behaviour with positions 0..length - 1, the last followed by `loop`. `leaf` gives
    the value of a state or action predicate at a position."""
    return _values(expr, Positions(length, loop), leaf)[0]


@dataclass(frozen=True, slots=True)
class Positions:
    length: int
    loop: int

    def ahead(self, position: int) -> list[int]:
        """Every position from here on, in order, each once. A formula has the same value in every round of the loop."""
        return [*range(position, self.length), *range(self.loop, position)]

    @property
    def recurring(self) -> range:
        return range(self.loop, self.length)


def _values(expr: Expr, on: Positions, leaf: Leaf) -> list[bool]:
    """The value at each position."""
    if isinstance(expr, Const):
        return [bool(expr.value)] * on.length
    if not isinstance(expr, Temporal):
        return [leaf(expr, i) for i in range(on.length)]
    if expr.operator not in MEANING:
        raise InternalError(f"`{expr.operator}` is no temporal operator")
    meaning, args = MEANING[expr.operator], [_values(a, on, leaf) for a in expr.args]
    return [meaning(on, i, *args) for i in range(on.length)]


def _until(on: Positions, i: int, p: list[bool], q: list[bool]) -> bool:
    for j in on.ahead(i):
        if q[j] or not p[j]:
            return q[j]
    return False


MEANING: dict[str, Callable[..., bool]] = {
    "not": lambda on, i, p: not p[i],
    "and": lambda on, i, *args: all(p[i] for p in args),
    "or": lambda on, i, *args: any(p[i] for p in args),
    "implies": lambda on, i, p, q: not p[i] or q[i],
    "always": lambda on, i, p: all(p[j] for j in on.ahead(i)),
    "eventually": lambda on, i, p: any(p[j] for j in on.ahead(i)),
    "infinitely_often": lambda on, i, p: any(p[j] for j in on.recurring),
    "eventually_always": lambda on, i, p: all(p[j] for j in on.recurring),
    "leads_to": lambda on, i, p, q: all(not p[j] or any(q[k] for k in on.ahead(j)) for j in on.ahead(i)),
    "until": _until,
    "weak_until": lambda on, i, p, q: all(p[j] for j in on.ahead(i)) or _until(on, i, p, q),
}
