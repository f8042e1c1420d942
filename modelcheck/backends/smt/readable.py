"""A formula over a state as expressions of the language, and as text in the spec's own words.

What Spacer finds speaks of scalars: `run.place.0 <= 3`. Here every scalar is again the part of the state it stands for,
negations are pushed inward, terms of sums are brought to the side where they are positive, what is said of a place, an
enum or a Scalarset value becomes the set of values that it allows, and what types exclude is left out. The expressions
mean what the formula means in every typed state, so the reference interpreter can be asked whether they hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, Callable, Iterator, Sequence

import z3

from modelcheck.backends.smt.values import Value, leaves
from modelcheck.ir.layout import universe
from modelcheck.ir.nodes import Apply, Cond, Const, Element, Expr, Field, Local, Logic, Model, Variable
from modelcheck.ir.ops import Op
from modelcheck.ir.printer import print_expr
from modelcheck.ir.types import (
    BOOL,
    INT64,
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    Type,
    cardinality,
)

NUMBER = IntType(*INT64)
SMALL = 64  # values of an integer type that are tried one by one
TRUE, FALSE = Const(True, BOOL), Const(False, BOOL)


class Unreadable(Exception):
    """A term that no operator of the language stands for, such as a division by what may be negative."""


def conjuncts(model: Model, state: Sequence[Value], formula: Any) -> tuple[str, ...]:
    """One text for each part of a conjunction; none for what is always true. What has no reading is shown as z3 has
    it."""
    try:
        found = expression(model, state, formula)
    except Unreadable:
        if z3.is_and(formula):
            return tuple(text for part in formula.children() for text in conjuncts(model, state, part))
        return (str(formula),)
    parts = found.args if isinstance(found, Logic) and found.connective == "and" else (found,)
    return tuple(dict.fromkeys(print_expr(_shown(model, part), model) for part in parts if part != TRUE))


def expression(model: Model, state: Sequence[Value], formula: Any) -> Expr:
    """The same as an expression over the variables. `state`: their trees, as the formula has them. Raises
    Unreadable."""
    parts: dict[int, Expr] = {}
    for i, (decl, tree) in enumerate(zip(model.variables, state)):
        exprs = _parts(decl.type, Variable(i, decl.type))
        parts.update((leaf.get_id(), part) for leaf, part in zip(leaves(decl.type, tree), exprs))
    return _Reader(model, parts).boolean(formula, True)


def _parts(t: Type, e: Expr) -> Iterator[Expr]:
    """What each scalar of a tree means, in the order of `leaves`."""
    match t:
        case SetType(of):
            yield from (Apply(Op.IN, (Const(m, of), e), BOOL) for m in universe(of))
        case OptionType(of):
            yield Apply(Op.NOT, (Apply(Op.IS_NONE, (e,), BOOL),), BOOL)
            yield from _parts(of, Apply(Op.GET, (e,), of))
        case SeqType(of, capacity):
            yield Apply(Op.LENGTH, (e,), IntType(0, capacity))
            for i in range(capacity):
                yield from _parts(of, Apply(Op.ITEM, (e, _integer(i)), of))
        case ArrayType(index, of):
            for i in universe(index):
                yield from _parts(of, Element(e, Const(i, index), of))
        case RecordType(_, fields):
            for name, of in fields:
                yield from _parts(of, Field(e, name, of))
        case _:
            yield e


def _integer(value: int) -> Const:
    return Const(value, IntType(value, value))


# --- reading formulas -------------------------------------------------------------------------------------------------

_FLIPPED = {Op.LE: Op.GT, Op.GE: Op.LT, Op.LT: Op.GE, Op.GT: Op.LE, Op.EQ: Op.NE, Op.NE: Op.EQ}
_COMPARISONS = {
    z3.Z3_OP_LE: Op.LE, z3.Z3_OP_GE: Op.GE, z3.Z3_OP_LT: Op.LT, z3.Z3_OP_GT: Op.GT, z3.Z3_OP_EQ: Op.EQ,
    z3.Z3_OP_DISTINCT: Op.NE,
}  # fmt: skip
_SUMS = {z3.Z3_OP_ANUM, z3.Z3_OP_ADD, z3.Z3_OP_SUB, z3.Z3_OP_UMINUS}
_MEANINGS = {
    Op.LE: lambda a, b: a <= b, Op.GE: lambda a, b: a >= b, Op.LT: lambda a, b: a < b, Op.GT: lambda a, b: a > b,
    Op.EQ: lambda a, b: a == b, Op.NE: lambda a, b: a != b,
}  # fmt: skip
_WITHOUT_ONE = {
    (Op.LT, -1): (Op.LE, 0), (Op.GT, 1): (Op.GE, 0), (Op.LE, 1): (Op.LT, 0), (Op.GE, -1): (Op.GT, 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Reader:
    model: Model
    parts: dict[int, Expr]  # id of a scalar -> what it means

    def boolean(self, f: Any, positive: bool) -> Expr:
        """The formula, or its negation."""
        kind = f.decl().kind()
        match kind:
            case z3.Z3_OP_TRUE | z3.Z3_OP_FALSE:
                return TRUE if (kind == z3.Z3_OP_TRUE) is positive else FALSE
            case z3.Z3_OP_NOT:
                return self.boolean(f.arg(0), not positive)
            case z3.Z3_OP_AND | z3.Z3_OP_OR:
                join = "and" if (kind == z3.Z3_OP_AND) is positive else "or"
                return joined(join, [self.boolean(a, positive) for a in f.children()])
            case z3.Z3_OP_IMPLIES:
                left, right = self.boolean(f.arg(0), not positive), self.boolean(f.arg(1), positive)
                return joined("or" if positive else "and", [left, right])
            case z3.Z3_OP_ITE:
                test, then, otherwise = f.children()
                return Cond(
                    self.boolean(test, True), self.boolean(then, positive), self.boolean(otherwise, positive), BOOL
                )
            case z3.Z3_OP_UNINTERPRETED:
                return self.parts[f.get_id()] if positive else _not(self.parts[f.get_id()])
        if kind in _COMPARISONS and z3.is_bool(f.arg(0)):
            equal = (_COMPARISONS[kind] is Op.EQ) is positive
            sides = tuple(self.boolean(a, True) for a in f.children())
            return Apply(Op.EQ if equal else Op.NE, sides, BOOL)
        if kind in _COMPARISONS:
            op = _COMPARISONS[kind] if positive else _FLIPPED[_COMPARISONS[kind]]
            return self.compared(op, *f.children())
        raise Unreadable(str(f.decl()))

    def compared(self, op: Op, a: Any, b: Any) -> Expr:
        """A comparison of integers: of a place or an enum with a number, the set of the values that it allows."""
        terms, constant = self.linear(a, 1, {}, 0)
        terms, constant = self.linear(b, -1, terms, constant)
        terms = {e: k for e, k in terms.items() if k}
        if len(terms) == 1:
            [(e, k)] = terms.items()
            if _is_coded(self.model, e):
                count = cardinality(e.type)
                return among(e, {i for i in range(count) if _MEANINGS[op](k * i + constant, 0)})
            if (always := _bounded_answer(op, k, e.type, constant)) is not None:
                return TRUE if always else FALSE
            if (only := _only_value(e.type, lambda x: _MEANINGS[op](k * x + constant, 0))) is not None:
                return Apply(Op.EQ, (e, _integer(only)), BOOL)
        positive, negative = ([(e, k) for e, k in terms.items() if k * sign > 0] for sign in (1, -1))
        if not positive:
            positive, negative, constant = [(e, -k) for e, k in negative], [], -constant
            op = {Op.LE: Op.GE, Op.GE: Op.LE, Op.LT: Op.GT, Op.GT: Op.LT}.get(op, op)
        if negative:
            op, constant = _WITHOUT_ONE.get((op, constant), (op, constant))  # `a < b + 1` is `a <= b`
        left = _sum(positive, max(0, constant) if negative else 0)
        right = _sum([(e, -k) for e, k in negative], max(0, -constant) if negative else -constant)
        return Apply(op, (left, right), BOOL)

    def linear(self, t: Any, factor: int, terms: dict[Expr, int], constant: int) -> tuple[dict[Expr, int], int]:
        """`factor * t` added to a sum: (what is not known -> its factor, what is known)."""
        kind = t.decl().kind()
        match kind:
            case z3.Z3_OP_ANUM:
                return terms, constant + factor * t.as_long()
            case z3.Z3_OP_ADD | z3.Z3_OP_SUB:
                for i, arg in enumerate(t.children()):
                    sign = -1 if kind == z3.Z3_OP_SUB and i else 1
                    terms, constant = self.linear(arg, sign * factor, terms, constant)
                return terms, constant
            case z3.Z3_OP_UMINUS:
                return self.linear(t.arg(0), -factor, terms, constant)
            case z3.Z3_OP_MUL if z3.is_int_value(t.arg(0)):
                rest = t.arg(1) if t.num_args() == 2 else z3.Product(t.children()[1:])
                return self.linear(rest, factor * t.arg(0).as_long(), terms, constant)
        found = self.integer(t)
        return {**terms, found: terms.get(found, 0) + factor}, constant

    def integer(self, t: Any) -> Expr:
        kind, args = t.decl().kind(), t.children()
        match kind:
            case z3.Z3_OP_UNINTERPRETED:
                return self.parts[t.get_id()]
            case z3.Z3_OP_ITE:
                return Cond(self.boolean(args[0], True), self.integer(args[1]), self.integer(args[2]), NUMBER)
            case z3.Z3_OP_MUL if not any(map(z3.is_int_value, args)):
                return reduce(lambda a, b: Apply(Op.MUL, (a, b), NUMBER), map(self.integer, args))
            case z3.Z3_OP_IDIV if z3.is_int_value(args[1]) and args[1].as_long() > 0:
                return Apply(Op.FLOORDIV, (self.integer(args[0]), self.integer(args[1])), NUMBER)
            case z3.Z3_OP_MOD if z3.is_int_value(args[1]) and args[1].as_long() > 0:
                return Apply(Op.MOD, (self.integer(args[0]), self.integer(args[1])), NUMBER)
        if kind not in _SUMS:
            raise Unreadable(str(t.decl()))
        terms, constant = self.linear(t, 1, {}, 0)
        return _sum(list(terms.items()), constant)


def _sum(terms: Sequence[tuple[Expr, int]], constant: int) -> Expr:
    parts = [e if k == 1 else Apply(Op.MUL, (_integer(k), e), NUMBER) for e, k in terms]
    parts += [_integer(constant)] if constant or not parts else []
    return reduce(lambda a, b: Apply(Op.ADD, (a, b), NUMBER), parts)


def _bounded_answer(op: Op, k: int, t: Type, constant: int) -> bool | None:
    """What `k * e + constant op 0` is by the bounds of the type of `e`; None where they leave it open."""
    if not isinstance(t, IntType) or op in (Op.EQ, Op.NE):
        return None
    ends = {_MEANINGS[op](k * end + constant, 0) for end in (t.lo, t.hi)}
    return ends.pop() if len(ends) == 1 else None


def _only_value(t: Type, allows: Callable[[int], bool]) -> int | None:
    """The one value of a small integer type that a comparison allows."""
    if not isinstance(t, IntType) or t.hi - t.lo >= SMALL:
        return None
    found = [x for x in range(t.lo, t.hi + 1) if allows(x)]
    return found[0] if len(found) == 1 else None


def _is_coded(model: Model, e: Expr) -> bool:
    """Whether the numbers of a scalar stand for something else."""
    if isinstance(e, Variable) and model.variables[e.index].kind == "place":
        return True
    return isinstance(e.type, EnumType | ScalarsetType)


# --- putting together -------------------------------------------------------------------------------------------------


def among(e: Expr, allowed: set[int]) -> Expr:
    """That a scalar with a code has one of these, by position among the values of its type."""
    every = universe(e.type)
    members = frozenset(every[i] for i in allowed)
    if len(members) in (0, len(every)):
        return TRUE if members else FALSE
    return Apply(Op.IN, (e, Const(members, SetType(e.type))), BOOL)


def joined(connective: Any, parts: Sequence[Expr]) -> Expr:
    """`and` or `or` of the parts, flat, with what they say of one place or enum put together."""
    ends, neutral = (FALSE, TRUE) if connective == "and" else (TRUE, FALSE)
    flat: dict[Expr, None] = {}
    sets: dict[Expr, list[frozenset[Any]]] = {}
    for part in parts:
        for p in part.args if isinstance(part, Logic) and part.connective == connective else (part,):
            match p:
                case Apply(Op.IN, (e, Const(members, SetType(of)))) if e.type == of and isinstance(members, frozenset):
                    sets.setdefault(e, []).append(members)
                case _:
                    flat[p] = None
    for e, found in sets.items():
        members = reduce(and_ if connective == "and" else or_, found)
        flat[among(e, {i for i, v in enumerate(universe(e.type)) if v in members})] = None
    if ends in flat:
        return ends
    left = tuple(p for p in flat if p != neutral)
    return neutral if not left else left[0] if len(left) == 1 else Logic(connective, left)


def _not(e: Expr) -> Expr:
    return e.args[0] if isinstance(e, Apply) and e.op is Op.NOT else Apply(Op.NOT, (e,), BOOL)


# --- text -------------------------------------------------------------------------------------------------------------


def _shown(model: Model, e: Expr) -> Expr:
    """The same for readers: places by name, an `or` as an `implies` of what it excludes. Locals stand for text."""
    match e:
        case Logic("or", args):
            negative = [a for a in args if _is_negative(a)]
            positive = [a for a in args if not _is_negative(a)]
            left = _text("and", [_shown(model, _complement(a)) for a in negative])
            right = _text("or", [_shown(model, a) for a in positive])
            if left is None:
                return right or FALSE
            return Apply(Op.NOT, (left,), BOOL) if right is None else Logic("implies", (left, right))
        case Logic(connective, args):
            return Logic(connective, tuple(_shown(model, a) for a in args))
        case Apply(Op.IN, (part, Const(frozenset() as members, SetType(of)))) if part.type == of:
            return _standing(model, part, members)
        case Apply(op, args, t):
            return Apply(op, tuple(_shown(model, a) for a in args), t)
        case Cond(test, then, otherwise, t):
            return Cond(_shown(model, test), _shown(model, then), _shown(model, otherwise), t)
    return e


def _text(connective: Any, parts: Sequence[Expr]) -> Expr | None:
    """The parts as they are, flat."""
    flat = [a for p in parts for a in (p.args if isinstance(p, Logic) and p.connective == connective else (p,))]
    return None if not flat else flat[0] if len(flat) == 1 else Logic(connective, tuple(flat))


def _is_negative(e: Expr) -> bool:
    """Whether its complement is shorter."""
    match e:
        case Apply(Op.NOT):
            return True
        case Apply(Op.IN, (part, Const(frozenset() as members, SetType(of)))) if part.type == of:
            return 2 * len(members) > cardinality(of)
    return False


def _complement(e: Expr) -> Expr:
    match e:
        case Apply(Op.NOT, (inner,)):
            return inner
        case Apply(Op.IN, (part, Const(members))):
            return among(part, {i for i, v in enumerate(universe(part.type)) if v not in members})
    return Apply(Op.NOT, (e,), BOOL)


def _standing(model: Model, part: Expr, members: frozenset[Any]) -> Expr:
    """`at(self.run[0], "wait")`, or `phase == "idle"`, or that it is in a set."""
    if not (isinstance(part, Variable) and model.variables[part.index].kind == "place"):
        if len(members) == 1:
            return Apply(Op.EQ, (part, Const(next(iter(members)), part.type)), BOOL)
        return Apply(Op.IN, (part, Const(members, SetType(part.type))), BOOL)
    process = model.processes[model.variables[part.index].process or 0]
    if 2 * len(members) > len(process.places):
        others = frozenset(range(len(process.places))) - members
        return Apply(Op.NOT, (_standing(model, part, others),), BOOL)
    texts = [_at(process.title, process.places[i].label) for i in sorted(members)]
    return _text("or", [Local(text, BoolType()) for text in texts]) or FALSE


def _at(process: str, label: str) -> str:
    return f"done(self.{process})" if label == "done" else f'at(self.{process}, "{label}")'
