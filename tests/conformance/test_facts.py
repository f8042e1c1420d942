"""Plain facts about Linux that the specs of QEMU rest on, each in a child process of its own."""

from __future__ import annotations

import pytest

from tests.conformance.facts import FACTS, descriptors, signals
from tests.conformance.parts import lacks_linux
from tests.conformance.remote import Named, Remote

pytestmark = pytest.mark.skipif(lacks_linux() is not None, reason=lacks_linux() or "")

MODULES = (descriptors, signals)  # they enter their facts as they are imported
LEAST = 39  # that were found for the specs of QEMU; some came with the parts of specs/linux


@pytest.mark.parametrize("name", FACTS)
def test_fact(name: str) -> None:
    function, expected = FACTS[name]
    with Remote(lambda: Named({name: function})) as machine:
        assert machine.perform(name, {}) == expected


def test_all_facts_are_there() -> None:
    assert len(FACTS) >= LEAST
