"""The names of `modelcheck` for CPython to execute: steps, decorators, places, what stands at module level."""

from __future__ import annotations

from typing import Any, Callable

from tests.witness.values import (
    ANY, INT64, ArrayType, Blocked, BoolType, Declared, EnumType, Fault, IntType, Items, Members, OptionType, Record,
    RecordType, SeqType, SetType, Table, Type, World, as_type, fields_of, freeze, store,
)  # fmt: skip

# --- steps ------------------------------------------------------------------------------------------------------------


def when(condition: bool) -> None:
    if not condition:
        raise Blocked


def choose(*options: Any) -> Any:
    domain = options[0] if len(options) == 1 else set(options)
    members = in_order(domain)
    if not members:
        raise Blocked
    assert World.oracle is not None, "a choice before the first yield"
    return members[World.oracle(len(members))]


def in_order(domain: Any) -> list[Any]:
    """The values of a domain in the order of loops: a set ascending, anything else as it comes; a snapshot."""
    if isinstance(domain, (set, frozenset)):
        of = getattr(domain, "of", None)
        if of is not None:
            rank = {v: i for i, v in enumerate(of.values())}
            return sorted(domain, key=lambda v: rank[freeze(v)])
        return sorted(domain, key=lambda v: _sort_key(freeze(v)))
    return list(domain)


def _sort_key(frozen: Any) -> Any:
    match frozen:
        case None:
            return (0,)
        case frozenset():
            return (1, sum(1 << int(v) for v in frozen))
        case tuple():
            return (1, *map(_sort_key, frozen))
    return (1, frozen)


class idle:
    def __init__(self, label: str):
        self.label = label


def implies(left: bool, right: Callable[[], bool]) -> bool:
    """The loader wraps the right side, so that it is evaluated only where the left one holds."""
    return not left or right()


def checked(value: Any) -> Any:
    """An arithmetic result, which must fit 64 bits."""
    if isinstance(value, int) and not INT64[0] <= value <= INT64[1]:
        raise Fault("OVERFLOW")
    return value


def total(items: Any) -> int:
    result = 0
    for item in items:
        result = checked(result + item)
    return result


def copied(value: Any) -> Any:
    """What a name is bound to: a value, even where CPython has a reference to a variable at hand."""
    match value:
        case Members():
            return Members(value.of, freeze(value))
        case Items():
            return Items(value.type, freeze(value))
        case Table():
            return value.type.thaw(freeze(value))
        case Record():
            return RecordType(type(value)).thaw(freeze(value))
        case set():
            return set(value)
        case list():
            return list(value)
    return value


# --- what a spec is made of -------------------------------------------------------------------------------------------


class Marked:
    """A decorated method: `kind` is action, process, invariant, ...; `types` those of `each` or of the parameters."""

    def __init__(self, kind: str, function: Callable[..., Any], types: dict[str, Type]):
        self.kind, self.function, self.types = kind, function, types

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, spec, owner=None):
        if spec is None:
            return self
        if self.kind == "process":
            return Family(spec, self.name) if self.types else Family(spec, self.name)[()]
        return lambda *args: self.function(spec, *args)


def _decorator(kind: str) -> Callable[..., Any]:
    def decorate(*args: Any, **options: Any) -> Any:
        if args and callable(args[0]) and not isinstance(args[0], (Type, type)):
            return Marked(kind, args[0], {})
        if kind == "process":
            each = options.get("each", ())
            each = each if isinstance(each, tuple) else (each,)
            types = {str(i): as_type(t) for i, t in enumerate(each)}
        else:
            types = {n: as_type(t) for n, t in options.items() if n not in ("fair", "unfair")}
        return lambda function: Marked(kind, function, types)

    return decorate


action, process, invariant, action_invariant, reachable, constraint, temporal = map(
    _decorator, ("action", "process", "invariant", "action_invariant", "reachable", "constraint", "temporal")
)


def procedure(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


class Family:
    def __init__(self, spec: Spec, name: str):
        self.spec, self.name = spec, name

    def __getitem__(self, args: Any) -> Place:
        args = args if isinstance(args, tuple) else (args,)
        return Place(self.spec, (self.name, args))


class Place:
    """One process instance as a property sees it; attributes are its locals."""

    def __init__(self, spec: Spec, key: tuple[str, tuple[Any, ...]]):
        positions = spec.__dict__["_positions"]
        if key not in positions:
            raise Fault("INDEX")
        self.position, self.start = positions[key], spec.__dict__["_starts"].get(key)

    def __getattr__(self, name: str) -> Any:
        """A local has its initial value again when the process is done; elsewhere, read it only where it is live."""
        bound = self.position.locals if self.position.label is not None else self.start.locals
        return bound[name]


def at(place: Place, label: str) -> bool:
    return place.position.label == label


def done(place: Place) -> bool:
    return place.position.label is None


class Spec:
    """Variables live in `__dict__`, thawed; `_positions` says where each process stands, `_starts` where it began."""

    def __setattr__(self, name: str, value: Any) -> None:
        type_ = fields_of(type(self))[name].type
        store(self.__dict__, name, type_, type_.convert(value))


# --- module level -----------------------------------------------------------------------------------------------------

BOOL = BoolType()


def Int(lo: int, hi: int, *, init: Any = None) -> Any:
    return IntType(lo, hi) if init is None else IntType(lo, hi)(init=init)


def Range(size: int, *, init: Any = None) -> Any:
    return Int(0, size - 1, init=init)


def Scalarset(size: int, *, init: Any = None) -> Any:
    return Int(0, size - 1, init=init)


def Enum(*literals: str, init: Any = None) -> Any:
    return EnumType(*literals) if init is None else EnumType(*literals)(init=init)


def Set(of: Any, *, init: Any = None) -> Any:
    return SetType(of) if init is None else SetType(of)(init=init)


_UNSET = object()


def Seq(of: Any, capacity: int, *, init: Any = _UNSET) -> Any:
    return SeqType(of, capacity) if init is _UNSET else SeqType(of, capacity)(init=init)


def Option(of: Any, *, init: Any = _UNSET) -> Any:
    return OptionType(of) if init is _UNSET else OptionType(of)(init=init)


def Array(index: Any, of: Any, *, init: Any = None) -> Any:
    type_ = ArrayType(index, of)
    return Declared(type_, init) if init is not None or type_.element is not None else type_


def assume(condition: bool, why: str = "") -> None:
    assert condition, why


NAMES: dict[str, Any] = {
    "ANY": ANY, "Bool": BOOL, "Int": Int, "Enum": Enum, "Range": Range, "Scalarset": Scalarset, "Set": Set,
    "Seq": Seq, "Option": Option, "Array": Array, "Record": Record, "Spec": Spec, "Ref": list, "action": action,
    "process": process, "procedure": procedure, "invariant": invariant, "action_invariant": action_invariant,
    "reachable": reachable, "constraint": constraint, "temporal": temporal, "when": when, "choose": choose,
    "idle": idle, "implies": implies, "at": at, "done": done, "assume": assume, "sum": total,
    "abs": lambda x: checked(abs(x)),
}  # fmt: skip


class Expectation:
    def __init__(self, kind: str, names: tuple[str, ...], options: dict[str, Any]):
        self.kind, self.names, self.options = kind, names, options


class Case:
    def __init__(self, name: str, spec: type, *expectations: Expectation):
        self.name, self.spec, self.expectations = name, spec, expectations

    @property
    def constants(self) -> dict[str, Any]:
        return {n: v for e in self.expectations if e.kind == "where" for n, v in e.options.items()}


def _expectation(kind: str) -> Callable[..., Expectation]:
    return lambda *names, **options: Expectation(kind, names, options)


EXPECTATIONS = (
    "holds", "violates", "deadlocks", "assertion_fails", "evaluation_error", "vacuous", "only", "where", "counts",
)  # fmt: skip
NAMES.update({"Case": Case} | {name: _expectation(name) for name in EXPECTATIONS})
