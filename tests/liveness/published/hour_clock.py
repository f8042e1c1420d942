"""The hour clock of "Specifying Systems", and its real-time version with an error on purpose.

tlaplus/Examples, SpecifyingSystems: Liveness/LiveHourClock.cfg, 12 distinct states, AlwaysTick and AllTimes hold
("success" in the manifest). RealTime/MCRealTimeHourClock.cfg is published as "liveness failure": of a clock that ticks
between 1 and 3 seconds after the last tick, for 5 seconds and without fairness, ErrorTemporal does not hold.
"""

from modelcheck import (
    ANY, Case, Int, Spec, action, always, choose, counts, eventually_always, happens, holds, implies, infinitely_often,
    only, temporal, violates, when,
)  # fmt: skip


class LiveHourClock(Spec):
    hour = Int(1, 12, init=ANY)

    @action(fair="weak")
    def tick(self):
        self.hour = 1 if self.hour == 12 else self.hour + 1

    @temporal
    def always_tick(self):
        return infinitely_often(happens(self.tick))

    @temporal
    def all_times(self):
        return all(infinitely_often(self.hour == h) for h in range(1, 13))


class RealTimeHourClock(Spec):
    hour = Int(1, 12, init=ANY)
    now = Int(0, 5, init=ANY)
    since = Int(0, 3, init=0)  # seconds since the last tick

    @action
    def wait(self):
        seconds = choose(1, 2, 3, 4, 5)
        when(self.now + seconds <= 5 and self.since + seconds <= 3)
        self.now += seconds
        self.since += seconds

    @action
    def tick(self):
        when(self.since >= 1)
        self.hour = 1 if self.hour == 12 else self.hour + 1
        self.since = 0

    @temporal
    def error_temporal(self):
        return always(implies(self.now != 4, eventually_always(self.now != 4)))


CASES = [
    Case("LiveHourClock", LiveHourClock, holds("always_tick", "all_times"), counts(distinct=12)),
    Case("MCRealTimeHourClock", RealTimeHourClock, violates("error_temporal"), only("error_temporal")),
]
