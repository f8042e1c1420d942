"""The command line. Every verb ends in an exit code of README's table; what goes wrong on the way is told in one line.

Reports go to standard output; progress, mistakes in the spec and on the command line go to standard error. With
`--format json` one object is all that standard output gets, whatever happens.
"""

from __future__ import annotations

import importlib
import signal
import sys
import threading
import traceback
from io import TextIOWrapper
from typing import Any, Sequence

import click

from modelcheck.commands import VERBS
from modelcheck.console import complain, write
from modelcheck.errors import InternalError, MissingFile, SpecError, UsageError, render_all
from modelcheck.result import INTERNAL, INTERRUPTED, OK, USAGE, code_of


class Verbs(click.Group):
    """Each verb is a module of `modelcheck.commands`, imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return getattr(importlib.import_module(f"modelcheck.commands.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="modelcheck")
def cli() -> None:
    """Checks protocols written in a small Python language: every interleaving, the shortest counterexample."""


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
        return _failed(arguments, code_of(error), str(error))
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
