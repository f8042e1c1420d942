"""The verbs, one module each. A module has a click command of its own name; to add a verb, add both."""

VERBS = ("check", "gate", "simulate", "replay", "graph", "show")
