"""Calls of kernels as machine code. See `translate`, which is loaded to compile them."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from functools import cache
from typing import Any, Callable

import numpy as np

from modelcheck.errors import InternalError
from modelcheck.machinecode import Code
from modelcheck.machinecode.maker import Maker, fingerprint

Kind = str | tuple["Kind", ...] | None  # of a parameter: the dtype of an array, those of a tuple, None for an integer

MAKER = Maker(
    "modelcheck.liveness.native.translate", ("modelcheck.liveness.native.calls", "modelcheck.search.assembler")
)


def native(kernel: Callable[..., Any], *args: Any) -> Any:
    """Calls a kernel as machine code, without Python's lock. It is compiled once for each combination of dtypes."""
    kinds = tuple(map(_kind, args))
    code, width = _compiled(kernel, kinds)
    results = np.zeros(max(1, width), np.int64)
    given = [number & 0xFFFFFFFFFFFFFFFF for arg in args for number in numbers(arg)]
    code[kernel.__name__](*given, results.ctypes.data)
    found = results.tolist()
    return tuple(found[:width]) if width > 1 else found[0] if width else None


def _kind(arg: Any) -> Kind:
    match arg:
        case np.ndarray():
            return str(arg.dtype)
        case tuple():
            return tuple(map(_kind, arg))
    return None


def numbers(arg: Any) -> list[int]:
    """As the code takes it: an array as its address and its length, all that a tuple holds in a row."""
    match arg:
        case np.ndarray():
            if not arg.flags.c_contiguous:
                raise InternalError("kernels take arrays without gaps")
            return [arg.ctypes.data, arg.size]
        case tuple():
            return [number for a in arg for number in numbers(a)]
    return [int(arg)]


@cache
def _compiled(kernel: Callable[..., Any], kinds: tuple[Kind, ...]) -> tuple[Code, int]:
    """The code, and how many numbers it returns."""
    source = f"{kernel.__name__} {fingerprint(sys.modules[kernel.__module__])} {kinds}"
    return MAKER.code(kernel, kinds, source=source), returned(parsed(kernel))


@cache
def parsed(function: Callable[..., Any]) -> ast.FunctionDef:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    return tree


def returned(tree: ast.FunctionDef) -> int:
    """How many numbers a function returns."""
    returns = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return) and n.value]
    return max((len(r.elts) if isinstance(r, ast.Tuple) else 1 for r in returns), default=0)
