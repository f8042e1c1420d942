"""Which of the declared fairness a property needs."""

from __future__ import annotations

from dataclasses import dataclass

from modelcheck.ir.nodes import Property
from modelcheck.liveness.checking import Space, Violation, check
from modelcheck.liveness.fairness import Group


@dataclass(frozen=True, slots=True)
class Member:
    """A group of the core, and what goes wrong when it alone is left out."""

    group: Group
    without: Violation


@dataclass(frozen=True, slots=True)
class Core:
    """A minimal set of fair groups with which a property holds: without any one of them it does not. `unneeded` are the
    others. There may be other minimal sets; this one keeps the groups declared last."""

    members: tuple[Member, ...]
    unneeded: tuple[Group, ...]


def minimal_fairness(space: Space, property: Property) -> Core | None:
    """The core of a property that holds; None of one that does not. One check for each group, one more for each
    member."""
    fairness = space.fairness
    if check(space, property).holds is not True:
        return None
    kept = list(fairness.demanding)
    for group in fairness.demanding:
        fewer = [g for g in kept if g != group]
        if check(space, property, fairness.only(fewer)).holds:
            kept = fewer
    members = []
    for group in kept:
        answer = check(space, property, fairness.only([g for g in kept if g != group]))
        assert answer.violation is not None, "needed a moment ago"
        members.append(Member(fairness.groups[group], answer.violation))
    unneeded = tuple(g for i, g in enumerate(fairness.groups) if i not in kept)
    return Core(tuple(members), unneeded)
