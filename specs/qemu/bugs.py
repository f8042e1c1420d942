"""Lost wake-ups that QEMU had after 2010, each as a small spec of its own with its fix. Commits are QEMU's."""

from modelcheck import (
    Bool, Case, Const, Int, Range, Set, Spec, assertion_fails, done, eventually, eventually_always, idle, invariant,
    leads_to, only, procedure, process, temporal, violates, when, where,
)  # fmt: skip

stop = Const("flag")                                   # R1: or bottom half
notify = Const("aio_notify")                           # R2: what follows aio_enable_external; or nothing. R6: or bh
removal = Const("main thread")                         # R3: who removes the handler; or bottom half
marks = Const("nothing")                               # R4: or stopping, before the drain
bottom_half = Const("asserts")                         # R5: or returns
order = Const(("dispatch", "clear"))                   # R7
stopped = Const("after")                               # R8: dataplane_started = false, after or before the drain
leave = Const(("exit_request", "tcg_exit_req"))        # R9: which flag is read or cleared first
requests = Const(3, Int(1, 4))                         # R7

Request = Range(requests)


class IoThreadStop(Spec):
    """R1, 2362a28ea1: iothread_stop() sets a flag, and aio_notify() is left out while notify_me is 0."""

    stopping = Bool(init=False)
    scheduled = Bool(init=False)                       # a bottom half
    notify_me = Bool(init=False)
    event = Bool(init=False)

    @process(fair="weak")
    def iothread(self):
        while True:
            yield "stopping?", "iothread.c: iothread_run"
            if self.stopping:
                break
            yield "notify_me", "aio-posix.c: aio_poll"
            self.notify_me = True
            yield "blocking?", "aio-posix.c: aio_poll"
            if not self.scheduled:
                yield idle("ppoll"), "aio-posix.c: aio_poll"
                when(self.event)
            yield "dispatch", "aio-posix.c: aio_poll"
            self.notify_me = False
            self.event = False
            if self.scheduled:
                self.scheduled = False
                self.stopping = True                   # iothread_stop_bh

    @process(fair="weak")
    def main(self):
        yield "iothread_stop", "iothread.c"
        if stop == "flag":
            self.stopping = True
        else:
            self.scheduled = True
        yield "aio_notify", "async.c: aio_notify"
        if self.notify_me:
            self.event = True

    @temporal
    def iothread_stops(self):
        return eventually(done(self.iothread))


class EnableExternal(Spec):
    """R2, 321d1dba8b: the I/O thread sleeps on a set without the external descriptors when they are enabled again."""

    disabled = Bool(init=True)                         # aio_disable_external
    watched = Bool(init=False)                         # the ioeventfd is in the set that ppoll waits for
    notify_me = Bool(init=False)
    event = Bool(init=False)
    ioeventfd = Bool(init=False)

    @process(fair="weak")
    def iothread(self):
        while True:
            yield "notify_me", "aio-posix.c: aio_poll"
            self.notify_me = True
            yield "fill set", "aio-posix.c: aio_poll"
            self.watched = not self.disabled
            yield idle("ppoll"), "aio-posix.c: aio_poll"
            when(self.event or (self.watched and self.ioeventfd))
            self.notify_me = False
            yield "dispatch", "aio-posix.c: aio_poll"
            self.event = False
            if self.watched and not self.disabled:
                self.ioeventfd = False

    @process(fair="weak")
    def main(self):
        yield "aio_enable_external", "aio.h: aio_enable_external"
        self.disabled = False
        if notify == "aio_notify":
            yield "aio_notify", "async.c: aio_notify"
            if self.notify_me:
                self.event = True

    @process
    def guest(self):
        while True:
            yield idle("kick")
            self.ioeventfd = True

    @temporal
    def every_kick_is_handled(self):
        return leads_to(self.ioeventfd, not self.ioeventfd)


class StopAgainstHandler(Spec):
    """R3, 1010cadf62: a handler that is dispatched waits for the AioContext lock, which the main thread has while it
    removes the handler: it runs after the stop."""

    lock = Bool(init=False)
    ioeventfd = Bool(init=False)
    handler = Bool(init=True)
    scheduled = Bool(init=False)                       # the bottom half that removes the handler
    running = Bool(init=False)                         # the handler is, and has the lock

    @process
    def guest(self):
        yield "kick"
        self.ioeventfd = True

    @process(fair="weak")
    def iothread(self):
        while True:
            yield idle("ppoll"), "aio-posix.c: aio_poll"
            when((self.handler and self.ioeventfd) or self.scheduled)
            if self.scheduled:
                yield "virtio_blk_data_plane_stop_bh", "dataplane/virtio-blk.c"
                self.handler = False
                self.scheduled = False
            else:
                yield "acquire", "dataplane/virtio-blk.c: virtio_blk_data_plane_handle_output"
                when(not self.lock)
                self.lock = True
                self.ioeventfd = False
                self.running = True
                yield "handle", "dataplane/virtio-blk.c: virtio_blk_data_plane_handle_output"
                self.running = False
                self.lock = False

    @process(fair="weak")
    def main(self):
        if removal == "main thread":
            yield "acquire", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
            when(not self.lock)
            self.lock = True
            yield "remove handler", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
            self.handler = False
            yield "release", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
            self.lock = False
        else:
            yield "schedule", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
            self.scheduled = True
            yield "wait for it", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
            when(not self.scheduled)

    @invariant
    def nothing_is_handled_after_the_stop(self):
        return not (done(self.main) and self.running)


class StartInsideStop(Spec):
    """R4, cd7fdfe59f: the drain of stop() calls the handler, which starts the data plane: start inside stop."""

    started = Bool(init=True)
    stopping = Bool(init=False)
    inside_stop = Bool(init=False)
    assigned = Bool(init=True)
    ioeventfd = Bool(init=False)
    start_inside_stop = Bool(init=False)

    @process
    def guest(self):
        yield "kick"
        if self.assigned:
            self.ioeventfd = True

    def data_plane_start(self):
        if not self.started and not self.stopping:
            self.started = True
            self.start_inside_stop = self.inside_stop

    @process(fair="weak")
    def main(self):
        yield "virtio_blk_data_plane_stop", "dataplane/virtio-blk.c"
        self.inside_stop = True
        if marks == "stopping":
            self.stopping = True
        self.started = False
        yield "deassign", "virtio-pci.c: virtio_pci_set_host_notifier_internal"
        self.assigned = False
        yield "drain", "virtio-pci.c: virtio_pci_set_host_notifier_internal"
        if self.ioeventfd:
            self.ioeventfd = False
            self.data_plane_start()                    # virtio_blk_handle_output
        yield "stopped", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
        self.inside_stop = False
        self.stopping = False

    @invariant
    def no_start_inside_stop(self):
        return not self.start_inside_stop


class TransmitAfterStop(Spec):
    """R5, 131c5221fe: vm_running is 0, then a nested event loop runs the transmit bottom half before set_status
    cancels it."""

    vm_running = Bool(init=True)
    scheduled = Bool(init=False)
    tx_waiting = Bool(init=False)                      # a packet is in the ring

    @process
    def guest(self):
        yield "kick"
        when(self.vm_running)
        self.tx_waiting = True
        self.scheduled = True

    def virtio_net_tx_bh(self):
        """hw/net/virtio-net.c."""
        if bottom_half == "asserts":
            assert self.vm_running, "vdev->vm_running"
        if self.vm_running:
            self.tx_waiting = False
        self.scheduled = False

    @process(fair="weak")
    def main(self):
        while True:
            yield idle("event loop")
            when(self.scheduled)
            self.virtio_net_tx_bh()

    @process(fair="weak")
    def monitor(self):
        yield "vm_stop: vm_running = 0", "cpus.c:107"
        self.vm_running = False
        yield "another device's nested event loop"
        if self.scheduled:
            self.virtio_net_tx_bh()
        yield "set_status", "hw/net/virtio-net.c: virtio_net_set_status"
        self.scheduled = False
        yield "vm_start", "vl.c: vm_start"
        self.vm_running = True
        self.scheduled = self.tx_waiting               # transmit what was left

    @temporal
    def every_packet_is_sent(self):
        return leads_to(self.tx_waiting, not self.tx_waiting)


class NotifyEvent(Spec):
    """R6, edec47cfef: qemu_notify_event() goes through aio_notify(), which does nothing while notify_me is 0."""

    shutdown_requested = Bool(init=False)
    scheduled = Bool(init=False)
    notify_me = Bool(init=False)
    event = Bool(init=False)

    @process(fair="weak")
    def main(self):
        while True:
            yield "main_loop_should_exit", "vl.c: main_loop"
            if self.shutdown_requested:
                break
            yield "prepare", "async.c: aio_ctx_prepare"
            self.notify_me = True
            yield "blocking?", "async.c: aio_ctx_prepare"
            if not self.scheduled:
                yield idle("ppoll"), "main-loop.c: os_host_main_loop_wait"
                when(self.event)
            yield "dispatch", "async.c: aio_ctx_dispatch"
            self.notify_me = False
            self.event = False
            self.scheduled = False

    @process(fair="weak")
    def signal_handler(self):
        yield "shutdown_requested = 1", "vl.c: qemu_system_shutdown_request"
        self.shutdown_requested = True
        yield "qemu_notify_event", "main-loop.c: qemu_notify_event"
        if notify == "bh":
            self.scheduled = True
            yield "aio_notify of the bottom half", "async.c: qemu_bh_schedule"
        if self.notify_me:
            self.event = True

    @temporal
    def main_loop_ends(self):
        return eventually(done(self.main))


class SecondPoller(Spec):
    """R7, 21a03d17f2: a vcpu polls the context once; it clears, after it has dispatched, the event that was set for the
    main loop, and leaves."""

    event = Bool(init=False)
    pending = Set(Request, init=set())                 # bottom halves that are scheduled
    finished = Set(Request, init=set())

    @procedure
    def aio_poll(self):
        fetched = Set(Request, init=set())
        yield "blocking?", "aio-posix.c: aio_poll"
        if len(self.pending) == 0:
            yield idle("ppoll"), "aio-posix.c: aio_poll"
            when(self.event)
        for part in order:
            if part == "clear":
                yield "test and clear", "async.c: aio_notify_accept"
                self.event = False
            else:
                yield "fetch", "async.c: aio_bh_poll"
                fetched = self.pending
                self.pending = set()
                yield "bottom halves", "async.c: aio_bh_poll"
                self.finished |= fetched

    @process(fair="weak")
    def main(self):
        while True:
            yield from self.aio_poll()

    @process(fair="weak")
    def vcpu(self):
        yield "aio_poll?"
        yield from self.aio_poll()

    @process(fair="weak")
    def notifier(self):
        for request in Request:
            yield "schedule", "async.c: qemu_bh_schedule"
            self.pending.add(request)
            yield "aio_notify", "async.c: aio_notify"
            self.event = True

    @temporal
    def every_request_is_done(self):
        return eventually_always(len(self.finished) == requests)


class DrainedEnd(Spec):
    """R8, 535a3d9a32 and 75dcb4d790: the end of the drained section attaches the host notifier again, after stop()
    has closed it."""

    dataplane_started = Bool(init=True)
    attached = Bool(init=True)                         # the notifier's descriptor is in the event loop
    open = Bool(init=True)

    @process(fair="weak")
    def main(self):
        if stopped == "before":
            yield "dataplane_started = false", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
            self.dataplane_started = False
        yield "drained_begin", "virtio-blk.c: virtio_blk_drained_begin"
        self.attached = False
        yield "cleanup host notifier", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
        self.open = False
        yield "drained_end", "virtio-blk.c: virtio_blk_drained_end"
        if self.dataplane_started:
            self.attached = True
        if stopped == "after":
            yield "dataplane_started = false, at last", "dataplane/virtio-blk.c: virtio_blk_data_plane_stop"
            self.dataplane_started = False

    @invariant
    def no_closed_descriptor_is_polled(self):
        return self.open or not self.attached


class ExitRequest(Spec):
    """R9, a70fe14b7d: two flags ask for an exit. They are set in one order and must be looked at in the other."""

    exit_request = Bool(init=False)
    tcg_exit_req = Bool(init=False)                    # what translated blocks look at

    @process(fair="weak")
    def other_thread(self):
        yield "cpu_interrupt", "exec.c: cpu_interrupt"            # an exit that is no request
        self.tcg_exit_req = True
        yield "exit_request = 1", "qom/cpu.c: cpu_exit"
        self.exit_request = True
        yield "tcg_exit_req = 1", "qom/cpu.c: cpu_exit"
        self.tcg_exit_req = True

    @process(fair="weak")
    def vcpu(self):
        asked = Bool(init=False)
        while True:
            yield idle("blocks"), "cpu-exec.c: cpu_exec"
            when(self.tcg_exit_req)
            for flag in leave:
                if flag == "exit_request":
                    yield "exit_request?", "cpu-exec.c: cpu_exec"
                    asked = self.exit_request
                else:
                    yield "tcg_exit_req = 0", "cpu-exec.c: cpu_exec"
                    self.tcg_exit_req = False
            if asked:
                yield "leave", "cpu-exec.c: cpu_exec"
                self.exit_request = False

    @temporal
    def every_request_is_seen(self):
        return leads_to(self.exit_request, not self.exit_request)


CASES = [
    Case("R1 iothread_stop sets a flag", IoThreadStop, violates("iothread_stops")),
    Case("R1f iothread_stop schedules a bottom half", IoThreadStop, where(stop="bottom half")),
    # Nothing wakes the I/O thread: it goes on sleeping on the set without the ioeventfd, which is readable.
    Case("R2 aio_enable_external does not notify", EnableExternal, violates("every_kick_is_handled"),
         where(notify="nothing")),
    Case("R2f aio_enable_external notifies", EnableExternal),
    # The handler was dispatched before it was removed, and gets the lock when stop releases it.
    Case("R3 the main thread removes the handler", StopAgainstHandler, violates("nothing_is_handled_after_the_stop")),
    Case("R3f a bottom half in the I/O thread removes it", StopAgainstHandler, where(removal="bottom half")),
    Case("R4 start through the drain of stop", StartInsideStop, violates("no_start_inside_stop")),
    Case("R4f stopping is set before", StartInsideStop, where(marks="stopping")),
    Case("R5 the bottom half asserts vm_running", TransmitAfterStop, only("deadlock"), assertion_fails()),
    Case("R5f the bottom half returns", TransmitAfterStop, where(bottom_half="returns")),
    # The flag is set after the test and before notify_me: no event, and the main loop blocks.
    Case("R6 qemu_notify_event through aio_notify", NotifyEvent, violates("main_loop_ends")),
    Case("R6f qemu_notify_event schedules a bottom half", NotifyEvent, where(notify="bh")),
    Case("R7 clear after dispatch", SecondPoller, violates("every_request_is_done")),
    Case("R7f clear before dispatch", SecondPoller, where(order=("clear", "dispatch"))),
    # drained_end still believes that the data plane runs, and watches a descriptor that is closed.
    Case("R8 dataplane_started is cleared after the drain", DrainedEnd, violates("no_closed_descriptor_is_polled")),
    Case("R8f dataplane_started is cleared before", DrainedEnd, where(stopped="before")),
    Case("R9 exit_request is read first", ExitRequest, violates("every_request_is_seen")),
    Case("R9f tcg_exit_req is cleared first", ExitRequest, where(leave=("tcg_exit_req", "exit_request"))),
]
