"""Lassos in natural values, taken step by step by the reference interpreter: what a saved counterexample is checked by.

Nothing here is shared with the search: enabled steps, fairness and the formula are all worked out anew, for the states
of the lasso alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from modelcheck.ir import evaluate
from modelcheck.ir.evaluate import Blocked, EvaluationError, State
from modelcheck.ir.nodes import Action, ActionPredicate, Expr, Model, Property
from modelcheck.liveness import semantics
from modelcheck.liveness.formula import conjuncts, is_invariant


@dataclass(frozen=True, slots=True)
class LassoReport:
    """`step` is the one that is not possible (0: the initial state), None where all are; `ok` says that the lasso is a
    fair behaviour of which the property does not hold."""

    ok: bool
    step: int | None
    message: str


def replay_lasso(
    model: Model, property: Property, steps: Sequence[tuple[State, int | str | None]], loop: int | None
) -> LassoReport:
    """Judges a lasso: states in natural values, each with the action that led there (its id, or its title as of
    `Model.action_title`), None for the initial state and where nothing happened. `loop` as in `Lasso`: the last state
    equals the one before it. Where `loop` is None the steps are a finite violation of an `always` of a state
    predicate."""
    titles: dict[str, list[int]] = {}
    for i in range(len(model.actions)):
        titles.setdefault(model.action_title(i), []).append(i)
    unknown = next((i for i, (_, a) in enumerate(steps) if isinstance(a, str) and a not in titles), None)
    if unknown is not None:
        return LassoReport(False, unknown, f"{model.name} has no action `{steps[unknown][1]}`")
    states = [state for state, _ in steps]
    named = [_meant(model, titles[a], states, i) if isinstance(a, str) else a for i, (_, a) in enumerate(steps)]
    return _judged(model, property, list(zip(states, named)), loop)


def _meant(model: Model, actions: Sequence[int], states: Sequence[State], step: int) -> int:
    """Of actions that share a title, as the rounds of a loop over constants do, the first that makes a step possible;
    the first of all where none does."""
    before = states[step - 1] if step else None
    return next((a for a in actions if _impossible(model, before, states[step], a) is None), actions[0])


def _judged(model: Model, property: Property, steps: list[tuple[State, int | None]], loop: int | None) -> LassoReport:
    for i in range(len(steps)):
        reason = _impossible(model, steps[i - 1][0] if i else None, *steps[i])
        if reason:
            return LassoReport(False, i, f"step {i} is not enabled: {reason}" if i else reason)
    if loop is None:
        return _finite(model, property, [state for state, _ in steps])
    if not 0 < loop < len(steps) or steps[-1][0] != steps[loop - 1][0]:
        return LassoReport(False, None, "the last state is not the one before the loop: the steps do not close")
    unfair = unfair_groups(model, steps, loop)
    if unfair:
        return LassoReport(False, None, f"the loop is not fair to {', '.join(unfair)}")
    try:
        holds = satisfies(model, property.expr, steps, loop)
    except EvaluationError as error:
        return LassoReport(False, None, f"`{property.name}` cannot be evaluated: {error}")
    if holds:
        return LassoReport(False, None, f"the lasso is a fair behaviour, but `{property.name}` holds of it")
    return LassoReport(True, None, f"a fair behaviour of {len(steps)} states that violates `{property.name}`")


def _impossible(model: Model, before: State | None, state: State, action: int | None) -> str | None:
    if before is None:
        first = [o.state for o in evaluate.initial(model)]
        return None if state in first else "the first state is not an initial state"
    if action is None:
        return None if state == before else "nothing happens, but the state changes"
    if any(o.state == state for o in evaluate.outcomes(model, before, action)):
        return None
    return f"`{model.action_title(action)}` does not lead from the state before to this one"


def satisfies(model: Model, expr: Expr, steps: Sequence[tuple[State, int | None]], loop: int) -> bool:
    """Whether a formula holds of a lasso. Raises EvaluationError."""
    states = [state for state, _ in steps[:-1]]
    leaving = [action for _, action in steps[1:]]

    def leaf(atom: Expr, i: int) -> bool:
        if not isinstance(atom, ActionPredicate):
            return evaluate.evaluate(model, atom, states[i])
        if atom.kind == "enabled":
            return any(changes(model, states[i], action) for action in atom.actions)
        after = steps[i + 1][0]
        return leaving[i] in atom.actions and after != states[i]

    return semantics.holds(expr, len(states), loop - 1, leaf)


def _finite(model: Model, property: Property, states: list[State]) -> LassoReport:
    """A violation of an `always` of a state predicate in the last state: judged as if it stuttered there, for every
    continuation violates it."""
    try:
        last: list[tuple[State, int | None]] = [(states[-1], None)] * 2
        bodies = [p for p in conjuncts(property.expr) if is_invariant(p) and not satisfies(model, p, last, 1)]
    except EvaluationError as error:
        return LassoReport(False, None, f"`{property.name}` cannot be evaluated: {error}")
    if not bodies:
        return LassoReport(
            False, None, f"the path is a behaviour, but nothing in `{property.name}` is false at its end"
        )
    return LassoReport(True, None, f"a behaviour of {len(states)} states that violates `{property.name}`")


# --- fairness ---------------------------------------------------------------------------------------------------------


def changes(model: Model, state: State, action: int) -> bool:
    """Whether a step of the action leads to another state: what enabled means for fairness and for formulas."""
    return any(o.state not in (None, state) for o in evaluate.outcomes(model, state, action))


def groups(model: Model) -> dict[tuple[str, str], list[int]]:
    """The fair groups of a model: (title, weak or strong) -> the ids of their actions."""
    found: dict[tuple[str, str], list[int]] = {}
    for i, a in enumerate(model.actions):
        if a.fairness is not None:
            found.setdefault((_group(model, i, a), a.fairness), []).append(i)
    return found


def _group(model: Model, number: int, action: Action) -> str:
    return model.action_title(number) if action.process is None else model.processes[action.process].title


def unfair_groups(model: Model, steps: Sequence[tuple[State, int | None]], loop: int) -> list[str]:
    """The groups that the loop of a lasso is not fair to: "strongly fair vcpu[1]"."""
    before = [state for state, _ in steps[loop - 1 : -1]]
    moves = [(state, action, after) for state, (after, action) in zip(before, steps[loop:])]
    found = []
    for (title, kind), actions in groups(model).items():
        taken = any(action in actions and after != state for state, action, after in moves)
        enabled = [any(changes(model, state, a) for a in actions) for state in before]
        if not taken and (any(enabled) if kind == "strong" else all(enabled)):
            found.append(f"{kind}ly fair {title}")
    return found


# --- why it may stutter -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """One process, or one @action with its arguments, where a run stutters for ever.

    who: its title.  place: the label where it stands, None for an action; resting: it is done, or idle there.
    enabled: the steps it could take, ids of actions without fairness.  unchanging: steps that would change nothing.
    blocked: what stops the others, (action, Blocked).
    """

    who: str
    place: str | None
    resting: bool
    enabled: tuple[int, ...]
    unchanging: tuple[int, ...]
    blocked: tuple[tuple[int, Blocked], ...]


def why_it_may_stutter(model: Model, state: State) -> tuple[Waiting, ...]:
    """For every process and every @action, what it waits for in a state where a fair run may stay for ever."""
    found = []
    for number, process in enumerate(model.processes):
        place = process.places[process.start if process.variable is None else state[process.variable]]
        actions = [i for i, a in enumerate(model.actions) if a.process == number]
        resting = place.kind in ("idle", "done")
        found.append(_waiting(model, state, process.title, place.label, resting, actions))
    for i, a in enumerate(model.actions):
        if a.process is None:
            found.append(_waiting(model, state, model.action_title(i), None, False, [i]))
    return tuple(found)


def _waiting(model: Model, state: State, who: str, place: str | None, resting: bool, actions: list[int]) -> Waiting:
    possible = [i for i in actions if evaluate.outcomes(model, state, i)]
    enabled = [i for i in possible if changes(model, state, i)]
    blocked = [(i, b) for i in actions if i not in possible for b in evaluate.blockers(model, state, i)]
    unchanging = [i for i in possible if i not in enabled]
    return Waiting(who, place, resting, tuple(enabled), tuple(unchanging), tuple(blocked))
