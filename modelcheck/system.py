"""The second waist: what a search needs to know of a system, in blocks of states.

States are rows of 64-bit words, (n, width) uint64, packed by `ir.layout`. One call per block, never one per state: at
1024 rows and more the call costs nothing, and one search loop in Python serves every back end.

Everything is returned in *row order, then action order, then order of choices*. A search relies on this order alone to
make traces and figures independent of block sizes, workers and back ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Sequence

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


@dataclass(frozen=True, slots=True)
class NativeSuccessors:
    """What a system may offer beside the protocol, as an attribute `native_successors`: its successors as machine code,
    for a search to call from its own. Several threads may call it at the same time.

    address: of a C function

        int64 expand(uint64 *states, int64 n, int64 capacity, uint64 *targets, int32 *sources, int32 *actions,
                     int64 fault_capacity, int32 *faults, uint8 *coverage, int64 *counts)

    that gives how many rows were consumed and writes what `successors` answers: at most `capacity` transitions and
    `fault_capacity` faults, their numbers in counts[0] and counts[1]; coverage is only ever set to 1. A row that does
    not fit ends the call. site: (sites,) int64, the site of each number that the function tells, or None where they are
    the same. judges: addresses of functions, one for each predicate,

        void judge(uint64 *states, uint64 *states, int64 n, uint8 *answers, int64 stride)

    that write what `predicates` answers, `stride` bytes apart. keep: whatever the code lives in.
    """

    address: int
    site: NDArray[np.int64] | None
    judges: tuple[int, ...]
    keep: object

    def faults(self, told: NDArray[np.int64]) -> NDArray[np.int64]:
        """As in `Successors`. told: what the function wrote, (f, 3)."""
        if self.site is None or not len(told):
            return told
        return np.column_stack((told[:, :2], self.site[told[:, 2]]))


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


# --- the same as formulas ---------------------------------------------------------------------------------------------

Formula = Any  # a z3.BoolRef; this room does not load z3


@dataclass(frozen=True, slots=True)
class SymbolicStep:
    """One action. `taken`: over a state and choices, that it leads somewhere. `relation`: the same, and that the next
    state is where it leads. Of one state and one action only different choices make different next states."""

    action: int
    taken: Formula
    relation: Formula


@dataclass(frozen=True, slots=True)
class SymbolicFault:
    """Where an action (-1: the initialisation) fails at a site; over a state and choices. Conditions of one action
    exclude each other: the first fault in the order of evaluation ends the step."""

    action: int
    site: int
    condition: Formula


@dataclass(frozen=True, slots=True)
class SymbolicPredicate:
    """Where a predicate is true, and where evaluating it fails; elsewhere it is false. Never both."""

    holds: Formula
    fails: Formula


class SymbolicSystem(Protocol):
    """What proofs work on: states, choices and next states are tuples of z3 constants (Bools and Ints), which whoever
    unrolls replaces.

    typed: over a state, that every constant has a value that its variable's type allows. Steps keep it.
    initial: over choices and a state (not the next one). With it, like with a step, the state is `typed`.
    terminated: over a state, as in `TransitionSystem`.
    """

    before: tuple[Any, ...]
    after: tuple[Any, ...]
    choices: tuple[Any, ...]
    typed: Formula
    initial: Formula
    terminated: Formula
    steps: tuple[SymbolicStep, ...]
    faults: tuple[SymbolicFault, ...]
    actions: tuple[ActionInfo, ...]
    sites: tuple[Site, ...]

    def predicate(self, number: int) -> SymbolicPredicate:
        """Over a state, numbered as in the model."""
        ...

    def step_predicate(self, number: int) -> SymbolicPredicate:
        """Over a state and the next one."""
        ...

    def row(self, scalars: Sequence[bool | int]) -> States:
        """The packed state, (1, width), of values for `before`, which must be `typed`."""
        ...

    def readable(self, formula: Formula) -> tuple[str, ...]:
        """The conjuncts of a formula over a state, in the words of the spec."""
        ...
