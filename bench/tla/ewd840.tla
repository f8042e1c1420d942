---- MODULE ewd840 ----
(* EWD 840, N nodes, from one initial state: everybody active and white, a black token at node 0. *)
EXTENDS Naturals
CONSTANT N
VARIABLES active, black, tokenAt, tokenBlack
vars == <<active, black, tokenAt, tokenBlack>>
Node == 0 .. N - 1

Init ==
  /\ active = [n \in Node |-> TRUE]
  /\ black = [n \in Node |-> FALSE]
  /\ tokenAt = 0
  /\ tokenBlack = TRUE

\* "= TRUE" makes this one step, however many of the disjuncts hold.
InitiateProbe ==
  /\ tokenAt = 0
  /\ (tokenBlack \/ black[0]) = TRUE
  /\ tokenAt' = N - 1
  /\ tokenBlack' = FALSE
  /\ black' = [black EXCEPT ![0] = FALSE]
  /\ UNCHANGED active

PassToken(n) ==
  /\ tokenAt = n
  /\ (~active[n] \/ black[n] \/ tokenBlack) = TRUE
  /\ tokenAt' = n - 1
  /\ tokenBlack' = (tokenBlack \/ black[n])
  /\ black' = [black EXCEPT ![n] = FALSE]
  /\ UNCHANGED active

Send(n, to) ==
  /\ active[n]
  /\ active' = [active EXCEPT ![to] = TRUE]
  /\ black' = [black EXCEPT ![n] = @ \/ to > n]
  /\ UNCHANGED <<tokenAt, tokenBlack>>

Deactivate(n) ==
  /\ active[n]
  /\ active' = [active EXCEPT ![n] = FALSE]
  /\ UNCHANGED <<black, tokenAt, tokenBlack>>

Next ==
  \/ InitiateProbe
  \/ \E n \in Node \ {0} : PassToken(n)
  \/ \E n \in Node : Deactivate(n) \/ \E to \in Node \ {n} : Send(n, to)

Spec == Init /\ [][Next]_vars
====
