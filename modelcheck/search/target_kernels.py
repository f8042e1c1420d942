"""Kernels over arrays of targets, before they meet the table: hashes and counts. See `kernels`."""

from __future__ import annotations

from modelcheck.search.assembler import I8, I64, Function, Module, Value
from modelcheck.search.hashing import C1, C2, SEED


def hash_of(f: Function, vector: Value, width: int) -> Value:
    """See `hashing`."""
    b, h = f.b, I64(SEED)
    for word in range(width):
        h = b.xor(h, f.load(vector, word))
        h = b.mul(b.xor(h, b.lshr(h, I64(30))), I64(C1))
        h = b.mul(b.xor(h, b.lshr(h, I64(27))), I64(C2))
        h = b.xor(h, b.lshr(h, I64(31)))
    return h


def _hash_at(f: Function, i: Value, width: int) -> Value:
    return hash_of(f, f.at(f.of["targets"], f.b.mul(i, I64(width))), width)


def digest(module: Module, width: int) -> None:
    f = Function(module, "digest", "*targets n *hashes")
    with f.counting(f.of["n"]) as i:
        f.store(f.of["hashes"], i, _hash_at(f, i, width))
    f.finish(0)


def prints(module: Module, vector: int) -> None:
    """What is stored in the place of vectors."""
    f = Function(module, "prints", "*targets n *prints")
    with f.counting(f.of["n"]) as i:
        f.store(f.of["prints"], i, _hash_at(f, i, vector))
    f.finish(0)


def copy(f: Function, source: Value, i: Value, target: Value, j: Value, width: int) -> None:
    """Vector i of an array, as vector j of another."""
    for word in range(width):
        value = f.load(source, f.b.add(f.b.mul(i, I64(width)), I64(word)))
        f.store(target, f.b.add(f.b.mul(j, I64(width)), I64(word)), value)


def changes(module: Module, width: int) -> None:
    """Counts the transitions of each action, and those that change the state; marks the rows that have one."""
    f = Function(module, "changes", "*before *source *action *target n *taken *changed *moves")
    b = f.b
    with f.counting(f.of["n"]) as i:
        action, source = f.load(f.of["action"], i), f.load(f.of["source"], i)
        f.store(f.of["moves"], source, 1, I8)
        old = f.at(f.of["before"], b.mul(source, I64(width)))
        same = f.same(old, f.at(f.of["target"], b.mul(i, I64(width))), width)
        f.store(f.of["taken"], action, b.add(f.load(f.of["taken"], action), I64(1)))
        differs = b.zext(b.not_(same), I64)
        f.store(f.of["changed"], action, b.add(f.load(f.of["changed"], action), differs))
    f.finish(0)
