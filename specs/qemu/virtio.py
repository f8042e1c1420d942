"""A virtio device, its driver in the guest, and two ways of a kick: port I/O and ioeventfd (hw/virtio.c, KVM).

The driver makes a buffer available, then writes the number of the queue to a port. KVM signals what is
assigned to that write; where nothing is, the vcpu leaves KVM_RUN and QEMU calls the device under the global
mutex. How the two ways are switched, and what is asked of them, is the business of a transport: see
virtio_pci.py.
"""

from modelcheck import Array, Bool, Const, Int, Record, assume, procedure, process, when

from .cpus import Machine
from .event_notifier import EventNotifier
from .kvm_iobus import Queue, Vcpu, queues, vcpus

kicks = Const(1, Int(1, 3))              # by each vcpu, to one queue after the other
spins = Const(False)                     # a synchronous driver: it waits for its buffer after each kick
control = Const(("none",))               # what the last vcpu writes to the device instead: a Write each
pio_order = Const(("lock", "lookup"))    # of an exit for port I/O
desc_check = Const(True)                 # virtio_queue_notify_vq looks at vring.desc

assume(
    queues < vcpus + kicks - (0 if "none" in control else 1) or ("kick" in control and queues <= vcpus),
    "a queue is never kicked: raise kicks",
)


class VirtQueue(Record):
    desc = Bool(init=True)               # vring.desc: the guest has said where the ring is
    avail = Int(0, 6, init=0)            # buffers that the guest has made available
    last_avail = Int(0, 6, init=0)       # of these, those that the device has looked at
    host_notifier = EventNotifier()


class Virtio(Machine):
    vq = Array(Queue, VirtQueue())
    plugged = Bool(init=True)            # until unplug has freed the device

    # --- hw/virtio.c ------------------------------------------------------------------------------------------

    def virtio_queue_notify_vq(self, n):
        """Whether it calls handle_output, which is the next step then."""
        return self.vq[n].desc or not desc_check

    def handle_output(self, n):
        self.vq[n].last_avail = self.vq[n].avail

    @procedure
    def virtio_reset(self):
        yield "virtio_reset", "hw/virtio.c: virtio_reset"
        for n in Queue:
            self.vq[n].desc = False
            self.vq[n].last_avail = 0
            self.vq[n].avail = 0                     # of a ring that the device has forgotten

    # --- vcpus ------------------------------------------------------------------------------------------

    @process(each=Vcpu, fair="strong", unfair=("add buffer", "out"))
    def vcpu(self, cpu):
        if cpu == vcpus - 1 and "none" not in control:
            return
        for k in range(kicks):
            yield from self.kick(cpu, k)

    @process(fair="strong", unfair=("add buffer", "out", "port write"))
    def control_vcpu(self):
        """The last vcpu, where it writes to the device instead."""
        if "none" in control:
            return
        for what in control:
            if what == "kick":
                yield from self.kick(vcpus - 1, 0)
            else:
                yield from self.port_write(vcpus - 1, what)

    @procedure
    def port_write(self, cpu, what):
        yield "port write"
        self.runs_guest_code(cpu)
        if what == "set_pfn":                        # the driver leaves queues alone that are active
            when(not any(self.vq[n].desc for n in Queue))
        self.exits(cpu)
        yield "lock", "kvm-all.c: kvm_cpu_exec"
        self.mutex.lock()
        yield from self.write(what)
        self.mutex.unlock()
        self.enters(cpu)

    @procedure
    def kick(self, cpu, k):
        yield "add buffer"
        self.runs_guest_code(cpu)
        n = (cpu + k) % queues
        self.vq[n].avail += 1
        yield "out", "virt/kvm/kvm_main.c: kvm_io_bus_write"
        self.runs_guest_code(cpu)
        self.exits(cpu)
        if self.kvm.lookup(cpu, n):
            yield "eventfd_signal", "virt/kvm/eventfd.c: ioeventfd_write"
            self.files.eventfd[self.kvm.found[cpu]].signal()
            self.kvm.leave(cpu)
        else:
            yield from self.virtio_queue_notify(n)
        self.enters(cpu)
        if spins:
            yield "spin"
            self.runs_guest_code(cpu)
            when(self.vq[n].last_avail == self.vq[n].avail)

    @procedure
    def virtio_queue_notify(self, n):
        """KVM_EXIT_IO: the handler of the port is found, and called, under the mutex."""
        found = Bool(init=False)
        for part in pio_order:
            if part == "lock":
                yield "lock", "kvm-all.c: kvm_cpu_exec"
                self.mutex.lock()
            else:
                yield "find handler of port", "ioport.c: ioport_write"
                found = self.plugged
        if found and not self.plugged:
            self.misused("pio-on-freed-device")
        elif found and self.virtio_queue_notify_vq(n):
            yield "handle_output", "hw/virtio-pci.c:350"
            self.handle_output(n)
        self.mutex.unlock()
