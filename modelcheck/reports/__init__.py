"""Peers: a Result (or a GateResult) in, text out. Each module is loaded when its format is asked for.

terminal: for people.  columns: a trace with one column per process.  json, itf, junit, github: for machines.
table: the gate, for people.  coverage: the source with counts.
"""
