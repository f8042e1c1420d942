"""The methods on small systems whose answers can be worked out by hand, and what they may not say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import z3

from modelcheck import proof
from modelcheck.backends import smt
from modelcheck.backends.smt import readable
from modelcheck.ir import evaluate
from modelcheck.ir.nodes import Choose, Const, Model, Variable, When
from modelcheck.ir.ops import Op
from modelcheck.ir.types import IntType
from modelcheck.proof import Options, spacer
from modelcheck.proof.bounded import keeps_types
from modelcheck.proof.solving import lasting
from modelcheck.proof.unrolling import transition
from tests import models
from tests.backends.against import explore
from tests.models import action, apply, assign, both, either, equal, every, integer, model, negate, variable

N = IntType(0, 10**12)
TINY = IntType(0, 7)
n, m = Variable(0, N), Variable(1, N)


def up(v: Variable) -> Any:
    return assign(v, apply(Op.ADD, v, integer(1)))


def lockstep(**invariants: Any) -> Model:
    """Two counters that go up together, to 10**12: too many states to look at."""
    start = [assign(v, Const(0, N)) for v in (n, m)]
    step = action("step", When(apply(Op.LT, n, integer(10**12))), up(n), up(m))
    return model("lockstep", [variable("n", N), variable("m", N)], start, [step], invariants=invariants)


def turns(**invariants: Any) -> Model:
    """0, 1, 2, 0, .. while 5 leads to 6, 6 to 7, 7 to 5 in a part of the types that is never reached."""
    v = Variable(0, TINY)
    jumps = [(0, 1), (1, 2), (2, 0), (5, 6), (6, 7), (7, 5)]
    steps = [action(f"{a}", When(equal(v, integer(a))), assign(v, Const(b, TINY))) for a, b in jumps]
    return model("turns", [variable("v", TINY)], [assign(v, Const(0, TINY))], steps, invariants=invariants)


def never(v: Variable, *values: int) -> Any:
    return both(*(negate(equal(v, integer(x))) for x in values))


def answers(found: Model, **options: Any) -> dict[str, proof.Answer]:
    system = smt.build(found)
    goals = [
        proof.state_goal(p.name, proof.neither(*_predicate(system, p.predicate))) for p in found.properties
    ]
    goals.append(proof.fault_goal("faults", system, system.faults))
    return {a.goal.name: a for a in proof.prove(system, goals, Options(**{"time_s": 20.0, **options}))}


def _predicate(system: smt.SmtSystem, number: int | None) -> tuple[Any, Any]:
    found = system.predicate(number or 0)
    return found.holds, found.fails


# --- induction --------------------------------------------------------------------------------------------------------


def test_what_is_inductive_is_proved_by_1_induction_over_any_range() -> None:
    """n == m is kept by the step by itself, and then m is as far from its bound as n."""
    found = answers(lockstep(equal=equal(n, m)))
    assert {name: (a.verdict, a.method, a.depth) for name, a in found.items()} == {
        "equal": ("proved", "induction", 1),
        "faults": ("proved", "induction", 1),
    }
    assert found["faults"].together == ("equal", "faults")  # m can only overflow where it differs from n
    assert found["equal"].together == ("equal",)


def test_what_needs_another_goal_is_proved_with_it() -> None:
    """m <= 10**12 - 1 unless n is at its end needs n == m."""
    claim = either(apply(Op.LT, m, integer(10**12)), equal(n, integer(10**12)))
    alone, together = answers(lockstep(claim=claim), engine="induction", depth=2), answers(
        lockstep(claim=claim, equal=equal(n, m)), engine="induction", depth=2
    )
    assert alone["claim"].verdict == "unknown" and together["claim"].verdict == "proved"
    assert "equal" in together["claim"].together + together["claim"].lemmas


def test_the_depth_of_the_induction_is_the_least_that_will_do() -> None:
    """Of 4, 5, 6, 7 the state 7 is to be excluded. 5 -> 6 -> 7: after one good state 7 may follow, also after two (5, 6);
    a third good one before 5 would have to be 7. So k is 3, and no path has to be free of repetitions."""
    found = answers(turns(claim=never(Variable(0, TINY), 7)), engine="induction")["claim"]
    assert (found.verdict, found.depth, found.distinct) == ("proved", 3, False)


def test_a_loop_of_good_states_needs_paths_without_repetitions() -> None:
    """4 is bad and may follow 3, which may stay 3: for every k there are k good states before it, all the same."""
    v = Variable(0, TINY)
    steps = [
        action("stay", When(equal(v, integer(3)))),
        action("fall", When(equal(v, integer(3))), assign(v, Const(4, TINY))),
        action("turn", When(apply(Op.LT, v, integer(2))), assign(v, apply(Op.SUB, integer(1), v))),
    ]
    loop = model("loop", [variable("v", TINY)], [assign(v, Const(0, TINY))], steps, invariants={"claim": never(v, 4)})
    found = answers(loop, engine="induction")["claim"]
    assert (found.verdict, found.depth, found.distinct) == ("proved", 2, True)


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", proof.ENGINES)
def test_a_path_is_a_shortest_one_and_has_its_actions(engine: str) -> None:
    found = answers(turns(claim=never(Variable(0, TINY), 2)), engine=engine, depth=6)["claim"]
    assert found.verdict == "found" and found.path is not None
    assert (found.depth, found.path.actions, found.path.rows.tolist()) == (2, (-1, 0, 1), [[0], [1], [2]])


def test_a_fault_is_found_with_its_action() -> None:
    """Without the guard the counter of 3 bits leaves its type in the eighth step."""
    v = Variable(0, TINY)
    step = action("up", assign(v, apply(Op.ADD, v, integer(1)), "n + 1"))
    found = answers(model("overflow", [variable("v", TINY)], [assign(v, Const(0, TINY))], [step]))["faults"]
    assert found.path is not None and found.path.fault is not None
    assert (found.verdict, found.depth, found.path.fault[0], len(found.path.rows)) == ("found", 7, 0, 8)


def test_where_paths_end_everything_is_decided() -> None:
    """Three steps and no more: also what no induction over the types could show."""
    v = Variable(0, TINY)
    steps = [action("up", When(apply(Op.LT, v, integer(3))), assign(v, apply(Op.ADD, v, integer(1))))]
    short = model("short", [variable("v", TINY)], [assign(v, Const(0, TINY))], steps, invariants={"c": never(v, 5)})
    found = answers(short, engine="bounded")["c"]
    assert (found.verdict, found.together, found.depth) == ("proved", (), 4)


def test_a_bounded_search_proves_nothing_of_longer_paths() -> None:
    found = answers(turns(claim=never(Variable(0, TINY), 6)), engine="bounded", depth=5)["claim"]
    assert (found.verdict, found.depth, found.reason) == ("unknown", 5, "the depth limit was reached")


# --- invariants -------------------------------------------------------------------------------------------------------


def drift(**invariants: Any) -> Model:
    """n goes up by 1 or 2, m by as much less one half at most; n >= m always, by no small induction on n >= 2 alone."""
    start = [assign(v, Const(0, N)) for v in (n, m)]
    room = When(apply(Op.LT, n, integer(10**12 - 2)))
    steps = [action("both", room, up(n), up(m)), action("one", room, up(n))]
    return model("drift", [variable("n", N), variable("m", N)], start, steps, invariants=invariants)


SPACED = either(apply(Op.LE, m, integer(5)), apply(Op.GE, n, integer(5)))


def test_spacer_finds_what_induction_lacks_and_the_interpreter_agrees() -> None:
    """m > 5 and n < 5 together need m <= n, which nobody has said."""
    found = answers(drift(claim=SPACED), engine="spacer", time_s=8.0)["claim"]
    assert (found.verdict, found.method) == ("proved", "spacer") and found.invariant is not None
    built = drift(claim=SPACED)
    system = smt.build(built)
    # Formulas of two systems share their constants, which go by name.
    invariant = readable.expression(built, system.state, found.invariant)
    for state in explore(built, 100):
        assert evaluate.evaluate(built, invariant, state) is True


def test_an_invariant_that_is_not_one_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were Spacer wrong: `true` is kept by every step and excludes nothing, `n == 0` excludes and is not kept, and
    `false` does both and is not true initially."""
    for wrong in (z3.BoolVal(True), z3.Int("n.0") == 0, z3.BoolVal(False)):
        monkeypatch.setattr(spacer._Task, "asked", lambda *_, wrong=wrong: (spacer.PROVED, wrong))
        found = answers(drift(claim=SPACED), engine="spacer", time_s=3.0)["claim"]
        assert found.verdict == "unknown"


def test_what_is_dropped_from_an_invariant_was_not_needed() -> None:
    built = drift(claim=SPACED)
    system = smt.build(built)
    goal = proof.state_goal("claim", proof.neither(*_predicate(system, 0)))
    task, limit = spacer._Task(system, goal, ()), lasting(20)
    x, y = z3.Ints("n.0 m.0")
    short = task.shortened(z3.And(x >= y, x >= 0, z3.And(y >= 0, x + 1 > y)), limit)
    assert len(spacer._conjuncts(short)) == 1 and task.checked(short, limit)


# --- what proofs rest on ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [models.counter, models.kick_and_serve, models.every_fault, models.choices, models.wide])
def test_steps_keep_types(make: Any) -> None:
    system = smt.build(make())
    assert keeps_types(system, transition(system), lasting(20))


def test_a_back_end_that_does_not_keep_types_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(smt.emit.EMIT, Op.CAST, lambda _, v: v)
    system = smt.build(lockstep())
    assert not keeps_types(system, transition(system), lasting(20))


def test_deadlocks_of_systems_without_choices() -> None:
    system = smt.build(lockstep())
    goal = proof.deadlock_goal("deadlock", system)
    assert goal is not None
    solver = z3.Solver()
    solver.add(system.typed, goal.bad)
    assert solver.check() == z3.sat and solver.model()[z3.Int("n.0")].as_long() == 10**12


def test_deadlocks_of_steps_that_choose_are_not_looked_at() -> None:
    v, x = Variable(0, TINY), models.Local("x", TINY)
    step = action("choose", Choose(x, every(TINY), "x"), When(apply(Op.LT, v, x)), assign(v, x))
    system = smt.build(model("chooses", [variable("v", TINY)], [assign(v, Const(0, TINY))], [step]))
    assert proof.deadlock_goal("deadlock", system) is None


# --- limits -----------------------------------------------------------------------------------------------------------


def test_no_time_is_no_answer() -> None:
    found = answers(lockstep(equal=equal(n, m)), time_s=0.0)["equal"]
    assert (found.verdict, found.depth, found.reason) == ("unknown", -1, "the time limit was reached")


STARVED = """
from modelcheck import proof
from tests.proof.test_engine import answers, drift, SPACED
found = answers(drift(claim=SPACED), memory=1 << 20)["claim"]
assert (found.verdict, found.reason) == ("unknown", "the memory limit was reached"), found
"""


def test_no_memory_is_no_answer() -> None:
    """In a process of its own: the ceiling counts what other tests have left in the library."""
    run = subprocess.run([sys.executable, "-c", STARVED], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_constants_of_a_formula() -> None:
    x, b = z3.Int("x"), z3.Bool("b")
    assert proof.goals.constants_of(z3.And(b, x + 1 > 2)) == {x.get_id(), b.get_id()}
