"""What a search asks of parts that may be native code, without loading any."""

from __future__ import annotations

from typing import Any

from modelcheck.search.exploration import Goal
from modelcheck.search.store import StateStore
from modelcheck.system import NativeSuccessors, TransitionSystem


def blocks(system: TransitionSystem, store: Any, goal: Goal) -> Any:
    """`blocks.Blocks`; None where the system has no native successors, the store no blocks for them, or the goal asks
    something of steps, all of which must be seen then."""
    native: NativeSuccessors | None = getattr(system, "native_successors", None)
    if native is None or not hasattr(store, "blocks") or goal.step_invariants or goal.step_watched:
        return None
    return store.blocks(native, system.initial().target[:1], system.guards)


def told(system: TransitionSystem, store: StateStore | None, seconds: float) -> str:
    """What native code took, in words; nothing where there is none."""
    cached = [c for c in (getattr(part, "cached", None) for part in (system, store)) if c is not None]
    if not cached:
        return ""
    how = "from the cache" if all(cached) else "compiled, once for this machine,"
    return f"native code {how} in {seconds:.2f} s"
