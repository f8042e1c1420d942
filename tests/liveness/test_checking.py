"""Verdicts and lassos: against a second decision procedure, against the enumeration of lassos, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from modelcheck.system import FAULT
from modelcheck.liveness import STUTTER, kernels, never, refusals
from tests.liveness import oracle
from tests.liveness.compared import answered, case, disagreement
from tests.liveness.graphs import ATOMS, P, Explicit, T, enabled, happens, model_of, space_of

p, q, r = P
NOWHERE = frozenset()


@pytest.mark.parametrize("block", range(25))
def test_verdicts_agree_with_brute_force(block: int) -> None:
    """The same comparisons in large numbers: `make nightly`."""
    for seed in range(1000 + 20 * block, 1020 + 20 * block):
        assert disagreement(*case(seed), enumerate_lassos=False) is None, (seed, *case(seed))


@pytest.mark.parametrize("block", range(10))
def test_no_short_lasso_contradicts_a_property_that_holds(block: int) -> None:
    for seed in range(5000 + 5 * block, 5005 + 5 * block):
        assert disagreement(*case(seed), enumerate_lassos=True) is None, (seed, *case(seed))


def test_compiled_kernels_give_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    seeds = range(7000, 7060)
    plain = [answered(*case(seed))[0] for seed in seeds]
    monkeypatch.setattr(kernels, "SMALL", -1)
    assert [answered(*case(seed))[0] for seed in seeds] == plain


def test_machine_code_gives_the_same_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    built = [case(seed)[0] for seed in range(20)]
    plain = [space_of(s, model_of()).graph for s in built]
    monkeypatch.setattr(kernels, "SMALL", -1)
    for system_, before in zip(built, plain):
        after = space_of(system_, model_of()).graph
        for name in ("first", "target", "action", "initial"):
            assert np.array_equal(getattr(after, name), getattr(before, name))


def test_without_an_initial_state_everything_holds() -> None:
    for formula in (T("eventually", p), T("always", p), T("leads_to", happens(0), q)):
        assert answered(system(ONE, [(0, None)], start=()), formula)[0].holds is True


# --- fairness, by hand ------------------------------------------------------------------------------------------------


def system(edges, fairness, truth=({1},), start=(0,), faults=()) -> Explicit:
    """`edges[state]` = [(action, target)...]; `fairness[action]` = (group, kind)."""
    filled = [frozenset(x) for x in truth] + [NOWHERE] * (ATOMS - len(truth))
    faulty = [frozenset(x) for x in faults] + [NOWHERE] * (ATOMS - len(faults))
    return Explicit(start, tuple(tuple(e) for e in edges), tuple(fairness), tuple(filled), tuple(faulty))


ONE = [[(0, 1)], []]  # 0 -> 1
BLINK = [[(0, 1), (1, 2)], [], [(1, 0)]]  # 0 <-> 2, and out of 0 to 1
SELF = [[(0, 0)]]  # a step that changes nothing
INNER = [[(0, 1), (1, 2)], [(2, 0)], [(3, 0), (4, 3)], []]  # 0 <-> 1, and 0 <-> 2, from where 4 leads out to 3
SAME = [[(0, 1), (1, 1)], [(2, 0)]]  # two actions with the same effect

FAIR = [  # system, formula, whether it holds
    ("nothing is fair: it may stutter", system(ONE, [(0, None)]), T("eventually", p), False),
    ("weak fairness ends the stuttering", system(ONE, [(0, "weak")]), T("eventually", p), True),
    ("strong fairness does too", system(ONE, [(0, "strong")]), T("eventually", p), True),
    ("a dead end leaves its obligation open", system([[]], [(0, "weak")]), T("eventually", p), False),
    ("a step without a change is no fair step", system(SELF, [(0, "weak")]), T("infinitely_often", happens(0)), False),
    ("nor is it enabled", system(SELF, [(0, "strong")]), T("eventually", enabled(0)), False),
    ("weak: disabled again and again", system(BLINK, [(0, "weak"), (1, "weak")]), T("eventually", p), False),
    ("strong: enabled again and again", system(BLINK, [(0, "strong"), (1, "weak")]), T("eventually", p), True),
    ("strong, but it may stutter elsewhere", system(BLINK, [(0, "strong"), (1, None)]), T("eventually", p), False),
    ("one group is served by either step", system(BLINK, [(0, "weak"), (0, "weak")]), T("eventually", p), False),
    ("who happens is told apart", system(SAME, [(0, "weak"), (1, "weak"), (2, "weak")]),
     T("infinitely_often", happens(0)), False),
    ("strong: each of both in turn", system(SAME, [(0, "strong"), (1, "strong"), (2, "weak")]),
     T("and", T("infinitely_often", happens(0)), T("infinitely_often", happens(1))), True),
    ("a strong group that is taken stays where another one forbids the whole",
     system(INNER, [(0, "strong"), (1, None), (2, "weak"), (3, None), (4, "strong")], [{3}]), T("eventually", p), False),
    ("enabled is a predicate of states", system(ONE, [(0, "weak")]), T("leads_to", enabled(0), p), True),
    ("an invariant", system(ONE, [(0, None)]), T("always", p), False),
    ("an invariant that holds", system(ONE, [(0, None)], [{0, 1}]), T("always", p), True),
    ("invariants of what is enabled", system(ONE, [(0, None)]), T("always", T("or", p, enabled(0))), True),
    ("several initial states", system(ONE, [(0, None)], start=(0, 1)), T("implies", p, T("always", p)), True),
]  # fmt: skip


@pytest.mark.parametrize("built, formula, expected", [row[1:] for row in FAIR], ids=[row[0] for row in FAIR])
def test_fairness(built: Explicit, formula, expected: bool) -> None:
    answer, _ = answered(built, formula)
    assert answer.holds is expected
    assert oracle.violated(formula, built) is not expected


def test_always_of_a_state_predicate_ends_where_it_fails() -> None:
    answer, states = answered(system([[(0, 1)], [(0, 2)], []], [(0, None)], [{0, 1}]), T("always", p))
    assert answer.lasso is not None and answer.automaton == 0
    assert [states[row] for row in answer.lasso.rows] == [0, 1, 2] and answer.lasso.loop is None


def test_a_stuttering_lasso_repeats_its_last_state() -> None:
    answer, states = answered(system(ONE, [(0, None)]), T("eventually", p))
    assert answer.lasso is not None and answer.lasso.stutters
    assert [states[row] for row in answer.lasso.rows] == [0, 0] and answer.lasso.actions == (STUTTER, STUTTER)


def test_a_conjunction_names_the_part_that_fails() -> None:
    answer, _ = answered(system(ONE, [(0, "weak")]), T("and", T("eventually", p), T("infinitely_often", q)))
    assert answer.violation is not None and answer.violation.part == T("infinitely_often", q)


FAULTS = [  # formula, the row where evaluation fails, or whether it holds; p has no value in state 1, q holds in state 0
    (T("eventually", p), 1),
    (T("always", p), False),
    (T("always", T("or", q, p)), 1),
    (T("always", T("implies", enabled(0), q)), True),
    (T("infinitely_often", q), False),
    (T("eventually", T("and", q, T("eventually", p))), 1),
]


@pytest.mark.parametrize("formula, expected", FAULTS)
def test_predicates_without_a_value(formula, expected: bool | int) -> None:
    built = system(ONE, [(0, "weak")], [NOWHERE, {0}], faults=[{1}])
    assert built.predicates(np.array([[1]], np.uint64), (0,))[0, 0] == FAULT
    answer, _ = answered(built, formula)
    if isinstance(expected, bool):
        assert answer.holds is expected
    else:
        assert answer.holds is None and answer.fault is not None
        assert (answer.fault.kind, answer.fault.state, answer.fault.predicate) == ("predicate_fault", expected, 0)


NEVER = [  # formula, what never holds
    (T("leads_to", p, q), ()),
    (T("leads_to", r, q), (r,)),
    (T("and", T("leads_to", r, q), T("leads_to", p, q)), (r,)),
    (T("always", T("implies", r, T("eventually", q))), (r,)),
    (T("leads_to", happens(1), q), (happens(1),)),
    (T("leads_to", happens(0), q), ()),
]


@pytest.mark.parametrize("formula, expected", NEVER)
def test_left_sides_that_never_hold(formula, expected) -> None:
    model = model_of(formula)
    shared = space_of(system(ONE, [(0, "weak"), (1, "weak")]), model)
    assert never(shared, model.properties[0]) == expected


def test_refusals() -> None:
    shared = space_of(system(ONE, [(0, "weak")]), model_of())
    assert refusals(shared.exploration) == ()
    assert len(refusals(shared.exploration, exact_store=False)) == 1
