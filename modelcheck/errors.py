"""What a user is told when something is wrong: where, what, why, and what to write instead.

The author's mistake is a `Diagnostic`, collected and raised together as one `SpecError`; a wrong command line is a
`UsageError`; our own mistake is an `InternalError`. Nothing else leaves the package as an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the path that users know it by (relative to where they stand, where that is possible)."""

    path: str
    text: str = field(repr=False)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end; empty beyond the end of the text."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a source. Lines count from 1, columns from 0 in characters; the end column is exclusive."""

    source: Source = field(repr=False, compare=False)
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def place(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column + 1}"

    @property
    def text(self) -> str:
        """The characters of the span; of its first line only, where it has several."""
        line = self.source.line(self.line)
        return line[self.column : self.end_column if self.end_line == self.line else len(line)]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong (or, as a note, worth knowing), with the fix in `hint`. Codes are stable, texts not."""

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    severity: str = "error"

    @property
    def place(self) -> str:
        return self.span.place if self.span else ""

    def is_in(self, path: str) -> bool:
        """Also where it has no place."""
        return self.span is None or self.span.source.path == path


class SpecError(Exception):
    """A spec that does not parse or typecheck: every diagnostic of the stage that refused it. Exit code 150.

    partial: from a front end, the program without what the diagnostics speak of, so that later stages can look for
    further mistakes; None where nothing sensible is left.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], partial: object = None):
        self.diagnostics = tuple(diagnostics)
        self.partial = partial
        super().__init__("; ".join(f"{d.place}: {d.code}: {d.message}" for d in self.diagnostics))


class AssumptionError(SpecError):
    """An assumption on the constants is false. Exit code 10."""


class UsageError(Exception):
    """An unknown name on the command line, an unsound combination, a feature that is not there yet. Exit code 1."""


class MissingFile(Exception):
    """A file that is not there or cannot be read. Exit code 255."""


class InternalError(Exception):
    """Our own mistake. Exit code 255."""


def render(diagnostic: Diagnostic) -> str:
    """The diagnostic as users see it: place, code, message, the source line, carets, hint."""
    span, parts = diagnostic.span, []
    head = f"{span.place}: " if span else ""
    parts.append(f"{head}{diagnostic.severity} {diagnostic.code}: {diagnostic.message}")
    if span:
        line = span.source.line(span.line).expandtabs(1)
        end = span.end_column if span.end_line == span.line else len(line.rstrip())
        start, end = min(span.column, len(line)), min(end, len(line))
        begin = max(0, min(start - 60, len(line) - 120)) if len(line) > 120 else 0
        shown = line[begin : begin + 120]
        carets = " " * (start - begin) + "^" * max(1, min(end, begin + 120) - start)
        parts.append(f"{span.line:5d} | {shown}".rstrip())
        parts.append(f"      | {carets}")
    if diagnostic.hint:
        parts.append(f"      = hint: {diagnostic.hint}")
    return "\n".join(parts)


def render_all(diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics in order of place, a blank line between them."""
    return "\n\n".join(map(render, sorted(diagnostics, key=_order)))


def _order(diagnostic: Diagnostic) -> tuple[str, int, int]:
    span = diagnostic.span
    return (span.source.path, span.line, span.column) if span else ("", 0, 0)
