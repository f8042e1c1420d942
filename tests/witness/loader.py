"""Loads a trusted spec file for CPython to execute: the source with the names of `modelcheck` replaced by the runtime.

CPython keeps its semantics of control flow, generators and evaluation order; the rewriting adds what it lacks:
a constant takes its override, a declared local checks its type, a name is bound to a value (not to a reference), loops
visit sets in ascending order, `implies` stops early, arithmetic is checked to fit 64 bits.
"""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Mapping

from tests.witness import runtime
from tests.witness.values import Declared, World

_CHECKED = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.Pow)


def load(path: Path, constants: Mapping[str, Any]) -> SimpleNamespace:
    """The executed file. A constant is overridden by its name wherever it is defined, imported files included."""
    World.declaring = True
    try:
        return SimpleNamespace(**_execute(path.resolve(), constants, {}))
    finally:
        World.declaring = False


def load_text(text: str, constants: Mapping[str, Any]) -> SimpleNamespace:
    World.declaring = True
    try:
        return SimpleNamespace(**_run(text, "<spec>", dict(constants), {}))
    finally:
        World.declaring = False


def _execute(path: Path, constants: Mapping[str, Any], loaded: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    if path not in loaded:
        loaded[path] = _run(path.read_text(), str(path), constants, loaded)
    return loaded[path]


def _run(text: str, path: str, constants: Mapping[str, Any], loaded: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    def imported(level: int, module: str, name: str) -> Any:
        file = Path(path).parents[level - 1] / (module.replace(".", "/") + ".py")
        return _execute(file.resolve(), constants, loaded)[name]

    def const(name: str, default: Any, type_: Any = None) -> Any:
        return constants.get(name, default)

    support = {"w_import": imported, "w_const": const, "w_assign": _assign, "w_initial": _initial}
    support |= {f"w_{f.__name__}": f for f in (runtime.checked, runtime.copied, runtime.in_order)}
    tree = ast.fix_missing_locations(_Rewriter().visit(ast.parse(text, path)))
    namespace: dict[str, Any] = {**runtime.NAMES, **support}
    exec(compile(tree, path, "exec"), namespace)
    return namespace


def _declared(make: Callable[[], Any]) -> Declared:
    World.declaring = True
    try:
        declared = make()
    finally:
        World.declaring = False
    return declared


def _initial(make: Callable[[], Any]) -> Any:
    """The value of a declared local where its declaration stands."""
    declared = _declared(make)
    return declared.type.thaw(next(declared.initial()))


def _assign(make: Callable[[], Any], value: Any) -> Any:
    declared = _declared(make)
    return declared.type.thaw(declared.type.convert(value))


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(f"w_{name}", ast.Load()), list(args), [])


class _Rewriter(ast.NodeTransformer):
    def __init__(self) -> None:
        self.declared: dict[str, ast.expr] | None = None  # locals of the function -> declarations

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        if node.level == 0:
            return ast.Pass()
        get = [
            ast.Assign(
                [ast.Name(n.asname or n.name, ast.Store())],
                _call("import", *map(ast.Constant, (node.level, node.module, n.name))),
            )
            for n in node.names
        ]
        return [ast.copy_location(a, node) for a in get]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        outer, self.declared = self.declared, {
            s.targets[0].id: _later(s.value)
            for s in ast.walk(node)
            if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) and _is_declaration(s.value)
        }
        values = [a.arg for a in node.args.args[1:] if not _is_ref(a.annotation)]
        World.references[node.name] |= {a.arg for a in node.args.args} - set(values)
        self.generic_visit(node)
        for name in values:
            bind = ast.Assign([ast.Name(name, ast.Store())], _call("copied", ast.Name(name, ast.Load())))
            node.body.insert(0, ast.copy_location(bind, node))
        self.declared = outer
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        if self.declared is None:
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Call) and _is_name(node.value.func, "Const"):
                node.value = _call("const", ast.Constant(target.id), *node.value.args)
                return ast.copy_location(node, node)
            return self.generic_visit(node)
        if not isinstance(target, ast.Name):
            return self.generic_visit(node)
        declaration = self.declared.get(target.id)
        if declaration is None:
            node.value = _call("copied", self.visit(node.value))
        elif _is_declaration(node.value):
            node.value = _call("initial", declaration)
        else:
            node.value = _call("assign", declaration, self.visit(node.value))
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        if isinstance(node.target, ast.Name):
            read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            plain = ast.Assign([node.target], ast.copy_location(ast.BinOp(read, node.op, node.value), node))
            return self.visit_Assign(ast.copy_location(plain, node))
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        return ast.copy_location(_call("checked", node), node) if isinstance(node.op, _CHECKED) else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        self.generic_visit(node)
        return ast.copy_location(_call("checked", node), node) if isinstance(node.op, ast.USub) else node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if _is_name(node.func, "implies"):
            node.args[1] = _later(node.args[1])
        return node

    def visit_For(self, node: ast.For) -> Any:
        """The domain gets a name: what is left of a loop with steps in it is a part of the state."""
        self.generic_visit(node)
        domain = f"w_domain_{node.lineno}"
        bind = ast.Assign([ast.Name(domain, ast.Store())], _call("in_order", node.iter))
        node.iter = ast.copy_location(ast.Name(domain, ast.Load()), node.iter)
        return [ast.copy_location(bind, node), node]

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        self.generic_visit(node)
        node.iter = ast.copy_location(_call("in_order", node.iter), node.iter)
        return node


def _is_declaration(value: ast.expr) -> bool:
    calls = [n for n in ast.walk(value) if isinstance(n, ast.Call)] if isinstance(value, ast.Call) else []
    return any(k.arg == "init" for call in calls for k in call.keywords)


def _later(value: ast.expr) -> ast.expr:
    nothing = ast.arguments([], [], None, [], [], None, [])
    return ast.copy_location(ast.Lambda(nothing, value), value)


def _is_ref(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Subscript) and _is_name(annotation.value, "Ref")


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
