"""Standard output, standard error, and the line of progress that is written over on a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any, Callable

PLAIN_WIDTH = 100  # of text that goes to a file


def write(text: str) -> None:
    """To standard output. Whoever reads it may stop when he has read enough."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(text: str) -> None:
    print(text, file=sys.stderr)


def width() -> int:
    return shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if sys.stdout.isatty() else PLAIN_WIDTH


_CLEAR = "\r\x1b[K"


def progress(silent: bool) -> Callable[[Any], None] | None:
    """A line that is written over, on a terminal only; above it stays what native code took."""
    said: set[str] = set()
    if silent or not sys.stderr.isatty():
        return None

    def report(p: Any) -> None:
        rate = p.generated / p.seconds if p.seconds else 0
        if p.native and p.native not in said:
            said.add(p.native)
            sys.stderr.write(f"{_CLEAR}{p.native}\n")
        told = f"{p.generated:,} generated, {p.distinct:,} distinct, {p.queued:,} queued, depth {p.depth}"
        sys.stderr.write(_CLEAR + f"{told}, {rate:,.0f}/s"[: _terminal_width() - 1])
        sys.stderr.flush()

    return report


def _terminal_width() -> int:
    return shutil.get_terminal_size((80, 24)).columns


def clear_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()


class Counter:
    """Called as each case of a gate is done."""

    def __init__(self, silent: bool):
        self.silent = silent or not sys.stderr.isatty()
        self.passed = self.failed = 0

    def __call__(self, case: Any) -> None:
        self.passed += case.passed
        self.failed += not case.passed
        if not self.silent:
            failed = f", {self.failed} failed" if self.failed else ""
            sys.stderr.write(f"{_CLEAR}{self.passed} passed{failed}: {case.path}::{case.name}"[: _terminal_width() + 3])
            sys.stderr.flush()
