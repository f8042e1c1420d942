"""The checker's counterexamples on real KVM: the same steps in the same order lose the kick, and v5's order
does not.

specs/deassign.py without the drain, and with the drain before the deassign; specs/qemu/one_thread.py, where
the signal's handler runs before KVM_RUN. After each step what can be seen of the machine is compared with the
state of the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from modelcheck import check
from modelcheck.trace import Trace
from tests.conformance.behaviours import Behaviours, Mismatch, View
from tests.conformance.kvm.guest import INTERRUPTED, NEEDS_KVM
from tests.conformance.kvm.one_thread import replayed
from tests.conformance.kvm.stepped import Deassign
from tests.conformance.remote import Named, Remote

pytestmark = NEEDS_KVM

SPECS = Path(__file__).parents[3] / "specs"
DEASSIGN = SPECS / "deassign.py"
ONE_THREAD = SPECS / "qemu" / "one_thread.py"
ONE_KICK = {"kicks": 1}  # so that no later kick makes up for the one that is lost


def seen_of_deassign(view: View) -> dict[str, Any]:
    notifier = view["notifier"][0]
    return {
        "added": view["added"][0], "seen": view["seen"][0], "signalled": notifier["signalled"],
        "open": notifier["open"], "assigned": view["assigned"][0], "handler": view["handler"][0],
    }  # fmt: skip


Pick = Callable[[list[str]], str | None]  # of the titles of the steps that can be taken, one; None at the end


def follow(constants: dict[str, Any], pick: Pick) -> tuple[list[str], dict[str, Any]]:
    """A behaviour of the spec from a counter of 0 on, on a guest: the steps that were taken, and what is seen at the
    end. Raises Mismatch."""
    behaviours = Behaviours(DEASSIGN, "Deassign", constants, seen_of_deassign)
    with Remote(Deassign) as machine:
        observed = machine.begin()
        state = next(s for s in behaviours.initial() if behaviours.look(s) == observed)
        taken: list[str] = []
        while True:
            moves = {behaviours.model.action_title(a): (a, ways) for a, ways in behaviours.enabled(state)}
            title = pick(list(moves))
            if title is None:
                return taken, observed
            taken.append(title)
            action, ways = moves[title]
            observed = machine.perform(*behaviours.call(action))
            expected = [behaviours.look(way) for way in ways]
            if observed not in expected:
                raise Mismatch(f"{taken}\nmachine: {observed}\nspec:    {expected}")
            state = ways[expected.index(observed)]


def to_the_end(titles: list[str]) -> str | None:
    """Of the steps that the machine can take as the spec does, the first; None once everything rests."""
    return next(iter(possible(titles)), None)


def possible(titles: list[str]) -> list[str]:
    """A lookup and its signal are one instruction: no deassign comes between them."""
    if "vcpu[0]: signal" in titles:
        return [title for title in titles if title != "stop: deassign"]
    return titles


def along(trace: list[str]) -> Pick:
    """The steps of a trace, then on to the end."""
    left = list(trace)
    return lambda titles: left.pop(0) if left else to_the_end(titles)


def scheduled(trace: list[str]) -> Pick:
    """The processes in the order of a trace, each with the step that it has there now; then on to the end."""
    left = [title.partition(":")[0] for title in trace]

    def pick(titles: list[str]) -> str | None:
        while left:
            process = left.pop(0)
            for title in possible(titles):
                if title.startswith(f"{process}:"):
                    return title
        return to_the_end(titles)

    return pick


def counterexample(path: Path, spec: str, prop: str, constants: dict[str, Any]) -> Trace:
    trace = check(path, spec=spec, properties=[prop], constants=constants).trace
    assert trace is not None, f"{prop} is not violated with {constants}"
    return trace


WRONG = {
    "no drain": {"drain": False},
    "drain before deassign": {"order": ("unset", "drain", "deassign", "close")},
}
LOST = {"added": 1, "seen": 0, "signalled": True, "open": False, "assigned": False, "handler": False}
SEEN = {"added": 1, "seen": 1, "signalled": False, "open": False, "assigned": False, "handler": False}


def violating_steps(name: str) -> list[str]:
    trace = counterexample(DEASSIGN, "Deassign", "no_notify_is_lost", {**WRONG[name], **ONE_KICK})
    return list(trace.actions[1:])


@pytest.mark.parametrize("name", WRONG)
def test_the_counterexample_loses_the_kick(name: str) -> None:
    """To the very end: the buffer is there, the signal is in an eventfd that nobody has, the device has not looked."""
    steps = violating_steps(name)
    taken, end = follow({**WRONG[name], **ONE_KICK}, along(steps))
    assert taken[: len(steps)] == steps and end == LOST


@pytest.mark.parametrize("name", WRONG)
def test_v5_does_not_lose_it(name: str) -> None:
    """v5's order of stop_ioeventfd, scheduled as the counterexample is."""
    assert follow(ONE_KICK, scheduled(violating_steps(name)))[1] == SEEN


@pytest.mark.parametrize("seed", range(10))
def test_v5_loses_nothing_in_random_orders(seed: int) -> None:
    random = Random(seed)
    _, end = follow(
        {"kicks": 2}, lambda titles: random.choice(possible(titles)) if possible(titles) else None
    )
    assert end["seen"] == end["added"] == 2


# --- the handler before KVM_RUN ---------------------------------------------------------------------------------------

HOST = ("armed", "sigalrm", "expired", "pending", "exit_request", "pipe")


def on_one_thread(labels: list[str], *, sigmask: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    with Remote(lambda: Named({"replayed": replayed})) as machine:
        return machine.perform("replayed", {"labels": labels, "sigmask": sigmask})


def test_a_handler_before_kvm_run_hangs() -> None:
    """The guest has kicked, and nothing makes it leave but the watchdog: as in the trace, whose end is a stutter."""
    trace = counterexample(ONE_THREAD, "OneThread", "no_notify_is_lost", {})
    before = trace.actions.index("thread: KVM_RUN")
    assert "signal_is_delivered" in trace.actions[:before]
    labels = [title.rpartition(": ")[2] for title in trace.actions[1:before]]
    seen, end = on_one_thread(labels, sigmask=False)
    assert seen == [{name: state[name] for name in HOST} for state in trace.states[:before]]
    assert end == {"left": INTERRUPTED, "by the watchdog": True, "eventfd": 1, "added": 1}
    assert trace.states[-1]["eventfd"] and trace.states[-1]["unseen"] and trace.states[-1]["in_guest"]


def test_with_the_signal_blocked_it_does_not() -> None:
    """The same expiry at the same place; the signal is pending as KVM_RUN begins, which returns at once."""
    labels = [
        "timer_expires",
        "next_cpu = first_cpu",
        "alarm pending?",
        "cpu_single_env = env",
        "exit_request?",
        "pre_run",
    ]
    behaviours = Behaviours(
        ONE_THREAD, "OneThread", {"sigmask": True}, lambda view: {n: view[n] for n in HOST}
    )
    state, expected = behaviours.initial()[0], [behaviours.look(behaviours.initial()[0])]
    for label in labels:
        state = next(ways[0] for a, ways in behaviours.enabled(state) if behaviours.call(a)[0] == label)
        expected.append(behaviours.look(state))
    seen, end = on_one_thread(labels, sigmask=True)
    assert seen == expected
    assert (end["left"], end["by the watchdog"]) == (INTERRUPTED, False)
