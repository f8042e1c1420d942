"""Traces: what the search found, as the interpreter takes it; and saved ones, taken again."""

from dataclasses import replace

import numpy as np
import pytest

from modelcheck.errors import InternalError, UsageError
from modelcheck.ir import evaluate
from modelcheck.ir.nodes import Const, Model
from modelcheck.ir.ops import FaultKind
from modelcheck.ir.types import BOOL
from modelcheck.search.bfs import search
from modelcheck.search.exploration import Finding, Goal
from modelcheck.search.simulate import simulate
from modelcheck.trace import Failure, Trace, replay, trace_of_path, trace_to
from tests.interpreted import Interpreted
from tests.models import choices, counter, every_fault, kick_and_serve, two_phase_commit


def number(model: Model, name: str) -> int:
    found = next(p.predicate for p in model.properties if p.name == name)
    assert found is not None
    return found


def traced(model: Model, goal: Goal, kind: str, *, fewest_switches: bool = False) -> Trace:
    system = Interpreted(model)
    seen = search(system, goal, thorough=True)
    finding = next(f for f in seen.findings if f.kind == kind)
    return trace_to(seen, system, model, finding, "p", "simulation", fewest_switches=fewest_switches)


def frozen(model: Model) -> Model:
    """The model with every place called a step: nothing may rest."""
    return replace(
        model,
        processes=tuple(
            replace(p, places=tuple(replace(place, kind="step") for place in p.places)) for p in model.processes
        ),
    )


def goals():
    kick, two, pick, count = kick_and_serve(), two_phase_commit(2), choices(), counter(3)
    impossible = replace(kick, predicates=(*kick.predicates, Const(False, BOOL)))
    stepped = replace(count, step_predicates=(Const(False, BOOL),))
    return {
        "invariant": (pick, Goal((number(pick, "never_four"),)), "invariant", 2),
        "initial state": (impossible, Goal((len(kick.predicates),)), "invariant", 1),
        "reachable": (two, Goal(reachables=(number(two, "commits"),)), "reachable", 6),
        "deadlock": (frozen(kick), Goal(), "deadlock", 7),
        "fault": (every_fault(), Goal(), "fault", 1),
        "predicate fault": (every_fault(), Goal((0,)), "predicate_fault", 1),
        "step": (stepped, Goal(step_invariants=(0,)), "step_invariant", 2),
    }


@pytest.mark.parametrize("model, goal, kind, length", goals().values(), ids=goals())
@pytest.mark.parametrize("fewest_switches", [False, True], ids=["first", "fewest switches"])
def test_traces_are_behaviours(model, goal, kind, length, fewest_switches):
    trace = traced(model, goal, kind, fewest_switches=fewest_switches)
    assert trace.length == length and (trace.switches is not None) == fewest_switches
    assert trace.steps[0].action is None
    assert trace.steps[0].state in [o.state for o in evaluate.initial(model)]
    for before, after in zip(trace.steps, trace.steps[1:]):
        ways = evaluate.outcomes(model, before.state, after.action)
        assert (after.state, after.chosen) in [(o.state, o.chosen) for o in ways]
    assert (trace.failure is not None) == ("fault" in kind)


def test_a_trace_says_what_was_chosen():
    trace = traced(choices(), Goal((0,)), "invariant")
    assert [[(name, value) for name, value, _ in step.chosen] for step in trace.steps] == [[("n", 2)], [("step", 2)]]


@pytest.mark.parametrize("action", range(10))
def test_failures(action):
    model = every_fault()
    label = model.actions[action].label
    system = Interpreted(model)
    answer = system.successors(system.initial().target)
    site = next(site for _, a, site in answer.faults.tolist() if a == action)
    finding = Finding("fault", 0, None, action, site)
    trace = trace_of_path(model, system, system.initial().target, np.array([-1]), finding, None, "evaluation_error")
    failure = trace.failure
    assert isinstance(failure, Failure)
    assert (failure.action, failure.kind) == (action, FaultKind[label.split()[0]])
    assert failure.span is not None and failure.span.text == label.split()[0]


def test_the_initialisation_may_fail():
    model = every_fault()
    broken = replace(model, initial=(*model.initial, *model.actions[0].body))
    trace = traced(broken, Goal(), "fault")
    assert trace.length == 0
    assert trace.failure is not None and (trace.failure.action, trace.failure.kind) == (None, FaultKind.RANGE)


def test_the_walk_of_a_simulation_is_a_trace():
    model = choices()
    system = Interpreted(model)
    walk = simulate(system, Goal((0,)), steps=50, seed=2)
    trace = trace_of_path(model, system, walk.rows, walk.actions, walk.finding, "never_four", "simulation")
    assert trace.length == len(walk.rows) and trace.steps[-1].state[0] == 4


LIES = {
    "another state": lambda s: replace(s, states=s.states[::-1]),
    "another action": lambda s: replace(s, action=np.where(s.action == 0, 1, s.action)),
    "no violation": lambda s: replace(s, findings=(Finding("invariant", 0, 0),)),
    "no deadlock": lambda s: replace(s, findings=(Finding("deadlock", 1),)),
    "no fault": lambda s: replace(s, findings=(Finding("fault", 1, None, 0, 0),)),
    "no predicate fault": lambda s: replace(s, findings=(Finding("predicate_fault", 1, 0),)),
    "no witness": lambda s: replace(s, findings=(Finding("reachable", 0, number(counter(3), "top")),)),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_system_that_lies_is_found_out(lie):
    model = counter(3)
    system = Interpreted(model)
    system.sites = Interpreted(every_fault()).sites
    system.site(evaluate.EvaluationError(FaultKind.RANGE))
    seen = lie(search(system, Goal((number(model, "below"),))))
    with pytest.raises(InternalError):
        trace_to(seen, system, model, seen.findings[0], "below", "invariant")


# --- replaying --------------------------------------------------------------------------------------------------------

UP = ((0,), None), ((1,), "up"), ((2,), "up"), ((3,), "up")
REPLAYS = {
    "a behaviour": (UP, None, None, True, None),
    "without titles": (tuple((state, None) for state, _ in UP), None, None, True, None),
    "violates": (UP, "below", "invariant", True, None),
    "does not violate": (UP[:3], "below", "invariant", False, None),
    "unknown property": (UP, "belov", "invariant", False, None),
    "of another kind": (UP, "below", "action_invariant", False, None),
    "witness": (UP, "top", "reachable", True, None),
    "no witness": (UP[:2], "top", "reachable", False, None),
    "not initial": (UP[1:], None, None, False, 0),
    "another state": ((*UP[:2], ((3,), "up")), None, None, False, 2),
    "blocked": ((*UP, ((3,), "up")), "below", "invariant", False, 4),
    "unknown action": ((*UP[:3], ((3,), "upp")), None, None, False, 3),
    "no action leads there": ((UP[0], ((2,), None)), None, None, False, 1),
    "no deadlock": (UP, None, "deadlock", False, None),
    "no assertion": (UP, None, "assertion", False, None),
    "action invariant holds": (UP, "steps_by_one", "action_invariant", False, None),
}


@pytest.mark.parametrize("steps, property_name, kind, ok, step", REPLAYS.values(), ids=REPLAYS)
def test_replay(steps, property_name, kind, ok, step):
    report = replay(counter(3), steps, property_name=property_name, kind=kind)
    assert (report.ok, report.step) == (ok, step)


INITIAL = "the first state is not an initial state: "
MESSAGES = {
    "another state": ((UP[0], ((3,), "up")), "step 1 is not enabled: `up` leads to n=1 where the trace has n=3"),
    "blocked": ((*UP, ((0,), "up")), "step 4 is not enabled: `up` is blocked: `when(self.n < 3)` is false"),
    "unknown": ((UP[0], ((1,), "upp")), "step 1 is not enabled: counter has no action `upp`"),
    "not initial": ((UP[3],), f"{INITIAL}the initialisation leads to n=0 where the trace has n=3"),
}


@pytest.mark.parametrize("steps, message", MESSAGES.values(), ids=MESSAGES)
def test_the_reason_is_told(steps, message):
    assert replay(counter(3), steps).message == message


def test_replay_tells_where_a_process_stands():
    model = kick_and_serve()
    state = evaluate.initial(model)[0].state
    report = replay(model, [(state, None), (state, "guest: kick")])
    assert report.message == "step 1 is not enabled: `guest: kick` is blocked: guest stands at `add buffer`"


@pytest.mark.parametrize("kind", ["deadlock", "assertion", "evaluation_error"])
def test_replay_of_failures(kind):
    model = frozen(kick_and_serve()) if kind == "deadlock" else every_fault()
    trace = traced(model, Goal(), "deadlock" if kind == "deadlock" else "fault")
    steps = [(s.state, None if s.action is None else model.action_title(s.action)) for s in trace.steps]
    assert replay(model, steps, kind=kind).ok
    if kind == "deadlock":
        assert not replay(kick_and_serve(), steps, kind=kind).ok
        assert not replay(model, steps[:-1], kind=kind).ok


def test_temporal_traces_are_refused_by_name():
    with pytest.raises(UsageError):
        replay(counter(3), UP, property_name="p", kind="temporal")
