"""A check for people: what was asked, the counterexample step by step, why it is one, the figures.

A trace has one line per step: its number, the process, the label, the place in the modelled program where the spec
names one, and then only what changed. Nothing here needs the reader to know how model checkers work.
"""

from __future__ import annotations

from typing import Any, Iterator

from modelcheck.errors import render, render_all
from modelcheck.ir.nodes import Model
from modelcheck.ir.printer import show_value
from modelcheck.reports import columns as as_columns
from modelcheck.reports import coverage as as_coverage
from modelcheck.reports import why
from modelcheck.reports.steps import BRACKET, INITIAL, StepView, bracketed, views
from modelcheck.result import FailingPart, PropertyResult, Result, spare_fairness
from modelcheck.trace import Trace

BOLD, RED, GREEN, YELLOW, DIM, PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
NARROWEST = 36  # of the column of changes; below, they go to a line of their own

KIND_TITLES = {
    "invariant": "invariant `{name}` is violated",
    "action_invariant": "action invariant `{name}` is violated",
    "temporal": "temporal property `{name}` is violated",
    "deadlock": "deadlock",
    "quiescent": "nothing can ever happen again",
    "timelock": "time comes to an end",
    "assertion": "an assertion fails",
    "evaluation_error": "evaluation error",
    "reachable": "`{name}` is reachable",
    "simulation": "a random walk",
}
LIMITS = {
    "states": "the limit on states was reached",
    "depth": "the limit on depth was reached",
    "time": "the time limit was reached",
    "memory": "the memory limit was reached",
    "interrupt": "interrupted",
}


def render_result(
    result: Result,
    *,
    color: bool = False,
    width: int = 100,
    columns: bool = False,
    coverage: bool = False,
    witness: str | None = None,
    quiet: bool = False,
    verbose: bool = False,
) -> str:
    """`quiet`: the verdict and what is wrong, no figures. `verbose`: also every property that holds, the back end and
    the whole first state of long traces. `columns`, `coverage`, `witness`: as on the command line."""
    paint = _painter(color)
    if result.diagnostics:
        return render_all(result.diagnostics) + "\n"
    model = result.model
    assert model is not None
    parts = [paint(title(result), BOLD)]
    for answer in sorted(result.properties, key=lambda a: (a.kind, a.name) != (result.kind, result.property)):
        if answer.trace is not None and (answer.verdict == "violated" or answer.name == witness):
            parts.append(_answer(model, answer, paint, width, columns))
    parts += [_core(model, answer, paint, width) for answer in result.properties if answer.core is not None]
    parts.append(_verdict(result, paint))
    spare = spare_fairness(result)
    parts += why.folded([f"No temporal property needs: {', '.join(spare)}."], width) if spare else []
    parts.append("\n".join(result.remarks))
    parts += [_properties(result, paint)] if verbose and result.properties else []
    parts += [] if quiet else [_remarks(result, paint, verbose)]
    parts += [as_coverage.render(result)] if coverage and result.exploration is not None else []
    parts += [] if quiet else [statistics(result, verbose=verbose)]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def _painter(color: bool) -> Any:
    return lambda text, *codes: f"{''.join(codes)}{text}{PLAIN}" if color and text else text


MANY = 8  # constants; of more, only those are named that were given a value


def title(result: Result) -> str:
    """Path, class and constants."""
    shown, rest = result.constants, []
    if len(shown) > MANY and result.model is not None:
        shown = tuple(c for c in shown if c[0] in result.model.given)
        rest = [f"{len(result.constants) - len(shown)} constants as in the file"]
    return ", ".join([f"{result.path}: {result.name}", *(f"{n}={shown_constant(v)}" for n, v in shown), *rest])


def shown_constant(value: Any) -> str:
    """As `-D` takes it: `3`, `true`, `a,b,c`."""
    if isinstance(value, tuple):
        return ",".join(map(shown_constant, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- one property -----------------------------------------------------------------------------------------------------


def _answer(model: Model, answer: PropertyResult, paint: Any, width: int, columns: bool) -> str:
    trace = answer.trace
    assert trace is not None
    head = heading(trace)
    wrong = answer.verdict == "violated"
    shown = as_columns.render(model, trace) if columns else render_trace(model, trace, width=width, paint=paint)
    width = as_columns.WIDTH if columns else width
    reason = why.explain(model, trace, width=width)
    if trace.kind == "temporal":
        reason = "\n".join(why.folded(_failing(model, answer), width))
    remarks = "\n".join(why.folded(answer.remarks, width))
    parts = (paint(head, BOLD, RED if wrong else GREEN), shown, reason, remarks)
    return "\n\n".join(part.rstrip("\n") for part in parts if part)


def _failing(model: Model, answer: PropertyResult) -> Iterator[str]:
    """What a temporal property means, and which part of it fails."""
    yield from why.head(next(p for p in model.properties if p.name == answer.name))
    if answer.part is not None:
        yield f"  {_part(answer.part)}"


def _part(part: FailingPart) -> str:
    """`What fails is `leads_to(self.a[q], self.b[q])` for q = 1, line 12.`"""
    values = ", ".join(f"{name} = {show_value(of, value)}" for name, value, of in part.instance)
    instance = f" for {values}" if values else ""
    return f"What fails is `{part.text}`{instance}" + (f", line {part.span.line}." if part.span else ".")


def _core(model: Model, answer: PropertyResult, paint: Any, width: int) -> str:
    """Which fairness a temporal property needs, each with the run that appears without it."""
    needed = answer.core or ()
    head = f"`{answer.name}` needs {'this fairness, and fails without any one of it' if needed else 'no fairness'}:"
    parts = [paint(head.rstrip(":") + "." if not needed else head, BOLD)]
    for member in needed:
        parts.append(f"Without {member.fairness} fairness of {member.title}:")
        parts.append(render_trace(model, member.trace, width=width, paint=paint).rstrip("\n"))
        told = (*([_part(member.part)] if member.part else []), *member.remarks)
        parts.append("\n".join(why.folded(told, width)))
    if answer.unneeded:
        parts += why.folded([f"Declared beyond that: {', '.join(answer.unneeded)}."], width)
    return "\n\n".join(part for part in parts if part)


def heading(trace: Trace) -> str:
    """`Invariant `x` is violated after 6 steps:`."""
    text = KIND_TITLES[trace.kind].format(name=trace.property)
    steps = max(0, trace.length - 1) + (trace.failure is not None and trace.failure.action is not None)
    when = "in an initial state" if steps == 0 else "after 1 step" if steps == 1 else f"after {steps} steps"
    if trace.kind == "quiescent" and trace.timeline and trace.timeline.end > trace.timeline.instants[-1].time:
        when = f"some time {when if steps else 'after an initial state'}"
    times = "1 switch" if trace.switches == 1 else f"{trace.switches} switches"
    switched = "" if trace.switches is None else f", {times} between processes"
    states = f" ({trace.length} states)" if steps else ""
    return f"{text[0].upper()}{text[1:]} {when}{states}{switched}:"


def render_trace(model: Model, trace: Trace, *, width: int = 100, paint: Any = None) -> str:
    """One line per step; changes that do not fit are continued below the first."""
    paint = paint or _painter(False)
    lines = views(model, trace)
    number = len(str(lines[-1].number)) if lines else 1
    process = max((len(v.process) for v in lines), default=0)
    time = max((len(v.time) for v in lines), default=0)
    label = max((len(_labelled(v)) for v in lines if v.label != INITIAL), default=0)
    out = []
    for view in lines:
        if view.label == INITIAL and not view.process:
            rows = _initially(view, number, width)
        else:
            owner = f"{view.process:<{process}}  " if process else ""
            when = f"{view.time:>{time}}  " if time else ""
            rows = _wrapped(f"  {view.number:>{number}}  {when}{owner}{_labelled(view):<{label}}  ", view, width, paint)
        out += bracketed(rows, view.number, trace.loop)
    if trace.loop is not None:
        out.append(f"{BRACKET[2]} {'':>{number}}  and again from {trace.loop + 1}, for ever")
    return "\n".join(line.rstrip() for line in out) + "\n"


def _initially(view: StepView, number: int, width: int) -> list[str]:
    """The first state: everything is new in it, so it has the whole width."""
    head, indent = f"  {view.number:>{number}}  initially ", " " * (number + 4)
    rows = _filled((head + view.changes[0], *view.changes[1:]), width - len(indent), ",") if view.changes else [head]
    return [rows[0], *(indent + row for row in rows[1:])]


def _labelled(view: StepView) -> str:
    return f"{view.label} ({view.source})" if view.source else view.label


def _wrapped(head: str, view: StepView, width: int, paint: Any) -> list[str]:
    """The line of a step. Where the margin leaves no room, the changes start below, indented."""
    narrow = width - len(head) < NARROWEST
    indent = 10 if narrow else len(head)
    rows = _filled(view.changes, max(NARROWEST, width - indent), ";") or [""]
    rows = [paint(row, RED) if view.fails else row for row in rows]
    if narrow and view.changes:
        return [head, *(" " * indent + row for row in rows)]
    return [head + rows[0], *(" " * indent + row for row in rows[1:])]


def _filled(items: tuple[str, ...], width: int, separator: str) -> list[str]:
    """Items joined into lines of at most `width`, broken between items only."""
    rows: list[str] = []
    for i, item in enumerate(items):
        text = item + (separator if i < len(items) - 1 else "")
        if rows and len(rows[-1]) + 1 + len(text) <= width:
            rows[-1] += " " + text
        else:
            rows.append(text)
    return rows


# --- the verdict ------------------------------------------------------------------------------------------------------


def _verdict(result: Result, paint: Any) -> str:
    failed = [p for p in result.properties if p.verdict == "violated"]
    match result.verdict:
        case "holds":
            return paint(_everything_holds(result), BOLD, GREEN)
        case "vacuous":
            return paint("Vacuous: nothing is violated, but not everything that holds says something.", BOLD, YELLOW)
        case "incomplete":
            return paint(_incomplete(result), BOLD, YELLOW)
    names = ", ".join(p.kind.replace("_", " ") if p.name == p.kind else f"`{p.name}`" for p in failed)
    text = f"Violated: {names}." if names else "Error."
    return paint(text, BOLD, RED) + (f"\n{LIMITS[result.stopped].capitalize()}." if result.stopped else "")


def _everything_holds(result: Result) -> str:
    """Says what was checked, and nothing more."""
    held = [p.name for p in result.properties if p.verdict == "holds" and p.kind not in ("reachable", "temporal")]
    reached = [p.name for p in result.properties if p.verdict == "holds" and p.kind == "reachable"]
    lasting = [p.name for p in result.properties if p.verdict == "holds" and p.kind == "temporal"]
    parts = [f"{_listed(held)} {_hold(held)}"] if held else []
    parts += [f"{_listed(reached)} {'are' if len(reached) > 1 else 'is'} reached"] if reached else []
    parts += [f"there is no {'deadlock, ' if result.deadlock else ''}failed assert or evaluation error"]
    text = f"In all {_space(result)}: {'; '.join(parts)}."
    return f"{text}\nOn every fair behaviour: {_listed(lasting)} {_hold(lasting)}." if lasting else text


def _space(result: Result) -> str:
    """What was searched."""
    count, timing = result.statistics.distinct, result.model.timing if result.model else None
    if timing is None:
        return f"{count} reachable states"
    if not result.pruned:
        return f"{count} states that are reachable with time ignored"
    return f"{count} zones, for all timings in {'dense' if timing.dense else 'discrete'} time"


def _hold(names: list[str]) -> str:
    return "hold" if len(names) > 1 else "holds"


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"all {len(names)} properties"


def _incomplete(result: Result) -> str:
    figures, walks = result.statistics, result.walks
    if walks:
        told = f"{walks.count} random walks took {walks.steps} steps, the longest through {walks.longest} states"
        return f"Incomplete: no violation; {told}. Walks prove nothing."
    seen = f"Incomplete: no violation in the {figures.distinct} states seen, {figures.queued} left on the queue"
    if result.stopped:
        return f"{seen}; {LIMITS[result.stopped]}."
    cut = figures.constrained
    if cut:
        names = [p.name for p in result.model.properties if p.kind == "constraint"] if result.model else []
        states = "1 state was" if cut == 1 else f"{cut} states were"
        return f"{seen}; {states} not expanded, by the constraint {', '.join(names)}."
    return f"{seen}."


def _properties(result: Result, paint: Any) -> str:
    width = max(len(p.name) for p in result.properties)
    colors = {"holds": GREEN, "violated": RED, "error": RED}
    rows = (f"  {p.name:<{width}}  {paint(p.verdict, colors.get(p.verdict, YELLOW))}" for p in result.properties)
    return "\n".join(rows)


def _remarks(result: Result, paint: Any, verbose: bool) -> str:
    """What was never exercised, and notes: those on imported files are counted, unless `verbose`."""
    parts = []
    for v in result.vacuity:
        place = f"{v.span.place}: " if v.span else ""
        parts.append(f"{place}{paint('vacuous', YELLOW)}: {v.message}\n      = accept it with --allow-vacuous {v.name}")
    shown = [note.diagnostic for note in result.notes if verbose or note.diagnostic.is_in(result.path)]
    others = len(result.notes) - len(shown)
    parts += [render(diagnostic) for diagnostic in shown]
    parts += [f"{others} note{'s' if others > 1 else ''} on imported files: -v shows them."] if others else []
    return "\n\n".join(parts)


def statistics(result: Result, *, verbose: bool = False) -> str:
    """The lines that people grep for, word for word. A simulation has neither."""
    s = result.statistics
    if result.walks:
        return f"{s.generated} states generated, seed {result.walks.seed}."
    lines = [
        f"{s.generated} states generated, {s.distinct} distinct states found, {s.queued} states left on queue.",
        f"The depth of the complete state graph search is {s.depth}.",
    ]
    if s.omission:
        lines.append(f"The store was compact: the probability that a state was missed is about {s.omission:.1e}.")
    if verbose:
        rate = s.generated / s.seconds if s.seconds else 0
        lines.append(f"{s.seconds:.2f} s, {rate:,.0f} states per second, back end {result.backend}.")
        lines += [f"{result.exploration.native}."] if result.exploration and result.exploration.native else []
    return "\n".join(lines)
