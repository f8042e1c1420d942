"""Constant folding, and unrolling of quantifiers whose domain is known.

Folding never hides a fault: an application that would fault is left as it is, and `x and False` keeps an `x` that may
fault. What can be decided is decided from the left, as at run time.
"""

from __future__ import annotations

from dataclasses import replace
from operator import is_
from typing import Callable, Mapping, Sequence

from modelcheck.ir import nodes as n
from modelcheck.ir.evaluate import EvaluationError, evaluate
from modelcheck.ir.layout import count_up_to
from modelcheck.ir.ops import OPS, Fault, Op, fits, possible_faults
from modelcheck.ir.types import (
    BOOL,
    INT64,
    IntType,
    SeqType,
    SetType,
    TextType,
    Type,
    ascending,
    cardinality,
    is_scalar,
    ordinal,
    values,
)
from modelcheck.passes.typed import ClockTest, Linear, PlaceTest, ProcessLocal, StepTest, walk

UNROLL_DOMAIN = 64  # quantifiers over at most so many constants are unrolled
UNROLL_NODES = 4000  # unless the result would be larger than this
MAX_EFFORT = 1 << 18  # operations in computing one constant

Env = Mapping[str, n.Expr]  # locals that stand for a constant, or for a variable
Resolve = Callable[[n.Expr], n.Expr]

_SHORT = {"and": False, "or": True}


def fold(expr: n.Expr, env: Env | None = None, *, unroll: bool = False, resolve: Resolve | None = None) -> n.Expr:
    """The expression with the locals of `env` substituted and everything constant computed.

    unroll: also turn quantifiers over few constants into their connective, and drop an `implies` whose left side is
    False; without it they stay as the author wrote them (for explanations, and for who asks whether the left side ever
    holds), unless they are wholly constant.  resolve: replaces the nodes of `typed`.
    """
    return _Folder(unroll, resolve).expr(expr, dict(env or {}))


def is_const(expr: n.Expr, value: object) -> bool:
    return isinstance(expr, n.Const) and expr.value is value


def all_values(t: Type) -> n.Const:
    """The set of every value of a type, as a constant."""
    return n.Const(frozenset(values(t)), SetType(t))


def members(domain: n.Const) -> list[object]:
    """The members of a constant set or sequence in the order in which loops visit them. Strings have none of their own:
    whoever runs over a set of them does not depend on it."""
    if isinstance(domain.type, SetType) and isinstance(domain.type.of, TextType):
        return sorted(domain.value)
    return ascending(domain.type.of, domain.value) if isinstance(domain.type, SetType) else list(domain.value)


def fold_linear(e: Linear, env: Env, resolve: Resolve | None = None) -> Linear:
    return _Folder(True, resolve).linear(e, dict(env))


class _Folder:
    def __init__(self, unroll: bool, resolve: Resolve | None = None):
        self.unroll = unroll
        self.resolve = resolve

    def expr(self, e: n.Expr, env: dict[str, n.Expr]) -> n.Expr:
        match e:
            case n.Const() | n.Variable() | n.ActionPredicate():
                return e
            case n.Local(name):
                return env.get(name, e)
            case n.Apply(_, args):
                return self.apply(e, tuple(self.expr(a, env) for a in args))
            case n.Logic():
                return self.logic(e, env)
            case n.Cond(test, then, otherwise, t, span):
                test = self.expr(test, env)
                if isinstance(test, n.Const):
                    return self.expr(then if test.value else otherwise, env)
                return n.Cond(test, self.expr(then, env), self.expr(otherwise, env), t, span)
            case n.Field(record):
                record = self.expr(record, env)
                if isinstance(record, n.Const):
                    return n.Const(record.value[record.type.position(e.name)], e.type, e.span)
                return e if record is e.record else n.Field(record, e.name, e.type, e.span)
            case n.Element(array, index):
                return self.element(e, self.expr(array, env), self.expr(index, env))
            case n.Construct(items, t, span):
                items = tuple(self.expr(i, env) for i in items)
                if all(isinstance(i, n.Const) for i in items):
                    found = tuple(i.value for i in items)
                    return n.Const(frozenset(found) if isinstance(t, SetType) else found, t, span)
                return n.Construct(items, t, span)
            case n.Bind(local, value, body):
                value = self.expr(value, env)
                if isinstance(value, n.Const | n.Local) or (isinstance(value, n.Variable) and is_scalar(value.type)):
                    return self.expr(body, {**env, local.name: value})
                return replace(e, value=value, body=self.expr(body, env))
            case n.Quantifier():
                return self.quantifier(e, env)
            case n.Temporal(_, args):
                return replace(e, args=tuple(self.expr(a, env) for a in args))
            case ClockTest(left, right, bound):
                sides = (None if side is None else self.expr(side, env) for side in (left, right))
                return ClockTest(*sides, self.linear(bound, env), e.strict, e.span)
        return e if self.resolve is None else self.resolve(e)

    def linear(self, e: Linear, env: dict[str, n.Expr]) -> Linear:
        if e.expr is None:
            return e
        expr = self.expr(e.expr, env)
        if isinstance(expr, n.Const):
            return replace(e, constant=e.constant + e.factor * expr.value, expr=None, factor=1)
        return replace(e, expr=expr)

    def apply(self, e: n.Apply, args: tuple[n.Expr, ...]) -> n.Expr:
        if all(isinstance(a, n.Const) for a in args):
            try:
                return n.Const(OPS[e.op].meaning(e.type, *(a.value for a in args)), e.type, e.span)
            except Fault:
                pass
        if e.op is Op.NOT and isinstance(args[0], n.Apply) and args[0].op is Op.NOT:
            return args[0].args[0]
        return e if _same(args, e.args) else n.Apply(e.op, args, e.type, e.span)

    def logic(self, e: n.Logic, env: dict[str, n.Expr]) -> n.Expr:
        if e.connective == "implies":
            left = self.expr(e.args[0], env)
            if is_const(left, False) and self.unroll:
                return n.Const(True, BOOL, e.span)
            right = self.expr(e.args[1], env)
            return right if is_const(left, True) else replace(e, args=(left, right))
        short, kept = _SHORT[e.connective], []
        for arg in e.args:
            arg = self.expr(arg, env)
            if isinstance(arg, n.Const):
                if arg.value is short:
                    kept = [k for k in kept if may_fault(k)] and [*kept, arg] or [arg]
                    break
                continue
            kept.append(arg)
        if not kept:
            return n.Const(not short, BOOL, e.span)
        if len(kept) == 1:
            return kept[0]
        return e if _same(kept, e.args) else n.Logic(e.connective, tuple(kept), e.span)

    def element(self, e: n.Element, array: n.Expr, index: n.Expr) -> n.Expr:
        if isinstance(array, n.Const) and isinstance(index, n.Const):
            position = _position(array.type.index, index.value)
            if position is not None:
                return n.Const(array.value[position], e.type, e.span)
        same = array is e.array and index is e.index
        return e if same else n.Element(array, index, e.type, e.span)

    def quantifier(self, q: n.Quantifier, env: dict[str, n.Expr]) -> n.Expr:
        domain = self.expr(q.domain, env)
        body = self.expr(q.body, env)
        guard = None if q.guard is None else self.expr(q.guard, env)
        q = replace(q, domain=domain, body=body, guard=guard)
        if not isinstance(domain, n.Const):
            return q
        if all(is_closed(part, q.local.name) for part in (body, guard) if part is not None):
            return _computed(q)
        found = members(domain)
        text = isinstance(q.local.type, TextType)
        if not (self.unroll or text):
            return q
        size = sum(1 for _ in walk(body)) * len(found)
        if not text and (len(found) > UNROLL_DOMAIN or size > UNROLL_NODES):
            return q
        return self.unrolled(q, [n.Const(v, q.local.type) for v in found])

    def unrolled(self, q: n.Quantifier, found: list[n.Const]) -> n.Expr:
        bodies = [self.expr(q.body, {q.local.name: v}) for v in found]
        guards = [None if q.guard is None else self.expr(q.guard, {q.local.name: v}) for v in found]
        if q.kind in ("all", "any"):
            return self._connective(q, bodies, guards)
        if q.kind == "sum" and isinstance(q.local.type, TextType):
            bodies, guards = [_counted(b, g) for b, g in zip(bodies, guards)], [None] * len(bodies)
        if any(g is not None and not isinstance(g, n.Const) for g in guards):
            return q
        kept = [b for b, g in zip(bodies, guards) if g is None or g.value]
        match q.kind:
            case "array" | "set":
                return self.expr(n.Construct(tuple(kept), q.type, q.span), {})
            case "seq" if len(kept) <= q.type.capacity:
                return self.expr(n.Construct(tuple(kept), q.type, q.span), {})
            case "sum" if kept:
                total = kept[0]
                for b in kept[1:]:
                    total = n.Apply(Op.ADD, (total, b), OPS[Op.ADD].rule(total.type, b.type), q.span)
                return self._widened(total, q)
            case "sum":
                return n.Const(0, q.type, q.span)
            case "min" | "max" if kept:
                op, best = Op[q.kind.upper()], kept[0]
                for b in kept[1:]:
                    best = n.Apply(op, (best, b), OPS[op].rule(best.type, b.type), q.span)
                return self._widened(best, q)
        return q

    def _widened(self, e: n.Expr, q: n.Quantifier) -> n.Expr:
        """An integer as a value of the quantifier's own type, which holds it by construction."""
        return self.expr(e if e.type == q.type else n.Apply(Op.CAST, (e,), q.type, q.span), {})

    def _connective(self, q: n.Quantifier, bodies: list[n.Expr], guards: list[n.Expr | None]) -> n.Expr:
        connective = "and" if q.kind == "all" else "or"
        parts = []
        for body, guard in zip(bodies, guards):
            if guard is not None and q.kind == "all":
                body = n.Logic("implies", (guard, body), q.span)
            elif guard is not None:
                body = n.Logic("and", (guard, body), q.span)
            parts.append(body)
        return self.expr(n.Logic(connective, tuple(parts), q.span), {})


def _same(parts: Sequence[n.Expr], before: Sequence[n.Expr]) -> bool:
    """Whether folding has left every part as it was."""
    return len(parts) == len(before) and all(map(is_, parts, before))


def _counted(e: n.Expr, guard: n.Expr | None) -> n.Expr:
    """A part of a sum: 0 where the guard is false."""
    t = IntType(min(0, e.type.lo), max(0, e.type.hi))
    value = e if e.type == t else n.Apply(Op.CAST, (e,), t, e.span)
    return value if guard is None else n.Cond(guard, value, n.Const(0, t, e.span), t, e.span)


def _computed(e: n.Expr) -> n.Expr:
    """A closed expression as its value; as it is, where that takes long or faults."""
    if effort(e) > MAX_EFFORT:
        return e
    try:
        return n.Const(evaluate(None, e, ()), e.type, getattr(e, "span", None))
    except EvaluationError:
        return e


def may_fault(e: n.Expr) -> bool:
    """Whether evaluating the expression may raise a fault, judged by types."""
    for x in walk(e):
        match x:
            case n.Apply(op, args, t) if possible_faults(op, t, tuple(a.type for a in args)):
                return True
            case n.Element(array, index) if isinstance(array.type, SeqType) or not fits(index.type, array.type.index):
                return True
            case n.Quantifier(kind) if kind in ("sum", "min", "max", "seq"):
                return True
    return False


_CLOSED = (n.Const, n.Apply, n.Logic, n.Cond, n.Field, n.Element, n.Construct, n.Bind, n.Quantifier)


def is_closed(e: n.Expr, *names: str) -> bool:
    """Whether an expression reads nothing but constants, the locals `names` and those that it binds itself."""
    bound = {*names, *(x.local.name for x in walk(e) if isinstance(x, n.Bind | n.Quantifier))}
    return all(x.name in bound if isinstance(x, n.Local) else isinstance(x, _CLOSED) for x in walk(e))


def effort(e: n.Expr) -> int:
    """How many operations it takes at most to evaluate an expression."""
    match e:
        case n.Quantifier(_, _, domain, body, _, guard):
            each = 1 + effort(body) + (0 if guard is None else effort(guard))
            return effort(domain) + largest(domain) * each
        case n.Cond(test, then, otherwise):
            return 1 + effort(test) + max(effort(then), effort(otherwise))
        case PlaceTest() | ProcessLocal() | StepTest() | ClockTest():
            return 1
    return 1 + sum(map(effort, n.children(e)))


def largest(domain: n.Expr) -> int:
    """How many elements a domain can have at most."""
    if isinstance(domain, n.Const):
        return len(domain.value)
    return domain.type.capacity if isinstance(domain.type, SeqType) else count_up_to(domain.type.of, INT64[1])


def _position(index: Type, value: object) -> int | None:
    """The position of an index value in an array, None outside it."""
    try:
        position = ordinal(index, value)
    except ValueError:
        return None
    return position if 0 <= position < cardinality(index) else None


def fold_body(
    body: tuple[n.Stmt, ...], env: Env | None = None, *, resolve: Resolve | None = None
) -> tuple[n.Stmt, ...]:
    """The statements with everything folded and unrolled. Dead branches go, a false `when` stays."""
    folder, out = _Folder(True, resolve), []
    env = dict(env or {})
    for stmt in body:
        match stmt:
            case n.Assign(target, value, span):
                out.append(n.Assign(folder.expr(target, env), folder.expr(value, env), span))
            case n.If(test, then, otherwise):
                test = folder.expr(test, env)
                if isinstance(test, n.Const):
                    out.extend(fold_body(then if test.value else otherwise, env, resolve=resolve))
                else:
                    sides = (fold_body(side, env, resolve=resolve) for side in (then, otherwise))
                    out.append(n.If(test, *sides, stmt.site, stmt.span))
            case n.When(test):
                test = folder.expr(test, env)
                if not is_const(test, True):
                    out.append(replace(stmt, test=test))
            case n.Assert(test):
                test = folder.expr(test, env)
                if not is_const(test, True):
                    out.append(replace(stmt, test=test))
            case n.Choose(_, domain):
                out.append(replace(stmt, domain=folder.expr(domain, env)))
            case n.For(_, domain, inner):
                out.append(replace(stmt, domain=folder.expr(domain, env), body=fold_body(inner, env, resolve=resolve)))
    return tuple(out)
