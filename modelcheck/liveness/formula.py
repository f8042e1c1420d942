"""Temporal formulas in negation normal form over numbered atoms, simplified as they are built.

A formula speaks of a position of an infinite behaviour. Besides atoms and connectives there are two operators: `Until`
(the right side comes, and until then the left one holds) and its dual `Release`. All others are spelled with them.
The constructors `conj`, `disj`, `until` and `release` apply equivalences that keep automata small: those of Etessami
and Holzmann, "Optimizing Büchi automata" (CONCUR 2000), on formulas that no finite prefix can change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterable

from modelcheck.errors import InternalError
from modelcheck.ir.nodes import ActionPredicate, Const, Expr, Logic, Temporal
from modelcheck.ir.types import Type


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool


@dataclass(frozen=True, slots=True)
class Literal:
    """An atom by number, or its negation."""

    atom: int
    positive: bool


@dataclass(frozen=True, slots=True)
class And:
    args: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    args: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Until:
    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Release:
    """`right` holds up to and including the position where `left` does, or for ever."""

    left: Formula
    right: Formula


Formula = Truth | Literal | And | Or | Until | Release

TRUE, FALSE = Truth(True), Truth(False)


# --- constructors -----------------------------------------------------------------------------------------------------


def conj(*parts: Formula) -> Formula:
    return _joined(And, Or, TRUE, FALSE, parts)


def disj(*parts: Formula) -> Formula:
    return _joined(Or, And, FALSE, TRUE, parts)


def until(left: Formula, right: Formula) -> Formula:
    if isinstance(right, Truth) or left in (FALSE, right) or is_eventual(right):
        return right
    if left == TRUE:
        lasting, rest = _split(right, And)  # F(a & GF b) = F a & GF b
        if lasting:
            return conj(*lasting, until(TRUE, conj(*rest)))
    return Until(left, right)


def release(left: Formula, right: Formula) -> Formula:
    if isinstance(right, Truth) or left in (TRUE, right) or is_universal(right):
        return right
    if left == FALSE:
        lasting, rest = _split(right, Or)
        if lasting:
            return disj(*lasting, release(FALSE, disj(*rest)))
    return Release(left, right)


def eventually(f: Formula) -> Formula:
    return until(TRUE, f)


def always(f: Formula) -> Formula:
    return release(FALSE, f)


def negation(f: Formula) -> Formula:
    match f:
        case Truth(value):
            return Truth(not value)
        case Literal(atom, positive):
            return Literal(atom, not positive)
        case And(args):
            return disj(*map(negation, args))
        case Or(args):
            return conj(*map(negation, args))
        case Until(left, right):
            return release(negation(left), negation(right))
        case Release(left, right):
            return until(negation(left), negation(right))


def is_eventual(f: Formula) -> bool:
    """Whether it holds wherever it holds of a suffix: F p, GF p."""
    match f:
        case Truth():
            return True
        case And(args) | Or(args):
            return all(map(is_eventual, args))
        case Until(left, right):
            return left == TRUE or (is_eventual(left) and is_eventual(right))
        case Release(left, right):
            return is_eventual(right) and (left == FALSE or is_eventual(left))
    return False


def is_universal(f: Formula) -> bool:
    """Whether it holds of every suffix where it holds: G p, FG p."""
    return is_eventual(_dual(f))


def _dual(f: Formula) -> Formula:
    """The negation without rewriting, atoms left as they are: as good for questions of shape."""
    match f:
        case Truth(value):
            return Truth(not value)
        case Literal():
            return f
        case And(args):
            return Or(tuple(map(_dual, args)))
        case Or(args):
            return And(tuple(map(_dual, args)))
        case Until(left, right):
            return Release(_dual(left), _dual(right))
        case Release(left, right):
            return Until(_dual(left), _dual(right))


def _split(f: Formula, kind: type[And] | type[Or]) -> tuple[list[Formula], list[Formula]]:
    """The operands that hold of all suffixes or of none, and the others."""
    if not isinstance(f, kind):
        return [], [f]
    lasting = [a for a in f.args if is_eventual(a) and is_universal(a)]
    return lasting, [a for a in f.args if a not in lasting]


def _joined(
    kind: type[And] | type[Or], other: type[And] | type[Or], unit: Truth, zero: Truth, parts: Iterable[Formula]
) -> Formula:
    """`kind` over the parts: flat, each once, in a fixed order, without what another part makes superfluous."""
    flat = {x: None for p in parts for x in (p.args if isinstance(p, kind) else (p,)) if x != unit}
    found = _merged(kind, list(flat))
    if zero in found or any(isinstance(x, Literal) and Literal(x.atom, not x.positive) in found for x in found):
        return zero
    absorbed = [x for x in found if isinstance(x, other) and any(y in x.args for y in found if y != x)]
    kept = sorted((x for x in found if x not in absorbed), key=repr)
    return unit if not kept else kept[0] if len(kept) == 1 else kind(tuple(kept))


def _merged(kind: type[And] | type[Or], parts: list[Formula]) -> list[Formula]:
    """G a & G b as G(a & b), FG a & FG b as FG(a & b); F a | F b and GF a | GF b likewise."""
    operator, dual, unit = (Release, Until, FALSE) if kind is And else (Until, Release, TRUE)
    join = conj if kind is And else disj
    whole = negation(unit)
    once = {p: x for p in parts if (x := _under(p, operator, unit)) is not None}
    inner = {p: x for p in parts if (x := _under(p, dual, whole)) is not None}
    twice = {p: y for p, x in inner.items() if (y := _under(x, operator, unit)) is not None}
    kept = [p for p in parts if p not in once and p not in twice]
    kept += [operator(unit, join(*once.values()))] if len(once) > 1 else once
    kept += [dual(whole, operator(unit, join(*twice.values())))] if len(twice) > 1 else twice
    return kept if kind is And else _gathered(kept)


def _gathered(parts: list[Formula]) -> list[Formula]:
    """F a | GF b as F(a | GF b): one state for both while neither is seen."""
    lasting = [p for p in parts if is_eventual(p) and is_universal(p)]
    some = next((p for p in parts if _under(p, Until, TRUE) is not None), None)
    others = [p for p in lasting if p != some]
    if not isinstance(some, Until) or not others:
        return parts
    kept = [p for p in parts if p != some and p not in others]
    return [*kept, Until(TRUE, disj(some.right, *others))]


def _under(f: Formula, operator: type[Until] | type[Release], left: Formula) -> Formula | None:
    """The right side of an `operator` with that left side."""
    return f.right if isinstance(f, operator) and f.left == left else None


# --- from the language ------------------------------------------------------------------------------------------------


def translate(expr: Expr, atom: Callable[[Expr], Formula]) -> Formula:
    """The formula of a property. `atom` gives that of a state or action predicate."""

    def of(e: Expr) -> Formula:
        return translate(e, atom)

    match expr:
        case Temporal("always", (p,)):
            return always(of(p))
        case Temporal("eventually", (p,)):
            return eventually(of(p))
        case Temporal("infinitely_often", (p,)):
            return always(eventually(of(p)))
        case Temporal("eventually_always", (p,)):
            return eventually(always(of(p)))
        case Temporal("leads_to", (p, q)):
            return always(disj(negation(of(p)), eventually(of(q))))
        case Temporal("until", (p, q)):
            return until(of(p), of(q))
        case Temporal("weak_until", (p, q)):
            return release(of(q), disj(of(p), of(q)))
        case Temporal("not", (p,)):
            return negation(of(p))
        case Temporal("and", args):
            return conj(*map(of, args))
        case Temporal("or", args):
            return disj(*map(of, args))
        case Temporal("implies", (p, q)):
            return disj(negation(of(p)), of(q))
        case Temporal(operator):
            raise InternalError(f"`{operator}` is no temporal operator of that many operands")
        case Const(value):
            return Truth(value)
    return atom(expr)


def leaves(expr: Expr) -> tuple[Expr, ...]:
    """The state and action predicates of a property, in order, each once."""
    if isinstance(expr, Temporal):
        return tuple(dict.fromkeys(leaf for a in expr.args for leaf in leaves(a)))
    return () if isinstance(expr, Const) else (expr,)


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """What can be checked apart: a property is violated where one of them is."""
    if isinstance(expr, Temporal) and expr.operator == "and":
        return tuple(part for a in expr.args for part in conjuncts(a))
    return (expr,)


def instance_of(expr: Expr, part: Expr) -> tuple[tuple[str, Any, Type], ...] | None:
    """What one of the `conjuncts` was written for, by all the quantifiers around it; None where it is none of them."""
    if expr is not part and not (isinstance(expr, Temporal) and expr.operator == "and"):
        return None
    here = expr.instance if isinstance(expr, Temporal) else ()
    if expr is part:
        return here
    return next(((*here, *found) for a in expr.args if (found := instance_of(a, part)) is not None), None)


def speaks_of_steps(expr: Expr) -> bool:
    """Whether `happens` occurs: then stuttering now and then is not invisible."""
    return any(isinstance(leaf, ActionPredicate) and leaf.kind == "happens" for leaf in leaves(expr))


def left_sides(e: Expr) -> tuple[Expr, ...]:
    """The conditions under which a property says anything: of each `leads_to`, and of each `implies` that it or an
    `always` of it is made of."""
    match e:
        case Temporal("leads_to" | "implies", (left, _)) | Logic("implies", (left, _)):
            return (left,)
        case Temporal("and", args):
            return tuple(left for a in args for left in left_sides(a))
        case Temporal("always", (body,)):
            return left_sides(body)
    return ()


def is_invariant(part: Expr) -> bool:
    """`always` of what a state decides: no product is needed."""
    match part:
        case Temporal("always", (body,)):
            return not speaks_of_steps(body) and is_proposition(body)
    return False


def is_proposition(e: Expr) -> bool:
    """Whether it has no temporal operator: connectives over state and action predicates only."""
    return not isinstance(e, Temporal) or (e.operator in CONNECTIVES and all(map(is_proposition, e.args)))


CONNECTIVES = ("and", "or", "not", "implies")
