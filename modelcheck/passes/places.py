"""Where processes stand, in the words of a spec: `at`, `done`, `self.vcpu[1].queue`, `happens`, `enabled`.

What they speak of is known when every process has been cut into steps; until then they are the nodes of `typed`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Callable

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL, SetType, Type
from modelcheck.passes import typecheck
from modelcheck.passes.context import Bad, Broken, SpecSelf, did_you_mean, which
from modelcheck.passes.simplify import fold
from modelcheck.passes.sizes import least
from modelcheck.passes.typed import PlaceTest, ProcessLocal, StepTest

if TYPE_CHECKING:
    from modelcheck.passes.spec import Family
    from modelcheck.passes.typecheck import Context


@dataclass(frozen=True, slots=True)
class ProcessReference:
    family: Family
    indices: tuple[s.Expr, ...]
    after: bool
    span: Span


def process(ctx: Context, e: s.Expr) -> ProcessReference | None:
    """`self.vcpu`, `self.vcpu[i]`, `self.link[a, b]`, `self.link[a][b]`; None where the expression is no process."""
    indices: list[s.Expr] = []
    inner = e
    while isinstance(inner, s.Subscript):
        index = inner.index
        parts = index.items if isinstance(index, s.Display) and index.kind == "tuple" else (index,)
        indices[:0] = parts
        inner = inner.value
    match inner:
        case s.Attribute(s.Name(name), attribute) if ctx.spec is not None and attribute in ctx.spec.families:
            me = ctx.local(name)
            if isinstance(me, SpecSelf):
                return ProcessReference(ctx.spec.families[attribute], tuple(indices), me.after, e.span)
    return None


def _need_process(ctx: Context, e: s.Expr) -> ProcessReference:
    found = process(ctx, e)
    if found is None:
        names = ", ".join(ctx.spec.families) if ctx.spec else ""
        hint = f"write `self.name` of a process: {names}" if names else "the spec has no process"
        raise ctx.error("T019", e.span, "this is no process", hint)
    return found


def _of_instance(ctx: Context, ref: ProcessReference, make: Callable[[int], n.Expr], t: Type, span: Span) -> n.Expr:
    """`make(number)` for the instance that the indices name, chosen at run time where they are not constant."""
    family, wanted = ref.family, len(ref.family.indices)
    if len(ref.indices) != wanted:
        index = ", ".join("i" for _ in family.indices)
        hint = f"write `self.{family.name}[{index}]`" if wanted else f"write `self.{family.name}`"
        raise ctx.error("T019", ref.span, f"`{family.name}` has {wanted} indices, not {len(ref.indices)}", hint)
    values = [typecheck.typed(ctx.pure(), e, index) for e, index in zip(ref.indices, family.indices)]
    names = [ctx.fresh("index", value.type, value.span) for value in values]

    def tree(instances: Instances, k: int) -> n.Expr:
        """The choice among instances that agree in all indices before number k."""
        if len(instances) == 1:
            ctx.world.report.spend(span)
            return make(instances[0][0])
        known = list(dict.fromkeys(args[k] for _, args in instances))
        if len(known) == 1:
            return tree(instances, k + 1)
        low = frozenset(known[: len(known) // 2])
        test = _is_one_of(names[k], low, ref.span)
        sides = ([x for x in instances if (x[1][k] in low) is side] for side in (True, False))
        return n.Cond(test, *(tree(side, k) for side in sides), t, span)

    instances = [(family.first + i, args) for i, args in enumerate(family.instances)]
    chosen = tree(instances, 0) if instances else n.Const(least(t), t, span)  # then no index passes its check
    for name, value in reversed(list(zip(names, values))):  # an index is evaluated, and checked, even if it is alone
        chosen = n.Bind(name, value, chosen, t, span)
    return replace(fold(chosen), span=span)


Instances = list[tuple[int, tuple[Any, ...]]]  # number and arguments


def _is_one_of(index: n.Local, values: frozenset[Any], span: Span) -> n.Expr:
    if len(values) == 1:
        return n.Apply(Op.EQ, (index, n.Const(next(iter(values)), index.type)), BOOL, span)
    return n.Apply(Op.IN, (index, n.Const(values, SetType(index.type))), BOOL, span)


# --- at, done, locals -------------------------------------------------------------------------------------------------


def at(ctx: Context, e: s.Call) -> n.Expr:
    """`at(self.vcpu[1], "kick")`."""
    if len(e.args) != 2 or e.keywords:
        raise ctx.error("T004", e.span, "`at` takes a process and a label", 'write `at(self.vcpu[1], "kick")`')
    ref = _need_process(ctx, e.args[0])
    label = _label(ctx, "at", ref, e.args[1])
    return _of_instance(ctx, ref, lambda i: PlaceTest(i, label, e.span, ref.after), BOOL, e.span)


def done(ctx: Context, e: s.Call) -> n.Expr:
    if len(e.args) != 1 or e.keywords:
        raise ctx.error("T004", e.span, "`done` takes a process", "write `done(self.vcpu[1])`")
    ref = _need_process(ctx, e.args[0])
    return _of_instance(ctx, ref, lambda i: PlaceTest(i, None, e.span, ref.after), BOOL, e.span)


def _label(ctx: Context, function: str, ref: ProcessReference, e: s.Expr) -> str:
    """A label that the process has in its text, with the number of a call behind it (`lock#2`) or without."""
    family = ref.family
    match e:
        case s.Literal_(str() as label):
            plain, _, number = label.rpartition("#")
            if label in family.labels or (plain in family.labels and number.isdecimal()):
                return label
            hint = did_you_mean(label, family.labels, which("labels", sorted(family.labels)))
            if label == "done":
                hint = f"write `done({ref.span.text})`"
            raise ctx.error("N005", e.span, f'`{family.name}` has no step "{label}"', hint)
    raise ctx.error("T004", e.span, "a label is a string", f'write `{function}(self.{family.name}, "label")`')


def process_local(ctx: Context, e: s.Attribute) -> n.Expr | None:
    """`self.vcpu[1].queue`: a declared local; None where the expression is something else."""
    ref = process(ctx, e.value)
    if ref is None:
        return None
    if e.name not in ref.family.locals:
        hint = did_you_mean(e.name, ref.family.locals, which("declared locals", ref.family.locals))
        raise ctx.error("N002", e.span, f"process `{ref.family.name}` declares no `{e.name}`", hint)
    initial = ref.family.locals[e.name]
    if isinstance(initial, Broken):
        raise Bad
    if initial is None:
        hint = "give the second another name"
        raise ctx.error("N003", e.span, f"process `{ref.family.name}` declares `{e.name}` twice", hint)
    t = initial.type
    return _of_instance(ctx, ref, lambda i: ProcessLocal(i, e.name, t, e.span, ref.after), t, e.span)


# --- steps, in temporal properties ------------------------------------------------------------------------------------


def step_test(ctx: Context, kind: str, e: s.Call) -> n.Expr:
    """`happens(self.vcpu[1], "kick")`, `enabled(self.prepare, rm)`: in temporal properties."""
    if not ctx.temporal:
        hint = "it speaks of the step that comes next: use it in a @temporal property"
        raise ctx.error("T020", e.span, f"`{kind}` is a predicate of steps", hint)
    if not e.args or e.keywords:
        raise ctx.error("T004", e.span, f"`{kind}` takes a process and a label", f'write `{kind}(self.vcpu, "kick")`')
    match e.args[0]:
        case s.Attribute(s.Name(name), action) if action in ctx.spec.actions and isinstance(ctx.local(name), SpecSelf):
            return _action_test(ctx, kind, e, action)
    if len(e.args) > 2:
        hint = f'write `{kind}(self.vcpu, "kick")`, or `{kind}(self.vcpu)` for any step of it'
        raise ctx.error("T004", e.span, f"`{kind}` takes a process and one label", hint)
    ref = _need_process(ctx, e.args[0])
    label = _label(ctx, kind, ref, e.args[1]) if len(e.args) > 1 else None
    tests = tuple(StepTest(kind, i, label, None, None, e.span) for i in _numbers(ctx, ref))
    return tests[0] if len(tests) == 1 else n.Temporal("or", tests, e.span)


def _action_test(ctx: Context, kind: str, e: s.Call, action: str) -> n.Expr:
    types = ctx.spec.actions[action].types
    if len(e.args) not in (1, 1 + len(types)):
        hint = f"`{action}` has {len(types)} parameters: give all or none"
        raise ctx.error("T004", e.span, f"`{kind}` has the wrong number of arguments", hint)
    args = tuple(typecheck.constant(ctx, a, t).value for a, t in zip(e.args[1:], types))
    return StepTest(kind, None, None, action, args or None, e.span)


def _numbers(ctx: Context, ref: ProcessReference) -> list[int]:
    """The instances that a reference names: with no index at all, every one."""
    family = ref.family
    if not ref.indices and family.instances:
        return [family.first + k for k in range(len(family.instances))]
    values = tuple(typecheck.constant(ctx, x, t).value for x, t in zip(ref.indices, family.indices))
    if len(ref.indices) != len(family.indices) or values not in family.instances:
        hint = f"write `self.{family.name}[i]` with an index of its type"
        raise ctx.error("T019", ref.span, "there is no such instance", hint)
    return [family.first + family.instances.index(values)]
