"""A block of rows, expanded and inserted by machine code alone: what every worker runs, see `blocks`.

A block is cut into chunks of rows. Whoever is free takes the next one, if there is an area for what it leads to, and

    expands it: what it leads to is emitted and hashed
    inserts that: what is new is given a ticket, as its number in the table
    retires it, after all chunks before it: what is new in it has row numbers then
    commits it: writes those rows, and their numbers in place of the tickets

and the area is free for another chunk, one that comes so many chunks later as there are areas. Two workers that meet
the same new state offer it to the same slot, by compare-and-swap, and the lower ticket stays. When a chunk retires, all
that could have taken a ticket from it are in the table, so rows, parents and actions are those of a single worker.

Nobody waits for anybody but where the area of the next chunk is in use, and at the end of a block, by looking at a word
again and again: a thread that sleeps is late by more than a chunk takes. No part of the table has an owner meanwhile.
(Before, targets were sorted by the owners of their hashes and handed over, in rounds with two meetings each; that was a
tenth of the work, and another twentieth was waiting.)

`work` and `work_alone` give one of the codes of `block_words`: they leave where something must be done about it first,
and go on from there when they are called again.
"""

from __future__ import annotations

from modelcheck.search.assembler import I8, I64, NOTHING, POINTER, Function, Module, Value, number
from modelcheck.search.block_words import (
    ACTION, ACTIONS, ANSWERS, AREA, AREAS, BLOCK_ROWS, CHUNK, CHUNK_ROWS, CHUNKS, CLAIMED, CLAIMS, DONE, FLAGS, FREE,
    FRESH, FULL, HASHES, HEAD, INSERTED, JUDGED, JUDGES, LACKING, LANES, LEAVING, LEFT, LINE, LOCK, LOOKED, MOST,
    NEXT, NO_ROWS, NONE, NUMBERS, PARENT, PARENTS, PATIENCE, PAUSED, PROGRESS, REACHED, RETIRED, ROOM, ROWS, SEEN,
    SEGMENTS, SHARE, SLOT_OF, START, STATUS, TABLE, TAKEN, TAKER, TAKER_BITS, TARGETS, TOTAL, TOUCHED, VECTOR, VECTORS,
    WORKERS, YIELD,
)  # fmt: skip
from modelcheck.search.emission import AT
from modelcheck.search.regions import HUGE
from modelcheck.search.table import (
    FIRST_TICKET, LIMIT, LOST, PIECE, PIECE_SHIFT, PIECES, SEGMENT_BITS, SEGMENT_COUNT, SEGMENT_WORDS, USED,
)  # fmt: skip

PAGE_BITS = HUGE.bit_length() - 1
ROWS_AHEAD = 1 << 16  # some milliseconds, in which the system clears a page


class _Worker:
    """What the two functions share: a worker's view of the words."""

    def __init__(self, module: Module, name: str, width: int, vector: int):
        self.f = f = Function(module, name, "*shared number")
        self.b, self.module, self.width, self.vector = f.b, module, vector or width, vector
        self.shared, self.number = f.of["shared"], f.of["number"]
        fixed = {"chunks": CHUNKS, "chunk_rows": CHUNK_ROWS, "block_rows": BLOCK_ROWS}
        self.of = {n: f.load(self.shared, at) for n, at in fixed.items()}
        self.pointer = {
            n: self.address(self.shared, at)
            for n, at in (
                ("head", HEAD), ("segments", SEGMENTS), ("rows", ROWS), ("parent", PARENT), ("action", ACTION),
                ("areas", TABLE), ("vectors", VECTORS),
            )
        }  # fmt: skip
        self.lane = self.b.load(f.at(self.address(self.shared, LANES), self.number), typ=POINTER)
        self.progress = f.at(self.address(self.shared, PROGRESS), self.b.mul(self.number, I64(LINE)))

    def address(self, words: Value, index: int) -> Value:
        return self.b.load(self.f.at(words, index), typ=POINTER)

    def area(self, index: Value) -> Value:
        return self.f.at(self.pointer["areas"], self.b.mul(index, I64(AREA)))

    def call(self, name: str, *arguments: Value) -> Value:
        return self.b.call(self.module.globals[name], arguments)

    # --- one chunk, one area ---

    def expand(self, chunk: Value, area: Value) -> Value:
        """Emits a chunk, or the rest of it, into an area; gives whether it went in. What it led to is hashed."""
        f, b, of = self.f, self.b, self.of
        with f.then(f.is_(f.load(self.progress, CHUNK), "!=", chunk)):
            f.store(self.progress, CHUNK, chunk)
            first = b.mul(chunk, of["chunk_rows"])
            end = b.add(first, of["chunk_rows"])
            end = b.select(f.is_(end, "<", of["block_rows"]), end, of["block_rows"])
            for name, value in (("done", first), ("rows", end), ("used", I64(0))):
                f.store(self.lane, AT[name], value)
            targets = VECTOR if self.vector else TARGETS
            for name, at in (("parents", PARENTS), ("actions", ACTIONS), ("capacity", ROOM), ("targets", targets)):
                f.store(self.lane, AT[f"out_{name}"], f.load(area, at))
        status = self.call("emit", self.lane)
        f.store(self.progress, STATUS, status)
        with f.then(f.is_(status, "==", 0)):
            targets, used = self.address(area, TARGETS), self.used()
            if self.vector:
                self.call("prints", self.address(area, VECTOR), used, targets)
            self.call("digest", targets, used, self.address(area, HASHES))
        return f.is_(status, "==", 0)

    def used(self) -> Value:
        """How many targets the chunk led to."""
        return self.f.load(self.lane, AT["used"])

    def where(self, area: Value) -> tuple[Value, ...]:
        """Parents and actions of the targets, and the columns of the store, as the kernels take them."""
        columns = (self.pointer[name] for name in ("rows", "parent", "action"))
        vectors = (self.address(area, VECTOR), self.pointer["vectors"]) if self.vector else ()
        return self.address(area, PARENTS), self.address(area, ACTIONS), *columns, *vectors

    def judge(self, area: Value, first: Value, count: Value) -> None:
        """Notes what the predicates answer for rows that are new, from the row `first` on: a bit for each answer."""
        f, b, answers = self.f, self.b, self.address(area, ANSWERS)
        judges, seen = self.address(self.shared, JUDGES), self.address(self.progress, SEEN)
        rows = f.at(self.pointer["vectors" if self.vector else "rows"], b.mul(first, I64(self.width)))
        with f.counting(f.load(self.shared, JUDGED)) as number:
            f.call(f.at(judges, number), rows, rows, count, answers, I64(1), gives=NOTHING)
            bits = f.variable(f.load(seen, number))
            with f.counting(count) as i:
                f.set(bits, b.or_(f.get(bits), b.shl(I64(1), f.load(answers, i, I8))))
            f.store(seen, number, f.get(bits))


def build_alone(module: Module, width: int, vector: int) -> None:
    """work_alone(shared, 0): one worker, with nobody beside it, and one area. A state has its row at once."""
    w = _Worker(module, "work_alone", width, vector)
    f, b, shared, area = w.f, w.b, w.shared, w.area(I64(0))
    chunk = f.variable(f.load(shared, NEXT))
    with f.loop(lambda: f.is_(f.get(chunk), "<", w.of["chunks"])):
        total = f.load(shared, TOTAL)
        with f.then(b.not_(w.expand(f.get(chunk), area))):
            b.ret(I64(LACKING))
        used, fresh = w.used(), f.at(w.progress, FRESH)
        most = b.add(total, used)
        with f.then(f.is_(most, ">", f.load(shared, MOST))):
            b.ret(I64(NO_ROWS))
        with f.then(f.is_(most, ">=", f.load(w.pointer["head"], FIRST_TICKET))):
            b.ret(I64(NUMBERS))
        start = f.load(w.progress, REACHED)
        index = w.pointer["head"], w.pointer["segments"]
        targets, hashes, flags = (w.address(area, at) for at in (TARGETS, HASHES, FLAGS))
        reached = w.call("insert_alone", *index, targets, hashes, used, start, total, flags, fresh, *w.where(area))
        f.store(w.progress, REACHED, reached)
        with f.then(f.is_(reached, "<", used)):
            b.ret(I64(FULL))
        w.judge(area, total, f.load(fresh))
        f.store(shared, TOTAL, b.add(total, f.load(fresh)))
        for at, value in ((CHUNK, NONE), (REACHED, 0), (FRESH, 0)):
            f.store(w.progress, at, value)
        f.add(chunk, 1)
        f.store(shared, NEXT, f.get(chunk))
    f.finish(DONE)


class _Member(_Worker):
    """One of several."""

    def __init__(self, module: Module, name: str, width: int, vector: int):
        super().__init__(module, name, width, vector)
        f, b, head = self.f, self.b, self.pointer["head"]
        self.areas, self.first_ticket = f.load(self.shared, AREAS), f.load(head, FIRST_TICKET)
        self.pieces, self.shift = self.address(head, PIECES), f.load(head, PIECE_SHIFT)
        self.left, self.taken = self.address(self.progress, LEFT), self.address(self.shared, TAKEN)
        self.own_taken = f.at(self.taken, b.mul(self.number, I64(SEGMENT_COUNT)))

    def area_of(self, chunk: Value) -> Value:
        return self.area(self.b.and_(chunk, self.b.sub(self.areas, I64(1))))

    def turn(self, chunk: Value) -> Value:
        """The number of its piece: there are twice as many as areas, so that of two that are at work, which are less
        than that apart, it can be told which comes first."""
        return self.b.and_(chunk, self.b.sub(self.b.shl(self.areas, I64(1)), I64(1)))

    def piece(self, chunk: Value) -> Value:
        return self.f.at(self.pieces, self.b.mul(self.turn(chunk), I64(PIECE)))

    def ticket(self, chunk: Value) -> Value:
        """The first of a chunk."""
        return self.b.add(self.first_ticket, self.b.shl(self.turn(chunk), self.shift))

    def taker(self, chunk: Value) -> Value:
        """What stands in an area that this worker took for that chunk."""
        return self.b.or_(self.b.shl(self.b.add(chunk, I64(1)), I64(TAKER_BITS)), self.number)

    # --- words that others write ---

    def now(self, words: Value, at: int) -> Value:
        """A word as it is at this moment."""
        return self.b.load_atomic(self.f.at(words, at), "seq_cst", 8, typ=I64)

    def let(self, words: Value, at: int, value: Value | int) -> Value:
        """A word for the others to see, after whatever was written before. Gives what it was."""
        return self.b.atomic_rmw("xchg", self.f.at(words, at), number(value), "seq_cst")

    def leave(self, code: int) -> None:
        """Leaves the function, as all others will, with something to be done before it can go on."""
        self.let(self.shared, LEAVING, 1)
        self.b.ret(I64(code))

    def wait(self, looks: Value) -> None:
        """For a moment. looks: how often nothing was found to do, one time after another."""
        f = self.f
        with f.then(f.is_(self.now(self.shared, LEAVING), "!=", 0)):
            self.b.ret(I64(PAUSED))
        with f.then(f.is_(f.get(looks), ">", PATIENCE)):
            f.call(f.at(self.shared, YIELD))

    # --- a chunk ---

    def take(self) -> Value:
        """The chunk that this worker takes, or NONE."""
        f, b = self.f, self.b
        taken, chunk = f.variable(NONE), self.now(self.shared, NEXT)
        some = b.and_(f.is_(chunk, "<", self.of["chunks"]), f.is_(self.now(self.shared, LEAVING), "==", 0))
        area = self.area_of(chunk)
        with f.then(b.and_(some, f.is_(self.now(area, FREE), "==", chunk))):
            most = b.add(self.now(self.shared, TOTAL), b.shl(self.areas, self.shift))
            with f.then(f.is_(most, ">", self.first_ticket)):
                self.leave(NUMBERS)
            with f.then(self.swap(f.at(self.shared, NEXT), chunk, b.add(chunk, I64(1)))):
                f.store(self.piece(chunk), LOST, 0)
                self.let(area, TAKER, self.taker(chunk))
                f.set(taken, chunk)
        return f.get(taken)

    def offer(self, chunk: Value) -> None:
        """Expands a chunk, and inserts what it leads to. Leaves where there is no room; then it may insert the same
        again, which has its ticket in the table already."""
        f, area = self.f, self.area_of(chunk)
        with f.then(self.b.not_(self.expand(chunk, area))):
            self.leave(LACKING)
        used, reached = self.used(), f.variable(0)
        targets, hashes, *own = (self.address(area, at) for at in (TARGETS, HASHES, SLOT_OF, CLAIMS))
        index = self.pointer["head"], self.pointer["segments"]
        with f.loop(lambda: f.is_(f.get(reached), "<", used)):
            start, claimed = f.get(reached), f.at(area, CLAIMED)
            where = start, self.ticket(chunk), self.b.shl(self.areas, self.shift), *own, claimed
            f.set(reached, self.call("insert", *index, targets, hashes, used, *where, self.left, self.own_taken))
            with f.then(f.is_(f.get(reached), "<", used)):
                self.look()
                segment = self.b.lshr(f.load(hashes, f.get(reached)), I64(64 - SEGMENT_BITS))
                with f.then(f.is_(f.load(self.left, segment), "==", 0)):
                    self.leave(FULL)
        f.store(self.progress, CHUNK, NONE)
        self.let(area, INSERTED, self.b.add(chunk, I64(1)))

    def look(self) -> None:
        """How many slots of each segment this worker may take before it looks again: a part of those that are left.
        Once more than the limit are in use, each of the others takes what it still may and no more, however long ago
        it looked: an eighth of the limit in all, so a segment is never more than nine tenths full, and a search in it
        comes to an end."""
        f, b = self.f, self.b
        with f.counting(I64(SEGMENT_COUNT)) as i:
            segment = f.at(self.pointer["segments"], b.mul(i, I64(SEGMENT_WORDS)))
            used, limit = f.variable(f.load(segment, USED)), f.load(segment, LIMIT)
            with f.counting(f.load(self.shared, WORKERS)) as worker:
                f.add(used, f.load(f.at(self.taken, i), b.mul(worker, I64(SEGMENT_COUNT))))
            left = b.select(f.is_(f.get(used), "<", limit), b.sub(limit, f.get(used)), I64(0))
            f.store(self.left, i, b.lshr(left, f.load(self.shared, SHARE)))

    def retire(self) -> None:
        """Gives row numbers to the chunks that can have them, unless another worker is at it."""
        f, b = self.f, self.b

        def ready(chunk: Value) -> Value:
            return f.is_(self.now(self.area_of(chunk), INSERTED), "==", b.add(chunk, I64(1)))

        with f.then(ready(self.now(self.shared, RETIRED))):
            with f.then(f.is_(self.let(self.shared, LOCK, 1), "==", 0)):
                chunk, total = (f.variable(self.now(self.shared, at)) for at in (RETIRED, TOTAL))
                with f.loop(lambda: ready(f.get(chunk))):
                    area = self.area_of(f.get(chunk))
                    f.store(area, START, f.get(total))
                    f.add(total, b.sub(f.load(area, CLAIMED), f.load(self.piece(f.get(chunk)), LOST)))
                    with f.then(f.is_(f.get(total), ">", f.load(self.shared, MOST))):
                        self.leave(NO_ROWS)
                    f.add(chunk, 1)
                    self.let(self.shared, TOTAL, f.get(total))
                    self.let(self.shared, RETIRED, f.get(chunk))
                self.let(self.shared, LOCK, 0)

    def commit(self, chunk: Value) -> None:
        f, area = self.f, self.area_of(chunk)
        targets, slot_of, claims = (self.address(area, at) for at in (TARGETS, SLOT_OF, CLAIMS))
        claimed, start, head = f.load(area, CLAIMED), f.load(area, START), self.pointer["head"]
        ticket, where = self.ticket(chunk), self.where(area)
        fresh = self.call("commit", head, targets, slot_of, claims, claimed, start, ticket, *where)
        self.judge(area, start, fresh)
        f.store(area, CLAIMED, 0)
        self.let(area, FREE, self.b.add(chunk, self.areas))

    def touch(self, sizes: dict[str, int]) -> None:
        """Lets the system clear the page that rows will soon be written to, while the others go on: where several come
        to a new page at the same time, each of them clears one, and all but one in vain. (Where memory comes slowly,
        that was a third of the system's time.) Nothing is changed there, whoever has written to it already. sizes: of
        an element of each column."""
        f, b = self.f, self.b
        ahead = b.add(self.now(self.shared, TOTAL), I64(ROWS_AHEAD))
        with f.then(f.is_(ahead, "<", f.load(self.shared, MOST))):
            for number, (name, size) in enumerate(sizes.items()):
                at = b.add(b.ptrtoint(self.pointer[name], I64), b.mul(ahead, I64(size)))
                page, touched = b.lshr(at, I64(PAGE_BITS)), self.now(self.shared, TOUCHED + number)
                with f.then(f.is_(page, ">", touched)):
                    with f.then(self.swap(f.at(self.shared, TOUCHED + number), touched, page)):
                        self.swap(b.inttoptr(b.shl(page, I64(PAGE_BITS)), POINTER), I64(0), I64(0))

    def swap(self, address: Value, old: Value, new: Value) -> Value:
        """Whether the word was the old one, and is the new one now."""
        return self.b.extract_value(self.b.cmpxchg(address, old, new, "seq_cst", "seq_cst"), 1)


def build(module: Module, width: int, vector: int, action_bytes: int) -> None:
    """work(shared, number): one of several workers, all of whom run it at the same time."""
    sizes = {"rows": 8 * width, "parent": 4, "action": action_bytes, **({"vectors": 8 * vector} if vector else {})}
    w = _Member(module, "work", width, vector)
    f, shared = w.f, w.shared
    looked, looks = f.variable(f.load(w.progress, LOOKED)), f.variable(0)
    with f.loop(lambda: f.is_(f.get(looked), "<", w.of["chunks"])):
        f.add(looks, 1)
        chunk = f.variable(f.load(w.progress, CHUNK))  # what did not fit before
        with f.then(f.is_(f.get(chunk), "==", NONE)):
            f.set(chunk, w.take())
        with f.then(f.is_(f.get(chunk), "!=", NONE)):
            f.set(looks, 0)
            w.offer(f.get(chunk))
        w.retire()
        with f.loop(lambda: f.is_(f.get(looked), "<", w.now(shared, RETIRED))):
            with f.then(f.is_(w.now(w.area_of(f.get(looked)), TAKER), "==", w.taker(f.get(looked)))):
                w.commit(f.get(looked))
            f.add(looked, 1)
            f.store(w.progress, LOOKED, f.get(looked))
            f.set(looks, 0)
        w.touch(sizes)
        with f.then(f.is_(f.get(looks), "!=", 0)):
            w.wait(looks)
    f.finish(DONE)
