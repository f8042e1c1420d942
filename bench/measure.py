"""One search by this tool, in a process of its own: python bench/measure.py SPEC WORKERS NAME=VALUE...

Starts in the Python back end and moves to native code, as `modelcheck check --backend auto` does; deadlocks are not
looked for, invariants are. Prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from modelcheck import backends, checker, exploring  # noqa: E402
from modelcheck.search.bfs import search  # noqa: E402
from modelcheck.search.progress import resident_bytes  # noqa: E402
from modelcheck.system import TransitionSystem  # noqa: E402


def main() -> None:
    spec, workers, *assignments = sys.argv[1:]
    constants = {name: int(value) for name, value in (a.split("=") for a in assignments)}
    model = checker.compiled(spec, None, constants)
    selected = tuple(p for p in model.properties if p.kind == "invariant")
    compiling = 0.0

    def upgrade() -> TransitionSystem:
        nonlocal compiling
        started = time.perf_counter()
        system = backends.build("llvm", model)
        compiling = time.perf_counter() - started
        return system

    before = resident_bytes()
    seen = search(
        backends.build("python", model), exploring.goal_of(selected, False), workers=int(workers), upgrade=upgrade
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {
                "distinct": seen.distinct,
                "generated": seen.generated,
                "complete": seen.complete,
                "search": seen.seconds - compiling,
                "bytes": peak - before,
            }
        )
    )


if __name__ == "__main__":
    main()
