"""The specs of specs/linux under CPython itself, as the others: same states, transitions, faults, verdicts."""

from __future__ import annotations

import pytest

from modelcheck import check, passes
from modelcheck.frontends import load
from tests.conformance.parts import LINUX
from tests.witness import loader
from tests.witness.cases import mismatches
from tests.witness.compare import match
from tests.witness.cpython import explore_file
from tests.witness.runtime import Case

# Too large for CPython, which replays the whole way to each state; in the place of two of them, smaller instances.
LARGE = {
    ("signals.py", "a lone thread, coalesced and queued"),
    ("fd_table.py", "four numbers, three files"),
    ("select.py", "a sleeper whose numbers are closed"),
}
SMALLER = [
    ("fd_table.py", "Operations", {"fds": 2, "files": 3}),
    ("select.py", "Sleeper", {"eventfd_max": 1, "fds": 2}),
]

CASES = [
    pytest.param(path.name, case, id=f"{path.name}::{case.name}")
    for path in sorted(LINUX.glob("*.py"))
    for case in getattr(loader.load(path, {}), "CASES", ())
    if (path.name, case.name) not in LARGE
]


@pytest.mark.parametrize("file, case", CASES)
def test_cpython_agrees(file: str, case: Case) -> None:
    """As tests/witness does for the other specs; `match` raises where a state or a step of the two differs."""
    graph = explore_file(LINUX / file, case.spec.__name__, case.constants)
    assert mismatches(case, graph) == []
    matching = match(passes.compile(load(LINUX / file), case.spec.__name__, case.constants), graph)
    wanted = {n: v for e in case.expectations if e.kind == "counts" for n, v in e.options.items()}
    figures = {"distinct": matching.distinct, "generated": matching.generated, "depth": matching.depth}
    assert {n: figures[n] for n in wanted} == wanted


@pytest.mark.parametrize("file, spec, constants", SMALLER, ids=lambda value: str(value))
def test_cpython_agrees_on_smaller_instances(file: str, spec: str, constants: dict[str, int]) -> None:
    result = check(LINUX / file, spec=spec, constants=constants, thorough=True)
    graph = explore_file(LINUX / file, spec, constants)
    matching = match(passes.compile(load(LINUX / file), spec, constants), graph)
    assert (matching.distinct, matching.generated) == (result.statistics.distinct, result.statistics.generated)


def test_every_large_case_exists() -> None:
    found = {(path.name, case.name) for path in LINUX.glob("*.py")
             for case in getattr(loader.load(path, {}), "CASES", ())}  # fmt: skip
    assert LARGE <= found
