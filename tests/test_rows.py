"""The committed table of answers, specs/qemu/ROWS.md, says what the cases expect. That the cases come out as they expect
is the gate's part; `make rows` writes the table. And the rows B, I, C and R say what other models of the same system say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcheck import suite
from modelcheck.discovery import spec_files

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "specs" / "qemu"
FIGURES = ("case", "states", "transitions", "depth")

Cells = dict[str, str]  # of one row, by column


def rows(text: str) -> dict[tuple[str, str], Cells]:
    """By file and case."""
    found: dict[tuple[str, str], Cells] = {}
    path, columns = "", list[str]()
    for line in text.splitlines():
        if line.startswith("## "):
            path, columns = line.rpartition("(")[2].rstrip(")"), []
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            columns = columns or cells
            if not line.startswith("| ---") and cells != columns:
                found[path, cells[0]] = dict(zip(columns, cells, strict=True))
    return found


def expected() -> dict[tuple[str, str], set[str]]:
    """What each case says is violated."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in spec_files([FOLDER]):
        for case in suite.read_cases(path)[1]:
            names = {suite.EVENTS.get(e.name) for e in case.expectations}
            named = [str(name) for e in case.expectations if e.name == "violates" for name in e.args]
            found[path.relative_to(ROOT).as_posix(), case.name] = {*named, *(name for name in names if name)}
    return found


# Verdicts of throw-away models, written for another explorer and searched exhaustively before these specs existed: what is
# violated in each row. Rows that nobody has answered before are left out. Rows A are in test_virtio_pci.py.
ANSWERS = {
    "starved": "main_loop_is_not_starved",
    "lost": "no_notify_is_lost",
    "not rearmed": "timer_is_rearmed",
    "twice": "each_buffer_is_handled_once",
    "toes": "qemu_keeps_off",
    "stops": "iothread_stops",
    "start inside stop": "no_start_inside_stop",
    "asserts": "assertion",
    "done": "every_request_is_done",
    "seen": "every_request_is_seen",
}
KNOWN = {
    "B01": "starved, lost, not rearmed", "B02": "starved, not rearmed", "B03": "starved, not rearmed", "B04": "",
    "B05": "starved, lost", "B07": "", "B08": "", "B09": "", "B10": "", "B11": "", "B13": "starved, lost, not rearmed",
    "B14": "", "B15": "starved, lost", "B15b": "starved", "B16": "", "B17": "", "B19": "starved", "B20": "", "B21": "",
    "B22": "starved, lost, not rearmed", "B23": "", "B25": "", "B27": "", "B28": "", "B31": "starved, lost",
    "I01": "", "I02": "", "I03": "starved", "I06": "starved",
    "C01": "twice, toes", "C03": "twice, toes", "C04": "twice, toes", "C06": "twice, toes", "C07": "twice, toes",
    "C08": "twice", "C11": "twice", "C12": "", "C13": "", "C15": "", "C16": "", "C17": "", "C19": "twice, toes",
    "C20": "", "C21": "", "C22": "twice",
    "R1": "stops", "R1f": "", "R2f": "", "R3f": "", "R4": "start inside stop", "R4f": "", "R5": "asserts", "R5f": "",
    "R6f": "", "R7": "done", "R7f": "", "R8f": "", "R9": "seen", "R9f": "",
}  # fmt: skip
UNKNOWN = "B06 B12 B18 B24 B26 B29 B30 I04 I05 C02 C05 C09 C10 C14 C18 R2 R3 R6 R8".split()

TABLE = rows((FOLDER / "ROWS.md").read_text(encoding="utf-8"))
EXPECTED = expected()


def test_every_case_has_its_row() -> None:
    assert TABLE.keys() == EXPECTED.keys()


@pytest.mark.parametrize("key", EXPECTED, ids=lambda key: f"{Path(key[0]).stem}: {key[1]}")
def test_what_is_violated(key: tuple[str, str]) -> None:
    """With the length of a trace; nothing is left open, and there are states."""
    row = TABLE[key]
    assert {name for name, cell in row.items() if cell.startswith("violated @")} == EXPECTED[key]
    answers = [cell for name, cell in row.items() if name not in FIGURES]
    assert all(cell in ("ok", "-", "vacuous") or cell.removeprefix("violated @").isdigit() for cell in answers)
    assert int(row["states"]) > 0 and int(row["transitions"]) >= int(row["states"])


@pytest.mark.parametrize("row, wanted", KNOWN.items())
def test_known_answers(row: str, wanted: str) -> None:
    [case] = [key for key in EXPECTED if key[1].split()[0] == row]
    assert EXPECTED[case] == {ANSWERS[word] for word in wanted.split(", ") if word}


def test_every_row_is_a_case() -> None:
    found = [name.split()[0] for _, name in EXPECTED]
    assert sorted(i for i in found if i[0] in "BICR" and i[1].isdigit()) == sorted([*KNOWN, *UNKNOWN])
    assert {i for i in found if i[0] == "P" and i[1].isdigit()} == {f"P{n:02}" for n in range(1, 13)}


def test_a_table_is_read() -> None:
    text = "## T (specs/t.py)\n\n| case | p | states |\n| --- | --- | ---: |\n| a, b | violated @3 | 7 |\n"
    assert rows(text) == {("specs/t.py", "a, b"): {"case": "a, b", "p": "violated @3", "states": "7"}}
