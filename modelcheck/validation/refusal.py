"""Why no run has a line of a log: for the states that fit the lines before, what keeps its steps from being taken.

Of all reasons those that come closest are told: a step at the wrong time is closer than one whose guard is false, and
that is closer than one of a process that stands elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable, Iterator

from modelcheck.ir import evaluate
from modelcheck.ir.explain import explain
from modelcheck.ir.logmap import StepName
from modelcheck.ir.printer import print_expr
from modelcheck.ir.timing import Constrain, Observe
from modelcheck.logs.events import Interval
from modelcheck.timed import dbm
from modelcheck.timed.dbm import Matrix
from modelcheck.timed.effects import Program, zone_ops
from modelcheck.validation.demands import Demand
from modelcheck.validation.matching import (
    Found,
    Node,
    Question,
    allows,
    hidden,
    leads,
    place_of,
    program_of,
    stands,
    unlike,
)
from modelcheck.validation.space import Edge, Timed

ELSEWHERE, BLOCKED, ANOTHER, NEVER_THEN, VALUE, TIME, STATE = range(7)  # how close a step comes
MOST = 3  # reasons that are told


@dataclass(frozen=True, slots=True)
class Allowed:
    """A step that was possible instead. word: the line that it would have left. times: from when to when, None: no
    limit. values: (quantity, least, greatest) of what the line would have shown."""

    title: str
    word: str
    times: tuple[int, int | None] | None
    values: tuple[tuple[str, int, int | None], ...]


@dataclass(frozen=True, slots=True)
class Reason:
    closeness: int
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """demand: its number. states: how many fit the lines before it."""

    demand: int
    reasons: tuple[Reason, ...]
    allowed: tuple[Allowed, ...]
    states: int


def refusal(question: Question, found: Found) -> Refusal:
    position = found.fits
    nodes, demand = found.layers[position], question.demands[position]
    reasons = {r: None for node in nodes for r in _reasons(question, demand, node)}
    closest = max((r.closeness for r in reasons), default=0)
    told = [r for r in reasons if r.closeness == closest]
    allowed = _merged(a for node in nodes for a in _allowed(question, node))
    states = len({node.state for node in nodes})
    return Refusal(position, tuple(told[:MOST]), tuple(allowed), states)


# --- reasons ----------------------------------------------------------------------------------------------------------


def _reasons(question: Question, demand: Demand, node: Node) -> Iterator[Reason]:
    state = question.space.natural(node.state)
    if not stands(question.model, demand, state):
        owners = dict.fromkeys(owner for owner, _ in demand.at or ())
        yield from (Reason(ELSEWHERE, "", _stands_at(question, owner, state)) for owner in owners)
        return
    if not demand.steps:
        yield from _late(question, demand, node)
    for step in demand.steps:
        for action in sorted(step.actions):
            edges = [e for e in question.space.edges(node.state) if e.action == action]
            title = question.model.action_title(action)
            if not edges:
                yield _not_enabled(question, action, title, state)
            for edge in edges:
                yield _not_taken(question, demand, step, node, edge, title)


def _late(question: Question, demand: Demand, node: Node) -> Iterator[Reason]:
    """Time does not come as far as the line: what must happen before?"""
    titles = [question.model.action_title(e.action) for e in question.space.edges(node.state)]
    told = f"`{'`, `'.join(dict.fromkeys(titles))}` would have come before" if titles else "time comes to an end before"
    times = _times(question, _elapsed(question, node))
    yield Reason(TIME, "", f"{told}, {_until(times)}")


def _until(times: tuple[int, int | None] | None) -> str:
    return f"by {times[1]} at the latest" if times and times[1] is not None else "in any case"


def _stands_at(question: Question, owner: int, state: tuple[object, ...]) -> str:
    place = place_of(question.model, owner, state)
    return f'{question.model.processes[owner].title} stands at "{place.label}"'


def _not_enabled(question: Question, action: int, title: str, state: tuple[object, ...]) -> Reason:
    """Of a step without successors: where its process stands, which guard is false, what fails."""
    model = question.model
    for blocked in evaluate.blockers(model, state, action):
        shown = blocked.span.text if blocked.span else print_expr(blocked.expr, model)
        place = f", line {blocked.span.line}" if blocked.span else ""
        if blocked.kind == "choose":
            return Reason(BLOCKED, title, f"`{shown}` is empty{place}")
        return Reason(BLOCKED, title, f"`{shown}` is false{place}{_because(question, blocked)}")
    for way in evaluate.outcomes(model, state, action):
        if way.failure is not None:
            return Reason(BLOCKED, title, f"it fails: {way.failure}")
    owner = model.actions[action].process
    return Reason(ELSEWHERE, title, "it cannot be taken" if owner is None else _stands_at(question, owner, state))


def _because(question: Question, blocked: evaluate.Blocked) -> str:
    """The values that make a guard false."""
    clauses = explain(question.model, blocked.expr, blocked.state, locals=blocked.locals).clauses
    atoms = dict(atom for clause in clauses for atom in clause.atoms)
    return f": {', '.join(f'{name} is {value}' for name, value in atoms.items())}" if atoms else ""


def _not_taken(question: Question, demand: Demand, step: StepName, node: Node, edge: Edge, title: str) -> Reason:
    """Of a step that is possible but for time and what the line says of it."""
    space, model = question.space, question.model
    if not leads(model, step, edge.target, edge.action, space):
        owner = model.actions[edge.action].process
        assert owner is not None
        place = place_of(model, owner, space.natural(edge.target)).label
        return Reason(ANOTHER, title, f'it leads to "{place}", not to "{step.to}"')
    zone = _elapsed(question, node)
    if not allows(question, demand, step, edge):
        return Reason(ANOTHER, title, _other_quantities(question, demand, edge))
    if isinstance(space, Timed):
        if space.take(zone, edge.program, edge.target) is None:
            return Reason(NEVER_THEN, title, _impossible(space, zone, edge))
        free = space.program(edge, Interval(), demand.pins, starts=False, runs=True)
        if space.take(zone, free, edge.target) is None:
            return Reason(VALUE, title, _values(question, space, demand, zone, edge))
        if space.take(zone, program_of(question, node.position, edge), edge.target) is None:
            return Reason(TIME, title, _another_time(question, space, zone, edge, free))
    differing = unlike(question, demand, edge.target)
    told = (f"{name} would be {value}, not {said}" for name, (value, said) in differing.items())
    return Reason(STATE, title, "; ".join(told))


def _other_quantities(question: Question, demand: Demand, edge: Edge) -> str:
    names = question.model.timing.quantities if question.model.timing else ()
    shown = edge.observed & question.mapping.shown if demand.exact else edge.observed
    lacking = [names[q] for q in sorted(frozenset(demand.pins) - shown)]
    more = [names[q] for q in sorted(shown - frozenset(demand.pins))]
    parts = [f"it does not observe {', '.join(lacking)}"] if lacking else []
    parts += [f"it also observes {', '.join(more)}, which no line shows here"] if more else []
    return "here " + " and ".join(parts)


def _impossible(space: Timed, zone: Matrix, edge: Edge) -> str:
    """The first condition on clocks that holds at no time."""
    d = zone.copy()
    for site in edge.program:
        if not dbm.run(d, space.n, zone_ops((site,), space.timing.dense)):
            place = site.site.span
            text = f"`{place.text}`, line {place.line}," if place else "a condition on clocks"
            what = "does not hold" if isinstance(site.site.op, Constrain) else "cannot be"
            return f"{text} {what} at any time that is possible here"
    return "a deadlock in time: it leads to where a deadline has passed"


def _values(question: Question, space: Timed, demand: Demand, zone: Matrix, edge: Edge) -> str:
    parts = []
    for quantity, (low, high) in demand.pins.items():
        found = _range(space, zone, edge.program, quantity)
        if found is not None and (found[0] > high or (found[1] is not None and found[1] < low)):
            said = str(low) if low == high else f"between {low} and {high}"
            parts.append(f"{space.timing.quantities[quantity]} would be {_between(*found)}, not {said}")
    return "; ".join(parts) or "what the line shows is not possible together"


def _between(low: int, high: int | None) -> str:
    return str(low) if low == high else f"{low} or more" if high is None else f"between {low} and {high}"


def _range(space: Timed, zone: Matrix, program: Program, quantity: int) -> tuple[int, int | None] | None:
    """The values that a step can observe in a zone."""
    d = zone.copy()
    for site in program:
        match site.site.op:
            case Observe(number, left, right) if number == quantity:
                low, high = space.range(d, left, right)
                return low + site.low, None if high is None else high + site.low
        if not dbm.run(d, space.n, zone_ops((site,), space.timing.dense)):
            return None
    return None


def _another_time(question: Question, space: Timed, zone: Matrix, edge: Edge, free: Program) -> str:
    reached = space.take(zone, free, edge.target)
    times = _times(question, reached) if reached is not None else None
    return f"it is possible {_when(question, times)} only"


def _when(question: Question, times: tuple[int, int | None] | None) -> str:
    unit = question.model.timing.unit if question.model.timing else ""
    if times is None:
        return "at other times"
    low, high = times
    return f"from {low} {unit} on" if high is None else f"between {low} and {high} {unit}"


def _elapsed(question: Question, node: Node) -> Matrix:
    if node.position == 0 and question.mapping.anywhere:
        return question.space.coarse(node.state, node.zone)
    return question.space.later(node.state, node.zone)


def _times(question: Question, zone: Matrix) -> tuple[int, int | None] | None:
    """By the log's clock."""
    space = question.space
    return space.range(zone, space.clock, 0) if isinstance(space, Timed) and zone else None


# --- what would have been allowed -------------------------------------------------------------------------------------


def _allowed(question: Question, node: Node) -> Iterator[Allowed]:
    """Steps that leave a line, and could be taken next."""
    space = question.space
    zone = _elapsed(question, node)
    for edge in space.edges(node.state):
        if hidden(question, edge):
            continue
        reached = space.take(zone, edge.program, edge.target)
        if reached is None:
            continue
        values = []
        if isinstance(space, Timed):
            for quantity in sorted(edge.observed & question.mapping.shown):
                found = _range(space, zone, edge.program, quantity)
                values += [(space.timing.quantities[quantity], *found)] if found else []
        times = _times(question, reached) if node.position > question.anchor else None
        yield Allowed(question.model.action_title(edge.action), _line_of(question, edge), times, tuple(values))


def _line_of(question: Question, edge: Edge) -> str:
    """What the LOG calls the line that a step leaves."""
    for entry in question.mapping.entries:
        quantities = frozenset(r.quantity for r in entry.readings)
        demand = replace(question.demands[0], pins={q: (0, 0) for q in quantities}, exact=True)
        if any(allows(question, demand, step, edge) for step in entry.steps):
            return entry.text if entry.moment == "line" else f"{entry.text} ({entry.moment})"
    return ""


def _merged(found: Iterable[Allowed]) -> list[Allowed]:
    """One for each step and line, with the whole range of its times and values."""
    merged: dict[tuple[str, str], Allowed] = {}
    for a in found:
        known = merged.get((a.title, a.word))
        merged[a.title, a.word] = a if known is None else _together(known, a)
    return list(merged.values())


def _together(a: Allowed, b: Allowed) -> Allowed:
    times = None if a.times is None or b.times is None else _hull(a.times, b.times)
    values = tuple((n, *_hull((x, y), (v, w))) for (n, x, y), (_, v, w) in zip(a.values, b.values))
    return replace(a, times=times, values=values)


def _hull(a: tuple[int, int | None], b: tuple[int, int | None]) -> tuple[int, int | None]:
    return min(a[0], b[0]), None if a[1] is None or b[1] is None else max(a[1], b[1])
