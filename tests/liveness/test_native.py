"""Kernels as machine code: each construct against Python itself, on numbers with few and with many bits."""

from __future__ import annotations

import random
from typing import Any, Callable

import numpy as np
import pytest

from modelcheck.errors import InternalError
from modelcheck.liveness import kernels
from modelcheck.liveness.native import native

pytest.importorskip("llvmlite")

CONSTANT = 5


def arithmetic(a, b):
    c = a + b * 3 - (a & b)
    c ^= a | b
    c -= ~b
    return c, (a & 0xFFFF) // ((b & 7) + 1), -a, a << (b & 3), a >> (b & 7), min(a, b) + CONSTANT


def comparisons(a, b):
    found = 0
    if a < b:
        found |= 1
    if a <= b and b != 3 or not a:
        found |= 2
    if 0 < a < b < 1000 or a == b:
        found |= 4
    found += (a >= b) * 8 + (a > b) * 16 if a != 7 else 100
    return found


def loops(a, b):
    found, i = 0, 0
    while i < (a & 15):
        i += 1
        if i == 3:
            continue
        if found > 40:
            break
        for j in range(i, 7):
            if j == (b & 7):
                break
            for _ in range(2):
                found += j
    return found, i




def halved(a, b):
    half, rest = a >> 1, a & 1
    if rest:
        return half, b
    return rest, half + b


def swapped(a, b):
    a, b = b, a
    a, b = halved(a, b)
    return a, b


def early_pair(a, b):
    low, high = halved(a, b)
    for i in range(a & 7):
        if i == (b & 3):
            return i, low
    return -1, high


KERNELS = [arithmetic, comparisons, loops, early_pair, swapped]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.__name__)
def test_numbers(kernel: Callable[..., Any]) -> None:
    rng = random.Random(1)
    for bits in (2, 4, 10, 40):
        for _ in range(60):
            a, b = (rng.randint(-(1 << bits), 1 << bits) for _ in range(2))
            assert native(kernel, a, b) == kernel(a, b), (a, b)


def arrays(pair, values, out, extra):
    first, size = pair
    inner, count = extra
    total = 0
    for i in range(size):
        total += inner[values[first + i] & 3]
        out[i], out[len(out) - 1] = total, values[0]
        out[i] += count
    return total + len(values)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"])
def test_arrays_of_every_kind(kind: str) -> None:
    """What is stored is cut to the element, and has its sign when it is read again."""
    info = np.iinfo(kind)
    values = np.array([info.max, info.min, 3, info.max - 1, 0, 1], kind)
    inner = np.array([7, -9, 11, -13], np.int16)
    expected = np.zeros(5, np.int64)
    total = arrays((1, 4), memoryview(values), memoryview(expected), (memoryview(inner), 2))
    out = np.zeros(5, kind)
    assert native(arrays, (1, 4), values, out, (inner, 2)) == total
    assert out.tolist() == expected.astype(kind).tolist()


def silent(out):
    out[0] = 3


def test_a_kernel_may_return_nothing() -> None:
    out = np.zeros(1, np.int32)
    assert native(silent, out) is None and out[0] == 3


def fraction(a):
    return a / 2


def unknown(a):
    return unheard_of + a  # type: ignore[name-defined]  # noqa: F821


def text(a):
    a = "text"
    return a


def membership(a):
    return a in (1, 2)


def call(a):
    return print(a)


@pytest.mark.parametrize("kernel", [fraction, unknown, text, membership, call])
def test_what_a_kernel_cannot_say(kernel: Callable[..., Any]) -> None:
    with pytest.raises(InternalError):
        native(kernel, 1)


def test_arrays_with_gaps_are_refused() -> None:
    with pytest.raises(InternalError):
        native(silent, np.zeros(8, np.int32)[::2])


def test_the_index_finds_what_it_holds() -> None:
    """Hashes, tags and rows in one slot: with few bits for the tag, and rows of several words."""
    rng = np.random.default_rng(3)
    for width, count in ((1, 1), (1, 5000), (3, 700), (0, 1)):
        states = np.unique(rng.integers(0, 1 << 60, (count, width), np.uint64), axis=0)
        words, slots = states.ravel(), np.zeros(len(states) + len(states) // 2 + 8, np.uint32)
        mask = (1 << len(states).bit_length()) - 1
        native(kernels.fill, words, width, len(states), slots, mask)
        for i in range(0, len(states), 7):
            h = native(kernels.mixed, words, i * width, width)
            assert h == kernels.mixed(memoryview(words), i * width, width)
            assert native(kernels.row_of, words, width, slots, mask, words, i, h) == i
        missing = np.full(max(1, width), 1 << 61, np.uint64)
        if width:
            h = native(kernels.mixed, missing, 0, width)
            assert native(kernels.row_of, words, width, slots, mask, missing, 0, h) == -1
