"""Inductive invariants from z3's Spacer, and the check of every one of them by plain queries.

The initial states and the actions are Horn clauses over one unknown relation, the reachable states; all actions are one
clause (of two-phase commit with 3 managers, 1.5 s against more than 15 s with a clause for each). An answer counts
only after a solver that has heard nothing of it agrees that the invariant holds initially, that steps keep it, and that
it excludes what is bad. What is not needed for these is dropped, so that people can read what remains.

Sources: Komuravelli, Gurfinkel, Chaki, "SMT-based model checking for recursive programs", CAV 2014; Bradley, "SAT-based
model checking without unrolling", VMCAI 2011.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Sequence

import z3

from modelcheck.proof.goals import Answer, Goal
from modelcheck.proof.solving import Budget, judge, milliseconds, refuted
from modelcheck.proof.unrolling import transition
from modelcheck.system import Formula, SymbolicSystem

SETTINGS: dict[str, Any] = {
    "engine": "spacer",
    # The relation must survive as it is: its interpretation is the invariant.
    "xform.slice": False, "xform.inline_linear": False, "xform.inline_eager": False,
}  # fmt: skip
# As it is, then with global guidance, which finds relations between numbers where the other follows single values.
PLANS: tuple[dict[str, Any], ...] = (SETTINGS, {**SETTINGS, "spacer.global": True})
FIRST_SHARE = 0.4  # of the time, for the first plan
PROVED, FOUND = "unsat", "sat"
TRUE = z3.BoolVal(True)


def strengthened(
    system: SymbolicSystem, goal: Goal, lemmas: Sequence[Goal], limit: Budget, *, seed: int = 0
) -> Answer | None:
    """A proof of the goal; the answer that it happens, without the path; None where Spacer does not
    know, or where its invariant does not pass the check. lemmas: goals that are proved already."""
    task, invariant = _Task(system, goal, tuple(lemmas)), TRUE
    for plan in PLANS:
        part = limit.part(FIRST_SHARE if plan is not PLANS[-1] else 1)
        answer, invariant = task.asked({**plan, "spacer.random_seed": seed}, part)
        if answer == FOUND:
            return Answer(goal, "found", "spacer")
        if answer == PROVED and task.checked(invariant, limit):
            break
    else:
        return None
    task = task.with_fewer_lemmas(invariant, limit)
    names = tuple(lemma.name for lemma in task.lemmas)
    return Answer(goal, "proved", "spacer", lemmas=names, invariant=task.shortened(invariant, limit))


@dataclass(frozen=True, slots=True)
class _Task:
    system: SymbolicSystem
    goal: Goal
    lemmas: tuple[Goal, ...]

    @property
    def known(self) -> list[Formula]:
        """What is true of every reachable state."""
        return [self.system.typed, *(lemma.good for lemma in self.lemmas if lemma.kind != "step")]

    @property
    def known_of_steps(self) -> list[Formula]:
        return [lemma.good for lemma in self.lemmas if lemma.kind == "step"]

    @property
    def bad(self) -> Formula:
        if self.goal.kind != "step":
            return self.goal.bad
        return z3.And(transition(self.system), self.goal.bad)

    def asked(self, plan: dict[str, Any], limit: Budget) -> tuple[str, Formula]:
        s, engine = self.system, z3.Fixedpoint()
        reachable = z3.Function("reachable", *(c.sort() for c in s.before), z3.BoolSort())
        engine.set(timeout=milliseconds(limit), **plan)
        engine.register_relation(reachable)
        engine.declare_var(*s.before, *s.after, *s.choices)
        engine.rule(reachable(*s.before), [s.initial])
        body = [reachable(*s.before), *self.known, *self.known_of_steps, transition(s)]
        engine.rule(reachable(*s.after), body)
        try:
            answer = engine.query(z3.And(reachable(*s.before), *self.known, self.bad))
        except z3.Z3Exception as error:  # also where the time is up
            judge(str(error))
            return "unknown", TRUE
        if answer != z3.unsat:
            return str(answer), TRUE
        found = engine.get_cover_delta(-1, reachable)
        return PROVED, z3.simplify(z3.substitute_vars(found, *s.before))

    # --- what makes it a proof ---

    def checked(self, invariant: Formula, limit: Budget) -> bool:
        """Initiation, consecution, safety."""
        initially = refuted(limit, self.system.initial, z3.Not(invariant))
        return initially and self._inductive(invariant, limit)

    def _inductive(self, invariant: Formula, limit: Budget) -> bool:
        s = self.system
        after = z3.substitute(invariant, *zip(s.before, s.after))
        kept = refuted(limit, invariant, *self.known, *self.known_of_steps, transition(s), z3.Not(after))
        return kept and refuted(limit, invariant, *self.known, self.bad)

    def with_fewer_lemmas(self, invariant: Formula, limit: Budget) -> _Task:
        task = self
        for lemma in self.lemmas:
            fewer = replace(task, lemmas=tuple(known for known in task.lemmas if known is not lemma))
            task = fewer if fewer._inductive(invariant, limit) else task
        return task

    def shortened(self, invariant: Formula, limit: Budget) -> Formula:
        """Without the conjuncts that are not needed; what is dropped keeps the rest true initially."""
        parts = _conjuncts(invariant)
        for part in list(parts):
            fewer = [p for p in parts if p is not part]
            if self._inductive(z3.And(fewer), limit):
                parts = fewer
        return z3.And(parts) if len(parts) != 1 else parts[0]


def _conjuncts(formula: Formula) -> list[Formula]:
    """The parts of a conjunction, of those within it too, each once."""
    if z3.is_and(formula):
        return list({p.get_id(): p for child in formula.children() for p in _conjuncts(child)}.values())
    return [formula]
