"""The sites of a model: what its steps do with clocks, from the walk through a body to the programs of `ir.timing`.

A walk leaves a site in the body as an assignment to a local that nobody reads, so that every pass between carries it
along like any other statement. When the bodies are final, each such *mark* becomes a site of its action's program: the
assignment of a flag where it does not stand on every way, and of a register where a bound depends on the state. Flags
and registers are shared by all actions; each action uses them from the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from modelcheck.errors import Span
from modelcheck.ir import nodes as n
from modelcheck.ir import timing
from modelcheck.ir.types import BOOL, Type
from modelcheck.passes.clocks import ClockInfo, Key, key_of
from modelcheck.passes.sizes import least
from modelcheck.passes.typed import ClockGuard, ClockNote, ClockSet, ClockStmt, Linear

SITE = "clock site "
BOUND = "clock bound "
ZERO = 0


@dataclass(frozen=True, slots=True)
class Site:
    """A kind of operation with its clocks by number, and its bounds."""

    kind: str
    clocks: tuple[int, ...]
    bounds: tuple[Linear, ...]
    strict: bool
    span: Span | None


@dataclass(slots=True)
class Sites:
    """`clocks` by path. `stays`: the clocks of processes that stay at labels, numbered after those."""

    clocks: dict[Key, ClockInfo]
    stays: list[str] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    quantities: list[str] = field(default_factory=list)
    registers: list[n.VariableDecl] = field(default_factory=list)
    _by_type: dict[tuple[Type, int], int] = field(default_factory=dict)
    _first: int = 0

    def number(self, path: n.Expr | None) -> int:
        if path is None:
            return ZERO
        key = key_of(path)
        assert key is not None, "indices have been opened"
        return self.clocks[key].number

    def stay(self, name: str) -> int:
        """A further clock."""
        self.stays.append(name)
        return len(self.clocks) + len(self.stays)

    # --- marks

    def marks(self, stmt: ClockStmt) -> list[n.Stmt]:
        """What stands in the body for a statement whose paths are known."""
        match stmt:
            case ClockGuard(test, span):
                found = (self.number(test.left), self.number(test.right))
                return self.mark("constrain", found, (test.bound,), span, strict=test.strict)
            case ClockSet(clock, low, high, span):
                return self.mark("reset", (self.number(clock),), (low, high), span)
            case ClockNote(name, left, right, offset, span):
                if name not in self.quantities:
                    self.quantities.append(name)
                found = (self.quantities.index(name), self.number(left), self.number(right))
                return self.mark("observe", found, (offset,), span)

    def mark(
        self, kind: str, clocks: tuple[int, ...], bounds: tuple[Linear, ...], span: Span | None, *, strict: bool = False
    ) -> list[n.Stmt]:
        number = len(self.sites)
        self.sites.append(Site(kind, clocks, bounds, strict, span))
        marks: list[n.Stmt] = []
        for k, bound in enumerate(bounds):
            if bound.expr is not None and bound.expr not in (b.expr for b in bounds[:k]):
                local = n.Local(f"{BOUND}{number} {k}", bound.expr.type, span)
                marks.append(n.Assign(local, bound.expr, span))
        return [*marks, n.Assign(n.Local(f"{SITE}{number}", BOOL, span), n.Const(True, BOOL, span), span)]

    # --- programs

    def program(self, body: tuple[n.Stmt, ...], first: int) -> tuple[tuple[n.Stmt, ...], tuple[timing.ClockSite, ...]]:
        """A final body with its marks turned into flags and registers, and its program. first: how many variables the
        model has besides registers."""
        self._first = first
        run = _Program(self)
        return run.body(body, always=True), tuple(run.found)

    def register(self, t: Type, k: int) -> int:
        """The index of the k-th register of a type."""
        if (t, k) not in self._by_type:
            self._by_type[t, k] = self._first + len(self.registers)
            kind = "flag" if t == BOOL else "bound"
            self.registers.append(n.VariableDecl(f"{kind} {len(self.registers)}", t, "register"))
        return self._by_type[t, k]

    def initial(self) -> list[n.Stmt]:
        """The values of all registers, in every state."""
        return [
            n.Assign(n.Variable(self._first + i, d.type), n.Const(least(d.type), d.type))
            for i, d in enumerate(self.registers)
        ]


@dataclass(slots=True)
class _Program:
    sites: Sites
    found: list[timing.ClockSite] = field(default_factory=list)
    _used: dict[Type, int] = field(default_factory=dict)
    _bounds: dict[str, int] = field(default_factory=dict)

    def body(self, body: tuple[n.Stmt, ...], *, always: bool) -> tuple[n.Stmt, ...]:
        out: list[n.Stmt] = []
        for stmt in body:
            match stmt:
                case n.Assign(n.Local(name, t), value, span) if name.startswith(BOUND):
                    index = self._bounds[name] = self._next(t)
                    out.append(n.Assign(n.Variable(index, t, span), value, span))
                case n.Assign(n.Local(name), value, span) if name.startswith(SITE):
                    flag = None if always else self._next(BOOL)
                    if flag is not None:
                        out.append(n.Assign(n.Variable(flag, BOOL, span), value, span))
                    self._site(int(name.removeprefix(SITE)), flag)
                case n.If(_, then, otherwise):
                    sides = (self.body(side, always=False) for side in (then, otherwise))
                    out.append(n.If(stmt.test, *sides, stmt.site, stmt.span))
                case _:
                    out.append(stmt)
        return tuple(out)

    def _next(self, t: Type) -> int:
        k = self._used[t] = self._used.get(t, -1) + 1
        return self.sites.register(t, k)

    def _site(self, number: int, flag: int | None) -> None:
        site = self.sites.sites[number]
        bounds = []
        exprs = [bound.expr for bound in site.bounds]
        for bound in site.bounds:
            register = None if bound.expr is None else self._bounds[f"{BOUND}{number} {exprs.index(bound.expr)}"]
            bounds.append(timing.Bound(bound.constant, register, bound.factor, bound.params))
        match site.kind:
            case "constrain":
                op = timing.Constrain(timing.Atom(*site.clocks, bounds[0], site.strict))
            case "reset":
                op = timing.Reset(*site.clocks, *bounds)
            case _:
                op = timing.Observe(*site.clocks, bounds[0])
        self.found.append(timing.ClockSite(op, flag, site.span))
