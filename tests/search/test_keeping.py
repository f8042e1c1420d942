"""Searches that run out of memory, are killed, or keep fingerprints only: the figures are those of a plain one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from modelcheck.errors import MissingFile, UsageError
from modelcheck.search import archive, checkpoint, native_store
from modelcheck.search.archive import Part
from modelcheck.search.bfs import search
from modelcheck.search.compact_store import CompactStore
from modelcheck.search.exploration import Exploration, Goal, Limits
from modelcheck.search.switches import fewest_switches
from tests.search.systems import TwoPhaseCommit
from tests.search.test_bfs import SYSTEMS, same
from tests.search.test_native import random_system

ROOT = Path(__file__).resolve().parents[2]
GOAL = Goal((0, 1), (0,), (), (2,), (0,))

# --- files ------------------------------------------------------------------------------------------------------------


def columns(count: int, width: int = 2):
    numbers = np.arange(count)
    return numbers.repeat(width).reshape(-1, width).astype(np.uint64), (numbers - 1).astype(np.int32), numbers % 7


@pytest.mark.parametrize("count, width", [(0, 1), (1, 1), (70_000, 3)])
def test_a_part_is_read_as_it_was_written(tmp_path, count, width):
    written = columns(count, width)
    part = archive.write(tmp_path, 5, written)
    assert [path.name for path in tmp_path.iterdir()] == [part.name]
    for one, other in zip(written, archive.read(tmp_path, part)):
        assert one.dtype == other.dtype and np.array_equal(one, other)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:70_000] + bytes([data[70_000] ^ 1]) + data[70_001:],
        lambda data: b"",
        lambda data: b"{}".ljust(len(data), b"\n"),
    ],
    ids=["cut short", "a bit", "empty", "another head"],
)
def test_a_damaged_part_is_refused(tmp_path, damage):
    part = archive.write(tmp_path, 0, columns(10_000))
    path = tmp_path / part.name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(MissingFile):
        archive.read(tmp_path, part)
    with pytest.raises(MissingFile):
        archive.read(tmp_path, Part("rows-1-2.states", 1, 2, ""))


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path):
    def content():
        yield b"half"
        raise OSError("the disk is full")

    with pytest.raises(OSError):
        archive.put(tmp_path / "rows", content())
    assert list(tmp_path.iterdir()) == []


# --- out of memory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_spilled_search_goes_on(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(native_store, "CHUNK", 1 << 16)
    plain = search(TwoPhaseCommit(7), Goal((0,), deadlock=False))
    seen_at = {"distinct": 0, "files": 0}

    def files():
        return len(list(tmp_path.glob("rows-*.states")))

    def look(progress):
        seen_at.update(distinct=progress.distinct, files=max(seen_at["files"], files()))

    def short(limit, spilling):
        return spilling and seen_at["distinct"] >= (files() + 1) << 16

    monkeypatch.setattr("modelcheck.search.progress.INTERVAL_S", 0.0)
    monkeypatch.setattr("modelcheck.search.bfs.memory_is_short", short)
    seen = search(TwoPhaseCommit(7), Goal((0,), deadlock=False), spill=tmp_path, progress=look, workers=workers)
    assert same(plain, seen) and seen.stopped is None
    assert seen_at["files"] == 4
    assert list(tmp_path.iterdir()) == []


def test_a_spilled_file_that_changed_is_noticed(tmp_path, monkeypatch):
    """The bytes of the action column, which the search itself does not read: nothing else would show it."""
    monkeypatch.setattr(native_store, "CHUNK", 1 << 12)
    store, count = native_store.NativeStore(1, 9), 10_000
    rows = np.arange(count, dtype=np.uint64)[:, None]
    store.insert(rows, np.arange(count) - 1, np.zeros(count))
    assert store.spill(tmp_path, count)
    file = sorted(tmp_path.iterdir())[0]
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(MissingFile):
        store.recovered(TwoPhaseCommit(2), count)


def test_memory_that_cannot_be_spilled_stops_the_search(tmp_path):
    seen = search(TwoPhaseCommit(5), Goal((0,)), limits=Limits(memory=1), spill=tmp_path, native_at=1)
    assert seen.stopped == "memory" and not seen.complete


def test_a_folder_that_cannot_be_written_stops_the_search(tmp_path, monkeypatch):
    monkeypatch.setattr(native_store, "CHUNK", 1 << 12)
    (tmp_path / "file").write_text("")
    limits = Limits(memory=1)
    seen = search(TwoPhaseCommit(6), Goal((0,)), limits=limits, spill=tmp_path / "file", native_at=1)
    assert seen.stopped == "memory"


# --- killed -----------------------------------------------------------------------------------------------------------


def stopped_and_resumed(make, goal: Goal, folder: Path, limits: list[Limits], **how) -> Exploration:
    """One search in as many pieces as there are limits, and a last one without."""
    for n, limit in enumerate(limits):
        seen = search(make(), goal, limits=limit, checkpoint=folder, resume=folder if n else None, **how)
        if not seen.stopped:
            return seen
    return search(make(), goal, resume=folder, **how)


@pytest.mark.parametrize("native_at", [1, 200, 10**9])
@pytest.mark.parametrize("make, goal", SYSTEMS.values(), ids=SYSTEMS)
def test_a_search_in_pieces(make, goal, native_at, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "CHUNK", 50)
    plain = search(make(), goal)
    limits = [Limits(states=n) for n in range(0, plain.distinct, max(1, plain.distinct // 7))]
    seen = stopped_and_resumed(make, goal, tmp_path, limits, block=3, native_at=native_at)
    assert same(plain, seen)


@pytest.mark.parametrize("seed, width", [(0, 1), (1, 3)])
def test_random_searches_in_pieces(seed, width, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "CHUNK", 1000)
    goal = Goal((0, 1), (0,), (), (2,), (0,), constraints=(2,) if seed else ())
    plain = search(random_system(seed, width), goal, thorough=True)
    limits = [Limits(depth=d) for d in range(1, 8)] + [Limits(states=n) for n in range(500, plain.distinct, 400)]
    how = {"thorough": True, "workers": 2, "native_at": 300, "block": 50}
    seen = stopped_and_resumed(lambda: random_system(seed, width), goal, tmp_path, limits, **how)
    assert same(plain, seen)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("native_at", [1, 10**9])
def test_a_search_that_is_broken_off_before_it_begins_keeps_what_is_there(tmp_path, monkeypatch, error, native_at):
    """Whether that is while it takes over what was kept, or while a new one asks for the initial states."""
    goal, plain = Goal((0,), deadlock=False), search(TwoPhaseCommit(4), Goal((0,), deadlock=False))
    how = {"checkpoint": tmp_path, "native_at": native_at}
    assert search(TwoPhaseCommit(4), goal, limits=Limits(states=500), **how).stopped == "states"

    def broken(*_):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.Checkpoint, "columns", broken)
        assert search(TwoPhaseCommit(4), goal, resume=tmp_path, **how).distinct == 0
    assert same(plain, search(TwoPhaseCommit(4), goal, resume=tmp_path, **how))
    with monkeypatch.context() as patched:
        patched.setattr(TwoPhaseCommit, "initial", broken)
        assert search(TwoPhaseCommit(4), goal, **how).stopped in ("interrupt", "memory")
    assert same(plain, search(TwoPhaseCommit(4), goal, resume=tmp_path, **how))


VICTIM = """
import sys
from pathlib import Path
from modelcheck.search import checkpoint
from modelcheck.search.bfs import search
from modelcheck.search.exploration import Goal
from tests.search.systems import TwoPhaseCommit
checkpoint.CHUNK = 5000
folder = Path(sys.argv[1])
resume = folder if (folder / "search.json").exists() else None
seen = search(TwoPhaseCommit(6), Goal((0,), deadlock=False), checkpoint=folder, resume=resume, checkpoint_s=0.0,
              block=256, native_at=4000, workers=2)
print(seen.generated, seen.distinct, seen.depth, len(seen.levels), seen.queued, seen.complete)
"""


def test_killed_at_any_moment(tmp_path):
    killed = 0
    for attempt in range(200):
        run = subprocess.Popen(
            [sys.executable, "-c", VICTIM, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        try:
            out, _ = run.communicate(timeout=0.2 + 0.031 * attempt)
            break
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.communicate()
            killed += 1
    assert killed > 0 and run.returncode == 0
    assert out.split() == ["402306", "50816", "20", "21", "0", "True"]


def test_what_cannot_be_resumed(tmp_path):
    def run(**how):
        return search(TwoPhaseCommit(4), Goal((0,)), **how)

    with pytest.raises(MissingFile):
        run(resume=tmp_path)
    run(checkpoint=tmp_path, identity="this", limits=Limits(states=100))
    with pytest.raises(UsageError):
        run(resume=tmp_path, identity="that")
    [file] = tmp_path.glob("rows-*.states")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(MissingFile):
        run(resume=tmp_path, identity="this")
    with pytest.raises(UsageError):
        run(checkpoint=tmp_path, compact=True)


def test_a_search_that_is_stopped_is_kept(tmp_path):
    started = time.perf_counter()
    search(TwoPhaseCommit(5), Goal((0,)), checkpoint=tmp_path, limits=Limits(states=500))
    assert (tmp_path / "search.json").exists() and time.perf_counter() - started < 30


# --- fingerprints -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("make, goal", SYSTEMS.values(), ids=SYSTEMS)
def test_fingerprints_give_the_same_figures(make, goal, workers):
    plain, seen = search(make(), goal), search(make(), goal, compact=True, native_at=1, workers=workers, block=5)
    width = make().width
    assert np.array_equal(np.asarray(seen.states), plain.states)
    assert seen.findings == plain.findings and np.array_equal(seen.levels, plain.levels)
    assert (seen.generated, seen.taken.tolist()) == (plain.generated, plain.taken.tolist())
    fraction = seen.distinct * (seen.generated - seen.distinct) / 2**64
    assert seen.omission == (fraction if width > 1 and plain.depth > 1 else 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_traces_are_rebuilt(seed):
    plain = search(random_system(seed, 3), GOAL)
    seen = search(random_system(seed, 3), GOAL, compact=True, native_at=100, block=64)
    assert seen.findings == plain.findings and seen.findings
    for finding in seen.findings:
        rows = [finding.state]
        while seen.parent[rows[-1]] >= 0:
            rows.append(int(seen.parent[rows[-1]]))
        assert np.array_equal(seen.states[np.array(rows)], plain.states[rows])
        assert np.array_equal(seen.states[finding.state], plain.states[finding.state])


def test_what_is_closed_is_given_back():
    store, rows = CompactStore(16, 3), np.arange(16 * 50_000, dtype=np.uint64).reshape(-1, 16)
    store.insert(rows, np.arange(len(rows)) - 1, np.zeros(len(rows)))
    before = store.memory()
    store.close_level(40_000)
    assert before - store.memory() == 40_000 * 128
    assert np.array_equal(store.states[40_100:], rows[40_100:]) and not store.states[:30_000].any()
    assert store.find(rows[:5]).tolist() == [0, 1, 2, 3, 4]


def test_readable_traces_are_found_with_fingerprints():
    plain, seen = (search(random_system(0, 2), GOAL, compact=c, native_at=100) for c in (False, True))
    finding, toy = plain.findings[0], random_system(0, 2)
    one, other = fewest_switches(plain, toy, finding), fewest_switches(seen, toy, finding)
    assert one is not None and other is not None and np.array_equal(one.rows, other.rows)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv.pop(1)),) * 2)
from modelcheck.cli import main
main()
"""


@pytest.mark.parametrize("store", ["exact", "compact"])
@pytest.mark.parametrize("megabytes", [1000, 14_000])
def test_little_address_space_is_enough(store, megabytes):
    """The stores reserve what there is. The count is the published one, of tlaplus/Examples."""
    options = "specs/two_phase_commit.py", "-D", "managers=7", "--no-deadlock", "--store", store
    command = [sys.executable, "-c", LIMITED, str(megabytes << 20), "check", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and " 296448 distinct states found, 0 states left" in done.stdout, done.stderr
