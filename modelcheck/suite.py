"""Cases against what is found: the gate.

A case checks every property of its spec, deadlock freedom, asserts and evaluation errors; what it does not name must
hold. `only(...)` restricts it to the properties and events named there: then deadlocks are looked at where `only` or an
expectation names them; asserts and evaluation errors end a step, and are looked at whatever `only` says. A violation
that was expected and does not come fails as loudly as one that was not expected.
The whole space is searched though a violation was found: counts are those of the spec, not of the search.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

from modelcheck import checker, passes, vacuity
from modelcheck.discovery import matcher, spec_files
from modelcheck.errors import Diagnostic, Span, SpecError, UsageError
from modelcheck.exploring import Options
from modelcheck.ir.nodes import Model
from modelcheck.ir.surface import Program
from modelcheck.passes import Case, Expected
from modelcheck.result import (
    EXPECTATION,
    INTERNAL,
    OK,
    SPEC,
    USAGE,
    CaseResult,
    FileError,
    GateResult,
    PropertyResult,
    Result,
    Untaken,
)

EVENTS = {
    "deadlocks": "deadlock",
    "timelocks": "timelock",
    "assertion_fails": "assertion",
    "evaluation_error": "evaluation_error",
}
SPELLING = {**{kind: name for name, kind in EVENTS.items()}, "quiescent": "deadlocks"}
STUCK = ("deadlock", "timelock")
OTHER_EVENTS = ("assertion", "evaluation_error")  # what `only` can name beside STUCK and properties
VERDICTS = {"holds": "holds", "violates": "violated", "vacuous": "vacuous"}
FIGURES = ("generated", "distinct", "depth")


# --- one case ---------------------------------------------------------------------------------------------------------


def read_cases(path: str | Path) -> tuple[Program, tuple[Case, ...]]:
    """Raises SpecError, MissingFile."""
    program = checker.load(path)
    return program, passes.cases(program)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a case asks of a property or an event. `length` in states, None where it does not say."""

    verdict: str
    length: int | None = None


def run_case(program: Program, case: Case, *, keep: bool = False) -> CaseResult:
    """Raises nothing that the author can cause. `keep`: the result keeps its exploration, which can be large."""
    started, path = time.perf_counter(), program.module.source.path
    expected = (*map(spelled, case.expectations), *([_counts(case.counts)] if case.counts else []))
    outcome = CaseResult(path, case.name, case.spec or "", False, expected, (), (), INTERNAL, span=case.span)
    try:
        model = passes.compile(program, case.spec, case.where)
        requirements = required(case, model)
        result = checker.check_model(model, _options(case))
    except SpecError as error:
        refusal = checker.refused(path, case.spec, case.where, error)
        told = [d.message for d in error.diagnostics]
        text = f"{len(told)} mistakes" if len(told) > 1 else "".join(told)
        return replace(outcome, problems=(text,), exit_code=refusal.exit_code, result=refusal)
    except UsageError as error:
        return replace(outcome, problems=(str(error),), exit_code=USAGE)
    problems = tuple(_problems(case, requirements, result))
    shown = result if keep else replace(result, exploration=None, system=None)
    return replace(
        outcome,
        passed=not problems,
        actual=tuple(_actual(case, result)),
        problems=problems,
        exit_code=EXPECTATION if problems else OK,
        result=shown,
        seconds=time.perf_counter() - started,
    )


def _options(case: Case) -> Options:
    pins = tuple(case.pins.items())
    if case.only is None:
        return Options(thorough=True, pins=pins)
    asked = {*case.only, *(EVENTS.get(e.name) for e in case.expectations)}
    names = tuple(name for name in case.only if name not in (*STUCK, *OTHER_EVENTS))
    return Options(thorough=True, properties=names, deadlock=any(name in asked for name in STUCK), pins=pins)


def required(case: Case, model: Model) -> dict[str, Requirement]:
    """By property name, or by the kind of an event, whatever the case names. Raises SpecError for names that the spec
    does not have and for expectations that contradict each other."""
    found: dict[str, Requirement] = {}
    wrong: list[Diagnostic] = []
    for expectation in case.expectations:
        verdict, length = VERDICTS.get(expectation.name, "violated"), expectation.keywords.get("length")
        targets = [EVENTS[expectation.name]] if expectation.name in EVENTS else list(map(str, expectation.args))
        for target in targets:
            if expectation.name not in EVENTS:
                wrong += _misnamed(case, model, expectation, target)
            if target in found and found[target].verdict != verdict:
                wrong.append(Diagnostic("C003", f"the case expects two things of `{target}`", expectation.span))
            found[target] = Requirement(verdict, length)
    known = {*(p.name for p in model.properties), *STUCK, *OTHER_EVENTS}
    for name in case.only or ():
        if name not in known:
            hint = f"it has {', '.join(sorted(known))}"
            wrong.append(Diagnostic("C001", f"{model.name} has no property `{name}`", case.span, hint))
    if wrong:
        raise SpecError(wrong)
    return found


def _misnamed(case: Case, model: Model, expectation: Expected, target: str) -> Iterator[Diagnostic]:
    known = {p.name: p for p in model.properties}
    if target == vacuity.INITIAL and expectation.name == "vacuous":
        return
    if target not in known:
        hint = f"it has {', '.join(known)}" if known else "it has no properties"
        yield Diagnostic("C001", f"{model.name} has no property `{target}`", expectation.span, hint)
        return
    kind = known[target].kind
    if kind == "constraint":
        yield Diagnostic("C002", f"`{target}` is a constraint: nothing is expected of it", expectation.span)
    elif kind == "reachable" and expectation.name == "violates":
        hint = f'write `vacuous("{target}")` for a state that is not reached'
        yield Diagnostic("C002", f"`{target}` is a @reachable, which cannot be violated", expectation.span, hint)
    elif case.only is not None and target not in case.only:
        yield Diagnostic("C004", f"the case speaks of `{target}`, which its `only` leaves out", expectation.span)


def _problems(case: Case, requirements: dict[str, Requirement], result: Result) -> Iterator[str]:
    """Every difference between what is expected and what was found, one line each."""
    if result.stopped:
        yield f"the search is incomplete: stopped by {result.stopped}"
    answers = {p.name: p for p in result.properties}
    for name, requirement in requirements.items():
        yield from _difference(name, requirement, answers.get(name), result)
    for name, answer in answers.items():
        if answer.verdict == "error" and "evaluation_error" in requirements:
            continue  # the error that is expected is the one in this property
        if name not in requirements and answer.verdict in ("violated", "error"):
            length = f" ({answer.trace.length} states)" if answer.trace else ""
            yield f"{_subject(name, answer)}{length}, which the case does not expect"
        elif name not in requirements and answer.verdict == "incomplete" and not _held(answer, result):
            yield f"`{name}` cannot be decided, because the search is incomplete or a step fails"
    for v in result.vacuity:
        if v.name not in requirements:
            yield f"vacuous, which the case does not expect: {v.message}"
    for figure, wanted in case.counts.items():
        found = getattr(result.statistics, figure)
        if found != wanted:
            yield f"{figure} is {found}, not {wanted}"


def _subject(name: str, answer: PropertyResult) -> str:
    if answer.kind in SPELLING:
        return f"there is a violation: {SPELLING[answer.kind]}"
    return f"`{name}` is violated" if answer.verdict == "violated" else f"`{name}` cannot be evaluated"


def _difference(name: str, wanted: Requirement, answer: PropertyResult | None, result: Result) -> Iterator[str]:
    if wanted.verdict == "vacuous":
        if name not in {v.name for v in result.vacuity}:
            yield f"`{name}` should be vacuous and is {_verdict(answer)}"
        return
    if wanted.verdict == "holds":
        if answer is None or not _held(answer, result):
            yield f"`{name}` should hold and is {_verdict(answer)}"
        return
    if answer is None or answer.verdict != "violated":
        what = f"`{SPELLING[name]}`" if name in SPELLING else f"`{name}` should be violated: it"
        yield f"{what} is expected and does not happen" if name in SPELLING else f"{what} is {_verdict(answer)}"
    elif wanted.length is not None and answer.trace is not None and answer.trace.length != wanted.length:
        subject = f"`{SPELLING[name]}`" if name in SPELLING else f"`{name}`"
        yield f"the trace of {subject} has {answer.trace.length} states, not {wanted.length}"


def _held(answer: PropertyResult, result: Result) -> bool:
    """Within its constraint, where one cut the search: the only way for a case with a @constraint to pass."""
    within = answer.verdict == "incomplete" and result.stopped is None and result.statistics.constrained > 0
    return answer.verdict == "holds" or (within and answer.kind != "reachable")


def _verdict(answer: PropertyResult | None) -> str:
    return "not checked" if answer is None else {"holds": "satisfied", "error": "not to be evaluated"}.get(
        answer.verdict, answer.verdict
    )


# --- spelling ---------------------------------------------------------------------------------------------------------


def spelled(expectation: Expected) -> str:
    """As in a spec: `violates("no_notify_is_lost", length=7)`."""
    parts = [f'"{a}"' if isinstance(a, str) else str(a) for a in expectation.args]
    parts += [f"{name}={value}" for name, value in expectation.keywords.items()]
    return f"{expectation.name}({', '.join(parts)})"


def _counts(counts: Any) -> str:
    return f"counts({', '.join(f'{name}={value}' for name, value in counts.items())})"


def _actual(case: Case, result: Result) -> Iterator[str]:
    """What the case would have to expect in order to pass."""
    held = [f'"{p.name}"' for p in result.properties if _held(p, result)]
    if held:
        yield f"holds({', '.join(held)})"
    for p in result.properties:
        if p.verdict == "violated" and p.trace is not None:
            name = SPELLING.get(p.kind)
            yield f"{name}(length={p.trace.length})" if name else f'violates("{p.name}", length={p.trace.length})'
    yield from (f'vacuous("{v.name}")' for v in result.vacuity)
    if result.statistics.constrained and not result.stopped:
        yield "within the constraint"
    if result.stopped:
        yield f"incomplete: {result.stopped}"
    if case.counts:
        yield _counts({name: getattr(result.statistics, name) for name in case.counts})


# --- the gate ---------------------------------------------------------------------------------------------------------


def gate(
    paths: Sequence[str | Path],
    *,
    select: str | None = None,
    on_case: Callable[[CaseResult], None] | None = None,
) -> GateResult:
    """Every case of every spec below `paths`; of those, the ones that `select` (as pytest's -k) picks. `on_case` is
    called as each is done. Raises MissingFile, UsageError (also where there is nothing to run), KeyboardInterrupt."""
    started = time.perf_counter()
    picked = matcher(select) if select else None
    files = spec_files(paths)
    steps = _Steps(files)
    parts = [_file(path, picked, on_case, steps) for path in files]
    whole = GateResult(
        cases=tuple(c for part in parts for c in part.cases),
        untaken=tuple(steps.untaken()),
        errors=tuple(e for part in parts for e in part.errors),
        remarks=tuple(r for part in parts for r in part.remarks),
        seconds=time.perf_counter() - started,
    )
    if not whole.cases and not whole.errors:
        what = f"no case matches -k {select!r}" if select and parts else "no case was found"
        raise UsageError(f"{what} in {', '.join(map(str, paths))}")
    return whole


def _file(
    path: Path,
    picked: Callable[[str], bool] | None,
    on_case: Callable[[CaseResult], None] | None,
    steps: _Steps,
) -> GateResult:
    """The part of one file, but for the steps that no case takes."""
    known, steps.known = steps.known, False
    try:
        program, cases = read_cases(path)
    except SpecError as error:
        return GateResult((), errors=(FileError(str(path), SPEC, _count(error.diagnostics), error.diagnostics),))
    except UsageError as error:
        return GateResult((), errors=(FileError(str(path), USAGE, str(error)),))
    mistakes = passes.diagnose(program, leave_out={c.spec for c in cases})
    if mistakes:  # in a spec without cases: those with cases are compiled with the constants of each case
        return GateResult((), errors=(FileError(str(path), SPEC, _count(mistakes), mistakes),))
    steps.known = known
    if not cases:
        specs = ", ".join(passes.spec_names(program))
        return GateResult((), remarks=(f"{path} has no cases: {specs} is not checked",) if specs else ())
    wanted = [c for c in cases if picked is None or picked(f"{path}::{c.name}")]
    steps.known = known and len(wanted) == len(cases)
    results = []
    for case in wanted:
        outcome = run_case(program, case, keep=True)
        steps.note(program, outcome)
        found = outcome.result
        if found is not None and found.stopped == "interrupt":
            raise KeyboardInterrupt
        results.append(replace(outcome, result=replace(found, exploration=None, system=None) if found else None))
        if on_case:
            on_case(results[-1])
    return GateResult(tuple(results))


def _count(mistakes: Sequence[Diagnostic]) -> str:
    return f"{len(mistakes)} mistakes" if len(mistakes) > 1 else "a mistake"


class _Steps:
    """The steps of the specs that the cases check, in the models and in the text (where constants may have folded one
    away), and those that some case of some file takes. A step counts where its file is one of the gate's: of what it
    imports, a spec need not take every step. A step is known by its place in the source."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = {str(path) for path in files}
        self.steps: dict[str, tuple[str, Span]] = {}
        self.taken: set[str] = set()
        self.known = True  # False once a case is not run to its end: then nobody knows what it would take

    def note(self, program: Program, case: CaseResult) -> None:
        result = case.result
        if result is None or result.model is None or result.exploration is None or result.stopped:
            self.known = False
            return
        for title, span in passes.source_steps(program, case.spec):
            self.steps.setdefault(span.place, (title, span))
        taken = vacuity.steps_taken(result.model, result.exploration)
        for i, action in enumerate(result.model.actions):
            key = vacuity.step_key(result.model, i)
            if action.span is not None:
                self.steps.setdefault(key[2], (vacuity.step_title(key), action.span))
            self.taken |= {key[2]} if taken[key] else set()

    def untaken(self) -> list[Untaken]:
        missing = [step for place, step in self.steps.items() if place not in self.taken] if self.known else []
        return [Untaken(span.source.path, title, span) for title, span in missing if span.source.path in self.files]
