"""Systems of difference constraints over times, solved one value after the other.

Variable 0 is zero. A bound is (number, 1) for <=, (number, 0) for <. The system keeps, for every variable, the least
and the greatest value that the constraints leave it: whatever value between them a variable is given, the others can
follow. So greedy choices never have to be taken back. Numbers are exact: int, or Fraction where open bounds in dense
time leave no integer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

Number = int | Fraction
Limit = tuple[Number, int]  # (number, 1): <=; (number, 0): <


def _sum(a: Limit, b: Limit) -> Limit:
    return a[0] + b[0], a[1] & b[1]


@dataclass(slots=True)
class Differences:
    """`above[v]`: v is at most that, None: no bound; `below[v]`: -v is at most that."""

    edges: dict[tuple[int, int], Limit] = field(default_factory=dict)  # (u, v): u - v within
    after: list[set[int]] = field(default_factory=lambda: [set()])  # v -> u of edges
    before: list[set[int]] = field(default_factory=lambda: [set()])  # u -> v of edges
    above: list[Limit | None] = field(default_factory=list)
    below: list[Limit | None] = field(default_factory=list)

    def variable(self) -> int:
        self.after.append(set())
        self.before.append(set())
        return len(self.after) - 1

    def add(self, u: int, v: int, limit: Limit) -> None:
        """u - v within the limit. Before `solve`."""
        if limit < self.edges.get((u, v), (limit[0] + 1, 1)):
            self.edges[u, v] = limit
            self.after[v].add(u)
            self.before[u].add(v)

    def solve(self) -> bool:
        """Whether there is a solution; then `above` and `below` are known."""
        if any(u == v and limit < (0, 1) for (u, v), limit in self.edges.items()):
            return False
        return self._extremes(0)

    def _extremes(self, origin: int) -> bool:
        unknown: list[Limit | None] = [None] * len(self.after)
        self.above, self.below = unknown.copy(), unknown.copy()
        self.above[origin] = self.below[origin] = (0, 1)
        return self._spread([origin], self.above, self.after, False) and self._spread(
            [origin], self.below, self.before, True
        )

    def _spread(self, changed: list[int], limits: list[Limit | None], next_of: list[set[int]], back: bool) -> bool:
        """Carries what changed on to the others. False: round and round, there is no solution."""
        for _ in range(len(self.after) + 1):
            if not changed:
                return True
            again: dict[int, None] = {}
            for v in changed:
                limit = limits[v]
                assert limit is not None
                for u in next_of[v]:
                    new, old = _sum(limit, self.edges[(v, u) if back else (u, v)]), limits[u]
                    if old is None or new < old:
                        limits[u] = new
                        again[u] = None
            changed = list(again)
        return False

    def fits(self, u: int, v: int, limit: Limit) -> bool:
        """Whether u - v can be within the limit too. Of a system that has a solution."""
        found = Differences(self.edges, self.after, self.before)
        found._extremes(u)
        back = found.above[v]  # v - u is at most that
        return back is None or _sum(back, limit) >= (0, 1)

    def fix(self, v: int, value: Number) -> None:
        """Gives a variable a value between its extremes."""
        self.above[v], self.below[v] = (value, 1), (-value, 1)
        self._spread([v], self.above, self.after, False)
        self._spread([v], self.below, self.before, True)

    def least(self, v: int) -> Number:
        """The least value of a variable; where its bound is open, one unit more if that fits, else halfway."""
        return _least(self.below[v], self.above[v])

    def greatest(self, v: int) -> Number:
        return -_least(self.above[v], self.below[v])

    def roundest(self, v: int, offset: Number = 0, sign: int = 1) -> Number:
        """The value v for which offset + sign * v has the most zeros at its end, the least of such; the least value
        where nothing limits it."""
        low, high = self.least(v), self.above[v]
        if high is None:
            return low
        ends = sorted((offset + sign * low, offset + sign * self.greatest(v)))
        power = 10 ** max(1, len(str(int(abs(ends[1])))))
        while power >= 1:
            rounded = -(-ends[0] // power) * power
            if rounded <= ends[1]:
                return (rounded - offset) * sign
            power //= 10
        return low


def _least(low: Limit | None, high: Limit | None) -> Number:
    """The least x with -x within low and x within high."""
    assert low is not None
    bound, closed = -low[0], low[1]
    if closed:
        return bound
    more = bound // 1 + 1
    if high is None or (more, 1) <= high:
        return more
    return Fraction(bound + high[0]) / 2
