"""How the times of a trace read: when a step was taken, what it did with clocks, what they show at the end."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, lcm
from typing import Iterator

from modelcheck.errors import Span
from modelcheck.ir import clockwork, evaluate
from modelcheck.ir.clockwork import Clocks, Refused
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import Atom, Bound
from modelcheck.trace import Trace


def shown(model: Model, time: Fraction) -> str:
    """`24203 ns`, `3/2 s`."""
    unit = model.timing.unit if model.timing else ""
    return f"{time} {unit}".rstrip()


def at(model: Model, trace: Trace, index: int) -> str:
    """When state number `index` was reached; "" in a model without time."""
    return shown(model, trace.timeline.instants[index].time) if trace.timeline else ""


def at_end(model: Model, trace: Trace) -> str:
    return shown(model, trace.timeline.end) if trace.timeline else ""


def changes(model: Model, trace: Trace, index: int) -> Iterator[str]:
    """What a step did with clocks beyond what the spec says: timers that it armed, unknown values, what it noted."""
    if trace.timeline is None or model.timing is None:
        return
    for clock, value, is_open in trace.timeline.followed.set_to[index]:
        declared = model.timing.clocks[clock - 1]
        if declared.timer:
            yield f"{declared.name} is due in {shown(model, (declared.maximum or 0) - value)}"
        elif is_open:
            yield f"{declared.name} = {shown(model, value)}"
    for step, name, value in trace.timeline.followed.observed:
        if step == index:
            yield f"{name} is {shown(model, value)}"


def relevant(model: Model, trace: Trace) -> set[int]:
    """The clocks that a trace was found for: those of its property, of a deadline that stops time."""
    timing, state = model.timing, trace.steps[-1].state
    if timing is None:
        return set()
    atoms = [a for t in timing.properties if model.properties[t.property].name == trace.property
             for _, case in t.cases for a in case]  # fmt: skip
    if trace.kind == "timelock":
        holds = (d for d in timing.deadlines if d.predicate is None or evaluate.predicate(model, d.predicate, state))
        atoms += [d.atom for d in holds]
    return {clock for a in atoms for clock in (a.left, a.right) if clock}


def clocks(model: Model, trace: Trace, values: Clocks) -> Iterator[tuple[str, str]]:
    """(name, value) of every clock that matters at the end of a trace; of each timer that runs, what remains."""
    state, wanted = trace.steps[-1].state, relevant(model, trace)
    for number, declared in enumerate(model.timing.clocks if model.timing else (), 1):
        if declared.alive is not None and not evaluate.predicate(model, declared.alive, state):
            continue
        if declared.timer:
            left = (declared.maximum or 0) - values[number]
            yield f"{declared.name}.remaining", shown(model, max(left, Fraction(0)))
        elif number in wanted:
            yield declared.name, shown(model, values[number])


def last_look(model: Model, trace: Trace) -> Iterator[str]:
    """What the clocks show when what was looked for holds: the last line below a trace with times."""
    if trace.timeline is None or not trace.steps or trace.failure is not None:
        return
    told = [f"{name} = {value}" for name, value in clocks(model, trace, trace.timeline.at_end)]
    if told:
        yield f"At {at_end(model, trace)}: {', '.join(told)}."
    delay = _to_the_end(model, trace)
    if delay:
        yield f"Time can go on to {shown(model, trace.timeline.end + delay)}; what is said below is said of then."


def too_late(model: Model, trace: Trace) -> str:
    """Of a quiescent state in which a step was possible at first: when the last one was. "after 5 us" where it could
    still be taken then, "from 5 us on" where it could not; "" where none was possible at all."""
    if trace.kind != "quiescent" or trace.timeline is None or model.timing is None:
        return ""
    state, arrived = trace.steps[-1].state, trace.timeline.instants[-1].time
    clocks = trace.timeline.followed.clocks[-1]

    def possible(delay: Fraction) -> bool:
        return clockwork.stuck(model, state, clockwork.delayed(model, state, clocks, delay)) is None

    if not possible(Fraction(0)):
        return ""
    # Whether a step is possible changes where a clock shows a whole number; once there is none, there is none for ever.
    grid = lcm(*(c.denominator for c in clocks), arrived.denominator)
    low, high = 0, ceil((trace.timeline.end - arrived) * grid)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if possible(Fraction(middle, grid)) else (low, middle)
    if model.timing.dense and possible(Fraction(low + high, 2 * grid)):
        return f"from {shown(model, arrived + Fraction(high, grid))} on"
    return f"after {shown(model, arrived + Fraction(low, grid))}"


def _to_the_end(model: Model, trace: Trace) -> Fraction:
    """In a timelock, what is left of time; else 0."""
    if trace.timeline is None or trace.kind != "timelock":
        return Fraction(0)
    return clockwork.longest_delay(model, trace.steps[-1].state, trace.timeline.at_end) or Fraction(0)


def refusals(model: Model, trace: Trace, action: int) -> Iterator[str]:
    """What of time stops a step whose conditions on the state alone hold, at the end of a trace; of a timelock, at the
    end of time."""
    timing, timeline, state = model.timing, trace.timeline, trace.steps[-1].state
    if timing is None or timeline is None or not evaluate.outcomes(model, state, action):
        return
    if clockwork.waits_for_committed(model, state, action):
        yield "a process is at a committed label, and goes first"
        return
    clocks = clockwork.delayed(model, state, timeline.at_end, _to_the_end(model, trace))
    places: dict[tuple[bool, Span | None], list[Refused]] = {}
    for found in clockwork.refused(model, state, clocks, action):
        places.setdefault((found.deadline, found.span), []).append(found)
    for (deadline, span), alternatives in places.items():
        line = f", line {span.line}" if span else ""
        told = dict.fromkeys(condition(model, found) for found in alternatives)
        # A test that holds in several ways, or whose timers may be off, is told as it is written.
        what = next(iter(told)) if len(told) == 1 or span is None else span.text.splitlines()[0]
        yield f"{'it would miss a deadline' if deadline else 'too early or too late'}{line}: {what}"


def condition(model: Model, found: Refused) -> str:
    """`x <= 3 h is false: x = 5 h`."""
    test, seen = _test(model, found.atom, found.bound, found.clocks)
    return f"{test} is false: {seen}"


def conditions(model: Model, trace: Trace, atoms: tuple[Atom, ...]) -> Iterator[str]:
    """Of the conditions on clocks for which a trace was found, the same; what an invariant says is their contrary."""
    assert trace.timeline is not None
    for atom in atoms:
        bound = clockwork.value(atom.bound, ())
        wanted = trace.kind == "reachable"
        if not wanted:
            atom, bound = Atom(atom.right, atom.left, Bound(-bound), not atom.strict), -bound
        test, seen = _test(model, atom, bound, trace.timeline.at_end)
        yield f"{test} is {'true' if wanted else 'false'}: {seen}"


def _test(model: Model, atom: Atom, limit: int, clocks: Clocks) -> tuple[str, str]:
    """`x <= 3 h`, `x = 5 h`. Of a timer, what remains is told: its clock shows the maximum less that."""
    timing, (left, right) = model.timing, (atom.left, atom.right)
    assert timing is not None
    parts, bound, total = [], Fraction(limit), Fraction(0)
    for clock, sign in ((left, 1), (right, -1)):
        if clock:
            declared, seen = timing.clocks[clock - 1], clocks[clock]
            if declared.timer:
                most = declared.maximum or 0
                parts.append((-sign, f"{declared.name}.remaining"))
                bound, total = bound - sign * most, total - sign * (most - seen)
            else:
                parts.append((sign, declared.name))
                total += sign * seen
    below = any(sign > 0 for sign, _ in parts)
    if not below:
        parts, bound, total = [(1, name) for _, name in parts], -bound, -total
    names = _sum(sorted(parts, key=lambda part: -part[0]))
    relation = ("<" if below else ">") + ("" if atom.strict else "=")
    return f"{names} {relation} {shown(model, bound)}", f"{names} = {shown(model, total)}"


def _sum(parts: list[tuple[int, str]]) -> str:
    (_, first), *others = parts
    return first + "".join(f" {'+' if sign > 0 else '-'} {name}" for sign, name in others)
