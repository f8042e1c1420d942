"""System calls that Python has no function for."""

from __future__ import annotations

import ctypes
from typing import Any

libc: Any = ctypes.CDLL(None, use_errno=True)


def result(value: int) -> int:
    """What a system call gives: not negative, or the negative error number."""
    return value if value >= 0 else -ctypes.get_errno()


def attempt(function: Any, *args: Any) -> Any:
    """What an `os` function gives, or the negative error number."""
    try:
        return function(*args)
    except OSError as error:
        return -(error.errno or 0)


class Timespec(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]


class Itimerspec(ctypes.Structure):
    _fields_ = [("interval", Timespec), ("value", Timespec)]


def counter(fd: int) -> int:
    """The counter of an eventfd, without reading it."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("eventfd-count:"):
                return int(line.split()[1], 16)
    raise ValueError(f"{fd} is no eventfd")
