"""A cat that moves to the next box every night, and where to look for her.

tlaplus/Examples, Moving_Cat_Puzzle: CatEvenBoxes.cfg with 6 boxes, 48 distinct states, CatOddBoxes.cfg with 5 boxes, 30;
Victory holds in both ("success" in the manifest). The cat must move: each step moves her, and is weakly fair.
"""

from modelcheck import ANY, Bool, Case, Const, Int, Spec, action, choose, counts, eventually, holds, temporal, when, where

boxes = Const(6)


class Cat(Spec):
    cat = Int(1, boxes, init=ANY)
    observed = Int(2, boxes - 1, init=ANY)
    to_the_right = Bool(init=ANY)

    @action(fair="weak")
    def night(self):
        side = choose(-1, 1)
        when(1 <= self.cat + side and self.cat + side <= boxes)
        self.cat += side
        following = self.observed + (1 if self.to_the_right else -1)
        if 2 <= following and following <= boxes - 1:
            self.observed = following
        else:
            self.to_the_right = not self.to_the_right

    @temporal
    def victory(self):
        return eventually(self.observed == self.cat)


CASES = [
    Case("CatEvenBoxes", Cat, holds("victory"), counts(distinct=48)),
    Case("CatOddBoxes", Cat, holds("victory"), where(boxes=5), counts(distinct=30)),
]
