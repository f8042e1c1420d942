"""Specs from their text to a lasso that the reference interpreter has taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcheck import backends, frontends, passes
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model, Property
from modelcheck.search import bfs
from modelcheck.search.exploration import Goal
from modelcheck.liveness import (
    STUTTER,
    Lasso,
    Space,
    check,
    minimal_fairness,
    replay_lasso,
    space,
    why_it_may_stutter,
    with_atoms,
)

SPECS = Path(__file__).resolve().parents[2] / "specs"
LATE = {"clear": ("request", "event")}
EARLY = {"notify": ("flag", "event")}

# path, class, constants, property, whether it holds. Those of QEMU's aio_notify are SPIN's verdicts on docs/spin/, but
# for "does not look again", where SPIN does not extend a dead end under weak fairness.
VERDICTS = [
    ("qemu/aio_notify.py", None, {}, "every_request_is_done", True),
    ("qemu/aio_notify.py", None, {"look_again": False}, "every_request_is_done", False),
    ("qemu/aio_notify_bug.py", None, {}, "event_comes_and_goes", True),
    ("qemu/aio_notify_bug.py", None, LATE, "event_comes_and_goes", True),
    ("qemu/aio_notify_bug.py", None, {"check_req": True}, "request_is_taken", True),
    ("qemu/aio_notify_bug.py", None, {"check_req": True, **LATE}, "request_is_taken", False),
    ("qemu/aio_notify_accept.py", None, {}, "event_comes_and_goes", True),
    ("qemu/aio_notify_accept.py", None, EARLY, "event_comes_and_goes", False),
    ("qemu/aio_notify_accept.py", None, {"skip_if_flagged": True}, "event_comes_and_goes", False),
    ("qemu/aio_notify_accept.py", None, {"check_req": True}, "request_is_taken", True),
    ("qemu/aio_notify_accept.py", None, {"check_req": True, **EARLY}, "request_is_taken", True),
    ("qemu/aio_notify_accept.py", None, {"check_req": True, "skip_if_flagged": True}, "request_is_taken", False),
    ("qemu/aio_notify_2014.py", None, {}, "every_request_is_done", True),
    ("qemu/aio_notify_2014.py", None, {"nested": True}, "every_request_is_done", False),
    ("alternating_bit.py", "AlternatingBit", {}, "every_message_arrives", True),
    ("alternating_bit.py", "AlternatingBit", {}, "every_message_is_acknowledged", True),
    ("alternating_bit.py", "WeaklyFair", {}, "every_message_arrives", False),
    ("peterson.py", "Peterson", {}, "nobody_starves", True),
    ("peterson.py", "TurnFirst", {}, "nobody_starves", False),
    ("peterson.py", "AfterYou", {}, "nobody_starves", False),
    ("bakery.py", "Bakery", {}, "everybody_gets_in", True),
    ("bakery.py", "BoundedTickets", {"entries": 1}, "everybody_gets_in", False),  # its loops give actions one title
    ("bakery.py", "BoundedTicketsStronglyFair", {"entries": 1}, "everybody_gets_in", True),
    ("dining_philosophers.py", "OneLeftHanded", {}, "everybody_eats", False),
    ("dining_philosophers.py", "OneLeftHandedStronglyFair", {}, "everybody_eats", True),
    ("ewd840.py", "TerminationDetection", {}, "termination_is_detected_in_the_end", True),
]


def explored(path: Path, spec: str | None = None, **constants: object) -> Space:
    model = with_atoms(passes.compile(frontends.load(path), spec, constants))
    system = backends.build("python", model)
    return space(model, system, bfs.search(system, Goal(deadlock=False), thorough=True))


def named(model: Model, name: str) -> Property:
    return next(p for p in model.properties if p.name == name)


def natural(shared: Space, lasso: Lasso) -> list[tuple[tuple, int | None]]:
    """The states of a lasso in natural values, with the actions that led there."""
    layout = Layout(shared.model.variables)
    states = [layout.decode(s) for s in layout.unpack(shared.exploration.states[list(lasso.rows)])]
    return [(s, None if a == STUTTER else a) for s, a in zip(states, lasso.actions)]


def ids(row) -> str:
    return "-".join([row[0].removesuffix(".py"), row[1] or "", *map(str, row[2]), row[3]])


@pytest.mark.parametrize("path, spec, constants, name, holds", VERDICTS, ids=[ids(row) for row in VERDICTS])
def test_verdicts(path: str, spec: str | None, constants: dict, name: str, holds: bool) -> None:
    shared = explored(SPECS / path, spec, **constants)
    prop = named(shared.model, name)
    answer = check(shared, prop)
    assert answer.holds is holds
    if answer.lasso:
        steps = natural(shared, answer.lasso)
        titled = [(s, a if a is None else shared.model.action_title(a)) for s, a in steps]
        for told in (steps, titled):
            report = replay_lasso(shared.model, prop, told, answer.lasso.loop)
            assert report.ok, report.message
    else:
        core = minimal_fairness(shared, prop)
        assert core is not None and core.members
        for member in core.members:
            lasso = member.without.lasso
            report = replay_lasso(shared.model, prop, natural(shared, lasso), lasso.loop)
            assert not report.ok and report.step is None, "without its fairness only"


MUTEX = """
from modelcheck import (
    Bool, Case, Range, Spec, at, enabled, happens, infinitely_often, leads_to, process, temporal, when,
)

Process = Range(2)


class Lock(Spec):
    held = Bool(init=False)

    @process(each=Process, fair={fair!r}, unfair=("rest",))
    def run(self, me):
        while True:
            yield "rest"
            yield "acquire"
            when(not self.held)
            self.held = True
            yield "release"
            self.held = False

    @temporal
    def nobody_starves(self):
        return all(leads_to(at(self.run[p], "acquire"), at(self.run[p], "release")) for p in Process)

    @temporal
    def everybody_works(self):
        return infinitely_often(happens(self.run[0], "release")) and infinitely_often(happens(self.run[1], "release"))

    @temporal
    def released(self):
        return leads_to(enabled(self.run[0], "release"), happens(self.run[0], "release"))


CASES = [Case("lock", Lock)]
"""


def lock(folder: Path, fair: str) -> Space:
    path = folder / "lock.py"
    path.write_text(MUTEX.format(fair=fair), encoding="utf-8")
    return explored(path)


@pytest.mark.parametrize("fair, name, holds", [
    ("weak", "nobody_starves", False),
    ("strong", "nobody_starves", True),
    ("strong", "everybody_works", False),
    ("weak", "released", True),
])  # fmt: skip
def test_a_lock(tmp_path: Path, fair: str, name: str, holds: bool) -> None:
    shared = lock(tmp_path, fair)
    prop = named(shared.model, name)
    answer = check(shared, prop)
    assert answer.holds is holds
    if answer.lasso:
        assert replay_lasso(shared.model, prop, natural(shared, answer.lasso), answer.lasso.loop).ok


def test_why_it_may_stutter(tmp_path: Path) -> None:
    shared = lock(tmp_path, "strong")
    lasso = check(shared, named(shared.model, "everybody_works")).lasso
    assert lasso is not None and lasso.stutters
    for waiting in why_it_may_stutter(shared.model, natural(shared, lasso)[-1][0]):
        assert waiting.place == "rest" and not waiting.resting and not waiting.blocked
        assert [shared.model.actions[a].label for a in waiting.enabled] == ["rest"]


def test_what_a_blocked_process_waits_for() -> None:
    shared = explored(SPECS / "qemu" / "aio_notify.py", look_again=False)
    lasso = check(shared, named(shared.model, "every_request_is_done")).lasso
    assert lasso is not None and lasso.stutters
    waiter = next(w for w in why_it_may_stutter(shared.model, natural(shared, lasso)[-1][0]) if w.who == "waiter")
    assert (waiter.place, waiter.resting, waiter.enabled) == ("sleep", True, ())
    assert [blocked.kind for _, blocked in waiter.blocked] == ["when"]


def broken(steps, loop):
    """Lassos that are none: (what is wrong, steps, loop, the step that is blamed)."""
    return [
        ("no initial state", steps[1:], loop - 1, 0),
        ("a state is left out", [*steps[:2], *steps[3:]], loop - 1, 2),
        ("another action", [*steps[:2], (steps[2][0], None), *steps[3:]], loop, 2),
        ("an action that is none", [*steps[:2], (steps[2][0], "run[0]: dance"), *steps[3:]], loop, 2),
        ("it does not close", steps[:-1], loop, None),
        ("a loop outside", steps, len(steps), None),
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_lasso_that_is_none(tmp_path: Path, number: int) -> None:
    shared = lock(tmp_path, "weak")
    prop = named(shared.model, "nobody_starves")
    lasso = check(shared, prop).lasso
    assert lasso is not None and lasso.loop is not None
    steps = natural(shared, lasso)
    titled = [(s, a if a is None else shared.model.action_title(a)) for s, a in steps]
    assert replay_lasso(shared.model, prop, titled, lasso.loop).ok
    _, wrong, loop, step = broken(steps, lasso.loop)[number]
    report = replay_lasso(shared.model, prop, wrong, loop)
    assert not report.ok and report.step == step


def test_a_lasso_that_is_not_fair(tmp_path: Path) -> None:
    """Of the weakly fair lock, under strong fairness."""
    weak, strong = lock(tmp_path, "weak"), lock(tmp_path, "strong")
    prop = named(strong.model, "nobody_starves")
    lasso = check(weak, named(weak.model, "nobody_starves")).lasso
    assert lasso is not None
    report = replay_lasso(strong.model, prop, natural(weak, lasso), lasso.loop)
    assert not report.ok and report.step is None and "fair" in report.message


def test_with_atoms_is_idempotent() -> None:
    model = with_atoms(passes.compile(frontends.load(SPECS / "alternating_bit.py"), None, {}))
    assert with_atoms(model) is model
