"""Zones against runs that z3 alone finds, and in discrete time against explicit clocks too: all three agree on which
discrete states can be reached, and in how few steps."""

from __future__ import annotations

from typing import Any

import pytest

from modelcheck.timed import dbm, plain, zones
from modelcheck.timed.checking import Options
from tests.timed.brute import Brute
from tests.timed.networks import Network
from tests.timed.random_networks import Flavour, network
from tests.timed.test_fuzz import depths, explored
from tests.timed.z3_only import Paths

FLAVOURS = {
    "dense": Flavour(),
    "dense intervals": Flavour(intervals=True),
    "dense diagonals": Flavour(diagonals=True),
    "discrete": Flavour(dense=False),
    "discrete intervals": Flavour(dense=False, intervals=True),
}
STEPS = 4
MODELS = 12
TOO_LARGE = "too large"


def differences(seed: int, flavour: Flavour) -> str | None:
    """What disagrees about the discrete states within STEPS steps."""
    net = Network(network(seed, flavour), flavour.dense)
    try:
        expected = Paths(net, 1_500).explore(STEPS)
    except OverflowError:
        return TOO_LARGE
    found = {s: d for s, d in depths(net, explored(net, Options(shortest=True, thorough=True))).items() if d <= STEPS}
    if found != expected:
        return f"zones {found}, z3 {expected}"
    if not net.dense:
        counted = {s: d for s, d in Brute(net, flavour.most).explore().depth.items() if d <= STEPS}
        if counted != expected:
            return f"explicit clocks {counted}, z3 {expected}"
    return None


@pytest.mark.parametrize("flavour", FLAVOURS.values(), ids=FLAVOURS)
def test_zones_agree_with_z3_alone(flavour: Flavour) -> None:
    found = {seed: differences(seed, flavour) for seed in range(MODELS)}
    assert not {seed: text for seed, text in found.items() if text not in (None, TOO_LARGE)}
    assert list(found.values()).count(TOO_LARGE) <= MODELS / 3


MUTATIONS = {
    "no guard is looked at": (dbm, "run", lambda d, n, program: True),
    "deadlines are forgotten": (dbm, "constrain_all", lambda d, n, atoms: True),
}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_broken_zones_are_noticed(mutation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, wrong = mutation
    monkeypatch.setattr(module, name, wrong)
    monkeypatch.setattr(zones, "enter", plain.enter)
    monkeypatch.setattr(zones, "loaded", lambda: False)  # plain Python is what is broken
    monkeypatch.setattr(zones, "native", lambda: None)
    assert any(differences(seed, FLAVOURS["dense"]) not in (None, TOO_LARGE) for seed in range(40))
