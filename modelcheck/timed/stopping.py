"""Ctrl-C and SIGTERM while z3 is at work.

An exception that is raised in the midst of one of z3's calls is lost there, or comes out as another error. So they are
noted, and whoever works on looks: between two questions, and between two zones.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Stopping:
    """noted: somebody wants an end."""

    noted: bool = False
    _raises: bool = False

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Nothing is raised, in the main thread; in others no signal arrives."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = [signal.signal(number, self._note) for number in SIGNALS]
        try:
            yield
        finally:
            for number, handler in zip(SIGNALS, before):
                signal.signal(number, handler)

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Within `noting`, where no call of z3's is made: KeyboardInterrupt as well."""
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def _note(self, _: int, __: Any) -> None:
        self.noted = True
        if self._raises:
            raise KeyboardInterrupt
