"""A machine in a child process: one thread, few descriptors, signals of its own, and it can be killed when it
hangs.

The test process has threads of its own (numerical libraries start some) that would take signals meant for the
process.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from tests.conformance.behaviours import Machine

PATIENCE_S = 60.0  # for one step: beyond it the child hangs
COMMANDS, ANSWERS = 3, 4  # the child's descriptors; the lowest free one is 5


class Named:
    """A machine that only calls functions by their names."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.functions = functions

    def begin(self) -> Any:
        return None

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self.functions[label](**args)


class Remote:
    """Forks, makes the machine in the child, and passes it what to do."""

    def __init__(self, make: Callable[[], Machine]) -> None:
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            _serve(make, commands, answers)
        os.close(commands)
        os.close(answers)

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        os.close(self.commands)
        os.close(self.answers)
        if error is not None:
            os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)

    def begin(self) -> Any:
        return self._ask(("begin",))

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self._ask(("perform", label, args))

    def _ask(self, command: tuple[Any, ...]) -> Any:
        _send(self.commands, command)
        if not select.select([self.answers], [], [], PATIENCE_S)[0]:
            raise TimeoutError(f"the machine hangs in {command}")
        failed, answer = _receive(self.answers)
        if failed:
            raise RuntimeError(f"the machine fails in {command}\n{answer}")
        return answer


def _send(fd: int, message: Any) -> None:
    data = pickle.dumps(message)
    os.write(fd, struct.pack("=I", len(data)) + data)


def _receive(fd: int) -> Any:
    size = struct.unpack("=I", _exactly(fd, 4))[0]
    return pickle.loads(_exactly(fd, size))


def _exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(fd, size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _serve(make: Callable[[], Machine], commands: int, answers: int) -> None:
    """The child's life; it does not return."""
    try:
        _tidy(commands, answers)
        machine = make()
        while True:
            try:
                verb, *rest = _receive(COMMANDS)
            except EOFError:
                os._exit(0)
            try:
                _send(ANSWERS, (False, getattr(machine, verb)(*rest)))
            except Exception:
                _send(ANSWERS, (True, traceback.format_exc()))
    finally:
        os._exit(1)


def _tidy(commands: int, answers: int) -> None:
    """Leaves the child with 0, 1, 2 and the two pipes, so that the numbers it gets are known."""
    commands, answers = os.dup(commands), os.dup(answers)  # out of the way of COMMANDS and ANSWERS
    for source, target in ((commands, 100), (answers, 101)):
        os.dup2(source, target)
    os.dup2(100, COMMANDS)
    os.dup2(101, ANSWERS)
    os.closerange(ANSWERS + 1, 65536)
    signal.set_wakeup_fd(-1)
