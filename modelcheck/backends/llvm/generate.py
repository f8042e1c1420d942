"""The module of a model: the functions `expand` and `initial`, and one for each predicate."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import groupby
from typing import Any, Iterator

from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.frame import Frame
from modelcheck.backends.llvm.loops import UNROLL
from modelcheck.backends.llvm.predicates import judge
from modelcheck.backends.llvm.statements import Body
from modelcheck.backends.llvm.unit import Unit
from modelcheck.backends.tables import resting
from modelcheck.errors import Diagnostic, Span, SpecError
from modelcheck.ir import layout
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Const, Model, Process, Stmt, walk
from modelcheck.ir.types import BOOL

RECURSION_LIMIT = 20_000
ONE_FUNCTION = 12_000  # lines of all actions together; beyond that, functions of
MANY_LINES = 3_000  # about so many


def generate(model: Model) -> Unit:
    """The module. Raises SpecError."""
    unit = Unit(Layout(model.variables))
    with _recursion(model.span):
        _initial(unit, model)
        _expand(unit, model)
        judge(unit, "terminated_0", [resting(model, p) for p in model.processes] or [Const(False, BOOL)])
        for kind, tests in (("predicate", model.predicates), ("step", model.step_predicates)):
            for number, test in enumerate(tests):
                judge(unit, f"{kind}_{number}", [test])
    return unit


@contextmanager
def _recursion(span: Span | None) -> Iterator[None]:
    """Generating code recurses as deep as the spec nests, more than Python allows by default."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    except RecursionError:
        hint = "split deeply nested expressions and loops"
        raise SpecError([Diagnostic("B005", "the spec is nested too deeply to be compiled", span, hint)]) from None
    finally:
        sys.setrecursionlimit(before)


def _initial(unit: Unit, model: Model) -> None:
    """The initialisation, as the only way out of a row that is not looked at."""
    frame, width = Frame(unit), unit.layout.width

    def body(address: str) -> None:
        state = frame.code.words(width)
        frame.code.clear(state, width)
        whole = Body(frame, model.initial, -1, state, owned=True)
        whole.g.unrolled = UNROLL  # it runs once: no copies
        whole.generate()

    frame.rows("initial", body)


def _expand(unit: Unit, model: Model) -> None:
    """All actions in one function, or, where that is too long for the compiler, in several."""
    groups = [(p, list(numbers)) for p, numbers in groupby(range(len(model.actions)), lambda i: _dispatched(model, i))]
    parts = _parts(groups, [_length(model.actions[i].body, unit.layout.width) for i in range(len(model.actions))])
    if len(parts) == 1:
        frame = Frame(unit)
        frame.rows("expand", lambda address: _groups(frame, model, groups, address))
        return
    for i, part in enumerate(parts):
        own = Frame(unit)
        own.part(f"part{i}", lambda address, own=own, part=part: _groups(own, model, part, address))
    Frame(unit).whole("expand", [f"part{i}" for i in range(len(parts))])


Group = tuple[int | None, list[int]]  # a process, or none, and actions that follow each other


def _length(body: tuple[Stmt, ...], width: int) -> int:
    """About the lines of an action's code."""
    return 2 * sum(1 for s in body for _ in walk(s)) + 8 * min(width, 5) + 15


def _parts(groups: list[Group], lengths: list[int]) -> list[list[Group]]:
    """The groups in runs of about equal length; all in one, if they are not too long."""
    if sum(lengths) <= ONE_FUNCTION:
        return [groups]
    parts, length = [[]], 0
    for group in groups:
        if length > MANY_LINES:
            parts.append([])
            length = 0
        parts[-1].append(group)
        length += sum(lengths[i] for i in group[1])
    return parts


def _groups(frame: Frame, model: Model, groups: list[Group], address: str) -> None:
    for process, numbers in groups:
        if process is None:
            for i in numbers:
                Body(frame, model.actions[i].body, i, address, owned=False).generate()
        else:
            _places(frame, model, model.processes[process], numbers, address)


def _dispatched(model: Model, number: int) -> int | None:
    """The process whose place decides whether the action is tried."""
    action = model.actions[number]
    if action.process is None or action.place is None or model.processes[action.process].variable is None:
        return None
    return action.process


def _places(frame: Frame, model: Model, process: Process, numbers: list[int], address: str) -> None:
    """Actions of one process: which is tried depends on its place, and in one place they keep their order."""
    assert process.variable is not None
    code, t, offset = frame.code, model.variables[process.variable].type, frame.unit.layout.offsets[process.variable]
    by_place: dict[Any, list[int]] = {}
    for number in numbers:
        by_place.setdefault(model.actions[number].place, []).append(number)
    place = memory.Path(address, t, offset, offset + layout.size(t) - 1, offset)
    end = code.block("placed")
    cases = [(layout.pattern(t, p), code.block("place")) for p in by_place]
    code.switch(memory.read(code, place), cases, end)
    for (_, label), actions in zip(cases, by_place.values()):
        code.place(label)
        for i in actions:
            Body(frame, model.actions[i].body, i, address, owned=False).generate()
        code.jump(end)
    code.place(end)
