"""Machine code from kernels: from plain functions over integers and arrays, in a small part of Python.

Choice, measured: numba took 0.4 s and 45 MB to be imported, more than a million states take to be searched; a builder
(`search.assembler`) would have meant every kernel twice, in Python for small graphs and as code. So the kernels stay in
Python and are compiled from their text with the llvmlite that large searches need anyway. The price is this
module, and that kernels keep to what it knows; whatever else they say is an InternalError with its line.

Numbers are 64-bit and wrap around, `//` rounds towards zero and `>>` keeps the sign: kernels must not depend on the
difference where they also run as Python. Parameters are integers, tuples of integers, and arrays of one dimension. No
index is checked. Functions that a kernel calls (of its module) are expanded in place, so they must not be recursive.
"""

from __future__ import annotations

import ast
import inspect
import sys
from dataclasses import dataclass
from functools import reduce
from typing import Any, Callable, Sequence

import numpy as np
from llvmlite import ir

from modelcheck.errors import InternalError
from modelcheck.liveness.native.calls import Kind, parsed, returned
from modelcheck.search.assembler import I64, POINTER, Function, Value


@dataclass(frozen=True, slots=True)
class Array:
    pointer: Value
    type: Any
    signed: bool
    length: Value


@dataclass(slots=True)
class Frame:
    """A function that is being expanded. `names`: variables by address, arrays, tuples of values. `loops`: where
    `continue` and `break` go to. A `return` leaves its values in `results` and goes to `end`."""

    function: Callable[..., Any]
    names: dict[str, Any]
    loops: list[tuple[ir.Block, ir.Block]]
    results: list[Value]
    end: ir.Block


def text(kernel: Callable[..., Any], kinds: tuple[Kind, ...]) -> str:
    """A module with a function of the kernel's name. See `calls.numbers` for its arguments; after them comes the
    address where the results go."""
    module, tree = ir.Module(kernel.__name__), parsed(kernel)
    names = [a.arg for a in tree.args.args]
    spelled = [_parameter(n, k) for n, k in zip(names, kinds, strict=True)]
    f = Function(module, kernel.__name__, " ".join((*spelled, "*results")))
    for argument in f.function.args:
        if argument.type == POINTER:
            argument.add_attribute("noalias")
    values = [_argument(f, n, k) for n, k in zip(names, kinds)]
    results = _Translator(f).expanded(kernel, values)
    for i, value in enumerate(results):
        f.store(f.of["results"], i, value)
    f.finish(0)
    return str(module)


def _parameter(name: str, kind: Kind) -> str:
    match kind:
        case str():
            return f"*{name} {name}.length"
        case tuple():
            return " ".join(_parameter(f"{name}.{i}", k) for i, k in enumerate(kind))
    return name


def _argument(f: Function, name: str, kind: Kind) -> Any:
    match kind:
        case str(dtype):
            return Array(f.of[name], *_element(np.dtype(dtype)), f.of[f"{name}.length"])
        case tuple():
            return tuple(_argument(f, f"{name}.{i}", k) for i, k in enumerate(kind))
    return f.of[name]


def _element(dtype: np.dtype) -> tuple[Any, bool]:
    return ir.IntType(8 * dtype.itemsize), dtype.kind == "i"


OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "sdiv", ast.BitAnd: "and_", ast.BitOr: "or_",
    ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "ashr",
}  # fmt: skip
COMPARISONS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


class _Translator:
    def __init__(self, f: Function):
        self.f, self.b = f, f.b
        self.frames: list[Frame] = []

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def refuse(self, node: ast.AST) -> InternalError:
        return InternalError(f"a kernel cannot say `{ast.unparse(node)}` ({self.frame.function.__name__})")

    def expanded(self, function: Callable[..., Any], values: Sequence[Any]) -> list[Value]:
        """The results of a function on values, its body put here."""
        tree, end = parsed(function), self.block()
        results = [self.f.variable(0) for _ in range(returned(tree))]
        self.frames.append(Frame(function, {}, [], results, end))
        for parameter, value in zip(tree.args.args, values, strict=True):
            self.bind(parameter.arg, value)
        self.body(tree.body)
        self.go(end)
        self.b.position_at_end(end)
        self.frames.pop()
        return [self.f.get(r) for r in results]

    # --- blocks ---

    def block(self) -> ir.Block:
        return self.f.function.append_basic_block()

    def go(self, block: ir.Block) -> None:
        if not self.b.block.is_terminated:
            self.b.branch(block)

    # --- statements ---

    def body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if self.b.block.is_terminated:  # after a `continue` and the like
                return
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign([target], value):
                self.assign(target, self.values(value))
            case ast.AugAssign(target, operator, value):
                self.assign(target, [self.operation(node, operator, self.value(target), self.value(value))])
            case ast.Expr(ast.Constant(str())):
                return
            case ast.Expr(ast.Call() as call):
                self.values(call)
            case ast.If(test, then, otherwise):
                self.choose(test, lambda: self.body(then), lambda: self.body(otherwise))
            case ast.While(test, body, []):
                self.repeat(lambda: self.truth(test), body)
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"), bounds), body, []):
                self.count(name, [self.value(b) for b in bounds], body)
            case ast.Return(value):
                self.leave(self.values(value) if value else [])
            case ast.Continue():
                self.b.branch(self.frame.loops[-1][0])
            case ast.Break():
                self.b.branch(self.frame.loops[-1][1])
            case _:
                raise self.refuse(node)

    def leave(self, values: Sequence[Any]) -> None:
        for place, value in zip(self.frame.results, values, strict=True):
            self.f.set(place, value)
        self.b.branch(self.frame.end)

    def choose(self, test: ast.expr, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        yes, no, end = self.block(), self.block(), self.block()
        self.b.cbranch(self.truth(test), yes, no)
        for block, fill in ((yes, then), (no, otherwise)):
            self.b.position_at_end(block)
            fill()
            self.go(end)
        self.b.position_at_end(end)

    def repeat(
        self, test: Callable[[], Value], body: Sequence[ast.stmt], step: Callable[[], None] | None = None
    ) -> None:
        head, inside, after, out = (self.block() for _ in range(4))
        self.b.branch(head)
        self.b.position_at_end(head)
        self.b.cbranch(test(), inside, out)
        self.b.position_at_end(inside)
        self.frame.loops.append((after, out))
        self.body(body)
        self.frame.loops.pop()
        self.go(after)
        self.b.position_at_end(after)
        if step:
            step()
        self.b.branch(head)
        self.b.position_at_end(out)

    def count(self, name: str, bounds: list[Value], body: Sequence[ast.stmt]) -> None:
        start, end = bounds if len(bounds) == 2 else (I64(0), *bounds)
        counter = self.f.variable(start)
        self.bind(name, start)

        def more() -> Value:
            self.bind(name, self.f.get(counter))
            return self.b.icmp_signed("<", self.f.get(counter), end)

        self.repeat(more, body, lambda: self.f.add(counter, 1))

    # --- names ---

    def bind(self, name: str, value: Any) -> None:
        names = self.frame.names
        if isinstance(value, (Array, tuple)):
            names[name] = value
        elif name in names:
            self.f.set(names[name], value)
        else:
            names[name] = self.f.variable(value)

    def assign(self, target: ast.expr, values: Sequence[Any]) -> None:
        match target:
            case ast.Tuple(parts):
                for part, value in zip(parts, values, strict=True):
                    self.assign(part, [value])
            case ast.Name(name):
                self.bind(name, values[0])
            case ast.Subscript(array, index):
                a, i = self.array(array), self.value(index)
                value = values[0] if a.type == I64 else self.b.trunc(values[0], a.type)
                self.b.store(value, self.f.at(a.pointer, i, a.type))
            case _:
                raise self.refuse(target)

    def array(self, node: ast.expr) -> Array:
        found = self.frame.names.get(node.id) if isinstance(node, ast.Name) else None
        if not isinstance(found, Array):
            raise self.refuse(node)
        return found

    def named(self, node: ast.Name) -> Any:
        """A variable, or what the module of the function holds under that name."""
        if node.id in self.frame.names:
            found = self.frame.names[node.id]
            return found if isinstance(found, (Array, tuple)) else self.f.get(found)
        constant = vars(sys.modules[self.frame.function.__module__]).get(node.id)
        if not isinstance(constant, int):
            raise self.refuse(node)
        return I64(constant)

    # --- expressions ---

    def values(self, node: ast.expr) -> list[Any]:
        match node:
            case ast.Tuple(parts):
                return [v for part in parts for v in self.values(part)]
            case ast.Name():
                found = self.named(node)
                return list(found) if isinstance(found, tuple) else [found]
            case ast.Call(ast.Name(name), args) if name not in BUILTIN:
                helper = vars(sys.modules[self.frame.function.__module__]).get(name)
                if not inspect.isfunction(helper):
                    raise self.refuse(node)
                return self.expanded(helper, [self.argument(a) for a in args])
        return [self.value(node)]

    def argument(self, node: ast.expr) -> Any:
        return self.named(node) if isinstance(node, ast.Name) else self.value(node)

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(int(number)):
                return I64(int(number))
            case ast.Name():
                return self.named(node)
            case ast.Subscript(ast.Name(name), ast.Constant(int(i))) if isinstance(self.frame.names.get(name), tuple):
                return self.frame.names[name][i]
            case ast.Subscript(array, index):
                return self.element(self.array(array), self.value(index))
            case ast.BinOp(left, operator, right):
                return self.operation(node, operator, self.value(left), self.value(right))
            case ast.UnaryOp(ast.USub(), operand):
                return self.b.neg(self.value(operand))
            case ast.UnaryOp(ast.Invert(), operand):
                return self.b.not_(self.value(operand))
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(ast.Not()):
                return self.b.zext(self.truth(node), I64)
            case ast.IfExp(test, then, otherwise):
                return self.either(test, then, otherwise)
            case ast.Call(ast.Name(name), args) if name in BUILTIN:
                return BUILTIN[name](self, args)
            case ast.Call():
                (found,) = self.values(node)
                return found
        raise self.refuse(node)

    def element(self, a: Array, index: Value) -> Value:
        found = self.b.load(self.f.at(a.pointer, index, a.type), typ=a.type)
        if a.type == I64:
            return found
        return self.b.sext(found, I64) if a.signed else self.b.zext(found, I64)

    def operation(self, node: ast.AST, operator: ast.operator, left: Value, right: Value) -> Value:
        if type(operator) not in OPERATORS:
            raise self.refuse(node)
        return getattr(self.b, OPERATORS[type(operator)])(left, right)

    def either(self, test: ast.expr, then: ast.expr, otherwise: ast.expr) -> Value:
        found = self.f.variable(0)
        self.choose(
            test, lambda: self.f.set(found, self.value(then)), lambda: self.f.set(found, self.value(otherwise))
        )  # fmt: skip
        return self.f.get(found)

    def truth(self, node: ast.expr) -> Value:
        match node:
            case ast.Compare(left, operators, right):
                values = [self.value(x) for x in (left, *right)]
                if not {*map(type, operators)} <= COMPARISONS.keys():
                    raise self.refuse(node)
                tests = [
                    self.b.icmp_signed(COMPARISONS[type(o)], x, y) for o, x, y in zip(operators, values, values[1:])
                ]
                return reduce(self.b.and_, tests)
            case ast.UnaryOp(ast.Not(), operand):
                return self.b.not_(self.truth(operand))
            case ast.BoolOp(operator, parts):
                return self.all_or_any(isinstance(operator, ast.And), parts)
        return self.b.icmp_signed("!=", self.value(node), I64(0))

    def all_or_any(self, every: bool, parts: Sequence[ast.expr]) -> Value:
        """Left to right, stopping where the answer is known."""
        found, end = self.f.variable(0 if every else 1), self.block()
        for part in parts:
            more = self.block()
            self.b.cbranch(self.truth(part), *((more, end) if every else (end, more)))
            self.b.position_at_end(more)
        self.f.set(found, 1 if every else 0)
        self.b.branch(end)
        self.b.position_at_end(end)
        return self.b.icmp_signed("!=", self.f.get(found), I64(0))

    # --- what kernels may call besides functions of their own ---

    def least(self, args: Sequence[ast.expr]) -> Value:
        left, right = (self.value(a) for a in args)
        return self.b.select(self.b.icmp_signed("<", left, right), left, right)

    def length(self, args: Sequence[ast.expr]) -> Value:
        return self.array(args[0]).length

    def prefetch(self, args: Sequence[ast.expr]) -> Value:
        array = self.array(args[0])
        self.f.prefetch(self.f.at(array.pointer, self.value(args[1]), array.type))
        return I64(0)


BUILTIN = {"min": _Translator.least, "len": _Translator.length, "prefetch": _Translator.prefetch}
