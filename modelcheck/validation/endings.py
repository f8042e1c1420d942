"""What a log ends in, and what it passes through: violations that every run has of which it is a record."""

from __future__ import annotations

from dataclasses import dataclass

from modelcheck.errors import Span
from modelcheck.ir.nodes import Property
from modelcheck.system import FALSE, TransitionSystem
from modelcheck.timed import dbm
from modelcheck.timed.dbm import Matrix
from modelcheck.validation.matching import Found, Node, Question, survivors
from modelcheck.validation.space import Timed


@dataclass(frozen=True, slots=True)
class Violation:
    """kind: as of a PropertyResult. first: the first demand after which it is violated whatever the run was; at_end:
    whether it is so at the end of the log."""

    name: str
    kind: str
    first: int
    at_end: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """certain: in every run. possible: names of what is violated at the end of some runs alone. ends: nodes there."""

    certain: tuple[Violation, ...]
    possible: tuple[str, ...]
    ends: tuple[Node, ...]


def ending(question: Question, system: TransitionSystem, found: Found) -> Ending:
    layers = [[n for n in layer if n.line] for layer in survivors(found)]
    certain, possible = [], []
    for p in question.model.properties:
        if p.kind != "invariant":
            continue
        where = [i for i, nodes in enumerate(layers) if nodes and all(_violates(question, system, p, n) for n in nodes)]
        at_end = len(layers) - 1 in where
        if where:
            certain.append(Violation(p.name, p.kind, where[0] - 1, at_end, p.span))
        if not at_end and any(_violates(question, system, p, n) for n in layers[-1]):
            possible.append(p.name)
    stuck = [_stuck(question, system, n) for n in layers[-1]]
    if stuck and all(stuck):
        kind = "quiescent" if isinstance(question.space, Timed) else "deadlock"
        certain.append(Violation("deadlock", kind, len(layers) - 2, True))
    elif any(stuck):
        possible.append("deadlock")
    return Ending(tuple(certain), tuple(possible), tuple(layers[-1]))


def _violates(question: Question, system: TransitionSystem, p: Property, node: Node) -> bool:
    """Whether an invariant is false in a node, whatever the times."""
    space, timing = question.space, question.model.timing
    rows = space.rows([node.state])
    timed = [t for t in timing.properties if question.model.properties[t.property] == p] if timing else []
    if not timed or not isinstance(space, Timed):
        return p.predicate is not None and int(system.predicates(rows, [p.predicate])[0, 0]) == FALSE
    rest: list[Matrix] = [node.zone]
    for predicate, atoms in timed[0].cases:
        if predicate is None or int(system.predicates(rows, [predicate])[0, 0]) != FALSE:
            taken = dbm.everything(space.n)
            if dbm.constrain_all(taken, space.n, space.atoms(atoms)):
                rest = dbm.without(rest, space.n, taken, space.timing.dense)
    return not rest


def _stuck(question: Question, system: TransitionSystem, node: Node) -> bool:
    """Whether nothing can ever happen, and something should."""
    space = question.space
    zone = space.later(node.state, node.zone)
    if any(space.take(zone, edge.program, edge.target) is not None for edge in space.edges(node.state)):
        return False
    if space.fails(node.state):
        return False
    return not bool(system.terminated(space.rows([node.state]))[0])

