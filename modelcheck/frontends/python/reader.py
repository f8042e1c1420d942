"""What every part of the front end shares while one file is read: spans, what was imported, what has been refused."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass, field
from typing import Collection, NamedTuple

from modelcheck.errors import Diagnostic, Source, Span
from modelcheck.frontends.python.codes import CODES


class Place(NamedTuple):
    """A piece of the text as `ast` gives it: lines from 1, columns in bytes of UTF-8 from 0."""

    lineno: int
    col_offset: int
    end_lineno: int
    end_col_offset: int


@dataclass(slots=True)
class Reader:
    """`language`: what the file imports from modelcheck, by the name it has here; `defined`: every other name of its
    module level. Refusals are collected, so that one run shows them all; whoever refuses an expression goes on with a
    literal in its place."""

    source: Source
    language: dict[str, str] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = self.source.text.split("\n")

    def span(self, node: ast.AST | Place) -> Span:
        first, last = node.lineno, node.end_lineno or node.lineno  # type: ignore[union-attr]
        start, end = node.col_offset, node.end_col_offset  # type: ignore[union-attr]
        return Span(self.source, first, self._character(first, start), last, self._character(last, end or start))

    def through(self, node: ast.stmt, last: ast.expr) -> Span:
        """From the start of a statement to the end of its last expression: the line of an `if` without its body."""
        start, end = self.span(node), self.span(last)
        return Span(self.source, start.line, start.column, end.end_line, end.end_column)

    def name_span(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Span:
        """The name in a `def` or `class` line."""
        start = self.span(node)
        line = self.lines[start.line - 1]
        begin = start.column
        for keyword in ("async", "def", "class"):
            if line.startswith(keyword, begin) and line[begin + len(keyword) : begin + len(keyword) + 1].isspace():
                begin += len(keyword)
                begin += len(line[begin:]) - len(line[begin:].lstrip())
        end = begin
        while end < len(line) and (line[end] == "_" or line[end].isalnum()):
            end += 1
        return Span(self.source, start.line, begin, start.line, max(end, begin + 1))

    def _character(self, line: int, column: int) -> int:
        """The column in characters of a column in bytes."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return min(column, len(text)) if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))

    def written(self, node: ast.AST) -> str:
        """The node as the author wrote it, for a hint: its first line, cut short."""
        text = self.span(node).text
        return text if len(text) <= 40 else text[:37] + "..."

    def refuse(self, code: str, message: str, at: ast.AST | Place | Span, hint: str) -> None:
        assert code in CODES, code
        span = at if isinstance(at, Span) else self.span(at)
        self.diagnostics.append(Diagnostic(code, message, span, hint))

    def word(self, node: ast.expr, among: Collection[str]) -> str | None:
        """The name of the language that `node` stands for, if it is one of these. One that is not imported is refused,
        and taken for what it says."""
        if not isinstance(node, ast.Name):
            return None
        if self.language.get(node.id) in among:
            return self.language[node.id]
        if node.id in among and node.id not in self.language:
            hint = f"add it to the imports: `from modelcheck import {node.id}`"
            self.refuse("P025", f"`{node.id}` is not imported", node, hint)
            return node.id
        return None


def closest(name: str, among: Collection[str]) -> str:
    """` did you mean ...?` or nothing, for the end of a hint."""
    close = difflib.get_close_matches(name, among, 1)
    return f"did you mean `{close[0]}`?" if close else ""
