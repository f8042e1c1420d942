"""The cases of a spec file: constant expressions, evaluated without choosing any constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from modelcheck.errors import Span, UsageError
from modelcheck.ir import surface as s
from modelcheck.ir.types import INT64, IntType
from modelcheck.passes import typecheck
from modelcheck.passes.context import Bad, did_you_mean, which
from modelcheck.passes.names import World


INTEGER = IntType(*INT64)


@dataclass(frozen=True, slots=True)
class Expected:
    """One expectation: `violates("no_notify_is_lost", length=7)`."""

    name: str
    args: tuple[str, ...]
    keywords: Mapping[str, int]
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    """`only`: the properties that the case is restricted to, or None. `pins`: the values of observed quantities."""

    name: str
    spec: str
    expectations: tuple[Expected, ...]
    span: Span
    where: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    only: tuple[str, ...] | None = None
    pins: Mapping[str, int] = field(default_factory=dict)


def cases(world: World) -> tuple[Case, ...]:
    """The cases of the main file in its order; what is wrong with them is in the world's report. The form of an
    expectation is the front end's business."""
    known = [*world.specs(), *(i.alias for i in world.program.module.imports if world.spec(i.alias))]
    found = []
    for definition in world.program.module.cases:
        broken = world.report.errors and definition.spec in world.known(world.program.main)
        if definition.spec not in known and not broken:
            hint = did_you_mean(definition.spec, known, which("specs", known))
            world.report.error("N001", definition.span, f"there is no spec `{definition.spec}`", hint)
        try:
            found.append(_case(world, definition))
        except Bad:
            continue
    return tuple(found)


def _case(world: World, definition: s.CaseDef) -> Case:
    where: dict[str, Any] = {}
    counts: dict[str, int] = {}
    pins: dict[str, int] = {}
    only: tuple[str, ...] | None = None
    expected = []
    for e in definition.expectations:
        args, keywords = _constants(world, e)
        match e.name:
            case "where":
                where |= keywords
            case "counts":
                counts |= keywords
            case "pin":
                pins |= keywords
            case "only":
                only = (*(only or ()), *args)
            case _:
                expected.append(Expected(e.name, args, keywords, e.span))
    return Case(definition.name, definition.spec, tuple(expected), definition.span, where, counts, only, pins)


def _constants(world: World, e: s.Expectation) -> tuple[tuple[str, ...], dict[str, Any]]:
    ctx = world.context(world.program.main)
    wanted = INTEGER if e.name == "pin" else None
    keywords = {name: typecheck.constant(ctx, value, wanted).value for name, value in e.keywords}
    if e.name == "where":
        for name, value in e.keywords:
            check_override(world, name, keywords[name], value.span)
    return tuple(typecheck.constant(ctx, a).value for a in e.args), keywords


def check_override(world: World, name: str, value: Any, span: Span) -> None:
    """Raises Bad where a constant cannot have that value; it is in the world's report."""
    known = world.constant_names()
    if name not in known:
        hint = did_you_mean(name, known, which("constants", known))
        raise world.report.error("N001", span, f"there is no constant `{name}`", hint)
    try:
        world.check_override(name, value)
    except UsageError as error:
        hint = "a case gives a constant another value of its own kind"
        raise world.report.error("T001", span, str(error), hint) from None
