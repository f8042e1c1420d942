"""Images against LLVM's own linker, on modules that have every relocation known here; and what is not linked here."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import pytest

from modelcheck.machinecode import Code, cache, compiler, linker, load, loader
from modelcheck.machinecode.linker import R_64, R_GOTPCREL, R_GOTPCRELX, R_PC32, R_PLT32, R_REX_GOTPCRELX
from modelcheck.machinecode.object import Image, Object, read, written
from tests.machinecode import modules

pytestmark = pytest.mark.skipif("x86_64" not in llvm.get_process_triple(), reason="images are for x86-64")

# module: (its relocations, what f gives of 0..4 by the text of the module)
CASES: dict[str, tuple[set[int], list[int]]] = {
    "TABLE": ({R_PC32}, [717, 1117, 1317, 1717, 1917]),
    "SWITCH": ({R_PC32}, [31, 41, 2 * 59, 26, 53 + 4]),
    "CALL": ({R_PLT32}, [1, 4, 7, 10, 13]),
    "LIBRARY": ({R_PLT32}, [0, 1 ^ 0x41, 2 ^ 0x4141, 3 ^ 0x414141, 4 ^ 0x41414141]),
    "THROUGH": ({R_GOTPCRELX}, [1, 2, 3, 4, 5]),
    "POINTERS": ({R_64, R_PC32}, [51000, 52001, 51002, 52003, 51004]),
    "ALIGNED": ({R_PC32}, []),
}


@pytest.fixture(autouse=True)
def _cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "directory", lambda: tmp_path / "cache")


def compiled(name: str) -> Object:
    llvm.initialize_native_target()
    llvm.initialize_native_asmparser()  # PLAIN
    return compiler.compiled(getattr(modules, name), True)


def relocations(made: Object) -> set[int]:
    sections = linker._sections(made.data)
    return {
        info & 0xFFFFFFFF
        for s in sections
        if s.kind == linker.RELA and sections[s.info].name != ".eh_frame"
        for _, info, _ in linker.RELOCATION.iter_unpack(s.data)
    }


def image(made: Object) -> Image:
    found = linker.flat(made)
    assert found is not None
    return found


def mapped(made: Image) -> Code:
    keep, addresses = loader.mapped(made)
    return Code(made.functions, addresses, keep, True)


def by_llvm(made: Object) -> Code:
    keep, addresses = compiler.linked(made)
    return Code(made.functions, addresses, keep, True)


@pytest.mark.parametrize("name", CASES)
def test_images_do_what_the_modules_say(name: str) -> None:
    made, (kinds, values) = compiled(name), CASES[name]
    assert relocations(made) == kinds
    kept = read(written(image(made)))  # as it comes from the cache
    assert isinstance(kept, Image)
    here, there = mapped(kept), by_llvm(made)
    assert [here["f"](i) for i in range(len(values))] == values
    assert [here["f"](i) for i in range(3)] == [there["f"](i) for i in range(3)]


@pytest.mark.parametrize("name, kind", [("ADDRESSES", R_REX_GOTPCRELX), ("PLAIN", R_GOTPCREL)])
def test_addresses_are_those_of_the_functions(name: str, kind: int) -> None:
    made = compiled(name)
    assert relocations(made) == {kind}
    code = mapped(image(made))
    assert code["f"](0) == code.addresses["g"]
    if name == "ADDRESSES":
        assert code["f"](1) == by_llvm(made)["f"](1)  # of a function of the C library


def test_constants_are_aligned() -> None:
    """A vector of 32 bytes, and what is before it does not end where such a one may start."""
    made = compiled("ALIGNED")
    before, vector = [s for s in linker._sections(made.data) if s.flags & linker.ALLOC and s.data][:2]
    assert vector.align == 32 and len(before.data) % 32
    assert image(made).data.index(vector.data) % 32 == 0


def test_sections_without_contents_are_not_for_images() -> None:
    """Of type 8, NOBITS, as those of zeros are."""
    made = compiled("TABLE")
    at, number = struct.unpack_from("<Q", made.data, 40)[0], _number(made, ".rodata")
    data = bytearray(made.data)
    struct.pack_into("<I", data, at + 64 * number + 4, 8)
    assert linker.flat(Object(made.functions, bytes(data))) is None


def _number(made: Object, section: str) -> int:
    return [s.name for s in linker._sections(made.data)].index(section)


# --- what LLVM has to link --------------------------------------------------------------------------------------------

COUNTER = """
@count = global i64 40
define i64 @f(i64 %i) {
  %x = load i64, ptr @count
  %y = add i64 %x, %i
  store i64 %y, ptr @count
  ret i64 %y
}
"""
ZEROS = COUNTER.replace("40", "0")
OWN = COUNTER.replace("global", "thread_local global")


@pytest.mark.parametrize("text", [COUNTER, ZEROS, OWN], ids=["written", "zeros", "of a thread"])
def test_memory_that_is_written_is_not_for_images(text: str) -> None:
    assert linker.flat(compiler.compiled(text, True)) is None


def test_what_has_no_image_is_kept_as_an_object() -> None:
    for cached in (False, True):
        code = load("counter", lambda: COUNTER)
        assert code.cached == cached and (code["f"](2), code["f"](3)) == (42, 45)
    (file,) = cache.directory().iterdir()
    assert isinstance(read(file.read_bytes()[cache.DIGEST :]), Object)


KNOWN = {R_64, R_GOTPCREL, R_GOTPCRELX, R_PC32, R_PLT32, R_REX_GOTPCRELX}


@pytest.mark.parametrize("kind", sorted(set(range(46)) - KNOWN))
def test_unknown_relocations_are_not_guessed(kind: int) -> None:
    made = compiled("TABLE")
    entry = next(s for s in linker._sections(made.data) if s.kind == linker.RELA and s.data).data[:24]
    offset, info, addend = linker.RELOCATION.unpack(entry)
    other = linker.RELOCATION.pack(offset, info >> 32 << 32 | kind, addend)
    assert made.data.count(entry) == 1 and linker.flat(made) is not None
    assert linker.flat(Object(made.functions, made.data.replace(entry, other))) is None


def test_places_too_far_away_are_refused() -> None:
    made = compiled("TABLE")
    entry = next(s for s in linker._sections(made.data) if s.kind == linker.RELA and s.data).data[:24]
    offset, info, _ = linker.RELOCATION.unpack(entry)
    other = linker.RELOCATION.pack(offset, info, 1 << 33)
    assert linker.flat(Object(made.functions, made.data.replace(entry, other))) is None


@pytest.mark.parametrize(
    "triple", ["aarch64-linux-gnu", "i686-linux-gnu", "x86_64-apple-darwin", "x86_64-pc-windows-msvc"]
)
def test_other_processors_and_formats_have_no_image(triple: str) -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine: Any = llvm.Target.from_triple(triple).create_target_machine(reloc="pic")
    for text in (modules.TABLE, "define i64 @f(i64 %i) { ret i64 %i }"):  # the second has no relocation
        module = llvm.parse_assembly(text)
        module.triple = triple
        assert linker.flat(Object({"f": 1}, machine.emit_object(module))) is None


def test_functions_that_are_missing_are_noticed() -> None:
    made = compiled("TABLE")
    assert linker.flat(Object({"f": 1, "h": 1}, made.data)) is None


def test_functions_that_the_library_lacks_are_refused() -> None:
    made = image(compiler.compiled(modules.LIBRARY.replace("strlen", "no_such_function"), True))
    with pytest.raises(loader.Refused):
        loader.mapped(made)
