"""Stores that take rows out of the search again, because another row stands for them: what they are asked besides.

A row that is *retired* before its turn is not expanded. Where it was expanded in one block with the row that retired
it, its steps are left out of every figure, so that figures do not depend on blocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.store import StateStore
from modelcheck.system import Successors


class CoveringStore(StateStore, Protocol):
    @property
    def retired(self) -> int:
        """Rows that were taken out before their turn."""
        ...

    def is_retired(self) -> NDArray[np.bool_]:
        """Of every row."""
        ...

    def waiting(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those that are not retired."""
        ...

    def insert_all(self, batches: Sequence[Any]) -> list[NDArray[np.bool_]]:
        """Of each batch, the rows whose turn came before they were retired: only their steps were inserted."""
        ...


def in_turn(answer: Successors, turns: NDArray[np.bool_]) -> Successors:
    """The steps of some rows alone. turns: (consumed,)."""
    kept, place = turns[answer.source], np.cumsum(turns) - 1
    faults = answer.faults[turns[answer.faults[:, 0]]].copy()
    faults[:, 0] = place[faults[:, 0]]
    return replace(
        answer,
        source=place[answer.source[kept]],
        action=answer.action[kept],
        target=answer.target[kept],
        consumed=int(turns.sum()),
        faults=faults,
        effect=None if answer.effect is None else answer.effect[kept],
    )
