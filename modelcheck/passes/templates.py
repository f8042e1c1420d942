"""What a call was inlined to, kept for the next call of the same helper with arguments of the same types.

Calls are inlined, so a helper that is called from several procedures, each called from several places, would be typed
once for each way that leads to it. It is typed once for each *signature*: what its parameters and `self` stand for,
and what the caller wants. The next call gets a copy with names of its own. A signature is exact: constants by their
value, places in the state with the text that wrote them (faults are reported there), so a copy is what typing again
would have given, but for the numbers in names. Where something was wrong, nothing is kept; where a copy would pass a
limit, or call a helper that is being inlined, the call is typed again, and says so as ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Hashable, Iterable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.types import FormulaType
from modelcheck.passes import typed
from modelcheck.passes.context import WORK, Binding, Declared, NotPure, Place, SpecSelf, Value

if TYPE_CHECKING:
    from modelcheck.passes.typecheck import Context

MAX_CALLS = 40  # one inside the other


@dataclass(slots=True)
class Inlining:
    """What has been inlined so far inside a call: the helpers, and how many calls deep."""

    functions: set[int] = field(default_factory=set)
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """What a call gave: `found`, or the refusal. `holes` are the names of the locals that stood in the signature,
    `site` that of the call, `work` what typing it cost, `calls` how many calls deep it went."""

    found: Any
    refused: NotPure | None
    holes: tuple[str, ...]
    site: tuple[int, ...]
    declared: tuple[tuple[str, Declared], ...]
    work: int
    calls: int
    functions: frozenset[int]


@dataclass(slots=True)
class Templates:
    known: dict[Hashable, Template] = field(default_factory=dict)
    inlining: Inlining = field(default_factory=Inlining)


class _Unknown(Exception):
    """A signature that cannot be told exactly."""


def inlined(ctx: Context, function: s.Function, wants: Hashable, make: Callable[[], Any]) -> Any:
    """`make()`, which types the body of the function in `ctx`: nodes of `typed`, tuples of them, or None. `wants`: what
    the caller wants, beside what stands in `ctx`. Raises what `make` raises."""
    store, holes = ctx.world.templates, []
    try:
        scope = tuple((name, _binding(found, holes)) for name, found in ctx.scopes[0].items())
    except _Unknown:
        return _recorded(ctx, function, make, None, ())
    key = (id(function), wants, ctx.expected, ctx.temporal, ctx.steps, ctx.emit is None, scope)
    template = store.known.get(key)
    if template is None or not _fits(ctx, template):
        return _recorded(ctx, function, make, key, tuple(holes))
    ctx.world.report.work += template.work
    _note(store.inlining, template.functions | {id(function)}, len(ctx.calls) + template.calls)
    if template.refused is not None:
        raise NotPure(template.refused.span, template.refused.why)
    names = _Renaming(ctx, dict(zip(template.holes, holes)), template.site)
    found = names.node(template.found)
    ctx.declared.update((names.name(name), declared) for name, declared in template.declared)
    return found


def _fits(ctx: Context, template: Template) -> bool:
    """Whether typing the call again would find nothing wrong."""
    small = ctx.world.report.work + template.work <= WORK and len(ctx.calls) + template.calls <= MAX_CALLS
    return small and not any(id(function) in template.functions for function, _ in ctx.calls)


def _recorded(
    ctx: Context, function: s.Function, make: Callable[[], Any], key: Hashable | None, holes: tuple[str, ...]
) -> Any:
    store, report = ctx.world.templates, ctx.world.report
    errors, work, first = len(report.errors), report.work, len(ctx.declared)
    outer, store.inlining = store.inlining, Inlining(depth=len(ctx.calls))
    found, refused = None, None
    try:
        found = make()
    except NotPure as impure:
        refused = impure
    finally:
        inside, store.inlining = store.inlining, outer
        _note(outer, {*inside.functions, id(function)}, inside.depth)
    if key is not None and len(report.errors) == errors:
        declared = tuple(islice(ctx.declared.items(), first, None))
        calls, functions = inside.depth - len(ctx.calls), frozenset(inside.functions)
        work = report.work - work
        store.known[key] = Template(found, refused, holes, ctx.site, declared, work, calls, functions)
    if refused is not None:
        raise refused
    return found


def _note(inlining: Inlining, functions: Iterable[int], depth: int) -> None:
    inlining.functions.update(functions)
    inlining.depth = max(inlining.depth, depth)


# --- signatures -------------------------------------------------------------------------------------------------------


def _binding(binding: Binding, holes: list[str]) -> Hashable:
    match binding:
        case SpecSelf(after):
            return after
        case Value(n.Const(value, t)):
            return ("value", value, t)
        case Value(n.Local(name, t), False) if not isinstance(t, FormulaType):
            return ("local", _hole(name, holes), t)
        case Place(expr):
            return ("place", _path(expr, holes))
    raise _Unknown


def _path(e: n.Expr, holes: list[str]) -> Hashable:
    """A place in the state, with where it was written."""
    match e:
        case n.Variable(index, _, span, after):
            return (index, after, _where(span))
        case n.Local(name, t, span):
            return (_hole(name, holes), t, _where(span))
        case n.Const(value, t, span):
            return (value, t, _where(span))
        case n.Field(record, name, _, span):
            return (name, _where(span), _path(record, holes))
        case n.Element(array, index, _, span):
            return (_where(span), _path(array, holes), _path(index, holes))
        case n.Apply(op, args, t, span):
            return (op, t, _where(span), *(_path(a, holes) for a in args))
    raise _Unknown


def _where(span: Span | None) -> Hashable:
    return None if span is None else (span, span.source.path)


def _hole(name: str, holes: list[str]) -> int:
    if name not in holes:
        holes.append(name)
    return holes.index(name)


# --- copies -----------------------------------------------------------------------------------------------------------

# The parts of each node that may hold locals.
_PARTS: dict[type, tuple[str, ...]] = {
    n.Apply: ("args",),
    n.Logic: ("args",),
    n.Temporal: ("args",),
    n.Cond: ("test", "then", "otherwise"),
    n.Field: ("record",),
    n.Element: ("array", "index"),
    n.Construct: ("items",),
    n.Bind: ("local", "value", "body"),
    n.Quantifier: ("local", "domain", "body", "guard"),
    n.Assign: ("target", "value"),
    n.If: ("test", "then", "otherwise"),
    n.When: ("test",),
    n.Assert: ("test",),
    n.Choose: ("local", "domain"),
    n.For: ("local", "domain", "body"),
    typed.Loop: ("body",),
    typed.Scope: ("body",),
    typed.Yield: ("stay",),
    typed.Linear: ("expr",),
    typed.ClockTest: ("left", "right", "bound"),
    typed.ClockGuard: ("test",),
    typed.ClockSet: ("clock", "low", "high"),
    typed.ClockNote: ("left", "right", "offset"),
}
_LEAVES = (
    n.Const, n.Variable, n.ActionPredicate, typed.PlaceTest, typed.ProcessLocal, typed.StepTest, typed.Break,
    typed.Continue, typed.Leave, type(None),
)  # fmt: skip
_FIELDS = {kind: tuple((name, name in parts) for name in kind.__dataclass_fields__) for kind, parts in _PARTS.items()}
_FIELDS |= {kind: () for kind in _LEAVES}


class _Renaming:
    """A copy in which every local has a name of its own. What has none is shared with the original."""

    def __init__(self, ctx: Context, names: dict[str, str], site: tuple[int, ...]):
        self.ctx = ctx
        self.names = names
        self.site = site

    def name(self, name: str) -> str:
        if name not in self.names:
            self.names[name] = self.ctx.world.names.fresh(name.partition("$")[0])
        return self.names[name]

    def node(self, x: Any) -> Any:
        kind = type(x)
        if kind is n.Local:
            return n.Local(self.name(x.name), x.type, x.span)
        if kind is tuple:
            parts = [self.node(part) for part in x]
            return x if all(a is b for a, b in zip(parts, x)) else tuple(parts)
        fields, changed = _FIELDS[kind], False
        if not fields:
            return x
        values = []
        for name, copied in fields:
            value = getattr(x, name)
            if copied:
                copy = self.node(value)
                changed, value = changed or copy is not value, copy
            values.append(value)
        if kind is typed.Yield:
            return self.stop(kind(*values))
        if kind is typed.Scope and x.result is not None:
            return kind(values[0], x.span, self.name(x.result))
        return kind(*values) if changed else x

    def stop(self, stop: typed.Yield) -> typed.Yield:
        site = (*self.ctx.site, *stop.site[len(self.site) :])
        return typed.Yield(stop.label, stop.kind, stop.source, site, stop.span, stop.stay, stop.urgency)
