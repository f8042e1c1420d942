"""The native back end. See `system.py`."""

from modelcheck.backends.llvm.system import build

__all__ = ["build"]
