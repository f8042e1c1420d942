"""What a compiler made, and what is kept of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Object:
    """An object file of this machine. functions: those that it exports, and how many arguments they take."""

    functions: dict[str, int]
    data: bytes


@dataclass(frozen=True, slots=True)
class Image:
    """Code and constants that run wherever they lie, from the start of a page. functions: as of an `Object`; offsets:
    where they begin. pointers: (offset, name, addend): at the offset the address of what the C library has under the
    name, or for "" of the image itself, plus the addend, is to be put, 8 bytes."""

    functions: dict[str, int]
    data: bytes
    offsets: dict[str, int]
    pointers: tuple[tuple[int, str, int], ...]


def written(kept: Image | Object) -> bytes:
    heading = {name: value for name, value in asdict(kept).items() if name != "data"}
    return json.dumps(heading).encode() + b"\n" + kept.data


def read(data: bytes) -> Image | Object:
    """What was `written`, nothing else: it is not examined."""
    heading, _, rest = data.partition(b"\n")
    fields = json.loads(heading)
    if "offsets" not in fields:
        return Object(fields["functions"], rest)
    pointers = tuple((place, name, addend) for place, name, addend in fields["pointers"])
    return Image(fields["functions"], rest, fields["offsets"], pointers)
