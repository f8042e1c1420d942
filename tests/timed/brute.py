"""What a network of timed automata can do, found without zones: every clock a number on a grid, time in single ticks.

In dense time, ticks of 1/(2n) of a unit reach every discrete state that n clocks reach, though not always in as few
steps; in discrete time a tick is a unit. Where nothing will ever happen is looked for in half ticks: from a point on the
grid just below a bound, time passes on for less than a tick. Clocks stop one tick beyond the greatest constant, from where on they are all the same, but for those that are
compared with each other: those must be bounded. The network's text is read by `networks`, and nothing else is shared
with what is tested: guards are compiled by Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.timed.networks import Edge, Network

LIMIT = 8_000  # nodes

Node = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # places, variables, ticks of the clocks
Discrete = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass
class Found:
    """depth: discrete state -> the fewest steps that lead there on the grid. Both others: where it can happen."""

    depth: dict[Discrete, int]
    quiescent: set[Discrete]
    timelock: set[Discrete]


class Brute:
    def __init__(self, network: Network, most: int):
        """most: the greatest constant. Raises OverflowError beyond LIMIT nodes."""
        self.network = network
        self.tick = 2 if network.dense else 1  # in the numbers that clocks have here
        self.ticks = 4 * len(network.clocks) if network.dense else 1
        self.cap = most * self.ticks + self.tick
        self.steps = network.steps()
        self.names = list(network.ints)
        self.diagonal = {
            x for text in self.texts() for part in text.split(" and ") if "-" in part for x in network.clocks if x in part
        }  # fmt: skip
        self.code: dict[str, Any] = {}
        self.committed = [[x.committed for x in p.locations] for p in network.processes]
        self.still = [[x.committed or x.urgent for x in p.locations] for p in network.processes]

    def texts(self) -> list[str]:
        found = [e.guard for p in self.network.processes for e in p.edges]
        return found + [x.invariant for p in self.network.processes for x in p.locations]

    def holds(self, text: str, values: tuple[int, ...], clocks: tuple[int, ...]) -> bool:
        """Clocks in ticks: constants beside them are multiplied."""
        for part in filter(None, text.split(" and ")):
            if part not in self.code:
                self.code[part] = compile(part, part, "eval"), any(c in part for c in self.network.clocks)
            code, timed = self.code[part]
            scale = self.ticks if timed else 1
            names = dict(zip(self.network.clocks, (c / scale for c in clocks))) | dict(zip(self.names, values))
            if not eval(code, {}, names):
                return False
        return True

    def invariants(self, node: Node) -> bool:
        places, values, clocks = node
        return all(
            self.holds(p.locations[at].invariant, values, clocks) for p, at in zip(self.network.processes, places)
        )  # fmt: skip

    def moves(self, node: Node) -> list[Node]:
        places, values, clocks = node
        waiting = [i for i, at in enumerate(places) if self.committed[i][at]]
        found = []
        for step in self.steps:
            if waiting and not any(i in waiting for i, _ in step):
                continue
            if all(places[i] == e.source and self.holds(e.guard, values, clocks) for i, e in step):
                found += [after for after in self.taken(node, step) if self.invariants(after)]
        return found

    def taken(self, node: Node, step: list[tuple[int, Edge]]) -> list[Node]:
        places, values, clocks = list(node[0]), dict(zip(self.names, node[1])), list(node[2])
        choices: list[tuple[int, range]] = []
        for i, e in step:
            places[i] = e.target
            for part in filter(None, map(str.strip, e.do.split(";"))):
                name, text = (x.strip() for x in part.split("=", 1))
                if name in self.network.clocks:
                    value = eval(text)
                    low, high = value if isinstance(value, list) else (value, value)
                    x = self.network.clocks.index(name)
                    choices = [c for c in choices if c[0] != x]
                    choices.append((x, range(low * self.ticks, high * self.ticks + 1, self.tick)))
                else:
                    values[name] = eval(text, {}, values)
        found = []
        for picked in product(*(r for _, r in choices)):
            for (x, _), value in zip(choices, picked):
                clocks[x] = value
            found.append((tuple(places), tuple(values.values()), self.capped(clocks)))
        return found

    def capped(self, clocks: list[int]) -> tuple[int, ...]:
        return tuple(
            c if name in self.diagonal else min(c, self.cap) for name, c in zip(self.network.clocks, clocks)
        )  # fmt: skip

    def later(self, node: Node, tick: int) -> Node | None:
        """So much later; None where time may not pass."""
        places, values, clocks = node
        if any(self.still[i][at] for i, at in enumerate(places)) or self.hurried(node):
            return None
        after = places, values, self.capped([c + tick for c in clocks])
        return after if self.invariants(after) else None

    def hurried(self, node: Node) -> bool:
        places, values, clocks = node
        return any(
            all(places[i] == e.source and self.holds(e.guard, values, clocks) for i, e in step)
            for step in self.steps
            if any(e.event.startswith("now") for _, e in step)
        )

    def explore(self) -> Found:
        start = (
            tuple(0 for _ in self.network.processes),
            tuple(self.network.initial),
            tuple(0 for _ in self.network.clocks),
        )
        found = Found({}, set(), set())
        level = [start] if self.invariants(start) else []
        seen: set[Node] = set(level)
        depth = 0
        while level:
            reached = list(level)
            for node in reached:  # all that time leads to, without a step
                after = self.later(node, self.tick)
                if after is not None and after not in seen:
                    seen.add(after)
                    reached.append(after)
                if len(seen) > LIMIT:
                    raise OverflowError
            next_level: dict[Node, None] = {}
            for node in reached:
                found.depth.setdefault(node[:2], depth)
                for after in self.moves(node):
                    if after not in seen:
                        next_level[after] = None
            seen.update(next_level)
            level, depth = list(next_level), depth + 1
        self.futures(seen, found)
        return found

    def futures(self, seen: set[Node], found: Found) -> None:
        """Where nothing will ever happen."""
        futures: dict[Node, set[Discrete] | None] = {}  # None: something happens; else where it is noted
        for node in seen:
            chain, at = [], node
            while at not in futures:
                chain.append(at)
                after = self.later(at, 1)
                if self.moves(at):
                    futures[at] = None
                elif after is None or after == at:
                    futures[at] = found.timelock if after is None else found.quiescent
                else:
                    at = after
            for each in chain:
                futures[each] = futures[at]
        for node in seen:
            noted = futures[node]
            if noted is not None:
                noted.add(node[:2])
