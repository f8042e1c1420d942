"""Types expressions: SURFACE to typed CORE, with every conversion explicit.

Integers have the interval that their expression can take, so a later assignment knows whether it needs a check. Types
flow from declarations to literals (`self.phase == "idle"` types the string), so `expression` takes the type that the
surroundings expect, as a hint: the result may have another, and `coerce` decides whether that is an error.

Helper calls are inlined on the way (`calls`, `inline`). A context either collects statements in `emit`, so that a
helper with effects can be called, or is pure (`emit` is None). What an operand computed before a later operand's
effects is saved first: evaluation is from left to right.

Expressions contain calls, which contain statements, which contain expressions: this module, `conversions`,
`comparisons`, `comprehensions`, `references`, `places`, `calls`, `inline`, `pure` and `statements` are one recursive
definition, and import each other as modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Callable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.evaluate import EvaluationError, evaluate
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import (
    BOOL,
    INT64,
    TEXT,
    BoolType,
    EnumType,
    FormulaType,
    IntType,
    OptionType,
    SeqType,
    SetType,
    Type,
    join,
    show,
)
from modelcheck.passes import calls, clocks, comparisons, comprehensions, references
from modelcheck.passes.context import Bad, Binding, Broken, Declared, Expired, NotPure
from modelcheck.passes.conversions import (
    apply, coerce, inner, is_nothing, join_all, loose, plain, something, unify, what,
)  # fmt: skip
from modelcheck.passes.simplify import MAX_EFFORT, effort, fold, is_closed

if TYPE_CHECKING:
    from modelcheck.passes.names import World
    from modelcheck.passes.spec import Spec
    from modelcheck.passes.typed import TStmt


@dataclass(slots=True)
class Context:
    """Where an expression stands. `scopes`: local names, the innermost block last. `emit`: statements that must run
    first, or None where none may. `calls`: the functions being inlined, against recursion."""

    world: World
    module: str
    scopes: list[dict[str, Binding]] = field(default_factory=lambda: [{}])
    emit: list[TStmt] | None = None
    spec: Spec | None = None
    calls: tuple[tuple[s.Function, Span], ...] = ()
    site: tuple[int, ...] = ()  # of the calls of procedures around it
    steps: bool = False  # whether a procedure may be called here
    expected: Type | None = None  # what a `return` should give
    dropped: bool = False  # whether nobody looks at what a `return` gives
    declared: dict[str, Declared] = field(default_factory=dict)  # by the name of the local
    temporal: bool = False

    def error(self, code: str, span: Span, message: str, hint: str) -> Bad:
        return self.world.report.error(code, span, message, hint)

    def local(self, name: str) -> Binding | None:
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def lookup(self, name: str, span: Span) -> Binding:
        binding = self.local(name)
        if binding is None and name == "self":
            hint = "only constants, literals and what is computed from them can stand here"
            raise self.error("T005", span, "the state is not known here", hint)
        binding = binding or self.world.lookup(self.module, name, span)
        match binding:
            case Broken():
                raise Bad
            case Expired(bound):
                hint = f"it is bound only in a block that ends before, at line {bound.line}: declare it first"
                raise self.error("N009", span, f"`{name}` may have no value here", hint)
        return binding

    def names(self, name: str) -> bool:
        """Whether something of the file, or of modelcheck, goes by that name here."""
        return self.local(name) is None and name in self.world.known(self.module)

    def pure(self) -> Context:
        """The same place, where no statement can be emitted. Bindings made in it do not come back."""
        return replace(self, emit=None, scopes=[*self.scopes, {}])

    def fresh(self, name: str, type: Type, span: Span | None) -> n.Local:
        return n.Local(self.world.names.fresh(name), type, span)


# --- entry points -----------------------------------------------------------------------------------------------------


def expression(ctx: Context, e: s.Expr, expected: Type | None = None) -> n.Expr:
    """The typed expression, a value. `expected` helps literals to find their type; it is not enforced."""
    found = place(ctx, e, expected)
    if clocks.holds_clock(found.type):
        hint = "a clock is set, `self.x = 0`, and compared, `self.x >= 10`; it has no value to keep"
        raise ctx.error("T032", e.span, "a clock or a timer cannot stand here", hint)
    return found


def place(ctx: Context, e: s.Expr, expected: Type | None = None) -> n.Expr:
    """The same of what is only on the way to a value: it may be, or hold, a clock."""
    ctx.world.report.spend(e.span)
    match e:
        case s.Literal_(value):
            return _literal(ctx, e, value, expected)
        case s.Name():
            return references.name(ctx, e)
        case s.Attribute():
            return references.attribute(ctx, e)
        case s.Subscript():
            return references.subscript(ctx, e)
        case s.Call():
            return calls.call(ctx, e, expected)
        case s.Unary():
            return _unary(ctx, e)
        case s.Binary():
            return _binary(ctx, e, expected)
        case s.BoolOp():
            return _bool_op(ctx, e)
        case s.Compare():
            return comparisons.compare(ctx, e)
        case s.IfExp():
            return _if_exp(ctx, e, expected)
        case s.Display():
            return comprehensions.display(ctx, e, expected)
        case s.Comprehension():
            return comprehensions.comprehension(ctx, e, expected)


def typed(ctx: Context, e: s.Expr, t: Type) -> n.Expr:
    """The expression converted to type `t`; T001 where that cannot be."""
    return coerce(ctx, expression(ctx, e, t), t, e.span)


def condition(ctx: Context, e: s.Expr) -> n.Expr:
    return as_bool(ctx, expression(ctx, e, BOOL), e.span)


def as_bool(ctx: Context, found: n.Expr, span: Span) -> n.Expr:
    if is_nothing(found.type):
        return coerce(ctx, found, BOOL, span)
    if not isinstance(found.type, BoolType):
        hint = "there is no truthiness: write the comparison" + _TRUTH_HINTS.get(type(found.type), "")
        raise ctx.error("T003", span, f"a condition is a Bool, not {what(found)}", hint)
    return found


_TRUTH_HINTS = {
    IntType: ", such as `n > 0`",
    SetType: ", such as `len(s) > 0`",
    SeqType: ", such as `len(s) > 0`",
    OptionType: ", such as `x is not None`",
    EnumType: ', such as `x == "idle"`',
}


def constant(ctx: Context, e: s.Expr, t: Type | None = None) -> n.Const:
    """The value of an expression that depends on constants only, one of `t` where that is given. T005 where it depends
    on more, T006 where it lies outside `t` or cannot be computed, T008 where it is beyond 64 bits."""
    hint = "only constants, literals and what is computed from them can stand here"
    pure = ctx.pure()
    try:
        found = fold(typed(pure, e, t) if t else expression(pure, e), unroll=True)
    except NotPure:
        raise ctx.error("T005", e.span, "this is not a constant", hint) from None
    if isinstance(found, n.Const):
        return found
    if not is_closed(found):
        raise ctx.error("T005", e.span, "this is not a constant", hint)
    if effort(found) > MAX_EFFORT:
        raise ctx.error("T005", e.span, "this takes too long to compute", "write the value itself")
    try:
        return n.Const(evaluate(None, found, ()), found.type, e.span)
    except EvaluationError as failure:
        raise _no_constant(ctx, e.span, failure, t) from None


def _no_constant(ctx: Context, span: Span, failure: EvaluationError, t: Type | None) -> Bad:
    match failure.kind:
        case FaultKind.RANGE:
            hint = "widen the type, or change the value"
            return ctx.error("T006", span, f"the value lies outside {show(t)}" if t else str(failure), hint)
        case FaultKind.OVERFLOW:
            return ctx.error("T008", span, "an integer beyond 64 bits", "integers lie between -2**63 and 2**63 - 1")
    hint = "change the constants, or the expression"
    return ctx.error("T006", span, f"evaluating this meets {failure.kind.value}", hint)


def in_order(ctx: Context, *makers: Callable[[], n.Expr]) -> list[n.Expr]:
    """The operands, from left to right: one that was computed before a later one's effects keeps its value."""
    found: list[n.Expr] = []
    bad = None
    for make in makers:
        mark = 0 if ctx.emit is None else len(ctx.emit)
        try:
            made = make()
        except Bad as reported:  # the operands after it may be wrong too
            bad = reported
            continue
        if ctx.emit is not None and len(ctx.emit) > mark:
            _save(ctx, found, mark)
        found.append(made)
    if bad is not None:
        raise bad
    return found


def _save(ctx: Context, found: list[n.Expr], mark: int) -> None:
    """Keeps the values of operands in front of what was emitted from `mark` on."""
    for i, earlier in enumerate(found):
        if not isinstance(earlier, n.Const):
            found[i] = ctx.fresh("saved", earlier.type, earlier.span)
            ctx.emit.insert(mark, n.Assign(found[i], earlier, earlier.span))
            mark += 1


# --- literals -------------------------------------------------------------------------------------------------


def _literal(ctx: Context, e: s.Literal_, value: object, expected: Type | None) -> n.Expr:
    match value:
        case bool():
            return n.Const(value, BOOL, e.span)
        case int():
            return n.Const(value, IntType(value, value), e.span)
        case str():
            wanted = inner(expected) if expected else None
            text = n.Const(value, TEXT, e.span)
            return coerce(ctx, text, wanted, e.span) if isinstance(wanted, EnumType) else text
    if isinstance(expected, OptionType):
        return n.Const(None, expected, e.span)
    hint = "None is a value of an Option; compare with `is None`"
    raise ctx.error("T009", e.span, "None has no type here", hint)


# --- operators --------------------------------------------------------------------------------------------------------

_INTEGER = {"+": Op.ADD, "-": Op.SUB, "*": Op.MUL, "//": Op.FLOORDIV, "%": Op.MOD}
_OF_SETS = {
    "|": "between conditions write `or`",
    "&": "between conditions write `and`",
    "^": "between conditions write `!=`",
}
_SET = {"|": Op.UNION, "&": Op.INTERSECTION, "-": Op.DIFFERENCE, "^": Op.SYMMETRIC_DIFFERENCE}


def _unary(ctx: Context, e: s.Unary) -> n.Expr:
    operand = expression(ctx, e.operand)
    if e.op == "not":
        if isinstance(operand.type, FormulaType):
            return n.Temporal("not", (operand,), e.span)
        return n.Apply(Op.NOT, (as_bool(ctx, operand, e.operand.span),), BOOL, e.span)
    negated = apply(ctx, Op.NEG, (operand,), e.span)
    return fold(negated) if e.op == "-" else plain(operand)


def _binary(ctx: Context, e: s.Binary, expected: Type | None) -> n.Expr:
    if comparisons.needs_type(e.left):  # `{"idle"} | self.phases`
        right = expression(ctx, e.right, expected)
        left = expression(ctx.pure(), e.left, expected or loose(right.type))
        return binary(ctx, e.op, left, right, e.span)
    types: list[Type] = []

    def first() -> n.Expr:
        found = expression(ctx, e.left, expected)
        types.append(found.type)
        return found

    def second() -> n.Expr:
        return expression(ctx, e.right, expected or (loose(types[0]) if types else None))

    left, right = in_order(ctx, first, second)
    return binary(ctx, e.op, left, right, e.span)


def binary(ctx: Context, op: str, left: n.Expr, right: n.Expr, span: Span) -> n.Expr:
    """`left op right` by the types of the operands."""
    left, right = plain(left), plain(right)
    if isinstance(left.type, SetType) and isinstance(right.type, SetType) and op in _SET:
        left, right = unify(ctx, left, right, span, f"`{op}`")
        return fold(n.Apply(_SET[op], (left, right), left.type, span))
    if isinstance(left.type, SeqType) and isinstance(right.type, SeqType) and op == "+":
        t = join(something(left.type, right.type), something(right.type, left.type))
        if t is not None:
            sides = [coerce(ctx, x, SeqType(t.of, x.type.capacity), span) for x in (left, right)]
            return fold(apply(ctx, Op.CONCAT, tuple(sides), span))
    if op == "**":
        return _power(ctx, left, right, span)
    if op not in _INTEGER:
        raise ctx.error("T002", span, f"`{op}` takes two sets, not {what(left)} and {what(right)}", _OF_SETS[op])
    return fold(apply(ctx, _INTEGER[op], (left, right), span))


def _power(ctx: Context, left: n.Expr, right: n.Expr, span: Span) -> n.Expr:
    left, right = fold(left), fold(right)
    known = isinstance(left, n.Const) and isinstance(right, n.Const)
    if not known or not isinstance(left.type, IntType) or not isinstance(right.type, IntType):
        raise ctx.error("T005", span, "`**` takes two constant integers", "write the product")
    if right.value < 0 or (right.value > 64 and abs(left.value) > 1):
        raise ctx.error("T008", span, "an exponent that is too large, or negative", "integers have 64 bits")
    value = left.value**right.value
    if not INT64[0] <= value <= INT64[1]:
        raise ctx.error("T008", span, "an integer beyond 64 bits", "integers lie between -2**63 and 2**63 - 1")
    return n.Const(value, IntType(value, value), span)


def _bool_op(ctx: Context, e: s.BoolOp) -> n.Expr:
    args: list[n.Expr] = []
    bad = None
    for i, arg in enumerate(e.args):
        mark = 0 if ctx.emit is None else len(ctx.emit)
        try:
            made = expression(ctx, arg, BOOL)
            if not isinstance(made.type, FormulaType):
                made = as_bool(ctx, made, arg.span)
        except Bad as reported:  # the operands after it may be wrong too
            bad = reported
            continue
        if i and not bad and ctx.emit is not None and len(ctx.emit) > mark:
            args = [_stop_early(ctx, e, args, made, mark)]
        else:
            args.append(made)
    if bad is not None:
        raise bad
    if any(isinstance(a.type, FormulaType) for a in args):
        return n.Temporal(e.op, tuple(args), e.span)
    return args[0] if len(args) == 1 else n.Logic(e.op, tuple(args), e.span)


def _stop_early(ctx: Context, e: s.BoolOp, before: list[n.Expr], made: n.Expr, mark: int) -> n.Expr:
    """An operand with effects: they happen only where the operands before it leave the value open."""
    late = tuple(ctx.emit[mark:])
    del ctx.emit[mark:]
    result = ctx.fresh("condition", BOOL, e.span)
    left = before[0] if len(before) == 1 else n.Logic(e.op, tuple(before), e.span)
    ctx.emit.append(n.Assign(result, left, e.span))
    test = result if e.op == "and" else n.Apply(Op.NOT, (result,), BOOL, e.span)
    ctx.emit.append(n.If(test, (*late, n.Assign(result, made, e.span)), (), None, e.span))
    return result


def _if_exp(ctx: Context, e: s.IfExp, expected: Type | None) -> n.Expr:
    test = fold(condition(ctx, e.test))
    emitted: list[tuple[TStmt, ...]] = []
    values: list[n.Expr] = []
    swapped = comparisons.needs_type(e.then)  # then the other side may have a type for it
    for side in (e.otherwise, e.then) if swapped else (e.then, e.otherwise):
        branch = ctx if ctx.emit is None else replace(ctx, emit=[])
        values.append(expression(branch, side, expected or (loose(values[0].type) if values else None)))
        emitted.append(() if ctx.emit is None else tuple(branch.emit))
    if swapped:
        values, emitted = values[::-1], emitted[::-1]
    if isinstance(test, n.Const) and any(isinstance(v.type, FormulaType) for v in values):
        return values[0 if test.value else 1]
    (then, otherwise), t = join_all(ctx, values, e.span, "a conditional expression")
    if not any(emitted):
        return n.Cond(test, then, otherwise, t, e.span)
    result = ctx.fresh("value", t, e.span)
    sides = [(*extra, n.Assign(result, v, e.span)) for extra, v in zip(emitted, (then, otherwise))]
    ctx.emit.append(n.If(test, sides[0], sides[1], None, e.span))
    return result
