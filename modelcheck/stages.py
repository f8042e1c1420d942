"""What a spec looks like on its way to a search: for `modelcheck show`."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Mapping

from modelcheck import checker
from modelcheck.ir.layout import Layout
from modelcheck.ir.nodes import Model
from modelcheck.ir.printer import print_model, print_program
from modelcheck.ir.timing_printer import print_timing


def stages(path: str | Path, constants: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """(stage, text): what the front end read, what back ends get, what each action touches, how a state is packed.
    A stage that refuses raises after those before it have been given."""
    file, spec = checker.split_spec(path, None)
    program = checker.load(file)
    yield "surface", print_program(program)
    model = checker.compiled(program, spec, constants)
    yield "core", print_model(model)
    if model.timing is not None:
        yield "timing", print_timing(model)
    yield "dependencies", _dependencies(model)
    yield "layout", _layout(model)


def _dependencies(model: Model) -> str:
    names = [v.name for v in model.variables]
    rows = []
    for i, action in enumerate(model.actions):
        reads, writes = (", ".join(names[k] for k in sorted(found)) for found in (action.reads, action.writes))
        rows.append(f"{model.action_title(i)}: reads {reads or 'nothing'}; writes {writes or 'nothing'}\n")
    return "".join(rows)


def _layout(model: Model) -> str:
    layout = Layout(model.variables)
    rows = [f"{v.name}: {bits} bits at {at}\n" for v, at, bits in zip(model.variables, layout.offsets, layout.sizes)]
    return "".join(rows) + f"a state: {layout.bits} bits, {layout.width} words of 64\n"
