"""The race of the dynticks timer, round and round: which latencies let the guest hang?

Whoever is woken serves the timers, sets the timer for `near` and starts anew. What remains of the timer at first is
unknown; the way to the test of exit_request takes `to_check`, and from there to KVM_RUN `to_entry`, or less where they are
not `exact`. The signal is handled at the moment of the expiry; at one and the same instant every order is possible. So
the first shot is lost where it comes neither before the test nor after the entry, and each later one, `near` after the
start, likewise.
QEMU 25db9ebe15: qemu-timer.c:888, cpus.c, kvm-all.c. What to ask, with the answers, is in docs/timers.md.
"""

from modelcheck import (
    Bool, Case, Clock, Const, Enum, Param, Spec, Time, Timer, after, assume, at, deadline, expires, idle, implies,
    invariant, only, process, urgent, vacuous, violates, when,
    where,
)  # fmt: skip

Remedy = Enum("none", "mask", "rearm", "io_thread")

remedy = Const("none", Remedy)
near = Const(250_000)
look = Const(False)                      # timer_gettime comes first, and sets the timer where more than `near` remains
test = Const(True)                       # exit_request is looked at
exact = Const(1)                         # 0: `to_check` and `to_entry` are the longest times

remaining = Param(1, 1_000_000)
to_check = Param(0, 1_000_000)
to_entry = Param(0, 1_000_000)

assume(to_check + to_entry <= 1_000_000, "what is asked for")

time = Time("ns")


class Laps(Spec):
    alarm = Timer(max=1_000_000)
    seen = Bool(init=False)              # exit_request
    pending = Bool(init=False)           # KVM_RUN returns -EINTR
    readable = Bool(init=False)          # the timerfd
    since_readable = Clock()
    since_pending = Clock()

    def init(self):
        self.alarm.arm(remaining)

    def interrupts(self):
        self.pending = True
        self.since_pending = 0

    @process
    def vcpu(self):
        yield urgent("gettime"), "qemu-timer.c:888"
        if look and self.alarm.remaining > near:
            self.alarm.arm(near)
        while True:
            yield "check", after(exact * to_check, to_check), "kvm-all.c:893"
            if not (test and self.seen):
                yield "enter", after(exact * to_entry, to_entry), "kvm-all.c:921"
                if not self.pending:
                    yield "guest"
                    when(self.pending)
                self.pending = False
            yield urgent("main loop"), "vl.c:1296"
            self.seen = False
            self.alarm.arm(near)

    @expires("alarm")
    def expiry(self):
        if remedy == "io_thread":
            self.readable = True
            self.since_readable = 0
        elif remedy == "mask" or at(self.vcpu, "guest"):
            self.interrupts()
        else:
            self.seen = True
            if remedy == "rearm":
                self.alarm.arm(near)

    @process
    def io_thread(self):
        """Sends SIG_IPI, which the vcpu's thread blocks outside KVM_RUN."""
        while True:
            yield idle("select")
            when(self.readable and remedy == "io_thread")
            self.readable = False
            self.seen = True
            self.interrupts()

    @deadline
    def limits(self):
        return implies(self.readable, self.since_readable <= 100_000) and implies(
            at(self.vcpu, "guest") and self.pending, self.since_pending <= 0
        )

    @invariant
    def the_guest_is_left(self):
        return implies(at(self.vcpu, "guest"), self.alarm.armed or self.pending or self.readable)


CASES = [
    Case("between", Laps, only("the_guest_is_left"), violates("the_guest_is_left", length=5), where(remaining=24_203, to_check=20_000, to_entry=4_203)),
    Case("too soon", Laps, only("the_guest_is_left"), where(remaining=24_203, to_check=20_000, to_entry=4_202)),
    Case("too late", Laps, only("the_guest_is_left"), where(remaining=24_203, to_check=24_204, to_entry=10_000)),
    Case("the next shot", Laps, only("the_guest_is_left"), violates("the_guest_is_left"), where(remaining=24_203, to_check=24_204, to_entry=225_796)),
    Case("set first", Laps, only("the_guest_is_left"), vacuous("the_guest_is_left"), where(look=True, remaining=300_000, to_check=260_000, to_entry=100_000)),
    Case("not set first", Laps, only("the_guest_is_left"), violates("the_guest_is_left"), where(remaining=300_000, to_check=260_000, to_entry=100_000)),
    Case("masked", Laps, only("the_guest_is_left"), where(remedy="mask", remaining=24_203, to_check=20_000, to_entry=4_203)),
    Case("rearmed", Laps, only("the_guest_is_left"), where(remedy="rearm", remaining=24_203, to_check=20_000, to_entry=4_203)),
    Case("timerfd and I/O thread", Laps, only("the_guest_is_left"), where(remedy="io_thread", remaining=24_203, to_check=20_000, to_entry=4_203)),
]
