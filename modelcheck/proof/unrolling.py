"""A system over several steps: a state for each moment, choices and a transition between two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import z3

from modelcheck.proof.goals import Goal, Path
from modelcheck.system import Formula, SymbolicSystem


def transition(system: SymbolicSystem) -> Formula:
    """That some action leads from a state to the next."""
    return z3.Or([step.relation for step in system.steps])


@dataclass(slots=True)
class Unrolling:
    """`prefix` keeps the constants of several unrollings apart."""

    system: SymbolicSystem
    prefix: str
    step: Formula = field(init=False)
    states: list[tuple[Any, ...]] = field(default_factory=list)
    choices: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.step = transition(self.system)

    def at(self, formula: Formula, moment: int) -> Formula:
        """A formula over a state, choices and the next state, at a moment counted from 0."""
        self._reach(moment + 1)
        s = self.system
        return z3.substitute(
            formula,
            *zip(s.before, self.states[moment]),
            *zip(s.after, self.states[moment + 1]),
            *zip(s.choices, self.choices[moment]),
        )

    def initially(self, formula: Formula) -> Formula:
        """A formula over the choices of the initialisation and the state at 0."""
        self._reach(0)
        choices = _copies(self.system.choices, f"{self.prefix}i")
        return z3.substitute(formula, *zip(self.system.before, self.states[0]), *zip(self.system.choices, choices))

    def bad(self, goal: Goal, moment: int) -> Formula:
        """That it happens in the state at a moment, or in a step from there."""
        happens = self.at(goal.bad, moment)
        return z3.And(self.at(self.step, moment), happens) if goal.kind == "step" else happens

    def same(self, a: int, b: int) -> Formula:
        return z3.And([x == y for x, y in zip(self.states[a], self.states[b])])

    def _reach(self, moment: int) -> None:
        while len(self.states) <= moment:
            number = len(self.states)
            self.states.append(_copies(self.system.before, f"{self.prefix}{number}"))
            self.choices.append(_copies(self.system.choices, f"{self.prefix}{number}"))

    # --- from a model to a path ---

    def path(self, model: z3.ModelRef, goal: Goal, moment: int) -> Path:
        """The states up to what is bad at a moment, with the actions between them."""
        last = moment + 1 if goal.kind == "step" else moment
        rows = np.concatenate([self._row(model, i) for i in range(last + 1)])
        actions = (-1, *(self._taken(model, i) for i in range(last)))
        return Path(rows, actions, self._fault(model, moment) if goal.kind == "fault" else None)

    def _row(self, model: z3.ModelRef, moment: int) -> Any:
        return self.system.row([scalar(model, c) for c in self.states[moment]])

    def _taken(self, model: z3.ModelRef, moment: int) -> int:
        return next(s.action for s in self.system.steps if _is_true(model, self.at(s.relation, moment)))

    def _fault(self, model: z3.ModelRef, moment: int) -> tuple[int, int]:
        return next(
            (f.action, f.site)
            for f in self.system.faults
            if f.action >= 0 and _is_true(model, self.at(f.condition, moment))
        )


def _copies(constants: tuple[Any, ...], suffix: str) -> tuple[Any, ...]:
    return tuple(z3.Const(f"{c.decl().name()}@{suffix}", c.sort()) for c in constants)


def scalar(model: z3.ModelRef, constant: Any) -> bool | int:
    value = model.eval(constant, model_completion=True)
    return z3.is_true(value) if z3.is_bool(value) else value.as_long()


def _is_true(model: z3.ModelRef, formula: Formula) -> bool:
    return z3.is_true(model.eval(formula, model_completion=True))
