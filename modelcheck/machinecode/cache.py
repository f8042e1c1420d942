"""Machine code on disk, one file for each module and machine, in the user's cache directory.

It is an aid and nothing else: a directory that cannot be written, a file that is cut short or damaged, are as if there
were nothing. Files are written whole or not at all; the oldest go when there are too many.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

LIMIT = 64 << 20  # bytes of all files
DIGEST = 32


def directory() -> Path:
    """$XDG_CACHE_HOME/modelcheck, or ~/.cache/modelcheck."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "modelcheck"


def key(*parts: str) -> str:
    """The name of what these parts determine."""
    return sha256("\0".join(parts).encode()).hexdigest()


def find(name: str) -> bytes | None:
    """What was kept under a name, if it is there and whole."""
    try:
        path = directory() / f"{name}.o"
        data = path.read_bytes()
        if sha256(data[DIGEST:]).digest() != data[:DIGEST]:
            return None
        os.utime(path)
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    return data[DIGEST:]


def keep(name: str, data: bytes) -> None:
    """Keeps it, if that can be done."""
    try:
        folder = directory()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(sha256(data).digest() + data)
        os.replace(file.name, folder / f"{name}.o")
        _shrink(folder)
    except (OSError, RuntimeError):
        return


def _shrink(folder: Path) -> None:
    """Removes the files that were used longest ago, until the rest is small enough."""
    files = [(path.stat(), path) for path in folder.iterdir() if path.is_file()]
    total = 0
    for status, path in sorted(files, key=lambda f: f[0].st_mtime, reverse=True):
        total += status.st_size
        if total > LIMIT:
            path.unlink(missing_ok=True)
