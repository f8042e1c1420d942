"""Reachability over blocks of states: one theory, one loop. See `bfs.search`."""

from __future__ import annotations

from modelcheck import machinecode
from modelcheck.search.parallel import Crew
from modelcheck.search.store import StateStore


def large_store(width: int, actions: int, crew: Crew, expected: int, compact: bool) -> StateStore | None:
    """The store of large searches, or None where it cannot be had. It is loaded here, when it is needed."""
    from modelcheck.search.compact_store import CompactStore
    from modelcheck.search.native_store import NativeStore, available

    if not available or not machinecode.available() or not width:
        return None
    try:
        return (CompactStore if compact else NativeStore)(width, actions, crew, expected)
    except MemoryError:  # address space is limited, and there is not enough of it to begin with
        return None
