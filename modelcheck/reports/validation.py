"""What `validate` says: the run that a log is a record of, line by line, or the first line that no run has.

Times are shown since the log's first stamp; before it they are negative.
"""

from __future__ import annotations

import json as as_json
from fractions import Fraction
from textwrap import wrap
from typing import Any, Iterator

from modelcheck.errors import Diagnostic, render
from modelcheck.logs.events import whole_line
from modelcheck.reports import itf, times, why
from modelcheck.reports.steps import views
from modelcheck.reports.terminal import shown_constant
from modelcheck.validation import Validation
from modelcheck.validation.demands import Demand
from modelcheck.validation.refusal import Allowed, Refusal

NARROWEST = 36  # of the column of changes


def render_validation(v: Validation, *, width: int = 100, quiet: bool = False) -> str:
    """`quiet`: the verdict alone, and why."""
    constants = "".join(f", {name}={shown_constant(value)}" for name, value in v.given)
    parts = [f"{v.log.source.path}: a log for {v.model.path}: {v.model.name}{constants}"]
    match v.verdict:
        case "refused":
            assert v.refusal is not None
            parts += ["\n".join(_refused(v, v.refusal, width))]
        case "incomplete":
            parts += ["Incomplete: too many states fit the lines that were read; give more nodes with --max-states."]
        case _:
            parts += [] if quiet else ["\n".join(_run(v, width))]
            parts += [_verdict(v, width)]
    parts += [] if quiet else ["\n".join(_figures(v))]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


# --- a behaviour ------------------------------------------------------------------------------------------------------


def _run(v: Validation, width: int) -> Iterator[str]:
    """One row for each step: its line of the log, its time, who did what, what changed."""
    assert v.trace is not None
    rows = []
    for i, view in enumerate(views(v.model, v.trace)):
        line = v.demand_of[i]
        label = f"{view.label} ({view.source})" if view.source else view.label
        where = "" if line is None else _lines(v.demands.items[line])
        rows.append((where, _when(v, i), view.process, label, view.changes))
    sizes = [max(len(row[column]) for row in rows) for column in range(3)]
    label = max(len(row[3]) for row in rows)
    yield f"  {'line':>{max(4, sizes[0])}}"
    for lines, when, process, what, changes in rows:
        head = f"  {lines:>{max(4, sizes[0])}}  {when:>{sizes[1]}}  {process:<{sizes[2]}}  {what:<{label}}  "
        told = wrap("; ".join(changes), max(NARROWEST, width - len(head)), break_on_hyphens=False) or [""]
        yield (head + told[0]).rstrip()
        yield from (" " * len(head) + more for more in told[1:])


def _lines(demand: Demand) -> str:
    first, last = demand.lines
    return str(first) if first == last else f"{first}-{last}"


def _when(v: Validation, index: int) -> str:
    if v.trace is None or v.trace.timeline is None:
        return ""
    return times.shown(v.model, v.trace.timeline.instants[index].time - v.zero)


def _verdict(v: Validation, width: int) -> str:
    assert v.trace is not None
    at_end = [x for x in v.violations if x.at_end]
    lines = [f"A behaviour of {v.model.name}{_ends(v)}."]
    for x in v.violations:
        if not x.at_end:
            where = _lines(v.demands.items[x.first]) if x.first >= 0 else "the start"
            lines.append(f"`{x.name}` is violated on the way, after line {where}, in every run that fits.")
    for name in v.possible:
        lines.append(f"`{name}` may be violated at its end: it is in some of the runs that fit, not in all.")
    parts = ["\n".join(lines)]
    parts += [why.explain(v.model, v.trace, width=width)] if at_end else []
    return "\n\n".join(part.rstrip("\n") for part in parts)


def _ends(v: Validation) -> str:
    names = [f"`{x.name}` is violated" for x in v.violations if x.at_end and x.kind == "invariant"]
    names += ["nothing can ever happen again" for x in v.violations if x.at_end and x.name == "deadlock"]
    return f", which ends where {' and '.join(names)}" if names else ""


# --- none -------------------------------------------------------------------------------------------------------------


def _refused(v: Validation, refusal: Refusal, width: int) -> Iterator[str]:
    demand, source = v.demands.items[refusal.demand], v.log.source
    said = f"no run of {v.model.name} has this line after the lines before it"
    yield render(Diagnostic("L010", said, whole_line(source, demand.lines[0])))
    told: list[str] = []
    for reason in refusal.reasons:
        told.append(f"`{reason.step}`: {reason.text}" if reason.step else reason.text)
    window = _window(v, demand)
    yield ""
    yield f"It stands for {_stands_for(v, demand)}{window}."
    yield from _folded("Not possible", told, width)
    allowed = [_allowed(v, a) for a in refusal.allowed]
    yield from _folded("Possible there" if allowed else "Nothing that leaves a line is possible there", allowed, width)


def _stands_for(v: Validation, demand: Demand) -> str:
    names = dict.fromkeys(v.model.action_title(a) for s in demand.steps for a in sorted(s.actions))
    if names:
        return f"the step {' or '.join(f'`{name}`' for name in names)}"
    if demand.at is not None:
        places = {v.model.processes[p].title: v.model.processes[p].places[i].label for p, i in sorted(demand.at)}
        return " or ".join(f'{title} at "{label}"' for title, label in places.items()) or "a place that is not there"
    return "time that has passed"


def _window(v: Validation, demand: Demand) -> str:
    if v.model.timing is None or demand.window == type(demand.window)():
        return ""
    low = times.shown(v.model, Fraction(demand.window.low))
    high = demand.window.high
    return f", from {low} on" if high is None else f", between {low} and {times.shown(v.model, Fraction(high))}"


def _folded(head: str, items: list[str], width: int) -> Iterator[str]:
    if not items:
        return
    yield f"{head}:"
    for item in items:
        yield from wrap(
            item, max(40, width), initial_indent="  ", subsequent_indent="      ", break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip


def _allowed(v: Validation, a: Allowed) -> str:
    unit = v.model.timing.unit if v.model.timing else ""
    parts = [f"`{a.title}`" + (f", a line `{a.word}`" if a.word else "")]
    if a.times is not None:
        low, high = a.times
        parts.append(f"from {low} {unit} on" if high is None else f"between {low} and {high} {unit}")
    for name, low, high in a.values:
        values = f"{low} or more" if high is None else f"{low}" if low == high else f"{low} to {high}"
        parts.append(f"{name} {values}")
    return ", ".join(parts)


# --- figures ----------------------------------------------------------------------------------------------------------


def _figures(v: Validation) -> Iterator[str]:
    for entry in v.demands.cut:
        yield f"The log ends in the midst of `{entry}`: what it has of that says nothing yet."
    if v.demands.ignored:
        told = ", ".join(f"{name} ({count})" for name, count in v.demands.ignored.items())
        yield f"Passed over, as the spec says: {told}."
    if v.trace is not None and any(line is None for line in v.demand_of[1:]):
        yield "Steps without a line leave none; their times are some that fit."
    count, ignored = len(v.log.events), sum(v.demands.ignored.values())
    ends = f" There {'is 1 state' if v.ends == 1 else f'are {v.ends} states'} that it may end in." if v.trace else ""
    yield f"{count} {'event' if count == 1 else 'events'}, {ignored} of them passed over.{ends}"


# --- JSON -------------------------------------------------------------------------------------------------------------


def render_json(v: Validation) -> str:
    return as_json.dumps(validation_object(v), ensure_ascii=False)


def validation_object(v: Validation) -> dict[str, Any]:
    return {
        "format": "modelcheck/1",
        "spec": v.model.path,
        "name": v.model.name,
        "constants": {name: list(value) if isinstance(value, tuple) else value for name, value in v.model.constants},
        "log": v.log.source.path,
        "log_format": v.log.format,
        "verdict": v.verdict,
        "exit_code": v.exit_code,
        "violations": [
            {"name": x.name, "kind": x.kind, "line": _line_of(v, x.first), "at_end": x.at_end} for x in v.violations
        ],
        "possible": list(v.possible),
        "ignored": dict(v.demands.ignored),
        "cut": list(v.demands.cut),
        "refusal": _refusal_object(v, v.refusal),
        "trace": _trace_object(v),
    }


def _line_of(v: Validation, demand: int) -> int | None:
    return v.demands.items[demand].lines[0] if demand >= 0 else None


def _refusal_object(v: Validation, r: Refusal | None) -> dict[str, Any] | None:
    if r is None:
        return None
    allowed = [
        {"step": a.title, "line": a.word, "times": a.times and list(a.times), "values": _values(a)} for a in r.allowed
    ]
    demand = v.demands.items[r.demand]
    text = v.log.source.line(demand.lines[0])
    reasons = [{"step": x.step, "reason": x.text} for x in r.reasons]
    return {"line": demand.lines[0], "text": text, "reasons": reasons, "allowed": allowed, "states": r.states}


def _values(a: Allowed) -> dict[str, list[int | None]]:
    return {name: [low, high] for name, low, high in a.values}


def _trace_object(v: Validation) -> dict[str, Any] | None:
    if v.trace is None:
        return None
    steps = []
    for i, step in enumerate(v.trace.steps):
        line = v.demand_of[i]
        told: dict[str, Any] = {"line": None if line is None else v.demands.items[line].lines[0]}
        if v.trace.timeline is not None:
            told["time"] = str(v.trace.timeline.instants[i].time - v.zero)
            told["observed"] = {n: str(x) for at, n, x in v.trace.timeline.followed.observed if at == i}
        meta = itf.action_meta(v.model, step.action, step.chosen, bigint=False)
        steps.append({**meta, **told, "state": itf.encode_state(v.model, step.state, bigint=False)})
    unit = {"unit": v.model.timing.unit} if v.model.timing else {}
    return {**unit, "length": v.trace.length, "steps": steps}
