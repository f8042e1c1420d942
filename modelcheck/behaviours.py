"""Temporal properties for the checker: from what was explored to answers, lassos, and the fairness that was needed.

Loaded only where a temporal property is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterator, Sequence

import numpy as np

from modelcheck import liveness
from modelcheck.errors import UsageError
from modelcheck.ir.nodes import Expr, Model, Property
from modelcheck.ir.printer import print_expr
from modelcheck.result import CoreMember, FailingPart, PropertyResult, Vacuity
from modelcheck.search.exploration import Exploration, Finding
from modelcheck.system import TransitionSystem
from modelcheck.trace import STUTTER, ReplayReport, Trace, trace_of_path, trace_to


def prepared(model: Model) -> Model:
    """The model with the state formulas inside temporal properties among its predicates; before a system is built."""
    return liveness.with_atoms(model)


def refuse(selected: Sequence[Property]) -> None:
    """Raises UsageError for a combination that would be unsound, before anything is searched."""
    cut = [p.name for p in selected if p.kind == "constraint"]
    asked = [p.name for p in selected if p.kind == "temporal"]
    if cut and asked:
        raise UsageError(
            f"a @constraint cuts behaviours off, so `{asked[0]}` cannot be checked together with `{cut[0]}`; "
            "bound the variables instead, or name the properties to check with --property (in a case, with only(...))"
        )


@dataclass(frozen=True, slots=True)
class Answers:
    properties: tuple[PropertyResult, ...]
    errors: tuple[PropertyResult, ...]  # evaluation errors inside the properties
    vacuity: tuple[Vacuity, ...]


def answers(
    model: Model, system: TransitionSystem, seen: Exploration, properties: Sequence[Property], *, minimal_fairness: bool
) -> Answers:
    """Of a model that was `prepared`. What was not explored to its end gives no verdict: "incomplete"."""
    if liveness.refusals(seen):
        return Answers(tuple(PropertyResult(p.name, p.kind, "incomplete", None, p.span) for p in properties), (), ())
    space = liveness.space(model, system, seen)
    found, errors, vacuities = [], [], []
    for p in properties:
        answer = liveness.check(space, p)
        if answer.holds is None:
            errors.append(_error(model, system, seen, p, answer.fault))
            found.append(PropertyResult(p.name, p.kind, "error", None, p.span))
        elif answer.violation is not None:
            trace, remarks, part = _told(model, system, seen, p, answer.violation)
            found.append(PropertyResult(p.name, p.kind, "violated", trace, p.span, remarks, part=part))
        else:
            core = liveness.minimal_fairness(space, p) if minimal_fairness else None
            result = PropertyResult(p.name, p.kind, "holds", None, p.span)
            found.append(result if core is None else _with_core(model, system, seen, p, core, result))
            vacuities += [
                Vacuity(p.name, f"`{_text(model, left)}`, a left side in `{p.name}`, never holds", p.span)
                for left in liveness.never(space, p)
            ]
    return Answers(tuple(found), tuple(errors), tuple(vacuities))


def _text(model: Model, e: Expr) -> str:
    """As its author wrote it, on one line."""
    if e.span is None or not e.span.text:
        return print_expr(e, model)
    lines = [e.span.source.line(number) for number in range(e.span.line, e.span.end_line + 1)]
    lines[-1] = lines[-1][: e.span.end_column]
    lines[0] = lines[0][e.span.column :]
    return " ".join(line.strip() for line in lines)


def _told(
    model: Model, system: TransitionSystem, seen: Exploration, p: Property, violation: liveness.Violation
) -> tuple[Trace, tuple[str, ...], FailingPart | None]:
    """The trace of a violation, remarks on it (why it may stay where it ends), the part of the property that fails."""
    lasso = violation.lasso
    rows, actions = seen.states[list(lasso.rows)], np.array(lasso.actions)
    trace = trace_of_path(model, system, rows, actions, None, p.name, "temporal", loop=lasso.loop)
    cut = () if lasso.shortest else ("There may be a shorter loop: the search for one was cut short.",)
    return trace, (*dict.fromkeys(_why(model, trace, lasso)), *cut), _failing(model, p, violation.part)


def _failing(model: Model, p: Property, part: Expr) -> FailingPart | None:
    instance = liveness.instance_of(p.expr, part)
    assert instance is not None, "it is one of the conjuncts"
    return FailingPart(_text(model, part), instance, part.span) if instance or part is not p.expr else None


def _error(
    model: Model, system: TransitionSystem, seen: Exploration, p: Property, fault: Finding | None
) -> PropertyResult:
    assert fault is not None
    trace = trace_to(seen, system, model, fault, property_name=p.name, kind="evaluation_error")
    return PropertyResult("evaluation_error", "evaluation_error", "violated", trace, p.span)


def _with_core(
    model: Model, system: TransitionSystem, seen: Exploration, p: Property, core: liveness.Core, result: PropertyResult
) -> PropertyResult:
    members = tuple(
        CoreMember(m.group.title, m.group.kind, *_told(model, system, seen, p, m.without)) for m in core.members
    )
    return replace(result, core=members, unneeded=tuple(f"{g.kind} fairness of {g.title}" for g in core.unneeded))


# --- why a run may stay where it is -----------------------------------------------------------------------------------


def _why(model: Model, trace: Trace, lasso: liveness.Lasso) -> Iterator[str]:
    """For a run that ends in one state for ever: what each process and action could do there, and why it need not."""
    if not lasso.stutters:
        return
    yield "The run may stay there for ever:"
    for waiting in liveness.why_it_may_stutter(model, trace.steps[-1].state):
        who = waiting.who if waiting.place is None else f'{waiting.who} at "{waiting.place}"'
        if waiting.resting and not waiting.enabled and not waiting.blocked:
            yield f"  {who} rests"
        for action in waiting.enabled:
            a = model.actions[action]
            why = "no fairness says that it must" if a.fairness is None else f"its {a.fairness} fairness is left out"
            yield f"  {who} could take `{a.label}`, but {why}"
        for action in waiting.unchanging:
            yield f"  {who} can take `{model.actions[action].label}`, which changes nothing"
        waits = "may rest there, and waits" if waiting.resting else "waits"
        for action, blocked in waiting.blocked:
            what = blocked.span.text if blocked.span else model.actions[action].label
            yield f"  {who} {waits} for `{what}`" + (f", line {blocked.span.line}" if blocked.span else "")


def replayed(model: Model, states, property: str, loop: int | None) -> ReplayReport:
    """Whether a saved lasso still is a fair behaviour that violates its temporal property. `states`: each with the
    title of what led to it; where nothing happened that is `STUTTER` ("init" in older files), or None."""
    found = next((p for p in model.properties if p.name == property and p.kind == "temporal"), None)
    if found is None:
        return ReplayReport(False, None, f"{model.name} has no temporal property `{property}`")
    named = {model.action_title(i) for i in range(len(model.actions))}
    steps = []
    for i, (state, title) in enumerate(states):
        rests = title in (None, "init") or (title == STUTTER and (title not in named or state == states[i - 1][0]))
        steps.append((state, None if rests else title))
    report = liveness.replay_lasso(model, found, steps, loop)
    return ReplayReport(report.ok, report.step, report.message)
