"""Files: what is read, how imports are found, and what is said when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcheck.errors import MissingFile, SpecError, UsageError
from modelcheck.frontends import load, load_text
from modelcheck.ir.surface import Program

PART = "from modelcheck import Const, Record\nn = Const(2)\nclass EventFd(Record): pass\n"

# files, what main.py is refused for (none: what its imports lead to, as (file, name, alias))
CASES: list[tuple[str, dict[str, str], str | list[tuple[str, str, str]]]] = [
    ("beside", {"a/main.py": "from .part import EventFd, n as m", "a/part.py": PART},
     [("a/part.py", "EventFd", "EventFd"), ("a/part.py", "n", "m")]),
    ("one folder up", {"a/main.py": "from ..b.part import n", "b/part.py": PART}, [("b/part.py", "n", "n")]),
    ("in a folder", {"a/main.py": "from .c.d.part import n", "a/c/d/part.py": PART}, [("a/c/d/part.py", "n", "n")]),
    ("through another file", {"a/main.py": "from .b import k", "a/b.py": "from .part import n as k", "a/part.py": PART},
     [("a/part.py", "n", "k")]),
    ("twice", {"a/main.py": "from .b import x\nfrom .part import n", "a/part.py": PART,
               "a/b.py": "from modelcheck import Const\nfrom ..a.part import n\nx = Const(1)"},
     [("a/b.py", "x", "x"), ("a/part.py", "n", "n")]),
    ("missing file", {"a/main.py": "\nfrom .part import x, n"}, "a/main.py:2:19 P012"),
    ("folder", {"a/main.py": "from .part import n", "a/part.py/x": ""}, "a/main.py:1:19 P012"),
    ("missing name", {"a/main.py": "from .part import n, EventFdd", "a/part.py": PART}, "a/main.py:1:22 P013"),
    ("name of modelcheck", {"a/main.py": "from .part import Record", "a/part.py": PART}, "a/main.py:1:19 P013"),
    ("no names in a broken file", {"a/main.py": "from .part import n", "a/part.py": "n = 2"}, "a/part.py:1:5 P016"),
    ("itself", {"a/main.py": "from .main import n"}, "a/main.py:1:19 P014"),
    ("each other", {"a/main.py": "from .b import n", "a/b.py": "from ..a.main import n"}, "a/b.py:1:22 P014"),
    ("ring of three", {"a/main.py": "from .b import n", "a/b.py": "from .c import n", "a/c.py": "from .b import n"},
     "a/c.py:1:16 P014"),
    ("not UTF-8", {"a/main.py": "from .part import n", "a/part.py": "# caf\udce9"}, "a/part.py:1:6 P001"),
    ("too long", {"a/main.py": "from .part import n", "a/part.py": "#" * (1 << 21)}, "a/part.py:1:1 P002"),
]  # fmt: skip


@pytest.mark.parametrize("files, wanted", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
@pytest.mark.parametrize("absolute", [False, True])
def test_imports(
    files: dict[str, str], wanted: object, absolute: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    monkeypatch.chdir(tmp_path)
    prefix = f"{tmp_path}/" if absolute else ""
    try:
        program = load(f"{prefix}a/main.py")
    except SpecError as error:
        assert [f"{d.place} {d.code}" for d in error.diagnostics] == [f"{prefix}{wanted}"]
    else:
        found = [(i.module.removeprefix(prefix), i.name, i.alias) for i in program.module.imports]
        assert found == wanted
        assert all(key == module.source.path for key, module in program.modules.items())


def test_one_file_has_one_key_wherever_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/part.py").write_text(PART)
    (tmp_path / "a/main.py").write_text("from ..a.part import n\nfrom .part import EventFd\n")
    monkeypatch.chdir(tmp_path / "a")
    program: Program = load("./main.py")
    assert (program.main, sorted(program.modules)) == ("main.py", ["main.py", "part.py"])


@pytest.mark.parametrize("path", ["missing.py", "folder.py", "nul\0.py"])
def test_a_main_file_that_cannot_be_read(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.py").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingFile):
        load(path)


def test_a_file_without_a_front_end() -> None:
    with pytest.raises(UsageError):
        load_text("", "spec.pml")


def test_a_text_stands_for_its_file(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(PART)
    program = load_text("from .part import n", str(tmp_path / "spec.py"))
    assert program.main == str(tmp_path / "spec.py")
    assert len(program.modules) == 2


def test_the_text_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    with pytest.raises(SpecError):
        load_text(f"open({str(mark)!r}, 'w')\nclass S(open({str(mark)!r}, 'w')): pass\n")
    assert not mark.exists()
