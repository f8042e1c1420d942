"""`modelcheck synthesize`: for which parameters a property is violated."""

from __future__ import annotations

import click

from modelcheck import synthesis
from modelcheck.commands.arguments import Duration
from modelcheck.commands.options import define, format_, save_trace, verbosity
from modelcheck.console import complain, width, write
from modelcheck.errors import render_all
from modelcheck.reports import synthesis as report


@click.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@define
@click.option("--property", "property_", required=True, metavar="NAME", help="The @invariant or @reachable.")
@click.option("--least", multiple=True, metavar="EXPR", help="The smallest `a + b` at which it is violated.")
@click.option("--time-limit", type=Duration(), default=60.0, metavar="90s", help="Stops after this time. [60s]")
@click.option("--iterations", type=click.IntRange(min=0), default=1000, metavar="N", help="Explores so often. [1000]")
@click.option("--samples", type=click.IntRange(min=0), default=6, metavar="N", help="Checks so many valuations. [6]")
@format_
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE.itf.json", help="Writes the trace as ITF.")
@verbosity
def synthesize(
    spec: str, constants: tuple[tuple[str, str], ...], property_: str, least: tuple[str, ...], time_limit: float,
    iterations: int, samples: int, format_: str, save: str | None, quiet: bool, verbose: bool,
) -> int:  # fmt: skip
    """Finds for which values of its parameters a property of a spec is violated, as linear constraints.

    A parameter that -D gives a value keeps it.
    """
    options = synthesis.Options(property_, time_limit, iterations, samples, least)
    result = synthesis.synthesize_spec(spec, dict(constants), options)
    save_trace(result, result.trace, save)
    if format_ == "json":
        write(report.render_json(result) + "\n")
    elif result.diagnostics:
        complain(render_all(result.diagnostics))
    else:
        write(report.render_result(result, width=width(), quiet=quiet, verbose=verbose))
    return result.exit_code
