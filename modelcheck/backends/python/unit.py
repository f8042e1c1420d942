"""One generated module: its functions, its tables, the fault sites of the system it belongs to."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

from modelcheck.backends.python import runtime
from modelcheck.backends.python.code import Block, indent
from modelcheck.errors import Diagnostic, Span, SpecError
from modelcheck.ir.layout import Layout
from modelcheck.ir.ops import FaultKind
from modelcheck.system import Site

RECURSION_LIMIT = 10_000

SHARED: dict[str, Callable[..., Any]] = {
    "members": runtime.Members,
    "items": runtime.Items,
    "ordinals": runtime.ordinals,
    "converter": runtime.converter,
}


@contextmanager
def recursion(span: Span | None) -> Iterator[None]:
    """Generating code recurses as deep as the spec nests, more than Python allows by default."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    except RecursionError:
        raise too_deep(span) from None
    finally:
        sys.setrecursionlimit(before)


def too_deep(span: Span | None) -> SpecError:
    hint = "split deeply nested expressions and loops"
    return SpecError([Diagnostic("B005", "the spec is nested too deeply for the Python back end", span, hint)])


@dataclass(slots=True)
class Unit:
    """Collects what is generated; `run` compiles it. Names are unique within a unit, not between units."""

    layout: Layout
    sites: list[Site] = field(default_factory=list)
    scope: dict[str, Any] = field(
        default_factory=lambda: {"_fail": runtime.fail, "_report": runtime.report, "_Stop": runtime.Stop}
    )
    lines: list[str] = field(default_factory=list)
    count: int = 0
    tables: dict[tuple[Any, ...], str] = field(default_factory=dict)
    numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def temporary(self) -> str:
        return self.fresh("x")

    def site(self, kind: FaultKind, span: Span | None, message: str | None = None) -> int:
        """The number of a place that can fail."""
        key = (kind, id(span), message)  # the spans of a model live as long as its unit
        if key not in self.numbers:
            self.numbers[key] = len(self.sites)
            self.sites.append(Site(kind, span, message))
        return self.numbers[key]

    def shared(self, what: str, *types: Any) -> str:
        """The global name of a table or a function of `runtime` for these types."""
        key = (what, *types)
        if key not in self.tables:
            name = self.fresh("_" + what)
            self.tables[key] = name
            self.scope[name] = SHARED[what](*types)
        return self.tables[key]

    def define(self, prefix: str, parameters: str, block: Block, name: str | None = None) -> str:
        """Adds a function and gives its name."""
        name = name or self.fresh("_" + prefix)
        self.lines += [f"def {name}({parameters}):", *indent(block, 1)]
        return name

    def run(self) -> dict[str, Any]:
        """Compiles what has been added since the last run: the scope with its functions."""
        try:
            code = compile("\n".join(self.lines), "<generated>", "exec")
        except (SyntaxError, RecursionError, MemoryError) as error:  # CPython's limits on nesting
            raise too_deep(None) from error
        exec(code, self.scope)
        self.lines.clear()
        return self.scope
