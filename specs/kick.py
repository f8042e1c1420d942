"""A guest's kick races with switching its eventfd off: the example of the README."""

from modelcheck import Bool, Case, Const, Spec, done, holds, implies, invariant, process, violates, where

drain = Const(True)                  # test and clear the eventfd once it is switched off


class Kick(Spec):
    assigned = Bool(init=True)       # KVM turns the guest's port write into a signal of the eventfd
    signalled = Bool(init=False)
    seen = Bool(init=False)          # the device has looked at the guest's buffer

    @process
    def guest(self):
        yield "kick"                 # what follows, up to the next yield, is one atomic step
        if self.assigned:
            self.signalled = True
        else:
            self.seen = True         # the write exits to the device, which looks at once

    @process
    def stop(self):
        yield "deassign"
        self.assigned = False
        if drain:
            yield "test and clear"
            if self.signalled:
                self.signalled = False
                self.seen = True

    @invariant
    def no_kick_is_lost(self):
        """When all is done, the device has looked at the buffer."""
        return implies(done(self.guest) and done(self.stop), self.seen)


CASES = [
    Case("patched", Kick, holds("no_kick_is_lost")),
    Case("without the drain", Kick, violates("no_kick_is_lost", length=3), where(drain=False)),
]
