"""Formulas of the usual benchmarks, with the sizes of automata that Spot publishes for them.

The formulas: Dwyer, Avrunin and Corbett, "Property specification patterns for finite-state verification" (FMSP 1998);
Etessami and Holzmann, "Optimizing Büchi automata" (CONCUR 2000); Somenzi and Bloem, "Efficient Büchi automata from LTL
formulae" (CAV 2000); Pelánek, "BEEM" (SPIN 2007); all without the next-operator, which the language does not have.
The sizes: states of the transition-based generalised Büchi automata of Spot's `ltl2tgba`, for the formula and for its
negation, as its own regression test `tests/core/ltl2tgba2.test` has them (the first column of states; version of 2020,
numbers of the formulas as in `genltl`).
"""

from __future__ import annotations

from typing import NamedTuple

from modelcheck.liveness.formula import Formula, Literal, always, conj, disj, eventually, negation, release, until

p, q, r, s, t = (Literal(i, True) for i in range(5))
F, G, N, U, R = eventually, always, negation, until, release


def implies(x: Formula, y: Formula) -> Formula:
    return disj(N(x), y)


def W(x: Formula, y: Formula) -> Formula:
    return R(y, disj(x, y))


def same(x: Formula, y: Formula) -> Formula:
    return conj(implies(x, y), implies(y, x))


def between(x: Formula) -> Formula:
    """The scope "between q and r" of Dwyer and others."""
    return G(implies(conj(q, N(r), F(r)), x))


def after_until(x: Formula) -> Formula:
    return G(implies(conj(q, N(r)), x))


class Published(NamedTuple):
    """States of the automaton of the formula, and of that of its negation, as published. `ours` where one of our two is
    larger, by our own account: a guard against getting worse, no more. Spot makes an automaton of an obligation
    deterministic and minimal, which we do not."""

    name: str
    formula: Formula
    states: int
    negated: int
    ours: tuple[int, int] | None = None


TWICE = W(N(p), W(p, W(N(p), W(p, G(N(p))))))
OUT, IN = conj(N(p), N(r)), conj(p, N(r))
TWICE_BEFORE_R = U(OUT, disj(r, U(IN, disj(r, U(OUT, disj(r, U(IN, disj(r, U(N(p), r)))))))))
ANSWER = implies(p, U(N(r), conj(s, N(r))))
SB_21 = disj(conj(G(disj(q, G(F(p)))), G(disj(r, G(F(N(p)))))), G(q), G(r))
SB_22 = disj(conj(G(disj(q, F(G(p)))), G(disj(r, F(G(N(p)))))), G(q), G(r))

PUBLISHED = (
    Published("dac 1", G(N(p)), 1, 2),
    Published("dac 2", implies(F(r), U(N(p), r)), 3, 3, (4, 3)),
    Published("dac 3", G(implies(q, G(N(p)))), 2, 3),
    Published("dac 4", between(U(N(p), r)), 3, 4),
    Published("dac 5", after_until(W(N(p), r)), 2, 3),
    Published("dac 6", F(p), 2, 1),
    Published("dac 7", W(N(r), conj(p, N(r))), 2, 2),
    Published("dac 8", disj(G(N(q)), F(conj(q, F(p)))), 3, 2, (5, 3)),
    Published("dac 9", after_until(W(N(r), conj(p, N(r)))), 2, 3),
    Published("dac 10", after_until(U(N(r), conj(p, N(r)))), 2, 3),
    Published("dac 11", TWICE, 5, 6),
    Published("dac 12", implies(F(r), TWICE_BEFORE_R), 7, 7, (8, 7)),
    Published("dac 13", implies(F(q), U(N(q), conj(q, TWICE))), 6, 7, (8, 7)),
    Published("dac 17", implies(F(r), U(p, r)), 3, 3, (4, 3)),
    Published("dac 18", G(implies(q, G(p))), 2, 3),
    Published("dac 21", W(N(p), s), 2, 2),
    Published("dac 22", implies(F(r), U(N(p), disj(s, r))), 3, 3, (4, 3)),
    Published("dac 23", disj(G(N(q)), F(conj(q, W(N(p), s)))), 5, 3, (5, 4)),
    Published("dac 24", between(U(N(p), disj(s, r))), 3, 4),
    Published("dac 25", after_until(W(N(p), disj(s, r))), 2, 3),
    Published("dac 26", G(implies(p, F(s))), 2, 2),
    Published("dac 27", implies(F(r), U(ANSWER, r)), 3, 3, (5, 3)),
    Published("dac 28", G(implies(q, G(implies(p, F(s))))), 3, 3),
    Published("dac 29", between(U(ANSWER, r)), 3, 4, (4, 4)),
    Published("dac 30", after_until(W(ANSWER, r)), 3, 4),
    Published("eh 1", U(p, conj(q, G(r))), 2, 4),
    Published("eh 7", disj(F(G(p)), G(F(q))), 3, 2),
    Published("eh 8", G(implies(p, U(q, r))), 2, 3),
    Published("eh 10", conj(*(G(F(x)) for x in (p, q, r, s, t))), 1, 6),
    Published("eh 11", disj(U(p, U(q, r)), U(q, U(r, p)), U(r, U(p, q))), 2, 2),
    Published("eh 12", G(implies(p, U(q, disj(G(r), G(s))))), 4, 6),
    Published("sb 1", U(p, q), 2, 2),
    Published("sb 2", U(p, U(q, r)), 3, 3),
    Published("sb 4", implies(G(F(p)), G(F(q))), 3, 2),
    Published("sb 5", U(F(p), G(q)), 3, 2),
    Published("sb 6", U(G(p), q), 4, 3),
    Published("sb 7", N(same(F(p), F(q))), 3, 4, (5, 6)),
    Published("sb 9", N(same(G(F(p)), G(F(q)))), 3, 3, (5, 3)),
    Published("sb 10", R(p, disj(p, q)), 2, 2),
    Published("sb 17", N(disj(F(G(p)), F(G(q)))), 1, 3),
    Published("sb 19", conj(F(p), F(N(p))), 4, 3),
    Published("sb 21", SB_21, 4, 6, (4, 11)),
    Published("sb 22", SB_22, 3, 4, (3, 9)),
    Published("p 2", implies(conj(G(F(q)), G(F(p))), G(F(r))), 4, 2),
    Published("p 3", G(implies(p, conj(q, U(r, s)))), 2, 3),
    Published("p 6", implies(U(p, q), disj(U(r, s), G(r))), 4, 4, (5, 4)),
    Published("p 7", G(implies(p, U(N(q), U(q, conj(N(q), R(r, N(q))))))), 4, 5),
    Published("p 8", G(implies(p, R(q, N(r)))), 2, 3),
    Published("p 12", implies(G(N(p)), G(N(q))), 3, 2, (4, 2)),
    Published("p 13", G(implies(p, disj(G(N(q)), U(N(r), q)))), 3, 4),
    Published("p 16", G(implies(p, F(conj(q, r)))), 2, 2),
    Published("p 17", G(implies(p, U(N(q), U(q, conj(q, r))))), 3, 4),
    Published("p 18", G(implies(p, U(N(q), U(q, U(N(q), U(q, conj(q, r))))))), 5, 6),
    Published("p 20", conj(G(F(disj(p, q))), G(F(disj(q, r)))), 1, 3),
)
