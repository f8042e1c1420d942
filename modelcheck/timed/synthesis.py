"""For which parameters is a property violated? The valuations are partitioned, one exploration at a time.

While there is a valuation of which nothing is known: zones are explored there. A path to a violation adds its exact
projection to the bad region, for that path is possible all over it; where there is none, the half-spaces that the
exploration recorded are added to the safe region. At the end both are simplified and checked by z3 against each other:
no valuation is in both, every one is in one of them, and each is what was found on the way.

The loop need not end in time: then there is a region that was not explored, and that is part of the answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from random import Random

import z3

from modelcheck.errors import InternalError
from modelcheck.ir import linear
from modelcheck.ir.linear import Point, Polyhedron, Region
from modelcheck.timed.parameters import OutOfTime, Parametric
from modelcheck.timed.polyhedra import Space, Undecided, space_of
from modelcheck.timed.projection import System, possible

INTERRUPTED = "interrupted"
MOST_PIECES = 64  # of what was not explored
SEED = 1  # valuations are guessed in the same order on every run


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Regions of valuations. stopped: why it ended before everything was known, in words; then `unexplored` is what
    is left, or empty where that is too many pieces, and `unknown_at` a valuation in it. bad_at, safe_at: the valuations
    that were explored. asked: how often z3 was asked whether the regions fit together; confirmed: that it said so."""

    space: Space
    bad: Region
    safe: Region
    unexplored: Region
    unknown_at: Point | None
    bad_at: tuple[Point, ...]
    safe_at: tuple[Point, ...]
    zones: int
    asked: int
    confirmed: bool
    stopped: str | None

    @property
    def complete(self) -> bool:
        return self.stopped is None


def synthesize(parametric: Parametric, *, until: float, iterations: int) -> Synthesis:
    """until: the `time.monotonic()` at which it stops exploring; to simplify and to confirm takes at most half as long
    again; `parametric.stopping` ends both. Raises InternalError where the regions contradict each other."""
    now = time.monotonic()
    search = _Search(parametric, replace(space_of(parametric.timing), stopping=parametric.stopping), until, iterations)
    try:
        stopped = search.run()
    except OutOfTime:
        stopped = "the time limit was reached"
    except Undecided as why:
        stopped = f"z3 did not say whether anything is left ({why})"
    if stopped is not None and parametric.stopping.noted:
        stopped = INTERRUPTED
    return search.answer(stopped, now + 1.5 * max(until - now, 1))


class _Search:
    def __init__(self, parametric: Parametric, space: Space, until: float, iterations: int):
        self.parametric, self.space, self.until, self.iterations = parametric, space, until, iterations
        self.bad: list[Polyhedron] = []
        self.safe: list[Polyhedron] = []
        self.bad_at: list[Point] = []
        self.safe_at: list[Point] = []
        self.zones = 0

    def run(self) -> str | None:
        """Until everything is known; or why it ended before."""
        random = Random(SEED)
        while (point := self.space.outside([*self.bad, *self.safe], random)) is not None:
            if len(self.bad) + len(self.safe) == self.iterations:
                return f"the limit of {self.iterations} explorations was reached"
            self.explore(point)
        return None

    def explore(self, point: Point) -> None:
        found = self.parametric.explore(point, self.until)
        self.zones += found.zones
        if found.path is None:
            region, regions, places = found.safe, self.safe, self.safe_at
        else:
            system = System(found.path, self.parametric.n, len(point), dense=self.parametric.timing.dense)
            region, regions, places = possible(system, self.parametric.extents), self.bad, self.bad_at
        if not linear.holds(region, point):
            raise InternalError(f"what was found at {tuple(map(str, point))} does not hold there")
        regions.append(region)
        places.append(point)

    def answer(self, stopped: str | None, until: float) -> Synthesis:
        bad, safe, space = tuple(self.bad), tuple(self.safe), self.space
        space.until, before = until, space.asked
        unexplored: Region = ()
        unknown_at, confirmed = None, True
        try:
            if stopped is not None:
                unknown_at = space.outside((*bad, *safe), Random(SEED))
                unexplored = self.rest()
            regions = space.simplified(bad), space.simplified(safe)
            self.agree(bad, regions[0], safe, regions[1], None if unknown_at and not unexplored else unexplored)
            bad, safe = regions
        except Undecided:
            confirmed = False
        return Synthesis(
            space, bad, safe, unexplored, unknown_at, tuple(self.bad_at), tuple(self.safe_at), self.zones,
            space.asked - before, confirmed, stopped,
        )  # fmt: skip

    def rest(self) -> Region:
        """What is in neither region, as polyhedra; nothing where there are too many."""
        left: list[Polyhedron] = [()]
        for known in (*self.bad, *self.safe):
            left = [piece for polyhedron in left for piece in self._without(polyhedron, known)]
            if len(left) > MOST_PIECES:
                return ()
        return self.space.simplified(tuple(left))

    def _without(self, polyhedron: Polyhedron, known: Polyhedron) -> list[Polyhedron]:
        pieces: list[Polyhedron] = []
        inside = polyhedron
        for half in known:
            piece = (*inside, half.opposite())
            if self.space.point(self.space.polyhedron(piece)) is not None:
                pieces.append(piece)
            inside = (*inside, half)
        return pieces

    def agree(
        self, bad: Region, simple_bad: Region, safe: Region, simple_safe: Region, unexplored: Region | None
    ) -> None:
        """Raises InternalError where the regions overlap or leave something out; None: what is left is not known."""
        space = self.space
        known = space.union((*simple_bad, *simple_safe, *(unexplored or ())))
        wrong = {
            "are both bad and safe": space.point(space.union(simple_bad), space.union(simple_safe)),
            "are in no region": None if unexplored is None else space.point(z3.Not(known)),
            "were bad": space.point(space.union(bad) != space.union(simple_bad)),
            "were safe": space.point(space.union(safe) != space.union(simple_safe)),
        }
        for what, point in wrong.items():
            if point is not None:
                raise InternalError(f"parameters {tuple(map(str, point))} {what}")
