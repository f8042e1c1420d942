"""The SURFACE dialect: what front ends produce. Names are unresolved, nothing is typed, every node has its span.

It is a small imperative language with methods, the parts of Python that a spec may use and nothing else. What cannot be
said here, a front end has refused (P0nn). Constants are late-bound, so nothing is evaluated yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Mapping

from modelcheck.errors import Diagnostic, Source, Span

# The names that a spec can import from `modelcheck`.
LANGUAGE = frozenset(
    """ANY Array Bool Case Clock Const Enum Int Log Option Param Range Record Ref Scalarset Seq Set Spec Time Timer
    action action_invariant after always assertion_fails assume at between choose committed constraint counts
    deadline deadlocks done enabled enters evaluation_error eventually eventually_always expires happens holds
    idle ignored implies infinitely_often invariant leads_to line observe only pin procedure process reachable
    returns silent temporal timelocks until urgent vacuous violates weak_until when where""".split()
)

# --- expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal_:
    """bool, int, str or None."""

    value: Any
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    id: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    value: Expr
    name: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Subscript:
    value: Expr
    index: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """No starred arguments. `keywords` in source order."""

    function: Expr
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`not`, `-`, `+`."""

    op: str
    operand: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`+ - * // % ** | & ^`."""

    op: str
    left: Expr
    right: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class BoolOp:
    op: Literal["and", "or"]
    args: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """A chain: `first ops[0] rest[0] ops[1] rest[1]`. `== != < <= > >= in, not in, is, is not`."""

    first: Expr
    ops: tuple[str, ...]
    rest: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class IfExp:
    test: Expr
    then: Expr
    otherwise: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Display:
    """`{a, b}`, `[a, b]`, `(a, b)`, `{k: v}` (items are then Displays of kind "tuple" of two)."""

    kind: Literal["set", "list", "tuple", "dict"]
    items: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Generator:
    """`for target in domain if guard if guard`."""

    target: str
    domain: Expr
    guards: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`key` only for kind "dict". kind "generator" is the bare argument of a call."""

    kind: Literal["set", "list", "dict", "generator"]
    element: Expr
    generators: tuple[Generator, ...]
    span: Span = field(compare=False)
    key: Expr | None = None


Expr = (
    Literal_ | Name | Attribute | Subscript | Call | Unary | Binary | BoolOp | Compare | IfExp | Display | Comprehension
)  # fmt: skip

# --- statements -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assign:
    """One target: Name, Attribute or Subscript."""

    target: Expr
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class AugAssign:
    """`target op= value` with an op of `Binary`."""

    target: Expr
    op: str
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Evaluate:
    """An expression as a statement: a call."""

    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class If:
    test: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class For:
    target: str
    domain: Expr
    body: tuple[Stmt, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class While:
    test: Expr
    body: tuple[Stmt, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Break:
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Continue:
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Pass:
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Return:
    value: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Assert:
    test: Expr
    message: str | None
    span: Span = field(compare=False)


Urgency = Literal["urgent", "committed"]


@dataclass(frozen=True, slots=True)
class After:
    """`after(low, high)`: how long a process stays at a label; high None: for ever, if it likes."""

    low: Expr
    high: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Yield:
    """`yield "label"`, `yield "label", "file.c:12"` (source), `yield idle("label")` (kind "idle"),
    `yield "label", after(0, 5)`, `yield urgent("label")`, `yield committed("label")`."""

    label: str
    kind: Literal["step", "idle"]
    source: str | None
    span: Span = field(compare=False)
    after: After | None = None
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True)
class CallProcedure:
    """`yield from self.procedure(...)`, with `target = ` in front or not. A plain call of a @procedure, as a statement
    or as the right side of an assignment, means the same and is told apart when names are resolved."""

    call: Call
    target: Expr | None
    span: Span = field(compare=False)


Stmt = (
    Assign | AugAssign | Evaluate | If | For | While | Break | Continue | Pass | Return | Assert | Yield | CallProcedure
)  # fmt: skip

# --- definitions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decorator:
    """`@name` or `@name(args, key=value)`."""

    name: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    annotation: Expr | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Function:
    """A method. `parameters` without `self`; `decorators` at most one, by the front end. `has_yield`: it has steps."""

    name: str
    parameters: tuple[Parameter, ...]
    decorators: tuple[Decorator, ...]
    body: tuple[Stmt, ...]
    doc: str
    has_yield: bool
    span: Span = field(compare=False)  # of the name in the `def` line


@dataclass(frozen=True, slots=True)
class FieldDef:
    """`name = value` in a class body: a variable of a Spec, a field of a Record."""

    name: str
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ClassDef:
    """A Spec, a Record, or a class derived from one; which, is known when `base` is resolved."""

    name: str
    base: str
    fields: tuple[FieldDef, ...]
    functions: tuple[Function, ...]
    doc: str
    span: Span = field(compare=False)  # of the name


@dataclass(frozen=True, slots=True)
class Definition:
    """A module-level `name = Const(...)`, `Enum(...)`, `Range(...)`, `Set(...)`, `Int(...)`, ...: a constant or a named
    type; which, is told by the function of the call."""

    name: str
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Assumption:
    test: Expr
    reason: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Expectation:
    """`holds("a", "b")`, `violates("a", length=7)`, `where(drain=False)`, ...: arguments are constant expressions."""

    name: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class CaseDef:
    name: str
    spec: str
    expectations: tuple[Expectation, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class LogEntryDef:
    """`line("ioctl KVM_RUN", "enter", at="guest")`: `kind` is the word, `options` are (keyword, string, place)."""

    kind: str
    texts: tuple[tuple[str, Span], ...]
    options: tuple[tuple[str, str, Span], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class LogDef:
    """What the lines of a log mean. `where`: constants, as in a case."""

    spec: str
    entries: tuple[LogEntryDef, ...]
    where: tuple[tuple[str, Expr], ...]
    anywhere: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Import:
    """`from .module import name as alias`: `module` is the resolved path of the file, the key in `Program.modules`."""

    module: str
    name: str
    alias: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Module:
    """One spec file. `names` are those it imports from `modelcheck`: (alias, name); others are unknown in it."""

    source: Source
    doc: str
    names: tuple[tuple[str, str], ...]
    imports: tuple[Import, ...]
    definitions: tuple[Definition, ...]
    assumptions: tuple[Assumption, ...]
    classes: tuple[ClassDef, ...]
    cases: tuple[CaseDef, ...]
    log: LogDef | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A spec file and every file that it imports, by path. `main` is the key of the file that was asked for."""

    main: str
    modules: Mapping[str, Module]
    notes: tuple[Diagnostic, ...] = ()

    @property
    def module(self) -> Module:
        return self.modules[self.main]
