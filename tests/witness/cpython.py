"""The brute-force explorer: CPython runs the spec, this module only decides who runs next.

A process is a real generator. Generators cannot be copied, so a state of a spec with processes is reached again by
replaying, from an initial state, the sequence of (process, choices) that first led to it. Slow and obvious.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from inspect import getgeneratorstate
from itertools import product
from operator import attrgetter
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

from tests.witness import loader, runtime
from tests.witness.runtime import Marked
from tests.witness.values import ArrayType, Blocked, Fault, RecordType, Type, World, fields_of, freeze

Key = tuple[str, tuple[Any, ...]]  # a process instance: its name and arguments
Choices = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One function of the chain of `yield from`, outermost first."""

    function: str
    line: int
    instruction: int
    bound: tuple[tuple[str, Any], ...]

    @property
    def locals(self) -> dict[str, Any]:
        return dict(self.bound)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a process stands: the label it has yielded, None when it has returned."""

    label: str | None
    idle: bool = False
    frames: tuple[Frame, ...] = ()

    @property
    def locals(self) -> dict[str, Any]:
        """All names in scope; those of inner functions win."""
        return {n: v for frame in self.frames for n, v in frame.bound}


@dataclass(frozen=True, slots=True)
class State:
    variables: tuple[Any, ...]
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One way through a step: the state that it leads to, or the kind of its fault (ASSERT for a failed assert).
    `judged`: the action invariants' values, as in `Graph.judged`."""

    title: str
    target: int | None
    fault: str | None = None
    judged: tuple[tuple[str, bool | str], ...] = ()


@dataclass(slots=True)
class Graph:
    """The whole state space, breadth-first. `ways`: for each state, by action or process, then in order of choices;
    `initial` likewise, duplicates included. `judged`: for each state, property -> value, or the kind of its fault.
    `violations`, `witnesses`: property -> states of the shortest trace; `unwitnessed`: reachables that are not.
    `cut`: states that a constraint excludes from expansion."""

    names: tuple[str, ...]
    processes: tuple[Key, ...]
    states: list[State] = field(default_factory=list)
    initial: list[Way] = field(default_factory=list)
    ways: list[list[Way]] = field(default_factory=list)
    judged: list[dict[str, bool | str]] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    deadlocks: list[int] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    violations: dict[str, int] = field(default_factory=dict)
    property_faults: dict[str, str] = field(default_factory=dict)
    witnesses: dict[str, int] = field(default_factory=dict)
    unwitnessed: set[str] = field(default_factory=set)
    temporal: set[str] = field(default_factory=set)
    generated: int = 0

    @property
    def distinct(self) -> int:
        return len(self.states)

    @property
    def depth(self) -> int:
        return max(self.depths, default=0)

    def shortest(self, kind: str) -> int | None:
        """Length in states of the shortest trace to a "deadlock", an "assertion" or an "evaluation_error"."""
        if kind == "deadlock":
            found = [self.depths[s] for s in self.deadlocks]
        else:
            found = [
                self.depths[s]
                for s, ways in enumerate(self.ways)
                for w in ways
                if w.fault and (w.fault == "ASSERT") == (kind == "assertion")
            ]
        return min(found, default=None)


class TooLarge(Exception):
    """Replaying is for small state spaces."""


def explore_file(path: Path, name: str, constants: Mapping[str, Any] = {}, limit: int = 20_000) -> Graph:
    return Explorer(getattr(loader.load(path, constants), name), limit).run()


def explore_text(text: str, name: str, constants: Mapping[str, Any] = {}, limit: int = 20_000) -> Graph:
    return Explorer(getattr(loader.load_text(text, constants), name), limit).run()


@dataclass(slots=True)
class Running:
    """A spec in mid-execution: its instance, and for each process its generator and what that has yielded last."""

    spec: Any
    generators: list[Any]
    yielded: list[Any]


class _Places:
    """Where the processes stand, for the rare step that asks."""

    def __init__(self, keys: tuple[Key, ...], running: Running):
        self.keys, self.running = keys, running

    def __contains__(self, key: object) -> bool:
        return key in self.keys

    def __getitem__(self, key: Key) -> Position:
        number = self.keys.index(key)
        return _position(self.running.generators[number], self.running.yielded[number])


class Explorer:
    def __init__(self, cls: type, limit: int):
        self.cls, self.limit = cls, limit
        self.fields = fields_of(cls)
        marked = _marked(cls)
        self.processes: list[tuple[Key, Marked]] = [
            ((m.name, args), m) for m in marked if m.kind == "process" for args in _instances(m)
        ]
        self.actions = list(_actions(marked, "", lambda spec: spec)) + [
            a for name, d in self.fields.items() for a in _record_actions(d.type, name, attrgetter(name))
        ]
        self.properties = [m for m in marked if m.kind not in ("process", "action", "temporal")]
        self.graph = Graph(tuple(self.fields), tuple(k for k, _ in self.processes))
        self.graph.temporal |= {m.name for m in marked if m.kind == "temporal"}
        self.index: dict[State, int] = {}
        self.starts: dict[Key, Position] = {}
        self.paths: list[tuple[tuple[Any, ...], tuple[tuple[int, Choices], ...]]] = []

    # --- executing ---

    def view(self, state: State) -> Any:
        """An instance of the spec that stands in a state: for properties and actions, which resume no generator."""
        spec = object.__new__(self.cls)
        for (name, declared), value in zip(self.fields.items(), state.variables):
            spec.__dict__[name] = declared.type.thaw(value)
        spec.__dict__["_positions"] = dict(zip(self.graph.processes, state.positions))
        spec.__dict__["_starts"] = self.starts
        return spec

    def start(self, variables: tuple[Any, ...]) -> Running:
        running = Running(self.view(State(variables, ())), [], [])
        running.spec.__dict__["_positions"] = _Places(self.graph.processes, running)
        for (_, args), marked in self.processes:
            generator = marked.function(running.spec, *args)
            running.generators.append(generator)
            running.yielded.append(next(generator, None) if hasattr(generator, "send") else None)
        return running

    def replay(self, target: int) -> Running:
        variables, moves = self.paths[target]
        running = self.start(variables)
        for move, choices in moves:
            World.oracle = Oracle(list(choices))
            self.resume(running, move)
        return running

    def resume(self, running: Running, move: int) -> None:
        """Takes the next step of a process, or, counted from -1 downwards, an action."""
        if move >= 0:
            running.yielded[move] = next(running.generators[move], None)
        else:
            self.actions[-1 - move][1](running.spec)

    def positions(self, running: Running) -> tuple[Position, ...]:
        return tuple(map(_position, running.generators, running.yielded))

    def snapshot(self, running: Running) -> State:
        return State(self.frozen(running.spec), self.positions(running))

    def frozen(self, spec: Any) -> tuple[Any, ...]:
        return tuple(freeze(spec.__dict__[n]) for n in self.fields)

    # --- exploring ---

    def run(self) -> Graph:
        for variables in self.initial():
            state = self.snapshot(self.start(variables))
            self.starts.update(zip(self.graph.processes, state.positions))
            self.graph.initial.append(Way("init", self.reach(state, variables, (), 1)))
        done = 0
        while done < len(self.graph.states):
            if len(self.graph.states) > self.limit:
                raise TooLarge(f"more than {self.limit} states")
            self.expand(done)
            done += 1
        self.graph.unwitnessed = {m.name for m in self.properties if m.kind == "reachable"} - set(self.graph.witnesses)
        return self.graph

    def initial(self) -> Iterator[tuple[Any, ...]]:
        World.declaring = True
        declared = list(product(*(tuple(d.initial()) for d in self.fields.values())))
        World.declaring = False
        refine = getattr(self.cls, "init", None)
        for variables in declared:
            if refine is None:
                yield variables
                continue
            for outcome in _ways(partial(self._refined, refine, variables)):
                if isinstance(outcome, Fault):
                    self.graph.initial.append(Way("init", None, outcome.kind))
                else:
                    yield outcome[1]

    def _refined(self, refine: Callable[[Any], None], variables: tuple[Any, ...]) -> tuple[Any, ...]:
        spec = self.view(State(variables, ()))
        refine(spec)
        return self.frozen(spec)

    def reach(self, state: State, variables: Any, moves: Any, depth: int) -> int:
        graph = self.graph
        graph.generated += 1
        target = self.index.setdefault(state, len(graph.states))
        if target == len(graph.states):
            graph.states.append(state)
            graph.depths.append(depth)
            graph.ways.append([])
            self.paths.append((variables, moves))
            self.judge(target)
        return target

    def expand(self, source: int) -> None:
        if source in self.graph.cut:
            return
        for i, (title, run) in enumerate(self.actions):
            self.take(source, title, partial(self.act, source, run), -1 - i)
        for number, (key, _) in enumerate(self.processes):
            position = self.graph.states[source].positions[number]
            if position.label is not None:
                title = f"{_process_title(key)}: {position.label}"
                self.take(source, title, partial(self.step, source, number), number)
        resting = all(p.label is None or p.idle for p in self.graph.states[source].positions)
        if not self.graph.ways[source] and not (self.processes and resting):
            self.graph.deadlocks.append(source)

    def act(self, source: int, run: Callable[[Any], None]) -> State:
        state = self.graph.states[source]
        spec = self.view(state)
        run(spec)
        return State(self.frozen(spec), state.positions)

    def step(self, source: int, process: int) -> State:
        running = self.replay_outside(source)
        self.resume(running, process)
        return self.snapshot(running)

    def replay_outside(self, source: int) -> Running:
        """Replays with the recorded answers, then hands back to the oracle at work."""
        oracle = World.oracle
        running = self.replay(source)
        World.oracle = oracle
        return running

    def take(self, source: int, title: str, run: Callable[[], State], move: int) -> None:
        """Every way through one action or step."""
        variables, moves = self.paths[source]
        for outcome in _ways(run):
            if isinstance(outcome, Fault):
                self.graph.ways[source].append(Way(title, None, outcome.kind))
                continue
            choices, state = outcome
            path = (variables, (*moves, (move, choices))) if self.processes else (state.variables, ())
            target = self.reach(state, *path, self.graph.depths[source] + 1)
            self.graph.ways[source].append(Way(title, target, None, self.judge_step(source, target)))

    # --- properties ---

    def judge(self, target: int) -> None:
        graph, judged = self.graph, {}
        for m in self.properties:
            if m.kind == "action_invariant":
                continue
            value = judged[m.name] = self.truth(m, self.view(graph.states[target]))
            if m.kind == "invariant" and value is not True:
                graph.violations.setdefault(m.name, graph.depths[target])
            if m.kind == "reachable" and value is True:
                graph.witnesses.setdefault(m.name, graph.depths[target])
            if m.kind == "constraint" and value is not True and target not in graph.cut:
                graph.cut.append(target)
        graph.judged.append(judged)

    def judge_step(self, source: int, target: int) -> tuple[tuple[str, bool | str], ...]:
        judged = {}
        for m in self.properties:
            if m.kind == "action_invariant":
                before, after = self.view(self.graph.states[source]), self.view(self.graph.states[target])
                judged[m.name] = self.truth(m, before, after)
                if judged[m.name] is not True:
                    length = self.graph.depths[source] + 1
                    self.graph.violations[m.name] = min(length, self.graph.violations.get(m.name, length))
        return tuple(judged.items())

    def truth(self, m: Marked, *views: Any) -> bool | str:
        try:
            return _guarded(lambda: m.function(*views))
        except Fault as fault:
            self.graph.property_faults.setdefault(m.name, fault.kind)
            return fault.kind


def _marked(cls: type) -> list[Marked]:
    """Decorated methods in order of first definition; an override replaces its original."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Marked) or name in found:
                found[name] = value
    return [m for m in found.values() if isinstance(m, Marked)]


def _instances(m: Marked) -> Iterator[tuple[Any, ...]]:
    return product(*(tuple(t.values()) for t in m.types.values()))


def _actions(marked: list[Marked], prefix: str, owner: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    """(title, what to do to a spec) for every instance; `owner` finds the record or spec that has the action."""
    for m in marked:
        if m.kind == "action":
            for args in _instances(m):
                yield prefix + _action_title(m, args), lambda spec, m=m, args=args: m.function(owner(spec), *args)


def _record_actions(t: Type, title: str, owner: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    """Those of every record that a variable holds, also in arrays and in other records."""
    match t:
        case RecordType():
            yield from _actions(_marked(t.cls), f"{title}.", owner)
            for name, declared in t.fields.items():
                yield from _record_actions(declared.type, f"{title}.{name}", lambda s, n=name: getattr(owner(s), n))
        case ArrayType():
            for key in t.keys:
                yield from _record_actions(t.of, f"{title}[{key}]", lambda spec, key=key: owner(spec)[key])


def _process_title(key: Key) -> str:
    name, args = key
    return name + (f"[{','.join(map(str, args))}]" if args else "")


def _action_title(m: Marked, args: tuple[Any, ...]) -> str:
    return m.name + (f"({', '.join(f'{n}={v}' for n, v in zip(m.types, args))})" if args else "")


def _position(generator: Any, yielded: Any) -> Position:
    if yielded is None:
        return Position(None)
    label = yielded[0] if isinstance(yielded, tuple) else yielded
    frames = []
    while generator is not None and getgeneratorstate(generator) == "GEN_SUSPENDED":
        frame = generator.gi_frame
        hidden = World.references[frame.f_code.co_name]
        bound = tuple((n, freeze(v)) for n, v in sorted(frame.f_locals.items()) if n not in hidden)
        frames.append(Frame(frame.f_code.co_name, frame.f_lineno, frame.f_lasti, bound))
        generator = generator.gi_yieldfrom
    idle = isinstance(label, runtime.idle)
    return Position(label.label if idle else label, idle, tuple(frames))


@dataclass(slots=True)
class Oracle:
    """Answers `choose` from a script, then with the first option; remembers each answer and how many there were."""

    script: list[int]
    taken: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, size: int) -> int:
        answer = self.script[len(self.taken)] if len(self.taken) < len(self.script) else 0
        self.taken.append((answer, size))
        return answer

    def next_script(self) -> list[int] | None:
        """The next sequence of answers in ascending order, None after the last."""
        taken = list(self.taken)
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        return [a for a, _ in taken[:-1]] + [taken[-1][0] + 1] if taken else None


def _ways(run: Callable[[], Any]) -> Iterator[Any]:
    """Runs once for each sequence of answers to `choose`: (answers, result), or a Fault; nothing where it blocks."""
    script: list[int] | None = []
    while script is not None:
        oracle = Oracle(script)
        World.oracle = oracle
        try:
            result = _guarded(run)
            yield tuple(a for a, _ in oracle.taken), result
        except Blocked:
            pass
        except Fault as fault:
            yield fault
        script = oracle.next_script()


def _guarded(run: Callable[[], Any]) -> Any:
    """Runs, with CPython's exceptions said in the words of the language."""
    try:
        return run()
    except AssertionError:
        raise Fault("ASSERT") from None
    except ZeroDivisionError:
        raise Fault("DIVISION") from None
    except ValueError:
        raise Fault("EMPTY") from None  # min or max of nothing
    except TypeError as error:
        if "NoneType" in str(error):
            raise Fault("NONE") from None
        raise
    except AttributeError as error:
        if "NoneType" in str(error):
            raise Fault("NONE") from None
        raise
