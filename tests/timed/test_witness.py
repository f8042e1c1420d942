"""Times that are put to traces: taken step by step with exact numbers, and as small as z3 can make them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import z3

from modelcheck import backends
from modelcheck.errors import InternalError
from modelcheck.search.exploration import Finding, Goal
from modelcheck.timed.checking import Options, TimedExploration, explore
from modelcheck.timed.dbm import CONSTRAIN, raw
from modelcheck.timed.differences import Differences
from modelcheck.timed.effects import zone_ops
from modelcheck.timed.witness import Path, Policy, Witness, concretise
from tests.models import negate
from tests.timed import published
from tests.timed.networks import Network
from tests.timed.random_networks import Flavour, network

FLAVOURS = [Flavour(intervals=True), Flavour(dense=False, intervals=True), Flavour(diagonals=True, intervals=True)]
POLICIES: tuple[Policy, ...] = ("smallest", "separated", "roundest")


def explored(net: Network, options: Options = Options(thorough=True)) -> TimedExploration:
    model = net.model()
    return explore(model, backends.build("python", model), options)


def row_finding(row: int) -> Finding:
    """As if the state were what was looked for."""
    return Finding("invariant", row, 0)


class Run:
    """A network, taken through a witness with numbers alone. Says what is not allowed by an AssertionError."""

    def __init__(self, net: Network):
        self.net, self.now = net, Fraction(0)
        self.places = [0] * len(net.processes)
        self.values = dict(zip(net.ints, net.initial))
        self.clocks = {c: Fraction(0) for c in net.clocks}

    def holds(self, text: str) -> bool:
        return not text or bool(eval(text, {}, {**self.clocks, **self.values}))

    def inside(self) -> bool:
        return all(self.holds(p.locations[at].invariant) for p, at in zip(self.net.processes, self.places))

    def wait_until(self, time: Any) -> None:
        delay = Fraction(time) - self.now
        assert delay >= 0 and (self.net.dense or delay.denominator == 1)
        here = [p.locations[at] for p, at in zip(self.net.processes, self.places)]
        assert not delay or not any(x.committed or x.urgent for x in here)
        self.clocks = {c: v + delay for c, v in self.clocks.items()}
        self.now = Fraction(time)
        assert self.inside()

    def take(self, action: int, chosen: dict[int, Any]) -> None:
        """chosen: clock number -> value."""
        step = self.net.steps()[action]
        assert all(self.places[i] == e.source and self.holds(e.guard) for i, e in step)
        for i, e in step:
            self.places[i] = e.target
            for part in filter(None, map(str.strip, e.do.split(";"))):
                name, text = (x.strip() for x in part.split("=", 1))
                value = eval(text, {}, self.values)
                if name in self.clocks:
                    low, high = value if isinstance(value, list) else (value, value)
                    picked = chosen.get(self.net.clocks.index(name) + 1, low) if low < high else low
                    assert low <= picked <= high
                    self.clocks[name] = Fraction(picked)
                else:
                    self.values[name] = value
        assert self.inside()


def check(net: Network, seen: TimedExploration, row: int, witness: Witness) -> None:
    rows, run = seen.rows_to(row), Run(net)
    assert run.inside() and witness.times[0] == 0
    for step, (at, time) in enumerate(zip(rows[1:], witness.times[1:]), 1):
        run.wait_until(time)
        run.take(int(seen.exploration.action[at]), {c.clock: c.value for c in witness.choices if c.step == step})
        assert list(run.clocks.values()) == list(witness.clocks[step][1:])
    run.wait_until(witness.end)
    assert list(run.clocks.values()) == list(witness.clocks[-1][1:])


@pytest.mark.parametrize("flavour", FLAVOURS, ids=str)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_state_is_reached_at_the_times_that_are_told(flavour: Flavour, policy: Policy) -> None:
    for seed in range(12):
        net = Network(network(seed, flavour), flavour.dense)
        seen = explored(net)
        for row in range(min(len(seen.zones), 25)):
            check(net, seen, row, seen.witness(row_finding(row), policy))


def fischer(n: int = 3, k: int = 10) -> TimedExploration:
    net = Network(published.fischer(n, k, test=">="))
    model = net.model()
    bad = negate(net.places(P1="cs", P2="cs"))
    model = replace(model, predicates=(*model.predicates, bad))
    goal = Goal(invariants=(len(model.predicates) - 1,))
    return explore(model, backends.build("python", model), Options(goal=goal, shortest=True))


def test_fischer_fails_at_the_times_that_tchecker_tells() -> None:
    """tck-reach -C concrete: delays 0, 0, 0, 10, 0, 10."""
    seen = fischer()
    assert seen.witness(seen.exploration.findings[0]).times == (0, 0, 0, 0, 10, 10, 20)


def test_steps_are_separated_as_far_as_they_can_be() -> None:
    """The second process asks at s, before the first writes at w >= s; the first is in at w + 10 at the earliest, after
    which the second writes, at s + 10 at the latest: so s = w, and the two steps at w + 10 coincide too."""
    seen = fischer()
    assert seen.witness(seen.exploration.findings[0], "separated").times == (0, 1, 2, 2, 12, 12, 22)


def smallest_by_z3(path: Path) -> int | Fraction:
    """The least time of the last step (and what comes after), of the same path: by real variables and no matrices."""
    solver, zero = z3.Optimize(), z3.RealVal(0)
    number = z3.Real if path.dense else z3.Int
    zero = zero if path.dense else z3.IntVal(0)
    clocks: list[Any] = [zero] * path.clocks
    total: Any = zero
    fresh = iter(range(10**6))

    def require(atoms: Any) -> None:
        for i, j, bound in atoms:
            difference = clocks[i] - clocks[j]
            solver.add(difference <= (bound >> 1) if bound & 1 else difference < (bound >> 1))

    def delay(mode: Any) -> None:
        nonlocal clocks, total
        d = number(f"d{next(fresh)}")
        solver.add(d >= 0 if mode.delay else d == 0)
        clocks, total = [zero, *(c + d for c in clocks[1:])], total + d
        require(mode.deadlines)

    for step, program in enumerate(path.programs):
        if step:
            delay(path.modes[step - 1])
        for kind, a, b, c in zone_ops(program, path.dense):
            if kind == CONSTRAIN:
                require([(a, b, c)])
            else:
                clocks[a] = number(f"s{next(fresh)}")
                solver.add(clocks[a] >= b, clocks[a] <= c)
        if step < len(path.modes):
            require(path.modes[step].deadlines)
    require(path.end)
    if len(path.programs) > 1:
        solver.minimize(total)
    assert solver.check() == z3.sat
    value = solver.model().eval(total, model_completion=True)
    return Fraction(str(value))


@pytest.mark.parametrize("flavour", FLAVOURS[1:2], ids=str)
def test_the_smallest_time_is_z3s(flavour: Flavour) -> None:
    """In discrete time, where there is a least time."""
    for seed in range(20):
        net = Network(network(seed, flavour), flavour.dense)
        seen = explored(net)
        for row in range(0, len(seen.zones), max(1, len(seen.zones) // 6)):
            path = seen.path(row_finding(row))
            short = replace(path, modes=path.modes[:-1] + (replace(path.modes[-1], delay=False),))
            assert concretise(path).times[-1] == smallest_by_z3(short), (seed, row)


def test_a_path_without_times_is_an_error_of_ours() -> None:
    path = fischer().path(fischer().exploration.findings[0])
    with pytest.raises(InternalError):
        concretise(replace(path, end=((1, 0, raw(-1, False, True)),)))


def test_open_bounds_take_a_unit_or_half_of_what_is_left() -> None:
    """5 < t; and 5 < s < 6 leaves no integer."""
    system = Differences()
    t, s = system.variable(), system.variable()
    system.add(0, t, (-5, 0))
    system.add(0, s, (-5, 0))
    system.add(s, 0, (6, 0))
    assert system.solve()
    assert (system.least(t), system.least(s), system.greatest(s)) == (6, Fraction(11, 2), Fraction(11, 2))


def test_round_numbers_are_preferred() -> None:
    system = Differences()
    t = system.variable()
    system.add(0, t, (-987, 1))
    system.add(t, 0, (1204, 1))
    assert system.solve() and system.roundest(t) == 1000
    system.fix(t, 1000)
    assert system.roundest(t) == 1000


def test_an_impossible_system_is_told() -> None:
    system = Differences()
    t = system.variable()
    system.add(0, t, (-5, 0))
    system.add(t, 0, (5, 1))
    assert not system.solve()
