"""Exploring a model: the options of a check, the back end that starts and the native code that takes over."""

from __future__ import annotations

import difflib
import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from modelcheck import backends
from modelcheck.errors import SpecError, UsageError
from modelcheck.ir.nodes import Model, Property
from modelcheck.ir.printer import print_model
from modelcheck.search import bfs
from modelcheck.search.exploration import Exploration, Goal, Limits
from modelcheck.system import NativeSuccessors, Site, States, Successors, TransitionSystem
from modelcheck.timed.effects import Effects

BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Options:
    """How to check. `properties` None means all of them; `witness` names a reachable whose trace is wanted;
    `fewest_switches` asks for the traces with the fewest changes of process, `minimal_fairness` for the fairness that a
    temporal property needs. `thorough` searches the whole space though everything asked has been decided. Of a model
    with time: `prune` False ignores it; `pins` are (quantity, value); `audit` asks z3 about every decision.
    `progress` is handed to the search."""

    properties: tuple[str, ...] | None = None
    backend: str = "auto"
    workers: int | str = 1
    limits: Limits = field(default_factory=Limits)
    thorough: bool = False
    deadlock: bool = True
    strict: bool = False
    allow_vacuous: tuple[str, ...] = ()
    fewest_switches: bool = False
    minimal_fairness: bool = False
    witness: str | None = None
    compact: bool = False
    spill: Path | None = None
    checkpoint: Path | None = None
    resume: Path | None = None
    progress: Callable[..., None] | None = None
    prune: bool = True
    pins: tuple[tuple[str, int], ...] = ()
    audit: bool = False


def instead(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; it has {', '.join(names)}" if names else ""


def without_time(model: Model, system: TransitionSystem) -> TransitionSystem:
    """The discrete part of a model with time as a system of its own: every step that some times may allow."""
    assert model.timing is not None
    return Effects(model, model.timing, system, [p.low for p in model.timing.params])


def build(model: Model, options: Options) -> tuple[str, TransitionSystem]:
    """The name of the back end that a check starts with, and the system."""
    name = "python" if options.backend == "auto" else options.backend
    if name not in backends.BACKENDS:
        raise UsageError(f"there is no back end `{name}`{instead(name, backends.BACKENDS)}")
    return name, backends.build(name, model)


class Upgrade:
    """Native code for a search that has outgrown Python, where `--backend auto` may choose. `name`: what ran last.
    timeless: the system is used with time ignored."""

    def __init__(self, model: Model, options: Options, name: str, sites: tuple[Site, ...], *, timeless: bool = False):
        self.model, self.name, self.sites, self.timeless = model, name, sites, timeless
        self.wanted = options.backend == "auto"
        self.system: TransitionSystem | None = None
        self.refusal: SpecError | None = None

    def __call__(self) -> TransitionSystem | None:
        if not self.wanted:
            return None
        try:
            system = backends.build("llvm", self.model)
        except SpecError as refusal:  # what native code cannot do, the Python back end goes on with, and it is said
            self.refusal = refusal
            return None
        self.system = renumbered(system, self.sites)
        if self.system and self.timeless:
            self.system = without_time(self.model, self.system)
        self.name = "llvm" if self.system else self.name
        return self.system


class Renumbered:
    """A system that tells its faults by the site numbers of another back end: in one search they mean one thing."""

    reentrant = True

    def __init__(self, system: TransitionSystem, sites: tuple[Site, ...], numbers: NDArray[np.int64]):
        self.system, self.sites, self.numbers = system, sites, numbers
        self.width, self.actions, self.guards = system.width, system.actions, system.guards
        self.predicates, self.step_predicates = system.predicates, system.step_predicates
        self.terminated = system.terminated
        self.native_successors, self.cached = self._native(), getattr(system, "cached", True)

    def _native(self) -> NativeSuccessors | None:
        native = getattr(self.system, "native_successors", None)
        return native and replace(native, site=self.numbers)

    def initial(self) -> Successors:
        return self._told(self.system.initial())

    def successors(self, states: States) -> Successors:
        return self._told(self.system.successors(states))

    def _told(self, answer: Successors) -> Successors:
        if not len(answer.faults):
            return answer
        faults = answer.faults.copy()
        faults[:, 2] = self.numbers[faults[:, 2]]
        return replace(answer, faults=faults)


def renumbered(system: TransitionSystem, sites: tuple[Site, ...]) -> TransitionSystem:
    """The system with its sites numbered as in `sites`, and behind them those that it has alone: places where one back
    end has found out, and the other has not, that nothing can fail."""
    if system.sites == sites:
        return system
    every = (*sites, *(site for site in system.sites if site not in sites))
    return Renumbered(system, every, np.array([every.index(site) for site in system.sites], np.int64))


def explore(
    model: Model, selected: tuple[Property, ...], options: Options
) -> tuple[Exploration, TransitionSystem, Upgrade]:
    """The exploration, the system that a trace is retraced with, and what the search ended with. Time is ignored."""
    name, system = build(model, options)
    upgrade = Upgrade(model, options, name, system.sites, timeless=model.timing is not None)
    if model.timing is not None:
        system = without_time(model, system)
    goal = goal_of(selected, options.deadlock)
    seen = bfs.search(
        system,
        goal,
        limits=options.limits,
        block=BLOCK,
        thorough=options.thorough,
        progress=options.progress,
        workers=workers_of(options.workers),
        upgrade=upgrade,
        compact=options.compact,
        spill=options.spill,
        checkpoint=options.checkpoint,
        resume=options.resume,
        identity=_identity(model, goal),
    )
    return seen, upgrade.system or system, upgrade


def workers_of(given: int | str) -> int:
    if given == "auto":
        return os.cpu_count() or 1
    try:
        count = int(given)
    except ValueError:
        raise UsageError(f"{given!r} is no number of workers; write --workers 2, or --workers auto") from None
    if count < 1:
        raise UsageError("at least one worker is needed; write --workers 2, or --workers auto")
    return count


def _identity(model: Model, goal: Goal) -> str:
    """What a search that is resumed must have in common with the one that was kept: the model, and what is asked."""
    return hashlib.sha256(f"{print_model(model)}\n{goal}".encode()).hexdigest()


def goal_of(selected: tuple[Property, ...], deadlock: bool) -> Goal:
    def numbers(kind: str) -> tuple[int, ...]:
        return tuple(p.predicate for p in selected if p.kind == kind and p.predicate is not None)

    def antecedents(kind: str) -> tuple[int, ...]:
        return tuple(a for p in selected if p.kind == kind for a in p.antecedents)

    return Goal(
        invariants=numbers("invariant"),
        step_invariants=numbers("action_invariant"),
        reachables=numbers("reachable"),
        constraints=numbers("constraint"),
        watched=antecedents("invariant"),
        step_watched=antecedents("action_invariant"),
        deadlock=deadlock,
    )
