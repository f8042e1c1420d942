"""From runs to Markdown: the targets, met or missed, and a table for each protocol and size. Medians throughout."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Callable

from protocols import PROTOCOLS, Protocol, Size
from tools import Run

BASE, TWO = "modelcheck", "modelcheck, 2 workers"  # whose time the ratios are of
SPIN = ("SPIN", "SPIN -DBFS")
ALL, LARGE = ("1e5", "1e6", "1e7"), ("1e7",)


@dataclass(frozen=True, slots=True)
class Results:
    """runs: by protocol, size and tool. words: of a state, by protocol and size."""

    runs: dict[tuple[str, str, str], list[Run]]
    words: dict[tuple[str, str], int]

    def median(self, protocol: Protocol, size: str, tool: str, what: str) -> float | None:
        """None where the tool was not run or does not tell."""
        told = [getattr(run, what) for run in self.runs.get((protocol.name, size, tool), ())]
        return statistics.median(told) if told and None not in told else None

    def times(self, protocol: Protocol, size: str, tools: tuple[str, ...], what: str, base: str = BASE) -> float | None:
        """How many times as long as `base` the fastest of the tools takes."""
        theirs = [x for x in (self.median(protocol, size, tool, what) for tool in tools) if x is not None]
        ours = self.median(protocol, size, base, what)
        return min(theirs) / ours if theirs and ours else None


Figure = Callable[[Results, Protocol, str], float | None]


@dataclass(frozen=True, slots=True)
class Target:
    """least or most: the figure that is wanted."""

    text: str
    sizes: tuple[str, ...]
    figure: Figure
    least: float | None = None
    most: float | None = None

    def met(self, figure: float) -> bool:
        return figure >= self.least if self.least is not None else figure <= (self.most or 0)

    @property
    def wanted(self) -> str:
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"


def _longer(what: str, *tools: str, base: str = BASE) -> Figure:
    return lambda results, protocol, size: results.times(protocol, size, tools, what, base)


def _limit(tool: str) -> Figure:
    """Our search over theirs."""

    def figure(results: Results, protocol: Protocol, size: str) -> float | None:
        times = results.times(protocol, size, (tool,), "search")
        return 1 / times if times else None

    return figure


def _speedup(results: Results, protocol: Protocol, size: str) -> float | None:
    times = results.times(protocol, size, (TWO,), "search")
    return 1 / times if times else None


def _growth(results: Results, protocol: Protocol, size: str) -> float | None:
    """Seconds per transition here over those at 1e5."""
    per_transition = []
    for at in (size, "1e5"):
        search = results.median(protocol, at, BASE, "search")
        if search is None:
            return None
        per_transition.append(search / protocol.sizes[at].generated)
    return per_transition[0] / per_transition[1]


def _bytes(results: Results, protocol: Protocol, size: str) -> float | None:
    """Of one-word states alone."""
    told = results.median(protocol, size, BASE, "bytes")
    if told is None or results.words[protocol.name, size] > 1:
        return None
    return told / protocol.sizes[size].distinct


TARGETS = (
    Target("SPIN's better exhaustive search / ours, whole command", ("1e6",), _longer("whole", *SPIN), least=2),
    Target("SPIN's better exhaustive search / ours, whole command", LARGE, _longer("whole", *SPIN), least=4),
    Target("SPIN's better exhaustive search / ours, search", ALL, _longer("search", *SPIN), least=3),
    Target("SPIN, reduced / ours, whole command", ALL, _longer("whole", "SPIN, reduced"), least=1),
    Target("SPIN, reduced / ours, search", ALL, _longer("search", "SPIN, reduced"), least=1),
    Target("TLC / ours, whole command", ("1e6",), _longer("whole", "TLC"), least=20),
    Target("TLC / ours, whole command", LARGE, _longer("whole", "TLC"), least=50),
    Target("ours / C, search", ALL, _limit("C"), most=1.5),
    Target("ours / C, prefetching, search", ALL, _limit("C, prefetching"), most=2.5),
    Target("one worker / two, search", LARGE, _speedup, least=1.6),
    Target("SPIN -DBFS_PAR / ours, two workers, search", LARGE, _longer("search", "SPIN -DBFS_PAR", base=TWO), least=1),
    Target("time per transition / that at 1e5", LARGE, _growth, most=2.5),
    Target("bytes per state of one word", LARGE, _bytes, most=24),
    Target("SPIN's bytes / ours", LARGE, _longer("bytes", *SPIN), least=5),
)


def _row(results: Results, target: Target, size: str) -> str | None:
    """None where nothing was measured for it."""
    cells, met, figures = [], 0, 0
    for protocol in PROTOCOLS:
        figure = target.figure(results, protocol, size) if size in protocol.sizes else None
        if figure is None:
            cells.append("")
            continue
        figures, met = figures + 1, met + target.met(figure)
        cells.append(f"{figure:.2f}" if target.met(figure) else f"**{figure:.2f}**")
    if not figures:
        return None
    verdict = "met" if met == figures else f"missed: {figures - met} of {figures}"
    return f"| {target.text} | {size} | {target.wanted} | {verdict} | " + " | ".join(cells) + " |"


def targets(results: Results) -> list[str]:
    """One row for each target and size, one column for each protocol; figures that miss the target are bold."""
    names = [f"{p.name}{'' if p.listed else ' (not listed)'}" for p in PROTOCOLS]
    rows = [row for target in TARGETS for size in target.sizes if (row := _row(results, target, size))]
    lines = ["\n## Targets\n", "Figures in bold miss their target.\n"]
    lines.append("| figure | size | wanted | verdict | " + " | ".join(names) + " |")
    lines.append("|---" * (4 + len(names)) + "|")
    return lines + rows


def _cell(figure: float | None, places: int) -> str:
    return "" if figure is None else f"{figure:,.{places}f}"


def table(results: Results, protocol: Protocol, name: str, tools: list[str]) -> list[str]:
    """One row for each tool. Ratios: how many times as long as this tool took."""
    size: Size = protocol.sizes[name]
    constants = ", ".join(f"{value} {constant}" for constant, value in size.constants.items())
    lines = [
        f"\n### {protocol.name}, {constants}: {size.distinct:,} states, {size.generated:,} generated (about {name})\n",
        "| tool | rounds | whole command, s | search, s | whole / ours | search / ours | states/s | bytes/state |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for tool in tools:
        runs = results.runs.get((protocol.name, name, tool), [])
        if not runs:
            continue
        whole, search, memory = (results.median(protocol, name, tool, what) for what in ("whole", "search", "bytes"))
        distinct = runs[0].distinct
        ratios = [results.times(protocol, name, (tool,), what) for what in ("whole", "search")]
        lines.append(
            f"| {tool} | {len(runs)} | {_cell(whole, 2)} | {_cell(search, 2)} | {_cell(ratios[0], 2)} "
            f"| {_cell(ratios[1], 2)} | {_cell(distinct / (search or whole or 1), 0)} "
            f"| {_cell(memory / distinct if memory else None, 0)} |"
        )
    return lines
