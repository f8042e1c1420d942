"""What is told of temporal properties: the part that fails, why a run may stay, the fairness needed, stuttering steps.

The expected answers are read off a spec of two requests that are served, or not, once.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import jsonschema
import pytest

from modelcheck import check
from modelcheck.cli import main
from modelcheck.liveness import lasso
from modelcheck.reports import terminal
from modelcheck.reports.json import check_object, schema

QUEUES = '''from modelcheck import (
    Array, Bool, Enum, Int, Range, Spec, action, always, eventually, implies, leads_to, process, temporal, when,
)

Queue = Enum("rx", "tx")
Lock = Enum("only")


class Queues(Spec):
    pending = Array(Queue, Bool(init=True))
    closed = Bool(init=False)

    @action(fair="weak")
    def receive(self):
        when(self.pending["rx"])
        self.pending["rx"] = False

    @action
    def transmit(self):
        when(self.pending["tx"])
        self.pending["tx"] = False

    @action(fair="weak")
    def close(self):
        when(not self.pending["rx"] and not self.closed)
        self.closed = True

    @temporal
    def p(self):
        """Every request is served.

        More about it.
        """
        return {formula}
'''

# formula -> what fails of it: `receive` is fair and `transmit` is not, so only "tx" may wait for ever
PARTS = {
    'eventually(not self.pending["tx"])': None,
    'eventually(not self.pending["rx"]) and eventually(not self.pending["tx"])':
        ('eventually(not self.pending["tx"])', {}),
    "all(leads_to(self.pending[q], not self.pending[q]) for q in Queue)":
        ("leads_to(self.pending[q], not self.pending[q])", {"q": "tx"}),
    "all(leads_to(\n            self.pending[q], not self.pending[q]\n        ) for q in Queue)":
        ("leads_to( self.pending[q], not self.pending[q] )", {"q": "tx"}),
    "all(all(leads_to(self.pending[q], not self.pending[q] or not self.pending[r]) for r in Queue) for q in Queue)":
        ("leads_to(self.pending[q], not self.pending[q] or not self.pending[r])", {"q": "tx", "r": "tx"}),
    "all(all(leads_to(self.pending[q], not self.pending[q]) for l in Lock) for q in Queue)":
        ("all(leads_to(self.pending[q], not self.pending[q]) for l in Lock)", {"q": "tx", "l": "only"}),
    "all(eventually(not self.pending[q]) and eventually(self.closed) for q in Queue)":
        ("eventually(not self.pending[q])", {"q": "tx"}),
}  # fmt: skip


def queues(folder: Path, formula: str, more: str = "") -> Path:
    path = folder / "queues.py"
    path.write_text(QUEUES.replace("{formula}", formula) + more, encoding="utf-8")
    return path


@pytest.mark.parametrize("formula", PARTS)
def test_the_part_that_fails(tmp_path: Path, monkeypatch, formula: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = check(queues(tmp_path, formula).name, deadlock=False)
    told = check_object(result)
    jsonschema.validate(told, schema())
    (p,) = told["properties"]
    part = p["part"]
    assert (part and (part["text"], part["instance"])) == PARTS[formula]
    text = terminal.render_result(result, width=200)
    assert "p  (queues.py:29)\n" in text and "  Every request is served." in text and "More about" not in text
    if part is None:
        assert "What fails" not in text
    else:
        values = ", ".join(f'{name} = "{value}"' for name, value in part["instance"].items())
        assert f"  What fails is `{part['text']}`{values and f' for {values}'}, line {part['place'].split(':')[-2]}.\n" in text


def test_what_fails_without_a_fairness_is_told(tmp_path: Path, capsys) -> None:
    """Without the fairness of `receive` nothing has to happen; where it is left out, `close` waits for it."""
    formula = "eventually(not self.pending[\"rx\"]) and always(implies(self.closed, eventually(self.closed)))"
    arguments = ["check", str(queues(tmp_path, formula)), "--no-deadlock", "--minimal-fairness"]
    why = [
        "The run may stay there for ever:",
        "  receive could take `receive`, but its weak fairness is left out",
        "  transmit could take `transmit`, but no fairness says that it must",
        '  close waits for `when(not self.pending["rx"] and not self.closed)`, line 25',
    ]
    assert main([*arguments, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, schema())
    (p,) = told["properties"]
    (needed,) = p["minimal_fairness"]["needed"]
    assert (needed["of"], needed["fairness"], needed["remarks"]) == ("receive", "weak", why)
    assert [s["action"] for s in needed["without"]["steps"]] == ["init", "stutter"] and needed["without"]["loop"] == 1
    assert needed["part"]["text"] == 'eventually(not self.pending["rx"])'
    assert p["minimal_fairness"]["beyond"] == ["weak fairness of close"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "\n".join(why) in text and 'What fails is `eventually(not self.pending["rx"])`, line 34.\n' in text
    assert check_object(check(tmp_path / "queues.py", deadlock=False))["properties"][0]["minimal_fairness"] is None


ANOTHER = """
    @temporal
    def another(self):
        return {formula}
"""

# the formulas of two properties, what is asked for -> what none of them needs
SPARE = {
    "one needs receive": ('eventually(not self.pending["rx"])', "always(implies(self.closed, self.closed))", [],
                          ["weak fairness of close"]),
    "each needs one": ('eventually(not self.pending["rx"])', "eventually(self.closed)", [], []),
    "none needs any": ('always(implies(self.closed, not self.pending["rx"]))', "always(implies(self.closed, self.closed))",
                       [], ["weak fairness of receive", "weak fairness of close"]),
    "one is violated": ('eventually(not self.pending["rx"])', 'eventually(not self.pending["tx"])', [], []),
    "one is not looked at": ('eventually(not self.pending["rx"])', "always(implies(self.closed, self.closed))",
                             ["p"], []),
}  # fmt: skip


@pytest.mark.parametrize("case", SPARE)
def test_fairness_that_no_property_needs(tmp_path: Path, case: str) -> None:
    first, second, asked, spare = SPARE[case]
    path = queues(tmp_path, first, ANOTHER.replace("{formula}", second))
    result = check(path, deadlock=False, minimal_fairness=True, properties=asked or None)
    assert check_object(result)["unneeded_fairness"] == spare
    text = terminal.render_result(result)
    assert f"No temporal property needs: {', '.join(spare)}.\n" in text if spare else "No temporal" not in text


def test_long_lists_are_wrapped(tmp_path: Path) -> None:
    more = "".join(f'\n    @action(fair="strong")\n    def a_rather_long_name_{i}(self):\n        self.closed = True\n'
                   for i in range(6))  # fmt: skip
    path = queues(tmp_path, 'always(implies(self.pending["rx"], self.pending["rx"]))', more)
    text = terminal.render_result(check(path, deadlock=False, minimal_fairness=True))
    assert "Declared beyond that: " in text and "No temporal property needs: " in text
    assert max(map(len, text.splitlines())) <= 100


def test_who_may_rest_and_waits(tmp_path: Path) -> None:
    """Nobody rings: the sleeper is at a place to rest, and what it waits for is the point."""
    path = tmp_path / "bell.py"
    path.write_text(BELL, encoding="utf-8")
    (answer,) = check(path).properties
    assert answer.remarks[1:] == (
        '  ringer at "done" rests',
        '  sleeper at "sleep" may rest there, and waits for `when(self.rung)`, line 15',
    )


BELL = '''from modelcheck import Bool, Spec, eventually, idle, process, temporal, when


class Bell(Spec):
    rung = Bool(init=False)

    @process(fair="weak")
    def ringer(self):
        yield "forget"

    @process(fair="weak")
    def sleeper(self):
        yield "turn off the light"
        yield idle("sleep")
        when(self.rung)

    @temporal
    def p(self):
        return eventually(self.rung)
'''


def test_a_loop_that_may_not_be_the_shortest_says_so(tmp_path: Path, monkeypatch) -> None:
    path = queues(tmp_path, 'eventually(not self.pending["tx"])')
    remark = "There may be a shorter loop: the search for one was cut short."
    assert remark not in terminal.render_result(check(path, deadlock=False))
    monkeypatch.setattr(lasso, "nearest", partial(lasso.nearest, budget=0))
    assert remark in terminal.render_result(check(path, deadlock=False))


# --- stuttering in files ----------------------------------------------------------------------------------------------

# `stutter` is a step like any other here; it leads to a state in which nothing more can happen.
NAMED = '''from modelcheck import Int, Spec, action, eventually, implies, temporal, when


class Named(Spec):
    n = Int(0, 2, init=0)

    @action
    def stutter(self):
        when(self.n == 0)
        self.n = 1

    @temporal
    def p(self):
        return implies(eventually(self.n == 1), eventually(self.n == 2))
'''


@pytest.mark.parametrize("text, actions", [
    (QUEUES.replace("{formula}", 'eventually(not self.pending["tx"])'), ["init", "receive", "close", "stutter"]),
    (NAMED, ["init", "stutter", "stutter"]),
])  # fmt: skip
def test_a_stuttering_step_is_no_initialisation(tmp_path: Path, text: str, actions: list[str]) -> None:
    spec, saved = tmp_path / "spec.py", tmp_path / "a.itf.json"
    spec.write_text(text, encoding="utf-8")
    assert main(["check", str(spec), "--no-deadlock", "--save", str(saved)]) == 13
    told = json.loads(saved.read_text(encoding="utf-8"))
    assert [state["#meta"]["action"] for state in told["states"]] == actions
    assert main(["replay", str(saved)]) == 0
    told["states"][-1]["#meta"]["action"] = "init"  # as older files have it
    saved.write_text(json.dumps(told), encoding="utf-8")
    assert main(["replay", str(saved)]) == 0
    told["states"][-1]["#meta"]["action"] = "no such step"
    saved.write_text(json.dumps(told), encoding="utf-8")
    assert main(["replay", str(saved)]) == 22
