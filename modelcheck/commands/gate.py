"""`modelcheck gate`: every case of the specs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from modelcheck import suite
from modelcheck.commands.options import format_, verbosity
from modelcheck.console import Counter, clear_progress, complain, width, write
from modelcheck.reports import github, itf, json, table
from modelcheck.reports import junit as as_junit
from modelcheck.reports import markdown as as_markdown
from modelcheck.result import GateResult


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option("-k", "select", metavar="EXPR", help="Only cases whose `file::name` matches, as in pytest.")
@click.option("--junit", type=click.Path(dir_okay=False), metavar="FILE", help="Writes JUnit XML.")
@click.option("--markdown", type=click.Path(dir_okay=False), metavar="FILE", help="Writes the answers as tables.")
@click.option("--save", type=click.Path(file_okay=False), metavar="DIR", help="Writes the traces of violating cases.")
@format_
@verbosity
def gate(
    specs: tuple[str, ...], select: str | None, junit: str | None, markdown: str | None, save: str | None,
    format_: str, quiet: bool, verbose: bool,
) -> int:  # fmt: skip
    """Runs every case of the specs (default: specs/): what is expected against what is found."""
    paths = specs or ("specs",)
    done = Counter(quiet or format_ == "json")
    try:
        result = suite.gate(paths, select=select, on_case=done)
    finally:
        clear_progress()
    if junit:
        _write(junit, as_junit.render(result))
    if markdown:
        _write(markdown, as_markdown.render(result, f"The cases of {' '.join(paths)}"))
    if save:
        _save_all(result, paths, Path(save))
    _report_gate(result, format_, quiet, verbose)
    return result.exit_code


def _write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def _report_gate(result: GateResult, format_: str, quiet: bool, verbose: bool) -> None:
    if format_ == "json":
        write(json.render_gate(result) + "\n")
    else:
        write(table.render(result, color=sys.stdout.isatty(), width=width(), quiet=quiet, verbose=verbose))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        annotations = github.render(result)
        complain(annotations.rstrip("\n")) if format_ == "json" else write(annotations)


def _save_all(result: GateResult, specs: tuple[str, ...], folder: Path) -> None:
    """`<spec>/<case>.itf.json` for every case with a violation, below folders as those of the specs; a second case of
    the same slug gets a number."""
    roots = [p if p.is_dir() else p.parent for p in map(Path, specs)]
    used: set[Path] = set()
    for case in result.cases:
        if case.result is None or case.result.trace is None:
            continue
        spec = Path(case.path)
        below = next((spec.relative_to(root) for root in roots if spec.is_relative_to(root)), Path(spec.name))
        base = folder / below.with_suffix("") / itf.slug(case.name)
        path, number = base, 1
        while path in used:
            number += 1
            path = base.with_name(f"{base.name}-{number}")
        used.add(path)
        itf.save(case.result, case.result.trace, path.with_name(path.name + ".itf.json"))
