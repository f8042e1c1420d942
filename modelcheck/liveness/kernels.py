"""The loops over graphs, each written once: run as Python on small graphs, as machine code on large ones (`native`).

Machine code takes 30 ms or more to get, so a graph must be worth it (`SMALL`). As Python the kernels run over
memoryviews, which give plain integers. llvmlite may be missing: then large graphs take longer, no more.

A kernel walks the product of a graph and an automaton without building it. Node `row * states + q` is followed by
`t * states + r` for every edge row -> t of the graph, or for t = row (a stuttering step, always there), and every entry
r of the automaton's table for (q, letter of the row, kind of the step). Kind 0 is the stuttering step. In common they
have `walk`, what `Product.walk` gives:

    first (n + 1,), target (m,), action (m,): the graph.  letter (n,), kind (actions,): what the automaton reads.
    start, follow, marks: the table; entries start[i]..start[i + 1] - 1 with i = (q * letters + letter) * kinds + kind.
    states, letters, kinds: how many there are of each.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from modelcheck.liveness.native import available, native

SMALL = 40_000  # edges of a product


def run(kernel: Callable[..., Any], size: int, *args: Any) -> Any:
    """Calls a kernel, as machine code if `size` is beyond SMALL."""
    if size > SMALL and available():
        return native(kernel, *args)
    return kernel(*map(_viewed, args))


def _viewed(arg: Any) -> Any:
    match arg:
        case np.ndarray():
            return memoryview(arg)
        case tuple():
            return tuple(map(_viewed, arg))
    return arg


# --- breadth-first ----------------------------------------------------------------------------------------------------


def reach(walk, free, queue, count, seen, parent, step, goal):
    """Breadth-first from the `count` nodes in `queue`; every node reached is put into it, once.

    free: 1 where stuttering steps cost nothing: they are then taken at once, within the level. seen: (nodes,) uint8,
    set. parent, step: (nodes,) where each was first reached from and by which edge (-1: stuttering), or of length 1:
    not wanted. goal: (nodes,) int32, or of length 1; stops with the first level that has a node with goal < 0.
    Gives where that level begins in the queue and ends; without one, the number of nodes reached twice.
    """
    for i in range(count):
        seen[queue[i]] = 1
    low, high = 0, count
    while low < high:
        if free:
            i = low
            while i < high:
                high = stuttered(walk, queue[i], queue, high, seen, parent, step)
                i += 1
        if len(goal) > 1 and some_goal(queue, low, high, goal):
            return low, high
        tail = high
        for i in range(low, high):
            if not free:
                tail = stuttered(walk, queue[i], queue, tail, seen, parent, step)
            tail = moved(walk, queue[i], queue, tail, seen, parent, step)
        low, high = high, tail
    return high, high


def some_goal(queue, low, high, goal):
    for i in range(low, high):
        if goal[queue[i]] < 0:
            return 1
    return 0


def stuttered(walk, node, queue, tail, seen, parent, step):
    """Puts what follows by a stuttering step into the queue; gives its new end."""
    first, target, action, letter, kind, start, follow, marks, states, letters, kinds = walk
    row = node // states
    table = ((node - row * states) * letters + letter[row]) * kinds
    for j in range(start[table], start[table + 1]):
        tail = entered(row * states + follow[j], node, -1, queue, tail, seen, parent, step)
    return tail


def moved(walk, node, queue, tail, seen, parent, step):
    """As `stuttered`, for the edges of the graph."""
    first, target, action, letter, kind, start, follow, marks, states, letters, kinds = walk
    row = node // states
    table = ((node - row * states) * letters + letter[row]) * kinds
    for e in range(first[row], first[row + 1]):
        entry = table + kind[action[e]]
        for j in range(start[entry], start[entry + 1]):
            tail = entered(target[e] * states + follow[j], node, e, queue, tail, seen, parent, step)
    return tail


def entered(other, node, edge, queue, tail, seen, parent, step):
    if seen[other]:
        return tail
    seen[other] = 1
    queue[tail] = other
    if len(parent) > 1:
        parent[other] = node
        step[other] = edge
    return tail + 1


# --- fair components --------------------------------------------------------------------------------------------------

OUT = 0  # what `mark` says of a node that is in no fair component; nodes that are have negative odd numbers
UNFAIR, FAIR, SPLIT = 0, 1, 2


def fair_components(walk, all_marks, fairness, mark, work, counts):
    """Finds every maximal strongly connected set of nodes in which a fair run that accepts can stay for ever.

    fairness: (group, demand): (actions,) int32, the fair group of an action or -1; (groups,) int32, as in `fairness`.
    mark: (nodes,) int32, -2 for the nodes to look at, OUT for others; afterwards -3, -5, ... for the nodes of each set
    found, in the order in which they were, OUT for all others. Gives how many there are.
    work: stack, at_edge, at_entry, lowest, each with room for the nodes to look at; at_edge is signed and holds degrees
    of rows, at_entry holds positions in a part of the table.  counts: enabled, taken, stamp: (groups,) int64.

    Tarjan's algorithm. Meanwhile mark is positive for a node on the stack, by order of visit, and -2r for one of region
    r that is still to be visited. The nodes on the way to the present one are the left end of `stack`, those that are
    done but not in a component yet its right end. A component that a strongly fair group forbids as a whole becomes a
    region of its own, without the nodes where the group is enabled.
    """
    clock, regions, found, before = 0, 1, 0, 0
    while regions > before:
        before = regions
        for root in range(len(mark)):
            if mark[root] < 0 and mark[root] & 1 == 0:
                clock, regions, found = visited_from(
                    walk, all_marks, fairness, mark, work, counts, root, clock, regions, found
                )  # fmt: skip
    return found


def visited_from(walk, all_marks, fairness, mark, work, counts, root, clock, regions, found):
    """Visits what is reached from a root in its region, and judges each component as it is complete."""
    stack, at_edge, at_entry, lowest = work
    home, clock, depth, top = mark[root], clock + 1, 0, len(stack)
    mark[root] = clock
    stack[0], at_edge[0], at_entry[0], lowest[0] = root, -1, 0, clock
    while depth >= 0:
        node = stack[depth]
        edge, entry, low, child = next_child(
            walk, mark, home, node, at_edge[depth], at_entry[depth], lowest[depth]
        )  # fmt: skip
        if child >= 0:
            at_edge[depth], at_entry[depth], lowest[depth] = edge, entry, low
            clock, depth = clock + 1, depth + 1
            mark[child] = clock
            stack[depth], at_edge[depth], at_entry[depth], lowest[depth] = child, -1, 0, clock
            continue
        depth, top = depth - 1, top - 1
        stack[top] = node
        if low < mark[node]:
            lowest[depth] = min(lowest[depth], low)
            continue
        begin, top = top, component_end(stack, mark, top, mark[node])
        regions, found = settled(walk, all_marks, fairness, mark, stack, begin, top, counts, regions, found)
    return clock, regions, found


def next_child(walk, mark, home, node, edge, entry, low):
    """The next unvisited successor of a node in its region, or -1: (edge, entry) to go on from, lowest mark, child.
    Edges are counted from the first one of the row, -1 is the stuttering step."""
    first, target, action, letter, kind, start, follow, marks, states, letters, kinds = walk
    row = node // states
    base, degree = first[row], first[row + 1] - first[row]
    table = ((node - row * states) * letters + letter[row]) * kinds
    while edge < degree:
        where, to = table, row * states
        if edge >= 0:
            where, to = table + kind[action[base + edge]], target[base + edge] * states
        at, end = start[where] + entry, start[where + 1]
        while at < end:
            other = to + follow[at]
            at += 1
            if mark[other] == home:
                return edge, at - start[where], low, other
            if 0 < mark[other] and mark[other] < low:
                low = mark[other]
        edge += 1
        entry = 0
    return edge, entry, low, -1


def component_end(stack, mark, begin, root):
    """Where the nodes that were visited after the root of a component end on the right of the stack."""
    end = begin + 1
    while end < len(stack) and mark[stack[end]] > root:
        end += 1
    return end


def settled(walk, all_marks, fairness, mark, stack, begin, end, counts, regions, found):
    """Marks the nodes of a component as what they are: stack[begin:end], of which the first is the root."""
    verdict = judged(walk, all_marks, fairness, mark, stack, begin, end, counts)
    if verdict == SPLIT:
        regions += 1
        divide(walk, fairness, mark, stack, begin, end, counts, -2 * regions)
        return regions, found
    number = OUT
    if verdict == FAIR:
        found += 1
        number = -1 - 2 * found
    for i in range(begin, end):
        mark[stack[i]] = number
    return regions, found


def judged(walk, all_marks, fairness, mark, stack, begin, end, counts):
    """What a component is. Leaves in `counts` in how many of its nodes each group is enabled, and which are taken."""
    group, demand = fairness
    enabled, taken, stamp = counts
    for g in range(len(demand)):
        enabled[g], taken[g], stamp[g] = 0, 0, -1
    inner, seen = 0, 0
    for i in range(begin, end):
        stays, carried = stutters(walk, mark, stack[begin], stack[i])
        if end - begin == 1 and not stays:  # a step of the graph leads elsewhere: it changes the state
            return UNFAIR
        more, marked = within(walk, fairness, mark, stack[begin], stack[i], counts, i)
        inner += stays + more
        seen |= carried | marked
    if inner == 0 or seen != all_marks:
        return UNFAIR
    return demanded(demand, enabled, taken, end - begin)


def stutters(walk, mark, root, node):
    """Of the stuttering steps of a node in the component of a root: how many stay in it, and their marks."""
    first, target, action, letter, kind, start, follow, marks, states, letters, kinds = walk
    row = node // states
    table, inner, seen = ((node - row * states) * letters + letter[row]) * kinds, 0, 0
    for j in range(start[table], start[table + 1]):
        if mark[row * states + follow[j]] >= mark[root]:
            inner += 1
            seen |= marks[j]
    return inner, seen


def within(walk, fairness, mark, root, node, counts, number):
    """As `stutters`, for the edges of the graph; counts the groups. number: one of its own for each node."""
    first, target, action, letter, kind, start, follow, marks, states, letters, kinds = walk
    group, demand = fairness
    enabled, taken, stamp = counts
    row = node // states
    table, inner, seen = ((node - row * states) * letters + letter[row]) * kinds, 0, 0
    for e in range(first[row], first[row + 1]):
        g = group[action[e]]
        if g >= 0 and stamp[g] != number:
            stamp[g] = number
            enabled[g] += 1
        where, base = table + kind[action[e]], target[e] * states
        for j in range(start[where], start[where + 1]):
            if mark[base + follow[j]] >= mark[root]:
                inner += 1
                seen |= marks[j]
                if g >= 0:
                    taken[g] = 1
    return inner, seen


def demanded(demand, enabled, taken, size):
    """Whether the groups that are not taken let a run stay, where each is enabled in so many nodes of `size`."""
    verdict = FAIR
    for g in range(len(demand)):
        if demand[g] > 0 and not taken[g] and enabled[g] > 0:
            if enabled[g] == size:
                return UNFAIR
            if demand[g] == 2:
                verdict = SPLIT
    return verdict


def divide(walk, fairness, mark, stack, begin, end, counts, region):
    """Makes the nodes where no strongly fair group that is not taken is enabled a region of their own."""
    first, target, action, letter, kind, start, follow, marks, states, letters, kinds = walk
    group, demand = fairness
    enabled, taken, stamp = counts
    for i in range(begin, end):
        row = stack[i] // states
        mark[stack[i]] = region
        for e in range(first[row], first[row + 1]):
            g = group[action[e]]
            if g >= 0 and demand[g] == 2 and not taken[g]:
                mark[stack[i]] = OUT
                break


# --- from states to rows ----------------------------------------------------------------------------------------------

AHEAD = 16  # how far the next cache line is fetched before it is read
MIX, FOLD = 0x7FB5D329728EA185, 0x2545F4914F6CDD1D
HASH = (1 << 63) - 1
LOW = (1 << 32) - 1


def prefetch(array, index):
    """Nothing, but for machine code: the element will be read soon."""


def fill(words, width, count, slots, mask):
    """Enters `count` rows of `words`, each of `width`, into an open hash table. slots: uint32, zero. mask: the bits of
    a slot for the row number plus one; those above hold a part of the hash, so that few rows are compared in vain."""
    for ahead in range(count + AHEAD):
        if ahead < count:
            prefetch(slots, home(mixed(words, ahead * width, width), len(slots)))
        row = ahead - AHEAD
        if row >= 0:
            h = mixed(words, row * width, width)
            at = home(h, len(slots))
            while slots[at]:
                at = at + 1 if at + 1 < len(slots) else 0
            slots[at] = (h & (LOW ^ mask)) | (row + 1)


def enter(
    words, width, slots, mask, wanted, source, action, offset, consumed, moved, hashes, first, target, label, filled
):
    """Appends the transitions of one answer that change the state, as `graph.Graph` has them. words, slots, mask: as
    they were filled. wanted: the states that they lead to, as words. source counts from row `offset`. moved, hashes:
    int64, room for all of them. first: zero from the rows of the answer on. Gives how many edges there are then; -1
    where a state is unknown, or more edges come than there is room for. Those that change the state are gathered first,
    without a branch: who can tell which do?
    """
    count, start = 0, filled
    for i in range(len(source)):
        moved[count] = i
        count += differ(words, (offset + source[i]) * width, wanted, i * width, width) != 0
    for ahead in range(count + 2 * AHEAD):
        if ahead < count:
            hashes[ahead] = mixed(wanted, moved[ahead] * width, width)
            prefetch(slots, home(hashes[ahead], len(slots)))
        near = ahead - AHEAD
        if near >= 0 and near < count:
            prefetch(words, ((slots[home(hashes[near], len(slots))] & mask) - 1) * width)
        at = near - AHEAD
        if at >= 0:
            i = moved[at]
            found = row_of(words, width, slots, mask, wanted, i, hashes[at])
            if found < 0 or filled == len(target):
                return -1
            target[filled], label[filled] = found, action[i]
            first[offset + source[i] + 1] += 1
            filled += 1
    total = start
    for row in range(offset, offset + consumed):
        total += first[row + 1]
        first[row + 1] = total
    return filled


def row_of(words, width, slots, mask, wanted, i, h):
    """The row of a state, or -1."""
    tag, at = h & (LOW ^ mask), home(h, len(slots))
    while slots[at]:
        if slots[at] & (LOW ^ mask) == tag:
            row = (slots[at] & mask) - 1
            if same(words, row * width, wanted, i * width, width):
                return row
        at = at + 1 if at + 1 < len(slots) else 0
    return -1


def same(left, i, right, j, width):
    for k in range(width):
        if left[i + k] != right[j + k]:
            return 0
    return 1


def differ(left, i, right, j, width):
    """Not 0 where `width` words are not equal."""
    bits = 0
    for k in range(width):
        bits = bits | (left[i + k] ^ right[j + k])
    return bits


def mixed(words, at, width):
    """A hash of `width` words, not negative. Machine code keeps the lowest 64 bits by itself."""
    h = width
    for k in range(width):
        h = ((h ^ words[at + k]) * MIX) & HASH
        h = ((h ^ (h >> 29)) * FOLD) & HASH
        h = h ^ (h >> 32)
    return h


def home(h, slots):
    """The first place for a hash. The lowest bits are left to the tag."""
    return ((h >> 32) * slots) >> 31
