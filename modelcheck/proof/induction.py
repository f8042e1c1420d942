"""k-induction: where k states in a row are good, the next one is.

Several goals are proved together: each is assumed of the k states, and the goals that do not follow are left out until
the others do (Houdini). It is enough to look at paths without a repeated state, since a shortest way to something bad
has none; two states that a model has equal are told to differ, where that comes up.

Sources: Sheeran, Singh, Stalmarck, "Checking safety properties using induction and a SAT-solver", FMCAD 2000;
Flanagan, Leino, "Houdini, an annotation assistant for ESC/Java", FME 2001.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, Sequence

import z3

from modelcheck.proof.goals import Answer, Goal
from modelcheck.proof.solving import Budget, satisfiable
from modelcheck.proof.unrolling import Unrolling
from modelcheck.system import SymbolicSystem


@dataclass(slots=True)
class Induction:
    """Depth after depth: `deepen`, then `proved`. The base case is the caller's: nothing bad on the first k states."""

    system: SymbolicSystem
    solver: z3.Solver = field(default_factory=z3.Solver)
    paths: Unrolling = field(init=False)
    depth: int = 0
    assumed: dict[str, tuple[str, Any]] = field(default_factory=dict)  # name of a flag -> (goal, flag)
    distinct: bool = False

    def __post_init__(self) -> None:
        self.paths = Unrolling(self.system, "k")
        self.solver.add(self.paths.at(self.system.typed, 0))

    def deepen(self) -> None:
        """One state more in a row."""
        self.solver.add(self.paths.at(self.paths.step, self.depth))
        self.depth += 1
        self.solver.add(self.paths.at(self.system.typed, self.depth))

    def proved(self, goals: Sequence[Goal], lemmas: Sequence[Goal], limit: Budget) -> list[Answer]:
        """Those of the goals that follow at this depth, all together. lemmas: goals that are proved already."""
        known = [flag for goal in lemmas for flag in self._flags(goal, self.depth + 1)]
        left, needs = list(goals), {}
        while True:
            assumed = [*known, *(flag for goal in left for flag in self._flags(goal, self.depth))]
            needs = {goal.name: self._follows(goal, assumed, limit) for goal in left}
            if None not in needs.values():
                break
            left = [goal for goal in left if needs[goal.name] is not None]
        return [self._answer(goal, needs, {lemma.name for lemma in lemmas}) for goal in left]

    def _answer(self, goal: Goal, needs: dict[str, set[str]], lemmas: set[str]) -> Answer:
        """needs: for each goal of this round, the goals and lemmas that it follows from."""
        used, todo = {goal.name}, [goal.name]
        while todo:
            more = needs.get(todo.pop(), set()) - used
            used |= more
            todo += more
        together = tuple(sorted(used - lemmas))
        return Answer(
            goal, "proved", "induction", self.depth, together, tuple(sorted(used & lemmas)), self.distinct
        )

    def _flags(self, goal: Goal, moments: int) -> Iterator[Any]:
        """Bools that stand for the goal being good at each of the moments (a transition: where there is one)."""
        for moment in range(min(moments, self.depth) if goal.kind == "step" else moments):
            name = f"good {goal.name} {moment}"
            if name not in self.assumed:
                self.assumed[name] = (goal.name, z3.Bool(name))
                self.solver.add(z3.Implies(z3.Bool(name), self.paths.at(goal.good, moment)))
            yield self.assumed[name][1]

    def _follows(self, goal: Goal, assumed: list[Any], limit: Budget) -> set[str] | None:
        """What was needed to see that it cannot be bad after states that are good; None where that is not seen."""
        bad = z3.Bool(f"bad {goal.name} {self.depth}")
        self.solver.add(z3.Implies(bad, self.paths.bad(goal, self.depth)))
        while (answer := satisfiable(self.solver, limit, *assumed, bad)) is not False:
            if answer is None or not self._separated():
                return None
        core = [str(flag.decl().name()) for flag in self.solver.unsat_core()]
        return {self.assumed[name][0] for name in core if name in self.assumed}

    def _separated(self) -> bool:
        """Tells the solver that two states differ which its model has equal; False where there are none."""
        model = self.solver.model()
        seen: dict[tuple[str, ...], int] = {}
        repeated = False
        for moment in range(self.depth + 1):
            state = tuple(str(model.eval(c, model_completion=True)) for c in self.paths.states[moment])
            if state in seen:
                self.solver.add(z3.Not(self.paths.same(seen[state], moment)))
                repeated = self.distinct = True
            seen[state] = moment
        return repeated
