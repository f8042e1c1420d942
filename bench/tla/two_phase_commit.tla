---- MODULE two_phase_commit ----
(* Two-phase commit, N managers; after Gray and Lamport, "Consensus on Transaction Commit", TODS 31 (2006). *)
EXTENDS Naturals
CONSTANT N
VARIABLES rm, tm, heard, sent, commitSent, abortSent
vars == <<rm, tm, heard, sent, commitSent, abortSent>>
Manager == 0 .. N - 1

Init ==
  /\ rm = [m \in Manager |-> "working"]
  /\ tm = "undecided"
  /\ heard = {}
  /\ sent = {}
  /\ commitSent = FALSE
  /\ abortSent = FALSE

Hear(m) ==
  /\ tm = "undecided"
  /\ m \in sent
  /\ heard' = heard \union {m}
  /\ UNCHANGED <<rm, tm, sent, commitSent, abortSent>>

Commit ==
  /\ tm = "undecided"
  /\ heard = Manager
  /\ tm' = "committed"
  /\ commitSent' = TRUE
  /\ UNCHANGED <<rm, heard, sent, abortSent>>

Abort ==
  /\ tm = "undecided"
  /\ tm' = "aborted"
  /\ abortSent' = TRUE
  /\ UNCHANGED <<rm, heard, sent, commitSent>>

Prepare(m) ==
  /\ rm[m] = "working"
  /\ rm' = [rm EXCEPT ![m] = "prepared"]
  /\ sent' = sent \union {m}
  /\ UNCHANGED <<tm, heard, commitSent, abortSent>>

Becomes(m, outcome) ==
  /\ rm' = [rm EXCEPT ![m] = outcome]
  /\ UNCHANGED <<tm, heard, sent, commitSent, abortSent>>

Next ==
  \/ Commit
  \/ Abort
  \/ \E m \in Manager :
       \/ Hear(m)
       \/ Prepare(m)
       \/ rm[m] = "working" /\ Becomes(m, "aborted")
       \/ commitSent /\ Becomes(m, "committed")
       \/ abortSent /\ Becomes(m, "aborted")

Spec == Init /\ [][Next]_vars
====
