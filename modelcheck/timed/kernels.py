"""The functions of `dbm` as machine code, over many zones at a time. One meaning: `dbm` says it, tests compare.

Zones are rows of n * n raw bounds (int64); a row of the search is the number of a discrete state and a zone behind it.
Programs, modes and steps come as flat arrays: entry k of a list of lists stands at first[k] .. first[k + 1].
"""

from __future__ import annotations

import numpy as np
from numba import njit

INFINITY = np.int64(1 << 60)
LE_ZERO = np.int64(1)
NEVER = -INFINITY
CONSTRAIN = 0
WAITING, EXPANDED, RETIRED = 0, 1, 2


@njit(cache=True, inline="always")
def plus(a, b):
    if a == INFINITY or b == INFINITY:
        return INFINITY
    return a + b - ((a | b) & 1)


@njit(cache=True)
def close(d, n):
    for k in range(n):
        for i in range(n):
            through = d[i * n + k]
            if through != INFINITY and i != k:
                for j in range(n):
                    second = d[k * n + j]
                    if second != INFINITY:
                        bound = through + second - ((through | second) & 1)
                        if bound < d[i * n + j]:
                            d[i * n + j] = bound
    for i in range(n):
        if d[i * n + i] < LE_ZERO:
            return False
    return True


@njit(cache=True)
def constrain(d, n, i, j, bound):
    if bound >= d[i * n + j]:
        return True
    if plus(d[j * n + i], bound) < LE_ZERO:
        return False
    d[i * n + j] = bound
    for k in range(n):
        through = plus(d[k * n + i], bound)
        if through != INFINITY:
            for m in range(n):
                second = d[j * n + m]
                if second != INFINITY:
                    candidate = through + second - ((through | second) & 1)
                    if candidate < d[k * n + m]:
                        d[k * n + m] = candidate
    return True


@njit(cache=True)
def constrain_all(d, n, atoms, first, end):
    for a in range(first, end):
        if not constrain(d, n, atoms[a, 0], atoms[a, 1], atoms[a, 2]):
            return False
    return True


@njit(cache=True)
def reset(d, n, x, low, high):
    for k in range(n):
        d[x * n + k] = plus(2 * high + 1, d[k])
        d[k * n + x] = plus(d[k * n], 1 - 2 * low)
    d[x * n + x] = LE_ZERO


@njit(cache=True)
def run(d, n, ops, first, end):
    for o in range(first, end):
        if ops[o, 0] != CONSTRAIN:
            reset(d, n, ops[o, 1], ops[o, 2], ops[o, 3])
        elif not constrain(d, n, ops[o, 1], ops[o, 2], ops[o, 3]):
            return False
    return True


@njit(cache=True)
def free(d, n, x):
    for k in range(n):
        d[x * n + k] = INFINITY
        d[k * n + x] = d[k * n]
    d[x * n + x] = LE_ZERO


@njit(cache=True)
def unrun(d, n, ops, first, end):
    for back in range(end - first):
        o = end - 1 - back
        if ops[o, 0] != CONSTRAIN:
            x = ops[o, 1]
            if not constrain(d, n, x, 0, 2 * ops[o, 3] + 1) or not constrain(d, n, 0, x, 1 - 2 * ops[o, 2]):
                return False
            free(d, n, x)
        elif not constrain(d, n, ops[o, 1], ops[o, 2], ops[o, 3]):
            return False
    return True


@njit(cache=True)
def down(d, n):
    for i in range(1, n):
        least = LE_ZERO
        for j in range(1, n):
            least = min(least, d[j * n + i])
        d[i] = least


@njit(cache=True)
def extrapolate(d, n, lower, upper):
    changed = False
    for i in range(1, n):
        above = -(d[i] >> 1) > lower[i]
        for j in range(n):
            entry = d[i * n + j]
            if i != j and entry != INFINITY and (above or entry >> 1 > lower[i] or -(d[j] >> 1) > upper[j]):
                d[i * n + j] = INFINITY
                changed = True
    for j in range(1, n):
        if -(d[j] >> 1) > upper[j]:
            bound = LE_ZERO if upper[j] == NEVER else -2 * upper[j]
            changed |= bound != d[j]
            d[j] = bound
    if changed:
        close(d, n)


@njit(cache=True)
def enter(d, n, atoms, first, end, delay, lower, upper):
    """Into a state of a mode: its deadlines, time passes, abstracted. False: nothing is left."""
    if not constrain_all(d, n, atoms, first, end):
        return False
    if delay:
        for i in range(1, n):
            d[i * n] = INFINITY
        constrain_all(d, n, atoms, first, end)
    extrapolate(d, n, lower, upper)
    return True


@njit(cache=True, nogil=True)
def successors(
    rows, n, steps_first, steps_size, programs, targets, op_first, ops, mode_of, atom_first, atoms, delay, bounds,
    out, source, step,
):  # fmt: skip
    """The steps out of every row that are possible while its deadlines hold. out: room for each of them. Gives their
    number, or -1 where the target has no mode."""
    found = 0
    zone = np.empty(n * n, np.int64)
    for r in range(len(rows)):
        state = rows[r, 0]
        zone[:] = rows[r, 1:]
        own = mode_of[state]
        constrain_all(zone, n, atoms, atom_first[own], atom_first[own + 1])
        for t in range(steps_first[state], steps_first[state] + steps_size[state]):
            d = out[found, 1:]
            d[:] = zone
            program = programs[t]
            if not run(d, n, ops, op_first[program], op_first[program + 1]):
                continue
            mode = mode_of[targets[t]]
            if mode < 0:
                return -1
            lower, upper = bounds[mode, 0], bounds[mode, 1]
            if enter(d, n, atoms, atom_first[mode], atom_first[mode + 1], delay[mode], lower, upper):
                out[found, 0] = targets[t]
                source[found] = r
                step[found] = t
                found += 1
    return found


@njit(cache=True)
def possible(rows, n, atoms, out):
    """out[r]: whether some time of row r satisfies all atoms."""
    d = np.empty(n * n, np.int64)
    for r in range(len(rows)):
        d[:] = rows[r, 1:]
        out[r] = constrain_all(d, n, atoms, 0, len(atoms))


@njit(cache=True)
def without(zones, count, n, taken, dense):
    """The pieces of the first zones that are not in `taken`, and their number."""
    out = np.empty((max(4, 2 * count), n * n), np.int64)
    pieces = 0
    rest, piece = np.empty(n * n, np.int64), np.empty(n * n, np.int64)
    for z in range(count):
        rest[:] = zones[z]
        left = True
        for i in range(n):
            for j in range(n):
                bound = taken[i * n + j]
                if not left or bound >= rest[i * n + j]:
                    continue
                piece[:] = rest
                if constrain(piece, n, j, i, 1 - bound if dense else -bound):
                    if pieces == len(out):
                        longer = np.empty((2 * pieces, n * n), np.int64)
                        longer[:pieces] = out
                        out = longer
                    out[pieces] = piece
                    pieces += 1
                left = constrain(rest, n, i, j, bound)
    return out, pieces


@njit(cache=True)
def stuck(
    rows, n, steps_first, steps_size, programs, targets, op_first, ops, mode_of, atom_first, atoms, delay, dense, out
):  # fmt: skip
    """out[r]: whether from some time of row r on no step is ever possible."""
    before = np.empty(n * n, np.int64)
    for r in range(len(rows)):
        state = rows[r, 0]
        rest, left = rows[r : r + 1, 1:].copy(), 1
        for t in range(steps_first[state], steps_first[state] + steps_size[state]):
            mode, program = mode_of[targets[t]], programs[t]
            before[:] = INFINITY
            for i in range(n):
                before[i] = before[i * n + i] = LE_ZERO
            if not constrain_all(before, n, atoms, atom_first[mode], atom_first[mode + 1]):
                continue
            if not unrun(before, n, ops, op_first[program], op_first[program + 1]):
                continue
            own = mode_of[state]
            if not constrain_all(before, n, atoms, atom_first[own], atom_first[own + 1]):
                continue
            if delay[own]:
                down(before, n)
            rest, left = without(rest, left, n, before, dense)
            if not left:
                break
        out[r] = left > 0


@njit(cache=True)
def insert(
    states, parent, action, following, head, status, linked, counts, level, shortest,
    targets, source, row_of, taken, expanded,
):  # fmt: skip
    """Targets into the store, each in its turn. A target that is in a zone of its discrete state is dropped; zones that
    are in it are unlinked, and retired: their rows are not expanded any more. row_of: rows of the store whose steps
    these are, or -1; expanded: whether a row's turn came before it was retired. counts: rows, rows linked, rows retired
    before their turn; brought up to date."""
    t = 0
    for k in range(len(row_of)):
        row = row_of[k]
        if row >= 0:
            expanded[k] = status[row] != RETIRED
            if expanded[k]:
                status[row] = EXPANDED
        while t < len(targets) and source[t] == k:
            new = targets[t]
            if (row < 0 or expanded[k]) and not covered(
                states, following, head, status, linked, counts, level, shortest, new
            ):
                count = counts[0]
                states[count] = new
                parent[count], action[count] = row, taken[t]
                following[count] = head[new[0]]
                head[new[0]] = count
                status[count], linked[count] = WAITING, 1
                counts[0] += 1
                counts[1] += 1
            t += 1


@njit(cache=True)
def covered(states, following, head, status, linked, counts, level, shortest, new):
    """Whether a zone of the same discrete state includes it; unlinks what it includes."""
    before, member = -1, head[new[0]]
    while member >= 0:
        inside, around = compared(new, states[member])
        if inside:
            return True
        after = following[member]
        if around:
            if before < 0:
                head[new[0]] = after
            else:
                following[before] = after
            linked[member] = 0
            counts[1] -= 1
            if status[member] == WAITING and (member >= level or not shortest):
                status[member] = RETIRED
                counts[2] += 1
        else:
            before = member
        member = after
    return False


@njit(cache=True)
def compared(one, other):
    """Whether a zone is inside another, and whether it is around it."""
    inside, around = True, True
    for w in range(1, len(one)):
        inside &= one[w] <= other[w]
        around &= one[w] >= other[w]
        if not inside and not around:
            break
    return inside, around
