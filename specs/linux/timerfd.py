"""timerfd: a timer whose expiries are read from a descriptor (fs/timerfd.c), without time, as in `timers`.

A timerfd_settime forgets the expiries that nobody has read.
"""

from modelcheck import (
    Bool, Case, Const, Int, Record, Spec, action, action_invariant, implies, invariant, reachable, when, where,
)  # fmt: skip

from .errno import EAGAIN

expiries_max = Const(2, Int(1, 8))


class TimerFd(Record):
    armed = Bool(init=False)
    periodic = Bool(init=False)
    expiries = Int(0, expiries_max, init=0)  # since the last read or settime

    def readable(self):
        return self.expiries > 0

    def settime(self, periodic):
        self.armed = True
        self.periodic = periodic
        self.expiries = 0

    def disarm(self):
        self.settime(False)
        self.armed = False

    def expire(self):
        when(self.armed)
        self.expiries = min(self.expiries + 1, expiries_max)
        self.armed = self.periodic

    def read(self):
        """The number of expiries, or -EAGAIN."""
        if self.expiries == 0:
            return -EAGAIN
        expiries = self.expiries
        self.expiries = 0
        return expiries


class Operations(Spec):
    timer = TimerFd()
    result = Int(-11, expiries_max, init=0)

    @action(periodic=Bool)
    def settime(self, periodic):
        self.timer.settime(periodic)
        self.result = 0

    @action
    def disarm(self):
        self.timer.disarm()
        self.result = 0

    @action
    def expire(self):
        when(self.timer.expiries < expiries_max)
        self.timer.expire()
        self.result = 0

    @action
    def read(self):
        self.result = self.timer.read()

    @action_invariant
    def a_refused_read_changes_nothing(self, after):
        return implies(after.result < 0, after.timer == self.timer)

    @invariant
    def a_one_shot_timer_expires_once(self):
        return implies(not self.timer.periodic, self.timer.expiries <= 1)

    @reachable
    def several_expiries_in_one_read(self):
        return self.result > 1


CASES = [
    Case("every order", Operations),
    Case("four expiries", Operations, where(expiries_max=4)),
]
