"""Published sizes of state spaces, with their sources: figures of others that ours must equal.

tlaplus/Examples keeps, in a `manifest.json` for each specification, the figures of TLC for its models; the texts here
are our own, written from the algorithms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

SPECS = Path(__file__).parents[1] / "specs"
EXAMPLES = "https://github.com/tlaplus/Examples, specifications/"

# A transaction commits when all managers are prepared, and aborts unless one has committed.
TRANSACTION_COMMIT = '''
from modelcheck import Array, Const, Enum, Scalarset, Spec, action, invariant, when

managers = Const(3)
RM = Scalarset(managers)
Phase = Enum("working", "prepared", "committed", "aborted")


class TransactionCommit(Spec):
    rm = Array(RM, Phase(init="working"))

    @action(m=RM)
    def prepare(self, m):
        when(self.rm[m] == "working")
        self.rm[m] = "prepared"

    @action(m=RM)
    def commit(self, m):
        when(self.rm[m] == "prepared" and all(self.rm[x] in {"prepared", "committed"} for x in RM))
        self.rm[m] = "committed"

    @action(m=RM)
    def abort(self, m):
        when(self.rm[m] in {"working", "prepared"} and all(self.rm[x] != "committed" for x in RM))
        self.rm[m] = "aborted"

    @invariant
    def consistent(self):
        return not any(self.rm[x] == "committed" and self.rm[y] == "aborted" for x in RM for y in RM)
'''

# A lock as a test-and-set bit; four steps per round.
LOCK = '''
from modelcheck import Bool, Range, Spec, at, invariant, process, when

Process = Range(2)


class Lock(Spec):
    free = Bool(init=True)

    @process(each=Process)
    def run(self, me):
        while True:
            yield "idle"
            yield "lock"
            when(self.free)
            self.free = False
            yield "critical"
            yield "unlock"
            self.free = True

    @invariant
    def mutual_exclusion(self):
        return not (at(self.run[0], "critical") and at(self.run[1], "critical"))
'''


class Published(NamedTuple):
    """`generated` and `depth` are None where they were not published, or not counted as we count."""

    name: str
    spec: Path | str  # a file of specs/, or a text
    spec_class: str
    constants: dict[str, Any]
    distinct: int
    generated: int | None
    depth: int | None
    source: str


PUBLISHED = [
    Published("two-phase commit, 3", SPECS / "two_phase_commit.py", "TwoPhaseCommit", {}, 288, 1146, 11,
              EXAMPLES + "transaction_commit/manifest.json, TwoPhase.cfg"),
    Published("two-phase commit, 6", SPECS / "two_phase_commit.py", "TwoPhaseCommit", {"managers": 6}, 50816, None, None,
              EXAMPLES + "transaction_commit/TwoPhase.tla, last comment"),
    Published("transaction commit, 3", TRANSACTION_COMMIT, "TransactionCommit", {}, 34, 94, 7,
              EXAMPLES + "transaction_commit/manifest.json, TCommit.cfg"),
    Published("Peterson", SPECS / "peterson.py", "Peterson", {}, 42, 77, 11,
              EXAMPLES + "locks_auxiliary_vars/manifest.json, Peterson.cfg"),
    Published("lock", LOCK, "Lock", {}, 12, 21, 5, EXAMPLES + "locks_auxiliary_vars/manifest.json, Lock.cfg"),
    # The manifest's depth of 10 is a slip, and its 2001 generated states count disjuncts: see specs/ewd840.py.
    Published("EWD 840, 3", SPECS / "ewd840.py", "TerminationDetection", {}, 302, None, None,
              EXAMPLES + "ewd840/manifest.json, EWD840.cfg"),
    # With an animation on top of the same specification, for 4 nodes; generated states as above.
    Published("EWD 840, 4", SPECS / "ewd840.py", "TerminationDetection", {"nodes": 4}, 1566, None, 12,
              EXAMPLES + "ewd840/manifest.json, EWD840_json.cfg"),
]  # fmt: skip
