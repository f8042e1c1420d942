"""Front ends: text to a SURFACE program. A new one is a module with `parse(source)` and a row in `FRONTENDS`.

`parse` gives `(Module, diagnostics)`; the module is None where the text could not be read at all, and its imports still
hold what the author wrote (`..linux.eventfd`), which `source` turns into files.
"""

from __future__ import annotations

import importlib
import os

from modelcheck.errors import UsageError
from modelcheck.frontends import source
from modelcheck.ir.surface import Program

FRONTENDS = {".py": "modelcheck.frontends.python"}  # by the end of the file's name; loaded when used


def load(path: str | os.PathLike[str]) -> Program:
    """The spec file and all that it imports. SpecError: every mistake of every file; MissingFile; UsageError: a file of
    a kind that has no front end."""
    return source.load(os.fspath(path), _parser(os.fspath(path)))


def load_text(text: str, path: str = "spec.py") -> Program:
    """As `load`, with the text given: `path` is what it is called, and where its relative imports start from."""
    return source.load(path, _parser(path), text)


def _parser(path: str) -> source.Parser:
    ending = os.path.splitext(path)[1]
    if ending not in FRONTENDS:
        known = ", ".join(f"*{e}" for e in FRONTENDS)
        raise UsageError(f"{path}: a spec is a file of one of these kinds: {known}")
    return importlib.import_module(FRONTENDS[ending]).parse
