"""The fairness that a spec declares: WF or SF of the steps of a group that change the state, as in TLA+.

A group is a process instance (without its steps that are exempt) or an @action with its arguments. It is *enabled* in a
state where one of its steps leads to another state, and *taken* by such a step. Weakly fair: not enabled for ever
without being taken. Strongly fair: not enabled again and again without being taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.system import ActionInfo

NOTHING, WEAK, STRONG = 0, 1, 2
DEMANDS = {"weak": WEAK, "strong": STRONG}


@dataclass(frozen=True, slots=True)
class Group:
    """`actions` are the ids of its fair steps; `kind` is weak or strong."""

    title: str
    kind: str
    actions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fairness:
    """The fair groups in order of their first action. `demand` of a group that is to be left out is NOTHING.

    group: (actions,) int32, the group of each action or -1.  demand: (groups,) int32.
    """

    groups: tuple[Group, ...]
    group: NDArray[np.int32]
    demand: NDArray[np.int32]

    def only(self, kept: Sequence[int]) -> Fairness:
        """The same groups, of which but those kept demand anything."""
        mask = np.zeros(len(self.groups), np.bool_)
        mask[list(kept)] = True
        return Fairness(self.groups, self.group, np.where(mask, self.demand, np.int32(NOTHING)))

    @property
    def demanding(self) -> tuple[int, ...]:
        return tuple(np.flatnonzero(self.demand).tolist())


def fairness_of(actions: Sequence[ActionInfo]) -> Fairness:
    numbers: dict[tuple[int, str], list[int]] = {}
    for i, a in enumerate(actions):
        if a.fairness is not None:
            numbers.setdefault((a.group, a.fairness), []).append(i)
    group = np.full(len(actions), -1, np.int32)
    for g, members in enumerate(numbers.values()):
        group[members] = g
    groups = tuple(Group(_title(actions[m[0]]), kind, tuple(m)) for (_, kind), m in numbers.items())
    return Fairness(groups, group, np.array([DEMANDS[g.kind] for g in groups], np.int32))


def _title(action: ActionInfo) -> str:
    """`vcpu[1]` for the steps of a process, `prepare(rm=0)` for an action."""
    return action.title.removesuffix(f": {action.label}") if action.process >= 0 else action.title
