"""The steps of specs/qemu/one_thread.py up to KVM_RUN, by a thread that runs the guest and the signal
handlers.

The signal is kept blocked between the steps, and unblocked for the step in which the spec delivers it. The
guest's own steps are taken by the guest, once the thread is inside KVM_RUN.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import threading
import time
from typing import Any

from tests.conformance.kvm.guest import AVAIL, DONE, GO, STEPPED, Guest, watchdog
from tests.conformance.machine.libc import counter
from tests.conformance.machine.timers import Timer

LONG_ENOUGH_S = 0.2  # after the kick, for a guest that nothing will ever stop
NEVER_S = 30.0  # where the watchdog should have nothing to do


class OneThread:
    def __init__(self, sigmask: bool) -> None:
        self.sigmask = sigmask
        self.timer, self.guest = Timer(), Guest(STEPPED)  # the timer blocks SIGALRM
        self.timer.begin()
        self.timer.settime(False)
        self.eventfd = os.eventfd(0, os.EFD_NONBLOCK)
        assert self.guest.ioeventfd(self.eventfd, 0) == 0
        self.pipe, self.notify = os.pipe2(os.O_NONBLOCK)
        self.expired = self.pending = self.exit_request = False
        signal.signal(signal.SIGALRM, self.host_alarm_handler)

    def host_alarm_handler(self, *_: object) -> None:
        self.expired = self.pending = self.exit_request = True
        os.write(self.notify, bytes(8))

    def perform(self, label: str) -> dict[str, Any]:
        match label:
            case "timer_expires":
                self.timer.expire()
            case "signal_is_delivered":
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        return self.observed()

    def observed(self) -> dict[str, Any]:
        return {
            "armed": self.timer.is_armed(), "sigalrm": signal.SIGALRM in signal.sigpending(),
            "expired": self.expired, "pending": self.pending, "exit_request": self.exit_request,
            "pipe": bool(select.select([self.pipe], [], [], 0)[0]),
        }  # fmt: skip

    def run(self) -> dict[str, Any]:
        """KVM_RUN, and what has become of the guest's buffer and kick."""
        if self.sigmask:
            assert self.guest.signal_mask(()) == 0
        else:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        kicked = threading.Event()
        guest = threading.Thread(target=self.let_the_guest_kick, args=(kicked,), daemon=True)
        patience = (NEVER_S, None) if self.sigmask else (LONG_ENOUGH_S, kicked)
        with watchdog(*patience) as barked:
            guest.start()
            left = self.guest.run()
        return {
            "left": left, "by the watchdog": barked.is_set(), "eventfd": counter(self.eventfd),
            "added": struct.unpack_from("<H", self.guest.memory, AVAIL)[0],
        }  # fmt: skip

    def let_the_guest_kick(self, kicked: threading.Event) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGUSR1])
        for step in (1, 2):
            self.guest.memory[GO] = step
            while self.guest.byte(DONE) != step:
                time.sleep(0.001)
        kicked.set()


def replayed(labels: list[str], sigmask: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What could be seen at first and after each step, and how KVM_RUN went."""
    machine = OneThread(sigmask)
    seen = [machine.observed(), *map(machine.perform, labels)]
    return seen, machine.run()
