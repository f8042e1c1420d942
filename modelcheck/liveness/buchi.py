"""Formulas to generalised Büchi automata whose letters and acceptance stand on the edges.

A state is a set of formulas that must hold of what remains of the behaviour; an edge says what the present position
must look like and what is then left. An edge on which `a until b` is put off carries no mark for it: a run accepts
where it takes, for each until, an edge with its mark infinitely often. After Couvreur, "On-the-fly verification of
linear temporal logic" (FM 1999); an edge that another one makes superfluous is dropped as in Gastin and Oddoux, "Fast
LTL to Büchi automata translation" (CAV 2001). What follows the construction is in `reduce`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator

from modelcheck.errors import UsageError
from modelcheck.liveness.formula import FALSE, TRUE, And, Formula, Literal, Or, Release, Truth, Until

MOST_STATES = 400  # of an automaton, before it is made smaller
MOST_WAYS = 2000  # out of one state, before those that others make superfluous are dropped
MOST_SETS = 60


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`positive` and `negative`: the atoms that must be true and false, as bits. `marks`: acceptance sets, as bits."""

    target: int
    positive: int
    negative: int
    marks: int

    def covers(self, other: Edge) -> bool:
        """Whether it may be taken wherever the other may, with all of the other's marks."""
        looser = self.positive & ~other.positive == 0 and self.negative & ~other.negative == 0
        return looser and other.marks & ~self.marks == 0


@dataclass(frozen=True, slots=True)
class Automaton:
    """`edges[q]` leave state q. A run accepts where it takes edges of each of the `sets` marks infinitely often."""

    initial: int
    edges: tuple[tuple[Edge, ...], ...]
    sets: int

    @property
    def all_marks(self) -> int:
        return (1 << self.sets) - 1


Obligations = frozenset[Formula]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to meet a set of obligations: what holds now, what is left, which untils are put off."""

    positive: int = 0
    negative: int = 0
    left: Obligations = frozenset()
    delayed: frozenset[Until] = frozenset()

    def covers(self, other: _Way) -> bool:
        return (
            self.positive & ~other.positive == 0
            and self.negative & ~other.negative == 0
            and self.left <= other.left
            and self.delayed <= other.delayed
        )


def automaton(f: Formula) -> Automaton:
    """The behaviours of which the formula holds. Raises UsageError for one whose automaton would be too large."""
    first = _obligations(f)
    numbers: dict[Obligations, int] = {first: 0}
    order, ways = [first], []
    for state in order:  # grows while it is walked
        found = _irredundant(_ways(state))
        ways.append(found)
        for way in found:
            if way.left not in numbers:
                numbers[way.left] = len(order)
                order.append(way.left)
        if len(order) > MOST_STATES:
            raise _too_large()
    untils = sorted({u for found in ways for way in found for u in way.delayed}, key=repr)
    if len(untils) > MOST_SETS:
        raise _too_large()
    edges = (tuple(_edge(way, numbers, untils) for way in found) for found in ways)
    return Automaton(0, tuple(edges), len(untils))


def _too_large() -> UsageError:
    return UsageError("a temporal property is too large: check its parts as properties of their own")


def _edge(way: _Way, numbers: dict[Obligations, int], untils: list[Until]) -> Edge:
    marks = sum(1 << i for i, u in enumerate(untils) if u not in way.delayed)
    return Edge(numbers[way.left], way.positive, way.negative, marks)


def _obligations(*formulas: Formula) -> Obligations:
    """A conjunction as a set, without TRUE."""
    parts = (x for f in formulas for x in (f.args if isinstance(f, And) else (f,)))
    return frozenset(x for x in parts if x != TRUE)


def _ways(state: Obligations) -> Iterator[_Way]:
    yield from _expand(sorted(state, key=repr), frozenset(), _Way())


def _expand(todo: list[Formula], done: Obligations, way: _Way) -> Iterator[_Way]:
    """Every way to meet the formulas that are still to be met at this position."""
    while todo:
        f, todo = todo[0], todo[1:]
        if f in done:
            continue
        done |= {f}
        match f:
            case Truth(value):
                if not value:
                    return
            case Literal(atom, positive):
                bit = 1 << atom
                way = _Way(way.positive | bit * positive, way.negative | bit * (not positive), way.left, way.delayed)
                if way.positive & way.negative:
                    return
            case And(args):
                todo = [*args, *todo]
            case Or(args):
                for arg in args:
                    yield from _expand([arg, *todo], done, way)
                return
            case Until(left, right):
                yield from _expand([right, *todo], done, way)
                yield from _expand([left, *todo], done, _later(way, f, f))
                return
            case Release(left, right):
                if left != FALSE:
                    yield from _expand([left, right, *todo], done, way)
                yield from _expand([right, *todo], done, _later(way, f))
                return
    yield way


def _later(way: _Way, f: Formula, *delayed: Until) -> _Way:
    return _Way(way.positive, way.negative, way.left | {f}, way.delayed | {*delayed})


def _irredundant(ways: Iterable[_Way]) -> list[_Way]:
    kept: list[_Way] = []
    for number, way in enumerate(ways):
        if number > MOST_WAYS:
            raise _too_large()
        if not any(k.covers(way) for k in kept):
            kept = [k for k in kept if not way.covers(k)] + [way]
    return kept
