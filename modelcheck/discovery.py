"""Which files hold specs, and which cases are meant: by a look at text and names, before the front end is asked.

Light on purpose: pytest asks about every Python file of whatever project this package is installed in. Most are told
by a search in their text; only of what is left (a spec, or a file that quotes one) the top level is read.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Callable, Iterable, Iterator

from modelcheck.errors import MissingFile, UsageError

_IMPORTS = re.compile(r"^from\s+modelcheck\s+import\s+(?:\(([^)]*)\)|([^(\n]*)$)", re.MULTILINE)
_CASES = re.compile(r"^CASES\s*(:[^=\n]*)?=", re.MULTILINE)
_TESTS = re.compile(r"^(async\s+)?def\s+test", re.MULTILINE)


def holds_spec(text: str, *, with_cases: bool = False) -> bool:
    """Whether a Python file is a spec (one with cases): it has CASES made of Case, or imports Spec. A test module that
    uses the checker is none."""
    imported = {name for found in _IMPORTS.finditer(text) for name in re.findall(r"\w+", found[1] or found[2])}
    cases = "Case" in imported and _CASES.search(text) is not None
    return (cases or (not with_cases and "Spec" in imported)) and _is_spec(text)


def _is_spec(text: str) -> bool:
    """Whether `from modelcheck import` is a statement of the module, no line of a string in it, and the module has no
    tests. A text that cannot be parsed is taken for what it looks like: its mistakes are to be reported."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return not _TESTS.search(text)
    imports = any(isinstance(x, ast.ImportFrom) and x.module == "modelcheck" and x.level == 0 for x in body)
    return imports and not any(_is_test(x) for x in body)


def _is_test(statement: ast.stmt) -> bool:
    """What pytest would collect: a spec class may well be called TestAndSet."""
    match statement:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
            return name.startswith("test")
        case ast.ClassDef(name, []):
            return name.startswith("Test")
    return False


def spec_files(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    """The files named, and of each folder every `*.py` below it that holds a spec, in order of their names;
    folders whose names begin with a dot are left out. Raises MissingFile."""
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            found.update(dict.fromkeys(_below(path)))
        elif path.exists():
            found[path] = None
        else:
            raise MissingFile(f"{path}: there is no such file or directory")
    return tuple(found)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and holds_spec(path.read_text(encoding="utf-8", errors="replace")):
            yield path


# --- -k ---------------------------------------------------------------------------------------------------------------


def matcher(expression: str) -> Callable[[str], bool]:
    """`drain and not srcu`, `(a or b) and c`, `without the drain`: names are substrings, whatever their case; words
    that stand side by side are one name. Raises UsageError."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression)
    reader = _Reader(tokens, expression)
    matches = reader.any_of()
    if reader.tokens:
        reader.fail()
    return lambda text: matches(text.lower())


class _Reader:
    def __init__(self, tokens: list[str], expression: str):
        self.tokens, self.expression = tokens, expression

    def fail(self) -> None:
        raise UsageError(f"-k {self.expression!r} is no expression of names, `and`, `or`, `not` and parentheses")

    def any_of(self) -> Callable[[str], bool]:
        parts = [self.all_of()]
        while self.tokens[:1] == ["or"]:
            self.tokens.pop(0)
            parts.append(self.all_of())
        return lambda text: any(part(text) for part in parts)

    def all_of(self) -> Callable[[str], bool]:
        parts = [self.one()]
        while self.tokens[:1] == ["and"]:
            self.tokens.pop(0)
            parts.append(self.one())
        return lambda text: all(part(text) for part in parts)

    def one(self) -> Callable[[str], bool]:
        if not self.tokens or self.tokens[0] in ("and", "or", ")"):
            self.fail()
        token = self.tokens.pop(0)
        if token == "not":
            inner = self.one()
            return lambda text: not inner(text)
        if token == "(":
            inner = self.any_of()
            if self.tokens[:1] != [")"]:
                self.fail()
            self.tokens.pop(0)
            return inner
        words = [token]
        while self.tokens and self.tokens[0] not in ("and", "or", "not", "(", ")"):
            words.append(self.tokens.pop(0))
        name = " ".join(words).lower()
        return lambda text: name in text
