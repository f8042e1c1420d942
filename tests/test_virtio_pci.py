"""The rows of virtio-pci's ioeventfd against the verdicts of other models, under CPython, and broken on purpose.

The table holds the verdicts of throw-away models of the same system, written for another explorer and searched
exhaustively before these specs existed: none is this project's own output. Lengths depend on what is a step;
verdicts do not.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from modelcheck import suite
from modelcheck.result import EXPECTATION
from tests.witness import loader
from tests.witness.cases import mismatches
from tests.witness.cpython import explore_file

SPECS = Path(__file__).parents[1] / "specs"
ROWS = SPECS / "qemu" / "virtio_pci_rows.py"

# What the table's columns are called here: a notify is lost, a handler runs while vm_running == 0 (HWS) or after
# do_vm_stop (HWS+), use after cleanup, deadlock.
COLUMNS = {
    "lost": "no_lost_notify",
    "HWS": "no_handle_while_vm_stopped",
    "HWS+": "no_handle_after_vm_stop",
    "UAC": "no_use_after_cleanup",
    "deadlock": "no_deadlock",
    "DEASSIGN-ERR": "no_deassign_error",
    "HANDLE-UNCONFIGURED": "no_handle_unconfigured",
}

# The rows whose verdicts are known, each with what is violated in it. The others are listed in UNKNOWN.
TABLE = {
    "A01": "", "A02": "", "A03": "", "A04": "", "A05": "", "A10": "HWS", "A11": "", "A13": "HWS", "A14": "HWS",
    "A16": "HWS", "A17": "HWS HWS+", "A18": "HWS", "A19b": "", "A20": "lost", "A21": "", "A23": "", "A24": "",
    "A25": "", "A26": "UAC", "A27": "UAC", "A28": "UAC", "A29": "UAC", "A29b": "", "A30": "", "A32": "",
    "A34": "lost", "A35": "", "A40": "", "A41": "HANDLE-UNCONFIGURED", "A43": "HANDLE-UNCONFIGURED", "A44": "",
    "A45": "", "A50": "", "A51": "lost", "A53": "", "A55": "lost DEASSIGN-ERR", "A60": "", "A61": "UAC", "A62": "",
    "A64": "HWS", "A65": "lost", "A66": "HWS", "A67": "", "A71": "HWS", "A80": "", "A81": "HWS", "A83": "HWS",
}  # fmt: skip
UNKNOWN = "A12 A15 A18b A19 A22 A31 A33 A36 A42 A46 A52 A54 A63 A70 A82".split()

# What is used after it was cleaned up: the table's words.
MISUSE = {
    "A26": "deassign-on-closed-fd",
    "A27": "select-on-closed-fd",
    "A28": "handler-read-closed-or-reused-fd",
    "A29": "handler-read-closed-or-reused-fd",
    "A61": "handler-on-freed-vq",
}

# By what the row's name says: one of each kind, as small as there is.
UNDER_CPYTHON = ["A01", "A12", "A20", "A26", "A29", "A33", "A43", "A54", "A61", "A65", "A70", "A83"]

# What is broken: file, text, what it becomes; the rows that notice.
BROKEN = {
    "the drain does not call the device": (
        "virtio_pci.py", ':218"\n            self.handle_output(n)\n', ':218"\n', "A13 A19b",
    ),
    "the eventfd always starts at 0": (
        "virtio_pci.py", "init(self.files, active, self.held", "init(self.files, 0, self.held", "A11",
    ),
    "unset does not unset": (
        "virtio_pci.py", "self.handlers.unset_handler(self.vq[n].host_notifier.fd)", "pass", "A19b",
    ),
    "cleanup does not close": (
        "event_notifier.py", "files.table.close(self.fd)", "pass", "A26 A29",
    ),
    "a lookup that finds nothing stays a reader": (
        "kvm_iobus.py", "self.found[vcpu] = self.device[q]", "self.found[vcpu] = 0", "A83",
    ),
    "port I/O does without the mutex": (
        "virtio.py", 'kvm_cpu_exec"\n                self.mutex.lock()', 'kvm_cpu_exec"', "A23 A83",
    ),
    "the main loop has the mutex in select": (
        "main_loop.py", "self.mutex.unlock()\n            yield idle", "yield idle", "A01",
    ),
    "vcpus go on while paused": (
        "cpus.py", "when(not self.cpu[cpu].stopped)", "pass", "A83",
    ),
    "vm_start does not start ioeventfd": (
        "virtio_pci.py", "and self.plugged and self.driver_ok:", "and self.plugged and not self.driver_ok:", "A11",
    ),
}  # fmt: skip


@cache
def rows() -> dict[str, suite.Case]:
    program, cases = suite.read_cases(ROWS)
    return {case.name.split()[0]: case for case in cases if case.name.startswith("A")}


def violated(case: suite.Case) -> set[str]:
    named = {str(name) for e in case.expectations if e.name == "violates" for name in e.args}
    return {column for column, name in COLUMNS.items() if name in named}


def test_every_row_is_a_case() -> None:
    assert sorted(rows()) == sorted([*TABLE, *UNKNOWN])


@pytest.mark.parametrize("row, wanted", TABLE.items())
def test_expectations_agree_with_the_table(row: str, wanted: str) -> None:
    """That the cases come out as they expect is the gate's part."""
    assert violated(rows()[row]) == set(wanted.split())


@pytest.mark.parametrize("row, wanted", MISUSE.items())
def test_what_is_used_after_cleanup(row: str, wanted: str) -> None:
    program, _ = suite.read_cases(ROWS)
    result = suite.run_case(program, rows()[row]).result
    assert result is not None
    [trace] = [p.trace for p in result.properties if p.name == "no_use_after_cleanup"]
    assert trace is not None and trace.states[-1]["misuse"] == wanted


@pytest.mark.parametrize("row", UNDER_CPYTHON)
def test_cpython_finds_what_the_row_expects(row: str) -> None:
    [case] = [case for case in loader.load(ROWS, {}).CASES if case.name.split()[0] == row]
    assert mismatches(case, explore_file(ROWS, case.spec.__name__, dict(case.constants))) == []


@pytest.mark.parametrize("file, old, new, fails", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_noticed(tmp_path: Path, file: str, old: str, new: str, fails: str) -> None:
    shutil.copytree(SPECS / "linux", tmp_path / "linux")
    shutil.copytree(SPECS / "qemu", tmp_path / "qemu")
    path = tmp_path / "qemu" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    program, cases = suite.read_cases(tmp_path / "qemu" / ROWS.name)
    outcomes = [suite.run_case(program, case) for case in cases if case.name.split()[0] in fails.split()]
    assert [outcome.exit_code for outcome in outcomes] == [EXPECTATION] * len(fails.split())
