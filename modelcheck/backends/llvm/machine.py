"""From LLVM IR to functions in this process, by way of object code that is kept for the next time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from modelcheck.backends.llvm import cache
from modelcheck.errors import InternalError
# Half the time of LLVM's own -O2, whose code is faster by up to a fifth: expansion is a small part of a search.
PASSES = (
    "sroa", "simplify_cfg", "instruction_combine", "jump_threading", "simplify_cfg", "new_gvn", "instruction_combine",
    "simplify_cfg", "dead_store_elimination",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Native:
    """Functions by name, as addresses. They live as long as this does. `cached`: no code was compiled."""

    addresses: dict[str, int]
    cached: bool
    tracker: Any
    compiler: Any


def load(text: str, names: list[str]) -> Native:
    """The functions of a module."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    key = cache.key(llvmlite.__version__, llvm.get_process_triple(), cpu, features, text)
    code = cache.find(key)
    cached = code is not None
    if code is None:
        code = compiled(text, machine(cpu, features, 2))
        cache.keep(key, code)
    compiler = llvm.create_lljit_compiler(machine(cpu, features, 2))
    builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name in names:
        builder.export_symbol(name)
    tracker = builder.link(compiler, "spec")
    return Native({name: tracker[name] for name in names}, cached, tracker, compiler)


def machine(cpu: str, features: str, level: int) -> Any:
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=cpu, features=features, opt=level, reloc="pic", jit=True)


def compiled(text: str, target: Any) -> bytes:
    """The object code of a module. Text that LLVM refuses is our own mistake."""
    try:
        module = llvm.parse_assembly(text, llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise InternalError(f"the generated code is not valid: {error}") from error
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    passes = llvm.create_new_module_pass_manager()
    for name in PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, llvm.create_pass_builder(target, options))
    return target.emit_object(module)
