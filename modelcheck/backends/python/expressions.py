"""Expressions as Python text that works on the packed state in place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator

from modelcheck.backends import Unsupported
from modelcheck.backends.python.code import Bits, Block, Test, Text, condition, free_names, number
from modelcheck.backends.python.cursor import Cursor
from modelcheck.backends.python.emit import EMIT, Call
from modelcheck.backends.python.loops import quantified
from modelcheck.backends.python.conditions import test_of
from modelcheck.backends.python.unit import Unit
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

DEEPEST = 24  # nodes below each other in one Python expression; what is deeper becomes a function
SMALL_RANGE = 4096  # a longer range is not made a constant
SET_LIMIT = 1 << 16  # values of the element type of a set that is no part of a state


@dataclass(frozen=True, slots=True)
class Path:
    """A part of something packed: `type` at bit `offset` plus the sum of `shift`, texts of run-time terms.

    base: the text of the whole; None for the state itself, read when its bits within `region` are up to date.
    """

    base: str | None
    type: Type
    offset: int = 0
    shift: tuple[str, ...] = ()
    region: int = 0

    def part(self, t: Type, offset: int) -> Path:
        at = self.offset + offset
        region = self.region if self.shift else ((1 << layout.size(t)) - 1) << at
        return replace(self, type=t, offset=at, region=region)

    @property
    def position(self) -> str:
        """The bit where it starts."""
        return " + ".join([*self.shift, str(self.offset)] if self.offset or not self.shift else self.shift)


class Expressions:
    """Texts for the expressions of one body. `cursor` is where their values are wanted."""

    def __init__(self, unit: Unit, cursor: Cursor):
        self.unit = unit
        self.cursor = cursor
        self.depth = 0
        self.unrolled = 1
        self.names: dict[str, str] = {}

    # --- names and small pieces ---

    def local(self, name: str) -> str:
        return self.names.setdefault(name, f"l{len(self.names)}")

    def keep(self, text: str) -> tuple[str, str]:
        """(text that also binds a name, the name); the text itself where it is a name or a number."""
        if text.isalnum():
            return text, text
        name = self.unit.temporary()
        return f"({name} := {text})", name

    def fail(self, kind: FaultKind, span: Span | None, message: str | None = None) -> str:
        self.cursor.faulty = True
        return f"_fail({self.unit.site(kind, span, message)})"

    def watched(self, make: Callable[[], Any]) -> tuple[Any, bool]:
        """(what it makes, whether that may raise)."""
        before, self.cursor.faulty = self.cursor.faulty, False
        made = make()
        faulty, self.cursor.faulty = self.cursor.faulty, before or self.cursor.faulty
        return made, faulty

    def literal(self, t: Type, value: Any) -> str:
        bits = layout.pattern(t, value)
        text = value if isinstance(t, IntType) else bits
        return f"({text})" if text < 0 else str(text)

    def bits(self, t: Type, text: str) -> str:
        """The pattern of what a text holds: an operand again."""
        if not isinstance(t, IntType) or t.lo == 0:
            return text
        if text.isdigit() or text.startswith("(-") and text[2:-1].isdigit():
            return str(int(text.strip("()")) - t.lo)
        return f"({text} - {t.lo})" if t.lo > 0 else f"({text} + {-t.lo})"

    def inner(self, t: Type, text: str) -> str:
        """What a pattern stands for in generated code: no operand."""
        return f"({text}) + {t.lo}" if isinstance(t, IntType) and t.lo else text

    def ordinal(self, t: Type, text: str) -> str:
        """The ordinal of what a text holds: an operand."""
        return self.bits(t, text) if layout.is_ordinal(t) else f"{self.unit.shared('ordinals', t)}[{text}]"

    # --- constants ---

    def fold(self, e: Expr) -> Const | None:
        """The expression as a constant, where its value is known here and evaluating it cannot fault."""
        match e:
            case Const():
                return e
            case Local(name):
                return self.cursor.env.get(name)
            case Apply(op, args, t) if op is not Op.RANGE or cardinality(t.of) <= SMALL_RANGE:
                operands = self._folded(args)
                try:
                    return None if operands is None else Const(OPS[op].meaning(t, *operands), t)
                except Fault:
                    return None
            case Field(record, name, t):
                whole = self.fold(record)
                return None if whole is None else Const(whole.value[record.type.position(name)], t)
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
        values = []
        for a in args:
            if (constant := self.fold(a)) is None:
                return None
            values.append(constant.value)
        return values

    # --- parts of the state and of locals ---

    def path(self, e: Expr) -> Path:
        match e:
            case Variable(index, t, _, after):
                offset = self.unit.layout.offsets[index]
                region = ((1 << layout.size(t)) - 1) << offset
                return Path("n", t, offset) if after else Path(None, t, offset, (), region)
            case Local(name, t) if name not in self.cursor.env:
                return Path(self.local(name), t)
            case Field(record, name, t) if self.fold(e) is None:
                return self.path(record).part(t, layout.field_offset(record.type, name))
            case Element(array, index, t) if self.fold(e) is None:
                return self._element(e, self.path(array), index)
        return Path(self.value(e), e.type)

    def _element(self, e: Element, whole: Path, index: Expr) -> Path:
        t, stride = e.type, layout.size(e.type)
        constant = self.fold(index)
        if isinstance(e.array.type, SeqType):
            return self._item(e, whole, index)
        domain = e.array.type.index
        if constant is not None and contains(domain, constant.value):
            return whole.part(t, ordinal(domain, constant.value) * stride)
        text, lo = self.value(index), 0
        if isinstance(domain, IntType):
            lo = domain.lo
            if not fits(index.type, domain):
                first, again = self.keep(text)
                test = f"{domain.lo} <= {first} <= {domain.hi}"
                text = f"({again} if {test} else {self.fail(FaultKind.INDEX, e.span)})"
        term = text if stride == 1 else f"{text} * {stride}"
        return replace(whole, type=t, offset=whole.offset - lo * stride, shift=(*whole.shift, term))

    def _item(self, e: Element, whole: Path, index: Expr) -> Path:
        """An item of a sequence as a place: the index must lie below its length."""
        stride, head = layout.size(e.type), layout.count_bits(e.array.type)
        length = self.load(replace(whole, type=IntType(0, e.array.type.capacity)))
        first, again = self.keep(self.value(index))
        low = "0 <= " if index.type.lo < 0 else ""
        checked = f"({again} if {low}{first} < {length} else {self.fail(FaultKind.INDEX, e.span)})"
        return replace(whole, type=e.type, offset=whole.offset + head, shift=(*whole.shift, f"{checked} * {stride}"))

    def load(self, p: Path) -> str:
        """The value of a part: an operand."""
        inner = self.inner(p.type, self.load_bits(p))
        return inner if inner.isalnum() else f"({inner})"

    def load_bits(self, p: Path) -> str:
        size = layout.size(p.type)
        if not p.shift and size == 0:
            return "0"
        base = p.base if p.base is not None else self.cursor.read(p.region)
        shifted = f"{base} >> {p.position}" if p.shift or p.offset else base
        return f"{shifted} & {(1 << size) - 1}"

    def value(self, e: Expr) -> str:
        """Its value, as an operand of any operator."""
        constant = self.fold(e)
        if constant is not None:
            return self.literal(constant.type, constant.value)
        self.depth += 1
        text = self._outlined(e) if self.depth > DEEPEST else self._value(e)
        self.depth -= 1
        return text

    def _value(self, e: Expr) -> str:
        match e:
            case Local(name):
                return self.local(name)
            case Variable() | Field() | Element():
                return self.load(self.path(e))
            case Apply() if isinstance(e.type, BoolType):
                return number(self.test(e))
            case Apply():
                return f"({self.apply(e)})"
            case Logic():
                return number(self.test(e))
            case Cond(test, then, otherwise):
                return self._cond(test, then, otherwise)
            case Construct(items, t):
                return self._construct(items, t)
            case Bind():
                return self.bound(e, self.value)
            case Quantifier():
                return self.quantifier(e)
        raise InternalError(f"{type(e).__name__} is not an expression over states")

    def _outlined(self, e: Expr) -> str:
        """The value of an expression that is too deep for one Python expression, as a call."""
        depth, self.depth = self.depth, 0
        text = self._value(e)
        self.depth = depth
        return self.function("e", [f"return {text}"])

    def function(self, prefix: str, block: Block) -> str:
        """A call of a new function of the names that the block uses and does not bind."""
        parameters = ", ".join(free_names(block))
        name = self.unit.define(prefix, parameters, block)
        return f"{name}({parameters})"

    def _cond(self, test: Expr, then: Expr, otherwise: Expr) -> str:
        known = self.test(test)
        if isinstance(known, bool):
            return self.value(then if known else otherwise)
        return f"({self.value(then)} if {condition(known)} else {self.value(otherwise)})"

    def bound(self, e: Bind, body: Callable[[Expr], str]) -> str:
        constant = self.fold(e.value)
        if constant is not None:
            with_constant = self.with_constant(e.local, constant, lambda: body(e.body))
            return with_constant
        value = self.value(e.value)
        # No value is None: the test only puts the binding before the body.
        return f"({body(e.body)} if ({self.local(e.local.name)} := {value}) is not None else 0)"

    def with_constant(self, local: Local, constant: Const, make: Callable[[], Any]) -> Any:
        env = self.cursor.env
        self.cursor.env = {**env, local.name: Const(constant.value, local.type)}
        made = make()
        self.cursor.env = env
        return made

    def _construct(self, items: tuple[Expr, ...], t: Type) -> str:
        """Constant parts are folded into one number."""
        self.check_set(t, None)
        fixed, texts = 0, []
        for item, (of, offset) in zip(items, _places(t, len(items))):
            constant = self.fold(item)
            if isinstance(t, SetType):
                if constant is not None:
                    fixed |= 1 << ordinal(of, constant.value)
                else:
                    texts.append(f"1 << {self.ordinal(of, self.value(item))}")
            elif constant is not None:
                fixed |= layout.pattern(of, constant.value) << offset
            else:
                text = self.bits(of, self.value(item))
                texts.append(f"{text} << {offset}" if offset else text)
        if isinstance(t, SeqType):
            fixed |= len(items)
        return "(" + " | ".join([*texts, str(fixed)] if fixed or not texts else texts) + ")"

    def check_set(self, t: Type, span: Span | None) -> None:
        if isinstance(t, SetType) and (found := layout.oversized_set(t, SET_LIMIT)) is not None:
            raise SpecError([layout.set_diagnostic(found, SET_LIMIT, span)])

    # --- operators ---

    def apply(self, e: Apply, operands: list[str] | None = None) -> str:
        """An application by its row in the table, of operands made before, if any: no operand yet."""
        self.check_set(e.type, e.span)
        row = EMIT[e.op]
        if isinstance(row, Unsupported):
            message = f"the Python back end has no `{OPS[e.op].symbol}`: {row.why}"
            raise SpecError([Diagnostic("B003", message, e.span)])
        types = tuple(a.type for a in e.args)
        faults = possible_faults(e.op, e.type, types)
        call = Call(
            e.type, types, faults, self.keep, lambda kind: self.fail(kind, e.span), self.unit.shared,
            self.bits, self.ordinal, self.inner,
        )  # fmt: skip
        return row(call, *([self.value(a) for a in e.args] if operands is None else operands))

    # --- tests and loops ---

    def test(self, e: Expr) -> Test:
        self.depth += 1
        if self.depth > DEEPEST:
            depth, self.depth = self.depth, 0
            inner, faulty = self.watched(lambda: test_of(self, e))
            self.depth = depth
            outlined = not isinstance(inner, (bool, Bits))
            found = Text(self.function("e", [f"return {condition(inner)}"]), not faulty) if outlined else inner
        else:
            found = test_of(self, e)
        self.depth -= 1
        return found

    def quantifier(self, e: Quantifier) -> str:
        """The value of any quantifier that is not a test: an operand."""
        return quantified(self, e)


def _places(t: Type, count: int) -> Iterator[tuple[Type, int]]:
    """(type, offset) of each part of a construction; the offsets of a set mean nothing."""
    match t:
        case RecordType(_, fields):
            return ((of, layout.field_offset(t, name)) for name, of in fields)
        case SetType(of):
            return ((of, 0) for _ in range(count))
        case SeqType(of) | ArrayType(_, of):
            return ((of, layout.element_offset(t, i)) for i in range(count))
    raise InternalError(f"nothing is constructed of type {t}")
