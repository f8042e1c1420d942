"""Where generated code stands: the name of the state so far, stores not yet written, and what is known of its bits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from modelcheck.backends.python.code import Bits, Block, Test
from modelcheck.ir.nodes import Const


@dataclass(slots=True)
class Cursor:
    """`source` names the state without the pending stores, `dest` the name that stores may write here. A store is
    pending until something reads its bits, or the way ends: consecutive stores become one expression.

    full: the mask of the whole state.  mask, ones: bits pending, and those of them that are 1.  parts: pending texts of
    values, already shifted; their bits are `part_mask`, within `mask`.  known_mask, known: bits of `source` with known
    values.  env: locals that stand for a constant.  bound: names of locals that surely have a value.
    faulty: something on this way may raise.  joined: the code after this one is shared with other branches.
    """

    full: int
    lines: Block = field(default_factory=list)
    source: str = "s"
    dest: str = "t0"
    mask: int = 0
    ones: int = 0
    parts: tuple[str, ...] = ()
    part_mask: int = 0
    known_mask: int = 0
    known: int = 0
    env: dict[str, Const] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    faulty: bool = False
    joined: bool = False
    depth: int = 0

    def fork(self, **changes: object) -> Cursor:
        """A cursor at the same point with a block of its own, one level deeper, until told otherwise."""
        defaults: dict[str, object] = {"lines": [], "env": dict(self.env), "faulty": False, "depth": self.depth + 1}
        return replace(self, **{**defaults, **changes})

    def learn(self, test: Test) -> None:
        """The test was true of the state as it is now. Called before anything else is stored."""
        if isinstance(test, Bits) and test.equal and test.base == self.source:
            mask = test.mask & ~self.mask
            self.known_mask |= mask
            self.known = self.known & ~mask | test.want & mask

    def forget(self, mask: int) -> None:
        self.known_mask &= ~mask
        self.known &= ~mask

    def read(self, mask: int) -> str:
        """The name of a state in which the bits of `mask` are up to date."""
        if self.mask & mask:
            self.flush()
        return self.source

    def put(self, mask: int, ones: int) -> None:
        """Stores constants: the bits of `mask` become those of `ones`."""
        if self.part_mask & mask:
            self.flush()
        self.mask |= mask
        self.ones = self.ones & ~mask | ones

    def put_part(self, mask: int, text: str) -> None:
        """Stores the value of a text, shifted to its place, into all bits of `mask`."""
        if self.part_mask & mask:
            self.flush()
        self.ones &= ~mask
        self.mask |= mask
        self.part_mask |= mask
        self.parts = (*self.parts, text)

    def put_state(self, text: str) -> None:
        """Writes a whole new state, computed from `source`. Nothing may be pending."""
        self.lines.append(f"{self.dest} = {text}")
        self.source = self.dest

    def flush(self) -> None:
        if self.mask:
            fixed = self.mask & ~self.part_mask
            text = self.stored()
            if text != self.dest:
                self.lines.append(f"{self.dest} = {text}")
            self.known = self.known & ~self.mask | self.ones
            self.known_mask = self.known_mask & ~self.mask | fixed
            self.source = self.dest
            self.mask = self.ones = self.part_mask = 0
            self.parts = ()

    def stored(self) -> str:
        """The state with the pending stores, as an expression."""
        fixed = self.mask & ~self.part_mask
        unknown = fixed & ~self.known_mask
        flipped = (self.known ^ self.ones) & fixed & ~unknown
        if not unknown and not self.parts:
            return f"{self.source} ^ {flipped}" if flipped else self.source
        changed = unknown | flipped
        kept = self.full & ~(self.part_mask | changed & ~self.ones)
        pieces = [self.source if kept == self.full else f"{self.source} & {kept}"] if kept else []
        if ones := changed & self.ones:
            pieces.append(str(ones))
        return " | ".join([*pieces, *self.parts]) or "0"
