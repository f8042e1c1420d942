"""Boolean expressions as tests, of bits in place where that can be."""

from __future__ import annotations

from typing import Any, Callable, Protocol

from modelcheck.backends.python.code import (
    Bits,
    Test,
    Text,
    condition,
    conjunction,
    disjunction,
    negate,
)
from modelcheck.backends.python.cursor import Cursor
from modelcheck.ir import layout
from modelcheck.ir.nodes import (
    Apply,
    Bind,
    Cond,
    Const,
    Element,
    Expr,
    Field,
    Local,
    Logic,
    Quantifier,
    Variable,
    walk,
)
from modelcheck.ir.ops import Op
from modelcheck.ir.types import (
    BOOL,
    ArrayType,
    IntType,
    SetType,
    Type,
    ascending,
    cardinality,
    contains,
    ordinal,
    values,
)

UNROLL = 64  # copies of a loop's body, loops around it counted
UNROLL_NODES = 600
SMALL_UNIVERSE = 8  # a loop over a set held in the state is unrolled over so many possible members


class Generator(Protocol):
    """What generates the texts of expressions; see `expressions.py`."""

    cursor: Cursor
    unrolled: int
    unit: Any

    def value(self, e: Expr) -> str: ...
    def test(self, e: Expr) -> Test: ...
    def apply(self, e: Apply, operands: list[str] | None = None) -> str: ...
    def fold(self, e: Expr) -> Const | None: ...
    def path(self, e: Expr) -> Any: ...
    def load_bits(self, p: Any) -> str: ...
    def local(self, name: str) -> str: ...
    def keep(self, text: str) -> tuple[str, str]: ...
    def bits(self, t: Type, text: str) -> str: ...
    def ordinal(self, t: Type, text: str) -> str: ...
    def literal(self, t: Type, value: Any) -> str: ...
    def fail(self, kind: Any, span: Any, message: str | None = None) -> str: ...
    def watched(self, make: Callable[[], Any]) -> tuple[Any, bool]: ...
    def function(self, prefix: str, block: Any) -> str: ...
    def bound(self, e: Bind, body: Callable[[Expr], str]) -> str: ...
    def with_constant(self, local: Local, constant: Const, make: Callable[[], Any]) -> Any: ...
    def quantifier(self, e: Quantifier) -> str: ...


def test_of(g: Generator, e: Expr) -> Test:
    constant = g.fold(e)
    if constant is not None:
        return constant.value
    match e:
        case Local(name):
            return Text(g.local(name), number=True)
        case Variable() | Field() | Element():
            return in_place(g, e, 1, 1) or _text(g, lambda: f"({g.load_bits(g.path(e))})", number=True)
        case Logic(connective, args):
            return _CONNECTIVES[connective]([g.test(a) for a in args])
        case Cond(test, then, otherwise):
            return _cond(g, test, then, otherwise)
        case Apply(Op.NOT, (operand,)):
            test = g.test(operand)
            if not isinstance(test, Text):
                return negate(test)
            return Text(f"({g.apply(e, [test.code])})", test.pure, True)
        case Apply(op, args) if op in _IN_PLACE:
            found = _IN_PLACE[op](g, *args)
            return _row(g, e) if found is None else found
        case Apply():
            return _row(g, e)
        case Bind():
            return _text(g, lambda: g.bound(e, lambda body: condition(g.test(body))))
        case Quantifier("all" | "any"):
            return _quantifier(g, e)
    return _text(g, lambda: g.value(e))


def _text(g: Generator, make: Callable[[], str], number: bool = False) -> Text:
    code, faulty = g.watched(make)
    return Text(code, not faulty, number)


def _row(g: Generator, e: Apply) -> Text:
    return _text(g, lambda: f"({g.apply(e)})", number=True)


_CONNECTIVES: dict[str, Callable[[list[Test]], Test]] = {
    "and": conjunction,
    "or": disjunction,
    "implies": lambda tests: disjunction([negate(tests[0]), tests[1]]),
}


def _cond(g: Generator, test: Expr, then: Expr, otherwise: Expr) -> Test:
    known, faulty = g.watched(lambda: g.test(test))
    if isinstance(known, bool):
        return g.test(then if known else otherwise)
    branches, either = g.watched(lambda: [condition(g.test(then)), condition(g.test(otherwise))])
    g.cursor.faulty |= faulty or either
    return Text(f"({branches[0]} if {condition(known)} else {branches[1]})", not (faulty or either))


# --- comparisons with constants, on bits in place ---------------------------------------------------------------------


def in_place(g: Generator, e: Expr, want: int, mask: int, at: int = 0) -> Test | None:
    """`bits at..` of a part of the state or of a local, masked, equal `want`; None where its place is not constant."""
    if isinstance(e, Local) or not _is_fixed(g, e):
        return None
    if mask == 0:
        return want == 0
    path = g.path(e)
    base = path.base if path.base is not None else g.cursor.read(path.region)
    return Bits(base, mask << path.offset + at, want << path.offset + at)


def _is_fixed(g: Generator, e: Expr) -> bool:
    """Whether the expression is a part of a variable or of a local, at a place known here."""
    match e:
        case Variable():
            return True
        case Local(name):
            return name not in g.cursor.env
        case Field(record):
            return _is_fixed(g, record)
        case Element(array, index) if isinstance(array.type, ArrayType):
            constant = g.fold(index)
            return constant is not None and contains(array.type.index, constant.value) and _is_fixed(g, array)
    return False


def _with_constant(g: Generator, a: Expr, b: Expr) -> tuple[Expr, Const, bool] | None:
    """(the operand, the constant, whether they change sides), where one operand is constant."""
    if (constant := g.fold(b)) is not None:
        return a, constant, False
    if (constant := g.fold(a)) is not None:
        return b, constant, True
    return None


def _equal(g: Generator, a: Expr, b: Expr) -> Test | None:
    found = _with_constant(g, a, b)
    if found is None:
        return None
    part, constant, _ = found
    size = layout.size(part.type)
    known = constant.value
    want = known - part.type.lo if isinstance(part.type, IntType) else layout.pattern(part.type, known)
    if _counted(part) is not None and known == 0:
        return _empty(g, part)
    test = in_place(g, part, want if 0 <= want < 1 << size else 0, (1 << size) - 1)
    return False if test is not None and not 0 <= want < 1 << size else test


def _not_equal(g: Generator, a: Expr, b: Expr) -> Test | None:
    test = _equal(g, a, b)
    return None if test is None else negate(test)


def _counted(e: Expr) -> Expr | None:
    """The set or sequence whose length the expression is."""
    match e:
        case Apply(Op.CARDINALITY | Op.LENGTH, (whole,)):
            return whole
    return None


def _empty(g: Generator, length: Expr) -> Test | None:
    """A set or a sequence is empty exactly if its pattern is 0."""
    whole = _counted(length)
    assert whole is not None
    return in_place(g, whole, 0, (1 << layout.size(whole.type)) - 1)


def _below(g: Generator, part: Expr, bound: int) -> Test | None:
    """part < bound, for a constant bound."""
    if _counted(part) is not None and bound == 1:
        return _empty(g, part)
    t = part.type
    assert isinstance(t, IntType)
    size, bound = layout.size(t), bound - t.lo
    mask, top = (1 << size) - 1, t.hi - t.lo
    whole = in_place(g, part, 0, mask)
    if whole is None or isinstance(whole, Text):
        return None
    if bound <= 0 or bound > top:
        return bound > 0
    if bound == 1:
        return whole
    if bound == top:
        return negate(in_place(g, part, top, mask) or False)
    assert isinstance(whole, Bits)
    shift = (whole.mask & -whole.mask).bit_length() - 1
    return Text(f"({whole.base} & {whole.mask} < {bound << shift})", number=True)


def _order(bound: Callable[[int], int], flipped: bool) -> Callable[[Generator, Expr, Expr], Test | None]:
    """part OP constant as part < bound(constant), negated where `flipped`; the mirror image for constant OP part."""

    def test(g: Generator, a: Expr, b: Expr) -> Test | None:
        found = _with_constant(g, a, b)
        if found is None:
            return None
        part, constant, swapped = found
        # c < x is x > c, which is not x < c + 1; c <= x is not x < c.
        at = bound(constant.value) if not swapped else 2 * constant.value + 1 - bound(constant.value)
        test = _below(g, part, at)
        return test if test is None or flipped == swapped else negate(test)

    return test


def _in(g: Generator, element: Expr, members: Expr) -> Test | None:
    constant = g.fold(element)
    if constant is None:
        return _in_range(g, element, members)
    assert isinstance(members.type, SetType)
    if isinstance(members, Apply) and members.op is Op.RANGE:
        return None
    return in_place(g, members, 1, 1, ordinal(members.type.of, constant.value))


def _in_range(g: Generator, element: Expr, members: Expr) -> Test | None:
    match members:
        case Apply(Op.RANGE, (lo, hi)) if g.fold(members) is None:

            def make() -> str:
                first, x = g.keep(g.value(element))
                return f"(({first} >= {g.value(lo)}) & ({x} < {g.value(hi)}))"

            return _text(g, make, number=True)
    return None


def _is_none(g: Generator, option: Expr) -> Test | None:
    return in_place(g, option, 0, (1 << layout.size(option.type)) - 1)


_IN_PLACE: dict[Op, Callable[..., Test | None]] = {
    Op.EQ: _equal,
    Op.NE: _not_equal,
    Op.LT: _order(lambda c: c, False),
    Op.LE: _order(lambda c: c + 1, False),
    Op.GT: _order(lambda c: c + 1, True),
    Op.GE: _order(lambda c: c, True),
    Op.IN: _in,
    Op.IS_NONE: _is_none,
}


# --- all and any ------------------------------------------------------------------------------------------------------


def _quantifier(g: Generator, e: Quantifier) -> Test:
    copies = copies_of(g, e)
    if copies is None:
        return _text(g, lambda: g.quantifier(e))
    combine = conjunction if e.kind == "all" else disjunction
    return combine([copy(lambda guard: _guarded(g, e, guard)) for copy in copies])


def _guarded(g: Generator, e: Quantifier, member: Expr | None) -> Test:
    """The body of one copy: all takes it as `guard implies body`, any as `guard and body`."""
    guards = [g.test(t) for t in (member, e.guard) if t is not None]
    body = g.test(e.body)
    if e.kind == "all":
        return disjunction([*(negate(t) for t in guards), body]) if guards else body
    return conjunction([*guards, body])


def copies_of(g: Generator, e: Quantifier) -> list[Callable[[Callable[[Expr | None], Any]], Any]] | None:
    """One function for each possible element, which calls its argument where the local stands for the element, with the
    test of its membership (None: it is a member). None where the loop is not to be unrolled."""
    found = _possible(g, e)
    if found is None:
        return None
    elements, membership = found
    total = g.unrolled * max(1, len(elements))
    if total > UNROLL or len(elements) * sum(1 for _ in walk(e.body)) > UNROLL_NODES:
        return None

    def copy(value: Any) -> Callable[[Callable[[Expr | None], Any]], Any]:
        constant = Const(value, e.local.type)
        member = Apply(Op.IN, (constant, e.domain), BOOL) if membership else None

        def run(make: Callable[[Expr | None], Any]) -> Any:
            before, g.unrolled = g.unrolled, total
            made = g.with_constant(e.local, constant, lambda: make(member))
            g.unrolled = before
            return made

        return run

    return [copy(v) for v in elements]


def _possible(g: Generator, e: Quantifier) -> tuple[list[Any], bool] | None:
    constant = g.fold(e.domain)
    if constant is not None:
        return loop_values(constant), False
    t = e.domain.type
    if not isinstance(t, SetType) or e.kind not in ("all", "any", "sum", "set"):
        return None
    simple = isinstance(e.domain, Local) or in_place(g, e.domain, 0, 1) is not None
    if simple and not layout.oversized_set(t, SMALL_UNIVERSE) and cardinality(t.of) <= SMALL_UNIVERSE:
        return list(values(t.of)), True
    return None


def loop_values(domain: Const) -> list[Any]:
    """The natural values that a loop over a constant visits, in order."""
    return ascending(domain.type.of, domain.value) if isinstance(domain.type, SetType) else list(domain.value)
