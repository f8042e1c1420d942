"""What the functions of one model share: its layout, its fault sites, its constant tables, the text of the module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from modelcheck.backends.llvm.code import Code
from modelcheck.backends.llvm.memory import WORD, words
from modelcheck.errors import Span
from modelcheck.ir.layout import Layout
from modelcheck.ir.ops import FaultKind
from modelcheck.system import Site


@dataclass(slots=True)
class Unit:
    """Collects functions and tables. `text` depends on nothing but what was added."""

    layout: Layout
    sites: list[Site] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    tables: dict[tuple[int, tuple[int, ...]], str] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    numbers: dict[tuple[FaultKind, int, str | None], int] = field(default_factory=dict)

    def site(self, kind: FaultKind, span: Span | None, message: str | None = None) -> int:
        """The number of a place that can fail."""
        key = (kind, id(span), message)  # the spans of a model live as long as its unit
        if key not in self.numbers:
            self.numbers[key] = len(self.sites)
            self.sites.append(Site(kind, span, message))
        return self.numbers[key]

    def table(self, entries: Iterable[int], size: int = WORD) -> str:
        """The address of a constant array: for each entry of `size` bits its words, lowest first."""
        key = (words(size), tuple(entries))
        return self.tables.setdefault(key, f"@table{len(self.tables)}")

    def define(self, head: str, code: Code) -> None:
        self.declared |= code.needed
        self.functions.append(f"define {head} {{\n{code.text()}\n}}")

    def text(self) -> str:
        tables = [_table(name, count, entries) for (count, entries), name in self.tables.items()]
        return "\n".join([*tables, *sorted(self.declared), *self.functions]) + "\n"


def _table(name: str, count: int, entries: tuple[int, ...]) -> str:
    mask = (1 << WORD) - 1
    parts = [e >> WORD * i & mask for e in entries for i in range(count)] or [0]
    listed = ", ".join(f"i64 {p}" for p in parts)
    return f"{name} = private unnamed_addr constant [{len(parts)} x i64] [{listed}], align 8"
