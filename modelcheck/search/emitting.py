"""The kernel `emit`, of which `emission` tells what it is for."""

from __future__ import annotations

from modelcheck.search.assembler import I8, I32, I64, POINTER, Function, Module, Value
from modelcheck.search.emission import AT, FIELDS
from modelcheck.search.hashing import C1


def build(module: Module, width: int) -> None:
    """emit(arguments): expands rows from `done` on, until all are, or an output is full; adds to `done`, `used`,
    `fault_count` and `generated`. Gives 0, or 1 where a single row did not fit into what the system writes, or 2 where
    what it wrote did not fit into the `out` arrays."""
    f = Function(module, "emit", "*arguments")
    b = f.b
    of = {n: f.load(f.of["arguments"], i) for i, n in enumerate(FIELDS)}
    for name in ("states", "row_of", "targets", "sources", "actions", "coverage", "counts", "taken", "changed"):
        of[name] = b.inttoptr(of[name], POINTER)
    for name in ("moves", "filter", "out_targets", "out_parents", "out_actions"):
        of[name] = b.inttoptr(of[name], POINTER)
    done, used, faults, generated = (
        f.variable(of[n]) for n in ("done", "used", "fault_count", "generated")
    )  # fmt: skip

    def tell() -> None:
        for name, variable in (("done", done), ("used", used), ("fault_count", faults), ("generated", generated)):
            f.store(f.of["arguments"], AT[name], f.get(variable))

    with f.loop(lambda: f.is_(f.get(done), "<", of["rows"])):
        first = f.get(done)
        consumed = _call(f, of, width, first, f.get(faults))
        with f.then(f.is_(consumed, "==", 0)):
            tell()
            b.ret(I64(1))
        count = f.load(of["counts"], 0)
        with f.then(f.is_(b.add(f.get(used), count), ">", of["out_capacity"])):
            tell()
            b.ret(I64(2))
        _renumber(f, of, first, f.get(faults), f.load(of["counts"], 1))
        f.add(faults, f.load(of["counts"], 1))
        f.add(generated, count)
        with f.counting(count) as i:
            _take(f, of, width, first, i, used)
        f.add(done, consumed)
    tell()
    f.finish(0)


def _call(f: Function, of: dict[str, Value], width: int, first: Value, faults: Value) -> Value:
    """The rows that the system took of the next few."""
    b = f.b
    left = b.sub(of["rows"], first)
    some = b.select(f.is_(left, "<", of["few"]), left, of["few"])
    block = f.at(of["states"], b.mul(first, I64(width)))
    entry = b.inttoptr(b.add(of["faults"], b.mul(faults, I64(12))), POINTER)
    room = b.sub(of["fault_capacity"], faults)
    outputs = [of[n] for n in ("targets", "sources", "actions")]
    expand = f.at(f.of["arguments"], AT["expand"])
    return f.call(expand, block, some, of["capacity"], *outputs, room, entry, of["coverage"], of["counts"])


def _renumber(f: Function, of: dict[str, Value], first: Value, faults: Value, count: Value) -> None:
    """The rows of faults, from those of the few to those of the part; they count as moves."""
    b = f.b
    with f.counting(b.add(faults, count), faults) as i:
        at = b.mul(i, I64(3))
        entry = b.inttoptr(of["faults"], POINTER)
        row = b.add(f.load(entry, at, I32), first)
        f.store(entry, at, row, I32)
        f.store(of["moves"], row, 1, I8)


def _take(f: Function, of: dict[str, Value], width: int, first: Value, i: Value, used: Value) -> None:
    """Counts a transition, and writes its target behind the others: it stays there unless the next one is written
    over it. Without a branch, for no processor could foretell it."""
    b = f.b
    row, action = b.add(first, f.load(of["sources"], i, I32)), f.load(of["actions"], i, I32)
    target, source = f.at(of["targets"], b.mul(i, I64(width))), f.at(of["states"], b.mul(row, I64(width)))
    words = [f.load(target, word) for word in range(width)]
    differs = b.not_(f.same(source, target, width))
    f.store(of["moves"], row, 1, I8)
    f.store(of["taken"], action, b.add(f.load(of["taken"], action), I64(1)))
    f.store(of["changed"], action, b.add(f.load(of["changed"], action), b.zext(differs, I64)))
    met = f.at(of["filter"], b.mul(_place(f, of, words), I64(width)))
    kept = b.and_(differs, b.not_(f.same(met, target, width)))
    at = f.get(used)
    out = f.at(of["out_targets"], b.mul(at, I64(width)))
    for number, word in enumerate(words):
        f.store(met, number, word)
        f.store(out, number, word)
    f.store(of["out_parents"], at, f.load(of["row_of"], row), I32)
    f.store(of["out_actions"], at, action, I32)
    f.set(used, b.add(at, b.zext(kept, I64)))


def _place(f: Function, of: dict[str, Value], words: list[Value]) -> Value:
    """Where in the filter a state would be."""
    b, h = f.b, I64(0)
    for number, word in enumerate(words):
        h = b.mul(b.xor(h, word), I64(C1))
        h = b.xor(h, b.lshr(h, I64(32))) if number + 1 < len(words) else h
    return b.lshr(h, of["filter_shift"])
