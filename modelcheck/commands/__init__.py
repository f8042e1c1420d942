"""The verbs, one module each, with a click command of its own name. To add a verb, add its module and a line here."""

VERBS = {
    "check": "Explores a spec and says whether its properties hold.",
    "gate": "Runs every case of the specs (default: specs/).",
    "prove": "Proves invariants for any number of steps.",
    "synthesize": "Finds the parameters under which a property is violated.",
    "simulate": "Walks at random until something is violated.",
    "replay": "Are saved traces still behaviours that violate?",
    "validate": "Says whether a log is a record of a run.",
    "graph": "Writes the state graph, with what violates marked.",
    "show": "Prints the model after each stage.",
}
