"""Kernels as machine code."""

from modelcheck.liveness.native.calls import native
from modelcheck.machinecode import available

__all__ = ["available", "native"]
