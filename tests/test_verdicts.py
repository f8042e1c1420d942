"""A verdict cannot lie: situation, command line, exit code. The first table is that of the reference on verdicts; the
others fix the order of severity and what is vacuous."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelcheck import check
from modelcheck.cli import main
from modelcheck.errors import UsageError
from modelcheck.result import SEVERITY, most_severe
from tests.specs import written

# spec, arguments, exit code, what standard output must say
SITUATIONS = {
    "everything holds": ("counter", [], 0, "reachable states: "),
    "an invariant is violated": ("counter", ["-D", "bound=3"], 12, "`bounded`"),
    "keep going after a violation": ("counter", ["-D", "bound=3", "--continue"], 12, "0 states left on queue"),
    "a limit on states": ("counter", ["-D", "limit=20", "-D", "bound=21", "--max-states", "4"], 20, "left on the queue"),
    "a limit on depth": ("counter", ["--max-depth", "3"], 20, "no violation in the 3 states seen, 1 left on the queue"),
    "a limit on time": ("counter", ["--time-limit", "0s"], 20, "left on the queue"),
    "a limit on memory": ("counter", ["--memory-limit", "1K"], 20, "left on the queue"),
    "a violation before the limit": ("counter", ["-D", "bound=2", "--max-depth", "4"], 12, "`bounded`"),
    "a left side that never holds": ("counter", ["-D", "guard=19"], 21, "vacuous"),
    "a vacuous property that was accepted": ("counter", ["-D", "guard=19", "--allow-vacuous", "bounded"], 0, "reachable states: "),
    "a reachable that is not": ("counter", ["-D", "limit=0", "-D", "rest=false", "--no-deadlock"], 21, "initial state"),
    "a deadlock": ("locks", [], 11, "take b"),
    "no look at deadlocks": ("locks", ["--no-deadlock"], 0, "reachable states: "),
    "a failed assert": ("asserts", [], 14, "two is too many"),
    "an evaluation error": ("overflows", [], 75, "a value outside its type"),
    "a false assumption": ("assumes", ["-D", "limit=0"], 10, ""),
    "a constraint that cut": ("constrained", [], 20, "first_half"),
    "a temporal property": ("temporal", [], 0, "comes_back"),
    "a temporal property that fails": ("unfair", [], 13, "nothing happens"),
    "the fairness that it needs": ("temporal", ["--minimal-fairness"], 0, "Without weak fairness of up"),
    "a temporal property and a constraint": ("cut", [], 1, ""),
    "a temporal property and a limit": ("temporal", ["--max-states", "2"], 20, "left on the queue"),
    "a temporal property left out": ("temporal", ["--property", "small"], 0, "reachable states: "),
    "a note": ("unused", [], 0, "never enabled"),
    "a note, strict": ("unused", ["--strict"], 21, "never enabled"),
    "an unknown property": ("counter", ["--property", "bouned"], 1, ""),
    "an unknown constant": ("counter", ["-D", "bond=3"], 1, ""),
    "an unknown flag": ("counter", ["-deadlock"], 1, ""),
    "the native back end": ("counter", ["--backend", "llvm"], 0, "6 distinct states"),
    "a back end that is none": ("counter", ["--backend", "lvm"], 1, ""),
    "several workers": ("counter", ["--workers", "2"], 0, "6 distinct states"),
    "workers that are no number": ("counter", ["--workers", "x"], 1, ""),
    "a compact store and a temporal property": ("temporal", ["--store", "compact"], 1, ""),
    "an unknown vacuous name": ("counter", ["--allow-vacuous", "nothing"], 1, ""),
    "a witness": ("counter", ["--witness", "full"], 0, "`full` is reachable after 5 steps"),
    "a witness of something else": ("counter", ["--witness", "bounded"], 1, ""),
}


@pytest.mark.parametrize("spec, arguments, code, said", SITUATIONS.values(), ids=SITUATIONS.keys())
def test_situations(tmp_path: Path, capsys, spec: str, arguments: list[str], code: int, said: str) -> None:
    assert main(["check", str(written(tmp_path, spec)), *arguments]) == code
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    "text, code",
    [
        ("class Broken(Spec):\n    n = Int(0, 3, init=0\n", 150),
        ("class Broken(Spec):\n    n = Int(0, 3, init=0)\n\n    @invariant\n    def i(self):\n        return self.m\n", 150),
        ("class Broken(Spec):\n    n = Int(0, 3, init=0)\n\n    @invariant\n    def i(self):\n        return self.n\n", 150),
    ],
    ids=["does not parse", "an unknown name", "a type error"],
)
def test_specs_with_mistakes(tmp_path: Path, text: str, code: int) -> None:
    assert main(["check", str(written(tmp_path, "broken", text=text))]) == code


def test_a_missing_file(tmp_path: Path) -> None:
    assert main(["check", str(tmp_path / "nothing.py")]) == 255


def test_an_expected_violation_that_does_not_happen(tmp_path: Path) -> None:
    path = written(tmp_path, "counter", cases='    Case("it breaks", Counter, violates("bounded")),')
    assert main(["gate", str(path)]) == 22


def test_a_saved_trace_that_is_no_behaviour_any_more(tmp_path: Path, capsys) -> None:
    path, trace = written(tmp_path, "counter"), tmp_path / "trace.itf.json"
    assert main(["check", str(path), "-D", "bound=3", "--save", str(trace)]) == 12
    assert main(["replay", str(trace)]) == 0
    path.write_text(path.read_text().replace("self.n += 1", "self.n += 2"))
    capsys.readouterr()
    assert main(["replay", str(trace)]) == 22
    assert "step 1 is not enabled" in capsys.readouterr().out


def test_a_saved_trace_that_violates_nothing_any_more(tmp_path: Path) -> None:
    path, trace = written(tmp_path, "counter"), tmp_path / "trace.itf.json"
    assert main(["check", str(path), "-D", "bound=3", "--save", str(trace)]) == 12
    path.write_text(path.read_text().replace("self.n < bound", "self.n < bound + 1"))
    assert main(["replay", str(trace)]) == 22


def test_interrupted_between_two_blocks(tmp_path: Path) -> None:
    calls: list[object] = []

    def stop(progress: object) -> None:
        calls.append(progress)
        if len(calls) == 1:
            raise KeyboardInterrupt

    result = check(written(tmp_path, "counter"), progress=stop)
    assert (result.exit_code, result.verdict, result.stopped) == (130, "incomplete", "interrupt")


LARGE = '''
class Large(Spec):
    n = Array(Range(9), Int(0, 9, init=0))

    @action(i=Range(9))
    def up(self, i):
        self.n[i] = (self.n[i] + 1) % 10
'''


def test_interrupted_from_outside(tmp_path: Path) -> None:
    path = written(tmp_path, "large", text=LARGE)
    command = [sys.executable, "-m", "modelcheck.cli", "check", str(path)]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background inherit SIG_IGN
    )  # fmt: skip
    time.sleep(2.5)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "Traceback" not in err


ORDER = [255, 1, 150, 75, 10, 14, 12, 11, 13, 22, 130, 20, 21, 0]


def test_the_order_of_exit_codes() -> None:
    assert list(SEVERITY) == ORDER
    for i, severe in enumerate(ORDER):
        assert all(most_severe([other, severe]) == severe for other in ORDER[i:])


BOTH = '''
class Both(Spec):
    n = Int(0, 3, init=0)

    @action
    def up(self):
        when(self.n < 3)
        {0}
        self.n += 1

    @invariant
    def small(self):
        return self.n < 2

    @invariant
    def smaller(self):
        return self.n < 1
'''


@pytest.mark.parametrize(
    "extra, code, property",
    [("pass", 12, "small"), ("assert self.n < 1", 14, "assertion"), ("self.n = self.n + 5", 75, "evaluation_error")],
)
def test_the_most_severe_violation_decides(tmp_path: Path, extra: str, code: int, property: str) -> None:
    result = check(written(tmp_path, "both", text=BOTH.format(extra)), thorough=True)
    assert (result.exit_code, result.property) == (code, property)


def test_each_property_has_a_shortest_trace_of_its_own(tmp_path: Path) -> None:
    result = check(written(tmp_path, "both", text=BOTH.format("pass")))
    lengths = {p.name: p.trace.length for p in result.properties if p.trace}
    assert lengths["small"] == 3 and lengths["smaller"] == 2


def test_a_class_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        check(f"{written(tmp_path, 'counter')}:Conter")


def test_constants_of_the_api(tmp_path: Path) -> None:
    path = written(tmp_path, "counter")
    assert check(path, bound=3).exit_code == 12
    assert check(path, constants={"bound": 3}).trace.length == 4
    assert check(f"{path}:Counter", limit=2).statistics.distinct == 3
