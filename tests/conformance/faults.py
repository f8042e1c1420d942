"""Faults: the same parts, each wrong in one way that somebody might take for right. Every one has to be
caught."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent
from typing import NamedTuple

Change = Callable[[str], str]  # of the text of a part


class Fault(NamedTuple):
    name: str
    part: str
    change: Change


def derived(record: str, field: str, spec: str, body: str) -> Change:
    """A record that overrides some methods, in the place of the one that the spec has."""
    wrong = f"\n\nclass Faulty({record}):\n{indent(body.strip(), '    ')}\n"
    user = f"\n\nclass {spec}(Right{spec}):\n    {field} = Faulty()\n"

    def change(text: str) -> str:
        renamed = text.replace(f"class {spec}(", f"class Right{spec}(").replace(f", {spec}", f", Right{spec}")
        return renamed + wrong + user

    return change


def replaced(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text, f"the part does not say {old!r}"
        return text.replace(old, new)

    return change


def eventfd(body: str) -> Change:
    return derived("EventFd", "eventfd", "Operations", body)


FAULTS = [
    Fault(
        "a write saturates",
        "eventfd",
        eventfd("""
def write(self, value):
    if value > eventfd_max:
        return -EINVAL
    self.counter = max(self.counter, min(self.counter + value, eventfd_max))
    return 0
"""),
    ),
    Fault(
        "a write reaches 2^64 - 1",
        "eventfd",
        eventfd("""
def write(self, value):
    if value > eventfd_max:
        return -EINVAL
    if self.counter + value > eventfd_max + 1:
        return -EAGAIN
    self.counter += value
    return 0
"""),
    ),
    Fault(
        "2^64 - 1 is a value like others",
        "eventfd",
        eventfd("""
def write(self, value):
    if self.counter + value > eventfd_max:
        return -EAGAIN
    self.counter += value
    return 0
"""),
    ),
    Fault(
        "a signal stops at 2^64 - 2",
        "eventfd",
        eventfd("""
def signal(self):
    self.counter = max(self.counter, min(self.counter + 1, eventfd_max))
"""),
    ),
    Fault(
        "a signal is only a flag",
        "eventfd",
        eventfd("""
def signal(self):
    self.counter = max(self.counter, 1)
"""),
    ),
    Fault(
        "a read takes one",
        "eventfd",
        eventfd("""
def taken(self):
    return 1
"""),
    ),
    Fault(
        "a full counter is writable",
        "eventfd",
        eventfd("""
def writable(self):
    return self.counter <= eventfd_max
"""),
    ),
    Fault(
        "a counter that failed is none to read",
        "eventfd",
        eventfd("""
def readable(self):
    return 0 < self.counter <= eventfd_max
"""),
    ),
    Fault(
        "a semaphore is read at once",
        "semaphore, far from the limit",
        replaced("return 1\n", "return self.counter\n"),
    ),
    Fault("a read waits for nothing", "eventfd, blocking", replaced("        when(self.counter > 0)\n", "")),
    Fault(
        "level instead of edge",
        "epoll",
        replaced("        self.queued = False\n", "        self.queued = reported\n"),
    ),
    Fault(
        "edge instead of level",
        "epoll",
        replaced(
            "        self.queued = self.queued and readable\n        return self.queued\n",
            "        found = self.queued and readable\n        self.queued = False\n        return found\n",
        ),
    ),
    Fault(
        "a write of 0 is no edge",
        "epoll",
        replaced(
            "        if self.result == 0:\n            self.wake()",
            "        if self.result == 0 and value > 0:\n            self.wake()",
        ),
    ),
    Fault(
        "the highest number first",
        "descriptors",
        derived(
            "FdTable",
            "table",
            "Operations",
            """
def install(self, file):
    free = {fd for fd in Fd if self.file[fd] is None}
    if len(free) == 0:
        return -EMFILE
    self.file[max(free)] = file
    return max(free)
""",
        ),
    ),
    Fault(
        "dup2 keeps what was there",
        "descriptors",
        derived(
            "FdTable",
            "table",
            "Operations",
            """
def dup2(self, fd, to):
    if not self.is_open(fd):
        return -EBADF
    if self.file[to] is None:
        self.file[to] = self.file[fd]
    return to
""",
        ),
    ),
    Fault(
        "close closes every number of a file",
        "descriptors",
        derived(
            "FdTable",
            "table",
            "Operations",
            """
def close(self, fd):
    if not self.is_open(fd):
        return -EBADF
    file = self.file[fd]
    for other in Fd:
        if self.file[other] == file:
            self.file[other] = None
    return 0
""",
        ),
    ),
    Fault(
        "closing wakes a sleeper",
        "select",
        replaced(
            "        self.table.close(fd)\n",
            "        self.table.close(fd)\n"
            "        if self.asleep and fd in self.select.watched:\n            self.asleep = False\n",
        ),
    ),
    Fault(
        "a sleeper is woken through its numbers",
        "select",
        replaced(
            "        if file in self.select.sources:\n",
            "        if any(self.table.file[fd] == file for fd in self.select.watched):\n",
        ),
    ),
    Fault(
        "closed numbers are passed over",
        "select",
        replaced("(select_reports_closed and not", "(False and not"),
    ),
    Fault(
        "a free number is watched",
        "select",
        replaced("            return -EBADF\n", "            return 0\n"),
    ),
    Fault("nobody reads: full", "pipe", replaced("return -EPIPE", "return -EAGAIN")),
    Fault("nobody writes: empty", "pipe", replaced("return -EAGAIN if self.writer else 0", "return -EAGAIN")),
    Fault(
        "room for one more", "pipe", replaced("if self.units == pipe_max:", "if self.units == pipe_max - 1:")
    ),
    Fault("standard signals are queued", "signals", replaced('return signal == "SIGRTMIN"', "return True")),
    Fault("real-time signals coalesce", "signals", replaced('return signal == "SIGRTMIN"', "return False")),
    Fault(
        "a thread's signal is everybody's",
        "signals",
        replaced(
            "return self.private[thread][signal] > 0 or self.shared[signal] > 0",
            "return any(self.private[t][signal] > 0 for t in Thread) or self.shared[signal] > 0",
        ),
    ),
    Fault(
        "a blocked signal is handled",
        "signals, one thread",
        replaced("if signal not in self.signals.blocked[0]:", "if True:"),
    ),
    Fault(
        "a signalfd is the same for all threads",
        "signalfd",
        replaced("return signals.take(thread, self.mask)", "return signals.take(0, self.mask)"),
    ),
    Fault(
        "a signalfd reads every signal",
        "signalfd",
        replaced('"SIGUSR1", "SIGALRM", "SIGRTMIN"', '"SIGUSR1", "SIGRTMIN"'),
    ),
    Fault(
        "settime keeps the expiries",
        "timerfd",
        replaced(
            "        self.periodic = periodic\n        self.expiries = 0\n",
            "        self.periodic = periodic\n",
        ),
    ),
    Fault(
        "a one-shot timerfd stays armed",
        "timerfd",
        replaced("self.armed = self.periodic", "self.armed = True"),
    ),
    Fault(
        "one read, one expiry",
        "timerfd",
        replaced(
            "        self.expiries = 0\n        return expiries\n",
            "        self.expiries -= 1\n        return 1\n",
        ),
    ),
    Fault(
        "a one-shot timer stays armed", "timer", replaced("self.armed = self.periodic", "self.armed = True")
    ),
    Fault("a stale expiry is delivered", "timer", replaced("self.queued and stale_is_dropped", "False")),
    Fault("overruns are lost", "timer", replaced("expiries = 1 + self.overrun if", "expiries = 1 if")),
    Fault(
        "disarming takes the signal back",
        "timer",
        replaced(
            "        self.settime(False)\n        self.armed = False\n",
            "        self.settime(False)\n        self.armed = False\n"
            "        self.queued = False\n        self.stale = False\n",
        ),
    ),
    Fault(
        "a mutex is locked twice",
        "mutex",
        derived(
            "OwnedMutex",
            "mutex",
            "Operations",
            """
def lock(self, thread):
    when(self.holder is None or self.holder == thread)
    self.holder = thread
""",
        ),
    ),
    Fault(
        "anybody unlocks",
        "mutex",
        derived(
            "OwnedMutex",
            "mutex",
            "Operations",
            """
def unlock(self, thread):
    self.holder = None
""",
        ),
    ),
    Fault(
        "a lock does not wait",
        "mutex",
        derived(
            "OwnedMutex",
            "mutex",
            "Operations",
            """
def lock(self, thread):
    assert self.holder != thread
    self.holder = thread
""",
        ),
    ),
    Fault(
        "a signal wakes all",
        "condition",
        replaced(
            "            self.waiting.discard(thread)\n\n    def broadcast",
            "            self.waiting = set()\n\n    def broadcast",
        ),
    ),
    Fault(
        "a broadcast wakes one",
        "condition",
        replaced(
            "        self.condition.broadcast()\n\n    @action_inv",
            "        self.condition.signal()\n\n    @action_inv",
        ),
    ),
]
