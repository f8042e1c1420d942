---- MODULE filter_lock_by_one ----
(* Peterson's filter lock, N processes; the wait looks at one of them at a time. *)
EXTENDS Naturals
CONSTANT N
VARIABLES level, last, phase, looking
vars == <<level, last, phase, looking>>
Process == 0 .. N - 1
Nobody == N

Init ==
  /\ level = [p \in Process |-> 0]
  /\ last = [l \in 1 .. N - 1 |-> Nobody]
  /\ phase = [p \in Process |-> "announce"]
  /\ looking = [p \in Process |-> 0]

Announce(p) ==
  /\ phase[p] = "announce"
  /\ level' = [level EXCEPT ![p] = @ + 1]
  /\ phase' = [phase EXCEPT ![p] = "come last"]
  /\ UNCHANGED <<last, looking>>

ComeLast(p) ==
  /\ phase[p] = "come last"
  /\ last' = [last EXCEPT ![level[p]] = p]
  /\ phase' = [phase EXCEPT ![p] = "look"]
  /\ UNCHANGED <<level, looking>>

\* "= TRUE" makes this one step, however many of the disjuncts hold.
Look(p) ==
  /\ phase[p] = "look"
  /\ (looking[p] = p \/ level[looking[p]] < level[p] \/ last[level[p]] # p) = TRUE
  /\ IF looking[p] < N - 1
       THEN looking' = [looking EXCEPT ![p] = @ + 1] /\ UNCHANGED phase
       ELSE
         /\ looking' = [looking EXCEPT ![p] = 0]
         /\ phase' = [phase EXCEPT ![p] = IF level[p] = N - 1 THEN "enter" ELSE "announce"]
  /\ UNCHANGED <<level, last>>

Enter(p) ==
  /\ phase[p] = "enter"
  /\ phase' = [phase EXCEPT ![p] = "critical"]
  /\ UNCHANGED <<level, last, looking>>

Leave(p) ==
  /\ phase[p] = "critical"
  /\ level' = [level EXCEPT ![p] = 0]
  /\ phase' = [phase EXCEPT ![p] = "announce"]
  /\ UNCHANGED <<last, looking>>

Next == \E p \in Process : Announce(p) \/ ComeLast(p) \/ Look(p) \/ Enter(p) \/ Leave(p)

Spec == Init /\ [][Next]_vars
====
