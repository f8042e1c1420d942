"""Specs written in Python: parsed with `ast`, never imported or run.

`text` looks at the characters and gives a tree that is safe to walk. `module` reads imports and definitions, `cases`
the cases, `classes` specs, records and their methods, `statements` and `expressions` what is in them. `codes` lists
what is refused.
"""

from __future__ import annotations

from modelcheck.errors import Diagnostic, Source
from modelcheck.frontends.python import module, text
from modelcheck.frontends.python.reader import Reader
from modelcheck.ir import surface


def parse(source: Source) -> tuple[surface.Module | None, tuple[Diagnostic, ...]]:
    """The module, and everything in it that is not part of the language, in the order of the text. Where there are
    diagnostics the module lacks what they speak of; it is None where the text is not Python at all."""
    reader = Reader(text.without_odd_characters(source))
    tree = text.tree(reader, source.text)
    found = module.read(reader, tree) if tree else None
    ordered = sorted(reader.diagnostics, key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0))
    return found, tuple(ordered)
