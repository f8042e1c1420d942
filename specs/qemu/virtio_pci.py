"""virtio-pci with ioeventfd among a main loop thread and vcpus: is a kick lost when ioeventfd starts and stops?

"virtio-pci: Use ioeventfd for virtqueue notify", v5 2/4, December 2010; lines of hw/virtio-pci.c are those of
this patch. Each function is a procedure of its name, in the steps between which something outside the global
mutex can come. What a variant of the code does otherwise is a constant that permutes, drops or adds steps
(`stop_order`, ...), or a class that overrides a procedure. The table of such variants, and two patches, are
in virtio_pci_rows.py.

Three answers for a kick: handled at once; delayed, by at most the timeout of select (`no_delayed_notify` is
violated); lost (`no_lost_notify` is violated as well). A buffer counts once its kick was made, for a queue
that is configured, in a machine that runs. What happens after a use after cleanup is not judged.
"""

from modelcheck import (
    Bool, Case, Const, Int, at, deadlocks, infinitely_often, invariant, leads_to, procedure, temporal, violates,
    when, where,
)  # fmt: skip

from ..linux.errno import EBADF
from ..linux.fd_table import Fd, File
from ..linux.select import recheck_deleted
from .event_notifier import active
from .kvm_iobus import Queue, Vcpu, queues, vcpus
from .virtio import Virtio

# Where it begins
up = Const(True)                         # DRIVER_OK is set, and ioeventfd has been started
bus_master = Const(True)                 # the guest has set PCI_COMMAND_MASTER
ioeventfd = Const(True)                  # -device virtio-blk-pci,ioeventfd=on
destination_ioeventfd = Const(True)      # the same, on the host that the machine migrates to

# What the code does
start_order = Const(("init", "assign", "set"))                   # virtio_pci_start_ioeventfd, for each queue
stop_order = Const(("unset", "deassign", "drain", "close"))      # virtio_pci_stop_ioeventfd, for each queue
reset_order = Const(("stop", "reset"))                           # virtio_ioport_write, QUEUE_PFN or STATUS = 0
status_order = Const(("start", "set_status"))                    # the same, STATUS with DRIVER_OK
exit_order = Const(("stop", "exit"))                             # virtio_blk_exit_pci
vm_change_handler = Const(True)                                  # virtio_init_pci registers one
nonblocking = Const(True)                                        # EFD_NONBLOCK
reset_clears = Const(("bus_master_bug",))                        # flags that virtio_pci_reset clears


class VirtioPci(Virtio):
    host_notifiers = Bool(init=False)                # another, such as vhost, reads the eventfds
    deassign_failed = Bool(init=False)
    driver_ok = Bool(init=up)                        # VIRTIO_CONFIG_S_DRIVER_OK
    command_master = Bool(init=bus_master)           # PCI_COMMAND_MASTER
    bus_master_bug = Bool(init=False)                # VIRTIO_PCI_FLAG_BUS_MASTER_BUG
    use_ioeventfd = Bool(init=ioeventfd)             # VIRTIO_PCI_FLAG_USE_IOEVENTFD
    ioeventfd_started = Bool(init=up and ioeventfd)

    def init(self):
        """Where it is up, every eventfd has been read since its start."""
        if up and ioeventfd:
            for n in Queue:
                self.vq[n].host_notifier.init(self.files, 0, self.held_by_kernel())
                self.kvm.assign(n, self.vq[n].host_notifier.file(self.files))
                self.handlers.set_handler(self.vq[n].host_notifier.fd, n)

    # --- hw/virtio-pci.c: one queue ---------------------------------------------------------------------

    def held_by_kernel(self):
        """Files that live on when their number is closed."""
        return {file for file in File if file in self.select.sources or self.kvm.refers(file)}

    @procedure
    def event_notifier_init(self, n):
        yield "event_notifier_init", "hw/virtio-pci.c:196"
        self.vq[n].host_notifier.init(self.files, active, self.held_by_kernel())

    @procedure
    def kvm_assign(self, n):
        """True, or False with the notifier closed."""
        yield "assign ioeventfd", "hw/virtio-pci.c:200"
        assigned = self.kvm.assign(n, self.vq[n].host_notifier.file(self.files)) == 0
        if not assigned:
            self.vq[n].host_notifier.cleanup(self.files)
        return assigned

    @procedure
    def set_fd_handler(self, n):
        yield "set fd handler", "hw/virtio-pci.c:241"
        self.qemu_set_fd_handler(self.vq[n].host_notifier.fd, n)

    @procedure
    def unset_fd_handler(self, n):
        yield "unset fd handler", "hw/virtio-pci.c:244"
        self.handlers.unset_handler(self.vq[n].host_notifier.fd)

    def deassign_by_number(self, n):
        if not self.files.table.is_open(self.vq[n].host_notifier.fd):
            self.misused("deassign-on-closed-fd")
            return -EBADF
        return self.kvm.deassign(n, self.vq[n].host_notifier.file(self.files))

    @procedure
    def kvm_deassign(self, n):
        """Whether KVM has done it; then no signal is in flight any more."""
        yield "deassign ioeventfd", "hw/virtio-pci.c:207"
        error = self.deassign_by_number(n)
        if error < 0:
            self.deassign_failed = self.misuse == "nothing"
            return False
        if not self.kvm.synchronized():
            yield "synchronize_srcu", "virt/kvm/kvm_main.c: kvm_io_bus_unregister_dev"
            when(self.kvm.synchronized())
        return True

    @procedure
    def drain(self, n):
        """The race that the guest has kicked and its kick has not been handled before the deassign."""
        yield "test and clear", "hw/virtio-pci.c:217"
        if self.vq[n].host_notifier.test_and_clear(self.files) and self.virtio_queue_notify_vq(n):
            yield "handle_output", "hw/virtio-pci.c:218"
            self.handle_output(n)

    @procedure
    def event_notifier_cleanup(self, n):
        yield "event_notifier_cleanup", "hw/virtio-pci.c:221"
        self.vq[n].host_notifier.cleanup(self.files)

    @procedure
    def open_another_file(self):
        """Something else is opened before the mutex is dropped, and gets the number."""
        yield "open another file"
        self.files.eventfd_2(1, self.held_by_kernel(), True)

    @procedure
    def start_queue(self, n):
        """virtio_pci_set_host_notifier_internal and ..._fd_handler, with assign = true."""
        assigned = Bool(init=True)
        for part in start_order:
            if part == "init":
                yield from self.event_notifier_init(n)
            elif part == "assign":
                assigned = yield from self.kvm_assign(n)
                if not assigned:
                    return False
            else:
                yield from self.set_fd_handler(n)
        return True

    @procedure
    def stop_queue(self, n):
        """The same with assign = false. Where KVM refuses, the rest is left out."""
        deassigned = Bool(init=True)
        for part in stop_order:
            if part == "unset":
                yield from self.unset_fd_handler(n)
            elif part == "deassign":
                deassigned = yield from self.kvm_deassign(n)
                if not deassigned:
                    return
            elif part == "drain":
                yield from self.drain(n)
            elif part == "close":
                yield from self.event_notifier_cleanup(n)
            else:
                yield from self.open_another_file()

    # --- hw/virtio-pci.c: the device --------------------------------------------------------------------

    @procedure
    def virtio_pci_start_ioeventfd(self):
        started = Int(0, queues, init=0)
        assigned = Bool(init=True)
        if not self.use_ioeventfd or self.ioeventfd_started:
            return
        for n in Queue:
            assigned = yield from self.start_queue(n)
            if not assigned:
                break
            started += 1
        if started == queues:
            self.ioeventfd_started = True
            return
        for i in Queue:                              # assign_error: the queues before it, the last one first
            if queues - 1 - i < started:
                yield from self.stop_queue(queues - 1 - i)
        self.use_ioeventfd = False

    @procedure
    def virtio_pci_stop_ioeventfd(self):
        if not self.ioeventfd_started:
            return
        for n in Queue:
            yield from self.stop_queue(n)
        self.ioeventfd_started = False

    @procedure
    def vm_state_notify_stopped(self):
        """virtio_pci_vm_change_state_handler, with running = 0."""
        if vm_change_handler and self.plugged:
            yield from self.virtio_pci_stop_ioeventfd()

    @procedure
    def vm_state_notify_running(self):
        """The same with running = 1; without DRIVER_OK nothing has been started that it could stop."""
        if vm_change_handler and self.plugged and self.driver_ok:
            yield from self.virtio_pci_start_ioeventfd()

    @procedure
    def virtio_pci_set_host_notifier(self, assign):
        """For each queue; it does without virtio-pci's own handler."""
        if self.ioeventfd_started:
            yield from self.virtio_pci_stop_ioeventfd()
            self.use_ioeventfd = False
        for n in Queue:
            if assign:
                yield from self.event_notifier_init(n)
                yield from self.kvm_assign(n)
            else:
                yield from self.kvm_deassign(n)
                yield from self.drain(n)
                yield from self.event_notifier_cleanup(n)
        self.host_notifiers = assign

    @procedure
    def write(self, what):
        """Under the mutex: virtio_ioport_write, virtio_write_config, and what the main loop does itself."""
        if what == "driver_ok":
            yield from self.write_driver_ok()
        elif what == "status_0" or what == "pfn_0":
            for part in reset_order:
                if part == "stop":
                    yield from self.virtio_pci_stop_ioeventfd()
                else:
                    yield from self.virtio_reset()
                    self.driver_ok = False
        elif what == "set_pfn":
            yield "virtio_queue_set_addr", "hw/virtio-pci.c:343"
            for n in Queue:
                self.vq[n].desc = True
                self.vq[n].avail = 0                 # the ring is new
        elif what == "bus_master_off":
            yield from self.write_bus_master_off()
        elif what == "eject":
            yield from self.virtio_blk_exit_pci()
        elif what == "host_notifier_on" or what == "host_notifier_off":
            yield from self.virtio_pci_set_host_notifier(what == "host_notifier_on")
        elif what == "stop":
            yield from self.do_vm_stop()
        elif what == "cont":
            yield from self.vm_start()
        elif what == "migrate":
            yield "migrate", "savevm.c: qemu_loadvm_state"
            self.migrate()
        elif what == "system_reset":
            yield from self.pause_all_vcpus()
            yield from self.virtio_pci_reset()

    @procedure
    def write_driver_ok(self):
        """STATUS with DRIVER_OK; Linux before 2.6.34 does not set the bus master bit first."""
        for part in status_order:
            if part == "start":
                yield from self.virtio_pci_start_ioeventfd()
            else:
                yield "virtio_set_status", "hw/virtio-pci.c:359"
                self.driver_ok = True
                if not self.command_master:
                    self.bus_master_bug = True

    @procedure
    def write_bus_master_off(self):
        """PCI_COMMAND without PCI_COMMAND_MASTER."""
        self.command_master = False
        if not self.bus_master_bug:
            yield from self.virtio_pci_stop_ioeventfd()
            yield "virtio_set_status without DRIVER_OK", "hw/virtio-pci.c:540"
            self.driver_ok = False

    @procedure
    def virtio_blk_exit_pci(self):
        for part in exit_order:
            if part == "stop":
                yield from self.virtio_pci_stop_ioeventfd()
            else:
                yield "virtio_blk_exit", "hw/virtio-pci.c:739"
                self.plugged = False

    @procedure
    def virtio_pci_reset(self):
        yield from self.virtio_pci_stop_ioeventfd()
        yield from self.virtio_reset()
        self.driver_ok = False
        if "bus_master_bug" in reset_clears:
            self.bus_master_bug = False
        if "use_ioeventfd" in reset_clears:
            self.use_ioeventfd = False
        self.resume_all_vcpus()

    def migrate(self):
        """The machine goes on in another process, without this one's descriptors, handlers and KVM."""
        for fd in Fd:
            self.files.table.close(fd)
            self.handlers.unset_handler(fd)
        for n in Queue:
            self.kvm.device[n] = None
            self.vq[n].host_notifier.fd = None
        self.ioeventfd_started = False
        self.use_ioeventfd = destination_ioeventfd

    @procedure
    def dispatch(self, fd):
        yield "dispatch", "vl.c: main_loop_wait"
        if self.handlers.is_live(fd) or (self.handlers.handler[fd].present and not recheck_deleted):
            yield from self.virtio_pci_host_notifier_read(self.handlers.handler[fd].opaque)

    @procedure
    def virtio_pci_host_notifier_read(self, n):
        """The handler that is set for each queue; its record's opaque is the queue."""
        if not self.plugged:
            self.misused("handler-on-freed-vq")
            return
        if not self.files.is_notifier(self.vq[n].host_notifier.fd):
            self.misused("handler-read-closed-or-reused-fd")
            return
        if not nonblocking and not self.vq[n].host_notifier.is_set(self.files):
            yield "read", "hw/event_notifier.c: event_notifier_test_and_clear"
            when(self.vq[n].host_notifier.is_set(self.files))
        if self.vq[n].host_notifier.test_and_clear(self.files) and self.virtio_queue_notify_vq(n):
            yield "handle_output", "hw/virtio-pci.c:231"
            self.handle_output(n)

    # --- properties -------------------------------------------------------------------------------------

    def unseen(self, n):
        """The guest has made a buffer available and has kicked; the device is to look, and has not yet."""
        return (
            self.vq[n].last_avail < self.vq[n].avail
            and not at(self.control_vcpu, "out") and not any(at(self.vcpu[c], "out") for c in Vcpu)
            and self.vq[n].desc and self.plugged and not self.host_notifiers
            and self.vm == "running" and self.misuse == "nothing"
        )  # fmt: skip

    @temporal
    def no_lost_notify(self):
        """The device looks at every buffer whose kick was made."""
        return all(leads_to(self.unseen(n), not self.unseen(n)) for n in Queue)

    @invariant
    def no_delayed_notify(self):
        """It looks without the main loop having to time out."""
        return not (
            self.asleep() and not self.mutex.held and all(self.cpu[c].in_guest for c in Vcpu)
            and any(self.unseen(n) for n in Queue)
        )  # fmt: skip

    def handling(self):
        return (
            at(self.main_loop, "handle_output") or at(self.control_vcpu, "handle_output")
            or any(at(self.vcpu[c], "handle_output") for c in Vcpu)
        )  # fmt: skip

    @invariant
    def no_handle_while_vm_stopped(self):
        """Strictly: while vm_running == 0."""
        return not (self.handling() and self.vm != "running")

    @invariant
    def no_handle_after_vm_stop(self):
        return not (self.handling() and self.vm == "stopped")

    @invariant
    def no_double_handle(self):
        """A queue has one consumer: two threads are never in handle_output at once."""
        vcpus_in_it = sum(1 for c in Vcpu if at(self.vcpu[c], "handle_output") or c == vcpus - 1 and
                          at(self.control_vcpu, "handle_output"))  # fmt: skip
        return vcpus_in_it + (1 if at(self.main_loop, "handle_output") else 0) <= 1

    @invariant
    def no_handle_unconfigured(self):
        """handle_output is not called for a queue without a ring."""
        return not (self.handling() and any(not self.vq[n].desc for n in Queue))

    @invariant
    def no_use_after_cleanup(self):
        return self.misuse == "nothing"

    @invariant
    def no_use_after_free_in_kvm(self):
        return not self.kvm.frees_what_is_in_use()

    @invariant
    def no_deassign_error(self):
        return not self.deassign_failed

    def main_loop_waits(self):
        """For the mutex, the vcpus, KVM's readers, or data."""
        return (
            at(self.main_loop, "lock") or at(self.main_loop, "all vcpus paused")
            or at(self.main_loop, "synchronize_srcu") or at(self.main_loop, "read")
        )  # fmt: skip

    def control_vcpu_waits(self):
        """For the mutex, the other vcpus, or KVM's readers."""
        return (
            at(self.control_vcpu, "lock") or at(self.control_vcpu, "all vcpus paused")
            or at(self.control_vcpu, "synchronize_srcu")
        )  # fmt: skip

    def threads_go_on(self):
        return (
            infinitely_often(self.misuse != "nothing" or not self.main_loop_waits())
            and infinitely_often(self.misuse != "nothing" or not self.control_vcpu_waits())
            and all(infinitely_often(self.misuse != "nothing" or not at(self.vcpu[c], "lock")) for c in Vcpu)
        )

    @temporal
    def no_lock_cycle(self):
        """No thread of QEMU waits for ever."""
        return self.threads_go_on()

    @temporal
    def no_deadlock(self):
        """Nobody waits for ever, a driver that spins included."""
        return self.threads_go_on() and all(
            infinitely_often(not at(self.vcpu[c], "spin") or self.vm != "running") for c in Vcpu
        )

    @invariant
    def no_blocked_read(self):
        """The main loop does not sleep in read(), with the mutex."""
        return not at(self.main_loop, "read")


CASES = [
    Case("status 0", VirtioPci, where(vcpus=2, control=("status_0",))),
    Case("system reset", VirtioPci, violates("no_delayed_notify"),
         where(vcpus=2, commands=("system_reset",), control=("set_pfn", "driver_ok", "kick"))),
    Case("system reset clears every flag", VirtioPci,
         where(vcpus=2, commands=("system_reset",), control=("set_pfn", "driver_ok", "kick"),
               reset_clears=("bus_master_bug", "use_ioeventfd"))),
    Case("migration", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "migrate", "cont"))),
    Case("host notifiers on and off", VirtioPci,
         where(vcpus=2, control=("host_notifier_on", "host_notifier_off"))),
    Case("unplug", VirtioPci, where(vcpus=2, control=("eject",))),
    Case("a blocking eventfd that starts at 0, 2 kicks", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify", "no_deadlock", "no_lock_cycle", "no_blocked_read"), deadlocks(),
         where(vcpus=2, kicks=2, control=("bus_master_off", "driver_ok"), nonblocking=False, active=0)),
    Case("a closed number is reused", VirtioPci,
         where(vcpus=2, control=("bus_master_off",),
               stop_order=("unset", "deassign", "drain", "close", "open"))),
    Case("bus master bug", VirtioPci, violates("no_delayed_notify"),
         where(vcpus=2, up=False, bus_master=False, control=("driver_ok", "bus_master_off"))),
    Case("the driver starts before ioeventfd", VirtioPci, violates("no_delayed_notify"),
         where(vcpus=2, up=False, control=("driver_ok", "kick"), status_order=("set_status", "start"))),
]
