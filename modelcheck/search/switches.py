"""Of all shortest traces to a violation, one with the fewest switches between processes: a second pass, for readers.

Which state of a level is reported, and by which way, is an accident of the order of actions; a trace in which each
process runs as long as it can tells its story in fewer columns. The levels are expanded again, so the pass is bounded.
An @action is an agent of its own; between the initial state and the first step there is no switch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.alike import FINAL_STEP, alike, expanded_rows
from modelcheck.search.expand import answers
from modelcheck.search.exploration import Exploration, Finding
from modelcheck.search.store import keys
from modelcheck.system import ActionInfo, States, TransitionSystem

MOST_TRANSITIONS = 2_000_000


@dataclass(frozen=True, slots=True)
class Path:
    """rows: (k, width), the states from an initial one on. actions: (k,), -1 for the first. `finding` is what the path
    leads to: of the same kind as the one asked about, in a state of the same level. `switches` counts the step that
    fails, or that fails a step invariant, too."""

    rows: States
    actions: NDArray[np.int64]
    switches: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class _Edges:
    """Steps into one level from the one before, in order of (source, action, choice). source, target: (m,) rows.
    cost: (m,), the fewest switches of a path that ends with the step."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    action: NDArray[np.int64]
    cost: NDArray[np.int64]


def fewest_switches(
    exploration: Exploration, system: TransitionSystem, finding: Finding, *, bound: int = MOST_TRANSITIONS
) -> Path | None:
    """The path with the fewest switches among the shortest ones to anything like `finding` in its level; of several,
    the one with the least state at the end, then with the least steps into it, from the end backwards.
    None where more than `bound` transitions would have to be looked at, and where no state leads to the finding.
    """
    if finding.state < 0:
        return None
    depth = int(np.searchsorted(exploration.levels, finding.state, "right"))
    agent = agents(system.actions)
    passed, layers = 0, []
    for level in range(1, depth):
        edges = _edges(exploration, system, level, bound - passed)
        if edges is None:
            return None
        passed += len(edges.source)
        layers.append(_costed(edges, layers[-1] if layers else None, agent))
    ends = alike(exploration, system, finding, *exploration.levels[depth - 1 : depth + 1].tolist())
    if not ends:
        return None
    costs = [_end_cost(end, layers[-1] if layers else None, agent) for end in ends]
    least = min(range(len(ends)), key=lambda i: (costs[i], ends[i].state))
    return _path(exploration, layers, agent, ends[least], costs[least])


def agents(actions: tuple[ActionInfo, ...]) -> NDArray[np.int64]:
    """A number for whoever takes each action: its process, or the @action itself by its title."""
    names = [("process", a.process) if a.process >= 0 else ("action", a.title) for a in actions]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], np.int64)


def _edges(exploration: Exploration, system: TransitionSystem, depth: int, bound: int) -> _Edges | None:
    """The steps from a level into the next one. None beyond `bound` transitions."""
    first, end = exploration.levels[depth : depth + 2].tolist()
    row_of = dict(zip(keys(exploration.states[first:end]), range(first, end)))
    rows, parts, passed = expanded_rows(exploration, *exploration.levels[depth - 1 : depth + 1].tolist()), [], 0
    for offset, answer in answers(system, exploration.states[rows]):
        passed += len(answer.action)
        if passed > bound:
            return None
        target = np.array([row_of.get(key, -1) for key in keys(answer.target)], np.int64)
        next_level = target >= 0
        parts.append((rows[offset + answer.source][next_level], target[next_level], answer.action[next_level]))
    source, target, action = (np.concatenate(column) for column in zip(*parts))
    return _Edges(source, target, action, np.zeros(len(source), np.int64))


def _costed(edges: _Edges, before: _Edges | None, agent: NDArray[np.int64]) -> _Edges:
    return replace(edges, cost=_costs(edges.source, agent[edges.action], before, agent))


def _costs(
    rows: NDArray[np.int64], movers: NDArray[np.int64], before: _Edges | None, agent: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The fewest switches of a path to rows[i] and one step more of movers[i]. before: the steps into those rows."""
    if before is None:
        return np.zeros(len(rows), np.int64)
    count = int(agent.max()) + 1
    pairs, pair_cost = _least(before.target * count + agent[before.action], before.cost)
    states, state_cost = _least(before.target, before.cost)
    wanted = rows * count + movers
    at = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    stay = np.where(pairs[at] == wanted, pair_cost[at], np.iinfo(np.int64).max)
    return np.minimum(stay, state_cost[np.searchsorted(states, rows)] + 1)


def _least(key: NDArray[np.int64], cost: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct keys, ascending, with the least cost of each."""
    order = np.lexsort((cost, key))
    distinct, first = np.unique(key[order], return_index=True)
    return distinct, cost[order][first]


def _end_cost(end: Finding, before: _Edges | None, agent: NDArray[np.int64]) -> int:
    if before is None:
        return 0
    if end.kind in FINAL_STEP:
        return int(_costs(np.array([end.state]), agent[np.array([end.action])], before, agent)[0])
    return int(before.cost[before.target == end.state].min())


def _path(
    exploration: Exploration, layers: list[_Edges], agent: NDArray[np.int64], end: Finding, switches: int
) -> Path:
    """Backwards from the end: at each level the least step that the cost of what follows allows."""
    mover = int(agent[end.action]) if end.kind in FINAL_STEP else None
    row, cost, rows, actions = end.state, switches, [end.state], []
    for edges in reversed(layers):
        into = np.flatnonzero(edges.target == row)
        total = edges.cost[into] + (0 if mover is None else agent[edges.action[into]] != mover)
        chosen = int(into[np.argmax(total == cost)])
        row, cost, mover = int(edges.source[chosen]), int(edges.cost[chosen]), int(agent[edges.action[chosen]])
        rows.append(row)
        actions.append(int(edges.action[chosen]))
    states = exploration.states[np.array(rows[::-1], np.int64)]
    return Path(states, np.array([-1, *reversed(actions)], np.int64), switches, end)
