"""Expressions, from Python's syntax tree to the SURFACE dialect."""

from __future__ import annotations

import ast

from modelcheck.errors import Span
from modelcheck.frontends.python.codes import EXPRESSIONS, FUNCTIONS, OPERATORS
from modelcheck.frontends.python.reader import Reader
from modelcheck.ir import surface

BINARY = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^",
}  # fmt: skip
UNARY = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+"}
COMPARE = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
LARGEST = 2**63 - 1
STEP_OUTSIDE = "write it in a statement of its own: `yield \"label\"`, or `x = yield from self.procedure()`"


def expression(r: Reader, node: ast.expr) -> surface.Expr:
    """The expression; a literal where it was refused."""
    span = r.span(node)
    match node:
        case ast.Constant():
            return _literal(r, node, span)
        case ast.Name(name):
            return surface.Name(plain_name(r, name, span), span)
        case ast.Attribute(value, name):
            return _attribute(r, value, name, span)
        case ast.Subscript(value, index):
            return surface.Subscript(expression(r, value), expression(r, index), span)
        case ast.Call():
            return call(r, node)
        case ast.UnaryOp(op, operand):
            return _unary(r, op, operand, span)
        case ast.BinOp(left, op, right):
            return surface.Binary(binary_operator(r, op, span), expression(r, left), expression(r, right), span)
        case ast.BoolOp(op, values):
            return surface.BoolOp("and" if isinstance(op, ast.And) else "or", expressions(r, values), span)
        case ast.Compare(first, ops, rest):
            symbols = tuple(COMPARE[type(op)] for op in ops)
            return surface.Compare(expression(r, first), symbols, expressions(r, rest), span)
        case ast.IfExp(test, then, otherwise):
            return surface.IfExp(expression(r, test), expression(r, then), expression(r, otherwise), span)
        case ast.Set(items):
            return surface.Display("set", expressions(r, items), span)
        case ast.List(items):
            return surface.Display("list", expressions(r, items), span)
        case ast.Tuple(items):
            return surface.Display("tuple", expressions(r, items), span)
        case ast.Dict(keys, values):
            return _dict(r, keys, values, span)
        case ast.ListComp(element, generators) | ast.SetComp(element, generators):
            kind = "list" if isinstance(node, ast.ListComp) else "set"
            return surface.Comprehension(kind, expression(r, element), _generators(r, generators), span)
        case ast.DictComp(key, value, generators):
            parts = _generators(r, generators)
            return surface.Comprehension("dict", expression(r, value), parts, span, expression(r, key))
    return _refused(r, node, span)


def expressions(r: Reader, nodes: list[ast.expr]) -> tuple[surface.Expr, ...]:
    return tuple(expression(r, node) for node in nodes)


def plain_name(r: Reader, name: str, at: Span) -> str:
    """The name; those that Python keeps for itself are refused."""
    if name.startswith("__"):
        r.refuse("P047", f"`{name}`: names with two underscores in front are Python's own", at, "choose another name")
    return name


def string(r: Reader, node: ast.Constant) -> str:
    """The text of a string literal, which must be possible to show in one line."""
    text = str(node.value)
    if not text.isprintable():
        odd = next(c for c in text if not c.isprintable())
        hint = "write it in one line of visible characters and plain spaces"
        r.refuse("P043", f"the string has the character U+{ord(odd):04X}, which cannot be shown", node, hint)
    return text


def binary_operator(r: Reader, op: ast.operator, at: Span) -> str:
    if type(op) in BINARY:
        return BINARY[type(op)]
    what, hint = OPERATORS[type(op).__name__]
    r.refuse("P044", f"{what} is not an operator of the language", at, hint)
    return "+"


# --- literals and names -----------------------------------------------------------------------------------------------


def _literal(r: Reader, node: ast.Constant, span: Span) -> surface.Literal_:
    match node.value:
        case bool() | None:
            return surface.Literal_(node.value, span)
        case int(value):
            return _integer(r, value, span)
        case str():
            return surface.Literal_(string(r, node), span)
        case float():
            r.refuse("P041", "numbers are integers", span, "count in a smaller unit: milliseconds, bytes, percent")
        case complex():
            r.refuse("P041", "numbers are integers", span, "write an integer")
        case bytes():
            r.refuse("P041", "there are no bytes", span, "write a plain string, or an Array of integers")
        case _:
            hint = "write what belongs here; `pass` for an empty body"
            r.refuse("P041", "`...` stands for nothing in a spec", span, hint)
    return surface.Literal_(0, span)


def _integer(r: Reader, value: int, span: Span) -> surface.Literal_:
    if value > LARGEST:
        r.refuse("P042", "the integer has more than 64 bits", span, "integers lie between -2**63 and 2**63 - 1")
        value = 0
    return surface.Literal_(value, span)


def _attribute(r: Reader, value: ast.expr, name: str, span: Span) -> surface.Expr:
    if isinstance(value, (ast.Constant, ast.JoinedStr)):
        hint = "strings are compared with `==` and `!=`, nothing else: name the cases with an Enum"
        r.refuse("P047", f"literals have no attributes: `.{name}`", span, hint)
    elif name.startswith("__"):
        hint = "what the language has is listed in its reference; the inside of Python objects is not part of it"
        r.refuse("P047", f"`.{name}` is not part of the language", span, hint)
    return surface.Attribute(expression(r, value), name, span)


def _dict(r: Reader, keys: list[ast.expr | None], values: list[ast.expr], span: Span) -> surface.Expr:
    if not keys:
        r.refuse("P049", "`{}` is an empty dict in Python", span, "write `set()` for the empty set")
    items = []
    for key, value in zip(keys, values):
        if key is None:
            hint = "write the elements out, or `{k: ... for k in Index}`"
            r.refuse("P049", "`**` does not unpack in a dict", value, hint)
            continue
        pair = (expression(r, key), expression(r, value))
        first, last = pair[0].span, pair[1].span
        at = Span(r.source, first.line, first.column, last.end_line, last.end_column)
        items.append(surface.Display("tuple", pair, at))
    return surface.Display("dict", tuple(items), span)


# --- operators and calls ----------------------------------------------------------------------------------------------


def _unary(r: Reader, op: ast.unaryop, operand: ast.expr, span: Span) -> surface.Expr:
    match op, operand:
        case ast.USub(), ast.Constant(int(value)) if value == LARGEST + 1:
            return surface.Literal_(-value, span)  # the least integer is not the negative of one
        case ast.Invert(), _:
            what, hint = OPERATORS["Invert"]
            r.refuse("P044", f"{what} is not an operator of the language", span, hint)
            return expression(r, operand)
    return surface.Unary(UNARY[type(op)], expression(r, operand), span)


def call(r: Reader, node: ast.Call) -> surface.Call:
    span = r.span(node)
    _callee(r, node.func)
    if len(node.args) == 1 and not node.keywords and isinstance(node.args[0], ast.GeneratorExp):
        generator = node.args[0]
        parts = _generators(r, generator.generators)
        element = surface.Comprehension("generator", expression(r, generator.elt), parts, r.span(generator))
        return surface.Call(expression(r, node.func), (element,), (), span)
    args = [a for a in node.args if not _starred(r, a)]
    return surface.Call(expression(r, node.func), expressions(r, args), keywords(r, node.keywords), span)


def _starred(r: Reader, node: ast.expr) -> bool:
    if isinstance(node, ast.Starred):
        r.refuse("P045", "`*` does not unpack in a call", node, "write the arguments out")
    return isinstance(node, ast.Starred)


def keywords(r: Reader, nodes: list[ast.keyword]) -> tuple[tuple[str, surface.Expr], ...]:
    """`name=value` arguments, each name once."""
    found: dict[str, surface.Expr] = {}
    for node in nodes:
        if node.arg is None:
            r.refuse("P045", "`**` does not unpack in a call", node, "write the arguments out")
        elif node.arg in found:
            r.refuse("P045", f"`{node.arg}=` is given twice", node, "keep one of them")
        else:
            found[plain_name(r, node.arg, r.span(node))] = expression(r, node.value)
    return tuple(found.items())


def _callee(r: Reader, node: ast.expr) -> None:
    """Only functions of the language and methods are called."""
    match node:
        case ast.Name(name):
            if name in FUNCTIONS and name not in r.defined:
                r.refuse("P046", f"`{name}` is not part of the language", node, FUNCTIONS[name])
        case ast.Attribute():
            pass
        case ast.Call():
            hint = "give the inner one a name: `Ack = Set(Vcpu)`, then `Ack(init=set())`"
            r.refuse("P045", "the value of a call is not called", node, hint)
        case _:
            r.refuse("P045", "only names and methods are called", node, "write `name(...)` or `self.method(...)`")


# --- comprehensions ---------------------------------------------------------------------------------------------------


def _generators(r: Reader, nodes: list[ast.comprehension]) -> tuple[surface.Generator, ...]:
    return tuple(_generator(r, node) for node in nodes)


def _generator(r: Reader, node: ast.comprehension) -> surface.Generator:
    if node.is_async:
        r.refuse("P048", "`async` in a comprehension", node.target, "leave `async` out")
    target = "_"
    if isinstance(node.target, ast.Name):
        target = plain_name(r, node.target.id, r.span(node.target))
    else:
        hint = "write one `for` for each name: `for i in I for j in J`"
        r.refuse("P048", "a comprehension binds one name", node.target, hint)
    last = node.ifs[-1] if node.ifs else node.iter
    start, end = r.span(node.target), r.span(last)
    span = Span(r.source, start.line, start.column, end.end_line, end.end_column)
    return surface.Generator(target, expression(r, node.iter), expressions(r, node.ifs), span)


# --- the rest ---------------------------------------------------------------------------------------------------------


def _refused(r: Reader, node: ast.expr, span: Span) -> surface.Expr:
    match node:
        case ast.Yield() | ast.YieldFrom():
            r.refuse("P034", "a `yield` inside an expression", span, STEP_OUTSIDE)
        case ast.GeneratorExp():
            hint = "put it in brackets, `[x for x in T]` or `{x for x in T}`, or make it the only argument of a call"
            r.refuse("P048", "a comprehension without brackets", span, hint)
        case _:
            what, hint = EXPRESSIONS.get(type(node).__name__, ("this expression", "see the language's reference"))
            r.refuse("P040", f"{what} is not part of the language", span, hint)
    return surface.Literal_(0, span)
