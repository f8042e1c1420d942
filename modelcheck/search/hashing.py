"""The one hash function of states: the same on every platform, in every store, for every partition of the work.

    mix(x):   x ^= x >> 30;  x *= C1;  x ^= x >> 27;  x *= C2;  x ^= x >> 31     (mod 2**64; splitmix64's finalizer)
    hash(w):  h = SEED;  for each 64-bit word, lowest first:  h = mix(h ^ word)

mix is a bijection: different states of one word never share a hash. Source: Steele, Lea, Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014. The kernels of `kernels` compute the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelcheck.system import States

SEED = 0x9E3779B97F4A7C15
C1 = 0xBF58476D1CE4E5B9
C2 = 0x94D049BB133111EB


def hashes(states: States) -> NDArray[np.uint64]:
    """(n,) uint64, one per row."""
    h = np.full(len(states), SEED, np.uint64)
    for word in range(states.shape[1]):
        h ^= states[:, word]
        h ^= h >> np.uint64(30)
        h *= np.uint64(C1)
        h ^= h >> np.uint64(27)
        h *= np.uint64(C2)
        h ^= h >> np.uint64(31)
    return h
