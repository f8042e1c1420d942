"""The plugin, in projects of its own: cases are items, and nobody else's files are touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.specs import written

ROOT = Path(__file__).resolve().parent.parent
TWO = '    Case("it holds", Counter),\n    Case("it breaks", Counter, {0}where(bound=3)),'


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest with this plugin alone, whether or not it is installed."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "modelcheck.pytest_plugin", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    written(tmp_path / "specs", "counter", cases=TWO.format('violates("bounded"), '))
    return tmp_path


@pytest.mark.parametrize("arguments", [["specs/"], ["specs/counter.py"], []])
def test_cases_are_items(project: Path, arguments: list[str]) -> None:
    found = run(project, *arguments, "--collect-only", "-q").stdout.splitlines()[:2]
    assert found == ["specs/counter.py::it holds", "specs/counter.py::it breaks"]
    assert "2 passed" in run(project, *arguments).stdout


def test_one_case(project: Path) -> None:
    assert "1 passed" in run(project, "specs/counter.py::it breaks").stdout
    assert "1 passed, 1 deselected" in run(project, "specs", "-k", "holds").stdout


def test_a_failing_case_shows_its_trace(project: Path) -> None:
    written(project / "specs", "counter", cases=TWO.format(""))
    out = run(project, "specs").stdout
    assert "1 failed, 1 passed" in out
    assert "n: 1 -> 2" in out and "`bounded` is violated" in out and "Traceback" not in out


def test_a_spec_with_mistakes(project: Path) -> None:
    written(project / "specs", "broken", text="class Broken(Spec)\n", cases='    Case("it", Broken),')
    done = run(project, "specs")
    assert done.returncode == 2 and "specs/broken.py:4:" in done.stdout and "Traceback" not in done.stdout


def test_a_spec_is_never_imported(project: Path) -> None:
    """Also where its name looks like that of a test module."""
    written(project / "specs", "test_loud", text="open('imported', 'w')\n", cases="    Case('it', X),")
    assert run(project, "specs/test_loud.py").returncode == 2
    assert not (project / "imported").exists()


def test_a_spec_whose_name_looks_like_that_of_a_test_module(project: Path) -> None:
    (project / "specs" / "counter.py").rename(project / "specs" / "test_counter.py")
    assert "2 passed" in run(project).stdout
    assert "2 passed" in run(project, "specs/test_counter.py").stdout


def test_other_files_are_left_alone(project: Path) -> None:
    tests = project / "tests"
    tests.mkdir()
    (tests / "test_it.py").write_text(
        "from modelcheck import Case, check\n\nCASES = [1, 2]\n\n\ndef test_it():\n    assert CASES\n"
    )
    (tests / "test_syntax.py").write_text("def test_it():\n    pass\n")
    (tests / "data.py").write_bytes(b"\xff\xfe modelcheck CASES")
    assert "4 passed" in run(project).stdout


def test_the_checker_is_loaded_when_a_case_is_collected_only(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n\n\ndef test_it():\n    assert 'modelcheck.checker' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert "1 passed" in run(tmp_path).stdout
