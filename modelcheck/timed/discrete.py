"""The discrete states that zones belong to: each once, with its mode and, when it is asked for, the steps out of it.

A *mode* is what a state means for time: whether time may pass, which deadlines hold, and the bounds beyond which values
of clocks need not be told apart. Few modes serve many states, and they have numbers. Steps are found once for each
discrete state, however many zones it has, in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import Diagnostic, SpecError
from modelcheck.ir.printer import show_value
from modelcheck.ir.timing import ClockDecl
from modelcheck.search.store import Store, grown, keys
from modelcheck.system import FAULT, TRUE, States, Successors, TransitionSystem
from modelcheck.timed.bounds import StaticBounds
from modelcheck.timed.dbm import INFINITY, RawAtom
from modelcheck.timed.effects import Effects, Program, raw_atom

BLOCK = 4096
FAULTY, UNSETTLED = -1, -2  # for a mode: where a predicate of time cannot be evaluated; where nobody has asked yet
NATIVE_AT = 10_000  # discrete states
MOST_SHOWN = 8  # parts of a state in a message


@dataclass(frozen=True, slots=True)
class Mode:
    """holding: numbers of the model's deadlines, in the order of `deadlines`, which are their atoms. lower, upper: as
    for `dbm.extrapolate`."""

    holding: tuple[int, ...]
    deadlines: tuple[RawAtom, ...]
    delay: bool
    lower: tuple[int, ...]
    upper: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failing:
    """A step that fails: its program as far as it was executed."""

    action: int
    site: int
    program: Program


class Growing:
    """An array that grows at its end. shape: of an entry."""

    def __init__(self, kind: Any = np.int64, shape: tuple[int, ...] = ()):
        self._array, self.count = np.empty((1024, *shape), kind), 0

    @property
    def values(self) -> NDArray[Any]:
        return self._array[: self.count]

    def extend(self, values: NDArray[Any] | Sequence[Any]) -> None:
        end = self.count + len(values)
        if end > len(self._array):
            self._array = grown(self._array, max(end, 2 * len(self._array)))
        self._array[self.count : end] = values
        self.count = end


class DiscreteStates:
    """By number, in order of appearance. `action`, `program` and `target` of the steps out of state s stand at
    first[s] .. first[s] + size[s], in order; first[s] is -1 until they are asked for."""

    def __init__(
        self,
        effects: Effects,
        bounds: StaticBounds,
        *,
        bisimilar: bool,
        upgrade: Callable[[], TransitionSystem | None] | None = None,
    ):
        self.effects, self.timing, self.bounds = effects, effects.timing, bounds
        self.bisimilar, self.upgrade = bisimilar, upgrade
        self.store = Store(effects.width)
        self.modes: list[Mode] = []
        self._mode_numbers: dict[Any, int] = {}
        self.mode, self.first, self.size = Growing(), Growing(), Growing()
        self.action, self.program, self.target = Growing(), Growing(), Growing()
        self.failing: dict[int, tuple[Failing, ...]] = {}
        self.coverage = np.zeros(effects.guards, np.bool_)
        self.deadlines = [raw_atom(d.atom, effects.params, effects.timing.dense) for d in effects.timing.deadlines]

    def __len__(self) -> int:
        return len(self.store)

    @property
    def rows(self) -> States:
        return self.store.states

    def numbers(self, rows: States) -> NDArray[np.int64]:
        """Of discrete states, new ones included."""
        known = len(self.store)
        nowhere = np.full(len(rows), -1, np.int64)
        self.store.insert(rows, nowhere, nowhere)
        new = len(self.store) - known
        self.first.extend(np.full(new, -1, np.int64))
        self.size.extend(np.zeros(new, np.int64))
        self.mode.extend(np.full(new, UNSETTLED, np.int64))
        return self.store.find(rows)

    # --- steps ---

    def expand(self, states: NDArray[np.int64]) -> None:
        """Sees to it that the steps out of the states are known, and the modes that they lead to."""
        known = self.target.count
        self._expand(states)
        targets = self.target.values[known:]
        if self.timing.urgent_actions:  # then some steps were known before their targets' modes
            ends = zip(self.first.values[states].tolist(), self.size.values[states].tolist())
            targets = np.concatenate([targets, *(self.target.values[at : at + size] for at, size in ends)])
        self.settle(targets)

    def _expand(self, states: NDArray[np.int64]) -> None:
        lacking = np.unique(states[self.first.values[states] < 0])
        if self.upgrade and len(self.store) > NATIVE_AT:
            system, self.upgrade = self.upgrade(), None
            if system:
                self.effects.replace_system(system)
        start = 0
        while start < len(lacking):
            block = lacking[start : start + BLOCK]
            answer = self.effects.successors(self.store.states[block])
            self._keep(block[: answer.consumed], answer)
            start += answer.consumed

    def _keep(self, states: NDArray[np.int64], answer: Successors) -> None:
        assert answer.effect is not None
        size = np.bincount(answer.source, minlength=len(states))
        self.first.values[states] = self.action.count + np.cumsum(size) - size
        self.size.values[states] = size
        self.action.extend(answer.action)
        self.program.extend(answer.effect)
        self.target.extend(self.numbers(answer.target))
        self.coverage |= answer.coverage
        for row, action in dict.fromkeys((row, action) for row, action, _ in answer.faults.tolist()):
            state = int(states[row])
            ways = self.effects.failing(self.store.states[state : state + 1], action)
            self.failing[state] = (*self.failing.get(state, ()), *(Failing(action, *way) for way in ways))

    # --- modes ---

    def settle(self, states: NDArray[np.int64]) -> None:
        """Sees to it that the modes of the states are known. An urgent action makes a mode hang on the steps."""
        lacking = np.unique(states[self.mode.values[states] == UNSETTLED])
        if not len(lacking):
            return
        urgent = np.zeros(len(lacking), np.bool_)
        if self.timing.urgent_actions:
            self._expand(lacking)
            is_urgent = np.isin(self.action.values, sorted(self.timing.urgent_actions))
            before = np.concatenate(([0], np.cumsum(is_urgent)))
            first = self.first.values[lacking]
            urgent = before[first + self.size.values[lacking]] > before[first]
        rows = self.store.states[lacking]
        for start in range(0, len(lacking), BLOCK):
            part = slice(start, start + BLOCK)
            self.mode.values[lacking[part]] = self._modes(rows[part], urgent[part])

    def _modes(self, rows: States, urgent: NDArray[np.bool_]) -> NDArray[np.int64]:
        timing = self.timing
        deadlines, faulty = self._true(rows, [d.predicate for d in timing.deadlines])
        still, more = self._true(rows, [*timing.urgent, *(predicate for predicate, _ in timing.committed)])
        alive, most = self._true(rows, [None, *(c.alive for c in timing.clocks)])
        bounds = self.bounds.of(rows, alive)
        if self.bisimilar:
            bounds[:] = bounds.max(axis=1, keepdims=True)
        delay = ~(urgent | still.any(axis=1))
        found = np.empty(len(rows), np.int64)
        told = np.column_stack((deadlines, delay, bounds.reshape(len(rows), -1))).astype(np.int64)
        for i, key in enumerate(keys(told.view(np.uint64))):
            number = self._mode_numbers.get(key)
            if number is None:
                number = self._mode_numbers[key] = len(self.modes)
                self.modes.append(self._mode(rows[i : i + 1], deadlines[i], bool(delay[i]), bounds[i]))
            found[i] = number
        return np.where(faulty | more | most, FAULTY, found)

    def _true(self, rows: States, ids: Sequence[int | None]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Of each row and predicate (None: everywhere true) whether it is true; and of each row whether one fails."""
        asked = [i for i in ids if i is not None]
        answers = self.effects.predicates(rows, asked)
        true = np.ones((len(rows), len(ids)), np.bool_)
        true[:, [column for column, i in enumerate(ids) if i is not None]] = answers == TRUE
        return true, (answers == FAULT).any(axis=1)

    def _mode(self, row: States, holding: NDArray[np.bool_], delay: bool, bounds: NDArray[np.int64]) -> Mode:
        numbers = tuple(np.flatnonzero(holding).tolist())
        deadlines = tuple(self.deadlines[i] for i in numbers)
        lower, upper = (tuple(side.tolist()) for side in bounds)
        bounded = {left for left, right, _ in deadlines if right == 0}
        for x, limit in enumerate(lower):
            if delay and limit == INFINITY and x not in bounded:
                everywhere = bool(self.bounds.everywhere[0, x] == INFINITY)
                raise SpecError([unbounded(self.timing.clocks[x - 1], self._shown(row), everywhere)])
        return Mode(numbers, deadlines, delay, lower, upper)

    def _shown(self, row: States) -> str:
        """`n = 0, p at "b"`. row: (1, width)."""
        model = self.effects.model
        state = self.effects.layout.decode(self.effects.layout.unpack(row)[0])
        told = [f"{v.name} = {show_value(v.type, x)}" for v, x in zip(model.variables, state)
                if v.kind == "variable" and not v.hidden]  # fmt: skip
        for process in model.processes:
            place = process.places[process.start if process.variable is None else state[process.variable]]
            told.append(f"{process.title} is done" if place.kind == "done" else f'{process.title} at "{place.label}"')
        return ", ".join(told[:MOST_SHOWN]) + (", ..." if len(told) > MOST_SHOWN else "")

    def faulty(self) -> SpecError:
        """What is wrong where a mode is FAULTY."""
        text = "a condition of time cannot be evaluated in a state that is reached"
        spans = [d.span for d in self.timing.deadlines if d.span]
        return SpecError([Diagnostic("C003", text, spans[0] if spans else None)])


def unbounded(clock: ClockDecl, where: str, everywhere: bool) -> Diagnostic:
    """where: the state without a bound, as authors read it. everywhere: the comparison stands at no label."""
    here = f" where {where}" if where else ""
    hint = "give it a deadline wherever time may pass and it is read before it is set: `implies(a, self.x <= 100)`"
    if everywhere:
        hint = (
            "what is compared at no label of a process counts in every state: give this clock a deadline without a "
            'condition, `self.x <= 100`, or compare it in a process, or under `implies(at(self.p, "label"), ...)`'
        )
    return Diagnostic(
        "C001",
        f"`{clock.name}` is compared with another clock, and no deadline bounds it{here}",
        clock.span,
        hint,
    )
