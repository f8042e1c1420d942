"""What a well-formed model promises to whoever consumes it, as tables of rules, checked after the passes.

Whatever is found here is our own mistake and never the author's: the type checker has refused those. CORE rules beyond
what `nodes.py` says: an `If` that contains a `Choose` is the last statement of its list, and a `For` contains none, so
a back end can nest the choices; a local is bound on every way that reaches its use; two binders may share a name where
neither is in the scope of the other, and then they share a type; the domain of an `array` comprehension is closed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Callable, Generator, Iterator

from modelcheck.errors import InternalError
from modelcheck.ir import surface
from modelcheck.ir.nodes import (
    ActionPredicate,
    Assert,
    Assign,
    Bind,
    Choose,
    Const,
    Expr,
    For,
    If,
    Local,
    Lvalue,
    Model,
    Quantifier,
    Stmt,
    Temporal,
    Variable,
    When,
    children,
    walk,
)
from modelcheck.ir.timing import bounds_of, clocks_of
from modelcheck.ir.types import (
    BOOL,
    ArrayType,
    EnumType,
    IntType,
    RecordType,
    ScalarsetType,
    Type,
    is_scalar,
    is_state,
    show,
)
from modelcheck.ir.verify_types import typed

Problems = Iterator[str]


def check_core(model: Model) -> None:
    """Raises InternalError with everything that `verify_core` finds."""
    if problems := verify_core(model):
        raise InternalError(f"the model of {model.path} is not well formed:\n" + "\n".join(problems))


def verify_core(model: Model) -> list[str]:
    """Every rule of CORE that the model breaks; empty where it is well formed."""
    return [problem for rule in CORE_RULES for problem in rule(model)]


def _bodies(model: Model) -> list[tuple[str, tuple[Stmt | Expr, ...]]]:
    """Every body of the model under a name for messages: what a local is unique in."""
    return [
        ("initial", model.initial),
        *((f"action {i} ({a.label})", a.body) for i, a in enumerate(model.actions)),
        *((f"predicate {i}", (e,)) for i, e in enumerate(model.predicates)),
        *((f"step predicate {i}", (e,)) for i, e in enumerate(model.step_predicates)),
        *((f"property {p.name}", (p.expr,)) for p in model.properties),
    ]


def _nodes(model: Model) -> Iterator[tuple[str, Expr | Stmt]]:
    return ((where, n) for where, body in _bodies(model) for part in body for n in walk(part))


# --- declarations -----------------------------------------------------------------------------------------------------


def _variables(model: Model) -> Problems:
    for decl in model.variables:
        if not is_state(decl.type) or not _inhabited(decl.type):
            yield f"variable {decl.name}: no state has a value of {show(decl.type)}"
        if decl.process is not None and not 0 <= decl.process < len(model.processes):
            yield f"variable {decl.name}: no process {decl.process}"
    for where, node in _nodes(model):
        match node:
            case Variable(index, of) if not 0 <= index < len(model.variables):
                yield f"{where}: no variable {index}"
            case Variable(index, of) if model.variables[index].type != of:
                yield f"{where}: {model.variables[index].name} is {show(model.variables[index].type)}, not {show(of)}"


def _inhabited(t: Type) -> bool:
    match t:
        case IntType(lo, hi):
            return lo <= hi
        case EnumType(literals):
            return bool(literals)
        case ScalarsetType(size):
            return size > 0
        case ArrayType(index, of):
            return is_scalar(index) and _inhabited(index) and _inhabited(of)
        case RecordType(_, fields):
            return all(_inhabited(of) for _, of in fields)
    return True


def _processes(model: Model) -> Problems:
    for number, process in enumerate(model.processes):
        if not 0 <= process.start < len(process.places):
            yield f"process {process.title}: it starts at place {process.start} of {len(process.places)}"
        if process.variable is None and len(process.places) != 1:
            yield f"process {process.title}: {len(process.places)} places and no place variable"
        if process.variable is not None:
            decl = model.variables[process.variable]
            if (decl.kind, decl.process, decl.type) != ("place", number, IntType(0, len(process.places) - 1)):
                yield f"process {process.title}: {decl.name} is not its place variable"
        for name, index in process.locals:
            if (model.variables[index].kind, model.variables[index].process) != ("local", number):
                yield f"process {process.title}: {model.variables[index].name} is not its local {name}"
        for unknown in {name for p in process.places for name in p.live} - {name for name, _ in process.locals}:
            yield f"process {process.title}: no local {unknown} can be live"


def _actions(model: Model) -> Problems:
    for i, action in enumerate(model.actions):
        if action.process is None:
            if action.place is not None:
                yield f"action {i} ({action.label}): a place without a process"
        elif not 0 <= action.process < len(model.processes):
            yield f"action {i} ({action.label}): no process {action.process}"
        elif action.place is not None and not 0 <= action.place < len(model.processes[action.process].places):
            yield f"action {i} ({action.label}): no place {action.place}"


def _properties(model: Model) -> Problems:
    for p in model.properties:
        table = model.step_predicates if p.kind == "action_invariant" else model.predicates
        if p.kind == "temporal":
            if p.predicate is not None or p.antecedents:
                yield f"property {p.name}: a temporal property has no predicate"
        elif p.predicate is None or p.expr.type != BOOL:
            yield f"property {p.name}: it has no predicate, or is no Bool"
        for number in (p.predicate, *p.antecedents):
            if number is not None and not 0 <= number < len(table):
                yield f"property {p.name}: no predicate {number}"
    for i, expr in enumerate((*model.predicates, *model.step_predicates)):
        if expr.type != BOOL:
            yield f"predicate {i}: {show(expr.type)} is no Bool"


def _contexts(model: Model) -> Problems:
    """`after` in step predicates only; formulas in temporal properties only; guards and actions by number."""
    step = {f"step predicate {i}" for i in range(len(model.step_predicates))}
    step |= {f"property {p.name}" for p in model.properties if p.kind == "action_invariant"}
    temporal = {f"property {p.name}" for p in model.properties if p.kind == "temporal"}
    for where, node in _nodes(model):
        match node:
            case Variable(index, after=True) if where not in step:
                yield f"{where}: the next value of {index} outside a step predicate"
            case Temporal() | ActionPredicate() if where not in temporal:
                yield f"{where}: a formula outside a temporal property"
            case ActionPredicate(_, actions) if not all(0 <= a < len(model.actions) for a in actions):
                yield f"{where}: no such action: {sorted(actions)}"
            case If(site=int(site)) | When(site=int(site)) if not 0 <= site < len(model.guards):
                yield f"{where}: no guard {site}"


# --- statements -------------------------------------------------------------------------------------------------------


def _choices(model: Model) -> Problems:
    for where, body in _bodies(model):
        yield from (f"{where}: {problem}" for problem in _misplaced_choices(body))


def _misplaced_choices(body: tuple[Any, ...]) -> Problems:
    for i, statement in enumerate(body):
        match statement:
            case If(_, then, otherwise):
                if i < len(body) - 1 and any(isinstance(n, Choose) for n in walk(statement)):
                    yield "an if with a choice is not the last statement"
                yield from _misplaced_choices(then)
                yield from _misplaced_choices(otherwise)
            case For(_, _, inner):
                if any(isinstance(n, Choose) for n in walk(statement)):
                    yield "a choice within a loop"
                yield from _misplaced_choices(inner)


Bound = frozenset[str | int]  # names of locals, and indices of variables that have a value


def _bindings(model: Model) -> Problems:
    """Locals are bound before use, and once where they are in scope; the initialisation assigns every variable before
    it is read."""
    everything: Bound = frozenset(range(len(model.variables)))
    for where, body in _bodies(model):
        types: defaultdict[str, set[Type]] = defaultdict(set)
        for node in (n for part in body for n in walk(part) if isinstance(n, Local)):
            types[node.name].add(node.type)
        yield from (f"{where}: {name!r} has {len(of)} types" for name, of in types.items() if len(of) > 1)
        problems: list[str] = []
        bound = _flow(body, frozenset() if where == "initial" else everything, problems)
        yield from (f"{where}: {problem}" for problem in problems)
        if bound is not None:
            missing = sorted(everything - bound, key=int)
            yield from (f"{where}: {model.variables[int(i)].name} is not assigned on every way" for i in missing)


def _flow(body: tuple[Any, ...], bound: Bound, problems: list[str]) -> Bound | None:
    """What is bound after a body on every way through it; None where no way is left. Uses before that are problems."""
    for part in body:
        match part:
            case Assign(target, value):
                problems.extend(_unbound(value, bound))
                bound = _assigned(target, bound, problems)
            case If(test, then, otherwise):
                problems.extend(_unbound(test, bound))
                ways = [_flow(branch, bound, problems) for branch in (then, otherwise)]
                open_ways = [way for way in ways if way is not None]
                if not open_ways:
                    return None
                bound = frozenset.intersection(*open_ways)
            case When(test) | Assert(test):
                problems.extend(_unbound(test, bound))
                if isinstance(test, Const) and not test.value:
                    return None
            case Choose(local, domain):
                problems.extend((*_unbound(domain, bound), *_rebound(local, bound)))
                bound |= {local.name}
            case For(local, domain, inner):
                problems.extend((*_unbound(domain, bound), *_rebound(local, bound)))
                _flow(inner, bound | {local.name}, problems)
            case _:
                problems.extend(_unbound(part, bound))
    return bound


def _assigned(target: Lvalue, bound: Bound, problems: list[str]) -> Bound:
    match target:
        case Variable(index):
            return bound | {index}
        case Local(name):
            return bound | {name}
    problems.extend(_unbound(target, bound))
    return bound


def _rebound(local: Local, bound: Bound) -> Problems:
    if local.name in bound:
        yield f"the local {local.name!r} is bound within its own scope"


def _unbound(expr: Expr, bound: Bound) -> Problems:
    match expr:
        case Local(name):
            if name not in bound:
                yield f"the local {name!r} is used before it is bound"
        case Variable(index):
            if index not in bound:
                yield f"the variable {index} is used before it is assigned"
        case Bind(local, value, body):
            yield from (*_unbound(value, bound), *_rebound(local, bound))
            yield from _unbound(body, bound | {local.name})
        case Quantifier(_, local, domain, body, _, guard):
            yield from (*_unbound(domain, bound), *_rebound(local, bound))
            for part in (guard, body):
                yield from _unbound(part, bound | {local.name}) if part is not None else ()
        case _:
            for child in children(expr):
                yield from _unbound(child, bound)


# --- time -------------------------------------------------------------------------------------------------------------


def _timing(model: Model) -> Problems:
    """Registers are what programs say, and nothing else reads them; clocks, predicates and processes by number."""
    timing = model.timing
    registers = {i for i, d in enumerate(model.variables) if d.kind == "register"}
    if timing is None:
        yield from ("registers without time" for _ in range(bool(registers)))
        return
    if timing.registers != registers or len(timing.programs) != len(model.actions):
        yield "the registers or the programs of the timing are not those of the model"
    for where, node in _nodes(model):
        if isinstance(node, Variable) and node.index in registers and where.startswith(("predicate", "property")):
            yield f"{where}: it reads a register"
    for site in (s for program in (timing.initial, *timing.programs) for s in program):
        if site.flag is not None and (site.flag not in registers or model.variables[site.flag].type != BOOL):
            yield f"{site.op}: its flag is no Bool register"
        for bound in bounds_of(site.op):
            if bound.register is not None and bound.register not in registers:
                yield f"{site.op}: its bound reads what is no register"
        if not all(0 <= c <= len(timing.clocks) for c in clocks_of(site.op)):
            yield f"{site.op}: no such clock"
    predicates = [d.predicate for d in timing.deadlines] + [c.alive for c in timing.clocks]
    predicates += [*timing.urgent, *(p for p, _ in timing.committed)]
    predicates += [p for t in timing.properties for p, _ in t.cases]
    for number in predicates:
        if number is not None and not 0 <= number < len(model.predicates):
            yield f"the timing: no predicate {number}"


# --- types ------------------------------------------------------------------------------------------------------------


def _types(model: Model) -> Problems:
    for where, body in _bodies(model):
        for part in body:
            yield from (f"{where}: {problem}" for problem in typed(part))


CORE_RULES: tuple[Callable[[Model], Problems], ...] = (
    _variables, _processes, _actions, _properties, _contexts, _choices, _bindings, _types, _timing,
)  # fmt: skip

# --- the SURFACE dialect ----------------------------------------------------------------------------------------------


def verify_surface(program: surface.Program) -> list[str]:
    """Every promise of a front end that the program breaks. Names and types are not looked at yet."""
    return [problem for rule in SURFACE_RULES for problem in rule(program)]


def _modules(program: surface.Program) -> Problems:
    if program.main not in program.modules:
        yield f"{program.main}: the main module is missing"
    for path, module in program.modules.items():
        for i in module.imports:
            if i.module not in program.modules:
                yield f"{path}: the module {i.module} is missing"


def _functions(program: surface.Program) -> Problems:
    for path, module in program.modules.items():
        for function in (f for c in module.classes for f in c.functions):
            if len(function.decorators) > 1:
                yield f"{path}: {function.name} has several decorators"
            if not function.has_yield and any(isinstance(s, surface.Yield) for s in _surface_statements(function.body)):
                yield f"{path}: {function.name} has steps and says that it has none"


def _surface_statements(body: tuple[surface.Stmt, ...]) -> Generator[surface.Stmt, None, None]:
    for statement in body:
        yield statement
        match statement:
            case surface.If(_, then, otherwise):
                yield from _surface_statements((*then, *otherwise))
            case surface.For(_, _, inner) | surface.While(_, inner):
                yield from _surface_statements(inner)


SURFACE_RULES: tuple[Callable[[surface.Program], Problems], ...] = (_modules, _functions)
