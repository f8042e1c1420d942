"""One comparison with brute force: a random system, a random formula, two answers.

As a program it makes many of them: `python -m tests.liveness.compared 20000 [first seed]`, half of them with the
kernels as machine code. It prints each disagreement, and fails if there is any.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from modelcheck.ir.nodes import Expr
from modelcheck.liveness import check, kernels
from modelcheck.liveness.checking import TemporalAnswer
from tests.liveness import oracle
from tests.liveness.graphs import Explicit, model_of, random_formula, random_system, space_of

UNTILS = 5  # in a formula, at most: the oracle guesses the truth of each
LENGTH = 4  # of the lassos that are enumerated
NIGHTLY = 1_000_000  # the first seed, far from those of the test suite


def case(seed: int) -> tuple[Explicit, Expr]:
    """A random system of at most 8 states and a formula of depth 4."""
    rng = random.Random(seed)
    system = random_system(rng)
    while True:
        formula = random_formula(rng, 4, len(system.actions))
        if len(oracle.untils(oracle.plain(formula))) <= UNTILS:
            return system, formula


def answered(system: Explicit, formula: Expr) -> tuple[TemporalAnswer, list[int]]:
    """The answer, and the states of the system by row."""
    model = model_of(formula)
    shared = space_of(system, model)
    return check(shared, model.properties[0]), shared.exploration.states[:, 0].tolist()


def moves_of(answer: TemporalAnswer, states: list[int]) -> tuple[oracle.Moves, int]:
    """The lasso of an answer as the oracle has them."""
    lasso = answer.lasso
    assert lasso is not None and lasso.loop is not None
    assert lasso.rows[-1] == lasso.rows[lasso.loop - 1]
    return tuple((states[row], lasso.actions[i + 1]) for i, row in enumerate(lasso.rows[:-1])), lasso.loop - 1


def disagreement(system: Explicit, formula: Expr, *, enumerate_lassos: bool) -> str | None:
    """What is wrong with our answer: it is not the oracle's, its lasso is no fair violation, or there is a short lasso
    that violates what it says holds."""
    answer, states = answered(system, formula)
    if answer.holds != (not oracle.violated(formula, system)):
        return f"we say that it {'holds' if answer.holds else 'is violated'}"
    if answer.lasso and answer.lasso.loop is not None:
        if not oracle.is_violation(formula, system, *moves_of(answer, states)):
            return f"no fair violation: {answer.lasso}"
    if answer.holds and enumerate_lassos:
        found = (x for x in oracle.lassos(system, LENGTH) if oracle.is_violation(formula, system, *x))
        return next((f"violated by {x}" for x in found), None)
    return None


def main(count: int, first: int) -> int:
    """Exit code: 1 where any comparison failed."""
    started, tally, small = time.perf_counter(), Counter[str](), kernels.SMALL
    for seed in range(first, first + count):
        system, formula = case(seed)
        kernels.SMALL = small if seed % 2 else -1
        wrong = disagreement(system, formula, enumerate_lassos=True)
        tally["disagree" if wrong else "agree"] += 1
        if wrong:
            print(f"seed {seed}: {wrong}\n  {formula}\n  {system}", flush=True)
    print(f"seeds {first} to {first + count - 1}: {dict(tally)} in {time.perf_counter() - started:.0f} s")
    return 1 if tally["disagree"] else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else NIGHTLY))
