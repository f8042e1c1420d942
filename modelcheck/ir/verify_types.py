"""The type rules of CORE, node by node, as a table: what the type checker has promised to `verify.py`."""

from __future__ import annotations

from typing import Any, Callable, Iterator

from modelcheck.ir.evaluate import evaluate
from modelcheck.ir.nodes import (
    Apply,
    Assert,
    Assign,
    Bind,
    Choose,
    Cond,
    Const,
    Construct,
    Element,
    Expr,
    Field,
    For,
    If,
    Local,
    Logic,
    Quantifier,
    Stmt,
    Temporal,
    Variable,
    When,
    children,
    walk,
)
from modelcheck.ir.ops import OPS, Op, fits
from modelcheck.ir.types import (
    BOOL,
    FORMULA,
    INT64,
    ArrayType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    Type,
    cardinality,
    contains,
    is_state,
    show,
    values,
)


def typed(node: Expr | Stmt) -> Iterator[str]:
    """What is wrong with the types of a node and of everything below it."""
    for fits_rule, message in TYPE_RULES.get(type(node), ()):
        if not fits_rule(node):
            yield _at(node, message)
    if isinstance(node, Assign):
        yield from typed(node.value)
        yield from _typed_target(node.target)
        return
    if isinstance(of := getattr(node, "type", None), IntType) and not (INT64[0] <= of.lo and of.hi <= INT64[1]):
        yield _at(node, "an integer type beyond 64 bits")
    for child in children(node):
        yield from typed(child)


def _typed_target(target: Expr) -> Iterator[str]:
    """As an expression, but an element of a sequence may be assigned like one of an array."""
    match target:
        case Element(container, index) if isinstance(container.type, SeqType):
            if target.type != container.type.of or not isinstance(index.type, IntType):
                yield _at(target, "no such element of a sequence")
            yield from _typed_target(container)
            yield from typed(index)
        case Element(container, index):
            yield from (_at(target, message) for rule, message in TYPE_RULES[Element] if not rule(target))
            yield from _typed_target(container)
            yield from typed(index)
        case Field(record):
            yield from (_at(target, message) for rule, message in TYPE_RULES[Field] if not rule(target))
            yield from _typed_target(record)
        case Variable() | Local():
            return
        case _:
            yield _at(target, "this cannot be assigned")


def _at(node: Any, message: str) -> str:
    name = type(node).__name__ + (f" {node.op.name}" if isinstance(node, Apply) else "")
    of = f" of {show(node.type)}" if hasattr(node, "type") else ""
    return f"{node.span.place + ': ' if node.span else ''}{name}{of}: {message}"


def _same_shape(a: Type, b: Type) -> bool:
    """Whether a CAST between the types has a meaning: they differ in intervals and capacities at most."""
    match a, b:
        case (IntType(), IntType()) | (EnumType(), EnumType()):
            return True
        case (SetType(x), SetType(y)) | (OptionType(x), OptionType(y)) | (SeqType(x), SeqType(y)):
            return _same_shape(x, y)
        case ArrayType(i, x), ArrayType(j, y):
            return i == j and _same_shape(x, y)
    return a == b


def _wide_enough(exact: Type, of: Type) -> bool:
    match exact, of:
        case IntType(lo, hi), IntType() if lo > hi:
            return True  # no value at all, as of `range(3, 2)`
        case SetType(x), SetType(y):
            return _wide_enough(x, y)
    return fits(exact, of)


_INTEGER = {
    Op.ADD, Op.SUB, Op.MUL, Op.FLOORDIV, Op.MOD, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.LENGTH, Op.CARDINALITY, Op.RANGE,
}  # fmt: skip


def _applies(node: Apply) -> bool:
    types = tuple(a.type for a in node.args)
    try:
        exact = OPS[node.op].rule(*types)
    except (TypeError, IndexError):
        return False  # the wrong number of operands
    match node.op, exact, node.type:
        case _, None, _:
            return False
        case Op.CAST, _, of:
            return _same_shape(exact, of)
        case Op.CONCAT, SeqType(member), SeqType(of):
            return member == of
        case Op.SOME, OptionType(OptionType()), _:
            return False  # None would have two meanings
        case op, _, of if op in _INTEGER:
            return _wide_enough(exact, of)
    return exact == node.type


def _constructs(node: Construct) -> bool:
    types = [i.type for i in node.items]
    match node.type:
        case SetType(of):
            return all(t == of for t in types)
        case SeqType(of, capacity):
            return len(types) <= capacity and all(t == of for t in types)
        case ArrayType(index, of):
            return len(types) == cardinality(index) and all(t == of for t in types)
        case RecordType(_, fields):
            return types == [of for _, of in fields]
    return False


def _quantifies(node: Quantifier) -> bool:
    body = node.body.type
    match node.kind, node.type:
        case (("all" | "any"), of):
            return of == body == BOOL
        case "sum", IntType() as of:
            return isinstance(body, IntType) and fits(_sum_type(node, body), of)
        case ("min" | "max"), IntType() as of:
            return isinstance(body, IntType) and fits(body, of)
        case "set", SetType(of):
            return of == body
        case "seq", SeqType(of):
            return of == body
        case "array", ArrayType(index, of):
            return of == body and node.guard is None and _is_every(node.domain, index)
    return False


def _most(domain: Expr) -> int:
    """How many members a domain can have."""
    if isinstance(domain, Const):
        return len(domain.value)
    return domain.type.capacity if isinstance(domain.type, SeqType) else cardinality(domain.type.of)


def _sum_type(node: Quantifier, body: IntType) -> IntType:
    """The interval of a sum, cut to 64 bits; a known number of terms need not allow for none."""
    terms = _most(node.domain)
    lo, hi = terms * body.lo, terms * body.hi
    if node.guard is not None or not isinstance(node.domain, Const):
        lo, hi = min(0, lo), max(0, hi)
    return IntType(max(lo, INT64[0]), min(hi, INT64[1]))


def _is_every(domain: Expr, index: Type) -> bool:
    if any(isinstance(n, Variable | Local) for n in walk(domain)):
        return False
    return domain.type == SetType(index) and evaluate(None, domain, ()) == frozenset(values(index))


def _loops(node: Any) -> bool:
    return isinstance(node.domain.type, SetType | SeqType) and node.local.type == node.domain.type.of


def _indexes(node: Element) -> bool:
    match node.array.type, node.index.type:
        case ArrayType(IntType(), of), IntType():
            return node.type == of
        case ArrayType(index, of), given:
            return index == given and node.type == of
    return False


def _selects(node: Field) -> bool:
    return isinstance(node.record.type, RecordType) and dict(node.record.type.fields).get(node.name) == node.type


def _is_bool(node: Any) -> bool:
    return node.test.type == BOOL


Rule = tuple[Callable[[Any], bool], str]
TYPE_RULES: dict[type, tuple[Rule, ...]] = {
    Const: ((lambda n: is_state(n.type) and contains(n.type, n.value), "no value of its type"),),
    Apply: ((_applies, "the operands or the result do not fit the operator"),),
    Logic: (
        (lambda n: all(a.type == BOOL for a in n.args) and n.type == BOOL, "an operand is no Bool"),
        (lambda n: len(n.args) == 2 if n.connective == "implies" else bool(n.args), "the wrong number of operands"),
    ),
    Cond: ((_is_bool, "the test is no Bool"), (lambda n: n.then.type == n.otherwise.type == n.type, "branches differ")),
    Field: ((_selects, "no such field"),),
    Element: ((_indexes, "no such element of an array"),),
    Construct: ((_constructs, "the items do not fit"),),
    Bind: ((lambda n: n.local.type == n.value.type and n.body.type == n.type, "the types do not fit"),),
    Quantifier: (
        (_loops, "the local does not fit the domain"),
        (_quantifies, "the body does not fit"),
        (lambda n: n.guard is None or n.guard.type == BOOL, "the guard is no Bool"),
    ),
    Temporal: ((lambda n: all(a.type in (BOOL, FORMULA) for a in n.args), "an operand is no formula"),),
    Assign: ((lambda n: n.target.type == n.value.type, "the value is of another type"),),
    If: ((_is_bool, "the test is no Bool"),),
    When: ((_is_bool, "the test is no Bool"),),
    Assert: ((_is_bool, "the test is no Bool"),),
    Choose: ((lambda n: _loops(n) and isinstance(n.domain.type, SetType), "the local does not fit the domain"),),
    For: ((_loops, "the local does not fit the domain"),),
}
