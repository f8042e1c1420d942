"""Specs and records: their fields, and their methods with decorators and parameters."""

from __future__ import annotations

import ast

from modelcheck.errors import Span
from modelcheck.frontends.python.codes import DECORATORS, STATEMENTS
from modelcheck.frontends.python.expressions import expression, keywords, plain_name
from modelcheck.frontends.python.reader import Reader, closest
from modelcheck.frontends.python.statements import body
from modelcheck.ir import surface

# The decorators of the language, with the keywords that they take; None is any.
KNOWN: dict[str, tuple[str, ...] | None] = {
    "action": None,
    "process": ("each", "fair", "unfair"),
    "procedure": (),
    "invariant": (),
    "action_invariant": (),
    "temporal": (),
    "reachable": (),
    "constraint": (),
    "deadline": (),
    "expires": (),
}
BASES = "write `class Name(Spec):`, `class Name(Record):`, or derive it from one class of yours"
LEVEL = "in a class stand variables, `name = Int(0, 3, init=0)`, and methods"


def docstring(r: Reader, nodes: list[ast.stmt]) -> tuple[str, list[ast.stmt]]:
    """The text of the string that a body begins with, cleaned of its indentation, and the rest of the body."""
    match nodes:
        case [ast.Expr(ast.Constant(str(text)) as literal), *rest]:
            odd = next((c for c in text if not c.isprintable() and not c.isspace()), None)
            if odd is not None:
                hint = "write visible characters"
                r.refuse("P043", f"the string has the character U+{ord(odd):04X}, which cannot be shown", literal, hint)
            return _cleaned(text), rest
    return "", nodes


def _cleaned(text: str) -> str:
    first, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first.strip(), *(line[margin:].rstrip() for line in rest)]).strip()


def class_definition(r: Reader, node: ast.ClassDef) -> surface.ClassDef:
    span = r.name_span(node)
    base = _base(r, node, span)
    doc, nodes = docstring(r, node.body)
    fields: list[surface.FieldDef] = []
    functions: list[surface.Function] = []
    spans: dict[str, Span] = {}
    for part in nodes:
        match part:
            case ast.Assign([ast.Name(name)], value):
                at = r.span(part.targets[0])
                fields.append(surface.FieldDef(name, expression(r, value), at))
            case ast.FunctionDef(name):
                at = r.name_span(part)
                functions.append(_function(r, part))
            case ast.Pass():
                continue
            case _:
                _refuse_part(r, part)
                continue
        _define(r, spans, name, at)
    return surface.ClassDef(node.name, base, tuple(fields), tuple(functions), doc, span)


def _define(r: Reader, spans: dict[str, Span], name: str, at: Span) -> None:
    hint = "a method that sets the initial state is called `init`" if name == "__init__" else "choose another name"
    if name.startswith("__"):
        r.refuse("P047", f"`{name}`: names with two underscores in front are Python's own", at, hint)
    elif name in spans:
        hint = f"it is defined in line {spans[name].line} already: rename one of them"
        r.refuse("P017", f"`{name}` is defined twice", at, hint)
    spans.setdefault(name, at)


def _base(r: Reader, node: ast.ClassDef, span: Span) -> str:
    for decorator in node.decorator_list:
        r.refuse("P021", "classes take no decorators", decorator, "leave it out")
    for keyword in node.keywords:
        r.refuse("P021", "classes take no keywords", keyword, BASES)
    if getattr(node, "type_params", None):
        r.refuse("P021", "classes take no type parameters", span, "write one class for each type")
    match node.bases:
        case [ast.Name(name)]:
            return name
        case []:
            r.refuse("P021", f"`{node.name}` is neither a Spec nor a Record", span, BASES)
        case [_]:
            r.refuse("P021", "the base of a class is a name", node.bases[0], BASES)
        case _:
            r.refuse("P021", "a class has one base", node.bases[1], BASES)
    return "Spec"


def _refuse_part(r: Reader, node: ast.stmt) -> None:
    at = r.span(node)
    line = r.lines[at.line - 1].rstrip()
    head = at if at.line == at.end_line else Span(r.source, at.line, at.column, at.line, len(line))
    match node:
        case ast.AnnAssign(ast.Name(name)):
            hint = f"declare it by its value: `{name} = Int(0, 3, init=0)`, `{name} = Bool(init=False)`"
            r.refuse("P026", f"`{name}` has an annotation, which says nothing here", node.annotation, hint)
            return
        case ast.Assign():
            what, hint = "an assignment to anything but one name", "declare one variable in each line"
        case ast.AsyncFunctionDef() | ast.Delete() | ast.With() | ast.Try() | ast.Match():
            what, hint = STATEMENTS[type(node).__name__]
        case ast.ClassDef():
            what, hint = "a class inside a class", "define it at module level"
        case ast.Import() | ast.ImportFrom():
            what, hint = "an import", "import at the top of the file, from `modelcheck` or another spec file"
        case ast.Expr(ast.Constant(value)) if value is ...:
            what, hint = "`...`", "write `pass` for an empty class"
        case ast.Expr(ast.Constant(str())):
            what, hint = "a string", "write a comment, `# ...`; the description of a class is the first thing in it"
        case ast.If() | ast.For() | ast.While():
            what, hint = "a choice or a loop", "families of variables are arrays: `Array(Index, Int(0, 3, init=0))`"
        case _:
            what, hint = "this statement", LEVEL
    r.refuse("P022", f"{what} has no place in a class body", head, hint)


# --- methods ----------------------------------------------------------------------------------------------------------


def _function(r: Reader, node: ast.FunctionDef) -> surface.Function:
    decorators = tuple(d for d in (_decorator(r, item) for item in node.decorator_list) if d)
    if len(node.decorator_list) > 1:
        hint = "split it into two methods, one of which calls a third with what they share"
        r.refuse("P023", "a method has one decorator", node.decorator_list[1], hint)
    if node.returns is not None:
        hint = f"leave `-> {r.written(node.returns)}` out: what a method returns is inferred"
        r.refuse("P026", f"`{node.name}` has an annotation, which says nothing here", node.returns, hint)
    if getattr(node, "type_params", None):
        r.refuse("P024", "methods take no type parameters", r.name_span(node), "leave them out: types are inferred")
    doc, nodes = docstring(r, node.body)
    has_yield = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node))
    parts = (_parameters(r, node), decorators[:1], body(r, nodes), doc, has_yield)
    return surface.Function(node.name, *parts, r.name_span(node))


def _parameters(r: Reader, node: ast.FunctionDef) -> tuple[surface.Parameter, ...]:
    given = node.args
    for extra in (given.vararg, given.kwarg):
        if extra is not None:
            r.refuse("P024", f"`{extra.arg}` takes any number of arguments", extra, "name every parameter")
    for default in (*given.defaults, *(d for d in given.kw_defaults if d is not None)):
        r.refuse("P024", "parameters have no default values", default, "pass the value where the method is called")
    for extra in given.kwonlyargs:
        r.refuse("P024", f"`{extra.arg}` can only be passed by name", extra, "leave the `*` in front of it out")
    for extra in given.posonlyargs:
        r.refuse("P024", f"`{extra.arg}` can only be passed by position", extra, "leave the `/` after it out")
    names = given.posonlyargs + given.args + given.kwonlyargs
    if not names or names[0].arg != "self":
        at = names[0] if names else r.name_span(node)
        r.refuse("P024", "the first parameter of a method is `self`", at, f"write `def {node.name}(self, ...)`")
    elif names[0].annotation is not None:
        r.refuse("P026", "`self` has an annotation, which says nothing here", names[0].annotation, "leave it out")
    rest = names[1:] if names and names[0].arg == "self" else names
    seen = {"self"}
    for parameter in rest:
        if parameter.arg in seen:
            r.refuse("P024", f"two parameters are called `{parameter.arg}`", parameter, "rename one of them")
        seen.add(parameter.arg)
    return tuple(_parameter(r, p) for p in rest)


def _parameter(r: Reader, node: ast.arg) -> surface.Parameter:
    span = r.span(node)
    if isinstance(node.annotation, ast.Constant):
        hint = "leave it out, or write `Ref[Name]` for a record that the method changes, without quotes"
        r.refuse("P026", f"the annotation of `{node.arg}` is not a name", node.annotation, hint)
    annotation = None if node.annotation is None else expression(r, node.annotation)
    return surface.Parameter(plain_name(r, node.arg, span), annotation, span)


# --- decorators -------------------------------------------------------------------------------------------------------


def _decorator(r: Reader, node: ast.expr) -> surface.Decorator | None:
    """`@name` or `@name(key=value)`, by the name it has in the language."""
    options = node if isinstance(node, ast.Call) else None
    name = r.word(options.func if options else node, KNOWN)
    if name is None:
        written = r.written(options.func if options else node)
        hint = DECORATORS.get(written.split(".")[-1]) or closest(written, KNOWN)
        hint = hint or f"decorators are {', '.join(f'`@{k}`' for k in KNOWN)}; a plain method needs none"
        r.refuse("P023", f"`@{written}` is not a decorator of the language", node, hint)
        return None
    if name == "expires":
        return _expires(r, node)
    if options is None:
        return surface.Decorator(name, (), (), r.span(node))
    for arg in options.args:
        form = {"process": '`@process(each=Vcpu, fair="weak")`', "action": "`@action(rm=RM)`"}.get(name, f"`@{name}`")
        r.refuse("P023", f"`@{name}` takes options by name only", arg, f"write {form}")
    for keyword in options.keywords:
        _option(r, name, keyword)
    return surface.Decorator(name, (), keywords(r, options.keywords), r.span(node))


def _expires(r: Reader, node: ast.expr) -> surface.Decorator | None:
    match node:
        case ast.Call(_, [ast.Constant(str()) as timer], []):
            return surface.Decorator("expires", (expression(r, timer),), (), r.span(node))
    r.refuse("P023", "`@expires` takes the name of one timer", node, 'write `@expires("alarm")`')
    return None


def _option(r: Reader, name: str, node: ast.keyword) -> None:
    known = KNOWN[name]
    if known is not None and node.arg not in known:
        hint = closest(node.arg or "", known) or (f"it takes {', '.join(known)}" if known else f"write `@{name}`")
        r.refuse("P023", f"`@{name}` takes no `{node.arg or '**'}`", node, hint)
    match node.arg, node.value:
        case "fair", ast.Constant("weak" | "strong"):
            return
        case "fair", _:
            hint = 'write `fair="weak"` or `fair="strong"`; leave it out for no fairness'
            r.refuse("P023", "`fair` is \"weak\" or \"strong\"", node.value, hint)
        case "urgent", ast.Constant(bool()) if name == "action":
            return
        case "urgent", _ if name == "action":
            r.refuse("P023", "`urgent` is True or False", node.value, "write `@action(urgent=True)`")
        case "unfair", ast.Tuple(items) if all(_is_text(i) for i in items):
            return
        case "unfair", _:
            hint = 'write `unfair=("kick",)`: with one label, a comma after it'
            r.refuse("P023", "`unfair` is a tuple of labels", node.value, hint)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
