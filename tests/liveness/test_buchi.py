"""Automata: exactly the behaviours of the formula, and how large they are, beside those in the literature."""

from __future__ import annotations

import random

import pytest

from modelcheck.errors import UsageError
from modelcheck.liveness.buchi import Automaton, automaton
from modelcheck.liveness.formula import Formula, Literal, conj, disj, leaves, translate
from modelcheck.liveness.reduce import reduced
from tests.liveness.automata import PUBLISHED, F, G, N, Published, U, W, implies, p, q, r, s, t
from tests.liveness.graphs import random_formula
from tests.liveness.test_formula import random_word, value


@pytest.mark.parametrize("row", PUBLISHED, ids=[row.name for row in PUBLISHED])
def test_published_sizes(row: Published) -> None:
    found = tuple(len(reduced(automaton(f)).edges) for f in (row.formula, N(row.formula)))
    assert found == (row.ours or (row.states, row.negated))
    assert row.ours is None or max(map(int.__sub__, row.ours, (row.states, row.negated))) > 0


# States and acceptance sets. Published are "F p & GF q" (Spot's manual, page of ltl2tgba: two states, one set) and that
# conjunctions of GF need one state (its man page). The others are our own output: a guard against getting worse, no
# more.
SIZES = [
    ("G p", G(p), 1, 0),
    ("F p", F(p), 2, 1),
    ("GF p", G(F(p)), 1, 1),
    ("FG p", F(G(p)), 2, 1),
    ("p U q", U(p, q), 2, 1),
    ("p W q", W(p, q), 2, 0),
    ("G(p -> F q)", G(implies(p, F(q))), 2, 1),
    ("not G(p -> F q)", N(G(implies(p, F(q)))), 2, 1),
    ("GF p & GF q", conj(G(F(p)), G(F(q))), 1, 2),
    ("F p & GF q", conj(F(p), G(F(q))), 2, 1),
    ("GF p & GF q & GF r & GF s", conj(*(G(F(x)) for x in (p, q, r, s))), 1, 4),
    ("not (GF p -> GF q)", N(implies(G(F(p)), G(F(q)))), 2, 1),
    ("p U (q U r)", U(p, U(q, r)), 3, 1),
    ("not (p U (q U r))", N(U(p, U(q, r))), 3, 0),
    ("not (GF p -> G(q -> F r))", N(implies(G(F(p)), G(implies(q, F(r))))), 2, 1),
    ("not ((GF p & GF s) -> G(q -> F r))", N(implies(conj(G(F(p)), G(F(s))), G(implies(q, F(r))))), 2, 2),
    ("not ((GF p & GF s & GF t) -> G(q -> F r))",
     N(implies(conj(G(F(p)), G(F(s)), G(F(t))), G(implies(q, F(r))))), 2, 3),
]  # fmt: skip


@pytest.mark.parametrize("formula, states, sets", [row[1:] for row in SIZES], ids=[row[0] for row in SIZES])
def test_sizes(formula: Formula, states: int, sets: int) -> None:
    found = reduced(automaton(formula))
    assert (len(found.edges), found.sets) == (states, sets)


def accepts(a: Automaton, word: list[int], loop: int) -> bool:
    """Whether a run on a lasso of letters accepts: the pairs (position, state) that reach themselves with all marks."""
    size = len(word)

    def steps(node: tuple[int, int]) -> list[tuple[tuple[int, int], int]]:
        i, state = node
        fitting = [e for e in a.edges[state] if e.positive & ~word[i] == 0 and e.negative & word[i] == 0]
        return [((i + 1 if i + 1 < size else loop, e.target), e.marks) for e in fitting]

    seen, todo = set(), [(0, a.initial)]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += [n for n, _ in steps(node)]
    for start in seen:
        reached, todo = set(), [(start, 0)]
        while todo:
            node, marks = todo.pop()
            for after, more in steps(node):
                if (after, marks | more) not in reached:
                    reached.add((after, marks | more))
                    todo.append((after, marks | more))
        if (start, a.all_marks) in reached:
            return True
    return False


@pytest.mark.parametrize("seed", range(250))
def test_the_language_is_that_of_the_formula(seed: int) -> None:
    rng = random.Random(seed)
    expr = random_formula(rng, 3, actions=2)
    atoms = leaves(expr)
    formula = translate(expr, lambda e: Literal(atoms.index(e), True))
    plain = automaton(formula)
    small = reduced(plain)
    assert len(small.edges) <= len(plain.edges)
    for _ in range(15):
        word, loop = random_word(rng, len(atoms))
        expected = value(formula, word, loop)[0]
        assert accepts(plain, word, loop) == expected, (expr, word, loop)
        assert accepts(small, word, loop) == expected, (expr, word, loop)


def test_a_property_that_is_too_large_is_refused() -> None:
    many = conj(*(disj(F(conj(Literal(i, True), F(Literal(i + 1, True)))), G(Literal(i + 2, True))) for i in range(14)))
    with pytest.raises(UsageError):
        automaton(many)
