"""Types the properties of a spec, and numbers the predicates that back ends compile for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from modelcheck.ir import nodes as n
from modelcheck.ir.types import BOOL, FormulaType
from modelcheck.passes import pure, typecheck
from modelcheck.passes.context import Bad, Binding, Member, NotPure, SpecSelf, kind_of
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
        raise ctx.error("T004", function.span, f"a @{kind} has the wrong parameters", f"write `{usage}`")
    scope: dict[str, Binding] = {"self": SpecSelf()}
    scope |= {p.name: SpecSelf(after=True) for p in function.parameters}
    ctx = replace(ctx, scopes=[scope, {}], spec=spec, temporal=kind == "temporal")
    found = pure.value_of(ctx, function, BOOL)
    if not isinstance(found.type, FormulaType):
        found = typecheck.as_bool(ctx, found, function.span)
    return n.Property(name, kind, fold(found), function.doc, span=function.span)


def numbered(builder: Builder, found: list[n.Property]) -> Properties:
    """The properties with their predicates compiled, once the places are known."""
    resolver, out = builder.resolver, Properties()
    for p in found:
        if p.kind == "temporal":
            out.properties.append(replace(p, expr=_formula(builder, resolver, p.expr)))
            continue
        table = out.step_predicates if p.kind == "action_invariant" else out.predicates
        table.append(resolver.expr(p.expr, unroll=True))
        predicate, antecedent = len(table) - 1, None
        left = _left_side(p.expr)
        if left is not None and p.kind in ("invariant", "action_invariant"):
            table.append(resolver.expr(left, unroll=True))
            antecedent = len(table) - 1
        expr = resolver.expr(p.expr, unroll=False)
        out.properties.append(replace(p, expr=expr, predicate=predicate, antecedent=antecedent))
    return out


def _left_side(e: n.Expr) -> n.Expr | None:
    """The condition under which a property says anything: the left side of its `implies`, of some instance of it where
    it is quantified."""
    match e:
        case n.Logic("implies", (left, _)):
            return left
        case n.Quantifier("all", local, domain, body, _, guard):
            inner = _left_side(body)
            return None if inner is None else n.Quantifier("any", local, domain, inner, BOOL, guard, e.span)
        case n.Bind(_, _, body):
            inner = _left_side(body)
            return None if inner is None else replace(e, body=inner)
    return None


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
