"""CPython as a witness of the language of time: a spec with discrete time, run as it stands.

A clock is an integer of the spec's instance, a timer a countdown, a delay a step of one unit that is taken where every
deadline still holds after it. Clocks stop at `CAP`, which is more than any constant of a spec here; differences of
clocks are compared only where neither gets that far. No zones, no constraints: nothing is shared with the package.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any, Callable, Iterator, Mapping

from tests.witness import loader, runtime
from tests.witness.cpython import Explorer, Running, State, _marked
from tests.witness.runtime import BOOL, Marked, choose, when
from tests.witness.values import ArrayType, Blocked, Declared, IntType, Record, RecordType, Type, freeze

CAP = 30


class ClockType(Type):
    def values(self):
        return iter(range(CAP + 1))

    def convert(self, value):
        assert value >= 0
        return min(value, CAP)


class Countdown(Record):
    """`left` is 0 where it is off."""

    def arm(self, low: int, high: int | None = None) -> None:
        self.left = low if high is None else choose(*range(low, high + 1))
        self.on = True

    def disarm(self) -> None:
        self.on, self.left = False, 0

    @property
    def remaining(self) -> int:
        return max(self.left, 0)

    @property
    def armed(self) -> bool:
        return self.on

    @property
    def expired(self) -> bool:
        return self.on and self.left <= 0


def timer(*, max: int, late: int = 0, period: int | None = None) -> Any:
    fields = {"on": Declared(BOOL, False), "left": Declared(IntType(-late, max), 0), "late": late, "period": period}
    return type("Timer", (Countdown,), fields)()


class After:
    def __init__(self, low: int, high: int | None = None):
        self.low, self.high = low, high


class Urgent(str):
    pass


class Committed(str):
    pass


def expires(name: str) -> Callable[[Any], Marked]:
    def mark(function: Any) -> Marked:
        marked = Marked("expires", function, {})
        marked.timer = name
        return marked

    return mark


def action(*args: Any, urgent: bool = False, **options: Any) -> Any:
    if args:
        return runtime.action(*args)
    plain = runtime.action(**options)

    def mark(function: Any) -> Marked:
        marked = plain(function)
        marked.urgent = urgent
        return marked

    return mark


NAMES = {
    "Clock": lambda: Declared(ClockType(), 0), "Timer": timer, "Time": lambda *a, **k: None, "after": After,
    "between": lambda low, high: choose(*range(low, high + 1)), "urgent": Urgent, "committed": Committed,
    "observe": lambda name, value: None, "deadline": lambda f: Marked("deadline", f, {}), "expires": expires,
    "action": action,
}  # fmt: skip


def load(text: str, constants: Mapping[str, Any] = {}) -> Any:
    """The executed text, with the names above."""
    before = dict(runtime.NAMES)
    runtime.NAMES.update(NAMES)
    try:
        return loader.load_text(text, constants)
    finally:
        runtime.NAMES.clear()
        runtime.NAMES.update(before)


def ticked(t: Type, frozen: Any) -> Any:
    """What one unit of time makes of a value."""
    match t:
        case ClockType():
            return min(frozen + 1, CAP)
        case ArrayType():
            return tuple(ticked(t.of, v) for v in frozen)
        case RecordType() if issubclass(t.cls, Countdown):
            on, left = frozen
            return on, max(left - 1, -t.cls.late) if on else left
        case RecordType():
            return tuple(ticked(d.type, v) for d, v in zip(t.fields.values(), frozen))
    return frozen


class TimedRunning(Running):
    """`stays`: how long each process has been at its label, 0 where that does not matter."""

    __slots__ = ("stays",)


class TimedExplorer(Explorer):
    """The variables of a state have the stays behind them."""

    def __init__(self, cls: type, limit: int):
        super().__init__(cls, limit)
        assert self.processes, "states are reached again by what processes do: give the spec one"
        marked = _marked(cls)
        self.properties = [m for m in self.properties if m.kind not in ("deadline", "expires")]
        self.deadlines = [m for m in marked if m.kind == "deadline"]
        self.urgent = [i for i, m in enumerate(marked) if getattr(m, "urgent", False)]
        self.urgent_functions = [m.function for m in marked if getattr(m, "urgent", False)]
        self.handled: list[str] = []
        for m in marked:
            if m.kind == "expires":
                self.handled.append(m.timer)
                for index in self._indices(m.timer):
                    shown = f"({', '.join(map(str, index))})" if index else ""
                    self.actions.append((m.name + shown, partial(self._expire, m, index)))
        self.tick = -1 - len(self.actions)

    def _indices(self, name: str) -> list[tuple[Any, ...]]:
        t, keys = self.fields[name].type, []
        while isinstance(t, ArrayType):
            keys.append(t.keys)
            t = t.of
        return list(product(*keys))

    def _expire(self, m: Marked, index: tuple[Any, ...], spec: Any) -> None:
        found = getattr(spec, m.timer)
        for i in index:
            found = found[i]
        when(found.expired)
        if found.period is None:
            found.disarm()
        else:
            found.left = found.period
        m.function(spec, *index)

    # --- time ---

    def initial(self) -> Iterator[tuple[Any, ...]]:
        """Those in which every deadline holds."""
        for variables in super().initial():
            if self.met(self.start(variables)):
                yield variables

    def start(self, variables: tuple[Any, ...]) -> Running:
        plain = super().start(variables[: len(self.fields)])
        running = TimedRunning(plain.spec, plain.generators, plain.yielded)
        running.stays = [0] * len(self.processes)
        running.spec.__dict__["_positions"].running = running
        return running

    def resume(self, running: Any, move: int) -> None:
        if move == self.tick:
            self.advance(running.spec)
            after = map(_after, running.yielded)
            running.stays = [min(s + 1, CAP) if a else 0 for s, a in zip(running.stays, after)]
            return
        super().resume(running, move)
        if move >= 0:
            running.stays[move] = 0

    def advance(self, spec: Any) -> None:
        for name, declared in self.fields.items():
            spec.__dict__[name] = declared.type.thaw(ticked(declared.type, freeze(spec.__dict__[name])))

    def snapshot(self, running: Any) -> State:
        return State((*self.frozen(running.spec), tuple(running.stays)), self.positions(running))

    def met(self, running: Any) -> bool:
        """Whether every deadline holds. Of timers, those that somebody handles have one."""
        for stay, yielded in zip(running.stays, running.yielded):
            after = _after(yielded)
            if after is not None and after.high is not None and stay > after.high:
                return False
        return all(m.function(running.spec) for m in self.deadlines)

    def due(self, spec: Any) -> bool:
        """Whether some timer that is handled can wait no longer."""
        for name in self.handled:
            for index in self._indices(name):
                found = getattr(spec, name)
                for i in index:
                    found = found[i]
                if found.on and found.left <= -found.late:
                    return True
        return False

    def still(self, source: int) -> bool:
        running = self.replay_outside(source)
        if any(isinstance(_label(y), Urgent | Committed) for y in running.yielded):
            return True
        return any(self._can(source, function) for function in self.urgent_functions)

    def _can(self, source: int, function: Any) -> bool:
        try:
            function(self.view(self.graph.states[source]))
        except Blocked:
            return False
        return True

    # --- steps ---

    def step(self, source: int, process: int) -> State:
        running = self.replay_outside(source)
        after = _after(running.yielded[process])
        when(after is None or running.stays[process] >= after.low)
        committed = [i for i, y in enumerate(running.yielded) if isinstance(_label(y), Committed)]
        when(not committed or process in committed)
        self.resume(running, process)
        when(self.met(running))
        return self.snapshot(running)

    def act(self, source: int, run: Callable[[Any], None]) -> State:
        running = self.replay_outside(source)
        when(not any(isinstance(_label(y), Committed) for y in running.yielded))
        run(running.spec)
        when(self.met(running))
        return self.snapshot(running)

    def wait(self, source: int) -> State:
        running = self.replay_outside(source)
        when(not self.still(source) and not self.due(running.spec))
        self.resume(running, self.tick)
        when(self.met(running))
        return self.snapshot(running)

    def expand(self, source: int) -> None:
        super().expand(source)
        self.take(source, "tick", partial(self.wait, source), self.tick)

    # --- what is found ---

    def stuck(self) -> tuple[bool, bool]:
        """Whether there is a state from which nothing ever happens though not all processes rest, while time runs on;
        and one from which time comes to an end."""
        graph = self.graph
        steps = [any(w.title != "tick" for w in ways) for ways in graph.ways]
        later = [next((w.target for w in ways if w.title == "tick"), None) for ways in graph.ways]
        quiescent = timelock = False
        for state in range(len(graph.states)):
            at, seen = state, set()
            while at is not None and at not in seen and not steps[at]:
                seen.add(at)
                before, at = at, later[at]
            if at is None:
                timelock = True
            elif at in seen:
                resting = graph.processes and all(p.label is None or p.idle for p in graph.states[before].positions)
                quiescent = quiescent or not resting
        return quiescent, timelock


def _label(yielded: Any) -> Any:
    return yielded[0] if isinstance(yielded, tuple) else yielded


def _after(yielded: Any) -> After | None:
    return next((x for x in yielded if isinstance(x, After)), None) if isinstance(yielded, tuple) else None


def explored(text: str, name: str, limit: int = 6000) -> TimedExplorer:
    explorer = TimedExplorer(getattr(load(text), name), limit)
    explorer.run()
    return explorer


def visible(explorer: TimedExplorer) -> set[tuple[Any, ...]]:
    """The discrete part of every state: variables without clocks, labels."""
    return {
        (
            tuple(_discrete(d.type, v) for d, v in zip(explorer.fields.values(), s.variables) if not _is_clock(d.type)),
            tuple(p.label for p in s.positions),
        )
        for s in explorer.graph.states
    }


def _is_clock(t: Type) -> bool:
    return isinstance(t, ClockType) or (isinstance(t, ArrayType) and _is_clock(t.of))


def _discrete(t: Type, frozen: Any) -> Any:
    match t:
        case RecordType() if issubclass(t.cls, Countdown):
            return "armed" if frozen[0] else "off"
        case ArrayType():
            return tuple(_discrete(t.of, v) for v in frozen)
    return frozen
