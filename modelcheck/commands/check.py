"""`modelcheck check`: one spec, one verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from modelcheck import checker
from modelcheck.commands.arguments import Pin
from modelcheck.commands.options import (
    backend,
    checker_options,
    deadlock,
    define,
    format_,
    limits,
    properties,
    rendered,
    save_trace,
    verbosity,
)
from modelcheck.console import clear_progress, complain, progress, write
from modelcheck.errors import render_all
from modelcheck.reports import json


@click.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@define
@properties
@backend
@click.option("--workers", default="1", metavar="N|auto", help="How many cores to use.")
@limits
@click.option("--store", type=click.Choice(["exact", "compact"]), default="exact", help="compact: fingerprints.")
@click.option("--spill", type=click.Path(file_okay=False), metavar="DIR", help="Keeps states in files beyond it.")
@click.option("--checkpoint", type=click.Path(file_okay=False), metavar="DIR", help="Keeps the search, every minute.")
@click.option("--resume", type=click.Path(file_okay=False), metavar="DIR", help="Goes on from what was kept.")
@click.option("--continue", "thorough", is_flag=True, help="Searches on after a violation.")
@deadlock
@click.option("--strict", is_flag=True, help="Notes make the verdict vacuous.")
@click.option("--allow-vacuous", multiple=True, metavar="NAME", help="Accepts that this is vacuous.")
@click.option("--witness", metavar="NAME", help="Shows a trace to this @reachable.")
@click.option("--coverage", is_flag=True, help="Lists the source with how often each step was taken.")
@click.option("--columns", is_flag=True, help="Shows traces with one column per process, for a commit message.")
@click.option("--no-prune", is_flag=True, help="Ignores time: what is impossible in time is explored too.")
@click.option("--pin", "pins", multiple=True, type=Pin(), help="Only runs in which this was observed.")
@click.option("--audit", type=click.Choice(["z3"]), help="Asks z3 again about every decision on time.")
@click.option("--minimal-fairness", is_flag=True, help="Says which fairness each temporal property needs.")
@format_
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE.itf.json", help="Writes the trace as ITF.")
@verbosity
def check(spec: str, format_: str, save: str | None, quiet: bool, verbose: bool, **given: Any) -> int:
    """Explores a spec and says whether its properties hold."""
    options = replace(checker_options(given), progress=progress(quiet or format_ == "json"))
    try:
        result = checker.check_spec(spec, None, dict(given["constants"]), options)
    finally:
        clear_progress()
    wanted = [p.trace for p in result.properties if p.name == given["witness"]] if given["witness"] else [result.trace]
    save_trace(result, wanted[0] if wanted else None, save)
    if format_ == "json":
        write(json.render(result) + "\n")
    elif result.diagnostics:
        complain(render_all(result.diagnostics))
    else:
        write(rendered(result, given, quiet, verbose))
    return result.exit_code
