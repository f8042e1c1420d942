"""What the passes share while they turn SURFACE into CORE: bindings of names, collected errors, fresh names.

Errors are collected and never end a pass: whatever is wrong with an expression raises `Bad` after it has been noted,
and the statement around it is given up. One mistake is reported once, however often its text is inlined.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any, Iterable, Literal, Mapping

from modelcheck.errors import Diagnostic, Source, Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import Type


class Bad(Exception):
    """An expression that has already been reported."""


class NotPure(Exception):
    """A helper that has to be inlined as statements, because of what it `does` at `span`."""

    def __init__(self, span: Span, does: str):
        super().__init__(does)
        self.span = span
        self.does = does


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A method, and the module that wrote it, where its names are looked up."""

    function: s.Function
    module: str


@dataclass(frozen=True, slots=True, eq=False)
class ClassInfo:
    """A Spec or Record with everything that it inherits. Order: the base's members first, an override in the place of
    what it overrides."""

    name: str
    kind: Literal["spec", "record"]
    module: str
    fields: Mapping[str, tuple[s.FieldDef, str]]
    functions: Mapping[str, Member]
    doc: str
    span: Span


# What a name can stand for.


@dataclass(frozen=True, slots=True)
class Value:
    """A constant, a parameter or a local: an expression."""

    expr: n.Expr
    assignable: bool = False  # a declared local


@dataclass(frozen=True, slots=True)
class Place:
    """A `Ref` parameter, `self` of a record method: a path into the state."""

    expr: n.Expr


@dataclass(frozen=True, slots=True)
class TypeName:
    type: Type
    record: ClassInfo | None = None


@dataclass(frozen=True, slots=True)
class SpecSelf:
    """`self` in a spec; with `after`, the state after the step, in an action invariant."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Dsl:
    """A name of `modelcheck`."""

    name: str


@dataclass(frozen=True, slots=True)
class SpecClass:
    info: ClassInfo


@dataclass(frozen=True, slots=True)
class Broken:
    """A name whose definition is wrong: using it is no second error."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A name that was bound in a block that has ended."""

    span: Span


Binding = Value | Place | TypeName | SpecSelf | Dsl | SpecClass | Broken | Expired


@dataclass(slots=True)
class Reporter:
    """Errors and notes, each once."""

    errors: dict[tuple[str, Span, str], Diagnostic] = field(default_factory=dict)
    notes: dict[tuple[str, Span], Diagnostic] = field(default_factory=dict)

    def error(self, code: str, span: Span, message: str, hint: str) -> Bad:
        """Notes an error; to be raised where the caller cannot go on. The hint names the fix."""
        key = (code, span, span.source.path)
        self.errors.setdefault(key, Diagnostic(code, message, span, hint))
        return Bad(code)

    def note(self, code: str, span: Span, message: str, hint: str | None = None) -> None:
        self.notes.setdefault((code, span), Diagnostic(code, message, span, hint, severity="note"))


@dataclass(slots=True)
class Names:
    """Fresh names of locals: the source's own where it is free."""

    used: dict[str, int] = field(default_factory=dict)

    def fresh(self, name: str) -> str:
        count = self.used[name] = self.used.get(name, 0) + 1
        return name if count == 1 else f"{name}${count}"


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean `{close[0]}`?" if close else otherwise


def module_span(source: Source) -> Span:
    return Span(source, 1, 0, 1, 0)


def describe(value: Any) -> str:
    """A constant as an author would write it."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(describe, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(describe, value))) + "}" if value else "set()"
    return f'"{value}"' if isinstance(value, str) else str(value)
