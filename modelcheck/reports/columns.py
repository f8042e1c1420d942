"""A trace with one column per process, at most 100 characters wide: ready to paste into a commit message.

Only processes that take a step have a column. Where there are too many for columns that can be read, they share one and
each step is prefixed with its process.
"""

from __future__ import annotations

from textwrap import wrap

from modelcheck.ir.nodes import Model
from modelcheck.reports.steps import BRACKET, INITIAL, StepView, bracketed, title, views
from modelcheck.trace import Trace

WIDTH = 100
NARROWEST = 14
GAP = 2


def render(model: Model, trace: Trace) -> str:
    lines = views(model, trace)
    first = next((v for v in lines if v.label == INITIAL and not v.process), None)
    rest = [v for v in lines if v is not first]
    time = max((len(v.time) for v in rest), default=0)
    margin = len(str(len(lines))) + 2 + GAP + (time + GAP if time else 0)
    owners = _in_order_of_the_model(model, {v.process for v in rest})
    width = (WIDTH - margin) // max(1, len(owners)) - GAP
    shared = width < NARROWEST
    if shared:
        owners, width = [""], WIDTH - margin - GAP
    out = [*_initial(first, margin), ""] if first else []
    if not shared and owners != [""]:
        out.append(" " * margin + "".join(_cell(owner, width) for owner in owners).rstrip())
    loop = trace.loop
    for view in rest:
        column = 0 if shared or view.process not in owners else owners.index(view.process)
        out += bracketed(_row(view, column, width, margin, shared), view.number, loop)
    if loop is not None:
        out.append(BRACKET[2] + " " * (margin - 1) + f"and again from {loop + 1}, for ever")
    return "\n".join(line.rstrip() for line in out) + "\n"


def _in_order_of_the_model(model: Model, involved: set[str]) -> list[str]:
    from_model = [p for p in dict.fromkeys(["", *_titles(model)]) if p in involved]
    return from_model or [""]


def _titles(model: Model) -> list[str]:
    return [title(process) for process in model.processes]


def _initial(view: StepView, margin: int) -> list[str]:
    text = "initially " + ", ".join(view.changes)
    body = wrap(text, WIDTH - margin, break_on_hyphens=False) or [""]
    head = f"{view.number:>{margin - GAP}}"
    return [head + " " * GAP + body[0], *(" " * margin + line for line in body[1:])]


def _row(view: StepView, column: int, width: int, margin: int, shared: bool) -> list[str]:
    owner = f"{view.process}: " if shared and view.process else ""
    texts = [owner + view.label, *(f"  {change}" for change in view.changes)]
    if view.source:
        texts.insert(1, f"  ({view.source})")
    body = [line for text in texts for line in _wrapped(text, width)]
    pad = " " * (column * (width + GAP))
    mark = f"{view.number}  {view.time}" if view.time else str(view.number)
    head = f"{mark:>{margin - GAP}}" + " " * GAP + pad
    return [head + body[0], *(" " * margin + pad + line for line in body[1:])]


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return wrap(text.strip(), width, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False)


def _cell(text: str, width: int) -> str:
    return text[:width].ljust(width + GAP)
