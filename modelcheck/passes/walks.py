"""Walks over SURFACE: what stands somewhere in a text, whatever stands around it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Iterator

from modelcheck.ir import surface as s


def walk(node: object) -> Iterator[object]:
    """Every SURFACE node below a node or a tuple of nodes, parents first, in no further order."""
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(node)
            continue
        parts = _parts(type(node))
        if parts is not None:
            yield node
            pending.extend(getattr(node, name) for name in parts)


@cache
def _parts(kind: type) -> tuple[str, ...] | None:
    """The slots of a SURFACE node that may hold further nodes; None for anything else."""
    if kind.__module__ != s.__name__:
        return None
    return tuple(name for name, f in kind.__dataclass_fields__.items() if f.type not in ("Span", "str", "bool"))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A node as a key: it is itself and nothing that looks like it."""

    node: object

    def __hash__(self) -> int:
        return id(self.node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.node is other.node


@lru_cache(maxsize=4096)
def _listed(key: _Same) -> tuple[object, ...]:
    return tuple(walk(key.node))


def nodes(node: s.ClassDef | s.Function) -> tuple[object, ...]:
    """`walk` of a class or a method. They are walked once: the cases of a file look at the same text."""
    return _listed(_Same(node))


def names_in(node: object) -> Iterator[s.Name]:
    return (x for x in walk(node) if isinstance(x, s.Name))


def bound_names(function: s.Function) -> set[str]:
    """The names that a function binds anywhere: by assignments, loops and comprehensions."""
    found = set()
    for node in nodes(function):
        match node:
            case s.Assign(s.Name(name)) | s.AugAssign(s.Name(name)) | s.CallProcedure(_, s.Name(name)):
                found.add(name)
            case s.For(target) | s.Generator(target):
                found.add(target)
    return found


def unused_names(function: s.Function) -> list[tuple[s.Name, s.Expr | None]]:
    """The names that it assigns and never reads, with what is assigned (None: the value of a procedure), in order of
    the text. One that begins with `_` says so itself."""
    found: list[tuple[s.Name, s.Expr | None]] = []
    for node in nodes(function):
        match node:
            case s.Assign(s.Name() as target, value):
                found.append((target, value))
            case s.CallProcedure(_, s.Name() as target):
                found.append((target, None))
    targets = {id(target) for target, _ in found}
    read = {x.id for x in nodes(function) if isinstance(x, s.Name) and id(x) not in targets} if found else set()
    found = [(x, value) for x, value in found if x.id not in read and not x.id.startswith("_")]
    return sorted(found, key=lambda part: (part[0].span.line, part[0].span.column))


def yields(function: s.Function) -> Iterator[s.Yield]:
    return (x for x in nodes(function) if isinstance(x, s.Yield))


def method_calls(function: s.Function) -> Iterator[str]:
    """The names of the methods that it calls in statements: what may be procedures."""
    for node in nodes(function):
        match node:
            case s.CallProcedure(s.Call(s.Attribute(_, name))) | s.Evaluate(s.Call(s.Attribute(_, name))):
                yield name
            case s.Assign(_, s.Call(s.Attribute(_, name))):
                yield name
