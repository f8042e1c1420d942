"""The files of a program: reading them, finding those that they import, and refusing cycles.

A file is known by one path, normalised, in `Program.modules`, in `Import.module` and in `Source.path`: relative to
where the user stands, unless the user named the first file by an absolute path. After loading, an `Import` names the
file that defines the name, also where the author imports it by way of a third file.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from typing import Callable

from modelcheck.errors import Diagnostic, MissingFile, Source, Span, SpecError
from modelcheck.ir.surface import Import, Module, Program

Parser = Callable[[Source], tuple[Module | None, tuple[Diagnostic, ...]]]

SIZE_LIMIT = 1 << 20  # bytes: whatever is longer was not written by hand


def load(path: str, parse: Parser, text: str | None = None) -> Program:
    """The program whose main file is `path`, or is `text` under that path."""
    main = os.path.normpath(path)
    modules: dict[str, Module | None] = {}
    diagnostics: dict[str, list[Diagnostic]] = {}
    waiting: list[tuple[str, Span | None]] = [(main, None)]
    while waiting:
        key, importer = waiting.pop(0)
        if key in modules:
            continue
        try:
            source, found = _read(key) if text is None or importer else (Source(main, text.removeprefix("\ufeff")), ())
        except MissingFile as missing:
            if importer is None:
                raise
            modules[key], diagnostics[key] = None, [_missing(str(missing), importer)]
            continue
        module, more = parse(source) if source else (None, ())
        modules[key], diagnostics[key] = _with_paths(module), [*found, *more]
        waiting += [(i.module, i.span) for i in _imports(modules, key)]
    whole = {key for key in modules if not diagnostics[key]}
    every = [d for of in diagnostics.values() for d in of]
    tangled = _cycles(main, modules) or _unknown_names(modules, whole)
    if tangled or not all(modules.values()):
        raise SpecError([*every, *tangled])
    program = Program(main, {key: _follow_all(module, modules) for key, module in modules.items() if module})
    if every:
        raise SpecError(every, partial=program)
    return program


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(path: str) -> tuple[Source | None, tuple[Diagnostic, ...]]:
    try:
        with open(path, "rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise MissingFile(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise MissingFile(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > SIZE_LIMIT:
        hint = f"a spec is at most {SIZE_LIMIT >> 20} MB long; this is some other kind of file"
        return None, (Diagnostic("P002", "the file is too long for a spec", _start(path), hint),)
    try:
        return Source(path, data.decode("utf-8-sig")), ()
    except UnicodeDecodeError as error:
        shown = Source(path, data.decode("utf-8-sig", errors="replace"))
        before = data[: error.start].decode("utf-8-sig", errors="replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1)
        span = Span(shown, line, column, line, column + 1)
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x} cannot stand here"
        return None, (Diagnostic("P001", message, span, "save the file with the encoding UTF-8"),)


def _start(path: str) -> Span:
    return Span(Source(path, ""), 1, 0, 1, 0)


def _missing(what: str, span: Span) -> Diagnostic:
    hint = "`from .name import X` reads name.py beside this file, `from ..folder.name import X` one folder up"
    return Diagnostic("P012", f"the imported file cannot be read: {what}", span, hint)


# --- imports ----------------------------------------------------------------------------------------------------------


def _with_paths(module: Module | None) -> Module | None:
    """The module with the files of its imports in place of what the author wrote for them."""
    if module is None:
        return None
    path = module.source.path
    return replace(module, imports=tuple(replace(i, module=_path_of(path, i.module)) for i in module.imports))


def _path_of(importer: str, written: str) -> str:
    """The file that `from <written> import ...` means: one dot is the importer's folder, each further one a parent."""
    parts = written.lstrip(".")
    up = [os.pardir] * (len(written) - len(parts) - 1)
    name = os.path.join(os.path.dirname(importer), *up, *parts.split(".")) + os.path.splitext(importer)[1]
    # By way of the absolute path: "../specs/a.py" and "a.py" are one file for who stands in specs/.
    return os.path.normpath(name) if os.path.isabs(name) else os.path.relpath(os.path.abspath(name))


def _cycles(main: str, modules: dict[str, Module | None]) -> list[Diagnostic]:
    """The imports that lead back to a file that is being imported. Depth first, without recursion."""
    found, finished = [], set()
    path: list[str] = [main]
    pending = [_imports(modules, main)]
    while path:
        if not pending[-1]:
            finished.add(path.pop())
            pending.pop()
            continue
        item = pending[-1].pop(0)
        if item.module in path:
            ring = [*path[path.index(item.module) :], item.module]
            hint = "move what they share into a file of its own that imports neither"
            found.append(Diagnostic("P014", "files import each other: " + " -> ".join(ring), item.span, hint))
        elif item.module not in finished:
            path.append(item.module)
            pending.append(_imports(modules, item.module))
    return found


def _imports(modules: dict[str, Module | None], key: str) -> list[Import]:
    """One import for each file that `key` imports."""
    module = modules[key]
    return list({i.module: i for i in reversed(module.imports)}.values())[::-1] if module else []


def _unknown_names(modules: dict[str, Module | None], whole: set[str]) -> list[Diagnostic]:
    """Imported names that their file does not have. Says nothing of files that have mistakes of their own."""
    found = []
    for module in filter(None, modules.values()):
        for item in module.imports:
            if item.module in whole and not _follow(item, modules):
                found.append(_no_such_name(item, modules[item.module]))
    return found


def _no_such_name(item: Import, module: Module | None) -> Diagnostic:
    assert module is not None
    names = [d.name for d in (*module.definitions, *module.classes)] + [i.alias for i in module.imports]
    close = difflib.get_close_matches(item.name, names, 1)
    if any(item.name == alias for alias, _ in module.names):
        hint = f"`from modelcheck import {item.name}`"
    elif item.name == "CASES":
        hint = "cases stay in their file: `modelcheck gate` runs those of every file that it is given"
    elif close:
        hint = f"did you mean `{close[0]}`?"
    else:
        hint = f"it has {', '.join(f'`{n}`' for n in names[:8])}" if names else "it has no definitions"
    return Diagnostic("P013", f"{item.module} has no `{item.name}`", item.span, hint)


def _follow(item: Import, modules: dict[str, Module | None]) -> Import | None:
    """The import by way of which the name reaches the file that defines it; None where it leads nowhere."""
    key, name, seen = item.module, item.name, set()
    while (key, name) not in seen:
        seen.add((key, name))
        module = modules[key]
        if module is None or any(d.name == name for d in (*module.definitions, *module.classes)):
            return replace(item, module=key, name=name)
        further = next((i for i in module.imports if i.alias == name), None)
        if further is None:
            return None
        key, name = further.module, further.name
    return None


def _follow_all(module: Module, modules: dict[str, Module | None]) -> Module:
    return replace(module, imports=tuple(_follow(i, modules) or i for i in module.imports))
