"""The kernels compute what `dbm` says, and the search finds the same with both."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from modelcheck import backends
from modelcheck.search import bfs
from modelcheck.search.exploration import Exploration, Goal
from modelcheck.timed import dbm, kernels, zones
from modelcheck.timed.checking import Options, system_of
from modelcheck.timed.dbm import CONSTRAIN, INFINITY, LE_ZERO, NEVER, RESET, Matrix
from modelcheck.timed.store import ZoneStore
from tests.timed import published
from tests.timed.networks import Network
from tests.timed.random_networks import Flavour, network

MATRICES = 300


def bound(random: Random) -> int:
    return dbm.raw(random.randint(-6, 9), random.random() < 0.5, True)


def matrix(random: Random, n: int) -> Matrix:
    """Closed, not empty: some of everything."""
    while True:
        d = dbm.everything(n)
        atoms = [(random.randrange(n), random.randrange(n), bound(random)) for _ in range(random.randint(0, 2 * n))]
        if dbm.constrain_all(d, n, [a for a in atoms if a[0] != a[1]]):
            return d


def program(random: Random, n: int) -> list[tuple[int, int, int, int]]:
    def op() -> tuple[int, int, int, int]:
        x, low = random.randrange(1, n), random.randint(0, 4)
        if random.random() < 0.5:
            return RESET, x, low, low + random.randint(0, 3)
        return CONSTRAIN, x, random.choice([y for y in range(n) if y != x]), bound(random)

    return [op() for _ in range(random.randint(0, 4))]


def limits(random: Random, n: int) -> list[int]:
    return [0, *(random.choice((NEVER, INFINITY, random.randint(0, 6))) for _ in range(n - 1))]


def array(values: Any, *shape: int) -> Any:
    return np.array(values, np.int64).reshape(*shape) if shape else np.array(values, np.int64)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_single_operations(n: int) -> None:
    random = Random(n)
    for _ in range(MATRICES):
        d, ops, low, high = matrix(random, n), program(random, n), limits(random, n), limits(random, n)
        for ours, theirs in (
            (dbm.run, kernels.run),
            (dbm.unrun, kernels.unrun),
        ):
            one, other = d.copy(), array(d)
            possible = ours(one, n, ops)
            assert possible == theirs(other, n, array(ops, len(ops), 4), 0, len(ops)), (d, ops)
            assert not possible or one == other.tolist(), (d, ops)
        for name, args in (("down", ()), ("free", (1,)), ("extrapolate", (low, high))):
            one, other = d.copy(), array(d)
            getattr(dbm, name)(one, n, *args)
            getattr(kernels, name)(other, n, *(array(a) if isinstance(a, list) else a for a in args))
            assert one == other.tolist(), (name, d, args)


@pytest.mark.parametrize("dense", [True, False])
def test_subtraction(dense: bool) -> None:
    random = Random(7)
    for _ in range(MATRICES):
        n = random.randint(2, 4)
        zone, taken = (matrix(random, n) for _ in range(2))
        if not dense:
            zone, taken = ([2 * (b >> 1) + 1 if b != INFINITY else b for b in d] for d in (zone, taken))
            if not (dbm.close(zone, n) and dbm.close(taken, n)):
                continue
        pieces, count = kernels.without(array([zone]), 1, n, array(taken), dense)
        assert dbm.without([zone], n, taken, dense) == pieces[:count].tolist()


def test_subtraction_leaves_what_is_not_taken() -> None:
    """Point by point, on a grid of halves."""
    random, n = Random(11), 3
    for _ in range(60):
        zone, taken = (matrix(random, n) for _ in range(2))
        pieces = dbm.without([zone], n, taken, True)
        for x in range(0, 24):
            for y in range(0, 24):
                point = (0, x, y)
                assert sum(inside(point, p, n) for p in pieces) == (
                    inside(point, zone, n) and not inside(point, taken, n)
                )


def inside(point: tuple[int, ...], d: Matrix, n: int) -> bool:
    """point: in halves."""
    return all(
        d[i * n + j] == INFINITY or (point[i] - point[j], 0) <= (2 * (d[i * n + j] >> 1), (d[i * n + j] & 1) - 1)
        for i in range(n)
        for j in range(n)
    )


def test_the_kernels_are_closed_where_the_oracle_is() -> None:
    """Closing twice changes nothing, and the diagonal stays zero."""
    random, n = Random(3), 4
    for _ in range(MATRICES):
        d = array(matrix(random, n))
        kernels.extrapolate(d, n, array(limits(random, n)), array(limits(random, n)))
        again = d.tolist()
        assert dbm.close(again, n) and again == d.tolist()
        assert all(again[i * n + i] == LE_ZERO for i in range(n))


# --- whole searches ---


def searched(
    text: str, native_at: int, block: int, options: Options, dense: bool = True
) -> tuple[Exploration, ZoneStore]:
    model = Network(text, dense).model()
    assert model.timing is not None
    system = system_of(model, model.timing, backends.build("python", model), options)
    system = zones.ZoneSystem(system.discrete, system.properties, native_at=native_at)
    store = ZoneStore(system.width, shortest=bool(options.shortest), native_at=native_at)
    stuck = (system.quiescent, system.timelock) if options.quiescent else ()
    goal = Goal(invariants=stuck, deadlock=False)
    return bfs.search(system, goal, block=block, thorough=True, covering=store), store


SEARCHES = {
    "fischer 4": (published.fischer(4), Options()),
    "csmacd 3": (published.csmacd(3), Options(quiescent=True)),
    "corsso 2": (published.corsso(2), Options(quiescent=True)),
    "fddi 3": (published.fddi(3), Options(shortest=True)),
    **{f"random {i}": (network(i, Flavour(intervals=i % 2 > 0)), Options(quiescent=True)) for i in range(12)},
}


@pytest.mark.parametrize("text, options", SEARCHES.values(), ids=SEARCHES)
def test_searches_are_the_same_with_both_engines_and_any_block(text: str, options: Options) -> None:
    one, one_store = searched(text, 1 << 60, 4096, options)
    for native_at, block in ((-1, 4096), (-1, 1), (20, 3), (1 << 60, 1)):
        other, store = searched(text, native_at, block, options)
        for name in ("states", "parent", "action", "expanded", "levels", "taken", "changed"):
            if name != "states" or block == 4096:  # discrete states are numbered as they are asked for
                assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert (one.generated, one.findings) == (other.generated, other.findings)
        assert store.linked == one_store.linked
