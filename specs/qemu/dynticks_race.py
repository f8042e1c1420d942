"""The race of the dynticks timer in numbers that nobody knows: for which of them does the guest hang?

`Race` is one pass through the loop, from timer_gettime to the guest: `dynticks_rearm_timer` finds `remaining` left and
returns early, or sets the timer again `setting` later; exit_request is looked at `to_check` after timer_gettime, and
KVM_RUN entered `to_entry` after that; the handler of SIGALRM runs `latency` after the expiry. Every number is exact and
unknown, so that `modelcheck synthesize` says which of them hang. At one and the same instant nothing is lost: a signal
comes before the test of exit_request, and after the entry. So the guest hangs if and only if the handler runs strictly
between them.

QEMU 25db9ebe15: qemu-timer.c:888, cpus.c, kvm-all.c. What to ask, with the answers, is in docs/timers.md.
"""

from modelcheck import (
    Bool, Case, Clock, Const, Enum, Param, Spec, Time, Timer, action, after, assume, at, deadline, expires, implies,
    invariant, only, process, reachable, urgent, vacuous, violates, when,
    where,
)  # fmt: skip

Remedy = Enum("none", "mask", "rearm", "ipi", "immediate_exit", "periodic")

remedy = Const("none", Remedy)
whole = Const(True)                      # times are whole nanoseconds; otherwise any
delta = Const(250)                       # MIN_TIMER_REARM_US: the timer is set for that long, in microseconds
unit = Const(1000)                       # what remains is cut to these
least = Const(1)                         # with less left than this the timer counts as off
look = Const(True)                       # there is a timer_gettime in this pass
lowest = Const(1)                        # what may remain: from 1000 to 250_999 it returns early, from 251_000 it sets
highest = Const(1_000_000)
window = Const(3_000_000)                # from timer_gettime to KVM_RUN it takes no longer
late = Const(1_000_000)                  # the signal is no later
gap = Const(3_000_000)                   # from the test to KVM_RUN it takes no longer
period = Const(976_563)                  # 1024 Hz, with remedy "periodic"

remaining = Param(1, 1_000_000)
setting = Param(0, 100_000)
to_check = Param(0, 2_000_000)
to_entry = Param(0, 2_000_000)
latency = Param(0, 1_000_000)
handling = Param(0, 100_000)             # the handler takes this long to set the timer again, with remedy "rearm"
again = Param(250_000, 1_000_000)        # for this long
second = Param(0, 100_000)               # and the signal of that comes so much later

assume(setting <= to_check, "the timer is set before exit_request is looked at")
assume(lowest <= remaining and remaining <= highest, "what is asked for")
assume(to_check + to_entry <= window, "what is asked for")
assume(to_entry <= gap, "what is asked for")
assume(latency <= late, "what is asked for")

time = Time("ns", discrete=whole)


class Race(Spec):
    alarm = Timer(max=2_000_000)
    sent = Bool(init=False)              # SIGALRM, and its handler has not begun
    since_sent = Clock()
    seen = Bool(init=False)              # exit_request
    pending = Bool(init=False)           # KVM_RUN returns -EINTR, or immediate_exit is set
    handles = Bool(init=False)           # the handler is about to set the timer again
    since_handled = Clock()
    lost = Bool(init=False)              # a handler ran between the test and the entry
    twice = Bool(init=False)             # and another one
    since_lost = Clock()
    since_look = Clock()
    since_check = Clock()

    def init(self):
        self.alarm.arm(remaining)

    def runs(self):
        """Whether the timer counts as armed."""
        return self.alarm.remaining >= max(unit, least) and self.alarm.remaining < 1000 * delta + unit

    @process
    def vcpu(self):
        yield urgent("gettime"), "qemu-timer.c:888"
        if look and not self.runs():
            yield "settime", after(setting, setting), "qemu-timer.c:911"
            self.alarm.arm(1000 * delta)
        yield "check", "kvm-all.c:893"
        when(self.since_look >= to_check and not self.alarm.expired and not (self.sent and self.since_sent >= latency))
        self.since_check = 0
        if not self.seen:
            yield "enter", "kvm-all.c:921"
            when(self.since_check >= to_entry)
            if not self.pending:
                yield "guest"
                when(self.pending)

    @expires("alarm")
    def expiry(self):
        self.sent = True
        self.since_sent = 0
        if remedy == "periodic":
            self.alarm.arm(period)

    @action
    def signal(self):
        when(self.sent and (self.since_sent >= second if self.lost and remedy == "rearm" else self.since_sent >= latency))
        when(not at(self.vcpu, "enter") or self.since_check < to_entry)
        self.sent = False
        self.seen = True
        if remedy in ("mask", "ipi", "immediate_exit") or at(self.vcpu, "guest"):
            self.pending = True
        elif at(self.vcpu, "enter"):
            self.twice = self.lost
            if not self.lost:
                self.since_lost = 0
            self.lost = True
        if remedy == "rearm" and not at(self.vcpu, "guest"):
            self.handles = True
            self.since_handled = 0

    @action
    def rearm(self):
        when(self.handles and self.since_handled >= handling)
        self.handles = False
        self.alarm.arm(again)

    @deadline
    def limits(self):
        return (
            implies(at(self.vcpu, "check"), self.since_look <= to_check)
            and implies(at(self.vcpu, "enter"), self.since_check <= to_entry)
            and implies(at(self.vcpu, "guest") and self.pending, self.since_sent <= latency + second)
            and implies(self.sent and not (self.lost and remedy == "rearm"), self.since_sent <= latency)
            and implies(self.sent and self.lost and remedy == "rearm", self.since_sent <= second)
            and implies(self.handles, self.since_handled <= handling)
        )

    @invariant
    def the_guest_is_left(self):
        """Where the guest runs, something will interrupt it."""
        return implies(at(self.vcpu, "guest"), self.alarm.armed or self.sent or self.pending or self.handles)

    @invariant
    def blackout_after_rearm(self):
        """From the handler whose flags nobody saw to the next one."""
        return implies(self.lost and not self.pending, self.since_lost <= again + handling + second)

    @invariant
    def blackout_of_periods(self):
        return implies(self.lost and not self.pending, self.since_lost <= period + to_entry)

    @reachable
    def lost_twice(self):
        return self.twice


# The hang is where the handler runs strictly between the test and the entry, at remaining + latency or, where the timer
# was set, at setting + 1000 * delta + latency; so a nanosecond on either side of it decides.
CASES = [
    Case("1001 ns", Race, only("the_guest_is_left"), violates("the_guest_is_left", length=6), where(remaining=1000, setting=0, to_check=999, to_entry=2, latency=0, handling=0, again=250_000, second=0)),
    Case("entered in time", Race, only("the_guest_is_left"), where(remaining=1000, setting=0, to_check=999, to_entry=1, latency=0, handling=0, again=250_000, second=0)),
    Case("seen in time", Race, only("the_guest_is_left"), vacuous("the_guest_is_left"), where(remaining=1000, setting=0, to_check=1000, to_entry=2, latency=0, handling=0, again=250_000, second=0)),
    Case("the strace", Race, only("the_guest_is_left"), violates("the_guest_is_left", length=6), where(remaining=24_203, setting=0, to_check=2_000, to_entry=50_000, latency=25_000, handling=0, again=250_000, second=0)),
    Case("cut to microseconds", Race, only("the_guest_is_left"), where(remaining=999, setting=0, to_check=998, to_entry=2, latency=0, handling=0, again=250_000, second=0)),
    Case("in nanoseconds", Race, only("the_guest_is_left"), violates("the_guest_is_left", length=6), where(unit=1, remaining=999, setting=0, to_check=998, to_entry=2, latency=0, handling=0, again=250_000, second=0)),
    Case("set again", Race, only("the_guest_is_left"), violates("the_guest_is_left", length=7), where(remaining=251_000, setting=100, to_check=100, to_entry=250_001, latency=0, handling=0, again=250_000, second=0)),
    Case("set again: entered in time", Race, only("the_guest_is_left"), where(remaining=251_000, setting=100, to_check=100, to_entry=250_000, latency=0, handling=0, again=250_000, second=0)),
    Case("masked", Race, only("the_guest_is_left"), vacuous("the_guest_is_left"), where(remedy="mask", remaining=1000, setting=0, to_check=999, to_entry=2, latency=0, handling=0, again=250_000, second=0)),
    Case("immediate exit", Race, only("the_guest_is_left"), vacuous("the_guest_is_left"), where(remedy="immediate_exit", remaining=1000, setting=0, to_check=999, to_entry=2, latency=0, handling=0, again=250_000, second=0)),
    # The next handler comes again + handling + second after the one that was lost: with more, it would be 350_001 here.
    Case("rearmed", Race, only("the_guest_is_left", "blackout_after_rearm"), where(remedy="rearm", remaining=1000, setting=0, to_check=999, to_entry=2, latency=0, handling=50_000, again=250_000, second=50_000)),
    Case("lost twice", Race, only("lost_twice"), where(remedy="rearm", remaining=1000, setting=0, to_check=999, to_entry=250_003, latency=0, handling=0, again=250_000, second=0)),
    Case("periodic", Race, only("the_guest_is_left", "blackout_of_periods"), where(remedy="periodic", remaining=1000, setting=0, to_check=999, to_entry=2, latency=0, handling=0, again=250_000, second=0)),
]
