"""KVM's port I/O bus with ioeventfds (virt/kvm/eventfd.c, kvm_main.c): does a kick fall between two owners?

The key of an ioeventfd is (PIO bus, address, length 2, datamatch n): here the number of the queue alone, as
the three others are the same for all queues of a device. A vcpu's write looks the key up and signals what it
finds in two steps, both inside an SRCU read section; a deassign unregisters, then waits for the readers that
were inside at that moment. KVM has a reference of its own to the eventfd, so one that QEMU has closed goes on
swallowing kicks until it is deassigned.
"""

from modelcheck import (
    Array, Case, Const, Int, Option, Range, Record, Set, Spec, done, implies, invariant, procedure, process,
    violates, when, where,
)  # fmt: skip

from ..linux.errno import EEXIST
from ..linux.eventfd import EventFd
from ..linux.fd_table import File

vcpus = Const(1, Int(1, 5))
queues = Const(1, Int(1, 4))
iobus_slots = Const(6, Int(0, 6))         # NR_IOBUS_DEVS, less what other devices have taken
srcu = Const(True)                        # a deassign waits for lookups that are under way
iobus_allocates = Const(True)             # kvm_io_bus_unregister_dev gets the memory that it needs

ENOENT = Const(2)
ENOMEM = Const(12)
ENOSPC = Const(28)

Vcpu = Range(vcpus)
Queue = Range(queues)


class KvmIoBus(Record):
    device = Array(Queue, Option(File, init=None))   # what a write of this queue's number signals
    found = Array(Vcpu, Option(File, init=None))     # by a lookup under way: the vcpu is an SRCU reader
    awaited = Set(Vcpu, init=set())                  # the readers that synchronize_srcu waits for

    def refers(self, file):
        """KVM holds a reference to the eventfd."""
        return any(self.device[q] == file for q in Queue) or any(self.found[c] == file for c in Vcpu)

    def assign(self, q, file):
        """KVM_IOEVENTFD (kvm_assign_ioeventfd): 0, -EEXIST or -ENOSPC."""
        if self.device[q] is not None:
            return -EEXIST
        if sum(1 for other in Queue if self.device[other] is not None) >= iobus_slots:
            return -ENOSPC
        self.device[q] = file
        return 0

    def deassign(self, q, file):
        """KVM_IOEVENTFD with FLAG_DEASSIGN: 0, -ENOENT or -ENOMEM. It waits until `synchronized`."""
        if self.device[q] != file:
            return -ENOENT
        if not iobus_allocates:
            return -ENOMEM
        self.device[q] = None
        if srcu:
            self.awaited = {c for c in Vcpu if self.found[c] is not None}
        return 0

    def synchronized(self):
        """synchronize_srcu_expedited returns: nobody is inside who was there when it was called."""
        return len(self.awaited) == 0

    def lookup(self, vcpu, q):
        """kvm_io_bus_write: False where nothing is assigned, and the vcpu exits to QEMU; else `leave` is next."""
        self.found[vcpu] = self.device[q]
        return self.device[q] is not None

    def leave(self, vcpu):
        """The end of the SRCU read section."""
        self.found[vcpu] = None
        self.awaited.discard(vcpu)

    def frees_what_is_in_use(self):
        """A reader is about to use an ioeventfd that a deassign has freed (ioeventfd_release)."""
        return any(
            self.found[c] is not None
            and c not in self.awaited
            and all(self.device[q] != self.found[c] for q in Queue)
            for c in Vcpu
        )


class Kicks(Spec):
    """Each vcpu kicks once; meanwhile the eventfd of each queue is assigned and deassigned."""

    bus = KvmIoBus()
    eventfd = Array(File, EventFd())
    exits = Int(0, vcpus, init=0)
    result = Int(-28, 0, init=0)

    @process(each=Vcpu)
    def vcpu(self, cpu):
        yield "out", "virt/kvm/kvm_main.c: kvm_io_bus_write"
        if self.bus.lookup(cpu, cpu % queues):
            yield "signal", "virt/kvm/eventfd.c: ioeventfd_write"
            self.eventfd[self.bus.found[cpu]].signal()
            self.bus.leave(cpu)
        else:
            self.exits += 1

    @procedure
    def change(self, q):
        yield "assign", "virt/kvm/eventfd.c: kvm_assign_ioeventfd"
        self.result = self.bus.assign(q, 0)
        yield "deassign", "virt/kvm/eventfd.c: kvm_deassign_ioeventfd"
        self.result = self.bus.deassign(q, 0)
        yield "synchronize"
        when(self.bus.synchronized())

    @process(each=Queue)
    def owner(self, q):
        yield from self.change(q)

    @invariant
    def no_signal_after_deassign(self):
        """On return from a deassign no signal is in flight: what the drain does not find was not sent."""
        return implies(all(done(self.owner[q]) for q in Queue), all(self.bus.found[c] is None for c in Vcpu))

    @invariant
    def every_kick_goes_one_way(self):
        return implies(all(done(self.vcpu[c]) for c in Vcpu), self.exits + self.eventfd[0].counter == vcpus)

    @invariant
    def nothing_in_use_is_freed(self):
        return not self.bus.frees_what_is_in_use()


CASES = [
    Case("one kick", Kicks),
    Case("two vcpus, two queues", Kicks, where(vcpus=2, queues=2)),
    Case("deassign does not wait for readers", Kicks, violates("no_signal_after_deassign"),
         violates("nothing_in_use_is_freed"), where(srcu=False)),
    Case("no room on the bus", Kicks, where(vcpus=2, queues=2, iobus_slots=1)),
    Case("no memory to unregister", Kicks, violates("no_signal_after_deassign"),
         where(iobus_allocates=False)),
]
