"""Modules of Python that write modules of machine code. They are loaded when there is something to be written."""

from __future__ import annotations

import hashlib
import marshal
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from inspect import unwrap
from types import ModuleType
from typing import Any, Iterator

from modelcheck.machinecode import Code, load

MARSHAL = 2  # the last version that writes equal things equally


@dataclass(frozen=True, slots=True)
class Maker:
    """A function `text` of a module, which gives the text of a module of machine code, by name; others: names of the
    modules whose functions it uses. What it gives is determined by its arguments and by the files of these modules.

    Make one where those modules import it: files may be edited while a process runs, so `digest` must be taken no later
    than they are loaded, and what they made is kept only if their files are still the same."""

    module: str
    others: tuple[str, ...]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", self._now())

    def code(self, *arguments: Any, source: str = "") -> Code:
        """source: what determines the module, where the arguments do not by what they print as."""

        def make() -> str:
            return import_module(self.module).text(*arguments)

        named = f"{self.module} {self.digest} {source or arguments}"
        return load(named, make, valid=lambda: self._now() == self.digest)

    def _now(self) -> str:
        whole = hashlib.sha256()
        for name in (self.module, *self.others):
            spec: Any = find_spec(name)
            whole.update(hashlib.sha256(spec.loader.get_data(spec.origin)).digest())
        return whole.hexdigest()


def fingerprint(*modules: ModuleType) -> str:
    """Of what the functions of modules do, as they are in this process: their bytecode, the numbers and the texts that
    the modules define. Not of their files, which may have been edited since they were loaded."""
    parts = hashlib.sha256()
    for module in modules:
        for part in _parts(module, module.__name__):
            parts.update(part)
    return parts.hexdigest()


def _parts(space: Any, home: str) -> Iterator[bytes]:
    for name, value in sorted(vars(space).items()):
        value = unwrap(value) if callable(value) else value
        if name.startswith("__") and name != "__init__":
            continue
        if isinstance(value, (int, str, tuple, list)):
            yield f"{name}={value}".encode()
        elif getattr(value, "__module__", None) != home:
            continue
        elif hasattr(value, "__code__"):
            yield marshal.dumps(value.__code__, MARSHAL) + str(value.__defaults__).encode()
        elif isinstance(value, type):
            yield from _parts(value, home)
