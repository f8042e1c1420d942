"""The gate for people: a table of cases, then everything that is wrong, in full."""

from __future__ import annotations

from io import StringIO
from typing import Collection

from rich.console import Console
from rich.table import Table
from rich.text import Text

from modelcheck.errors import Diagnostic, render_all
from modelcheck.reports import terminal
from modelcheck.result import CaseResult, GateResult


def render(
    gate: GateResult, *, color: bool = False, width: int = 100, quiet: bool = False, verbose: bool = False
) -> str:
    """`quiet`: only what failed, and the closing line. `verbose`: also the traces of violations that were expected."""
    out = StringIO()
    console = Console(
        file=out, width=width, force_terminal=color, no_color=not color, highlight=False, legacy_windows=False
    )
    if gate.cases and not quiet:
        console.print(_table(gate))
        text = "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())
        out.seek(0)
        out.truncate()
        out.write(text)
    told: set[Diagnostic] = set()
    for case in gate.cases:
        if not case.passed or verbose:
            out.write(_details(case, told, color=color) + "\n")
            told |= set(case.result.diagnostics if case.result else ())
    for error in gate.errors:
        out.write(f"\n{render_all(error.diagnostics) or f'{error.path}: {error.message}'}\n")
    for step in gate.untaken:
        place = f"{step.span.place}: " if step.span else f"{step.path}: "
        out.write(f"\n{place}no case of the file ever takes the step `{step.title}`\n")
    for remark in gate.remarks:
        out.write(f"\nnote: {remark}\n")
    out.write(f"\n{closing(gate)}\n")
    return out.getvalue()


def closing(gate: GateResult) -> str:
    """`11 cases passed in 3.2 s`, or what did not."""
    failed = sum(not c.passed for c in gate.cases)
    parts = [f"{failed} failed"] if failed else []
    parts += [_counted(len(gate.cases) - failed, "case") + " passed"]
    parts += [_counted(len(gate.untaken), "step") + " never taken"] if gate.untaken else []
    parts += [_counted(len(gate.errors), "file") + " not checked"] if gate.errors else []
    return f"{', '.join(parts)} in {gate.seconds:.1f} s"


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _table(gate: GateResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("spec", no_wrap=True)
    table.add_column("case", overflow="fold")
    table.add_column("found (length)", overflow="fold")
    for name in ("distinct", "depth", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    before = ""
    for case in gate.cases:
        figures = case.result.statistics if case.result else None
        table.add_row(
            Text("" if case.path == before else case.path),
            Text(case.name),
            Text(_found(case)),
            f"{figures.distinct:,}" if figures else "",
            str(figures.depth) if figures else "",
            f"{case.seconds:.2f}",
            Text("ok", style="green") if case.passed else Text("FAILED", style="bold red"),
        )
        before = case.path
    return table


def _found(case: CaseResult) -> str:
    """What is violated and how long the traces are, in states; "holds" where nothing is violated."""
    result = case.result
    if result is None or result.diagnostics:
        return "not run"
    found = [f"{p.name} ({p.trace.length})" for p in result.properties if p.verdict == "violated" and p.trace]
    found += [f"{v.name} vacuous" for v in result.vacuity]
    if found:
        return ", ".join(found)
    if result.stopped:
        return "incomplete"
    return "holds within the constraint" if result.statistics.constrained else "holds"


def _details(case: CaseResult, told: Collection[Diagnostic], *, color: bool) -> str:
    """told: the mistakes of the spec that other cases have shown."""
    place = f"{case.span.place}: " if case.span else f"{case.path}: "
    head = f"\n{place}case \"{case.name}\" {'passed' if case.passed else 'failed'}"
    lines = [head, *(f"  {problem}" for problem in case.problems)]
    lines += [f"  expected: {', '.join(case.expected)}", f"  actual:   {', '.join(case.actual)}"] if case.actual else []
    if case.result and case.result.diagnostics:
        new = [d for d in case.result.diagnostics if d not in told]
        lines += ["", render_all(new)] if new else ["  (told above)"]
    elif case.result:
        lines += ["", terminal.render_result(case.result, color=color).rstrip("\n")]
    return "\n".join(lines)
