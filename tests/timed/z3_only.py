"""Random networks explored by z3 alone: which discrete states some run of at most so many steps leads to.

Every run is a path of the network's edges with a formula over the times of its steps, written from the network's text: no
zone, no matrix, no abstraction, and none of the engine's programs. A path is gone on with while its formula has a
solution.
"""

from __future__ import annotations

import ast
from typing import Any

import z3

from tests.timed.networks import Edge, Network

Discrete = tuple[tuple[int, ...], tuple[int, ...]]
COMPARE = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Eq: lambda a, b: a == b,
    ast.GtE: lambda a, b: a >= b,
    ast.Gt: lambda a, b: a > b,
    ast.NotEq: lambda a, b: a != b,
}


class Paths:
    """most: paths that are looked at; OverflowError beyond."""

    def __init__(self, net: Network, most: int = 4_000):
        self.net, self.left = net, most
        self.solver = z3.Solver()
        self.variables = iter(range(1 << 60))
        self.names = list(net.ints)
        self.steps = net.steps()
        self.found: dict[Discrete, int] = {}

    def explore(self, steps: int) -> dict[Discrete, int]:
        """Discrete state -> the fewest steps that lead there, of at most `steps`."""
        net = self.net
        for depth in range(steps + 1):
            places, values = (0,) * len(net.processes), tuple(net.initial)
            self.go(places, values, {c: self.number(0) for c in net.clocks}, depth, depth)
        return self.found

    def number(self, value: int) -> Any:
        return z3.RealVal(value) if self.net.dense else z3.IntVal(value)

    def unknown(self) -> Any:
        name = f"v{next(self.variables)}"
        return z3.Real(name) if self.net.dense else z3.Int(name)

    def go(self, places: Any, values: Any, clocks: dict[str, Any], left: int, depth: int) -> None:
        """Arrived: deadlines hold, and may go on to hold after a delay. Goes on with every step."""
        self.solver.push()
        self.solver.add(self.invariants(places, values, clocks))
        if self.possible():
            if left == 0:
                self.found.setdefault((places, values), depth)
            else:
                self.later(places, values, clocks, left, depth)
        self.solver.pop()

    def possible(self) -> bool:
        self.left -= 1
        if self.left < 0:
            raise OverflowError
        answer = self.solver.check()
        assert answer != z3.unknown
        return answer == z3.sat

    def later(self, places: Any, values: Any, clocks: dict[str, Any], left: int, depth: int) -> None:
        delay = self.unknown()
        still = any(p.locations[at].committed or p.locations[at].urgent for p, at in zip(self.net.processes, places))
        still = still or any(self.enabled(step, places, values) for step in self.steps if self.hurries(step))
        self.solver.add(delay == 0 if still else delay >= 0)
        moved = {c: v + delay for c, v in clocks.items()}
        self.solver.add(self.invariants(places, values, moved))
        waiting = [i for i, at in enumerate(places) if self.net.processes[i].locations[at].committed]
        for step in self.steps:
            if waiting and not any(i in waiting for i, _ in step):
                continue
            if self.enabled(step, places, values):
                self.take(step, places, values, moved, left, depth)

    def hurries(self, step: list[tuple[int, Edge]]) -> bool:
        return any(e.event.startswith("now") for _, e in step)

    def enabled(self, step: list[tuple[int, Edge]], places: Any, values: Any) -> bool:
        """As far as places and variables say."""
        if any(places[i] != e.source for i, e in step):
            return False
        known = dict(zip(self.names, values))
        tests = (part for _, e in step for part in parts(e.guard) if not self.timed(part))
        return all(eval(part, {}, known) for part in tests)

    def timed(self, part: str) -> bool:
        return any(isinstance(x, ast.Name) and x.id in self.net.clocks for x in ast.walk(ast.parse(part)))

    def take(self, step: Any, places: Any, values: Any, clocks: dict[str, Any], left: int, depth: int) -> None:
        self.solver.push()
        self.solver.add([self.atom(p, clocks) for _, e in step for p in parts(e.guard) if self.timed(p)])
        after, known, there = dict(clocks), dict(zip(self.names, values)), list(places)
        for i, e in step:
            for part in filter(None, (x.strip() for x in e.do.split(";"))):
                name, value = (x.strip() for x in part.split("="))
                if name not in self.net.clocks:
                    known[name] = eval(value, {}, known)
                    continue
                low, high = ast.literal_eval(value) if value.startswith("[") else [int(value)] * 2
                after[name] = self.unknown()
                self.solver.add(after[name] >= low, after[name] <= high)
            there[i] = e.target
        self.go(tuple(there), tuple(known[n] for n in self.names), after, left - 1, depth)
        self.solver.pop()

    def invariants(self, places: Any, values: Any, clocks: dict[str, Any]) -> list[Any]:
        texts = (p.locations[at].invariant for p, at in zip(self.net.processes, places))
        return [self.atom(part, clocks) for text in texts for part in parts(text)]

    def atom(self, part: str, clocks: dict[str, Any]) -> Any:
        test = ast.parse(part, mode="eval").body
        assert isinstance(test, ast.Compare)
        left = eval(compile(ast.Expression(test.left), "", "eval"), {}, clocks)
        right = eval(compile(ast.Expression(test.comparators[0]), "", "eval"), {}, clocks)
        return COMPARE[type(test.ops[0])](left, right)


def parts(text: str) -> list[str]:
    return [p for p in text.split(" and ") if p]
