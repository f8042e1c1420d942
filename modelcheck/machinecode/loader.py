"""Images in memory that is first written, then run, never both; and what a compiler leaves behind, given back."""

from __future__ import annotations

import ctypes
import mmap
import re
import struct
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from modelcheck.machinecode.object import Image

# of Linux: a part of memory that cannot be written, and what is told of it
MAPPING = r"(?m)^(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) r-.p \S+ \S+ \S+ +(?P<path>.+)\n(?P<told>(\w+: .*\n)+)"
UNCHANGED = {"Anonymous: 0 kB", "Swap: 0 kB"}  # since it was mapped from its file


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
    """Gives back the memory that was freed, and that of a library's code and constants, until it runs again: pages that
    are those of its file, and no others. library: a part of the file's name. Nothing where the system does not tell."""
    with suppress(AttributeError, TypeError):  # another C library than glibc; another system
        _library().malloc_trim(0)
    with suppress(OSError):
        for found in re.finditer(MAPPING, Path("/proc/self/smaps").read_text()):
            told = {" ".join(line.split()) for line in found["told"].splitlines()}
            if library in found["path"] and UNCHANGED <= told:
                start, end = int(found["start"], 16), int(found["end"], 16)
                _library().madvise(start, end - start, mmap.MADV_DONTNEED)


@cache
def _library() -> Any:
    library, word = ctypes.CDLL(None, use_errno=True), ctypes.c_size_t
    library.mprotect.argtypes = library.madvise.argtypes = (word, word, ctypes.c_int)
    return library
