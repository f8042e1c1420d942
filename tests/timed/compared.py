"""Comparisons with TChecker (commit d711ace): of random networks, and of networks in its notation.

As a program: `python -m tests.timed.compared [--random 2000] [--first SEED] [FILE.tck ...]`, where `tck-reach` is
found (`--tck PATH`). It prints each disagreement, and fails if there is any. `--write` keeps TChecker's counts of the
random networks that the tests take without it.

All four counters are equal: visited, transitions and stored with full covering, nodes with equality. So are the
discrete states, and whether the processes come to a random choice of locations. TChecker takes the bounds of a clock from
each process's own edges, and ours know one process for each step: where processes share a clock, or one takes part in
every step that mentions another's clock, the abstractions differ, and only what can be reached is compared.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

from modelcheck import backends
from modelcheck.ir.layout import Layout
from modelcheck.search.exploration import Goal
from modelcheck.timed.checking import Options, TimedExploration, explore
from modelcheck.timed.bounds import StaticBounds
from tests.models import negate
from tests.timed import tchecker
from tests.timed.networks import Network

KEPT = Path(__file__).with_name("tchecker_counts.txt")
KEEP = 100  # networks
LARGE = 4_000  # zones: more take long in plain Python
SECONDS = 10  # for TChecker
NIGHTLY = 1_000_000  # the first seed, far from those of the tests


# --- random networks ---


class Generator:
    """A network for each seed. shared: with a clock that any process sets and compares."""

    def __init__(self, seed: int):
        self.random = random = Random(seed)
        self.shared = random.random() < 0.2
        self.most = random.choice((2, 3, 5, 10))
        self.processes = random.choice((1, 2, 2, 3, 3, 4))
        self.clocks = [[f"x{p}", f"y{p}"][: random.choice((0, 1, 1, 2))] for p in range(self.processes)]
        if not any(self.clocks):
            self.clocks[0] = ["x0"]
        if self.shared:
            self.clocks = [[*own, "z"] for own in self.clocks]
        self.ints = [f"v{i}" for i in range(random.choice((0, 1, 2)))]
        self.events = [f"e{i}" for i in range(random.choice((0, 1, 2, 3)) if self.processes > 1 else 0)]
        self.text = self._text()

    def _text(self) -> str:
        random = self.random
        names = dict.fromkeys(c for own in self.clocks for c in own)
        lines = [f"clock {' '.join(names)}", *(f"int {v} 0 2 {random.randint(0, 2)}" for v in self.ints)]
        if random.random() < 0.3:
            self.ints.append(f"array[{random.choice(['0', '1', *self.ints])}]")
            lines.append("int array[3] 0 2 1")
        for p in range(self.processes):
            lines += self._process(p)
        for event in self.events:
            groups = [random.sample(range(self.processes), random.randint(2, min(3, self.processes))) for _ in range(2)]
            for together in {frozenset(g): g for g in groups[: random.randint(1, 2)]}.values():
                lines.append(f"sync {' '.join(f'P{p}@{event}' for p in together)}")
        return "\n".join(lines)

    def _process(self, p: int) -> list[str]:
        random, lines = self.random, [f"process P{p}"]
        places = random.choice((2, 3, 3, 4))
        for place in range(places):
            mark = random.choices(("", "committed", "urgent"), (8, 1, 1))[0]
            lines.append(f"location l{place} {mark} | {self._invariant(p)}")
        ways = [(random.randrange(at), at) for at in range(1, places)]  # so that each location has a way to it
        ways += [(at, random.randrange(places)) for at in range(places)]
        ways += [(random.randrange(places), random.randrange(places)) for _ in range(random.randint(0, places))]
        for source, target in ways:
            event = random.choice((*self.events, "tau", "tau"))
            lines.append(f"edge l{source} l{target} {event} | {self._guard(p)} | {self._do(p)}")
        return lines

    def _invariant(self, p: int) -> str:
        random, own = self.random, self.clocks[p]
        wanted = random.choice((0, 0, 0, 1, 1, 2)) if own else 0
        return " and ".join(
            f"{random.choice(own)} {random.choice(('<', '<=', '<='))} {random.randint(1, self.most)}"
            for _ in range(wanted)
        )

    def _guard(self, p: int) -> str:
        random, own = self.random, self.clocks[p]
        parts = []
        for _ in range(random.choice((0, 1, 1, 1, 2)) if own else 0):
            relation = random.choice(("<", "<=", "<=", "==", ">=", ">=", ">"))
            parts.append(f"{random.choice(own)} {relation} {random.randint(0, self.most)}")
        if self.ints and random.random() < 0.2:
            relation = random.choice(("==", "!=", "<", ">="))
            parts.append(f"{random.choice(self.ints)} {relation} {random.choice([*self.ints, '1', '2'])}")
        return " and ".join(parts)

    def _do(self, p: int) -> str:
        random = self.random
        parts = []
        for c in self.clocks[p]:
            if random.random() < 0.4:
                parts.append(f"{c} = {random.randint(1, self.most) if random.random() < 0.2 else 0}")
        if self.ints and random.random() < 0.3:
            changed = random.choice(self.ints)
            parts.append(f"{changed} = {random.choice(('0', '1', f'({random.choice(self.ints)} + 1) % 3'))}")
        random.shuffle(parts)
        return "; ".join(parts)

    def counted(self, net: Network) -> bool:
        """Whether each clock has its bounds by the places of the process that it belongs to."""
        model = net.model()
        assert model.timing is not None
        home = dict(zip(net.clocks, StaticBounds(model, model.timing, (), ()).home[1:]))
        return not self.shared and all(home[c] in (None, p) for p, own in enumerate(self.clocks) for c in own)

    def places(self, net: Network) -> dict[str, str]:
        """Where some of the processes may stand together."""
        some = self.random.sample(net.processes, self.random.randint(1, len(net.processes)))
        return {p.name: self.random.choice(p.locations).name for p in some}


# --- ours ---


def explored(net: Network, *, covering: bool = True) -> TimedExploration:
    model = net.model()
    return explore(model, backends.build("python", model), Options(thorough=True, covering=covering))


def discrete(net: Network, seen: TimedExploration) -> frozenset[tchecker.Discrete]:
    layout, count = Layout(net.model().variables), len(net.processes)
    states = map(layout.decode, layout.unpack(seen.exploration.states))
    return frozenset((s[:count], _scalars(s[count:])) for s in states)


def _scalars(values: tuple) -> tuple[int, ...]:
    return tuple(x for v in values for x in (v if isinstance(v, tuple) else (v,)))


def counts(net: Network) -> tuple[int, int, int, int]:
    """Visited, transitions and stored; nodes with equality."""
    seen = explored(net)
    return seen.visited, seen.transitions, seen.stored, explored(net, covering=False).visited


def reaches(net: Network, where: dict[str, str]) -> bool:
    model = net.model()
    model = replace(model, predicates=(*model.predicates, negate(net.places(**where))))
    goal = Goal(invariants=(len(model.predicates) - 1,))
    return bool(explore(model, backends.build("python", model), Options(goal=goal)).exploration.findings)


# --- both ---


def theirs(tck: str, text: str) -> tuple[int, int, int, int] | None:
    """As `counts`; None where it is too large."""
    covered = tchecker.ask(tck, text, seconds=SECONDS)
    if covered is None or covered.visited > LARGE:
        return None
    equal = tchecker.ask(tck, text, covering=False, seconds=SECONDS)
    if equal is None or equal.visited > LARGE:
        return None
    return covered.visited, covered.transitions, covered.stored, equal.visited


def disagreement(tck: str, seed: int) -> str | None:
    """What TChecker says otherwise of a random network; empty: nothing; None: it is too large."""
    generator = Generator(seed)
    net = Network(generator.text)
    text = tchecker.written(net)
    expected = theirs(tck, text)
    if expected is None:
        return None
    wrong = []
    found = counts(net)
    if generator.counted(net) and found != expected:
        wrong.append(f"counts {found}, not {expected}")
    answer = tchecker.ask(tck, text, covering=False, states=net)
    assert answer is not None
    found = discrete(net, explored(net))
    if found != answer.states:
        wrong.append(f"discrete states {found - answer.states} too many, {answer.states - found} too few")
    where = generator.places(net)
    asked = tchecker.ask(tck, text, labels=tuple(f"{p}_{at}" for p, at in where.items()))
    assert asked is not None
    if reaches(net, where) != asked.reachable:
        wrong.append(f"{where} are {'' if asked.reachable else 'not '}reachable")
    return "; ".join(wrong)


def kept() -> list[tuple[int, str, tuple[int, int, int, int]]]:
    """Seed, digest of the text, and TChecker's counts."""
    rows = (line.split() for line in KEPT.read_text().splitlines() if not line.startswith("#"))
    return [(int(seed), digest, (int(a), int(b), int(c), int(d))) for seed, digest, a, b, c, d in rows]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def write(tck: str) -> None:
    """The first networks that are neither small nor large."""
    lines, seed = ["# TChecker d711ace: seed, digest of the text, visited, transitions, stored, nodes with equality"], 0
    while len(lines) <= KEEP:
        generator = Generator(seed)
        net = Network(generator.text)
        expected = theirs(tck, tchecker.written(net)) if generator.counted(net) else None
        if expected and 20 <= expected[0] < expected[3] <= 400:
            lines.append(f"{seed} {digest(net.text)} {' '.join(map(str, expected))}")
        seed += 1
    KEPT.write_text("\n".join(lines) + "\n")


def main() -> int:
    """Exit code: 1 where any comparison failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.tck")
    parser.add_argument("--tck", default=shutil.which("tck-reach"))
    parser.add_argument("--random", type=int, default=0, metavar="COUNT")
    parser.add_argument("--first", type=int, default=NIGHTLY, metavar="SEED")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if not given.tck:
        parser.error("tck-reach is not installed")
    if given.write:
        write(given.tck)
    tally = Counter[str]()
    for file in given.files:
        text = file.read_text()
        expected, found = theirs(given.tck, text), counts(Network(tchecker.read(text)))
        tally["disagree" if expected not in (None, found) else "agree" if expected else "too large"] += 1
        print(f"{file}: {found}, TChecker {expected}", flush=True)
    for seed in range(given.first, given.first + given.random):
        try:
            wrong = disagreement(given.tck, seed)
        except subprocess.CalledProcessError as error:
            wrong = f"TChecker fails: {error.stderr}"
        tally["too large" if wrong is None else "disagree" if wrong else "agree"] += 1
        if wrong:
            print(f"seed {seed}: {wrong}\n{Generator(seed).text}\n", flush=True)
    print(dict(tally))
    return 1 if tally["disagree"] else 0


if __name__ == "__main__":
    sys.exit(main())
