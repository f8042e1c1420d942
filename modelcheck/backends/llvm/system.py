"""The native back end: a model as a `TransitionSystem` whose steps are machine code, compiled in this process.

One function expands a block of rows, one for each predicate judges a block. They work on the packed words in place,
allocate nothing, and are called without the interpreter's lock; each thread has output arrays of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import ClassVar, Sequence

import numpy as np
from numpy.typing import NDArray

from modelcheck.backends.llvm.generate import generate
from modelcheck.backends.tables import action_table
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model
from modelcheck.machinecode import Code, load
from modelcheck.system import ActionInfo, NativeSuccessors, Site, States, Successors

FIRST_CAPACITY = 1 << 14  # successors of a call, before the output has grown
LAST_CAPACITY = 1 << 20  # it grows further for the sake of a single row only


@dataclass(slots=True)
class Output:
    """Where a call writes. targets: (capacity, width)."""

    targets: NDArray[np.uint64]
    sources: NDArray[np.int32]
    actions: NDArray[np.int32]
    faults: NDArray[np.int32]
    coverage: NDArray[np.uint8]
    counts: NDArray[np.int64]

    @staticmethod
    def of(capacity: int, width: int, guards: int) -> Output:
        return Output(
            np.empty((capacity, width), np.uint64), np.empty(capacity, np.int32), np.empty(capacity, np.int32),
            np.empty((capacity, 3), np.int32), np.zeros(guards, np.uint8), np.zeros(2, np.int64),
        )  # fmt: skip


@dataclass(slots=True)
class NativeSystem:
    """A `TransitionSystem`. Besides the protocol: `layout`, by which rows are states; `native`, whose functions a
    search may call itself (`expand`, see `frame.PARAMETERS`; `predicate_i`, `step_i`, `terminated`)."""

    reentrant: ClassVar[bool] = True  # several threads may ask at the same time

    model: Model
    layout: Layout
    actions: tuple[ActionInfo, ...]
    sites: tuple[Site, ...]
    native: Code
    _outputs: threading.local = field(default_factory=threading.local)

    @property
    def width(self) -> int:
        return self.layout.width

    @property
    def guards(self) -> int:
        return len(self.model.guards)

    @property
    def cached(self) -> bool:
        """Whether the code was there already, from an earlier run."""
        return self.native.cached

    @property
    def native_successors(self) -> NativeSuccessors:
        addresses = self.native.addresses
        judges = tuple(addresses[f"predicate_{number}"] for number in range(len(self.model.predicates)))
        return NativeSuccessors(addresses["expand"], None, judges, self.native)

    def initial(self) -> Successors:
        return self._run("initial", np.zeros((1, self.width), np.uint64))

    def successors(self, states: States) -> Successors:
        return self._run("expand", np.ascontiguousarray(states, np.uint64))

    def predicates(self, states: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        return self._judge("predicate", states, states, ids)

    def step_predicates(self, states: States, after: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        return self._judge("step", states, after, ids)

    def terminated(self, states: States) -> NDArray[np.bool_]:
        return self._judge("terminated", states, states, (0,))[:, 0].astype(np.bool_)

    def _output(self, capacity: int) -> Output:
        """The output arrays of this thread, at least that large."""
        found = getattr(self._outputs, "arrays", None)
        if found is None or len(found.sources) < capacity:
            found = self._outputs.arrays = Output.of(capacity, self.width, self.guards)
        return found

    def _run(self, name: str, states: States) -> Successors:
        out = self._output(FIRST_CAPACITY)
        call = self.native[name]
        while True:
            capacity = len(out.sources)
            out.coverage[:] = 0
            consumed = call(
                states.ctypes.data, len(states), capacity, out.targets.ctypes.data, out.sources.ctypes.data,
                out.actions.ctypes.data, capacity, out.faults.ctypes.data, out.coverage.ctypes.data,
                out.counts.ctypes.data,
            )  # fmt: skip
            if consumed == len(states) or (consumed and capacity >= LAST_CAPACITY):
                return _answer(out, consumed)
            out = self._output(4 * capacity)

    def _judge(self, kind: str, states: States, after: States, ids: Sequence[int]) -> NDArray[np.uint8]:
        answers = np.empty((len(states), len(ids)), np.uint8)
        states, after = np.ascontiguousarray(states, np.uint64), np.ascontiguousarray(after, np.uint64)
        for column, number in enumerate(ids):
            call = self.native[f"{kind}_{number}"]
            call(states.ctypes.data, after.ctypes.data, len(states), answers.ctypes.data + column, len(ids))
        return answers


def _answer(out: Output, consumed: int) -> Successors:
    count, faults = out.counts.tolist()
    return Successors(
        source=out.sources[:count].astype(np.int64),
        action=out.actions[:count].astype(np.int64),
        target=out.targets[:count].copy(),
        consumed=consumed,
        faults=out.faults[:faults].astype(np.int64),
        coverage=out.coverage.astype(np.bool_),
    )


def build(model: Model) -> NativeSystem:
    """The model as a system. Raises SpecError: B001, B002 (too large), B003 (no such operator), B004, B005."""
    unit = generate(model)
    text = unit.text()
    native = load(text, lambda: text, quick=True)
    return NativeSystem(model, unit.layout, action_table(model), tuple(unit.sites), native)
