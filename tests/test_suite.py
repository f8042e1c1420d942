"""The gate: cases against what is found, steps that no case takes, what is collected, and what is written."""

from __future__ import annotations

import json
import xml.etree.ElementTree as xml
from pathlib import Path

import jsonschema
import pytest

from modelcheck.cli import main
from modelcheck.discovery import holds_spec, matcher, spec_files
from modelcheck.errors import UsageError
from modelcheck.reports.json import schema
from modelcheck.suite import gate
from tests.specs import IMPORTS, written

# spec, the arguments of Case after its name, passes
CASES = {
    "holds": ("counter", "Counter", True),
    "holds, named": ("counter", 'Counter, holds("bounded", "never_negative", "full")', True),
    "a violation with its length": ("counter", 'Counter, violates("bounded", length=4), where(bound=3)', True),
    "a violation of another length": ("counter", 'Counter, violates("bounded", length=5), where(bound=3)', False),
    "a violation that was not expected": ("counter", "Counter, where(bound=3)", False),
    "a violation that does not come": ("counter", 'Counter, violates("bounded")', False),
    "the wrong violation": ("counter", 'Counter, violates("never_negative"), where(bound=3)', False),
    "counts of the whole space": (
        "counter", 'Counter, violates("bounded"), where(bound=2), counts(distinct=6, generated=7, depth=6)', True,
    ),
    "other counts": ("counter", "Counter, counts(distinct=7)", False),
    "vacuous": ("counter", 'Counter, vacuous("bounded"), where(guard=19)', True),
    "vacuous, not expected": ("counter", "Counter, where(guard=19)", False),
    "not vacuous": ("counter", 'Counter, vacuous("bounded")', False),
    "holds, but is vacuous": ("counter", 'Counter, holds("bounded"), where(guard=19)', False),
    "a deadlock": ("locks", "Locks, deadlocks(length=3)", True),
    "a deadlock, not expected": ("locks", "Locks", False),
    "no deadlock": ("counter", "Counter, deadlocks()", False),
    "an assert": ("asserts", "Asserts, assertion_fails(length=3)", True),
    "an assert, not expected": ("asserts", "Asserts", False),
    "no assert": ("counter", "Counter, assertion_fails()", False),
    "an evaluation error": ("overflows", "Overflows, evaluation_error(length=4)", True),
    "an evaluation error of another kind": ("overflows", "Overflows, assertion_fails()", False),
    "restricted": ("counter", 'Counter, only("never_negative"), where(bound=3)', True),
    "restricted to asserts": ("asserts", 'Asserts, only("assertion"), assertion_fails(length=3)', True),
    "restricted to asserts, not expected": ("asserts", 'Asserts, only("assertion")', False),
    "restricted to evaluation errors": ("overflows", 'Overflows, only("evaluation_error"), evaluation_error()', True),
    "restricted to events that do not come": (
        "counter", 'Counter, only("assertion", "evaluation_error"), where(bound=3)', True,
    ),
    "restricted, temporal left out": ("temporal", 'Temporal, only("small")', True),
    "within a constraint": ("constrained", 'Constrained, holds("small")', True),
}  # fmt: skip


@pytest.mark.parametrize("spec, case, passes", CASES.values(), ids=CASES.keys())
def test_cases(tmp_path: Path, spec: str, case: str, passes: bool) -> None:
    result = gate([written(tmp_path, spec, cases=f'    Case("it", {case}),')])
    assert [c.passed for c in result.cases] == [passes]
    assert bool(result.cases[0].problems) is not passes
    untaken_step = 22 if result.untaken else 0
    assert result.exit_code == (untaken_step if passes else 22)


# spec, case, exit code of the gate
MISTAKES = {
    "a misspelt property": ("counter", 'Counter, holds("bouded")', 150),
    "a constraint": ("constrained", 'Constrained, holds("first_half")', 150),
    "a reachable cannot be violated": ("counter", 'Counter, violates("full")', 150),
    "a misspelt property in only": ("counter", 'Counter, only("bouded")', 150),
    "left out by only": ("counter", 'Counter, holds("bounded"), only("never_negative")', 150),
    "two things at once": ("counter", 'Counter, holds("bounded"), violates("bounded")', 150),
    "a class that is not there": ("counter", "Contour", 150),
    "a false assumption": ("assumes", "Assumes, where(limit=0)", 22),
    "a temporal property beside a constraint": ("cut", "Temporal", 1),
}


@pytest.mark.parametrize("spec, case, code", MISTAKES.values(), ids=MISTAKES.keys())
def test_cases_that_cannot_be_run(tmp_path: Path, capsys, spec: str, case: str, code: int) -> None:
    assert main(["gate", str(written(tmp_path, spec, cases=f'    Case("it", {case}),'))]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_step_that_no_case_takes_fails(tmp_path: Path, capsys) -> None:
    path = written(tmp_path, "unused", cases='    Case("it", Unused),')
    result = gate([path])
    assert [u.title for u in result.untaken] == ["never"]
    assert (result.exit_code, result.cases[0].passed) == (22, True)
    assert main(["gate", str(path)]) == 22
    assert "never" in capsys.readouterr().out


def test_another_case_may_take_the_step(tmp_path: Path) -> None:
    one = '    Case("one", Counter, where(rest=False), deadlocks(length=6)),'
    assert [u.title for u in gate([written(tmp_path, "counter", cases=one)]).untaken] == ["stay"]
    both = one + '\n    Case("two", Counter),'
    assert gate([written(tmp_path, "counter", cases=both)]).exit_code == 0
    assert gate([tmp_path / "counter.py"], select="one").untaken == ()


BASE = """from modelcheck import Case, Const, Int, Spec, invariant, process, where

least = Const(1)


class Base(Spec):
    n = Int(0, 2, init=0)

    @process
    def main(self):
        yield "one"
        self.n = 1
        if self.n > least:
            yield "two"
            self.n = 2

    @invariant
    def small(self):
        return self.n <= 2
"""
VARIANT = """from modelcheck import Case, process

from .base import Base


class Variant(Base):
    @process
    def other(self):
        yield "three"
        self.n = 0


CASES = [Case("it", Variant)]
"""


def test_a_variant_need_not_take_every_step_that_it_imports(tmp_path: Path) -> None:
    """The steps of a file count where the file is one of the gate's; the cases of any of its files may take them."""
    base, variant = tmp_path / "base.py", tmp_path / "variant.py"
    base.write_text(BASE)
    variant.write_text(VARIANT)
    assert gate([variant]).exit_code == 0
    assert [(u.path, u.title) for u in gate([base, variant]).untaken] == [(str(base), "main: two")]
    base.write_text(BASE + '\n\nCASES = [Case("all", Base, where(least=0))]\n')
    assert gate([base, variant]).exit_code == 0
    variant.write_text(VARIANT.replace("self.n = 0", 'self.n = 0\n        if self.n == 1:\n            yield "four"'))
    assert [u.title for u in gate([variant]).untaken] == ["other: four"]


def test_notes_on_imported_files_are_counted(tmp_path: Path, capsys) -> None:
    """A step of `base.py` that the variant never enables: its file's own cases speak of it."""
    (tmp_path / "base.py").write_text(BASE)
    variant = tmp_path / "variant.py"
    variant.write_text(VARIANT.replace("self.n = 0", "self.n = 0\n        if self.n == 2:\n            self.n = 1"))
    assert main(["check", str(variant), "--strict"]) == 21
    text = capsys.readouterr().out
    assert "variant.py:11" in text and "base.py:" not in text and "3 notes on imported files" in text
    variant.write_text(VARIANT)
    assert main(["check", str(variant), "--strict", "-v"]) == 0
    assert "base.py:13" in capsys.readouterr().out


def test_collecting(tmp_path: Path) -> None:
    case = '    Case("it", Counter),'
    for folder in (".venv", "deep/er", "."):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        written(tmp_path / folder, "counter", cases=case)
    (tmp_path / "test_it.py").write_text("from modelcheck import check\nCASES = [1]\n\n\ndef test_it():\n    pass\n")
    (tmp_path / "other.py").write_text("import os\nCASES = []\n")
    written(tmp_path, "parts", text="class Part(Record):\n    n = Bool(init=True)\n")
    found = [p.relative_to(tmp_path).as_posix() for p in spec_files([tmp_path])]
    assert found == ["counter.py", "deep/er/counter.py", "parts.py"]
    assert len(gate([tmp_path]).cases) == 2


@pytest.mark.parametrize(
    "text, answer",
    [
        (IMPORTS + "CASES = []\n", True),
        ("from modelcheck import Case\n\nCASES = [\n", True),
        ("from modelcheck import (\n    Case,  # one\n    Spec,\n)  # two\n\nCASES: list = []\n", True),
        ("from modelcheck import Spec\n", False),
        ("from modelcheck import check\nCASES = []\n", False),
        ("from modelcheck import Case, check\nCASES = []\n\ndef test_it(): ...\n", False),
        ("from modelcheck import Case, check\nCASES = []\n\nclass TestIt:\n    pass\n", False),
        ("from modelcheck import Case, Spec\n\nclass TestAndSet(Spec):\n    pass\n\nCASES = []\n", True),
        ("from modelcheck import Case, Spec\n\nclass Broken(:\n    pass\n\nCASES = []\n", True),
        ('"""\nfrom modelcheck import Case\nCASES = []\n"""\n', False),
        ("from elsewhere import Case\nCASES = []\n", False),
        ("# from modelcheck import Case\nCASES = []\n", False),
        ("", False),
    ],
)
def test_what_holds_a_spec_with_cases(text: str, answer: bool) -> None:
    assert holds_spec(text, with_cases=True) is answer


@pytest.mark.parametrize(
    "expression, picked",
    [
        ("drain", ["a.py::with drain", "a.py::without the DRAIN"]),
        ("without the drain", ["a.py::without the DRAIN"]),
        ("not drain", ["b.py::peterson"]),
        ("a.py and not without", ["a.py::with drain"]),
        ("(peterson or without) and .py", ["a.py::without the DRAIN", "b.py::peterson"]),
    ],
)
def test_selecting(expression: str, picked: list[str]) -> None:
    names = ["a.py::with drain", "a.py::without the DRAIN", "b.py::peterson"]
    assert list(filter(matcher(expression), names)) == picked


@pytest.mark.parametrize("expression", ["and", "a and", "(a", "a)", "not", "()"])
def test_expressions_that_are_none(expression: str) -> None:
    with pytest.raises(UsageError):
        matcher(expression)


TWO = '    Case("it holds", Counter),\n    Case("it breaks", Counter, violates("bounded"), where(bound=3)),'
WRONG = TWO + '\n    Case("it\'s <wrong>", Counter, where(bound=3)),'


def test_what_is_saved(tmp_path: Path) -> None:
    path, folder = written(tmp_path, "counter", cases=TWO), tmp_path / "counterexamples"
    assert main(["gate", str(path), "--save", str(folder)]) == 0
    saved = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    assert saved == ["counter/it-breaks.itf.json"]
    before = (folder / saved[0]).read_bytes()
    assert main(["gate", str(path), "--save", str(folder)]) == 0
    assert (folder / saved[0]).read_bytes() == before
    assert main(["replay", str(folder / saved[0])]) == 0


def test_junit(tmp_path: Path) -> None:
    path, junit = written(tmp_path, "counter", cases=WRONG), tmp_path / "out" / "junit.xml"
    assert main(["gate", str(path), "--junit", str(junit)]) == 22
    root = xml.parse(junit).getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "0")
    names = {case.get("name"): case.find("failure") is not None for case in root.iter("testcase")}
    assert names == {"it holds": False, "it breaks": False, "it's <wrong>": True}


def test_markdown(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, "counter", cases=WRONG)
    assert main(["gate", path.name, "--markdown", "ROWS.md"]) == 22
    rows = [line.strip("| ").split(" | ") for line in Path("ROWS.md").read_text().splitlines() if line.startswith("|")]
    of = {row[0]: dict(zip(rows[0], row)) for row in rows[2:]}
    assert of.keys() == {"it holds", "it breaks", "it's <wrong>"}
    assert [of[case]["bounded"] for case in of] == ["ok", "violated @4", "violated @4"]
    assert of["it holds"]["states"] == "6" and {row["never_negative"] for row in of.values()} == {"ok"}


def test_annotations(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, "counter", cases=WRONG)
    assert main(["gate", path.name]) == 22
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error")]
    number = 1 + path.read_text().splitlines().index("    Case(\"it's <wrong>\", Counter, where(bound=3)),")
    assert len(lines) == 1 and lines[0].startswith(f"::error file=counter.py,line={number},")


@pytest.mark.parametrize("cases, code", [(TWO, 0), (WRONG, 22), ('    Case("x", Counter, holds("y")),', 150)])
def test_json(tmp_path: Path, capsys, cases: str, code: int) -> None:
    assert main(["gate", str(written(tmp_path, "counter", cases=cases)), "--format", "json"]) == code
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, schema())
    assert told["passed"] + told["failed"] == len(told["cases"])
    assert (told["failed"] == 0) == (code == 0)
    assert {"spec", "case", "passed", "expected", "actual"} <= told["cases"][0].keys()


SHARED = """n = Const(1)


class S(Spec):
    b = Bool(init=False)

    @action
    def f(self):
        self.b = n
        self.missing = True
"""


def test_the_mistakes_of_a_spec_are_told_once(tmp_path: Path, monkeypatch, capsys) -> None:
    """The second case has both mistakes of the first, the third one that its constant makes a new one. JSON has all."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    cases = '    Case("one", S),\n    Case("two", S),\n    Case("three", S, where(n=3)),'
    path = str(written(tmp_path, "shared", text=SHARED, cases=cases))
    assert main(["gate", path]) == 150
    out = capsys.readouterr().out
    for prefix in ("", "::"):
        lines = [line for line in out.splitlines() if line.startswith("::") == bool(prefix)]
        told = [m for line in lines for m in ("the integer 1", "the integer 3", "no `missing`") if m in line]
        assert sorted(told) == ["no `missing`", "the integer 1", "the integer 3"]
    assert out.count("2 mistakes") == 3 and out.count("(told above)") == 1
    assert main(["gate", path, "--format", "json"]) == 150
    cases_told = json.loads(capsys.readouterr().out)["cases"]
    assert [len(c["result"]["diagnostics"]) for c in cases_told] == [2, 2, 2]


def test_nothing_to_run_is_not_green(tmp_path: Path) -> None:
    assert main(["gate", str(tmp_path)]) == 1
    assert main(["gate", str(written(tmp_path, "counter", cases=TWO)), "-k", "nothing of that name"]) == 1


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path, capsys) -> None:
    written(tmp_path, "counter", cases=TWO)
    written(tmp_path, "broken", text="class Broken(Spec)\n", cases='    Case("it", Broken),')
    assert main(["gate", str(tmp_path)]) == 150
    assert "2 cases passed" in capsys.readouterr().out
