"""Zones against explicit clocks, on random networks: what is reached, in how few steps, and where nothing happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modelcheck import backends
from modelcheck.ir.layout import Layout
from modelcheck.timed import dbm, plain, zones
from modelcheck.timed.checking import Options, TimedExploration, explore
from modelcheck.timed.dbm import INFINITY, NEVER
from tests.timed.brute import Brute, Discrete
from tests.timed.networks import Network
from tests.timed.random_networks import MOST, Flavour, network

FLAVOURS = {
    "dense": Flavour(),
    "discrete": Flavour(dense=False),
    "dense intervals": Flavour(intervals=True),
    "discrete intervals": Flavour(dense=False, intervals=True),
    "dense diagonals": Flavour(diagonals=True),
    "discrete diagonals": Flavour(dense=False, intervals=True, diagonals=True),
}
MODELS = 40  # of each flavour
TOO_LARGE = "too large"
STUCK = Options(quiescent=True, timelock=True, thorough=True, shortest=True)
WAYS = {
    "covering": Options(thorough=True, shortest=False),
    "shortest": Options(thorough=True, shortest=True),
    "equality": Options(thorough=True, covering=False),
    "stuck": STUCK,
}


def explored(net: Network, options: Options) -> TimedExploration:
    model = net.model()
    return explore(model, backends.build("python", model), options)


def discrete(net: Network, rows: Any) -> list[Discrete]:
    layout, count = Layout(net.model().variables), len(net.processes)
    return [(s[:count], s[count:]) for s in map(layout.decode, layout.unpack(rows))]


def depths(net: Network, seen: TimedExploration) -> dict[Discrete, int]:
    """Discrete state -> the fewest steps in which it was found."""
    depth = np.repeat(np.arange(seen.exploration.depth), np.diff(seen.exploration.levels))
    found: dict[Discrete, int] = {}
    for state, steps in zip(discrete(net, seen.exploration.states), depth.tolist()):
        found.setdefault(state, steps)
    return found


def futureless(net: Network, seen: TimedExploration) -> tuple[set[Discrete], set[Discrete]]:
    """Where a quiescent state, and where a timelock is found."""
    told = seen.system.predicates(seen.zones.view(np.uint64), [seen.system.quiescent, seen.system.timelock])
    states = discrete(net, seen.exploration.states)
    quiescent, timelock = ({s for s, ok in zip(states, column) if not ok} for column in told.T)
    return quiescent, timelock


def differences(seed: int, flavour: Flavour, ways: dict[str, Options] = WAYS) -> list[str]:
    """The ways of exploring that disagree with brute force, or that it is too large for that."""
    net = Network(network(seed, flavour), flavour.dense)
    try:
        expected = Brute(net, flavour.most).explore()
    except OverflowError:
        return [TOO_LARGE]
    wrong = []
    for name, options in ways.items():
        seen = explored(net, options)
        found = depths(net, seen)
        same = found.keys() == expected.depth.keys()
        if name != "covering":  # the grid may take longer: many delays of less than a unit lose a tick each
            same &= all(
                d <= expected.depth[s] if net.dense else d == expected.depth[s]
                for s, d in found.items()
                if s in expected.depth
            )
        if options.quiescent:
            same &= futureless(net, seen) == (expected.quiescent, expected.timelock)
        wrong += [] if same else [name]
    return wrong


@pytest.mark.parametrize("flavour", FLAVOURS.values(), ids=FLAVOURS)
def test_zones_agree_with_explicit_clocks(flavour: Flavour) -> None:
    found = [differences(seed, flavour) for seed in range(MODELS)]
    assert not {seed: wrong for seed, wrong in enumerate(found) if wrong not in ([], [TOO_LARGE])}
    assert found.count([TOO_LARGE]) <= MODELS / 10


# --- the fuzz notices what is wrong ---


def lowered(bounds: Any) -> list[int]:
    return [b - 1 if NEVER < b < INFINITY and i else b for i, b in enumerate(bounds)]


def dropped(bounds: Any) -> list[int]:
    return [NEVER if b < INFINITY and i else b for i, b in enumerate(bounds)]


def forgetting(most: int) -> Any:
    """As if there were no comparisons of clocks with each other: guards have constants up to MOST, deadlines twice."""
    return lambda bounds: [most if b == INFINITY else b for b in bounds]


def extrapolating(lower: Any, upper: Any) -> Any:
    true = dbm.extrapolate
    return lambda d, n, low, high: true(d, n, lower(low), upper(high))


def same(bounds: Any) -> Any:
    return bounds


def without_deadlines(d: Any, n: int, mode: Any) -> bool:
    return ENTER(d, n, replace(mode, deadlines=()))


def never_urgent(d: Any, n: int, mode: Any) -> bool:
    return ENTER(d, n, replace(mode, delay=True))


ENTER = plain.enter
MUTATIONS = {
    "lower and upper bounds one too small": (dbm, "extrapolate", extrapolating(lowered, lowered), "dense"),
    "no lower bounds": (dbm, "extrapolate", extrapolating(dropped, same), "dense"),
    "no upper bounds": (dbm, "extrapolate", extrapolating(same, dropped), "dense"),
    "diagonal clocks extrapolated": (
        dbm,
        "extrapolate",
        extrapolating(forgetting(MOST), forgetting(2 * MOST)),
        "dense diagonals",
    ),
    "deadlines ignored": (plain, "enter", without_deadlines, "dense"),
    "urgency ignored": (plain, "enter", never_urgent, "dense"),
    "nothing freed before a step": (dbm, "free", lambda d, n, x: None, "dense"),
    "no past": (dbm, "down", lambda d, n: None, "dense"),
}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_a_broken_engine_is_noticed(mutation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, wrong, flavour = mutation
    monkeypatch.setattr(module, name, wrong)
    monkeypatch.setattr(zones, "enter", plain.enter)
    monkeypatch.setattr(zones, "loaded", lambda: False)  # plain Python is what is broken
    monkeypatch.setattr(zones, "native", lambda: None)
    ways = {name: WAYS[name] for name in ("shortest", "stuck")}
    assert any(differences(seed, FLAVOURS[flavour], ways) not in ([], [TOO_LARGE]) for seed in range(300))
