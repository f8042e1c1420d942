"""The alternating bit protocol as processes, for SPIN, which has weak fairness alone: see alternating_bit.pml."""

from modelcheck import Const, Int, Spec, choose, infinitely_often, process, temporal, when

lossy = Const(True)
empty = Const(2)


class AlternatingBit(Spec):
    data = Int(0, 2, init=2)
    reply = Int(0, 2, init=2)
    bit = Int(0, 1, init=0)
    expected = Int(0, 1, init=0)

    @process(fair="weak")
    def transmitter(self):
        while True:
            yield "send"
            when(self.data == empty)
            self.data = self.bit

    @process(fair="weak")
    def collector(self):
        while True:
            yield "collect"
            when(self.reply != empty)
            if self.reply == self.bit:
                self.bit = 1 - self.bit
            self.reply = empty

    @process(fair="weak")
    def receiver(self):
        while True:
            yield "receive"
            when(self.data != empty)
            if self.data == self.expected:
                self.expected = 1 - self.expected
            self.reply = self.data
            self.data = empty

    @process(fair="weak")
    def loser(self):
        if not lossy:
            return
        while True:
            yield "lose"
            of_data = choose(True, False)
            if of_data:
                when(self.data != empty)
                self.data = empty
            else:
                when(self.reply != empty)
                self.reply = empty

    @temporal
    def messages_arrive(self):
        return infinitely_often(self.expected == 1) and infinitely_often(self.expected == 0)


CASES = []
