"""What the Python front end refuses: the codes, and what to write instead of what Python has and a spec has not.

Codes are stable: a code keeps its meaning, and a new refusal takes a new number or joins the code that it belongs to.
P001, P002 and P012 to P014 come from `frontends.source`, which reads the files.
"""

from __future__ import annotations

CODES = {
    # the text
    "P001": "not UTF-8",
    "P002": "too long, or too deep for Python's own parser",
    "P003": "a character that has no place in a spec",
    "P004": "not Python: what Python's parser says",
    "P005": "nested too deeply",
    # the module
    "P010": "an import from elsewhere than modelcheck and other spec files",
    "P011": "a name that modelcheck does not have",
    "P012": "an imported file that cannot be read",
    "P013": "an imported name that its file does not have",
    "P014": "files that import each other",
    "P015": "a statement that has no place at module level",
    "P016": "a module-level value that is neither a constant nor a type",
    "P017": "one name defined twice",
    "P018": "a malformed assumption",
    "P019": "a malformed list of cases, or case",
    "P020": "a malformed expectation",
    "P050": "a malformed LOG",
    # classes and methods
    "P021": "a malformed class line",
    "P022": "a statement that has no place in a class body",
    "P023": "a decorator outside the language, or with wrong options",
    "P024": "parameters outside the language",
    "P025": "a name of modelcheck used without its import",
    "P026": "an annotation where none is read",
    # statements
    "P030": "a statement outside the language",
    "P031": "a form of assignment outside the language",
    "P032": "an expression that does nothing",
    "P033": "a malformed yield",
    "P034": "a yield inside an expression",
    "P035": "break or continue outside a loop",
    "P036": "a loop with an else",
    "P037": "an assert whose message is not a string",
    "P038": "a loop target that is not one name",
    # expressions
    "P040": "an expression outside the language",
    "P041": "a literal outside the language",
    "P042": "an integer beyond 64 bits",
    "P043": "a string with characters that cannot be shown",
    "P044": "an operator outside the language",
    "P045": "a form of call outside the language",
    "P046": "a function of Python that the language does not have",
    "P047": "an attribute or a name outside the language",
    "P048": "a form of comprehension outside the language",
    "P049": "an empty dict, or an unpacked one",
}

TOP = "import at the top of the file, from `modelcheck` or another spec file"

# Statements, by the class of their node in `ast`: what they are called, what to write instead.
STATEMENTS = {
    "Try": ("`try`", "nothing is raised in a spec; test for the case with `if`"),
    "TryStar": ("`try`", "nothing is raised in a spec; test for the case with `if`"),
    "Raise": ("`raise`", "write `assert condition, \"why\"`: a failed assert is a verdict with a trace"),
    "With": ("`with`", "write the steps out: `when(not self.mutex)`, `self.mutex = True`, ..., `self.mutex = False`"),
    "AsyncWith": ("`async with`", "processes interleave at every `yield`; write the steps out"),
    "AsyncFor": ("`async for`", "write `for`; processes interleave at every `yield`"),
    "AsyncFunctionDef": ("`async def`", "write `def` with `@process`; processes interleave at every `yield`"),
    "FunctionDef": ("a function inside a method", "make it a method of the class: `def name(self, ...)`"),
    "ClassDef": ("a class inside a method", "define it at module level"),
    "Global": ("`global`", "what changes is a variable: declare it in the class body and write `self.name`"),
    "Nonlocal": ("`nonlocal`", "what changes is a variable: declare it in the class body and write `self.name`"),
    "Delete": ("`del`", "take elements out with `.remove(x)`, `.discard(x)` or `.pop(0)`"),
    "Import": ("an import inside a method", TOP),
    "ImportFrom": ("an import inside a method", TOP),
    "Match": ("`match`", "write `if` and `elif`"),
    "TypeAlias": ("`type`", "name a type at module level: `Name = Range(3)`"),
}

# Expressions, likewise.
EXPRESSIONS = {
    "Lambda": ("`lambda`", "write a method and call it: `def name(self, x): return ...`"),
    "JoinedStr": ("an f-string", "write a plain string; traces show the values of every step"),
    "FormattedValue": ("an f-string", "write a plain string; traces show the values of every step"),
    "TemplateStr": ("a template string", "write a plain string; traces show the values of every step"),
    "NamedExpr": ("`:=`", "assign in a statement of its own, before this one"),
    "Await": ("`await`", "a process waits with `when(condition)` after a `yield`"),
    "Starred": ("`*`", "write the elements out"),
    "Slice": ("a slice", "take single elements; the first is removed with `.pop(0)`"),
}

OPERATORS = {
    "Div": ("`/`", "write `//`: numbers are integers, and the quotient is rounded down"),
    "MatMult": ("`@`", "write the sum out: `sum(self.a[i] * self.b[i] for i in Index)`"),
    "LShift": ("`<<`", "write `* 2 ** n` with a constant n"),
    "RShift": ("`>>`", "write `// 2 ** n` with a constant n"),
    "Invert": ("`~`", "write `not` for a Bool; for a set, take it from the whole: `{x for x in T} - s`"),
}

METHOD = "write a method of the spec that does it"
BRANCH = "names are fixed in a spec: write `self.name`, or `if` and `elif` over the cases"

# Functions that every Python program has and a spec does not.
FUNCTIONS = {
    "eval": "write the expression itself: a spec is read, never run",
    "exec": "write the statements themselves: a spec is read, never run",
    "compile": "write the expression itself: a spec is read, never run",
    "__import__": "write `from .file import Name` at the top of the file",
    "print": "leave it out: traces show every variable at every step",
    "input": "write `x = choose(...)`: every value is tried",
    "open": "leave it out: a spec has no files",
    "getattr": BRANCH,
    "setattr": BRANCH,
    "hasattr": BRANCH,
    "delattr": BRANCH,
    "vars": BRANCH,
    "globals": BRANCH,
    "locals": BRANCH,
    "dir": BRANCH,
    "super": "give the shared part a name of its own in the base class, and call that",
    "isinstance": "a variable has one type; tell the cases apart with an Enum field",
    "issubclass": "a variable has one type; tell the cases apart with an Enum field",
    "type": "a variable has one type; tell the cases apart with an Enum field",
    "callable": "a variable has one type; tell the cases apart with an Enum field",
    "int": "write `(1 if x else 0)` to count a Bool; everything else is an integer already",
    "bool": "write the condition: `x != 0`, `len(s) > 0`, `x is not None`",
    "str": "name the values with an Enum",
    "repr": "leave it out: traces show the values",
    "format": "leave it out: traces show the values",
    "chr": "name the values with an Enum",
    "ord": "name the values with an Enum",
    "float": "numbers are integers: count in a smaller unit",
    "complex": "numbers are integers",
    "bytes": "write an Array of integers",
    "bytearray": "write an Array of integers",
    "round": "numbers are integers: `//` rounds down",
    "divmod": "write `a // b` and `a % b`",
    "pow": "write `a ** n` with constants",
    "list": "write a comprehension: `[f(x) for x in T]`",
    "tuple": "write it out: `(a, b)`",
    "dict": "write a comprehension: `{k: f(k) for k in T}`",
    "frozenset": "write `set()` or `{a, b}`: sets are values here",
    "sorted": "leave it out: loops over sets and types go in ascending order",
    "reversed": "loop upwards and count back: `for i in range(n)` with `n - 1 - i`",
    "enumerate": "loop over the index: `for i in range(n)`, and write `self.a[i]`",
    "zip": "loop over the index: `for i in range(n)`, and write `self.a[i]` and `self.b[i]`",
    "map": "write a comprehension: `[f(x) for x in T]`",
    "filter": "write a comprehension: `{x for x in T if condition}`",
    "iter": "write a `for` loop",
    "next": "write `x = choose(s)` for any element; `min(s)` for the least",
    "slice": "take single elements",
    "id": "compare with `==`: records have no identity",
    "hash": "compare with `==`",
    "object": "write `class Name(Spec):` or `class Name(Record):`",
    "exit": "write `return`: the process is then done",
    "quit": "write `return`: the process is then done",
}

DECORATORS = {
    "property": "leave it out and call it: `self.name()`; a plain method may return a value",
    "staticmethod": "leave it out and give it `self`",
    "classmethod": "leave it out and give it `self`",
    "dataclass": "leave it out: the fields of a Record are declared with `name = Int(0, 3, init=0)`",
    "override": "leave it out: a method of the same name overrides that of the base class",
    "abstractmethod": "leave it out: give the base class a body that is overridden",
}
