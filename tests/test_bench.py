"""The benchmarks: every protocol is there in every language, small ones have the counts found elsewhere, targets judge."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelcheck import checker, suite

BENCH = Path(__file__).resolve().parent.parent / "bench"
sys.path.append(str(BENCH))

import protocols  # noqa: E402
import report  # noqa: E402
from tools import Run  # noqa: E402

TWO_PHASE = protocols.PROTOCOLS[0]
SIZES = [(p, size) for p in protocols.PROTOCOLS for size in p.sizes]


def test_cases_of_the_specs() -> None:
    found = suite.gate([BENCH / "specs"])
    assert [case.case for case in found.cases if not case.passed] == []
    assert len(found.cases) >= 7


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS, ids=lambda p: p.name)
def test_every_language(protocol: protocols.Protocol) -> None:
    for text in (f"promela/{protocol.name}.pml", f"c/{protocol.name}.h", f"tla/{protocol.name}.tla"):
        assert (BENCH / text).exists(), text


@pytest.mark.parametrize("protocol, size", SIZES, ids=lambda x: getattr(x, "name", x))
def test_sizes_are_models(protocol: protocols.Protocol, size: str) -> None:
    model = checker.compiled(str(protocol.spec), None, dict(protocol.sizes[size].constants))
    assert protocol.invariant in [p.name for p in model.properties if p.kind == "invariant"]


def results(**seconds: tuple[str, float]) -> report.Results:
    """Of two-phase commit: tool=(size, seconds of the search); the whole command takes a second more."""
    runs = {}
    for tool, (size, search) in seconds.items():
        runs[TWO_PHASE.name, size, tool] = [Run(10, 20, search + 1, search, 240)]
    return report.Results(runs, {(TWO_PHASE.name, size): 1 for size in TWO_PHASE.sizes})


def row(name: str, size: str, of: report.Results) -> list[str]:
    """Verdict and first figure of the target whose text is this, at this size."""
    target = next(t for t in report.TARGETS if t.text == name and size in t.sizes)
    told = report._row(of, target, size)
    return [] if told is None else [cell.strip() for cell in told.split("|")[4:6]]


@pytest.mark.parametrize("name, size, seconds, expected", [
    ("ours / C, search", "1e6", {"modelcheck": 3.0, "C": 2.0}, ["met", "1.50"]),
    ("ours / C, search", "1e6", {"modelcheck": 3.2, "C": 2.0}, ["missed: 1 of 1", "**1.60**"]),
    ("ours / C, search", "1e6", {"modelcheck": 3.2}, []),
    ("SPIN's better exhaustive search / ours, whole command", "1e6", {"modelcheck": 1, "SPIN": 3, "SPIN -DBFS": 9},
     ["met", "2.00"]),
    ("SPIN's better exhaustive search / ours, whole command", "1e7", {"modelcheck": 1, "SPIN": 3, "SPIN -DBFS": 9},
     ["missed: 1 of 1", "**2.00**"]),
    ("one worker / two, search", "1e7", {"modelcheck": 4, "modelcheck, 2 workers": 2.5}, ["met", "1.60"]),
    ("one worker / two, search", "1e7", {"modelcheck": 4, "modelcheck, 2 workers": 4}, ["missed: 1 of 1", "**1.00**"]),
])  # fmt: skip
def test_targets(name: str, size: str, seconds: dict[str, float], expected: list[str]) -> None:
    assert row(name, size, results(**{tool: (size, search) for tool, search in seconds.items()})) == expected
