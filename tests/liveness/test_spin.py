"""SPIN as a witness of temporal verdicts under weak fairness (`-a -f`): twins in Promela, written by us from the specs.

SPIN's weak fairness is of processes, and says that who can always take a step takes one. So both sides have all
processes weakly fair, and a process that need not go on has a step to itself. The verdicts differ in dead ends: a run
that can go no further stutters for ever in TLA+, and so it does here and in SPIN without `-f`; with `-f` SPIN does not
extend it where the negated property has to see something again and again. Those rows of the table are marked, and there
SPIN is asked without fairness, too: it then finds what we find.
Skipped where Debian's `spin` or a C compiler is missing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelcheck import checker
from modelcheck.exploring import Options

TWINS = Path(__file__).parent / "spin"
SPECS = Path(__file__).resolve().parents[2] / "specs"

pytestmark = pytest.mark.skipif(
    shutil.which("spin") is None or shutil.which("gcc") is None, reason="needs spin and gcc (Debian: spin, gcc)"
)


class Twin(NamedTuple):
    """`more`: text to be appended to the spec. missed: our counterexample ends in a dead end that SPIN's
    `-f` does not extend."""

    file: str
    options: str
    spec: str
    constants: dict[str, Any]
    property: str
    holds: bool
    missed: bool = False
    more: str = ""


SOMEBODY = """

class Somebody({base}):
    @temporal
    def somebody_keeps_eating(self):
        return infinitely_often(any(self.eats(s) for s in Seat))
"""

NO_TURN = """

class NoTurn(Peterson):
    @process(each=Process)
    def run(self, me):
        while True:
            yield "idle"
            yield "raise flag"
            self.flag[me] = True
            yield "give turn"
            yield "wait"
            when(not self.flag[1 - me] or self.turn == me)
            yield "critical"
            yield "lower flag"
            self.flag[me] = False
"""

PETERSON, DINING = "peterson.py", "dining_philosophers.py"
NOTIFY, OLD = "qemu/aio_notify.py", "qemu/aio_notify_2014.py"
BUG, ACCEPT = "qemu/aio_notify_bug.py", "qemu/aio_notify_accept.py"
LATE, FLAG_FIRST, SKIP = {"clear": ("request", "event")}, {"notify": ("flag", "event")}, {"skip_if_flagged": True}
CHECK = {"check_req": True}
DONE, COMES, TAKEN = "every_request_is_done", "event_comes_and_goes", "request_is_taken"

TABLE = [
    Twin("peterson", "", f"{PETERSON}:Peterson", {}, "nobody_starves", True),
    Twin("peterson", "-DTURN_FIRST", f"{PETERSON}:TurnFirst", {}, "nobody_starves", True),
    Twin("peterson", "-DAFTER_YOU", f"{PETERSON}:AfterYou", {}, "nobody_starves", False),
    Twin("peterson", "-DNO_TURN", f"{PETERSON}:NoTurn", {}, "nobody_starves", False, more=NO_TURN),
    Twin("dining_philosophers", "", f"{DINING}:AllRightHanded", {}, "everybody_eats", False),
    Twin("dining_philosophers", "", f"{DINING}:Somebody", {}, "somebody_keeps_eating", False,
         more=SOMEBODY.format(base="AllRightHanded")),
    Twin("dining_philosophers", "-DLEFT_HANDED", f"{DINING}:OneLeftHanded", {}, "everybody_eats", False),
    Twin("dining_philosophers", "-DLEFT_HANDED", f"{DINING}:Somebody", {}, "somebody_keeps_eating", True,
         more=SOMEBODY.format(base="OneLeftHanded")),
    Twin("alternating_bit", "", "alternating_bit.py:AlternatingBit", {"lossy": False}, "messages_arrive", True),
    Twin("alternating_bit", "-DLOSSY", "alternating_bit.py:AlternatingBit", {}, "messages_arrive", False),
    Twin("aio_notify", "", f"{NOTIFY}:AioNotify", {"requests": 2}, DONE, True),
    Twin("aio_notify", "-DREQUESTS=4", f"{NOTIFY}:AioNotify", {}, DONE, True),
    Twin("aio_notify", "-DBLIND", f"{NOTIFY}:AioNotify", {"requests": 2, "look_again": False}, DONE, False, True),
    Twin("aio_notify_2014", "", f"{OLD}:AioNotify2014", {"requests": 2}, DONE, True),
    Twin("aio_notify_2014", "-DNESTED", f"{OLD}:AioNotify2014", {"requests": 2, "nested": True}, DONE, False, True),
    Twin("aio_notify_bug", "", f"{BUG}:AioNotifyBug", {}, COMES, True),
    Twin("aio_notify_bug", "-DLATE", f"{BUG}:AioNotifyBug", LATE, COMES, True),
    Twin("aio_notify_bug", "-DCHECK_REQ", f"{BUG}:AioNotifyBug", CHECK, TAKEN, True),
    Twin("aio_notify_bug", "-DCHECK_REQ -DLATE", f"{BUG}:AioNotifyBug", {**CHECK, **LATE}, TAKEN, False),
    Twin("aio_notify_accept", "", f"{ACCEPT}:AioNotifyAccept", {}, COMES, True),
    Twin("aio_notify_accept", "-DFLAG_FIRST", f"{ACCEPT}:AioNotifyAccept", FLAG_FIRST, COMES, False),
    Twin("aio_notify_accept", "-DSKIP", f"{ACCEPT}:AioNotifyAccept", SKIP, COMES, False),
    Twin("aio_notify_accept", "-DCHECK_REQ", f"{ACCEPT}:AioNotifyAccept", CHECK, TAKEN, True),
    Twin("aio_notify_accept", "-DCHECK_REQ -DFLAG_FIRST", f"{ACCEPT}:AioNotifyAccept", {**CHECK, **FLAG_FIRST}, TAKEN,
         True),
    Twin("aio_notify_accept", "-DCHECK_REQ -DSKIP", f"{ACCEPT}:AioNotifyAccept", {**CHECK, **SKIP}, TAKEN, False),
]  # fmt: skip


def ours(twin: Twin, folder: Path) -> bool:
    """Whether the property holds where every step of every process is weakly fair, but for those to rest at will."""
    file, spec = twin.spec.split(":")
    path = SPECS / file if (SPECS / file).exists() and file != "alternating_bit.py" else TWINS / file
    text = folder / path.name
    text.write_text(path.read_text() + twin.more)
    model = checker.compiled(text, spec, twin.constants)
    fair = tuple(replace(a, fairness=None if a.label == "idle" else "weak") for a in model.actions)
    options = Options(properties=(twin.property,), deadlock=False)
    (found,) = checker.check_model(replace(model, actions=fair), options).properties
    return found.verdict == "holds"


def verifier(twin: Twin, folder: Path) -> None:
    for command in (
        ["spin", "-a", *twin.options.split(), str(TWINS / f"{twin.file}.pml")],
        ["gcc", "-O0", "-w", "-DNOREDUCE", "-o", "pan", "pan.c"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


def theirs(twin: Twin, folder: Path, *options: str) -> bool:
    command = ["./pan", "-a", *options, "-m100000", "-N", twin.property]
    report = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r"errors: (\d+)", report)
    assert found and "max search depth too small" not in report, report
    return found[1] == "0"


def ids(twin: Twin) -> str:
    return f"{twin.file} {twin.options} {twin.property}"


@pytest.mark.parametrize("twin", TABLE, ids=ids)
def test_the_same_verdict(twin: Twin, tmp_path: Path) -> None:
    assert ours(twin, tmp_path) == twin.holds
    verifier(twin, tmp_path)
    assert theirs(twin, tmp_path, "-f") == (twin.holds or twin.missed)
    if twin.missed:
        assert not theirs(twin, tmp_path)
