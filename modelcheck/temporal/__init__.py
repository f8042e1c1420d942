"""Liveness: whether every fair behaviour of a system satisfies a temporal formula.

A model goes through `with_atoms` before its system is built. What was explored becomes a `space`, once for all of them,
unless `refusals` gives a reason why it must not; `check` then answers for each property: it holds, or a lasso.
"""

from modelcheck.temporal.checking import Space, TemporalAnswer, Violation, check, never, refusals, space
from modelcheck.temporal.core import Core, Member, minimal_fairness
from modelcheck.temporal.lasso import Lasso
from modelcheck.temporal.letters import with_atoms
from modelcheck.temporal.product import STUTTER
from modelcheck.temporal.replay import LassoReport, Waiting, replay_lasso, why_it_may_stutter

__all__ = [
    "STUTTER", "Core", "Lasso", "LassoReport", "Member", "Space", "TemporalAnswer", "Violation", "Waiting", "check",
    "minimal_fairness", "never", "refusals", "replay_lasso", "space", "why_it_may_stutter", "with_atoms",
]  # fmt: skip
