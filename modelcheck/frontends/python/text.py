"""From a text to a syntax tree that is safe to walk.

Python's parser answers some texts with MemoryError, RecursionError or SystemError, and gives trees that no recursive
pass survives. So the text is looked at before, and the depth of the tree is measured, without recursion, after. What
follows may recurse as it likes: a tree is at most `DEPTH_LIMIT` statements and expressions deep.
"""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from dataclasses import replace

from modelcheck.errors import Source, Span
from modelcheck.frontends.python.reader import Reader

DEPTH_LIMIT = 60
ENCODING = re.compile(r"[ \t]*#.*?coding[:=][ \t]*([-\w.]+)")
UTF_8 = ("utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii")
BIDIRECTIONAL = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def without_odd_characters(source: Source) -> Source:
    """The source as it can be shown: what would confuse a terminal, or cannot be encoded, is replaced. Same columns."""
    if not any(_odd(c) for c in set(source.text)):
        return source
    return replace(source, text="".join("\ufffd" if _odd(c) else c for c in source.text))


def tree(reader: Reader, text: str) -> ast.Module | None:
    """The syntax tree of the text, which is the reader's before odd characters were replaced; None where refused."""
    _characters(reader, text)
    _encoding(reader)
    module = None if reader.diagnostics else _parse(reader)
    if module is None or _too_deep(reader, module):
        return None
    return module


def _odd(c: str) -> bool:
    """Control characters other than the ends of lines and tabs, halves of characters, and those that turn the order of
    reading around, so that a text says something else than it shows."""
    return (c not in "\n\r\t" and unicodedata.category(c) in ("Cc", "Cs")) or c in BIDIRECTIONAL


def _characters(reader: Reader, text: str) -> None:
    """Refuses the first of each kind of character that has no place."""
    if bare := re.search(r"\r(?!\n)", text):
        hint = "end lines with a line feed, as everywhere but on old Macs"
        reader.refuse("P003", "a carriage return alone does not end a line", _at(reader, text, bare.start()), hint)
    if tab := re.search(r"^ *\t", text, re.MULTILINE):
        hint = "indent with four spaces"
        reader.refuse("P003", "a tab in the indentation", _at(reader, text, tab.end() - 1), hint)
    odd = (c for c in dict.fromkeys(text) if _odd(c))
    for c in list(odd)[:5]:
        what = "a form feed" if c == "\f" else f"the character U+{ord(c):04X}, which cannot be seen,"
        reader.refuse("P003", f"{what} has no place in a spec", _at(reader, text, text.index(c)), "take it out")


def _encoding(reader: Reader) -> None:
    for number, line in enumerate(reader.lines[:2], 1):
        declared = ENCODING.match(line)
        if declared and declared[1].lower().replace("_", "-") not in UTF_8:
            span = Span(reader.source, number, declared.start(1), number, declared.end(1))
            reader.refuse("P001", f"the file says that it is {declared[1]}", span, "specs are UTF-8: take the line out")


def _at(reader: Reader, text: str, index: int) -> Span:
    line, column = text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1)
    return Span(reader.source, line, column, line, column + 1)


def _parse(reader: Reader) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes like "\d", which Python takes as they stand
            return ast.parse(reader.source.text)
    except SyntaxError as error:
        _refuse_syntax(reader, error)
    except (MemoryError, RecursionError, SystemError, ValueError, OverflowError):
        # Python does not say where. What is nested that deep stands in one line, as a rule the longest.
        number = max(range(len(reader.lines)), key=lambda i: len(reader.lines[i])) + 1
        span = Span(reader.source, number, 0, number, len(reader.lines[number - 1]))
        hint = "give parts of it names, in statements or methods of their own"
        reader.refuse("P002", "Python's parser gives up on this text: it is nested too deeply", span, hint)
    return None


SYNTAX_HINTS = (
    ("Maybe you meant '==' or ':=' instead of '='", "`=` assigns, `==` compares"),
    ("unindent does not match", "indent every block by four spaces"),
    ("unexpected indent", "indent every block by four spaces"),
    ("expected an indented block", "indent what belongs to it by four spaces; write `pass` where there is nothing"),
    ("expected ':'", "end the line with `:`"),
    ("was never closed", "close it, or look for a comma that is missing before it"),
    ("unterminated", "close the string with the quote it began with"),
    ("Exceeds the limit", "integers have at most 64 bits"),
    ("too many", "split it into parts with names of their own"),
)


def _refuse_syntax(reader: Reader, error: SyntaxError) -> None:
    """Where Python says the mistake is, brought inside the text: it may point behind the end, or nowhere."""
    count = len(reader.lines)
    line = min(max(error.lineno or 1, 1), count)
    width = len(reader.lines[line - 1])
    column = min(max((error.offset or 1) - 1, 0), width)
    end_line, end = error.end_lineno or line, (error.end_offset or 0) - 1
    if not line <= end_line <= count or (end_line == line and end <= column):
        end_line, end = line, column + 1
    message = error.msg.split(" (<unknown>")[0]
    hint = next((h for part, h in SYNTAX_HINTS if part in message), "a spec is written in Python's syntax")
    reader.refuse("P004", f"not Python: {message}", Span(reader.source, line, column, end_line, max(end, 0)), hint)


def _too_deep(reader: Reader, module: ast.Module) -> bool:
    """Refuses, at the first place in the text, what is deeper than any later pass need expect."""
    waiting: list[tuple[ast.AST, int]] = [(module, 0)]
    deep: list[ast.AST] = []
    while waiting:
        node, depth = waiting.pop()
        if depth > DEPTH_LIMIT:
            deep.append(node)
            continue
        if isinstance(node, ast.Compare):
            depth += len(node.ops) - 1  # a chain of comparisons means one `and` inside the other
        for child in ast.iter_child_nodes(node):
            waiting.append((child, depth + isinstance(child, (ast.stmt, ast.expr, ast.comprehension, ast.pattern))))
    if deep:
        first = min(deep, key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0)))
        hint = "give parts of it names of their own; put the cases of a long `elif` into methods"
        reader.refuse("P005", f"nested more than {DEPTH_LIMIT} deep", _place(reader, first), hint)
    return bool(deep)


def _place(reader: Reader, node: ast.AST) -> Span:
    return reader.span(node) if hasattr(node, "lineno") else Span(reader.source, 1, 0, 1, 0)
