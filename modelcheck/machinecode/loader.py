"""Images in memory that is first written, then run, never both; and what a compiler leaves behind, given back."""

from __future__ import annotations

import ctypes
import mmap
import struct
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from modelcheck.machinecode.object import Image


class Refused(Exception):
    """The system does not let the image run: memory may not become code, or the C library lacks a function."""


def mapped(image: Image) -> tuple[object, dict[str, int]]:
    """What the image lives in, and the addresses of its functions. It lasts as long as the former is referred to."""
    try:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        area = mmap.mmap(-1, len(image.data), flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        base = ctypes.addressof(ctypes.c_char.from_buffer(area))
        area.write(image.data)
        for place, name, addend in image.pointers:
            struct.pack_into("<Q", area, place, (_address(name) if name else base) + addend)
        if _library().mprotect(base, len(image.data), mmap.PROT_READ | mmap.PROT_EXEC):
            raise OSError(ctypes.get_errno(), "mprotect")
    except (OSError, AttributeError) as error:  # the latter: a system without these calls, or without the function
        raise Refused from error
    return area, {name: base + offset for name, offset in image.offsets.items()}


def _address(name: str) -> int:
    address = ctypes.cast(getattr(_library(), name), ctypes.c_void_p).value
    assert address is not None
    return address


def trim(library: str) -> None:
    """Gives back the memory that was freed, and that of a library's machine code, until it runs again: the pages are
    those of its file. library: a part of the file's name. Nothing where the system does not tell."""
    with suppress(OSError, AttributeError, ValueError):
        _library().malloc_trim(0)
        for line in Path("/proc/self/maps").read_text().splitlines():
            place, access, *_, path = line.split()
            if access == "r-xp" and library in Path(path).name:
                start, end = (int(address, 16) for address in place.split("-"))
                _library().madvise(start, end - start, mmap.MADV_DONTNEED)


@cache
def _library() -> Any:
    library, word = ctypes.CDLL(None, use_errno=True), ctypes.c_size_t
    library.mprotect.argtypes = library.madvise.argtypes = (word, word, ctypes.c_int)
    library.malloc_trim.argtypes = (word,)
    return library
