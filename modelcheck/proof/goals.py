"""What is to be proved, and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Sequence

import z3

from modelcheck.system import Formula, States, SymbolicFault, SymbolicSystem

GoalKind = Literal["state", "step", "fault"]


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that must never happen. `bad` is over a state; of a "step" over a transition (state, choices, next
    state); of a "fault" over a state and choices, the transition being what does not come about.

    good: what may be assumed of a state (or of a transition) from which nothing bad has come yet; it may say less than
    that `bad` is false. initial: of a "fault", where the initialisation itself fails, over choices. wants_path: whether
    it has to be known how it happens, not only that it does.
    """

    name: str
    kind: GoalKind
    bad: Formula
    good: Formula
    initial: Formula = z3.BoolVal(False)
    wants_path: bool = True


TRUE = z3.BoolVal(True)


def neither(holds: Formula, fails: Formula) -> Formula:
    """That a predicate is false, and evaluating it does not fail."""
    return z3.simplify(z3.Not(z3.Or(holds, fails)))


def is_false(formula: Formula) -> bool:
    """Whether it is plainly so; a formula may be false in every state without being so plainly."""
    return z3.is_false(z3.simplify(formula))


def state_goal(name: str, bad: Formula, *, wants_path: bool = True) -> Goal:
    return Goal(name, "state", bad, z3.Not(bad), wants_path=wants_path)


def step_goal(name: str, bad: Formula, *, wants_path: bool = True) -> Goal:
    """`bad` over a state and the next one."""
    return Goal(name, "step", bad, z3.Not(bad), wants_path=wants_path)


def deadlock_goal(name: str, system: SymbolicSystem) -> Goal | None:
    """That some state has no step, not even one that fails, and may not rest. None where a step that chooses has a part
    in it: that none of its choices is possible is beyond formulas without quantifiers."""
    leaving = [*(s.taken for s in system.steps), *(f.condition for f in system.faults if f.action >= 0)]
    choices = {c.get_id() for c in system.choices}
    if any(choices & constants_of(formula) for formula in leaving):
        return None
    return state_goal(name, z3.simplify(z3.Not(z3.Or(system.terminated, *leaving))))


def fault_goal(name: str, system: SymbolicSystem, faults: Sequence[SymbolicFault]) -> Goal:
    """That none of the faults occurs. Of a state may be assumed that it excludes those that no choice has a part in."""
    later = [f.condition for f in faults if f.action >= 0]
    choices = {c.get_id() for c in system.choices}
    free = [c for c in later if not choices & constants_of(c)]
    first = [f.condition for f in faults if f.action < 0]
    return Goal(name, "fault", z3.Or(later), z3.Not(z3.Or(free)), z3.Or(first))


def constants_of(formula: Any) -> set[int]:
    """The ids of the constants in a formula."""
    seen: set[int] = set()
    found: set[int] = set()
    todo = [formula]
    while todo:
        e = todo.pop()
        if e.get_id() not in seen:
            seen.add(e.get_id())
            todo += e.children()
            if z3.is_const(e) and e.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                found.add(e.get_id())
    return found


@dataclass(frozen=True, slots=True)
class Path:
    """A way to something bad. rows: (n, width) packed states; actions: the one that led to each, -1 for the first.
    fault: (action, site) of what fails beyond the last state, action -1 (and no rows) for the initialisation."""

    rows: States
    actions: tuple[int, ...]
    fault: tuple[int, int] | None = None


Method = Literal["induction", "spacer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """proved: how. Of "induction": `depth`, the k of k-induction; `together`: the goals that were proved as one, each
    with the others assumed before. Of "spacer": `invariant`, an inductive one, checked again by itself. `lemmas`: goals
    proved earlier that were used as known. `distinct`: whether paths without a repeated state were enough.
    found: a shortest path, of `depth` steps up to what is bad; None where Spacer says that there is one.
    unknown: why; `depth` is the number of steps within which nothing bad was found, -1 where not even the initial
    states are known."""

    goal: Goal
    verdict: Literal["proved", "found", "unknown"]
    method: Method | None = None
    depth: int = 0
    together: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    distinct: bool = False
    invariant: Formula | None = None
    path: Path | None = None
    reason: str = ""
