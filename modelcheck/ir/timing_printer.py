"""The time of a CORE model as text: clocks, deadlines and what each action does with them, for `modelcheck show`."""

from __future__ import annotations

from typing import Iterator

from modelcheck.ir.nodes import Model
from modelcheck.ir.printer import print_expr
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Observe, Reset, Timing


def print_timing(model: Model) -> str:
    """Empty for a model without time."""
    return "" if model.timing is None else "".join(f"{line}\n" for line in _lines(model, model.timing))


def _lines(model: Model, timing: Timing) -> Iterator[str]:
    yield f"{'dense' if timing.dense else 'discrete'} time{f' in {timing.unit}' if timing.unit else ''}"
    for clock in timing.clocks:
        kind = f"timer of at most {clock.maximum}" if clock.timer else "clock"
        yield f"{kind} {clock.name}{_where(model, clock.alive)}"
    for p in timing.params:
        yield f"parameter {p.name}: {p.low} .. {p.high}"
    for assumption in timing.assumptions:
        yield f"assume {_bound(model, assumption.bound)} {'>' if assumption.strict else '>='} 0"
    for deadline in timing.deadlines:
        yield f"deadline {_atom(model, deadline.atom)}{_where(model, deadline.predicate)}"
    yield from (f"no time passes{_where(model, number)}" for number in timing.urgent)
    yield from (f"committed{_where(model, number)}" for number, _ in timing.committed)
    yield from (f"no time passes where `{model.action_title(i)}` is possible" for i in sorted(timing.urgent_actions))
    for number, program in ((None, timing.initial), *enumerate(timing.programs)):
        if program:
            yield "initially" if number is None else model.action_title(number)
            yield from (f"    {_site(model, site)}" for site in program)
    for timed in timing.properties:
        yield f"{model.properties[timed.property].name}: found where"
        for predicate, atoms in timed.cases:
            told = [print_expr(model.predicates[predicate], model)] if predicate is not None else []
            yield "    " + (" and ".join([*told, *(_atom(model, a) for a in atoms)]) or "always")


def _where(model: Model, predicate: int | None) -> str:
    return "" if predicate is None else f" where {print_expr(model.predicates[predicate], model)}"


def _site(model: Model, site: ClockSite) -> str:
    assert model.timing is not None
    names = _names(model)
    match site.op:
        case Constrain(atom):
            text = f"only if {_atom(model, atom)}"
        case Reset(clock, low, high) if low == high:
            text = f"{names[clock]} := {_bound(model, low)}"
        case Reset(clock, low, high):
            text = f"{names[clock]} := {_bound(model, low)} .. {_bound(model, high)}"
        case Observe(quantity, left, right, offset):
            name = model.timing.quantities[quantity]
            text = f"{name} is {names[left]} - {names[right]} + {_bound(model, offset)}"
    return text if site.flag is None else f"if {model.variables[site.flag].name}: {text}"


def _names(model: Model) -> list[str]:
    return ["0", *(c.name for c in model.timing.clocks)] if model.timing else []


def _atom(model: Model, atom: Atom) -> str:
    names = _names(model)
    sides = names[atom.left] if not atom.right else f"{names[atom.left]} - {names[atom.right]}"
    return f"{sides} {'<' if atom.strict else '<='} {_bound(model, atom.bound)}"


def _bound(model: Model, bound: Bound) -> str:
    text = str(bound.constant)
    if bound.register is not None:
        text += f" + {bound.factor} * {model.variables[bound.register].name}"
    params = model.timing.params if model.timing else ()
    return text + "".join(f" + {by} * {params[number].name}" for number, by in bound.params)
