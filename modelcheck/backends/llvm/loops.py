"""Loops over sets and sequences, and the quantifiers that are made of them."""

from __future__ import annotations

from typing import Any, Callable, Protocol

from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.code import FALSE, TRUE, WORD, Code, Value, constant
from modelcheck.backends.llvm.memory import Path, whole
from modelcheck.backends.llvm.patterns import inner, of_rank, pattern_of, rank_of, value_bits
from modelcheck.backends.llvm.unit import Unit
from modelcheck.ir import layout
from modelcheck.ir.nodes import Apply, Const, Expr, Local, Quantifier, walk
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import INT64, IntType, SeqType, SetType, Type, ascending, cardinality, ordinal

UNROLL = 64  # copies of a loop's body, loops around it counted
UNROLL_NODES = 400

Bound = Any  # a Const or a Value: what the local of a loop stands for
Round = Callable[[Bound], None]  # with the element


class Generator(Protocol):
    """What generates expressions; see `expressions.py`."""

    unit: Unit
    code: Code
    unrolled: int

    def value(self, e: Expr) -> Value: ...
    def fold(self, e: Expr) -> Const | None: ...
    def path(self, e: Expr) -> Path: ...
    def spilled(self, t: Type, bits: Value) -> Path: ...
    def bound(self, local: Local, to: Bound) -> Any: ...
    def check_set(self, t: Type, span: Any) -> None: ...
    def fail_if(self, test: Value, kind: FaultKind, span: Any, message: str | None = None) -> None: ...


def each(g: Generator, domain: Expr, size: int, run: Round, snapshot: bool = False) -> None:
    """Code that runs for every element of a domain, in order. size: the nodes of its body, by which it is unrolled or
    looped over. snapshot: the body may change what the domain was made of. `run` is called once for each copy."""
    known = g.fold(domain)
    if known is not None:
        members = loop_values(known)
        total = g.unrolled * max(1, len(members))
        if total <= UNROLL and total * size <= UNROLL_NODES:
            before, g.unrolled = g.unrolled, total
            for v in members:
                run(Const(v, known.type.of))
            g.unrolled = before
            return
        _each_listed(g, known.type.of, members, run)
        return
    match domain:
        case Apply(Op.RANGE, (lo, hi)):
            low = g.value(lo)
            counted(g.code, low, g.value(hi), run)
            return
    if isinstance(domain.type, SetType):
        _each_member(g, domain.type.of, g.value(domain), run)
    else:
        _each_item(g, domain, run, snapshot)


def loop_values(domain: Const) -> list[Any]:
    """The natural values that a loop over a constant visits, in order."""
    return ascending(domain.type.of, domain.value) if isinstance(domain.type, SetType) else list(domain.value)


def counted(code: Code, first: Value, end: Value, run: Callable[[Value], None]) -> None:
    """Runs for first, .., end - 1, compared as signed numbers."""
    slot, head, body, done = code.slot(WORD), code.block("head"), code.block("body"), code.block("done")
    code.store(first, slot)
    code.jump(head)
    code.place(head)
    at = code.load(slot, WORD)
    code.branch(code.compare("lt", at, end), body, done)
    code.place(body)
    run(at)
    code.store(code.add(at, constant(1)), slot)
    code.jump(head)
    code.place(done)


def _each_listed(g: Generator, t: Type, members: list[Any], run: Round) -> None:
    """Over a table of constants."""
    size = layout.size(t)
    table = g.unit.table([layout.pattern(t, v) for v in members], size)

    def one(at: Value) -> None:
        entry = g.code.element(table, g.code.mul(at, constant(memory.words(size))))
        run(inner(g.code, t, memory.read(g.code, whole(entry, t))))

    counted(g.code, constant(0), constant(len(members)), one)


def _each_item(g: Generator, domain: Expr, run: Round, snapshot: bool) -> None:
    t = domain.type
    place = g.spilled(t, g.value(domain)) if snapshot else g.path(domain)
    assert isinstance(t, SeqType)
    stride, head = layout.size(t.of), layout.count_bits(t)
    length = memory.read(g.code, place, head)
    if t.capacity == 0:
        return

    def one(at: Value) -> None:
        item = memory.read(g.code, place.moved(g.code, t.of, head, stride, at))
        run(inner(g.code, t.of, item))

    counted(g.code, constant(0), length, one)


def _each_member(g: Generator, t: Type, members: Value, run: Round) -> None:
    """Over the ones of a mask, word by word."""
    code = g.code
    if members.bits == WORD:
        _each_one(g, t, members, constant(0), run)
        return
    count = members.bits // WORD
    address = code.words(count)
    code.store(members, address, 8)

    def one(at: Value) -> None:
        word = code.load(code.element(address, at), WORD)
        _each_one(g, t, word, code.shl(at, 6), run)

    counted(code, constant(0), constant(count), one)


def _each_one(g: Generator, t: Type, word: Value, base: Value, run: Round) -> None:
    code = g.code
    slot, head, body, done = code.slot(WORD), code.block("head"), code.block("body"), code.block("done")
    code.store(word, slot)
    code.jump(head)
    code.place(head)
    left = code.load(slot, WORD)
    code.branch(code.nonzero(left), body, done)
    code.place(body)
    code.store(code.and_(left, code.sub(left, constant(1))), slot)
    at = code.add(code.intrinsic("cttz", left, more="i1 true"), base)
    run(of_rank(code, g.unit, t, at))
    code.jump(head)
    code.place(done)


# --- quantifiers ------------------------------------------------------------------------------------------------------


def quantified(g: Generator, e: Quantifier) -> Value:
    """The value of a quantifier."""
    return _KINDS[e.kind](g, e)


def _rounds(g: Generator, e: Quantifier, run: Round) -> None:
    """Runs `run` with the local bound, for every element whose guard is true."""
    code = g.code

    def one(element: Bound) -> None:
        with g.bound(e.local, element):
            if e.guard is None:
                run(element)
                return
            taken, skip = code.block("taken"), code.block("skip")
            code.branch(g.value(e.guard), taken, skip)
            code.place(taken)
            run(element)
            code.place(skip)

    size = sum(1 for _ in walk(e.body)) + (sum(1 for _ in walk(e.guard)) if e.guard else 0)
    each(g, e.domain, size, one)


def _all_or_any(g: Generator, e: Quantifier) -> Value:
    code, stop = g.code, FALSE if e.kind == "all" else TRUE
    result, end = code.slot(1), code.block("end")
    code.store(stop, result)

    def one(element: Bound) -> None:
        test, further = g.value(e.body), code.block("further")
        code.branch(test, *((end, further) if stop.number else (further, end)))
        code.place(further)

    _rounds(g, e, one)
    code.store(code.not_(stop), result)
    code.place(end)
    return code.load(result, 1)


def _sum(g: Generator, e: Quantifier) -> Value:
    code, total = g.code, g.code.slot(WORD)
    t, most = e.body.type, _most(e.domain.type)
    small = isinstance(t, IntType) and most * max(abs(t.lo), abs(t.hi)) <= INT64[1]
    code.store(constant(0), total)

    def one(element: Bound) -> None:
        body = g.value(e.body)
        before = code.load(total, WORD)
        if small:
            code.store(code.add(before, body), total)
        else:
            after, wrong = code.overflowing("sadd", before, body)
            g.fail_if(wrong, FaultKind.OVERFLOW, e.span)
            code.store(after, total)

    _rounds(g, e, one)
    return code.load(total, WORD)


def _most(t: Type) -> int:
    return t.capacity if isinstance(t, SeqType) else cardinality(t.of)


def _extreme(g: Generator, e: Quantifier) -> Value:
    """The start is the worst value, so only the emptiness of the domain is to be remembered."""
    code, best, found = g.code, g.code.slot(WORD), g.code.slot(1)
    code.store(constant(INT64[1] if e.kind == "min" else INT64[0]), best)
    code.store(FALSE, found)

    def one(element: Bound) -> None:
        body = g.value(e.body)
        code.store(code.intrinsic("s" + e.kind, code.load(best, WORD), body), best)
        code.store(TRUE, found)

    _rounds(g, e, one)
    g.fail_if(code.not_(code.load(found, 1)), FaultKind.EMPTY, e.span)
    return code.load(best, WORD)


def _collection(g: Generator, t: Type) -> Path:
    bits = value_bits(t)
    address = g.code.words(bits // WORD)
    g.code.clear(address, bits // WORD)
    return whole(address, t)


def _set(g: Generator, e: Quantifier) -> Value:
    g.check_set(e.type, e.span)
    code, bit = g.code, IntType(0, 1)
    made = _collection(g, e.type)

    def one(element: Bound) -> None:
        at = rank_of(code, e.body.type, g.value(e.body))
        memory.write(code, made.moved(code, bit, 0, 1, at), constant(1))

    _rounds(g, e, one)
    return memory.read(code, made)


def _array(g: Generator, e: Quantifier) -> Value:
    code, t, index = g.code, e.body.type, e.local.type
    made = _collection(g, e.type)

    def one(element: Bound) -> None:
        bits = pattern_of(code, t, g.value(e.body))
        at = constant(ordinal(index, element.value)) if isinstance(element, Const) else rank_of(code, index, element)
        memory.write(code, made.moved(code, t, 0, layout.size(t), at), bits)

    _rounds(g, e, one)
    return memory.read(code, made)


def _sequence(g: Generator, e: Quantifier) -> Value:
    code, t, of = g.code, e.type, e.body.type
    assert isinstance(t, SeqType)
    made, count = _collection(g, t), code.slot(WORD)
    code.store(constant(0), count)

    def one(element: Bound) -> None:
        bits = pattern_of(code, of, g.value(e.body))
        at = code.load(count, WORD)
        g.fail_if(code.compare("ge", at, constant(t.capacity)), FaultKind.FULL, e.span)
        if t.capacity:
            memory.write(code, made.moved(code, of, layout.count_bits(t), layout.size(of), at), bits)
        code.store(code.add(at, constant(1)), count)

    _rounds(g, e, one)
    head = IntType(0, t.capacity)
    memory.write(code, made.part(head, 0), code.load(count, WORD))
    return memory.read(code, made)


_KINDS: dict[str, Callable[[Generator, Quantifier], Value]] = {
    "all": _all_or_any,
    "any": _all_or_any,
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    "set": _set,
    "array": _array,
    "seq": _sequence,
}
