"""The command line. Every verb ends in an exit code of README's table; what goes wrong on the way is told in one line.

Reports go to standard output; progress, mistakes in the spec and on the command line go to standard error. With
`--format json` one object is all that standard output gets, whatever happens.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Callable, Iterable, Sequence

import click

from modelcheck.arguments import Definition, Duration, Size
from modelcheck.console import Counter, clear_progress, complain, progress, width, write
from modelcheck.errors import AssumptionError, InternalError, MissingFile, SpecError, UsageError, render_all
from modelcheck.result import (
    ASSUMPTION,
    EXPECTATION,
    INTERNAL,
    INTERRUPTED,
    OK,
    SPEC,
    USAGE,
    GateResult,
    Result,
    most_severe,
)

def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_define = click.option("-D", "constants", multiple=True, type=Definition(), help="Sets a constant.")
_properties = click.option("--property", "properties", multiple=True, metavar="NAME", help="Checks only these.")
_backend = click.option("--backend", default="auto", metavar="auto|python|llvm", help="What runs the steps.")
_limits = _options(
    click.option("--max-states", type=click.IntRange(min=1), metavar="N", help="Stops at N distinct states."),
    click.option("--max-depth", type=click.IntRange(min=1), metavar="N", help="Stops at N levels."),
    click.option("--time-limit", type=Duration(), metavar="90s", help="Stops after this time."),
    click.option("--memory-limit", type=Size(), metavar="4G", help="Stops at this much memory."),
)
_deadlock = click.option("--no-deadlock", is_flag=True, help="Does not look for deadlocks.")
_format = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
_verbosity = _options(
    click.option("-q", "--quiet", is_flag=True, help="Only what matters."),
    click.option("-v", "--verbose", is_flag=True, help="More; a traceback for our own mistakes."),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="modelcheck")
def cli() -> None:
    """Checks protocols written in a small Python language: every interleaving, the shortest counterexample."""


# --- check ------------------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@_define
@_properties
@_backend
@click.option("--workers", default="1", metavar="N|auto", help="How many cores to use.")
@_limits
@click.option("--store", type=click.Choice(["exact", "compact"]), default="exact", help="compact: fingerprints.")
@click.option("--spill", type=click.Path(file_okay=False), metavar="DIR", help="Keeps states in files beyond it.")
@click.option("--checkpoint", type=click.Path(file_okay=False), metavar="DIR", help="Keeps the search, every minute.")
@click.option("--resume", type=click.Path(file_okay=False), metavar="DIR", help="Goes on from what was kept.")
@click.option("--continue", "thorough", is_flag=True, help="Searches on after a violation.")
@_deadlock
@click.option("--strict", is_flag=True, help="Notes make the verdict vacuous.")
@click.option("--allow-vacuous", multiple=True, metavar="NAME", help="Accepts that this is vacuous.")
@click.option("--witness", metavar="NAME", help="Shows a trace to this @reachable.")
@click.option("--coverage", is_flag=True, help="Lists the source with how often each step was taken.")
@click.option("--columns", is_flag=True, help="Shows traces with one column per process, for a commit message.")
@click.option("--minimal-fairness", is_flag=True, help="Says which fairness each temporal property needs.")
@_format
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE.itf.json", help="Writes the trace as ITF.")
@_verbosity
def check(spec: str, format_: str, save: str | None, quiet: bool, verbose: bool, **given: Any) -> int:
    """Explores a spec and says whether its properties hold."""
    from modelcheck import checker

    options = replace(_checker_options(given), progress=progress(quiet or format_ == "json"))
    try:
        result = checker.check_spec(spec, None, dict(given["constants"]), options)
    finally:
        clear_progress()
    if save:
        _save(result, given["witness"], save)
    if format_ == "json":
        from modelcheck.reports import json

        write(json.render(result) + "\n")
    elif result.diagnostics:
        complain(render_all(result.diagnostics))
    else:
        write(_rendered(result, given, quiet, verbose))
    return result.exit_code


def _checker_options(given: dict[str, Any]) -> Any:
    from modelcheck.exploring import Limits, Options

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
        compact=given.get("store") == "compact",
        **{name: Path(given[name]) if given.get(name) else None for name in ("spill", "checkpoint", "resume")},
    )


def _rendered(result: Result, given: dict[str, Any], quiet: bool, verbose: bool) -> str:
    from modelcheck.reports import terminal

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


def _save(result: Result, witness: str | None, path: str) -> None:
    from modelcheck.reports import itf

    traces = [p.trace for p in result.properties if p.name == witness] if witness else [result.trace]
    if traces and traces[0] is not None:
        itf.save(result, traces[0], path)
    else:
        complain(f"there is no trace to save in {path}")


# --- gate -------------------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option("-k", "select", metavar="EXPR", help="Only cases whose `file::name` matches, as in pytest.")
@click.option("--junit", type=click.Path(dir_okay=False), metavar="FILE", help="Writes JUnit XML.")
@click.option("--save", type=click.Path(file_okay=False), metavar="DIR", help="Writes the traces of violating cases.")
@_format
@_verbosity
def gate(
    specs: tuple[str, ...], select: str | None, junit: str | None, save: str | None, format_: str, quiet: bool,
    verbose: bool,
) -> int:  # fmt: skip
    """Runs every case of the specs (default: specs/): what is expected against what is found."""
    from modelcheck import suite

    done = Counter(quiet or format_ == "json")
    try:
        result = suite.gate(specs or ("specs",), select=select, on_case=done)
    finally:
        clear_progress()
    if junit:
        from modelcheck.reports import junit as as_junit

        Path(junit).parent.mkdir(parents=True, exist_ok=True)
        Path(junit).write_text(as_junit.render(result), encoding="utf-8")
    if save:
        _save_all(result, Path(save))
    _report_gate(result, format_, quiet, verbose)
    return result.exit_code


def _report_gate(result: GateResult, format_: str, quiet: bool, verbose: bool) -> None:
    if format_ == "json":
        from modelcheck.reports import json

        write(json.render_gate(result) + "\n")
    else:
        from modelcheck.reports import table

        write(table.render(result, color=sys.stdout.isatty(), width=width(), quiet=quiet, verbose=verbose))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from modelcheck.reports import github

        annotations = github.render(result)
        complain(annotations.rstrip("\n")) if format_ == "json" else write(annotations)


def _save_all(result: GateResult, folder: Path) -> None:
    """`<spec>/<case>.itf.json` for every case with a violation; a second case of the same slug gets a number."""
    from modelcheck.reports import itf

    used: set[Path] = set()
    for case in result.cases:
        if case.result is None or case.result.trace is None:
            continue
        base = folder / Path(case.path).stem / itf.slug(case.name)
        path, number = base, 1
        while path in used:
            number += 1
            path = base.with_name(f"{base.name}-{number}")
        used.add(path)
        itf.save(case.result, case.result.trace, path.with_name(path.name + ".itf.json"))


# --- the other verbs --------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@_define
@_properties
@_backend
@_limits
@_deadlock
@click.option("--steps", type=click.IntRange(min=1), default=10_000, show_default=True, help="Of each of the walks.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed, the same walks.")
@click.option("--columns", is_flag=True, help="Shows the trace with one column per process.")
@_verbosity
def simulate(spec: str, steps: int, seed: int, quiet: bool, verbose: bool, **given: Any) -> int:
    """Walks at random until something is violated. Never says that anything holds."""
    from modelcheck import checker, verbs

    options = replace(_checker_options(given), progress=progress(quiet), fewest_switches=False)
    path, name = checker.split_spec(spec, None)
    try:
        model = checker.compiled(path, name, dict(given["constants"]))
        result = verbs.simulate_model(model, options, steps=steps, seed=seed)
    finally:
        clear_progress()
    write(_rendered(result, given, quiet, verbose))
    return result.exit_code


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE.itf.json...")
@_verbosity
def replay(files: tuple[str, ...], quiet: bool, verbose: bool) -> int:
    """Is each saved trace still a behaviour of its spec, and does it still violate?"""
    return most_severe([_replayed(file, quiet) for file in files])


def _replayed(file: str, quiet: bool) -> int:
    from modelcheck import checker, verbs
    from modelcheck.reports import itf

    recorded = itf.read(file)
    if recorded.source is None:
        raise UsageError(f"{file} names no spec in its #meta: it cannot be replayed")
    try:
        model = checker.compiled(recorded.source, recorded.spec, recorded.constants)
        states = itf.steps(recorded, model)
    except (UsageError, itf.Misfit) as misfit:
        write(f"{file}: {misfit}\n")
        return EXPECTATION
    except SpecError as error:
        complain(render_all(error.diagnostics))
        return _code_of(error)
    steps = list(zip(states, recorded.actions()))
    report = verbs.replay_states(model, steps, recorded.property, recorded.kind, recorded.loop)
    if not quiet or not report.ok:
        what = recorded.property or (recorded.kind or "").replace("_", " ")
        write(f"{file}: {f'ok, {report.message} ({what})' if report.ok else report.message}\n")
    return OK if report.ok else EXPECTATION


@cli.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@click.option("-o", "output", required=True, type=click.Path(dir_okay=False), help="A .dot, .graphml or .svg file.")
@_define
@_properties
@_backend
@_limits
@_deadlock
@_verbosity
def graph(spec: str, output: str, quiet: bool, verbose: bool, **given: Any) -> int:
    """Writes the state graph, with what violates and the trace to it marked. Exits with 0 whatever the verdict."""
    from modelcheck import checker, graph as state_graphs, verbs

    path, name = checker.split_spec(spec, None)
    options = replace(_checker_options(given), thorough=True, progress=progress(quiet))
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


@cli.command()
@click.argument("spec", metavar="SPEC[:CLASS]")
@_define
@_verbosity
def show(spec: str, constants: Iterable[tuple[str, str]], quiet: bool, verbose: bool) -> int:
    """Prints the model after each stage: as read, as back ends get it, what actions touch, how a state is packed."""
    from modelcheck.stages import stages

    for stage, text in stages(spec, dict(constants)):
        write(text if quiet else f"--- {stage} ---\n{text}\n")
    return OK


# --- from exceptions to exit codes ------------------------------------------------------------------------------------


def _code_of(error: SpecError) -> int:
    return ASSUMPTION if isinstance(error, AssumptionError) else SPEC


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; gives the exit code. Nothing is raised but SystemExit by `--help` and `--version`."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _terminate_as_interrupt()
        code = cli.main(arguments, prog_name="modelcheck", standalone_mode=False)
        return code if isinstance(code, int) else OK
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show(file=sys.stderr)
        return _failed(arguments, USAGE, error.format_message())
    except UsageError as error:
        complain(f"modelcheck: {error}")
        return _failed(arguments, USAGE, str(error))
    except MissingFile as error:
        complain(f"modelcheck: {error}")
        return _failed(arguments, INTERNAL, str(error))
    except SpecError as error:
        complain(render_all(error.diagnostics))
        return _failed(arguments, _code_of(error), str(error))
    except (KeyboardInterrupt, click.Abort):
        complain("modelcheck: interrupted")
        return _failed(arguments, INTERRUPTED, "interrupted")
    except MemoryError:
        complain("modelcheck: this machine has not enough memory")
        return _failed(arguments, INTERNAL, "not enough memory")
    except OSError as error:
        complain(f"modelcheck: {error}")
        return _failed(arguments, INTERNAL, str(error))
    except Exception as error:  # our own mistake, whatever it is: told in one line
        return _own_mistake(arguments, error)


def _terminate_as_interrupt() -> None:
    """A CI that loses patience sends SIGTERM: what was found until then is reported as after Ctrl-C."""

    def interrupt(_: int, __: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def _own_mistake(arguments: list[str], error: Exception) -> int:
    told = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    complain(f"modelcheck: internal error: {told}\nThis is a mistake in modelcheck, not in your spec.")
    if {"-v", "--verbose"} & set(arguments):
        traceback.print_exception(error, file=sys.stderr)
    return _failed(arguments, INTERNAL, told)


def _failed(arguments: list[str], code: int, message: str) -> int:
    """With `--format json` standard output gets its object in any case."""
    pairs = zip(arguments, [*arguments[1:], ""])
    if any(a == "--format=json" or (a, b) == ("--format", "json") for a, b in pairs):
        from modelcheck.reports import json

        try:
            write(json.render_error(code, message) + "\n")
        except OSError:
            pass  # it was standard output that failed, and has been complained about
    return code


if __name__ == "__main__":
    sys.exit(main())
