"""How code comes from the cache: without LLVM, by processor, only as it was made, and gone when nobody has it."""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Iterator
from zipfile import ZipFile

import pytest

from modelcheck.liveness.native import calls
from modelcheck.machinecode import Code, cache, load, loader, maker, target
from modelcheck.machinecode.maker import Maker, fingerprint
from modelcheck.machinecode.object import Image, Object, read
from modelcheck.search import table
from tests.machinecode import modules
from tests.machinecode.modules import TABLE

ROOT = Path(__file__).resolve().parent.parent.parent
linux = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the system does not tell")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(cache, "directory", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def kept(folder: Path) -> Image | Object:
    (file,) = folder.iterdir()
    return read(file.read_bytes()[cache.DIGEST :])


# --- LLVM is not loaded -----------------------------------------------------------------------------------------------

CHECKS = """
import json, sys
from modelcheck.checker import check_spec
from modelcheck.exploring import Options
seen = [check_spec("specs/ewd840.py", None, {"nodes": 5}, Options())]
for options in (Options(), Options(compact=True), Options(workers=2)):
    seen.append(check_spec("specs/two_phase_commit.py", None, {"managers": 6}, options))
print(json.dumps({
    "figures": [[r.statistics.distinct, r.statistics.generated, r.statistics.depth] for r in seen],
    "verdicts": [[p.name, p.verdict] for r in seen for p in r.properties],
    "llvm": [name for name in sys.argv[1].split() if name in sys.modules],
    "native": [name for name in ("modelcheck.backends.llvm", "modelcheck.search.native_store") if name in sys.modules],
}))
"""


def ran(script: str, cache_folder: Path, *arguments: str) -> Any:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache_folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_with_a_warm_cache_llvm_is_not_loaded(tmp_path: Path) -> None:
    """Steps, stores and the kernels of graphs; these specs have enough states for all of them. 50,816 of two-phase
    commit: the comment in tlaplus/Examples."""
    makers = "llvmlite modelcheck.search.kernels modelcheck.liveness.native.translate"
    cold, warm = (ran(CHECKS, tmp_path, makers) for _ in range(2))
    assert [distinct for distinct, *_ in warm["figures"][1:]] == 3 * [50816]
    assert (cold["llvm"], warm["llvm"]) == (makers.split(), [])
    assert len(cold["native"]) == len(warm["native"]) == 2
    assert cold["figures"] == warm["figures"] and cold["verdicts"] == warm["verdicts"]


RESIDENT = """
import json
from modelcheck.machinecode import compiler, loader
from tests.machinecode.modules import TABLE
def resident():
    kb, counted = 0, False
    for line in open("/proc/self/smaps"):
        if "-" in line.split()[0]:
            counted = "libllvmlite" in line
        elif line.startswith("Rss:") and counted:
            kb += int(line.split()[1])
    return kb
compiler.compiled(TABLE, False)
before = resident()
loader.trim("libllvmlite")
after = resident()
compiler.compiled(TABLE, False)
print(json.dumps([before, after]))
"""


@linux
def test_what_llvm_leaves_is_given_back(tmp_path: Path) -> None:
    """Of its code and its constants all, but not what was written to: it goes on working."""
    before, after = ran(RESIDENT, tmp_path)
    assert before > 20_000 and after < before / 8


# --- memory -----------------------------------------------------------------------------------------------------------


def access(address: int) -> str | None:
    """What may be done with the memory there; None where there is none."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if start <= address < end:
            return line.split()[1]
    return None


@linux
def test_code_lives_as_long_as_its_functions() -> None:
    load("pointers", lambda: modules.POINTERS)
    code = load("pointers", lambda: modules.POINTERS)
    address, f = code.addresses["f"], code["f"]
    assert access(address) == "r-xp"
    del code
    gc.collect()
    assert access(address) == "r-xp" and f(1) == 52001
    del f
    gc.collect()
    assert access(address) != "r-xp"


@pytest.mark.parametrize("call", ["mmap", "mprotect"])
def test_where_the_system_refuses_llvm_loads_it(call: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept before is replaced by what LLVM can load, so that it is compiled once more and not every time."""

    def refuses(*_: Any, **__: Any) -> int:
        raise PermissionError

    load("table", lambda: TABLE)
    assert isinstance(kept(folder), Image)
    if call == "mmap":
        monkeypatch.setattr(loader.mmap, "mmap", refuses)
    else:
        refusing = SimpleNamespace(mprotect=lambda *_: -1, madvise=lambda *_: 0)  # and no malloc_trim
        monkeypatch.setattr(loader, "_library", lambda: refusing)
    for cached in (False, True):
        code = load("table", lambda: TABLE)
        assert (code.cached, code["f"](2)) == (cached, 1317)
    assert isinstance(kept(folder), Object)


# --- whose code it is -------------------------------------------------------------------------------------------------


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str | None], None]]:
    """Makes the system say something else of its processor, or nothing."""

    def says(text: str | None) -> None:
        monkeypatch.setattr(target, "CPUINFO", str(tmp_path / "cpuinfo"))
        (tmp_path / "cpuinfo").unlink(missing_ok=True)
        if text is not None:
            (tmp_path / "cpuinfo").write_text(text)
        target.identity.cache_clear()

    yield says
    monkeypatch.undo()
    target.identity.cache_clear()


ONE = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Some Processor
stepping\t: 7
cpu MHz\t\t: 2000.000
flags\t\t: fpu sse2 avx2

processor\t: 1
"""


def test_processors_have_code_of_their_own(processor: Callable[[str | None], None]) -> None:
    cached = []
    for text in (
        ONE, ONE, ONE.replace("2000.000", "2999.500"), ONE.replace(" avx2", ""), ONE.replace(": 7", ": 8"),
        ONE.replace("Some", "Other"), ONE.replace("flags", "features"), None, ONE,
    ):  # fmt: skip
        processor(text)
        cached.append(load("table", lambda: TABLE).cached)
    # without the flags, and without anything, LLVM is asked, which says the same both times
    same_machine = [False, True, True, False, False, False, False, True, True]
    assert cached == same_machine


def test_there_may_be_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "find_spec", lambda name: None)
    target.identity.cache_clear()
    with pytest.raises(ImportError):
        load("table", lambda: TABLE)


# --- who made it ------------------------------------------------------------------------------------------------------

WRITER = """
def text(factor):
    return f"define i64 @f(i64 %i) {{ %r = mul i64 %i, {factor * FACTOR}\\nret i64 %r }}"
FACTOR = """


def forget(*names: str) -> None:
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("zipped", [False, True])
def test_code_goes_by_the_files_of_who_makes_it(zipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def built(name: str, factor: int) -> Code:
        path = tmp_path / ("writers.zip" if zipped else "writers")
        if zipped:
            path.unlink(missing_ok=True)
            with ZipFile(path, "w") as archive:
                archive.writestr(f"{name}.py", WRITER + str(factor))
        else:
            path.mkdir(exist_ok=True)
            (path / f"{name}.py").write_text(WRITER + str(factor))
        forget(name)
        importlib.invalidate_caches()
        return Maker(name, ()).code(2)

    monkeypatch.syspath_prepend(str(tmp_path / ("writers.zip" if zipped else "writers")))
    seen = [(built("written", factor), factor) for factor in (3, 3, 41, 3)]
    assert [code["f"](1) for code, _ in seen] == [2 * factor for _, factor in seen]
    assert [code.cached for code, _ in seen] == [False, True, False, True]
    forget("written")


def test_what_was_made_of_edited_files_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "edited.py"
    file.write_text(WRITER + "3")
    before = Maker("edited", ())
    file.write_text(WRITER + "500")
    assert before.code(1)["f"](1) == 500  # it is what the module says now
    file.write_text(WRITER + "3")
    forget("edited")
    again = before.code(1)
    assert (again.cached, again["f"](1)) == (False, 3)
    forget("edited")


def imported(name: str) -> set[str]:
    """The modules of the project that a module imports, and what those import, but for those that make no code."""
    path = ROOT / (name.replace(".", "/") + ".py")
    others = {"modelcheck.errors", "modelcheck.machinecode", "modelcheck.system", "modelcheck.search.store"}
    found = {name}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules_ = [n if (ROOT / (n.replace(".", "/") + ".py")).exists() else node.module for n in names]
            for module in modules_:
                if module.startswith("modelcheck.") and not any(module.startswith(o) for o in others):
                    found |= imported(module)
    return found


@pytest.mark.parametrize("known", [table.MAKER, calls.MAKER], ids=lambda m: m.module)
def test_makers_name_all_they_use(known: Maker) -> None:
    assert imported(known.module) == {known.module, *known.others}


def test_a_fingerprint_goes_by_what_the_functions_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a module as it was loaded: a number, a function or a method that is another one makes another fingerprint."""
    before = fingerprint(target)
    assert fingerprint(target) == before != fingerprint(target, maker)

    def other(*_: Any) -> None:
        pass

    for place, name, value in ((target, "ENOUGH", 9), (target, "_version", other)):
        with monkeypatch.context() as patched:
            if callable(value):
                value.__module__ = target.__name__
            patched.setattr(place, name, value)
            assert fingerprint(target) != before, name
    assert fingerprint(target) == before
    before = fingerprint(maker)
    other.__module__ = maker.__name__
    monkeypatch.setattr(Maker, "_now", other)
    assert fingerprint(maker) != before
