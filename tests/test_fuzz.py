"""No traceback reaches a user: mutated, truncated and pathological specs through the whole pipeline.

Whatever a text is, the answer is a result or one of the errors that the command line turns into an exit code. The
parser alone is fuzzed in tests/frontends; here the mutants go on through passes, back end, search and report.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck import checker, passes
from modelcheck.errors import SpecError, UsageError
from modelcheck.frontends import load_text
from modelcheck.reports import terminal
from modelcheck.search.exploration import Limits
from tests.frontends.mutate import PATHOLOGICAL, mutants

ROOT = Path(__file__).parent
FILES = [*sorted((ROOT.parent / "specs").glob("*.py")), *sorted((ROOT / "witness" / "features").glob("*.py"))]
CORPUS = [path.read_text(encoding="utf-8") for path in FILES]
COUNT = 2000
OPTIONS = checker.Options(limits=Limits(states=200, time_s=2), thorough=True)


def survives(text: str) -> int:
    """How many of its specs compile. Anything but the errors of the author is our failure."""
    compiled = 0
    try:
        program = load_text(text)
    except SpecError as error:
        if error.partial is not None:
            passes.beyond(error.diagnostics, passes.diagnose(error.partial))
        return 0
    for name in names(program) or (None,):
        try:
            model = passes.compile(program, name)
            compiled += 1
            if compiled == 1:  # the others differ little: the way from here on is long
                result = checker.check_model(model, OPTIONS)
                terminal.render_result(result, columns=len(text) % 2 == 0, coverage=True)
        except (SpecError, UsageError):
            continue
    try:
        passes.cases(program)
    except SpecError:
        pass
    return compiled


def names(program) -> tuple[str, ...]:
    try:
        return passes.spec_names(program)
    except SpecError:
        return ()


@pytest.mark.parametrize("part", range(8))
def test_mutants(part: int) -> None:
    share = list(islice(mutants(COUNT, seed=20101212, corpus=CORPUS), part, None, 8))
    assert len(share) == COUNT // 8
    assert sum(map(survives, share)) > 10, "too few mutants compile: the later stages are not tested"


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological(name: str) -> None:
    survives(PATHOLOGICAL[name])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CORPUS), st.integers(0, 20_000), st.integers(0, 60), st.text(max_size=8))
def test_cut_and_pasted(text: str, at: int, length: int, pasted: str) -> None:
    at %= len(text) + 1
    survives(text[:at] + pasted + text[at + length :])


HUGE = {
    "a large set": "s = Set(Int(0, 1_000_000), init=set())",
    "a large set, anything": "s = Set(Int(0, 40), init=ANY)",
    "a large integer, anything": "n = Int(0, 10**9, init=ANY)",
    "a large array": "a = Array(Int(0, 10**9), Bool(init=True))",
    "a large array of arrays": "a = Array(Int(0, 60_000), Array(Int(0, 60_000), Int(0, 9, init=0)))",
    "a long sequence": "q = Seq(Int(0, 9), 10**9, init=())",
    "a large range": "r = Range(10**18)(init=0)",
}
LOOPS = {
    "over many values": "for i in range(10**18):\n            self.n = 0",
    "over 60000 values": "for i in range(60_000):\n            self.n = (self.n + i) % 3",
    "three deep": "for i in range(99):\n            for j in range(99):\n                for k in range(99):\n"
    "                    self.n = 0",
    "all of all of all": "self.b = all(all(all(i + j + k > -1 for i in range(99)) for j in range(99)) for k in range(99))",
    "choose among many": "x = choose(Int(0, 10**9))\n        self.n = x % 3",
    "a sum over many": "self.n = sum(i for i in range(65_000)) % 3",
}


@pytest.mark.parametrize("name", [*HUGE, *LOOPS])
def test_large(name: str) -> None:
    head = "from modelcheck import ANY, Array, Bool, Int, Range, Seq, Set, Spec, action, choose\n\n\nclass S(Spec):\n"
    fields = f"    n = Int(0, 3, init=0)\n    b = Bool(init=True)\n    {HUGE.get(name, 'm = Bool(init=True)')}\n"
    survives(f"{head}{fields}\n    @action\n    def f(self):\n        {LOOPS.get(name, 'self.n = 1')}\n")
