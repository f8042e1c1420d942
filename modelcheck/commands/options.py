"""Options that several verbs share, and what they mean to the checker and to the report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

import click

from modelcheck.commands.arguments import Definition, Duration, Size
from modelcheck.console import complain, width
from modelcheck.exploring import Options
from modelcheck.reports import itf, terminal
from modelcheck.result import Result
from modelcheck.search.exploration import Limits
from modelcheck.trace import Trace


def together(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, listed by --help in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


define = click.option("-D", "constants", multiple=True, type=Definition(), help="Sets a constant.")
properties = click.option("--property", "properties", multiple=True, metavar="NAME", help="Checks only these.")
backend = click.option("--backend", default="auto", metavar="auto|python|llvm", help="What runs the steps.")
limits = together(
    click.option("--max-states", type=click.IntRange(min=1), metavar="N", help="Stops at N distinct states."),
    click.option("--max-depth", type=click.IntRange(min=1), metavar="N", help="Stops at N levels."),
    click.option("--time-limit", type=Duration(), metavar="90s", help="Stops after this time."),
    click.option("--memory-limit", type=Size(), metavar="4G", help="Stops at this much memory."),
)
deadlock = click.option("--no-deadlock", is_flag=True, help="Does not look for deadlocks.")
format_ = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
verbosity = together(
    click.option("-q", "--quiet", is_flag=True, help="Only what matters."),
    click.option("-v", "--verbose", is_flag=True, help="More; a traceback for our own mistakes."),
)


def checker_options(given: dict[str, Any]) -> Options:
    """given: the values of the options above, by name; a verb need not have all of them."""
    limits = Limits(
        states=given["max_states"],
        depth=given["max_depth"],
        time_s=given["time_limit"],
        memory=given["memory_limit"],
    )
    return Options(
        properties=given["properties"] or None,
        backend=given["backend"],
        workers=given.get("workers", "1"),
        limits=limits,
        thorough=given.get("thorough", False),
        deadlock=not given["no_deadlock"],
        strict=given.get("strict", False),
        allow_vacuous=given.get("allow_vacuous", ()),
        fewest_switches=given.get("columns", False),
        minimal_fairness=given.get("minimal_fairness", False),
        witness=given.get("witness"),
        prune=not given.get("no_prune", False),
        pins=given.get("pins", ()),
        audit=given.get("audit") == "z3",
        compact=given.get("store") == "compact",
        **{name: Path(given[name]) if given.get(name) else None for name in ("spill", "checkpoint", "resume")},
    )


def rendered(result: Result, given: dict[str, Any], quiet: bool, verbose: bool) -> str:
    return terminal.render_result(
        result,
        color=sys.stdout.isatty(),
        width=width(),
        columns=given.get("columns", False),
        coverage=given.get("coverage", False),
        witness=given.get("witness"),
        quiet=quiet,
        verbose=verbose,
    )


def save_trace(result: Result, trace: Trace | None, path: str | None) -> None:
    """What `--save` asks for, if it is given."""
    if path and trace is not None:
        itf.save(result, trace, path)
    elif path:
        complain(f"there is no trace to save in {path}")
