"""What determines the code that a module becomes, beside the module: the compiler and the processor."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

CPUINFO = "/proc/cpuinfo"
ENOUGH = 1 << 13  # bytes for one processor: every one more takes the system its time
KIND = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")


@cache
def identity() -> str:
    """It is found without loading the compiler where that can be. Raises ImportError where there is none."""
    return "\0".join((_version(), _processor() or import_module("modelcheck.machinecode.compiler").processor()))


def _version() -> str:
    spec = find_spec("llvmlite")
    if spec is None or spec.origin is None:
        raise ImportError("there is no llvmlite")
    with suppress(OSError):
        return Path(spec.origin).with_name("_version.py").read_text()
    return import_module("modelcheck.machinecode.compiler").version()


def _processor() -> str | None:
    """What Linux says of the first one, on x86-64."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return None
    told: dict[str, str] = {}
    with suppress(OSError), open(CPUINFO) as file:
        for line in file.read(ENOUGH).split("\n\n")[0].splitlines():
            name, _, value = line.partition(":")
            told[name.strip()] = value.strip()
    if not all(name in told for name in KIND):
        return None
    return "\0".join((str(sys.maxsize), *(told[name] for name in KIND)))
