"""z3 agrees with the zones, and notices where they are wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modelcheck import backends
from modelcheck.search.exploration import Finding
from modelcheck.timed import plain
from modelcheck.timed.audit import audit, audit_witness
from modelcheck.timed.checking import Options, TimedExploration, explore
from tests.timed import published
from tests.timed.networks import Network
from tests.timed.random_networks import Flavour, network

MODELS = {
    "fischer 3": Network(published.fischer(3)),
    "csmacd 3": Network(published.csmacd(3)),
    "ad94": Network(published.AD94),
    "dense diagonals": Network(network(5, Flavour(diagonals=True, intervals=True))),
    "discrete": Network(network(7, Flavour(dense=False, intervals=True)), dense=False),
}


def explored(net: Network) -> TimedExploration:
    model = net.model()
    return explore(model, backends.build("python", model), Options(thorough=True))


@pytest.mark.parametrize("net", MODELS.values(), ids=MODELS)
def test_z3_agrees(net: Network) -> None:
    seen = explored(net)
    told = audit(seen)
    assert told.agreed and not told.unknown
    assert told.steps == told.covered == seen.transitions
    for row in range(0, len(seen.zones), 7):
        finding = Finding("invariant", row, 0)
        assert audit_witness(seen.path(finding), seen.witness(finding))


def test_z3_is_asked_about_what_was_pruned() -> None:
    """fischer 3: z3 decides 126 steps that are possible (TChecker's count), and others that are not."""
    told = audit(explored(MODELS["fischer 3"]))
    assert told.steps == 126 and told.pruned > 0


def test_a_step_that_is_wrongly_pruned_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = plain.enter
    seen = explored(MODELS["fischer 3"])
    seen.system.engine = seen.system.plain
    monkeypatch.setattr(plain, "enter", lambda d, n, mode: enter(d, n, mode) and mode.upper[1] != 10)
    assert not audit(seen).agreed


def test_a_zone_that_is_not_covered_is_noticed() -> None:
    seen = explored(MODELS["fischer 3"])
    missing = seen.linked.copy()
    missing[5] = False
    assert not audit(replace(seen, linked=missing)).agreed


@pytest.mark.parametrize("shift", [-1, 1])
def test_wrong_times_are_noticed(shift: int) -> None:
    seen = explored(Network(published.fischer(2, test=">=")))
    finding = Finding("invariant", len(seen.zones) - 1, 0)
    path, witness = seen.path(finding), seen.witness(finding)
    times: Any = (*witness.times[:-1], witness.times[-1] + shift)
    assert audit_witness(path, witness)
    assert not audit_witness(path, replace(witness, times=times))
