"""Types expressions: SURFACE to typed CORE, with every conversion explicit.

Integers have the interval that their expression can take, so a later assignment knows whether it needs a check. Types
flow from declarations to literals (`self.phase == "idle"` types the string), so `expression` takes the type that the
surroundings expect, as a hint: the result may have another, and `coerce` decides whether that is an error.

Helper calls are inlined on the way (`calls`, `inline`). A context either collects statements in `emit`, so that a
helper with effects can be called, or is pure (`emit` is None). What an operand computed before a later operand's
effects is saved first: evaluation is from left to right.

Expressions contain calls, which contain statements, which contain expressions: this module, `calls`, `comparisons`,
`comprehensions`, `references`, `inline`, `pure` and `statements` are one recursive definition in eight files, and
import each other as modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Callable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import OPS, Op
from modelcheck.ir.types import (
    BOOL,
    INT64,
    TEXT,
    ArrayType,
    BoolType,
    EnumType,
    FormulaType,
    IntType,
    OptionType,
    ScalarsetType,
    SeqType,
    SetType,
    TextType,
    Type,
    contains,
    join,
    show,
)
from modelcheck.passes import calls, comparisons, comprehensions, references
from modelcheck.passes.context import (
    Bad,
    Binding,
    Broken,
    Expired,
    describe,
    did_you_mean,
)
from modelcheck.passes.simplify import constant_fault, fold

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
    steps: bool = False  # whether a `yield` may stand here
    expected: Type | None = None  # what a `return` should give
    declared: dict[str, tuple[str, n.Const]] = field(default_factory=dict)  # local -> source name, initial value
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

    def pure(self) -> Context:
        """The same place, where no statement can be emitted. Bindings made in it do not come back."""
        return replace(self, emit=None, scopes=[*self.scopes, {}])

    def fresh(self, name: str, type: Type, span: Span | None) -> n.Local:
        return n.Local(self.world.names.fresh(name), type, span)


# --- entry points -----------------------------------------------------------------------------------------------------


def expression(ctx: Context, e: s.Expr, expected: Type | None = None) -> n.Expr:
    """The typed expression. `expected` helps literals to find their type; it is not enforced."""
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
    found = expression(ctx, e, BOOL)
    return as_bool(ctx, found, e.span)


def as_bool(ctx: Context, found: n.Expr, span: Span) -> n.Expr:
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
    """The value of an expression that depends on constants only; T005 otherwise, T006 where it is outside `t`."""
    found = fold(typed(ctx.pure(), e, t) if t else expression(ctx.pure(), e), unroll=True)
    if isinstance(found, n.Const):
        return found
    if t is not None and isinstance(found, n.Apply) and found.op is Op.CAST:
        raise ctx.error("T006", e.span, f"the value lies outside {show(t)}", "widen the type, or change the value")
    fault = constant_fault(found)
    if fault is not None:
        raise ctx.error("T006", e.span, f"evaluating this meets {fault}", "change the constants, or the expression")
    hint = "only constants, literals and what is computed from them can stand here"
    raise ctx.error("T005", e.span, "this is not a constant", hint)


def in_order(ctx: Context, *makers: Callable[[], n.Expr]) -> list[n.Expr]:
    """The operands, from left to right: one that was computed before a later one's effects keeps its value."""
    found: list[n.Expr] = []
    for make in makers:
        mark = 0 if ctx.emit is None else len(ctx.emit)
        made = make()
        if ctx.emit is not None and len(ctx.emit) > mark:
            for i, earlier in enumerate(found):
                if not isinstance(earlier, n.Const):
                    saved = ctx.fresh("saved", earlier.type, earlier.span)
                    ctx.emit.insert(mark, n.Assign(saved, earlier, earlier.span))
                    found[i], mark = saved, mark + 1
        found.append(made)
    return found


# --- conversions ------------------------------------------------------------------------------------------------------


def coerce(ctx: Context, e: n.Expr, t: Type, span: Span) -> n.Expr:
    """The expression as a value of `t`, checked at run time where types leave it open; T001 where no value fits."""
    match e.type, t:
        case a, b if a == b:
            return e
        case IntType(), IntType():
            return _cast(e, t, span)
        case TextType(), EnumType(literals):
            if isinstance(e, n.Const) and e.value not in literals:
                hint = did_you_mean(e.value, literals, f"its literals are {', '.join(literals)}")
                raise ctx.error("T007", span, f'"{e.value}" is no literal of {show(t)}', hint)
            return _cast(e, t, span)
        case OptionType(a), OptionType(b) if join(a, b) is not None:
            return _cast(e, t, span)
        case OptionType(), b:
            return coerce(ctx, n.Apply(Op.GET, (e,), e.type.of, span), t, span)
        case a, OptionType(b):
            return n.Apply(Op.SOME, (coerce(ctx, e, b, span),), t, span)
        case SeqType(), ArrayType() if isinstance(e, n.Construct):
            return comprehensions.array_of(ctx, e.items, t, span)
        case (SetType(), SetType()) | (SeqType(), SeqType()) | (ArrayType(), ArrayType()) if _convertible(e.type, t):
            return _cast(e, t, span)
    hint = _CONVERSIONS.get((type(e.type), type(t)), f"write a value of {show(t)}")
    raise ctx.error("T001", span, f"this is {what(e)}, and {show(t)} is wanted", hint)


_CONVERSIONS = {
    (BoolType, IntType): "write `(1 if x else 0)` to count a Bool",
    (IntType, BoolType): "write the comparison, such as `n > 0`",
    (SetType, SeqType): "a set has no order: write a list",
    (SeqType, SetType): "write `{...}` for a set",
    (IntType, ScalarsetType): "values of a Scalarset have no names: use ANY, choose, or a parameter",
}


def _convertible(a: Type, b: Type) -> bool:
    """Whether some value of `a` may be a value of `b` after a checked cast."""
    match a, b:
        case IntType(), IntType():
            return True
        case SetType(x), SetType(y):
            return _convertible(x, y) or x == NOTHING
        case OptionType(x), OptionType(y):
            return _convertible(x, y)
        case SeqType(x, _), SeqType(y, _):
            return _convertible(x, y) or x == NOTHING
        case ArrayType(i, x), ArrayType(j, y):
            return i == j and _convertible(x, y)
        case TextType(), EnumType():
            return True
    return a == b


NOTHING = IntType(0, -1)  # the element type of `set()` and `()` until the surroundings give one


def _cast(e: n.Expr, t: Type, span: Span) -> n.Expr:
    if isinstance(e, n.Const) and contains(t, e.value):
        return n.Const(e.value, t, e.span)
    return n.Apply(Op.CAST, (e,), t, span)


def what(e: n.Expr) -> str:
    """What an expression is, for messages: its type, or the constant itself."""
    if isinstance(e, n.Const) and isinstance(e.value, int | str):
        return f"the {show(e.type) if isinstance(e.value, bool | str) else 'integer'} {describe(e.value)}"
    return show(e.type)


def unify(ctx: Context, a: n.Expr, b: n.Expr, span: Span, user: str) -> tuple[n.Expr, n.Expr]:
    """Both as values of the smallest type that holds both; T002 where there is none."""
    if a.type == b.type:
        return a, b
    for x, y in ((a, b), (b, a)):
        if isinstance(x.type, TextType) and isinstance(inner(y.type), EnumType):
            coerced = coerce(ctx, x, y.type, span)
            return (coerced, b) if x is a else (a, coerced)
    t = join(_something(a.type, b.type), _something(b.type, a.type))
    if t is None:
        message = f"{user} takes values of one type, not {what(a)} and {what(b)}"
        raise ctx.error("T002", span, message, _ONE_TYPE)
    return coerce(ctx, a, t, span), coerce(ctx, b, t, span)


def inner(t: Type) -> Type:
    return t.of if isinstance(t, OptionType) else t


def _something(t: Type, other: Type) -> Type:
    """`t`, with the element type of an empty literal taken from the other side."""
    if isinstance(t, SetType) and t.of == NOTHING and isinstance(other, SetType):
        return other
    if isinstance(t, SeqType) and t.of == NOTHING and isinstance(other, SeqType):
        return SeqType(other.of, t.capacity)
    return t


_ONE_TYPE = "values of different types are never equal, and no variable holds both"


def join_all(ctx: Context, items: list[n.Expr], span: Span, user: str) -> tuple[list[n.Expr], Type]:
    """All as values of the smallest type that holds all. `items` is not empty."""
    t = items[0].type
    for item in items[1:]:
        joined = join(_something(t, item.type), _something(item.type, t))
        if joined is None:
            message = f"{user} has values of one type, not {show(t)} and {show(item.type)}"
            raise ctx.error("T002", item.span or span, message, _ONE_TYPE)
        t = joined
    return [coerce(ctx, item, t, item.span or span) for item in items], t


def apply(ctx: Context, op: Op, args: tuple[n.Expr, ...], span: Span) -> n.Expr:
    """The application, its type by the operator's rule; T002 where the operands do not fit."""
    args = tuple(plain(a) for a in args)
    t = OPS[op].rule(*(a.type for a in args))
    if t is None:
        found = " and ".join(map(what, args))
        hint = "it takes integers"
        if any(isinstance(a.type, BoolType) for a in args):
            hint = _CONVERSIONS[BoolType, IntType]
        raise ctx.error("T002", span, f"`{OPS[op].symbol}` does not take {found}", hint)
    return n.Apply(op, args, t, span)


def plain(e: n.Expr) -> n.Expr:
    """An operand that is an option stands for its value."""
    return n.Apply(Op.GET, (e,), e.type.of, e.span) if isinstance(e.type, OptionType) else e


# --- literals -------------------------------------------------------------------------------------------------


def _literal(ctx: Context, e: s.Literal_, value: object, expected: Type | None) -> n.Expr:
    match value:
        case bool():
            return n.Const(value, BOOL, e.span)
        case int():
            if not INT64[0] <= value <= INT64[1]:
                raise ctx.error("T008", e.span, "an integer beyond 64 bits", "integers have 64 bits")
            return n.Const(value, IntType(value, value), e.span)
        case str():
            wanted = inner(expected) if expected else None
            if isinstance(wanted, EnumType):
                return coerce(ctx, n.Const(value, TEXT, e.span), wanted, e.span)
            return n.Const(value, TEXT, e.span)
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
    return fold(negated) if e.op == "-" else operand


def _binary(ctx: Context, e: s.Binary, expected: Type | None) -> n.Expr:
    left, right = in_order(ctx, lambda: expression(ctx, e.left, expected), lambda: expression(ctx, e.right, expected))
    return binary(ctx, e.op, left, right, e.span)


def binary(ctx: Context, op: str, left: n.Expr, right: n.Expr, span: Span) -> n.Expr:
    """`left op right` by the types of the operands."""
    left, right = plain(left), plain(right)
    if isinstance(left.type, SetType) and isinstance(right.type, SetType) and op in _SET:
        left, right = unify(ctx, left, right, span, f"`{op}`")
        return fold(n.Apply(_SET[op], (left, right), left.type, span))
    if isinstance(left.type, SeqType) and isinstance(right.type, SeqType) and op == "+":
        t = join(_something(left.type, right.type), _something(right.type, left.type))
        if t is not None:
            sides = [coerce(ctx, x, SeqType(t.of, x.type.capacity), span) for x in (left, right)]
            return apply(ctx, Op.CONCAT, tuple(sides), span)
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
    if not 0 <= right.value <= 64 or abs(left.value) ** right.value > INT64[1]:
        raise ctx.error("T008", span, "an integer beyond 64 bits, or a negative exponent", "integers have 64 bits")
    value = left.value**right.value
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
        except Bad as found:  # the operands after it may be wrong too
            bad = found
            continue
        if i and ctx.emit is not None and len(ctx.emit) > mark:
            made = _stop_early(ctx, e, args, made, mark)
            args = []
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
    test = condition(ctx, e.test)
    emitted: list[tuple] = []
    values = []
    for side in (e.then, e.otherwise):
        branch = ctx if ctx.emit is None else replace(ctx, emit=[])
        values.append(expression(branch, side, expected))
        emitted.append(() if ctx.emit is None else tuple(branch.emit))
    (then, otherwise), t = join_all(ctx, values, e.span, "a conditional expression")
    if not any(emitted):
        return n.Cond(test, then, otherwise, t, e.span)
    result = ctx.fresh("value", t, e.span)
    sides = [(*extra, n.Assign(result, v, e.span)) for extra, v in zip(emitted, (then, otherwise))]
    ctx.emit.append(n.If(test, sides[0], sides[1], None, e.span))
    return result
