"""Holds a model to what CPython found: a functional bisimulation.

CPython keeps the locals that are not needed any more, the model resets them. So states are not compared one by one:
starting with the initial states, each state of CPython is matched with one of the model, and of matched states the k-th
way through each action or step must lead to matched states, or to the same fault. If that gives every state of CPython
exactly one match, the model has the same behaviours; where a match fails, the model forgot something that mattered.
What is visible must be equal in matched states: variables, labels, loop variables, call sites, values of properties.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable

from modelcheck.ir import evaluate
from modelcheck.ir.evaluate import EvaluationError, Outcome
from modelcheck.ir.nodes import Model
from tests.witness.cpython import Graph, Position, State, Way


@dataclass(slots=True)
class Matching:
    """`matched`: state of CPython -> state of the model. The figures are those of the model, as TLC counts."""

    model: Model
    graph: Graph
    matched: dict[int, Any] = field(default_factory=dict)
    generated: int = 0

    @property
    def distinct(self) -> int:
        return len(set(self.matched.values()))

    @property
    def depth(self) -> int:
        """The first of the matches of a state is as near as the state itself."""
        nearest: dict[Any, int] = {}
        for number in sorted(self.matched):
            nearest.setdefault(self.matched[number], self.graph.depths[number])
        return max(nearest.values())


def match(model: Model, graph: Graph) -> Matching:
    """Raises AssertionError with the difference where there is one."""
    matching = Matching(model, graph)
    names = tuple(v.name for v in model.variables if v.kind == "variable")
    assert names == graph.names, (names, graph.names)
    assert [p.title for p in model.processes] == [_title(k) for k in graph.processes]
    todo = _initial(matching)
    expanded: set[Any] = set()
    cut = set(graph.cut)
    while todo:
        source = todo.pop()
        state = matching.matched[source]
        _same_state(matching, source)
        if source in cut:
            continue
        ways = _by_title(model, state)
        if state not in expanded:
            expanded.add(state)
            matching.generated += sum(o.failure is None for found in ways.values() for _, o in found)
        todo += _same_ways(matching, source, ways)
        stuck = not any(ways.values()) and not evaluate.terminated(model, state)
        assert stuck == (source in graph.deadlocks), ("deadlock", stuck, graph.states[source])
    return matching


def _initial(matching: Matching) -> list[int]:
    """Initial states have no hidden parts: what is visible tells them apart."""
    model, graph = matching.model, matching.graph
    outcomes = evaluate.initial(model)
    found = {_variables(model, o.state): o.state for o in outcomes if o.state is not None}
    seen = Counter(_variables(model, o.state) for o in outcomes if o.state is not None)
    wanted = Counter(graph.states[w.target].variables for w in graph.initial if w.target is not None)
    assert seen == wanted, ("initial states", seen, wanted)
    faults = sorted(o.failure.kind.name for o in outcomes if o.failure)
    assert faults == sorted(w.fault for w in graph.initial if w.fault)
    matching.generated = seen.total()
    for way in graph.initial:
        if way.target is not None:
            matching.matched[way.target] = found[graph.states[way.target].variables]
    return list(matching.matched)


def _same_ways(matching: Matching, source: int, found: dict[str, list[tuple[int, Outcome]]]) -> list[int]:
    """Compares the ways out of a state; the states of CPython that were matched for the first time."""
    graph, new = matching.graph, []
    wanted: dict[str, list[Way]] = defaultdict(list)
    for way in graph.ways[source]:
        wanted[way.title].append(way)
    shown = graph.states[source]
    assert wanted.keys() == found.keys(), (sorted(wanted), sorted(found), shown)
    for title, ways in wanted.items():
        assert len(ways) == len(found[title]), (title, len(ways), len(found[title]), shown)
        for way, (_, outcome) in zip(ways, found[title]):
            fault = outcome.failure.kind.name if outcome.failure else None
            assert way.fault == fault, (title, way.fault, fault, shown)
            if way.target is None:
                continue
            if way.target not in matching.matched:
                matching.matched[way.target] = outcome.state
                new.append(way.target)
            same = matching.matched[way.target] == outcome.state
            assert same, (title, "two matches", graph.states[way.target], outcome.state, matching.matched[way.target])
            _same_step(matching, source, outcome.state, way)
    return new


def _by_title(model: Model, state: Any) -> dict[str, list[tuple[int, Outcome]]]:
    found: dict[str, list[tuple[int, Outcome]]] = defaultdict(list)
    for number, outcome in evaluate.successors(model, state):
        action = model.actions[number]
        title = model.action_title(number)
        if action.process is not None:
            process = model.processes[action.process]
            place = process.places[action.place if action.place is not None else process.start]
            title = f"{process.title}: {place.plain}"
        found[title].append((number, outcome))
    return found


# --- what is visible --------------------------------------------------------------------------------------------------


def _variables(model: Model, state: Any) -> tuple[Any, ...]:
    return tuple(value for v, value in zip(model.variables, state) if v.kind == "variable")


def _same_state(matching: Matching, number: int) -> None:
    model, state = matching.model, matching.matched[number]
    wanted = matching.graph.states[number]
    assert _variables(model, state) == wanted.variables, (wanted, state)
    for process, position in zip(model.processes, wanted.positions):
        place = process.places[process.start if process.variable is None else state[process.variable]]
        _same_place(place, position, wanted)
    for p in model.properties:
        if p.predicate is not None and p.kind != "action_invariant":
            value = _truth(partial(evaluate.predicate, model, p.predicate, state))
            assert value == matching.graph.judged[number][p.name], (p.name, value, wanted)


def _same_place(place: Any, position: Position, shown: State) -> None:
    label = None if place.kind == "done" else place.plain
    assert (label, place.kind == "idle") == (position.label, position.idle), (place, position, shown)
    for name, value, _ in place.static:
        bound = [frame.locals[name] for frame in position.frames if name in frame.locals]
        assert not bound or value in bound, (place, position)
    site = place.label.removeprefix(f"{place.plain}@")
    if label is not None and site != place.label:
        assert site.isdecimal() and int(site) in [frame.line for frame in position.frames], (place, position)


def _same_step(matching: Matching, source: int, target: Any, way: Way) -> None:
    model, judged = matching.model, dict(way.judged)
    for p in model.properties:
        if p.kind == "action_invariant" and p.predicate is not None:
            value = _truth(partial(evaluate.step_predicate, model, p.predicate, matching.matched[source], target))
            assert value == judged[p.name], (p.name, value, way.title, matching.graph.states[source])


def _truth(evaluated: Callable[[], bool]) -> bool | str:
    try:
        return evaluated()
    except EvaluationError as error:
        return error.kind.name


def _title(key: tuple[str, tuple[Any, ...]]) -> str:
    name, args = key
    return name + (f"[{','.join(map(str, args))}]" if args else "")
