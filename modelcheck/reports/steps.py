"""How one step of a trace reads: who did what, and only what changed. Shared by the reports for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator

from modelcheck.ir.nodes import Action, Model, Place, Process
from modelcheck.ir.printer import show_args, show_value
from modelcheck.ir.types import ArrayType, RecordType, Type, values
from modelcheck.reports import times
from modelcheck.trace import Step, Trace


INITIAL = "initial state"
STUTTER = "nothing happens"
BRACKET = "/|\\"  # around a loop, in the margin


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of a trace. `process` is the instance's title, "" for an @action and the initial state; `source` is the
    place in the modelled program, where the spec names one. `changes` read `name: old -> new`; of the initial state,
    `name = value`. `fails`: the step starts here and ends in an error, so it has no state. `time`: when, with its unit,
    in a model with time."""

    number: int
    process: str
    label: str
    source: str
    changes: tuple[str, ...]
    fails: bool = False
    time: str = ""


def views(model: Model, trace: Trace) -> tuple[StepView, ...]:
    """Every state of the trace, numbered from 1, and the step that fails beyond the last one, if there is one."""
    lines = [_view(model, number, trace) for number in range(1, trace.length + 1)]
    failure = trace.failure
    if failure is not None and (failure.action is not None or not trace.steps):
        process, label, source = names(model, failure.action)
        chosen = tuple(_chosen(failure.chosen))
        time = times.at_end(model, trace)
        lines.append(StepView(trace.length + 1, process, label, source, (*chosen, "fails"), fails=True, time=time))
    return tuple(lines)


def _view(model: Model, number: int, trace: Trace) -> StepView:
    step = trace.steps[number - 1]
    if step.action is None and number > 1:  # in a lasso
        return StepView(number, "", STUTTER, "", ())
    process, label, source = names(model, step.action)
    time, clocks = times.at(model, trace, number - 1), tuple(times.changes(model, trace, number - 1))
    if step.action is None:  # what an initialisation chose is in the state that it made
        return StepView(number, process, label, source, (*declared(model, step.state), *clocks), time=time)
    changes = changed(model, trace.steps[number - 2].state, step.state)
    return StepView(number, process, label, source, (*_chosen(step.chosen), *changes, *clocks), time=time)


def bracketed(rows: list[str], number: int, loop: int | None) -> list[str]:
    """The lines of a state, numbered from 1, with the bracket in their margin if it belongs to the loop."""
    if loop is None or number <= loop:
        return rows
    return [BRACKET[0 if number == loop + 1 and i == 0 else 1] + row[1:] for i, row in enumerate(rows)]


def names(model: Model, action: int | None) -> tuple[str, str, str]:
    """(process instance, label with its arguments, source note); ("", INITIAL, "") for None."""
    if action is None:
        return "", INITIAL, ""
    a = model.actions[action]
    if a.process is None:
        return "", with_args(a.label, a.args), ""
    process = model.processes[a.process]
    place = place_of(process, a)
    static = telling(process, place) if place else ()
    return title(process), with_args(a.label, static), (place.source or "" if place else "")


def telling(process: Process, place: Place) -> tuple[tuple[str, Any, Type], ...]:
    """The loop variables that tell a place from others of the same label; not those whose names begin with `_`."""
    alike = [dict((name, value) for name, value, _ in p.static) for p in process.places if p.label == place.label]
    return tuple(
        (name, value, of)
        for name, value, of in place.static
        if not name.startswith("_") and any(other.get(name) != value for other in alike)
    )


def place_of(process: Process, action: Action) -> Place | None:
    return process.places[action.place] if action.place is not None else None


def title(process: Process) -> str:
    """`vcpu`, `vcpu[1]`, with values as reports show them."""
    if not process.args:
        return process.name
    return f"{process.name}[{','.join(show_value(of, value) for _, value, of in process.args)}]"


def with_args(label: str, args: tuple[tuple[str, Any, Type], ...]) -> str:
    """`prepare(rm=RM0)`."""
    return f"{label}({show_args(args)})" if args else label


def _chosen(chosen: tuple[tuple[str, Any, Type], ...]) -> Iterator[str]:
    return (f"chooses {name} = {show_value(of, value)}" for name, value, of in chosen)


def standing(model: Model, state: tuple[Any, ...], process: Process) -> Place:
    """Where a process stands in a state."""
    return process.places[process.start if process.variable is None else state[process.variable]]


def declared(model: Model, state: tuple[Any, ...]) -> Iterator[str]:
    """`name = value` of everything that a reader should know of a state: variables and live locals, no places."""
    for i, d in enumerate(model.variables):
        if d.hidden:
            continue
        if d.kind == "variable" or (d.kind == "local" and _is_live(model, state, i)):
            yield f"{d.name} = {show_value(d.type, state[i])}"


def changed(model: Model, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[str]:
    """`name: old -> new` down to the element or field that differs. A local that has died is not news."""
    for i, d in enumerate(model.variables):
        if d.kind == "place" or d.hidden or before[i] == after[i]:
            continue
        if d.kind == "local" and not _is_live(model, after, i):
            continue
        yield from differences(d.name, d.type, before[i], after[i])


def differences(name: str, of: Type, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    match of:
        case ArrayType(index, element):
            for i, a, b in zip(values(index), old, new):
                yield from differences(f"{name}[{show_value(index, i)}]", element, a, b)
        case RecordType(_, fields):
            for (field, field_type), a, b in zip(fields, old, new):
                yield from differences(f"{name}.{field}", field_type, a, b)
        case _:
            yield f"{name}: {show_value(of, old)} -> {show_value(of, new)}"


def _is_live(model: Model, state: tuple[Any, ...], variable: int) -> bool:
    owner = model.variables[variable].process
    if owner is None:
        return True
    process = model.processes[owner]
    named = [name for name, index in process.locals if index == variable]
    place = standing(model, state, process)
    return process.variable is None or any(name in place.live for name in named)


def switches(model: Model, trace: Trace) -> int:
    """How often the process changes from one step to the next."""
    movers = [model.actions[s.action].process for s in trace.steps if isinstance(s, Step) and s.action is not None]
    return sum(a != b for a, b in zip(movers, movers[1:]))
