"""A property that is a conjunction of `implies`: each of them must have something to speak of."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcheck import check

SPEC = """
from modelcheck import Bool, Int, Range, Spec, action, action_invariant, implies, invariant, when

Seat = Range(2)


class Counter(Spec):
    n = Int(0, 3, init=0)
    b = Bool(init=False)

    @action
    def up(self):
        when(self.n < 3)
        self.n += 1

    {kind}
        return {formula}
"""

INVARIANT = "@invariant\n    def p(self):"
STEPS = "@action_invariant\n    def p(self, after):"

# the formula; the left sides that never hold, as they are named: n runs from 0 to 3 in one step after the other
CASES = [
    (INVARIANT, "implies(self.n == 1, not self.b) and implies(self.n == 2, not self.b)", []),
    (INVARIANT, "implies(self.n == 1, not self.b) and implies(self.b, self.n == 0)", ["`self.b`"]),
    (INVARIANT, "implies(self.b, self.n == 0) and implies(self.b and self.n == 1, self.n == 0)",
     ["`self.b`", "`self.b and self.n == 1`"]),
    (INVARIANT, "not self.b and implies(self.b, self.n == 0)", ["the left side"]),
    (INVARIANT, "all(implies(self.n == s, not self.b) and implies(self.n == s + 5, self.b) for s in Seat)",
     ["`self.n == s + 5`"]),
    (STEPS, "implies(self.n == 1, after.n == 2) and implies(after.n == 0, self.b)", ["`after.n == 0`"]),
    (STEPS, "implies(self.n == 1, after.n == 2) and implies(after.n == 1, self.n == 0)", []),
]  # fmt: skip


@pytest.mark.parametrize("kind, formula, silent", CASES, ids=[c[1] for c in CASES])
def test_each_left_side_of_a_conjunction(tmp_path: Path, kind: str, formula: str, silent: list[str]) -> None:
    path = tmp_path / "counter.py"
    path.write_text(SPEC.format(kind=kind, formula=formula), encoding="utf-8")
    result = check(path, deadlock=False)
    assert result.verdict == ("vacuous" if silent else "holds")
    assert [v.name for v in result.vacuity] == ["p"] * len(silent)
    assert all(v.message.startswith(text) for v, text in zip(result.vacuity, silent))
