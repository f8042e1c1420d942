"""The functions of a module around the bodies of steps: over the rows of a block, what is written where.

`expand` and `initial` take n rows at `states` and give how many of them were consumed: a row that does not fit is left
as if it had not been begun (but for its coverage), and ends the call. For each successor, in the order of `system.py`:
its words in `targets`, its row in `sources` and its action in `actions` (int32), at most `capacity` of them; for each
fault (row, action, site) in `faults` (int32), at most `fault_capacity`. `coverage` has a byte for each guard, set to 1
and never cleared. `counts` becomes the numbers of successors and of faults (int64). `initial` looks at no row.
"""

from __future__ import annotations

from typing import Callable

from modelcheck.backends.llvm.code import WORD, Code, Value, constant
from modelcheck.backends.llvm.unit import Unit

INDEX = 32  # bits of the rows, actions and sites that are written

PARAMETERS = (
    "ptr noalias readonly %states, i64 %n, i64 %capacity, ptr noalias %targets, ptr noalias %sources, "
    "ptr noalias %actions, i64 %fault_capacity, ptr noalias %faults, ptr noalias %coverage, ptr noalias %counts"
)


def param(name: str) -> Value:
    return Value(WORD, f"%{name}")


ARGUMENTS = ", ".join(p.replace(" noalias", "").replace(" readonly", "") for p in PARAMETERS.split(", "))

Bodies = Callable[[str], None]  # generates what is done with the row at that address


class Frame:
    """A function over rows. `row`: the number of the row at hand, an i32; `full`: the label of what happens when the
    output is full; `count`, `fault_count`: slots of what has been written so far."""

    def __init__(self, unit: Unit):
        self.unit = unit
        self.code = Code()
        self.count = self.code.slot(WORD)
        self.fault_count = self.code.slot(WORD)
        self.site = self.code.slot(INDEX)
        self.full = self.code.block("full")
        self.row = constant(0, INDEX)
        self.faults: dict[tuple[int, int, str], str] = {}
        self.reports: dict[tuple[int, str], str] = {}
        self.at = self.code.slot(WORD)

    def rows(self, name: str, bodies: Bodies) -> None:
        """Defines the function over all rows of a block."""
        self._each_row(bodies)
        self.unit.define(f"i64 @{name}({PARAMETERS})", self.code)

    def part(self, name: str, bodies: Bodies) -> None:
        """Defines a function that does a part of what is done with a row; it tells whether the output is full."""
        code = self.code
        self._take()
        self.row = code.resize(param("row"), INDEX)
        bodies("%address")
        self._keep(self._counts())
        code.finish("ret i1 0")
        self.report_faults()
        code.place(self.full)
        code.finish("ret i1 1")
        self.unit.define(f"internal i1 @{name}(ptr noalias readonly %address, i64 %row, {PARAMETERS}) noinline", code)

    def whole(self, name: str, parts: list[str]) -> None:
        """Defines the function over all rows that calls the parts for each."""
        code = self.code

        def bodies(address: str) -> None:
            row = code.load(self.at, WORD)
            for part in parts:
                self._keep(self._counts())
                full = code.define(f"call i1 @{part}(ptr {address}, i64 {row.text}, {ARGUMENTS})", 1)
                further = code.block("further")
                code.branch(full, self.full, further)
                code.place(further)
                self._take()

        self.rows(name, bodies)

    def _each_row(self, bodies: Bodies) -> None:
        code, width = self.code, self.unit.layout.width
        head, body, done = code.block("head"), code.block("row"), code.block("done")
        for slot in (self.at, self.count, self.fault_count):
            code.store(constant(0), slot)
        code.jump(head)
        code.place(head)
        row = code.load(self.at, WORD)
        code.branch(code.compare("lt", row, param("n")), body, done)
        code.place(body)
        before = self._counts()
        self.row = code.resize(row, INDEX)
        bodies(code.element("%states", code.mul(row, constant(width))))
        code.store(code.add(row, constant(1)), self.at)
        code.jump(head)
        self.report_faults()
        code.place(done)
        self._keep(self._counts())
        code.finish(f"ret i64 {row.text}")
        code.place(self.full)
        self._keep(before)
        code.finish(f"ret i64 {row.text}")

    def _counts(self) -> list[Value]:
        return [self.code.load(s, WORD) for s in (self.count, self.fault_count)]

    def _take(self) -> None:
        """The counts out of memory, where other functions find and leave them."""
        for i, slot in enumerate((self.count, self.fault_count)):
            self.code.store(self.code.load(self.code.element("%counts", i), WORD), slot)

    def _keep(self, counts: list[Value]) -> None:
        for i, count in enumerate(counts):
            self.code.store(count, self.code.element("%counts", i))

    # --- what bodies write ---

    def successor(self, action: int, state: str) -> None:
        code, width = self.code, self.unit.layout.width
        count = code.load(self.count, WORD)
        self.room(count, "capacity")
        code.copy(code.element("%targets", code.mul(count, constant(width))), state, width)
        code.store(self.row, code.element("%sources", count, INDEX))
        code.store(constant(action, INDEX), code.element("%actions", count, INDEX))
        code.store(code.add(count, constant(1)), self.count)

    def room(self, count: Value, capacity: str) -> None:
        code, fits = self.code, self.code.block("fits")
        code.branch(code.compare("lt", count, param(capacity)), fits, self.full)
        code.place(fits)

    def cover(self, guard: int) -> None:
        self.code.store(constant(1, 8), self.code.element("%coverage", guard, 8))

    def fault(self, site: int, action: int, following: str) -> str:
        """The label of a fault in an action, after which control comes to `following`."""
        key = (site, action, following)
        if self.code.label is not None:
            self.code.wanted.add(following)
        if key not in self.faults:
            self.faults[key] = self.code.block("fault")
        return self.faults[key]

    def report_faults(self) -> None:
        """The blocks of all faults: out of the way of everything else."""
        code = self.code
        for (site, action, following), label in self.faults.items():
            code.place(label)
            code.store(constant(site, INDEX), self.site)
            code.jump(self.reports.setdefault((action, following), code.block("report")))
        for (action, following), label in self.reports.items():
            code.place(label)
            count = code.load(self.fault_count, WORD)
            self.room(count, "fault_capacity")
            first = code.mul(count, constant(3))
            entry = (self.row, constant(action, INDEX), code.load(self.site, INDEX))
            for i, v in enumerate(entry):
                code.store(v, code.element("%faults", code.add(first, constant(i)), INDEX))
            code.store(code.add(count, constant(1)), self.fault_count)
            code.jump(following)
