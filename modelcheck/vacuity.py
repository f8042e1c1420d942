"""What a check never exercised: properties that hold for want of anything to speak of, and steps nobody can take.

Judged on a search that saw the whole state space, after constants are folded: what folding removed is not missed.
*Vacuous* findings decide the verdict; *notes* do so under `--strict` alone.
"""

from __future__ import annotations

from dataclasses import replace

from modelcheck.errors import Diagnostic, Span
from modelcheck.ir.nodes import Model, Property
from modelcheck.result import Note, Vacuity
from modelcheck.search.exploration import Exploration

INITIAL = "initial"  # the name under which "no step is enabled in any initial state" can be allowed

StepKey = tuple[str, str, str]  # (process or "", label, place in the source)


def vacuities(model: Model, selected: tuple[Property, ...], seen: Exploration) -> tuple[Vacuity, ...]:
    """`seen` must have been complete."""
    reached = {f.predicate for f in seen.findings if f.kind == "reachable"}
    found = []
    for p in selected:
        if p.kind == "reachable" and p.predicate not in reached:
            found.append(Vacuity(p.name, f"no reachable state satisfies `{p.name}`", p.span))
        found += [Vacuity(p.name, text, p.span) for text in _never_held(model, p, seen)]
    if not seen.initial_enabled and model.actions:
        what = "no step is enabled in any initial state" if seen.generated else "there is no initial state"
        what += ": each breaks a deadline, or its clocks a `when`" if model.timing and not seen.generated else ""
        found.append(Vacuity(INITIAL, what, model.span))
    if not model.actions:
        found.append(Vacuity(INITIAL, "there are no steps at all", model.span))
    return tuple(found)


def _never_held(model: Model, p: Property, seen: Exploration) -> list[str]:
    """What to say of each left side that never held."""
    of_steps = p.kind == "action_invariant"
    watched, table = (seen.step_watched, model.step_predicates) if of_steps else (seen.watched, model.predicates)
    silent = [a for a in p.antecedents if not watched.get(a, True)]
    if len(p.antecedents) == 1:
        return [f"the left side of the `implies` in `{p.name}` never holds"] * len(silent)
    sides = [(a, table[a].span) for a in silent]
    texts = [f"`{span.text}`" if span and span.text else f"number {p.antecedents.index(a) + 1}" for a, span in sides]
    return [f"{text}, the left side of an `implies` in `{p.name}`, never holds" for text in texts]


def step_key(model: Model, action: int) -> StepKey:
    """What makes two actions the same step of the source: instances of a process and unrolled loops share theirs."""
    a = model.actions[action]
    process = model.processes[a.process].name if a.process is not None else ""
    return process, a.label, a.span.place if a.span else ""


def steps_taken(model: Model, seen: Exploration) -> dict[StepKey, bool]:
    """Whether each step was ever enabled (a step that fails counts: it was tried)."""
    taken: dict[StepKey, bool] = {}
    for i in range(len(model.actions)):
        key = step_key(model, i)
        taken[key] = taken.get(key, False) or bool(seen.taken[i] or seen.faulted[i])
    return taken


def step_title(key: StepKey) -> str:
    process, label, _ = key
    return f"{process}: {label}" if process else label


def notes(model: Model, seen: Exploration) -> tuple[Note, ...]:
    """`seen` must have been complete. Steps first, each with its fairness, then guards, in order of the source."""
    return (*_step_notes(model, seen), *_guard_notes(model, seen))


def _step_notes(model: Model, seen: Exploration) -> list[Note]:
    taken = steps_taken(model, seen)
    first: dict[StepKey, int] = {}
    for i in range(len(model.actions)):
        first.setdefault(step_key(model, i), i)
    found = []
    for key, i in first.items():
        if taken[key]:
            continue
        action = model.actions[i]
        found.append(_note("V001", f"the step `{step_title(key)}` is never enabled", action.span))
        if action.fairness:
            message = f"{action.fairness} fairness of `{step_title(key)}` says nothing: the step is never enabled"
            found.append(_note("V003", message, action.span))
    return found


def _guard_notes(model: Model, seen: Exploration) -> list[Note]:
    true: dict[tuple[str, str, Span], bool] = {}  # the same guard stands in many actions
    for i, guard in enumerate(model.guards):
        key = (guard.kind, guard.span.source.path, guard.span)
        true[key] = true.get(key, False) or bool(seen.coverage[i])
    return [_note("V002", f"this `{kind}` is never true", span) for (kind, _, span), ever in true.items() if not ever]


def _note(code: str, message: str, span: Span | None) -> Note:
    return Note(Diagnostic(code, message, span, severity="note"), strict=True)


def lenient_to_imports(found: tuple[Note, ...], path: str) -> tuple[Note, ...]:
    """A spec need not use everything that it imports: what it leaves out of another file is no failure under --strict.
    `path`: the file that is checked."""
    return tuple(note if note.diagnostic.is_in(path) else replace(note, strict=False) for note in found)
