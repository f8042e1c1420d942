"""`--coverage`: the spec's source with the number of times each step was taken beside the line where it starts."""

from __future__ import annotations

from modelcheck.errors import Source
from modelcheck.result import Result


def render(result: Result) -> str:
    """A count stands at the first line of a step: transitions, of all instances together. A step that was never taken
    counts 0 and is marked. Inherited and imported steps are listed with the files that they are written in."""
    counts = counted(result)
    return "\n".join(_listing(source, lines) for source, lines in counts)


def counted(result: Result) -> list[tuple[Source, dict[int, int]]]:
    """(source, line -> transitions), the spec's own file first."""
    model, seen = result.model, result.exploration
    assert model is not None and seen is not None
    sources: dict[str, tuple[Source, dict[int, int]]] = {}
    for action, taken in zip(model.actions, seen.taken):
        if action.span is None:
            continue
        source, lines = sources.setdefault(action.span.source.path, (action.span.source, {}))
        lines[action.span.line] = lines.get(action.span.line, 0) + int(taken)
    return sorted(sources.values(), key=lambda entry: (entry[0].path != result.path, entry[0].path))


def _listing(source: Source, lines: dict[int, int]) -> str:
    width = max(7, *(len(f"{n:,}") for n in lines.values()))
    out = [f"{source.path}:"]
    for number, text in enumerate(source.text.rstrip("\n").split("\n"), 1):
        count = f"{lines[number]:,}" if number in lines else ""
        mark = "!" if lines.get(number) == 0 else " "
        out.append(f"{count:>{width}} {mark}| {text.rstrip()}".rstrip())
    return "\n".join(out) + "\n"
