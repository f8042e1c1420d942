---- MODULE simple_regular ----
(* Each of N processes writes its register, then reads its neighbour's, which gives either value while it is written. After
   SimpleRegular of tlaplus/Examples, without a step where all are done. *)
EXTENDS Naturals
CONSTANT N
VARIABLES register, seen, place
vars == <<register, seen, place>>
Process == 0 .. N - 1

Init ==
  /\ register = [p \in Process |-> {FALSE}]
  /\ seen = [p \in Process |-> FALSE]
  /\ place = [p \in Process |-> "begin write"]

Goes(p, from, to) == place[p] = from /\ place' = [place EXCEPT ![p] = to]

Write(p, from, to, values) ==
  /\ Goes(p, from, to)
  /\ register' = [register EXCEPT ![p] = values]
  /\ UNCHANGED seen

Read(p) ==
  /\ Goes(p, "read", "done")
  /\ \E value \in register[(p + N - 1) % N] : seen' = [seen EXCEPT ![p] = value]
  /\ UNCHANGED register

Next ==
  \E p \in Process :
    \/ Write(p, "begin write", "end write", {FALSE, TRUE})
    \/ Write(p, "end write", "read", {TRUE})
    \/ Read(p)

Spec == Init /\ [][Next]_vars
====
