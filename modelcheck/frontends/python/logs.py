"""`LOG = Log(TheSpec, line("kick", "vcpu: kick"), ...)`."""

from __future__ import annotations

import ast

from modelcheck.frontends.python.expressions import expression
from modelcheck.frontends.python.reader import Reader, closest
from modelcheck.ir import surface

FORM = 'write `LOG = Log(TheSpec, line("ioctl KVM_RUN", "enter"), ignored("write"), silent("check"))`'
ENTRIES = ("line", "enters", "returns", "ignored", "silent")
BEGINS = ("initially", "anywhere")


def log_definition(r: Reader, node: ast.expr) -> surface.LogDef | None:
    if not isinstance(node, ast.Call) or r.word(node.func, ("Log",)) is None:
        r.refuse("P050", "LOG is a Log", node, FORM)
        return None
    match node.args:
        case [ast.Name(spec), *rest]:
            entries = [e for item in rest if (e := _entry(r, item))]
            return surface.LogDef(spec, tuple(entries), _where(r, rest), _anywhere(r, node), r.span(node))
    r.refuse("P050", "a Log names a spec, then says what lines mean", node, FORM)
    return None


def _anywhere(r: Reader, node: ast.Call) -> bool:
    begins = BEGINS[0]
    for keyword in node.keywords:
        match keyword:
            case ast.keyword("begins", ast.Constant(str(value))) if value in BEGINS:
                begins = value
            case _:
                hint = 'write `begins="anywhere"` where a log may begin in the middle of a run'
                r.refuse("P050", f"a Log takes no such `{keyword.arg or '**'}`", keyword, hint)
    return begins == "anywhere"


def _where(r: Reader, items: list[ast.expr]) -> tuple[tuple[str, surface.Expr], ...]:
    """The constants of all `where(...)`."""
    found = []
    for item in items:
        if isinstance(item, ast.Call) and r.word(item.func, ("where",)):
            for argument in item.args:
                r.refuse("P050", "constants are set by name", argument, "write `where(constant=value)`")
            found += [(k.arg, expression(r, k.value)) for k in item.keywords if k.arg]
    return tuple(found)


def _entry(r: Reader, node: ast.expr) -> surface.LogEntryDef | None:
    """An entry; None for `where(...)`, which is read elsewhere, and for what is none."""
    name = r.word(node.func, (*ENTRIES, "where")) if isinstance(node, ast.Call) else None
    if name is None or not isinstance(node, ast.Call):
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        r.refuse("P050", "this says nothing about a log", node, closest(called, ENTRIES) or FORM)
        return None
    if name == "where":
        return None
    texts = [(a.value, r.span(a)) for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if len(texts) < len(node.args) or not texts:
        r.refuse("P050", f"`{name}` takes strings", node, FORM)
        return None
    options = []
    for keyword in node.keywords:
        match keyword:
            case ast.keyword(str(key), ast.Constant(str(value))) if name in ENTRIES[:3]:
                options.append((key, value, r.span(keyword.value)))
            case _:
                hint = 'quantities are read from fields of the line: `line("read", "step", remaining="it_value")`'
                r.refuse("P050", f"`{name}` takes no such `{keyword.arg or '**'}`", keyword, hint)
    return surface.LogEntryDef(name, tuple(texts), tuple(options), r.span(node))
