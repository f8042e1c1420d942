"""The TYPED dialect, which lives between passes: statements with helper calls already inlined, not yet cut into steps.

It is CORE (`ir.nodes`) plus the structured control flow of the source. `Loop`, `Scope` and `For` nest; `Break` and
`Continue` speak of the nearest loop, `Leave` of the nearest scope. Predicates may also hold `PlaceTest`, `ProcessLocal`
and `StepTest`, which are resolved once every process has its places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Literal

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir.types import BOOL, FORMULA, Type


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """`while True`; the test of a `while` has become an `If` with a `Break`."""

    body: tuple[TStmt, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Break:
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Continue:
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The body of an inlined call. `Leave` is its `return`; before it, the result, if any, was assigned to the local
    named `result`, which outlives the scope."""

    body: tuple[TStmt, ...]
    span: Span
    result: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Leave:
    """`empty`: a `return` without a value."""

    span: Span
    empty: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Yield:
    """`label` as written. `site`: the places of the calls of procedures that it stands in, line and column by turns,
    the outermost first; empty outside procedures."""

    label: str
    kind: Literal["step", "idle"]
    source: str | None
    site: tuple[int, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """`return value` before the type of the result is known; replaced when the call has been inlined."""

    value: n.Expr
    span: Span


SOURCE_SITE = -1  # the site of an `if` or `when` of the source, until it is known to remain and gets its number

TStmt = n.Stmt | Loop | Break | Continue | Scope | Leave | Yield | Result


@dataclass(frozen=True, slots=True)
class Goto:
    """The end of a step: the process stands at place number `place`. Becomes an assignment when liveness is known."""

    place: int


# --- expressions that wait for the places -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceTest:
    """Whether process instance `process` stands at a place labelled `label` (None: is done)."""

    process: int
    label: str | None
    span: Span | None = field(default=None, compare=False)
    after: bool = False
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class ProcessLocal:
    """A declared local of a process instance, read from outside."""

    process: int
    name: str
    type: Type
    span: Span | None = field(default=None, compare=False)
    after: bool = False


@dataclass(frozen=True, slots=True)
class StepTest:
    """`happens` or `enabled` of the steps of `process` at `label` (None: any), or of the @action named `action` with
    `args` (None: any)."""

    kind: Literal["happens", "enabled"]
    process: int | None
    label: str | None
    action: str | None
    args: tuple[object, ...] | None
    span: Span | None = field(default=None, compare=False)
    type: Type = FORMULA


def walk(node: n.Expr | n.Stmt) -> Iterator[n.Expr | n.Stmt]:
    """`nodes.walk` for expressions that may hold the nodes above, and statements without control flow."""
    yield node
    if not isinstance(node, PlaceTest | ProcessLocal | StepTest):
        for child in n.children(node):
            yield from walk(child)
