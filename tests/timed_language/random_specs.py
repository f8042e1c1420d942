"""Small random specs with clocks, for brute force to follow."""

from __future__ import annotations

from random import Random


def random_spec(r: Random) -> str:
    processes = r.choice((1, 2, 2))
    lines = ["class S(Spec):", "    x = Clock()", "    y = Clock()", "    t = Timer(max=4)", "    n = Int(0, 2, init=0)"]
    for i in range(processes):
        lines += ["", "    @process", f"    def p{i}(self):"]
        if r.random() < 0.5:
            lines += ["        while True:", *_steps(r, i, "            ", r.randint(1, 2))]
        else:
            lines += _steps(r, i, "        ", r.randint(1, 3))
    lines += ["", '    @expires("t")', "    def due(self):", *_effects(r, "        ")]
    if r.random() < 0.5:
        lines += ["", "    @deadline", "    def limit(self):"]
        lines += [f"        return implies(self.n == {r.randint(0, 2)}, self.{r.choice('xy')} <= {r.randint(1, 4)})"]
    lines += ["", "    @invariant", "    def odd(self):"]
    lines += [f"        return not (self.n == {r.randint(0, 2)} and {_test(r)})"]
    lines += ["", "    @reachable", "    def seen(self):"]
    lines += [f"        return self.n == {r.randint(0, 2)} and {_test(r)}", ""]
    return "\n".join(lines)


def _steps(r: Random, process: int, indent: str, count: int) -> list[str]:
    lines = []
    for k in range(count):
        label = f'"l{process}{k}"'
        low = r.randint(0, 2)
        form = r.choice((label, f"{label}, after({low}, {low + r.randint(0, 2)})", f"{label}, after({low})", f"urgent({label})"))
        lines += [f"{indent}yield {form}"]
        if r.random() < 0.4:
            lines += [f"{indent}when({_test(r)})"]
        lines += _effects(r, indent)
    return lines


def _effects(r: Random, indent: str) -> list[str]:
    if r.random() < 0.4:
        lines = [f"{indent}if {_test(r)}:", f"{indent}    {_effect(r)}"]
        return [*lines, f"{indent}else:", f"{indent}    {_effect(r)}"] if r.random() < 0.5 else lines
    return [indent + _effect(r)]


def _effect(r: Random) -> str:
    return r.choice((
        f"self.{r.choice('xy')} = {r.randint(0, 2)}", f"self.{r.choice('xy')} = between(0, {r.randint(1, 2)})",
        f"self.n = {r.randint(0, 2)}", "self.n = (self.n + 1) % 3", f"self.t.arm({r.randint(1, 4)})",
        f"self.t.arm(1, {r.randint(2, 4)})", "self.t.disarm()",
    ))  # fmt: skip


def _test(r: Random, depth: int = 1) -> str:
    if depth and r.random() < 0.4:
        return f"({_test(r, 0)} {r.choice(('and', 'or'))} {_test(r, 0)})"
    if r.random() < 0.15:
        return f"not {_test(r, 0)}"
    op, number = r.choice(("<", "<=", "==", ">=", ">", "!=")), r.randint(0, 4)
    return r.choice((f"self.x {op} {number}", f"self.y {op} {number}", f"self.t.remaining {op} {number}",
                     "self.t.armed", f"self.n {op} {number % 3}"))  # fmt: skip
