"""Arrays that grow in place: address space is reserved, and memory taken when it is first written.

So growth copies nothing, never holds an array twice, and leaves every view of the array valid. Large pages are asked
for: the store reads at random, and with small pages most reads would miss the address translation too.
"""

from __future__ import annotations

import ctypes
import mmap
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

HUGE = 1 << 21
NORESERVE = 0x4000  # Linux; python 3.11 has no name for it

MAP_FIXED = 0x10
LEAST_ROWS = 1 << 18

available = hasattr(mmap, "MAP_PRIVATE")


def room(row: int, most: int) -> int:
    """How many rows of `row` bytes there is address space for, and as much again for everything else: `most`, or where
    it is limited a part of that. Raises MemoryError where it is next to nothing."""
    rows = most
    while rows >= LEAST_ROWS:
        with suppress(OSError):
            mmap.mmap(-1, 2 * rows * row, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE).close()
            return rows
        rows //= 4
    raise MemoryError


def reserved(rows: int, columns: int | None, dtype: Any) -> NDArray[Any]:
    """Zeros, (rows, columns) or (rows,), of which only what is written takes memory, in large pages. Raises MemoryError
    where that much address space is not to be had."""
    size = np.dtype(dtype).itemsize * (1 if columns is None else columns)
    array = _zeros(rows * size, NORESERVE).view(dtype)[: rows * size]
    return array if columns is None else array.reshape(rows, columns)


def zeros(count: int, dtype: Any) -> NDArray[Any]:
    """As `numpy.zeros`, in large pages where there are any: for what is read at random, or once and quickly."""
    size = count * np.dtype(dtype).itemsize
    if not available or size < 2 * HUGE:
        return np.zeros(count, dtype)
    return _zeros(size, 0).view(dtype)[:count]


def _zeros(size: int, flags: int) -> NDArray[np.uint8]:
    """Of `size` bytes, rounded down to what is asked. Large pages need an aligned start."""
    large = size >= 2 * HUGE
    try:
        area = mmap.mmap(-1, size + HUGE if large else size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | flags)
    except OSError as error:
        raise MemoryError from error
    array = np.frombuffer(area, np.uint8)
    skipped = -array.ctypes.data % HUGE if large else 0
    if large and hasattr(mmap, "MADV_HUGEPAGE"):
        area.madvise(mmap.MADV_HUGEPAGE, skipped, size // HUGE * HUGE)  # not the rest: it would be rounded up
    return array[skipped : skipped + size]


def address(array: NDArray[Any]) -> int:
    """Where it is; as `array.ctypes.data`, which takes a microsecond."""
    return array.__array_interface__["data"][0]


def replace_by_file(arrays: Sequence[NDArray[Any]], path: Path, offset: int) -> None:
    """Maps a file, from `offset` on, in place of the memory of arrays that lie in it one after the other. They start
    and end at pages, and hold what the file holds: nothing changes but that the system can take the pages back."""
    protection, flags = mmap.PROT_READ, mmap.MAP_PRIVATE | MAP_FIXED
    with open(path, "rb") as file:
        for array in arrays:
            place = address(array)
            got = _libc().mmap(place, array.nbytes, protection, flags, file.fileno(), offset)
            if got != place:
                raise OSError(ctypes.get_errno(), "cannot map", str(path))
            offset += array.nbytes


def release(array: NDArray[Any]) -> None:
    """Gives the memory of whole pages in an array back. What it held is lost."""
    first = array.ctypes.data + -array.ctypes.data % mmap.PAGESIZE
    end = array.ctypes.data + array.nbytes
    size = (end - first) // mmap.PAGESIZE * mmap.PAGESIZE
    if size > 0 and hasattr(mmap, "MADV_DONTNEED"):
        _libc().madvise(first, size, mmap.MADV_DONTNEED)


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    word = ctypes.c_size_t
    library.mmap.restype = word
    library.mmap.argtypes = (word, word, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64)
    library.madvise.argtypes = (word, word, ctypes.c_int)
    return library
