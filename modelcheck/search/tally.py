"""What is certain after a block of a search."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.findings import Findings
from modelcheck.system import TransitionSystem


@dataclass(frozen=True, slots=True)
class Tally:
    """`levels` are the first rows of the levels found; rows below `cursor` are expanded, or excluded by a constraint;
    `cut` counts the latter among all rows found, `retired` those that a covering store took out before their turn."""

    levels: tuple[int, ...]
    taken: NDArray[np.int64]
    changed: NDArray[np.int64]
    faulted: NDArray[np.bool_]
    coverage: NDArray[np.bool_]
    cursor: int = 0
    distinct: int = 0
    expanded: int = 0
    cut: int = 0
    retired: int = 0
    generated: int = 0
    initial_enabled: bool = False
    findings: Findings = field(default_factory=dict)
    watched: frozenset[int] = frozenset()
    step_watched: frozenset[int] = frozenset()

    @staticmethod
    def of(system: TransitionSystem) -> Tally:
        """Nothing yet."""
        actions = len(system.actions)
        return Tally(
            levels=(0,),
            taken=np.zeros(actions, np.int64),
            changed=np.zeros(actions, np.int64),
            faulted=np.zeros(actions, np.bool_),
            coverage=np.zeros(system.guards, np.bool_),
        )

    @property
    def queued(self) -> int:
        return self.distinct - self.cut - self.retired - self.expanded

    @property
    def depth(self) -> int:
        """Of the level that the cursor is in; the initial states have depth 1."""
        return bisect_right(self.levels, self.cursor)

    @property
    def level_end(self) -> int:
        """The first row beyond the level that the cursor is in."""
        return self.levels[self.depth] if self.depth < len(self.levels) else self.distinct

    @property
    def between_levels(self) -> bool:
        """Nothing of the cursor's level is expanded yet."""
        return self.cursor == self.levels[-1]
