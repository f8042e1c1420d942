---- MODULE lamport_mutex ----
(* Lamport's mutual exclusion by timestamps, N processes; after "Time, clocks, and the ordering of events in a distributed
   system", CACM 21 (1978), with the steps of lamport_mutex in tlaplus/Examples. Clocks stop at MOST, by a guard. *)
EXTENDS Naturals, Sequences
CONSTANTS N, MOST
VARIABLES clock, request, acknowledged, network, critical
vars == <<clock, request, acknowledged, network, critical>>
Process == 0 .. N - 1

Init ==
  /\ clock = [p \in Process |-> 1]
  /\ request = [p \in Process |-> [q \in Process |-> 0]]
  /\ acknowledged = [p \in Process |-> {}]
  /\ network = [p \in Process |-> [q \in Process |-> <<>>]]
  /\ critical = {}

ToOthers(p, m) == [network EXCEPT ![p] = [q \in Process |-> IF q = p THEN @[q] ELSE Append(@[q], m)]]
Max(a, b) == IF a > b THEN a ELSE b

Ask(p) ==
  /\ request[p][p] = 0
  /\ request' = [request EXCEPT ![p][p] = clock[p]]
  /\ acknowledged' = [acknowledged EXCEPT ![p] = {p}]
  /\ network' = ToOthers(p, [kind |-> "request", clock |-> clock[p]])
  /\ UNCHANGED <<clock, critical>>

Waiting(p, q, kind) == network[q][p] # <<>> /\ Head(network[q][p]).kind = kind

ReceiveRequest(p, q) ==
  /\ Waiting(p, q, "request")
  /\ LET theirs == Head(network[q][p]).clock
     IN  /\ Max(theirs, clock[p]) < MOST
         /\ request' = [request EXCEPT ![p][q] = theirs]
         /\ clock' = [clock EXCEPT ![p] = Max(theirs, @) + 1]
  /\ network' = [network EXCEPT ![q][p] = Tail(@), ![p][q] = Append(@, [kind |-> "acknowledge", clock |-> 0])]
  /\ UNCHANGED <<acknowledged, critical>>

ReceiveAcknowledgement(p, q) ==
  /\ Waiting(p, q, "acknowledge")
  /\ network' = [network EXCEPT ![q][p] = Tail(@)]
  /\ acknowledged' = [acknowledged EXCEPT ![p] = @ \union {q}]
  /\ UNCHANGED <<clock, request, critical>>

ReceiveRelease(p, q) ==
  /\ Waiting(p, q, "release")
  /\ network' = [network EXCEPT ![q][p] = Tail(@)]
  /\ request' = [request EXCEPT ![p][q] = 0]
  /\ UNCHANGED <<clock, acknowledged, critical>>

Before(p, q) ==
  \/ request[p][q] = 0
  \/ request[p][p] < request[p][q]
  \/ request[p][p] = request[p][q] /\ p < q

\* "= TRUE" makes this one step, however many of the disjuncts hold.
Enter(p) ==
  /\ acknowledged[p] = Process
  /\ (\A q \in Process \ {p} : Before(p, q)) = TRUE
  /\ critical' = critical \union {p}
  /\ UNCHANGED <<clock, request, acknowledged, network>>

Leave(p) ==
  /\ p \in critical
  /\ critical' = critical \ {p}
  /\ request' = [request EXCEPT ![p][p] = 0]
  /\ acknowledged' = [acknowledged EXCEPT ![p] = {}]
  /\ network' = ToOthers(p, [kind |-> "release", clock |-> 0])
  /\ UNCHANGED clock

Next ==
  \/ \E p \in Process : Ask(p) \/ Enter(p) \/ Leave(p)
  \/ \E p \in Process : \E q \in Process \ {p} :
       ReceiveRequest(p, q) \/ ReceiveAcknowledgement(p, q) \/ ReceiveRelease(p, q)

Spec == Init /\ [][Next]_vars
====
