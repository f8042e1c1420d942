from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import networkx as nx
import pytest

from modelcheck import graph as graphs
from modelcheck.errors import UsageError
from modelcheck.graph import shortest_counterexample, state_graph, write
from modelcheck.ir.nodes import Apply, Variable
from modelcheck.ir.ops import Op
from modelcheck.ir.types import BOOL
from modelcheck.search.bfs import search
from modelcheck.search.exploration import Goal, Limits
from modelcheck.trace import trace_to
from tests.interpreted import Interpreted
from tests.models import choices, counter, every_fault, kick_and_serve, two_phase_commit

BELOW = 1  # the number of that invariant of `counter`


def explored(model, goal, **options):
    system = Interpreted(model)
    seen = search(system, goal, **options)
    finding = next((f for f in seen.findings if f.kind != "reachable"), None)
    trace = None if finding is None else trace_to(seen, system, model, finding, None, "invariant")
    return SimpleNamespace(model=model, system=system, exploration=seen, trace=trace)


CASES = {
    "invariant": (choices(), Goal((0,), deadlock=False)),
    "late invariant": (counter(5), Goal((BELOW,), deadlock=False)),
    "deadlock": (choices(), Goal()),
    "two-phase commit": (two_phase_commit(2), Goal((0,), deadlock=False)),
    "fault": (every_fault(), Goal()),
    "step": (counter(3), Goal(step_invariants=(0,), deadlock=False)),
}


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("model, goal", CASES.values(), ids=CASES)
def test_the_shortest_path_is_as_long_as_the_trace(model, goal, thorough):
    result = explored(model, goal, thorough=thorough)
    graph = state_graph(result)
    assert len(graph) == result.exploration.distinct
    assert graph.number_of_edges() == result.exploration.taken.sum()
    path = shortest_counterexample(graph)
    assert len(path) == (result.trace.length if result.trace else 0)
    if path:
        assert graph.nodes[path[0]]["initial"] and nx.is_path(graph, path)


def test_step_violations_are_marked_on_edges():
    model = counter(3)
    t = model.variables[0].type
    rising = Apply(Op.LT, (Variable(0, t), Variable(0, t, after=True)), BOOL)
    result = explored(replace(model, step_predicates=(rising,)), Goal(step_invariants=(0,)))
    graph = state_graph(result)
    assert [(s, t) for s, t, data in graph.edges(data=True) if data["violating"]] == [(3, 0)]
    assert shortest_counterexample(graph) == [0, 1, 2, 3, 0] and result.trace.length == 5


def test_attributes():
    graph = state_graph(explored(kick_and_serve(1), Goal()))
    first = graph.nodes[0]
    assert first["state"]["added"] == 0 and first["state"]["signalled"] is False
    assert (first["initial"], first["depth"], first["violating"], first["trace"]) == (True, 1, False, None)
    assert [(t, d["action"], d["title"]) for _, t, d in graph.out_edges(0, data=True)] == [(1, 0, "guest: add buffer")]
    depths = nx.single_source_shortest_path_length(graph, 0)
    assert all(data["depth"] == depths[n] + 1 for n, data in graph.nodes(data=True))


def test_the_trace_is_marked():
    result = explored(counter(3), Goal((BELOW,), deadlock=False))
    graph = state_graph(result)
    assert [n for n, d in graph.nodes(data=True) if d["trace"] is not None] == [0, 1, 2, 3]
    assert [(s, t) for s, t, d in graph.edges(data=True) if d["trace"]] == [(0, 1), (1, 2), (2, 3)]


def test_what_lies_beyond_a_limit_is_no_edge():
    graph = state_graph(explored(counter(9), Goal(), limits=Limits(depth=4)))
    assert (len(graph), graph.number_of_edges()) == (4, 3)
    assert [d["expanded"] for _, d in graph.nodes(data=True)] == [True, True, True, False]


def test_nothing_explored():
    with pytest.raises(UsageError):
        state_graph(SimpleNamespace(model=None, system=None, exploration=None, trace=None))


# --- files ------------------------------------------------------------------------------------------------------------


def test_dot(tmp_path):
    write(state_graph(explored(counter(2), Goal((BELOW,), deadlock=False))), tmp_path / "g.dot")
    lines = (tmp_path / "g.dot").read_text().splitlines()
    assert lines[0] == 'digraph "counter" {' and lines[-1] == "}"
    assert sum(" -> " in line for line in lines) == 2
    assert sum("salmon" in line for line in lines) == 1


def test_graphml_can_be_read_back(tmp_path):
    graph = state_graph(explored(choices(), Goal((0,), deadlock=False)))
    write(graph, tmp_path / "g.graphml")
    again = nx.read_graphml(tmp_path / "g.graphml", node_type=int, force_multigraph=True)
    assert nx.utils.nodes_equal(again.nodes, graph.nodes) and again.number_of_edges() == graph.number_of_edges()
    for name in ("violating", "initial", "depth"):
        assert dict(again.nodes(data=name)) == dict(graph.nodes(data=name))


@pytest.mark.skipif(graphs.shutil.which("dot") is None, reason="Graphviz is not installed")
def test_svg(tmp_path):
    write(state_graph(explored(counter(2), Goal())), tmp_path / "g.svg")
    assert ElementTree.parse(tmp_path / "g.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("name", ["g.png", "g"])
def test_other_formats_are_refused(tmp_path, name):
    with pytest.raises(UsageError):
        write(state_graph(explored(counter(2), Goal())), tmp_path / name)


@pytest.mark.parametrize("suffix, refused", [(".dot", True), (".svg", True), (".graphml", False)])
def test_too_many_states_to_draw(tmp_path, monkeypatch, suffix, refused):
    monkeypatch.setattr(graphs, "MOST_DRAWN", 2)
    graph = state_graph(explored(counter(2), Goal()))
    if refused:
        with pytest.raises(UsageError):
            write(graph, tmp_path / f"g{suffix}")
    else:
        write(graph, tmp_path / f"g{suffix}")


def test_an_svg_without_graphviz_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(graphs.shutil, "which", lambda name: None)
    with pytest.raises(UsageError):
        write(state_graph(explored(counter(2), Goal())), tmp_path / "g.svg")
