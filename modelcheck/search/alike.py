"""Everything in an exploration that is like a finding: the search itself keeps the first of each kind only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.expand import answers, deadlocked
from modelcheck.search.exploration import Exploration, Finding
from modelcheck.system import FALSE, FAULT, TRUE, States, Successors, TransitionSystem

WANTED = {
    "invariant": FALSE,
    "step_invariant": FALSE,
    "reachable": TRUE,
    "predicate_fault": FAULT,
    "step_predicate_fault": FAULT,
}
FINAL_STEP = ("fault", "step_invariant", "step_predicate_fault")  # what happens on a step out of `Finding.state`


def expanded_rows(exploration: Exploration, first: int, end: int) -> NDArray[np.int64]:
    """The rows first..end - 1 that were expanded."""
    return first + np.flatnonzero(exploration.expanded[first:end])


def alike(exploration: Exploration, system: TransitionSystem, finding: Finding, first: int, end: int) -> list[Finding]:
    """The findings of the same kind and predicate in the rows first..end - 1, in order of rows, then of actions. A
    failed assert is like any other, and so is an evaluation error. Steps are looked at where the search expanded."""
    if finding.kind in ("invariant", "reachable", "predicate_fault"):
        assert finding.predicate is not None
        values = system.predicates(exploration.states[first:end], (finding.predicate,))[:, 0]
        hits = first + np.flatnonzero(values == WANTED[finding.kind])
        return [replace(finding, state=row) for row in hits.tolist()]
    rows, found = expanded_rows(exploration, first, end), []
    states = exploration.states[rows]
    for offset, answer in answers(system, states):
        here = slice(offset, offset + answer.consumed)
        found += _among_steps(system, finding, rows[here], states[here], answer)
    return found


def _among_steps(
    system: TransitionSystem, finding: Finding, rows: NDArray[np.int64], states: States, answer: Successors
) -> list[Finding]:
    if finding.kind == "deadlock":
        return [replace(finding, state=row) for row in rows[deadlocked(system, states, answer)].tolist()]
    if finding.kind == "fault":
        assert finding.site is not None
        asserted = system.sites[finding.site].is_assert
        return [
            replace(finding, state=int(rows[row]), action=action, site=site)
            for row, action, site in answer.faults.tolist()
            if system.sites[site].is_assert == asserted
        ]
    assert finding.predicate is not None
    if not len(answer.source):
        return []
    values = system.step_predicates(states[answer.source], answer.target, (finding.predicate,))[:, 0]
    return [
        replace(
            finding,
            state=int(rows[answer.source[i]]),
            action=int(answer.action[i]),
            target=tuple(answer.target[i].tolist()),
        )
        for i in np.flatnonzero(values == WANTED[finding.kind]).tolist()
    ]
