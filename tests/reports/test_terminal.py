"""The text reports: goldens of what people read, and what must hold of every one of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modelcheck import check
from modelcheck.reports import columns, terminal, why
from modelcheck.reports.steps import views
from modelcheck.trace import Trace
from tests import models
from tests.specs import written

# name of the golden: spec, constants, options of the report
GOLDENS = {
    "invariant": ("counter", {"bound": 3}, {}),
    "deadlock": ("locks", {}, {}),
    "deadlock-columns": ("locks", {}, {"columns": True}),
    "assertion": ("asserts", {}, {}),
    "evaluation-error": ("overflows", {}, {}),
    "holds": ("counter", {}, {"verbose": True}),
    "witness": ("counter", {}, {"witness": "full"}),
    "vacuous": ("counter", {"guard": 19}, {}),
    "constraint": ("constrained", {}, {}),
    "notes": ("unused", {}, {}),
    "coverage": ("locks", {}, {"coverage": True, "quiet": True}),
    "assumption": ("assumes", {"limit": 0}, {}),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_goldens(name: str, tmp_path: Path, monkeypatch, golden) -> None:
    spec, constants, options = GOLDENS[name]
    monkeypatch.chdir(tmp_path)
    result = check(written(tmp_path, spec).name, columns=options.get("columns", False), **constants)
    result = replace(result, statistics=replace(result.statistics, seconds=0.0))
    golden(f"terminal/{name}.txt", terminal.render_result(result, **options))


PHILOSOPHERS = '''
seats = Const(6)
Seat = Range(seats)


class Table(Spec):
    taken = Array(Seat, Bool(init=False))

    @process(each=Seat)
    def a_philosopher_with_a_long_name(self, seat):
        yield "take the fork on the left hand side", "philosophers/table/the_left_hand.c:1234"
        when(not self.taken[seat])
        self.taken[seat] = True
        yield "take the fork on the right hand side"
        when(not self.taken[(seat + 1) % seats])
        self.taken[(seat + 1) % seats] = True
'''


@pytest.mark.parametrize("seats, switches", [(2, 0), (3, 1), (6, 2), (9, 4)])
def test_columns_fit_into_a_commit_message(tmp_path: Path, seats: int, switches: int) -> None:
    result = check(written(tmp_path, "table", text=PHILOSOPHERS), seats=seats, columns=True)
    assert result.exit_code == 11 and result.model and result.trace
    assert max(map(len, columns.render(result.model, result.trace).splitlines())) <= 100
    assert result.trace.switches == switches


@pytest.mark.parametrize("spec, constants", [("counter", {"bound": 3}), ("locks", {}), ("overflows", {})])
def test_colour_changes_nothing_else(tmp_path: Path, spec: str, constants: dict) -> None:
    result = check(written(tmp_path, spec), **constants)
    plain, coloured = (terminal.render_result(result, color=color) for color in (False, True))
    assert "\x1b" in coloured
    for code in (terminal.BOLD, terminal.RED, terminal.GREEN, terminal.YELLOW, terminal.DIM, terminal.PLAIN):
        coloured = coloured.replace(code, "")
    assert coloured == plain


def test_a_line_for_every_state(tmp_path: Path) -> None:
    result = check(written(tmp_path, "counter"), bound=3)
    assert result.model and result.trace
    assert [v.number for v in views(result.model, result.trace)] == [1, 2, 3, 4]


def test_a_lasso_says_where_it_returns_to(tmp_path: Path) -> None:
    result = check(written(tmp_path, "counter"), bound=3)
    assert result.model and result.trace
    lasso = replace(result.trace, loop=1)
    for shown in (terminal.render_trace(result.model, lasso), columns.render(result.model, lasso)):
        margin = "".join(line[0] for line in shown.splitlines() if line)
        assert margin.strip().startswith("/") and margin.endswith("\\") and "again from 2, for ever" in shown


def test_an_empty_trace_is_no_trouble() -> None:
    model, nothing = models.counter(), Trace("evaluation_error", None, ())
    assert terminal.render_trace(model, nothing).strip() == ""
    assert why.explain(model, nothing) == ""
