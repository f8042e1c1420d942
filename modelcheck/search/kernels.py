"""The inner loops of the native store, built for states of a given width. See `native_store` for what they work on.

A probe costs two cache misses, the slot and the vector that it names, and nothing else of a search costs as much. So an
insertion runs as a pipeline over its targets: `FAR` ahead the slot is fetched, `NEAR` ahead the slots are searched for
the first one that could match and its vector is fetched, and only then are vectors compared. Slots are never emptied,
so a search that stopped at a slot may go on from there, whatever has been inserted meanwhile.
"""

from __future__ import annotations

from typing import Callable

from llvmlite import ir

from modelcheck.search import emitting, block_kernel
from modelcheck.search.assembler import I8, I32, I64, POINTER, Function, Value
from modelcheck.search.table import (
    CAPACITY, COMMIT_AHEAD, FIRST_TICKET, GROUP, LIMIT, LOST, PIECE, PIECE_SHIFT, PIECES, ROWS, SEGMENT_BITS, SHIFT,
    PLACES, SLOTS, USED,
)  # fmt: skip
from modelcheck.search.target_kernels import changes, copy, digest, hash_of, prints

NEAR, FAR, RING = 10, 20, 32
REHASH_AHEAD = 2 * GROUP
INDEX_BITS = 32  # of a hash, the next: where in the segment
REST_BITS = 64 - SEGMENT_BITS - INDEX_BITS  # of a hash: the tag in a slot is the highest of them


def text(width: int, action_bits: int, vector: int) -> str:
    """The module. Compiling takes about 70 ms."""
    return str(_module(width, ir.IntType(action_bits), vector))


def _module(width: int, action_kind: ir.IntType, vector: int) -> ir.Module:
    module = ir.Module("store")
    for build in (digest, _insert, _find, _rehash):
        build(module, width)
    changes(module, vector or width)
    emitting.build(module, vector or width)
    if vector:
        prints(module, vector)
    _insert_alone(module, width, action_kind, vector)
    _commit(module, width, action_kind, vector)
    for function in module.functions:
        function.attributes.add("noinline")  # those that follow call them
    block_kernel.build_alone(module, width, vector)
    block_kernel.build(module, width, vector, action_kind.width // 8)
    return module


# --- the table --------------------------------------------------------------------------------------------------------


class _Table:
    """Probing, as code: the parts that insertion, search and growth share."""

    def __init__(self, f: Function, width: int):
        self.f, self.b, self.width = f, f.b, width
        head = f.of["head"]
        self.rows, self.pieces = f.b.load(f.at(head, ROWS), typ=POINTER), f.b.load(f.at(head, PIECES), typ=POINTER)
        self.first_ticket, self.shift = f.load(head, FIRST_TICKET), f.load(head, SHIFT)
        self.piece_shift = f.load(head, PIECE_SHIFT)
        self.mask = self.ones(self.shift)

    def ones(self, bits: Value) -> Value:
        return self.b.sub(self.b.shl(I64(1), bits), I64(1))

    def segment(self, h: Value) -> Value:
        return self.f.at(self.f.of["segments"], self.b.shl(self.b.lshr(h, I64(64 - SEGMENT_BITS)), I64(2)))

    def slots(self, segment: Value) -> Value:
        return self.b.load(self.f.at(segment, SLOTS), typ=POINTER)

    def home(self, h: Value, segment: Value) -> Value:
        """The first slot of the group where a search starts."""
        index = self.b.and_(self.b.lshr(h, I64(REST_BITS)), I64((1 << INDEX_BITS) - 1))
        place = self.b.lshr(self.b.mul(index, self.f.load(segment, CAPACITY)), I64(INDEX_BITS))
        return self.b.and_(place, I64(-GROUP))

    def tag(self, h: Value) -> Value:
        """As it stands in a slot, above the row."""
        bits = self.b.sub(I64(32), self.shift)
        rest = self.b.and_(h, I64((1 << REST_BITS) - 1))
        return self.b.shl(self.b.lshr(rest, self.b.sub(I64(REST_BITS), bits)), self.shift)

    def row(self, slot: Value) -> Value:
        return self.b.sub(self.b.and_(slot, self.mask), I64(1))

    def next(self, place: Value, segment: Value) -> Value:
        following = self.b.add(place, I64(1))
        end = self.f.is_(following, "==", self.f.load(segment, CAPACITY))
        return self.b.select(end, I64(0), following)

    def candidate(self, place: Value, segment: Value, tag: Value | None) -> Value:
        """Moves the variable `place` on to the first slot that is empty or has the tag (without one: that is empty).
        Gives what is there. The slots of a group, a line of the cache, are looked at together: how far to go is a
        branch less that no processor foretells."""
        f, b, slots = self.f, self.b, self.slots(segment)
        bits, none = f.splat(b.not_(self.mask), GROUP), f.splat(I64(0), GROUP)
        wanted = none if tag is None else f.splat(tag, GROUP)
        first = f.variable(GROUP)
        with f.loop(lambda: f.is_(f.get(first), "==", GROUP)):
            group = b.and_(f.get(place), I64(-GROUP))
            block = f.lanes(slots, group, GROUP)
            hits = b.icmp_unsigned("==", block, none)
            if tag is not None:
                hits = b.or_(hits, b.icmp_unsigned("==", b.and_(block, bits), wanted))
            f.set(first, f.first_of(hits, GROUP, b.and_(f.get(place), I64(GROUP - 1))))
            found = f.is_(f.get(first), "<", GROUP)
            f.set(place, b.select(found, b.add(group, f.get(first)), self.next_group(group, segment)))
        return self.now(f.at(slots, f.get(place), I32))

    def now(self, address: Value) -> Value:
        """What is in a slot at this moment, and with it all that whoever wrote it had written before."""
        return self.b.zext(self.b.load_atomic(address, "acquire", 4, typ=I32), I64)

    def swap(self, address: Value, old: Value, new: Value) -> Value:
        """Puts something into a slot, if it still holds what it did. Gives whether it did."""
        old, new = (self.b.trunc(value, I32) for value in (old, new))
        return self.b.extract_value(self.b.cmpxchg(address, old, new, "acq_rel", "acquire"), 1)

    def next_group(self, group: Value, segment: Value) -> Value:
        following = self.b.add(group, I64(GROUP))
        end = self.f.is_(following, "==", self.f.load(segment, CAPACITY))
        return self.b.select(end, I64(0), following)

    def ticket(self, row: Value) -> tuple[Value, Value]:
        """The piece of a row that has no number yet, as the address of its entry, and the position there."""
        ticket = self.b.sub(row, self.first_ticket)
        piece = self.f.at(self.pieces, self.b.mul(self.b.lshr(ticket, self.piece_shift), I64(PIECE)))
        return piece, self.b.and_(ticket, self.ones(self.piece_shift))

    def vector(self, row: Value) -> Value:
        """Where the vector of a row stands, be it stored or still among the targets."""
        place = self.f.variable(0, I64)
        stored = self.f.at(self.rows, self.b.mul(row, I64(self.width)))
        self.f.set(place, self.b.ptrtoint(stored, I64))
        with self.f.then(self.f.is_(row, ">=", self.first_ticket)):
            piece, position = self.ticket(row)
            targets = self.b.load(piece, typ=POINTER)
            found = self.f.at(targets, self.b.mul(position, I64(self.width)))
            self.f.set(place, self.b.ptrtoint(found, I64))
        return self.b.inttoptr(self.f.get(place), POINTER)

    def match(self, place: Value, segment: Value, h: Value, vector: Value) -> Value:
        """Moves `place` on to the slot of an equal vector, or to an empty one; gives what is there. The targets of a
        ticket may be written over by another worker as soon as its slot has a row number: then the slot is looked at
        again, whatever was read there. (They are read without any order on purpose, as is a group in `candidate`.)"""
        f, b, tag = self.f, self.b, self.tag(h)
        found = f.variable(0)
        going = f.variable(1)
        with f.loop(lambda: f.is_(f.get(going), "!=", 0)):
            slot = self.candidate(place, segment, tag)
            row = self.row(slot)
            f.set(found, slot)
            f.set(going, 0)
            with f.then(f.is_(slot, "!=", 0)):
                same, following = f.same(self.vector(row), vector, self.width), f.variable(0)
                f.set(following, b.select(same, f.get(place), self.next(f.get(place), segment)))
                f.set(going, b.zext(b.not_(same), I64))
                with f.then(f.is_(row, ">=", self.first_ticket)):
                    b.fence("acquire")
                    now = self.now(f.at(self.slots(segment), f.get(place), I32))
                    with f.then(f.is_(now, "!=", slot)):
                        f.set(following, f.get(place))
                        f.set(going, 1)
                f.set(place, f.get(following))
        return f.get(found)


class _Places:
    """Where the search for each of the next targets has come to."""

    def __init__(self, t: _Table):
        self.t, self.ring = t, t.f.array(I32, RING)

    def of(self, i: Value) -> Value:
        """As a variable."""
        place = self.t.f.variable(0)
        self.t.f.set(place, self.t.f.load(self.ring, self.t.b.and_(i, I64(RING - 1)), I32))
        return place

    def keep(self, i: Value, place: Value) -> None:
        self.t.f.store(self.ring, self.t.b.and_(i, I64(RING - 1)), place, I32)

    def fetch_slot(self, i: Value, h: Value) -> None:
        segment = self.t.segment(h)
        home = self.t.home(h, segment)
        self.keep(i, home)
        self.t.f.prefetch(self.t.f.at(self.t.slots(segment), home, I32))

    def fetch_vector(self, i: Value, h: Value) -> None:
        place = self.of(i)
        slot = self.t.candidate(place, self.t.segment(h), self.t.tag(h))
        self.keep(i, self.t.f.get(place))
        self.t.f.prefetch(self.t.f.at(self.t.rows, self.t.b.mul(self.t.row(slot), I64(self.t.width))))


def _pipeline(t: _Table, start: Value, n: Value, each: Callable[[Value, Value, Value], None]) -> None:
    """Does something for each i from `start` to n - 1, its hash, and the variable of its place, where a match is next
    to be looked for. What that reads is fetched before."""
    f, b, places = t.f, t.b, _Places(t)

    def hash_at(i: Value) -> Value:
        return f.load(f.of["hashes"], i)

    i = f.variable(b.sub(start, I64(FAR)))
    with f.loop(lambda: b.icmp_signed("<", f.get(i), n)):
        now = f.get(i)
        _ahead(f, now, FAR, start, n, lambda j: places.fetch_slot(j, hash_at(j)))
        _ahead(f, now, NEAR, start, n, lambda j: places.fetch_vector(j, hash_at(j)))
        with f.then(b.icmp_signed(">=", now, start)):
            each(now, hash_at(now), places.of(now))
        f.add(i, 1)


def _ahead(f: Function, i: Value, distance: int, start: Value, n: Value, what: Callable[[Value], None]) -> None:
    """Does something for i + distance, where that is one of start..n - 1. i may be below start."""
    ahead = f.b.add(i, I64(distance))
    with f.then(f.b.and_(f.b.icmp_signed(">=", ahead, start), f.b.icmp_signed("<", ahead, n))):
        what(ahead)


WHERE = "*parent *action *rows *parents *actions"  # of the targets, int32; the columns of the store
WHERE_VECTORS = f"{WHERE} *vector *vectors"


def _insert(module: ir.Module, width: int) -> None:
    """Inserts targets start..n - 1, while others insert theirs. A new one is given a ticket in place of a row number,
    `first` + its position, and that position is added to the `claimed` claims; slot_of[position] is the address of its
    slot. A later ticket gives way to it, so that in the end every slot has the first of all; whoever had that ticket is
    told by a word of its piece. Nothing changes where a state has its own ticket already. half: tickets are numbered
    modulo twice that, a power of two, and no two of them are so far apart. left: of each segment, how many slots may
    still be taken; taken: how many were. Gives n, or the position of the one that did not go in because nothing was
    left."""
    f = Function(
        module, "insert", "*head *segments *targets *hashes n start first half *slot_of *claims *claimed *left *taken"
    )
    t, b, of = _Table(f, width), f.b, f.of
    modulus = b.sub(b.shl(of["half"], I64(1)), I64(1))

    def insert_one(i: Value, h: Value, place: Value) -> None:
        segment, number = t.segment(h), b.lshr(h, I64(64 - SEGMENT_BITS))
        ticket = b.add(of["first"], i)
        going = f.variable(1)
        with f.loop(lambda: f.is_(f.get(going), "!=", 0)):
            slot = t.match(place, segment, h, f.at(of["targets"], b.mul(i, I64(width))))
            row, empty = t.row(slot), f.is_(slot, "==", 0)
            later = f.is_(b.and_(b.sub(b.sub(row, ticket), I64(1)), modulus), "<", b.sub(of["half"], I64(1)))
            later = b.and_(b.and_(f.is_(row, ">=", t.first_ticket), b.not_(empty)), later)
            f.set(going, b.zext(b.or_(empty, later), I64))
            with f.then(f.is_(f.get(going), "!=", 0)):
                with f.then(b.and_(empty, f.is_(f.load(of["left"], number), "==", 0))):
                    b.ret(i)
                address = f.at(t.slots(segment), f.get(place), I32)
                with f.then(t.swap(address, slot, b.or_(t.tag(h), b.add(ticket, I64(1))))):
                    claim(i, address)
                    with b.if_else(empty) as (then, otherwise):
                        with then:
                            f.store(of["left"], number, b.sub(f.load(of["left"], number), I64(1)))
                            f.store(of["taken"], number, b.add(f.load(of["taken"], number), I64(1)))
                        with otherwise:
                            piece, _ = t.ticket(row)
                            b.atomic_rmw("add", f.at(piece, LOST), I64(1), "monotonic")
                    f.set(going, 0)

    def claim(i: Value, address: Value) -> None:
        claimed = f.load(of["claimed"])
        f.store(of["slot_of"], i, b.ptrtoint(address, I64))
        f.store(of["claims"], claimed, i, I32)
        f.store(of["claimed"], 0, b.add(claimed, I64(1)))

    _pipeline(t, of["start"], of["n"], insert_one)
    f.finish(of["n"])


def _insert_alone(module: ir.Module, width: int, action_kind: ir.IntType, vector: int) -> None:
    """Inserts targets start..n - 1, while nobody else does. A new one gets its row at once, `first` and those that
    follow, and its flag is set. Gives n, or the position of the one that did not go in because its segment is full.
    fresh: one word, counts the new ones."""
    where = WHERE_VECTORS if vector else WHERE
    f = Function(module, "insert_alone", f"*head *segments *targets *hashes n start first *flags *fresh {where}")
    t, b, of = _Table(f, width), f.b, f.of

    def insert_one(i: Value, h: Value, place: Value) -> None:
        segment = t.segment(h)
        slot = t.match(place, segment, h, f.at(of["targets"], b.mul(i, I64(width))))
        with f.then(f.is_(slot, "==", 0)):
            used, fresh = f.load(segment, USED), f.load(of["fresh"])
            with f.then(f.is_(used, ">=", f.load(segment, LIMIT))):
                b.ret(i)
            f.store(segment, USED, b.add(used, I64(1)))
            row = b.add(of["first"], fresh)
            _write_row(f, i, row, width, action_kind, vector)
            address = f.at(t.slots(segment), f.get(place), I32)
            f.store(address, 0, b.or_(t.tag(h), b.add(row, I64(1))), I32)
            f.store(of["flags"], i, 1, I8)
            f.store(of["fresh"], 0, b.add(fresh, I64(1)))

    _pipeline(t, of["start"], of["n"], insert_one)
    f.finish(of["n"])


def _commit(module: ir.Module, width: int, action_kind: ir.IntType, vector: int) -> None:
    """Gives those of n claims whose tickets, `ticket` + the position, are still in their slots the rows from `first`
    on, in the order of the claims. Gives how many there are. Others may be inserting: a slot is written after the row
    to which it leads. Where a ticket gave way, slot_of may lead anywhere in the table, but no slot has that ticket.
    claims: ascending; COMMIT_AHEAD more of them are read, and must be positions."""
    where = WHERE_VECTORS if vector else WHERE
    f = Function(module, "commit", f"*head *targets *slot_of *claims n first ticket {where}")
    t, b, of = _Table(f, width), f.b, f.of

    def slot_of(claim: Value) -> tuple[Value, Value]:
        position = f.load(of["claims"], claim, I32)
        return position, b.inttoptr(f.load(of["slot_of"], position), POINTER)

    row = f.variable(of["first"])
    with f.counting(of["n"]) as i:
        f.prefetch(slot_of(b.add(i, I64(COMMIT_AHEAD)))[1])
        position, address = slot_of(i)
        slot = t.now(address)
        with f.then(f.is_(t.row(slot), "==", b.add(of["ticket"], position))):
            _write_row(f, position, f.get(row), width, action_kind, vector)
            f.add(row, 1)
            f.publish(address, b.or_(b.and_(slot, b.not_(t.mask)), f.get(row)), I32, 4)
    f.finish(b.sub(f.get(row), of["first"]))


def _write_row(f: Function, target: Value, row: Value, width: int, action_kind: ir.IntType, vector: int) -> None:
    """What the store keeps of a target."""
    copy(f, f.of["targets"], target, f.of["rows"], row, width)
    f.store(f.of["parents"], row, f.load(f.of["parent"], target, I32), I32)
    f.store(f.of["actions"], row, f.load(f.of["action"], target, I32), action_kind)
    if vector:
        copy(f, f.of["vector"], target, f.of["vectors"], row, vector)


def _find(module: ir.Module, width: int) -> None:
    """found: (n,) int64, the row where each target is, or -1."""
    f = Function(module, "find", "*head *segments *targets *hashes n *found")
    t = _Table(f, width)

    def find_one(i: Value, h: Value, place: Value) -> None:
        slot = t.match(place, t.segment(h), h, f.at(f.of["targets"], f.b.mul(i, I64(width))))
        f.store(f.of["found"], i, t.row(slot))  # an empty slot is 0: row -1

    _pipeline(t, I64(0), f.of["n"], find_one)
    f.finish(0)


def _rehash(module: ir.Module, width: int) -> None:
    """Moves the slots of a segment's old array to its new one, which is empty and large enough. The vectors of the old
    slots are fetched ahead: the hash is not kept. filled: a zero byte for each group of the new array; a group is
    filled from its start, so how many are in it tells where the next one goes. (To look at the slots themselves takes
    three times as long: slots that were neighbours stay neighbours, and the group was written to a moment ago.)"""
    f = Function(module, "rehash", "*head *segments *old old_capacity *filled")
    t, b = _Table(f, width), f.b
    group = f.variable(0)
    with f.loop(lambda: f.is_(f.get(group), "<", f.of["old_capacity"])):
        first = f.get(group)
        _ahead(f, first, REHASH_AHEAD, I64(0), f.of["old_capacity"], lambda ahead: _fetch_group(f, t, ahead))
        i = f.variable(first)
        end = b.add(first, I64(GROUP))
        with f.loop(lambda: f.is_(f.get(i), "<", end)):
            slot = f.load(f.of["old"], f.get(i), I32)
            f.set(i, b.select(f.is_(slot, "==", 0), end, b.add(f.get(i), I64(1))))
            with f.then(f.is_(slot, "!=", 0)):
                _move(f, t, slot)
        f.set(group, end)
    f.finish(0)


def _move(f: Function, t: _Table, slot: Value) -> None:
    """Puts a slot where it is to be."""
    b, row, filled = f.b, t.row(slot), f.of["filled"]
    h = hash_of(f, t.vector(row), t.width)
    segment = t.segment(h)
    group = f.variable(0)
    f.set(group, t.home(h, segment))
    used = f.variable(0)
    f.set(used, f.load(filled, b.udiv(f.get(group), I64(GROUP)), I8))
    with f.loop(lambda: f.is_(f.get(used), "==", GROUP)):
        f.set(group, t.next_group(f.get(group), segment))
        f.set(used, f.load(filled, b.udiv(f.get(group), I64(GROUP)), I8))
    f.store(filled, b.udiv(f.get(group), I64(GROUP)), b.add(f.get(used), I64(1)), I8)
    address = f.at(t.slots(segment), b.add(f.get(group), f.get(used)), I32)
    f.store(address, 0, slot, I32)
    with f.then(f.is_(row, ">=", t.first_ticket)):
        piece, position = t.ticket(row)
        slot_of = b.load(f.at(piece, PLACES), typ=POINTER)
        f.store(slot_of, position, b.ptrtoint(address, I64))


def _fetch_group(f: Function, t: _Table, group: Value) -> None:
    """The vectors of its slots; in place of those that an empty slot does not have, one that is there."""
    for i in range(GROUP):
        slot = f.load(f.of["old"], f.b.add(group, I64(i)), I32)
        row = f.b.select(f.is_(slot, "==", 0), I64(0), t.row(slot))
        f.prefetch(f.at(t.rows, f.b.mul(row, I64(t.width))))
