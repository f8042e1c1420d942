"""A block of rows, expanded and inserted by machine code alone: what every worker runs, see `rounds`.

A block is cut into chunks of rows, and a round is as many chunks as there are areas for what they lead to. In a round

    every chunk is expanded: emitted, hashed, sorted by the owners of its states
    -- all wait for all --
    every worker inserts the states that it owns, of all areas in order
    -- all wait for all --
    every area is committed: what is new in it gets its rows

and the next round begins. Chunks are taken in ascending order by whoever comes first; who expanded one commits what it
led to, so that as little as possible goes from one processor's cache to another's. An area is written again when it is
committed, so nobody waits between two rounds. They wait by looking at a word again and again: a thread that sleeps is
late by more than a round takes.

`work` and `work_alone` give one of the codes below. All workers give the same one; they leave where something must be
done about it first, and go on from there when they are called again.
"""

from __future__ import annotations

from typing import Callable

from modelcheck.search.assembler import I8, I64, NOTHING, POINTER, Function, Module, Value
from modelcheck.search.emission import AT
from modelcheck.search.round_words import (
    ABANDONED, ACTION, ACTIONS, ANSWERS, APART, AREA, AREAS, ARRIVED, AT_AREA, BLOCK_ROWS, BUSY, CHOSEN,
    CHUNK, CHUNKS, CHUNK_ROWS, DONE, EMITTED, EXPANDING, FIRST, FLAGS, FRESH, FULL, GENERATION,
    GIVEN_UP, HASHED, HASHES, HEAD, INSERTING, JUDGED, JUDGES, LACKING, LANES, LINE, MARKS, MOST, NEXT,
    NONE, NUMBERS, ORDER, PARENT, PARENTS, PATIENCE, PHASE, PROGRESS, REACHED, ROOM, ROWS, SEEN,
    SEGMENTS, SLOT_OF, STARTS, STATUS, STOPPED, TABLE, TARGETS, TOTAL, USED, VECTOR, VECTORS, WHO,
    WORKERS, YIELD,
)  # fmt: skip
from modelcheck.search.table import COUNT, PIECE_SHIFT, SHIFT


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

    def fresh(self, area: Value) -> Value:
        """How many of what an area holds are new, for each owner."""
        return self.address(area, FRESH)

    # --- one chunk, one area ---

    def expand(self, chunk: Value, area: Value, owners: Value | None) -> Value:
        """Emits a chunk, or the rest of it, into an area; gives whether it went in. What it led to is hashed, and
        divided among owners if there are any."""
        f, b, of = self.f, self.b, self.of
        with f.then(f.is_(f.load(self.progress, CHUNK), "!=", chunk)):
            f.store(self.progress, CHUNK, chunk)
            first = b.mul(chunk, of["chunk_rows"])
            end = b.add(first, of["chunk_rows"])
            end = b.select(f.is_(end, "<", of["block_rows"]), end, of["block_rows"])
            for name, value in (("done", first), ("rows", end), ("used", I64(0))):
                f.store(self.lane, AT[name], value)
            for name, at in (("out_parents", PARENTS), ("out_actions", ACTIONS), ("out_capacity", ROOM)):
                f.store(self.lane, AT[name], f.load(area, at))
            at = (area, VECTOR) if self.vector else (area, TARGETS) if owners is None else (self.progress, EMITTED)
            f.store(self.lane, AT["out_targets"], f.load(*at))
        status = self.call("emit", self.lane)
        f.store(self.progress, STATUS, status)
        with f.then(f.is_(status, "==", 0)):
            f.store(self.progress, CHUNK, I64(NONE))
            self.divide(area, f.load(self.lane, AT["used"]), owners)
        return f.is_(status, "==", 0)

    def divide(self, area: Value, used: Value, owners: Value | None) -> None:
        f, b, fresh = self.f, self.b, self.fresh(area)
        f.store(area, USED, used)
        with f.counting(I64(1) if owners is None else owners) as owner:
            f.store(fresh, b.mul(owner, I64(APART)), 0)
        targets, hashes = self.address(area, TARGETS), self.address(area, HASHES)
        emitted = targets if owners is None else self.address(self.progress, EMITTED)
        if self.vector:
            self.call("prints", self.address(area, VECTOR), used, emitted)
        if owners is None:
            self.call("digest", targets, used, hashes)
            return
        hashed = self.address(self.progress, HASHED)
        order, flags, starts = (self.address(area, at) for at in (ORDER, FLAGS, STARTS))
        with f.counting(b.add(owners, I64(2))) as i:
            f.store(starts, i, 0)
        self.call("divide", emitted, hashed, used, owners, targets, hashes, order, flags, starts)

    def insert(self, kernel: str, area: Value, first: Value, start: Value, end: Value, *where: Value) -> Value:
        """How far it came."""
        fresh = self.f.at(self.fresh(area), self.b.mul(self.number, I64(APART)))
        targets, hashes, flags, slot_of = (self.address(area, at) for at in (TARGETS, HASHES, FLAGS, SLOT_OF))
        index = self.pointer["head"], self.pointer["segments"]
        return self.call(kernel, *index, targets, hashes, end, start, first, flags, slot_of, fresh, *where)

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

    def fits(self, rows: Value, numbers: Value) -> Value:
        """Whether the store has so many rows, and the slots room for so many numbers."""
        f, b = self.f, self.b
        shift = f.load(self.pointer["head"], SHIFT)
        fitting = f.is_(b.lshr(b.add(numbers, I64(1)), shift), "==", 0)
        return b.and_(fitting, f.is_(rows, "<=", f.load(self.shared, MOST)))


def build_alone(module: Module, width: int, vector: int) -> None:
    """work_alone(shared, 0): one worker, with nobody beside it, and one area. A state has its row at once."""
    w = _Worker(module, "work_alone", width, vector)
    f, b, shared, area = w.f, w.b, w.shared, w.area(I64(0))
    chunk = f.variable(f.load(shared, NEXT))
    with f.loop(lambda: f.is_(f.get(chunk), "<", w.of["chunks"])):
        total = f.load(shared, TOTAL)
        with f.then(f.is_(f.load(shared, PHASE), "==", EXPANDING)):
            with f.then(b.not_(w.expand(f.get(chunk), area, None))):
                b.ret(I64(LACKING))
            f.store(shared, PHASE, INSERTING)
            f.store(w.progress, REACHED, 0)
        used = f.load(area, USED)
        most = b.add(total, used)
        with f.then(b.not_(w.fits(most, most))):
            b.ret(I64(NUMBERS))
        start = f.load(w.progress, REACHED)
        reached = w.insert("insert_alone", area, total, start, used, *w.where(area))
        with f.then(f.is_(reached, "<", used)):
            f.store(w.progress, REACHED, reached)
            b.ret(I64(FULL))
        fresh = f.load(w.address(area, FRESH))
        w.judge(area, total, fresh)
        f.store(shared, TOTAL, b.add(total, fresh))
        f.store(shared, PHASE, EXPANDING)
        f.add(chunk, 1)
        f.store(shared, NEXT, f.get(chunk))
    f.finish(DONE)


class _Member(_Worker):
    """One of several."""

    def __init__(self, module: Module, name: str, width: int, vector: int):
        super().__init__(module, name, width, vector)
        self.workers, self.areas = (self.f.load(self.shared, at) for at in (WORKERS, AREAS))
        self.all = self.address(self.shared, PROGRESS)
        self.odd = self.f.variable(0)

    def begin(self, first: Value) -> None:
        """A round, whose first chunk that is."""
        self.f.set(self.odd, self.b.and_(self.b.udiv(first, self.areas), I64(1)))

    def fresh(self, area: Value) -> Value:
        """One round writes it while somebody may still read what the one before wrote: they take turns."""
        turn = self.b.mul(self.f.get(self.odd), self.b.mul(self.workers, I64(APART)))
        return self.f.at(super().fresh(area), turn)

    def leave_if(self, wrong: Value, code: int, phase: int) -> None:
        """Leaves the function, as all others do, with something to be done before that phase can go on."""
        f = self.f
        with f.then(f.is_(wrong, "!=", 0)):
            with f.then(f.is_(self.number, "==", 0)):
                f.store(self.shared, PHASE, phase)
            self.b.ret(I64(code))

    def now(self, at: int) -> Value:
        """A shared word as it is at this moment."""
        return self.b.load_atomic(self.f.at(self.shared, at), "seq_cst", 8, typ=I64)

    def let(self, address: Value, value: Value | int) -> None:
        """A word for the others to see, after whatever was written before."""
        self.b.atomic_rmw("xchg", address, I64(value) if isinstance(value, int) else value, "seq_cst")

    def wait(self, condition: Callable[[], Value]) -> None:
        """Until the condition does not hold any more. Leaves the function if the others gave up."""
        f, looks = self.f, self.f.variable(0)
        with f.loop(condition):
            with f.then(f.is_(self.now(GIVEN_UP), "!=", 0)):
                self.b.ret(I64(ABANDONED))
            f.add(looks, 1)
            with f.then(f.is_(f.get(looks), ">", PATIENCE)):
                f.call(f.at(self.shared, YIELD))

    def meet(self) -> None:
        """All wait for all."""
        f, b = self.f, self.b
        generation = self.now(GENERATION)
        before = b.atomic_rmw("add", f.at(self.shared, ARRIVED), I64(1), "seq_cst")
        last = f.is_(before, "==", b.sub(self.workers, I64(1)))
        with b.if_else(last) as (then, otherwise):
            with then:
                self.let(f.at(self.shared, ARRIVED), 0)
                self.let(f.at(self.shared, GENERATION), b.add(generation, I64(1)))
            with otherwise:
                self.wait(lambda: f.is_(self.now(GENERATION), "==", generation))

    def take(self, chunk: Value) -> Value:
        """Whether this worker is the one that takes a chunk."""
        place = self.f.at(self.shared, NEXT)
        free = self.f.variable(0)
        with self.f.then(self.f.is_(self.now(NEXT), "==", chunk)):
            pair = self.b.cmpxchg(place, chunk, self.b.add(chunk, I64(1)), "seq_cst", "seq_cst")
            self.f.set(free, self.b.zext(self.b.extract_value(pair, 1), I64))
        return self.f.is_(self.f.get(free), "!=", 0)

    # --- a round ---

    def expand_some(self, first: Value, count: Value) -> None:
        """Chunks of the round that begins with the chunk `first`, until all are taken or there is no room."""
        f, b = self.f, self.b
        own = f.load(self.progress, CHUNK)
        with f.then(f.is_(own, "!=", NONE)):  # what did not fit before
            self.expand(own, self.area(b.sub(own, first)), self.workers)
        with f.counting(count) as i:
            chunk, area = b.add(first, i), self.area(i)
            idle = f.is_(f.load(self.progress, STATUS), "==", 0)
            with f.then(idle):
                with f.then(self.take(chunk)):
                    busy = f.at(area, BUSY)
                    self.wait(lambda: f.is_(b.load_atomic(busy, "seq_cst", 8, typ=I64), "!=", 0))
                    self.let(busy, 1)
                    self.let(f.at(area, WHO), self.number)
                    self.expand(chunk, area, self.workers)

    def insert_owned(self, count: Value, total: Value) -> None:
        """What this worker owns of all areas, until its segments are full."""
        f, b = self.f, self.b
        head = self.pointer["head"]
        f.store(self.progress, STOPPED, 0)
        i = f.variable(f.load(self.progress, AT_AREA))
        going = f.variable(1)
        with f.loop(lambda: b.and_(f.is_(f.get(i), "<", count), f.is_(f.get(going), "!=", 0))):
            area = self.area(f.get(i))
            starts = f.at(self.address(area, STARTS), self.number)
            done, end = f.load(self.progress, REACHED), f.load(starts, 1)
            ticket = b.add(total, b.shl(f.get(i), f.load(head, PIECE_SHIFT)))
            reached = self.insert("insert", area, ticket, b.add(f.load(starts), done), end)
            whole = f.is_(reached, "==", end)
            f.store(self.progress, REACHED, b.select(whole, I64(0), b.sub(reached, f.load(starts))))
            f.store(self.progress, STOPPED, b.select(whole, I64(0), I64(1)))
            f.set(going, b.zext(whole, I64))
            f.add(i, b.zext(whole, I64))
        f.store(self.progress, AT_AREA, f.get(i))

    def commit_own(self, count: Value, total: Value) -> Value:
        """The areas of the chunks that this worker expanded. Gives how many states there are with those of all."""
        f, row = self.f, self.f.variable(total)
        with f.counting(count) as i:
            area = self.area(i)
            who = self.b.load_atomic(f.at(area, WHO), "seq_cst", 8, typ=I64)
            with f.then(f.is_(who, "==", self.number)):
                parts = (self.address(area, at) for at in (TARGETS, FLAGS, SLOT_OF, ORDER))
                own = (self.address(self.progress, at) for at in (MARKS, CHOSEN))
                used, where = f.load(area, USED), self.where(area)
                fresh = self.call("commit", self.pointer["head"], *parts, *own, used, f.get(row), *where)
                self.judge(area, f.get(row), fresh)
                self.let(f.at(area, WHO), I64(NONE))
                self.let(f.at(area, BUSY), 0)
            f.add(row, self.sum(self.fresh(area), APART))
        return f.get(row)

    def sum(self, words: Value, apart: int) -> Value:
        """Of a word that every worker has."""
        f, found = self.f, self.f.variable(0)
        with f.counting(self.workers) as i:
            f.add(found, f.load(words, self.b.mul(i, I64(apart))))
        return f.get(found)

    def offered(self, count: Value) -> Value:
        """How many targets the areas hold."""
        f, found = self.f, self.f.variable(0)
        with f.counting(count) as i:
            f.add(found, f.load(self.area(i), USED))
        return f.get(found)


def build(module: Module, width: int, vector: int) -> None:
    """work(shared, number): one of several workers, all of whom run it at the same time."""
    w = _Member(module, "work", width, vector)
    f, b, shared, progress = w.f, w.b, w.shared, w.progress
    first, total, phase = (f.variable(f.load(shared, at)) for at in (FIRST, TOTAL, PHASE))
    with f.loop(lambda: f.is_(f.get(first), "<", w.of["chunks"])):
        left = b.sub(w.of["chunks"], f.get(first))
        count = b.select(f.is_(left, "<", w.areas), left, w.areas)
        w.begin(f.get(first))
        with f.then(f.is_(f.get(phase), "==", EXPANDING)):
            w.expand_some(f.get(first), count)
            w.meet()
            w.leave_if(w.sum(f.at(w.all, STATUS), LINE), LACKING, EXPANDING)
            f.store(progress, AT_AREA, 0)
            f.store(progress, REACHED, 0)
            tickets = b.add(f.get(total), b.shl(count, f.load(w.pointer["head"], PIECE_SHIFT)))
            fits = w.fits(b.add(f.get(total), w.offered(count)), tickets)
            w.leave_if(b.zext(b.not_(fits), I64), NUMBERS, INSERTING)
        w.insert_owned(count, f.get(total))
        w.meet()
        w.leave_if(w.sum(f.at(w.all, STOPPED), LINE), FULL, INSERTING)
        f.set(total, w.commit_own(count, f.get(total)))
        f.set(phase, EXPANDING)
        f.add(first, count)
        with f.then(f.is_(w.number, "==", 0)):
            f.store(w.pointer["head"], COUNT, f.get(total))
            f.store(shared, TOTAL, f.get(total))
            f.store(shared, FIRST, f.get(first))
    f.finish(DONE)
