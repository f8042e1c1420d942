"""Types and values of the runtime that lets CPython execute a spec. Written from the language's page alone: it shares
no code with the package, which is what makes it a witness.

A *type* checks, enumerates, freezes and thaws values. Frozen values are the natural values of the package: bool, int,
str, frozenset, tuple (sequences, arrays, records), None. Thawed ones are what a spec handles: sets, lists, `Table`
(arrays), `Record`. Assigning to a variable converts, checks and copies: values, never references.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, product
from typing import Any, Callable, Iterator, SupportsIndex

INT64 = (-(2**63), 2**63 - 1)


class Fault(Exception):
    """An evaluation error; `kind` is RANGE, INDEX, FULL, EMPTY, ABSENT, DIVISION, OVERFLOW, NONE or ASSERT."""

    def __init__(self, kind: str):
        super().__init__(kind)
        self.kind = kind


class Blocked(Exception):
    """A `when` that is false, or a choice from nothing."""


class _Any:
    pass


ANY = _Any()


class World:
    """What is going on: whether a file is being loaded, the oracle that answers `choose`, and for each function the
    parameters that are references (`self`, `Ref[...]`): no part of a state."""

    declaring = False
    oracle: Callable[[int], int] | None = None
    references: dict[str, set[str]] = defaultdict(set)


# --- types ------------------------------------------------------------------------------------------------------------


class Type:
    """Called with `init`, a type declares a variable; during execution (a local of a process), it gives the value."""

    def __call__(self, *, init: Any) -> Any:
        return Declared(self, init) if World.declaring else self.thaw(self.convert(init))

    def __iter__(self) -> Iterator[Any]:
        return (self.thaw(v) for v in self.values())

    def __len__(self) -> int:
        return sum(1 for _ in self.values())

    def __contains__(self, value: Any) -> bool:
        return freeze(value) in set(self.values())

    def values(self) -> Iterator[Any]:
        raise NotImplementedError

    def convert(self, value: Any) -> Any:
        """The frozen value of the type that `value` stands for; a Fault where there is none."""
        if value is None:
            raise Fault("NONE")
        frozen = freeze(value)
        if not self.holds(frozen):
            raise Fault("RANGE")
        return frozen

    def holds(self, frozen: Any) -> bool:
        return frozen in tuple(self.values())

    def thaw(self, frozen: Any) -> Any:
        return frozen

    def initial(self, init: Any) -> Iterator[Any]:
        return self.values() if init is ANY else iter((self.convert(init),))


class Declared:
    """A type with its initial value: what stands in a class body."""

    def __init__(self, type_: Type, init: Any):
        self.type, self.init = type_, init

    def initial(self) -> Iterator[Any]:
        return self.type.initial(self.init)


class BoolType(Type):
    def values(self):
        return iter((False, True))

    def holds(self, frozen):
        return isinstance(frozen, bool)


class IntType(Type):
    def __init__(self, lo: int, hi: int):
        self.lo, self.hi = lo, hi

    def values(self):
        return iter(range(self.lo, self.hi + 1))

    def holds(self, frozen):
        return isinstance(frozen, int) and not isinstance(frozen, bool) and self.lo <= frozen <= self.hi


class EnumType(Type):
    def __init__(self, *literals: str):
        self.literals = literals

    def values(self):
        return iter(self.literals)


class SetType(Type):
    def __init__(self, of: Any):
        self.of = as_type(of)

    def values(self):
        members = tuple(self.of.values())
        return (frozenset(m for i, m in enumerate(members) if n >> i & 1) for n in range(1 << len(members)))

    def convert(self, value):
        return frozenset(self.of.convert(v) for v in value)

    def holds(self, frozen):
        return isinstance(frozen, frozenset) and all(map(self.of.holds, frozen))

    def thaw(self, frozen):
        return Members(self.of, frozen)


class SeqType(Type):
    def __init__(self, of: Any, capacity: int):
        self.of, self.capacity = as_type(of), capacity

    def values(self):
        members = tuple(self.of.values())
        return chain.from_iterable(product(members, repeat=k) for k in range(self.capacity + 1))

    def convert(self, value):
        frozen = tuple(map(self.of.convert, value))
        if len(frozen) > self.capacity:
            raise Fault("RANGE")
        return frozen

    def holds(self, frozen):
        return isinstance(frozen, tuple) and len(frozen) <= self.capacity and all(map(self.of.holds, frozen))

    def thaw(self, frozen):
        return Items(self, frozen)


class OptionType(Type):
    def __init__(self, of: Any):
        self.of = as_type(of)

    def values(self):
        return chain((None,), self.of.values())

    def convert(self, value):
        return None if value is None else self.of.convert(value)

    def holds(self, frozen):
        return frozen is None or self.of.holds(frozen)

    def thaw(self, frozen):
        return None if frozen is None else self.of.thaw(frozen)


class ArrayType(Type):
    def __init__(self, index: Any, of: Any):
        self.index = as_type(index)
        self.element = of if isinstance(of, (Declared, Record)) else None
        self.of = of.type if isinstance(of, Declared) else as_type(of)
        self.keys = tuple(self.index.values())

    def values(self):
        return product(tuple(self.of.values()), repeat=len(self.keys))

    def convert(self, value):
        if isinstance(value, dict):
            return tuple(self.of.convert(value[k]) for k in self.keys)
        items = list(value)
        if len(items) != len(self.keys):
            raise Fault("RANGE")
        return tuple(map(self.of.convert, items))

    def holds(self, frozen):
        return isinstance(frozen, tuple) and len(frozen) == len(self.keys) and all(map(self.of.holds, frozen))

    def thaw(self, frozen):
        return Table(self, [self.of.thaw(v) for v in frozen])

    def initial(self, init):
        if init is not None:
            return super().initial(init) if init is ANY else iter((self.convert(init),))
        assert self.element is not None, "an array without initial values"
        return product(tuple(self.element.initial()), repeat=len(self.keys))


class RecordType(Type):
    def __init__(self, cls: type[Record]):
        self.cls = cls
        self.fields = fields_of(cls)

    def values(self):
        return product(*(tuple(d.type.values()) for d in self.fields.values()))

    def convert(self, value):
        if value is None:
            raise Fault("NONE")
        return tuple(d.type.convert(getattr(value, n)) for n, d in self.fields.items())

    def holds(self, frozen):
        return (
            isinstance(frozen, tuple)
            and len(frozen) == len(self.fields)
            and all(d.type.holds(v) for d, v in zip(self.fields.values(), frozen))
        )

    def thaw(self, frozen):
        record = object.__new__(self.cls)
        for (name, declared), value in zip(self.fields.items(), frozen):
            record.__dict__[name] = declared.type.thaw(value)
        return record


def as_type(x: Any) -> Type:
    if isinstance(x, type) and issubclass(x, Record):
        return RecordType(x)
    if isinstance(x, Record):
        return RecordType(type(x))
    if isinstance(x, Declared):
        return x.type
    assert isinstance(x, Type), x
    return x


# --- thawed values ----------------------------------------------------------------------------------------------------


def freeze(value: Any) -> Any:
    match value:
        case Record():
            return tuple(freeze(value.__dict__[n]) for n in fields_of(type(value)))
        case set() | frozenset():
            return frozenset(map(freeze, value))
        case Table():
            return tuple(map(freeze, value.items))
        case dict():
            return tuple(freeze(v) for v in value.values())
        case list() | tuple():
            return tuple(map(freeze, value))
    return value


class Members(set):
    """A set variable. The elements are frozen, records excepted: those are copies that hash by value."""

    def __init__(self, of: Type, frozen: Any):
        super().__init__(of.thaw(v) if isinstance(of, RecordType) else v for v in frozen)
        self.of = of

    def _element(self, value: Any) -> Any:
        frozen = self.of.convert(value)
        return self.of.thaw(frozen) if isinstance(self.of, RecordType) else frozen

    def add(self, value):
        super().add(self._element(value))

    def discard(self, value):
        super().discard(self._element(value))

    def remove(self, value):
        value = self._element(value)
        if value not in self:
            raise Fault("ABSENT")
        super().remove(value)

    __hash__ = None


class Items(list):
    """A sequence variable."""

    def __init__(self, type_: SeqType, frozen: Any):
        super().__init__(map(type_.of.thaw, frozen))
        self.type = type_

    def append(self, value):
        frozen = self.type.of.convert(value)
        if len(self) >= self.type.capacity:
            raise Fault("FULL")
        super().append(self.type.of.thaw(frozen))

    def pop(self, index: SupportsIndex = -1):
        if not self:
            raise Fault("EMPTY")
        return super().pop(index)

    def __getitem__(self, index):
        self._check(index)
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        frozen = self.type.of.convert(value)
        self._check(index)
        super().__setitem__(index, self.type.of.thaw(frozen))

    def _check(self, index: Any) -> None:
        if index is None:
            raise Fault("NONE")
        if not 0 <= index < len(self):
            raise Fault("INDEX")


class Table:
    """An array variable."""

    def __init__(self, type_: ArrayType, items: list[Any]):
        self.type, self.items = type_, items

    def _position(self, index: Any) -> int:
        if index is None and not isinstance(self.type.index, OptionType):
            raise Fault("NONE")
        try:
            return self.type.keys.index(freeze(index))
        except ValueError:
            raise Fault("INDEX") from None

    def __getitem__(self, index):
        return self.items[self._position(index)]

    def __setitem__(self, index, value):
        frozen = self.type.of.convert(value)
        store(self.items, self._position(index), self.type.of, frozen)

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def __eq__(self, other):
        return freeze(self) == self.type.convert(other)


def store(holder: Any, key: Any, type_: Type, frozen: Any) -> None:
    """Replaces a value; a record keeps its identity, because methods and generators may be running on it."""
    old = holder[key] if not isinstance(holder, dict) or key in holder else None
    if isinstance(type_, RecordType) and isinstance(old, Record):
        for (name, declared), value in zip(type_.fields.items(), frozen):
            store(old.__dict__, name, declared.type, value)
    elif isinstance(type_, ArrayType) and isinstance(old, Table):
        for i, value in enumerate(frozen):
            store(old.items, i, type_.of, value)
    else:
        holder[key] = type_.thaw(frozen)


def fields_of(cls: type) -> dict[str, Any]:
    """Declared variables or fields, those of the base class first; a redeclared one keeps its place."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, (Declared, Record)):
                found[name] = value
    return {n: v if isinstance(v, Declared) else Declared(RecordType(type(v)), v) for n, v in found.items()}


class Record:
    def __init__(self, **overrides: Any):
        if World.declaring:
            self.__dict__.update(overrides)
            return
        for name, declared in fields_of(type(self)).items():
            init = overrides.get(name, declared.init)
            frozen = next(declared.type.initial(init)) if name not in overrides else declared.type.convert(init)
            self.__dict__[name] = declared.type.thaw(frozen)

    def initial(self) -> Iterator[Any]:
        """Every initial value of a declared record: the product over its fields."""
        declared = fields_of(type(self))
        return product(*(tuple(d.type.initial(self.__dict__.get(n, d.init))) for n, d in declared.items()))

    def __setattr__(self, name: str, value: Any) -> None:
        type_ = fields_of(type(self))[name].type
        store(self.__dict__, name, type_, type_.convert(value))

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and freeze(self) == freeze(other)

    def __hash__(self) -> int:
        return hash(freeze(self))


RecordType.initial = lambda self, init: (
    init.initial() if World.declaring and isinstance(init, Record) else Type.initial(self, init)
)

