"""The reference semantics of time: what a run of a timed model is, decided with exact numbers. Slow and obvious.

A run is a path of discrete states with the time of each step and the value of each clock that is set to an unknown one.
`follow` says whether it is one, by the rules alone: no zones, no solver. Every timed trace is followed before anyone
sees it, and every witness of the zones is checked by it.

Between two steps time passes if no process is at an urgent or committed label, no urgent action can be taken, and every
deadline of the state holds at the end of the delay (deadlines are convex: then it held all along). A step takes no
time; its sites are carried out in the order of the text, and the deadlines of the state that it leads to hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Iterator, Literal, Mapping, Sequence

from modelcheck.errors import Span
from modelcheck.ir import evaluate
from modelcheck.ir.evaluate import Outcome
from modelcheck.ir.nodes import Model
from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Observe, Reset, Timing
from modelcheck.ir.types import IntType

Clocks = tuple[Fraction, ...]  # by number; clock 0 is zero


@dataclass(frozen=True, slots=True)
class Instant:
    """When a step is taken. `values`: what each executed site that sets a clock set it to, in their order."""

    time: Fraction
    values: tuple[Fraction, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """A run. `clocks`: after each step. `observed`: (step, name, value) of each quantity, in order of the run.
    `set_to`: for each step (clock, value, whether another one was possible) of every clock that it sets."""

    clocks: tuple[Clocks, ...]
    observed: tuple[tuple[int, str, Fraction], ...]
    set_to: tuple[tuple[tuple[int, Fraction, bool], ...], ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The times of a trace. `end`: when what it was found for holds, in its last state or in the step that fails."""

    instants: tuple[Instant, ...]
    end: Fraction
    followed: Followed
    at_end: Clocks


class NotARun(Exception):
    """`step` is the one that is not possible (0: the initial state)."""

    def __init__(self, step: int, why: str):
        super().__init__(why)
        self.step, self.why = step, why


def follow(
    model: Model,
    path: Sequence[tuple[int | None, tuple[Any, ...]]],
    instants: Sequence[Instant],
    params: Sequence[int] = (),
) -> Followed:
    """The run along a path of (action, state), registers cleared. Raises NotARun."""
    run = _Run(model, params)
    found: list[Clocks] = []
    observed: list[tuple[int, str, Fraction]] = []
    set_to: list[tuple[tuple[int, Fraction, bool], ...]] = []
    before: tuple[Any, ...] | None = None
    clocks, now = run.zero(), Fraction(0)
    for number, ((action, state), instant) in enumerate(zip(path, instants, strict=True)):
        if before is not None:
            clocks = run.delayed(number, before, clocks, instant.time - now)
        elif instant.time != now:
            raise NotARun(number, "a run begins at time 0")
        done = run.step(number, before, action, state, clocks, instant.values)
        clocks = done.clocks
        run.met(number, state, clocks)
        observed += ((number, name, seen) for name, seen in done.observed)
        found.append(clocks)
        set_to.append(tuple(done.set_to))
        before, now = state, instant.time
    return Followed(tuple(found), tuple(observed), tuple(set_to))


def delayed(
    model: Model, state: tuple[Any, ...], clocks: Clocks, delay: Fraction, params: Sequence[int] = ()
) -> Clocks:
    """The clocks after a delay in a state. Raises NotARun, with step 0."""
    return _Run(model, params).delayed(0, state, clocks, delay)


def stuck(
    model: Model, state: tuple[Any, ...], clocks: Clocks, params: Sequence[int] = ()
) -> Literal["quiescent", "timelock"] | None:
    """Whether nothing can ever happen from here: time runs on (quiescent), or comes to an end (timelock). None where a
    step is possible, now or after some delay."""
    run = _Run(model, params)
    still = run.still(state) is not None
    limits = [d.atom for d in run.timing.deadlines if d.atom.right == 0 and run.true(d.predicate, state)]
    left = [value(a.bound, params) - clocks[a.left] for a in limits]
    for delay in (Fraction(0),) if still else run.moments(state, clocks, left):
        try:
            later = run.delayed(0, state, clocks, delay)
        except NotARun:
            continue
        if run.possible(state, later):
            return None
    return "timelock" if still or limits else "quiescent"


def failing_case(
    model: Model, property_index: int, state: tuple[Any, ...], clocks: Clocks, params: Sequence[int] = ()
) -> tuple[int | None, tuple[Atom, ...]] | None:
    """The first case of a property on clocks that holds: then it fails there, or a reachable is witnessed."""
    timing = timing_of(model)
    for timed in timing.properties:
        if timed.property == property_index:
            for predicate, atoms in timed.cases:
                possible = predicate is None or evaluate.predicate(model, predicate, state)
                if possible and all(holds(atom, clocks, params) for atom in atoms):
                    return predicate, atoms
            return None
    raise ValueError(f"property {property_index} does not speak of clocks")


@dataclass(frozen=True, slots=True)
class Refused:
    """A condition of time that is false where a step would be taken. deadline: it is one of where the step leads to;
    else the step's own. bound: of the atom, evaluated."""

    atom: Atom
    bound: int
    clocks: Clocks
    deadline: bool
    span: Span | None


def refused(
    model: Model, state: tuple[Any, ...], clocks: Clocks, action: int, params: Sequence[int] = ()
) -> list[Refused]:
    """What of time stops each way through a step at this moment, the first condition of each. A clock that may be set
    to a range is set to its least value."""
    run, found = _Run(model, params), []
    for way in evaluate.outcomes(model, state, action):
        if way.state is not None:
            found += run.first_refused(action, way.state, clocks)
    return found


def longest_delay(model: Model, state: tuple[Any, ...], clocks: Clocks, params: Sequence[int] = ()) -> Fraction | None:
    """How long time can go on in a state; None for ever. Where a deadline is strict in dense time there is no longest
    delay: then one on the way to it."""
    run = _Run(model, params)
    if run.still(state) is not None:
        return Fraction(0)
    limits = [d.atom for d in run.timing.deadlines if d.atom.right == 0 and run.true(d.predicate, state)]
    left = [(value(a.bound, params) - clocks[a.left], a.strict) for a in limits]
    most, strict = min(left, key=lambda pair: (pair[0], not pair[1]), default=(None, False))
    if most is None or not strict:
        return most
    return most - min(Fraction(1, 2), most / 2) if run.timing.dense else most - 1


def waits_for_committed(model: Model, state: tuple[Any, ...], action: int) -> bool:
    """Whether a step is not taken because other processes are at committed labels."""
    committed = _Run(model, ()).committed(state)
    return bool(committed) and model.actions[action].process not in committed


def timing_of(model: Model) -> Timing:
    assert model.timing is not None
    return model.timing


# --- registers --------------------------------------------------------------------------------------------------------


def cleared(model: Model, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """A state as the search keeps it: what a step left in registers is forgotten."""
    if model.timing is None:
        return state
    found = list(state)
    for index in model.timing.registers:
        t = model.variables[index].type
        found[index] = t.lo if isinstance(t, IntType) else False
    return tuple(found)


# --- numbers ----------------------------------------------------------------------------------------------------------


def value(bound: Bound, params: Sequence[int], registers: Mapping[int, int] | None = None) -> int:
    found = bound.constant + sum(by * params[number] for number, by in bound.params)
    return found if bound.register is None else found + bound.factor * (registers or {})[bound.register]


def holds(atom: Atom, clocks: Clocks, params: Sequence[int], registers: Mapping[int, int] | None = None) -> bool:
    difference, bound = clocks[atom.left] - clocks[atom.right], value(atom.bound, params, registers)
    return difference < bound if atom.strict else difference <= bound


# --- the rules --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Done:
    """What a step did with clocks."""

    clocks: Clocks
    observed: list[tuple[str, Fraction]] = field(default_factory=list)
    set_to: list[tuple[int, Fraction, bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Run:
    model: Model
    params: Sequence[int]

    @property
    def timing(self) -> Timing:
        return timing_of(self.model)

    def zero(self) -> Clocks:
        return (Fraction(0),) * (len(self.timing.clocks) + 1)

    def true(self, predicate: int | None, state: tuple[Any, ...]) -> bool:
        return predicate is None or evaluate.predicate(self.model, predicate, state)

    def delayed(self, number: int, state: tuple[Any, ...], clocks: Clocks, delay: Fraction) -> Clocks:
        if delay == 0:
            return clocks
        if delay < 0:
            raise NotARun(number, "time goes back")
        if not self.timing.dense and delay.denominator != 1:
            raise NotARun(number, f"time is discrete, and a delay of {delay} is no integer")
        if still := self.still(state):
            raise NotARun(number, f"time stands still: {still}")
        after = (clocks[0], *(c + delay for c in clocks[1:]))
        self.met(number, state, after)
        return after

    def moments(self, state: tuple[Any, ...], clocks: Clocks, limits: Sequence[Fraction]) -> Iterator[Fraction]:
        """Delays among which there is one after which a step is possible, if there is any such delay: now, every moment
        at which some comparison of a clock with a number changes its answer, and one between each two of them."""
        found = {Fraction(0), *(x for x in limits if x > 0)}
        for action in range(len(self.model.actions)):
            for way in evaluate.outcomes(self.model, state, action):
                told = way.state or way.at or ()
                registers = {i: told[i] if isinstance(told[i], int) else 0 for i in self.timing.registers}
                for site in executed(self.timing, action, registers):
                    if isinstance(site.op, Constrain):
                        atom = site.op.atom
                        bound = value(atom.bound, self.params, registers)
                        found |= {bound - clocks[atom.left]} if atom.right == 0 else set()
                        found |= {-bound - clocks[atom.right]} if atom.left == 0 else set()
        ordered = sorted(x for x in found if x >= 0)
        yield from ordered
        if self.timing.dense:
            yield from ((a + b) / 2 for a, b in zip(ordered, ordered[1:]))
        else:
            yield from (x for a in ordered for x in (a - 1, a + 1) if x >= 0)
        yield ordered[-1] + 1

    def possible(self, state: tuple[Any, ...], clocks: Clocks) -> bool:
        """Whether some step can be taken at once. A clock that may be set to a range is tried at both ends."""
        committed = self.committed(state)
        for i, action in enumerate(self.model.actions):
            if committed and action.process not in committed:
                continue
            for way in evaluate.outcomes(self.model, state, i):
                if way.state is None or any(self.taken_at(end, i, way.state, clocks) for end in (0, 1)):
                    return True
        return False

    def taken_at(self, end: int, action: int, told: tuple[Any, ...], clocks: Clocks) -> bool:
        registers = {i: int(told[i]) for i in self.timing.registers}
        values = []
        for site in executed(self.timing, action, registers):
            if isinstance(site.op, Reset):
                low, high = (value(b, self.params, registers) for b in (site.op.low, site.op.high))
                values.append(Fraction((low, high)[end]))
        try:
            done = self.carried_out(0, action, told, clocks, tuple(values))
            self.met(0, cleared(self.model, told), done.clocks)
        except NotARun:
            return False
        return True

    def still(self, state: tuple[Any, ...]) -> str | None:
        """Why no time passes in a state; None where it does."""
        if any(self.true(p, state) for p in self.timing.urgent):
            return "a process is at an urgent label"
        if self.committed(state):
            return "a process is at a committed label"
        for action in sorted(self.timing.urgent_actions):
            if evaluate.outcomes(self.model, state, action):
                return f"the urgent action `{self.model.action_title(action)}` can be taken"
        return None

    def committed(self, state: tuple[Any, ...]) -> list[int]:
        return [process for predicate, process in self.timing.committed if self.true(predicate, state)]

    def met(self, number: int, state: tuple[Any, ...], clocks: Clocks) -> None:
        for deadline in self.timing.deadlines:
            if self.true(deadline.predicate, state) and not holds(deadline.atom, clocks, self.params):
                place = f" ({deadline.span.place})" if deadline.span else ""
                raise NotARun(number, f"a deadline has passed: {self.shown(deadline.atom, clocks)}{place}")

    def step(
        self,
        number: int,
        before: tuple[Any, ...] | None,
        action: int | None,
        after: tuple[Any, ...],
        clocks: Clocks,
        values: tuple[Fraction, ...],
    ) -> _Done:
        """Some way of the action that leads to the state, and that time allows."""
        if before is not None and action is not None:
            committed = self.committed(before)
            if committed and self.model.actions[action].process not in committed:
                raise NotARun(number, "another process is at a committed label")
        refusal = "it does not lead there"
        for way in self.ways(before, action):
            if way.state is not None and cleared(self.model, way.state) == after:
                try:
                    return self.carried_out(number, action, way.state, clocks, values)
                except NotARun as other:
                    refusal = other.why
        raise NotARun(number, refusal)

    def ways(self, before: tuple[Any, ...] | None, action: int | None) -> list[Outcome]:
        if before is None or action is None:
            return evaluate.initial(self.model)
        return evaluate.outcomes(self.model, before, action)

    def carried_out(
        self, number: int, action: int | None, told: tuple[Any, ...], clocks: Clocks, values: tuple[Fraction, ...]
    ) -> _Done:
        """The sites of a step that left `told` in its registers."""
        registers = {i: int(told[i]) for i in self.timing.registers}
        left, done, now = iter(values), _Done(clocks), list(clocks)
        for site in executed(self.timing, action, registers):
            match site.op:
                case Constrain(atom):
                    if not holds(atom, tuple(now), self.params, registers):
                        place = f" ({site.span.place})" if site.span else ""
                        shown = self.shown(atom, tuple(now), registers)
                        raise NotARun(number, f"the clocks do not allow it: {shown}{place}")
                case Reset(clock, low, high):
                    now[clock], is_open = self.taken(number, left, low, high, registers)
                    done.set_to.append((clock, now[clock], is_open))
                case Observe(quantity, a, b, offset):
                    seen = now[a] - now[b] + value(offset, self.params, registers)
                    done.observed.append((self.timing.quantities[quantity], seen))
        if next(left, None) is not None:
            raise NotARun(number, "it has values of more clocks than it sets")
        done.clocks = tuple(now)
        return done

    def first_refused(self, action: int, told: tuple[Any, ...], clocks: Clocks) -> list[Refused]:
        """As `carried_out`, for the reason alone."""
        registers, now = {i: int(told[i]) for i in self.timing.registers}, list(clocks)
        for site in executed(self.timing, action, registers):
            match site.op:
                case Constrain(atom) if not holds(atom, tuple(now), self.params, registers):
                    bound = value(atom.bound, self.params, registers)
                    return [Refused(atom, bound, tuple(now), False, site.span)]
                case Reset(clock, low):
                    now[clock] = Fraction(value(low, self.params, registers))
        state = cleared(self.model, told)
        return [
            Refused(d.atom, value(d.atom.bound, self.params), tuple(now), True, d.span)
            for d in self.timing.deadlines
            if self.true(d.predicate, state) and not holds(d.atom, tuple(now), self.params)
        ][:1]

    def taken(
        self, number: int, left: Iterator[Fraction], low: Bound, high: Bound, registers: Mapping[int, int]
    ) -> tuple[Fraction, bool]:
        """What a clock is set to, and whether another value was possible."""
        lo, hi = value(low, self.params, registers), value(high, self.params, registers)
        chosen = next(left, None)
        if chosen is None:
            raise NotARun(number, "it sets a clock to a value that is not told")
        if not lo <= chosen <= hi:
            raise NotARun(number, f"it sets a clock to {chosen}, which is not in {lo} .. {hi}")
        if not self.timing.dense and chosen.denominator != 1:
            raise NotARun(number, f"time is discrete, and {chosen} is no integer")
        return chosen, lo < hi

    def shown(self, atom: Atom, clocks: Clocks, registers: Mapping[int, int] | None = None) -> str:
        """`x - y <= 3 is false: it is 5`."""
        names = ["", *(c.name for c in self.timing.clocks)]
        sides = {(True, True): f"{names[atom.left]} - {names[atom.right]}", (True, False): names[atom.left]}
        text = sides.get((atom.left > 0, atom.right > 0), f"-{names[atom.right]}")
        bound, found = value(atom.bound, self.params, registers), clocks[atom.left] - clocks[atom.right]
        return f"`{text} {'<' if atom.strict else '<='} {bound}` is false: it is {found}"


def executed(timing: Timing, action: int | None, registers: Mapping[int, int]) -> Iterator[ClockSite]:
    """The sites of a program that a step with these registers has executed."""
    program = timing.initial if action is None else timing.programs[action]
    return (site for site in program if site.flag is None or registers[site.flag])
