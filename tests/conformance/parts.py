"""The parts: the spec that generates, the machine that performs, and what a state of the spec looks like to
the machine."""

from __future__ import annotations

import platform
import re
import select
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.behaviours import Behaviours, Machine, View
from tests.conformance.machine.descriptors import Sleeper, Table
from tests.conformance.machine.eventfds import BlockingEventFd, EventFds, KernelSignal
from tests.conformance.machine.mutexes import Condition, Mutex
from tests.conformance.machine.pipes import Pipe
from tests.conformance.machine.signals import NUMBERS, SignalFd, Signals
from tests.conformance.machine.timers import Timer, TimerFd

LINUX = Path(__file__).parents[2] / "specs" / "linux"


def release() -> tuple[int, int]:
    """Of the kernel."""
    major, minor = re.findall(r"\d+", platform.release())[:2]
    return int(major), int(minor)


def lacks_linux() -> str | None:
    """The machines use system calls by their numbers on x86-64."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"needs Linux on x86_64, not {platform.system()} on {platform.machine()}"
    return None


def lacks_aio() -> str | None:
    """Some containers forbid io_setup."""
    lacking = lacks_linux()
    if lacking is None:
        try:
            KernelSignal()
        except OSError as error:
            return f"needs io_setup, to have the kernel signal an eventfd: {error.strerror}"
    return lacking


def lacks_linux_6_13() -> str | None:
    """The machine lets a timer expire by setting it anew. Before 6.13 that treats a pending signal differently."""
    old = f"needs Linux 6.13, where timer_settime drops a pending signal, not {platform.release()}"
    return lacks_linux() or (old if release() < (6, 13) else None)


@dataclass(frozen=True, slots=True)
class Part:
    """`file`: of specs/linux. `depth`: to which every sequence is performed; `walks` random ones of `steps`
    steps come on top, `least` steps in all. `blocking`: see Behaviours. `observers`: name -> expression of the
    spec, which the view has under that name. `more`: text that is appended to the file, for a spec that only a
    test needs. `lacks`: why this machine cannot perform it; None where it can."""

    name: str
    file: str
    spec: str
    machine: Callable[[], Machine]
    seen: Callable[[View], Any]
    depth: int
    walks: int
    steps: int = 30
    constants: Mapping[str, Any] = field(default_factory=dict)
    blocking: tuple[str, ...] = ()
    observers: Mapping[str, str] = field(default_factory=dict)
    more: str = ""
    least: int = 0
    lacks: Callable[[], str | None] = lacks_linux

    def behaviours(self, folder: Path, change: Callable[[str], str] = str) -> Behaviours:
        """Of the part in a copy of specs/linux, its file changed. Raises AssertionError for a change that is none."""
        shutil.copytree(LINUX, folder, dirs_exist_ok=True)
        path = folder / self.file
        text = change(path.read_text(encoding="utf-8") + self.more)
        path.write_text(text + self.observed(), encoding="utf-8")
        return Behaviours(path, "Observed", self.constants, self.seen, self.blocking)

    def observed(self) -> str:
        """A spec that adds the observers."""
        head = f"\n\nclass Observed({self.spec}):\n    pass\n"
        methods = "\n    @reachable\n    def {}(self):\n        return {}\n"
        return head + "".join(methods.format(name, asks) for name, asks in self.observers.items())


# --- eventfd and epoll ------------------------------------------------------------------------------------------------

MOST = 3


READY = {name: f"self.eventfd.{name}()" for name in ("readable", "writable", "failed")}


def eventfd(view: View) -> dict[str, Any]:
    """The events that poll and epoll report; select counts an error as readable and as writable."""
    readable, writable, failed = (view[name] for name in READY)
    ready = readable * select.POLLIN | writable * select.POLLOUT | failed * select.POLLERR
    return {
        "result": view["result"], "count": view["eventfd"]["counter"], "poll": ready, "epoll": ready,
        "select": (readable or failed, writable or failed),
    }  # fmt: skip


# A semaphore far from its limit, and one at its limit: it is read one by one, so no scale has both.
FAR = """
class Far(SemaphoreOperations):
    @action(value=Written)
    def write(self, value):
        when(value > eventfd_max or self.eventfd.counter + value < eventfd_max)
        self.result = self.eventfd.write(value)

    @action
    def signal(self):
        when(self.eventfd.counter < eventfd_max - 1)
        self.eventfd.signal()
        self.result = 0
"""
NEAR = """
class Near(SemaphoreOperations):
    @action
    def read(self):
        when(self.eventfd.counter != 1)
        self.result = self.eventfd.read()
"""


# --- descriptors ------------------------------------------------------------------------------------------------------

FDS = 3


def table(view: View) -> dict[str, Any]:
    return {"result": view["result"], "files": view["table"]["file"]}


def sleeper(view: View) -> dict[str, Any]:
    return {"asleep": view["asleep"], "returned": view["returned"], "failed": view["error"]}


# --- pipes ------------------------------------------------------------------------------------------------------------

UNITS = 2


ENDS = {name: f"self.pipe.{name}()" for name in ("readable", "writable", "hung_up", "failed")}


def pipe(view: View) -> dict[str, Any]:
    open_ = view["pipe"]
    reader = {"in": view["readable"], "hup": view["hung_up"]}
    writer = {"out": view["writable"], "err": view["failed"]}
    return {
        "result": view["result"],
        "reader": tuple(name for name, is_so in reader.items() if is_so) if open_["reader"] else None,
        "writer": tuple(name for name, is_so in writer.items() if is_so) if open_["writer"] else None,
    }


# --- signals ----------------------------------------------------------------------------------------------------------


def shown(threads: int) -> dict[str, str]:
    """Observers of what sigpending answers: a signal that is pending for a thread, which blocks it."""
    return {
        f"pending_{t}_{n}": f'self.signals.is_pending({t}, "{n}") and "{n}" in self.signals.blocked[{t}]'
        for t in range(threads)
        for n in NUMBERS
    }


def pending(view: View) -> tuple[frozenset[str], ...]:
    threads = len(view["signals"]["blocked"])
    return tuple(frozenset(n for n in NUMBERS if view[f"pending_{t}_{n}"]) for t in range(threads))


def signals(view: View) -> dict[str, Any]:
    handled = {n: c for n, c in zip(NUMBERS, view["handled"]) if c}
    return {"taken": view["taken"], "handled": handled, "pending": pending(view)}


def signalfd(view: View) -> dict[str, Any]:
    return {"result": view["result"], "ready": (view["ready_0"], view["ready_1"]), "pending": pending(view)}


FOR_EACH = {f"ready_{t}": f"self.signalfd.readable({t}, self.signals)" for t in range(2)}

# --- timers -----------------------------------------------------------------------------------------------------------


def timerfd(view: View) -> dict[str, Any]:
    t = view["timer"]
    ready = (view["readable"],) * 3  # select, poll, epoll
    return {"result": view["result"], "ready": ready, "armed": t["armed"], "periodic": t["periodic"]}


def timer(view: View) -> dict[str, Any]:
    t = view["timer"]
    return {
        "expiries": view["expiries"],
        "armed": t["armed"],
        "periodic": t["periodic"],
        "pending": t["queued"],
    }


# --- mutexes ----------------------------------------------------------------------------------------------------------


def mutex(view: View) -> dict[str, Any]:
    return {"locked": view["locked"], "held": view["mutex"]["holder"] is not None}


def condition(view: View) -> dict[str, Any]:
    return {"waiting": view["condition"]["waiting"]}


SINCE_6_13 = {"stale_is_dropped": True}

PARTS = [
    Part("eventfd", "eventfd.py", "Operations", lambda: EventFds(MOST), eventfd, depth=3, walks=100, least=4000,
         observers=READY, lacks=lacks_aio),
    Part("eventfd, blocking", "eventfd.py", "Blocking", lambda: BlockingEventFd(MOST), eventfd, depth=3, walks=20,
         least=1000, observers=READY, blocking=("read", "write"), lacks=lacks_aio),
    Part("semaphore, far from the limit", "eventfd.py", "Far", lambda: EventFds(MOST, low=MOST, semaphore=True),
         eventfd, depth=3, walks=20, least=500, observers=READY | {"writable": "True"}, more=FAR, lacks=lacks_aio),
    Part("semaphore, at the limit", "eventfd.py", "Near", lambda: EventFds(MOST, low=0, semaphore=True), eventfd,
         depth=3, walks=20, least=500, observers=READY, more=NEAR, lacks=lacks_aio),
    Part("epoll", "epoll.py", "Operations", lambda: EventFds(MOST), eventfd, depth=3, walks=60, least=3000,
         observers=READY, lacks=lacks_aio),
    Part("descriptors", "fd_table.py", "Operations", lambda: Table(FDS), table, depth=2, walks=150, least=4000),
    Part("select", "select.py", "Sleeper", lambda: Sleeper(FDS), sleeper, depth=3, walks=120, least=4000,
         constants={"eventfd_max": 1, "select_reports_closed": release() >= (5, 17)}),
    Part("pipe", "pipe.py", "Operations", lambda: Pipe(UNITS), pipe, depth=5, walks=60, least=900, observers=ENDS),
    Part("signals, one thread", "signals.py", "Operations", lambda: Signals(1), signals, depth=2, walks=30,
         least=1000, observers=shown(1), constants={"threads": 1}),
    Part("signals", "signals.py", "Operations", lambda: Signals(2), signals, depth=2, walks=30, least=1000,
         observers=shown(2)),
    Part("signalfd", "signalfd.py", "Operations", lambda: SignalFd(2), signalfd, depth=2, walks=40, least=1000,
         observers=shown(2) | FOR_EACH),
    Part("timerfd", "timerfd.py", "Operations", TimerFd, timerfd, depth=4, walks=40, least=2000,
         observers={"readable": "self.timer.readable()"}),
    Part("timer", "timers.py", "Operations", Timer, timer, depth=4, walks=60, least=2000, constants=SINCE_6_13,
         lacks=lacks_linux_6_13),
    Part("mutex", "mutex.py", "Operations", lambda: Mutex(2), mutex, depth=3, walks=20, least=1000,
         blocking=("lock",)),
    Part("condition", "condition.py", "Operations", lambda: Condition(3), condition, depth=3, walks=40, least=1000,
         constants={"threads": 3}),
]  # fmt: skip
