"""Second opinions on liveness that share nothing with the search but the nodes of formulas.

`violated` decides: states times guesses of the truth of every temporal subformula (Lichtenstein and Pnueli 1985), fair
components found for each choice of the strongly fair groups that are to be enabled only finitely often. `lassos` lists
every behaviour up to a length, `is_violation` judges one by `truth`, a fixed point per operator.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import Iterator

import networkx as nx

from modelcheck.ir.nodes import ActionPredicate, Expr, Temporal
from tests.liveness.graphs import P, Explicit

STUTTER = -1
Moves = tuple[tuple[int, int], ...]  # (state, action out of it)


def steps(system: Explicit, state: int) -> list[tuple[int, int]]:
    """(action, target) of the steps that change the state, and the stuttering step."""
    return [(a, t) for a, t in system.edges[state] if t != state] + [(STUTTER, state)]


def leaf(system: Explicit, atom: Expr, state: int, action: int) -> bool:
    if isinstance(atom, ActionPredicate):
        if atom.kind == "happens":
            return action in atom.actions
        return any(a in atom.actions for a, _ in steps(system, state))
    return state in system.truth[P.index(atom)]


def groups(system: Explicit) -> dict[tuple[int, str], set[int]]:
    found: dict[tuple[int, str], set[int]] = {}
    for action, (group, kind) in enumerate(system.fairness):
        if kind:
            found.setdefault((group, kind), set()).add(action)
    return found


# --- lassos -----------------------------------------------------------------------------------------------------------


def is_fair(system: Explicit, cycle: Moves) -> bool:
    for (_, kind), members in groups(system).items():
        enabled = [any(a in members for a, _ in steps(system, state)) for state, _ in cycle]
        taken = any(action in members for _, action in cycle)
        if not taken and (any(enabled) if kind == "strong" else all(enabled)):
            return False
    return True


def truth(expr: Expr, system: Explicit, moves: Moves, loop: int) -> list[bool]:
    """The value at each position: least and greatest fixed points, by iteration."""
    n = len(moves)
    if not isinstance(expr, Temporal):
        return [leaf(system, expr, *move) for move in moves]
    a = [truth(x, system, moves, loop) for x in expr.args]

    def fixed(start: bool, f) -> list[bool]:
        now = [start] * n
        while (then := [f(i, now[i + 1 if i + 1 < n else loop]) for i in range(n)]) != now:
            now = then
        return now

    match expr.operator:
        case "not":
            return [not x for x in a[0]]
        case "and":
            return [all(xs) for xs in zip(*a)]
        case "or":
            return [any(xs) for xs in zip(*a)]
        case "implies":
            return [y or not x for x, y in zip(*a)]
        case "always":
            return fixed(True, lambda i, later: a[0][i] and later)
        case "eventually":
            return fixed(False, lambda i, later: a[0][i] or later)
        case "until":
            return fixed(False, lambda i, later: a[1][i] or (a[0][i] and later))
        case "weak_until":
            return fixed(True, lambda i, later: a[1][i] or (a[0][i] and later))
        case "infinitely_often":
            return [any(a[0][loop:])] * n
        case "eventually_always":
            return [all(a[0][loop:])] * n
        case "leads_to":
            soon = fixed(False, lambda i, later: a[1][i] or later)
            return fixed(True, lambda i, later: (soon[i] or not a[0][i]) and later)
    raise ValueError(expr)


def is_violation(expr: Expr, system: Explicit, moves: Moves, loop: int) -> bool:
    """Whether it is a fair behaviour of which the formula does not hold."""
    after = [state for state, _ in (*moves[1:], moves[loop])]
    possible = all((a, t) in steps(system, s) for (s, a), t in zip(moves, after))
    started = moves[0][0] in system.start
    return possible and started and is_fair(system, moves[loop:]) and not truth(expr, system, moves, loop)[0]


def lassos(system: Explicit, length: int) -> Iterator[tuple[Moves, int]]:
    """Every lasso of at most that many moves: the moves and the index of the loop."""

    def extend(moves: Moves, state: int) -> Iterator[tuple[Moves, int]]:
        for loop, (first, _) in enumerate(moves):
            if first == state:
                yield moves, loop
        if len(moves) < length:
            for action, target in steps(system, state):
                yield from extend((*moves, (state, action)), target)

    for state in system.start:
        yield from extend((), state)


# --- a decision -------------------------------------------------------------------------------------------------------


def plain(expr: Expr, positive: bool = True) -> tuple:
    """Into ("leaf" | "not" | "and" | "until", ...) alone."""
    if not isinstance(expr, Temporal):
        return ("leaf", expr)
    a = [plain(x) for x in expr.args]
    neg = lambda x: ("not", x)  # noqa: E731
    true = neg(("and", ("leaf", P[0]), neg(("leaf", P[0]))))
    ev = lambda x: ("until", true, x)  # noqa: E731
    alw = lambda x: neg(ev(neg(x)))  # noqa: E731
    either = lambda x, y: neg(("and", neg(x), neg(y)))  # noqa: E731
    match expr.operator:
        case "not":
            return neg(a[0])
        case "and":
            return ("and", *a)
        case "or":
            return neg(("and", *map(neg, a)))
        case "implies":
            return either(neg(a[0]), a[1])
        case "always":
            return alw(a[0])
        case "eventually":
            return ev(a[0])
        case "infinitely_often":
            return alw(ev(a[0]))
        case "eventually_always":
            return ev(alw(a[0]))
        case "leads_to":
            return alw(either(neg(a[0]), ev(a[1])))
        case "until":
            return ("until", *a)
        case "weak_until":
            return either(("until", *a), alw(a[0]))
    raise ValueError(expr)


def untils(f: tuple) -> list[tuple]:
    if f[0] == "leaf":
        return []
    inner = [u for x in f[1:] for u in untils(x)]
    return list(dict.fromkeys([*inner, *([f] if f[0] == "until" else [])]))


def violated(expr: Expr, system: Explicit) -> bool:
    """Whether some fair behaviour does not satisfy the formula."""
    formula = plain(expr)
    eventualities = untils(formula)

    def value(f: tuple, state: int, action: int, guess: tuple[bool, ...]) -> bool:
        match f[0]:
            case "leaf":
                return leaf(system, f[1], state, action)
            case "not":
                return not value(f[1], state, action, guess)
            case "and":
                return all(value(x, state, action, guess) for x in f[1:])
        return guess[eventualities.index(f)]

    graph = nx.MultiDiGraph()
    for state, guess in product(range(len(system.edges)), product((False, True), repeat=len(eventualities))):
        for action, target in steps(system, state):
            graph.add_node((state, action, target, guess))
    by_state: dict[int, list] = {}
    for node in graph:
        by_state.setdefault(node[0], []).append(node)
    for node in list(graph):
        state, action, target, guess = node
        now = [value(u[2], state, action, guess) for u in eventualities]
        held = [value(u[1], state, action, guess) for u in eventualities]
        for other in by_state[target]:
            if all(g == (n or (h and later)) for g, n, h, later in zip(guess, now, held, other[3])):
                graph.add_edge(node, other)
    starts = [m for m in graph if m[0] in system.start and not value(formula, m[0], m[1], m[3])]
    seen = set(starts).union(*(nx.descendants(graph, m) for m in starts))

    def fulfilled(nodes) -> bool:
        return all(
            any(not m[3][i] or value(u[2], m[0], m[1], m[3]) for m in nodes) for i, u in enumerate(eventualities)
        )

    def enabled(members: set[int], node) -> bool:
        return any(a in members for a, _ in steps(system, node[0]))

    strong = [m for (_, kind), m in groups(system).items() if kind == "strong"]
    weak = [m for (_, kind), m in groups(system).items() if kind == "weak"]
    for size in range(len(strong) + 1):
        for asleep in combinations(strong, size):
            kept = graph.subgraph(m for m in seen if not any(enabled(s, m) for s in asleep))
            for nodes in nx.strongly_connected_components(kept):
                if len(nodes) == 1 and not kept.has_edge(*list(nodes) * 2):
                    continue
                taken = {m[1] for m in nodes}
                awake = all(s & taken for s in strong if s not in asleep)
                fair = all(w & taken or not all(enabled(w, m) for m in nodes) for w in weak)
                if awake and fair and fulfilled(nodes):
                    return True
    return False
