"""Formulas against the reference interpreter: the successors of a state, its faults, its predicates.

A formula is asked by putting the scalars of a state in the place of its constants. What is left speaks of choices and of
the next state; a solver says whether the interpreter's successors are possible and no others.
"""

from __future__ import annotations

from typing import Any, Iterable

import z3

from modelcheck.backends.smt.system import SmtSystem
from modelcheck.backends.smt.terms import term
from modelcheck.backends.smt.values import constant, leaves
from modelcheck.ir import evaluate
from modelcheck.ir.evaluate import EvaluationError, Outcome
from modelcheck.ir.nodes import Model
from tests.backends.against import State, explore, fault_of


class Asked:
    """A system whose formulas are asked in given states."""

    def __init__(self, model: Model, system: SmtSystem):
        self.model, self.system = model, system
        self.solver = z3.Solver()
        self.predicates = [system.predicate(i) for i in range(len(model.predicates))]
        self.step_predicates = [system.step_predicate(i) for i in range(len(model.step_predicates))]

    def scalars(self, state: State) -> list[Any]:
        return [term(x) for v, s in zip(self.model.variables, state) for x in leaves(v.type, constant(v.type, s))]

    def at(self, formula: Any, state: State | None, after: State | None = None) -> Any:
        pairs = [] if state is None else list(zip(self.system.before, self.scalars(state)))
        pairs += [] if after is None else list(zip(self.system.after, self.scalars(after)))
        return z3.simplify(z3.substitute(formula, pairs))

    def possible(self, *formulas: Any) -> bool:
        if any(z3.is_false(f) for f in formulas):
            return False
        if all(z3.is_true(f) for f in formulas):
            return True
        answer = self.solver.check(*formulas)
        assert answer != z3.unknown
        return answer == z3.sat

    def leads(self, relation: Any, constants: Iterable[Any], targets: set[State]) -> bool:
        """Whether a relation over choices and `constants` has exactly these solutions."""
        constants = list(constants)
        tuples = [self.scalars(t) for t in targets]
        each = [z3.simplify(z3.substitute(relation, list(zip(constants, values)))) for values in tuples]
        others = [z3.Or([c != v for c, v in zip(constants, values)]) for values in tuples]
        return all(map(self.possible, each)) and not self.possible(relation, *others)

    def faults(self, action: int, state: State | None) -> set[Any]:
        found = set()
        for fault in self.system.faults:
            if fault.action == action and self.possible(self.at(fault.condition, state)):
                site = self.system.sites[fault.site]
                found.add(fault_of(site.kind, site.span, site.message or ""))
        return found


def compare(model: Model, system: SmtSystem, most: int = 200) -> int:
    """Asserts that the two agree on everything; gives the number of states compared."""
    asked = Asked(model, system)
    start = evaluate.initial(model)
    assert asked.leads(system.initial, system.before, _targets(start)), "initial states"
    assert asked.faults(-1, None) == fault_set(start), "initial faults"
    states = explore(model, most)
    steps = {step.action: step for step in system.steps}
    for state in states:
        assert z3.is_true(asked.at(system.typed, state)), state
        for action in range(len(model.actions)):
            ways = evaluate.outcomes(model, state, action)
            targets = _targets(ways)
            if action in steps:
                relation, taken = (asked.at(f, state) for f in (steps[action].relation, steps[action].taken))
                assert asked.leads(relation, system.after, targets), (state, action, targets)
                assert asked.possible(taken) == bool(targets), (state, action)
            else:
                assert not targets, (state, action)
            assert asked.faults(action, state) == fault_set(ways), (state, action)
            _compare_steps(asked, state, targets)
        _compare_predicates(asked, state)
        assert z3.is_true(asked.at(system.terminated, state)) == evaluate.terminated(model, state), state
    return len(states)


def _targets(ways: list[Outcome]) -> set[State]:
    return {w.state for w in ways if w.state is not None}


def fault_set(ways: list[Outcome]) -> set[Any]:
    """What the interpreter's ways fail with."""
    return {fault_of(w.failure.kind, w.failure.span, w.failure.detail) for w in ways if w.failure is not None}


def _compare_predicates(asked: Asked, state: State) -> None:
    for i in range(len(asked.model.predicates)):
        found = asked.predicates[i]
        told = (asked.at(found.holds, state), asked.at(found.fails, state))
        assert tuple(map(z3.is_true, told)) == _judged(lambda: evaluate.predicate(asked.model, i, state)), (state, i)


def _compare_steps(asked: Asked, state: State, targets: set[State]) -> None:
    for i in range(len(asked.model.step_predicates)):
        found = asked.step_predicates[i]
        for t in targets:
            told = (asked.at(found.holds, state, t), asked.at(found.fails, state, t))
            wanted = _judged(lambda: evaluate.step_predicate(asked.model, i, state, t))
            assert tuple(map(z3.is_true, told)) == wanted, (state, t, i)


def _judged(evaluation: Any) -> tuple[bool, bool]:
    """(true, fails)"""
    try:
        return evaluation(), False
    except EvaluationError:
        return False, True
