"""Looking at states and transitions as they are found: the first occurrence of whatever a goal asks about.

`Findings` are never changed, only replaced: a search that is broken off keeps those of the last whole block.
"""

from __future__ import annotations

from typing import Any, Protocol, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.exploration import Finding, Goal
from modelcheck.system import FALSE, FAULT, TRUE, Site, States, Successors

Findings = dict[tuple[Any, ...], Finding]

STATE_KINDS = ("invariant", "reachable", "predicate_fault")
STEP_KINDS = ("step_invariant", "step_predicate_fault")


class Judge(Protocol):
    """What an inspector asks of a system."""

    @property
    def sites(self) -> tuple[Site, ...]: ...

    def predicates(self, states: States, ids: Sequence[int]) -> NDArray[np.uint8]: ...

    def step_predicates(self, states: States, after: States, ids: Sequence[int]) -> NDArray[np.uint8]: ...


class Inspector:
    """Asks a system what a goal wants to know. Every method gives the findings that it was given, and the new ones."""

    def __init__(self, system: Judge, goal: Goal):
        self.system, self.goal = system, goal
        self._checked = tuple(dict.fromkeys((*goal.invariants, *goal.reachables, *goal.constraints)))

    def decided(self, findings: Findings) -> bool:
        """Something is violated, and every invariant, step invariant and reachable has its finding."""
        states = {f.predicate for f in findings.values() if f.kind in STATE_KINDS}
        steps = {f.predicate for f in findings.values() if f.kind in STEP_KINDS}
        return (
            any(f.kind != "reachable" for f in findings.values())
            and states.issuperset((*self.goal.invariants, *self.goal.reachables))
            and steps.issuperset(self.goal.step_invariants)
        )

    def asked(self, watched: frozenset[int]) -> tuple[int, ...]:
        """The predicates that states are asked for, when those were TRUE already."""
        return tuple(dict.fromkeys((*self._checked, *(p for p in self.goal.watched if p not in watched))))

    def matters(self, seen: dict[int, int], findings: Findings, watched: frozenset[int]) -> bool:
        """Whether states are to be looked at of which that was seen: see `blocks.Outcome`."""
        goal = self.goal

        def new(p: int, bits: int) -> bool:
            said = {answer for answer in (FALSE, TRUE, FAULT) if bits >> answer & 1}
            return (
                (p in goal.invariants and FALSE in said and ("invariant", p) not in findings)
                or (p in goal.reachables and TRUE in said and ("reachable", p) not in findings)
                or (p in self._checked and FAULT in said and ("predicate_fault", p) not in findings)
                or (p in goal.watched and TRUE in said and p not in watched)
            )

        return bool(goal.constraints) or any(new(p, bits) for p, bits in seen.items())

    def states(
        self, states: States, base: int, findings: Findings, watched: frozenset[int]
    ) -> tuple[Findings, frozenset[int], NDArray[np.bool_]]:
        """Looks at states that are new, the first of them row `base`. Also gives what was TRUE of the watched
        predicates by now, and which of the rows a constraint cuts. states: (n, width)."""
        cut = np.zeros(len(states), np.bool_)
        ids = self.asked(watched)
        if not ids or not len(states):
            return findings, watched, cut
        answer = self.system.predicates(states, ids)
        for column, predicate in enumerate(ids):
            values = answer[:, column]
            if predicate in self.goal.invariants:
                findings = _first(findings, "invariant", predicate, base, values == FALSE)
            if predicate in self.goal.reachables:
                findings = _first(findings, "reachable", predicate, base, values == TRUE)
            if predicate in self.goal.constraints:
                cut |= values != TRUE
            if predicate in self._checked:
                findings = _first(findings, "predicate_fault", predicate, base, values == FAULT)
            if predicate in self.goal.watched and (values == TRUE).any():
                watched |= {predicate}
        return findings, watched, cut

    def steps(
        self, states: States, rows: NDArray[np.int64], answer: Successors, findings: Findings, watched: frozenset[int]
    ) -> tuple[Findings, frozenset[int]]:
        """Looks at transitions, duplicates included. states, rows: those of the block."""
        goal = self.goal
        ids = tuple(dict.fromkeys((*goal.step_invariants, *(p for p in goal.step_watched if p not in watched))))
        if not ids or not len(answer.source):
            return findings, watched
        values = self.system.step_predicates(states[answer.source], answer.target, ids)
        for column, predicate in enumerate(ids):
            if predicate in goal.step_invariants:
                for kind, value in zip(STEP_KINDS, (FALSE, FAULT)):
                    at = np.flatnonzero(values[:, column] == value)
                    if len(at) and (kind, predicate) not in findings:
                        i = int(at[0])
                        target = tuple(answer.target[i].tolist())
                        finding = Finding(
                            kind, int(rows[answer.source[i]]), predicate, int(answer.action[i]), None, target
                        )
                        findings = {**findings, (kind, predicate): finding}
            if predicate in goal.step_watched and (values[:, column] == TRUE).any():
                watched |= {predicate}
        return findings, watched

    def faults(self, faults: NDArray[np.int64], rows: NDArray[np.int64], findings: Findings) -> Findings:
        """The first failed assert and the first evaluation error among the steps. faults: as in `Successors`; rows:
        those of the block."""
        for row, action, site in faults.tolist():
            key = ("fault", self.system.sites[site].is_assert)
            if key not in findings:
                findings = {**findings, key: Finding("fault", int(rows[row]), None, action, site)}
        return findings


def deadlock(rows: NDArray[np.int64], findings: Findings) -> Findings:
    """rows: deadlocked, ascending."""
    if not len(rows) or ("deadlock",) in findings:
        return findings
    return {**findings, ("deadlock",): Finding("deadlock", int(rows[0]))}


def in_order(findings: Findings, levels: NDArray[np.int64]) -> tuple[Finding, ...]:
    """Shortest trace first, then by row, kind and number: an order that no division of the work can change."""

    def rank(finding: Finding) -> tuple[Any, ...]:
        depth = int(np.searchsorted(levels, finding.state, "right")) + (finding.kind in STEP_KINDS)
        return depth, finding.state, finding.kind, _number(finding.predicate), _number(finding.site)

    return tuple(sorted(findings.values(), key=rank))


def _number(value: int | None) -> int:
    return -1 if value is None else value


def _first(findings: Findings, kind: Any, predicate: int, base: int, hits: NDArray[np.bool_]) -> Findings:
    if (kind, predicate) in findings or not hits.any():
        return findings
    return {**findings, (kind, predicate): Finding(kind, base + int(hits.argmax()), predicate)}
