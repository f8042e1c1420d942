"""One name, one binding: what unrolling a loop has copied gets names of its own.

A `choose` in an unrolled loop binds its local again while the first binding still stands, and the local of a `choose`
may live from step to step: then what is chosen is stored in its variable. Both are settled here, on the finished tree
of a step.
"""

from __future__ import annotations

from typing import Mapping

from modelcheck.ir import nodes as n
from modelcheck.passes.simplify import fold


def settled(body: tuple[n.Stmt, ...], stored: Mapping[str, n.Variable]) -> tuple[n.Stmt, ...]:
    """The statements, with every `Choose` binding a name that is not bound before it on its way. A local in `stored` is
    that variable."""
    return _settled(body, dict(stored), frozenset(), stored)


def _settled(
    body: tuple[n.Stmt, ...], env: dict[str, n.Expr], bound: frozenset[str], stored: Mapping[str, n.Variable]
) -> tuple[n.Stmt, ...]:
    out: list[n.Stmt] = []
    for stmt in body:
        match stmt:
            case n.Assign(target, value, span):
                out.append(n.Assign(_put(target, env), _put(value, env), span))
            case n.If(test, then, otherwise, site, span):
                sides = (_settled(side, dict(env), bound, stored) for side in (then, otherwise))
                out.append(n.If(_put(test, env), *sides, site, span))
            case n.When(test, site, span):
                out.append(n.When(_put(test, env), site, span))
            case n.Assert(test, message, span):
                out.append(n.Assert(_put(test, env), message, span))
            case n.For(local, domain, inner, span):
                out.append(n.For(local, _put(domain, env), _settled(inner, dict(env), bound, stored), span))
            case n.Choose(local, domain, shown, span):
                fresh = n.Local(_free(local.name, bound, stored), local.type, local.span)
                out.append(n.Choose(fresh, _put(domain, env), shown, span))
                bound |= {fresh.name}
                if local.name in stored:
                    out.append(n.Assign(stored[local.name], fresh, span))
                else:
                    env[local.name] = fresh
    return tuple(out)


def _put(e: n.Expr, env: dict[str, n.Expr]) -> n.Expr:
    return fold(e, env) if env else e


def _free(name: str, bound: frozenset[str], stored: Mapping[str, n.Variable]) -> str:
    fresh = name
    while fresh in bound or fresh in stored:
        fresh += "'"
    return fresh
