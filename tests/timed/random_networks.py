"""Small random networks of timed automata, in the notation of `networks`."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MOST = 3  # the greatest constant of guards


@dataclass(frozen=True)
class Flavour:
    """What may occur."""

    dense: bool = True
    intervals: bool = False
    diagonals: bool = False

    @property
    def most(self) -> int:
        """The greatest constant. Clocks that are compared with each other go beyond what they are compared with."""
        return 2 * MOST if self.diagonals else MOST


def network(seed: int, flavour: Flavour) -> str:
    random = Random(seed)
    processes = random.choice((1, 1, 2))
    clocks = [f"c{i}" for i in range(random.choice((1, 2, 2, 3) if processes == 1 else (1, 2)))]
    lines = [f"clock {' '.join(clocks)}", "int v 0 1 0"]
    shared = processes == 2 and random.random() < 0.4
    committed = random.randrange(processes)
    for p in range(processes):
        places = random.choice((2, 3) if processes == 2 else (2, 3, 4))
        lines.append(f"process P{p}")
        for place in range(places):
            mark = random.random()
            stopped = " committed" if mark < 0.1 and p == committed else " urgent" if mark < 0.2 else ""
            lines.append(f"location l{place}{stopped} | {_invariant(random, clocks, flavour)}")
        for _ in range(random.randint(places, 2 * places)):
            event = "meet" if shared and random.random() < 0.3 else "now" if random.random() < 0.05 else "tau"
            a, b = random.randrange(places), random.randrange(places)
            timed = event != "now"
            lines.append(
                f"edge l{a} l{b} {event} | {_guard(random, clocks, flavour, timed)} | {_do(random, clocks, flavour)}"
            )
    if shared:
        lines.append("sync P0@meet P1@meet")
    return "\n".join(lines)


def _invariant(random: Random, clocks: list[str], flavour: Flavour) -> str:
    if flavour.diagonals:  # every clock is bounded wherever time passes
        return " and ".join(f"{c} <= {random.randint(1, flavour.most)}" for c in clocks)
    if random.random() < 0.5:
        return ""
    return f"{random.choice(clocks)} {random.choice(('<', '<='))} {random.randint(1, MOST)}"


def _guard(random: Random, clocks: list[str], flavour: Flavour, timed: bool) -> str:
    parts = [f"v == {random.randint(0, 1)}"] if random.random() < 0.25 else []
    for _ in range(random.choice((0, 1, 1, 2)) if timed else 0):
        c = random.choice(clocks)
        if flavour.diagonals and len(clocks) > 1 and random.random() < 0.5:
            other = random.choice([x for x in clocks if x != c])
            c = f"{c} - {other}"
        parts.append(f"{c} {random.choice(('<', '<=', '==', '>=', '>'))} {random.randint(0, MOST)}")
    return " and ".join(parts)


def _do(random: Random, clocks: list[str], flavour: Flavour) -> str:
    parts = [f"v = {random.randint(0, 1)}"] if random.random() < 0.2 else []
    for c in clocks:
        if random.random() < 0.4:
            low = random.randint(0, 2) if flavour.intervals or random.random() < 0.2 else 0
            high = random.randint(low, MOST) if flavour.intervals else low
            parts.append(f"{c} = [{low}, {high}]" if flavour.intervals else f"{c} = {low}")
    return "; ".join(parts)
