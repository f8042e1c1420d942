"""What is measured: six protocols that every tool has in its own language, with the same states and transitions.

One action is one step, only the protocol's variables are stored. The counts were found by this tool, by SPIN with
-DNOREDUCE and (where the state fits into 64 bits) by the C search, each from its own text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPECS = HERE / "specs"


@dataclass(frozen=True, slots=True)
class Size:
    """constants: of the spec. macros: the same for C and Promela. generated: with the initial state."""

    constants: dict[str, int]
    macros: dict[str, int]
    distinct: int
    generated: int


@dataclass(frozen=True, slots=True)
class Protocol:
    """`name` is the name of the Promela file and of the C header (if there is one); sizes: about 1e5, 1e6, 1e7."""

    name: str
    spec: Path
    sizes: dict[str, Size]
    in_c: bool = True


def _sizes(constant: str, macro: str, counts: dict[str, tuple[int, int, int]]) -> dict[str, Size]:
    return {size: Size({constant: n}, {macro: n}, *figures) for size, (n, *figures) in counts.items()}


def _kicks(vcpus: int, distinct: int, generated: int) -> Size:
    return Size({"vcpus": vcpus, "queues": 2}, {"V": vcpus, "Q": 2}, distinct, generated)


def _lamport(most: int, distinct: int, generated: int) -> Size:
    return Size({"processes": 3, "most": most}, {"N": 3, "MOST": most}, distinct, generated)


PROTOCOLS = (
    Protocol("two_phase_commit", HERE.parent / "specs" / "two_phase_commit.py", _sizes("managers", "N", {
        "1e5": (7, 296_448, 2_744_706), "1e6": (8, 1_745_408, 18_507_778), "1e7": (9, 10_340_352, 123_558_402),
    })),
    Protocol("dining_philosophers", SPECS / "dining_philosophers.py", _sizes("philosophers", "N", {
        "1e5": (8, 125_440, 837_905), "1e6": (10, 2_483_456, 20_769_697), "1e7": (11, 11_050_112, 101_716_001),
    })),
    Protocol("filter_lock", SPECS / "filter_lock.py", _sizes("processes", "N", {
        "1e5": (4, 74_005, 230_189), "1e7": (5, 5_659_100, 22_025_657),
    })),
    Protocol("ewd840", SPECS / "ewd840.py", _sizes("nodes", "N", {
        "1e5": (7, 90_366, 2_291_078), "1e6": (8, 426_494, 14_014_727), "1e7": (9, 1_967_102, 81_367_561),
    })),
    Protocol("lost_kick", SPECS / "lost_kick.py", {
        "1e5": _kicks(3, 112_344, 704_305),
        "1e6": _kicks(4, 845_696, 6_253_057),
        "1e7": _kicks(5, 6_173_016, 52_629_457),
    }),
    Protocol("lamport_mutex", SPECS / "lamport_mutex.py", {
        "1e5": _lamport(4, 70_472, 232_041),
        "1e6": _lamport(6, 724_274, 2_496_351),
        "1e7": _lamport(8, 2_763_329, 9_678_157),
    }, in_c=False),
)  # fmt: skip
