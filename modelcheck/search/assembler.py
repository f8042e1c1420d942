"""Functions in machine code, for the inner loops of the state store: a thin cover over llvmlite.

Choice, measured: importing numba takes 0.4 s and one cached kernel 0.25 s more, importing llvmlite 0.09 s and getting
all kernels of a store 0.12 s, both of them once for a machine (`machinecode`). A search of a million states lasts as
long as numba's import, so the kernels are built with llvmlite. The price is a builder instead of a language; the cover
below gives it variables, conditions and loops.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator

from llvmlite import ir

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
SHORT = (I8, I16, I32)
POINTER, NOTHING = ir.PointerType(), ir.VoidType()

Module = ir.Module
Value = Any  # of llvmlite, which has no types


class Function:
    """A function of 64-bit numbers and addresses that returns a 64-bit number. Names of addresses start with `*`."""

    def __init__(self, module: ir.Module, name: str, parameters: str):
        names = parameters.split()
        types = [POINTER if n.startswith("*") else I64 for n in names]
        self.function = ir.Function(module, ir.FunctionType(I64, types), name)
        self.module = module
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.body = self.function.append_basic_block("body")
        self._entry = ir.IRBuilder(self.function.entry_basic_block)
        self.b.position_at_end(self.body)
        self.of = {n.lstrip("*"): a for n, a in zip(names, self.function.args)}

    def finish(self, value: Value | int) -> None:
        """Returns, and ends the function."""
        self.b.ret(number(value))
        self._entry.branch(self.body)

    def variable(self, value: Value | int, kind: Any = I64) -> Value:
        place = self._entry.alloca(kind)
        self.b.store(number(value, kind), place)
        return place

    def array(self, kind: Any, count: int) -> Value:
        """The address of so many elements that last as long as the call, of no value yet."""
        return self._entry.alloca(kind, count)

    def get(self, variable: Value, kind: Any = I64) -> Value:
        return self.b.load(variable, typ=kind)

    def set(self, variable: Value, value: Value | int) -> None:
        self.b.store(number(value), variable)

    def add(self, variable: Value, value: Value | int) -> None:
        self.set(variable, self.b.add(self.get(variable), number(value)))

    def at(self, address: Value, index: Value | int, kind: Any = I64) -> Value:
        """The address of an element of an array."""
        return self.b.gep(address, [number(index)], source_etype=kind)

    def load(self, address: Value, index: Value | int = 0, kind: Any = I64) -> Value:
        """An element of an array, as a 64-bit number (or an address)."""
        value = self.b.load(self.at(address, index, kind), typ=kind)
        return self.b.zext(value, I64) if kind in SHORT else value

    def store(self, address: Value, index: Value | int, value: Value | int, kind: Any = I64) -> None:
        value = number(value)
        self.b.store(self.b.trunc(value, kind) if kind in SHORT else value, self.at(address, index, kind))

    def publish(self, address: Value, value: Value, kind: Any, align: int) -> None:
        """Stores a number for others to see, after whatever was written before. (llvmlite's builder has no such thing
        for addresses without a type.)"""
        store = ir.instructions.StoreAtomicInstr(self.b.block, self.b.trunc(value, kind), address, "release", align)
        self.b._insert(store)

    def is_(self, left: Value, how: str, right: Value | int) -> Value:
        return self.b.icmp_unsigned(how, left, number(right))

    def same(self, left: Value, right: Value, words: int) -> Value:
        """Whether so many words are equal, all of them compared at once: most that are compared are equal."""
        difference: Value = I64(0)
        for word in range(words):
            difference = self.b.or_(difference, self.b.xor(self.load(left, word), self.load(right, word)))
        return self.is_(difference, "==", 0)

    def splat(self, value: Value, lanes: int) -> Value:
        """A vector of so many 32-bit numbers, all of them the low half of the value."""
        kind = ir.VectorType(I32, lanes)
        one = self.b.insert_element(ir.Constant(kind, ir.Undefined), self.b.trunc(value, I32), I32(0))
        zeros = ir.Constant(kind, [0] * lanes)
        return self.b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def lanes(self, address: Value, index: Value, lanes: int) -> Value:
        """So many 32-bit elements of an array, from `index` on; they start at a multiple of their size."""
        return self.b.load(self.at(address, index, I32), typ=ir.VectorType(I32, lanes), align=4 * lanes)

    def first_of(self, tests: Value, lanes: int, start: Value) -> Value:
        """Which is the first of so many that is true, from `start` on; `lanes` if none is. lanes: less than 32."""
        bits = self.b.zext(self.b.bitcast(tests, ir.IntType(lanes)), I64)
        bits = self.b.and_(bits, self.b.shl(I64(-1), start))
        return self.b.cttz(self.b.or_(bits, I64(1 << lanes)), ir.IntType(1)(0))

    def call(self, address: Value, *arguments: Value, gives: Any = I64) -> Value:
        """What the function at an address returns, a 64-bit number. address: where the address stands."""
        kind = ir.FunctionType(gives, [argument.type for argument in arguments])
        return self.b.call(self.b.load(address, typ=ir.PointerType(kind)), arguments)

    def prefetch(self, address: Value) -> None:
        kind = ir.FunctionType(ir.VoidType(), [POINTER, I32, I32, I32])
        name = "llvm.prefetch.p0"
        known = self.module.globals.get(name)
        function = known or ir.Function(self.module, kind, name)
        self.b.call(function, [address, I32(0), I32(3), I32(1)])

    @contextmanager
    def loop(self, condition: Callable[[], Value]) -> Iterator[ir.Block]:
        """Repeats while the condition holds. Gives the block to branch to in order to leave."""
        test, body, out = (self.function.append_basic_block(n) for n in ("test", "round", "out"))
        self.b.branch(test)
        self.b.position_at_end(test)
        self.b.cbranch(condition(), body, out)
        self.b.position_at_end(body)
        yield out
        if not self.b.block.is_terminated:
            self.b.branch(test)
        self.b.position_at_end(out)

    @contextmanager
    def counting(self, end: Value, start: Value | int = 0) -> Iterator[Value]:
        """For each number from start to end - 1."""
        i = self.variable(start)
        with self.loop(lambda: self.is_(self.get(i), "<", end)):
            yield self.get(i)
            self.add(i, 1)

    def then(self, condition: Value) -> Any:
        return self.b.if_then(condition)


def number(value: Value | int, kind: Any = I64) -> Value:
    return kind(value) if isinstance(value, int) else value
