"""The reference interpreter: the definition of the CORE language. Slow and obvious; every back end is tested against
it, and no trace is shown that it has not taken step by step.

Where the nodes leave a question open, the order here is the answer:
- the elements of a comprehension are visited in order, for each the guard and then the body; a sequence that is built
  beyond its capacity, and a partial sum beyond 64 bits, fault at the first element that is too many;
- an assignment evaluates its value, then its target as an expression is read (container, index, check, from the outside
  in), then replaces the innermost element;
- the statements after an `If` or a `For` are part of what a `Choose` inside it runs for each of its values.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Iterator, Literal, Mapping

from modelcheck.errors import InternalError, Span
from modelcheck.ir.nodes import (
    Apply,
    Assert,
    Assign,
    Bind,
    Choose,
    Cond,
    Const,
    Construct,
    Element,
    Expr,
    Field,
    For,
    If,
    Local,
    Logic,
    Model,
    Quantifier,
    Stmt,
    Variable,
    When,
    walk,
)
from modelcheck.ir.ops import OPS, Fault, FaultKind, Op
from modelcheck.ir.printer import show_value
from modelcheck.ir.types import INT64, ArrayType, IntType, RecordType, SetType, Type, ascending, ordinal, show

State = tuple[Any, ...]  # natural values, in the order of Model.variables
Locals = Mapping[str, Any]


class EvaluationError(Exception):
    """An evaluation error of the language (or a failed assert) at the expression that raised it."""

    def __init__(self, kind: FaultKind, span: Span | None = None, detail: str = ""):
        super().__init__(f"{kind.value}: {detail}" if detail else kind.value)
        self.kind = kind
        self.span = span
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Unset:
    """The value of a variable that the initialisation has not reached yet."""


UNSET = _Unset()

# --- expressions ------------------------------------------------------------------------------------------------------


def evaluate(
    model: Model | None, expr: Expr, state: State, after: State | None = None, locals: Locals | None = None
) -> Any:
    """The natural value of an expression in a state. `after` is the next state, for step predicates. The model only
    names variables in messages; a closed expression needs neither it nor a state. Raises EvaluationError."""
    return _Scope(model, state, after, locals or {}).value(expr)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What an expression can refer to."""

    model: Model | None
    state: State
    after: State | None
    locals: Locals

    def value(self, expr: Expr) -> Any:
        match expr:
            case Const(value):
                return value
            case Variable():
                return self._variable(expr)
            case Local(name):
                if name not in self.locals:
                    raise InternalError(f"the local {name!r} is used before it is bound")
                return self.locals[name]
            case Apply(op, args):
                return _apply(expr, op, [self.value(a) for a in args])
            case Logic():
                return self._logic(expr)
            case Cond(test, then, otherwise):
                return self.value(then) if self.value(test) else self.value(otherwise)
            case Field(record, name):
                return self.value(record)[_position(record.type, name)]
            case Element(array, index):
                container = self.value(array)
                return container[_offset(expr, container, self.value(index))]
            case Construct(items, of):
                members = [self.value(i) for i in items]
                return frozenset(members) if isinstance(of, SetType) else tuple(members)
            case Bind(local, value, body):
                return self.bound(local, self.value(value)).value(body)
            case Quantifier():
                return _QUANTIFIERS[expr.kind](expr, self._bodies(expr))
        raise InternalError(f"{type(expr).__name__} is not an expression over states")

    def bound(self, local: Local, value: Any) -> _Scope:
        return _Scope(self.model, self.state, self.after, {**self.locals, local.name: value})

    def members(self, domain: Expr) -> list[Any]:
        """The values that a loop over a domain visits, in order."""
        value = self.value(domain)
        return ascending(domain.type.of, value) if isinstance(domain.type, SetType) else list(value)

    def _variable(self, expr: Variable) -> Any:
        state = self.after if expr.after else self.state
        if state is None or state[expr.index] is UNSET:
            name = self.model.variables[expr.index].name if self.model else f"#{expr.index}"
            raise InternalError(f"the variable {name} has no value here")
        return state[expr.index]

    def _logic(self, expr: Logic) -> bool:
        match expr.connective:
            case "and":
                return all(self.value(a) for a in expr.args)
            case "or":
                return any(self.value(a) for a in expr.args)
            case "implies":
                left, right = expr.args
                return self.value(right) if self.value(left) else True

    def _bodies(self, expr: Quantifier) -> Iterator[Any]:
        """The values of the body, lazily: whoever stops asking has stopped the evaluation."""
        for member in self.members(expr.domain):
            inner = self.bound(expr.local, member)
            if expr.guard is None or inner.value(expr.guard):
                yield inner.value(expr.body)


def _apply(expr: Apply, op: Op, args: list[Any]) -> Any:
    try:
        return OPS[op].meaning(expr.type, *args)
    except Fault as fault:
        detail = fault.detail
        if op is Op.CAST:
            detail = f"{show_value(expr.args[0].type, args[0])} is not in {show(expr.type)}"
        raise EvaluationError(fault.kind, expr.span, detail) from None


def _position(record: Type, name: str) -> int:
    assert isinstance(record, RecordType)
    return record.position(name)


def _offset(expr: Element, container: tuple[Any, ...], index: Any) -> int:
    """Where in its container the element is. Faults outside the index type of an array, or the length of a sequence."""
    match expr.array.type:
        case ArrayType(IntType(lo, hi)):
            offset, allowed = index - lo, f"{lo}..{hi}"
        case ArrayType(index_type):
            return ordinal(index_type, index)
        case _:
            offset, allowed = index, f"a length of {len(container)}"
    if not 0 <= offset < len(container):
        raise EvaluationError(FaultKind.INDEX, expr.span, f"index {index} is outside {allowed}")
    return offset


def _sum(expr: Quantifier, bodies: Iterator[int]) -> int:
    total = 0
    for body in bodies:
        total += body
        if not INT64[0] <= total <= INT64[1]:
            raise EvaluationError(FaultKind.OVERFLOW, expr.span, str(total))
    return total


def _extreme(expr: Quantifier, bodies: Iterator[int]) -> int:
    found = list(bodies)
    if not found:
        raise EvaluationError(FaultKind.EMPTY, expr.span)
    return min(found) if expr.kind == "min" else max(found)


def _sequence(expr: Quantifier, bodies: Iterator[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for body in bodies:
        if len(found) == expr.type.capacity:
            raise EvaluationError(FaultKind.FULL, expr.span, f"the capacity is {expr.type.capacity}")
        found.append(body)
    return tuple(found)


_QUANTIFIERS = {
    "all": lambda _, bodies: all(bodies),
    "any": lambda _, bodies: any(bodies),
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    "set": lambda _, bodies: frozenset(bodies),
    "array": lambda _, bodies: tuple(bodies),
    "seq": _sequence,
}

# --- statements -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way through a step: a successor, or what failed. `chosen`: what each `choose` gave, (shown, value, type).
    `at`: for a failure, the state as the step has left it there."""

    state: State | None
    chosen: tuple[tuple[str, Any, Type], ...] = ()
    failure: EvaluationError | None = None
    at: State | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Where a step that has no successor stops: the test of a `when` that is false, or the domain of a `choose` that is
    empty. `state` is as the step has left it there; `locals` are those that `expr` mentions, (name, value, type)."""

    kind: Literal["when", "choose"]
    span: Span | None
    expr: Expr
    state: State
    locals: tuple[tuple[str, Any, Type], ...]


def initial(model: Model) -> list[Outcome]:
    """Every way through the initialisation, duplicates included, in order of choices."""
    return [o for o in _ways(model, model.initial, _nothing(model)) if isinstance(o, Outcome)]


def outcomes(model: Model, state: State, action_id: int) -> list[Outcome]:
    """Every way through an action that is not blocked, in order of choices; none where its process stands elsewhere."""
    if not _stands_at(model, state, action_id):
        return []
    return [o for o in _ways(model, model.actions[action_id].body, state) if isinstance(o, Outcome)]


def successors(model: Model, state: State) -> list[tuple[int, Outcome]]:
    """(action id, outcome) in action order, then order of choices."""
    return [(i, o) for i in range(len(model.actions)) for o in outcomes(model, state, i)]


def blockers(model: Model, state: State | None, action_id: int | None) -> list[Blocked]:
    """What stops each way through a step, in order of choices: empty where its process stands elsewhere. Neither state
    nor action: what stops the initialisation."""
    if state is None or action_id is None:
        return [b for b in _ways(model, model.initial, _nothing(model)) if isinstance(b, Blocked)]
    if not _stands_at(model, state, action_id):
        return []
    return [b for b in _ways(model, model.actions[action_id].body, state) if isinstance(b, Blocked)]


def terminated(model: Model, state: State) -> bool:
    """Whether the state may rest: there are processes, and each is done or idle."""
    places = (p.places[p.start if p.variable is None else state[p.variable]] for p in model.processes)
    return bool(model.processes) and all(place.kind in ("idle", "done") for place in places)


def predicate(model: Model, number: int, state: State) -> bool:
    """The value of `Model.predicates[number]`. Raises EvaluationError."""
    return evaluate(model, model.predicates[number], state)


def step_predicate(model: Model, number: int, state: State, after: State) -> bool:
    """The value of `Model.step_predicates[number]` on a transition. Raises EvaluationError."""
    return evaluate(model, model.step_predicates[number], state, after)


def _nothing(model: Model) -> State:
    return (UNSET,) * len(model.variables)


def _stands_at(model: Model, state: State, action_id: int) -> bool:
    action = model.actions[action_id]
    if action.process is None or action.place is None:
        return True
    variable = model.processes[action.process].variable
    return variable is None or state[variable] == action.place


def _ways(model: Model, body: tuple[Stmt, ...], state: State) -> Iterator[Outcome | Blocked]:
    return _run(_Scope(model, state, None, {}), body, ())


def _run(
    scope: _Scope, todo: tuple[Stmt, ...], chosen: tuple[tuple[str, Any, Type], ...]
) -> Iterator[Outcome | Blocked]:
    """Every way through the statements still to run, in order of choices. A branch and the rounds of a loop are put in
    front of them; a choice runs all of them once for each of its values."""
    while todo:
        statement, todo = todo[0], todo[1:]
        try:
            match statement:
                case Assign(target, value):
                    scope = _assigned(scope, target, scope.value(value))
                case If(test, then, otherwise):
                    todo = (*(then if scope.value(test) else otherwise), *todo)
                case When(test):
                    if not scope.value(test):
                        yield _blocked("when", statement.span, test, scope)
                        return
                case Assert(test, message):
                    if not scope.value(test):
                        raise EvaluationError(FaultKind.ASSERT, statement.span, message or "")
                case Choose(local, domain, shown):
                    members = scope.members(domain)
                    if not members:
                        yield _blocked("choose", statement.span, domain, scope)
                    for member in members:
                        told = (*chosen, (shown, member, local.type)) if shown else chosen
                        yield from _run(scope.bound(local, member), todo, told)
                    return
                case For(local, domain, body):
                    rounds = ((Assign(local, Const(m, local.type)), *body) for m in scope.members(domain))
                    todo = (*chain.from_iterable(rounds), *todo)
        except EvaluationError as failure:
            yield Outcome(None, chosen, failure, scope.state)
            return
    yield Outcome(scope.state, chosen)


def _assigned(scope: _Scope, target: Expr, new: Any) -> _Scope:
    """The scope after `target = new`. The index of an element is evaluated here, after the new value was."""
    match target:
        case Variable(index):
            return replace(scope, state=_replaced(scope.state, index, new))
        case Local():
            return scope.bound(target, new)
        case Field(container, name):
            old = scope.value(container)
            return _assigned(scope, container, _replaced(old, _position(container.type, name), new))
        case Element(container, index):
            old = scope.value(container)
            return _assigned(scope, container, _replaced(old, _offset(target, old, scope.value(index)), new))
    raise InternalError(f"{type(target).__name__} cannot be assigned")


def _replaced(items: tuple[Any, ...], position: int, new: Any) -> tuple[Any, ...]:
    return (*items[:position], new, *items[position + 1 :])


def _blocked(kind: Literal["when", "choose"], span: Span | None, expr: Expr, scope: _Scope) -> Blocked:
    mentioned = {n.name: n.type for n in walk(expr) if isinstance(n, Local) and n.name in scope.locals}
    shown = tuple((name, scope.locals[name], of) for name, of in mentioned.items())
    return Blocked(kind, span, expr, scope.state, shown)
