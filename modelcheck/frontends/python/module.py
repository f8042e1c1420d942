"""The module level of a spec file: imports, constants and types, assumptions, classes, cases."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from modelcheck.errors import Span
from modelcheck.frontends import dsl
from modelcheck.frontends.python.cases import case_list
from modelcheck.frontends.python.classes import class_definition, docstring
from modelcheck.frontends.python.codes import STATEMENTS
from modelcheck.frontends.python.expressions import expression, plain_name, string
from modelcheck.frontends.python.logs import log_definition
from modelcheck.frontends.python.reader import Reader, closest
from modelcheck.ir import surface

IMPORTS = "a spec imports from modelcheck, `from modelcheck import Spec`, and from spec files, `from .file import Name`"
NOT_NEEDED = {
    "__future__": "leave it out: a spec is read, never run",
    "typing": "leave it out: types are declared by values, `Int(0, 3, init=0)`, and inferred elsewhere",
    "enum": "`from modelcheck import Enum`, then `Phase = Enum(\"idle\", \"busy\")`",
    "dataclasses": "`from modelcheck import Record`, then `class Name(Record):`",
    "random": "write `x = choose(...)`: every value is tried",
    "time": "leave it out: a step takes no time; a timeout is a step that may be taken at any moment",
    "itertools": "write one loop, or one `for` of a comprehension, inside the other",
    "math": "numbers are integers: `//`, `%`, `**`, `min`, `max` and `abs` are there without an import",
    "collections": "`from modelcheck import Seq, Array, Set`",
}
LEVEL = "at module level stand imports, constants, types, `assume(...)`, classes, CASES and LOG"


@dataclass(slots=True)
class Parts:
    """What has been read so far. `spans`: where each name of the module was first defined."""

    imports: list[surface.Import] = field(default_factory=list)
    definitions: list[surface.Definition] = field(default_factory=list)
    assumptions: list[surface.Assumption] = field(default_factory=list)
    classes: list[surface.ClassDef] = field(default_factory=list)
    cases: list[surface.CaseDef] = field(default_factory=list)
    log: surface.LogDef | None = None
    spans: dict[str, Span] = field(default_factory=dict)


def read(r: Reader, tree: ast.Module) -> surface.Module:
    parts = Parts()
    doc, nodes = docstring(r, tree.body)
    _collect_names(r, nodes)
    for node in nodes:
        _statement(r, parts, node)
    return surface.Module(
        r.source, doc, tuple(r.language.items()), tuple(parts.imports), tuple(parts.definitions),
        tuple(parts.assumptions), tuple(parts.classes), tuple(parts.cases), parts.log,
    )  # fmt: skip


def _collect_names(r: Reader, nodes: list[ast.stmt]) -> None:
    """Names count wherever in the file they are defined, as constants are late-bound."""
    for node in nodes:
        match node:
            case ast.ImportFrom("modelcheck", names, 0):
                known = [a for a in names if a.name in dsl.__all__]
                r.language.update({a.asname or a.name: a.name for a in known})
            case ast.ImportFrom(_, names):
                r.defined.update(a.asname or a.name for a in names)
            case ast.Assign([ast.Name(name)]) | ast.ClassDef(name):
                r.defined.add(name)


def _statement(r: Reader, parts: Parts, node: ast.stmt) -> None:
    match node:
        case ast.ImportFrom():
            _import_from(r, parts, node)
        case ast.Import(names):
            for alias in names:
                _refuse_import(r, alias.name, r.span(alias))
        case ast.Assign([ast.Name(name)], value):
            _assign(r, parts, name, node.targets[0], value)
        case ast.AnnAssign(ast.Name("CASES"), value=ast.expr() as value):
            _assign(r, parts, "CASES", node.target, value)
        case ast.ClassDef(name):
            _define(r, parts, name, r.name_span(node))
            parts.classes.append(class_definition(r, node))
        case ast.Expr(ast.Call() as found) if r.word(found.func, ("assume",)):
            _assume(r, parts, found)
        case _:
            _refuse_statement(r, node)


def _define(r: Reader, parts: Parts, name: str, at: Span) -> None:
    plain_name(r, name, at)
    if name in parts.spans:
        hint = f"it is defined in line {parts.spans[name].line} already: rename one of them"
        r.refuse("P017", f"`{name}` is defined twice", at, hint)
    parts.spans.setdefault(name, at)


# --- imports ----------------------------------------------------------------------------------------------------------


def _import_from(r: Reader, parts: Parts, node: ast.ImportFrom) -> None:
    if not node.level and (node.module or "") != "modelcheck":
        _refuse_import(r, node.module or "", r.span(node))
        return
    written = "." * node.level + (node.module or "")
    for alias in node.names:
        span = r.span(alias)
        if alias.name == "*":
            r.refuse("P010", "`import *` hides where names come from", span, "name what you need")
        elif not node.level:
            _language_name(r, parts, alias, span)
        elif node.module is None:
            hint = f"name what you need of it: `from {written}{alias.name} import Name`"
            r.refuse("P010", "a spec file is not imported whole", span, hint)
        else:
            _define(r, parts, alias.asname or alias.name, span)
            parts.imports.append(surface.Import(written, alias.name, alias.asname or alias.name, span))


def _language_name(r: Reader, parts: Parts, alias: ast.alias, span: Span) -> None:
    if alias.name in dsl.__all__:
        _define(r, parts, alias.asname or alias.name, span)
    elif alias.name in ("check", "state_graph"):
        hint = "take it out, and check the spec from the command line or from another file"
        r.refuse("P011", f"`{alias.name}` runs a check; it is not part of a spec", span, hint)
    elif alias.name in ("min", "max", "abs", "sum", "len", "all", "any", "range", "set"):
        r.refuse("P011", f"`{alias.name}` needs no import", span, "take it out of the line")
    else:
        hint = closest(alias.name, dsl.__all__) or "the language's names are listed in its reference"
        r.refuse("P011", f"modelcheck has no `{alias.name}`", span, hint)


def _refuse_import(r: Reader, name: str, at: Span) -> None:
    top = name.split(".")[0]
    if top == "modelcheck":
        hint = "write `from modelcheck import Spec, Int, process`, with the names that you need"
        r.refuse("P010", "names of modelcheck are imported one by one", at, hint)
    else:
        hint = NOT_NEEDED.get(top, IMPORTS)
        r.refuse("P010", f"`{name}` cannot be imported by a spec", at, hint)


# --- definitions ------------------------------------------------------------------------------------------------------


def _assign(r: Reader, parts: Parts, name: str, target: ast.expr, value: ast.expr) -> None:
    span = r.span(target)
    _define(r, parts, name, span)
    if name == "CASES":
        parts.cases += case_list(r, value)
    elif name == "LOG":
        parts.log = log_definition(r, value)
    elif isinstance(value, ast.Call):
        parts.definitions.append(surface.Definition(name, expression(r, value), span))
    else:
        before = len(r.diagnostics)
        expression(r, value)
        if len(r.diagnostics) == before:
            r.refuse("P016", f"`{name}` is neither a constant nor a type", value, _definition_hint(r, name, value))


def _definition_hint(r: Reader, name: str, value: ast.expr) -> str:
    match value:
        case ast.Constant() | ast.Tuple() | ast.UnaryOp(_, ast.Constant()):
            return f"write `{name} = Const({r.written(value)})`"
        case ast.Set() | ast.List():
            return f"write a tuple, `{name} = Const((a, b))`, or a type, `{name} = Enum(\"a\", \"b\")` or `Range(3)`"
        case ast.Name(other):
            return f"use `{other}` itself where you need it"
    return "write the expression where it is used; constants are `name = Const(2)`"


def _assume(r: Reader, parts: Parts, node: ast.Call) -> None:
    span = r.span(node)
    match node.args, node.keywords:
        case [test], []:
            parts.assumptions.append(surface.Assumption(expression(r, test), "", span))
        case [test, ast.Constant(str()) as reason], []:
            parts.assumptions.append(surface.Assumption(expression(r, test), string(r, reason), span))
        case _:
            hint = 'write `assume(kicks >= 1, "why")`'
            r.refuse("P018", "an assumption is a condition on constants and a string", span, hint)


# --- what else Python has at module level -----------------------------------------------------------------------------


def _refuse_statement(r: Reader, node: ast.stmt) -> None:
    at = r.span(node)
    line = r.lines[at.line - 1].rstrip()
    head = at if at.line == at.end_line else Span(r.source, at.line, at.column, at.line, len(line))
    match node:
        case ast.If(ast.Name("TYPE_CHECKING") | ast.Attribute(_, "TYPE_CHECKING")):
            what, hint = "`if TYPE_CHECKING`", "leave it out: a spec is read, never run"
        case ast.If(ast.Compare(ast.Name("__name__"))):
            what, hint = "`if __name__`", "leave it out: run `modelcheck check` on this file"
        case ast.FunctionDef():
            what = "a function outside a class"
            hint = "make it a method of the Spec or Record that uses it: `def name(self, ...)`"
        case ast.AnnAssign():
            what, hint = "an annotation", f"write `{r.written(node.target)} = ...` without it"
        case ast.Assign():
            what, hint = "an assignment to anything but one name", "write one definition in each line"
        case ast.Expr(ast.Call(ast.Name(name))):
            what, hint = f"a call of `{name}`", closest(name, ("assume",)) or LEVEL
        case ast.AugAssign(ast.Name("CASES")):
            what, hint = "a second list of cases", "write all cases in one `CASES = [...]`"
        case ast.Expr() | ast.If() | ast.For() | ast.While() | ast.Pass() | ast.Assert() | ast.AugAssign():
            what, hint = "this statement", LEVEL
        case _:
            what, hint = STATEMENTS.get(type(node).__name__, ("this statement", LEVEL))
    r.refuse("P015", f"{what} has no place at module level", head, hint)
