"""The alternating bit protocol: messages over a channel that loses them, acknowledged over another one that does too.

After Bartlett, Scantlebury and Wilkinson, "A note on reliable full-duplex transmission over half-duplex links", CACM 12
(1969). Each message carries a bit; the sender repeats it until the same bit comes back. With weak fairness nothing need
ever arrive, since the channels may lose each copy: receiving has to be strongly fair. Messages are numbered modulo 4.
"""

from modelcheck import (
    Bool, Case, Const, Range, Spec, action, assertion_fails, counts, holds, invariant, leads_to, only, temporal, violates,
    when, where,
)  # fmt: skip

check_bit = Const(True)  # the receiver hands on only messages with the bit that it expects

Message = Range(4)


class WeaklyFair(Spec):
    sent = Message(init=0)           # the message that is being sent, with this bit
    bit = Bool(init=False)
    taken = Message(init=3)          # the last one that the receiver has handed on
    expected = Bool(init=False)
    data = Bool(init=False)          # a message is on its way
    data_bit = Bool(init=False)
    data_message = Message(init=0)
    reply = Bool(init=False)         # an acknowledgement is
    reply_bit = Bool(init=False)

    def clear_data(self):
        self.data = False
        self.data_bit = False
        self.data_message = 0

    def clear_reply(self):
        self.reply = False
        self.reply_bit = False

    def hand_on(self):
        when(self.data)
        if self.data_bit == self.expected or not check_bit:
            assert self.data_message == (self.taken + 1) % 4, "hands on a message twice, or not at all"
            self.taken = self.data_message
            self.expected = not self.expected
        self.reply = True                # in place of an older one
        self.reply_bit = self.data_bit
        self.clear_data()

    def go_on(self):
        when(self.reply)
        if self.reply_bit == self.bit:
            self.bit = not self.bit
            self.sent = (self.sent + 1) % 4
        self.clear_reply()

    @action(fair="weak")
    def send(self):
        when(not self.data)
        self.data = True
        self.data_bit = self.bit
        self.data_message = self.sent

    @action
    def lose_message(self):
        when(self.data)
        self.clear_data()

    @action
    def lose_acknowledgement(self):
        when(self.reply)
        self.clear_reply()

    @action(fair="weak")
    def receive_message(self):
        self.hand_on()

    @action(fair="weak")
    def receive_acknowledgement(self):
        self.go_on()

    @invariant
    def in_order(self):
        """The receiver has the message that is being sent, or the one before."""
        return self.taken == self.sent or (self.taken + 1) % 4 == self.sent

    @temporal
    def every_message_arrives(self):
        return all(leads_to(self.sent == m, self.taken == m) for m in Message)

    @temporal
    def every_message_is_acknowledged(self):
        return all(leads_to(self.sent == m, self.sent != m) for m in Message)


class AlternatingBit(WeaklyFair):
    @action(fair="strong")
    def receive_message(self):
        self.hand_on()

    @action(fair="strong")
    def receive_acknowledgement(self):
        self.go_on()


CASES = [
    Case("receiving is strongly fair", AlternatingBit,
         holds("in_order", "every_message_arrives", "every_message_is_acknowledged"),
         counts(distinct=36, generated=89, depth=16)),
    Case("weakly fair", WeaklyFair, violates("every_message_arrives", length=3),
         violates("every_message_is_acknowledged", length=3)),
    Case("the bit is not looked at", AlternatingBit, only("in_order"), assertion_fails(length=4),
         where(check_bit=False)),
]
