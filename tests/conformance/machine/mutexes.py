"""pthread mutexes that check for errors, and condition variables, in threads of their own."""

from __future__ import annotations

import ctypes
import errno
from typing import Any

from tests.conformance.behaviours import BLOCKED, REFUSED
from tests.conformance.machine.libc import Timespec, libc
from tests.conformance.machine.threads import Worker, at_futex

ERRORCHECK = 2
SIZE = 64  # more than a pthread_mutex_t or a pthread_cond_t
AT_ONCE = Timespec(1, 0)  # a time long past: a lock that would wait gives ETIMEDOUT


class Mutex:
    def __init__(self, threads: int) -> None:
        self.workers = [Worker() for _ in range(threads)]
        self.mutex, self.kind = ctypes.create_string_buffer(SIZE), ctypes.create_string_buffer(SIZE)
        libc.pthread_mutexattr_init(self.kind)
        libc.pthread_mutexattr_settype(self.kind, ERRORCHECK)
        self.holder: int | None = None

    def begin(self) -> Any:
        if self.holder is not None:
            self.unlock(self.holder)
        libc.pthread_mutex_init(self.mutex, self.kind)
        self.holder = None
        return self._observed(False)

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        answer = getattr(self, label)(**args)
        return answer if answer in (BLOCKED, REFUSED) else self._observed(answer)

    def trylock(self, thread: int) -> bool:
        error = self.workers[thread].call(lambda: libc.pthread_mutex_trylock(self.mutex))
        assert error in (0, errno.EBUSY)
        self.holder = thread if error == 0 else self.holder
        return error == 0

    def lock(self, thread: int) -> Any:
        error = self.workers[thread].call(
            lambda: libc.pthread_mutex_timedlock(self.mutex, ctypes.byref(AT_ONCE))
        )
        self.holder = thread if error == 0 else self.holder
        return {0: True, errno.ETIMEDOUT: BLOCKED, errno.EDEADLK: REFUSED}[error]

    def unlock(self, thread: int) -> Any:
        error = self.workers[thread].call(lambda: libc.pthread_mutex_unlock(self.mutex))
        self.holder = None if error == 0 else self.holder
        return {0: False, errno.EPERM: REFUSED}[error]

    def _observed(self, locked: bool) -> dict[str, Any]:
        """`held`: what a thread finds that has nothing to do with it."""
        held = libc.pthread_mutex_trylock(self.mutex) == errno.EBUSY
        if not held:
            libc.pthread_mutex_unlock(self.mutex)
        return {"locked": locked, "held": held}


class Condition:
    """Threads that wait and go on. Observes which of them sleep on the condition variable."""

    def __init__(self, threads: int) -> None:
        self.workers = [Worker() for _ in range(threads)]
        self.mutex, self.condition = ctypes.create_string_buffer(SIZE), ctypes.create_string_buffer(SIZE)
        libc.pthread_mutex_init(self.mutex, None)
        libc.pthread_cond_init(self.condition, None)
        self.asleep = at_futex(ctypes.addressof(self.condition), SIZE)

    def begin(self) -> Any:
        self.broadcast()
        return self._observed()

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        getattr(self, label)(**args)
        return self._observed()

    def wait(self, thread: int) -> None:
        self.workers[thread].start(self._wait)

    def _wait(self) -> None:
        libc.pthread_mutex_lock(self.mutex)
        libc.pthread_cond_wait(self.condition, self.mutex)
        libc.pthread_mutex_unlock(self.mutex)

    def signal(self) -> None:
        libc.pthread_cond_signal(self.condition)

    def broadcast(self) -> None:
        libc.pthread_cond_broadcast(self.condition)

    def _observed(self) -> dict[str, Any]:
        for worker in self.workers:
            if worker.busy:
                worker.settled(self.asleep)
        return {"waiting": frozenset(i for i, worker in enumerate(self.workers) if worker.busy)}
