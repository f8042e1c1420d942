"""One interleaving: under which parameters it is possible, and, where it is not, which of its constraints exclude each
other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Iterator, Sequence

import numpy as np
import z3

from modelcheck.errors import InternalError
from modelcheck.ir import linear
from modelcheck.ir.linear import Polyhedron
from modelcheck.timed.parameters import Parametric
from modelcheck.timed.polyhedra import MILLISECONDS, space_of
from modelcheck.timed.projection import Constraint, System, possible

MOST_WAYS = 64  # in which the steps of an interleaving are looked at: one step may have several

Steps = Sequence[tuple[int | None, tuple[Any, ...]]]  # (action, state), registers not looked at


@dataclass(frozen=True, slots=True)
class Impossible:
    """Constraints that exclude each other, no one of them superfluous, in order of the steps."""

    constraints: tuple[Constraint, ...]


def conditions(parametric: Parametric, steps: Steps, point: Sequence[int]) -> Polyhedron | None:
    """The parameters under which the steps can be taken, as they are at this point; None where no way of taking them is
    found there."""
    for system in _systems(parametric, steps):
        found = possible(system, parametric.extents)
        if linear.holds(found, point):
            return space_of(parametric.timing).lean(found)
    return None


def impossible(parametric: Parametric, free: Parametric, steps: Steps) -> Impossible | None:
    """Why the steps cannot be taken, for a model whose parameters have values; None where they can, or where z3 does
    not say. free: the model without what is thought to exclude them; a way that is possible there is preferred."""
    found: Impossible | None = None
    for system, freely in zip(_systems(parametric, steps), _systems(free, steps), strict=True):
        core = _core(system)
        if core is None:
            return None
        if _core(freely) is None:
            return Impossible(core)
        found = found or Impossible(core)
    return found


def _systems(parametric: Parametric, steps: Steps) -> Iterator[System]:
    """The constraints of every way in which the steps can be taken, and the property fail at the end."""
    ways, state = [], None
    for action, target in steps:
        here = _ways(parametric, state, action, target)
        if not here:
            raise InternalError("a step of a trace is not found again")
        ways.append(here)
        state = here[0][1]
    ends = parametric.cases(state) if state is not None else []
    for taken, end in islice(product(product(*ways), ends or [()]), MOST_WAYS):
        path = parametric.path(taken, end)
        yield System(path, parametric.n, len(parametric.extents), dense=parametric.timing.dense)


def _ways(
    parametric: Parametric, state: int | None, action: int | None, target: tuple[Any, ...]
) -> list[tuple[int, int]]:
    """(program, state) of each way to take a step."""
    discrete = parametric.discrete
    if state is None:
        answer = parametric.effects.initial()
        assert answer.effect is not None
        numbers = discrete.numbers(answer.target)
        discrete.settle(numbers)
        found = list(zip(answer.effect.tolist(), numbers.tolist()))
    else:
        discrete.expand(np.array([state], np.int64))
        taken = discrete.action.values
        found = [(p, t) for number, p, t in parametric.plain.steps(state) if taken[number] == action]
    return list(dict.fromkeys((p, t) for p, t in found if _same(parametric, t, target)))


def _same(parametric: Parametric, number: int, state: tuple[Any, ...]) -> bool:
    layout, count = parametric.effects.layout, len(parametric.model.variables) - len(parametric.timing.registers)
    return layout.decode(layout.unpack(parametric.discrete.rows[number : number + 1])[0])[:count] == state[:count]


def _core(system: System) -> tuple[Constraint, ...] | None:
    """Those of its constraints that exclude each other; None where they do not."""
    number = z3.Real if system.dense else z3.Int
    times: list[Any] = [number(f"t{i}") for i in range(system.unknowns)]
    solver = z3.Solver()
    solver.set("timeout", MILLISECONDS)
    names = [z3.Bool(f"c{i}") for i in range(len(system.constraints))]
    for name, c in zip(names, system.constraints):
        difference = times[c.above] - times[c.below]
        solver.add(z3.Implies(name, difference < c.bound[0] if c.strict else difference <= c.bound[0]))
    if solver.check(names) != z3.unsat:
        return None
    left = [i for i, name in enumerate(names) if any(name.eq(kept) for kept in solver.unsat_core())]
    for i in tuple(left):
        rest = [k for k in left if k != i]
        if solver.check([names[k] for k in rest]) == z3.unsat:
            left = rest
    return tuple(system.constraints[i] for i in left)
