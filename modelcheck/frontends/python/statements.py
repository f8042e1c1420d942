"""Statements and bodies, from Python's syntax tree to the SURFACE dialect."""

from __future__ import annotations

import ast

from modelcheck.errors import Span
from modelcheck.frontends.python.codes import STATEMENTS
from modelcheck.frontends.python.expressions import binary_operator, call, expression, plain_name, string
from modelcheck.frontends.python.reader import Reader
from modelcheck.ir import surface

YIELD_FORMS = 'write `yield "label"`, `yield "label", "file.c:12"`, `yield idle("label")`, `yield "label", after(0, 5)`'
KINDS = ("idle", "urgent", "committed")


def body(r: Reader, nodes: list[ast.stmt], in_loop: bool = False) -> tuple[surface.Stmt, ...]:
    """The statements that are part of the language; the others have been refused."""
    found = (statement(r, node, in_loop) for node in nodes)
    return tuple(s for s in found if s is not None)


def statement(r: Reader, node: ast.stmt, in_loop: bool) -> surface.Stmt | None:
    span = r.span(node)
    match node:
        case ast.Assign():
            return _assign(r, node, span)
        case ast.AugAssign(target, op, value):
            return _augmented(r, target, op, value, span)
        case ast.AnnAssign():
            return _annotated(r, node)
        case ast.Expr(value):
            return _evaluate(r, value, span)
        case ast.If(test, then, otherwise):
            parts = (expression(r, test), body(r, then, in_loop), body(r, otherwise, in_loop))
            return surface.If(*parts, r.through(node, test))
        case ast.For(target, domain, block):
            _no_else(r, node.orelse)
            name = loop_name(r, target)
            return surface.For(name, expression(r, domain), body(r, block, True), r.through(node, domain))
        case ast.While(test, block):
            _no_else(r, node.orelse)
            return surface.While(expression(r, test), body(r, block, True), r.through(node, test))
        case ast.Break() | ast.Continue():
            return _jump(r, node, in_loop, span)
        case ast.Pass():
            return surface.Pass(span)
        case ast.Return(value):
            return surface.Return(None if value is None else expression(r, value), span)
        case ast.Assert(test, message):
            return surface.Assert(expression(r, test), _message(r, message), span)
    return refuse_statement(r, node, "P030")


def refuse_statement(r: Reader, node: ast.stmt, code: str) -> None:
    """Refuses a statement by name. What stands in the blocks of a `try` or a `with` is read for its own mistakes."""
    what, hint = STATEMENTS.get(type(node).__name__, ("this statement", "see the language's reference"))
    r.refuse(code, f"{what} is not part of the language", _head(r, node), hint)
    if isinstance(node, (ast.Try, ast.With, ast.AsyncFor, ast.AsyncWith)):
        for block in ("body", "orelse", "finalbody"):
            body(r, getattr(node, block, []), in_loop=True)


def _head(r: Reader, node: ast.stmt) -> Span:
    """The first line of a compound statement, the whole of any other."""
    span = r.span(node)
    if span.end_line == span.line:
        return span
    return Span(r.source, span.line, span.column, span.line, len(r.lines[span.line - 1].rstrip()))


# --- assignments ------------------------------------------------------------------------------------------------------


def _assign(r: Reader, node: ast.Assign, span: Span) -> surface.Stmt | None:
    if len(node.targets) > 1:
        r.refuse("P031", "one assignment, several targets", span, "write one assignment for each of them")
    target = _target(r, node.targets[0])
    if isinstance(node.value, ast.YieldFrom):
        procedure = _procedure(r, node.value)
        return surface.CallProcedure(procedure, target, span) if procedure and target else None
    value = expression(r, node.value)
    return surface.Assign(target, value, span) if target else None


def _augmented(
    r: Reader, target: ast.expr, op: ast.operator, value: ast.expr, span: Span
) -> surface.Stmt | None:  # fmt: skip
    symbol, place = binary_operator(r, op, span), _target(r, target)
    operand = expression(r, value)
    return surface.AugAssign(place, symbol, operand, span) if place else None


def _annotated(r: Reader, node: ast.AnnAssign) -> None:
    name = r.written(node.target)
    hint = f"declare a local by its value, `{name} = Int(0, 3, init=0)`; a name that is bound once needs no declaration"
    r.refuse("P026", f"`{name}` has an annotation, which says nothing here", node.annotation, hint)
    if node.value is not None:
        expression(r, node.value)


def _target(r: Reader, node: ast.expr) -> surface.Expr | None:
    match node:
        case ast.Name("self"):
            r.refuse("P031", "`self` cannot be assigned", node, "assign its variables: `self.name = ...`")
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return expression(r, node)
        case ast.Tuple() | ast.List():
            hint = "write one assignment for each name; to exchange two values, keep one of them: `old = self.a`"
            r.refuse("P031", "an assignment has one target", node, hint)
        case _:
            hint = "assign a local, `self.name`, `self.record.field` or `self.a[i]`"
            r.refuse("P031", "this cannot be assigned", node, hint)
    return None


# --- control flow -----------------------------------------------------------------------------------------------------


def loop_name(r: Reader, node: ast.expr) -> str:
    if isinstance(node, ast.Name) and node.id != "self":
        return plain_name(r, node.id, r.span(node))
    hint = "write `for i in ...`, and one loop inside the other for pairs"
    r.refuse("P038", "a loop binds one name", node, hint)
    return "_"


def _no_else(r: Reader, block: list[ast.stmt]) -> None:
    if block:
        hint = "set a local before the loop and test it after: `found = Bool(init=False)`"
        r.refuse("P036", "`else` after a loop", _head(r, block[0]), hint)
        body(r, block, in_loop=True)


def _jump(r: Reader, node: ast.Break | ast.Continue, in_loop: bool, span: Span) -> surface.Stmt:
    word = type(node).__name__.lower()
    if not in_loop:
        r.refuse("P035", f"`{word}` outside a loop", span, "write `return` to leave the method or the process")
    return surface.Break(span) if word == "break" else surface.Continue(span)


def _message(r: Reader, node: ast.expr | None) -> str | None:
    if node is None:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return string(r, node)
    hint = "write a plain string; the trace shows the values"
    r.refuse("P037", "the message of an `assert` is a string literal", node, hint)
    return None


# --- expressions as statements: calls and yields ----------------------------------------------------------------------


def _evaluate(r: Reader, value: ast.expr, span: Span) -> surface.Stmt | None:
    match value:
        case ast.Yield(label):
            return _yield(r, label, span)
        case ast.YieldFrom():
            procedure = _procedure(r, value)
            return surface.CallProcedure(procedure, None, span) if procedure else None
        case ast.Call():
            return surface.Evaluate(call(r, value), span)
        case ast.Constant(str()):
            hint = "write a comment, `# ...`; a step's label has `yield` in front"
            r.refuse("P032", "a string alone does nothing", span, hint)
            return None
    before = len(r.diagnostics)
    expression(r, value)
    if len(r.diagnostics) == before:
        r.refuse("P032", "the value of this expression is not used", span, _useless(value))
    return None


def _useless(node: ast.expr) -> str:
    match node:
        case ast.Compare(_, [ast.Eq()], _):
            return "`==` compares; `=` assigns. `when(condition)` waits for it, `assert condition` demands it"
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(ast.Not(), _):
            return "`when(condition)` waits for it, `assert condition` demands it"
        case ast.Attribute() | ast.Name():
            return "write `()` after it to call it"
    return "assign it, or take it out"


def _procedure(r: Reader, node: ast.YieldFrom) -> surface.Call | None:
    match node.value:
        case ast.Call(ast.Attribute()) as found:
            return call(r, found)
    hint = "write `yield from self.name(...)`, where `name` is a method with `@procedure`"
    r.refuse("P033", "`yield from` runs a procedure", node, hint)
    return None


def _yield(r: Reader, node: ast.expr | None, span: Span) -> surface.Stmt | None:
    """The label, or `idle(label)`, `urgent(label)`, `committed(label)`; behind it `after(low, high)` and the source."""
    match node:
        case None:
            r.refuse("P033", "a step has no label", span, YIELD_FORMS)
            return None
        case ast.Tuple([label, *rest]):
            pass
        case _:
            label, rest = node, []
    stay, source = _after(r, rest), None
    if len(rest) > 1:
        r.refuse("P033", "this is not a label", node, YIELD_FORMS)
        return None
    if rest:
        source = _text(r, rest[0], "the source of a step")
    if not isinstance(label, ast.Call):
        name = _text(r, label, "the label of a step")
        return surface.Yield(name, "step", source, span, stay) if name is not None else None
    return _special(r, label, source, stay, span)


def _after(r: Reader, rest: list[ast.expr]) -> surface.After | None:
    """Takes `after(low, high)` out of what stands behind a label."""
    for i, part in enumerate(rest):
        if isinstance(part, ast.Call) and r.word(part.func, ("after",)):
            del rest[i]
            if part.keywords or not 1 <= len(part.args) <= 2:
                hint = "write `after(low, high)`, or `after(low)` where the process may stay for ever"
                r.refuse("P033", "`after` takes one or two times", part, hint)
                return None
            low, *high = (expression(r, a) for a in part.args)
            return surface.After(low, high[0] if high else None, r.span(part))
    return None


def _special(
    r: Reader, node: ast.Call, source: str | None, stay: surface.After | None, span: Span
) -> surface.Stmt | None:
    """`idle(label)`, `idle(label, source)`, `urgent(label)`, `committed(label)`."""
    kind = r.word(node.func, KINDS)
    most = 2 if source is None and kind == "idle" else 1
    if kind is None or node.keywords or not 1 <= len(node.args) <= most:
        r.refuse("P033", "this is not a label", node, YIELD_FORMS)
        return None
    name = _text(r, node.args[0], "the label of a step")
    if len(node.args) == 2:
        source = _text(r, node.args[1], "the source of a step")
    if stay is not None and kind != "idle":
        hint = f"`{kind}` says that no time passes: leave one of them out"
        r.refuse("P033", f"`after` at a label that is `{kind}`", stay.span, hint)
    if name is None:
        return None
    if kind == "idle":
        return surface.Yield(name, "idle", source, span, stay)
    return surface.Yield(name, "step", source, span, None, kind)


def _text(r: Reader, node: ast.expr, what: str) -> str | None:
    match node:
        case ast.Constant(str(text)) if text.strip():
            return string(r, node)
    hint = YIELD_FORMS
    if isinstance(node, ast.JoinedStr):
        hint = "labels are fixed; traces show the values of `each` and of locals beside them. " + YIELD_FORMS
    r.refuse("P033", f"{what} is a string literal that is not empty", node, hint)
    return None
