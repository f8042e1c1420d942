"""Values for constants from outside: text from a command line, Python values from an API or a case."""

from __future__ import annotations

from typing import Any

from modelcheck.errors import UsageError
from modelcheck.ir import nodes as n
from modelcheck.ir.types import (
    BOOL,
    INT64,
    TEXT,
    BoolType,
    EnumType,
    IntType,
    SeqType,
    TextType,
    Type,
    contains,
    join,
    show,
)
from modelcheck.passes.context import describe
from modelcheck.passes.conversions import NOTHING, something

WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def is_constant_type(t: Type) -> bool:
    """Whether a constant can have the type: Bool, integers, strings (of an Enum), and tuples of these."""
    match t:
        case SeqType(of):
            return is_constant_type(of) or of == NOTHING
    return isinstance(t, BoolType | IntType | TextType | EnumType)


def overridden(name: str, raw: Any, default: n.Const, declared: Type | None) -> n.Const:
    """The constant with another value. Without a declared type it has a value like the default. Raises UsageError."""
    try:
        value = _parsed(raw, declared or default.type)
    except (KeyError, ValueError, TypeError):
        raise UsageError(f"the constant `{name}` is {_kind(default.type)}, not {describe(raw)}") from None
    if declared is not None and not contains(declared, value):
        raise UsageError(f"the constant `{name}` takes a value of {show(declared)}, not {describe(raw)}")
    if value == () and isinstance(default.type, SeqType):  # its elements keep their type
        return n.Const(value, declared or SeqType(default.type.of, 0), default.span)
    return n.Const(value, declared or natural_type(value), default.span)


def natural_type(value: Any) -> Type:
    """The smallest type of a constant's value. Raises TypeError for a tuple of values that differ in kind."""
    match value:
        case bool():
            return BOOL
        case int():
            return IntType(value, value)
        case str():
            return TEXT
    of: Type | None = natural_type(value[0]) if value else NOTHING
    for item in value[1:]:
        t = natural_type(item)
        of = of and join(something(of, t), something(t, of))
    if of is None:
        raise TypeError(value)
    return SeqType(of, len(value))


def _parsed(raw: Any, t: Type) -> Any:
    """A value of the kind of `t`, not necessarily one of its values."""
    match t:
        case BoolType():
            return raw if isinstance(raw, bool) else WORDS[str(raw).lower()]
        case IntType():
            return _integer(raw)
        case SeqType(of):
            parts = tuple(_parsed(part, of) if of != NOTHING else _guessed(part) for part in _parts(raw))
            natural_type(parts)
            return parts
    if not isinstance(raw, str):
        raise ValueError(raw)
    return raw


def _integer(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise ValueError(raw)
    value = int(raw)
    if not INT64[0] <= value <= INT64[1]:
        raise ValueError(raw)
    return value


def _parts(raw: Any) -> tuple[Any, ...]:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.strip("()").split(",") if part.strip())
    return tuple(raw) if isinstance(raw, tuple | list) else (raw,)


def _guessed(part: Any) -> Any:
    """An element of a tuple whose default is empty."""
    if isinstance(part, str) and part.lstrip("-").isdecimal():
        return _integer(part)
    return part if isinstance(part, bool) else _integer(part) if isinstance(part, int) else _parsed(part, TEXT)


def _kind(t: Type) -> str:
    match t:
        case IntType():
            return "an integer"
        case SeqType():
            return "a tuple (on the command line: a,b,c)"
        case BoolType():
            return "true or false"
    return "a string"
