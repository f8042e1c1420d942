"""The LOG of a spec file: its constants, and its entries resolved against a model."""

from __future__ import annotations

import re
from typing import Any

from modelcheck.errors import Diagnostic, Span, SpecError
from modelcheck.ir import surface as s
from modelcheck.ir.logmap import Entry, LogMap, Pattern, Reading, StepName
from modelcheck.ir.nodes import Model
from modelcheck.passes import typecheck
from modelcheck.passes.cases import check_override
from modelcheck.passes.context import Bad, did_you_mean, which
from modelcheck.passes.names import World

ARROW = " -> "
FIELD = re.compile(r"(?:(?P<part>\w+)\.)?(?P<name>\w+)")


def constants(program: s.Program) -> dict[str, Any]:
    """The values that the LOG of the main file gives to constants. Raises SpecError."""
    world, log = World(program, {}), program.module.log
    found: dict[str, Any] = {}
    for name, value in log.where if log else ():
        try:
            found[name] = typecheck.constant(world.context(program.main), value, None).value
            check_override(world, name, found[name], value.span)
        except Bad:
            continue
    if world.report.errors:
        raise SpecError(world.report.errors.values())
    return found


def resolved(log: s.LogDef | None, model: Model, steps: tuple[str, ...]) -> LogMap:
    """The entries against a model; nothing at all without a LOG. steps: titles of the steps in the text, of which
    constants may have folded some away. Raises SpecError with every mistake."""
    if log is None:
        return LogMap()
    resolver = _Resolver(model, steps)
    entries, silent = [], set()
    for definition in log.entries:
        match definition.kind:
            case "silent":
                for text, span in definition.texts:
                    silent |= resolver.step(text, span).actions
            case "ignored":
                for text, span in definition.texts:
                    entries.append(Entry("line", resolver.patterns(text, span), text=text, span=span))
            case _:
                entries.append(resolver.entry(definition))
    named = {a for e in entries for step in e.steps for a in step.actions} | silent
    left = {model.actions[a].label: None for a in range(len(model.actions)) if a not in named}
    if left:
        told = ", ".join(f'"{label}"' for label in left)
        hint = f"name the steps that leave no line: `silent({told})`"
        resolver.error("N005", log.span, f"no entry of the LOG speaks of {told}", hint)
    if resolver.diagnostics:
        raise SpecError(resolver.diagnostics)
    return LogMap(tuple(entries), frozenset(silent), log.anywhere)


class _Resolver:
    def __init__(self, model: Model, steps: tuple[str, ...]):
        self.model, self.steps = model, steps
        self.diagnostics: list[Diagnostic] = []

    def error(self, code: str, span: Span, message: str, hint: str) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint))

    def entry(self, definition: s.LogEntryDef) -> Entry:
        (pattern, span), *steps = definition.texts
        patterns = self.patterns(pattern, span)
        at = [self.places(text, place) for key, text, place in definition.options if key == "at"]
        readings = [self.reading(*option, patterns) for option in definition.options if option[0] != "at"]
        return Entry(
            moment=definition.kind,  # type: ignore[arg-type]
            patterns=patterns,
            steps=tuple(self.step(*step) for step in steps),
            readings=tuple(r for r in readings if r is not None),
            at=at[0] if at else None,
            text=pattern,
            span=definition.span,
        )

    def patterns(self, text: str, span: Span) -> tuple[Pattern, ...]:
        found = []
        for part in text.split(","):
            words, equals, result = part.partition("=")
            match words.split():
                case [name, *rest]:
                    found.append(Pattern(name, frozenset(rest), tuple(result.split()) if equals else None))
                case _:
                    self.error("P050", span, "a pattern begins with a name", 'write `"ioctl KVM_RUN = -1 EINTR"`')
        return tuple(found)

    def reading(self, name: str, text: str, span: Span, patterns: tuple[Pattern, ...]) -> Reading | None:
        timing = self.model.timing
        quantities = timing.quantities if timing else ()
        if name not in quantities:
            hint = did_you_mean(name, quantities, 'write `observe("name", self.timer.remaining)` in the step')
            self.error("N002", span, f"{self.model.name} observes nothing called `{name}`", hint)
            return None
        found = FIELD.fullmatch(text)
        parts = [i for i, p in enumerate(patterns) if found and found["part"] in (None, p.name)]
        if found is None or len(parts) != 1:
            hint = "name a field of the line, of several lines with the call: `timer_gettime.it_value`"
            self.error("P050", span, f"`{text}` is no field of one line", hint)
            return None
        return Reading(quantities.index(name), parts[0], found["name"])

    def step(self, text: str, span: Span) -> StepName:
        label, arrow, to = text.partition(ARROW)
        actions = frozenset(a for a in range(len(self.model.actions)) if label in self.names_of(a))
        if not actions and label not in self.in_the_text():
            self.unknown(label, self.titles(), span)
        places = {p.plain: None for q in self.model.processes for p in q.places}
        places |= {p.label: None for q in self.model.processes for p in q.places}
        if arrow and to not in places and to not in self.in_the_text():
            self.unknown(to, list(places), span)
        return StepName(text, actions, to if arrow else None)

    def names_of(self, action: int) -> set[str]:
        """What a step can be called: by label, with the process or its instance before it."""
        a = self.model.actions[action]
        labels = {a.label, self.model.action_title(action)}
        if a.process is None:
            return labels
        process = self.model.processes[a.process]
        labels |= {process.places[a.place].plain} if a.place is not None else set()
        return labels | {f"{owner}: {label}" for owner in (process.name, process.title) for label in labels}

    def places(self, text: str, span: Span) -> frozenset[tuple[int, int]]:
        """`"guest"`, `"vcpu: guest"`."""
        owner, colon, label = text.rpartition(": ")
        found = frozenset(
            (number, i)
            for number, process in enumerate(self.model.processes)
            if not colon or owner in (process.name, process.title)
            for i, place in enumerate(process.places)
            if label in (place.label, place.plain)
        )
        if not found and text not in self.in_the_text():
            self.unknown(text, self.titles(), span)
        return found

    def titles(self) -> list[str]:
        return list(dict.fromkeys(self.model.actions[a].label for a in range(len(self.model.actions))))

    def in_the_text(self) -> set[str]:
        return {name for title in self.steps for name in (title, title.rpartition(": ")[2])}

    def unknown(self, label: str, known: list[str], span: Span) -> None:
        hint = did_you_mean(label, known, which("steps", known))
        self.error("N005", span, f'{self.model.name} has no step "{label}"', hint)

