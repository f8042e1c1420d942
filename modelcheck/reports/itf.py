"""The Informal Trace Format (Apalache ADR-015): traces as files that outlive the run, and other tools' too.

Written: integers always as `{"#bigint": "n"}`, sets sorted by the order of their type, no timestamp, so that the same
trace gives the same bytes. Read: both spellings of integers, `loop` and `params` missing, null or empty.
What ITF has no place for goes into `#meta`: the spec's path relative to the file, class, constants, the property, and
for each state the action that led to it.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Mapping

from modelcheck.errors import MissingFile, UsageError
from modelcheck.ir.clockwork import Instant
from modelcheck.ir.nodes import Model, Process, VariableDecl
from modelcheck.ir.printer import show_args
from modelcheck.ir.types import (
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    TextType,
    TupleType,
    Type,
    ascending,
    contains,
    show,
    values,
)
from modelcheck.result import Result
from modelcheck.trace import STUTTER, Trace

DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"


class Misfit(Exception):
    """A value that does not belong to the type of its variable. The text says which and why."""


# --- values -----------------------------------------------------------------------------------------------------------


def encode(of: Type, value: Any, *, bigint: bool = True) -> Any:
    """A natural value as ITF. `bigint` False leaves integers bare, as the JSON report has them. Scalarset values are
    the strings that traces show: they are no numbers."""

    def inner(t: Type, v: Any) -> Any:
        return encode(t, v, bigint=bigint)

    match of:
        case BoolType() | EnumType() | TextType():
            return value
        case IntType():
            return {"#bigint": str(value)} if bigint else value
        case ScalarsetType(_, name):
            return f"{name}{value}"
        case SetType(member):
            return {"#set": [inner(member, v) for v in ascending(member, value)]}
        case SeqType(member):
            return [inner(member, v) for v in value]
        case TupleType(items):
            return {"#tup": [inner(t, v) for t, v in zip(items, value)]}
        case ArrayType(index, element):
            return {"#map": [[inner(index, i), inner(element, v)] for i, v in zip(values(index), value)]}
        case RecordType(_, fields):
            return {name: inner(t, v) for (name, t), v in zip(fields, value)}
        case OptionType(some):
            if value is None:
                return {"tag": "None", "value": {"#tup": []}}
            return {"tag": "Some", "value": inner(some, value)}
    raise Misfit(f"no trace holds a value of {of}")


def decode(of: Type, data: Any) -> Any:
    """The natural value of an ITF value. Raises Misfit."""
    try:
        value = _decoded(of, data)
        if contains(of, value):
            return value
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        pass
    raise Misfit(f"{json.dumps(data, ensure_ascii=False)} is no value of {show(of)}")


def _decoded(of: Type, data: Any) -> Any:
    match of:
        case BoolType() | EnumType() | TextType():
            return data
        case IntType():
            return integer(data)
        case ScalarsetType(_, name):
            return int(str(data).removeprefix(name))
        case SetType(member):
            return frozenset(_decoded(member, v) for v in data["#set"])
        case SeqType(member):
            return tuple(_decoded(member, v) for v in data)
        case TupleType(items):
            return tuple(_decoded(t, v) for t, v in zip(items, data["#tup"], strict=True))
        case ArrayType(index, element):
            mapping = {_decoded(index, k): _decoded(element, v) for k, v in data["#map"]}
            return tuple(mapping[i] for i in values(index))
        case RecordType(_, fields):
            return tuple(_decoded(t, data[name]) for name, t in fields)
        case OptionType(some):
            return None if data["tag"] == "None" else _decoded(some, data["value"])
    raise ValueError(of)


def integer(data: Any) -> int:
    """Both spellings: `{"#bigint": "-12"}` and the bare number of traces older than 2023-09-14."""
    match data:
        case {"#bigint": text}:
            return int(text)
        case bool():
            raise ValueError(data)
        case int():
            return data
    raise ValueError(data)


def encode_constant(value: Any) -> Any:
    """A constant: Bool, integer, string or a tuple of them."""
    match value:
        case bool() | str():
            return value
        case int():
            return {"#bigint": str(value)}
    return {"#tup": [encode_constant(v) for v in value]}


def decode_constant(data: Any) -> Any:
    match data:
        case {"#tup": items} | [*items]:
            return tuple(decode_constant(v) for v in items)
        case bool() | str():
            return data
    return integer(data)


# --- writing ----------------------------------------------------------------------------------------------------------


def pc_name(model: Model) -> str:
    """The name under which the places of all processes are written, `pc` unless a variable has it already."""
    taken = {d.name for d in model.variables}
    name = "pc"
    while name in taken:
        name += "_"
    return name


def place_names(process: Process) -> tuple[str, ...]:
    """One name for each place, all different: the label, with the loop variables known there where there are any."""
    labels = [f"{p.label}({show_args(p.static)})" if p.static else p.label for p in process.places]
    return tuple(f"{label}#{i}" if labels.count(label) > 1 else label for i, label in enumerate(labels))


def variable_names(model: Model) -> list[str]:
    """What every state of a file holds: variables and locals by name, and the places of the processes in one record."""
    names = [d.name for d in model.variables if d.kind != "place" and not d.hidden]
    return [*names, pc_name(model)] if model.processes else names


def encode_state(model: Model, state: tuple[Any, ...], *, bigint: bool = True) -> dict[str, Any]:
    """Every variable, live or not, and `pc`: process instance -> place."""
    told = ((d, v) for d, v in zip(model.variables, state) if d.kind != "place" and not d.hidden)
    shown = {d.name: encode(d.type, v, bigint=bigint) for d, v in told}
    if model.processes:
        standing = ((p, p.start if p.variable is None else state[p.variable]) for p in model.processes)
        shown[pc_name(model)] = {p.title: place_names(p)[place] for p, place in standing}
    return shown


def decode_state(model: Model, data: Mapping[str, Any]) -> tuple[Any, ...]:
    """The inverse, in the order of `Model.variables`. Raises Misfit."""
    places = data.get(pc_name(model))
    found = []
    for d in model.variables:
        if d.kind == "place":
            found.append(_place(model, d, places))
        elif d.hidden:
            found.append(next(values(d.type)))
        elif d.name not in data:
            raise Misfit(f"{d.name} is missing")
        else:
            try:
                found.append(decode(d.type, data[d.name]))
            except Misfit as misfit:
                raise Misfit(f"{d.name}: {misfit}") from None
    return tuple(found)


def _place(model: Model, declared: VariableDecl, places: Any) -> int:
    assert declared.process is not None
    process = model.processes[declared.process]
    where = places.get(process.title) if isinstance(places, dict) else None
    if where not in place_names(process):
        raise Misfit(f"{process.title} has no place {json.dumps(where, ensure_ascii=False)}")
    return place_names(process).index(where)


def trace_object(result: Result, trace: Trace, folder: Path) -> dict[str, Any]:
    """The trace as an ITF object. `folder`: where the file will stand, for the spec's path relative to it."""
    model = result.model
    assert model is not None
    meta = {
        "format": "ITF",
        "format-description": DESCRIPTION,
        "description": _description(trace),
        "source": Path(os.path.relpath(result.path, folder)).as_posix(),
        "status": "ok" if trace.kind in ("reachable", "simulation") else "violation",
        "spec": result.name,
        "constants": {name: encode_constant(value) for name, value in result.constants},
        "kind": trace.kind,
        **({"property": trace.property} if trace.property else {}),
        **({"failure": action_meta(model, trace.failure.action)} if trace.failure else {}),
        **({"end": str(trace.timeline.end), "unit": model.timing.unit} if trace.timeline and model.timing else {}),
    }
    states: list[dict[str, Any]] = []
    for i, step in enumerate(trace.steps):
        told = {"index": i, **_time(trace, i), **step_meta(model, trace, i)}
        states.append({"#meta": told, **encode_state(model, step.state)})
    loop = {} if trace.loop is None else {"loop": trace.loop}
    return {"#meta": meta, "params": [name for name, _ in result.constants], "vars": variable_names(model),
            "states": states, **loop}  # fmt: skip


def _time(trace: Trace, index: int) -> dict[str, Any]:
    """When a state is reached, and what clocks are set to in the step, as exact numbers in strings."""
    if trace.timeline is None:
        return {}
    instant = trace.timeline.instants[index]
    return {"time": str(instant.time), **({"values": [str(v) for v in instant.values]} if instant.values else {})}


def _description(trace: Trace) -> str:
    what = f"{trace.kind.replace('_', ' ')} {trace.property or ''}".rstrip()
    return f"{what}, {trace.length} {'state' if trace.length == 1 else 'states'}"


def step_meta(model: Model, trace: Trace, index: int, *, bigint: bool = True) -> dict[str, Any]:
    """How a state was reached, as `action_meta`; where nothing happened, in a lasso, the action is `stutter`."""
    step = trace.steps[index]
    if step.action is None and index:
        return {"action": STUTTER}
    return action_meta(model, step.action, step.chosen, bigint=bigint)


def action_meta(
    model: Model, action: int | None, chosen: tuple[tuple[str, Any, Type], ...] = (), *, bigint: bool = True
) -> dict[str, Any]:
    """`action`; for a step of a process `process` and `label`. `args` are those of the action, or of the instance."""
    picked = {name: encode(of, value, bigint=bigint) for name, value, of in chosen}
    if action is None:
        return {"action": "init", **({"chosen": picked} if picked else {})}
    a = model.actions[action]
    process = model.processes[a.process] if a.process is not None else None
    place = process.places[a.place] if process and a.place is not None else None
    args = a.args or (process.args if process else ())
    return {
        "action": model.action_title(action),
        **({"process": process.title} if process else {}),
        "label": a.label,
        "args": {name: encode(of, value, bigint=bigint) for name, value, of in args},
        **({"chosen": picked} if picked else {}),
        **({"source": place.source} if place and place.source else {}),
    }


def render(result: Result, trace: Trace, folder: Path) -> str:
    """One state per line: a change in one state is a change in one line of a committed file."""
    whole = trace_object(result, trace, folder)
    parts = []
    for key, value in whole.items():
        if key == "states":
            rows = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f'  "states": [\n{rows}\n  ]')
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def save(result: Result, trace: Trace, path: str | Path) -> None:
    """Writes the file where its bytes differ from what is there."""
    path = Path(path)
    text = render(result, trace, path.parent)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def slug(name: str) -> str:
    """A case's name as a file name: `without the drain` -> `without-the-drain`."""
    return re.sub(r"[^\w]+", "-", name.lower()).strip("-_") or "case"


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trace file. `spec` is None where another tool wrote it; `source` is relative to where the user stands."""

    path: str
    source: str | None
    spec: str | None
    constants: Mapping[str, Any]
    property: str | None
    kind: str | None
    loop: int | None
    names: tuple[str, ...]
    states: tuple[Mapping[str, Any], ...]
    end: Fraction | None = None

    def instants(self) -> tuple[Instant, ...] | None:
        """The times of the states; None for a trace without times. Raises Misfit."""
        if self.end is None:
            return None
        try:
            metas = [state["#meta"] for state in self.states]
            return tuple(Instant(Fraction(m["time"]), tuple(map(Fraction, m.get("values", ())))) for m in metas)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            raise Misfit("a state has no time, or one that is no number") from None

    def actions(self) -> tuple[str | None, ...]:
        """The action's title by state, None where the file does not say."""
        return tuple((s.get("#meta") or {}).get("action") for s in self.states)


def read(path: str | Path) -> Recorded:
    """Raises MissingFile, and UsageError for a file that is no trace."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise MissingFile(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is no ITF trace: it is not JSON") from None
    try:
        return _recorded(Path(path), data)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{path} is no ITF trace: `vars` and `states` are not what the format says") from None


def _recorded(path: Path, data: Any) -> Recorded:
    meta = data.get("#meta") or {}
    source = meta.get("source")
    located = os.path.relpath(path.parent / source) if source and source.endswith(".py") else None
    states = tuple(dict(state) for state in data["states"])
    return Recorded(
        path=str(path),
        source=located,
        spec=meta.get("spec"),
        constants={name: decode_constant(value) for name, value in (meta.get("constants") or {}).items()},
        property=meta.get("property"),
        kind=meta.get("kind"),
        loop=data.get("loop"),
        names=tuple(data["vars"]),
        states=states,
        end=Fraction(meta["end"]) if "end" in meta else None,
    )


def steps(recorded: Recorded, model: Model) -> tuple[tuple[Any, ...], ...]:
    """The states in natural values, in the order of `Model.variables`. Raises Misfit."""
    here = variable_names(model)
    missing = [name for name in here if name not in recorded.names]
    extra = [name for name in recorded.names if name not in here]
    if missing or extra:
        told = [f"the spec has {', '.join(missing)}"] if missing else []
        told += [f"the file has {', '.join(extra)}"] if extra else []
        raise Misfit("the variables are not those of the spec: " + "; ".join(told))
    found = []
    for number, state in enumerate(recorded.states, 1):
        try:
            found.append(decode_state(model, state))
        except Misfit as misfit:
            raise Misfit(f"state {number}: {misfit}") from None
    return tuple(found)
