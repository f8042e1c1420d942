"""SURFACE to CORE: the stages that a spec goes through before anything is explored.

`compile` runs them in the order of PASSES; each row says which dialect a stage takes and which it gives. Every stage
collects its errors, and they are raised together, so that an author sees all of them at once. `codes` lists them.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Callable, Collection, Iterator, Mapping

from modelcheck.errors import AssumptionError, Diagnostic, Span, SpecError, UsageError
from modelcheck.ir import nodes as n
from modelcheck.ir import surface as s
from modelcheck.ir.timing import Timing
from modelcheck.ir.verify import check_core
from modelcheck.passes import properties, spec
from modelcheck.passes.cases import Case, Expected
from modelcheck.passes.cases import cases as _cases
from modelcheck.passes.context import WORK, Reporter, TooLarge, did_you_mean, kind_of, module_span, which
from modelcheck.passes.dependencies import with_dependencies
from modelcheck.passes.lower import Builder
from modelcheck.passes.names import World
from modelcheck.passes.resolve import strings, with_guards_in_use
from modelcheck.passes.walks import yields

__all__ = [
    "PASSES", "Case", "Expected", "beyond", "cases", "compile", "diagnose", "parameters", "source_steps", "spec_names",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pass:
    module: str
    requires: str
    ensures: str
    codes: str


PASSES = (
    Pass("names", "SURFACE", "constants have values, types contents, classes what they inherit", "A001, N001-N006"),
    Pass("spec", "closed names", "variables, families and actions are declared", "T004, T013-T018"),
    Pass("typecheck", "declarations", "TYPED: bodies typed, helpers inlined", "N001-N009, T001-T031"),
    Pass("processes", "TYPED", "one body for each step, places numbered", "P060-P068"),
    Pass("lower", "steps", "CORE: live locals are variables, places assignments", "T015"),
    Pass("properties", "places", "predicates over CORE", ""),
    Pass("simplify", "CORE", "CORE: constants folded, small quantifiers unrolled", ""),
    Pass("dependencies", "CORE", "CORE: read and write sets", ""),
)


def compile(program: s.Program, spec_name: str | None = None, constants: Mapping[str, Any] | None = None) -> n.Model:
    """The CORE model of a spec class under a choice of constants.

    spec_name: the class; None for that of the file's first case, or, without cases, for the only one that is not the
    base of another. constants: overrides, as Python values or as text from a command line. Raises SpecError with every
    diagnostic, AssumptionError, or UsageError for an unknown class or constant.
    """
    world = World(program, constants or {})
    with _bounded(world.report, program):
        world.evaluate_everything()
        false = world.false_assumptions()
        model = _compiled(world, _choose_spec(world, spec_name))
        world.notes()
        if false and not world.report.errors:
            raise AssumptionError(false)
        _raise_errors(world.report, false)
        assert model is not None, "no error, but no model either"
        model = with_dependencies(with_guards_in_use(model))
        notes = (*program.notes, *world.report.notes.values())
        model = replace(model, notes=notes, given=frozenset(constants or ()))
        check_core(model)
    return model


def _compiled(world: World, name: str) -> n.Model | None:
    info = world.spec(name)
    if info is None:
        return None
    declared = spec.declare(world, info)
    builder = Builder(world, declared)
    found = properties.typed(world, declared)
    builder.build()
    if world.report.errors:
        return None
    table = properties.numbered(builder, found)
    time = timed(builder, table)
    if world.report.errors:
        return None
    model = n.Model(
        name=name,
        path=world.program.main,
        constants=world.constants(),
        variables=tuple(builder.variables),
        initial=tuple(builder.initial),
        actions=tuple(builder.actions),
        processes=tuple(builder.processes),
        properties=tuple(table.properties),
        predicates=tuple(table.predicates),
        step_predicates=tuple(table.step_predicates),
        guards=builder.guards.table(),
        doc=info.doc or world.program.module.doc,
        span=info.span,
        timing=time,
    )
    _check_strings(world, model)
    return model


def timed(builder: Builder, table: properties.Properties) -> Timing | None:
    """The time of a model. What its bodies say of clocks becomes their programs, and leaves the bodies."""
    sites, first = builder.sites, len(builder.variables)
    table.time.declared_deadlines()
    programs = []
    for i, action in enumerate(builder.actions):
        body, program = sites.program(action.body, first)
        builder.actions[i] = replace(action, body=body)
        programs.append(program)
    body, initial = sites.program(tuple(builder.initial), first)
    builder.initial = [*sites.initial(), *body]
    time = table.time.timing(programs, initial)
    builder.variables += sites.registers
    return time


def _check_strings(world: World, model: n.Model) -> None:
    """Strings are constants: those that are left are no part of CORE."""
    parts = [model.initial, *(a.body for a in model.actions), model.predicates, model.step_predicates]
    parts += [(p.expr,) for p in model.properties]
    for found in (x for part in parts for x in islice(strings(part), 1)):
        hint = "name the strings with an Enum, and use its type: `Part = Enum(...)`"
        span = found.span or model.span or module_span(world.program.module.source)
        world.report.error("T015", span, "this string is not known before the search", hint)


def diagnose(program: s.Program, *, leave_out: Collection[str] = ()) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with the specs of the main file, those in `leave_out` excepted, and with its cases."""
    found: dict[tuple, Diagnostic] = {}
    stages: list[Callable[[], object]] = [lambda: cases(program)]
    try:
        names = spec_names(program)
    except SpecError as error:
        names, stages = (), [*stages, lambda error=error: _raise(error)]
    stages += [lambda name=name: compile(program, name) for name in names if name not in leave_out]
    for stage in stages:
        try:
            stage()
        except AssumptionError:
            continue  # of the default constants: not a mistake of the text
        except SpecError as error:
            found |= {(d.code, d.place, d.message): d for d in error.diagnostics}
    return tuple(found.values())


def beyond(known: Collection[Diagnostic], more: Collection[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Of the mistakes that later stages found in a program with gaps, those that are not for want of what is missing:
    none in the lines of a known mistake, none about a name that stands in such a line."""
    gaps = {}
    for d in known:
        if d.span:
            here = d.span.source.line(d.span.line)
            decorated = d.span.source.line(d.span.line + 1) if here.lstrip().startswith("@") else ""
            gaps[d.span.source.path, d.span.line] = here + decorated
    words = {word for line in gaps.values() for word in re.findall(r"\w+", line)}
    return tuple(d for d in more if not _in_gap(d, gaps) and not words & set(re.findall(r"`(\w+)`", d.message)))


def _in_gap(d: Diagnostic, gaps: Collection[tuple[str, int]]) -> bool:
    lines = range(d.span.line, d.span.end_line + 1) if d.span else ()
    return any((d.span.source.path, line) in gaps for line in lines)


def _raise(error: SpecError) -> None:
    raise error


def spec_names(program: s.Program) -> tuple[str, ...]:
    """The spec classes of the main file, in its order. Raises SpecError where a definition is wrong."""
    world = World(program, {})
    with _bounded(world.report, program):
        names = tuple(world.specs())
    _raise_errors(world.report)
    return names


def cases(program: s.Program) -> tuple[Case, ...]:
    """The cases of the main file. Raises SpecError where one is wrong."""
    world = World(program, {})
    with _bounded(world.report, program):
        found = _cases(world)
    _raise_errors(world.report)
    return found


def parameters(program: s.Program) -> tuple[str, ...]:
    """The unknown parameters of a program that compiles, in order of their definition."""
    world = World(program, {})
    with _bounded(world.report, program):
        world.evaluate_everything()
    return tuple(p.name for p in world.params)


def source_steps(program: s.Program, name: str) -> tuple[tuple[str, Span], ...]:
    """The steps that the text of the main file gives a spec, taken or not and folded away or not: (title, place) of
    each `yield` in its processes and in the procedures that they may call, and of each @action."""
    info = World(program, {}).spec(name)
    found: list[tuple[str, Span]] = []
    for function, member in info.functions.items() if info else ():
        kind = kind_of(member.function)
        if member.module == program.main and kind in ("action", "expires"):
            found.append((function, member.function.span))
        elif member.module == program.main and kind in ("process", "procedure"):
            found += [(f"{function}: {y.label}", y.span) for y in yields(member.function)]
    return tuple(found)


def _choose_spec(world: World, name: str | None) -> str:
    """The class to compile. Raises UsageError; what is wrong with a class is said first."""
    module = world.program.module
    names = world.specs()
    if name is None and module.cases:
        name = module.cases[0].spec
    if name is not None:
        if world.spec(name) is None:
            _raise_errors(world.report)
            hint = did_you_mean(name, names, which("specs", names))
            raise UsageError(f"{world.program.main} has no spec `{name}`: {hint}")
        return name
    bases = {c.base for c in module.classes}
    leaves = [x for x in names if x not in bases]
    if len(leaves) != 1:
        _raise_errors(world.report)
        path = world.program.main
        if not leaves:
            raise UsageError(f"{path} holds no spec: write `class Name(Spec)`")
        raise UsageError(f"{path} holds several specs ({', '.join(leaves)}): name one, as in {path}:{leaves[0]}")
    return leaves[0]


def _raise_errors(report: Reporter, more: list[Diagnostic] | None = None) -> None:
    """All errors in order of place, the false assumptions with them."""
    found = [*report.errors.values(), *(more or ())]
    if found:
        place = lambda d: (d.span.source.path, d.span.line, d.span.column, d.code)  # noqa: E731
        raise SpecError(sorted(found, key=place))


@contextmanager
def _bounded(report: Reporter, program: s.Program) -> Iterator[None]:
    """Walks are recursive in the size of a step. Python's own stack is not the machine's: a higher limit is safe."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 20_000))
    try:
        yield
    except RecursionError:
        span = report.last or module_span(program.module.source)
        hint = "split long steps with a `yield`, and nested helpers into shorter ones"
        raise SpecError([Diagnostic("P068", "this spec is nested too deeply", span, hint)]) from None
    except TooLarge as error:
        hint = "make types smaller, and loops and calls fewer: loops with steps, helpers and instances are written out"
        message = f"this spec is too large: it is written out to more than {WORK} statements and expressions"
        raise SpecError([*report.errors.values(), Diagnostic("P064", message, error.span, hint)]) from None
    finally:
        sys.setrecursionlimit(before)
