"""What all back ends tell of a model in the same way: its actions, and where its processes may rest."""

from __future__ import annotations

from typing import Any

from modelcheck.ir.nodes import Apply, Const, Expr, Model, Process, Variable
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, SetType
from modelcheck.system import ActionInfo


def action_table(model: Model) -> tuple[ActionInfo, ...]:
    """Fairness speaks of a process instance, or of an action with its arguments; steps excepted from it are apart."""
    groups: dict[Any, int] = {}
    table = []
    for number, a in enumerate(model.actions):
        key = (a.process, a.fairness) if a.process is not None else (a.label, a.args, a.fairness)
        group = groups.setdefault(key, len(groups))
        args = a.args if a.process is None else model.processes[a.process].args
        process = -1 if a.process is None else a.process
        bound = tuple((name, value) for name, value, _ in args)
        table.append(ActionInfo(model.action_title(number), process, a.label, bound, group, a.fairness, a.span))
    return tuple(table)


def resting(model: Model, process: Process) -> Expr:
    """Whether the process is done or idle."""
    places = frozenset(i for i, place in enumerate(process.places) if place.kind in ("idle", "done"))
    if process.variable is None:
        return Const(process.start in places, BOOL)
    t = model.variables[process.variable].type
    return Apply(Op.IN, (Variable(process.variable, t), Const(places, SetType(t))), BOOL)
