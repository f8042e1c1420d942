"""TLC's published verdicts: models of tlaplus/Examples in our language, by us, in `published`. Each names its module,
the configuration and what the manifest says of it; the expectations are its cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modelcheck import checker, suite

FOLDER = Path(__file__).parent / "published"
SPECS = sorted(p for p in FOLDER.glob("*.py") if p.name != "__init__.py")
PAIRS = [(path, case) for path in SPECS for case in suite.read_cases(path)[1]]
SAFETY = {"quiescence"}  # what no fairness is needed for, temporal though it is


def test_how_many_there_are() -> None:
    assert len(PAIRS) == 14


@pytest.mark.parametrize("path, case", PAIRS, ids=[case.name for _, case in PAIRS])
def test_the_published_verdict(path: Path, case: suite.Case) -> None:
    result = suite.run_case(suite.read_cases(path)[0], case)
    assert result.passed, result.problems


@pytest.mark.parametrize("path, case", PAIRS, ids=[case.name for _, case in PAIRS])
def test_nothing_holds_without_fairness(path: Path, case: suite.Case) -> None:
    """A run may then stay where it starts; no property of these but `SAFETY` holds of such a run from every state."""
    program = suite.read_cases(path)[0]
    model = checker.compiled(program, case.spec, dict(case.where))
    unfair = replace(model, actions=tuple(replace(a, fairness=None) for a in model.actions))
    result = checker.check_model(unfair)
    held = {p.name for p in result.properties if p.kind == "temporal" and p.verdict == "holds"}
    assert held <= SAFETY
