"""How each tool is run: prepared (what counts as compiling), then searched. All counts are checked by the caller."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from protocols import HERE, Protocol, Size

TLC_JAR = os.environ.get("TLC_JAR", "")
SETTLE = 0.0  # seconds without anything before a search; see `run.ABOUT`
_GCC = shutil.which("gcc") is not None
_SPIN = _GCC and shutil.which("spin") is not None
_TLC = bool(TLC_JAR) and shutil.which("java") is not None


@dataclass(frozen=True, slots=True)
class Run:
    """whole: seconds from the first command to the end of the last. search: of the search alone. bytes: of the search.
    None where the tool does not tell. exact: the tool visits every state, so that counts can be compared."""

    distinct: int
    transitions: int
    whole: float
    search: float | None
    bytes: int | None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Tool:
    """slow: takes minutes where the others take seconds."""

    name: str
    run: Callable[[Protocol, Size, Path], Run]
    present: bool = True
    slow: bool = False


@functools.cache
def _peak() -> str:
    """The program that runs a command and tells its memory; see peak.c."""
    folder = tempfile.mkdtemp(prefix="modelcheck-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(["gcc", "-O2", str(HERE / "c" / "peak.c"), "-o", f"{folder}/peak"], check=True)
    return f"{folder}/peak"


def _output(command: list[str], folder: Path) -> tuple[str, int | None]:
    """What the command prints, and its peak memory in bytes (None without gcc). Raises RuntimeError where it fails."""
    if _GCC:
        command = [_peak(), str(folder / "peak"), *command]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or every run compiles what was edited
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    if done.returncode:
        told = done.stdout[-1000:] + done.stderr[-1000:]
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{told}")
    return done.stdout, int((folder / "peak").read_text()) if _GCC else None


def settle() -> None:
    """Lets the machine come to rest."""
    time.sleep(SETTLE)


def _macros(size: Size) -> list[str]:
    return [f"-D{name}={value}" for name, value in size.macros.items()]


def modelcheck(workers: int) -> Callable[[Protocol, Size, Path], Run]:
    """The command line for `whole`, then measure.py for `search` and `bytes`: two processes, two searches."""

    def run(protocol: Protocol, size: Size, folder: Path) -> Run:
        settle()
        assignments = [f"{name}={value}" for name, value in size.constants.items()]
        command = [sys.executable, "-m", "modelcheck.cli", "check", str(protocol.spec), "--no-deadlock"]
        command += ["--property", protocol.invariant, "--workers", str(workers), "--format", "json"]
        started = time.perf_counter()
        checked = json.loads(_output([*command, *(f"-D{a}" for a in assignments)], folder)[0])
        whole = time.perf_counter() - started
        settle()
        measure = [sys.executable, str(HERE / "measure.py"), str(protocol.spec), str(workers), *assignments]
        measured = json.loads(_output(measure, folder)[0].splitlines()[-1])
        if any(checked[what] != measured[what] for what in ("complete", "distinct", "generated")):
            raise RuntimeError(f"{protocol.name}: the command line found {checked}, measure.py {measured}")
        if not measured["complete"]:
            raise RuntimeError(f"{protocol.name}: the search is not complete")
        return Run(measured["distinct"], measured["generated"] - 1, whole, measured["search"], measured["bytes"])

    return run


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"there is no {pattern} in:\n{text[:2000]}")
    return int(float(found[1].replace(",", "")))


def spin(*flags: str, options: tuple[str, ...] = (), exact: bool = True) -> Callable[[Protocol, Size, Path], Run]:
    """flags: of gcc; options: of pan. -o2: otherwise variables that are never read are left out of the state."""

    def run(protocol: Protocol, size: Size, folder: Path) -> Run:
        settle()
        started = time.perf_counter()
        _output(["spin", "-o2", "-a", *_macros(size), str(HERE / "promela" / f"{protocol.name}.pml")], folder)
        _output(["gcc", "-w", "-O2", "-DSAFETY", *flags, "-o", "pan", "pan.c"], folder)
        searching = time.perf_counter()
        table = max(18, size.distinct.bit_length()) + bool(options)  # that of -DBFS_PAR does not chain
        text, peak = _output(["./pan", f"-m{size.distinct + 1000}", "-E", f"-w{table}", *options], folder)
        ended = time.perf_counter()
        if "errors: 0" not in text or "truncated" in text or "too small" in text:
            raise RuntimeError(f"{protocol.name}: {text[:2000]}")
        distinct = _number(r"(\S+) states, stored", text)
        transitions = _number(r"(\S+) transitions", text) - 1
        bytes_ = None if options else peak  # several processes share theirs
        return Run(distinct, transitions, ended - started, ended - searching, bytes_, exact)

    return run


def by_hand(*flags: str) -> Callable[[Protocol, Size, Path], Run]:
    def run(protocol: Protocol, size: Size, folder: Path) -> Run:
        settle()
        started = time.perf_counter()
        header = f'-DPROTOCOL="{protocol.name}.h"'
        source = str(HERE / "c" / "search.c")
        _output(["gcc", "-O2", "-march=native", header, *_macros(size), *flags, source, "-o", "search"], folder)
        text, _ = _output(["./search"], folder)
        whole = time.perf_counter() - started
        distinct, transitions, _, seconds, peak = text.split()
        return Run(int(distinct), int(transitions), whole, float(seconds), int(peak))

    return run


def tlc(protocol: Protocol, size: Size, folder: Path) -> Run:
    """One worker, Java's default heap. TLC tells seconds only in whole ones, so there is no search of its own."""
    settle()
    constants = "".join(f"\n  {name} = {value}" for name, value in size.macros.items())
    (folder / f"{protocol.name}.cfg").write_text(f"SPECIFICATION Spec\nCONSTANTS{constants}\n")
    shutil.copy(HERE / "tla" / f"{protocol.name}.tla", folder)
    command = ["java", "-XX:+UseParallelGC", "-cp", TLC_JAR, "tlc2.TLC", "-deadlock", "-workers", "1", "-nowarning"]
    started = time.perf_counter()
    text, peak = _output([*command, f"{protocol.name}.tla"], folder)
    whole = time.perf_counter() - started
    generated = _number(r"(?m)^(\d+) states generated", text)
    distinct = _number(r"(?m)^\d+ states generated, (\d+) distinct", text)
    return Run(distinct, generated - 1, whole, None, peak)


TOOLS = (
    Tool("modelcheck", modelcheck(1)),
    Tool("modelcheck, 2 workers", modelcheck(2)),
    Tool("SPIN", spin("-DNOREDUCE"), _SPIN),
    Tool("SPIN -DBFS", spin("-DNOREDUCE", "-DBFS"), _SPIN),
    Tool("SPIN -DBFS_PAR", spin("-DNOREDUCE", "-DBFS_PAR", options=("-u2",), exact=False), _SPIN),
    Tool("SPIN, reduced", spin(exact=False), _SPIN),
    Tool("TLC", tlc, _TLC, slow=True),
    Tool("C", by_hand(), _GCC),
    Tool("C, prefetching", by_hand("-DPREFETCH"), _GCC),
)
