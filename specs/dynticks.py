"""QEMU without I/O thread hangs: SIGALRM comes between the test of exit_request and ioctl(KVM_RUN).

One thread runs the main loop and the vcpu, woken by a one-shot host timer. `dynticks_rearm_timer` reads what remains of
the timer, and returns early where that is little. If the signal then comes before the guest is entered, but after
exit_request was looked at, its handler sets flags that nobody looks at any more, the timer is off, and a guest that does
not exit by itself is never left: nothing in the system will run again.

Times are in nanoseconds. Of a stretch of QEMU's own code only the longest time is known; of the timer, when the thread
looks at it first, nothing is (`--pin remaining=24203` is what the strace of the report shows).
QEMU 25db9ebe15: qemu-timer.c, cpus.c, kvm-all.c.
"""

from modelcheck import (
    Bool, Case, Clock, Const, Enum, Log, Spec, Time, Timer, action, after, at, choose, deadline, deadlocks, enters,
    expires, idle, ignored, implies, invariant, line, observe, only, pin, process, returns, silent, urgent, vacuous,
    violates, when, where,
)  # fmt: skip

Remedy = Enum("none", "mask", "rearm", "ipi", "immediate exit", "timerfd", "timerfd, I/O thread", "SIGIO")

remedy = Const("none", Remedy)
near = Const(250_000)                    # MIN_TIMER_REARM_US: the timer is not set to less
unit = Const(1)                          # what remains is cut to these: 1000 until 9c13246ac1, February 2011
least = Const(1)                         # with less left than this the timer counts as off
look = Const(True)                       # at the timer, before the guest is entered for the first time
test = Const(True)                       # exit_request is looked at before the guest is entered
budget = Const(0)                        # from timer_gettime to the first entry it takes no longer; 0: any time
latest = Const(100_000)                  # a stretch of code between two labels takes no longer
serving = Const(50_000)                  # nor does a round of the main loop
delivery = Const(0)                      # nor the way from the timer's expiry to the signal's handler
exits = Const(0)                         # the guest exits by itself within this time; 0: never
ports = Const(False)                     # the guest accesses ports whenever it likes, if at all; a device may set a timer then
far = Const(0)                           # the next deadline of any timer is somewhere between near and this
shown = Const(False)                     # the timer's values are noted wherever it is looked at or set
worst = Const(1_000_000)                 # the timers of the guest are served no later than this after the expiry

time = Time("ns")


class Dynticks(Spec):
    alarm = Timer(max=1_000_000)
    sent = Bool(init=False)              # SIGALRM, and its handler has not begun; or the timerfd is readable
    since_sent = Clock()
    interrupt = Bool(init=False)         # KVM_RUN returns -EINTR: a signal is pending, or immediate_exit is set
    since_interrupt = Clock()
    exit_request = Bool(init=False)
    expired = Bool(init=False)           # ALARM_FLAG_EXPIRED
    waiting = Bool(init=False)           # the timers of the guest, for the main loop
    since_expiry = Clock()               # of the first that was not served
    since_entry = Clock()                # of the guest
    first = Bool(init=True)              # with a budget: the guest was not entered yet
    since_look = Clock()                 # at the timer, the first time

    def init(self):
        self.alarm.arm(1, 1_000_000)     # by somebody, some time ago

    def rearm(self):
        """dynticks_rearm_timer"""
        if shown:
            observe("it_value", self.alarm.remaining)
        running = self.alarm.remaining >= max(unit, least)
        if not (running and self.alarm.remaining < max(near, far) + unit):
            self.alarm.arm(near, max(near, far))
            if shown:
                observe("set_to", self.alarm.remaining)

    def handler(self):
        """host_alarm_handler"""
        self.expired = True
        self.exit_request = True
        if remedy == "rearm":
            self.alarm.arm(near)

    def interrupts(self):
        self.interrupt = True
        self.since_interrupt = 0

    def sigalrm(self):
        """Outside the guest the handler runs at once and is gone, unless the signal is blocked there. Inside, the guest
        is left for it."""
        if remedy != "mask":
            self.handler()
        if remedy in ("mask", "ipi", "immediate exit") or at(self.vcpu, "guest"):
            self.interrupts()

    def is_over(self):
        """The first round."""
        if budget > 0:
            self.first = False

    @process
    def vcpu(self):
        yield urgent("gettime"), "qemu-timer.c:888"
        observe("remaining", self.alarm.remaining)
        if look:
            self.rearm()
        while True:
            yield "check", after(0, latest), "kvm-all.c:893"
            if test and self.exit_request:
                self.is_over()
            else:
                yield "enter", after(0, latest), "kvm-all.c:921"
                self.is_over()
                if not self.interrupt:
                    self.since_entry = 0
                    yield "guest"
                    when(self.interrupt or exits > 0 or ports)
                if not self.interrupt:   # KVM_EXIT_IO
                    if ports:
                        sets_timer = choose(False, True)
                        if sets_timer:
                            yield "device", after(0, latest), "qemu-timer.c:436"
                            self.rearm()
                    continue
                if remedy == "mask":
                    self.handler()
                self.interrupt = False
            yield "main loop", after(0, serving), "vl.c:1296"
            self.exit_request = False
            if self.expired:
                self.expired = False
                self.waiting = False
                self.rearm()

    @expires("alarm")
    def expiry(self):
        if not self.waiting:
            self.waiting = True
            self.since_expiry = 0
        if delivery > 0 or remedy in ("timerfd", "timerfd, I/O thread", "SIGIO"):
            self.sent = True
            self.since_sent = 0
        else:
            self.sigalrm()

    @action
    def signal(self):
        """With delivery > 0. A timerfd sends none: O_ASYNC is dropped without a word."""
        when(self.sent and remedy not in ("timerfd", "timerfd, I/O thread", "SIGIO"))
        self.sent = False
        self.sigalrm()

    @process
    def io_thread(self):
        """Sends SIG_IPI, which the vcpu's thread blocks outside KVM_RUN."""
        while True:
            yield idle("select")
            when(self.sent and remedy == "timerfd, I/O thread")
            self.sent = False
            self.handler()
            self.interrupts()

    @deadline
    def limits(self):
        return (
            implies(self.sent and remedy == "timerfd, I/O thread", self.since_sent <= latest)
            and implies(self.sent and remedy in ("none", "mask", "rearm", "ipi", "immediate exit"), self.since_sent <= delivery)
            and implies(at(self.vcpu, "guest") and self.interrupt, self.since_interrupt <= 0)
            and implies(at(self.vcpu, "guest") and exits > 0, self.since_entry <= exits)
            and implies(budget > 0 and self.first, self.since_look <= budget)
        )

    @invariant
    def the_guest_is_left(self):
        """Where the guest runs, something will interrupt it."""
        coming = self.sent and remedy not in ("timerfd", "SIGIO")
        return implies(at(self.vcpu, "guest") and exits == 0, self.alarm.armed or coming or self.interrupt)

    @invariant
    def timers_are_served(self):
        return implies(self.waiting, self.since_expiry <= worst)


class Periodic(Dynticks):
    """The alarm of -clock hpet, rtc or unix: it comes again and again, whoever looks."""

    alarm = Timer(max=1_000_000, period=976_563)

    def rearm(self):
        """There is nothing to do."""


CASES = [
    # The hang, and what does not help against it.
    Case("unfixed", Dynticks, violates("the_guest_is_left", length=5), violates("timers_are_served"), deadlocks(length=5)),
    Case("without the test of exit_request", Dynticks, violates("the_guest_is_left", length=5), violates("timers_are_served"), deadlocks(), where(test=False)),
    Case("cut to microseconds", Dynticks, violates("the_guest_is_left", length=5), violates("timers_are_served"), deadlocks(), where(unit=1000)),
    Case("the timer was armed long before", Dynticks, violates("the_guest_is_left", length=5), violates("timers_are_served"), deadlocks(), where(look=False)),
    Case("a larger least delta", Dynticks, violates("the_guest_is_left", length=5), violates("timers_are_served"), deadlocks(), where(near=1_000_000)),
    Case("timerfd alone", Dynticks, violates("the_guest_is_left"), violates("timers_are_served"), deadlocks(), where(remedy="timerfd")),
    Case("SIGIO of a timerfd", Dynticks, violates("the_guest_is_left"), violates("timers_are_served"), deadlocks(), where(remedy="SIGIO")),
    # What removes it, with the longest time from an expiry to the round of the main loop that serves it: it is the sum of
    # the stretches of code on the way, less 1 ns where the timer had at least that to run when the first of them began.
    Case("masked but in the guest", Dynticks, where(remedy="mask", worst=249_999)),  # check, enter, main loop
    Case("masked: no sooner", Dynticks, violates("timers_are_served"), where(remedy="mask", worst=249_998)),
    Case("SIG_IPI from the handler", Dynticks, where(remedy="ipi", worst=150_000)),  # check or enter, main loop
    Case("SIG_IPI: no sooner", Dynticks, violates("timers_are_served"), where(remedy="ipi", worst=149_999)),
    Case("immediate_exit", Dynticks, where(remedy="immediate exit", worst=150_000)),
    Case("immediate_exit, not tested", Dynticks, where(remedy="immediate exit", test=False, worst=249_999)),
    Case("timerfd and I/O thread", Dynticks, where(remedy="timerfd, I/O thread", worst=250_000)),  # select, enter, main loop
    Case("I/O thread: no sooner", Dynticks, violates("timers_are_served"), where(remedy="timerfd, I/O thread", worst=249_999)),
    Case("timerfd and I/O thread, not tested", Dynticks, where(remedy="timerfd, I/O thread", test=False, worst=249_999)),
    # What bounds it.
    Case("rearmed by the handler", Dynticks, where(remedy="rearm", worst=300_000)),  # the next shot, main loop
    Case("rearmed: no sooner", Dynticks, violates("timers_are_served"), where(remedy="rearm", worst=299_999)),
    Case("periodic", Periodic, where(worst=1_026_563)),                              # a period, main loop
    Case("periodic: no sooner", Periodic, violates("timers_are_served"), where(worst=1_026_562)),
    Case("a guest that exits", Dynticks, vacuous("the_guest_is_left"), where(exits=500_000, worst=750_000)),       # enter, guest, check, main loop
    Case("a guest that exits: no sooner", Dynticks, violates("timers_are_served"), vacuous("the_guest_is_left"), where(exits=500_000, worst=749_999)),
    Case("a guest that accesses ports", Dynticks, violates("the_guest_is_left"), violates("timers_are_served"), where(ports=True, far=300_000)),
    # How long it may take from timer_gettime to KVM_RUN. At one and the same instant both orders are possible: where an
    # expiry is to come after the test and before the entry, 1000 stands for 1001 and 250_000 for 250_001.
    Case("the strace", Dynticks, only("the_guest_is_left"), violates("the_guest_is_left"), pin(remaining=24_203), where(unit=1000, latest=221_000, budget=221_000, delivery=28_000)),
    Case("early return: soon enough", Dynticks, only("the_guest_is_left"), where(unit=1000, latest=499, budget=999)),
    Case("early return: 1 us", Dynticks, only("the_guest_is_left"), violates("the_guest_is_left"), where(unit=1000, latest=500, budget=1000)),
    Case("early return in nanoseconds", Dynticks, only("the_guest_is_left"), violates("the_guest_is_left"), where(latest=1, budget=1)),
    Case("set again: soon enough", Dynticks, only("the_guest_is_left"), pin(remaining=600_000), where(unit=1000, latest=124_999)),
    Case("set again: 250 us", Dynticks, only("the_guest_is_left"), violates("the_guest_is_left"), pin(remaining=600_000), where(unit=1000, latest=125_000)),
    Case("little is nothing: soon enough", Dynticks, only("the_guest_is_left"), where(least=250_000, latest=124_999)),
    Case("little is nothing: 250 us", Dynticks, only("the_guest_is_left"), violates("the_guest_is_left"), where(least=250_000, latest=125_000)),
]

# What strace shows of QEMU, which it slows down: `modelcheck validate specs/dynticks.py specs/qemu/hang.strace`.
LOG = Log(
    Dynticks,
    where(shown=True, ports=True, far=300_000, unit=1000, latest=221_000, serving=450_000, delivery=28_000),
    enters("ioctl KVM_RUN", "enter"),
    returns("ioctl KVM_RUN = 0", "guest -> check", "guest -> device"),
    returns("ioctl KVM_RUN = -1 EINTR", "guest -> main loop"),
    line("SIGALRM", "signal"),
    line("select", at="main loop"),
    line("read", at="main loop"),
    line("timer_gettime", "gettime", "main loop", "device", it_value="it_value"),
    line("timer_gettime, timer_settime", "gettime", "main loop", "device",
         it_value="timer_gettime.it_value", set_to="timer_settime.it_value"),
    ignored("write", "rt_sigreturn", "ioctl KVM_INTERRUPT"),
    silent("check", "expiry", "select"),
    begins="anywhere",
)
