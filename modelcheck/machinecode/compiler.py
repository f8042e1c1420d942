"""LLVM: from a module, as text, to an object file of this machine, and from there into this process."""

from __future__ import annotations

from typing import Any

import llvmlite
import llvmlite.binding as llvm

from modelcheck.errors import InternalError
from modelcheck.machinecode.object import Object

# Half the time of LLVM's own -O2, whose code is faster by up to a fifth: expansion is a small part of a search.
QUICK = (
    "sroa", "simplify_cfg", "instruction_combine", "jump_threading", "simplify_cfg", "new_gvn", "instruction_combine",
    "simplify_cfg", "dead_store_elimination",
)  # fmt: skip


def version() -> str:
    return llvmlite.__version__


def processor() -> str:
    return "\0".join((llvm.get_process_triple(), *_host()))


def _host() -> tuple[str, str]:
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def machine() -> Any:
    """Code for it may lie anywhere, in one piece."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = _host()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=cpu, features=features, opt=2, reloc="pic", codemodel="small")


def compiled(text: str, quick: bool) -> Object:
    """The module's object file. Text that LLVM refuses is our own mistake."""
    target = machine()
    try:
        module = llvm.parse_assembly(text, llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise InternalError(f"the generated code is not valid: {error}") from error
    exported = {
        f.name: len(list(f.arguments))
        for f in module.functions
        if not f.is_declaration and f.linkage == llvm.Linkage.external
    }
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    # No vectors: no loop gains by them, and they double the time that this takes.
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = options.loop_interleaving = False
    builder = llvm.create_pass_builder(target, options)
    passes = llvm.create_new_module_pass_manager() if quick else builder.getModulePassManager()
    for name in QUICK if quick else ():
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, builder)
    return Object(exported, target.emit_object(module))


def linked(made: Object) -> tuple[object, dict[str, int]]:
    """What the functions live in, and their addresses."""
    compiler = llvm.create_lljit_compiler(machine())
    builder = llvm.JITLibraryBuilder().add_object_img(made.data).add_current_process()
    for name in made.functions:
        builder.export_symbol(name)
    tracker = builder.link(compiler, "code")
    return (tracker, compiler), {name: tracker[name] for name in made.functions}
