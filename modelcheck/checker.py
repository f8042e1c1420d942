"""The composition root: a spec, values for its constants and options go in, a `Result` comes out.

This module alone knows every room. `check` reads and compiles, `check_model` explores a CORE model and judges what the
exploration found: a verdict for each property, the exit code of the most severe, vacuity and notes. The author's
mistakes come back as a `Result` with diagnostics; `UsageError`, `MissingFile` and our own errors are raised.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping

from modelcheck import frontends, passes, vacuity
from modelcheck.errors import SpecError, UsageError
from modelcheck.exploring import Options, explore, instead, workers_of
from modelcheck.ir.nodes import Model, Property
from modelcheck.ir.ops import FaultKind
from modelcheck.ir.surface import Program
from modelcheck.result import (
    EVALUATION,
    EXIT_OF_KIND,
    INCOMPLETE,
    INTERRUPTED,
    OK,
    VACUOUS,
    Note,
    PropertyResult,
    Result,
    Statistics,
    Vacuity,
    Verdict,
    code_of,
    most_severe,
    worst,
)
from modelcheck.search.exploration import Exploration, Finding, Limits
from modelcheck.system import TransitionSystem
from modelcheck.trace import Trace, TraceKind, trace_to

def check(
    path: str | Path | Program,
    /,
    *,
    spec: str | None = None,
    properties: Iterable[str] | None = None,
    backend: str = "auto",
    workers: int | str = 1,
    max_states: int | None = None,
    max_depth: int | None = None,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    thorough: bool = False,
    deadlock: bool = True,
    strict: bool = False,
    allow_vacuous: Iterable[str] = (),
    columns: bool = False,
    minimal_fairness: bool = False,
    progress: Callable[..., None] | None = None,
    constants: Mapping[str, object] | None = None,
    **more_constants: object,
) -> Result:
    """Checks a spec: `check("specs/deassign.py", drain=False)`, `check("specs/both.py:TheClass")`.

    Keywords that are not options are constants; a constant with the name of an option goes into `constants`. Limits are
    in states, levels, seconds and bytes. `columns` looks for the traces with the fewest changes of process.
    A spec with mistakes gives a Result with `diagnostics` and exit code 150 (10 for a false assumption).
    """
    options = Options(
        properties=None if properties is None else tuple(properties),
        backend=backend,
        workers=workers,
        limits=Limits(states=max_states, depth=max_depth, time_s=time_limit, memory=memory_limit),
        thorough=thorough,
        deadlock=deadlock,
        strict=strict,
        allow_vacuous=tuple(allow_vacuous),
        fewest_switches=columns,
        minimal_fairness=minimal_fairness,
        progress=progress,
    )
    return check_spec(path, spec, {**(constants or {}), **more_constants}, options)


def check_spec(
    path: str | Path | Program, spec: str | None, constants: Mapping[str, object], options: Options
) -> Result:
    """`check` with its options in one piece, for suites and command lines."""
    shown, spec = split_spec(path, spec)
    try:
        program = load(path)
        model = passes.compile(program, spec, constants)
        result = check_model(model, options)
        timed = any(p.trace is not None and p.trace.timeline is not None for p in result.properties)
        given = [name for name in passes.parameters(program) if name in constants] if timed and constants else []
        return _reasons().with_conditions(result, program, spec, constants, given) if given else result
    except SpecError as error:
        return refused(shown, spec or "", constants, error)


def refused(path: str, spec: str, constants: Mapping[str, object], error: SpecError) -> Result:
    """The result of a spec that does not parse or typecheck, or whose assumptions are false."""
    given = tuple(sorted(constants.items()))
    return Result(path, spec, given, "error", code_of(error), diagnostics=error.diagnostics)


def split_spec(path: str | Path | Program, spec: str | None) -> tuple[str, str | None]:
    """("specs/a.py", "Class") from "specs/a.py:Class"; a file whose name holds a colon wins."""
    if isinstance(path, Program):
        return path.module.source.path, spec
    text = str(path)
    file, colon, name = text.rpartition(":")
    if colon and name.isidentifier() and not Path(text).exists():
        if spec is not None and spec != name:
            raise UsageError(f"two classes are asked for: {name} and {spec}")
        return file, name
    return text, spec


def load(path: str | Path | Program) -> Program:
    """Raises SpecError with the mistakes of every stage, as far as later ones can be told without what is missing."""
    if isinstance(path, Program):
        return path
    try:
        return frontends.load(split_spec(path, None)[0])
    except SpecError as error:
        if error.partial is None:
            raise
        more = passes.diagnose(error.partial)
        raise SpecError([*error.diagnostics, *passes.beyond(error.diagnostics, more)]) from None


def compiled(path: str | Path | Program, spec: str | None, constants: Mapping[str, object]) -> Model:
    """The CORE model. Raises SpecError, AssumptionError, UsageError, MissingFile."""
    return passes.compile(load(path), split_spec(path, spec)[1], constants)


# --- exploring --------------------------------------------------------------------------------------------------------


def check_model(model: Model, options: Options = Options()) -> Result:
    """Explores the model and judges it. Raises UsageError for unknown names and for features not there yet."""
    started = time.perf_counter()
    selected = select(model, options)
    temporal = tuple(p for p in selected if p.kind == "temporal")
    if temporal:
        model = _behaviours().prepared(model)
        options = replace(options, thorough=True)  # behaviours go on where a search for states could stop
        if options.compact:
            raise UsageError("the compact store may take two states for one: it cannot serve temporal properties")
    if model.timing is None and (options.pins or options.audit):
        raise UsageError(f"{'--pin' if options.pins else '--audit'} is about time, and {model.name} has no clocks")
    if model.timing is not None:
        _instants().refuse(model, selected, options)
    if model.timing is not None and options.prune:
        return _check_zones(model, selected, options, started)
    seen, system, upgrade = explore(model, selected, options)
    states = tuple(p for p in selected if p.kind != "temporal")
    answers = _answers(seen, system, states, _tracer(model, system, seen, options))
    unexercised: tuple[Vacuity, ...] = ()
    if temporal:
        told = _behaviours().answers(model, system, seen, temporal, minimal_fairness=options.minimal_fairness)
        answers, unexercised = _in_order(model, (*answers, *told.properties, *told.errors)), told.vacuity
    result = _judged(model, states, seen, answers, options, unexercised)
    result = _described(result, model, seen, seen.distinct, options, started)
    return replace(result, backend=upgrade.name, workers=workers_of(options.workers), system=system)


def _check_zones(model: Model, selected: tuple[Property, ...], options: Options, started: float) -> Result:
    """`check_model` where time counts."""
    told = _instants().explore(model, selected, options)
    answers = (*_answers(told.seen, told.system, selected, told.trace), *told.stuck)
    result = _judged(model, selected, told.seen, _in_order(model, answers), options, ())
    result = _described(result, model, told.seen, told.stored, options, started)
    remarks = (*told.audited(), *_excluded(model, result, options))
    return replace(result, backend=told.upgrade.name, system=told.system, remarks=remarks)


def _excluded(model: Model, result: Result, options: Options) -> tuple[str, ...]:
    """Why no run shows with the pins what one shows without them; with time ignored, where none does."""
    if not options.pins or result.verdict not in ("holds", "vacuous"):
        return ()
    names = [p.name for p in result.properties if p.kind in ("invariant", "reachable") and p.trace is None]
    asked = replace(options, pins=(), properties=tuple(names), deadlock=False, thorough=False, audit=False)
    for prune in (True, False) if names else ():
        free = check_model(model, replace(asked, prune=prune))
        traces = [p.trace for p in free.properties if p.trace is not None and p.kind in ("invariant", "reachable")]
        if traces:
            return _reasons().impossible_with_pins(model, traces[0], options.pins)
    return ()


def _described(
    result: Result, model: Model, seen: Exploration, distinct: int, options: Options, started: float
) -> Result:
    """With the figures, and what was looked at."""
    seconds = time.perf_counter() - started
    figures = Statistics(seen.generated, distinct, seen.queued, seen.depth, seconds, seen.constrained, seen.omission)
    return replace(
        result,
        statistics=figures,
        model=model,
        exploration=seen,
        stopped=seen.stopped,
        deadlock=options.deadlock,
        pruned=model.timing is not None and options.prune,
    )


def _instants() -> Any:
    """Models with time, loaded when the first is checked."""
    from modelcheck import instants

    return instants


def _reasons() -> Any:
    """What is said of timed traces beside their times, loaded for the first."""
    from modelcheck import reasons

    return reasons


def _behaviours() -> Any:
    """The room for temporal properties, loaded when the first is checked."""
    from modelcheck import behaviours

    return behaviours


def _in_order(model: Model, answers: tuple[PropertyResult, ...]) -> tuple[PropertyResult, ...]:
    """Properties in order of the file, then what failed besides, each once."""
    order = [*(p.name for p in model.properties), "deadlock", "timelock", "assertion", "evaluation_error"]
    first = {a.name: a for a in reversed(answers)}
    return tuple(sorted(first.values(), key=lambda a: order.index(a.name)))


def select(model: Model, options: Options) -> tuple[Property, ...]:
    """The properties that the options ask for, in order of the file, and every constraint."""
    known = {p.name: p for p in model.properties}
    for name in (*(options.properties or ()), *((options.witness,) if options.witness else ())):
        if name not in known:
            raise UsageError(f"{model.name} has no property `{name}`{instead(name, known)}")
    if options.witness and known[options.witness].kind != "reachable":
        raise UsageError(f"`{options.witness}` is no @reachable: there is no witness to show")
    wanted = known.keys() if options.properties is None else {*options.properties, options.witness}
    selected = tuple(p for p in model.properties if p.name in wanted or p.kind == "constraint")
    if any(p.kind == "temporal" for p in selected):
        _behaviours().refuse(selected)
    _vacuous_names(model, options)
    return selected


def _vacuous_names(model: Model, options: Options) -> None:
    known = {p.name for p in model.properties} | {vacuity.INITIAL}
    for name in options.allow_vacuous:
        if name not in known:
            raise UsageError(f"{model.name} has nothing named `{name}` that could be vacuous{instead(name, known)}")


# --- judging ----------------------------------------------------------------------------------------------------------


Tracer = Callable[[Finding, str | None, TraceKind], Trace]  # (what was found, name of the property, kind of trace)


def _tracer(model: Model, system: TransitionSystem, seen: Exploration, options: Options) -> Tracer:
    def trace(finding: Finding, name: str | None, kind: TraceKind) -> Trace:
        return trace_to(
            seen, system, model, finding, property_name=name, kind=kind, fewest_switches=options.fewest_switches
        )

    return trace


def _answers(
    seen: Exploration, system: TransitionSystem, selected: tuple[Property, ...], trace: Tracer
) -> tuple[PropertyResult, ...]:
    """One answer per property, in order of the file; then deadlock, assertion and evaluation error where found."""
    owned = [(p, f) for f in seen.findings for p in selected if speaks_of(f, p)]
    answers = [_answer(p, [f for q, f in owned if q is p], seen, trace) for p in selected if p.kind != "constraint"]
    others: dict[str, PropertyResult] = {}
    for finding in seen.findings:
        kind = kind_of_failure(finding, system)
        if kind is not None and kind not in others:
            owner = next((p for p, f in owned if f is finding), None)
            span = system.sites[finding.site].span if finding.site is not None else owner.span if owner else None
            name = owner.name if owner else None
            others[kind] = PropertyResult(kind, kind, "violated", trace(finding, name, kind), span)
    return (*answers, *(others[kind] for kind in ("deadlock", "assertion", "evaluation_error") if kind in others))


def speaks_of(finding: Finding, p: Property) -> bool:
    """Whether a finding is about the property: predicates of states and of steps are numbered apart."""
    if finding.predicate is None or finding.predicate != p.predicate:
        return False
    match finding.kind:
        case "invariant" | "reachable":
            return p.kind == finding.kind
        case "predicate_fault":
            return p.kind in ("invariant", "reachable", "constraint")
    return p.kind == "action_invariant"


def _answer(
    p: Property,
    findings: list[Finding],
    seen: Exploration,
    trace: Tracer,
) -> PropertyResult:
    """The first finding that decides it; else an evaluation error in it; else what the extent of the search allows."""
    for finding in findings:
        match finding.kind:
            case "invariant":
                return PropertyResult(p.name, p.kind, "violated", trace(finding, p.name, "invariant"), p.span)
            case "step_invariant":
                return PropertyResult(p.name, p.kind, "violated", trace(finding, p.name, "action_invariant"), p.span)
            case "reachable":
                return PropertyResult(p.name, p.kind, "holds", trace(finding, p.name, "reachable"), p.span)
    undecided: Verdict = "incomplete" if not seen.complete else "vacuous" if p.kind == "reachable" else "holds"
    return PropertyResult(p.name, p.kind, "error" if findings else undecided, None, p.span)


def kind_of_failure(finding: Finding, system: TransitionSystem) -> TraceKind | None:
    match finding.kind:
        case "deadlock":
            return "deadlock"
        case "fault" if finding.site is not None and system.sites[finding.site].kind is FaultKind.ASSERT:
            return "assertion"
        case "fault" | "predicate_fault" | "step_predicate_fault":
            return "evaluation_error"
    return None


def _judged(
    model: Model,
    selected: tuple[Property, ...],
    seen: Exploration,
    answers: tuple[PropertyResult, ...],
    options: Options,
    unexercised: tuple[Vacuity, ...],
) -> Result:
    """The verdict: the most severe of everything that applies. `unexercised`: of temporal properties."""
    judged = seen.complete and not any(f.state < 0 for f in seen.findings)  # not where the initialisation itself fails
    unexercised = (*(vacuity.vacuities(model, selected, seen) if judged else ()), *unexercised)
    remarks = (*(Note(d) for d in model.notes), *(vacuity.notes(model, seen) if judged else ()))
    remarks = vacuity.lenient_to_imports(remarks, model.path)
    violation = worst(answers)
    codes = [OK, *(EXIT_OF_KIND[a.kind] for a in answers if a.verdict == "violated")]
    undecided = any(a.verdict == "incomplete" for a in answers)
    codes += [INTERRUPTED] if seen.stopped == "interrupt" else [INCOMPLETE] if undecided or not seen.complete else []
    codes += [VACUOUS] if _is_vacuous(unexercised, remarks, options) else []
    code = most_severe(codes)
    return Result(
        path=model.path,
        name=model.name,
        constants=model.constants,
        verdict=VERDICT_OF_CODE.get(code, "violated"),
        exit_code=code,
        complete=seen.complete,
        property=violation.name if violation else None,
        kind=violation.kind if violation else None,
        trace=violation.trace if violation else None,
        properties=_vacuous_answers(answers, unexercised, options),
        vacuity=unexercised,
        notes=remarks,
    )


VERDICT_OF_CODE: dict[int, Verdict] = {
    OK: "holds",
    VACUOUS: "vacuous",
    INCOMPLETE: "incomplete",
    INTERRUPTED: "incomplete",
    EVALUATION: "error",
}


def _is_vacuous(unexercised: tuple[Vacuity, ...], remarks: tuple[Note, ...], options: Options) -> bool:
    refused = any(v.name not in options.allow_vacuous for v in unexercised)
    return refused or (options.strict and any(note.strict for note in remarks))


def _vacuous_answers(
    answers: tuple[PropertyResult, ...], unexercised: tuple[Vacuity, ...], options: Options
) -> tuple[PropertyResult, ...]:
    """A property that holds because its left side never does is said to be vacuous, unless that was accepted."""
    names = {v.name for v in unexercised} - set(options.allow_vacuous)
    return tuple(replace(a, verdict="vacuous") if a.verdict == "holds" and a.name in names else a for a in answers)
