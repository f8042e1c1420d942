"""A run that a log is a record of, as a trace: with times where the model has them, replayed and followed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Sequence

import numpy as np

from modelcheck.errors import InternalError
from modelcheck.ir import clockwork
from modelcheck.ir.clockwork import Instant, NotARun, Timeline
from modelcheck.system import TransitionSystem
from modelcheck.timed.witness import Path, Witness, concretise
from modelcheck.trace import Trace, TraceKind, trace_of_path
from modelcheck.validation.matching import Node, Question
from modelcheck.validation.space import Timed

MOST = 200  # steps for which times are sought that differ


def trace(
    question: Question, system: TransitionSystem, path: Sequence[Node], name: str | None, kind: TraceKind
) -> tuple[Trace, tuple[int | None, ...], Fraction]:
    """The run along a path of nodes; for each of its states the number of the demand that it fulfils; and when the
    first stamp of the log was. Raises InternalError where the reference semantics does not take it."""
    steps = [(i, node) for i, node in enumerate(path) if node.edge is not None]
    rows = question.space.rows([node.state for _, node in steps])
    actions = np.array([node.edge.action if node.edge else -1 for _, node in steps], np.int64)
    found = trace_of_path(question.model, system, rows, actions, None, name, kind)
    demands = tuple(node.position - 1 if node.line else None for _, node in steps)
    if not isinstance(question.space, Timed):
        return found, demands, Fraction(0)
    witness = _times(question.space, path)
    instants = tuple(_instant(question.space, witness, i) for i, _ in steps)
    end = Fraction(witness.end)
    try:
        followed = clockwork.follow(question.model, [(s.action, s.state) for s in found.steps], instants)
        last = clockwork.delayed(question.model, found.steps[-1].state, followed.clocks[-1], end - instants[-1].time)
    except NotARun as error:
        raise InternalError(f"step {error.step} of the run of a log is not possible: {error.why}") from None
    return replace(found, timeline=Timeline(instants, end, followed, last)), demands, _zero(question, path, witness)


def _times(space: Timed, path: Sequence[Node]) -> Witness:
    programs = tuple(node.program for node in path)
    modes = tuple(space.mode(node.state) for node in path)
    policy = "separated" if len(path) <= MOST else "smallest"
    return concretise(Path(programs, modes, (), space.n, space.timing.dense), policy)


def _instant(space: Timed, witness: Witness, step: int) -> Instant:
    chosen = [c for c in witness.choices if c.step == step and c.clock != space.clock]
    return Instant(Fraction(witness.times[step]), tuple(Fraction(c.value) for c in chosen))


def _zero(question: Question, path: Sequence[Node], witness: Witness) -> Fraction:
    """When the log's clock was zero."""
    assert isinstance(question.space, Timed)
    for i, node in enumerate(path):
        if node.line and node.position - 1 == question.anchor:
            return Fraction(witness.times[i]) - Fraction(witness.clocks[i][question.space.clock])
    return Fraction(0)
