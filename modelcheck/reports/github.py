"""Annotations for GitHub Actions: what failed, at its line of the spec, in the files view of a pull request."""

from __future__ import annotations

from modelcheck.errors import Diagnostic, Span
from modelcheck.result import GateResult


def render(gate: GateResult) -> str:
    """One workflow command per line; empty where everything passed."""
    lines = []
    for case in gate.cases:
        if case.passed:
            continue
        found = case.result.diagnostics if case.result else ()
        lines += [_of_diagnostic(d, case.path) for d in found]
        lines += [] if found else [_command(case.span, case.path, case.name, "\n".join(case.problems))]
    for step in gate.untaken:
        lines.append(_command(step.span, step.path, "step never taken", f"no case ever takes `{step.title}`"))
    for error in gate.errors:
        lines += [_of_diagnostic(d, error.path) for d in error.diagnostics]
        lines += [] if error.diagnostics else [_command(None, error.path, "not checked", error.message)]
    return "".join(line + "\n" for line in dict.fromkeys(lines))  # cases of one spec share its mistakes


def _of_diagnostic(d: Diagnostic, path: str) -> str:
    return _command(d.span, path, d.code, d.message + (f"\nhint: {d.hint}" if d.hint else ""))


def _command(span: Span | None, path: str, title: str, message: str) -> str:
    where = f"file={_property(span.source.path if span else path)},line={span.line if span else 1}"
    column = f",col={span.column + 1}" if span else ""
    return f"::error {where}{column},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
