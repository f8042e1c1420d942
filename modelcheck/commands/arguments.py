"""Kinds of values on the command line: sizes, times, definitions of constants."""

from __future__ import annotations

import re
from typing import Any

import click

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmgt]?)i?b?", re.IGNORECASE)
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_TIMES = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


class Size(click.ParamType):
    """`4G`, `512M`, or bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _SIZE.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} is no size; write 4G, 512M or a number of bytes", param, ctx)
        return int(float(found[1]) * _SIZES[found[2].lower()])


class Duration(click.ParamType):
    """`90s`, `5m`, `1.5h`, or seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = _TIME.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} is no time; write 90s, 5m or 2h", param, ctx)
        return float(found[1]) * _TIMES[found[2]]


class Definition(click.ParamType):
    """`NAME=VALUE`."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, text = value.partition("=")
        if not equals or not name.strip().isidentifier():
            self.fail(f"{value!r} gives no value to a constant; write -D NAME=VALUE", param, ctx)
        return name.strip(), text.strip()


class Pin(click.ParamType):
    """`QUANTITY=NUMBER`."""

    name = "NAME=NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        name, equals, text = value.partition("=")
        try:
            return name.strip(), int(text)
        except ValueError:
            self.fail(f"{value!r} pins nothing; write --pin NAME=24203", param, ctx)
