"""What `synthesize` says, for people and as JSON: the regions of parameters, an example, and what confirms them.

The JSON object is that of a check with one more entry, `regions`.
"""

from __future__ import annotations

import json as as_json
from fractions import Fraction
from typing import Any, Iterator

from modelcheck.errors import render_all
from modelcheck.ir import linear
from modelcheck.ir.linear import Polyhedron, Region
from modelcheck.reports import json, why
from modelcheck.reports.terminal import heading, render_trace, shown_constant
from modelcheck.result import Regions, Result


def render_result(result: Result, *, width: int = 100, quiet: bool = False, verbose: bool = False) -> str:
    """`quiet`: the regions alone. `verbose`: also where it is not violated, and the figures."""
    if result.diagnostics:
        return render_all(result.diagnostics) + "\n"
    regions = result.regions
    assert regions is not None
    constants = "".join(f", {name}={shown_constant(value)}" for name, value in result.constants)
    parts = [f"{result.path}: {result.name}{constants}", "\n".join(_parameters(regions))]
    parts.append("\n".join(_regions(result, regions, verbose)))
    parts.append("\n".join(_smallest(regions)))
    if not quiet:
        parts += [_example(result, regions, width), "\n".join(_confirmed(result, regions, verbose))]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def _parameters(regions: Regions) -> Iterator[str]:
    unit = f" {regions.unit}" if regions.unit else ""
    numbers = "whole numbers" if regions.integers else "real numbers"
    yield f"Parameters ({numbers}):"
    width = max(len(name) for name, _, _ in regions.parameters)
    for name, low, high in regions.parameters:
        if name not in regions.idle:
            yield f"  {name:<{width}}  {low} .. {high}{unit}"
    if regions.idle:
        yield f"No step, deadline or property mentions {', '.join(regions.idle)}."
    if regions.assumptions:
        yield f"Assumed: {_text(regions, regions.assumptions)}."


def _text(regions: Regions, polyhedron: Polyhedron) -> str:
    return linear.shown(polyhedron, [name for name, _, _ in regions.parameters], integers=regions.integers)


def _regions(result: Result, regions: Regions, verbose: bool) -> Iterator[str]:
    answer = result.properties[0]
    wanted = answer.kind == "reachable"
    done, not_ = ("reached", "not reached") if wanted else ("violated", "not violated")
    if regions.timeless:
        yield f"`{answer.name}` is never {done}, whatever the timing: nothing leads there with time ignored."
        return
    only = "if and only if" if regions.stopped is None else "if"
    if not regions.bad and regions.stopped is None:
        yield f"`{answer.name}` is never {done}."
    elif regions.bad:
        yield from _listed(f"`{answer.name}` is {done} {only}", regions, regions.bad)
    if regions.safe and (regions.stopped is not None or verbose):
        yield from _listed(f"It is {not_} if", regions, regions.safe)
    if regions.unexplored:
        yield from _listed(f"Incomplete: {regions.stopped}. Not known", regions, regions.unexplored)
    elif regions.stopped is not None:
        yield f"Incomplete: {regions.stopped}. Not known otherwise{_somewhere(regions)}."


def _somewhere(regions: Regions) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in regions.unknown_at or ())
    return f", for example with {values}" if values else ""


def _listed(head: str, regions: Regions, region: Region) -> Iterator[str]:
    yield f"{head}:"
    for i, polyhedron in enumerate(region):
        yield f"  {'or ' if i else '   ' if len(region) > 1 else ''}{_text(regions, polyhedron)}"


def _smallest(regions: Regions) -> Iterator[str]:
    unit = f" {regions.unit}" if regions.unit else ""
    for least in regions.smallest:
        if least.value is None:
            yield f"The smallest {least.expression}: there is none."
        elif least.attained:
            yield f"The smallest {least.expression}: {least.value}{unit}."
        else:
            yield f"The smallest {least.expression}: anything more than {least.value}{unit}."


def _example(result: Result, regions: Regions, width: int) -> str:
    answer = result.properties[0]
    if answer.trace is None or regions.example is None or result.model is None:
        return ""
    values = ", ".join(f"{name} = {value}" for name, value in regions.example if name not in regions.idle)
    parts = (
        f"For example with {values}:",
        heading(answer.trace),
        render_trace(result.model, answer.trace, width=width),
        "\n".join(answer.remarks),
        why.explain(result.model, answer.trace, width=width),
    )
    return "\n\n".join(part.rstrip("\n") for part in parts if part)


def _confirmed(result: Result, regions: Regions, verbose: bool) -> Iterator[str]:
    bad, safe = regions.explorations
    if not regions.timeless:
        yield f"{bad + safe} explorations of zones: {bad} found a way there, {safe} showed that there is none."
    together = "disjoint, and together everything" if regions.stopped is None else "disjoint"
    if regions.confirmed:
        yield f"Confirmed by {regions.solver}: the regions are {together} ({regions.asked} questions)."
    else:
        why_not = "it was interrupted" if regions.stopped == "interrupted" else "it ran out of time"
        yield f"Not confirmed by {regions.solver}: {why_not}; nor are the regions simplified."
    if regions.samples:
        yield f"Confirmed by {regions.samples} checks at single valuations, half of them at the borders of the regions."
    if verbose:
        yield f"{result.statistics.distinct} zones, {result.statistics.seconds:.2f} s."


# --- JSON -------------------------------------------------------------------------------------------------------------


def render_json(result: Result) -> str:
    told = json.check_object(result)
    regions = None if result.regions is None else _object(result.regions)
    return as_json.dumps({**told, "regions": regions}, ensure_ascii=False)


def _object(r: Regions) -> dict[str, Any]:
    def region(union: Region) -> list[dict[str, Any]]:
        return [{"text": _text(r, p), "constraints": [_half(r, h.expr, h.strict) for h in p]} for p in union]

    return {
        "parameters": [
            {"name": name, "low": low, "high": high, "idle": name in r.idle} for name, low, high in r.parameters
        ],
        "integers": r.integers,
        "unit": r.unit,
        "assumptions": _text(r, r.assumptions),
        "bad": region(r.bad),
        "safe": region(r.safe),
        "unexplored": region(r.unexplored),
        "unknown_at": None if r.unknown_at is None else {name: _number(value) for name, value in r.unknown_at},
        "stopped": r.stopped,
        "timeless": r.timeless,
        "explorations": {"bad": r.explorations[0], "safe": r.explorations[1]},
        "solver": r.solver,
        "questions": r.asked,
        "confirmed": r.confirmed,
        "samples": r.samples,
        "smallest": [
            {"expression": s.expression, "value": _number(s.value), "attained": s.attained} for s in r.smallest
        ],
        "example": None if r.example is None else {name: _number(value) for name, value in r.example},
    }


def _half(r: Regions, expr: linear.Linear, strict: bool) -> dict[str, Any]:
    """constant + sum of coefficient * parameter >= 0, or > 0."""
    names = [name for name, _, _ in r.parameters]
    return {"constant": expr[0], "coefficients": {n: c for n, c in zip(names, expr[1:]) if c}, "strict": strict}


def _number(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
