"""The second waist: what a search needs to know of a system, in blocks of states.

States are rows of 64-bit words, (n, width) uint64, packed by `ir.layout`. One call per block, never one per state: at
1024 rows and more the call costs nothing, and one search loop in Python serves every back end.

Everything is returned in *row order, then action order, then order of choices*. A search relies on this order alone to
make traces and figures independent of block sizes, workers and back ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import Span
from modelcheck.ir.ops import FaultKind

States = NDArray[np.uint64]  # (n, width)

FALSE, TRUE, FAULT = 0, 1, 2  # what `predicates` answers


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """One action id. `process` is -1 for an @action; `group` numbers the instances that fairness speaks of (a process
    instance, or an @action with its arguments), for `fairness` weak, strong or None."""

    title: str
    process: int
    label: str
    args: tuple[tuple[str, object], ...]
    group: int
    fairness: str | None
    span: Span | None


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the spec where a step can fail: an evaluation error, or an assert (`kind` ASSERT)."""

    kind: FaultKind
    span: Span | None
    message: str | None = None

    @property
    def is_assert(self) -> bool:
        """A failed assert; otherwise an evaluation error, which is another verdict."""
        return self.kind is FaultKind.ASSERT


@dataclass(frozen=True, slots=True)
class Successors:
    """All transitions out of the first `consumed` rows of a block (all of them, unless the output was full).

    source: (m,) int64 row in the block.  action: (m,) int64.  target: (m, width) uint64.
    faults: (f, 3) int64 rows of (row, action, site), in the same order; a fault has no target.
    coverage: (g,) bool, whether each guard of `Model.guards` was true in some evaluation of this call.
    effect: (m,) int64 or None: an interned number that says which guards and resets of clocks belong to a transition.
    """

    source: NDArray[np.int64]
    action: NDArray[np.int64]
    target: States
    consumed: int
    faults: NDArray[np.int64]
    coverage: NDArray[np.bool_]
    effect: NDArray[np.int64] | None = None


class TransitionSystem(Protocol):
    """What back ends build, reductions wrap and searches explore.

    `predicates` and `step_predicates` are numbered as in the model. They answer an (n, len(ids)) uint8 array of FALSE,
    TRUE or FAULT (an evaluation error inside the predicate).
    """

    width: int
    actions: tuple[ActionInfo, ...]
    sites: tuple[Site, ...]
    guards: int

    def initial(self) -> Successors:
        """The initial states, duplicates included, as the targets of source row 0 and action -1; `consumed` is 1.
        Faults are those of the initialisation (row 0, action -1)."""
        ...

    def successors(self, states: States) -> Successors: ...

    def predicates(self, states: States, ids: Sequence[int]) -> NDArray[np.uint8]: ...

    def step_predicates(self, states: States, after: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        """Row by row of the transitions states[i] -> after[i]."""
        ...

    def terminated(self, states: States) -> NDArray[np.bool_]:
        """Whether a state may rest: there are processes, and each is done or idle. All False for a spec of actions."""
        ...
