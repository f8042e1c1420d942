"""Why a trace ends where it ends: the sub-formula that is false, the guard that blocks each process, the expression
that fails, each with the values in it and its place in the source."""

from __future__ import annotations

from textwrap import wrap
from typing import Any, Iterable, Iterator

from modelcheck.errors import Diagnostic, Span, render
from modelcheck.ir import clockwork
from modelcheck.ir.evaluate import Blocked, blockers
from modelcheck.ir.explain import Clause, explain as explain_expr
from modelcheck.ir.nodes import Action, Model, Process, Property, Variable, walk
from modelcheck.ir.ops import FaultKind
from modelcheck.ir.printer import show_value
from modelcheck.reports import times
from modelcheck.reports.steps import names, standing, title
from modelcheck.trace import Failure, Trace

MOST_ACTIONS = 20  # of a deadlock without processes

State = tuple[Any, ...]


def explain(model: Model, trace: Trace, *, width: int = 100) -> str:
    """Empty where there is nothing to explain. Source lines with carets are not folded to the width."""
    match trace.kind:
        case "deadlock" | "quiescent" | "timelock" if trace.steps:
            told = (*times.last_look(model, trace), *_deadlock(model, trace))
            return "\n".join(folded(told, width)) + "\n"
        case "assertion" | "evaluation_error" if trace.failure:
            return _failure(model, trace, trace.failure, width)
        case "invariant" | "action_invariant" | "reachable":
            told = (*times.last_look(model, trace), *_property(model, trace))
            return "\n".join(folded(told, width)) + "\n"
    return ""


def folded(lines: Iterable[str], width: int) -> Iterator[str]:
    """Lines that are too long are continued below, four columns further in."""
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()))
        yield from wrap(
            line.strip(), max(40, width), initial_indent=indent, subsequent_indent=indent + "    ",
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip


# --- properties -------------------------------------------------------------------------------------------------------


def _property(model: Model, trace: Trace) -> Iterator[str]:
    p = next(p for p in model.properties if p.name == trace.property)
    yield from head(p)
    if model.timing and any(model.properties[t.property] is p for t in model.timing.properties):
        yield from _timed(model, trace, p)
        return
    if p.kind == "action_invariant":
        found = explain_expr(model, p.expr, trace.steps[-2].state, trace.steps[-1].state)
    else:
        found = explain_expr(model, p.expr, trace.steps[-1].state)
    if found.clauses:
        where = "for the last step" if p.kind == "action_invariant" else "in the last state"
        yield f"  It is {_truth(found.value)} {where}, because"
        yield from _clauses(found.clauses)


def _timed(model: Model, trace: Trace, p: Property) -> Iterator[str]:
    """Of a property on clocks: what is so in the last state, and what the clocks show."""
    if trace.timeline is None:  # time was ignored
        return
    state = trace.steps[-1].state
    found = clockwork.failing_case(model, model.properties.index(p), state, trace.timeline.at_end)
    assert found is not None, "the trace has been replayed"
    predicate, atoms = found
    yield f"  It is {_truth(p.kind == 'reachable')} at {times.at_end(model, trace)}, because"
    if predicate is not None:
        yield from _clauses(explain_expr(model, model.predicates[predicate], state).clauses)
    yield from (f"    {told}" for told in times.conditions(model, trace, atoms))


def head(p: Property) -> Iterator[str]:
    """The name with its place, and the first paragraph of what its author says it means."""
    place = f"  ({p.span.source.path}:{p.span.line})" if p.span else ""
    yield f"{p.name}{place}"
    for line in p.doc.strip().split("\n\n")[0].splitlines():
        yield f'  "{line.strip()}"' if len(p.doc.strip().splitlines()) == 1 else f"  {line.strip()}"


def _truth(value: bool | None) -> str:
    return "true" if value else "false"


def _clauses(clauses: Iterable[Clause]) -> Iterator[str]:
    for clause in clauses:
        yield f"    {clause.text} is {_truth(clause.value)}{_values(clause)}"


def _values(clause: Clause) -> str:
    """` for q = 0: self.seen = 0, self.added = 1`."""
    where = f" for {_equations(clause.where)}" if clause.where else ""
    atoms = tuple(a for a in clause.atoms if a != (clause.text, str(clause.value)))
    return where + (f": {_equations(atoms)}" if atoms else "")


def _equations(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" if value.startswith("at ") else f"{name} = {value}" for name, value in pairs)


# --- deadlocks --------------------------------------------------------------------------------------------------------


STUCK = {
    "deadlock": "No step can be taken.",
    "quiescent": "Time runs on, and no step can be taken at any time.",
    "timelock": "A deadline, or a label where no time passes, lets time go no further, and no step can be taken.",
}


def _deadlock(model: Model, trace: Trace) -> Iterator[str]:
    alone = [i for i, a in enumerate(model.actions) if a.process is None]
    late = times.too_late(model, trace)
    stuck = f"Time runs on, and {late} no step can be taken any more." if late else STUCK[trace.kind]
    if not model.processes:
        yield f"{stuck} Because"
        yield from _blocked_actions(model, trace, alone)
        return
    yield f"{stuck} Where each process stands, and what blocks it:"
    width = max(len(title(p)) for p in model.processes)
    for number, process in enumerate(model.processes):
        yield from _blocked_process(model, trace, number, process, width)
    yield from _blocked_actions(model, trace, alone)


def _blocked_process(model: Model, trace: Trace, number: int, process: Process, width: int) -> Iterator[str]:
    state = trace.steps[-1].state
    place = standing(model, state, process)
    head = f"  {title(process):<{width}}  "
    if place.kind == "done":
        yield head + "done"
        return
    reasons = [
        reason
        for i, action in enumerate(model.actions)
        if action.process == number and _stands_at(process, state, action)
        for reason in _reasons(model, trace, i)
    ]
    rest = " (it may rest here)" if place.kind == "idle" else ""
    source = f" ({place.source})" if place.source else ""
    yield f'{head}at "{place.label}"{source}{rest}'
    for reason in dict.fromkeys(reasons):
        yield f"  {'':<{width}}    {reason}"


def _stands_at(process: Process, state: State, action: Action) -> bool:
    here = process.start if process.variable is None else state[process.variable]
    return action.place is None or action.place == here


def _blocked_actions(model: Model, trace: Trace, actions: list[int]) -> Iterator[str]:
    for i in actions[:MOST_ACTIONS]:
        label = names(model, i)[1]
        yield from (f"  {label}: {reason}" for reason in dict.fromkeys(_reasons(model, trace, i)))
    if len(actions) > MOST_ACTIONS:
        yield f"  and {len(actions) - MOST_ACTIONS} more actions"


def _reasons(model: Model, trace: Trace, action: int) -> Iterator[str]:
    for blocked in blockers(model, trace.steps[-1].state, action):
        yield from _reason(model, blocked)
    yield from times.refusals(model, trace, action)


def _reason(model: Model, blocked: Blocked) -> Iterator[str]:
    """`when(not self.mutex), line 90: self.mutex = True`."""
    line = f", line {blocked.span.line}" if blocked.span else ""
    if blocked.kind == "choose":
        text = blocked.expr.span.text if blocked.expr.span else "the set"
        yield f"choose({text}){line}: there is nothing to choose from{_read(model, blocked)}"
        return
    found = explain_expr(model, blocked.expr, blocked.state, locals=blocked.locals)
    text = blocked.expr.span.text if blocked.expr.span else ""
    for clause in found.clauses:
        guard = text or clause.text
        known = _values(clause)
        inner = f": {clause.text} is {_truth(clause.value)}{known}" if clause.text != guard else known
        yield f"when({guard}){line}{inner}"
    if not found.clauses:
        yield f"when({text}){line}"


def _read(model: Model, blocked: Blocked) -> str:
    shown = _variables(model, blocked.expr, blocked.state)
    return f"; {shown}" if shown else ""


def _variables(model: Model, node: Any, state: State) -> str:
    """`name = value` of the variables that an expression or a statement reads; places are left out."""
    read = dict.fromkeys(n.index for n in walk(node) if isinstance(n, Variable) and not n.after)
    told = [(d, state[i]) for i in read if (d := model.variables[i]).kind != "place" and not d.hidden]
    return ", ".join(f"{d.name} = {show_value(d.type, value)}" for d, value in told)


# --- failures ---------------------------------------------------------------------------------------------------------


def _failure(model: Model, trace: Trace, failure: Failure, width: int) -> str:
    """The expression that fails, with its source line, and the values that the step found."""
    what = failure.detail or "it is false" if failure.kind is FaultKind.ASSERT else failure.kind.value
    detail = f": {failure.detail}" if failure.detail and failure.kind is not FaultKind.ASSERT else ""
    message = f"assert: {what}" if failure.kind is FaultKind.ASSERT else f"{what}{detail}"
    lines = [render(Diagnostic("E001" if failure.kind is FaultKind.ASSERT else "E002", message, failure.span))]
    if trace.steps:
        when = "before the step" if failure.action is not None else "in the last state"
        for node in _nodes_at(model, trace, failure):
            values = _variables(model, node, trace.steps[-1].state)
            if values:
                lines += folded([f"      = {when}: {values}"], width)
                break
    return "\n".join(lines) + "\n"


def _nodes_at(model: Model, trace: Trace, failure: Failure) -> Iterator[Any]:
    """The parts of what failed that the span covers, outermost first."""
    if failure.action is not None:
        roots: tuple[Any, ...] = model.actions[failure.action].body
    else:
        roots = tuple(p.expr for p in model.properties if p.name == trace.property)
    for root in roots:
        yield from (node for node in walk(root) if failure.span is not None and _same(node.span, failure.span))


def _same(a: Span | None, b: Span) -> bool:
    return a is not None and a == b and a.source.path == b.source.path
