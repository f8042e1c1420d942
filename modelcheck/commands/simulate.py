"""`modelcheck simulate`: random walks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from modelcheck import checker, verbs
from modelcheck.commands.options import (
    backend,
    checker_options,
    deadlock,
    define,
    limits,
    properties,
    rendered,
    verbosity,
)
from modelcheck.console import clear_progress, progress, write


@click.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@define
@properties
@backend
@limits
@deadlock
@click.option("--steps", type=click.IntRange(min=1), default=10_000, show_default=True, help="Of each of the walks.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed, the same walks.")
@click.option("--columns", is_flag=True, help="Shows the trace with one column per process.")
@verbosity
def simulate(spec: str, steps: int, seed: int, quiet: bool, verbose: bool, **given: Any) -> int:
    """Walks at random until something is violated. Never says that anything holds."""
    options = replace(checker_options(given), progress=progress(quiet), fewest_switches=False)
    path, name = checker.split_spec(spec, None)
    try:
        model = checker.compiled(path, name, dict(given["constants"]))
        result = verbs.simulate_model(model, options, steps=steps, seed=seed)
    finally:
        clear_progress()
    write(rendered(result, given, quiet, verbose))
    return result.exit_code
