"""Closes a program: constants get their values, types their contents, classes what they inherit.

Constants are late-bound: an override reaches every module that sees the constant. Everything is evaluated on demand and
once, so the order of definitions in a file does not matter; a definition that needs itself is refused (N004).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Iterator, Mapping

from modelcheck.errors import AssumptionError, Diagnostic, Span, UsageError
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import (
    BOOL,
    TEXT,
    BoolType,
    EnumType,
    IntType,
    RecordType,
    SeqType,
    TextType,
    Type,
    contains,
    join,
    show,
)
from modelcheck.passes import declarations, typecheck
from modelcheck.passes.context import (
    Bad,
    Binding,
    Broken,
    ClassInfo,
    Dsl,
    Member,
    Names,
    Reporter,
    SpecClass,
    TypeName,
    Value,
    describe,
    did_you_mean,
)


class World:
    """The modules of a program under one choice of constants. `lookup` is the only way to a module-level name."""

    def __init__(self, program: s.Program, overrides: Mapping[str, Any]):
        self.program = program
        self.report = Reporter()
        self.names = Names()
        self.constants: dict[str, Any] = {}
        self.records: dict[RecordType, ClassInfo] = {}
        self._definitions = {path: _by_name(m) for path, m in program.modules.items()}
        self._bindings: dict[tuple[str, str], Binding] = {}
        self._busy: set[tuple[str, str]] = set()
        self._overrides = self._find_overrides(overrides)

    # --- overrides

    def _find_overrides(self, overrides: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
        found = {}
        for name, value in overrides.items():
            home = self._home(self.program.main, name)
            homes = [home] if home else [
                (path, name) for path, names in self._definitions.items() if _is_constant(names.get(name))
            ]  # fmt: skip
            if not homes:
                known = sorted({k for names in self._definitions.values() for k, d in names.items() if _is_constant(d)})
                hint = did_you_mean(name, known, f"the constants are {', '.join(known) or 'none'}")
                raise UsageError(f"there is no constant `{name}`: {hint}")
            if len(homes) > 1:
                files = ", ".join(path for path, _ in homes)
                raise UsageError(f"`{name}` is a constant in several files ({files}): import the one that you mean")
            found[homes[0]] = value
        return found

    def _home(self, path: str, name: str) -> tuple[str, str] | None:
        """Where the constant that a module calls `name` is defined, following imports."""
        seen = set()
        while (path, name) not in seen:
            seen.add((path, name))
            definition = self._definitions.get(path, {}).get(name)
            if not isinstance(definition, s.Import):
                return (path, name) if _is_constant(definition) else None
            path, name = definition.module, definition.name
        return None

    # --- looking names up

    def known(self, path: str) -> set[str]:
        """Every name that a module can use."""
        return set(self._definitions[path]) | {alias for alias, _ in self.program.modules[path].names}

    def lookup(self, path: str, name: str, span: Span) -> Binding:
        key = (path, name)
        if key in self._bindings:
            return self._bindings[key]
        if key in self._busy:
            raise self.report.error("N004", span, f"`{name}` is defined in terms of itself", "break the circle")
        self._busy.add(key)
        try:
            binding = self._resolve(path, name, span)
        except Bad:
            binding = Broken()
        finally:
            self._busy.discard(key)
        self._bindings[key] = binding
        return binding

    def _resolve(self, path: str, name: str, span: Span) -> Binding:
        definition = self._definitions[path].get(name)
        match definition:
            case s.Import(module, original):
                if original not in self._definitions.get(module, {}):
                    known = self._definitions.get(module, {})
                    hint = did_you_mean(original, known, f"it defines {', '.join(known) or 'nothing'}")
                    raise self.report.error("N001", definition.span, f"`{module}` defines no `{original}`", hint)
                return self.lookup(module, original, definition.span)
            case s.Definition():
                return self._define(path, definition)
            case s.ClassDef():
                info = self._class(path, definition)
                if info.kind == "spec":
                    return SpecClass(info)
                return TypeName(declarations.record_type(self.context(path), info), info)
        dsl = dict(self.program.modules[path].names)
        if name in dsl:
            return Dsl(dsl[name])
        hint = did_you_mean(name, self.known(path), "define it in this file, or import it")
        if name in s.LANGUAGE:
            hint = f"add it to the imports: `from modelcheck import {name}`"
        raise self.report.error("N001", span, f"there is no `{name}` here", hint)

    def context(self, path: str) -> typecheck.Context:
        """For expressions at the module level of a file."""
        return typecheck.Context(self, path)

    # --- definitions

    def _define(self, path: str, definition: s.Definition) -> Binding:
        if _is_constant(definition):
            return Value(self._constant(path, definition))
        found = declarations.type_of(self.context(path), definition.value)
        return TypeName(declarations.named(found.type, definition.name), found.record)

    def _constant(self, path: str, definition: s.Definition) -> n.Const:
        call, ctx = definition.value, self.context(path)
        if not 1 <= len(call.args) <= 2 or call.keywords:
            hint = f"write `{definition.name} = Const(2)` or `Const(2, Int(1, 8))`"
            raise self.report.error("T004", definition.span, "a constant takes a value and perhaps a type", hint)
        declared = declarations.type_of(ctx, call.args[1]).type if len(call.args) == 2 else None
        value = typecheck.constant(ctx, call.args[0], declared)
        if isinstance(value.type, IntType) and declared is None:
            value = n.Const(value.value, IntType(value.value, value.value), value.span)
        if (path, definition.name) in self._overrides:
            raw = self._overrides[path, definition.name]
            value = n.Const(_parse(definition.name, raw, value, declared), _type(raw, value, declared), value.span)
            if isinstance(value.type, IntType) and declared is None:
                value = n.Const(value.value, IntType(value.value, value.value), value.span)
        self.constants[definition.name] = value.value
        return value

    def _class(self, path: str, definition: s.ClassDef) -> ClassInfo:
        base = self.lookup(path, definition.base, definition.span)
        match base:
            case Dsl("Spec"):
                kind, fields, functions = "spec", {}, {}
            case Dsl("Record"):
                kind, fields, functions = "record", {}, {}
            case SpecClass(info) | TypeName(_, ClassInfo() as info):
                kind, fields, functions = info.kind, dict(info.fields), dict(info.functions)
            case Broken():
                raise Bad
            case _:
                hint = "write `class Name(Spec)` or `class Name(Record)`, or derive from such a class"
                raise self.report.error("N006", definition.span, f"`{definition.base}` is no spec and no record", hint)
        for field in definition.fields:
            fields[field.name] = (field, path)
            functions.pop(field.name, None)
        for function in definition.functions:
            functions[function.name] = Member(function, path)
            fields.pop(function.name, None)
        return ClassInfo(definition.name, kind, path, fields, functions, definition.doc, definition.span)

    def spec(self, name: str) -> ClassInfo:
        """The spec class called `name` in the main module."""
        span = Span(self.program.module.source, 1, 0, 1, 0)
        binding = self.lookup(self.program.main, name, span)
        match binding:
            case SpecClass(info):
                return info
            case Broken():
                raise Bad
        raise UsageError(f"`{name}` in {self.program.main} is no spec")

    # --- checks of the whole

    def evaluate_everything(self) -> None:
        """Evaluates what nothing has asked for yet, so that every definition's errors are found."""
        for path, definitions in self._definitions.items():
            for name, definition in definitions.items():
                self.lookup(path, name, definition.span)
            for class_def in self.program.modules[path].classes:
                for function in class_def.functions:
                    self._check_names(path, function)

    def check_assumptions(self) -> None:
        """Raises AssumptionError for those that are false."""
        false = []
        for path, module in self.program.modules.items():
            for assumption in module.assumptions:
                try:
                    value = typecheck.constant(self.context(path), assumption.test, BOOL)
                except Bad:
                    continue
                if not value.value:
                    names = sorted({x.id for x in _names_in(assumption.test) if x.id in self.constants})
                    values = ", ".join(f"{name} = {describe(self.constants[name])}" for name in names)
                    message = f"assumption is false: {assumption.reason}" + (f" ({values})" if values else "")
                    false.append(Diagnostic("A001", message, assumption.span, "change the constants"))
        if false and not self.report.errors:
            raise AssumptionError(false)

    def _check_names(self, path: str, function: s.Function) -> None:
        """Names of functions that nobody calls are looked up too."""
        local = {"self", *(p.name for p in function.parameters)}
        local |= {x.id for stmt in _statements(function.body) for x in _bound(stmt)}
        for node in _walk(function.body):
            if isinstance(node, s.Comprehension):
                local |= {g.target for g in node.generators}
        for node in _walk(function.body):
            if isinstance(node, s.Name) and node.id not in local and node.id not in _BUILTINS:
                self.lookup(path, node.id, node.span)

    def notes(self) -> None:
        """Constants that nobody reads, helpers that nobody calls."""
        for path, module in self.program.modules.items():
            used = {x.id for x in _module_names(module)} | {
                i.name for m in self.program.modules.values() for i in m.imports if i.module == path
            }
            for definition in module.definitions:
                if _is_constant(definition) and definition.name not in used:
                    self.report.note("N101", definition.span, f"nothing reads the constant `{definition.name}`")
        called = {a.name for m in self.program.modules.values() for a in _module_attributes(m)}
        for module in self.program.modules.values():
            for class_def in module.classes:
                for function in class_def.functions:
                    helper = not function.decorators or function.decorators[0].name == "procedure"
                    if helper and function.name not in called and function.name != "init":
                        hint = "a property needs its decorator, such as `@invariant`"
                        self.report.note("N102", function.span, f"nothing calls `{function.name}`", hint)


_BUILTINS = {"range", "len", "min", "max", "abs", "sum", "all", "any", "set", "list", "dict", "tuple", "int", "bool"}


def _by_name(module: s.Module) -> dict[str, s.Definition | s.ClassDef | s.Import]:
    parts = (*module.imports, *module.definitions, *module.classes)
    return {part.alias if isinstance(part, s.Import) else part.name: part for part in parts}


def _is_constant(definition: object) -> bool:
    match definition:
        case s.Definition(_, s.Call(s.Name("Const"))):
            return True
    return False


def _type(raw: Any, default: n.Const, declared: Type | None) -> Type:
    if declared is not None or not isinstance(default.type, SeqType):
        return declared or default.type
    values = _tuple(raw)
    of: Type | None = default.type.of if not values else None
    for value in values:
        t = BOOL if isinstance(value, bool) else IntType(value, value) if isinstance(value, int) else TEXT
        of = t if of is None else join(of, t)
    return SeqType(of or TEXT, len(values))


def _tuple(raw: Any) -> tuple[Any, ...]:
    if isinstance(raw, str):
        raw = tuple(part.strip() for part in raw.strip("()").split(",") if part.strip())
        if all(part.lstrip("-").isdecimal() for part in raw):
            return tuple(map(int, raw))
    return tuple(raw) if isinstance(raw, tuple | list) else (raw,)


def _parse(name: str, raw: Any, default: n.Const, declared: Type | None) -> Any:
    """The value of an override, given as text (command line) or as a Python value; UsageError where it does not fit."""
    t = declared or default.type
    try:
        value = _PARSERS[type(t)](raw)
    except (KeyError, ValueError, TypeError):
        raise UsageError(f"the constant `{name}` is {_kind(t)}, not {describe(raw)}") from None
    if declared is not None and not contains(declared, value):
        raise UsageError(f"the constant `{name}` takes a value of {show(declared)}, not {describe(raw)}")
    return value


def _kind(t: Type) -> str:
    match t:
        case IntType():
            return "an integer"
        case SeqType():
            return "a tuple (on the command line: a,b,c)"
        case BoolType():
            return "true or false"
    return "a string" if isinstance(t, TextType) else show(t)


def _bool(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(raw).lower()]


def _int(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise ValueError(raw)
    return int(raw)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError(raw)
    return raw


_PARSERS = {BoolType: _bool, IntType: _int, TextType: _text, EnumType: _text, SeqType: _tuple}


# --- walking SURFACE --------------------------------------------------------------------------------------------------


def _walk(node: object) -> Iterator[object]:
    """Every SURFACE node below a node or a tuple of nodes, by the slots of the dataclasses."""
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(node)
            continue
        parts = _parts(type(node))
        if parts is not None:
            yield node
            pending.extend(getattr(node, name) for name in parts)


@cache
def _parts(kind: type) -> tuple[str, ...] | None:
    """The slots of a SURFACE node that may hold further nodes; None for anything else."""
    if kind.__module__ != s.__name__:
        return None
    return tuple(name for name, f in kind.__dataclass_fields__.items() if f.type not in ("Span", "str", "bool"))


def _names_in(node: object) -> Iterator[s.Name]:
    return (x for x in _walk(node) if isinstance(x, s.Name))


def _statements(body: tuple[s.Stmt, ...]) -> Iterator[s.Stmt]:
    return (x for x in _walk(body) if isinstance(x, s.Assign | s.AugAssign | s.For | s.CallProcedure))


def _bound(stmt: object) -> Iterator[s.Name]:
    match stmt:
        case s.For(target):
            yield s.Name(target, stmt.span)
        case s.Assign(s.Name() as name) | s.AugAssign(s.Name() as name) | s.CallProcedure(_, s.Name() as name):
            yield name


def _module_names(module: s.Module) -> Iterator[s.Name]:
    for part in (*module.definitions, *module.assumptions, *module.classes):
        yield from _names_in(part)


def _module_attributes(module: s.Module) -> Iterator[s.Attribute]:
    for class_def in module.classes:
        for node in _walk(class_def):
            if isinstance(node, s.Attribute):
                yield node
