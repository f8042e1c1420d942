"""A system against the reference interpreter, state by state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from modelcheck.errors import Span
from modelcheck.ir import evaluate
from modelcheck.ir.evaluate import EvaluationError, Outcome
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Expr, For, If, Model, Stmt, When
from modelcheck.ir.ops import FaultKind
from modelcheck.system import FAULT, Site, States, Successors, TransitionSystem

State = tuple[Any, ...]
Event = tuple[int, int, Any]  # (row, action, state) or (row, action, fault)


def rows(layout: Layout, states: list[State]) -> States:
    packed = layout.pack([layout.encode(s) for s in states])
    return np.frombuffer(packed, np.uint64).reshape(-1, layout.width)


def fault_of(kind: FaultKind, span: Span | None, message: str | None) -> tuple[Any, ...]:
    return kind, id(span), message if kind is FaultKind.ASSERT else None


def told(layout: Layout, sites: tuple[Site, ...], answer: Successors) -> tuple[list[Event], list[Event]]:
    """(successors, faults) as a system gives them."""
    targets = [layout.decode(t) for t in layout.unpack(answer.target)]
    found = list(zip(answer.source.tolist(), answer.action.tolist(), targets))
    faults = [
        (row, action, fault_of(sites[site].kind, sites[site].span, sites[site].message or ""))
        for row, action, site in answer.faults.tolist()
    ]
    return found, faults


def expected(ways: list[tuple[int, int, Outcome]]) -> tuple[list[Event], list[Event]]:
    """(successors, faults) as the interpreter gives them."""
    found = [(row, action, o.state) for row, action, o in ways if o.failure is None]
    faults = [
        (row, action, fault_of(o.failure.kind, o.failure.span, o.failure.detail))
        for row, action, o in ways
        if o.failure is not None
    ]
    return found, faults


def judged(evaluation: Any) -> int:
    """What `predicates` should answer."""
    try:
        return int(evaluation())
    except EvaluationError:
        return FAULT


def explore(model: Model, most: int) -> list[State]:
    """The first states that the interpreter reaches, in breadth-first order."""
    seen = dict.fromkeys(o.state for o in evaluate.initial(model) if o.state is not None)
    todo = list(seen)
    while todo and len(seen) < most:
        state, todo = todo[0], todo[1:]
        for _, outcome in evaluate.successors(model, state):
            if outcome.state is not None and outcome.state not in seen:
                seen[outcome.state] = None
                todo.append(outcome.state)
    return list(seen)[:most]


def compare(model: Model, system: TransitionSystem, most: int = 200) -> int:
    """Asserts that the two agree on everything; gives the number of states compared."""
    layout = Layout(model.variables)
    start = expected([(0, -1, o) for o in evaluate.initial(model)])
    assert told(layout, system.sites, system.initial()) == start
    states = explore(model, most)
    if not states:
        return 0
    block = rows(layout, states)
    assert [layout.decode(s) for s in layout.unpack(block)] == states
    answer = system.successors(block)
    ways = [(row, action, o) for row, s in enumerate(states) for action, o in evaluate.successors(model, s)]
    assert told(layout, system.sites, answer) == expected(ways)
    assert answer.consumed == len(states)
    ids = range(len(model.predicates))
    wanted = [[judged(lambda: evaluate.predicate(model, i, s)) for i in ids] for s in states]
    assert system.predicates(block, ids).tolist() == wanted
    assert system.terminated(block).tolist() == [evaluate.terminated(model, s) for s in states]
    compare_steps(model, system, answer, states)
    assert answer.coverage.tolist() == coverage(model, states)
    return len(states)


def compare_steps(model: Model, system: TransitionSystem, answer: Successors, states: list[State]) -> None:
    layout, ids = Layout(model.variables), range(len(model.step_predicates))
    sources = [states[i] for i in answer.source.tolist()]
    targets = [layout.decode(t) for t in layout.unpack(answer.target)]
    wanted = [[judged(lambda: evaluate.step_predicate(model, i, s, t)) for i in ids] for s, t in zip(sources, targets)]
    assert system.step_predicates(rows(layout, sources), answer.target, ids).tolist() == wanted


# --- which guards were true -------------------------------------------------------------------------------------------


def coverage(model: Model, states: list[State]) -> list[bool]:
    """Which guards the interpreter finds true on some way out of the states."""
    tests: dict[int, int] = {}
    marked = replace(model, actions=tuple(replace(a, body=_marked(a.body, tests)) for a in model.actions))
    seen = [False] * len(model.guards)
    original = evaluate._Scope.value

    def value(scope: Any, expr: Expr) -> Any:
        found = original(scope, expr)
        if found is True and id(expr) in tests:
            seen[tests[id(expr)]] = True
        return found

    with patch.object(evaluate._Scope, "value", value):
        for state in states:
            evaluate.successors(marked, state)
    return seen


def _marked(body: tuple[Stmt, ...], tests: dict[int, int]) -> tuple[Stmt, ...]:
    """The statements with tests that are objects of their own; `tests`: identity of a test -> guard."""
    return tuple(_marked_statement(s, tests) for s in body)


def _marked_statement(s: Stmt, tests: dict[int, int]) -> Stmt:
    match s:
        case If(test, then, otherwise, site):
            own = _own(test, site, tests)
            return replace(s, test=own, then=_marked(then, tests), otherwise=_marked(otherwise, tests))
        case When(test, site):
            return replace(s, test=_own(test, site, tests))
        case For(_, _, body):
            return replace(s, body=_marked(body, tests))
    return s


def _own(test: Expr, site: int | None, tests: dict[int, int]) -> Expr:
    copied = replace(test)
    if site is not None:
        tests[id(copied)] = site
    return copied
