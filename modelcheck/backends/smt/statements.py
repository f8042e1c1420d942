"""Bodies as formulas: what the variables are after every way through, and where each way stops.

The two branches of an `If` are evaluated one after the other and their stores joined; a `Choose` is a constant that may
have any value of its domain: whoever asks whether a step can be taken asks whether there is one. So a step is one
formula however many ways lead through it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Sequence

import z3

from modelcheck.backends.smt.expressions import Flow, positions
from modelcheck.backends.smt.terms import Bool, choice, negation
from modelcheck.backends.smt.values import Value, default, either, grown, member, picked
from modelcheck.errors import InternalError
from modelcheck.ir.nodes import (
    Assert,
    Assign,
    Choose,
    Element,
    Expr,
    Field,
    For,
    If,
    Local,
    Stmt,
    Variable,
    When,
)
from modelcheck.ir.ops import FaultKind
from modelcheck.ir.types import SeqType


@dataclass(slots=True)
class Inputs:
    """The constants that stand for choices. Actions share them: a step is one action's."""

    bools: list[z3.BoolRef] = field(default_factory=list)
    integers: list[z3.ArithRef] = field(default_factory=list)

    def taker(self) -> Taker:
        return Taker(self)


@dataclass(slots=True)
class Taker:
    """Gives the constants one after the other, new ones as they are needed."""

    inputs: Inputs
    bools: int = 0
    integers: int = 0

    def __call__(self, is_bool: bool) -> z3.ExprRef:
        if is_bool:
            self.bools += 1
            return _nth(self.inputs.bools, self.bools, "choice.b", z3.Bool)
        self.integers += 1
        return _nth(self.inputs.integers, self.integers, "choice.i", z3.Int)


def _nth(pool: list[Any], count: int, prefix: str, make: Any) -> Any:
    while len(pool) < count:
        pool.append(make(f"{prefix}{len(pool)}"))
    return pool[count - 1]


def run(flow: Flow, body: Sequence[Stmt], take: Taker) -> None:
    """Runs the statements; afterwards `flow` has the variables and the path of whoever reached the end."""
    for statement in body:
        match statement:
            case Assign(target, value):
                new = flow.value(value)
                _place(flow, target)[1](new)
            case If(test, then, otherwise):
                _branch(flow, flow.value(test), partial(run, flow, then, take), partial(run, flow, otherwise, take))
            case When(test):
                flow.stop(negation(flow.value(test)), None, statement.span)
            case Assert(test, message):
                flow.stop(negation(flow.value(test)), FaultKind.ASSERT, statement.span, message)
            case Choose(local, domain):
                members = flow.value(domain)
                flow.locals[local.name] = grown(local.type, take)
                inside = member(local.type, flow.locals[local.name], members)
                flow.stop(negation(inside), None, statement.span)
            case For(local, domain, inner):
                for value, inside in flow.members(domain):
                    once = partial(_round, flow, local.name, value, inner, take)
                    _branch(flow, inside, once, lambda: None)


def _branch(flow: Flow, test: Bool, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
    if isinstance(test, bool):
        return then() if test else otherwise()
    variables, locals_ = list(flow.variables), dict(flow.locals)
    with flow.under(test):
        then()
    first, first_locals = flow.variables, flow.locals
    flow.variables, flow.locals = variables, locals_
    with flow.under(negation(test)):
        otherwise()
    flow.variables = [_joined(test, a, b) for a, b in zip(first, flow.variables)]
    names = first_locals.keys() | flow.locals.keys()
    flow.locals = {name: _joined(test, first_locals.get(name), flow.locals.get(name)) for name in names}


def _joined(test: Bool, a: Value, b: Value) -> Value:
    """`a if test else b` of two trees of one shape. None on a way that has not assigned it, and does not use it."""
    if a is b or b is None:
        return a
    if isinstance(a, tuple):
        return tuple(_joined(test, x, y) for x, y in zip(a, b))
    return b if a is None else choice(test, a, b)


def _round(flow: Flow, name: str, value: Value, body: Sequence[Stmt], take: Taker) -> None:
    flow.locals[name] = value
    run(flow, body, take)


# --- assignments ------------------------------------------------------------------------------------------------------

Put = Callable[[Value], None]


def _place(flow: Flow, target: Expr) -> tuple[Callable[[], Value], Put]:
    """(what is there, how to replace it). The indices are evaluated here, from the outside in."""
    match target:
        case Variable(index):
            return lambda: flow.variables[index], lambda new: flow.variables.__setitem__(index, new)
        case Local(name):
            return lambda: flow.locals[name], lambda new: flow.locals.__setitem__(name, new)
        case Field(record, name):
            get, put = _place(flow, record)
            return _part(get, put, record.type.position(name))
        case Element(array, index):
            get, put = _place(flow, array)
            return _element(flow, target, get(), flow.value(index), put)
    raise InternalError(f"{type(target).__name__} cannot be assigned")


def _part(get: Callable[[], Value], put: Put, at: int) -> tuple[Callable[[], Value], Put]:
    return lambda: get()[at], lambda new: put((*get()[:at], new, *get()[at + 1 :]))


def _element(flow: Flow, target: Element, old: Value, index: Value, put: Put) -> tuple[Callable[[], Value], Put]:
    flow.check_index(target, old, index)
    items = old[1] if isinstance(target.array.type, SeqType) else old
    tests = positions(target, index, len(items))

    def replace(new: Value) -> None:
        changed = tuple(either(target.type, test, new, item) for test, item in zip(tests, items))
        put((old[0], changed) if isinstance(target.array.type, SeqType) else changed)

    return lambda: picked(target.type, tests, items) if items else default(target.type), replace
