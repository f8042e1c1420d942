"""`modelcheck prove`: what holds after any number of steps, without exploring them."""

from __future__ import annotations

from typing import Any

import click

from modelcheck import proof, proving
from modelcheck.commands.arguments import Duration, Size
from modelcheck.commands.options import deadlock, define, format_, properties, save_trace, together, verbosity
from modelcheck.console import complain, width, write
from modelcheck.errors import render_all
from modelcheck.reports import proof as report

_limits = together(
    click.option("--engine", type=click.Choice(proof.ENGINES), default="auto", show_default=True, help="How to prove."),
    click.option("--max-depth", type=click.IntRange(min=0), metavar="N", help="Looks at paths of N steps at most."),
    click.option("--time-limit", type=Duration(), default=60.0, metavar="90s", help="Stops after this time. [60s]"),
    click.option("--memory-limit", type=Size(), default="2G", metavar="4G", help="Of the solver. [2G]"),
)


@click.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@define
@properties
@_limits
@deadlock
@click.option("--allow-vacuous", multiple=True, metavar="NAME", help="Accepts that this is vacuous.")
@format_
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE.itf.json", help="Writes the trace as ITF.")
@verbosity
def prove(spec: str, format_: str, save: str | None, quiet: bool, verbose: bool, **given: Any) -> int:
    """Proves invariants for any number of steps, or finds a shortest counterexample, or says that it does not know.

    Bounded model checking, k-induction and z3's Spacer on formulas; nothing is enumerated.
    """
    limits = proof.Options(given["engine"], given["max_depth"], given["time_limit"], given["memory_limit"])
    options = proving.Options(
        given["properties"] or None, not given["no_deadlock"], tuple(given["allow_vacuous"]), limits
    )
    result = proving.prove_spec(spec, dict(given["constants"]), options)
    save_trace(result, result.trace, save)
    if format_ == "json":
        write(report.render_json(result) + "\n")
    elif result.diagnostics:
        complain(render_all(result.diagnostics))
    else:
        write(report.render_result(result, width=width(), quiet=quiet, verbose=verbose))
    return result.exit_code
