"""Smaller automata of the same behaviours: dead parts cut off, marks that say nothing dropped, states that another one
simulates merged into it (direct simulation: edge by edge, with all the marks)."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from modelcheck.liveness.buchi import Automaton, Edge


def reduced(a: Automaton) -> Automaton:
    """Repeats all steps until none of them changes anything."""
    while True:
        smaller = _fewer_sets(_trimmed(a))
        smaller = _trimmed(_quotient(smaller))
        if smaller == a:
            return a
        a = smaller


def components(a: Automaton) -> list[int]:
    """The number of each state's strongly connected component."""
    reach = [{e.target for e in out} for out in a.edges]
    changed = True
    while changed:
        changed = False
        for r in reach:
            more = set().union(r, *(reach[t] for t in r))
            changed |= len(more) > len(r)
            r |= more
    number: dict[frozenset[int], int] = {}
    mutual = (frozenset({q, *(t for t in r if q in reach[t])}) for q, r in enumerate(reach))
    return [number.setdefault(m, len(number)) for m in mutual]


def accepting_states(a: Automaton) -> list[bool]:
    """Whether a run may stay for ever, with all marks again and again, in the component of a state."""
    component = components(a)
    marks: dict[int, int] = {}
    for q, out in enumerate(a.edges):
        for e in out:
            if component[e.target] == component[q]:
                marks[component[q]] = marks.get(component[q], 0) | e.marks
    return [marks.get(c, -1) == a.all_marks for c in component]


def _trimmed(a: Automaton) -> Automaton:
    """Without states that no run reaches or that no accepting run passes, and with marks only where they count."""
    component, accepting = components(a), accepting_states(a)
    useful = {q for q, good in enumerate(accepting) if good}
    while more := {q for q, out in enumerate(a.edges) if q not in useful and any(e.target in useful for e in out)}:
        useful |= more
    edges = [
        [_within(e, component[q] == component[e.target] and accepting[q]) for e in out if e.target in useful]
        for q, out in enumerate(a.edges)
    ]
    return _renumbered(a.initial, edges, a.sets)


def _within(e: Edge, counts: bool) -> Edge:
    return e if counts else replace(e, marks=0)


def _renumbered(initial: int, edges: list[list[Edge]], sets: int) -> Automaton:
    """The states that can be reached, in the order in which they are, with their edges in order."""
    order = [initial]
    for q in order:
        edges[q] = _joined(edges[q])
        order += [t for t in dict.fromkeys(e.target for e in edges[q]) if t not in order]
    number = {q: i for i, q in enumerate(order)}
    return Automaton(0, tuple(tuple(replace(e, target=number[e.target]) for e in edges[q]) for q in order), sets)


def _joined(edges: list[Edge]) -> list[Edge]:
    """Edges to the same state with the same marks: p and not p become one without either."""
    found: list[Edge] = []
    ordered = sorted(set(edges), key=lambda e: (e.target, e.marks, e.positive, e.negative))
    for _, group in groupby(ordered, key=lambda e: (e.target, e.marks)):
        found += _cubes(list(group))
    return [e for e in found if not any(o != e and o.target == e.target and o.covers(e) for o in found)]


def _cubes(edges: list[Edge]) -> list[Edge]:
    for i, e in enumerate(edges):
        for f in edges[i + 1 :]:
            odd = e.positive ^ f.positive
            if odd and odd & (odd - 1) == 0 and e.negative ^ f.negative == odd and (e.positive | e.negative) & odd:
                both = replace(e, positive=e.positive & ~odd, negative=e.negative & ~odd)
                return _cubes([both, *(x for x in edges if x not in (e, f))])
    return edges


# --- marks ------------------------------------------------------------------------------------------------------------


def _fewer_sets(a: Automaton) -> Automaton:
    """Without marks that come by themselves: on every edge of a cycle, or on every one that has another mark. In cycles
    that do not accept no edge has marks: one set remains to refuse them."""
    component = components(a)
    counting = [e.marks for q, out in enumerate(a.edges) for e in out if component[q] == component[e.target]]
    kept: list[int] = []
    for i in range(a.sets):
        others = [j for j in range(a.sets) if j in kept or j > i]
        if all(m >> i & 1 for m in counting) or any(all(m >> i & 1 for m in counting if m >> j & 1) for j in others):
            continue
        kept.append(i)
    edges = [[replace(e, marks=sum((e.marks >> i & 1) << k for k, i in enumerate(kept))) for e in o] for o in a.edges]
    return _renumbered(a.initial, edges, len(kept))


# --- simulation -------------------------------------------------------------------------------------------------------


def _quotient(a: Automaton) -> Automaton:
    """One state for those that simulate each other; of two edges, the one whose target simulates the other's."""
    above = _simulation(a)
    first = [min(r for r in above[q] if q in above[r]) for q in range(len(a.edges))]
    edges: list[list[Edge]] = []
    for out in a.edges:
        moved = list(dict.fromkeys(replace(e, target=first[e.target]) for e in out))
        edges.append([e for e in moved if not any(_beats(o, e, above) and o != e for o in moved)])
    return _renumbered(first[a.initial], edges, a.sets)


def _beats(better: Edge, edge: Edge, above: list[set[int]]) -> bool:
    return better.covers(edge) and better.target in above[edge.target]


def _simulation(a: Automaton) -> list[set[int]]:
    """For each state those that simulate it: they answer each of its edges, for ever."""
    count = len(a.edges)
    above = [set(range(count)) for _ in range(count)]
    changed = True
    while changed:
        changed = False
        for q in range(count):
            for r in list(above[q]):
                if not all(any(_beats(o, e, above) for o in a.edges[r]) for e in a.edges[q]):
                    above[q].remove(r)
                    changed = True
    return above
