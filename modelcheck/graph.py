"""The state graph of an exploration as a networkx graph, for whoever wants to see a space rather than a trace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, Protocol

import networkx as nx

from modelcheck.errors import UsageError
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model, VariableDecl
from modelcheck.ir.printer import show_value
from modelcheck.ir.types import EnumType, Type
from modelcheck.search.alike import alike
from modelcheck.search.expand import transitions
from modelcheck.search.exploration import Exploration, Finding
from modelcheck.trace import Trace, decoded

MOST_DRAWN = 20_000  # nodes that Graphviz is asked to place
FORMATS = (".dot", ".graphml", ".svg")


class Explored(Protocol):
    """What a graph needs of the result of a check."""

    @property
    def model(self) -> Model | None: ...

    @property
    def system(self) -> Any: ...

    @property
    def exploration(self) -> Exploration | None: ...

    @property
    def trace(self) -> Trace | None: ...


def state_graph(result: Explored) -> nx.MultiDiGraph:
    """The states that a check explored and every transition between them.

    node: the number of the state in breadth-first order. `state`: variable -> value; of a process, its label.
    `initial`. `depth`: from 1. `violating`: a violated invariant is false there, or it is a deadlock, or a step out of
    it fails. `expanded`: False where the search stopped or a constraint cut. `trace`: its place in the trace of the
    result, from 0, or None.
    edge: `action`, the id; `title`; `violating`: an action invariant is false; `trace`: it is a step of the trace.
    The types of the variables are in `graph.graph["types"]`. Raises UsageError where nothing was explored.
    """
    model, system, exploration = result.model, result.system, result.exploration
    if model is None or system is None or exploration is None:
        raise UsageError("there is no state graph: the spec was not explored")
    graph = nx.MultiDiGraph(name=model.name, types={v.name: _type(model, v) for v in model.variables})
    _add_states(graph, model, exploration)
    titles = [model.action_title(i) for i in range(len(model.actions))]
    for source, action, target in transitions(exploration, system):
        if target >= 0:
            graph.add_edge(source, target, action=action, title=titles[action], violating=False, trace=False)
    for finding in exploration.findings:
        if finding.kind != "reachable" and finding.state >= 0:
            _mark_violations(graph, exploration, alike(exploration, system, finding, 0, exploration.distinct))
    if result.trace is not None:
        _mark_trace(graph, model, exploration, result.trace)
    return graph


def _type(model: Model, variable: VariableDecl) -> Type:
    """Of the values in the graph: a place is its label."""
    if variable.kind == "place" and variable.process is not None:
        return EnumType(tuple(dict.fromkeys(p.label for p in model.processes[variable.process].places)))
    return variable.type


def _mark_violations(graph: nx.MultiDiGraph, exploration: Exploration, findings: list[Finding]) -> None:
    row_of = {tuple(state): row for row, state in enumerate(exploration.states.tolist())}
    for finding in findings:
        if finding.target is None:
            graph.nodes[finding.state]["violating"] = True
        elif finding.target in row_of:
            _edge(graph, finding.state, row_of[finding.target], finding.action)["violating"] = True


def _edge(graph: nx.MultiDiGraph, source: int, target: int, action: int | None) -> dict[str, Any]:
    """The first edge of that action between two nodes."""
    return next(data for data in graph[source][target].values() if data["action"] == action)


def _add_states(graph: nx.MultiDiGraph, model: Model, exploration: Exploration) -> None:
    layout = Layout(model.variables)
    levels, parents, expanded = (a.tolist() for a in (exploration.levels, exploration.parent, exploration.expanded))
    depth = 0
    for row, packed in enumerate(layout.unpack(exploration.states)):
        while row >= levels[depth]:
            depth += 1
        graph.add_node(
            row,
            state=decoded(model, layout.decode(packed)),
            initial=parents[row] < 0,
            depth=depth,
            violating=False,
            expanded=expanded[row],
            trace=None,
        )


def _mark_trace(graph: nx.MultiDiGraph, model: Model, exploration: Exploration, trace: Trace) -> None:
    """Notes the trace in its nodes and edges. A state that it passes twice keeps its first place."""
    layout = Layout(model.variables)
    row_of = {packed: row for row, packed in enumerate(layout.unpack(exploration.states))}
    before = None
    for place, step in enumerate(trace.steps):
        row = row_of[layout.encode(step.state)]
        if graph.nodes[row]["trace"] is None:
            graph.nodes[row]["trace"] = place
        if before is not None:
            _edge(graph, before, row, step.action)["trace"] = True
        before = row


def shortest_counterexample(graph: nx.MultiDiGraph) -> list[int]:
    """The nodes of a shortest path from an initial state to a violation; empty where there is none."""
    initial = {n for n, data in graph.nodes(data=True) if data["initial"]}
    paths = nx.multi_source_dijkstra_path(graph, initial, weight=None) if initial else {}
    found = [paths[n] for n, data in graph.nodes(data=True) if data["violating"] and n in paths]
    found += [[*paths[s], t] for s, t, data in graph.edges(data=True) if data["violating"] and s in paths]
    return min(found, key=len, default=[])


# --- files ------------------------------------------------------------------------------------------------------------


def write(graph: nx.MultiDiGraph, path: str | Path) -> None:
    """Writes .dot, .graphml, or .svg (through Graphviz), the violating states and the trace marked.
    Raises UsageError for another suffix, for a graph too large to draw, and where Graphviz is missing or fails."""
    path = Path(path)
    if path.suffix not in FORMATS:
        raise UsageError(f"{path}: a state graph is written as {', '.join(FORMATS)}")
    if path.suffix == ".graphml":
        nx.write_graphml(_plain(graph), path)
        return
    if len(graph) > MOST_DRAWN:
        raise UsageError(
            f"{len(graph)} states are too many to draw (at most {MOST_DRAWN}); "
            "write .graphml, or explore less: smaller constants, --max-states, --max-depth"
        )
    text = dot(graph)
    if path.suffix == ".dot":
        path.write_text(text, encoding="utf-8")
    else:
        path.write_bytes(_svg(text))


def _svg(text: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise UsageError("an .svg needs Graphviz, whose `dot` is not installed; install it, or write .dot or .graphml")
    done = subprocess.run([program, "-Tsvg"], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise UsageError(f"Graphviz could not draw the graph: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _shown_state(graph: nx.MultiDiGraph, state: dict[str, Any]) -> list[str]:
    types = graph.graph["types"]
    return [f"{name} = {show_value(types[name], value)}" for name, value in state.items()]


def dot(graph: nx.MultiDiGraph) -> str:
    """The graph in Graphviz's language: initial states with a bold frame, violating ones red, the trace thick."""
    lines = [f"digraph {_quoted([graph.name])} {{", "  node [shape=box, fontname=monospace, fontsize=10];"]
    for node, data in graph.nodes(data=True):
        marks = ["style=filled, fillcolor=salmon"] if data["violating"] else []
        marks += ["penwidth=3"] if data["initial"] else []
        marks += ["color=red"] if data["trace"] is not None else []
        marks += ["style=dashed"] if not data["expanded"] and not data["violating"] else []
        label = _quoted(_shown_state(graph, data["state"]))
        lines.append(f"  {node} [{', '.join([f'label={label}', *marks])}];")
    for source, target, data in graph.edges(data=True):
        mark = ", color=red, penwidth=2" if data["trace"] else ", color=salmon" if data["violating"] else ""
        lines.append(f"  {source} -> {target} [label={_quoted([data['title']])}{mark}];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(lines: list[str]) -> str:
    """A string of Graphviz, its lines set flush left where there are several."""
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + (escaped[0] if len(escaped) == 1 else "".join(f"{line}\\l" for line in escaped)) + '"'


def _plain(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """The same graph with attributes that GraphML can hold: numbers, booleans, strings."""
    plain = nx.MultiDiGraph(name=graph.name)
    for node, data in graph.nodes(data=True):
        place = -1 if data["trace"] is None else data["trace"]
        kept = {name: data[name] for name in ("initial", "depth", "violating", "expanded")}
        plain.add_node(node, state="\n".join(_shown_state(graph, data["state"])), trace=place, **kept)
    for source, target, data in graph.edges(data=True):
        plain.add_edge(source, target, **data)
    return plain
