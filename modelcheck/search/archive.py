"""Rows of a state store in files: each written whole or not at all, and read only if its checksum agrees.

A file holds rows first..end - 1: a head of 64 KiB (one line of JSON, padded), then the columns, states, parents and
actions, as they stand in memory, little-endian. A column of whole chunks starts and ends at a page of any machine, so
that it can be mapped in place of the memory that held it.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.errors import MissingFile

FORMAT = "modelcheck-states/1"
HEAD = 1 << 16
CHUNK = 1 << 18  # rows; one byte of each fills four pages of 64 KiB

Columns = Sequence[NDArray[Any]]  # (n, width) uint64, (n,), (n,)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of rows first..end - 1, and the digest of its columns."""

    name: str
    first: int
    end: int
    digest: str


def write(folder: Path, first: int, columns: Columns) -> Part:
    """Puts a part into the folder. Raises OSError, and leaves no file then that has a part's name."""
    columns = [_little(c) for c in columns]
    end = first + len(columns[0])
    digest = _digest(columns)
    head = {"format": FORMAT, "first": first, "end": end, "sha256": digest, "columns": [_kind(c) for c in columns]}
    name = f"rows-{first}-{end}-{digest[:16]}.states"  # other bytes, another file: what a manifest names stays as it is
    content = (json.dumps(head).encode().ljust(HEAD, b"\n"), *(c.reshape(-1).view(np.uint8).data for c in columns))
    put(folder / name, content)
    return Part(name, first, end, digest)


def read(folder: Path, part: Part) -> list[NDArray[Any]]:
    """The columns, mapped from the file. Raises MissingFile for a file that is not what was written."""
    path = folder / part.name
    try:
        with open(path, "rb") as file:
            head = json.loads(file.read(HEAD))
        columns, offset, count = [], HEAD, part.end - part.first
        for dtype, width in head["columns"]:
            shape = (count, width) if width else (count,)
            columns.append(np.memmap(path, dtype, "r", offset, shape))
            offset += columns[-1].nbytes
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MissingFile(f"{path} is no part of a search: {error}") from error
    if head["format"] != FORMAT or _digest(columns) != part.digest:
        raise MissingFile(f"{path} is damaged: its checksum is not that of what was written")
    return columns


def put(path: Path, content: Sequence[Any]) -> None:
    """A file that appears with all of its content, on the disk, or not at all."""
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
        try:
            for piece in content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _little(column: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(column, column.dtype.newbyteorder("<"))


def _kind(column: NDArray[Any]) -> tuple[str, int]:
    return column.dtype.str, column.shape[1] if column.ndim == 2 else 0


def _digest(columns: Columns) -> str:
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
