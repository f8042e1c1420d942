"""Dining philosophers, one of them left-handed: hungry, first fork, second fork, and the forks put down one by one."""

from modelcheck import Array, Bool, Case, Const, Enum, Int, Range, Spec, action, counts, invariant, when

philosophers = Const(5, Int(2, 16))

Seat = Range(philosophers)
Phase = Enum("thinking", "hungry", "one fork", "eating", "sated")


class DiningPhilosophers(Spec):
    taken = Array(Seat, Bool(init=False))
    phase = Array(Seat, Phase(init="thinking"))

    def first(self, seat):
        return 1 if seat == 0 else seat

    def second(self, seat):
        return 0 if seat == 0 else (seat + 1) % philosophers

    @action(seat=Seat)
    def get_hungry(self, seat):
        when(self.phase[seat] == "thinking")
        self.phase[seat] = "hungry"

    @action(seat=Seat)
    def take_first_fork(self, seat):
        when(self.phase[seat] == "hungry" and not self.taken[self.first(seat)])
        self.taken[self.first(seat)] = True
        self.phase[seat] = "one fork"

    @action(seat=Seat)
    def take_second_fork(self, seat):
        when(self.phase[seat] == "one fork" and not self.taken[self.second(seat)])
        self.taken[self.second(seat)] = True
        self.phase[seat] = "eating"

    @action(seat=Seat)
    def put_second_fork(self, seat):
        when(self.phase[seat] == "eating")
        self.taken[self.second(seat)] = False
        self.phase[seat] = "sated"

    @action(seat=Seat)
    def put_first_fork(self, seat):
        when(self.phase[seat] == "sated")
        self.taken[self.first(seat)] = False
        self.phase[seat] = "thinking"

    @invariant
    def neighbours_never_eat_together(self):
        return not any(self.phase[s] == "eating" and self.phase[(s + 1) % philosophers] == "eating" for s in Seat)


CASES = [Case("5 seats", DiningPhilosophers, counts(distinct=1424, generated=5917))]
