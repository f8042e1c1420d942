"""What a check says: a verdict, its exit code, the figures, the traces. Plain data, for reports to print."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from modelcheck.errors import AssumptionError, Diagnostic, Span, SpecError
from modelcheck.ir.linear import Polyhedron, Region
from modelcheck.ir.nodes import Model
from modelcheck.ir.types import Type
from modelcheck.search.exploration import Exploration
from modelcheck.system import TransitionSystem
from modelcheck.trace import Trace

Verdict = Literal["holds", "violated", "incomplete", "vacuous", "error"]

# Most severe first; when several apply the first wins. See README, "Exit codes".
INTERNAL, USAGE, SPEC, EVALUATION, ASSUMPTION, ASSERTION = 255, 1, 150, 75, 10, 14
INVARIANT, DEADLOCK, TEMPORAL, EXPECTATION, INTERRUPTED, INCOMPLETE, VACUOUS, OK = 12, 11, 13, 22, 130, 20, 21, 0
SEVERITY = (
    INTERNAL, USAGE, SPEC, EVALUATION, ASSUMPTION, ASSERTION, INVARIANT, DEADLOCK, TEMPORAL, EXPECTATION, INTERRUPTED,
    INCOMPLETE, VACUOUS, OK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FailingPart:
    """The conjunct of a temporal property that a lasso violates. text: as in the source; instance: the values of the
    quantified variables that it stands under, (name, value, type)."""

    text: str
    instance: tuple[tuple[str, Any, Type], ...]
    span: Span | None


@dataclass(frozen=True, slots=True)
class CoreMember:
    """A declared fairness that a temporal property needs, and the lasso that appears without it; `remarks` and `part`
    as in `PropertyResult`."""

    title: str
    fairness: str
    trace: Trace
    remarks: tuple[str, ...]
    part: FailingPart | None


@dataclass(frozen=True, slots=True)
class PropertyResult:
    """The answer for one property, or for deadlock freedom, asserts and evaluation errors ("deadlock", "assertion",
    "evaluation_error", listed only where violated). A reachable that was reached "holds"; its trace is the witness.

    remarks: lines that explain a lasso.  core: a minimal fairness with which a temporal property holds, None where that
    was not asked for; unneeded: the declared fairness beyond it.  part: what fails of a temporal property, None where
    that is all of it.
    """

    name: str
    kind: str
    verdict: Verdict
    trace: Trace | None = None
    span: Span | None = None
    remarks: tuple[str, ...] = ()
    core: tuple[CoreMember, ...] | None = None
    unneeded: tuple[str, ...] = ()
    part: FailingPart | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    generated: int = 0
    distinct: int = 0
    queued: int = 0
    depth: int = 0
    seconds: float = 0.0
    constrained: int = 0  # states that a @constraint kept from being expanded
    omission: float = 0.0  # how probable it is that a compact store took two states for one


@dataclass(frozen=True, slots=True)
class Walks:
    """What a simulation did. steps: transitions taken by all walks; longest: in states."""

    count: int
    steps: int
    longest: int
    seed: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Why something can never happen. `subject`: the name of its PropertyResult. method: "induction", with its `depth`
    (the k of k-induction), the goals that were proved `together` with it, and whether it is enough to look at
    `distinct` states; "invariant", an inductive one, its conjuncts as text; "exhaustion": no path has more than `depth`
    steps; "triviality": no step and no expression of the spec can fail. lemmas: what was proved before and used."""

    subject: str
    method: Literal["induction", "invariant", "exhaustion", "triviality"]
    depth: int = 0
    together: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    distinct: bool = False
    invariant: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProofRun:
    """What `prove` has to say beside the verdicts. depth: nothing that is undecided was found within so many steps (-1:
    not even initially). undecided: (name, reason). assumptions: what the proofs rest on, in words."""

    proofs: tuple[Proof, ...]
    undecided: tuple[tuple[str, str], ...]
    depth: int
    solver: str
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Smallest:
    """The greatest lower bound of an expression over the bad region (None: that is empty), and whether it is there."""

    expression: str
    value: Fraction | None
    attained: bool


@dataclass(frozen=True, slots=True)
class Regions:
    """What `synthesize` found: where the property is violated (a reachable: witnessed), and where not; everything is
    within the extents of the parameters (name, least, greatest) and the assumptions; the `idle`
    ones occur nowhere else in the model. `integers`: only whole numbers
    count. explorations: how many found a way there, how many none; `timeless`: none is possible with time ignored.
    unknown_at: a valuation in none of the regions that could be described. asked: questions to the solver about how the
    regions fit together; confirmed: whether it said that they do; samples: valuations that were checked one by one.
    example: the valuation of the trace."""

    parameters: tuple[tuple[str, int, int], ...]
    idle: tuple[str, ...]
    integers: bool
    unit: str
    assumptions: Polyhedron
    bad: Region
    safe: Region
    unexplored: Region
    unknown_at: tuple[tuple[str, Fraction], ...] | None
    explorations: tuple[int, int]
    asked: int
    confirmed: bool
    samples: int
    stopped: str | None
    timeless: bool
    smallest: tuple[Smallest, ...]
    example: tuple[tuple[str, Fraction], ...] | None
    solver: str


@dataclass(frozen=True, slots=True)
class Vacuity:
    """Something that was never exercised. `name` is what `--allow-vacuous` takes."""

    name: str
    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Worth knowing; `strict` ones make the verdict vacuous under --strict."""

    diagnostic: Diagnostic
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """`property` and `kind` are those of the most severe violation, `trace` its trace. `stopped` says why a search that
    is not complete ended ("states", "depth", "time", "memory", "interrupt", or None when it was decided early)."""

    path: str
    name: str
    constants: tuple[tuple[str, Any], ...]
    verdict: Verdict
    exit_code: int
    complete: bool = False
    property: str | None = None
    kind: str | None = None
    trace: Trace | None = None
    properties: tuple[PropertyResult, ...] = ()
    statistics: Statistics = Statistics()
    vacuity: tuple[Vacuity, ...] = ()
    notes: tuple[Note, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    stopped: str | None = None
    deadlock: bool = True  # whether deadlocks were looked for
    pruned: bool = False  # of a model with time: whether impossible times were left out, and states are zones
    backend: str = "python"
    workers: int = 1
    model: Model | None = field(default=None, repr=False)
    system: TransitionSystem | None = field(default=None, repr=False)
    walks: Walks | None = None
    proof: ProofRun | None = None
    regions: Regions | None = None
    remarks: tuple[str, ...] = ()  # lines below the verdict
    exploration: Exploration | None = field(default=None, repr=False)


def spare_fairness(result: Result) -> tuple[str, ...]:
    """The declared fairness beyond every core: without all of it at once, every temporal property of the model holds.
    Empty where a core is not known of each of them."""
    every = {p.name for p in result.model.properties if p.kind == "temporal"} if result.model else set()
    found = [p for p in result.properties if p.core is not None]
    if not found or {p.name for p in found} != every:
        return ()
    return tuple(u for u in found[0].unneeded if all(u in p.unneeded for p in found))


def code_of(error: SpecError) -> int:
    """The exit code of a spec that was refused."""
    return ASSUMPTION if isinstance(error, AssumptionError) else SPEC


def most_severe(codes: list[int]) -> int:
    return min(codes, key=SEVERITY.index, default=OK)


def worst(properties: tuple[PropertyResult, ...]) -> PropertyResult | None:
    """The violation that decides the exit code: the first in order of severity, then of the file."""
    failed = [p for p in properties if p.verdict == "violated" and p.kind in EXIT_OF_KIND]
    return min(failed, key=lambda p: SEVERITY.index(EXIT_OF_KIND[p.kind]), default=None)


# The exit code of a violation, by the kind of what is violated.
EXIT_OF_KIND = {
    "evaluation_error": EVALUATION,
    "assertion": ASSERTION,
    "invariant": INVARIANT,
    "action_invariant": INVARIANT,
    "deadlock": DEADLOCK,
    "quiescent": DEADLOCK,
    "timelock": DEADLOCK,
    "temporal": TEMPORAL,
}


# --- the gate ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case against what was found. `expected` and `actual` are spelled as in a spec's CASES, one entry each;
    `problems` say where they differ and are empty where the case passed. `exit_code` is 0, 22, or 150, 10, 1, 255 where
    the case could not be run: then `result` is None or holds the diagnostics."""

    path: str
    name: str
    spec: str
    passed: bool
    expected: tuple[str, ...]
    actual: tuple[str, ...]
    problems: tuple[str, ...]
    exit_code: int
    result: Result | None = None
    span: Span | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Untaken:
    """A step that no case of its file ever takes."""

    path: str
    title: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class FileError:
    """A file whose cases could not be read at all."""

    path: str
    exit_code: int
    message: str
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class GateResult:
    """`remarks` are lines worth reading that fail nothing, such as a file that has specs but no cases."""

    cases: tuple[CaseResult, ...]
    untaken: tuple[Untaken, ...] = ()
    errors: tuple[FileError, ...] = ()
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0, 22, or the worse of 255, 1 and 150."""
        codes = [c.exit_code for c in self.cases] + [e.exit_code for e in self.errors]
        severe = [code for code in codes if code in (INTERNAL, USAGE, SPEC)]
        failed = self.untaken or any(code != OK for code in codes)
        return most_severe([*severe, *([EXPECTATION] if failed else [])])
