"""A CORE model as formulas: the initial states, one relation per action, where it fails, the predicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
import z3

from modelcheck.backends.smt import readable
from modelcheck.backends.smt.expressions import Flow, Stop
from modelcheck.backends.smt.statements import Inputs, run
from modelcheck.backends.smt.terms import conjunction, disjunction, same, term
from modelcheck.backends.smt.values import Value, equal, grown, leaves, natural, symbols, typed
from modelcheck.backends.tables import action_table
from modelcheck.errors import Diagnostic, SpecError
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Expr, Model, Process
from modelcheck.system import (
    ActionInfo,
    Formula,
    Site,
    States,
    SymbolicFault,
    SymbolicPredicate,
    SymbolicStep,
)


@dataclass(slots=True)
class SmtSystem:
    """A `SymbolicSystem`. Besides the protocol: `model`, `layout`, by which rows are states."""

    model: Model
    layout: Layout
    state: tuple[Value, ...]  # a tree for each variable, of `before`
    next: tuple[Value, ...]  # of `after`
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    choices: tuple[Any, ...]
    typed: Formula
    initial: Formula
    terminated: Formula
    steps: tuple[SymbolicStep, ...]
    faults: tuple[SymbolicFault, ...]
    actions: tuple[ActionInfo, ...]
    sites: tuple[Site, ...]

    def predicate(self, number: int) -> SymbolicPredicate:
        return self._judged(self.model.predicates[number])

    def step_predicate(self, number: int) -> SymbolicPredicate:
        return self._judged(self.model.step_predicates[number])

    def _judged(self, expr: Expr) -> SymbolicPredicate:
        flow = Flow(list(self.state), self.next)
        value = flow.value(expr)
        fails = disjunction(stop.condition for stop in flow.stops)
        return SymbolicPredicate(term(conjunction((*flow.path, value))), term(fails))

    def row(self, scalars: Sequence[bool | int]) -> States:
        left = iter(scalars)
        state = [natural(v.type, grown(v.type, lambda _: next(left))) for v in self.model.variables]
        packed = self.layout.pack([self.layout.encode(state)])
        return np.frombuffer(packed, np.uint64).reshape(1, self.layout.width)

    def readable(self, formula: Formula) -> tuple[str, ...]:
        return readable.conjuncts(self.model, self.state, formula)


@dataclass(slots=True)
class _Builder:
    """Collects what is common to the actions of one system."""

    model: Model
    state: tuple[Value, ...]
    next: tuple[Value, ...]
    inputs: Inputs
    sites: list[Site]
    numbers: dict[tuple[Any, ...], int]

    def site(self, stop: Stop) -> int:
        key = (stop.kind, id(stop.span), stop.message)  # the spans of a model live as long as it
        if key not in self.numbers:
            self.numbers[key] = len(self.sites)
            self.sites.append(Site(stop.kind, stop.span, stop.message))
        return self.numbers[key]

    def faults(self, flow: Flow, action: int) -> list[SymbolicFault]:
        """One for each site, however often it was passed."""
        found: dict[int, list[Any]] = {}
        for stop in flow.stops:
            if stop.kind is not None:
                found.setdefault(self.site(stop), []).append(stop.condition)
        return [SymbolicFault(action, site, term(disjunction(conditions))) for site, conditions in found.items()]

    def stands(self, action: int) -> Any:
        """That the process of the action stands where the action starts."""
        a = self.model.actions[action]
        if a.process is None or a.place is None:
            return True
        variable = self.model.processes[a.process].variable
        return True if variable is None else same(self.state[variable], a.place)

    def terminated(self) -> Formula:
        """That there are processes, and each is done or idle."""
        model = self.model
        standing = (self._resting(p) for p in model.processes)
        return term(conjunction(standing) if model.processes else False)

    def _resting(self, process: Process) -> Any:
        places = [i for i, place in enumerate(process.places) if place.kind in ("idle", "done")]
        if process.variable is None:
            return process.start in places
        return disjunction(same(self.state[process.variable], i) for i in places)

    def initial(self) -> tuple[Formula, list[SymbolicFault]]:
        flow = Flow([None] * len(self.state))
        run(flow, self.model.initial, self.inputs.taker())
        stored = (equal(v.type, s, x) for v, s, x in zip(self.model.variables, self.state, flow.variables))
        return term(conjunction((*flow.path, *stored))), self.faults(flow, -1)

    def step(self, action: int) -> tuple[SymbolicStep, list[SymbolicFault]]:
        flow = Flow(list(self.state))
        with flow.under(self.stands(action)):
            run(flow, self.model.actions[action].body, self.inputs.taker())
            taken = conjunction(flow.path)
        stored = [equal(v.type, n, x) for v, n, x in zip(self.model.variables, self.next, flow.variables)]
        step = SymbolicStep(action, term(taken), term(conjunction((taken, *stored))))
        return step, self.faults(flow, action)


def build(model: Model) -> SmtSystem:
    """The model as formulas. Raises SpecError: B001, B002 (too large), B003 (no such operator), B005 (too deep)."""
    try:
        return _built(model)
    except RecursionError:
        hint = "split deeply nested expressions and statements"
        told = Diagnostic("B005", "the spec is nested too deeply for the symbolic back end", model.span, hint)
        raise SpecError([told]) from None


def _built(model: Model) -> SmtSystem:
    layout = Layout(model.variables)
    state, after = (tuple(symbols(v.type, v.name + end) for v in model.variables) for end in ("", "'"))
    builder = _Builder(model, state, after, Inputs([], []), [], {})
    initial, faults = builder.initial()
    steps = []
    for action in range(len(model.actions)):
        step, failing = builder.step(action)
        if not z3.is_false(step.taken):
            steps.append(step)
        faults += failing
    flat, flat_after = (tuple(x for v, t in zip(model.variables, s) for x in leaves(v.type, t)) for s in (state, after))
    return SmtSystem(
        model, layout, state, after, flat, flat_after, (*builder.inputs.bools, *builder.inputs.integers),
        term(conjunction(typed(v.type, s) for v, s in zip(model.variables, state))), initial,
        builder.terminated(), tuple(steps), tuple(faults), action_table(model), tuple(builder.sites),
    )  # fmt: skip
