"""Formulas keep their meaning while they are simplified, and the usual ones become what one would write by hand."""

from __future__ import annotations

import random

import pytest

from modelcheck.ir.nodes import Const
from modelcheck.ir.types import BOOL
from modelcheck.liveness import semantics
from modelcheck.liveness.formula import (
    FALSE,
    TRUE,
    And,
    Formula,
    Literal,
    Or,
    Release,
    Truth,
    Until,
    always,
    conj,
    disj,
    eventually,
    leaves,
    left_sides,
    negation,
    release,
    translate,
    until,
)
from tests.liveness.graphs import P, T, enabled, happens, random_formula

p, q, r = (Literal(i, True) for i in range(3))
F, G = eventually, always

EQUAL = [
    ("FFp = Fp", F(F(p)), F(p)),
    ("GGp = Gp", G(G(p)), G(p)),
    ("FGFp = GFp", F(G(F(p))), G(F(p))),
    ("GFGp = FGp", G(F(G(p))), F(G(p))),
    ("p U Fq = Fq", until(p, F(q)), F(q)),
    ("q R Gp = Gp", release(q, G(p)), G(p)),
    ("p U p = p", until(p, p), p),
    ("false U p = p", until(FALSE, p), p),
    ("Fp | Fq = F(p | q)", disj(F(p), F(q)), F(disj(p, q))),
    ("GFp | GFq = GF(p | q)", disj(G(F(p)), G(F(q))), G(F(disj(p, q)))),
    ("FGp & FGq = FG(p & q)", conj(F(G(p)), F(G(q))), F(G(conj(p, q)))),
    ("F(p & GFq) = Fp & GFq", F(conj(p, G(F(q)))), conj(F(p), G(F(q)))),
    ("G(p | FGq) = Gp | FGq", G(disj(p, F(G(q)))), disj(G(p), F(G(q)))),
    ("p & not p = false", conj(p, negation(p)), FALSE),
    ("p | not p = true", disj(p, negation(p)), TRUE),
    ("p & (p | q) = p", conj(p, disj(p, q)), p),
    ("not not", negation(negation(until(p, release(q, r)))), until(p, release(q, r))),
]


@pytest.mark.parametrize("left, right", [row[1:] for row in EQUAL], ids=[row[0] for row in EQUAL])
def test_simplifications(left: Formula, right: Formula) -> None:
    assert left == right


def value(f: Formula, word: list[int], loop: int) -> list[bool]:
    """The value of a normal form at each position of a lasso of letters (bits of atoms): fixed points, by iteration."""
    size = len(word)
    match f:
        case Truth(constant):
            return [constant] * size
        case Literal(atom, positive):
            return [bool(w >> atom & 1) == positive for w in word]
        case And(args):
            return [all(xs) for xs in zip(*(value(a, word, loop) for a in args))]
        case Or(args):
            return [any(xs) for xs in zip(*(value(a, word, loop) for a in args))]
        case Until(left, right) | Release(left, right):
            a, b, least = value(left, word, loop), value(right, word, loop), isinstance(f, Until)
            now = [not least] * size
            for _ in range(2 * size):
                later = [now[i + 1 if i + 1 < size else loop] for i in range(size)]
                now = [y or (x and z) if least else y and (x or z) for x, y, z in zip(a, b, later)]
            return now
    raise TypeError(f)


def random_word(rng: random.Random, atoms: int) -> tuple[list[int], int]:
    size = rng.randint(1, 6)
    return [rng.randrange(1 << atoms) for _ in range(size)], rng.randrange(size)


@pytest.mark.parametrize("seed", range(300))
def test_the_normal_form_means_what_the_property_does(seed: int) -> None:
    rng = random.Random(seed)
    expr = random_formula(rng, 4, actions=2)
    atoms = leaves(expr)
    normal = translate(expr, lambda e: Literal(atoms.index(e), True))
    for _ in range(20):
        word, loop = random_word(rng, len(atoms))
        meant = semantics.holds(expr, len(word), loop, lambda e, i: bool(word[i] >> atoms.index(e) & 1))
        assert value(normal, word, loop)[0] == meant, (expr, word, loop)
        assert value(negation(normal), word, loop)[0] != meant, (expr, word, loop)


a, b, c = P

MEANING = [  # formula, a at each position, b at each position, loop, whether it holds
    (T("always", a), "11", "00", 0, True),
    (T("always", a), "10", "00", 0, False),
    (T("eventually", a), "010", "000", 2, True),
    (T("eventually", a), "000", "111", 1, False),
    (T("infinitely_often", a), "110", "000", 2, False),
    (T("infinitely_often", a), "001", "000", 1, True),
    (T("eventually_always", a), "011", "000", 1, True),
    (T("eventually_always", a), "010", "000", 1, False),
    (T("until", a, b), "110", "001", 2, True),
    (T("until", a, b), "100", "001", 2, False),
    (T("until", a, b), "111", "000", 0, False),
    (T("weak_until", a, b), "111", "000", 0, True),
    (T("weak_until", a, b), "101", "000", 0, False),
    (T("leads_to", a, b), "0100", "0010", 3, True),
    (T("leads_to", a, b), "0010", "1000", 3, False),
    (T("leads_to", a, b), "0010", "0100", 1, True),
    (T("leads_to", a, b), "0000", "0000", 1, True),
    (T("implies", T("always", a), T("eventually", b)), "111", "000", 0, False),
    (T("not", T("eventually", a)), "000", "111", 0, True),
    (T("and", T("eventually", a), T("eventually", b)), "100", "001", 2, True),
    (T("or", T("always", a), T("always", b)), "10", "01", 0, False),
    (T("always", Const(True, BOOL)), "0", "0", 0, True),
]


@pytest.mark.parametrize("expr, a_at, b_at, loop, expected", MEANING)
def test_meaning(expr, a_at: str, b_at: str, loop: int, expected: bool) -> None:
    values = {a: a_at, b: b_at}
    assert semantics.holds(expr, len(a_at), loop, lambda e, i: values[e][i] == "1") == expected


LEFT_SIDES = [
    (T("leads_to", a, b), (a,)),
    (T("always", T("implies", a, T("eventually", b))), (a,)),
    (T("and", T("leads_to", a, b), T("leads_to", b, c)), (a, b)),
    (T("implies", a, T("always", b)), (a,)),
    (T("eventually", T("leads_to", a, b)), ()),
    (T("leads_to", happens(0), enabled(1)), (happens(0),)),
]


@pytest.mark.parametrize("expr, expected", LEFT_SIDES)
def test_left_sides(expr, expected) -> None:
    assert left_sides(expr) == expected
