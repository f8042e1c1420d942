"""The loops over graphs, each written once: run as Python on small graphs, compiled by numba on large ones.

Importing numba costs 0.4 s and each kernel's first use some more, so a graph must be worth it (`SMALL`). As Python they
run over memoryviews, which give plain integers. numba is optional: without it large graphs take longer, no more.

A kernel walks the product of a graph and an automaton without building it. Node `row * states + q` is followed by
`t * states + r` for every edge row -> t of the graph, or for t = row (a stuttering step, always there), and every entry
r of the automaton's table for (q, letter of the row, kind of the step). Kind 0 is the stuttering step. Parameters in
common:

    first (n + 1,), target (m,), action (m,): the graph.  letter (n,), kind (actions,): what the automaton reads.
    shape: (states, letters, kinds, 1 where a stuttering step costs nothing, number of product nodes).
    start, follow, marks: the table; entries start[i]..start[i + 1] - 1 with i = (q * letters + letter) * kinds + kind.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any, Callable

import numpy as np

SMALL = 40_000  # edges of a product


HELPERS: list[Callable[..., Any]] = []  # what kernels call


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    HELPERS.append(function)
    return function


def run(function: Callable[..., Any], size: int, *args: Any) -> Any:
    """Calls a kernel on arrays, compiled if `size` is beyond SMALL."""
    if size > SMALL and find_spec("numba"):
        return compiled(function)(*args)
    return function(*(memoryview(a) if isinstance(a, np.ndarray) else a for a in args))


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    import numba

    _register_helpers()
    return numba.njit(cache=True)(function)


@cache
def _register_helpers() -> None:
    """Lets compiled kernels call them, while as Python they remain plain functions."""
    from numba.extending import register_jitable

    for function in HELPERS:
        register_jitable(function)


def reach(first, target, action, letter, kind, shape, start, follow, queue, count, seen, parent, step, goal):
    """Breadth-first from the `count` nodes in `queue`; every node reached is put into it, once.

    Stuttering steps that cost nothing are taken at once, within the level. seen: (nodes,) uint8, set. parent, step:
    (nodes,) where each was first reached from and by which edge (-1: stuttering), or of length 1: not wanted.
    goal: (nodes,) int32, or of length 1; stops with the first level that has a node with goal < 0.
    Gives where that level begins in the queue and ends; without one, the number of nodes reached twice.
    """
    states, letters, kinds, free = shape[0], shape[1], shape[2], shape[3]
    trace, seek = len(parent) > 1, len(goal) > 1
    for i in range(count):
        seen[queue[i]] = 1
    low, high = 0, count
    while low < high:
        if free:
            i = low
            while i < high:
                node = queue[i]
                i += 1
                row = node // states
                table = ((node - row * states) * letters + letter[row]) * kinds
                for j in range(start[table], start[table + 1]):
                    other = row * states + follow[j]
                    if not seen[other]:
                        seen[other] = 1
                        queue[high] = other
                        high += 1
                        if trace:
                            parent[other] = node
                            step[other] = -1
        if seek:
            for i in range(low, high):
                if goal[queue[i]] < 0:
                    return low, high
        tail = high
        for i in range(low, high):
            node = queue[i]
            row = node // states
            table = ((node - row * states) * letters + letter[row]) * kinds
            if not free:
                for j in range(start[table], start[table + 1]):
                    other = row * states + follow[j]
                    if not seen[other]:
                        seen[other] = 1
                        queue[tail] = other
                        tail += 1
                        if trace:
                            parent[other] = node
                            step[other] = -1
            for e in range(first[row], first[row + 1]):
                entry = table + kind[action[e]]
                base = target[e] * states
                for j in range(start[entry], start[entry + 1]):
                    other = base + follow[j]
                    if not seen[other]:
                        seen[other] = 1
                        queue[tail] = other
                        tail += 1
                        if trace:
                            parent[other] = node
                            step[other] = e
        low, high = high, tail
    return high, high


# --- fair components --------------------------------------------------------------------------------------------------

OUT = 0  # what `mark` says of a node that is in no fair component; nodes that are have negative odd numbers


def fair_components(
    first, target, action, letter, kind, shape, start, follow, marks, all_marks, group, demand, mark, stack, at_edge,
    at_entry, lowest, enabled, taken, stamp,
):  # fmt: skip
    """Finds every maximal strongly connected set of nodes in which a fair run that accepts can stay for ever.

    group: (actions,) int32, the fair group of an action or -1.  demand: (groups,) int32, as in `fairness`.
    mark: (nodes,) int32, -2 for the nodes to look at, OUT for others; afterwards -3, -5, ... for the nodes of each set
    found, in the order in which they were, OUT for all others. Gives how many there are.
    stack, at_edge, at_entry, lowest: (nodes to look at,) int32.  enabled, taken, stamp: (groups,) int64, zero.

    Tarjan's algorithm. Meanwhile mark is positive for a node on the stack, by order of visit, and -2r for one of region
    r that is still to be visited. The nodes on the way to the present one are the left end of `stack`, those that are
    done but not in a component yet its right end. A component that a strongly fair group forbids as a whole becomes a
    region of its own, without the nodes where the group is enabled.
    """
    states, letters, kinds, nodes, size = shape[0], shape[1], shape[2], shape[4], len(stack)
    walk = (states, letters, kinds)
    clock, regions, found = 0, 1, 0
    again = True
    while again:
        again = False
        for root in range(nodes):
            home = mark[root]
            if home >= 0 or home & 1:
                continue
            clock += 1
            mark[root] = clock
            depth, top = 0, size
            stack[0], at_edge[0], at_entry[0], lowest[0] = root, first[root // states] - 1, 0, clock
            while depth >= 0:
                node = stack[depth]
                edge, entry, low, child = next_child(
                    first, target, action, letter, kind, walk, start, follow, mark, home, node,
                    at_edge[depth], at_entry[depth], lowest[depth],
                )  # fmt: skip
                if child >= 0:
                    at_edge[depth], at_entry[depth], lowest[depth] = edge, entry, low
                    clock += 1
                    mark[child] = clock
                    depth += 1
                    stack[depth], at_edge[depth] = child, first[child // states] - 1
                    at_entry[depth], lowest[depth] = 0, clock
                    continue
                depth -= 1
                top -= 1
                stack[top] = node
                if low < mark[node]:
                    lowest[depth] = min(lowest[depth], low)
                    continue
                begin, top = top, component_end(stack, mark, top, mark[node])
                verdict = judged(
                    first, target, action, letter, kind, walk, start, follow, marks, all_marks, group, demand, mark,
                    stack, begin, top, enabled, taken, stamp,
                )  # fmt: skip
                if verdict == SPLIT:
                    regions += 1
                    again = True
                    divide(first, action, states, group, demand, taken, mark, stack, begin, top, -2 * regions)
                    continue
                if verdict == FAIR:
                    found += 1
                for i in range(begin, top):
                    mark[stack[i]] = -1 - 2 * found if verdict == FAIR else OUT
    return found


UNFAIR, FAIR, SPLIT = 0, 1, 2


@helper
def next_child(
    first, target, action, letter, kind, walk, start, follow, mark, home, node, edge, entry, low
):  # fmt: skip
    """The next unvisited successor of a node in its region, or -1: (edge, entry) to go on from, lowest mark, child."""
    states, letters, kinds = walk
    row = node // states
    last, table = first[row + 1], ((node - row * states) * letters + letter[row]) * kinds
    while edge < last:
        if edge < first[row]:
            where, base = table, row * states
        else:
            where, base = table + kind[action[edge]], target[edge] * states
        at, end = start[where] + entry, start[where + 1]
        while at < end:
            other = base + follow[at]
            at += 1
            if mark[other] == home:
                return edge, at - start[where], low, other
            if 0 < mark[other] < low:
                low = mark[other]
        edge += 1
        entry = 0
    return edge, entry, low, -1


@helper
def component_end(stack, mark, begin, root):
    """Where the nodes that were visited after the root of a component end on the right of the stack."""
    end = begin + 1
    while end < len(stack) and mark[stack[end]] > root:
        end += 1
    return end


@helper
def judged(
    first, target, action, letter, kind, walk, start, follow, marks, all_marks, group, demand, mark, stack, begin, end,
    enabled, taken, stamp,
):  # fmt: skip
    """What a component is: stack[begin:end], of which the first is the root. Leaves in `taken` which groups it
    takes."""
    states, letters, kinds = walk
    root, inner, seen = mark[stack[begin]], 0, 0
    for g in range(len(demand)):
        enabled[g], taken[g], stamp[g] = 0, 0, -1
    for i in range(begin, end):
        node = stack[i]
        row = node // states
        table = ((node - row * states) * letters + letter[row]) * kinds
        for j in range(start[table], start[table + 1]):
            if mark[row * states + follow[j]] >= root:
                inner += 1
                seen |= marks[j]
        if end - begin == 1 and inner == 0:
            return UNFAIR
        for e in range(first[row], first[row + 1]):
            g = group[action[e]]
            if g >= 0 and stamp[g] != i:
                stamp[g] = i
                enabled[g] += 1
            where, base = table + kind[action[e]], target[e] * states
            for j in range(start[where], start[where + 1]):
                if mark[base + follow[j]] >= root:
                    inner += 1
                    seen |= marks[j]
                    if g >= 0:
                        taken[g] = 1
    if inner == 0 or seen != all_marks:
        return UNFAIR
    verdict = FAIR
    for g in range(len(demand)):
        if demand[g] > 0 and not taken[g] and enabled[g] > 0:
            if enabled[g] == end - begin:
                return UNFAIR
            if demand[g] == 2:
                verdict = SPLIT
    return verdict


@helper
def divide(first, action, states, group, demand, taken, mark, stack, begin, end, region):
    """Makes the nodes where no strongly fair group that is not taken is enabled a region of their own."""
    for i in range(begin, end):
        node = stack[i]
        row = node // states
        mark[node] = region
        for e in range(first[row], first[row + 1]):
            g = group[action[e]]
            if g >= 0 and demand[g] == 2 and not taken[g]:
                mark[node] = OUT
                break


# --- an index of states -----------------------------------------------------------------------------------------------


def fill(words, width, slots):
    """Enters the rows of `words` into an open hash table of twice as many slots or more, all -1. words: flat uint64."""
    for row in range(len(words) // width):
        slots[place(words, width, slots, words, row)] = row


def look_up(words, width, slots, wanted, out):
    """The row in `words` of each state in `wanted`, or -1."""
    for i in range(len(out)):
        out[i] = slots[place(words, width, slots, wanted, i)]


@helper
def place(words, width, slots, wanted, i):
    """The slot of a state, or the free one where it would stand. For compiled code only: it counts modulo 2**64."""
    mixed = np.uint64(0x9E3779B97F4A7C15)
    for k in range(width):
        mixed = (mixed ^ wanted[i * width + k]) * np.uint64(0xFF51AFD7ED558CCD)
        mixed ^= mixed >> np.uint64(32)
    mask = np.uint64(len(slots) - 1)
    at = mixed & mask
    while slots[at] >= 0:
        row, same = slots[at], True
        for k in range(width):
            if words[row * width + k] != wanted[i * width + k]:
                same = False
                break
        if same:
            return at
        at = (at + np.uint64(1)) & mask
    return at
