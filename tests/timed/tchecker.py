"""TChecker as a witness: its notation read and written, its `tck-reach` run.

What is read is what the examples of TChecker use: no attributes but initial, committed, urgent, invariant, provided, do
and labels, no weak synchronisation, no arrays of clocks. What is written has arrays of integers too.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from modelcheck.ir.types import ArrayType, IntType, cardinality
from tests.timed.networks import Automaton, Edge, Network

KEYS = ("initial", "committed", "urgent", "invariant", "labels", "provided", "do")
NODE = re.compile(r'^\s*\d+ \[.*?intval="(.*?)".* vloc="<(.*?)>"', re.M)
Discrete = tuple[tuple[int, ...], tuple[int, ...]]  # locations, values of variables in order of declaration


# --- reading ---


def attributes(text: str) -> dict[str, str]:
    """`initial: : invariant: x < 1`"""
    told: dict[str, str] = {}
    key = ""
    for part in map(str.strip, text.split(":")):
        if part in KEYS:
            key, told[part] = part, ""
        elif part:
            told[key] = part.replace("&&", " and ")
    return told


def read(text: str) -> str:
    """A network of TChecker's in our notation, the initial location of each process first."""
    head: list[str] = []
    processes: dict[str, tuple[list[str], list[str]]] = {}
    for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
        declared, _, rest = line.partition("{")
        kind, *words = declared.split(":")
        told = attributes(rest.removesuffix("}"))
        match kind, words:
            case "clock", ["1", name]:
                head.append(f"clock {name}")
            case "int", ["1", low, high, start, name]:
                head.append(f"int {name} {low} {high} {start}")
            case "process", [name]:
                processes[name] = [], []
            case "location", [process, name]:
                marks = " ".join(m for m in ("committed", "urgent") if m in told)
                at = 0 if "initial" in told else len(processes[process][0])
                processes[process][0].insert(at, f"location {name} {marks} | {told.get('invariant', '')}")
            case "edge", [process, source, target, event]:
                parts = f"{told.get('provided', '')} | {told.get('do', '')}"
                processes[process][1].append(f"edge {source} {target} {event} | {parts}")
            case "sync", pairs:
                head.append(f"sync {' '.join(pairs)}")
            case "system" | "event", [_]:
                continue
            case _:
                raise ValueError(f"not read: {line}")
    for name, (locations, edges) in processes.items():
        head += [f"process {name}", *locations, *edges]
    return "\n".join(head)


# --- writing ---


def written(net: Network) -> str:
    """The network in TChecker's notation, without edges that take part in no step: its bounds would come from them too.
    Each location has the label process_location."""
    lines = ["system:network", *(f"clock:1:{c}" for c in net.clocks)]
    for (name, decl), start in zip(net.ints.items(), net.initial):
        size, of = 1, decl.type
        if isinstance(of, ArrayType):
            size, of = cardinality(of.index), of.of
        assert isinstance(of, IntType)
        lines.append(f"int:{size}:{of.lo}:{of.hi}:{start}:{name}")
    events = [e.event for p in net.processes for e in p.edges] + [event for sync in net.syncs for _, event in sync]
    lines += [f"event:{e}" for e in dict.fromkeys(events)]
    taken = {id(e) for step in net.steps() for _, e in step}
    lines += [line for p in net.processes for line in _process(p, [e for e in p.edges if id(e) in taken])]
    lines += ["sync:" + ":".join(f"{p}@{e}" for p, e in sync) for sync in net.syncs]
    return "\n".join(lines) + "\n"


def _process(p: Automaton, edges: list[Edge]) -> list[str]:
    lines = [f"process:{p.name}"]
    for i, x in enumerate(p.locations):
        marks = [m for m, holds in (("initial:", not i), ("committed:", x.committed), ("urgent:", x.urgent)) if holds]
        marks += [f"invariant: {_joined(x.invariant)}"] if x.invariant else []
        lines.append(f"location:{p.name}:{x.name}{{{' : '.join([*marks, f'labels: {p.name}_{x.name}'])}}}")
    for e in edges:
        source, target = (p.locations[i].name for i in (e.source, e.target))
        parts = [f"provided: {_joined(e.guard)}"] if e.guard else []
        parts += [f"do: {e.do}"] if e.do else []
        lines.append(f"edge:{p.name}:{source}:{target}:{e.event}{{{' : '.join(parts)}}}")
    return lines


def _joined(text: str) -> str:
    return text.replace(" and ", " && ")


# --- running ---


@dataclass(frozen=True, slots=True)
class Answer:
    """states: where they were asked for."""

    visited: int
    transitions: int
    stored: int
    reachable: bool
    seconds: float
    bytes: int
    states: frozenset[Discrete] = frozenset()


def ask(
    tck: str,
    text: str,
    *,
    covering: bool = True,
    labels: tuple[str, ...] = (),
    states: Network | None = None,
    seconds: float | None = None,
) -> Answer | None:
    """Breadth first. labels: it stops where all of them are together. states: also the discrete states of this network,
    whose text it is. None where it takes longer than `seconds`. Raises CalledProcessError."""
    command = [tck, "-a", "covreach" if covering else "reach", "-s", "bfs"]
    command += ["-l", ",".join(labels)] if labels else []
    command += ["-C", "graph"] if states else []
    try:
        out = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=seconds).stdout
    except subprocess.TimeoutExpired:
        return None
    told = dict(re.findall(r"^([A-Z_]+) (\S+)$", out, re.M))
    return Answer(
        int(told["VISITED_STATES"]),
        int(told["VISITED_TRANSITIONS"]),
        int(told["STORED_STATES" if covering else "VISITED_STATES"]),
        told["REACHABLE"] == "true",
        float(told["RUNNING_TIME_SECONDS"]),
        int(told["MEMORY_MAX_RSS"]) * 1024,
        frozenset(_discrete(states, *node) for node in NODE.findall(out)) if states else frozenset(),
    )


def _discrete(net: Network, values: str, places: str) -> Discrete:
    at = tuple(p.at(name) for p, name in zip(net.processes, places.split(","), strict=True))
    return at, tuple(int(v.split("=")[1]) for v in values.split(",") if v)
