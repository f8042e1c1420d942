"""The README tells the truth: its spec is the shipped one, and its trace is what the tool prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelcheck.cli import main
from modelcheck.commands import VERBS
from tests.test_docs import commands, missing

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_spec_is_the_shipped_one() -> None:
    shown = re.search(r"```python\n(.*?)```", README, re.S)
    shipped = (ROOT / "specs" / "kick.py").read_text(encoding="utf-8")
    assert shown is not None and shipped.endswith("\n\n" + shown[1])


def test_the_counterexample_is_what_the_tool_prints(capsys, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    block = re.search(r"```\n\$ modelcheck (.*?)\n(.*?)```", README, re.S)
    assert block is not None
    assert main(block[1].split()) == 12
    assert capsys.readouterr().out == block[2]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_links_lead_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_flag_named_is_one(capsys) -> None:
    helps = ""
    for command in VERBS:
        assert main([command, "--help"]) == 0
        helps += capsys.readouterr().out
    assert [f for f in sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))) if f not in helps] == []


def test_the_logs_are_what_the_text_says(capsys, monkeypatch, tmp_path) -> None:
    """The spec and the two logs as shown, read by the commands as shown: one is a run, and one is none."""
    text = re.search(r"## Is a log a run of the spec\?\n(.*?)\n## ", README, re.S)
    assert text is not None
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text[1], re.S | re.M)
    assert [kind for kind, _ in blocks] == ["python", "", "", "console"]
    for name, (_, block) in zip(("worker.py", "worker.strace", "worker.ndjson"), blocks):
        (tmp_path / name).write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = commands(text[1])
    assert [c.code for c in found] == [0, 22]
    for command in found:
        assert main(command.arguments.split()) == command.code
        assert missing(command.shown, capsys.readouterr().out.splitlines()) is None
