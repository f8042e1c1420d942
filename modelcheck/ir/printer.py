"""Both dialects as text: values as readers of a report see them, expressions as an author would write them, whole
models and programs that read like a grammar. Nothing parses this text again."""

from __future__ import annotations

from itertools import chain
from typing import Any, Iterable, Iterator

from modelcheck.ir import surface
from modelcheck.ir.nodes import (
    Action,
    ActionPredicate,
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
    Model,
    Quantifier,
    Stmt,
    Temporal,
    Variable,
    When,
)
from modelcheck.ir.ops import OPS, Op
from modelcheck.ir.types import (
    ArrayType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    TextType,
    TupleType,
    Type,
    ascending,
    show,
    tells_nothing,
    values,
)

# --- values -----------------------------------------------------------------------------------------------------------


def show_value(of: Type, value: Any) -> str:
    """A natural value of a type, on one line: `"idle"`, `RM0`, `{1, 2}`, a sequence `[1, 2]`, `Slot(count=1)`, an array
    `[v, w]`, or `{RM0: v, RM1: w}` where the indices are not 0, 1, .."""
    match of:
        case ScalarsetType(_, name):
            return f"{name}{value}"
        case EnumType() | TextType():
            return f'"{value}"'
        case SetType(member):
            return "{" + ", ".join(show_value(member, v) for v in ascending(member, value)) + "}"
        case SeqType(member):
            return "[" + ", ".join(show_value(member, v) for v in value) + "]"
        case TupleType(items):
            return "(" + ", ".join(map(show_value, items, value)) + ")"
        case OptionType(some):
            return "None" if value is None else show_value(some, value)
        case ArrayType(IntType(0), member):
            return "[" + ", ".join(show_value(member, v) for v in value) + "]"
        case ArrayType(index, member):
            shown = (f"{show_value(index, i)}: {show_value(member, v)}" for i, v in zip(values(index), value))
            return "{" + ", ".join(shown) + "}"
        case RecordType(name, fields):
            told = ((f, t, v) for (f, t), v in zip(fields, value) if not tells_nothing(t))
            return f"{name}({', '.join(f'{f}={show_value(t, v)}' for f, t, v in told)})"
    return str(value)


def show_args(args: Iterable[tuple[str, Any, Type]]) -> str:
    """`rm=RM0, queue=1`."""
    return ", ".join(f"{name}={show_value(of, value)}" for name, value, of in args)


# --- expressions ------------------------------------------------------------------------------------------------------

# How tightly an expression binds, loosest first, as in Python.
_ANY, _COND, _OR, _AND, _NOT, _COMPARE, _UNION, _XOR, _MEET, _SUM, _PRODUCT, _NEGATIVE, _POSTFIX = range(13)

_INFIX = {
    **dict.fromkeys((Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.IN, Op.HOLDS, Op.SUBSET, Op.PROPER_SUBSET), _COMPARE),
    **{Op.UNION: _UNION, Op.SYMMETRIC_DIFFERENCE: _XOR, Op.INTERSECTION: _MEET},
    **dict.fromkeys((Op.ADD, Op.SUB, Op.DIFFERENCE, Op.CONCAT), _SUM),
    **dict.fromkeys((Op.MUL, Op.FLOORDIV, Op.MOD), _PRODUCT),
}
_CALLED = {Op.ABS, Op.MIN, Op.MAX, Op.RANGE, Op.CARDINALITY, Op.LENGTH, Op.REST, Op.FRONT, Op.FIRST, Op.LAST}
_METHODS = {Op.WITH, Op.WITHOUT, Op.REMOVE, Op.APPEND}
_BRACKETS = {"set": ("{", "}"), "seq": ("[", "]"), "array": ("[", "]")}


def print_expr(expr: Expr, model: Model) -> str:
    """The expression as an author would write it, on one line. Of the operators that the type checker inserts, CAST is
    shown (`n + 1 as 0..3`), SOME and GET are not."""
    return _expr(expr, model, _ANY)


def _expr(expr: Expr, model: Model, outer: int) -> str:
    """Parenthesised where the context binds more tightly."""
    text, inner = _bare(expr, model)
    return f"({text})" if inner < outer else text


def _bare(expr: Expr, model: Model) -> tuple[str, int]:
    """The text without parentheses, and how tightly it binds."""

    def sub(part: Expr, outer: int = _ANY) -> str:
        return _expr(part, model, outer)

    match expr:
        case Const(value, of):
            negative = isinstance(of, IntType) and value < 0
            return show_value(of, value), _NEGATIVE if negative else _POSTFIX
        case Variable(index, after=after):
            return ("after." if after else "self.") + model.variables[index].name, _POSTFIX
        case Local(name):
            return name, _POSTFIX
        case Apply():
            return _application(expr, model)
        case Logic("implies", args):
            return f"implies({', '.join(map(sub, args))})", _POSTFIX
        case Logic(connective, args):
            strength = _AND if connective == "and" else _OR
            return f" {connective} ".join(sub(a, strength + 1) for a in args), strength
        case Cond(test, then, otherwise):
            return f"{sub(then, _OR)} if {sub(test, _OR)} else {sub(otherwise, _COND)}", _COND
        case Field(record, name):
            return f"{sub(record, _POSTFIX)}.{name}", _POSTFIX
        case Element(array, index):
            return f"{sub(array, _POSTFIX)}[{sub(index)}]", _POSTFIX
        case Construct(items, of):
            return _construct(of, [sub(i) for i in items]), _POSTFIX
        case Bind(local, value, body):
            return f"{sub(body, _OR)} where {local.name} = {sub(value, _OR)}", _ANY
        case Quantifier(kind, local, domain, body, _, guard):
            only = f" if {sub(guard, _OR)}" if guard is not None else ""
            left, right = _BRACKETS.get(kind, (f"{kind}(", ")"))
            return f"{left}{sub(body, _COND)} for {local.name} in {sub(domain, _OR)}{only}{right}", _POSTFIX
        case Temporal(operator, args):
            return f"{operator}({', '.join(map(sub, args))})", _POSTFIX
        case ActionPredicate(kind, actions):
            return f"{kind}({', '.join(model.action_title(a) for a in sorted(actions))})", _POSTFIX
    raise TypeError(expr)


def _application(expr: Apply, model: Model) -> tuple[str, int]:
    op, symbol = expr.op, OPS[expr.op].symbol

    def arg(number: int, outer: int = _ANY) -> str:
        return _expr(expr.args[number], model, outer)

    match op:
        case _ if op in _INFIX:
            strength = _INFIX[op]
            left = strength + 1 if strength == _COMPARE else strength  # `(a < b) == c` is no chain
            return f"{arg(0, left)} {symbol} {arg(1, strength + 1)}", strength
        case _ if op in _CALLED:
            return f"{symbol}({', '.join(arg(i) for i in range(len(expr.args)))})", _POSTFIX
        case _ if op in _METHODS:
            return f"{arg(0, _POSTFIX)}.{symbol}({arg(1)})", _POSTFIX
        case Op.ITEM:
            return f"{arg(0, _POSTFIX)}[{arg(1)}]", _POSTFIX
        case Op.NOT:
            return f"not {arg(0, _NOT)}", _NOT
        case Op.NEG:
            return f"-{arg(0, _POSTFIX)}", _NEGATIVE
        case Op.IS_NONE:
            return f"{arg(0, _UNION)} is None", _COMPARE
        case Op.CAST:
            return f"{arg(0, _OR)} as {show(expr.type)}", _ANY
        case Op.SOME | Op.GET:
            return _bare(expr.args[0], model)
    raise TypeError(op)


def _construct(of: Type, items: list[str]) -> str:
    match of:
        case SetType():
            return "{" + ", ".join(items) + "}"
        case RecordType(name, fields):
            return f"{name}({', '.join(f'{f}={i}' for (f, _), i in zip(fields, items))})"
    return "[" + ", ".join(items) + "]"


# --- statements and models --------------------------------------------------------------------------------------------


def print_model(model: Model) -> str:
    """The whole model: what is declared, the initialisation, each action with its guards, each property."""
    sections = (
        _declarations(model),
        _processes(model),
        ["initially", *_block(model.initial, model)],
        *([*_action(number, action, model)] for number, action in enumerate(model.actions)),
        [f"{p.kind} {p.name}:  {print_expr(p.expr, model)}" for p in model.properties],
    )
    head = f"model {model.name}  # {model.path}"
    return "\n\n".join((head, *("\n".join(lines) for lines in sections if lines))) + "\n"


def print_stmt(statement: Stmt, model: Model) -> str:
    """One statement with its blocks, on as many lines as it takes."""
    return "\n".join(_statement(statement, model))


def _declarations(model: Model) -> list[str]:
    constants = [f"constant {name} = {value!r}" for name, value in model.constants]
    return constants + [f"{d.kind} {d.name}: {show(d.type)}" for d in model.variables]


def _processes(model: Model) -> list[str]:
    lines: list[str] = []
    for process in model.processes:
        fair = f" fair={process.fairness}" if process.fairness else ""
        places = (f"{'' if p.kind == 'step' else p.kind + ' '}{p.label!r}" for p in process.places)
        start = process.places[process.start].label
        lines.append(f"process {process.title}{fair}: {', '.join(places)}; starts at {start!r}")
    return lines


def _action(number: int, action: Action, model: Model) -> Iterator[str]:
    title = f"{model.processes[action.process].title}: {action.label}" if action.process is not None else action.label
    args = f"({show_args(action.args)})" if action.args else ""
    fair = f" fair={action.fairness}" if action.fairness else ""
    yield f"action {number} {title}{args}{fair}"
    yield from _block(action.body, model)


def _block(body: tuple[Stmt, ...], model: Model) -> list[str]:
    lines = chain.from_iterable(_statement(s, model) for s in body)
    return ["    " + line for line in lines] or ["    pass"]


def _statement(statement: Stmt, model: Model) -> list[str]:
    match statement:
        case Assign(target, value):
            return [f"{print_expr(target, model)} = {print_expr(value, model)}"]
        case When(test):
            return [f"when {print_expr(test, model)}"]
        case Assert(test, message):
            return [f"assert {print_expr(test, model)}" + (f', "{message}"' if message else "")]
        case Choose(local, domain):
            return [f"choose {local.name} in {print_expr(domain, model)}"]
        case For(local, domain, body):
            return [f"for {local.name} in {print_expr(domain, model)}:", *_block(body, model)]
        case If(test, then, otherwise):
            lines = [f"if {print_expr(test, model)}:", *_block(then, model)]
            return lines + (["else:", *_block(otherwise, model)] if otherwise else [])
    raise TypeError(statement)


# --- the SURFACE dialect ----------------------------------------------------------------------------------------------

_SURFACE_BINARY = {
    "|": _UNION, "^": _XOR, "&": _MEET, "+": _SUM, "-": _SUM, "*": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT,
}  # fmt: skip
_DISPLAYS = {"set": ("{", "}"), "list": ("[", "]"), "tuple": ("(", ")"), "dict": ("{", "}"), "generator": ("", "")}


def print_program(program: surface.Program) -> str:
    """Every module as a spec that means the same, without comments, blank lines and formatting."""
    return "\n".join("\n".join(_module(path, module)) + "\n" for path, module in program.modules.items())


def _module(path: str, module: surface.Module) -> Iterator[str]:
    yield f"# {path}"
    for i in module.imports:
        yield f"from {i.module} import {i.name}" + (f" as {i.alias}" if i.alias != i.name else "")
    yield from (f"{d.name} = {_surface(d.value)}" for d in module.definitions)
    yield from (f'assume({_surface(a.test)}, "{a.reason}")' for a in module.assumptions)
    for c in module.classes:
        yield f"class {c.name}({c.base}):"
        yield from (f"    {f.name} = {_surface(f.value)}" for f in c.fields)
        for function in c.functions:
            yield from ("    " + line for line in _function(function))
    for case in module.cases:
        shown = (f"{e.name}({_arguments(e.args, e.keywords)})" for e in case.expectations)
        yield f"case {case.name!r}: {', '.join((case.spec, *shown))}"


def _function(function: surface.Function) -> Iterator[str]:
    for d in function.decorators:
        arguments = _arguments(d.args, d.keywords)
        yield f"@{d.name}" + (f"({arguments})" if arguments else "")
    parameters = ("self", *map(_parameter, function.parameters))
    yield f"def {function.name}({', '.join(parameters)}):"
    yield from _surface_block(function.body)


def _parameter(parameter: surface.Parameter) -> str:
    return parameter.name + (f": {_surface(parameter.annotation)}" if parameter.annotation is not None else "")


def _surface_block(body: tuple[surface.Stmt, ...]) -> list[str]:
    return ["    " + line for s in body for line in _surface_statement(s)] or ["    pass"]


def _surface_statement(statement: surface.Stmt) -> list[str]:
    match statement:
        case surface.Assign(target, value):
            return [f"{_surface(target)} = {_surface(value)}"]
        case surface.AugAssign(target, op, value):
            return [f"{_surface(target)} {op}= {_surface(value)}"]
        case surface.Evaluate(value):
            return [_surface(value)]
        case surface.If(test, then, otherwise):
            tail = ["else:", *_surface_block(otherwise)] if otherwise else []
            return [f"if {_surface(test)}:", *_surface_block(then), *tail]
        case surface.For(target, domain, body):
            return [f"for {target} in {_surface(domain)}:", *_surface_block(body)]
        case surface.While(test, body):
            return [f"while {_surface(test)}:", *_surface_block(body)]
        case surface.Return(value):
            return ["return" + (f" {_surface(value)}" if value is not None else "")]
        case surface.Assert(test, message):
            return [f"assert {_surface(test)}" + (f", {message!r}" if message else "")]
        case surface.Yield(label, kind, source, _, stay, urgency):
            word = urgency or ("idle" if kind == "idle" else "")
            place = f'{word}("{label}")' if word else f'"{label}"'
            times = () if stay is None else (stay.low,) if stay.high is None else (stay.low, stay.high)
            after = f", after({', '.join(map(_surface, times))})" if times else ""
            return [f"yield {place}{after}" + (f', "{source}"' if source else "")]
        case surface.CallProcedure(call, target):
            return [(f"{_surface(target)} = " if target is not None else "") + f"yield from {_surface(call)}"]
    return [type(statement).__name__.lower()]  # break, continue, pass


def _arguments(args: tuple[surface.Expr, ...], keywords: tuple[tuple[str, surface.Expr], ...]) -> str:
    return ", ".join((*map(_surface, args), *(f"{name}={_surface(value)}" for name, value in keywords)))


def _surface(expr: surface.Expr, outer: int = _ANY) -> str:
    text, inner = _surface_bare(expr)
    return f"({text})" if inner < outer else text


def _surface_bare(expr: surface.Expr) -> tuple[str, int]:
    """The text without parentheses, and how tightly it binds."""
    sub = _surface
    match expr:
        case surface.Literal_(value):
            return (f'"{value}"' if isinstance(value, str) else str(value)), _POSTFIX
        case surface.Name(name):
            return name, _POSTFIX
        case surface.Attribute(value, name):
            return f"{sub(value, _POSTFIX)}.{name}", _POSTFIX
        case surface.Subscript(value, index):
            return f"{sub(value, _POSTFIX)}[{sub(index)}]", _POSTFIX
        case surface.Call(function, args, keywords):
            return f"{sub(function, _POSTFIX)}({_arguments(args, keywords)})", _POSTFIX
        case surface.Unary("not", operand):
            return f"not {sub(operand, _NOT)}", _NOT
        case surface.Unary(op, operand):
            return f"{op}{sub(operand, _NEGATIVE)}", _NEGATIVE
        case surface.Binary("**", left, right):
            return f"{sub(left, _POSTFIX)} ** {sub(right, _POSTFIX)}", _NEGATIVE
        case surface.Binary(op, left, right):
            strength = _SURFACE_BINARY[op]
            return f"{sub(left, strength)} {op} {sub(right, strength + 1)}", strength
        case surface.BoolOp(op, args):
            strength = _AND if op == "and" else _OR
            return f" {op} ".join(sub(a, strength + 1) for a in args), strength
        case surface.Compare(first, ops, rest):
            chain_ = (f" {op} {sub(e, _UNION)}" for op, e in zip(ops, rest))
            return sub(first, _UNION) + "".join(chain_), _COMPARE
        case surface.IfExp(test, then, otherwise):
            return f"{sub(then, _OR)} if {sub(test, _OR)} else {sub(otherwise, _COND)}", _COND
        case surface.Display() | surface.Comprehension():
            left, right = _DISPLAYS[expr.kind]
            return left + _inside(expr) + right, _POSTFIX
    raise TypeError(expr)


def _inside(expr: surface.Display | surface.Comprehension) -> str:
    match expr:
        case surface.Display("dict", items):
            pairs = (i.items for i in items if isinstance(i, surface.Display))
            return ", ".join(f"{_surface(key)}: {_surface(value)}" for key, value in pairs)
        case surface.Display(kind, items):
            return ", ".join(map(_surface, items)) + ("," if kind == "tuple" and len(items) == 1 else "")
        case surface.Comprehension(_, element, generators):
            key = f"{_surface(expr.key)}: " if expr.key is not None else ""
            loops = (
                f" for {g.target} in {_surface(g.domain, _OR)}" + "".join(f" if {_surface(t, _OR)}" for t in g.guards)
                for g in generators
            )
            return key + _surface(element) + "".join(loops)
