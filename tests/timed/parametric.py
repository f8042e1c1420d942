"""Random networks of timed automata of which some constants are parameters, in the notation of `networks`.

The text is a template: at a valuation it is an ordinary network. The model with parameters is made from three of those:
the coefficient of a parameter is by how much a bound grows with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Iterator

from modelcheck.ir.nodes import Apply, Expr, Model, Property
from modelcheck.ir.ops import Op
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Param, Reset, Timing
from modelcheck.ir.types import BOOL
from tests.timed.networks import Network
from tests.timed.random_networks import MOST, Flavour, network

NAMES = ("p", "q")
POINTS = tuple(product(range(MOST + 1), repeat=len(NAMES)))


@dataclass(frozen=True)
class Template:
    text: str
    dense: bool
    most: int  # the greatest constant at any valuation

    def at(self, point: tuple[int, ...]) -> Network:
        return Network(self.text.format(**dict(zip(NAMES, point))), self.dense)

    def wrong(self, net: Network) -> Expr:
        """What must not be: the first process at its last place."""
        first = net.processes[0]
        return net.places(**{first.name: first.locations[-1].name})

    def model(self, point: tuple[int, ...]) -> Model:
        """An ordinary one, with the invariant."""
        net = self.at(point)
        plain = net.model()
        expr = Apply(Op.NOT, (self.wrong(net),), BOOL)
        target = Property("never", "invariant", expr, predicate=len(plain.predicates))
        return replace(plain, predicates=(*plain.predicates, expr), properties=(target,))

    def parametric(self) -> Model:
        base, *moved = (self.model(p) for p in ((0, 0), (1, 0), (0, 1)))
        first, others = base.timing, [m.timing for m in moved]
        assert first is not None
        programs = tuple(
            tuple(_site(sites) for sites in zip(*same, strict=True))
            for same in zip(first.programs, *(t.programs for t in others if t), strict=True)
        )
        deadlines = tuple(
            replace(same[0], atom=_atom([d.atom for d in same]))
            for same in zip(first.deadlines, *(t.deadlines for t in others if t), strict=True)
        )
        params = tuple(Param(name, 0, MOST) for name in NAMES)
        timing: Timing = replace(first, programs=programs, deadlines=deadlines, params=params)
        return replace(base, timing=timing)


def _bound(same: list[Bound]) -> Bound:
    base = same[0].constant
    grows = ((i, b.constant - base) for i, b in enumerate(same[1:]))
    return Bound(base, params=tuple((i, by) for i, by in grows if by))


def _atom(same: list[Atom]) -> Atom:
    return replace(same[0], bound=_bound([a.bound for a in same]))


def _site(same: tuple[ClockSite, ...]) -> ClockSite:
    match same[0].op:
        case Constrain():
            return replace(same[0], op=Constrain(_atom([s.op.atom for s in same if isinstance(s.op, Constrain)])))
        case Reset(clock):
            resets = [s.op for s in same if isinstance(s.op, Reset)]
            return replace(same[0], op=Reset(clock, _bound([r.low for r in resets]), _bound([r.high for r in resets])))
    raise TypeError(same[0])


def template(seed: int, flavour: Flavour) -> Template:
    random = Random(seed)

    def comparison(found: re.Match[str]) -> str:
        if random.random() < 0.5:
            return found[0]
        name = f"{{{random.choice(NAMES)}}}"
        return f"{found[1]} {random.choice((name, name, f'{name} + 1', '{p} + {q}'))}"

    def interval(found: re.Match[str]) -> str:
        return found[0] if random.random() < 0.5 else f"[0, {{{random.choice(NAMES)}}}]"

    lines = []
    for line in network(seed, flavour).splitlines():
        if line.startswith(("location", "edge")):
            line = re.sub(r"(c\d (?:<=|>=|<|>|==)) \d+", comparison, line)
            line = re.sub(r"\[\d+, \d+\]", interval, line)
        lines.append(line)
    return Template("\n".join(lines), flavour.dense, 2 * MOST + flavour.most)


def templates(flavour: Flavour, count: int) -> Iterator[tuple[int, Template]]:
    """The first so many that have a parameter."""
    seed = 0
    while count:
        found = template(seed, flavour)
        if "{" in found.text:
            yield seed, found
            count -= 1
        seed += 1
