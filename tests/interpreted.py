"""A model as a system in the plainest way: every answer is the reference interpreter's."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from modelcheck.ir import evaluate
from modelcheck.ir.evaluate import EvaluationError, Outcome
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model
from modelcheck.system import FALSE, FAULT, TRUE, ActionInfo, Site, States, Successors


class Interpreted:
    """Sites are added as they come up; coverage is not recorded."""

    def __init__(self, model: Model):
        self.model, self.layout = model, Layout(model.variables)
        self.width, self.guards = self.layout.width, len(model.guards)
        self.sites: tuple[Site, ...] = ()
        self.actions = tuple(
            ActionInfo(model.action_title(i), -1 if a.process is None else a.process, a.label, (), i, None, a.span)
            for i, a in enumerate(model.actions)
        )

    def initial(self) -> Successors:
        return self._answer([[(-1, way) for way in evaluate.initial(self.model)]])

    def successors(self, states: States) -> Successors:
        return self._answer([evaluate.successors(self.model, s) for s in self.decoded(states)])

    def decoded(self, states: States):
        return [self.layout.decode(packed) for packed in self.layout.unpack(states)]

    def packed(self, states) -> States:
        words = self.layout.pack([self.layout.encode(s) for s in states])
        return np.array(words, np.uint64).reshape(-1, self.width)

    def site(self, failure: EvaluationError) -> int:
        site = Site(failure.kind, failure.span)
        if site not in self.sites:
            self.sites = (*self.sites, site)
        return self.sites.index(site)

    def _answer(self, rows: list[list[tuple[int, Outcome]]]) -> Successors:
        ways = [(row, action, way) for row, answer in enumerate(rows) for action, way in answer]
        moves = [(row, action, way.state) for row, action, way in ways if way.state is not None]
        faults = [(row, action, self.site(way.failure)) for row, action, way in ways if way.failure is not None]
        return Successors(
            source=np.array([m[0] for m in moves], np.int64),
            action=np.array([m[1] for m in moves], np.int64),
            target=self.packed([m[2] for m in moves]),
            consumed=len(rows),
            faults=np.array(faults, np.int64).reshape(-1, 3),
            coverage=np.zeros(self.guards, np.bool_),
        )

    def predicates(self, states: States, ids: Sequence[int]):
        return self._table([(s,) for s in self.decoded(states)], ids, evaluate.predicate)

    def step_predicates(self, states: States, after: States, ids: Sequence[int]):
        return self._table(list(zip(self.decoded(states), self.decoded(after))), ids, evaluate.step_predicate)

    def _table(self, rows, ids, ask):
        def one(number, row) -> int:
            try:
                return TRUE if ask(self.model, number, *row) else FALSE
            except EvaluationError:
                return FAULT

        return np.array([[one(number, row) for number in ids] for row in rows], np.uint8).reshape(len(rows), len(ids))

    def terminated(self, states: States):
        return np.array([evaluate.terminated(self.model, s) for s in self.decoded(states)], np.bool_)
