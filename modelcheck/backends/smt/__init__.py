"""The symbolic back end: a CORE model as z3 formulas, for proofs."""

from modelcheck.backends.smt.system import SmtSystem, build

__all__ = ["SmtSystem", "build"]
