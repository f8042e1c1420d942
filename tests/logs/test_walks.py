"""Logs of random walks, whole and changed, against searches of the tests' own: the reference interpreter step by step
for models without time, and `clockwork.follow` on every path for models with time. Both answer the first line that no
run has; neither knows zones, nodes, or what the matcher leaves out."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Sequence

import pytest

from modelcheck import checker, frontends, logs, passes, validation
from modelcheck.ir import clockwork, evaluate
from modelcheck.ir.clockwork import Instant, NotARun
from modelcheck.ir.logmap import LogMap
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import Reset
from modelcheck.reports import itf

SPECS = Path(__file__).resolve().parents[2] / "specs"
State = tuple[Any, ...]

# spec, constants, labels that leave no line
UNTIMED: list[tuple[str, dict[str, object], tuple[str, ...]]] = [
    ("kick.py", {"drain": False}, ()),
    ("kick.py", {}, ("deassign",)),
    ("die_hard.py", {}, ("fill_small", "empty_big")),
    ("peterson.py", {}, ("raise flag", "give turn", "critical")),
    ("deassign.py", {}, ("port write",)),
]


def refused(model: Model, lines: Sequence[dict[str, Any]], silent: Sequence[str] = ()) -> int | None:
    """The first line, from 1, that no run has, as validation says it."""
    hidden = frozenset(a for a in range(len(model.actions)) if model.actions[a].label in silent)
    log = logs.read_text("\n".join(map(json.dumps, lines)), "walk.ndjson")
    told = partial(itf.encode_state, model, bigint=False)
    v = validation.validate(model, LogMap((), hidden), log, told=told)
    assert v.verdict != "incomplete"
    if v.refusal is None:
        assert v.trace is not None  # replayed, and followed, on the way
        return None
    return v.demands.items[v.refusal.demand].lines[0]


# --- without time -----------------------------------------------------------------------------------------------------


def walk(model: Model, random: Random, length: int) -> list[tuple[str, State]]:
    """(title, state after it)."""
    state, found = random.choice([o.state for o in evaluate.initial(model) if o.state is not None]), []
    for _ in range(length):
        ways = [(a, o.state) for a, o in evaluate.successors(model, state) if o.state is not None]
        if not ways:
            break
        action, state = random.choice(ways)
        found.append((model.action_title(action), state))
    return found


def first_impossible(model: Model, lines: Sequence[dict[str, Any]], silent: Sequence[str]) -> int | None:
    states = {o.state for o in evaluate.initial(model) if o.state is not None}
    for number, line in enumerate(lines, 1):
        todo = list(states)
        while todo:
            state = todo.pop()
            for a, o in evaluate.successors(model, state):
                if o.state is not None and model.actions[a].label in silent and o.state not in states:
                    states.add(o.state)
                    todo.append(o.state)
        states = {
            o.state
            for state in states
            for a, o in evaluate.successors(model, state)
            if o.state is not None and model.action_title(a) == line["step"] and fits(model, o.state, line.get("state", {}))
        }
        if not states:
            return number
    return None


def fits(model: Model, state: State, said: dict[str, Any]) -> bool:
    told = itf.encode_state(model, state, bigint=False)
    return all(told[name] == value for name, value in said.items())


def changed(random: Random, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two lines swapped, one left out, one twice, or a value another."""
    lines = [dict(line) for line in lines]
    at = random.randrange(len(lines))
    match random.choice(("swap", "drop", "twice", "value")):
        case "swap":
            other = random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case "drop" if len(lines) > 1:
            del lines[at]
        case "twice":
            lines.insert(at, lines[at])
        case _:
            values = [line["state"] for line in lines if line.get("state")]
            if values:
                lines[at]["state"] = random.choice(values)
    return lines


@pytest.mark.parametrize("spec, constants, silent", UNTIMED, ids=lambda x: str(x))
def test_walks_without_time(spec: str, constants: dict[str, object], silent: tuple[str, ...]) -> None:
    model = checker.compiled(SPECS / spec, None, constants)
    answers = []
    for seed in range(12):
        random = Random(seed)
        lines = []
        for title, state in walk(model, random, 12):
            label = title.rpartition(": ")[2].split("(")[0]
            if label not in silent:
                told = itf.encode_state(model, state, bigint=False)
                name = random.choice(list(told))
                lines.append({"step": title, **({"state": {name: told[name]}} if random.random() < 0.5 else {})})
        if not lines:
            continue
        assert refused(model, lines, silent) is None, (seed, lines)
        for _ in range(4):
            lines_ = changed(random, lines)
            wanted = first_impossible(model, lines_, silent)
            assert refused(model, lines_, silent) == wanted, (seed, lines_)
            answers.append(wanted)
    assert None in answers and any(answers)  # both happen, or nothing was put to the test


# --- with time --------------------------------------------------------------------------------------------------------

FISCHER = checker.compiled(SPECS / "timed/fischer.py", None, {"processes": 2})
# A timer, a stay at a label and a deadline; `between` makes values that no line shows.
TIMERS = passes.compile(frontends.load_text('''
from modelcheck import Bool, Clock, Spec, Time, Timer, after, between, deadline, expires, implies, process, when

time = Time("ms")


class Timers(Spec):
    alarm = Timer(max=6, late=1)
    rung = Bool(init=False)
    age = Clock()

    @process
    def user(self):
        while True:
            yield "set", after(1, 3)
            self.alarm.arm(2, 4)
            self.age = between(0, 2)
            yield "wait"
            when(self.rung or self.age > 5)
            self.rung = False
            self.alarm.disarm()

    @expires("alarm")
    def ring(self):
        self.rung = True

    @deadline
    def soon(self):
        return implies(self.rung, self.age <= 7)
'''))

Path_ = tuple[tuple[int | None, State], ...]
Values = tuple[Fraction, ...]


def ways(model: Model, path: Path_) -> list[tuple[int | None, State]]:
    if not path:
        return [(None, clockwork.cleared(model, o.state)) for o in evaluate.initial(model) if o.state is not None]
    return [
        (a, clockwork.cleared(model, o.state)) for a, o in evaluate.successors(model, path[-1][1]) if o.state is not None
    ]


def unknown_values(model: Model, step: int | None) -> list[Values]:
    """What a step may set its clocks to: integers and halves of a range of this file's specs are enough, for every
    constant and every time in them is an integer."""
    programs = model.timing.initial if step is None else model.timing.programs[step]  # type: ignore[union-attr]
    found: list[Values] = [()]
    for site in programs:
        if isinstance(site.op, Reset):
            low, high = site.op.low.constant, site.op.high.constant
            choices = [Fraction(low) + Fraction(i, 2) for i in range(2 * (high - low) + 1)]
            found = [(*f, c) for f in found for c in choices]
    return [*found, *([()] if found != [()] else [])]  # a site under a flag may not be executed


Run = tuple[Path_, tuple[Instant, ...]]


def extended(model: Model, runs: Sequence[Run], title: str | None, times: Sequence[Fraction]) -> list[Run]:
    found: dict[Any, Run] = {}
    for path, instants in runs:
        for action, state in ways(model, path):
            if action is not None and model.action_title(action) != title:
                continue
            for time in times:
                for values in unknown_values(model, action):
                    run = ((*path, (action, state)), (*instants, Instant(time, values)))
                    try:
                        clocks = clockwork.follow(model, *run).clocks[-1]
                    except NotARun:
                        continue
                    found.setdefault((state, clocks, time), run)
    return list(found.values())


def first_impossible_in_time(model: Model, lines: Sequence[dict[str, Any]]) -> int | None:
    """Runs begin some time before the first line; halves of a unit are enough."""
    runs: list[Run] = []
    for offset in (Fraction(i, 2) for i in range(0, 17)):
        start = extended(model, [((), ())], None, [Fraction(0)])
        runs += [(path, (*instants, Instant(offset))) for path, instants in start]
    current = [(path, instants[:-1], instants[-1].time) for path, instants in runs]
    for number, line in enumerate(lines, 1):
        following = []
        for path, instants, offset in current:
            for run in extended(model, [(path, instants)], line["step"], [offset + line["t"] - lines[0]["t"]]):
                following.append((*run, offset))
        distinct = {(p[-1][1], clockwork.follow(model, p, i).clocks[-1], o): (p, i, o) for p, i, o in following}
        current = list(distinct.values())
        if not current:
            return number
    return None


def timed_walk(model: Model, random: Random, length: int) -> list[dict[str, Any]]:
    runs = extended(model, [((), ())], None, [Fraction(0)])
    lines: list[dict[str, Any]] = []
    now = 0
    for _ in range(length):
        titles = [model.action_title(a) for a in range(len(model.actions))]
        options = [(title, now + delay) for title in titles for delay in (0, 1, 2, 3)]
        random.shuffle(options)
        for title, time in options:
            if after := extended(model, runs, title, [Fraction(time)]):
                runs, now = [random.choice(after)], time
                lines.append({"step": title, "t": time})
                break
        else:
            break
    return lines


@pytest.mark.parametrize("model, seeds, length", [(FISCHER, 8, 7), (TIMERS, 4, 4)], ids=["fischer", "timers"])
def test_walks_with_time(model: Model, seeds: int, length: int) -> None:
    answers = []
    for seed in range(seeds):
        random = Random(seed)
        lines = timed_walk(model, random, length)
        assert refused(model, lines) is None, lines
        for _ in range(3):
            lines_ = [dict(line) for line in lines]
            at = random.randrange(1, len(lines_))
            if random.random() < 0.6:  # the line and all after it are sooner or later
                by = random.choice((-2, -1, 1, 2, 4))
                lines_[at:] = [{**x, "t": x["t"] + by} for x in lines_[at:]]
                if lines_[at]["t"] < lines_[at - 1]["t"]:
                    continue
            else:
                lines_[at]["step"], lines_[at - 1]["step"] = lines_[at - 1]["step"], lines_[at]["step"]
            wanted = first_impossible_in_time(model, lines_)
            assert refused(model, lines_) == wanted, (seed, lines_)
            answers.append(wanted)
    assert None in answers and any(answers)
