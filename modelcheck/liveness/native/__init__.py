"""Machine code for kernels: what compiles them is loaded with the first one that is called."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any, Callable


@cache
def available() -> bool:
    return find_spec("llvmlite") is not None


def native(kernel: Callable[..., Any], *args: Any) -> Any:
    """Calls a kernel as machine code. See `translate`."""
    from modelcheck.liveness.native import translate

    return translate.native(kernel, *args)
