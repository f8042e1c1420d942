---- MODULE filter_lock ----
(* Peterson's filter lock, N processes; the wait looks at all of them at once. *)
EXTENDS Naturals
CONSTANT N
VARIABLES level, last, phase
vars == <<level, last, phase>>
Process == 0 .. N - 1
Nobody == N

Init ==
  /\ level = [p \in Process |-> 0]
  /\ last = [l \in 1 .. N - 1 |-> Nobody]
  /\ phase = [p \in Process |-> "start"]

Start(p) ==
  /\ phase[p] = "start"
  /\ level' = [level EXCEPT ![p] = 1]
  /\ phase' = [phase EXCEPT ![p] = "come last"]
  /\ UNCHANGED last

ComeLast(p) ==
  /\ phase[p] = "come last"
  /\ last' = [last EXCEPT ![level[p]] = p]
  /\ phase' = [phase EXCEPT ![p] = "wait"]
  /\ UNCHANGED level

\* "= TRUE" makes this one step, however many of the disjuncts hold.
Wait(p) ==
  /\ phase[p] = "wait"
  /\ (last[level[p]] # p \/ \A q \in Process \ {p} : level[q] < level[p]) = TRUE
  /\ IF level[p] = N - 1
       THEN phase' = [phase EXCEPT ![p] = "critical"] /\ UNCHANGED level
       ELSE phase' = [phase EXCEPT ![p] = "come last"] /\ level' = [level EXCEPT ![p] = @ + 1]
  /\ UNCHANGED last

Leave(p) ==
  /\ phase[p] = "critical"
  /\ level' = [level EXCEPT ![p] = 0]
  /\ phase' = [phase EXCEPT ![p] = "start"]
  /\ UNCHANGED last

Next == \E p \in Process : Start(p) \/ ComeLast(p) \/ Wait(p) \/ Leave(p)

Spec == Init /\ [][Next]_vars
====
