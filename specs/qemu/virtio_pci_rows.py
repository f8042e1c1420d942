"""The table of what virtio-pci's ioeventfd does in each of its variants: main loop thread, vcpus, KVM (rows A).

Each case is a row, by its number, or a patch. Its constants are what the code, the guest and the host do in it;
what is not named is as in v5 of the patch, with ioeventfd on and a main loop that has read every kick so far.

The columns are the properties of virtio_pci.py: no_lost_notify; no_handle_while_vm_stopped (strictly: while
vm_running == 0) and no_handle_after_vm_stop; no_use_after_cleanup; no_deadlock; the others are seldom violated.
Where no_delayed_notify alone is violated, a kick waits for select's timeout of a second, because setting a
handler does not wake the main loop. A driver that spins for a buffer that is lost waits for ever, which is no
cycle of locks: no_deadlock is violated then, and no_lock_cycle holds.
"""

from modelcheck import Case, deadlocks, procedure, violates, where

from .kvm_iobus import Queue
from .virtio_pci import VirtioPci


class UnsetAllFirst(VirtioPci):
    """A patch, as an override: one loop for the handlers, a second for KVM, a third for the rest."""

    @procedure
    def virtio_pci_stop_ioeventfd(self):
        if not self.ioeventfd_started:
            return
        for n in Queue:
            yield from self.unset_fd_handler(n)
        for n in Queue:
            yield from self.kvm_deassign(n)
        for n in Queue:
            yield from self.drain(n)
            yield from self.event_notifier_cleanup(n)
        self.ioeventfd_started = False


class DrainAllFirst(VirtioPci):
    """Another: it drains every queue before the first is deassigned."""

    @procedure
    def virtio_pci_stop_ioeventfd(self):
        if not self.ioeventfd_started:
            return
        for n in Queue:
            yield from self.unset_fd_handler(n)
            yield from self.drain(n)
        for n in Queue:
            yield from self.kvm_deassign(n)
            yield from self.event_notifier_cleanup(n)
        self.ioeventfd_started = False


CASES = [
    # A kick while ioeventfd is on
    Case("A01 1 vcpu, 1 queue, 1 kick", VirtioPci),
    Case("A02 3 kicks, which coalesce", VirtioPci, where(kicks=3)),
    Case("A03 2 vcpus, 2 queues, 2 kicks each", VirtioPci, where(vcpus=2, queues=2, kicks=2)),
    Case("A04 3 vcpus, 3 queues", VirtioPci, where(vcpus=3, queues=3, files=3, opaques=3)),
    Case("A05 3 vcpus kick 1 queue", VirtioPci, where(vcpus=3)),

    # vm_stop and vm_start while the guest kicks
    Case("A10 vm_stop and vm_start", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "cont"))),
    Case("A11 vm_stop and vm_start, no drain", VirtioPci,
         where(commands=("stop", "cont"), stop_order=("unset", "deassign", "close"))),
    # The kick is in an eventfd that is closed; the new one starts at 0, so nothing looks at the ring again.
    Case("A12 vm_stop and vm_start, no drain, the eventfd starts at 0", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"),
         where(commands=("stop", "cont"), active=0, stop_order=("unset", "deassign", "close"))),
    Case("A13 vm_stop and vm_start, the eventfd starts at 0", VirtioPci,
         violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "cont"), active=0)),
    Case("A14 vm_stop and vm_start, 2 vcpus, 2 queues", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "cont"), vcpus=2, queues=2)),
    # As A12: kicks are port I/O on the other host, and no eventfd starts at 1 there.
    Case("A15 migration to a host without ioeventfd, no drain", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"),
         where(commands=("stop", "migrate", "cont"), destination_ioeventfd=False,
               stop_order=("unset", "deassign", "close"))),
    Case("A16 migration to a host without ioeventfd", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "migrate", "cont"), destination_ioeventfd=False)),
    Case("A17 vm_stop that the device does not hear of", VirtioPci, violates("no_handle_while_vm_stopped"),
         violates("no_handle_after_vm_stop"),
         where(commands=("stop", "cont"), vm_change_handler=False)),
    Case("A18 vm_stop and vm_start, drain before deassign", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "cont"), stop_order=("unset", "drain", "deassign", "close"))),

    # Bus mastering is switched off while the guest kicks: kicks go on, by port I/O
    # A kick between drain and deassign is in an eventfd that is closed, and none starts at 1 after it.
    Case("A18b bus master off, drain before deassign", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"),
         where(vcpus=2, control=("bus_master_off",), stop_order=("unset", "drain", "deassign", "close"))),
    # A lookup from before the deassign signals after the drain. What it uses has been freed, by KVM.
    Case("A19 bus master off, deassign does not wait for readers", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"), violates("no_use_after_free_in_kvm"),
         where(vcpus=2, control=("bus_master_off",), srcu=False)),
    Case("A19b bus master off", VirtioPci, where(vcpus=2, control=("bus_master_off",))),
    Case("A20 bus master off, no drain", VirtioPci, violates("no_lost_notify"), violates("no_delayed_notify"),
         where(vcpus=2, control=("bus_master_off",), stop_order=("unset", "deassign", "close"))),
    Case("A21 bus master off, deassign before unset", VirtioPci,
         where(vcpus=2, control=("bus_master_off",), stop_order=("deassign", "unset", "drain", "close"))),
    # Under the mutex the order does not show: the main loop finds the record deleted, or the eventfd read.
    Case("A22 bus master off, drain before unset", VirtioPci,
         where(vcpus=2, control=("bus_master_off",), stop_order=("deassign", "drain", "unset", "close"))),
    Case("A23 bus master off, 2 queues", VirtioPci,
         where(vcpus=2, control=("bus_master_off",), queues=2, kicks=2)),
    Case("A24 bus master off by the main loop, close before unset", VirtioPci,
         where(commands=("bus_master_off",), stop_order=("deassign", "drain", "close", "unset"))),
    Case("A25 bus master off, close before unset", VirtioPci,
         where(vcpus=2, control=("bus_master_off",), stop_order=("deassign", "drain", "close", "unset"))),

    # What has been cleaned up is used
    Case("A26 bus master off, close before deassign", VirtioPci, violates("no_use_after_cleanup"),
         where(vcpus=2, control=("bus_master_off",), stop_order=("unset", "close", "deassign", "drain"))),
    Case("A27 bus master off, the handler is never unset", VirtioPci, violates("no_use_after_cleanup"),
         where(vcpus=2, control=("bus_master_off",), stop_order=("deassign", "drain", "close"))),
    Case("A28 bus master off, the handler is never unset, the number is reused", VirtioPci,
         violates("no_use_after_cleanup"),
         where(vcpus=2, control=("bus_master_off",), stop_order=("deassign", "drain", "close", "open"))),
    Case("A29 bus master off, deleted handlers are called", VirtioPci, violates("no_use_after_cleanup"),
         where(vcpus=2, control=("bus_master_off",), recheck_deleted=False)),
    Case("A29b bus master off, deleted handlers are not called", VirtioPci,
         where(vcpus=2, control=("bus_master_off",))),

    # Stopped and started by a vcpu: the main loop sleeps on what was there before
    Case("A30 stop and start, the number is reused", VirtioPci, violates("no_delayed_notify"),
         where(vcpus=2, control=("bus_master_off", "driver_ok"))),
    # The number was ready for the old eventfd: the main loop sleeps in read() of the new one, with the mutex.
    # The drain has handled the one kick; a second may wait for the mutex for ever. (The drain itself would also
    # wait on an eventfd that blocks and is empty; here it does not, so that these rows show the dispatch alone.)
    Case("A31 stop and start, blocking eventfd that starts at 0", VirtioPci,
         violates("no_delayed_notify", "no_deadlock", "no_lock_cycle", "no_blocked_read"), deadlocks(),
         where(vcpus=2, control=("bus_master_off", "driver_ok"), nonblocking=False, active=0)),
    Case("a second kick in A31", VirtioPci, violates("no_lost_notify", "no_delayed_notify"),
         violates("no_deadlock", "no_lock_cycle", "no_blocked_read"), deadlocks(),
         where(vcpus=2, kicks=2, control=("bus_master_off", "driver_ok"), nonblocking=False, active=0)),
    Case("A32 stop and start, blocking eventfd", VirtioPci, violates("no_delayed_notify"),
         where(vcpus=2, control=("bus_master_off", "driver_ok"), nonblocking=False)),
    # As A34: select does not watch the new eventfd, whatever it starts at.
    Case("A33 start during an endless select, the eventfd starts at 0", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"),
         where(control=("driver_ok", "kick"), up=False, select_times_out=False, active=0)),
    Case("A34 start during an endless select", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"),
         where(control=("driver_ok", "kick"), up=False, select_times_out=False)),
    Case("A35 start during select", VirtioPci, violates("no_delayed_notify"),
         where(control=("driver_ok", "kick"), up=False)),
    # The notify pipe wakes select, and the next one watches the eventfd.
    Case("A36 start during an endless select, set_fd_handler notifies", VirtioPci,
         where(control=("driver_ok", "kick"), up=False, select_times_out=False, active=0,
               set_handler_notifies=True)),

    # Reset while the guest kicks
    Case("A40 reset", VirtioPci, where(vcpus=2, control=("pfn_0",))),
    Case("A41 reset, no look at vring.desc", VirtioPci, violates("no_handle_unconfigured"),
         where(vcpus=2, control=("pfn_0",), desc_check=False)),
    # Kicks go on to reach the main loop, which finds no ring and lets them be.
    Case("A42 reset without stop", VirtioPci, where(vcpus=2, control=("pfn_0",), reset_order=("reset",))),
    Case("A43 reset without stop, no look at vring.desc", VirtioPci, violates("no_handle_unconfigured"),
         where(vcpus=2, control=("pfn_0",), reset_order=("reset",), desc_check=False)),
    Case("A44 reset, then the driver starts again", VirtioPci, violates("no_delayed_notify"),
         where(vcpus=2, control=("pfn_0", "set_pfn", "driver_ok", "kick"))),
    Case("A45 reset without stop, then the driver starts again", VirtioPci,
         where(vcpus=2, control=("pfn_0", "set_pfn", "driver_ok", "kick"), reset_order=("reset",))),
    # The drain itself calls handle_output, for a ring that is gone; so do the kicks that come after it.
    Case("A46 reset before stop, no look at vring.desc", VirtioPci, violates("no_handle_unconfigured"),
         where(vcpus=2, control=("pfn_0",), reset_order=("reset", "stop"), desc_check=False)),

    # KVM refuses
    Case("A50 no room on the bus for queue 1 of 2", VirtioPci,
         where(vcpus=2, queues=2, kicks=2, control=("driver_ok",), up=False, iobus_slots=1)),
    Case("A51 no room on the bus for queue 1 of 2, no drain, the eventfd starts at 0", VirtioPci,
         violates("no_lost_notify"), violates("no_delayed_notify"),
         where(vcpus=2, queues=2, kicks=2, control=("driver_ok",), up=False, iobus_slots=1, active=0,
               stop_order=("unset", "deassign", "close"))),
    # The eventfd that starts at 1 is closed with the kick in it, and kicks are port I/O from then on.
    Case("A52 no room on the bus for queue 1 of 2, no drain", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"),
         where(vcpus=2, queues=2, kicks=2, control=("driver_ok",), up=False, iobus_slots=1,
               stop_order=("unset", "deassign", "close"))),
    Case("A53 no room on the bus for queue 2 of 3", VirtioPci,
         where(vcpus=2, kicks=3, control=("driver_ok",), up=False, iobus_slots=2, queues=3, files=3,
               opaques=3)),
    # KVM goes on signalling an eventfd whose handler is unset: nobody reads it.
    Case("A54 deassign fails", VirtioPci, violates("no_lost_notify"), violates("no_delayed_notify"),
         violates("no_deassign_error"),
         where(vcpus=2, control=("bus_master_off",), iobus_allocates=False)),
    Case("A55 deassign fails, then vm_start", VirtioPci, violates("no_lost_notify"),
         violates("no_delayed_notify"), violates("no_deassign_error"),
         where(commands=("stop", "cont"), iobus_allocates=False)),

    # Unplug while the guest kicks
    Case("A60 unplug", VirtioPci, where(commands=("eject",))),
    Case("A61 unplug without stop", VirtioPci, violates("no_use_after_cleanup"),
         where(commands=("eject",), exit_order=("exit",))),
    Case("A62 unplug by a vcpu, 2 queues", VirtioPci, where(vcpus=2, control=("eject",), queues=2, kicks=2)),
    # The vcpu waits for the mutex with a handler that unplug frees meanwhile.
    Case("A63 unplug by a vcpu, the port's handler is found before the mutex is taken", VirtioPci,
         violates("no_use_after_cleanup"),
         where(vcpus=2, control=("eject",), pio_order=("lookup", "lock"))),

    # More of the same
    Case("A64 vm_stop and vm_start, 3 vcpus, 3 queues", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "cont"), vcpus=3, queues=3, files=3, opaques=3)),
    Case("A65 start without a handler", VirtioPci, violates("no_lost_notify"), violates("no_delayed_notify"),
         where(control=("driver_ok", "kick"), up=False, start_order=("init", "assign"))),
    Case("A66 vm_stop and vm_start twice, 2 kicks", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(commands=("stop", "cont", "stop", "cont"), kicks=2)),
    Case("A67 vm_stop and vm_start twice, 2 kicks, no drain", VirtioPci,
         where(commands=("stop", "cont", "stop", "cont"), kicks=2,
               stop_order=("unset", "deassign", "close"))),
    # It waits for itself to pause, without the mutex: the main loop still handles kicks, and none is lost.
    Case("A70 vm_stop on the thread of a vcpu", VirtioPci, violates("no_handle_while_vm_stopped"),
         violates("no_deadlock"), violates("no_lock_cycle"),
         where(vcpus=2, control=("stop",))),
    Case("A71 vm_stop and vm_start, bus master off", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(vcpus=2, control=("bus_master_off",), commands=("stop", "cont"))),
    Case("A80 spinning guest", VirtioPci, where(spins=True)),
    Case("A81 spinning guest, vm_stop and vm_start", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(spins=True, commands=("stop", "cont"))),
    # As A12; the driver spins for ever on the buffer that nobody looks at, which is no cycle of locks.
    Case("A82 spinning guest, vm_stop and vm_start, no drain, the eventfd starts at 0", VirtioPci,
         violates("no_lost_notify"), violates("no_delayed_notify"), violates("no_deadlock"),
         where(spins=True, active=0, commands=("stop", "cont"), stop_order=("unset", "deassign", "close"))),
    Case("A83 port I/O alone, vm_stop and vm_start", VirtioPci, violates("no_handle_while_vm_stopped"),
         where(ioeventfd=False, commands=("stop", "cont"))),

    # Two patches of virtio_pci_stop_ioeventfd
    Case("a patch: all handlers are unset first", UnsetAllFirst,
         where(vcpus=2, queues=2, kicks=2, control=("bus_master_off",))),
    Case("a patch: all queues are drained first", DrainAllFirst, violates("no_lost_notify"),
         violates("no_delayed_notify"), where(vcpus=2, queues=2, kicks=2, control=("bus_master_off",))),
]
