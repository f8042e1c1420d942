"""Why a Bool expression has its value: the smallest sub-formulas that decide it, with the values inside them.

The descent follows the evaluation: of an `and` that is false only the first false operand decides, of an `or` that is
false all of them, of an `implies` that is false its true left and its false right side, of an `all` that is false the
first member for which it is, with that member named. What cannot be divided further is a `Clause`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Iterator

from modelcheck.errors import Span
from modelcheck.ir.evaluate import EvaluationError, State, evaluate
from modelcheck.ir.nodes import (
    Apply,
    Bind,
    Cond,
    Const,
    Element,
    Expr,
    Field,
    Local,
    Logic,
    Model,
    Quantifier,
    Variable,
    children,
)
from modelcheck.ir.ops import Op
from modelcheck.ir.printer import print_expr, show_value
from modelcheck.ir.types import SetType, Type, ascending

_NUMBERED = re.compile(r"\$\d+")  # what a pass appends to a local's name to make it unique


@dataclass(frozen=True, slots=True)
class Clause:
    """A sub-formula that decides, as the source has it, and its value.

    atoms: (name, shown value) of the variables, fields, elements and locals in it, in order, each once, by the full
    name even where the source is a method of a record and says `self`; a place is shown as (process, `at "label"`).
    where: the members of comprehensions that it speaks of, (name, shown value).
    """

    text: str
    value: bool
    atoms: tuple[tuple[str, str], ...]
    where: tuple[tuple[str, str], ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of the value of a Bool expression; None, and no clauses, where evaluating it fails."""

    value: bool | None
    clauses: tuple[Clause, ...]
    failure: EvaluationError | None = None


def explain(
    model: Model,
    expr: Expr,
    state: State,
    after: State | None = None,
    locals: tuple[tuple[str, Any, Type], ...] = (),
) -> Explanation:
    """Why a Bool expression is true or false in a state. `locals` as in `evaluate.Blocked`. Raises nothing."""
    view = _View(model, state, after, {name: value for name, value, _ in locals})
    try:
        value = view.value(expr)
        clauses = tuple(dict.fromkeys(_clauses(view, expr, value)))
    except EvaluationError as failure:
        return Explanation(None, (), failure)
    return Explanation(value, clauses)


@dataclass(frozen=True, slots=True)
class _View:
    """What the expression is evaluated in; `where` are the members met on the way down."""

    model: Model
    state: State
    after: State | None
    locals: dict[str, Any]
    where: tuple[tuple[str, str], ...] = ()

    def value(self, expr: Expr) -> Any:
        return evaluate(self.model, expr, self.state, self.after, self.locals)

    def bound(self, local: Local, value: Any, *, shown: bool) -> _View:
        where = (*self.where, (_source_name(local.name), show_value(local.type, value))) if shown else self.where
        return replace(self, locals={**self.locals, local.name: value}, where=where)


def _clauses(view: _View, expr: Expr, value: bool) -> Iterator[Clause]:
    """The clauses that make `expr` have that value."""
    match expr:
        case Logic(connective, args) if not _is_one_phrase(expr):
            for operand, truth in _deciding(view, connective, args, value):
                yield from _clauses(view, operand, truth)
        case Apply(Op.NOT, (operand,)):
            yield from _clauses(view, operand, not value)
        case Cond(test, then, otherwise):
            truth = view.value(test)
            yield from _clauses(view, test, truth)
            yield from _clauses(view, then if truth else otherwise, value)
        case Bind(local, bound, body):
            yield from _clauses(view.bound(local, view.value(bound), shown=False), body, value)
        case Quantifier("all" | "any" as kind, local, _, body) if value is (kind == "any"):
            member = next(m for m in _members(view, expr) if _holds(view, expr, m) is value)
            yield from _clauses(view.bound(local, member, shown=True), body, value)
        case Const():
            return
        case _:
            atoms = tuple(dict.fromkeys((*_sides(view, expr), *_atoms(view, expr))))
            yield Clause(_text(expr, view.model), value, atoms, view.where, expr.span)


def _deciding(view: _View, connective: str, args: tuple[Expr, ...], value: bool) -> list[tuple[Expr, bool]]:
    """The operands that decide a connective, with their values."""
    if connective == "implies":
        left, right = args
        if not value:
            return [(left, True), (right, False)]
        return [(right, True)] if view.value(left) else [(left, False)]
    stops_at = connective == "or"
    if value is stops_at:
        return [next((a, value) for a in args if view.value(a) is value)]
    return [(a, value) for a in args]


def _members(view: _View, expr: Quantifier) -> list[Any]:
    domain, value = expr.domain.type, view.value(expr.domain)
    return ascending(domain.of, value) if isinstance(domain, SetType) else list(value)


def _holds(view: _View, expr: Quantifier, member: Any) -> bool | None:
    """The value of the body for a member; None where the guard excludes it."""
    inner = view.bound(expr.local, member, shown=False)
    if expr.guard is not None and not inner.value(expr.guard):
        return None
    return inner.value(expr.body)


def _is_one_phrase(expr: Logic) -> bool:
    """Whether the author wrote something smaller than a connective, like an `at(...)` of several places."""
    return expr.span is not None and all(a.span == expr.span for a in expr.args)


_COMPARISONS = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.IN, Op.HOLDS, Op.SUBSET, Op.PROPER_SUBSET)


def _sides(view: _View, expr: Expr) -> Iterator[tuple[str, str]]:
    """(text, shown value) of what a comparison compares, where that is computed and no atom."""
    match expr:
        case Apply(op, args) if op in _COMPARISONS:
            for side in map(_unwrapped, args):
                if isinstance(side, Apply | Quantifier | Cond | Bind) and children(side):
                    yield _text(side, view.model), show_value(side.type, view.value(side))


def _unwrapped(expr: Expr) -> Expr:
    """Without the conversions that the author did not write."""
    while isinstance(expr, Apply) and expr.op in (Op.CAST, Op.SOME, Op.GET):
        expr = expr.args[0]
    return expr


def _atoms(view: _View, expr: Expr) -> Iterator[tuple[str, str]]:
    """(text, shown value) of what an expression reads. The bodies of comprehensions are left out: they have no value of
    their own."""
    match expr:
        case Variable(index) if view.model.variables[index].kind == "place":
            yield _place(view, expr)
        case Variable():
            yield from _atom(view, expr)
        case Field() | Element() | Apply(Op.ITEM):
            yield from _atom(view, expr)
            yield from _indices(view, expr)
        case Local(name) if name in view.locals:
            if (atom := (_source_name(name), show_value(expr.type, view.locals[name]))) not in view.where:
                yield atom
        case Bind(_, value):
            yield from _atoms(view, value)
        case Quantifier(_, _, domain):
            yield from _atoms(view, domain)
        case _:
            for child in children(expr):
                yield from _atoms(view, child)


def _atom(view: _View, expr: Expr) -> Iterator[tuple[str, str]]:
    """Nothing where evaluation did not come to it and would have failed."""
    try:
        yield _source_name(print_expr(expr, view.model)), show_value(expr.type, view.value(expr))
    except EvaluationError:
        return


def _indices(view: _View, expr: Expr) -> Iterator[tuple[str, str]]:
    match expr:
        case Field(inner):
            yield from _indices(view, inner)
        case Element(inner, index) | Apply(Op.ITEM, (inner, index)):
            yield from _indices(view, inner)
            yield from _atoms(view, index)
        case Variable() | Local():
            return
        case _:
            yield from _atoms(view, expr)


def _place(view: _View, expr: Variable) -> tuple[str, str]:
    process = view.model.processes[view.model.variables[expr.index].process or 0]
    return process.title, f'at "{process.places[view.value(expr)].label}"'


def _source_name(text: str) -> str:
    """`q` for `q$2`."""
    return _NUMBERED.sub("", text)


def _text(expr: Expr, model: Model) -> str:
    """The source where it is on one line, and the expression printed where it is not or where there is none."""
    span = expr.span
    if span is not None and span.line == span.end_line and span.text:
        return span.text
    return _source_name(print_expr(expr, model))
