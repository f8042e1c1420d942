---- MODULE bakery ----
(* Lamport's bakery, N processes that enter ENTRIES times each; after "A new solution of Dijkstra's concurrent programming
   problem", CACM 17 (1974). Each read and write of a shared variable is a step of its own. *)
EXTENDS Naturals
CONSTANTS N, ENTRIES
VARIABLES drawing, ticket, place, other, round, highest
vars == <<drawing, ticket, place, other, round, highest>>
Process == 0 .. N - 1

Init ==
  /\ drawing = [p \in Process |-> FALSE]
  /\ ticket = [p \in Process |-> 0]
  /\ place = [p \in Process |-> "enter doorway"]
  /\ other = [p \in Process |-> 0]    \* whose ticket it reads, or for whom it waits; else 0
  /\ round = [p \in Process |-> 0]
  /\ highest = [p \in Process |-> 0]  \* 0 unless tickets are read

Goes(p, from, to, q) ==
  /\ place[p] = from
  /\ place' = [place EXCEPT ![p] = to]
  /\ other' = [other EXCEPT ![p] = q]

EnterDoorway(p) ==
  /\ round[p] < ENTRIES
  /\ Goes(p, "enter doorway", "read ticket", 0)
  /\ drawing' = [drawing EXCEPT ![p] = TRUE]
  /\ UNCHANGED <<ticket, round, highest>>

ReadTicket(p) ==
  /\ IF other[p] < N - 1 THEN Goes(p, "read ticket", "read ticket", other[p] + 1) ELSE Goes(p, "read ticket", "draw", 0)
  /\ highest' = [highest EXCEPT ![p] = IF ticket[other[p]] > @ THEN ticket[other[p]] ELSE @]
  /\ UNCHANGED <<drawing, ticket, round>>

Draw(p) ==
  /\ Goes(p, "draw", "leave doorway", 0)
  /\ ticket' = [ticket EXCEPT ![p] = highest[p] + 1]
  /\ highest' = [highest EXCEPT ![p] = 0]
  /\ UNCHANGED <<drawing, round>>

LeaveDoorway(p) ==
  /\ Goes(p, "leave doorway", "wait for drawing", IF p = 0 THEN 1 ELSE 0)
  /\ drawing' = [drawing EXCEPT ![p] = FALSE]
  /\ UNCHANGED <<ticket, round, highest>>

WaitForDrawing(p) ==
  /\ ~drawing[other[p]]
  /\ Goes(p, "wait for drawing", "wait for turn", other[p])
  /\ UNCHANGED <<drawing, ticket, round, highest>>

Before(p, q) == ticket[p] < ticket[q] \/ (ticket[p] = ticket[q] /\ p < q)
After(p, q) == IF q + 1 = p THEN q + 2 ELSE q + 1  \* the next that is not p

\* "= TRUE" makes this one step, however many of the disjuncts hold.
WaitForTurn(p) ==
  /\ place[p] = "wait for turn"
  /\ (ticket[other[p]] = 0 \/ Before(p, other[p])) = TRUE
  /\ IF After(p, other[p]) < N
       THEN Goes(p, "wait for turn", "wait for drawing", After(p, other[p]))
       ELSE Goes(p, "wait for turn", "critical", 0)
  /\ UNCHANGED <<drawing, ticket, round, highest>>

Leave(p) ==
  /\ Goes(p, "critical", "enter doorway", 0)
  /\ ticket' = [ticket EXCEPT ![p] = 0]
  /\ round' = [round EXCEPT ![p] = @ + 1]
  /\ UNCHANGED <<drawing, highest>>

Next ==
  \E p \in Process :
    \/ EnterDoorway(p)
    \/ ReadTicket(p)
    \/ Draw(p)
    \/ LeaveDoorway(p)
    \/ WaitForDrawing(p)
    \/ WaitForTurn(p)
    \/ Leave(p)

Spec == Init /\ [][Next]_vars
====
