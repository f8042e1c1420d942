"""Clients who request sets of resources and give them back.

tlaplus/Examples, allocator: SimpleAllocator.cfg with 3 clients and 2 resources, 400 distinct states; ClientsWillReturn,
ClientsWillObtain and InfOftenSatisfied hold ("success" in the manifest). Of the weaker SimpleAllocator2, whose clients
need return resources only when they have all that they asked for, the module says that ClientsWillReturn is a theorem
and that the other two do not hold. Sets of resources are chosen by number, 1 for the first, 2 for the second, 3 for both.
"""

from modelcheck import (
    Array, Case, Const, Range, Set, Spec, action, choose, counts, holds, infinitely_often, invariant, leads_to, temporal,
    violates, when,
)  # fmt: skip

clients = Const(3)

Client = Range(clients)
Resource = Range(2)


class SimpleAllocator(Spec):
    unsatisfied = Array(Client, Set(Resource, init=set()))
    allocated = Array(Client, Set(Resource, init=set()))

    def available(self, r):
        return all(r not in self.allocated[c] for c in Client)

    @action(c=Client)
    def request(self, c):
        when(len(self.unsatisfied[c]) == 0 and len(self.allocated[c]) == 0)
        number = choose(1, 2, 3)
        self.unsatisfied[c] = {r for r in Resource if r + 1 == number or number == 3}

    @action(c=Client, fair="strong")
    def allocate(self, c):
        number = choose(1, 2, 3)
        given = {r for r in Resource if r + 1 == number or number == 3}
        when(all(r in self.unsatisfied[c] and self.available(r) for r in given))
        self.allocated[c] = self.allocated[c] | given
        self.unsatisfied[c] = self.unsatisfied[c] - given

    @action(c=Client, fair="weak")
    def give_all_back(self, c):
        when(len(self.allocated[c]) > 0)
        self.allocated[c] = set()

    @action(c=Client, r=Resource)
    def give_one_back(self, c, r):
        when(len(self.allocated[c]) == 2)
        self.allocated[c].remove(r)

    @invariant
    def resource_mutex(self):
        return not any(len(self.allocated[c] & self.allocated[d]) > 0 for c in Client for d in Client if c != d)

    @temporal
    def clients_will_return(self):
        return all(leads_to(len(self.unsatisfied[c]) == 0, len(self.allocated[c]) == 0) for c in Client)

    @temporal
    def clients_will_obtain(self):
        return all(leads_to(r in self.unsatisfied[c], r in self.allocated[c]) for c in Client for r in Resource)

    @temporal
    def infinitely_often_satisfied(self):
        return all(infinitely_often(len(self.unsatisfied[c]) == 0) for c in Client)


class SimpleAllocator2(SimpleAllocator):
    @action(c=Client, fair="weak")
    def give_all_back(self, c):
        when(len(self.allocated[c]) > 0 and len(self.unsatisfied[c]) == 0)
        self.allocated[c] = set()

    @action(c=Client)
    def give_all_back_early(self, c):
        when(len(self.allocated[c]) > 0 and len(self.unsatisfied[c]) > 0)
        self.allocated[c] = set()


CASES = [
    Case("SimpleAllocator", SimpleAllocator, counts(distinct=400),
         holds("resource_mutex", "clients_will_return", "clients_will_obtain", "infinitely_often_satisfied")),
    Case("SimpleAllocator2", SimpleAllocator2, counts(distinct=400), holds("resource_mutex", "clients_will_return"),
         violates("clients_will_obtain"), violates("infinitely_often_satisfied")),
]  # fmt: skip
