"""Judges the cases of a spec file by what CPython found, without the package."""

from __future__ import annotations

from tests.witness.cpython import Graph
from tests.witness.runtime import Case


def mismatches(case: Case, graph: Graph) -> list[str]:
    """What a case expects and CPython does not find, and the other way round. Counts are left out: CPython keeps locals
    that are not needed any more. So are temporal properties: it looks at states and steps."""
    found: dict[str, int | None] = {**graph.violations, **dict.fromkeys(graph.unwitnessed)}
    faulty = [graph.violations.get(name) for name in graph.property_faults]
    found = {n: v for n, v in found.items() if n not in graph.property_faults}
    kinds = (("deadlocks", "deadlock"), ("assertion_fails", "assertion"), ("evaluation_error", "evaluation_error"))
    lengths = {name: graph.shortest(kind) for name, kind in kinds}
    lengths["evaluation_error"] = min(filter(None, (lengths["evaluation_error"], *faulty)), default=None)
    found |= {name: length for name, length in lengths.items() if length is not None}
    wanted: dict[str, int | None] = {}
    for e in case.expectations:
        if e.kind == "violates" and e.names[0] not in graph.temporal:
            wanted[e.names[0]] = e.options.get("length")
        elif e.kind in lengths:
            wanted[e.kind] = e.options.get("length")
        elif e.kind == "only":
            found = {n: v for n, v in found.items() if n in (*e.names, "assertion_fails", "evaluation_error")}
    wrong = [f"{n}: unexpected, length {v}" for n, v in found.items() if n not in wanted]
    wrong += [f"{n}: does not happen" for n in wanted if n not in found]
    wrong += [f"{n}: length {found[n]}, not {v}" for n, v in wanted.items() if v and n in found and found[n] != v]
    return wrong
