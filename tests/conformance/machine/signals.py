"""Signals between two threads, thread 0 the main one, and a signalfd that both read.

What handlers take is counted by Python's wake-up descriptor: its C handler writes one byte for each signal.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
import threading
from typing import Any

from tests.conformance.machine.libc import attempt, libc
from tests.conformance.machine.threads import Worker, here

NUMBERS: dict[str, int] = {
    "SIGUSR1": signal.SIGUSR1,
    "SIGUSR2": signal.SIGUSR2,
    "SIGALRM": signal.SIGALRM,
    "SIGIO": signal.SIGIO,
    "SIGRTMIN": signal.SIGRTMIN,
}
NAMES = {number: name for name, number in NUMBERS.items()}
ALL = tuple(NUMBERS.values())


def mask_of(numbers: tuple[int, ...]) -> Any:
    """A sigset_t of glibc: 1024 bits."""
    bits = sum(1 << (number - 1) for number in numbers)
    return ctypes.create_string_buffer(bits.to_bytes(128, "little"), 128)


def taken_by(info: Any) -> str | None:
    return NAMES[info.si_signo] if info is not None else None


class Signals:
    """Observes what each thread has pending, what sigtimedwait has taken, and which handlers ran within the step."""

    def __init__(self, threads: int) -> None:
        for number in ALL:
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, ALL)  # inherited by the worker, which unblocks none
        self.handled, wake_up = os.pipe2(os.O_NONBLOCK)
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        workers = [Worker() for _ in range(threads - 1)]
        self.on = [here, *(worker.call for worker in workers)]
        self.threads = [threading.main_thread().ident, *(worker.thread.ident for worker in workers)]

    def begin(self) -> Any:
        signal.pthread_sigmask(signal.SIG_BLOCK, ALL)
        for call in self.on:
            while call(lambda: signal.sigtimedwait(ALL, 0)) is not None:
                pass
        return self._observed(None)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        return self._observed(getattr(self, label)(*args.values()))

    def kill(self, name: str) -> None:
        os.kill(os.getpid(), NUMBERS[name])

    def pthread_kill(self, thread: int, name: str) -> None:
        signal.pthread_kill(self.threads[thread] or 0, NUMBERS[name])

    def block(self, name: str) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [NUMBERS[name]])

    def unblock(self, name: str) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [NUMBERS[name]])

    def sigtimedwait(self, thread: int) -> str | None:
        return taken_by(self.on[thread](lambda: signal.sigtimedwait(ALL, 0)))

    def pending(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(NAMES[n] for n in call(signal.sigpending) if n in NAMES) for call in self.on)

    def _observed(self, taken: str | None) -> dict[str, Any]:
        ran = attempt(os.read, self.handled, 1000)
        counts = (
            {name: ran.count(number) for name, number in NUMBERS.items()} if isinstance(ran, bytes) else {}
        )
        return {"taken": taken, "handled": {n: c for n, c in counts.items() if c}, "pending": self.pending()}


class SignalFd(Signals):
    """A signalfd for some of them. Observes for which thread it is readable."""

    MASK = ("SIGUSR1", "SIGALRM", "SIGRTMIN")
    SIZE = 128  # of struct signalfd_siginfo; the number comes first

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        numbers = tuple(NUMBERS[name] for name in self.MASK)
        self.fd = libc.signalfd(-1, mask_of(numbers), os.O_NONBLOCK | os.O_CLOEXEC)

    def read(self, thread: int) -> str | None:
        data = self.on[thread](lambda: attempt(os.read, self.fd, self.SIZE))
        return NAMES[struct.unpack_from("=I", data)[0]] if isinstance(data, bytes) else None

    def _observed(self, taken: str | None) -> dict[str, Any]:
        ready = tuple(bool(call(lambda: select.select([self.fd], [], [], 0)[0])) for call in self.on)
        return {"result": taken, "ready": ready, "pending": self.pending()}
