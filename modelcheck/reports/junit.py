"""JUnit XML of a gate, for whatever collects test results: one suite per spec file, one test case per case."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree as xml

from modelcheck.errors import render_all
from modelcheck.result import EXPECTATION, CaseResult, FileError, GateResult, Untaken

# What XML 1.0 cannot hold, even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(gate: GateResult) -> str:
    cases = [_case(c) for c in gate.cases]
    problems = [*(_untaken(u) for u in gate.untaken), *(_error(e) for e in gate.errors)]
    entries = sorted([*cases, *problems], key=lambda entry: entry[0])  # stable: cases stay in order of the file
    root = xml.Element("testsuites", name="modelcheck", time=f"{gate.seconds:.3f}")
    for path, group in groupby(entries, key=lambda entry: entry[0]):
        suite = xml.SubElement(root, "testsuite", name=path)
        elements = [element for _, element in group]
        suite.extend(elements)
        _count(suite, elements)
    _count(root, [element for _, element in entries])
    xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _count(element: xml.Element, cases: list[xml.Element]) -> None:
    element.set("tests", str(len(cases)))
    for kind in ("failure", "error"):
        element.set(f"{kind}s", str(sum(case.find(kind) is not None for case in cases)))


def _case(case: CaseResult) -> tuple[str, xml.Element]:
    element = _test(case.path, case.name, case.seconds)
    if not case.passed:
        detail = "\n".join(case.problems)
        if case.result and case.result.diagnostics:
            detail += "\n\n" + render_all(case.result.diagnostics)
        kind = "failure" if case.exit_code == EXPECTATION else "error"
        _problem(element, kind, case.problems[0] if case.problems else "", detail)
    return case.path, element


def _untaken(step: Untaken) -> tuple[str, xml.Element]:
    element = _test(step.path, f"step {step.title} is taken", 0.0)
    message = f"no case ever takes the step `{step.title}`"
    _problem(element, "failure", message, f"{step.span.place}: {message}" if step.span else message)
    return step.path, element


def _error(error: FileError) -> tuple[str, xml.Element]:
    element = _test(error.path, "reads", 0.0)
    _problem(element, "error", error.message, render_all(error.diagnostics) or error.message)
    return error.path, element


def _test(path: str, name: str, seconds: float) -> xml.Element:
    return xml.Element("testcase", classname=_clean(path), name=_clean(name), file=_clean(path), time=f"{seconds:.3f}")


def _problem(element: xml.Element, kind: str, message: str, detail: str) -> None:
    xml.SubElement(element, kind, message=_clean(message)).text = _clean(detail)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
