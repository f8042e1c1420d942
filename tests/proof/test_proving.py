"""`prove` from a spec to an exit code: verdicts against those of an exploration, traces, what is said of proofs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelcheck import checker, passes, proof, proving, suite
from modelcheck.cli import main
from modelcheck.errors import UsageError
from modelcheck.exploring import Options as Exploring
from modelcheck.reports.json import schema
from modelcheck.result import Result
from modelcheck.search.exploration import Limits
from tests.random_models import random_model
from tests.specs import written

SPECS = Path(__file__).resolve().parents[2] / "specs"

# spec of tests.specs, arguments, exit code, what standard output must say
SITUATIONS = {
    "proved": ("counter", [], 0, "Proved for every number of steps: bounded holds, never_negative holds"),
    "reached as well": ("counter", [], 0, "Reached: full."),
    "an invariant is violated": ("counter", ["-D", "bound=3"], 12, "Invariant `bounded` is violated after 3 steps"),
    "a left side that never holds": ("counter", ["-D", "guard=19"], 21, "vacuous"),
    "one that was accepted": ("counter", ["-D", "guard=19", "--allow-vacuous", "bounded"], 0, "bounded holds"),
    "no step at all": ("counter", ["-D", "limit=0", "-D", "rest=false", "--no-deadlock"], 21, "initial state"),
    "a deadlock": ("locks", [], 11, "take b"),
    "no look at deadlocks": ("locks", ["--no-deadlock"], 0, "nothing is said of deadlocks"),
    "a failed assert": ("asserts", [], 14, "two is too many"),
    "an evaluation error": ("overflows", [], 75, "a value outside its type"),
    "a false assumption": ("assumes", ["-D", "limit=0"], 10, ""),
    "a constraint does not cut": ("constrained", [], 12, "the constraint `first_half` does not restrict proofs"),
    "temporal properties are left out": ("temporal", [], 0, "nothing is said of the temporal properties comes_back"),
    "a temporal property that was asked for": ("temporal", ["--property", "comes_back"], 1, ""),
    "only one property": ("counter", ["--property", "never_negative"], 0, "Proved for every number of steps: never_neg"),
    "a limit on depth": ("counter", ["-D", "bound=5", "--engine", "bounded", "--max-depth", "2"], 20, "within 2 steps"),
    "no violation is no proof": ("counter", ["--engine", "bounded", "--max-depth", "9"], 20, "within 9 steps"),
    "a limit on time": ("counter", ["--time-limit", "0s"], 20, "not even the initial states"),
    "an unknown property": ("counter", ["--property", "bouned"], 1, ""),
    "an unknown constant": ("counter", ["-D", "bond=3"], 1, ""),
    "an unknown engine": ("counter", ["--engine", "bmc"], 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_verdict_cannot_lie(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, arguments, code, said = SITUATIONS[name]
    assert main(["prove", str(written(tmp_path, spec)), *arguments]) == code
    assert said in capsys.readouterr().out


# --- against exploration ----------------------------------------------------------------------------------------------

# spec, case: every question of these is decided, within a few seconds
DECIDED = [
    ("kick.py", "patched"), ("kick.py", "without the drain"),
    ("peterson.py", "correct"), ("peterson.py", "turn first"),
    ("die_hard.py", "the jugs"), ("die_hard.py", "the bomb is defused"),
    ("ewd840.py", "3 nodes"), ("ewd840.py", "nobody turns black"),
    ("alternating_bit.py", "weakly fair"), ("alternating_bit.py", "the bit is not looked at"),
    ("dining_philosophers.py", "all right-handed"), ("dining_philosophers.py", "one left-handed"),
    ("dining_philosophers.py", "one left-handed, as actions, 6 seats"),
    ("deassign.py", "v5, 1 vcpu"),
]  # fmt: skip
# Too hard in this time: what is said must be right all the same.
HARD = [("bakery.py", "2 processes"), ("bakery.py", "without the doorway"), ("two_phase_commit.py", "6 managers")]


def both(path: str, name: str, seconds: float) -> tuple[Result, Result]:
    program, cases = suite.read_cases(SPECS / path)
    case = next(c for c in cases if c.name == name)
    model = passes.compile(program, case.spec, case.where)
    names = tuple(p.name for p in model.properties if p.kind in proving.PROVABLE)
    explored = checker.check_model(model, Exploring(thorough=True, properties=names))
    return explored, proving.prove_model(model, proving.Options(proof=proof.Options(time_s=seconds)))


def told(result: Result) -> dict[str, Any]:
    """name -> verdict and length of the trace: a shortest one, whoever found it."""
    return {p.name: (p.verdict, p.trace.length if p.trace else None) for p in result.properties}


@pytest.mark.parametrize("path, name", DECIDED, ids=str)
def test_proofs_and_exploration_agree(path: str, name: str) -> None:
    explored, proved = both(path, name, 40.0)
    wanted = told(explored)
    if not proved.deadlock:  # a step chooses: not looked at, and said so
        wanted.pop("deadlock", None)
        assert "V006" in [n.diagnostic.code for n in proved.notes]
    assert told(proved) == wanted
    assert proved.exit_code == explored.exit_code or "deadlock" in told(explored)


@pytest.mark.parametrize("path, name", HARD, ids=str)
def test_what_is_not_decided_is_said_to_be_open(path: str, name: str) -> None:
    explored, proved = both(path, name, 3.0)
    wanted = told(explored)
    for p in proved.properties:
        if p.verdict != "incomplete":
            assert told(proved)[p.name] == wanted[p.name]
    assert any(p.verdict == "incomplete" for p in proved.properties) and proved.exit_code in (20, 12)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_random_models_get_no_wrong_answer(first: int) -> None:
    """Of models whose whole space can be explored: whatever is decided is what the exploration says. Many are decided."""
    decided = 0
    for seed in range(first, first + 20):
        model = random_model(seed)
        explored = checker.check_model(model, Exploring(thorough=True, limits=Limits(states=3000)))
        if not explored.complete or explored.statistics.distinct == 0:
            continue
        proved = proving.prove_model(model, proving.Options(proof=proof.Options(time_s=1.5, depth=8)))
        wanted = told(explored)
        for p in proved.properties:
            if p.verdict != "incomplete":
                same = told(proved)[p.name] == wanted.get(p.name)
                assert same, f"random_model({seed}): {p.name} {told(proved)[p.name]} {wanted.get(p.name)}"
                decided += 1
    assert decided >= 15


# --- what enumeration cannot do ---------------------------------------------------------------------------------------


def test_a_lock_that_serves_a_million_million_customers(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(SPECS / "ticket_lock.py")
    assert main(["prove", path, "--no-deadlock", "-D", "last=1000000000000"]) == 0
    out = capsys.readouterr().out
    assert "mutual_exclusion: by this inductive invariant" in out
    assert main(["prove", path, "--no-deadlock", "-D", "last=1000000000000", "-D", "atomic=false"]) == 12
    assert "Invariant `mutual_exclusion` is violated after 6 steps (7 states):" in capsys.readouterr().out


# --- reports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["-D", "drain=false"], ["--max-depth", "0"], ["-D", "drian=true"]], ids=str)
def test_json_follows_the_schema(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["prove", str(SPECS / "kick.py"), "--format", "json", *arguments])
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, schema())
    assert found["exit_code"] == code


def test_json_says_what_a_proof_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    main(["prove", str(SPECS / "die_hard.py"), "--format", "json"])
    run = json.loads(capsys.readouterr().out)["proof"]
    [found] = [p for p in run["proofs"] if p["name"] == "one_jug_is_full_or_empty"]
    assert (found["method"], found["depth"], found["lemmas"]) == ("induction", 1, [])
    assert run["solver"].startswith("z3 ") and run["undecided"] == []


def test_a_saved_counterexample_replays(tmp_path: Path) -> None:
    saved = tmp_path / "kick.itf.json"
    assert main(["prove", str(SPECS / "kick.py"), "-D", "drain=false", "--save", str(saved)]) == 12
    assert main(["replay", str(saved)]) == 0


def test_an_unknown_engine_is_refused_in_python_too() -> None:
    model = checker.compiled(SPECS / "kick.py", None, {})
    with pytest.raises(UsageError):
        proving.prove_model(model, proving.Options(proof=proof.Options(engine="bmc")))


def test_what_is_reached_is_reached_though_it_cannot_be_evaluated_elsewhere(tmp_path: Path) -> None:
    """`seen` is true where m is 2, and divides by zero where m is 0: an evaluation error, of the run and not of `seen`."""
    text = PAIR.replace("self.m == 2 * self.n", "True") + """
    @reachable
    def seen(self):
        return 4 // self.m == 2
"""
    model = checker.compiled(written(tmp_path, "pair", text=text), None, {})
    explored = checker.check_model(model, Exploring(properties=("seen",), thorough=True, limits=Limits(depth=4)))
    proved = proving.prove_model(model, proving.Options(("seen",), False, (), proof.Options(depth=4)))
    assert told(proved)["seen"] == told(explored)["seen"] == ("holds", 2)
    assert proved.exit_code == explored.exit_code == 75


def test_a_proof_of_one_property_may_use_another(tmp_path: Path) -> None:
    """Where only `small` is asked for, by induction: `same`, which nobody asked for, is what it follows from."""
    model = checker.compiled(written(tmp_path, "pair", text=PAIR), None, {})
    result = proving.prove_model(model, proving.Options(("small",), False, (), proof.Options("induction", 4)))
    [found] = [p for p in result.proof.proofs if p.subject == "small"] if result.proof else []
    assert (found.method, found.depth, *found.together, *found.lemmas) == ("induction", 1, "same")
    assert [p.name for p in result.properties] == ["small"]


PAIR = '''
class Pair(Spec):
    n = Int(0, 1000000, init=0)
    m = Int(0, 2000000, init=0)

    @action
    def up(self):
        when(self.n < 1000000)
        self.n += 1
        self.m += 2

    @invariant
    def small(self):
        return implies(self.n == 1000000, self.m == 2000000)

    @invariant
    def same(self):
        return self.m == 2 * self.n
'''
