"""Traces: paths (or lassos) of decoded states, reconstructed from an exploration and replayed by the interpreter.

Nobody sees a trace that the reference interpreter has not taken step by step: `trace_to` raises InternalError where the
two differ.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Literal, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import InternalError, Span, UsageError
from modelcheck.ir import clockwork, evaluate
from modelcheck.ir.evaluate import EvaluationError, Outcome
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model, Property, VariableDecl
from modelcheck.ir.ops import FaultKind
from modelcheck.ir.printer import print_expr, show_value
from modelcheck.ir.types import Type
from modelcheck.search.exploration import Exploration, Finding
from modelcheck.search.switches import fewest_switches as path_with_fewest_switches
from modelcheck.system import Site, States, TransitionSystem

TraceKind = Literal[
    "invariant", "action_invariant", "temporal", "deadlock", "quiescent", "timelock", "assertion", "evaluation_error",
    "reachable", "simulation",
]

STUTTER = "stutter"  # the title of a step of a lasso in which nothing happens


def decoded(model: Model, state: tuple[Any, ...]) -> dict[str, Any]:
    """Variable -> natural value; where a process stands, its label."""
    named = {}
    for variable, value in zip(model.variables, state):
        if variable.hidden:
            continue
        at_place = variable.kind == "place" and variable.process is not None
        named[variable.name] = model.processes[variable.process].places[value].label if at_place else value
    return named


def _title(model: Model, index: int, step: Step) -> str:
    return model.action_title(step.action) if step.action is not None else STUTTER if index else "init"


@dataclass(frozen=True, slots=True)
class Step:
    """One state and how it was reached. `action` is None for the initial state. `state`: natural values in the order of
    `Model.variables`. `chosen`: what each `choose` of the step returned, (name, value, type)."""

    action: int | None
    state: tuple[Any, ...]
    chosen: tuple[tuple[str, Any, Type], ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What fails beyond the last state: `action` (None: the initialisation, or a property) raises a fault at `span`."""

    action: int | None
    kind: FaultKind
    span: Span | None
    detail: str = ""
    chosen: tuple[tuple[str, Any, Type], ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """A counterexample or a witness. `loop` is the index of the state that a lasso returns to. `switches`: the fewest
    changes of process among the shortest traces, or None where that second pass was not asked for or was skipped.
    `timeline`: of a model with time."""

    kind: TraceKind
    property: str | None
    steps: tuple[Step, ...]
    loop: int | None = None
    failure: Failure | None = None
    switches: int | None = None
    model: Model | None = field(default=None, repr=False, compare=False)
    timeline: clockwork.Timeline | None = None

    @builtins.property  # a field of this class has the plain name
    def states(self) -> tuple[dict[str, Any], ...]:
        """Each state as variable -> value; where a process stands, by its label."""
        return tuple(decoded(self.model, step.state) for step in self.steps) if self.model else ()

    @builtins.property
    def actions(self) -> tuple[str, ...]:
        """What led to each state: `init`, then titles such as `vcpu[1]: kick`; `stutter` where nothing happened."""
        return tuple(_title(self.model, i, step) for i, step in enumerate(self.steps)) if self.model else ()

    @builtins.property
    def length(self) -> int:
        """In states."""
        return len(self.steps)


# --- from the search to a trace ---------------------------------------------------------------------------------------


def trace_to(
    exploration: Exploration,
    system: TransitionSystem,
    model: Model,
    finding: Finding,
    property_name: str | None,
    kind: TraceKind,
    *,
    fewest_switches: bool = False,
) -> Trace:
    """The way to a finding, replayed. `fewest_switches` asks for the pass that looks for the trace of the same length
    that is easiest to read; where that is too much work, `Trace.switches` is None and the trace is the search's own.
    Raises InternalError where the interpreter disagrees with the system."""
    if fewest_switches:
        path = path_with_fewest_switches(exploration, system, finding)
        if path is not None:
            return trace_of_path(
                model, system, path.rows, path.actions, path.finding, property_name, kind, switches=path.switches
            )
    rows = path_to(exploration, finding.state)
    states, actions = exploration.states[rows], exploration.action[rows]
    return trace_of_path(model, system, states, actions, finding, property_name, kind)


def path_to(exploration: Exploration, row: int) -> NDArray[np.int64]:
    """The rows from an initial state to `row`; none for row -1."""
    rows = []
    while row >= 0:
        rows.append(row)
        row = int(exploration.parent[row])
    return np.array(rows[::-1], np.int64)


def trace_of_path(
    model: Model,
    system: TransitionSystem,
    rows: States,
    actions: NDArray[np.int64],
    finding: Finding | None,
    property_name: str | None,
    kind: TraceKind,
    *,
    switches: int | None = None,
    loop: int | None = None,
) -> Trace:
    """A path of packed states, replayed, then what was found in its last one, confirmed. rows: (k, width). actions:
    (k,), -1 for the initial state, and later on where nothing happens. loop: as in
    `Trace`. Of `finding` everything but its state counts; None where there is nothing to find.
    Raises InternalError where the interpreter disagrees."""
    layout = Layout(model.variables)
    if finding is not None and finding.target is not None and finding.action is not None:
        rows = np.concatenate([rows, np.array([finding.target], np.uint64)])
        actions = np.append(actions, finding.action)
    states = [layout.decode(packed) for packed in layout.unpack(rows)]
    steps: list[Step] = []
    for state, number in zip(states, actions.tolist()):
        action = None if number < 0 else number
        before = steps[-1].state if steps else None
        stutters = action is None and before is not None
        if stutters and before != state:
            raise InternalError(f"nothing happens, but the state changes\nin: {_shown(model, before)}")
        steps.append(Step(None, state) if stutters else _taken(model, before, action, state))
    failure = _confirmed(model, system, steps, finding) if finding is not None else None
    return Trace(kind, property_name, tuple(steps), loop, failure=failure, switches=switches, model=model)


def _ways(model: Model, before: tuple[Any, ...] | None, action: int | None) -> list[Outcome]:
    if before is None or action is None:
        found = evaluate.initial(model)
    else:
        found = evaluate.outcomes(model, before, action)
    if model.timing is None:
        return found
    return [replace(o, state=clockwork.cleared(model, o.state)) if o.state is not None else o for o in found]


def _taken(model: Model, before: tuple[Any, ...] | None, action: int | None, after: tuple[Any, ...]) -> Step:
    """The step as the interpreter takes it: of several ways to the same state, the first."""
    ways = _ways(model, before, action)
    for way in ways:
        if way.state == after:
            return Step(action, after, way.chosen)
    name = "the initialisation" if action is None else f"the action `{model.action_title(action)}`"
    reached = [w.state for w in ways if w.state is not None]
    raise InternalError(
        f"{name} leads the system where it does not lead the interpreter\n"
        f"from:        {_shown(model, before)}\n"
        f"system:      {_shown(model, after)}\n"
        f"interpreter: {'; '.join(_shown(model, s) for s in reached) or 'no successor'}"
    )


def _shown(model: Model, state: Sequence[Any] | None) -> str:
    if state is None:
        return "nothing"
    return ", ".join(_valued(v, x) for v, x in zip(model.variables, state) if not v.hidden)


def _valued(variable: VariableDecl, value: Any) -> str:
    return f"{variable.name}={show_value(variable.type, value)}"


def _confirmed(model: Model, system: TransitionSystem, steps: list[Step], finding: Finding) -> Failure | None:
    """What the interpreter says of the end of the path; an error of ours where that is not what was found."""
    state = steps[-1].state if steps else ()
    before = steps[-2].state if len(steps) > 1 else state
    match finding.kind:
        case "fault":
            assert finding.site is not None
            action = finding.action if steps else None
            return _failing(model, state if steps else None, action, system.sites[finding.site])
        case "deadlock":
            agreed = not evaluate.successors(model, state) and not evaluate.terminated(model, state)
            return _agreed(agreed, model, state, "a deadlock")
        case "invariant" | "reachable" | "predicate_fault":
            assert finding.predicate is not None
            answer = _answer(model, finding.predicate, state)
        case _:
            assert finding.predicate is not None
            answer = _answer(model, finding.predicate, before, state)
    if isinstance(answer, EvaluationError):
        _agreed("fault" in finding.kind, model, state, finding.kind)
        return Failure(None, answer.kind, answer.span, answer.detail)
    return _agreed(answer is (finding.kind == "reachable") and "fault" not in finding.kind, model, state, finding.kind)


def _answer(model: Model, number: int, *states: tuple[Any, ...]) -> bool | EvaluationError:
    """A state predicate on one state, a step predicate on two."""
    ask = evaluate.predicate if len(states) == 1 else evaluate.step_predicate
    try:
        return ask(model, number, *states)
    except EvaluationError as error:
        return error


def _agreed(agreed: bool, model: Model, state: tuple[Any, ...], what: str) -> None:
    if not agreed:
        raise InternalError(f"the system finds {what}, the interpreter does not\nin: {_shown(model, state)}")


def _failing(model: Model, state: tuple[Any, ...] | None, action: int | None, site: Site) -> Failure:
    failed = [w for w in _ways(model, state, action) if w.failure is not None]
    for way in failed:
        if way.failure is not None and (way.failure.kind, way.failure.span) == (site.kind, site.span):
            return Failure(action, way.failure.kind, way.failure.span, way.failure.detail, way.chosen)
    place = site.span.place if site.span else "an unknown place"
    raise InternalError(
        f"the system fails with {site.kind.value} at {place}, the interpreter with "
        f"{'; '.join(str(w.failure) for w in failed) or 'nothing'}\nin: {_shown(model, state)}"
    )


# --- replaying a trace that was saved ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """`step` is the one that is not possible (0: the initial state), None where the path is a behaviour; `ok` says that
    it is one and still shows what it was saved for."""

    ok: bool
    step: int | None
    message: str


def replay(
    model: Model,
    steps: Sequence[tuple[tuple[Any, ...], str | None]],
    *,
    property_name: str | None = None,
    kind: str | None = None,
) -> ReplayReport:
    """Whether states in natural values, each with the title of the action that led there (or None: any), are a
    behaviour of the model, and whether its end still is what `kind` says (a TraceKind; None: nothing in particular).
    Titles are those of `Model.action_title`; that of the first state is not looked at."""
    if not steps:
        return ReplayReport(False, None, "there is no state in it")
    for number, (state, title) in enumerate(steps):
        before = steps[number - 1][0] if number else None
        reason = _impossible(model, before, state, title)
        if reason:
            what = f"step {number} is not enabled" if number else "the first state is not an initial state"
            return ReplayReport(False, number, f"{what}: {reason}")
    reason = _not_shown(model, [state for state, _ in steps], property_name, kind)
    if reason:
        return ReplayReport(False, None, f"the trace is a behaviour, but {reason}")
    return ReplayReport(True, None, f"a behaviour of {len(steps)} states")


def _impossible(model: Model, before: tuple[Any, ...] | None, after: tuple[Any, ...], title: str | None) -> str | None:
    """Why no action of that title (the initialisation, where there is no state before) leads from one to the other."""
    if before is None:
        ids: list[int | None] = [None]
    else:
        ids = [i for i in range(len(model.actions)) if title in (None, model.action_title(i))]
    ways = [way for i in ids for way in _ways(model, before, i)]
    if any(way.state == after for way in ways):
        return None
    name = "the initialisation" if before is None else f"`{title}`" if title else "the nearest action"
    reached = [way.state for way in ways if way.state is not None]
    if reached:
        nearest = min(reached, key=lambda state: len(_differing(state, after)))
        differing = _differing(nearest, after)
        there = ", ".join(_valued(model.variables[i], nearest[i]) for i in differing)
        here = ", ".join(_valued(model.variables[i], after[i]) for i in differing)
        return f"{name} leads to {there} where the trace has {here}"
    if not ids:
        return f"{model.name} has no action `{title}`"
    if ways:
        return f"{name} fails with {ways[0].failure}"
    if title is None and before is not None:
        return "no action is enabled there"
    return f"{name} is blocked: " + "; ".join(dict.fromkeys(r for i in ids for r in _blocking(model, before, i)))


def _differing(state: tuple[Any, ...], other: tuple[Any, ...]) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(state, other)) if a != b]


def _blocking(model: Model, state: tuple[Any, ...] | None, action: int | None) -> Iterable[str]:
    """What keeps an action from being taken: where its process stands, or its guards."""
    for blocked in evaluate.blockers(model, state, action):
        shown = print_expr(blocked.expr, model)
        place = f" ({blocked.span.place})" if blocked.span else ""
        yield f"`when({shown})` is false{place}" if blocked.kind == "when" else f"`{shown}` is empty{place}"
        return
    if action is None or state is None or model.actions[action].process is None:
        return
    process = model.processes[model.actions[action].process or 0]
    place = process.places[process.start if process.variable is None else state[process.variable]]
    yield f"{process.title} stands at `{place.label}`"


def _not_shown(model: Model, states: list[tuple[Any, ...]], property_name: str | None, kind: str | None) -> str | None:
    """Why the end of a behaviour is not what its kind says."""
    last = states[-1] if states else None
    match kind:
        case "invariant" | "action_invariant" | "reachable":
            return _property_not_shown(model, states, property_name, kind)
        case "deadlock":
            if last is None or evaluate.successors(model, last):
                return "its last state is no deadlock: some action is enabled there"
            return "its last state is no deadlock: every process may rest" if evaluate.terminated(model, last) else None
        case "assertion" | "evaluation_error":
            kinds = {f.kind for f in _failures(model, states)}
            found = FaultKind.ASSERT in kinds if kind == "assertion" else bool(kinds - {FaultKind.ASSERT})
            return None if found else f"nothing fails with an {kind.replace('_', ' ')} after its last state"
        case "temporal":
            raise UsageError("replaying a temporal counterexample is not there yet")
    return None


def _failures(model: Model, states: list[tuple[Any, ...]]) -> Iterable[EvaluationError]:
    """Everything that fails at the end of a behaviour: the steps out of it and the properties."""
    last = states[-1] if states else None
    ways = evaluate.initial(model) if last is None else [way for _, way in evaluate.successors(model, last)]
    yield from (way.failure for way in ways if way.failure is not None)
    for p in model.properties:
        answer = _property_answer(model, states, p)
        if isinstance(answer, EvaluationError):
            yield answer


def _property_answer(model: Model, states: list[tuple[Any, ...]], p: Property) -> bool | EvaluationError | None:
    """Of the last state, or of the last step; None where there is none."""
    used = states[-2:] if p.kind == "action_invariant" else states[-1:]
    wanted = 2 if p.kind == "action_invariant" else 1
    return _answer(model, p.predicate, *used) if p.predicate is not None and len(used) == wanted else None


def _property_not_shown(
    model: Model, states: list[tuple[Any, ...]], property_name: str | None, kind: str
) -> str | None:
    found = next((p for p in model.properties if (p.name, p.kind) == (property_name, kind)), None)
    if found is None:
        return f"{model.name} has no {kind.replace('_', ' ')} `{property_name}`"
    answer = _property_answer(model, states, found)
    if kind == "reachable":
        return None if answer is True else f"`{property_name}` does not hold in its last state"
    return None if answer is False else f"`{property_name}` is not violated at its end"
