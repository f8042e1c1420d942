"""Systems written by hand, without IR or back end: what the next-state interface has to carry.

`TwoPhaseCommit` answers with whole arrays; `mailbox` has processes, idle places and asserts; `Clocked` turns the effect
column of a discrete system into a clock; `Workers` divides every block over two systems.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Callable, Sequence

import numpy as np

from modelcheck.ir.ops import FaultKind
from modelcheck.system import FALSE, FAULT, TRUE, ActionInfo, Site, States, Successors, TransitionSystem

NO_FAULTS = np.empty((0, 3), np.int64)


def action(title: str, process: int = -1) -> ActionInfo:
    return ActionInfo(title, process, title, (), 0, None, None)


# --- any system on small integers -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fails:
    """In place of a target: the step fails at that site."""

    site: int


@dataclass
class Toy:
    """`step(state)` gives (action, target or Fails) in action order. Predicates answer True, False or None (a fault).
    `capacity`: how many rows it consumes at a time. States are ints below 2**64."""

    start: Sequence[int]
    step: Callable[[int], list[tuple[int, int | Fails]]]
    actions: tuple[ActionInfo, ...]
    invariants: Sequence[Callable[[int], bool | None]] = ()
    relations: Sequence[Callable[[int, int], bool | None]] = ()
    rests: Callable[[int], bool] = lambda state: False
    sites: tuple[Site, ...] = ()
    capacity: int = 10**9
    start_faults: tuple[int, ...] = ()
    width: int = 1
    guards: int = 0  # each of them is true in every call
    calls: list[int] = field(default_factory=list)

    def initial(self) -> Successors:
        ways = [(-1, s) for s in self.start] + [(-1, Fails(site)) for site in self.start_faults]
        return self._answer([ways])

    def successors(self, states: States) -> Successors:
        self.calls.append(len(states))
        return self._answer([self.step(s) for s in states[: self.capacity, 0].tolist()])

    def _answer(self, rows: list[list[tuple[int, int | Fails]]]) -> Successors:
        moves = [(i, a, t) for i, ways in enumerate(rows) for a, t in ways if not isinstance(t, Fails)]
        faults = [(i, a, t.site) for i, ways in enumerate(rows) for a, t in ways if isinstance(t, Fails)]
        return Successors(
            source=np.array([m[0] for m in moves], np.int64),
            action=np.array([m[1] for m in moves], np.int64),
            target=np.array([m[2] for m in moves], np.uint64).reshape(-1, 1),
            consumed=len(rows),
            faults=np.array(faults, np.int64).reshape(-1, 3),
            coverage=np.ones(self.guards, np.bool_),
        )

    def predicates(self, states: States, ids: Sequence[int]):
        return _table([[self.invariants[i](s) for i in ids] for s in states[:, 0].tolist()], len(ids))

    def step_predicates(self, states: States, after: States, ids: Sequence[int]):
        pairs = zip(states[:, 0].tolist(), after[:, 0].tolist())
        return _table([[self.relations[i](s, t) for i in ids] for s, t in pairs], len(ids))

    def terminated(self, states: States):
        return np.array([self.rests(s) for s in states[:, 0].tolist()], np.bool_)


def _table(answers: list[list[bool | None]], columns: int):
    codes = {True: TRUE, False: FALSE, None: FAULT}
    return np.array([[codes[a] for a in row] for row in answers], np.uint8).reshape(-1, columns)


def counter(limit: int, start: Sequence[int] = (0,), **more) -> Toy:
    """To limit by +1 and +2; at the limit it goes on to itself."""

    def step(n: int) -> list[tuple[int, int | Fails]]:
        return [(a, n + d) for a, d in ((0, 1), (1, 2)) if n + d <= limit] or [(0, n)]

    return Toy(start, step, (action("one", 0), action("two", 1)), **more)


# --- two-phase commit, in arrays --------------------------------------------------------------------------------------


@dataclass
class TwoPhaseCommit:
    """Gray and Lamport's protocol as in tlaplus/Examples. Bits: two per resource manager (working, prepared, committed,
    aborted), two for the transaction manager, one per manager that it has heard of, one per message."""

    managers: int
    width: int = 1
    guards: int = 0
    sites: tuple[Site, ...] = ()

    def __post_init__(self) -> None:
        names = [("commit", 0), ("abort", 0)]
        for rm in range(self.managers):
            names += [(f"{what} {rm}", 1 + rm) for what in ("hear", "prepare", "choose", "committed", "aborted")]
        self.actions = tuple(action(*n) for n in names)

    def initial(self) -> Successors:
        zero = np.zeros(1, np.int64)
        return Successors(zero, zero - 1, np.zeros((1, 1), np.uint64), 1, NO_FAULTS, np.zeros(0, np.bool_))

    def rm(self, s, rm: int):
        return (s >> np.uint64(2 * rm)) & np.uint64(3)

    def successors(self, states: States) -> Successors:
        n, s = self.managers, states[:, 0]
        bit = [np.uint64(1 << i) for i in range(4 * n + 4)]
        tm, heard, sent = 2 * n, 2 * n + 2, 3 * n + 2
        commit, abort = bit[4 * n + 2], bit[4 * n + 3]
        open_ = (s >> np.uint64(tm)) & np.uint64(3) == 0
        everyone = np.uint64(((1 << n) - 1) << heard)
        ways = [(open_ & (s & everyone == everyone), s | bit[tm] | commit), (open_, s | bit[tm + 1] | abort)]
        for rm in range(n):
            at = self.rm(s, rm)
            clear = s & ~np.uint64(3 << 2 * rm)
            one, two, three = (np.uint64(k << 2 * rm) for k in (1, 2, 3))
            ways += [
                (open_ & (s & bit[sent + rm] != 0), s | bit[heard + rm]),
                (at == 0, clear | one | bit[sent + rm]),
                (at == 0, clear | three),
                (s & commit != 0, clear | two),
                (s & abort != 0, clear | three),
            ]
        guards = np.stack([g for g, _ in ways], axis=1)
        targets = np.stack([t for _, t in ways], axis=1)
        source, taken = np.nonzero(guards)
        return Successors(source, taken, targets[guards].reshape(-1, 1), len(s), NO_FAULTS, np.zeros(0, np.bool_))

    def predicates(self, states: States, ids: Sequence[int]):
        """0: no manager has committed while another has aborted."""
        at = np.stack([self.rm(states[:, 0], rm) for rm in range(self.managers)], axis=1)
        consistent = ~((at == 2).any(axis=1) & (at == 3).any(axis=1))
        return np.repeat(consistent.astype(np.uint8)[:, None], len(ids), axis=1)

    def step_predicates(self, states: States, after: States, ids: Sequence[int]):
        return np.ones((len(states), len(ids)), np.uint8)

    def terminated(self, states: States):
        return np.zeros(len(states), np.bool_)


# --- processes and idle places ----------------------------------------------------------------------------------------

ASSERTED, DIVIDED = Site(FaultKind.ASSERT, None), Site(FaultKind.DIVISION, None)


def mailbox(letters: int, *, impatient: bool = False, careless: bool = False) -> Toy:
    """A writer posts letters, one at a time, and is done; a reader is idle until there is one. The impatient reader is
    not idle while it waits; the careless writer asserts that the box is empty, and divides by the letters left."""
    # state: letters left * 4 + letter in the box * 2 + reader is holding one

    def step(s: int) -> list[tuple[int, int | Fails]]:
        left, full, held = s >> 2, s >> 1 & 1, s & 1
        ways: list[tuple[int, int | Fails]] = []
        if left and careless and full:
            ways.append((0, Fails(0)))
        elif left and not full:
            ways.append((0, s - 4 + 2))
        elif not left and careless and not held:
            ways.append((0, Fails(1)))
        if full and not held:
            ways.append((1, s - 2 + 1))
        if held:
            ways.append((2, s - 1))
        return ways

    return Toy(
        (letters << 2,),
        step,
        (action("writer: post", 0), action("reader: take", 1), action("reader: read", 1)),
        invariants=(lambda s: (s >> 1 & 1) + (s & 1) < 2, lambda s: s >> 2 == 0),
        rests=lambda s: s >> 2 == 0 and not s & 1 and not impatient,
        sites=(ASSERTED, DIVIDED),
    )


# --- a clock ----------------------------------------------------------------------------------------------------------

REGIONS = ("0", "0<x<1", "1", "1<x<2", "2", "2<x")


@dataclass(frozen=True)
class Effect:
    """What a transition does with the clock: the regions that allow it, and whether it starts again."""

    allowed: frozenset[int] = frozenset(range(len(REGIONS)))
    resets: bool = False


def dynticks_discrete(effects: dict[Effect, int], *, guarded: bool) -> TransitionSystem:
    """A CPU looks for work, then stops its tick; an interrupt brings work and wakes the CPU only if its tick is
    stopped. With clocks, the tick is stopped within 1 of the look, and the next interrupt comes after more than 1."""
    soon = frozenset(r for r, name in enumerate(REGIONS) if name in ("0", "0<x<1", "1"))
    late = frozenset(range(len(REGIONS))) - soon
    anywhere = effects.setdefault(Effect(), len(effects))
    look = effects.setdefault(Effect(resets=guarded), len(effects))
    stop = effects.setdefault(Effect(soon) if guarded else Effect(), len(effects))
    irq = effects.setdefault(Effect(late) if guarded else Effect(), len(effects))
    # state: CPU (running 0, looked 1, stopped 2) * 2 + work pending

    def step(s: int) -> list[tuple[int, int | Fails]]:
        cpu, work = s >> 1, s & 1
        ways: list[tuple[int, int | Fails]] = [(0, 2)] if cpu == 0 and not work else []
        ways += [(1, 4 + work)] if cpu == 1 else []
        ways += [(2, 1 if cpu == 2 else s | 1)] if not work else []
        return ways + ([(3, 0)] if cpu == 0 and work else [])

    toy = Toy(
        (0,),
        step,
        tuple(action(t, p) for t, p in (("look", 0), ("stop the tick", 0), ("interrupt", 1), ("work", 0))),
        invariants=(lambda s: s != 5,),
    )
    numbers = np.array([look, stop, irq, anywhere])

    class WithEffect(Toy):
        def successors(self, states: States) -> Successors:
            answer = super().successors(states)
            return replace(answer, effect=numbers[answer.action])

    return WithEffect(**{name: getattr(toy, name) for name in Toy.__dataclass_fields__})


@dataclass
class Clocked:
    """A discrete system under one clock x: rows are (discrete state, region of x). Time passes by its own action."""

    discrete: TransitionSystem
    effects: tuple[Effect, ...]
    width: int = 2

    def __post_init__(self) -> None:
        self.actions = (*self.discrete.actions, action("time passes"))
        self.sites, self.guards = self.discrete.sites, self.discrete.guards
        self.allowed = np.array([[r in e.allowed for r in range(len(REGIONS))] for e in self.effects])
        self.resets = np.array([e.resets for e in self.effects])

    def initial(self) -> Successors:
        answer = self.discrete.initial()
        return replace(answer, target=np.hstack([answer.target, np.zeros_like(answer.target)]))

    def successors(self, states: States) -> Successors:
        answer = self.discrete.successors(states[:, :1])
        region = states[: answer.consumed, 1].astype(np.int64)
        x = region[answer.source]
        passes = self.allowed[answer.effect, x]
        x = np.where(self.resets[answer.effect], 0, x)[passes]
        later = np.flatnonzero(region < len(REGIONS) - 1)
        source = np.concatenate([answer.source[passes], later])
        order = np.argsort(source, kind="stable")  # within a row: the discrete actions, then time
        discrete = np.concatenate([answer.target[passes, 0], states[later, 0]])
        clock = np.concatenate([x, region[later] + 1]).astype(np.uint64)
        taken = np.concatenate([answer.action[passes], np.full(len(later), len(self.actions) - 1)])
        target = np.stack([discrete, clock], axis=1)[order]
        return replace(answer, source=source[order], action=taken[order], target=target, effect=None)

    def predicates(self, states: States, ids: Sequence[int]):
        return self.discrete.predicates(states[:, :1], ids)

    def step_predicates(self, states: States, after: States, ids: Sequence[int]):
        return self.discrete.step_predicates(states[:, :1], after[:, :1], ids)

    def terminated(self, states: States):
        return self.discrete.terminated(states[:, :1])


def dynticks(*, guarded: bool) -> Clocked:
    effects: dict[Effect, int] = {}
    discrete = dynticks_discrete(effects, guarded=guarded)
    return Clocked(discrete, tuple(effects))


# --- two workers ------------------------------------------------------------------------------------------------------


@dataclass
class Workers:
    """Every other row of a block goes to the other system, in a thread of its own; the answers are merged by (row,
    action, choice). Where a worker answers only a part, the merged answer ends before the first row that is missing."""

    systems: tuple[TransitionSystem, ...]

    def __post_init__(self) -> None:
        first = self.systems[0]
        self.width, self.actions, self.sites, self.guards = first.width, first.actions, first.sites, first.guards
        self.initial, self.predicates = first.initial, first.predicates
        self.step_predicates, self.terminated = first.step_predicates, first.terminated
        self.pool = ThreadPoolExecutor(len(self.systems))

    def successors(self, states: States) -> Successors:
        count = min(len(self.systems), len(states))
        parts = [np.arange(k, len(states), count) for k in range(count)]
        answers = list(self.pool.map(lambda k: self.systems[k].successors(states[parts[k]]), range(count)))
        ends = [int(p[a.consumed]) for p, a in zip(parts, answers) if a.consumed < len(p)]
        consumed = min(ends, default=len(states))
        source = np.concatenate([p[a.source] for p, a in zip(parts, answers)])
        faults = np.concatenate([np.column_stack([p[a.faults[:, 0]], a.faults[:, 1:]]) for p, a in zip(parts, answers)])
        order = np.argsort(source, kind="stable")
        order = order[source[order] < consumed]
        blamed = np.argsort(faults[:, 0], kind="stable")
        return Successors(
            source=source[order],
            action=np.concatenate([a.action for a in answers])[order],
            target=np.concatenate([a.target for a in answers])[order],
            consumed=consumed,
            faults=faults[blamed][faults[blamed, 0] < consumed],
            coverage=np.logical_or.reduce([a.coverage for a in answers]),
        )
