"""Expressions as values of LLVM IR that work on the packed state in place.

A Bool is an i1, an integer an i64 with its natural value, all else the pattern of `ir.layout` in an integer of whole
words. What can fault branches to a block of its own; so code after it may take what it checked for granted.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Union

from modelcheck.backends import Unsupported
from modelcheck.backends.llvm import memory
from modelcheck.backends.llvm.code import FALSE, TRUE, WORD, Code, Value, constant
from modelcheck.backends.llvm.call import Call
from modelcheck.backends.llvm.emit import EMIT
from modelcheck.backends.llvm.loops import quantified
from modelcheck.backends.llvm.memory import Path, whole, width
from modelcheck.backends.llvm.patterns import inner, literal, pattern_of, value_bits
from modelcheck.backends.llvm.unit import Unit
from modelcheck.errors import Diagnostic, InternalError, Span, SpecError
from modelcheck.ir import layout
from modelcheck.ir.nodes import (
    Apply,
    Bind,
    Cond,
    Const,
    Construct,
    Element,
    Expr,
    Field,
    Local,
    Logic,
    Quantifier,
    Variable,
)
from modelcheck.ir.ops import OPS, Fault, FaultKind, Op, fits, possible_faults
from modelcheck.ir.types import (
    ArrayType,
    BoolType,
    IntType,
    RecordType,
    SeqType,
    SetType,
    Type,
    cardinality,
    contains,
    ordinal,
)

SMALL_RANGE = 4096  # a longer range is not made a constant
SET_LIMIT = 1 << 16  # values of the element type of a set that is no part of a state
CHEAP = 12  # operations that are rather done in vain than jumped over


@dataclass(frozen=True, slots=True)
class Slot:
    """The memory of a local: a value where it is a Bool or an integer, else its packed words."""

    address: str
    type: Type

    @property
    def scalar(self) -> bool:
        return isinstance(self.type, BoolType | IntType)


Known = Union[Const, Value, Slot]
Fail = Callable[[FaultKind, "Span | None", "str | None"], str]


class Expressions:
    """Values for the expressions of one function. `state`, `after`: where the words of the states are; `fail`: the
    label of what happens on a fault of a kind at a place; `env`: what locals stand for."""

    def __init__(self, unit: Unit, code: Code, state: str, fail: Fail, after: str = ""):
        self.unit = unit
        self.code = code
        self.state = state
        self.after = after
        self.fail = fail
        self.env: dict[str, Known] = {}
        self.unrolled = 1

    def fail_if(self, test: Value, kind: FaultKind, span: Span | None, message: str | None = None) -> None:
        if test.number != 0:
            fine = self.code.block("ok")
            self.code.branch(test, self.fail(kind, span, message), fine)
            self.code.place(fine)

    # --- locals ---

    def slot(self, t: Type) -> Slot:
        if isinstance(t, BoolType | IntType):
            return Slot(self.code.slot(value_bits(t)), t)
        return Slot(self.code.words(memory.words(layout.size(t))), t)

    def put(self, slot: Slot, v: Value) -> None:
        if slot.scalar:
            self.code.store(v, slot.address)
        elif layout.size(slot.type):
            self.code.store(v, slot.address, 8)

    def get(self, slot: Slot) -> Value:
        if slot.scalar:
            return self.code.load(slot.address, value_bits(slot.type))
        size = layout.size(slot.type)
        return self.code.load(slot.address, width(size), 8) if size else constant(0)

    @contextmanager
    def bound(self, local: Local, to: Known) -> Iterator[None]:
        """Within it the local of an expression stands for a constant or a value."""
        before = self.env.get(local.name)
        if isinstance(to, Value) and _has_parts(local.type):
            slot = self.slot(local.type)
            self.put(slot, to)
            to = slot
        self.env[local.name] = to
        yield
        if before is None:
            del self.env[local.name]
        else:
            self.env[local.name] = before

    # --- constants ---

    def fold(self, e: Expr) -> Const | None:
        """The expression as a constant, where its value is known here and evaluating it cannot fault."""
        match e:
            case Const():
                return e
            case Local(name, t):
                known = self.env.get(name)
                return Const(known.value, t) if isinstance(known, Const) else None
            case Apply(op, args, t) if op is not Op.RANGE or cardinality(t.of) <= SMALL_RANGE:
                operands = self._folded(args)
                try:
                    return None if operands is None else Const(OPS[op].meaning(t, *operands), t)
                except Fault:
                    return None
            case Field(record, name, t):
                packed = self.fold(record)
                return None if packed is None else Const(packed.value[record.type.position(name)], t)
            case Element(array, index, t) if isinstance(array.type, ArrayType):
                parts = self._folded((array, index))
                if parts is None or not contains(array.type.index, parts[1]):
                    return None
                return Const(parts[0][ordinal(array.type.index, parts[1])], t)
            case Construct(items, t):
                members = self._folded(items)
                make = frozenset if isinstance(t, SetType) else tuple
                return None if members is None else Const(make(members), t)
        return None

    def _folded(self, args: tuple[Expr, ...]) -> list[Any] | None:
        found = []
        for a in args:
            if (known := self.fold(a)) is None:
                return None
            found.append(known.value)
        return found

    # --- parts of the state and of locals ---

    def path(self, e: Expr) -> Path:
        """Where the value of the expression is; it is written down where it has no place yet."""
        match e:
            case Variable(index, t, _, after):
                offset = self.unit.layout.offsets[index]
                base = self.after if after else self.state
                return Path(base, t, offset, offset + layout.size(t) - 1, offset)
            case Local(name, t) if isinstance(slot := self.env.get(name), Slot) and not slot.scalar:
                return whole(slot.address, t)
            case Field(record, name, t):
                return self.path(record).part(t, layout.field_offset(record.type, name))
            case Element():
                return self._element(e)
        return self.written(e)

    def written(self, e: Expr) -> Path:
        """A copy of the value in memory."""
        known = self.fold(e)
        if known is not None:
            table = self.unit.table([layout.pattern(e.type, known.value)], layout.size(e.type))
            return whole(table, e.type)
        return self.spilled(e.type, pattern_of(self.code, e.type, self.value(e)))

    def spilled(self, t: Type, bits: Value) -> Path:
        address = self.code.words(bits.bits // WORD)
        self.code.store(bits, address, 8)
        return whole(address, t)

    def _element(self, e: Element) -> Path:
        container, stride, code = self.path(e.array), layout.size(e.type), self.code
        index = self.value(e.index)
        if isinstance(e.array.type, SeqType):
            head = layout.count_bits(e.array.type)
            length = memory.read(code, container, head)
            self.fail_if(code.compare("ge", index, length, "u"), FaultKind.INDEX, e.span)
            return container.moved(code, e.type, head, stride, _below(index, e.array.type.capacity))
        domain = e.array.type.index
        at = pattern_of(code, domain, index)
        if not fits(e.index.type, domain):
            last = constant(cardinality(domain) - 1)
            self.fail_if(code.compare("gt", at, last, "u"), FaultKind.INDEX, e.span)
        return container.moved(code, e.type, 0, stride, _below(code.resize(at, WORD), cardinality(domain)))

    def load(self, p: Path) -> Value:
        return inner(self.code, p.type, memory.read(self.code, p))

    # --- values ---

    def value(self, e: Expr) -> Value:
        known = self.fold(e)
        if known is not None:
            return literal(e.type, known.value)
        match e:
            case Local(name):
                found = self.env.get(name)
                if isinstance(found, Slot):
                    return self.get(found)
                if isinstance(found, Value):
                    return found
                raise InternalError(f"the local {name!r} is used before it is bound")
            case Variable() | Field() | Element():
                return self.load(self.path(e))
            case Apply():
                return self.apply(e)
            case Logic():
                return self._logic(e)
            case Cond():
                return self._cond(e)
            case Construct(items, t):
                return self._construct(items, t, e.span)
            case Bind(local, value, body):
                known = self.fold(value)
                with self.bound(local, known if known is not None else self.value(value)):
                    return self.value(body)
            case Quantifier():
                return quantified(self, e)
        raise InternalError(f"{type(e).__name__} is not an expression over states")

    def _logic(self, e: Logic) -> Value:
        code = self.code
        if e.connective == "implies":
            left, right = e.args
            return self._either([lambda: code.not_(self.value(left)), lambda: self.value(right)], (right,), TRUE)
        stop = TRUE if e.connective == "or" else FALSE
        makers = [lambda a=a: self.value(a) for a in e.args]
        return self._either(makers, e.args[1:], stop)

    def _either(self, makers: list[Callable[[], Value]], rest: tuple[Expr, ...], stop: Value) -> Value:
        """The operands left to right until one is `stop`. rest: those that may be left out."""
        code = self.code
        if not makers:
            return code.not_(stop)
        if all(self.cheap(a) <= CHEAP for a in rest):
            join = code.or_ if stop.number else code.and_
            result = makers[0]()
            for make in makers[1:]:
                result = join(result, make())
            return result
        end, ways = code.block("end"), []
        for make in makers[:-1]:
            test, further = make(), code.block("more")
            if test.number != code.not_(stop).number:
                ways.append((stop, code.label))
            code.branch(test, *((end, further) if stop.number else (further, end)))
            code.place(further)
        ways.append((makers[-1](), code.label))
        code.place(end)
        return code.phi(1, ways)

    def _cond(self, e: Cond) -> Value:
        code, test = self.code, self.value(e.test)
        if test.number is not None:
            return self.value(e.then if test.number else e.otherwise)
        if value_bits(e.type) <= WORD and self.cheap(e.then) + self.cheap(e.otherwise) <= CHEAP:
            return code.select(test, self.value(e.then), self.value(e.otherwise))
        then, otherwise, end = code.block("then"), code.block("else"), code.block("end")
        code.branch(test, then, otherwise)
        ways = []
        for label, branch in ((then, e.then), (otherwise, e.otherwise)):
            code.place(label)
            ways.append((self.value(branch), code.label))
            code.jump(end)
        code.place(end)
        return code.phi(value_bits(e.type), ways)

    def cheap(self, e: Expr) -> int:
        """About how many operations it takes; very many where it may fault or loop."""
        match e:
            case Const() | Local() | Variable():
                return 1 if layout.size(e.type) <= WORD else 1000
            case Field(record):
                return self._place_cost(record) + 1
            case Element(array, index) if isinstance(array.type, ArrayType) and fits(index.type, array.type.index):
                return self._place_cost(array) + (2 if self.fold(index) else 4 + self.cheap(index))
            case Apply(op, args, t) if op not in (Op.CAST, Op.HOLDS, Op.CONCAT, Op.FLOORDIV, Op.MOD):
                if possible_faults(op, t, tuple(a.type for a in args)) or layout.size(t) > WORD:
                    return 1000
                return sum(map(self.cheap, args)) + 1
            case Apply(Op.CAST, (IntType() as a,), IntType() as t) if fits(a, t):
                return self.cheap(a)
            case Logic(_, args):
                return sum(map(self.cheap, args)) + 1
            case Cond(test, then, otherwise):
                return self.cheap(test) + self.cheap(then) + self.cheap(otherwise) + 1
        return 1000

    def _place_cost(self, e: Expr) -> int:
        """Of finding a part, whatever the size of the whole."""
        return 0 if isinstance(e, Variable | Local | Const) else self.cheap(e)

    def _construct(self, items: tuple[Expr, ...], t: Type, span: Span | None) -> Value:
        self.check_set(t, span)
        code, values = self.code, [self.value(i) for i in items]
        if isinstance(t, SetType):
            return self._set_of(t, values)
        target, size = None, layout.size(t)
        result = constant(len(items) if isinstance(t, SeqType) else 0, width(size))
        if size > WORD:
            target = self.spilled(t, result)
        for v, (of, offset) in zip(values, _places(t, len(items))):
            bits = pattern_of(code, of, v)
            if layout.size(of) == 0:
                continue
            if target is not None:
                memory.write(code, target.part(of, offset), bits)
            else:
                result = code.or_(result, code.shl(bits, offset))
        return result if target is None else memory.read(code, target)

    def _set_of(self, t: SetType, values: list[Value]) -> Value:
        code, call = self.code, self.call(t, (), frozenset(), None)
        result = constant(0, value_bits(t))
        for v in values:
            result = code.or_(result, call.bit(t, call.ordinal(t.of, v)))
        return result

    def check_set(self, t: Type, span: Span | None) -> None:
        if isinstance(t, SetType) and (found := layout.oversized_set(t, SET_LIMIT)) is not None:
            raise SpecError([layout.set_diagnostic(found, SET_LIMIT, span)])

    # --- operators ---

    def call(self, t: Type, types: tuple[Type, ...], faults: frozenset[FaultKind], span: Span | None) -> Call:
        return Call(self.code, self.unit, t, types, faults, lambda test, kind: self.fail_if(test, kind, span))

    def apply(self, e: Apply) -> Value:
        """An application by its row in the table."""
        in_place = self._member(e)
        if in_place is not None:
            return in_place
        self.check_set(e.type, e.span)
        row = EMIT[e.op]
        if isinstance(row, Unsupported):
            message = f"the native back end has no `{OPS[e.op].symbol}`: {row.why}"
            raise SpecError([Diagnostic("B003", message, e.span)])
        types = tuple(a.type for a in e.args)
        call = self.call(e.type, types, possible_faults(e.op, e.type, types), e.span)
        return row(call, *[self.value(a) for a in e.args])

    def _member(self, e: Apply) -> Value | None:
        """`in` a set that has a place, or a range: without the set."""
        if e.op is not Op.IN or self.fold(e.args[1]) is not None:
            return None
        element, members = e.args
        code, call = self.code, self.call(e.type, (), frozenset(), e.span)
        match members:
            case Apply(Op.RANGE, (lo, hi)):
                v, low, high = self.value(element), self.value(lo), self.value(hi)
                return code.and_(code.compare("ge", v, low), code.compare("lt", v, high))
            case Variable() | Field() | Element() | Local():
                at = call.ordinal(element.type, self.value(element))
                place = self.path(members)
                assert isinstance(place.type, SetType)
                return inner(code, e.type, memory.read(code, place.moved(code, e.type, 0, 1, at)))
        return None


def _below(index: Value, count: int) -> Value:
    """An index that has been checked; where it is known to be wrong, control does not get here."""
    return constant(0) if index.number is not None and index.number >= count else index


def _has_parts(t: Type) -> bool:
    """Types whose parts are read in place, and sets of more than a word."""
    return isinstance(t, SeqType | ArrayType | RecordType) or (isinstance(t, SetType) and layout.size(t) > WORD)


def _places(t: Type, count: int) -> Iterator[tuple[Type, int]]:
    """(type, offset) of each part of a construction."""
    match t:
        case RecordType(_, fields):
            return ((of, layout.field_offset(t, name)) for name, of in fields)
        case SeqType(of) | ArrayType(_, of):
            return ((of, layout.element_offset(t, i)) for i in range(count))
    raise InternalError(f"{t} has no parts")
