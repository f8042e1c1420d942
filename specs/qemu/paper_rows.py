"""What was argued on paper about the patch, as far as it can be run: virtio-pci's ioeventfd (rows P06 to P12).

P01 to P05 are in io_thread.py, one_thread.py, vhost.py and two_cpus.py. Three of the rows are patches of virtio_pci.py
or cpus.py: classes that override the function in question.
"""

from modelcheck import (
    Bool, Case, Const, Int, Option, at, done, implies, invariant, leads_to, procedure, process, temporal, vacuous, violates,
    where,
)  # fmt: skip

from ..linux.fd_table import Fd
from ..linux.select import recheck_deleted
from .cpus import Machine
from .kvm_iobus import Vcpu, queues
from .virtio_pci import VirtioPci

PCI_COMMAND = Const(4)
access_at = Const(PCI_COMMAND, Int(0, 4))        # where the guest's write to the command register begins
range_covers_byte = Const(False)                 # virtio_write_config asks whether the write covers PCI_COMMAND
opener_locks = Const(False)                      # qemu_set_fd_handler is called with the mutex
vm_can_run = Const(("powerdown", "reset", "shutdown", "debug"))  # the requests that it looks at (vl.c)
on_vcpu_thread = Const("requests")               # or stops: what vm_stop does there


class PartialAccess(VirtioPci):
    """P08. The guest's write begins below PCI_COMMAND and covers its first byte: two bytes at 3, for example."""

    @procedure
    def write_bus_master_off(self):
        yield "pci_default_write_config", "hw/virtio-pci.c: virtio_write_config"
        self.command_master = False
        if (access_at == PCI_COMMAND or range_covers_byte) and not self.bus_master_bug:
            yield from self.virtio_pci_stop_ioeventfd()
            yield "virtio_set_status without DRIVER_OK", "hw/virtio-pci.c:540"
            self.driver_ok = False

    @invariant
    def no_handle_while_bus_master_off(self):
        """The main loop leaves the ring alone, as the device may not use DMA. (Port I/O calls the device all the same,
        until 9d7bd0826f in 2020; so does the drain, which is part of the guest's write.)"""
        return implies(at(self.main_loop, "handle_output"), self.command_master)


class Opener(VirtioPci):
    """P09. A thread outside the mutex opens a file while a queue is closed before its handler is unset: it gets the
    number, and may set a handler for it."""

    opened = Option(Fd, init=None)

    @process(fair="strong")
    def aio_worker(self):
        yield "open", "posix-aio-compat.c: aio_thread"
        self.opened = self.files.eventfd_2(1, self.held_by_kernel(), True)
        if opener_locks:
            yield "lock"
            self.mutex.lock()
        yield "qemu_set_fd_handler", "vl.c:1028"
        self.handlers.set_handler(self.opened, queues)
        if opener_locks:
            yield "unlock"
            self.mutex.unlock()

    @procedure
    def dispatch(self, fd):
        yield "dispatch", "vl.c: main_loop_wait"
        if self.handlers.is_live(fd) or (self.handlers.handler[fd].present and not recheck_deleted):
            if self.handlers.handler[fd].opaque == queues:
                self.files.eventfd[self.files.table.file[fd]].test_and_clear()  # the worker's own handler
            else:
                yield from self.virtio_pci_host_notifier_read(self.handlers.handler[fd].opaque)

    @invariant
    def its_handler_stays(self):
        return implies(done(self.aio_worker), self.handlers.is_live(self.opened))


class VmStopRequest(Machine):
    """P11. The handler of a port calls vm_stop; on the thread of a vcpu that is a request to the main loop."""

    vmstop_requested = Bool(init=False)

    def init(self):
        fd = self.files.eventfd_2(1, self.select.sources, False)
        self.handlers.set_handler(fd, 0)

    @process(each=Vcpu, fair="strong", unfair=("out",))
    def vcpu(self, cpu):
        yield "out"
        self.runs_guest_code(cpu)
        self.exits(cpu)
        yield "lock", "kvm-all.c: kvm_cpu_exec"
        self.mutex.lock()
        if on_vcpu_thread == "stops":
            yield from self.do_vm_stop()
        else:
            yield "qemu_system_vmstop_request", "cpus.c: vm_stop"
            self.vmstop_requested = True
            self.pipe.qemu_event_increment()
        self.mutex.unlock()
        self.enters(cpu)

    @procedure
    def requests(self):
        """vl.c: main_loop. The inner loop is left where vm_can_run() says so; only then requests are looked at."""
        if "vmstop" in vm_can_run and self.vmstop_requested:
            self.vmstop_requested = False
            yield from self.do_vm_stop()

    @invariant
    def no_stop_inside_a_handler(self):
        """The main loop is not in a handler of its own while vm_running is 0 and do_vm_stop is not done."""
        return not (self.vm == "stopping" and at(self.main_loop, "dispatch"))

    @temporal
    def every_request_is_served(self):
        return leads_to(self.vmstop_requested, not self.vmstop_requested)


CASES = [
    # With five devices before it that is A50, with four A53. With six there is no place for queue 0 either.
    Case("P06 no room on the bus at all", VirtioPci,
         where(vcpus=2, queues=2, kicks=2, control=("driver_ok",), up=False, iobus_slots=0)),
    # As A54: stop goes on with the next queue, and forgets both, with their ioeventfds in KVM and no handlers.
    Case("P07 kvm_io_bus_unregister_dev is out of memory, 2 queues", VirtioPci,
         violates("no_lost_notify", "no_delayed_notify", "no_deassign_error"),
         where(vcpus=2, queues=2, kicks=2, control=("bus_master_off",), iobus_allocates=False)),
    # `PCI_COMMAND == address` is false: the main loop goes on with the ring.
    Case("P08 a write to PCI_COMMAND that begins below it", PartialAccess,
         violates("no_handle_while_bus_master_off"), where(vcpus=2, control=("bus_master_off",), access_at=3)),
    Case("P08 a write that begins at PCI_COMMAND", PartialAccess, where(vcpus=2, control=("bus_master_off",))),
    Case("P08 a write that begins below PCI_COMMAND, range_covers_byte", PartialAccess,
         where(vcpus=2, control=("bus_master_off",), access_at=3, range_covers_byte=True)),
    # The number is another file's when the handler of the closed one is unset: it is that file's handler that goes.
    Case("P09 close before unset, a thread without the mutex opens a file", Opener, violates("its_handler_stays"),
         where(vcpus=2, control=("bus_master_off",), files=3, opaques=2,
               stop_order=("deassign", "drain", "close", "unset"))),
    # With v5's order the number is free of handlers before it is free.
    Case("P09 unset before close, a thread without the mutex opens a file", Opener,
         where(vcpus=2, control=("bus_master_off",), files=3, opaques=2)),
    # To open is harmless: whoever sets a handler with the mutex does it before the close or after the unset.
    Case("P09 close before unset, the other thread sets its handler with the mutex", Opener,
         where(vcpus=2, control=("bus_master_off",), files=3, opaques=2, opener_locks=True,
               stop_order=("deassign", "drain", "close", "unset"))),
    # The kernel's signal stops at 2^64 - 1, which is readable still.
    Case("P10 the counter saturates", VirtioPci, where(kicks=3, eventfd_max=1)),
    # The stop comes from the main loop itself. But vm_can_run() does not look at it: the inner loop is not left.
    Case("P11 vm_stop from a vcpu", VmStopRequest, violates("every_request_is_served")),
    Case("P11 vm_stop from a vcpu, 1745eaaa7c", VmStopRequest,
         where(vm_can_run=("powerdown", "reset", "shutdown", "debug", "vmstop"))),
    Case("P11 vm_stop on the thread of a vcpu", VmStopRequest, violates("no_stop_inside_a_handler"),
         vacuous("every_request_is_served"), where(on_vcpu_thread="stops")),
    # The counter does not migrate; the ring does. A15 and A16 have the host without ioeventfd.
    Case("P12 migration", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "migrate", "cont"))),
    Case("P12 migration, the eventfd starts at 0", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "migrate", "cont"), active=0)),
    Case("P12 migration, no drain", VirtioPci,
         where(commands=("stop", "migrate", "cont"), stop_order=("unset", "deassign", "close"))),
    Case("P12 migration, no drain, the eventfd starts at 0", VirtioPci,
         violates("no_lost_notify", "no_delayed_notify"),
         where(commands=("stop", "migrate", "cont"), active=0, stop_order=("unset", "deassign", "close"))),
]
