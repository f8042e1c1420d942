"""One function of LLVM IR as it is written: values, blocks, small folds.

Values are integers of a fixed width whose sign is the user's business; addresses are text. A fixed order of calls gives
the same text, so that a text names its object code. What follows a jump, and a block that nothing jumps to, is not
written at all. Values that change live in `slots`, which the optimiser makes registers.
"""

from __future__ import annotations

from typing import Callable, NamedTuple

WORD = 64


class Value(NamedTuple):
    """An integer of `bits` bits; `number` where it is known (unsigned)."""

    bits: int
    text: str
    number: int | None = None


def constant(number: int, bits: int = WORD) -> Value:
    number &= (1 << bits) - 1
    return Value(bits, str(number) if bits <= WORD else f"u{number:#x}", number)


def signed(v: Value) -> int:
    """A known value as a signed number."""
    assert v.number is not None
    return v.number - (1 << v.bits) if v.number >> (v.bits - 1) else v.number


TRUE, FALSE = constant(1, 1), constant(0, 1)

_FOLDS: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}
_ORDER: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


class Code:
    """The body of a function. `head`: what stands before everything else, the slots; `label`: the block being written,
    None where nothing can come here."""

    def __init__(self) -> None:
        self.head: list[str] = []
        self.lines: list[str] = []
        self.label: str | None = "start"
        self.count = 0
        self.wanted: set[str] = set()
        self.needed: set[str] = set()  # intrinsics to declare

    # --- text ---

    def fresh(self, prefix: str = "%x") -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def write(self, line: str) -> None:
        if self.label is not None:
            self.lines.append(line)

    def define(self, line: str, bits: int) -> Value:
        name = self.fresh()
        self.write(f"{name} = {line}")
        return Value(bits, name)

    def address(self, line: str) -> str:
        name = self.fresh("%p")
        self.write(f"{name} = {line}")
        return name

    def text(self) -> str:
        return "\n".join(["entry:", *self.head, "br label %start", "start:", *self.lines])

    # --- blocks ---

    def block(self, prefix: str = "b") -> str:
        """A new label, to be jumped to and then placed."""
        return self.fresh(prefix)

    def jump(self, label: str) -> None:
        if self.label is not None:
            self.lines.append(f"br label %{label}")
            self.wanted.add(label)
            self.label = None

    def branch(self, test: Value, then: str, otherwise: str) -> None:
        if test.number is not None:
            self.jump(then if test.number else otherwise)
        elif self.label is not None:
            self.lines.append(f"br i1 {test.text}, label %{then}, label %{otherwise}")
            self.wanted |= {then, otherwise}
            self.label = None

    def switch(self, value: Value, cases: list[tuple[int, str]], otherwise: str) -> None:
        if self.label is not None:
            table = " ".join(f"i{value.bits} {number}, label %{label}" for number, label in cases)
            self.lines.append(f"switch i{value.bits} {value.text}, label %{otherwise} [{table}]")
            self.wanted |= {otherwise, *(label for _, label in cases)}
            self.label = None

    def finish(self, line: str) -> None:
        """Ends the block by `ret`."""
        self.write(line)
        self.label = None

    def place(self, label: str) -> None:
        """What follows is the block of that label. All forward jumps to it have been written."""
        self.jump(label)
        if label in self.wanted:
            self.lines.append(f"{label}:")
            self.label = label

    def phi(self, bits: int, ways: list[tuple[Value, str | None]]) -> Value:
        """The value by the block that control came from; what comes from nowhere does not count."""
        live = [(v, label) for v, label in ways if label is not None]
        if not live:
            return constant(0, bits)
        if len({v.text for v, _ in live}) == 1:
            return live[0][0]
        return self.define(f"phi i{bits} " + ", ".join(f"[{v.text}, %{label}]" for v, label in live), bits)

    # --- integers ---

    def binary(self, name: str, a: Value, b: Value) -> Value:
        assert a.bits == b.bits, (name, a, b)
        if a.number is not None and b.number is not None and name in _FOLDS:
            return constant(_FOLDS[name](a.number, b.number), a.bits)
        if name in ("and", "or", "xor", "add", "mul") and a.number is not None:
            a, b = b, a
        known = self._absorbed(name, a, b) if b.number is not None else None
        return known if known is not None else self.define(f"{name} i{a.bits} {a.text}, {b.text}", a.bits)

    def _absorbed(self, name: str, a: Value, b: Value) -> Value | None:
        full = (1 << b.bits) - 1
        match name, b.number:
            case ("add" | "sub" | "or" | "xor" | "shl" | "lshr", 0):
                return a
            case ("and", n) if n == full:
                return a
            case ("and" | "mul", 0):
                return b
            case ("or", n) if n == full:
                return b
            case ("mul", 1):
                return a
            case ("mul", n) if n is not None and n & (n - 1) == 0:
                return self.binary("shl", a, constant(n.bit_length() - 1, a.bits))
            case ("shl" | "lshr", n) if n is not None and n >= a.bits:
                return constant(0, a.bits)  # where control does not come, or what is not selected
            case ("shl" | "lshr", n) if n is not None and a.number is not None:
                return constant(a.number << n if name == "shl" else a.number >> n, a.bits)
        return None

    def add(self, a: Value, b: Value) -> Value:
        return self.binary("add", a, b)

    def sub(self, a: Value, b: Value) -> Value:
        return self.binary("sub", a, b)

    def mul(self, a: Value, b: Value) -> Value:
        return self.binary("mul", a, b)

    def and_(self, a: Value, b: Value) -> Value:
        return self.binary("and", a, b)

    def or_(self, a: Value, b: Value) -> Value:
        return self.binary("or", a, b)

    def xor(self, a: Value, b: Value) -> Value:
        return self.binary("xor", a, b)

    def not_(self, a: Value) -> Value:
        return self.binary("xor", a, constant(-1, a.bits))

    def shl(self, a: Value, by: Value | int) -> Value:
        return self.binary("shl", a, self._amount(a, by))

    def lshr(self, a: Value, by: Value | int) -> Value:
        return self.binary("lshr", a, self._amount(a, by))

    def _amount(self, a: Value, by: Value | int) -> Value:
        return constant(by, a.bits) if isinstance(by, int) else self.resize(by, a.bits)

    def resize(self, v: Value, bits: int) -> Value:
        """Cut, or filled with zeros."""
        if v.bits == bits:
            return v
        if v.number is not None:
            return constant(v.number, bits)
        return self.define(f"{'zext' if bits > v.bits else 'trunc'} i{v.bits} {v.text} to i{bits}", bits)

    def compare(self, order: str, a: Value, b: Value, sign: str = "s") -> Value:
        """order: eq ne lt le gt ge; sign: s or u."""
        assert a.bits == b.bits, (order, a, b)
        if a.number is not None and b.number is not None:
            pair = (signed(a), signed(b)) if sign == "s" else (a.number, b.number)
            return constant(_ORDER[order](*pair), 1)
        name = order if order in ("eq", "ne") else sign + order
        return self.define(f"icmp {name} i{a.bits} {a.text}, {b.text}", 1)

    def is_zero(self, v: Value) -> Value:
        return self.not_(v) if v.bits == 1 else self.compare("eq", v, constant(0, v.bits))

    def nonzero(self, v: Value) -> Value:
        return v if v.bits == 1 else self.compare("ne", v, constant(0, v.bits))

    def select(self, test: Value, a: Value, b: Value) -> Value:
        if test.number is not None:
            return a if test.number else b
        if a.text == b.text:
            return a
        return self.define(f"select i1 {test.text}, i{a.bits} {a.text}, i{b.bits} {b.text}", a.bits)

    def intrinsic(self, name: str, *args: Value, more: str = "") -> Value:
        """llvm.<name>.iN of operands of one width, with a result of that width."""
        bits = args[0].bits
        function = f"llvm.{name}.i{bits}"
        tail = ", i1" if more else ""
        self.needed.add(f"declare i{bits} @{function}({', '.join([f'i{bits}'] * len(args))}{tail})")
        operands = ", ".join(f"i{bits} {a.text}" for a in args)
        return self.define(f"call i{bits} @{function}({operands}{', ' + more if more else ''})", bits)

    def overflowing(self, name: str, a: Value, b: Value) -> tuple[Value, Value]:
        """(the result, whether it is wrong) of sadd, ssub or smul."""
        function, pair = f"llvm.{name}.with.overflow.i64", self.fresh()
        self.needed.add(f"declare {{i64, i1}} @{function}(i64, i64)")
        self.write(f"{pair} = call {{i64, i1}} @{function}(i64 {a.text}, i64 {b.text})")
        result = self.define(f"extractvalue {{i64, i1}} {pair}, 0", WORD)
        return result, self.define(f"extractvalue {{i64, i1}} {pair}, 1", 1)

    # --- memory ---

    def slot(self, bits: int) -> str:
        """The address of a value of its own, undefined at first."""
        name = self.fresh("%s")
        self.head.append(f"{name} = alloca i{bits}, align 8")
        return name

    def words(self, count: int) -> str:
        """The address of so many words, undefined at first."""
        name = self.fresh("%s")
        self.head.append(f"{name} = alloca [{max(1, count)} x i64], align 8")
        return name

    def load(self, address: str, bits: int, align: int | None = None) -> Value:
        return self.define(f"load i{bits}, ptr {address}, align {align or min(8, max(1, bits // 8))}", bits)

    def store(self, v: Value, address: str, align: int | None = None) -> None:
        at = align or min(8, max(1, v.bits // 8))
        self.write(f"store i{v.bits} {v.text}, ptr {address}, align {at}")

    def element(self, base: str, index: Value | int, bits: int = WORD) -> str:
        """The address of the element of an array of integers of 8 bits or more."""
        at = constant(index) if isinstance(index, int) else index
        return base if at.number == 0 else self.address(f"getelementptr i{bits}, ptr {base}, i64 {at.text}")

    def copy(self, target: str, source: str, words: int) -> None:
        if words <= 4:
            for i in range(words):
                self.store(self.load(self.element(source, i), WORD), self.element(target, i))
            return
        self.needed.add("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        sizes = f"i64 {8 * words}, i1 false"
        self.write(f"call void @llvm.memcpy.p0.p0.i64(ptr align 8 {target}, ptr align 8 {source}, {sizes})")

    def clear(self, target: str, words: int) -> None:
        if words <= 4:
            for i in range(words):
                self.store(constant(0), self.element(target, i))
            return
        self.needed.add("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        self.write(f"call void @llvm.memset.p0.i64(ptr align 8 {target}, i8 0, i64 {8 * words}, i1 false)")
