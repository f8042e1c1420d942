"""Behaviours of a spec of actions, performed on a machine step by step, every observable compared.

The spec is the generator: the checker's own back end says which actions can be taken in a state and where
they lead. The machine says what it observes; of several ways an action can go, the one that agrees is
followed. Where none agrees, `Mismatch` tells the whole behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelcheck import backends, checker
from modelcheck.ir.layout import Layout
from modelcheck.ir.types import ArrayType, RecordType, SetType, Type
from modelcheck.system import TRUE

View = Mapping[str, Any]  # of a state: variable -> value, records as dicts, arrays as tuples

# What a machine observes where nothing has changed: where the spec's step fails, and where it cannot be taken.
REFUSED = "refused"
BLOCKED = "blocked"


class Machine(Protocol):
    """`begin` starts a behaviour on something fresh; `perform` takes one step and tells what can be seen afterwards."""

    def begin(self) -> Any: ...

    def perform(self, label: str, args: dict[str, Any]) -> Any: ...


class Mismatch(AssertionError):
    """The machine does not do what the spec says."""


Ways = tuple[Any, ...]  # the states (packed) that an action can lead to; None where it fails


class Behaviours:
    """What a spec can do, each state computed once. `seen`: what a state looks like to the machine. `blocking`: the
    labels of actions that are tried also where the spec cannot take them: there the machine has to say BLOCKED.

    A `@reachable` of the spec is no question here, but an observer: its value in a state stands in the view under its
    name. So the methods of a record are held to the machine, not only its fields."""

    def __init__(
        self,
        path: Path,
        spec: str,
        constants: Mapping[str, Any],
        seen: Callable[[View], Any],
        blocking: tuple[str, ...] = (),
    ) -> None:
        self.model = checker.compiled(path, spec, constants)
        self.system, self.layout = backends.build("python", self.model), Layout(self.model.variables)
        self.seen = seen
        self.blocking = [number for number, a in enumerate(self.model.actions) if a.label in blocking]
        self.observers = {p.name: p.predicate or 0 for p in self.model.properties if p.kind == "reachable"}
        self.moves: dict[int, tuple[tuple[int, Ways], ...]] = {}
        self.looks: dict[int, Any] = {}

    def initial(self) -> Ways:
        return tuple(self.layout.unpack(self.system.initial().target))

    def enabled(self, state: int) -> tuple[tuple[int, Ways], ...]:
        """The actions that can be tried, each with its ways; none where it blocks."""
        if state not in self.moves:
            found = self.system.successors(self.row(state))
            ways: dict[int, list[int | None]] = {number: [] for number in self.blocking}
            for action, target in zip(found.action.tolist(), self.layout.unpack(found.target)):
                ways.setdefault(action, []).append(target)
            for _, action, _ in found.faults.tolist():
                ways.setdefault(action, []).append(None)
            self.moves[state] = tuple((action, tuple(ways[action])) for action in sorted(ways))
        return self.moves[state]

    def row(self, state: int) -> NDArray[np.uint64]:
        return np.array(self.layout.pack([state]), np.uint64).reshape(1, -1)

    def look(self, state: int | None) -> Any:
        """What the machine should see."""
        if state is None:
            return REFUSED
        if state not in self.looks:
            values = self.layout.decode(state)
            view = {v.name: natural(v.type, value) for v, value in zip(self.model.variables, values)}
            answers = self.system.predicates(self.row(state), list(self.observers.values()))[0]
            self.looks[state] = self.seen(
                view | {n: bool(a == TRUE) for n, a in zip(self.observers, answers)}
            )
        return self.looks[state]

    def call(self, action: int) -> tuple[str, dict[str, Any]]:
        """The label and the arguments of an action."""
        a = self.model.actions[action]
        return a.label, {name: value for name, value, _ in a.args}


def natural(of: Type, value: Any) -> Any:
    """A value with the fields of its records by name, and arrays by index."""
    match of:
        case RecordType(_, fields):
            return {name: natural(t, v) for (name, t), v in zip(fields, value)}
        case ArrayType(_, element):
            return tuple(natural(element, v) for v in value)
        case SetType(element):
            return frozenset(natural(element, v) for v in value)
    return value


Choose = Callable[[int], int]  # of n possibilities, one


def perform(behaviours: Behaviours, machine: Machine, choose: Choose, steps: int) -> int:
    """One behaviour of at most `steps` steps, compared throughout. How many were taken. Raises Mismatch."""
    taken: list[str] = []
    state = _agreeing(behaviours, behaviours.initial(), machine.begin(), None, taken)
    for _ in range(steps):
        moves = behaviours.enabled(state)
        if not moves:
            break
        action, ways = moves[choose(len(moves))]
        taken.append(behaviours.model.action_title(action))
        state = _agreeing(behaviours, ways, machine.perform(*behaviours.call(action)), state, taken)
    return len(taken)


def _agreeing(behaviours: Behaviours, ways: Ways, observed: Any, before: int | None, taken: list[str]) -> int:
    """The state that looks as the machine does; the one before where nothing was to change."""
    expected = [behaviours.look(state) for state in ways] or [BLOCKED]
    if observed not in expected:
        told = [*(taken or ["initially"]), f"machine: {observed}", *(f"spec:    {e}" for e in expected)]
        raise Mismatch("\n".join(told))
    after = ways[expected.index(observed)] if ways else None
    if after is not None:
        return after
    assert before is not None, "the initialisation fails"
    return before


def exhaust(behaviours: Behaviours, machine: Machine, depth: int) -> int:
    """Every sequence of `depth` actions. The number of steps."""
    path: list[list[int]] = []  # of each choice: what was chosen, out of how many
    steps = 0
    while True:
        at = 0

        def choose(count: int) -> int:
            nonlocal at
            if at == len(path):
                path.append([0, count])
            at += 1
            return path[at - 1][0]

        steps += perform(behaviours, machine, choose, depth)
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if not path:
            return steps
        path[-1][0] += 1


def walk(behaviours: Behaviours, machine: Machine, *, walks: int, steps: int, seed: int) -> int:
    """Random behaviours, the same for the same seed. The number of steps."""
    random = Random(seed)
    return sum(perform(behaviours, machine, random.randrange, steps) for _ in range(walks))
