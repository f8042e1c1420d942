"""Back ends: a CORE model in, a `TransitionSystem` out. Peers; each is loaded when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from modelcheck.errors import UsageError
from modelcheck.ir.nodes import Model
from modelcheck.system import TransitionSystem

BACKENDS: dict[str, str] = {
    "python": "modelcheck.backends.python",
    "llvm": "modelcheck.backends.llvm",
}


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A row of a back end's operator table: the decision not to have an operator. Its use is refused (B003)."""

    why: str


def build(name: str, model: Model) -> TransitionSystem:
    """The model as a system of the named back end. Raises UsageError for an unknown name, SpecError (B0nn) for a model
    that the back end cannot take."""
    if name not in BACKENDS:
        raise UsageError(f"there is no back end `{name}`; there are: {', '.join(BACKENDS)}")
    return import_module(BACKENDS[name]).build(model)
