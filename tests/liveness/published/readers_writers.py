"""Readers and writers served from one queue.

tlaplus/Examples, ReadersWriters: MC.cfg with 3 actors, 21527 distinct states, Safety and Liveness hold ("success" in the
manifest). Fairness as there: each actor's attempts, the service of the queue, and stopping, all weakly fair.
"""

from modelcheck import (
    Case, Const, Range, Seq, Set, Spec, action, choose, counts, holds, infinitely_often, invariant, temporal, when,
)  # fmt: skip

actors = Const(3)

Actor = Range(actors)
Request = Range(2 * actors)  # 2 * actor to read, 2 * actor + 1 to write


class ReadersWriters(Spec):
    readers = Set(Actor, init=set())
    writers = Set(Actor, init=set())
    waiting = Seq(Request, 2 * actors, init=())

    @action(actor=Actor, fair="weak")
    def try_to_read(self, actor):
        when(2 * actor not in self.waiting)
        self.waiting.append(2 * actor)

    @action(actor=Actor, fair="weak")
    def try_to_write(self, actor):
        when(2 * actor + 1 not in self.waiting)
        self.waiting.append(2 * actor + 1)

    @action(fair="weak")
    def read_or_write(self):
        when(len(self.waiting) > 0 and len(self.writers) == 0)
        request = self.waiting[0]
        if request % 2 == 0:
            self.readers.add(request // 2)
        else:
            when(len(self.readers) == 0)
            self.writers.add(request // 2)
        self.waiting.pop(0)

    @action(fair="weak")
    def stop(self):
        actor = choose(self.readers | self.writers)
        if actor in self.readers:
            self.readers.remove(actor)
        else:
            self.writers.remove(actor)

    @invariant
    def safety(self):
        return (len(self.readers) == 0 or len(self.writers) == 0) and len(self.writers) <= 1

    @temporal
    def liveness(self):
        return all(
            infinitely_often(a in self.readers)
            and infinitely_often(a in self.writers)
            and infinitely_often(a not in self.readers)
            and infinitely_often(a not in self.writers)
            for a in Actor
        )


CASES = [Case("3 actors", ReadersWriters, holds("safety", "liveness"), counts(distinct=21527))]
