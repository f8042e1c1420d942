"""POSIX timers, one-shot and periodic (kernel/time/posix-timers.c), without time: an armed timer may expire
at any step.

The expiry queues the timer's signal; there is one instance of it, however often the timer expires before the
signal is taken: further expiries are counted as overruns. A one-shot timer is disarmed by its expiry, and
timer_gettime says 0 from then on, also while its signal is still pending.

Until Linux 6.12 a signal that is pending survives a timer_settime; since 6.13 it is dropped when it would be
delivered, though sigpending goes on to show it until then (`stale_is_dropped`).
"""

from modelcheck import (
    Bool, Case, Const, Int, Record, Spec, action, implies, invariant, reachable, when, where,
)  # fmt: skip

overrun_max = Const(2, Int(1, 8))
stale_is_dropped = Const(False)


class Timer(Record):
    armed = Bool(init=False)
    periodic = Bool(init=False)
    queued = Bool(init=False)                # its signal is pending
    stale = Bool(init=False)                 # ... from before the last timer_settime
    overrun = Int(0, overrun_max, init=0)    # expiries while the signal was pending

    def settime(self, periodic):
        self.armed = True
        self.periodic = periodic
        self.stale = self.queued and stale_is_dropped
        self.overrun = 0

    def disarm(self):
        """timer_settime with 0."""
        self.settime(False)
        self.armed = False

    def expire(self):
        """Any time while it is armed. Once the signal is queued, further expiries only count."""
        when(self.armed)
        if self.queued and not self.stale:
            self.overrun = min(self.overrun + 1, overrun_max)
        self.queued = True
        self.stale = False
        self.armed = self.periodic

    def deliver(self):
        """Takes the signal: the number of expiries that it stands for, 0 where there was none or it is dropped."""
        expiries = 1 + self.overrun if self.queued and not self.stale else 0
        self.queued = False
        self.stale = False
        self.overrun = 0
        return expiries


class Operations(Spec):
    timer = Timer()
    expiries = Int(0, overrun_max + 1, init=0)  # that the last delivery told of

    @action(periodic=Bool)
    def settime(self, periodic):
        self.expiries = 0
        self.timer.settime(periodic)

    @action
    def disarm(self):
        self.expiries = 0
        self.timer.disarm()

    @action
    def expire(self):
        when(self.timer.overrun < overrun_max)
        self.expiries = 0
        self.timer.expire()

    @action
    def deliver(self):
        self.expiries = self.timer.deliver()

    @invariant
    def a_one_shot_timer_expires_once(self):
        return implies(not self.timer.periodic and not self.timer.armed and not self.timer.queued,
                       self.timer.overrun == 0)  # fmt: skip

    @reachable
    def overruns(self):
        return self.expiries > 1


CASES = [
    Case("every order", Operations),
    Case("every order, since 6.13", Operations, where(stale_is_dropped=True)),
]
