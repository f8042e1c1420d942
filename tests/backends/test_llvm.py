"""Whole models in machine code: against the reference interpreter, and against the Python back end where that is faster.

The models are those of the other back end's tests, random ones, random ones of wide states, and the specs of the
project; what is peculiar to native code comes after them: output that grows, threads, the cache.
"""

from __future__ import annotations

import threading
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import Any, Callable

import numpy as np
import pytest

from modelcheck import backends, passes
from modelcheck.backends import llvm, python
from modelcheck.backends.llvm import generate as generating
from modelcheck.backends.llvm import system as native
from modelcheck.backends.llvm.generate import generate
from modelcheck.errors import SpecError
from modelcheck.frontends import load
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Assign, Choose, Cond, Const, For, Local, Model, Quantifier, Variable, When
from modelcheck.ir.ops import Op
from modelcheck.ir.types import ArrayType, IntType, RecordType, SeqType, SetType, Type
from modelcheck.machinecode import cache
from modelcheck.system import States, Successors, TransitionSystem
from tests import models
from tests.backends.against import compare, explore, rows
from tests.backends.test_models import BUILT, SHAPES, bound_first, placed, shaped, spread
from tests.models import action, apply, assign, cast, element, equal, integer, model, span_of, variable
from tests.random_models import MEMBERS, NUMBERS, SCALARS, _Maker, random_model

SPECS = sorted((Path(__file__).resolve().parent.parent.parent / "specs").glob("*.py"))


@pytest.fixture(autouse=True)
def _cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "directory", lambda: tmp_path / "cache")


@pytest.mark.parametrize("make", BUILT, ids=lambda f: f.__name__)
def test_models(make: Callable[[], Model]) -> None:
    m = make()
    assert compare(m, llvm.build(m)) > 0


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_random_models(first: int) -> None:
    for seed in range(first, first + 50):
        agrees(random_model(seed), f"random_model({seed})", 60)


class Wide(_Maker):
    """Models whose states take several words."""

    def type(self) -> Type:
        match self.random.randrange(7):
            case 0:
                return SetType(IntType(self.random.randint(-3, 0), self.random.randint(60, 180)))
            case 1:
                return SeqType(self.pick(MEMBERS), self.random.randint(3, 9))
            case 2 | 3:
                return ArrayType(IntType(1, self.random.randint(3, 8)), self.pick(MEMBERS))
            case 4:
                parts = (("a", self.pick(MEMBERS)), ("b", self.pick(NUMBERS)), ("c", SetType(IntType(0, 70))))
                return ArrayType(self.pick(SCALARS), RecordType(f"R{self.random.randrange(10**9)}", parts))
        return super().type()


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_random_models_of_wide_states(first: int) -> None:
    for seed in range(first, first + 30):
        agrees(Wide(Random(seed)).model(), f"Wide(Random({seed}))", 40)


def test_wide_is_wide() -> None:
    widths = [Layout(Wide(Random(seed)).model().variables).width for seed in range(120)]
    assert max(widths) >= 16 and sum(w > 1 for w in widths) > 70


def agrees(m: Model, name: str, most: int) -> None:
    try:
        compare(m, llvm.build(m), most=most)
    except AssertionError as error:
        raise AssertionError(name) from error


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    found = shaped(bound_first(SHAPES[name]))
    assert compare(found, llvm.build(found), most=120) == 120


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("places, processes", [(2, 1), (3, 2), (9, 2), (17, 2)])
def test_places(places: int, processes: int, shuffled: bool) -> None:
    found = placed(places, processes, shuffled)
    system = llvm.build(found)
    assert compare(found, system, most=200) > 1
    assert system.actions == python.build(found).actions


# --- what one word does not show --------------------------------------------------------------------------------------


def straddling(pad: int, bits: int) -> Model:
    """An array of numbers of so many bits from bit `pad` on: each element is written and read at a computed index."""
    t, index = IntType(0, (1 << bits) - 1), IntType(0, 4)
    decls = [
        variable("pad", IntType(0, (1 << pad) - 1)), variable("a", ArrayType(index, t)), variable("i", index),
        variable("x", t),
    ]  # fmt: skip
    before, a, i, x = (Variable(k, d.type) for k, d in enumerate(decls))
    top = (1 << bits) - 1
    actions = [
        action("write", Assign(element(a, i), x)),
        action("read", Assign(x, element(a, i))),
        action("flip", Assign(x, Cond(equal(x, Const(top, t)), Const(top // 3, t), Const(top, t), t))),
        action("next", assign(i, apply(Op.MOD, apply(Op.ADD, i, integer(1)), integer(5)))),
        action("more", Assign(before, Const((1 << pad) - 1, before.type))),
    ]
    initial = [Assign(before, Const(0, before.type)), Assign(a, Const(tuple(top // 5 * k for k in range(5)), a.type))]
    initial += [Assign(i, Const(0, index)), Assign(x, Const(top // 7, t))]
    return model("straddling", decls, initial, actions)


@pytest.mark.parametrize("bits", [1, 3, 8, 32, 48, 63])
@pytest.mark.parametrize("pad", [1, 8, 40, 63])
def test_parts_of_two_words(pad: int, bits: int) -> None:
    found = straddling(pad, bits)
    compare(found, llvm.build(found), most=60)


def wide_sets(count: int) -> Model:
    """Two sets of more than a word: elements come and go, from one to the other, by choice and by comprehension."""
    of = IntType(0, count - 1)
    t = SetType(of)
    decls = [variable("a", t), variable("b", t), variable("i", of)]
    a, b, i = (Variable(k, d.type) for k, d in enumerate(decls))
    x, y = Local("x", of), Local("y", of)
    tripled = cast(apply(Op.MOD, apply(Op.MUL, y, integer(3)), integer(count)), of)
    actions = [
        action("add", Assign(a, apply(Op.WITH, a, i))),
        action("add to the other", Assign(b, apply(Op.WITH, a, i))),
        action("discard", Assign(b, apply(Op.WITHOUT, b, i))),
        action("next", assign(i, apply(Op.MOD, apply(Op.ADD, i, integer(7)), integer(count)))),
        action("unite", Assign(b, apply(Op.UNION, a, b))),
        action("subtract", Assign(a, apply(Op.DIFFERENCE, a, b))),
        action("choose", Choose(x, apply(Op.SYMMETRIC_DIFFERENCE, a, b), "x"), Assign(b, apply(Op.WITHOUT, b, x))),
        action("map", Assign(b, Quantifier("set", y, a, tripled, t, guard=apply(Op.IN, y, b)))),
        action("remove", Assign(a, apply(Op.REMOVE, a, i, text="remove"))),
    ]
    nothing = Const(frozenset({3, count - 1}), t)
    named = {"within": apply(Op.SUBSET, a, b), "few": apply(Op.LT, apply(Op.CARDINALITY, a), integer(4))}
    return model(
        "sets", decls, [Assign(a, nothing), Assign(b, nothing), Assign(i, Const(0, of))], actions, invariants=named
    )  # fmt: skip


def wide_queues(capacity: int, bits: int) -> Model:
    """Two sequences of more than a word, which faults keep short."""
    of = IntType(0, (1 << bits) - 1)
    t, small = SeqType(of, capacity), IntType(0, 7)
    decls = [variable("p", t), variable("q", t), variable("i", small)]
    p, q, i = (Variable(k, d.type) for k, d in enumerate(decls))
    first = apply(Op.MOD, apply(Op.FIRST, q, text="first"), integer(8))
    x = Local("x", of)
    actions = [
        action("append", Assign(q, apply(Op.APPEND, q, cast(i, of), text="append"))),
        action("append to the other", Assign(p, apply(Op.APPEND, q, cast(i, of), text="append it"))),
        action("pop", assign(i, first), Assign(q, apply(Op.REST, q))),
        action("next", assign(i, apply(Op.MOD, apply(Op.ADD, i, integer(3)), integer(8)))),
        action("concatenate", Assign(p, apply(Op.CONCAT, p, q, type=t, text="concatenate"))),
        action("front", When(apply(Op.HOLDS, cast(i, of), p)), Assign(p, apply(Op.FRONT, p))),
        action("last", assign(i, apply(Op.MOD, apply(Op.LAST, p, text="last"), integer(8)))),
        action("item", assign(i, apply(Op.MOD, apply(Op.ITEM, p, i, text="item"), integer(8)))),
        action("all again", For(x, q, (Assign(q, apply(Op.APPEND, q, x, text="again")), Assign(element(q, i), x)))),
    ]
    initial = [Assign(p, Const((), t)), Assign(q, Const((5,), t)), Assign(i, Const(0, small))]
    return model("queues", decls, initial, actions)


WIDE: dict[str, Callable[[], Model]] = {
    "sets of two words": lambda: wide_sets(100),
    "sets of eight": lambda: wide_sets(500),
    "queues of a word": lambda: wide_queues(5, 12),
    "queues of three": lambda: wide_queues(8, 20),
    "queues of nine": lambda: wide_queues(12, 48),
}


@pytest.mark.parametrize("name", WIDE)
def test_wide_collections(name: str) -> None:
    found = WIDE[name]()
    assert compare(found, llvm.build(found), most=250) == 250


# --- much code --------------------------------------------------------------------------------------------------------

MUCH: list[Callable[[], Model]] = [
    models.two_phase_commit, models.choices, models.every_fault, models.wide, lambda: placed(9, 3, True),
    lambda: shaped(*(bound_first(body) for body in list(SHAPES.values())[:12])),
]  # fmt: skip


@pytest.mark.parametrize("make", MUCH)
@pytest.mark.parametrize("first, last", [(1 << 14, 1 << 20), (3, 20)])
def test_much_code_goes_into_functions(
    make: Callable[[], Model], first: int, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    m = make()
    block = rows(Layout(m.variables), explore(m, 100))
    expected = whole([(0, llvm.build(m).successors(block))])
    monkeypatch.setattr(generating, "ONE_FUNCTION", 20)
    monkeypatch.setattr(generating, "MANY_LINES", 60)
    compare(m, llvm.build(m), most=60)
    monkeypatch.setattr(native, "FIRST_CAPACITY", first)
    monkeypatch.setattr(native, "LAST_CAPACITY", last)
    assert whole(in_pieces(llvm.build(m), block)) == expected


# --- the specs of the project -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_specs(path: Path) -> None:
    program = load(path)
    seen = set()
    for case in passes.cases(program):
        m = passes.compile(program, case.spec, case.where)
        if (m.variables, m.actions, m.predicates) not in seen:
            seen.add((m.variables, m.actions, m.predicates))
            compare(m, llvm.build(m), most=40)
            same_as_python(m, 3000)
    assert seen


def reached(system: TransitionSystem, most: int) -> States:
    """The states of the first levels, until there are so many."""
    found: dict[bytes, None] = {}
    level = system.initial().target
    while len(level) and len(found) < most:
        fresh = [r for r in {row.tobytes(): None for row in level} if r not in found]
        found.update(dict.fromkeys(fresh))
        level = system.successors(_rows(fresh, system.width)).target
    return _rows(list(found)[:most], system.width)


def _rows(found: list[bytes], width: int) -> States:
    return np.frombuffer(b"".join(found), np.uint64).reshape(-1, width)


def same_as_python(m: Model, most: int) -> None:
    slow, fast = python.build(m), llvm.build(m)
    states = reached(slow, most)
    one, other = slow.successors(states), fast.successors(states)
    for part in fields(Successors):
        if part.name not in ("faults", "effect", "consumed"):
            assert np.array_equal(getattr(one, part.name), getattr(other, part.name)), part.name
    assert one.consumed == other.consumed
    assert [(r, a, slow.sites[s]) for r, a, s in one.faults.tolist()] == [
        (r, a, fast.sites[s]) for r, a, s in other.faults.tolist()
    ]
    ids, steps = range(len(m.predicates)), range(len(m.step_predicates))
    assert np.array_equal(slow.predicates(states, ids), fast.predicates(states, ids))
    assert np.array_equal(slow.terminated(states), fast.terminated(states))
    before = states[one.source]
    assert np.array_equal(slow.step_predicates(before, one.target, steps), fast.step_predicates(before, one.target, steps))


# --- output -----------------------------------------------------------------------------------------------------------


def in_pieces(system: TransitionSystem, block: States) -> list[tuple[int, Successors]]:
    start, answers = 0, []
    while start < len(block):
        answer = system.successors(block[start:])
        assert answer.consumed > 0
        answers.append((start, answer))
        start += answer.consumed
    return answers


def whole(answers: list[tuple[int, Successors]]) -> list[list[Any]]:
    return [
        np.concatenate([a.source + start for start, a in answers]).tolist(),
        np.concatenate([a.action for _, a in answers]).tolist(),
        np.concatenate([a.target for _, a in answers]).tolist(),
        np.concatenate([a.faults + (start, 0, 0) for start, a in answers]).tolist(),
    ]


@pytest.mark.parametrize("make", [models.choices, models.every_fault, models.two_phase_commit], ids=lambda f: f.__name__)
@pytest.mark.parametrize("first, last", [(1, 1), (2, 9), (5, 5), (3, 1 << 20)])
def test_a_full_output_ends_before_a_row(
    make: Callable[[], Model], first: int, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    m = make()
    block = rows(Layout(m.variables), explore(m, 150))
    expected = whole([(0, llvm.build(m).successors(block))])
    monkeypatch.setattr(native, "FIRST_CAPACITY", first)
    monkeypatch.setattr(native, "LAST_CAPACITY", last)
    answers = in_pieces(llvm.build(m), block)
    assert len(answers) > 1 or last > 1000 or len(block) == 1
    assert whole(answers) == expected


def test_answers_are_kept_when_the_next_is_asked_for() -> None:
    m = models.two_phase_commit()
    system, block = llvm.build(m), rows(Layout(m.variables), explore(m, 100))
    first = system.successors(block)
    before = first.target.copy()
    system.successors(block[50:])
    assert np.array_equal(first.target, before)
    dtypes = [x.dtype for x in (first.source, first.action, first.target, first.faults, first.coverage)]
    assert dtypes == [np.int64, np.int64, np.uint64, np.int64, np.bool_]


def test_rows_may_be_views() -> None:
    m = models.wide()
    system, block = llvm.build(m), rows(Layout(m.variables), explore(m, 30))
    assert system.successors(block[::3]).target.tolist() == system.successors(block[::3].copy()).target.tolist()
    assert system.predicates(block[::3], ()).shape == (10, 0)


def test_empty_blocks() -> None:
    system = llvm.build(models.kick_and_serve())
    nothing = np.empty((0, system.width), np.uint64)
    answer = system.successors(nothing)
    assert (answer.consumed, len(answer.source), answer.target.shape) == (0, 0, (0, 1))
    assert system.predicates(nothing, [0]).shape == (0, 1)
    assert system.terminated(nothing).shape == (0,)


def test_threads_do_not_disturb_each_other() -> None:
    m = models.two_phase_commit(5)
    system = llvm.build(m)
    blocks = np.array_split(rows(Layout(m.variables), explore(m, 400)), 4)
    expected = [system.successors(b).target.tolist() for b in blocks]
    wrong: list[int] = []

    def run(i: int) -> None:
        for _ in range(100):
            if system.successors(blocks[i]).target.tolist() != expected[i]:
                wrong.append(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


# --- what is refused --------------------------------------------------------------------------------------------------


def test_too_many_choices_are_refused() -> None:
    t = IntType(0, 4999)
    decls = [variable("w", SetType(IntType(0, 4000))), variable("n", IntType(0, 1))]
    w, chosen = Variable(0, decls[0].type), Local("i", IntType(0, 4000))
    choice = Local("c", IntType(0, 1))
    body = For(chosen, w, (Choose(choice, models.every(choice.type), "c"),), span_of("the loop"))
    inner = For(Local("j", t), models.every(IntType(0, 7)), (body,), span_of("outside"))
    with pytest.raises(SpecError) as caught:
        llvm.build(model("choices", decls, [Assign(w, Const(frozenset(), w.type))], [action("a", inner)]))
    assert [(d.code, d.span.text) for d in caught.value.diagnostics if d.span] == [("B004", "outside")]


def test_a_step_may_nest_deeply() -> None:
    locals_ = [Local(f"i{i}", IntType(0, 1)) for i in range(60)]
    body: tuple[Any, ...] = spread("c")
    for each in locals_:
        body = (For(each, models.every(IntType(0, 0)), body),)
    found = shaped(body)
    assert compare(found, llvm.build(found), most=20) == 20


# --- the cache --------------------------------------------------------------------------------------------------------


def test_code_is_compiled_once() -> None:
    m = models.two_phase_commit()
    assert generate(m).text() == generate(models.two_phase_commit()).text()
    assert not llvm.build(m).native.cached
    again = llvm.build(m)
    assert again.native.cached
    assert compare(m, again) > 0
    assert not llvm.build(models.two_phase_commit(4)).native.cached


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:40] + b"?" + b[41:]])
def test_damaged_files_are_not_used(damage: Callable[[bytes], bytes]) -> None:
    m = models.counter()
    llvm.build(m)
    [file] = cache.directory().iterdir()
    file.write_bytes(damage(file.read_bytes()))
    system = llvm.build(m)
    assert not system.native.cached
    assert compare(m, system) > 0
    assert llvm.build(m).native.cached


def test_a_cache_that_cannot_be_written_is_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    monkeypatch.setattr(cache, "directory", lambda: file / "cache")
    m = models.counter()
    for _ in range(2):
        assert not llvm.build(m).native.cached


def test_by_name() -> None:
    assert backends.build("llvm", models.counter()).width == 1
