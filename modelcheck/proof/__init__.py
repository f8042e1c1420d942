"""Proofs over a `SymbolicSystem`: what holds after any number of steps, without exploring them.

`prove` answers every goal, something that must never happen, with a proof, a path to it, or unknown.
"""

from modelcheck.proof.engine import ENGINES, Options, prove
from modelcheck.proof.goals import (
    TRUE,
    Answer,
    Goal,
    Path,
    deadlock_goal,
    fault_goal,
    is_false,
    neither,
    state_goal,
    step_goal,
)
from modelcheck.proof.solving import VERSION

__all__ = [
    "ENGINES", "TRUE", "VERSION", "Answer", "Goal", "Options", "Path", "deadlock_goal", "fault_goal", "is_false",
    "neither", "prove", "state_goal", "step_goal",
]  # fmt: skip
