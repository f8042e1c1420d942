"""Pinned quantities: a model in which whatever is observed under a name has the one value that the user wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Mapping

from modelcheck.ir.timing import Atom, Bound, ClockSite, Constrain, Observe, Timing


def pinned(timing: Timing, pins: Mapping[int, int]) -> Timing:
    """The timing with a constraint beside every observation of a pinned quantity. pins: quantity -> value."""
    return replace(
        timing,
        programs=tuple(_with_pins(program, pins) for program in timing.programs),
        initial=_with_pins(timing.initial, pins),
    )


def _with_pins(program: tuple[ClockSite, ...], pins: Mapping[int, int]) -> tuple[ClockSite, ...]:
    return tuple(site for s in program for site in (s, *_constraints(s, pins)))


def _constraints(site: ClockSite, pins: Mapping[int, int]) -> tuple[ClockSite, ...]:
    """left - right + offset == value, for an observation that is pinned."""
    match site.op:
        case Observe(quantity, left, right, offset) if quantity in pins:
            value = pins[quantity]
            less = tuple((p, -c) for p, c in offset.params)
            most = Bound(value - offset.constant, offset.register, -offset.factor, less)
            least = Bound(offset.constant - value, offset.register, offset.factor, offset.params)
            return tuple(replace(site, op=Constrain(a)) for a in (Atom(left, right, most), Atom(right, left, least)))
    return ()
