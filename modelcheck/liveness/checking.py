"""From a temporal property to an answer: parts, automaton, product, lasso, confirmed by the meaning of the formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.ir.nodes import ActionPredicate, Const, Expr, Model, Property, Temporal
from modelcheck.search.exploration import Exploration, Finding
from modelcheck.system import FALSE, FAULT, TRUE, TransitionSystem
from modelcheck.liveness import emptiness, semantics
from modelcheck.liveness.buchi import automaton
from modelcheck.liveness.fairness import Fairness, fairness_of
from modelcheck.liveness.formula import Literal, conjuncts, is_invariant, leaves, left_sides, negation, translate
from modelcheck.liveness.graph import Graph, graph_of
from modelcheck.liveness.lasso import Behaviour, Lasso, find
from modelcheck.liveness.letters import Letters, letters_of
from modelcheck.liveness.product import STUTTER, Product, product
from modelcheck.liveness.reduce import reduced


@dataclass(frozen=True, slots=True)
class Space:
    """What all temporal properties of a check share. `model` is one of `with_atoms`, and `system` was built from it."""

    model: Model
    system: TransitionSystem
    exploration: Exploration
    graph: Graph
    fairness: Fairness


@dataclass(frozen=True, slots=True)
class Violation:
    """`part` is the conjunct of the property that does not hold of the lasso."""

    part: Expr
    lasso: Lasso


@dataclass(frozen=True, slots=True)
class TemporalAnswer:
    """`holds` is None where a predicate of the property cannot be evaluated: `fault` says in which state, as a
    predicate_fault of the search. `automaton`: the states of the largest automaton, 0 where none was needed."""

    holds: bool | None
    violation: Violation | None = None
    fault: Finding | None = None
    automaton: int = 0

    @property
    def lasso(self) -> Lasso | None:
        return self.violation.lasso if self.violation else None


def space(model: Model, system: TransitionSystem, exploration: Exploration) -> Space:
    """The graph of a complete exploration with its fairness. See `refusals` for what must not be handed in."""
    return Space(model, system, exploration, graph_of(exploration, system), fairness_of(system.actions))


def refusals(exploration: Exploration, *, exact_store: bool = True) -> tuple[str, ...]:
    """Why nothing can be said about behaviours of what was explored; empty where it can."""
    reasons = []
    if exploration.constrained:
        reasons.append(f"a @constraint cut {exploration.constrained} states: behaviours beyond them are not known")
    elif not exploration.complete:
        reasons.append("the search is incomplete: behaviours beyond it are not known")
    if exploration.faulted.any() or any(f.state < 0 for f in exploration.findings):
        reasons.append("some step fails: what would come after it is not defined")
    if not exact_store:
        reasons.append("the compact store may hold two states as one: a cycle in it may be none")
    return tuple(reasons)


def check(space: Space, property: Property, fairness: Fairness | None = None) -> TemporalAnswer:
    """Whether every behaviour that is fair satisfies a temporal property; the least violation of its parts if not.
    `fairness` replaces that of the system. Raises UsageError for a property that is too large."""
    answers = [_part(space, part, fairness or space.fairness) for part in conjuncts(property.expr)]
    size = max((a.automaton for a in answers), default=0)
    fault = min((a.fault for a in answers if a.fault), key=lambda f: f.state, default=None)
    violations = [a.violation for a in answers if a.violation]
    if violations:
        least = min(violations, key=lambda v: len(v.lasso.rows))
        return TemporalAnswer(False, least, None, size)
    return TemporalAnswer(None if fault else True, None, fault, size)


def _part(space: Space, part: Expr, fairness: Fairness) -> TemporalAnswer:
    atoms = leaves(part)
    letters = letters_of(space.model, space.system, space.exploration.states, space.graph, atoms)
    if is_invariant(part):
        return _invariant(space, part, letters)
    numbers = {a: i for i, a in enumerate(atoms)}
    negated = negation(translate(part, lambda e: Literal(numbers[e], True)))
    walked = product(space.graph, letters, reduced(automaton(negated)))
    violation, fault = _violating(space, part, walked, fairness)
    holds = None if fault else violation is None
    return TemporalAnswer(holds, violation, fault, walked.states)


def _violating(
    space: Space, part: Expr, walked: Product, fairness: Fairness
) -> tuple[Violation | None, Finding | None]:
    components = emptiness.fair_components(walked, fairness, emptiness.reachable(walked))
    if components.fault is not None:
        row, atom = components.fault
        return None, _fault(space, walked.letters.atoms[atom], row)
    if not components.count:
        return None, None
    behaviour, exact = find(walked, fairness, components)
    confirm(behaviour, part, walked.letters, space.graph, fairness)
    return Violation(part, behaviour.lasso(exact)), None


def _fault(space: Space, atom: Expr, row: int) -> Finding:
    return Finding("predicate_fault", row, space.model.predicates.index(atom))


# --- always P ---------------------------------------------------------------------------------------------------------


def _invariant(space: Space, part: Expr, letters: Letters) -> TemporalAnswer:
    (body,) = part.args if isinstance(part, Temporal) else (part,)
    values = np.array([value(body, dict(zip(letters.atoms, row))) for row in letters.values.tolist()], np.uint8)
    bad = np.flatnonzero(values[letters.letter] != TRUE)
    if not len(bad):
        return TemporalAnswer(True)
    row = int(bad[0])
    seen = dict(zip(letters.atoms, letters.values[letters.letter[row]].tolist()))
    if value(body, seen) == FAULT:
        return TemporalAnswer(None, None, _fault(space, next(a for a, v in seen.items() if v == FAULT), row))
    rows, actions = path(space.exploration, row)
    return TemporalAnswer(False, Violation(part, Lasso(rows, actions, None)))


def value(e: Expr, seen: dict[Expr, int]) -> int:
    """TRUE, FALSE or FAULT of a proposition: left to right, stopping where it is known."""
    match e:
        case Temporal("not", (p,)):
            return {TRUE: FALSE, FALSE: TRUE, FAULT: FAULT}[value(p, seen)]
        case Temporal("implies", (p, q)):
            left = value(p, seen)
            return value(q, seen) if left == TRUE else TRUE if left == FALSE else FAULT
        case Temporal(operator, args):
            stop = FALSE if operator == "and" else TRUE
            return next((v for v in (value(a, seen) for a in args) if v != TRUE + FALSE - stop), TRUE + FALSE - stop)
        case Const(constant):
            return TRUE if constant else FALSE
    return seen[e]


def path(exploration: Exploration, row: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shortest way to a row: rows and the actions that led to them."""
    rows = [row]
    while (before := int(exploration.parent[rows[-1]])) >= 0:
        rows.append(before)
    rows.reverse()
    return tuple(rows), tuple(int(exploration.action[r]) for r in rows)


# --- confirmation -----------------------------------------------------------------------------------------------------


def confirm(b: Behaviour, part: Expr, letters: Letters, graph: Graph, fairness: Fairness) -> None:
    """Raises InternalError where a behaviour is none, is not fair, or does not violate what it should."""
    moves, loop = (*b.stem, *b.cycle), len(b.stem)
    for i, (row, action) in enumerate(moves):
        after = moves[i + 1 if i + 1 < len(moves) else loop][0]
        here = slice(int(graph.first[row]), int(graph.first[row + 1]))
        steps = zip(graph.action[here].tolist(), graph.target[here].tolist())
        if not (after == row if action == STUTTER else (action, after) in steps):
            raise InternalError(f"a counterexample takes a step that is none, from state {row} to state {after}")
    if moves[0][0] not in graph.initial:
        raise InternalError("a counterexample does not start in an initial state")
    unfair = broken(b, graph, fairness)
    if unfair:
        raise InternalError(f"a counterexample is not fair to {', '.join(fairness.groups[g].title for g in unfair)}")
    number = {a: i for i, a in enumerate(letters.atoms)}

    def leaf(atom: Expr, i: int) -> bool:
        row, action = moves[i]
        if isinstance(atom, ActionPredicate) and atom.kind == "happens":
            return action in atom.actions
        return bool(letters.values[letters.letter[row], number[atom]] == TRUE)

    if semantics.holds(part, len(moves), loop, leaf):
        raise InternalError("a counterexample satisfies the property that it was found for")


def broken(b: Behaviour, graph: Graph, fairness: Fairness) -> list[int]:
    """The groups whose demand a behaviour does not meet."""
    enabled = [set(_groups(graph, fairness, row)) for row, _ in b.cycle]
    taken = {int(fairness.group[action]) for _, action in b.cycle if action != STUTTER}
    weakly = {g for g in fairness.demanding if g not in taken and all(g in e for e in enabled)}
    strongly = {g for g in fairness.demanding if g not in taken and any(g in e for e in enabled)}
    return sorted(weakly | {g for g in strongly if fairness.groups[g].kind == "strong"})


def _groups(graph: Graph, fairness: Fairness, row: int) -> NDArray[np.int32]:
    return fairness.group[graph.action[int(graph.first[row]) : int(graph.first[row + 1])]]


# --- vacuity ----------------------------------------------------------------------------------------------------------


def never(space: Space, property: Property) -> tuple[Expr, ...]:
    """The left sides that hold at no time of any fair behaviour: the property holds vacuously there. Of the instances
    of one place in the source, none may hold for it to count, and the first is given."""
    groups: dict[object, list[Expr]] = {}
    for left in left_sides(property.expr):
        groups.setdefault(left.span or left, []).append(left)
    return tuple(lefts[0] for lefts in groups.values() if all(_never(space, left) for left in lefts))


def _never(space: Space, left: Expr) -> bool:
    if isinstance(left, Const):
        return not left.value
    return _part(space, Temporal("always", (Temporal("not", (left,)),)), space.fairness).holds is True
