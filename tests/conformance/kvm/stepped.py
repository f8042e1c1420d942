"""The steps of specs/deassign.py on a real guest, its vcpu in a thread of its own, one vcpu and one queue.

The guest takes a step when it is told to. What one instruction does cannot be cut: the lookup and the signal
of a port write both happen at the spec's "signal", so a deassign may not come between them, as it may not in
KVM.
"""

from __future__ import annotations

import os
import select
import struct
import time
from typing import Any

from tests.conformance.kvm.guest import AVAIL, DONE, GO, STEPPED, Guest
from tests.conformance.machine.libc import attempt, counter
from tests.conformance.machine.threads import SELECT, Worker, in_call


class Deassign:
    """Observes what the spec has as its state: buffers, the counter, KVM's bus, the number."""

    def __init__(self) -> None:
        self.vcpu, self.sleeper = Worker(), Worker()

    def begin(self, signalled: bool = False) -> Any:
        self.guest = Guest(STEPPED)
        self.fd = os.eventfd(int(signalled), os.EFD_NONBLOCK)
        self.kept = os.dup(self.fd)  # to look at the counter when the number is closed
        self.open = self.handler = True
        assert self.guest.ioeventfd(self.fd, 0) == 0
        self.seen, self.ready = 0, []
        self.vcpu.start(self.guest.run)
        return self._observed()

    def perform(self, label: str, args: dict[str, Any]) -> Any:
        STEPS[label](self)
        return self._observed()

    # --- the guest

    def add_buffer(self) -> None:
        self._allow_one_step()
        self._wait_for_the_step()

    def port_write(self) -> None:
        """Without an ioeventfd the write leaves the guest; with one, see `signal`."""
        if not self._is_assigned():
            self._allow_one_step()
            _, left = self.vcpu.settled(lambda _: False)
            assert left[0] == "io", left

    def signal(self) -> None:
        self._allow_one_step()
        self._wait_for_the_step()

    def exit(self) -> None:
        self.notify_vq()
        self.vcpu.start(self.guest.run)
        self._wait_for_the_step()

    def _allow_one_step(self) -> None:
        self.guest.memory[GO] = (self.guest.byte(GO) + 1) % 256

    def _wait_for_the_step(self) -> None:
        """A step that leaves the guest instead shows as an answer of KVM_RUN."""
        while self.guest.byte(DONE) != self.guest.byte(GO):
            assert self.vcpu.answers.empty(), "the port write has left the guest"
            time.sleep(0)

    # --- QEMU

    def notify_vq(self) -> None:
        self.seen = self._added()

    def fill_fd_set(self) -> None:
        """And enters select(), where a signal reaches it at once, though the spec lets it return later."""
        watched = [self.fd] if self.handler else []
        self.sleeper.start(lambda: select.select(watched, [], [])[0])

    def select(self) -> None:
        returned, self.ready = self.sleeper.settled(in_call(*SELECT))
        assert returned, "select sleeps on"

    def dispatch(self) -> None:
        if self.handler and self.ready:
            self.test_and_clear()

    def test_and_clear(self) -> None:
        attempt(os.eventfd_read, self.fd)

    def unset_handler(self) -> None:
        self.handler = False

    def deassign(self) -> None:
        assert self.guest.ioeventfd(self.fd, 0, deassign=True) == 0

    def close(self) -> None:
        os.close(self.fd)
        self.open = False

    def nothing(self) -> None:
        """A step of the spec's that has no counterpart: QEMU's mutex; the second half of an ioctl."""

    # --- what can be seen

    def _added(self) -> int:
        return struct.unpack_from("<H", self.guest.memory, AVAIL)[0]

    def _is_assigned(self) -> bool:
        """Whether another eventfd would be one too many."""
        other = os.eventfd(0, os.EFD_NONBLOCK)
        refused = self.guest.ioeventfd(other, 0) < 0
        if not refused:
            self.guest.ioeventfd(other, 0, deassign=True)
        os.close(other)
        return refused

    def _observed(self) -> dict[str, Any]:
        return {
            "added": self._added(), "seen": self.seen, "signalled": counter(self.kept) > 0, "open": self.open,
            "assigned": self._is_assigned(), "handler": self.handler,
        }  # fmt: skip


STEPS = {
    "add buffer": Deassign.add_buffer,
    "port write": Deassign.port_write,
    "signal": Deassign.signal,
    "exit": Deassign.exit,
    "fill fd_set": Deassign.fill_fd_set,
    "select": Deassign.select,
    "dispatch": Deassign.dispatch,
    "handle": Deassign.notify_vq,
    "unset handler": Deassign.unset_handler,
    "deassign": Deassign.deassign,
    "test and clear": Deassign.test_and_clear,
    "notify": Deassign.notify_vq,
    "close": Deassign.close,
    "lock": Deassign.nothing,
    "unlock": Deassign.nothing,
    "synchronize srcu": Deassign.nothing,
}
