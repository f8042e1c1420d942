"""Models with time for the checker: zones are explored, and every trace has times that the reference semantics takes.

Loaded only where a model has time. A state of such a search is a discrete state with a zone, the times that are
possible there; the figures count the zones that are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import import_module
from typing import Any, Mapping, Sequence

import numpy as np

from modelcheck.errors import InternalError, UsageError
from modelcheck.exploring import Options, Upgrade, build, goal_of, instead
from modelcheck.ir import clockwork
from modelcheck.ir.clockwork import Instant, NotARun, Timeline
from modelcheck.ir.nodes import Model, Property
from modelcheck.ir.timing import Timing
from modelcheck.result import PropertyResult
from modelcheck.search.exploration import Exploration, Finding
from modelcheck.system import TransitionSystem
from modelcheck.timed import checking
from modelcheck.timed.checking import TimedExploration, TimedFinding
from modelcheck.timed.pins import pinned
from modelcheck.timed.witness import Witness
from modelcheck.trace import ReplayReport, Trace, TraceKind, replay, trace_of_path

STUCK: dict[TraceKind, str] = {"quiescent": "deadlock", "timelock": "timelock"}  # kind -> the name of its answer


def refuse(model: Model, selected: Sequence[Property], options: Options) -> None:
    """Raises UsageError for what a model with time cannot be asked yet, and for wrong pins."""
    timing = timing_of(model)
    for p in selected:
        if p.kind == "temporal":
            raise UsageError(f"`{p.name}` is @temporal, which is not there yet for a spec with clocks")
    if timing.params:
        names = ", ".join(p.name for p in timing.params)
        raise UsageError(f"{names} has no value: write -D {timing.params[0].name}={timing.params[0].low}, or so")
    given = {"--store compact": options.compact, "--spill": options.spill, "--checkpoint": options.checkpoint}
    given |= {"--resume": options.resume, "--workers": str(options.workers) not in ("1", "auto")}
    for flag, wanted in given.items():
        if wanted:
            raise UsageError(f"{flag} is not there yet for a spec with clocks")
    if not options.prune and (options.pins or options.audit):
        raise UsageError(f"--no-prune ignores time: it goes without {'--pin' if options.pins else '--audit'}")
    for name, _ in options.pins:
        if name not in timing.quantities:
            raise UsageError(f"{model.name} observes nothing called `{name}`{instead(name, timing.quantities)}")


def timing_of(model: Model) -> Timing:
    assert model.timing is not None
    return model.timing


@dataclass(frozen=True, slots=True)
class Told:
    """What an exploration of zones gives. `seen`: rows are zones, with the states of their discrete part, and findings
    that a checker knows. `stored`: the zones that are kept. `stuck`: quiescent states and timelocks, as answers."""

    model: Model
    seen: Exploration
    stored: int
    system: TransitionSystem
    upgrade: Upgrade
    zones: TimedExploration
    stuck: tuple[PropertyResult, ...]
    timed: Mapping[Finding, TimedFinding]
    audit: bool = False

    def trace(self, finding: Finding, name: str | None, kind: TraceKind) -> Trace:
        """The way to a finding, with times, replayed. Raises InternalError."""
        found = self.timed.get(finding, finding)
        return _trace(self.model, self.system, self.zones, found, name, kind, audit=self.audit)

    def audited(self) -> tuple[str, ...]:
        """What z3 was asked about the exploration, in words; nothing where it was not to be. Raises InternalError where
        it disagrees."""
        return _audited(self.zones) if self.audit else ()


def explore(model: Model, selected: tuple[Property, ...], options: Options) -> Told:
    """Zone by zone. Raises UsageError, and SpecError for conditions of time that cannot be evaluated. Where a quantity
    is pinned, stuck states are not looked for: other values might go on."""
    stuck = options.deadlock and not options.pins
    if options.pins:
        numbers = {timing_of(model).quantities.index(name): value for name, value in options.pins}
        model = replace(model, timing=pinned(timing_of(model), numbers))
    timing = timing_of(model)
    name, system = build(model, options)
    upgrade = Upgrade(model, options, name, system.sites)
    wanted = [i for i, t in enumerate(timing.properties) if model.properties[t.property] in selected]
    clocked = {model.properties[timing.properties[i].property] for i in wanted}
    zones = checking.explore(
        model,
        system,
        checking.Options(
            goal=goal_of(tuple(p for p in selected if p not in clocked), deadlock=False),
            properties=tuple(wanted),
            quiescent=stuck,
            timelock=stuck,
            limits=options.limits,
            thorough=options.thorough,
            progress=options.progress,
            upgrade=upgrade,
        ),
    )
    timed = {_known(model, f): f for f in zones.timed if f.property is not None}
    seen = replace(zones.exploration, findings=(*zones.exploration.findings, *timed))
    told = Told(model, seen, zones.stored, upgrade.system or system, upgrade, zones, (), timed, options.audit)
    return replace(told, stuck=_stuck(told))


def _known(model: Model, found: TimedFinding) -> Finding:
    """As a finding of the model's own property."""
    assert found.property is not None
    p = model.properties[timing_of(model).properties[found.property].property]
    return replace(found.finding, predicate=p.predicate)


def _stuck(told: Told) -> tuple[PropertyResult, ...]:
    first: dict[str, TimedFinding] = {}
    for found in told.zones.timed:
        if found.kind in STUCK:
            first.setdefault(found.kind, found)
    answers = []
    for kind, found in first.items():
        trace = _trace(told.model, told.system, told.zones, found, None, kind, audit=told.audit)
        answers.append(PropertyResult(STUCK[kind], kind, "violated", trace))
    return tuple(answers)


# --- traces -----------------------------------------------------------------------------------------------------------


def _trace(
    model: Model,
    system: TransitionSystem,
    zones: TimedExploration,
    found: TimedFinding | Finding,
    name: str | None,
    kind: TraceKind,
    *,
    audit: bool,
) -> Trace:
    finding = found.finding if isinstance(found, TimedFinding) else found
    rows = np.array(zones.rows_to(finding.state), np.int64)
    seen = zones.exploration
    discrete = finding if isinstance(found, Finding) else None
    trace = trace_of_path(model, system, seen.states[rows], seen.action[rows], discrete, name, kind)
    witness = zones.witness(found)
    if audit and not auditing().audit_witness(zones.path(found), witness):
        raise InternalError(f"z3 does not confirm the times of the trace to {name or kind}")
    timeline = _timeline(model, trace, _instants(witness, trace.length), Fraction(witness.end))
    problem = _not_at_end(model, trace, timeline, found)
    if problem:
        raise InternalError(f"the zones find {kind} {name or ''}, the reference semantics does not: {problem}")
    return replace(trace, timeline=timeline)


def _instants(witness: Witness, length: int) -> tuple[Instant, ...]:
    values: list[list[Fraction]] = [[] for _ in witness.times]
    for choice in witness.choices:
        values[choice.step].append(Fraction(choice.value))
    return tuple(Instant(Fraction(t), tuple(v)) for t, v in zip(witness.times[:length], values))


def _timeline(model: Model, trace: Trace, instants: tuple[Instant, ...], end: Fraction) -> Timeline:
    """The times of a trace, followed by the reference semantics. Raises InternalError."""
    try:
        followed = clockwork.follow(model, [(s.action, s.state) for s in trace.steps], instants)
        at_end = _at_end(model, trace, followed.clocks, instants, end)
    except NotARun as error:
        raise InternalError(f"step {error.step} of a timed trace is not possible: {error.why}") from None
    return Timeline(instants, end, followed, at_end)


def _at_end(
    model: Model,
    trace: Trace,
    clocks: tuple[clockwork.Clocks, ...],
    instants: tuple[Instant, ...],
    end: Fraction,
) -> clockwork.Clocks:
    """The clocks when what the trace was found for holds."""
    if not trace.steps:
        return ()
    return clockwork.delayed(model, trace.steps[-1].state, clocks[-1], end - instants[-1].time)


def _not_at_end(model: Model, trace: Trace, timeline: Timeline, found: TimedFinding | Finding) -> str | None:
    """Why the end of a trace is not what was found there."""
    if isinstance(found, Finding):
        return None  # the interpreter has confirmed it
    state = trace.steps[-1].state
    if found.property is None:
        really = clockwork.stuck(model, state, timeline.at_end)
        return None if really == found.kind else f"it is {really or 'not stuck'}"
    number = timing_of(model).properties[found.property].property
    fails = clockwork.failing_case(model, number, state, timeline.at_end)
    return None if fails else f"the clocks do not say so at {timeline.end}"


# --- audit ------------------------------------------------------------------------------------------------------------


def auditing() -> Any:
    """The module that asks z3, loaded when it is wanted."""
    return import_module("modelcheck.timed.audit")


def _audited(zones: TimedExploration) -> tuple[str, ...]:
    told = auditing().audit(zones)
    if told.disagreements:
        raise InternalError(f"z3 disagrees with the zones: {'; '.join(told.disagreements)}")
    asked = told.steps + told.pruned + told.covered
    decided = f"{told.steps} steps possible, {told.pruned} pruned, {told.covered} zones covered"
    text = f"z3 agrees with {asked - told.unknown} of {asked} decisions: {decided}; and with the times of every trace."
    return (text, f"It did not answer {told.unknown} questions: these are not confirmed.") if told.unknown else (text,)


# --- replaying --------------------------------------------------------------------------------------------------------


def replayed(
    model: Model,
    states: Sequence[tuple[tuple[Any, ...], str | None]],
    instants: Sequence[Instant],
    end: Fraction,
    property: str | None,
    kind: str | None,
) -> ReplayReport:
    """Whether states with their times still are a run of the model that shows what it was saved for."""
    timing = timing_of(model)
    clocked = {model.properties[t.property].name: t.property for t in timing.properties}
    speaks = kind in STUCK or property in clocked
    report = replay(model, states, property_name=property, kind=None if speaks else kind)
    if not report.ok:
        return report
    path = list(zip(_actions(model, [title for _, title in states]), [state for state, _ in states]))
    try:
        followed = clockwork.follow(model, path, instants)
        last = clockwork.delayed(model, path[-1][1], followed.clocks[-1], end - instants[-1].time)
    except NotARun as error:
        what = f"step {error.step} is not enabled" if error.step else "the times are not possible"
        return ReplayReport(False, error.step, f"{what}: {error.why}")
    if kind in STUCK:
        really = clockwork.stuck(model, path[-1][1], last)
        shown = really == kind
    elif property in clocked:
        shown = clockwork.failing_case(model, clocked[property], path[-1][1], last)
    else:
        return report
    if not shown:
        return ReplayReport(False, None, f"the trace is a behaviour, but its end is not {property or kind}")
    return report


def _actions(model: Model, titles: Sequence[str | None]) -> list[int | None]:
    numbers = {model.action_title(i): i for i in reversed(range(len(model.actions)))}
    return [None if i == 0 else numbers.get(title or "") for i, title in enumerate(titles)]
