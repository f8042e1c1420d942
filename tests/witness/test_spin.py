"""SPIN as a witness: hand-written Promela twins have as many states and transitions as our specs, and the same verdicts.

Without partial order reduction and without SPIN's own optimisations, which drop variables that nobody reads. Skipped
where Debian's `spin` or a C compiler is missing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelcheck import check

ROOT = Path(__file__).parents[2]
TWINS = Path(__file__).parent / "spin"

pytestmark = pytest.mark.skipif(
    shutil.which("spin") is None or shutil.which("gcc") is None, reason="needs spin and gcc (Debian: spin, gcc)"
)


class Twin(NamedTuple):
    file: str
    options: str
    spec: str
    constants: dict[str, Any]
    extra: int = 0  # states of SPIN before the first choice of initial values


V5 = "Deassign"
DRAIN_FIRST = {"order": ("unset", "drain", "deassign", "close")}
DEASSIGN_FIRST = {"order": ("deassign", "unset", "drain", "close")}

COUNTED = [
    Twin("die_hard", "", "Jugs", {}),
    Twin("two_phase_commit", "", "TwoPhaseCommit", {}),
    Twin("peterson", "", "Peterson", {}),
    Twin("peterson", "-DTURN_FIRST", "TurnFirst", {}),
    Twin("dining_philosophers", "-DLEFT_HANDED", "OneLeftHanded", {}),
    Twin("dining_philosophers", "-DLEFT_HANDED -DSEATS=6", "OneLeftHanded", {"philosophers": 6}),
    Twin("dining_philosophers", "-DLEFT_HANDED -DSEATS=6", "OneLeftHandedAsActions", {"philosophers": 6}),
    Twin("deassign", "", V5, {}, 1),
    Twin("deassign", "-DQUEUES=2", V5, {"queues": 2}, 1),
    Twin("deassign", "-DVCPUS=2", V5, {"vcpus": 2}, 1),
    Twin("deassign", "-DVCPUS=2 -DQUEUES=2 -DKICKS=1", V5, {"vcpus": 2, "queues": 2, "kicks": 1}, 1),
    Twin("deassign", "-DVCPUS=3 -DQUEUES=2 -DKICKS=1", V5, {"vcpus": 3, "queues": 2, "kicks": 1}, 1),
    Twin("deassign", "-DNO_DRAIN", V5, {"drain": False}, 1),
    Twin("deassign", "-DNO_SRCU", V5, {"srcu": False}, 1),
    Twin("deassign", "-DDRAIN_FIRST", V5, DRAIN_FIRST, 1),
    Twin("deassign", "-DDEASSIGN_FIRST", V5, DEASSIGN_FIRST, 1),
]

# The property is an assertion of a monitor process there; a deadlock is an invalid end state.
JUDGED = [
    (Twin("die_hard", "-DCHECK", "DieHard", {}), "invariant"),
    (Twin("two_phase_commit", "-DCHECK", "TwoPhaseCommit", {}), None),
    (Twin("peterson", "-DCHECK", "Peterson", {}), None),
    (Twin("peterson", "-DCHECK -DTURN_FIRST", "TurnFirst", {}), "invariant"),
    (Twin("dining_philosophers", "", "AllRightHanded", {}), "deadlock"),
    (Twin("dining_philosophers", "-DLEFT_HANDED", "OneLeftHanded", {}), None),
    (Twin("deassign", "-DCHECK", V5, {}), None),
    (Twin("deassign", "-DCHECK -DVCPUS=2 -DQUEUES=2 -DKICKS=1", V5, {"vcpus": 2, "queues": 2, "kicks": 1}), None),
    (Twin("deassign", "-DCHECK -DDEASSIGN_FIRST", V5, DEASSIGN_FIRST), None),
    (Twin("deassign", "-DCHECK -DNO_DRAIN", V5, {"drain": False}), "invariant"),
    (Twin("deassign", "-DCHECK -DNO_SRCU", V5, {"srcu": False}), "invariant"),
    (Twin("deassign", "-DCHECK -DDRAIN_FIRST", V5, DRAIN_FIRST), "invariant"),
]


def spin(twin: Twin, folder: Path) -> str:
    """The report of the verifier."""
    model = TWINS / f"{twin.file}.pml"
    compiler = ["gcc", "-O1", "-w", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"]
    for command in (["spin", "-o1", "-o2", "-o3", "-a", *twin.options.split(), str(model)], compiler):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    return subprocess.run(["./pan", "-m100000"], cwd=folder, capture_output=True, text=True, timeout=120).stdout


def figure(report: str, name: str) -> int:
    found = re.search(rf"(\d+) {name}", report)
    assert found, report
    return int(found[1])


def name(value: object) -> str | None:
    return f"{value.file} {value.options} {value.spec}" if isinstance(value, Twin) else None


@pytest.mark.parametrize("twin", COUNTED, ids=name)
def test_as_many_states_and_transitions(twin: Twin, tmp_path: Path) -> None:
    report = spin(twin, tmp_path)
    assert "errors: 0" in report
    path = ROOT / "specs" / f"{twin.file}.py"
    found = check(path, spec=twin.spec, constants=twin.constants, thorough=True).statistics
    counted = (figure(report, "states, stored"), figure(report, "transitions"))
    assert counted == (found.distinct + twin.extra, found.generated + twin.extra)


@pytest.mark.parametrize("twin, violated", JUDGED, ids=name)
def test_the_same_verdict(twin: Twin, violated: str | None, tmp_path: Path) -> None:
    report = spin(twin, tmp_path)
    phrases = {None: "errors: 0", "invariant": "assertion violated", "deadlock": "invalid end state"}
    assert phrases[violated] in report
    result = check(ROOT / "specs" / f"{twin.file}.py", spec=twin.spec, constants=twin.constants)
    assert next((p.kind for p in result.properties if p.verdict == "violated" and p.kind != "temporal"), None) == violated
