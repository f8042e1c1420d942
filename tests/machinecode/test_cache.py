"""The files of machine code: where they are, how large, and that none is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from modelcheck.machinecode import cache, load
from tests.machinecode.modules import TABLE


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "modelcheck"


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:40] + b"?" + b[41:]])
def test_a_damaged_file_costs_time_only(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    made = [load("table", lambda: TABLE).cached for _ in range(2)]
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    for _ in range(2):
        code = load("table", lambda: TABLE)
        assert code["f"](1) == 1117
        made.append(code.cached)
    assert made == [False, True, False, True]


def test_a_cache_that_cannot_be_written_is_no_cache(folder: Path) -> None:
    folder.write_text("in the way")
    assert [load("table", lambda: TABLE).cached for _ in range(2)] == [False, False]


def test_the_cache_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT", 1000)
    for i in range(6):
        cache.keep(f"n{i}", bytes(300))
    assert cache.find("n0") is None
    assert cache.find("n5") == bytes(300)
    assert sum(f.stat().st_size for f in cache.directory().iterdir()) <= 1000


@pytest.mark.parametrize(
    "environment, expected",
    [({"XDG_CACHE_HOME": "/var/c"}, "/var/c/modelcheck"), ({"HOME": "/h"}, "/h/.cache/modelcheck"),
     ({"HOME": "/h", "XDG_CACHE_HOME": "not/absolute"}, "/h/.cache/modelcheck")],
)  # fmt: skip
def test_where_the_cache_is(environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache.directory() == Path(expected)
