"""virtio-pci ioeventfd: a guest's kick racing with the deassign of its eventfd. Is a kick lost?

The patch: "virtio-pci: Use ioeventfd for virtqueue notify", v5 2/4, December 2010; lines are those of the commit,
QEMU 25db9ebe15. A guest makes a buffer available, then writes the queue's number to a port (the kick). While KVM has an
eventfd assigned to that write, it signals the eventfd and the main loop calls the device; without one, the write exits
to QEMU, which calls the device at once. `virtio_pci_stop_ioeventfd` goes from the first way to the second while the
guest runs on (here: the guest has switched bus mastering off). Every function of QEMU runs under one mutex, which is
dropped around select() and while guests run: what is atomic under it is cut only where the kernel or a guest can look.
"""

from modelcheck import (
    ANY, Array, Bool, Case, Const, Int, Option, Range, Record, Set, Spec, assertion_fails, at, choose, counts, done,
    eventually_always, holds, idle, implies, invariant, only, process, temporal, violates, when, where,
)  # fmt: skip

vcpus = Const(1, Int(1, 4))
queues = Const(1, Int(1, 4))
kicks = Const(2, Int(1, 4))                              # by each vcpu, each to any queue
order = Const(("unset", "deassign", "drain", "close"))  # of stop_ioeventfd, for each queue
drain = Const(True)                                      # test and clear the eventfd: the patch's answer to the race
srcu = Const(True)                                       # KVM's deassign waits for lookups that are under way

Vcpu = Range(vcpus)
Queue = Range(queues)


class EventFd(Record):
    """A non-blocking eventfd. KVM has a reference of its own: it can signal one that QEMU has closed."""

    signalled = Bool(init=False)                      # the counter is above zero
    open = Bool(init=True)

    def signal(self):
        self.signalled = True

    def test_and_clear(self):
        assert self.open, "reads a closed eventfd"
        was_signalled = self.signalled
        self.signalled = False
        return was_signalled


class Deassign(Spec):
    added = Array(Queue, Int(0, vcpus * kicks, init=0))  # buffers that the guest has made available
    seen = Array(Queue, Int(0, vcpus * kicks, init=0))   # buffers that the device has looked at
    notifier = Array(Queue, EventFd(signalled=ANY))      # from its initial 1 (event_notifier_init), or read since
    assigned = Array(Queue, Bool(init=True))             # KVM turns the port write into a signal
    handler = Array(Queue, Bool(init=True))              # the main loop's record of the fd is not deleted
    mutex = Bool(init=True)                              # QEMU's global mutex; the main loop holds it at the start
    handling = Option(Queue, init=None)                  # read from its eventfd, handle_output is about to run
    readers = Set(Vcpu, init=set())                      # inside an SRCU read section of KVM
    awaited = Set(Vcpu, init=set())                      # of these, those that synchronize_srcu waits for

    def notify_vq(self, q):
        """handle_output (hw/virtio.c:578): the device looks at whatever is there."""
        self.seen[q] = self.added[q]

    @process(each=Vcpu, fair="weak")
    def vcpu(self, cpu):
        queue = Queue(init=0)
        for _ in range(kicks):
            yield "add buffer"
            queue = choose(Queue)
            self.added[queue] += 1
            yield "port write"                        # KVM looks up what is assigned to the port
            hit = self.assigned[queue]
            if hit:
                self.readers.add(cpu)
                yield "signal"
                self.notifier[queue].signal()
                self.readers.discard(cpu)
                self.awaited.discard(cpu)
            else:
                yield "exit", "hw/virtio-pci.c:351"   # no ioeventfd: QEMU takes the mutex and calls the device
                when(not self.mutex)
                self.notify_vq(queue)

    @process(fair="weak")
    def main_loop(self):
        while True:
            yield "fill fd_set", "vl.c:1296"
            watched = {q for q in Queue if self.handler[q]}
            self.mutex = False                        # dropped around select()
            yield idle("select")
            ready = {q for q in watched if self.notifier[q].signalled}
            when(len(ready) > 0)
            yield "lock"
            when(not self.mutex)
            self.mutex = True
            for q in Queue:
                if q in ready:
                    yield "dispatch", "vl.c:1340"     # the record may have been deleted since select()
                    if self.handler[q] and self.notifier[q].test_and_clear():
                        self.handling = q
                        yield "handle", "hw/virtio-pci.c:230"
                        self.notify_vq(q)
                        self.handling = None

    @process(fair="weak")
    def stop(self):
        yield "lock"
        when(not self.mutex)
        self.mutex = True
        for q in Queue:
            for part in order:
                if part == "unset":
                    yield "unset handler", "hw/virtio-pci.c:301"
                    self.handler[q] = False
                elif part == "deassign":
                    yield "deassign", "hw/virtio-pci.c:206"
                    assert self.notifier[q].open, "deassigns a closed eventfd"
                    self.assigned[q] = False
                    if srcu:
                        self.awaited = self.readers
                        yield "synchronize srcu"
                        when(len(self.awaited) == 0)
                elif part == "close":
                    yield "close", "hw/virtio-pci.c:220"
                    self.notifier[q].open = False
                elif part == "drain" and drain:
                    yield "test and clear", "hw/virtio-pci.c:216"
                    if self.notifier[q].test_and_clear():
                        self.handling = q
                        yield "notify", "hw/virtio-pci.c:217"
                        self.notify_vq(q)
                        self.handling = None
        yield "unlock"
        self.mutex = False

    def kicking(self, cpu, q):
        """The vcpu has made a buffer available and has not yet completed the kick."""
        return self.vcpu[cpu].queue == q and (
            at(self.vcpu[cpu], "port write") or at(self.vcpu[cpu], "signal") or at(self.vcpu[cpu], "exit")
        )

    def will_be_read(self, q):
        """The eventfd is signalled, and the main loop or what is left of stop_ioeventfd can still read it."""
        return self.notifier[q].signalled and self.notifier[q].open and (self.handler[q] or not done(self.stop))

    @invariant
    def no_notify_is_lost(self):
        """A buffer that the device has not seen has a wake-up on its way."""
        return all(
            implies(
                self.seen[q] < self.added[q],
                any(self.kicking(cpu, q) for cpu in Vcpu) or self.will_be_read(q) or self.handling == q,
            )
            for q in Queue
        )

    @temporal
    def every_buffer_is_seen(self):
        """However the notify came: in the end the device has looked at everything."""
        return all(eventually_always(self.seen[q] == self.added[q]) for q in Queue)


CASES = [
    Case("v5, 1 vcpu", Deassign, holds("no_notify_is_lost", "every_buffer_is_seen"),
         counts(distinct=393, generated=723, depth=20)),
    Case("v5, 1 vcpu, 2 queues", Deassign, where(queues=2), counts(distinct=2871, generated=5594, depth=27)),
    Case("v5, 2 vcpus", Deassign, where(vcpus=2), counts(distinct=4432, generated=11306, depth=26)),
    Case("v5, 2 vcpus, 2 queues", Deassign, where(vcpus=2, queues=2, kicks=1),
         counts(distinct=8449, generated=21007, depth=27)),
    Case("v5, 3 vcpus", Deassign, where(vcpus=3, kicks=1), counts(distinct=5218, generated=14855, depth=23)),
    Case("v5, 3 vcpus, 2 queues", Deassign, where(vcpus=3, queues=2, kicks=1),
         counts(distinct=82528, generated=258347, depth=30)),
    Case("deassign before unset", Deassign, where(order=("deassign", "unset", "drain", "close"))),
    Case("unset after the drain", Deassign, where(order=("deassign", "drain", "unset", "close"))),
    Case("without the drain", Deassign, violates("no_notify_is_lost", length=10),
         violates("every_buffer_is_seen", length=19), where(drain=False)),
    Case("drain before deassign", Deassign, violates("no_notify_is_lost", length=11),
         violates("every_buffer_is_seen", length=20), where(order=("unset", "drain", "deassign", "close"))),
    Case("deassign does not wait for readers", Deassign, violates("no_notify_is_lost", length=10),
         violates("every_buffer_is_seen", length=24), where(srcu=False)),
    Case("the handler is never unset", Deassign, only("no_notify_is_lost"), assertion_fails(length=11),
         where(order=("deassign", "drain", "close"))),
]
