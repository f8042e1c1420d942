"""`modelcheck replay`: are saved traces still behaviours?"""

from __future__ import annotations

import click

from modelcheck import checker, verbs
from modelcheck.commands.options import verbosity
from modelcheck.console import complain, write
from modelcheck.errors import SpecError, UsageError, render_all
from modelcheck.reports import itf
from modelcheck.result import EXPECTATION, OK, code_of, most_severe


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE.itf.json...")
@verbosity
def replay(files: tuple[str, ...], quiet: bool, verbose: bool) -> int:
    """Is each saved trace still a behaviour of its spec, and does it still violate?"""
    return most_severe([_replayed(file, quiet) for file in files])


def _replayed(file: str, quiet: bool) -> int:
    recorded = itf.read(file)
    if recorded.source is None:
        raise UsageError(f"{file} names no spec in its #meta: it cannot be replayed")
    try:
        model = checker.compiled(recorded.source, recorded.spec, recorded.constants)
        states, instants = itf.steps(recorded, model), recorded.instants()
    except (UsageError, itf.Misfit) as misfit:
        write(f"{file}: {misfit}\n")
        return EXPECTATION
    except SpecError as error:
        complain(render_all(error.diagnostics))
        return code_of(error)
    steps = list(zip(states, recorded.actions()))
    times = None if instants is None or recorded.end is None else (instants, recorded.end)
    report = verbs.replay_states(model, steps, recorded.property, recorded.kind, recorded.loop, times)
    if not quiet or not report.ok:
        what = recorded.property or (recorded.kind or "").replace("_", " ")
        write(f"{file}: {f'ok, {report.message} ({what})' if report.ok else report.message}\n")
    return OK if report.ok else EXPECTATION
