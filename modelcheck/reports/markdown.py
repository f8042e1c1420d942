"""The gate as tables in Markdown, to be committed beside the specs: one table for each spec class, one row for each
case, one column for each property. No times and no paths of this machine: the text changes when an answer does."""

from __future__ import annotations

from modelcheck.result import CaseResult, GateResult, PropertyResult

EVENTS = ("deadlock", "assertion", "evaluation_error")  # columns only where one is found


LEGEND = (
    "Written by `modelcheck gate --markdown`. `ok`: it holds in every state, or on every fair behaviour. "
    "`violated @n`: the shortest trace has n states; where it goes on for ever, stem and cycle together. "
    "A dash: the case leaves it out."
)


def render(gate: GateResult, heading: str) -> str:
    """The cases of one spec class are one table, in the order of the file, wherever they stand in it."""
    tables: dict[tuple[str, str], list[CaseResult]] = {}
    for case in gate.cases:
        tables.setdefault((case.path, case.spec), []).append(case)
    parts = [f"# {heading}", LEGEND]
    for (path, spec), cases in tables.items():
        parts += [f"## {spec} ({path})", _table(cases)]
    return "\n\n".join(parts) + "\n"


def _table(cases: list[CaseResult]) -> str:
    found = [p.name for case in cases if case.result for p in case.result.properties]
    names = [n for n in dict.fromkeys(found) if n not in EVENTS] + [n for n in EVENTS if n in found]
    rows = [["case", *names, "states", "transitions", "depth"], ["---"] * (len(names) + 1) + ["---:"] * 3]
    rows += [_row(case, names) for case in cases]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(case: CaseResult, names: list[str]) -> list[str]:
    result = case.result
    if result is None or result.diagnostics:
        return [_plain(case.name), *("not run" for _ in names), "", "", ""]
    answers = {p.name: p for p in result.properties}
    cells = [_cell(answers.get(name), name, result.deadlock) for name in names]
    figures = result.statistics
    return [_plain(case.name), *cells, f"{figures.distinct}", f"{figures.generated}", f"{figures.depth}"]


def _cell(answer: PropertyResult | None, name: str, deadlock: bool) -> str:
    if answer is None:
        return "ok" if name in EVENTS and (name != "deadlock" or deadlock) else "-"
    if answer.verdict == "violated" and answer.trace is not None:
        return f"violated @{answer.trace.length}"
    return "ok" if answer.verdict == "holds" else answer.verdict


def _plain(text: str) -> str:
    return text.replace("|", "\\|")
