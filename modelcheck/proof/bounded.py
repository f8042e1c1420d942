"""Bounded model checking: is there a path of so many steps from an initial state to something bad?"""

from __future__ import annotations

from dataclasses import dataclass, field

import z3

from modelcheck.proof.goals import Goal, Path
from modelcheck.proof.solving import Budget, refuted, satisfiable
from modelcheck.proof.unrolling import Unrolling, scalar
from modelcheck.system import Formula, SymbolicSystem


@dataclass(slots=True)
class Bounded:
    """Asks depth after depth: `search` for 0, 1, .. in this order. `exhausted`: no path is as long as the last depth
    asked, so that nothing is left to find."""

    system: SymbolicSystem
    solver: z3.Solver = field(default_factory=z3.Solver)
    paths: Unrolling = field(init=False)
    depth: int = -1
    exhausted: bool = False

    def __post_init__(self) -> None:
        self.paths = Unrolling(self.system, "")
        self.solver.add(self.paths.initially(self.system.initial))

    def deepen(self, limit: Budget) -> bool | None:
        """Goes on to paths with one step more; False where there are none, None where that is not known."""
        self.depth += 1
        if self.depth:
            self.solver.add(self.paths.at(self.paths.step, self.depth - 1))
        self.solver.add(self.paths.at(self.system.typed, self.depth))
        answer = satisfiable(self.solver, limit)
        self.exhausted = answer is False
        return answer

    def search(self, goal: Goal, limit: Budget) -> Path | bool | None:
        """A path of `depth` steps to the goal; False where there is none, None where that is not known."""
        if self.depth == 0 and (failing := self._initially(goal, limit)) is not False:
            return failing
        if z3.is_false(goal.bad):
            return False
        bad = self.paths.bad(goal, self.depth)
        self.solver.push()
        try:
            self.solver.add(bad)
            answer = satisfiable(self.solver, limit)
            return self.paths.path(self.solver.model(), goal, self.depth) if answer else answer
        finally:
            self.solver.pop()

    def _initially(self, goal: Goal, limit: Budget) -> Path | bool | None:
        """Whether the initialisation itself fails."""
        if z3.is_false(z3.simplify(goal.initial)):
            return False
        solver = z3.Solver()
        solver.add(goal.initial)
        answer = satisfiable(solver, limit)
        if not answer:
            return answer
        model = solver.model()
        site = next(
            f.site for f in self.system.faults if f.action < 0 and z3.is_true(model.eval(f.condition, True))
        )
        return Path(self.system.row([scalar(model, c) for c in self.system.before])[:0], (), (-1, site))


def keeps_types(system: SymbolicSystem, step: Formula, limit: Budget) -> bool:
    """Whether the initial states are typed and every step from a typed state leads to one: what the back end promises
    of its formulas, asked of the solver."""
    typed_after = z3.substitute(system.typed, *zip(system.before, system.after))
    return refuted(limit, system.initial, z3.Not(system.typed)) and refuted(
        limit, system.typed, step, z3.Not(typed_after)
    )
