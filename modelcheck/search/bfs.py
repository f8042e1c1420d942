"""Breadth-first search over blocks of states: the one loop of all back ends.

Levels are explored whole: when something is decided, the level being explored is finished before the search stops. So
figures, findings and traces are the same for every block size. What a block contributes is put into a new `Tally`
first and made valid by one assignment: whatever breaks a search off (Ctrl-C between any two lines, memory that runs
out), it reports the blocks before, and nothing by half.

A search starts small: a dict, the system as it is given. One that outgrows that takes its states to the native store,
and goes on with the system that `upgrade` builds: what costs a heavy import is not paid by small checks. From there on
blocks are larger and their parts are shared by the workers; the order of the rows is that of one worker, always.

Where the system has its successors as machine code, a block is explored by one native call for each worker (`blocks`),
from its rows to the new rows in the store. That does not list the transitions: a goal that asks something of steps goes
without. Nothing else differs, and no result does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import UsageError
from modelcheck.search import large_store
from modelcheck.search.checkpoint import Checkpoint
from modelcheck.search.covering import CoveringStore, in_turn
from modelcheck.search.expand import BLOCK, answers, stuck
from modelcheck.search.exploration import UNLIMITED, Exploration, Goal, Limits, StopReason
from modelcheck.search.findings import Inspector, deadlock, in_order
from modelcheck.search.native import blocks, told
from modelcheck.search.parallel import Alone, Crew, Shared, crew
from modelcheck.search.progress import Clock, Progress, Report, memory_is_short
from modelcheck.search.store import Changes, StateStore, Store, grown
from modelcheck.search.tally import Tally
from modelcheck.system import States, Successors, TransitionSystem

NATIVE_AT = 4_000  # states: Python takes as long for them as native code from the cache does to be there
TRANSITIONS_PER_STATE = 5  # so many are as much work as a state: a search may have few states and many transitions
PARTS = 8  # of a block, with the native store
LARGE = 1 << 17  # words of rows in a block that is explored by machine code alone
CHECKPOINT_S = 60.0
PATIENCE_S = 0.5  # a block that takes longer is followed by a smaller one


def search(
    system: TransitionSystem,
    goal: Goal,
    *,
    limits: Limits = UNLIMITED,
    block: int = BLOCK,
    thorough: bool = False,
    progress: Report | None = None,
    interrupted: Callable[[], bool] | None = None,
    workers: int = 1,
    upgrade: Callable[[], TransitionSystem | None] | None = None,
    native_at: int = NATIVE_AT,
    compact: bool = False,
    spill: Path | None = None,
    checkpoint: Path | None = None,
    resume: Path | None = None,
    identity: str = "",
    checkpoint_s: float = CHECKPOINT_S,
    covering: CoveringStore | None = None,
) -> Exploration:
    """Explores until the space is exhausted, a limit is reached, or (unless `thorough`) everything asked is decided.

    It stops early at the end of a level where something is violated and every invariant, step invariant and reachable
    has a finding; deadlocks, asserts and evaluation errors are not waited for. `interrupted` is asked once per block;
    it and KeyboardInterrupt both end in `stopped="interrupt"`, memory that runs out in "memory".
    progress: called at most about five times a second, and once at the end.

    native_at: so many states are too many for the small beginning. upgrade: then gives a faster system with the same
    states, actions, sites and predicates, or None. workers: threads, from there on; they expand at the same time if the
    system has a true attribute `reentrant`, else they share the store alone. No result depends on these three.

    compact: the large store keeps fingerprints of 64 bits; `Exploration.omission` is then how probable it is that a
    state was missed. spill: a folder for rows that memory has no room for; without it, a search that reaches
    `limits.memory` or what the machine has is stopped.
    checkpoint: a folder that the search is kept in, every `checkpoint_s` seconds and when it is stopped. resume: a
    folder to go on from; often the same. identity: whatever tells apart what is searched (the spec, its constants, the
    properties): a search of another identity is refused with UsageError, a damaged one with MissingFile.

    covering: a store of the caller's, for the whole search, that takes rows out again.
    """
    if covering is not None and (compact or spill or checkpoint or resume):
        raise UsageError("a search that covers states by others keeps all of them in memory, and whole")
    if compact and (spill or checkpoint or resume):
        raise UsageError("the compact store cannot be spilled, kept or resumed: it does not have the states any more")
    keeping = Keeping(
        Checkpoint(resume, identity) if resume else None,
        Checkpoint(checkpoint, identity) if checkpoint else None, checkpoint_s, spill,
    )  # fmt: skip
    larger = None if covering is not None else Larger(native_at, workers, upgrade, compact)
    run = _Search(system, goal, limits, block, progress, interrupted, larger, keeping, covering)
    try:
        stopped = run.explore(thorough)
    except KeyboardInterrupt:
        stopped = "interrupt"
    except MemoryError:
        stopped = "memory"
    finally:
        run.crew.close()
    if stopped and keeping.checkpoint and run.tally.distinct:  # not before it begins: that loses what is there
        keeping.checkpoint.save(run.tally, run.store)
    if progress:
        progress(run.progress())
    return run.exploration(stopped)


@dataclass(frozen=True, slots=True)
class Larger:
    """What a search that has `at` states, or as much work behind it, goes on with."""

    at: int
    workers: int
    upgrade: Callable[[], TransitionSystem | None] | None
    compact: bool

    def due(self, tally: Tally) -> bool:
        return tally.distinct >= self.at or tally.generated >= TRANSITIONS_PER_STATE * self.at


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a search comes from, and where it goes to when there is no time or no room left."""

    resume: Checkpoint | None
    checkpoint: Checkpoint | None
    every_s: float
    spill: Path | None


@dataclass(frozen=True, slots=True)
class Expanded:
    """What came out of rows, in one answer. answer: the transitions themselves, where they are to be looked at. faults,
    coverage: as in `Successors`. stuck: rows in deadlock."""

    rows: NDArray[np.int64]
    states: States
    answer: Successors | None
    generated: int
    faults: NDArray[np.int64]
    coverage: NDArray[np.bool_]
    changes: Changes
    stuck: NDArray[np.int64]
    batch: Any


class _Search:
    def __init__(
        self,
        system: TransitionSystem,
        goal: Goal,
        limits: Limits,
        block: int,
        report: Report | None,
        interrupted: Callable[[], bool] | None,
        larger: Larger | None,
        keeping: Keeping,
        covering: CoveringStore | None,
    ):
        self.system, self.goal, self.limits, self.block = system, goal, limits, block
        self.report, self.interrupted, self.keeping = report, interrupted, keeping
        self.larger, self.covering = larger, covering
        self.inspector = Inspector(system, goal)
        self.store: StateStore = Store(system.width) if covering is None else covering
        self.crew: Crew = Alone()
        self.together = self.most = block  # rows of a block now, and where nothing speaks for less
        self.blocks: Any = None  # where the system offers native successors
        self.cut = np.zeros(1, np.bool_)  # by row of the store; used only where there are constraints
        self.native = ""  # what native code took
        self.clock = Clock()
        self.clock.after("checkpoint", keeping.every_s)
        self.tally = Tally.of(system)

    def explore(self, thorough: bool) -> StopReason | None:
        """Level after level; gives the reason where a limit ends it."""
        self.begin()
        while self.tally.queued:
            if self.tally.between_levels:
                if not thorough and self.inspector.decided(self.tally.findings):
                    break
                self.store.close_level(self.tally.cursor)
            if self.limits.depth is not None and self.tally.depth >= self.limits.depth:
                return "depth"
            end = self.tally.level_end
            while self.tally.cursor < end:
                reason = self.limit()
                if reason:
                    return reason
                if self.larger and self.larger.due(self.tally):
                    self.enlarge(self.larger)
                started = self.clock.seconds
                self.advance(end)
                self.pace(self.clock.seconds - started)
        return None

    def pace(self, seconds: float) -> None:
        """Smaller blocks where one took long, for limits and Ctrl-C are looked at between them. A limit of states cuts
        at a block: there, their sizes are not to depend on time."""
        if self.limits.states is None:
            fitting = self.together // 2 if seconds > PATIENCE_S else 2 * self.together
            self.together = min(max(self.block, fitting), self.most)

    def enlarge(self, larger: Larger) -> None:
        """Goes on with the native store, the upgraded system and all workers."""
        self.larger, started = None, self.clock.seconds
        system = (larger.upgrade and larger.upgrade()) or self.system
        workers, actions = crew(larger.workers), len(self.system.actions)
        store = large_store(self.system.width, actions, workers, self.tally.distinct, larger.compact)
        if store is None:
            workers.close()
        else:
            self.crew = workers
            store.insert(self.store.states, self.store.parent, self.store.action)
            self.store, self.most = store, PARTS * self.block
        self.system = system
        self.inspector = Inspector(Shared(self.system, self.expanding), self.goal)
        self.blocks = blocks(self.system, store, self.goal)
        if self.blocks:
            self.most = max(self.most, LARGE // self.system.width)
        self.together = self.most
        self.native = told(self.system, store, self.clock.seconds - started)
        if self.report and self.native:
            self.report(self.progress())

    @property
    def expanding(self) -> Crew:
        """Those who may ask the system at the same time."""
        return self.crew if getattr(self.system, "reentrant", False) else Alone()

    def limit(self) -> StopReason | None:
        """Why the search has to stop before the next block. Nothing that is complete is called stopped."""
        limits, tally, checkpoint = self.limits, self.tally, self.keeping.checkpoint
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
        if self.clock.due("memory") and memory_is_short(limits.memory, self.keeping.spill is not None):
            if not self.keeping.spill or not self.store.spill(self.keeping.spill, tally.cursor):
                return "memory"
        if checkpoint and self.clock.due("checkpoint", self.keeping.every_s):
            checkpoint.save(tally, self.store)
        return None

    def begin(self) -> None:
        """The initial states: the first level. Or what another search came to."""
        if self.keeping.resume:
            return self.take_over(self.keeping.resume)
        answer = self.system.initial()
        nowhere = np.full(len(answer.target), -1, np.int64)
        findings = self.inspector.faults(answer.faults, np.array([-1]), self.tally.findings)
        self.store.insert(answer.target, nowhere, nowhere)
        coverage = self.tally.coverage | answer.coverage
        self.commit(replace(self.tally, generated=len(nowhere), coverage=coverage, findings=findings), 0)

    def take_over(self, kept: Checkpoint) -> None:
        """Goes on from what was kept, and goes on keeping it."""
        tally, parts = kept.load()
        if self.larger and tally.distinct >= self.larger.at:
            self.enlarge(self.larger)
        for part in parts:
            columns = kept.columns(part)
            self.store.insert(*columns)
            if self.goal.constraints:
                self.note_cuts(part.first, self.inspector.states(columns[0], 0, {}, frozenset())[2])
        if self.keeping.checkpoint and self.keeping.checkpoint.folder.resolve() == kept.folder.resolve():
            self.keeping.checkpoint.parts = kept.parts
        self.tally = tally

    def note_cuts(self, first: int, cut: NDArray[np.bool_]) -> None:
        end = first + len(cut)
        if end > len(self.cut):
            self.cut = grown(self.cut, 2 * end)
        self.cut[first:end] = cut

    def advance(self, end: int) -> None:
        """Expands the next block of the level that ends at row `end`."""
        cursor = self.tally.cursor
        stop = min(cursor + self.together, end)
        rows = np.arange(cursor, stop)
        if self.goal.constraints:
            rows = rows[~self.cut[cursor:stop]]
        if self.covering is not None:
            rows = self.covering.waiting(rows)
        tally, seen = self.tally, None
        if self.blocks and len(rows):
            explored, seen = self.explored(rows)
            tally = self.tallied(tally, explored)
        else:
            parts = [rows[first : first + self.block] for first in range(0, len(rows), self.block)]
            together = 2 * self.crew.size if self.crew.size > 1 else 1  # no more, for the caches
            for first in range(0, len(parts), together):
                for expanded in self.inserted(parts[first : first + together]):
                    tally = self.tallied(tally, expanded)
        self.commit(replace(tally, cursor=stop), end, seen)

    def rows_of(self, rows: NDArray[np.int64]) -> States:
        whole = rows[-1] - rows[0] == len(rows) - 1
        return self.store.states[rows[0] : rows[-1] + 1] if whole else self.store.states[rows]

    def explored(self, rows: NDArray[np.int64]) -> tuple[Expanded, dict[int, int]]:
        """Every step out of some rows, by machine code alone: what it leads to is in the store. Also gives what the
        predicates answered there, as in `blocks.Outcome`."""
        states = self.rows_of(rows)
        e = self.blocks.explore(states, rows, self.inspector.asked(self.tally.watched))
        blocked = self.stuck(rows, states, e.changes)
        return Expanded(rows, states, None, e.generated, e.faults, e.coverage, e.changes, blocked, None), e.seen

    def inserted(self, parts: list[NDArray[np.int64]]) -> list[Expanded]:
        """Every step out of some rows: what it leads to is in the store."""
        found = [e for part in self.expanding.map(self.expand, enumerate(parts)) for e in part]
        turns = self.store.insert_all([e.batch for e in found])
        return found if self.covering is None else [self.in_turn(e, own) for e, own in zip(found, turns)]

    def expand(self, part: tuple[int, NDArray[np.int64]]) -> list[Expanded]:
        """Every step out of some rows. Asked for several parts at a time, it changes nothing."""
        number, rows = part
        states = self.rows_of(rows)
        expanded, actions = [], len(self.system.actions)
        for offset, answer in answers(self.system, states, self.block):
            here = slice(offset, offset + answer.consumed)
            changes = self.store.changes(states[here], answer, actions)
            changes.moves[answer.faults[:, 0]] = True
            key = number, len(expanded)
            batch = self.store.batch(key, answer.target, answer.source, rows[here], answer.action)
            blocked = self.stuck(rows[here], states[here], changes)
            figures = len(answer.action), answer.faults, answer.coverage, changes
            expanded.append(Expanded(rows[here], states[here], answer, *figures, blocked, batch))
        return expanded

    def in_turn(self, e: Expanded, turns: NDArray[np.bool_]) -> Expanded:
        """What came out of those rows alone whose turn came."""
        if e.answer is None or turns.all():
            return e
        answer, states = in_turn(e.answer, turns), e.states[turns]
        changes = self.store.changes(states, answer, len(self.system.actions))
        return replace(
            e, rows=e.rows[turns], states=states, answer=answer, generated=len(answer.action), faults=answer.faults,
            changes=changes,
        )  # fmt: skip

    def stuck(self, rows: NDArray[np.int64], states: States, changes: Changes) -> NDArray[np.int64]:
        return rows[stuck(self.system, states, changes.moves)] if self.goal.deadlock else rows[:0]

    def tallied(self, tally: Tally, expanded: Expanded) -> Tally:
        """The figures and findings with those of some steps; of the states that they lead to, none yet."""
        e, rows = expanded, expanded.rows
        faulted = np.bincount(e.faults[:, 1], minlength=len(tally.taken)) > 0 if len(e.faults) else False
        findings, seen = self.inspector.faults(e.faults, rows, tally.findings), tally.step_watched
        if e.answer:
            findings, seen = self.inspector.steps(e.states, rows, e.answer, findings, seen)
        findings = deadlock(e.stuck, findings)
        return replace(
            tally,
            taken=tally.taken + e.changes.taken,
            changed=tally.changed + e.changes.changed,
            faulted=tally.faulted | faulted,
            coverage=tally.coverage | e.coverage,
            expanded=tally.expanded + len(rows),
            generated=tally.generated + e.generated,
            initial_enabled=tally.initial_enabled or (tally.depth == 1 and e.generated + len(e.faults) > 0),
            findings=findings,
            step_watched=seen,
        )

    def commit(self, tally: Tally, end: int, seen: dict[int, int] | None = None) -> None:
        """Looks at the states that are new, then makes everything valid at once. end: where their level starts. seen:
        what predicates answered there, where that is known: mostly nothing that is worth a look."""
        distinct, inspector = len(self.store), self.inspector
        if distinct > tally.distinct:
            levels = tally.levels if tally.levels[-1] == end else (*tally.levels, end)
            if seen is None or inspector.matters(seen, tally.findings, tally.watched):
                new = self.store.states[tally.distinct :]
                findings, watched, cut = inspector.states(new, tally.distinct, tally.findings, tally.watched)
                if self.goal.constraints:
                    self.note_cuts(tally.distinct, cut)
                tally = replace(tally, findings=findings, watched=watched, cut=tally.cut + int(cut.sum()))
            tally = replace(tally, distinct=distinct, levels=levels)
        self.tally = replace(tally, retired=self.retired(distinct)) if self.covering is not None else tally

    def retired(self, distinct: int) -> int:
        """Rows that are not expanded because others stand for them, without those that are not expanded anyway."""
        assert self.covering is not None
        if not self.goal.constraints:
            return self.covering.retired
        return int((self.covering.is_retired() & ~self.cut[:distinct]).sum())

    def progress(self) -> Progress:
        t = self.tally
        return Progress(t.generated, t.distinct, t.queued, len(t.levels), self.clock.seconds, self.native)

    def exploration(self, stopped: StopReason | None) -> Exploration:
        """What is certain. Whether an initial state has a successor is given the benefit of the doubt where not all of
        them were expanded."""
        t, goal, store = self.tally, self.goal, self.store
        n = t.distinct
        omission, states = store.omission(t.generated), store.recovered(self.system, n)
        expanded = np.zeros(n, np.bool_)
        expanded[: t.cursor] = True
        if goal.constraints:
            expanded &= ~self.cut[:n]
        if self.covering is not None:
            expanded &= ~self.covering.is_retired()[:n]
        levels = np.array((*t.levels, n) if n else (0,), np.int64)
        return Exploration(
            states=states,
            parent=store.parent[:n],
            action=store.action[:n],
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
            omission=omission,
            native=self.native,
        )
