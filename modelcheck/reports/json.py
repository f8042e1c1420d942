"""`--format json`: one object for a check, one for a gate; `schema.json` beside this module describes both.

Values are encoded as in ITF, with bare integers.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from modelcheck.errors import Diagnostic
from modelcheck.ir.nodes import Model
from modelcheck.reports.itf import action_meta, encode, encode_state, step_meta
from modelcheck.result import CaseResult, FailingPart, GateResult, PropertyResult, Result, spare_fairness
from modelcheck.trace import Trace

FORMAT = "modelcheck/1"


def schema() -> dict[str, Any]:
    """The JSON schema of everything that this module writes."""
    return json.loads(files("modelcheck.reports").joinpath("schema.json").read_text(encoding="utf-8"))


def render(result: Result) -> str:
    return json.dumps(check_object(result), ensure_ascii=False)


def render_gate(gate: GateResult) -> str:
    return json.dumps(gate_object(gate), ensure_ascii=False)


def render_error(code: int, message: str) -> str:
    """A check or a gate that did not come about: a wrong command line, a missing file, our own mistake."""
    return json.dumps({"format": FORMAT, "verdict": "error", "exit_code": code, "message": message}, ensure_ascii=False)


def check_object(result: Result) -> dict[str, Any]:
    figures = result.statistics
    return {
        "format": FORMAT,
        "spec": result.path,
        "name": result.name,
        "constants": {name: plain(value) for name, value in result.constants},
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "property": result.property,
        "kind": result.kind,
        "complete": result.complete,
        "stopped": result.stopped,
        "generated": figures.generated,
        "distinct": figures.distinct,
        "queued": figures.queued,
        "depth": figures.depth,
        "seconds": round(figures.seconds, 3),
        "backend": result.backend,
        "workers": result.workers,
        "properties": [_property(result.model, p) for p in result.properties],
        "vacuity": [
            {"name": v.name, "message": v.message, "place": v.span.place if v.span else None} for v in result.vacuity
        ],
        "unneeded_fairness": list(spare_fairness(result)),
        "notes": [{**_diagnostic(n.diagnostic), "strict": n.strict} for n in result.notes],
        "diagnostics": [_diagnostic(d) for d in result.diagnostics],
        "trace": _trace(result.model, result.trace),
        "remarks": [*result.remarks, *(r for p in result.properties for r in p.remarks)],
    }


def _property(model: Model | None, answer: PropertyResult) -> dict[str, Any]:
    return {
        "name": answer.name,
        "kind": answer.kind,
        "verdict": answer.verdict,
        "place": answer.span.place if answer.span else None,
        "trace": _trace(model, answer.trace),
        "part": _part(answer.part),
        "minimal_fairness": _core(model, answer),
    }


def _part(part: FailingPart | None) -> dict[str, Any] | None:
    """What fails of a temporal property."""
    if part is None:
        return None
    instance = {name: encode(of, value, bigint=False) for name, value, of in part.instance}
    return {"text": part.text, "instance": instance, "place": part.span.place if part.span else None}


def _core(model: Model | None, answer: PropertyResult) -> dict[str, Any] | None:
    """What `--minimal-fairness` finds of a temporal property that holds."""
    if answer.core is None:
        return None
    needed = [
        {
            "of": member.title,
            "fairness": member.fairness,
            "without": _trace(model, member.trace),
            "part": _part(member.part),
            "remarks": list(member.remarks),
        }
        for member in answer.core
    ]
    return {"needed": needed, "beyond": list(answer.unneeded)}


def _trace(model: Model | None, trace: Trace | None) -> dict[str, Any] | None:
    if trace is None or model is None:
        return None
    steps = []
    for i, step in enumerate(trace.steps):
        told = step_meta(model, trace, i, bigint=False)
        if step.action is not None:
            told.setdefault("chosen", {})
        times = _times(model, trace, i)
        steps.append({**told, **times, "state": encode_state(model, step.state, bigint=False)})
    line, timing = trace.timeline, model.timing
    end = {"end": str(line.end), "unit": timing.unit} if line is not None and timing is not None else {}
    return {**end, "length": trace.length, "loop": trace.loop, "steps": steps, "failure": _failure(model, trace)}


def _times(model: Model, trace: Trace, index: int) -> dict[str, Any]:
    """When a state is reached, and what the clocks show then: exact numbers, as strings."""
    line = trace.timeline
    if line is None or model.timing is None:
        return {}
    clocks = {c.name: str(value) for c, value in zip(model.timing.clocks, line.followed.clocks[index][1:])}
    return {"time": str(line.instants[index].time), "clocks": clocks}


def _failure(model: Model, trace: Trace) -> dict[str, Any] | None:
    failure = trace.failure
    if failure is None:
        return None
    told = action_meta(model, failure.action, failure.chosen, bigint=False)
    place = failure.span.place if failure.span else None
    return {**told, "error": failure.kind.value, "detail": failure.detail, "place": place}


def _diagnostic(d: Diagnostic) -> dict[str, Any]:
    return {"code": d.code, "severity": d.severity, "message": d.message, "place": d.place or None, "hint": d.hint}


def plain(value: Any) -> Any:
    """A constant: Bool, integer, string or a tuple of them."""
    return [plain(v) for v in value] if isinstance(value, tuple) else value


def gate_object(gate: GateResult) -> dict[str, Any]:
    passed = sum(c.passed for c in gate.cases)
    return {
        "format": FORMAT,
        "exit_code": gate.exit_code,
        "cases": [_case(c) for c in gate.cases],
        "passed": passed,
        "failed": len(gate.cases) - passed,
        "untaken": [
            {"spec": u.path, "step": u.title, "place": u.span.place if u.span else None} for u in gate.untaken
        ],
        "errors": [
            {
                "spec": e.path,
                "exit_code": e.exit_code,
                "message": e.message,
                "diagnostics": [_diagnostic(d) for d in e.diagnostics],
            }
            for e in gate.errors
        ],
        "remarks": list(gate.remarks),
        "seconds": round(gate.seconds, 3),
    }


def _case(case: CaseResult) -> dict[str, Any]:
    return {
        "spec": case.path,
        "case": case.name,
        "name": case.spec,
        "passed": case.passed,
        "expected": list(case.expected),
        "actual": list(case.actual),
        "problems": list(case.problems),
        "exit_code": case.exit_code,
        "seconds": round(case.seconds, 3),
        "result": check_object(case.result) if case.result else None,
    }
