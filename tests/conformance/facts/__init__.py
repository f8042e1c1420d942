"""Plain facts about Linux that the specs rest on: functions that say in their first line what they find out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FACTS: dict[str, tuple[Callable[[], Any], Any]] = {}


def fact(expected: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Enters what the function's first line says, the function, and what it gives."""

    def enter(function: Callable[[], Any]) -> Callable[[], Any]:
        says = (function.__doc__ or "").strip().rstrip(".")
        assert says not in FACTS, f"two facts say {says!r}"
        FACTS[says] = (function, expected)
        return function

    return enter
