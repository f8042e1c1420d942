"""QEMU without an I/O thread: one thread that runs the guest, the main loop and the signal handlers. Does it hang?

The thread of January 2011: the guest runs a tight loop, SIGALRM comes between the test of exit_request and
ioctl(KVM_RUN), its handler finds nothing to interrupt, the one-shot timer is not armed again, and KVM_RUN never
returns. Lines are those of QEMU 25db9ebe15. A signal that is not blocked can be delivered before every step of the
thread, and its handler runs as one step. The guest runs only while the thread is inside KVM_RUN, or inside a chain of
translated blocks (TCG).

Time is abstract: a timer that is armed expires at any moment, sooner or later. So what is lost here is lost for some
latency, and what holds here holds for every latency; specs/dynticks.py has the nanoseconds.
"""

from modelcheck import (
    Bool, Case, Const, Enum, Int, Spec, action, assume, at, happens, holds, idle, infinitely_often, leads_to,
    procedure, process, temporal, vacuous, violates, when, where,
)  # fmt: skip

accelerator = Const("kvm")                        # kvm or tcg
alarm = Const("dynticks")                         # dynticks, periodic (hpet, rtc, unix), timerfd or none
ioeventfd = Const(True)                           # KVM turns a kick into an eventfd's signal; else it is a port exit
guest_does = Const("loop")                        # after its kicks; or exit (port I/O for ever), or spin for each kick
kicks = Const(1, Int(0, 3))
sigmask = Const(False)                            # the timer's signal is blocked but inside KVM_RUN (de758970b)
handler_does = Const(("notify",))                 # and rearm, SIG_IPI, immediate_exit
notified = Const(("cpu_single_env", "next_cpu"))  # whom qemu_notify_event makes leave (cpus.c:299)
eventfd_sends_sigio = Const(False)                # as a pipe does with O_ASYNC; the kernel's eventfd has no fasync
looks_at_pending = Const(True)                    # cpu_exec_all asks qemu_alarm_pending() before it enters a cpu
run_timers = Const(("pending", "rearm"))          # what qemu_run_all_timers does first (ca5a2a4b12)
at_start = Const("armed")                         # or pending: init_timer_alarm sets the flag and arms nothing
tcg_order = Const(("current_tb", "exit_request", "execute"))  # of cpu_exec (b0052d1531)

assume(accelerator == "kvm" or accelerator == "tcg", "there are two accelerators")
assume(accelerator == "kvm" or not ioeventfd, "an ioeventfd is KVM's")

Port = Enum("none", "notify", "other")  # written to by the guest: VIRTIO_PCI_QUEUE_NOTIFY, or one of another device


class OneThread(Spec):
    armed = Bool(init=alarm != "none" and at_start == "armed")  # the host's timer will expire
    sigalrm = Bool(init=False)         # SIGALRM is pending for the thread
    sigio = Bool(init=False)           # so is SIGIO
    timerfd = Bool(init=False)         # readable
    sig_ipi = Bool(init=False)         # pending; blocked but inside KVM_RUN
    immediate_exit = Bool(init=False)  # in the page that KVM_RUN looks at when it enters
    interrupted = Bool(init=False)     # a signal was delivered inside KVM_RUN: it returns -EINTR
    eventfd = Bool(init=False)         # readable
    pipe = Bool(init=False)            # qemu_event_increment has written to it

    expired = Bool(init=False)         # alarm_timer->expired
    pending = Bool(init=at_start == "pending")  # alarm_timer->pending
    exit_request = Bool(init=False)    # env->exit_request
    cpu_single_env = Bool(init=False)  # not NULL
    next_cpu = Bool(init=False)        # not NULL
    current_tb = Bool(init=False)      # TCG: a block is about to be executed or is
    unlinked = Bool(init=False)        # TCG: the chain of blocks ends after the current one

    in_guest = Bool(init=False)
    port_write = Port(init="none")     # KVM_EXIT_IO
    unseen = Bool(init=False)          # the device has not looked at a buffer that was added

    def notify_vq(self):
        self.unseen = False

    def write_port(self):
        if self.port_write == "notify":
            self.notify_vq()           # virtio_queue_notify
        self.port_write = "none"

    # --- signals ------------------------------------------------------------------------------------------------------

    def cpu_exit(self):
        """exec.c: cpu_exit, cpu_unlink_tb."""
        self.exit_request = True
        if self.current_tb:
            self.unlinked = True

    def qemu_notify_event(self):
        self.pipe = True
        if "cpu_single_env" in notified and self.cpu_single_env:
            self.cpu_exit()
        if "next_cpu" in notified and self.next_cpu:
            self.cpu_exit()

    def host_alarm_handler(self):
        """qemu-timer.c:645. Only dynticks has to be armed again; some timer of QEMU's is due."""
        if alarm == "dynticks" or alarm == "timerfd":
            if "rearm" in handler_does:
                self.armed = True
            else:
                self.expired = True
        self.pending = True
        self.qemu_notify_event()
        if "SIG_IPI" in handler_does:
            self.sig_ipi = True
        if "immediate_exit" in handler_does:
            self.immediate_exit = True

    @action(fair="weak")
    def timer_expires(self):
        when(self.armed and not self.sigalrm)
        if alarm == "timerfd":
            self.timerfd = True
        else:
            self.sigalrm = True
        if alarm != "periodic":
            self.armed = False

    def sigalrm_is_blocked(self):
        """But inside KVM_RUN, which has a mask of its own then (KVM_SET_SIGNAL_MASK)."""
        return sigmask

    @action(fair="strong")
    def signal_is_delivered(self):
        """Between any two steps of the thread; inside KVM_RUN it makes the call return. Strongly fair: once it is not
        blocked it comes, however soon it is blocked again."""
        when(self.sigalrm and not self.sigalrm_is_blocked())
        self.sigalrm = False
        self.host_alarm_handler()
        if accelerator == "kvm" and self.in_guest:
            self.interrupted = True

    @action(fair="weak")
    def sigio_is_delivered(self):
        """Its handler tells the main loop, as that of the alarm does."""
        when(self.sigio)
        self.sigio = False
        self.qemu_notify_event()
        if self.in_guest:
            self.interrupted = True

    # --- the guest ----------------------------------------------------------------------------------------------------

    def leaves_guest(self):
        """KVM_RUN returns: for a port write, for a signal that is not blocked there, or because it was told to."""
        return (
            self.port_write != "none" or self.interrupted or self.sig_ipi or self.immediate_exit or self.unlinked
            or (self.sigalrm_is_blocked() and self.sigalrm)
        )  # fmt: skip

    def runs(self):
        return self.in_guest and not self.leaves_guest()

    def kick(self):
        if ioeventfd:
            self.eventfd = True        # no exit
            if eventfd_sends_sigio:
                self.sigio = True
        else:
            self.port_write = "notify"

    @procedure
    def use_the_device(self):
        yield "add buffer"
        when(self.runs())
        self.unseen = True
        yield "kick"
        when(self.runs())
        self.kick()

    @process(fair="weak")
    def guest(self):
        if guest_does == "spin":
            while True:
                yield from self.use_the_device()
                yield idle("wait until used")
                when(self.runs() and not self.unseen)
        for _ in range(kicks):
            yield from self.use_the_device()
        while guest_does == "exit":
            yield "port write"
            when(self.runs())
            self.port_write = "other"

    # --- the thread ---------------------------------------------------------------------------------------------------

    @procedure
    def kvm_cpu_exec(self):
        """kvm-all.c:889."""
        while True:
            yield "exit_request?", "kvm-all.c: kvm_cpu_exec"
            if self.exit_request:
                break
            yield "pre_run", "kvm-all.c: kvm_cpu_exec"
            self.cpu_single_env = False
            yield from self.enter_guest()
            yield "leave guest", "kvm-all.c: kvm_cpu_exec"
            self.in_guest = False
            self.interrupted = False
            self.cpu_single_env = True
            if self.port_write != "none":
                self.write_port()
            else:
                self.immediate_exit = False
                self.cpu_exit()        # -EINTR
                break

    @procedure
    def enter_guest(self):
        """ioctl(KVM_RUN): the guest runs until something makes the call return."""
        yield "KVM_RUN", "kvm-all.c: kvm_cpu_exec"
        self.in_guest = True
        yield idle("in the guest")
        when(self.leaves_guest())

    @procedure
    def tcg_cpu_exec(self):
        """cpu-exec.c:553 and :604. In the old order, a cpu_exit after the test finds no current_tb to unlink."""
        while True:
            yield "exit_request?", "cpu-exec.c:553"
            if self.exit_request:
                break
            for part in tcg_order:
                if part == "current_tb":
                    yield "current_tb = tb", "cpu-exec.c:604"
                    self.current_tb = True
                elif part == "exit_request":
                    yield "look again", "cpu-exec.c:604"
                    if self.exit_request:
                        break
                else:
                    yield "execute", "cpu-exec.c: cpu_exec"
                    self.in_guest = True
                    while True:
                        yield idle("in the guest")
                        when(self.leaves_guest())
                        if self.port_write == "none":
                            break
                        self.write_port()      # called by the block
                    self.in_guest = False
            yield "current_tb = NULL", "cpu-exec.c: cpu_exec"
            self.current_tb = False
            self.unlinked = False

    @procedure
    def cpu_exec(self):
        """cpu-exec.c: cpu_exec, around either loop."""
        yield "cpu_single_env = env", "cpu-exec.c: cpu_exec"
        self.cpu_single_env = True
        if accelerator == "kvm":
            yield from self.kvm_cpu_exec()
        else:
            yield from self.tcg_cpu_exec()
        yield "cpu_exec returns", "cpu-exec.c: cpu_exec"
        self.exit_request = False
        self.cpu_single_env = False
        self.sig_ipi = False           # qemu_kvm_eat_signals

    @procedure
    def cpu_exec_all(self):
        yield "next_cpu = first_cpu", "cpus.c: cpu_exec_all"
        self.next_cpu = True
        yield "alarm pending?", "cpus.c: cpu_exec_all"
        if not looks_at_pending or not self.pending:
            yield from self.cpu_exec()
            yield "next_cpu = NULL", "cpus.c: cpu_exec_all"
            self.next_cpu = False

    @procedure
    def main_loop_wait(self):
        """vl.c:1296, which does not block here: the guest can run."""
        yield "select", "vl.c: main_loop_wait"
        self.pipe = False
        if self.sigalrm_is_blocked() and self.sigalrm:  # the signalfd
            self.sigalrm = False
            self.host_alarm_handler()
        if self.timerfd:
            self.timerfd = False
            self.host_alarm_handler()
        yield "dispatch", "vl.c: main_loop_wait"
        if self.eventfd:
            self.eventfd = False
            self.notify_vq()
        for part in run_timers:
            if part == "pending":
                yield "pending = 0", "qemu-timer.c:621"
                self.pending = False
            else:
                yield "rearm", "qemu-timer.c:621"
                if self.expired:
                    self.expired = False
                    self.armed = True

    @process(fair="weak")
    def thread(self):
        while True:
            yield from self.cpu_exec_all()
            yield from self.main_loop_wait()

    # --- what is asked ------------------------------------------------------------------------------------------------

    @temporal
    def main_loop_is_not_starved(self):
        """NoStarvation: the main loop comes round again and again."""
        return infinitely_often(happens(self.thread, "select"))

    @temporal
    def no_notify_is_lost(self):
        """NoLostNotify: after its kick the device looks at the buffer. (The host's timer may be so fast that a guest
        never comes to its kick: then nothing is lost yet.)"""
        return leads_to(self.unseen and not at(self.guest, "kick"), not self.unseen)

    @temporal
    def timer_is_rearmed(self):
        """TimerEventuallyRearmed: QEMU has timers at all times, so dynticks is armed again and again."""
        return infinitely_often(self.armed or alarm != "dynticks")


class LooksOnceMore(OneThread):
    """A patch that does not help: exit_request is tested again just before the call. The window is smaller."""

    @procedure
    def enter_guest(self):
        yield "exit_request, again?"
        if not self.exit_request:
            yield "KVM_RUN"
            self.in_guest = True
            yield idle("in the guest")
            when(self.leaves_guest())


CASES = [
    Case("B01 KVM dynticks, guest loops, ioeventfd", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost", "timer_is_rearmed")),
    Case("B02 KVM dynticks, guest loops, port I/O", OneThread, holds("no_notify_is_lost"),
         violates("main_loop_is_not_starved", "timer_is_rearmed"), where(ioeventfd=False)),
    Case("B03 KVM dynticks, no kicks", OneThread, vacuous("no_notify_is_lost"),
         violates("main_loop_is_not_starved", "timer_is_rearmed"), where(kicks=0)),
    Case("B04 KVM periodic alarm", OneThread, where(alarm="periodic")),
    Case("B05 KVM no alarm", OneThread, violates("main_loop_is_not_starved", "no_notify_is_lost"),
         where(alarm="none")),
    # KVM_RUN does not return for a descriptor that is readable: as if there were no alarm at all (compare B31).
    Case("B06 KVM timerfd", OneThread, violates("main_loop_is_not_starved", "no_notify_is_lost"),
         where(alarm="timerfd")),
    Case("B07 KVM dynticks, signal mask", OneThread, where(sigmask=True)),
    Case("B08 KVM dynticks, rearmed in the handler", OneThread, where(handler_does=("notify", "rearm"))),
    Case("B09 KVM dynticks, SIG_IPI from the handler", OneThread, where(handler_does=("notify", "SIG_IPI"))),
    Case("B10 KVM dynticks, immediate_exit", OneThread, where(handler_does=("notify", "immediate_exit"))),
    Case("B11 KVM dynticks, guest exits for ever", OneThread, where(guest_does="exit")),
    # A port exit comes back to the test of exit_request, and nobody sets that: kvm_cpu_exec never returns.
    Case("B12 KVM no alarm, guest exits for ever", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost"), where(alarm="none", guest_does="exit")),
    Case("B13 KVM dynticks, guest spins, ioeventfd", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost", "timer_is_rearmed"), where(guest_does="spin")),
    Case("B14 KVM dynticks, guest spins, port I/O", OneThread, where(guest_does="spin", ioeventfd=False)),
    Case("B15 KVM no alarm, guest spins, ioeventfd", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost"), where(alarm="none", guest_does="spin")),
    Case("B15b KVM no alarm, guest spins, port I/O", OneThread, violates("main_loop_is_not_starved"),
         where(alarm="none", guest_does="spin", ioeventfd=False)),
    Case("B16 KVM periodic, guest spins, ioeventfd", OneThread, where(alarm="periodic", guest_does="spin")),
    Case("B17 TCG dynticks", OneThread, where(accelerator="tcg", ioeventfd=False)),
    # SIGALRM between the test and current_tb = tb: exit_request is set, but there is nothing to unlink.
    Case("B18 TCG dynticks, old order of current_tb", OneThread,
         violates("main_loop_is_not_starved", "timer_is_rearmed"),
         where(accelerator="tcg", ioeventfd=False, tcg_order=("current_tb", "execute"))),
    Case("B19 TCG no alarm", OneThread, violates("main_loop_is_not_starved"),
         where(accelerator="tcg", ioeventfd=False, alarm="none")),
    Case("B20 TCG periodic, old order of current_tb", OneThread,
         where(accelerator="tcg", ioeventfd=False, alarm="periodic", tcg_order=("current_tb", "execute"))),
    Case("B21 KVM signal mask, pending not looked at", OneThread, where(sigmask=True, looks_at_pending=False)),
    Case("B22 KVM dynticks, pending not looked at", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost", "timer_is_rearmed"),
         where(looks_at_pending=False)),
    Case("B23 KVM rearmed in the handler, pending not looked at", OneThread,
         where(handler_does=("notify", "rearm"), looks_at_pending=False)),
    # SIGALRM after the rearm: the flag that would keep the thread out of the guest is cleared; next_cpu is NULL.
    Case("B24 TCG dynticks, pending cleared last", OneThread,
         violates("main_loop_is_not_starved", "timer_is_rearmed"),
         where(accelerator="tcg", ioeventfd=False, run_timers=("rearm", "pending"))),
    Case("B25 KVM signal mask, pending cleared last", OneThread,
         where(sigmask=True, run_timers=("rearm", "pending"))),
    # The main loop clears the flag, but nothing has expired, so nothing is armed; then the guest runs for ever.
    Case("B26 KVM dynticks, pending at the start and never armed", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost", "timer_is_rearmed"), where(at_start="pending")),
    Case("B27 KVM SIG_IPI from the handler, guest spins", OneThread,
         where(handler_does=("notify", "SIG_IPI"), guest_does="spin")),
    Case("B28 KVM signal mask, guest spins", OneThread, where(sigmask=True, guest_does="spin")),
    # The mask helps a signal that comes; without one nothing ends KVM_RUN. (QEMU turned ioeventfd off there.)
    Case("B29 KVM signal mask, no alarm, ioeventfd", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost"), where(sigmask=True, alarm="none")),
    # B01's hang is there all the same; without next_cpu it is also there when the handler runs in the main loop.
    Case("B30 KVM dynticks, next_cpu is not told", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost", "timer_is_rearmed"),
         where(notified=("cpu_single_env",))),
    Case("B31 KVM signal mask and timerfd", OneThread, violates("main_loop_is_not_starved", "no_notify_is_lost"),
         where(sigmask=True, alarm="timerfd")),
    Case("exit_request is tested twice", LooksOnceMore,
         violates("main_loop_is_not_starved", "no_notify_is_lost", "timer_is_rearmed")),
    # F_SETFL accepts O_ASYNC, and nothing comes of it: B05.
    Case("P03 KVM no alarm, O_ASYNC on the eventfd", OneThread,
         violates("main_loop_is_not_starved", "no_notify_is_lost"), where(alarm="none")),
    # If it did send SIGIO, a kick would end KVM_RUN by itself: it is the guest that signals, so nobody comes too late.
    Case("P03 KVM no alarm, O_ASYNC on a descriptor that has it", OneThread, violates("main_loop_is_not_starved"),
         where(alarm="none", eventfd_sends_sigio=True)),
]
