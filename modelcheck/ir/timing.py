"""Time in CORE: clocks, and what the steps of a model do with them. A model without clocks has none of this.

The discrete part of a timed model is an ordinary model, so that every back end runs it unchanged. What a step does with
clocks stands beside it, as a *program* for each action: sites in the order of the text. Whether a site was executed is
left by the step in a Bool variable, the site's `flag`, and a bound that depends on the state in an integer variable, a
`Register`. These variables, `Timing.registers`, have their initial values (False, and the least of the type) in every
state: they are forgotten at the end of the step, when the sites that were executed, with their values, have become the
*effect* of the transition. A test on clocks becomes a choice of two branches, of which one begins with its atom and the
other with the negation.

Clock 0 is the constant zero; clocks are numbered from 1. Times are integers in the model's unit, up to 2**60.

A timer is a Bool variable (armed) and a clock: `arm(a..b)` with a maximum H sets the clock to a value in [H-b .. H-a],
so that the time that remains is H minus the clock; it expires at H, or up to its lateness later. So an unknown value
of a timer is still a difference constraint.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from modelcheck.errors import Span


@dataclass(frozen=True, slots=True)
class Bound:
    """constant + factor * register + sum of coefficient * parameter. register: a variable's index, or None.
    params: (number of the parameter, coefficient)."""

    constant: int
    register: int | None = None
    factor: int = 1
    params: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Atom:
    """left - right <= bound, or < where strict; left and right are clocks (0: zero)."""

    left: int
    right: int
    bound: Bound
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Constrain:
    """The step is possible only where the atom holds, at this point of the step."""

    atom: Atom


@dataclass(frozen=True, slots=True)
class Reset:
    """The clock takes some value in [low .. high]."""

    clock: int
    low: Bound
    high: Bound


@dataclass(frozen=True, slots=True)
class Observe:
    """Notes left - right + offset as the value of the quantity (an index of `Timing.quantities`)."""

    quantity: int
    left: int
    right: int
    offset: Bound


ClockOp = Constrain | Reset | Observe


def bounds_of(op: ClockOp) -> tuple[Bound, ...]:
    match op:
        case Constrain(Atom(bound=bound)) | Observe(offset=bound):
            return (bound,)
        case Reset(_, low, high):
            return low, high


def clocks_of(op: ClockOp) -> tuple[int, ...]:
    match op:
        case Constrain(Atom(left, right)) | Observe(_, left, right):
            return left, right
        case Reset(clock):
            return (clock,)


@dataclass(frozen=True, slots=True)
class ClockSite:
    """One operation of a program. flag: the Bool variable that says it was executed; None: always."""

    op: ClockOp
    flag: int | None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Where the state predicate is TRUE (None: everywhere) the atom holds: time may not pass beyond it, and no step
    leads to where it would not hold. The bound has no register."""

    predicate: int | None
    atom: Atom
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ClockDecl:
    """`alive`: a state predicate; where it is FALSE the clock is set before it is read again. A timer's clock has
    `timer` True: `maximum` is its H, and its value is shown as what remains."""

    name: str
    alive: int | None = None
    timer: bool = False
    maximum: int | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Param:
    """A rigid unknown: some integer (real, in dense time) of [low .. high], the same in the whole run."""

    name: str
    low: int
    high: int
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LinearAssumption:
    """bound >= 0 (> 0 where strict), over parameters alone."""

    bound: Bound
    strict: bool = False
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TimedProperty:
    """A property that speaks of clocks, by its index in `Model.properties`. It fails (a reachable: it is witnessed)
    where for one of the cases the state predicate is TRUE and all atoms hold together."""

    property: int
    cases: tuple[tuple[int | None, tuple[Atom, ...]], ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """The time of a model. `programs` by action id; `initial` for the initial states (their clocks start at zero).

    urgent: state predicates; where one is TRUE time does not pass. committed: (state predicate, process); where one is
    TRUE time does not pass, and only steps of the processes that are committed there are taken.
    urgent_actions: time does not pass where one of them can be taken (they have no Constrain).
    """

    clocks: tuple[ClockDecl, ...]
    programs: tuple[tuple[ClockSite, ...], ...]
    registers: frozenset[int]
    initial: tuple[ClockSite, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    urgent: tuple[int, ...] = ()
    committed: tuple[tuple[int, int], ...] = ()
    urgent_actions: frozenset[int] = frozenset()
    params: tuple[Param, ...] = ()
    assumptions: tuple[LinearAssumption, ...] = ()
    properties: tuple[TimedProperty, ...] = ()
    quantities: tuple[str, ...] = ()
    dense: bool = True
    unit: str = ""
