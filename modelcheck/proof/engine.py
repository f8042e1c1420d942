"""How the methods are put together.

Bounded model checking and k-induction go deeper side by side, since the one is the other's base case; after the first
few depths Spacer gets its share of the time, in rounds over the goals that are left, each with twice the time of the
one before and other random choices: an easy goal does not wait for a hard one, and is known when that has its turn
again; and of runs that differ by chance alone one may take a second and another minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Sequence

from modelcheck.errors import InternalError
from modelcheck.proof import solving
from modelcheck.proof.bounded import Bounded, keeps_types
from modelcheck.proof.goals import Answer, Goal, Path
from modelcheck.proof.induction import Induction
from modelcheck.proof.solving import Budget, OutOfMemory
from modelcheck.proof.spacer import strengthened
from modelcheck.proof.unrolling import transition
from modelcheck.system import SymbolicSystem

ENGINES = ("auto", "bounded", "induction", "spacer")
FIRST_DEPTHS = 3  # of k-induction before Spacer is asked
STEP_SHARE = 0.2  # of the time that is left, for the induction of one depth
SPACER_SHARE = 0.6  # of the time that is spent, as long as depths are searched
FIRST_SLICE_S = 2.0  # for each goal in Spacer's first round


@dataclass(frozen=True, slots=True)
class Options:
    """`depth`: the most steps of bounded model checking and of k-induction, None without a limit."""

    engine: str = "auto"
    depth: int | None = None
    time_s: float = 60.0
    memory: int = 2 << 30


def prove(
    system: SymbolicSystem, goals: Sequence[Goal], options: Options, lemmas: Sequence[Goal] = ()
) -> tuple[Answer, ...]:
    """An answer for each goal, in their order. `lemmas`: goals that nobody asked for, tried beside the others because
    they may help; they get no answer. Raises KeyboardInterrupt."""
    run = _Run(system, options, solving.lasting(options.time_s), [*goals, *lemmas], len(goals))
    try:
        with solving.ceiling(options.memory):
            run.all()
    except OutOfMemory:
        run.given_up, run.reason = {}, "the memory limit was reached"
    return tuple(run.answer(goal) for goal in goals)


@dataclass(slots=True)
class _Run:
    system: SymbolicSystem
    options: Options
    limit: Budget
    goals: list[Goal]
    asked: int  # how many of the goals, the first ones, need an answer
    answers: dict[str, Answer] = field(default_factory=dict)
    clear: int = -1  # steps after which nothing bad was found for any open goal
    given_up: dict[str, str] = field(default_factory=dict)  # goals whose paths z3 does not know about -> why
    hopeless: set[str] = field(default_factory=set)  # goals that Spacer has given up before its time was over
    rounds: int = 0  # of Spacer
    spent_s: float = 0.0  # by Spacer
    reason: str = ""

    def answer(self, goal: Goal) -> Answer:
        found = self.answers.get(goal.name)
        if goal in self.open():
            more = "z3's Spacer says that there is a path, which was not found; " if found is not None else ""
            reason = self.given_up.get(goal.name, self.reason)
            return Answer(goal, "unknown", depth=self.clear, reason=more + reason)
        assert found is not None
        return found

    def open(self) -> list[Goal]:
        """Without an answer, or without the path to what is known to happen."""
        return [g for g in self.goals if g.name not in self.answers or self._lacks_path(g)]

    def _lacks_path(self, goal: Goal) -> bool:
        found = self.answers[goal.name]
        return goal.wants_path and found.verdict == "found" and found.path is None

    def searchable(self) -> list[Goal]:
        return [g for g in self.open() if g.name not in self.given_up]

    def wanted(self) -> list[Goal]:
        """Open, and asked for."""
        return [g for g in self.open() if g in self.goals[: self.asked]]

    def proved(self) -> list[Goal]:
        return [g for g in self._answered() if self.answers[g.name].verdict == "proved"]

    def keep(self, answers: Sequence[Answer]) -> None:
        self.answers.update((a.goal.name, a) for a in answers)

    # --- the schedule ---

    def all(self) -> None:
        if not keeps_types(self.system, transition(self.system), self.limit):
            if self.limit.left_s > 0:
                raise InternalError("a step of the symbolic system leaves the types of its variables")
        bounded, induction = Bounded(self.system), Induction(self.system)
        started = self.limit.left_s
        while self.wanted() and self.limit.left_s > 0:
            searching = self._searches()
            if searching and not self._searched(bounded):
                break
            if searching and self.options.engine in ("auto", "induction"):
                induction.deepen()
                self.keep(induction.proved(self.searchable(), self.proved(), self.limit.part(STEP_SHARE)))
            asking = self._asks_spacer()
            if asking and not (self._searches() and self.spent_s > SPACER_SHARE * (started - self.limit.left_s)):
                self._strengthen()
            if not searching and not asking:
                break
        self.reason = self._why()

    def _searches(self) -> bool:
        """Whether going deeper is allowed, and could answer something."""
        depth, first = self.options.depth, self.clear + 1 < FIRST_DEPTHS
        if not any(g in self.searchable() for g in self.wanted()) or (depth is not None and self.clear >= depth):
            return False
        return first or self.options.engine != "spacer" or any(map(self._lacks_path, self._answered()))

    def _asks_spacer(self) -> bool:
        early = self._searches() and self.clear + 1 < FIRST_DEPTHS
        return self.options.engine in ("auto", "spacer") and not early and bool(self._unproved())

    def _unproved(self) -> list[Goal]:
        """What Spacer may still say something new about."""
        return [g for g in self.wanted() if g.name not in self.hopeless and g.name not in self.answers]

    def _answered(self) -> list[Goal]:
        return [g for g in self.goals if g.name in self.answers]

    def _why(self) -> str:
        if self.limit.left_s <= 0:
            return "the time limit was reached"
        deep = self.options.depth is not None and self.clear >= self.options.depth
        return "the depth limit was reached" if deep else "z3 does not know"

    def _searched(self, bounded: Bounded) -> bool:
        """Looks at paths with one step more. False where z3 does not know whether there are any."""
        longer = bounded.deepen(self.limit)
        if longer is None:
            return False
        for goal in self.searchable() if longer else ():
            found = bounded.search(goal, self.limit)
            if isinstance(found, Path):
                self.keep([Answer(goal, "found", depth=bounded.depth, path=found)])
            elif found is None and self.limit.left_s > 0:
                self.given_up[goal.name] = f"z3 does not know whether {bounded.depth} steps lead to it"
            elif found is None:
                return False
        if bounded.exhausted:
            self.keep([Answer(goal, "proved", "induction", bounded.depth) for goal in self.searchable()])
        self.clear = bounded.depth
        return True

    def _strengthen(self) -> None:
        """A round of Spacer; the next one has twice the time."""
        before = self.limit.left_s
        for goal in self._unproved():
            part = self.limit.at_most(FIRST_SLICE_S * 2**self.rounds)
            found = strengthened(self.system, goal, self.proved(), part, seed=self.rounds)
            if found is not None:
                self.keep([found])
            elif part.left_s > 0:
                self.hopeless.add(goal.name)
        self.spent_s += before - self.limit.left_s
        self.rounds += 1
