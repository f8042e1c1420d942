"""Machine code that is kept and loaded: one theory, for whoever compiles, be it a back end, a search or a graph.

A room of its own, because those may not know each other, and because of what it is for: LLVM is loaded only where
something must be compiled. To import it takes 0.1 s and 40 MB, more than a search of 100,000 states does. So an object
file is linked here (`linker`) to an image that runs wherever it lies, and that is what is kept (`cache`); the next
process maps it (`loader`), and needs neither LLVM nor what wrote the module (`maker`). Where that cannot be (another
processor than x86-64, another format than ELF, a relocation that is not known here, a system that refuses), the object
file is kept, and LLVM loads it. The price is a linker of a hundred lines.
"""

from __future__ import annotations

import ctypes
import functools
from importlib.util import find_spec
from typing import Any, Callable

from modelcheck.machinecode import cache, linker, loader, target
from modelcheck.machinecode.loader import Refused
from modelcheck.machinecode.object import Image, Object, read, written

FORMAT = "image 1"  # of what is kept


@functools.cache
def available() -> bool:
    """Whether there is a compiler."""
    return find_spec("llvmlite") is not None


class Code:
    """Functions of 64-bit numbers, called without Python's lock. addresses: where they are. They live in `keep`, as
    long as this, and as any of the callables that it gives. cached: nothing had to be compiled."""

    def __init__(self, functions: dict[str, int], addresses: dict[str, int], keep: object, cached: bool):
        self.addresses, self.keep, self.cached = addresses, keep, cached
        self._functions = {name: self._callable(addresses[name], count) for name, count in functions.items()}

    def _callable(self, address: int, arguments: int) -> Callable[..., int]:
        function: Any = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_uint64] * arguments)(address)
        function.keep = self.keep
        return function

    def __getitem__(self, name: str) -> Callable[..., int]:
        return self._functions[name]


def load(
    source: str, make: Callable[[], str], *, quick: bool = False, valid: Callable[[], bool] = lambda: True
) -> Code:
    """The functions of the module that `make` gives, as text of LLVM; where they are cached it is not asked.

    source: whatever determines the module. quick: to be compiled in half the time. valid: whether the module is that of
    `source` (asked after it was made); if not, it is used but not kept. Raises ImportError where there is no compiler.
    """
    name = cache.key(FORMAT, target.identity(), str(quick), source)
    data = cache.find(name)
    kept = data and read(data)
    try:
        if kept:
            return _loaded(kept, True)
    except Refused:
        pass  # what is compiled instead is linked by LLVM
    return _compiled(name, make, quick, valid)


def _loaded(kept: Image | Object, cached: bool) -> Code:
    """Raises Refused where the system does not let an image run."""
    if isinstance(kept, Image):
        keep, addresses = loader.mapped(kept)
    else:
        from modelcheck.machinecode import compiler

        keep, addresses = compiler.linked(kept)
    return Code(kept.functions, addresses, keep, cached)


def _compiled(name: str, make: Callable[[], str], quick: bool, valid: Callable[[], bool]) -> Code:
    from modelcheck.machinecode import compiler

    made = compiler.compiled(make(), quick)
    kept = linker.flat(made) or made
    try:
        code = _loaded(kept, False)
    except Refused:
        kept = made
        code = _loaded(kept, False)
    if valid():
        cache.keep(name, written(kept))
    loader.trim("libllvmlite")
    return code
