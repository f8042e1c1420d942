"""Transitions per second of a back end on two-phase commit: one core, store, an invariant and coverage included.

    python bench/two_phase_commit.py [--backend python] [--managers 6] [--rounds 5] [--least 600000]

Prints one line per round; with --least, exits with 1 where the best round is slower. Run from the root of the project:
the model is the one that the tests use.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from modelcheck import backends  # noqa: E402
from modelcheck.search.bfs import search  # noqa: E402
from modelcheck.search.exploration import Exploration, Goal  # noqa: E402
from modelcheck.system import TransitionSystem  # noqa: E402
from tests.models import two_phase_commit  # noqa: E402

KNOWN = {3: (1146, 288), 6: (402_306, 50_816), 7: (2_744_706, 296_448)}  # managers: generated, distinct


def timed(system: TransitionSystem) -> tuple[Exploration, float]:
    start = time.perf_counter()
    found = search(system, Goal(invariants=(0,), deadlock=False))
    return found, time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="python", choices=sorted(backends.BACKENDS))
    parser.add_argument("--managers", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--least", type=float, default=0.0, help="transitions per second")
    options = parser.parse_args()
    start = time.perf_counter()
    system = backends.build(options.backend, two_phase_commit(options.managers))
    print(f"built in {1000 * (time.perf_counter() - start):.1f} ms")
    best = 0.0
    for _ in range(options.rounds):
        found, seconds = timed(system)
        wanted = KNOWN.get(options.managers)
        if found.findings or (wanted and wanted != (found.generated, found.distinct)):
            print(f"wrong: {found.generated} generated, {found.distinct} distinct, {len(found.findings)} findings")
            return 1
        best = max(best, found.generated / seconds)
        print(
            f"{found.generated} generated, {found.distinct} distinct, {seconds:.3f} s, "
            f"{found.generated / seconds:,.0f} transitions/s"
        )
    return 0 if best >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
