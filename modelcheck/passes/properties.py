"""Types the properties of a spec, and numbers the predicates that back ends compile for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from modelcheck.ir import nodes as n
from modelcheck.ir.types import BOOL, FormulaType
from modelcheck.passes import pure, typecheck
from modelcheck.passes.clock_model import TimeOf
from modelcheck.passes.clock_steps import speaks
from modelcheck.passes.context import Bad, Binding, Member, NotPure, SpecSelf, a_kind, kind_of
from modelcheck.passes.lower import Builder
from modelcheck.passes.names import World
from modelcheck.passes.resolve import Resolver
from modelcheck.passes.simplify import fold
from modelcheck.passes.spec import Spec
from modelcheck.passes.typed import StepTest

KINDS = ("invariant", "action_invariant", "temporal", "reachable", "constraint")


@dataclass(slots=True)
class Properties:
    properties: list[n.Property] = field(default_factory=list)
    predicates: list[n.Expr] = field(default_factory=list)
    step_predicates: list[n.Expr] = field(default_factory=list)
    time: TimeOf | None = None


def typed(world: World, spec: Spec) -> list[n.Property]:
    """The properties with their formulas as written; what depends on places is still open."""
    found = []
    for name, member in spec.info.functions.items():
        kind = kind_of(member.function)
        if kind not in KINDS or member.function.has_yield:
            continue
        try:
            found.append(_property(world, spec, name, kind, member))
        except Bad:
            continue
        except NotPure as impure:
            hint = "write one formula: `implies(a, b)`, `all(p(x) for x in X)`, `a if c else b`"
            message = f"a property only looks at the state; in `{name}`, this {impure.why}"
            world.report.error("T028", impure.span, message, hint)
    return found


def _property(world: World, spec: Spec, name: str, kind: n.PropertyKind, member: Member) -> n.Property:
    function, ctx = member.function, world.context(member.module)
    wanted = 1 if kind == "action_invariant" else 0
    if len(function.parameters) != wanted:
        usage = f"def {name}(self, after)" if wanted else f"def {name}(self)"
        raise ctx.error("T004", function.span, f"{a_kind(kind)} has the wrong parameters", f"write `{usage}`")
    scope: dict[str, Binding] = {"self": SpecSelf()}
    scope |= {p.name: SpecSelf(after=True) for p in function.parameters}
    ctx = replace(ctx, scopes=[scope, {}], spec=spec, temporal=kind == "temporal")
    found = pure.value_of(ctx, function, BOOL)
    if not isinstance(found.type, FormulaType):
        found = typecheck.as_bool(ctx, found, function.span)
    if kind not in ("invariant", "reachable") and speaks(found):
        hint = "clocks are looked at in @invariant and @reachable: name the state that matters, and speak of that"
        raise ctx.error("T034", function.span, f"{a_kind(kind)} on clocks", hint)
    return n.Property(name, kind, fold(found), function.doc, span=function.span)


def numbered(builder: Builder, found: list[n.Property]) -> Properties:
    """The properties with their predicates compiled, once the places are known."""
    resolver, out = builder.resolver, Properties()
    out.time = TimeOf(builder, out.predicates)
    for p in found:
        if speaks(p.expr):
            told = out.time.property(len(out.properties), p)
            first = len(out.predicates)
            sides = _left_sides(p.expr) if p.kind == "invariant" else []
            out.predicates += [resolver.expr(left, unroll=True) for left in sides if not speaks(left)]
            out.properties.append(replace(told, antecedents=tuple(range(first, len(out.predicates)))))
            continue
        if p.kind == "temporal":
            out.properties.append(replace(p, expr=_formula(builder, resolver, p.expr)))
            continue
        table = out.step_predicates if p.kind == "action_invariant" else out.predicates
        table.append(resolver.expr(p.expr, unroll=True))
        predicate = len(table) - 1
        if p.kind in ("invariant", "action_invariant"):
            table += [resolver.expr(left, unroll=True) for left in _left_sides(p.expr)]
        expr, antecedents = resolver.expr(p.expr, unroll=False), tuple(range(predicate + 1, len(table)))
        out.properties.append(replace(p, expr=expr, predicate=predicate, antecedents=antecedents))
    return out


def _left_sides(e: n.Expr) -> list[n.Expr]:
    """The conditions under which a property says anything: the left side of each `implies` that it is a conjunction of,
    of some instance of it where it is quantified."""
    match e:
        case n.Logic("implies", (left, _)):
            return [left]
        case n.Logic("and", args):
            return [left for a in args for left in _left_sides(a)]
        case n.Quantifier("all", local, domain, body, _, guard):
            return [n.Quantifier("any", local, domain, x, BOOL, guard, x.span) for x in _left_sides(body)]
        case n.Bind(_, _, body):
            return [replace(e, body=x, span=x.span) for x in _left_sides(body)]
    return []


def _formula(builder: Builder, resolver: Resolver, e: n.Expr) -> n.Expr:
    match e:
        case n.Temporal(_, args):
            return replace(e, args=tuple(_formula(builder, resolver, a) for a in args))
        case StepTest():
            return n.ActionPredicate(e.kind, _actions(builder, e), e.span)
    return resolver.expr(e, unroll=False)


def _actions(builder: Builder, e: StepTest) -> frozenset[int]:
    """The actions that a step test speaks of, by number."""

    def meant(action: n.Action) -> bool:
        if e.process is not None:
            same = action.process == e.process
            return same and (e.label is None or builder.resolver.stands(e.process, action.place or 0, e.label))
        args = tuple(v for _, v, _ in action.args)
        return action.process is None and action.label == e.action and e.args in (None, args)

    return frozenset(i for i, action in enumerate(builder.actions) if meant(action))
