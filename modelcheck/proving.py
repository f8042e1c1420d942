"""`prove` over a compiled model: goals from properties, and a `Result` from the answers.

The composition root of proofs, beside `checker`, which it takes the selection of properties and the verdicts from.
Every path that is found becomes a trace that the reference interpreter has taken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, Mapping, Sequence

import numpy as np

from modelcheck import checker, proof
from modelcheck.backends import smt
from modelcheck.errors import Diagnostic, SpecError, UsageError
from modelcheck.exploring import Options as Selection
from modelcheck.exploring import instead
from modelcheck.ir.nodes import Model, Property
from modelcheck.proof import Answer, Goal
from modelcheck.result import (
    EXIT_OF_KIND,
    INCOMPLETE,
    OK,
    VACUOUS,
    Note,
    Proof,
    ProofRun,
    PropertyResult,
    Result,
    Statistics,
    Vacuity,
    Verdict,
    most_severe,
    worst,
)
from modelcheck.search.exploration import Finding
from modelcheck.system import SymbolicSystem
from modelcheck.trace import Trace, TraceKind, trace_of_path

PROVABLE = ("invariant", "action_invariant", "reachable")


@dataclass(frozen=True, slots=True)
class Options:
    """`properties` None means all that can be proved. `engine`, `depth`, limits: as in `proof.Options`."""

    properties: tuple[str, ...] | None = None
    deadlock: bool = True
    allow_vacuous: tuple[str, ...] = ()
    proof: proof.Options = proof.Options()


@dataclass(frozen=True, slots=True)
class Question:
    """A goal and what its answer is about. `about`: the property that it answers, or that has the expression. kind: as
    in `PropertyResult`, or "left side", "initial" for what vacuity asks."""

    goal: Goal
    kind: str
    about: Property | None = None
    predicate: int | None = None


def prove_spec(path: str | Path, constants: Mapping[str, object], options: Options) -> Result:
    """A spec with mistakes gives a Result with `diagnostics`. Raises UsageError."""
    shown, spec = checker.split_spec(path, None)
    try:
        model = checker.compiled(path, spec, constants)
        return prove_model(model, options)
    except SpecError as error:
        return checker.refused(shown, spec or "", constants, error)


def prove_model(model: Model, options: Options = Options()) -> Result:
    """Raises UsageError for what cannot be proved, SpecError for what the symbolic back end refuses."""
    started = time.perf_counter()
    if options.proof.engine not in proof.ENGINES:
        raise UsageError(f"there is no engine `{options.proof.engine}`{instead(options.proof.engine, proof.ENGINES)}")
    selected = _selected(model, options)
    system = smt.build(model)
    questions = list(_questions(model, system, selected, options))
    lemmas = [
        _state(system, p, f"{p.name}") for p in model.properties if p.kind == "invariant" and p not in selected
    ]
    answers = proof.prove(system, [q.goal for q in questions], options.proof, lemmas)
    result = _judged(model, system, selected, list(zip(questions, answers)), options)
    seconds = time.perf_counter() - started
    assert result.proof is not None
    figures = Statistics(depth=max(0, result.proof.depth), seconds=seconds)
    return replace(result, statistics=figures)


def _selected(model: Model, options: Options) -> tuple[Property, ...]:
    if getattr(model, "timing", None) is not None:
        raise UsageError("proofs are about models without clocks: `modelcheck check` looks at timed ones")
    names = options.properties or tuple(p.name for p in model.properties if p.kind in PROVABLE)
    for p in model.properties:
        if p.name in names and p.kind not in PROVABLE:
            can = "invariants, action invariants and reachables can be proved"
            raise UsageError(f"`{p.name}` is a {p.kind} property: {can}")
    selected = checker.select(model, Selection(properties=names, allow_vacuous=options.allow_vacuous))
    return tuple(p for p in selected if p.kind in PROVABLE)


# --- from properties to goals -----------------------------------------------------------------------------------------


def _questions(
    model: Model, system: SymbolicSystem, selected: Sequence[Property], options: Options
) -> Iterator[Question]:
    for p in selected:
        make = _step if p.kind == "action_invariant" else _state
        yield Question(make(system, p, p.name), p.kind, p, p.predicate)
    for p in selected:
        yield from _side_questions(system, p)
    for kind, is_assert in (("assertion", True), ("evaluation_error", False)):
        faults = [f for f in system.faults if system.sites[f.site].is_assert is is_assert]
        if faults:
            yield Question(proof.fault_goal(kind, system, faults), kind)
    deadlock = proof.deadlock_goal("deadlock", system) if options.deadlock else None
    if deadlock is not None:
        yield Question(deadlock, "deadlock")
    yield Question(proof.step_goal("initial", proof.TRUE, wants_path=False), "initial")


def _state(system: SymbolicSystem, p: Property, name: str) -> Goal:
    """What an invariant excludes, or a reachable asks for. An evaluation error is a question of its own."""
    assert p.predicate is not None
    found = system.predicate(p.predicate)
    bad = found.holds if p.kind == "reachable" else proof.neither(found.holds, found.fails)
    return proof.state_goal(name, bad)


def _step(system: SymbolicSystem, p: Property, name: str) -> Goal:
    assert p.predicate is not None
    found = system.step_predicate(p.predicate)
    return proof.step_goal(name, proof.neither(found.holds, found.fails))


def _side_questions(system: SymbolicSystem, p: Property) -> Iterator[Question]:
    """Whether evaluating the property fails; whether each left side ever holds."""
    of_steps = p.kind == "action_invariant"
    ask, make = (system.step_predicate, proof.step_goal) if of_steps else (system.predicate, proof.state_goal)
    assert p.predicate is not None
    fails = ask(p.predicate).fails
    if not proof.is_false(fails):
        yield Question(make(f"an evaluation error in {p.name}", fails), "evaluation_error", p, p.predicate)
    for i, number in enumerate(p.antecedents):
        goal = make(f"left side {i + 1} in {p.name}", ask(number).holds, wants_path=False)
        yield Question(goal, "left side", p, number)


# --- from answers to a result -----------------------------------------------------------------------------------------

Answered = tuple[Question, Answer]


def _judged(
    model: Model, system: SymbolicSystem, selected: Sequence[Property], answered: list[Answered], options: Options
) -> Result:
    """The verdict: the most severe of everything that applies, as in `checker`."""
    vacuities = tuple(v for v in _vacuities(model, answered))
    silent = {v.name for v in vacuities} - set(options.allow_vacuous)
    properties = tuple(_properties(model, system, answered, silent))
    violation = worst(properties)
    codes = [OK, *(EXIT_OF_KIND[p.kind] for p in properties if p.verdict == "violated")]
    codes += [INCOMPLETE] if any(p.verdict == "incomplete" for p in properties) else []
    codes += [VACUOUS] if silent else []
    code = most_severe(codes)
    run = _run(model, system, answered, options)
    return Result(
        path=model.path, name=model.name, constants=model.constants,
        verdict=checker.VERDICT_OF_CODE.get(code, "violated"), exit_code=code,
        complete=not run.undecided and violation is None,
        property=violation.name if violation else None, kind=violation.kind if violation else None,
        trace=violation.trace if violation else None, properties=properties, vacuity=vacuities,
        notes=(*(Note(d) for d in model.notes), *_notes(model, answered, options)),
        stopped=_stopped(run), deadlock=any(q.kind == "deadlock" for q, _ in answered), backend="smt", model=model,
        proof=run,
    )  # fmt: skip


def _stopped(run: ProofRun) -> str | None:
    reasons = " ".join(reason for _, reason in run.undecided)
    return next((limit for limit in ("memory", "time", "depth") if f"the {limit} limit" in reasons), None)


def _properties(
    model: Model, system: SymbolicSystem, answered: Sequence[Answered], silent: set[str]
) -> Iterator[PropertyResult]:
    """In order of the file; then deadlock, assertion and evaluation error: where found, and where not decided."""
    failing = {q.about.name for q, a in answered if q.kind == "evaluation_error" and q.about and a.verdict == "found"}
    for q, a in answered:
        if q.about is not None and q.kind == q.about.kind:
            verdict = _verdict(q, a)
            verdict = "vacuous" if verdict == "holds" and q.about.name in silent else verdict
            verdict = "error" if q.about.name in failing and a.verdict != "found" else verdict
            yield PropertyResult(q.about.name, q.kind, verdict, _trace(model, system, q, a), q.about.span)
    for kind in ("deadlock", "assertion", "evaluation_error"):
        of_kind = [(q, a) for q, a in answered if q.kind == kind and a.verdict != "proved"]
        if of_kind:
            q, a = min(of_kind, key=_order)
            verdict = "violated" if a.verdict == "found" else "incomplete"
            yield PropertyResult(kind, kind, verdict, _trace(model, system, q, a), _span(system, q, a))


def _order(pair: Answered) -> tuple[bool, int, int]:
    """What was found first, in the sense of a search level by level: in a state before on its way to the next."""
    _, a = pair
    return a.path is None, a.depth, len(a.path.rows) if a.path is not None else 0


def _verdict(q: Question, a: Answer) -> Verdict:
    match a.verdict, q.kind:
        case "unknown", _:
            return "incomplete"
        case "found", "reachable":
            return "holds"
        case "proved", "reachable":
            return "vacuous"
    return "holds" if a.verdict == "proved" else "violated"


def _span(system: SymbolicSystem, q: Question, a: Answer):
    if a.path is not None and a.path.fault is not None:
        return system.sites[a.path.fault[1]].span
    return q.about.span if q.about else None


_FINDINGS = {
    ("invariant", False): "invariant",
    ("action_invariant", False): "step_invariant",
    ("reachable", False): "reachable",
    ("deadlock", False): "deadlock",
    ("evaluation_error", False): "predicate_fault",
    ("evaluation_error", True): "step_predicate_fault",
}


def _trace(model: Model, system: SymbolicSystem, q: Question, a: Answer) -> Trace | None:
    """The path as the interpreter takes it. Raises InternalError where it does not."""
    if a.path is None:
        return None
    path, kind = a.path, q.kind
    if path.fault is not None:
        finding = Finding("fault", len(path.rows) - 1, action=path.fault[0], site=path.fault[1])
    else:
        of_steps = q.about is not None and q.about.kind == "action_invariant" and kind == "evaluation_error"
        finding = Finding(_FINDINGS[kind, of_steps], len(path.rows) - 1, q.predicate)
    name = q.about.name if q.about else None
    return trace_of_path(
        model, system, path.rows, np.array(path.actions, np.int64), finding, name, _TRACE_KINDS[kind]
    )


_TRACE_KINDS: dict[str, TraceKind] = {
    "invariant": "invariant",
    "action_invariant": "action_invariant",
    "reachable": "reachable",
    "deadlock": "deadlock",
    "assertion": "assertion",
    "evaluation_error": "evaluation_error",
}


# --- what was not exercised, what was assumed -------------------------------------------------------------------------


def _vacuities(model: Model, answered: Sequence[Answered]) -> Iterator[Vacuity]:
    for q, a in answered:
        if a.verdict != "proved":
            continue
        match q.kind:
            case "reachable" if q.about is not None:
                yield Vacuity(q.about.name, f"no reachable state satisfies `{q.about.name}`", q.about.span)
            case "left side" if q.about is not None:
                text = f"a left side of `implies` in `{q.about.name}` never holds"
                yield Vacuity(q.about.name, text, q.about.span)
            case "initial":
                yield Vacuity(q.kind, "no step is enabled in any initial state", model.span)


def _notes(model: Model, answered: Sequence[Answered], options: Options) -> Iterator[Note]:
    for q, a in answered:
        if q.kind == "left side" and a.verdict == "unknown" and q.about is not None:
            message = f"whether a left side of `implies` in `{q.about.name}` ever holds was not decided"
            yield Note(Diagnostic("V004", message, q.about.span, severity="note"))
    for p in model.properties:
        if p.kind == "constraint":
            message = f"the constraint `{p.name}` does not restrict proofs: they are about states beyond it too"
            yield Note(Diagnostic("V005", message, p.span, severity="note"))
    if options.deadlock and not any(q.kind == "deadlock" for q, _ in answered):
        message = "deadlocks were not looked at: a step that chooses may be blocked for some choices and not for others"
        yield Note(Diagnostic("V006", message, model.span, severity="note"))


def _run(model: Model, system: SymbolicSystem, answered: Sequence[Answered], options: Options) -> ProofRun:
    shown = [(q, a) for q, a in answered if q.kind not in ("left side", "initial")]
    proofs = [_proof(system, a) for _, a in shown if a.verdict == "proved"]
    asked = {q.kind for q, _ in answered}
    proofs += [Proof(kind, "triviality") for kind in ("assertion", "evaluation_error") if kind not in asked]
    undecided = tuple((a.goal.name, a.reason) for _, a in shown if a.verdict == "unknown")
    searched = [a.depth for _, a in answered if a.verdict == "unknown"]
    return ProofRun(
        tuple(proofs), undecided, min(searched, default=0), f"z3 {proof.VERSION}", tuple(_assumptions(model, options))
    )


def _proof(system: SymbolicSystem, a: Answer) -> Proof:
    if a.invariant is not None:
        return Proof(a.goal.name, "invariant", lemmas=a.lemmas, invariant=system.readable(a.invariant))
    if not a.together:
        return Proof(a.goal.name, "exhaustion", a.depth)
    together = tuple(name for name in a.together if name != a.goal.name)
    return Proof(a.goal.name, "induction", a.depth, together, a.lemmas, a.distinct)


def _assumptions(model: Model, options: Options) -> Iterator[str]:
    if model.constants:
        yield "the constants have the values above"
    yield "every variable has a value of its type (its bounds are part of the induction, and were proved to be kept)"
    temporal = [p.name for p in model.properties if p.kind == "temporal"]
    if temporal and options.properties is None:
        yield f"nothing is said of the temporal properties {', '.join(temporal)}"
    if not options.deadlock:
        yield "nothing is said of deadlocks"
