"""What is said of a timed trace beside its times: under which parameters this very interleaving is possible, and why
one that is asked for with `--pin` is not. Loaded when there is something to say: z3 is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Collection, Iterator, Mapping, Sequence

from modelcheck import passes
from modelcheck.exploring import Options, build
from modelcheck.instants import STUCK, timing_of
from modelcheck.ir import linear
from modelcheck.ir.nodes import Model, Property
from modelcheck.ir.surface import Program
from modelcheck.ir.timing import Observe, Timing
from modelcheck.result import PropertyResult, Result
from modelcheck.timed.interleaving import Impossible, conditions, impossible
from modelcheck.timed.parameters import Parametric
from modelcheck.timed.pins import pinned
from modelcheck.timed.polyhedra import Undecided
from modelcheck.timed.projection import Constraint
from modelcheck.trace import Trace

KINDS = ("invariant", "reachable", *STUCK)  # of traces whose steps all arrive


def with_conditions(
    result: Result,
    program: Program,
    spec: str | None,
    constants: Mapping[str, object],
    given: Collection[str],
) -> Result:
    """With a remark below each trace. given: the parameters that have their values from the constants."""
    model = passes.compile(program, spec, {n: v for n, v in constants.items() if n not in given})
    return replace(result, properties=tuple(_with_condition(p, model, result.model) for p in result.properties))


def _with_condition(answer: PropertyResult, model: Model, concrete: Model | None) -> PropertyResult:
    if answer.trace is None or answer.trace.kind not in KINDS or concrete is None:
        return answer
    target = next((p for p in model.properties if p.name == answer.name), None)
    timing, values = timing_of(model), dict(concrete.constants)
    try:
        parametric = _parametric(model, timing, target)
        found = conditions(parametric, _steps(answer.trace), [int(values[p.name]) for p in timing.params])
    except Undecided:
        found = None
    if found is None:
        remark = "Under which parameters this interleaving is possible was not found."
    else:
        text = linear.shown(found, [p.name for p in timing.params], integers=not timing.dense)
        remark = f"This interleaving is possible if and only if: {text}."
    return replace(answer, remarks=(*answer.remarks, remark))


def _parametric(model: Model, timing: Timing, target: Property | None) -> Parametric:
    return Parametric(model, timing, build(model, Options())[1], target)


def _steps(trace: Trace) -> list[tuple[int | None, tuple[Any, ...]]]:
    return [(s.action, s.state) for s in trace.steps]


# --- what cannot be ---------------------------------------------------------------------------------------------------


def impossible_with_pins(model: Model, trace: Trace, pins: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Why an interleaving is not possible with pinned quantities, in words. None of the lines where it is."""
    timing = timing_of(model)
    numbers = {timing.quantities.index(name): value for name, value in pins}
    held = replace(model, timing=pinned(timing, numbers))
    target = next((p for p in held.properties if p.name == trace.property), None)
    core = impossible(_parametric(held, timing_of(held), target), _parametric(model, timing, target), _steps(trace))
    if core is None:
        return ()
    told = ", ".join(f"{name} = {value}" for name, value in pins)
    what = f"`{trace.property}`" if trace.property else trace.kind
    head = f"The interleaving that shows {what} otherwise is not possible with {told}. These exclude each other:"
    return (head, *(f"  {line}" for line in _words(held, trace, core)))


def _words(model: Model, trace: Trace, core: Impossible) -> Iterator[str]:
    rows = [(_step(model, trace, c), _said(model, c), _place(c)) for c in core.constraints]
    first, second = (max(len(row[i]) for row in rows) for i in (0, 1))
    seen = dict.fromkeys(rows)
    for step, said, place in seen:
        yield f"{step:<{first}}  {said:<{second}}  {place}".rstrip()


def _step(model: Model, trace: Trace, c: Constraint) -> str:
    if c.step >= len(trace.steps):
        return "at the end"
    action = trace.steps[c.step].action
    title = "initially" if action is None else model.action_title(action)
    until = "until " if c.reason == "deadline" else ""
    return f"{until}step {c.step + 1}, {title}" if action is not None else title


def _place(c: Constraint) -> str:
    return f"({c.atom.span.place})" if c.atom is not None and c.atom.span is not None else ""


def _said(model: Model, c: Constraint) -> str:
    if c.atom is None:
        return "no time passes before it" if c.reason == "still" else "it comes after the step before it"
    timing, bound = timing_of(model), c.atom.bound[0]
    quantity = _pinned_at(timing, c)
    less, more = ("<", ">") if c.atom.strict else ("<=", ">=")
    unit = f" {timing.unit}" if timing.unit else ""
    if quantity is not None:
        return f"{quantity} is what was pinned"
    if c.atom.left and c.atom.right:
        left, right = (timing.clocks[x - 1].name for x in (c.atom.left, c.atom.right))
        return f"{left} - {right} {less} {bound}{unit}"
    clock = timing.clocks[(c.atom.left or c.atom.right) - 1]
    upper = bool(c.atom.left)
    if clock.timer and clock.maximum is not None:  # what remains is its maximum without the clock
        return f"{clock.name}.remaining {more if upper else less} {clock.maximum + (-bound if upper else bound)}{unit}"
    return f"{clock.name} {less if upper else more} {bound if upper else -bound}{unit}"


def _pinned_at(timing: Timing, c: Constraint) -> str | None:
    """The quantity whose observation stands where the constraint does."""
    if c.atom is None or c.reason != "guard":
        return None
    for site in (s for program in (timing.initial, *timing.programs) for s in program):
        if isinstance(site.op, Observe) and site.span == c.atom.span and site.span is not None:
            return timing.quantities[site.op.quantity]
    return None
