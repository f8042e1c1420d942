"""The Python back end: a model as a `TransitionSystem` whose steps are generated Python source.

All actions run in one function, in one loop over the rows of a block; those of a process are found by its place. The
state is one integer that is tested and written in place (see `ir.layout`), so a guard costs one `&` and one comparison.
What is asked of a predicate is generated when it is first asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.backends.python.code import Block, condition, indent, names
from modelcheck.backends.python.cursor import Cursor
from modelcheck.backends.python.expressions import Expressions
from modelcheck.backends.python.statements import Body
from modelcheck.backends.python.unit import Unit, recursion
from modelcheck.backends.tables import action_table, resting
from modelcheck.errors import InternalError
from modelcheck.ir import layout
from modelcheck.ir.nodes import Expr, Model, Process
from modelcheck.ir.layout import Layout
from modelcheck.system import FAULT, ActionInfo, Site, States, Successors

ONE_FUNCTION = 3000  # lines of all actions together; beyond that, functions of
MANY_LINES = 500  # about so many
CHAIN = 3  # places that are tested one after the other; more are found by halving

Faults = list[tuple[int, int, int]]
Step = Callable[[list[int], list[int], list[int], list[int], Faults, list[int]], None]
Predicate = Callable[[list[int], list[int], list[int]], None]


@dataclass(slots=True)
class PythonSystem:
    """A `TransitionSystem`. Besides the protocol: `layout`, by which rows are states."""

    model: Model
    layout: Layout
    width: int
    guards: int
    actions: tuple[ActionInfo, ...]
    sites: tuple[Site, ...]
    _step: Step
    _initial: Step
    _predicates: dict[tuple[str, int], Predicate] = field(default_factory=dict)

    def initial(self) -> Successors:
        return self._run(self._initial, [0])

    def successors(self, states: States) -> Successors:
        return self._run(self._step, self.layout.unpack(states))

    def predicates(self, states: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        rows = self.layout.unpack(states)
        return self._judge("state", rows, rows, ids)

    def step_predicates(self, states: States, after: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        return self._judge("step", self.layout.unpack(states), self.layout.unpack(after), ids)

    def terminated(self, states: States) -> NDArray[np.bool_]:
        if not self.model.processes:
            return np.zeros(len(states), np.bool_)
        rows = self.layout.unpack(states)
        return self._judge("terminated", rows, rows, (0,))[:, 0].astype(np.bool_)

    def _run(self, step: Step, rows: list[int]) -> Successors:
        targets: list[int] = []
        actions: list[int] = []
        ends: list[int] = []
        faults: Faults = []
        coverage = [0] * self.guards
        with recursion(self.model.span):  # the rounds of a loop that chooses are calls
            step(rows, targets, actions, ends, faults, coverage)
        counts = np.diff(np.array([0, *ends], np.int64))
        return Successors(
            source=np.repeat(np.arange(len(rows), dtype=np.int64), counts),
            action=np.array(actions, np.int64),
            target=np.frombuffer(self.layout.pack(targets), np.uint64).reshape(-1, self.width),
            consumed=len(rows),
            faults=np.array(faults, np.int64).reshape(-1, 3),
            coverage=np.array(coverage, np.bool_),
        )

    def _judge(self, kind: str, rows: list[int], after: list[int], ids: Sequence[int]) -> NDArray[np.uint8]:
        answers = np.empty((len(rows), len(ids)), np.uint8)
        for column, number in enumerate(ids):
            if (kind, number) not in self._predicates:
                self._predicates[kind, number] = _predicate(self.layout, _expression(self.model, kind, number))
            out: list[int] = []
            self._predicates[kind, number](rows, after, out)
            answers[:, column] = np.frombuffer(bytes(out), np.uint8)
        return answers


def build(model: Model) -> PythonSystem:
    """The model as a system. Raises SpecError: B001, B002 (too large), B003 (no such operator), B004, B005."""
    packing = Layout(model.variables)
    unit = Unit(packing)
    with recursion(model.span):
        unit.define("", "S, T, A, E, F, G", _per_row([Body(unit, model.initial, -1).generate()]), "_initial")
        unit.define("", "S, T, A, E, F, G", _per_row(_steps(unit, model)), "_step")
    scope = unit.run()
    return PythonSystem(
        model, packing, packing.width, len(model.guards), action_table(model), tuple(unit.sites),
        scope["_step"], scope["_initial"],
    )  # fmt: skip


# --- actions ----------------------------------------------------------------------------------------------------------


def _per_row(parts: list[Block]) -> Block:
    body: Block = [line for part in parts for line in part]
    return ["for row, s in enumerate(S):", [*body, "E.append(len(T))"]]


def _steps(unit: Unit, model: Model) -> list[Block]:
    """The code of all actions, in order of their ids."""
    parts: list[Block] = []
    for process, numbers in groupby(range(len(model.actions)), lambda i: _dispatched(model, i)):
        if process is None:
            parts += [Body(unit, model.actions[i].body, i).generate() for i in numbers]
        else:
            parts.append(_places(unit, model, model.processes[process], list(numbers)))
    if sum(len(indent(p)) for p in parts) > ONE_FUNCTION:
        return [[call] for call in _functions(unit, parts)]
    return parts


def _functions(unit: Unit, parts: list[Block]) -> list[str]:
    """The parts in functions of some length; their calls."""
    calls, block, lines = [], [], 0
    for i, part in enumerate(parts):
        block += part
        lines += len(indent(part))
        if lines > MANY_LINES or i == len(parts) - 1:
            calls.append(f"{unit.define('g', 'row, s, T, A, F, G', block or ['pass'])}(row, s, T, A, F, G)")
            block, lines = [], 0
    return calls


def _dispatched(model: Model, number: int) -> int | None:
    """The process whose place decides whether the action is tried."""
    action = model.actions[number]
    if action.process is None or action.place is None or model.processes[action.process].variable is None:
        return None
    return action.process


def _places(unit: Unit, model: Model, process: Process, numbers: list[int]) -> Block:
    """Actions of one process: which is tried depends on its place, and in one place they keep their order."""
    assert process.variable is not None
    t, offset = model.variables[process.variable].type, unit.layout.offsets[process.variable]
    size = layout.size(t)
    mask, by_place = (1 << size) - 1, {}
    for number in numbers:
        action = model.actions[number]
        bits = layout.pattern(t, action.place)
        block = Body(unit, action.body, number).generate(mask << offset, bits << offset)
        by_place.setdefault(bits, []).extend(block)
    if len(by_place) == 1:
        [(bits, block)] = by_place.items()
        return [f"if s & {mask << offset} == {bits << offset}:", block] if size else block
    name = unit.temporary()
    found = _search(name, sorted(by_place.items()), 0, layout.limit(t) - 1)
    return [f"{name} = s >> {offset} & {mask}", *found]


def _search(name: str, blocks: list[tuple[int, Block]], low: int, high: int) -> Block:
    """Finds the block of the place, which lies in low..high."""
    if len(blocks) > CHAIN:
        middle = len(blocks) // 2
        border = blocks[middle][0]
        below = _search(name, blocks[:middle], low, border - 1)
        return [f"if {name} < {border}:", below, "else:", _search(name, blocks[middle:], border, high)]
    lines: Block = []
    for i, (bits, block) in enumerate(blocks):
        last = high - low == i and i > 0 and [b for b, _ in blocks] == list(range(low, high + 1))
        lines += ["else:" if last else f"{'elif' if i else 'if'} {name} == {bits}:", block or ["pass"]]
    return lines


# --- predicates -------------------------------------------------------------------------------------------------------


def _expression(model: Model, kind: str, number: int) -> list[Expr]:
    """What must hold for a predicate to be true."""
    match kind:
        case "state":
            return [model.predicates[number]]
        case "step":
            return [model.step_predicates[number]]
        case "terminated":
            return [resting(model, p) for p in model.processes]
    raise InternalError(f"no predicates of kind {kind}")


def _predicate(packing: Layout, expressions: list[Expr]) -> Predicate:
    """A function that appends the answer for each pair of states."""
    unit = Unit(packing)
    cursor = Cursor((1 << packing.bits) - 1)
    generator = Expressions(unit, cursor)
    with recursion(expressions[0].span):
        texts = [condition(generator.test(e)) for e in expressions]
    answer = f"O.append(1 if {' and '.join(texts)} else 0)"
    guarded: Block = ["try:", [answer], "except _Stop:", [f"O.append({FAULT})"]] if cursor.faulty else [answer]
    paired = "n" in names(texts)
    head = "for s, n in zip(S, N):" if paired else "for s in S:"
    unit.define("", "S, N, O", [head, guarded], "_predicate")
    return unit.run()["_predicate"]
