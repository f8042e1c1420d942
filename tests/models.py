"""CORE models built by hand: the fixtures of every room behind the first waist, free of front ends and passes.

Each function gives a fresh `Model`. The first half of the module is the short hand that they are written in; tests of
single expressions use it too.
"""

from __future__ import annotations

from typing import Any, Iterable, Sequence

from modelcheck.errors import Source, Span
from modelcheck.ir.nodes import (
    Action,
    Apply,
    Assert,
    Assign,
    Choose,
    Cond,
    Const,
    Construct,
    Element,
    Expr,
    Field,
    For,
    Guard,
    If,
    Local,
    Logic,
    Lvalue,
    Model,
    Place,
    Process,
    Property,
    Quantifier,
    Stmt,
    Variable,
    VariableDecl,
    When,
    walk,
)
from modelcheck.ir.ops import OPS, Op
from modelcheck.ir.types import (
    BOOL,
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    OptionType,
    RecordType,
    ScalarsetType,
    SeqType,
    SetType,
    Type,
    values,
)

# --- short hand -------------------------------------------------------------------------------------------------------


def span_of(text: str, path: str = "specs/built.py", line: int = 1) -> Span:
    """A span that covers exactly `text`, on that line of a source of its own."""
    return Span(Source(path, "\n" * (line - 1) + text), line, 0, line, len(text))


def boolean(value: bool) -> Const:
    return Const(value, BOOL)


def integer(value: int) -> Const:
    return Const(value, IntType(value, value))


def apply(op: Op, *args: Expr, type: Type | None = None, text: str | None = None) -> Apply:
    """An application with the type that the operator's rule gives, unless one is named."""
    t = type if type is not None else OPS[op].rule(*(a.type for a in args))
    assert t is not None, (op, [a.type for a in args])
    return Apply(op, args, t, span_of(text) if text else None)


def cast(value: Expr, to: Type, text: str | None = None) -> Expr:
    """The value with that type: a CAST where it has another one."""
    return value if value.type == to else apply(Op.CAST, value, type=to, text=text)


def assign(target: Lvalue, value: Expr, text: str | None = None) -> Assign:
    return Assign(target, cast(value, target.type, text), span_of(text) if text else None)


def both(*args: Expr) -> Logic:
    return Logic("and", args)


def either(*args: Expr) -> Logic:
    return Logic("or", args)


def implies(left: Expr, right: Expr) -> Logic:
    return Logic("implies", (left, right))


def negate(operand: Expr) -> Apply:
    return apply(Op.NOT, operand)


def equal(left: Expr, right: Expr) -> Apply:
    return apply(Op.EQ, left, right)


def element(array: Expr, index: Expr, text: str | None = None) -> Element:
    assert isinstance(array.type, ArrayType | SeqType)
    return Element(array, index, array.type.of, span_of(text) if text else None)


def field_of(record: Expr, name: str) -> Field:
    assert isinstance(record.type, RecordType)
    return Field(record, name, dict(record.type.fields)[name])


def every(t: Type) -> Const:
    """The set of all values of a type."""
    return Const(frozenset(values(t)), SetType(t))


def variable(name: str, t: Type) -> VariableDecl:
    return VariableDecl(name, t, span=span_of(name))


def read_by(body: Iterable[Stmt]) -> frozenset[int]:
    """The variables whose value before the step can matter; a partly assigned one is among them."""
    nodes = [n for s in body for n in walk(s)]
    targets = {id(n.target) for n in nodes if isinstance(n, Assign) and isinstance(n.target, Variable)}
    return frozenset(n.index for n in nodes if isinstance(n, Variable) and id(n) not in targets)


def written_by(body: Iterable[Stmt]) -> frozenset[int]:
    return frozenset(
        root.index
        for s in body
        for n in walk(s)
        if isinstance(n, Assign) and isinstance(root := root_of(n.target), Variable)
    )


def root_of(target: Expr) -> Expr:
    match target:
        case Field(inner) | Element(inner):
            return root_of(inner)
    return target


def action(label: str, *body: Stmt, **more: Any) -> Action:
    return Action(label, body, reads=read_by(body), writes=written_by(body), span=span_of(label), **more)


def model(
    name: str,
    variables: Sequence[VariableDecl],
    initial: Sequence[Stmt],
    actions: Sequence[Action],
    *,
    processes: Sequence[Process] = (),
    invariants: dict[str, Expr] | None = None,
    action_invariants: dict[str, Expr] | None = None,
    reachables: dict[str, Expr] | None = None,
    constraints: dict[str, Expr] | None = None,
    guards: Sequence[Guard] = (),
) -> Model:
    """A model whose properties own its predicates, in the order given; antecedents of `implies` come after them."""
    state: list[Expr] = []
    step: list[Expr] = []
    properties: list[Property] = []
    by_kind = (
        ("invariant", invariants, state),
        ("action_invariant", action_invariants, step),
        ("reachable", reachables, state),
        ("constraint", constraints, state),
    )
    for kind, named, numbered in by_kind:
        for property_name, expr in (named or {}).items():
            antecedents: tuple[int, ...] = ()
            numbered.append(expr)
            number = len(numbered) - 1
            if isinstance(expr, Logic) and expr.connective == "implies" and kind.endswith("invariant"):
                antecedents = (len(numbered),)
                numbered.append(expr.args[0])
            where = span_of(property_name)
            properties.append(Property(property_name, kind, expr, "", number, antecedents, where))
    return Model(
        name, f"specs/{name}.py", (), tuple(variables), tuple(initial), tuple(actions), tuple(processes),
        tuple(properties), tuple(state), tuple(step), tuple(guards), span=span_of(name),
    )  # fmt: skip


# --- models -----------------------------------------------------------------------------------------------------------


def counter(limit: int = 3) -> Model:
    """Counts to `limit` and starts again: `limit + 1` states in one cycle, no deadlock."""
    t = IntType(0, limit)
    n = Variable(0, t)
    return model(
        "counter",
        [variable("n", t)],
        [Assign(n, Const(0, t))],
        [
            action("up", When(apply(Op.LT, n, integer(limit)), 0), assign(n, apply(Op.ADD, n, integer(1)), "n + 1")),
            action("wrap", When(equal(n, integer(limit)), 1), assign(n, Const(0, t))),
        ],
        invariants={"in_range": apply(Op.LE, n, integer(limit)), "below": apply(Op.LT, n, integer(limit))},
        action_invariants={
            "steps_by_one": either(
                equal(Variable(0, t, after=True), apply(Op.ADD, n, integer(1))),
                equal(Variable(0, t, after=True), integer(0)),
            )
        },
        reachables={"top": equal(n, integer(limit))},
        guards=[Guard("when", span_of("n < limit")), Guard("when", span_of("n == limit"))],
    )


def two_phase_commit(managers: int = 3) -> Model:
    """Gray and Lamport's two-phase commit as TLA+'s TwoPhase.tla has it, one action per disjunct.

    3 managers: 288 distinct, 1146 generated, depth 11. 6: 50,816 and 402,306. 7: 296,448 and 2,744,706. The deadlocks
    (all resource managers decided) are those of the original, which is checked without deadlocks.
    """
    rm_type = ScalarsetType(managers, "RM")
    stage = EnumType(("working", "prepared", "committed", "aborted"), "Stage")
    decision = EnumType(("init", "committed", "aborted"), "Decision")
    who = SetType(rm_type)
    decls = [
        variable("rm_state", ArrayType(rm_type, stage)),
        variable("tm_state", decision),
        variable("tm_prepared", who),
        variable("sent_prepared", who),
        variable("sent_commit", BOOL),
        variable("sent_abort", BOOL),
    ]
    rm_state, tm_state, tm_prepared, sent_prepared, sent_commit, sent_abort = (
        Variable(i, d.type, d.span) for i, d in enumerate(decls)
    )

    def in_stage(rm: Expr, name: str) -> Apply:
        return equal(element(rm_state, rm), Const(name, stage))

    def to_stage(rm: Expr, name: str) -> Assign:
        return Assign(element(rm_state, rm), Const(name, stage))

    undecided = When(equal(tm_state, Const("init", decision)))
    actions = [
        action(
            "tm_commit",
            undecided,
            When(equal(tm_prepared, every(rm_type))),
            Assign(tm_state, Const("committed", decision)),
            Assign(sent_commit, boolean(True)),
        ),
        action("tm_abort", undecided, Assign(tm_state, Const("aborted", decision)), Assign(sent_abort, boolean(True))),
    ]
    for value in range(managers):
        rm = Const(value, rm_type)
        add_rm = [apply(Op.WITH, s, rm) for s in (tm_prepared, sent_prepared)]
        bodies: dict[str, tuple[Stmt, ...]] = {
            "tm_rcv_prepared": (
                undecided,
                When(apply(Op.IN, rm, sent_prepared)),
                Assign(tm_prepared, add_rm[0]),
            ),
            "rm_prepare": (
                When(in_stage(rm, "working")),
                to_stage(rm, "prepared"),
                Assign(sent_prepared, add_rm[1]),
            ),
            "rm_choose_to_abort": (When(in_stage(rm, "working")), to_stage(rm, "aborted")),
            "rm_rcv_commit": (When(sent_commit), to_stage(rm, "committed")),
            "rm_rcv_abort": (When(sent_abort), to_stage(rm, "aborted")),
        }
        actions += [action(label, *body, args=(("rm", value, rm_type),)) for label, body in bodies.items()]
    one, other = Local("one", rm_type), Local("other", rm_type)
    apart = negate(both(in_stage(one, "aborted"), in_stage(other, "committed")))
    consistent = Quantifier(
        "all", one, every(rm_type), Quantifier("all", other, every(rm_type), apart, BOOL), BOOL
    )  # fmt: skip
    return model(
        "two_phase_commit",
        decls,
        [
            Assign(rm_state, Const(("working",) * managers, rm_state.type)),
            Assign(tm_state, Const("init", decision)),
            Assign(tm_prepared, Const(frozenset(), who)),
            Assign(sent_prepared, Const(frozenset(), who)),
            Assign(sent_commit, boolean(False)),
            Assign(sent_abort, boolean(False)),
        ],
        actions,
        invariants={"consistent": consistent},
        reachables={"commits": equal(tm_state, Const("committed", decision))},
    )


def kick_and_serve(kicks: int = 2) -> Model:
    """A guest that adds buffers and kicks, a server that sleeps in `idle("select")`: places, an idle place, a place
    "done", a live local (`round`). No deadlock: at the end the guest is done and the server idle."""
    amount, rounds = IntType(0, kicks), IntType(0, kicks)
    guest_place, server_place = IntType(0, 2), IntType(0, 1)
    decls = [
        variable("added", amount),
        variable("seen", amount),
        variable("signalled", BOOL),
        VariableDecl("guest.place", guest_place, "place", 0),
        VariableDecl("server.place", server_place, "place", 1),
        VariableDecl("guest.round", rounds, "local", 0),
    ]
    added, seen, signalled, guest, server, turn = (Variable(i, d.type, d.span) for i, d in enumerate(decls))
    more = apply(Op.LT, turn, integer(kicks))
    processes = [
        Process(
            "guest",
            (),
            (Place("add buffer", "add buffer", live=("round",)), Place("kick", "kick", live=("round",)),
             Place("done", "done", "done")),
            3, 0, (("round", 5),), "weak", span_of("guest"),
        ),
        Process(
            "server",
            (),
            (Place("select", "select", "idle"), Place("serve", "serve")),
            4, 0, (), "weak", span_of("server"),
        ),
    ]  # fmt: skip
    actions = [
        action(
            "add buffer",
            assign(added, apply(Op.ADD, added, integer(1)), "self.added += 1"),
            assign(turn, apply(Op.ADD, turn, integer(1))),
            Assign(guest, Const(1, guest_place)),
            process=0, place=0, fairness="weak",
        ),
        action(
            "kick",
            Assign(signalled, boolean(True)),
            If(more, (Assign(guest, Const(0, guest_place)),),
               (Assign(guest, Const(2, guest_place)), Assign(turn, Const(0, rounds))), 0),
            process=0, place=1, fairness="weak",
        ),
        action(
            "select",
            When(signalled, 1, span_of("when(self.signalled)")),
            Assign(signalled, boolean(False)),
            Assign(server, Const(1, server_place)),
            process=1, place=0, fairness="weak",
        ),
        action(
            "serve",
            Assign(seen, added),
            Assign(server, Const(0, server_place)),
            process=1, place=1, fairness="weak",
        ),
    ]  # fmt: skip
    wake_up = either(equal(guest, integer(1)), signalled, equal(server, integer(1)))
    return model(
        "kick_and_serve",
        decls,
        [
            Assign(added, Const(0, amount)),
            Assign(seen, Const(0, amount)),
            Assign(signalled, boolean(False)),
            Assign(guest, Const(0, guest_place)),
            Assign(server, Const(0, server_place)),
            Assign(turn, Const(0, rounds)),
        ],
        actions,
        processes=processes,
        invariants={"no_kick_is_lost": implies(apply(Op.LT, seen, added), wake_up)},
        reachables={"all_seen": equal(seen, integer(kicks))},
        guards=[Guard("if", span_of("round < kicks")), Guard("when", span_of("self.signalled"))],
    )


def every_fault() -> Model:
    """One state, one action per kind of fault; each action faults there, at a span whose text is the kind's name."""
    small, element_type = IntType(0, 3), IntType(0, 1)
    decls = [
        variable("n", small),
        variable("a", ArrayType(small, BOOL)),
        variable("s", SeqType(element_type, 2)),
        variable("m", SetType(small)),
        variable("o", OptionType(element_type)),
        variable("big", IntType(2**62, 2**63 - 1)),
        variable("q", SeqType(element_type, 2)),
    ]
    n, a, s, m, o, big, q = (Variable(i, d.type, d.span) for i, d in enumerate(decls))
    over = apply(Op.ADD, n, integer(1))
    truth, local = Local("t", BOOL), Local("x", element_type)
    faults: dict[str, tuple[Stmt, ...]] = {
        "RANGE": (assign(n, over, "RANGE"),),
        "INDEX": (Assign(truth, element(a, over, "INDEX")),),
        "INDEX in a target": (Assign(element(s, integer(1), "INDEX"), Const(0, element_type)),),
        "FULL": (Assign(q, apply(Op.APPEND, q, Const(0, element_type), text="FULL")),),
        "EMPTY": (Assign(local, apply(Op.FIRST, apply(Op.REST, s), text="EMPTY")),),
        "ABSENT": (Assign(m, apply(Op.REMOVE, m, n, text="ABSENT")),),
        "DIVISION": (
            assign(n, apply(Op.FLOORDIV, integer(1), apply(Op.SUB, n, integer(3)), text="DIVISION")),
        ),
        "OVERFLOW": (assign(n, apply(Op.ADD, big, big, text="OVERFLOW")),),
        "NONE": (Assign(local, apply(Op.GET, o, text="NONE")),),
        "ASSERT": (Assert(apply(Op.LT, n, integer(3)), "n is below 3", span_of("ASSERT")),),
        "blocked first": (When(boolean(False)), assign(n, over, "RANGE")),
        "blocked too late": (assign(n, over, "RANGE"), When(boolean(False))),
    }
    return model(
        "every_fault",
        decls,
        [
            Assign(n, Const(3, small)),
            Assign(a, Const((False,) * 4, a.type)),
            Assign(s, Const((1,), s.type)),
            Assign(m, Const(frozenset({0}), m.type)),
            Assign(o, Const(None, o.type)),
            Assign(big, Const(2**63 - 1, big.type)),
            Assign(q, Const((0, 1), q.type)),
        ],
        [action(label, *body) for label, body in faults.items()],
        invariants={"faults": equal(apply(Op.GET, o, text="self.o"), integer(0))},
    )


def choices() -> Model:
    """Choices: in the initialisation (n is 0, 1 or 2: 3 initial states), twice in one step with a guard between them,
    within a branch, from a set of the state that may be empty, and one way of three that faults."""
    t = IntType(0, 4)
    decls = [variable("n", t), variable("pool", SetType(t)), variable("last", OptionType(t))]
    n, pool, last = (Variable(i, d.type, d.span) for i, d in enumerate(decls))
    x, y, z, w, f, first = (Local(name, t) for name in ("x", "y", "z", "w", "f", "first"))
    few = Const(frozenset({0, 1, 2}), SetType(t))
    actions = [
        action(
            "pair",
            Choose(x, few, "x", span_of("choose(0, 1, 2)")),
            Choose(y, Construct((n, x), SetType(t)), "y"),
            When(negate(equal(x, y)), 0),
            Assign(pool, Construct((x, y), SetType(t))),
            assign(n, apply(Op.MAX, x, y)),
        ),
        action(
            "take",
            Choose(z, pool, "z", span_of("choose(self.pool)")),
            Assign(pool, apply(Op.WITHOUT, pool, z)),
            Assign(last, apply(Op.SOME, z)),
        ),
        action(
            "branch",
            If(
                apply(Op.IS_NONE, last),
                (Choose(w, few, "w"), Assign(last, apply(Op.SOME, w))),
                (Assign(last, Const(None, last.type)),),
                1,
            ),
        ),
        action(
            "climb",
            Choose(f, few, "step"),
            When(apply(Op.GT, f, integer(0))),
            assign(n, apply(Op.ADD, n, f), "climb"),
        ),
    ]
    return model(
        "choices",
        decls,
        [
            Choose(first, few, "n"),
            Assign(n, first),
            Assign(pool, Const(frozenset(), pool.type)),
            Assign(last, Const(None, last.type)),
        ],
        actions,
        invariants={"never_four": negate(equal(n, integer(4)))},
        guards=[Guard("when", span_of("x != y")), Guard("if", span_of("self.last is None"))],
    )


def wide(width: int = 20) -> Model:
    """A state of several words: an array of `width` records of 13 bits each, of which one is changed per step, in a
    loop with a condition. One behaviour, that ends in a cycle."""
    t = IntType(0, 2)
    record = RecordType("Slot", (("count", t), ("mark", IntType(-512, 511)), ("on", BoolType())))
    index = IntType(0, width - 1)
    decls = [variable("slots", ArrayType(index, record)), variable("turn", index)]
    slots, turn = (Variable(i, d.type, d.span) for i, d in enumerate(decls))
    i = Local("i", index)
    slot = element(slots, i)
    count = field_of(slot, "count")
    bumped = Cond(apply(Op.LT, count, integer(2)), cast(apply(Op.ADD, count, integer(1)), t), count, t)
    turned = apply(Op.MOD, apply(Op.ADD, turn, integer(1)), integer(width))
    body = For(
        i,
        every(index),
        (
            If(
                equal(i, turn),
                (
                    Assign(count, bumped),
                    assign(field_of(slot, "mark"), apply(Op.SUB, count, i)),
                    Assign(field_of(slot, "on"), negate(field_of(slot, "on"))),
                ),
            ),
        ),
    )
    return model(
        "wide",
        decls,
        [Assign(slots, Const(((0, 0, False),) * width, slots.type)), Assign(turn, Const(0, index))],
        [action("rotate", body, assign(turn, turned))],
    )
