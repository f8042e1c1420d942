"""Loops over sets and sequences: quantifiers and comprehensions, unrolled where that is small, else functions."""

from __future__ import annotations

from modelcheck.backends.python.code import Block, condition
from modelcheck.backends.python.conditions import Generator, copies_of, loop_values
from modelcheck.ir import layout
from modelcheck.ir.nodes import Apply, Expr, Quantifier
from modelcheck.ir.ops import FaultKind, Op
from modelcheck.ir.types import INT64, IntType, SeqType, SetType, cardinality


def iterable(g: Generator, domain: Expr) -> str:
    """What a `for` over the domain runs through: an operand. Its elements are as generated code holds them."""
    t = domain.type
    constant = g.fold(domain)
    if constant is not None:
        values = loop_values(constant)
        if isinstance(t.of, IntType) and len(values) > 8 and values == list(range(values[0], values[-1] + 1)):
            return f"range({values[0]}, {values[-1] + 1})"
        texts = [g.literal(t.of, v) for v in values]
        return f"({', '.join(texts)},)" if texts else "()"
    match domain:
        case Apply(Op.RANGE, (lo, hi)):
            return f"range({g.value(lo)}, {g.value(hi)})"
    table = g.unit.shared("members", t.of) if isinstance(t, SetType) else g.unit.shared("items", t)
    return f"{table}[{g.value(domain)}]"


def quantified(g: Generator, e: Quantifier) -> str:
    """The value of a quantifier: an operand."""
    if e.kind in ("sum", "set", "array"):
        unrolled = _unrolled(g, e)
        if unrolled is not None:
            return unrolled
    return _looped(g, e)


def _unrolled(g: Generator, e: Quantifier) -> str | None:
    if e.kind == "sum" and not _sum_is_small(e):
        return None
    copies = copies_of(g, e)
    if copies is None or (e.kind == "array" and e.guard is not None):
        return None
    fixed, texts = 0, []
    for position, copy in enumerate(copies):
        constant, text = copy(lambda member: _piece(g, e, member, position))
        fixed += constant
        texts += [text] if text else []
    joined = (" + " if e.kind == "sum" else " | ").join([*texts, str(fixed)] if fixed or not texts else texts)
    return f"({joined})"


def _piece(g: Generator, e: Quantifier, member: Expr | None, position: int) -> tuple[int, str]:
    """What one element adds: a constant, or a text that is an operand of `+` and `|`."""
    tests = [g.test(t) for t in (member, e.guard) if t is not None]
    always = all(t is True for t in tests)
    if any(t is False for t in tests[:1]):
        return 0, ""
    constant = g.fold(e.body)
    if constant is not None and always and e.kind == "array":
        return layout.pattern(e.body.type, constant.value) << position * layout.size(e.body.type), ""
    if constant is not None and always and e.kind == "sum":
        return constant.value, ""
    text = f"({_shifted(g, e, position)})"
    for test in reversed([t for t in tests if t is not True]):
        text = f"({text} if {condition(test)} else 0)"
    return 0, text


def _shifted(g: Generator, e: Quantifier, position: int) -> str:
    match e.kind:
        case "set":
            return f"1 << {g.ordinal(e.body.type, g.value(e.body))}"
        case "array":
            return f"{g.bits(e.body.type, g.value(e.body))} << {position * layout.size(e.body.type)}"
    return g.value(e.body)


def _sum_is_small(e: Quantifier) -> bool:
    """Whether no partial sum can leave 64 bits."""
    t = e.body.type
    most = e.domain.type.capacity if isinstance(e.domain.type, SeqType) else cardinality(e.domain.type.of)
    return isinstance(t, IntType) and most * max(abs(t.lo), abs(t.hi)) <= INT64[1]


def _looped(g: Generator, e: Quantifier) -> str:
    """The quantifier as a call of a function of its own."""
    over = iterable(g, e.domain)
    total, count = g.unit.temporary(), g.unit.temporary()
    body: Block = []
    if e.guard is not None:
        body += [f"if not {condition(g.test(e.guard))}:", ["continue"]]
    body += _round(g, e, total, count)
    block: Block = [f"{total} = {_START.get(e.kind, '0')}"]
    if e.kind in ("array", "seq"):
        block.append(f"{count} = 0")
    block += [f"for {g.local(e.local.name)} in {over}:", body]
    if e.kind in ("min", "max"):
        block += [f"if {total} is None:", [g.fail(FaultKind.EMPTY, e.span)]]
    if e.kind == "seq":
        block.append(f"{total} |= {count}")
    return g.function("q", [*block, f"return {total}"])


_START = {"all": "1", "min": "None", "max": "None"}


def _round(g: Generator, e: Quantifier, total: str, count: str) -> Block:
    """What one element does to the result so far."""
    of = e.body.type
    match e.kind:
        case "all":
            return [f"if not {condition(g.test(e.body))}:", ["return 0"]]
        case "any":
            return [f"if {condition(g.test(e.body))}:", ["return 1"]]
        case "sum":
            checked = [] if _sum_is_small(e) else [
                f"if not {INT64[0]} <= {total} <= {INT64[1]}:", [g.fail(FaultKind.OVERFLOW, e.span)]
            ]  # fmt: skip
            return [f"{total} += {g.value(e.body)}", *checked]
        case "min" | "max":
            new = g.unit.temporary()
            better = "<" if e.kind == "min" else ">"
            return [
                f"{new} = {g.value(e.body)}",
                f"if {total} is None or {new} {better} {total}:",
                [f"{total} = {new}"],
            ]
        case "set":
            return [f"{total} |= 1 << {g.ordinal(of, g.value(e.body))}"]
        case "array":
            return [f"{total} |= {g.bits(of, g.value(e.body))} << {count} * {layout.size(of)}", f"{count} += 1"]
    assert isinstance(e.type, SeqType)
    full = [f"if {count} == {e.type.capacity}:", [g.fail(FaultKind.FULL, e.span)]]
    new = g.unit.temporary()
    at = f"{layout.count_bits(e.type)} + {count} * {layout.size(of)}"
    return [f"{new} = {g.bits(of, g.value(e.body))}", *full, f"{total} |= {new} << {at}", f"{count} += 1"]
