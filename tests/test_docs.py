"""The documents tell the truth: every command in docs/ ends as the text says and prints what the text shows.

In a block of ```console, a line `$ modelcheck ...   # exit N` is a command (N is 0 where it is not said). The lines
below it are lines of its output, in order; `...` stands for any number of lines that are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelcheck.cli import main

ROOT = Path(__file__).parent.parent
COMMAND = re.compile(r"\$ modelcheck (?P<arguments>.*?)(?:\s+# exit (?P<code>\d+))?")


@dataclass(frozen=True, slots=True)
class Command:
    arguments: str
    code: int
    shown: tuple[str, ...]


def commands(text: str) -> list[Command]:
    found: list[Command] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        for line in block.splitlines():
            if match := COMMAND.fullmatch(line):
                found.append(Command(match["arguments"], int(match["code"] or 0), ()))
            else:
                last = found[-1]
                found[-1] = Command(last.arguments, last.code, (*last.shown, line.rstrip()))
    return found


def missing(shown: tuple[str, ...], printed: list[str]) -> str | None:
    """The first line shown that is not printed where it should be."""
    at, free = 0, True  # free: lines may be left out here
    for line in shown:
        if line.strip() == "...":
            free = True
            continue
        places = range(at, len(printed)) if free else range(at, min(at + 1, len(printed)))
        found = next((i for i in places if printed[i].rstrip() == line), None)
        if found is None:
            return line
        at, free = found + 1, False
    return None


DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
COMMANDS = [(path.name, c) for path in DOCUMENTS for c in commands(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("document, command", COMMANDS, ids=[f"{name}: {c.arguments}" for name, c in COMMANDS])
def test_commands(document: str, command: Command, capsys, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(command.arguments.split()) == command.code
    assert missing(command.shown, capsys.readouterr().out.splitlines()) is None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([\w./-]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_a_line_that_is_not_printed_is_noticed() -> None:
    printed = ["a", "b", "c", "d"]
    assert missing(("a", "...", "d"), printed) is None and missing(("b", "c"), printed) is None
    assert missing(("a", "c"), printed) == "c" and missing(("...", "e"), printed) == "e"
    assert missing(("d", "...", "a"), printed) == "a"
