"""The cases of a spec file: constant expressions, evaluated without choosing any constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from modelcheck.errors import Span
from modelcheck.ir import surface as s
from modelcheck.passes import typecheck
from modelcheck.passes.context import Bad, did_you_mean
from modelcheck.passes.names import World

# expectation -> (positional arguments: least, most), keywords
EXPECTATIONS: dict[str, tuple[tuple[int, int], tuple[str, ...]]] = {
    "holds": ((0, 1000), ()),
    "violates": ((1, 1), ("length",)),
    "deadlocks": ((0, 0), ("length",)),
    "assertion_fails": ((0, 0), ("length",)),
    "evaluation_error": ((0, 0), ("length",)),
    "vacuous": ((1, 1000), ()),
    "only": ((1, 1000), ()),
    "where": ((0, 0), ()),
    "counts": ((0, 0), ("distinct", "generated", "depth")),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """One expectation: `violates("no_notify_is_lost", length=7)`."""

    name: str
    args: tuple[str, ...]
    keywords: Mapping[str, int]
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    """`only`: the properties that the case is restricted to, or None."""

    name: str
    spec: str
    expectations: tuple[Expected, ...]
    span: Span
    where: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    only: tuple[str, ...] | None = None


def cases(world: World) -> tuple[Case, ...]:
    """The cases of the main file in its order; what is wrong with them is in the world's report."""
    found, names = [], {}
    for definition in world.program.module.cases:
        if definition.name in names:
            world.report.error("N003", definition.span, f'there are two cases "{definition.name}"', "rename one")
        names[definition.name] = definition
        try:
            found.append(_case(world, definition))
        except Bad:
            continue
    return tuple(found)


def _case(world: World, definition: s.CaseDef) -> Case:
    ctx = world.context(world.program.main)
    where: dict[str, Any] = {}
    counts: dict[str, int] = {}
    only: tuple[str, ...] | None = None
    expected = []
    for e in definition.expectations:
        found = _expected(ctx, e)
        match e.name:
            case "where":
                where |= found.keywords
            case "counts":
                counts |= found.keywords
            case "only":
                only = (*(only or ()), *found.args)
            case _:
                expected.append(found)
    return Case(definition.name, definition.spec, tuple(expected), definition.span, where, counts, only)


def _expected(ctx: typecheck.Context, e: s.Expectation) -> Expected:
    if e.name not in EXPECTATIONS:
        hint = did_you_mean(e.name, EXPECTATIONS, f"the expectations are {', '.join(EXPECTATIONS)}")
        raise ctx.error("N001", e.span, f"there is no expectation `{e.name}`", hint)
    (least, most), keywords = EXPECTATIONS[e.name]
    if not least <= len(e.args) <= most:
        raise ctx.error("T004", e.span, f"`{e.name}` has the wrong number of arguments", _USAGE[e.name])
    args = tuple(typecheck.constant(ctx, a).value for a in e.args)
    if not all(isinstance(a, str) for a in args):
        raise ctx.error("T001", e.span, f"`{e.name}` takes names of properties", _USAGE[e.name])
    given = {}
    for name, value in e.keywords:
        if e.name != "where" and name not in keywords:
            hint = did_you_mean(name, keywords, _USAGE[e.name])
            raise ctx.error("T004", value.span, f"`{e.name}` takes no `{name}`", hint)
        found = typecheck.constant(ctx, value).value
        if e.name != "where" and (isinstance(found, bool) or not isinstance(found, int)):
            raise ctx.error("T001", value.span, f"`{name}` is a number", _USAGE[e.name])
        given[name] = found
    return Expected(e.name, args, given, e.span)


_USAGE = {
    "holds": 'write `holds("a", "b")`',
    "violates": 'write `violates("a", length=7)`',
    "deadlocks": "write `deadlocks(length=7)`",
    "assertion_fails": "write `assertion_fails(length=7)`",
    "evaluation_error": "write `evaluation_error(length=7)`",
    "vacuous": 'write `vacuous("a")`',
    "only": 'write `only("a", "b")`',
    "where": "write `where(kicks=2)`",
    "counts": "write `counts(distinct=288, generated=1146, depth=11)`",
}
