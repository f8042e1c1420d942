"""What a log demands of a run: in order, the steps that its lines stand for, when they were, what they show.

Times are in the spec's units, since the first stamp of the log.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

from modelcheck.errors import Diagnostic, SpecError, UsageError
from modelcheck.ir.logmap import Entry, LogMap, Pattern, StepName
from modelcheck.ir.nodes import Model
from modelcheck.logs.events import Event, Field, Interval, Log, whole_line
from modelcheck.passes.clocks import UNITS

Range = tuple[int, int]  # lowest and highest value


@dataclass(frozen=True, slots=True)
class Demand:
    """One of `steps` is taken within `window`; without steps, a process stands at one of the places `at` (None:
    anywhere) at some time within it. pins: quantity -> its values; exact: the step observes no other quantity that logs
    show. state: what part of the state after the step is. lines: the first and the last one. word: how the entry calls
    the lines. cut: the entry of more lines that these may be the beginning of, the last lines of their thread."""

    lines: tuple[int, int]
    word: str
    window: Interval
    steps: tuple[StepName, ...] = ()
    at: frozenset[tuple[int, int]] | None = None
    pins: Mapping[int, Range] = field(default_factory=dict)
    exact: bool = True
    state: Mapping[str, Any] = field(default_factory=dict)
    entry: Entry | None = None
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Demands:
    """ignored: how often each kind of line was passed over. cut: entries in the midst of whose lines the log ends; what
    it has of those demands nothing."""

    items: tuple[Demand, ...]
    ignored: Mapping[str, int]
    cut: tuple[str, ...] = ()

    def without(self, number: int) -> Demands:
        """Where the last lines of a thread are taken for the beginning of a step, and not for a step."""
        items = (*self.items[:number], *self.items[number + 1 :])
        return Demands(items, self.ignored, (*self.cut, self.items[number].cut))


def demands(log: Log, mapping: LogMap, model: Model) -> Demands:
    """Raises SpecError with every line that the spec says nothing about (L002), that names what the spec does not have
    (L003), or that shows no such quantity (L004)."""
    reader = _Reader(log, mapping, model)
    for thread in dict.fromkeys(e.thread for e in log.events):
        reader.thread([e for e in log.events if e.thread == thread])
    if reader.wrong:
        raise SpecError(reader.wrong)
    items = [d for _, d in sorted(reader.found, key=lambda pair: pair[0])]
    if log.last is not None and items:
        last = log.events[-1].ends
        items.append(Demand((last, last), "the end of the log", Interval(reader.floor(log.last.low))))
    return Demands(tuple(items), dict(reader.ignored), tuple(reader.cut))


@dataclass(slots=True)
class _Reader:
    log: Log
    mapping: LogMap
    model: Model
    found: list[tuple[tuple[int, int], Demand]] = field(default_factory=list)
    wrong: list[Diagnostic] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    unmapped: set[str] = field(default_factory=set)
    cut: list[str] = field(default_factory=list)

    def thread(self, events: Sequence[Event]) -> None:
        """The demands of one thread's lines: of the entries that match, the one of most lines, then the first."""
        start = 0
        while start < len(events):
            event = events[start]
            if event.step is not None:
                self.direct(event)
                start += 1
                continue
            start += self.whole(events[start:])

    def whole(self, events: Sequence[Event]) -> int:
        """What the first lines demand; how many they are."""
        event = events[0]
        entries = [e for e in self.mapping.entries if e.moment == "line" and _match(e, events)]
        entry = max(entries, key=lambda e: len(e.patterns), default=None)
        ends = [e for m in ("enters", "returns") for e in self.mapping.entries if e.moment == m and _fits(e, event)]
        longer = next((e.text for e in self.mapping.entries if e.moment == "line" and _begins(e, events)), "")
        if entry is not None:
            self.line(entry, events[: len(entry.patterns)], longer if len(entry.patterns) == len(events) else "")
            return len(entry.patterns)
        if longer and not ends:
            self.cut.append(longer)
            return len(events)
        for end in {e.moment: e for e in reversed(ends)}.values():
            self.end(end, event)
        if not any(e.moment == "enters" for e in ends) and not any(e.moment == "returns" for e in ends):
            self.unknown(event, self.others(event))
        elif event.result is not None and not any(e.moment == "returns" for e in ends):
            self.unknown(event, self.others(event), returned=True)
        return 1

    def others(self, event: Event) -> list[str]:
        return [e.text for e in self.mapping.entries if any(p.name == event.name for p in e.patterns)]

    def unknown(self, event: Event, others: list[str], returned: bool = False) -> None:
        """A line that no entry speaks of; each kind once."""
        result = f" = {' '.join(event.result)}" if event.result and (returned or others) else ""
        kind = f"{event.name}{result}"
        if kind in self.unmapped:
            return
        self.unmapped.add(kind)
        what = f"returns of `{kind}`" if returned else f"`{kind}`"
        known = ", ".join(f"`{other}`" for other in others)
        told = f"it has {known}" if others else f'say what it means, or `ignored("{event.name}")`'
        span = whole_line(self.log.source, event.line)
        self.wrong.append(Diagnostic("L002", f"the spec's LOG says nothing of {what}", span, told))

    # --- demands ---

    def line(self, entry: Entry, events: Sequence[Event], cut: str) -> None:
        """A call as a whole; one that does not return in the log demands nothing."""
        if entry.says_nothing:
            self.ignored[entry.text] += len(events)
        elif all(e.result is not None for e in events):
            window = self.interval(Interval(events[0].begun.low, events[-1].ended.high, events[-1].ended.exact))
            self.add(entry, events, window, (events[-1].order[1], 1), cut)
        else:
            self.ignored[f"{entry.text} (unfinished)"] += len(events)

    def end(self, entry: Entry, event: Event) -> None:
        returns = entry.moment == "returns"
        if entry.says_nothing:
            self.ignored[f"{entry.text} ({entry.moment})"] += 1
        elif not returns:
            self.add(entry, [event], self.interval(event.begun), (event.order[0], 0))
        elif event.result is not None:
            self.add(entry, [event], self.interval(event.ended), (event.order[1], 1))

    def add(
        self, entry: Entry, events: Sequence[Event], window: Interval, order: tuple[int, int], cut: str = ""
    ) -> None:
        pins: dict[int, Range] = {}
        for reading in entry.readings:
            event = events[reading.part]
            shown = event.fields.get(reading.field)
            if shown is None:
                known = ", ".join(event.fields) or "no number"
                span = whole_line(self.log.source, event.line)
                text = f"this line shows no `{reading.field}`"
                self.wrong.append(Diagnostic("L004", text, span, f"it shows {known}"))
            else:
                pins[reading.quantity] = self.value(shown)
        word = entry.text if entry.moment == "line" else f"{entry.text} ({entry.moment})"
        state = events[-1].state
        lines = (events[0].line, events[-1].ends)
        self.found.append((order, Demand(lines, word, window, entry.steps, entry.at, pins, True, state, entry, cut)))

    def direct(self, event: Event) -> None:
        """A line that names a step itself."""
        assert event.step is not None
        step = event.step
        actions = frozenset(a for a in range(len(self.model.actions)) if step in self.titles(a))
        span = whole_line(self.log.source, event.line)
        if not actions:
            known = ", ".join(dict.fromkeys(a.label for a in self.model.actions))
            text = f"{self.model.name} has no step `{step}`"
            self.wrong.append(Diagnostic("L003", text, span, f"its steps are {known}"))
        names = self.model.timing.quantities if self.model.timing else ()
        for name in event.observed:
            if name not in names:
                text = f"{self.model.name} observes nothing called `{name}`"
                self.wrong.append(Diagnostic("L003", text, span, f"it observes {', '.join(names) or 'nothing'}"))
        pins = {names.index(name): (value, value) for name, value in event.observed.items() if name in names}
        window = self.interval(event.begun)
        lines, steps = (event.line, event.ends), (StepName(step, actions),)
        self.found.append((event.order, Demand(lines, step, window, steps, None, pins, False, event.state)))

    def titles(self, action: int) -> tuple[str, ...]:
        a = self.model.actions[action]
        title = self.model.action_title(action)
        if a.process is None or a.place is None:
            return title, a.label
        return title, a.label, self.model.processes[a.process].places[a.place].plain

    # --- units ---

    def scale(self) -> int:
        """ns in a unit of the spec."""
        timing = self.model.timing
        if self.log.unit == "" or timing is None:
            return 1
        if timing.unit not in UNITS:
            known = ", ".join(UNITS)
            raise UsageError(f"{self.model.name} has no unit of time; write `time = Time(...)` with one of {known}")
        return UNITS[timing.unit]

    def floor(self, value: int) -> int:
        return value // self.scale()

    def ceiling(self, value: int) -> int:
        return -(-value // self.scale())

    def interval(self, i: Interval) -> Interval:
        """In the spec's units. A limit that is no whole number of them becomes a looser one."""
        if i.high is None:
            return Interval(self.floor(i.low))
        exact = i.exact or i.high % self.scale() != 0
        return Interval(self.floor(i.low), self.ceiling(i.high), exact)

    def value(self, shown: Field) -> Range:
        if not shown.is_time:
            return shown.value, shown.value
        return self.floor(shown.value), self.ceiling(shown.value)


def _match(entry: Entry, events: Sequence[Event]) -> bool:
    """Whether the lines that follow are those of the entry, one for each pattern."""
    return len(events) >= len(entry.patterns) and all(_is(p, e) for p, e in zip(entry.patterns, events))


def _begins(entry: Entry, events: Sequence[Event]) -> bool:
    """Whether the lines that are left of a thread are the first of those of the entry, which has more."""
    return len(events) < len(entry.patterns) and all(_is(p, e) for p, e in zip(entry.patterns, events))


def _fits(entry: Entry, event: Event) -> bool:
    """Whether an entry for one end of a call is about this one. What enters has no result yet."""
    if entry.moment == "returns" and event.result is None:
        return False
    return len(entry.patterns) == 1 and _is(entry.patterns[0], event)


def _is(pattern: Pattern, event: Event) -> bool:
    if pattern.name != event.name or not pattern.words <= event.words:
        return False
    return pattern.result is None or (event.result is not None and set(pattern.result) <= set(event.result))
