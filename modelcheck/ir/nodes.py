"""The CORE dialect: a closed model, typed and with a span on every node. What every back end consumes.

An action is a guarded command: its body is a sequence of statements that runs atomically on a copy of the state.
`When` that is false, and `Choose` from an empty set, leave no successor; a fault or a failed `Assert` ends the step
with a verdict of its own; whoever reaches the end of the body has found a successor. A `Choose` runs the rest of the
whole body once for each value, in ascending order; an `If` with one inside is the last statement of its list, and a
`For` has none. There are no jumps: processes have been cut into steps, and a step ends by assigning its process's place
variable like any other.

Locals are names for values within one step (or one predicate); whatever lives from step to step is a variable. Two
binders may share a name only where neither stands in the scope of the other; an assignment may change a local.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, Literal

from modelcheck.errors import Diagnostic, Span
from modelcheck.ir.ops import Op
from modelcheck.ir.timing import Timing
from modelcheck.ir.types import BOOL, FORMULA, Type, tells_nothing

# --- expressions: pure, evaluated left to right, may fault ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A natural value of its type."""

    value: Any
    type: Type
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """A state variable by its index in `Model.variables`. `after`: its value in the next state (step predicates)."""

    index: int
    type: Type
    span: Span | None = field(default=None, compare=False)
    after: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    name: str
    type: Type
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Apply:
    op: Op
    args: tuple[Expr, ...]
    type: Type
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or`, `implies` (two operands): left to right, stops as soon as the value is known."""

    connective: Literal["and", "or", "implies"]
    args: tuple[Expr, ...]
    span: Span | None = field(default=None, compare=False)
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Cond:
    """`then if test else otherwise`: only the branch taken is evaluated. Both have the node's type."""

    test: Expr
    then: Expr
    otherwise: Expr
    type: Type
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    record: Expr
    name: str
    type: Type
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Element:
    """`array[index]`. An integer index may have a wider type than the array's: then it faults outside it (INDEX)."""

    array: Expr
    index: Expr
    type: Type
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Construct:
    """A set, sequence, array (in ascending order of indices) or record (in order of fields) from its parts."""

    items: tuple[Expr, ...]
    type: Type
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Bind:
    """`body` with a local standing for `value`, which is evaluated once, first."""

    local: Local
    value: Expr
    body: Expr
    type: Type
    span: Span | None = field(default=None, compare=False)


QuantifierKind = Literal["all", "any", "sum", "min", "max", "set", "array", "seq"]


@dataclass(frozen=True, slots=True)
class Quantifier:
    """`kind(body for local in domain)`. `domain` is a set (visited in ascending order) or a sequence (in order).

    all, any: body is Bool, stops early.  sum: partial sums beyond 64 bits fault (OVERFLOW).
    min, max: fault on an empty domain (EMPTY); where `guard` is given, on a domain without a true guard.
    set: the set of the bodies.  array: the domain is every value of the array's index type.  seq: a sequence (FULL).
    `guard` is the `if` of a comprehension: elements for which it is false are skipped.
    """

    kind: QuantifierKind
    local: Local
    domain: Expr
    body: Expr
    type: Type
    guard: Expr | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Temporal:
    """always, eventually, leads_to, until, weak_until, infinitely_often, eventually_always; and, or, not, implies
    over formulas. Operands are formulas or Bool expressions. Only in temporal properties. `instance`: of a formula
    under `all` or `any`, what it was written for: (variable, value, type)."""

    operator: str
    args: tuple[Expr, ...]
    span: Span | None = field(default=None, compare=False)
    type: Type = FORMULA
    instance: tuple[tuple[str, Any, Type], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class ActionPredicate:
    """`happens(...)` or `enabled(...)`: of the step out of a state, by the ids of the actions. Temporal only."""

    kind: Literal["happens", "enabled"]
    actions: frozenset[int]
    span: Span | None = field(default=None, compare=False)
    type: Type = FORMULA


Expr = (
    Const | Variable | Local | Apply | Logic | Cond | Field | Element | Construct | Bind | Quantifier | Temporal
    | ActionPredicate
)  # fmt: skip

# --- statements -------------------------------------------------------------------------------------------------------

Lvalue = Variable | Local | Field | Element  # Field and Element down to a Variable or Local


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = value`. The value has the target's type (a CAST sees to it).

    Order: the value first, then the indices of the target from the outside in, as in CPython. An Element target may
    also be an Element of a sequence: then the index must lie below its length (INDEX).
    """

    target: Lvalue
    value: Expr
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """`site` indexes `Model.guards`: whether the test was ever true. None where nobody wants to know."""

    test: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...] = ()
    site: int | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class When:
    test: Expr
    site: int | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Assert:
    test: Expr
    message: str | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Choose:
    """Binds `local` to each member of the set `domain`, ascending (of a `Construct` that came from `choose(a, b, c)`
    too). `shown` is the name that traces show for the choice; "" for the branches of a test on clocks: not shown."""

    local: Local
    domain: Expr
    shown: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class For:
    """Runs `body` for every member of `domain` (a set, ascending; a sequence, in order), evaluated once. The body may
    assign, branch, assert, choose and block like any other; it has no `break`."""

    local: Local
    domain: Expr
    body: tuple[Stmt, ...]
    span: Span | None = field(default=None, compare=False)


Stmt = Assign | If | When | Assert | Choose | For

# --- the model --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VariableDecl:
    """`process` is set for a place variable ("place": IntType over the process's places) and for a live local.
    A "register" belongs to the steps of a timed model (`timing`): it has its initial value, the least of its type, in
    every state, and no report shows it."""

    name: str
    type: Type
    kind: Literal["variable", "place", "local", "register"] = "variable"
    process: int | None = None
    span: Span | None = field(default=None, compare=False)

    @property
    def hidden(self) -> bool:
        """Whether it is no news in any state: a register, or clocks alone."""
        return self.kind == "register" or tells_nothing(self.type)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process may stand. `static` are the loop variables that are known there: ((name, value, type), ...).
    `label` is as shown (a procedure called twice: "acquire@41"), `plain` as written. The last place of a process that
    can return is "done". `live`: the declared locals that are live there, by source name."""

    label: str
    plain: str
    kind: Literal["step", "idle", "done"] = "step"
    static: tuple[tuple[str, Any, Type], ...] = ()
    live: tuple[str, ...] = ()
    source: str | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Process:
    """One instance of a process. `variable` is its place variable's index; None where it has a single place."""

    name: str
    args: tuple[tuple[str, Any, Type], ...]
    places: tuple[Place, ...]
    variable: int | None
    start: int
    locals: tuple[tuple[str, int], ...] = ()  # source name -> variable index
    fairness: Literal["weak", "strong"] | None = None
    span: Span | None = field(default=None, compare=False)

    @property
    def title(self) -> str:
        """`vcpu`, or `vcpu[1]`, `link[0,up]` for an instance of a family."""
        return self.name + (f"[{','.join(str(v) for _, v, _ in self.args)}]" if self.args else "")


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the next-state relation: a step of one process instance at one place, or an @action for one tuple
    of arguments. `place` is what the process's place variable must hold (a guard that back ends test first)."""

    label: str
    body: tuple[Stmt, ...]
    process: int | None = None
    place: int | None = None
    args: tuple[tuple[str, Any, Type], ...] = ()
    fairness: Literal["weak", "strong"] | None = None
    reads: frozenset[int] = frozenset()
    writes: frozenset[int] = frozenset()
    span: Span | None = field(default=None, compare=False)


PropertyKind = Literal["invariant", "action_invariant", "temporal", "reachable", "constraint"]


@dataclass(frozen=True, slots=True)
class Property:
    """`expr` keeps the shape of the source, for explanations; `predicate` indexes `Model.predicates` (state) or
    `Model.step_predicates` (action_invariant); `antecedents` the left sides of its top-level implies, in `predicates`
    (for an action_invariant, in `step_predicates`). A temporal property has neither."""

    name: str
    kind: PropertyKind
    expr: Expr
    doc: str = ""
    predicate: int | None = None
    antecedents: tuple[int, ...] = ()
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Guard:
    """An `if` or a `when` of the source, whose test should be true at some time."""

    kind: Literal["if", "when"]
    span: Span


@dataclass(frozen=True, slots=True)
class Model:
    """`initial` runs once on no state at all and assigns every variable; each way through it is an initial state.
    `given`: the constants that have another value than the text's."""

    name: str
    path: str
    constants: tuple[tuple[str, Any], ...]
    variables: tuple[VariableDecl, ...]
    initial: tuple[Stmt, ...]
    actions: tuple[Action, ...]
    processes: tuple[Process, ...]
    properties: tuple[Property, ...]
    predicates: tuple[Expr, ...]
    step_predicates: tuple[Expr, ...]
    guards: tuple[Guard, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    doc: str = ""
    span: Span | None = field(default=None, compare=False)
    timing: Timing | None = None
    given: frozenset[str] = frozenset()

    def action_title(self, action: int) -> str:
        """`vcpu[1]: kick` for a step of a process, `prepare(rm=0)` for an action."""
        a = self.actions[action]
        if a.process is not None:
            return f"{self.processes[a.process].title}: {a.label}"
        return a.label + (f"({', '.join(f'{n}={v}' for n, v, _ in a.args)})" if a.args else "")


# --- walking ----------------------------------------------------------------------------------------------------------


def children(node: Expr | Stmt) -> tuple[Expr | Stmt, ...]:
    """The direct parts of a node, in order of evaluation as far as there is one."""
    match node:
        case Const() | Variable() | Local() | ActionPredicate():
            return ()
        case Apply(_, args) | Logic(_, args) | Temporal(_, args):
            return args
        case Cond(test, then, otherwise):
            return (test, then, otherwise)
        case Field(record):
            return (record,)
        case Element(array, index):
            return (array, index)
        case Construct(items):
            return items
        case Bind(local, value, body):
            return (local, value, body)
        case Quantifier(_, local, domain, body, _, guard):
            return (local, domain, *((guard,) if guard is not None else ()), body)
        case Assign(target, value):
            return (value, target)
        case If(test, then, otherwise):
            return (test, *then, *otherwise)
        case When(test) | Assert(test):
            return (test,)
        case Choose(local, domain):
            return (local, domain)
        case For(local, domain, body):
            return (local, domain, *body)
    raise TypeError(node)


def walk(node: Expr | Stmt) -> Iterator[Expr | Stmt]:
    """The node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)
