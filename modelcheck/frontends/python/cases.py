"""`CASES = [Case("name", Spec, expectation...)]`."""

from __future__ import annotations

import ast

from modelcheck.errors import Span
from modelcheck.frontends.python.expressions import expressions, keywords, string
from modelcheck.frontends.python.reader import Reader, closest
from modelcheck.ir import surface

FORM = 'write `Case("name", TheSpec, holds("a"), where(constant=value))`'

# name: (fewest and most names of properties, keywords); None is any.
EXPECTATIONS: dict[str, tuple[int, int | None, tuple[str, ...] | None]] = {
    "holds": (0, None, ()),
    "violates": (1, None, ("length",)),
    "deadlocks": (0, 0, ("length",)),
    "timelocks": (0, 0, ("length",)),
    "assertion_fails": (0, 0, ("length",)),
    "evaluation_error": (0, 0, ("length",)),
    "vacuous": (1, None, ()),
    "only": (1, None, ()),
    "where": (0, 0, None),
    "pin": (0, 0, None),
    "counts": (0, 0, ("distinct", "generated", "depth")),
}


def case_list(r: Reader, node: ast.expr) -> list[surface.CaseDef]:
    if not isinstance(node, (ast.List, ast.Tuple)):
        r.refuse("P019", "CASES is a list of cases", node, "write `CASES = [Case(...), Case(...)]`")
        return []
    found = [c for c in (_case(r, item) for item in node.elts) if c]
    first: dict[str, Span] = {}
    for case in found:
        if case.name in first:
            hint = f"the case in line {first[case.name].line} has this name already"
            r.refuse("P017", f'two cases are called "{case.name}"', case.span, hint)
        first.setdefault(case.name, case.span)
    return found


def _case(r: Reader, node: ast.expr) -> surface.CaseDef | None:
    if not isinstance(node, ast.Call) or r.word(node.func, ("Case",)) is None:
        r.refuse("P019", "CASES holds cases only", node, FORM)
        return None
    for keyword in node.keywords:
        value = r.written(keyword.value)
        hint = f"constants are set by `where({keyword.arg}={value})`" if keyword.arg else FORM
        r.refuse("P019", f"a case takes no `{keyword.arg or '**'}=`", keyword, hint)
    match node.args:
        case [ast.Constant(str(text)) as name, ast.Name(spec), *rest] if text.strip():
            found = [e for e in (_expectation(r, item) for item in rest) if e]
            return surface.CaseDef(string(r, name), spec, tuple(found), r.span(node))
    r.refuse("P019", "a case is a name, a spec and what is expected of it", node, FORM)
    return None


def _expectation(r: Reader, node: ast.expr) -> surface.Expectation | None:
    name = r.word(node.func, EXPECTATIONS) if isinstance(node, ast.Call) else None
    if name is None or not isinstance(node, ast.Call):
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        hint = closest(called, EXPECTATIONS) or f"expectations are {', '.join(EXPECTATIONS)}"
        r.refuse("P020", "this is not an expectation", node, hint)
        return None
    fewest, most, known = EXPECTATIONS[name]
    if not fewest <= len(node.args) <= (len(node.args) if most is None else most):
        r.refuse("P020", f"`{name}` does not take {len(node.args)} names", node, _form(name))
    for arg in node.args:
        if not (isinstance(arg, ast.Constant) and isinstance(arg.value, str)):
            r.refuse("P020", "properties are named by strings", arg, _form(name))
    for keyword in node.keywords:
        if known is not None and keyword.arg not in known:
            r.refuse("P020", f"`{name}` takes no `{keyword.arg or '**'}`", keyword, _form(name))
        elif keyword.arg == "length" and len(node.args) > 1:
            hint = "give each property that has a length a `violates` of its own"
            r.refuse("P020", "one length for several properties", keyword, hint)
        elif known is not None and not _is_count(keyword.value):
            r.refuse("P020", f"`{keyword.arg}` is a number", keyword.value, "write a positive integer")
    args: list[ast.expr] = [a for a in node.args if isinstance(a, ast.Constant)]
    return surface.Expectation(name, expressions(r, args), keywords(r, node.keywords), r.span(node))


def _is_count(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0


def _form(name: str) -> str:
    """How an expectation is written."""
    fewest, most, known = EXPECTATIONS[name]
    names = ['"property"'] if most != 0 else []
    words = [f"{'quantity' if name == 'pin' else 'constant'}=value"] if known is None else [f"{k}=7" for k in known]
    return f"write `{name}({', '.join((*names, *words))})`"
