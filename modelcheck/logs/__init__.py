"""Readers of logs: text to events. A new one is a module with `read(source)` and a row in `FORMATS`.

`read` gives a Log, or raises SpecError with a diagnostic for each line that is not of the format (L001).
"""

from __future__ import annotations

import importlib
import os

from modelcheck.errors import MissingFile, Source, UsageError
from modelcheck.logs.events import Log

FORMATS = {"strace": "modelcheck.logs.strace", "ndjson": "modelcheck.logs.ndjson"}
ENDINGS = {".strace": "strace", ".ndjson": "ndjson", ".jsonl": "ndjson"}


def read(path: str | os.PathLike[str], format: str = "auto") -> Log:
    """The log in a file. format: "auto" goes by the file's name, then by its first character. Raises SpecError,
    MissingFile, UsageError."""
    shown = os.fspath(path)
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            text = file.read()
    except OSError as error:
        raise MissingFile(f"{shown}: {error.strerror or error}") from None
    return read_text(text, shown, format)


def read_text(text: str, path: str, format: str = "auto") -> Log:
    if format == "auto":
        format = ENDINGS.get(os.path.splitext(path)[1]) or ("ndjson" if text.lstrip()[:1] == "{" else "strace")
    if format not in FORMATS:
        raise UsageError(f"there is no format `{format}` of logs; it is one of {', '.join(FORMATS)}")
    return importlib.import_module(FORMATS[format]).read(Source(path, text))
