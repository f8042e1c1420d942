"""`modelcheck validate`: is a log a record of a run of a spec?"""

from __future__ import annotations

from functools import partial

import click

from modelcheck import logs, validation
from modelcheck.commands.options import define, format_
from modelcheck.console import width, write
from modelcheck.reports import itf
from modelcheck.reports import validation as report


@click.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@click.argument("log", metavar="LOG", type=click.Path())
@define
@click.option("--log-format", type=click.Choice(["auto", *logs.FORMATS]), default="auto", help="How it is written.")
@click.option("--max-states", type=click.IntRange(min=1), default=200_000, metavar="N", help="Stops at N states.")
@format_
@click.option("-q", "--quiet", is_flag=True, help="Only what matters.")
def validate(
    spec: str,
    log: str,
    constants: tuple[tuple[str, str], ...],
    log_format: str,
    max_states: int,
    format_: str,
    quiet: bool,
) -> int:
    """Says whether a log is a record of a run of a spec, by what the spec's LOG says of lines.

    Exit code 0: it is one. 12 or 11: it is one, and whatever the run was, it violates an invariant or ends where
    nothing can happen. 22: it is none; the first line that no run has is told, with why.
    """
    found = validation.validate_spec(
        spec,
        log,
        told=lambda model: partial(itf.encode_state, model, bigint=False),
        format=log_format,
        constants=dict(constants),
        most=max_states,
    )
    if format_ == "json":
        write(report.render_json(found) + "\n")
    else:
        write(report.render_validation(found, width=width(), quiet=quiet))
    return found.exit_code
