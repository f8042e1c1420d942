"""Pieces of generated Python: tests that merge, blocks of lines, functions that take what they use.

Generated names say what they are: `s` the state, `n` the next one (step predicates), `t0`.. states under construction,
`l0`.. locals of the spec, `x0`.. temporaries, `T A E F G` the output lists; what starts with `_` is global.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain
from typing import Iterable, Union


@dataclass(frozen=True, slots=True)
class Bits:
    """`(base & mask == want) is equal`: a test of bits in place. `want` has no bit outside `mask`, which is not 0."""

    base: str
    mask: int
    want: int
    equal: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """A test as Python text, an operand of `and`, `or` and `not` as it stands. `pure`: it cannot fault. `number`: its
    value is one of 0, 1, False, True, and it is an operand of any operator."""

    code: str
    pure: bool = True
    number: bool = False


Test = Union[bool, Bits, Text]
Block = list[Union[str, "Block"]]  # lines; a nested block is indented


def condition(test: Test) -> str:
    """The test where only its truth matters: after `if`, as an operand of `and`."""
    match test:
        case Bits(base, mask, want, equal):
            if want == 0 or mask & (mask - 1) == 0:
                return f"{base} & {mask}" if equal == (want != 0) else f"not {base} & {mask}"
            return f"{base} & {mask} {'==' if equal else '!='} {want}"
        case Text(code):
            return code
    return str(test)


def number(test: Test) -> str:
    """The test as an operand that is 0, 1, False or True."""
    match test:
        case Bits(base, mask, want, equal):
            if mask & (mask - 1) == 0 and equal == (want != 0):
                return f"({base} & 1)" if mask == 1 else f"({base} >> {mask.bit_length() - 1} & 1)"
            return f"({base} & {mask} {'==' if equal else '!='} {want})"
        case Text(code, _, True):
            return code
        case Text(code):
            return f"(1 if {code} else 0)"
    return str(int(test))


def is_pure(test: Test) -> bool:
    return not isinstance(test, Text) or test.pure


def negate(test: Test) -> Test:
    match test:
        case bool():
            return not test
        case Bits(_, mask, want):
            single = mask & (mask - 1) == 0
            return replace(test, want=mask ^ want) if single else replace(test, equal=not test.equal)
    return Text(f"(not {test.code})", test.pure, True)


def conjunction(tests: Iterable[Test]) -> Test:
    """All of them, left to right. Tests of bits of one base become one, unless a fault lies between them."""
    parts: list[Test] = []
    for test in tests:
        if test is True:
            continue
        if isinstance(test, Bits) and test.equal:
            test = _merge(parts, test)
            if test is None:
                continue
        if test is False:
            if all(map(is_pure, parts)):
                return False
            parts.append(False)
            break
        parts.append(test)
    if not parts:
        return True
    if len(parts) == 1:
        return parts[0]
    return Text(f"({' and '.join(map(condition, parts))})", all(map(is_pure, parts)))


def _merge(parts: list[Test], test: Bits) -> Test | None:
    """Puts the test into an earlier one of `parts` if it can; False where the two exclude each other."""
    for i in reversed(range(len(parts))):
        other = parts[i]
        if isinstance(other, Bits) and other.equal and other.base == test.base:
            common = other.mask & test.mask
            if other.want & common != test.want & common:
                return False
            parts[i] = Bits(test.base, other.mask | test.mask, other.want | test.want)
            return None
        if not is_pure(other):
            break
    return test


def disjunction(tests: Iterable[Test]) -> Test:
    """Some of them, left to right."""
    parts = list(tests)
    merged = conjunction(negate(t) for t in parts)
    if isinstance(merged, (bool, Bits)):
        return negate(merged)
    if all(isinstance(t, Text) for t in parts):
        code = f"({' or '.join(t.code for t in parts)})"
        return parts[0] if len(parts) == 1 else Text(code, all(map(is_pure, parts)))
    return negate(merged)


# --- blocks -----------------------------------------------------------------------------------------------------------


def otherwise(block: Block) -> Block:
    """The `else` of an `if`: an `elif` where the block is nothing but another `if`; nothing where it is empty."""
    if not block:
        return []
    heads = [line for line in block if isinstance(line, str)]
    chained = heads[0].startswith("if ") and all(h.startswith(("elif ", "else:")) for h in heads[1:])
    if chained and block[0] is heads[0]:
        return ["el" + heads[0], *block[1:]]
    return ["else:", block]


def indent(block: Block, depth: int = 0) -> list[str]:
    """The lines of the block."""
    pad = " " * depth
    return list(chain.from_iterable([pad + x] if isinstance(x, str) else indent(x, depth + 1) for x in block))


_NAME = re.compile(r"\b(?:row|[TAFGsn]|[tlx]\d+)\b")
_BINDING = re.compile(r"\b([tlx]\d+) :?= |\bfor ([lx]\d+) in ")


def names(block: Block) -> list[str]:
    """The generated local names that occur, in order of appearance."""
    return list(dict.fromkeys(_NAME.findall("\n".join(indent(block)))))


def free_names(block: Block) -> list[str]:
    """Those that the block does not bind itself."""
    bound = {a or b for a, b in _BINDING.findall("\n".join(indent(block)))}
    return [n for n in names(block) if n not in bound]
