"""Which locals live from step to step, and which variables each action reads and writes."""

from __future__ import annotations

from dataclasses import replace

from modelcheck.ir import nodes as n
from modelcheck.passes.typed import Goto, walk

Body = tuple[n.Stmt | Goto, ...]


def live_locals(bodies: list[Body]) -> list[frozenset[str]]:
    """For each place, the locals whose value at the place some later step may read. Source: backward data flow over the
    trees of the steps, to a fixed point."""
    live: list[frozenset[str]] = [frozenset()] * len(bodies)
    changed = True
    while changed:
        changed = False
        for i in reversed(range(len(bodies))):
            found = _before(bodies[i], frozenset(), live)
            if found != live[i]:
                live[i], changed = found, True
    return live


def _before(body: Body, after: frozenset[str], live: list[frozenset[str]]) -> frozenset[str]:
    """The locals that live before the statements, if `after` live behind them."""
    for stmt in reversed(body):
        match stmt:
            case Goto(place):
                after = live[place] if place >= 0 else frozenset()  # below 0: the process has returned
            case n.Assign(n.Local(name), value):
                after = (after - {name}) | _reads(value)
            case n.Assign(target, value):
                after = after | _reads(value) | _reads(target)
            case n.If(test, then, otherwise):
                after = _before(then, after, live) | _before(otherwise, after, live) | _reads(test)
            case n.When(test) | n.Assert(test):
                after = after | _reads(test)
            case n.Choose(local, domain):
                after = (after - {local.name}) | _reads(domain)
            case n.For(local, domain, inner):
                again = after | _before(inner, after, live)
                after = after | (_before(inner, again, live) - {local.name}) | _reads(domain)
    return after


def _reads(e: n.Expr) -> frozenset[str]:
    """The locals that an expression reads, without those that it binds."""
    bound = {x.local.name for x in walk(e) if isinstance(x, n.Bind | n.Quantifier)}
    return frozenset(x.name for x in walk(e) if isinstance(x, n.Local) and x.name not in bound)


def assigned(body: Body) -> frozenset[str]:
    """The locals that some statement assigns or binds."""
    found: set[str] = set()
    for stmt in body:
        match stmt:
            case n.Assign(target):
                found |= {x.name for x in walk(target) if isinstance(x, n.Local)} if _root_is_local(target) else set()
            case n.If(_, then, otherwise):
                found |= assigned((*then, *otherwise))
            case n.Choose(local):
                found.add(local.name)
            case n.For(_, _, inner):
                found |= assigned(inner)
    return frozenset(found)


def _root_is_local(target: n.Expr) -> bool:
    while isinstance(target, n.Field | n.Element):
        target = target.record if isinstance(target, n.Field) else target.array
    return isinstance(target, n.Local)


def gotos(body: Body) -> frozenset[int]:
    """The places where the step can end."""
    found: set[int] = set()
    for stmt in body:
        if isinstance(stmt, Goto):
            found.add(stmt.place)
        elif isinstance(stmt, n.If):
            found |= gotos((*stmt.then, *stmt.otherwise))
    return frozenset(found)


# --- the dependency matrix --------------------------------------------------------------------------------------------


def read_and_written(body: tuple[n.Stmt, ...]) -> tuple[frozenset[int], frozenset[int]]:
    """The variables that statements may read and may write, by index. A part of a variable counts as the whole."""
    reads: set[int] = set()
    writes: set[int] = set()
    for stmt in body:
        match stmt:
            case n.Assign(target, value):
                root, indices = _root(target)
                if isinstance(root, n.Variable):
                    writes.add(root.index)
                _add(reads, (value, *indices))
            case n.If(test, then, otherwise):
                _add(reads, (test,))
                inner = read_and_written((*then, *otherwise))
                reads, writes = reads | inner[0], writes | inner[1]
            case n.When(test) | n.Assert(test):
                _add(reads, (test,))
            case n.Choose(_, domain):
                _add(reads, (domain,))
            case n.For(_, domain, loop):
                _add(reads, (domain,))
                inner = read_and_written(loop)
                reads, writes = reads | inner[0], writes | inner[1]
    return frozenset(reads), frozenset(writes)


def _root(target: n.Expr) -> tuple[n.Expr, list[n.Expr]]:
    indices: list[n.Expr] = []
    while isinstance(target, n.Field | n.Element):
        if isinstance(target, n.Element):
            indices.append(target.index)
            target = target.array
        else:
            target = target.record
    return target, indices


def _add(reads: set[int], expressions: tuple[n.Expr, ...]) -> None:
    for e in expressions:
        reads |= {x.index for x in walk(e) if isinstance(x, n.Variable)}


def with_dependencies(model: n.Model) -> n.Model:
    """The model with the read and write sets of every action."""
    actions = []
    for action in model.actions:
        reads, writes = read_and_written(action.body)
        if action.place is not None:
            reads |= {model.processes[action.process].variable}
        actions.append(replace(action, reads=reads, writes=writes))
    return replace(model, actions=tuple(actions))
