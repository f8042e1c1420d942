"""The names that specs import: which there are, how pyright sees them, and that a spec file imports under CPython."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import modelcheck
from modelcheck.frontends import dsl
from tests.frontends.mutate import CORPUS

ROOT = Path(__file__).resolve().parents[2]

# Everything that the language's reference writes; below, the types that an editor should show.
IDIOMS = """
from modelcheck import (
    ANY, Array, Bool, Case, Const, Enum, Int, Option, Range, Record, Ref, Scalarset, Seq, Set, Spec, action,
    action_invariant, always, assertion_fails, assume, at, choose, constraint, counts, deadlocks, done, enabled,
    evaluation_error, eventually, eventually_always, happens, holds, idle, implies, infinitely_often, invariant,
    leads_to, only, procedure, process, reachable, temporal, until, vacuous, violates, weak_until, when, where,
)

kicks = Const(2)
drain = Const(True)
order = Const(("unset", "deassign", "drain", "close"))
vcpus = Const(2, Int(1, 8))
assume(kicks >= 1 and len(order) == 4, "why")
assume(order[0] != "close")
Vcpu = Range(vcpus)
Queue = Range(kicks + 1)
Phase = Enum("idle", "busy")
RM = Scalarset(3)
Ack = Set(Vcpu)
Level = Int(0, 3)
Votes = Array(RM, Bool(init=False))


class EventFd(Record):
    counter = Int(0, 2, init=0)
    mode = Phase(init="idle")

    def readable(self):
        return self.counter > 0

    def signal(self):
        self.counter = min(self.counter + 1, 2)

    @procedure
    def drain(self):
        yield "read"
        self.counter = 0
        return self.counter


class Message(Record):
    kind = Phase(init="idle")
    rm = RM(init=ANY)


class Device(Spec):
    assigned = Bool(init=True)
    added = Int(0, kicks * vcpus, init=0)
    level = Level(init=1)
    phase = Phase(init="idle")
    turn = Vcpu(init=ANY)
    acks = Ack(init=set())
    prepared = Set(RM, init=set())
    queue = Seq(Message, 3, init=())
    numbers = Seq(Int(0, 3), 2, init=())
    owner = Option(Vcpu, init=None)
    notifier = Array(Queue, EventFd())
    kicked = Array(Queue, EventFd(counter=1))
    handler = Array(Queue, Bool(init=True))
    waiting = Array(Queue, Set(Vcpu, init=set()))
    matrix = Array(Queue, Array(Vcpu, Int(0, 3, init=0)))
    votes = Votes()
    part = EventFd(counter=ANY)
    vote = Enum("yes", "no", init="no")

    def init(self):
        self.turn = choose(Vcpu)
        self.phase = choose("idle", "busy")
        self.added = choose(0, 1)
        when(self.added <= self.turn)

    def notify(self, q: Ref[EventFd], by):
        q.counter += by
        q.signal()
        return q.readable()

    @process(each=Vcpu, fair="weak", unfair=("kick",))
    def vcpu(self, cpu):
        queue = Int(0, 3, init=0)
        for _ in range(kicks):
            yield "kick", "hw/virtio-pci.c:218"
            queue = choose(Queue)
            self.notifier[queue].signal()
            if self.notify(self.notifier[queue], 1) and drain:
                self.acks.add(cpu)
                self.acks |= {cpu}
                self.acks = self.acks - {cpu} | set()
            when(self.owner is not None)
            self.matrix[0][self.owner] += 1
            self.owner = None
            self.owner = cpu
        self.handler = [q > 0 for q in Queue]
        self.handler = {q: True for q in Queue}
        self.matrix[1] = {c: 0 for c in Vcpu}
        self.waiting[0] = {c for c in Vcpu if c in self.acks}
        self.prepared = set()
        self.queue.append(Message(kind="busy", rm=choose(RM)))
        m = self.queue.pop(0)
        self.queue = []
        self.phase = m.kind if len(self.queue) < len(Queue) else "idle"

    @process(each=(Vcpu, Queue))
    def pairs(self, cpu, q):
        while True:
            yield idle("select"), "vl.c:1340"
            value = yield from self.part.drain()
            assert value == 0 and sum(1 for q in Queue if self.handler[q]) >= 0, "why"
            total = max(self.numbers[0], abs(-1), sum([c for c in Vcpu]))
            for q in Queue:
                if q == total:
                    break

    @action
    def tick(self):
        self.level = (self.level + 1) % 4

    @action(rm=RM, fair="strong")
    def prepare(self, rm):
        when(rm not in self.prepared)
        self.prepared.add(rm)

    @action(fair="weak", rm=RM, q=Queue)
    def both(self, rm, q):
        self.votes[rm] = not self.votes[rm]

    @invariant
    def safe(self):
        return implies(at(self.vcpu[1], "kick") or done(self.vcpu[0]), self.vcpu[1].queue <= 3)

    @invariant
    def more(self):
        return all(self.handler[q] or self.notifier[q].readable() for q in Queue) and self.acks <= {c for c in Vcpu}

    @action_invariant
    def grows(self, after):
        return self.prepared <= after.prepared and after.level >= 0

    @temporal
    def live(self):
        return eventually(always(self.assigned)) and leads_to(happens(self.vcpu[0], "kick"), enabled(self.prepare))

    @temporal
    def others(self):
        both = until(self.assigned, not self.assigned) or weak_until(self.assigned, at(self.pairs[0, 1], "select"))
        return both and infinitely_often(self.assigned) and eventually_always(self.level == 1)

    @reachable
    def some(self):
        return any(self.phase == p for p in Phase) and self.owner is None

    @constraint
    def small(self):
        return len(self.queue) < 2


class Variant(Device):
    assigned = Bool(init=False)

    def notify(self, q: Ref[EventFd], by):
        q.counter = by
        return True

    @process(each=Vcpu)
    def vcpu(self, cpu):
        yield "kick"

    @invariant
    def safe(self):
        return True


CASES = [
    Case("all", Device, holds("safe", "live"), counts(distinct=1, generated=2, depth=3), where(drain=False, kicks=1)),
    Case("bad", Variant, where(kicks=1), violates("safe", length=3)),
    Case("dead", Device, only("safe"), deadlocks(length=2)),
    Case("worse", Device, assertion_fails(), evaluation_error(length=1), vacuous("safe")),
]
"""
REVEALED = """
reveal_type(kicks)
reveal_type(drain)
reveal_type(Device().added)
reveal_type(Device().level)
reveal_type(Device().phase)
reveal_type(Device().waiting[0])
reveal_type(Device().queue)
reveal_type(Device().handler[0])
reveal_type(Device().matrix[0][1])
reveal_type(Device().kicked[0].counter)
reveal_type(Device().votes[0])
reveal_type(Device().part)
"""
TYPES = ["int", "bool", "int", "int", "str", "set[int]", "list[Message]", "bool", "int", "int", "bool", "EventFd"]

# Mistakes that an editor should show, one in each line.
WRONG = """
from modelcheck import Bool, Case, Int, Spec, Spce, process, implies
class S(Spec):
    a = Int(0, init=0)
    b = Int(0, 3, init=0)
    @process(fair="week")
    def p(self):
        yield "a"
        self.b = self.b + "x"
        self.c = self.undeclared
        implies(True)
CASES = [Case("a", Bool)]
"""


def test_the_names_of_the_package_are_those_of_the_language() -> None:
    assert set(modelcheck.__all__) == {*dsl.__all__, "check", "state_graph"}
    assert all(getattr(modelcheck, name) is getattr(dsl, name) for name in dsl.__all__)


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError):
        assert modelcheck.nothing  # type: ignore[attr-defined]


def test_the_package_loads_no_more_than_the_names() -> None:
    script = (
        "import sys, modelcheck; print([m for m in sys.modules if m.split('.')[0] in ('numpy', 'networkx', 'click')])"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("text", [*CORPUS, IDIOMS])
def test_spec_files_import_under_cpython(text: str, tmp_path: Path) -> None:
    path = tmp_path / "imported_spec.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("imported_spec", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def test_domains_know_their_values_and_what_they_were_given() -> None:
    assert list(dsl.Range(3)) == [0, 1, 2] and len(dsl.Enum("a", "b")) == 2 and 4 not in dsl.Int(0, 3)
    declared: dsl.Domain[int] = dsl.Range(2)(init=1)  # type: ignore[assignment]
    assert (declared.kind, declared.args, declared.options) == ("Range", (2,), {"init": 1})


def pyright(tmp_path: Path, text: str) -> list[str]:
    """What pyright says, line by line, with its standard settings and this package on its path."""
    (tmp_path / "spec.py").write_text(text)
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{ROOT}"], "pythonVersion": "3.11"}}')
    return said(tmp_path, "-p", str(tmp_path))


def said(folder: Path, *arguments: str) -> list[str]:
    """The lines about files of a run of pyright that stands in `folder`."""
    found = shutil.which("pyright", path=f"{Path(sys.executable).parent}") or shutil.which("pyright")
    if found is None:
        pytest.skip("pyright is not installed")
    run = subprocess.run([found, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)
    if ".py:" not in run.stdout and "0 errors" not in run.stdout:
        pytest.skip("pyright cannot run here: " + (run.stdout + run.stderr)[:200])
    return [line.strip() for line in run.stdout.splitlines() if ".py:" in line]


def test_pyright_passes_over_the_idioms(tmp_path: Path) -> None:
    lines = pyright(tmp_path, IDIOMS + REVEALED)
    assert [line for line in lines if "error:" in line or "warning:" in line] == []
    assert [line.rpartition('is "')[2].rstrip('"') for line in lines] == TYPES


def test_pyright_passes_over_the_shipped_specs(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from modelcheck import no_such_name\n")
    lines = said(ROOT, "specs", str(wrong))
    assert lines and all("wrong.py" in line for line in lines)


@pytest.mark.parametrize("text", CORPUS)
def test_pyright_passes_over_the_corpus(text: str, tmp_path: Path) -> None:
    assert pyright(tmp_path, text) == []


def test_pyright_sees_mistakes(tmp_path: Path) -> None:
    found = {int(line.split(":")[1]) for line in pyright(tmp_path, WRONG) if "error:" in line}
    assert found == {2, 4, 6, 9, 10, 11, 12}
