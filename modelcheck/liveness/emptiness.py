"""Whether some fair behaviour is accepted: the strongly connected sets of a product on which one can stay for ever.

A set qualifies where its edges have all marks of the automaton, no weakly fair group is enabled all over it without
being taken in it, and no strongly fair group is enabled in it without being taken. Sets that fail only by the last are
searched again without the offending nodes (Emerson and Lei 1987; Streett pairs as in Baier and Katoen, section 6.5).
Fairness is counted while a set is looked at, so any number of groups leaves the product as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcheck.liveness import kernels
from modelcheck.liveness.fairness import Fairness
from modelcheck.liveness.product import Product, faulty
from modelcheck.search.regions import zeros

UNWANTED = np.zeros(1, np.int32)  # in place of an array that a kernel is not to use


@dataclass(frozen=True, slots=True)
class Components:
    """`product` is over those automaton states in which a run may stay; mark: (its nodes,) int32, -3, -5, ... for the
    nodes of each fair set, 0 elsewhere. `count` of them.
    fault: the first (row, atom) without a value that the automaton had to know; then nothing else counts."""

    product: Product
    mark: NDArray[np.int32]
    count: int
    fault: tuple[int, int] | None = None


def reachable(product: Product) -> NDArray[np.uint8]:
    """(nodes,): 1 where the product can get."""
    seen, queue = zeros(product.nodes, np.uint8), zeros(product.nodes, np.int32)
    initial = product.initial
    queue[: len(initial)] = initial
    rest = (int(product.free), queue, len(initial), seen, UNWANTED, UNWANTED, UNWANTED)
    kernels.run(kernels.reach, product.edges, product.walk, *rest)
    return seen


def fair_components(product: Product, fairness: Fairness, seen: NDArray[np.uint8]) -> Components:
    """Those among the nodes seen."""
    lasting, fault = product.lasting(), _fault(product, seen)
    looked_at = seen.reshape(-1, product.states)[:, product.accepting]
    mark = zeros(looked_at.size, np.int32)
    np.multiply(looked_at, np.int32(-2), out=mark.reshape(looked_at.shape), casting="unsafe")
    if fault is not None or not len(mark):
        return Components(lasting, mark, 0, fault)
    count = kernels.run(
        kernels.fair_components, lasting.edges, lasting.walk, lasting.automaton.all_marks,
        (fairness.group, fairness.demand), mark, _work(lasting, int(np.count_nonzero(mark))),
        tuple(np.zeros(max(1, len(fairness.groups)), np.int64) for _ in range(3)),
    )  # fmt: skip
    return Components(lasting, mark, int(count))


def _work(product: Product, size: int) -> tuple[NDArray[Any], ...]:
    """Room for a search through `size` nodes, in numbers as short as they can be."""
    edge = np.int8 if product.degree < 1 << 7 else np.int16 if product.degree < 1 << 15 else np.int32
    entry = np.uint8 if product.branching < 1 << 8 else np.int32
    return tuple(zeros(max(1, size), kind) for kind in (np.int32, edge, entry, np.int32))


def _fault(product: Product, seen: NDArray[np.uint8]) -> tuple[int, int] | None:
    table = faulty(product)
    if (table < 0).all():
        return None
    atom = table.T[product.letters.letter]  # (rows, states)
    at = np.flatnonzero(((atom >= 0) & (seen.reshape(-1, product.states) > 0)).any(axis=1))
    if not len(at):
        return None
    row = int(at[0])
    hit = seen[row * product.states : (row + 1) * product.states] > 0
    return row, int(min(a for a in atom[row][hit].tolist() if a >= 0))
