"""What `prove` says, for people and as JSON: counterexamples like those of a check, and what each proof rests on.

The JSON object is that of a check with one more entry, `proof`.
"""

from __future__ import annotations

import json as as_json
from textwrap import wrap
from typing import Any, Iterator

from modelcheck.errors import render, render_all
from modelcheck.reports import json, why
from modelcheck.reports.terminal import heading, render_trace, title
from modelcheck.result import Proof, ProofRun, PropertyResult, Result

MOST_LINES = 24  # of an inductive invariant, unless more are asked for
FAILURES = {
    "assertion": "no assert fails",
    "evaluation_error": "there is no evaluation error",
    "deadlock": "no deadlock",
}


def render_result(result: Result, *, width: int = 100, quiet: bool = False, verbose: bool = False) -> str:
    """`quiet`: the verdict and the counterexamples. `verbose`: whole invariants, and the time."""
    if result.diagnostics:
        return render_all(result.diagnostics) + "\n"
    run = result.proof
    assert run is not None and result.model is not None
    parts = [title(result)]
    parts += [_counterexample(result, p, width) for p in result.properties if p.verdict == "violated" and p.trace]
    parts.append("\n".join(_verdict(result, run)))
    if not quiet:
        parts += ["\n".join(_proof(p, width, verbose)) for p in run.proofs if verbose or p.method != "triviality"]
        parts += ["\n".join(_remarks(result))]
        parts.append("\n".join(_foundations(result, run, verbose)))
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def _counterexample(result: Result, answer: PropertyResult, width: int) -> str:
    assert result.model is not None and answer.trace is not None
    parts = (
        heading(answer.trace),
        render_trace(result.model, answer.trace, width=width),
        why.explain(result.model, answer.trace, width=width),
    )
    return "\n\n".join(part.rstrip("\n") for part in parts if part)


# --- the verdict ------------------------------------------------------------------------------------------------------


def _verdict(result: Result, run: ProofRun) -> Iterator[str]:
    failed = [p for p in result.properties if p.verdict == "violated"]
    if failed:
        names = ", ".join(p.kind.replace("_", " ") if p.name == p.kind else f"`{p.name}`" for p in failed)
        yield f"Violated: {names}."
    if run.proofs:
        yield f"Proved for every number of steps: {', '.join(_claim(result, p) for p in run.proofs)}."
    reached = [p.name for p in result.properties if p.kind == "reachable" and p.verdict == "holds"]
    if reached:
        yield f"Reached: {', '.join(reached)}."
    if run.undecided:
        known = f"nothing found within {run.depth} steps" if run.depth >= 0 else "not even the initial states are known"
        yield f"Incomplete: {known} for what is not decided:"
        yield from (f"  {FAILURES.get(name, name)}: {reason}" for name, reason in run.undecided)
    if result.verdict == "vacuous":
        yield "Vacuous: nothing is violated, but not everything that holds says something."


def _claim(result: Result, proof: Proof) -> str:
    kinds = {p.name: p.kind for p in result.properties}
    if kinds.get(proof.subject) == "reachable":
        return f"{proof.subject} is never reached"
    if proof.subject.startswith("an evaluation error in "):
        return f"evaluating {proof.subject.removeprefix('an evaluation error in ')} never fails"
    return FAILURES.get(proof.subject, f"{proof.subject} holds")


# --- why it is one ----------------------------------------------------------------------------------------------------


def _proof(proof: Proof, width: int, verbose: bool) -> Iterator[str]:
    using = f", knowing {', '.join(proof.lemmas)}" if proof.lemmas else ""
    match proof.method:
        case "induction":
            together = f", together with {', '.join(proof.together)}" if proof.together else ""
            distinct = "; of paths without a repeated state" if proof.distinct else ""
            yield f"{proof.subject}: by {proof.depth}-induction{together}{using}{distinct}"
        case "exhaustion":
            yield f"{proof.subject}: no path has more than {proof.depth - 1} steps, and all were searched"
        case "triviality":
            yield f"{proof.subject}: nothing in the steps of the spec can fail in that way"
        case "invariant":
            head = f"{proof.subject}: by this inductive invariant{using} (initially true, kept by every step, enough)"
            yield f"{head}:"
            yield from _clauses(proof.invariant, width, None if verbose else MOST_LINES)


def _clauses(clauses: tuple[str, ...], width: int, most: int | None) -> Iterator[str]:
    for clause in clauses[:most]:
        yield from wrap(
            clause, max(40, width), initial_indent="    ", subsequent_indent="        ", break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
    if most is not None and len(clauses) > most:
        yield f"    and {len(clauses) - most} more lines, which -v shows"


def _remarks(result: Result) -> Iterator[str]:
    for v in result.vacuity:
        place = f"{v.span.place}: " if v.span else ""
        yield f"{place}vacuous: {v.message}"
    yield from (render(note.diagnostic) for note in result.notes)


def _foundations(result: Result, run: ProofRun, verbose: bool) -> Iterator[str]:
    """What whoever relies on the proofs should know."""
    if run.proofs:
        yield f"Assumed: {'; '.join(run.assumptions)}."
    seconds = f", {result.statistics.seconds:.2f} s" if verbose else ""
    yield f"Answered by {run.solver}{seconds}."


# --- JSON -------------------------------------------------------------------------------------------------------------


def render_json(result: Result) -> str:
    told = json.check_object(result)
    return as_json.dumps({**told, "proof": None if result.proof is None else _object(result.proof)}, ensure_ascii=False)


def _object(run: ProofRun) -> dict[str, Any]:
    return {
        "solver": run.solver,
        "depth": run.depth,
        "assumptions": list(run.assumptions),
        "undecided": [{"name": name, "reason": reason} for name, reason in run.undecided],
        "proofs": [
            {
                "name": p.subject,
                "method": p.method,
                "depth": p.depth,
                "together": list(p.together),
                "lemmas": list(p.lemmas),
                "distinct": p.distinct,
                "invariant": list(p.invariant),
            }
            for p in run.proofs
        ],
    }
