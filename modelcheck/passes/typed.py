"""The TYPED dialect, which lives between passes: statements with helper calls already inlined, not yet cut into steps.

It is CORE (`ir.nodes`) plus the structured control flow of the source. `Loop`, `Scope` and `For` nest; `Break` and
`Continue` speak of the nearest loop, `Leave` of the nearest scope. Predicates may also hold `PlaceTest`, `ProcessLocal`
and `StepTest`, which are resolved once every process has its places. What is said of clocks is `ClockTest`,
`ClockGuard`, `ClockSet` and `ClockNote`; cutting into steps turns them into sites (`clock_sites`).
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
    the outermost first; empty outside procedures. `stay`: how long the process stays, at least and at most."""

    label: str
    kind: Literal["step", "idle"]
    source: str | None
    site: tuple[int, ...]
    span: Span
    stay: tuple[Linear, Linear | None] | None = None
    urgency: Literal["urgent", "committed"] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """`return value` before the type of the result is known; replaced when the call has been inlined."""

    value: n.Expr
    span: Span


SOURCE_SITE = -1  # the site of an `if` or `when` of the source, until it is known to remain and gets its number

# --- clocks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Linear:
    """constant + factor * expr + sum of coefficient * parameter. expr: an integer of the discrete state, or None.
    params: (number of the parameter, coefficient), by number."""

    constant: int = 0
    expr: n.Expr | None = None
    factor: int = 1
    params: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ClockTest:
    """left - right <= bound, or < where strict. left, right: paths to clocks or timers in the state; None is zero."""

    left: n.Expr | None
    right: n.Expr | None
    bound: Linear
    strict: bool
    span: Span
    type: Type = BOOL


@dataclass(frozen=True, slots=True, eq=False)
class ClockGuard:
    """The step is possible only where the test holds here."""

    test: ClockTest
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class ClockSet:
    """The clock takes some value of low .. high."""

    clock: n.Expr
    low: Linear
    high: Linear
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class ClockNote:
    """Notes left - right + offset under a name."""

    name: str
    left: n.Expr | None
    right: n.Expr | None
    offset: Linear
    span: Span


ClockStmt = ClockGuard | ClockSet | ClockNote
TStmt = n.Stmt | Loop | Break | Continue | Scope | Leave | Yield | Result | ClockStmt


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


def children(node: n.Expr | n.Stmt | ClockTest) -> tuple[n.Expr | n.Stmt, ...]:
    """`nodes.children` for expressions that may hold the nodes above, and statements without control flow."""
    match node:
        case PlaceTest() | ProcessLocal() | StepTest():
            return ()
        case ClockTest(left, right, bound):
            return tuple(x for x in (left, right, bound.expr) if x is not None)
    return n.children(node)


def walk(node: n.Expr | n.Stmt) -> Iterator[n.Expr | n.Stmt]:
    """The node and everything below it, parents first."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))
