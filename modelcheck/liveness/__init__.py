"""Liveness: whether every fair behaviour of a system satisfies a temporal formula.

A model goes through `with_atoms` before its system is built. What was explored becomes a `space`, once for all of them,
unless `refusals` gives a reason why it must not; `check` then answers for each property: it holds, or a lasso.

The room is not called `temporal`: a package of that name would take the place of the decorator that specs import.
"""

from modelcheck.liveness.checking import Space, TemporalAnswer, Violation, check, never, refusals, space
from modelcheck.liveness.core import Core, Member, minimal_fairness
from modelcheck.liveness.formula import instance_of
from modelcheck.liveness.lasso import Lasso
from modelcheck.liveness.letters import with_atoms
from modelcheck.liveness.product import STUTTER
from modelcheck.liveness.replay import LassoReport, Waiting, replay_lasso, why_it_may_stutter

__all__ = [
    "STUTTER", "Core", "Lasso", "LassoReport", "Member", "Space", "TemporalAnswer", "Violation", "Waiting", "check",
    "instance_of", "minimal_fairness", "never", "refusals", "replay_lasso", "space", "why_it_may_stutter", "with_atoms",
]  # fmt: skip
