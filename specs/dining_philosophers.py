"""Dining philosophers: each needs the forks on both sides. Everybody reaching for the left one first starves them all.

The remedy, one left-handed philosopher, twice: as processes and as actions over the same variables, with equal counts.
"""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Int, Range, Spec, action, at, counts, deadlocks, holds, infinitely_often, invariant,
    process, reachable, temporal, violates, when, where,
)  # fmt: skip

philosophers = Const(4, Int(2, 12))

Seat = Range(philosophers)
Phase = Enum("thinking", "one fork", "eating")


class AllRightHanded(Spec):
    taken = Array(Seat, Bool(init=False))  # the fork to the right of each seat

    def first(self, seat):
        return seat

    def second(self, seat):
        return (seat + 1) % philosophers

    @process(each=Seat, fair="weak")
    def philosopher(self, seat):
        while True:
            yield "take first fork"
            when(not self.taken[self.first(seat)])
            self.taken[self.first(seat)] = True
            yield "take second fork"
            when(not self.taken[self.second(seat)])
            self.taken[self.second(seat)] = True
            yield "put down"
            self.taken[self.first(seat)] = False
            self.taken[self.second(seat)] = False

    def eats(self, seat):
        return at(self.philosopher[seat], "put down")

    @invariant
    def neighbours_never_eat_together(self):
        return not any(self.eats(s) and self.eats((s + 1) % philosophers) for s in Seat)

    @temporal
    def everybody_eats(self):
        return all(infinitely_often(self.eats(s)) for s in Seat)

    @reachable
    def somebody_eats(self):
        return any(self.eats(s) for s in Seat)


class OneLeftHanded(AllRightHanded):
    def first(self, seat):
        return 1 if seat == 0 else seat

    def second(self, seat):
        return 0 if seat == 0 else (seat + 1) % philosophers


class OneLeftHandedStronglyFair(OneLeftHanded):
    @process(each=Seat, fair="strong")
    def philosopher(self, seat):
        while True:
            yield "take first fork"
            when(not self.taken[self.first(seat)])
            self.taken[self.first(seat)] = True
            yield "take second fork"
            when(not self.taken[self.second(seat)])
            self.taken[self.second(seat)] = True
            yield "put down"
            self.taken[self.first(seat)] = False
            self.taken[self.second(seat)] = False


class OneLeftHandedAsActions(Spec):
    taken = Array(Seat, Bool(init=False))
    phase = Array(Seat, Phase(init="thinking"))

    def first(self, seat):
        return 1 if seat == 0 else seat

    def second(self, seat):
        return 0 if seat == 0 else (seat + 1) % philosophers

    @action(seat=Seat, fair="weak")
    def take_first_fork(self, seat):
        when(self.phase[seat] == "thinking" and not self.taken[self.first(seat)])
        self.taken[self.first(seat)] = True
        self.phase[seat] = "one fork"

    @action(seat=Seat, fair="weak")
    def take_second_fork(self, seat):
        when(self.phase[seat] == "one fork" and not self.taken[self.second(seat)])
        self.taken[self.second(seat)] = True
        self.phase[seat] = "eating"

    @action(seat=Seat, fair="weak")
    def put_down(self, seat):
        when(self.phase[seat] == "eating")
        self.taken[self.first(seat)] = False
        self.taken[self.second(seat)] = False
        self.phase[seat] = "thinking"

    @invariant
    def neighbours_never_eat_together(self):
        return not any(self.phase[s] == "eating" and self.phase[(s + 1) % philosophers] == "eating" for s in Seat)

    @reachable
    def somebody_eats(self):
        return any(self.phase[s] == "eating" for s in Seat)


CASES = [
    Case("all right-handed", AllRightHanded, deadlocks(length=5), violates("everybody_eats", length=7)),
    Case("all right-handed, 6 seats", AllRightHanded, deadlocks(length=7), violates("everybody_eats", length=10),
         where(philosophers=6)),
    Case("one left-handed", OneLeftHanded, holds("neighbours_never_eat_together"), violates("everybody_eats", length=7),
         counts(distinct=29, generated=73, depth=5)),
    Case("one left-handed, as actions", OneLeftHandedAsActions, holds("neighbours_never_eat_together"),
         counts(distinct=29, generated=73, depth=5)),
    Case("one left-handed, strongly fair", OneLeftHandedStronglyFair, holds("everybody_eats")),
    Case("one left-handed, strongly fair, 6 seats", OneLeftHandedStronglyFair, holds("everybody_eats"),
         where(philosophers=6)),
    Case("one left-handed, 6 seats", OneLeftHanded, violates("everybody_eats", length=10), where(philosophers=6),
         counts(distinct=169, generated=639, depth=7)),
    Case("one left-handed, as actions, 6 seats", OneLeftHandedAsActions, where(philosophers=6),
         counts(distinct=169, generated=639, depth=7)),
]  # fmt: skip
