"""`modelcheck show`: the model after each stage."""

from __future__ import annotations

from typing import Iterable

import click

from modelcheck.commands.options import define, verbosity
from modelcheck.console import write
from modelcheck.result import OK
from modelcheck.stages import stages


@click.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@define
@verbosity
def show(spec: str, constants: Iterable[tuple[str, str]], quiet: bool, verbose: bool) -> int:
    """Prints the model after each stage: as read, as back ends get it, what actions touch, how a state is packed."""
    for stage, text in stages(spec, dict(constants)):
        write(text if quiet else f"--- {stage} ---\n{text}\n")
    return OK
