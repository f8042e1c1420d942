"""Breadth-first search over blocks of states: the one loop of all back ends.

Levels are explored whole: when something is decided, the level being explored is finished before the search stops. So
figures, findings and traces are the same for every block size. What a block contributes is put into a new `Tally`
first and made valid by one assignment: whatever breaks a search off (Ctrl-C between any two lines, memory that runs
out), it reports the blocks before, and nothing by half.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.expand import BLOCK, answer_of, deadlocked
from modelcheck.search.exploration import UNLIMITED, Exploration, Goal, Limits, StopReason
from modelcheck.search.findings import Findings, Inspector, deadlock, in_order
from modelcheck.search.progress import Clock, Progress, Report, resident_bytes
from modelcheck.search.store import Store, grown
from modelcheck.system import Successors, TransitionSystem


@dataclass(frozen=True, slots=True)
class Tally:
    """What is certain after a block. `levels` are the first rows of the levels found; rows below `cursor` are expanded,
    or excluded by a constraint; `cut` counts the latter among all rows found."""

    levels: tuple[int, ...]
    taken: NDArray[np.int64]
    changed: NDArray[np.int64]
    faulted: NDArray[np.bool_]
    coverage: NDArray[np.bool_]
    cursor: int = 0
    distinct: int = 0
    expanded: int = 0
    cut: int = 0
    generated: int = 0
    initial_enabled: bool = False
    findings: Findings = field(default_factory=dict)
    watched: frozenset[int] = frozenset()
    step_watched: frozenset[int] = frozenset()

    @property
    def queued(self) -> int:
        return self.distinct - self.cut - self.expanded

    @property
    def in_first_level(self) -> bool:
        return self.cursor < (self.levels[1] if len(self.levels) > 1 else self.distinct)


def search(
    system: TransitionSystem,
    goal: Goal,
    *,
    limits: Limits = UNLIMITED,
    block: int = BLOCK,
    thorough: bool = False,
    progress: Report | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Exploration:
    """Explores until the space is exhausted, a limit is reached, or (unless `thorough`) everything asked is decided.

    It stops early at the end of a level where something is violated and every invariant, step invariant and reachable
    has a finding; deadlocks, asserts and evaluation errors are not waited for. `interrupted` is asked once per block;
    it and KeyboardInterrupt both end in `stopped="interrupt"`, memory that runs out in "memory".
    progress: called at most about five times a second, and once at the end.
    """
    run = _Search(system, goal, limits, block, progress, interrupted)
    try:
        stopped = run.explore(thorough)
    except KeyboardInterrupt:
        stopped = "interrupt"
    except MemoryError:
        stopped = "memory"
    if progress:
        progress(run.progress())
    return run.exploration(stopped)


class _Search:
    def __init__(
        self,
        system: TransitionSystem,
        goal: Goal,
        limits: Limits,
        block: int,
        report: Report | None,
        interrupted: Callable[[], bool] | None,
    ):
        self.system, self.goal, self.limits, self.block = system, goal, limits, block
        self.report, self.interrupted = report, interrupted
        self.inspector = Inspector(system, goal)
        self.store = Store(system.width)
        self.cut = np.zeros(1, np.bool_)  # by row of the store; used only where there are constraints
        self.clock = Clock()
        actions = len(system.actions)
        self.tally = Tally(
            levels=(0,),
            taken=np.zeros(actions, np.int64),
            changed=np.zeros(actions, np.int64),
            faulted=np.zeros(actions, np.bool_),
            coverage=np.zeros(system.guards, np.bool_),
        )

    def explore(self, thorough: bool) -> StopReason | None:
        """Level after level; gives the reason where a limit ends it."""
        self.begin()
        while self.tally.queued and (thorough or not self.inspector.decided(self.tally.findings)):
            if self.limits.depth is not None and len(self.tally.levels) >= self.limits.depth:
                return "depth"
            end = self.tally.distinct
            while self.tally.cursor < end:
                reason = self.limit()
                if reason:
                    return reason
                self.advance(end)
        return None

    def limit(self) -> StopReason | None:
        """Why the search has to stop before the next block. Nothing that is complete is called stopped."""
        limits, tally = self.limits, self.tally
        if self.report and self.clock.due("progress"):
            self.report(self.progress())
        if not tally.queued:
            return None
        if self.interrupted and self.interrupted():
            return "interrupt"
        if limits.states is not None and tally.distinct > limits.states:
            return "states"
        if limits.time_s is not None and self.clock.seconds > limits.time_s:
            return "time"
        if limits.memory is not None and self.clock.due("memory") and resident_bytes() > limits.memory:
            return "memory"
        return None

    def begin(self) -> None:
        """The initial states: the first level."""
        answer = self.system.initial()
        nowhere = np.full(len(answer.target), -1, np.int64)
        findings = self.inspector.faults(answer, np.array([-1]), self.tally.findings)
        self.store.insert(answer.target, nowhere, nowhere)
        coverage = self.tally.coverage | answer.coverage
        self.commit(replace(self.tally, generated=len(nowhere), coverage=coverage, findings=findings), 0)

    def advance(self, end: int) -> None:
        """Expands the next block of the level that ends at row `end`, or as much of it as the system answers."""
        cursor = self.tally.cursor
        stop = min(cursor + self.block, end)
        rows = np.arange(cursor, stop)
        if self.goal.constraints:
            rows = rows[~self.cut[cursor:stop]]
        if not len(rows):
            self.tally = replace(self.tally, cursor=stop)
            return
        answer = answer_of(self.system, self.store.states[rows])
        done = answer.consumed
        tally = self.tallied(rows[:done], answer)
        self.store.insert(answer.target, rows[answer.source], answer.action)
        self.commit(replace(tally, cursor=int(rows[done]) if done < len(rows) else stop), end)

    def tallied(self, rows: NDArray[np.int64], answer: Successors) -> Tally:
        """The figures and findings with those of the steps out of `rows`; of the states that they lead to, none yet."""
        tally, states, action = self.tally, self.store.states, answer.action
        source = rows[answer.source]
        before, actions = states[source], len(tally.taken)
        changed = (before != answer.target).any(axis=1)
        faulted = np.bincount(answer.faults[:, 1], minlength=actions) > 0 if len(answer.faults) else False
        findings = self.inspector.faults(answer, rows, tally.findings)
        findings, seen = self.inspector.steps(before, source, answer, findings, tally.step_watched)
        if self.goal.deadlock:
            findings = deadlock(rows[deadlocked(self.system, states[rows], answer)], findings)
        return replace(
            tally,
            taken=tally.taken + np.bincount(action, minlength=actions),
            changed=tally.changed + np.bincount(action[changed], minlength=actions),
            faulted=tally.faulted | faulted,
            coverage=tally.coverage | answer.coverage,
            expanded=tally.expanded + len(rows),
            generated=tally.generated + len(action),
            initial_enabled=tally.initial_enabled or (tally.in_first_level and len(action) + len(answer.faults) > 0),
            findings=findings,
            step_watched=seen,
        )

    def commit(self, tally: Tally, end: int) -> None:
        """Looks at the states that are new, then makes everything valid at once. end: where their level starts."""
        distinct = len(self.store)
        if distinct > tally.distinct:
            new = self.store.states[tally.distinct :]
            findings, watched, cut = self.inspector.states(new, tally.distinct, tally.findings, tally.watched)
            levels = tally.levels if tally.levels[-1] == end else (*tally.levels, end)
            if self.goal.constraints:
                if distinct > len(self.cut):
                    self.cut = grown(self.cut, 2 * distinct)
                self.cut[tally.distinct : distinct] = cut
            cuts = tally.cut + int(cut.sum())
            tally = replace(tally, distinct=distinct, findings=findings, watched=watched, levels=levels, cut=cuts)
        self.tally = tally

    def progress(self) -> Progress:
        t = self.tally
        return Progress(t.generated, t.distinct, t.queued, len(t.levels), self.clock.seconds)

    def exploration(self, stopped: StopReason | None) -> Exploration:
        """What is certain. Whether an initial state has a successor is given the benefit of the doubt where not all of
        them were expanded."""
        t, goal = self.tally, self.goal
        n = t.distinct
        expanded = np.arange(n) < t.cursor
        if goal.constraints:
            expanded &= ~self.cut[:n]
        levels = np.array((*t.levels, n) if n else (0,), np.int64)
        return Exploration(
            states=self.store.states[:n],
            parent=self.store.parent[:n],
            action=self.store.action[:n],
            levels=levels,
            expanded=expanded,
            generated=t.generated,
            queued=t.queued,
            constrained=t.cut,
            findings=in_order(t.findings, levels),
            taken=t.taken,
            changed=t.changed,
            faulted=t.faulted,
            coverage=t.coverage,
            watched={p: p in t.watched for p in goal.watched},
            step_watched={p: p in t.step_watched for p in goal.step_watched},
            initial_enabled=t.initial_enabled or bool(n and not expanded[: levels[1]].all()),
            stopped=stopped,
            seconds=self.clock.seconds,
        )
