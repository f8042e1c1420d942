"""Random walks over the same interface: a block of walks, each of which takes one step a round.

A simulation finds violations in spaces that no search exhausts, and proves nothing: there is no answer "holds" here.
All transitions out of the states that are visited are looked at for faults and step invariants, but only the one that
is taken leads to a state whose invariants are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

import numpy as np
from numpy.typing import NDArray

from modelcheck.search.expand import answers, deadlocked
from modelcheck.search.exploration import UNLIMITED, Finding, Goal, Limits, StopReason
from modelcheck.search.findings import Findings, Inspector, deadlock, in_order
from modelcheck.search.progress import Clock, Progress, Report, resident_bytes
from modelcheck.system import States, Successors, TransitionSystem

LONGEST_WALK = 1000  # states, where no limit on the depth is given: the walks so far are kept in memory


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """The walk to the first finding, if there is one: `rows` (k, width) and `actions` (k,), -1 for the initial state.

    `finding.state` is an index into `rows` (the last one); -1, with no rows, where the initialisation fails. steps:
    transitions taken. generated: initial states plus all successors looked at. walks: those that were begun.
    longest: in states. stopped: None when all rounds were made or something was found.
    """

    finding: Finding | None
    rows: States
    actions: NDArray[np.int64]
    steps: int
    generated: int
    walks: int
    longest: int
    taken: NDArray[np.int64]
    coverage: NDArray[np.bool_]
    stopped: StopReason | None
    seconds: float


def simulate(
    system: TransitionSystem,
    goal: Goal,
    *,
    steps: int,
    seed: int,
    walks: int = 64,
    limits: Limits = UNLIMITED,
    progress: Report | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> SimulationResult:
    """Lets each of `walks` walks take `steps` random steps, all transitions of a state being equally likely, or until
    something is violated. A walk that ends (at rest, at a constraint, at `limits.depth` states or LONGEST_WALK) begins
    again in a random initial state. The same seed gives the same walks. `limits.states` bounds the states visited.
    Reachables are not looked at.
    """
    run = _Simulation(system, goal, walks, min(steps + 1, limits.depth or LONGEST_WALK), seed)
    clock, stopped = Clock(), None
    try:
        run.begin()
        for _ in range(steps):
            if run.findings or not len(run.start):
                break
            stopped = _limit(run, limits, clock, interrupted)
            if stopped:
                break
            run.round()
            if progress and clock.due("progress"):
                progress(run.progress(clock))
    except KeyboardInterrupt:
        stopped = "interrupt"
    except MemoryError:
        stopped = "memory"
    if progress:
        progress(run.progress(clock))
    return run.result(stopped, clock)


def _limit(run: _Simulation, limits: Limits, clock: Clock, interrupted: Callable[[], bool] | None) -> StopReason | None:
    if interrupted and interrupted():
        return "interrupt"
    if limits.states is not None and run.steps + run.begun > limits.states:
        return "states"
    if limits.time_s is not None and clock.seconds > limits.time_s:
        return "time"
    if limits.memory is not None and clock.due("memory") and resident_bytes() > limits.memory:
        return "memory"
    return None


class _Simulation:
    """`path[:length[w], w]` is walk w so far, `via` the actions into its states."""

    def __init__(self, system: TransitionSystem, goal: Goal, walks: int, longest: int, seed: int):
        self.system, self.goal, self.longest = system, goal, max(1, longest)
        self.inspector = Inspector(system, replace(goal, reachables=(), watched=(), step_watched=()))
        self.random = np.random.Generator(np.random.PCG64(seed))
        self.path = np.empty((self.longest, walks, system.width), np.uint64)
        self.via = np.full((self.longest, walks), -1, np.int64)
        self.length = np.zeros(walks, np.int64)
        self.start = np.empty((0, system.width), np.uint64)
        self.steps = self.generated = self.begun = self.reached = 0
        self.taken = np.zeros(len(system.actions), np.int64)
        self.coverage = np.zeros(system.guards, np.bool_)
        self.findings: Findings = {}  # of walks: `state` is the number of the walk
        self.ended = np.zeros(walks, np.bool_)

    @property
    def now(self) -> States:
        """(walks, width): where each walk stands."""
        return self.path[self.length - 1, np.arange(len(self.length))]

    def begin(self) -> None:
        answer = self.system.initial()
        self.generated += len(answer.target)
        self.coverage |= answer.coverage
        self.findings = self.inspector.faults(answer.faults, np.array([-1]), self.findings)
        self.start = answer.target
        if len(self.start) and not self.findings:
            self.ended[:] = True
            self.restart()

    def restart(self) -> None:
        """Puts the walks that have ended at a random initial state each."""
        walks = np.flatnonzero(self.ended)
        choice = self.random.integers(len(self.start), size=len(walks))
        self.path[0, walks] = self.start[choice]
        self.via[0, walks] = -1
        self.length[walks] = 1
        self.ended[walks] = False
        self.begun += len(walks)
        self.arrive(walks)

    def arrive(self, walks: NDArray[np.int64]) -> None:
        """Looks at the states where those walks are now; one that a constraint cuts has ended."""
        found, _, cut = self.inspector.states(self.now[walks], 0, {}, frozenset())
        self.found({key: replace(f, state=int(walks[f.state])) for key, f in found.items()})
        self.ended[walks] |= cut | (self.length[walks] == self.longest)
        self.reached = max(self.reached, int(self.length[walks].max(initial=0)))

    def round(self) -> None:
        """One step of every walk. A walk that cannot take one ends, and begins again in the next round."""
        if self.ended.any():
            self.restart()
        states, walking = self.now, np.flatnonzero(~self.ended)
        if self.findings:
            return
        for offset, answer in answers(self.system, states[walking]):
            rows = walking[offset : offset + answer.consumed]
            self.look(states[rows], rows, answer)
            if not self.findings:
                self.step(rows, answer)

    def look(self, states: States, rows: NDArray[np.int64], answer: Successors) -> None:
        """Everything that is wrong with the steps out of those states. rows: the walks that stand there."""
        self.generated += len(answer.action)
        self.coverage |= answer.coverage
        found = self.inspector.faults(answer.faults, rows, {})
        found, _ = self.inspector.steps(states, rows, answer, found, frozenset())
        if self.goal.deadlock:
            found = deadlock(rows[deadlocked(self.system, states, answer)], found)
        self.found(found)

    def step(self, rows: NDArray[np.int64], answer: Successors) -> None:
        """Takes one of the transitions of each row, where there is one."""
        choices = np.bincount(answer.source, minlength=len(rows))
        first = np.cumsum(choices) - choices
        picked = first + (self.random.random(len(rows)) * choices).astype(np.int64)
        moving = choices > 0
        picked, walks = picked[moving], rows[moving]
        self.path[self.length[walks], walks] = answer.target[picked]
        self.via[self.length[walks], walks] = answer.action[picked]
        self.length[walks] += 1
        self.ended[rows[~moving]] = True
        self.steps += len(walks)
        self.taken += np.bincount(answer.action[picked], minlength=len(self.taken))
        self.arrive(walks)

    def found(self, findings: Findings) -> None:
        self.findings = {**findings, **self.findings}

    def progress(self, clock: Clock) -> Progress:
        """Distinct states are not counted: `distinct` is the number of states visited."""
        return Progress(self.generated, self.steps + self.begun, 0, self.reached, clock.seconds)

    def result(self, stopped: StopReason | None, clock: Clock) -> SimulationResult:
        """The finding of the shortest walk, then of the first in number."""
        finding, rows, actions = None, self.path[:0, 0], self.via[:0, 0]
        ranked = in_order(self.findings, np.zeros(1, np.int64))
        if ranked:
            finding = min(ranked, key=lambda f: self.length[f.state] if f.state >= 0 else 0)
        if finding and finding.state >= 0:
            count = int(self.length[finding.state])
            rows, actions = self.path[:count, finding.state].copy(), self.via[:count, finding.state].copy()
            finding = replace(finding, state=count - 1)
        return SimulationResult(
            finding, rows, actions, self.steps, self.generated, self.begun, self.reached, self.taken, self.coverage,
            stopped, clock.seconds,
        )  # fmt: skip
