"""`synthesize`: for which values of its parameters is a property of a model violated?

The composition of `timed.synthesis` with the checker: what the regions say is held against `check` at valuations inside
and at their borders, and a counterexample is the one that `check` gives at the smallest valuation of the bad region.
"""

from __future__ import annotations

import ast
import time
from dataclasses import dataclass, replace
from itertools import islice
from math import inf
from random import Random
from typing import Iterator, Mapping

from modelcheck import checker, passes, reasons
from modelcheck.errors import InternalError, SpecError, UsageError
from modelcheck.exploring import Options as CheckOptions
from modelcheck.exploring import build, instead
from modelcheck.ir import linear
from modelcheck.ir.linear import Linear, Point
from modelcheck.ir.nodes import Model, Property
from modelcheck.ir.surface import Program
from modelcheck.ir.timing import Constrain, Reset, Timing
from modelcheck.result import (
    INCOMPLETE,
    INTERRUPTED,
    INVARIANT,
    OK,
    VACUOUS,
    PropertyResult,
    Regions,
    Result,
    Smallest,
    Statistics,
    Verdict,
)
from modelcheck.timed import polyhedra, synthesis
from modelcheck.timed.parameters import Parametric
from modelcheck.timed.polyhedra import Undecided
from modelcheck.timed.stopping import Stopping
from modelcheck.timed.synthesis import Synthesis

SEED = 2
SHARE = 4  # of the time, at most a part goes into exploring with time ignored


@dataclass(frozen=True, slots=True)
class Options:
    """time_limit in seconds. samples: how many valuations are checked one by one. least: expressions over parameters
    whose smallest values in the bad region are wanted."""

    property: str
    time_limit: float = 60.0
    iterations: int = 1000
    samples: int = 6
    least: tuple[str, ...] = ()


def synthesize_spec(path: str, constants: Mapping[str, object], options: Options) -> Result:
    """Raises UsageError; what is wrong with the spec comes back as diagnostics."""
    shown, spec = checker.split_spec(path, None)
    started = time.perf_counter()
    try:
        program = checker.load(path)
        model = passes.compile(program, spec, constants)
        stopping = Stopping()
        with stopping.noting():
            return _Asked(program, spec, dict(constants), model, options, stopping).result(started)
    except SpecError as error:
        return checker.refused(shown, spec or "", constants, error)


@dataclass(frozen=True, slots=True)
class _Asked:
    program: Program
    spec: str | None
    constants: dict[str, object]
    model: Model
    options: Options
    stopping: Stopping

    @property
    def timing(self) -> Timing:
        if self.model.timing is None or not self.model.timing.params:
            raise UsageError(f"{self.model.name} has no parameter without a value: write `name = Param(low, high)`")
        return self.model.timing

    @property
    def names(self) -> list[str]:
        return [p.name for p in self.timing.params]

    def target(self) -> Property:
        known = {p.name: p for p in self.model.properties}
        name = self.options.property
        if name not in known:
            raise UsageError(f"{self.model.name} has no property `{name}`{instead(name, known)}")
        if known[name].kind not in ("invariant", "reachable"):
            raise UsageError(f"`{name}` is @{known[name].kind}: parameters are found for @invariant and @reachable")
        cutting = [p.name for p in self.model.properties if p.kind == "constraint"]
        if cutting:
            raise UsageError(f"the constraint `{cutting[0]}` cuts the search: nothing would be known beyond it")
        return known[name]

    def result(self, started: float) -> Result:
        target, timing = self.target(), self.timing
        wanted = [(text, _linear(text, self.names)) for text in self.options.least]
        found, timeless = self.explored(target, timing)
        found.space.until = inf
        example = self.example(found, [expr for _, expr in wanted])
        regions = Regions(
            parameters=tuple((p.name, p.low, p.high) for p in timing.params),
            idle=tuple(p.name for i, p in enumerate(timing.params) if i not in _used(timing)),
            integers=not timing.dense,
            unit=timing.unit,
            assumptions=linear.pruned(found.space.assumptions, found.space.extents, integers=not timing.dense),
            bad=found.bad,
            safe=found.safe,
            unexplored=found.unexplored,
            explorations=(len(found.bad_at), len(found.safe_at)),
            unknown_at=None if found.unknown_at is None else tuple(zip(self.names, found.unknown_at)),
            asked=found.asked,
            confirmed=found.confirmed,
            samples=self.sample(found, target),
            stopped=found.stopped,
            timeless=timeless,
            smallest=() if self.stopping.noted else tuple(_smallest(found, text, expr) for text, expr in wanted),
            example=None if example is None else tuple(zip(self.names, example)),
            solver=polyhedra.VERSION,
        )
        shown = None if example is None else self.checked(example, target)
        return self.judged(target, found, regions, shown, time.perf_counter() - started)

    def judged(
        self, target: Property, found: Synthesis, regions: Regions, shown: Result | None, seconds: float
    ) -> Result:
        """Of an invariant a bad region is a violation; of a reachable it is what was wanted."""
        wanted = target.kind == "reachable"
        verdict, code = _verdict(bool(found.bad), wanted, found.stopped)
        answer = PropertyResult(target.name, target.kind, verdict, None, target.span)
        if shown is not None:
            answer = replace(next(p for p in shown.properties if p.name == target.name), verdict=verdict)
        violated = verdict == "violated"
        return Result(
            path=self.model.path,
            name=self.model.name,
            constants=self.model.constants,
            verdict=verdict,
            exit_code=code,
            complete=found.complete,
            property=target.name if violated else None,
            kind=target.kind if violated else None,
            trace=answer.trace if violated else None,
            properties=(answer,),
            statistics=Statistics(found.zones, found.zones, 0, 0, seconds),
            model=self.model if shown is None else shown.model,
            regions=regions,
        )

    # --- exploring ---

    def explored(self, target: Property, timing: Timing) -> tuple[Synthesis, bool]:
        """The regions, and whether time played no part in it."""
        _, system = build(self.model, CheckOptions())
        parametric = Parametric(self.model, timing, system, target)
        parametric.stopping = self.stopping
        now = time.monotonic()
        possible = parametric.ignore_time(now + self.options.time_limit / SHARE)
        until, most = now + self.options.time_limit, self.options.iterations
        return synthesis.synthesize(parametric, until=until, iterations=most), not possible

    # --- single valuations ---

    def checked(self, point: Point, target: Property) -> Result:
        """What `check` says at integers."""
        values = {name: int(v) for name, v in zip(self.names, point)}
        model = passes.compile(self.program, self.spec, {**self.constants, **values})
        with self.stopping.raising():
            result = checker.check_model(model, CheckOptions(properties=(target.name,), deadlock=False))
        return reasons.with_conditions(result, self.program, self.spec, {**self.constants, **values}, self.names)

    def sample(self, found: Synthesis, target: Property) -> int:
        """Holds the regions against `check`, at random valuations and at the borders of the regions. Gives how many.
        Raises InternalError."""
        done = 0
        for point in islice(_places(found), 0 if self.stopping.noted else self.options.samples):
            result = self.checked(point, target)
            if self.stopping.noted:
                break
            verdict = next(p.verdict for p in result.properties if p.name == target.name)
            seen = verdict in ("holds", "violated") and (verdict == "violated") == (target.kind == "invariant")
            seen = seen and verdict != "vacuous"
            said = any(linear.holds(p, point) for p in found.bad), any(linear.holds(p, point) for p in found.safe)
            if said != (seen, not seen) and (found.complete or any(said)):
                told = ", ".join(f"{n}={v}" for n, v in zip(self.names, point))
                raise InternalError(f"the regions of parameters contradict a check at {told}: it says {verdict}")
            done += 1
        return done

    def example(self, found: Synthesis, wanted: list[Linear]) -> Point | None:
        """The bad valuation at which what is wanted is least, then the sum of all; None where there is none, or none of
        whole numbers."""
        try:
            return found.space.smallest([*wanted, (0,) + (1,) * len(self.names)], found.bad)
        except Undecided:
            return next((p for p in found.bad_at if all(v.denominator == 1 for v in p)), None)


def _used(timing: Timing) -> set[int]:
    """The parameters that programs, deadlines and properties mention."""
    sites = [site.op for program in (timing.initial, *timing.programs) for site in program]
    atoms = [op.atom for op in sites if isinstance(op, Constrain)] + [d.atom for d in timing.deadlines]
    atoms += [a for t in timing.properties for _, case in t.cases for a in case]
    bounds = [a.bound for a in atoms] + [b for op in sites if isinstance(op, Reset) for b in (op.low, op.high)]
    return {p for bound in bounds for p, _ in bound.params}


def _places(found: Synthesis) -> Iterator[Point]:
    """Whole valuations: anywhere, and in turn just at a border of a region, where mistakes would be."""
    random, space = Random(SEED), found.space
    borders = sorted({h for p in (*found.bad, *found.safe) for h in p})
    while True:
        anywhere = space.anywhere(random)
        if anywhere is not None:
            yield anywhere
        at_border = space.beside(random.choice(borders), random) if borders else None
        if at_border is not None:
            yield at_border
        if anywhere is None and at_border is None:
            return


def _smallest(found: Synthesis, text: str, expr: Linear) -> Smallest:
    least = found.space.least(expr, found.bad)
    return Smallest(text, None, False) if least is None else Smallest(text, least[0], least[1] is not None)


def _verdict(bad: bool, wanted: bool, stopped: str | None) -> tuple[Verdict, int]:
    if bad:
        return ("holds", OK) if wanted else ("violated", INVARIANT)
    if stopped is not None:
        return "incomplete", INTERRUPTED if stopped == synthesis.INTERRUPTED else INCOMPLETE
    return ("vacuous", VACUOUS) if wanted else ("holds", OK)


# --- expressions ------------------------------------------------------------------------------------------------------


def _linear(text: str, names: list[str]) -> Linear:
    """`a + 2 * b - 3`. Raises UsageError."""

    def total(e: ast.expr) -> Linear:
        match e:
            case ast.Name(name) if name in names:
                return tuple([0, *(int(n == name) for n in names)])
            case ast.Constant(int(value)):
                return linear.constant(value, len(names))
            case ast.BinOp(left, ast.Add(), right):
                return linear.plus(total(left), total(right))
            case ast.BinOp(left, ast.Sub(), right):
                return linear.plus(total(left), linear.minus(total(right)))
            case ast.BinOp(ast.Constant(int(by)), ast.Mult(), right):
                return tuple(by * c for c in total(right))
        raise UsageError(f"`{text}` is no sum of parameters; write `a + 2 * b` of {', '.join(names)}")

    try:
        return total(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError:
        raise UsageError(f"`{text}` is no sum of parameters; write `a + 2 * b`") from None
