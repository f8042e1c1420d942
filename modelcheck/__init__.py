"""A model checker for protocols written in a small Python language.

What specs import: `from modelcheck import Spec, Int, process, when, Case`. What programs import:
`from modelcheck import check, state_graph`. The checker is loaded when one of these is asked for, not before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from modelcheck.frontends.dsl import (
    ANY, Array, Bool, Case, Clock, Const, Enum, Int, Log, Option, Param, Range, Record, Ref, Scalarset, Seq,
    Set, Spec, Time, Timer, action, action_invariant, after, always, assertion_fails, assume, at, between,
    choose, committed, constraint, counts, deadline, deadlocks, done, enabled, enters, evaluation_error,
    eventually, eventually_always, expires, happens, holds, idle, ignored, implies, infinitely_often,
    invariant, leads_to, line, observe, only, pin, procedure, process, reachable, returns, silent, temporal,
    timelocks, until, urgent, vacuous, violates, weak_until, when, where,
)  # fmt: skip

if TYPE_CHECKING:
    from modelcheck.checker import check
    from modelcheck.graph import state_graph
else:  # hidden from type checkers, for which it would make every misspelt name a good one

    def __getattr__(name: str) -> Any:
        if name not in API:
            raise AttributeError(f"module 'modelcheck' has no attribute {name!r}")
        return getattr(importlib.import_module(API[name]), name)


API = {"check": "modelcheck.checker", "state_graph": "modelcheck.graph"}

__all__ = [
    "ANY", "Array", "Bool", "Case", "Clock", "Const", "Enum", "Int", "Log", "Option", "Param", "Range",
    "Record", "Ref", "Scalarset", "Seq", "Set", "Spec", "Time", "Timer", "action", "action_invariant",
    "after", "always", "assertion_fails", "assume", "at", "between", "check", "choose", "committed",
    "constraint", "counts", "deadline", "deadlocks", "done", "enabled", "enters", "evaluation_error",
    "eventually", "eventually_always", "expires", "happens", "holds", "idle", "ignored", "implies",
    "infinitely_often", "invariant", "leads_to", "line", "observe", "only", "pin", "procedure",
    "process", "reachable", "returns", "silent", "state_graph", "temporal", "timelocks", "until",
    "urgent", "vacuous", "violates", "weak_until", "when", "where",
]  # fmt: skip
