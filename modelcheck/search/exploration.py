"""What a search found: plain arrays, for traces, graphs and reports to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelcheck.system import States

StopReason = Literal["states", "depth", "time", "memory", "interrupt"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a search is to look at, by predicate number. Numbers of `step_invariants` and `step_watched` are those of
    step predicates, all others those of state predicates.

    invariants: a violation where one is not TRUE.  reachables: a witness is wanted for each.  watched: predicates (left
    sides of implies) that should be TRUE somewhere.  constraints: a state where one is not TRUE is not expanded.
    """

    invariants: tuple[int, ...] = ()
    step_invariants: tuple[int, ...] = ()
    reachables: tuple[int, ...] = ()
    watched: tuple[int, ...] = ()
    step_watched: tuple[int, ...] = ()
    constraints: tuple[int, ...] = ()
    deadlock: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop early; the verdict is then "incomplete". `states` bounds the distinct states, checked after each
    block, so the last block may exceed it; `depth` the number of levels; `memory` the bytes of the whole process."""

    states: int | None = None
    depth: int | None = None
    time_s: float | None = None
    memory: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Finding:
    """The first occurrence of something in breadth-first order: the shortest way to it.

    invariant, reachable: `state` is where `predicate` failed (or, for a reachable, held).
    step_invariant: the transition `state` --`action`--> `target` (a packed row) fails `predicate`.
    deadlock: `state` has no successor and may not rest.
    fault: taking `action` in `state` fails at `site` (an index into the system's sites); `state` and `action` are -1
        where the initialisation itself fails.
    predicate_fault: evaluating state predicate `predicate` fails in `state`; step_predicate_fault: evaluating
        step predicate `predicate` fails on `state` --`action`--> `target`.
    """

    kind: Literal[
        "invariant", "step_invariant", "reachable", "deadlock", "fault", "predicate_fault", "step_predicate_fault"
    ]
    state: int
    predicate: int | None = None
    action: int | None = None
    site: int | None = None
    target: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Exploration:
    """States in breadth-first order. `parent` is the row of the predecessor, -1 for initial states; it is the least in
    (rank of the parent, action, choice), so it does not depend on how the work was divided.

    levels: levels[d] is the first row of depth d + 1; a last entry holds the number of states.  `expanded`: (n,) bool.
    generated: initial states plus all successors, before deduplication.  queued: states found but not expanded (those
    cut by a constraint not counted: they are `constrained`).
    taken: (actions,) int64, transitions per action.  changed: (actions,) int64, those with target != source.
    faulted: (actions,) bool.  coverage: (guards,) bool.  watched: predicate -> was TRUE somewhere; step_watched
    likewise.  initial_enabled: some initial state has a successor.
    stopped: None when the search ended by itself: the whole space was seen, or everything asked was decided.
    omission: how probable it is that some state was missed; 0 unless the store was compact. Then `states` is not an
    array: it rebuilds the rows that it is asked for (`compact_store.Rebuilt`).

    native: as in `Progress`.

    parent and action are of any signed integer type: a large store keeps them short.
    """

    states: States
    parent: NDArray[np.signedinteger[Any]]
    action: NDArray[np.signedinteger[Any]]
    levels: NDArray[np.int64]
    expanded: NDArray[np.bool_]
    generated: int
    queued: int
    constrained: int
    findings: tuple[Finding, ...]
    taken: NDArray[np.int64]
    changed: NDArray[np.int64]
    faulted: NDArray[np.bool_]
    coverage: NDArray[np.bool_]
    watched: dict[int, bool] = field(default_factory=dict)
    step_watched: dict[int, bool] = field(default_factory=dict)
    initial_enabled: bool = True
    stopped: StopReason | None = None
    seconds: float = 0.0
    omission: float = 0.0
    native: str = ""

    @property
    def distinct(self) -> int:
        return len(self.states)

    @property
    def depth(self) -> int:
        """Levels found; an initial state has depth 1."""
        return len(self.levels) - 1

    @property
    def complete(self) -> bool:
        """Every state found was expanded: nothing was cut by a limit, a decision or a constraint."""
        return self.queued == 0 and self.constrained == 0 and self.stopped is None
