"""Virtual machines of one processor in real mode, on /dev/kvm, with system calls alone (x86-64; linux/kvm.h).

Memory starts at 0; code stands at CODE, data at DATA. Programs are a few instructions of the 8086, given as
bytes.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import signal
import struct
import threading
import time
from contextlib import contextmanager
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.machine.libc import libc, result

GET_API_VERSION, CREATE_VM, GET_VCPU_MMAP_SIZE = 0xAE00, 0xAE01, 0xAE04
CREATE_VCPU, SET_TSS_ADDR, RUN = 0xAE41, 0xAE47, 0xAE80
SET_USER_MEMORY_REGION, IOEVENTFD, SET_SIGNAL_MASK = 0x4020AE46, 0x4040AE79, 0x4004AE8B
GET_SREGS, SET_SREGS, SET_REGS = 0x8138AE83, 0x4138AE84, 0x4090AE82
DATAMATCH, PIO, DEASSIGN = 1, 2, 4

SIZE, CODE, DATA = 0x4000, 0x1000, 0x2000
PORT = 0xC110  # VIRTIO_PCI_QUEUE_NOTIFY of a device at 0xc100


def unavailable() -> str | None:
    """Why there is no KVM here; None where there is."""
    if platform.machine() != "x86_64":
        return f"the guests are x86 programs, and this is {platform.machine()}"
    try:
        fd = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return f"/dev/kvm cannot be opened: {error.strerror}"
    version = result(libc.ioctl(fd, GET_API_VERSION, 0))
    os.close(fd)
    return None if version == 12 else f"KVM has version {version}, not 12"


NEEDS_KVM = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")


def ioctl(fd: int, request: int, argument: Any = 0) -> int:
    """Not negative, or the negative error number. Other threads run meanwhile."""
    return result(libc.ioctl(fd, ctypes.c_ulong(request), argument))


# --- programs ---------------------------------------------------------------------------------------------------------


def kick(queue: int = 0, times: int = 1) -> bytes:
    """Writes the queue's number to PORT so many times, then halts."""
    head = (
        b"\xb9"
        + struct.pack("<H", times)
        + b"\xba"
        + struct.pack("<H", PORT)
        + b"\xb8"
        + struct.pack("<H", queue)
    )
    return head + b"\xef\xe2\xfd\xf4"  # out dx, ax; loop; hlt


SHORT_KICK = b"\xba" + struct.pack("<H", PORT) + b"\xb0\x00\xee\xf4"  # out dx, al: one byte
SPIN = b"\xeb\xfe"  # jmp $

# Takes one step whenever GO is above DONE: it adds a buffer (AVAIL), it kicks, it adds a buffer, ...
GO, DONE, AVAIL = DATA, DATA + 1, DATA + 4
STEPPED = bytes.fromhex(
    "a0 00 20"        # 1000 mov al, [GO]
    "3a 06 01 20"     # 1003 cmp al, [DONE]
    "74 f7"           # 1007 je 1000
    "f6 06 01 20 01"  # 1009 test byte [DONE], 1
    "75 0a"           # 100e jne 101a
    "ff 06 04 20"     # 1010 inc word [AVAIL]
    "fe 06 01 20"     # 1014 inc byte [DONE]
    "eb e6"           # 1018 jmp 1000
    "ba 10 c1"        # 101a mov dx, PORT
    "b8 00 00"        # 101d mov ax, 0
    "ef"              # 1020 out dx, ax
    "fe 06 01 20"     # 1021 inc byte [DONE]
    "eb d9"           # 1025 jmp 1000
)  # fmt: skip


# --- the machine ------------------------------------------------------------------------------------------------------


class Guest:
    """A virtual machine about to run a program."""

    def __init__(self, program: bytes) -> None:
        kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
        self.vm = _known(ioctl(kvm, CREATE_VM, 0))
        _known(ioctl(self.vm, SET_TSS_ADDR, ctypes.c_ulong(0xFFFBD000)))
        self.memory = mmap.mmap(-1, SIZE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        _known(ioctl(self.vm, SET_USER_MEMORY_REGION, struct.pack("=IIQQQ", 0, 0, 0, SIZE, address)))
        self.vcpu = _known(ioctl(self.vm, CREATE_VCPU, 0))
        self.run_page = mmap.mmap(self.vcpu, _known(ioctl(kvm, GET_VCPU_MMAP_SIZE)))
        os.close(kvm)
        self.load(program)

    def load(self, program: bytes) -> None:
        self.memory[CODE : CODE + len(program)] = program
        sregs = ctypes.create_string_buffer(0x138)
        _known(ioctl(self.vcpu, GET_SREGS, sregs))
        struct.pack_into("=QIH", sregs, 0, 0, 0xFFFF, 0)  # cs: base, limit, selector
        _known(ioctl(self.vcpu, SET_SREGS, sregs))
        regs = bytearray(0x90)
        struct.pack_into("=QQ", regs, 128, CODE, 2)  # rip, rflags
        _known(ioctl(self.vcpu, SET_REGS, bytes(regs)))

    def run(self) -> Any:
        """KVM_RUN: "hlt", ("io", port, size, value), or a negative error number."""
        done = ioctl(self.vcpu, RUN, 0)
        if done < 0:
            return done
        match struct.unpack_from("=I", self.run_page, 8)[0]:
            case 5:  # KVM_EXIT_HLT
                return "hlt"
            case 2:  # KVM_EXIT_IO
                _, size, port, _, offset = struct.unpack_from("=BBHIQ", self.run_page, 32)
                return "io", port, size, int.from_bytes(self.run_page[offset : offset + size], "little")
            case reason:
                return f"exit reason {reason}"

    def run_to_halt(self) -> int:
        """How many port writes came out on the way."""
        exits = 0
        while (left := self.run()) != "hlt":
            assert left[0] == "io", left
            exits += 1
        return exits

    def immediate_exit(self, wanted: bool) -> None:
        self.run_page[1:2] = bytes([wanted])

    def signal_mask(self, blocked: tuple[int, ...]) -> int:
        """KVM_SET_SIGNAL_MASK: what is blocked while the guest runs."""
        bits = sum(1 << (number - 1) for number in blocked)
        return ioctl(self.vcpu, SET_SIGNAL_MASK, struct.pack("=IQ", 8, bits))

    def ioeventfd(self, fd: int, queue: int | None, *, deassign: bool = False, size: int = 2) -> int:
        """0 or a negative error number. `queue` None: whatever is written to the port."""
        flags = PIO | (0 if queue is None else DATAMATCH) | (DEASSIGN if deassign else 0)
        return ioctl(self.vm, IOEVENTFD, struct.pack("=QQIiI36x", queue or 0, PORT, size, fd, flags))

    def byte(self, address: int) -> int:
        return self.memory[address]


def _known(value: int) -> int:
    if value < 0:
        raise OSError(-value, os.strerror(-value))
    return value


# --- watchdog ---------------------------------------------------------------------------------------------------------


@contextmanager
def watchdog(after_s: float, since: threading.Event | None = None) -> Iterator[threading.Event]:
    """Sends SIGUSR1 to the thread that asks, so long after it asked or after `since`; whether it did is the event. It
    blocks SIGALRM, or the kernel might hand that signal to it instead of to the vcpu's thread."""
    signal.signal(signal.SIGUSR1, lambda *_: None)
    barked, over, vcpu = threading.Event(), threading.Event(), threading.get_ident()

    def watch() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        if since is not None:
            since.wait()
        if over.wait(after_s):
            return
        barked.set()
        while not over.is_set():  # again, should the vcpu not have been inside yet
            signal.pthread_kill(vcpu, signal.SIGUSR1)
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield barked
    finally:
        over.set()
        thread.join()


INTERRUPTED = -errno.EINTR
