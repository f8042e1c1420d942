import numpy as np
import pytest

from modelcheck.search.store import INITIAL_CAPACITY, Store


def block(*rows):
    return np.array(rows, np.uint64)


@pytest.mark.parametrize(
    "first, second, new",
    [
        (block([1], [2], [1]), block([2], [3], [3], [4]), [1, 3]),
        (block([2**63], [0]), block([0], [2**63], [2**63 + 1]), [2]),
        (block([1, 0], [0, 1]), block([0, 1], [0, 0], [1, 1], [0, 0]), [1, 2]),
        (block([0, 0, 7]), block([0, 7, 0], [7, 0, 0], [0, 0, 7]), [0, 1]),
    ],
    ids=["one word", "the high bit", "two words", "zeros at the end"],
)
def test_the_first_of_equal_states_is_kept(first, second, new):
    store = Store(first.shape[1])
    for rows in (first, second):
        numbers = np.arange(len(rows))
        positions = store.insert(rows, 10 + numbers, 20 + numbers)
    assert positions.tolist() == new
    assert store.states[-len(new) :].tolist() == second[new].tolist()
    assert store.parent[-len(new) :].tolist() == [10 + i for i in new]
    assert store.action[-len(new) :].tolist() == [20 + i for i in new]
    assert store.find(store.states).tolist() == list(range(len(store)))
    assert store.find(first).min() >= 0 and store.find(second).min() >= 0


@pytest.mark.parametrize("width", [1, 2])
def test_it_grows_and_views_stay_what_they_were(width):
    store = Store(width)
    count = INITIAL_CAPACITY - 1
    rows = np.arange(3 * count * width, dtype=np.uint64).reshape(-1, width)
    before = store.memory()
    store.insert(rows[:count], np.arange(count), np.arange(count))
    view = store.states
    store.insert(rows, np.arange(len(rows)), np.arange(len(rows)))
    assert (view == rows[:count]).all() and (store.states == rows).all()
    assert store.find(rows[[5, 2000]]).tolist() == [5, 2000]
    assert store.find(rows[:1] + np.uint64(10**6)).tolist() == [-1]
    assert store.memory() > before


def test_nothing_can_be_inserted():
    store = Store(1)
    nothing = np.empty(0, np.int64)
    assert store.insert(np.empty((0, 1), np.uint64), nothing, nothing).tolist() == []
    assert len(store) == 0 and store.find(block([1])).tolist() == [-1]
