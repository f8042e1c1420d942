"""The names that a spec imports, typed for editors and for pyright. What they mean is in the language's reference.

A spec is parsed, never run, so nothing here does anything: importing a spec file under CPython evaluates its
declarations to `Domain`s, which remember what they were given, and leaves its methods alone. The types say what a *use*
of a name has: `counter = Int(0, 3, init=0)` makes `self.counter` an int. A type without `init=` is a named type, to be
called later. Where a precise type would get in an author's way (an option after `when(x is not None)`, an array that is
assigned from a comprehension) it is Any: the checker has types of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Callable, Generic, Iterator, Literal, TypeVar, overload

from modelcheck.frontends.dsl_log import Log, enters, ignored, line, returns, silent
from modelcheck.frontends.dsl_time import (
    Clock, Param, Time, Timer, after, between, committed, deadline, expires, observe, urgent,
)  # fmt: skip

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Fair = Literal["weak", "strong"]

ANY: Any = ...  # init=ANY: every value of the type

# A parameter that stands for a record of the caller: `def drain(self, q: Ref[EventFd])`.
Ref = Annotated[T, "reference"]


@dataclass(frozen=True, eq=False)
class Domain(Generic[T]):
    """A type, and with `init` the declaration of a variable. `kind` is the name of the function that made it."""

    kind: str
    args: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *, init: Any = ...) -> T:
        return replace(self, options={**self.options, "init": init})  # type: ignore[return-value]

    def __iter__(self) -> Iterator[T]:
        return iter(VALUES[self.kind](*self.args))

    def __len__(self) -> int:
        return len(VALUES[self.kind](*self.args))

    def __contains__(self, value: object) -> bool:
        return value in VALUES[self.kind](*self.args)


VALUES: dict[str, Callable[..., Any]] = {
    "Bool": lambda: (False, True),
    "Int": lambda lo, hi: range(lo, hi + 1),
    "Range": range,
    "Scalarset": range,
    "Enum": lambda *literals: literals,
}


class ArrayOf(Domain[Any], Generic[T]):
    """A value for every index. Assigned from another array, `[f(i) for i in Index]` or `{i: f(i) for i in Index}`."""

    if TYPE_CHECKING:

        def __get__(self, instance: Any, owner: Any = None) -> ArrayOf[T]: ...
        def __set__(self, instance: Any, value: Any) -> None: ...
        def __getitem__(self, index: Any) -> T: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __call__(self, *, init: Any = ...) -> ArrayOf[T]: ...
        def __iter__(self) -> Iterator[T]: ...


def _domain(kind: str, *args: Any, **options: Any) -> Any:
    given = {name: value for name, value in options.items() if name != "init" or value is not ...}
    return (ArrayOf if kind == "Array" else Domain)(kind, args, given)


# --- types ------------------------------------------------------------------------------------------------------------

Bool: Domain[bool] = Domain("Bool")


@overload
def Int(lo: int, hi: int) -> Domain[int]: ...
@overload
def Int(lo: int, hi: int, *, init: Any) -> int: ...
def Int(lo: int, hi: int, *, init: Any = ...) -> Any:
    """The integers from lo to hi, both included."""
    return _domain("Int", lo, hi, init=init)


@overload
def Enum(*literals: str) -> Domain[str]: ...
@overload
def Enum(*literals: str, init: Any) -> str: ...
def Enum(*literals: str, init: Any = ...) -> Any:
    """One of these strings, in this order."""
    return _domain("Enum", *literals, init=init)


@overload
def Range(size: int) -> Domain[int]: ...
@overload
def Range(size: int, *, init: Any) -> int: ...
def Range(size: int, *, init: Any = ...) -> Any:
    """The integers from 0 to size - 1: numbered things, which may be counted and ordered."""
    return _domain("Range", size, init=init)


@overload
def Scalarset(size: int) -> Domain[int]: ...
@overload
def Scalarset(size: int, *, init: Any) -> int: ...
def Scalarset(size: int, *, init: Any = ...) -> Any:
    """`size` things that are alike: values that can only be compared for equality."""
    return _domain("Scalarset", size, init=init)


@overload
def Set(of: Domain[T] | type[T]) -> Domain[set[T]]: ...
@overload
def Set(of: Domain[T] | type[T], *, init: Any) -> set[T]: ...
@overload
def Set(of: Any, *, init: Any = ...) -> Any: ...
def Set(of: Any, *, init: Any = ...) -> Any:
    """The sets of values of a type."""
    return _domain("Set", of, init=init)


@overload
def Seq(of: Domain[T] | type[T], capacity: int) -> Domain[list[T]]: ...
@overload
def Seq(of: Domain[T] | type[T], capacity: int, *, init: Any) -> list[T]: ...
@overload
def Seq(of: Any, capacity: int, *, init: Any = ...) -> Any: ...
def Seq(of: Any, capacity: int, *, init: Any = ...) -> Any:
    """Sequences of at most `capacity` values: a queue, a buffer."""
    return _domain("Seq", of, capacity, init=init)


@overload
def Option(of: Domain[T] | type[T]) -> Domain[T | Any]: ...
@overload
def Option(of: Domain[T] | type[T], *, init: Any) -> T | Any: ...
@overload
def Option(of: Any, *, init: Any = ...) -> Any: ...
def Option(of: Any, *, init: Any = ...) -> Any:
    """A value of the type, or None."""
    return _domain("Option", of, init=init)


@overload
def Array(index: Any, of: ArrayOf[T], *, init: Any = ...) -> ArrayOf[ArrayOf[T]]: ...
@overload
def Array(index: Any, of: Domain[T] | type[T], *, init: Any = ...) -> ArrayOf[T]: ...
@overload
def Array(index: Any, of: T, *, init: Any = ...) -> ArrayOf[T]: ...
def Array(index: Any, of: Any, *, init: Any = ...) -> Any:
    """A value for every value of the index type: `Array(Queue, Bool(init=True))`."""
    return _domain("Array", index, of, init=init)


class Record:
    """Base of records: parts with fields, methods, procedures and actions. `EventFd(counter=1)` sets initial values."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class Spec:
    """Base of specs: variables, processes, actions and properties."""


# --- constants --------------------------------------------------------------------------------------------------------


@overload
def Const(value: tuple[T, ...], type: Any = None) -> tuple[T, ...]: ...
@overload
def Const(value: T, type: Any = None) -> T: ...
def Const(value: Any, type: Any = None) -> Any:
    """Fixed for one check; `-D name=value` or a case's `where` sets another value."""
    return value


def assume(condition: bool, reason: str = "") -> None:
    """A condition on the constants: false is exit 10."""


# --- actions, processes, properties -----------------------------------------------------------------------------------

if TYPE_CHECKING:

    class Steps:
        """A process or an action: `self.vcpu[1]` is one instance, `self.vcpu[1].queue` one of its locals."""

        def __getitem__(self, index: Any) -> Steps: ...
        def __call__(self, *args: Any) -> Any: ...
        def __getattr__(self, name: str) -> Any: ...


@overload
def action(function: Callable[..., Any], /) -> Steps: ...
@overload
def action(
    *, fair: Fair = ..., unfair: tuple[str, ...] = ..., **parameters: Any
) -> Callable[[Callable[..., Any]], Steps]: ...
def action(function: Any = None, /, **options: Any) -> Any:
    """One atomic step, for every value of its parameters: `@action(rm=RM) def prepare(self, rm)`."""
    return _decorated("action", function, options)


@overload
def process(function: Callable[..., Any], /) -> Steps: ...
@overload
def process(
    *, each: Any = ..., fair: Fair = ..., unfair: tuple[str, ...] = ...
) -> Callable[[Callable[..., Any]], Steps]: ...
def process(function: Any = None, /, **options: Any) -> Any:
    """A sequential program with steps, for every value of `each`: `@process(each=Vcpu, fair="weak")`."""
    return _decorated("process", function, options)


def procedure(function: Callable[..., Any], /) -> Callable[..., Any]:
    """A method with steps: `x = yield from self.acquire(1)`."""
    return _decorated("procedure", function, {})


def invariant(function: F, /) -> F:
    """True in every state."""
    return _decorated("invariant", function, {})


def action_invariant(function: F, /) -> F:
    """True of every step: `def f(self, after)`."""
    return _decorated("action_invariant", function, {})


def temporal(function: F, /) -> F:
    """True of every fair behaviour."""
    return _decorated("temporal", function, {})


def reachable(function: F, /) -> F:
    """True in some state."""
    return _decorated("reachable", function, {})


def constraint(function: F, /) -> F:
    """States for which it is false are kept, but not expanded."""
    return _decorated("constraint", function, {})


def _decorated(kind: str, function: Any, options: dict[str, Any]) -> Any:
    """The function itself, marked; with options alone, a decorator."""
    if function is None:
        return lambda f: _decorated(kind, f, options)
    function.modelcheck = (kind, options)
    return function


# --- in steps ---------------------------------------------------------------------------------------------------------


def when(condition: bool) -> None:
    """The step cannot be taken unless the condition holds here."""


@overload
def choose(domain: Domain[T] | set[T] | frozenset[T] | range, /) -> T: ...
@overload
def choose(*values: T) -> T: ...
def choose(*values: Any) -> Any:
    """The step branches, once for each value; an empty set disables it."""
    return values


def idle(label: str, source: str = "") -> str:
    """A place where a process may rest: `yield idle("select")`."""
    return label


# --- in properties ----------------------------------------------------------------------------------------------------


def at(process: Any, label: str) -> bool:
    """The process stands at the label."""
    return _only_in_specs("at", process, label)


def done(process: Any) -> bool:
    """The process has returned."""
    return _only_in_specs("done", process)


def happens(process: Any, label: str = "") -> bool:
    """The step is taken now. In temporal properties."""
    return _only_in_specs("happens", process, label)


def enabled(process: Any, label: str = "") -> bool:
    """The step can be taken now. In temporal properties."""
    return _only_in_specs("enabled", process, label)


def implies(antecedent: bool, consequent: bool) -> bool:
    """`consequent`, wherever `antecedent` holds; vacuous where it never does."""
    return not antecedent or consequent


def always(formula: bool) -> bool:
    """[] of TLA+."""
    return _only_in_specs("always", formula)


def eventually(formula: bool) -> bool:
    """<> of TLA+."""
    return _only_in_specs("eventually", formula)


def leads_to(first: bool, then: bool) -> bool:
    """~> of TLA+: whenever `first`, now or later `then`."""
    return _only_in_specs("leads_to", first, then)


def until(hold: bool, release: bool) -> bool:
    """`hold` up to a state with `release`, which comes."""
    return _only_in_specs("until", hold, release)


def weak_until(hold: bool, release: bool) -> bool:
    """`hold` up to a state with `release`, or for ever."""
    return _only_in_specs("weak_until", hold, release)


def infinitely_often(formula: bool) -> bool:
    """[]<> of TLA+."""
    return _only_in_specs("infinitely_often", formula)


def eventually_always(formula: bool) -> bool:
    """<>[] of TLA+."""
    return _only_in_specs("eventually_always", formula)


def _only_in_specs(name: str, *args: Any) -> bool:
    raise RuntimeError(f"{name}{args} has a meaning in a spec that is checked, not in one that is run")


# --- cases ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expectation:
    """What a case expects, and under which constants."""

    kind: str
    names: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


class Case:
    """Every property of the spec is checked; those that the expectations do not name must hold."""

    def __init__(self, name: str, spec: type[Spec], /, *expectations: Expectation) -> None:
        self.name, self.spec, self.expectations = name, spec, expectations


def holds(*names: str) -> Expectation:
    """These properties hold."""
    return Expectation("holds", names)


def violates(*names: str, length: int | None = None) -> Expectation:
    """These properties are violated; `length`, of a single one, counts the states of its shortest trace."""
    return Expectation("violates", names, {"length": length})


def deadlocks(*, length: int | None = None) -> Expectation:
    return Expectation("deadlocks", (), {"length": length})


def timelocks(*, length: int | None = None) -> Expectation:
    """Time comes to an end: nothing can happen, and no time can pass."""
    return Expectation("timelocks", (), {"length": length})


def assertion_fails(*, length: int | None = None) -> Expectation:
    return Expectation("assertion_fails", (), {"length": length})


def evaluation_error(*, length: int | None = None) -> Expectation:
    return Expectation("evaluation_error", (), {"length": length})


def vacuous(*names: str) -> Expectation:
    """These properties are never put to the test."""
    return Expectation("vacuous", names)


def only(*names: str) -> Expectation:
    """No other property is checked. "deadlock", "timelock", "assertion" and "evaluation_error" can be named too."""
    return Expectation("only", names)


def where(**constants: Any) -> Expectation:
    """The values of constants."""
    return Expectation("where", (), constants)


def pin(**quantities: int) -> Expectation:
    """What is observed under these names has these values."""
    return Expectation("pin", (), quantities)


def counts(
    *, distinct: int | None = None, generated: int | None = None, depth: int | None = None
) -> Expectation:
    """The figures of the whole state space."""
    return Expectation("counts", (), {"distinct": distinct, "generated": generated, "depth": depth})


__all__ = [
    "ANY", "Array", "Bool", "Case", "Const", "Enum", "Int", "Option", "Range", "Record", "Ref", "Scalarset", "Seq",
    "Set", "Spec", "action", "action_invariant", "always", "assertion_fails", "assume", "at", "choose", "constraint",
    "counts", "deadlocks", "done", "enabled", "evaluation_error", "eventually", "eventually_always", "happens", "holds",
    "idle", "implies", "infinitely_often", "invariant", "leads_to", "only", "procedure", "process", "reachable",
    "temporal", "until", "vacuous", "violates", "weak_until", "when", "where",
    "Clock", "Param", "Time", "Timer", "after", "between", "committed", "deadline", "expires", "observe",
    "pin", "timelocks", "urgent", "Log", "enters", "ignored", "line", "returns", "silent",
]  # fmt: skip
