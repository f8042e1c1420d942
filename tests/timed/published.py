"""Timed models of the literature, restated from TChecker's generators (examples/*.sh at d711ace) in `networks`' notation.

Each function gives the text for its number of processes."""

from __future__ import annotations


def fischer(n: int, k: int = 10, test: str = ">") -> str:
    lines = [f"int id 0 {n} 0"]
    for i in range(1, n + 1):
        lines += [
            f"clock x{i}", f"process P{i}", "location A", f"location req | x{i} <= {k}", "location wait", "location cs",
            f"edge A req tau | id == 0 | x{i} = 0",
            f"edge req wait tau | x{i} <= {k} | x{i} = 0; id = {i}",
            f"edge wait req tau | id == 0 | x{i} = 0",
            f"edge wait cs tau | x{i} {test} {k} and id == {i}",
            "edge cs A tau | | id = 0",
        ]  # fmt: skip
    return "\n".join(lines)


def csmacd(n: int, length: int = 808, sigma: int = 26, late: int | None = None) -> str:
    """late: what the bus's clock is compared with where it tells the stations, sigma in the original."""
    after = sigma if late is None else late
    lines = [
        f"int j 1 {n + 1} 1", "clock y", "process Bus", "location Idle", "location Active",
        f"location Collision | y < {sigma}", "location Loop committed",
        "edge Idle Active begin | | y = 0",
        f"edge Active Collision begin | y < {sigma} | y = 0",
        f"edge Active Active busy | y >= {sigma}",
        "edge Active Idle end | | y = 0",
        f"edge Collision Loop tau | y < {sigma} | j = 1",
        f"edge Loop Idle tau | j == {n + 1} and y < {sigma} | y = 0; j = 1",
    ]  # fmt: skip
    lines += [f"edge Loop Loop cd{i} | j == {i} | j = j + 1" for i in range(1, n + 1)]
    for i in range(1, n + 1):
        x = f"x{i}"
        lines += [
            f"clock {x}", f"process S{i}", "location Wait", f"location Start | {x} <= {length}",
            f"location Retry | {x} < {2 * sigma}",
            f"edge Wait Start begin | | {x} = 0",
            f"edge Wait Retry busy | | {x} = 0",
            f"edge Wait Wait cd | | {x} = 0",
            f"edge Wait Retry cd | | {x} = 0",
            f"edge Start Wait end | {x} == {length} | {x} = 0",
            f"edge Start Retry cd | {x} < {after} | {x} = 0",
            f"edge Retry Start begin | {x} < {2 * sigma} | {x} = 0",
            f"edge Retry Retry busy | {x} < {2 * sigma} | {x} = 0",
            f"edge Retry Retry cd | {x} < {2 * sigma} | {x} = 0",
            f"sync Bus@begin S{i}@begin", f"sync Bus@busy S{i}@busy", f"sync Bus@cd{i} S{i}@cd", f"sync Bus@end S{i}@end",
        ]  # fmt: skip
    return "\n".join(lines)


def train_gate(n: int) -> str:
    lines = [
        f"int buffer[{n}] 1 {n} 1", f"int head 0 {n - 1} 0", f"int length 0 {n} 0",
        "process Gate", "location Free", "location Occ", "location Transient committed",
    ]  # fmt: skip
    for i in range(1, n + 1):
        push = f"buffer[(head + length) % {n}] = {i}; length = length + 1"
        lines += [
            f"edge Free Occ go{i} | length > 0 and buffer[head] == {i}",
            f"edge Free Occ appr{i} | length == 0 | {push}",
            f"edge Occ Transient appr{i} | | {push}",
            f"edge Occ Free leave{i} | length > 0 and buffer[head] == {i} | head = (head + 1) % {n}; length = length - 1",
            f"edge Transient Occ stop{i} | length > 0 and buffer[(head + length - 1) % {n}] == {i}",
        ]
    for i in range(1, n + 1):
        x = f"x{i}"
        lines += [
            f"clock {x}", f"process T{i}", "location Safe", f"location Appr | {x} <= 20", "location Stop",
            f"location Start | {x} <= 15", f"location Cross | {x} <= 5",
            f"edge Safe Appr appr | | {x} = 0",
            f"edge Appr Cross tau | {x} >= 10 | {x} = 0",
            f"edge Appr Stop stop | {x} <= 10",
            f"edge Stop Start go | | {x} = 0",
            f"edge Start Cross tau | {x} >= 7 | {x} = 0",
            f"edge Cross Safe leave | {x} >= 3",
        ]  # fmt: skip
        lines += [f"sync T{i}@{e} Gate@{e}{i}" for e in ("appr", "stop", "go", "leave")]
    return "\n".join(lines)


def fddi(n: int, allocation: int = 20, delay: int = 0) -> str:
    rotation, lines = 50 * n, []
    for i in range(1, n + 1):
        t, a, b = f"trt{i}", f"xA{i}", f"xB{i}"
        lines += [f"clock {t} {a} {b}", f"process P{i}"]
        lines += [
            "location q0", f"location q1 | {t} <= {allocation}", f"location q2 | {t} <= {allocation}",
            f"location q3 | {a} <= {rotation + allocation}", "location q4", f"location q5 | {t} <= {allocation}",
            f"location q6 | {t} <= {allocation}", f"location q7 | {b} <= {rotation + allocation}",
            f"edge q0 q1 TT | {t} >= {rotation} | {t} = 0; {b} = 0",
            f"edge q0 q2 TT | {t} < {rotation} | {t} = 0; {b} = 0",
            f"edge q1 q4 RT | {t} == {allocation}",
            f"edge q2 q3 tau | {t} == {allocation}",
            "edge q3 q4 RT",
            f"edge q4 q5 TT | {t} >= {rotation} | {t} = 0; {a} = 0",
            f"edge q4 q6 TT | {t} < {rotation} | {t} = 0; {a} = 0",
            f"edge q5 q0 RT | {t} == {allocation}",
            f"edge q6 q7 tau | {t} == {allocation}",
            "edge q7 q0 RT",
        ]  # fmt: skip
    lines += ["clock t", "process R"]
    for i in range(1, n + 1):
        lines += [f"location q{i} | t <= {delay}", f"location r{i}"]
    for i in range(1, n + 1):
        lines += [f"edge q{i} r{i} TT{i} | t == {delay}", f"edge r{i} q{i % n + 1} RT{i} | | t = 0"]
    for i in range(1, n + 1):
        lines += [f"sync P{i}@TT R@TT{i}", f"sync P{i}@RT R@RT{i}"]
    return "\n".join(lines)


def critical_region(n: int, t: int = 10) -> str:
    lines = [
        f"int id 0 {n} 0", "process counter", "location I", "location C",
        "edge I C tau | id == 0 | id = 1",
        f"edge C C tau | id < {n} | id = id + 1",
        f"edge C C tau | id == {n} | id = 1",
    ]  # fmt: skip
    for i in range(1, n + 1):
        lines += [
            f"process arbiter{i}", "location req", "location ack",
            f"edge req ack enter{i} | id == {i} | id = 0", f"edge ack req exit{i} | | id = {i}",
        ]  # fmt: skip
    for i in range(1, n + 1):
        x = f"x{i}"
        lines += [
            f"clock {x}", f"process cell{i}", "location not_ready", f"location testing | {x} <= {t}",
            "location requesting", f"location critical | {x} <= {2 * t}", f"location testing2 | {x} <= {t}",
            "location safe", "location error",
            f"edge not_ready testing tau | {x} <= {2 * t} | {x} = 0",
            f"edge testing not_ready tau | {x} >= {t} | {x} = 0",
            f"edge testing requesting tau | {x} <= {t - 1}",
            f"edge requesting critical enter{i} | | {x} = 0",
            f"edge critical error tau | {x} >= {2 * t}",
            f"edge critical testing2 exit{i} | {x} <= {t - 1} | {x} = 0",
            f"edge testing2 error tau | {x} >= {t}",
            f"edge testing2 safe tau | {x} <= {t - 1}",
        ]  # fmt: skip
    for i in range(1, n + 1):
        lines += [f"sync arbiter{i}@{e}{i} cell{i}@{e}{i}" for e in ("enter", "exit")]
    return "\n".join(lines)


def corsso(n: int, acquire: int = 2, expire: int = 10, needed: tuple[int, ...] = (1, 2)) -> str:
    most, lines = max(needed), []
    for i in range(1, n + 1):
        x, y, a, p = f"x{i}", f"y{i}", f"a{i}", f"p{i}"
        lines += [
            f"int {a} 0 {most + 1} 0", f"int {p} 0 {most + 1} 0", f"clock {x} {y}", f"process P{i}",
            "location auth", "location access",
            f"edge auth auth tau | {p} > 0 and {x} > {acquire} and {a} < {most} | {a} = {a} + 1; {x} = 0",
        ]  # fmt: skip
        for j, count in enumerate(needed, 1):
            lines += [
                f"edge auth auth tau | {p} == 0 | {p} = {j}; {a} = 0; {x} = 0; {y} = 0",
                f"edge auth access tau | {y} < {expire} and {p} == {j} and {a} >= {count}",
            ]
        lines += [f"edge access auth tau | | {p} = 0"]
    return "\n".join(lines)


def dining(n: int, patience: int = 3, eat: int = 10, slow: int = 0) -> str:
    lines = []
    left = {p: n if p == 1 else p - 1 for p in range(1, n + 1)}
    for p in range(1, n + 1):
        x = f"x{p}"
        lines += [
            f"clock {x}", f"process P{p}", "location idle", f"location acq | {x} <= {patience}",
            f"location eat | {x} <= {eat}", f"location rel | {x} <= {slow}",
            f"edge idle acq take{left[p]} | | {x} = 0",
            f"edge acq idle release{left[p]} | {x} >= {patience}",
            f"edge acq eat take{p} | {x} <= {patience} | {x} = 0",
            f"edge eat rel release{p} | {x} >= {eat} | {x} = 0",
            f"edge rel idle release{left[p]}",
        ]  # fmt: skip
    for f in range(1, n + 1):
        lines += [f"process F{f}", "location free", "location taken"]
        lines += [f"edge free taken take{f}", f"edge taken free release{f}"]
    for p in range(1, n + 1):
        lines += [f"sync P{p}@{e}{f} F{f}@{e}{f}" for e in ("take", "release") for f in (left[p], p)]
    return "\n".join(lines)


AD94 = """
clock x y
process P
location l0
location l1
location l2
location l3
edge l0 l1 a | | y = 0
edge l1 l2 b | y == 1
edge l1 l3 c | x < 1
edge l2 l3 c | x < 1
edge l3 l1 a | y < 1 | y = 0
edge l3 l3 d | x > 1
"""
