"""What is measured: protocols that every tool has in its own language, with the same states and transitions.

One action is one step, only the protocol's variables are stored. The counts were found by this tool, by SPIN with
-DNOREDUCE, by the C search and (at about 1e5) by TLC, each from its own text. tlaplus/Examples has the distinct
states of two-phase commit (6 managers), Lamport's mutex (724,274) and SimpleRegular (277,726). The last two protocols
are in no list of targets: they show whether the figures are tuned to the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS, SPECS = HERE.parent / "specs", HERE / "specs"


@dataclass(frozen=True, slots=True)
class Size:
    """constants: of the spec. macros: the same for C, Promela and TLA+. generated: with the initial state."""

    constants: dict[str, int]
    macros: dict[str, int]
    distinct: int
    generated: int


@dataclass(frozen=True, slots=True)
class Protocol:
    """`name` is the name of the Promela file, the TLA+ module and the C header; sizes: about 1e5, 1e6, 1e7."""

    name: str
    spec: Path
    invariant: str
    sizes: dict[str, Size]
    listed: bool = True


def _sizes(constant: str, counts: dict[str, tuple[int, int, int]]) -> dict[str, Size]:
    return {size: Size({constant: n}, {"N": n}, *figures) for size, (n, *figures) in counts.items()}


def _kicks(vcpus: int, distinct: int, generated: int) -> Size:
    return Size({"vcpus": vcpus, "queues": 2}, {"V": vcpus, "Q": 2}, distinct, generated)


def _lamport(most: int, distinct: int, generated: int) -> Size:
    return Size({"processes": 3, "most": most}, {"N": 3, "MOST": most}, distinct, generated)


def _bakery(processes: int, entries: int, distinct: int, generated: int) -> Size:
    constants = {"processes": processes, "entries": entries}
    return Size(constants, {"N": processes, "ENTRIES": entries}, distinct, generated)


PROTOCOLS = (
    Protocol("two_phase_commit", OURS / "two_phase_commit.py", "consistent", _sizes("managers", {
        "1e5": (7, 296_448, 2_744_706), "1e6": (8, 1_745_408, 18_507_778), "1e7": (9, 10_340_352, 123_558_402),
    })),
    Protocol("dining_philosophers", SPECS / "dining_philosophers.py", "neighbours_never_eat_together",
             _sizes("philosophers", {
        "1e5": (8, 125_440, 837_905), "1e6": (10, 2_483_456, 20_769_697), "1e7": (11, 11_050_112, 101_716_001),
    })),
    Protocol("filter_lock", SPECS / "filter_lock.py", "mutual_exclusion", _sizes("processes", {
        "1e5": (5, 104_432, 338_791), "1e6": (6, 2_111_008, 7_861_933),
    })),
    Protocol("filter_lock_by_one", SPECS / "filter_lock_by_one.py", "mutual_exclusion", _sizes("processes", {
        "1e5": (4, 91_922, 285_983), "1e7": (5, 6_773_056, 26_362_923),
    })),
    Protocol("ewd840", SPECS / "ewd840.py", "detection_is_right", _sizes("nodes", {
        "1e5": (7, 90_366, 2_291_078), "1e6": (8, 426_494, 14_014_727), "1e7": (9, 1_967_102, 81_367_560),
    })),
    Protocol("lost_kick", SPECS / "lost_kick.py", "no_kick_is_lost", {
        "1e5": _kicks(3, 136_544, 640_533),
        "1e6": _kicks(4, 1_020_712, 5_947_357),
        "1e7": _kicks(5, 7_435_696, 51_804_917),
    }),
    Protocol("lamport_mutex", SPECS / "lamport_mutex.py", "mutual_exclusion", {
        "1e5": _lamport(4, 70_472, 232_041),
        "1e6": _lamport(6, 724_274, 2_496_351),
        "1e7": _lamport(11, 9_917_563, 35_082_238),
    }),
    Protocol("simple_regular", SPECS / "simple_regular.py", "somebody_has_seen_it", _sizes("processes", {
        "1e5": (8, 277_726, 1_454_521), "1e6": (9, 1_330_669, 7_840_153), "1e7": (10, 6_375_622, 41_738_251),
    }), listed=False),
    Protocol("bakery", OURS / "bakery.py", "mutual_exclusion", {
        "1e5": _bakery(4, 1, 201_207, 599_309),
        "1e6": _bakery(3, 4, 1_670_999, 3_944_042),
        "1e7": _bakery(4, 2, 12_093_301, 37_424_183),
    }, listed=False),
)  # fmt: skip
