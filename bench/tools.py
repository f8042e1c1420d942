"""How each tool is run: prepared (what counts as compiling), then searched. All figures are checked by the caller."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from protocols import HERE, Protocol, Size


@dataclass(frozen=True, slots=True)
class Run:
    """whole: seconds from the first command to the end of the last. search: of the search alone. bytes: of the search.
    exact: the tool visits every state, so that counts can be compared."""

    distinct: int
    transitions: int
    whole: float
    search: float
    bytes: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    run: Callable[[Protocol, Size, Path], Run]
    present: bool = True
    takes: Callable[[Protocol], bool] = lambda protocol: True


def _output(command: list[str], folder: Path) -> tuple[str, int]:
    """What the command prints, and its peak memory in bytes. Raises RuntimeError where it fails."""
    with open(folder / "out", "w+") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text[-2000:]}")
    return text, usage.ru_maxrss * 1024


def _macros(size: Size) -> list[str]:
    return [f"-D{name}={value}" for name, value in size.macros.items()]


def modelcheck(workers: int) -> Callable[[Protocol, Size, Path], Run]:
    def run(protocol: Protocol, size: Size, folder: Path) -> Run:
        assignments = [f"{name}={value}" for name, value in size.constants.items()]
        started = time.perf_counter()
        text, _ = _output(
            [sys.executable, str(HERE / "measure.py"), str(protocol.spec), str(workers), *assignments], folder
        )
        whole = time.perf_counter() - started
        told = json.loads(text.splitlines()[-1])
        if not told["complete"]:
            raise RuntimeError(f"{protocol.name}: the search is not complete")
        return Run(told["distinct"], told["generated"] - 1, whole, told["search"], told["bytes"])

    return run


def spin(*flags: str, exact: bool = True) -> Callable[[Protocol, Size, Path], Run]:
    def run(protocol: Protocol, size: Size, folder: Path) -> Run:
        started = time.perf_counter()
        _output(["spin", "-a", *_macros(size), str(HERE / "promela" / f"{protocol.name}.pml")], folder)
        _output(["gcc", "-w", "-O2", "-DSAFETY", *flags, "-o", "pan", "pan.c"], folder)
        searching = time.perf_counter()
        table = max(18, size.distinct.bit_length())
        text, peak = _output(["./pan", f"-m{size.distinct + 1000}", "-E", f"-w{table}"], folder)
        ended = time.perf_counter()
        if "errors: 0" not in text or "truncated" in text or "too small" in text:
            raise RuntimeError(f"{protocol.name}: {text[:2000]}")
        distinct = int(float(re.search(r"(\S+) states, stored", text)[1]))
        transitions = int(float(re.search(r"(\S+) transitions", text)[1])) - 1
        return Run(distinct, transitions, ended - started, ended - searching, peak, exact)

    return run


def by_hand(*flags: str) -> Callable[[Protocol, Size, Path], Run]:
    def run(protocol: Protocol, size: Size, folder: Path) -> Run:
        started = time.perf_counter()
        header = f'-DPROTOCOL="{protocol.name}.h"'
        source = str(HERE / "c" / "search.c")
        _output(["gcc", "-O2", "-march=native", header, *_macros(size), *flags, source, "-o", "search"], folder)
        text, _ = _output(["./search"], folder)
        distinct, transitions, _, seconds, peak = text.split()
        whole = time.perf_counter() - started
        return Run(int(distinct), int(transitions), whole, float(seconds), int(peak))

    return run


_SPIN, _GCC = shutil.which("spin") is not None, shutil.which("gcc") is not None


def _small(protocol: Protocol) -> bool:
    return protocol.in_c


TOOLS = (
    Tool("modelcheck", modelcheck(1)),
    Tool("modelcheck, 2 workers", modelcheck(2)),
    Tool("SPIN", spin("-DNOREDUCE"), _SPIN and _GCC),
    Tool("SPIN -DBFS", spin("-DNOREDUCE", "-DBFS"), _SPIN and _GCC),
    Tool("SPIN, reduced", spin(exact=False), _SPIN and _GCC),
    Tool("C", by_hand(), _GCC, _small),
    Tool("C, prefetching", by_hand("-DPREFETCH"), _GCC, _small),
)
