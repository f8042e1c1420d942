"""What an automaton reads: the values of the state predicates of a formula, and which of its actions a step is of.

States with equal values have the same letter, actions with equal membership the same kind; both are few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError
from modelcheck.ir.nodes import ActionPredicate, Expr, Model
from modelcheck.system import FALSE, TRUE, States, TransitionSystem
from modelcheck.liveness.formula import leaves, left_sides
from modelcheck.liveness.graph import Graph

BLOCK = 1 << 16


def with_atoms(model: Model) -> Model:
    """The model with the state predicates of its temporal properties among `predicates`, where systems evaluate them.
    A predicate that is there already keeps its number, so doing it twice changes nothing."""
    atoms = [
        leaf
        for p in model.properties
        if p.kind == "temporal"
        for expr in (p.expr, *left_sides(p.expr))
        for leaf in leaves(expr)
        if not isinstance(leaf, ActionPredicate)
    ]
    new = [a for a in dict.fromkeys(atoms) if a not in model.predicates]
    return replace(model, predicates=(*model.predicates, *new)) if new else model


@dataclass(frozen=True, slots=True)
class Letters:
    """Atoms are numbered as in `atoms`. `letter[row]` is the letter of a state: `values[letter, atom]` is TRUE, FALSE
    or FAULT. `kind[action]` is the kind of a step, 0 that of the stuttering step: `happening[kind, atom]`. Of an atom
    only one of the two counts, by `of_steps[atom]`.

    letter: (n,) uint8, uint16 beyond 256 letters, int32 beyond 65,536.  kind: (actions,) int32.
    """

    atoms: tuple[Expr, ...]
    of_steps: tuple[bool, ...]
    letter: NDArray[Any]
    values: NDArray[np.uint8]
    kind: NDArray[np.int32]
    happening: NDArray[np.bool_]


def letters_of(
    model: Model, system: TransitionSystem, states: States, graph: Graph, atoms: tuple[Expr, ...]
) -> Letters:
    """Evaluates the atoms in every state. The system is one of `with_atoms(model)`."""
    of_steps = tuple(isinstance(a, ActionPredicate) and a.kind == "happens" for a in atoms)
    letter, rows = np.zeros(graph.states, np.int32), [()]
    for atom, steps in zip(atoms, of_steps):
        values = np.zeros(graph.states, np.uint8) if steps else state_values(model, system, states, graph, atom)
        rows = _refined(letter, rows, values)
    small = letter.astype(np.uint8 if len(rows) <= 1 << 8 else np.uint16) if len(rows) <= 1 << 16 else letter
    table = np.array(rows, np.uint8).reshape(len(rows), len(atoms))
    return Letters(atoms, of_steps, small, table, *_kinds(len(system.actions), atoms, of_steps))


def _refined(
    letter: NDArray[np.int32], rows: list[tuple[int, ...]], values: NDArray[np.uint8]
) -> list[tuple[int, ...]]:
    """Divides the letters by the values of one atom more, in place; gives the values of each."""
    used = np.zeros(3 * len(rows), np.bool_)
    blocks = [slice(at, at + BLOCK) for at in range(0, len(letter), BLOCK)]
    for block in blocks:
        letter[block] = letter[block] * 3 + values[block]
        used[letter[block]] = True
    number = np.cumsum(used, dtype=np.int32) - 1
    for block in blocks:
        letter[block] = number[letter[block]]
    return [(*rows[u // 3], u % 3) for u in np.flatnonzero(used).tolist()]


def _kinds(
    actions: int, atoms: tuple[Expr, ...], of_steps: tuple[bool, ...]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The kind of each action, and what each kind is of."""
    numbers = {(False,) * len(atoms): 0}
    kinds = np.zeros(actions, np.int32)
    for i in range(actions):
        member = tuple(s and isinstance(a, ActionPredicate) and i in a.actions for a, s in zip(atoms, of_steps))
        kinds[i] = numbers.setdefault(member, len(numbers))
    return kinds, np.array(list(numbers), np.bool_).reshape(len(numbers), len(atoms))


def state_values(model: Model, system: TransitionSystem, states: States, graph: Graph, atom: Expr) -> NDArray[np.uint8]:
    """FALSE, TRUE or FAULT of one atom in each state. Enabled is what has a step that changes the state."""
    if isinstance(atom, ActionPredicate):
        return np.where(graph.rows_with(chosen(atom, len(system.actions))), np.uint8(TRUE), np.uint8(FALSE))
    if atom not in model.predicates:
        raise InternalError("a temporal property has a state predicate without a number")
    number, found = model.predicates.index(atom), np.empty(len(states), np.uint8)
    for at in range(0, len(states), BLOCK):
        found[at : at + BLOCK] = system.predicates(states[at : at + BLOCK], (number,))[:, 0]
    return found


def chosen(atom: ActionPredicate, actions: int) -> NDArray[np.bool_]:
    """The actions that an action predicate speaks of, as a mask."""
    mask = np.zeros(actions, np.bool_)
    mask[list(atom.actions)] = True
    return mask
