"""vhost takes a virtqueue over from QEMU, or gives it back, while the guest kicks. Is every buffer handled, and once?

The host notifier is one eventfd, which KVM signals at a kick. Without vhost QEMU's main loop reads it; with vhost, the
kernel's worker does. Each side has an index of its own into the ring: `last_avail_idx` in QEMU, told to vhost by
SET_VRING_BASE and told back by GET_VRING_BASE. Lines of hw/virtio-pci.c are those of v5 of the patch. Control
code and handlers run under QEMU's mutex; a vcpu that has left the guest for a kick waits for it.
"""

from modelcheck import (
    Array, Bool, Case, Const, Int, Range, Spec, assertion_fails, assume, at, eventually, holds, idle, invariant,
    only, procedure, process, temporal, violates, when, where,
)  # fmt: skip

kicks = Const(2, Int(1, 4))
at_start = Const("ioeventfd")  # who serves the queue: pio, ioeventfd or vhost
does = Const(("take over",))   # in this order: start ioeventfd, take over, release
takeover = Const(("base", "notifier", "backend"))        # vhost_virtqueue_init, vhost_net_start
release = Const(("backend", "notifier", "base"))         # vhost_net_stop, vhost_virtqueue_cleanup
drain = Const(True)            # test and clear when the eventfd is deassigned
initial = Const(True)          # event_notifier_init(e, 1): the counter starts at 1
paused = Const(False)          # the vcpus are stopped meanwhile, as in vm_start and vm_stop
kicks_before = Const(True)     # the guest uses the device before it has written DRIVER_OK
qemu_handler = Const(False)    # QEMU's fd handler is installed for vhost too (b1f416aa8d)
pio_sets_notifier = Const(False)  # virtio_queue_notify signals the host notifier, where there is one (fcccb271e0)

assume(at_start == "pio" or at_start == "ioeventfd" or at_start == "vhost", "somebody serves the queue")

Buffer = Range(kicks)


class Vhost(Spec):
    avail = Int(0, kicks, init=0)                     # buffers that the guest has made available
    handled = Array(Buffer, Int(0, 2, init=0))        # how often; 2 is too often
    last_avail_idx = Int(0, kicks, init=0)            # QEMU's
    vhost_avail_idx = Int(0, kicks, init=0)           # the worker's
    notifier = Bool(init=at_start != "pio")           # the host notifier is open
    signalled = Bool(init=False)                      # its counter is above zero
    assigned = Bool(init=at_start != "pio")           # KVM turns a kick into its signal
    handler = Bool(init=at_start == "ioeventfd")      # it is in the main loop's select set
    attached = Bool(init=at_start == "vhost")         # SET_BACKEND: the worker serves the queue
    mutex = Bool(init=False)
    stopped = Bool(init=False)                        # the vcpus are
    ready = Bool(init=kicks_before)                   # the guest may use the device
    on_toes = Bool(init=False)                        # QEMU has handled the queue while vhost did

    def handle(self, first):
        for b in Buffer:
            if first <= b and b < self.avail:
                self.handled[b] = min(self.handled[b] + 1, 2)

    def handle_output(self):
        """virtio_queue_notify_vq, hw/virtio.c:578."""
        if self.attached:
            self.on_toes = True
        self.handle(self.last_avail_idx)
        self.last_avail_idx = self.avail

    def test_and_clear(self):
        was_signalled = self.signalled
        self.signalled = False
        return was_signalled

    # --- those who kick and those who answer --------------------------------------------------------------------------

    @process(fair="weak")
    def vcpu(self):
        for _ in range(kicks):
            yield "add buffer"
            when(not self.stopped and self.ready)
            self.avail += 1
            yield "kick"
            when(not self.stopped)
            if self.assigned:
                self.signalled = True
            else:
                yield "port write", "hw/virtio-pci.c:350"
                when(not self.mutex)
                if pio_sets_notifier and self.notifier:
                    self.signalled = True
                else:
                    self.handle_output()

    @process(fair="weak")
    def main_loop(self):
        while True:
            yield idle("select"), "vl.c: main_loop_wait"
            when(self.handler and self.signalled)
            yield "lock", "vl.c: main_loop_wait"
            when(not self.mutex)
            self.mutex = True
            yield "dispatch", "vl.c: main_loop_wait"             # the record may have been deleted since select()
            if self.handler and self.test_and_clear():
                yield "handle", "hw/virtio-pci.c:231"
                self.handle_output()
            yield "unlock", "vl.c: main_loop_wait"
            self.mutex = False

    @process(fair="weak")
    def worker(self):
        while True:
            yield idle("poll"), "drivers/vhost/vhost.c: vhost_worker"
            when(self.attached and self.signalled)
            self.signalled = False
            self.handle(self.vhost_avail_idx)
            self.vhost_avail_idx = self.avail

    # --- control ------------------------------------------------------------------------------------------------------

    @procedure
    def start_ioeventfd(self, with_handler):
        """virtio_pci_start_ioeventfd, or set_host_notifier(true): a new eventfd for KVM."""
        yield "event_notifier_init", "hw/virtio-pci.c:196"
        self.notifier = True
        self.signalled = initial
        yield "assign", "hw/virtio-pci.c:200"
        if self.assigned:
            self.notifier = False                     # EEXIST: the new eventfd is closed, and it has the only number
        else:
            self.assigned = True
            if with_handler:
                yield "set handler", "hw/virtio-pci.c:241"
                self.handler = True

    @procedure
    def stop_ioeventfd(self):
        """virtio_pci_stop_ioeventfd, or set_host_notifier(false)."""
        yield "unset handler", "hw/virtio-pci.c:244"
        self.handler = False
        yield "deassign", "hw/virtio-pci.c:207"
        assert self.notifier, "EBADF"
        self.assigned = False
        if drain:
            yield "test and clear", "hw/virtio-pci.c:217"
            if self.test_and_clear():
                yield "notify", "hw/virtio-pci.c:218"
                self.handle_output()
        yield "close", "hw/virtio-pci.c:221"
        self.notifier = False
        self.signalled = False

    @procedure
    def take_over(self):
        """hw/vhost.c:443 vhost_virtqueue_init, then hw/vhost_net.c SET_BACKEND."""
        for part in takeover:
            if part == "base":
                yield "SET_VRING_BASE", "hw/vhost.c: vhost_virtqueue_init"
                self.vhost_avail_idx = self.last_avail_idx
            elif part == "notifier":
                yield "ioeventfd started?", "hw/virtio-pci.c:621"
                if self.assigned:
                    yield from self.stop_ioeventfd()
                yield from self.start_ioeventfd(qemu_handler)
            else:
                yield "SET_BACKEND", "hw/vhost_net.c: vhost_net_start"
                self.attached = True

    @procedure
    def give_back(self):
        """SET_BACKEND of -1, then hw/vhost.c:552 vhost_virtqueue_cleanup."""
        for part in release:
            if part == "backend":
                yield "SET_BACKEND -1", "hw/vhost_net.c: vhost_net_stop"
                self.attached = False
            elif part == "notifier":
                yield from self.stop_ioeventfd()
            else:
                yield "GET_VRING_BASE", "hw/vhost.c: vhost_virtqueue_cleanup"
                self.last_avail_idx = self.vhost_avail_idx

    @process(fair="weak")
    def control(self):
        if paused:
            yield "pause vcpus", "cpus.c: pause_all_vcpus"
            self.stopped = True
            yield "wait for vcpus", "cpus.c: pause_all_vcpus"
            when(not at(self.vcpu, "port write"))
        yield "lock"
        when(not self.mutex)
        self.mutex = True
        for part in does:
            if part == "start ioeventfd":
                yield from self.start_ioeventfd(True)
            elif part == "take over":
                yield from self.take_over()
            else:
                yield from self.give_back()
        yield "unlock"
        self.mutex = False
        self.stopped = False
        self.ready = True

    # --- what is asked ------------------------------------------------------------------------------------------------

    @temporal
    def no_notify_is_lost(self):
        """NoLostNotify: every buffer is handled."""
        return all(eventually(self.handled[b] > 0) for b in Buffer)

    @invariant
    def each_buffer_is_handled_once(self):
        """NoDoubleHandler."""
        return all(self.handled[b] < 2 for b in Buffer)

    @invariant
    def qemu_keeps_off(self):
        """QEMU does not handle the queue while vhost does."""
        return not self.on_toes


CASES = [
    Case("C01 fresh device, v5: start ioeventfd, then take over", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once", "qemu_keeps_off"),
         where(at_start="pio", does=("start ioeventfd", "take over"))),
    # The index is told before the drain handles what is there: the worker handles it again.
    Case("C02 take over a running ioeventfd, base first", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once", "qemu_keeps_off")),
    Case("C03 take over, host notifiers first", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once", "qemu_keeps_off"), where(takeover=("notifier", "base", "backend"))),
    Case("C04 take over, base first, no drain", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once", "qemu_keeps_off"), where(drain=False)),
    # A kick in the eventfd that is closed is lost: the new one starts at 0 and tells the worker nothing.
    Case("C05 take over, base first, no drain, counter starts at 0", Vhost,
         violates("no_notify_is_lost", "each_buffer_is_handled_once", "qemu_keeps_off"),
         where(drain=False, initial=False)),
    Case("C06 vhost starts before ioeventfd", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once", "qemu_keeps_off"), where(at_start="pio")),
    Case("C07 QEMU's handler on vhost's notifier", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once", "qemu_keeps_off"), where(at_start="pio", qemu_handler=True)),
    Case("C08 release, drain before GET_VRING_BASE", Vhost, holds("no_notify_is_lost", "qemu_keeps_off"),
         violates("each_buffer_is_handled_once"), where(at_start="vhost", does=("release",))),
    # The index comes back before the drain: it handles what the worker has not, and nothing else.
    Case("C09 release, host notifiers last", Vhost,
         where(at_start="vhost", does=("release",), release=("backend", "base", "notifier"))),
    # A kick that the worker has not read is closed with the eventfd.
    Case("C10 release, host notifiers last, no drain", Vhost, violates("no_notify_is_lost"),
         where(at_start="vhost", does=("release",), release=("backend", "base", "notifier"), drain=False)),
    Case("C11 release, drain before GET_VRING_BASE, ioeventfd again", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once"), where(at_start="vhost", does=("release", "start ioeventfd"))),
    Case("C12 release, host notifiers last, ioeventfd again", Vhost,
         where(at_start="vhost", does=("release", "start ioeventfd"), release=("backend", "base", "notifier"))),
    Case("C13 release without a drain, ioeventfd again", Vhost,
         where(at_start="vhost", does=("release", "start ioeventfd"), release=("backend", "base", "notifier"),
               drain=False)),
    # As C13, but nothing makes the main loop look at the ring again.
    Case("C14 release without a drain, ioeventfd again, counter starts at 0", Vhost, violates("no_notify_is_lost"),
         where(at_start="vhost", does=("release", "start ioeventfd"), release=("backend", "base", "notifier"),
               drain=False, initial=False)),
    Case("C15 host notifiers first, port I/O signals the notifier", Vhost,
         where(takeover=("notifier", "base", "backend"), pio_sets_notifier=True)),
    Case("C16 host notifiers first, vcpus paused", Vhost,
         where(takeover=("notifier", "base", "backend"), paused=True)),
    Case("C17 vhost starts before ioeventfd, port I/O signals the notifier", Vhost,
         where(at_start="pio", pio_sets_notifier=True)),
    # Pausing keeps port I/O away; the drain is still behind the index, as in C02.
    Case("C18 base first, vcpus paused", Vhost, holds("no_notify_is_lost", "qemu_keeps_off"),
         violates("each_buffer_is_handled_once"), where(paused=True)),
    Case("C19 QEMU's handler on vhost's notifier, no kick before the start", Vhost, holds("no_notify_is_lost"),
         violates("each_buffer_is_handled_once", "qemu_keeps_off"),
         where(at_start="pio", qemu_handler=True, kicks_before=False)),
    Case("C20 release, host notifiers last, 3 kicks", Vhost,
         where(at_start="vhost", does=("release",), release=("backend", "base", "notifier"), kicks=3)),
    Case("C21 release, drain before GET_VRING_BASE, 1 kick", Vhost,
         where(at_start="vhost", does=("release",), kicks=1)),
    Case("C22 base first, vcpus paused, 1 kick", Vhost, holds("no_notify_is_lost", "qemu_keeps_off"),
         violates("each_buffer_is_handled_once"), where(paused=True, kicks=1)),
    # vhost's notifier->fd is overwritten; its own deassign finds a closed descriptor. In v5 the proxy comes first.
    Case("P04 VM change handlers in the other order", Vhost, only("qemu_keeps_off"), assertion_fails(),
         where(at_start="pio", does=("take over", "start ioeventfd", "release"), paused=True)),
]
