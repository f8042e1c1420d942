"""The Python back end. See `system.py`."""

from modelcheck.backends.python.system import build

__all__ = ["build"]
