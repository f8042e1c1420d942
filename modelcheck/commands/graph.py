"""`modelcheck graph`: the state graph as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from modelcheck import checker, verbs
from modelcheck import graph as state_graphs
from modelcheck.commands.options import backend, checker_options, deadlock, define, limits, properties, verbosity
from modelcheck.console import clear_progress, complain, progress
from modelcheck.result import OK


@click.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@click.option("-o", "output", required=True, type=click.Path(dir_okay=False), help="A .dot, .graphml or .svg file.")
@define
@properties
@backend
@limits
@deadlock
@verbosity
def graph(spec: str, output: str, quiet: bool, verbose: bool, **given: Any) -> int:
    """Writes the state graph, with what violates and the trace to it marked; time is ignored. Exits with 0 whatever the
    verdict."""
    path, name = checker.split_spec(spec, None)
    options = replace(checker_options(given), thorough=True, prune=False, progress=progress(quiet))
    try:
        model = checker.compiled(path, name, dict(given["constants"]))
        result = checker.check_model(model, replace(options, properties=options.properties or verbs.checkable(model)))
    finally:
        clear_progress()
    drawn = state_graphs.state_graph(result)
    state_graphs.write(drawn, output)
    if not quiet:
        complain(f"{output}: {drawn.number_of_nodes()} states, {drawn.number_of_edges()} transitions")
    return OK
