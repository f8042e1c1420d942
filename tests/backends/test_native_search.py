"""Whole searches: the Python back end with a dict, which `test_bfs` and the witnesses vouch for, against native code in
every way that a search goes on with it. Rows, parents, figures, coverage, findings and evaluation errors are the same.

The sizes that only large searches reach are made small: chunks and areas of a few rows, a filter that forgets, a table
that is full again and again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any, Iterator

import numpy as np
import pytest

from modelcheck import passes
from modelcheck.backends import llvm, python
from modelcheck.exploring import Options, Upgrade, goal_of
from modelcheck.frontends import load
from modelcheck.ir.nodes import Assign, Choose, Local, Model, Variable
from modelcheck.ir.types import IntType
from modelcheck.search import bfs, block_words, blocks, emission, native_store
from modelcheck.search.native_store import NativeStore
from modelcheck.search.parallel import crew
from modelcheck.search.exploration import UNLIMITED, Exploration, Goal, Limits
from modelcheck.search.table import USED
from tests import models
from tests.backends.test_llvm import Wide
from tests.random_models import random_model
from tests.search.test_bfs import same

ROOT = Path(__file__).resolve().parents[2]
SPECS = [p for folder in ("specs", "specs/qemu") for p in sorted((ROOT / folder).glob("*.py"))]
CASES = 2  # of each spec: those whose models differ; compiling them is most of the time
WAYS = [
    {"workers": 1}, {"workers": 2}, {"workers": 3}, {"workers": 2, "compact": True},
]  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (blocks, "SHARE", 3), (blocks, "ROWS_ALONE", 11), (blocks, "ROWS_TOGETHER", 5), (blocks, "FIRST_ROOM", 1),
        (blocks, "AREAS_EACH", 2), (bfs, "LARGE", 200), (emission, "FEW", 3), (emission, "TRANSITIONS", 4),
        (emission, "FILTER_WORDS", 64), (native_store, "LEAST_CAPACITY", 16), (native_store, "SMALL", 64),
        (native_store, "FIRST_SHIFT", 8),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


def natively(m: Model, goal: Goal, way: dict[str, Any], limits: Limits) -> Exploration:
    system = python.build(m)
    upgrade = Upgrade(m, Options(), "python", system.sites)
    seen = bfs.search(system, goal, limits=limits, native_at=1, upgrade=upgrade, block=20, thorough=True, **way)
    assert upgrade.name == "llvm" and seen.parent.dtype == np.int32 or not seen.expanded.any()  # of the native store
    return seen


def agree(m: Model, goal: Goal, ways: list[dict[str, Any]], limits: Limits = UNLIMITED) -> Exploration:
    expected = bfs.search(python.build(m), goal, limits=limits, native_at=1 << 60, thorough=True)
    for way in ways:
        seen = natively(m, goal, way, limits)
        if way.get("compact"):  # states are rebuilt, and narrow ones are never confused
            assert np.array_equal(seen.states[:], expected.states)
            seen = replace(seen, states=expected.states, omission=0.0)
        assert same(expected, seen), way
    return expected


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_specs(path: Path) -> None:
    program = load(path)
    cases = {}
    for case in passes.cases(program):
        if len(cases) < CASES:
            m = passes.compile(program, case.spec, case.where)
            cases.setdefault((m.variables, m.actions, m.predicates), m)
    for i, m in enumerate(cases.values()):
        agree(m, goal_of(m.properties, True), [WAYS[i + 1], WAYS[2 * i]], Limits(depth=9))


def spread() -> Model:
    """Every fault, out of 8 initial states that differ in a variable which nothing reads."""
    m = models.every_fault()
    local = Local("chosen", IntType(0, 7))
    extra = Variable(len(m.variables), local.type)
    start = (Choose(local, models.every(local.type), "chosen"), Assign(extra, local))
    return replace(m, variables=(*m.variables, models.variable("extra", local.type)), initial=(*m.initial, *start))


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("make", [models.two_phase_commit, models.choices, models.kick_and_serve, models.wide, spread])
def test_models(make: Any, way: dict[str, Any]) -> None:
    m = make()
    seen = agree(m, Goal(tuple(range(len(m.predicates)))), [way])
    assert seen.complete and seen.distinct > 1


def goal_for(m: Model, seed: int) -> Goal:
    """All predicates in every part that they can have, in turn."""
    ids, steps = tuple(range(len(m.predicates))), tuple(range(len(m.step_predicates)))
    return Goal(
        invariants=ids, reachables=ids[1:], watched=ids[:1], constraints=ids[:1] if seed % 4 == 3 else (),
        step_invariants=steps if seed % 3 == 2 else (),
    )  # fmt: skip


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_random_models(first: int) -> None:
    for seed in range(first, first + 20):
        m = random_model(seed)
        agree(m, goal_for(m, seed), [WAYS[seed % 3]], Limits(depth=5))


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_random_models_of_wide_states(first: int) -> None:
    for seed in range(first, first + 20):
        m = Wide(Random(seed)).model()
        agree(m, goal_for(m, seed), [WAYS[seed % 3]], Limits(depth=3))


def test_what_native_code_took_is_said() -> None:
    """In the first report after it is there, in all that follow, and in the result; of this run, the second is cached."""
    m, told = models.two_phase_commit(), []
    for _ in range(2):
        system, reports = python.build(m), []
        upgrade = Upgrade(m, Options(), "python", system.sites)
        seen = bfs.search(system, Goal(), native_at=1, upgrade=upgrade, progress=reports.append)
        notes = [r.native for r in reports]
        assert notes[-1] == seen.native != "" and set(notes) <= {"", seen.native}
        told.append(seen.native)
    assert told[1].startswith("native code from the cache in ")
    assert bfs.search(python.build(m), Goal()).native == ""


@pytest.fixture
def two() -> Iterator[NativeStore]:
    """A store of two workers, with the first state of a model of faults."""
    threads, system = crew(2), llvm.build(models.every_fault())
    store = NativeStore(system.width, len(system.actions), threads)
    store.insert(system.initial().target, np.array([-1]), np.array([-1]))
    yield store
    threads.close()


@pytest.mark.parametrize("workers", [1, 2, 3, 16])
def test_one_block_of_all_rows(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the workers cannot go on without comes up in the midst of it, and the store is that of Python."""
    m = models.two_phase_commit(5)
    known = bfs.search(python.build(m), Goal())
    system, threads = llvm.build(m), crew(workers)
    store = NativeStore(system.width, len(system.actions), threads)
    first = known.states[:1]
    store.insert(first, np.array([-1]), np.array([-1]))
    blocks_of = store.blocks(system.native_successors, first, system.guards)
    gang, codes = blocks_of.together, set()
    run = gang.run
    monkeypatch.setattr(gang, "run", lambda: codes.update(found := run()) or found)
    gang.left[:] = 1 << 40  # of another block
    outcome = gang.explore(np.ascontiguousarray(known.states), np.arange(known.distinct), ())
    threads.close()
    assert np.array_equal(store.states, known.states) and np.array_equal(store.parent, known.parent)
    assert np.array_equal(store.action, known.action) and outcome.generated + 1 == known.generated
    assert store._segments[:, USED].sum() == len(store)
    longer = {block_words.NUMBERS} if workers < 16 else set()  # tickets of 16 workers need long numbers from the start
    assert codes >= {block_words.LACKING, block_words.FULL} | longer


def test_workers_that_are_interrupted_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than processors, and areas that are used again at once: who goes on after a while finds everything
    changed. What was wrong there once showed in one run of ten to fifteen."""
    for name, value in (("ROWS_TOGETHER", 1), ("AREAS_EACH", 1), ("FIRST_ROOM", 100)):
        monkeypatch.setattr(blocks, name, value)
    m = models.two_phase_commit(6)
    known, system, threads = bfs.search(python.build(m), Goal()), llvm.build(m), crew(8)
    for _ in range(120):
        store = NativeStore(system.width, len(system.actions), threads, expected=1 << 16)
        store.insert(known.states[:1], np.array([-1]), np.array([-1]))
        gang = store.blocks(system.native_successors, known.states[:1], system.guards).together
        gang.explore(np.ascontiguousarray(known.states), np.arange(known.distinct), ())
        assert np.array_equal(store.states, known.states) and np.array_equal(store.parent, known.parent)
    threads.close()


@pytest.mark.parametrize("workers, room", [(1, -1), (1, 100), (2, -1), (2, 0), (3, -1), (3, 0)])
def test_a_store_without_room_says_so(workers: int, room: int) -> None:
    """And what was there before is there still. Several workers fill it to the last row; one stops where what a chunk
    leads to might not fit."""
    m, threads = models.two_phase_commit(4), crew(workers)
    known, system = bfs.search(python.build(m), Goal()), llvm.build(m)
    store = NativeStore(system.width, len(system.actions), threads)
    store.rows = known.distinct + room
    store.insert(known.states[:1], np.array([-1]), np.array([-1]))
    gang = store.blocks(system.native_successors, known.states[:1], system.guards).together
    explore = partial(gang.explore, np.ascontiguousarray(known.states), np.arange(known.distinct), ())
    if room >= 0:
        explore()
        assert np.array_equal(store.states, known.states)
    else:
        with pytest.raises(MemoryError):
            explore()
        assert np.array_equal(store.states, known.states[:1])
    threads.close()


def gang_of(store: NativeStore, m: Model | None = None) -> Any:
    system = llvm.build(m or models.every_fault())
    return store.blocks(system.native_successors, store.states[:1], system.guards).together


class InTurn:
    """A crew of two that runs the first calls itself, one after the other, and hands the others on. going: whether the
    second goes on though the first has left."""

    size = 2

    def __init__(self, gang: Any, order: tuple[int, int], going: bool):
        self.gang, self.order, self.going, self.crew = gang, order, going, gang.crew
        gang.crew = self

    def map(self, work: Any, parts: Any, give_up: Any) -> list[int]:
        self.gang.crew, codes = self.crew, {}
        for part in self.order:
            if self.going:
                self.gang.set(leaving=0)
            codes[part] = work(part)
        assert codes[self.order[0]] == block_words.LACKING  # its first chunk
        return [codes[part] for part in parts]


@pytest.fixture
def many() -> Iterator[tuple[NativeStore, Any, Exploration]]:
    """As `two`, for a model whose rows lead to more than there is room for; the gang, and what is to be found."""
    m, threads = models.two_phase_commit(5), crew(2)
    known = bfs.search(python.build(m), Goal())
    store = NativeStore(known.states.shape[1], len(m.actions), threads, expected=1 << 14)
    store.insert(known.states[:1], np.array([-1]), np.array([-1]))
    yield store, gang_of(store, m), known
    threads.close()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_room_is_made_while_there_are_tickets_in_the_table(many: Any, order: tuple[int, int]) -> None:
    """They are written anew, because more room in an area takes more bits of a ticket."""
    store, gang, known = many
    for lane in gang.lanes:
        lane.room_for_answers(1 << 10)
    gang.areas[1].make_room(64)
    InTurn(gang, order, going=True)  # whoever is second has the second chunk, with tickets, while the first waits for room
    before, renumber, given = gang.shift, store.renumber, []
    store.renumber = lambda slots, tickets: (given.append(len(slots)), renumber(slots, tickets))
    gang.explore(np.ascontiguousarray(known.states), np.arange(known.distinct), ())
    assert sum(given) > 0 and before < gang.shift
    assert np.array_equal(store.states, known.states) and np.array_equal(store.parent, known.parent)


@pytest.mark.parametrize("lost", [0, 1])
def test_nobody_waits_for_a_worker_that_does_not_come(many: Any, lost: int) -> None:
    """One that has a chunk, without which no other can be given its rows."""
    _, gang, known = many
    for lane in gang.lanes:
        lane.room_for_answers(1 << 10)
    for area in gang.areas[1:]:
        area.make_room(1 << 10)
    InTurn(gang, (lost, 1 - lost), going=False)
    kernel, calls, caught = gang.kernel, [], []

    def work(shared: int, number: int) -> int:
        calls.append(number)
        return 1 // 0 if calls.count(lost) > 1 and number == lost else kernel(shared, number)

    def explore() -> None:
        with pytest.raises(ZeroDivisionError) as error:
            gang.explore(np.ascontiguousarray(known.states), np.arange(known.distinct), ())
        caught.append(error)

    gang.kernel = work
    searching = Thread(target=explore, daemon=True)
    searching.start()
    searching.join(30)
    assert caught


def test_faults_are_told_in_order_whoever_met_them(two: NativeStore) -> None:
    gang = gang_of(two)
    gang.explore(np.repeat(two.states[:1], 10, axis=0), np.zeros(10, np.int64), ())
    for lane, rows in zip(gang.lanes, ((4, 4, 9), (0, 7, 7))):
        lane.arrays["faults"][:3] = [(row, i, 0) for i, row in enumerate(rows)]
        lane.set(fault_count=3)
    told = gang.outcome(np.zeros(10, np.bool_)).faults[:, :2].tolist()
    assert told == [[0, 0], [4, 0], [4, 1], [7, 1], [7, 2], [9, 2]]


def test_limits_do_not_depend_on_workers() -> None:
    """The search stops between blocks, which are the same for every number of workers."""
    m, goal = models.two_phase_commit(4), Goal(deadlock=False)
    seen = [natively(m, goal, {"workers": n}, Limits(states=700)) for n in (1, 2, 3)]
    assert seen[0].stopped == "states" and same(seen[0], seen[1]) and same(seen[0], seen[2])
