"""From an object file to an image: ELF for x86-64, position independent, of the small code model.

Sections are laid out one after the other, then a table of addresses that only the loader can know, with a jump through
it for each function that is called from outside. Source: System V Application Binary Interface, AMD64 Architecture
Processor Supplement, chapter 4 (relocations); Tool Interface Standard, ELF, version 1.2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from modelcheck.machinecode.object import Image, Object

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION, SYMBOL, RELOCATION = struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ"), struct.Struct("<QQq")
ELF64, RELOCATABLE, X86_64 = b"\x7fELF\x02\x01", 1, 62
PROGBITS, SYMTAB, RELA = 1, 2, 4
WRITE, ALLOC = 1, 2
UNDEFINED, RESERVED = 0, 0xFF00  # numbers of sections

R_64, R_PC32, R_PLT32, R_GOTPCREL, R_GOTPCRELX, R_REX_GOTPCRELX = 1, 2, 4, 9, 41, 42
GOT = (R_GOTPCREL, R_GOTPCRELX, R_REX_GOTPCRELX)  # the latter two would allow for another instruction, without a load
JUMP = b"\xff\x25"  # jmp *rel32(%rip)
PAGE = 4096


class _Unknown(Exception):
    """The object has something that is not known here."""


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    kind: int
    flags: int
    data: bytes
    link: int
    info: int
    align: int


@dataclass(frozen=True, slots=True)
class _Symbol:
    name: str
    section: int
    value: int


def flat(made: Object) -> Image | None:
    """The image, or None where the object is none that can be linked here."""
    try:
        return _Linking(_sections(made.data)).image(made.functions)
    except (_Unknown, struct.error):  # the latter: a header that is cut off, or a distance that is too far
        return None


def _sections(data: bytes) -> list[_Section]:
    ident, kind, machine, *_, at, _, _, _, _, size, count, names = HEADER.unpack_from(data)
    if not ident.startswith(ELF64) or kind != RELOCATABLE or machine != X86_64 or size != SECTION.size:
        raise _Unknown
    heads = [SECTION.unpack_from(data, at + i * size) for i in range(count)]
    bodies = [data[head[4] : head[4] + head[5]] for head in heads]
    return [
        _Section(_text(bodies[names], name), kind, flags, body, link, info, align)
        for (name, kind, flags, _, _, _, link, info, align, _), body in zip(heads, bodies)
    ]


def _text(strings: bytes, start: int) -> str:
    return strings[start : strings.index(b"\0", start)].decode()


@dataclass(slots=True)
class _Linking:
    """places: where in `out` a section starts. slots: of symbols, in the table of addresses; stubs: the jumps."""

    sections: list[_Section]
    out: bytearray = field(default_factory=bytearray)
    places: dict[int, int] = field(default_factory=dict)
    slots: dict[_Symbol, int] = field(default_factory=dict)
    stubs: dict[_Symbol, int] = field(default_factory=dict)
    pointers: list[tuple[int, str, int]] = field(default_factory=list)

    def image(self, functions: dict[str, int]) -> Image:
        for number, section in enumerate(self.sections):
            if section.flags & ALLOC and section.data and section.name != ".eh_frame":  # nothing here is unwound
                self._lay_out(number, section)
        for section in self.sections:
            if section.kind == RELA and section.info in self.places:
                symbols = self._symbols(section.link)
                for offset, info, addend in RELOCATION.iter_unpack(section.data):
                    place = self.places[section.info] + offset
                    self._relocate(info & 0xFFFFFFFF, place, symbols[info >> 32], addend)
        (table,) = (number for number, section in enumerate(self.sections) if section.kind == SYMTAB)
        offsets = {s.name: self._where(s) for s in self._symbols(table) if s.name in functions}
        if offsets.keys() != functions.keys():
            raise _Unknown
        return Image(functions, bytes(self.out), offsets, tuple(self.pointers))

    def _lay_out(self, number: int, section: _Section) -> None:
        constant = not section.flags & WRITE or section.name.startswith(".data.rel.ro")
        if section.kind != PROGBITS or section.align > PAGE or not constant:
            raise _Unknown
        self.places[number] = self._append(section.data, section.align)

    def _append(self, data: bytes, align: int) -> int:
        self.out += bytes(-len(self.out) % max(1, align))
        self.out += data
        return len(self.out) - len(data)

    def _symbols(self, table: int) -> list[_Symbol]:
        names = self.sections[self.sections[table].link].data
        entries = SYMBOL.iter_unpack(self.sections[table].data)
        return [_Symbol(_text(names, name), section, value) for name, _, _, section, value, _ in entries]

    def _where(self, symbol: _Symbol) -> int:
        if symbol.section not in self.places:
            raise _Unknown
        return self.places[symbol.section] + symbol.value

    def _relocate(self, kind: int, place: int, symbol: _Symbol, addend: int) -> None:
        if kind == R_64:
            self._point(place, symbol, addend)
        elif kind in GOT:
            self._near(place, self._slot(symbol), addend)
        elif kind == R_PLT32 and symbol.section == UNDEFINED:
            self._near(place, self._stub(symbol), addend)
        elif kind in (R_PC32, R_PLT32):
            self._near(place, self._where(symbol), addend)
        else:
            raise _Unknown

    def _near(self, place: int, target: int, addend: int) -> None:
        struct.pack_into("<i", self.out, place, target + addend - place)

    def _point(self, place: int, symbol: _Symbol, addend: int) -> None:
        if symbol.section == UNDEFINED:
            self.pointers.append((place, symbol.name, addend))
        else:
            self.pointers.append((place, "", self._where(symbol) + addend))

    def _slot(self, symbol: _Symbol) -> int:
        if symbol not in self.slots:
            self.slots[symbol] = self._append(bytes(8), 8)
            self._point(self.slots[symbol], symbol, 0)
        return self.slots[symbol]

    def _stub(self, symbol: _Symbol) -> int:
        if symbol not in self.stubs:
            slot = self._slot(symbol)
            at = self.stubs[symbol] = self._append(JUMP + bytes(4), 16)
            self._near(at + len(JUMP), slot, -4)
        return self.stubs[symbol]
