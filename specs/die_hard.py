"""The water jugs of "Die Hard 3": measure four gallons with jugs of three and five. The counterexample is the solution.

Counts: TLC on DieHard of https://github.com/tlaplus/Examples (every action is always enabled: 16 states x 6 + 1).
"""

from modelcheck import Case, Int, Spec, action, counts, holds, invariant, violates


class Jugs(Spec):
    small = Int(0, 3, init=0)
    big = Int(0, 5, init=0)

    @action
    def fill_small(self):
        self.small = 3

    @action
    def fill_big(self):
        self.big = 5

    @action
    def empty_small(self):
        self.small = 0

    @action
    def empty_big(self):
        self.big = 0

    @action
    def small_to_big(self):
        poured = min(self.small, 5 - self.big)
        self.small -= poured
        self.big += poured

    @action
    def big_to_small(self):
        poured = min(self.big, 3 - self.small)
        self.big -= poured
        self.small += poured

    @invariant
    def one_jug_is_full_or_empty(self):
        """No action leaves both jugs half full."""
        return self.small == 0 or self.small == 3 or self.big == 0 or self.big == 5


class DieHard(Jugs):
    @invariant
    def big_is_not_four(self):
        return self.big != 4


CASES = [
    Case("the jugs", Jugs, holds("one_jug_is_full_or_empty"), counts(distinct=16, generated=97, depth=8)),
    Case("the bomb is defused", DieHard, violates("big_is_not_four", length=7)),
]
