"""Random networks: TChecker's counts, kept; and TChecker itself, where it is installed."""

from __future__ import annotations

import shutil

import pytest

from tests.timed import compared, tchecker
from tests.timed.networks import Automaton, Edge, Location, Network

TCK = shutil.which("tck-reach")
FRESH = 60  # networks; `make nightly` takes more


def test_random_networks_have_the_counts_that_tchecker_gave() -> None:
    wrong = {}
    for seed, digest, expected in compared.kept():
        text = compared.Generator(seed).text
        assert compared.digest(text) == digest, "other networks than those counted: --write anew"
        found = compared.counts(Network(text))
        if found != expected:
            wrong[seed] = found, expected
    assert not wrong


@pytest.mark.skipif(TCK is None, reason="tck-reach is not installed")
def test_tchecker_agrees_on_other_networks() -> None:
    assert TCK is not None
    found = [compared.disagreement(TCK, seed) for seed in range(500_000, 500_000 + FRESH)]
    assert not [wrong for wrong in found if wrong]
    assert found.count(None) <= FRESH / 5


def test_a_network_in_tcheckers_notation_is_read() -> None:
    """An initial location that is not the first, attributes in any order, comments."""
    text = """
    system:two
    clock:1:x
    int:1:0:2:1:v  # starts at 1
    event:a
    event:b
    process:P
    location:P:late{invariant: x<=3 : labels: end, last}
    location:P:early{urgent: : initial: }
    edge:P:early:late:a{provided: v==1&&x<=2*1 : do: x=0;v=2}
    process:Q
    location:Q:only{committed: : initial:}
    edge:Q:only:only:b
    sync:P@a:Q@b
    """
    read = Network(tchecker.read(text))
    assert (read.clocks, read.initial, read.syncs) == (["x"], [1], [[("P", "a"), ("Q", "b")]])
    late, early = Location("late", "x<=3", False, False), Location("early", "", False, True)
    assert read.processes == [
        Automaton("P", [early, late], [Edge(0, 1, "a", "v==1 and x<=2*1", "x=0;v=2")]),
        Automaton("Q", [Location("only", "", True, False)], [Edge(0, 0, "b", "", "")]),
    ]


def test_what_is_not_read_is_refused() -> None:
    with pytest.raises(ValueError, match="not read: clock:2:x"):
        tchecker.read("clock:2:x")
