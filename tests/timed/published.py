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


def fire_alarm(n: int, window: int = 10) -> str:
    cycle, lines = 50 * n, ["process C", "location I", "edge I I ack", "edge I I alive"]
    for i in range(1, n + 1):
        x, start, end = f"x{i}", (2 * i - 1) * window, 2 * i * window
        lines += [
            f"clock {x}", f"process sensor{i}", f"location ini | {x} <= {start}", f"location wait | {x} <= {start + 5}",
            f"location sent | {x} <= {end}", f"location fin | {x} <= {cycle}",
            f"edge ini wait tau | {x} >= {start}", "edge wait sent alive", "edge sent fin ack",
            f"edge sent fin tau | {x} >= {end}", f"edge fin ini tau | {x} >= {cycle} | {x} = 0",
            f"sync sensor{i}@alive C@alive", f"sync sensor{i}@ack C@ack",
        ]  # fmt: skip
    return "\n".join(lines)


def fischer_async(n: int, k: int = 10) -> str:
    """Every process reads a copy of its own, and all copies are written at once."""
    lines, every = [], range(1, n + 1)
    for i in every:
        lines += [
            f"clock x{i}", f"process P{i}", "location A", f"location req | x{i} <= {k}", "location wait", "location cs",
            f"edge A req is0 | | x{i} = 0",
            f"edge req wait to{i} | x{i} <= {k} | x{i} = 0",
            f"edge wait req is0 | | x{i} = 0",
            f"edge wait cs is{i} | x{i} > {k}",
            "edge cs A to0",
            f"int id{i} 0 {n} 0", f"process ID{i}", "location l",
        ]  # fmt: skip
        for value in range(n + 1):
            lines += [f"edge l l is{value} | id{i} == {value}", f"edge l l to{value} | | id{i} = {value}"]
            lines += [f"sync P{i}@is{value} ID{i}@is{value}"]
            lines += [f"sync P{i}@to{value} {' '.join(f'ID{j}@to{value}' for j in every)}"]
    return "\n".join(lines)


def gps(stations: int, parts: int, busy: int, patience: int) -> str:
    lines = [
        "clock z", "process P", "location idle", "location error", "location finished", "location ok",
        "edge idle finished done0 | | z = 0", f"edge finished error tau | z > {patience}",
        f"edge finished ok done{stations} | z <= {patience}", "edge ok idle tau",
        "sync P@done0 S1@done0", f"sync S{stations}@done{stations} P@done{stations}",
    ]  # fmt: skip
    for i in range(1, stations + 1):
        lines += [
            f"process S{i}", "location idle", "location start committed", "location busy", "location done committed",
            f"edge idle start done{i - 1}", "edge start busy start1", f"edge busy done start{parts + 1}",
            f"edge done idle done{i}", f"sync S{i}@start1 Sub{i}_1@start1",
            f"sync S{i}@start{parts + 1} Sub{i}_{parts}@start{parts + 1}",
        ]  # fmt: skip
        lines += [f"sync S{i}@done{i} S{i + 1}@done{i}"] if i < stations else []
        for j in range(1, parts + 1):
            x = f"x{i}_{j}"
            lines += [
                f"clock {x}", f"process Sub{i}_{j}", "location idle", f"location busy | {x} <= {busy}",
                f"edge idle busy start{j} | | {x} = 0", f"edge busy idle start{j + 1} | {x} <= {busy}",
            ]  # fmt: skip
            lines += [f"sync Sub{i}_{j}@start{j + 1} Sub{i}_{j + 1}@start{j + 1}"] if j < parts else []
    return "\n".join(lines)


def job_shop(machines: int, span: int, jobs: tuple[tuple[tuple[int, int], ...], ...]) -> str:
    """jobs: their tasks, each a machine and a duration."""
    count, lines = len(jobs), []
    for m in range(1, machines + 1):
        lines += [f"process M{m}", "location idle", "location busy", f"edge idle busy get{m}", f"edge busy idle rel{m}"]
    for j, tasks in enumerate(jobs, 1):
        lines += [f"clock x{j}", f"process J{j}"]
        lines += [f"location {at}{t}" for t in range(1, len(tasks) + 1) for at in "iw"]
        lines += [f"location i{len(tasks) + 1} committed", "location done", f"edge i{len(tasks) + 1} done done{j}"]
        for t, (m, duration) in enumerate(tasks, 1):
            lines += [f"edge i{t} w{t} get{m} | | x{j} = 0", f"edge w{t} i{t + 1} rel{m} | x{j} >= {duration}"]
    lines += [
        "clock z", f"int n 0 {count} 0", "process C", "location idle", "location done",
        "edge idle idle count | | n = n + 1", f"edge idle done count | n == {count - 1} and z <= {span} | n = n + 1",
    ]  # fmt: skip
    for j in range(1, count + 1):
        lines += [f"sync J{j}@done{j} C@count"]
        lines += [f"sync J{j}@{e}{m} M{m}@{e}{m}" for m in range(1, machines + 1) for e in ("get", "rel")]
    return "\n".join(lines)


def leader_election(n: int, patience: int = 4) -> str:
    lines = ["clock z", "process S", "location init", "location error", "location safe"]
    lines += [f"edge init error tau | z > {patience}"]
    lines += [f"edge init safe finished{p} | z <= {patience}" for p in range(1, n + 1)]
    for p in range(1, n + 1):
        x, before = f"x{p}", p - 1 or n
        lines += [
            f"clock {x}", f"int in{p} 1 {n} {p}", f"int out{p} 1 {n} {p}", f"process C{p}",
            f"location init | {x} <= 0", f"location eval | {x} <= 1", "location leader", f"location read | {x} <= 1",
            f"location release | {x} <= 1", f"location wait_prev | {x} <= 0", "location wait_succ", "location read_out",
            f"edge eval leader finished{p} | in{p} == {p}", f"edge eval wait_succ tau | in{p} != {p} | out{p} = in{p}",
            f"edge init read lock{before} | | {x} = 0", f"edge init read_out lock{p}",
            f"edge read release tau | | in{p} = out{before}", f"edge release eval unlock{before}",
            f"edge wait_prev read lock{before} | | {x} = 0", f"edge wait_succ read_out lock{p}",
            f"edge read_out wait_prev unlock{p} | | {x} = 0",
            f"sync C{p}@lock{before} C{before}@lock{before}", f"sync C{p}@unlock{before} C{before}@unlock{before}",
            f"sync C{p}@finished{p} S@finished{p}",
        ]  # fmt: skip
    return "\n".join(lines)


def parallel(n: int) -> str:
    lines = [f"sync {' '.join(f'P{i}@s' for i in range(1, n + 1))}"]
    for i in range(1, n + 1):
        lines += [f"clock x{i}", f"process P{i}", "location A", "location B", "location C"]
        lines += [f"edge A B tau | | x{i} = 0", f"edge B C s | x{i} <= 1"]
    return "\n".join(lines)


def parallel_hurrying(n: int, *, lock: bool) -> str:
    """TChecker's parallel-b; with a lock: parallel-c."""
    lines = ["clock y", "process lock", "location U", "location L", "edge U L acquire | y >= 1"] if lock else []
    lines += ["edge L U release | | y = 0"] if lock else []
    for i in range(1, n + 1):
        x = f"x{i}"
        lines += [
            f"clock {x}", f"process P{i}", "location A", "location B", f"location C | {x} <= 3",
            f"edge A B tau | | {x} = 0", f"edge B A tau | {x} >= 1", f"edge B C acquire | {x} < 1 | {x} = 0",
            f"edge C A release | {x} >= 1",
        ]  # fmt: skip
        lines += [f"sync P{i}@{e} lock@{e}" for e in ("acquire", "release")] if lock else []
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
