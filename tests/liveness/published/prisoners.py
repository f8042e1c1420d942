"""Prisoners who count each other by switches.

tlaplus/Examples: Prisoners.cfg with 4 prisoners, 214 distinct states, Safety and Liveness hold. Prisoners_Single_Switch:
Prisoner.cfg with 3 prisoners and the light off, 16 distinct states, and PrisonerLightUnknown.cfg, 62; Terminating holds in
both. All "success" in the manifests, all with weak fairness of each prisoner's visit. Prisoner 0 counts.
"""

from modelcheck import (
    ANY, Array, Bool, Case, Const, Int, Range, Set, Spec, action, counts, eventually, holds, implies, invariant, temporal,
    when, where,
)  # fmt: skip

prisoners = Const(4)
light_unknown = Const(False)
limit = Const(1)      # how often a prisoner signals: 2 where the light is unknown
threshold = Const(3)  # the count that ends it: 2 * prisoners - 1 where the light is unknown

Prisoner = Range(prisoners)


class TwoSwitches(Spec):
    switch_a = Bool(init=ANY)
    switch_b = Bool(init=ANY)
    switched = Array(Prisoner, Int(0, 2, init=0))
    count = Int(0, 2 * prisoners - 1, init=0)

    @action(p=Prisoner, fair="weak")
    def visit(self, p):
        if p == 0 and self.switch_a:
            self.switch_a = False
            self.count += 1
        elif p != 0 and not self.switch_a and self.switched[p] < 2:
            self.switch_a = True
            self.switched[p] += 1
        else:
            self.switch_b = not self.switch_b

    def done(self):
        return self.count == 2 * (prisoners - 1)

    @invariant
    def safety(self):
        return implies(self.done(), all(p == 0 or self.switched[p] > 0 for p in Prisoner))

    @temporal
    def liveness(self):
        return eventually(self.done())


class OneSwitch(Spec):
    count = Int(1, threshold + 1, init=1)
    announced = Bool(init=False)
    signalled = Array(Prisoner, Int(0, 2, init=0))
    light = Bool(init=ANY)
    visited = Set(Prisoner, init=set())

    def init(self):
        when(light_unknown or not self.light)

    @action(p=Prisoner, fair="weak")
    def visit(self, p):
        if p == 0:
            if self.light:
                self.light = False
                self.count += 1
            self.announced = self.count >= threshold
        elif not self.light and self.signalled[p] < limit:
            self.light = True
            self.signalled[p] += 1
        self.visited.add(p)

    @invariant
    def victory_is_announced_rightly(self):
        return implies(self.announced, len(self.visited) == prisoners)

    @temporal
    def terminating(self):
        return eventually(self.announced)


CASES = [
    Case("Prisoners", TwoSwitches, holds("safety", "liveness"), counts(distinct=214)),
    Case("Prisoner", OneSwitch, holds("victory_is_announced_rightly", "terminating"), where(prisoners=3),
         counts(distinct=16)),
    Case("PrisonerLightUnknown", OneSwitch, holds("victory_is_announced_rightly", "terminating"),
         where(prisoners=3, light_unknown=True, limit=2, threshold=5), counts(distinct=62)),
]  # fmt: skip
