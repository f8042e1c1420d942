---- MODULE dining_philosophers ----
(* Dining philosophers, N of them, the one at seat 0 left-handed. *)
EXTENDS Naturals
CONSTANT N
VARIABLES taken, phase
vars == <<taken, phase>>
Seat == 0 .. N - 1
First(s) == IF s = 0 THEN 1 ELSE s
Second(s) == IF s = 0 THEN 0 ELSE (s + 1) % N

Init ==
  /\ taken = [s \in Seat |-> FALSE]
  /\ phase = [s \in Seat |-> "thinking"]

Goes(s, from, to) ==
  /\ phase[s] = from
  /\ phase' = [phase EXCEPT ![s] = to]

GetHungry(s) == Goes(s, "thinking", "hungry") /\ UNCHANGED taken

Take(s, fork, from, to) ==
  /\ Goes(s, from, to)
  /\ ~taken[fork]
  /\ taken' = [taken EXCEPT ![fork] = TRUE]

Put(s, fork, from, to) ==
  /\ Goes(s, from, to)
  /\ taken' = [taken EXCEPT ![fork] = FALSE]

Next ==
  \E s \in Seat :
    \/ GetHungry(s)
    \/ Take(s, First(s), "hungry", "one fork")
    \/ Take(s, Second(s), "one fork", "eating")
    \/ Put(s, Second(s), "eating", "sated")
    \/ Put(s, First(s), "sated", "thinking")

Spec == Init /\ [][Next]_vars
====
