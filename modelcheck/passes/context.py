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
from modelcheck.passes.codes import CODES

WORK = 400_000  # expressions and statements that are typed or walked for one model: some seconds


class Bad(Exception):
    """An expression that has already been reported."""


class NotPure(Exception):
    """What has to be inlined as statements. `why` completes "a helper that ..."."""

    def __init__(self, span: Span, why: str):
        super().__init__(why)
        self.span = span
        self.why = why


class TooLarge(Exception):
    """The spec is more work than `WORK`; where it stopped."""

    def __init__(self, span: Span):
        super().__init__(span.place)
        self.span = span


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
class Parameter:
    """An unknown time, by its number in `World.params`."""

    number: int


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """What `Time("ns", discrete=True)` says."""

    unit: str
    discrete: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """A name whose definition is wrong: using it is no second error."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A name that was bound in a block that has ended."""

    span: Span


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared local: its name in the source, and whether it stands in the text of the process itself."""

    name: str
    initial: n.Const
    own: bool


Binding = Value | Place | TypeName | SpecSelf | Dsl | SpecClass | Parameter | TimeUnit | Broken | Expired


@dataclass(slots=True)
class Reporter:
    """Errors and notes, each once."""

    errors: dict[tuple[str, Span, str], Diagnostic] = field(default_factory=dict)
    notes: dict[tuple[str, Span, str], Diagnostic] = field(default_factory=dict)
    work: int = 0
    last: Span | None = None  # where some work was done

    def error(self, code: str, span: Span, message: str, hint: str) -> Bad:
        """Notes an error; to be raised where the caller cannot go on."""
        assert code in CODES, code
        self.errors.setdefault((code, span, span.source.path), Diagnostic(code, message, span, hint))
        return Bad(code)

    def note(self, code: str, span: Span, message: str, hint: str) -> None:
        assert code in CODES, code
        self.notes.setdefault((code, span, span.source.path), Diagnostic(code, message, span, hint, severity="note"))

    def spend(self, span: Span) -> None:
        """Counts one piece of work, against specs that would be compiled for ever. Raises TooLarge."""
        self.work += 1
        self.last = span
        if self.work > WORK:
            raise TooLarge(span)


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


def which(what: str, known: Iterable[str]) -> str:
    """What there is to choose from: "its fields are a, b", "it has no fields"."""
    names = list(known)
    return f"its {what} are {', '.join(names)}" if names else f"it has no {what}"


def kind_of(function: s.Function) -> str | None:
    """The decorator of a method, None for a helper."""
    return function.decorators[0].name if function.decorators else None


def a_kind(kind: str) -> str:
    """`an @action`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} @{kind}"


def module_span(source: Source) -> Span:
    return Span(source, 1, 0, 1, 0)


def describe(value: Any) -> str:
    """A constant as an author would write it."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(describe, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(describe, value))) + "}" if value else "set()"
    return f'"{value}"' if isinstance(value, str) else str(value)
