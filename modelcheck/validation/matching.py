"""The search for a run that a log is a record of: breadth-first, line by line.

All nodes that fit the lines so far are kept, so that the first line for which there is none is the first that no run
has. Between two lines, steps that leave no line are taken; no later than the next line allows, so there are finitely
many nodes where time passes, and in any case no node twice: one whose zone another one of its state includes is left
out, but its origin is remembered.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any, Callable, Iterator, Mapping, Sequence

from modelcheck.ir.logmap import LogMap, StepName
from modelcheck.ir.nodes import Model
from modelcheck.logs.events import Interval
from modelcheck.timed import dbm
from modelcheck.timed.dbm import Matrix
from modelcheck.timed.effects import Program
from modelcheck.validation.demands import Demand
from modelcheck.validation.space import Edge, Space

Told = Callable[[tuple[object, ...]], Mapping[str, Any]]  # a state as a log would write it


@dataclass(eq=False, slots=True)
class Node:
    """After so many demands. zone: at the moment at which it is reached. edge: None where nothing was taken. origin:
    where the zone comes from; others: whence zones within it come. line: whether a demand led here. steps: how many
    there are on the way."""

    position: int
    state: int
    zone: Matrix
    edge: Edge | None
    program: Program
    origin: Node | None = None
    line: bool = False
    steps: int = 0
    others: list[Node] = field(default_factory=list)


class Question:
    """A log against a model. told: see the type. most: nodes that are looked at. anchor: the first demand with a time,
    where the log's clock begins to run. latest[i]: no step before demand number i is later."""

    def __init__(self, space: Space, demands: Sequence[Demand], mapping: LogMap, told: Told, most: int):
        self.space, self.demands, self.mapping, self.told, self.most = space, demands, mapping, told, most
        self.model = space.model
        self.anchor = next((i for i, d in enumerate(demands) if d.window.high is not None), len(demands))
        self.latest = _latest(demands, self.anchor)
        self.silent: dict[tuple[int, int, frozenset[int]], bool] = {}


def _latest(demands: Sequence[Demand], anchor: int) -> list[int | None]:
    found: list[int | None] = []
    least = None
    for demand in reversed(demands):
        high = demand.window.high
        least = high if least is None else least if high is None else min(least, high)
        found.append(least)
    return [high if i > anchor else None for i, high in enumerate(reversed(found))]


@dataclass(slots=True)
class Found:
    """layers[i]: the nodes after i demands. complete: whether all were found that there are."""

    layers: list[list[Node]] = field(default_factory=list)
    complete: bool = True

    @property
    def fits(self) -> int:
        """How many demands some run fulfils."""
        return max((i for i, layer in enumerate(self.layers) if layer), default=-1)


@dataclass(slots=True)
class _Layer:
    """The nodes of one position, each zone of a state once."""

    nodes: list[Node] = field(default_factory=list)
    by_state: dict[int, list[Node]] = field(default_factory=dict)

    def add(self, node: Node) -> bool:
        """False where another node includes it: that one has one origin more."""
        known = self.by_state.setdefault(node.state, [])
        for other in known:
            if other.line >= node.line and dbm.includes(other.zone, node.zone):
                other.others += [node.origin] if node.origin else []
                return False
        known.append(node)
        self.nodes.append(node)
        return True


def match(question: Question) -> Found:
    """Line by line, up to the first that no run has."""
    found, layer = Found(), _Layer()
    for edge in question.space.initial():
        zone = question.space.start(edge)
        if zone is not None:
            layer.add(Node(0, edge.target, zone, edge, edge.program))
    for position in range(len(question.demands)):
        following, within = _Layer(), question.most - sum(map(len, found.layers))
        found.complete = _extend(question, layer, following, within)
        found.layers.append(layer.nodes)
        if not found.complete or not following.nodes:
            return found
        layer = following
    found.layers.append(layer.nodes)
    return found


def _extend(question: Question, layer: _Layer, following: _Layer, most: int) -> bool:
    """Adds to a layer what steps without a line lead to, and to the following one what the next line leads to; nodes on
    shorter ways first. False: there are more than so many."""
    queue = [(node.steps, i, node) for i, node in enumerate(layer.nodes)]
    heapify(queue)
    while queue:
        node = heappop(queue)[-1]
        for x in _seen(question, node):
            following.add(x)
        for x in _unseen(question, node):
            if layer.add(x):
                heappush(queue, (x.steps, len(layer.nodes), x))
        if len(layer.nodes) > most:
            return False
    return True


def _unseen(question: Question, node: Node) -> Iterator[Node]:
    """What steps lead to that leave no line."""
    space, position = question.space, node.position
    before = position == 0 and question.mapping.anywhere
    zone = space.coarse(node.state, node.zone) if before else space.later(node.state, node.zone)
    window = Interval(0, question.latest[position], exact=True)
    for edge in space.edges(node.state):
        if before or hidden(question, edge):
            program = space.program(edge, window, {}, starts=False, runs=position > question.anchor)
            target = space.take(zone, program, edge.target)
            if target is not None:
                yield Node(position, edge.target, target, edge, program, node, steps=node.steps + 1)


def _seen(question: Question, node: Node) -> Iterator[Node]:
    """What the next demand leads to."""
    space, demand = question.space, question.demands[node.position]
    zone = space.later(node.state, node.zone)
    if node.position == 0 and question.mapping.anywhere:
        zone = space.coarse(node.state, node.zone)
    if not stands(question.model, demand, space.natural(node.state)):
        return
    for edge in space.edges(node.state) if demand.steps else (None,):
        if edge is not None and not any(allows(question, demand, step, edge) for step in demand.steps):
            continue
        program = program_of(question, node.position, edge)
        target = node.state if edge is None else edge.target
        reached = space.take(zone, program, target)
        if reached is not None and not unlike(question, demand, target):
            yield Node(node.position + 1, target, reached, edge, program, node, line=True, steps=node.steps + 1)


def program_of(question: Question, position: int, edge: Edge | None) -> Program:
    """What a demand does with clocks."""
    demand, anchor = question.demands[position], question.anchor
    starts, runs = position == anchor, position > anchor
    return question.space.program(edge, demand.window, demand.pins, starts=starts, runs=runs)


# --- which steps ------------------------------------------------------------------------------------------------------


def hidden(question: Question, edge: Edge) -> bool:
    """Whether a step leaves no line: it is silent, or no entry is about a step that does just that."""
    key = edge.action, edge.target, edge.observed
    if key not in question.silent:
        question.silent[key] = _hidden(question, edge)
    return question.silent[key]


def _hidden(question: Question, edge: Edge) -> bool:
    mapping = question.mapping
    if edge.action in mapping.silent:
        return True
    named = [(e, s) for e in mapping.entries for s in e.steps if edge.action in s.actions]
    about = (
        leads(question.model, s, edge.target, edge.action, question.space)
        and _shows(mapping, edge) == frozenset(r.quantity for r in e.readings)
        for e, s in named
    )
    return bool(named) and not any(about)


def _shows(mapping: LogMap, edge: Edge) -> frozenset[int]:
    """What a step observes of all that logs show."""
    return edge.observed & mapping.shown


def allows(question: Question, demand: Demand, step: StepName, edge: Edge) -> bool:
    """Whether a demand can mean this step, but for times and values."""
    if edge.action not in step.actions or not leads(question.model, step, edge.target, edge.action, question.space):
        return False
    if demand.exact:
        return _shows(question.mapping, edge) == frozenset(demand.pins)
    return frozenset(demand.pins) <= edge.observed


def leads(model: Model, step: StepName, target: int, action: int, space: Space) -> bool:
    """Whether the step's process then stands where the step says."""
    if step.to is None:
        return True
    return step.to in standing(model, action, space.natural(target))


def standing(model: Model, action: int, state: tuple[object, ...]) -> tuple[str, ...]:
    """The labels of the place where the process of an action stands."""
    owner = model.actions[action].process
    if owner is None:
        return ()
    place = place_of(model, owner, state)
    return place.label, place.plain


def place_of(model: Model, owner: int, state: tuple[object, ...]) -> Any:
    process = model.processes[owner]
    return process.places[process.start if process.variable is None else int(state[process.variable])]  # type: ignore[call-overload]


def stands(model: Model, demand: Demand, state: tuple[object, ...]) -> bool:
    """Whether a process stands where a demand without steps says."""
    if demand.at is None:
        return True
    return any(place_of(model, owner, state) is model.processes[owner].places[place] for owner, place in demand.at)


def unlike(question: Question, demand: Demand, state: int) -> dict[str, tuple[Any, Any]]:
    """name -> (value, what the line says), of what differs."""
    if not demand.state:
        return {}
    told = question.told(question.space.natural(state))
    return {name: (told.get(name), said) for name, said in demand.state.items() if not _agree(told.get(name), said)}


def _agree(value: Any, said: Any) -> bool:
    """A line may say a part of a record, such as where one of the processes stands."""
    if isinstance(value, dict) and isinstance(said, dict) and not any(k.startswith("#") for k in value):
        return said.keys() <= value.keys() and all(_agree(value[k], v) for k, v in said.items())
    return value == said and isinstance(value, bool) == isinstance(said, bool)


# --- back from the end ------------------------------------------------------------------------------------------------


def survivors(found: Found) -> list[list[Node]]:
    """Of each layer the nodes from which the end of the log is reached."""
    kept: set[int] = set()
    queue = deque(found.layers[-1])
    while queue:
        node = queue.popleft()
        if id(node) not in kept:
            kept.add(id(node))
            queue.extend([*([node.origin] if node.origin else []), *node.others])
    return [[n for n in layer if id(n) in kept] for layer in found.layers]


def path_to(node: Node) -> list[Node]:
    """From an initial node."""
    path = [node]
    while path[-1].origin:
        path.append(path[-1].origin)
    return path[::-1]
