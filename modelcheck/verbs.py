"""The other verbs of the command line over a compiled model: random walks, and replaying what was saved."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Any, Sequence

from modelcheck import checker, exploring
from modelcheck.errors import UsageError
from modelcheck.exploring import Options
from modelcheck.ir.clockwork import Instant
from modelcheck.ir.nodes import Model
from modelcheck.result import EXIT_OF_KIND, INCOMPLETE, INTERRUPTED, PropertyResult, Result, Statistics, Walks
from modelcheck.search.simulate import simulate
from modelcheck.trace import ReplayReport, TraceKind, replay, trace_of_path


def checkable(model: Model) -> tuple[str, ...]:
    """The names of all properties but the temporal ones."""
    return tuple(p.name for p in model.properties if p.kind != "temporal")


def simulate_model(model: Model, options: Options, *, steps: int, seed: int) -> Result:
    """Random walks. The verdict is that of a violation, or "incomplete": walks prove nothing. Temporal properties and
    reachables are not looked at."""
    if model.timing is not None:
        raise UsageError("random walks of a spec with clocks are not there yet: they would ignore time")
    started = time.perf_counter()
    selected = checker.select(model, replace(options, properties=options.properties or checkable(model)))
    backend, system = exploring.build(model, options)
    walked = simulate(
        system, exploring.goal_of(selected, options.deadlock), steps=steps, seed=seed, limits=options.limits,
        progress=options.progress,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    figures = Statistics(generated=walked.generated, depth=walked.longest, seconds=seconds)
    walks = Walks(walked.walks, walked.steps, walked.longest, seed)
    base = Result(
        model.path, model.name, model.constants, "incomplete", INCOMPLETE, statistics=figures, stopped=walked.stopped,
        backend=backend, model=model, system=system, walks=walks,
    )  # fmt: skip
    finding = walked.finding
    if finding is None:
        return replace(base, exit_code=INTERRUPTED) if walked.stopped == "interrupt" else base
    owner = next((p for p in selected if checker.speaks_of(finding, p)), None)
    kind = checker.kind_of_failure(finding, system) or (owner.kind if owner else "invariant")
    name = owner.name if owner else None
    trace = trace_of_path(model, system, walked.rows, walked.actions, finding, name, _TRACE_KINDS[kind])
    title = name if name and kind.endswith("invariant") else kind
    answer = PropertyResult(title, kind, "violated", trace, owner.span if owner else None)
    code = EXIT_OF_KIND[kind]
    verdict = checker.VERDICT_OF_CODE.get(code, "violated")
    return replace(
        base, verdict=verdict, exit_code=code, property=title, kind=kind, trace=trace, properties=(answer,)
    )


_TRACE_KINDS: dict[str, TraceKind] = {
    "invariant": "invariant",
    "action_invariant": "action_invariant",
    "deadlock": "deadlock",
    "assertion": "assertion",
    "evaluation_error": "evaluation_error",
}


def replay_states(
    model: Model,
    states: Sequence[tuple[tuple[Any, ...], str | None]],
    property: str | None,
    kind: str | None,
    loop: int | None,
    times: tuple[Sequence[Instant], Fraction] | None = None,
) -> ReplayReport:
    """Whether states, each with the title of the action that led there, still are a behaviour that shows what it was
    saved for. `loop`: of a lasso, as in `Trace`. `times`: of the states, and of the end."""
    if (model.timing is None) != (times is None):
        told = "the spec has clocks, and the trace has no times" if times is None else "the spec has no clocks any more"
        return ReplayReport(False, None, told)
    if times is not None:
        from modelcheck import instants  # loaded only where there is time

        return instants.replayed(model, states, *times, property, kind)
    if kind == "temporal":
        from modelcheck import behaviours  # loaded only where a temporal property is looked at

        return behaviours.replayed(model, states, property or "", loop)
    if loop is not None:
        return ReplayReport(False, None, f"it has a loop, and what it was saved for ({kind}) has none")
    return replay(model, states, property_name=property, kind=kind)
