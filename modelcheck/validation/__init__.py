"""Is a log a record of a run of a spec? The spec's LOG says what its lines mean; `matching` looks for the runs.

`validate_spec` reads everything and answers; what a line means is `demands`, what the steps between states are `space`,
why there is no run `refusal`, a run as a trace `witness`, what the log ends in `endings`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable, Mapping

from modelcheck import checker, exploring, logs, passes
from modelcheck.errors import Diagnostic, SpecError, UsageError
from modelcheck.ir.logmap import LogMap
from modelcheck.ir.nodes import Model
from modelcheck.ir.surface import Program
from modelcheck.logs.events import Log, whole_line
from modelcheck.passes.logs import constants as log_constants
from modelcheck.passes.logs import resolved
from modelcheck.result import EXIT_OF_KIND, EXPECTATION, INCOMPLETE, OK, most_severe
from modelcheck.trace import Trace, TraceKind
from modelcheck.validation import endings, witness
from modelcheck.validation.demands import Demand, Demands, demands
from modelcheck.validation.endings import Ending, Violation
from modelcheck.validation.matching import Question, Told, match, path_to
from modelcheck.validation.refusal import Refusal, refusal
from modelcheck.validation.space import Space, Timed, Untimed, finest

__all__ = ["Refusal", "Validation", "Violation", "Demand", "validate", "validate_spec"]


@dataclass(frozen=True, slots=True)
class Validation:
    """given: constants that the LOG or the user sets. verdict: "behaviour", "violated" (a behaviour, and whatever
    the run was, it violates something), "refused", "incomplete".

    trace: of a behaviour, with `demand_of`, for each of its states the number of the demand that it fulfils, and
    `zero`, the time of the log's first stamp. ends: how many states, or zones of them, the log may end in. possible:
    what is violated in some of them.
    """

    model: Model
    log: Log
    demands: Demands
    given: tuple[tuple[str, Any], ...]
    verdict: str
    exit_code: int
    trace: Trace | None = None
    demand_of: tuple[int | None, ...] = ()
    zero: Fraction = Fraction(0)
    violations: tuple[Violation, ...] = ()
    possible: tuple[str, ...] = ()
    ends: int = 0
    refusal: Refusal | None = None


def validate_spec(
    spec: str | Path | Program,
    log: str | Path | Log,
    *,
    told: Callable[[Model], Told],
    format: str = "auto",
    constants: Mapping[str, Any] | None = None,
    most: int = 200_000,
) -> Validation:
    """Whether a log is a record of a run. told: how a log would write a state, for lines that say what it is.
    constants: beside, and instead of, those of the LOG. most: nodes that are looked at. Raises SpecError for mistakes
    of the spec and of the log, UsageError, MissingFile."""
    program = checker.load(spec)
    name = checker.split_spec(spec, None)[1] or (program.module.log.spec if program.module.log else None)
    given = {**log_constants(program), **(constants or {})}
    model = passes.compile(program, name, given)
    steps = tuple(title for title, _ in passes.source_steps(program, model.name))
    mapping = resolved(program.module.log, model, steps)
    read = log if isinstance(log, Log) else logs.read(log, format)
    shown = tuple((name, value) for name, value in model.constants if name in given)
    return replace(validate(model, mapping, read, told=told(model), most=most), given=shown)


def validate(model: Model, mapping: LogMap, log: Log, *, told: Told, most: int = 200_000) -> Validation:
    """Of a compiled model. Raises SpecError for lines that the mapping does not cover, UsageError."""
    if model.timing is not None and model.timing.params:
        names = ", ".join(p.name for p in model.timing.params)
        raise UsageError(f"{names} has no value: write -D {model.timing.params[0].name}=..., or so")
    if not mapping.entries and all(e.step is None for e in log.events) and log.events:
        span = whole_line(log.source, log.events[0].line)
        hint = 'write `LOG = Log(TheSpec, line("ioctl KVM_RUN", "enter"), ...)` into the spec'
        raise SpecError([Diagnostic("L002", f"{model.path} does not say what lines mean: it has no LOG", span, hint)])
    wanted = demands(log, mapping, model)
    if not wanted.items:
        raise UsageError(f"no line of {log.source.path} says anything about {model.name}")
    _, system = exploring.build(model, exploring.Options())
    while True:
        question = Question(_space(model, system, wanted), wanted.items, mapping, told, most)
        found = match(question)
        refused = found.complete and found.fits < len(wanted.items)
        if not refused or not wanted.items[found.fits].cut:
            break
        wanted = wanted.without(found.fits)
    base = Validation(model, log, wanted, (), "refused", EXPECTATION)
    if not found.complete:
        return replace(base, verdict="incomplete", exit_code=INCOMPLETE)
    if refused:
        return replace(base, refusal=refusal(question, found))
    return _behaviour(base, question, system, endings.ending(question, system, found))


def _space(model: Model, system: Any, wanted: Demands) -> Space:
    if model.timing is None:
        return Untimed(model, system)
    values = [x for d in wanted.items for pair in d.pins.values() for x in pair]
    return Timed(model, model.timing, system, finest(model.timing, values))


def _behaviour(base: Validation, question: Question, system: Any, ending: Ending) -> Validation:
    """The run, with what is certain of all runs."""
    certain = sorted(ending.certain, key=lambda v: not v.at_end)
    name, kind = (certain[0].name, certain[0].kind) if certain and certain[0].at_end else (None, "simulation")
    shown: TraceKind = kind  # type: ignore[assignment]
    trace, demand_of, zero = witness.trace(question, system, path_to(ending.ends[0]), name, shown)
    code = most_severe([OK, *(EXIT_OF_KIND[v.kind] for v in certain)])
    return replace(
        base,
        verdict="violated" if certain else "behaviour",
        exit_code=code,
        trace=trace,
        demand_of=demand_of,
        zero=zero,
        violations=tuple(certain),
        possible=ending.possible,
        ends=len(ending.ends),
    )
