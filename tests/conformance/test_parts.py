"""Every part does what this machine does: all sequences of a few steps, then random walks. Every fault shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.behaviours import Behaviours, Mismatch, exhaust, walk
from tests.conformance.faults import FAULTS, Fault
from tests.conformance.parts import PARTS, Part
from tests.conformance.remote import Remote

BY_NAME = {part.name: part for part in PARTS}
LEAST = 10_000  # steps, over all parts


def performed(part: Part, behaviours: Behaviours) -> int:
    if lacking := part.lacks():
        pytest.skip(lacking)
    with Remote(part.machine) as machine:
        steps = exhaust(behaviours, machine, part.depth)
        return steps + walk(behaviours, machine, walks=part.walks, steps=part.steps, seed=1)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_part(part: Part, tmp_path: Path) -> None:
    assert performed(part, part.behaviours(tmp_path)) >= part.least


def test_the_parts_are_put_to_enough_steps() -> None:
    """Each part is held to its own number by the test above."""
    assert sum(part.least for part in PARTS) >= LEAST


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.part}: {fault.name}")
def test_fault(fault: Fault, tmp_path: Path) -> None:
    part = BY_NAME[fault.part]
    behaviours = part.behaviours(tmp_path, fault.change)
    with pytest.raises(Mismatch):
        performed(part, behaviours)
