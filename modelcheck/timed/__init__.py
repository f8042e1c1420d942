"""Dense and discrete time: discrete states explicit, time a difference bound matrix beside them. One theory.

`checking.explore` is the way in. `effects` reads a model's timing and gives each transition its program, `bounds` says
how far clocks have to be told apart, `discrete` keeps the discrete states, `zones` are a TransitionSystem over both and
`store` keeps only the largest of them, for the one search. `dbm` is what a matrix means, `kernels` the same in machine
code. `witness` puts times to a trace.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

NATIVE = "modelcheck.timed.native"


def loaded() -> bool:
    """Whether `native` costs nothing any more."""
    return NATIVE in sys.modules


def native() -> Any:
    """The module `native`, or None without numba. It is loaded here, when it is needed."""
    try:
        return import_module(NATIVE)
    except ImportError:
        return None
