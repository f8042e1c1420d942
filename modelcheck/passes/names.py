"""Closes a program: constants get their values, types their contents, classes what they inherit.

Constants are late-bound: an override reaches every module that sees the constant. Everything is evaluated on demand and
once, so the order of definitions in a file does not matter; a definition that needs itself is refused (N004).
"""

from __future__ import annotations

from typing import Any, Mapping

from modelcheck.errors import Diagnostic, Span, UsageError
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir import timing
from modelcheck.ir.types import BOOL, IntType, RecordType, Type, show
from modelcheck.passes import declarations, typecheck, unknowns
from modelcheck.passes.calls import BUILTINS
from modelcheck.passes.context import (
    Bad,
    Binding,
    Broken,
    ClassInfo,
    Dsl,
    Member,
    Names,
    Parameter,
    Reporter,
    SpecClass,
    TimeUnit,
    TypeName,
    Value,
    describe,
    did_you_mean,
    kind_of,
    module_span,
)
from modelcheck.passes.overrides import is_constant_type, natural_type, overridden
from modelcheck.passes.templates import Templates
from modelcheck.passes.walks import bound_names, names_in, nodes, unused_names, walk

PYTHON_TYPES = ("int", "bool", "str", "set", "list", "tuple", "dict", "None", "Any")
Definitions = Mapping[str, s.Definition | s.ClassDef | s.Import]


class World:
    """The modules of a program under one choice of constants. `lookup` is the only way to a module-level name."""

    def __init__(self, program: s.Program, overrides: Mapping[str, Any]):
        self.program = program
        self.report = Reporter()
        self.names = Names()
        self.templates = Templates()
        self.records: dict[RecordType, ClassInfo] = {}
        self.params: list[timing.Param] = []
        self.assumptions: list[timing.LinearAssumption] = []  # on parameters
        self.contradicted = False  # an assumption on constants is false
        self._language = {path: dict(m.names) for path, m in program.modules.items()}
        self._definitions = {path: _by_name(m) for path, m in program.modules.items()}
        self._known = {path: {*names, *self._language[path]} for path, names in self._definitions.items()}
        self._bindings: dict[tuple[str, str], Binding] = {}
        self._busy: set[tuple[str, str]] = set()
        self._values: dict[tuple[str, str], Any] = {}  # of the constants
        self._declared: dict[tuple[str, str], Type | None] = {}
        self._overrides = {self._constant_home(name): value for name, value in overrides.items()}

    # --- constants

    def _constant_home(self, name: str) -> tuple[str, str]:
        """Where the constant that a command line calls `name` is defined. Raises UsageError."""
        home = self._home(self.program.main, name)
        homes = [home] if home else [
            (path, name) for path, names in self._definitions.items() if self._is_constant(path, names.get(name))
        ]  # fmt: skip
        if not homes:
            known = self.constant_names()
            hint = did_you_mean(name, known, f"the constants are {', '.join(known) or 'none'}")
            raise UsageError(f"there is no constant `{name}`: {hint}")
        if len(homes) > 1:
            files = ", ".join(path for path, _ in homes)
            raise UsageError(f"`{name}` is a constant in several files ({files}): import the one that you mean")
        return homes[0]

    def check_override(self, name: str, value: Any) -> None:
        """Raises UsageError where a constant cannot have the value."""
        home = self._constant_home(name)
        binding = self.lookup(*home, module_span(self.program.module.source))
        if isinstance(binding, Parameter):
            param = self.params[binding.number]
            binding = Value(n.Const(param.low, IntType(param.low, param.high), param.span))
        if isinstance(binding, Value) and isinstance(binding.expr, n.Const):
            overridden(name, value, binding.expr, self._declared[home])

    def constant_names(self) -> list[str]:
        """The constants of every module."""
        everything = ((path, name, d) for path, names in self._definitions.items() for name, d in names.items())
        return sorted({name for path, name, d in everything if self._is_constant(path, d)})

    def _is_constant(self, path: str, definition: object) -> bool:
        """A Const, or a Param, which `-D` turns into one."""
        match definition:
            case s.Definition(_, s.Call(s.Name(function))):
                return self._language[path].get(function) in ("Const", "Param")
        return False

    def _home(self, path: str, name: str) -> tuple[str, str] | None:
        """Where the constant that a module calls `name` is defined, following imports; None for anything else."""
        seen = set()
        while (path, name) not in seen:
            seen.add((path, name))
            definition = self._definitions.get(path, {}).get(name)
            if not isinstance(definition, s.Import):
                return (path, name) if self._is_constant(path, definition) else None
            path, name = definition.module, definition.name
        return None

    def _constant(self, path: str, definition: s.Definition) -> n.Const:
        call, ctx = definition.value, self.context(path)
        assert isinstance(call, s.Call)
        if not 1 <= len(call.args) <= 2 or call.keywords:
            hint = f"write `{definition.name} = Const(2)` or `Const(2, Int(1, 8))`"
            raise self.report.error("T004", definition.span, "a constant takes a value and perhaps a type", hint)
        declared = declarations.type_of(ctx, call.args[1]).type if len(call.args) == 2 else None
        value = typecheck.constant(ctx, call.args[0], declared)
        if not is_constant_type(value.type):
            hint = "sets, options and records are written where they are used"
            message = f"a constant is a Bool, an integer, a string, or a tuple of these, not {show(value.type)}"
            raise self.report.error("T001", call.args[0].span, message, hint)
        if declared is None:
            value = n.Const(value.value, natural_type(value.value), value.span)
        self._declared[path, definition.name] = declared
        if (path, definition.name) in self._overrides:
            value = overridden(definition.name, self._overrides[path, definition.name], value, declared)
        self._values[path, definition.name] = value.value
        return value

    def _parameter(self, path: str, definition: s.Definition) -> Binding:
        """An unknown time; the constant that an override makes of it."""
        param = unknowns.parameter(self.context(path), definition)
        home = (path, definition.name)
        self._declared[home] = IntType(param.low, param.high)
        if home in self._overrides:
            low = n.Const(param.low, self._declared[home], param.span)
            value = overridden(definition.name, self._overrides[home], low, self._declared[home])
            self._values[home] = value.value
            return Value(value)
        self.params.append(param)
        return Parameter(len(self.params) - 1)

    def constants(self) -> tuple[tuple[str, Any], ...]:
        """The values of all constants, by name; with its file, where an imported file has another one of that name."""
        homes = sorted(self._values, key=lambda home: (home[1], home[0] != self.program.main, home[0]))
        found: dict[str, Any] = {}
        for path, name in homes:
            found[f"{name} of {path}" if name in found else name] = self._values[path, name]
        return tuple(sorted(found.items()))

    # --- looking names up

    def known(self, path: str) -> set[str]:
        """Every name that a module can use."""
        return self._known[path]

    def lookup(self, path: str, name: str, span: Span) -> Binding:
        key = (path, name)
        if key in self._bindings:
            return self._bindings[key]
        if key in self._busy:
            hint = "take it out of its own definition, or out of those that it uses"
            raise self.report.error("N004", span, f"`{name}` is defined in terms of itself", hint)
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
                return self.lookup(module, original, definition.span)
            case s.Definition(_, s.Call(s.Name(function))) if self._language[path].get(function) == "Const":
                return Value(self._constant(path, definition))
            case s.Definition(_, s.Call(s.Name(function))) if self._language[path].get(function) == "Param":
                return self._parameter(path, definition)
            case s.Definition(_, s.Call(s.Name(function))) if self._language[path].get(function) == "Time":
                return unknowns.time_unit(self.context(path), definition)
            case s.Definition():
                found = declarations.type_of(self.context(path), definition.value)
                return TypeName(declarations.named(found.type, name), found.record)
            case s.ClassDef():
                info = self._class(path, definition)
                if info.kind == "spec":
                    return SpecClass(info)
                return TypeName(declarations.record_type(self.context(path), info), info)
        if name in self._language[path]:
            return Dsl(self._language[path][name])
        hint = did_you_mean(name, self.known(path), "define it in this file, or import it")
        if name in s.LANGUAGE:
            hint = f"add it to the imports: `from modelcheck import {name}`"
        elif name in PYTHON_TYPES:
            hint = "leave the annotation out, or write a type of the spec: `q: Queue`, `e: Ref[EventFd]`"
        raise self.report.error("N001", span, f"there is no `{name}` here", hint)

    def context(self, path: str) -> typecheck.Context:
        """For expressions at the module level of a file."""
        return typecheck.Context(self, path)

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

    def spec(self, name: str) -> ClassInfo | None:
        """The spec class called `name` in the main module; None where the name is something else, or wrong."""
        if name not in self._definitions[self.program.main]:
            return None
        binding = self.lookup(self.program.main, name, module_span(self.program.module.source))
        return binding.info if isinstance(binding, SpecClass) else None

    def specs(self) -> list[str]:
        """The spec classes of the main file, in its order."""
        return [c.name for c in self.program.module.classes if self.spec(c.name)]

    def time_unit(self) -> TimeUnit | None:
        """What the main file says of time, or else the first file that says anything; None where none does."""
        for path in (self.program.main, *self._definitions):
            for name, definition in self._definitions[path].items():
                binding = self.lookup(path, name, definition.span)
                if isinstance(binding, TimeUnit):
                    return binding
        return None

    # --- checks of the whole

    def evaluate_everything(self) -> None:
        """Evaluates what nothing has asked for yet, so that every definition's errors are found."""
        for path, definitions in self._definitions.items():
            for name, definition in definitions.items():
                self.lookup(path, name, definition.span)
            for class_def in self.program.modules[path].classes:
                for function in class_def.functions:
                    self._check_names(path, function)
                    self._check_steps(function)

    def _check_names(self, path: str, function: s.Function) -> None:
        """Names of functions that nobody calls are looked up too."""
        local = {"self", *(p.name for p in function.parameters), *bound_names(function)}
        for name in nodes(function):
            if isinstance(name, s.Name) and name.id not in local and name.id not in BUILTINS:
                self.lookup(path, name.id, name.span)

    def _check_steps(self, function: s.Function) -> None:
        """Steps stand in processes and procedures only."""
        kind = kind_of(function)
        if not function.has_yield or kind in ("process", "procedure"):
            return
        if kind == "action":
            hint = "an action is one atomic step; write a @process for several"
            self.report.error("P060", function.span, f"action `{function.name}` has a `yield`", hint)
        elif kind is None and function.name == "init":
            hint = "it gives the initial states; what happens later stands in a @process"
            self.report.error("P061", function.span, "`init` has a `yield`", hint)
        elif kind is None:
            hint = "decorate it with `@procedure`, or with `@process`"
            self.report.error("P069", function.span, f"`{function.name}` has steps and is no procedure", hint)
        else:
            hint = "it looks at states; processes and procedures have steps"
            self.report.error("P061", function.span, f"@{kind} `{function.name}` has a `yield`", hint)

    def false_assumptions(self) -> list[Diagnostic]:
        """A001 for each assumption that does not hold; what is wrong with one is reported."""
        found = []
        for path, module in self.program.modules.items():
            for assumption in module.assumptions:
                ctx = self.context(path)
                try:
                    if unknowns.speaks(ctx, assumption.test):
                        self.assumptions += unknowns.assumed(ctx, assumption.test)
                        continue
                    value = typecheck.constant(ctx, assumption.test, BOOL)
                except Bad:
                    continue
                if not value.value:
                    homes = {x.id: self._home(path, x.id) for x in names_in(assumption.test)}
                    values = ", ".join(f"{k} = {describe(self._values[h])}" for k, h in sorted(homes.items()) if h)
                    message = f"assumption is false: {assumption.reason}" + (f" ({values})" if values else "")
                    found.append(Diagnostic("A001", message, assumption.span, "change the constants"))
        self.contradicted = bool(found)
        return found

    def notes(self) -> None:
        """Constants that nobody reads, helpers that nobody calls, names that nobody uses."""
        texts = [(path, x) for path, m in self.program.modules.items() for x in walk((m.definitions, m.assumptions))]
        texts += [(path, x) for path, m in self.program.modules.items() for c in m.classes for x in nodes(c)]
        names = {(path, x.id) for path, x in texts if isinstance(x, s.Name)}
        read = {self._home(path, name) for path, name in names}
        called = {x.name for _, x in texts if isinstance(x, s.Attribute)}
        for path, module in self.program.modules.items():
            for definition in module.definitions:
                if self._is_constant(path, definition) and (path, definition.name) not in read:
                    hint = "take it out, or use it: overriding it changes nothing"
                    self.report.note("N101", definition.span, f"nothing reads the constant `{definition.name}`", hint)
            for class_def in module.classes:
                for function in class_def.functions:
                    if function.name not in called and self._is_helper(path, class_def, function):
                        otherwise = "a property needs its decorator, such as `@invariant`"
                        hint = did_you_mean(function.name, called, otherwise)
                        self.report.note("N102", function.span, f"nothing calls `{function.name}`", hint)
                    self._unused_names(path, function)

    def _unused_names(self, path: str, function: s.Function) -> None:
        unused, ctx = unused_names(function), self.context(path)
        declared = {name.id for name, value in unused if value and declarations.is_declaration(ctx, value)}
        for name in (name for name, _ in unused if name.id not in declared):
            hint = "leave it out; to choose for the effect alone, let the name begin with `_`"
            self.report.note("N105", name.span, f"nothing uses `{name.id}`", hint)

    def _is_helper(self, path: str, class_def: s.ClassDef, function: s.Function) -> bool:
        """Whether a method is there to be called. `init` of a spec is not: it gives the initial states."""
        binding = self.lookup(path, class_def.name, class_def.span)
        first = isinstance(binding, SpecClass) and function.name == "init"
        return kind_of(function) in (None, "procedure") and not first


def _by_name(module: s.Module) -> Definitions:
    parts = (*module.imports, *module.definitions, *module.classes)
    return {part.alias if isinstance(part, s.Import) else part.name: part for part in parts}
