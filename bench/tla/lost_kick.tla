---- MODULE lost_kick ----
(* V vcpus kick Q queues while the main loop starts and stops their eventfds. *)
EXTENDS Naturals
CONSTANTS V, Q
VARIABLES counter, assigned, handler, pending, phase, queue, work, at
vars == <<counter, assigned, handler, pending, phase, queue, work, at>>
Vcpu == 0 .. V - 1
Queue == 0 .. Q - 1

Init ==
  /\ counter = [q \in Queue |-> 0]
  /\ assigned = [q \in Queue |-> FALSE]
  /\ handler = [q \in Queue |-> FALSE]
  /\ pending = [q \in Queue |-> FALSE]
  /\ phase = [v \in Vcpu |-> "pick"]
  /\ queue = [v \in Vcpu |-> 0]  \* 0 unless the vcpu is busy
  /\ work = "select"
  /\ at = 0                      \* the queue that the main loop works on, 0 while it selects

VcpuGoes(v, from, to, q) ==
  /\ phase[v] = from
  /\ phase' = [phase EXCEPT ![v] = to]
  /\ queue' = [queue EXCEPT ![v] = IF to = "pick" THEN 0 ELSE q]
  /\ UNCHANGED <<assigned, handler, work, at>>

Pick(v, q) == VcpuGoes(v, "pick", "add", q) /\ UNCHANGED <<counter, pending>>

Add(v) ==
  /\ VcpuGoes(v, "add", "kick", queue[v])
  /\ pending' = [pending EXCEPT ![queue[v]] = TRUE]
  /\ UNCHANGED counter

Signal(v) ==
  /\ assigned[queue[v]]
  /\ VcpuGoes(v, "kick", "pick", 0)
  /\ counter' = [counter EXCEPT ![queue[v]] = IF @ < 2 THEN @ + 1 ELSE 2]
  /\ UNCHANGED pending

Exit(v) ==
  /\ ~assigned[queue[v]]
  /\ VcpuGoes(v, "kick", "look", queue[v])
  /\ UNCHANGED <<counter, pending>>

Look(v) ==
  /\ VcpuGoes(v, "look", "pick", 0)
  /\ pending' = [pending EXCEPT ![queue[v]] = FALSE]
  /\ UNCHANGED counter

LoopGoes(from, to, q) ==
  /\ work = from
  /\ work' = to
  /\ at' = IF to = "select" THEN 0 ELSE q
  /\ UNCHANGED <<phase, queue>>

Start(q) ==
  /\ ~assigned[q]
  /\ LoopGoes("select", "set handler", q)
  /\ assigned' = [assigned EXCEPT ![q] = TRUE]
  /\ UNCHANGED <<counter, handler, pending>>

SetHandler ==
  /\ LoopGoes("set handler", "select", 0)
  /\ handler' = [handler EXCEPT ![at] = TRUE]
  /\ UNCHANGED <<counter, assigned, pending>>

Stop(q) ==
  /\ assigned[q]
  /\ LoopGoes("select", "unset handler", q)
  /\ assigned' = [assigned EXCEPT ![q] = FALSE]
  /\ UNCHANGED <<counter, handler, pending>>

UnsetHandler ==
  /\ LoopGoes("unset handler", "test and clear", at)
  /\ handler' = [handler EXCEPT ![at] = FALSE]
  /\ UNCHANGED <<counter, assigned, pending>>

TestAndClear ==
  /\ LoopGoes("test and clear", IF counter[at] > 0 THEN "drain" ELSE "select", at)
  /\ counter' = [counter EXCEPT ![at] = 0]
  /\ UNCHANGED <<assigned, handler, pending>>

Clear(q) ==
  /\ handler[q]
  /\ counter[q] > 0
  /\ LoopGoes("select", "dispatch", q)
  /\ counter' = [counter EXCEPT ![q] = 0]
  /\ UNCHANGED <<assigned, handler, pending>>

LoopLooks(from) ==
  /\ LoopGoes(from, "select", 0)
  /\ pending' = [pending EXCEPT ![at] = FALSE]
  /\ UNCHANGED <<counter, assigned, handler>>

Next ==
  \/ \E v \in Vcpu : Add(v) \/ Signal(v) \/ Exit(v) \/ Look(v) \/ \E q \in Queue : Pick(v, q)
  \/ \E q \in Queue : Start(q) \/ Stop(q) \/ Clear(q)
  \/ SetHandler
  \/ UnsetHandler
  \/ TestAndClear
  \/ LoopLooks("drain")
  \/ LoopLooks("dispatch")

Spec == Init /\ [][Next]_vars
====
