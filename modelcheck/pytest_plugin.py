"""Cases as test items: `pytest specs/` collects `specs/deassign.py::without the drain`.

A file is ours where a cheap look at its text says that it holds a spec with cases, and where it was asked for: named on
the command line, below a folder named there, or matched by `python_files`. Other files are left to whoever collects
them, and a spec is never imported: Python's own collector is kept away from the files that are ours. The checker is
loaded when the first case runs, or when cases are listed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from modelcheck.discovery import holds_spec
from modelcheck.errors import MissingFile, SpecError, UsageError, render_all

_CHUNK = 1 << 20  # bytes: no spec is longer


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".py" or not _is_spec(file_path):
        return None
    return SpecFile.from_parent(parent, path=file_path)


@pytest.hookimpl(hookwrapper=True)
def pytest_pycollect_makemodule(module_path: Path) -> Iterator[None]:
    """Python's collector would import the file: what it makes of a spec is dropped."""
    outcome: Any = yield
    if _is_spec(module_path):
        outcome.force_result(None)


def _is_spec(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            text = file.read(_CHUNK)
    except OSError:
        return False
    if b"modelcheck" not in text or b"CASES" not in text:
        return False
    return holds_spec(text.decode("utf-8", errors="replace"), with_cases=True)


class SpecFile(pytest.File):
    """A spec file: its cases are its items."""

    def collect(self) -> Iterator[pytest.Item]:
        from modelcheck.suite import read_cases

        try:
            program, cases = read_cases(_relative(self.path))
        except SpecError as error:
            raise self.CollectError(render_all(error.diagnostics)) from None
        except (UsageError, MissingFile) as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=case.name, program=program, case=case)


def _relative(path: Path) -> Path:
    """As users know it: from where they stand, if it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class CaseFailed(Exception):
    """A case whose expectations are not met; its text is what the report shows."""


class CaseItem(pytest.Item):
    def __init__(self, *, program: Any, case: Any, **more: Any):
        super().__init__(**more)
        self.program, self.case = program, case

    def runtest(self) -> None:
        from modelcheck.suite import run_case

        result = run_case(self.program, self.case)
        if not result.passed:
            raise CaseFailed(_told(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        line = self.case.span.line - 1 if self.case.span else None
        return self.path, line, self.name


def _told(result: Any) -> str:
    from modelcheck.reports import terminal

    lines = [*result.problems, "", f"expected: {', '.join(result.expected)}", f"actual:   {', '.join(result.actual)}"]
    if result.result is not None:
        lines += ["", terminal.render_result(result.result)]
    return "\n".join(lines)
