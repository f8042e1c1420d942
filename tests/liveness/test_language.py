"""Temporal properties as they are written, on a traffic light whose verdicts can be told by looking at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcheck import check

LIGHT = """
from modelcheck import (
    Bool, Enum, Spec, action, always, enabled, eventually, eventually_always, happens, implies, infinitely_often,
    leads_to, temporal, until, weak_until, when,
)

Color = Enum("red", "green", "yellow")


class Light(Spec):
    color = Color(init="red")
    pressed = Bool(init=False)

    @action(fair="weak")
    def go(self):
        when(self.color == "red")
        self.color = "green"

    @action(fair="weak")
    def slow(self):
        when(self.color == "green")
        self.color = "yellow"

    @action(fair="weak")
    def stop(self):
        when(self.color == "yellow")
        self.color = "red"
        self.pressed = False

    @action
    def press(self):
        when(not self.pressed)
        self.pressed = True

    @temporal
    def p(self):
        return {formula}
"""

# The light changes for ever; the button is pressed at any time, or never; the light turning red releases it.
VERDICTS = {
    'always(self.color == "red" or self.color == "green" or self.color == "yellow")': True,
    "always(not self.pressed)": False,
    'eventually(self.color == "green")': True,
    "eventually(self.pressed)": False,
    'leads_to(self.color == "yellow", self.color == "red")': True,
    "leads_to(self.pressed, not self.pressed)": True,
    'leads_to(self.color == "red", self.pressed)': False,
    'until(self.color == "red", self.color == "green")': True,
    'until(self.color == "red", self.color == "yellow")': False,
    "until(not self.pressed, self.pressed)": False,
    "weak_until(not self.pressed, self.pressed)": True,
    'weak_until(self.color == "red", self.color == "yellow")': False,
    'infinitely_often(self.color == "green")': True,
    "infinitely_often(self.pressed)": False,
    "infinitely_often(not self.pressed)": True,
    "eventually_always(not self.pressed)": False,
    'eventually_always(self.color == "red" or self.color == "green" or self.color == "yellow")': True,
    "implies(infinitely_often(self.pressed), infinitely_often(not self.pressed))": True,
    "implies(infinitely_often(not self.pressed), infinitely_often(self.pressed))": False,
    'not eventually(always(self.color == "red"))': True,
    'always(implies(self.pressed, eventually(self.color == "red" and not self.pressed)))': True,
    'always(implies(self.pressed, until(self.pressed, self.color == "red" and not self.pressed)))': True,
    "always(eventually(always(not self.pressed)))": False,
    "infinitely_often(happens(self.go))": True,
    "infinitely_often(happens(self.press))": False,
    "always(implies(happens(self.press), not self.pressed))": True,
    "leads_to(happens(self.press), happens(self.stop))": True,
    "leads_to(happens(self.stop), happens(self.press))": False,
    "always(enabled(self.press) or self.pressed)": True,
    "always(enabled(self.go))": False,
    "always(implies(enabled(self.stop), not enabled(self.go)))": True,
    "all(leads_to(self.color == c, self.color != c) for c in Color)": True,
    "all(infinitely_often(self.color == c and not self.pressed) for c in Color)": False,
    "any(eventually_always(self.color == c) for c in Color)": False,
    "any(infinitely_often(self.color == c and not self.pressed) for c in Color)": True,
}


@pytest.mark.parametrize("formula", VERDICTS)
def test_a_traffic_light(tmp_path: Path, formula: str) -> None:
    path = tmp_path / "light.py"
    path.write_text(LIGHT.format(formula=formula), encoding="utf-8")
    (found,) = [p for p in check(path, deadlock=False).properties if p.name == "p"]
    assert found.verdict == ("holds" if VERDICTS[formula] else "violated")


def test_fairness_that_is_needed_and_that_is_not(tmp_path: Path) -> None:
    """For the light to turn green, only `go` has to be fair; for it to turn yellow, `slow` too; never `stop`."""
    for color, needed in (("green", {"go"}), ("yellow", {"go", "slow"})):
        path = tmp_path / f"{color}.py"
        path.write_text(LIGHT.format(formula=f'eventually(self.color == "{color}")'), encoding="utf-8")
        (found,) = check(path, deadlock=False, minimal_fairness=True).properties
        assert found.core is not None and {m.title for m in found.core} == needed
        assert {u.removeprefix("weak fairness of ") for u in found.unneeded} == {"go", "slow", "stop"} - needed
