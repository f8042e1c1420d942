"""What statements do, read off without running them."""

from __future__ import annotations

from typing import Iterable

from modelcheck.errors import InternalError
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Assign, Choose, Const, Element, Expr, Field, For, If, Local, Stmt, Variable, When, walk
from modelcheck.ir.types import SeqType


def is_direct(target: Expr) -> bool:
    """Whether finding the place of a target evaluates nothing that could fault or be changed by the value."""
    match target:
        case Variable() | Local():
            return True
        case Field(whole):
            return is_direct(whole)
        case Element(array, index):
            return isinstance(index, Const) and not isinstance(array.type, SeqType) and is_direct(array)
    raise InternalError(f"{target} is no target")


def root_of(target: Expr) -> Expr:
    match target:
        case Field(whole) | Element(whole):
            return root_of(whole)
    return target


def bindings(statements: Iterable[Stmt]) -> list[str]:
    """The locals that are bound or changed, once for each time."""
    found = []
    for node in (n for s in statements for n in walk(s)):
        match node:
            case Assign(target) if isinstance(root := root_of(target), Local):
                found.append(root.name)
            case For(local) | Choose(local):
                found.append(local.name)
    return found


def writes(statements: Iterable[Stmt], packing: Layout) -> int:
    """The mask of the variables that are assigned."""
    mask = 0
    for node in (n for s in statements for n in walk(s) if isinstance(n, Assign)):
        root = root_of(node.target)
        if isinstance(root, Variable):
            mask |= ((1 << packing.sizes[root.index]) - 1) << packing.offsets[root.index]
    return mask


def forks(statements: Iterable[Stmt]) -> bool:
    """Whether some way through the statements blocks or chooses; a `when` in a loop ends the way by raising."""
    for s in statements:
        match s:
            case When() | Choose():
                return True
            case If(_, then, other) if forks(then) or forks(other):
                return True
            case For(_, _, body) if any(isinstance(n, Choose) for b in body for n in walk(b)):
                return True
    return False
