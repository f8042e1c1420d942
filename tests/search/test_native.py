"""The native store and the workers against the dict: the same rows, the same figures, the same findings."""

import random

import numpy as np
import pytest

from modelcheck.search import native_store, regions
from modelcheck.search.bfs import search
from modelcheck.search.exploration import Goal, Limits
from modelcheck.search.hashing import hashes
from modelcheck.search.native_store import LEAST_CAPACITY, SEGMENTS, NativeStore, _waves
from modelcheck.search.parallel import Threads, crew
from modelcheck.search.store import Store
from modelcheck.system import States, Successors
from tests.search.systems import ASSERTED, Fails, Toy, TwoPhaseCommit, action
from tests.search.test_bfs import SYSTEMS, same

# --- the store --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 3, 16])
@pytest.mark.parametrize("width, most", [(1, 2**64), (1, 60_000), (2, 300), (3, 40), (16, 2)])
def test_it_is_the_dict_in_another_form(width, most, workers):
    random, threads = np.random.default_rng(width), crew(workers)
    old, new = Store(width), NativeStore(width, 100, threads)
    for size in (1, 0, 5, 1000, 90_000, 7):
        rows = random.integers(0, most, (size, width), np.uint64)
        parents, actions = random.integers(-1, 1000, size), random.integers(-1, 100, size)
        expected = old.insert(rows, parents, actions)
        assert np.array_equal(new.insert(rows, parents, actions), expected)
        for name in ("states", "parent", "action"):
            assert np.array_equal(getattr(new, name), getattr(old, name))
        some = random.integers(0, most, (500, width), np.uint64)
        assert np.array_equal(new.find(some), old.find(some))
        assert np.array_equal(new.find(rows), old.find(rows))
    threads.close()


@pytest.mark.parametrize("sizes", [(3, 0, 2, 5), (20_000, 1, 30_000), (0, 0)])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_batches_go_in_together(sizes, workers):
    random, threads = np.random.default_rng(7), crew(workers)
    new, old = NativeStore(2, 9, threads), Store(2)
    for _ in range(3):
        blocks = [random.integers(0, 150, (size, 2), np.uint64) for size in sizes]
        ways = [(random.integers(0, 5, n), random.integers(0, 99, 5), random.integers(0, 9, n)) for n in sizes]
        new.insert_all([new.batch((i, 0), b, *w) for i, (b, w) in enumerate(zip(blocks, ways))])
        old.insert_all([old.batch((i, 0), b, *w) for i, (b, w) in enumerate(zip(blocks, ways))])
        assert np.array_equal(new.states, old.states) and np.array_equal(new.parent, old.parent)
        assert np.array_equal(new.action, old.action)
    threads.close()


def test_views_stay_what_they_were():
    store, rows = NativeStore(1, 3), np.arange(3 * SEGMENTS * LEAST_CAPACITY, dtype=np.uint64)[:, None]
    store.insert(rows[:10], np.arange(10), np.zeros(10))
    view = store.states
    store.insert(rows, np.arange(len(rows)), np.zeros(len(rows)))
    assert np.array_equal(view, rows[:10]) and np.array_equal(store.states, rows)
    assert store.memory() < 30 * len(rows)


@pytest.mark.parametrize(
    "old, new", [(16, 32), (1024, 1792), (48, 96), (2000, 2016), (32, 320), (1600, 2800), (4096, 16384)]
)
def test_segments_move_to_where_nothing_is_left(old, new):
    """In every wave: all that moves goes beyond the slots of what has not moved yet, but for a segment that moves alone,
    which may go over itself; and two never go to one place, for they are `new` apart."""
    left = SEGMENTS
    for wave in _waves(old, new):
        assert wave.stop == left and len(wave) > 0
        unmoved = (left if len(wave) > 1 else wave.start) * old
        assert wave.start * new >= unmoved
        left = wave.start
    assert left == 0


@pytest.mark.parametrize("actions, kind", [(3, np.int8), (127, np.int8), (128, np.int16), (40_000, np.int32)])
def test_actions_take_what_they_need(actions, kind):
    store = NativeStore(1, actions)
    store.insert(np.array([[7], [8]], np.uint64), np.array([-1, 0]), np.array([-1, actions - 1]))
    assert store.action.dtype == kind and store.action.tolist() == [-1, actions - 1]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_one_hash_function(width):
    """splitmix64 of one word, by its definition; wider states chained."""

    def mix(x):
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        return x ^ x >> 31

    rows = np.random.default_rng(0).integers(0, 2**64, (50, width), np.uint64)
    expected = []
    for row in rows.tolist():
        h = 0x9E3779B97F4A7C15
        for word in row:
            h = mix(h ^ word)
        expected.append(h)
    assert hashes(rows).tolist() == expected == NativeStore(width, 1).digest(rows).tolist()


def test_the_last_growth_takes_what_room_there_is(monkeypatch):
    monkeypatch.setattr(native_store, "LEAST_CAPACITY", 1024)
    monkeypatch.setattr(regions, "LEAST_ROWS", 1)
    store, count = native_store.NativeStore(1, 9, rows=90_000), 80_000
    states = np.arange(count, dtype=np.uint64)[:, None]
    assert len(store.insert(states, np.zeros(count, np.int64), np.zeros(count, np.int64))) == count
    assert np.array_equal(store.find(states), np.arange(count))
    with pytest.raises(MemoryError):
        store.insert(states + np.uint64(count), np.zeros(count, np.int64), np.zeros(count, np.int64))
    assert len(store) < 90_000 and np.array_equal(store.states[:count], states)


# --- workers ----------------------------------------------------------------------------------------------------------


def test_threads_keep_the_order_and_tell_what_failed():
    threads = Threads(3)
    assert threads.map(lambda n: n * n, range(10)) == [n * n for n in range(10)]
    assert threads.map(lambda n: n, []) == []
    with pytest.raises(ZeroDivisionError):
        threads.map(lambda n: 1 // (n - 4), range(10))
    threads.close()


# --- searches ---------------------------------------------------------------------------------------------------------

WAYS = [(workers, block) for workers in (1, 2, 3) for block in (3, 64)]


@pytest.mark.parametrize("native_at", [1, 30])
@pytest.mark.parametrize("workers, block", WAYS)
@pytest.mark.parametrize("make, goal", SYSTEMS.values(), ids=SYSTEMS)
def test_the_store_and_the_workers_make_no_difference(make, goal, workers, block, native_at):
    expected = search(make(), goal)
    upgraded = []

    def upgrade():
        upgraded.append(make())
        upgraded[0].reentrant = True
        return upgraded[0]

    seen = search(make(), goal, block=block, workers=workers, native_at=native_at, upgrade=upgrade)
    assert same(expected, seen)
    assert len(upgraded) == (expected.depth > 1 if native_at == 1 else len(upgraded))


class Wide(Toy):
    """A toy whose states are spread over several words, none of which tells them apart alone."""

    def _shifts(self):
        return np.arange(self.width, dtype=np.uint64) * np.uint64(4)

    def _spread(self, states: States) -> States:
        words = states >> self._shifts()
        words[:, :-1] &= np.uint64(15)
        return words

    def _joined(self, states: States) -> States:
        return (states << self._shifts()).sum(axis=1, dtype=np.uint64)[:, None]

    def _answer(self, rows) -> Successors:
        answer = super()._answer(rows)
        return Successors(
            answer.source, answer.action, self._spread(answer.target), answer.consumed, answer.faults, answer.coverage
        )

    def successors(self, states):
        return super().successors(self._joined(states))

    def predicates(self, states, ids):
        return super().predicates(self._joined(states), ids)

    def step_predicates(self, states, after, ids):
        return super().step_predicates(self._joined(states), self._joined(after), ids)

    def terminated(self, states):
        return super().terminated(self._joined(states))


def random_system(seed: int, width: int) -> Toy:
    """A few thousand states, most found in several ways, some by steps that fail or change nothing."""
    chance = random.Random(seed)
    moves: dict[int, list] = {}

    def step(s: int):
        if s not in moves:
            ways = [(chance.randrange(5), chance.randrange(max(0, s - 200), s + 300) % 4000) for _ in range(3)]
            moves[s] = sorted(ways) + ([(5, Fails(0))] if s % 97 == 5 else [])
            moves[s] = [] if s % 89 == 7 else moves[s]
        return moves[s]

    for s in range(4000):
        step(s)
    actions = tuple(action(name, i) for i, name in enumerate("abcdef"))
    predicates = (lambda s: s < 3500, lambda s: None if s == 3333 else s != 2000, lambda s: s % 10 != 9)
    return Wide((0, 1, 0), step, actions, predicates, (lambda s, t: t != s,), sites=(ASSERTED,), width=width)


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_random_systems(seed, width, workers):
    toy = random_system(seed, width)
    goal = Goal((0, 1), (0,), (), (2,), (0,), constraints=(2,) if seed % 2 else ())
    expected = search(toy, goal, thorough=seed < 4)
    seen = search(toy, goal, thorough=seed < 4, workers=workers, native_at=50, block=100)
    assert expected.distinct > 1000 and same(expected, seen)


@pytest.mark.parametrize("limits", [Limits(states=900), Limits(depth=6)])
def test_limits_do_not_depend_on_workers(limits):
    one, two = (
        search(TwoPhaseCommit(5), Goal(), limits=limits, block=20, native_at=100, workers=n) for n in (1, 2)
    )  # fmt: skip
    assert one.stopped and same(one, two)
